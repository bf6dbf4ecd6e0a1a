//! ZooKeeper where more than the brokers is let in, or may ask.

use super::{
    Member,
    security::{has_login_file, is_of_kafka},
};
use crate::{
    diagnostics::{
        Diagnostic,
        Severity::{Off, Warning},
        family::rules,
    },
    lint::model::{jvm::JvmOption, program::Program, set::SetFindings, settings::Setting},
};

rules! { rules::security;
    /// Permissions that are kept where everyone can change them.
    pub const ZOOKEEPER_OPEN: Rule = Rule {
        id: "KS-X21",
        production: Warning,
        development: Off,
        summary: "an authorizer whose permissions are in a ZooKeeper where everyone may change them",
        explanation: "In ZooKeeper mode users, the hashes of their passwords and all permissions are in ZooKeeper. Brokers that \
            connect without TLS and without a login write them for everyone: whoever reaches the port can log in as any \
            user, and give it every permission. Without `zookeeper.set.acl=true`, which is not \
            the default, the same is true of brokers with a certificate or a login: what they write has no owner.",
        source: "Kafka 3.9 documentation, ZooKeeper Authentication; seen with Kafka 3.9.2 and ZooKeeper 3.8.6",
    };

    /// Commands that a server of ZooKeeper answers to everyone.
    pub const ZOOKEEPER_ASKED: Rule = Rule {
        id: "KS-X25",
        production: Warning,
        development: Off,
        summary: "a server of ZooKeeper that answers commands to whoever reaches it",
        explanation: "Whoever can connect to a client port sends four-letter words, and is asked for no login: `crst` and `srst` \
            delete statistics that alerts are made of, `stmk` fills the log, `wchp` and `wchc` may slow a server down until it loses its followers. \
            By default a server answers `srvr` alone, which is what probes need. The admin server at port 8080 answers \
            more of the same by HTTP.",
        source: "ZooKeeper 3.8, Administrator's Guide, The Four Letter Words, The AdminServer",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    match member.process.program {
        Program::Broker => of_broker(member, findings),
        Program::ZooKeeper => {
            four_letter_words(member, findings);
            admin_server(member, findings);
        }
        Program::Connect | Program::Registry => {}
    }
}

/// An option of a server's JVM that stands for a setting, and its value.
fn option<'m>(member: &'m Member<'_>, key: &str) -> Option<(&'m JvmOption, &'m str)> {
    let start = format!("-Dzookeeper.{key}=");
    let mut options = member.jvm().options.iter().rev();
    options.find_map(|option| Some((option, option.text.strip_prefix(start.as_str())?)))
}

/// The four-letter words that a server answers.
fn four_letter_words(member: &Member<'_>, findings: &mut SetFindings) {
    const COMMANDS: &str = "4lw.commands.whitelist";
    // With TLS alone whoever asks has a certificate, unless the server asks for none.
    let has = |key: &str| member.settings.get(key).is_some();
    let asks = member.settings.get("ssl.clientAuth");
    let asks = asks.is_none_or(|setting| setting.value.trim().eq_ignore_ascii_case("need"));
    if has("secureClientPort") && !has("clientPort") && asks {
        return;
    }
    if let Some(setting) = member.settings.get(COMMANDS) {
        if let Some(message) = answers(&setting.value) {
            let hint = match &setting.variable {
                Some(variable) => format!("set `{variable}` to `srvr`, or to the words that your probes need"),
                None => format!("write `{COMMANDS}=srvr`, or the words that your probes need"),
            };
            member.refuse(findings, &ZOOKEEPER_ASKED, COMMANDS, setting, message, hint);
        }
    } else if let Some((option, words)) = option(member, COMMANDS)
        && let Some(message) = answers(words)
    {
        findings
            .add(
                member.index,
                member.container.variable_pointer(&option.variable),
                &ZOOKEEPER_ASKED,
                message,
            )
            .hint(format!(
                "write `-Dzookeeper.{COMMANDS}=srvr`, or the words that your probes need"
            ));
    }
}

