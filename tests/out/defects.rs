//! The twelve reasons why the original of the reference system could not boot, each with a test of its name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Out, all, containers, list, properties, reference, selects};

fn env<'a>(container: &'a Value, name: &str) -> Option<&'a Value> {
    list(&container["env"]).iter().find(|variable| variable["name"] == name)
}

const POD_INDEX: &str = "metadata.labels['apps.kubernetes.io/pod-index']";

#[test]
fn defect_1_ids_are_numbers_and_not_the_names_of_pods() {
    for out in all() {
        for server in out.servers() {
            let id = server.get("node.id").or(server.get("broker.id"));
            assert_eq!(id, Some(&"${env:NODE_ID}"), "{}", out.stack);
        }
        for set in out.of_kind("StatefulSet") {
            let template = &set["spec"]["template"];
            let ids: Vec<_> = containers(template)
                .filter_map(|c| env(c, "NODE_ID").or(env(c, "SERVER_ID")))
                .collect();
            assert!(!ids.is_empty(), "{} {}", out.stack, set["metadata"]["name"]);
            for id in ids {
                assert_eq!(id["valueFrom"]["fieldRef"]["fieldPath"], POD_INDEX);
            }
        }
    }
}

#[test]
fn defect_2_all_pods_of_a_cluster_have_one_id_and_no_other_cluster_has_it() {
    let mut seen = BTreeSet::new();
    for out in all().iter().filter(|out| out.stack != "prod-zookeeper") {
        let ids: BTreeSet<String> = out
            .of_kind("StatefulSet")
            .map(|set| {
                let format = &set["spec"]["template"]["spec"]["initContainers"][0];
                assert_eq!(format["name"], "format");
                // The same file, and so the same way to a node id, for formatting and for running.
                // Only an empty volume reads what is finalized.
                let of_both = list(&format["env"])
                    .iter()
                    .filter(|variable| variable["name"] != "METADATA_VERSION");
                let server = list(&set["spec"]["template"]["spec"]["containers"][0]["env"]);
                assert!(of_both.eq(server.iter()));
                let id = list(&format["command"])
                    .iter()
                    .find_map(|word| word.as_str()?.strip_prefix("--cluster-id="));
                id.expect("a cluster id").to_owned()
            })
            .collect();
        assert_eq!(ids.len(), 1, "{}", out.stack);
        assert!(seen.insert(ids), "{} has the id of another stack", out.stack);
    }
    assert_eq!(seen.len(), 5);
}

#[test]
fn defect_3_members_of_a_quorum_start_at_once_and_find_each_other_before_they_are_ready() {
    for out in all() {
        for set in out.of_kind("StatefulSet") {
            assert_eq!(set["spec"]["podManagementPolicy"], "Parallel");
            let service = out.find("Service", set["spec"]["serviceName"].as_str().unwrap());
            assert_eq!(service["spec"]["clusterIP"], "None");
            assert_eq!(service["spec"]["publishNotReadyAddresses"], true);
            assert!(selects(
                &service["spec"]["selector"],
                &set["spec"]["template"]["metadata"]["labels"]
            ));
        }
    }
}

#[test]
fn defect_4_no_file_is_mounted_where_an_image_writes_and_no_entrypoint_needs_a_variable() {
    for out in all() {
        for (workload, template) in out.workloads() {
            for container in containers(template) {
                assert!(
                    !list(&container["command"]).is_empty(),
                    "{} {}",
                    workload["metadata"]["name"],
                    container["name"]
                );
                for mount in list(&container["volumeMounts"]) {
                    let path = mount["mountPath"].as_str().unwrap();
                    assert!(
                        [
                            "/etc/kafka-identity",
                            "/etc/kafka-stacks",
                            "/tmp",
                            "/var/lib/kafka/data",
                            "/var/lib/zookeeper/data"
                        ]
                        .contains(&path)
                            || path.starts_with("/etc/kafka-users/"),
                        "{path}"
                    );
                }
            }
        }
    }
}

#[test]
fn defect_5_no_service_becomes_an_environment_variable() {
    for out in all() {
        for (_, template) in out.workloads() {
            assert_eq!(template["spec"]["enableServiceLinks"], false);
        }
    }
}

