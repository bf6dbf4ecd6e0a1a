//! Passwords that everyone can read who may look at the manifests.

use super::Member;
use crate::{
    diagnostics::{Diagnostic, rules::stack::SECRET},
    lint::model::{
        ObjectDetail, ObjectModel,
        config::field,
        container::{Container, ELSEWHERE},
        password::{clear_password, is_literal, is_placeholder},
        properties::Property,
        set::SetFindings,
        workload::Workload,
    },
};

/// Whether the value of a setting is a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "sasl.jaas.config", "secret", "user.info", "keystore.key"]
        .iter()
        .any(|end| key.ends_with(end))
}

/// Whether a value is a password itself: neither a reference, nor a JAAS configuration without a password.
fn is_clear(key: &str, value: &str) -> bool {
    if key.ends_with("sasl.jaas.config") {
        return clear_password(value).is_some();
    }
    let value = value.trim();
    let referred = ["${", "$(", ELSEWHERE, "{metadata."]
        .iter()
        .any(|mark| value.contains(mark));
    let mut words = value.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    !value.is_empty() && !referred && !words.any(is_placeholder)
}

/// The settings of a process.
pub(super) fn settings(member: &Member<'_>, findings: &mut SetFindings) {
    for (key, setting) in member.settings.iter() {
        // A file is judged once, however many processes read it.
        if setting.config_map.is_none() && is_secret(key) && is_clear(key, &setting.value) {
            let mut finding = Diagnostic::new(&SECRET, message(key));
            finding.yaml_hint("take the variable from a Secret, with `valueFrom.secretKeyRef`");
            member.push(findings, key, setting, finding);
        }
    }
}

fn message(key: &str) -> String {
    format!("the value of `{key}` would be readable by everyone")
}

/// Other files of a ConfigMap: files for logins, of applications, and variables.
pub(super) fn other_files(findings: &mut SetFindings, index: usize, object: &ObjectModel) {
    let ObjectDetail::Config(config) = &object.detail else {
        return;
    };
    let of_kafka = |name: &str| {
        ["KAFKA", "SASL", "SSL", "CONNECT", "REGISTRY"]
            .iter()
            .any(|part| name.contains(part))
    };
    let variables = config.variables.iter().filter(|(name, value)| {
        of_kafka(name) && (is_password(name) && is_literal(value) || clear_password(value).is_some())
    });
    let variables = variables.map(|(name, _)| (name.as_str(), 0, format!("the value of the variable `{name}`")));
    let logins = config.logins.iter().map(|(file, row, name)| {
        let name = format!("the password in `{name}=…`");
        (file.as_str(), *row, name)
    });
    for (key, row, what) in variables.chain(logins) {
        let mut finding = Diagnostic::new(&SECRET, format!("{what} would be readable by everyone"));
        finding.place.field = field(key);
        finding.place.row = Some(row);
        finding.yaml_hint("put it into a Secret");
        findings.push(index, finding);
    }
}

/// The property files of a ConfigMap.
pub(super) fn files(findings: &mut SetFindings, index: usize, object: &ObjectModel, members: &[Member<'_>]) {
    let ObjectDetail::Config(config) = &object.detail else {
        return;
    };
    if object.identity.kind != "ConfigMap" {
        return;
    }
    for (file, lines) in &config.properties {
        if !lines.iter().any(|line| of_kafka(&line.key)) {
            continue;
        }
        let field = field(file);
        let read = members.iter().any(|member| {
            let mut settings = member.settings.iter().map(|(_, setting)| setting);
            settings.any(|setting| setting.pointer == field && member.object_of(setting) == Some(index))
        });
        let hint = if read {
            "use `${env:NAME}`, and set NAME from a Secret with `.env_from_secret(…)`"
        } else {
            "use `${env:NAME}`, and set NAME from a Secret in the application's pods"
        };
        for Property { key, value, row } in lines {
            if !of_kafka(key) || !is_clear(key, value) {
                continue;
            }
            let mut finding = Diagnostic::new(&SECRET, message(key));
            finding.place.field.clone_from(&field);
            finding.place.row = Some(*row);
            finding.place.setting.clone_from(key);
            finding.hint(hint);
            finding.yaml_hint("use `${env:NAME}`, and set NAME from a Secret with `valueFrom.secretKeyRef`");
            findings.push(index, finding);
        }
    }
}

/// Whether it is a secret of Kafka's, of Connect or of the registry: other programs have other files in ConfigMaps.
fn of_kafka(key: &str) -> bool {
    is_secret(key)
        && ["sasl.", "ssl.", "basic.auth.", "password.encoder.", "delegation.token."]
            .iter()
            .any(|part| key.starts_with(part) || key.contains(&format!(".{part}")))
}

/// Variables and arguments of the containers of a workload that has to do with Kafka.
pub(super) fn containers(findings: &mut SetFindings, index: usize, workload: &Workload, members: &[Member<'_>]) {
    for container in &workload.containers {
        let settings = |name: &str| {
            members.iter().any(|member| {
                member.index == index
                    && member.process.pointer == container.pointer
                    && member
                        .settings
                        .iter()
                        .any(|(key, setting)| setting.variable.as_deref() == Some(name) && is_secret(key))
            })
        };
        for (name, value) in &container.variables {
            let whole = is_password(name) && is_literal(value);
            if (whole || clear_password(value).is_some()) && !settings(name) {
                let message = format!("the value of the variable `{name}` would be readable by everyone");
                findings
                    .add(index, container.pointer.clone(), &SECRET, message)
                    .yaml_hint("take the variable from a Secret, with `valueFrom.secretKeyRef`");
            }
        }
        let told = argument(container).map(|option| format!("the option `{option}`"));
        let within = || clear_password(container.command()).map(|name| format!("`{name}=…` of the command"));
        if let Some(place) = told.or_else(within) {
            let message = format!("the password in {place} would be readable by everyone");
            findings
                .add(index, container.pointer.clone(), &SECRET, message)
                .yaml_hint("write `$(NAME)`, and take the variable NAME from a Secret");
        }
    }
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwords", "passwd", "secret"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The option of a command that has a password as its value.
fn argument(container: &Container) -> Option<&str> {
    let mut words = container
        .words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .peekable();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            continue;
        }
        let literal = match word.split_once('=') {
            Some((option, value)) => (option, is_literal(value)),
            None => (
                word,
                words
                    .peek()
                    .is_some_and(|next| !next.starts_with('-') && is_literal(next)),
            ),
        };
        if let (option, true) = literal
            && is_password(option)
        {
            return Some(option);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_not_a_password() {
        assert!(is_clear("sasl.jaas.config", "X required password=\"a\";"));
        assert!(!is_clear("sasl.jaas.config", "X required password=\"${env:P}\";"));
        assert!(!is_clear(
            "sasl.jaas.config",
            "X required password=\"password-placeholder-0\";"
        ));
        assert!(!is_clear("sasl.jaas.config", "X required keyTab=\"/a\";"));
        assert!(is_clear(
            "sasl.jaas.config",
            "X required username=\"${env:U}\" password=\"a\";"
        ));
        assert!(is_clear(
            "sasl.jaas.config",
            "X required password=\"${env:P}\" user_b=\"b\";"
        ));
    }
}
