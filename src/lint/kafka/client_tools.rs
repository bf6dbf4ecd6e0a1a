//! Kafka's command-line tools, `kcat` and `kafka_exporter`: they speak as the listener does that they dial.

use super::{
    client_security::{Listening, PROTOCOL, Said, Wrong, wrong, wrong_of_librdkafka},
    options,
};
use crate::lint::model::{
    ObjectModel,
    container::{Action, Container},
    invocation::{assigned, filled, invocations, is_filled_in, options as options_of, runs},
    jvm,
    properties::Property,
    set::{ObjectSet, SetFindings},
};

/// Kafka's tools that are clients of brokers.
const TOOLS: [&str; 23] = [
    "kafka-acls",
    "kafka-broker-api-versions",
    "kafka-client-metrics",
    "kafka-configs",
    "kafka-console-consumer",
    "kafka-console-producer",
    "kafka-consumer-groups",
    "kafka-consumer-perf-test",
    "kafka-delegation-tokens",
    "kafka-delete-records",
    "kafka-features",
    "kafka-get-offsets",
    "kafka-groups",
    "kafka-leader-election",
    "kafka-log-dirs",
    "kafka-metadata-quorum",
    "kafka-reassign-partitions",
    "kafka-share-groups",
    "kafka-streams-application-reset",
    "kafka-topics",
    "kafka-transactions",
    "kafka-verifiable-consumer",
    "kafka-verifiable-producer",
];

/// Their options that name the brokers.
const SERVERS: [&str; 3] = ["bootstrap-server", "bootstrap-servers", "broker-list"];

/// Their options that name a file of settings, by tool the one that each release has.
const FILES: [&str; 5] = [
    "command-config",
    "consumer.config",
    "producer.config",
    "admin.config",
    "config-file",
];

/// Their options that are a setting.
const PROPERTIES: [&str; 3] = ["command-property", "consumer-property", "producer-property"];

/// Their other options whose value a script often fills in. A word that is filled in elsewhere may be any option.
const VALUES: [&str; 17] = [
    "add-config",
    "allow-host",
    "allow-principal",
    "config",
    "delete-config",
    "entity-name",
    "entity-type",
    "group",
    "max-messages",
    "operation",
    "partitions",
    "replication-factor",
    "timeout",
    "timeout-ms",
    "topic",
    "transactional-id",
    "user-principal",
];

/// The client of librdkafka, by its name and by its older one.
const KCAT: [&str; 2] = ["kcat", "kafkacat"];

/// A command of a container, and the brokers that its programs may dial.
#[derive(Clone, Copy)]
struct Place<'a> {
    set: &'a ObjectSet<'a>,
    brokers: &'a Listening<'a>,
    index: usize,
    object: &'a ObjectModel,
    container: &'a Container,
    pointer: &'a str,
    command: &'a str,
}

pub(super) fn check(set: &ObjectSet<'_>, brokers: &Listening<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        for container in &workload.containers {
            let own = Place {
                set,
                brokers,
                index,
                object,
                container,
                pointer: &container.pointer,
                command: container.command(),
            };
            let hooks = container.hooks.iter().filter_map(|hook| match &hook.action {
                Action::Command(command) => Some(Place {
                    pointer: &hook.pointer,
                    command,
                    ..own
                }),
                _ => None,
            });
            let scripts = own.scripts().map(|command| Place { command, ..own });
            for place in std::iter::once(own).chain(scripts).chain(hooks) {
                for (tool, words) in runs(place.command, &TOOLS) {
                    place.add(findings, tool, place.tool(tool, &words));
                }
                for words in of_kcat(container, place.command) {
                    place.add(findings, KCAT[0], place.kcat(&words));
                }
            }
            for words in options::of_exporter(container) {
                own.add(findings, options::EXPORTER, own.exporter(&words));
            }
        }
    }
}

impl<'a> Place<'a> {
    /// Tells what is wrong with a program that runs here, if something is.
    fn add(&self, findings: &mut SetFindings, program: &str, told: Option<(Wrong, String)>) {
        let Some((wrong, hint)) = told else { return };
        let message = format!(
            "container `{}` runs `{program}`: {}",
            self.container.name, wrong.message
        );
        findings
            .add(self.index, self.pointer.to_owned(), wrong.rule, message)
            .hint(hint);
    }

