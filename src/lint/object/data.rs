//! ConfigMaps and Secrets.

use crate::diagnostics::Diagnostics;
use crate::lint::model::{node::Node, syntax};
use crate::lint::object::fields::{INNER_NAME, LISTED_TWICE};

pub(crate) fn data(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let data = root.get("data");
    let binary = root.get("binaryData");
    let text = root.get("stringData");
    for part in [&data, &binary, &text] {
        for (key, value) in part.entries() {
            if let Some(reason) = syntax::config_key(key) {
                findings.at(&value, &INNER_NAME, format!("has an invalid key: {reason}"));
            }
        }
    }
    for (key, value) in binary.entries() {
        if data.get(key).is_set() {
            findings.at(
                &value,
                &LISTED_TWICE,
                format!("has the key `{key}`, which is also in `data`"),
            );
        }
    }
}
