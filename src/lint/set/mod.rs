//! What objects are to each other, whatever runs in them.

mod addresses;
mod alert_metrics;
mod created_topics;
mod disruptions;
pub(super) mod duplicates;
mod governing_service;
mod mesh;
mod pod_security;
mod references;
mod selectors;
mod shared_pods;

use super::model::set::{ObjectSet, SetFindings};

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    references::check(set, findings);
    governing_service::check(set, findings);
    selectors::check(set, findings);
    disruptions::check(set, findings);
    shared_pods::check(set, findings);
    addresses::check(set, findings);
    alert_metrics::check(set, findings);
    for (index, object, workload) in set.workloads() {
        pod_security::check(set, findings, index, object, workload);
        mesh::check(set, findings, index, object, workload);
        created_topics::check(findings, index, object, workload);
    }
}
