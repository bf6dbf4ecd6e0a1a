//! Processes of the Kafka family among their objects: what keeps them from starting, loses data, or opens them to everyone.

mod acls;
pub(crate) mod addresses;
pub(crate) mod advertised_host;
pub(crate) mod advertised_listeners;
mod apicurio;
pub(crate) mod autoscaling;
pub(crate) mod bootstrap;
pub(crate) mod certificates;
pub(crate) mod client_security;
mod client_tools;
mod clients;
mod cluster;
pub(crate) mod cluster_id;
pub(crate) mod command;
pub(crate) mod converters;
mod default_listeners;
pub(crate) mod durability;
pub(crate) mod early_kill;
pub(crate) mod entrypoint;
pub(crate) mod environment;
pub(crate) mod exposure;
pub(crate) mod extremes;
pub(crate) mod files;
pub(crate) mod flows;
pub(crate) mod guards;
pub(crate) mod inside_names;
pub(crate) mod jvm_flags;
pub(crate) mod limits;
pub(crate) mod listeners;
mod listening;
pub(crate) mod log_directories;
mod mapping;
mod memory;
pub(crate) mod memory_request;
pub(crate) mod mode;
pub(crate) mod node_ids;
pub(crate) mod oauth;
pub(crate) mod options;
pub(crate) mod outside;
pub(crate) mod ownership;
pub(crate) mod placement;
pub(crate) mod plugins;
pub(crate) mod pools;
pub(crate) mod ports;
pub(crate) mod providers;
pub(crate) mod quorum;
mod registry;
pub(crate) mod required;
pub(crate) mod rest;
mod secrets;
pub(crate) mod security;
pub(crate) mod service_links;
pub(crate) mod settings;
pub(crate) mod shutdown;
pub(crate) mod temporary;
pub(crate) mod tools;
pub(crate) mod topic_creation;
pub(crate) mod topics;
mod unknown;
pub(crate) mod user;
pub(crate) mod zookeeper;
pub(crate) mod zookeeper_exposure;

use std::cell::OnceCell;

use self::listening::Open;
use super::model::{
    ObjectModel,
    container::Container,
    convention,
    jvm::Jvm,
    process::KafkaProcess,
    program::Program,
    release,
    set::{ObjectSet, SetFindings},
    settings::{EffectiveSettings, Setting},
    workload::{Reference, Workload},
};
use crate::{
    catalogue::{Key, Role, Unset},
    diagnostics::{Change, Diagnostic, Mend, Rule},
    version::Version,
};

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let members: Vec<Member<'_>> = set
        .workloads()
        .filter_map(|(index, object, workload)| {
            let (process, container) = workload.process()?;
            Some(Member {
                set,
                index,
                object,
                workload,
                process,
                container,
                version: object.version.or_else(|| release::of_image(&process.image)),
                settings: set.settings(object, (process, container)),
                jvm: OnceCell::new(),
                open: OnceCell::new(),
            })
        })
        .collect();
    let askers = ports::askers(set);
    let brokers = cluster::Brokers::of(set, &members);
    let topics = topics::files(set);
    of_clients(set, &members, &brokers, findings);
    topics::check(&topics, &brokers, findings);
    topics::of_commands(set, &brokers, findings);
    exposure::super_clients(set, &members, findings);
    acls::of_commands(set, findings);
    unknown::processes(set, findings);
    for member in &members {
        unknown::settings(member, findings);
        unknown::elsewhere(member, findings);
        settings::of_process(member, findings);
        durability::check(member, &brokers, findings);
        bootstrap::of_worker(member, findings);
        converters::check(member, findings);
        listeners::check(member, findings);
        default_listeners::check(member, findings);
        listeners::loopback(member, findings);
        providers::check(member, findings);
        plugins::check(member, findings);
        registry::check(member, findings);
        rest::check(member, findings);
        required::check(member, findings);
        shutdown::check(member, findings);
        security::check(member, findings);
        oauth::check(member, findings);
        exposure::check(set, member, findings);
        certificates::check(set, member, findings);
        exposure::plaintext(member, &brokers, findings);
        exposure::no_authorizer(member, &brokers, findings);
        exposure::super_user(set, member, &members, findings);
        exposure::weak(member, findings);
        mode::check(member, findings);
        limits::check(member, findings);
        extremes::check(member, findings);
        jvm_flags::check(member, findings);
        zookeeper::check(member, findings);
        zookeeper_exposure::check(member, findings);
        secrets::settings(member, findings);
        service_links::check(member, findings);
        entrypoint::check(member, findings);
        user::named(member, findings);
        user::volumes(member, findings);
        cluster_id::check(member, findings);
        cluster_id::of_pod(member, findings);
        environment::check(member, findings);
        tools::check(member, findings);
        temporary::check(member, findings);
        memory::check(member, findings);
        placement::check(member, findings);
        ports::taken(member, findings);
        ports::unanswered(member, &askers, findings);
        addresses::ipv6(member, findings);
        match member.process.program {
            Program::Broker | Program::ZooKeeper => {
                log_directories::check(member, findings);
                log_directories::volumes(member, findings);
                early_kill::check(member, findings);
                quorum::start(member, findings);
                node_ids::check(member, findings);
                node_ids::written(member, findings);
                quorum::form(member, findings);
                quorum::members(member, findings);
                advertised_listeners::check(member, findings);
                topic_creation::check(member, findings);
                guards::check(member, findings);
                memory_request::check(member, findings);
            }
            Program::Registry | Program::Connect => {
                advertised_host::check(member, findings);
                guards::of_rest(member, findings);
            }
        }
    }
    among(set, &members, &topics, findings);
    of_workloads(set, &members, &askers, findings);
    for (index, object) in set.objects.iter().enumerate() {
        secrets::files(findings, index, object, &members);
        secrets::other_files(findings, index, object);
        settings::twice(findings, index, object);
    }
}

