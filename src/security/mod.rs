//! Who connects to a cluster and what each of them may do, as data: issuers and certificates, permissions, quotas. This room knows no
//! component.
//!
//! | To find | Look in |
//! |---|---|
//! | who signs certificates | `issuer` |
//! | what is asked of cert-manager | `certificate` |
//! | a permission, for which only what Kafka knows can be written | the room `acl` |
//! | how much a client may use | `quota` |
//! | how a REST interface is closed | `rest` |
//! | a client with its permissions, and the trait of what has one | `principal` |

mod certificate;
mod issuer;
mod principal;
mod quota;
mod rest;

pub use crate::acl::{Acl, ClusterOperation, GroupOperation, TopicOperation, TransactionalIdOperation};
pub use certificate::{
    Certificate, CertificateSpec, IssuerRef, Keystores, OutputFormat, Pkcs12Keystore, PrivateKey, SecretKeyRef, Subject,
};
pub use issuer::Issuer;
pub(crate) use issuer::{RENEWED_HOURS, Request, VALID_HOURS};
pub use principal::{Principal, Secured, Shows};
pub use quota::Quota;
pub use rest::Rest;
pub(crate) use rest::{RestClient, RestServer};

/// Where the Secret of an identity is mounted, in nodes, Jobs and applications alike: `tls.crt`, `tls.key` and `ca.crt` of one with a
/// certificate, `password` and `ca.crt` of one with a password,
/// `client-id`, `client-secret` and `ca.crt` of one with a token.
pub const IDENTITY_DIRECTORY: &str = "/etc/kafka-identity";
/// The file of such a Secret with the key and the certificate, for what reads both from one file: ZooKeeper and its clients.
pub(crate) const COMBINED_FILE: &str = "tls-combined.pem";
