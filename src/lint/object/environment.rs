//! The environment of a container, and the variables that its texts use.

use super::fields::{by_name, distinct, required, syntax};
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::object::fields::{INNER_NAME, ONE_OF, REQUIRED, WORD};
use crate::{
    diagnostics::Diagnostics,
    lint::model::{container::references, node::Node, syntax as text},
};

rules! { rules::api;
    /// A variable that is used before it is defined.
    pub const UNDEFINED: Rule = Rule {
        id: "KS-A27",
        production: Error,
        development: Error,
        summary: "a variable that is not defined where it is used",
        explanation: "`$(NAME)` in a variable is replaced only by variables that come before it in the list, and in a \
            command only by those of the container. Otherwise the text `$(NAME)` is kept as it is, without a warning, \
            and is used as an address, an id or a path.",
        source: "Kubernetes, Define Dependent Environment Variables",
    };
}

pub(super) fn check(container: &Node<'_, '_>, findings: &mut Diagnostics) {
    let env = container.get("env");
    for variable in env.items() {
        let name = variable.get("name");
        if name.str().is_none_or(str::is_empty) {
            findings.at(&name, &REQUIRED, "is missing or empty");
        } else {
            syntax(&name, &INNER_NAME, text::variable_name, findings);
        }
        let from = variable.get("valueFrom");
        if !from.is_set() {
            continue;
        }
        if variable.get("value").str().is_some_and(|value| !value.is_empty()) {
            findings.at(&variable, &ONE_OF, "has both `value` and `valueFrom`");
        }
        let sources: Vec<&str> = from
            .entries()
            .filter(|(_, source)| source.is_set())
            .map(|(key, _)| key)
            .collect();
        if sources.len() != 1 {
            findings.at(
                &from,
                &ONE_OF,
                format!(
                    "has {} sources: one of `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`",
                    sources.len()
                ),
            );
        }
        for source in ["configMapKeyRef", "secretKeyRef"] {
            let source = from.get(source);
            if source.is_set() {
                required(&source, "key", findings);
                required(&source, "name", findings);
            }
        }
        let field = from.get("fieldRef");
        if field.is_set() && required(&field, "fieldPath", findings) {
            let path = field.get("fieldPath");
            let known = [
                "metadata.name",
                "metadata.namespace",
                "metadata.uid",
                "spec.nodeName",
                "spec.serviceAccountName",
                "status.hostIP",
                "status.hostIPs",
                "status.podIP",
                "status.podIPs",
            ];
            let keyed = ["metadata.labels['", "metadata.annotations['"];
            let sound = known.contains(&path.text())
                || keyed
                    .iter()
                    .any(|prefix| path.text().starts_with(prefix) && path.text().ends_with("']"));
            if !sound {
                findings.at(
                    &path,
                    &WORD,
                    format!("is `{}`, which cannot be read into a variable", path.text()),
                );
            }
        }
    }
    distinct(&env, "name", by_name, findings);
    let from = container.get("envFrom");
    for item in from.items() {
        let sources = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|source| item.get(source).is_set())
            .count();
        if sources != 1 {
            findings.at(
                &item,
                &ONE_OF,
                format!("has {sources} sources: one of `configMapRef`, `secretRef`"),
            );
        }
    }
    undefined(container, findings);
}

/// `$(NAME)` where NAME is not defined, or not yet.
fn undefined(container: &Node<'_, '_>, findings: &mut Diagnostics) {
    let env = container.get("env");
    let defined: Vec<&str> = env.items().filter_map(|variable| variable.get("name").str()).collect();
    // What comes from elsewhere, or from a Service, cannot be seen here.
    let open = container.get("envFrom").len() > 0;
    let from_service =
        |name: &str| name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_PORT_");
    for (index, variable) in env.items().enumerate() {
        let value = variable.get("value");
        for name in references(value.text()) {
            if defined[..index.min(defined.len())].contains(&name) {
                continue;
            }
            if let Some(later) = defined.iter().position(|other| *other == name) {
                let what = if later == index {
                    "itself"
                } else {
                    "a variable that is defined later"
                };
                findings
                    .at(
                        &value,
                        &UNDEFINED,
                        format!("uses `$({name})`, {what}: it is not replaced"),
                    )
                    .hint(format!("move `{name}` before `{}`", variable.get("name").text()));
            } else if !open && !from_service(name) {
                findings
                    .at(
                        &value,
                        &UNDEFINED,
                        format!("uses `$({name})`, which is not defined: it is not replaced"),
                    )
                    .hint(format!(
                        "define `{name}` before it, or write `$$({name})` for a literal `$({name})`"
                    ));
            }
        }
    }
    // `-c`, also together with other options of a shell: `-ec`.
    let is_script = |word: &str| {
        word.strip_prefix('-')
            .is_some_and(|options| options.contains('c') && options.chars().all(|c| c.is_ascii_lowercase()))
    };
    let shell = ["command", "args"]
        .iter()
        .any(|list| container.get(list).items().any(|word| is_script(word.text())));
    for list in ["command", "args"] {
        let list = container.get(list);
        for word in list.items() {
            for name in references(word.text()) {
                // In a script, `$(name)` runs a program; only variables are written in capitals.
                let program = shell
                    && !name
                        .chars()
                        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
                if !defined.contains(&name) && !open && !from_service(name) && !program {
                    findings
                        .at(
                            &word,
                            &UNDEFINED,
                            format!("uses `$({name})`, which the container does not define: it is not replaced"),
                        )
                        .hint(format!("define `{name}` in the container's `env`"));
                }
            }
        }
    }
}
