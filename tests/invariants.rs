//! Checks of the source that no lint can do: which room uses which, and which file uses which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The rooms, from the bottom up: a room uses only rooms above it in this list. `docs/architecture.md` says what each
/// holds.
const ROOMS: &[&str] = &[
    "name",
    "quantity",
    "nearest",
    "parallel",
    "kubernetes",
    "version",
    "yaml",
    "diagnostics",
    "promql",
    "manifest",
    "catalogue",
    "metrics",
    "lint",
    "diff",
    "acl",
    "context",
    "capacity",
    "handbook",
    "construct",
    "stack",
    "settings",
    "workload",
    "security",
    "observability",
    "zookeeper",
    "kafka",
    "registry",
    "probe",
    "connect",
    "connectors",
    "schemas",
    "application",
    "monitoring",
    "rules",
    "operate",
    "synth",
    "cli",
];

/// Uses that still break the order: the room, the room that it uses, and why. An entry that is no longer needed fails.
const KNOWN_ROOMS: &[(&str, &str, &str)] = &[];

/// Uses within a room that still close a circle: the file, the file that it uses, and why. An entry that is no longer
/// needed fails.
const KNOWN_FILES: &[(&str, &str, &str)] = &[];

#[test]
fn a_room_uses_only_rooms_above_it_in_the_list() {
    let sources = Sources::read();
    let rooms: BTreeSet<&str> = sources.files.iter().map(Source::room).collect();
    assert_eq!(
        rooms,
        ROOMS.iter().copied().collect(),
        "the list of rooms is not that of `src`"
    );
    let order = |room: &str| ROOMS.iter().position(|one| *one == room).unwrap();
    let (mut wrong, mut needed) = (Vec::new(), BTreeSet::new());
    for used in sources.uses() {
        let (from, to) = (sources.files[used.from].room(), sources.files[used.to].room());
        if order(to) <= order(from) {
            continue;
        }
        if KNOWN_ROOMS.iter().any(|(a, b, _)| (*a, *b) == (from, to)) {
            needed.insert((from, to));
        } else {
            wrong.push(format!("{}: `{from}` uses `{to}`: {}", sources.place(&used), used.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "rooms that are used from below:\n{}",
        wrong.join("\n")
    );
    let stale: Vec<_> = KNOWN_ROOMS
        .iter()
        .filter(|(a, b, _)| !needed.contains(&(*a, *b)))
        .collect();
    assert!(stale.is_empty(), "no longer needed in `KNOWN_ROOMS`: {stale:?}");
}

#[test]
fn the_map_of_the_documentation_is_this_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let rows = text.lines().skip_while(|line| *line != "| Room | Holds |").skip(2);
    let rooms: Vec<&str> = rows
        .map_while(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rooms, ROOMS);
}

#[test]
fn each_test_that_the_documentation_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let tests = ["tests/invariants.rs", "tests/cli/mod.rs"].map(read).concat();
    let docs = ["README.md", "docs/architecture.md"].map(read).concat();
    let named: BTreeSet<&str> = docs
        .split("test `")
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .collect();
    let absent: Vec<_> = named
        .iter()
        .filter(|name| !tests.contains(&format!("fn {name}(")))
        .collect();
    assert!(
        named.len() >= 5 && absent.is_empty(),
        "named, but not there: {absent:?} of {named:?}"
    );
}

#[test]
fn no_files_of_a_room_use_each_other_in_a_circle() {
    let sources = Sources::read();
    let uses: Vec<Use> = sources
        .uses()
        .into_iter()
        .filter(|used| sources.files[used.from].room() == sources.files[used.to].room())
        // A folder's `mod.rs` has what its files share, so using it does not close a circle.
        .filter(|used| {
            !sources.files[used.from]
                .module
                .starts_with(&sources.files[used.to].module)
        })
        .collect();
    let path = |file: usize| sources.files[file].path.as_str();
    let known = |used: &Use| {
        KNOWN_FILES
            .iter()
            .position(|(a, b, _)| (*a, *b) == (path(used.from), path(used.to)))
    };
    let wrong: Vec<String> = circles(&uses.iter().filter(|used| known(used).is_none()))
        .iter()
        .map(|used| format!("{}: uses `{}`: {}", sources.place(used), path(used.to), used.path))
        .collect();
    assert!(wrong.is_empty(), "files in a circle:\n{}", wrong.join("\n"));
    let needed: BTreeSet<usize> = circles(&uses.iter()).iter().filter_map(|used| known(used)).collect();
    let stale: Vec<_> = (0..KNOWN_FILES.len())
        .filter(|index| !needed.contains(index))
        .map(|index| KNOWN_FILES[index])
        .collect();
    assert!(stale.is_empty(), "no longer needed in `KNOWN_FILES`: {stale:?}");
}

#[test]
fn one_module_emits_yaml() {
    assert_eq!(Sources::read().holding("serde_saphyr::"), ["src/yaml/mod.rs"]);
}

#[test]
fn only_the_command_line_knows_files_and_anyhow() {
    let sources = Sources::read();
    for text in ["anyhow::", "fs::"] {
        let files = sources.holding(text);
        assert!(!files.is_empty(), "{text} is a typing error");
        assert!(
            files.iter().all(|file| file.starts_with("src/cli/")),
            "{text}: {files:?}"
        );
    }
}

#[test]
fn the_reader_of_uses_sees_what_the_compiler_sees() {
    let uses = |text: &str| -> Vec<String> {
        let code = code_of(text).0;
        paths(&code, &["child".to_owned()])
            .into_iter()
            .map(|found| found.segments.join("::"))
            .collect()
    };
    assert_eq!(
        uses("use crate::{a::{B, self}, c::D as E};\nfn f() { super::g::h::<T>() }"),
        ["crate::a::B", "crate::a", "crate::c::D", "super::g::h"]
    );
    assert_eq!(
        uses("use child::X;\nfn f() { other::child::y(); child::z() }"),
        ["self::child::X", "self::child::z"]
    );
    assert!(
        uses("// crate::a\n/* crate::b */ let c = \"crate::c\"; let d = r#\"crate::d\"#; let e = ['\"', '\\''];")
            .is_empty()
    );
    assert!(
        uses("#[cfg(test)]\nmod tests { use crate::a; fn f() { \"}\" } }\npub(crate) struct S<'a>(&'a str);")
            .is_empty()
    );
}

/// A file of `src` without comments, texts and what only tests need; every line is where it was.
struct Source {
    /// As `src/kafka/mod.rs`.
    path: String,
    /// As `["kafka"]`.
    module: Vec<String>,
    code: String,
    /// The modules that it declares.
    children: Vec<String>,
}

impl Source {
    fn room(&self) -> &str {
        &self.module[0]
    }
}

/// A path in the code of one file that leads to another.
struct Use {
    from: usize,
    to: usize,
    line: usize,
    path: String,
}

struct Sources {
    files: Vec<Source>,
    modules: BTreeMap<Vec<String>, usize>,
    /// What the `use` of a module makes known there: module and name, and the path behind it.
    names: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src")];
        let (mut files, mut of_tests) = (Vec::new(), BTreeSet::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let path = path.strip_prefix(root).unwrap().display().to_string();
                    let mut module: Vec<String> = path["src/".len()..path.len() - ".rs".len()]
                        .split('/')
                        .map(str::to_owned)
                        .collect();
                    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
                        module.pop();
                    }
                    let (code, tests) = code_of(&fs::read_to_string(root.join(&path)).unwrap());
                    of_tests.extend(tests.into_iter().map(|name| [module.clone(), vec![name]].concat()));
                    let children = declared(&code);
                    files.push(Source {
                        path,
                        module,
                        code,
                        children,
                    });
                }
            }
        }
        // The root of the crate has the map and is not a room.
        files.retain(|file| !file.module.is_empty() && !of_tests.contains(&file.module));
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let modules = files
            .iter()
            .enumerate()
            .map(|(index, file)| (file.module.clone(), index))
            .collect();
        let mut sources = Self {
            files,
            modules,
            names: BTreeMap::new(),
        };
        for file in &sources.files {
            for found in paths(&file.code, &file.children) {
                if let (Some(name), true) = (&found.name, found.is_use) {
                    let target = absolute(&file.module, &found.segments);
                    sources.names.insert((file.module.clone(), name.clone()), target);
                }
            }
        }
        sources
    }

    /// The files that contain a text.
    fn holding(&self, text: &str) -> Vec<&str> {
        self.files
            .iter()
            .filter(|file| file.code.contains(text))
            .map(|file| file.path.as_str())
            .collect()
    }

    fn place(&self, used: &Use) -> String {
        format!("{}:{}", self.files[used.from].path, used.line)
    }

    /// The file that a path leads to, through re-exports.
    fn target(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let (length, file) = (1..=path.len())
                .rev()
                .find_map(|length| self.modules.get(&path[..length]).map(|file| (length, *file)))?;
            match path
                .get(length)
                .and_then(|name| self.names.get(&(path[..length].to_vec(), name.clone())))
            {
                Some(behind) if !behind.is_empty() => path = [behind, &path[length + 1..]].concat(),
                _ => return Some(file),
            }
        }
        None
    }

    /// Every path that leads from one file to another. A re-export is not a use.
    fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        for (from, file) in self.files.iter().enumerate() {
            let found = paths(&file.code, &file.children);
            let mut elsewhere = file.code.clone();
            for one in found.iter().filter(|one| one.is_use) {
                elsewhere.replace_range(one.start..one.end, &" ".repeat(one.end - one.start));
            }
            for one in found {
                let passed_on = one.is_public && one.name.as_ref().is_none_or(|name| !has_word(&elsewhere, name));
                let Some(to) = self.target(&absolute(&file.module, &one.segments)) else {
                    continue;
                };
                if to != from && !passed_on {
                    uses.push(Use {
                        from,
                        to,
                        line: file.code[..one.start].lines().count().max(1),
                        path: one.segments.join("::"),
                    });
                }
            }
        }
        uses
    }
}

