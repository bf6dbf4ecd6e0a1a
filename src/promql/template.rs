//! The templates in the annotations of an alert.

use std::collections::BTreeSet;

/// The mistakes in the templates of a text. `labels` are the alert's labels, if they are known.
pub(crate) fn errors(text: &str, labels: Option<&BTreeSet<String>>) -> Vec<String> {
    let mut errors = Vec::new();
    let mut rest = text;
    let (mut blocks, mut declared) = (0_u32, BTreeSet::new());
    while let Some((before, behind)) = rest.split_once("{{") {
        if before.contains("}}") {
            break;
        }
        let Some((action, after)) = behind.split_once("}}") else {
            errors.push("`{{` without `}}`".to_owned());
            return errors;
        };
        rest = after;
        let words = action.trim_matches('-').trim();
        if words.starts_with("/*") {
            continue;
        }
        match words.split_whitespace().next() {
            None => errors.push("empty template `{{ }}`".to_owned()),
            Some("if" | "range" | "with" | "block" | "define") => blocks += 1,
            Some("end") if blocks == 0 => errors.push("`end` without `if`, `range` or `with`".to_owned()),
            Some("end") => blocks -= 1,
            Some("else") if blocks == 0 => errors.push("`else` without `if`, `range` or `with`".to_owned()),
            _ if words.ends_with('|') => errors.push("no function after `|`".to_owned()),
            _ => {}
        }
        declared.extend(declarations(action));
        action_errors(action, labels, &declared, &mut errors);
    }
    if blocks > 0 {
        errors.push("`if`, `range` or `with` without `end`".to_owned());
    }
    if rest.contains("}}") {
        errors.push("`}}` without `{{`".to_owned());
    }
    errors
}

/// The functions of Prometheus and of Go's templates.
const FUNCTIONS: &[&str] = &[
    "and",
    "args",
    "call",
    "externalURL",
    "first",
    "graphLink",
    "html",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "index",
    "js",
    "label",
    "len",
    "match",
    "not",
    "or",
    "parseDuration",
    "pathPrefix",
    "print",
    "printf",
    "println",
    "query",
    "reReplaceAll",
    "safeHtml",
    "slice",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "urlQueryEscape",
    "urlquery",
    "value",
    "now",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The variables that an action declares, as `$x := …` or `range $index, $sample := …`.
fn declarations(action: &str) -> Vec<&str> {
    let Some((declared, _)) = action.split_once(":=") else {
        return Vec::new();
    };
    let variables = declared.split('$').skip(1);
    variables
        .filter_map(|variable| variable.split(|c| !is_name(c)).next())
        .collect()
}

/// An action without its quoted texts.
fn outside_quotes(action: &str) -> String {
    let mut outside = String::new();
    let mut quote = None;
    let mut characters = action.chars();
    while let Some(c) = characters.next() {
        match quote {
            Some(end) if c == end => quote = None,
            Some('"') if c == '\\' => drop(characters.next()),
            Some(_) => {}
            None if matches!(c, '"' | '`') => {
                quote = Some(c);
                outside.push_str("\"\"");
            }
            None => outside.push(c),
        }
    }
    outside
}

fn action_errors(action: &str, labels: Option<&BTreeSet<String>>, declared: &BTreeSet<&str>, errors: &mut Vec<String>) {
    // A `|` or `$` within quotes is part of the text.
    let outside = outside_quotes(action);
    if outside.contains(['{', '}']) {
        errors.push("a brace within a template: `{{` needs `}}`".to_owned());
        return;
    }
    for stage in outside.split('|').skip(1) {
        let function = stage.split_whitespace().next().unwrap_or_default();
        let function = function.trim_end_matches(|c| !is_name(c));
        if function.starts_with(|c: char| c.is_ascii_alphabetic()) && !FUNCTIONS.contains(&function) {
            errors.push(format!("unknown template function `{function}`"));
        }
    }
    for variable in outside.split('$').skip(1) {
        let end = variable.find(|c| !is_name(c)).unwrap_or(variable.len());
        let (name, behind) = variable.split_at(end);
        match name {
            "labels" => {
                let label = behind.strip_prefix('.').unwrap_or_default();
                let label = &label[..label.find(|c| !is_name(c)).unwrap_or(label.len())];
                if let Some(labels) = labels
                    && !label.is_empty()
                    && !labels.contains(label)
                {
                    let has = if labels.is_empty() {
                        "its expression keeps no labels".to_owned()
                    } else {
                        format!(
                            "available: `{}`",
                            labels.iter().cloned().collect::<Vec<_>>().join("`, `")
                        )
                    };
                    errors.push(format!("the alert has no label `{label}` for `$labels.{label}`; {has}"));
                }
            }
            "value" | "externalLabels" | "externalURL" => {}
            _ if declared.contains(name) => {}
            _ => errors.push(format!("unknown template variable `${name}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_may_use_only_labels_of_the_alert_and_known_functions() {
        let labels: BTreeSet<String> = ["pod", "topic"].map(str::to_owned).into();
        let errors = |text| errors(text, Some(&labels));
        let none: [&str; 0] = [];
        assert_eq!(
            errors("{{ $value | humanize }} on {{ $labels.pod }} of {{$labels.topic}}."),
            none
        );
        assert_eq!(
            errors("{{ $value | humanise }} {{ $labels.pod | reReplaceAll \"a|bc\" \"\" | toUpper }}"),
            ["unknown template function `humanise`"]
        );
        assert_eq!(
            errors("{{ $labels.instance }} {{ $label.pod }}"),
            [
                "the alert has no label `instance` for `$labels.instance`; available: `pod`, `topic`",
                "unknown template variable `$label`"
            ]
        );
        let block = "{{ $x := $value }}{{- if gt $x 5.0 }} a {{ else }} b {{ end -}}{{/* c */}}";
        assert_eq!(errors(block), none);
        assert_eq!(
            errors("{{ range $index, $sample := query \"up\" }}{{ $index }}{{ $sample.Value }}{{ end }}"),
            none
        );
        assert_eq!(
            errors("{{ if gt $value 5.0 }}a"),
            ["`if`, `range` or `with` without `end`"]
        );
        assert_eq!(errors("{{ if match `^(?:a$|\"b)$` $labels.topic }}a{{ end }}"), none);
        assert_eq!(errors("{{ if eq $labels.topic \"a\\\"$b\" }}a{{ end }}"), none);
        assert_eq!(errors("{{ end }}"), ["`end` without `if`, `range` or `with`"]);
        assert_eq!(errors("{{ }}"), ["empty template `{{ }}`"]);
        assert_eq!(errors("{{ $value | }}"), ["no function after `|`"]);
        assert_eq!(errors("{{ $value"), ["`{{` without `}}`"]);
        assert_eq!(errors("$value }} {{ $value }}"), ["`}}` without `{{`"]);
    }
}
