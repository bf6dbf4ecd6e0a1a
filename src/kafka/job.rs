//! A Job that brings a running cluster to what is declared: a script, and the file that it reads.

use k8s_openapi::{
    api::{
        batch::v1::{
            CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec, PodFailurePolicy,
            PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
        },
        core::v1::{ConfigMap, Container, EnvVar},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::connection::ClientSettings;
use crate::{
    context::Context,
    manifest::{Object, Wave},
    quantity::{Bytes, Cpu, Duration, Resources},
    security::IDENTITY_DIRECTORY,
    workload::{CONFIG_DIRECTORY, ImageSet, Labels, Mesh, Mount, Pod, PodOptions, Spread, env},
};

/// Of the pod: the script runs Kafka's commands, each in a JVM of its own.
pub(super) const RESOURCES: Resources = Resources {
    cpu_request: Cpu::from_millicores(200),
    cpu_limit: Cpu::from_millicores(1000),
    memory_request: Bytes::from_mib(512),
    memory_limit: Bytes::from_mib(512),
};

/// The file by which a Job connects to a closed cluster.
pub(super) const CLIENT_FILE: &str = "client.properties";

/// The same file, the environment that names it, and the mount of the Secret that it names: nothing for an open cluster.
pub(super) struct Credentials {
    pub(super) file: Option<(&'static str, String)>,
    pub(super) env: Option<EnvVar>,
    pub(super) mount: Option<Mount>,
}

impl Credentials {
    /// Those of the administrator.
    pub(super) fn of(connection: &ClientSettings, secret: Option<String>) -> Self {
        let file = connection.command_config().map(|text| (CLIENT_FILE, text));
        Self {
            env: file
                .as_ref()
                .map(|_| env("COMMAND_CONFIG", format!("{CONFIG_DIRECTORY}/{CLIENT_FILE}"))),
            mount: secret.map(|secret| Mount::secret(secret, IDENTITY_DIRECTORY)),
            file,
        }
    }

    /// The options of a pod that has them.
    pub(super) fn with(self, options: &PodOptions) -> PodOptions {
        let mut options = options.clone();
        options.mounts.extend(self.mount);
        options
    }
}

/// A script that converges. Its exit status is 1 for a failure that a retry may fix, and 2 or 3 where a retry does not help.
pub(super) struct Step<'a> {
    pub(super) labels: &'a Labels,
    pub(super) service_account: &'a str,
    /// The script and the declaration.
    pub(super) config: &'a ConfigMap,
    pub(super) container: Container,
    pub(super) options: &'a PodOptions,
}

impl Step<'_> {
    pub(super) fn job(self, context: &Context) -> JobSpec {
        let container = self.container.name.clone();
        let mut template = Pod {
            labels: self.labels,
            service_account: self.service_account,
            user: ImageSet::USER,
            config: Some(self.config),
            wait: None,
            init_containers: Vec::new(),
            container: self.container,
            grace_period: Duration::from_seconds(10),
            spread: Spread::Preferred,
            mesh: Mesh::Excluded,
            options: self.options,
        }
        .template(context);
        if let Some(pod) = &mut template.spec {
            pod.restart_policy = Some("Never".to_owned());
            // As ordinary containers they would prevent the Job from completing.
            let mut sidecars = pod.containers.split_off(1);
            for sidecar in &mut sidecars {
                sidecar.restart_policy = Some("Always".to_owned());
            }
            pod.init_containers = (!sidecars.is_empty()).then_some(sidecars);
            // There is only one pod, so there is nothing to spread.
            pod.affinity = None;
            pod.topology_spread_constraints = None;
        }
        JobSpec {
            // Six attempts, each of which waits ten minutes for the brokers, and the time between them.
            active_deadline_seconds: Some(5400),
            backoff_limit: Some(6),
            pod_failure_policy: Some(PodFailurePolicy {
                rules: vec![
                    // A wrong file, or a change that Kafka rejects: a retry does not help.
                    PodFailurePolicyRule {
                        action: "FailJob".to_owned(),
                        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                            container_name: Some(container),
                            operator: "In".to_owned(),
                            values: vec![2, 3],
                        }),
                        on_pod_conditions: None,
                    },
                    // A drained node does not count as a failed attempt.
                    PodFailurePolicyRule {
                        action: "Ignore".to_owned(),
                        on_exit_codes: None,
                        on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                            status: "True".to_owned(),
                            type_: "DisruptionTarget".to_owned(),
                        }]),
                    },
                ],
            }),
            template,
            ..JobSpec::default()
        }
    }
}

/// A Job that runs at once when its content changes, and again every hour: then it reverts what was changed by hand, and finds a password
/// that changed.
pub(super) struct Hourly<'a> {
    pub(super) labels: &'a Labels,
    /// Of the `CronJob`; that of the Job ends in a digest of its content.
    pub(super) name: &'a str,
    pub(super) schedule: &'a str,
    pub(super) job: JobSpec,
}

impl Hourly<'_> {
    pub(super) fn objects(self, context: &Context) -> [Object; 2] {
        let metadata = self.labels.metadata(context, self.name);
        let job = Job {
            metadata: metadata.clone(),
            spec: Some(self.job.clone()),
            status: None,
        };
        let again = CronJob {
            metadata,
            spec: Some(CronJobSpec {
                // Two runs at once would take each other's writes for changes made by hand.
                concurrency_policy: Some("Forbid".to_owned()),
                // The alert on a failed run lasts until the Job is deleted: one is enough to read what it said.
                failed_jobs_history_limit: Some(1),
                successful_jobs_history_limit: Some(1),
                job_template: JobTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(self.labels.all()),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.job),
                },
                schedule: self.schedule.to_owned(),
                ..CronJobSpec::default()
            }),
            status: None,
        };
        [
            Object::new(&again).in_wave(Wave::Topics),
            Object::new(&job).named_by_content().in_wave(Wave::Topics),
        ]
    }
}
