//! Loads that brokers can carry, loads that they cannot, and the smallest changes that fix it.

use insta::assert_snapshot;
use kafka_stacks::{
    capacity::{Change, Cluster, Resource, Traffic},
    prelude::*,
    synth::check,
};
use proptest::prelude::*;

use crate::stacks::topics;

const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

/// Without compression, with two consumer groups.
fn load(records: u64, size: u64) -> Load {
    Load::new(records.records_per_second(), size.bytes())
        .compressed_to(100.percent())
        .consumer_groups(2)
}

/// A broker of the reference system, with a gp3 disk without provisioned throughput, and 10 Gbit/s.
fn broker(pool: NodePool) -> NodePool {
    pool.resources(Resources::range(2.cores()..=4.cores(), 6.gib()..=8.gib()))
        .storage(Storage::persistent(100.gib()))
        .disk_throughput(125.mebibytes_per_second())
        .network(10.gigabits_per_second())
        .cpu_class(CpuClass::HUAWEI_DMS_C6)
}

fn stack(brokers: NodePool, topics: impl IntoIterator<Item = Topic>) -> Stack {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(brokers),
    );
    stack.add(Topics::new("topics", &kafka).topics(topics));
    stack
}

fn cluster(stack: &Stack) -> Cluster {
    stack.capacity().remove(0)
}

/// What is found, but that the clusters are open.
fn findings(stack: &Stack) -> Vec<Diagnostic> {
    let findings = check(stack).findings;
    let about = |finding: &&Diagnostic| finding.rule != &rules::security::PLAINTEXT;
    findings.iter().filter(about).cloned().collect()
}

/// The findings of a stack, without line numbers.
fn said(stack: &Stack) -> String {
    findings(stack)
        .iter()
        .filter(|finding| finding.acknowledged.is_none())
        .map(|finding| {
            format!(
                "{}[{}] {}: {}\n  hint: {}\n",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message,
                finding.hint
            )
        })
        .collect()
}

fn broken_rules(stack: &Stack) -> Vec<&'static str> {
    let mut ids: Vec<_> = findings(stack).iter().map(|finding| finding.rule.id).collect();
    ids.dedup();
    ids
}

