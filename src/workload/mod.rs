//! Small helpers that build the Kubernetes types which every component needs in the same shape: nothing here knows Kafka.

mod config;
mod container;
mod controller;
mod labels;
mod policy;
mod service;

pub use config::{CONFIG_DIRECTORY, config_map};
pub use container::{container, env, env_from_field, exec_probe, http_probe, named_port, tcp_probe, wait_for};
pub use controller::{Members, Pod, Sidecar, Spread, VolumeClaims, claim, deployment, stateful_set};
pub use labels::Labels;
pub use policy::{Access, Admission, disruption_budget, network_policy};
pub use service::{headless_service, service, service_account};

mod image;
mod jvm;
mod logging;
mod version;

pub use image::{Distribution, ImageSet};
pub use jvm::{METRICS_FILE, METRICS_PORT, METRICS_PORT_NAME, Start};
pub use logging::Logging;
pub use version::Version;
