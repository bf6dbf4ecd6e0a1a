//! `check --fix`: the changes that are certain to mend a finding, as a patch, and made in the files.
#![expect(clippy::disallowed_methods, reason = "the files that are mended are written here")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        compare::TEMPORARY,
        failure::{Failure, cause},
        folder::{Fix, Judgement, STDIN, shown},
        output::count,
    },
    diagnostics::printable,
    yaml::edit::{Edit, Splice, apply, edit},
};

/// What changes in which files.
#[derive(Debug, Default)]
pub(super) struct Fixes<'a> {
    files: Vec<Changed<'a>>,
    /// How many findings are mended.
    mended: usize,
    /// Changes that are not made, and why: a line for each.
    left_out: Vec<String>,
}

/// A file that changes.
#[derive(Debug)]
struct Changed<'a> {
    /// Its path, as it is shown.
    file: &'a str,
    text: &'a str,
    splices: Vec<Splice>,
}

/// The changes that mend what was found.
pub(super) fn of(judgement: &Judgement) -> Fixes<'_> {
    let mut fixes = Fixes::default();
    let mut by_file: BTreeMap<&str, Vec<(&Fix, &Edit)>> = BTreeMap::new();
    for fix in &judgement.fixes {
        match &fix.edit {
            Ok(edit) => by_file.entry(&fix.file).or_default().push((fix, edit)),
            Err(why) => fixes.leave_out(fix, why),
        }
    }
    for (file, of_file) in by_file {
        let Some(text) = judgement.texts.get(file) else {
            continue;
        };
        let edits: Vec<Edit> = of_file.iter().map(|(_, edit)| (*edit).clone()).collect();
        let edited = edit(text, &edits);
        fixes.mended += edits.len() - edited.left_out.len();
        for (index, why) in edited.left_out {
            fixes.leave_out(of_file[index].0, why);
        }
        if !edited.splices.is_empty() {
            fixes.files.push(Changed {
                file,
                text,
                splices: edited.splices,
            });
        }
    }
    fixes
}

impl Fixes<'_> {
    fn leave_out(&mut self, fix: &Fix, why: &str) {
        let line = format!("note: {} at {} is not mended: {why}", fix.rule.id, fix.location);
        self.left_out.push(printable(line) + "\n");
    }

    /// All changes as a unified patch, which `patch -p1` and `git apply` take.
    pub(super) fn patch(&self) -> String {
        self.files.iter().map(Changed::patch).collect()
    }

    /// What is mended, in words. `verb` is what happens to the findings.
    pub(super) fn summary(&self, verb: &str) -> String {
        let files = count(self.files.len(), "file");
        let said = match self.mended {
            0 => "no finding has a fix that is certain\n".to_owned(),
            mended => format!("{} {verb} in {files}\n", count(mended, "finding")),
        };
        self.left_out.concat() + &said
    }

    /// Changes the files: all of them, or none. Only what is in one of `roots`, which the command names, is written: a link may lead
    /// anywhere.
    pub(super) fn write(&self, roots: &[PathBuf]) -> Result<(), Failure> {
        let mut named = Vec::new();
        for root in roots {
            named.push(fs::canonicalize(root).map_err(|error| cannot("write", &shown(root), &error))?);
        }
        let mut staged: Vec<Staged> = Vec::new();
        for (number, changed) in self.files.iter().enumerate() {
            match changed.stage(number, &named) {
                Ok(file) => staged.push(file),
                Err(failure) => {
                    staged.iter().for_each(Staged::discard);
                    return Err(failure);
                }
            }
        }
        self.replace(&staged)
    }

    /// Puts the new texts in the place of the files.
    fn replace(&self, staged: &[Staged]) -> Result<(), Failure> {
        for (index, file) in staged.iter().enumerate() {
            if let Err(error) = fs::rename(&file.temporary, &file.path) {
                staged[index..].iter().for_each(Staged::discard);
                for (done, changed) in staged[..index].iter().zip(&self.files) {
                    // It was replaced a moment ago, so it can be replaced again.
                    let back = done
                        .put(changed.text)
                        .and_then(|()| fs::rename(&done.temporary, &done.path));
                    if let Err(error) = back {
                        return Err(cannot("restore", changed.file, &error));
                    }
                }
                return Err(cannot("write", self.files[index].file, &error));
            }
        }
        Ok(())
    }
}

