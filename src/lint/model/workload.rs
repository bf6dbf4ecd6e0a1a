//! Workloads: their pods, and what these refer to.

use super::{
    address::{self, Address},
    container::{self, Container, Port},
    node::Node,
    pod_security::{self, Violation},
    process::KafkaProcess,
    program,
    scheduling::Scheduling,
    selector::{Labels, Selector, labels},
    syntax::quantity,
};

/// A set of pods.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is another fact of the manifest")]
pub(crate) struct Workload {
    pub(crate) replicas: i64,
    pub(crate) first: i64,
    /// The selector of its pods; none for a Job.
    pub(crate) selector: Option<Selector>,
    pub(crate) pods: Labels,
    /// The Service that names the pods.
    pub(crate) service: Option<String>,
    pub(crate) parallel: bool,
    /// Whether the controller replaces pods by itself when the template changes.
    pub(crate) rolls: bool,
    pub(crate) scheduling: Scheduling,
    pub(crate) resolver: Resolver,
    /// The seconds after which a finished Job is deleted.
    pub(crate) time_to_live: Option<i64>,
    /// Variables that give transactional ids: where, name and value.
    pub(crate) transactional_ids: Vec<(String, String, String)>,
    /// A user or a group with a number: where, and how it is written.
    pub(crate) fixed_user: Option<(String, String)>,
    pub(crate) ports: Vec<Port>,
    /// Whether something beside its files may say how it connects to Kafka: a variable, or files that are not objects here.
    pub(crate) secured_elsewhere: bool,
    pub(crate) references: Vec<Reference>,
    /// Whether the pod decides on Istio's proxy, and how.
    pub(crate) injected: Option<bool>,
    /// A container with the user of the proxy.
    pub(crate) proxy_user: Option<String>,
    /// What the restricted level of Pod Security says about it.
    pub(crate) violations: Vec<Violation>,
    pub(crate) kafka: Option<KafkaProcess>,
    /// Why a pod that looks like one of Kafka is not known to run it.
    pub(crate) unknown: Option<String>,
    /// Whether it is the exporter of Kafka's groups and topics.
    pub(crate) exports: bool,
    /// The names of its templates of claims.
    pub(crate) claims: Vec<Claim>,
    /// The commands of a Job, and where each is.
    pub(crate) commands: Vec<(String, String)>,
    /// The containers of a pod that has to do with Kafka.
    pub(crate) containers: Vec<Container>,
}

impl Workload {
    /// The process of the Kafka family that it runs, and the container of that.
    pub(crate) fn process(&self) -> Option<(&KafkaProcess, &Container)> {
        let process = self.kafka.as_ref()?;
        let mut containers = self.containers.iter();
        Some((
            process,
            containers.find(|container| container.pointer == process.pointer)?,
        ))
    }
}

/// What a pod makes of names of hosts before the DNS of the cluster is asked.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    /// The names that `hostAliases` give an address.
    aliases: Vec<String>,
    /// Whether names that are not complete may be of other domains.
    searches: bool,
}

impl Resolver {
    fn of(pod: &Node<'_, '_>) -> Self {
        let aliases = pod.get("hostAliases");
        let names = aliases.items().flat_map(|alias| {
            let names = alias.get("hostnames");
            names.items().map(|name| name.text().to_owned()).collect::<Vec<_>>()
        });
        let config = pod.get("dnsConfig");
        Self {
            aliases: names.collect(),
            searches: config.get("searches").len() > 0 || config.get("nameservers").len() > 0,
        }
    }

    /// Whether a name may lead elsewhere than to the Service that it names.
    pub(crate) fn is_own(&self, host: &str) -> bool {
        let complete = host.split('.').any(|part| part == "svc");
        self.aliases.iter().any(|alias| alias == host) || self.searches && !complete
    }
}

/// A claim for a volume that each pod gets.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) pointer: String,
    /// What it asks for, in bytes.
    pub(crate) size: Option<u64>,
    /// Whether pods may only read it.
    pub(crate) read_only: bool,
}

impl Claim {
    fn of(claim: &Node<'_, '_>) -> Self {
        let spec = claim.get("spec");
        let size = quantity(spec.get("resources").get("requests").get("storage").value());
        let modes = spec.get("accessModes");
        Self {
            name: claim.get("metadata").get("name").text().to_owned(),
            pointer: claim.pointer(),
            size: size.and_then(|nano| u64::try_from(nano / 1_000_000_000).ok()),
            read_only: modes.len() > 0 && modes.items().all(|mode| mode.text() == "ReadOnlyMany"),
        }
    }
}

