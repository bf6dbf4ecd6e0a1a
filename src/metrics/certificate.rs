//! Metrics of cert-manager about `Certificate`s. The Kubernetes cluster needs a scrape job for it, such as that of its chart
//! (`prometheus.podmonitor.enabled`).
//!
//! The `namespace` that cert-manager gives a series is the namespace of the `Certificate`. A scrape job without `honorLabels`, which is
//! the chart's default, renames it to `exported_namespace`, and `namespace` is then that of cert-manager.

use super::{Metric, Unit, exported, table};

table! {
    /// Metrics of every `Certificate`.
    ALL:
    EXPIRES = exported(
        "certmanager_certificate_expiration_timestamp_seconds",
        &["namespace", "exported_namespace", "name", "issuer_name"],
    )
    .unit(Unit::Seconds),
        "The end of the certificate in its Secret, in seconds since 1970; 0 if there is none yet.";
    READY = exported(
        "certmanager_certificate_ready_status",
        &["namespace", "exported_namespace", "name", "issuer_name", "condition"],
    )
    .between(0.0, 1.0),
        "1 with the condition that `Ready` has, `True`, `False` or `Unknown`, and 0 with the others.";
}
