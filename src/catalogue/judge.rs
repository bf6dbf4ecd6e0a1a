//! What is wrong with a setting.

use super::{Key, Role, notes};
use crate::{
    diagnostics::{Diagnostic, Mend, rules::setting::Settings as Rules},
    nearest::nearest,
    version::Version,
};

/// Judges a setting as the role would in a release line; where that is not known, only what is wrong in all of them is found. A value
/// that a provider fills in when the process starts, as `${env:NAME}`, cannot be judged, and of a plugin's keys nothing is known.
pub(crate) fn judge(
    rules: &'static Rules,
    role: Role,
    version: Option<Version>,
    key: &str,
    value: &str,
) -> Vec<Diagnostic> {
    let judge_in = |version: Version, releases: &str| {
        let judge = Judge {
            rules,
            version,
            releases,
            prefix: "",
            full: key,
            value,
        };
        judge.setting(role, key)
    };
    let Some(version) = version else {
        let [older @ .., newest] = Version::ALL;
        let all = format!("{} to {newest}", Version::V3_9);
        let judge_in = |version| judge_in(version, &all);
        let mut findings = judge_in(newest);
        findings.retain(|finding| {
            older
                .iter()
                .all(|&version| judge_in(version).iter().any(|other| other.rule == finding.rule))
        });
        return findings;
    };
    judge_in(version, version.line())
}

struct Judge<'a> {
    rules: &'static Rules,
    version: Version,
    /// The releases that it is judged for, as they are told.
    releases: &'a str,
    /// What the key as it is written has before the role's own key.
    prefix: &'a str,
    /// The key as it is written.
    full: &'a str,
    value: &'a str,
}

