//! What lets in more than before: brokers and servers that ask for less, policies and Services that reach further.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Changed,
    listeners::{Listener, listeners},
    process::{Process, list},
    told::Told,
};
use crate::{
    diff::{
        change::{Draft, Found, Place},
        class::Class,
        row::Row,
        sets::{Sets, When},
    },
    lint::model::{
        ObjectDetail,
        selector::{Selector, selects},
    },
};

/// Something that lets in more than before.
pub(super) static OPENED: Row = Row {
    id: "opened",
    class: Class::Metadata,
    flags: &[],
    summary: "brokers, ZooKeeper, a network policy or a Service let in more than before",
    reason: "lets in more than before, {opened_when}: {opened}",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&OPENED];

/// When it counts.
const RESTARTED: &str = "once a pod has restarted";
const AT_ONCE: &str = "as soon as it is applied";

fn tell(draft: &mut Draft, when: &str, what: impl Into<String>) {
    draft.word("opened_when", when).word("opened", what);
}

/// Says which settings of a broker let in more.
pub(super) fn broker(told: &mut Told<'_, '_>) {
    const AUTHORIZER: &str = "authorizer.class.name";
    const EVERYONE: &str = "allow.everyone.if.no.acl.found";
    const USERS: &str = "super.users";
    const ZNODES: &str = "zookeeper.set.acl";
    let pair = told.pair;
    let sides = [&pair.before, &pair.after];
    let is = |process: &Process<'_>, key: &str| process.get(key).is_some_and(|value| value.trim() == "true");
    let [old, new] = sides.map(|process| process.get(AUTHORIZER).is_some_and(|class| !class.trim().is_empty()));
    if old && !new {
        let what = "without an authorizer whoever reaches a listener may do everything there: read, write and delete all topics, and change settings";
        tell(told.setting(AUTHORIZER, &OPENED), RESTARTED, what);
    }
    if new && !is(&pair.before, EVERYONE) && is(&pair.after, EVERYONE) {
        let what = "whoever reaches a listener may do everything with topics, groups and other resources that no permission names";
        tell(told.setting(EVERYONE, &OPENED), RESTARTED, what);
    }
    let [before, after] = sides.map(|process| -> BTreeSet<&str> {
        let users = process.get(USERS).unwrap_or_default().split(';').map(str::trim);
        users.filter(|user| !user.is_empty()).collect()
    });
    let added: Vec<String> = after.difference(&before).map(|user| format!("`{user}`")).collect();
    if old && new && !added.is_empty() {
        let what = format!("{} may do everything, whatever permissions say", added.join(", "));
        tell(told.setting(USERS, &OPENED), RESTARTED, what);
    }
    if is(&pair.before, ZNODES) && !is(&pair.after, ZNODES) && !pair.after.is_kraft() {
        let what = "what a broker makes in ZooKeeper from then on can be changed by whoever reaches ZooKeeper; what is there keeps its owner";
        tell(told.setting(ZNODES, &OPENED), RESTARTED, what);
    }
    listening(told);
}

/// Whether a listener encrypts, and whether it asks who connects.
fn guards(process: &Process<'_>, listener: &Listener) -> [bool; 2] {
    let key = format!("listener.name.{}.ssl.client.auth", listener.name.to_ascii_lowercase());
    let auth = process.get(&key).or_else(|| process.get("ssl.client.auth"));
    match listener.protocol.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => [false, false],
        "SASL_PLAINTEXT" => [false, true],
        "SSL" => [true, auth.is_some_and(|auth| auth.trim() == "required")],
        _ => [true, true],
    }
}

/// Listeners that guard less than before, and new ones that guard less than all of before.
fn listening(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after].map(listeners);
    let all: Vec<[bool; 2]> = before.values().map(|listener| guards(&pair.before, listener)).collect();
    let every = |at: usize| !all.is_empty() && all.iter().all(|guards| guards[at]);
    let mut told_of: Vec<(String, String)> = Vec::new();
    for new in after.values() {
        let of_before = before.get(&new.name).map(|old| guards(&pair.before, old));
        let was = of_before.unwrap_or([every(0), every(1)]);
        let is = guards(&pair.after, new);
        let open = [was[0] && !is[0], was[1] && !is[1]];
        let what = match open {
            [true, true] => {
                "does not encrypt, and asks no one who they are: whoever reaches it is let in as `User:ANONYMOUS`"
            }
            [true, false] => "does not encrypt: records, and passwords of `PLAIN`, can be read on the way",
            [false, true] => "asks no one who they are: whoever reaches it is let in as `User:ANONYMOUS`",
            [false, false] => continue,
        };
        let auth = format!("listener.name.{}.ssl.client.auth", new.name.to_ascii_lowercase());
        let keys = [
            auth.as_str(),
            "ssl.client.auth",
            "listener.security.protocol.map",
            "listeners",
        ];
        // What made it so: the protocol, where that differs.
        let same_protocol = before.get(&new.name).is_some_and(|old| old.protocol == new.protocol);
        let keys = if same_protocol { &keys[..] } else { &keys[2..] };
        if let Some(key) = keys.iter().find(|key| pair.differs(key)) {
            let text = format!("listener `{}` (port {}) {what}", new.name, new.port);
            told_of.push(((*key).to_owned(), text));
        }
    }
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, text) in told_of {
        by_key.entry(key).or_default().push(text);
    }
    for (key, texts) in by_key {
        tell(told.setting(&key, &OPENED), RESTARTED, texts.join(", and "));
    }
}

