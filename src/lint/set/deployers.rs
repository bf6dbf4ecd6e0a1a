//! What a deployer in the set, an application of Argo CD or a kustomization of Flux, does to the objects that it applies.

use crate::diagnostics::{
    Mend,
    Severity::{Error, Note, Warning},
    family::rules,
};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    deployer::{Application, FluxKustomization, Placeholder},
    selector::Selector,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::api;
    /// A placeholder of Kafka or a shell that Flux replaces.
    pub const SUBSTITUTED: Rule = Rule {
        id: "KS-A52",
        production: Error,
        development: Error,
        summary: "a `${…}` of Kafka or of a shell that Flux replaces",
        explanation: "A Kustomization of Flux with `postBuild` replaces every `${NAME}` in the objects, also in files \
            and scripts: a variable that it does not know becomes an empty text, and `${env:POD_NAME}` or `${list[0]}` \
            cannot be read, so that nothing is applied or the broker starts with an empty setting. The annotation \
            `kustomize.toolkit.fluxcd.io/substitute: disabled` keeps an object as it is; `$${NAME}` keeps one place.",
        source: "Flux, Kustomization, Post build variable substitution",
    };

    /// A namespace that a deployer may delete.
    pub const PRUNED_NAMESPACE: Rule = Rule {
        id: "KS-A53",
        production: Warning,
        development: Note,
        summary: "a namespace with Kafka's data that a deployer may delete",
        explanation: "A deployer that prunes deletes what is no longer in the folder. If the Namespace is moved or its \
            path is renamed, all that is in it goes too, the claims with the data of the brokers among them.",
        source: "Argo CD, Sync Options, No Prune Resources; Flux, Kustomization, Prune",
    };

    /// A Job that a deployer runs again and again.
    pub const VANISHING_JOB: Rule = Rule {
        id: "KS-A54",
        production: Warning,
        development: Note,
        summary: "a Job that deletes itself and that a deployer creates again",
        explanation: "A Job with `ttlSecondsAfterFinished` is deleted when it is done. The deployer then misses it: \
            Argo CD shows the application as out of sync, and with `selfHeal`, as Flux always does, it runs the Job again.",
        source: "Argo CD, Resource Hooks; Kubernetes, TTL-after-finished Controller",
    };

    /// A label that Argo CD writes.
    pub const INSTANCE_LABEL: Rule = Rule {
        id: "KS-A55",
        production: Warning,
        development: Note,
        summary: "a monitor that selects by a label that Argo CD may write",
        explanation: "With tracking by label, the default before Argo CD 3.0, every object gets the name of its \
            application in the label `app.kubernetes.io/instance`. A ServiceMonitor that selects Services by another \
            value of it then selects nothing, and its alerts never fire.",
        source: "Argo CD, Resource Tracking",
    };

    /// A default that Argo CD takes for a change.
    pub const RELABELED: Rule = Rule {
        id: "KS-A56",
        production: Warning,
        development: Note,
        summary: "a monitor that is never in sync under server-side apply",
        explanation: "The API server fills in `action: replace` for each relabeling of a monitor. Under server-side \
            apply Argo CD compares the list as a whole, and shows the application as out of sync until the action is \
            written.",
        source: "Prometheus operator, RelabelConfig; Argo CD, Diff Strategies",
    };

    /// Claims that Argo CD deletes.
    pub const OWN_CLAIMS: Rule = Rule {
        id: "KS-A57",
        production: Error,
        development: Warning,
        summary: "volume claims that Argo CD takes for its application's",
        explanation: "With tracking by label, the default before Argo CD 3.0, what has the name of an application in the \
            label `app.kubernetes.io/instance` belongs to it. Kubernetes gives the claims of a StatefulSet the labels of its \
            selector. Once the StatefulSet is gone (with the application, with its file, or to be made anew), Argo CD \
            deletes claims that have the name there, and with them the data.",
        source: "Argo CD, Resource Tracking; seen with Argo CD 2.14.21",
    };
}

