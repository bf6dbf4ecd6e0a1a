//! Who signs the certificates of a cluster.

use super::certificate::{Certificate, CertificateSpec, IssuerRef, OutputFormat, PrivateKey, Subject};
use crate::{
    construct::Check, context::Context, diagnostics::rules::stack::NAME, name::DnsSubdomain, workload::Labels,
};

/// Who signs the certificates of a cluster's nodes and of those who connect to it with a certificate.
///
/// Whoever can get a certificate of this issuer can be any of them, administrators too. So give each cluster an issuer of its own, and
/// let no one else use it: an `Issuer` in the namespace of the cluster, or a `ClusterIssuer` behind a policy of cert-manager.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let own = Issuer::in_namespace("kafka-ca");
/// let shared = Issuer::cluster("internal-ca");
/// let something_else = Issuer::existing_secrets();
/// # let _ = (own, shared, something_else);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Kind and name; none where something else writes the Secrets.
    resource: Option<(&'static str, String)>,
}

/// How many hours a certificate is valid.
pub(crate) const VALID_HOURS: u32 = 90 * 24;
/// How many hours before its end it is renewed.
pub(crate) const RENEWED_HOURS: u32 = 30 * 24;

/// A certificate that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The name of the `Certificate` and of its Secret.
    pub(crate) secret: String,
    pub(crate) common_name: String,
    /// `O`; none for an application, and for a REST interface.
    pub(crate) organization: Option<String>,
    /// The names that others dial; none for a client.
    pub(crate) dns_names: Vec<String>,
    /// Whether the Secret has the key and the certificate in one file too.
    pub(crate) combined: bool,
}

impl Issuer {
    /// The `ClusterIssuer` of cert-manager with this name, which all namespaces may use.
    pub fn cluster(name: impl Into<String>) -> Self {
        Self {
            resource: Some(("ClusterIssuer", name.into())),
        }
    }

    /// The `Issuer` of cert-manager with this name, in the stack's namespace.
    pub fn in_namespace(name: impl Into<String>) -> Self {
        Self {
            resource: Some(("Issuer", name.into())),
        }
    }

    /// No `Certificate` is written: the Secrets exist, or something else writes them, such as External Secrets. Their names, keys and
    /// subjects are those of `docs/security.md`.
    pub const fn existing_secrets() -> Self {
        Self { resource: None }
    }

    /// The name of cert-manager's issuer; none where something else writes the Secrets.
    pub(crate) fn name(&self) -> Option<&str> {
        self.resource.as_ref().map(|(_, name)| name.as_str())
    }

    /// Reports a name that no issuer can have.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let Some((kind, name)) = &self.resource else { return };
        if let Err(error) = DnsSubdomain::parse(name) {
            let call = match *kind {
                "ClusterIssuer" => "cluster",
                _ => "in_namespace",
            };
            check.report(&NAME, format!("issuer name {error}"), |finding| {
                finding.hint(format!("name the `{kind}` of cert-manager in `Issuer::{call}(…)`"));
            });
        }
    }

    /// What makes cert-manager write the Secret; none where something else does.
    pub(crate) fn certificate(&self, context: &Context, labels: &Labels, wanted: Request) -> Option<Certificate> {
        let (kind, name) = self.resource.clone()?;
        let usages: &[&str] = match (wanted.dns_names.is_empty(), &wanted.organization) {
            (true, _) => &["digital signature", "client auth"],
            // A node is a server, and a client of the other nodes.
            (false, Some(_)) => &["digital signature", "server auth", "client auth"],
            // Whoever has it must be no one to the brokers.
            (false, None) => &["digital signature", "server auth"],
        };
        let combined = wanted.combined.then(|| OutputFormat {
            kind: "CombinedPEM".to_owned(),
        });
        Some(Certificate {
            metadata: labels.metadata(context, wanted.secret.clone()),
            spec: CertificateSpec {
                common_name: wanted.common_name,
                additional_output_formats: combined.into_iter().collect(),
                dns_names: wanted.dns_names,
                duration: format!("{VALID_HOURS}h0m0s"),
                renew_before: format!("{RENEWED_HOURS}h0m0s"),
                issuer_ref: IssuerRef {
                    group: "cert-manager.io".to_owned(),
                    kind: kind.to_owned(),
                    name,
                },
                keystores: None,
                private_key: PrivateKey {
                    algorithm: "ECDSA".to_owned(),
                    encoding: "PKCS8".to_owned(),
                    rotation_policy: "Always".to_owned(),
                    size: 256,
                },
                secret_name: wanted.secret,
                subject: Subject {
                    organizations: wanted.organization.into_iter().collect(),
                },
                usages: usages.iter().map(|&usage| usage.to_owned()).collect(),
            },
        })
    }
}
