//! Servers of ZooKeeper: who votes, where each is reached, where its data is, and what it grants to clients.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    process::{Process, list},
    told::Told,
};
use crate::diff::{
    change::Draft,
    class::{Class, Flag},
    row::Row,
    sets::When,
};

/// A setting of a server.
static SETTING: Row = Row {
    id: "zookeeper-setting",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting of a ZooKeeper server",
    reason: "a server reads it when it starts, and takes no other value while it runs",
    commands: &[],
};

/// One server more or fewer.
static SERVERS: Row = Row {
    id: "zookeeper-servers",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "one voting ZooKeeper server more or fewer",
    reason: "{majority_before} servers of the old list ({list_before}) and {majority_after} of the new one ({list_after}) always have one in \
        common, so nothing acknowledged is lost while both lists are in use; in the end {tolerated} may fail",
    commands: &[],
};

/// So many servers that both lists can have a quorum.
static SERVERS_APART: Row = Row {
    id: "zookeeper-servers-apart",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "several voting ZooKeeper servers added, removed or replaced at once",
    reason: "during the rollout {majority_before} servers of the old list ({list_before}) and {majority_after} of the new one ({list_after}) can \
        be two quorums without a server in common: each elects a leader, and what one of them has acknowledged is lost",
    commands: &[
        "# change the list by one server in a merge of its own; to replace a server, add the new one first",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
        "kubectl -n {namespace} exec {pod} -c {container} -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; printf srvr >&3; cat <&3'  # `Mode`: \
         one is the leader, the others follow",
        "# then the next one",
    ],
};

/// A server that others find elsewhere.
static ADDRESS: Row = Row {
    id: "zookeeper-server-address",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another address or port between ZooKeeper servers",
    reason: "servers with the old addresses and servers with the new ones do not reach each other: one that restarts may find no quorum, is not \
        Ready then, and the rollout stops there",
    commands: &[
        "# plan an outage and suspend the deployer: without ZooKeeper brokers serve what they lead, and elect no leaders",
        "kubectl -n {namespace} scale {kind_of}/{workload} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "# apply the new manifests: all servers start with the new addresses",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
    ],
};

/// Another directory of snapshots or of transactions.
static DATA: Row = Row {
    id: "zookeeper-data-dir",
    class: Class::DataLoss,
    flags: &[Flag::Availability],
    summary: "another directory for ZooKeeper's data",
    reason: "a server starts without what is in {directory}, its `myid` included if it is `dataDir`: it has the state again only once it has joined \
        a leader that still has all; a server alone, or a majority that starts empty, is a ZooKeeper without topics, ACLs and cluster id",
    commands: &[
        "# keep `{key}={before}`; or, server by server, copy the directory to the new place while that server is stopped",
    ],
};

/// A port of clients.
static CLIENT_PORT: Row = Row {
    id: "zookeeper-client-port",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking, Flag::Availability],
    summary: "another address or port of ZooKeeper for clients",
    reason: "a server that has restarted answers at {after} and no longer at {before}: brokers have the address in `zookeeper.connect`, and those \
        that know only the other one lose their session",
    commands: &[],
};

/// TLS for clients, in one step.
static CLIENT_TLS: Row = Row {
    id: "zookeeper-client-tls",
    class: Class::ManualSteps,
    flags: &[Flag::ClientBreaking, Flag::Availability],
    summary: "TLS for ZooKeeper's clients, switched in one step",
    reason: "a server that has restarted takes clients {protocol_after} alone, at {after}: brokers that run lose their session, and one that has \
        restarted finds only servers that have too. There are no phases for it",
    commands: &[
        "# plan an outage and suspend the deployer: without ZooKeeper brokers serve what they lead, and elect no leaders",
        "kubectl -n {namespace} scale {kind_of}/{workload} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "# apply the new manifests: all servers and all brokers start with the new settings",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
        "# what was in ZooKeeper before still belongs to everyone: `zookeeper-security-migration --zookeeper.acl=secure`, with a broker's \
         certificate, gives it to the brokers",
    ],
};

/// TLS between servers, in one step.
static PEER_TLS: Row = Row {
    id: "zookeeper-quorum-tls",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "TLS between ZooKeeper servers, switched in one step",
    reason: "a server with `sslQuorum` and one without it do not understand each other, unless both have `portUnification=true`: the first that \
        restarts finds no quorum, and the rollout stops there",
    commands: &[
        "# first merge: `portUnification=true`, and `sslQuorum` as it was",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
        "# second merge: `sslQuorum={after}`",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
        "# third merge: `portUnification=false`",
    ],
};

