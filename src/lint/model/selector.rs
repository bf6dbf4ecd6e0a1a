//! Labels, and the selectors that they satisfy.

use serde_json::Value;

/// The labels of a pod or an object.
pub(crate) type Labels = Vec<(String, String)>;

/// The pairs of text in a mapping.
pub(crate) fn labels(value: &Value) -> Labels {
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The labels that the StatefulSet controller adds to each pod.
pub(crate) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
pub(crate) const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The conditions of a selector, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    /// The selector of a Service: pairs.
    pub(crate) fn pairs(value: &Value) -> Self {
        Self(
            labels(value)
                .into_iter()
                .map(|(key, value)| Condition {
                    key,
                    operator: Operator::In,
                    values: vec![value],
                })
                .collect(),
        )
    }

    /// Whether a condition is about this label.
    pub(crate) fn names(&self, key: &str) -> bool {
        self.0.iter().any(|condition| condition.key == key)
    }

    /// A word that the manifest of each pod has which is selected: empty if there is none that all must have.
    pub(crate) fn word(&self) -> &str {
        let of_manifest = |condition: &&Condition| {
            condition.operator == Operator::In
                && condition.values.len() == 1
                && ![POD_NAME, POD_INDEX].contains(&condition.key.as_str())
        };
        let values = self
            .0
            .iter()
            .filter(of_manifest)
            .map(|condition| condition.values[0].as_str());
        values.max_by_key(|value| value.len()).unwrap_or_default()
    }

    /// `matchLabels` and `matchExpressions`.
    pub(crate) fn of(value: &Value) -> Self {
        let mut selector = Self::pairs(&value["matchLabels"]);
        for expression in value["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str() {
                Some("In") => Operator::In,
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                _ => continue,
            };
            let values = expression["values"].as_array().into_iter().flatten();
            selector.0.push(Condition {
                key: expression["key"].as_str().unwrap_or_default().to_owned(),
                operator,
                values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
            });
        }
        selector
    }

    /// The pairs that labels must have.
    pub(crate) fn required(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|condition| match condition.values.as_slice() {
            [value] if condition.operator == Operator::In => Some((condition.key.as_str(), value.as_str())),
            _ => None,
        })
    }

    /// Whether an operator makes what it selects: it asks for a label of one.
    pub(crate) fn is_of_operator(&self) -> bool {
        const OPERATORS: [&str; 4] = [
            "strimzi.io/",
            "operator.prometheus.io/",
            "platform.confluent.io/",
            "koperator.banzaicloud.io/",
        ];
        self.0
            .iter()
            .any(|condition| OPERATORS.iter().any(|prefix| condition.key.starts_with(prefix)))
    }

    /// The selector without the labels that the StatefulSet controller adds to each pod, and the values that it asks of these.
    pub(crate) fn without_pod_labels(&self) -> (Self, Vec<(&str, &str)>) {
        let single = |condition: &&Condition| {
            condition.operator == Operator::In
                && condition.values.len() == 1
                && matches!(condition.key.as_str(), POD_NAME | POD_INDEX)
        };
        let others = self.0.iter().filter(|condition| !single(condition)).cloned().collect();
        let own = self.0.iter().filter(single);
        (
            Self(others),
            own.map(|condition| (condition.key.as_str(), condition.values[0].as_str()))
                .collect(),
        )
    }

    /// The name or the ordinal of the only pod of a StatefulSet that is selected; none if there may be others.
    pub(crate) fn pod(&self) -> Option<&str> {
        self.required()
            .find_map(|(key, value)| [POD_NAME, POD_INDEX].contains(&key).then_some(value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The conditions as people write them.
    pub(crate) fn shown(&self) -> String {
        let shown: Vec<String> = self
            .0
            .iter()
            .map(|condition| {
                let values = condition.values.join(",");
                match condition.operator {
                    Operator::In => format!("{}={values}", condition.key),
                    Operator::NotIn => format!("{}!={values}", condition.key),
                    Operator::Exists => condition.key.clone(),
                    Operator::DoesNotExist => format!("!{}", condition.key),
                }
            })
            .collect();
        shown.join(", ")
    }
}

/// Whether labels satisfy a selector of plain pairs and expressions (`matchLabels`, `matchExpressions`). One without any
/// condition selects everything.
pub(crate) fn selects(selector: &Selector, labels: &Labels) -> bool {
    selector.0.iter().all(|condition| {
        let value = labels
            .iter()
            .find(|(key, _)| *key == condition.key)
            .map(|(_, value)| value);
        match condition.operator {
            Operator::In => value.is_some_and(|value| condition.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !condition.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_matches_if_all_its_conditions_match() {
        let selector = Selector::of(&json!({
            "matchLabels": { "app": "kafka" },
            "matchExpressions": [
                { "key": "tier", "operator": "In", "values": ["a", "b"] },
                { "key": "gone", "operator": "DoesNotExist" },
                { "key": "zone", "operator": "Exists" },
                { "key": "zone", "operator": "NotIn", "values": ["z"] },
            ],
        }));
        let labels = |extra: &str| labels(&json!({ "app": "kafka", "tier": "b", "zone": "y", extra: "x" }));
        assert!(selects(&selector, &labels("more")));
        for broken in ["gone", "app", "tier"] {
            assert!(!selects(&selector, &labels(broken)), "{broken}");
        }
        assert_eq!(selector.shown(), "app=kafka, tier=a,b, !gone, zone, zone!=z");
    }
}
