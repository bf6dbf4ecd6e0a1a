//! The users and the permissions of a closed cluster: a file that declares them, a Job that applies it, and a `CronJob` that applies it
//! again every hour.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    batch::v1::JobSpec,
    core::v1::{ConfigMap, KeyToPath, SecretVolumeSource, Volume},
};

use super::{
    connection::{Identity, PLATFORM},
    handle::{KafkaHandle, Mode},
    job::{self, Credentials, Hourly},
};
use crate::{
    construct::{Check, Construct, Meta, User},
    context::Context,
    diagnostics::{Location, rules::security},
    handbook::{Chapter, Task, code},
    manifest::Object,
    security::{Acl, ClusterOperation, GroupOperation, Principal, Quota, Secured, Shows, TopicOperation},
    workload::{CONFIG_DIRECTORY, Labels, Mount, PodOptions, Pods, Step, config_map, container, env, service_account},
};

const SCRIPT: &str = include_str!("permissions.sh");
const SCRIPT_FILE: &str = "permissions.sh";
/// The file of the declaration, by which other rooms find it.
pub(crate) const PERMISSIONS_FILE: &str = "permissions.txt";
/// Where the Secrets of users are in the Job's pod, each in a folder with the user's name.
const PASSWORDS: &str = "/etc/kafka-users";
/// When the `CronJob` runs: every hour, not at its start, and not when that of the topics does.
const SCHEDULE: &str = "37 * * * *";

/// Who may do what in a closed cluster: users, permissions and quotas, from what applications declare.
///
/// When the declaration changes, a Job applies it: it makes users and changes their passwords, adds permissions and quotas, and removes
/// those that are no longer declared. It touches only users that are declared here, [retired](Permissions::retired) ones among them,
/// and it removes everything else that they may do. A `CronJob` applies the same declaration every hour, also when a password changed.
///
/// The password of a user is in the Secret `<application>-kafka` of the cluster's namespace, under the key `password`: the stack names it
/// and never has it.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3))
///         .internal_tls(Issuer::in_namespace("kafka-ca"))
///         .listener(Listener::tls("CLIENT", 9092).scram())
///         .authorization(),
/// );
/// let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("calls", 12, Cleanup::delete_after(7.days()))));
/// let billing = stack.add(
///     Application::new("billing", &kafka)
///         .consumes(&topics.topic("calls"), Group::named("billing"))
///         .quota(Quota::new().consume(5.mebibytes_per_second())),
/// );
/// stack.add(Permissions::new("kafka-permissions", &kafka).of(&billing).retired("crm"));
///
/// let manifests = synth(&stack).manifests.unwrap();
/// let declared = manifests.get("kafka-permissions/configmap-kafka-permissions.yaml").unwrap();
/// assert!(declared.contains("billing acl group literal billing READ"));
/// assert!(declared.contains("billing acl topic literal calls READ"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Permissions {
    meta: Meta,
    kafka: KafkaHandle,
    principals: Vec<Principal>,
    retired: Vec<(String, Location)>,
    default_quota: Option<Quota>,
    options: PodOptions,
}

