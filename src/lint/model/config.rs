//! ConfigMaps and Secrets: their keys, and the settings of Kafka in their files.

use super::{
    address::{self, Address},
    monitoring,
    node::Node,
    properties::{Property, properties},
};

/// A ConfigMap or a Secret: its keys, and the settings in its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigData {
    pub(crate) keys: Vec<String>,
    /// Property files and the settings in them, each with its row.
    pub(crate) properties: Vec<(String, Vec<Property>)>,
    /// Files that declare topics, a line `topic key=value` for each setting: topic and key are the key here.
    pub(crate) topics: Vec<(String, Vec<Property>)>,
    pub(crate) metrics: Vec<String>,
}

pub(super) fn read(root: &Node<'_, '_>, addresses: &mut Vec<Address>) -> ConfigData {
    let mut config = ConfigData::default();
    for part in ["data", "binaryData", "stringData"] {
        let part = root.get(part);
        config.keys.extend(part.entries().map(|(key, _)| key.to_owned()));
    }
    let data = root.get("data");
    for (file, text) in data.entries() {
        let Some(text_of) = text.str() else { continue };
        if file.ends_with(".properties") {
            let settings = properties(text_of);
            for property in &settings {
                address::of_property(property, &text, addresses);
            }
            config.properties.push((file.to_owned(), settings));
        } else if text_of.contains("pattern:") {
            config.metrics.extend(monitoring::agent_metrics(text_of));
        } else if let Some(topics) = topics(text_of) {
            config.topics.push((file.to_owned(), topics));
        }
    }
    config
}

/// The settings of declared topics, if that is what a file holds: lines `topic key=value`, among them numbers of partitions.
fn topics(text: &str) -> Option<Vec<Property>> {
    if !text.contains(" partitions=") {
        return None;
    }
    let lines = text.lines().zip(0..);
    let lines = lines.filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let settings = lines.map(|(line, row)| {
        let (topic, setting) = line.split_once(' ')?;
        let (key, value) = setting.split_once('=')?;
        let setting = !key.is_empty() && !key.contains(char::is_whitespace);
        setting.then(|| Property {
            key: format!("{topic} {key}"),
            value: value.to_owned(),
            row,
        })
    });
    settings.collect()
}
