//! Services.

use super::{
    fields::{by_name, distinct, port, required, syntax, word},
    metadata,
};
use crate::diagnostics::Diagnostics;
use crate::lint::model::{node::Node, syntax as text};
use crate::lint::object::fields::{EXCLUDES, INNER_NAME, REQUIRED, WORD};

pub(crate) fn service(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    word(
        &spec,
        "type",
        &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        findings,
    );
    word(&spec, "sessionAffinity", &["None", "ClientIP"], findings);
    word(&spec, "externalTrafficPolicy", &["Cluster", "Local"], findings);
    word(&spec, "internalTrafficPolicy", &["Cluster", "Local"], findings);
    word(
        &spec,
        "ipFamilyPolicy",
        &["SingleStack", "PreferDualStack", "RequireDualStack"],
        findings,
    );
    let kind = spec.get("type").str().unwrap_or("ClusterIP");
    let headless = spec.get("clusterIP").text() == "None";
    if headless && matches!(kind, "NodePort" | "LoadBalancer") {
        findings.at(
            &spec.get("clusterIP"),
            &EXCLUDES,
            format!("is `None`: a headless Service cannot be a `{kind}`"),
        );
    }
    let address = spec.get("clusterIP");
    if let Some(text) = address.str()
        && !matches!(text, "" | "None")
        && text.parse::<std::net::IpAddr>().is_err()
    {
        findings.at(
            &address,
            &WORD,
            format!("is `{text}`: an IP address, `None` or nothing"),
        );
    }
    metadata::labels(&spec.get("selector"), findings);
    let ports = spec.get("ports");
    if kind == "ExternalName" {
        required(&spec, "externalName", findings);
    } else if ports.len() == 0 && !headless {
        findings.at(&ports, &REQUIRED, "is missing or empty");
    }
    for item in ports.items() {
        if !item.get("port").is_set() {
            findings.at(&item.get("port"), &REQUIRED, "is missing");
        }
        port(&item, "port", findings);
        port(&item, "targetPort", findings);
        let target = item.get("targetPort");
        if target.str().is_some() {
            syntax(&target, &INNER_NAME, text::port_name, findings);
        }
        if ports.len() > 1 && item.get("name").text().is_empty() {
            findings.at(
                &item,
                &REQUIRED,
                "has no name, which every port needs if there are several",
            );
        }
        syntax(&item.get("name"), &INNER_NAME, text::dns_label, findings);
        word(&item, "protocol", &["TCP", "UDP", "SCTP"], findings);
        let node_port = item.get("nodePort");
        if node_port.int().is_some_and(|number| number != 0) {
            port(&item, "nodePort", findings);
            if kind == "ClusterIP" {
                findings.at(&node_port, &EXCLUDES, "is set: a Service of type `ClusterIP` has none");
            }
        }
    }
    distinct(&ports, "name", by_name, findings);
    distinct(
        &ports,
        "port",
        |item| {
            Some(format!(
                "{}/{}",
                item.get("port").int()?,
                item.get("protocol").str().unwrap_or("TCP")
            ))
        },
        findings,
    );
}
