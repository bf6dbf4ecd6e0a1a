//! The dashboards for all clusters: one that lists them, and for the one that is chosen there those that a cluster of a stack has.

use super::{alerts, consumers, slo};
use crate::{
    connect, kafka,
    metrics::{Metric, broker, controller, exporter, record, target},
    observability::{
        ALERTS, BY, Board, Choice, Column, OVERVIEW, Panel, PanelUnit, Selector, Sources, Table, Variable, View,
        panels::{Queries, alarm, panel_of, plain},
        uid,
    },
    probe, registry, zookeeper,
};

/// The name of the dashboard that lists the clusters.
pub(super) const LIST: &str = "list";

/// All dashboards; those with the same name are merged.
pub(in crate::monitoring) fn boards(sources: &Sources) -> Vec<Board> {
    let queries = Queries::new(sources);
    let of_one = kafka::boards::boards_of_any(sources)
        .into_iter()
        .chain([
            Board::new(OVERVIEW, "Overview").row("Alerts and scrapes", alerts::panels(None, &queries)),
            zookeeper::board::board("", &queries),
            consumers::board(&queries),
            slo::board(&queries),
            connect::board::board("", &queries),
            registry::board::board("", &queries),
            probe::board::board(&queries),
        ])
        .map(|mut board| {
            board.variables.splice(..0, place());
            board
        });
    super::merged(std::iter::once(list(sources)).chain(of_one))
}

/// The variables that choose a cluster.
fn place() -> [Variable; 3] {
    let one = |name, label, matchers: &str, of: &str| Variable {
        name,
        label,
        values: Some(format!("label_values({}{{{matchers}}}, {of})", target::UP.name)),
        choice: Choice::One,
    };
    [
        one("kubernetes", "Kubernetes cluster", "kafka_cluster!=\"\"", "cluster"),
        one(
            "namespace",
            "Namespace",
            "kafka_cluster!=\"\",cluster=~\"$kubernetes|\"",
            "namespace",
        ),
        one(
            "cluster",
            "Cluster",
            "kafka_cluster!=\"\",cluster=~\"$kubernetes|\",namespace=\"$namespace\"",
            "kafka_cluster",
        ),
    ]
}

/// The series of a metric in all clusters.
fn of_all(name: &str) -> Selector {
    Selector::new(name).not_equal("kafka_cluster", "")
}

/// A value for each cluster: of each pod, whatever its series, then of all pods.
fn of_pods(how: &str, metric: &Metric) -> String {
    format!("{how} by ({BY}) (max by ({BY}, pod) ({}))", of_all(metric.name))
}

fn rate(metric: &Metric) -> String {
    format!("sum by ({BY}) (rate({}[$__rate_interval]))", of_all(metric.name))
}

fn most(metric: &Metric) -> String {
    format!("max by ({BY}) ({})", of_all(metric.name))
}

/// The critical alerts that fire, as series without more labels than these.
fn critical() -> Selector {
    of_all(ALERTS)
        .equal("alertstate", "firing")
        .equal("severity", "critical")
}

/// The critical alerts that fire, by name.
pub(super) fn critical_by_name() -> String {
    format!("max by ({BY}, alertname) ({})", critical())
}

/// What comes from series of the platform may have no label of the Kubernetes cluster: then it belongs to each cluster of this name. The
/// value of the series with the label, and of those without.
fn of_platform(aggregated: impl Fn(&str, &Selector) -> String, series: &Selector) -> [String; 2] {
    let without = aggregated("namespace, kafka_cluster", &series.clone().equal("cluster", ""));
    [
        aggregated(BY, &series.clone().not_equal("cluster", "")),
        format!("{} * on (namespace, kafka_cluster) group_left () {without}", all()),
    ]
}

/// A series of 1 for each cluster.
fn all() -> String {
    format!("group by ({BY}) ({})", of_all(target::UP.name))
}

