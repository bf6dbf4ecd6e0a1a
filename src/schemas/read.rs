//! Reads the versions of all subjects, each after those that it refers to, and finds what is wrong with them.

use std::collections::BTreeMap;

use super::{
    avro::{self, Avro, Named},
    json,
    json::Position,
    others,
    subject::{Format, Schema, Subject},
};
use crate::{
    diagnostics::{Rule, rules::schema},
    registry::Compatibility,
};

/// A mistake in a version of a subject.
pub(super) struct Found {
    pub(super) rule: &'static Rule,
    /// The subject, and the version from 0 on.
    pub(super) subject: usize,
    pub(super) version: usize,
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) hint: String,
}

/// Subjects that were read.
pub(super) struct Reading {
    /// The versions, each after those that it refers to: subject and version, from 0 on.
    pub(super) order: Vec<(usize, usize)>,
    /// The names by which a version refers to others.
    pub(super) references: BTreeMap<(usize, usize), Vec<String>>,
    pub(super) found: Vec<Found>,
    avro: BTreeMap<(usize, usize), Avro>,
}

impl Reading {
    pub(super) fn of(subjects: &[Subject]) -> Self {
        let mut reading = Self {
            order: Vec::new(),
            references: BTreeMap::new(),
            found: Vec::new(),
            avro: BTreeMap::new(),
        };
        let names: BTreeMap<String, usize> = subjects
            .iter()
            .enumerate()
            .rev()
            .map(|(index, subject)| (subject.name(), index))
            .collect();
        let mut open: Vec<(usize, usize)> = subjects
            .iter()
            .enumerate()
            .flat_map(|(index, subject)| (0..subject.versions.len()).map(move |version| (index, version)))
            .collect();
        while !open.is_empty() {
            let before = open.len();
            let mut rest = Vec::new();
            for (subject, version) in open {
                let schema = &subjects[subject].versions[version];
                // The versions of a subject are registered in their order.
                let earlier = version == 0 || reading.order.contains(&(subject, version - 1));
                let ready = schema.references.iter().all(|reference| {
                    let of = names.get(&reference.subject).copied();
                    of.is_some_and(|of| reference.version > 0 && reading.order.contains(&(of, reference.version - 1)))
                });
                if earlier && ready {
                    reading.order.push((subject, version));
                    reading.read(subjects, &names, subject, version);
                } else {
                    rest.push((subject, version));
                }
            }
            open = rest;
            if open.len() == before {
                reading.report_references(subjects, &names, &open);
                break;
            }
        }
        reading
    }

    fn read(&mut self, subjects: &[Subject], names: &BTreeMap<String, usize>, subject: usize, version: usize) {
        let schema = &subjects[subject].versions[version];
        let mut known: BTreeMap<String, Named> = BTreeMap::new();
        let mut called = Vec::new();
        for reference in &schema.references {
            let Some(of) = names.get(&reference.subject) else {
                continue;
            };
            let other = (*of, reference.version - 1);
            if let Some(avro) = self.avro.get(&other) {
                known.extend(avro.named.clone());
            }
            let name = reference.name.clone().or_else(|| subjects[*of].record_name());
            called.push(name.unwrap_or_default());
        }
        self.references.insert((subject, version), called);
        let mut add = |rule, at, message: String, hint: String| {
            self.found.push(Found {
                rule,
                subject,
                version,
                at,
                message,
                hint,
            });
        };
        if schema.format == Format::Protobuf {
            if let Some(control) = control_character(schema) {
                add(
                    &schema::SYNTAX,
                    control,
                    "a control character in the file".to_owned(),
                    "remove it".to_owned(),
                );
            } else if let Some(others::Unreadable { at, message, hint }) = others::protobuf(&schema.text) {
                add(&schema::SYNTAX, at, message, hint.to_owned());
            }
            return;
        }
        let node = match schema.node() {
            Ok(node) => node,
            Err(json::Mistake { at, message }) => {
                add(&schema::SYNTAX, at, message, "write valid JSON".to_owned());
                return;
            }
        };
        if schema.format == Format::Json {
            if let Some(others::Unreadable { at, message, hint }) = others::json_schema(&node) {
                add(&schema::SYNTAX, at, message, hint.to_owned());
            }
            return;
        }
        match avro::parse(&node, &known) {
            Ok(avro) => {
                self.avro.insert((subject, version), avro);
            }
            Err(problems) => {
                for avro::Problem {
                    rule,
                    at,
                    message,
                    hint,
                } in problems
                {
                    add(rule, at, message, hint);
                }
            }
        }
    }

