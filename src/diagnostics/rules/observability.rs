//! Observability.

use crate::diagnostics::{
    Severity::{Error, Note, Warning},
    family::rules,
};

rules! { rules::observability;
    /// Alerts on metrics that nothing exports.
    pub const NO_AGENT: Rule = Rule {
        id: "KS-O01",
        production: Error,
        development: Error,
        summary: "alerts on metrics that nothing exports",
        explanation: "Offline partitions, ISR changes and request latencies are known to the broker only, whose \
            metrics leave it through the JMX Prometheus agent. Without the agent in the image those alerts could never \
            fire.\n\nOf a cluster made elsewhere only the exporter is scraped, and alerts on more than it knows do not \
            exist.",
        source: "Prometheus JMX exporter; kafka_exporter's list of metrics",
    };

    /// A threshold that is always or never reached.
    pub const THRESHOLD: Rule = Rule {
        id: "KS-O02",
        production: Error,
        development: Error,
        summary: "a threshold that is always or never reached",
        explanation: "An alert that can never fire is taken for good news, and one that never stops is silenced, and \
            with it whatever it was meant to tell.",
        source: "the contract of `Monitoring`",
    };

    /// An expression that Prometheus cannot read.
    pub const EXPRESSION: Rule = Rule {
        id: "KS-O03",
        production: Error,
        development: Error,
        summary: "an expression that Prometheus cannot read",
        explanation: "Prometheus refuses the whole file of rules for one expression that it cannot parse, or the \
            operator's webhook refuses the object. If neither is looked at, all alerts of the file are gone.",
        source: "Prometheus, Querying basics",
    };

    /// A metric that nothing exports.
    pub const METRIC: Rule = Rule {
        id: "KS-O04",
        production: Error,
        development: Error,
        summary: "a metric that nothing in the stack exports",
        explanation: "An expression over a metric without series has an empty result: the alert never fires, and \
            nothing says so. The name of one Kafka bean differs with the exporter, its rules and its version, and some \
            beans exist only with ZooKeeper or only in KRaft, which is why published alerts are full of such names.",
        source: "the tables of `metrics`; Prometheus JMX exporter; kafka_exporter's list of metrics",
    };

    /// A label that is not there.
    pub const LABEL: Rule = Rule {
        id: "KS-O05",
        production: Error,
        development: Error,
        summary: "a label that the series do not have",
        explanation: "A matcher or a grouping by a label that no series has is silently empty, and two sides of an \
            operator that have no labels to match by give nothing: the alert never fires.\n\nWhat an aggregation has \
            dropped is gone for all that is around it.",
        source: "Prometheus, Operators: vector matching, aggregation",
    };

    /// Counters and gauges mixed up.
    pub const COUNTER: Rule = Rule {
        id: "KS-O06",
        production: Error,
        development: Error,
        summary: "a counter that is read as a value, or a value as a counter",
        explanation: "A counter only grows: compared as it is, it fires once and never stops until the process \
            restarts. Of a gauge, `rate` and `increase` take every fall for a restart, and invent growth.",
        source: "Prometheus, Metric types; Query functions",
    };

    /// A comparison whose outcome is known.
    pub const COMPARISON: Rule = Rule {
        id: "KS-O07",
        production: Error,
        development: Error,
        summary: "a comparison that always or never holds",
        explanation: "A count of series is never 0, because without series there is no count; a rate is never \
            negative; fewer brokers than one more than there are is always true. Such an alert can never fire, or \
            never stops. An expression that compares nothing holds as long as its series exist.",
        source: "Prometheus, Operators",
    };

    /// A matcher that selects nothing.
    pub const MATCHER: Rule = Rule {
        id: "KS-O08",
        production: Error,
        development: Error,
        summary: "a matcher that selects no series of this stack",
        explanation: "`job`, `namespace` and `kafka_cluster` are set by the monitors of the stack, volumes are called \
            after their StatefulSets, and some labels have a fixed set of values. A matcher for anything else selects \
            nothing: the alert never fires.",
        source: "the monitors that the stack renders",
    };

    /// Series of other clusters.
    pub const EVERY_CLUSTER: Rule = Rule {
        id: "KS-O09",
        production: Warning,
        development: Warning,
        summary: "an expression over the series of every cluster",
        explanation: "A Prometheus often scrapes more than one cluster. An expression without a matcher for this one \
            adds their series up, or calls the wrong people.",
        source: "the monitors that the stack renders",
    };

    /// A time too short.
    pub const TIMES: Rule = Rule {
        id: "KS-O10",
        production: Error,
        development: Error,
        summary: "a time too short for the scrape interval",
        explanation: "A range needs two samples, or there is no rate: one shorter than two scrape intervals is empty \
            most of the time. A `for` shorter than one interval is over before the next sample is there, so one odd \
            scrape calls someone.",
        source: "Prometheus, Query functions; Alerting rules",
    };

    /// A template without a value.
    pub const TEMPLATE: Rule = Rule {
        id: "KS-O11",
        production: Error,
        development: Error,
        summary: "a text with a template that has no value",
        explanation: "A label that the expression has aggregated away is an empty place in the text, and an unknown \
            variable makes Prometheus send the error instead of the text. Labels that the rule adds are not in \
            `$labels` either.",
        source: "Prometheus, Alerting rules: templating",
    };

    /// An alert without what every alert needs.
    pub const ALERT: Rule = Rule {
        id: "KS-O12",
        production: Error,
        development: Error,
        summary: "an alert without a name of its own or without words",
        explanation: "Alerts are routed, silenced and looked up by name: one name for two of them, or one that is no \
            word, breaks that. Whoever is called at night has nothing but the summary and the description.",
        source: "monitoring-mixins: guidelines for alert names, labels and annotations",
    };

    /// An alert of the stack's own that nothing tries.
    pub const UNTESTED: Rule = Rule {
        id: "KS-O13",
        production: Note,
        development: Note,
        summary: "an alert without a test",
        explanation: "That an expression is sound does not say that it fires when it should: only series do, that are \
            good, then bad, then good again, and those that are nearly bad. The alerts of this crate carry theirs; one \
            of a stack's own has them from whoever knows what it is about. `promtool test rules` runs all of them.",
        source: "Prometheus, Unit testing for rules",
    };

    /// What uses another cluster, under the name of the one that is monitored.
    pub const ANOTHER_CLUSTER: Rule = Rule {
        id: "KS-O15",
        production: Warning,
        development: Warning,
        summary: "workers or a registry of another cluster are monitored as of this one",
        explanation: "Everything that a `Monitoring` scrapes gets its cluster's name as the label `kafka_cluster`, and \
            alerts, pages and dashboards go by it. Whoever is called about the workers of another cluster is led to \
            the brokers of this one, and its commands ask them.",
        source: "the labels that `Monitoring` gives its targets",
    };

    /// Pages of alerts, or dashboards, that cannot be opened.
    pub const RUNBOOKS: Rule = Rule {
        id: "KS-O14",
        production: Warning,
        development: Warning,
        summary: "an alert that leads to what nobody can open",
        explanation: "Each alert can carry the addresses of its page, which says what it means here and what to do, \
            and of a dashboard. They are opened at night, and that is when one that is none, or is below a name that \
            belongs to nobody, is found out. The names `example.com`, `example.net`, `example.org` and all below \
            `example`, `invalid`, `test` and `localhost` are set aside for documentation and tests.",
        source: "RFC 2606, Reserved Top Level DNS Names; monitoring-mixins: `runbook_url`",
    };
}
