//! What each phase from an open cluster to a closed one makes of its listeners.

use super::{
    cluster::KafkaCluster,
    listener::{Listener, Protocol},
    tls_rollout::TlsRollout,
};
use crate::{construct::Check, diagnostics::rules::security, security::Issuer};

impl KafkaCluster {
    /// Gives a running cluster without TLS what [`KafkaCluster::internal_tls`] gives a new one, in phases without an outage. After
    /// [`TlsRollout::Returned`] make it `.internal_tls(…)`.
    ///
    /// Until [`TlsRollout::Closed`] the cluster may have plaintext listeners for clients beside others and
    /// [`KafkaCluster::authorization`]: who connects to these is a super user, `User:ANONYMOUS`, so that clients go on until they have
    /// moved to a listener on which they show who they are.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .tls_rollout(TlsRollout::Offered, Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::plaintext("CLIENT", 9092))
    ///         .listener(Listener::tls("SECURE", 9094).scram())
    ///         .authorization(),
    /// );
    /// assert_eq!(kafka.bootstrap_servers(), "kafka.kafka.svc.cluster.local:9092", "everything still uses plaintext");
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let controllers = manifests.get("kafka/configmap-kafka-controller.yaml").unwrap();
    /// assert!(controllers.contains("listeners=CONTROLLER://:9093,QUORUM://:9089"));
    /// assert!(controllers.contains("listener.security.protocol.map=CONTROLLER:PLAINTEXT,QUORUM:SSL"));
    /// ```
    pub fn tls_rollout(mut self, phase: TlsRollout, issuer: Issuer) -> Self {
        self.rollout = Some(phase);
        self.internal_tls(issuer)
    }

    /// The protocol of `CONTROLLER` and `REPLICATION`.
    pub(super) fn protocol_of_nodes(&self) -> Protocol {
        match self.rollout {
            Some(phase) if phase < TlsRollout::Closed => Protocol::Plaintext,
            _ if self.tls.is_some() => Protocol::Tls,
            _ => Protocol::Plaintext,
        }
    }

    /// Whether nodes, and what belongs to the stack, connect by TLS.
    pub(super) fn uses_tls(&self) -> bool {
        self.tls.is_some() && self.rollout != Some(TlsRollout::Offered)
    }

    /// The listener by which brokers connect to each other.
    pub(super) const fn between_brokers(&self) -> (&'static str, u16) {
        match self.rollout {
            Some(TlsRollout::Used | TlsRollout::Closed) => Listener::PLATFORM,
            None | Some(TlsRollout::Offered | TlsRollout::Returned) => Listener::REPLICATION,
        }
    }

