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
    let rate = queries.series(&record::TOPIC_RATE, &[("topic", "~$topic")]);
    let written = rate.map(|rate| format!("max by (topic) (avg_over_time({rate}[$__range]))"));
    Board::new("brokers", "Brokers and topics")
        .variable(queries.topics())
        .variable(Variable::top("busiest", written, "topic"))
        .row("", topics(queries))
}

fn health(monitoring: &Monitoring, queries: &Queries<'_>) -> Vec<Panel> {
    let declared = f64::from(monitoring.brokers.unwrap_or(1));
    let offline = (external::offline(queries.sources), "");
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
    let of_topic = |metric: &Metric| queries.series(metric, &[("topic", "~$topic")]);
    let records = queries.gauge("max by (topic)", &record::TOPIC_RATE, &[("topic", "~$busiest")]);
    let under = of_topic(&exporter::UNDER_REPLICATED).map(|under| format!("sum by (topic) ({under}) > 0"));
    vec![
        panel(
            "Records produced",
            &record::TOPIC_RATE,
            PanelUnit::RecordsPerSecond,
            View::TopLines,
            (records, "{{topic}}"),
        )
        .description("Records that clients produced to the ten topics with the most in the time shown."),
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