#[test]
fn a_million_records_per_second_exceed_the_sizes_and_topics_of_prod() {
    let mut stack = Stack::new("prod", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(broker(NodePool::combined("kafka", 3)))
            .load(load(1_000_000, 1000))
            .acknowledge(&rules::kraft::COMBINED, "the reference sizes have three nodes"),
    );
    stack.add(topics::topics(&kafka));
    assert!(synth(&stack).manifests.is_none());
    assert_snapshot!(said(&stack), @r#"
    error[KS-C02] prod/kafka/kafka: each broker of pool `kafka` writes 1 GB/s, but only 105 MB/s (80 %) of its disk throughput are usable
      hint: smallest sufficient changes, any one of: `NodePool::combined("kafka", 36)` or `.disk_throughput(1250.megabytes_per_second())`
    error[KS-C02] prod/kafka/kafka: each broker of pool `kafka` sends 12 Gbit/s while one is down, but only 8 Gbit/s (80 %) of its network are usable
      hint: smallest sufficient changes, any one of: `NodePool::combined("kafka", 5)` or `.network(15.gigabits_per_second())`
    error[KS-C02] prod/kafka/kafka: each broker of pool `kafka` receives 499,997 records/s from producers while one is down, but its 4 cores can handle 60,000 records/s
      hint: smallest sufficient changes, any one of: `NodePool::combined("kafka", 25)` or `34.cores()` in `.resources(…)`
    error[KS-C01] prod/kafka/kafka: each broker of pool `kafka` keeps 640 TiB, but only 85 GiB (85 %) of its volume are usable: full after 1 min 47 s
      hint: smallest sufficient change: `NodePool::combined("kafka", 36)` with no topic with more than `Cleanup::delete_after(10.minutes())`
    warning[KS-C10] prod/kafka/kafka: the page cache of each broker of pool `kafka` holds 4 s of writes; 30 s needs 27.9 GiB
      hint: smallest sufficient changes, any one of: `NodePool::combined("kafka", 24)` or `34.gib()` in `.resources(…)`
    warning[KS-C09] prod/kafka/kafka: each broker of pool `kafka` maps the indexes of 655,924 segments: 1,311,848 memory maps, but a node allows 65,530 by default
      hint: use fewer, larger segments: `.segment_size(…)` of the topics; or raise `vm.max_map_count` of the nodes to 4194304 or more and acknowledge this
    warning[KS-C11] prod/kafka-topics/security.audit: records are never deleted: this topic alone fills a broker's volume in 25 min 3 s
      hint: use `Cleanup::delete_after(…)`, or acknowledge it with the plan for growing the volumes
    "#);
}

#[test]
fn a_hundred_bytes_instead_of_a_thousand_do_not_make_it_fit() {
    let stack = stack(
        broker(NodePool::brokers("kafka", 3)),
        [Topic::new("events", 24, Cleanup::delete_after(7.days())).load(load(1_000_000, 100))],
    );
    assert_snapshot!(said(&stack), @r#"
    error[KS-C02] test/kafka/kafka: each broker of pool `kafka` receives 500,000 records/s from producers while one is down, but its 4 cores can handle 60,000 records/s
      hint: smallest sufficient changes, any one of: `NodePool::brokers("kafka", 25)` or `34.cores()` in `.resources(…)`
    error[KS-C01] test/kafka/kafka: each broker of pool `kafka` keeps 55.1 TiB, but only 85 GiB (85 %) of its volume are usable: full after 17 min 53 s
      hint: smallest sufficient change: no topic with more than `Cleanup::delete_after(4.minutes())`
    warning[KS-C09] test/kafka/kafka: each broker of pool `kafka` maps the indexes of 56,500 segments: 113,000 memory maps, but a node allows 65,530 by default
      hint: use fewer, larger segments: `.segment_size(…)` of the topics; or raise `vm.max_map_count` of the nodes to 262144 or more and acknowledge this
    "#);
}

#[test]
fn the_figures_are_those_of_the_textbook() {
    // Bytes per second, brokers, replicas and groups; then write, out, produced, and the last two with one broker down.
    for (size, brokers, copies, groups, expected) in [
        (
            100,
            3,
            3,
            2,
            [100_000_000, 133_333_333, 33_333_333, 150_000_000, 50_000_000],
        ),
        (
            1000,
            3,
            3,
            2,
            [1_000_000_000, 1_333_333_333, 333_333_333, 1_500_000_000, 500_000_000],
        ),
        (
            1000,
            6,
            3,
            0,
            [500_000_000, 333_333_333, 166_666_666, 300_000_000, 200_000_000],
        ),
        (1000, 1, 1, 1, [1_000_000_000; 5]),
        // One replica: partitions on a broker that is down are not served, and the other brokers serve the same as
        // before.
        (
            1000,
            4,
            1,
            4,
            [250_000_000, 1_000_000_000, 250_000_000, 1_000_000_000, 250_000_000],
        ),
    ] {
        let topic = Topic::new("events", 60, Cleanup::delete_after(1.hours()))
            .replication(Replication::new(copies, 1))
            .load(load(1_000_000, size).consumer_groups(groups));
        let needs = cluster(&stack(NodePool::brokers("kafka", brokers), [topic])).needs();
        assert_eq!(
            [
                needs.write,
                needs.out,
                needs.ingress,
                needs.out_away,
                needs.ingress_away
            ],
            expected,
            "{size} {brokers} {copies} {groups}"
        );
    }
}

#[test]
fn a_single_partition_is_led_by_a_single_broker_however_many_there_are() {
    let topic =
        |partitions| Topic::new("events", partitions, Cleanup::delete_after(1.hours())).load(load(90_000, 1000));
    let write = |partitions| {
        cluster(&stack(NodePool::brokers("kafka", 9), [topic(partitions)]))
            .needs()
            .write
    };
    assert_eq!(write(9), 30_000_000);
    assert_eq!(write(1), 90_000_000);
    // Thirty replicas of ten partitions: three brokers have four of them.
    assert_eq!(write(10), 36_000_000);
}

#[test]
fn a_volume_is_full_after_the_time_that_is_reported() {
    let full_after = |volume: Bytes, cleanup, size| {
        let brokers = NodePool::brokers("kafka", 3).storage(Storage::persistent(volume));
        let cluster = cluster(&stack(
            brokers,
            [Topic::new("e", 3, cleanup).load(load(1_000_000, size))],
        ));
        cluster.full_after(&cluster.pools[0]).map(Duration::as_seconds)
    };
    let hundred = 100_000_000_000_u64.bytes();
    for (volume, cleanup, size, expected) in [
        (hundred, Cleanup::delete_after(7.days()), 100, Some(1000)),
        (hundred, Cleanup::delete_after(7.days()), 1000, Some(100)),
        (hundred, Cleanup::keep(), 1000, Some(100)),
        // What compaction keeps is unknown, and a limit that is never reached does not fill the volume.
        (hundred, Cleanup::compact(), 1000, None),
        (hundred, Cleanup::delete_after(1.gib()), 1000, None),
        (64.tib(), Cleanup::delete_after(1.minutes()), 1000, None),
    ] {
        assert_eq!(
            full_after(volume, cleanup, size),
            expected,
            "{volume} {cleanup:?} {size}"
        );
    }
}

#[test]
fn a_partition_keeps_its_retention_the_time_to_notice_and_an_open_segment() {
    let disk = |topic: Topic| cluster(&stack(NodePool::brokers("kafka", 3), [topic])).needs().disk;
    let topic = |cleanup| Topic::new("events", 1, cleanup).load(load(1000, 1000));
    // 1 MB/s for an hour, five minutes until the next check, one until the file is deleted, and a segment.
    let hour = 1_000_000 * (3600 + 300 + 60);
    assert_eq!(disk(topic(Cleanup::delete_after(1.hours()))), hour + (1 << 30));
    assert_eq!(
        disk(topic(Cleanup::delete_after(1.hours())).segment_size(64.mib())),
        hour + (64 << 20)
    );
    // A segment that is closed by its age is smaller than that.
    assert_eq!(
        disk(topic(Cleanup::delete_after(1.hours())).segment_age(100.seconds())),
        hour + 100_000_000
    );
    assert_eq!(disk(topic(Cleanup::delete_after(5.gib()))), 6 << 30);
    assert_eq!(
        disk(topic(Cleanup::delete_after(Retention::TimeAndSize(1.hours(), 1.gib())))),
        2 << 30
    );
    // These have no limit.
    assert_eq!(disk(topic(Cleanup::keep())), 0);
    assert_eq!(disk(topic(Cleanup::compact())), 0);
}

#[test]
fn settings_of_the_cluster_count_where_a_topic_has_none() {
    let disk = |kafka: KafkaCluster| {
        let mut stack = Stack::new("test", "kafka");
        let kafka = stack.add(kafka.pool(NodePool::combined("kafka", 1)).load(load(1000, 1000)));
        stack.add(Topics::new("topics", &kafka).topic(Topic::new("a", 1, Cleanup::delete_after(1.hours()))));
        cluster(&stack).needs().disk
    };
    let kafka = || KafkaCluster::kraft("kafka", Version::V4_3, ID);
    assert_eq!(
        disk(kafka().log_segment(1.mib()).retention_check_interval(1.minutes())),
        1_000_000 * (3600 + 60 + 60) + (1 << 20)
    );
    assert_eq!(
        disk(kafka().config("log.roll.ms", 10_000)),
        1_000_000 * (3600 + 300 + 60) + 10_000_000
    );
    // Without a topic in the stack, the cluster's own retention.
    let alone = |kafka: KafkaCluster| {
        let mut stack = Stack::new("test", "kafka");
        stack.add(kafka.pool(NodePool::combined("kafka", 1)).load(load(1000, 1000)));
        cluster(&stack).needs().disk
    };
    assert_eq!(
        alone(kafka().log_retention(1.hours())),
        1_000_000 * (3600 + 300 + 60) + (1 << 30)
    );
    assert_eq!(alone(kafka()), 1_000_000 * (168 * 3600 + 300 + 60) + (1 << 30));
}

#[test]
fn the_load_of_a_cluster_goes_to_the_topics_that_have_none_by_their_partitions() {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::combined("kafka", 1))
            .load(load(3000, 1000)),
    );
    let topic = |name: &str, partitions| Topic::new(name, partitions, Cleanup::delete_after(1.hours()));
    stack.add(Topics::new("some", &kafka).topics([topic("a", 1), topic("own", 1).load(load(7, 1000))]));
    stack.add(Topics::new("more", &kafka).topic(topic("b", 2)));
    let cluster = cluster(&stack);
    let stored: Vec<(&str, Traffic)> = cluster
        .topics
        .iter()
        .filter(|topic| topic.traffic != Traffic::Internal)
        .map(|topic| (topic.name.as_str(), topic.traffic))
        .collect();
    let known = |records| Traffic::from(Some(load(records, 1000)));
    assert_eq!(stored, [("a", known(1000)), ("own", known(7)), ("b", known(2000))]);
}

