//! `capacity`: what the load of a stack needs of each broker, and what the brokers have.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    capacity::{Cluster, Limit, PoolCapacity, Resource, TopicDemand, Traffic, bits, byte_rate, number, size, span},
    cli::{
        Outcome,
        failure::Failure,
        output::{Output, Paint, count, wrapped},
        report::{self, Show},
        stacks::{StackFn, each},
    },
    diagnostics::{Diagnostics, Severity, rules},
    quantity::Duration,
    stack::Stack,
    synth::check,
};

/// Show what a stack's load needs of its brokers, and what they have
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack to show
    #[arg(value_name = "STACK")]
    stack: String,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let made = each(stacks, std::slice::from_ref(&arguments.stack), output, check)?;
    let mut outcome = made.outcome();
    for (stack, review) in &made.stacks {
        let clusters = stack.capacity();
        let mut findings = Diagnostics::default();
        for finding in &review.findings {
            if rules::capacity::RULES.contains(&finding.rule) {
                findings.push(finding.clone());
            }
        }
        if output.is_json() {
            let mut report = json(stack, &clusters);
            report["findings"] = report::json(stack.name(), &findings, Show::Open);
            output.json(report)?;
        } else {
            let paint = output.data_paint();
            let tables: Vec<String> = clusters.iter().map(|cluster| text(stack, cluster, paint)).collect();
            output.data([tables.join("\n").as_str()])?;
            if clusters.is_empty() {
                output.note(&format!("stack `{}` has no brokers of its own\n", stack.name()));
            }
            let findings = std::iter::once((stack.name(), &findings));
            output.note(&report::text(findings, Show::Open, output.note_paint()));
        }
        if findings.count(Severity::Error) > 0 {
            outcome = Outcome::Failed;
        }
    }
    Ok(outcome)
}

const UNKNOWN: &str = "unknown";

fn text(stack: &Stack, cluster: &Cluster, paint: Paint) -> String {
    let (records, bytes) = load(cluster);
    let load = if cluster.has_load() {
        format!("{} records/s, {}", number(records), byte_rate(bytes))
    } else {
        "load unknown".to_owned()
    };
    let brokers = count(cluster.brokers() as usize, "broker");
    let head = paint.strong(&format!("{}/{}", stack.name(), cluster.name));
    let mut text = format!("{head}  {brokers}, {load}\n");
    for group in cluster.groups() {
        text += &table(cluster, &group, paint);
    }
    if cluster.has_load() {
        text += &topics(cluster, paint);
    }
    let unknown = cluster.unknown();
    if !unknown.is_empty() {
        text += "\n";
    }
    for unknown in unknown {
        // If there is a load, each unknown figure has a warning whose hint names the call.
        let call = if cluster.has_load() || unknown.hint.is_empty() {
            String::new()
        } else {
            format!("; {}", unknown.hint)
        };
        text += &wrapped(&format!("- {}{call}", unknown.message), 2);
    }
    text
}

/// Records and stored bytes per second of all topics whose load is known.
fn load(cluster: &Cluster) -> (u128, u128) {
    cluster
        .topics
        .iter()
        .fold((0, 0), |(sum, stored), topic| match topic.traffic {
            Traffic::Known { records, bytes, .. } => (sum + u128::from(records), stored.saturating_add(bytes)),
            Traffic::Unknown | Traffic::Internal => (sum, stored),
        })
}

