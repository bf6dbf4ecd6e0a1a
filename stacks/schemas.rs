//! The schemas of the event backbone's records: the values of each topic, and the keys of the one that is compacted by key.

use kafka_stacks::prelude::*;

pub(crate) fn schemas(registry: &SchemaRegistryHandle, topics: &TopicsHandle) -> Schemas {
    Schemas::new("schemas", registry)
        .subject(
            Subject::value(
                &topics.topic("call.events"),
                include_schema!("schemas/call-event/v1.avsc"),
            )
            .version(include_schema!("schemas/call-event/v2.avsc")),
        )
        .subject(Subject::value(
            &topics.topic("ai.interactions"),
            include_schema!("schemas/ai-interaction/v1.avsc"),
        ))
        .subject(Subject::value(
            &topics.topic("crm.updates"),
            include_schema!("schemas/crm-update/v1.avsc"),
        ))
        .subject(Subject::value(
            &topics.topic("system.metrics"),
            include_schema!("schemas/system-metric/v1.avsc"),
        ))
        .subject(
            Subject::value(
                &topics.topic("notification.events"),
                include_schema!("schemas/notification-event/v1.avsc"),
            )
            .version(include_schema!("schemas/notification-event/v2.avsc")),
        )
        .subject(Subject::value(
            &topics.topic("integration.events"),
            include_schema!("schemas/integration-event/v1.avsc"),
        ))
        .subject(Subject::value(
            &topics.topic("analytics.events"),
            include_schema!("schemas/analytics-event/v1.avsc"),
        ))
        .subject(Subject::value(
            &topics.topic("dlq.failed-messages"),
            include_schema!("schemas/failed-message/v1.avsc"),
        ))
        // Its records are kept for years, and read with every version since.
        .subject(
            Subject::value(
                &topics.topic("billing.transactions"),
                include_schema!("schemas/billing-transaction/v1.avsc"),
            )
            .version(include_schema!("schemas/billing-transaction/v2.avsc"))
            .compatibility(Compatibility::BackwardTransitive),
        )
        .subject(Subject::key(&topics.topic("billing.transactions"), "\"string\""))
        .subject(
            Subject::value(
                &topics.topic("security.audit"),
                include_schema!("schemas/security-audit/v1.avsc"),
            )
            .compatibility(Compatibility::BackwardTransitive),
        )
}