#[test]
fn internal_topics_of_kafka_and_of_components_count_as_replicas() {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
            .config("offsets.topic.num.partitions", 10),
    );
    stack.add(SchemaRegistry::new("registry", &kafka));
    stack.add(Connect::new("connect", &kafka).config("status.storage.partitions", 7));
    stack.add(Topics::new("topics", &kafka).topic(Topic::new("a", 12, Cleanup::delete_after(1.hours()))));
    assert_eq!(cluster(&stack).needs().replicas, 10 + 50 + 1 + (1 + 25 + 7) + 12);
}

#[test]
fn all_brokers_of_a_zone_are_down_with_it() {
    let zoned = |brokers: [u16; 3]| {
        let mut stack = Stack::new("test", "kafka");
        let cluster = brokers.into_iter().zip(["a", "b", "c"]).zip([0, 100, 200]).fold(
            KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::controllers("c", 3).first_id(300)),
            |cluster, ((brokers, zone), first_id)| {
                cluster.pool(
                    NodePool::brokers(format!("kafka-{zone}"), brokers)
                        .zone(zone)
                        .first_id(first_id),
                )
            },
        );
        let kafka = stack.add(cluster);
        let topic = Topic::new("events", 180, Cleanup::delete_after(1.hours())).load(load(900_000, 1000));
        stack.add(Topics::new("topics", &kafka).topic(topic));
        super::capacity::cluster(&stack)
    };
    let even = zoned([3, 3, 3]);
    assert_eq!(even.away(), 3);
    assert_eq!(even.needs().ingress, 100_000_000);
    assert_eq!(even.needs().ingress_away, 150_000_000);
    // Two groups and the one follower that is left of two.
    assert_eq!(even.needs().out_away, 450_000_000);
    assert_eq!(zoned([4, 3, 2]).away(), 4);
}

