//! What makes the listeners of a cluster reachable from outside: Services, names of certificates, and whether all of it can work.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::core::v1::Service;

use super::{
    cluster::KafkaCluster,
    gateway::TlsRoute,
    handle::OutsideAddress,
    listener::{Listener, Protocol},
    outside::{ID, Outside, Way},
    pool::NodePool,
};
use crate::{
    construct::{Check, Claim},
    context::Context,
    diagnostics::{Location, Origin, rules::security},
    handbook::code,
    manifest::Object,
    name::DnsSubdomain,
    workload::{Labels, service},
};

/// What external-dns makes a record of.
const HOSTNAME: &str = "external-dns.alpha.kubernetes.io/hostname";
/// The label of the only pod behind a broker's own Service.
const POD: &str = "statefulset.kubernetes.io/pod-name";
/// What the API server takes for node ports unless it is told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u32> = 30_000..=32_767;

/// Where a Service leads to.
struct To {
    /// The name of the Service.
    name: String,
    /// Its name in DNS.
    host: String,
    /// The only pod, and its id; none for all brokers.
    pod: Option<String>,
    broker: Option<u32>,
}

impl Outside {
    /// The Service that leads to a listener: to one pod, or to all.
    fn service(&self, context: &Context, labels: &Labels, listener: &Listener, to: &To) -> Service {
        let ports = [(Listener::port_name(&listener.name), listener.port)];
        let ports: Vec<(&str, u16)> = ports.iter().map(|(name, port)| (name.as_str(), *port)).collect();
        let mut made = service(context, labels, &to.name, &ports);
        let outward = match (&self.way, to.broker) {
            (Way::LoadBalancer, _) => Some(("LoadBalancer", None)),
            (Way::NodePorts(ports), None) => Some(("NodePort", Some(i32::from(ports.bootstrap)))),
            (Way::NodePorts(ports), Some(id)) => Some(("NodePort", i32::try_from(ports.of(id)).ok())),
            // A route leads to it.
            (Way::Gateway(_), _) => None,
        };
        if outward.is_some() {
            let annotations = made.metadata.annotations.get_or_insert_default();
            annotations.extend(self.annotations.clone());
            annotations.insert(HOSTNAME.to_owned(), to.host.clone());
        }
        if let Some(spec) = &mut made.spec {
            if let Some((kind, node_port)) = outward {
                spec.type_ = Some(kind.to_owned());
                // The address of a client reaches the broker, whose network policy knows it.
                let traffic = if self.through_any_node { "Cluster" } else { "Local" };
                spec.external_traffic_policy = Some(traffic.to_owned());
                for port in spec.ports.iter_mut().flatten() {
                    port.node_port = node_port;
                }
            }
            if self.way == Way::LoadBalancer && !self.source_ranges.is_empty() {
                spec.load_balancer_source_ranges = Some(self.source_ranges.clone());
            }
            if let Some(pod) = &to.pod {
                spec.selector
                    .get_or_insert_default()
                    .insert(POD.to_owned(), pod.clone());
                // A broker that is catching up is not ready and may lead partitions: the metadata say who does.
                spec.publish_not_ready_addresses = Some(true);
            }
        }
        made
    }

    /// The route that leads from a Gateway to that Service, where there is one.
    fn route(&self, context: &Context, labels: &Labels, listener: &Listener, to: &To) -> Option<TlsRoute> {
        let Way::Gateway(gateway) = &self.way else {
            return None;
        };
        let mut metadata = labels.metadata(context, &to.name);
        if !self.annotations.is_empty() {
            let annotations = metadata.annotations.get_or_insert_default();
            annotations.extend(self.annotations.clone());
        }
        Some(TlsRoute {
            metadata,
            spec: gateway.route(&to.host, &to.name, listener.port),
        })
    }
}

impl KafkaCluster {
    pub(super) fn outside_listeners(&self) -> impl Iterator<Item = (&Listener, &Outside)> {
        let all = self.listeners.iter();
        all.filter_map(|listener| Some((listener, listener.outside.as_ref()?)))
    }

    fn brokers(&self) -> impl Iterator<Item = &NodePool> {
        self.pools.iter().filter(|pool| pool.roles.broker())
    }

