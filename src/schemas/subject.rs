//! Subjects, and the files that their versions are in.

use super::{
    avro, json,
    json::{Node, Position},
    others,
};
use crate::{diagnostics::Location, kafka::TopicHandle, registry::Compatibility};

/// The language of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Avro,
    Json,
    Protobuf,
}

impl Format {
    /// As the registry calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        }
    }

    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Avro => "avsc",
            Self::Json => "json",
            Self::Protobuf => "proto",
        }
    }
}

/// A version of a schema: the text of a file.
///
/// [`include_schema!`](crate::include_schema) reads one from a file beside the stack, and its findings then name the file and the
/// line. A text is a schema of Avro.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Schema {
    pub(super) format: Format,
    pub(super) text: String,
    /// The path of the file, if the text is that of one.
    file: Option<String>,
    pub(super) references: Vec<Reference>,
}

/// A type of another subject that a schema uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// By which the schema knows it; the full name of the other schema's type if not said.
    pub(super) name: Option<String>,
    pub(super) subject: String,
    /// From 1 on, in the order of the subject.
    pub(super) version: usize,
}

impl Schema {
    /// A schema of Avro.
    pub fn avro(text: impl Into<String>) -> Self {
        Self::new(Format::Avro, &text.into())
    }

    /// A JSON Schema. Whether its versions are compatible is left to the registry.
    pub fn json(text: impl Into<String>) -> Self {
        Self::new(Format::Json, &text.into())
    }

    /// A file of Protobuf. Whether its versions are compatible is left to the registry.
    pub fn protobuf(text: impl Into<String>) -> Self {
        Self::new(Format::Protobuf, &text.into())
    }

    fn new(format: Format, text: &str) -> Self {
        Self {
            format,
            // A checkout on Windows must not make another schema.
            text: text.replace("\r\n", "\n"),
            file: None,
            references: Vec::new(),
        }
    }

    /// The text of the file at `path`, which is relative to the folder of `source`, a source file: what
    /// [`include_schema!`](crate::include_schema) calls. A file that ends in `.json` is a JSON Schema, one in `.proto` is of
    /// Protobuf, and any other of Avro.
    pub fn of_file(source: &str, path: &str, text: &str) -> Self {
        let format = match path.rsplit('.').next() {
            Some("json") => Format::Json,
            Some("proto") => Format::Protobuf,
            _ => Format::Avro,
        };
        let source = source.replace('\\', "/");
        let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = Vec::new();
        for part in folder.split('/').chain(path.split('/')) {
            match (part, parts.last()) {
                ("" | ".", _) => {}
                ("..", Some(last)) if *last != ".." => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        Self {
            file: Some(parts.join("/")),
            ..Self::new(format, text)
        }
    }

    /// Uses the type of another subject's version, which is registered first. The version is counted from 1 on, in the order of
    /// that subject. Avro finds the type by its full name.
    pub fn reference(mut self, subject: &Subject, version: usize) -> Self {
        self.references.push(Reference {
            name: None,
            subject: subject.name(),
            version,
        });
        self
    }

    /// The same, under the name by which this schema imports the other: a path in Protobuf, a `$ref` in JSON Schema.
    pub fn reference_as(mut self, name: impl Into<String>, subject: &Subject, version: usize) -> Self {
        self.references.push(Reference {
            name: Some(name.into()),
            subject: subject.name(),
            version,
        });
        self
    }

    /// Where a position in the text is: a line of the file, or else the line of the stack.
    pub(super) fn location(&self, at: Position, stack: Location) -> Location {
        match &self.file {
            Some(file) => Location::new(file, at.line).with_column(at.column),
            None => stack,
        }
    }

    /// A message about a position: it names the line if the location does not.
    pub(super) fn message(&self, at: Position, message: &str) -> String {
        match self.file {
            Some(_) => message.to_owned(),
            None => format!("{message} ({at} of the schema)"),
        }
    }

    /// The line of a position, to show it.
    pub(super) fn line(&self, at: Position) -> String {
        let number = usize::try_from(at.line).unwrap_or(usize::MAX);
        self.text
            .lines()
            .nth(number.saturating_sub(1))
            .unwrap_or_default()
            .to_owned()
    }

    /// The full name of its outermost type, as far as it can be read.
    fn root_name(&self) -> Option<String> {
        match self.format {
            Format::Avro => avro::root_name(&json::read(&self.text).ok()?),
            Format::Json => others::title(&json::read(&self.text).ok()?),
            Format::Protobuf => others::first_message(&self.text),
        }
    }

    /// Its JSON, if it is a schema of JSON.
    pub(super) fn node(&self) -> Result<Node, json::Mistake> {
        json::read(&self.text)
    }
}

impl From<&str> for Schema {
    fn from(text: &str) -> Self {
        Self::avro(text)
    }
}

/// A schema in a file beside the source file that names it: `include_schema!("schemas/call-event/v1.avsc")`.
///
/// It is a macro because the text becomes part of the binary, as with `include_str!`, and no function can know the path of the
/// file that calls it, which findings name.
#[macro_export]
macro_rules! include_schema {
    ($path:literal) => {
        $crate::schemas::Schema::of_file(file!(), $path, include_str!($path))
    };
}

/// What a subject is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// `<topic>-key`.
    Key,
    /// `<topic>-value`.
    Value,
    /// The full name of the record.
    Record,
    /// `<topic>-<full name of the record>`.
    TopicRecord,
}

impl Naming {
    /// The strategy of serializers that looks for it.
    pub(super) const fn strategy(self) -> &'static str {
        match self {
            Self::Key | Self::Value => "TopicNameStrategy",
            Self::Record => "RecordNameStrategy",
            Self::TopicRecord => "TopicRecordNameStrategy",
        }
    }
}

