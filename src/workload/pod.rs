use k8s_openapi::{
    api::core::v1::{
        Affinity, ConfigMap, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, PodAffinityTerm, PodAntiAffinity,
        PodSecurityContext, PodSpec, PodTemplateSpec, SeccompProfile, TopologySpreadConstraint, Volume, VolumeMount,
        WeightedPodAffinityTerm,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{CONFIG_DIRECTORY, Labels, Mount, PodOptions, container::restricted};
use crate::{
    context::{Context, Platform},
    diagnostics::Profile,
    quantity::Duration,
};

/// Whether pods are part of an Istio service mesh: whether Istio adds its proxy to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mesh {
    /// Never, even if injection is enabled for the namespace: clients connect to each broker by its pod's address, and
    /// a Job with a proxy does not complete.
    #[default]
    Excluded,
    /// Always. Without Istio's CNI plugin, Istio's init container violates the restricted level of Pod Security.
    Included,
}

/// Whether the pods of a component must run apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// On different nodes, and evenly over zones, always: for a quorum, which ends with the zone that has its majority. A node
    /// without the label `topology.kubernetes.io/zone` gets none of the pods.
    Zones,
    /// On different nodes, always, and in different zones if possible: for components that lose data with a node.
    Required,
    /// If there are enough nodes.
    Preferred,
}

/// The pod of a component: what differs between components, while [`Pod::template`] adds what every pod has.
#[derive(Debug)]
pub struct Pod<'a> {
    /// The component.
    pub labels: &'a Labels,
    /// The name of its ServiceAccount.
    pub service_account: &'a str,
    /// The user of its image, whose group owns the volumes.
    pub user: i64,
    /// Files, mounted in all containers at [`CONFIG_DIRECTORY`]; changing them restarts the pod.
    pub config: Option<&'a ConfigMap>,
    /// The init container that runs first and waits for what the others need, see [`wait_for`](super::wait_for). It
    /// does not get the environment and volumes that the stack adds.
    pub wait: Option<Container>,
    /// Init containers that run one after the other before `container`.
    pub init_containers: Vec<Container>,
    /// The component itself.
    pub container: Container,
    /// The time between a termination and a kill.
    pub grace_period: Duration,
    /// Whether its pods must run on different nodes.
    pub spread: Spread,
    /// Whether it is part of a service mesh.
    pub mesh: Mesh,
    /// What the stack adds.
    pub options: &'a PodOptions,
}

impl Pod<'_> {
    /// The template: restricted security, no token, no service links (a Service named `kafka` would set `KAFKA_PORT`,
    /// which makes images exit), spread over nodes and zones, and a writable `/tmp`.
    ///
    /// Then the options of the stack for this pod, and for all of its pods.
    pub fn template(self, context: &Context) -> PodTemplateSpec {
        let options = self.options;
        let config_volume = self.config.map(|config| Volume {
            name: "config".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: config.metadata.name.clone().unwrap_or_default(),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        });
        let mounts = config_volume
            .iter()
            .map(|_| mount("config", CONFIG_DIRECTORY))
            .chain([mount("tmp", "/tmp")])
            .collect::<Vec<_>>();
        let with_mounts = |mut container: Container| {
            container.volume_mounts.get_or_insert_default().extend(mounts.clone());
            container
        };
        let complete = |container: Container| {
            let mut container = with_mounts(container);
            let further = options.mounts.iter().map(Mount::to_volume_mount);
            container.volume_mounts.get_or_insert_default().extend(further);
            if !options.env.is_empty() {
                container
                    .env
                    .get_or_insert_default()
                    .extend(options.env.iter().cloned());
            }
            container
        };
        let sidecars = options.sidecars.iter().cloned().map(|mut sidecar| {
            sidecar.security_context.get_or_insert_with(restricted);
            sidecar
        });
        let mut labels = self.labels.all();
        labels.insert(
            "sidecar.istio.io/inject".to_owned(),
            (self.mesh == Mesh::Included).to_string(),
        );
        let init_containers: Vec<_> = self
            .wait
            .map(with_mounts)
            .into_iter()
            .chain(self.init_containers.into_iter().map(complete))
            .collect();
        // OpenShift gives each namespace users of its own, and refuses others.
        let user = (context.platform == Platform::Kubernetes).then_some(self.user);
        let mut template = PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(labels),
                ..ObjectMeta::default()
            }),
            spec: Some(PodSpec {
                affinity: Some(apart_per_node(&self.labels.without_pool(), self.spread)),
                automount_service_account_token: Some(false),
                containers: std::iter::once(complete(self.container)).chain(sidecars).collect(),
                enable_service_links: Some(false),
                init_containers: (!init_containers.is_empty()).then_some(init_containers),
                security_context: Some(PodSecurityContext {
                    fs_group: user,
                    fs_group_change_policy: Some("OnRootMismatch".to_owned()),
                    run_as_group: user,
                    run_as_non_root: Some(true),
                    run_as_user: user,
                    seccomp_profile: Some(SeccompProfile {
                        type_: "RuntimeDefault".to_owned(),
                        localhost_profile: None,
                    }),
                    ..PodSecurityContext::default()
                }),
                service_account_name: Some(self.service_account.to_owned()),
                termination_grace_period_seconds: Some(seconds(self.grace_period)),
                topology_spread_constraints: Some(vec![TopologySpreadConstraint {
                    label_selector: Some(self.labels.without_pool().label_selector()),
                    max_skew: 1,
                    topology_key: "topology.kubernetes.io/zone".to_owned(),
                    when_unsatisfiable: match self.spread {
                        Spread::Zones => "DoNotSchedule",
                        Spread::Required | Spread::Preferred => "ScheduleAnyway",
                    }
                    .to_owned(),
                    ..TopologySpreadConstraint::default()
                }]),
                volumes: Some(
                    config_volume
                        .into_iter()
                        .chain([Volume {
                            name: "tmp".to_owned(),
                            empty_dir: Some(EmptyDirVolumeSource::default()),
                            ..Volume::default()
                        }])
                        .chain(Mount::volumes(&options.mounts))
                        .collect(),
                ),
                ..PodSpec::default()
            }),
        };
        context.pods.with(&options.defaults).apply(&mut template);
        template
    }
}

impl Spread {
    /// That of a quorum, unless its stack says more.
    pub(crate) fn of_quorum(context: &Context) -> Self {
        match context.profile {
            Profile::Production => Self::Zones,
            Profile::Development => Self::Required,
        }
    }
}

fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: (volume == "config").then_some(true),
        ..VolumeMount::default()
    }
}

fn apart_per_node(labels: &Labels, spread: Spread) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(labels.label_selector()),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    let anti_affinity = match spread {
        Spread::Zones | Spread::Required => PodAntiAffinity {
            required_during_scheduling_ignored_during_execution: Some(vec![term]),
            ..PodAntiAffinity::default()
        },
        Spread::Preferred => PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![WeightedPodAffinityTerm {
                weight: 100,
                pod_affinity_term: term,
            }]),
            ..PodAntiAffinity::default()
        },
    };
    Affinity {
        pod_anti_affinity: Some(anti_affinity),
        ..Affinity::default()
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_seconds()).unwrap_or(i64::MAX)
}
