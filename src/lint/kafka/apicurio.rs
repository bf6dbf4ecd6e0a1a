//! Settings of Apicurio's registry that are nearly ones that it has, and values that it refuses. The rules are data in
//! [`registry`](crate::diagnostics::rules::registry).

use super::registry::{Value, nearly};
use crate::{
    diagnostics::{Diagnostic, Mend, Rule, rules::registry},
    lint::model::{
        ObjectDetail, ObjectModel,
        config::field,
        container::{Container, Stage},
        set::{ObjectSet, SetFindings},
        syntax::split_tag,
        workload::Workload,
    },
};

/// The settings of Apicurio Registry 3.3.3, each in a line: what its classes read, and what its `application.properties` has.
const KEYS: &str = include_str!("apicurio.txt");

/// What settings begin with whose names go on as those of Kafka's clients do.
const OF_CLIENTS: [&str; 4] = [
    "apicurio.kafka.common.",
    "apicurio.kafkasql.admin.",
    "apicurio.kafkasql.consumer.",
    "apicurio.kafkasql.producer.",
];

/// What Apicurio Registry 3.3.3 takes as values, and what was seen to happen with others.
const VALUES: [(&str, Value, &str); 5] = [
    (
        "apicurio.storage.kind",
        Value::OneOf(&["gitops", "kafkasql", "kubernetesops", "sql"]),
        NO_START,
    ),
    ("quarkus.http.port", Value::Number(0), NO_START),
    ("quarkus.management.port", Value::Number(0), NO_START),
    // `No enum constant …CompatibilityLevel.backward`, with status 500.
    (
        "apicurio.rules.global.compatibility",
        Value::OneOf(&[
            "BACKWARD",
            "BACKWARD_TRANSITIVE",
            "FORWARD",
            "FORWARD_TRANSITIVE",
            "FULL",
            "FULL_TRANSITIVE",
            "NONE",
        ]),
        "every schema is answered with an error",
    ),
    (
        "apicurio.ccompat.max-subjects",
        Value::Number(0),
        "the list of subjects is answered with an error",
    ),
];

const NO_START: &str = "the registry does not start";

/// A setting, and where it is.
struct Setting {
    /// As it is written: a key, or the name of a variable.
    name: String,
    value: String,
    /// The object, and the place in it.
    index: usize,
    pointer: String,
    row: Option<u32>,
    variable: bool,
}

impl Setting {
    /// A name of a setting, as it is written where this one is: variables are in capitals, with `_` for all else than letters and digits.
    fn written(&self, key: &str) -> String {
        if !self.variable {
            return key.to_owned();
        }
        let letter = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        key.chars().map(letter).collect()
    }

    /// Whether it begins as the settings of the registry do, which have this prefix.
    fn begins(&self, prefix: &str) -> bool {
        self.name.starts_with(&self.written(prefix))
    }

    /// The setting that was meant, if it is not one.
    fn meant(&self) -> Option<String> {
        let known = || KEYS.lines().map(|key| self.written(key));
        // Those of release 2 begin otherwise.
        if self.begins("registry.") {
            let (_, rest) = self.name.split_at("registry.".len());
            let renamed = self.written("apicurio.") + rest;
            return known().any(|key| key == renamed).then_some(renamed);
        }
        let judged = self.begins("apicurio.") && !OF_CLIENTS.iter().any(|prefix| self.begins(prefix));
        if !judged || known().any(|key| key == self.name) {
            return None;
        }
        let known: Vec<String> = known().collect();
        nearly(&self.name, known.iter().map(String::as_str)).map(str::to_owned)
    }

    fn say(&self, findings: &mut SetFindings, rule: &'static Rule, message: String, mend: Mend, hint: Option<String>) {
        let mut finding = Diagnostic::new(rule, message);
        finding.place.field.clone_from(&self.pointer);
        finding.place.row = self.row;
        finding.place.setting.clone_from(&self.name);
        finding.mend(mend);
        let target = if self.variable { "the variable" } else { "the line" };
        finding.yaml_hint = hint.or_else(|| Some(finding.remedy(&format!("{target} `{}`", self.name))));
        findings.push(self.index, finding);
    }
}

/// Where the registry is in a workload that has one.
pub(super) fn process(workload: &Workload) -> Option<&str> {
    let container = workload.containers.iter().find(|container| serves(container))?;
    Some(&container.pointer)
}

pub(super) fn check(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    for container in workload.containers.iter().filter(|container| serves(container)) {
        for setting in settings(set, index, object, container) {
            if let Some(meant) = setting.meant() {
                let message = format!("the registry has no setting `{}`, and ignores it", setting.name);
                setting.say(
                    findings,
                    &registry::NEARLY_A_SETTING,
                    message,
                    Mend::perhaps_rename(meant),
                    None,
                );
            }
            let value = setting.value.trim();
            let taken = VALUES.iter().find(|(key, ..)| setting.written(key) == setting.name);
            // What is filled in when the process starts has a brace.
            let Some((_, taken, then)) = taken.filter(|_| !value.contains('{')) else {
                continue;
            };
            if let Some((why, hint)) = taken.refuses(value) {
                let message = format!("`{}` is `{value}`, which is {why}: {then}", setting.name);
                setting.say(findings, &registry::REFUSED_VALUE, message, Mend::change(), Some(hint));
            }
        }
    }
}

/// Whether a container runs Apicurio Registry 3, whose settings are known here.
fn serves(container: &Container) -> bool {
    let name = container.image_name().rsplit('/').next();
    let tag = split_tag(container.image.split('@').next().unwrap_or_default()).1;
    container.stage == Stage::Main && name == Some("apicurio-registry") && tag.is_some_and(|tag| tag.starts_with("3."))
}

/// Its settings, of its variables and of the files that `QUARKUS_CONFIG_LOCATIONS` names.
fn settings(set: &ObjectSet<'_>, index: usize, object: &ObjectModel, container: &Container) -> Vec<Setting> {
    let variables = container.variables.iter().map(|(name, value)| Setting {
        name: name.clone(),
        value: value.clone(),
        index,
        pointer: container.variable_pointer(name),
        row: None,
        variable: true,
    });
    let mut settings: Vec<Setting> = variables.collect();
    let files = container.variable("QUARKUS_CONFIG_LOCATIONS").unwrap_or_default();
    for path in files.split(',').map(str::trim) {
        let file = container
            .mounts
            .config_map_file(path.strip_prefix("file:").unwrap_or(path));
        let Some((map, key)) = file else { continue };
        let Some(index) = set.index("ConfigMap", &object.identity.namespace, map) else {
            continue;
        };
        let ObjectDetail::Config(config) = &set.objects[index].detail else {
            continue;
        };
        let lines = config.properties.iter().filter(|(file, _)| file == key);
        settings.extend(lines.flat_map(|(_, lines)| lines).map(|line| Setting {
            name: line.key.clone(),
            value: line.value.clone(),
            index,
            pointer: field(key),
            row: Some(line.row),
            variable: false,
        }));
    }
    settings
}
