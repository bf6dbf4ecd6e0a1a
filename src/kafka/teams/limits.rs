//! The limits of a team.

use super::{read::Declared, say::say, team::Team};
use crate::{
    diagnostics::{Diagnostic, rules::application},
    kafka::{
        replication::Replication,
        topic::{Cleanup, Retention},
    },
    quantity::{Bytes, Duration},
};

/// Reports topics that do not keep to the limits of their team.
pub(super) fn check(team: &Team, topics: &[Declared], default: Replication, findings: &mut Vec<Diagnostic>) {
    let name = &team.name;
    let mut needed: u128 = 0;
    for declared in topics {
        let topic = &declared.topic;
        let mut beyond = |key: &str, message: String, hint: String| {
            say(
                findings,
                &application::TEAM_LIMIT,
                &topic.name,
                declared.at(key),
                message,
                hint,
            );
        };
        if !topic.name.starts_with(&team.prefix) {
            beyond(
                "name",
                format!("topics of team `{name}` begin with `{}`", team.prefix),
                format!("write `name: {}{}`", team.prefix, topic.name),
            );
        }
        if topic.partitions > team.partitions {
            beyond(
                "partitions",
                format!(
                    "{} partitions, and team `{name}` may have {} for a topic",
                    topic.partitions, team.partitions
                ),
                format!(
                    "write `partitions: {}`, or ask the owners of the stack for more",
                    team.partitions
                ),
            );
        }
        if let Some(longest) = team.retention {
            let kept = match declared.retention {
                Some(Retention::Time(age) | Retention::TimeAndSize(age, _)) => Some(age),
                _ => None,
            };
            let hint = format!(
                "write `retention: {}`, or ask the owners of the stack for more",
                written(longest)
            );
            match (kept, declared.retention) {
                (Some(age), _) if age.as_millis() > longest.as_millis() => beyond(
                    "retention",
                    format!(
                        "records are kept for {}, and team `{name}` may keep them for {}",
                        written(age),
                        written(longest)
                    ),
                    hint,
                ),
                (None, Some(_)) => beyond(
                    "retention",
                    format!(
                        "records are kept without a limit of time, and team `{name}` may keep them for {}",
                        written(longest)
                    ),
                    hint,
                ),
                _ => {}
            }
        }
        let Some(budget) = team.disk else { continue };
        let Some(disk) = disk(declared, default) else {
            beyond(
                "name",
                format!("it does not say how much disk it needs, and team `{name}` has a budget of {budget}"),
                // A topic that is only compacted has no limit of bytes.
                if topic.cleanup == Cleanup::Compact {
                    "write `cleanup: compact,delete`, and add `retentionBytes: 1Gi`, the most that a partition keeps"
                } else {
                    "add `retentionBytes: 1Gi`, the most that a partition keeps"
                }
                .to_owned(),
            );
            continue;
        };
        let before = needed;
        needed = needed.saturating_add(disk);
        // The topic that goes beyond it is told, and those after it are not.
        let most = u128::from(budget.get());
        if before <= most && needed > most {
            let key = if declared.at("retentionBytes") == topic.location {
                "retention"
            } else {
                "retentionBytes"
            };
            beyond(
                key,
                format!(
                    "with this topic, team `{name}` needs {} of disk for all replicas, and its budget is {budget}",
                    bytes(needed)
                ),
                format!("lower `{key}` or `partitions`, or ask the owners of the stack for more"),
            );
        }
    }
}

/// What a topic needs with all replicas, if that is known.
fn disk(declared: &Declared, default: Replication) -> Option<u128> {
    let topic = &declared.topic;
    let copies = u128::from(default.factor);
    let by_size = match declared.retention {
        Some(Retention::Size(size) | Retention::TimeAndSize(_, size)) => {
            Some(u128::from(size.get()) * u128::from(topic.partitions))
        }
        _ => None,
    };
    let by_time = match (declared.retention, topic.load) {
        (Some(Retention::Time(age) | Retention::TimeAndSize(age, _)), Some(load)) => {
            Some(load.stored().saturating_mul(u128::from(age.as_seconds())))
        }
        _ => None,
    };
    let once = match (by_size, by_time) {
        (Some(size), Some(time)) => size.min(time),
        (size, time) => size.or(time)?,
    };
    Some(once.saturating_mul(copies))
}

fn bytes(amount: u128) -> Bytes {
    Bytes::from_bytes(u64::try_from(amount).unwrap_or(u64::MAX))
}

/// A time as a file writes it.
fn written(time: Duration) -> String {
    let seconds = time.as_seconds();
    for (unit, length) in [("d", 24 * 3600), ("h", 3600), ("m", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}
