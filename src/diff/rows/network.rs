//! Network policies: connections between objects of the manifests that they let through before, and not after.

use std::collections::{BTreeMap, BTreeSet};

use super::{Changed, cluster, object, opened};
use crate::{
    diff::{
        change::{Draft, Found, ObjectName, Place},
        class::{Class, Flag},
        pairs::Pair,
        row::Row,
        sets::Sets,
        side::Side,
    },
    kubernetes::Platform,
    lint::{
        CUT as CUT_RULE, judge_set,
        model::{ObjectModel, selector::Labels, service::PortRef, set::ObjectSet},
    },
    manifest::Identity,
};

/// A policy that cuts a connection.
static CUT: Row = Row {
    id: "connection-cut",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a network policy cuts a connection that something in the manifests uses",
    reason: "{cut}: the connection ends in timeouts as soon as this is applied",
    commands: &["# let the connection through before you apply: {cut}"],
};

/// A policy that cuts what pods that have not restarted still use.
static AHEAD: Row = Row {
    id: "connection-cut-until-restarted",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a network policy cuts a connection that pods use until they have restarted",
    reason: "pods that have not restarted still use what was there before, which the policies no longer admit: {cut_meanwhile}",
    commands: &[
        "# first merge: in the policies alone, the new ports and peers beside the old ones",
        "# second merge: everything else; wait until all pods have restarted",
        "# third merge: the policies without the old ones",
    ],
};

/// A policy that lets less through.
static CHANGED: Row = Row {
    id: "network-policy",
    class: Class::Metadata,
    flags: &[],
    summary: "a network policy",
    reason: "applies at once, without a restart",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&CUT, &AHEAD, &CHANGED];

/// A policy that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let mut is_told = false;
    for field in &changed.fields {
        if field.pattern.starts_with("spec") {
            let draft = found.add(&CHANGED, changed.place(field));
            if !std::mem::replace(&mut is_told, true) {
                opened::policy(changed, draft);
            }
        } else {
            object::other(changed, field, found);
        }
    }
}

/// A policy that goes.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) {
    if !opened::policy_removed(sets, old, found) {
        object::removed(sets, old, found);
    }
}