#[test]
fn defect_6_every_address_is_that_of_a_service_or_a_pod_of_the_same_stack() {
    for out in all() {
        let mut known = BTreeSet::new();
        for service in out.of_kind("Service") {
            let name = service["metadata"]["name"].as_str().unwrap();
            for port in list(&service["spec"]["ports"]) {
                let port = &port["port"];
                known.insert(format!("{name}.kafka.svc.cluster.local:{port}"));
                for set in out
                    .of_kind("StatefulSet")
                    .filter(|set| set["spec"]["serviceName"] == name)
                {
                    let first = set["spec"]["ordinals"]["start"].as_u64().unwrap_or(0);
                    for ordinal in first..first + set["spec"]["replicas"].as_u64().unwrap() {
                        let pod = set["metadata"]["name"].as_str().unwrap();
                        known.insert(format!("{pod}-{ordinal}.{name}.kafka.svc.cluster.local:{port}"));
                    }
                }
            }
        }
        let mut used = 0;
        let texts = out.objects.values().map(Value::to_string);
        for text in texts {
            for (end, _) in text.match_indices(".svc.cluster.local") {
                let start = text[..end]
                    .rfind(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c))
                    .unwrap()
                    + 1;
                let port: String = text[end + ".svc.cluster.local".len()..]
                    .chars()
                    .skip(1)
                    .take_while(char::is_ascii_digit)
                    .collect();
                let host = &text[start..end + ".svc.cluster.local".len()];
                // `POD_NAME` stands for each pod of its set; what is left begins with a dot.
                if host.starts_with('.') {
                    assert!(text[..start].ends_with("${env:POD_NAME}"), "{host}");
                    continue;
                }
                used += 1;
                // A certificate has names without ports.
                let leads = known.iter().any(|address| match port.as_str() {
                    "" => address.rsplit_once(':').is_some_and(|(name, _)| name == host),
                    _ => *address == format!("{host}:{port}"),
                });
                assert!(leads, "{}: {host}:{port} leads nowhere", out.stack);
            }
        }
        assert!(used > 10, "{}", out.stack);
    }
}

#[test]
fn defect_7_every_variable_is_defined_where_it_is_used() {
    for out in all() {
        for (workload, template) in out.workloads() {
            for container in containers(template) {
                let mut words = format!("{}{}{}", container["command"], container["args"], container["env"]);
                if env(container, "METADATA_VERSION").is_some() {
                    words = words.replace("$(METADATA_VERSION)", "");
                }
                // What has more than a name in it is the shell's.
                for reference in words.replace("$((", "").split("$(").skip(1) {
                    let name = reference.split(')').next().unwrap();
                    assert!(name.contains(' '), "{}: {words}", workload["metadata"]["name"]);
                }
            }
            let Some(config) = list(&template["spec"]["volumes"])
                .iter()
                .find_map(|volume| volume["configMap"]["name"].as_str())
            else {
                continue;
            };
            for (_, file, text) in out.files().into_iter().filter(|(map, _, _)| *map == config) {
                for (start, _) in text.match_indices("${env:") {
                    let name = text[start + 6..].split('}').next().unwrap();
                    let main = &template["spec"]["containers"][0];
                    assert!(env(main, name).is_some(), "{}: {file} needs {name}", out.stack);
                    let providers = properties(text)["config.providers"];
                    assert!(providers.split(',').any(|provider| provider == "env"), "{providers}");
                }
            }
        }
    }
}

#[test]
fn defect_8_pods_of_a_deployment_advertise_an_address_that_resolves() {
    for out in reference() {
        for (file, key) in [
            ("schema-registry.properties", "host.name"),
            ("connect-distributed.properties", "rest.advertised.host.name"),
        ] {
            let found = out.files().into_iter().find(|(_, name, _)| *name == file);
            let Some((name, _, text)) = found else {
                // Apicurio's instances do not know each other: each reads the journal by itself.
                assert!(
                    out.files().iter().any(|(_, name, _)| *name == "apicurio.properties"),
                    "{file}"
                );
                continue;
            };
            assert_eq!(properties(text)[key], "${env:POD_IP}");
            let container = &out.find("Deployment", name)["spec"]["template"]["spec"]["containers"][0];
            assert_eq!(
                env(container, "POD_IP").unwrap()["valueFrom"]["fieldRef"]["fieldPath"],
                "status.podIP"
            );
        }
    }
}

#[test]
fn defect_9_data_lies_below_the_mount_of_a_volume_and_never_in_its_root() {
    for out in all() {
        for set in out.of_kind("StatefulSet") {
            let name = set["metadata"]["name"].as_str().unwrap();
            let claim = &set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
            let container = &set["spec"]["template"]["spec"]["containers"][0];
            let mount = list(&container["volumeMounts"])
                .iter()
                .find(|mount| mount["name"] == *claim)
                .unwrap();
            let root = format!("{}/", mount["mountPath"].as_str().unwrap());
            let directories: Vec<_> = out
                .files()
                .into_iter()
                .filter(|(map, file, _)| *map == name && ["server.properties", "zookeeper.properties"].contains(file))
                .map(|(_, _, text)| properties(text))
                .map(|file| file.get("log.dirs").or(file.get("dataDir")).copied().unwrap())
                .collect();
            assert_eq!(directories.len(), 1);
            assert!(
                directories[0].starts_with(&root),
                "{} is not below {root}",
                directories[0]
            );
        }
    }
}

