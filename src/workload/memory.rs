use crate::{
    construct::Check,
    diagnostics::{Location, rules::memory},
    quantity::{Bytes, Resources},
};

/// The least memory with which a process serves, measured with `tests/memory/run`: below it the JVM ends with an
/// `OutOfMemoryError`, or the kernel kills the container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// What it is about, as `broker`.
    pub(crate) process: &'static str,
    /// The smallest heap, in a container without a limit.
    pub(crate) heap: Bytes,
    /// The smallest limit of a container whose heap is half of it.
    pub(crate) memory: Bytes,
}

/// Checks the memory of a JVM and its container: the heap against the memory, the requests against the limits, and both
/// against what the process needs, where that was measured.
///
/// `item` is the part of the construct that has them, made at `location`; empty for a construct with one kind of pods.
pub(crate) fn check_memory(
    check: &mut Check<'_>,
    item: &str,
    location: Location,
    resources: Resources,
    heap: Bytes,
    floor: Option<Floor>,
) {
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
            format!(
                "heap {heap} in a container of {memory_limit}: above {most} there is no room for the rest of the JVM"
            ),
            "lower `.heap(…)` or raise the memory in `.resources(…)`",
        );
    }
    let Some(Floor {
        process,
        heap: least_heap,
        memory: least_memory,
    }) = floor
    else {
        return;
    };
    if memory_limit < least_memory {
        report(
            &memory::FLOOR,
            format!("memory {memory_limit} is too small for a {process} to start, which needs {least_memory}"),
            "raise the memory in `.resources(…)`",
        );
    } else if heap < least_heap {
        report(
            &memory::FLOOR,
            format!("heap {heap} is too small for a {process} to start, which needs {least_heap}"),
            "remove `.heap(…)`, or raise it",
        );
    }
}
