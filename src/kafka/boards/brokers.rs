//! The dashboard of brokers and topics.

use crate::{
    kafka::KafkaHandle,
    metrics::{broker, record},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{Queries, leaders_moved, panel, panel_of, processes, share},
    },
};

pub(super) fn board(kafka: &KafkaHandle, queries: &Queries<'_>) -> Board {
    Board::new("brokers", "Brokers and topics")
        .variable(Variable::new(
            "topic",
            "Topic",
            queries.0,
            &broker::TOPIC_BYTES_IN,
            "topic",
        ))
        .row("Replication", replication(queries))
        .row("Topics", topics(queries))
        .row("Disk", disk(queries))
        .folded_row("Processes", processes(kafka.name(), queries))
}

fn replication(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Under-replicated partitions",
            &broker::UNDER_REPLICATED,
            PanelUnit::Count,
            View::Stacked,
            (queries.gauge("sum by (pod)", &broker::UNDER_REPLICATED, &[]), "{{pod}}"),
        ),
        panel_of(
            "ISR changes",
            "Replicas that left the ISR, and that came back, within the interval of each point.",
            PanelUnit::Count,
            View::Bars,
            vec![
                (queries.increase("sum", &broker::ISR_SHRINKS), "out"),
                (queries.increase("sum", &broker::ISR_EXPANDS), "back in"),
            ],
        ),
        queries.each("Partitions at min ISR", &broker::AT_MIN_ISR, PanelUnit::Count),
        queries.each("Slowest follower", &broker::FETCHER_LAG, PanelUnit::Many),
        queries.each("Partitions led", &broker::LEADERS, PanelUnit::Count),
        leaders_moved(queries),
        panel(
            "Late transactions",
            &broker::LATE_TRANSACTIONS,
            PanelUnit::Count,
            View::Lines,
            (
                queries.gauge("sum by (pod)", &broker::LATE_TRANSACTIONS, &[]),
                "{{pod}}",
            ),
        ),
    ]
}

fn topics(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.top_topics("Records in", &broker::TOPIC_MESSAGES_IN, PanelUnit::RecordsPerSecond),
        queries.top_topics("Bytes in", &broker::TOPIC_BYTES_IN, PanelUnit::BytesPerSecond),
        queries.top_topics("Bytes out", &broker::TOPIC_BYTES_OUT, PanelUnit::BytesPerSecond),
        panel_of(
            "Failed requests",
            "Requests that brokers answered with an error, once for each partition of the request.",
            PanelUnit::RequestsPerSecond,
            View::Lines,
            vec![
                (queries.rate("sum", &broker::FAILED_PRODUCE, &[]), "produce"),
                (queries.rate("sum", &broker::FAILED_FETCH, &[]), "fetch"),
            ],
        ),
    ]
}

pub(super) fn volumes(queries: &Queries<'_>) -> Panel {
    let used = queries.0.series(&record::VOLUME_USED, &[]).map(|used| used.to_string());
    panel_of(
        "Volumes, used",
        "Share of each volume that is in use.",
        PanelUnit::Ratio,
        View::Lines,
        vec![(used, "{{persistentvolumeclaim}}")],
    )
    .limit(share(queries.0.thresholds.disk_usage))
}

fn disk(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        volumes(queries),
        panel(
            "Size on disk, all replicas",
            &broker::LOG_SIZE,
            PanelUnit::Bytes,
            View::TopLines,
            (
                queries
                    .gauge("sum by (topic)", &broker::LOG_SIZE, &[("topic", "~$topic")])
                    .map(|size| format!("topk(10, {size})")),
                "{{topic}}",
            ),
        )
        .description("Total size of a topic on all brokers: the ten largest topics."),
        queries.each(
            "Disk flush time, 99th percentile",
            &broker::LOG_FLUSH_TIME,
            PanelUnit::Milliseconds,
        ),
    ]
}
