//! The script of the restart gate, with commands that answer as Kafka's do. How it fares with real ones is proven on a
//! real cluster (`tests/cluster/run --only roll`).

use std::{net::TcpListener, process::Command};

use super::cli::Scratch;

const SCRIPT: &str = include_str!("../src/kafka/restart-gate.sh");

/// A partition as `kafka-topics --describe` prints it.
fn partition(name: &str, replicas: &str, isr: &str) -> String {
    format!("\tTopic: {name}\tPartition: 0\tLeader: 1\tReplicas: {replicas}\tIsr: {isr}\tElr: \tLastKnownElr: \n")
}

/// The quorum as `kafka-metadata-quorum describe --replication` prints it: the lag of each voter from 0 on.
fn quorum(lags: &[i64]) -> String {
    let mut lines =
        "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t\n"
            .to_owned();
    for (id, lag) in lags.iter().enumerate() {
        let status = if id == 0 { "Leader" } else { "Follower" };
        lines += &format!(
            "{id}     \tAAAAAAAAAAAAAAAAAAAAAA\t512         \t{lag} \t1727180000000\t1727180000000\t{status}\t\n"
        );
    }
    lines + "9     \tAAAAAAAAAAAAAAAAAAAAAA\t512         \t0  \t1727180000000\t1727180000000\tObserver\t\n"
}

/// What the cluster says; node 1 asks.
#[derive(Default)]
struct Cluster {
    roles: &'static str,
    under_replicated: String,
    under_min: String,
    at_min: String,
    quorum: String,
    limit: u32,
    fails: bool,
    closed: bool,
}

struct Gate {
    folder: Scratch,
    _port: TcpListener,
}

impl Gate {
    fn of(cluster: &Cluster) -> Self {
        let folder = Scratch::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = if cluster.closed {
            1
        } else {
            listener.local_addr().unwrap().port()
        };
        for (file, text) in [
            ("--under-replicated-partitions", &cluster.under_replicated),
            ("--under-min-isr-partitions", &cluster.under_min),
            ("--at-min-isr-partitions", &cluster.at_min),
            ("--replication", &cluster.quorum),
        ] {
            folder.put(file, text);
        }
        let status = u8::from(cluster.fails);
        // The last argument is the question. As with Kafka's command, the file of a client stands before a subcommand.
        folder.put(
            "ask",
            &format!(
                "#!/bin/bash\necho asked >>{0}/asked\n[[ ${{*:2}} != *--command-config* ]] || exit 2\n((!{status})) && cat -- \"{0}/${{@: -1}}\"\n",
                folder.path("").display()
            ),
        );
        assert!(
            Command::new("chmod")
                .arg("+x")
                .arg(folder.path("ask"))
                .status()
                .unwrap()
                .success()
        );
        folder.put("restart-gate.sh", SCRIPT);
        let ask = folder.path("ask").display().to_string();
        let log = folder.path("log").display().to_string();
        // A controller of these tests is one of a secured cluster.
        let client = if cluster.roles.contains("controller") {
            "COMMAND_CONFIG=client.properties\n"
        } else {
            ""
        };
        folder.put(
            "restart-gate.settings",
            &format!(
                "BROKERS=127.0.0.1:{port}\n{client}KAFKA_METADATA_QUORUM={ask}\nKAFKA_TOPICS={ask}\nLIMIT_SECONDS={}\nLOG={log}\nPORT={port}\nROLES={}\n",
                cluster.limit, cluster.roles
            ),
        );
        Self {
            folder,
            _port: listener,
        }
    }