/// The versions of a schema, in order, under the name that serializers look for.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// # let mut stack = Stack::new("example", "kafka");
/// # let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
/// # let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
/// let first = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}"#;
/// let second = r#"{"type": "record", "name": "Order", "fields": [
///   {"name": "id", "type": "string"}, {"name": "note", "type": "string", "default": ""}
/// ]}"#;
/// let orders = Subject::value(&topics.topic("orders"), first).version(second);
/// assert_eq!(orders.name(), "orders-value");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Subject {
    pub(super) naming: Naming,
    pub(super) topics: Vec<TopicHandle>,
    pub(super) versions: Vec<Schema>,
    pub(super) compatibility: Option<Compatibility>,
    pub(super) location: Location,
}

impl Subject {
    /// The values of a topic: `<topic>-value`, which serializers look for unless they are told otherwise.
    #[track_caller]
    pub fn value(topic: &TopicHandle, schema: impl Into<Schema>) -> Self {
        Self::new(Naming::Value, vec![topic.clone()], schema.into())
    }

    /// The keys of a topic: `<topic>-key`.
    #[track_caller]
    pub fn key(topic: &TopicHandle, schema: impl Into<Schema>) -> Self {
        Self::new(Naming::Key, vec![topic.clone()], schema.into())
    }

    /// A record under its full name, on this topic and on those of [`Subject::on`]: for producers with `RecordNameStrategy`. With
    /// it, a topic has records of several types, and a record has one list of versions whatever topic it is on.
    #[track_caller]
    pub fn record(topic: &TopicHandle, schema: impl Into<Schema>) -> Self {
        Self::new(Naming::Record, vec![topic.clone()], schema.into())
    }

    /// A record of this topic under `<topic>-<full name>`: for producers with `TopicRecordNameStrategy`.
    #[track_caller]
    pub fn topic_record(topic: &TopicHandle, schema: impl Into<Schema>) -> Self {
        Self::new(Naming::TopicRecord, vec![topic.clone()], schema.into())
    }

    /// A type that other schemas refer to, under its full name.
    #[track_caller]
    pub fn shared(schema: impl Into<Schema>) -> Self {
        Self::new(Naming::Record, Vec::new(), schema.into())
    }

    #[track_caller]
    fn new(naming: Naming, topics: Vec<TopicHandle>, schema: Schema) -> Self {
        Self {
            naming,
            topics,
            versions: vec![schema],
            compatibility: None,
            location: Location::caller(),
        }
    }

    /// The next version. A version that was registered is never changed: every change is another one.
    pub fn version(mut self, schema: impl Into<Schema>) -> Self {
        self.versions.push(schema.into());
        self
    }

    /// A further topic that has these records, for [`Subject::record`].
    pub fn on(mut self, topic: &TopicHandle) -> Self {
        self.topics.push(topic.clone());
        self
    }

    /// The level of this subject, if it is not that of the registry.
    pub const fn compatibility(mut self, level: Compatibility) -> Self {
        self.compatibility = Some(level);
        self
    }

    /// The subject's name in the registry. A record that cannot be read has none.
    pub fn name(&self) -> String {
        let topic = self.topics.first().map(TopicHandle::name).unwrap_or_default();
        let record = || self.versions.first().and_then(Schema::root_name).unwrap_or_default();
        match self.naming {
            Naming::Key => format!("{topic}-key"),
            Naming::Value => format!("{topic}-value"),
            Naming::Record => record(),
            Naming::TopicRecord => match record() {
                name if name.is_empty() => name,
                name => format!("{topic}-{name}"),
            },
        }
    }

    /// The full name of the type in its first version.
    pub(super) fn record_name(&self) -> Option<String> {
        self.versions.first().and_then(Schema::root_name)
    }
}
