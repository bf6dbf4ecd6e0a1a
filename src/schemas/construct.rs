//! The construct: subjects of a registry, and what is wrong with them.

use std::collections::BTreeMap;

use super::{
    json::Position,
    others,
    read::{Found, Reading},
    subject::{Format, Naming, Subject},
};
use crate::{
    construct::{Check, Claim, Construct, Meta},
    context::Context,
    diagnostics::rules::schema,
    handbook::{Chapter, code},
    kafka::TopicHandle,
    manifest::Object,
    registry::{Compatibility, SchemaRegistryHandle},
    workload::{PodOptions, Pods},
};

/// The subjects of a registry, declared in one place.
///
/// When the declaration changes, a Job registers what is missing and sets levels. A version that is registered is never
/// changed, and nothing is deleted. The Job stops at what the registry refuses and prints its words.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// let topics =
///     stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 12, Cleanup::delete_after(7.days()))));
/// let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
/// let order = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}"#;
/// stack.add(
///     Schemas::new("schemas", &registry)
///         .subject(Subject::value(&topics.topic("orders"), order).compatibility(Compatibility::FullTransitive)),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let declared = manifests.get("schemas/configmap-schemas.yaml").unwrap();
/// assert!(declared.contains("orders-value level=FULL_TRANSITIVE"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Schemas {
    pub(super) meta: Meta,
    pub(super) registry: SchemaRegistryHandle,
    pub(super) subjects: Vec<Subject>,
    pub(super) compatibility: Option<Compatibility>,
    pub(super) options: PodOptions,
}

impl Schemas {
    /// Subjects of this registry; there are none yet. `name` is the name of the Job, to which a hash is added.
    #[track_caller]
    pub fn new(name: impl Into<String>, registry: &SchemaRegistryHandle) -> Self {
        Self {
            meta: Meta::new(name),
            registry: registry.clone(),
            subjects: Vec::new(),
            compatibility: None,
            options: PodOptions::default(),
        }
    }

