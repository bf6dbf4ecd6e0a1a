//! The same rules for objects that a stack renders: faults made by an amendment are found, and so are values that a builder accepts in
//! the finished object.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{ConfigMap, Container, Service, ServicePort, ServiceSpec, VolumeMount},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};
use kafka_stacks::prelude::*;

use crate::rules::synth;

const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

fn cluster() -> KafkaCluster {
    KafkaCluster::kraft("kafka", Version::V4_3, ID)
        .pool(NodePool::controllers("kafka-controller", 3))
        .pool(NodePool::brokers("kafka", 3))
}

/// A stack with a bit of everything.
fn stack() -> (Stack, KafkaHandle) {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(cluster());
    stack.add(SchemaRegistry::new("registry", &kafka));
    (stack, kafka)
}

/// Each finding as `severity[rule] subject: message`, and the line of this file that it points to.
fn findings(stack: &Stack) -> Vec<(String, u32)> {
    let synthesis = synth(stack);
    assert_eq!(synthesis.findings.has_errors(), synthesis.manifests.is_none());
    synthesis
        .findings
        .iter()
        .map(|finding| {
            assert_eq!(finding.location().file(), "tests/objects/amended.rs");
            let said = format!(
                "{}[{}] {}: {}",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message
            );
            (said, finding.location().line())
        })
        .collect()
}