/// The list of servers moves from the manifests to the servers, or back.
static RECONFIG: Row = Row {
    id: "zookeeper-reconfig",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "ZooKeeper's list of servers kept by itself, or by the manifests again",
    reason: "with `reconfigEnabled` a server rewrites its configuration file and keeps the list in another one beside it, which `reconfig` changes: in \
        the folder of a ConfigMap it cannot write and does not start; back without it, `server.N` of the manifests counts again, and a list that \
        is not the same makes two quorums",
    commands: &[
        "# compare `config` of the ZooKeeper shell on each server with `server.N` of the manifests: they must be the same",
        "# give the servers a copy of the file in a folder that they can write (`reconfigEnabled=true`), then merge",
    ],
};

/// Shorter sessions.
static SESSIONS: Row = Row {
    id: "zookeeper-session-limit-lowered",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a lower limit of ZooKeeper sessions",
    reason: "a client gets a session of at most {limit_after} ms, instead of {limit_before} ms, whatever it asks for (a broker by \
        `zookeeper.session.timeout.ms`, 18000): a shorter pause makes a broker lose it, and with it all its leaderships",
    commands: &[],
};

/// Less patience with followers.
static PATIENCE: Row = Row {
    id: "zookeeper-follower-limit-lowered",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "less time for ZooKeeper's followers",
    reason: "a follower must {task} within {limit_after} ms, instead of {limit_before} ms: one that needs longer is dropped, and begins again",
    commands: &[],
};

/// Fewer connections.
static CONNECTIONS: Row = Row {
    id: "zookeeper-connections-lowered",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "fewer connections to a ZooKeeper server",
    reason: "a server refuses connections above {after}, {scope}: clients behind one address count together",
    commands: &[],
};

/// Nothing is purged any more.
static PURGE_OFF: Row = Row {
    id: "zookeeper-purge-off",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "ZooKeeper no longer removes old snapshots",
    reason: "old snapshots and transaction logs stay: the volume fills, and a server without space stops",
    commands: &[],
};

/// A command that nothing asks any more.
static COMMAND: Row = Row {
    id: "zookeeper-command-removed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a four-letter command of ZooKeeper is no longer answered",
    reason: "`{command}` gets `is not executed because it is not in the whitelist`: monitoring and scripts that use it find no server",
    commands: &[],
};

/// A command that a probe uses.
static PROBE: Row = Row {
    id: "zookeeper-probe-command-removed",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a four-letter command that a probe of ZooKeeper uses is no longer answered",
    reason: "a probe of container {container} asks `{command}`, which is refused from then on: the first server that restarts is not Ready, or is \
        killed again and again, and the rollout stops there",
    commands: &["# keep `{command}` in `4lw.commands.whitelist`, or change the probe in the same change"],
};

pub(super) const ROWS: &[&Row] = &[
    &SETTING,
    &SERVERS,
    &SERVERS_APART,
    &ADDRESS,
    &DATA,
    &CLIENT_PORT,
    &CLIENT_TLS,
    &PEER_TLS,
    &RECONFIG,
    &SESSIONS,
    &PATIENCE,
    &CONNECTIONS,
    &PURGE_OFF,
    &COMMAND,
    &PROBE,
];

/// Says what another setting of a server means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    for key in told.pair.changed() {
        told.setting(&key, &SETTING);
    }
    servers(told);
    places(told);
    limits(told);
    commands(told);
}

impl Told<'_, '_> {
    /// Says what a setting of a server means, with the words of its commands.
    fn of_server(&mut self, key: &str, row: &'static Row) -> &mut Draft {
        let pair = self.pair;
        let value = |process: &Process<'_>| process.get(key).unwrap_or("nothing").to_owned();
        let draft = self.setting(key, row);
        draft
            .word("kind_of", pair.identity.kind.to_lowercase())
            .word("container", pair.before.kafka.container.clone())
            .word("port", pair.before.get("clientPort").unwrap_or("2181"))
            .words("pod", pair.before.worker.pods())
            .word("key", key)
            .word("before", value(&pair.before))
            .word("after", value(&pair.after))
    }
}