impl Permissions {
    /// Permissions in this cluster: those of the exporter. `name` is the name of the Job, to which a hash is added.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        let exporter = Principal {
            cluster: kafka.bootstrap_servers().to_owned(),
            name: format!("{PLATFORM}{}", Identity::Exporter.of_platform().unwrap_or_default()),
            shows: Shows::Certificate,
            acls: vec![
                Acl::topic("*", TopicOperation::Describe),
                Acl::group("*", GroupOperation::Describe),
                Acl::cluster(ClusterOperation::Describe),
            ],
            quota: Quota::new(),
            location: Location::caller(),
        };
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            principals: vec![exporter],
            retired: Vec::new(),
            default_quota: None,
            options: PodOptions::default(),
        }
    }

    /// What this application declares. Connectors are the user of their workers: what they need is added to it.
    pub fn of(mut self, secured: &impl Secured) -> Self {
        let principal = secured.principal();
        let same = |known: &&mut Principal| known.name == principal.name && known.location == principal.location;
        match self.principals.iter_mut().find(same) {
            Some(known) => known.acls.extend(principal.acls),
            None => self.principals.push(principal),
        }
        self
    }

    /// A user that is gone: the Job removes its password, its permissions and its quotas.
    #[track_caller]
    pub fn retired(mut self, user: impl Into<String>) -> Self {
        self.retired.push((user.into(), Location::caller()));
        self
    }

    /// How much each user may use that has no quota of its own. Without it such a user has no limit that the stack sets, and what an
    /// earlier one set stays; an empty `Quota::new()` removes it.
    pub const fn default_quota(mut self, quota: Quota) -> Self {
        self.default_quota = Some(quota);
        self
    }

    fn labels(&self) -> Labels {
        Labels::new("kafka-permissions", &self.meta.name, "job")
    }

    /// One fact per line, so that each line of a diff names its user.
    fn declaration(&self) -> String {
        let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for principal in &self.principals {
            let own = lines.entry(&principal.name).or_default();
            let user = match principal.shows {
                Shows::Password(_) => "password",
                Shows::Certificate => "certificate",
                Shows::Token => "token",
            };
            own.push(user.to_owned());
            let mut acls: Vec<&Acl> = principal.acls.iter().collect();
            acls.sort();
            acls.dedup();
            own.extend(acls.into_iter().map(|acl| format!("acl {acl}")));
            own.extend(
                principal
                    .quota
                    .limits()
                    .map(|(key, value)| format!("quota {key} {value}")),
            );
        }
        for (user, _) in &self.retired {
            lines.entry(user).or_default().push("retired".to_owned());
        }
        if let Some(quota) = self.default_quota {
            let limits = quota.limits().map(|(key, value)| format!("quota {key} {value}"));
            let all = lines.entry("*").or_default();
            all.extend(limits);
            if all.is_empty() {
                all.push("quota none".to_owned());
            }
        }
        let all = lines
            .iter()
            .flat_map(|(user, facts)| facts.iter().map(move |fact| format!("{user} {fact}\n")));
        all.collect()
    }

    /// The Job is the administrator.
    fn credentials(&self) -> Credentials {
        self.kafka.credentials(Identity::Admin)
    }

    fn config(&self, context: &Context) -> ConfigMap {
        let files = [(PERMISSIONS_FILE, self.declaration()), (SCRIPT_FILE, SCRIPT.to_owned())];
        config_map(
            context,
            &self.labels(),
            &self.meta.name,
            files.into_iter().chain(self.credentials().file),
        )
    }

    /// The password of each user. Its Secret may be missing when the pod starts: the script says which one.
    fn passwords(&self) -> impl Iterator<Item = Mount> {
        self.principals.iter().filter_map(|principal| {
            let secret = principal.shows.password()?.to_owned();
            let volume = Volume {
                name: format!("user-{}", principal.name.replace('.', "-")),
                secret: Some(SecretVolumeSource {
                    items: Some(vec![KeyToPath {
                        key: "password".to_owned(),
                        path: "password".to_owned(),
                        mode: None,
                    }]),
                    optional: Some(true),
                    secret_name: Some(secret),
                    ..SecretVolumeSource::default()
                }),
                ..Volume::default()
            };
            Some(Mount::volume(volume, format!("{PASSWORDS}/{}", principal.name)))
        })
    }

    fn job(&self, context: &Context, config: &ConfigMap) -> JobSpec {
        let images = self.kafka.images();
        let connection = self.kafka.client_settings(Identity::Admin);
        let credentials = self.credentials();
        let mut container = container(
            "permissions",
            images.kafka(),
            job::RESOURCES,
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        let mut environment = vec![
            env("BOOTSTRAP_SERVERS", connection.bootstrap_servers()),
            env("KAFKA_ACLS", images.command("kafka-acls")),
            env("KAFKA_BROKER_API_VERSIONS", images.command("kafka-broker-api-versions")),
            env("KAFKA_CONFIGS", images.command("kafka-configs")),
            env("LOG_DIR", "/tmp"),
            env("LOGIN_SERVERS", self.kafka.bootstrap_servers()),
            env("PASSWORDS", PASSWORDS),
            env("PERMISSIONS_FILE", format!("{CONFIG_DIRECTORY}/{PERMISSIONS_FILE}")),
        ];
        environment.extend(credentials.env.clone());
        container.env = Some(environment);
        let mut options = credentials.with(&self.options);
        options.mounts.extend(self.passwords());
        let step = Step {
            labels: &self.labels(),
            service_account: &self.meta.name,
            config,
            container,
            options: &options,
        };
        step.job(context)
    }

    fn check_principals(&self, check: &mut Check<'_>) {
        let mut report = |rule, user: &str, location: Location, message: String, hint: &str| {
            check.report(rule, message, |finding| {
                finding.item(user).at(location).hint(hint);
            });
        };
        let declared = self
            .principals
            .iter()
            .map(|principal| (principal.name.as_str(), principal.location));
        let retired = self.retired.iter().map(|(user, location)| (user.as_str(), *location));
        let mut seen: BTreeMap<&str, Location> = BTreeMap::new();
        for (user, location) in declared.chain(retired) {
            if let Some(other) = seen.insert(user, location) {
                let message = format!("user `{user}` is declared at {other} too");
                let hint = "declare it once, or rename one of the two";
                report(&security::PRINCIPAL, user, location, message, hint);
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let name = user.strip_prefix(PLATFORM).unwrap_or(user);
            if name.is_empty() || !name.chars().all(allowed) {
                let message = format!("{user:?} cannot be the name of a user");
                let hint = "use letters, digits, `.`, `_` and `-`";
                report(&security::PRINCIPAL, user, location, message, hint);
            }
        }
        let here = self.kafka.bootstrap_servers();
        for Principal {
            name,
            cluster,
            location,
            ..
        } in self.principals.iter().filter(|principal| principal.cluster != here)
        {
            let message = format!("`{name}` connects to `{cluster}`, and not to `{here}`");
            let hint = "give its own cluster's `Permissions` the handle";
            report(&security::PRINCIPAL, name, *location, message, hint);
        }
        let of_applications = self
            .principals
            .iter()
            .filter(|principal| !principal.name.starts_with(PLATFORM));
        for Principal {
            name, acls, location, ..
        } in of_applications
        {
            for acl in acls {
                if acl.is_for_all() {
                    let message = format!("`{name}` gets the permission `{acl}`");
                    let hint = "name the resource, or the beginning that its names share";
                    report(&security::WILDCARD, name, *location, message, hint);
                } else if !acl.is_word() {
                    let message = format!("the resource of `{acl}` of `{name}` is not one word");
                    report(
                        &security::PRINCIPAL,
                        name,
                        *location,
                        message,
                        "use the name without spaces",
                    );
                }
            }
        }
    }
}

/// Declared permissions of a stack: monitoring watches their Job with this handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionsHandle {
    name: String,
}

