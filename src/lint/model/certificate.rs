//! What makes cert-manager write a Secret.

use super::node::Node;

/// The Secret, the key and the names that a `Certificate` asks for.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) secret: String,
    names: Vec<String>,
    /// The name of its issuer.
    pub(crate) issuer: String,
    /// How the key is written; `PKCS1` by default.
    pub(crate) encoding: String,
    /// The kind of the key; `RSA` by default.
    pub(crate) algorithm: String,
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
            encoding: or(key.get("encoding").text(), "PKCS1"),
            algorithm: or(key.get("algorithm").text(), "RSA"),
        }
    }

    /// Whether a client that dials this name is satisfied.
    pub(crate) fn has(&self, name: &str) -> bool {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|known| {
            known.eq_ignore_ascii_case(name) || known.strip_prefix("*.").is_some_and(|rest| Some(rest) == parent)
        })
    }
}
