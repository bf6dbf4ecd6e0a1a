//! How a REST interface is closed, and how a client of it gets in.

use k8s_openapi::api::core::v1::{
    EnvVar, KeyToPath, Probe, ProjectedVolumeSource, SecretProjection, Volume, VolumeProjection,
};

use super::{
    certificate::{Certificate, Keystores, SecretKeyRef},
    issuer::{Issuer, Request},
};
use crate::{
    construct::Check,
    context::Context,
    workload::{CONFIG_DIRECTORY, Labels, Mount, env, exec_probe},
};

/// How the REST interface of Connect or of a registry is closed: by TLS, and by a name and a password if it is said. There is no password
/// without TLS.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let encrypted = Rest::tls(Issuer::in_namespace("kafka-ca"));
/// let closed = Rest::tls(Issuer::in_namespace("kafka-ca")).basic_authentication();
/// # let _ = (encrypted, closed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rest {
    issuer: Issuer,
    basic: bool,
}

/// The name of the user by whom the stack's own Jobs, converters and probes get in.
const USER: &str = "platform";
/// The key of the Secret with the password of that user.
const PASSWORD: &str = "password";
/// The key of the Secret with the password of the key stores.
const KEYSTORE_PASSWORD: &str = "keystore-password";
/// The key of the Secret with all users, of Connect and of Confluent's registry.
const USERS: &str = "users.properties";
/// Who signed the certificate.
const AUTHORITY: &str = "ca.crt";

/// The script by which a pod asks itself.
pub(crate) const ASK: &str = "ask.sh";

/// Where the files of REST interfaces are mounted, a folder each.
const DIRECTORY: &str = "/etc/kafka-rest";

impl Rest {
    /// Clients connect by https alone, and the interface has a certificate of this issuer.
    pub const fn tls(issuer: Issuer) -> Self {
        Self { issuer, basic: false }
    }

    /// Clients show a name and a password too, by basic authentication. The stack's own are the user `platform`, applications with
    /// [`avro`](crate::application::Application::avro) among them: each of them may do everything.
    pub const fn basic_authentication(mut self) -> Self {
        self.basic = true;
        self
    }

    /// Reports what cannot be its issuer.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        self.issuer.check(check);
    }

    /// How the interface of the construct with this name is served.
    pub(crate) fn server(&self, name: &str) -> RestServer<'_> {
        RestServer {
            rest: self,
            client: self.client(name),
        }
    }

    /// How clients get into the interface of the construct with this name.
    pub(crate) fn client(&self, name: &str) -> RestClient {
        RestClient {
            name: name.to_owned(),
            basic: self.basic,
            issuer: self.issuer.name().map(str::to_owned),
        }
    }
}

/// The server's side of an interface.
pub(crate) struct RestServer<'a> {
    rest: &'a Rest,
    /// The files of a server are at the path of those of its clients, and among them.
    pub(crate) client: RestClient,
}

