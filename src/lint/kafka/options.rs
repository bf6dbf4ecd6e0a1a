//! Options that a program does not have.

use crate::{
    diagnostics::{Severity::Error, family::rules},
    lint::model::{
        container::Container,
        invocation::{is_filled_in, runs},
        release,
        set::SetFindings,
        workload::Workload,
    },
    nearest::nearest,
};

rules! { rules::pod;
    /// An option that a program does not have.
    pub const UNKNOWN_OPTION: Rule = Rule {
        id: "KS-P60",
        production: Error,
        development: Error,
        summary: "an option that the program does not have, needs, or cannot read",
        explanation: "Kafka's tools and `kafka_exporter` print how they are used and end where an option is unknown \
            (`UnrecognizedOptionException`, `unknown long flag`): the container is started again and again. A JVM ends \
            before Kafka begins where the JMX agent cannot read its arguments, `[HOST:]PORT:FILE`.",
        source: "kafka-storage and kafka-topics of Kafka 3.9.2 and 4.3.1; kafka_exporter 1.9; JMX agent 0.20.0 and 1.0.1",
    };

    /// A format that fails when the pod starts again.
    pub const FORMATTED_ONCE: Rule = Rule {
        id: "KS-P61",
        production: Error,
        development: Error,
        summary: "a log directory that is formatted at each start, without `--ignore-formatted`",
        explanation: "`kafka-storage format` ends with status 1 where the directory is formatted already: `Log directory … \
            is already formatted`. The first start works, and no later one: after a restart the pod stays in \
            `Init:CrashLoopBackOff`. With `--ignore-formatted` the directory stays as it is.",
        source: "Kafka, StorageTool and Formatter of 3.9.2 and 4.3.1",
    };
}

/// A program with options, all of them, and what it says about another one.
struct Program {
    name: &'static str,
    options: &'static [&'static str],
    /// Whether the start of an option stands for it, where only one begins so.
    shortens: bool,
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "kafka-storage",
        options: &[
            "add-scram",
            "cluster-id",
            "command-config",
            "config",
            "feature",
            "help",
            "ignore-formatted",
            "initial-controllers",
            "no-initial-controllers",
            "release-version",
            "standalone",
            "version",
        ],
        shortens: true,
    },
    Program {
        name: "kafka-topics",
        options: &[
            "alter",
            "at-min-isr-partitions",
            "bootstrap-server",
            "command-config",
            "config",
            "create",
            "delete",
            "delete-config",
            "describe",
            "exclude-internal",
            "help",
            "if-exists",
            "if-not-exists",
            "list",
            "partition-size-limit-per-response",
            "partitions",
            "replica-assignment",
            "replication-factor",
            "topic",
            "topic-id",
            "topics-with-overrides",
            "unavailable-partitions",
            "under-min-isr-partitions",
            "under-replicated-partitions",
            "version",
        ],
        shortens: true,
    },
    Program {
        name: EXPORTER,
        options: &[
            "concurrent.enable",
            "group.exclude",
            "group.filter",
            "group.metrics.timeout",
            "group.workers",
            "help",
            "kafka.allow-auto-topic-creation",
            "kafka.labels",
            "kafka.server",
            "kafka.version",
            "log.enable-sarama",
            "log.format",
            "log.level",
            "offset.show-all",
            "refresh.metadata",
            "sasl.aws-region",
            "sasl.disable-PA-FX-FAST",
            "sasl.enabled",
            "sasl.handshake",
            "sasl.kerberos-auth-type",
            "sasl.kerberos-config-path",
            "sasl.keytab-path",
            "sasl.mechanism",
            "sasl.oauthbearer-scopes",
            "sasl.oauthbearer-token-url",
            "sasl.password",
            "sasl.realm",
            "sasl.service-name",
            "sasl.username",
            "server.tls.ca-file",
            "server.tls.cert-file",
            "server.tls.enabled",
            "server.tls.key-file",
            "server.tls.mutual-auth-enabled",
            "tls.ca-file",
            "tls.cert-file",
            "tls.enabled",
            "tls.insecure-skip-tls-verify",
            "tls.key-file",
            "tls.server-name",
            "topic.exclude",
            "topic.filter",
            "topic.workers",
            "use.consumelag.zookeeper",
            "verbosity",
            "version",
            "web.listen-address",
            "web.telemetry-path",
            "zookeeper.server",
        ],
        shortens: false,
    },
];

pub(super) const EXPORTER: &str = "kafka_exporter";

impl Program {
    fn has(&self, option: &str) -> bool {
        let is = |name: &str| self.options.contains(&name);
        let switched_off = option.strip_prefix("no-").is_some_and(is);
        let shortened = || {
            let mut longer = self.options.iter().filter(|name| name.starts_with(option));
            longer.next().is_some()
        };
        is(option) || !self.shortens && switched_off || self.shortens && shortened()
    }
}

/// The arguments of the programs that a container runs.
fn started(container: &Container) -> Vec<(&'static Program, Vec<String>)> {
    let names = PROGRAMS.map(|program| program.name);
    let of = |name: &str| PROGRAMS.iter().find(|program| program.name == name);
    let mut started: Vec<(&Program, Vec<String>)> = runs(container.command(), &names)
        .into_iter()
        .filter_map(|(name, words)| Some((of(name)?, words)))
        .collect();
    // Its image starts it, with the arguments of the container. Other exporters have other options.
    let exports = || {
        let mut words = container.words.iter();
        words.any(|word| word.starts_with("--kafka.server"))
    };
    if started.is_empty() && container.image_name().replace('-', "_").contains(EXPORTER) && exports() {
        started.extend(of(EXPORTER).map(|program| (program, container.words.clone())));
    }
    started
}

