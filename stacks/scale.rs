//! A million records of 1 KB a second, with the arithmetic to show for it: `capacity scale`.
//!
//! 1 GB/s is written three times and read four, by two followers and two consumer groups. What follows from that:
//!
//! - 15 brokers of 16 cores, because a zone may be away: the ten that are left take in 100 MB/s each, four fifths of what
//!   Amazon rates such a machine for. Five to a zone and not six: Kafka spreads leaders evenly over three zones of five, and
//!   not over three of six (KS-C13).
//! - Six hours of retention, because an hour is 10.8 TB over all replicas: six of them need volumes of 6 TiB, a week would need
//!   120 TiB on every broker.
//! - Controllers of their own, so that a busy broker does not slow the quorum down.
//! - A zone for each copy: a pool for each zone says its `broker.rack`, and writing goes on without any one of them.
//!
//! What is not here: tiered storage, with which six hours on disks could be a week elsewhere (the library does not set
//! it up); fetching from the nearest replica, so that consumers pay for traffic between zones; compression, whose share
//! no one has measured for these records, so none is counted on. TLS is in Amazon's rating. Disks, networks and processors are what their vendors
//! promise: measure before you rely on it.

use kafka_stacks::prelude::*;

use super::platform;

pub(crate) fn stack() -> Stack {
    let mut stack = platform::production("scale");
    let controllers = NodePool::controllers("kafka-controller", 3)
        .first_id(300)
        // Kafka's advice for a typical cluster: 5 GB of memory and of disk.
        .resources(Resources::fixed(2.cores(), 6.gib()))
        .storage(Storage::persistent(10.gib()));
    let brokers = [("a", 0), ("b", 100), ("c", 200)].map(|(zone, first_id)| {
        NodePool::brokers(format!("kafka-{zone}"), 5)
            .zone(format!("eu-central-1{zone}"))
            .first_id(first_id)
            // Of an m7g.4xlarge with 16 cores and 64 GiB a node of EKS leaves 15.89 cores (its kubelet keeps 60m of the first core,
            // 10m of the second, 5m of the next two each and 2.5m of every other) and 57691Mi (Karpenter's reference of instance
            // types: 7.5 % for the system, 11 MiB for each of 234 pods, 355 MiB), of which DaemonSets take some more.
            .machine(Machine::allocatable("m7g.4xlarge", 15_890.millicores(), 57_691.mib()))
            .resources(Resources::range(15.cores()..=16.cores(), 54.gib()..=54.gib()))
            // Amazon gives it 625 MiB/s to its volumes and half of its 15 Gbit/s without bursts. A gp3
            // volume has 125 MiB/s unless its class says `throughput: "625"`, so the class is one made for this.
            .storage(Storage::persistent(6.tib()).class("kafka-gp3"))
            .disk_throughput(625.mebibytes_per_second())
            .network(7.gigabits_per_second())
            .cpu_class(CpuClass::MSK_EXPRESS_M7G)
    });
    let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "n1zQ0mCBQGmCzbNWFqzVYA")
        .pool(controllers)
        .network_threads(8)
        .io_threads(16);
    let kafka = stack.add(platform::closed(brokers.into_iter().fold(cluster, KafkaCluster::pool)));
    let topics = stack.add(
        Topics::new("kafka-topics", &kafka).topic(
            // Thirty partitions to a broker, of 2.2 MB/s each. With fewer, what a lost zone led would spread less
            // evenly over the ten brokers that are left: of 150 partitions the busiest leads up to a quarter more than
            // its share, of 450 a sixth.
            Topic::new("events", 450, Cleanup::delete_after(6.hours()))
                .compression_of_producer()
                .segment_age(1.hours())
                .load(
                    Load::new(1_000_000.records_per_second(), 1000.bytes())
                        .compressed_to(100.percent())
                        .consumer_groups(2),
                ),
        ),
    );
    let events = topics.topic("events");
    let service = |name: &str| Application::new(name, &kafka).pods([("app.kubernetes.io/name", name)]);
    let applications = [
        // A million records a second are sent in batches or not at all.
        service("ingest")
            .produces(&events)
            .producer(|producer| producer.linger(10.milliseconds()).batch_size(128.kib())),
        service("search").consumes(&events, Group::named("search")),
        service("archive").consumes(&events, Group::named("archive")),
    ]
    .map(|application| stack.add(application));
    let permissions = Permissions::new("kafka-permissions", &kafka);
    let permissions = stack.add(applications.iter().fold(permissions, Permissions::of));
    let monitoring = Monitoring::new("monitoring", &kafka).watch(&topics).watch(&permissions);
    stack.add(applications.iter().fold(monitoring, Monitoring::watch));
    stack
}
