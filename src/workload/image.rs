use super::Version;

/// The port of the metrics agent.
pub const METRICS_PORT: u16 = 9404;
/// The name of that port; monitors select it by name.
pub const METRICS_PORT_NAME: &str = "http-metrics";

/// Who built the images, which decides where their commands are and what they contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Confluent's community images: commands on the path, a metrics agent inside.
    Confluent,
    /// The Apache project's image: commands in `/opt/kafka/bin`, no metrics agent.
    Apache,
}

/// The images of one Kafka version, with fixed tags: a moving tag would change a running system without a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    distribution: Distribution,
    version: Version,
    kafka: String,
    connect: String,
    schema_registry: String,
    zookeeper: String,
    metrics_agent: Option<String>,
    rest_client: String,
}

/// Debian with curl and bash: Confluent's images of 8.3 are made from one without curl, and Apache's has none either.
const REST_CLIENT: &str = "library/buildpack-deps:bookworm-curl";

impl ImageSet {
    /// The user and group that both distributions run as.
    pub const USER: i64 = 1000;

    /// Confluent's community images, whose major version is Kafka's plus four: 8.3 contains Kafka 4.3, and 7.9 contains
    /// 3.9.
    pub fn confluent(version: Version) -> Self {
        let tag = match version {
            Version::V3_9 => "7.9.6",
            Version::V4_0 => "8.0.6",
            Version::V4_1 => "8.1.1",
            Version::V4_2 => "8.2.2",
            Version::V4_3 => "8.3.1",
        };
        Self {
            distribution: Distribution::Confluent,
            version,
            kafka: format!("confluentinc/cp-kafka:{tag}"),
            connect: format!("confluentinc/cp-kafka-connect:{tag}"),
            schema_registry: format!("confluentinc/cp-schema-registry:{tag}"),
            // There is no 8.x image, because Kafka 4.0 removed ZooKeeper.
            zookeeper: "confluentinc/cp-zookeeper:7.9.6".to_owned(),
            // The version is part of the file's name and differs between releases.
            metrics_agent: Some("/usr/share/java/cp-base-new/jmx_prometheus_javaagent-*.jar".to_owned()),
            rest_client: REST_CLIENT.to_owned(),
        }
    }

    /// The Apache project's image, for brokers and Connect. It has neither a metrics agent nor Avro converters. Apache
    /// publishes no schema registry, so that image is still Confluent's.
    pub fn apache(version: Version) -> Self {
        let tag = match version {
            Version::V3_9 => "3.9.0",
            Version::V4_0 => "4.0.0",
            Version::V4_1 => "4.1.1",
            Version::V4_2 => "4.2.2",
            Version::V4_3 => "4.3.1",
        };
        Self {
            distribution: Distribution::Apache,
            kafka: format!("apache/kafka:{tag}"),
            connect: format!("apache/kafka:{tag}"),
            // The distribution of 3.9 contains ZooKeeper's server too.
            zookeeper: "apache/kafka:3.9.0".to_owned(),
            metrics_agent: None,
            rest_client: REST_CLIENT.to_owned(),
            ..Self::confluent(version)
        }
    }

    /// Another broker image of the same distribution and version, such as one in a mirror or with plugins.
    #[must_use]
    pub fn kafka_image(mut self, image: impl Into<String>) -> Self {
        self.kafka = image.into();
        self
    }

    /// Another Connect image of the same distribution and version, such as one with connectors.
    #[must_use]
    pub fn connect_image(mut self, image: impl Into<String>) -> Self {
        self.connect = image.into();
        self
    }

    /// Another Schema Registry image of the same distribution and version, such as one in a mirror.
    #[must_use]
    pub fn schema_registry_image(mut self, image: impl Into<String>) -> Self {
        self.schema_registry = image.into();
        self
    }

    /// Another ZooKeeper image of the same distribution and version, such as one in a mirror.
    #[must_use]
    pub fn zookeeper_image(mut self, image: impl Into<String>) -> Self {
        self.zookeeper = image.into();
        self
    }

    /// Another image with bash and curl, for Jobs that connect to REST interfaces by https.
    #[must_use]
    pub fn rest_client_image(mut self, image: impl Into<String>) -> Self {
        self.rest_client = image.into();
        self
    }

    /// The path of the JMX Prometheus agent in the images; may be a shell pattern.
    #[must_use]
    pub fn agent(mut self, path: impl Into<String>) -> Self {
        self.metrics_agent = Some(path.into());
        self
    }

    /// Who built the images.
    pub const fn distribution(&self) -> Distribution {
        self.distribution
    }

    /// The Kafka version that they contain.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The image of brokers, controllers and command-line tools.
    pub fn kafka(&self) -> &str {
        &self.kafka
    }

    /// The image of Connect workers.
    pub fn connect(&self) -> &str {
        &self.connect
    }

    /// The image of the Schema Registry.
    pub fn schema_registry(&self) -> &str {
        &self.schema_registry
    }

    /// The image of a ZooKeeper ensemble.
    pub fn zookeeper(&self) -> &str {
        &self.zookeeper
    }

    /// The image of a Job that connects to a REST interface at this address: bash alone does for http, and the brokers' image is on the nodes
    /// already.
    pub(crate) fn of_rest_client(&self, url: &str) -> &str {
        if url.starts_with("https://") {
            &self.rest_client
        } else {
            &self.kafka
        }
    }

    /// The path, or pattern, of the JMX Prometheus agent, if the images contain one.
    pub fn metrics_agent(&self) -> Option<&str> {
        self.metrics_agent.as_deref()
    }

    /// The name and the number of the metrics port, if the images contain an agent.
    pub fn metrics_port(&self) -> Option<(&'static str, u16)> {
        self.metrics_agent.as_ref().map(|_| (METRICS_PORT_NAME, METRICS_PORT))
    }

    /// The name of a Kafka tool in the image: `kafka-storage` or `/opt/kafka/bin/kafka-storage.sh`.
    pub fn command(&self, tool: &str) -> String {
        match self.distribution {
            Distribution::Confluent => tool.to_owned(),
            Distribution::Apache => format!("/opt/kafka/bin/{tool}.sh"),
        }
    }
}
