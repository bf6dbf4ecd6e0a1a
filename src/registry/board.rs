//! The dashboard of the Schema Registry.

use crate::{
    metrics::{Metric, registry},
    observability::{
        Board, Panel, PanelUnit, Variable,
        panels::{Queries, chosen, exactly_one, panel, plain, processes},
    },
};

pub(crate) fn board(job: &str, queries: &Queries<'_>) -> Board {
    let of_instance = queries.of_pods("instance");
    Board::new("registry", "Schema Registry")
        .variable(Variable::pods(
            "instance",
            "Instance",
            queries.sources,
            &registry::REQUEST_RATE,
        ))
        .row("", registries_health(queries))
        .row("Traffic, errors and latency", registries(&of_instance))
        .row("Registries", registries_states(&of_instance))
        .folded_row("Processes", processes(job, &of_instance))
}

fn registries_health(queries: &Queries<'_>) -> Vec<Panel> {
    let total = |title, metric: &Metric, how, unit, look| {
        panel(title, metric, unit, look, (queries.gauge(how, metric, &[]), ""))
    };
    vec![
        queries
            .number("Primaries", &registry::PRIMARY, "sum", exactly_one())
            .description("Instances that accept writes: exactly one. With none, no schema can be registered."),
        total(
            "Requests",
            &registry::REQUEST_RATE,
            "sum",
            PanelUnit::RequestsPerSecond,
            plain(),
        ),
        total(
            "Failed requests",
            &registry::REQUEST_ERROR_RATE,
            "sum",
            PanelUnit::RequestsPerSecond,
            plain(),
        ),
        total(
            "Latency, p99",
            &registry::REQUEST_LATENCY,
            "max",
            PanelUnit::Milliseconds,
            plain(),
        ),
    ]
}

fn registries(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.each("Requests", &registry::REQUEST_RATE, PanelUnit::RequestsPerSecond),
        queries.each(
            "Failed requests",
            &registry::REQUEST_ERROR_RATE,
            PanelUnit::RequestsPerSecond,
        ),
        queries.each("Latency, p99", &registry::REQUEST_LATENCY, PanelUnit::Milliseconds),
    ]
}

fn registries_states(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.states("Primary", &registry::PRIMARY, chosen("primary", "secondary")),
        queries.each("Connections", &registry::CONNECTIONS, PanelUnit::Many),
        queries.each(
            "Schemas registered since start",
            &registry::REGISTERED,
            PanelUnit::Count,
        ),
    ]
}
