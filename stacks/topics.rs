//! The topics of the event backbone, and the contracts of those who write and read the critical ones.

use kafka_stacks::prelude::*;

pub(crate) fn topics(kafka: &KafkaHandle) -> Topics {
    // What someone reads may be something that they cannot process.
    let read = [
        ("call.events", 24),
        ("ai.interactions", 24),
        ("crm.updates", 12),
        ("system.metrics", 24),
    ];
    let events = [
        ("notification.events", 12),
        ("integration.events", 12),
        ("analytics.events", 24),
        ("dlq.failed-messages", 12),
    ];
    Topics::new("kafka-topics", kafka)
        .topics(read.map(|(name, partitions)| topic(name, partitions, Cleanup::delete_after(7.days())).dead_letters()))
        .topics(events.map(|(name, partitions)| topic(name, partitions, Cleanup::delete_after(7.days()))))
        // "Compacted, 30-day retention" is two policies: the newest record of a key is kept, and after 30 days not even that.
        .topic(topic("billing.transactions", 12, Cleanup::compact_and_delete_after(30.days())).segment_age(1.hours()))
        // An audit log that is "compacted, immutable" cannot be: compaction removes earlier records of a key. It keeps all.
        .topic(topic("security.audit", 12, Cleanup::keep()))
}

#[track_caller]
fn topic(name: &str, partitions: u32, cleanup: Cleanup) -> Topic {
    Topic::new(name, partitions, cleanup)
        .compression(Compression::Snappy)
        .largest_batch(1.mib())
}

/// Exactly-once for the critical topics is a contract of clients, not a setting of topics. These files are for clients that
/// are not declared as an application.
pub(crate) fn clients(kafka: &KafkaHandle) -> Clients {
    Clients::new("kafka-clients", kafka)
        .producer(contract(Producer::idempotent("idempotent-producer")))
        .producer(contract(Producer::transactional("transactional-producer", "voicecore")))
        .consumer(
            Consumer::read_committed("read-committed-consumer")
                .max_poll_interval(5.minutes())
                .session_timeout(10.seconds()),
        )
}

/// What the reference system asks of its producers.
pub(crate) fn contract(producer: Producer) -> Producer {
    producer
        .compression(Compression::Snappy)
        .linger(10.milliseconds())
        .batch_size(32.kib())
        .delivery_timeout(2.minutes())
        .request_timeout(30.seconds())
}
