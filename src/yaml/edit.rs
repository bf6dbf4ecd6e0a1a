//! Changes single values of a text of YAML or JSON, and leaves all other bytes as they are: comments, order, quotes, indentation, line
//! ends. What comes out is read again: a change that would have another effect than the one that was asked for is left out.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range, rc::Rc};

use granit_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::{TEXT, is_plain, read::read};

/// A change of one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// The document, from 0 on, without empty ones: as [`read`] counts them.
    pub(crate) document: usize,
    /// The value in that document, as a JSON pointer.
    pub(crate) pointer: String,
    /// What happens to it.
    pub(crate) action: Action,
}

/// What happens to a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// The entry or the item goes.
    Remove,
    /// The entry gets another key.
    Rename(String),
    /// It becomes this, or is added to its mapping.
    Set(Value),
    /// What is written there is a text.
    Quote,
    /// Some rows of a text, from 0 on, become these.
    Rows(Range<usize>, Vec<String>),
}

/// A part of a text, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    /// In bytes.
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// What became of some edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edited {
    /// From the first byte on; none overlaps another.
    pub(crate) splices: Vec<Splice>,
    /// Edits that are left out, by their place in the list, and why.
    pub(crate) left_out: Vec<(usize, &'static str)>,
}

const ELSEWHERE: &str = "the value is written in another place";
const OVERLAP: &str = "another change is in the same place";
const EFFECT: &str = "it would change more than this";
const FORM: &str = "of the way it is written";

/// Finds out how a text changes by edits. Of two in one place the first one wins.
pub(crate) fn edit(text: &str, edits: &[Edit]) -> Edited {
    let documents = documents(text);
    let mut edited = Edited::default();
    let mut chosen: Vec<(usize, Splice)> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        if edits[..index].contains(edit) {
            continue;
        }
        let root = documents.get(edit.document).ok_or(FORM);
        match root.and_then(|root| splice(text, root, edit)) {
            // What an anchor and an alias stand for is changed once.
            Ok(splice) if chosen.iter().any(|(_, other)| *other == splice) => chosen.push((index, splice)),
            Ok(splice) if chosen.iter().any(|(_, other)| overlap(&other.range, &splice.range)) => {
                edited.left_out.push((index, OVERLAP));
            }
            Ok(splice) => chosen.push((index, splice)),
            Err(reason) => edited.left_out.push((index, reason)),
        }
    }
    let has_effect = |chosen: &[(usize, Splice)]| {
        let splices: Vec<(usize, &Splice)> = chosen.iter().map(|(index, splice)| (*index, splice)).collect();
        effect(text, edits, &splices)
    };
    // To read a text takes time, so each is looked at by itself only if something is wrong with one of them.
    if !has_effect(&chosen) {
        chosen.retain(|one| {
            let alone = has_effect(std::slice::from_ref(one));
            if !alone {
                edited.left_out.push((one.0, EFFECT));
            }
            alone
        });
    }
    while chosen.len() > 1 && !has_effect(&chosen) {
        edited.left_out.extend(chosen.pop().map(|(index, _)| (index, EFFECT)));
    }
    edited.splices = in_order(chosen.iter().map(|(_, splice)| splice));
    edited.left_out.sort_unstable();
    edited
}

/// The text with its changes.
pub(crate) fn apply(text: &str, splices: &[Splice]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut end = 0;
    for splice in splices {
        changed += &text[end..splice.range.start];
        changed += &splice.text;
        end = splice.range.end;
    }
    changed + &text[end..]
}

/// Two insertions at one place do not overlap.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end || (a.start == b.start && !(a.is_empty() && b.is_empty()))
}

/// From the first byte on, each once.
fn in_order<'s>(splices: impl Iterator<Item = &'s Splice>) -> Vec<Splice> {
    let mut splices: Vec<Splice> = splices.cloned().collect();
    splices.sort_by(|a, b| (a.range.start, a.range.end, &a.text).cmp(&(b.range.start, b.range.end, &b.text)));
    splices.dedup();
    splices
}

