//! The file of a server of ZooKeeper.

use super::Member;
use crate::{
    diagnostics::{Diagnostic, Mend, Severity::Error, family::rules},
    lint::model::{program::Program, set::SetFindings, settings::Setting},
    nearest::misspelt,
};

rules! { rules::cluster;
    /// A line of ZooKeeper's file that is misspelt, or that a server does not take.
    pub const ZOOKEEPER_SETTING: Rule = Rule {
        id: "KS-K58",
        production: Error,
        development: Error,
        summary: "a setting of ZooKeeper that it does not know, need or take",
        explanation: "ZooKeeper refuses a few values (`IllegalArgumentException: initLimit is not set`) and never a \
            name: each key that it does not know becomes a system property `zookeeper.KEY`, which nothing reads. \
            `tickTme=2000` leaves the default, without a word. A negative limit or a tick of milliseconds is taken, and the \
            followers then lose their leader again and again.",
        source: "ZooKeeper 3.8.6, QuorumPeerConfig.parseProperties",
    };
}

/// What a value has to be.
#[derive(Clone, Copy)]
enum Kind {
    /// A whole number of this or more.
    Number(i64),
    /// `true` or `false`.
    Flag,
    /// Anything, or what is not judged here.
    Any,
}

/// The keys that ZooKeeper reads, and what each takes. In the order of the documentation.
const KEYS: [(&str, Kind); 62] = [
    ("clientPort", Kind::Number(0)),
    ("secureClientPort", Kind::Number(0)),
    ("clientPortAddress", Kind::Any),
    ("secureClientPortAddress", Kind::Any),
    ("observerMasterPort", Kind::Number(0)),
    ("dataDir", Kind::Any),
    ("dataLogDir", Kind::Any),
    ("dynamicConfigFile", Kind::Any),
    // Two ticks are the shortest session.
    ("tickTime", Kind::Number(100)),
    ("initLimit", Kind::Number(1)),
    ("syncLimit", Kind::Number(1)),
    ("connectToLearnerMasterLimit", Kind::Number(0)),
    ("maxClientCnxns", Kind::Number(0)),
    ("maxCnxns", Kind::Number(0)),
    ("minSessionTimeout", Kind::Number(-1)),
    ("maxSessionTimeout", Kind::Number(-1)),
    ("electionAlg", Kind::Number(3)),
    ("peerType", Kind::Any),
    ("syncEnabled", Kind::Flag),
    ("standaloneEnabled", Kind::Flag),
    ("reconfigEnabled", Kind::Flag),
    ("quorumListenOnAllIPs", Kind::Flag),
    ("localSessionsEnabled", Kind::Flag),
    ("localSessionsUpgradingEnabled", Kind::Flag),
    ("sslQuorum", Kind::Flag),
    ("portUnification", Kind::Any),
    ("sslQuorumReloadCertFiles", Kind::Flag),
    ("autopurge.snapRetainCount", Kind::Number(0)),
    ("autopurge.purgeInterval", Kind::Number(0)),
    ("metricsProvider.className", Kind::Any),
    ("metricsProvider.httpHost", Kind::Any),
    ("metricsProvider.httpPort", Kind::Number(0)),
    ("metricsProvider.exportJvmInfo", Kind::Any),
    ("4lw.commands.whitelist", Kind::Any),
    ("admin.enableServer", Kind::Flag),
    ("admin.serverPort", Kind::Number(0)),
    ("admin.serverAddress", Kind::Any),
    ("admin.idleTimeout", Kind::Number(0)),
    ("admin.commandURL", Kind::Any),
    ("snapCount", Kind::Any),
    ("preAllocSize", Kind::Any),
    ("globalOutstandingLimit", Kind::Any),
    ("leaderServes", Kind::Any),
    ("skipACL", Kind::Any),
    ("forceSync", Kind::Any),
    ("fsync.warningthresholdms", Kind::Any),
    ("snapshot.trust.empty", Kind::Any),
    ("serverCnxnFactory", Kind::Any),
    ("authProvider.x509", Kind::Any),
    ("enforce.auth.enabled", Kind::Any),
    ("enforce.auth.schemes", Kind::Any),
    ("X509AuthenticationProvider.superUser", Kind::Any),
    ("ssl.clientAuth", Kind::Any),
    ("ssl.hostnameVerification", Kind::Any),
    ("ssl.keyStore.location", Kind::Any),
    ("ssl.keyStore.type", Kind::Any),
    ("ssl.trustStore.location", Kind::Any),
    ("ssl.trustStore.type", Kind::Any),
    ("ssl.quorum.keyStore.location", Kind::Any),
    ("ssl.quorum.keyStore.type", Kind::Any),
    ("ssl.quorum.trustStore.location", Kind::Any),
    ("ssl.quorum.trustStore.type", Kind::Any),
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::ZooKeeper {
        return;
    }
    // The names that an image makes of variables are its own.
    let written = member
        .settings
        .iter()
        .filter(|(_, setting)| setting.variable.is_none() && setting.is_known());
    let mut misspelt_keys = Vec::new();
    for (key, setting) in written {
        if let Some((_, kind)) = KEYS.iter().find(|(name, _)| *name == key) {
            value(member, findings, key, setting, *kind);
            continue;
        }
        let near = misspelt(key, KEYS.iter().map(|(name, _)| *name));
        let Some(near) = near.filter(|near| member.settings.get(near).is_none()) else {
            continue;
        };
        misspelt_keys.push(near);
        let message = format!("ZooKeeper has no setting `{key}`, and says nothing about it");
        let mut finding = Diagnostic::new(&ZOOKEEPER_SETTING, message);
        finding.mend(Mend::perhaps_rename(near.to_owned()));
        finding.yaml_hint(format!("write `{near}`"));
        member.push(findings, key, setting, finding);
    }
    together(member, findings, &misspelt_keys);
}

