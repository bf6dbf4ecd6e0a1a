//! Certificates that the alerts on certificates watch.

/// A `Certificate` of cert-manager in the stack's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The name of the `Certificate`.
    pub(crate) name: String,
    /// The name of its `Issuer` or `ClusterIssuer`.
    pub(crate) issuer: String,
}

impl Issued {
    /// The `Certificate` with this name, of the issuer with this name.
    pub fn new(name: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            issuer: issuer.into(),
        }
    }

    /// The one with this name and this issuer, if there is one.
    pub(crate) fn of(issued: Option<(String, &str)>) -> Vec<Self> {
        issued
            .into_iter()
            .map(|(name, issuer)| Self::new(name, issuer))
            .collect()
    }
}
