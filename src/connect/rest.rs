//! How the workers' REST interface is served: open, or by https and with a password.

use k8s_openapi::api::core::v1::Probe;

use super::{Connect, ConnectHandle, HTTP};
use crate::{
    context::Context,
    handbook,
    observability::Alert,
    security::{Certificate, RestClient, RestServer},
    settings::Settings,
    workload::{CONFIG_DIRECTORY, Mount, http_probe},
};

/// The name of the port where it is closed.
const HTTPS: &str = "https";
/// The port of the loopback by which a pod asks itself.
const LOOPBACK: u16 = 8084;
/// The file that says how a user is recognized.
const LOGIN_MODULE: &str = "rest.jaas";

impl Connect {
    fn server(&self) -> Option<RestServer<'_>> {
        Some(self.rest.as_ref()?.server(&self.meta.name))
    }

    /// The port, and its name.
    pub(super) const fn port(&self) -> (&'static str, u16) {
        if self.rest.is_some() { (HTTPS, HTTP.1) } else { HTTP }
    }

    /// The address for clients.
    pub(super) fn url(&self, context: &Context) -> String {
        let (scheme, port) = self.port();
        format!("{scheme}://{}:{port}", context.service_address(&self.meta.name))
    }

    /// Only the pod itself reaches its loopback.
    pub(super) fn listeners(&self) -> String {
        let (scheme, port) = self.port();
        let own = format!("{scheme}://0.0.0.0:{port}");
        match &self.rest {
            None => own,
            Some(_) => format!("{own},http://127.0.0.1:{LOOPBACK}"),
        }
    }

    /// Where workers ask each other. By TLS it is a name: Jetty refuses a request whose host is not one of the certificate, with status 400 and
    /// `Invalid SNI`, and the address of a pod is not known before (seen with Kafka 4.3.1 and Jetty 12.0.34).
    pub(super) fn advertised(&self, context: &Context) -> String {
        match &self.rest {
            None => context.ip_family.host("${env:POD_IP}"),
            Some(_) => context.pod_address("${env:POD_DNS_LABEL}"),
        }
    }

    /// TLS from PKCS#12: Jetty knows no PEM (`KeyStoreException: PEM not found`, seen with Kafka 4.3.1).
    pub(super) fn own_rest(&self, settings: &mut Settings) {
        const REST: &str = "use `.rest(…)`";
        let Some(server) = self.server() else { return };
        settings
            .resolve_directories()
            .own("rest.advertised.listener", "https".to_owned(), REST);
        for store in ["keystore", "truststore"] {
            let password = server.keystore_password();
            settings
                .own(format!("listeners.https.ssl.{store}.type"), "PKCS12".to_owned(), REST)
                .own(
                    format!("listeners.https.ssl.{store}.location"),
                    server.file(&format!("{store}.p12")),
                    REST,
                )
                .own(format!("listeners.https.ssl.{store}.password"), password, REST);
        }
        if server.is_basic() {
            let extension = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
            settings.own("rest.extension.classes", extension.to_owned(), REST);
        }
    }

    /// The folders that settings refer to.
    pub(super) fn rest_directories(&self) -> impl Iterator<Item = String> {
        let own = self.server().map(|server| server.client.directory());
        let registry = self.registry.as_ref().and_then(|registry| registry.rest());
        own.into_iter().chain(registry.map(RestClient::directory))
    }

    /// What converters are told of a registry that is closed.
    pub(super) fn registry_login(&self) -> Vec<(&'static str, String)> {
        let registry = self.registry.as_ref().and_then(|registry| registry.rest());
        registry.map_or_else(Vec::new, RestClient::of_serializers)
    }

    pub(super) fn rest_mounts(&self) -> impl Iterator<Item = Mount> {
        let own = self.server().map(|server| server.mount(true));
        let registry = self.registry.as_ref().and_then(|registry| registry.rest());
        own.into_iter().chain(registry.map(RestClient::mount))
    }

    /// The files of the `ConfigMap`.
    pub(super) fn rest_files(&self) -> Vec<(&'static str, String)> {
        let Some(server) = self.server() else { return Vec::new() };
        let login = server.is_basic().then(|| {
            let module = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";
            let file = server.users_file();
            (
                LOGIN_MODULE,
                format!("KafkaConnect {{\n  {module} required file=\"{file}\";\n}};\n"),
            )
        });
        std::iter::once(server.ask(LOOPBACK)).chain(login).collect()
    }

    /// Where the JVM finds the module that knows the password.
    pub(super) fn login_option(&self) -> Option<String> {
        self.server()
            .filter(RestServer::is_basic)
            .map(|_| format!("-Djava.security.auth.login.config={CONFIG_DIRECTORY}/{LOGIN_MODULE}"))
    }

    /// Whether a worker can handle requests. The kubelet has no password.
    pub(super) fn health(&self) -> Probe {
        match &self.rest {
            None => http_probe("/health", HTTP.0),
            Some(_) => RestServer::probe("/health"),
        }
    }

    /// The names that clients and the other workers dial.
    pub(super) fn rest_certificate(&self, context: &Context) -> Option<Certificate> {
        let names = vec![context.service_address(&self.meta.name), context.pod_address("*")];
        self.server()?.certificate(context, &self.labels(), names, true)
    }
}