    /// The listeners of a controller, in the order of `controller.listener.names`: nodes connect to the first.
    pub(super) const fn of_controllers(&self) -> &'static [(&'static str, u16)] {
        match self.rollout {
            None => &[Listener::CONTROLLER],
            Some(TlsRollout::Offered | TlsRollout::Returned) => &[Listener::CONTROLLER, Listener::QUORUM],
            Some(TlsRollout::Used | TlsRollout::Closed) => &[Listener::QUORUM, Listener::CONTROLLER],
        }
    }

    /// Whether clients and nodes that show no identity may do everything, because they are on their way.
    pub(super) fn admits_anonymous(&self) -> bool {
        self.rollout.is_some_and(|phase| phase < TlsRollout::Closed)
    }

    /// Reports what a phase lacks.
    pub(super) fn check_rollout(&self, check: &mut Check<'_>) {
        let plaintext = |listener: &Listener| listener.protocol == Protocol::Plaintext;
        if self.rollout == Some(TlsRollout::Offered) && !self.inside_listeners().any(|listener| plaintext(&listener)) {
            let message = "in the phase `Offered` nothing uses TLS yet, and no listener is for clients in plaintext";
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.hint("keep the listener that clients use now, as `Listener::plaintext(\"CLIENT\", 9092)`");
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use insta::assert_snapshot;

    use super::*;
    use crate::{
        prelude::{Connect, NodePool, Permissions, Stack, Version, ZooKeeper, synth},
        settings::Properties,
    };

    /// What a running cluster goes through: open, the phases, closed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum State {
        Open,
        Phase(TlsRollout),
        Closed,
    }

    const WAY: [State; 6] = [
        State::Open,
        State::Phase(TlsRollout::Offered),
        State::Phase(TlsRollout::Used),
        State::Phase(TlsRollout::Closed),
        State::Phase(TlsRollout::Returned),
        State::Closed,
    ];

    fn of(state: State, cluster: KafkaCluster) -> KafkaCluster {
        let issuer = || Issuer::in_namespace("ca");
        let (plaintext, secure) = (
            Listener::plaintext("CLIENT", 9092),
            Listener::tls("SECURE", 9094).scram(),
        );
        match state {
            State::Open => cluster.listener(plaintext),
            State::Phase(phase) if phase < TlsRollout::Closed => cluster
                .tls_rollout(phase, issuer())
                .listener(plaintext)
                .listener(secure)
                .authorization(),
            State::Phase(phase) => cluster.tls_rollout(phase, issuer()).listener(secure).authorization(),
            State::Closed => cluster.internal_tls(issuer()).listener(secure).authorization(),
        }
    }

    fn combined() -> KafkaCluster {
        KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("k", 3))
    }

    fn apart() -> KafkaCluster {
        KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("c", 3))
            .pool(NodePool::brokers("k", 3))
    }

    /// The files of all pools.
    fn files(cluster: &KafkaCluster) -> Vec<Properties> {
        let stack = Stack::new("test", "streams");
        let pools = cluster.pools.iter();
        pools
            .map(|pool| cluster.server_properties(stack.context(), pool))
            .collect()
    }

    fn list<'p>(file: &'p Properties, key: &str) -> Vec<&'p str> {
        file.get(key).map(|text| text.split(',').collect()).unwrap_or_default()
    }

    /// Port and protocol of what a node serves, for brokers with the name by which they are looked up.
    fn served(file: &Properties) -> BTreeSet<(String, String, String)> {
        let protocol = |name: &str| {
            let mut map = list(file, "listener.security.protocol.map").into_iter();
            map.find_map(|entry| entry.strip_prefix(&format!("{name}:")).map(str::to_owned))
                .unwrap()
        };
        let all = list(file, "listeners").into_iter();
        all.map(|entry| {
            let (name, port) = entry.split_once("://:").unwrap();
            (name.to_owned(), port.to_owned(), protocol(name))
        })
        .collect()
    }

    /// Whether a node with the one file reaches a node with the other, as a broker and as a controller.
    fn reaches(from: &Properties, to: &Properties) -> bool {
        let protocol = |name: &str| {
            let mut map = list(from, "listener.security.protocol.map").into_iter();
            map.find_map(|entry| entry.strip_prefix(&format!("{name}:")).map(str::to_owned))
                .unwrap()
        };
        let (broker, controller) = (
            to.get("process.roles").unwrap().contains("broker"),
            to.get("process.roles").unwrap().contains("controller"),
        );
        let between = from.get("inter.broker.listener.name").is_none_or(|name| {
            let mut all = served(to).into_iter();
            !broker || all.any(|(served, _, spoken)| served == name && spoken == protocol(name))
        });
        let dialled = list(from, "controller.listener.names")[0];
        let port = list(from, "controller.quorum.voters")[0].rsplit(':').next().unwrap();
        let quorum = !controller
            || served(to)
                .into_iter()
                .any(|(_, served, spoken)| served == port && spoken == protocol(dialled));
        between && quorum
    }

    #[test]
    fn nodes_reach_each_other_from_each_phase_to_the_next_and_back_and_in_no_other_step() {
        for cluster in [combined, apart] {
            for (at, before) in WAY.into_iter().enumerate() {
                for (then, after) in WAY.into_iter().enumerate() {
                    let [before_files, after_files] = [before, after].map(|state| files(&of(state, cluster())));
                    let all = || before_files.iter().chain(&after_files);
                    let reach = all().all(|from| all().all(|to| reaches(from, to)));
                    assert_eq!(reach, at.abs_diff(then) <= 1, "{before:?} to {after:?}");
                }
            }
        }
    }

    #[test]
    fn the_end_is_a_cluster_that_was_closed_from_the_beginning() {
        let born = of(State::Closed, apart());
        assert_eq!(born.rollout, None);
        let text = files(&born).iter().map(Properties::to_text).collect::<String>();
        assert!(!text.contains("QUORUM") && !text.contains("ANONYMOUS"), "{text}");
    }

    #[test]
    fn each_phase_changes_what_nodes_serve_or_what_they_connect_to() {
        let about = [
            "inter.broker",
            "controller.",
            "protocol.map",
            "super.users",
            "listeners=",
        ];
        let said = TlsRollout::ALL.map(|phase| {
            let file = &files(&of(State::Phase(phase), combined()))[0];
            let text = file.to_text().replace(".k-headless.streams.svc.cluster.local", "");
            let lines = text.lines().filter(|line| about.iter().any(|word| line.contains(word)));
            lines.fold(format!("{phase:?}\n"), |said, line| said + line + "\n")
        });
        assert_snapshot!(said.join("\n"), @r"
        Offered
        advertised.listeners=CLIENT://${env:POD_NAME}:9092,SECURE://${env:POD_NAME}:9094,REPLICATION://${env:POD_NAME}:9091,PLATFORM://${env:POD_NAME}:9090
        controller.listener.names=CONTROLLER,QUORUM
        controller.quorum.voters=0@k-0:9093,1@k-1:9093,2@k-2:9093
        inter.broker.listener.name=REPLICATION
        listener.security.protocol.map=CLIENT:PLAINTEXT,SECURE:SASL_SSL,REPLICATION:PLAINTEXT,PLATFORM:SSL,CONTROLLER:PLAINTEXT,QUORUM:SSL
        listeners=CLIENT://:9092,SECURE://:9094,REPLICATION://:9091,PLATFORM://:9090,CONTROLLER://:9093,QUORUM://:9089
        super.users=User:platform:node.k;User:platform:admin;User:ANONYMOUS

        Used
        advertised.listeners=CLIENT://${env:POD_NAME}:9092,SECURE://${env:POD_NAME}:9094,REPLICATION://${env:POD_NAME}:9091,PLATFORM://${env:POD_NAME}:9090
        controller.listener.names=QUORUM,CONTROLLER
        controller.quorum.voters=0@k-0:9089,1@k-1:9089,2@k-2:9089
        inter.broker.listener.name=PLATFORM
        listener.security.protocol.map=CLIENT:PLAINTEXT,SECURE:SASL_SSL,REPLICATION:PLAINTEXT,PLATFORM:SSL,CONTROLLER:PLAINTEXT,QUORUM:SSL
        listeners=CLIENT://:9092,SECURE://:9094,REPLICATION://:9091,PLATFORM://:9090,CONTROLLER://:9093,QUORUM://:9089
        super.users=User:platform:node.k;User:platform:admin;User:ANONYMOUS

        Closed
        advertised.listeners=SECURE://${env:POD_NAME}:9094,REPLICATION://${env:POD_NAME}:9091,PLATFORM://${env:POD_NAME}:9090
        controller.listener.names=QUORUM,CONTROLLER
        controller.quorum.voters=0@k-0:9089,1@k-1:9089,2@k-2:9089
        inter.broker.listener.name=PLATFORM
        listener.name.controller.ssl.client.auth=required
        listener.security.protocol.map=SECURE:SASL_SSL,REPLICATION:SSL,PLATFORM:SSL,CONTROLLER:SSL,QUORUM:SSL
        listeners=SECURE://:9094,REPLICATION://:9091,PLATFORM://:9090,CONTROLLER://:9093,QUORUM://:9089
        super.users=User:platform:node.k;User:platform:admin

        Returned
        advertised.listeners=SECURE://${env:POD_NAME}:9094,REPLICATION://${env:POD_NAME}:9091,PLATFORM://${env:POD_NAME}:9090
        controller.listener.names=CONTROLLER,QUORUM
        controller.quorum.voters=0@k-0:9093,1@k-1:9093,2@k-2:9093
        inter.broker.listener.name=REPLICATION
        listener.name.controller.ssl.client.auth=required
        listener.security.protocol.map=SECURE:SASL_SSL,REPLICATION:SSL,PLATFORM:SSL,CONTROLLER:SSL,QUORUM:SSL
        listeners=SECURE://:9094,REPLICATION://:9091,PLATFORM://:9090,CONTROLLER://:9093,QUORUM://:9089
        super.users=User:platform:node.k;User:platform:admin
        ");
    }

    #[test]
    fn brokers_have_the_listener_of_controllers_that_they_connect_to() {
        let names = TlsRollout::ALL.map(|phase| {
            let file = &files(&of(State::Phase(phase), apart()))[1];
            file.get("controller.listener.names").unwrap().to_owned()
        });
        assert_eq!(names, ["CONTROLLER", "QUORUM", "QUORUM", "CONTROLLER"]);
    }

    /// What is wrong with a stack of this cluster, with the hints.
    fn findings(cluster: KafkaCluster) -> String {
        let mut stack = Stack::new("test", "streams");
        stack.add(cluster);
        let found = synth(&stack).findings;
        let found = found.iter().filter(|finding| finding.rule.id.starts_with("KS-X"));
        let lines = found.map(|finding| {
            let hint = &finding.hint;
            format!("{} {}\n    {hint}\n", finding.rule.id, finding.message)
        });
        lines.collect()
    }

    #[test]
    fn what_is_open_for_a_while_is_said_with_the_next_phase() {
        let said = WAY.map(|state| format!("{state:?}\n{}", findings(of(state, apart()))));
        assert_snapshot!(said.join("\n"), @r"
        Open
        KS-X10 clients connect to listener `CLIENT` in plaintext: whoever reaches it may read, write and delete everything
            close it with `.internal_tls(…)`, `.listener(Listener::tls(…).scram())` and `.authorization()`; a cluster that runs needs `.tls_rollout(TlsRollout::Offered, …)` first

        Phase(Offered)
        KS-X06 everyone who connects without an identity is a super user
            once all pods have restarted, go on to `TlsRollout::Used`; the clients move then
        KS-X10 clients connect to listener `CLIENT` in plaintext: whoever reaches it may read, write and delete everything
            once all pods have restarted, go on to `TlsRollout::Used`; the clients move then

        Phase(Used)
        KS-X06 everyone who connects without an identity is a super user
            move the clients to a listener of `Listener::tls(…)`; when no one uses plaintext, remove its listener and go on to `TlsRollout::Closed`
        KS-X10 clients connect to listener `CLIENT` in plaintext: whoever reaches it may read, write and delete everything
            move the clients to a listener of `Listener::tls(…)`; when no one uses plaintext, remove its listener and go on to `TlsRollout::Closed`

        Phase(Closed)

        Phase(Returned)

        Closed
        ");
    }

    #[test]
    fn phases_that_cannot_work_are_refused() {
        let issuer = || Issuer::in_namespace("ca");
        let plaintext = || Listener::plaintext("CLIENT", 9092);
        let secure = || Listener::tls("SECURE", 9094).scram();
        let offered = || apart().tls_rollout(TlsRollout::Offered, issuer());
        let without = findings(offered().listener(secure()).authorization());
        let closed = apart().tls_rollout(TlsRollout::Closed, issuer());
        let too_early = findings(closed.listener(plaintext()).listener(secure()).authorization());
        let mut stack = Stack::new("test", "streams");
        let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
        let old = KafkaCluster::zookeeper("k", &zookeeper).pool(NodePool::brokers("k", 3));
        stack.add(old.tls_rollout(TlsRollout::Offered, issuer()));
        assert!(synth(&stack).findings.iter().any(|finding| finding.rule.id == "KS-X01"));
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(of(State::Phase(TlsRollout::Offered), apart()));
        stack.add(Permissions::new("permissions", &kafka));
        let found = synth(&stack).findings;
        let users = found
            .iter()
            .find(|finding| finding.place.construct == "permissions")
            .unwrap();
        let users = format!("{} {}\n    {}\n", users.rule.id, users.message, users.hint);
        let taken = {
            let mut stack = Stack::new("test", "streams");
            stack.add(offered().listener(Listener::plaintext("CLIENT", 9089)));
            let found = synth(&stack).findings;
            let taken = found.iter().find(|finding| finding.message.contains("9089")).unwrap();
            format!("{} {}\n", taken.rule.id, taken.message)
        };
        assert_snapshot!([without, too_early, users, taken].join("\n"), @r#"
        KS-X01 in the phase `Offered` nothing uses TLS yet, and no listener is for clients in plaintext
            keep the listener that clients use now, as `Listener::plaintext("CLIENT", 9092)`
        KS-X06 everyone who connects without an identity is a super user
            once all pods have restarted, go on to `TlsRollout::Used`; the clients move then
        KS-X10 brokers copy partitions over listener `REPLICATION` in plaintext: whoever reaches it may read, write and delete everything
            once all pods have restarted, go on to `TlsRollout::Used`; the clients move then

        KS-X01 clients of the plaintext listener `CLIENT` are `User:ANONYMOUS`, and the authorizer refuses all their requests
            remove it once no client uses it, and stay at `TlsRollout::Used` until then
        KS-X10 clients connect to listener `CLIENT` in plaintext: whoever can watch the network reads what is written and read
            close it with `.internal_tls(…)`, `.listener(Listener::tls(…).scram())` and `.authorization()`; a cluster that runs needs `.tls_rollout(TlsRollout::Offered, …)` first

        KS-X01 everything connects to `k` in plaintext, as no user
            add them with the next phase, `TlsRollout::Used`

        KS-K14 port 9089 of listener `CLIENT` is taken
        "#);
    }

    /// The lines of a file with these keys, each up to the first comma.
    fn lines_of(text: &str, keys: &[&str]) -> String {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.contains("''") && keys.iter().any(|key| line.starts_with(key)));
        let lines = lines.map(|line| line.split(',').next().unwrap_or_default());
        lines.fold(String::new(), |text, line| format!("{text}    {line}\n"))
    }

    #[test]
    fn what_belongs_to_the_stack_connects_to_what_all_nodes_have() {
        let said = WAY.map(|state| {
            let mut stack = Stack::new("test", "streams");
            let kafka = stack.add(of(state, apart()));
            let connect = stack.add(Connect::new("connect", &kafka));
            let closed = !matches!(state, State::Open | State::Phase(TlsRollout::Offered));
            if closed {
                stack.add(Permissions::new("permissions", &kafka).of(&connect));
            }
            let manifests = synth(&stack).manifests.unwrap();
            let file = |path: &str, keys: &[&str]| lines_of(manifests.get(path).unwrap(), keys);
            let worker = file(
                "connect/configmap-connect.yaml",
                &["bootstrap.servers", "security.protocol"],
            );
            let gate = ["BROKERS=", "CONTROLLERS=", "COMMAND_CONFIG="];
            let gates = ["k/configmap-k.yaml", "k/configmap-c.yaml"].map(|path| file(path, &gate));
            let tools = [kafka.tool_arguments(), kafka.quorum_arguments()];
            let tools = tools.map(|arguments| {
                let (first, secured) = (arguments.split(',').next(), arguments.contains("--command-config"));
                format!("    {}{}\n", first.unwrap_or_default(), if secured { " …" } else { "" })
            });
            let [of_brokers, of_controllers] = gates;
            let text = format!(
                "{state:?}\n{worker}  gates\n{of_brokers}{of_controllers}  tools\n{}",
                tools.concat()
            );
            text.replace(".streams.svc.cluster.local", "")
        });
        assert_snapshot!(said.join("\n"), @r"
        Open
            bootstrap.servers=k:9092
          gates
            BROKERS=k-0.k-headless:9091
            CONTROLLERS=c-100.k-headless:9093
          tools
            k:9092
            c-100.k-headless:9093

        Phase(Offered)
            bootstrap.servers=k:9092
          gates
            BROKERS=k-0.k-headless:9091
            CONTROLLERS=c-100.k-headless:9093
          tools
            k:9092
            c-100.k-headless:9093

        Phase(Used)
            security.protocol=SASL_SSL
            bootstrap.servers=k:9094
            security.protocol=SASL_SSL
          gates
            BROKERS=k-0.k-headless:9090
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            CONTROLLERS=c-100.k-headless:9089
          tools
            k:9090 --command-config /etc/kafka-stacks/client.properties …
            c-100.k-headless:9089 …

        Phase(Closed)
            security.protocol=SASL_SSL
            bootstrap.servers=k:9094
            security.protocol=SASL_SSL
          gates
            BROKERS=k-0.k-headless:9090
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            CONTROLLERS=c-100.k-headless:9089
          tools
            k:9090 --command-config /etc/kafka-stacks/client.properties …
            c-100.k-headless:9089 …

        Phase(Returned)
            security.protocol=SASL_SSL
            bootstrap.servers=k:9094
            security.protocol=SASL_SSL
          gates
            BROKERS=k-0.k-headless:9091
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            CONTROLLERS=c-100.k-headless:9093
          tools
            k:9090 --command-config /etc/kafka-stacks/client.properties …
            c-100.k-headless:9093 …

        Closed
            security.protocol=SASL_SSL
            bootstrap.servers=k:9094
            security.protocol=SASL_SSL
          gates
            BROKERS=k-0.k-headless:9091
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            COMMAND_CONFIG=/etc/kafka-stacks/client.properties
            CONTROLLERS=c-100.k-headless:9093
          tools
            k:9090 --command-config /etc/kafka-stacks/client.properties …
            c-100.k-headless:9093 …
        ");
    }
}
