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
        let mut asked = Vec::new();
        let mut offered = Vec::new();
        if resources.cpu_request > self.cpu {
            asked.push(format!("{} cores", resources.cpu_request));
            offered.push(format!("{} cores", self.cpu));
        }
        if resources.memory_request > self.memory {
            asked.push(format!("{} of memory", resources.memory_request));
            offered.push(format!("{} of memory", self.memory));
        }
        (!asked.is_empty()).then(|| {
            let (asked, offered) = (asked.join(" and "), offered.join(" and "));
            format!("requests {asked}, but a `{}` has {offered} for pods", self.name)
        })
    }
}
