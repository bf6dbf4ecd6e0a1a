//! What a stack says about its pods, in the objects that it renders.

use std::collections::BTreeSet;

use kafka_stacks::{
    k8s_openapi::api::core::v1::{Container, Toleration},
    prelude::*,
    workload::PodOptions,
};
use serde_json::Value;

use crate::rules::ID;

/// A cluster with dedicated controllers and everything around it, each part changed by `change` where that is possible.
struct Everything {
    stack: Stack,
}

impl Everything {
    fn new(stack: Stack) -> Self {
        Self { stack }
    }

    /// Adds all components, with the same options for each of them.
    fn with(mut self, options: &dyn Options) -> Self {
        let zookeeper = self.stack.add(options.jvm(ZooKeeper::new("zookeeper", 3)));
        self.stack
            .add(KafkaCluster::zookeeper("old", &zookeeper).pool(options.jvm(NodePool::brokers("old", 3))));
        let kafka = self.stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(options.jvm(NodePool::controllers("kafka-controller", 3)))
                .pool(options.jvm(NodePool::brokers("kafka", 3))),
        );
        let topic = Topic::new("orders", 6, Cleanup::delete_after(7.days()));
        self.stack.add(options.pods(Topics::new("topics", &kafka).topic(topic)));
        let registry = self.stack.add(options.jvm(SchemaRegistry::new("registry", &kafka)));
        let external = KafkaCluster::external("other", Version::V4_3, "kafka.example.com:9092");
        self.stack.add(
            options.jvm(SchemaRegistry::new("apicurio", &external).implementation(RegistryImplementation::Apicurio)),
        );
        let connect = self
            .stack
            .add(options.jvm(Connect::new("connect", &kafka).avro(&registry)));
        self.stack
            .add(options.pods(Monitoring::new("monitoring", &kafka).watch(&connect)));
        self
    }

    /// The finished objects, once as values.
    fn objects(&self) -> Vec<Value> {
        let synthesis = synth(&self.stack);
        let Some(manifests) = synthesis.manifests else {
            let errors: Vec<_> = synthesis.findings.iter().map(|finding| &finding.message).collect();
            panic!("{errors:?}");
        };
        manifests
            .iter()
            .filter(|(path, _)| {
                path.contains('-') && path.rsplit('.').next() == Some("yaml") && !path.starts_with("tests/")
            })
            .map(|(_, text)| serde_yaml::from_str(text).unwrap())
            .collect()
    }

    /// The pod templates of all workloads, by the name of the workload.
    fn templates(&self) -> Vec<(String, Value)> {
        let templates: Vec<_> = self
            .objects()
            .into_iter()
            .filter(|object| object["spec"]["template"]["spec"].is_object())
            .map(|object| {
                let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                (name, object["spec"]["template"].clone())
            })
            .collect();
        assert_eq!(templates.len(), 9, "a component is missing");
        templates
    }
}

/// The same change to every kind of component.
trait Options {
    fn change(&self, options: &mut PodOptions);
}

impl dyn Options + '_ {
    fn pods<P: Pods>(&self, mut pods: P) -> P {
        self.change(pods.pod_options());
        pods
    }

    fn jvm<J: Jvm>(&self, pods: J) -> J {
        self.pods(pods)
    }
}

impl<F: Fn(&mut PodOptions)> Options for F {
    fn change(&self, options: &mut PodOptions) {
        self(options);
    }
}

fn nothing(_: &mut PodOptions) {}

/// Any pods, to fill options with builder calls.
struct Any(PodOptions);

impl Pods for Any {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.0
    }
}

impl Jvm for Any {}

fn containers(template: &Value) -> Vec<&Value> {
    ["initContainers", "containers"]
        .iter()
        .filter_map(|list| template["spec"][*list].as_array())
        .flatten()
        .collect()
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().any(|item| item["name"] == name))
}

fn stack() -> Stack {
    Stack::new("test", "kafka").kubernetes(Kubernetes::V1_34)
}

