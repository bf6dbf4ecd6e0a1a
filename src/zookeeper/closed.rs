//! A closed ensemble: who connects to it shows a certificate, and so do its servers to each other.

use k8s_openapi::api::core::v1::Probe;

use super::{CLIENT, LOCAL_PORT, ZooKeeper, ZooKeeperHandle};
use crate::{
    context::Context,
    security::{COMBINED_FILE, Certificate, IDENTITY_DIRECTORY, Issuer, Request},
    settings::Properties,
    workload::{Mount, exec_probe, tcp_probe},
};

impl ZooKeeper {
    /// Encrypts every connection, of brokers and between servers, and takes only those who show a certificate of this issuer. The
    /// address and the port stay. The cluster needs the same: [`KafkaCluster::internal_tls`](crate::kafka::KafkaCluster::internal_tls)
    /// with the same issuer; its brokers then own what they write, and no one else may change it.
    ///
    /// ZooKeeper reads the key and the certificate from one file, so the Secrets of the ensemble and of the brokers have
    /// `tls-combined.pem` too. cert-manager writes it since 1.15.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let issuer = Issuer::in_namespace("kafka-ca");
    /// let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3).internal_tls(issuer.clone()));
    /// stack.add(
    ///     KafkaCluster::zookeeper("kafka", &zookeeper)
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(issuer)
    ///         .listener(Listener::tls("CLIENT", 9092).scram())
    ///         .authorization(),
    /// );
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let servers = manifests.get("zookeeper/configmap-zookeeper.yaml").unwrap();
    /// assert!(servers.contains("secureClientPort=2181\n") && servers.contains("ssl.clientAuth=need\n"));
    /// let brokers = manifests.get("kafka/configmap-kafka.yaml").unwrap();
    /// assert!(brokers.contains("zookeeper.ssl.client.enable=true\n") && brokers.contains("zookeeper.set.acl=true\n"));
    /// ```
    pub fn internal_tls(mut self, issuer: Issuer) -> Self {
        self.tls = Some(issuer);
        self
    }

    /// Where a server answers in plaintext: to everyone, or to its own pod.
    pub(super) const fn local_port(&self) -> u16 {
        match self.tls {
            None => CLIENT.1,
            Some(_) => LOCAL_PORT,
        }
    }

    fn secret(&self) -> String {
        format!("{}-tls", self.meta.name)
    }

    fn organization(&self, context: &Context) -> String {
        format!("{}.{}", self.meta.name, context.namespace)
    }

    fn common_name(&self) -> String {
        format!("node.{}", self.meta.name)
    }

    /// The settings of a closed server.
    pub(super) fn close(&self, context: &Context, properties: &mut Properties) {
        if self.tls.is_none() {
            return;
        }
        properties
            // The probes ask here: what opens a connection to the other port and says nothing is logged as an error.
            .set("clientPortAddress", "127.0.0.1")
            .set("secureClientPort", CLIENT.1)
            // The default cannot encrypt.
            .set(
                "serverCnxnFactory",
                "org.apache.zookeeper.server.NettyServerCnxnFactory",
            )
            .set("ssl.clientAuth", "need")
            .set(
                "authProvider.x509",
                "org.apache.zookeeper.server.auth.X509AuthenticationProvider",
            )
            // Who has this certificate is a server, and has all data anyway.
            .set(
                "X509AuthenticationProvider.superUser",
                format!("CN={},O={}", self.common_name(), self.organization(context)),
            )
            // `srvr` needs no session. Who wants one at the plaintext port is turned away.
            .set("enforce.auth.enabled", true)
            .set("enforce.auth.schemes", "x509")
            .set("sslQuorum", true);
        for prefix in ["ssl", "ssl.quorum"] {
            for (store, file) in [("keyStore", COMBINED_FILE), ("trustStore", "ca.crt")] {
                properties
                    .set(
                        format!("{prefix}.{store}.location"),
                        format!("{IDENTITY_DIRECTORY}/{file}"),
                    )
                    .set(format!("{prefix}.{store}.type"), "PEM");
            }
        }
    }

    /// The logger with one line per probe.
    pub(super) const fn connections_logger(&self) -> &'static str {
        match self.tls {
            None => "org.apache.zookeeper.server.NIOServerCnxn",
            Some(_) => "org.apache.zookeeper.server.NettyServerCnxn",
        }
    }

    /// Whether the server takes connections.
    pub(super) fn alive(&self) -> Probe {
        match self.tls {
            None => tcp_probe(CLIENT.0),
            Some(_) => exec_probe(["bash", "-c", &format!("exec 3<>/dev/tcp/127.0.0.1/{LOCAL_PORT}")]),
        }
    }

    /// The Secret of the servers in their pods.
    pub(super) fn identity(&self) -> Option<Mount> {
        self.tls.as_ref()?;
        Some(Mount::secret(self.secret(), IDENTITY_DIRECTORY))
    }

    /// One for all servers: brokers dial each by its own name, and so do the servers, which also look up the name of who dials them.
    pub(super) fn certificate(&self, context: &Context) -> Option<Certificate> {
        let servers = self.servers(context).into_iter().map(|(_, host)| host);
        let wanted = Request {
            secret: self.secret(),
            common_name: self.common_name(),
            organization: Some(self.organization(context)),
            dns_names: servers.collect(),
            combined: true,
        };
        self.tls.as_ref()?.certificate(context, &self.labels(), wanted)
    }
}

