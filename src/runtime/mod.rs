//! How a process of the Kafka family is started: its version, its image, its JVM, its log. The images' entrypoints are
//! bypassed, because they rewrite configuration and fail on a read-only root file system.

mod image;
mod jvm;
mod logging;
mod version;

pub use image::{Distribution, ImageSet};
pub use jvm::{METRICS_FILE, METRICS_PORT, METRICS_PORT_NAME, Start};
pub use logging::Logging;
pub use version::Version;