impl RestServer<'_> {
    /// Whether clients show a password.
    pub(crate) const fn is_basic(&self) -> bool {
        self.rest.basic
    }

    /// The path of one of its files.
    pub(crate) fn file(&self, name: &str) -> String {
        self.client.file(name)
    }

    /// The script by which the pod asks itself, at this port of its loopback: a probe cannot have a password in a manifest, and a certificate
    /// has no name for the pod's own address.
    pub(crate) fn ask(&self, port: u16) -> (&'static str, String) {
        let login = self.client.login().map_or_else(
            || ":".to_owned(),
            |(user, password)| {
                let pair = format!(r#"printf '%s:%s' {user} "$(<{password})" | base64 -w0"#);
                format!(r#"printf 'Authorization: Basic %s\r\n' "$({pair})""#)
            },
        );
        let script = include_str!("ask.sh");
        let script = script.replace("/PORT\n", &format!("/{port}\n"));
        (ASK, script.replace("  LOGIN\n", &format!("  {login}\n")))
    }

    /// The probe that asks for a path with this script.
    pub(crate) fn probe(path: &str) -> Probe {
        exec_probe(["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{ASK}"), path.to_owned()])
    }

    /// What a person runs to ask for a path with this script, in one of the pods of a Deployment.
    pub(crate) fn asked(namespace: &str, deployment: &str, path: &str) -> String {
        format!("kubectl -n {namespace} exec deployment/{deployment} -- bash {CONFIG_DIRECTORY}/{ASK} '{path}'")
    }

    /// A command of a runbook that forwards a port and asks there, as one that asks in a pod.
    pub(crate) fn in_a_pod(text: &str, port: u16) -> String {
        let forwarded = format!(
            "kubectl -n {{ns}} port-forward service/{{job}} {port} &\ncurl -s --retry 5 --retry-connrefused localhost:{port}"
        );
        let quoted = forwarded.replace("localhost:", "'localhost:");
        let ask = format!("kubectl -n {{ns}} exec deployment/{{job}} -- bash {CONFIG_DIRECTORY}/{ASK} ");
        let asked = text.replace(&quoted, &format!("{ask}'")).replace(&forwarded, &ask);
        if asked == text {
            asked
        } else {
            asked.replace("\nkill %1", "")
        }
    }

    /// All users, of Connect and of Confluent's registry.
    pub(crate) fn users_file(&self) -> String {
        self.file(USERS)
    }

    /// A reference to the password of the key stores, as the config provider of folders resolves it.
    pub(crate) fn keystore_password(&self) -> String {
        format!("${{dir:{}:{KEYSTORE_PASSWORD}}}", self.client.directory())
    }

    /// The Secret with the password, and the key.
    pub(crate) fn password(&self) -> (String, &'static str) {
        (self.client.secret(), PASSWORD)
    }

    /// The Secrets of the server, in one folder. `further` is whether it reads more than the certificate from them: a password of key stores,
    /// or the users.
    pub(crate) fn mount(&self, further: bool) -> Mount {
        let sources = [Some(self.client.certificate()), further.then(|| self.client.secret())];
        let sources = sources.into_iter().flatten().map(|name| projected(name, &[])).collect();
        self.client.folder(sources)
    }

    /// What makes cert-manager write the Secret of the certificate; none where something else does. `names` are those that clients dial.
    /// `stores` is whether the server reads PKCS#12 and not PEM.
    pub(crate) fn certificate(
        &self,
        context: &Context,
        labels: &Labels,
        names: Vec<String>,
        stores: bool,
    ) -> Option<Certificate> {
        let wanted = Request {
            secret: self.client.certificate(),
            common_name: self.client.name.clone(),
            organization: None,
            dns_names: names,
            combined: false,
        };
        let mut certificate = self.rest.issuer.certificate(context, labels, wanted)?;
        certificate.spec.keystores = stores.then(|| {
            Keystores::pkcs12(SecretKeyRef {
                name: self.client.secret(),
                key: KEYSTORE_PASSWORD.to_owned(),
            })
        });
        Some(certificate)
    }
}

/// How a client gets into a REST interface that is closed. Its files are mounted, and named in settings; no setting has a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestClient {
    /// The construct's.
    name: String,
    basic: bool,
    /// The name of cert-manager's issuer of its certificate; none where something else writes the Secret.
    issuer: Option<String>,
}

impl RestClient {
    /// The name of the construct that it gets into.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The Secret with passwords.
    fn secret(&self) -> String {
        format!("{}-rest", self.name)
    }

    /// The Secret with the certificate.
    fn certificate(&self) -> String {
        format!("{}-rest-tls", self.name)
    }

    /// Its certificate and the name of the issuer, where cert-manager issues it.
    pub(crate) fn issued(&self) -> Option<(String, &str)> {
        Some((self.certificate(), self.issuer.as_deref()?))
    }

