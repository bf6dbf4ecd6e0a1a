//! Services, network policies and disruption budgets, each by itself.

use super::{
    fields::{by_name, count_or_percent, distinct, port, required, syntax, word},
    node::Node,
    object, syntax as text,
};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::rules::api;

pub(super) fn service(root: &Node<'_, '_>, findings: &mut Diagnostics) {
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
            &api::EXCLUDES,
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
            &api::WORD,
            format!("is `{text}`: an IP address, `None` or nothing"),
        );
    }
    object::labels(&spec.get("selector"), findings);
    let ports = spec.get("ports");
    if kind == "ExternalName" {
        required(&spec, "externalName", findings);
    } else if ports.len() == 0 && !headless {
        findings.at(&ports, &api::REQUIRED, "is missing or empty");
    }
    for item in ports.items() {
        if !item.get("port").is_set() {
            findings.at(&item.get("port"), &api::REQUIRED, "is missing");
        }
        port(&item, "port", findings);
        port(&item, "targetPort", findings);
        let target = item.get("targetPort");
        if target.str().is_some() {
            syntax(&target, &api::INNER_NAME, text::port_name, findings);
        }
        if ports.len() > 1 && item.get("name").text().is_empty() {
            findings.at(
                &item,
                &api::REQUIRED,
                "has no name, which every port needs if there are several",
            );
        }
        syntax(&item.get("name"), &api::INNER_NAME, text::dns_label, findings);
        word(&item, "protocol", &["TCP", "UDP", "SCTP"], findings);
        let node_port = item.get("nodePort");
        if node_port.int().is_some_and(|number| number != 0) {
            port(&item, "nodePort", findings);
            if kind == "ClusterIP" {
                findings.at(
                    &node_port,
                    &api::EXCLUDES,
                    "is set: a Service of type `ClusterIP` has none",
                );
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

pub(super) fn policy(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    object::selector(&spec.get("podSelector"), findings);
    let types = spec.get("policyTypes");
    for item in types.items() {
        if !["Ingress", "Egress"].contains(&item.text()) {
            findings.at(
                &item,
                &api::WORD,
                format!("is `{}`: it has to be `Ingress` or `Egress`", item.text()),
            );
        }
    }
    for (list, peers) in [("ingress", "from"), ("egress", "to")] {
        let list = spec.get(list);
        for rule in list.items() {
            let ports = rule.get("ports");
            for item in ports.items() {
                port(&item, "port", findings);
                word(&item, "protocol", &["TCP", "UDP", "SCTP"], findings);
                if let (Some(from), Some(to)) = (item.get("port").int(), item.get("endPort").int())
                    && to < from
                {
                    findings.at(
                        &item.get("endPort"),
                        &api::RANGE,
                        format!("is {to}, below `port`, {from}"),
                    );
                }
            }
            let peers = rule.get(peers);
            for peer in peers.items() {
                let set = ["podSelector", "namespaceSelector"]
                    .iter()
                    .any(|field| peer.get(field).is_set());
                let block = peer.get("ipBlock");
                if !set && !block.is_set() {
                    findings.at(
                        &peer,
                        &api::ONE_OF,
                        "names nobody: it needs a `podSelector`, a `namespaceSelector` or an `ipBlock`",
                    );
                }
                if set && block.is_set() {
                    findings.at(&block, &api::EXCLUDES, "is set beside a selector");
                }
                for field in ["podSelector", "namespaceSelector"] {
                    object::selector(&peer.get(field), findings);
                }
            }
        }
    }
}

pub(super) fn budget(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    object::selector(&spec.get("selector"), findings);
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        findings.at(&spec, &api::EXCLUDES, "has both `minAvailable` and `maxUnavailable`");
    }
    if !least.is_set() && !most.is_set() {
        findings
            .at(&spec, &api::REQUIRED, "has neither `minAvailable` nor `maxUnavailable`")
            .hint("write `maxUnavailable: 1`");
    }
    count_or_percent(&spec, "minAvailable", findings);
    count_or_percent(&spec, "maxUnavailable", findings);
    word(
        &spec,
        "unhealthyPodEvictionPolicy",
        &["IfHealthyBudget", "AlwaysAllow"],
        findings,
    );
    let nothing = |node: &Node<'_, '_>| node.int() == Some(0) || node.str() == Some("0%");
    if nothing(&most) {
        findings
            .at(
                &most,
                &api::NO_EVICTION,
                "allows no pod away: no node that has one can be drained",
            )
            .hint("write `maxUnavailable: 1`");
    }
    if least.str() == Some("100%") {
        findings
            .at(
                &least,
                &api::NO_EVICTION,
                "is 100%: no node that has such a pod can be drained",
            )
            .hint("write `maxUnavailable: 1` instead");
    }
}
