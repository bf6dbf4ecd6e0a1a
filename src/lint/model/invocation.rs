//! Programs that the text of a command runs, each with its arguments, as a shell takes it apart.

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
}
