//! The listeners of a node.

use std::collections::{BTreeMap, BTreeSet};

use super::process::{Process, list};

/// A listener of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) port: String,
    /// The address that others are told; none for a listener of controllers.
    pub(super) advertised: Option<String>,
    pub(super) protocol: String,
    pub(super) of_controllers: bool,
    pub(super) between_brokers: bool,
}

/// The listeners of a node, by name.
pub(super) fn listeners(process: &Process<'_>) -> BTreeMap<String, Listener> {
    let entries = |key: &str| -> Vec<(String, String)> {
        let entries = list(process.get(key).unwrap_or_default()).filter_map(|entry| entry.split_once("://"));
        entries
            .map(|(name, address)| (name.to_ascii_uppercase(), address.to_owned()))
            .collect()
    };
    let own = entries("listeners");
    let advertised: BTreeMap<String, String> = entries("advertised.listeners").into_iter().collect();
    let protocols: BTreeMap<String, &str> = list(process.get("listener.security.protocol.map").unwrap_or_default())
        .filter_map(|entry| entry.split_once(':'))
        .map(|(name, protocol)| (name.to_ascii_uppercase(), protocol))
        .collect();
    let of_controllers = process.get("controller.listener.names").unwrap_or_default();
    let of_controllers: BTreeSet<String> = list(of_controllers).map(str::to_ascii_uppercase).collect();
    let between = inter_broker(process);
    own.into_iter()
        .map(|(name, address)| {
            let listener = Listener {
                port: address.rsplit(':').next().unwrap_or_default().to_owned(),
                advertised: advertised.get(&name).cloned(),
                protocol: protocols
                    .get(&name)
                    .map_or(name.as_str(), |protocol| protocol)
                    .to_owned(),
                of_controllers: of_controllers.contains(&name),
                between_brokers: between == name,
                name: name.clone(),
            };
            (name, listener)
        })
        .collect()
}

/// The protocol by which a node connects to controllers: that of the first of their listeners.
pub(super) fn protocol_to_controllers(process: &Process<'_>) -> Option<String> {
    let name = list(process.get("controller.listener.names")?)
        .next()?
        .to_ascii_uppercase();
    let mut entries = list(process.get("listener.security.protocol.map")?).filter_map(|entry| entry.split_once(':'));
    let (_, protocol) = entries.find(|(entry, _)| entry.eq_ignore_ascii_case(&name))?;
    Some(protocol.to_owned())
}

/// The listener that brokers use between them.
pub(super) fn inter_broker(process: &Process<'_>) -> String {
    let name = process
        .get("inter.broker.listener.name")
        .or(process.get("security.inter.broker.protocol"));
    name.unwrap_or("PLAINTEXT").to_ascii_uppercase()
}