impl Judge<'_> {
    fn setting(&self, role: Role, key: &str) -> Vec<Diagnostic> {
        if let Some(known) = Key::find(role, self.version, key) {
            return self.value(role, &known);
        }
        if role == Role::Broker
            && let Some((listener, rest)) = key.strip_prefix("listener.name.").and_then(|rest| rest.split_once('.'))
        {
            return self.listener(listener, rest);
        }
        if role == Role::Worker
            && let Some((prefix, role, rest)) = of_worker(key)
        {
            return Judge { prefix, ..*self }.setting(role, rest);
        }
        if role.is_connector() {
            return self.of_connector(role, key);
        }
        if notes::is_read_by_a_plugin(role, key) {
            return Vec::new();
        }
        vec![self.missing(role, key)]
    }

    /// A setting of a connector that is not one of Connect's own for its kind: of one of its clients, of the other kind, or of its class,
    /// of which nothing is known.
    fn of_connector(&self, role: Role, key: &str) -> Vec<Diagnostic> {
        const CLIENTS: [(&str, Role); 3] = [
            ("producer.override.", Role::Producer),
            ("consumer.override.", Role::Consumer),
            ("admin.override.", Role::Admin),
        ];
        /// Where classes have no keys of their own, so that one nearly of Connect's is meant to be that.
        const OF_CONNECT: [&str; 6] = ["error", "errors", "exactly", "task", "tasks", "transform"];
        for (prefix, role) in CLIENTS {
            if let Some(rest) = key.strip_prefix(prefix) {
                return Judge { prefix, ..*self }.setting(role, rest);
            }
        }
        // Sources have topics too, which their classes define.
        let of_the_other =
            Key::named(key).any(|known| known.roles().any(Role::is_connector)) && !key.starts_with("topics");
        let first = key.split('.').next().unwrap_or_default();
        let is_near = || {
            let own = self.keys(role).map(|known| known.name);
            OF_CONNECT.contains(&first) && nearest(key, own).is_some()
        };
        if of_the_other || is_near() {
            return vec![self.missing(role, key)];
        }
        Vec::new()
    }

    /// A listener's own setting: of the listener, or of one of its mechanisms, which may know keys of their own.
    fn listener(&self, listener: &str, key: &str) -> Vec<Diagnostic> {
        if listener.chars().any(|c| c.is_ascii_uppercase()) {
            let message = format!(
                "`{}` has no effect: Kafka looks for the listener's name in lower case",
                self.full
            );
            let mut finding = Diagnostic::new(self.rules.absent, message);
            finding.mend(Mend::rename(format!(
                "listener.name.{}.{key}",
                listener.to_ascii_lowercase()
            )));
            return vec![finding];
        }
        let of_mechanism = || key.split_once('.').map(|(_, rest)| rest);
        let find = |key| Key::find(Role::Broker, self.version, key);
        find(key)
            .or_else(|| of_mechanism().and_then(find))
            .map(|known| self.value(Role::Broker, &known))
            .unwrap_or_default()
    }

    /// Why the role does not have the key in this line.
    fn missing(&self, role: Role, key: &str) -> Diagnostic {
        let Self {
            rules,
            version,
            prefix,
            full,
            ..
        } = self;
        let of_role = || Key::named(key).filter(|known| known.is_of(role));
        let gone = notes::gone(key).map(|note| {
            // Kafka does not know it any more: without the line nothing changes.
            if note.replaced {
                Mend::remove(note.instead)
            } else {
                Mend::drop(note.instead)
            }
        });
        let find = |rule, message: String, mend: Mend| {
            let mut finding = Diagnostic::new(rule, message);
            finding.mend(mend);
            finding
        };
        if let Some(last) = of_role().map(|known| known.until).filter(|until| until < version).max() {
            let message = format!("`{full}` was removed after Kafka {last}, and this is {version}");
            return find(rules.absent, message, gone.unwrap_or_else(|| Mend::remove("")));
        }
        if let Some(first) = of_role().map(|known| known.since).min() {
            let message = format!("`{full}` exists since Kafka {first}, and this is {version}");
            return find(rules.absent, message, Mend::remove(""));
        }
        let mut others: Vec<Role> = Key::named(key)
            .flat_map(|known| known.roles().collect::<Vec<_>>())
            .collect();
        // A connector's settings are in no file of another process.
        others.retain(|other| role.is_connector() || !other.is_connector());
        others.sort_unstable();
        others.dedup();
        if !others.is_empty() {
            let own_name = match role {
                Role::Broker => Key::find(Role::Topic, *version, key).and_then(|known| known.broker_name),
                Role::Topic => self
                    .keys(Role::Topic)
                    .find(|known| known.broker_name == Some(key))
                    .map(|known| known.name),
                _ => None,
            };
            let others: Vec<String> = others.iter().map(|role| format!("{role}s")).collect();
            let message = format!("`{full}` is a setting of {}, not of {role}s", others.join(", "));
            let mend = own_name.map_or_else(|| Mend::remove(""), |name| Mend::rename(format!("{prefix}{name}")));
            return find(rules.absent, message, mend);
        }
        if let Some(mend) = gone {
            let message = format!("`{full}` was removed long before Kafka {version}");
            return find(rules.absent, message, mend);
        }
        let known = self
            .keys(role)
            .filter(|known| !known.internal && !known.deprecated)
            .map(|known| known.name);
        let meant = nearest(key, known).map_or_else(
            || Mend::remove(""),
            |name| Mend::perhaps_rename(format!("{prefix}{name}")),
        );
        find(
            rules.unknown,
            format!("`{full}` is not a setting of a {role} of Kafka {}", self.releases),
            meant,
        )
    }

    fn keys(&self, role: Role) -> impl Iterator<Item = Key> {
        let version = self.version;
        Key::all().filter(move |key| key.is_of(role) && key.is_in(version))
    }

    fn value(&self, role: Role, key: &Key) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        if key.deprecated {
            let message = format!("`{}` is deprecated in Kafka {}", self.full, self.version);
            let mut finding = Diagnostic::new(self.rules.deprecated, message);
            finding.mend(Mend::remove(
                notes::gone(key.name).map(|note| note.instead).unwrap_or_default(),
            ));
            findings.push(finding);
        }
        // No provider looks at the settings of a topic.
        if role != Role::Topic && is_filled_in(self.value) {
            return findings;
        }
        if let Err(accepted) = key.accepts(self.value) {
            let message = format!("`{}` must be {accepted}, not {:?}", self.full, self.value);
            let mut finding = Diagnostic::new(self.rules.value, message);
            finding.mend(Mend::change());
            findings.push(finding);
        }
        findings
    }
}

/// How a worker's key begins, the role that the worker hands the rest to, and the rest. It makes clients and its own topics, and
/// serves HTTPS.
fn of_worker(key: &str) -> Option<(&'static str, Role, &str)> {
    const PREFIXES: [(&str, Role); 8] = [
        ("producer.", Role::Producer),
        ("consumer.", Role::Consumer),
        ("admin.listeners.https.", Role::Worker),
        ("admin.", Role::Admin),
        ("listeners.https.", Role::Worker),
        ("config.storage.", Role::Topic),
        ("offset.storage.", Role::Topic),
        ("status.storage.", Role::Topic),
    ];
    PREFIXES
        .into_iter()
        .find_map(|(prefix, role)| Some((prefix, role, key.strip_prefix(prefix)?)))
}

/// Whether a provider fills in a part of the value: `${provider:…}`.
fn is_filled_in(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| {
        rest.split('}')
            .next()
            .is_some_and(|inner| inner.len() < rest.len() && inner.contains(':'))
    })
}
