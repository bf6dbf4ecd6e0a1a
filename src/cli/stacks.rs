//! The stacks of a binary are functions. Only the functions of selected stacks are called, and one that panics or fails
//! does not stop the others.
#![expect(
    clippy::disallowed_methods,
    reason = "whether a panic is shown with its backtrace depends on the environment"
)]

use std::{
    any::Any,
    fmt::Display,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    cli::{Outcome, failure::Failure, output::Output},
    nearest::nearest,
    stack::Stack,
};

/// A function that makes a stack. Every function or closure that returns a [`Stack`], or a `Result` with one, can be
/// converted into a `StackFn`; [`StackFn::named`] also gives the stack's name, so that it is known before the function
/// is called.
pub struct StackFn<'a> {
    name: Option<String>,
    make: Box<dyn Fn() -> Result<Stack, String> + 'a>,
}

impl<'a> StackFn<'a> {
    /// The function that makes the stack of this name. It is called only if the stack is selected.
    ///
    /// ```no_run
    /// use kafka_stacks::{cli::StackFn, prelude::*};
    ///
    /// fn prod() -> Stack {
    ///     Stack::new("prod", "kafka")
    /// }
    ///
    /// fn team(name: &str) -> Result<Stack, std::io::Error> {
    ///     let _topics = std::fs::read_to_string(format!("topics/{name}.txt"))?;
    ///     Ok(Stack::new(name, name))
    /// }
    ///
    /// fn main() -> std::process::ExitCode {
    ///     let mut stacks = vec![StackFn::named("prod", prod)];
    ///     stacks.extend(["billing", "crm"].map(|name| StackFn::named(name, move || team(name))));
    ///     kafka_stacks::cli::run(stacks)
    /// }
    /// ```
    pub fn named<R: MadeStack>(name: impl Into<String>, make: impl Fn() -> R + 'a) -> Self {
        Self {
            name: Some(name.into()),
            ..make.into()
        }
    }

    /// The stack, or an error message. `place` identifies a function without a name: its position in the list.
    fn stack(&self, place: &str) -> Result<Stack, String> {
        let who = self
            .name
            .as_ref()
            .map_or_else(|| place.to_owned(), |name| format!("stack `{name}`"));
        let stack = guarded(&who, &self.make)?.map_err(|error| format!("{who} failed: {error}"))?;
        match &self.name {
            Some(name) if name != stack.name() => Err(format!(
                "{who} is called `{}` in `Stack::new` at {}: use the same name in `StackFn::named`",
                stack.name(),
                stack.meta.location,
            )),
            _ => Ok(stack),
        }
    }
}

impl<'a, R: MadeStack, F: Fn() -> R + 'a> From<F> for StackFn<'a> {
    fn from(make: F) -> Self {
        Self {
            name: None,
            make: Box::new(move || make().made()),
        }
    }
}

/// What a [`StackFn`] may return: a [`Stack`], or a `Result` with one.
pub trait MadeStack {
    /// The stack, or the text of the error. The causes of an `anyhow::Error` are part of it.
    ///
    /// # Errors
    ///
    /// The error of the `Result`.
    fn made(self) -> Result<Stack, String>;
}

impl MadeStack for Stack {
    fn made(self) -> Result<Stack, String> {
        Ok(self)
    }
}

