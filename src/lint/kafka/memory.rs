//! The memory of a JVM: its heap against the limit of its container, and both against what the process needs.

use super::Member;
use crate::{
    diagnostics::rules::memory,
    lint::model::{
        container::{Container, Stage},
        jvm::{Heap, Jvm},
        program::Program,
        set::SetFindings,
        workload::Workload,
    },
    quantity::Bytes,
    version::Version,
};

/// The least memory with which a process serves, measured with `tests/memory/run`: below it the JVM ends with an `OutOfMemoryError`, or
/// the kernel kills the container. The page `docs/memory.md` has the measurements.
#[derive(Clone, Copy, Debug)]
struct Floor {
    /// What it is about, as `broker`.
    process: &'static str,
    /// The smallest heap, in a container without a limit.
    heap: Bytes,
    /// The smallest limit of a container whose heap is half of it.
    memory: Bytes,
}

const fn floor(process: &'static str, heap: u64, memory: u64) -> Floor {
    Floor {
        process,
        heap: Bytes::from_mib(heap),
        memory: Bytes::from_mib(memory),
    }
}

/// Apicurio Registry 3.3.3. With 288 MiB it does not start within 100 s, because it reads its own files again and again.
const APICURIO: Floor = floor("registry", 48, 368);

impl Member<'_> {
    /// The floor of the process. Confluent's registry was not measured.
    fn floor(&self) -> Option<Floor> {
        let zookeeper = self.settings.get("zookeeper.connect").is_some();
        let old = self.version == Some(Version::V3_9);
        match self.process.program {
            Program::Broker => {
                let broker = self
                    .settings
                    .get("process.roles")
                    .is_none_or(|roles| roles.value.contains("broker"));
                Some(match (broker, zookeeper, old) {
                    (false, ..) => floor("controller", 32, 176),
                    (true, true, _) => floor("broker", 160, 320),
                    (true, false, true) => floor("broker", 176, 352),
                    // The log cleaner alone has a buffer of 128 MiB.
                    (true, false, false) => floor("broker", 192, 384),
                })
            }
            Program::ZooKeeper => Some(floor("ZooKeeper server", 16, 80)),
            // With one connector: with 288 MiB it is killed once the connector runs.
            Program::Connect => Some(floor("worker", 144, 320)),
            Program::Registry => None,
        }
    }

    /// The heap that Kafka's start script gives the process where no variable does.
    fn default_heap(&self) -> Option<u64> {
        let script = self.process.entrypoint && self.is_known_image()
            || self.process.start().contains("-start")
            || self.process.start().contains("connect-distributed");
        let mib = match self.process.program {
            Program::Broker => 1024,
            Program::ZooKeeper | Program::Registry => 512,
            Program::Connect => 2048,
        };
        (script && !self.process.image.contains("kafka-native")).then_some(mib << 20)
    }
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(container), Some(jvm)) = (member.container(), member.jvm()) else {
        return;
    };
    let default = (!container.open).then(|| member.default_heap()).flatten();
    let broker = member.process.program == Program::Broker
        && member
            .settings
            .get("process.roles")
            .is_none_or(|roles| roles.value.contains("broker"));
    let largest = broker.then(|| Bytes::from_mib(6 * 1024));
    judge(findings, member.index, container, jvm, default, member.floor(), largest);
}

/// Other processes of the family, whose settings are not judged: Apicurio's registry.
pub(super) fn of_others(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        let runs = container.stage == Stage::Main
            && (container.words.first()).is_none_or(|word| word.rsplit('/').next() == Some("java"));
        if runs && container.image_name().contains("apicurio-registry") {
            let jvm = Jvm::of(container, Program::Registry);
            judge(findings, index, container, &jvm, None, Some(APICURIO), None);
        }
    }
}

