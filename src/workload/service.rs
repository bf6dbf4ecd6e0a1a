use k8s_openapi::{
    api::core::v1::{Service, ServiceAccount, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Labels;
use crate::context::Context;

/// A Service with its own IP address, which forwards to the ready pods of a component.
///
/// Each port forwards to the container port of the same name.
pub fn service(context: &Context, labels: &Labels, name: &str, ports: &[(&str, u16)]) -> Service {
    Service {
        metadata: labels.metadata(context, name),
        spec: Some(ServiceSpec {
            selector: Some(labels.selector()),
            ports: Some(ports.iter().map(|&(name, port)| service_port(name, port)).collect()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// A headless Service: it gives each pod its own DNS name, even before the pod is ready, because members of a quorum
/// must find each other to become ready.
pub fn headless_service(context: &Context, labels: &Labels, name: &str, ports: &[(&str, u16)]) -> Service {
    let mut service = service(context, labels, name, ports);
    if let Some(spec) = &mut service.spec {
        spec.cluster_ip = Some("None".to_owned());
        spec.publish_not_ready_addresses = Some(true);
    }
    service
}

fn service_port(name: &str, port: u16) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: i32::from(port),
        target_port: Some(IntOrString::String(name.to_owned())),
        ..ServicePort::default()
    }
}

/// A ServiceAccount for a component's pods, which never connect to the API server: no token is mounted.
pub fn service_account(context: &Context, labels: &Labels, name: &str) -> ServiceAccount {
    ServiceAccount {
        metadata: labels.metadata(context, name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