/// Another object, by name.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) keys: Vec<String>,
    pub(crate) optional: bool,
    pub(crate) pointer: String,
    pub(crate) path: String,
}

pub(super) fn read(kind: &str, spec: &Node<'_, '_>, template: &Node<'_, '_>, addresses: &mut Vec<Address>) -> Workload {
    let metadata = template.get("metadata");
    let pod = template.get("spec");
    let selector = spec.get("selector");
    let mut ports = Vec::new();
    let mut references = Vec::new();
    let mut proxy_user = None;
    let mut exports = false;
    let mut secured_elsewhere = gets_other_files(&metadata, &pod);
    let mut commands = Vec::new();
    let mut transactional_ids = Vec::new();
    let security = pod.get("securityContext");
    for list in ["initContainers", "containers"] {
        let list = pod.get(list);
        for container in list.items() {
            container_references(&container, &mut references);
            address::of_container(&container, addresses);
            for (name, value) in container::variables(&container) {
                secured_elsewhere |= ["SECURITY_PROTOCOL", "SASL", "SSL"]
                    .iter()
                    .any(|word| name.contains(word));
                let id = ["TRANSACTIONAL_ID", "TRANSACTIONAL_ID_PREFIX", "TRANSACTION_ID_PREFIX"];
                if id.iter().any(|end| name.ends_with(end)) && !value.is_empty() {
                    transactional_ids.push((container.pointer(), name, value));
                }
            }
            let user = container.get("securityContext").value()["runAsUser"].as_i64();
            if user.or(security.get("runAsUser").int()) == Some(1337) {
                proxy_user.get_or_insert_with(|| container.pointer());
            }
            let image = container.get("image").text();
            exports |= image.contains("kafka-exporter") || image.contains("kafka_exporter");
            if kind == "Job" {
                commands.push((container.pointer(), container::command(&container)));
            }
            // Init containers are gone when a Service looks for ports, unless they are sidecars.
            ports.extend(container::ports(&container));
        }
    }
    pod_references(&pod, &mut references);
    let containers = if is_of_kafka(&pod) {
        containers(&pod)
    } else {
        Vec::new()
    };
    let kafka = (kind != "Job").then(|| KafkaProcess::of(&pod, &containers)).flatten();
    let inject = "sidecar.istio.io/inject";
    let decided = [metadata.get("labels"), metadata.get("annotations")]
        .iter()
        .find_map(|map| map.get(inject).str().map(str::to_owned));
    Workload {
        // Bounded, so that an absurd number is told and never counted to.
        replicas: spec.get("replicas").number().unwrap_or(1).clamp(0, 10_000),
        first: spec
            .get("ordinals")
            .get("start")
            .number()
            .unwrap_or(0)
            .clamp(0, i64::from(i32::MAX)),
        selector: (kind != "Job" && selector.is_set()).then(|| Selector::of(selector.value())),
        pods: labels(metadata.get("labels").value()),
        service: spec
            .get("serviceName")
            .str()
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        parallel: spec.get("podManagementPolicy").text() == "Parallel",
        rolls: rolls(spec),
        scheduling: Scheduling::of(kind, spec, &pod),
        resolver: Resolver::of(&pod),
        time_to_live: spec.get("ttlSecondsAfterFinished").int(),
        transactional_ids,
        fixed_user: fixed_user(&pod),
        ports,
        secured_elsewhere,
        references,
        injected: decided.map(|text| text == "true"),
        proxy_user,
        violations: pod_security::violations(&pod),
        unknown: (kind != "Job" && kafka.is_none())
            .then(|| {
                pod.get("containers")
                    .items()
                    .find_map(|container| program::unknown(&container))
            })
            .flatten(),
        kafka,
        exports,
        claims: {
            let templates = spec.get("volumeClaimTemplates");
            templates.items().map(|claim| Claim::of(&claim)).collect()
        },
        commands,
        containers,
    }
}

/// Whether files come to a pod from a driver, from several objects, or from Vault's agent.
fn gets_other_files(metadata: &Node<'_, '_>, pod: &Node<'_, '_>) -> bool {
    let (annotations, volumes) = (metadata.get("annotations"), pod.get("volumes"));
    let mut volumes = volumes.items();
    volumes.any(|volume| volume.get("csi").is_set() || volume.get("projected").is_set())
        || annotations
            .entries()
            .any(|(key, _)| key.starts_with("vault.hashicorp.com/"))
}

