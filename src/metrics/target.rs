//! What Prometheus itself says of everything that it scrapes.

use super::{Metric, exported, table};

table! {
    /// Of every target of a monitor.
    ALL:
    UP = exported("up", &[]).between(0.0, 1.0),
        "1 if the last scrape of the target succeeded, else 0; no sample once the target is gone.";
}
