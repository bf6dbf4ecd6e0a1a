//! The settings that a process of the Kafka family ends up with: those of its property files, of its environment and of its command.

use std::collections::BTreeMap;

use super::{
    container::{LONGEST, variables},
    node::Node,
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

/// All settings of a process, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct EffectiveSettings(BTreeMap<String, Setting>);

impl EffectiveSettings {
    /// Those of an environment.
    pub(super) fn of(environment: &Environment) -> Self {
        Self(environment.settings.clone())
    }

    /// Adds those of a property file in a ConfigMap that are not there yet.
    pub(super) fn add_file(&mut self, environment: &Environment, config_map: &str, file: &str, lines: &[Property]) {
        for Property { key, value, row } in lines {
            self.0.entry(key.to_owned()).or_insert_with(|| Setting {
                value: environment.resolve(value),
                raw: value.to_owned(),
                pointer: format!("/data/{}", file.replace('~', "~0").replace('/', "~1")),
                row: Some(*row),
                config_map: Some(config_map.to_owned()),
                variable: None,
            });
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.0.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The environment of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// What each variable stands for.
    variables: BTreeMap<String, String>,
    /// The settings that the image's entrypoint makes of them; none if it does not run.
    settings: BTreeMap<String, Setting>,
}

impl Environment {
    pub(super) fn of(container: &Node<'_, '_>, program: Program, entrypoint: bool) -> Self {
        let variables = variables(container);
        let mut settings = BTreeMap::new();
        let env = container.get("env");
        for variable in env.items() {
            let name = variable.get("name").text();
            let Some(value) = variables.get(name) else { continue };
            if let Some(key) = setting_of(name, program).filter(|_| entrypoint) {
                let mut setting = Setting::at(value.clone(), variable.pointer());
                setting.variable = Some(name.to_owned());
                settings.insert(key, setting);
            }
        }
        Self { variables, settings }
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
        match &self.variable {
            Some(variable) => format!("the variable `{variable}`"),
            None => format!("the line `{key}`"),
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

/// The setting that an image makes of a variable: `KAFKA_LOG_DIRS` is `log.dirs`.
fn setting_of(variable: &str, program: Program) -> Option<String> {
    const NO_SETTINGS: [&str; 6] = [
        "HEAP_OPTS",
        "OPTS",
        "JMX_OPTS",
        "JVM_PERFORMANCE_OPTS",
        "GC_LOG_OPTS",
        "VERSION",
    ];
    match variable {
        // ZooKeeper's images name theirs otherwise.
        "ZOO_MY_ID" | "ZOOKEEPER_SERVER_ID" => return Some("server.id".to_owned()),
        "ZOO_SERVERS" | "ZOOKEEPER_SERVERS" => return Some("servers".to_owned()),
        "ZOO_DATA_DIR" | "ZOOKEEPER_DATA_DIR" => return Some("dataDir".to_owned()),
        _ => {}
    }
    let rest = variable.strip_prefix(program.prefix())?;
    (!NO_SETTINGS.contains(&rest) && !rest.starts_with("LOG4J_")).then(|| {
        rest.replace("___", "-")
            .replace("__", "\u{1}")
            .replace('_', ".")
            .replace('\u{1}', "_")
            .to_ascii_lowercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_variables_become_the_settings_that_the_images_derive() {
        for (variable, setting) in [
            ("KAFKA_LOG_DIRS", Some("log.dirs")),
            ("KAFKA_A__B", Some("a_b")),
            ("KAFKA_A___B", Some("a-b")),
            ("KAFKA_HEAP_OPTS", None),
            ("ZOO_MY_ID", Some("server.id")),
            ("PATH", None),
        ] {
            assert_eq!(setting_of(variable, Program::Broker).as_deref(), setting, "{variable}");
        }
    }
}