impl PermissionsHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Pods for Permissions {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Construct for Permissions {
    type Handle = PermissionsHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) -> PermissionsHandle {
        PermissionsHandle {
            name: self.meta.name.clone(),
        }
    }

    fn users(&self) -> Vec<User> {
        let permitted = self.principals.iter().map(|principal| User::Permitted {
            cluster: principal.cluster.clone(),
            name: principal.name.clone(),
            acls: principal.acls.clone(),
        });
        permitted.collect()
    }

    fn chapter(&self, context: &Context, _: &[Object]) -> Chapter {
        let (name, ns) = (&self.meta.name, &context.namespace);
        let users = self.principals.iter().map(|principal| {
            let shows = match &principal.shows {
                Shows::Password(secret) => format!("password in Secret {}", code(secret)),
                Shows::Certificate => "certificate".to_owned(),
                Shows::Token => "token".to_owned(),
            };
            let user = code(&format!("User:{}", principal.name));
            format!("{user}: {shows}, permissions: {}", principal.acls.len())
        });
        Chapter {
            identities: users.collect(),
            symptoms: vec![
                Task::new("A client is refused, or a user lacks a permission")
                    .say("The Job of declared users and permissions runs every hour. At once:")
                    .run([
                        format!("kubectl -n {ns} create job --from=cronjob/{name} {name}-now"),
                        format!("until kubectl -n {ns} logs -f job/{name}-now; do sleep 2; done"),
                        format!("kubectl -n {ns} delete job {name}-now"),
                    ])
                    .runbooks(&["KafkaPermissionsJobFailed"]),
            ],
            ..Chapter::default()
        }
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.options.check_of_job(check, self.meta.location);
        if self.kafka.only_offers_tls() {
            let message = format!(
                "everything connects to `{}` in plaintext, as no user",
                self.kafka.name()
            );
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.hint("add them with the next phase, `TlsRollout::Used`");
            });
        } else if self.kafka.mode() == Mode::External {
            let message = format!(
                "`{}` is external: who runs it makes its users and gives them permissions",
                self.kafka.name()
            );
            check.report(&security::PRINCIPAL, message, |finding| {
                finding.hint("remove it, or declare the permissions in the stack that has the cluster");
            });
        } else if !self.kafka.is_authorized() {
            let message = format!(
                "`{}` has no authorizer, so permissions would have no effect",
                self.kafka.name()
            );
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.hint("add `.internal_tls(…)` and `.authorization()` to the cluster");
            });
        }
        self.check_principals(check);
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let config = self.config(context);
        let applied = Hourly {
            labels: &self.labels(),
            name: &self.meta.name,
            schedule: SCHEDULE,
            job: self.job(context, &config),
        };
        let declared = [
            Object::new(&service_account(context, &self.labels(), &self.meta.name)),
            Object::new(&config),
        ];
        declared.into_iter().chain(applied.objects(context)).collect()
    }
}
