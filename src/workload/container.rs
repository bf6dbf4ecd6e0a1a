use k8s_openapi::{
    api::core::v1::{
        Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, ExecAction, HTTPGetAction, ObjectFieldSelector,
        Probe, ResourceRequirements, SecurityContext, TCPSocketAction,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::quantity::{Resources, Units};

/// A container that passes the restricted level of Pod Security, with a root file system that nothing can write.
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
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                add: None,
                drop: Some(vec!["ALL".to_owned()]),
            }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        ..Container::default()
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

/// An environment variable from a field of the pod, as `metadata.name`.
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

/// A declared TCP port of a container.
pub fn named_port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: i32::from(port),
        ..ContainerPort::default()
    }
}

/// Asks every 10 s whether a port, by its name, takes connections.
pub fn tcp_probe(port: &str) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String(port.to_owned()),
            host: None,
        }),
        ..every_ten_seconds()
    }
}

/// Asks every 10 s whether a path answers with 2xx or 3xx.
pub fn http_probe(path: &str, port: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        ..every_ten_seconds()
    }
}

/// Asks every 10 s whether a command exits with 0.
pub fn exec_probe<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Probe {
    Probe {
        exec: Some(ExecAction {
            command: Some(command.into_iter().map(Into::into).collect()),
        }),
        ..every_ten_seconds()
    }
}

fn every_ten_seconds() -> Probe {
    Probe {
        period_seconds: Some(10),
        timeout_seconds: Some(5),
        failure_threshold: Some(3),
        ..Probe::default()
    }
}

/// An init container that waits until every address takes connections, so that what follows starts once instead of crashing
/// until its turn comes. After `patience` it goes on if at least one does: a single dead broker must not keep a restarted
/// client down, while a first start waits for all of them (topics are created with as many replicas as there are brokers).
///
/// `image` needs bash, whose `/dev/tcp` asks without a JVM.
pub fn wait_for(name: &str, image: &str, addresses: &[String]) -> Container {
    const PATIENCE: u64 = 300;
    let script = format!(
        r#"up() {{
  local host=${{1%:*}}
  timeout 5 bash -c ': >"/dev/tcp/$0/$1"' "${{host//[\[\]]/}}" "${{1##*:}}" 2>/dev/null
}}
for address in "$@"; do
  until up "$address"; do
    if ((SECONDS >= {PATIENCE})); then
      for other in "$@"; do up "$other" && echo "going on without $address" && exit 0; done
    fi
    echo "waiting for $address"
    sleep 2
  done
done
"#
    );
    container(
        name,
        image,
        Resources::range(10.millicores()..=200.millicores(), 32.mib()..=32.mib()),
        ["bash".to_owned(), "-c".to_owned(), script, name.to_owned()]
            .into_iter()
            .chain(addresses.iter().cloned()),
    )
}