#[test]
fn a_mirror_is_put_before_every_image_without_a_registry() {
    let stack = stack().pods(PodDefaults::new().image_registry("mirror.example.com/hub/"));
    let everything = Everything::new(stack).with(&|options: &mut PodOptions| {
        options.sidecars.push(Container {
            name: "elsewhere".to_owned(),
            image: Some("quay.io/example/proxy:1".to_owned()),
            ..Container::default()
        });
    });
    let mut images = BTreeSet::new();
    for (_, template) in everything.templates() {
        for container in containers(&template) {
            images.insert(container["image"].as_str().unwrap().to_owned());
        }
    }
    assert!(images.remove("quay.io/example/proxy:1"));
    for image in [
        "apicurio/apicurio-registry",
        "danielqsj/kafka-exporter",
        "confluentinc/cp-zookeeper",
    ] {
        assert!(images.iter().any(|found| found.contains(image)), "{image}: {images:?}");
    }
    for image in images {
        assert!(image.starts_with("mirror.example.com/hub/"), "{image}");
        assert!(!image.contains("//"), "{image}");
    }
}

#[test]
fn the_registry_runs_the_image_that_the_cluster_names() {
    for images in [ImageSet::confluent(Version::V4_3), ImageSet::apache(Version::V4_3)] {
        let mut stack = stack();
        let images = images
            .kafka_image("mirror.local/cp-kafka:8.3.1")
            .schema_registry_image("mirror.local/cp-schema-registry:8.3.1");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3))
                .images(images),
        );
        stack.add(SchemaRegistry::new("registry", &kafka));
        let manifests = synth(&stack).manifests.unwrap();
        let deployment = manifests.get("registry/deployment-registry.yaml").unwrap();
        let images: Vec<&str> = deployment.lines().filter(|line| line.contains("image:")).collect();
        assert_eq!(images, ["        image: mirror.local/cp-schema-registry:8.3.1"; 2]);
        // The command and the agent are those of Confluent's image.
        assert!(deployment.contains("exec schema-registry-start ") && deployment.contains("-javaagent:"));
    }
}

