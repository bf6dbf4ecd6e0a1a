//! The overview dashboard: the state of the cluster at a glance, with links to the other dashboards.

use crate::{
    kafka::{
        KafkaHandle, Mode,
        alerts::broker::{idle_handlers, idle_network},
    },
    metrics::{broker, exporter, record},
    observability::{
        BY, Board, OVERVIEW, Panel, PanelUnit, View, firing,
        panels::{Queries, alarm, largest_lag, no_less_than, panel, panel_of, share, warning},
    },
};

use super::brokers::volumes;

pub(super) fn board(kafka: &KafkaHandle, queries: &Queries<'_>) -> Board {
    Board::new(OVERVIEW, "Overview")
        .row("", health(kafka, queries))
        .row("Traffic and errors", traffic(queries))
        .row("Latency", latency(queries))
        .row("Saturation", saturation(kafka, queries))
}

fn health(kafka: &KafkaHandle, queries: &Queries<'_>) -> Vec<Panel> {
    let declared = f64::from(kafka.brokers().unwrap_or(1));
    let (controllers, title) = match kafka.mode() {
        Mode::ZooKeeper => ("zookeeper", "ZooKeeper"),
        Mode::Kraft | Mode::External => ("quorum", "Quorum"),
    };
    let critical = firing("count", queries.0, ",severity=\"critical\"");
    vec![
        panel_of(
            "Critical alerts",
            "Number of critical alerts that fire; their names are shown below.",
            PanelUnit::Count,
            alarm(1.0),
            vec![(Some(format!("count({critical})")), "")],
        )
        .no_value("0"),
        queries
            .number("Brokers", &exporter::BROKERS, "max", no_less_than(declared))
            .link_to_board("brokers", "Brokers and topics", queries),
        queries.active_controllers().link_to_board(controllers, title, queries),
        queries.offline_partitions(),
        queries
            .number("Below min ISR", &broker::UNDER_MIN_ISR, "sum", alarm(1.0))
            .link_to_board("brokers", "Brokers and topics", queries),
        queries
            .number("Under-replicated", &broker::UNDER_REPLICATED, "sum", warning(1.0))
            .link_to_board("brokers", "Brokers and topics", queries),
        largest_lag(queries).link_to_board("consumers", "Consumers", queries),
        Panel {
            title: "Fullest volume",
            view: View::Stat(vec![(share(queries.0.thresholds.disk_usage), "red")]),
            queries: vec![(queries.gauge("max", &record::VOLUME_USED, &[]), "")],
            limit: None,
            ..volumes(queries)
        },
    ]
}

fn traffic(queries: &Queries<'_>) -> Vec<Panel> {
    // Kafka counts successful responses here too, as error `NONE`.
    let errors = queries
        .0
        .series(&broker::ERRORS, &[])
        .map(|errors| errors.not_equal("error", "NONE"))
        .map(|errors| format!("sum by (request, error) (rate({errors}[$__rate_interval])) > 0"));
    vec![
        panel_of(
            "Traffic",
            "Bytes per second over the network of the brokers.",
            PanelUnit::BytesPerSecond,
            View::Lines,
            vec![
                (queries.rate("sum", &broker::BYTES_IN, &[]), "produced"),
                (queries.rate("sum", &broker::BYTES_OUT, &[]), "consumed"),
                (queries.rate("sum", &broker::REPLICATION_BYTES_IN, &[]), "replicated"),
            ],
        ),
        panel(
            "Records in",
            &broker::MESSAGES_IN,
            PanelUnit::RecordsPerSecond,
            View::Stacked,
            (queries.rate("sum by (pod)", &broker::MESSAGES_IN, &[]), "{{pod}}"),
        ),
        panel(
            "Requests",
            &broker::REQUESTS,
            PanelUnit::RequestsPerSecond,
            View::Stacked,
            (queries.rate("sum by (request)", &broker::REQUESTS, &[]), "{{request}}"),
        ),
        panel(
            "Errors",
            &broker::ERRORS,
            PanelUnit::RequestsPerSecond,
            View::Bars,
            (errors, "{{request}} {{error}}"),
        )
        .no_value("No errors"),
    ]
}

fn latency(queries: &Queries<'_>) -> Vec<Panel> {
    let quantiles = |title, request| {
        let time = |quantile| {
            queries.gauge(
                "max",
                &broker::TOTAL_TIME,
                &[("request", request), ("quantile", quantile)],
            )
        };
        panel_of(
            title,
            broker::TOTAL_TIME.help,
            PanelUnit::Milliseconds,
            View::Lines,
            vec![
                (time("0.50"), "p50"),
                (time("0.95"), "p95"),
                (time("0.99"), "p99"),
                (time("0.999"), "p99.9"),
            ],
        )
    };
    let parts = [
        (&broker::REQUEST_QUEUE_TIME, "waits for a handler"),
        (&broker::LOCAL_TIME, "appends to the log"),
        (&broker::REMOTE_TIME, "waits for followers"),
    ];
    #[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
    let limit = queries.0.thresholds.produce_latency.as_millis() as f64;
    vec![
        quantiles("Produce latency, slowest broker", "Produce").limit(limit),
        quantiles("Fetch latency of consumers, slowest broker", "FetchConsumer").description(
            "Time from a request's arrival to its response. A fetch that finds too little data waits for more, by default for half a second.",
        ),
        panel_of(
            "Parts of the produce latency",
            "99th percentile of each part, slowest broker.",
            PanelUnit::Milliseconds,
            View::Lines,
            parts
                .map(|(metric, legend)| (queries.gauge("max", metric, &[("request", "Produce")]), legend))
                .into(),
        ),
    ]
}

fn saturation(kafka: &KafkaHandle, queries: &Queries<'_>) -> Vec<Panel> {
    let idle = |title, metric, query| {
        panel(title, metric, PanelUnit::Ratio, View::Lines, (query, "{{pod}}")).limit(share(queries.0.thresholds.idle))
    };
    let handlers = idle_handlers(kafka);
    let free = handlers.and_then(|metric| queries.gauge("min by (pod)", metric, &[]));
    vec![
        idle("Idle request handlers", handlers.unwrap_or(&broker::HANDLER_IDLE), free),
        idle(
            "Idle network threads",
            &broker::NETWORK_IDLE,
            idle_network(kafka, queries.0, BY),
        ),
        volumes(queries),
        panel(
            "Connections",
            &broker::CONNECTIONS,
            PanelUnit::Many,
            View::Stacked,
            (
                queries.gauge("sum by (listener)", &broker::CONNECTIONS, &[]),
                "{{listener}}",
            ),
        )
        .description("Open connections to all brokers, by listener."),
    ]
}
