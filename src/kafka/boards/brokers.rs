//! The dashboard of brokers and topics.

use super::Cluster;
use crate::{
    metrics::{Metric, broker, record},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{Queries, leaders_moved, panel, panel_of, processes, share},
    },
};

pub(super) fn board(cluster: &Cluster<'_>, queries: &Queries<'_>) -> Board {
    let of_broker = queries.of_pods("broker");
    let of_topics = |metric: &Metric| of_broker.series(metric, &[("topic", "~$topic")]);
    let written = of_topics(&broker::TOPIC_BYTES_IN).map(|bytes| format!("sum by (topic) (rate({bytes}[$__range]))"));
    let size = of_topics(&broker::LOG_SIZE).map(|size| format!("sum by (topic) ({size})"));
    Board::new("brokers", "Brokers and topics")
        .variable(Variable::pods("broker", "Broker", queries.sources, &broker::LEADERS))
        .variable(queries.topics())
        .variable(Variable::top("busiest", written, "topic"))
        .variable(Variable::top("largest", size, "topic"))
        .row("Replication", replication(&of_broker))
        .row("Load of each broker", load(&of_broker))
        .row("Topics", topics(&of_broker))
        .row("Disk", disk(&of_broker))
        .folded_row("Processes", processes(cluster.job, &of_broker))
}

fn replication(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.stacked(
            "Under-replicated partitions",
            &broker::UNDER_REPLICATED,
            PanelUnit::Count,
        ),
        queries.stacked("Partitions at min ISR", &broker::AT_MIN_ISR, PanelUnit::Count),
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
        queries.each("Replication lag", &broker::FETCHER_LAG, PanelUnit::Many),
        leaders_moved(queries),
        queries.stacked("Late transactions", &broker::LATE_TRANSACTIONS, PanelUnit::Count),
    ]
}

fn load(queries: &Queries<'_>) -> Vec<Panel> {
    let rate = |title, metric: &Metric| {
        let query = (queries.rate("sum by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, PanelUnit::BytesPerSecond, View::Lines, query)
    };
    vec![
        rate("Bytes produced", &broker::BYTES_IN),
        rate("Bytes consumed", &broker::BYTES_OUT),
        queries.each("Partitions led", &broker::LEADERS, PanelUnit::Count),
        panel_of(
            "Uptime",
            "Time since the broker's process started.",
            PanelUnit::Seconds,
            View::Lines,
            vec![(
                queries
                    .sources
                    .series(&record::POD_START, &[("pod", "~$broker")])
                    .map(|start| format!("time() - max by (pod) ({start})")),
                "{{pod}}",
            )],
        ),
    ]
}

fn topics(queries: &Queries<'_>) -> Vec<Panel> {
    let busiest = |title, metric: &Metric, unit| {
        let query = (
            queries.rate("sum by (topic)", metric, &[("topic", "~$busiest")]),
            "{{topic}}",
        );
        panel(title, metric, unit, View::TopLines, query)
    };
    vec![
        busiest(
            "Records produced",
            &broker::TOPIC_MESSAGES_IN,
            PanelUnit::RecordsPerSecond,
        )
        .description(
            "Records that clients produced to the ten topics to which most bytes were produced in the time shown.",
        ),
        busiest("Bytes produced", &broker::TOPIC_BYTES_IN, PanelUnit::BytesPerSecond)
            .description("Bytes that clients produced to the ten topics with the most in the time shown."),
        busiest("Bytes consumed", &broker::TOPIC_BYTES_OUT, PanelUnit::BytesPerSecond).description(
            "Bytes that consumers fetched from the ten topics to which most bytes were produced in the time shown.",
        ),
    ]
}

pub(super) fn volumes(queries: &Queries<'_>) -> Panel {
    let used = queries.series(&record::VOLUME_USED, &[]);
    panel_of(
        "Disk usage",
        "Share of each volume that is in use.",
        PanelUnit::Ratio,
        View::Lines,
        vec![(
            used.map(|used| format!("max by (persistentvolumeclaim) ({used})")),
            "{{persistentvolumeclaim}}",
        )],
    )
    .limit_if_known(queries.limit(|thresholds| share(thresholds.disk_usage)))
}

fn disk(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        volumes(queries),
        panel(
            "Topic size on disk",
            &broker::LOG_SIZE,
            PanelUnit::Bytes,
            View::TopLines,
            (
                queries.gauge("sum by (topic)", &broker::LOG_SIZE, &[("topic", "~$largest")]),
                "{{topic}}",
            ),
        )
        .description("Size of all replicas of a topic on the chosen brokers: the ten topics that are the largest now."),
        queries.each("Log flush time, p99", &broker::LOG_FLUSH_TIME, PanelUnit::Milliseconds),
    ]
}
