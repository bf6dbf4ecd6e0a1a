//! Services, network policies and disruption budgets, each by itself.

use super::{
    fields::{by_name, count_or_percent, distinct, port, required, syntax, word},
    node::{Faults, Node},
    object, syntax as text,
};
use crate::diagnostics::rules::api;

pub(super) fn service(root: &Node<'_, '_>, faults: &mut Faults) {
    let spec = root.get("spec");
    word(
        &spec,
        "type",
        &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        faults,
    );
    word(&spec, "sessionAffinity", &["None", "ClientIP"], faults);
    word(&spec, "externalTrafficPolicy", &["Cluster", "Local"], faults);
    word(&spec, "internalTrafficPolicy", &["Cluster", "Local"], faults);
    word(
        &spec,
        "ipFamilyPolicy",
        &["SingleStack", "PreferDualStack", "RequireDualStack"],
        faults,
    );
    let kind = spec.get("type").str().unwrap_or("ClusterIP");
    let headless = spec.get("clusterIP").text() == "None";
    if headless && matches!(kind, "NodePort" | "LoadBalancer") {
        faults.at(
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
        faults.at(
            &address,
            &api::WORD,
            format!("is `{text}`: an IP address, `None` or nothing"),
        );
    }
    object::labels(&spec.get("selector"), faults);
    let ports = spec.get("ports");
    if kind == "ExternalName" {
        required(&spec, "externalName", faults);
    } else if ports.len() == 0 && !headless {
        faults.at(&ports, &api::REQUIRED, "is missing or empty");
    }
    for item in ports.items() {
        if !item.get("port").is_set() {
            faults.at(&item.get("port"), &api::REQUIRED, "is missing");
        }
        port(&item, "port", faults);
        port(&item, "targetPort", faults);
        let target = item.get("targetPort");
        if target.str().is_some() {
            syntax(&target, &api::INNER_NAME, text::port_name, faults);
        }
        if ports.len() > 1 && item.get("name").text().is_empty() {
            faults.at(
                &item,
                &api::REQUIRED,
                "has no name, which every port needs if there are several",
            );
        }
        syntax(&item.get("name"), &api::INNER_NAME, text::dns_label, faults);
        word(&item, "protocol", &["TCP", "UDP", "SCTP"], faults);
        let node_port = item.get("nodePort");
        if node_port.int().is_some_and(|number| number != 0) {
            port(&item, "nodePort", faults);
            if kind == "ClusterIP" {
                faults.at(
                    &node_port,
                    &api::EXCLUDES,
                    "is set: a Service of type `ClusterIP` has none",
                );
            }
        }
    }
    distinct(&ports, "name", by_name, faults);
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
        faults,
    );
}

pub(super) fn policy(root: &Node<'_, '_>, faults: &mut Faults) {
    let spec = root.get("spec");
    object::selector(&spec.get("podSelector"), faults);
    let types = spec.get("policyTypes");
    for item in types.items() {
        if !["Ingress", "Egress"].contains(&item.text()) {
            faults.at(
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
                port(&item, "port", faults);
                word(&item, "protocol", &["TCP", "UDP", "SCTP"], faults);
                if let (Some(from), Some(to)) = (item.get("port").int(), item.get("endPort").int())
                    && to < from
                {
                    faults.at(
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
                    faults.at(
                        &peer,
                        &api::ONE_OF,
                        "names nobody: it needs a `podSelector`, a `namespaceSelector` or an `ipBlock`",
                    );
                }
                if set && block.is_set() {
                    faults.at(&block, &api::EXCLUDES, "is set beside a selector");
                }
                for field in ["podSelector", "namespaceSelector"] {
                    object::selector(&peer.get(field), faults);
                }
            }
        }
    }
}

pub(super) fn budget(root: &Node<'_, '_>, faults: &mut Faults) {
    let spec = root.get("spec");
    object::selector(&spec.get("selector"), faults);
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        faults.at(&spec, &api::EXCLUDES, "has both `minAvailable` and `maxUnavailable`");
    }
    if !least.is_set() && !most.is_set() {
        faults
            .at(&spec, &api::REQUIRED, "has neither `minAvailable` nor `maxUnavailable`")
            .hint("write `maxUnavailable: 1`");
    }
    count_or_percent(&spec, "minAvailable", faults);
    count_or_percent(&spec, "maxUnavailable", faults);
    word(
        &spec,
        "unhealthyPodEvictionPolicy",
        &["IfHealthyBudget", "AlwaysAllow"],
        faults,
    );
    let nothing = |node: &Node<'_, '_>| node.int() == Some(0) || node.str() == Some("0%");
    if nothing(&most) {
        faults
            .at(
                &most,
                &api::NO_EVICTION,
                "allows no pod away: no node that has one can be drained",
            )
            .hint("write `maxUnavailable: 1`");
    }
    if least.str() == Some("100%") {
        faults
            .at(
                &least,
                &api::NO_EVICTION,
                "is 100%: no node that has such a pod can be drained",
            )
            .hint("write `maxUnavailable: 1` instead");
    }
}
