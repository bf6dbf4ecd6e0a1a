//! Configurations of connectors: files in ConfigMaps, and the objects of Strimzi.

use std::collections::BTreeSet;

use crate::{
    catalogue::{Role, judge},
    diagnostics::{
        Diagnostic, Diagnostics, Mend,
        rules::{connector, setting},
    },
    lint::model::{
        config::{ConfigData, field},
        node::Node,
        properties::Property,
    },
    version::Version,
};

/// The connectors in the files of a ConfigMap.
pub(super) fn of_files(config: &ConfigData, version: Option<Version>, findings: &mut Diagnostics) {
    for (file, settings) in &config.connectors {
        let connector = Configuration { settings };
        for (setting, mut finding) in connector.judge(version) {
            finding.place.field = field(file);
            if let Some(setting) = setting {
                finding.place.row = Some(setting.row);
                setting.key.clone_into(&mut finding.place.setting);
                finding
                    .yaml_hint
                    .get_or_insert(finding.remedy(&format!("`{}`", setting.key)));
            }
            findings.push(finding);
        }
    }
}

/// A connector that Strimzi makes: its class and number of tasks have fields of their own.
pub(super) fn of_operator(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    let config = spec.get("config");
    let text = |node: &Node<'_, '_>| match node.value() {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some(node.value().to_string()),
        _ => None,
    };
    let mut settings: Vec<Property> = Vec::new();
    let mut pointers = Vec::new();
    let mut add = |key: &str, node: &Node<'_, '_>| {
        if let Some(value) = text(node) {
            let key = key.to_owned();
            settings.push(Property { key, value, row: 0 });
            pointers.push(node.pointer());
        }
    };
    add("connector.class", &spec.get("class"));
    add("tasks.max", &spec.get("tasksMax"));
    for (key, node) in config.entries() {
        add(key, &node);
    }
    let connector = Configuration { settings: &settings };
    for (setting, mut finding) in connector.judge(None) {
        let index = setting.and_then(|setting| settings.iter().position(|other| other == setting));
        finding.place.field = index.map_or_else(|| config.pointer(), |index| pointers[index].clone());
        if let Some(setting) = setting {
            finding
                .yaml_hint
                .get_or_insert(finding.remedy(&format!("`{}`", setting.key)));
        }
        findings.push(finding);
    }
}

/// The settings of one connector.
struct Configuration<'a> {
    settings: &'a [Property],
}

/// A finding, and the setting that it is about.
type Found<'a> = (Option<&'a Property>, Diagnostic);

