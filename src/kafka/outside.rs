//! Listeners for clients outside of Kubernetes: a Service for each broker, and one to begin with.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::core::v1::Service;

use super::{
    cluster::KafkaCluster,
    listener::{Listener, Protocol},
    pool::NodePool,
};
use crate::{
    construct::Check,
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
/// What stands for a node's id in a name.
const ID: &str = "{id}";
/// What the API server takes for node ports unless it is told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u32> = 30_000..=32_767;

/// An encrypted listener whose clients show who they are.
///
/// A cluster takes it as it is. Only such a listener can be [opened to clients outside](SecureListener::load_balancer):
///
/// ```compile_fail
/// use kafka_stacks::prelude::*;
///
/// let open = Listener::plaintext("EXTERNAL", 9094).load_balancer("kafka-{id}.example.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SecureListener(Listener);

/// A listener for clients outside of Kubernetes, from [`SecureListener::load_balancer`] or [`SecureListener::node_ports`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OutsideListener {
    listener: Listener,
    outside: Outside,
}

/// The ports of a listener on every machine of the Kubernetes cluster, between 30000 and 32767 unless the API server is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePorts {
    /// The port of all brokers, where clients begin.
    pub bootstrap: u16,
    /// The port of the broker with id 0. The one with id 2 has this port and 2.
    ///
    /// All ids of a pool have the same number of digits, and this port ends with as many zeros: Kafka reads one file in all pods of a
    /// pool, and can put the id into a text, but not add it to a number.
    pub first_broker: u16,
}

/// How clients outside reach a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    way: Way,
    /// The name of each broker, with `{id}` in it.
    names: String,
    bootstrap: Option<String>,
    source_ranges: Vec<String>,
    annotations: BTreeMap<String, String>,
    through_any_node: bool,
    location: Location,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    LoadBalancer,
    NodePorts(NodePorts),
}

/// What clients outside are told of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutsideAddress {
    pub(super) listener: String,
    pub(super) protocol: Protocol,
    pub(super) bootstrap_servers: String,
}

impl SecureListener {
    pub(super) const fn new(listener: Listener) -> Self {
        Self(listener)
    }

    /// Who may connect; the network policy says so.
    #[must_use]
    pub fn access(self, access: crate::workload::Access) -> Listener {
        self.0.access(access)
    }

    /// For clients outside, by a load balancer for each broker and one for all. `names` is the name of each broker in DNS, with `{id}`
    /// where its node id is: the broker advertises it, its certificate has it, and external-dns makes its record. The load balancers
    /// have the port of the listener.
    ///
    /// Clients begin at the name with `bootstrap` in place of the id, unless [`OutsideListener::bootstrap`] says another. The stack's own
    /// components and applications inside use the first listener that is not for outside.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).scram())
    ///         .listener(Listener::tls("EXTERNAL", 9094).scram().load_balancer("kafka-{id}.example.com").source_ranges(["203.0.113.0/24"]))
    ///         .authorization(),
    /// );
    /// assert_eq!(kafka.bootstrap_servers(), "kafka.kafka.svc.cluster.local:9092");
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let settings = manifests.get("kafka/configmap-kafka.yaml").unwrap();
    /// assert!(settings.contains("EXTERNAL://kafka-${env:NODE_ID}.example.com:9094"));
    /// let service = manifests.get("kafka/service-kafka-0-external.yaml").unwrap();
    /// assert!(service.contains("external-dns.alpha.kubernetes.io/hostname: kafka-0.example.com"));
    /// let certificate = manifests.get("kafka/certificate-kafka-tls.yaml").unwrap();
    /// assert!(certificate.contains("- kafka-0.example.com\n") && certificate.contains("- kafka-bootstrap.example.com\n"));
    /// ```
    #[track_caller]
    pub fn load_balancer(self, names: impl Into<String>) -> OutsideListener {
        self.outside(Way::LoadBalancer, names.into())
    }

    /// For clients outside, by a port of every machine for each broker, and one for all. `names` is like that of
    /// [`SecureListener::load_balancer`]; the name of a broker leads to the machine on which it runs, which external-dns sees to. One
    /// name of all machines, without `{id}`, needs [`OutsideListener::through_any_node`].
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let ports = NodePorts { bootstrap: 31_999, first_broker: 31_000 };
    /// let listener = Listener::tls("EXTERNAL", 9094).scram().node_ports("kafka-{id}.example.com", ports);
    /// # let _ = listener;
    /// ```
    #[track_caller]
    pub fn node_ports(self, names: impl Into<String>, ports: NodePorts) -> OutsideListener {
        self.outside(Way::NodePorts(ports), names.into())
    }

    #[track_caller]
    fn outside(self, way: Way, names: String) -> OutsideListener {
        OutsideListener {
            listener: self.0,
            outside: Outside {
                way,
                names,
                bootstrap: None,
                source_ranges: Vec::new(),
                annotations: BTreeMap::new(),
                through_any_node: false,
                location: Location::caller(),
            },
        }
    }
}

