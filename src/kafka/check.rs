//! Checks of a cluster, for mistakes that its types do not rule out.

use std::collections::BTreeSet;

use super::{
    cluster::{Coordination, KafkaCluster},
    listener::Listener,
    pool::{NodePool, Roles},
};
use crate::{
    catalogue::Role,
    construct::Check,
    diagnostics::{
        Diagnostic, Rule,
        rules::{capacity, kraft, stack},
    },
    name::ClusterId,
    settings::Reader,
    workload::{METRICS_PORT, check_rolling_updates},
};

impl KafkaCluster {
    pub(crate) fn check_all(&self, check: &mut Check<'_>) {
        if let Some(cluster_id) = self.cluster_id()
            && let Err(error) = ClusterId::parse(cluster_id)
        {
            check.report(&kraft::CLUSTER_ID, format!("cluster id {error}"), |finding| {
                finding.hint("make one with `kafka-storage random-uuid` and pass it to `KafkaCluster::kraft`");
            });
        }
        if let Some(zookeeper) = self.ensemble() {
            zookeeper.check(check);
        }
        if self.images.version() != self.version {
            let (images, cluster) = (self.images.version(), self.version);
            check.report(
                &kraft::IMAGE_VERSION,
                format!("the images contain Kafka {images}, the cluster is {cluster}"),
                |finding| {
                    finding.hint("use the same version in `.images(…)` and `KafkaCluster::kraft(…)`");
                },
            );
        }
        if self.images.kafka().contains("kafka-native") {
            check.report(
                &kraft::NATIVE_IMAGE,
                format!("image `{}` is experimental and has no tools", self.images.kafka()),
                |finding| {
                    finding.hint("use `.images(ImageSet::apache(…))` or `ImageSet::confluent(…)` as they are");
                },
            );
        }
        self.check_finalized(check);
        self.options.check(check, "", self.meta.location);
        check_rolling_updates(check);
        self.check_roles(check);
        self.check_listeners(check);
        self.check_security(check);
        self.check_outside(check);
        self.check_settings(check);
        self.check_zones(check);
        for pool in &self.pools {
            pool.options.check(check, &pool.name, pool.location);
            if let Some(refusal) = pool
                .machine
                .as_ref()
                .and_then(|machine| machine.refusal(pool.resources))
            {
                let message = format!("each pod of pool `{}` {refusal}", pool.name);
                report(check, &capacity::MACHINE, pool, message, |finding| {
                    finding.hint("request less in `.resources(…)`, or name a larger machine in `.machine(…)`");
                });
            }
        }
    }

    fn check_roles(&self, check: &mut Check<'_>) {
        for pool in &self.pools {
            if pool.replicas == 0 {
                report(
                    check,
                    &kraft::NO_NODES,
                    pool,
                    format!("pool `{}` has no nodes", pool.name),
                    |finding| {
                        finding.hint("give the pool at least one node, or remove it");
                    },
                );
            }
            if matches!(self.coordination, Coordination::Migration { .. }) && pool.roles == Roles::Combined {
                report(
                    check,
                    &kraft::ROLES_OF_MODE,
                    pool,
                    format!(
                        "pool `{}` has combined nodes, and a cluster that migrates has brokers and controllers",
                        pool.name
                    ),
                    |finding| {
                        finding.hint(
                            "use `NodePool::controllers(…)` for the new nodes, and leave the brokers as they are",
                        );
                    },
                );
            }
            if !self.has_controllers() && pool.roles.controller() {
                report(
                    check,
                    &kraft::ROLES_OF_MODE,
                    pool,
                    format!("pool `{}` has controllers, but the cluster uses ZooKeeper", pool.name),
                    |finding| {
                        finding.hint("make it `NodePool::brokers(…)`, or the cluster `KafkaCluster::kraft(…)`");
                    },
                );
            }
        }
        if self.count(Roles::broker) == 0 {
            check.report(&kraft::NO_NODES, "the cluster has no brokers", |finding| {
                finding.hint("add `.pool(NodePool::combined(…, 3))` or `.pool(NodePool::brokers(…, 3))`");
            });
        }
        if !self.has_controllers() {
            check.report(
                &kraft::ZOOKEEPER_MODE,
                "the cluster keeps its metadata in ZooKeeper, which Kafka 4.0 removed",
                |finding| {
                    finding.hint("use `KafkaCluster::kraft(…)`, or acknowledge it with the plan for the migration");
                },
            );
            return;
        }
        if self.count(Roles::controller) == 0 {
            check.report(&kraft::NO_NODES, "the cluster has no controllers", |finding| {
                finding.hint("add `.pool(NodePool::controllers(…, 3))`");
            });
        }
        for pool in self.pools.iter().filter(|pool| pool.roles == Roles::Combined) {
            report(
                check,
                &kraft::COMBINED,
                pool,
                format!("each node of pool `{}` is both broker and controller", pool.name),
                |finding| {
                    finding.hint(format!(
                        "split it into `NodePool::controllers(\"{0}-controller\", 3)` and `NodePool::brokers(\"{0}\", {1})`, or acknowledge it",
                        pool.name,
                        pool.replicas.max(3)
                    ));
                },
            );
        }
    }