/// Says which settings of a ZooKeeper server let in more.
pub(super) fn zookeeper(told: &mut Told<'_, '_>) {
    const COMMANDS: &str = "4lw.commands.whitelist";
    const ADMIN: &str = "admin.enableServer";
    let pair = told.pair;
    let sides = [&pair.before, &pair.after];
    let [before, after] =
        sides.map(|process| -> BTreeSet<&str> { list(process.get(COMMANDS).unwrap_or("srvr")).collect() });
    let added: Vec<&str> = after.difference(&before).copied().collect();
    if !before.contains("*") && !added.is_empty() {
        let which = if after.contains("*") {
            "all four-letter commands".to_owned()
        } else {
            format!("`{}`", added.join("`, `"))
        };
        let what = format!("whoever can connect to a client port gets an answer to {which}, without a login");
        tell(told.setting(COMMANDS, &OPENED), RESTARTED, what);
    }
    // On by default.
    let [old, new] = sides.map(|process| process.get(ADMIN).is_none_or(|value| value.trim() != "false"));
    if !old && new {
        let port = pair.after.get("admin.serverPort").unwrap_or("8080");
        let what = format!("an HTTP server at port {port} answers commands (`/commands/…`) to whoever reaches it");
        tell(told.setting(ADMIN, &OPENED), RESTARTED, what);
    }
    let asks = |process: &Process<'_>| process.get("ssl.clientAuth").is_none_or(|value| value.trim() == "need");
    if asks(&pair.before) && !asks(&pair.after) && pair.after.get("secureClientPort").is_some() {
        let what = "clients need no certificate at the secure port: whoever reaches it gets a session";
        tell(told.setting("ssl.clientAuth", &OPENED), RESTARTED, what);
    }
    for (key, guarded, what) in [
        (
            "enforce.auth.enabled",
            "true",
            "clients that show no login keep their session: whoever can connect to a client port reads and changes what has no owner",
        ),
        (
            "skipACL",
            "no",
            "the owner of what is in ZooKeeper counts no more: whoever reaches a client port changes everything",
        ),
    ] {
        let is_guarded = |process: &Process<'_>| match guarded {
            "true" => process.get(key).is_some_and(|value| value.trim() == "true"),
            _ => process.get(key).is_none_or(|value| value.trim() != "yes"),
        };
        if is_guarded(&pair.before) && !is_guarded(&pair.after) {
            tell(told.setting(key, &OPENED), RESTARTED, what);
        }
    }
}

/// How far a rule of a policy reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Some pods.
    Some,
    /// All pods of the policy's namespace.
    Namespace,
    /// All pods of all namespaces.
    Pods,
    /// Everyone who has a way to the pods.
    Everyone,
}

impl Reach {
    fn of(rule: &Value) -> Self {
        let is_empty = |selector: &Value| {
            selector
                .as_object()
                .is_some_and(|selector| selector.values().all(is_bare))
        };
        let peers = rule["from"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_peer = |peer: &Value| {
            let (namespaces, pods) = (&peer["namespaceSelector"], &peer["podSelector"]);
            let block = peer["ipBlock"]["cidr"].as_str().unwrap_or_default();
            if ["0.0.0.0/0", "::/0"].contains(&block) {
                Self::Everyone
            } else if is_empty(namespaces) && (pods.is_null() || is_empty(pods)) {
                Self::Pods
            } else if namespaces.is_null() && is_empty(pods) {
                Self::Namespace
            } else {
                Self::Some
            }
        };
        peers.iter().map(of_peer).max().unwrap_or(Self::Everyone)
    }

    const fn shown(self) -> &'static str {
        match self {
            Self::Some => "some pods",
            Self::Namespace => "all pods of the namespace",
            Self::Pods => "all pods of the cluster",
            Self::Everyone => "everyone who has a way to the pods",
        }
    }
}

/// Whether a part of a selector selects nothing out.
fn is_bare(part: &Value) -> bool {
    part.as_object().is_some_and(serde_json::Map::is_empty) || part.as_array().is_some_and(Vec::is_empty)
}

