//! The addresses that something connects to.

use super::{node::Node, properties::Property};

/// A host and a port that something connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: i64,
    pub(crate) pointer: String,
    pub(crate) row: Option<u32>,
    /// Whether it is meant for controllers.
    pub(crate) controllers: bool,
}

/// Addresses that a container connects to: in its variables, its arguments and the commands that it runs.
pub(crate) fn of_container(container: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let env = container.get("env");
    for variable in env.items() {
        let value = variable.get("value");
        if let Some(text) = value.str().filter(|text| text.contains(':')) {
            let named = is_address_key(&variable.get("name").text().to_ascii_lowercase().replace('_', "."));
            let first = addresses.len();
            scan(text, named, &value, addresses);
            mark(&mut addresses[first..], variable.get("name").text());
        }
    }
    let before = addresses.len();
    for list in ["command", "args"] {
        let list = container.get(list);
        let mut named = false;
        for word in list.items() {
            let text = word.text();
            let flag = text.starts_with("--bootstrap-server")
                || text.starts_with("--kafka.server")
                || text.starts_with("--zookeeper");
            if !text.contains(':') {
                named = flag;
                continue;
            }
            if text.contains(char::is_whitespace) {
                // A script: only what follows such a flag, and what is a full name.
                let mut follows = false;
                for part in text.split_whitespace() {
                    let flag = part.starts_with("--bootstrap-server") || part.starts_with("--zookeeper");
                    scan(part, follows || flag, &word, addresses);
                    follows = flag;
                }
            } else {
                scan(text, named || flag, &word, addresses);
            }
            named = false;
        }
        let words = list.items().map(|word| word.text());
        let controllers = words.into_iter().find(|word| word.contains("bootstrap-controller"));
        mark(&mut addresses[before..], controllers.unwrap_or_default());
    }
}

/// Marks those for controllers, by the name of what has them.
fn mark(addresses: &mut [Address], name: &str) {
    let controllers = name.to_ascii_lowercase().contains("controller");
    for address in addresses {
        address.controllers |= controllers;
    }
}

/// Addresses in a setting of a property file.
pub(crate) fn of_property(property: &Property, file: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let Property { key, value, row } = property;
    // Members of a quorum have a rule of their own.
    if value.contains(':') && key != "controller.quorum.voters" && !key.starts_with("server.") {
        let first = addresses.len();
        scan(value, is_address_key(key), file, addresses);
        for address in &mut addresses[first..] {
            address.row = Some(*row);
        }
        mark(&mut addresses[first..], key);
    }
}

/// Whether a setting of this name holds addresses that are connected to.
fn is_address_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    key.ends_with("schemaregistry")
        || [
            "bootstrapservers",
            "zookeeperconnect",
            "registryurl",
            "kafkaserver",
            "kafkaservice",
            "kafkabrokers",
            "brokerconnect",
        ]
        .iter()
        .any(|part| key.contains(part))
}

/// `host:port` in a text: a full name of a Service anywhere, a short one only where an address is expected.
fn scan(text: &str, short_too: bool, place: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    for (colon, _) in text.match_indices(':') {
        let before = &text[..colon];
        let start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
            .map_or(0, |index| {
                index + before[index..].chars().next().map_or(1, char::len_utf8)
            });
        let host = &before[start..];
        let digits: String = text[colon + 1..].chars().take_while(char::is_ascii_digit).collect();
        let after = text[colon + 1 + digits.len()..].chars().next();
        // What stands before is a variable, or belongs to a longer word.
        let continued = before[..start].ends_with(['}', ')', '$', '_', '{', '@']);
        let Ok(number) = digits.parse::<i64>() else { continue };
        let full = host.split('.').nth(2) == Some("svc") || host.split('.').nth(3) == Some("svc");
        let short = short_too
            && host.starts_with(|c: char| c.is_ascii_lowercase())
            && host.split('.').count() <= 3
            && host != "localhost";
        let ends = after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != ':');
        if !continued && ends && (full || short) {
            let address = Address {
                host: host.to_owned(),
                port: number,
                pointer: place.pointer(),
                row: None,
                controllers: false,
            };
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_text() {
        let found = |text: &str, short| {
            let mut addresses = Vec::new();
            scan(text, short, &Node::root(&serde_json::Value::Null), &mut addresses);
            addresses
                .into_iter()
                .map(|address| format!("{}:{}", address.host, address.port))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("kafka:9092,b.c:1", true), ["kafka:9092", "b.c:1"]);
        assert_eq!(found("kafka:9092", false), Vec::<String>::new());
        assert_eq!(
            found("http://a.b.svc.cluster.local:8081/x", false),
            ["a.b.svc.cluster.local:8081"]
        );
        assert_eq!(found("a-0.b.c.svc:1", false), ["a-0.b.c.svc:1"]);
        assert_eq!(
            found("${env:POD_NAME}.b.c.svc:1 localhost:1 :9092 1:2 ü:3", true),
            Vec::<String>::new()
        );
    }
}
