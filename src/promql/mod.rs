//! Prometheus' expressions and templates.

pub(crate) mod template;
