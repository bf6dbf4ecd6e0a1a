//! The heap of a JVM, and the memory that it has.

use super::{process::Process, settings::size, told::Told};
use crate::{
    diff::{
        change::ObjectName,
        class::{Class, Flag},
        row::Row,
    },
    lint::model::jvm::Jvm,
};

/// Another heap.
static HEAP: Row = Row {
    id: "heap",
    class: Class::Metadata,
    flags: &[],
    summary: "another heap of a process",
    reason: "the largest heap is {heap_after} from the next start on, instead of {heap_before}",
    commands: &[],
};

/// A heap without room beside it.
static ABOVE_MEMORY: Row = Row {
    id: "heap-above-memory",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a heap above three quarters of the memory limit",
    reason: "a heap of {heap_after} in {limit_after} leaves too little for the rest of the JVM: once it has filled, the kernel kills the process, \
        again and again",
    commands: &["# raise the memory limit of container {container}, or lower the heap to {most} or less"],
};

pub(super) const ROWS: &[&Row] = &[&HEAP, &ABOVE_MEMORY];

/// Says what another heap, or another limit around it, means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let of = |process: &Process<'_>| {
        let limit = process.container.memory;
        let heap = Jvm::of(process.container, process.kafka.program).heap(None)?;
        Some((heap.within(limit)?, limit))
    };
    let (before, after) = (of(&pair.before), of(&pair.after));
    let Some((heap, limit)) = after.filter(|_| before != after) else {
        return;
    };
    let above = |(heap, limit): (u64, Option<u64>)| limit.is_some_and(|limit| heap > limit / 4 * 3);
    let row = if above((heap, limit)) && !before.is_some_and(above) {
        &ABOVE_MEMORY
    } else if before.map(|(heap, _)| heap) != Some(heap) {
        &HEAP
    } else {
        return;
    };
    let bytes = |bytes: u64| size(i64::try_from(bytes).unwrap_or(i64::MAX));
    let container = &pair.after.kafka.container;
    let path = place(told);
    let draft = told.field(&path, row);
    draft
        .word("container", container)
        .word("heap_after", bytes(heap))
        .word(
            "heap_before",
            before.map_or_else(|| "the JVM's default".to_owned(), |(heap, _)| bytes(heap)),
        )
        .word("limit_after", bytes(limit.unwrap_or(0)))
        .word("most", bytes(limit.unwrap_or(0) / 4 * 3));
}

/// The field of the container that differs and makes the heap: a variable, the command, or the limit.
fn place(told: &Told<'_, '_>) -> String {
    let pair = told.pair;
    let container = format!("spec.template.spec.containers[{}]", pair.after.kafka.container);
    let options = Jvm::of(pair.after.container, pair.after.kafka.program).options;
    let is_size = |text: &str| {
        ["-Xmx", "-XX:MaxHeapSize=", "-XX:MaxRAMPercentage="]
            .iter()
            .any(|start| text.starts_with(start))
    };
    let variables = options
        .iter()
        .rev()
        .filter(|option| is_size(&option.text))
        .map(|option| format!("{container}.env[{}]", option.variable));
    let fields = ["command", "args", "resources.limits.memory"].map(|field| format!("{container}.{field}"));
    let object: ObjectName = pair.identity.into();
    let differs = |path: &String| {
        let mut drafts = told.found.drafts.iter();
        drafts.any(|draft| draft.place.object == object && draft.place.path.starts_with(path.as_str()))
    };
    variables
        .chain(fields)
        .find(differs)
        .unwrap_or_else(|| format!("{container}.resources"))
}
