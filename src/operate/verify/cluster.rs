//! A Kafka cluster as such: its ids, its quorum, its brokers and its features.

use std::collections::BTreeSet;

use super::{Check, Wrong, counted, none, some};
use crate::{
    kafka::FEATURES_FILE,
    operate::{
        answers::{self, CLOSE},
        cluster::{Cluster, Tool},
        desired::{Desired, labels, name},
        live::{Live, Request, Trouble, Weight},
    },
};

pub(super) fn checks(desired: &Desired, clusters: &[Cluster]) -> Vec<Check> {
    let mut checks = Vec::new();
    for cluster in clusters {
        let name = &cluster.name;
        let own = cluster.clone();
        checks.push(Check::new(format!("ids/{name}"), move |live| check_ids(live, &own)));
        if !cluster.nodes("controller").is_empty() {
            let own = cluster.clone();
            checks.push(Check::new(format!("quorum/{name}"), move |live| {
                check_quorum(live, &own)
            }));
        }
        let own = cluster.clone();
        checks.push(Check::new(format!("brokers/{name}"), move |live| {
            check_brokers(live, &own)
        }));
        if let Some(declared) = declared_features(desired, cluster) {
            let own = cluster.clone();
            checks.push(Check::new(format!("features/{name}"), move |live| {
                check_features(live, &own, &declared)
            }));
        }
    }
    checks
}

/// What a tool said instead of an answer.
pub(super) fn refused(trouble: Trouble) -> Wrong {
    match trouble {
        Trouble::Command(124 | 143, _) => Wrong::differs("the brokers do not answer in time"),
        Trouble::Command(_, output) => Wrong::differs(answers::reason(&output)),
        other => other.into(),
    }
}

/// `meta.properties` in each folder of each node: the cluster id, and the node's own.
fn check_ids(live: &dyn Live, cluster: &Cluster) -> Result<String, Wrong> {
    let (mut wrong, mut seen, mut nodes) = (Vec::new(), BTreeSet::new(), 0);
    let declared = cluster
        .pools
        .iter()
        .find_map(|pool| pool.workload.init_option("--cluster-id"));
    for pool in &cluster.pools {
        for node in pool.nodes() {
            nodes += 1;
            for directory in pool.log_directories() {
                let answer = live.ask(&Request::Exec {
                    pod: pool.workload.address(&node.pod),
                    command: vec!["cat".to_owned(), format!("{directory}/meta.properties")],
                    weight: Weight::Light,
                });
                let text = match answer {
                    Ok(text) => text,
                    Err(trouble @ (Trouble::Command(..) | Trouble::NotFound(_) | Trouble::Failed(_))) => {
                        wrong.push(format!("`{}`: {trouble}", node.pod));
                        continue;
                    }
                    Err(other) => return Err(other.into()),
                };
                let ids = answers::properties(&text);
                let id = ids.get("node.id").or_else(|| ids.get("broker.id"));
                if id.and_then(|id| id.parse().ok()) != Some(node.id) {
                    let id = id.map_or("no", String::as_str);
                    wrong.push(format!("`{}` has node id {id}, and {} is declared", node.pod, node.id));
                }
                match ids.get("cluster.id") {
                    Some(id) if declared.is_some_and(|declared| declared != id) => wrong.push(format!(
                        "`{}` belongs to cluster {id}, and {} is declared",
                        node.pod,
                        declared.unwrap_or_default()
                    )),
                    Some(id) => {
                        seen.insert(id.clone());
                    }
                    None => wrong.push(format!("`{}` has no cluster id", node.pod)),
                }
            }
        }
    }
    if seen.len() > 1 {
        wrong.push(format!("nodes belong to {} clusters", seen.len()));
    }
    none(wrong)?;
    let id = seen.into_iter().next().unwrap_or_default();
    Ok(format!("cluster {id}, {}", counted(nodes, "node")))
}