#[test]
fn defect_10_every_alert_names_metrics_that_something_in_the_stack_exports() {
    // What the exporter, the kubelet, kube-state-metrics and cert-manager call their metrics, from their sources.
    const FOREIGN: [&str; 14] = [
        "certmanager_certificate_expiration_timestamp_seconds",
        "certmanager_certificate_ready_status",
        "kube_job_failed",
        "kube_job_status_completion_time",
        "kube_job_status_start_time",
        "kube_pod_container_status_restarts_total",
        "kafka_brokers",
        "kafka_consumergroup_current_offset",
        "kafka_consumergroup_current_offset_sum",
        "kafka_consumergroup_lag",
        "kafka_consumergroup_members",
        "kafka_topic_partition_current_offset",
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
    ];
    for out in all() {
        let rules: String = out
            .files()
            .into_iter()
            .filter(|(_, file, _)| *file == "metrics.yaml")
            .map(|(_, _, text)| text)
            .collect();
        let exported: BTreeSet<&str> = rules
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("name: "))
            .map(|name| name.trim_matches(['"', '\'']))
            .chain(FOREIGN)
            .collect();
        let rule = out.of_kind("PrometheusRule").next().expect("alerts");
        let alerts: Vec<&Value> = list(&rule["spec"]["groups"])
            .iter()
            .flat_map(|group| list(&group["rules"]))
            .collect();
        let recorded: BTreeSet<_> = alerts.iter().filter_map(|rule| rule["record"].as_str()).collect();
        let names: BTreeSet<_> = alerts.iter().filter_map(|alert| alert["alert"].as_str()).collect();
        for (name, needs_several_brokers) in [
            ("KafkaBrokerDown", false),
            ("KafkaOfflinePartitions", false),
            ("KafkaUnderReplicatedPartitions", true),
            ("KafkaConsumerLagHigh", false),
            ("KafkaProducerLatencyHigh", false),
            ("KafkaDiskUsageHigh", false),
            ("KafkaISRShrink", true),
            ("KafkaLeaderElectionRateHigh", true),
        ] {
            // `dev` has one broker, where those could never fire.
            let wanted = out.stack != "dev" || !needs_several_brokers;
            assert_eq!(names.contains(name), wanted, "{}: {name}", out.stack);
        }
        for alert in alerts {
            let expression = alert["expr"].as_str().unwrap();
            let metrics: BTreeSet<&str> = expression
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
                .filter(|word| {
                    // Not the times of a subquery, `[6h:1m]`.
                    word.contains(':') && !word.starts_with(|c: char| c.is_ascii_digit())
                        || word.starts_with("kafka_") && *word != "kafka_cluster"
                        || word.starts_with("kube")
                        || word.starts_with("certmanager_")
                        || word.starts_with("zookeeper_")
                })
                .collect();
            // What Prometheus itself says of each scrape.
            let of_scrape = ["up{", "scrape_samples_post_metric_relabeling{"];
            let of_scrape = of_scrape.iter().any(|metric| expression.contains(metric));
            assert!(!metrics.is_empty() || of_scrape, "{expression}");
            for metric in metrics {
                assert!(
                    exported.contains(metric) || recorded.contains(metric),
                    "{}: nothing exports {metric}",
                    out.stack
                );
            }
        }
    }
}

#[test]
fn defect_11_topics_are_declared_and_never_create_themselves() {
    for out in all() {
        for server in out
            .servers()
            .iter()
            .filter(|server| server.get("process.roles") != Some(&"controller"))
        {
            assert_eq!(server["auto.create.topics.enable"], "false");
        }
        let mut names = out.of_kind("Job").filter_map(|job| job["metadata"]["name"].as_str());
        let name = names.find(|name| name.starts_with("kafka-topics-")).unwrap();
        // Another declaration is another Job: the hash covers what it reads.
        assert_eq!(name.len(), "kafka-topics-".len() + 8);
        let (_, _, declared) = out
            .files()
            .into_iter()
            .find(|(_, file, _)| *file == "topics.txt")
            .unwrap();
        let names = declared.lines().map(|line| line.split(' ').next().unwrap());
        let (failed, topics): (BTreeSet<_>, BTreeSet<_>) = names.partition(|name| name.strip_suffix(".dlq").is_some());
        if out.stack == "scale" {
            assert_eq!(topics, ["events"].into());
            continue;
        }
        assert_eq!(topics.len(), 10);
        // Topics that the original wrote to and no one created.
        assert_eq!(failed.len(), 4);
        assert!(declared.contains("billing.transactions cleanup.policy=compact,delete\n"));
        assert!(declared.contains("billing.transactions retention.ms=2592000000\n"));
        assert!(declared.contains("security.audit cleanup.policy=delete\n"));
        assert!(declared.contains("security.audit retention.ms=-1\n"));
        assert!(declared.contains("call.events partitions=24\n"));
    }
}

