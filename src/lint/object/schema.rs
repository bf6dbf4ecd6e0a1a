//! Fields that do not exist and values of another type: an object is read as the Kubernetes type of its kind and written
//! again, and what is lost on the way does not exist. Objects that a Rust type made need none of it.

use crate::diagnostics::{Severity::Error, family::rules};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::{CronJob, Job},
    core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostics, Mend};

rules! { rules::api;
    /// A field that does not exist, or has another type.
    pub const SCHEMA: Rule = Rule {
        id: "KS-A05",
        production: Error,
        development: Error,
        summary: "a field that does not exist, or a value of another type",
        explanation: "A field that the kind does not have is refused by kubectl's strict validation, and silently \
            dropped by clients without it: what it was meant to set stays at its default. A value of another type, \
            such as a number or a boolean where a text is expected, is always rejected.",
        source: "Kubernetes API reference, field validation",
    };
}

/// Where a schema may be broken many times, the first are enough.
const MOST: usize = 20;

/// What the schema of its kind says about an object; nothing for kinds that are not known here.
pub fn schema(body: &Value) -> Diagnostics {
    let api_version = body["apiVersion"].as_str().unwrap_or_default();
    let again = match (api_version, body["kind"].as_str().unwrap_or_default()) {
        ("v1", "Namespace") => again::<Namespace>,
        ("v1", "ServiceAccount") => again::<ServiceAccount>,
        ("v1", "ConfigMap") => again::<ConfigMap>,
        ("v1", "Secret") => again::<Secret>,
        ("v1", "Service") => again::<Service>,
        ("v1", "Pod") => again::<Pod>,
        ("v1", "PersistentVolumeClaim") => again::<PersistentVolumeClaim>,
        ("apps/v1", "StatefulSet") => again::<StatefulSet>,
        ("apps/v1", "Deployment") => again::<Deployment>,
        ("apps/v1", "DaemonSet") => again::<DaemonSet>,
        ("apps/v1", "ReplicaSet") => again::<ReplicaSet>,
        ("batch/v1", "Job") => again::<Job>,
        ("batch/v1", "CronJob") => again::<CronJob>,
        ("networking.k8s.io/v1", "NetworkPolicy") => again::<NetworkPolicy>,
        ("policy/v1", "PodDisruptionBudget") => again::<PodDisruptionBudget>,
        _ => return Diagnostics::default(),
    };
    // What a Secret holds is never shown.
    let secret = body["kind"] == "Secret";
    let mut findings = Diagnostics::default();
    let mut body = body.clone();
    // Amounts are texts here, and numbers are fine to the API server; so is null, which stands for nothing.
    normalize(&mut body, "");
    while findings.len() < MOST {
        match again(&body) {
            Ok(kept) => {
                lost(&body, &kept, &mut String::new(), &mut findings);
                break;
            }
            Err(error) => {
                let pointer = culprit(&body, again);
                let Some(value) = body.pointer(&pointer).filter(|_| !pointer.is_empty()) else {
                    findings.in_field("", &SCHEMA, error);
                    break;
                };
                let finding = findings.in_field(
                    pointer.as_str(),
                    &SCHEMA,
                    format!("`{}` is {}: {}", path(&pointer), shown(value, secret), plain(&error)),
                );
                if (value.is_number() || value.is_boolean()) && error.contains("expected a string") {
                    // `yes` is read as `true`, and is meant as it is written.
                    finding.mend(Mend::quote());
                    finding.hint(if secret || value.is_boolean() {
                        "put it in quotes".to_owned()
                    } else {
                        format!("put it in quotes: `\"{value}\"`")
                    });
                } else if let Some(meant) = meant(value, &error) {
                    finding
                        .hint(format!("write `{meant}`, without quotes"))
                        .mend(Mend::set(meant));
                }
                leave_out(&mut body, &pointer);
            }
        }
    }
    findings
}

type Again = fn(&Value) -> Result<Value, String>;

fn again<T: DeserializeOwned + Serialize>(body: &Value) -> Result<Value, String> {
    let typed = T::deserialize(body).map_err(|error| error.to_string())?;
    serde_json::to_value(&typed).map_err(|error| error.to_string())
}

