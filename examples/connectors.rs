//! A table that goes through Kafka into another database: Debezium reads the changes of one database, and its JDBC sink writes them into
//! another. `cargo run --example connectors -- synth` writes `out/connectors`.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn connectors() -> Stack {
    let mut stack = Stack::new("connectors", "shop");
    let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.example.com:9092");
    let topics = stack.add(
        Topics::new("kafka-topics", &kafka)
            .topic(Topic::new("shop.public.orders", 3, Cleanup::delete_after(7.days())))
            .topic(Topic::new("orders-to-reports.dlq", 1, Cleanup::delete_after(30.days()))),
    );
    let connect = stack.add(
        Connect::new("kafka-connect", &kafka)
            .plugin(
                Plugin::image(
                    "debezium-postgres",
                    "registry.example.com/connect/debezium-postgres:3.3.1",
                    ["io.debezium.connector.postgresql.PostgresConnector"],
                )
                .artifact(Artifact::maven(
                    "io.debezium:debezium-connector-postgres:tar.gz:plugin:3.3.1.Final",
                    "d7aaa6ff7f408bb082c43d46b5720087ea29e01502097c4f9622038117100fae",
                ))
                .license("Apache-2.0"),
            )
            .plugin(
                Plugin::image(
                    "debezium-jdbc",
                    "registry.example.com/connect/debezium-jdbc:3.3.1",
                    [
                        "io.debezium.connector.jdbc.JdbcSinkConnector",
                        "io.debezium.transforms.ExtractNewRecordState",
                    ],
                )
                .artifact(Artifact::maven(
                    "io.debezium:debezium-connector-jdbc:tar.gz:plugin:3.3.1.Final",
                    "7245e54f30d6d7c75e6fac1a1362ec1c735ee2ca2f31a2172401552922369d6b",
                ))
                .license("Apache-2.0"),
            )
            .secret("orders-database")
            .secret("reports-database"),
    );
    let orders = Connector::new(
        "orders-from-shop",
        ConnectorClass::source("io.debezium.connector.postgresql.PostgresConnector"),
    )
    .owner("shop")
    .writes([&topics.topic("shop.public.orders")])
    .exactly_once()
    .key_converter(Converter::json_with_schemas())
    .value_converter(Converter::json_with_schemas())
    .config("database.hostname", "orders-database")
    .config("database.port", 5432)
    .config("database.dbname", "shop")
    .config("database.user", "debezium")
    .secret("database.password", SecretKey::new("orders-database", "password"))
    .config("topic.prefix", "shop")
    .config("table.include.list", "public.orders")
    .config("plugin.name", "pgoutput");
    let reports = Connector::new(
        "orders-to-reports",
        ConnectorClass::sink("io.debezium.connector.jdbc.JdbcSinkConnector"),
    )
    .owner("reports")
    .topics([&topics.topic("shop.public.orders")])
    .tasks(3)
    .dead_letters(&topics.topic("orders-to-reports.dlq"))
    .key_converter(Converter::json_with_schemas())
    .value_converter(Converter::json_with_schemas())
    .config("connection.url", "jdbc:postgresql://reports-database:5432/reports")
    .config("connection.username", "reports")
    .secret("connection.password", SecretKey::new("reports-database", "password"))
    // Written again, a row is the same row.
    .config("insert.mode", "upsert")
    .config("primary.key.mode", "record_key")
    .config("collection.name.format", "orders");
    let connectors = stack.add(
        Connectors::new("connectors", &connect)
            .connector(orders)
            .connector(reports),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .watch(&topics)
            .watch(&connect)
            .watch(&connectors),
    );
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([connectors])
}