    /// What is left refers to something that is not there, to itself, or to something that does.
    fn report_references(&mut self, subjects: &[Subject], names: &BTreeMap<String, usize>, open: &[(usize, usize)]) {
        for (subject, version) in open {
            for reference in &subjects[*subject].versions[*version].references {
                let name = &reference.subject;
                let number = reference.version;
                let (message, hint) = match names.get(name).map(|of| (*of, subjects[*of].versions.len())) {
                    None => (
                        format!("refers to subject `{name}`, which is not declared here"),
                        "add it with `.subject(…)`".to_owned(),
                    ),
                    Some((_, last)) if number == 0 || number > last => (
                        format!("refers to version {number} of subject `{name}`, whose last version is {last}"),
                        "give `.reference(…)` another version".to_owned(),
                    ),
                    Some((of, _)) if open.contains(&(of, number - 1)) => (
                        format!("version {number} of subject `{name}` refers back to it, or to what is not declared"),
                        "remove a `.reference(…)`".to_owned(),
                    ),
                    Some(_) => continue,
                };
                self.found.push(Found {
                    rule: &schema::REFERENCE,
                    subject: *subject,
                    version: *version,
                    at: Position::START,
                    message,
                    hint,
                });
            }
        }
    }

    /// Compares the versions of a subject under a level.
    pub(super) fn compare(&mut self, subjects: &[Subject], subject: usize, level: Compatibility) {
        let versions = &subjects[subject].versions;
        for new in 1..versions.len() {
            if let Some(old) = (0..new).find(|old| same(&versions[*old], &versions[new])) {
                let (old, new_number) = (old + 1, new + 1);
                self.found.push(Found {
                    rule: &schema::SAME,
                    subject,
                    version: new,
                    at: Position::START,
                    message: format!("version {new_number} is the same schema as version {old}"),
                    hint: "remove one of the two".to_owned(),
                });
                continue;
            }
            self.compare_content(subject, new);
            let first = if level.is_transitive() { 0 } else { new - 1 };
            // The nearest version says most: what also clashes with earlier ones is said once.
            let mut said: Vec<(String, avro::Clash)> = Vec::new();
            for old in (first..new).rev() {
                let Some((before, after)) = self.avro.get(&(subject, old)).zip(self.avro.get(&(subject, new))) else {
                    continue;
                };
                let (old_name, new_name) = (format!("version {}", old + 1), format!("version {}", new + 1));
                let directions = [
                    (level.checks_backward(), after, before, &new_name, &old_name, true),
                    (level.checks_forward(), before, after, &old_name, &new_name, false),
                ];
                for (wanted, reader, writer, reader_name, writer_name, new_reads) in directions {
                    if !wanted {
                        continue;
                    }
                    for clash in avro::clashes(reader, writer) {
                        let place = if new_reads { clash.reader } else { clash.writer };
                        let key = format!("{place} {} {new_reads}", clash.path);
                        if said.iter().any(|(one, _)| *one == key) {
                            continue;
                        }
                        let words = clash.cause.words(&clash.path, reader_name, writer_name);
                        self.found.push(Found {
                            rule: &schema::INCOMPATIBLE,
                            subject,
                            version: new,
                            at: place,
                            message: format!("{reader_name} cannot read records of {writer_name}: {words}"),
                            hint: clash.cause.hint(&clash.path, new_reads),
                        });
                        said.push((key, clash));
                    }
                }
            }
        }
    }

    /// What a registry does not judge between a version and the one before it.
    fn compare_content(&mut self, subject: usize, new: usize) {
        let Some((before, after)) = self.avro.get(&(subject, new - 1)).zip(self.avro.get(&(subject, new))) else {
            return;
        };
        let (old_number, new_number) = (new, new + 1);
        for meaning in avro::meanings(after, before) {
            self.found.push(Found {
                rule: &schema::MEANING,
                subject,
                version: new,
                at: meaning.at,
                message: format!(
                    "`{}` is `{}` in version {new_number} and was `{}`: the registry accepts it, and readers take one for the other",
                    meaning.path, meaning.new, meaning.old
                ),
                hint: "add a field of another name".to_owned(),
            });
        }
        if before.canonical() == after.canonical() {
            self.found.push(Found {
                rule: &schema::SAME_RECORDS,
                subject,
                version: new,
                at: Position::START,
                message: format!(
                    "records of version {new_number} are written as those of version {old_number}: only defaults, aliases, docs or \
                     attributes differ"
                ),
                hint: String::new(),
            });
        }
    }
}

/// Whether a registry takes two schemas for one.
fn same(one: &Schema, other: &Schema) -> bool {
    if one.format != other.format || one.references != other.references {
        return false;
    }
    match (one.node(), other.node()) {
        (Ok(one_node), Ok(other_node)) if one.format != Format::Protobuf => one_node.compact() == other_node.compact(),
        _ => one.text.trim() == other.text.trim(),
    }
}

/// A control character would have to be escaped in the request.
fn control_character(schema: &Schema) -> Option<Position> {
    (1..).zip(schema.text.lines()).find_map(|(line, text)| {
        let column = text.chars().position(|c| c.is_control() && c != '\t')?;
        Some(Position {
            line,
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        })
    })
}