/// An alert whose runbook asks the workers in their pods: their interface is closed, and its certificate has no name for a forwarded port.
pub(super) fn of_closed(mut alert: Alert) -> Alert {
    if let Some(page) = &mut alert.runbook {
        page.commands(|text| {
            RestServer::in_a_pod(text, HTTP.1).replace(
                "`kubectl -n {ns} port-forward service/{job} 8083`, and in another terminal \
                 `curl -X POST 'localhost:8083/connectors/NAME/restart?includeTasks=true&onlyFailed=true'`",
                &format!(
                    "`{} POST`",
                    RestServer::asked(
                        "{ns}",
                        "{job}",
                        "/connectors/NAME/restart?includeTasks=true&onlyFailed=true"
                    )
                ),
            )
        });
    }
    alert
}

impl ConnectHandle {
    /// The commands of a person who asks it.
    pub(crate) fn asked(&self, namespace: &str, path: &str) -> Vec<String> {
        match self.rest() {
            None => handbook::asked(namespace, self.name(), HTTP.1, path).into(),
            Some(_) => vec![RestServer::asked(namespace, self.name(), path)],
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Construct, Issuer, KafkaCluster, Rest, Runbook, SchemaRegistry, Stack, Version};

    fn closed() -> Connect {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        Connect::new("pipes", &kafka).rest(Rest::tls(Issuer::cluster("internal-ca")).basic_authentication())
    }

    #[test]
    fn a_closed_interface_has_names_for_its_workers_and_no_password_in_its_settings() {
        let stack = Stack::new("test", "streams");
        let settings = closed().all_settings(stack.context()).properties().to_text();
        let own = |line: &&str| {
            ["listeners", "rest.", "config.providers"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let own: Vec<&str> = settings.lines().filter(own).collect();
        assert_snapshot!(own.join("\n"), @"
        config.providers=dir,env
        config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
        config.providers.dir.param.allowed.paths=/etc/kafka-rest/pipes
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        listeners=https://0.0.0.0:8083,http://127.0.0.1:8084
        listeners.https.ssl.keystore.location=/etc/kafka-rest/pipes/keystore.p12
        listeners.https.ssl.keystore.password=${dir:/etc/kafka-rest/pipes:keystore-password}
        listeners.https.ssl.keystore.type=PKCS12
        listeners.https.ssl.truststore.location=/etc/kafka-rest/pipes/truststore.p12
        listeners.https.ssl.truststore.password=${dir:/etc/kafka-rest/pipes:keystore-password}
        listeners.https.ssl.truststore.type=PKCS12
        rest.advertised.host.name=${env:POD_DNS_LABEL}.streams.pod.cluster.local
        rest.advertised.listener=https
        rest.advertised.port=8083
        rest.extension.classes=org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension
        ");
        let files = closed().rest_files();
        let login = files.iter().find(|(name, _)| *name == LOGIN_MODULE);
        assert_snapshot!(login.unwrap().1, @r#"
        KafkaConnect {
          org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required file="/etc/kafka-rest/pipes/users.properties";
        };
        "#);
        let script = &files[0].1;
        assert!(
            script.contains("\nexec {connection}<>/dev/tcp/127.0.0.1/8084\n"),
            "{script}"
        );
        assert!(
            script.contains("platform \"$(</etc/kafka-rest/pipes/password)\" | base64 -w0"),
            "{script}"
        );
        let certificate = closed().rest_certificate(stack.context()).unwrap();
        assert_eq!(
            (
                certificate.spec.secret_name.as_str(),
                certificate.spec.dns_names.join(" ")
            ),
            (
                "pipes-rest-tls",
                "pipes.streams.svc.cluster.local *.streams.pod.cluster.local".to_owned()
            )
        );
        assert_eq!(
            certificate.spec.usages,
            ["digital signature", "server auth"],
            "it is no one to the brokers"
        );
        let store = &certificate.spec.keystores.unwrap().pkcs12;
        assert_eq!(
            (
                store.password_secret_ref.name.as_str(),
                store.password_secret_ref.key.as_str()
            ),
            ("pipes-rest", "keystore-password")
        );
    }

    #[test]
    fn without_a_password_a_pod_shows_none() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        let encrypted = Connect::new("pipes", &kafka).rest(Rest::tls(Issuer::existing_secrets()));
        let files = encrypted.rest_files();
        assert!(files.len() == 1 && !files[0].1.contains("Authorization"), "{files:?}");
        assert_eq!(encrypted.login_option(), None);
        assert_eq!(
            encrypted.rest_certificate(Stack::new("test", "streams").context()),
            None
        );
    }

    #[test]
    fn runbooks_of_a_closed_interface_forward_no_port() {
        let connect = closed().handle(Stack::new("test", "streams").context());
        let mut asked = 0;
        for row in super::super::alerts::ALL {
            let page = Runbook::of(&row.page);
            let mut alert = Alert::new(row.name, "up == 0").runbook(page);
            alert = of_closed(alert);
            let page = alert.runbook.unwrap();
            let all: Vec<&str> = page
                .steps
                .iter()
                .map(|(_, command)| &**command)
                .chain([&*page.fix])
                .collect();
            let all = all.join("\n");
            assert!(
                !all.contains("port-forward") && !all.contains("localhost") && !all.contains("kill %1"),
                "{all}"
            );
            asked += all.matches("bash /etc/kafka-stacks/ask.sh '/connectors").count();
        }
        assert!(asked >= 4, "{asked}");
        assert_eq!(
            connect.asked("streams", "/connectors"),
            ["kubectl -n streams exec deployment/pipes -- bash /etc/kafka-stacks/ask.sh '/connectors'"]
        );
    }

    #[test]
    fn converters_get_into_a_closed_registry() {
        let stack = Stack::new("test", "streams");
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        let registry = SchemaRegistry::new("schemas", &kafka)
            .rest(Rest::tls(Issuer::cluster("internal-ca")).basic_authentication());
        let connect = Connect::new("pipes", &kafka).avro(&registry.handle(stack.context()));
        let settings = connect.all_settings(stack.context()).properties().to_text();
        let own: Vec<&str> = settings
            .lines()
            .filter(|line| line.starts_with("value.") || line.contains("allowed"))
            .collect();
        assert_snapshot!(own.join("\n"), @"
        config.providers.dir.param.allowed.paths=/etc/kafka-rest/schemas
        value.converter=io.confluent.connect.avro.AvroConverter
        value.converter.basic.auth.credentials.source=USER_INFO
        value.converter.basic.auth.user.info=platform:${dir:/etc/kafka-rest/schemas:password}
        value.converter.schema.registry.ssl.truststore.location=/etc/kafka-rest/schemas/ca.crt
        value.converter.schema.registry.ssl.truststore.type=PEM
        value.converter.schema.registry.url=https://schemas.streams.svc.cluster.local:8081
        ");
    }

    #[test]
    fn workers_need_the_secrets_of_a_closed_registry_for_the_converter_of_a_connector() {
        use crate::prelude::{
            Cleanup, Connector, ConnectorClass, Connectors, Converter, Plugin, Severity, Topic, Topics, Units, synth,
        };
        let errors = |workers_have_it: bool| {
            let mut stack = Stack::new("test", "streams");
            let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
            let topics = Topics::new("topics", &kafka).topic(Topic::new("calls", 1, Cleanup::delete_after(7.days())));
            let calls = stack.add(topics).topic("calls");
            let rest = Rest::tls(Issuer::cluster("internal-ca")).basic_authentication();
            let registry = stack.add(SchemaRegistry::new("schemas", &kafka).rest(rest));
            let mut connect = Connect::new("pipes", &kafka).plugin(Plugin::built_in("example", ["com.example.Source"]));
            if workers_have_it {
                connect = connect.avro(&registry);
            }
            let connect = stack.add(connect);
            let source = Connector::new("source", ConnectorClass::source("com.example.Source"))
                .writes([&calls])
                .key_converter(Converter::avro(&registry))
                .value_converter(Converter::avro(&registry));
            stack.add(Connectors::new("connectors", &connect).connector(source));
            let found = synth(&stack).findings;
            let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
            let errors: Vec<String> = errors
                .map(|finding| format!("{} {}", finding.rule.id, finding.message))
                .collect();
            errors
        };
        assert_eq!(errors(true), Vec::<String>::new());
        assert_eq!(
            errors(false),
            ["KS-N17 registry `schemas` is closed, and the workers of `pipes` do not have its Secrets"]
        );
    }
}