fn judge(
    findings: &mut SetFindings,
    index: usize,
    container: &Container,
    jvm: &Jvm,
    default: Option<u64>,
    floor: Option<Floor>,
    largest: Option<Bytes>,
) {
    let place = format!("{}/resources", container.pointer);
    let heap = jvm.heap(default);
    let initial = jvm.initial_heap();
    let sizes = [&heap, &initial];
    if let Some(size) = sizes.iter().find_map(|heap| match heap {
        Some(Heap::Invalid(size)) => Some(size),
        _ => None,
    }) {
        findings
            .add(
                index,
                container.pointer.clone(),
                &memory::HEAP_OPTIONS,
                format!(
                    "the JVM of container `{}` does not start: `{size}` is not a size of a heap",
                    container.name
                ),
            )
            .hint("write it as `512m` or `4g`");
        return;
    }
    let limit = container.memory;
    let Some(heap) = heap.and_then(|heap| heap.within(limit)) else {
        too_little(findings, index, &place, limit, None, floor);
        return;
    };
    if let Some(Heap::Bytes(initial)) = initial
        && initial > heap
    {
        findings
            .add(
                index,
                container.pointer.clone(),
                &memory::HEAP_OPTIONS,
                format!(
                    "the JVM of container `{}` does not start: its heap begins with {}, above the largest of {}",
                    container.name,
                    shown(initial),
                    shown(heap)
                ),
            )
            .hint("give `-Xms` and `-Xmx` the same size");
    }
    // The heap follows from the memory.
    if too_little(findings, index, &place, limit, Some(heap), floor) {
        return;
    }
    if let Some(limit) = limit {
        let most = limit / 4 * 3;
        if heap > most {
            findings
                .add(
                    index,
                    place.clone(),
                    &memory::HEAP_ABOVE_MEMORY,
                    format!(
                        "heap {} in a container of {}: above {} there is no room for the rest of the JVM",
                        shown(heap),
                        shown(limit),
                        shown(most)
                    ),
                )
                .hint("lower `.heap(…)` or raise the memory in `.resources(…)`")
                .yaml_hint("raise the memory limit, or lower `-Xmx`");
        } else if heap < 1 << 20 && floor.is_none() {
            findings
                .add(
                    index,
                    place.clone(),
                    &memory::HEAP_ABOVE_MEMORY,
                    format!("memory {} leaves no room for a heap", shown(limit)),
                )
                .hint("raise the memory in `.resources(…)`")
                .yaml_hint("raise the memory limit");
        }
    }
    if let Some(largest) = largest.filter(|largest| heap > largest.get()) {
        findings
            .add(
                index,
                place,
                &memory::HEAP_TOO_LARGE,
                format!(
                    "heap {} of container `{}` is above {largest}",
                    shown(heap),
                    container.name
                ),
            )
            .hint("remove `.heap(…)`: half of the memory and at most 6Gi")
            .yaml_hint("lower `-Xmx` to half of the memory, and at most 6g");
    }
}

/// Reports memory or a heap below the floor. Whether it is the memory, from which the heap follows.
fn too_little(
    findings: &mut SetFindings,
    index: usize,
    place: &str,
    limit: Option<u64>,
    heap: Option<u64>,
    floor: Option<Floor>,
) -> bool {
    let Some(floor) = floor else { return false };
    let process = floor.process;
    if let Some(limit) = limit.filter(|limit| *limit < floor.memory.get()) {
        findings
            .add(
                index,
                place,
                &memory::FLOOR,
                format!(
                    "memory {} is too small for a {process} to start, which needs {}",
                    shown(limit),
                    floor.memory
                ),
            )
            .hint("raise the memory in `.resources(…)`")
            .yaml_hint("raise the memory limit");
        return true;
    }
    if let Some(heap) = heap.filter(|heap| *heap < floor.heap.get()) {
        findings
            .add(
                index,
                place,
                &memory::FLOOR,
                format!(
                    "heap {} is too small for a {process} to start, which needs {}",
                    shown(heap),
                    floor.heap
                ),
            )
            .hint("remove `.heap(…)`, or raise it")
            .yaml_hint("raise `-Xmx`");
    }
    false
}

fn shown(bytes: u64) -> String {
    Bytes::from_mib(bytes >> 20).to_string()
}
