//! The converters of Connect workers, and the registry that they ask.

use super::Member;
use crate::{
    diagnostics::{Diagnostic, rules::registry},
    lint::model::{program::Program, set::SetFindings},
};

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Connect {
        return;
    }
    for side in ["key", "value"] {
        let key = format!("{side}.converter");
        if let Some(setting) = member.settings.get(&key)
            && setting.value.starts_with("io.confluent.connect.avro.")
            && is_plain_apache(member)
        {
            let image = &member.process.image;
            let mut finding = Diagnostic::new(&registry::CONVERTERS, format!("image `{image}` has no Avro converters"));
            finding.hint("use `.images(ImageSet::confluent(…))`, or remove `.avro(…)`");
            finding.yaml_hint("use an image that has them, or mount them in a folder of `plugin.path`");
            member.push(findings, &key, setting, finding);
        }
        let key = format!("{key}.schema.registry.url");
        if let Some(setting) = member.settings.get(&key)
            && setting.is_known()
            && let Some(finding) = registry_url(&setting.value)
        {
            member.push(findings, &key, setting, finding);
        }
    }
}

/// Whether the image is Apache's, without plugins that are mounted.
fn is_plain_apache(member: &Member<'_>) -> bool {
    let folders = member
        .settings
        .get("plugin.path")
        .map_or("", |setting| setting.value.as_str());
    let mounted = folders.split(',').map(str::trim).any(|folder| {
        let mounts = &member.container.mounts;
        let below = || mounts.list.iter().any(|mount| mount.path.starts_with(folder));
        !folder.is_empty() && (mounts.at(folder).is_some() || below())
    });
    let image = member.process.image_name();
    !mounted && (image == "apache/kafka" || image.ends_with("/apache/kafka"))
}

/// What clients of a registry refuse of its address: several of one registry are separated by commas.
pub(crate) fn registry_url(urls: &str) -> Option<Diagnostic> {
    let wrong = |url: &&str| {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        host.is_none_or(|host| {
            host.starts_with(['/', ':']) || host.is_empty() || !host.chars().all(|c| c.is_ascii_graphic())
        })
    };
    let url = urls.split(',').find(wrong)?;
    let mut finding = Diagnostic::new(&registry::ADDRESS, format!("{url:?} is not an http(s) URL"));
    finding.hint("give `SchemaRegistry::external` a URL, such as `https://schemas.example.com`");
    finding.yaml_hint("write a URL, such as `https://schemas.example.com`");
    Some(finding)
}
