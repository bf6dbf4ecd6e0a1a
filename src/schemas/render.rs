//! The objects of declared subjects: a file that lists them, the schemas, and the Job that registers them.

use super::{Schemas, read::Reading};
use crate::{
    context::Context,
    kafka::TopicHandle,
    manifest::Object,
    security::RestClient,
    workload::{ImageSet, Labels, RestJob, Version, env},
};

impl Schemas {
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

    /// The images of the cluster whose records the schemas describe.
    fn images(&self) -> ImageSet {
        let of_topics = self.subjects.iter().flat_map(|subject| &subject.topics);
        self.registry
            .cluster()
            .or_else(|| of_topics.map(TopicHandle::cluster).next())
            .map_or_else(|| ImageSet::confluent(Version::V4_3), |kafka| kafka.images().clone())
    }

    pub(super) fn objects(&self, context: &Context) -> Vec<Object> {
        let mut files = Vec::new();
        for (index, subject) in self.subjects.iter().enumerate() {
            for (version, schema) in subject.versions.iter().enumerate() {
                files.push((self.file(index, version), format!("{}\n", schema.text.trim_end())));
            }
        }
        let images = self.images();
        let job = RestJob {
            name: &self.meta.name,
            labels: Labels::new("schemas", &self.meta.name, "job"),
            container: "schemas",
            image: images.of_rest_client(self.registry.first_url()),
            script: ("schemas.sh", include_str!("schemas.sh")),
            declaration: ("SCHEMAS_FILE", "schemas.txt", self.declaration()),
            files,
            server: env("REGISTRY_URL", self.registry.first_url()),
            login: self.registry.rest().map(RestClient::of_job),
            options: &self.options,
        };
        job.objects(context).into()
    }
}