#[track_caller]
fn says(stack: &Stack, expected: &[&str]) {
    let found: Vec<String> = findings(stack).into_iter().map(|(said, _)| said).collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_stack_without_amendments_has_no_findings() {
    says(&stack().0, &[]);
}

#[test]
fn a_finding_about_an_amended_object_points_to_the_amendment() {
    let (mut stack, _) = stack();
    let line = line!() + 1;
    stack.amend::<StatefulSet>("kafka", |set| {
        if let Some(spec) = &mut set.spec {
            spec.pod_management_policy = Some("OrderedReady ".to_owned());
        }
    });
    assert_eq!(
        findings(&stack),
        [(
            "error[KS-A12] test/kafka/StatefulSet kafka: `spec.podManagementPolicy` is `OrderedReady `: must be `OrderedReady` or `Parallel`"
                .to_owned(),
            line
        )]
    );
}

#[test]
fn a_fault_made_by_an_amendment_is_found() {
    let amended = |change: fn(&mut Stack)| {
        let (mut stack, _) = stack();
        change(&mut stack);
        stack
    };
    says(
        &amended(|stack| {
            stack.amend::<StatefulSet>("kafka-controller", |set| {
                if let Some(spec) = &mut set.spec {
                    spec.pod_management_policy = Some("OrderedReady".to_owned());
                }
            });
        }),
        &[
            "error[KS-P06] test/kafka/StatefulSet kafka-controller: 3 members of a quorum start one after the other: the first waits for the second, which is created only when the first is ready",
        ],
    );
    says(
        &amended(|stack| {
            stack.amend::<Service>("kafka", |service| {
                if let Some(spec) = &mut service.spec {
                    spec.ports.get_or_insert_default()[0].target_port =
                        Some(IntOrString::String("tcp-cleint".to_owned()));
                }
            });
        }),
        &["error[KS-A22] test/kafka/Service kafka: no selected pod has a port named `tcp-cleint`"],
    );
    says(
        &amended(|stack| {
            stack.amend::<PodDisruptionBudget>("kafka", |budget| {
                if let Some(spec) = &mut budget.spec {
                    spec.max_unavailable = Some(IntOrString::Int(0));
                }
            });
        }),
        &[
            "error[KS-A25] test/kafka/PodDisruptionBudget kafka: `spec.maxUnavailable` allows no disruptions: no node that runs such a pod can be drained",
        ],
    );
    says(
        &amended(|stack| {
            stack.amend::<ConfigMap>("kafka", |map| {
                for text in map.data.get_or_insert_default().values_mut() {
                    *text = text.replace("log.dirs=/var/lib/kafka/data/log", "log.dirs=/var/lib/kafka/data");
                }
            });
        }),
        &[
            "error[KS-P02] test/kafka/ConfigMap kafka: `/var/lib/kafka/data` is the root of a volume, whose `lost+found` folder stops the broker",
        ],
    );
    says(
        &amended(|stack| {
            stack.amend::<Deployment>("registry", |deployment| {
                let pod = deployment.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
                if let Some(container) = pod.and_then(|pod| pod.containers.first_mut()) {
                    container.image = Some(String::new());
                    let limits = container
                        .resources
                        .get_or_insert_default()
                        .limits
                        .get_or_insert_default();
                    limits.insert("memory".to_owned(), Quantity("1Gi".to_owned()));
                }
            });
        }),
        &[
            "error[KS-A15] test/registry/Deployment registry: `spec.template.spec.containers[schema-registry].image` is empty",
            "error[KS-C07] test/registry/Deployment registry: `spec.template.spec.containers[schema-registry].resources.requests.memory` is 2Gi, above the limit of 1Gi",
            "error[KS-C04] test/registry/Deployment registry: heap 1Gi in a container of 1Gi: above 768Mi there is no room for the rest of the JVM",
        ],
    );
}

#[test]
fn a_missing_service_account_is_a_warning_that_can_be_acknowledged() {
    let (mut stack, _) = stack();
    stack.amend::<Deployment>("registry", |deployment| {
        if let Some(pod) = deployment.spec.as_mut().and_then(|spec| spec.template.spec.as_mut()) {
            pod.service_account_name = Some("shared".to_owned());
        }
    });
    says(
        &stack,
        &[
            "warning[KS-A19] test/registry/Deployment registry: `spec.template.spec.serviceAccountName` is `shared`: ServiceAccount not found",
        ],
    );
    stack.acknowledge(&rules::api::REFERENCE, "the platform's team makes it");
    let synthesis = synth(&stack);
    assert!(synthesis.findings.iter().all(|finding| finding.acknowledged.is_some()));
    assert!(synthesis.manifests.is_some());
}

/// What the stack says about one fault.
#[track_caller]
fn hint(stack: &Stack, rule: &str) -> String {
    let findings = synth(stack).findings;
    let mut of_rule = findings.iter().filter(|finding| finding.rule.id == rule);
    let finding = of_rule
        .next()
        .unwrap_or_else(|| panic!("{rule} is quiet: {findings:?}"));
    finding.hint.clone()
}

#[test]
fn where_a_builder_call_mends_a_fault_the_hint_for_a_stack_is_that_call() {
    let amended = |change: fn(&mut Stack)| {
        let (mut stack, _) = stack();
        change(&mut stack);
        stack
    };
    let config = |from: &'static str, to: &'static str| {
        let (mut stack, _) = stack();
        stack.amend::<ConfigMap>("kafka", move |map| {
            for text in map.data.get_or_insert_default().values_mut() {
                *text = text.replace(from, to);
            }
        });
        stack
    };
    let mut pools = Stack::new("test", "kafka");
    pools.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(0.gib()))),
    );
    let mut sidecar = Stack::new("test", "kafka");
    let kafka = sidecar.add(cluster());
    sidecar.add(SchemaRegistry::new("registry", &kafka).sidecar(Container {
        name: "proxy".to_owned(),
        image: Some("example/proxy:1.2".to_owned()),
        volume_mounts: Some(vec![VolumeMount {
            name: "cache".to_owned(),
            mount_path: "/cache".to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }));
    for (rule, stack, expected) in [
        (
            "KS-A13",
            pools,
            "give the pool a size: `.storage(Storage::persistent(100.gib()))`",
        ),
        (
            "KS-A18",
            sidecar,
            "add the volume with `.mount(…)`, such as `.mount(Mount::scratch(\"cache\", …))`",
        ),
        (
            "KS-C07",
            amended(|stack| {
                stack.amend::<Deployment>("registry", |deployment| {
                    let pod = deployment.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
                    let container = pod.and_then(|pod| pod.containers.first_mut());
                    let resources = container.and_then(|container| container.resources.as_mut());
                    if let Some(limits) = resources.and_then(|resources| resources.limits.as_mut()) {
                        limits.insert("memory".to_owned(), Quantity("1Gi".to_owned()));
                    }
                });
            }),
            "raise the limit or lower the request in `.resources(…)`",
        ),
        (
            "KS-P03",
            config("log.dirs=/var/lib/kafka/data/log", "log.dirs=/tmp/log"),
            "leave it as it is rendered: on the volume of `.storage(Storage::persistent(…))`",
        ),
        (
            "KS-P20",
            config("auto.create.topics.enable=false\n", ""),
            "set `.config(\"auto.create.topics.enable\", false)`, and declare topics with `Topics::new(…)`",
        ),
    ] {
        assert_eq!(hint(&stack, rule), expected, "{rule}");
    }
}

#[test]
fn a_secret_that_a_stack_names_is_a_note_because_no_component_renders_secrets() {
    let mut stack = Stack::new("test", "kafka").pods(PodDefaults::new().image_pull_secret("mirror"));
    let kafka = stack.add(cluster());
    stack.add(
        Connect::new("connect", &kafka)
            .env_from_secret("DB_PASSWORD", "database", "password")
            .mount(Mount::secret("certificates", "/etc/certificates")),
    );
    let findings = synth(&stack).findings;
    for secret in ["mirror", "database", "certificates"] {
        let expected = format!("create the Secret `{secret}` in the cluster, for example with External Secrets");
        assert!(
            findings.iter().any(|finding| finding.hint == expected),
            "{secret}: {findings:?}"
        );
    }
    for finding in &findings {
        assert_eq!(
            (finding.rule, finding.severity),
            (&rules::api::SECRET_REFERENCE, Severity::Note),
            "{finding:?}"
        );
    }
}

#[test]
fn a_config_map_that_the_stack_does_not_have_is_a_warning() {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(cluster());
    stack.add(SchemaRegistry::new("registry", &kafka).mount(Mount::config_map("kafak", "/etc/kafka-files")));
    says(
        &stack,
        &[
            "warning[KS-A19] test/registry/Deployment registry: `spec.template.spec.volumes[kafak].configMap.name` is `kafak`: ConfigMap not found",
        ],
    );
    assert_eq!(
        hint(&stack, "KS-A19"),
        "available: `kafka-controller`, `kafka`, `registry`"
    );
}

/// Services for one pod each: by the label of its name, and by that of its number.
struct ServicePerPod(Meta);

impl Construct for ServicePerPod {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.0
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.0
    }

    fn handle(&self, _: &Context) {}

    fn check(&self, _: &mut Check<'_>) {}

    fn render(&self, context: &Context) -> Vec<Object> {
        [
            ("by-name", "statefulset.kubernetes.io/pod-name", "kafka-0"),
            ("by-number", "apps.kubernetes.io/pod-index", "0"),
        ]
        .into_iter()
        .map(|(name, label, value)| {
            Object::new(&Service {
                metadata: context.metadata(name),
                spec: Some(ServiceSpec {
                    selector: Some([(label.to_owned(), value.to_owned())].into()),
                    ports: Some(vec![ServicePort {
                        name: Some("tcp-client".to_owned()),
                        port: 9092,
                        ..ServicePort::default()
                    }]),
                    ..ServiceSpec::default()
                }),
                ..Service::default()
            })
        })
        .collect()
    }
}

#[test]
fn a_service_may_select_one_pod_by_its_name_or_number() {
    let mut stack = Stack::new("test", "kafka");
    stack.add(cluster());
    stack.add(ServicePerPod(Meta::new("one")));
    says(&stack, &[]);
    // Without the cluster there is no such pod.
    let mut stack = Stack::new("test", "kafka");
    stack.add(ServicePerPod(Meta::new("one")));
    assert!(
        findings(&stack)
            .iter()
            .any(|(said, _)| said.contains("[KS-A21] test/one/Service by-name")),
        "{:?}",
        findings(&stack)
    );
}

#[test]
fn a_value_that_the_builders_accept_is_checked_in_the_object() {
    let with = |change: fn(KafkaCluster) -> KafkaCluster| {
        let mut stack = Stack::new("test", "kafka");
        stack.add(change(cluster()));
        stack
    };
    let pool = |pool: fn(NodePool) -> NodePool| {
        let mut stack = Stack::new("test", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3))
                .pool(pool(NodePool::brokers("b", 3))),
        );
        stack
    };
    says(
        &pool(|pool| pool.storage(Storage::persistent(0.gib()))),
        &[
            "error[KS-A13] test/kafka/b: `spec.volumeClaimTemplates[0].spec.resources.requests.storage` is 0: a claim must request storage",
        ],
    );
    says(
        &pool(|pool| pool.storage(Storage::persistent(1.gib()).class("Fast SSD"))),
        &[
            "error[KS-A09] test/kafka/b: `spec.volumeClaimTemplates[0].spec.storageClassName` is `Fast SSD`, which contains 'F': only a-z, 0-9 and `-`",
        ],
    );
    says(
        &with(|kafka| kafka.listener(Listener::plaintext("EXTERNAL", 9094).access(Access::namespaces(["Team A"])))),
        &[
            "error[KS-S01] test/kafka/NetworkPolicy kafka: `spec.ingress[0].from[1].namespaceSelector.matchLabels[kubernetes.io/metadata.name]` is not a valid namespace: `Team A` contains 'T': only a-z, 0-9 and `-`",
        ],
    );
    let mut stack = Stack::new("test", "kafka").namespace_label("a/b/c", "x y");
    let kafka = stack.add(cluster());
    stack.add(Monitoring::new("monitoring", &kafka).monitor_label("release", "-prometheus"));
    let found = findings(&stack);
    assert!(
        found
            .iter()
            .any(|(said, _)| said.contains("[KS-A08] test/Namespace kafka")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|(said, _)| said.contains("[KS-A08] test/monitoring/PrometheusRule kafka")),
        "{found:?}"
    );
}

