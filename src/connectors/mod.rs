//! Connectors of a Connect group: declared, judged before anything is created, and brought about by a Job.
//!
//! A [`Connector`] is a class, its topics and its settings. [`Connectors`] renders the configuration of each into a file, and a Job that
//! creates, changes, starts and stops them over the workers' REST interface.

mod connector;
mod construct;
mod monitored;
mod render;
mod secured;
mod step;

pub use connector::{Connector, ConnectorClass, SecretKey};
pub use construct::{Connectors, ConnectorsHandle};
pub use step::{Converter, Predicate, Transform};
