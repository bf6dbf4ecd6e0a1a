//! Random input: it never causes a panic, and a stack with errors is never rendered.

use kafka_stacks::prelude::*;
use proptest::prelude::*;

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,12}",
        ".{0,8}",
        Just("a\nb=c".to_owned()),
        Just("$(touch /tmp/x)`id`'\"".to_owned()),
        Just("${env:X}".to_owned()),
        Just("a".repeat(300)),
        Just("ünïcode 🦀".to_owned()),
    ]
}

fn odd_number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..5_u64, Just(u64::MAX), any::<u64>()]
}

/// Each case here makes every construct of a stack, so a sixteenth of the usual number of cases is the same amount of
/// work.
fn fewer_cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    config.cases = (config.cases / 16).max(8);
    config
}

proptest! {
    #![proptest_config(fewer_cases())]

    #[test]
    fn no_input_panics_and_no_value_becomes_another_setting(
        texts in prop::collection::vec(odd_text(), 12),
        numbers in prop::collection::vec(odd_number(), 6),
        small in prop::collection::vec(0..6_u16, 6),
    ) {
        let text = |index: usize| texts[index].clone();
        let mut stack = Stack::new(text(0), text(1)).cluster_domain(text(2)).monitoring_namespace(text(3));
        let kafka = stack.add(
            KafkaCluster::kraft(text(4), Version::ALL[usize::from(small[0]) % 5], text(5))
                .pool(NodePool::controllers(text(6), small[1]).first_id(small[2]))
                .pool(
                    NodePool::brokers(text(7), small[3])
                        .heap(numbers[0].mib())
                        .resources(Resources::fixed(numbers[1].cores(), numbers[2].gib()))
                        .storage(Storage::persistent(numbers[3].tib()).class(text(8)))
                        .zone(text(2))
                        .disk_throughput(numbers[4].megabytes_per_second())
                        .network(numbers[5].gigabits_per_second())
                        .cpu_class(CpuClass::Records(numbers[0].records_per_second())),
                )
                .listener(Listener::plaintext(text(9), small[4]).access(Access::namespaces([text(10)])))
                .listener(
                    Listener::tls(text(10), small[5])
                        .scram()
                        .load_balancer(text(11))
                        .source_ranges([text(9)])
                        .annotation(text(8), text(9)),
                )
                .listener(Listener::tls(text(8), small[3]).mutual_tls().node_ports(
                    text(10),
                    NodePorts { bootstrap: small[4], first_broker: small[2] },
                ))
                .replication(Replication::new(small[4], small[5]))
                .log_retention(numbers[4].days())
                .load(Load::new(numbers[1].records_per_second(), numbers[2].bytes()).consumer_groups(small[0]))
                .config("message.max.bytes", text(11)),
        );
        let registry = stack.add(SchemaRegistry::new(text(8), &kafka).config("debug", text(9)).replicas(small[1]));
        stack.add(Connect::new(text(10), &kafka).group(text(11)).internal_topics(text(4)).avro(&registry));
        stack.add(
            Topics::new(text(5), &kafka)
                .topic(Topic::new(text(6), u32::from(small[2]), Cleanup::delete_after(numbers[5].hours())).config(text(7), text(8)))
                .topic(
                    Topic::new(text(7), u32::from(small[3]), Cleanup::delete_after(Retention::TimeAndSize(numbers[0].days(), numbers[1].bytes())))
                        .segment_size(numbers[2].bytes())
                        .load(Load::new(numbers[3].records_per_second(), numbers[4].bytes()).compressed_to(numbers[5].percent())),
                ),
        );
        stack.add(Clients::new(text(9), &kafka).producer(Producer::transactional(text(10), text(11))));
let connect = stack.add(Connect::new(text(1), &kafka));
        stack.add(
            Monitoring::new(text(0), &kafka)
                .watch(&connect)
                .lag_threshold_of_group(text(2), numbers[0])
                .external(ExternalExporter::new(text(3)).gauge(text(4), [text(5)]))
                .alert(Alert::new(text(6), text(7)).summary(text(8)).description(text(9))),
        );

        let synthesis = synth(&stack);
        prop_assert_eq!(synthesis.findings.has_errors(), synthesis.manifests.is_none());
    }

    #[test]
    fn a_setting_of_a_sound_cluster_stays_one_line(value in odd_text(), key in "[a-z.]{3,20}") {
        let mut stack = Stack::new("odd", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3))
                .config(key.clone(), value),
        );
        if let Some(manifests) = synth(&stack).manifests {
            let config: serde_json::Value =
                serde_yaml::from_str(manifests.get("kafka/configmap-kafka.yaml").unwrap()).unwrap();
            let lines = config["data"]["server.properties"].as_str().unwrap().lines();
            prop_assert_eq!(lines.filter(|line| line.starts_with(&format!("{key}="))).count(), 1);
        }
    }
}
