//! The dashboard of consumer groups and their lag.

use crate::{
    metrics::{exporter, record},
    observability::{
        Board, Panel, PanelUnit, Selector, Variable, View,
        panels::{Queries, largest_lag, panel, plain},
    },
};

pub(super) fn board(queries: &Queries<'_>) -> Board {
    let variable = |name, title, label| Variable::new(name, title, queries.0, &record::GROUP_LAG, label);
    Board::new("consumers", "Consumers")
        .variable(variable("group", "Group", "consumergroup"))
        .variable(variable("topic", "Topic", "topic"))
        .row("", consumers_health(queries))
        .row("Lag", lag(queries))
        .row("Progress", progress(queries))
}

/// The lag of each group on each topic for which it ever committed an offset.
fn lags(queries: &Queries<'_>) -> Option<Selector> {
    queries.0.series(
        &record::GROUP_LAG,
        &[("consumergroup", "~$group"), ("topic", "~$topic")],
    )
}

fn consumers_health(queries: &Queries<'_>) -> Vec<Panel> {
    let committed = queries
        .0
        .series(&exporter::COMMITTED_OFFSET, &[])
        .map(|offset| format!("sum(deriv({offset}[5m]))"));
    vec![
        largest_lag(queries),
        panel(
            "Records committed",
            &exporter::COMMITTED_OFFSET,
            PanelUnit::RecordsPerSecond,
            plain(),
            (committed, ""),
        )
        .description("Records per second that all groups commit."),
        queries
            .number("Groups", &exporter::GROUP_MEMBERS, "count", plain())
            .description("Consumer groups in the cluster."),
        queries.number("Members", &exporter::GROUP_MEMBERS, "sum", plain()),
    ]
}

fn lag(queries: &Queries<'_>) -> Vec<Panel> {
    #[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
    let (records, seconds) = (
        queries.0.thresholds.lag.shown() as f64,
        queries.0.thresholds.lag_time.as_seconds() as f64,
    );
    let time = lags(queries)
        .zip(queries.0.series(&record::TOPIC_RATE, &[("topic", "~$topic")]))
        .map(|(lag, rate)| format!("topk(10, {lag} / on (topic) group_left () ({rate} > 0))"));
    vec![
        panel(
            "Lag",
            &record::GROUP_LAG,
            PanelUnit::Many,
            View::TopLines,
            (
                lags(queries).map(|lag| format!("topk(10, {lag})")),
                "{{consumergroup}} {{topic}}",
            ),
        )
        .description("Records that a group has not committed yet: the ten pairs of group and topic with the most.")
        .limit(records),
        panel(
            "Lag in time",
            &record::GROUP_LAG,
            PanelUnit::Seconds,
            View::TopLines,
            (time, "{{consumergroup}} {{topic}}"),
        )
        .description("Time in which the topic receives as many records as the group is behind, at the current rate.")
        .limit(seconds),
    ]
}

fn progress(queries: &Queries<'_>) -> Vec<Panel> {
    let chosen = [("consumergroup", "~$group"), ("topic", "~$topic")];
    vec![
        panel(
            "Records committed",
            &exporter::COMMITTED_OFFSET,
            PanelUnit::RecordsPerSecond,
            View::TopLines,
            (
                queries.0.series(&exporter::COMMITTED_OFFSET, &chosen).map(|offset| {
                    // The exporter declares offsets as gauges, so their growth is `deriv` and not `rate`.
                    format!("topk(10, sum by (consumergroup, topic) (deriv({offset}[5m])))")
                }),
                "{{consumergroup}} {{topic}}",
            ),
        )
        .description("Records per second that a group commits."),
        panel(
            "Members",
            &exporter::GROUP_MEMBERS,
            PanelUnit::Count,
            View::TopLines,
            (
                queries.gauge(
                    "sum by (consumergroup)",
                    &exporter::GROUP_MEMBERS,
                    &[("consumergroup", "~$group")],
                ),
                "{{consumergroup}}",
            ),
        ),
    ]
}
