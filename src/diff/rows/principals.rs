//! Who nodes and tools are to the brokers: super users, and the users that certificates stand for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Changed,
    listeners::listeners,
    process::{Process, cluster_of},
    told::Told,
};
use crate::{
    diff::{
        change::{Draft, Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::{Sets, When},
    },
    lint::model::program::Program,
};

/// Nodes that may no longer act for the cluster.
static NODES: Row = Row {
    id: "nodes-not-super-users",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "nodes that are no longer among the super users",
    reason: "{when}, nodes are {principal} to the brokers, which is not among their `super.users`: what nodes ask of each other takes \
        `CLUSTER_ACTION`, so replication, with KRaft also votes and the registration of brokers, is refused unless a permission allows it, and in \
        the end the whole cluster stops",
    commands: &[
        "# first merge: {both} in `super.users`, and nothing else; wait for the rollout of all nodes",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# second merge: the new name of the nodes; wait until all of them have restarted with it",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# third merge: `super.users` without the name that no node has any more",
    ],
};

/// Jobs and people that may no longer act for the cluster.
static TOOLS: Row = Row {
    id: "tools-not-super-users",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a certificate of tools that is no longer among the super users",
    reason: "{when}, whoever shows the certificate of {certificate} is {principal} to the brokers, which is not among their `super.users`: Jobs and \
        people with it may do only what permissions allow",
    commands: &[
        "# first merge: {both} in `super.users`, and nothing else; wait for the rollout of all nodes",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# second merge: the new name, in the Secret of whoever shows it",
        "# third merge: `super.users` without the name that no one has any more",
    ],
};

/// A super user that goes.
static USER_REMOVED: Row = Row {
    id: "super-user-removed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a super user is removed",
    reason: "to a broker that has restarted, {principal} may do only what permissions allow",
    commands: &[],
};

/// Rules that make other users of certificates.
static MAPPING: Row = Row {
    id: "principal-mapping",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "rules that make other users of certificates",
    reason: "to a broker that has restarted, the users of certificates are others: {renamed}; permissions and quotas of the old names no \
        longer hold for them",
    commands: &[],
};

/// Rules that make the same users of certificates.
static MAPPING_KEPT: Row = Row {
    id: "principal-mapping-kept",
    class: Class::Metadata,
    flags: &[],
    summary: "other rules for the users of certificates, which make the same of those in the manifests",
    reason: "the Certificates in these manifests stand for the same users; others may not",
    commands: &[],
};

/// Rules that cannot be judged.
static MAPPING_UNREAD: Row = Row {
    id: "principal-mapping-of-nodes",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "other rules for the users of certificates, where nodes show certificates to each other",
    reason: "which user the rules make of the nodes' certificates is not known here: if it is not among `super.users`, brokers that have restarted \
        refuse what nodes ask of each other (`CLUSTER_ACTION`), and in the end the whole cluster stops",
    commands: &[
        "# first merge: the user by the old rules and the user by the new ones, both in `super.users`; wait for the rollout of all nodes",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# second merge: the new rules; wait for the rollout of all nodes",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# third merge: `super.users` without the old name",
    ],
};

/// Another subject.
static SUBJECT: Row = Row {
    id: "certificate-subject",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another subject of a certificate",
    reason: "cert-manager writes a certificate with it at once, and a process shows it from its next start on: {renamed}, so permissions of the old \
        name no longer hold",
    commands: &[],
};

/// Another subject of the same user.
static SUBJECT_KEPT: Row = Row {
    id: "certificate-subject-kept",
    class: Class::Metadata,
    flags: &[],
    summary: "another subject of a certificate, which stands for the same user",
    reason: "cert-manager writes a certificate with it at once, and a process shows it from its next start on; to the brokers it is {principal} \
        before and after",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &NODES,
    &TOOLS,
    &USER_REMOVED,
    &MAPPING,
    &MAPPING_KEPT,
    &MAPPING_UNREAD,
    &SUBJECT,
    &SUBJECT_KEPT,
];

const USERS: &str = "super.users";
const RULES: &str = "ssl.principal.mapping.rules";

/// What a broker makes of certificates, and who may do everything.
struct Trust {
    users: BTreeSet<String>,
    rules: String,
    /// Whether something else makes users of certificates.
    is_opaque: bool,
}

impl Trust {
    /// None without an authorizer: no one asks for users then.
    fn of(process: &Process<'_>) -> Option<Self> {
        process
            .get("authorizer.class.name")
            .filter(|class| !class.trim().is_empty())?;
        let users = process.get(USERS).unwrap_or_default().split(';').map(str::trim);
        let keys = || process.settings.iter().map(|(key, _)| key);
        Some(Self {
            users: users.filter(|user| !user.is_empty()).map(str::to_owned).collect(),
            rules: process
                .settings
                .get(RULES)
                .map_or_else(String::new, |setting| setting.raw.clone()),
            is_opaque: keys().any(|key| {
                key.ends_with("principal.builder.class") || key.ends_with(RULES) && key.starts_with("listener.name.")
            }),
        })
    }

    /// The user that a subject stands for; none where that is not known here.
    fn principal(&self, subject: &str) -> Option<String> {
        let user = mapped(&self.rules, subject).filter(|_| !self.is_opaque)?;
        Some(format!("User:{user}"))
    }
}

/// The user that Kafka's rules make of a subject: of those whose pattern is the name and fixed parts behind it, as a stack writes them.
fn mapped(rules: &str, subject: &str) -> Option<String> {
    let mut rest = rules.trim();
    if rest.is_empty() {
        return Some(subject.to_owned());
    }
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if rest.starts_with("DEFAULT") {
            return Some(subject.to_owned());
        }
        let rule = rest.strip_prefix("RULE:")?;
        let (pattern, behind) = rule.split_once('/')?;
        let (replacement, behind) = behind.split_once('/')?;
        if let Some(name) = common_name(pattern, subject)? {
            // Other groups, and letters that are changed, are not known here.
            let user = replacement.replace("$1", &name);
            return (!user.contains(['$', '\\']) && !behind.starts_with(['L', 'U'])).then_some(user);
        }
        rest = behind.trim_start_matches(['L', 'U']);
    }
}

