//! The report for a terminal: the verdict first, then the objects, worst first; nothing if nothing differs.

use crate::{
    cli::output::{Paint, count},
    diff::{Change, Class, Report, Restart, shown_both},
};

pub(super) fn text(report: &Report, several: bool, paint: Paint) -> String {
    if report.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", verdict(report, paint));
    let mut told = Told::default();
    for changes in by_object(&report.changes) {
        text.push('\n');
        text += &object(changes, several, &mut told, paint);
    }
    if !report.restarts.is_empty() {
        text += &format!("\n{}\n", paint.strong("restarts"));
        for restart in &report.restarts {
            text += &paint.folded(&format!("  {}", restarts(restart, several)), 4);
        }
    }
    if report.unchanged > 0 {
        text += &format!("\n{} unchanged\n", count(report.unchanged, "object"));
    }
    text
}

/// The run in a line: its class, its flags, how many changes.
pub(super) fn verdict(report: &Report, paint: Paint) -> String {
    let flags: String = report.flags.iter().map(|flag| format!(", {flag}")).collect();
    let objects = by_object(&report.changes).len();
    let accepted = match report.changes.iter().filter(|change| change.accepted.is_some()).count() {
        0 => String::new(),
        number => format!(", {number} accepted"),
    };
    format!(
        "{}{flags}: {} in {}{accepted}",
        class(report.class, paint),
        count(report.changes.len(), "change"),
        count(objects, "object")
    )
}

fn class(class: Class, paint: Paint) -> String {
    match class {
        Class::RefusedByApiServer | Class::DataLoss => paint.error(class.name()),
        Class::RollingRestart | Class::ManualSteps => paint.warning(class.name()),
        _ => paint.strong(class.name()),
    }
}

/// The changes of each object, the object with the worst one first.
pub(super) fn by_object(changes: &[Change]) -> Vec<Vec<&Change>> {
    let mut objects: Vec<Vec<&Change>> = Vec::new();
    for change in changes {
        let same = |other: &&mut Vec<&Change>| other[0].object == change.object && other[0].stack == change.stack;
        match objects.iter_mut().find(same) {
            Some(object) => object.push(change),
            None => objects.push(vec![change]),
        }
    }
    objects.sort_by_key(|object| std::cmp::Reverse(object[0].class));
    objects
}

/// The name of the stack and of the object.
pub(super) fn subject(change: &Change, several: bool) -> String {
    match &change.stack {
        Some(stack) if several => format!("{stack}: {}", change.object.shown()),
        _ => change.object.shown(),
    }
}

/// The changes whose commands are told already: two pools of one cluster often need the same ones, once.
#[derive(Default)]
pub(super) struct Told<'r>(Vec<&'r Change>);

impl<'r> Told<'r> {
    /// The commands of a change, or where the same ones are.
    pub(super) fn commands(&mut self, change: &'r Change) -> Vec<String> {
        /// Shorter ones are read sooner than looked up.
        const LEAST: usize = 4;
        let same = |other: &&&Change| {
            other.rule == change.rule && other.stack == change.stack && other.commands == change.commands
        };
        if change.commands.len() >= LEAST
            && let Some(other) = self.0.iter().find(same)
        {
            return vec![format!("# once, with those of {}", other.object.shown())];
        }
        self.0.push(change);
        change.commands.clone()
    }
}

fn object<'r>(changes: Vec<&'r Change>, several: bool, told: &mut Told<'r>, paint: Paint) -> String {
    let mut text = format!(
        "{}  {}\n",
        class(changes[0].class, paint),
        paint.strong(&subject(changes[0], several))
    );
    let worst = changes[0].class;
    for change in changes {
        let mut line = format!("  {}", what(change));
        if change.class != worst {
            line += &format!(" ({})", change.class);
        }
        for flag in &change.flags {
            line += &format!(" [{flag}]");
        }
        text += &line;
        text.push('\n');
        if !change.reason.is_empty() {
            text += &paint.folded(&format!("    {}", change.reason), 4);
        }
        if let Some(reason) = &change.accepted {
            text += &paint.folded(&format!("    accepted: {reason}"), 4);
        }
        for command in told.commands(change) {
            text += &format!("      {}\n", paint.hint(&command));
        }
    }
    text
}

/// The field, and what it was and is.
pub(super) fn what(change: &Change) -> String {
    let path = if change.path.is_empty() {
        change.rule
    } else {
        &change.path
    };
    if change.before.is_null() && change.after.is_null() {
        return path.to_owned();
    }
    let [before, after] = shown_both(&change.before, &change.after);
    format!("{path}: {before} → {after}")
}

/// The pods of a restart, and how it goes.
pub(super) fn restarts(restart: &Restart, several: bool) -> String {
    let stack = match &restart.stack {
        Some(stack) if several => format!("{stack}: "),
        _ => String::new(),
    };
    let mut pods: Vec<&str> = restart.pods.iter().map(String::as_str).collect();
    pods.dedup();
    format!(
        "{stack}{}: {} ({}): {}",
        restart.object.shown(),
        count(restart.pods.len(), "pod"),
        pods.join(", "),
        restart.order
    )
}