#[test]
fn every_component_takes_environment_volumes_and_sidecars() {
    let everything = Everything::new(stack()).with(&|options: &mut PodOptions| {
        *options = Any(options.clone())
            .env_from_secret("PASSWORD", "database", "password")
            .mount(Mount::secret("certificates", "/etc/certificates"))
            .mount(Mount::scratch("work", "/work"))
            .sidecar(Container {
                name: "proxy".to_owned(),
                image: Some("example/proxy:1".to_owned()),
                ..Container::default()
            })
            .0;
    });
    for (name, template) in everything.templates() {
        let spec = &template["spec"];
        assert!(
            has(&spec["volumes"], "certificates") && has(&spec["volumes"], "work"),
            "{name}"
        );
        let (proxies, own): (Vec<&Value>, Vec<&Value>) = containers(&template)
            .into_iter()
            .partition(|container| container["name"] == "proxy");
        assert_eq!(proxies.len(), 1, "{name}");
        assert_eq!(proxies[0]["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
        assert!(
            proxies[0]["env"].is_null() && proxies[0]["volumeMounts"].is_null(),
            "{name}"
        );
        for container in own {
            if container["name"].as_str().unwrap().starts_with("wait-for-") {
                assert!(
                    !has(&container["volumeMounts"], "certificates") && container["env"].is_null(),
                    "{name}"
                );
                continue;
            }
            let secret = container["env"]
                .as_array()
                .and_then(|env| env.iter().find(|variable| variable["name"] == "PASSWORD"))
                .map(|variable| &variable["valueFrom"]["secretKeyRef"]);
            assert_eq!(secret.map(|secret| &secret["name"]), Some(&"database".into()), "{name}");
            let mounts = container["volumeMounts"].as_array().unwrap();
            let mount = |volume: &str| mounts.iter().find(|mount| mount["name"] == volume).unwrap();
            assert_eq!(mount("certificates")["mountPath"], "/etc/certificates", "{name}");
            assert_eq!(mount("certificates")["readOnly"], true, "{name}");
            assert!(mount("work")["readOnly"].is_null(), "{name}");
        }
        // A Job with a second container would not complete.
        let in_job = spec["restartPolicy"] == "Never";
        assert_eq!(has(&spec["initContainers"], "proxy"), in_job, "{name}");
        assert_eq!(proxies[0]["restartPolicy"] == "Always", in_job, "{name}");
    }
}

#[test]
fn every_server_takes_options_of_its_jvm_and_levels_of_its_log() {
    let everything = Everything::new(stack()).with(&|options: &mut PodOptions| {
        *options = Any(options.clone())
            .jvm_options(["-Dexample=1"])
            .log_level("org.example", LogLevel::Debug)
            .0;
    });
    for (name, template) in everything.templates() {
        let has_jvm = !name.starts_with("topics-") && name != "kafka-exporter";
        let command = template["spec"]["containers"][0]["command"].to_string();
        assert_eq!(command.contains("-Dexample=1"), has_jvm, "{name}");
        assert_eq!(command.contains("UseG1GC"), has_jvm && name != "apicurio", "{name}");
    }
    let levels = everything
        .objects()
        .iter()
        .filter(|object| object["kind"] == "ConfigMap" && object.to_string().contains("org.example"))
        .count();
    assert_eq!(levels, 7);
}

#[test]
fn pods_have_the_defaults_of_the_stack_and_then_those_of_the_construct() {
    let defaults = PodDefaults::new()
        .image_pull_secret("mirror")
        .tolerate("dedicated", "kafka")
        .node_label("disk", "ssd")
        .priority_class("platform")
        .label("cost-centre", "4711");
    let everything = Everything::new(stack().pods(defaults)).with(&|options: &mut PodOptions| {
        *options = Any(options.clone())
            .pods(
                PodDefaults::new()
                    .node_label("disk", "nvme")
                    .image_pull_secret("own")
                    .label("tier", "data"),
            )
            .0;
    });
    for (name, template) in everything.templates() {
        // The cluster in `ZooKeeper` mode and its pool have the same options, so both are there.
        let spec = &template["spec"];
        assert_eq!(
            spec["imagePullSecrets"],
            serde_json::json!([{"name": "mirror"}, {"name": "own"}]),
            "{name}"
        );
        assert_eq!(spec["nodeSelector"], serde_json::json!({"disk": "nvme"}), "{name}");
        assert_eq!(spec["priorityClassName"], "platform", "{name}");
        let toleration: Vec<Toleration> = serde_json::from_value(spec["tolerations"].clone()).unwrap();
        assert_eq!(toleration[0].key.as_deref(), Some("dedicated"), "{name}");
        assert_eq!(toleration[0].effect, None, "{name}");
        let labels = &template["metadata"]["labels"];
        assert!(labels["cost-centre"] == "4711" && labels["tier"] == "data", "{name}");
    }
    for object in everything.objects() {
        for selector in [&object["spec"]["selector"], &object["spec"]["podSelector"]] {
            assert!(!selector.to_string().contains("cost-centre"), "{selector}");
        }
    }
}

#[test]
fn a_zone_and_a_label_of_nodes_are_both_kept() {
    let mut stack = stack().pods(PodDefaults::new().node_label("disk", "ssd"));
    stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3).zone("a")),
    );
    let manifests = synth(&stack).manifests.unwrap();
    let set: Value = serde_yaml::from_str(manifests.get("kafka/statefulset-kafka.yaml").unwrap()).unwrap();
    assert_eq!(
        set["spec"]["template"]["spec"]["nodeSelector"],
        serde_json::json!({"disk": "ssd", "topology.kubernetes.io/zone": "a"})
    );
}

#[test]
fn labels_of_the_stack_are_on_every_object_and_restart_no_pod() {
    let labelled = |value: &str| {
        let stack = stack()
            .labels([("cost-centre", value)])
            .annotations([("example.com/owner", value)]);
        Everything::new(stack).with(&nothing)
    };
    let (one, two) = (labelled("one"), labelled("two"));
    for object in one.objects() {
        assert_eq!(object["metadata"]["labels"]["cost-centre"], "one", "{object}");
        assert_eq!(
            object["metadata"]["annotations"]["example.com/owner"], "one",
            "{object}"
        );
        let specification = object["spec"].to_string();
        assert!(!specification.contains("cost-centre") && !specification.contains("example.com/owner"));
    }
    // Names too are the same, so the Job of topics does not run again.
    assert_eq!(one.templates(), two.templates());
}