/// What clients say to brokers, in files, in processes and in commands.
fn of_clients(set: &ObjectSet<'_>, members: &[Member<'_>], brokers: &cluster::Brokers<'_>, findings: &mut SetFindings) {
    let listening = &client_security::Listening::of(set, members);
    settings::of_files(set, members, brokers, listening, findings);
    client_security::check(members, listening, findings);
    client_tools::check(set, listening, findings);
}

/// What processes are to each other.
fn among(set: &ObjectSet<'_>, members: &[Member<'_>], topics: &[topics::TopicsOfFile<'_>], findings: &mut SetFindings) {
    cluster_id::shared(members, findings);
    quorum::size(members, findings);
    node_ids::of_clusters(members, findings);
    addresses::check(set, members, findings);
    outside::check(set, members, findings);
    ownership::check(set, members, topics, findings);
    pools::check(set, members, findings);
    flows::check(set, members, findings);
    autoscaling::check(set, members, findings);
}

/// What all pods that have to do with Kafka are judged by, whatever runs in them.
fn of_workloads(set: &ObjectSet<'_>, members: &[Member<'_>], askers: &ports::Askers<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        files::check(set, findings, index, object, workload);
        command::check(findings, index, workload);
        options::check(findings, index, workload);
        temporary::of_logs(findings, index, workload);
        environment::script(findings, index, workload);
        environment::of_files(set, findings, index, object, workload);
        ports::exporters(findings, index, workload, askers);
        environment::labels(findings, index, object, workload);
        memory::of_others(findings, index, workload);
        apicurio::check(set, findings, index, object, workload);
        if let Some(pointer) = apicurio::process(workload) {
            placement::shared_node(index, object, workload, pointer, findings);
        }
        topic_creation::by_job(findings, index, object, workload);
        secrets::containers(findings, index, workload, members);
    }
}

/// A namespace, and the quorum or the ensemble there.
type Cluster<'a> = (&'a str, &'a str);

/// A workload that runs a process of the Kafka family, with all of its settings.
struct Member<'a> {
    set: &'a ObjectSet<'a>,
    index: usize,
    object: &'a ObjectModel,
    workload: &'a Workload,
    process: &'a KafkaProcess,
    /// The container of the process.
    container: &'a Container,
    /// The release of Kafka that it is.
    version: Option<Version>,
    settings: EffectiveSettings,
    /// Its JVM, once it was asked for.
    jvm: OnceCell<Jvm>,
    /// What it listens on, once it was asked for.
    open: OnceCell<Option<Vec<Open>>>,
}

