//! What a cluster may not go back behind: a file that declares its features, and a Job that raises them.

use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{ConfigMap, ConfigMapKeySelector, EnvVar, EnvVarSource},
};

use super::{
    cluster::{Coordination, KafkaCluster},
    connection::Identity,
    job::{self, Credentials},
};
use crate::{
    construct::{Check, Construct},
    context::Context,
    diagnostics::{Origin, rules::kraft},
    manifest::{Object, Wave},
    version::Version,
    workload::{CONFIG_DIRECTORY, Labels, Step, config_map, container, env},
};

const SCRIPT: &str = include_str!("features.sh");
const SCRIPT_FILE: &str = "features.sh";
/// The file of the features, by which other rooms find it.
pub(crate) const FEATURES_FILE: &str = "features.txt";
/// The metadata version alone, for the step that formats an empty volume.
const VARIABLE: &str = "METADATA_VERSION";

impl KafkaCluster {
    /// The file of features and the Job that applies it, if a finalized version is declared.
    pub(super) fn features(&self, context: &Context) -> Vec<Object> {
        let Some(finalized) = self.finalized else {
            return Vec::new();
        };
        let config = self.features_config(context, finalized);
        let job = self.features_job(context, &config);
        let origin = Origin::of_field("/data", "", self.meta.location);
        vec![
            Object::new(&config).of_version(self.version).with_origins([origin]),
            Object::new(&job).named_by_content().in_wave(Wave::Topics),
        ]
    }

    pub(super) fn features_name(&self) -> String {
        format!("{}-features", self.meta.name)
    }

    fn features_labels(&self) -> Labels {
        Labels::new("kafka-features", &self.meta.name, "job")
    }

    fn features_config(&self, context: &Context, finalized: Version) -> ConfigMap {
        let lines = finalized.features().map(|feature| {
            let text = if feature.text == feature.level {
                String::new()
            } else {
                format!(" {}", feature.text)
            };
            format!("{} {}{text}\n", feature.name, feature.level)
        });
        config_map(
            context,
            &self.features_labels(),
            self.features_name(),
            [
                (FEATURES_FILE, lines.collect()),
                (SCRIPT_FILE, SCRIPT.to_owned()),
                (VARIABLE, finalized.metadata_version().to_owned()),
            ]
            .into_iter()
            .chain(self.admin(context).file),
        )
    }

    /// The Job is the administrator.
    fn admin(&self, context: &Context) -> Credentials {
        let kafka = self.handle(context);
        kafka.credentials(Identity::Admin)
    }

    fn features_job(&self, context: &Context, config: &ConfigMap) -> Job {
        let mut container = container(
            "features",
            self.images.kafka(),
            job::RESOURCES,
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        let credentials = self.admin(context);
        let connection = self.handle(context).client_settings(Identity::Admin);
        let mut environment = vec![
            env("BOOTSTRAP_SERVERS", connection.bootstrap_servers()),
            env("FEATURES_FILE", format!("{CONFIG_DIRECTORY}/{FEATURES_FILE}")),
            env("KAFKA_FEATURES", self.images.command("kafka-features")),
            env("LOG_DIR", "/tmp"),
        ];
        environment.extend(credentials.env.clone());
        container.env = Some(environment);
        let step = Step {
            labels: &self.features_labels(),
            service_account: &self.meta.name,
            config,
            container,
            options: &credentials.with(&self.options),
        };
        Job {
            metadata: self.features_labels().metadata(context, self.features_name()),
            spec: Some(step.job(context)),
            status: None,
        }
    }

    /// With which metadata version an empty volume is formatted: an argument of the storage tool, and the variable in it. It comes from
    /// the ConfigMap, so that a raise changes no pod: only a new volume reads it.
    pub(super) fn format_release(&self) -> Option<(String, EnvVar)> {
        self.finalized?;
        let variable = EnvVar {
            name: VARIABLE.to_owned(),
            value_from: Some(EnvVarSource {
                config_map_key_ref: Some(ConfigMapKeySelector {
                    key: VARIABLE.to_owned(),
                    name: self.features_name(),
                    optional: None,
                }),
                ..EnvVarSource::default()
            }),
            ..EnvVar::default()
        };
        Some((format!("--release-version=$({VARIABLE})"), variable))
    }

    pub(super) fn check_finalized(&self, check: &mut Check<'_>) {
        let Some(finalized) = self.finalized else { return };
        let version = self.images.version();
        if finalized > version {
            check.report(
                &kraft::FINALIZED,
                format!("finalizes the features of Kafka {finalized}, and the cluster runs {version}"),
                |finding| {
                    finding.hint(format!(
                        "raise the version first; when all pods run {finalized}, raise `.finalized(Version::…)` in a change of its own"
                    ));
                },
            );
        } else if !matches!(self.coordination, Coordination::Kraft { .. }) {
            check.report(
                &kraft::FINALIZED,
                "a cluster on ZooKeeper, or on the way from it, finalizes no features",
                |finding| {
                    finding.hint("remove `.finalized(…)` until the cluster is `KafkaCluster::kraft(…)`");
                },
            );
        }
    }
}