fn cannot(what: &str, file: &str, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {what} `{file}`: {}", cause(error)))
}

/// A file whose new text is complete beside it.
struct Staged {
    path: PathBuf,
    temporary: PathBuf,
    permissions: fs::Permissions,
}

impl Staged {
    fn put(&self, text: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.temporary)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(self.permissions.clone())
    }

    fn discard(&self) {
        // What cannot be deleted is of no effect: its name is not that of a manifest.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Changed<'_> {
    /// Writes the new text beside the file, if the file still is what was judged and in one of the folders.
    fn stage(&self, number: usize, folders: &[PathBuf]) -> Result<Staged, Failure> {
        // A link stays a link.
        let path = fs::canonicalize(Path::new(self.file)).map_err(|error| cannot("write", self.file, &error))?;
        if !folders.iter().any(|folder| path.starts_with(folder)) {
            let message = format!(
                "`{}` is a link to `{}`, which is not in a folder that was named: nothing is written",
                self.file,
                shown(&path)
            );
            return Err(Failure::new(message).hint("name the folder of that file too, with `--dir`"));
        }
        let now = fs::read(&path).map_err(|error| cannot("read", self.file, &error))?;
        if now != self.text.as_bytes() {
            return Err(Failure::new(format!(
                "`{}` was changed meanwhile: nothing is written",
                self.file
            )));
        }
        let metadata = fs::metadata(&path).map_err(|error| cannot("read", self.file, &error))?;
        let permissions = metadata.permissions();
        if permissions.readonly() {
            return Err(Failure::new(format!(
                "`{}` is read-only: nothing is written",
                self.file
            )));
        }
        let (start, end) = TEMPORARY;
        let temporary = path.with_file_name(format!("{start}{}.{number}{end}", std::process::id()));
        let staged = Staged {
            path,
            temporary,
            permissions,
        };
        staged.put(&apply(self.text, &self.splices)).map_err(|error| {
            staged.discard();
            cannot("write", self.file, &error)
        })?;
        Ok(staged)
    }

    fn patch(&self) -> String {
        let hunks = hunks(self.text, &self.splices);
        let (old, new) = (name("a", self.file), name("b", self.file));
        format!("--- {old}\n+++ {new}\n{hunks}")
    }
}

/// The name of a file in a patch.
fn name(side: &str, file: &str) -> String {
    let file = if file == STDIN { "stdin" } else { file };
    let file = file.strip_prefix("./").unwrap_or(file);
    let name = format!("{side}/{}", file.trim_start_matches('/'));
    if name.contains(['"', '\\']) || name.contains(char::is_control) {
        // As C writes a text.
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("\"{}\"", escaped.replace('\t', "\\t"))
    } else if name.contains(' ') {
        // A tab ends the name.
        format!("{name}\t")
    } else {
        name
    }
}

/// Lines of the old text, from 0 on, and those that take their place.
struct Hunk {
    old: Range<usize>,
    new: Vec<String>,
}