/// The limits of pools that are alike; there is always at least one.
fn table(cluster: &Cluster, group: &[usize], paint: Paint) -> String {
    let pool = &cluster.pools[group[0]];
    let names: Vec<&str> = group.iter().map(|index| cluster.pools[*index].name.as_str()).collect();
    let each = if names.len() > 1 { "each of " } else { "" };
    let mut text = format!(
        "\n{} {}: {each}{}\n",
        if names.len() > 1 { "pools" } else { "pool" },
        names.join(", "),
        count(pool.brokers as usize, "broker"),
    );
    let away = if cluster.zones().is_some() {
        "zone down"
    } else {
        "one down"
    };
    let head = row("each broker", ["all up", away, "has", "ceiling", "headroom"]);
    text += &format!("{}\n", paint.faint(&head));
    // Without a load almost nothing is known; unknown figures are listed once, below the table.
    let said = |limit: &Limit| cluster.has_load() || limit.needs.is_some();
    for limit in cluster.limits(pool).into_iter().filter(said) {
        let amount = |amount: Option<u128>| amount.map_or(UNKNOWN.to_owned(), |amount| shown(&limit, pool, amount));
        // If only part of the need is known, the need is a lower bound and the headroom an upper bound.
        let (least, most) = if limit.at_least { ("≥", "≤") } else { ("", "") };
        let need = |need: Option<u128>| need.map_or(UNKNOWN.to_owned(), |_| format!("{least}{}", amount(need)));
        let away = match limit.resource {
            Resource::Volume | Resource::PageCache | Resource::Replicas => String::new(),
            _ => need(limit.away),
        };
        let headroom = limit
            .headroom()
            .map_or(UNKNOWN.to_owned(), |percent| format!("{most}{percent} %"));
        let line = row(
            label(limit.resource),
            [
                &need(limit.needs),
                &away,
                &amount(limit.has),
                &format!("{} %", limit.ceiling),
                &headroom,
            ],
        );
        let line = match limit.holds() {
            Some(false) => paint.error(&line),
            _ => line,
        };
        text += &format!("{line}\n");
    }
    if !cluster.has_load() {
        return text;
    }
    // The unknown part fills the volume earlier, and shortens the time that the page cache covers.
    let partly = |resource| {
        cluster
            .limits(pool)
            .iter()
            .any(|limit| limit.resource == resource && limit.at_least)
    };
    let full = match cluster.full_after(pool) {
        Some(time) if partly(Resource::Volume) => format!("≤{}", span(time)),
        Some(time) => span(time),
        None if cluster.has_load() && !partly(Resource::Volume) => "never".to_owned(),
        None => UNKNOWN.to_owned(),
    };
    let cache = match page_cache_seconds(cluster, pool) {
        Some(seconds) => format!("≤{} s of writes", number(seconds)),
        None => UNKNOWN.to_owned(),
    };
    text + &format!(
        "{:<20} {full:>12}\n{:<20} {cache:>12}\n",
        "full after", "page cache holds"
    )
}

fn row(label: &str, [needs, away, has, ceiling, headroom]: [&str; 5]) -> String {
    format!("{label:<20} {needs:>12} {away:>12} {has:>12} {ceiling:>8} {headroom:>10}")
        .trim_end()
        .to_owned()
}

fn label(resource: Resource) -> &'static str {
    match resource {
        Resource::DiskWrite => "disk write",
        Resource::NetworkIn => "network in",
        Resource::NetworkOut => "network out",
        Resource::Processor => "produced, by CPU",
        Resource::Volume => "volume",
        Resource::PageCache => "30 s of writes",
        Resource::Replicas => "partition replicas",
    }
}

fn shown(limit: &Limit, pool: &PoolCapacity, amount: u128) -> String {
    match limit.resource {
        Resource::NetworkIn | Resource::NetworkOut => bits(amount),
        Resource::Processor if pool.counts_records() => format!("{}/s", number(amount)),
        Resource::DiskWrite | Resource::Processor => byte_rate(amount),
        Resource::Volume | Resource::PageCache => size(amount),
        Resource::Replicas => number(amount),
    }
}

/// How many seconds of writes the page cache holds at most.
fn page_cache_seconds(cluster: &Cluster, pool: &PoolCapacity) -> Option<u128> {
    u128::from(pool.page_cache().get()).checked_div(cluster.needs().write)
}

