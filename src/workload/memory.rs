use crate::{
    construct::Check,
    diagnostics::{Location, rules::memory},
    quantity::{Bytes, Resources},
};

/// Checks the heap of a JVM against the memory of its container, and the requests of the container against its limits.
///
/// `item` is the part of the construct that has them, made at `location`; empty for a construct with one kind of pods.
pub(crate) fn check_memory(check: &mut Check<'_>, item: &str, location: Location, resources: Resources, heap: Bytes) {
    let Resources {
        cpu_request,
        cpu_limit,
        memory_request,
        memory_limit,
    } = resources;
    let mut report = |rule, message: String, hint: &str| {
        check.report(rule, message, |finding| {
            finding.item(item).at(location).hint(hint);
        });
    };
    if memory_request > memory_limit {
        report(
            &memory::REQUEST_ABOVE_LIMIT,
            format!("memory request {memory_request} exceeds the limit {memory_limit}"),
            "raise the limit or lower the request in `.resources(…)`",
        );
    }
    if cpu_request > cpu_limit {
        report(
            &memory::REQUEST_ABOVE_LIMIT,
            format!("CPU request {cpu_request} exceeds the limit {cpu_limit}"),
            "raise the limit or lower the request in `.resources(…)`",
        );
    }
    let most = Bytes::from_mib(memory_limit.as_mib() / 4 * 3);
    if heap > most || heap.as_mib() == 0 {
        report(
            &memory::HEAP_ABOVE_MEMORY,
            format!("heap {heap} in a container of {memory_limit}: at most {most} leave room for the rest of the JVM"),
            "lower `.heap(…)` or raise the memory in `.resources(…)`",
        );
    }
}
