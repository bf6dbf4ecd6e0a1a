//! What the rules for Kafka cannot judge, because the manifests do not show it.

use super::Member;
use crate::lint::model::{
    program::Program,
    release,
    set::{ObjectSet, SetFindings},
};
use crate::version::Version;

/// Pods that look like Kafka's and are not known to be, and the resources that an operator makes pods of.
pub(super) fn processes(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    const OPERATORS: [&str; 3] = ["strimzi.io", "platform.confluent.io", "kafka.banzaicloud.io"];
    for (index, object) in set.objects.iter().enumerate() {
        if let Some(why) = object.workload().and_then(|workload| workload.unknown.clone()) {
            findings.not_judged(index, "Kafka's settings", why);
        }
        let group = &object.identity.group;
        if OPERATORS.iter().any(|operator| group.ends_with(operator)) {
            findings.not_judged(index, "the resource", format!("an operator makes objects of `{group}`"));
        }
    }
}

/// Settings that are not among the manifests, and those of an unknown release.
pub(super) fn settings(member: &Member<'_>, findings: &mut SetFindings) {
    let namespace = &member.object.identity.namespace;
    let absent = |kind: &str, name: &str| member.set.find(kind, namespace, name).is_none();
    let variables = format!("{}/envFrom/", member.process.pointer);
    let sources = member.workload.references.iter();
    for source in sources.filter(|source| source.pointer.starts_with(&variables)) {
        if absent(source.kind, &source.name) {
            let why = format!(
                "the variables of {} `{}` are not among the manifests",
                source.kind, source.name
            );
            findings.not_judged(member.index, "settings", why);
        }
    }
    let mounts = &member.process.mounts.config_maps;
    let words = member
        .process
        .start()
        .split(|c: char| c.is_whitespace() || "'\";&|".contains(c));
    let mut files = words.filter(|word| word.starts_with('/') && word.ends_with(".properties"));
    let hidden = files.find_map(|file| {
        let above = mounts.iter().filter(|(_, path)| {
            file.strip_prefix(path.as_str())
                .is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
        });
        above
            .max_by_key(|(_, path)| path.len())
            .filter(|(map, _)| map.is_empty() || absent("ConfigMap", map))
    });
    match hidden {
        Some((map, path)) if map.is_empty() => {
            findings.not_judged(
                member.index,
                "settings",
                format!("the files in `{path}` are in a Secret or in several objects"),
            );
        }
        Some((map, _)) => findings.not_judged(
            member.index,
            "settings",
            format!("the ConfigMap `{map}` is not among the manifests"),
        ),
        None if member.settings.is_empty() && !member.process.entrypoint => {
            findings.not_judged(
                member.index,
                "settings",
                "no ConfigMap has the file that the command names",
            );
        }
        None => {}
    }
    let by_release = matches!(member.process.program, Program::Broker | Program::Connect);
    if by_release && member.version.is_none() {
        let image = &member.process.image;
        let why = match release::line_of_image(image) {
            Some(line) => {
                let [oldest, .., newest] = Version::ALL;
                format!("the image `{image}` carries Kafka {line}: known are {oldest} to {newest}")
            }
            None => format!("nothing says which release of Kafka the image `{image}` carries"),
        };
        findings.not_judged(member.index, "what differs between releases in the settings", why);
    }
}
