//! Service levels as recording rules: two series of each, and from these how fast each error budget is spent.

use super::resource::RecordingRule;
use crate::{
    construct::Check,
    diagnostics::rules::observability::SLO,
    metrics::{Metric, broker, exporter, probe, record},
    observability::{BY, Indicator, Slo, Sources, count_of_pods},
    quantity::{Duration, Percent, Units},
};

/// The errors of produce requests that are the cluster's fault (Kafka, `Errors.java`).
///
/// `NOT_LEADER_OR_FOLLOWER` and `COORDINATOR_LOAD_IN_PROGRESS` are not: clients get them in each rolling restart, ask another broker or
/// wait, and nobody notices.
const FAULTS: &str = "COORDINATOR_NOT_AVAILABLE|KAFKA_STORAGE_ERROR|LEADER_NOT_AVAILABLE|NOT_ENOUGH_REPLICAS|\
    NOT_ENOUGH_REPLICAS_AFTER_APPEND|REQUEST_TIMED_OUT|UNKNOWN_SERVER_ERROR";

/// Of a lower objective so much may be missed that the fastest alert, at 14.4 times the budget, could not fire: 1 / 14.4 is 6.9 %.
const LEAST: Percent = Percent::from_thousandths(94_000);

/// The highest objective of a share of time. 0.5 % of the time allows so little that four minutes of one hour fire the fastest alert; with
/// less, a single evaluation of the rules would.
const MOST_OF_TIME: Percent = Percent::from_thousandths(99_500);

/// Between a record and its commit lie the interval of commits (5 s by default), that of the exporter (30 s) and that of the scrape (30 s).
const LEAST_FRESH: Duration = Duration::from_seconds(60);

/// The rules of all service levels: each alert and panel uses the same six, whatever is measured.
pub(super) fn records(sources: &Sources) -> impl Iterator<Item = RecordingRule> {
    let of_each = sources.slos.iter().flat_map(|slo| {
        let labels = || [("slo".to_owned(), slo.name.clone())].into();
        let rule = |metric: Metric, expr| RecordingRule {
            record: metric.name.to_owned(),
            expr,
            labels: labels(),
        };
        let measured = measured(slo, sources).map(|expr| rule(record::MEASURED, expr));
        let spent = spent(slo, sources).map(|expr| rule(record::SPENT, expr));
        measured.into_iter().chain(spent)
    });
    let burn_rates = record::BURN_RATES.iter().filter_map(|(metric, range)| {
        let (spent, measured) = (
            sources.series(&record::SPENT, &[])?,
            sources.series(&record::MEASURED, &[])?,
        );
        Some(RecordingRule {
            record: metric.name.to_owned(),
            expr: format!("sum_over_time({spent}[{range}]) / sum_over_time({measured}[{range}])"),
            labels: [].into(),
        })
    });
    of_each.chain(burn_rates)
}

/// How much is measured now; `None` if nothing exports what it measures.
fn measured(slo: &Slo, sources: &Sources) -> Option<String> {
    Some(match &slo.indicator {
        Indicator::ProduceAvailability => format!("clamp_min({}, 1)", produced(sources, &format!("NONE|{FAULTS}"))?),
        Indicator::RoundTrip(_) => probed(sources, &probe::PRODUCED, &[])?,
        Indicator::ConsumeLatency(_) => count_of_pods(format!("{} > 0", fetches(sources)?)),
        Indicator::Freshness(groups, within) => {
            let (written, committed) = (written(sources, *within)?, committed(sources, groups)?);
            format!("group by ({BY}) ({written} and {committed})")
        }
    })
}