    /// Declares a subject.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subjects.push(subject);
        self
    }

    /// Declares several subjects.
    pub fn subjects(mut self, subjects: impl IntoIterator<Item = Subject>) -> Self {
        self.subjects.extend(subjects);
        self
    }

    /// The level of the whole registry, which the Job sets. A registry of the stack has it from
    /// [`SchemaRegistry::compatibility`](crate::registry::SchemaRegistry::compatibility): this is for an external one.
    pub const fn compatibility(mut self, level: Compatibility) -> Self {
        self.compatibility = Some(level);
        self
    }

    /// The level of the registry, as far as it is known: `BACKWARD` is the default of both implementations' REST interface.
    fn registry_level(&self) -> Compatibility {
        self.compatibility
            .or(self.registry.compatibility())
            .unwrap_or(Compatibility::Backward)
    }

    /// Reports a mistake in a version of a subject.
    fn report(&self, check: &mut Check<'_>, found: Found) {
        let Found {
            rule,
            subject,
            version,
            at,
            message,
            hint,
        } = found;
        let subject = &self.subjects[subject];
        let schema = &subject.versions[version];
        let several = subject.versions.len() > 1;
        check.report(rule, schema.message(at, &message), |finding| {
            finding
                .item(item(subject, several.then_some(version)))
                .at(schema.location(at, subject.location))
                .line(schema.line(at))
                .hint(hint);
        });
    }

    fn check_names(&self, check: &mut Check<'_>) {
        /// Of a key of a ConfigMap, less the version and the extension.
        const LONGEST: usize = 240;
        for subject in &self.subjects {
            let name = subject.name();
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let (message, hint) = if name.is_empty() {
                let named = "the schema has no name to be registered under";
                (named.to_owned(), "describe a record, or use `Subject::value(…)`")
            } else if !name.chars().all(fits) {
                let named = format!("the name `{name}` has other characters than letters, digits, `.`, `_` and `-`");
                (named, "use `Subject::value(…)`, or rename the record")
            } else if name.len() > LONGEST {
                let named = format!("the name has {} characters, above the maximum of {LONGEST}", name.len());
                (named, "use `Subject::value(…)`, or a shorter name")
            } else {
                continue;
            };
            check.report(&schema::SUBJECT, message, |finding| {
                finding.item(item(subject, None)).at(subject.location).hint(hint);
            });
        }
    }

    /// Reports a topic whose records could follow more than one subject.
    fn check_topics(&self, check: &mut Check<'_>) {
        let mut of_topics: BTreeMap<(&str, &str), Vec<&Subject>> = BTreeMap::new();
        for subject in self.subjects.iter().filter(|subject| subject.naming != Naming::Key) {
            for topic in &subject.topics {
                let topic = (topic.cluster().bootstrap_servers(), topic.name());
                of_topics.entry(topic).or_default().push(subject);
            }
        }
        for ((_, topic), subjects) in of_topics {
            let first = subjects[0];
            for other in &subjects[1..] {
                let (one, two) = (first.name(), other.name());
                let hint = "name all subjects of the topic by one strategy, in one format";
                let message = if first.naming != other.naming {
                    let (a, b) = (first.naming.strategy(), other.naming.strategy());
                    format!("the values of topic `{topic}` follow `{one}` by {a} and `{two}` by {b}")
                } else if first.versions[0].format != other.versions[0].format {
                    let (a, b) = (first.versions[0].format.name(), other.versions[0].format.name());
                    format!("the values of topic `{topic}` are {a} by `{one}` and {b} by `{two}`")
                } else {
                    continue;
                };
                check.report(&schema::MIXED, message, |finding| {
                    finding.item(item(other, None)).at(other.location).hint(hint);
                });
            }
        }
    }

    fn check_levels(&self, check: &mut Check<'_>) {
        let registry = self.registry_level();
        for subject in &self.subjects {
            let Some(level) = subject.compatibility.filter(|level| level.is_weaker_than(registry)) else {
                continue;
            };
            let message = format!("the level {level} is weaker than {registry}, the registry's");
            check.report(&schema::WEAKER, message, |finding| {
                finding
                    .item(item(subject, None))
                    .at(subject.location)
                    .hint("remove `.compatibility(…)`, or choose a level that checks as much");
            });
        }
    }

    fn check_recognized(&self, check: &mut Check<'_>) {
        if !self.registry.is_apicurio() {
            return;
        }
        for (index, subject) in self.subjects.iter().enumerate() {
            for (version, schema) in subject.versions.iter().enumerate() {
                // What cannot be read is another finding.
                let Some(node) = schema.node().ok().filter(|_| schema.format == Format::Json) else {
                    continue;
                };
                if !others::apicurio_recognizes(&node) {
                    self.report(
                        check,
                        Found {
                            rule: &schema::NOT_RECOGNIZED,
                            subject: index,
                            version,
                            at: node.at,
                            message: "it has neither `properties` nor a `$schema` of json-schema.org".to_owned(),
                            hint: "write `\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"`".to_owned(),
                        },
                    );
                }
            }
        }
    }

    fn check_formats(&self, check: &mut Check<'_>) {
        for (index, subject) in self.subjects.iter().enumerate() {
            let format = subject.versions[0].format;
            for (version, schema) in subject.versions.iter().enumerate() {
                if schema.format != format {
                    let message = format!("a version of {} follows one of {}", schema.format.name(), format.name());
                    self.report(
                        check,
                        Found {
                            rule: &schema::INCOMPATIBLE,
                            subject: index,
                            version,
                            at: Position::START,
                            message,
                            hint: "keep the format, or declare another topic".to_owned(),
                        },
                    );
                }
            }
            if format != Format::Avro && subject.versions.len() > 1 {
                let message = format!(
                    "the compatibility of its {} versions is left to the registry: they are {}",
                    subject.versions.len(),
                    format.name()
                );
                check.report(&schema::LEFT_TO_THE_REGISTRY, message, |finding| {
                    finding.item(item(subject, None)).at(subject.location);
                });
            }
        }
    }
}

/// What tells a topic from those of other clusters.
fn key(topic: &TopicHandle) -> (String, String) {
    (topic.cluster().bootstrap_servers().to_owned(), topic.name().to_owned())
}

/// `<subject>` or `<subject> version 2`.
fn item(subject: &Subject, version: Option<usize>) -> String {
    let name = match subject.name() {
        name if name.is_empty() => subject
            .topics
            .first()
            .map(|topic| topic.name().to_owned())
            .unwrap_or_default(),
        name => name,
    };
    match version {
        Some(version) => format!("{name} version {}", version + 1),
        None => name,
    }
}

/// The options of the Job's pod.
impl Pods for Schemas {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

/// Declared subjects of a stack: what uses topics asks it which have a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemasHandle {
    name: String,
    registry: SchemaRegistryHandle,
    /// Bootstrap servers and name of each topic with a schema of its values, and the format of the first.
    topics: BTreeMap<(String, String), Format>,
}

impl SchemasHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The registry of the subjects.
    pub fn registry(&self) -> &SchemaRegistryHandle {
        &self.registry
    }

    /// Whether a subject is declared for the values of a topic.
    pub fn covers(&self, topic: &TopicHandle) -> bool {
        self.format_of(topic).is_some()
    }

    /// The format of a topic's values, if a subject is declared for them.
    pub(crate) fn format_of(&self, topic: &TopicHandle) -> Option<Format> {
        self.topics.get(&key(topic)).copied()
    }
}

impl Construct for Schemas {
    type Handle = SchemasHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) -> SchemasHandle {
        let mut topics = BTreeMap::new();
        for subject in self.subjects.iter().filter(|subject| subject.naming != Naming::Key) {
            for topic in &subject.topics {
                topics.entry(key(topic)).or_insert(subject.versions[0].format);
            }
        }
        SchemasHandle {
            name: self.meta.name.clone(),
            registry: self.registry.clone(),
            topics,
        }
    }

    fn chapter(&self, _: &Context, _: &[Object]) -> Chapter {
        let topics = self.subjects.iter().flat_map(|subject| {
            let note = format!("schema {}", code(&subject.name()));
            subject
                .topics
                .iter()
                .map(move |topic| (topic.name().to_owned(), note.clone()))
        });
        Chapter {
            topics: topics.collect(),
            ..Chapter::default()
        }
    }

    fn claims(&self) -> Vec<Claim> {
        self.subjects
            .iter()
            .filter(|subject| !subject.name().is_empty())
            .map(|subject| {
                let name = subject.name();
                Claim::new(
                    "subject",
                    self.registry.url(),
                    &name,
                    &schema::SUBJECT,
                    subject.location,
                )
                .item(name)
                .hint("declare its versions in one place, with `.version(…)`")
            })
            .collect()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.registry.check(check);
        self.options.check_of_job(check, self.meta.location);
        if self.subjects.is_empty() {
            check.report(&schema::NONE, "no subject is declared", |finding| {
                finding.hint("add `.subject(Subject::value(…))`");
            });
        }
        for topic in self.subjects.iter().flat_map(|subject| &subject.topics) {
            topic.check(check);
        }
        self.check_names(check);
        self.check_topics(check);
        self.check_levels(check);
        self.check_formats(check);
        self.check_recognized(check);
        let mut reading = Reading::of(&self.subjects);
        for (index, subject) in self.subjects.iter().enumerate() {
            let level = subject.compatibility.unwrap_or(self.registry_level());
            reading.compare(&self.subjects, index, level);
        }
        for found in reading.found {
            self.report(check, found);
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        self.objects(context)
    }
}
