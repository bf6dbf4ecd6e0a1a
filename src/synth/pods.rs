//! The pods of a workload: how many, and in which zones.

use serde_json::Value;

const ZONE: &str = "topology.kubernetes.io/zone";

/// The long-running pods of a StatefulSet or a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pods {
    /// How many there are.
    pub count: u64,
    /// Where they run.
    pub zone: Zone,
}

/// The zones that pods run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// This one, because its nodes are selected.
    One(String),
    /// Evenly over all zones: a pod waits until its zone has room.
    Spread,
    /// Evenly over all zones if there is room.
    Preferred,
    /// Any.
    Any,
}

impl Pods {
    /// The pods of one object; none for anything but a StatefulSet or a Deployment.
    pub(super) fn of(body: &Value) -> Option<Self> {
        if !matches!(body["kind"].as_str(), Some("StatefulSet" | "Deployment")) {
            return None;
        }
        let pod = &body["spec"]["template"]["spec"];
        let spreads = pod["topologySpreadConstraints"].as_array();
        let spread = spreads.and_then(|all| all.iter().find(|one| one["topologyKey"] == ZONE));
        let zone = match (pod["nodeSelector"][ZONE].as_str(), spread) {
            (Some(zone), _) => Zone::One(zone.to_owned()),
            (None, Some(spread)) if spread["whenUnsatisfiable"] == "ScheduleAnyway" => Zone::Preferred,
            (None, Some(_)) => Zone::Spread,
            (None, None) => Zone::Any,
        };
        Some(Self {
            count: body["spec"]["replicas"].as_u64().unwrap_or(1),
            zone,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_run_in_the_zone_of_their_nodes_or_are_spread() {
        let zone = |spec: Value| {
            let body = json!({ "kind": "Deployment", "spec": { "replicas": 2, "template": { "spec": spec } } });
            Pods::of(&body).unwrap().zone
        };
        let spread = |unsatisfiable: &str| json!([{ "topologyKey": "kubernetes.io/hostname" }, { "topologyKey": ZONE, "whenUnsatisfiable": unsatisfiable }]);
        assert_eq!(zone(json!({})), Zone::Any);
        assert_eq!(
            zone(json!({ "topologySpreadConstraints": spread("ScheduleAnyway") })),
            Zone::Preferred
        );
        assert_eq!(
            zone(json!({ "topologySpreadConstraints": spread("DoNotSchedule") })),
            Zone::Spread
        );
        assert_eq!(
            zone(json!({ "nodeSelector": { ZONE: "a" }, "topologySpreadConstraints": spread("DoNotSchedule") })),
            Zone::One("a".to_owned())
        );
        assert_eq!(Pods::of(&json!({ "kind": "Job", "spec": {} })), None);
    }
}
