//! The templates in an alert's texts.

use std::collections::BTreeSet;

/// What is wrong with the templates of a text, given the labels that the alert has, if they are known.
pub(crate) fn flaws(text: &str, labels: Option<&BTreeSet<String>>) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut rest = text;
    let (mut blocks, mut declared) = (0_u32, BTreeSet::new());
    while let Some((before, behind)) = rest.split_once("{{") {
        if before.contains("}}") {
            break;
        }
        let Some((action, after)) = behind.split_once("}}") else {
            flaws.push("a template begins with `{{` and does not end".to_owned());
            return flaws;
        };
        rest = after;
        let words = action.trim_matches('-').trim();
        if words.starts_with("/*") {
            continue;
        }
        match words.split_whitespace().next() {
            None => flaws.push("a template has nothing between `{{` and `}}`".to_owned()),
            Some("if" | "range" | "with" | "block" | "define") => blocks += 1,
            Some("end") if blocks == 0 => flaws.push("a template has an `end` of nothing".to_owned()),
            Some("end") => blocks -= 1,
            Some("else") if blocks == 0 => flaws.push("a template has an `else` of nothing".to_owned()),
            _ if words.ends_with('|') => flaws.push("a template pipes into nothing".to_owned()),
            _ => {}
        }
        declared.extend(declarations(action));
        action_flaws(action, labels, &declared, &mut flaws);
    }
    if blocks > 0 {
        flaws.push("a template has an `if`, `range` or `with` that does not end".to_owned());
    }
    if rest.contains("}}") {
        flaws.push("a template ends with `}}` and does not begin".to_owned());
    }
    flaws
}

/// What a value can be piped into: the functions of Prometheus and those of Go's templates.
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

fn action_flaws(action: &str, labels: Option<&BTreeSet<String>>, declared: &BTreeSet<&str>, flaws: &mut Vec<String>) {
    // A bar within quotes is a text's.
    let outside: String = action.split(['"', '`']).step_by(2).collect::<Vec<_>>().join("\"\"");
    for stage in outside.split('|').skip(1) {
        let function = stage.split_whitespace().next().unwrap_or_default();
        let function = function.trim_end_matches(|c| !is_name(c));
        if function.starts_with(|c: char| c.is_ascii_alphabetic()) && !FUNCTIONS.contains(&function) {
            flaws.push(format!("there is no function `{function}`"));
        }
    }
    for variable in action.split('$').skip(1) {
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
                        "it has none".to_owned()
                    } else {
                        format!("it has `{}`", labels.iter().cloned().collect::<Vec<_>>().join("`, `"))
                    };
                    flaws.push(format!("the alert has no label `{label}` for `$labels.{label}`; {has}"));
                }
            }
            "value" | "externalLabels" | "externalURL" => {}
            _ if declared.contains(name) => {}
            _ => flaws.push(format!("there is no variable `${name}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_what_the_alert_has() {
        let labels: BTreeSet<String> = ["pod", "topic"].map(str::to_owned).into();
        let flaws = |text| flaws(text, Some(&labels));
        let none: [&str; 0] = [];
        assert_eq!(
            flaws("{{ $value | humanize }} on {{ $labels.pod }} of {{$labels.topic}}."),
            none
        );
        assert_eq!(
            flaws("{{ $value | humanise }} {{ $labels.pod | reReplaceAll \"a|bc\" \"\" | toUpper }}"),
            ["there is no function `humanise`"]
        );
        assert_eq!(
            flaws("{{ $labels.instance }} {{ $label.pod }}"),
            [
                "the alert has no label `instance` for `$labels.instance`; it has `pod`, `topic`",
                "there is no variable `$label`"
            ]
        );
        let block = "{{ $x := $value }}{{- if gt $x 5.0 }} a {{ else }} b {{ end -}}{{/* c */}}";
        assert_eq!(flaws(block), none);
        assert_eq!(
            flaws("{{ range $index, $sample := query \"up\" }}{{ $index }}{{ $sample.Value }}{{ end }}"),
            none
        );
        assert_eq!(
            flaws("{{ if gt $value 5.0 }}a"),
            ["a template has an `if`, `range` or `with` that does not end"]
        );
        assert_eq!(flaws("{{ end }}"), ["a template has an `end` of nothing"]);
        assert_eq!(flaws("{{ }}"), ["a template has nothing between `{{` and `}}`"]);
        assert_eq!(flaws("{{ $value | }}"), ["a template pipes into nothing"]);
        assert_eq!(flaws("{{ $value"), ["a template begins with `{{` and does not end"]);
        assert_eq!(
            flaws("$value }} {{ $value }}"),
            ["a template ends with `}}` and does not begin"]
        );
    }
}
