//! The fields in which two objects differ. Items of lists are found by their key and never by their place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The field, as `spec.template.spec.containers[kafka].image`.
    pub(super) path: String,
    /// The same without keys of items, to compare it with: `spec.template.spec.containers[].image`.
    pub(super) pattern: String,
    /// The keys of the items on the way, from the outside in.
    pub(super) items: Vec<String>,
    /// The value before; `null` if there was none.
    pub(super) before: Value,
    /// The value after; `null` if there is none.
    pub(super) after: Value,
    /// Whether only the order of a list's items differs: the values are their keys.
    pub(super) reordered: bool,
}

/// Mappings whose keys are of the author's choice: one that is missing is empty.
const MAPS: [&str; 10] = [
    "annotations",
    "binaryData",
    "data",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "requests",
    "stringData",
];

/// Lists whose items have keys: one that is missing is empty.
const LISTS: [&str; 7] = [
    "env",
    "envFrom",
    "initContainers",
    "topologySpreadConstraints",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumes",
];

/// The fields in which two values differ.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<Field> {
    let mut walk = Walk::default();
    walk.value(before, after, "");
    walk.fields
}

#[derive(Default)]
struct Walk {
    path: String,
    pattern: String,
    items: Vec<String>,
    fields: Vec<Field>,
}

impl Walk {
    fn value(&mut self, before: &Value, after: &Value, name: &str) {
        if before == after {
            return;
        }
        let (empty, no_items) = (Value::Object(Map::new()), Value::Array(Vec::new()));
        let (before, after) = match (before, after) {
            (Value::Null, Value::Object(_)) if MAPS.contains(&name) => (&empty, after),
            (Value::Object(_), Value::Null) if MAPS.contains(&name) => (before, &empty),
            (Value::Null, Value::Array(_)) if LISTS.contains(&name) => (&no_items, after),
            (Value::Array(_), Value::Null) if LISTS.contains(&name) => (before, &no_items),
            both => both,
        };
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for key in keys {
                    let (a, b) = (
                        old.get(key).unwrap_or(&Value::Null),
                        new.get(key).unwrap_or(&Value::Null),
                    );
                    self.within(key, None, |walk| walk.value(a, b, key));
                }
            }
            (Value::Array(old), Value::Array(new)) => self.list(old, new, name, before, after),
            _ => self.field(before.clone(), after.clone(), false),
        }
    }

    fn list(&mut self, old: &[Value], new: &[Value], name: &str, before: &Value, after: &Value) {
        let (Some(old_keys), Some(new_keys)) = (keys(name, old), keys(name, new)) else {
            self.field(before.clone(), after.clone(), false);
            return;
        };
        for (key, a) in old_keys.iter().zip(old) {
            let b = new_keys
                .iter()
                .position(|other| other == key)
                .map_or(&Value::Null, |at| &new[at]);
            self.within("", Some(key), |walk| walk.value(a, b, ""));
        }
        for (key, b) in new_keys.iter().zip(new).filter(|(key, _)| !old_keys.contains(key)) {
            self.within("", Some(key), |walk| walk.value(&Value::Null, b, ""));
        }
        let common = |keys: &[String], others: &[String]| -> Vec<String> {
            keys.iter().filter(|key| others.contains(key)).cloned().collect()
        };
        let (old_order, new_order) = (common(&old_keys, &new_keys), common(&new_keys, &old_keys));
        if old_order != new_order {
            self.field(old_order.into(), new_order.into(), true);
        }
    }

    fn field(&mut self, before: Value, after: Value, reordered: bool) {
        self.fields.push(Field {
            path: self.path.clone(),
            pattern: self.pattern.clone(),
            items: self.items.clone(),
            before,
            after,
            reordered,
        });
    }

    /// Does something below a key, or below an item.
    fn within(&mut self, key: &str, item: Option<&str>, work: impl FnOnce(&mut Self)) {
        let (path, pattern) = (self.path.len(), self.pattern.len());
        if let Some(item) = item {
            self.path += &format!("[{item}]");
            self.pattern += "[]";
            self.items.push(item.to_owned());
        } else {
            let step = step(key);
            for text in [&mut self.path, &mut self.pattern] {
                if !text.is_empty() && !step.starts_with('[') {
                    text.push('.');
                }
                *text += &step;
            }
        }
        work(self);
        self.path.truncate(path);
        self.pattern.truncate(pattern);
        if item.is_some() {
            self.items.pop();
        }
    }
}

