//! Permissions that commands give: `kafka-acls --add`.

use crate::{
    diagnostics::{
        Diagnostic,
        rules::security::{NOT_PERMITTED, WILDCARD},
    },
    lint::model::{
        ObjectDetail,
        config::field,
        invocation::{options, runs},
        mounts::Content,
        properties::Property,
        set::{ObjectSet, SetFindings},
    },
};

/// What one command gives.
struct Grant {
    principals: Vec<String>,
    operations: Vec<String>,
    topics: Vec<String>,
    groups: Vec<String>,
    transactional_ids: Vec<String>,
    is_prefix: bool,
    /// `--consumer`: it reads topics, and its groups.
    consumes: bool,
}

pub(super) fn of_commands(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut grants = Vec::new();
    for (index, _, workload) in set.workloads() {
        for container in &workload.containers {
            for (_, words) in runs(container.command(), &["kafka-acls"]) {
                if let Some(grant) = Grant::of(&words) {
                    wildcards(&grant, index, &container.pointer, findings);
                    grants.push(grant);
                }
            }
        }
    }
    if !grants.is_empty() {
        groups(set, &grants, findings);
    }
}

/// Whether a command gives a user a permission, or may: a Job runs a script that is not seen here.
pub(super) fn may_give(set: &ObjectSet<'_>, user: &str) -> bool {
    set.workloads().any(|(_, object, workload)| {
        let ends = ["Job", "CronJob"].contains(&object.identity.kind.as_str());
        workload.containers.iter().any(|container| {
            let mut grants = runs(container.command(), &["kafka-acls"]).into_iter();
            let script = |word: &String| {
                let mount = container.mounts.at(word);
                mount.is_some_and(|mount| matches!(mount.content, Content::ConfigMap(_) | Content::Secret(_)))
            };
            grants.any(|(_, words)| Grant::of(&words).is_some_and(|grant| grant.is_for(user)))
                || ends && container.words.iter().any(script)
        })
    })
}

impl Grant {
    /// None if the command gives nothing, or if it denies.
    fn of(words: &[String]) -> Option<Self> {
        let options = options(words);
        let has = |option: &str| options.iter().any(|(name, _)| *name == option);
        let all = |option: &str| -> Vec<String> {
            let named = options
                .iter()
                .filter(|(name, value)| *name == option && !value.is_empty());
            named.map(|(_, value)| (*value).to_owned()).collect()
        };
        let gives = has("add") && has("allow-principal");
        gives.then(|| Self {
            principals: all("allow-principal"),
            // All, if none is named.
            operations: all("operation"),
            topics: all("topic"),
            groups: all("group"),
            transactional_ids: all("transactional-id"),
            is_prefix: all("resource-pattern-type")
                .iter()
                .any(|kind| kind.eq_ignore_ascii_case("prefixed")),
            consumes: has("consumer"),
        })
    }

    /// Whether it lets a user read.
    fn reads(&self) -> bool {
        let is_read = |operation: &String| ["read", "all"].contains(&operation.to_ascii_lowercase().as_str());
        self.operations.is_empty() || self.consumes || self.operations.iter().any(is_read)
    }

    fn is_for(&self, user: &str) -> bool {
        self.principals.iter().any(|principal| {
            let name = principal.strip_prefix("User:").unwrap_or(principal);
            name == user || name == "*" || name.contains(['$', '`'])
        })
    }
}

/// Permissions for everyone, or for everything of a kind. What only looks is no danger.
fn wildcards(grant: &Grant, index: usize, pointer: &str, findings: &mut SetFindings) {
    let looks = |operation: &String| operation.to_ascii_lowercase().starts_with("describe");
    if !grant.operations.is_empty() && grant.operations.iter().all(looks) {
        return;
    }
    let mut told = |message: String, hint: &str| {
        let mut finding = Diagnostic::new(&WILDCARD, message);
        pointer.clone_into(&mut finding.place.field);
        finding.yaml_hint(hint);
        findings.push(index, finding);
    };
    if grant.principals.iter().any(|principal| principal == "User:*") {
        let message = "`User:*` gets a permission: that is everyone who connects, without an identity too";
        told(message.to_owned(), "name the users");
        return;
    }
    let kinds = [
        ("topic", &grant.topics),
        ("group", &grant.groups),
        ("transactional id", &grant.transactional_ids),
    ];
    // A single group of `*` beside a topic by its name says nothing of other topics.
    if let Some((kind, _)) = kinds.iter().find(|(_, names)| names.iter().any(|name| name == "*")) {
        let who = grant.principals.join("`, `");
        told(
            format!("`{who}` gets a permission for every {kind}, also for those of other teams and of Kafka itself"),
            "name them, or give a prefix with `--resource-pattern-type prefixed`",
        );
    }
}

/// Consumers that may read a topic, and have no permission for their group.
fn groups(set: &ObjectSet<'_>, grants: &[Grant], findings: &mut SetFindings) {
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Config(config) = &object.detail else {
            continue;
        };
        for (file, lines) in &config.properties {
            let line = |key: &str| lines.iter().rev().find(|line: &&Property| line.key == key);
            let (Some(group), Some(login)) = (line("group.id"), line("sasl.jaas.config")) else {
                continue;
            };
            let Some(user) = super::exposure::user_of(&login.value) else {
                continue;
            };
            let name = group.value.trim();
            let own: Vec<&Grant> = grants
                .iter()
                .filter(|grant| grant.is_for(user) && grant.reads())
                .collect();
            let covers = |grant: &&Grant| {
                grant.groups.iter().any(|known| {
                    known == name
                        || known == "*"
                        || known.contains(['$', '`'])
                        || grant.is_prefix && name.starts_with(known.as_str())
                })
            };
            let reads_topics = own.iter().any(|grant| !grant.topics.is_empty());
            if !reads_topics || own.iter().any(covers) || name.contains(['$', '{']) {
                continue;
            }
            let message = format!(
                "`User:{user}` may read topics, and has no permission for its group `{name}`: it never gets a record"
            );
            let mut finding = Diagnostic::new(&NOT_PERMITTED, message);
            finding.place.field = field(file);
            finding.place.row = Some(group.row);
            "group.id".clone_into(&mut finding.place.setting);
            finding.yaml_hint(format!("add `--operation Read --group {name}` for `User:{user}`"));
            findings.push(index, finding);
        }
    }
}
