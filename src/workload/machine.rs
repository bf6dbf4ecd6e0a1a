use crate::quantity::{Bytes, Cpu, Resources};

/// What a pod can have of a node: its allocatable processors and memory, less what every node runs beside the pod (`DaemonSet`s).
///
/// A node keeps part of the machine for itself: of the 16 cores and 64 GiB that a cloud sells, 15.89 cores and 56.3 GiB may be
/// left. `kubectl get node NODE -o jsonpath='{.status.allocatable}'` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Machine {
    name: String,
    cpu: Cpu,
    memory: Bytes,
}

impl Machine {
    /// A machine by its name, and what is allocatable on it.
    pub fn allocatable(name: impl Into<String>, cpu: Cpu, memory: Bytes) -> Self {
        Self {
            name: name.into(),
            cpu,
            memory,
        }
    }

    /// What of these requests a node of this kind cannot meet.
    pub(crate) fn refusal(&self, resources: Resources) -> Option<String> {
        let mut missing = Vec::new();
        if resources.cpu_request > self.cpu {
            missing.push(format!("{} of {} cores", resources.cpu_request, self.cpu));
        }
        if resources.memory_request > self.memory {
            missing.push(format!("{} of {} of memory", resources.memory_request, self.memory));
        }
        (!missing.is_empty()).then(|| format!("requests {} that a `{}` has for pods", missing.join(" and "), self.name))
    }
}