/// The connections that are cut, if a policy or a listener changed at all: one change for each policy that selects the pods, told with the field of it
/// that differs.
pub(super) fn cuts(sets: &Sets<'_>, pairs: &[Pair], found: &mut Found) {
    let of_pair = |pair: &Pair| match pair {
        Pair::Changed(_, new) | Pair::Added(new) | Pair::Renamed(_, new) => sets.after.identity(*new),
        Pair::Removed(old) => sets.before.identity(*old),
    };
    let of_policy = |pair: &&Pair| of_pair(pair).kind == "NetworkPolicy";
    // A listener may move to a port that the policies do not let through.
    let of_listener =
        |draft: &Draft| draft.place.path.ends_with("listeners") || draft.place.path.contains("_LISTENERS]");
    if !pairs.iter().any(|pair| of_policy(&pair)) && !found.drafts.iter().any(of_listener) {
        return;
    }
    let (before, after) = (Cuts::of(sets.before, None), Cuts::of(sets.after, None));
    // Without another policy, what is cut meanwhile was cut before.
    let differs = pairs.iter().any(|pair| of_policy(&pair));
    let meanwhile = if differs {
        Cuts::of(sets.before, Some(sets.after)).cuts
    } else {
        BTreeMap::new()
    };
    let mut cut_by: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    let mut ahead: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    for (cut, policy) in meanwhile {
        // What goes is not cut, and what stays cut is told below.
        if !before.cuts.contains_key(&cut) && !after.cuts.contains_key(&cut) && after.has_all(&cut) {
            ahead.entry(policy).or_default().push(cut);
        }
    }
    for (cut, policy) in after.cuts {
        // What connects only now is not cut.
        if !before.cuts.contains_key(&cut) && before.has_ends(&cut) {
            cut_by.entry(policy).or_default().push(cut);
        }
    }
    // Of several policies that select a pod, the one that differs is meant.
    let differing: Vec<Identity> = pairs
        .iter()
        .filter(of_policy)
        .map(|pair| of_pair(pair).clone())
        .collect();
    let meant = |cuts: BTreeMap<Identity, Vec<String>>| {
        let mut meant: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
        for (policy, cuts) in cuts {
            let mut near = differing.iter().filter(|other| other.namespace == policy.namespace);
            let other = if differing.contains(&policy) { None } else { near.next() };
            meant.entry(other.cloned().unwrap_or(policy)).or_default().extend(cuts);
        }
        meant
    };
    let (cut_by, ahead) = (meant(cut_by), meant(ahead));
    if cut_by.is_empty() && ahead.is_empty() {
        for draft in &mut found.drafts {
            if draft.is(&CHANGED) {
                draft.remark("it cuts nothing that these manifests show");
            }
        }
    }
    for (policy, cuts) in cut_by {
        let object = ObjectName::from(&policy);
        let field = found
            .drafts
            .iter()
            .position(|draft| draft.place.object == object && draft.is(&CHANGED));
        let draft = match field {
            Some(at) => {
                let draft = &mut found.drafts[at];
                let is_opened = draft.is(&opened::OPENED);
                draft.instead(&CUT);
                if is_opened {
                    draft.also(&opened::OPENED);
                }
                draft
            }
            None => found.add(&CUT, Place::object(&policy)),
        };
        draft.words("cut", cuts);
    }
    for (policy, cuts) in ahead {
        let object = ObjectName::from(&policy);
        let is_of_policy = |draft: &Draft| draft.place.object == object && (draft.is(&CHANGED) || draft.is(&CUT));
        let field = found.drafts.iter().position(is_of_policy);
        // All are stopped and started together there: no pod is left with what was there before.
        let outage = found.drafts.iter().any(|draft| {
            draft.place.object.namespace == policy.namespace
                && (draft.is(&cluster::VOTER_ADDRESS) || draft.is(&cluster::CONTROLLER_ENDPOINT))
        });
        let draft = match field {
            Some(at) if outage => {
                let draft = &mut found.drafts[at];
                draft.flag(Flag::Availability).remark(format!(
                    "belongs to the outage that another change needs, since pods that run still use what was there before: {}",
                    cuts.join(", ")
                ));
                continue;
            }
            Some(at) => found.drafts[at].also(&AHEAD),
            None => found.add(&AHEAD, Place::object(&policy)),
        };
        draft.words("cut_meanwhile", cuts);
    }
}

/// The connections that the policies of a side cut, each with the policy.
struct Cuts {
    cuts: BTreeMap<String, Identity>,
    workloads: BTreeSet<String>,
    /// The names of all objects.
    names: BTreeSet<String>,
}

impl Cuts {
    /// Those of a side; with the policies of another one, if there is one.
    fn of(side: &Side, policies: Option<&Side>) -> Self {
        let is_policy = |identity: &Identity| identity.kind == "NetworkPolicy";
        let own = side
            .identities()
            .filter(|(identity, _)| policies.is_none() || !is_policy(identity))
            .map(|(_, index)| side.model(index));
        let other = policies.into_iter().flat_map(|other| {
            let all = other.identities().filter(|(identity, _)| is_policy(identity));
            all.map(|(_, index)| other.model(index))
        });
        let models: Vec<ObjectModel> = own.chain(other).collect();
        let references: Vec<&ObjectModel> = models.iter().collect();
        let set = ObjectSet::new(&references, Platform::default());
        let mut cuts = BTreeMap::new();
        // What belongs to Kafka itself: replication, the quorum, DNS, scraping.
        let judgement = judge_set(&references, Platform::default());
        for (model, findings) in references.iter().zip(judgement.findings) {
            for finding in findings.iter().filter(|finding| *finding.rule == CUT_RULE) {
                cuts.insert(finding.message.clone(), model.identity.clone());
            }
        }
        // Clients, by the addresses that they are given.
        for from in &references {
            for (host, port) in from.addresses.iter().filter_map(|of| Some((&of.host, of.port?))) {
                clients(&set, from, host, port, &mut cuts);
            }
        }
        let workloads = set
            .workloads()
            .map(|(_, object, _)| object.identity.name.clone())
            .collect();
        let names = references.iter().map(|object| object.identity.name.clone()).collect();
        Self { cuts, workloads, names }
    }

