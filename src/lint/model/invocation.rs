//! Programs that the text of a command runs, each with its arguments, as a shell takes it apart.

use std::collections::BTreeMap;

/// The commands of a text: the words of each, without their quotes. What a shell fills in stays as it is written, in one word.
pub(crate) fn invocations(text: &str) -> Vec<Vec<String>> {
    let mut shell = Shell {
        rest: text.chars().collect(),
        at: 0,
        commands: vec![Vec::new()],
        word: None,
    };
    while let Some(c) = shell.next() {
        shell.take(c);
    }
    shell.end_of_word();
    shell.commands.retain(|words| !words.is_empty());
    shell.commands
}

/// The name of a program, as all images have it: without its folder, and without `.sh`.
pub(crate) fn program(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".sh").unwrap_or(name)
}

/// The commands in which one of these programs runs: its name, and its arguments.
pub(crate) fn runs<'n>(text: &str, programs: &[&'n str]) -> Vec<(&'n str, Vec<String>)> {
    let mut found = Vec::new();
    // Most texts run none of them.
    if !programs.iter().any(|name| text.contains(name)) {
        return found;
    }
    for words in invocations(text) {
        for inner in words.iter().filter_map(|word| inner(word)) {
            found.extend(runs(inner, programs));
        }
        // A shell that gets its commands as one word.
        let is_script = |pair: &&[String]| {
            let is_assigned = pair[1]
                .split_once('=')
                .is_some_and(|(name, _)| name.chars().all(is_of_name));
            pair[0] == "-c" && pair[1].contains(char::is_whitespace) && !is_assigned
        };
        if let Some([_, script]) = words.windows(2).find(is_script) {
            found.extend(runs(script, programs));
            continue;
        }
        // What is only shown.
        let first = words.iter().find(|word| !is_of_shell(word));
        if first.is_some_and(|first| first == "echo" || first == "printf") {
            continue;
        }
        let named = words.iter().enumerate().find_map(|(at, word)| {
            let name = programs.iter().find(|name| **name == program(word))?;
            Some((*name, at))
        });
        if let Some((name, at)) = named {
            found.push((name, words[at + 1..].to_vec()));
        }
    }
    found
}

/// Whether a word starts a shell. Where a container has its script beside it, both are words of one line.
fn is_of_shell(word: &str) -> bool {
    word.starts_with('-') || ["bash", "sh"].contains(&program(word))
}

/// The commands inside a word: between `$(` and `)`, and between backticks.
fn inner(word: &str) -> Option<&str> {
    let inside = match word.split_once("$(") {
        Some((_, rest)) => rest.rsplit_once(')'),
        None => word.split_once('`')?.1.split_once('`'),
    };
    Some(inside?.0)
}

/// What a script gives its own variables, by name: none for those that it gives several values, or one that is not seen.
pub(crate) fn assigned(text: &str) -> BTreeMap<String, Option<String>> {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    // Most texts give none.
    if !text.contains('=') {
        return found;
    }
    for words in invocations(text) {
        let is_declared = |word: &str| ["declare", "export", "local", "readonly"].contains(&word);
        let before = |word: &&String| is_of_shell(word) || is_declared(word);
        for word in words.iter().skip_while(before) {
            let Some((name, value)) = word.split_once('=') else {
                break;
            };
            let name = name.trim_end_matches('+');
            if name.is_empty() || !name.chars().all(is_of_name) {
                break;
            }
            let value = (!is_filled_in(value)).then(|| value.to_owned());
            let known = found.entry(name.to_owned()).or_insert_with(|| value.clone());
            if *known != value {
                *known = None;
            }
        }
        // `for NAME in …` and `read NAME`.
        for pair in words
            .windows(2)
            .filter(|pair| ["for", "read"].contains(&pair[0].as_str()))
        {
            found.insert(pair[1].clone(), None);
        }
    }
    found
}

const fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A word with the variables that it names as their values: `$NAME`, `${NAME}`, `${NAME:-default}`, and `$(NAME)` of Kubernetes. None if it
/// is filled in otherwise, or if one of them is not known.
pub(crate) fn filled(word: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        text += before;
        let (name, default, next) = match after.chars().next() {
            Some('{') => {
                let (inside, next) = after[1..].split_once('}')?;
                let (name, default) = match inside.split_once(":-").or_else(|| inside.split_once('-')) {
                    Some((name, default)) => (name, Some(default)),
                    None => (inside, None),
                };
                (name, default, next)
            }
            Some('(') => {
                let (name, next) = after[1..].split_once(')')?;
                (name, None, next)
            }
            _ => {
                let end = after.find(|c| !is_of_name(c)).unwrap_or(after.len());
                (&after[..end], None, &after[end..])
            }
        };
        if name.is_empty() || !name.chars().all(is_of_name) {
            return None;
        }
        text += &value(name).or_else(|| default.map(str::to_owned))?;
        rest = next;
    }
    text += rest;
    (!is_filled_in(&text)).then_some(text)
}

/// The options among the arguments of a program, as `--name value` or `--name=value`. The value is empty where there is none.
pub(crate) fn options(words: &[String]) -> Vec<(&str, &str)> {
    let mut options = Vec::new();
    let mut rest = words.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        let Some(option) = word.strip_prefix("--") else {
            continue;
        };
        options.push(match option.split_once('=') {
            Some(named) => named,
            None => (option, rest.next_if(|next| !next.starts_with("--")).unwrap_or_default()),
        });
    }
    options
}

