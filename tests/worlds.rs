//! Every rule runs in both worlds: on a stack, and on manifests that anyone wrote.

use std::collections::BTreeSet;

use kafka_stacks::{
    k8s_openapi::{ClusterResourceScope, Resource},
    lint,
    prelude::*,
    synth::check,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    faults,
    objects::{connectors, surroundings},
    rules::broken_ids,
    schemas,
};

/// Rules that no manifest can break, or whose manifests need more than an edit: why.
const NOT_IN_MANIFESTS: &[(&str, &[&str])] = &[
    (
        "manifests name no application and no topic that one uses",
        &[
            "KS-F01", "KS-F02", "KS-F03", "KS-F04", "KS-F05", "KS-F06", "KS-F07", "KS-F08", "KS-F09", "KS-F10",
            "KS-F20", "KS-F21", "KS-F22", "KS-T20",
        ],
    ),
    (
        "what a stack's own code says: names, handles, amendments, acknowledgements, builder calls beside raw settings",
        &[
            "KS-E08", "KS-E09", "KS-K18", "KS-K38", "KS-R06", "KS-S02", "KS-S04", "KS-S05", "KS-S06", "KS-S07",
            "KS-S09", "KS-S10", "KS-S11", "KS-S12", "KS-S13", "KS-S14", "KS-S15", "KS-S21", "KS-S22", "KS-S23",
        ],
    ),
    (
        "a stack alone knows the load of a topic, and what a machine carries",
        &[
            "KS-C01", "KS-C02", "KS-C03", "KS-C05", "KS-C08", "KS-C09", "KS-C10", "KS-C11", "KS-C12", "KS-C13",
            "KS-C21",
        ],
    ),
    (
        "a default that is written down is a burden in code, and a habit in files",
        &["KS-E34", "KS-K34", "KS-N34", "KS-R34"],
    ),
    ("a decision that its author acknowledges", &["KS-K02", "KS-K06"]),
    (
        "refused as another rule's in objects: KS-K40 to KS-K43 for listeners, KS-K46 for roles",
        &["KS-K14", "KS-K26"],
    ),
    (
        "nothing to judge: no replicas, the release that the image has, the release of who reads a client's file",
        &["KS-E32", "KS-K25", "KS-K27", "KS-N32", "KS-R07"],
    ),
    (
        "of the alerts that a stack makes: those of anyone's rules are KS-O03 to KS-O12",
        &[
            "KS-O01", "KS-O02", "KS-O13", "KS-O14", "KS-O15", "KS-O16", "KS-O17", "KS-O18", "KS-O19", "KS-O28",
        ],
    ),
    (
        "what a stack declares of its clients and their permissions",
        &["KS-X01", "KS-X03", "KS-X05", "KS-X15", "KS-X20"],
    ),
    (
        "what a stack declares of its connectors: plugins, Secrets, topics with their partitions, the policy of the workers",
        &[
            "KS-N10", "KS-N11", "KS-N12", "KS-N13", "KS-N14", "KS-N15", "KS-N16", "KS-N17", "KS-N18", "KS-N19",
        ],
    ),
    (
        "what a stack declares of the schemas of its events",
        &[
            "KS-V01", "KS-V02", "KS-V03", "KS-V04", "KS-V05", "KS-V06", "KS-V07", "KS-V08", "KS-V09", "KS-V10",
            "KS-V11", "KS-V12", "KS-V13", "KS-V14", "KS-V15", "KS-V16", "KS-V17", "KS-V18", "KS-V19",
        ],
    ),
    (
        "several files, an object of megabytes, or a note: tests of their own in `objects`",
        &["KS-A06", "KS-A07", "KS-A28", "KS-A29"],
    ),
];

/// Rules that no stack can break: why.
const NOT_IN_STACKS: &[(&str, &[&str])] = &[
    (
        "the text of files, which stacks do not have, and fields that no Rust type has",
        &["KS-A01", "KS-A02", "KS-A03", "KS-A06", "KS-A07"],
    ),
    ("an object of megabytes", &["KS-A28", "KS-A29"]),
    ("what a stack tells deployers itself", &["KS-A52", "KS-A53"]),
];

/// Objects of any text, as a construct of one's own may render them.
struct Foreign {
    meta: Meta,
    objects: Vec<Value>,
}

struct AnyObject(Value);

impl Serialize for AnyObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Resource for AnyObject {
    const API_VERSION: &'static str = "";
    const GROUP: &'static str = "";
    const KIND: &'static str = "";
    const VERSION: &'static str = "";
    const URL_PATH_SEGMENT: &'static str = "";
    type Scope = ClusterResourceScope;
}

impl Construct for Foreign {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) {}

    fn check(&self, _: &mut Check<'_>) {}

    fn render(&self, _: &Context) -> Vec<Object> {
        let objects = self.objects.iter();
        objects.map(|object| Object::new(&AnyObject(object.clone()))).collect()
    }
}

/// The rules that a stack breaks which renders these manifests.
fn broken_by(texts: &[String], platform: Platform) -> BTreeSet<&'static str> {
    let documents = texts.iter().flat_map(|text| lint::read(text, "a.yaml").0);
    let objects = documents.map(|document| document.value);
    let of_kustomize = |object: &Value| {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        version.starts_with("kustomize.config")
    };
    let is_object = |object: &Value| object["kind"].is_string() && !of_kustomize(object);
    let mut stack = Stack::new("test", "kafka").existing_namespace().platform(platform);
    stack.add(Foreign {
        meta: Meta::new("foreign"),
        objects: objects.filter(is_object).collect(),
    });
    let findings = check(&stack).findings;
    findings.iter().map(|finding| finding.rule.id).collect()
}

fn listed(list: &[(&str, &[&'static str])]) -> BTreeSet<&'static str> {
    list.iter().flat_map(|(_, ids)| ids.iter().copied()).collect()
}

#[test]
fn every_rule_runs_in_both_worlds() {
    let mut stacks = broken_ids();
    stacks.extend(schemas::broken_ids());
    let mut manifests = connectors::broken_ids();
    // The smallest say it fastest.
    let mut edits: Vec<_> = faults::edits().collect();
    edits.sort_by_key(faults::Edit::size);
    for edit in edits {
        let Some(rule) = edit.expected else { continue };
        manifests.insert(rule);
        if !stacks.contains(rule) {
            stacks.extend(broken_by(&edit.texts(), Platform::default()));
        }
    }
    for case in surroundings::FAULTS {
        manifests.insert(case.rule.id);
        if !stacks.contains(case.rule.id) {
            stacks.extend(broken_by(&[surroundings::manifests(case)], case.platform()));
        }
    }
    let all: BTreeSet<&str> = rules::all().iter().map(|rule| rule.id).collect();
    let not_in = |world: &BTreeSet<&'static str>| all.difference(world).copied().collect::<BTreeSet<&str>>();
    assert_eq!(
        [not_in(&manifests), not_in(&stacks)],
        [listed(NOT_IN_MANIFESTS), listed(NOT_IN_STACKS)],
        "not in manifests, and not in stacks"
    );
}