    /// What one of Kafka's tools says that its listener does not take, and what mends it. None if not all of it is seen.
    fn tool(&self, tool: &str, words: &[String]) -> Option<(Wrong, String)> {
        let has_value = |option: &str| {
            let named = [&SERVERS[..], &FILES, &PROPERTIES, &VALUES];
            named
                .iter()
                .any(|names| names.contains(&option.trim_start_matches('-')))
        };
        let hides = |pair: &[String]| is_filled_in(&pair[1]) && !pair[1].starts_with("--") && !has_value(&pair[0]);
        if words.windows(2).any(hides) || words.first().is_some_and(|word| is_filled_in(word)) {
            return None;
        }
        let options = options_of(words);
        let of = |names: &[&str]| options.iter().find(|(name, _)| names.contains(name));
        let servers = self.filled(of(&SERVERS)?.1)?;
        let file = match of(&FILES) {
            Some((_, file)) => Some(self.filled(file)?),
            None => None,
        };
        let lines: &[Property] = match &file {
            Some(file) => self.lines(file)?,
            None => &[],
        };
        let given = |key: &str| {
            let mut given = options.iter().filter(|(name, _)| PROPERTIES.contains(name)).rev();
            given.find_map(|(_, value)| value.split_once('=').filter(|(name, _)| *name == key))
        };
        let says = |key: &str| {
            let line = || lines.iter().rfind(|line| line.key == key);
            Said::of(given(key).map_or_else(|| line().map(|line| line.value.as_str()), |(_, value)| Some(value)))
        };
        let namespace = &self.object.identity.namespace;
        let dialled = self.brokers.behind_or_own(self.index, namespace, &servers)?;
        let wrong = wrong(&dialled, &says).or_else(|| self.without_login(&says))?;
        let hint = wrong.hint.replace("`{}", "`");
        let secret = hint.contains("sasl.jaas.config");
        let hint = match &file {
            _ if wrong.rule.id != PROTOCOL.id || !hint.starts_with("set ") => hint,
            Some(file) if secret => format!("{hint} in `{file}`, and take it from a Secret"),
            None if secret => {
                format!(
                    "{hint} in a file of a Secret, and name it by `--{}`",
                    option_of_file(tool)
                )
            }
            Some(file) if wrong.key == "ssl.keystore.location" => format!("{hint}, by lines of `{file}`"),
            Some(file) => format!("{hint} in `{file}`"),
            None => format!("{hint} in a file, and name it by `--{}`", option_of_file(tool)),
        };
        Some((wrong, hint))
    }

