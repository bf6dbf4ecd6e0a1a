//! The overview dashboard: the state of the cluster at a glance, with links to the other dashboards.

use crate::{
    metrics::{Metric, broker, controller, exporter, record},
    observability::{
        Board, OVERVIEW, Panel, PanelUnit, View, firing,
        panels::{
            Queries, alarm, budget_look, largest_lag, left_of_budget, no_less_than, panel, panel_of, plain, share,
            warning,
        },
    },
};

use super::{Cluster, brokers::volumes};

pub(super) fn board(cluster: &Cluster<'_>, queries: &Queries<'_>) -> Board {
    Board::new(OVERVIEW, "Overview")
        .row("", health(cluster, queries))
        .row("Traffic and errors", traffic(queries))
        .row("Latency", latency(queries))
        .row("Saturation", saturation(cluster, queries))
}

fn health(cluster: &Cluster<'_>, queries: &Queries<'_>) -> Vec<Panel> {
    let to_brokers = |panel: Panel| panel.link_to_board("brokers", "Brokers and topics", queries);
    let declared = cluster
        .brokers
        .map_or_else(plain, |brokers| no_less_than(f64::from(brokers)));
    let mut controllers = queries.active_controllers();
    if let Some((name, title)) = cluster.coordination {
        controllers = controllers.link_to_board(name, title, queries);
    }
    let critical = firing("count", queries.sources, &[("severity", "critical")]);
    let full = queries.limit(|thresholds| share(thresholds.disk_usage));
    vec![
        panel_of(
            "Critical alerts",
            "Number of critical alerts that fire; their names are shown below.",
            PanelUnit::Count,
            alarm(1.0),
            vec![(Some(format!("count({critical})")), "")],
        )
        .no_value("0"),
        to_brokers(queries.number("Brokers", &exporter::BROKERS, "max", declared)),
        controllers,
        queries.offline_partitions(),
        to_brokers(queries.number("Under min ISR", &broker::UNDER_MIN_ISR, "sum", alarm(1.0))),
        to_brokers(queries.number("At min ISR", &broker::AT_MIN_ISR, "sum", warning(1.0))),
        to_brokers(queries.number("Under-replicated", &broker::UNDER_REPLICATED, "sum", warning(1.0))),
        largest_lag(queries).link_to_board("consumers", "Consumers", queries),
        Panel {
            title: "Fullest volume",
            view: full.map_or_else(plain, |full| View::Stat(vec![(full, "red")])),
            queries: vec![(queries.gauge("max", &record::VOLUME_USED, &[]), "")],
            limit: None,
            ..volumes(queries)
        },
        Panel {
            max: None,
            ..panel_of(
                "Error budget left",
                "Share of the error budget of 30 days that is left of the service level with the least; below 0 its objective is missed.",
                PanelUnit::Ratio,
                budget_look(),
                vec![(left_of_budget("min", queries, &[]), "")],
            )
        }
        .link_to_board("slo", "Service levels", queries),
        panel_of(
            "Shortest uptime",
            "Time since a broker or controller last started.",
            PanelUnit::Seconds,
            plain(),
            vec![(
                queries
                    .gauge("max", &record::POD_START, &[])
                    .map(|start| format!("time() - {start}")),
                "",
            )],
        ),
        queries.number("Partitions", &controller::PARTITIONS, "max", plain()),
    ]
}

fn traffic(queries: &Queries<'_>) -> Vec<Panel> {
    // Kafka counts successful responses here too, as error `NONE`.
    let errors = queries
        .series(&broker::ERRORS, &[])
        .map(|errors| errors.not_equal("error", "NONE"))
        .map(|errors| format!("sum by (request, error) (rate({errors}[$__rate_interval])) > 0"));
    let failed = |metric: &Metric| queries.rate("sum", metric, &[]);
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
            "Records produced",
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
        panel_of(
            "Failed requests",
            "Produce and fetch requests that failed, once for each partition.",
            PanelUnit::RequestsPerSecond,
            View::Lines,
            vec![
                (failed(&broker::FAILED_PRODUCE), "produce"),
                (failed(&broker::FAILED_FETCH), "fetch"),
            ],
        ),
        panel(
            "Errors by code",
            &broker::ERRORS,
            PanelUnit::RequestsPerSecond,
            View::Bars,
            (errors, "{{request}} {{error}}"),
        )
        .description("Responses with an error, of all kinds of requests; some are part of normal work, such as those to a client that joins a group.")
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
    let limit = queries.limit(|thresholds| thresholds.produce_latency.as_millis() as f64);
    vec![
        quantiles("Produce latency (slowest broker)", "Produce").limit_if_known(limit),
        quantiles("Fetch latency of consumers (slowest broker)", "FetchConsumer").description(
            "Time from a request's arrival to its response. A fetch that finds too little data waits for more, by default for half a second.",
        ),
        panel_of(
            "Produce latency breakdown, p99",
            "99th percentile of each part of the produce latency, slowest broker.",
            PanelUnit::Milliseconds,
            View::Lines,
            parts
                .map(|(metric, legend)| (queries.gauge("max", metric, &[("request", "Produce")]), legend))
                .into(),
        ),
    ]
}

fn saturation(cluster: &Cluster<'_>, queries: &Queries<'_>) -> Vec<Panel> {
    let limit = queries.limit(|thresholds| share(thresholds.idle));
    let idle = |title, description, query: &Option<String>| {
        let queries = vec![(query.clone(), "{{pod}}")];
        panel_of(title, description, PanelUnit::Ratio, View::Lines, queries).limit_if_known(limit)
    };
    let [handlers, network] = &cluster.idle;
    vec![
        idle(
            "Request handlers idle",
            "Share of the time in which the threads that handle the broker's requests are idle.",
            handlers,
        ),
        idle(
            "Network threads idle",
            "Share of the time in which the threads that read requests and write responses are idle.",
            network,
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