/// The voting servers, by id: the address and the ports at which the others reach each.
fn voting(process: &Process<'_>) -> BTreeMap<String, String> {
    let lines = process.settings.iter().filter_map(|(key, setting)| {
        let id = key.strip_prefix("server.")?;
        id.parse::<u64>().ok()?;
        Some((id.to_owned(), setting.value.clone()))
    });
    // Variables have all of them in one value: each with its id, or from 1 on.
    let listed = process.get("servers").unwrap_or_default();
    let between: &[char] = if listed.contains("server.") {
        &[' ', ',']
    } else {
        &[';', ' ', ',']
    };
    let listed = (1..)
        .zip(listed.split(between).filter(|server| !server.is_empty()))
        .map(|(place, server): (u64, &str)| {
            match server.strip_prefix("server.").and_then(|rest| rest.split_once('=')) {
                Some((id, address)) => (id.to_owned(), address.to_owned()),
                None => (place.to_string(), server.to_owned()),
            }
        });
    lines
        .chain(listed)
        // What comes after `;` is the port of clients.
        .map(|(id, address)| (id, address.split(';').next().unwrap_or_default().trim().to_owned()))
        .filter(|(_, address)| !address.ends_with(":observer"))
        .map(|(id, address)| (id, address.trim_end_matches(":participant").to_owned()))
        .collect()
}

fn servers(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [mut before, mut after] = [&pair.before, &pair.after].map(voting);
    // A server alone has no list, and is the first of one.
    match (before.is_empty(), after.is_empty()) {
        (true, false) => before.extend(after.clone().into_iter().take(1)),
        (false, true) => after.extend(before.clone().into_iter().take(1)),
        _ => {}
    }
    let differing = |key: &String| key == "servers" || (key.starts_with("server.") && key != "server.id");
    let Some(key) = pair.changed().into_iter().find(differing) else {
        return;
    };
    let ids = |servers: &BTreeMap<String, String>| servers.keys().cloned().collect::<BTreeSet<_>>();
    let (old, new) = (ids(&before), ids(&after));
    let moved = before
        .iter()
        .find(|(id, address)| after.get(*id).is_some_and(|other| other != *address));
    if old != new {
        let majority = |servers: &BTreeSet<String>| servers.len() / 2 + 1;
        let shown = |servers: &BTreeSet<String>| servers.iter().cloned().collect::<Vec<_>>().join(", ");
        let always_meet = majority(&old) + majority(&new) > old.union(&new).count();
        let row = if always_meet { &SERVERS } else { &SERVERS_APART };
        let draft = told.of_server(&key, row);
        draft
            .word("majority_before", majority(&old).to_string())
            .word("majority_after", majority(&new).to_string())
            .word("list_before", shown(&old))
            .word("list_after", shown(&new))
            .word("tolerated", new.len().saturating_sub(majority(&new)).to_string());
    } else if let Some((id, _)) = moved {
        let key = format!("server.{id}");
        let key = if pair.differs(&key) { key } else { "servers".to_owned() };
        told.of_server(&key, &ADDRESS);
    }
}

/// The ports at which clients of other pods connect: in plaintext, and by TLS.
fn ports_of_clients<'p>(process: &'p Process<'_>) -> (Option<&'p str>, Option<&'p str>) {
    let local = |address: &str| address == "localhost" || address == "::1" || address.starts_with("127.");
    let own_pod = process
        .get("clientPortAddress")
        .is_some_and(|address| local(address.trim()));
    (
        process.get("clientPort").filter(|_| !own_pod),
        process.get("secureClientPort"),
    )
}

/// Where data is, where clients connect, and how servers talk.
fn places(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    for key in ["dataDir", "dataLogDir"] {
        if let Some(before) = pair.before.get(key).filter(|_| pair.differs(key)) {
            told.of_server(key, &DATA).word("directory", before);
        }
    }
    let ports = [&pair.before, &pair.after].map(ports_of_clients);
    let switched = match ports {
        [(Some(_), None), (None, Some(secure))] => Some(("with a certificate", secure)),
        [(None, Some(_)), (Some(open), None)] => Some(("in plaintext", open)),
        _ => None,
    };
    if let Some((protocol, port)) = switched {
        let keys = ["secureClientPort", "clientPortAddress", "clientPort"];
        let key = keys.into_iter().find(|key| pair.differs(key)).unwrap_or("clientPort");
        told.of_server(key, &CLIENT_TLS)
            .word("protocol_after", protocol)
            .word("after", port);
    }
    for key in [
        "clientPort",
        "clientPortAddress",
        "secureClientPort",
        "secureClientPortAddress",
    ] {
        if switched.is_none() && pair.differs(key) && pair.before.get(key).is_some() {
            told.of_server(key, &CLIENT_PORT);
        }
    }
    let is = |process: &Process<'_>, key| process.get(key) == Some("true");
    let tls = [&pair.before, &pair.after].map(|process| is(process, "sslQuorum"));
    let both = [&pair.before, &pair.after].map(|process| is(process, "portUnification"));
    if tls[0] != tls[1] && both != [true, true] {
        told.of_server("sslQuorum", &PEER_TLS).word("after", tls[1].to_string());
    }
    for key in ["reconfigEnabled", "dynamicConfigFile"] {
        if pair.differs(key) && pair.before.get(key).unwrap_or("false") != pair.after.get(key).unwrap_or("false") {
            told.of_server(key, &RECONFIG);
        }
    }
}

