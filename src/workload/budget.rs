use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Labels;
use crate::context::Context;

/// A disruption budget that lets a drain evict one pod at a time.
pub fn disruption_budget(context: &Context, labels: &Labels, name: &str) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: labels.metadata(context, name),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(labels.label_selector()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