/// The changed lines with three lines around them.
fn hunks(text: &str, splices: &[Splice]) -> String {
    const AROUND: usize = 3;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut starts = vec![0];
    for line in &lines {
        starts.push(starts[starts.len() - 1] + line.len());
    }
    let changes = changes(text, splices, &starts);
    let mut shown = String::new();
    let mut shift = 0_usize;
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        // Changes that are near each other are one hunk.
        let near = rest
            .windows(2)
            .position(|pair| pair[1].old.start > pair[0].old.end + 2 * AROUND)
            .map_or(rest.len(), |last| last + 1);
        let (hunk, others) = rest.split_at(near);
        rest = others;
        let start = first.old.start.saturating_sub(AROUND);
        let end = (hunk[hunk.len() - 1].old.end + AROUND).min(lines.len());
        let mut body = String::new();
        let mut at = start;
        let (mut removed, mut added) = (0, 0);
        for change in hunk {
            lines[at..change.old.start]
                .iter()
                .for_each(|line| push(&mut body, ' ', line));
            lines[change.old.clone()]
                .iter()
                .for_each(|line| push(&mut body, '-', line));
            change.new.iter().for_each(|line| push(&mut body, '+', line));
            at = change.old.end;
            removed += change.old.len();
            added += change.new.len();
        }
        lines[at..end].iter().for_each(|line| push(&mut body, ' ', line));
        let old = end - start;
        let new = old - removed + added;
        // An empty side begins at the line before.
        let from = |start: usize, length: usize| if length == 0 { start } else { start + 1 };
        // How far the lines before it have moved.
        let new_start = start.wrapping_add(shift);
        shown += &format!(
            "@@ -{},{old} +{},{new} @@\n{body}",
            from(start, old),
            from(new_start, new)
        );
        shift = shift.wrapping_add(added).wrapping_sub(removed);
    }
    shown
}

fn push(body: &mut String, mark: char, line: &str) {
    body.push(mark);
    body.push_str(line);
    if !line.ends_with('\n') {
        body.push_str("\n\\ No newline at end of file\n");
    }
}

