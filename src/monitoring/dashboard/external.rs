//! The dashboards of an external cluster, from the exporter's metrics.

use crate::{
    metrics::{Metric, exporter, record},
    monitoring::{Monitoring, alert::external},
    observability::{
        Board, OVERVIEW, Panel, PanelUnit, Variable, View,
        panels::{Queries, alarm, largest_lag, leader_changes, no_less_than, panel, warning},
    },
};

pub(super) fn overview(monitoring: &Monitoring, queries: &Queries<'_>) -> Board {
    Board::new(OVERVIEW, "Overview").row("", health(monitoring, queries))
}

pub(super) fn brokers(queries: &Queries<'_>) -> Board {
    Board::new("brokers", "Brokers and topics")
        .variable(Variable::new("topic", "Topic", queries.0, &exporter::LEADER, "topic"))
        .row("", topics(queries))
}

fn health(monitoring: &Monitoring, queries: &Queries<'_>) -> Vec<Panel> {
    let declared = f64::from(monitoring.brokers.unwrap_or(1));
    let offline = (external::offline(queries.0), "");
    vec![
        queries.number("Brokers", &exporter::BROKERS, "max", no_less_than(declared)),
        panel(
            "Offline partitions",
            &exporter::LEADER,
            PanelUnit::Count,
            alarm(1.0),
            offline,
        )
        .description("Partitions without a known leader."),
        queries
            .number("Under-replicated", &exporter::UNDER_REPLICATED, "sum", warning(1.0))
            .link_to_board("brokers", "Brokers and topics", queries),
        largest_lag(queries).link_to_board("consumers", "Consumers", queries),
    ]
}

fn topics(queries: &Queries<'_>) -> Vec<Panel> {
    let of_topic = |metric: &Metric| queries.0.series(metric, &[("topic", "~$topic")]);
    let records = of_topic(&record::TOPIC_RATE).map(|rate| format!("topk(10, {rate})"));
    let under = of_topic(&exporter::UNDER_REPLICATED).map(|under| format!("sum by (topic) ({under}) > 0"));
    vec![
        panel(
            "Records in",
            &record::TOPIC_RATE,
            PanelUnit::RecordsPerSecond,
            View::TopLines,
            (records, "{{topic}}"),
        )
        .description("Records that clients produced to the topic."),
        panel(
            "Under-replicated partitions",
            &exporter::UNDER_REPLICATED,
            PanelUnit::Count,
            View::Stacked,
            (under, "{{topic}}"),
        )
        .no_value("None"),
        leader_changes(queries),
    ]
}
