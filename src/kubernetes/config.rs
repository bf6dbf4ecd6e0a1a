use k8s_openapi::api::core::v1::ConfigMap;

use super::Labels;
use crate::stack::Scope;

/// Where the files of a pod's ConfigMap lie in every container of it.
pub const CONFIG_DIRECTORY: &str = "/etc/kafka-stacks";

/// A ConfigMap of files.
pub fn config_map<const N: usize>(
    scope: &Scope,
    labels: &Labels,
    name: impl Into<String>,
    files: [(&str, String); N],
) -> ConfigMap {
    ConfigMap {
        metadata: labels.metadata(scope, name),
        data: Some(files.into_iter().map(|(file, text)| (file.to_owned(), text)).collect()),
        ..ConfigMap::default()
    }
}
