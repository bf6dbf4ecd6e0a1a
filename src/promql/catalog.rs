//! The metrics that an expression may use, and their labels.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeSet};

use super::Bounds;
use crate::quantity::Duration;

/// The metrics that an expression may use.
pub(crate) trait Catalog {
    /// The series of a metric.
    fn series(&self, metric: &str) -> Lookup<'_>;

    /// The name of a metric that was probably meant by one that nothing exports.
    fn similar(&self, missing: &str) -> Option<String>;

    /// Why nothing exports a metric that a rule of an agent would make, where there is one.
    fn why_missing(&self, _: &str) -> Option<String> {
        None
    }

    /// The names of all pods that are scraped under a job, where they are known.
    fn pods_of(&self, _job: &str) -> Option<Vec<String>> {
        None
    }

    /// Whether expressions keep to what every Prometheus takes and every reader can follow: no experimental functions, and no
    /// selectors without a name.
    fn style(&self) -> Style;
}

/// What a catalog knows of a name.
#[derive(Clone, Debug)]
pub(crate) enum Lookup<'a> {
    /// It is exported.
    Known(Series<'a>),
    /// Nothing exports it.
    Missing,
    /// It may be exported by something that is not shown.
    Unknown,
}

/// How strictly an expression is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As those of this crate are written.
    Own,
    /// As anyone writes them.
    Free,
}

/// A metric that whoever made a rule says is exported, though no object shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredMetric {
    pub name: Cow<'static, str>,
    pub metric_type: MetricType,
    /// The labels of its series, those of the scrape included.
    pub labels: Vec<String>,
    /// The job that it is scraped under.
    pub job: String,
}

/// The type of a metric: how its value changes, and so how an expression may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// The value goes up and down.
    Gauge,
    /// The value only grows, until the process restarts: use its `rate` or `increase`.
    Counter,
}

/// The series of one metric.
#[derive(Clone, Debug)]
pub(crate) struct Series<'a> {
    /// `None` where it is not known.
    pub metric_type: Option<MetricType>,
    pub bounds: Bounds,
    pub labels: Vec<Label<'a>>,
    /// Whether the series may have labels beside these.
    pub open: bool,
    /// The time between two samples, where it is known.
    pub interval: Option<Duration>,
    /// The label and value that tell the series of this stack from those of others.
    pub scope: Option<(&'a str, &'a str)>,
}

impl Series<'_> {
    pub(super) fn label(&self, name: &str) -> Option<&Label<'_>> {
        self.labels.iter().find(|label| label.name == name)
    }

    /// `a`, `b`, `c`.
    pub(crate) fn label_names(&self) -> String {
        list(self.labels.iter().map(|label| label.name))
    }
}

/// A label of a metric's series.
#[derive(Clone, Debug)]
pub(crate) struct Label<'a> {
    pub name: &'a str,
    /// All values that it can have, where they are known.
    pub values: Option<Vec<Cow<'a, str>>>,
    /// Whether a series exists only while the label's value applies, as for `status="failed"`.
    pub is_state: bool,
}

/// `a`, `b`, `c`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The known name that has the most `_`-separated words in common with an unknown one, at least three.
pub(crate) fn most_similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let words = |name: &str| -> BTreeSet<String> { name.to_ascii_lowercase().split('_').map(str::to_owned).collect() };
    let wanted = words(name);
    known
        .iter()
        .map(|candidate| {
            let candidate_words = words(candidate);
            let shared = wanted.intersection(&candidate_words).count();
            // The last word distinguishes the metrics of one bean.
            let begins = candidate_words
                .iter()
                .any(|word| word.len() > 4 && wanted.iter().any(|w| w != word && w.starts_with(word.as_str())));
            (
                2 * shared + usize::from(begins),
                Reverse(candidate_words.len()),
                *candidate,
            )
        })
        .max()
        .filter(|(shared, _, _)| shared / 2 >= 3)
        .map(|(_, _, candidate)| candidate)
}
