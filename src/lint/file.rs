//! The text of a file: whether it is YAML, and read by everyone as Kubernetes reads it.

use serde_json::Value;

use crate::{
    diagnostics::{
        Diagnostic, Diagnostics, Location, Rule,
        Severity::{Error, Warning},
        family::rules,
    },
    yaml::{
        conflict,
        read::{self, Document, RemarkKind, SyntaxError},
    },
};

rules! { rules::api;
    /// A file that holds no manifests.
    pub const UNREADABLE: Rule = Rule {
        id: "KS-A01",
        production: Error,
        development: Error,
        summary: "a file that cannot be read as manifests",
        explanation: "A folder of manifests holds YAML or JSON: one object or several, separated by `---`, or a List \
            of them. Any other file stops `kubectl apply` in the middle, with the files before it applied \
            and those after it not.",
        source: "YAML 1.2; Kubernetes, kubectl apply",
    };

    /// A key that a mapping has twice.
    pub const DUPLICATE_KEY: Rule = Rule {
        id: "KS-A02",
        production: Error,
        development: Error,
        summary: "a key that a mapping has twice",
        explanation: "YAML forbids it. One reader refuses the file (kustomize, Flux), another takes the last value and \
            forgets the first (kubectl): half of what was written is silently gone.",
        source: "YAML 1.2, 3.2.1.1; sigs.k8s.io/yaml",
    };

    /// A value that readers of YAML take for different things.
    pub const AMBIGUOUS: Rule = Rule {
        id: "KS-A03",
        production: Warning,
        development: Warning,
        summary: "a value that YAML readers take for different things",
        explanation: "Kubernetes reads YAML 1.1: a bare `yes`, `on` or `n` is a boolean, `010` is eight and `1_000` a \
            thousand. A reader of YAML 1.2 takes them for text and for ten. What was reviewed is then not what is \
            applied. Quotes make it a text for everyone.",
        source: "YAML 1.1 bool and int types; YAML 1.2 core schema; sigs.k8s.io/yaml",
    };

    /// A kustomization that cannot be built.
    pub const KUSTOMIZATION: Rule = Rule {
        id: "KS-A06",
        production: Error,
        development: Error,
        summary: "a kustomization that cannot be built",
        explanation: "`kubectl apply -k` stops at a file that it cannot find, or a change that matches nothing, and \
            applies nothing of the whole folder.",
        source: "kustomize, resources",
    };

    /// A kustomization that applies something else than the files.
    pub const TRANSFORMED: Rule = Rule {
        id: "KS-A07",
        production: Warning,
        development: Warning,
        summary: "a kustomization that applies something else than the files",
        explanation: "Patches, generators and prefixes change objects before they are applied, and a file that no \
            kustomization lists is not applied at all. The check builds the kustomization of a folder that it is given; \
            of one in a folder below, it judges the files as they are. Give each overlay its own check: \
            `check --dir overlays/prod`.",
        source: "kustomize, kustomization file",
    };
}

/// The documents of a file, up to where it cannot be read, and what is wrong with its text.
pub fn read(text: &str, file: &str) -> (Vec<Document>, Diagnostics) {
    let reading = read::read(text);
    let mut findings = Diagnostics::default();
    let mut say = |rule: &'static Rule, line: u32, message: String, hint: String| {
        let mut finding = Diagnostic::new(rule, message);
        finding.item(file).hint(hint).at(Location::new(file, line));
        findings.push(finding);
    };
    for remark in reading.remarks {
        match remark.kind {
            RemarkKind::DuplicateKey { key, first } => say(
                &DUPLICATE_KEY,
                remark.line,
                format!("the key `{key}` is already in line {first}"),
                "keep one of the two".to_owned(),
            ),
            RemarkKind::Ambiguous {
                text,
                kubernetes,
                core_schema,
            } => say(
                &AMBIGUOUS,
                remark.line,
                format!(
                    "`{text}` is {} to Kubernetes, and {} to readers of YAML 1.2",
                    shown(&kubernetes),
                    shown(&core_schema)
                ),
                match kubernetes {
                    Value::Bool(_) | Value::Number(_) => format!("write `\"{text}\"` for the text, or `{kubernetes}`"),
                    _ => format!("write `\"{text}\"`"),
                },
            ),
        }
    }
    if let Some(line) = conflict(text) {
        say(
            &UNREADABLE,
            line,
            "has a merge conflict".to_owned(),
            "resolve it; what a stack makes, take from either branch and let `synth` write it again".to_owned(),
        );
    } else if let Some(SyntaxError { line, message }) = reading.error {
        say(
            &UNREADABLE,
            line,
            format!("is not valid YAML: {message}"),
            String::new(),
        );
    }
    (reading.documents, findings)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_) => "a string".to_owned(),
        Value::Bool(_) => format!("the boolean {value}"),
        Value::Null => "null".to_owned(),
        _ => format!("the number {value}"),
    }
}