/// Pairs of the nearest stack without findings and the nearest one that breaks a rule.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_limit_is_where_the_rule_says() {
    let large = |pool: NodePool| {
        pool.resources(Resources::fixed(16.cores(), 64.gib()))
            .storage(Storage::persistent(16.tib()))
            .disk_throughput(100_000.megabytes_per_second())
            .network(1000.gigabits_per_second())
            .cpu_class(CpuClass::Bytes(1000.megabytes_per_second()))
    };
    let brokers = || large(NodePool::brokers("kafka", 3));
    let events = |load| {
        Topic::new("events", 60, Cleanup::delete_after(1.hours()))
            .segment_age(1.hours())
            .load(load)
    };
    let sized = |size: Bytes| Topic::new("events", 1, Cleanup::delete_after(size)).load(load(1, 1));
    let small = Resources::fixed(4.cores(), 8.gib());
    let quiet_and_broken = vec![
        // A third of 255 GiB for each of three replicas, of which 1 GiB is the open segment.
        (
            "KS-C01",
            (brokers().storage(Storage::persistent(100.gib())), sized(84.gib())),
            (
                brokers().storage(Storage::persistent(100.gib())),
                sized((84 * (1_u64 << 30) + 1).bytes()),
            ),
        ),
        // Three replicas on three brokers: each writes and receives everything, and may use four fifths of its disk
        // throughput.
        (
            "KS-C02",
            (
                brokers().disk_throughput(10.megabytes_per_second()),
                events(load(8_000_000, 1)),
            ),
            (
                brokers().disk_throughput(10.megabytes_per_second()),
                events(load(8_000_001, 1)),
            ),
        ),
        // With one of three down, two groups and one follower read from two brokers: one and a half times the load.
        (
            "KS-C02",
            (brokers().network(1.gigabits_per_second()), events(load(66_666_666, 1))),
            (brokers().network(1.gigabits_per_second()), events(load(66_666_668, 1))),
        ),
        // Half of it each, on 16 cores.
        (
            "KS-C02",
            (
                brokers().cpu_class(CpuClass::Records(1000.records_per_second())),
                events(load(32_000, 1)),
            ),
            (
                brokers().cpu_class(CpuClass::Records(1000.records_per_second())),
                events(load(32_002, 1)),
            ),
        ),
        // 4 GiB of page cache are 30 seconds of this rate.
        (
            "KS-C10",
            (brokers().resources(small), events(load(143_165_576, 1))),
            (brokers().resources(small), events(load(143_165_577, 1))),
        ),
        // A hundred replicas are of Kafka's internal topics.
        (
            "KS-C05",
            (brokers().resources(small), Topic::new("a", 900, Cleanup::compact())),
            (brokers().resources(small), Topic::new("a", 901, Cleanup::compact())),
        ),
        (
            "KS-C08",
            (
                large(NodePool::brokers("kafka", 60)),
                Topic::new("a", 66_566, Cleanup::compact()),
            ),
            (
                large(NodePool::brokers("kafka", 60)),
                Topic::new("a", 66_567, Cleanup::compact()),
            ),
        ),
        // A hundred replicas of 326 segments and a hundred of one segment are 65,400 memory maps.
        (
            "KS-C09",
            (
                brokers(),
                Topic::new("a", 100, Cleanup::delete_after(325.mib())).segment_size(1.mib()),
            ),
            (
                brokers(),
                Topic::new("a", 100, Cleanup::delete_after(326.mib())).segment_size(1.mib()),
            ),
        ),
        (
            "KS-C11",
            (brokers(), Topic::new("a", 1, Cleanup::keep())),
            (brokers(), Topic::new("a", 1, Cleanup::keep()).load(load(1000, 1000))),
        ),
        (
            "KS-C12",
            (brokers(), events(load(1, 1))),
            (brokers(), events(load(0, 1))),
        ),
        (
            "KS-C03",
            (brokers(), events(load(1, 1))),
            (
                brokers(),
                events(Load::new(1.records_per_second(), 1.bytes()).compressed_to(100.percent())),
            ),
        ),
    ];
    for (rule, (pool, topic), (broken_pool, broken_topic)) in quiet_and_broken {
        let quiet = stack(pool, [topic]);
        assert_eq!(said(&quiet), "", "{rule}");
        assert_eq!(broken_rules(&stack(broken_pool, [broken_topic])), [rule]);
    }
}

