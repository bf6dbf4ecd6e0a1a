//! Commands that end before they begin.

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    container::{Action, Container},
    invocation::{invocations, program},
    set::SetFindings,
    workload::Workload,
};
use crate::nearest::misspelt;

rules! { rules::pod;
    /// A command that has nothing to run.
    pub const NO_SCRIPT: Rule = Rule {
        id: "KS-P42",
        production: Error,
        development: Error,
        summary: "a command that has nothing to run",
        explanation: "`bash -c` without a script ends with an error, a shell without anything ends at once, and \
            Kafka's scripts print how they are used where their file of settings is missing. The container is started \
            again and again: CrashLoopBackOff.",
        source: "Bash manual, Invoking Bash; Kafka, bin/kafka-server-start.sh",
    };

    /// A tool that the image does not have.
    pub const NO_TOOL: Rule = Rule {
        id: "KS-P53",
        production: Error,
        development: Error,
        summary: "a command that the image does not have",
        explanation: "Confluent's images have Kafka's tools as `kafka-topics`, in the path. Apache's image has them \
            as `/opt/kafka/bin/kafka-topics.sh`, outside of the path. The other name, or one that is misspelt, ends with \
            `command not found`, or the container is never created.",
        source: "cp-kafka and apache/kafka images",
    };
}

/// Kafka's scripts that start a process from a file of settings.
const SERVERS: [&str; 4] = [
    "kafka-server-start",
    "connect-distributed",
    "zookeeper-server-start",
    "schema-registry-start",
];

/// Kafka's tools that run in a JVM of their own.
const TOOLS: [&str; 20] = [
    "kafka-acls",
    "kafka-broker-api-versions",
    "kafka-cluster",
    "kafka-configs",
    "kafka-console-consumer",
    "kafka-console-producer",
    "kafka-consumer-groups",
    "kafka-features",
    "kafka-get-offsets",
    "kafka-groups",
    "kafka-leader-election",
    "kafka-log-dirs",
    "kafka-metadata-quorum",
    "kafka-reassign-partitions",
    "kafka-run-class",
    "kafka-share-groups",
    "kafka-storage",
    "kafka-topics",
    "kafka-verifiable-producer",
    "zookeeper-shell",
];

/// Images without Kafka.
const BASES: [&str; 8] = [
    "alpine",
    "bash",
    "busybox",
    "curl",
    "debian",
    "ubi-minimal",
    "ubi9-minimal",
    "ubuntu",
];

/// The words of a command that are Kafka's programs, each with its name as all images have it.
fn programs(command: &str) -> impl Iterator<Item = (&str, &str)> {
    command
        .split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | ';' | '&' | '|' | '(' | ')'))
        .filter(|word| word.contains('-'))
        .filter_map(|word| {
            let name = word.rsplit('/').next().unwrap_or_default();
            let name = name.strip_suffix(".sh").unwrap_or(name);
            (TOOLS.contains(&name) || SERVERS.contains(&name)).then_some((word, name))
        })
}

/// The first of Kafka's tools that a command runs.
pub(super) fn tool(command: &str) -> Option<&str> {
    programs(command)
        .find(|(_, name)| TOOLS.contains(name))
        .map(|(_, name)| name)
}

pub(super) fn check(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        if let Some(message) = nothing_to_run(container) {
            findings
                .add(
                    index,
                    container.pointer.clone(),
                    &NO_SCRIPT,
                    format!("container `{}` {message}", container.name),
                )
                .hint("restore the command as it was");
        }
        let hooks = container.hooks.iter().filter_map(|hook| match &hook.action {
            Action::Command(command) => Some((&hook.pointer, command.as_str())),
            _ => None,
        });
        let all = std::iter::once((&container.pointer, container.command())).chain(hooks);
        for (pointer, command) in all {
            if let Some((word, right)) = absent(container, command).or_else(|| mistyped(container, command)) {
                let image = container.image_name();
                let hint = if word == right {
                    "use the image of the process itself".to_owned()
                } else {
                    format!("write `{right}`")
                };
                findings
                    .add(
                        index,
                        pointer.clone(),
                        &NO_TOOL,
                        format!(
                            "container `{}` runs `{word}`, which `{image}` does not have",
                            container.name
                        ),
                    )
                    .hint(hint);
            }
        }
    }
}

