//! Kubernetes itself, the Namespace, budgets, claims and Services.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Check, Wrong, none, of};
use crate::{
    kubernetes::Kubernetes,
    lint::quantity,
    operate::{
        desired::{Desired, items, labels, name, namespace},
        live::{Live, Request, Trouble, json},
    },
};

/// What has to be there before anything else.
pub(super) fn before(desired: &Desired, kubernetes: Kubernetes) -> Vec<Check> {
    let namespaces = desired.namespaces().into_iter().map(|name| {
        Check::new(format!("namespace/{name}"), move |live| {
            let answer = live
                .ask(&Request::Namespace(name.clone()))
                .map_err(|trouble| match trouble {
                    Trouble::NotFound(_) => Wrong::differs("it does not exist"),
                    other => other.into(),
                })?;
            match json(&answer)?["status"]["phase"].as_str() {
                Some("Active") => Ok("active".to_owned()),
                phase => Err(Wrong::differs(format!("it is {}", phase.unwrap_or("without a phase")))),
            }
        })
    });
    [server(kubernetes)].into_iter().chain(namespaces).collect()
}

/// The API server is new enough.
fn server(kubernetes: Kubernetes) -> Check {
    Check::new("kubernetes", move |live| {
        let version = json(&live.ask(&Request::Versions)?)?["serverVersion"]["gitVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let least = kubernetes.to_string();
        match minor(&version).zip(minor(&least)) {
            Some((is, least)) if is >= least => Ok(version),
            Some(_) => Err(Wrong::differs(format!(
                "{version}, and the stack needs {least} or newer"
            ))),
            None => Err(Trouble::Unreadable(format!("version {version:?}")).into()),
        }
    })
}

/// Major and minor version of `v1.34.4` or `1.28`.
pub(crate) fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    let number = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    };
    Some((number(parts.next()?)?, number(parts.next()?)?))
}

/// What is around the pods.
pub(super) fn around(desired: &Desired) -> Vec<Check> {
    let own = |kind: &str| -> Vec<Value> { desired.of_kind(kind).cloned().collect() };
    let (budgets, services) = (own("PodDisruptionBudget"), own("Service"));
    let claims: Vec<(String, String, Value)> = desired
        .workloads()
        .iter()
        .flat_map(|workload| {
            workload.pods().flat_map(move |(_, pod)| {
                let claims = workload.claims.iter();
                claims.map(move |(claim, size)| (workload.namespace.clone(), format!("{claim}-{pod}"), size.clone()))
            })
        })
        .collect();
    let mut checks = Vec::new();
    if !budgets.is_empty() {
        checks.push(Check::new("budgets", move |live| check_budgets(live, &budgets)));
    }
    if !claims.is_empty() {
        checks.push(Check::new("claims", move |live| check_claims(live, &claims)));
    }
    if !services.is_empty() {
        checks.push(Check::new("services", move |live| check_services(live, &services)));
    }
    checks
}

/// The live object of a declared one.
fn find<'a>(list: &'a [Value], declared: &Value) -> Option<&'a Value> {
    list.iter().find(|one| name(one) == name(declared))
}

/// The namespaces of objects.
fn namespaces(objects: &[Value]) -> BTreeSet<String> {
    objects.iter().map(namespace).collect()
}

fn check_budgets(live: &dyn Live, budgets: &[Value]) -> Result<String, Wrong> {
    let mut wrong = Vec::new();
    for place in namespaces(budgets) {
        let found = live.list("poddisruptionbudgets", &place)?;
        for budget in budgets.iter().filter(|budget| namespace(budget) == place) {
            let name = name(budget);
            let Some(status) = find(&found, budget).map(|one| &one["status"]) else {
                wrong.push(format!("`{name}` does not exist"));
                continue;
            };
            let number = |key: &str| status[key].as_u64().unwrap_or(0);
            let (healthy, needed) = (number("currentHealthy"), number("desiredHealthy"));
            if healthy < needed {
                wrong.push(format!("`{name}` needs {needed} healthy pods, and there are {healthy}"));
            } else if number("disruptionsAllowed") == 0 {
                wrong.push(format!(
                    "`{name}` allows no disruptions: {healthy} of {} pods are healthy, so no node can be drained",
                    number("expectedPods"),
                ));
            }
        }
    }
    none(wrong)?;
    Ok(of(budgets.len(), budgets.len(), "allow a disruption"))
}

fn check_claims(live: &dyn Live, claims: &[(String, String, Value)]) -> Result<String, Wrong> {
    let mut wrong = Vec::new();
    let places: BTreeSet<&String> = claims.iter().map(|(place, ..)| place).collect();
    for place in places {
        let found = live.list("persistentvolumeclaims", place)?;
        for (_, claim, size) in claims.iter().filter(|(of, ..)| of == place) {
            let Some(one) = found.iter().find(|one| name(one) == claim) else {
                wrong.push(format!("`{claim}` does not exist"));
                continue;
            };
            let capacity = &one["status"]["capacity"]["storage"];
            match one["status"]["phase"].as_str().unwrap_or("without a phase") {
                "Bound" if quantity(capacity) < quantity(size) => wrong.push(format!(
                    "`{claim}` has {}, and {} is declared",
                    capacity.as_str().unwrap_or("no capacity"),
                    size.as_str().unwrap_or_default()
                )),
                "Bound" => {}
                phase => wrong.push(format!("`{claim}` is {phase}")),
            }
        }
    }
    none(wrong)?;
    Ok(of(claims.len(), claims.len(), "bound"))
}

fn check_services(live: &dyn Live, services: &[Value]) -> Result<String, Wrong> {
    let mut wrong = Vec::new();
    for place in namespaces(services) {
        let (found, slices) = (live.list("services", &place)?, live.list("endpointslices", &place)?);
        for service in services.iter().filter(|service| namespace(service) == place) {
            let own = name(service);
            let Some(is) = find(&found, service) else {
                wrong.push(format!("`{own}` does not exist"));
                continue;
            };
            let (is, declared) = (labels(&is["spec"]["selector"]), labels(&service["spec"]["selector"]));
            let slices = slices
                .iter()
                .filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == own);
            let mut endpoints = slices.flat_map(|slice| items(&slice["endpoints"]));
            if !endpoints.any(|one| one["conditions"]["ready"] != false) {
                let why = if is == declared {
                    "no pod that it selects is ready"
                } else {
                    "its selector is not the declared one"
                };
                wrong.push(format!("`{own}` has no ready endpoints: {why}"));
            } else if is != declared {
                wrong.push(format!("`{own}` selects by {is:?}, and {declared:?} is declared"));
            }
        }
    }
    none(wrong)?;
    Ok(of(services.len(), services.len(), "with ready endpoints"))
}