/// The uses among `uses` that lie on a circle.
fn circles<'a>(uses: &(impl Iterator<Item = &'a Use> + Clone)) -> Vec<&'a Use> {
    let reaches = |from: usize, goal: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            if file == goal {
                return true;
            }
            if seen.insert(file) {
                open.extend(uses.clone().filter(|used| used.from == file).map(|used| used.to));
            }
        }
        false
    };
    uses.clone().filter(|used| reaches(used.to, used.from)).collect()
}

/// `crate::…`, `super::…` and `self::…` as a path from the root of the crate.
fn absolute(module: &[String], segments: &[String]) -> Vec<String> {
    let mut path: Vec<String> = module.to_vec();
    for (index, segment) in segments.iter().enumerate() {
        match segment.as_str() {
            "crate" if index == 0 => path.clear(),
            "self" => {}
            "super" => {
                path.pop();
            }
            name => path.push(name.to_owned()),
        }
    }
    path
}

/// The code of a file: comments, texts and what is only for tests are spaces. And the modules that are only for tests.
fn code_of(text: &str) -> (String, Vec<String>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            rest.windows(2)
                .position(|two| two == b"*/")
                .map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_text(rest) {
            let end = [b"\"".to_vec(), vec![b'#'; hashes]].concat();
            let open = rest.iter().position(|byte| *byte == b'"').unwrap() + 1;
            let close = rest[open..].windows(end.len()).position(|part| part == end);
            close.map_or(rest.len(), |close| open + close + end.len())
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest[0] == b'\'' && (rest.get(1) == Some(&b'\\') || closes_at(rest)) {
            quoted(rest, b'\'')
        } else {
            at += 1;
            continue;
        };
        blank(&mut code[at..at + length]);
        at += length;
    }
    let mut code = String::from_utf8(code).unwrap();
    let mut tests = Vec::new();
    for marker in ["#[cfg(test)]", "#[cfg(doctest)]"] {
        while let Some(start) = code.find(marker) {
            let mut depth = 0;
            let end = code[start..].char_indices().find_map(|(offset, character)| {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                (depth == 0 && (character == '}' || character == ';')).then_some(start + offset + 1)
            });
            let end = end.unwrap_or(code.len());
            tests.extend(declared(&code[start..end]));
            let mut blanked = code.into_bytes();
            blank(&mut blanked[start..end]);
            code = String::from_utf8(blanked).unwrap();
        }
    }
    (code, tests)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The number of `#` if a raw text begins here.
fn raw_text(rest: &[u8]) -> Option<usize> {
    let after = rest.strip_prefix(b"br").or_else(|| rest.strip_prefix(b"r"))?;
    let hashes = after.iter().take_while(|byte| **byte == b'#').count();
    (after.get(hashes) == Some(&b'"')).then_some(hashes)
}

/// Whether a quote begins a character, and not a lifetime.
fn closes_at(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(8)]).into_owned();
    text.chars().nth(1) == Some('\'')
}

