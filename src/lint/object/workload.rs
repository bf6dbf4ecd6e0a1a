//! Workloads by their kind, and claims.

use super::{
    claim,
    fields::{count_or_percent, distinct, not_negative, range, required, syntax, word},
    metadata, pod,
};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    node::Node,
    selector::{Selector, labels, selects},
    syntax as text,
};
use crate::lint::object::fields::{EXCLUDES, INNER_NAME, RANGE, REQUIRED};

rules! { rules::api;
    /// A workload that does not select its own pods.
    pub const OWN_PODS: Rule = Rule {
        id: "KS-A17",
        production: Error,
        development: Error,
        summary: "a workload that does not select its own pods",
        explanation: "The labels of the template must satisfy the selector. The API server refuses a workload \
            otherwise: it would create more and more pods and recognize none of them.",
        source: "Kubernetes, API validation (ValidateDeploymentSpec, ValidateStatefulSetSpec)",
    };
}

pub(crate) fn stateful_set(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    not_negative(&spec, "replicas", findings);
    not_negative(&spec, "minReadySeconds", findings);
    not_negative(&spec, "revisionHistoryLimit", findings);
    not_negative(&spec.get("ordinals"), "start", findings);
    word(&spec, "podManagementPolicy", &["OrderedReady", "Parallel"], findings);
    let strategy = spec.get("updateStrategy");
    if strategy.get("type").str() != Some("") {
        word(&strategy, "type", &["RollingUpdate", "OnDelete"], findings);
    }
    if strategy.get("type").text() == "OnDelete" && strategy.get("rollingUpdate").is_set() {
        findings.at(
            &strategy.get("rollingUpdate"),
            &EXCLUDES,
            "is set: not allowed with `OnDelete`",
        );
    }
    not_negative(&strategy.get("rollingUpdate"), "partition", findings);
    claim::retention(&spec, findings);
    syntax(&spec.get("serviceName"), &INNER_NAME, text::dns_label, findings);
    let claims = spec.get("volumeClaimTemplates");
    for template in claims.items() {
        let metadata = template.get("metadata");
        let name = metadata.get("name");
        if required(&metadata, "name", findings) {
            syntax(&name, &INNER_NAME, text::dns_label, findings);
        }
        claim::check(&template.get("spec"), findings);
    }
    distinct(
        &claims,
        "name",
        |claim| claim.get("metadata").get("name").str(),
        findings,
    );
    let names: Vec<&str> = claims
        .items()
        .filter_map(|claim| claim.get("metadata").get("name").str())
        .collect();
    template(&spec, &names, &["Always"], findings);
    own_pods(&spec, findings);
}

pub(crate) fn deployment(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    not_negative(&spec, "replicas", findings);
    not_negative(&spec, "minReadySeconds", findings);
    not_negative(&spec, "revisionHistoryLimit", findings);
    range(&spec, "progressDeadlineSeconds", 1, i64::MAX, findings);
    if let (Some(deadline), Some(ready)) = (
        spec.get("progressDeadlineSeconds").int(),
        spec.get("minReadySeconds").int(),
    ) && deadline <= ready
    {
        findings.at(
            &spec.get("progressDeadlineSeconds"),
            &RANGE,
            format!("is {deadline}: must be above `minReadySeconds`, {ready}"),
        );
    }
    let strategy = spec.get("strategy");
    if strategy.get("type").str() != Some("") {
        word(&strategy, "type", &["RollingUpdate", "Recreate"], findings);
    }
    let rolling = strategy.get("rollingUpdate");
    if strategy.get("type").text() == "Recreate" && rolling.is_set() {
        findings.at(&rolling, &EXCLUDES, "is set: not allowed with `Recreate`");
    }
    for field in ["maxSurge", "maxUnavailable"] {
        count_or_percent(&rolling, field, findings);
    }
    let zero = |field: &'static str| {
        let node = rolling.get(field);
        node.int() == Some(0) || node.str() == Some("0%")
    };
    if zero("maxSurge") && zero("maxUnavailable") {
        findings.at(
            &rolling,
            &EXCLUDES,
            "allows neither an additional pod nor an unavailable one: the rollout never progresses",
        );
    }
    template(&spec, &[], &["Always"], findings);
    own_pods(&spec, findings);
}

pub(crate) fn daemon_set(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    not_negative(&spec, "minReadySeconds", findings);
    template(&spec, &[], &["Always"], findings);
    own_pods(&spec, findings);
}

/// The specification of a Job, which is that of a `CronJob`'s template too.
pub(crate) fn job(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    for field in [
        "parallelism",
        "completions",
        "backoffLimit",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ] {
        not_negative(spec, field, findings);
    }
    word(spec, "completionMode", &["NonIndexed", "Indexed"], findings);
    if spec.get("completionMode").text() == "Indexed" && !spec.get("completions").is_set() {
        findings.at(
            &spec.get("completions"),
            &REQUIRED,
            "is missing: required for an indexed Job",
        );
    }
    if spec.get("selector").is_set() && spec.get("manualSelector").bool() != Some(true) {
        findings
            .at(
                &spec.get("selector"),
                &EXCLUDES,
                "is set: the controller sets the selector of a Job",
            )
            .hint("remove the selector");
    }
    template(spec, &[], &["OnFailure", "Never"], findings);
    let pod = spec.get("template").get("spec").value();
    if pod["restartPolicy"].is_null() {
        let template = spec.get("template");
        let pod = template.get("spec");
        findings
            .at(
                &pod.get("restartPolicy"),
                &EXCLUDES,
                "is missing, which means `Always`: a Job needs `OnFailure` or `Never`",
            )
            .hint("write `restartPolicy: OnFailure`");
    }
}

pub(crate) fn cron_job(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    required(&spec, "schedule", findings);
    word(&spec, "concurrencyPolicy", &["Allow", "Forbid", "Replace"], findings);
    let template = spec.get("jobTemplate");
    job(&template.get("spec"), findings);
}

/// The pod's template, and whether its pods may restart as they say.
fn template(spec: &Node<'_, '_>, claims: &[&str], restart: &[&str], findings: &mut Diagnostics) {
    let template = spec.get("template");
    pod::check(&template, claims, findings);
    let pod = template.get("spec");
    let policy = pod.get("restartPolicy");
    if policy
        .str()
        .is_some_and(|policy| ["Always", "OnFailure", "Never"].contains(&policy) && !restart.contains(&policy))
    {
        let message = format!("is `{}`: this kind needs `{}`", policy.text(), restart.join("` or `"));
        let finding = findings.at(&policy, &EXCLUDES, message);
        if let [only] = restart {
            finding.write(only);
        }
    }
}

fn own_pods(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    let selector = spec.get("selector");
    metadata::selector(&selector, findings);
    let conditions = Selector::of(selector.value());
    if conditions.is_empty() {
        findings.at(
            &selector,
            &REQUIRED,
            "is missing or empty: it must select the workload's pods",
        );
        return;
    }
    let template = spec.get("template");
    let metadata = template.get("metadata");
    let pods = metadata.get("labels");
    if !selects(&conditions, &labels(pods.value())) {
        findings
            .at(
                &selector,
                &OWN_PODS,
                format!(
                    "is `{}`, which does not match the labels of the template",
                    conditions.shown()
                ),
            )
            .hint("add the labels of the selector to `template.metadata.labels`");
    }
}
