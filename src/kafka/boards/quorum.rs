//! The dashboard of a KRaft cluster's controllers and their quorum.

use crate::{
    metrics::{broker, controller},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{QUIET, Queries, alarm, controllers, panel, processes, warning},
    },
};

pub(super) fn board(job: &str, queries: &Queries<'_>) -> Board {
    Board::new("quorum", "Quorum")
        .variable(Variable::pods(
            "controller",
            "Controller",
            queries.sources,
            &controller::LAST_APPLIED_LAG,
        ))
        .row("", quorum_health(queries))
        .row("Quorum", quorum(queries))
        .row("Metadata", metadata(queries))
        .row("Controllers", controllers(queries))
        .folded_row("Processes", processes(job, &queries.of_pods("controller")))
}

fn quorum_health(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.active_controllers(),
        queries.number("Fenced brokers", &controller::FENCED_BROKERS, "max", warning(1.0)),
        queries.offline_partitions(),
        queries.number("Metadata errors", &controller::METADATA_ERRORS, "sum", alarm(1.0)),
    ]
}

fn quorum(queries: &Queries<'_>) -> Vec<Panel> {
    let elections = queries
        .series(&controller::CURRENT_EPOCH, &[])
        .map(|epoch| format!("max(changes({epoch}[$__rate_interval]))"));
    vec![
        queries.named_states(
            "Role",
            &controller::CURRENT_STATE,
            ("pod", "{{pod}}"),
            "state",
            &[
                ("leader", "leader", "green"),
                ("follower", "follower", "blue"),
                ("observer", "observer", QUIET),
                (
                    "candidate|prospective|voted|unattached.*|resigned",
                    "election",
                    "orange",
                ),
            ],
        ),
        queries
            .states(
                "Leader as each node sees it",
                &controller::CURRENT_LEADER,
                View::States(vec![(-1, "none", "red")]),
            )
            .min(-1.0),
        panel(
            "Elections",
            &controller::CURRENT_EPOCH,
            PanelUnit::Count,
            View::Bars,
            (elections, "changes of the epoch"),
        )
        .description("Changes of the quorum's epoch within the interval of each point."),
    ]
}

fn metadata(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Metadata lag, records",
            &controller::LOG_END_OFFSET,
            PanelUnit::Many,
            View::Lines,
            (
                queries
                    .series(&controller::LOG_END_OFFSET, &[])
                    .map(|end| format!("scalar(max({end})) - max by (pod) ({end})")),
                "{{pod}}",
            ),
        )
        .description("Metadata records that a node does not have yet."),
        queries.each(
            "Metadata lag of brokers",
            &broker::METADATA_LAG,
            PanelUnit::Milliseconds,
        ),
        queries.each(
            "Metadata lag of controllers",
            &controller::LAST_APPLIED_LAG,
            PanelUnit::Milliseconds,
        ),
        queries.each("Commit latency", &controller::COMMIT_LATENCY, PanelUnit::Milliseconds),
    ]
}