impl OutsideListener {
    /// The name at which clients begin, if it is not that of the brokers with `bootstrap` in place of the id.
    pub fn bootstrap(mut self, name: impl Into<String>) -> Self {
        self.outside.bootstrap = Some(name.into());
        self
    }

    /// Lets only these addresses in, as `203.0.113.0/24`: the load balancers do, and the network policy of the brokers does too. Without
    /// it everyone who reaches the load balancer or the machine may try to log in.
    pub fn source_ranges<S: Into<String>>(mut self, ranges: impl IntoIterator<Item = S>) -> Self {
        self.outside.source_ranges.extend(ranges.into_iter().map(Into::into));
        self
    }

    /// An annotation of all Services of the listener, by which a cloud's load balancer is configured.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.outside.annotations.insert(key.into(), value.into());
        self
    }

    /// Every machine takes connections to every broker, and passes them on (`externalTrafficPolicy: Cluster`). A connection takes one
    /// more step, and the broker sees the address of the machine: the network policy lets everyone in, and source ranges are kept by
    /// the load balancer alone. For load balancers and names that do not know which machine a broker runs on.
    pub const fn through_any_node(mut self) -> Self {
        self.outside.through_any_node = true;
        self
    }
}

impl From<SecureListener> for Listener {
    fn from(secure: SecureListener) -> Self {
        secure.0
    }
}

impl From<OutsideListener> for Listener {
    fn from(opened: OutsideListener) -> Self {
        Self {
            outside: Some(opened.outside),
            ..opened.listener
        }
    }
}

impl NodePorts {
    /// The port of a broker.
    const fn of(self, id: u32) -> u32 {
        self.first_broker as u32 + id
    }

    /// The ports of a pool's brokers, with `${env:NODE_ID}` as their last digits.
    fn template(self, pool: &NodePool) -> String {
        let digits = pool.first_id.to_string().len();
        let port = self.first_broker.to_string();
        let start = port.get(..port.len().saturating_sub(digits)).unwrap_or_default();
        format!("{start}${{env:NODE_ID}}")
    }

    /// Whether that template is the port of each.
    fn fits(self, pool: &NodePool) -> bool {
        let template = self.template(pool);
        pool.ids()
            .all(|id| template.replace("${env:NODE_ID}", &id.to_string()) == self.of(id).to_string())
    }
}

impl Outside {
    fn name_of(&self, id: u32) -> String {
        self.names.replace(ID, &id.to_string())
    }

    fn bootstrap_name(&self) -> String {
        let own = self.bootstrap.clone();
        own.unwrap_or_else(|| self.names.replace(ID, "bootstrap"))
    }

    /// What the brokers of a pool advertise: host and port.
    pub(super) fn advertised(&self, port: u16, pool: &NodePool) -> String {
        let host = self.names.replace(ID, "${env:NODE_ID}");
        match self.way {
            Way::LoadBalancer => format!("{host}:{port}"),
            Way::NodePorts(ports) => format!("{host}:{}", ports.template(pool)),
        }
    }

    /// The names that clients outside dial to reach the brokers of a pool.
    pub(super) fn dialled(&self, pool: &NodePool) -> Vec<String> {
        let mut names: Vec<String> = pool.ids().map(|id| self.name_of(id)).collect();
        names.push(self.bootstrap_name());
        names.dedup();
        names
    }

    /// The addresses whose packets reach the brokers as theirs; none if that is anyone.
    pub(super) fn admitted(&self) -> &[String] {
        if self.through_any_node {
            &[]
        } else {
            &self.source_ranges
        }
    }

