//! Prometheus' query language: selectors, durations, templates, and the analysis of expressions.
//!
//! This room knows the language and nothing about Kafka. It gets the metrics of a stack as a [`Catalog`].

mod analysis;
mod catalog;
mod duration;
mod parse;
mod pattern;
mod selector;
pub(crate) mod template;

pub(crate) use analysis::{Analysis, analyze, analyze_parsed, bounds::Bounds};
pub use catalog::MetricType;
pub(crate) use catalog::{Catalog, DeclaredMetric, Label, Lookup, Series, Style, most_similar};
pub(crate) use duration::parse_duration;
pub(crate) use parse::{Parsed, metric_names, parse, selected};
pub(crate) use pattern::Pattern;
pub use selector::Selector;
