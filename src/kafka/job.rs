//! A Job that brings a running cluster to what is declared: a script, and the file that it reads.

use k8s_openapi::{
    api::{
        batch::v1::{CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec},
        core::v1::EnvVar,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{connection::ClientSettings, oauth::TokenEndpoint};
use crate::{
    context::Context,
    manifest::{Object, Wave},
    quantity::{Bytes, Cpu, Resources},
    security::IDENTITY_DIRECTORY,
    workload::{CONFIG_DIRECTORY, Labels, Mount, PodOptions, Version, env},
};

/// Of the pod: the script runs Kafka's commands, each in a JVM of its own.
pub(super) const RESOURCES: Resources = Resources {
    cpu_request: Cpu::from_millicores(200),
    cpu_limit: Cpu::from_millicores(1000),
    memory_request: Bytes::from_mib(512),
    memory_limit: Bytes::from_mib(512),
};

/// The file by which Kafka's tools connect to a closed cluster in the pod of a Job or of a component.
pub(crate) const CLIENT_FILE: &str = "client.properties";

/// The same file, the environment that names it, and the mount of the Secret that it names: nothing for an open cluster.
pub(crate) struct Credentials {
    pub(crate) file: Option<(&'static str, String)>,
    pub(super) env: Vec<EnvVar>,
    mounts: Vec<Mount>,
}

impl Credentials {
    /// How someone connects, with this Secret.
    pub(super) fn of(connection: &ClientSettings, secret: Option<String>, version: Version) -> Self {
        let file = connection.command_config().map(|text| (CLIENT_FILE, text));
        let path = format!("{CONFIG_DIRECTORY}/{CLIENT_FILE}");
        let named = file.as_ref().map(|_| env("COMMAND_CONFIG", path));
        Self {
            env: named.into_iter().chain(tool_options(connection, version)).collect(),
            mounts: secret
                .map(|secret| Mount::secret(secret, IDENTITY_DIRECTORY))
                .into_iter()
                .chain(connection.token().and_then(TokenEndpoint::mount))
                .collect(),
            file,
        }
    }

    /// The options of a pod that has them.
    pub(crate) fn with(self, options: &PodOptions) -> PodOptions {
        let mut options = options.clone();
        options.mounts.extend(self.mounts);
        options
    }
}

/// What the JVM of one of Kafka's tools needs to get a token.
pub(super) fn tool_options(connection: &ClientSettings, version: Version) -> Option<EnvVar> {
    Some(env("KAFKA_OPTS", connection.jvm_option(version)?))
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