/// The length of a quoted text, quotes included.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The modules that a code declares: `mod name;`.
fn declared(code: &str) -> Vec<String> {
    let words: Vec<&str> = code.split_whitespace().collect();
    words
        .windows(2)
        .filter(|two| two[0] == "mod")
        .filter_map(|two| two[1].strip_suffix(';').map(str::to_owned))
        .collect()
}

/// A path in a code.
struct Found {
    /// Beginning with `crate`, `super` or `self`.
    segments: Vec<String>,
    /// By which a `use` makes it known.
    name: Option<String>,
    is_use: bool,
    is_public: bool,
    start: usize,
    end: usize,
}

/// Every path that begins with `crate::`, `super::`, `self::` or a module of its own.
fn paths(code: &str, children: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find("::").map(|offset| at + offset) {
        let word = word_before(code, start);
        let begin = start - word.len();
        let child = children.iter().any(|child| child == word);
        let outside = !code[..begin].ends_with("::") && !code[..begin].ends_with('.');
        if !(outside && (["crate", "super", "self"].contains(&word) || child)) {
            at = start + 2;
            continue;
        }
        let line = code[..begin].rfind([';', '}', '{', ']']).map_or(0, |end| end + 1);
        let before = code[line..begin].trim();
        let is_use = before == "use" || before.ends_with(" use");
        let mut prefix = if child { vec!["self".to_owned()] } else { Vec::new() };
        prefix.push(word.to_owned());
        let first = found.len();
        let end = tree(code, start + 2, &prefix, is_use, &mut found);
        for one in &mut found[first..] {
            (one.is_use, one.is_public, one.start, one.end) = (is_use, before.starts_with("pub"), begin, end);
        }
        at = end;
    }
    found
}