/// Whether the text reads as if the edits had been made to its values, and nothing else.
fn effect(text: &str, edits: &[Edit], chosen: &[(usize, &Splice)]) -> bool {
    let splices = in_order(chosen.iter().map(|(_, splice)| *splice));
    let (before, after) = (read(text), read(&apply(text, &splices)));
    let mut expected: Vec<Value> = before.documents.into_iter().map(|document| document.value).collect();
    let mut made = true;
    // From the last row on: those before it keep their numbers.
    let mut backwards = chosen.to_vec();
    backwards.sort_by_key(|(index, _)| match &edits[*index].action {
        Action::Rows(rows, _) => Reverse(rows.start),
        _ => Reverse(0),
    });
    for (index, splice) in &backwards {
        let Edit {
            document,
            pointer,
            action,
        } = &edits[*index];
        made &= expected
            .get_mut(*document)
            .is_some_and(|value| change(value, pointer, action, splice).is_some());
    }
    expected.iter_mut().for_each(sweep);
    let found = after.documents.into_iter().map(|document| document.value);
    made && before.error.is_some() == after.error.is_some() && found.eq(expected)
}

/// Stands for a value that goes, so that the numbers of its neighbours stay.
const REMOVED: &str = "\0removed";

fn sweep(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item.as_str() != Some(REMOVED));
            items.iter_mut().for_each(sweep);
        }
        Value::Object(map) => {
            map.retain(|_, value| value.as_str() != Some(REMOVED));
            map.values_mut().for_each(sweep);
        }
        _ => {}
    }
}

/// Changes a value as an edit says; none if there is no such place.
fn change(root: &mut Value, pointer: &str, action: &Action, splice: &Splice) -> Option<()> {
    match action {
        Action::Remove => *root.pointer_mut(pointer)? = Value::from(REMOVED),
        Action::Rename(name) => {
            let (map, key) = entry(root, pointer)?;
            if map.contains_key(name) {
                return None;
            }
            let value = map.remove(&key)?;
            map.insert(name.clone(), value);
        }
        Action::Set(value) => {
            if let Some(place) = root.pointer_mut(pointer) {
                *place = value.clone();
            } else {
                let (map, key) = entry(root, pointer)?;
                map.insert(key, value.clone());
            }
        }
        Action::Quote => {
            let written: Value = serde_json::from_str(&splice.text).ok()?;
            *root.pointer_mut(pointer)? = written;
        }
        Action::Rows(rows, lines) => {
            let place = root.pointer_mut(pointer)?;
            *place = Value::from(with_rows(place.as_str()?, rows, lines)?);
        }
    }
    Some(())
}

fn entry<'v>(root: &'v mut Value, pointer: &str) -> Option<(&'v mut Map<String, Value>, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let map = root.pointer_mut(parent)?.as_object_mut()?;
    Some((map, key.replace("~1", "/").replace("~0", "~")))
}

fn with_rows(text: &str, rows: &Range<usize>, lines: &[String]) -> Option<String> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let old = all.get(rows.clone())?;
    let ends = old.last()?.ends_with('\n');
    let mut new = lines.join("\n");
    if ends && !lines.is_empty() {
        new.push('\n');
    }
    Some(all[..rows.start].concat() + &new + &all[rows.end..].concat())
}

/// A value and where it stands.
struct Node {
    /// In bytes. An empty one stands for a value that is not written.
    range: Range<usize>,
    kind: Kind,
}

enum Kind {
    Scalar(ScalarStyle, String),
    /// The keys with their places; whether it is written as `{…}`.
    Keys(Form, Vec<Entry>),
    Items(Form, Vec<Rc<Node>>),
    /// The value that is written where the anchor is.
    Alias(Rc<Node>),
}

/// A key, its place and its value.
type Entry = (String, Range<usize>, Rc<Node>);

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Block,
    Flow,
}