#[test]
fn access_is_limited_to_pods_with_labels() {
    let mut stack = stack();
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    let access = Access::pods([("app", "shop")])
        .or(Access::pods_of("search", [("app", "crawler")]))
        .or(Access::namespaces(["billing"]));
    stack.add(SchemaRegistry::new("registry", &kafka).access(access));
    let manifests = synth(&stack).manifests.unwrap();
    let policy: Value = serde_yaml::from_str(manifests.get("registry/networkpolicy-registry.yaml").unwrap()).unwrap();
    let namespace = |name: &str| serde_json::json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    assert_eq!(
        policy["spec"]["ingress"][0]["from"],
        serde_json::json!([
            {"podSelector": {"matchLabels": {"app": "shop"}}},
            {"namespaceSelector": namespace("search"), "podSelector": {"matchLabels": {"app": "crawler"}}},
            {"podSelector": {}},
            {"namespaceSelector": namespace("billing")},
        ])
    );
    assert_eq!(Access::Open.or(Access::own_namespace()), Access::Open);
}

/// The ids and messages of what is found.
fn found(stack: &Stack) -> Vec<String> {
    synth(stack)
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.rule.id, finding.message))
        .collect()
}

#[test]
fn what_kubernetes_rejects_is_found_once() {
    for (stack, expected) in [
        (
            stack().labels([("cost centre", "1")]),
            "KS-S01 label key `cost centre` contains ' ': only letters, digits, `-`, `_` and `.`",
        ),
        (
            stack().labels([("team", "a b")]),
            "KS-S01 label value `a b` contains ' ': only letters, digits, `-`, `_` and `.`",
        ),
        (
            stack().labels([("app.kubernetes.io/name", "x")]),
            "KS-S01 label `app.kubernetes.io/name` is set by the constructs",
        ),
        (
            stack().annotations([("/x", "1")]),
            "KS-S01 annotation key `/x` has the prefix `` is empty",
        ),
        (
            stack().pods(PodDefaults::new().image_registry("https://mirror.example.com")),
            "KS-S01 \"https://mirror.example.com\" is not an image registry, such as `mirror.example.com`",
        ),
        (
            stack().pods(PodDefaults::new().image_registry("mirror")),
            "KS-S01 \"mirror\" is not an image registry, such as `mirror.example.com`",
        ),
        (
            stack().pods(PodDefaults::new().priority_class("High")),
            "KS-S01 PriorityClass `High` contains 'H': only a-z, 0-9 and `-`",
        ),
        (
            stack().pods(PodDefaults::new().image_pull_secret("")),
            "KS-S01 Secret `` is empty",
        ),
        (
            stack().pods(PodDefaults::new().tolerate("a", "b/c")),
            "KS-S01 taint value `b/c` contains '/': only letters, digits, `-`, `_` and `.`",
        ),
        (
            stack().pods(PodDefaults::new().node_label("disk", "-")),
            "KS-S01 label value `-` must start and end with a letter or a digit",
        ),
    ] {
        let everything = Everything::new(stack).with(&nothing);
        let errors: Vec<_> = found(&everything.stack)
            .into_iter()
            .filter(|finding| finding.starts_with("KS-S01"))
            .collect();
        assert_eq!(errors, [expected]);
    }
}

/// Workers of an external cluster, as `build` makes them.
fn workers(build: impl FnOnce(Connect) -> Connect) -> Stack {
    let mut stack = stack();
    let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
    stack.add(build(Connect::new("connect", &kafka)));
    stack
}

