//! Monitors of the Prometheus operator: how often they scrape, and how long that may take.

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

pub(super) fn check(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    for list in ["endpoints", "podMetricsEndpoints"] {
        let endpoints = spec.get(list);
        for endpoint in endpoints.items() {
            let mut time = |field: &'static str| {
                let node = endpoint.get(field);
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
}
