//! Who connects to a cluster and what each of them may do, as data: issuers and certificates, permissions, quotas. This room knows no
//! component.
//!
//! | To find | Look in |
//! |---|---|
//! | who signs certificates | `issuer` |
//! | what is asked of cert-manager | `certificate` |
//! | a permission, for which only what Kafka knows can be written | the room `acl` |
//! | how much a client may use | `quota` |
//! | a client with its permissions, and the trait of what has one | `principal` |

mod certificate;
mod issuer;
mod principal;
mod quota;

pub use crate::acl::{Acl, ClusterOperation, GroupOperation, TopicOperation, TransactionalIdOperation};
pub use certificate::{Certificate, CertificateSpec, IssuerRef, PrivateKey, Subject};
pub use issuer::Issuer;
pub(crate) use issuer::{RENEWED_HOURS, Request, VALID_HOURS};
pub use principal::{Principal, Secured};
pub use quota::Quota;

/// Where the Secret of an identity is mounted, in nodes, Jobs and applications alike: `tls.crt`, `tls.key` and `ca.crt` of one with a
/// certificate, `password` and `ca.crt` of one with a password.
pub const IDENTITY_DIRECTORY: &str = "/etc/kafka-identity";
