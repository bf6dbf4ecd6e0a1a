//! What happens to clusters: restarts, lost brokers, exporters that are away, two clusters under one name.

use crate::{
    kafka::{
        KafkaHandle, Mode,
        alerts::{broker::idle_handlers, certificates, cluster::replicas_return, controller::candidates},
    },
    metrics::{broker, controller, exporter, jvm, kubelet, target, zookeeper},
    observability::{
        KUBERNETES, Scenario, Sources,
        scenario::{EXPORTER, Line, always, growing},
    },
    quantity::Duration,
};

const HOUR: u32 = 60;

/// A cluster, for scenarios.
struct Cluster<'a> {
    kafka: &'a KafkaHandle,
    sources: &'a Sources,
    brokers: f64,
    /// The pods that restart, in the order of a rolling restart: the active controller last.
    pods: Vec<&'a str>,
}

impl<'a> Cluster<'a> {
    /// `None` if it has fewer than three brokers: then it survives nothing.
    fn new(kafka: &'a KafkaHandle, sources: &'a Sources) -> Option<Self> {
        let brokers = kafka.brokers().filter(|brokers| *brokers > 2)?;
        let pods = kafka
            .nodes()
            .iter()
            .filter(|node| node.broker)
            .map(|node| node.pod.as_str());
        Some(Self {
            kafka,
            sources,
            brokers: f64::from(brokers),
            pods: pods.rev().collect(),
        })
    }

    fn zookeeper(&self) -> bool {
        self.kafka.mode() == Mode::ZooKeeper
    }

    /// Everything is well for so many minutes.
    fn healthy(&self, name: &str, minutes: u32) -> Scenario {
        let kafka = self.kafka.name();
        let mut scenario = Scenario::new(name, minutes)
            .with_ensemble(self.sources)
            .with_targets(self.sources, kafka);
        for node in self.kafka.nodes() {
            let pod = ("pod", node.pod.as_str());
            scenario = scenario.line(&target::UP, &[("job", kafka), pod], always(1.0)).line(
                &jvm::START_TIME,
                &[("job", kafka), pod],
                // A day before the scenario.
                always(-86400.0),
            );
            if node.broker {
                scenario = scenario
                    .line(&broker::BROKER_STATE, &[pod], always(3.0))
                    .line(&broker::LEADERS, &[pod], always(10.0))
                    .line(&broker::UNDER_REPLICATED, &[pod], always(0.0))
                    .line(&broker::UNDER_MIN_ISR, &[pod], always(0.0));
            }
            if !self.zookeeper() {
                scenario = scenario.line(&controller::CURRENT_LEADER, &[pod], always(0.0));
            }
        }
        for (number, pod) in candidates(self.kafka).enumerate() {
            let pod = [("pod", pod)];
            let active = if number == 0 { 1.0 } else { 0.0 };
            // With ZooKeeper the others report 0 brokers.
            let brokers = if self.zookeeper() {
                active * self.brokers
            } else {
                self.brokers
            };
            scenario = scenario
                .line(&controller::ACTIVE_CONTROLLERS, &pod, always(active))
                .line(&controller::ACTIVE_BROKERS, &pod, always(brokers))
                .line(&controller::OFFLINE_PARTITIONS, &pod, always(0.0))
                .line(&controller::FENCED_BROKERS, &pod, always(0.0));
        }
        scenario.line(&exporter::BROKERS, &[("pod", EXPORTER)], always(self.brokers))
    }

    /// The exporter cannot be scraped between these minutes.
    fn exporter_fails(scenario: Scenario, from: f64, to: f64) -> Scenario {
        scenario.change("pod", EXPORTER, |metric, line| {
            if metric == target::UP.name {
                line.between(from, to, 0.0)
            } else {
                line.gone(from, to)
            }
        })
    }

    /// A node does not run between these minutes, and the cluster knows it. After it, it is a new process.
    fn stops(&self, scenario: Scenario, pod: &str, from: f64, to: f64) -> Scenario {
        self.stops_and_catches_up(scenario, pod, from, to, to + 1.0)
    }