/// What a command lacks to run anything.
fn nothing_to_run(container: &Container) -> Option<String> {
    let words = &container.words;
    let shell = words.iter().position(|word| {
        let name = word.rsplit('/').next().unwrap_or_default();
        ["bash", "sh", "ash", "dash"].contains(&name)
    });
    if let Some(shell) = shell.filter(|at| *at == 0) {
        let rest = &words[shell + 1..];
        let reads = |word: &String| {
            word.strip_prefix('-')
                .is_some_and(|options| options.contains('c') && options.chars().all(|c| c.is_ascii_lowercase()))
        };
        match rest.iter().position(reads) {
            Some(at) if rest.get(at + 1).is_none_or(|word| word.trim().is_empty()) => {
                return Some(format!(
                    "runs `{}` without a script",
                    words[..=shell + 1 + at].join(" ")
                ));
            }
            None if rest
                .first()
                .is_some_and(|word| !word.starts_with('-') && word.contains('\n')) =>
            {
                return Some(format!(
                    "gives `{}` a script in the place of a file's name",
                    words[shell]
                ));
            }
            None if rest.is_empty() && !container.interactive => {
                return Some(format!("runs `{}` without a script", words[shell]));
            }
            _ => {}
        }
    }
    let command = container.command();
    SERVERS.iter().find_map(|server| {
        let rest = command.split_once(server)?.1;
        let rest = rest.strip_prefix(".sh").unwrap_or(rest);
        // Another word, as in a name or a path.
        if rest.starts_with(|c: char| !c.is_whitespace() && !";&|'\"".contains(c)) {
            return None;
        }
        let end = rest.find([';', '&', '|', '\n']).unwrap_or(rest.len());
        let has_file = rest[..end]
            .split_whitespace()
            .any(|word| !word.starts_with('-') && word != "\\");
        (!has_file && !rest[end..].starts_with('|')).then(|| format!("starts `{server}` without its file of settings"))
    })
}

/// Other programs of Kafka's images, whose names are close to one of those above.
const OTHERS: [&str; 10] = [
    "bash",
    "connect-standalone",
    "kafka-console-share-consumer",
    "kafka-dump-log",
    "kafka-e2e-latency",
    "kafka-producer-perf-test",
    "kafka-server-stop",
    "schema-registry-stop",
    "zookeeper-security-migration",
    "zookeeper-server-stop",
];

/// Words before the one that names the program.
const BEFORE: [&str; 14] = [
    "!", "bash", "do", "else", "exec", "if", "nohup", "sh", "then", "time", "timeout", "tini", "until", "while",
];

/// A word that a command runs and that is one of Kafka's programs with a typing error, and what was meant.
fn mistyped<'c>(container: &'c Container, command: &'c str) -> Option<(&'c str, String)> {
    let image = container.image_name();
    if !super::is_official(image) && !image.contains("bitnami") {
        return None;
    }
    let shell = command
        .split_whitespace()
        .next()
        .filter(|word| ["bsh", "bahs", "bassh", "bashh", "sbash"].contains(word));
    if let Some(word) = shell {
        return Some((word, "bash".to_owned()));
    }
    invocations(command).iter().find_map(|words| {
        let is_before = |word: &&String| {
            BEFORE.contains(&word.as_str())
                || word.starts_with('-')
                || word.contains('=') && !word.starts_with('/')
                || word.chars().all(|c| c.is_ascii_digit() || c == 's')
        };
        let word = words.iter().find(|word| !is_before(word))?;
        let name = program(word);
        let known = TOOLS.into_iter().chain(SERVERS).chain(OTHERS);
        if known.clone().any(|known| known == name) {
            return None;
        }
        let near = misspelt(name, known.filter(|near| near.len() > 8))?;
        // As the command has it, and only what stands there.
        let at = command.find(word.as_str())?;
        if container.mounts.at(word).is_some() {
            return None;
        }
        let word = &command[at..at + word.len()];
        Some((word, word.replace(name, near)))
    })
}

/// A program that the official image of a container does not have under this name, and the name that it has there.
fn absent<'c>(container: &Container, command: &'c str) -> Option<(&'c str, String)> {
    let image = container.image_name();
    let path_is_own = container.variable("PATH").is_some() || command.contains("PATH=");
    programs(command).find_map(|(word, name)| {
        let right = if image.ends_with("apache/kafka") && word == name && !path_is_own {
            format!("/opt/kafka/bin/{name}.sh")
        } else if image.contains("confluentinc/cp-") && word.strip_suffix(".sh").is_some() && !path_is_own {
            name.to_owned()
        } else if BASES.contains(&image.rsplit('/').next().unwrap_or_default()) {
            return Some((word, name.to_owned()));
        } else {
            return None;
        };
        // A path that is mounted has what its volume has.
        container.mounts.at(word).is_none().then_some((word, right))
    })
}
