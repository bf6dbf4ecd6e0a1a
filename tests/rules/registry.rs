//! The registry and Connect.

use kafka_stacks::prelude::*;

use super::{
    beside,
    case::{Case, Sound, calls},
    dedicated, empty, platform,
};

pub(super) fn broken() -> Vec<Case> {
    let connect = |change: fn(Connect) -> Connect| beside(|kafka| change(Connect::new("connect", kafka)));
    let registry =
        |change: fn(SchemaRegistry) -> SchemaRegistry| beside(|kafka| change(SchemaRegistry::new("registry", kafka)));
    let apicurio = |settings: &[(&str, &str)]| {
        beside(|kafka| {
            let registry = SchemaRegistry::new("registry", kafka).implementation(RegistryImplementation::Apicurio);
            settings
                .iter()
                .fold(registry, |registry, (key, value)| registry.config(*key, *value))
        })
    };
    let avro = |avro: bool| {
        let mut stack = empty();
        let kafka = stack.add(dedicated().images(ImageSet::apache(Version::V4_3)));
        let registry = stack.add(SchemaRegistry::new("registry", &kafka));
        let connect = Connect::new("connect", &kafka);
        stack.add(if avro { connect.avro(&registry) } else { connect });
        stack
    };
    vec![
        calls(
            "a registry without instances",
            registry(|registry| registry.replicas(0)),
            &[".replicas(2)"],
            registry(|registry| registry.replicas(2)),
        ),
        calls(
            "a raw setting that the registry makes",
            registry(|registry| registry.config("host.name", "x")),
            &["remove `.config(\"host.name\", …)`"],
            registry(|registry| registry),
        ),
        calls(
            "a level of compatibility that does not exist",
            registry(|registry| registry.config("avro.compatibility.level", "backwards")),
            &["write `backward`"],
            registry(|registry| registry.config("avro.compatibility.level", "backward")),
        ),
        calls(
            "a setting that the registry does not have",
            registry(|registry| registry.config("kafkastore.topic.replication.facter", 3)),
            &["`kafkastore.topic.replication.factor`"],
            registry(|registry| registry),
        ),
        calls(
            "settings that Apicurio's registry does not have",
            apicurio(&[("apicurio.ccompat.max-subject", "50"), ("registry.storage.kind", "sql")]),
            &["`apicurio.ccompat.max-subjects`", "`apicurio.storage.kind`"],
            apicurio(&[("apicurio.ccompat.max-subjects", "50")]),
        ),
        calls(
            "a value that Apicurio's registry does not take",
            apicurio(&[("apicurio.ccompat.max-subjects", "many")]),
            &["write a whole number without a unit"],
            apicurio(&[("apicurio.ccompat.max-subjects", "50")]),
        ),
        calls(
            "Avro converters of an image that has none",
            avro(true),
            &["remove `.avro(…)`"],
            avro(false),
        ),
        calls(
            "a Connect cluster without workers",
            connect(|connect| connect.replicas(0)),
            &[".replicas(2)"],
            connect(|connect| connect.replicas(2)),
        ),
        calls(
            "a Connect group without a name, and internal topics with a space",
            connect(|connect| connect.group(" ").internal_topics("a b")),
            &[
                "name it in `.group(…)`",
                "choose another prefix in `.internal_topics(…)`",
            ],
            connect(|connect| connect.group("a").internal_topics("b")),
        ),
        calls(
            "a raw setting that Connect makes",
            connect(|connect| connect.config("group.id", "x")),
            &["remove `.config(\"group.id\", …)`"],
            connect(|connect| connect),
        ),
        calls(
            "a raw setting that a call makes too",
            connect(|connect| connect.max_poll_records(10).config("consumer.max.poll.records", 20)),
            &["remove `.config(\"consumer.max.poll.records\", …)`"],
            connect(|connect| connect.max_poll_records(10)),
        ),
        calls(
            "an address of a registry without a scheme",
            connect(|connect| connect.avro(&SchemaRegistry::external("schemas.example.com"))),
            &["give `SchemaRegistry::external` a URL, such as `https://schemas.example.com`"],
            connect(|connect| connect.avro(&SchemaRegistry::external("https://schemas.example.com"))),
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::registry;
    vec![
        (
            &registry::CONVERTERS,
            beside(|kafka| Connect::new("connect", kafka).images(ImageSet::apache(Version::V4_3))),
        ),
        (&registry::GROUP, platform()),
        (
            &registry::REFUSED_VALUE,
            beside(|kafka| SchemaRegistry::new("registry", kafka).config("avro.compatibility.level", "full")),
        ),
        (
            &registry::NEARLY_A_SETTING,
            beside(|kafka| SchemaRegistry::new("registry", kafka).config("debug", true)),
        ),
        (
            &registry::OWNED_SETTING,
            beside(|kafka| Connect::new("connect", kafka).config("producer.linger.ms", 5)),
        ),
        (
            &registry::REPLICAS,
            beside(|kafka| Connect::new("connect", kafka).replicas(1)),
        ),
        (
            &registry::ADDRESS,
            beside(|kafka| {
                let registry = SchemaRegistry::external("https://a.example.com,http://b.tools:8081/path");
                Connect::new("connect", kafka).avro(&registry)
            }),
        ),
    ]
}
