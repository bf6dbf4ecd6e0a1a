//! ConfigMaps and Secrets: their keys, and the settings of Kafka in their files.

use super::{
    address::{self, Address},
    monitoring,
    node::Node,
    settings::{self, Property},
};

/// A ConfigMap or a Secret: its keys, and the settings of property files that belong to Kafka.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigData {
    pub(crate) keys: Vec<String>,
    /// Files and the settings in them, each with its row.
    pub(crate) properties: Vec<(String, Vec<Property>)>,
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
            let settings = settings::properties(text_of);
            for property in &settings {
                address::of_property(property, &text, addresses);
            }
            let kept: Vec<_> = settings
                .into_iter()
                .filter(|property| settings::is_judged(&property.key))
                .collect();
            if !kept.is_empty() {
                config.properties.push((file.to_owned(), kept));
            }
        } else if text_of.contains("pattern:") {
            config.metrics.extend(monitoring::agent_metrics(text_of));
        }
    }
    config
}
