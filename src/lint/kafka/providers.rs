//! Config providers: those that values name exist.

use std::collections::BTreeSet;

use super::Member;
use crate::{
    diagnostics::{Diagnostic, Mend, Severity::Error, family::rules},
    lint::model::{program::Program, set::SetFindings},
};

rules! { rules::cluster;
    /// A config provider that does not exist.
    pub const CONFIG_PROVIDER: Rule = Rule {
        id: "KS-K44",
        production: Error,
        development: Error,
        summary: "a value of a config provider that does not exist",
        explanation: "Kafka replaces `${env:NAME}` and `${file:PATH:KEY}` only if `config.providers` lists the provider \
            and `config.providers.NAME.class` is its class. Without one of them Kafka says nothing and the value stays as it is \
            written: a process does not start because a number is wrong, or the text itself is the password. With \
            the name of a class that does not exist it does not start: `Could not load config provider class`.",
        source: "Kafka, AbstractConfig.resolveConfigVariables",
    };
}

/// The providers that Kafka has.
const CLASSES: [&str; 3] = ["DirectoryConfigProvider", "EnvVarConfigProvider", "FileConfigProvider"];
const PACKAGE: &str = "org.apache.kafka.common.config.provider.";
const LIST: &str = "config.providers";

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program == Program::ZooKeeper || member.writes(LIST) {
        return;
    }
    let list = member.settings.get(LIST);
    if list.is_some_and(|list| !list.is_known()) {
        return;
    }
    let listed: BTreeSet<&str> = list
        .map(|list| list.value.split(',').map(str::trim).collect())
        .unwrap_or_default();
    let mut told = BTreeSet::new();
    for (key, setting) in member.settings.iter() {
        for provider in named(&setting.raw) {
            if !told.insert(provider) {
                continue;
            }
            let class = format!("{LIST}.{provider}.class");
            let (message, yaml_hint) = if !listed.contains(provider) {
                (
                    format!(
                        "`{LIST}` does not list `{provider}`, so Kafka takes `{}` literally",
                        setting.raw
                    ),
                    format!("add `{LIST}={provider}` and its `{class}`"),
                )
            } else if member.settings.get(&class).is_none() {
                (
                    format!("`{class}` is not set, so Kafka takes `{}` literally", setting.raw),
                    format!("add `{class}={PACKAGE}EnvVarConfigProvider`, or the class that you mean"),
                )
            } else {
                continue;
            };
            let mut finding = Diagnostic::new(&CONFIG_PROVIDER, message);
            finding.yaml_hint(yaml_hint);
            let others = listed.iter().filter(|name| **name != provider);
            let others: Vec<String> = others.map(|name| format!("`${{{name}:…}}`")).collect();
            finding.mend(match others.as_slice() {
                [] => Mend::change(),
                _ => Mend::change_to(format!("{} can be used", others.join(", "))),
            });
            member.push(findings, key, setting, finding);
        }
    }
    for provider in listed {
        let key = format!("{LIST}.{provider}.class");
        if let Some(setting) = member.settings.get(&key).filter(|setting| setting.is_known())
            && let class = setting.value.trim()
            && class.starts_with("org.apache.kafka.")
            && !class
                .strip_prefix(PACKAGE)
                .is_some_and(|class| CLASSES.contains(&class))
        {
            let message = format!("Kafka has no config provider `{class}`, so the process does not start");
            let classes = CLASSES.map(|class| format!("`{PACKAGE}{class}`")).join(", ");
            member.refuse(
                findings,
                &CONFIG_PROVIDER,
                &key,
                setting,
                message,
                format!("use one of {classes}"),
            );
        }
    }
}

/// The providers that a value names: `env` in `${env:NAME}`.
fn named(value: &str) -> Vec<&str> {
    let mut providers = Vec::new();
    for part in value.split("${").skip(1) {
        let Some((inside, _)) = part.split_once('}') else {
            continue;
        };
        if let Some((provider, rest)) = inside.split_once(':')
            && !rest.starts_with(['-', '=', '+', '?'])
            && !provider.is_empty()
            && provider.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        {
            providers.push(provider);
        }
    }
    providers
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_default_of_the_shell_names_no_provider() {
        assert_eq!(named("a${env:B}${file:/c:d}"), ["env", "file"]);
        assert_eq!(named("${A:-b} ${topic} $(C)"), [""; 0]);
    }
}
