//! Network policies.

use super::{
    fields::{port, word},
    metadata,
};
use crate::diagnostics::Diagnostics;
use crate::lint::model::node::Node;
use crate::lint::object::fields::{EXCLUDES, ONE_OF, RANGE, WORD};

pub(crate) fn policy(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    metadata::selector(&spec.get("podSelector"), findings);
    let types = spec.get("policyTypes");
    for item in types.items() {
        if !["Ingress", "Egress"].contains(&item.text()) {
            findings.at(
                &item,
                &WORD,
                format!("is `{}`: must be `Ingress` or `Egress`", item.text()),
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
                    findings.at(&item.get("endPort"), &RANGE, format!("is {to}, below `port`, {from}"));
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
                        &ONE_OF,
                        "is empty: it needs a `podSelector`, a `namespaceSelector` or an `ipBlock`",
                    );
                }
                if set && block.is_set() {
                    findings.at(&block, &EXCLUDES, "is set beside a selector");
                }
                for field in ["podSelector", "namespaceSelector"] {
                    metadata::selector(&peer.get(field), findings);
                }
            }
        }
    }
}
