//! The CPU, memory and storage of a stack, counted from its objects.

use serde_json::Value;

use crate::{
    lint::quantity,
    quantity::{Bytes, Cpu, Units},
};

/// The sums of all long-running containers, and of their volume claims. Jobs are short-lived and not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests: what nodes reserve for them. For a container without a request Kubernetes uses its limit.
    pub requests: Compute,
    /// Limits: the most that they may use.
    pub limits: Compute,
    /// Volume claims.
    pub disk: Bytes,
}

/// CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compute {
    /// CPU.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Bytes,
}

impl Totals {
    /// In words; what is zero is left out.
    pub(crate) fn words(&self) -> Vec<String> {
        let compute = |what: &str, compute: Compute| {
            let mut amounts = Vec::new();
            if compute.cpu != Cpu::default() {
                amounts.push(format!("{} CPU", rounded(compute.cpu.millicores(), 1000)));
            }
            if compute.memory != Bytes::default() {
                amounts.push(format!("{} memory", size(compute.memory)));
            }
            (!amounts.is_empty()).then(|| format!("{what} {}", amounts.join(" and ")))
        };
        let disk = (self.disk != Bytes::default()).then(|| format!("{} disk", size(self.disk)));
        [compute("requests", self.requests), compute("limits", self.limits), disk]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The figures of one object; zero for anything but a StatefulSet or a Deployment.
    pub(crate) fn of(body: &Value) -> Self {
        if !matches!(body["kind"].as_str(), Some("StatefulSet" | "Deployment")) {
            return Self::default();
        }
        let spec = &body["spec"];
        let replicas = spec["replicas"].as_u64().unwrap_or(1);
        let list = |value| Value::as_array(value).map_or(&[][..], Vec::as_slice);
        let containers = list(&spec["template"]["spec"]["containers"]);
        let claims = list(&spec["volumeClaimTemplates"]);
        let limit = |container: &Value, what: &str| container["resources"]["limits"][what].clone();
        let request = |container: &Value, what: &str| match &container["resources"]["requests"][what] {
            Value::Null => limit(container, what),
            request => request.clone(),
        };
        let compute = |of: &dyn Fn(&Value, &str) -> Value| Compute {
            cpu: containers.iter().map(|c| cpu(&of(c, "cpu"))).sum::<Cpu>() * replicas,
            memory: containers.iter().map(|c| bytes(&of(c, "memory"))).sum::<Bytes>() * replicas,
        };
        Self {
            requests: compute(&request),
            limits: compute(&limit),
            disk: claims
                .iter()
                .map(|claim| bytes(&claim["spec"]["resources"]["requests"]["storage"]))
                .sum::<Bytes>()
                * replicas,
        }
    }
}

/// Bytes in a unit that is easy to read.
fn size(bytes: Bytes) -> String {
    let (unit, suffix) = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .map(|(shift, suffix)| (1 << shift, suffix))
        .find(|(unit, _)| bytes.get() >= *unit)
        .unwrap_or((1, "B"));
    format!("{} {suffix}", rounded(bytes.get(), unit))
}

/// An amount in a unit, with one decimal unless it is whole, rounded up.
fn rounded(amount: u64, unit: u64) -> String {
    let tenths = (u128::from(amount) * 10).div_ceil(u128::from(unit));
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let add = |a: Compute, b: Compute| Compute {
            cpu: [a.cpu, b.cpu].into_iter().sum(),
            memory: [a.memory, b.memory].into_iter().sum(),
        };
        all.fold(Self::default(), |sum, part| Self {
            requests: add(sum.requests, part.requests),
            limits: add(sum.limits, part.limits),
            disk: [sum.disk, part.disk].into_iter().sum(),
        })
    }
}

/// A quantity in parts of its unit; 0 if it is not valid.
fn parts(value: &Value, of_unit: i128) -> u64 {
    let part = 1_000_000_000 / of_unit;
    quantity(value)
        .and_then(|nano| u64::try_from(nano / part).ok())
        .unwrap_or_default()
}

fn cpu(value: &Value) -> Cpu {
    parts(value, 1000).millicores()
}

fn bytes(value: &Value) -> Bytes {
    parts(value, 1).bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_limits_and_claims_count_once_for_each_replica() {
        let totals = Totals::of(&json!({
            "kind": "StatefulSet",
            "spec": {
                "replicas": 3,
                "template": { "spec": { "containers": [
                    { "resources": {
                        "limits": { "cpu": "1500m", "memory": "8Gi" },
                        "requests": { "cpu": "500m" },
                    } },
                    { "resources": { "limits": { "cpu": "1", "memory": "512Mi" } } },
                ] } },
                "volumeClaimTemplates": [{ "spec": { "resources": { "requests": { "storage": "100Gi" } } } }],
            },
        }));
        assert_eq!(
            totals,
            Totals {
                requests: Compute {
                    cpu: 4500.millicores(),
                    memory: 26_112.mib()
                },
                limits: Compute {
                    cpu: 7500.millicores(),
                    memory: 26_112.mib()
                },
                disk: 300.gib()
            }
        );
    }
}