fn value(member: &Member<'_>, findings: &mut SetFindings, key: &str, setting: &Setting, kind: Kind) {
    let text = setting.value.trim();
    if key == "forceSync" && text == "no" {
        let message = "`forceSync=no`: a server confirms what is not on its disk yet, and a loss of power loses it";
        member.refuse(
            findings,
            &ZOOKEEPER_SETTING,
            key,
            setting,
            message.to_owned(),
            "remove `forceSync`",
        );
        return;
    }
    let (wanted, then) = match kind {
        Kind::Any => return,
        Kind::Flag if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => return,
        Kind::Flag => (
            "`true` or `false`".to_owned(),
            if key.starts_with("admin.") {
                "it is read as `false`"
            } else {
                "the server does not start"
            },
        ),
        Kind::Number(least) => match text.parse::<i64>() {
            Ok(number) if number >= least => return,
            Ok(0) if ["initLimit", "syncLimit", "tickTime"].contains(&key) => {
                (format!("{least} or more"), "the server does not start")
            }
            Ok(_) if key == "electionAlg" && text != "3" => ("3".to_owned(), "the server does not start"),
            Ok(_) => (
                format!("{least} or more"),
                "servers lose their leader, and clients their sessions",
            ),
            Err(_) => ("a whole number".to_owned(), "the server does not start"),
        },
    };
    let message = format!("`{key}` must be {wanted}, not `{text}`: {then}");
    member.refuse(
        findings,
        &ZOOKEEPER_SETTING,
        key,
        setting,
        message,
        format!("set `{key}` to {wanted}"),
    );
}

/// What several lines say together, and what an ensemble must have.
fn together(member: &Member<'_>, findings: &mut SetFindings, misspelt: &[&str]) {
    let servers: Vec<&Setting> = member
        .settings
        .iter()
        .filter(|(key, setting)| key.starts_with("server.") && setting.variable.is_none())
        .map(|(_, setting)| setting)
        .collect();
    // A single line is no ensemble. What edits the file, or a file of its own, may add what is missing.
    let dynamic = member.settings.get("dynamicConfigFile").is_some();
    if let [first, _, ..] = servers.as_slice()
        && member.settings.edited.is_none()
        && !dynamic
    {
        for key in ["initLimit", "syncLimit", "dataDir"] {
            if member.settings.get(key).is_none() && !misspelt.contains(&key) && !member.writes(key) {
                let message = format!("an ensemble needs `{key}`: its servers do not start");
                member.refuse(
                    findings,
                    &ZOOKEEPER_SETTING,
                    key,
                    first,
                    message,
                    format!("add the line `{key}`"),
                );
            }
        }
    }
    let number = |key: &str| -> Option<(&Setting, i64)> {
        let setting = member.settings.get(key)?;
        let number = setting.value.trim().parse().ok()?;
        (number >= 0).then_some((setting, number))
    };
    let tick = number("tickTime").map_or(3000, |(_, tick)| tick);
    let least = number("minSessionTimeout").map_or(tick.saturating_mul(2), |(_, time)| time);
    let most = number("maxSessionTimeout").map_or(tick.saturating_mul(20), |(_, time)| time);
    let bounds = ["maxSessionTimeout", "minSessionTimeout"];
    let set = bounds
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)));
    if let Some((key, setting)) = set.filter(|_| least > most) {
        let message =
            format!("the shortest session is {least} ms, and the longest {most} ms: the server does not start");
        let hint = "keep `minSessionTimeout` (by default 2 ticks) below `maxSessionTimeout` (20 ticks)";
        member.refuse(findings, &ZOOKEEPER_SETTING, key, setting, message, hint);
    }
}
