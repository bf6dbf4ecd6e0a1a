//! What a stack costs at most, counted from its objects and not from a text.

use serde_json::Value;

use crate::{
    lint::quantity,
    quantity::{Bytes, Cpu, Units},
};

/// The sum of the limits of all long-running containers, and of the volumes claimed for them. Jobs come and go, and are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processor limits.
    pub cpu: Cpu,
    /// Memory limits.
    pub memory: Bytes,
    /// Volume claims.
    pub disk: Bytes,
}

impl Totals {
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
        Self {
            cpu: containers
                .iter()
                .map(|c| cpu(&c["resources"]["limits"]["cpu"]))
                .sum::<Cpu>()
                * replicas,
            memory: containers
                .iter()
                .map(|c| bytes(&c["resources"]["limits"]["memory"]))
                .sum::<Bytes>()
                * replicas,
            disk: claims
                .iter()
                .map(|claim| bytes(&claim["spec"]["resources"]["requests"]["storage"]))
                .sum::<Bytes>()
                * replicas,
        }
    }
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, part| Self {
            cpu: [sum.cpu, part.cpu].into_iter().sum(),
            memory: [sum.memory, part.memory].into_iter().sum(),
            disk: [sum.disk, part.disk].into_iter().sum(),
        })
    }
}

/// A quantity in parts of its unit; nothing for what is none.
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
    fn limits_and_claims_count_once_for_each_replica() {
        let totals = Totals::of(&json!({
            "kind": "StatefulSet",
            "spec": {
                "replicas": 3,
                "template": { "spec": { "containers": [
                    { "resources": { "limits": { "cpu": "1500m", "memory": "8Gi" } } },
                    { "resources": { "limits": { "cpu": "1", "memory": "512Mi" } } },
                ] } },
                "volumeClaimTemplates": [{ "spec": { "resources": { "requests": { "storage": "100Gi" } } } }],
            },
        }));
        assert_eq!(
            totals,
            Totals {
                cpu: 7500.millicores(),
                memory: 26_112.mib(),
                disk: 300.gib()
            }
        );
    }
}