/// The admin server, which answers by HTTP.
fn admin_server(member: &Member<'_>, findings: &mut SetFindings) {
    const ADMIN: &str = "admin.enableServer";
    let is_local = |setting: &Setting| super::listening::is_loopback(setting.value.trim());
    if let Some(setting) = member.settings.get(ADMIN)
        && ["true", "yes"]
            .iter()
            .any(|on| setting.value.trim().eq_ignore_ascii_case(on))
        && !member.settings.get("admin.serverAddress").is_some_and(is_local)
        && !option(member, "admin.serverAddress").is_some_and(|(_, address)| super::listening::is_loopback(address))
        && option(member, ADMIN).is_none_or(|(_, on)| on != "false")
    {
        let port = member.settings.get("admin.serverPort").map(|port| port.value.trim());
        let port = port
            .or(option(member, "admin.serverPort").map(|(_, port)| port))
            .unwrap_or("8080");
        let message =
            format!("the admin server answers commands at port {port} to whoever reaches it, without a login");
        let hint = match &setting.variable {
            Some(variable) => format!(
                "set `{variable}` to `{}`",
                if setting.value.trim().eq_ignore_ascii_case("yes") {
                    "no"
                } else {
                    "false"
                }
            ),
            None => format!("write `{ADMIN}=false`, or `admin.serverAddress=127.0.0.1`"),
        };
        member.refuse(findings, &ZOOKEEPER_ASKED, ADMIN, setting, message, hint);
    }
}

/// What a server answers without a login that it should not, by the four-letter words that it takes.
fn answers(words: &str) -> Option<String> {
    const HARMFUL: [&str; 6] = ["*", "crst", "srst", "stmk", "wchc", "wchp"];
    let word = words.split(',').map(str::trim).find(|word| HARMFUL.contains(word))?;
    let which = if word == "*" {
        "every four-letter word".to_owned()
    } else {
        format!("`{word}`")
    };
    Some(format!(
        "a server answers {which} to whoever can connect to a client port, without a login"
    ))
}

/// Brokers with an authorizer that are no one for ZooKeeper.
fn of_broker(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "zookeeper.connect";
    const OWNED: &str = "zookeeper.set.acl";
    const TLS: &str = "zookeeper.ssl.client.enable";
    let encrypted = member.settings.get(TLS).map_or_else(
        || member.writes(TLS),
        |setting| !setting.value.trim().eq_ignore_ascii_case("false"),
    );
    // Bitnami's entrypoint writes the settings.
    let by_image = |(name, value): &(String, String)| name == "KAFKA_ZOOKEEPER_PROTOCOL" && value.contains('S');
    let by_image = member.container.variables.iter().any(by_image);
    // The file of a login is an option of the JVM, or a variable of the image.
    let logs_in = has_login_file(member) || member.writes("sasl.jaas");
    // A file of logins may be for listeners alone.
    let without = |option: &str| option == "-Dzookeeper.sasl.client=false";
    let logs_in = logs_in && !member.jvm().options.iter().any(|option| without(&option.text));
    let has_authorizer = member.settings.get("authorizer.class.name").is_some_and(is_of_kafka);
    // A process in KRaft mode reads it for a migration alone.
    let in_kraft = member.settings.get("process.roles").is_some();
    let Some(setting) = member.settings.get(KEY).filter(|_| has_authorizer && !in_kraft) else {
        return;
    };
    if encrypted || logs_in || by_image {
        let owned = member.settings.get(OWNED);
        let is_owned = |setting: &Setting| !setting.is_known() || setting.value.trim().eq_ignore_ascii_case("true");
        if owned.map_or_else(|| member.writes(OWNED), is_owned) {
            return;
        }
        let message = "what the brokers write to ZooKeeper has no owner: whoever gets a session there may change users and permissions";
        let hint =
            format!("set `{OWNED}=true`; what is there already gets its owner by `zookeeper-security-migration`");
        let (key, setting) = owned.map_or((KEY, setting), |owned| (OWNED, owned));
        member.refuse(findings, &ZOOKEEPER_OPEN, key, setting, message.to_owned(), hint);
        return;
    }
    let message = "users and permissions are in a ZooKeeper to which the brokers connect in plaintext and as no one: who reaches it may change them";
    let mut finding = Diagnostic::new(&ZOOKEEPER_OPEN, message);
    finding
        .hint("add `.internal_tls(…)` to the `ZooKeeper` and to the cluster")
        .yaml_hint(
            "give the servers `secureClientPort` and `ssl.clientAuth=need`, and the brokers `zookeeper.ssl.client.enable=true` with a \
             key store, and `zookeeper.set.acl=true`",
        );
    member.push(findings, KEY, setting, finding);
}