    /// A tool that must log in, and has no login: neither in its settings, nor by an option of its JVM.
    fn without_login<'s>(&self, says: &dyn Fn(&str) -> Said<'s>) -> Option<Wrong> {
        let Said::Value(mechanism @ ("PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512")) = says("sasl.mechanism") else {
            return None;
        };
        let is_sasl = matches!(says("security.protocol"), Said::Value(protocol) if protocol.to_ascii_uppercase().starts_with("SASL_"));
        let by_option = self.container.open
            || self.container.variables.iter().any(|(name, _)| jvm::is_options(name))
            || ["_OPTS", "_OPTIONS", "java.security"]
                .iter()
                .any(|word| self.command.contains(word));
        if !is_sasl || by_option || !matches!(says("sasl.jaas.config"), Said::Nothing | Said::Value("")) {
            return None;
        }
        Some(Wrong {
            rule: &PROTOCOL,
            key: "sasl.jaas.config",
            message: format!("it has no login for the mechanism `{mechanism}`: it ends with an error"),
            hint: "set `{}sasl.jaas.config`".to_owned(),
        })
    }

    /// The scripts that its command names, and that are files of ConfigMaps among the objects.
    fn scripts(&self) -> impl Iterator<Item = &'a str> {
        let (set, container) = (self.set, self.container);
        let namespace = &self.object.identity.namespace;
        let words = container.command().split_whitespace().filter(|word| word.contains('/'));
        words.filter_map(move |word| {
            let path = word.trim_matches(['"', '\'', ';']);
            let (map, key) = container.mounts.config_map_file(path)?;
            let scripts = &set.config_map(namespace, map)?.shells;
            scripts
                .iter()
                .find(|(file, _)| file == key)
                .map(|(_, text)| text.as_str())
        })
    }

    /// The lines of a file that is one of a ConfigMap among the objects.
    fn lines(&self, file: &str) -> Option<&'a [Property]> {
        let (map, key) = self.container.mounts.config_map_file(file)?;
        let config = self.set.config_map(&self.object.identity.namespace, map)?;
        let mut files = config.properties.iter();
        files.find(|(name, _)| name == key).map(|(_, lines)| lines.as_slice())
    }

    /// A word with its variables as their values. None if one of them is not known.
    fn filled(&self, word: &str) -> Option<String> {
        if !is_filled_in(word) {
            return Some(word.to_owned());
        }
        let assigned = assigned(self.command);
        filled(word, |name| match assigned.get(name) {
            Some(value) => value.clone(),
            None => self.variable(name),
        })
    }

    /// What a variable of the container stands for. None if that is not seen.
    fn variable(&self, name: &str) -> Option<String> {
        let from = match self.container.variable(name) {
            Some(value) if !value.contains('{') => return Some(value.to_owned()),
            Some(_) => format!("{}/", self.container.variable_pointer(name)),
            None => format!("{}/envFrom/", self.container.pointer),
        };
        let references = self.object.workload()?.references.iter();
        let maps = references.filter(|reference| reference.kind == "ConfigMap" && reference.pointer.starts_with(&from));
        // Of two that have it, the last one counts.
        maps.rev().find_map(|map| {
            let key = map.keys.first().map_or(name, String::as_str);
            let config = self.set.config_map(&self.object.identity.namespace, &map.name)?;
            config.variables.get(key).cloned()
        })
    }

    /// What the arguments of `kcat` say that its listener does not take, and what mends it. None if not all of it is seen.
    fn kcat(&self, words: &[String]) -> Option<(Wrong, String)> {
        // `-X name=value`, or all of it in one word.
        let all = |option: &'static str| {
            words
                .iter()
                .enumerate()
                .filter_map(move |(at, word)| match word.strip_prefix(option)? {
                    "" => words.get(at + 1).map(String::as_str),
                    value => Some(value),
                })
        };
        let mut names = self.container.variables.iter().map(|(name, _)| name);
        if all("-F").next().is_some() || names.any(|name| name == "KCAT_CONFIG" || name == "KAFKACAT_CONFIG") {
            return None;
        }
        let servers = self.filled(all("-b").next_back()?)?;
        // A word that is filled in may be any option.
        let hides = |pair: &[String]| is_filled_in(&pair[1]) && !pair[0].starts_with('-');
        let settings: Vec<(&str, &str)> = all("-X")
            .flat_map(|list| list.split(','))
            .map(|setting| setting.split_once('=').unwrap_or((setting, "")))
            .collect();
        if words.windows(2).any(hides) || settings.iter().any(|(name, _)| is_filled_in(name)) {
            return None;
        }
        let given = |key: &str| settings.iter().rfind(|(name, _)| *name == key).map(|(_, value)| *value);
        let namespace = &self.object.identity.namespace;
        let dialled = self.brokers.behind_or_own(self.index, namespace, &servers)?;
        let wrong = wrong_of_librdkafka(&dialled, &given)?;
        let hint = wrong.hint.replace("set `{}", "add `-X ").replace("`{}", "`-X ");
        Some((wrong, hint))
    }

    /// What the flags of `kafka_exporter` say that its listener does not take, and what mends it.
    fn exporter(&self, words: &[String]) -> Option<(Wrong, String)> {
        let options = options_of(words);
        let of = |name: &str| {
            options
                .iter()
                .find(|(option, _)| *option == name)
                .map(|(_, value)| *value)
        };
        if words.iter().any(|word| word.starts_with('$')) || options.iter().any(|(name, _)| is_filled_in(name)) {
            return None;
        }
        let is_on = |name: &str| of(name).is_some_and(|value| value != "false");
        let protocol = match (is_on("sasl.enabled"), is_on("tls.enabled")) {
            (true, true) => "SASL_SSL",
            (true, false) => "SASL_PLAINTEXT",
            (false, true) => "SSL",
            (false, false) => "PLAINTEXT",
        };
        let said = of("sasl.mechanism").unwrap_or_default().to_ascii_lowercase();
        let mechanism = match said.as_str() {
            "scram-sha512" => Said::Value("SCRAM-SHA-512"),
            "scram-sha256" => Said::Value("SCRAM-SHA-256"),
            "plain" => Said::Value("PLAIN"),
            // What releases take for granted differs, and others have names of their own.
            _ => Said::Hidden(""),
        };
        let says = |key: &str| match key {
            "security.protocol" => Said::Value(protocol),
            "sasl.mechanism" => mechanism,
            "ssl.keystore.location" => Said::of(of("tls.cert-file")),
            // The name that is dialled, unless the flags give another or look at none.
            "ssl.endpoint.identification.algorithm" if is_on("tls.insecure-skip-tls-verify") => Said::Value(""),
            "ssl.endpoint.identification.algorithm" if of("tls.server-name").is_some() => Said::Hidden(""),
            _ => Said::Nothing,
        };
        let servers = self.filled(of("kafka.server")?)?;
        let namespace = &self.object.identity.namespace;
        let dialled = self.brokers.behind_or_own(self.index, namespace, &servers)?;
        if is_on("sasl.enabled") && said.starts_with("scram-sha-") {
            let wrong = Wrong {
                rule: &PROTOCOL,
                key: "sasl.mechanism",
                message: format!("it knows no mechanism `{said}`: it ends with an error"),
                hint: String::new(),
            };
            let hint = format!("write `--sasl.mechanism={}`", said.replace("sha-", "sha"));
            return Some((wrong, hint));
        }
        let wrong = wrong(&dialled, &says)?;
        let hint = match wrong.key {
            _ if wrong.rule.id != PROTOCOL.id || !wrong.hint.starts_with("set ") => wrong.hint.replace("`{}", "`"),
            "security.protocol" => {
                let wanted = dialled.protocol();
                let flag = |name: &str, wanted: bool| {
                    if wanted {
                        format!("add `--{name}`")
                    } else {
                        format!("leave `--{name}` out")
                    }
                };
                let sasl = (is_on("sasl.enabled") != wanted.starts_with("SASL_"))
                    .then(|| flag("sasl.enabled", wanted.starts_with("SASL_")));
                let tls = (is_on("tls.enabled") != wanted.ends_with("SSL"))
                    .then(|| flag("tls.enabled", wanted.ends_with("SSL")));
                [sasl, tls].into_iter().flatten().collect::<Vec<_>>().join(", ")
            }
            "sasl.mechanism" => "set `--sasl.mechanism` to one of these, as `scram-sha512`".to_owned(),
            _ => "set `--tls.cert-file` and `--tls.key-file`".to_owned(),
        };
        Some((wrong, hint))
    }
}

/// The arguments of `kcat`, each time that a command runs it. Its images start it with the arguments of the container.
fn of_kcat(container: &Container, command: &str) -> Vec<Vec<String>> {
    let image = container.image.rsplit('/').next().unwrap_or_default();
    let is_image = KCAT.contains(&image.split([':', '@']).next().unwrap_or_default());
    if is_image && command.starts_with('-') {
        return invocations(command).into_iter().take(1).collect();
    }
    runs(command, &KCAT).into_iter().map(|(_, words)| words).collect()
}

/// The option by which a tool takes a file of settings, in every release that has the tool and in 4.x.
fn option_of_file(tool: &str) -> &'static str {
    match tool {
        "kafka-console-consumer" | "kafka-consumer-perf-test" | "kafka-verifiable-consumer" => "consumer.config",
        "kafka-streams-application-reset" => "config-file",
        "kafka-console-producer" | "kafka-verifiable-producer" => "producer.config",
        "kafka-leader-election" => "admin.config",
        _ => "command-config",
    }
}