    /// The same, and its replicas are in sync from the last of these minutes on.
    fn stops_and_catches_up(&self, scenario: Scenario, pod: &str, from: f64, to: f64, in_sync: f64) -> Scenario {
        let missing = self.brokers - 1.0;
        let mut scenario = scenario.change("pod", pod, |metric, line| {
            if metric == target::UP.name {
                line.between(from, to, 0.0)
            } else if metric == jvm::START_TIME.name {
                line.gone(from, to).then(to, to * 60.0)
            } else {
                line.gone(from, to)
            }
        });
        if self.pods.contains(&pod) {
            for other in candidates(self.kafka) {
                scenario = scenario.change("pod", other, |metric, line| {
                    if metric == controller::ACTIVE_BROKERS.name && (!self.zookeeper() || line != always(0.0)) {
                        line.between(from, to, missing)
                    } else if metric == controller::FENCED_BROKERS.name && !self.zookeeper() {
                        line.between(from, to, 1.0)
                    } else {
                        line
                    }
                });
            }
            // Each of the others leads partitions that the missing one follows.
            for other in self.pods.iter().filter(|other| **other != pod) {
                scenario = scenario.change("pod", other, |metric, line| {
                    if metric == broker::UNDER_REPLICATED.name {
                        line.between(from, in_sync, 7.0)
                    } else if metric == broker::LEADERS.name {
                        line.between(from, to + 1.0, 15.0)
                    } else {
                        line
                    }
                });
            }
            scenario = scenario.change("pod", EXPORTER, |metric, line| {
                if metric == exporter::BROKERS.name {
                    line.between(from, to, missing)
                } else {
                    line
                }
            });
        }
        scenario
    }

    /// The pods restart one after the other, each for so many minutes.
    fn rolls(&self, scenario: Scenario, from: f64, each: f64) -> Scenario {
        let pods = self.pods.iter().take(15).zip(0_u32..);
        pods.fold(scenario, |scenario, (pod, number)| {
            let start = from + f64::from(number) * (each + 0.5);
            self.stops(scenario, pod, start, start + each)
        })
    }

    /// The last broker, which is not the active controller.
    fn last(&self) -> &'a str {
        self.pods.first().copied().unwrap_or_default()
    }
}

pub(in crate::kafka) fn scenarios(kafka: &KafkaHandle, sources: &Sources) -> Vec<Scenario> {
    let Some(cluster) = Cluster::new(kafka, sources) else {
        return Vec::new();
    };
    let away = cluster.last();
    let lost = |scenario: Scenario, from: f64, to: f64| cluster.stops(scenario, away, from, to);
    let down = |scenario: Scenario, from: u32, to: u32| {
        let scenario = scenario
            .fires("KafkaBrokerDown", from + 4, from + 7, to - 1)
            .fires("KafkaUnderReplicatedPartitions", from + 9, from + 12, to)
            .fires("KafkaScrapeFailing", from + 4, from + 7, to - 1);
        if cluster.zookeeper() {
            scenario
        } else {
            scenario.fires("KafkaFencedBrokers", from + 4, from + 7, to - 1)
        }
    };
    let mut scenarios = vec![
        cluster.healthy("a quiet cluster", 3 * HOUR),
        down(
            lost(cluster.healthy("a broker is lost for an hour", 2 * HOUR), 20.0, 80.0),
            20,
            80,
        ),
        down(
            Cluster::exporter_fails(
                lost(cluster.healthy("the exporter dies with a broker", 2 * HOUR), 20.0, 80.0),
                21.0,
                80.0,
            ),
            20,
            80,
        )
        .several_of("KafkaScrapeFailing", 2),
        down(
            flapping(lost(
                cluster.healthy("the exporter flaps while a broker is down", 2 * HOUR),
                20.0,
                80.0,
            )),
            20,
            80,
        ),
        flapping(cluster.healthy("the exporter of a healthy cluster flaps", 2 * HOUR)),
        cluster
            .healthy("the exporter of a healthy cluster is gone", 2 * HOUR)
            .change("pod", EXPORTER, |_, line| line.gone(20, 120))
            .fires("KafkaMetricsAbsent", 24, 31, 119),
        cluster.rolls(
            cluster.healthy("a rolling restart of three minutes each", 2 * HOUR),
            20.0,
            3.0,
        ),
        cluster.rolls(
            cluster.healthy("a rolling restart of 90 seconds each", 2 * HOUR),
            20.0,
            1.5,
        ),
        // Another label, as an external label of Prometheus gives it, and only one of the two has a broker down.
        down(
            lost(
                cluster.healthy("two clusters of one name, one with a broker down", 2 * HOUR),
                20.0,
                80.0,
            ),
            20,
            80,
        )
        .beside(KUBERNETES, "another", cluster.healthy("", 2 * HOUR)),
        down(
            lost(
                cluster.healthy("a pair of Prometheus servers without deduplication", 2 * HOUR),
                20.0,
                80.0,
            ),
            20,
            80,
        )
        .twice("prometheus_replica", ["a", "b"]),
        all_gone(&cluster),
        active_twice(&cluster),
    ];
    if let Some(first) = candidates(kafka).next() {
        scenarios.extend(cluster.without_its_active_controller(first));
    }
    scenarios.push(hanging_roll(&cluster));
    scenarios.push(restarted_beside_a_lost_one(&cluster));
    scenarios.extend(restarts_often(&cluster));
    scenarios.extend(cluster.within_two_hours());
    scenarios.extend(certificates::scenarios(kafka, sources));
    scenarios
}