/// The dashboard that lists the clusters.
fn list(sources: &Sources) -> Board {
    let number = |title, description, look, query: String| {
        panel_of(title, description, PanelUnit::Count, look, vec![(Some(query), "")])
    };
    let first = vec![
        number(
            "Clusters",
            "Kafka clusters whose metrics are scraped.",
            plain(),
            format!("count({})", all()),
        ),
        number(
            "Brokers",
            "Brokers of all clusters.",
            plain(),
            format!("sum({})", most(&exporter::BROKERS)),
        ),
        number(
            "Critical alerts",
            "Number of critical alerts that fire in all clusters.",
            alarm(1.0),
            format!("count(count by ({BY}, alertname) ({}))", critical()),
        )
        .no_value("0"),
        number(
            "Offline partitions",
            "Partitions of all clusters without a leader.",
            alarm(1.0),
            format!("sum({})", most(&controller::OFFLINE_PARTITIONS)),
        ),
        clusters(sources),
    ];
    let over_time = |title, description, unit, query: String| {
        panel_of(
            title,
            description,
            unit,
            View::TopLines,
            vec![(Some(query), "{{cluster}}/{{namespace}}/{{kafka_cluster}}")],
        )
    };
    let alerts = panel_of(
        "Firing alerts",
        "Each bar is an alert while it fires, red if it is critical.",
        PanelUnit::Count,
        View::Alerts,
        vec![(
            Some(format!(
                "max by ({BY}, alertname, severity) ({})",
                of_all(ALERTS).equal("alertstate", "firing")
            )),
            "{{cluster}}/{{namespace}}/{{kafka_cluster}} {{alertname}} ({{severity}})",
        )],
    )
    .no_value("No alert fires");
    Board::new(LIST, "All clusters")
        .row("", first)
        .row(
            "Traffic and lag",
            vec![
                over_time(
                    "Bytes produced",
                    "Bytes that clients produced, by cluster.",
                    PanelUnit::BytesPerSecond,
                    rate(&broker::BYTES_IN),
                ),
                over_time(
                    "Largest lag",
                    "Uncommitted records of the group with the most, on one topic, by cluster.",
                    PanelUnit::Many,
                    most(&record::GROUP_LAG),
                ),
            ],
        )
        .row("Alerts", vec![alerts])
}

/// A row for each cluster, which leads to its overview.
fn clusters(sources: &Sources) -> Panel {
    let column = |title, unit, from: Option<(f64, &'static str)>, query: String| {
        let column = Column {
            title,
            unit,
            colours: from.into_iter().collect(),
        };
        (column, (Some(query), ""))
    };
    let count = |by: &str, alerts: &Selector| format!("count by ({by}) (count by ({by}, alertname) ({alerts}))");
    let fullest = |by: &str, used: &Selector| format!("max by ({by}) ({used})");
    let alerts = of_platform(count, &critical()).map(|alerts| format!("({alerts} or 0 * {})", all()));
    let red = Some((1.0, "red"));
    let orange = Some((1.0, "orange"));
    let (columns, queries): (Vec<Column>, Vec<_>) = [
        column("Critical alerts", PanelUnit::Count, red, alerts.join(" + ")),
        column("Brokers", PanelUnit::Count, None, most(&exporter::BROKERS)),
        column(
            "Offline partitions",
            PanelUnit::Count,
            red,
            most(&controller::OFFLINE_PARTITIONS),
        ),
        column(
            "Under min ISR",
            PanelUnit::Count,
            red,
            of_pods("sum", &broker::UNDER_MIN_ISR),
        ),
        column(
            "Under-replicated",
            PanelUnit::Count,
            orange,
            of_pods("sum", &broker::UNDER_REPLICATED),
        ),
        column("Largest lag", PanelUnit::Many, None, most(&record::GROUP_LAG)),
        column(
            "Fullest volume",
            PanelUnit::Ratio,
            None,
            of_platform(fullest, &of_all(record::VOLUME_USED.name)).join(" or "),
        ),
        column("Produced", PanelUnit::BytesPerSecond, None, rate(&broker::BYTES_IN)),
        column("Consumed", PanelUnit::BytesPerSecond, None, rate(&broker::BYTES_OUT)),
    ]
    .into_iter()
    .unzip();
    let overview = format!(
        "/d/{}?var-kubernetes=${{__data.fields.Kubernetes}}&var-namespace=${{__data.fields.Namespace}}\
         &var-cluster=${{__data.fields.Cluster}}&${{datasource:queryparam}}&${{__url_time_range}}",
        uid(sources, OVERVIEW)
    );
    panel_of(
        "State of each cluster",
        "The clusters whose metrics are scraped; the name of one leads to its overview.",
        PanelUnit::Number,
        View::Table(Table {
            labels: vec![
                ("kafka_cluster", "Cluster"),
                ("namespace", "Namespace"),
                ("cluster", "Kubernetes"),
            ],
            columns,
            sort: "Critical alerts",
        }),
        queries,
    )
    .link("Overview", overview)
}