/// A text on its way through a shell.
struct Shell {
    rest: Vec<char>,
    at: usize,
    commands: Vec<Vec<String>>,
    word: Option<String>,
}

impl Shell {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_of_word(&mut self) {
        let word = self.word.take();
        if let (Some(word), Some(words)) = (word, self.commands.last_mut()) {
            words.push(word);
        }
    }

    fn end_of_command(&mut self) {
        self.end_of_word();
        self.commands.push(Vec::new());
    }

    fn take(&mut self, c: char) {
        match c {
            '\\' => match self.next() {
                Some('\n') | None => {}
                Some(escaped) => self.push(escaped),
            },
            '\'' | '"' => self.quoted(c),
            '$' => self.filled_in(),
            '`' => {
                self.push(c);
                while let Some(inner) = self.next() {
                    self.push(inner);
                    if inner == c {
                        break;
                    }
                }
            }
            '#' if self.word.is_none() => {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            }
            // A redirection, as `2>&1` and `&>log`: not the end of the command.
            '&' if self.word.as_ref().is_some_and(|word| word.ends_with('>')) || self.peek() == Some('>') => {
                self.push(c);
            }
            ';' | '&' | '|' | '(' | ')' | '\n' => self.end_of_command(),
            _ if c.is_whitespace() => self.end_of_word(),
            _ => self.push(c),
        }
    }

    fn quoted(&mut self, quote: char) {
        self.word.get_or_insert_default();
        while let Some(c) = self.next() {
            match c {
                _ if c == quote => break,
                '\\' if quote == '"' => {
                    if let Some(escaped) = self.next() {
                        self.push(escaped);
                    }
                }
                '$' if quote == '"' => self.filled_in(),
                _ => self.push(c),
            }
        }
    }

    /// `$NAME`, `${…}` or `$(…)`: all of it is part of the word.
    fn filled_in(&mut self) {
        self.push('$');
        let (open, close) = match self.peek() {
            Some('{') => ('{', '}'),
            Some('(') => ('(', ')'),
            _ => return,
        };
        let mut depth = 0;
        while let Some(c) = self.next() {
            self.push(c);
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
}

/// Whether a shell fills in a part of a word.
pub(crate) fn is_filled_in(word: &str) -> bool {
    word.contains(['$', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_as_a_shell_does() {
        for (text, expected) in [
            ("a b; c && d || e | f &", "a·b/c/d/e/f"),
            ("a 'b c' \"d e\" f\\ g", "a·b c·d e·f g"),
            ("a \\\n  b\nc", "a·b/c"),
            ("a $(b -c ${d}) --e=${F:-x y}", "a·$(b -c ${d})·--e=${F:-x y}"),
            ("a > b 2>&1 &>c # d; e\nf", "a·>·b·2>&1·&>c/f"),
            ("a `b c` \"$(d e)\" '$f'", "a·`b c`·$(d e)·$f"),
            ("a ''", "a·"),
            ("", ""),
            ("'a", "a"),
            ("$(a", "$(a"),
        ] {
            let found: Vec<String> = invocations(text).iter().map(|words| words.join("·")).collect();
            assert_eq!(found.join("/"), expected, "{text}");
        }
    }

    #[test]
    fn a_program_is_found_by_its_name_wherever_it_is() {
        let found = runs(
            "until /opt/kafka/bin/kafka-topics.sh --list; do sleep 1; done; exec kafka-topics --create 'a'",
            &["kafka-topics"],
        );
        let found: Vec<String> = found.iter().map(|(_, words)| words.join(" ")).collect();
        assert_eq!(found, ["--list", "--create a"]);
    }

    #[test]
    fn a_program_is_found_inside_other_commands() {
        for (text, expected) in [
            (
                "until [ \"$(kafka-topics.sh --list | wc -l)\" -gt 0 ]; do true; done",
                "--list",
            ),
            ("n=`kafka-topics --list`", "--list"),
            ("timeout 9 bash -c \"kafka-topics --list\" && true", "--list"),
            ("echo run kafka-topics --list", ""),
            ("bash -c A=\"kafka-topics --list\"", ""),
        ] {
            let found = runs(text, &["kafka-topics"]);
            let found: Vec<String> = found.iter().map(|(_, words)| words.join(" ")).collect();
            assert_eq!(found.join("/"), expected, "{text}");
        }
    }

    #[test]
    fn a_word_is_filled_with_what_is_known() {
        let known = |name: &str| ["A", "B"].contains(&name).then(|| name.to_ascii_lowercase());
        for (word, expected) in [
            ("plain", Some("plain")),
            ("$A:${B}/$(A)", Some("a:b/a")),
            ("${C:-c}:9092", Some("c:9092")),
            ("${A:-c}", Some("a")),
            ("$C", None),
            ("$(date +%s)", None),
            ("${A%x}", None),
            ("${A", None),
            ("`b`", None),
            ("$", None),
        ] {
            assert_eq!(filled(word, known).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn what_a_script_gives_its_variables_is_known_if_it_is_one_value() {
        let found = assigned(
            "/bin/sh -c A=1\nexport B='b c'; C=$(date); A=1; D=1; D=2; for E in 1 2; do x F=1; done; G=1 x; H",
        );
        let found: Vec<String> = found
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("?")))
            .collect();
        assert_eq!(found.join(" "), "A=1 B=b c C=? D=? E=? G=1");
    }
}