impl Cluster<'_> {
    /// The active controller runs, and Prometheus does not reach it.
    fn without_its_active_controller(&self, pod: &str) -> Vec<Scenario> {
        let hidden = |name: &str| {
            self.healthy(name, 2 * HOUR).change("pod", pod, |metric, line| {
                if metric == target::UP.name {
                    line.then(20, 0.0)
                } else {
                    line.gone(20, 120)
                }
            })
        };
        let mut scenarios =
            vec![hidden("the active controller cannot be scraped").fires("KafkaScrapeFailing", 24, 26, 119)];
        if !self.zookeeper() {
            let name = "the active controller cannot be scraped while the exporter moves";
            scenarios.push(
                hidden(name)
                    .change("pod", EXPORTER, |_, line| line.gone(30, 50))
                    .fires("KafkaScrapeFailing", 24, 26, 119)
                    .fires("KafkaMetricsAbsent", 34, 41, 49),
            );
        }
        scenarios
    }

    /// Everything that takes no longer, and the volumes.
    fn within_two_hours(&self) -> Vec<Scenario> {
        [
            self.targets(),
            self.controllers(),
            self.busy(),
            self.parts(),
            self.quiet_producers(),
            self.elections(),
            self.volumes(),
            self.slow_rolls(),
            self.forgotten(),
        ]
        .concat()
    }

    /// Everything of a cluster is gone for longer than it is remembered, and another cluster of its name runs.
    fn forgotten(&self) -> Vec<Scenario> {
        const ALL: u32 = 7 * HOUR;
        let jobs = self.sources.targets.len();
        let names = "two clusters of one name, one is gone for most of the day";
        let mut gone = self.healthy(names, ALL);
        let zookeeper = gone.has(zookeeper::SERVER_STATE.name);
        gone = gone.change_all(|line| line.gone(20, ALL));
        let gone = gone
            .beside(KUBERNETES, "another", self.healthy("", ALL))
            .fires("KafkaBrokerDown", 24, 31, ALL - 1)
            .fires("KafkaMetricsAbsent", 24, 31, ALL - 1)
            .several(u32::try_from(jobs).unwrap_or(u32::MAX));
        if zookeeper {
            vec![gone.fires("KafkaZooKeeperQuorumLost", 20, 27, ALL - 1).fires(
                "KafkaZooKeeperServerDown",
                24,
                31,
                ALL - 1,
            )]
        } else {
            vec![gone]
        }
    }

    /// Rolling restarts that wait, that take too long, and that follow one another.
    fn slow_rolls(&self) -> Vec<Scenario> {
        // A broker stops for three minutes.
        const AWAY: u32 = 3;
        let brokers = u32::try_from(self.pods.len().min(15)).unwrap_or(15);
        let of_twice = 2 * brokers * (AWAY + 1);
        let twice = self.healthy("a rolling restart follows another one", 20 + of_twice + 30);
        let second = 20.0 + f64::from(brokers) * (f64::from(AWAY) + 0.5) + 1.0;
        let twice = self.rolls(self.rolls(twice, 20.0, AWAY.into()), second, AWAY.into());
        let Some(gate) = self.kafka.restart_gate() else {
            return vec![twice];
        };
        let gate = in_minutes(gate);
        let silent = in_minutes(replicas_return(self.kafka));
        let each = AWAY + gate;
        let pods = || self.pods.iter().take(8).zip(0_u32..);
        let length = 20 + u32::try_from(pods().count()).unwrap_or(8) * each + silent + 20;
        let waits = pods().fold(
            self.healthy(
                "a rolling restart in which brokers catch up for as long as the gate waits",
                length,
            ),
            |scenario, (pod, number)| {
                let stop = f64::from(20 + number * each);
                let start = stop + f64::from(AWAY);
                self.stops_and_catches_up(scenario, pod, stop, start, start + f64::from(gate) - 0.5)
            },
        );
        let start = 20 + AWAY;
        let in_sync = start + silent + 40;
        let never = self.healthy(
            "a restarted broker catches up for longer than the gate waits",
            in_sync + 20,
        );
        let never = self
            .stops_and_catches_up(never, self.last(), 20.0, start.into(), in_sync.into())
            .fires(
                "KafkaUnderReplicatedPartitions",
                20 + silent + 8,
                20 + silent + 12,
                in_sync - 1,
            );
        vec![twice, waits, never]
    }

    /// Targets of Prometheus that are gone, with their pods or without.
    fn targets(&self) -> Vec<Scenario> {
        let hidden = self.with("the target of a broker is gone while its pod runs", |scenario| {
            scenario.change("pod", self.last(), |_, line| line.gone(20, 80))
        });
        let nodes = self.kafka.nodes();
        let all = self.with("all pods of the cluster and their targets are gone", |scenario| {
            let scenario = nodes.iter().fold(scenario, |scenario, node| {
                scenario.change("pod", &node.pod, |_, line| line.gone(20, 120))
            });
            Self::exporter_fails(scenario, 20.0, 120.0)
        });
        // Each rule is evaluated after one that succeeds.
        let every_second = self.with("every second scrape of the exporter fails", |scenario| {
            scenario.change("pod", EXPORTER, |metric, line| {
                if metric == target::UP.name {
                    (0..120).fold(line, |line, number| {
                        let minute = 20.25 + 0.5 * f64::from(number);
                        line.then(minute, 0.0).then(minute + 0.25, 1.0)
                    })
                } else {
                    line.loses(20.25, 80.0, 0.5)
                }
            })
        });
        vec![
            every_second.fires("KafkaScrapeFailing", 20 + 9, 20 + 15, 79),
            hidden.fires("KafkaPodsMissing", 20 + 14, 20 + 22, 79),
            all.fires("KafkaBrokerDown", 24, 31, 119)
                .fires("KafkaMetricsAbsent", 24, 31, 119)
                .fires("KafkaScrapeFailing", 24, 27, 119),
        ]
    }

    /// Controllers restart, are lost, or do not agree on a leader.
    fn controllers(&self) -> Vec<Scenario> {
        let none_active = |scenario: Scenario, from: u32| {
            candidates(self.kafka).fold(scenario, |scenario, pod| {
                scenario.change("pod", pod, |metric, line| {
                    // With ZooKeeper only the active controller counts brokers.
                    let counts = self.zookeeper() && metric == controller::ACTIVE_BROKERS.name;
                    if counts || metric == controller::ACTIVE_CONTROLLERS.name {
                        line.then(from, 0.0)
                    } else {
                        line
                    }
                })
            })
        };
        let mut scenarios = vec![
            self.with("no node is the active controller", |scenario| none_active(scenario, 30))
                .fires("KafkaNoActiveController", 31, 34, 119),
        ];
        if self.zookeeper() {
            return scenarios;
        }
        scenarios.push(self.with("one node sees no leader for ten minutes", |scenario| {
            scenario.change("pod", self.last(), |metric, line| {
                if metric == controller::CURRENT_LEADER.name {
                    line.between(30.0, 40.0, -1.0)
                } else {
                    line
                }
            })
        }));
        let dedicated = self.kafka.nodes().iter().filter(|node| !node.broker);
        let dedicated: Vec<&str> = dedicated.map(|node| node.pod.as_str()).collect();
        if !dedicated.is_empty() {
            scenarios.push(self.with("dedicated controllers restart in turn", |scenario| {
                let pods = dedicated.iter().zip(0_u32..);
                pods.fold(scenario, |scenario, (pod, number)| {
                    let start = 20.0 + 4.0 * f64::from(number);
                    self.stops(scenario, pod, start, start + 3.0)
                })
            }));
        }
        // The other voters see no leader. Without the lost one it cannot be told that none of them all is active.
        let lost = candidates(self.kafka).last().unwrap_or_default();
        let leaderless = self.with("a voter is lost, and later the others lose their leader", |scenario| {
            let scenario = self.stops(scenario, lost, 20.0, 120.0);
            let others = candidates(self.kafka).filter(|pod| *pod != lost);
            others.fold(none_active(scenario, 60), |scenario, pod| {
                scenario.change("pod", pod, |metric, line| {
                    if metric == controller::CURRENT_LEADER.name {
                        line.then(60, -1.0)
                    } else {
                        line
                    }
                })
            })
        });
        let leaderless =
            leaderless
                .fires("KafkaQuorumWithoutLeader", 61, 64, 119)
                .fires("KafkaScrapeFailing", 24, 27, 119);
        scenarios.push(if dedicated.is_empty() {
            leaderless
                .fires("KafkaBrokerDown", 24, 27, 119)
                .fires("KafkaUnderReplicatedPartitions", 29, 32, 119)
                .fires("KafkaFencedBrokers", 24, 27, 119)
        } else {
            leaderless
        });
        scenarios
    }

    /// Threads are busy. On combined nodes those of the controller are idle all the time, and must not hide it.
    fn busy(&self) -> Vec<Scenario> {
        let of_last = ("pod", self.last());
        let combined = self.kafka.nodes().iter().any(|node| node.broker && node.controller);
        let falls = |idle: f64| always(0.9).then(30, idle).then(90, 0.9);
        let mut scenarios = Vec::new();
        if let Some(right) = idle_handlers(self.kafka) {
            let busy = self.with("the request handlers of a broker are busy", |scenario| {
                let scenario = if combined {
                    // With the idle ones of the controller.
                    scenario.line(&broker::HANDLER_IDLE, &[of_last], falls(0.565))
                } else {
                    scenario
                };
                scenario.line(right, &[of_last], falls(0.13))
            });
            scenarios.push(busy.fires("KafkaRequestHandlersBusy", 30 + 9, 30 + 12, 89));
            let lost = self.with("a busy broker loses one scrape of ten", |scenario| {
                scenario.line(right, &[of_last], falls(0.13).loses(0.0, 120.0, 2.5))
            });
            scenarios.push(lost.fires("KafkaRequestHandlersBusy", 30 + 9, 30 + 12, 89));
            let bursts = self.with(
                "the request handlers of a broker are busy for five minutes each hour",
                |scenario| {
                    let line = always(0.9).between(30.0, 35.0, 0.05).between(90.0, 95.0, 0.05);
                    scenario.line(right, &[of_last], line)
                },
            );
            scenarios.push(bursts);
        }
        // One thread of each listener.
        let network = |scenario: Scenario, clients: Line, replication: Line, controllers: Line| {
            if !combined {
                return scenario.line(&broker::NETWORK_IDLE, &[of_last], clients);
            }
            let lines = [
                ("CLIENT", clients),
                ("REPLICATION", replication),
                ("CONTROLLER", controllers),
            ];
            lines.into_iter().fold(scenario, |scenario, (listener, line)| {
                let labels = [of_last, ("listener", listener), ("network_processor", "0")];
                scenario.line(&broker::IO_WAIT, &labels, line)
            })
        };
        let idle = || always(0.98);
        let busy = self.with("the network threads for clients are busy", |scenario| {
            network(scenario, falls(0.13), idle(), idle())
        });
        scenarios.push(busy.fires("KafkaNetworkThreadsBusy", 30 + 9, 30 + 12, 89));
        if combined {
            let busy = self.with("the network threads for replication are busy", |scenario| {
                network(scenario, idle(), falls(0.13), idle())
            });
            scenarios.push(busy.fires("KafkaNetworkThreadsBusy", 30 + 9, 30 + 12, 89));
            scenarios.push(
                self.with("the network thread of the controller listener is busy", |scenario| {
                    network(scenario, idle(), idle(), falls(0.05))
                }),
            );
        }
        scenarios
    }

    /// Something happens to a healthy cluster within two hours.
    fn with(&self, name: &str, change: impl Fn(Scenario) -> Scenario) -> Scenario {
        change(self.healthy(name, 2 * HOUR))
    }

    /// Parts of brokers and controllers fail, or only look like it.
    fn parts(&self) -> Vec<Scenario> {
        let last = self.pods.first().copied().unwrap_or_default();
        let first = candidates(self.kafka).next().unwrap_or_default();
        let of_last = [("pod", last)];
        let of_first = [("pod", first)];
        let errors = |error| [of_last[0], ("request", "Produce"), ("error", error)];
        let heap = |scenario: Scenario, used: Line| {
            let job = ("job", self.kafka.name());
            scenario
                .line(&jvm::HEAP_MAX, &[job, of_last[0]], always(100.0))
                .line(&jvm::HEAP_USED, &[job, of_last[0]], used)
                .line(
                    &jvm::GC_SECONDS,
                    &[job, of_last[0], ("gc", "G1 Young Generation")],
                    growing(1.0),
                )
        };
        let elsewhere = |scenario: Scenario, line: Line| {
            scenario.line(&controller::PARTITIONS, &of_first, always(300.0)).line(
                &controller::PREFERRED_REPLICA_IMBALANCE,
                &of_first,
                line,
            )
        };
        vec![
            self.with("all produce requests fail", |scenario| {
                scenario
                    .line(&broker::ERRORS, &errors("NONE"), growing(600.0).grows(30, 0.0))
                    .line(
                        &broker::ERRORS,
                        &errors("TOPIC_AUTHORIZATION_FAILED"),
                        always(0.0).grows(30, 60.0),
                    )
                    .fires("KafkaProduceFailing", 30 + 8, 30 + 12, 119)
            }),
            self.with("one of several producers has lost its permission", |scenario| {
                scenario.line(&broker::ERRORS, &errors("NONE"), growing(600.0)).line(
                    &broker::ERRORS,
                    &errors("TOPIC_AUTHORIZATION_FAILED"),
                    always(0.0).grows(30, 60.0),
                )
            }),
            self.with("producers stop for the night", |scenario| {
                scenario
                    .line(&broker::ERRORS, &errors("NONE"), growing(600.0).grows(30, 0.0))
                    .line(&broker::ERRORS, &errors("NOT_LEADER_OR_FOLLOWER"), always(7.0))
            }),
            self.with("one of several log directories fails", |scenario| {
                scenario
                    .line(&broker::OFFLINE_LOG_DIRECTORIES, &of_last, always(0.0).then(30, 1.0))
                    .fires("KafkaLogDirectoryFailed", 30, 32, 119)
            }),
            self.with("leaders stay away from their preferred replicas", |scenario| {
                elsewhere(scenario, always(0.0).then(20, 100.0)).fires("KafkaLeadersNotPreferred", 79, 82, 119)
            }),
            self.with("one broker leads nothing", |scenario| {
                elsewhere(scenario, always(0.0).then(20, (300.0 / self.brokers).floor())).fires(
                    "KafkaLeadersNotPreferred",
                    79,
                    82,
                    119,
                )
            }),
            self.with("leaders return ten minutes after a restart", |scenario| {
                elsewhere(scenario, always(0.0).then(20, 100.0).then(30, 0.0))
            }),
            self.with("a heap fills", |scenario| {
                heap(
                    scenario,
                    Line::noise(60.0, 20.0, 120, 1)
                        .then(40.5, 95.0)
                        .between(40.5, 120.0, 95.0),
                )
                .fires("KafkaHeapFull", 75, 85, 119)
            }),
            self.with("a busy heap that collections empty", |scenario| {
                heap(scenario, Line::noise(70.0, 28.0, 120, 2))
            }),
        ]
    }

    /// Producers that write seldom.
    fn quiet_producers(&self) -> Vec<Scenario> {
        let errors = |error| [("pod", self.last()), ("request", "Produce"), ("error", error)];
        // From minute 30 on nothing succeeds.
        let refused = |scenario: Scenario| {
            let refusals = (30_u32..120).step_by(7).zip(1_u32..);
            scenario
                .line(&broker::ERRORS, &errors("NONE"), Line::steps(1.0, 7, 30))
                .line(
                    &broker::ERRORS,
                    &errors("TOPIC_AUTHORIZATION_FAILED"),
                    refusals.fold(always(0.0), |line, (minute, number)| line.then(minute, number.into())),
                )
        };
        vec![
            self.with(
                "all requests of the only producer fail, which writes every seven minutes",
                |scenario| refused(scenario).fires("KafkaProduceFailing", 30 + 30, 30 + 38, 119),
            ),
            self.with(
                "one request fails of a producer that writes every seven minutes",
                |scenario| {
                    scenario
                        .line(&broker::ERRORS, &errors("NONE"), Line::steps(1.0, 7, 120))
                        .line(&broker::ERRORS, &errors("REQUEST_TIMED_OUT"), always(3.0).then(60, 4.0))
                },
            ),
            self.with("the only request of two hours fails", |scenario| {
                scenario.line(&broker::ERRORS, &errors("NONE"), always(12.0)).line(
                    &broker::ERRORS,
                    &errors("TOPIC_AUTHORIZATION_FAILED"),
                    always(3.0).then(60, 4.0),
                )
            }),
        ]
    }

    /// Unclean elections, and pods that are away.
    fn elections(&self) -> Vec<Scenario> {
        let last = self.pods.first().copied().unwrap_or_default();
        let of_last = [("pod", last)];
        let mut scenarios = Vec::new();
        scenarios.push(self.with("an unclean election", |scenario| {
            candidates(self.kafka)
                .fold(scenario, |scenario, pod| {
                    scenario.line(
                        &controller::UNCLEAN_ELECTIONS,
                        &[("pod", pod)],
                        always(0.0).then(30, 1.0),
                    )
                })
                // For an hour after it is over.
                .fires("KafkaUncleanLeaderElection", 29, 32, 95)
        }));
        scenarios.push(
            self.stops(
                self.with(
                    "an unclean election that a controller counted before its first scrape",
                    |scenario| scenario.line(&controller::UNCLEAN_ELECTIONS, &of_last, always(0.0)),
                ),
                last,
                30.0,
                32.0,
            )
            .line(
                &controller::UNCLEAN_ELECTIONS,
                &of_last,
                always(0.0).gone(30, 32).then(32, 1.0),
            )
            .fires("KafkaUncleanLeaderElection", 31, 34, 95),
        );
        scenarios.push(
            self.with("a controller restarts after an old unclean election", |scenario| {
                scenario.line(
                    &controller::UNCLEAN_ELECTIONS,
                    &of_last,
                    always(3.0).gone(30, 32).then(32, 0.0),
                )
            }),
        );
        if let Some(controller) = self.kafka.nodes().iter().find(|node| !node.broker) {
            scenarios.push(
                self.with("a dedicated controller is away for an hour", |scenario| {
                    scenario.change("pod", &controller.pod, |_, line| line.gone(20, 80))
                })
                .fires("KafkaPodsMissing", 20 + 14, 20 + 22, 79),
            );
        }
        scenarios.push(
            self.stops(
                self.healthy("the pod of a broker cannot be scheduled", 2 * HOUR),
                last,
                20.0,
                80.0,
            )
            .change("pod", last, |metric, line| {
                if metric == target::UP.name {
                    always(1.0).gone(20, 80)
                } else {
                    line
                }
            })
            .fires("KafkaBrokerDown", 24, 27, 79)
            .fires("KafkaUnderReplicatedPartitions", 29, 32, 79)
            .fires("KafkaPodsMissing", 20 + 14, 20 + 22, 79),
        );
        if !self.zookeeper()
            && let Some(last) = scenarios.pop()
        {
            scenarios.push(last.fires("KafkaFencedBrokers", 24, 27, 79));
        }
        scenarios
    }

    /// Volumes fill; none for a cluster without claims.
    fn volumes(&self) -> Vec<Scenario> {
        let Some(claim) = self.sources.claims().into_iter().next() else {
            return Vec::new();
        };
        let used = |name: &str, hours: u32, percent: Line| {
            // What is available, of a volume of 100.
            let labels = [("persistentvolumeclaim", claim.as_str())];
            self.healthy(name, hours * HOUR)
                .line(&kubelet::VOLUME_CAPACITY, &labels, always(100.0))
                .line(&kubelet::VOLUME_AVAILABLE, &labels, percent)
        };
        vec![
            used(
                "a new cluster fills its volume to a tenth in a day",
                5,
                always(96.0).grows(60, -10.0 / f64::from(24 * HOUR)),
            ),
            used(
                "a volume fills within some hours",
                5,
                // 10 % per hour from 40 % used on.
                always(60.0).grows(30, -10.0 / f64::from(HOUR)),
            )
            .fires("KafkaDiskFullSoon", 90, 150, 299)
            .fires("KafkaDiskUsageHigh", 270 + 5, 270 + 15, 299),
            used(
                "two clusters of one name, one with a full volume",
                2,
                always(60.0).then(30, 3.0),
            )
            .beside(KUBERNETES, "another", used("", 2, always(60.0)))
            .fires("KafkaDiskAlmostFull", 31, 35, 119)
            .fires("KafkaDiskUsageHigh", 35, 45, 119)
            .fires("KafkaDiskFullSoon", 58, 65, 88)
            .over(95),
            used("a volume is full at once", 2, always(60.0).then(30, 3.0))
                .fires("KafkaDiskAlmostFull", 31, 35, 119)
                .fires("KafkaDiskUsageHigh", 35, 45, 119)
                .fires("KafkaDiskFullSoon", 58, 65, 88)
                .over(95),
            used(
                "the growth of a volume has ended",
                6,
                // 10 % per hour from 48 % used on, for three hours.
                always(52.0)
                    .grows(60, -10.0 / f64::from(HOUR))
                    .then(60 + 3 * HOUR, 22.0),
            )
            .fires("KafkaDiskFullSoon", 95, 135, 60 + 3 * HOUR + 55)
            .over(60 + 4 * HOUR + 5),
            // Without a day in which it was as full, nothing tells the first rise from growth that goes on.
            used(
                "a volume fills by day and empties by night",
                25,
                // From 70 % to 55 % within 16 hours, and back within eight.
                always(30.0)
                    .grows(0, 15.0 / f64::from(16 * HOUR))
                    .grows(16 * HOUR, -15.0 / f64::from(8 * HOUR))
                    .then(24 * HOUR, 30.0),
            ),
            used(
                "a volume is lost, and is filled again within an hour and a half",
                8,
                always(42.0).then(120, 100.0).grows(120, -58.0 / 90.0).then(210, 42.0),
            ),
        ]
    }
}