/// The name in a subject that a pattern matches: `^CN=([^,]+)` and fixed characters. The outer none is a pattern of another form.
#[expect(clippy::option_option, reason = "not known, no match, match")]
fn common_name(pattern: &str, subject: &str) -> Option<Option<String>> {
    let pattern = pattern.trim_start_matches('^');
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let mut letters = pattern.strip_prefix("CN=([^,]+)")?.chars();
    let mut fixed = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '[' => {
                fixed.push(letters.next().filter(|letter| *letter != '^')?);
                letters.next().filter(|end| *end == ']')?;
            }
            '\\' => fixed.push(letters.next().filter(|letter| !letter.is_ascii_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '|' | '{' | '}' | '^' | '$' => return None,
            letter => fixed.push(letter),
        }
    }
    let Some(rest) = subject.strip_prefix("CN=") else {
        return Some(None);
    };
    let (name, _) = rest.split_once(',').unwrap_or((rest, ""));
    Some((!name.is_empty() && rest[name.len()..] == fixed).then(|| name.to_owned()))
}

/// The subject that a Certificate asks for, as Kafka reads it; none where it has other parts than a name and an organization.
fn subject(body: &Value) -> Option<String> {
    let spec = &body["spec"];
    let no_text = Vec::new();
    let others = spec["subject"]
        .as_object()
        .is_some_and(|parts| parts.keys().any(|key| key != "organizations"));
    let organizations = spec["subject"]["organizations"].as_array().unwrap_or(&no_text);
    if others || !spec["literalSubject"].is_null() || organizations.len() > 1 {
        return None;
    }
    let name = spec["commonName"]
        .as_str()
        .filter(|name| !name.contains([',', '+', '=']))?;
    match organizations.first() {
        None => Some(format!("CN={name}")),
        Some(organization) => Some(format!("CN={name},O={}", organization.as_str()?)),
    }
}

/// A Certificate of the brokers' namespace.
struct Certificate {
    name: String,
    /// Whether nodes show it.
    is_of_nodes: bool,
    before: Option<Value>,
    after: Option<Value>,
}

/// The Certificates of the namespace of a node, before and after.
fn certificates(sets: &Sets<'_>, process: &Process<'_>) -> Vec<Certificate> {
    let namespace = &process.worker.model.identity.namespace;
    let secrets = secrets_of_nodes(sets, process);
    let bodies = |when: When| {
        let side = sets.side(when);
        let all = side.of_kinds(&["Certificate"]).map(|index| side.body(index));
        all.filter(|body| body["metadata"]["namespace"].as_str().unwrap_or_default() == namespace)
            .filter_map(|body| Some((body["metadata"]["name"].as_str()?.to_owned(), body)))
            .collect::<Vec<_>>()
    };
    let (before, after) = (bodies(When::Before), bodies(When::After));
    let find = |bodies: &[(String, Value)], name: &str| {
        let found = bodies.iter().find(|(own, _)| own == name);
        found.map(|(_, body)| body.clone())
    };
    let names: BTreeSet<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
    names
        .into_iter()
        .map(|name| {
            let (before, after) = (find(&before, name), find(&after, name));
            let is_of_nodes = [&before, &after].into_iter().flatten().any(|body| {
                let secret = body["spec"]["secretName"].as_str();
                secret.is_some_and(|secret| secrets.contains(secret))
            });
            Certificate {
                name: name.clone(),
                is_of_nodes,
                before,
                after,
            }
        })
        .collect()
}