const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
/// The label in which Argo CD writes the name of the application.
const INSTANCE: &str = "app.kubernetes.io/instance";

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut applications: Vec<(&str, &Application)> = Vec::new();
    let mut kustomizations: Vec<&FluxKustomization> = Vec::new();
    for object in set.objects {
        match &object.detail {
            ObjectDetail::Application(application) => applications.push((&object.identity.name, application)),
            ObjectDetail::FluxKustomization(kustomization) => kustomizations.push(kustomization),
            _ => {}
        }
    }
    if applications.is_empty() && kustomizations.is_empty() {
        return;
    }
    substituted(&kustomizations, set, findings);
    for (index, object) in set.objects.iter().enumerate() {
        let namespace = match object.detail {
            ObjectDetail::Namespace { .. } => &object.identity.name,
            _ => &object.identity.namespace,
        };
        let owners: Vec<&(&str, &Application)> = applications
            .iter()
            .filter(|(_, application)| application.namespace == *namespace)
            .collect();
        if let ObjectDetail::Workload(workload) = &object.detail
            && !workload.claims.is_empty()
            && let Some((name, _)) = owners.iter().find(|(name, _)| claims_are_labelled(workload, name))
        {
            findings
                .add(
                    index,
                    "/spec/selector",
                    &OWN_CLAIMS,
                    format!("the claims have `{INSTANCE}={name}`: application `{name}` deletes them when the StatefulSet is gone"),
                )
                .hint("give the application another name, or set `application.resourceTrackingMethod: annotation` in Argo CD");
        }
        match &object.detail {
            ObjectDetail::Namespace { .. } => {
                let prunes = owners.iter().any(|(_, application)| application.prunes)
                    || kustomizations.iter().any(|kustomization| kustomization.prunes);
                pruned(set, prunes, index, object, findings);
            }
            ObjectDetail::Workload(workload) if workload.time_to_live.is_some() => {
                let hook = ["argocd.argoproj.io/hook", "helm.sh/hook"]
                    .iter()
                    .any(|hook| object.told(hook).is_some());
                let then = match (owners.first(), kustomizations.is_empty()) {
                    _ if hook => continue,
                    (None, true) => continue,
                    (Some((name, application)), true) if !application.heals => {
                        format!("application `{name}` is out of sync from then on")
                    }
                    (Some((name, _)), _) => format!("application `{name}` then runs it again, without end"),
                    (None, false) => "Flux then runs it again, without end".to_owned(),
                };
                findings
                    .add(
                        index,
                        "/spec/ttlSecondsAfterFinished",
                        &VANISHING_JOB,
                        format!("the Job deletes itself when it is done: {then}"),
                    )
                    .hint("remove `ttlSecondsAfterFinished`, or make it a hook: `argocd.argoproj.io/hook: Sync`");
            }
            ObjectDetail::ServiceMonitor(monitor) | ObjectDetail::PodMonitor(monitor) => {
                let Some((name, application)) = owners.first() else {
                    continue;
                };
                let of_objects = matches!(object.detail, ObjectDetail::ServiceMonitor(_));
                if let Some((_, value)) = monitor
                    .selector
                    .required()
                    .find(|(key, _)| of_objects && *key == INSTANCE)
                    && owners.iter().all(|(name, _)| *name != value)
                {
                    findings
                        .add(
                            index,
                            "/spec/selector",
                            &INSTANCE_LABEL,
                            format!("selects `{INSTANCE}={value}`, but Argo CD may write `{name}` there"),
                        )
                        .hint("select by other labels, or set `application.resourceTrackingMethod: annotation` in Argo CD");
                }
                if let Some(pointer) = monitor.without_action.as_ref().filter(|_| application.server_side) {
                    findings
                        .add(
                            index,
                            pointer.clone(),
                            &RELABELED,
                            format!("a relabeling has no `action`: application `{name}` is never in sync"),
                        )
                        .hint("write `action: replace`")
                        .mend(Mend::set("replace").of_field(format!("{pointer}/action")));
                }
            }
            _ => {}
        }
    }
}

/// Whether claims, which have the labels of the selector, have this name in the label by which Argo CD tracks.
fn claims_are_labelled(workload: &Workload, name: &str) -> bool {
    let selector = workload.selector.iter();
    selector
        .flat_map(Selector::required)
        .any(|pair| pair == (INSTANCE, name))
}

fn pruned(set: &ObjectSet<'_>, prunes: bool, index: usize, object: &ObjectModel, findings: &mut SetFindings) {
    let kept = object.told(PRUNE) == Some("disabled")
        || object
            .told("argocd.argoproj.io/sync-options")
            .is_some_and(|options| options.split(',').any(|option| option.trim() == "Prune=false"));
    let data = || {
        set.workloads()
            .any(|(_, other, workload)| other.identity.namespace == object.identity.name && workload.kafka.is_some())
    };
    if prunes && !kept && data() {
        findings
            .add(
                index,
                "/metadata",
                &PRUNED_NAMESPACE,
                "the deployer deletes the namespace, and with it the brokers' claims, when it no longer finds this file",
            )
            .hint(format!(
                "annotate it with `argocd.argoproj.io/sync-options: Prune=false`, for Flux with `{PRUNE}: disabled`"
            ));
    }
}

/// Says it at the first object that Flux breaks, and how many more there are.
fn substituted(kustomizations: &[&FluxKustomization], set: &ObjectSet<'_>, findings: &mut SetFindings) {
    // Which of several applies an object is not known: all must substitute.
    if kustomizations.is_empty() || kustomizations.iter().any(|flux| flux.variables.is_none()) {
        return;
    }
    let broken: Vec<(usize, &Placeholder, &str)> = set
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| {
            object.told(SUBSTITUTE) != Some("disabled") && !object.identity.group.ends_with(".toolkit.fluxcd.io")
        })
        .filter_map(|(index, object)| {
            let mut placeholders = object.placeholders.iter();
            placeholders.find_map(|placeholder| Some((index, placeholder, broken(kustomizations, &placeholder.text)?)))
        })
        .collect();
    let [(index, placeholder, then), others @ ..] = broken.as_slice() else {
        return;
    };
    let more = match others.len() {
        0 => String::new(),
        1 => "; one more object has such texts".to_owned(),
        more => format!("; {more} more objects have such texts"),
    };
    let finding = findings.add(
        *index,
        placeholder.pointer.clone(),
        &SUBSTITUTED,
        format!(
            "a Kustomization of Flux with `postBuild` replaces `${{{}}}` {then}{more}",
            placeholder.text
        ),
    );
    finding.place.row = placeholder.row;
    finding.hint(format!("annotate the objects with `{SUBSTITUTE}: disabled`"));
}

/// What Flux makes of a placeholder that is not meant for it.
fn broken(kustomizations: &[&FluxKustomization], text: &str) -> Option<&'static str> {
    let known = |name: &str| {
        kustomizations.iter().any(|flux| {
            flux.more_variables
                || flux
                    .variables
                    .as_ref()
                    .is_some_and(|variables| variables.contains(name))
        })
    };
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match rest.strip_prefix(':') {
        // Kafka's providers: `${env:NAME}`.
        Some(rest) if !rest.starts_with(['-', '=', '+', '?']) => Some("with an empty text"),
        None if rest.starts_with('[') || name.is_empty() => Some("and cannot read it, so that nothing is applied"),
        None if rest.is_empty() && !known(name) => Some("with an empty text"),
        _ => None,
    }
}
