//! Unusual objects: any content is judged without a panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::yaml::read::read;

/// Sound objects of every kind.
fn bases() -> Vec<Value> {
    let plain = include_str!("../../tests/objects/plain.yaml");
    let kafka = include_str!("../../tests/objects/kafka.yaml");
    [plain, kafka]
        .iter()
        .flat_map(|text| read(text).documents)
        .map(|document| document.value)
        .collect()
}

/// The pointers of all parts of a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                pointers(
                    value,
                    &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!([null, 1, "a", {}, []])),
        Just(json!({ "name": 1, "": "", "a/b~c": {} })),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0)].prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[$(){}=:@,./%0-9a-cKü -]{0,24}".prop_map(Value::from),
        "-?[0-9.]{0,30}(%|m|Gi|Ei|e-?[0-9]{0,12})?".prop_map(Value::from),
        Just(Value::from("9".repeat(400) + "Ei")),
        Just(Value::from(
            "controller.quorum.voters=@,1@,@a:,9223372036854775807@kafka-9223372036854775807.b:1\nadvertised.listeners=://,A://\nlog.dirs=,/,//\nnode.id=${env:\n"
        )),
    ]
}

proptest! {
    #[test]
    fn no_object_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), odd()), 1..6)) {
        let mut objects = bases();
        for (object, place, value) in changes {
            let object = object.index(objects.len());
            let mut all = Vec::new();
            pointers(&objects[object], "", &mut all);
            let pointer = &all[place.index(all.len())];
            if let Some(part) = objects[object].pointer_mut(pointer) {
                *part = value;
            }
        }
        let judged: Vec<Judged> = objects.iter().map(|body| judge(body, Kubernetes::default(), &Background::default())).collect();
        for object in &objects {
            let _ = schema(object);
        }
        let models: Vec<&ObjectModel> = judged.iter().map(|judged| &judged.model).collect();
        prop_assert_eq!(judge_set(&models, Platform::default()).findings.len(), objects.len());
        let _ = duplicates(&models);
    }

    #[test]
    fn no_quantity_and_no_image_makes_it_panic(text in ".{0,40}") {
        let _ = model::syntax::quantity(&Value::from(text.clone()));
        let _ = model::syntax::image(&text);
        let _ = crate::promql::parse(&text);
    }
}

#[test]
fn sound_objects_have_no_findings() {
    let judged: Vec<Judged> = bases()[..15]
        .iter()
        .map(|body| judge(body, Kubernetes::default(), &Background::default()))
        .collect();
    assert!(judged.iter().all(|judged| judged.findings.is_empty()));
    let models: Vec<&ObjectModel> = judged.iter().map(|judged| &judged.model).collect();
    assert!(
        judge_set(&models, Platform::default())
            .findings
            .iter()
            .all(crate::diagnostics::Diagnostics::is_empty)
    );
}

#[test]
fn variables_that_refer_to_each_other_do_not_grow_without_limit() {
    let mut env = vec![json!({ "name": "V0", "value": "x".repeat(100) })];
    for level in 1..64 {
        env.push(json!({ "name": format!("V{level}"), "value": format!("$(V{0})$(V{0})", level - 1) }));
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": { "containers": [{ "name": "a", "image": "confluentinc/cp-kafka:8.3.1", "env": env }] },
    });
    let judged = judge(&pod, Kubernetes::default(), &Background::default());
    assert!(judge_set(&[&judged.model], Platform::default()).findings.len() == 1);
}

#[test]
fn a_kind_has_to_exist_in_the_version_of_the_cluster() {
    let range = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": { "name": "more" },
        "spec": { "cidrs": ["10.1.0.0/16"] },
    });
    let said = |kubernetes| {
        let findings = judge(&range, kubernetes, &Background::default()).findings;
        findings
            .iter()
            .map(|finding| finding.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said(Kubernetes::V1_32),
        ["`kind` `ServiceCIDR` exists in `networking.k8s.io/v1` from Kubernetes 1.33 on, but the stack is for 1.32"]
    );
    assert_eq!(said(Kubernetes::V1_33), [""; 0]);
    assert_eq!(said(Kubernetes::NEWEST), [""; 0]);
}