/// The Secrets that the nodes of a cluster take.
fn secrets_of_nodes(sets: &Sets<'_>, process: &Process<'_>) -> BTreeSet<String> {
    let nodes = [When::Before, When::After].map(|when| cluster_of(sets, when, process));
    let workloads = nodes.iter().flatten().filter_map(|node| node.worker.model.workload());
    let references = workloads.flat_map(|workload| &workload.references);
    let secrets = references.filter(|reference| reference.kind == "Secret");
    secrets.map(|reference| reference.name.clone()).collect()
}

/// Whether nodes show certificates to each other, and have no other name.
fn shows_certificates(process: &Process<'_>) -> bool {
    let listeners = listeners(process);
    let mut of_nodes = listeners
        .values()
        .filter(|listener| listener.of_controllers || listener.between_brokers);
    of_nodes.any(|listener| listener.protocol == "SSL")
}

/// Someone whose user is no super user any more.
struct Lost {
    certificate: String,
    before: String,
    after: String,
}

fn tell(draft: &mut Draft, lost: &[Lost], when: &str) {
    let all = |one: &dyn Fn(&Lost) -> String| {
        let all: BTreeSet<String> = lost.iter().map(one).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    let both = all(&|lost| {
        if lost.before == lost.after {
            format!("both `{}` and the name that replaces it", lost.before)
        } else {
            format!("both `{}` and `{}`", lost.before, lost.after)
        }
    });
    draft
        .word("when", when)
        .word("principal", all(&|lost| format!("`{}`", lost.after)))
        .word("certificate", all(&|lost| format!("`{}`", lost.certificate)))
        .word("both", both);
}

/// Says what other super users, and other rules for the users of certificates, mean.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let (rules, users) = (pair.differs(RULES), pair.differs(USERS));
    if !rules && !users {
        return;
    }
    let (Some(before), Some(after)) = (Trust::of(&pair.before), Trust::of(&pair.after)) else {
        return;
    };
    let secured = shows_certificates(&pair.before) || shows_certificates(&pair.after);
    let (mut nodes, mut tools, mut renamed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut known, mut nodes_are_known) = (BTreeSet::new(), false);
    for certificate in certificates(pair.sets, &pair.before) {
        let Some(body) = &certificate.before else { continue };
        // Nodes that log in some other way are not what their certificate says.
        if certificate.is_of_nodes && !secured {
            continue;
        }
        // Brokers meet the old certificate and the new one.
        let later: Option<Vec<String>> = [Some(body), certificate.after.as_ref()]
            .into_iter()
            .flatten()
            .map(|body| after.principal(&subject(body)?))
            .collect();
        let was = subject(body).and_then(|subject| before.principal(&subject));
        let (Some(was), Some(later)) = (was, later) else {
            continue;
        };
        nodes_are_known |= certificate.is_of_nodes;
        let other = |is_other: &dyn Fn(&String) -> bool| later.iter().find(|user| is_other(user)).cloned();
        if before.users.contains(&was) {
            if let Some(now) = other(&|user| !after.users.contains(user)) {
                let lost = Lost {
                    certificate: certificate.name,
                    before: was.clone(),
                    after: now,
                };
                if certificate.is_of_nodes {
                    &mut nodes
                } else {
                    &mut tools
                }
                .push(lost);
            }
            known.insert(was);
        } else if let Some(now) = other(&|user| *user != was) {
            renamed.push(format!("`{was}` becomes `{now}`"));
        }
    }
    let key = if rules { RULES } else { USERS };
    let when = "to a broker that has restarted";
    if rules {
        if !nodes_are_known && secured {
            told.setting(RULES, &MAPPING_UNREAD);
        } else if renamed.is_empty() && nodes.is_empty() && tools.is_empty() {
            told.setting(RULES, &MAPPING_KEPT);
        } else if !renamed.is_empty() {
            told.setting(RULES, &MAPPING).word("renamed", renamed.join(", "));
        }
    }
    let gone: Vec<String> = before
        .users
        .difference(&after.users)
        .filter(|user| !known.contains(*user))
        .map(|user| format!("`{user}`"))
        .collect();
    if !gone.is_empty() {
        let draft = told.setting(USERS, &USER_REMOVED).word("principal", gone.join(", "));
        if !nodes_are_known {
            draft.flag(Flag::Availability).remark(
                "if nodes or tools log in as it, what nodes ask of each other (`CLUSTER_ACTION`) is refused too, and in the end the whole \
                 cluster stops: add their new name first, wait for the rollout, and remove the old one then",
            );
        }
    }
    if !nodes.is_empty() {
        tell(told.setting(key, &NODES), &nodes, when);
    } else if !tools.is_empty() {
        tell(told.setting(key, &TOOLS), &tools, when);
    }
}