    /// Exit status and output.
    fn run(&self, when: &str) -> (i32, String) {
        let output = Command::new("bash")
            .arg(self.folder.path("restart-gate.sh"))
            .arg(when)
            .env("NODE_ID", "1")
            .env("POD_NAME", "kafka-1")
            .env("LOG_DIR", self.folder.path(""))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    /// The lines of a file.
    fn lines(&self, file: &str) -> usize {
        std::fs::read_to_string(self.folder.path(file)).map_or(0, |text| text.lines().count())
    }
}

fn broker() -> Cluster {
    Cluster {
        roles: "broker",
        ..Cluster::default()
    }
}

#[test]
fn a_stop_waits_only_for_partitions_that_need_this_broker() {
    let missing = partition("orders", "1,2,3", "1,2");
    for (what, cluster, held) in [
        ("all in sync", broker(), false),
        (
            "another partition lacks a replica",
            Cluster {
                under_replicated: partition("orders", "2,3,4", "2,3"),
                at_min: partition("orders", "2,3,4", "2,3"),
                ..broker()
            },
            false,
        ),
        (
            "enough are left",
            Cluster {
                under_replicated: missing.clone(),
                ..broker()
            },
            false,
        ),
        (
            "at the minimum",
            Cluster {
                under_replicated: missing.clone(),
                at_min: missing.clone(),
                ..broker()
            },
            true,
        ),
        (
            "below the minimum",
            Cluster {
                under_replicated: missing.clone(),
                under_min: partition("orders", "1,2,3", "1"),
                ..broker()
            },
            true,
        ),
        (
            "at the minimum with all replicas, beside one that can be copied",
            Cluster {
                under_replicated: missing,
                at_min: partition("single", "1", "1"),
                ..broker()
            },
            false,
        ),
        (
            // Broker 11 is not broker 1.
            "an id that begins like this one",
            Cluster {
                under_replicated: partition("orders", "11,2,3", "11,2"),
                at_min: partition("orders", "11,2,3", "11,2"),
                ..broker()
            },
            false,
        ),
    ] {
        let (status, said) = Gate::of(&cluster).run("before-stop");
        assert_eq!(status, 0, "{what}");
        let expected = if held {
            "stops after the limit of 0 s: 1 partitions, such as orders-0, would be below min.insync.replicas\n"
        } else {
            ""
        };
        assert_eq!(said, expected, "{what}");
    }
}

#[test]
fn a_stop_of_a_controller_leaves_a_majority_that_has_caught_up() {
    for (lags, held) in [
        (&[0, 0, 1][..], false),
        (&[0, 0, 400], true),
        (&[0, 0, 400, 2, 3], false),
        (&[0, 0, 400, 400, 1], true),
        (&[0, 0], true),
    ] {
        let cluster = Cluster {
            roles: "controller",
            quorum: quorum(lags),
            ..Cluster::default()
        };
        let (status, said) = Gate::of(&cluster).run("before-stop");
        assert_eq!(status, 0, "{lags:?}");
        assert_eq!(said.contains("follow the leader closely"), held, "{lags:?}: {said}");
    }
}

#[test]
fn a_wait_ends_by_hand_and_goes_on_when_the_others_are_back() {
    let missing = partition("orders", "1,2,3", "1,2");
    let waiting = || Cluster {
        under_replicated: missing.clone(),
        at_min: missing.clone(),
        limit: 600,
        ..broker()
    };
    let gate = Gate::of(&waiting());
    gate.folder.put("restart-gate-open", "");
    let (_, said) = gate.run("before-stop");
    assert!(said.starts_with("stops without waiting: "), "{said}");
    let gate = Gate::of(&waiting());
    let mended = std::thread::scope(|scope| {
        let run = scope.spawn(|| gate.run("before-stop"));
        std::thread::sleep(std::time::Duration::from_secs(2));
        gate.folder.put("--under-replicated-partitions", "");
        run.join().unwrap()
    });
    assert!(
        mended.1.starts_with("waits with the stop: 1 partitions")
            && mended.1.contains("the cluster can do without it now"),
        "{}",
        mended.1
    );
    assert_eq!(gate.lines("log"), 2, "the container's log has both messages");
}

#[test]
fn a_node_is_ready_when_its_port_is_open_and_its_replicas_are_in_sync() {
    let (status, said) = Gate::of(&Cluster {
        closed: true,
        limit: 600,
        ..broker()
    })
    .run("after-start");
    assert_eq!((status, said.as_str()), (1, "port 1 is not open yet\n"));
    let gate = Gate::of(&Cluster {
        under_replicated: partition("orders", "1,2,3", "1,2"),
        limit: 600,
        ..broker()
    });
    assert_eq!(
        gate.run("after-start"),
        (0, String::new()),
        "another broker's replica is missing"
    );
    assert_eq!(gate.lines("asked"), 1);
    let gate = Gate::of(&Cluster {
        under_replicated: partition("orders", "1,2,3", "2,3"),
        limit: 600,
        ..broker()
    });
    assert_eq!(
        gate.run("after-start"),
        (
            1,
            "not ready yet: 1 partitions, such as orders-0, are not in sync here\n".to_owned()
        )
    );
    assert_eq!(
        gate.run("after-start"),
        (1, "1 partitions, such as orders-0, are not in sync here\n".to_owned())
    );
    gate.folder.put("--under-replicated-partitions", "");
    let (status, said) = gate.run("after-start");
    assert!(status == 0 && said.starts_with("ready: caught up "), "{said}");
}

#[test]
fn a_node_that_cannot_catch_up_or_ask_is_ready_in_the_end() {
    let (status, said) = Gate::of(&Cluster {
        under_replicated: partition("orders", "1,2,3", "2,3"),
        ..broker()
    })
    .run("after-start");
    assert_eq!(
        (status, said.as_str()),
        (
            0,
            "ready after the limit of 0 s: 1 partitions, such as orders-0, are not in sync here\n"
        )
    );
    let (status, said) = Gate::of(&Cluster {
        fails: true,
        limit: 600,
        ..broker()
    })
    .run("after-start");
    assert_eq!(
        (status, said.as_str()),
        (
            1,
            "not ready yet: the cluster does not say whether this node has caught up\n"
        )
    );
    let (status, said) = Gate::of(&Cluster {
        roles: "controller",
        quorum: quorum(&[0, 400]),
        limit: 600,
        ..Cluster::default()
    })
    .run("after-start");
    assert_eq!(
        (status, said.as_str()),
        (1, "not ready yet: 400 records behind the leader of the quorum\n")
    );
}
