//! REST interfaces of Connect and of registries that are closed or opened.

use std::collections::BTreeSet;

use super::{
    file,
    process::list,
    told::{Pair, Places, Told},
};
use crate::{
    diff::{
        change::{Draft, Found, ObjectName},
        class::{Class, Flag},
        row::{Row, is_plain},
        sets::{Sets, When, Worker},
    },
    lint::model::{ObjectDetail, mounts::Content, properties::Property},
    manifest::Identity,
};

/// An interface that asks for more than before.
static CLOSED: Row = Row {
    id: "rest-closed",
    class: Class::ManualSteps,
    flags: &[Flag::ClientBreaking, Flag::Availability],
    summary: "a REST interface that asks for https or for a password, which it did not before",
    reason: "a pod that has restarted asks for {asks}: clients that do not speak it are refused, and until all pods have restarted old and new \
        ones do not answer each other; a pod does not start while a Secret that it mounts is missing",
    commands: &[
        "# before the merge make the Secrets that cert-manager does not write; in a stack it is `NAME-rest` with `keystore-password`, and for \
         passwords `password` and `users.properties`, for Apicurio `password` alone",
        "kubectl -n {namespace} get secret {secret}",
        "# apply the new manifests, and give all clients the new address and what they show",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
    ],
};

/// An interface that asks for less.
static OPENED: Row = Row {
    id: "rest-opened",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a REST interface that does not ask for https any more, or for no password",
    reason: "a pod that has restarted asks for {asks} no more: clients that speak https cannot connect where it was asked for, and whoever reaches \
        the port is let in where it was the password",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&CLOSED, &OPENED];

const LISTENERS: &str = "listeners";
const EXTENSIONS: &str = "rest.extension.classes";
const METHOD: &str = "authentication.method";
const INSECURE: &str = "quarkus.http.insecure-requests";
const BASIC: &str = "quarkus.http.auth.basic";

/// What an interface asks for: https, and a password.
fn asks<'s>(get: impl Fn(&str) -> Option<&'s str>) -> [bool; 2] {
    let listeners = get(LISTENERS).unwrap_or_default().to_ascii_lowercase();
    // The loopback is for the pod itself.
    let own = |one: &&str| {
        ["://127.", "://localhost", "://[::1]"]
            .iter()
            .any(|host| one.contains(host))
    };
    let others: Vec<&str> = list(&listeners).filter(|one| !own(one)).collect();
    let https = !others.is_empty() && others.iter().all(|one| one.starts_with("https://"));
    let password = get(EXTENSIONS).is_some_and(|classes| classes.contains("BasicAuthSecurityRestExtension"))
        || get(METHOD).is_some_and(|method| method.trim() == "BASIC")
        || get(BASIC).is_some_and(|on| on.trim() == "true");
    [
        https || get(INSECURE).is_some_and(|what| what.trim() == "disabled"),
        password,
    ]
}

/// The row of a change, and what is asked for newly or no more.
fn changed(before: [bool; 2], after: [bool; 2]) -> Option<(&'static Row, &'static str)> {
    let more = |from: [bool; 2], to: [bool; 2]| match [to[0] && !from[0], to[1] && !from[1]] {
        [true, true] => Some("https and a password"),
        [true, false] => Some("https"),
        [false, true] => Some("a password"),
        [false, false] => None,
    };
    let closed = more(before, after).map(|asks| (&CLOSED, asks));
    closed.or_else(|| more(after, before).map(|asks| (&OPENED, asks)))
}

/// The Secrets that the pods take newly, without those that cert-manager writes for a `Certificate` beside them.
fn secrets(sets: &Sets<'_>, before: &Worker, after: &Worker) -> Vec<String> {
    let taken = |worker: &Worker| -> BTreeSet<String> {
        let references = worker.model.workload().map_or(&[][..], |workload| &workload.references);
        let secrets = references.iter().filter(|one| one.kind == "Secret" && !one.optional);
        secrets.map(|one| one.name.clone()).collect()
    };
    let mut secrets = taken(after);
    for name in taken(before) {
        secrets.remove(&name);
    }
    let side = sets.side(When::After);
    for index in side.of_kinds(&["Certificate"]) {
        let model = side.model(index);
        if let ObjectDetail::Certificate(certificate) = &model.detail
            && model.identity.namespace == after.model.identity.namespace
        {
            secrets.remove(&certificate.secret);
        }
    }
    secrets.into_iter().collect()
}

fn tell(draft: &mut Draft, sets: &Sets<'_>, identity: &Identity, row: &'static Row, asks: &str) {
    draft.word("asks", asks);
    if row.id != CLOSED.id {
        return;
    }
    draft
        .word("kind_of", identity.kind.to_lowercase())
        .word("workload", identity.name.clone());
    let workers = (sets.worker(When::Before, identity), sets.worker(When::After, identity));
    if let (Some(before), Some(after)) = workers {
        draft.words("secret", secrets(sets, before, after));
    }
}

/// Says what another REST interface of workers or of Confluent's registry means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after].map(|process| asks(|key| process.get(key)));
    let Some((row, what)) = changed(before, after) else {
        return;
    };
    let keys = [LISTENERS, EXTENSIONS, METHOD];
    let Some(key) = keys.into_iter().find(|key| pair.differs(key)) else {
        return;
    };
    let (sets, identity) = (pair.sets, pair.identity);
    tell(told.setting(key, row), sets, identity, row, what);
}

