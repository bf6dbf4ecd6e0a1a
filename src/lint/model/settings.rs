//! The settings that a process of the Kafka family ends up with: those of its property files, of its environment and of its command.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    config::{ConfigData, field},
    container::{ELSEWHERE, LONGEST, variables},
    convention::Convention,
    node::Node,
    password::is_placeholder,
    program::Program,
    properties::Property,
};

/// A setting and the place that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: String,
    /// The value before variables were put into it.
    pub(crate) raw: String,
    /// Where: in the pod, or in a ConfigMap by its name.
    pub(crate) pointer: String,
    pub(crate) row: Option<u32>,
    pub(crate) config_map: Option<String>,
    /// The variable that the image makes it of.
    pub(crate) variable: Option<String>,
}

/// What stands for a field of the pod in a resolved value.
pub(crate) const POD_NAME: &str = "{metadata.name}";

/// The same, for the ordinal of the pod.
pub(crate) const POD_INDEX: &str = "{metadata.labels['apps.kubernetes.io/pod-index']}";

/// All settings of a process, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct EffectiveSettings {
    settings: BTreeMap<String, Setting>,
    /// What may change them before the process reads them, if something does: an init container, a script of its own.
    pub(crate) edited: Option<String>,
}

impl EffectiveSettings {
    /// Adds those that the entrypoint makes of an environment. They replace those of a file.
    pub(super) fn add_environment(&mut self, environment: &Environment) {
        self.settings.extend(environment.settings.clone());
    }

    /// Adds those of a property file in a ConfigMap. Of two lines with one key Java keeps the last.
    pub(super) fn add_file(&mut self, environment: &Environment, config_map: &str, file: &str, lines: &[Property]) {
        for Property { key, value, row } in lines {
            let setting = Setting {
                value: environment.resolve(value),
                raw: value.to_owned(),
                pointer: field(file),
                row: Some(*row),
                config_map: Some(config_map.to_owned()),
                variable: None,
            };
            self.settings.insert(key.to_owned(), setting);
        }
    }

    /// Adds those of a property file that an init container copies. What it fills in is not known.
    pub(super) fn add_copied_file(
        &mut self,
        environment: &Environment,
        config_map: &str,
        file: &str,
        lines: &[Property],
    ) {
        let lines: Vec<Property> = lines
            .iter()
            .map(|line| Property {
                value: without_placeholders(&line.value),
                ..line.clone()
            })
            .collect();
        self.add_file(environment, config_map, file, &lines);
        self.edited = Some(format!(
            "an init container copies the file of ConfigMap `{config_map}` and may edit it"
        ));
    }

    /// Adds those of the options `--override key=value` of a command, which come last. What a shell fills in is not known here.
    pub(super) fn add_overrides(&mut self, command: &str, pointer: &str) {
        let mut words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        while words.by_ref().any(|word| word == "--override") {
            let Some((key, value)) = words.next().and_then(|word| word.split_once('=')) else {
                continue;
            };
            let value = if value.contains(['$', '`']) { ELSEWHERE } else { value };
            let setting = Setting::at(value.to_owned(), pointer.to_owned());
            self.settings.insert(key.to_owned(), setting);
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }
}

/// A value, with its placeholders as values that are made elsewhere.
fn without_placeholders(value: &str) -> String {
    let mut rest = value;
    let mut known = String::new();
    while !rest.is_empty() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        known += if is_placeholder(word) { ELSEWHERE } else { word };
        let next = after.find(is_word).unwrap_or(after.len());
        known += &after[..next];
        rest = &after[next..];
    }
    known
}

/// The environment of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// What each variable stands for.
    variables: BTreeMap<String, String>,
    /// The settings that the image's entrypoint makes of them; none if it does not run.
    settings: BTreeMap<String, Setting>,
    /// What the entrypoint makes of variables and files, if it runs.
    pub(super) convention: Option<Convention>,
    /// The ConfigMaps whose keys are variables too: what is put before each key, and the name.
    sources: Vec<(String, String)>,
}