/// Reads what follows `prefix::`, and returns where it ends.
fn tree(code: &str, mut at: usize, prefix: &[String], is_use: bool, found: &mut Vec<Found>) -> usize {
    let mut add = |segments: Vec<String>, name: Option<String>| {
        found.push(Found {
            segments,
            name,
            is_use,
            is_public: false,
            start: 0,
            end: 0,
        });
    };
    at += code[at..].len() - code[at..].trim_start().len();
    if code[at..].starts_with('{') {
        at += 1;
        loop {
            at += code[at..].len() - code[at..].trim_start_matches([' ', '\n', ',']).len();
            if at >= code.len() || code[at..].starts_with('}') {
                return at + 1;
            }
            at = tree(code, at, prefix, is_use, found);
        }
    }
    let word = word_after(code, at);
    if word.is_empty() {
        let star = code[at..].starts_with('*');
        add(prefix.to_vec(), None);
        return at + usize::from(star);
    }
    at += word.len();
    let mut segments = prefix.to_vec();
    if word != "self" {
        segments.push(word.to_owned());
    }
    if code[at..].starts_with("::") && !code[at + 2..].starts_with('<') {
        return tree(code, at + 2, &segments, is_use, found);
    }
    let mut name = segments.last().cloned();
    if let Some(alias) = code[at..].strip_prefix(" as ") {
        let alias = word_after(alias, 0);
        name = Some(alias.to_owned());
        at += " as ".len() + alias.len();
    }
    add(segments, name);
    at
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn word_before(code: &str, end: usize) -> &str {
    let start = code[..end]
        .rfind(|character| !is_word(character))
        .map_or(0, |at| at + code[at..].chars().next().map_or(1, char::len_utf8));
    &code[start..end]
}

fn word_after(code: &str, start: usize) -> &str {
    let rest = &code[start..];
    &rest[..rest.find(|character| !is_word(character)).unwrap_or(rest.len())]
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(is_word)
            && !code[at + word.len()..].chars().next().is_some_and(is_word)
    })
}

#[test]
fn every_alert_of_a_table_is_in_a_golden_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules: String = ["prod", "prod-zookeeper", "staging"]
        .map(|stack| {
            fs::read_to_string(root.join(format!("out/{stack}/monitoring/prometheusrule-kafka.yaml"))).unwrap()
        })
        .concat();
    // No stack of `out/` has a probe, because the proofs cannot have its image.
    let probe = kafka_stacks::synth::synth(&crate::probe::example::probe());
    let manifests = probe.manifests.unwrap();
    rules += manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    let mut rows = 0;
    let sources = Sources::read();
    for file in sources.holding("AlertRow {\n") {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for row in text.split("AlertRow {\n").skip(1) {
            let Some(row) = row.trim_start().strip_prefix("name: \"") else {
                continue;
            };
            let name = row.split('"').next().unwrap();
            assert!(rules.contains(&format!("alert: {name}\n")), "{name}");
            rows += 1;
        }
    }
    assert!(rows > 30, "{rows}");
}

#[test]
fn documented_inhibition_rules_name_alerts_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let rules = ["prod", "prod-zookeeper"]
        .map(|stack| read(&format!("out/{stack}/tests/rules.yaml")))
        .concat();
    let docs = read("docs/monitoring.md");
    let names: Vec<&str> = docs
        .lines()
        .filter_map(|line| line.split_once("alertname=")?.1.split('"').nth(1))
        .flat_map(|names| names.split('|'))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(rules.contains(&format!("alert: {name}\n")), "{name}");
    }
}
