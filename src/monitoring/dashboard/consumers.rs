//! The dashboard of consumer groups and their lag.

use crate::{
    metrics::{exporter, record},
    observability::{
        Board, Column, Panel, PanelUnit, Selector, Table, Variable, View,
        panels::{Queries, lag_limit, largest_lag, panel, panel_of, plain},
    },
};

pub(super) fn board(queries: &Queries<'_>) -> Board {
    let variable = |name, title, label| Variable::new(name, title, queries.sources, &record::GROUP_LAG, label);
    let lags = queries.series(
        &record::GROUP_LAG,
        &[("consumergroup", "~$group"), ("topic", "~$topic")],
    );
    let behind = lags.map(|lags| format!("max by (consumergroup) (max_over_time({lags}[$__range]))"));
    Board::new("consumers", "Consumers")
        .variable(variable("group", "Group", "consumergroup"))
        .variable(variable("topic", "Topic", "topic"))
        .variable(Variable::top("behind", behind, "consumergroup"))
        .row("", consumers_health(queries))
        .row("Lag", lag(queries))
        .row("Partitions", vec![partitions(queries)])
        .row("Progress", progress(queries))
}

/// The groups that had the most lag in the time that is shown, on the chosen topics.
const SHOWN: [(&str, &str); 2] = [("consumergroup", "~$behind"), ("topic", "~$topic")];

/// Their lag on each topic for which they ever committed an offset.
fn lags(queries: &Queries<'_>) -> Option<Selector> {
    queries.series(&record::GROUP_LAG, &SHOWN)
}

fn consumers_health(queries: &Queries<'_>) -> Vec<Panel> {
    let committed = queries
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
    let seconds = queries.limit(|thresholds| thresholds.lag_time.as_seconds() as f64);
    let time = lags(queries)
        .zip(queries.series(&record::TOPIC_RATE, &[("topic", "~$topic")]))
        .map(|(lag, rate)| format!("max by (consumergroup) ({lag} / on (topic) group_left () ({rate} > 0))"));
    vec![
        panel(
            "Lag by group",
            &record::GROUP_LAG,
            PanelUnit::Many,
            View::TopLines,
            (
                lags(queries).map(|lag| format!("max by (consumergroup) ({lag})")),
                "{{consumergroup}}",
            ),
        )
        .description("Records that a group has not committed yet, on the topic on which it has the most: the ten groups with the most in the time shown.")
        .limit_if_known(queries.limit(lag_limit)),
        panel(
            "Lag in time by group",
            &record::GROUP_LAG,
            PanelUnit::Seconds,
            View::TopLines,
            (time, "{{consumergroup}}"),
        )
        .description("Time in which the topic receives as many records as the group is behind, at the current rate, on the topic on which that is longest: the ten groups with the most lag.")
        .limit_if_known(seconds),
    ]
}

fn progress(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Records committed by group",
            &exporter::COMMITTED_OFFSET,
            PanelUnit::RecordsPerSecond,
            View::TopLines,
            (
                queries.series(&exporter::COMMITTED_OFFSET, &SHOWN).map(|offset| {
                    // The exporter declares offsets as gauges, so their growth is `deriv` and not `rate`.
                    format!("sum by (consumergroup) (deriv({offset}[5m]))")
                }),
                "{{consumergroup}}",
            ),
        )
        .description("Records per second that a group commits: the ten groups with the most lag."),
        panel(
            "Members by group",
            &exporter::GROUP_MEMBERS,
            PanelUnit::Count,
            View::TopLines,
            (
                queries.gauge("sum by (consumergroup)", &exporter::GROUP_MEMBERS, &SHOWN[..1]),
                "{{consumergroup}}",
            ),
        ),
    ]
}

/// Where exactly a group is behind: one partition that stands still, or all of them.
fn partitions(queries: &Queries<'_>) -> Panel {
    const BY: &str = "consumergroup, topic, partition";
    let chosen = [("consumergroup", "~$group"), ("topic", "~$topic")];
    let worst = queries
        .series(&exporter::CONSUMER_LAG, &chosen)
        .map(|lag| format!("topk(100, max by ({BY}) ({lag}) > 0)"));
    let committed = queries
        .series(&exporter::COMMITTED_OFFSET, &chosen)
        .zip(worst.as_ref())
        .map(|(offset, worst)| format!("max by ({BY}) ({offset}) and on ({BY}) {worst}"));
    let column = |title| Column {
        title,
        unit: PanelUnit::Count,
        colours: Vec::new(),
    };
    panel_of(
        "Lag by partition",
        "The hundred partitions with the most records that a group has not committed yet.",
        PanelUnit::Number,
        View::Table(Table {
            labels: vec![
                ("consumergroup", "Group"),
                ("topic", "Topic"),
                ("partition", "Partition"),
            ],
            columns: vec![column("Lag"), column("Committed offset")],
            sort: "Lag",
        }),
        vec![(worst, ""), (committed, "")],
    )
    .no_value("No group is behind")
}
