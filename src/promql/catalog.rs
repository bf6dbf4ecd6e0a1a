//! The metrics that an expression may use, and their labels.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeSet};

use super::Bounds;
use crate::quantity::Duration;

/// The metrics that an expression may use.
pub(crate) trait Catalog {
    /// The series of a metric; `None` if nothing exports it.
    fn series(&self, metric: &str) -> Option<Series<'_>>;

    /// The names of all metrics.
    fn metric_names(&self) -> Vec<&str>;

    /// The call or setting that adds a metric to the catalog: the hint for an unknown metric.
    fn how_to_add(&self) -> &'static str;

    /// The time between two samples of a series.
    fn scrape_interval(&self) -> Duration;
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
    pub metric_type: MetricType,
    pub bounds: Bounds,
    pub labels: Vec<Label<'a>>,
    /// The label and value that distinguish the series of this stack from those of others.
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
pub(super) fn most_similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
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