#[test]
fn defect_12_every_pod_is_restricted_guarded_and_pinned() {
    for out in all() {
        for (workload, template) in out.workloads() {
            let name = workload["metadata"]["name"].as_str().unwrap();
            assert_restricted(template);
            let pod = &template["spec"];
            assert_eq!(pod["automountServiceAccountToken"], false);
            let account = out.find("ServiceAccount", pod["serviceAccountName"].as_str().unwrap());
            assert_eq!(account["automountServiceAccountToken"], false);
            for container in containers(template) {
                let image = container["image"].as_str().unwrap();
                let (_, tag) = image.rsplit_once(':').expect("a tag");
                assert!(tag.contains(|c: char| c.is_ascii_digit()) && tag != "latest", "{image}");
                assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
            if workload["kind"] == "Job" {
                continue;
            }
            let labels = &template["metadata"]["labels"];
            let guards = |kind: &'static str, selector: &'static str| {
                out.of_kind(kind)
                    .filter(|object| selects(&object["spec"][selector]["matchLabels"], labels))
                    .count()
            };
            let policies = guards("NetworkPolicy", "podSelector");
            if template["spec"].to_string().contains("-tls\"") || name.contains("registry") {
                // Each application that a closed cluster or a registry lets in has a policy of its own.
                assert!(policies >= 1, "{} {name}", out.stack);
            } else {
                assert_eq!(policies, 1, "{} {name}", out.stack);
            }
            if workload["spec"]["replicas"].as_u64() > Some(1) {
                assert_eq!(guards("PodDisruptionBudget", "selector"), 1, "{} {name}", out.stack);
            }
            let main = &pod["containers"][0];
            for probe in ["readinessProbe", "livenessProbe"] {
                assert!(main[probe].is_object(), "{} {name} has no {probe}", out.stack);
            }
            if workload["kind"] == "StatefulSet" {
                assert!(main["startupProbe"].is_object());
                assert_eq!(pod["securityContext"]["fsGroup"], 1000);
                let retention = &workload["spec"]["persistentVolumeClaimRetentionPolicy"];
                assert_eq!(
                    (&retention["whenDeleted"], &retention["whenScaled"]),
                    (&"Retain".into(), &"Retain".into())
                );
            }
            if labels["app.kubernetes.io/name"] == "kafka" {
                assert!(pod["terminationGracePeriodSeconds"].as_u64() >= Some(300));
                let startup = &main["startupProbe"];
                let patience =
                    startup["failureThreshold"].as_u64().unwrap() * startup["periodSeconds"].as_u64().unwrap();
                assert!(patience >= 1200, "a recovery takes longer than {patience} s");
            }
        }
    }
}

/// The restricted level of the Pod Security Standards, as far as a pod without host access can break it.
fn assert_restricted(template: &Value) {
    let pod = &template["spec"];
    let security = &pod["securityContext"];
    assert_eq!(security["runAsNonRoot"], true);
    assert!(
        security["runAsUser"].as_u64() > Some(0),
        "images name their user, which the kubelet cannot judge"
    );
    assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        assert!(pod[field].is_null());
    }
    for volume in list(&pod["volumes"]) {
        let kinds: BTreeSet<_> = volume
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "name")
            .collect();
        assert!(
            kinds
                .iter()
                .all(|kind| ["configMap", "emptyDir", "secret", "projected"].contains(&kind.as_str()))
        );
    }
    for container in containers(template) {
        let security = &container["securityContext"];
        assert_eq!(security["allowPrivilegeEscalation"], false, "{}", container["name"]);
        assert_eq!(security["capabilities"]["drop"][0], "ALL");
        assert!(security["capabilities"]["add"].is_null() && security["privileged"].is_null());
        assert!(list(&container["ports"]).iter().all(|port| port["hostPort"].is_null()));
    }
}

#[test]
fn an_unrestricted_pod_is_noticed() {
    let out = Out::read("prod");
    let mut template = out.find("StatefulSet", "kafka")["spec"]["template"].clone();
    template["spec"]["initContainers"][0]["securityContext"]["capabilities"]["drop"] = Value::Null;
    assert!(std::panic::catch_unwind(|| assert_restricted(&template)).is_err());
}
