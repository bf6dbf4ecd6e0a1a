//! Metrics that Prometheus itself adds for every target.

use super::{Metric, exported, table};

table! {
    /// Metrics of every target.
    ALL:
    UP = exported("up", &[]).between(0.0, 1.0),
        "1 if the last scrape of the target succeeded, else 0; no sample if the target does not exist.";
    SAMPLES = exported("scrape_samples_post_metric_relabeling", &[]),
        "Samples of the last scrape that were kept, or would be if they were not more than the limit.";
}
