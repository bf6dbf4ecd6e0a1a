//! What a component of the stack, such as a registry, needs to connect to a closed cluster as a user of its own. An open cluster needs
//! none of it.

use k8s_openapi::api::core::v1::Container;

use super::{
    connection::Identity,
    handle::KafkaHandle,
    job::{self, CLIENT_FILE, Credentials},
};
use crate::{
    construct::User,
    diagnostics::Location,
    security::{Acl, Principal, Quota},
    workload::{CONFIG_DIRECTORY, container, env},
};

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
    pub(crate) fn credentials(&self, who: Identity<'_>) -> Credentials {
        Credentials::of(&self.client_settings(who), self.secret(who))
    }

    /// An application or a component, as the brokers know it.
    pub(crate) fn principal(
        &self,
        who: Identity<'_>,
        mut acls: Vec<Acl>,
        quota: Quota,
        location: Location,
    ) -> Principal {
        acls.sort();
        acls.dedup();
        let has_password = self.client_settings(who).has_password();
        Principal {
            cluster: self.bootstrap_servers().to_owned(),
            name: who.of_application().unwrap_or_default().to_owned(),
            password: has_password.then(|| self.secret(who)).flatten(),
            acls,
            quota,
            location,
        }
    }

    /// The user as whom a construct of this name connects, and what it needs beside the construct's own; none where everyone may do
    /// everything.
    pub(crate) fn user(&self, name: &str, acls: Vec<Acl>) -> Option<User> {
        self.is_authorized().then(|| User::Needed {
            cluster: self.bootstrap_servers().to_owned(),
            name: name.to_owned(),
            acls,
        })
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
        wait.env = Some(vec![
            env("KAFKA_HEAP_OPTS", "-Xmx128m"),
            env("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
            env("LOG_DIR", "/tmp"),
        ]);
        Some(wait)
    }
}
