//! Files of topics, topic by topic.

use std::collections::{BTreeMap, BTreeSet};

use super::file::FileChange;
use crate::{
    diff::{change::Found, class::Class, row::Row},
    lint::model::config::topics,
};

/// A setting of a topic.
static TOPIC_SETTING: Row = Row {
    id: "topic-setting",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a setting of a topic",
    reason: "the topics Job sets it while the brokers run",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&TOPIC_SETTING];

/// Tells the topics of a file that differ; whether it is one.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let read = |text: Option<&str>| text.and_then(|text| topics(change.file, text, false));
    let [before, after] = [change.before, change.after].map(read);
    if before.is_none() && after.is_none() {
        return false;
    }
    let [before, after] = [before, after].map(|lines| {
        let lines = lines.map(|topics| topics.lines).unwrap_or_default().into_iter();
        let lines = lines.filter_map(|line| {
            let (topic, key) = line.key.split_once(' ')?;
            Some(((topic.to_owned(), key.to_owned()), line.value))
        });
        lines.collect::<BTreeMap<_, _>>()
    });
    let keys: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let [old, new] = [&before, &after].map(|side| side.get(key).map(String::as_str));
        if old != new {
            found.add(&TOPIC_SETTING, change.place(&[&key.0, &key.1], old, new));
        }
    }
    true
}
