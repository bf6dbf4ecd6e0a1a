//! What is asked of cert-manager, as far as this crate asks it.

use serde::{Deserialize, Serialize};

use crate::workload::{OperatorResource, Spec};

/// Makes cert-manager write a Secret with a key and a certificate, and renew it. It can be amended like a type of `k8s-openapi`.
pub type Certificate = OperatorResource<CertificateSpec>;

/// The specification of a [`Certificate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSpec {
    /// `CN` of the subject.
    pub common_name: String,
    /// Further forms in which the Secret has key and certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_output_formats: Vec<OutputFormat>,
    /// The names that clients may dial; none for a client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_names: Vec<String>,
    /// How long it is valid.
    pub duration: String,
    /// How long before its end it is renewed.
    pub renew_before: String,
    /// Who signs it.
    pub issuer_ref: IssuerRef,
    /// The same in other formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keystores: Option<Keystores>,
    /// Its key.
    pub private_key: PrivateKey,
    /// The Secret that is written: `tls.crt`, `tls.key` and `ca.crt`.
    pub secret_name: String,
    /// The rest of the subject.
    #[serde(default, skip_serializing_if = "Subject::is_empty")]
    pub subject: Subject,
    /// What it may be used for.
    pub usages: Vec<String>,
}

impl Spec for CertificateSpec {
    const KIND: &'static str = "Certificate";
    const PLURAL: &'static str = "certificates";
    const GROUP: &'static str = "cert-manager.io";
    const API_VERSION: &'static str = "cert-manager.io/v1";
}

/// A further form in which a Secret has key and certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFormat {
    /// `CombinedPEM`: the key and then the certificate in one file, `tls-combined.pem`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The issuer of a [`Certificate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerRef {
    /// Its API group.
    pub group: String,
    /// `Issuer` or `ClusterIssuer`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Formats in which cert-manager writes key and certificate too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keystores {
    /// `keystore.p12`, and `truststore.p12` with who signed it.
    pub pkcs12: Pkcs12Keystore,
}

impl Keystores {
    /// PKCS#12, in the form that Java 20 and later read; cert-manager writes it since 1.14.
    pub(crate) fn pkcs12(password: SecretKeyRef) -> Self {
        Self {
            pkcs12: Pkcs12Keystore {
                create: true,
                password_secret_ref: password,
                profile: "Modern2023".to_owned(),
            },
        }
    }
}

/// `keystore.p12` and `truststore.p12` in the Secret of a [`Certificate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pkcs12Keystore {
    /// Whether they are written.
    pub create: bool,
    /// Their password.
    pub password_secret_ref: SecretKeyRef,
    /// How they are encrypted. Java 20 and later do not read cert-manager's default, `LegacyRC2`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKeyRef {
    /// Of the Secret.
    pub name: String,
    /// Its key.
    pub key: String,
}

/// The key of a [`Certificate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivateKey {
    /// `ECDSA` or `RSA`: Kafka cannot read a key of the kind Ed25519.
    pub algorithm: String,
    /// `PKCS8`: Kafka cannot read cert-manager's default, PKCS#1.
    pub encoding: String,
    /// Whether a renewal makes another key.
    pub rotation_policy: String,
    /// In bits.
    pub size: u32,
}

/// The subject of a [`Certificate`] without its common name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `O`.
    #[serde(default)]
    pub organizations: Vec<String>,
}

impl Subject {
    fn is_empty(&self) -> bool {
        self.organizations.is_empty()
    }
}