impl Member<'_> {
    /// Reports at a setting, in the pod or in the ConfigMap that has it.
    fn at<'f>(
        &self,
        findings: &'f mut SetFindings,
        setting: &Setting,
        rule: &'static Rule,
        message: String,
    ) -> &'f mut Diagnostic {
        let index = self.object_of(setting).unwrap_or(self.index);
        let finding = findings.add(index, setting.pointer.clone(), rule, message);
        finding.place.row = setting.row;
        finding
    }

    /// Adds a finding about a setting by its name.
    fn push(&self, findings: &mut SetFindings, key: &str, setting: &Setting, mut finding: Diagnostic) {
        finding.place.field.clone_from(&setting.pointer);
        finding.place.row = setting.row;
        key.clone_into(&mut finding.place.setting);
        finding.mend = finding.mend.map(|mend| self.mend_of(mend, key, setting));
        findings.push(self.object_of(setting).unwrap_or(self.index), finding);
    }

    /// What mends a setting, as the change of what makes it: a line of a file, or a variable. Within a command no change is certain.
    fn mend_of(&self, mend: Mend, key: &str, setting: &Setting) -> Mend {
        let taken = |name: &String| self.settings.get(name).is_some();
        match (&mend.change, &setting.variable) {
            (Change::Rename(name), _) if taken(name) => mend.into_advice(),
            (Change::Rename(name), Some(variable)) => match convention::renamed(variable, key, name) {
                Some(variable) => Mend {
                    field: Some(format!("{}/name", setting.pointer)),
                    change: Change::Set(variable.into()),
                    ..mend
                },
                None => mend.into_advice(),
            },
            (Change::Set(_), Some(_)) => mend.of_field(format!("{}/value", setting.pointer)),
            _ if setting.variable.is_none() && setting.config_map.is_none() => mend.into_advice(),
            _ => mend,
        }
    }

    /// Reports a setting with which the process does not do what is meant.
    fn refuse(
        &self,
        findings: &mut SetFindings,
        rule: &'static Rule,
        key: &str,
        setting: &Setting,
        message: String,
        hint: impl Into<String>,
    ) {
        let mut finding = Diagnostic::new(rule, message);
        finding.yaml_hint(hint);
        finding.mend(Mend::change());
        self.push(findings, key, setting, finding);
    }

    /// Whether a command or an option of the JVM names a setting, an init container writes the file, or variables come from an object
    /// that is not read: it may then be set where no one sees it.
    fn writes(&self, key: &str) -> bool {
        if self.settings.edited.is_some() && self.settings.get(key).is_none() {
            return true;
        }
        let variable = key.replace('.', "_").to_ascii_uppercase();
        let named = |text: &str| text.contains(key) || text.contains(&variable);
        let mut variables = self.container.variables.iter();
        self.commands().any(|(_, command)| named(command))
            || self.hides_variables()
            || variables.any(|(name, value)| name.ends_with("OPTS") && named(value))
    }

    /// The commands of all containers of the pod, and where each is.
    fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        let containers = self.workload.containers.iter();
        containers.map(|container| (container.pointer.as_str(), container.command()))
    }

    /// The objects whose keys are variables of the process.
    fn sources(&self) -> impl Iterator<Item = &Reference> {
        let variables = format!("{}/envFrom/", self.process.pointer);
        let references = self.workload.references.iter();
        references.filter(move |reference| reference.pointer.starts_with(&variables))
    }

    /// Whether variables come from an object that is not read: a Secret, or a ConfigMap that is not here.
    fn hides_variables(&self) -> bool {
        self.sources().any(|source| !self.reads(source))
    }

    /// Whether the variables of an object are known.
    fn reads(&self, source: &Reference) -> bool {
        let namespace = &self.object.identity.namespace;
        source.kind == "ConfigMap" && self.set.find(source.kind, namespace, &source.name).is_some()
    }

    /// The ConfigMap that has a setting, if one has.
    fn object_of(&self, setting: &Setting) -> Option<usize> {
        let map = setting.config_map.as_ref()?;
        self.set.index("ConfigMap", &self.object.identity.namespace, map)
    }

    /// Its JVM.
    fn jvm(&self) -> &Jvm {
        self.jvm.get_or_init(|| Jvm::of(self.container, self.process.program))
    }

    /// All that the process listens on. None if something may be missing: settings or an image that are not known.
    fn listening(&self) -> Option<&[Open]> {
        self.open.get_or_init(|| self.all_ports()).as_deref()
    }

    /// Whether its image is one whose content is known: of its maker, or named by the stack.
    fn is_known_image(&self) -> bool {
        self.object.version.is_some() || is_official(self.process.image_name())
    }

    /// What the brokers and controllers of one cluster have in common; none where that is not known.
    fn cluster(&self) -> Option<Cluster<'_>> {
        let keys = [
            "controller.quorum.voters",
            "controller.quorum.bootstrap.servers",
            "zookeeper.connect",
        ];
        let mut settings = keys.iter().filter_map(|key| self.settings.get(key));
        let setting = settings.find(|setting| !setting.value.trim().is_empty())?;
        Some((&self.object.identity.namespace, &setting.value))
    }

    /// Whether it is a broker: it keeps partitions.
    fn serves(&self) -> bool {
        self.process.program == Program::Broker
            && self
                .settings
                .get("process.roles")
                .is_none_or(|roles| roles.value.contains("broker"))
    }

    /// A number in the settings of a broker, or Kafka's default where it is not set. None if it may be set where no one sees it.
    fn number_or_default(&self, key: &str) -> Option<u64> {
        match self.settings.get(key) {
            Some(setting) => setting.value.trim().parse().ok(),
            None if self.settings.is_empty() || self.writes(key) => None,
            None => match Key::find(Role::Broker, self.version.unwrap_or(Version::V4_3), key)?.unset {
                Unset::Text(default) => default.parse().ok(),
                Unset::Required | Unset::Nothing => None,
            },
        }
    }

    fn is_stateful_set(&self) -> bool {
        self.object.identity.kind == "StatefulSet"
    }

    /// Whether the pod takes part in a vote: a controller, or a server of ZooKeeper.
    fn votes(&self) -> bool {
        match self.process.program {
            Program::ZooKeeper => true,
            _ => self
                .settings
                .get("process.roles")
                .is_some_and(|roles| roles.value.contains("controller")),
        }
    }
}

/// Whether an image is Confluent's or Apache's own, whose content is known.
fn is_official(image: &str) -> bool {
    image.contains("confluentinc/cp-") || image == "apache/kafka" || image.ends_with("/apache/kafka")
}
