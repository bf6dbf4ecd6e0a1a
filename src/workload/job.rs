//! The pod of a Job that brings a running system to what is declared: a script, and the files that it reads.

use k8s_openapi::api::{
    batch::v1::{
        Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
        PodFailurePolicyRule,
    },
    core::v1::{ConfigMap, Container, EnvVar},
};

use super::{
    CONFIG_DIRECTORY, ImageSet, Labels, Mesh, Mount, Pod, PodOptions, Spread, config_map, container, env,
    service_account,
};
use crate::{
    construct::Check,
    context::Context,
    diagnostics::{Location, rules::stack},
    manifest::{Object, Wave},
    quantity::{Duration, Resources, Units},
};

/// The file that scripts source to call a server: its name, and its text.
const REST: (&str, &str) = ("rest.sh", include_str!("rest.sh"));
/// What it has at its end for a server that is closed.
const LOGIN: &str = include_str!("login.sh");

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

/// A Job that brings a server to what is declared over its REST interface, each time that the declaration changes.
pub(crate) struct RestJob<'a> {
    /// Of the Job, its ConfigMap and its ServiceAccount. The name of the Job gets a digest of its content.
    pub(crate) name: &'a str,
    pub(crate) labels: Labels,
    /// The name of the container.
    pub(crate) container: &'static str,
    /// One that has bash.
    pub(crate) image: &'a str,
    /// The name of the script, and its text: it sources `rest.sh`.
    pub(crate) script: (&'static str, &'static str),
    /// The variable that names the file of the declaration, the file's name, and its text.
    pub(crate) declaration: (&'static str, &'static str, String),
    /// What the declaration refers to.
    pub(crate) files: Vec<(String, String)>,
    /// Where the server is.
    pub(crate) server: EnvVar,
    /// How the script gets in, if the server is closed: the mount of its files, and the environment that names them.
    pub(crate) login: Option<(Mount, Vec<EnvVar>)>,
    pub(crate) options: &'a PodOptions,
}

impl RestJob<'_> {
    /// The ServiceAccount, the ConfigMap and the Job.
    pub(crate) fn objects(self, context: &Context) -> [Object; 3] {
        let (script, program) = self.script;
        let (variable, file, declaration) = self.declaration;
        let rest = match &self.login {
            None => REST.1.to_owned(),
            Some(_) => format!("{}{LOGIN}", REST.1),
        };
        let own = [(file, declaration), (script, program.to_owned()), (REST.0, rest)];
        let named = self.files.iter().map(|(name, text)| (name.as_str(), text.clone()));
        let config = config_map(context, &self.labels, self.name, own.into_iter().chain(named));
        let mut converge = container(
            self.container,
            self.image,
            Resources::range(50.millicores()..=500.millicores(), 64.mib()..=64.mib()),
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{script}")],
        );
        let mut environment = vec![self.server, env(variable, format!("{CONFIG_DIRECTORY}/{file}"))];
        let mut options = self.options.clone();
        if let Some((mount, login)) = self.login {
            environment.extend(login);
            options.mounts.push(mount);
        }
        converge.env = Some(environment);
        let step = Step {
            labels: &self.labels,
            service_account: self.name,
            config: &config,
            container: converge,
            options: &options,
        };
        let job = Job {
            metadata: self.labels.metadata(context, self.name),
            spec: Some(step.job(context)),
            status: None,
        };
        [
            Object::new(&service_account(context, &self.labels, self.name)),
            Object::new(&config),
            Object::new(&job).named_by_content().in_wave(Wave::Clients),
        ]
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