/// How much of it misses the service level, in units of what may be missed. It is 0 and not absent while nothing does, so that both series
/// of a service level cover the same time.
fn spent(slo: &Slo, sources: &Sources) -> Option<String> {
    let missed = match &slo.indicator {
        Indicator::ProduceAvailability => produced(sources, FAULTS)?,
        Indicator::RoundTrip(within) => {
            let of = |metric| probed(sources, metric, &[]);
            let in_time = probed(sources, &probe::RETURNED_WITHIN, &[("le", bound(*within)?)])?;
            // Without any record that came back, these two series are not there.
            let late = format!("({} - {in_time})", of(&probe::RECEIVED)?);
            let failed = of(&probe::FAILED)?;
            format!(
                "{failed}\n+ {}\n+ ({late}\n  or on ({BY}) 0 * {failed})",
                of(&probe::LOST)?
            )
        }
        Indicator::ConsumeLatency(within) => {
            let fetch = [("request", "FetchConsumer"), ("quantile", "0.99")];
            let time = |metric| Some(format!("max by ({BY}, pod) ({})", sources.series(metric, &fetch)?));
            let (queue, local) = (time(&broker::REQUEST_QUEUE_TIME)?, time(&broker::LOCAL_TIME)?);
            // A broker keeps the last percentiles when requests stop.
            format!(
                "count by ({BY}) (\n  {queue} + {local} > {}\n  and max by ({BY}, pod) ({}) > 0\n)",
                within.as_millis(),
                fetches(sources)?,
            )
        }
        Indicator::Freshness(groups, within) => {
            let (written, committed) = (written(sources, *within)?, committed(sources, groups)?);
            // The last record may be the marker of a transaction, which is never committed. Of a partition of which the group has
            // committed nothing at all, such as a new one, those records count that arrived in an hour: it may have begun
            // behind those that are older.
            let (before, never) = (written_before(sources, *within)?, never_committed(sources, groups)?);
            format!(
                "group by ({BY}) (\n  {written} > {committed} + 1\n  \
                 or {written} > {before} + 1 and {never}\n)"
            )
        }
    };
    let measured = sources.series(&record::MEASURED, &[("slo", &slo.name)])?;
    Some(format!("({missed}\nor on ({BY}) 0 * {measured}) / {}", slo.budget()))
}

/// Partitions in produce requests per second that were answered with these codes.
fn produced(sources: &Sources, codes: &str) -> Option<String> {
    let errors = sources.series(
        &broker::ERRORS,
        &[("request", "Produce"), ("error", &format!("~{codes}"))],
    )?;
    Some(format!(
        "sum by ({BY}) (max by ({BY}, pod, error) (rate({errors}[5m])))"
    ))
}

/// Records of the probe per second.
fn probed(sources: &Sources, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
    let series = sources.series(metric, labels)?;
    Some(format!(
        "sum by ({BY}) (max by ({BY}, job, pod, partition_id) (rate({series}[5m])))"
    ))
}

/// The label of the probe's records that came back within this time, if it counts them.
fn bound(within: Duration) -> Option<&'static str> {
    let known = probe::BOUNDS.iter().find(|(bound, _)| *bound == within.as_millis())?;
    Some(known.1)
}

/// Fetch requests of consumers per second and pod.
fn fetches(sources: &Sources) -> Option<String> {
    let requests = sources.series(&broker::REQUESTS, &[("request", "FetchConsumer")])?;
    Some(format!("rate({requests}[5m])"))
}

/// The end of each partition so long ago.
fn written(sources: &Sources, ago: Duration) -> Option<String> {
    let end = sources.series(&exporter::CURRENT_OFFSET, &[])?;
    Some(format!("max by ({BY}, topic, partition) ({end} offset {ago})"))
}

/// The end of each partition an hour before that, also when the exporter was away for some minutes.
fn written_before(sources: &Sources, ago: Duration) -> Option<String> {
    let end = sources.series(&exporter::CURRENT_OFFSET, &[])?;
    let before = Duration::from_seconds(ago.as_seconds() + 3600);
    Some(format!(
        "max by ({BY}, topic, partition) (last_over_time({end}[15m] offset {before}))"
    ))
}

/// The partitions of which one of these groups has committed nothing, in topics of which it has read others.
fn never_committed(sources: &Sources, groups: &[String]) -> Option<String> {
    let of_group = |group: &String| {
        let offset = sources.series(&exporter::COMMITTED_OFFSET, &[("consumergroup", group)])?;
        Some(format!("{offset} < 0"))
    };
    let never: Option<Vec<String>> = groups.iter().map(of_group).collect();
    Some(format!("group by ({BY}, topic, partition) ({})", never?.join(" or ")))
}

