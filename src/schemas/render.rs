//! The objects of declared subjects: a file that lists them, the schemas, and the Job that registers them.

use k8s_openapi::api::{batch::v1::Job, core::v1::ConfigMap};

use super::{Schemas, read::Reading};
use crate::{
    context::Context,
    kafka::TopicHandle,
    manifest::{Object, Wave},
    quantity::{Resources, Units},
    workload::{CONFIG_DIRECTORY, ImageSet, Labels, REST, Step, Version, config_map, container, env, service_account},
};

const SCRIPT: &str = include_str!("schemas.sh");
const SCRIPT_FILE: &str = "schemas.sh";
const SCHEMAS_FILE: &str = "schemas.txt";

impl Schemas {
    fn labels(&self) -> Labels {
        Labels::new("schemas", &self.meta.name, "job")
    }

    /// One fact per line, so that each line of a diff names its subject. Versions come after those that they refer to.
    fn declaration(&self) -> String {
        let mut lines = Vec::new();
        if let Some(level) = self.compatibility {
            lines.push(format!("* level={}", level.to_string().to_uppercase()));
        }
        let mut names: Vec<(String, usize)> = self
            .subjects
            .iter()
            .enumerate()
            .map(|(index, subject)| (subject.name(), index))
            .collect();
        names.sort();
        for (name, index) in &names {
            if let Some(level) = self.subjects[*index].compatibility {
                lines.push(format!("{name} level={}", level.to_string().to_uppercase()));
            }
        }
        let reading = Reading::of(&self.subjects);
        let mut order = reading.order.clone();
        // Subjects without references are sorted; the others follow what they refer to.
        let depth = |version: &(usize, usize)| self.depth(*version, 0);
        order.sort_by_key(|version| (depth(version), self.subjects[version.0].name(), version.1));
        for (subject, version) in order {
            let name = self.subjects[subject].name();
            let schema = &self.subjects[subject].versions[version];
            let mut line = format!(
                "{name} {} {} {}",
                version + 1,
                schema.format.name(),
                self.file(subject, version)
            );
            let called = reading.references.get(&(subject, version)).into_iter().flatten();
            for (reference, called) in schema.references.iter().zip(called) {
                line += &format!(" {called}={}:{}", reference.subject, reference.version);
            }
            lines.push(line);
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// How many versions a version waits for, one after the other.
    fn depth(&self, (subject, version): (usize, usize), seen: usize) -> usize {
        // A circle is a finding, and nothing is rendered then.
        if seen > self.subjects.len() {
            return seen;
        }
        let references = &self.subjects[subject].versions[version].references;
        let of_references = references.iter().filter_map(|reference| {
            let of = self
                .subjects
                .iter()
                .position(|subject| subject.name() == reference.subject)?;
            Some(self.depth((of, reference.version.checked_sub(1)?), seen + 1) + 1)
        });
        let of_earlier = version
            .checked_sub(1)
            .map(|earlier| self.depth((subject, earlier), seen));
        of_references.chain(of_earlier).max().unwrap_or(0)
    }

    /// The key of a version in the `ConfigMap`.
    fn file(&self, subject: usize, version: usize) -> String {
        let of = &self.subjects[subject];
        format!(
            "{}.{}.{}",
            of.name(),
            version + 1,
            of.versions[version].format.extension()
        )
    }

    fn config(&self, context: &Context) -> ConfigMap {
        let mut files = vec![
            (SCHEMAS_FILE.to_owned(), self.declaration()),
            (SCRIPT_FILE.to_owned(), SCRIPT.to_owned()),
            (REST.0.to_owned(), REST.1.to_owned()),
        ];
        for (index, subject) in self.subjects.iter().enumerate() {
            for (version, schema) in subject.versions.iter().enumerate() {
                files.push((self.file(index, version), format!("{}\n", schema.text.trim_end())));
            }
        }
        let files = files.iter().map(|(name, text)| (name.as_str(), text.clone()));
        config_map(context, &self.labels(), &self.meta.name, files)
    }

    /// The images of the cluster whose records the schemas describe: one is on the nodes already, and has bash.
    fn images(&self) -> ImageSet {
        let of_topics = self.subjects.iter().flat_map(|subject| &subject.topics);
        self.registry
            .cluster()
            .or_else(|| of_topics.map(TopicHandle::cluster).next())
            .map_or_else(|| ImageSet::confluent(Version::V4_3), |kafka| kafka.images().clone())
    }

    fn job(&self, context: &Context, config: &ConfigMap) -> Job {
        let labels = self.labels();
        let mut converge = container(
            "schemas",
            self.images().kafka(),
            Resources::range(50.millicores()..=500.millicores(), 64.mib()..=64.mib()),
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        converge.env = Some(vec![
            env("REGISTRY_URL", self.registry.first_url()),
            env("SCHEMAS_FILE", format!("{CONFIG_DIRECTORY}/{SCHEMAS_FILE}")),
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
        vec![
            Object::new(&service_account(context, &self.labels(), &self.meta.name)),
            Object::new(&config),
            Object::new(&job).named_by_content().in_wave(Wave::Clients),
        ]
    }
}