    /// The folder with its files.
    pub(crate) fn directory(&self) -> String {
        format!("{DIRECTORY}/{}", self.name)
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.directory())
    }

    fn folder(&self, sources: Vec<VolumeProjection>) -> Mount {
        let volume = Volume {
            name: format!("{}-rest", self.name),
            projected: Some(ProjectedVolumeSource {
                sources: Some(sources),
                ..ProjectedVolumeSource::default()
            }),
            ..Volume::default()
        };
        Mount::volume(volume, self.directory())
    }

    /// What a client needs of the Secrets: neither the key of the server, nor the passwords of other users.
    pub(crate) fn mount(&self) -> Mount {
        let password = self.basic.then(|| projected(self.secret(), &[PASSWORD]));
        let authority = projected(self.certificate(), &[AUTHORITY]);
        self.folder(std::iter::once(authority).chain(password).collect())
    }

    /// The user, and the file with the password, if the interface asks for them.
    pub(crate) fn login(&self) -> Option<(&'static str, String)> {
        self.basic.then(|| (USER, self.file(PASSWORD)))
    }

    /// What a person runs to ask for a path from outside of the cluster's network: the Secrets are read by who may read them, and no argument has
    /// the password.
    pub(crate) fn asked(&self, namespace: &str, host: &str, port: u16, path: &str) -> Vec<String> {
        let read = |secret: String, key: &str| {
            let key = key.replace('.', "\\.");
            format!("kubectl -n {namespace} get secret {secret} -o jsonpath='{{.data.{key}}}' | base64 -d")
        };
        let login = self.login().map(|(user, _)| {
            let password = read(self.secret(), PASSWORD);
            format!(" --config <(printf 'user = \"{user}:%s\"' \"$({password})\")")
        });
        vec![
            format!("kubectl -n {namespace} port-forward service/{} {port} &", self.name),
            format!(
                "curl -s --retry 5 --retry-connrefused --cacert <({}){} --connect-to {host}:{port}:localhost:{port} \
                 'https://{host}:{port}{path}'",
                read(self.certificate(), AUTHORITY),
                login.unwrap_or_default(),
            ),
            "kill %1".to_owned(),
        ]
    }

    /// What a Job's script needs to get in: its files, and the environment that names them.
    pub(crate) fn of_job(&self) -> (Mount, Vec<EnvVar>) {
        let mut environment = vec![env("REST_AUTHORITY", self.file(AUTHORITY))];
        if let Some((user, password)) = self.login() {
            environment.push(env("REST_USER", user));
            environment.push(env("REST_PASSWORD_FILE", password));
        }
        (self.mount(), environment)
    }

    /// What Confluent's serializers and converters are told beside the address. A reference to the password is resolved by the config
    /// provider of folders.
    pub(crate) fn of_serializers(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("schema.registry.ssl.truststore.location", self.file(AUTHORITY)),
            ("schema.registry.ssl.truststore.type", "PEM".to_owned()),
        ];
        if self.basic {
            let user = format!("{USER}:${{dir:{}:{PASSWORD}}}", self.directory());
            settings.push(("basic.auth.credentials.source", "USER_INFO".to_owned()));
            settings.push(("basic.auth.user.info", user));
        }
        settings
    }
}

/// Some keys of a Secret, or all.
fn projected(secret: String, keys: &[&str]) -> VolumeProjection {
    let items = keys.iter().map(|&key| KeyToPath {
        key: key.to_owned(),
        path: key.to_owned(),
        mode: None,
    });
    VolumeProjection {
        secret: Some(SecretProjection {
            name: secret,
            items: (!keys.is_empty()).then(|| items.collect()),
            optional: None,
        }),
        ..VolumeProjection::default()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        process::{Command, Output},
        thread,
    };

    use super::*;

    /// What the script does with an answer, and what it asked.
    #[expect(
        clippy::disallowed_methods,
        reason = "the script reads a file, which is written here"
    )]
    fn asked(answer: &'static str, arguments: &[&str]) -> (Output, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let (mut request, mut bytes) = (String::new(), [0; 1024]);
            while !request.ends_with("\r\n\r\n") {
                let read = connection.read(&mut bytes).unwrap();
                request += std::str::from_utf8(&bytes[..read]).unwrap();
            }
            connection.write_all(answer.as_bytes()).unwrap();
            request
        });
        let directory = std::env::temp_dir().join(format!("kafka-stacks-ask-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(PASSWORD), "a secret").unwrap();
        let rest = Rest::tls(Issuer::existing_secrets()).basic_authentication();
        let script = rest.server("pipes").ask(port).1;
        let script = script.replace("/etc/kafka-rest/pipes", directory.to_str().unwrap());
        let output = Command::new("bash")
            .args(["-c", &script, "ask.sh"])
            .args(arguments)
            .output()
            .unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        (output, server.join().unwrap())
    }

    #[test]
    fn a_pod_asks_itself_with_the_password_of_its_secret() {
        let (output, request) = asked("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{\"a\":1}", &["/health"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"a\":1}\n");
        assert!(request.starts_with("GET /health HTTP/1.0\r\n"), "{request}");
        assert!(
            request.contains("\r\nAuthorization: Basic cGxhdGZvcm06YSBzZWNyZXQ=\r\n"),
            "{request}"
        );
    }

    #[test]
    fn a_refusal_is_said_and_fails() {
        let (output, request) = asked(
            "HTTP/1.1 401 Unauthorized\r\n\r\nno",
            &["/connectors/a/restart", "POST"],
        );
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "error: HTTP 401: no\n");
        assert!(
            request.starts_with("POST /connectors/a/restart HTTP/1.0\r\n"),
            "{request}"
        );
    }
}
