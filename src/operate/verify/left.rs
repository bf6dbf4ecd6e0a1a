//! How much is left: space of volumes, and time of certificates.

use serde_json::Value;

use super::{Check, Wrong, counted, none, of};
use crate::operate::{
    desired::{Desired, Workload, name, namespace},
    live::{Live, Request, Trouble, Weight},
};

/// Percent of a volume: the limit of the alert `KafkaDiskUsageHigh`.
const FULL: u64 = 80;

/// Seconds that cert-manager may take to renew a certificate that is due.
const GRACE: u64 = 3600;

pub(super) fn checks(desired: &Desired) -> Vec<Check> {
    let mut checks = Vec::new();
    let workloads: Vec<Workload> = desired
        .workloads()
        .into_iter()
        .filter(|workload| !workload.claims.is_empty())
        .collect();
    if !workloads.is_empty() {
        checks.push(Check::new("volumes", move |live| check_volumes(live, &workloads)));
    }
    let certificates: Vec<Value> = desired.of_kind("Certificate").cloned().collect();
    if !certificates.is_empty() {
        checks.push(Check::new("certificates", move |live| {
            check_certificates(live, &certificates)
        }));
    }
    checks
}

fn check_volumes(live: &dyn Live, workloads: &[Workload]) -> Result<String, Wrong> {
    let (mut wrong, mut count, mut fullest) = (Vec::new(), 0, 0);
    for workload in workloads {
        let folders: Vec<&str> = workload.claim_folders().collect();
        for (_, pod) in workload.pods() {
            let mut command: Vec<String> = ["df", "-P", "-k"].map(str::to_owned).to_vec();
            command.extend(folders.iter().map(|folder| (*folder).to_owned()));
            let answer = live.ask(&Request::Exec {
                pod: workload.address(&pod),
                command,
                weight: Weight::Light,
            });
            match answer {
                Ok(text) => {
                    for (folder, percent) in folders.iter().zip(used(&text)) {
                        count += 1;
                        fullest = fullest.max(percent);
                        if percent > FULL {
                            wrong.push(format!(
                                "`{folder}` of `{pod}` is {percent} % full; the limit is {FULL} %"
                            ));
                        }
                    }
                }
                // A pod that does not run is told with its workload.
                Err(Trouble::Command(..) | Trouble::NotFound(_) | Trouble::Failed(_)) => {
                    wrong.push(format!("`{pod}` cannot be asked"));
                }
                Err(other) => return Err(other.into()),
            }
        }
    }
    none(wrong)?;
    Ok(format!(
        "{}, the fullest {fullest} %",
        of(count, count, &format!("below {FULL} %"))
    ))
}

/// The percentage of each line of `df -P`, but for its head.
fn used(text: &str) -> Vec<u64> {
    let rows = text.lines().skip(1);
    rows.filter_map(|row| {
        row.split_whitespace()
            .find_map(|word| word.strip_suffix('%')?.parse().ok())
    })
    .collect()
}

fn check_certificates(live: &dyn Live, certificates: &[Value]) -> Result<String, Wrong> {
    let now = live.now();
    let (mut wrong, mut soonest) = (Vec::new(), u64::MAX);
    for certificate in certificates {
        let own = name(certificate);
        let found = live.list("certificates.cert-manager.io", &namespace(certificate))?;
        let Some(status) = found.iter().find(|one| name(one) == own).map(|one| &one["status"]) else {
            wrong.push(format!("`{own}` does not exist"));
            continue;
        };
        let time = |key: &str| status[key].as_str().and_then(seconds);
        let Some(end) = time("notAfter") else {
            wrong.push(format!("`{own}` is not issued"));
            continue;
        };
        soonest = soonest.min(end.saturating_sub(now));
        if end <= now {
            wrong.push(format!("`{own}` expired {} ago", days(now - end)));
        } else if let Some(due) = time("renewalTime")
            && due + GRACE < now
        {
            wrong.push(format!(
                "`{own}` has been due for renewal for {}, and ends in {}",
                days(now - due),
                days(end - now)
            ));
        }
    }
    none(wrong)?;
    Ok(format!(
        "{}, the first ends in {}",
        of(certificates.len(), certificates.len(), "issued"),
        days(soonest)
    ))
}

fn days(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600) {
        (0, hours) => counted(usize::try_from(hours).unwrap_or(usize::MAX), "hour"),
        (days, _) => counted(usize::try_from(days).unwrap_or(usize::MAX), "day"),
    }
}

/// Seconds since 1970 of `2027-01-31T12:00:00Z`, as Kubernetes writes a time.
fn seconds(time: &str) -> Option<u64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, separator: char| -> Option<Vec<u64>> {
        text.split(separator).map(|part| part.parse().ok()).collect()
    };
    let [year, month, day] = numbers(date, '-')?.try_into().ok()?;
    let [hour, minute, second] = numbers(clock, ':')?.try_into().ok()?;
    // Days from civil date, with years that begin in March.
    let (year, month) = if month <= 2 {
        (year.checked_sub(1)?, month + 9)
    } else {
        (year, month - 3)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = (365 * year + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)?;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_kubernetes_is_seconds_since_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:01Z"), Some(951_825_601));
        assert_eq!(seconds("2026-11-29T02:45:18Z"), Some(1_795_920_318));
        assert_eq!(seconds("2026-11-29 02:45:18"), None);
        assert_eq!(seconds("x-y-zTa:b:cZ"), None);
    }

    #[test]
    fn df_says_how_full_each_volume_is() {
        let text = "Filesystem     1024-blocks   Used Available Capacity Mounted on\n\
                    /dev/loop0       102626232 153984  97212984       1% /var/lib/kafka/data\n\
                    /dev/loop1       102626232 153984  97212984      91% /data 2\n";
        assert_eq!(used(text), [1, 91]);
    }
}
