//! Property files, key by key.

use std::collections::{BTreeMap, BTreeSet};

use super::file::FileChange;
use crate::{
    diff::{change::Found, class::Class, row::Row},
    lint::model::properties::properties,
};

/// A setting of a property file.
static SETTING: Row = Row {
    id: "setting",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting in a property file",
    reason: "",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&SETTING];

/// Tells the settings of a property file that differ; whether it is one.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    if !change.file.ends_with(".properties") {
        return false;
    }
    let [before, after] = [change.before, change.after].map(settings);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let [old, new] = [&before, &after].map(|side| side.get(key).map(String::as_str));
        if old != new {
            change.effect.tell(found.add(&SETTING, change.place(&[key], old, new)));
        }
    }
    true
}

/// The settings of a file. Of two lines with one key Java keeps the last.
fn settings(text: Option<&str>) -> BTreeMap<String, String> {
    let lines = properties(text.unwrap_or_default()).into_iter();
    lines.map(|line| (line.key, line.value)).collect()
}
