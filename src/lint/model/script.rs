//! The variables that a script of the shell uses.

use std::collections::BTreeSet;

/// Variables that bash itself has.
const OF_BASH: [&str; 12] = [
    "BASH", "EUID", "IFS", "LINENO", "OLDPWD", "OPTARG", "OPTIND", "PPID", "RANDOM", "SECONDS", "SHELL", "UID",
];

/// What follows a name in braces that stands for its value, or a part of it; not for another value where it is empty.
const PARTS: [char; 4] = ['}', '#', '%', '/'];

/// Whether bash has a variable by itself.
pub(crate) fn is_of_bash(name: &str) -> bool {
    OF_BASH.contains(&name) || name.starts_with("BASH_")
}

/// The names that a script uses as `$NAME` or `${NAME}`, in capitals, without a default.
pub(crate) fn used(script: &str) -> impl Iterator<Item = &str> {
    script.match_indices('$').filter_map(|(at, _)| {
        let escaped = script[..at].ends_with(['\\', '$']);
        let rest = &script[at + 1..];
        let (rest, braced) = rest.strip_prefix('{').map_or((rest, false), |rest| (rest, true));
        let end = rest
            .find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_')
            .unwrap_or(rest.len());
        let name = &rest[..end];
        let whole = !braced || rest[end..].starts_with(PARTS);
        let variable = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
        (variable && whole && !escaped && !rest[end..].starts_with(|c: char| c.is_ascii_lowercase())).then_some(name)
    })
}

/// Whether a script names a variable other than by its value.
pub(crate) fn mentions(script: &str, name: &str) -> bool {
    words(script, name).any(|(before, after)| !is_value(before, after))
}

fn is_value(before: Option<char>, after: Option<char>) -> bool {
    before == Some('$') || before == Some('{') && after.is_some_and(|c| PARTS.contains(&c))
}

/// What is before and after each place where a script names a variable.
fn words(script: &str, name: &str) -> impl Iterator<Item = (Option<char>, Option<char>)> {
    script.match_indices(name).filter_map(move |(at, _)| {
        let before = script[..at].chars().next_back();
        let after = script[at + name.len()..].chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        (!inside(before) && !inside(after)).then_some((before, after))
    })
}

/// The variables without which a script ends: used without a default under `set -u`, and not made by the script itself. None where it
/// reads another file, which may make any.
pub(super) fn needed(script: &str) -> Vec<String> {
    let code: Vec<&str> = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .collect();
    let strict = code.iter().any(|line| {
        let options = line.strip_prefix("set -").unwrap_or_default();
        options
            .split_whitespace()
            .next()
            .is_some_and(|options| options.contains('u'))
            || line.contains("nounset")
    });
    let sources = code.iter().any(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        [".", "source", "eval"].contains(&first) || line.contains("set -a")
    });
    if !strict || sources {
        return Vec::new();
    }
    let text = code.join("\n");
    let mut seen = BTreeSet::new();
    let mut needed = Vec::new();
    for name in used(&text) {
        let known = is_of_bash(name) || OF_SYSTEMS.contains(&name);
        if seen.insert(name) && !known && !makes(&code, name) {
            needed.push(name.to_owned());
        }
    }
    needed
}

/// Variables that every container has.
const OF_SYSTEMS: [&str; 6] = ["HOME", "HOSTNAME", "PATH", "PWD", "USER", "REPLY"];

/// Whether a script gives a variable a value, or looks whether it has one.
fn makes(code: &[&str], name: &str) -> bool {
    let builtins = [
        "read",
        "local",
        "declare",
        "typeset",
        "export",
        "readonly",
        "mapfile",
        "readarray",
        "getopts",
        "printf",
    ];
    let (looped, opened, closed) = (format!("for {name} in"), format!("${{{name}"), format!("${{{name}}}"));
    code.iter().filter(|line| line.contains(name)).any(|line| {
        words(line, name).any(|(before, after)| {
            let begins = before.is_none_or(|c| c.is_whitespace() || ";&|({".contains(c));
            begins && matches!(after, Some('=' | '+' | '[' | ':' | '-'))
        }) || line.contains(&looped)
            || line.contains(&opened) && !line.contains(&closed)
            || builtins
                .iter()
                .any(|word| line.split_whitespace().any(|other| other == *word))
                && mentions(line, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_script_needs_what_it_does_not_make() {
        for (script, expected) in [
            ("set -euo pipefail\necho $SERVERS ${FILE}", "SERVERS FILE"),
            ("set -u\nSERVERS=a\necho $SERVERS", ""),
            ("set -u\nfor NAME in a b; do echo $NAME; done", ""),
            ("set -u\nread -r NAME\necho $NAME $HOME $RANDOM", ""),
            ("set -u\necho ${NAME:-x}; echo $NAME", ""),
            ("set -u\nlocal NAME\necho $NAME", ""),
            ("set -u\n: \"${NAME:=x}\"\necho $NAME", ""),
            ("set -u\n. ./settings\necho $NAME", ""),
            ("echo $NAME", ""),
            ("set -u\n# $NAME\n", ""),
            (
                "set -u\nfor name in NAME; do [[ ${!name-} ]]; done\necho \"$NAME\"",
                "NAME",
            ),
        ] {
            assert_eq!(needed(script).join(" "), expected, "{script}");
        }
    }
}
