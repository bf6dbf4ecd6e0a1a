//! A record that is written in a transaction is read back.

use super::{Check, Wrong, cluster::refused, topics::SCRATCH};
use crate::operate::{
    answers,
    cluster::Cluster,
    live::{Live, Trouble},
};

const SCRIPT: &str = include_str!("transaction.sh");

/// Beside the numbers of tools: another pod, where there is one.
const NUMBER: usize = 2;

pub(super) fn checks(clusters: &[Cluster]) -> Vec<Check> {
    clusters
        .iter()
        .map(|cluster| {
            let own = cluster.clone();
            Check::new(format!("transaction/{}", cluster.name), move |live| check(live, &own))
        })
        .collect()
}

fn check(live: &dyn Live, cluster: &Cluster) -> Result<String, Wrong> {
    let topic = format!("{SCRATCH}{}", live.token());
    let (servers, file) = cluster.connection();
    let answer = cluster.run(live, NUMBER, |server| {
        let tools = ["kafka-topics", "kafka-producer-perf-test", "kafka-console-consumer"];
        let mut command = ["bash", "-c", SCRIPT, &topic, &servers].map(str::to_owned).to_vec();
        command.push(file.unwrap_or_default());
        command.extend(tools.map(|tool| server.tool(tool)));
        command
    });
    match answer {
        Ok(_) => Ok("a record was written in a transaction and read back, its topic is removed".to_owned()),
        Err(Trouble::Command(_, output)) if output.contains("FAILED ") || output.contains("is left: delete it") => {
            Err(Wrong::Differs(told(&output)))
        }
        Err(other) => Err(refused(other)),
    }
}

/// What the script says of a failure.
fn told(output: &str) -> Vec<String> {
    let (said, steps): (Vec<&str>, Vec<&str>) = output
        .lines()
        .filter(|line| !line.contains("is left: delete it"))
        .partition(|line| !line.starts_with("FAILED "));
    let failed = steps.iter().map(|step| {
        format!(
            "cannot {}: {}",
            step.trim_start_matches("FAILED "),
            answers::reason(&said.join("\n"))
        )
    });
    let left = output.lines().filter(|line| line.contains("is left: delete it"));
    failed.chain(left.map(str::to_owned)).collect()
}
