//! The memory of a JVM: its heap against the limit of its container, and both against what the process needs.

use super::Member;
use crate::{
    diagnostics::{Rule, rules::memory},
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

    /// The size that its heap begins with, in bytes, if an option says it.
    pub(super) fn initial_heap(&self) -> Option<u64> {
        match self.jvm().initial_heap()? {
            Heap::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The heap that Kafka's start script gives the process where no variable does.
    fn default_heap(&self) -> Option<u64> {
        let script = self.process.entrypoint && self.is_known_image()
            || self.container.command().contains("-start")
            || self.container.command().contains("connect-distributed");
        let mib = match self.process.program {
            Program::Broker => 1024,
            Program::ZooKeeper | Program::Registry => 512,
            Program::Connect => 2048,
        };
        (script && !self.process.image.contains("kafka-native")).then_some(mib << 20)
    }
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let (container, jvm) = (member.container, member.jvm());
    let default = (!container.open).then(|| member.default_heap()).flatten();
    let broker = member.process.program == Program::Broker
        && member
            .settings
            .get("process.roles")
            .is_none_or(|roles| roles.value.contains("broker"));
    let largest = broker.then(|| Bytes::from_mib(6 * 1024));
    let memory = Memory {
        findings,
        index: member.index,
        container,
        floor: member.floor(),
    };
    memory.judge(jvm, default, largest);
}

/// Other processes of the family, whose settings are not judged: Apicurio's registry.
pub(super) fn of_others(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        let runs = container.stage == Stage::Main
            && (container.words.first()).is_none_or(|word| word.rsplit('/').next() == Some("java"));
        if runs && container.image_name().contains("apicurio-registry") {
            let jvm = Jvm::of(container, Program::Registry);
            let memory = Memory {
                findings,
                index,
                container,
                floor: Some(APICURIO),
            };
            memory.judge(&jvm, None, None);
        }
    }
}

/// The memory of a container, and where what is wrong with it is said.
struct Memory<'a> {
    findings: &'a mut SetFindings,
    index: usize,
    container: &'a Container,
    floor: Option<Floor>,
}

impl Memory<'_> {
    /// Reports a JVM that does not start with its options.
    fn of_options(&mut self, why: &str, hint: &str) {
        let Container { pointer, name, .. } = self.container;
        let message = format!("the JVM of container `{name}` does not start: {why}");
        self.findings
            .add(self.index, pointer.clone(), &memory::HEAP_OPTIONS, message)
            .hint(hint);
    }

    /// Reports sizes that do not fit.
    fn of_sizes(&mut self, rule: &'static Rule, message: String, hint: &str, yaml_hint: &str) {
        let place = format!("{}/resources", self.container.pointer);
        self.findings
            .add(self.index, place, rule, message)
            .hint(hint)
            .yaml_hint(yaml_hint);
    }

    fn judge(mut self, jvm: &Jvm, default: Option<u64>, largest: Option<Bytes>) {
        let heap = jvm.heap(default);
        let unset = jvm.heap(None).is_none();
        let initial = jvm.initial_heap();
        if let Some(size) = [&heap, &initial].iter().find_map(|heap| match heap {
            Some(Heap::Invalid(size)) => Some(size),
            _ => None,
        }) {
            self.of_options(
                &format!("`{size}` is not a size of a heap"),
                "write it as `512m` or `4g`",
            );
            return;
        }
        let limit = self.container.memory;
        let Some(heap) = heap.and_then(|heap| heap.within(limit)) else {
            self.too_little(limit, None);
            return;
        };
        if let Some(Heap::Bytes(initial)) = initial
            && initial > heap
        {
            let (initial, heap) = (shown(initial), shown(heap));
            let why = format!("its heap begins with {initial}, above the largest of {heap}");
            self.of_options(&why, "give `-Xms` and `-Xmx` the same size");
        }
        // The heap follows from the memory.
        if self.too_little(limit, Some(heap)) {
            return;
        }
        if let Some(limit) = limit {
            self.within(limit, heap, unset);
        }
        if let Some(largest) = largest.filter(|largest| heap > largest.get()) {
            let message = format!(
                "heap {} of container `{}` is above {largest}",
                shown(heap),
                self.container.name
            );
            self.of_sizes(
                &memory::HEAP_TOO_LARGE,
                message,
                "remove `.heap(…)`: half of the memory and at most 6Gi",
                "lower `-Xmx` to half of the memory, and at most 6g",
            );
        }
    }

    /// A heap in the memory of its container.
    fn within(&mut self, limit: u64, heap: u64, unset: bool) {
        let most = limit / 4 * 3;
        if heap > most {
            let message = format!(
                "heap {}{} in a container of {}: above {} there is no room for the rest of the JVM",
                shown(heap),
                if unset { ", where none is set," } else { "" },
                shown(limit),
                shown(most)
            );
            self.of_sizes(
                &memory::HEAP_ABOVE_MEMORY,
                message,
                "lower `.heap(…)` or raise the memory in `.resources(…)`",
                if unset {
                    "raise the memory limit, or set a smaller heap, as `-Xmx512m` in `KAFKA_HEAP_OPTS`"
                } else {
                    "raise the memory limit, or lower `-Xmx`"
                },
            );
        } else if heap < 1 << 20 && self.floor.is_none() {
            self.of_sizes(
                &memory::HEAP_ABOVE_MEMORY,
                format!("memory {} leaves no room for a heap", shown(limit)),
                RAISE,
                RAISE_LIMIT,
            );
        }
    }

    /// Reports memory or a heap below the floor. Whether it is the memory, from which the heap follows.
    fn too_little(&mut self, limit: Option<u64>, heap: Option<u64>) -> bool {
        let Some(floor) = self.floor else { return false };
        let process = floor.process;
        if let Some(limit) = limit.filter(|limit| *limit < floor.memory.get()) {
            let message = format!(
                "memory {} is too small for a {process} to start, which needs {}",
                shown(limit),
                floor.memory
            );
            self.of_sizes(&memory::FLOOR, message, RAISE, RAISE_LIMIT);
            return true;
        }
        if let Some(heap) = heap.filter(|heap| *heap < floor.heap.get()) {
            let message = format!(
                "heap {} is too small for a {process} to start, which needs {}",
                shown(heap),
                floor.heap
            );
            self.of_sizes(
                &memory::FLOOR,
                message,
                "remove `.heap(…)`, or raise it",
                "raise `-Xmx`",
            );
        }
        false
    }
}

const RAISE: &str = "raise the memory in `.resources(…)`";
const RAISE_LIMIT: &str = "raise the memory limit";

fn shown(bytes: u64) -> String {
    Bytes::from_mib(bytes >> 20).to_string()
}
