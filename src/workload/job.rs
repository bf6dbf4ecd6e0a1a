//! The pod of a Job that brings a running system to what is declared: a script, and the files that it reads.

use k8s_openapi::api::{
    batch::v1::{
        JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
        PodFailurePolicyRule,
    },
    core::v1::{ConfigMap, Container},
};

use super::{ImageSet, Labels, Mesh, Pod, PodOptions, Spread};
use crate::{
    construct::Check,
    context::Context,
    diagnostics::{Location, rules::stack},
    quantity::Duration,
};

/// The file that scripts source to call a server: its name, and its text.
pub(crate) const REST: (&str, &str) = ("rest.sh", include_str!("rest.sh"));

/// A script that converges. Its exit status is 1 for a failure that a retry may fix, and 2 or 3 where a retry does not help.
pub(crate) struct Step<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) service_account: &'a str,
    /// The script and the declaration.
    pub(crate) config: &'a ConfigMap,
    pub(crate) container: Container,
    pub(crate) options: &'a PodOptions,
}

impl Step<'_> {
    pub(crate) fn job(self, context: &Context) -> JobSpec {
        let container = self.container.name.clone();
        let mut template = Pod {
            labels: self.labels,
            service_account: self.service_account,
            user: ImageSet::USER,
            config: Some(self.config),
            wait: None,
            init_containers: Vec::new(),
            container: self.container,
            grace_period: Duration::from_seconds(10),
            spread: Spread::Preferred,
            mesh: Mesh::Excluded,
            options: self.options,
        }
        .template(context);
        if let Some(pod) = &mut template.spec {
            pod.restart_policy = Some("Never".to_owned());
            // As ordinary containers they would prevent the Job from completing.
            let mut sidecars = pod.containers.split_off(1);
            for sidecar in &mut sidecars {
                sidecar.restart_policy = Some("Always".to_owned());
            }
            pod.init_containers = (!sidecars.is_empty()).then_some(sidecars);
            // There is only one pod, so there is nothing to spread.
            pod.affinity = None;
            pod.topology_spread_constraints = None;
        }
        JobSpec {
            // Six attempts, each of which waits ten minutes for what it changes, and the time between them.
            active_deadline_seconds: Some(5400),
            backoff_limit: Some(6),
            pod_failure_policy: Some(PodFailurePolicy {
                rules: vec![
                    // A wrong file, or a change that is refused: a retry does not help.
                    PodFailurePolicyRule {
                        action: "FailJob".to_owned(),
                        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                            container_name: Some(container),
                            operator: "In".to_owned(),
                            values: vec![2, 3],
                        }),
                        on_pod_conditions: None,
                    },
                    // A drained node does not count as a failed attempt.
                    PodFailurePolicyRule {
                        action: "Ignore".to_owned(),
                        on_exit_codes: None,
                        on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                            status: "True".to_owned(),
                            type_: "DisruptionTarget".to_owned(),
                        }]),
                    },
                ],
            }),
            template,
            ..JobSpec::default()
        }
    }
}

impl PodOptions {
    /// As [`PodOptions::check`], of the pod of a Job.
    pub(crate) fn check_of_job(&self, check: &mut Check<'_>, location: Location) {
        self.check(check, "", location);
        let kubernetes = check.context().kubernetes;
        if !self.sidecars.is_empty() && !kubernetes.has_sidecar_containers() {
            let message = format!("the sidecar of a Job needs Kubernetes 1.29, and the stack is for {kubernetes}");
            check.report(&stack::KUBERNETES_VERSION, message, |finding| {
                finding.hint("use `.kubernetes(Kubernetes::V1_29)` of the stack, or remove `.sidecar(…)`");
            });
        }
    }
}
