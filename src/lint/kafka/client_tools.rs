//! Kafka's command-line tools, `kcat` and `kafka_exporter`: they speak as the listener does that they dial.

use super::{
    client_security::{Listening, PROTOCOL, Said, Wrong, wrong},
    options,
};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    container::{Action, Container},
    invocation::{invocations, is_filled_in, options as options_of, runs},
    properties::Property,
    set::{ObjectSet, SetFindings},
};

/// Kafka's tools that are clients of brokers.
const TOOLS: [&str; 18] = [
    "kafka-acls",
    "kafka-broker-api-versions",
    "kafka-configs",
    "kafka-console-consumer",
    "kafka-console-producer",
    "kafka-consumer-groups",
    "kafka-delete-records",
    "kafka-features",
    "kafka-get-offsets",
    "kafka-groups",
    "kafka-leader-election",
    "kafka-log-dirs",
    "kafka-metadata-quorum",
    "kafka-reassign-partitions",
    "kafka-share-groups",
    "kafka-topics",
    "kafka-transactions",
    "kafka-verifiable-producer",
];

/// Their options that name the brokers.
const SERVERS: [&str; 3] = ["bootstrap-server", "bootstrap-servers", "broker-list"];

/// Their options that name a file of settings, by tool the one that each release has.
const FILES: [&str; 4] = ["command-config", "consumer.config", "producer.config", "admin.config"];

/// Their options that are a setting.
const PROPERTIES: [&str; 3] = ["command-property", "consumer-property", "producer-property"];

/// The client of librdkafka, by its name and by its older one.
const KCAT: [&str; 2] = ["kcat", "kafkacat"];

/// A container, and the brokers that its programs may dial.
struct Place<'a> {
    set: &'a ObjectSet<'a>,
    brokers: &'a Listening<'a>,
    index: usize,
    object: &'a ObjectModel,
    container: &'a Container,
}

pub(super) fn check(set: &ObjectSet<'_>, brokers: &Listening<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        for container in &workload.containers {
            let place = Place {
                set,
                brokers,
                index,
                object,
                container,
            };
            let hooks = container.hooks.iter().filter_map(|hook| match &hook.action {
                Action::Command(command) => Some((&hook.pointer, command.as_str())),
                _ => None,
            });
            for (pointer, command) in std::iter::once((&container.pointer, container.command())).chain(hooks) {
                for (tool, words) in runs(command, &TOOLS) {
                    if let Some((wrong, hint)) = place.tool(tool, &words) {
                        place.add(findings, pointer, tool, &wrong, hint);
                    }
                }
            }
            for words in of_kcat(container) {
                if let Some((wrong, hint)) = place.kcat(&words) {
                    place.add(findings, &container.pointer, KCAT[0], &wrong, hint);
                }
            }
            for words in options::of_exporter(container) {
                if let Some((wrong, hint)) = place.exporter(&words) {
                    place.add(findings, &container.pointer, options::EXPORTER, &wrong, hint);
                }
            }
        }
    }
}