/// The first and smallest part of an object that its type cannot hold. What comes after it is left out on the way down, so that a
/// second mistake does not hide the first.
fn culprit(body: &Value, again: Again) -> String {
    let mut body = body.clone();
    let mut pointer = String::new();
    loop {
        let keys: Vec<String> = match body.pointer(&pointer) {
            Some(Value::Object(map)) => map
                .keys()
                .filter(|key| !pointer.is_empty() || !matches!(key.as_str(), "apiVersion" | "kind"))
                .map(|key| key.replace('~', "~0").replace('/', "~1"))
                .collect(),
            Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => return pointer,
        };
        let until = |key: &str| {
            let mut part = body.clone();
            keep_until(&mut part, &pointer, key);
            part
        };
        // Whatever holds the first mistake is wrong, and so is all that holds more.
        let (mut sound, mut wrong) = (0, keys.len());
        while sound < wrong {
            let middle = usize::midpoint(sound, wrong);
            if again(&until(&keys[middle])).is_err() {
                wrong = middle;
            } else {
                sound = middle + 1;
            }
        }
        let Some(key) = keys.get(wrong) else {
            return pointer;
        };
        let part = until(key);
        // What is wrong even without its parts is wrong itself.
        let mut bare = part.clone();
        let inner = format!("{pointer}/{key}");
        match bare.pointer_mut(&inner) {
            Some(Value::Object(map)) => map.clear(),
            Some(Value::Array(items)) => items.clear(),
            _ => return inner,
        }
        if again(&bare).is_err() {
            return inner;
        }
        (body, pointer) = (part, inner);
    }
}

/// Leaves out what comes after one key of a mapping or a list. The two fields that say what the object is stay.
fn keep_until(body: &mut Value, pointer: &str, last: &str) {
    match body.pointer_mut(pointer) {
        Some(Value::Object(map)) => {
            let mut seen = false;
            let kept: Map<String, Value> = std::mem::take(map)
                .into_iter()
                .filter(|(key, _)| {
                    let keep = !seen || pointer.is_empty() && matches!(key.as_str(), "apiVersion" | "kind");
                    seen |= key.replace('~', "~0").replace('/', "~1") == last;
                    keep
                })
                .collect();
            *map = kept;
        }
        Some(Value::Array(items)) => items.truncate(last.parse::<usize>().map_or(0, |index| index + 1)),
        _ => {}
    }
}

/// Fields that did not survive. The pointer is as it was when this returns.
fn lost(before: &Value, after: &Value, pointer: &mut String, findings: &mut Diagnostics) {
    let parent = pointer.len();
    match (before, after) {
        (Value::Object(before), _) => {
            for (key, value) in before {
                if is_empty(value) || findings.len() >= MOST {
                    continue;
                }
                pointer.truncate(parent);
                pointer.push('/');
                if key.contains(['~', '/']) {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                } else {
                    pointer.push_str(key);
                }
                if let Some(after) = after.get(key) {
                    lost(value, after, pointer, findings);
                    continue;
                }
                let message = format!("unknown field `{}`", path(pointer));
                let finding = findings.in_field(pointer.as_str(), &SCHEMA, message);
                let known = after.as_object().into_iter().flatten();
                if let Some((near, _)) = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
                    finding.hint(format!("write `{near}`"));
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                pointer.truncate(parent);
                pointer.push('/');
                pointer.push_str(&index.to_string());
                lost(before, after, pointer, findings);
            }
        }
        _ => {}
    }
    pointer.truncate(parent);
}

/// What a type leaves out when it is written: nothing is lost with it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty) && map.is_empty(),
        _ => false,
    }
}

/// Leaves out a value that was told, or the list that it is in.
fn leave_out(body: &mut Value, pointer: &str) {
    let mut pointer = pointer;
    while let Some((parent, last)) = pointer.rsplit_once('/') {
        if let Some(Value::Object(map)) = body.pointer_mut(parent) {
            map.remove(&last.replace("~1", "/").replace("~0", "~"));
            return;
        }
        pointer = parent;
    }
}

/// Turns numbers into texts where an amount stands, and leaves out what is null.
fn normalize(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            for (inner, value) in map {
                if matches!(key, "limits" | "requests" | "capacity") || inner == "sizeLimit" {
                    if let Value::Number(number) = value {
                        *value = Value::String(number.to_string());
                    }
                } else {
                    normalize(value, inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, "")),
        _ => {}
    }
}

/// A pointer as people write it.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.parse::<usize>().is_ok() || part.contains(['.', '/']) {
            path += &format!("[{part}]");
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path += &part;
        }
    }
    path
}

fn shown(value: &Value, secret: bool) -> String {
    match value {
        Value::Object(_) => "a mapping".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        _ if secret => "a value".to_owned(),
        Value::String(text) => format!("the text {text:?}"),
        other => format!("`{other}`"),
    }
}

/// What a text in quotes stands for where the API expects no text.
fn meant(value: &Value, error: &str) -> Option<Value> {
    let text = value.as_str()?;
    let (_, expected) = error.split_once("expected ")?;
    match (expected, text) {
        ("a boolean", "true" | "false") => Some(Value::from(text == "true")),
        ("i32" | "i64" | "u16" | "u32", _) => text.parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

/// What the reader expected, without what it found.
fn plain(error: &str) -> String {
    match error.split_once("expected ") {
        Some((_, "i32" | "i64" | "u16" | "u32")) => "the API expects a whole number".to_owned(),
        Some((_, expected)) => format!("the API expects {expected}"),
        // The one type that is more than its JSON is that of binary data.
        None => "the API expects base64".to_owned(),
    }
}