/// The documents of a text, up to where it is broken.
fn documents(text: &str) -> Vec<Rc<Node>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut events = Events {
        parser: Parser::new_from_str(body),
        text,
        shift: text.len() - body.len(),
        anchors: BTreeMap::new(),
    };
    let mut documents = Vec::new();
    while let Some((event, range)) = events.next() {
        if matches!(
            event,
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd | Event::StreamEnd
        ) {
            continue;
        }
        let Some(node) = events.node(event, range) else { break };
        let null = matches!(&node.kind, Kind::Scalar(ScalarStyle::Plain, text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"));
        if !null {
            documents.push(node);
        }
    }
    documents
}

struct Events<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    text: &'t str,
    /// What stands before the parser's text.
    shift: usize,
    anchors: BTreeMap<usize, Rc<Node>>,
}

impl<'t> Events<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Range<usize>)> {
        let (event, span): (Event<'t>, Span) = self.parser.next_event()?.ok()?;
        let range = span.byte_range()?;
        Some((event, range.start + self.shift..range.end + self.shift))
    }

    fn form(&self, range: &Range<usize>) -> Form {
        if self.text[range.start..].starts_with(['{', '[']) {
            Form::Flow
        } else {
            Form::Block
        }
    }

    fn node(&mut self, event: Event<'t>, range: Range<usize>) -> Option<Rc<Node>> {
        let form = self.form(&range);
        let (Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _)) =
            event
        else {
            let Event::Alias(id) = event else { return None };
            let kind = Kind::Alias(self.anchors.get(&id)?.clone());
            return Some(Rc::new(Node { range, kind }));
        };
        let mut end = range.start;
        let kind = match event {
            Event::Scalar(text, style, ..) => {
                // The line ends and the indentation that follow a block are not its own.
                end = range.start + self.text[range.clone()].trim_end().len();
                Kind::Scalar(style, text.into_owned())
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    let (event, range) = self.next()?;
                    if event == Event::SequenceEnd {
                        end = if form == Form::Flow { range.end } else { end };
                        break Kind::Items(form, items);
                    }
                    let item = self.node(event, range)?;
                    end = end.max(item.range.end);
                    items.push(item);
                }
            }
            Event::MappingStart(..) => {
                let mut keys = Vec::new();
                loop {
                    let (event, range) = self.next()?;
                    if event == Event::MappingEnd {
                        end = if form == Form::Flow { range.end } else { end };
                        break Kind::Keys(form, keys);
                    }
                    let key = self.node(event, range)?;
                    let (event, range) = self.next()?;
                    let mut value = self.node(event, range)?;
                    if value.range.is_empty() && matches!(value.kind, Kind::Scalar(..)) {
                        // What is not written stands right behind its colon.
                        let colon = self.text[key.range.end..].find(':')?;
                        let at = key.range.end + colon + 1;
                        value = Rc::new(Node {
                            range: at..at,
                            kind: Kind::Scalar(ScalarStyle::Plain, String::new()),
                        });
                    }
                    end = end.max(value.range.end);
                    let name = match &key.kind {
                        Kind::Scalar(_, name) => name.clone(),
                        _ => String::new(),
                    };
                    keys.push((name, key.range.clone(), value));
                }
            }
            _ => return None,
        };
        let node = Rc::new(Node {
            range: range.start..end,
            kind,
        });
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }
}

