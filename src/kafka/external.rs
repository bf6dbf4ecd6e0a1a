//! How clients connect to a cluster that someone else runs.

use super::oauth::TokenEndpoint;

/// The mechanism of users with passwords.
pub(super) const SCRAM: &str = "SCRAM-SHA-512";
/// The class behind it.
pub(super) const SCRAM_MODULE: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";

/// How clients connect to an [external cluster](super::KafkaCluster::external_secured): always by TLS, and with what they show.
///
/// Each part of the stack that connects has a Secret of its own, which the stack names and someone else writes: `<cluster>-admin` for the
/// Jobs, `<cluster>-exporter`, and `<name>-kafka` for an application, workers or a registry of this name.
///
/// ```
/// use kafka_stacks::{kafka::Identity, prelude::*};
///
/// let kafka = KafkaCluster::external_secured(
///     "events",
///     Version::V4_2,
///     "b-1.example.com:9096,b-2.example.com:9096",
///     ExternalSecurity::scram(Trust::PublicAuthorities),
/// );
/// assert_eq!(kafka.secret(Identity::Application("billing")).unwrap(), "billing-kafka");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ExternalSecurity {
    shown: Shown,
    trust: Trust,
}

/// Whose signature on the brokers' certificates clients take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// That of `ca.crt` in the Secret of each client.
    Secret,
    /// That of the authorities that the client's image trusts, for brokers with certificates of a public authority, as clouds have them.
    PublicAuthorities,
}

/// What clients show to the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    Certificate,
    Password(Mechanism),
    Token(TokenEndpoint),
}

/// How a password is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Scram,
    Plain,
}

impl ExternalSecurity {
    /// Clients show a name and a password by SCRAM-SHA-512, as in Amazon MSK: the keys `username` and `password` of their Secrets.
    pub const fn scram(trust: Trust) -> Self {
        Self::new(Shown::Password(Mechanism::Scram), trust)
    }

    /// Clients show a name and a password as they are, inside of TLS, as in Confluent Cloud (an API key and its secret) and Azure Event
    /// Hubs (`$ConnectionString` and the connection string): the keys `username` and `password` of their Secrets.
    pub const fn plain(trust: Trust) -> Self {
        Self::new(Shown::Password(Mechanism::Plain), trust)
    }

    /// Clients show a token, by OAUTHBEARER, which they get for the id and the secret of a client: the keys `client-id` and
    /// `client-secret` of their Secrets. `kafka_exporter` 1.9 and kminion get no tokens.
    pub const fn oauth(tokens: TokenEndpoint, trust: Trust) -> Self {
        Self::new(Shown::Token(tokens), trust)
    }

    /// Clients show a certificate: the keys `tls.crt` and `tls.key` of their Secrets, the key in PKCS#8.
    pub const fn mutual_tls(trust: Trust) -> Self {
        Self::new(Shown::Certificate, trust)
    }

    /// Clients show nothing: who reaches the brokers is let in. The connection is encrypted.
    pub const fn tls(trust: Trust) -> Self {
        Self::new(Shown::Nothing, trust)
    }

    const fn new(shown: Shown, trust: Trust) -> Self {
        Self { shown, trust }
    }

    pub(super) const fn trust(&self) -> Trust {
        self.trust
    }

    pub(super) const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Where its clients get tokens, if they show one.
    pub(super) const fn tokens(&self) -> Option<&TokenEndpoint> {
        match &self.shown {
            Shown::Token(tokens) => Some(tokens),
            _ => None,
        }
    }

    /// What a client of which nothing is known lacks; nothing if it is let in without a Secret.
    pub(super) const fn lacking(&self) -> Option<&'static str> {
        match (&self.shown, self.trust) {
            (Shown::Nothing, Trust::PublicAuthorities) => None,
            (Shown::Nothing, Trust::Secret) => Some("its clients trust `ca.crt` of a Secret"),
            (Shown::Certificate, _) => Some("its clients show a certificate"),
            (Shown::Password(_), _) => Some("its clients show a name and a password"),
            (Shown::Token(_), _) => Some("its clients show a token"),
        }
    }
}

