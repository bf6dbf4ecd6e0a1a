//! Prometheus' query language: selectors, durations, templates, and the analysis of expressions.
//!
//! This room knows the language and nothing of Kafka. What is known about the metrics of a stack is given to it.

mod duration;
mod parse;
pub(crate) mod template;

pub(crate) use duration::parse_duration;
pub(crate) use parse::parse;
