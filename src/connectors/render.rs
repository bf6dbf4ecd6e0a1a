//! The objects of declared connectors: a file that lists them, the configuration of each, and the Job that brings them about.

use std::collections::BTreeMap;

use super::{Connector, Connectors};
use crate::{
    context::Context,
    manifest::Object,
    security::RestClient,
    workload::{Labels, RestJob, env},
};

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

    pub(super) fn objects(&self, context: &Context) -> Vec<Object> {
        let files = self.sorted().into_iter().map(|one| (one.file(), one.configuration()));
        let job = RestJob {
            name: &self.meta.name,
            labels: Labels::new("kafka-connectors", &self.meta.name, "job"),
            container: "connectors",
            image: self.connect.cluster().images().of_rest_client(self.connect.url()),
            script: ("connectors.sh", include_str!("connectors.sh")),
            declaration: ("CONNECTORS_FILE", "connectors.txt", self.declaration()),
            files: files.collect(),
            server: env("CONNECT_URL", self.connect.url()),
            login: self.connect.rest().map(RestClient::of_job),
            options: &self.options,
        };
        let [account, config, job] = job.objects(context);
        let origins = self.connectors.iter().flat_map(|one| {
            let field = format!("/data/{}", one.file());
            one.all_settings().origins(&field, "", &one.name, one.location)
        });
        vec![
            account,
            config.of_version(self.connect.version()).with_origins(origins),
            job,
        ]
    }
}