#[test]
fn without_a_load_nothing_that_depends_on_it_is_checked() {
    let topics = || [Topic::new("events", 12, Cleanup::delete_after(7.days()))];
    let stack = stack(NodePool::brokers("kafka", 3), topics());
    assert_eq!(said(&stack), "");
    let cluster = cluster(&stack);
    for limit in cluster.limits(&cluster.pools[0]) {
        let known = limit.resource == Resource::Replicas;
        assert_eq!(limit.headroom().is_some(), known, "{limit:?}");
    }
}

#[test]
fn pools_of_zones_are_checked_and_changed_together() {
    let mut stack = Stack::new("test", "kafka");
    let cluster = ["a", "b", "c"].into_iter().zip([0, 100, 200]).fold(
        KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::controllers("c", 3).first_id(300)),
        |cluster, (zone, first_id)| {
            let pool = NodePool::brokers(format!("kafka-{zone}"), 1);
            cluster.pool(broker(pool).zone(zone).first_id(first_id))
        },
    );
    let kafka = stack.add(cluster);
    let topic = Topic::new("events", 60, Cleanup::delete_after(5.minutes()))
        .segment_age(5.minutes())
        .load(load(120_000, 1000));
    stack.add(Topics::new("topics", &kafka).topic(topic));
    assert_snapshot!(said(&stack), @r"
    error[KS-C02] test/kafka/kafka-a: each broker of pools `kafka-a`, `kafka-b`, `kafka-c` writes 120 MB/s, but only 105 MB/s (80 %) of its disk throughput are usable
      hint: smallest sufficient changes, any one of: `NodePool::brokers(…, 2)` for each of pools `kafka-a`, `kafka-b`, `kafka-c` or `.disk_throughput(150.megabytes_per_second())`
    error[KS-C01] test/kafka/kafka-a: each broker of pools `kafka-a`, `kafka-b`, `kafka-c` keeps 107 GiB, but only 85 GiB (85 %) of its volume are usable: full after 14 min 54 s
      hint: smallest sufficient changes, any one of: `NodePool::brokers(…, 2)` for each of pools `kafka-a`, `kafka-b`, `kafka-c`, `.storage(Storage::persistent(127.gib()))` or no topic with more than `Cleanup::delete_after(1.minutes())`
    ");
}