impl Environment {
    pub(super) fn of(container: &Node<'_, '_>, program: Program, entrypoint: bool) -> Self {
        let variables = variables(container);
        let names = variables.keys().map(String::as_str);
        let convention = entrypoint.then(|| Convention::of(container.get("image").text(), names));
        let mut settings = BTreeMap::new();
        let env = container.get("env");
        for variable in env.items() {
            let name = variable.get("name").text();
            let Some(value) = variables.get(name) else { continue };
            if let Some(key) = convention.and_then(|convention| convention.setting_of(name, program)) {
                let mut setting = Setting::at(value.clone(), variable.pointer());
                setting.variable = Some(name.to_owned());
                settings.insert(key, setting);
            }
        }
        // Lines that the official image of ZooKeeper puts at the end of its file.
        if program == Program::ZooKeeper
            && convention.is_some()
            && let Some(extra) = env
                .items()
                .find(|variable| variable.get("name").text() == "ZOO_CFG_EXTRA")
        {
            let value = extra.get("value");
            let lines = value.text().split_whitespace();
            settings.extend(lines.filter_map(|line| {
                let (key, value) = line.split_once('=')?;
                Some((key.to_owned(), Setting::at(value.to_owned(), extra.pointer())))
            }));
        }
        Self {
            variables,
            settings,
            convention,
            sources: {
                let from = container.get("envFrom");
                let maps = from.items().filter_map(|source| {
                    let name = source.get("configMapRef").get("name").str()?.to_owned();
                    Some((source.get("prefix").text().to_owned(), name))
                });
                maps.collect()
            },
        }
    }

    /// The same with the variables of ConfigMaps, which those of the container itself replace. The image, its program and whether its
    /// entrypoint runs say what settings they make.
    pub(super) fn with_sources<'e, 'c>(
        &'e self,
        (image, program, entrypoint): (&str, Program, bool),
        config: impl Fn(&str) -> Option<&'c ConfigData>,
    ) -> Cow<'e, Self> {
        if self.sources.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut variables = BTreeMap::new();
        let mut places = BTreeMap::new();
        for (prefix, map) in &self.sources {
            for (key, value) in config(map).iter().flat_map(|config| &config.variables) {
                let name = format!("{prefix}{key}");
                places.insert(name.clone(), (map, field(key)));
                variables.insert(name, value.clone());
            }
        }
        let names = variables.keys().chain(self.variables.keys()).map(String::as_str);
        let convention = entrypoint.then(|| Convention::of(image, names));
        let mut settings = BTreeMap::new();
        for (name, (map, pointer)) in places {
            if let Some(key) = convention.and_then(|convention| convention.setting_of(&name, program)) {
                let mut setting = Setting::at(variables[&name].clone(), pointer);
                setting.config_map = Some(map.clone());
                setting.variable = Some(name);
                settings.insert(key, setting);
            }
        }
        variables.extend(self.variables.clone());
        settings.extend(self.settings.clone());
        Cow::Owned(Self {
            variables,
            settings,
            convention,
            sources: Vec::new(),
        })
    }

    pub(super) fn variable(&self, name: &str) -> Option<&String> {
        self.variables.get(name)
    }

    /// A value of a property file, with the variables that it names.
    fn resolve(&self, value: &str) -> String {
        let mut resolved = String::new();
        let mut rest = value;
        while let Some(start) = rest.find("${env:") {
            resolved += &rest[..start];
            let after = &rest[start + 6..];
            let Some(end) = after.find('}') else { break };
            match self.variables.get(&after[..end]).filter(|_| resolved.len() < LONGEST) {
                Some(known) => resolved += known,
                None => resolved += &rest[start..start + 7 + end],
            }
            rest = &after[end + 1..];
        }
        resolved + rest
    }
}

impl Setting {
    /// Whether its value is known: no part of it is a field of the pod, a Secret's or filled in when the process starts.
    pub(crate) fn is_known(&self) -> bool {
        !self.value.contains('{')
    }

    /// What the author of a manifest changes, to change the setting.
    pub(crate) fn shown(&self, key: &str) -> String {
        match (&self.variable, &self.config_map) {
            (Some(variable), _) => format!("the variable `{variable}`"),
            (None, Some(_)) => format!("the line `{key}`"),
            (None, None) => format!("the option `--override {key}`"),
        }
    }

    /// One that is made in the pod itself.
    pub(crate) fn at(value: String, pointer: String) -> Self {
        Self {
            raw: value.clone(),
            value,
            pointer,
            row: None,
            config_map: None,
            variable: None,
        }
    }
}
