//! Schemas of records: read and judged before anything is registered, and a Job that registers them.
//!
//! A [`Subject`] is the list of versions of one schema, under the name that serializers look for. [`Schemas`] registers subjects in a
//! registry and sets their compatibility levels. Avro is judged entirely: names, defaults, logical types, and whether each version is
//! compatible with those before it, by the rules of the real registries.

mod avro;
mod construct;
mod json;
mod others;
mod read;
mod render;
mod subject;

pub use construct::{Schemas, SchemasHandle};
pub(crate) use subject::Format;
pub use subject::{Schema, Subject};