fn limits(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let sides = [&pair.before, &pair.after];
    let tick = |process: &Process<'_>| process.number("tickTime").unwrap_or(3000);
    let key_of = |keys: &[&'static str]| keys.iter().copied().find(|key| pair.differs(key));
    // -1 is what is not set: twenty ticks.
    let [before, after] = sides.map(|process| {
        let set = process.number("maxSessionTimeout").filter(|limit| *limit >= 0);
        set.unwrap_or_else(|| tick(process).saturating_mul(20))
    });
    if after < before
        && let Some(key) = key_of(&["maxSessionTimeout", "tickTime"])
    {
        told.of_server(key, &SESSIONS)
            .word("limit_before", before.to_string())
            .word("limit_after", after.to_string());
    }
    for (limit, task) in [
        ("initLimit", "connect to the leader and copy its state"),
        ("syncLimit", "answer the leader"),
    ] {
        let time = |process: &Process<'_>| Some(process.number(limit)?.saturating_mul(tick(process)));
        if let [Some(before), Some(after)] = sides.map(time)
            && after < before
            && let Some(key) = key_of(&[limit, "tickTime"])
        {
            told.of_server(key, &PATIENCE)
                .word("task", task)
                .word("limit_before", before.to_string())
                .word("limit_after", after.to_string());
        }
    }
    for (key, unset, scope) in [
        ("maxClientCnxns", 60, "of one address"),
        ("maxCnxns", 0, "of all clients"),
    ] {
        // 0 is no limit.
        let [before, after] = sides.map(|process| process.number(key).unwrap_or(unset));
        if after > 0 && (before == 0 || after < before) {
            told.of_server(key, &CONNECTIONS)
                .word("after", after.to_string())
                .word("scope", scope);
        }
    }
    let purged = |process: &Process<'_>| process.number("autopurge.purgeInterval").unwrap_or(0) > 0;
    if purged(&pair.before) && !purged(&pair.after) {
        told.of_server("autopurge.purgeInterval", &PURGE_OFF);
    }
}

/// The four-letter commands that a server no longer answers.
fn commands(told: &mut Told<'_, '_>) {
    const KEY: &str = "4lw.commands.whitelist";
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after]
        .map(|process| -> BTreeSet<&str> { list(process.get(KEY).unwrap_or("srvr")).collect() });
    if after.contains("*") {
        return;
    }
    let probes = probes(told);
    let asked = |command: &str| {
        let is_word = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        probes.split(command).skip(1).any(is_word)
    };
    // Of all commands, those that people ask.
    let known = [
        "conf", "cons", "dump", "envi", "isro", "mntr", "ruok", "srvr", "stat", "wchs",
    ];
    let was: BTreeSet<&str> = if before.contains("*") { known.into() } else { before };
    let gone: Vec<&str> = was.difference(&after).copied().collect();
    if gone.is_empty() {
        return;
    }
    let of_probe: Vec<&str> = gone.iter().copied().filter(|command| asked(command)).collect();
    let draft = told.of_server(KEY, if of_probe.is_empty() { &COMMAND } else { &PROBE });
    let shown = if of_probe.is_empty() { gone } else { of_probe };
    draft.word("command", shown.join("`, `"));
}

/// The probes of the server's container, as it will be.
fn probes(told: &Told<'_, '_>) -> String {
    let pair = told.pair;
    let side = pair.sets.side(When::After);
    let body = side
        .find(pair.identity)
        .map(|index| side.body(index))
        .unwrap_or_default();
    let containers = body["spec"]["template"]["spec"]["containers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let own = containers
        .into_iter()
        .filter(|one| one["name"] == pair.after.kafka.container.as_str());
    own.flat_map(|one| ["readinessProbe", "livenessProbe", "startupProbe"].map(|probe| one[probe]["exec"].to_string()))
        .collect()
}