impl ZooKeeperHandle {
    /// Who signs the certificates of its servers; none if it is open.
    pub(crate) fn issuer(&self) -> Option<&Issuer> {
        self.0.issuer.as_ref()
    }

    /// Where a server answers `srvr` in its own pod.
    pub(super) fn local_port(&self) -> u16 {
        self.0.local_port
    }

    /// How a broker connects, beside the address: with its own certificate. Nothing for an open ensemble.
    pub(crate) fn client_settings(&self) -> Vec<(&'static str, String)> {
        if self.0.issuer.is_none() {
            return Vec::new();
        }
        vec![
            ("zookeeper.ssl.client.enable", "true".to_owned()),
            (
                "zookeeper.clientCnxnSocket",
                "org.apache.zookeeper.ClientCnxnSocketNetty".to_owned(),
            ),
            ("zookeeper.ssl.keystore.type", "PEM".to_owned()),
            (
                "zookeeper.ssl.keystore.location",
                format!("{IDENTITY_DIRECTORY}/{COMBINED_FILE}"),
            ),
            ("zookeeper.ssl.truststore.type", "PEM".to_owned()),
            (
                "zookeeper.ssl.truststore.location",
                format!("{IDENTITY_DIRECTORY}/ca.crt"),
            ),
            // What a broker writes only brokers may change, and the hashes of passwords only they may read.
            ("zookeeper.set.acl", "true".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{KafkaCluster, Listener, NodePool, Stack, synth};

    fn stack(is_closed: bool) -> Stack {
        let mut stack = Stack::new("test", "streams");
        let issuer = || Issuer::in_namespace("ca");
        let (mut ensemble, mut close): (ZooKeeper, fn(KafkaCluster) -> KafkaCluster) =
            (ZooKeeper::new("zk", 3), |cluster| cluster);
        if is_closed {
            ensemble = ensemble.internal_tls(issuer());
            close = |cluster| {
                cluster
                    .internal_tls(Issuer::in_namespace("ca"))
                    .listener(Listener::tls("CLIENT", 9092).scram())
                    .authorization()
            };
        }
        let zookeeper = stack.add(ensemble);
        stack.add(close(
            KafkaCluster::zookeeper("k", &zookeeper).pool(NodePool::brokers("k", 3)),
        ));
        stack
    }

    fn file(stack: &Stack, path: &str) -> String {
        synth(stack).manifests.unwrap().get(path).unwrap().to_owned()
    }

    #[test]
    fn a_closed_server_takes_certificates_and_answers_its_pod() {
        let file = |is_closed| file(&stack(is_closed), "zk/configmap-zk.yaml");
        let lines = |text: &str| -> Vec<String> {
            let own = text.split("zookeeper.properties: |").nth(1).unwrap().lines();
            own.map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect()
        };
        let (open, closed) = (lines(&file(false)), lines(&file(true)));
        let more: Vec<&String> = closed.iter().filter(|line| !open.contains(line)).collect();
        let less: Vec<&String> = open.iter().filter(|line| !closed.contains(line)).collect();
        assert_eq!(less, ["clientPort=2181"]);
        assert_snapshot!(more.into_iter().cloned().collect::<Vec<_>>().join("\n"), @r"
        X509AuthenticationProvider.superUser=CN=node.zk,O=zk.streams
        authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider
        clientPort=2180
        clientPortAddress=127.0.0.1
        enforce.auth.enabled=true
        enforce.auth.schemes=x509
        secureClientPort=2181
        serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
        ssl.clientAuth=need
        ssl.keyStore.location=/etc/kafka-identity/tls-combined.pem
        ssl.keyStore.type=PEM
        ssl.quorum.keyStore.location=/etc/kafka-identity/tls-combined.pem
        ssl.quorum.keyStore.type=PEM
        ssl.quorum.trustStore.location=/etc/kafka-identity/ca.crt
        ssl.quorum.trustStore.type=PEM
        ssl.trustStore.location=/etc/kafka-identity/ca.crt
        ssl.trustStore.type=PEM
        sslQuorum=true
        ");
    }

    #[test]
    fn no_probe_opens_a_connection_to_the_port_of_brokers() {
        let text = file(&stack(true), "zk/statefulset-zk.yaml");
        assert_eq!(text.matches("/dev/tcp/127.0.0.1/2180").count(), 3, "{text}");
        assert!(!text.contains("tcpSocket"), "{text}");
        let open = file(&stack(false), "zk/statefulset-zk.yaml");
        assert_eq!(
            (
                open.matches("/dev/tcp/127.0.0.1/2181").count(),
                open.matches("tcpSocket").count()
            ),
            (1, 2)
        );
    }
}