#[test]
fn brokers_of_a_zone_have_its_rack_and_run_only_there() {
    let mut stack = Stack::new("test", "kafka");
    stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("c", 3).zone("a").first_id(100))
            .pool(NodePool::brokers("kafka", 3).zone("a")),
    );
    let manifests = synth(&stack).manifests.unwrap();
    let rack = |pool: &str| {
        let config = manifests.get(&format!("kafka/configmap-{pool}.yaml")).unwrap();
        config.contains("broker.rack=a\n")
    };
    assert!(rack("kafka"));
    // A controller has no replicas to spread.
    assert!(!rack("c"));
    for pool in ["kafka", "c"] {
        let set: serde_json::Value =
            serde_yaml::from_str(manifests.get(&format!("kafka/statefulset-{pool}.yaml")).unwrap()).unwrap();
        let selector = &set["spec"]["template"]["spec"]["nodeSelector"];
        assert_eq!(*selector, serde_json::json!({ "topology.kubernetes.io/zone": "a" }));
    }
}

/// A change that is smaller by one step.
fn less(change: Change) -> Change {
    let longer = |longest: Duration| {
        let step = if longest.as_seconds().is_multiple_of(3600) {
            3600
        } else {
            60
        };
        Duration::from_seconds(longest.as_seconds() + step)
    };
    match change {
        Change::Brokers(brokers) => Change::Brokers(brokers - 1),
        Change::Volume(volume) => Change::Volume((volume.as_mib() / 1024 - 1).gib()),
        Change::Disk(rate) => Change::Disk((rate.get() / 1_000_000 - 1).megabytes_per_second()),
        Change::Network(rate) => Change::Network((rate.get() / 125_000_000 - 1).gigabits_per_second()),
        Change::Processor(cpu) => Change::Processor((cpu.millicores() / 1000 - 1).cores()),
        Change::Memory(memory) => Change::Memory((memory.as_mib() / 1024 - 1).gib()),
        Change::Retention(longest) => Change::Retention(longer(longest)),
        Change::BrokersAndRetention(brokers, longest) => Change::BrokersAndRetention(brokers, longer(longest)),
    }
}

proptest! {
    #[test]
    fn a_proposed_change_is_enough_and_one_step_less_is_not(
        brokers in 3..12_u16,
        partitions in 1..200_u32,
        copies in 1..4_u16,
        records in 1..3_000_000_u64,
        hours in 1..400_u64,
        volume in 10..4000_u64,
        cores in 1..32_u64,
        memory in 2..128_u64,
        more in any::<bool>(),
    ) {
        let pool = NodePool::brokers("kafka", brokers)
            .resources(Resources::fixed(cores.cores(), memory.gib()))
            .storage(Storage::persistent(volume.gib()))
            .disk_throughput(125.megabytes_per_second())
            .network(5.gigabits_per_second())
            .cpu_class(CpuClass::MSK_EXPRESS_M7G);
        let topic = |name: &str| {
            Topic::new(name, partitions, Cleanup::delete_after(hours.hours()))
                .replication(Replication::new(copies, 1))
                .load(load(records, 500))
        };
        let topics = [Some(topic("a")), more.then(|| Topic::new("b", 7, Cleanup::delete_after(1.gib())).load(load(1000, 1000)))];
        let cluster = cluster(&stack(pool, topics.into_iter().flatten()));
        for resource in Resource::ALL {
            if cluster.holds(0, resource) {
                continue;
            }
            for change in cluster.changes(0, resource) {
                prop_assert!(cluster.with(0, change).holds(0, resource), "{change} is not enough for {resource:?}");
                let less = less(change);
                prop_assert!(!cluster.with(0, less).holds(0, resource), "{less} is enough for {resource:?}: {change}");
            }
        }
    }

    #[test]
    fn more_load_never_needs_less(records in 1..1_000_000_u64, more in 1..1_000_000_u64, partitions in 1..100_u32) {
        let needs = |records| {
            let topic = Topic::new("a", partitions, Cleanup::delete_after(1.hours())).load(load(records, 100));
            cluster(&stack(NodePool::brokers("kafka", 5), [topic])).needs()
        };
        let (less, more) = (needs(records), needs(records + more));
        prop_assert!(less.write <= more.write && less.out <= more.out && less.out_away <= more.out_away);
        prop_assert!(less.ingress <= more.ingress && less.disk <= more.disk && less.segments <= more.segments);
        prop_assert!(less.ingress <= less.ingress_away);
    }
}
