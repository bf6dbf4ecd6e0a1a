//! Users, permissions and quotas of a closed cluster are as declared.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Wrong, cluster::refused, counted, none};
use crate::operate::{
    answers::{self, LiveUser},
    cluster::{Cluster, Tool},
    desired::{Declaration, Desired},
    live::Live,
};

/// A declared user; `*` stands for all without quotas of their own.
#[derive(Clone, Debug, Default, PartialEq)]
struct User {
    has_password: bool,
    acls: BTreeSet<String>,
    quotas: BTreeMap<String, f64>,
}

pub(super) fn checks(desired: &Desired, clusters: &[Cluster]) -> Vec<Check> {
    let declarations = desired.declarations("PERMISSIONS_FILE");
    declarations
        .into_iter()
        .filter_map(|Declaration { name, servers, text }| {
            let cluster = Cluster::at(clusters, desired, &servers)?.clone();
            let users = declared(&text);
            Some(Check::new(format!("permissions/{name}"), move |live| {
                check(live, &cluster, &users)
            }))
        })
        .collect()
}

/// `USER password`, `USER certificate`, `USER retired`, `USER acl …` or `USER quota KEY VALUE` in each line.
fn declared(text: &str) -> BTreeMap<String, User> {
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for (user, fact) in lines.filter_map(|line| line.split_once(' ')) {
        let user = users.entry(user.to_owned()).or_default();
        match fact.split_once(' ') {
            Some(("acl", acl)) => {
                user.acls.insert(acl.to_owned());
            }
            Some(("quota", quota)) => {
                if let Some((key, value)) = quota.split_once(' ') {
                    user.quotas.insert(key.to_owned(), value.parse().unwrap_or_default());
                }
            }
            _ => user.has_password |= fact == "password",
        }
    }
    users
}

fn check(live: &dyn Live, cluster: &Cluster, declared: &BTreeMap<String, User>) -> Result<String, Wrong> {
    let acls = cluster.tool(live, Tool::Acls, &["--list"]).map_err(refused)?;
    if acls.contains("Error while executing") {
        return Err(Wrong::differs(answers::reason(&acls)));
    }
    let users = cluster
        .tool(live, Tool::Configs, &["--describe", "--entity-type", "users"])
        .map_err(refused)?;
    none(compare(declared, &answers::acls(&acls), &answers::users(&users)))?;
    let permissions: usize = declared.values().map(|user| user.acls.len()).sum();
    let users = declared.keys().filter(|user| *user != "*").count();
    Ok(format!(
        "{}, {}",
        counted(users, "user"),
        counted(permissions, "permission")
    ))
}

fn compare(
    declared: &BTreeMap<String, User>,
    acls: &BTreeMap<String, Vec<String>>,
    users: &BTreeMap<String, LiveUser>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, user) in declared {
        let actual: BTreeSet<&String> = acls.get(name).into_iter().flatten().collect();
        let missing = user.acls.iter().filter(|acl| !actual.contains(acl));
        wrong.extend(missing.map(|acl| format!("`{name}` lacks the permission `{acl}`")));
        let more = actual.iter().filter(|acl| !user.acls.contains(**acl));
        wrong.extend(more.map(|acl| format!("`{name}` has the permission `{acl}`, which is not declared")));
        let none = LiveUser::default();
        let is = users.get(name).unwrap_or(&none);
        match (user.has_password, is.has_password) {
            (true, false) => wrong.push(format!("`{name}` has no password")),
            (false, true) => wrong.push(format!("`{name}` has a password, which is not declared")),
            _ => {}
        }
        let keys: BTreeSet<&String> = user.quotas.keys().chain(is.quotas.keys()).collect();
        for key in keys {
            let shown = |quotas: &BTreeMap<String, f64>| quotas.get(key).map_or("none".to_owned(), f64::to_string);
            let (is, declared) = (shown(&is.quotas), shown(&user.quotas));
            if is != declared {
                wrong.push(format!("`{name}` has {key} {is}, and {declared} is declared"));
            }
        }
    }
    wrong
}
