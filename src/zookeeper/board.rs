//! The dashboard of an ensemble, and of the Kafka controller that uses it.

use crate::{
    metrics::zookeeper,
    observability::{
        Board, Panel, PanelUnit, Variable,
        panels::{QUIET, Queries, controllers, exactly_one, no_less_than, panel, processes},
    },
};

/// `job` is that of the servers.
pub(crate) fn board(job: &str, queries: &Queries<'_>) -> Board {
    let of_server = queries.of_pods("server");
    Board::new("zookeeper", "ZooKeeper")
        .variable(Variable::pods(
            "server",
            "Server",
            queries.sources,
            &zookeeper::OUTSTANDING_REQUESTS,
        ))
        .row("", ensemble_health(queries))
        .row("Ensemble", ensemble(queries))
        .row("Controller", controllers(queries))
        .folded_row("Processes", processes(job, &of_server))
}

fn ensemble_health(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Leaders",
            &zookeeper::SERVER_STATE,
            PanelUnit::Count,
            exactly_one(),
            (
                queries.gauge("sum", &zookeeper::SERVER_STATE, &[("state", "leading")]),
                "",
            ),
        )
        .description("Servers that lead the ensemble."),
        panel(
            "Followers",
            &zookeeper::SERVER_STATE,
            PanelUnit::Count,
            no_less_than(1.0),
            (
                queries.gauge("sum", &zookeeper::SERVER_STATE, &[("state", "following")]),
                "",
            ),
        )
        .description("Servers that follow the leader."),
        queries.active_controllers(),
        queries.offline_partitions(),
    ]
}

fn ensemble(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.named_states(
            "Role",
            &zookeeper::SERVER_STATE,
            ("pod", "{{pod}}"),
            "state",
            &[
                ("leading", "leading", "green"),
                ("following", "following", "blue"),
                ("observing", "observing", QUIET),
                ("leaderelection", "election", "orange"),
            ],
        ),
        queries.each(
            "Outstanding requests",
            &zookeeper::OUTSTANDING_REQUESTS,
            PanelUnit::Many,
        ),
        queries.each(
            "Latency of brokers' requests, p99",
            &zookeeper::REQUEST_LATENCY,
            PanelUnit::Milliseconds,
        ),
        queries.each("Connections", &zookeeper::ALIVE_CONNECTIONS, PanelUnit::Many),
        queries.each("Znodes", &zookeeper::ZNODES, PanelUnit::Many),
        queries.events("Expired sessions of brokers", &zookeeper::SESSION_EXPIRES),
    ]
}
