//! The rules file of a JMX agent: which series it makes of which beans.

use serde_json::Value;

use super::{bean::Collected, pattern};
use crate::promql::MetricType;

/// What an agent exports, by its rules file.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentRules {
    pub(crate) rules: Vec<AgentRule>,
    /// Rules whose beans its lists of object names leave out, so that they export nothing.
    pub(crate) left_out: Vec<AgentRule>,
    /// Whether it also exports beans under names that no rule says: by the agent's own format.
    pub(crate) open: bool,
}

/// A rule that makes series of one name, or of one beginning.
#[derive(Clone, Debug)]
pub(crate) struct AgentRule {
    pub(crate) name: String,
    /// Whether the name is only the beginning: what follows is taken from the bean.
    pub(crate) begins: bool,
    pub(crate) metric_type: Option<MetricType>,
    /// The names of its labels; none where one of them is taken from the bean.
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) pattern: String,
    pub(crate) factor: f64,
    /// Whether its value is always the same, so that only the labels say something.
    pub(crate) constant: bool,
}

/// A pattern that Java does not compile: its place in the file as a JSON pointer, and why.
pub(crate) type BrokenPattern = (String, String);

/// Whether a file is one of an agent: it has rules with patterns or names, or only what the agent is told beside them.
pub(super) fn is_agents(document: &Value) -> bool {
    const OWN: [&str; 8] = [
        "whitelistObjectNames",
        "blacklistObjectNames",
        "includeObjectNames",
        "excludeObjectNames",
        "lowercaseOutputName",
        "lowercaseOutputLabelNames",
        "hostPort",
        "jmxUrl",
    ];
    OWN.iter().any(|key| document.get(key).is_some())
        || document["rules"].as_array().is_some_and(|rules| {
            let sound = rules
                .iter()
                .all(|rule| rule.get("pattern").is_some_and(Value::is_string));
            !rules.is_empty() && sound
        })
}

/// The rules of a file, and the patterns that Java does not compile.
pub(super) fn read(document: &Value) -> (AgentRules, Vec<BrokenPattern>) {
    let mut broken = Vec::new();
    let lower = |key: &str| document[key] == true;
    let (lower_name, lower_labels) = (lower("lowercaseOutputName"), lower("lowercaseOutputLabelNames"));
    let cased = |text: &str, lower: bool| {
        if lower {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    };
    let list = document["rules"].as_array().map_or(&[][..], Vec::as_slice);
    let mut found = AgentRules {
        // Without rules, every bean has the agent's own format.
        open: list.is_empty(),
        ..AgentRules::default()
    };
    let collected = Collected::of(document);
    for (index, rule) in list.iter().enumerate() {
        let pattern = rule["pattern"].as_str().unwrap_or_default();
        if let Some(reason) = pattern::broken(pattern) {
            broken.push((format!("/rules/{index}/pattern"), reason));
        }
        let Some(name) = rule["name"].as_str() else {
            found.open = true;
            continue;
        };
        // An empty name ends the search for one.
        if name.is_empty() {
            continue;
        }
        let labels = rule["labels"].as_object();
        let value = &rule["value"];
        let (before, begins) = name.split_once('$').map_or((name, false), |(before, _)| (before, true));
        let rules = if collected.leaves_out(pattern) {
            &mut found.left_out
        } else {
            &mut found.rules
        };
        rules.push(AgentRule {
            name: cased(before, lower_name),
            begins,
            metric_type: match rule["type"].as_str() {
                Some("COUNTER") => Some(MetricType::Counter),
                Some("GAUGE") => Some(MetricType::Gauge),
                _ => None,
            },
            labels: labels.map_or(Some(Vec::new()), |labels| {
                let names = labels.keys();
                let names = names.map(|name| (!name.contains('$')).then(|| cased(name, lower_labels)));
                names.collect()
            }),
            pattern: pattern.to_owned(),
            factor: number(&rule["valueFactor"]).unwrap_or(1.0),
            constant: number(value).is_some(),
        });
    }
    (found, broken)
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

impl AgentRule {
    /// Whether it may make series of other names than its own.
    pub(crate) fn makes_others(&self) -> bool {
        match self.metric_type {
            _ if self.begins => true,
            Some(MetricType::Counter) => !self.name.ends_with("_total"),
            Some(MetricType::Gauge) => false,
            None => true,
        }
    }

    /// Whether the series may have this name. Agents from 1.0 on add `_total` to counters; a rule without a type may make parts of a
    /// summary.
    pub(crate) fn makes(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&self.name) else {
            return false;
        };
        let endings: &[&str] = match self.metric_type {
            _ if self.begins => return true,
            Some(MetricType::Counter) => &["", "_total"],
            Some(MetricType::Gauge) => &[""],
            None => &["", "_count", "_sum", "_bucket", "_total"],
        };
        endings.contains(&rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn names_labels_and_types_are_read_as_the_agent_reads_them() {
        let file = "lowercaseOutputName: true\nrules:\n- {pattern: \"a\", name: Kafka_A, type: COUNTER, labels: {Topic: $1}}\n- pattern: b\n  name: >-\n    kafka_$1_count\n- {pattern: c, name: \"\"}\n- {pattern: \"(\", name: d}\n";
        let document = yaml::read::read(file).documents.remove(0).value;
        assert!(is_agents(&document));
        let (agent, broken) = read(&document);
        assert!(!agent.open);
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].0, "/rules/3/pattern");
        let [counter, begins, _] = &agent.rules[..] else {
            panic!("{agent:?}")
        };
        assert_eq!(counter.labels.as_deref(), Some(&["Topic".to_owned()][..]));
        assert_eq!(counter.metric_type, Some(MetricType::Counter));
        assert!(["kafka_a", "kafka_a_total"].iter().all(|name| counter.makes(name)));
        assert!(!counter.makes("kafka_ab"));
        assert!(begins.begins && begins.makes("kafka_x_count"));
        let open = yaml::read::read("rules:\n- pattern: .*\n").documents.remove(0).value;
        assert!(read(&open).0.open);
    }
}