/// The lines that splices change. Splices in one line, or in lines that follow each other, are one change.
fn changes(text: &str, splices: &[Splice], starts: &[usize]) -> Vec<Hunk> {
    let line_of = |at: usize| starts.partition_point(|start| *start <= at) - 1;
    let last = starts.len() - 1;
    let mut groups: Vec<(Range<usize>, Vec<Splice>)> = Vec::new();
    for splice in splices {
        let Range { start, end } = splice.range;
        let whole = starts.binary_search(&start).is_ok()
            && starts.binary_search(&end).is_ok()
            && (splice.text.is_empty() || splice.text.ends_with('\n'));
        let lines = if whole {
            // Lines come or go as they are.
            line_of(start).min(last)..line_of(end).min(last)
        } else {
            line_of(start).min(last.saturating_sub(1))..(line_of(end.max(start)) + 1).min(last)
        };
        match groups.last_mut() {
            Some((range, group)) if lines.start <= range.end => {
                range.end = range.end.max(lines.end);
                group.push(splice.clone());
            }
            _ => groups.push((lines, vec![splice.clone()])),
        }
    }
    let changes = groups.into_iter().map(|(lines, group)| {
        let (from, to) = (starts[lines.start], starts[lines.end]);
        let local: Vec<Splice> = group
            .into_iter()
            .map(|splice| Splice {
                range: splice.range.start - from..splice.range.end - from,
                text: splice.text,
            })
            .collect();
        let new = apply(&text[from..to], &local);
        let new: Vec<String> = new.split_inclusive('\n').map(str::to_owned).collect();
        let old: Vec<&str> = text[from..to].split_inclusive('\n').collect();
        // Lines that are the same at both ends do not change.
        let before = old.iter().zip(&new).take_while(|(old, new)| *old == new).count();
        let most = old.len().min(new.len()) - before;
        let pairs = old.iter().rev().zip(new.iter().rev());
        let after = pairs.take(most).take_while(|(old, new)| *old == new).count();
        Hunk {
            old: lines.start + before..lines.end - after,
            new: new[before..new.len() - after].to_vec(),
        }
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{output::Paint, scratch::Scratch};

    fn splice(range: Range<usize>, text: &str) -> Splice {
        Splice {
            range,
            text: text.to_owned(),
        }
    }

    #[test]
    fn hunks_say_how_far_lines_have_moved() {
        let text: String = ('a'..='z').map(|letter| format!("{letter}\n")).collect();
        let splices = [
            splice(2..4, ""),
            splice(30..31, "p1"),
            splice(36..36, "new\n"),
            splice(51..52, "\nend"),
        ];
        insta::assert_snapshot!(hunks(&text, &splices), @r"
        @@ -1,5 +1,4 @@
         a
        -b
         c
         d
         e
        @@ -13,9 +12,10 @@
         m
         n
         o
        -p
        +p1
         q
         r
        +new
         s
         t
         u
        @@ -24,3 +24,4 @@
         x
         y
         z
        +end
        \ No newline at end of file
        ");
        let open = hunks("a", &[splice(1..1, "\nb")]);
        insta::assert_snapshot!(open, @r"
        @@ -1,1 +1,2 @@
        -a
        \ No newline at end of file
        +a
        +b
        \ No newline at end of file
        ");
        assert_eq!(hunks("a\n", &[splice(0..2, "")]), "@@ -1,1 +0,0 @@\n-a\n");
    }

    #[test]
    fn names_in_a_patch_are_relative_and_end_where_they_should() {
        for (file, expected) in [
            ("a.yaml", "b/a.yaml"),
            ("./x/a.yaml", "b/x/a.yaml"),
            ("/x/a.yaml", "b/x/a.yaml"),
            ("a b.yaml", "b/a b.yaml\t"),
            ("a\"\t.yaml", "\"b/a\\\"\\t.yaml\""),
            (STDIN, "b/stdin"),
        ] {
            assert_eq!(name("b", file), expected);
        }
    }

    /// The text of both files before, and what the failure says; nothing of the run is left.
    fn fails(scratch: &Scratch, judged: &str) -> String {
        let paths = ["a.yaml", "b.yaml"].map(|file| scratch.path(file).display().to_string());
        let texts = ["a: 1\n", judged];
        let changed = paths.iter().zip(texts).map(|(file, text)| Changed {
            file,
            text,
            splices: vec![splice(3..4, "2")],
        });
        let fixes = Fixes {
            files: changed.collect(),
            ..Fixes::default()
        };
        let before = scratch.content();
        let failure = fixes.write(&[scratch.path("")]).unwrap_err();
        assert_eq!(scratch.content(), before);
        failure
            .text(Paint::PLAIN)
            .replace(&scratch.path("").display().to_string(), "")
    }

    #[test]
    fn a_file_that_was_changed_meanwhile_keeps_all_of_them_whole() {
        let scratch = Scratch::new();
        scratch.put("a.yaml", "a: 1\n");
        scratch.put("b.yaml", "b: 1 # mine\n");
        assert_eq!(
            fails(&scratch, "b: 1\n"),
            "error: `b.yaml` was changed meanwhile: nothing is written\n"
        );
        scratch.remove("b.yaml");
        assert_eq!(
            fails(&scratch, "b: 1\n"),
            "error: cannot write `b.yaml`: no such file or folder\n"
        );
    }

    #[test]
    fn a_file_that_cannot_be_replaced_gives_the_others_back() {
        let scratch = Scratch::new();
        scratch.put("a.yaml", "a: 1\n");
        scratch.put("b.yaml", "b: 1\n");
        let [a, b] = ["a.yaml", "b.yaml"].map(|file| scratch.path(file).display().to_string());
        let changed = |file, text, splices| Changed { file, text, splices };
        let fixes = Fixes {
            files: vec![
                changed(&a, "a: 1\n", vec![splice(3..4, "2")]),
                changed(&b, "b: 1\n", vec![splice(3..4, "2")]),
            ],
            ..Fixes::default()
        };
        // Between the two steps, a folder takes the place of the second file.
        let folder = [fs::canonicalize(scratch.path("")).unwrap()];
        let staged: Vec<Staged> = (0..)
            .zip(&fixes.files)
            .map(|(number, file)| file.stage(number, &folder).unwrap())
            .collect();
        scratch.remove("b.yaml");
        scratch.put("b.yaml/in", "x");
        let failure = fixes.replace(&staged).unwrap_err().text(Paint::PLAIN);
        assert!(failure.contains("cannot write"), "{failure}");
        assert_eq!(scratch.read("a.yaml"), "a: 1\n");
        assert_eq!(scratch.content().len(), 2, "{:?}", scratch.content());
    }
}
