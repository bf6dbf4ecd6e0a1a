//! The dashboard of the probe.

use crate::{
    metrics::{Metric, probe},
    observability::{
        Board, Panel, PanelUnit, View,
        panels::{Queries, alarm, panel_of, plain},
    },
};

pub(crate) fn board(queries: &Queries<'_>) -> Board {
    Board::new("probe", "End-to-end probe")
        .row("", now(queries))
        .row("Records and how long they take", over_time(queries))
}

/// The time within which 99 of 100 records were there again, or accepted.
fn slowest(queries: &Queries<'_>, metric: &Metric, by: &str) -> Option<String> {
    let series = queries.series(metric, &[])?;
    Some(format!(
        "histogram_quantile(0.99, sum by ({by}) (rate({series}[$__rate_interval])))"
    ))
}

fn now(queries: &Queries<'_>) -> Vec<Panel> {
    let all = |metric: &Metric| queries.rate("sum", metric, &[]);
    vec![
        panel_of(
            "Records read again",
            "Records per second that the probe wrote and read again in time.",
            PanelUnit::RecordsPerSecond,
            plain(),
            vec![(all(&probe::RECEIVED), "")],
        ),
        panel_of(
            "Records refused",
            "Records per second that the cluster refused, or did not accept in time.",
            PanelUnit::RecordsPerSecond,
            alarm(0.05),
            vec![(all(&probe::FAILED), "")],
        ),
        panel_of(
            "Records not read again",
            "Records per second that the cluster accepted, and that were not there again within 20 s.",
            PanelUnit::RecordsPerSecond,
            alarm(0.05),
            vec![(all(&probe::LOST), "")],
        ),
        panel_of(
            "Round trip, p99",
            "Time from writing to reading a record, 99th percentile.",
            PanelUnit::Seconds,
            plain(),
            vec![(slowest(queries, &probe::RETURNED_WITHIN, "le"), "")],
        ),
    ]
}

fn over_time(queries: &Queries<'_>) -> Vec<Panel> {
    let each = |metric: &Metric| queries.rate("sum by (partition_id)", metric, &[]);
    vec![
        panel_of(
            "Records of each partition",
            "Records per second of each partition: written, whether accepted or not, and read again. Each broker leads a partition.",
            PanelUnit::RecordsPerSecond,
            View::Lines,
            vec![
                (each(&probe::PRODUCED), "written, {{partition_id}}"),
                (each(&probe::RECEIVED), "read again, {{partition_id}}"),
            ],
        ),
        panel_of(
            "Refused or not read again",
            "Records per second of each partition that the cluster refused, or that were not there again within 20 s.",
            PanelUnit::RecordsPerSecond,
            View::Lines,
            vec![
                (each(&probe::FAILED), "refused, {{partition_id}}"),
                (each(&probe::LOST), "not read again, {{partition_id}}"),
            ],
        ),
        panel_of(
            "Round trip, p99, by partition",
            "Time from writing to reading a record, 99th percentile of each partition. One that differs names its leader.",
            PanelUnit::Seconds,
            View::Lines,
            vec![(
                slowest(queries, &probe::RETURNED_WITHIN, "partition_id, le"),
                "{{partition_id}}",
            )],
        ),
        panel_of(
            "Until accepted, p99, by partition",
            "Time until all replicas in sync have a record, 99th percentile of each partition.",
            PanelUnit::Seconds,
            View::Lines,
            vec![(
                slowest(queries, &probe::ACCEPTED_WITHIN, "partition_id, le"),
                "{{partition_id}}",
            )],
        ),
    ]
}
