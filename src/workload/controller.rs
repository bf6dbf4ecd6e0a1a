use k8s_openapi::{
    api::{
        apps::v1::{
            Deployment, DeploymentSpec, StatefulSet, StatefulSetOrdinals,
            StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
        },
        core::v1::{
            Affinity, ConfigMap, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, PersistentVolumeClaim,
            PersistentVolumeClaimSpec, PodAffinityTerm, PodAntiAffinity, PodSecurityContext, PodSpec, PodTemplateSpec,
            SeccompProfile, TopologySpreadConstraint, Volume, VolumeMount, VolumeResourceRequirements,
            WeightedPodAffinityTerm,
        },
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{CONFIG_DIRECTORY, Labels};
use crate::{
    context::Context,
    quantity::{Bytes, Duration},
};

/// Whether Istio may put its proxy beside a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sidecar {
    /// Never, whatever the namespace says: what a Kafka protocol and a Job need.
    #[default]
    None,
    /// Always. Without Istio's CNI plugin its init container breaks the restricted level of Pod Security.
    Inject,
}

/// How strictly the pods of a component are kept on different nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Never two on one node: for what loses data or a quorum with a node.
    Required,
    /// On different nodes where there are enough.
    Preferred,
}

/// The pod of a component: what differs between components, while [`Pod::template`] adds what every pod has.
#[derive(Debug)]
pub struct Pod<'a> {
    /// The component.
    pub labels: &'a Labels,
    /// The name of its ServiceAccount.
    pub service_account: &'a str,
    /// The user that its image is made for; its group owns the volumes.
    pub user: i64,
    /// Files, mounted in all containers at [`CONFIG_DIRECTORY`]; a change of them restarts the pod.
    pub config: Option<&'a ConfigMap>,
    /// Run to completion, one after the other, before `container`.
    pub init_containers: Vec<Container>,
    /// The component itself.
    pub container: Container,
    /// The time between a termination and a kill.
    pub grace_period: Duration,
    /// How strictly its pods are kept apart.
    pub spread: Spread,
    /// Whether Istio may put its proxy beside it.
    pub sidecar: Sidecar,
}

impl Pod<'_> {
    /// The template: restricted security, no token, no service links (a Service named `kafka` would set `KAFKA_PORT`, on
    /// which images exit), apart per node and per zone, and a writable `/tmp`.
    pub fn template(self) -> PodTemplateSpec {
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
        let mut labels = self.labels.all();
        labels.insert(
            "sidecar.istio.io/inject".to_owned(),
            (self.sidecar == Sidecar::Inject).to_string(),
        );
        let init_containers: Vec<_> = self.init_containers.into_iter().map(with_mounts).collect();
        PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(labels),
                ..ObjectMeta::default()
            }),
            spec: Some(PodSpec {
                affinity: Some(apart_per_node(&self.labels.without_pool(), self.spread)),
                automount_service_account_token: Some(false),
                containers: vec![with_mounts(self.container)],
                enable_service_links: Some(false),
                init_containers: (!init_containers.is_empty()).then_some(init_containers),
                security_context: Some(PodSecurityContext {
                    fs_group: Some(self.user),
                    fs_group_change_policy: Some("OnRootMismatch".to_owned()),
                    run_as_group: Some(self.user),
                    run_as_non_root: Some(true),
                    run_as_user: Some(self.user),
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
                    when_unsatisfiable: "ScheduleAnyway".to_owned(),
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
                        .collect(),
                ),
                ..PodSpec::default()
            }),
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
        Spread::Required => PodAntiAffinity {
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

/// A claim for a volume of each pod, mounted by the name of the claim.
pub fn claim(name: &str, size: Bytes, storage_class: Option<&str>) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), size.quantity())].into()),
                limits: None,
            }),
            storage_class_name: storage_class.map(str::to_owned),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

/// The volumes of a StatefulSet: their claims are called `<claim>-<stateful set>-<ordinal>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeClaims {
    /// The name of the claim template.
    pub claim: String,
    /// The StatefulSet.
    pub stateful_set: String,
    /// The ordinals of its pods.
    pub ordinals: std::ops::Range<u32>,
}

impl VolumeClaims {
    /// The claims of this template and StatefulSet, whose pods have these ordinals.
    pub fn new(claim: impl Into<String>, stateful_set: impl Into<String>, ordinals: std::ops::Range<u32>) -> Self {
        Self {
            claim: claim.into(),
            stateful_set: stateful_set.into(),
            ordinals,
        }
    }
}

/// A StatefulSet whose pods start at once, since members of a quorum wait for each other, and whose volumes outlive it.
#[derive(Debug)]
pub struct Members<'a> {
    /// Its name, and the start of its pods' names.
    pub name: &'a str,
    /// The headless Service that names its pods.
    pub service: &'a str,
    /// The number of pods.
    pub replicas: u32,
    /// The ordinal of the first pod.
    pub first_ordinal: u32,
    /// How long a pod must be ready before the next one is restarted.
    pub settle: Duration,
}

/// Renders [`Members`].
pub fn stateful_set(
    context: &Context,
    members: &Members<'_>,
    pod: Pod<'_>,
    claims: Vec<PersistentVolumeClaim>,
) -> StatefulSet {
    let labels = pod.labels;
    StatefulSet {
        metadata: labels.metadata(context, members.name),
        spec: Some(StatefulSetSpec {
            min_ready_seconds: Some(i32::try_from(members.settle.as_seconds()).unwrap_or(i32::MAX)).filter(|&s| s > 0),
            ordinals: (members.first_ordinal > 0).then(|| StatefulSetOrdinals {
                start: i32::try_from(members.first_ordinal).ok(),
            }),
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some("Retain".to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: i32::try_from(members.replicas).ok(),
            selector: labels.label_selector(),
            service_name: Some(members.service.to_owned()),
            template: pod.template(),
            volume_claim_templates: Some(claims),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// A Deployment of interchangeable pods.
pub fn deployment(context: &Context, name: &str, replicas: u16, pod: Pod<'_>) -> Deployment {
    let labels = pod.labels;
    Deployment {
        metadata: labels.metadata(context, name),
        spec: Some(DeploymentSpec {
            replicas: Some(replicas.into()),
            selector: labels.label_selector(),
            template: pod.template(),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}
