//! ConfigMaps and Secrets: their keys, and the settings of Kafka in their files.

use std::{collections::BTreeMap, path::Path};

use super::{
    address::{self, Address},
    agent::{self, AgentRules},
    dashboard::{self, Query},
    monitoring::{self, PrometheusRules},
    node::Node,
    password::clear_password,
    properties::{Property, is_property_file, properties},
    script,
};
use crate::yaml;

/// A ConfigMap or a Secret: its keys, and the settings in its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigData {
    pub(crate) keys: Vec<String>,
    /// What pods may take as variables: the keys of a ConfigMap that are in capitals.
    pub(crate) variables: BTreeMap<String, String>,
    /// Property files and the settings in them, each with its row.
    pub(crate) properties: Vec<(String, Vec<Property>)>,
    /// Connectors, and the settings in the JSON of each.
    pub(crate) connectors: Vec<(String, Vec<Property>)>,
    /// Files that declare topics.
    pub(crate) topics: Vec<TopicsFile>,
    /// Rules files of JMX agents.
    pub(crate) agents: Vec<AgentRules>,
    /// Dashboards of Grafana, by file.
    pub(crate) dashboards: Vec<(String, Vec<Query>)>,
    /// Files with rules of Prometheus.
    pub(crate) rules: Vec<RulesFile>,
    /// Scripts of a shell that end where a variable is missing, with the variables that they do not make themselves.
    pub(crate) scripts: Vec<(String, Vec<String>)>,
    /// Scripts of a shell in which Kafka is named, as text.
    pub(crate) shells: Vec<(String, String)>,
    /// Files with a password of a login that is no reference: the file, the row, and the name of the password.
    pub(crate) logins: Vec<(String, u32, String)>,
    /// Files that whoever reads them refuses.
    pub(crate) broken: Vec<BrokenFile>,
}

/// A file that declares topics, a line `topic key=value` for each setting.
#[derive(Clone, Debug)]
pub(crate) struct TopicsFile {
    pub(crate) file: String,
    /// The settings. Topic and key, with a blank between them, are the key here.
    pub(crate) lines: Vec<Property>,
    /// Other lines, which are no comments, and their rows.
    pub(crate) unreadable: Vec<(u32, String)>,
    /// Whether the script of our topics Job is beside it.
    pub(crate) has_script: bool,
}

/// A file with rules of Prometheus.
#[derive(Clone, Debug)]
pub(crate) struct RulesFile {
    pub(crate) file: String,
    pub(crate) rules: PrometheusRules,
    /// The row of each rule's expression.
    pub(crate) rows: Vec<u32>,
}

/// A file that cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct BrokenFile {
    pub(crate) file: String,
    pub(crate) row: u32,
    pub(crate) flaw: Flaw,
    pub(crate) reason: String,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Json,
    Yaml,
    /// A pattern of an agent's rule.
    Pattern,
}

pub(super) fn read(root: &Node<'_, '_>, addresses: &mut Vec<Address>) -> ConfigData {
    let mut config = ConfigData::default();
    for part in ["data", "binaryData", "stringData"] {
        let part = root.get(part);
        config.keys.extend(part.entries().map(|(key, _)| key.to_owned()));
    }
    let readable = root.get("kind").text() == "ConfigMap";
    let data = root.get("data");
    let has_script = data.get("topics.sh").text().contains("TOPICS_FILE");
    for (file, text) in data.entries() {
        let Some(text_of) = text.str() else { continue };
        if readable && is_variable(file) {
            config.variables.insert(file.to_owned(), text_of.to_owned());
        } else if readable {
            config.read_content(file, text_of);
        }
        if let Some(topics) = topics(file, text_of, has_script) {
            config.topics.push(topics);
        } else if is_property_file(file) {
            let settings = properties(text_of);
            for property in &settings {
                address::of_property(property, &text, addresses);
            }
            config.properties.push((file.to_owned(), settings));
        } else if readable && !is_variable(file) {
            config.logins.extend(login(file, text_of));
        }
    }
    config
}

impl ConfigData {
    /// Reads what monitoring reads: dashboards, rules of Prometheus, rules of agents.
    fn read_content(&mut self, file: &str, text: &str) {
        let is = |extension: &str| file.ends_with(extension);
        if is(".sh") {
            if text.contains("kafka-") || text.contains("kcat") {
                self.shells.push((file.to_owned(), text.to_owned()));
            }
            let needed = script::needed(text);
            if !needed.is_empty() {
                self.scripts.push((file.to_owned(), needed));
            }
        } else if is(".json") {
            if let Some(settings) = connector(text) {
                self.connectors.push((file.to_owned(), settings));
            }
            match dashboard::queries(text) {
                Ok(queries) => {
                    if !queries.is_empty() {
                        self.dashboards.push((file.to_owned(), queries));
                    }
                }
                Err(error) => {
                    let row = u32::try_from(error.line()).unwrap_or(1).saturating_sub(1);
                    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
                    // A template is filled in before it is read; a log has a document in each line; some readers take comments.
                    let several = error.to_string().starts_with("trailing characters");
                    let comments = text.lines().any(|line| line.trim_start().starts_with(['/', '#']));
                    if !is_template(line) && !several && !comments && !text.trim().is_empty() {
                        let reason = error.to_string();
                        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
                        self.broken(file, row, Flaw::Json, reason);
                    }
                }
            }
        } else if is(".yaml") || is(".yml") || is(".rules") || text.contains("pattern:") {
            self.read_yaml(file, text, is(".yaml") || is(".yml"));
        }
    }