fn in_minutes(duration: Duration) -> u32 {
    u32::try_from(duration.as_seconds() / 60).unwrap_or(u32::MAX)
}

/// The exporter is away for 2 of every 4 minutes.
fn flapping(scenario: Scenario) -> Scenario {
    (0..28).fold(scenario, |scenario, number| {
        let from = 5.0 + 4.0 * f64::from(number);
        Cluster::exporter_fails(scenario, from, from + 2.0)
    })
}

/// All pods of the cluster stop at once.
fn all_gone(cluster: &Cluster<'_>) -> Scenario {
    let nodes = cluster.kafka.nodes();
    let mut scenario = cluster.healthy("all pods of the cluster stop", 2 * HOUR);
    for node in nodes {
        scenario = scenario.change("pod", &node.pod, |metric, line| {
            if metric == target::UP.name {
                line.then(20, 0.0)
            } else {
                line.gone(20, 120)
            }
        });
    }
    let scenario = scenario.change("pod", EXPORTER, |metric, line| {
        if metric == target::UP.name {
            line.then(20, 0.0)
        } else {
            line.gone(20, 120)
        }
    });
    scenario
        .fires("KafkaBrokerDown", 24, 26, 119)
        .fires("KafkaScrapeFailing", 24, 26, 119)
        .several(u32::try_from(nodes.len() + 1).unwrap_or(u32::MAX))
}