    /// The names by which clients outside reach the brokers of a pool.
    pub(super) fn outside_names(&self, pool: &NodePool) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, outside) in self.outside_listeners() {
            for name in outside.dialled(pool) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Where clients outside begin, for each listener that is theirs.
    pub(super) fn outside_addresses(&self) -> Vec<OutsideAddress> {
        let of_one = |(listener, outside): (&Listener, &Outside)| OutsideAddress {
            listener: listener.name.clone(),
            protocol: listener.protocol.clone(),
            bootstrap_servers: outside.begin(listener.port),
        };
        self.outside_listeners().map(of_one).collect()
    }

    /// Where clients outside begin, by the name of their listener, as the handbook shows it.
    pub(super) fn outside_begin(&self, listener: &str) -> String {
        let addresses = self.outside_addresses();
        let address = addresses.iter().find(|address| address.listener == listener);
        address.map_or_else(String::new, |address| code(&address.bootstrap_servers))
    }

    /// The Services of the listeners for clients outside, and the routes to them.
    pub(super) fn outside_services(&self, context: &Context) -> Vec<Object> {
        let mut objects = Vec::new();
        for (listener, outside) in self.outside_listeners() {
            let suffix = listener.name.to_ascii_lowercase().replace('_', "-");
            let all = To {
                name: format!("{}-{suffix}", self.meta.name),
                host: outside.bootstrap_name(),
                pod: None,
                broker: None,
            };
            let mut add = |labels: &Labels, to: &To| {
                let origin = || [Origin::of_field("/spec", &listener.name, outside.location)];
                let made = outside.service(context, labels, listener, to);
                objects.push(Object::new(&made).with_origins(origin()));
                if let Some(route) = outside.route(context, labels, listener, to) {
                    objects.push(Object::new(&route).with_origins(origin()));
                }
            };
            if let Some(first) = self.brokers().next() {
                add(&self.component_labels(first.roles), &all);
            }
            for pool in self.brokers() {
                for id in pool.ids() {
                    let pod = format!("{}-{id}", pool.name);
                    let one = To {
                        name: format!("{pod}-{suffix}"),
                        host: outside.name_of(id),
                        pod: Some(pod),
                        broker: Some(id),
                    };
                    add(&self.pool_labels(pool), &one);
                }
            }
        }
        objects
    }

    /// Claims to the names by which clients outside begin, and to that of the first broker of each pool: DNS and a Gateway lead a name to one
    /// cluster. Several clusters may be at the names of one set of machines, with other ports.
    pub(super) fn claims_outside(&self) -> Vec<Claim> {
        let mut names: BTreeMap<String, Location> = BTreeMap::new();
        for (_, outside) in self.outside_listeners() {
            if !matches!(outside.way, Way::NodePorts(_)) {
                let first = self.brokers().map(|pool| outside.name_of(pool.first_id));
                for name in first.chain([outside.bootstrap_name()]) {
                    names.entry(name).or_insert(outside.location);
                }
            }
        }
        let claim = |(name, location): (String, Location)| {
            Claim::new("name outside", "", &name, &security::OUTSIDE, location)
                .item(name)
                .hint("give each cluster names of its own, as `orders-{id}.example.com`")
        };
        names.into_iter().map(claim).collect()
    }

    pub(super) fn check_outside(&self, check: &mut Check<'_>) {
        let mut taken: BTreeMap<u32, String> = BTreeMap::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (listener, outside) in self.outside_listeners() {
            let mut problems = self.problems_of_names(outside, &mut names, &listener.name);
            problems.extend(self.problems_of_ports(outside, &mut taken, &listener.name));
            problems.extend(outside.problems_of_ranges());
            if let Way::Gateway(gateway) = &outside.way {
                problems.extend(gateway.problems());
            }
            for (problem, hint) in problems {
                let message = format!("listener `{}`: {problem}", listener.name);
                check.report(&security::OUTSIDE, message, |finding| {
                    finding.at(outside.location).hint(hint);
                });
            }
        }
        let Some((first, outside)) = self.outside_listeners().next() else {
            return;
        };
        let inside = self.listeners.iter().find(|listener| listener.outside.is_none());
        let (problem, hint) = match inside {
            None => (
                "all listeners are for clients outside: the stack's own components and applications have none"
                    .to_owned(),
                "add `.listener(Listener::tls(\"CLIENT\", 9092).scram())`",
            ),
            Some(inside) if inside.protocol != Protocol::SaslTls && first.protocol == Protocol::SaslTls => (
                format!(
                    "listener `{}` takes passwords, which the Job of `Permissions` tries at `{}`, the first listener inside: it takes none",
                    first.name, inside.name
                ),
                "make the first listener inside `.scram()` too, or the other `.mutual_tls()`",
            ),
            Some(_) => return,
        };
        check.report(&security::OUTSIDE, problem, |finding| {
            finding.at(outside.location).hint(hint);
        });
    }

    fn problems_of_names(
        &self,
        outside: &Outside,
        taken: &mut BTreeMap<String, String>,
        listener: &str,
    ) -> Vec<(String, String)> {
        let brokers: u32 = self.brokers().map(|pool| pool.replicas).sum();
        let mut problems = Vec::new();
        let one_name = matches!(outside.way, Way::NodePorts(_)) && outside.through_any_node;
        if !outside.names.contains(ID) && !one_name && brokers > 0 {
            let hint = "write it as `kafka-{id}.example.com`".to_owned();
            problems.push((
                format!("`{}` has no `{ID}`: all brokers have the same name", outside.names),
                hint,
            ));
            return problems;
        }
        let of_brokers = self.brokers().flat_map(|pool| pool.ids().map(|id| outside.name_of(id)));
        let mut own: Vec<String> = of_brokers.collect();
        own.dedup();
        let all = outside.bootstrap_name();
        if outside.bootstrap.is_some() && outside.names.contains(ID) && own.contains(&all) {
            let hint = "choose another name for all brokers".to_owned();
            problems.push((format!("`{all}` is the name of all brokers, and of one of them"), hint));
        }
        if !own.contains(&all) {
            own.push(all);
        }
        for name in own {
            // A wildcard is no name that a broker can advertise.
            if let Err(error) = DnsSubdomain::parse(&name) {
                problems.push((
                    format!("the name {error}"),
                    "use a name of DNS, as `kafka-{id}.example.com`".to_owned(),
                ));
                break;
            }
            // Clients that dial an address look for it among the addresses of a certificate, and these have names.
            if name.parse::<IpAddr>().is_ok() {
                let hint = "use a name of DNS, as `kafka-{id}.example.com`".to_owned();
                problems.push((
                    format!("`{name}` is an address, which the certificates do not have"),
                    hint,
                ));
                break;
            }
            if !name.contains('.') {
                let hint = "use a name of DNS with its domain, as `kafka-{id}.example.com`".to_owned();
                problems.push((format!("`{name}` has no domain"), hint));
                break;
            }
            let ports = matches!(outside.way, Way::NodePorts(_));
            if let Some(other) = taken.insert(name.clone(), listener.to_owned()).filter(|_| !ports) {
                let hint = "give each listener names of its own".to_owned();
                problems.push((format!("`{name}` is a name of listener `{other}` too"), hint));
                break;
            }
        }
        problems
    }

    fn problems_of_ports(
        &self,
        outside: &Outside,
        taken: &mut BTreeMap<u32, String>,
        listener: &str,
    ) -> Vec<(String, String)> {
        let Way::NodePorts(ports) = &outside.way else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        if let Some(pool) = self.brokers().find(|pool| !ports.fits(pool)) {
            let last = pool.ids().last().unwrap_or(pool.first_id);
            let digits = last.to_string().len();
            let (problem, hint) = if digits == pool.first_id.to_string().len() {
                (
                    format!(
                        "the ports of pool `{}` cannot be {} and the id: Kafka puts the id at the end of a text, and does not add",
                        pool.name, ports.first_broker
                    ),
                    format!(
                        "choose a `first_broker` that {} divides, as 31000",
                        10_u32.pow(u32::try_from(digits).unwrap_or(1))
                    ),
                )
            } else {
                (
                    format!(
                        "the ids of pool `{}`, {} to {last}, do not have the same number of digits: Kafka puts the id at the end of a text, and does not add it to a port",
                        pool.name, pool.first_id
                    ),
                    "use `.load_balancer(…)`, or pools whose ids have the same number of digits".to_owned(),
                )
            };
            problems.push((problem, hint));
        }
        let of_brokers = self.brokers().flat_map(|pool| pool.ids().map(|id| ports.of(id)));
        for port in of_brokers.chain([u32::from(ports.bootstrap)]) {
            if !NODE_PORTS.contains(&port) {
                let problem = format!(
                    "port {port} is not between {} and {}",
                    NODE_PORTS.start(),
                    NODE_PORTS.end()
                );
                problems.push((problem, "choose other ports in `NodePorts`".to_owned()));
                break;
            }
            if let Some(other) = taken.insert(port, listener.to_owned()) {
                let whose = if other == listener {
                    "taken twice".to_owned()
                } else {
                    format!("taken by listener `{other}`")
                };
                problems.push((
                    format!("port {port} is {whose}"),
                    "choose other ports in `NodePorts`".to_owned(),
                ));
                break;
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::kafka::{Gateway, NodePorts, OutsideListener};
    use crate::manifest::Manifests;
    use crate::prelude::{Application, Cleanup, Issuer, Permissions, Stack, Topic, Topics, Units, Version, synth};

    fn cluster() -> KafkaCluster {
        KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("k-controller", 3))
            .pool(NodePool::brokers("k", 3))
            .internal_tls(Issuer::in_namespace("ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization()
    }

    /// Two pools of brokers, behind ports of every machine.
    fn by_node_ports() -> OutsideListener {
        let ports = NodePorts {
            bootstrap: 31_999,
            first_broker: 31_000,
        };
        Listener::tls("OUT", 9095)
            .mutual_tls()
            .node_ports("k-{id}.example.com", ports)
    }

    fn manifests(cluster: KafkaCluster) -> Manifests {
        let mut stack = Stack::new("test", "streams");
        stack.add(cluster);
        synth(&stack).manifests.unwrap()
    }

    /// The lines of the objects of a stack about what clients outside meet.
    fn said(cluster: KafkaCluster) -> String {
        let manifests = manifests(cluster);
        let about = [
            "advertised.listeners",
            "externalTraffic",
            "hostname:",
            "nodePort",
            "cidr",
            "example.com",
            "  type: L",
            "  type: N",
            "pod-name",
            "92.0.2",
            "2001:",
        ];
        let mut lines = Vec::new();
        for (path, text) in manifests.iter() {
            let of_file = text.lines().filter(|line| about.iter().any(|word| line.contains(word)));
            let of_file: Vec<&str> = of_file.collect();
            let is_about = |word: &str| of_file.iter().any(|line| line.contains(word));
            if is_about("example.com") || is_about("cidr") {
                lines.push(format!("{path}\n{}", of_file.join("\n")));
            }
        }
        lines.join("\n")
    }

    #[test]
    fn a_load_balancer_leads_to_each_broker() {
        let outside = Listener::tls("EXTERNAL", 9094)
            .scram()
            .load_balancer("k-{id}.example.com");
        assert_snapshot!(said(
            cluster().listener(outside.source_ranges(["192.0.2.0/24", "2001:db8::/32"]))
        ), @r"
        README.md
        - Listener `EXTERNAL`, port 9094, for clients outside, who begin at `k-bootstrap.example.com:9094`: SASL_SSL. A client without an identity is refused.
        k/certificate-k-tls.yaml
          - k-0.example.com
          - k-1.example.com
          - k-2.example.com
          - k-bootstrap.example.com
        k/configmap-k.yaml
            advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,EXTERNAL://k-${env:NODE_ID}.example.com:9094,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091,PLATFORM://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9090
        k/networkpolicy-k.yaml
                cidr: 192.0.2.0/24
                cidr: 2001:db8::/32
        k/service-k-0-external.yaml
            external-dns.alpha.kubernetes.io/hostname: k-0.example.com
          externalTrafficPolicy: Local
          - 192.0.2.0/24
          - 2001:db8::/32
            statefulset.kubernetes.io/pod-name: k-0
          type: LoadBalancer
        k/service-k-1-external.yaml
            external-dns.alpha.kubernetes.io/hostname: k-1.example.com
          externalTrafficPolicy: Local
          - 192.0.2.0/24
          - 2001:db8::/32
            statefulset.kubernetes.io/pod-name: k-1
          type: LoadBalancer
        k/service-k-2-external.yaml
            external-dns.alpha.kubernetes.io/hostname: k-2.example.com
          externalTrafficPolicy: Local
          - 192.0.2.0/24
          - 2001:db8::/32
            statefulset.kubernetes.io/pod-name: k-2
          type: LoadBalancer
        k/service-k-external.yaml
            external-dns.alpha.kubernetes.io/hostname: k-bootstrap.example.com
          externalTrafficPolicy: Local
          - 192.0.2.0/24
          - 2001:db8::/32
          type: LoadBalancer
        ");
    }

    #[test]
    fn a_gateway_leads_to_each_broker_by_its_name() {
        let edge = Gateway::new("gateways", "edge").listener("kafka").port(9443);
        let routed = Listener::tls("EXTERNAL", 9094)
            .scram()
            .gateway("k-{id}.example.com", edge);
        let cluster = cluster().listener(routed.annotation("example.com/team", "streams"));
        assert_snapshot!(said(cluster.clone()), @r#"
        README.md
        - Listener `EXTERNAL`, port 9094, for clients outside, who begin at `k-bootstrap.example.com:9443`: SASL_SSL. A client without an identity is refused.
        k/certificate-k-tls.yaml
          - k-0.example.com
          - k-1.example.com
          - k-2.example.com
          - k-bootstrap.example.com
        k/configmap-k.yaml
            advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,EXTERNAL://k-${env:NODE_ID}.example.com:9443,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091,PLATFORM://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9090
        k/tlsroute-k-0-external.yaml
            example.com/team: streams
          - k-0.example.com
        k/tlsroute-k-1-external.yaml
            example.com/team: streams
          - k-1.example.com
        k/tlsroute-k-2-external.yaml
            example.com/team: streams
          - k-2.example.com
        k/tlsroute-k-external.yaml
            example.com/team: streams
          - k-bootstrap.example.com
        "#);
        let manifests = manifests(cluster);
        let file = |path: &str| manifests.get(path).unwrap();
        assert_snapshot!(file("k/tlsroute-k-1-external.yaml"), @r#"
        apiVersion: gateway.networking.k8s.io/v1
        kind: TLSRoute
        metadata:
          annotations:
            example.com/team: streams
          labels:
            app.kubernetes.io/component: broker
            app.kubernetes.io/instance: k
            app.kubernetes.io/managed-by: kafka-stacks
            app.kubernetes.io/name: kafka
            kafka-stacks/pool: k
          name: k-1-external
          namespace: streams
        spec:
          hostnames:
          - k-1.example.com
          parentRefs:
          - name: edge
            group: gateway.networking.k8s.io
            kind: Gateway
            namespace: gateways
            sectionName: kafka
          rules:
          - backendRefs:
            - name: k-1-external
              group: ""
              kind: Service
              port: 9094
              weight: 1
        "#);
        assert_snapshot!(file("k/service-k-1-external.yaml"), @r#"
        apiVersion: v1
        kind: Service
        metadata:
          labels:
            app.kubernetes.io/component: broker
            app.kubernetes.io/instance: k
            app.kubernetes.io/managed-by: kafka-stacks
            app.kubernetes.io/name: kafka
            kafka-stacks/pool: k
          name: k-1-external
          namespace: streams
        spec:
          ports:
          - name: tcp-external
            port: 9094
            targetPort: tcp-external
          publishNotReadyAddresses: true
          selector:
            app.kubernetes.io/component: broker
            app.kubernetes.io/instance: k
            app.kubernetes.io/name: kafka
            kafka-stacks/pool: k
            statefulset.kubernetes.io/pod-name: k-1
        "#);
        let policy = file("k/networkpolicy-k.yaml");
        assert!(policy.contains("kubernetes.io/metadata.name: gateways"), "{policy}");
    }

    #[test]
    fn a_port_of_every_machine_leads_to_each_broker() {
        let second = NodePool::brokers("l", 1).first_id(200);
        assert_snapshot!(said(cluster().pool(second).listener(by_node_ports())), @r"
        README.md
        - Listener `OUT`, port 9095, for clients outside, who begin at `k-bootstrap.example.com:31999`: SSL. A client without an identity is refused.
        k/certificate-k-tls.yaml
          - k-0.example.com
          - k-1.example.com
          - k-2.example.com
          - k-bootstrap.example.com
        k/certificate-l-tls.yaml
          - k-200.example.com
          - k-bootstrap.example.com
        k/configmap-k.yaml
            advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,OUT://k-${env:NODE_ID}.example.com:3100${env:NODE_ID},REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091,PLATFORM://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9090
        k/configmap-l.yaml
            advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,OUT://k-${env:NODE_ID}.example.com:31${env:NODE_ID},REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091,PLATFORM://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9090
        k/service-k-0-out.yaml
            external-dns.alpha.kubernetes.io/hostname: k-0.example.com
          externalTrafficPolicy: Local
            nodePort: 31000
            statefulset.kubernetes.io/pod-name: k-0
          type: NodePort
        k/service-k-1-out.yaml
            external-dns.alpha.kubernetes.io/hostname: k-1.example.com
          externalTrafficPolicy: Local
            nodePort: 31001
            statefulset.kubernetes.io/pod-name: k-1
          type: NodePort
        k/service-k-2-out.yaml
            external-dns.alpha.kubernetes.io/hostname: k-2.example.com
          externalTrafficPolicy: Local
            nodePort: 31002
            statefulset.kubernetes.io/pod-name: k-2
          type: NodePort
        k/service-k-out.yaml
            external-dns.alpha.kubernetes.io/hostname: k-bootstrap.example.com
          externalTrafficPolicy: Local
            nodePort: 31999
          type: NodePort
        k/service-l-200-out.yaml
            external-dns.alpha.kubernetes.io/hostname: k-200.example.com
          externalTrafficPolicy: Local
            nodePort: 31200
            statefulset.kubernetes.io/pod-name: l-200
          type: NodePort
        ");
    }

    #[test]
    fn through_any_machine_a_broker_admits_everyone() {
        let through = Listener::tls("EXTERNAL", 9094)
            .scram()
            .load_balancer("k-{id}.example.com")
            .source_ranges(["192.0.2.0/24"]);
        let said = said(cluster().listener(through.through_any_node().bootstrap("kafka.example.com")));
        assert!(
            said.contains("externalTrafficPolicy: Cluster") && !said.contains("cidr"),
            "{said}"
        );
        assert!(said.contains("  - 192.0.2.0/24"), "{said}");
        assert!(
            said.contains("hostname: kafka.example.com") && !said.contains("bootstrap.example.com"),
            "{said}"
        );
    }

    #[test]
    fn an_application_outside_has_the_address_and_the_identity_of_its_listener() {
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(cluster().listener(by_node_ports()));
        let topics =
            stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 1, Cleanup::delete_after(1.days()))));
        let partner = Application::new("partner", &kafka)
            .outside("OUT")
            .produces(&topics.topic("orders"));
        let partner = stack.add(partner);
        let inside = stack.add(Application::new("shop", &kafka).produces(&topics.topic("orders")));
        stack.add(Permissions::new("permissions", &kafka).of(&partner).of(&inside));
        let manifests = synth(&stack).manifests.unwrap();
        let file = |path: &str| manifests.get(path).unwrap();
        let files = file("partner/configmap-partner-kafka.yaml");
        assert!(
            files.contains("bootstrap.servers=k-bootstrap.example.com:31999"),
            "{files}"
        );
        assert!(files.contains("security.protocol=SSL"), "{files}");
        assert!(file("partner/certificate-partner-kafka.yaml").contains("commonName: partner"));
        let declared = file("permissions/configmap-permissions.yaml");
        assert!(
            declared.contains("partner certificate") && declared.contains("shop password"),
            "{declared}"
        );
        let files = file("shop/configmap-shop-kafka.yaml");
        assert!(
            files.contains("bootstrap.servers=k.streams.svc.cluster.local:9092"),
            "{files}"
        );
        let inside = file("k/service-k.yaml");
        assert!(
            !inside.contains("tcp-out"),
            "pods have a listener of their own: {inside}"
        );
    }
}
