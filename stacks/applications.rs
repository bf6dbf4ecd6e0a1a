//! The services around the event backbone, each with the topics that it writes and reads.
//!
//! The reference system names topics and what is exactly-once, but not its services. These are the fewest with which each
//! topic is written by one and each critical topic is written in transactions by one application alone.

use kafka_stacks::prelude::*;

use super::topics::contract;

/// Adds all services, and returns them for the monitoring.
pub(crate) fn add_to(
    stack: &mut Stack,
    kafka: &KafkaHandle,
    topics: &TopicsHandle,
    schemas: &SchemasHandle,
) -> Vec<ApplicationHandle> {
    let service = |name: &str, owner: &str| {
        Application::new(name, kafka)
            .owner(owner)
            .on_call(format!("{owner}-primary"))
            .pods([("app.kubernetes.io/name", name)])
            .avro(schemas)
            .producer(contract)
            .consumer(|consumer| consumer.max_poll_interval(5.minutes()).session_timeout(10.seconds()))
    };
    let group = |name: &str| Group::named(name);
    let topic = |name: &str| topics.topic(name);
    let calls = topic("call.events");
    [
        service("call-service", "voice").produces(&calls),
        service("ai-service", "ai")
            .consumes(&calls, group("ai-service"))
            .dead_letters()
            .produces(&topic("ai.interactions")),
        service("crm-service", "crm")
            .consumes(&calls, group("crm-service"))
            .dead_letters()
            .produces(&topic("crm.updates")),
        service("billing", "payments")
            .consumes(&calls, group("billing"))
            .dead_letters()
            .produces(&topic("billing.transactions"))
            .transactional("billing"),
        service("audit", "security")
            .produces(&topic("security.audit"))
            .transactional("audit"),
        service("notification-service", "customer")
            .consumes(&topic("crm.updates"), group("notification-service"))
            .dead_letters()
            .produces(&topic("notification.events")),
        service("integration-service", "crm")
            .consumes(&topic("crm.updates"), group("integration-service"))
            .dead_letters()
            .produces(&topic("integration.events"))
            .produces(&topic("dlq.failed-messages")),
        service("analytics", "data")
            .consumes(&topic("ai.interactions"), group("analytics"))
            .consumes(&topic("system.metrics"), group("analytics"))
            .dead_letters()
            .produces(&topic("analytics.events")),
        service("metrics-collector", "platform").produces(&topic("system.metrics")),
    ]
    .map(|application| stack.add(application))
    .into()
}