/// A second node also claims to be the active controller.
fn active_twice(cluster: &Cluster<'_>) -> Scenario {
    let scenario = cluster.healthy("two active controllers", 2 * HOUR);
    let Some(second) = candidates(cluster.kafka).nth(1) else {
        return scenario;
    };
    scenario
        .change("pod", second, |metric, line| match metric {
            _ if metric == controller::ACTIVE_CONTROLLERS.name => line.then(20, 1.0),
            _ if metric == controller::ACTIVE_BROKERS.name => always(cluster.brokers),
            _ => line,
        })
        .fires("KafkaSeveralActiveControllers", 24, 26, 119)
}

/// In a rolling restart the second broker does not come back.
fn hanging_roll(cluster: &Cluster<'_>) -> Scenario {
    let scenario = cluster.healthy("a rolling restart that hangs", 2 * HOUR);
    let [first, second, ..] = cluster.pods[..] else {
        return scenario;
    };
    let scenario = cluster.stops(scenario, first, 20.0, 23.0);
    // Its replicas are told of later: they may be those of the first one.
    let silent = in_minutes(replicas_return(cluster.kafka));
    let scenario = cluster
        .stops(scenario, second, 24.0, 120.0)
        .fires("KafkaBrokerDown", 29, 42, 119)
        .fires("KafkaUnderReplicatedPartitions", 20 + silent + 5, 20 + silent + 12, 119)
        .fires("KafkaScrapeFailing", 28, 31, 119);
    if cluster.zookeeper() {
        scenario
    } else {
        scenario.fires("KafkaFencedBrokers", 28, 42, 119)
    }
}