    /// Whether everything that a connection names is there.
    fn has_all(&self, cut: &str) -> bool {
        cut.split('`').skip(1).step_by(2).all(|name| self.names.contains(name))
    }

    /// Whether the workloads of a connection were there.
    fn has_ends(&self, cut: &str) -> bool {
        let mut named = cut.split('`').skip(1).step_by(2);
        named.any(|name| self.workloads.contains(name))
    }
}

/// The pods that have an address, and what policies say about their connection to it.
fn clients(set: &ObjectSet<'_>, from: &ObjectModel, host: &str, port: i64, cuts: &mut BTreeMap<String, Identity>) {
    let own = &from.identity.namespace;
    let parts: Vec<&str> = host.split('.').collect();
    let service = |name: Option<&&str>, namespace: Option<&&str>| {
        set.find("Service", namespace.map_or(own.as_str(), |namespace| namespace), name?)
    };
    // A pod's own name may be in front of that of its Service.
    let Some(service) = service(parts.first(), parts.get(1)).or_else(|| service(parts.get(1), parts.get(2))) else {
        return;
    };
    let Some(detail) = service.service() else { return };
    let Some(selector) = &detail.selector else { return };
    // A headless Service leads to the port itself.
    let target = detail
        .ports
        .iter()
        .find(|one| one.number == port)
        .map_or(PortRef::Number(port), |one| one.target.clone());
    let readers: Vec<(&ObjectModel, &Labels)> =
        set.workloads()
            .filter(|(_, object, workload)| {
                object.identity == from.identity
                    || object.identity.namespace == *own
                        && workload.references.iter().any(|reference| {
                            reference.kind == from.identity.kind && reference.name == from.identity.name
                        })
            })
            .map(|(_, object, workload)| (object, &workload.pods))
            .collect();
    let there = &service.identity.namespace;
    for (index, workload) in set.selected(there, selector) {
        let number = match &target {
            PortRef::Number(number) => Some(*number),
            PortRef::Name(name) => workload
                .ports
                .iter()
                .find(|port| port.name == *name)
                .map(|port| port.number),
        };
        let Some(number) = number else { continue };
        for (client, labels) in &readers {
            let mut cut = |policy: usize, direction: &str| {
                let shown = format!(
                    "{} `{}` can no longer reach port {number} of `{}` ({direction})",
                    client.identity.kind, client.identity.name, set.objects[index].identity.name
                );
                cuts.insert(shown, set.objects[policy].identity.clone());
            };
            let ingress = set.policies(there, &workload.pods);
            let admits: Vec<_> = ingress
                .iter()
                .filter_map(|(at, policy)| Some((*at, policy.ingress.as_ref()?)))
                .collect();
            if let Some((first, _)) = admits.first()
                && !admits.iter().flat_map(|(_, rules)| *rules).any(|rule| {
                    rule.has_port("TCP", number, &workload.ports)
                        && set.is_peer(&rule.peers, there, &client.identity.namespace, labels)
                })
            {
                cut(*first, "ingress");
            }
            let egress = set.policies(&client.identity.namespace, labels);
            let lets: Vec<_> = egress
                .iter()
                .filter_map(|(at, policy)| Some((*at, policy.egress.as_ref()?)))
                .collect();
            if let Some((first, _)) = lets.first()
                && !lets.iter().flat_map(|(_, rules)| *rules).any(|rule| {
                    rule.has_port("TCP", number, &workload.ports)
                        && set.is_peer(&rule.peers, &client.identity.namespace, there, &workload.pods)
                })
            {
                cut(*first, "egress");
            }
        }
    }
}
