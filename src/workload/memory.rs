use crate::{
    construct::Check,
    diagnostics::{Location, rules::memory},
    quantity::{Bytes, Resources},
};

/// The smallest memory with which a process works, measured with `tests/memory/run`: with less the JVM exits with an
/// `OutOfMemoryError`, or the kernel kills the container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// The process, such as `broker`.
    pub(crate) process: &'static str,
    /// The smallest heap, in a container without a limit.
    pub(crate) heap: Bytes,
    /// The smallest memory limit of a container whose heap is half of the limit.
    pub(crate) memory: Bytes,
}

/// Checks the memory of a JVM and its container: compares the heap with the memory, the requests with the limits, and
/// both with what the process needs, if that was measured.
///
/// `item` is the part of the construct that it is about, made at `location`; empty if all pods of the construct are
/// alike.
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
    if let Some(Floor {
        process,
        heap: least_heap,
        memory: least_memory,
    }) = floor
    {
        if memory_limit < least_memory {
            report(
                &memory::FLOOR,
                format!("memory {memory_limit} is too small for a {process} to start, which needs {least_memory}"),
                "raise the memory in `.resources(…)`",
            );
            // The heap follows from the memory.
            return;
        }
        if heap < least_heap {
            report(
                &memory::FLOOR,
                format!("heap {heap} is too small for a {process} to start, which needs {least_heap}"),
                "remove `.heap(…)`, or raise it",
            );
        }
    }
    let most = Bytes::from_mib(memory_limit.as_mib() / 4 * 3);
    if heap > most {
        report(
            &memory::HEAP_ABOVE_MEMORY,
            format!(
                "heap {heap} in a container of {memory_limit}: above {most} there is no room for the rest of the JVM"
            ),
            "lower `.heap(…)` or raise the memory in `.resources(…)`",
        );
    } else if heap.as_mib() == 0 && floor.is_none() {
        report(
            &memory::HEAP_ABOVE_MEMORY,
            format!("memory {memory_limit} leaves no room for a heap"),
            "raise the memory in `.resources(…)`",
        );
    }
}