/// The arguments of `kafka_exporter`, each time that a container starts it.
pub(super) fn of_exporter(container: &Container) -> impl Iterator<Item = Vec<String>> {
    let started = started(container).into_iter();
    started.filter_map(|(program, words)| (program.name == EXPORTER).then_some(words))
}

pub(super) fn check(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        let older = release::is_older(&container.image);
        for (program, words) in started(container) {
            // Older tools have options that are gone.
            if older && program.name != EXPORTER {
                continue;
            }
            let long = words.iter().take_while(|word| *word != "--").filter_map(|word| {
                let option = word.strip_prefix("--")?;
                let option = option.split_once('=').map_or(option, |(option, _)| option);
                (!is_filled_in(option)).then_some(option)
            });
            for option in long.filter(|option| !program.has(option)) {
                let message = format!(
                    "container `{}` gives `{}` the option `--{option}`, which it does not have: it prints its usage and ends",
                    container.name, program.name
                );
                let near = nearest(option, program.options.iter().copied());
                findings
                    .add(index, container.pointer.clone(), &UNKNOWN_OPTION, message)
                    .hint(match near {
                        Some(near) => format!("write `--{near}`"),
                        None => format!("remove it, or look at `{} --help`", program.name),
                    });
            }
            format(findings, index, container, program, &words);
        }
        agents(findings, index, container);
    }
}

/// What `kafka-storage` is told to do.
const SUBCOMMANDS: [&str; 5] = [
    "feature-dependencies",
    "format",
    "info",
    "random-uuid",
    "version-mapping",
];

/// What `kafka-storage` does not know, and what its `format` lacks.
fn format(findings: &mut SetFindings, index: usize, container: &Container, program: &Program, words: &[String]) {
    if program.name != "kafka-storage" {
        return;
    }
    if let Some(word) = words
        .first()
        .filter(|word| !word.starts_with('-') && !is_filled_in(word))
        && !SUBCOMMANDS.contains(&word.as_str())
    {
        let message = format!(
            "container `{}` gives `kafka-storage` the command `{word}`, which it does not have: it prints its usage and ends",
            container.name
        );
        findings
            .add(index, container.pointer.clone(), &UNKNOWN_OPTION, message)
            .hint(format!("write one of `{}`", SUBCOMMANDS.join("`, `")));
    }
    if words.first().is_none_or(|word| word != "format") {
        return;
    }
    // A word that is filled in may be any option.
    if words.iter().any(|word| word.starts_with('$')) {
        return;
    }
    let has = |short: &str, long: &str| {
        words.iter().any(|word| {
            let name = word.split('=').next().unwrap_or_default();
            let name = name.strip_prefix("--").filter(|name| !name.is_empty());
            word.starts_with(short) && !word.starts_with("--") || name.is_some_and(|name| long.starts_with(name))
        })
    };
    if has("-h", "help") {
        return;
    }
    for (short, long) in [("-t", "cluster-id"), ("-c", "config")] {
        if !has(short, long) {
            let message = format!(
                "container `{}` runs `kafka-storage format` without `--{long}`: it prints its usage and ends",
                container.name
            );
            findings
                .add(index, container.pointer.clone(), &UNKNOWN_OPTION, message)
                .hint(format!("add `--{long}`"));
        }
    }
    // A script may look first, or go on after the error.
    let looks = ["meta.properties", "||", "if ", "! ", "set +e", "; true"];
    if !has("-g", "ignore-formatted") && !looks.iter().any(|sign| container.command().contains(sign)) {
        let message = format!(
            "container `{}` formats the log directory at each start: the second time it ends with an error",
            container.name
        );
        findings
            .add(index, container.pointer.clone(), &FORMATTED_ONCE, message)
            .hint("add `--ignore-formatted`");
    }
}

/// The arguments of the JMX agent of Prometheus, wherever the options of a JVM are.
fn agents(findings: &mut SetFindings, index: usize, container: &Container) {
    let command = container.command();
    let variables = container.variables.iter();
    let texts = variables.map(|(name, value)| (container.variable_pointer(name), value.as_str()));
    for (pointer, text) in texts.chain([(container.pointer.clone(), command)]) {
        for option in text.split("-javaagent:").skip(1) {
            let option = option.split(|c: char| c.is_whitespace() || "'\"".contains(c)).next();
            let (file, arguments) = option.map_or(("", ""), |option| option.split_once('=').unwrap_or((option, "")));
            let jmx = file
                .rsplit('/')
                .next()
                .is_some_and(|name| name.starts_with("jmx_prometheus_javaagent"));
            if !jmx || is_filled_in(arguments) || is_read(arguments) {
                continue;
            }
            let shown = if arguments.is_empty() {
                "nothing".to_owned()
            } else {
                format!("`{arguments}`")
            };
            let message = format!(
                "container `{}` gives the JMX agent {shown} instead of `[HOST:]PORT:FILE`: the JVM ends before Kafka begins",
                container.name
            );
            findings
                .add(index, pointer.clone(), &UNKNOWN_OPTION, message)
                .hint("write a port and the path of the agent's file, as `=9404:/etc/jmx/kafka.yaml`");
        }
    }
}

/// Whether the agent takes its arguments. Newer ones than 1.0 take a file without a port too.
fn is_read(arguments: &str) -> bool {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    match arguments.rsplit_once(':') {
        None => [".yaml", ".yml"].iter().any(|end| arguments.ends_with(end)) && !arguments.contains(','),
        Some((before, file)) => is_port(before.rsplit(':').next().unwrap_or_default()) && !file.is_empty(),
    }
}