/// An amendment of one object that changes a part of its JSON.
fn edit<T>(stack: &mut Stack, name: &str, from: &'static str, to: &'static str)
where
    T: k8s_openapi::Metadata<Ty = ObjectMeta> + serde::Serialize + serde::de::DeserializeOwned + 'static,
{
    stack.amend::<T>(name, move |object| {
        let text = serde_json::to_string(object).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        *object = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn pods_and_addresses_are_judged_in_a_stack_as_in_a_folder() {
    enum Kind {
        Brokers,
        Server,
        Registries,
        Registry,
        Clients,
        Ensemble,
    }
    let index = "metadata.labels['apps.kubernetes.io/pod-index']";
    let variable = r#"{"name":"NODE_ID""#;
    let mut said = String::new();
    for (rule, kind, from, to) in [
        (
            "KS-C04",
            Kind::Brokers,
            r#""cpu":"2","memory":"4Gi""#,
            r#""cpu":"2","memory":"2Gi""#,
        ),
        ("KS-C14", Kind::Brokers, "-Xms2048m -Xmx2048m", "-Xms64m -Xmx64m"),
        ("KS-C20", Kind::Brokers, "-Xms2048m -Xmx2048m", "-Xms4Gi -Xmx4Gi"),
        ("KS-P40", Kind::Brokers, r#""name":"POD_NAME""#, r#""name":"POD""#),
        (
            "KS-P41",
            Kind::Server,
            r#""server.properties""#,
            r#""kafka.properties""#,
        ),
        (
            "KS-P42",
            Kind::Brokers,
            "exec kafka-server-start /etc/kafka-stacks/server.properties",
            "exec kafka-server-start",
        ),
        ("KS-P43", Kind::Brokers, index, "metadata.labels['pod-index']"),
        (
            "KS-P45",
            Kind::Brokers,
            r#""mountPath":"/tmp""#,
            r#""mountPath":"/scratch""#,
        ),
        ("KS-P47", Kind::Brokers, "=9404:", "=9092:"),
        (
            "KS-P48",
            Kind::Brokers,
            variable,
            r#"{"name":"KAFKA_OPTS","value":"-Da=b"},{"name":"NODE_ID""#,
        ),
        (
            "KS-P49",
            Kind::Brokers,
            r#""livenessProbe":{"failureThreshold":6,"periodSeconds":10,"tcpSocket":{"port":"tcp-client"}"#,
            r#""livenessProbe":{"exec":{"command":["kafka-topics","--list"]}"#,
        ),
        (
            "KS-P51",
            Kind::Server,
            r"\nlisteners=CLIENT://:9092",
            r"\nlisteners=CLIENT://:9095",
        ),
        (
            "KS-P52",
            Kind::Brokers,
            variable,
            r#"{"name":"JAVA_TOOL_OPTIONS","value":"-XX:+UseZGC"},{"name":"NODE_ID""#,
        ),
        (
            "KS-P53",
            Kind::Brokers,
            "exec kafka-server-start ",
            "exec /opt/kafka/bin/kafka-server-start.sh ",
        ),
        ("KS-P54", Kind::Ensemble, "data/snapshots/myid", "data/myid"),
        ("KS-P55", Kind::Server, ":9093", ":9092"),
        ("KS-P56", Kind::Registries, ":9092", ":9094"),
        ("KS-P57", Kind::Server, "}.kafka-headless", "}.kafka"),
        (
            "KS-P58",
            Kind::Clients,
            r#""spec":{"#,
            r#""spec":{"type":"LoadBalancer","#,
        ),
        ("KS-P59", Kind::Registry, "http://0.0.0.0:8081", "http://fd00::1:8081"),
    ] {
        let mut stack = Stack::new("test", "kafka");
        if matches!(kind, Kind::Ensemble) {
            let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
            stack.add(
                KafkaCluster::zookeeper("kafka", &zookeeper)
                    .pool(NodePool::brokers("kafka", 3))
                    .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "a test"),
            );
        } else {
            let kafka = stack.add(cluster());
            stack.add(SchemaRegistry::new("registry", &kafka));
        }
        match kind {
            Kind::Brokers if rule == "KS-P49" => {
                edit::<StatefulSet>(
                    &mut stack,
                    "kafka",
                    variable,
                    r#"{"name":"JMX_PORT","value":"5555"},{"name":"NODE_ID""#,
                );
                edit::<StatefulSet>(&mut stack, "kafka", from, to);
            }
            Kind::Brokers => edit::<StatefulSet>(&mut stack, "kafka", from, to),
            Kind::Server => edit::<ConfigMap>(&mut stack, "kafka", from, to),
            Kind::Registries => edit::<Deployment>(&mut stack, "registry", from, to),
            Kind::Registry => edit::<ConfigMap>(&mut stack, "registry", from, to),
            Kind::Clients => edit::<Service>(&mut stack, "kafka", from, to),
            Kind::Ensemble => edit::<StatefulSet>(&mut stack, "zookeeper", from, to),
        }
        let findings = synth(&stack).findings;
        let found: Vec<&Diagnostic> = findings.iter().filter(|finding| finding.rule.id == rule).collect();
        assert!(!found.is_empty(), "{rule} is quiet about {to:?}: {findings:#?}");
        for finding in found {
            said += &format!(
                "{}[{rule}] {}: {}\n  hint: {}\n",
                finding.severity,
                finding.subject("test"),
                finding.message,
                finding.hint
            );
        }
    }
    insta::assert_snapshot!("pods_of_a_stack", said);
}

#[test]
fn a_variable_that_the_stack_does_not_define_is_found_at_its_line() {
    let mut stack = Stack::new("test", "kafka");
    let line = line!() + 1;
    stack.add(cluster().config("ssl.keystore.password", "${env:KEYSTORE_PASSWORD}"));
    let found = findings(&stack);
    assert_eq!(
        found,
        [(
            "error[KS-P40] test/kafka: `ssl.keystore.password` uses `${env:KEYSTORE_PASSWORD}`, but there is no variable `KEYSTORE_PASSWORD` in container `kafka`"
                .to_owned(),
            line
        )]
    );
}

#[test]
fn what_an_amendment_cuts_or_lets_run_together_is_found_at_the_amendment() {
    let (mut stack, _) = stack();
    stack.amend::<NetworkPolicy>("kafka-controller", |policy| {
        if let Some(spec) = &mut policy.spec {
            spec.ingress = None;
        }
    });
    stack.amend::<PodDisruptionBudget>("kafka", |budget| {
        if let Some(spec) = &mut budget.spec {
            spec.max_unavailable = Some(IntOrString::String("50%".to_owned()));
        }
    });
    stack.amend::<StatefulSet>("kafka", |set| {
        let pod = set.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
        if let Some(pod) = pod {
            let spread = pod.topology_spread_constraints.iter_mut().flatten().next();
            if let Some(spread) = spread {
                spread.label_selector = None;
            }
            pod.containers[0].resources = None;
        }
    });
    says(
        &stack,
        &[
            "error[KS-A42] test/kafka/NetworkPolicy kafka-controller: cuts the quorum: no rule admits the pods of `kafka-controller` to port 9093 of `kafka-controller`, so no leader is elected, or brokers cannot register",
            "error[KS-A40] test/kafka/StatefulSet kafka: the topology spread has no selector, so it selects no pod: nothing keeps the 3 pods apart",
            "error[KS-P11] test/kafka/StatefulSet kafka: the disruption budget of these 3 pods allows a drain to evict 2 at once",
            "warning[KS-A46] test/kafka/StatefulSet kafka: container `kafka` requests no memory: the node may give it to others, and evicts this pod first",
        ],
    );
}

#[test]
fn on_openshift_pods_have_no_user_unless_an_amendment_gives_them_one() {
    let mut stack = Stack::new("test", "kafka").platform(Platform::OpenShift);
    stack.add(cluster());
    says(&stack, &[]);
    stack.amend::<StatefulSet>("kafka", |set| {
        let pod = set.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
        if let Some(security) = pod.and_then(|pod| pod.security_context.as_mut()) {
            security.run_as_user = Some(1000);
        }
    });
    says(
        &stack,
        &[
            "warning[KS-I20] test/kafka/StatefulSet kafka: `runAsUser: 1000` is not in the range of the namespace: OpenShift does not create the pods",
        ],
    );
}