fn check_quorum(live: &dyn Live, cluster: &Cluster) -> Result<String, Wrong> {
    let replicas = cluster.quorum(live).map_err(refused)?;
    let voters: Vec<&answers::Replica> = replicas.iter().filter(|one| one.status != "Observer").collect();
    let leaders: Vec<u64> = voters
        .iter()
        .filter(|one| one.status == "Leader")
        .map(|one| one.id)
        .collect();
    let declared = cluster.nodes("controller");
    let pod = |id: u64| {
        declared
            .iter()
            .find(|node| node.id == id)
            .map_or_else(|| format!("node {id}"), |node| format!("`{}`", node.pod))
    };
    let mut wrong = Vec::new();
    let [leader] = leaders[..] else {
        return Err(Wrong::differs(format!("{} voters lead", leaders.len())));
    };
    for node in &declared {
        match voters.iter().find(|voter| voter.id == node.id) {
            None => wrong.push(format!("`{}` is not a voter", node.pod)),
            Some(voter) if voter.lag > CLOSE => {
                wrong.push(format!("`{}` is {} records behind the leader", node.pod, voter.lag));
            }
            Some(_) => {}
        }
    }
    let others = voters
        .iter()
        .filter(|voter| declared.iter().all(|node| node.id != voter.id));
    wrong.extend(others.map(|voter| format!("node {} is a voter, and not declared", voter.id)));
    let lagging = replicas
        .iter()
        .filter(|one| one.status == "Observer" && one.lag > CLOSE)
        .map(|one| format!("broker {} is {} metadata records behind", one.id, one.lag));
    wrong.extend(lagging);
    none(wrong)?;
    let lag = voters.iter().map(|voter| voter.lag).max().unwrap_or(0);
    Ok(format!(
        "{} leads {}, lag {lag}",
        pod(leader),
        counted(voters.len(), "voter")
    ))
}

fn check_brokers(live: &dyn Live, cluster: &Cluster) -> Result<String, Wrong> {
    let text = cluster.tool(live, Tool::BrokerApiVersions, &[]).map_err(refused)?;
    let answered = answers::brokers(&text);
    let declared = cluster.nodes("broker");
    let mut wrong = Vec::new();
    for node in &declared {
        match answered.get(&node.id) {
            None => wrong.push(format!("broker {} (`{}`) is not there", node.id, node.pod)),
            Some(Err(error)) => wrong.push(format!("broker {} (`{}`): {error}", node.id, node.pod)),
            Some(Ok(())) => {}
        }
    }
    let more: Vec<String> = answered
        .keys()
        .filter(|id| declared.iter().all(|node| node.id != **id))
        .map(u64::to_string)
        .collect();
    if !more.is_empty() {
        wrong.push(format!("brokers that are not declared: {}", some(&more)));
    }
    none(wrong)?;
    Ok(super::of(declared.len(), declared.len(), "answer"))
}

/// Name, level and what the tool calls the level, of each feature that the cluster may not go back behind.
fn declared_features(desired: &Desired, cluster: &Cluster) -> Option<Vec<(String, String)>> {
    let map = desired
        .of_kind("ConfigMap")
        .find(|object| name(object) == format!("{}-features", cluster.name))?;
    let text = labels(&map["data"]).remove(FEATURES_FILE)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(
        lines
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (feature, level) = (words.next()?, words.next()?);
                Some((feature.to_owned(), words.next().unwrap_or(level).to_owned()))
            })
            .collect(),
    )
}

fn check_features(live: &dyn Live, cluster: &Cluster, declared: &[(String, String)]) -> Result<String, Wrong> {
    let text = cluster.tool(live, Tool::Features, &["describe"]).map_err(refused)?;
    let finalized = answers::features(&text);
    if finalized.is_empty() {
        return Err(Trouble::Unreadable("no features".to_owned()).into());
    }
    let mut wrong = Vec::new();
    for (feature, level) in declared {
        let is = finalized.get(feature).map_or("0", String::as_str);
        if is != level {
            wrong.push(format!("`{feature}` is finalized at {is}, and {level} is declared"));
        }
    }
    none(wrong)?;
    let version = finalized.get("metadata.version").cloned().unwrap_or_default();
    Ok(format!("{} as declared, metadata.version {version}", declared.len()))
}
