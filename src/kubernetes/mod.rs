//! Small helpers that build the Kubernetes types which every component needs in the same shape: nothing here knows Kafka.

mod config;
mod container;
mod labels;
mod policy;
mod service;
mod workload;

pub use config::{CONFIG_DIRECTORY, config_map};
pub use container::{container, env, env_from_field, exec_probe, http_probe, named_port, tcp_probe, wait_for};
pub use labels::Labels;
pub use policy::{Access, Admission, disruption_budget, network_policy};
pub use service::{headless_service, service, service_account};
pub use workload::{Members, Pod, Sidecar, Spread, VolumeClaims, claim, deployment, stateful_set};
