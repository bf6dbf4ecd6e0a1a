//! What makes cert-manager write a Secret.

use std::net::IpAddr;

use super::node::Node;

/// The Secret, the key and the names that a `Certificate` asks for.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) secret: String,
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    /// The name of its issuer.
    pub(crate) issuer: String,
    /// How the key is written; `PKCS1` by default.
    pub(crate) encoding: String,
    /// The kind of the key; `RSA` by default.
    pub(crate) algorithm: String,
    /// The subject as Java writes it, such as `CN=kafka,O=shop`. None if there is none, or if it has parts that are rare.
    pub(crate) subject: Option<String>,
    /// What it may be used for; what cert-manager writes by default if there is nothing.
    pub(crate) usages: Vec<String>,
    /// For how long it is valid, and how long before its end it is renewed, as text.
    pub(crate) duration: Option<String>,
    pub(crate) renew_before: Option<String>,
}

impl Certificate {
    pub(super) fn read(spec: &Node<'_, '_>) -> Self {
        let key = spec.get("privateKey");
        let or = |text: &str, default: &str| if text.is_empty() { default } else { text }.to_owned();
        let names = spec.get("dnsNames");
        Self {
            secret: spec.get("secretName").text().to_owned(),
            issuer: spec.get("issuerRef").get("name").text().to_owned(),
            names: names.items().map(|name| name.text().to_owned()).collect(),
            addresses: {
                let addresses = spec.get("ipAddresses");
                addresses.items().filter_map(|one| one.text().parse().ok()).collect()
            },
            encoding: or(key.get("encoding").text(), "PKCS1"),
            algorithm: or(key.get("algorithm").text(), "RSA"),
            subject: subject(spec),
            usages: spec
                .get("usages")
                .items()
                .map(|usage| usage.text().to_owned())
                .collect(),
            duration: spec.get("duration").str().map(str::to_owned),
            renew_before: spec.get("renewBefore").str().map(str::to_owned),
        }
    }

    /// Whether a client that dials this name, or this address, is satisfied.
    pub(crate) fn has(&self, name: &str) -> bool {
        if let Some(address) = ip_address(name) {
            return self.addresses.contains(&address);
        }
        // Of a name that is complete the last dot is not compared.
        let name = name.strip_suffix('.').unwrap_or(name);
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|known| {
            known.eq_ignore_ascii_case(name)
                || known
                    .strip_prefix("*.")
                    .is_some_and(|rest| parent.is_some_and(|parent| rest.eq_ignore_ascii_case(parent)))
        })
    }
}

/// The address that a host is, if it is no name.
pub(crate) fn ip_address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// The subject by RFC 2253: the parts in the order in which Go's certificates have them, from the last to the first.
fn subject(spec: &Node<'_, '_>) -> Option<String> {
    let literal = spec.get("literalSubject").text();
    if !literal.is_empty() {
        let parts: Vec<&str> = literal.split(',').map(str::trim).collect();
        return Some(parts.join(","));
    }
    let parts = spec.get("subject");
    let rare = ["streetAddresses", "postalCodes", "serialNumber"];
    if rare.iter().any(|part| parts.get(part).is_set()) {
        return None;
    }
    let mut subject = Vec::new();
    let name = spec.get("commonName").text();
    if !name.is_empty() {
        subject.push(("CN", name));
    }
    for (short, field) in [
        ("ST", "provinces"),
        ("L", "localities"),
        ("OU", "organizationalUnits"),
        ("O", "organizations"),
        ("C", "countries"),
    ] {
        let list = parts.get(field);
        let mut values = list.items();
        subject.extend(values.next().map(|value| (short, value.text())));
        if values.next().is_some() {
            return None;
        }
    }
    let plain = |(_, value): &(&str, &str)| !value.contains([',', '+', '"', '\\', '<', '>', ';', '=', '#']);
    let known = !subject.is_empty() && subject.iter().all(plain);
    let text = subject.iter().map(|(part, value)| format!("{part}={value}"));
    known.then(|| text.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_and_an_address_are_compared_as_clients_do() {
        let spec = json!({"dnsNames": ["kafka.shop.svc", "*.Brokers.shop"], "ipAddresses": ["127.0.0.1", "::1"]});
        let certificate = Certificate::read(&Node::root(&spec));
        for (name, has) in [
            ("kafka.shop.svc", true),
            ("KAFKA.shop.svc.", true),
            ("kafka-0.brokers.shop", true),
            ("a.kafka-0.brokers.shop", false),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("127.0.0.2", false),
            ("kafka", false),
        ] {
            assert_eq!(certificate.has(name), has, "{name}");
        }
    }
}
