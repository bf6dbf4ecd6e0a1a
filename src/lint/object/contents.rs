//! Files in ConfigMaps: whether the program that reads them can.

use std::collections::BTreeSet;

use crate::{
    diagnostics::{Diagnostics, Severity::Error, family::rules},
    lint::model::{
        config::{ConfigData, Flaw, field},
        properties::Property,
    },
    nearest::nearest,
};

rules! { rules::observability;
    /// A file that is not valid JSON or YAML.
    pub const BROKEN_FILE: Rule = Rule {
        id: "KS-O25",
        production: Error,
        development: Error,
        summary: "a file in a ConfigMap that is not valid JSON or YAML",
        explanation: "To Kubernetes the file is any text, so nothing refuses it before a program reads it. Grafana's sidecar skips \
            a broken dashboard with a line in its log, Prometheus keeps its old rules, and a JMX agent ends the process that it \
            should watch. Files with marks of a template, as `{{`, are left alone.",
        source: "RFC 8259; YAML 1.2; Grafana, provisioning of dashboards; JMX exporter, configuration",
    };

    /// An agent's rule with a pattern that does not compile.
    pub const PATTERN: Rule = Rule {
        id: "KS-O26",
        production: Error,
        development: Error,
        summary: "a pattern of a JMX agent's rule that Java does not compile",
        explanation: "The agent reads its rules before `main` runs. If `java.util.regex.Pattern` refuses one, the agent prints why, as \
            `Unclosed group near index 40`, and the JVM exits with status 1: the broker does not start, again and again.",
        source: "JMX exporter 0.20.0 and 1.0.1, started with such a rule; java.util.regex.Pattern",
    };

    /// A logger whose appender does not exist.
    pub const APPENDER: Rule = Rule {
        id: "KS-O27",
        production: Error,
        development: Error,
        summary: "a logger with an appender or a level that does not exist",
        explanation: "Log4j prints one error at start, `Unable to locate appender`, and goes on: everything that the logger would \
            have written is lost. Where it is the root logger, the process logs nothing. A level that it does not know is another one \
            instead: `ERROR` of Log4j 2, `DEBUG` of Log4j 1.",
        source: "Apache Log4j 2, properties configuration; Log4j 1.2, PropertyConfigurator",
    };
}

pub(super) fn check(config: &ConfigData, findings: &mut Diagnostics) {
    for broken in &config.broken {
        let (rule, message) = match broken.flaw {
            Flaw::Json => (&BROKEN_FILE, format!("is not valid JSON: {}", broken.reason)),
            Flaw::Yaml => (&BROKEN_FILE, format!("is not valid YAML: {}", broken.reason)),
            Flaw::Pattern => (
                &PATTERN,
                format!(
                    "has a pattern that Java does not compile, so the process does not start: {}",
                    broken.reason
                ),
            ),
        };
        let finding = findings.in_field(field(&broken.file), rule, format!("file `{}` {message}", broken.file));
        finding.place.row = Some(broken.row);
        if broken.flaw == Flaw::Pattern {
            finding
                .hint("close each group and class, and write a character that is meant literally with `\\` before it");
        }
    }
    for (file, lines) in &config.properties {
        appenders(file, lines, findings);
        levels(file, lines, findings);
    }
}

/// Loggers of Log4j 2 and of Log4j 1, by the keys of each.
fn appenders(file: &str, lines: &[Property], findings: &mut Diagnostics) {
    let mut report = |line: &Property, name: &str, there: &BTreeSet<&str>| {
        let names: Vec<&str> = there.iter().copied().collect();
        let finding = findings.in_field(
            field(file),
            &APPENDER,
            format!(
                "`{}` names the appender `{name}`, which file `{file}` does not have: what it should write is lost",
                line.key
            ),
        );
        finding.hint(if names.is_empty() {
            "add the appender, or remove the line".to_owned()
        } else {
            format!("use `{}`", names.join("` or `"))
        });
        finding.place.row = Some(line.row);
        line.key.clone_into(&mut finding.place.setting);
    };
    // `appender.stdout.name = STDOUT`, `rootLogger.appenderRef.stdout.ref = STDOUT`.
    let is_name = |key: &str| {
        let middle = key.strip_prefix("appender.").and_then(|key| key.strip_suffix(".name"));
        middle.is_some_and(|id| !id.contains('.'))
    };
    let names: BTreeSet<&str> = lines
        .iter()
        .filter(|line| is_name(&line.key))
        .map(|line| line.value.trim())
        .collect();
    let is_ref = |key: &str| {
        let id = key.split_once(".appenderRef.").map(|(_, id)| id);
        id.is_some_and(|id| id.split('.').nth(1) == Some("ref"))
    };
    for line in lines.iter().filter(|line| is_ref(&line.key)) {
        let name = line.value.trim();
        // Appenders may refer to others too, and names may be variables.
        if !names.contains(name) && !name.contains("${") && !name.is_empty() && !names.is_empty() {
            report(line, name, &names);
        }
    }
    // `log4j.appender.stdout=…`, `log4j.rootLogger=INFO, stdout`.
    let old: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.key.strip_prefix("log4j.appender."))
        .filter(|id| !id.contains('.'))
        .collect();
    for line in lines {
        let key = line.key.as_str();
        let is_logger = ["log4j.rootLogger", "log4j.rootCategory"].contains(&key)
            || key.starts_with("log4j.logger.")
            || key.starts_with("log4j.category.");
        if !is_logger {
            continue;
        }
        for name in line.value.split(',').skip(1).map(str::trim) {
            if !old.contains(name) && !name.contains("${") && !name.is_empty() {
                report(line, name, &old);
            }
        }
    }
}

/// Levels of loggers, by the keys of Log4j 2 and of Log4j 1.
fn levels(file: &str, lines: &[Property], findings: &mut Diagnostics) {
    const LEVELS: [&str; 8] = ["all", "debug", "error", "fatal", "info", "off", "trace", "warn"];
    let is_log4j = lines
        .iter()
        .any(|line| line.key.starts_with("rootLogger") || line.key.starts_with("log4j."));
    for line in lines.iter().filter(|_| is_log4j) {
        let key = line.key.as_str();
        let new = key == "rootLogger.level" || key.starts_with("logger.") && key.strip_suffix(".level").is_some();
        let old = key == "log4j.rootLogger" || key.starts_with("log4j.logger.");
        let level = match (new, old) {
            (true, _) => line.value.trim(),
            (_, true) => line.value.split(',').next().unwrap_or_default().trim(),
            _ => continue,
        };
        let known = LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level));
        // A level of one's own names its class after `#`; `inherited` takes that of the parent.
        if level.is_empty() || known || level.contains(['$', '#']) || old && level.eq_ignore_ascii_case("inherited") {
            continue;
        }
        let message = format!("`{key}` is `{level}`, which is not a level: Log4j takes another one");
        let finding = findings.in_field(field(file), &APPENDER, message);
        finding.hint(match nearest(level, LEVELS.into_iter()) {
            Some(meant) => format!("write `{meant}`"),
            None => format!("use `{}`", LEVELS.join("`, `")),
        });
        finding.place.row = Some(line.row);
        key.clone_into(&mut finding.place.setting);
    }
}