/// A key of a mapping, as a part of a path.
pub(super) fn step(key: &str) -> String {
    if key.contains(['.', '/', '[']) {
        format!("[{key}]")
    } else {
        key.to_owned()
    }
}

/// The keys of a list's items, each there once; none if they have none.
fn keys(list: &str, items: &[Value]) -> Option<Vec<String>> {
    let keys: Vec<String> = items.iter().map(|item| key(list, item)).collect::<Option<_>>()?;
    let mut unique: Vec<String> = Vec::with_capacity(keys.len());
    for key in keys {
        let mut candidate = key.clone();
        let mut number = 2;
        while unique.contains(&candidate) {
            candidate = format!("{key} #{number}");
            number += 1;
        }
        unique.push(candidate);
    }
    Some(unique)
}

/// What tells an item of a list from the others.
fn key(list: &str, item: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let of = |fields: &[&str]| {
        let mut values = fields.iter().filter_map(|field| text(&item[*field]));
        values.next()
    };
    if !item.is_object() {
        return None;
    }
    match list {
        // Strimzi's volumes have numbers.
        "volumes" => of(&["name", "id"]),
        "volumeMounts" => of(&["mountPath"]),
        "volumeDevices" => of(&["devicePath"]),
        "hostAliases" => of(&["ip"]),
        "topologySpreadConstraints" => of(&["topologyKey"]),
        "volumeClaimTemplates" => text(&item["metadata"]["name"]),
        "ports" => of(&["name", "containerPort", "port"]),
        "rules" => {
            // An alert of the same name may be there for each severity.
            let name = of(&["alert", "record"])?;
            Some(match text(&item["labels"]["severity"]) {
                Some(severity) => format!("{name}/{severity}"),
                None => name,
            })
        }
        "envFrom" => ["configMapRef", "secretRef"]
            .iter()
            .find_map(|kind| text(&item[*kind]["name"])),
        "subjects" => Some(format!("{} {}", text(&item["kind"])?, text(&item["name"])?)),
        "endpoints" | "podMetricsEndpoints" => of(&["port", "targetPort"]),
        _ => of(&["name"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(before: &Value, after: &Value) -> Vec<String> {
        let show = |field: Field| {
            let order = if field.reordered { " order" } else { "" };
            format!("{}{order}: {} -> {}", field.path, field.before, field.after)
        };
        fields(before, after).into_iter().map(show).collect()
    }

    #[test]
    fn items_are_found_by_their_key() {
        assert_eq!(
            shown(
                &json!({"containers": [{"name": "b", "env": [{"name": "X", "value": "1"}, {"name": "Y"}]}, {"name": "a"}]}),
                &json!({"containers": [{"name": "c"}, {"name": "b", "env": [{"name": "Y"}, {"name": "X", "value": "2"}]}]}),
            ),
            [
                "containers[b].env[X].value: \"1\" -> \"2\"",
                "containers[b].env order: [\"X\",\"Y\"] -> [\"Y\",\"X\"]",
                "containers[a]: {\"name\":\"a\"} -> null",
                "containers[c]: null -> {\"name\":\"c\"}",
            ]
        );
    }

    #[test]
    fn keys_of_mappings_and_whole_lists_are_fields() {
        assert_eq!(
            shown(
                &json!({"metadata": {}}),
                &json!({"metadata": {"labels": {"a/b.c": "d"}}})
            ),
            ["metadata.labels[a/b.c]: null -> \"d\""]
        );
        assert_eq!(
            shown(&json!({"args": ["a", "b"]}), &json!({"args": ["b"]})),
            ["args: [\"a\",\"b\"] -> [\"b\"]"]
        );
        assert_eq!(shown(&json!({"a": 1}), &json!({"a": 1})), Vec::<String>::new());
    }
}