fn topics(cluster: &Cluster, paint: Paint) -> String {
    let topics: Vec<&TopicDemand> = cluster
        .topics
        .iter()
        .filter(|topic| topic.traffic != Traffic::Internal)
        .collect();
    if topics.is_empty() {
        return String::new();
    }
    let width = topics
        .iter()
        .map(|topic| topic.name.chars().count())
        .max()
        .unwrap_or_default()
        .max(20);
    let line = |name: &str, [stored, groups, kept, disk]: [&str; 4]| {
        format!("{name:<width$} {stored:>11} {groups:>7} {kept:>14} {disk:>12}")
    };
    let mut text = format!(
        "\n{}\n",
        paint.faint(&line("topic", ["stored", "groups", "kept", "each broker"]))
    );
    for topic in topics {
        let (stored, groups) = match topic.traffic {
            Traffic::Known { bytes, groups, .. } => (
                byte_rate(bytes),
                groups.map_or(UNKNOWN.to_owned(), |groups| groups.to_string()),
            ),
            Traffic::Unknown | Traffic::Internal => (UNKNOWN.to_owned(), UNKNOWN.to_owned()),
        };
        let disk = topic.disk(cluster.brokers()).map_or_else(
            || if topic.is_never_deleted() { "grows" } else { UNKNOWN }.to_owned(),
            size,
        );
        text += &format!(
            "{}\n",
            line(&topic.name, [&stored, &groups, &topic.kept.words(), &disk])
        );
    }
    text
}

fn json(stack: &Stack, clusters: &[Cluster]) -> Value {
    let clusters: Value = clusters
        .iter()
        .map(|cluster| {
            let (records, bytes) = load(cluster);
            let known = |amount| cluster.has_load().then(|| exact(amount));
            json!({
                "name": cluster.name,
                "brokers": cluster.brokers(),
                "brokers_away": cluster.away(),
                "records_per_second": known(records),
                "stored_bytes_per_second": known(bytes),
                "pools": cluster.pools.iter().map(|pool| json_pool(cluster, pool)).collect::<Value>(),
                "topics": cluster.topics.iter().map(|topic| json_topic(cluster, topic)).collect::<Value>(),
                "unknown": cluster.unknown().iter().map(|unknown| unknown.message.as_str()).collect::<Value>(),
            })
        })
        .collect();
    json!({ "stack": stack.name(), "clusters": clusters })
}

fn json_pool(cluster: &Cluster, pool: &PoolCapacity) -> Value {
    let limits: Value = cluster
        .limits(pool)
        .iter()
        .map(|limit| {
            let (resource, unit) = match limit.resource {
                Resource::DiskWrite => ("disk_write", "bytes_per_second"),
                Resource::NetworkIn => ("network_in", "bytes_per_second"),
                Resource::NetworkOut => ("network_out", "bytes_per_second"),
                Resource::Processor if pool.counts_records() => ("cpu", "records_per_second"),
                Resource::Processor => ("cpu", "bytes_per_second"),
                Resource::Volume => ("volume", "bytes"),
                Resource::PageCache => ("page_cache", "bytes"),
                Resource::Replicas => ("replicas", "replicas"),
            };
            json!({
                "resource": resource,
                "unit": unit,
                "needs": limit.needs.map(exact),
                "needs_while_away": limit.away.map(exact),
                "has": limit.has.map(exact),
                "ceiling_percent": limit.ceiling,
                "headroom_percent": limit.headroom().map(|percent| i64::try_from(percent).unwrap_or(i64::MIN)),
                "needs_at_least": limit.at_least,
                "holds": limit.holds(),
            })
        })
        .collect();
    json!({
        "name": pool.name,
        "zone": pool.zone,
        "brokers": pool.brokers,
        "limits": limits,
        "full_after_seconds": cluster.full_after(pool).map(Duration::as_seconds),
        "page_cache_seconds": page_cache_seconds(cluster, pool).map(exact),
    })
}

fn json_topic(cluster: &Cluster, topic: &TopicDemand) -> Value {
    let (bytes, groups) = match topic.traffic {
        Traffic::Known { bytes, groups, .. } => (Some(exact(bytes)), groups),
        Traffic::Unknown | Traffic::Internal => (None, None),
    };
    json!({
        "name": topic.name,
        "partitions": topic.partitions,
        "copies": topic.copies,
        "internal": topic.traffic == Traffic::Internal,
        "stored_bytes_per_second": bytes,
        "consumer_groups": groups,
        "bytes_per_broker": topic.disk(cluster.brokers()).map(exact),
    })
}

/// A number for JSON, cut to 64 bits, which no real amount exceeds.
fn exact(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}