impl Place<'_> {
    fn add(&self, findings: &mut SetFindings, pointer: &str, program: &str, wrong: &Wrong, hint: String) {
        let message = format!(
            "container `{}` runs `{program}`: {}",
            self.container.name, wrong.message
        );
        findings
            .add(self.index, pointer.to_owned(), wrong.rule, message)
            .hint(hint);
    }

    /// What one of Kafka's tools says that its listener does not take, and what mends it. None if not all of it is seen.
    fn tool(&self, tool: &str, words: &[String]) -> Option<(Wrong, String)> {
        // A word that is filled in may be any option, unless it is the value of one.
        let is_option = |word: &String| word.starts_with("--") && !word.contains('=');
        let hides = |pair: &[String]| is_filled_in(&pair[1]) && !pair[1].starts_with("--") && !is_option(&pair[0]);
        if words.windows(2).any(hides) || words.first().is_some_and(|word| is_filled_in(word)) {
            return None;
        }
        let options = options_of(words);
        let of = |names: &[&str]| {
            let found = options.iter().find(|(name, _)| names.contains(name));
            found.map(|(_, value)| self.filled(value))
        };
        let servers = of(&SERVERS)?;
        let file = of(&FILES);
        let lines: &[Property] = match file {
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
        let dialled = self.brokers.behind_or_own(self.index, namespace, servers)?;
        let wrong = wrong(&dialled, &says)?;
        let hint = wrong.hint.replace("`{}", "`");
        let hint = match file {
            _ if wrong.rule.id != PROTOCOL.id || !hint.starts_with("set ") => hint,
            Some(file) => format!("{hint} in `{file}`"),
            None => format!("{hint} in a file, and name it by `--{}`", option_of_file(tool)),
        };
        Some((wrong, hint))
    }

    /// The lines of a file that is one of a ConfigMap among the objects.
    fn lines(&self, file: &str) -> Option<&[Property]> {
        let (map, key) = self.container.mounts.config_map_file(file)?;
        let found = self.set.find("ConfigMap", &self.object.identity.namespace, map)?;
        let ObjectDetail::Config(config) = &found.detail else {
            return None;
        };
        let mut files = config.properties.iter();
        files.find(|(name, _)| name == key).map(|(_, lines)| lines.as_slice())
    }

    /// A word, or the variable of the container that is all of it.
    fn filled<'w>(&'w self, word: &'w str) -> &'w str {
        let name = word.strip_prefix('$').unwrap_or_default();
        let name = name.trim_start_matches(['{', '(']).trim_end_matches(['}', ')']);
        let mut variables = self.container.variables.iter();
        let variable = variables.find(|(known, _)| !name.is_empty() && known == name);
        variable.map_or(word, |(_, value)| value.as_str())
    }

    /// What the arguments of `kcat` say that its listener does not take, and what mends it. None if not all of it is seen.
    fn kcat(&self, words: &[String]) -> Option<(Wrong, String)> {
        // `-X name=value`, or all of it in one word.
        let of = |option: &str| {
            let (at, word) = words.iter().enumerate().rfind(|(_, word)| word.starts_with(option))?;
            match &word[option.len()..] {
                "" => words.get(at + 1).map(String::as_str),
                value => Some(value),
            }
        };
        let mut names = self.container.variables.iter().map(|(name, _)| name);
        if of("-F").is_some() || names.any(|name| name == "KCAT_CONFIG" || name == "KAFKACAT_CONFIG") {
            return None;
        }
        let dialled = self.filled(of("-b")?);
        let is_options = |pair: &[String]| is_filled_in(&pair[1]) && !pair[0].starts_with('-');
        if words.windows(2).any(is_options) || words.iter().any(|word| word.starts_with("-X$")) {
            return None;
        }
        let given: Vec<(&str, &str)> = words
            .iter()
            .enumerate()
            .filter_map(|(at, word)| match word.strip_prefix("-X")? {
                "" => words.get(at + 1).map(String::as_str),
                value => Some(value),
            })
            .flat_map(|list| list.split(','))
            .map(|setting| setting.split_once('=').unwrap_or((setting, "")))
            .collect();
        if given.iter().any(|(name, _)| is_filled_in(name)) {
            return None;
        }
        // librdkafka's names of the same.
        let says = |key: &str| {
            let names: &[&str] = match key {
                "sasl.mechanism" => &["sasl.mechanism", "sasl.mechanisms"],
                "ssl.keystore.location" => &[
                    "ssl.keystore.location",
                    "ssl.certificate.location",
                    "ssl.certificate.pem",
                ],
                // Its releases differ in what they compare.
                "ssl.endpoint.identification.algorithm" => return Said::Hidden(""),
                _ => &[key],
            };
            let found = given.iter().rfind(|(name, _)| names.contains(name));
            Said::of(found.map(|(_, value)| self.filled(value)))
        };
        let dialled = self
            .brokers
            .behind_or_own(self.index, &self.object.identity.namespace, dialled)?;
        let wrong = wrong(&dialled, &says)?;
        let hint = match wrong.key {
            "ssl.keystore.location" => "add `-X ssl.certificate.location=…` and `-X ssl.key.location=…`".to_owned(),
            _ => wrong.hint.replace("set `{}", "add `-X "),
        };
        Some((wrong, hint))
    }

    /// What the flags of `kafka_exporter` say that its listener does not take, and what mends it.
    fn exporter(&self, words: &[String]) -> Option<(Wrong, String)> {
        let options = options_of(words);
        let of = |name: &str| {
            options
                .iter()
                .find(|(option, _)| *option == name)
                .map(|(_, value)| self.filled(value))
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
        let mechanism = match of("sasl.mechanism").map(str::to_ascii_lowercase).as_deref() {
            Some("scram-sha512") => Said::Value("SCRAM-SHA-512"),
            Some("scram-sha256") => Said::Value("SCRAM-SHA-256"),
            Some("plain") => Said::Value("PLAIN"),
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
        let servers = of("kafka.server")?;
        let dialled = self
            .brokers
            .behind_or_own(self.index, &self.object.identity.namespace, servers)?;
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

/// The arguments of `kcat`, each time that a container runs it. Its images start it with the arguments of the container.
fn of_kcat(container: &Container) -> Vec<Vec<String>> {
    let command = container.command();
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
        "kafka-console-consumer" => "consumer.config",
        "kafka-console-producer" | "kafka-verifiable-producer" => "producer.config",
        "kafka-leader-election" => "admin.config",
        _ => "command-config",
    }
}
