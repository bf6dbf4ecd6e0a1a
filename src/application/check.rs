use super::{Application, DeadLetters};
use crate::{
    construct::{Check, Flow},
    diagnostics::{
        Location,
        rules::{application, schema, security},
    },
    kafka::{ClientFile, TopicHandle},
    schemas::Format,
    workload::Access,
};

impl Application {
    pub(super) fn check_all(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.check_topics(check);
        self.check_declaration(check);
        self.check_dead_letters(check);
        self.check_schemas(check);
        self.check_pods(check);
        self.kafka.check_subject(check, self.who(), self.subject.as_ref());
        ClientFile::check_all(&self.files(), check, &self.kafka);
    }

    /// Each topic once.
    fn check_topics(&self, check: &mut Check<'_>) {
        let mut told: Vec<&str> = Vec::new();
        let flows = self.flows();
        for (topic, _) in &flows {
            if told.contains(&topic.name()) {
                continue;
            }
            told.push(topic.name());
            if topic.cluster().bootstrap_servers() == self.kafka.bootstrap_servers() {
                topic.check(check);
                continue;
            }
            let message = format!(
                "topic `{}` is of cluster `{}`, and the application connects to `{}`",
                topic.name(),
                topic.cluster().name(),
                self.kafka.name()
            );
            check.report(&application::ANOTHER_CLUSTER, message, |finding| {
                finding.item(topic.name()).at(topic.location()).hint(format!(
                    "declare another application for `{}`, or give `Application::new` that cluster",
                    topic.cluster().name()
                ));
            });
        }
    }

    fn check_declaration(&self, check: &mut Check<'_>) {
        let flows = self.flows();
        let here = self.meta.location;
        let writes = flows.iter().any(|(_, flow)| matches!(flow, Flow::Writes { .. }));
        let mut incomplete: Vec<(Location, String, String)> = Vec::new();
        let mut say = |location, message: &str, hint: &str| {
            incomplete.push((location, message.to_owned(), hint.to_owned()));
        };
        if flows.is_empty() {
            say(
                here,
                "the application uses no topic",
                "add `.produces(…)` or `.consumes(…)`",
            );
        }
        if let Some((prefix, location)) = &self.transactional {
            if !writes {
                say(
                    *location,
                    "it has a transactional id and writes no topic",
                    "add `.produces(…)`, or remove `.transactional(…)`",
                );
            }
            if prefix.is_empty() || prefix.contains(|c: char| c.is_control() || c.is_whitespace()) {
                let message = format!("the transactional id cannot begin with {prefix:?}");
                say(
                    *location,
                    &message,
                    "use letters, digits, `.`, `_` and `-` in `.transactional(…)`",
                );
            }
        }
        if self.consumes.is_empty() {
            let failed = match &self.dead_letters {
                Some(DeadLetters::OfEach(location)) => Some(*location),
                Some(DeadLetters::One(topic)) => Some(topic.location()),
                None => None,
            };
            for (location, call) in [(failed, ".dead_letters()"), (self.retries, ".retries()")] {
                let Some(location) = location else { continue };
                let message = format!("`{call}` of an application that reads no topic");
                say(location, &message, &format!("add `.consumes(…)`, or remove `{call}`"));
            }
        }
        for (group, _) in self.groups() {
            let other = self
                .consumes
                .iter()
                .map(|(_, other)| other)
                .find(|other| other.name == group.name && other.uncommitted != group.uncommitted);
            if let Some(other) = other {
                let message = format!("group `{}` reads both committed and uncommitted", group.name);
                say(
                    other.location,
                    &message,
                    "use `.read_uncommitted()` for each topic of the group, or for none",
                );
            }
        }
        for (value, call) in [(&self.owner, "owner"), (&self.on_call, "on_call")] {
            let Some(value) = value else { continue };
            let breaks = value.trim().is_empty() || value.contains("{{") || value.contains(char::is_control);
            if breaks {
                let message = format!("{value:?} cannot be the label `{call}` of an alert");
                say(here, &message, &format!("use a name without `{{{{` in `.{call}(…)`"));
            }
        }
        for (location, message, hint) in incomplete {
            check.report(&application::INCOMPLETE, message, |finding| {
                finding.at(location).hint(hint);
            });
        }
    }

    /// Nothing that could not be processed may return to where it is read.
    fn check_dead_letters(&self, check: &mut Check<'_>) {
        let Some(DeadLetters::One(target)) = &self.dead_letters else {
            return;
        };
        let source = |(source, _): &&(TopicHandle, _)| source.name() == target.name();
        if let Some((source, group)) = self.consumes.iter().find(source) {
            let message = format!(
                "dead letters of `{}` are written to `{}`, which group `{}` reads",
                source.name(),
                target.name(),
                group.name
            );
            check.report(&application::DEAD_LETTERS, message, |finding| {
                finding
                    .item(target.name())
                    .at(target.location())
                    .hint("use `.dead_letters()`, or another topic in `.dead_letters_to(…)`");
            });
        }
    }

    /// Each of its topics has a schema of Avro, if it says that it needs one.
    fn check_schemas(&self, check: &mut Check<'_>) {
        let Some((schemas, location)) = &self.avro else { return };
        schemas.registry().check(check);
        let mut told: Vec<&str> = Vec::new();
        for topic in self.produces.iter().chain(self.consumes.iter().map(|(topic, _)| topic)) {
            if told.contains(&topic.name()) {
                continue;
            }
            told.push(topic.name());
            let (of, name) = (schemas.name(), topic.name());
            let (message, hint) = match schemas.format_of(topic) {
                Some(Format::Avro) => continue,
                Some(other) => (
                    format!(
                        "its values are Avro, and topic `{name}` has a subject of {} in `{of}`",
                        other.name()
                    ),
                    "give the topic a schema of Avro".to_owned(),
                ),
                None => (
                    format!("its values are Avro, and topic `{name}` has no subject in `{of}`"),
                    format!("add `.subject(Subject::value(…))` for the topic to `{of}`"),
                ),
            };
            check.report(&schema::NO_SUBJECT, message, |finding| {
                finding.item(name).at(*location).hint(hint);
            });
        }
    }

    fn check_pods(&self, check: &mut Check<'_>) {
        if let Some((listener, location)) = &self.outside {
            let known: Vec<&str> = self.kafka.outside_listeners().collect();
            let (message, hint) = if !known.contains(&listener.as_str()) {
                let message = format!(
                    "`{}` has no listener `{listener}` for clients outside",
                    self.kafka.name()
                );
                let hint = match known.first() {
                    Some(other) => format!("use `.outside(\"{other}\")`"),
                    None => format!(
                        "add `.listener(Listener::tls(\"{listener}\", 9094).scram().load_balancer(…))` to the cluster"
                    ),
                };
                (message, hint)
            } else if self.pods.is_some() {
                let message = "it is outside of Kubernetes, and has pods".to_owned();
                (message, "remove `.outside(…)`, or `.pods(…)`".to_owned())
            } else {
                return;
            };
            check.report(&security::OUTSIDE, message, |finding| {
                finding.at(*location).hint(hint);
            });
            return;
        }
        let Some(listener) = self.kafka.listener() else { return };
        if self.pods.is_some() || listener.access != Access::applications() {
            return;
        }
        let message = format!(
            "the listener `{}` of `{}` admits declared applications, and this one does not say which pods are its own",
            listener.name,
            self.kafka.name()
        );
        check.report(&application::PODS, message, |finding| {
            finding.hint(format!(
                "add `.pods([(\"app\", \"{}\")])` with their labels",
                self.meta.name
            ));
        });
    }
}
