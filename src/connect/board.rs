//! The dashboard of Connect workers and connectors.

use crate::{
    metrics::{Metric, connect},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{Queries, alarm, no_less_than, panel, panel_of, plain, processes},
    },
};

pub(crate) fn board(job: &str, queries: &Queries<'_>) -> Board {
    Board::new("connect", "Connect")
        .variable(Variable::new(
            "connector",
            "Connector",
            queries.sources,
            &connect::RUNNING_TASKS,
            "connector",
        ))
        .variable(Variable::pods(
            "worker",
            "Worker",
            queries.sources,
            &connect::CONNECTORS,
        ))
        .row("", workers_health(queries))
        .row("Traffic and errors", connectors(queries))
        .row("Tasks", tasks(queries))
        .folded_row("Processes", processes(job, &queries.of_pods("worker")))
}

fn workers_health(queries: &Queries<'_>) -> Vec<Panel> {
    let of_tasks = |title, metric: &Metric, look| {
        let query = queries
            .gauge("max by (connector)", metric, &[])
            .map(|tasks| format!("sum({tasks})"));
        panel(title, metric, PanelUnit::Count, look, (query, ""))
    };
    let workers = queries
        .series(&connect::CONNECTORS, &[])
        .map(|workers| format!("count(max by (pod) ({workers}))"));
    vec![
        panel(
            "Workers",
            &connect::CONNECTORS,
            PanelUnit::Count,
            no_less_than(1.0),
            (workers, ""),
        )
        .description("Connect workers whose metrics can be read, of all groups."),
        queries
            .number("Connectors", &connect::CONNECTORS, "sum", plain())
            .description("Connectors that run on any worker."),
        of_tasks("Running tasks", &connect::RUNNING_TASKS, plain()).description("Running tasks of all connectors."),
        of_tasks("Failed tasks", &connect::FAILED_TASKS, alarm(1.0)),
    ]
}

fn connectors(queries: &Queries<'_>) -> Vec<Panel> {
    let chosen = [("connector", "~$connector")];
    let rate = |title, metric: &Metric| {
        let query = (queries.rate("sum by (connector)", metric, &chosen), "{{connector}}");
        panel(title, metric, PanelUnit::RecordsPerSecond, View::Lines, query)
    };
    vec![
        panel_of(
            "Records",
            "Records that source tasks wrote to Kafka, and that sink tasks read from it.",
            PanelUnit::RecordsPerSecond,
            View::Lines,
            vec![
                (
                    queries.rate("sum by (connector)", &connect::SOURCE_RECORDS, &chosen),
                    "{{connector}} in",
                ),
                (
                    queries.rate("sum by (connector)", &connect::SINK_RECORDS, &chosen),
                    "{{connector}} out",
                ),
            ],
        ),
        rate("Errors", &connect::RECORD_ERRORS),
        rate("Dead letters", &connect::DEAD_LETTERS),
    ]
}

fn tasks(queries: &Queries<'_>) -> Vec<Panel> {
    let of_connector = |title, metric: &Metric| {
        let query = queries.gauge("max by (connector)", metric, &[("connector", "~$connector")]);
        panel(title, metric, PanelUnit::Count, View::Lines, (query, "{{connector}}"))
    };
    vec![
        of_connector("Running tasks", &connect::RUNNING_TASKS),
        of_connector("Failed tasks", &connect::FAILED_TASKS),
        queries.events("Rebalances", &connect::REBALANCES),
    ]
}