/// The ports of a policy, and how far each reaches; the empty one stands for all ports.
fn reaches(body: &Value) -> BTreeMap<String, Reach> {
    let mut found: BTreeMap<String, Reach> = BTreeMap::new();
    let rules = body["spec"]["ingress"].as_array().into_iter().flatten();
    for rule in rules {
        let reach = Reach::of(rule);
        let ports = rule["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<String> = ports
            .iter()
            .map(|port| match (&port["port"], &port["endPort"]) {
                (Value::Null, _) => String::new(),
                (Value::String(name), _) => name.clone(),
                (number, Value::Null) => number.to_string(),
                (number, last) => format!("{number}-{last}"),
            })
            .collect();
        let names = if names.is_empty() { vec![String::new()] } else { names };
        for name in names {
            let known = found.entry(name).or_insert(reach);
            *known = reach.max(*known);
        }
    }
    found
}

/// Says which ports of the pods a policy opens to all pods or to everyone.
pub(super) fn policy(changed: &Changed<'_>, draft: &mut Draft) {
    let of = |body: &Value| {
        let types = body["spec"]["policyTypes"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_about = types.is_empty() || types.iter().any(|one| one == "Ingress");
        is_about.then(|| reaches(body))
    };
    let (Some(before), after) = (of(&changed.before), of(&changed.after)) else {
        return;
    };
    let Some(after) = after else {
        let what = "the policy no longer says what may come in: everyone who has a way to its pods reaches all of their ports, unless another \
                    policy selects them";
        draft.means(&OPENED);
        tell(draft, AT_ONCE, what);
        return;
    };
    let of_port = |reaches: &BTreeMap<String, Reach>, port: &str| {
        let all = reaches.get("").copied();
        reaches.get(port).copied().max(all)
    };
    let mut opened: BTreeMap<Reach, Vec<String>> = BTreeMap::new();
    for (port, reach) in &after {
        if *reach > Reach::Some && Some(*reach) > of_port(&before, port) {
            let port = if port.is_empty() {
                "every port".to_owned()
            } else {
                format!("port {port}")
            };
            opened.entry(*reach).or_default().push(port);
        }
    }
    if !opened.is_empty() {
        let texts = opened
            .iter()
            .map(|(reach, ports)| format!("{} to {}", ports.join(", "), reach.shown()));
        let texts: Vec<String> = texts.collect();
        draft.means(&OPENED);
        tell(draft, AT_ONCE, texts.join("; "));
    }
}

/// Says whose pods are open to everyone once a policy is gone: no other one says what may come in.
pub(super) fn policy_removed(sets: &Sets<'_>, old: usize, found: &mut Found) -> bool {
    let identity = sets.before.identity(old);
    let ObjectDetail::Policy(policy) = sets.before.model(old).detail else {
        return false;
    };
    if policy.ingress.is_none() {
        return false;
    }
    let side = sets.after;
    let others: Vec<Selector> = side
        .of_kinds(&["NetworkPolicy"])
        .filter(|index| side.identity(*index).namespace == identity.namespace)
        .filter_map(|index| match side.model(index).detail {
            ObjectDetail::Policy(other) => other.ingress.is_some().then_some(other.selector),
            _ => None,
        })
        .collect();
    let open: Vec<String> = sets
        .selected(When::After, &identity.namespace, &policy.selector)
        .into_iter()
        .filter(|worker| !others.iter().any(|other| selects(other, &worker.labels())))
        .map(|worker| format!("`{}`", worker.model.identity.name))
        .collect();
    if open.is_empty() {
        return false;
    }
    let draft = found.add(&OPENED, Place::object(identity));
    let what = format!(
        "everyone who has a way to the pods of {} reaches all of their ports, since no other policy says what may come in",
        open.join(", ")
    );
    tell(draft, "as soon as a deployer has pruned it", what);
    true
}

/// Says that a Service is open to the outside.
pub(super) fn service(changed: &Changed<'_>, draft: &mut Draft) {
    let body = &changed.after["spec"];
    let ports = body["ports"].as_array().into_iter().flatten();
    let ports: Vec<String> = ports.map(|port| port["port"].to_string()).collect();
    let by = if body["type"] == "LoadBalancer" {
        "a load balancer, and by default a port of every machine, lead"
    } else {
        "a port of every machine leads"
    };
    let what = format!(
        "{by} to its ports ({}), from outside of the cluster too; a network policy of the pods still holds",
        ports.join(", ")
    );
    draft.instead(&OPENED);
    tell(draft, AT_ONCE, what);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_reaches_as_far_as_its_widest_peer() {
        for (rule, reach) in [
            (json!({}), "everyone who has a way to the pods"),
            (json!({"from": []}), "everyone who has a way to the pods"),
            (
                json!({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}),
                "everyone who has a way to the pods",
            ),
            (json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}), "some pods"),
            (json!({"from": [{"namespaceSelector": {}}]}), "all pods of the cluster"),
            (
                json!({"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]}),
                "some pods",
            ),
            (json!({"from": [{"podSelector": {}}]}), "all pods of the namespace"),
            (
                json!({"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}),
                "some pods",
            ),
        ] {
            assert_eq!(Reach::of(&rule).shown(), reach, "{rule}");
        }
    }
}
