//! What a component of the stack, such as a registry, needs to connect to a closed cluster as a user of its own. An open cluster needs
//! none of it.

use k8s_openapi::api::core::v1::{Container, EnvVar};

use super::{
    connection::{Credentials, Identity, PLATFORM},
    handle::{KafkaHandle, Mode},
    job::{self, CLIENT_FILE},
};
use crate::{
    construct::{Check, User},
    diagnostics::{Location, rules::security},
    security::{Acl, Principal, Quota, Shows},
    workload::{CONFIG_DIRECTORY, Version, container, env},
};

/// What a token calls a client, if that is not the name of its construct, and the line that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) location: Location,
}

impl Subject {
    #[track_caller]
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            location: Location::caller(),
        }
    }
}

/// The user of a construct with this name.
fn named(construct: &str, subject: Option<&Subject>) -> String {
    subject.map_or(construct, |subject| &subject.name).to_owned()
}

/// Arguments: the command, the bootstrap servers, the client's file, the group. Only what a missing user or a missing permission says is
/// waited for: about everything else the component itself has more to say.
const WAIT: &str = r#"while :; do
  if ! timeout 5 bash -c ': >"/dev/tcp/$0/$1"' "${2%:*}" "${2##*:}" 2>/dev/null; then
    # Without a JVM, which would take its time from brokers that start.
    echo "waiting for $2"
    sleep 2
    continue
  fi
  status=0
  output=$(timeout 90 "$1" --bootstrap-server "$2" --command-config "$3" --describe --state --group "$4" 2>&1) || status=$?
  if ((status == 124)); then
    reason='no answer in time'
  elif [[ $output =~ [A-Za-z]*(Authentication|Authorization|Timeout)Exception[^$'\n']* || $output =~ [^$'\n']*authorization' 'failure[^$'\n']* ]]; then
    reason=${BASH_REMATCH[0]}
  else
    exit 0
  fi
  echo "waiting until the user may use group $4: $reason"
  sleep 10
done
"#;

impl KafkaHandle {
    /// The file, the environment and the mount by which Kafka's tools connect as someone.
    pub(crate) fn credentials(&self, who: Identity<'_>) -> job::Credentials {
        job::Credentials::of(&self.client_settings(who), self.secret(who), self.version())
    }

    /// An application or a component, as the brokers know it.
    pub(crate) fn principal(
        &self,
        who: Identity<'_>,
        subject: Option<&Subject>,
        mut acls: Vec<Acl>,
        quota: Quota,
        location: Location,
    ) -> Principal {
        acls.sort();
        acls.dedup();
        let shows = match self.client_settings(who).credentials {
            Credentials::Token(_) => Shows::Token,
            Credentials::Password { .. } => self.secret(who).map_or(Shows::Certificate, Shows::Password),
            _ => Shows::Certificate,
        };
        Principal {
            cluster: self.bootstrap_servers().to_owned(),
            name: named(who.of_application().unwrap_or_default(), subject),
            shows,
            acls,
            quota,
            location,
        }
    }

    /// The user as whom a construct of this name connects, and what it needs beside the construct's own; none where everyone may do
    /// everything.
    pub(crate) fn user(&self, name: &str, subject: Option<&Subject>, acls: Vec<Acl>) -> Option<User> {
        self.is_authorized().then(|| User::Needed {
            cluster: self.bootstrap_servers().to_owned(),
            name: named(name, subject),
            acls,
        })
    }

    /// Reports a name in tokens of someone who shows none, and one that brokers let do everything.
    pub(crate) fn check_subject(&self, check: &mut Check<'_>, who: Identity<'_>, subject: Option<&Subject>) {
        let of_others = |name: &str| name.starts_with(PLATFORM) || name == "ANONYMOUS";
        if let Some(Subject { name, location }) = subject.filter(|subject| of_others(&subject.name)) {
            let message = format!("its tokens cannot call it `{name}`, which is no application to the brokers");
            check.report(&security::PRINCIPAL, message, |finding| {
                finding
                    .at(*location)
                    .hint("give it a client of its own at the identity provider, and write that client's name in `.identity(…)`");
            });
        }
        let Some(Subject { name, location }) = subject.filter(|_| self.client_settings(who).token().is_none()) else {
            return;
        };
        let message = format!(
            "it shows no token to `{}`, so that its name there cannot be `{name}`",
            self.name()
        );
        let hint = if self.mode() == Mode::External {
            "remove `.identity(…)`, or use `ExternalSecurity::oauth(…)`"
        } else {
            "remove `.identity(…)`, or make the listener `Listener::tls(…).oauth(…)`"
        };
        check.report(&security::PRINCIPAL, message, |finding| {
            finding.at(*location).hint(hint);
        });
    }

    /// What the pods of a component need to get tokens: the option of their JVM. The authority is among the mounts of
    /// [`KafkaHandle::credentials`].
    pub(crate) fn jvm_option(&self, who: Identity<'_>, version: Version) -> Option<String> {
        self.client_settings(who).jvm_option(version)
    }

    /// The same, for one of Kafka's tools in such a pod.
    pub(crate) fn tool_options(&self, who: Identity<'_>) -> Option<EnvVar> {
        job::tool_options(&self.client_settings(who), self.version())
    }

    /// The init container that waits until a component may use its group, which it may not before the Job of
    /// [`Permissions`](super::Permissions) has run: without that the component would crash, or run and do nothing. The Job gives a new
    /// user its password last, so who can log in has all permissions. The container reads the file of
    /// [`KafkaHandle::credentials`].
    pub(crate) fn wait_for_permissions(&self, name: &str, group: &str) -> Option<Container> {
        let connection = self.client_settings(Identity::Application(name));
        if !self.is_authorized() || !connection.is_secured() {
            return None;
        }
        let images = self.images();
        let arguments = [
            "bash",
            "-c",
            WAIT,
            "wait-for-permissions",
            &images.command("kafka-consumer-groups"),
            connection.bootstrap_servers(),
            &format!("{CONFIG_DIRECTORY}/{CLIENT_FILE}"),
            group,
        ];
        let mut wait = container(
            "wait-for-permissions",
            images.kafka(),
            job::RESOURCES,
            arguments.map(str::to_owned),
        );
        let mut environment = vec![
            env("KAFKA_HEAP_OPTS", "-Xmx128m"),
            env("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
            env("LOG_DIR", "/tmp"),
        ];
        environment.extend(self.tool_options(Identity::Application(name)));
        wait.env = Some(environment);
        Some(wait)
    }
}
