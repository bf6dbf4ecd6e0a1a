//! The objects of declared connectors: a file that lists them, the configuration of each, and the Job that brings them about.

use std::collections::BTreeMap;

use k8s_openapi::api::{batch::v1::Job, core::v1::ConfigMap};

use super::{Connector, Connectors};
use crate::{
    context::Context,
    manifest::{Object, Wave},
    quantity::{Resources, Units},
    workload::{CONFIG_DIRECTORY, Labels, REST, Step, config_map, container, env, service_account},
};

const SCRIPT: &str = include_str!("connectors.sh");
const SCRIPT_FILE: &str = "connectors.sh";
const CONNECTORS_FILE: &str = "connectors.txt";

impl Connector {
    /// The name of the file with its configuration.
    fn file(&self) -> String {
        format!("{}.json", self.name)
    }

    /// What Connect's REST interface takes: an object of strings, sorted by key.
    fn configuration(&self) -> String {
        let settings = self.all_settings().properties();
        let settings: BTreeMap<&str, &str> = settings.iter().collect();
        format!("{:#}\n", serde_json::json!(settings))
    }
}

impl Connectors {
    fn labels(&self) -> Labels {
        Labels::new("kafka-connectors", &self.meta.name, "job")
    }

    fn sorted(&self) -> Vec<&Connector> {
        let mut sorted: Vec<&Connector> = self.connectors.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        sorted
    }

    /// One fact per line, so that each line of a diff names its connector.
    fn declaration(&self) -> String {
        let mut lines = Vec::new();
        for one in self.sorted() {
            lines.push(format!("{} state={}", one.name, one.state.name()));
            lines.push(format!("{} restarts={}", one.name, one.restarts));
            lines.extend(one.classes().iter().map(|class| format!("{} plugin={class}", one.name)));
        }
        lines.extend(self.removed.iter().map(|name| format!("{name} removed")));
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn config(&self, context: &Context) -> ConfigMap {
        let mut files = vec![
            (CONNECTORS_FILE.to_owned(), self.declaration()),
            (SCRIPT_FILE.to_owned(), SCRIPT.to_owned()),
            (REST.0.to_owned(), REST.1.to_owned()),
        ];
        files.extend(self.sorted().into_iter().map(|one| (one.file(), one.configuration())));
        let files = files.iter().map(|(name, text)| (name.as_str(), text.clone()));
        config_map(context, &self.labels(), &self.meta.name, files)
    }

    fn job(&self, context: &Context, config: &ConfigMap) -> Job {
        let labels = self.labels();
        let mut converge = container(
            "connectors",
            // It is on the nodes already, and has bash.
            self.connect.cluster().images().kafka(),
            Resources::range(50.millicores()..=500.millicores(), 64.mib()..=64.mib()),
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        converge.env = Some(vec![
            env("CONNECT_URL", self.connect.url()),
            env("CONNECTORS_FILE", format!("{CONFIG_DIRECTORY}/{CONNECTORS_FILE}")),
        ]);
        let step = Step {
            labels: &labels,
            service_account: &self.meta.name,
            config,
            container: converge,
            options: &self.options,
        };
        Job {
            metadata: labels.metadata(context, &self.meta.name),
            spec: Some(step.job(context)),
            status: None,
        }
    }

    pub(super) fn objects(&self, context: &Context) -> Vec<Object> {
        let config = self.config(context);
        let job = self.job(context, &config);
        let origins = self.connectors.iter().flat_map(|one| {
            let field = format!("/data/{}", one.file());
            one.all_settings().origins(&field, "", &one.name, one.location)
        });
        vec![
            Object::new(&service_account(context, &self.labels(), &self.meta.name)),
            Object::new(&config)
                .of_version(self.connect.version())
                .with_origins(origins),
            Object::new(&job).named_by_content().in_wave(Wave::Clients),
        ]
    }
}
