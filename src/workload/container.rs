use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceRequirements,
    SecretKeySelector, SecurityContext,
};

use crate::quantity::Resources;

/// A container that passes the restricted level of Pod Security, with a read-only root file system.
pub fn container<S: Into<String>>(
    name: &str,
    image: &str,
    resources: Resources,
    command: impl IntoIterator<Item = S>,
) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        command: Some(command.into_iter().map(Into::into).collect()),
        resources: Some(ResourceRequirements {
            requests: Some(
                [
                    ("cpu".to_owned(), resources.cpu_request.quantity()),
                    ("memory".to_owned(), resources.memory_request.quantity()),
                ]
                .into(),
            ),
            limits: Some(
                [
                    ("cpu".to_owned(), resources.cpu_limit.quantity()),
                    ("memory".to_owned(), resources.memory_limit.quantity()),
                ]
                .into(),
            ),
            claims: None,
        }),
        security_context: Some(restricted()),
        ..Container::default()
    }
}

/// What the restricted level of Pod Security requires of a container, and a read-only root file system.
pub(super) fn restricted() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            add: None,
            drop: Some(vec!["ALL".to_owned()]),
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// An environment variable.
pub fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.into()),
        value_from: None,
    }
}

/// An environment variable from a field of the pod, such as `metadata.name`.
pub fn env_from_field(name: &str, field: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: None,
                field_path: field.to_owned(),
            }),
            ..EnvVarSource::default()
        }),
    }
}

/// An environment variable from a key of a Secret.
pub fn env_from_secret(name: &str, secret: &str, key: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: secret.to_owned(),
                key: key.to_owned(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
    }
}

/// A declared TCP port of a container.
pub fn named_port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: i32::from(port),
        ..ContainerPort::default()
    }
}
