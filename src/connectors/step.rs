//! What a connector does with each record on its way: converters, transforms and predicates.

use crate::{registry::SchemaRegistryHandle, security::RestClient};

/// How keys or values are converted between Connect's data and bytes.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let registry = SchemaRegistry::external("https://schemas.example.com");
/// let converters = [Converter::avro(&registry), Converter::json(), Converter::string()];
/// # let _ = converters;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Converter {
    pub(super) class: String,
    pub(super) settings: Vec<(String, String)>,
    /// How it gets into its registry, if that is closed.
    pub(super) registry: Option<RestClient>,
}

impl Converter {
    /// A converter by its class, without settings.
    pub fn new(class: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            settings: Vec::new(),
            registry: None,
        }
    }

    /// Avro, with its schemas in this registry. Confluent's images have it. The files for a registry that is closed are mounted for the workers by
    /// [`Connect::avro`](crate::connect::Connect::avro).
    pub fn avro(registry: &SchemaRegistryHandle) -> Self {
        let mut avro =
            Self::new("io.confluent.connect.avro.AvroConverter").config("schema.registry.url", registry.url());
        avro.registry = registry.rest().cloned();
        let login = registry.rest().map_or_else(Vec::new, RestClient::of_serializers);
        login
            .into_iter()
            .fold(avro, |avro, (key, value)| avro.config(key, value))
    }

    /// JSON without schemas: Connect's data are then maps, which a sink into a database cannot write.
    pub fn json() -> Self {
        Self::new("org.apache.kafka.connect.json.JsonConverter").config("schemas.enable", false)
    }

    /// JSON with the schema in each record.
    pub fn json_with_schemas() -> Self {
        Self::new("org.apache.kafka.connect.json.JsonConverter").config("schemas.enable", true)
    }

    /// Text.
    pub fn string() -> Self {
        Self::new("org.apache.kafka.connect.storage.StringConverter")
    }

    /// Bytes as they are.
    pub fn bytes() -> Self {
        Self::new("org.apache.kafka.connect.converters.ByteArrayConverter")
    }

    /// A setting of the converter, without the prefix `key.converter.`.
    #[expect(clippy::needless_pass_by_value, reason = "as `Connector::config` takes it")]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((key.into(), value.to_string()));
        self
    }
}

/// A change of each record, by a class: one step of several, which run in the order in which they are declared.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mask = Transform::new("mask", "org.apache.kafka.connect.transforms.MaskField$Value").config("fields", "card_number");
/// let drop = Transform::new("drop", "org.apache.kafka.connect.transforms.Filter").when(Predicate::new(
///     "deleted",
///     "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
/// ));
/// # let _ = (mask, drop);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Transform {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) settings: Vec<(String, String)>,
    /// And whether it applies to the records that do not fulfil it.
    pub(super) predicate: Option<(Predicate, bool)>,
}

impl Transform {
    /// A transform of this name and class.
    pub fn new(name: impl Into<String>, class: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            class: class.into(),
            settings: Vec::new(),
            predicate: None,
        }
    }

    /// A setting of the transform, without the prefix `transforms.NAME.`.
    #[expect(clippy::needless_pass_by_value, reason = "as `Connector::config` takes it")]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((key.into(), value.to_string()));
        self
    }

    /// Only records that fulfil this are changed.
    pub fn when(mut self, predicate: Predicate) -> Self {
        self.predicate = Some((predicate, false));
        self
    }

    /// Only records that do not fulfil this are changed.
    pub fn unless(mut self, predicate: Predicate) -> Self {
        self.predicate = Some((predicate, true));
        self
    }
}

/// A question that is asked of each record, by a class. Transforms that give the same one share it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Predicate {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) settings: Vec<(String, String)>,
}

impl Predicate {
    /// A predicate of this name and class.
    pub fn new(name: impl Into<String>, class: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            class: class.into(),
            settings: Vec::new(),
        }
    }

    /// A setting of the predicate, without the prefix `predicates.NAME.`.
    #[expect(clippy::needless_pass_by_value, reason = "as `Connector::config` takes it")]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((key.into(), value.to_string()));
        self
    }
}