impl<E: Display> MadeStack for Result<Stack, E> {
    fn made(self) -> Result<Stack, String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// The results for the selected stacks.
pub(super) struct Made<T> {
    /// The stacks in the order of the binary, each with the result of the work.
    pub(super) stacks: Vec<(Stack, T)>,
    /// Error messages of stacks that failed.
    pub(super) failures: Vec<String>,
}

impl<T> Made<T> {
    /// How the run ends, if the work itself went well.
    pub(super) fn outcome(&self) -> Outcome {
        if self.failures.is_empty() {
            Outcome::Done
        } else {
            Outcome::Failed
        }
    }
}

/// Makes the stacks of the given names, each once, or all of them if no name is given, and does some work for each.
/// Stacks that fail are reported in the notes.
pub(super) fn each<T>(
    stacks: &[StackFn<'_>],
    names: &[String],
    output: &mut Output<'_>,
    work: impl Fn(&Stack) -> T,
) -> Result<Made<T>, Failure> {
    let (selected, mut failures) = select(stacks, names)?;
    let mut done = Vec::with_capacity(selected.len());
    for stack in selected {
        match guarded(&format!("stack `{}`", stack.name()), || work(&stack)) {
            Ok(result) => done.push((stack, result)),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        output.note(&Failure::several(failures.clone()).text(output.note_paint()));
    }
    Ok(Made { stacks: done, failures })
}

/// The names of all stacks. Functions without a name are called, and those of them that fail have none.
pub(super) fn names(stacks: &[StackFn<'_>]) -> Result<Vec<String>, Failure> {
    Ok(call(stacks, |name| name.is_none())?.names)
}

/// The stacks of the given names in the order of the binary, all if no name is given, and messages about those that
/// failed.
fn select(stacks: &[StackFn<'_>], names: &[String]) -> Result<(Vec<Stack>, Vec<String>), Failure> {
    let has_function = |name: &String| stacks.iter().any(|function| function.name.as_ref() == Some(name));
    // An unknown name may belong to a function whose name is not known yet.
    let search = !names.iter().all(has_function);
    let Called {
        names: known,
        mut made,
        failures,
    } = call(stacks, |name| {
        names.is_empty() || name.map_or(search, |name| names.iter().any(|asked| asked == name))
    })?;
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| !known.contains(name))
        .map(|name| {
            let question = nearest(name, known.iter().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("there is no stack `{name}`{question}")
        })
        .collect();
    if !unknown.is_empty() {
        let failures = failures.into_iter().map(|(_, message)| message);
        return Err(Failure::several(failures.chain(unknown).collect())
            .hint(format!("the stacks are `{}`", known.join("`, `"))));
    }
    made.retain(|stack| names.is_empty() || names.iter().any(|name| name == stack.name()));
    let failures = failures
        .into_iter()
        // All selected stacks exist: functions without a name made none of them.
        .filter(|(name, _)| names.is_empty() || name.is_some())
        .map(|(_, message)| message)
        .collect();
    Ok((made, failures))
}

/// The results of calling some functions.
struct Called {
    /// The names of all stacks, as far as they are known, in the order of the binary.
    names: Vec<String>,
    made: Vec<Stack>,
    /// Failures: the name of the function, if it has one, and a message.
    failures: Vec<(Option<String>, String)>,
}

/// Calls the functions whose names are selected. Two stacks with the same name are an error: they would write to the
/// same folder.
fn call(stacks: &[StackFn<'_>], asked: impl Fn(Option<&str>) -> bool) -> Result<Called, Failure> {
    let (mut names, mut made, mut failures) = (Vec::new(), Vec::<Stack>::new(), Vec::new());
    for (index, function) in stacks.iter().enumerate() {
        let mut name = function.name.clone();
        if asked(name.as_deref()) {
            match function.stack(&format!("stack {} of {}", index + 1, stacks.len())) {
                Ok(stack) => {
                    name = Some(stack.name().to_owned());
                    made.push(stack);
                }
                Err(message) => failures.push((name.clone(), message)),
            }
        }
        names.extend(name);
    }
    let twin = names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name));
    if let Some((_, twin)) = twin {
        let places: Vec<String> = made
            .iter()
            .filter(|stack| stack.name() == twin)
            .map(|stack| format!(" at {}", stack.meta.location))
            .collect();
        return Err(Failure::new(
            format!("two stacks have the name `{twin}`:{}", places.join(" and")).trim_end_matches(':'),
        )
        .hint("give one of them another name"));
    }
    Ok(Called { names, made, failures })
}

/// Runs code of a stack's author. A panic becomes a message.
fn guarded<T>(who: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    static ALONE: Mutex<()> = Mutex::new(());
    static AT_WORK: AtomicBool = AtomicBool::new(false);
    static PLACE: Mutex<Option<String>> = Mutex::new(None);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !AT_WORK.load(Ordering::SeqCst) || std::env::var_os("RUST_BACKTRACE").is_some() {
                default(info);
            }
            let place = info
                .location()
                .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
            // The first panic is the cause: others follow in code that waits for its thread.
            lock(&PLACE).get_or_insert(place);
        }));
    });
    // The hook cannot tell which stack panicked, because it may run on any thread.
    let _alone = lock(&ALONE);
    lock(&PLACE).take();
    AT_WORK.store(true, Ordering::SeqCst);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    AT_WORK.store(false, Ordering::SeqCst);
    result.map_err(|panic| {
        let place = lock(&PLACE).take().unwrap_or_default();
        format!("{who} panicked{place}: {}", message(panic.as_ref()))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
