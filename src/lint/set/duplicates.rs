//! Objects that are one to the API server.

use std::collections::BTreeMap;

use crate::lint::model::ObjectModel;

/// Two objects that the API server takes for one.
pub(crate) fn duplicates(object: &[&ObjectModel]) -> Vec<(usize, usize)> {
    let mut seen = BTreeMap::new();
    let mut found = Vec::new();
    for (index, object) in object.iter().enumerate() {
        let identity = &object.identity;
        if identity.name.is_empty() {
            continue;
        }
        if let Some(&first) = seen.get(identity) {
            found.push((index, first));
        } else {
            seen.insert(identity, index);
        }
    }
    found
}