/// Whether a pod has to do with Kafka: an image, a command or a login says so.
fn is_of_kafka(pod: &Node<'_, '_>) -> bool {
    let of_kafka = |text: &str| {
        [
            "kafka",
            "zookeeper",
            "zkServer",
            "schema-registry",
            "connect-distributed",
            "apicurio",
        ]
        .iter()
        .any(|word| text.contains(word))
            || text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "kcat")
    };
    ["initContainers", "containers"].into_iter().any(|list| {
        let list = pod.get(list);
        list.items().any(|container| {
            // What logs in by Kafka's own classes.
            let logs_in = |value: &String| value.contains("org.apache.kafka.common.security.");
            of_kafka(container.get("image").text())
                || of_kafka(&container::command(&container))
                || container::variables(&container).values().any(logs_in)
        })
    })
}

fn containers(pod: &Node<'_, '_>) -> Vec<Container> {
    let mut all = Vec::new();
    for name in ["initContainers", "containers"] {
        let list = pod.get(name);
        all.extend(list.items().map(|container| Container::of(&container, name, pod)));
    }
    all
}

fn reference(
    kind: &'static str,
    node: &Node<'_, '_>,
    name: &'static str,
    keys: Vec<String>,
    list: &mut Vec<Reference>,
) {
    let place = node.get(name);
    if let Some(text) = place.str().filter(|text| !text.is_empty()) {
        list.push(Reference {
            kind,
            name: text.to_owned(),
            keys,
            optional: node.get("optional").bool() == Some(true),
            pointer: place.pointer(),
            path: place.path(),
        });
    }
}

fn container_references(container: &Node<'_, '_>, list: &mut Vec<Reference>) {
    let env = container.get("env");
    for variable in env.items() {
        let from = variable.get("valueFrom");
        for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
            let source = from.get(field);
            let keys = source.get("key").str().map(str::to_owned);
            reference(kind, &source, "name", keys.into_iter().collect(), list);
        }
    }
    let from = container.get("envFrom");
    for item in from.items() {
        reference("ConfigMap", &item.get("configMapRef"), "name", Vec::new(), list);
        reference("Secret", &item.get("secretRef"), "name", Vec::new(), list);
    }
}

fn pod_references(pod: &Node<'_, '_>, list: &mut Vec<Reference>) {
    let keys = |node: &Node<'_, '_>| {
        let items = node.get("items");
        items
            .items()
            .filter_map(|item| item.get("key").str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let volumes = pod.get("volumes");
    for volume in volumes.items() {
        let (config, secret) = (volume.get("configMap"), volume.get("secret"));
        reference("ConfigMap", &config, "name", keys(&config), list);
        reference("Secret", &secret, "secretName", keys(&secret), list);
        reference(
            "PersistentVolumeClaim",
            &volume.get("persistentVolumeClaim"),
            "claimName",
            Vec::new(),
            list,
        );
        let projected = volume.get("projected");
        let sources = projected.get("sources");
        for source in sources.items() {
            let (config, secret) = (source.get("configMap"), source.get("secret"));
            reference("ConfigMap", &config, "name", keys(&config), list);
            reference("Secret", &secret, "name", keys(&secret), list);
        }
    }
    reference("ServiceAccount", pod, "serviceAccountName", Vec::new(), list);
    let pulls = pod.get("imagePullSecrets");
    for secret in pulls.items() {
        reference("Secret", &secret, "name", Vec::new(), list);
    }
}

/// The first user or group that a pod fixes.
fn fixed_user(pod: &Node<'_, '_>) -> Option<(String, String)> {
    let fixed = |security: &Node<'_, '_>| {
        ["runAsUser", "fsGroup"].iter().find_map(|field| {
            let node = security.get(field);
            Some((node.pointer(), format!("{field}: {}", node.int()?)))
        })
    };
    fixed(&pod.get("securityContext")).or_else(|| {
        ["initContainers", "containers"].iter().find_map(|list| {
            let list = pod.get(list);
            let mut containers = list.items();
            containers.find_map(|container| fixed(&container.get("securityContext")))
        })
    })
}

/// Whether the controller replaces pods by itself: not with `OnDelete`, nor below a partition above all ordinals.
fn rolls(spec: &Node<'_, '_>) -> bool {
    let strategy = spec.get("updateStrategy");
    let partition = strategy.get("rollingUpdate").get("partition").int().unwrap_or(0);
    let first = spec.get("ordinals").get("start").number().unwrap_or(0);
    let pods = spec.get("replicas").number().unwrap_or(1);
    strategy.get("type").text() != "OnDelete" && partition < first.saturating_add(pods).max(1)
}
