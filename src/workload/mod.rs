//! What the pods of all components need. This room knows no component.
//!
//! | To find | Look in |
//! |---|---|
//! | the pod template, its spread over nodes, Istio | `pod` |
//! | its containers, their environment and ports | `container`, `probe`, `wait` |
//! | its volumes | `storage` (persistent), `config` (files), `mount` (additional ones) |
//! | what a stack adds to a pod | `options` |
//! | the objects that make pods | `stateful_set`, `deployment`, `job` |
//! | who can connect to the pods, and disruption budgets | `service`, `network`, `budget` |
//! | labels, by which all of these find the pods | `labels` |
//! | images | `image` |
//! | what a node has for pods | `machine` |
//! | kinds of operators, such as a `PodMonitor` | `operator` |
//! | the command, the memory and the log of a JVM | `command`, `memory`, `logging` |

mod budget;
mod command;
mod config;
mod container;
mod deployment;
mod image;
mod job;
mod labels;
mod logging;
mod machine;
mod mount;
mod network;
mod operator;
mod options;
mod pod;
mod probe;
mod service;
mod stateful_set;
mod storage;
mod wait;

pub use crate::version::Version;
pub use budget::disruption_budget;
pub(crate) use command::with_dns_label;
pub use command::{JvmCommand, METRICS_FILE};
pub use config::{CONFIG_DIRECTORY, config_map};
pub use container::{container, env, env_from_field, env_from_secret, named_port};
pub use deployment::deployment;
pub use image::{Distribution, ImageSet, METRICS_PORT, METRICS_PORT_NAME};
pub(crate) use job::{RestJob, Step};
pub use labels::Labels;
pub use logging::{LogLevel, Logging};
pub use machine::Machine;
pub use mount::Mount;
pub use network::{Access, IngressRule, network_policy};
pub use operator::{OperatorResource, Spec};
pub use options::{Jvm, PodOptions, Pods};
pub use pod::{Mesh, Pod, Spread};
pub use probe::{exec_probe, http_probe, tcp_probe};
pub use service::{headless_service, service, service_account};
pub(crate) use stateful_set::check_rolling_updates;
pub use stateful_set::{NumberedPods, stateful_set};
pub use storage::{Storage, VolumeClaims};
pub use wait::wait_for;
