//! What objects are to each other, whatever runs in them.

pub(crate) mod addresses;
pub(crate) mod deployers;
pub(crate) mod disruptions;
pub(super) mod duplicates;
pub(crate) mod fixed_user;
pub(crate) mod governing_service;
pub(crate) mod mesh;
pub(crate) mod pod_security;
pub(crate) mod references;
pub(crate) mod selectors;
pub(crate) mod shared_pods;

use super::model::set::{ObjectSet, SetFindings};

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    references::check(set, findings);
    governing_service::check(set, findings);
    selectors::check(set, findings);
    disruptions::check(set, findings);
    shared_pods::check(set, findings);
    addresses::check(set, findings);
    fixed_user::check(set, findings);
    deployers::check(set, findings);
    for (index, object, workload) in set.workloads() {
        pod_security::check(set, findings, index, object, workload);
        mesh::check(set, findings, index, object, workload);
    }
}