/// Says what another subject of a Certificate means.
pub(super) fn certificate(changed: &Changed<'_>, place: Place, found: &mut Found) {
    let sets = changed.sets;
    let [old, new] = [&changed.before, &changed.after].map(subject);
    let draft = found.add(&SUBJECT, place);
    let shown = |subject: &Option<String>| subject.clone().unwrap_or_else(|| "another subject".to_owned());
    draft.word("renamed", format!("`{}` becomes `{}`", shown(&old), shown(&new)));
    let namespace = &changed.identity.namespace;
    let nodes: Vec<Process<'_>> = sets
        .workers_in(When::After, namespace, "")
        .filter_map(|worker| Process::of(sets.after, worker))
        .filter(|process| process.kafka.program == Program::Broker)
        .collect();
    let Some((process, trust)) = nodes.iter().find_map(|process| Some((process, Trust::of(process)?))) else {
        return;
    };
    let [secret, secret_before] = [&changed.after, &changed.before].map(|body| body["spec"]["secretName"].as_str());
    let of_nodes = secrets_of_nodes(sets, process);
    let is_of_nodes = [secret, secret_before]
        .into_iter()
        .flatten()
        .any(|name| of_nodes.contains(name));
    let [was, is] = [&old, &new].map(|subject| trust.principal(subject.as_ref()?));
    match (was, is) {
        (Some(was), Some(is)) if was == is => {
            draft.instead(&SUBJECT_KEPT).word("principal", format!("`{is}`"));
        }
        (Some(was), Some(is)) if trust.users.contains(&was) && !trust.users.contains(&is) => {
            let lost = Lost {
                certificate: changed.identity.name.clone(),
                before: was,
                after: is,
            };
            draft.instead(if is_of_nodes { &NODES } else { &TOOLS });
            let when = "once cert-manager has written the certificate, and a process has started with it";
            tell(draft, &[lost], when);
            let sets = nodes.iter().map(|node| node.worker.model.identity.name.clone());
            draft.words("workload", sets);
        }
        (Some(was), Some(is)) => {
            draft.word("renamed", format!("`{was}` becomes `{is}`"));
        }
        _ if is_of_nodes => {
            draft.flag(Flag::Availability).remark(
                "nodes show it: if their new user is not among `super.users`, what they ask of each other (`CLUSTER_ACTION`) is refused",
            );
        }
        _ => {}
    }
    let is_on = |key: &str| process.get(key).is_some_and(|value| value.trim() == "true");
    if is_of_nodes && is_on("zookeeper.set.acl") && is_on("zookeeper.ssl.client.enable") {
        draft.flag(Flag::Availability).remark(format!(
            "in ZooKeeper, what brokers have made belongs to `{}`, and a broker that shows another subject may not change it",
            shown(&old)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_a_stack_are_read_and_others_are_not() {
        let own = "RULE:^CN=([^,]+),O=kafka[.]kafka$/platform:$1/,RULE:^CN=([^,]+)$/$1/,DEFAULT";
        for (rules, subject, user) in [
            (own, "CN=node.kafka,O=kafka.kafka", Some("platform:node.kafka")),
            (own, "CN=node.kafka", Some("node.kafka")),
            (own, "CN=node.kafka,O=kafka.prod", Some("CN=node.kafka,O=kafka.prod")),
            ("", "CN=a,O=b", Some("CN=a,O=b")),
            ("DEFAULT", "CN=a", Some("CN=a")),
            (r"RULE:^CN=([^,]+),O=a\.b$/$1/", "CN=x,O=a.b", Some("x")),
            ("RULE:^CN=([^,]+),O=a$/$1/L", "CN=X,O=a", None),
            ("RULE:^CN=(.*?),O=.*$/$1/,DEFAULT", "CN=x,O=a", None),
            ("RULE:^CN=([^,]+),O=a$/$1/", "CN=x,O=b", None),
        ] {
            assert_eq!(mapped(rules, subject).as_deref(), user, "{rules} {subject}");
        }
    }

    #[test]
    fn a_subject_has_the_form_that_kafka_reads() {
        let of = |spec: Value| subject(&serde_json::json!({ "spec": spec }));
        let both = serde_json::json!({"commonName": "a", "subject": {"organizations": ["b"]}});
        assert_eq!(of(both).as_deref(), Some("CN=a,O=b"));
        assert_eq!(of(serde_json::json!({"commonName": "a"})).as_deref(), Some("CN=a"));
        let units = serde_json::json!({"commonName": "a", "subject": {"organizationalUnits": ["b"]}});
        assert_eq!(of(units), None);
    }
}