/// The same for Apicurio's registry, which is no program of Kafka's: its file is one of the ConfigMaps of a workload.
pub(super) fn apicurio(sets: &Sets<'_>, identity: &Identity, found: &mut Found, places: &Places) {
    let Some(worker) = sets.worker(When::After, identity) else {
        return;
    };
    let workload = worker.model.workload();
    let maps = workload.into_iter().flat_map(|workload| &workload.references);
    for map in maps.filter(|reference| reference.kind == "ConfigMap") {
        let map = Identity {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: identity.namespace.clone(),
            name: map.name.clone(),
        };
        let files = |when: When| -> Vec<(String, Vec<(String, String)>)> {
            let side = sets.side(when);
            let Some(ObjectDetail::Config(config)) = side.find(&map).map(|index| side.model(index).detail) else {
                return Vec::new();
            };
            let of_file = |(file, lines): (String, Vec<Property>)| {
                let lines = lines.into_iter().map(|line| (line.key, line.value));
                (file, lines.collect())
            };
            config.properties.into_iter().map(of_file).collect()
        };
        let old = files(When::Before);
        for (file, lines) in files(When::After) {
            let Some((_, was)) = old.iter().find(|(name, _)| *name == file) else {
                continue;
            };
            let value = |lines: &'_ [(String, String)], key: &str| -> Option<String> {
                let last = lines.iter().rfind(|(own, _)| own == key);
                last.map(|(_, value)| value.clone())
            };
            let of = |lines: &[(String, String)]| {
                let [insecure, basic] = [INSECURE, BASIC].map(|key| value(lines, key));
                asks(|key| match key {
                    INSECURE => insecure.as_deref(),
                    BASIC => basic.as_deref(),
                    _ => None,
                })
            };
            let Some((row, what)) = changed(of(was), of(&lines)) else {
                continue;
            };
            let differs = |key: &&str| value(was, key) != value(&lines, key);
            let Some(key) = [INSECURE, BASIC].into_iter().find(differs) else {
                continue;
            };
            let object = ObjectName::from(&map);
            if let Some(at) = places.find(found, &object, &file::path(&file, &[key])) {
                let draft = found.drafts[at].means(row);
                tell(draft, sets, identity, row, what);
            }
        }
    }
}

/// How a person asks the workers in one of their pods: the command, and what comes before the path.
pub(super) fn asked(pair: &Pair<'_>) -> (String, String) {
    let process = &pair.before;
    let listeners = process.get(LISTENERS).unwrap_or_default();
    let of_scheme = |scheme: &str| {
        let mut all = list(listeners).filter(|one| one.to_ascii_lowercase().starts_with(scheme));
        all.find_map(|one| one.rsplit(':').next()?.parse::<u16>().ok())
    };
    let old = process.get("rest.port").and_then(|port| port.trim().parse().ok());
    let [_, password] = asks(|key| process.get(key));
    // The stack's own script knows the password and a listener of the loopback.
    let side = pair.sets.side(When::Before);
    for mount in &process.container.mounts.list {
        let Content::ConfigMap(files) = &mount.content else {
            continue;
        };
        let map = Identity {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: pair.identity.namespace.clone(),
            name: files.object.clone(),
        };
        let config = side.find(&map).map(|index| side.model(index).detail);
        if let Some(ObjectDetail::Config(config)) = config
            && config.keys.iter().any(|key| key == "ask.sh")
            && is_plain(&mount.path)
        {
            return (format!("bash {}/ask.sh", mount.path), String::new());
        }
    }
    let login = if password { " --netrc-file /path/to/netrc" } else { "" };
    match (of_scheme("http:"), of_scheme("https:")) {
        (None, Some(port)) => (
            format!("curl -s --cacert /path/to/ca.crt{login}"),
            format!("https://localhost:{port}"),
        ),
        (http, _) => (
            format!("curl -s{login}"),
            format!("localhost:{}", http.or(old).unwrap_or(8083)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_asks_for_what_all_its_listeners_for_others_ask_for() {
        let asks = |settings: &[(&'static str, &'static str)]| {
            super::asks(|key| settings.iter().find(|(own, _)| *own == key).map(|(_, value)| *value))
        };
        let basic = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
        for (settings, expected) in [
            (&[][..], [false, false]),
            (&[(LISTENERS, "http://0.0.0.0:8083")], [false, false]),
            (
                &[(LISTENERS, "https://0.0.0.0:8083,http://127.0.0.1:8084")],
                [true, false],
            ),
            (&[(LISTENERS, "HTTPS://:8083, http://:8084")], [false, false]),
            (&[(LISTENERS, "https://:8083"), (EXTENSIONS, basic)], [true, true]),
            (&[(METHOD, "BASIC")], [false, true]),
            (&[(METHOD, "BEARER")], [false, false]),
            (&[(INSECURE, "disabled"), (BASIC, "true")], [true, true]),
            (&[(INSECURE, "enabled"), (BASIC, "false")], [false, false]),
        ] {
            assert_eq!(asks(settings), expected, "{settings:?}");
        }
        let row = |before, after| changed(before, after).map(|(row, asks)| (row.id, asks));
        assert_eq!(
            row([false, false], [true, true]),
            Some(("rest-closed", "https and a password"))
        );
        assert_eq!(row([true, false], [true, true]), Some(("rest-closed", "a password")));
        assert_eq!(row([true, true], [false, true]), Some(("rest-opened", "https")));
        assert_eq!(row([true, true], [true, true]), None);
    }
}