    fn read_yaml(&mut self, file: &str, text: &str, by_name: bool) {
        let reading = yaml::read::read(text);
        if let Some(error) = reading.error {
            if by_name && !is_template(text) {
                self.broken(file, error.line.saturating_sub(1), Flaw::Yaml, error.message);
            }
            return;
        }
        let Some(document) = reading.documents.into_iter().next() else {
            return;
        };
        let row = |pointer: &str| document.lines.of(pointer).saturating_sub(1);
        if agent::is_agents(&document.value) {
            let (rules, broken) = agent::read(&document.value);
            self.agents.push(rules);
            for (pointer, reason) in broken {
                self.broken(file, row(&pointer), Flaw::Pattern, reason);
            }
        } else if document.value["groups"].is_array() {
            let rules = monitoring::rules(&Node::root(&document.value));
            let rows = rules.rules.iter().map(|rule| row(&format!("{}/expr", rule.pointer)));
            self.rules.push(RulesFile {
                file: file.to_owned(),
                rows: rows.collect(),
                rules,
            });
        }
    }

    fn broken(&mut self, file: &str, row: u32, flaw: Flaw, reason: String) {
        self.broken.push(BrokenFile {
            file: file.to_owned(),
            row,
            flaw,
            reason,
        });
    }
}

/// The password of a login that stands in a file as it is: its row, and its name.
fn login(file: &str, text: &str) -> Option<(String, u32, String)> {
    // In a file of its own a login is several lines.
    let first = text.lines().position(|line| line.contains("LoginModule"))?;
    let rows = text.lines().enumerate().skip(first);
    let mut found = rows.filter_map(|(row, line)| Some((row, clear_password(line)?)));
    let (row, name) = found.next()?;
    Some((file.to_owned(), u32::try_from(row).ok()?, name.to_owned()))
}

/// The settings of a connector, if that is what a file holds: what Connect takes to create one, or its configuration alone.
fn connector(text: &str) -> Option<Vec<Property>> {
    const CLASS: &str = "\"connector.class\"";
    if !text.contains(CLASS) {
        return None;
    }
    let read: serde_json::Value = serde_json::from_str(text).ok()?;
    let config = if read["config"].is_object() {
        &read["config"]
    } else {
        &read
    };
    config["connector.class"].as_str()?;
    // Each setting has a line of its own, unless the file is all on one.
    let row = |key: &str| {
        let key = serde_json::Value::from(key).to_string();
        text.lines().position(|line| line.contains(&key)).unwrap_or_default()
    };
    let settings = config.as_object()?.iter().filter_map(|(key, value)| {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        let row = u32::try_from(row(key)).unwrap_or_default();
        Some(Property {
            key: key.clone(),
            value,
            row,
        })
    });
    Some(settings.collect())
}

/// Whether a key is written as variables are.
fn is_variable(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The field of a file in a ConfigMap, as a JSON pointer.
pub(crate) fn field(file: &str) -> String {
    format!("/data/{}", file.replace('~', "~0").replace('/', "~1"))
}

/// Whether something fills a text in before it is read.
fn is_template(text: &str) -> bool {
    ["{{", "${", "<%", "{%", "$("].iter().any(|mark| text.contains(mark))
}

/// The topics of a file, if that is what it holds: numbers of partitions, and lines `topic key=value` alone. The script of our Job takes
/// no other file, so beside it a line of another form is a mistake.
pub(crate) fn topics(file: &str, text: &str, has_script: bool) -> Option<TopicsFile> {
    let applied = has_script && Path::new(file).extension().is_none_or(|extension| extension != "sh");
    if !(text.contains(" partitions=") || applied && file == "topics.txt") {
        return None;
    }
    let mut topics = TopicsFile {
        file: file.to_owned(),
        lines: Vec::new(),
        unreadable: Vec::new(),
        has_script,
    };
    let lines = text.lines().zip(0..).map(|(line, row)| (line.trim(), row));
    for (line, row) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        match setting(line) {
            Some((key, value)) => topics.lines.push(Property { key, value, row }),
            None if applied => topics.unreadable.push((row, line.to_owned())),
            None => return None,
        }
    }
    Some(topics)
}

/// Topic and key, and the value, of a line `topic key=value`.
fn setting(line: &str) -> Option<(String, String)> {
    let (topic, setting) = line.split_once([' ', '\t'])?;
    let (key, value) = setting.split_once('=')?;
    let key = key.trim();
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    is_key.then(|| (format!("{topic} {key}"), value.trim().to_owned()))
}