#[test]
fn what_cannot_work_is_found() {
    for (stack, rule) in [
        (
            workers(|connect| connect.env_from_secret("A=B", "secret", "key")),
            "KS-A09",
        ),
        (workers(|connect| connect.env_from_secret("A", "Secret", "key")), "KS-A"),
        (
            workers(|connect| connect.mount(Mount::secret("Tls", "/etc/tls"))),
            "KS-A",
        ),
        (
            workers(|connect| connect.mount(Mount::secret("tls", "etc/tls"))),
            "KS-A",
        ),
        (
            workers(|connect| connect.mount(Mount::secret("config", "/etc/x"))),
            "KS-A10",
        ),
        (
            workers(|connect| {
                connect.sidecar(Container {
                    name: "connect".to_owned(),
                    image: Some("a/b:1".to_owned()),
                    ..Container::default()
                })
            }),
            "KS-A10",
        ),
    ] {
        let found = found(&stack);
        assert!(
            found.iter().any(|finding| finding.starts_with(rule)),
            "{rule}: {found:?}"
        );
    }
}

#[test]
fn a_secret_whose_name_has_dots_is_mounted_and_at_several_paths() {
    let stack = workers(|connect| {
        let certificate = |path| Mount::secret("kafka.example.com-tls", path);
        connect.mount(certificate("/etc/tls")).mount(certificate("/etc/other"))
    });
    let manifests = synth(&stack).manifests.unwrap();
    let workers = manifests.get("connect/deployment-connect.yaml").unwrap();
    assert_eq!(workers.matches("secretName: kafka.example.com-tls").count(), 1);
    let mounts = |path| workers.contains(&format!("- name: kafka-example-com-tls\n          mountPath: {path}\n"));
    assert!(mounts("/etc/tls") && mounts("/etc/other"), "{workers}");
}

#[test]
fn variables_that_a_component_sets_cannot_be_set_again() {
    let everything = Everything::new(stack()).with(&nothing);
    let names: BTreeSet<String> = everything
        .templates()
        .iter()
        .flat_map(|(_, template)| containers(template).into_iter().cloned().collect::<Vec<_>>())
        .flat_map(|container| container["env"].as_array().cloned().unwrap_or_default())
        .map(|variable| variable["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains("NODE_ID"));
    for name in names {
        let found = found(&workers(|connect| connect.env_from_secret(&name, "secret", "key")));
        assert_eq!(found, [format!("KS-S21 environment variable `{name}` is already set")]);
    }
}

#[test]
fn an_application_reaches_the_registry_of_its_schemas_from_another_namespace() {
    let policy = |access: Option<Access>, pods: fn(Application) -> Application| {
        let mut stack = Stack::new("test", "kafka");
        let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
        let mut registry = SchemaRegistry::new("schema-registry", &kafka);
        if let Some(access) = access {
            registry = registry.access(access);
        }
        let registry = stack.add(registry);
        let orders = kafka.external_topic("orders");
        let order = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}"#;
        let schemas = stack.add(Schemas::new("schemas", &registry).subject(Subject::value(&orders, order)));
        stack.add(pods(Application::new("shop", &kafka)).produces(&orders).avro(&schemas));
        let manifests = synth(&stack).manifests.unwrap();
        manifests.get("shop/networkpolicy-shop-schemas.yaml").map(str::to_owned)
    };
    let elsewhere = |shop: Application| shop.pods_of("shop", [("app", "shop")]);
    let here = |shop: Application| shop.pods([("app", "shop")]);
    let text = policy(None, elsewhere).unwrap();
    let spec: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(spec["metadata"]["namespace"], "kafka");
    let (spec, rule) = (&spec["spec"], &spec["spec"]["ingress"][0]);
    assert_eq!(
        spec["podSelector"]["matchLabels"]["app.kubernetes.io/instance"],
        "schema-registry"
    );
    assert_eq!(rule["ports"][0]["port"], 8081);
    let from = &rule["from"][0];
    assert_eq!(
        from["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
        "shop"
    );
    assert_eq!(from["podSelector"]["matchLabels"]["app"], "shop");
    // The registry's own policy lets the stack's own components in.
    assert!(policy(None, here).is_some());
    assert_eq!(policy(Some(Access::own_namespace()), here), None);
    assert_eq!(policy(Some(Access::Open), elsewhere), None);
    assert_eq!(policy(Some(Access::namespaces(["shop"])), elsewhere), None);
    assert_eq!(policy(None, |shop| shop), None);
    // It admits others only.
    assert!(policy(Some(Access::applications()), here).is_some());
    assert!(policy(Some(Access::pods_of("shop", [("app", "till")])), elsewhere).is_some());
}
