use k8s_openapi::api::core::v1::ConfigMap;

use super::Labels;
use crate::context::Context;

/// The path at which a pod's ConfigMap is mounted in all its containers.
pub const CONFIG_DIRECTORY: &str = "/etc/kafka-stacks";

/// A ConfigMap of files.
pub fn config_map<'a>(
    context: &Context,
    labels: &Labels,
    name: impl Into<String>,
    files: impl IntoIterator<Item = (&'a str, String)>,
) -> ConfigMap {
    ConfigMap {
        metadata: labels.metadata(context, name),
        data: Some(files.into_iter().map(|(file, text)| (file.to_owned(), text)).collect()),
        ..ConfigMap::default()
    }
}