impl Node {
    /// The part behind a JSON pointer.
    fn at(&self, pointer: &str) -> Option<&Self> {
        let mut at = self;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            at = match &at.kind {
                Kind::Keys(_, keys) => &keys.iter().rfind(|(key, ..)| *key == part)?.2,
                Kind::Items(_, items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
            at = at.written();
        }
        Some(at)
    }

    /// The value itself, where an alias stands for it.
    fn written(&self) -> &Self {
        match &self.kind {
            Kind::Alias(node) => node.written(),
            _ => self,
        }
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Behind the end of the line.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// How lines end around a place.
fn line_break(text: &str, at: usize) -> &'static str {
    let end = if text[line_start(text, at)..].contains('\n') {
        line_end(text, at)
    } else {
        line_start(text, at)
    };
    if text[..end].ends_with("\r\n") { "\r\n" } else { "\n" }
}

fn blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

type Spliced = Result<Splice, &'static str>;

/// The change of the text that makes an edit.
fn splice(text: &str, root: &Node, edit: &Edit) -> Spliced {
    let (parent, last) = edit.pointer.rsplit_once('/').ok_or(FORM)?;
    let key = last.replace("~1", "/").replace("~0", "~");
    let parent = root.at(parent).ok_or(ELSEWHERE)?;
    match (&parent.kind, &edit.action) {
        (Kind::Keys(form, keys), action) => {
            let found = keys.iter().rposition(|(name, ..)| *name == key);
            match (found, action) {
                (None, Action::Set(value)) => insert(text, parent, *form, keys, &key, value),
                (None, _) => Err(ELSEWHERE),
                (Some(index), Action::Remove) => remove_key(text, parent, *form, keys, index),
                (Some(index), Action::Rename(name)) => {
                    let range = keys[index].1.clone();
                    let text = written(&Value::from(name.as_str()), &text[range.clone()], *form);
                    Ok(Splice { range, text })
                }
                (Some(index), action) => value(text, &keys[index].2, Some(keys[index].1.end), *form, action),
            }
        }
        (Kind::Items(form, items), action) => {
            let index = key.parse::<usize>().map_err(|_| FORM)?;
            let item = items.get(index).ok_or(FORM)?;
            match action {
                Action::Remove => remove_item(text, parent, *form, items, index),
                action => value(text, item, None, *form, action),
            }
        }
        (Kind::Scalar(..) | Kind::Alias(_), _) => Err(FORM),
    }
}

/// Another value in the place of one. `key` is the end of its key.
fn value(text: &str, node: &Node, key: Option<usize>, form: Form, action: &Action) -> Spliced {
    let key = key.filter(|_| !matches!(node.kind, Kind::Alias(_)));
    let node = node.written();
    let Kind::Scalar(style, content) = &node.kind else {
        return Err(FORM);
    };
    let range = node.range.clone();
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    match action {
        Action::Quote if *style == ScalarStyle::Plain => Ok(Splice {
            text: Value::from(&text[range.clone()]).to_string(),
            range,
        }),
        Action::Set(new) if !block => {
            let mut new = written(new, &text[range.clone()], form);
            if range.is_empty() {
                new.insert(0, ' ');
            }
            Ok(Splice { range, text: new })
        }
        Action::Rows(rows, lines) if *style == ScalarStyle::Literal => {
            let first = line_end(text, key.ok_or(FORM)?);
            literal_rows(text, first, content, rows, lines)
        }
        Action::Rows(rows, lines) if !block => {
            let new = with_rows(content, rows, lines).ok_or(FORM)?;
            let text = written(&Value::from(new), &text[range.clone()], Form::Flow);
            Ok(Splice { range, text })
        }
        _ => Err(FORM),
    }
}

/// Other rows of a literal block, the rows of which begin at `first`.
fn literal_rows(text: &str, first: usize, content: &str, rows: &Range<usize>, lines: &[String]) -> Spliced {
    let mut start = first;
    for _ in 0..rows.start {
        start = line_end(text, start);
    }
    let mut end = start;
    for _ in rows.clone() {
        end = line_end(text, end);
    }
    let row = content.lines().nth(rows.start).ok_or(FORM)?;
    let line = text[start..line_end(text, start)].trim_end_matches(['\n', '\r']);
    let indent = line.strip_suffix(row).filter(|indent| blank(indent)).ok_or(FORM)?;
    let old = &text[start..end];
    let last = &old[old.trim_end_matches(['\n', '\r']).len()..];
    let ending = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut new = String::new();
    for (index, line) in lines.iter().enumerate() {
        new += indent;
        new += line;
        new += if index + 1 < lines.len() { ending } else { last };
    }
    Ok(Splice {
        range: start..end,
        text: new,
    })
}

/// A scalar in the quotes of the one that it replaces.
fn written(value: &Value, old: &str, form: Form) -> String {
    let Value::String(new) = value else {
        return value.to_string();
    };
    let plain = is_plain(new, TEXT) && !(form == Form::Flow && new.contains([',', '[', ']', '{', '}']));
    if old.starts_with('\'') && !new.contains(char::is_control) {
        format!("'{}'", new.replace('\'', "''"))
    } else if plain && !old.starts_with('"') {
        new.clone()
    } else {
        value.to_string()
    }
}

/// A new entry of a mapping: among the others by its name if they are sorted, else behind them.
fn insert(text: &str, parent: &Node, form: Form, keys: &[Entry], key: &str, value: &Value) -> Spliced {
    const FIRST: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "name"];
    let first = keys
        .iter()
        .take_while(|(key, ..)| FIRST.contains(&key.as_str()))
        .count();
    let sorted = keys[first..].is_sorted_by_key(|(key, ..)| key);
    let after = keys[first..]
        .iter()
        .position(|(other, ..)| sorted && other.as_str() > key);
    let at = after.map_or(keys.len(), |at| first + at);
    let style = keys.first().map_or("", |(_, range, _)| &text[range.clone()]);
    let key = written(&Value::from(key), style.get(..1).unwrap_or_default(), form);
    let entry = format!("{key}: {}", written(value, "", form));
    let column = |at: usize| " ".repeat(text[line_start(text, at)..at].chars().count());
    match (form, at.checked_sub(1).map(|before| &keys[before])) {
        (Form::Block, Some((_, range, node))) => {
            let end = line_end(text, node.range.end.max(range.end));
            let ending = line_break(text, range.start);
            let line = column(keys[0].1.start) + &entry;
            let text = if text[..end].ends_with('\n') {
                line + ending
            } else {
                format!("{ending}{line}")
            };
            Ok(Splice { range: end..end, text })
        }
        (Form::Block, None) => {
            let start = keys.first().ok_or(FORM)?.1.start;
            let text = format!("{entry}{}{}", line_break(text, start), column(start));
            Ok(Splice {
                range: start..start,
                text,
            })
        }
        (Form::Flow, Some((_, range, node))) => {
            let end = node.range.end;
            let start = line_start(text, range.start);
            let own_line = blank(&text[start..range.start]);
            let between = if own_line {
                format!(",{}{}", line_break(text, start), &text[start..range.start])
            } else {
                ", ".to_owned()
            };
            Ok(Splice {
                range: end..end,
                text: between + &entry,
            })
        }
        (Form::Flow, None) => {
            let start = keys.first().map_or(parent.range.start + 1, |(_, range, _)| range.start);
            let text = if keys.is_empty() { entry } else { format!("{entry}, ") };
            Ok(Splice {
                range: start..start,
                text,
            })
        }
    }
}

fn remove_key(text: &str, parent: &Node, form: Form, keys: &[Entry], index: usize) -> Spliced {
    let range = |(_, key, value): &Entry| key.start..value.range.end.max(key.end);
    let own = range(&keys[index]);
    let removed = |range| {
        Ok(Splice {
            range,
            text: String::new(),
        })
    };
    if keys.len() == 1 {
        let range = if form == Form::Flow { parent.range.clone() } else { own };
        return Ok(Splice {
            range,
            text: "{}".to_owned(),
        });
    }
    if form == Form::Flow {
        return removed(match index {
            0 => own.start..keys[1].1.start,
            _ => range(&keys[index - 1]).end..own.end,
        });
    }
    let start = line_start(text, own.start);
    if blank(&text[start..own.start]) {
        return removed(start..line_end(text, own.end));
    }
    // Behind the dash of an item: the next key takes its place.
    let next = keys.get(index + 1).ok_or(FORM)?.1.start;
    if index > 0 || !text[own.end..next].trim().is_empty() {
        return Err(FORM);
    }
    removed(own.start..next)
}

fn remove_item(text: &str, parent: &Node, form: Form, items: &[Rc<Node>], index: usize) -> Spliced {
    let own = items[index].range.clone();
    if form == Form::Flow {
        let range = match index {
            _ if items.len() == 1 => parent.range.start + 1..parent.range.end - 1,
            0 => own.start..items[1].range.start,
            _ => items[index - 1].range.end..own.end,
        };
        return Ok(Splice {
            range,
            text: String::new(),
        });
    }
    let start = line_start(text, own.start);
    let before = &text[start..own.start];
    let dash = before
        .trim_start()
        .strip_prefix('-')
        .filter(|rest| blank(rest))
        .ok_or(FORM)?;
    let end = line_end(text, own.end);
    if items.len() == 1 {
        return Ok(Splice {
            range: own.start - dash.len() - 1..own.end,
            text: "  []".to_owned(),
        });
    }
    Ok(Splice {
        range: start..end,
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn edits(list: &[(&str, Action)]) -> Vec<Edit> {
        let list = list.iter().map(|(pointer, action)| Edit {
            document: 0,
            pointer: (*pointer).to_owned(),
            action: action.clone(),
        });
        list.collect()
    }

    /// The text after some edits of its first document; those that are left out follow in brackets.
    fn after(text: &str, list: &[(&str, Action)]) -> String {
        let edited = edit(text, &edits(list));
        let left: Vec<String> = edited
            .left_out
            .iter()
            .map(|(index, why)| format!("[{index}: {why}]"))
            .collect();
        apply(text, &edited.splices) + &left.concat()
    }

    fn set(value: impl Into<Value>) -> Action {
        Action::Set(value.into())
    }

    fn rename(name: &str) -> Action {
        Action::Rename(name.to_owned())
    }

    fn rows(rows: Range<usize>, lines: &[&str]) -> Action {
        Action::Rows(rows, lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn an_entry_goes_with_its_lines_and_nothing_else() {
        let text = "# top\na: 1 # one\n# of b\nb:\n  c: 2\n  d: [1, 2]\ne: 3\n";
        assert_eq!(after(text, &[("/a", Action::Remove)]), text.replace("a: 1 # one\n", ""));
        assert_eq!(
            after(text, &[("/b", Action::Remove)]),
            "# top\na: 1 # one\n# of b\ne: 3\n"
        );
        assert_eq!(
            after(text, &[("/b/d", Action::Remove)]),
            text.replace("  d: [1, 2]\n", "")
        );
        assert_eq!(after(text, &[("/b/d/0", Action::Remove)]), text.replace("1, ", ""));
        assert_eq!(after(text, &[("/b/d/1", Action::Remove)]), text.replace(", 2", ""));
        assert_eq!(after(text, &[("/e", Action::Remove)]), text.replace("e: 3\n", ""));
        assert_eq!(after("a:\n  b: 1 # x\n", &[("/a/b", Action::Remove)]), "a:\n  {} # x\n");
        assert_eq!(after("a: {b: 1}", &[("/a/b", Action::Remove)]), "a: {}");
        assert_eq!(after("{a: 1, b: 2}", &[("/a", Action::Remove)]), "{b: 2}");
    }

    #[test]
    fn an_item_goes_with_its_dash() {
        let text = "l:\n- name: a\n  v: 1\n- name: b\n  v: |\n    x\n- c\n";
        assert_eq!(
            after(text, &[("/l/0", Action::Remove)]),
            "l:\n- name: b\n  v: |\n    x\n- c\n"
        );
        assert_eq!(after(text, &[("/l/1", Action::Remove)]), "l:\n- name: a\n  v: 1\n- c\n");
        assert_eq!(
            after(text, &[("/l/0", Action::Remove), ("/l/2", Action::Remove)]),
            "l:\n- name: b\n  v: |\n    x\n"
        );
        assert_eq!(
            after(text, &[("/l/0/name", Action::Remove)]),
            text.replace("name: a\n  ", "")
        );
        assert_eq!(after("l:\n- a # x\n", &[("/l/0", Action::Remove)]), "l:\n  [] # x\n");
    }

    #[test]
    fn a_value_keeps_its_quotes_and_its_comment() {
        let text = "a: x # c\nb: 'x'\nc: \"x\"\nd: {e: x, f: 1}\ng:\nh: \"2\"\n";
        for (pointer, value, old, new) in [
            ("/a", json!("z"), "a: x", "a: z"),
            ("/a", json!("yes"), "a: x", "a: \"yes\""),
            ("/a", json!("a: b # c"), "a: x", "a: \"a: b # c\""),
            ("/a", json!(false), "a: x", "a: false"),
            ("/b", json!("z's"), "b: 'x'", "b: 'z''s'"),
            ("/c", json!("z"), "c: \"x\"", "c: \"z\""),
            ("/d/e", json!("y,z"), "e: x,", "e: \"y,z\","),
            ("/g", json!(1), "g:", "g: 1"),
            ("/h", json!(2), "h: \"2\"", "h: 2"),
        ] {
            assert_eq!(
                after(text, &[(pointer, set(value))]),
                text.replace(old, new),
                "{pointer}"
            );
        }
        assert_eq!(after("a: 0_1 # c\n", &[("/a", Action::Quote)]), "a: \"0_1\" # c\n");
        assert_eq!(after("a: [yes]\n", &[("/a/0", Action::Quote)]), "a: [\"yes\"]\n");
        assert_eq!(after("{\"a\": 1}", &[("/a", Action::Quote)]), "{\"a\": \"1\"}");
        assert_eq!(after("a: {'b': 1}\n", &[("/a/b", rename("c d"))]), "a: {'c d': 1}\n");
        assert_eq!(after("a:\n  b: 1\n", &[("/a/b", rename("c"))]), "a:\n  c: 1\n");
    }

    #[test]
    fn a_new_entry_comes_where_it_is_looked_for() {
        let new = |pointer| [(pointer, set(false))];
        assert_eq!(after("a: 1\nc: 2\n", &new("/b")), "a: 1\nb: false\nc: 2\n");
        assert_eq!(after("c: 1\na: 2\n", &new("/b")), "c: 1\na: 2\nb: false\n");
        assert_eq!(after("a: 1\nb:\n  c: 2", &new("/d")), "a: 1\nb:\n  c: 2\nd: false");
        assert_eq!(after("b: 1\n", &new("/a")), "a: false\nb: 1\n");
        assert_eq!(after("l:\n- b: 1\n", &new("/l/0/a")), "l:\n- a: false\n  b: 1\n");
        assert_eq!(
            after("l:\n- name: b\n  z: 1\n", &new("/l/0/a")),
            "l:\n- name: b\n  a: false\n  z: 1\n"
        );
        assert_eq!(after("a: 1\r\nc: 2\r\n", &new("/b")), "a: 1\r\nb: false\r\nc: 2\r\n");
        assert_eq!(after("a: {b: 1}\n", &new("/a/c")), "a: {b: 1, c: false}\n");
        assert_eq!(after("a: {}\n", &new("/a/c")), "a: {c: false}\n");
        assert_eq!(after("{\"b\": 1}", &new("/a")), "{\"a\": false, \"b\": 1}");
        assert_eq!(
            after("{\n  \"a\": 1\n}\n", &new("/b")),
            "{\n  \"a\": 1,\n  \"b\": false\n}\n"
        );
        assert_eq!(
            after("a: 1\nd: 2\n", &[("/c", set(1)), ("/b", set(2))]),
            "a: 1\nb: 2\nc: 1\nd: 2\n"
        );
    }

    #[test]
    fn rows_of_a_text_change_by_themselves() {
        let block = "d:\n  p: |\n    # c\n    a=1\n\n    b=2\n      c=3\n  q: x\n";
        assert_eq!(
            after(block, &[("/d/p", rows(1..2, &[]))]),
            block.replace("    a=1\n", "")
        );
        assert_eq!(
            after(block, &[("/d/p", rows(3..4, &["b=3"]))]),
            block.replace("b=2", "b=3")
        );
        assert_eq!(
            after(block, &[("/d/p", rows(1..2, &["a=2"])), ("/d/p", rows(4..5, &[]))]),
            block.replace("a=1", "a=2").replace("      c=3\n", "")
        );
        let windows = block.replace('\n', "\r\n");
        assert_eq!(
            after(&windows, &[("/d/p", rows(1..2, &["a=2", "x=1"]))]),
            windows.replace("a=1", "a=2\r\n    x=1")
        );
        assert_eq!(
            after("p: |-\n  a=1\n  b=2", &[("/p", rows(1..2, &["b=3"]))]),
            "p: |-\n  a=1\n  b=3"
        );
        assert_eq!(
            after("p: \"a=1\\nb=2\\n\"\n", &[("/p", rows(0..1, &["a=2"]))]),
            "p: \"a=2\\nb=2\\n\"\n"
        );
        assert_eq!(after("p: a=1\n", &[("/p", rows(0..1, &["a=2"]))]), "p: a=2\n");
        let folded = "p: >\n  a=1\n\n  b=2\n";
        assert_eq!(
            after(folded, &[("/p", rows(0..1, &[]))]),
            format!("{folded}[0: {FORM}]")
        );
    }

    #[test]
    fn what_would_change_something_else_is_left_out() {
        let anchored = "a: &x {b: 1}\nc: *x\n";
        assert_eq!(
            after(anchored, &[("/a/b", set(2)), ("/c/b", set(2))]),
            "a: &x {b: 2}\nc: *x\n"
        );
        for pointer in ["/a/b", "/c/b"] {
            assert_eq!(
                after(anchored, &[(pointer, set(2))]),
                format!("{anchored}[0: {EFFECT}]")
            );
        }
        let merged = "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n";
        assert_eq!(
            after(merged, &[("/c/b", Action::Remove)]),
            format!("{merged}[0: {ELSEWHERE}]")
        );
        let twice = "a: 1\nb: 2\n";
        assert_eq!(after(twice, &[("/a", rename("b"))]), format!("{twice}[0: {EFFECT}]"));
        // The first one wins; the same change again is no other change.
        assert_eq!(
            after(twice, &[("/a", set(2)), ("/a", set(3)), ("/a", set(2))]),
            format!("a: 2\nb: 2\n[1: {OVERLAP}]")
        );
        let kept = "a: |+\n  x\n\nb: 1\n";
        assert_eq!(after(kept, &[("/b", set(2))]), "a: |+\n  x\n\nb: 2\n");
    }

    #[test]
    fn a_document_is_found_among_others() {
        let text = "\u{feff}---\n# nothing\n---\na: 1\n--- # c\na: 2\n...\n";
        let second = Edit {
            document: 1,
            pointer: "/a".to_owned(),
            action: set(3),
        };
        let edited = edit(text, &[second]);
        assert_eq!(apply(text, &edited.splices), text.replace("a: 2", "a: 3"));
    }

    proptest! {
        /// Whatever the text: what is changed reads as it should, or is left out.
        #[test]
        fn no_text_makes_it_panic(text in "[ \t\n\\-:\\[\\]{}&*!|>'\"#ab1,?~\u{e4}]{0,40}") {
            for pointer in ["/a", "/a/b", "/0", "/a/0", "/b"] {
                for action in [Action::Remove, set("x"), rename("c"), Action::Quote, rows(0..1, &["b"])] {
                    let _ = after(&text, &[(pointer, action)]);
                }
            }
        }
    }
}