/// What the slowest of these groups has committed in each partition.
fn committed(sources: &Sources, groups: &[String]) -> Option<String> {
    let of_group = |group: &String| {
        let offset = sources.series(&exporter::COMMITTED_OFFSET, &[("consumergroup", group)])?;
        // The exporter reports -1 for a partition for which the group never committed an offset.
        Some(format!("{offset} >= 0"))
    };
    let offsets: Option<Vec<String>> = groups.iter().map(of_group).collect();
    Some(format!("min by ({BY}, topic, partition) ({})", offsets?.join(" or ")))
}

/// Finds service levels that cannot be measured, and those that are always or never missed.
pub(super) fn check(sources: &Sources, check: &mut Check<'_>) {
    for (index, slo) in sources.slos.iter().enumerate() {
        let earlier = &sources.slos[..index];
        let Some((message, hint)) = flaw(slo, earlier, sources) else {
            continue;
        };
        check.report(&SLO, message, |finding| {
            finding.item(slo.name.as_str()).at(slo.location).hint(hint);
        });
    }
}

fn flaw(slo: &Slo, earlier: &[Slo], sources: &Sources) -> Option<(String, &'static str)> {
    let Slo { name, objective, .. } = slo;
    if earlier.iter().any(|other| other.name == *name) {
        let message = "the service level is declared twice".to_owned();
        return Some((
            message,
            "remove one of them: the alerts name the service level, and not its objective",
        ));
    }
    if *objective < LEAST {
        let message =
            format!("an objective of {objective} allows so much that the alert on 14.4 times that cannot fire");
        return Some((message, "use an objective of at least 94 %, such as `99.percent()`"));
    }
    if *objective >= 100.percent() {
        return Some((
            format!("an objective of {objective} has no error budget"),
            "use an objective below 100 %, such as `99.9.percent()`",
        ));
    }
    if slo.is_of_time() && *objective > MOST_OF_TIME {
        let message = format!("an objective of {objective} of the time: one late minute would fire the alert");
        return Some((message, "use an objective of at most 99.5 %, such as `99.percent()`"));
    }
    match &slo.indicator {
        Indicator::ConsumeLatency(within) if within.as_millis() == 0 => {
            let message = "every request takes longer than 0 ms".to_owned();
            return Some((message, "use a time such as `500.milliseconds()`"));
        }
        Indicator::RoundTrip(within) if bound(*within).is_none() => {
            let message = format!("the probe does not count the round trips of at most {within}");
            return Some((
                message,
                "use 5 ms or twice a time that it counts, such as `640.milliseconds()` or `1280.milliseconds()`, up to 20480",
            ));
        }
        Indicator::RoundTrip(_) if spent(slo, sources).is_none() => {
            let message = "nothing exports what the service level measures".to_owned();
            return Some((
                message,
                "add a `Probe` of the cluster to the stack and watch it with `.watch(&probe)`; or remove the service level",
            ));
        }
        Indicator::Freshness(_, within) if *within < LEAST_FRESH => {
            let message = format!("no group is seen to have committed what is only {within} old");
            return Some((
                message,
                "use a time of at least `60.seconds()`: offsets are scraped every 30 s",
            ));
        }
        Indicator::Freshness(groups, _) if groups.is_empty() => {
            let message = "the application has no consumer group".to_owned();
            return Some((
                message,
                "declare what it reads with `Application::consumes`, or remove the service level",
            ));
        }
        // Its name is part of the alert's texts, where Prometheus would read it as a template.
        Indicator::Freshness(..) if name.contains("{{") || name.chars().any(char::is_control) => {
            let message = "texts of alerts cannot name the group".to_owned();
            return Some((message, "remove the service level"));
        }
        _ => {}
    }
    if spent(slo, sources).is_none() {
        let message = "nothing exports what the service level measures".to_owned();
        return Some((
            message,
            "use it for a cluster of the stack whose brokers have the metrics agent, and freshness only without \
             `Monitoring::lag_by_topic`; or remove it",
        ));
    }
    None
}