/// A broker is lost for good, and another one is restarted meanwhile, more than once: that is no rolling restart.
fn restarted_beside_a_lost_one(cluster: &Cluster<'_>) -> Scenario {
    const ALL: u32 = 3 * HOUR;
    let scenario = cluster.healthy("a broker is lost, and another one restarts again and again", ALL);
    let [lost, other, ..] = cluster.pods[..] else {
        return scenario;
    };
    let scenario = cluster.stops(scenario, lost, 20.0, ALL.into());
    let scenario = (0..3_u32).fold(scenario, |scenario, number| {
        let stop = f64::from(60 + 20 * number);
        cluster.stops(scenario, other, stop, stop + 2.0)
    });
    let scenario = scenario
        .fires("KafkaBrokerDown", 24, 27, ALL - 1)
        .fires("KafkaUnderReplicatedPartitions", 29, 32, ALL - 1)
        .fires("KafkaScrapeFailing", 24, 27, ALL - 1);
    if cluster.zookeeper() {
        scenario
    } else {
        scenario.fires("KafkaFencedBrokers", 24, 27, ALL - 1)
    }
}

/// A broker dies, is back soon, and dies again; and rolling restarts of a busy day.
fn restarts_often(cluster: &Cluster<'_>) -> Vec<Scenario> {
    const ALL: u32 = 8 * HOUR;
    let times = |name: &str, number: u32, every: u32| {
        (0..number).fold(cluster.healthy(name, ALL), |scenario, number| {
            let stop = f64::from(20 + every * number);
            cluster.stops(scenario, cluster.last(), stop, stop + 2.0)
        })
    };
    // The fourth restart.
    let fourth = 20 + 3 * 50 + 2;
    vec![
        times("a broker dies every 50 minutes", 8, 50).fires("KafkaBrokerRestarts", fourth - 1, fourth + 2, ALL - 1),
        times("a broker restarts three times in a working day", 3, 120),
    ]
}