    fn check_listeners(&self, check: &mut Check<'_>) {
        let mut names: BTreeSet<String> =
            [Listener::CONTROLLER.0.to_owned(), Listener::REPLICATION.0.to_owned()].into();
        let mut ports: BTreeSet<u16> = [Listener::CONTROLLER.1, Listener::REPLICATION.1, METRICS_PORT].into();
        for (name, port) in self.of_controllers() {
            names.insert((*name).to_owned());
            ports.insert(*port);
        }
        if self.tls.is_some() {
            names.insert(Listener::PLATFORM.0.to_owned());
            ports.insert(Listener::PLATFORM.1);
        }
        for listener in self.client_listeners() {
            let Listener { name, port, .. } = listener;
            let valid = !name.is_empty()
                && name.len() <= 11
                && name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.ends_with(|c: char| c != '_')
                && !name.contains("__")
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let problem = if !valid {
                Some(format!(
                    "listener name `{name}` is not 1 to 11 capitals, digits and single `_`"
                ))
            } else if port == 0 {
                Some(format!("listener `{name}` has port 0"))
            } else if !names.insert(name.clone()) {
                Some(format!("listener name `{name}` is taken"))
            } else if !ports.insert(port) {
                Some(format!("port {port} of listener `{name}` is taken"))
            } else {
                None
            };
            if let Some(problem) = problem {
                check.report(&kraft::LISTENERS, problem, |finding| {
                    finding.hint("choose another name or port in `Listener::plaintext(…)`");
                });
            }
        }
    }

    fn check_zones(&self, check: &mut Check<'_>) {
        for pool in &self.pools {
            let of_a_label = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if let Some(zone) = &pool.zone
                && (zone.is_empty() || zone.len() > 63 || !zone.chars().all(of_a_label))
            {
                report(
                    check,
                    &stack::NAME,
                    pool,
                    format!("zone `{zone}` cannot be the value of a label"),
                    |finding| {
                        finding.hint("give `.zone(…)` the value of the machines' label `topology.kubernetes.io/zone`");
                    },
                );
            }
        }
    }

    fn check_settings(&self, check: &mut Check<'_>) {
        let reader = Reader {
            role: Role::Broker,
            version: self.images.version(),
            item: "",
        };
        if let Some(pool) = self.pools.first() {
            reader.check(check, &self.server_settings(check.context(), pool));
        }
    }
}

fn report(
    check: &mut Check<'_>,
    rule: &'static Rule,
    pool: &NodePool,
    message: String,
    describe: impl FnOnce(&mut Diagnostic),
) {
    check.report(rule, message, |finding| {
        finding.item(&pool.name).at(pool.location);
        describe(finding);
    });
}