impl<'a> Configuration<'a> {
    fn find(&self, key: &str) -> Option<&'a Property> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.find(key).map(|setting| setting.value.trim())
    }

    /// The entries of a list.
    fn list(&self, key: &str) -> BTreeSet<&'a str> {
        let entries = self.get(key).into_iter().flat_map(|list| list.split(','));
        entries.map(str::trim).filter(|entry| !entry.is_empty()).collect()
    }

    /// Which kind it is, as far as the name of its class or its topics say.
    fn role(&self) -> Option<Role> {
        let class = self.get("connector.class").unwrap_or_default();
        let class = class.rsplit('.').next().unwrap_or_default();
        match (class.contains("Sink"), class.contains("Source")) {
            (true, false) => Some(Role::Sink),
            (false, true) => Some(Role::Source),
            _ if self.get("topics.regex").is_some() || self.get("errors.deadletterqueue.topic.name").is_some() => {
                Some(Role::Sink)
            }
            _ => None,
        }
    }

    fn judge(&self, version: Option<Version>) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        self.secrets(&mut found);
        self.converters(&mut found);
        self.steps("transforms", "transform", &mut found);
        self.steps("predicates", "predicate", &mut found);
        self.errors(&mut found);
        self.topics(&mut found);
        // Of an unknown kind, the settings that both have.
        let roles = self.role().map_or(vec![Role::Sink, Role::Source], |role| vec![role]);
        for line in self.settings {
            let judged = roles
                .iter()
                .map(|role| judge(&setting::CONNECTOR, *role, version, &line.key, &line.value));
            let fewest = judged.min_by_key(Vec::len).unwrap_or_default();
            found.extend(fewest.into_iter().map(|finding| (Some(line), finding)));
        }
        found
    }

    fn secrets(&self, found: &mut Vec<Found<'a>>) {
        for line in self.settings {
            let value = line.value.trim();
            let message = if is_secret(&line.key) && !value.is_empty() && !value.contains("${") {
                format!("`{}` is in clear text", line.key)
            } else if password_in_url(value) {
                format!("the URL in `{}` has a password", line.key)
            } else {
                continue;
            };
            let mut finding = Diagnostic::new(&connector::SECRET, message);
            finding
                .hint(format!("use `.secret(\"{}\", SecretKey::new(…))`", line.key))
                .yaml_hint("let a config provider of the workers fill it in, as `${dir:/mnt/secret:password}`");
            found.push((Some(line), finding));
        }
    }

    /// A converter of its own does not inherit the settings of the workers' one.
    fn converters(&self, found: &mut Vec<Found<'a>>) {
        const REGISTRIES: [(&str, &str); 2] = [
            ("io.confluent.connect.", "schema.registry.url"),
            ("io.apicurio.registry.", "apicurio.registry.url"),
        ];
        for side in ["key", "value"] {
            let Some(line) = self.find(&format!("{side}.converter")) else {
                continue;
            };
            let class = line.value.trim();
            let Some((_, setting)) = REGISTRIES.iter().find(|(package, _)| class.starts_with(package)) else {
                continue;
            };
            let setting = format!("{side}.converter.{setting}");
            if self.get(&setting).is_none_or(str::is_empty) {
                let message = format!("`{}` is `{class}`, and `{setting}` is not set", line.key);
                let mut finding = Diagnostic::new(&connector::CONVERTER, message);
                finding
                    .hint(format!("use `.{side}_converter(Converter::avro(…))`"))
                    .yaml_hint(format!("add `{setting}`"));
                found.push((Some(line), finding));
            }
        }
    }

    /// Transforms, or predicates: those that are listed, and their settings.
    fn steps(&self, list: &str, what: &str, found: &mut Vec<Found<'a>>) {
        let listed = self.list(list);
        let mut told = BTreeSet::new();
        for line in self.settings {
            let Some((name, key)) = line
                .key
                .strip_prefix(list)
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            if !listed.contains(name) && told.insert(name) {
                let message = format!("`{}` has no effect: `{list}` does not list `{name}`", line.key);
                let mut finding = Diagnostic::new(&connector::TRANSFORM, message);
                finding
                    .hint(format!("use `.transform(Transform::new(\"{name}\", …))`"))
                    .yaml_hint(format!("add `{name}` to `{list}`, or remove the line"));
                found.push((Some(line), finding));
            }
            let predicate = line.value.trim();
            if what == "transform" && key == "predicate" && !self.list("predicates").contains(predicate) {
                let message =
                    format!("transform `{name}` asks the predicate `{predicate}`, which `predicates` does not list");
                let mut finding = Diagnostic::new(&connector::TRANSFORM, message);
                finding
                    .hint("give the transform its predicate: `.when(Predicate::new(…))`")
                    .yaml_hint(format!("add `{predicate}` to `predicates`, with its `type`"));
                found.push((Some(line), finding));
            }
        }
        for name in listed {
            if self.get(&format!("{list}.{name}.type")).is_none_or(str::is_empty) {
                let message = format!("{what} `{name}` has no `{list}.{name}.type`");
                let mut finding = Diagnostic::new(&connector::TRANSFORM, message);
                finding
                    .hint(format!("use `.transform(Transform::new(\"{name}\", …))`"))
                    .yaml_hint(format!("add `{list}.{name}.type`, the class of the {what}"));
                found.push((self.find(list), finding));
            }
        }
    }

    fn errors(&self, found: &mut Vec<Found<'a>>) {
        let dead_letters = self.find("errors.deadletterqueue.topic.name");
        let dead_letters = dead_letters.filter(|line| !line.value.trim().is_empty());
        if let Some(line) = dead_letters
            && self.list("topics").contains(line.value.trim())
        {
            let message = format!("dead letters go to `{}`, which the connector reads", line.value.trim());
            let mut finding = Diagnostic::new(&connector::DEAD_LETTERS, message);
            finding
                .hint("give `.dead_letters(…)` another topic")
                .yaml_hint("name another topic");
            found.push((Some(line), finding));
        }
        if let Some(line) = self.find("errors.tolerance")
            && line.value.trim() == "all"
            && dead_letters.is_none()
            && self.get("errors.log.enable") != Some("true")
        {
            let message = "`errors.tolerance` is `all`, and failed records are neither kept nor logged";
            let mut finding = Diagnostic::new(&connector::DROPS, message);
            let hint = match self.role() {
                Some(Role::Source) => "add `.config(\"errors.log.enable\", true)`",
                _ => "use `.dead_letters(…)`, or add `.config(\"errors.log.enable\", true)`",
            };
            finding
                .hint(hint)
                .yaml_hint("add `errors.deadletterqueue.topic.name` to a sink, or `errors.log.enable: \"true\"`");
            found.push((Some(line), finding));
        }
    }

    fn topics(&self, found: &mut Vec<Found<'a>>) {
        let both = self.find("topics.regex").filter(|_| self.find("topics").is_some());
        if let Some(line) = both.filter(|_| self.role() == Some(Role::Sink)) {
            let mut finding = Diagnostic::new(&connector::TOPICS, "both `topics` and `topics.regex` are set");
            finding.mend(Mend::remove(""));
            found.push((Some(line), finding));
        }
    }
}

/// Whether the value of a key is secret, by what such keys are called.
pub(crate) fn is_secret(key: &str) -> bool {
    const MARKS: [&str; 9] = [
        "password",
        "passwd",
        "secret",
        "token",
        "credential",
        "passphrase",
        "api.key",
        "access.key",
        "private.key",
    ];
    /// What says where a secret is, or how it is used.
    const ABOUT: [&str; 14] = [
        ".class",
        ".enable",
        ".enabled",
        ".endpoint",
        ".file",
        ".id",
        ".location",
        ".ms",
        ".name",
        ".path",
        ".provider",
        ".source",
        ".type",
        ".url",
    ];
    let key = key.to_ascii_lowercase().replace(['_', '-'], ".");
    let is_jaas = key.ends_with("sasl.jaas.config");
    is_jaas || MARKS.iter().any(|mark| key.contains(mark)) && !ABOUT.iter().any(|end| key.ends_with(end))
}

/// Whether a value is a URL with a password, as `https://user:password@host` or `jdbc:postgresql://host/db?password=…`.
fn password_in_url(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else {
        return false;
    };
    let is_literal = |text: &str| !text.is_empty() && !text.starts_with("${");
    let authority = rest.split('/').next().unwrap_or_default();
    let of_user = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    let of_query = value
        .split(['?', '&', ';'])
        .skip(1)
        .find_map(|pair| pair.strip_prefix("password="));
    of_user.is_some_and(|(_, password)| is_literal(password)) || of_query.is_some_and(is_literal)
}
