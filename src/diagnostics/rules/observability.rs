//! Observability.

use crate::diagnostics::{
    Severity::{Error, Note, Off, Warning},
    family::rules,
};

rules! { rules::observability;
    /// Alerts on metrics that nothing exports.
    pub const NO_AGENT: Rule = Rule {
        id: "KS-O01",
        production: Error,
        development: Error,
        summary: "alerts on metrics that nothing exports",
        explanation: "Only the broker knows about offline partitions, ISR changes and request latencies, and it \
            exports these metrics through the JMX Prometheus agent. Without the agent in the image those alerts \
            could never fire.\n\nFor an external cluster only the exporter is scraped, and there are only alerts on \
            its metrics.",
        source: "Prometheus JMX exporter; kafka_exporter's list of metrics",
    };

    /// A threshold that is always or never exceeded.
    pub const THRESHOLD: Rule = Rule {
        id: "KS-O02",
        production: Error,
        development: Error,
        summary: "a threshold that is always or never exceeded",
        explanation: "An alert that can never fire looks as if all were well. An alert that never stops gets \
            silenced, and then real problems are missed.",
        source: "the contract of `Monitoring`",
    };

    /// An expression that Prometheus cannot parse.
    pub const EXPRESSION: Rule = Rule {
        id: "KS-O03",
        production: Error,
        development: Error,
        summary: "an expression that Prometheus cannot parse",
        explanation: "If one expression cannot be parsed, Prometheus rejects the whole rule file, or the operator's \
            webhook rejects the object. If that goes unnoticed, all alerts of the file are missing.",
        source: "Prometheus, Querying basics",
    };

    /// A metric that is not exported.
    pub const METRIC: Rule = Rule {
        id: "KS-O04",
        production: Error,
        development: Error,
        summary: "a metric that nothing here exports",
        explanation: "An expression over a metric without series has an empty result: the alert never fires, without \
            any error. The metric name of a Kafka bean depends on the exporter, its rules and its version, and some \
            beans exist only with ZooKeeper or only in KRaft mode. Many published alerts use names that only one \
            setup exports.\n\nIn a stack, every metric must be known. In a folder, a metric is reported if the process that would \
            have it is there and the rules of its agent do not make it, or if it is a typing error away from a known \
            one; `--assume Metric/NAME` says that it exists.",
        source: "the tables of `metrics`; Prometheus JMX exporter; kafka_exporter's list of metrics",
    };

    /// A label that does not exist.
    pub const LABEL: Rule = Rule {
        id: "KS-O05",
        production: Error,
        development: Error,
        summary: "a label that the series do not have",
        explanation: "A matcher or a grouping by a label that no series has gives an empty result without any error, \
            and so does an operator whose two sides have no labels in common: the alert never fires.\n\nLabels that \
            an aggregation drops are not available outside it.",
        source: "Prometheus, Operators: vector matching, aggregation",
    };

    /// Counters and gauges mixed up.
    pub const COUNTER: Rule = Rule {
        id: "KS-O06",
        production: Error,
        development: Error,
        summary: "a counter without `rate`, or `rate` of a gauge",
        explanation: "A counter only grows: an alert on its plain value fires once and does not stop until the \
            process restarts. `rate` and `increase` of a gauge treat each decrease as a counter reset, and report \
            growth that did not happen.",
        source: "Prometheus, Metric types; Query functions",
    };

    /// A comparison whose outcome is known.
    pub const COMPARISON: Rule = Rule {
        id: "KS-O07",
        production: Error,
        development: Error,
        summary: "a comparison that is always or never true",
        explanation: "`count` is never 0, because without series it has no result; a rate is never negative; with \
            three brokers, `kafka_brokers < 4` is always true. Such an alert can never fire, or never stops. An \
            expression without a comparison fires as long as its series exist.",
        source: "Prometheus, Operators",
    };

    /// A matcher that selects nothing.
    pub const MATCHER: Rule = Rule {
        id: "KS-O08",
        production: Error,
        development: Error,
        summary: "a matcher that selects no series",
        explanation: "A PodMonitor or ServiceMonitor decides on the labels `job`, `namespace`, `pod`, `service` and \
            `endpoint` of what it scrapes, and its relabelings on others such as `kafka_cluster`. Volumes are named \
            after their StatefulSets, and some labels have a fixed set of values. A matcher for any other value \
            selects nothing: the alert never fires.",
        source: "Prometheus operator, API reference; the monitors that scrape the exporter of the metric",
    };

    /// A selector without a matcher for this cluster.
    pub const EVERY_CLUSTER: Rule = Rule {
        id: "KS-O09",
        production: Warning,
        development: Warning,
        summary: "an expression over the series of every cluster",
        explanation: "A Prometheus often scrapes more than one cluster. An expression without a matcher for this \
            cluster adds up the series of all clusters, or alerts the wrong people.",
        source: "the monitors that the stack renders",
    };

    /// A range or `for` that is too short.
    pub const TIMES: Rule = Rule {
        id: "KS-O10",
        production: Error,
        development: Error,
        summary: "a range or `for` that is too short for the scrape interval",
        explanation: "A rate needs two samples: a range shorter than two scrape intervals is empty most of the time. \
            A `for` shorter than one interval ends before the next sample arrives, so a single outlier pages \
            someone.",
        source: "Prometheus, Query functions; Alerting rules",
    };

    /// An invalid template.
    pub const TEMPLATE: Rule = Rule {
        id: "KS-O11",
        production: Error,
        development: Error,
        summary: "an annotation with an invalid template",
        explanation: "A label that the expression has aggregated away leaves a gap in the text. An unknown variable \
            or function makes Prometheus send an error message instead of the text. Labels that the rule itself adds \
            are not in `$labels` either.",
        source: "Prometheus, Alerting rules: templating",
    };

    /// An alert without a unique name or without texts.
    pub const ALERT: Rule = Rule {
        id: "KS-O12",
        production: Error,
        development: Error,
        summary: "an alert without a unique name, summary or description",
        explanation: "Alerts are routed, silenced and looked up by name: two alerts with the same name, or an \
            unusual name, break that. The person on call first sees the summary and the description. This holds for \
            the alerts of a stack, wherever its files lie; KS-O20 and KS-O21 are about those of others.",
        source: "monitoring-mixins: guidelines for alert names, labels and annotations",
    };

    /// An alert of the stack without a test.
    pub const UNTESTED: Rule = Rule {
        id: "KS-O13",
        production: Note,
        development: Note,
        summary: "an alert without a test",
        explanation: "A valid expression does not have to fire when it should. Only a test with series shows that: \
            healthy, then firing, then healthy again, and once just below the threshold. The built-in alerts have \
            such tests; add one to each alert of your own. `promtool test rules` runs all of them.",
        source: "Prometheus, Unit testing for rules",
    };

    /// Components of another cluster, monitored under the name of this one.
    pub const ANOTHER_CLUSTER: Rule = Rule {
        id: "KS-O15",
        production: Warning,
        development: Warning,
        summary: "Connect workers or a registry of another cluster are monitored as part of this cluster",
        explanation: "Everything that a `Monitoring` scrapes gets its cluster's name as the label `kafka_cluster`, \
            which alerts, runbooks and dashboards use. An alert about the workers of another cluster would lead the \
            person on call to the brokers of this cluster.",
        source: "the labels that `Monitoring` gives its targets",
    };

    /// URLs of runbooks or dashboards that cannot be opened.
    pub const RUNBOOKS: Rule = Rule {
        id: "KS-O14",
        production: Warning,
        development: Warning,
        summary: "an alert with a runbook or dashboard URL that cannot be opened",
        explanation: "Each alert can have the URLs of its runbook, which explains it and says what to do, and of a \
            dashboard. A URL that is not valid, or uses a reserved domain, would be noticed only when someone is on \
            call at night. The domains `example.com`, `example.net`, `example.org` and all below `example`, \
            `invalid`, `test` and `localhost` are reserved for documentation and tests.",
        source: "RFC 2606, Reserved Top Level DNS Names; monitoring-mixins: `runbook_url`",
    };

    /// A label of alerts that is reserved or not valid.
    pub const ALERT_LABEL: Rule = Rule {
        id: "KS-O17",
        production: Error,
        development: Error,
        summary: "a label of alerts that is reserved, not valid, or one of their series",
        explanation: "Alertmanager groups, routes, silences and inhibits alerts by their labels. `severity`, `cluster`, `namespace` and \
            `kafka_cluster` are the same for all alerts of a cluster, and rules for Alertmanager rely on them. A label that \
            the series of an alert have too, such as `pod`, would get one value for all of them: Prometheus cannot tell \
            two firing series apart then, and the rule fails. A label whose value is a template with `$value` makes a new \
            alert at each evaluation.",
        source: "Prometheus, Alerting rules; Data model: metric names and labels",
    };

    /// A service level that cannot be measured, or is always or never missed.
    pub const SLO: Rule = Rule {
        id: "KS-O16",
        production: Error,
        development: Error,
        summary: "a service level that nothing measures, or that is always or never missed",
        explanation: "A service level is a promise to those who use the cluster. Without a metric its panels are empty and its alerts \
            silent, as if all were well. Where nothing or nearly everything may be missed, its alerts always or never fire: below 94 % \
            even a total failure is not 14.4 times what is allowed. Shares of time are measured once per evaluation of \
            the rules, which is too coarse for more than 99.5 %.",
        source: "Google, The Site Reliability Workbook: Alerting on SLOs",
    };

    /// A filter of the exporter that hides what an alert is about.
    pub const FILTER: Rule = Rule {
        id: "KS-O18",
        production: Error,
        development: Error,
        summary: "a filter of the exporter that hides what an alert is about",
        explanation: "The exporter reports no topics and groups that its filters leave out. An alert or a service level about one of \
            them has no series, so it never fires, and nothing says so. The filters, and what is kept of a scrape, are regular \
            expressions: with one that is invalid the exporter does not start, or Prometheus refuses its configuration.",
        source: "kafka_exporter's flags; Prometheus, Configuration: relabel_config",
    };

    /// More partitions than rules can look at one by one.
    pub const LARGE: Rule = Rule {
        id: "KS-O19",
        production: Warning,
        development: Warning,
        summary: "more partitions than rules can look at one by one",
        explanation: "Rules on lag look at each partition, and at each pair of a partition and a group that reads it. One evaluation of all \
            rules takes 2 s at about 50,000 of these. When it takes longer than the 30 s between two evaluations, Prometheus misses some, and \
            alerts fire late. Above 50,000, lag is therefore watched by topic. That finds no partition that is stuck while its group reads the \
            others, and has no service levels of freshness; with such a service level it stays by partition.",
        source: "measured with Prometheus 2.42 and two cores by tests/size; docs/monitoring.md has the figures",
    };

    /// A certificate that no alert watches.
    pub const CERTIFICATE: Rule = Rule {
        id: "KS-O28",
        production: Warning,
        development: Off,
        summary: "a certificate that no alert watches",
        explanation: "A certificate that is not renewed shows when it ends, 90 days after it was issued: clients are refused then, all at \
            once. The alerts on certificates watch the issuers of the cluster and of the components that its `Monitoring` watches. \
            Connect or a registry with another issuer, or of an external cluster, has to be watched too.",
        source: "the alerts of `Monitoring`",
    };
}