impl Mechanism {
    /// What Kafka calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Scram => SCRAM,
            Self::Plain => "PLAIN",
        }
    }

    /// The class of a client.
    pub(super) const fn module(self) -> &'static str {
        match self {
            Self::Scram => SCRAM_MODULE,
            Self::Plain => "org.apache.kafka.common.security.plain.PlainLoginModule",
        }
    }

    /// What `kafka_exporter` calls it.
    pub(super) const fn of_exporter(self) -> &'static str {
        match self {
            Self::Scram => "scram-sha512",
            Self::Plain => "plain",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        kafka::{ClientRole, Identity},
        prelude::*,
    };

    type Case = (&'static str, fn(Trust) -> ExternalSecurity);

    const MECHANISMS: [Case; 4] = [
        ("scram", ExternalSecurity::scram),
        ("plain", ExternalSecurity::plain),
        ("mutual tls", ExternalSecurity::mutual_tls),
        ("tls", ExternalSecurity::tls),
    ];

    fn tokens() -> TokenEndpoint {
        TokenEndpoint::new("https://id.example.com/token")
    }

    fn cluster(security: ExternalSecurity) -> KafkaHandle {
        KafkaCluster::external_secured(
            "events",
            Version::V4_2,
            "b-1.example.com:9096,b-2.example.com:9096",
            security,
        )
    }

    /// Each part of a stack that connects.
    fn stack(security: ExternalSecurity) -> Stack {
        let kafka = cluster(security);
        let (mut stack, topics, billing, connect, registry) = clients(&kafka);
        let monitoring = Monitoring::new("monitoring", &kafka).brokers(3);
        stack.add(
            monitoring
                .watch(&topics)
                .watch(&billing)
                .watch(&connect)
                .watch(&registry),
        );
        stack
    }

    /// The same without the monitoring.
    fn clients(
        kafka: &KafkaHandle,
    ) -> (
        Stack,
        TopicsHandle,
        ApplicationHandle,
        ConnectHandle,
        SchemaRegistryHandle,
    ) {
        let mut stack = Stack::new("test", "streams");
        let topic = Topic::new("orders", 12, Cleanup::delete_after(7.days()));
        let topics = stack.add(Topics::new("topics", kafka).topic(topic));
        let billing = stack.add(
            Application::new("billing", kafka)
                .pods([("app", "billing")])
                .consumes(&topics.topic("orders"), Group::named("billing")),
        );
        stack.add(
            Application::new("shop", kafka)
                .pods([("app", "shop")])
                .produces(&topics.topic("orders")),
        );
        let registry = stack.add(SchemaRegistry::new("registry", kafka));
        let apicurio = RegistryImplementation::Apicurio;
        stack.add(SchemaRegistry::new("apicurio", kafka).implementation(apicurio));
        let connect = stack.add(Connect::new("workers", kafka).avro(&registry));
        (stack, topics, billing, connect, registry)
    }

    fn rendered(security: ExternalSecurity) -> Manifests {
        without_problems(&stack(security))
    }

    /// The manifests of a stack about which nothing is found but notes.
    pub(in crate::kafka) fn without_problems(stack: &Stack) -> Manifests {
        let synthesis = synth(stack);
        let problems: Vec<String> = synthesis
            .findings
            .iter()
            .filter(|finding| matches!(finding.severity, Severity::Error | Severity::Warning))
            .map(|finding| format!("{} {}", finding.rule.id, finding.message))
            .collect();
        assert_eq!(problems, Vec::<String>::new());
        synthesis.manifests.unwrap()
    }

    #[test]
    fn a_client_shows_what_the_cluster_asks_for_and_trusts_whom_it_is_told() {
        let mut all = String::new();
        for (name, security) in MECHANISMS {
            for trust in [Trust::Secret, Trust::PublicAuthorities] {
                let settings = cluster(security(trust)).client_settings(Identity::Application("billing"));
                all += &format!("{name}, {trust:?}\n");
                for (key, value) in settings.properties(ClientRole::Application) {
                    all += &format!("  {key}={value}\n");
                }
                all += &format!("  exporter: {}\n", settings.exporter_flags().join(" "));
            }
        }
        assert_snapshot!(all);
    }

    #[test]
    fn each_part_that_connects_has_a_secret_of_its_own() {
        for (name, security) in MECHANISMS {
            for trust in [Trust::Secret, Trust::PublicAuthorities] {
                let manifests = rendered(security(trust));
                let has_secret = (name, trust) != ("tls", Trust::PublicAuthorities);
                for (pods, secret) in [
                    ("topics/job-topics.yaml", "events-admin"),
                    ("topics/cronjob-topics.yaml", "events-admin"),
                    ("monitoring/deployment-events-exporter.yaml", "events-exporter"),
                    ("workers/deployment-workers.yaml", "workers-kafka"),
                    ("registry/deployment-registry.yaml", "registry-kafka"),
                    ("apicurio/deployment-apicurio.yaml", "apicurio-kafka"),
                ] {
                    let text = manifests.get(pods).unwrap();
                    let named = text.contains(&format!("secretName: {secret}\n"));
                    assert_eq!(named, has_secret, "{name}, {trust:?}: {pods}");
                }
                for (file, protocol) in [
                    ("topics/configmap-topics.yaml", "security.protocol=S"),
                    ("billing/configmap-billing-kafka.yaml", "security.protocol=S"),
                    ("workers/configmap-workers.yaml", "producer.security.protocol=S"),
                    ("registry/configmap-registry.yaml", "kafkastore.security.protocol=S"),
                    (
                        "apicurio/configmap-apicurio.yaml",
                        "apicurio.kafka.common.security.protocol=S",
                    ),
                ] {
                    let text = manifests.get(file).unwrap();
                    assert!(text.contains(protocol), "{name}, {trust:?}: {file}");
                    assert!(
                        has_secret || !text.contains("/etc/kafka-identity"),
                        "{name}, {trust:?}: {file}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_argument_has_the_password_of_the_exporter() {
        let manifests = rendered(ExternalSecurity::plain(Trust::PublicAuthorities));
        let deployment = manifests.get("monitoring/deployment-events-exporter.yaml").unwrap();
        let container = deployment.split("- name: kafka-exporter\n").nth(1).unwrap();
        let container = container.split("livenessProbe").next().unwrap();
        assert_snapshot!(container);
        assert!(!deployment.contains("--sasl.password"));
    }

    #[test]
    fn commands_of_runbooks_have_the_file_of_the_administrator() {
        let secured = ExternalSecurity::scram(Trust::Secret);
        let servers = "b-1.example.com:9096,b-2.example.com:9096";
        assert_eq!(
            cluster(secured.clone()).tool_arguments(),
            format!("{servers} --command-config client.properties")
        );
        let manifests = rendered(secured);
        let file = manifests.get("topics/configmap-topics.yaml").unwrap();
        assert!(file.contains("  client.properties: |\n"), "{file}");
        let commands = manifests
            .iter()
            .filter(|(path, _)| path.starts_with("runbooks/"))
            .flat_map(|(_, text)| text.lines())
            .filter(|line| line.contains("b-1.example.com"));
        let mut seen = 0;
        for command in commands {
            let is_command = command.contains("--bootstrap-server");
            seen += usize::from(is_command);
            assert_eq!(command.contains("-config client.properties"), is_command, "{command}");
        }
        assert!(seen > 0);
    }

    #[test]
    fn clients_of_which_nothing_is_known_are_let_in_where_nothing_is_shown() {
        let mut found = String::new();
        for (name, security) in MECHANISMS {
            for trust in [Trust::Secret, Trust::PublicAuthorities] {
                let mut stack = Stack::new("test", "streams");
                let clients = Clients::new("clients", &cluster(security(trust))).producer(Producer::idempotent("p"));
                stack.add(clients);
                for finding in &synth(&stack).findings {
                    found += &format!("{name}, {trust:?}: {} {}\n", finding.rule.id, finding.message);
                }
            }
        }
        assert_snapshot!(found);
    }

    #[test]
    fn permissions_in_a_cluster_that_someone_else_runs_are_refused() {
        let mut stack = Stack::new("test", "streams");
        stack.add(Permissions::new(
            "permissions",
            &cluster(ExternalSecurity::scram(Trust::PublicAuthorities)),
        ));
        let findings = synth(&stack).findings;
        let of_stack: Vec<String> = findings
            .iter()
            .filter(|finding| finding.rule.id == "KS-X05")
            .map(|finding| finding.message.clone())
            .collect();
        assert_eq!(
            of_stack,
            ["`events` is external: who runs it makes its users and gives them permissions"]
        );
    }

    #[test]
    fn clients_get_tokens_with_what_their_secrets_have() {
        let tokens = tokens()
            .scope("kafka")
            .principal_claim("azp")
            .extension("logicalCluster", "lkc-1")
            .authority("identity-provider");
        let kafka = cluster(ExternalSecurity::oauth(tokens, Trust::PublicAuthorities));
        let manifests = without_problems(&clients(&kafka).0);
        let file = manifests.get("topics/configmap-topics.yaml").unwrap();
        let file = file.split("client.properties: |\n").nth(1).unwrap();
        let file: Vec<&str> = file
            .lines()
            .take_while(|line| line.starts_with("    "))
            .map(str::trim)
            .collect();
        assert_snapshot!(file.join("\n"));
        let option = "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=https://id.example.com/token";
        for (path, secret) in [
            ("topics/job-topics.yaml", "events-admin"),
            ("topics/cronjob-topics.yaml", "events-admin"),
            ("workers/deployment-workers.yaml", "workers-kafka"),
            ("registry/deployment-registry.yaml", "registry-kafka"),
            ("apicurio/deployment-apicurio.yaml", "apicurio-kafka"),
        ] {
            let text = manifests.get(path).unwrap();
            assert!(text.contains(&format!("secretName: {secret}\n")), "{path}");
            assert!(text.contains("secretName: identity-provider\n"), "{path}");
            assert!(text.contains("mountPath: /etc/kafka-identity-provider\n"), "{path}");
            assert!(text.contains(option), "{path}");
        }
        for (path, line) in [
            ("workers/configmap-workers.yaml", "producer.sasl.mechanism=OAUTHBEARER"),
            (
                "registry/configmap-registry.yaml",
                "kafkastore.sasl.mechanism=OAUTHBEARER",
            ),
            (
                "apicurio/configmap-apicurio.yaml",
                "apicurio.kafka.common.sasl.mechanism=OAUTHBEARER",
            ),
            ("billing/configmap-billing-kafka.yaml", "sasl.mechanism=OAUTHBEARER"),
        ] {
            assert!(manifests.get(path).unwrap().contains(line), "{path}");
        }
    }

    #[test]
    fn what_gets_no_tokens_is_refused() {
        let kafka = cluster(ExternalSecurity::oauth(tokens(), Trust::Secret));
        let mut stack = Stack::new("test", "streams");
        stack.add(Monitoring::new("monitoring", &kafka).brokers(3));
        stack.add(Probe::new("probe", &kafka));
        stack.add(Clients::new("clients", &kafka).producer(Producer::idempotent("p")));
        let findings = synth(&stack).findings;
        let of_rule = findings.iter().filter(|finding| finding.rule.id == "KS-X03");
        let messages: Vec<&str> = of_rule.map(|finding| finding.message.as_str()).collect();
        assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn what_cannot_be_asked_for_tokens_is_refused_at_its_line() {
        let bad = TokenEndpoint::new("http://id.example.com/token")
            .scope("a  b")
            .principal_claim("a b")
            .extension("logical-cluster", "lkc-1")
            .extension("auth", "x")
            .extension("auth", "x")
            .authority("A");
        let kafka = cluster(ExternalSecurity::oauth(bad, Trust::Secret));
        let mut stack = Stack::new("test", "streams");
        for name in ["topics", "more"] {
            stack.add(Topics::new(name, &kafka).topic(Topic::new(name, 12, Cleanup::delete_after(7.days()))));
        }
        let findings = synth(&stack).findings;
        let found: Vec<String> = findings
            .iter()
            .map(|finding| format!("{} {}\n  {}", finding.rule.id, finding.message, finding.hint))
            .collect();
        assert_snapshot!(found.join("\n"));
    }
}
