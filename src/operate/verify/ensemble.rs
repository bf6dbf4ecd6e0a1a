//! Each server of a ZooKeeper ensemble has its mode: one leader, and followers.

use super::{Check, Wrong, none, some};
use crate::operate::{
    desired::{Desired, Workload},
    live::{Live, Request, Trouble, Weight},
};

/// The image has no client of ZooKeeper that starts quickly; bash can talk to a port.
const ASK: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$0" && printf srvr >&3 && cat <&3"#;

pub(super) fn checks(desired: &Desired) -> Vec<Check> {
    let ensembles = desired
        .workloads()
        .into_iter()
        .filter(|workload| workload.server("zookeeper-server-start").is_some());
    ensembles
        .map(|workload| {
            Check::new(format!("zookeeper/{}", workload.name), move |live| {
                check(live, &workload)
            })
        })
        .collect()
}

fn check(live: &dyn Live, workload: &Workload) -> Result<String, Wrong> {
    // That of a closed server is for its own pod, and in no list of ports.
    let server = workload.server("zookeeper-server-start");
    let port = server.and_then(|server| server.setting("clientPort").parse::<u16>().ok());
    let port = port.unwrap_or(2181);
    let (mut wrong, mut leaders, mut followers) = (Vec::new(), Vec::new(), 0);
    for (_, pod) in workload.pods() {
        let command = ["timeout", "10", "bash", "-c", ASK, &port.to_string()];
        let answer = live.ask(&Request::Exec {
            pod: workload.address(&pod),
            command: command.map(str::to_owned).to_vec(),
            weight: Weight::Light,
        });
        match answer {
            Ok(text) => match mode(&text) {
                Some("leader") => leaders.push(pod),
                Some("follower") => followers += 1,
                Some("standalone") if workload.replicas == 1 => leaders.push(pod),
                Some(other) => wrong.push(format!("`{pod}` is {other}")),
                None => wrong.push(format!(
                    "`{pod}`: {}",
                    text.lines().last().unwrap_or("no answer").trim()
                )),
            },
            Err(trouble @ (Trouble::Command(..) | Trouble::NotFound(_) | Trouble::Failed(_))) => {
                wrong.push(format!("`{pod}` does not answer: {trouble}"));
            }
            Err(other) => return Err(other.into()),
        }
    }
    match leaders.as_slice() {
        [_] => none(wrong)?,
        [] => {
            wrong.push("no server leads".to_owned());
            none(wrong)?;
        }
        several => {
            wrong.push(format!("{} servers lead: {}", several.len(), some(several)));
            none(wrong)?;
        }
    }
    Ok(format!("{} leads, {followers} follow", some(&leaders)))
}

fn mode(answer: &str) -> Option<&str> {
    answer
        .lines()
        .find_map(|line| line.strip_prefix("Mode: "))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_read_from_what_a_server_says() {
        let leader = "Zookeeper version: 3.8.6\nLatency min/avg/max: 0/0.5/9\nMode: leader\nNode count: 154\n";
        assert_eq!(mode(leader), Some("leader"));
        assert_eq!(
            mode("This ZooKeeper instance is not currently serving requests\n"),
            None
        );
    }
}
