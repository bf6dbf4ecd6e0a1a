//! Monitors of the Prometheus operator: their fields, how often they scrape, and how long that may take.

use super::schema::SCHEMA;
use crate::{
    diagnostics::{Diagnostics, Severity::Error, family::rules},
    lint::model::node::Node,
    promql::parse_duration,
};

rules! { rules::observability;
    /// Scrape times that Prometheus refuses.
    pub const SCRAPE_TIMES: Rule = Rule {
        id: "KS-O24",
        production: Error,
        development: Error,
        summary: "a scrape interval or timeout that Prometheus refuses",
        explanation: "A scrape has to end before the next one begins. The operator drops a monitor whose `scrapeTimeout` is greater \
            than its `interval` and says so only in its own log and events: nothing is scraped. Times are written as `30s` or \
            `1m30s`.",
        source: "Prometheus operator, validation of scrape interval and timeout; Prometheus, Configuration: scrape_timeout",
    };
}

/// The fields of a monitor itself.
const OF_MONITORS: [&str; 21] = [
    "attachMetadata",
    "bodySizeLimit",
    "convertClassicHistogramsToNHCB",
    "fallbackScrapeProtocol",
    "jobLabel",
    "keepDroppedTargets",
    "labelLimit",
    "labelNameLengthLimit",
    "labelValueLengthLimit",
    "namespaceSelector",
    "nativeHistogramBucketLimit",
    "nativeHistogramMinBucketFactor",
    "podTargetLabels",
    "sampleLimit",
    "scrapeClass",
    "scrapeClassicHistograms",
    "scrapeNativeHistograms",
    "scrapeProtocols",
    "selector",
    "selectorMechanism",
    "targetLimit",
];

/// The fields of what is scraped.
const OF_ENDPOINTS: [&str; 26] = [
    "authorization",
    "basicAuth",
    "bearerTokenFile",
    "bearerTokenSecret",
    "enableHttp2",
    "filterRunning",
    "followRedirects",
    "honorLabels",
    "honorTimestamps",
    "interval",
    "metricRelabelings",
    "noProxy",
    "oauth2",
    "params",
    "path",
    "port",
    "portNumber",
    "proxyConnectHeader",
    "proxyFromEnvironment",
    "proxyUrl",
    "relabelings",
    "scheme",
    "scrapeTimeout",
    "targetPort",
    "tlsConfig",
    "trackTimestampsStaleness",
];

/// The fields of a relabeling.
const OF_RELABELINGS: [&str; 7] = [
    "action",
    "modulus",
    "regex",
    "replacement",
    "separator",
    "sourceLabels",
    "targetLabel",
];

/// What one kind of monitor has besides, and the other does not.
const OF_SERVICE_MONITORS: [&str; 3] = ["endpoints", "serviceDiscoveryRole", "targetLabels"];
const OF_POD_MONITORS: [&str; 1] = ["podMetricsEndpoints"];

/// The field that was meant by one that does not exist. A newer operator has more than are known here: only what is nearly one of these.
fn meant<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let word = plain(key);
    let distance = |name: &str| strsim::levenshtein(&word, &plain(name));
    let near = known.iter().copied().min_by_key(|name| distance(name))?;
    (distance(near) <= word.len() / 5).then_some(near)
}

fn fields(node: &Node<'_, '_>, known: &[&str], findings: &mut Diagnostics) {
    for (key, value) in node.entries() {
        if known.contains(&key) || !value.is_set() {
            continue;
        }
        if let Some(meant) = meant(key, known) {
            findings
                .at(&value, &SCHEMA, "is an unknown field, which the operator does not read")
                .hint(format!("write `{meant}`"));
        }
    }
}

pub(super) fn check(kind: &str, spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (own, others, list) = if kind == "PodMonitor" {
        (&OF_POD_MONITORS[..], &OF_SERVICE_MONITORS[..], "podMetricsEndpoints")
    } else {
        (&OF_SERVICE_MONITORS[..], &OF_POD_MONITORS[..], "endpoints")
    };
    fields(spec, &[&OF_MONITORS[..], own].concat(), findings);
    for field in others {
        let node = spec.get(field);
        if node.is_set() {
            findings
                .at(
                    &node,
                    &SCHEMA,
                    format!("is not a field of a {kind}: the operator does not read it"),
                )
                .hint(format!("a {kind} has `{}`", own.join("`, `")));
        }
    }
    let endpoints = spec.get(list);
    for endpoint in endpoints.items() {
        fields(&endpoint, &OF_ENDPOINTS, findings);
        for list in ["relabelings", "metricRelabelings"] {
            let list = endpoint.get(list);
            list.items()
                .for_each(|relabeling| fields(&relabeling, &OF_RELABELINGS, findings));
        }
        let mut time = |field: &'static str| {
            let node = endpoint.get(field);
            if let Some(number) = node.int() {
                findings
                    .at(
                        &node,
                        &SCRAPE_TIMES,
                        "is a number, but must be a text with a unit: the API server refuses it",
                    )
                    .hint(format!("write `{number}s`"));
                return None;
            }
            let text = node.str().filter(|text| !text.is_empty())?;
            match parse_duration(text) {
                Ok(duration) => Some(duration),
                Err(reason) => {
                    findings.at(&node, &SCRAPE_TIMES, format!("is `{text}`, which {reason}"));
                    None
                }
            }
        };
        let (interval, timeout) = (time("interval"), time("scrapeTimeout"));
        if let (Some(interval), Some(timeout)) = (interval, timeout)
            && timeout > interval
            && interval.as_millis() > 0
        {
            findings
                .at(
                    &endpoint.get("scrapeTimeout"),
                    &SCRAPE_TIMES,
                    format!("is {timeout}, longer than the interval of {interval}: the operator drops the monitor"),
                )
                .hint(format!("use at most {interval}, or scrape less often"));
        }
    }
}