    /// The Service that leads to a listener: to one pod, or to all.
    fn service(&self, context: &Context, labels: &Labels, listener: &Listener, to: &To) -> Service {
        let ports = [(Listener::port_name(&listener.name), listener.port)];
        let ports: Vec<(&str, u16)> = ports.iter().map(|(name, port)| (name.as_str(), *port)).collect();
        let mut made = service(context, labels, &to.name, &ports);
        let annotations = made.metadata.annotations.get_or_insert_default();
        annotations.extend(self.annotations.clone());
        annotations.insert(HOSTNAME.to_owned(), to.host.clone());
        if let Some(spec) = &mut made.spec {
            let (kind, node_port) = match (self.way, to.broker) {
                (Way::LoadBalancer, _) => ("LoadBalancer", None),
                (Way::NodePorts(ports), None) => ("NodePort", Some(i32::from(ports.bootstrap))),
                (Way::NodePorts(ports), Some(id)) => ("NodePort", i32::try_from(ports.of(id)).ok()),
            };
            spec.type_ = Some(kind.to_owned());
            // The address of a client reaches the broker, whose network policy knows it.
            let traffic = if self.through_any_node { "Cluster" } else { "Local" };
            spec.external_traffic_policy = Some(traffic.to_owned());
            if self.way == Way::LoadBalancer && !self.source_ranges.is_empty() {
                spec.load_balancer_source_ranges = Some(self.source_ranges.clone());
            }
            for port in spec.ports.iter_mut().flatten() {
                port.node_port = node_port;
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
}

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
        let of_one = |(listener, outside): (&Listener, &Outside)| {
            let port = match outside.way {
                Way::LoadBalancer => listener.port,
                Way::NodePorts(ports) => ports.bootstrap,
            };
            OutsideAddress {
                listener: listener.name.clone(),
                protocol: listener.protocol,
                bootstrap_servers: format!("{}:{port}", outside.bootstrap_name()),
            }
        };
        self.outside_listeners().map(of_one).collect()
    }

    /// Where clients outside begin, by the name of their listener, as the handbook shows it.
    pub(super) fn outside_begin(&self, listener: &str) -> String {
        let addresses = self.outside_addresses();
        let address = addresses.iter().find(|address| address.listener == listener);
        address.map_or_else(String::new, |address| code(&address.bootstrap_servers))
    }

    /// The Services of the listeners for clients outside.
    pub(super) fn outside_services(&self, context: &Context) -> Vec<Object> {
        let mut services = Vec::new();
        for (listener, outside) in self.outside_listeners() {
            let suffix = listener.name.to_ascii_lowercase().replace('_', "-");
            let all = To {
                name: format!("{}-{suffix}", self.meta.name),
                host: outside.bootstrap_name(),
                pod: None,
                broker: None,
            };
            let mut add = |labels: &Labels, to: &To| {
                let made = outside.service(context, labels, listener, to);
                let location = outside.location;
                services.push(Object::new(&made).with_origins([Origin::of_field("/spec", &listener.name, location)]));
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
        services
    }

    pub(super) fn check_outside(&self, check: &mut Check<'_>) {
        let mut taken: BTreeMap<u32, String> = BTreeMap::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (listener, outside) in self.outside_listeners() {
            let mut problems = self.problems_of_names(outside, &mut names, &listener.name);
            problems.extend(self.problems_of_ports(outside, &mut taken, &listener.name));
            problems.extend(outside.problems_of_ranges());
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
        let Way::NodePorts(ports) = outside.way else {
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

impl Outside {
    fn problems_of_ranges(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if matches!(self.way, Way::NodePorts(_)) && self.through_any_node && !self.source_ranges.is_empty() {
            let problem = "nothing keeps its source ranges: through any machine the broker does not see the address of a client, and there is no load balancer";
            let hint = "remove `.through_any_node()`, or use `.load_balancer(…)`".to_owned();
            problems.push((problem.to_owned(), hint));
        }
        if let Some((range, why)) = self
            .source_ranges
            .iter()
            .find_map(|range| Some((range, problem_of_range(range)?)))
        {
            let hint = "write a network and its length, as `203.0.113.0/24`".to_owned();
            problems.push((format!("source range `{range}` {why}"), hint));
        }
        problems
    }
}

/// What is wrong with a range of addresses.
fn problem_of_range(range: &str) -> Option<&'static str> {
    const FORM: &str = "is not an address and a length";
    let Some((address, length)) = range.split_once('/') else {
        return Some(FORM);
    };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else {
        return Some(FORM);
    };
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    if length > width {
        return Some("has a length above that of an address");
    }
    let behind = u128::MAX.checked_shr(128 - (width - length)).unwrap_or(0);
    (bits & behind != 0).then_some("is an address in the network, and not the network")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
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

    /// The lines of the objects of a stack about what clients outside meet.
    fn said(cluster: KafkaCluster) -> String {
        let mut stack = Stack::new("test", "streams");
        stack.add(cluster);
        let manifests = synth(&stack).manifests.unwrap();
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

    #[test]
    fn a_range_is_a_network_and_its_length() {
        for good in ["203.0.113.0/24", "0.0.0.0/0", "203.0.113.7/32", "2001:db8::/32", "::/0"] {
            assert_eq!(problem_of_range(good), None, "{good}");
        }
        for bad in [
            "203.0.113.0",
            "203.0.113.7/24",
            "10.0.0.0/33",
            "2001:db8::1/64",
            "office",
            "10.0.0/8",
            "10.0.0.0/-1",
        ] {
            assert!(problem_of_range(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn ports_are_the_id_at_the_end_of_a_text() {
        let ports = |first_broker| NodePorts {
            bootstrap: 31_999,
            first_broker,
        };
        let pool = |first, replicas| NodePool::brokers("kafka", replicas).first_id(first);
        assert_eq!(ports(31_000).template(&pool(0, 3)), "3100${env:NODE_ID}");
        assert_eq!(ports(31_000).template(&pool(100, 3)), "31${env:NODE_ID}");
        for (first_broker, first, replicas, fits) in [
            (31_000, 0, 10, true),
            (31_000, 0, 11, false),
            (31_000, 10, 90, true),
            (31_000, 100, 3, true),
            (31_010, 0, 3, true),
            (31_010, 10, 3, false),
            (31_005, 0, 3, false),
        ] {
            let pool = pool(first, replicas);
            assert_eq!(
                ports(first_broker).fits(&pool),
                fits,
                "{first_broker} {first} {replicas}"
            );
        }
    }
}
