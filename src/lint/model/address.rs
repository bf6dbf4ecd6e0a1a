//! The addresses that something connects to.

use super::{
    invocation::{program, runs},
    node::Node,
    properties::Property,
};

/// A host, and mostly a port, that something connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    /// None where only the name is asked for.
    pub(crate) port: Option<i64>,
    pub(crate) pointer: String,
    pub(crate) row: Option<u32>,
    /// Whether it is meant for controllers.
    pub(crate) controllers: bool,
}

impl Address {
    fn new(host: &str, port: Option<i64>, pointer: String) -> Self {
        Self {
            // DNS does not mind capitals.
            host: host.to_ascii_lowercase(),
            port,
            pointer,
            row: None,
            controllers: false,
        }
    }

    /// The address as people write it: `HOST:PORT`, or the host alone.
    pub(crate) fn shown(&self) -> String {
        let Self { host, port, .. } = self;
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

/// Addresses that a container connects to: in its variables, its arguments and the commands that it runs.
pub(crate) fn of_container(container: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let env = container.get("env");
    for variable in env.items() {
        let value = variable.get("value");
        if let Some(text) = value.str().filter(|text| text.contains(':')) {
            let named = is_address_key(&variable.get("name").text().to_ascii_lowercase().replace('_', "."));
            let first = addresses.len();
            scan(text, named, &value, addresses);
            mark(&mut addresses[first..], variable.get("name").text());
        }
    }
    of_tools(container, addresses);
    let before = addresses.len();
    for list in ["command", "args"] {
        let list = container.get(list);
        let mut named = false;
        for word in list.items() {
            let text = word.text();
            let flag = text.starts_with("--bootstrap-server")
                || text.starts_with("--kafka.server")
                || text.starts_with("--zookeeper");
            if !text.contains(':') {
                named = flag;
                continue;
            }
            if text.contains(char::is_whitespace) {
                // A script: only what follows such a flag, and what is a full name.
                let mut follows = false;
                for part in text.split_whitespace() {
                    let flag = part.starts_with("--bootstrap-server") || part.starts_with("--zookeeper");
                    scan(part, follows || flag, &word, addresses);
                    follows = flag;
                }
            } else {
                scan(text, named || flag, &word, addresses);
            }
            named = false;
        }
        let words = list.items().map(|word| word.text());
        let controllers = words.into_iter().find(|word| word.contains("bootstrap-controller"));
        mark(&mut addresses[before..], controllers.unwrap_or_default());
    }
}

/// Addresses that a command waits for, with `nc HOST PORT`, `getent hosts HOST`, `nslookup HOST` or `/dev/tcp/HOST/PORT`.
fn of_tools(container: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let mut add = |host: &str, port: Option<i64>, place: &Node<'_, '_>| {
        let address = Address::new(host, port, place.pointer());
        if (is_full(host) || is_short(host)) && host.chars().all(is_of_host) && !addresses.contains(&address) {
            addresses.push(address);
        }
    };
    for list in ["command", "args"] {
        let list = container.get(list);
        for word in list.items() {
            let text = word.text();
            for (at, start) in text.match_indices("/dev/tcp/") {
                let mut parts = text[at + start.len()..].splitn(2, '/');
                let host = parts.next().unwrap_or_default();
                let port = parts.next().unwrap_or_default();
                let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
                if let Ok(port) = digits.parse() {
                    add(host, Some(port), &word);
                }
            }
            for (tool, words) in runs(text, &TOOLS) {
                if let Some((host, port)) = asked(tool, &words) {
                    add(&host, port, &word);
                }
            }
        }
        // Each word by itself, without a shell.
        let mut words = list.items();
        if let Some(first) = words.next()
            && let Some(tool) = TOOLS.into_iter().find(|tool| program(first.text()) == *tool)
        {
            let rest: Vec<String> = words.map(|word| word.text().to_owned()).collect();
            if let Some((host, port)) = asked(tool, &rest) {
                add(&host, port, &first);
            }
        }
    }
}

/// Programs that ask for a host, and a port, as arguments of their own.
const TOOLS: [&str; 5] = ["getent", "nc", "ncat", "netcat", "nslookup"];

/// What one of them asks for.
fn asked(tool: &str, words: &[String]) -> Option<(String, Option<i64>)> {
    // Options of `nc` whose value is a word of its own.
    const VALUES: [&str; 8] = ["-G", "-X", "-i", "-p", "-q", "-s", "-w", "-x"];
    let netcat = tool.starts_with('n') && tool != "nslookup";
    let mut words = words.iter().map(String::as_str);
    let mut plain = Vec::new();
    while let Some(word) = words.next() {
        if word.contains(['>', '<']) {
            break;
        } else if !word.starts_with('-') {
            plain.push(word);
        } else if netcat && word.contains('l') && !word.starts_with("--") {
            // It listens itself.
            return None;
        } else if netcat
            && VALUES
                .iter()
                .any(|option| word.ends_with(&option[1..]) && word.len() <= 4)
        {
            words.next();
        }
    }
    match (tool, plain.as_slice()) {
        ("getent", ["hosts" | "ahosts" | "ahostsv4" | "ahostsv6", host, ..]) | ("nslookup", [host, ..]) => {
            Some(((*host).to_owned(), None))
        }
        ("getent", _) => None,
        (_, [host, port]) => Some(((*host).to_owned(), Some(port.parse().ok()?))),
        _ => None,
    }
}

const fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.'
}

/// Whether a host is the full name of a Service, or of a pod below one.
fn is_full(host: &str) -> bool {
    host.split('.').nth(2) == Some("svc") || host.split('.').nth(3) == Some("svc")
}

/// Whether a host may be the short name of a Service.
fn is_short(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_lowercase()) && host.split('.').count() <= 3 && host != "localhost"
}

/// Marks those for controllers, by the name of what has them.
fn mark(addresses: &mut [Address], name: &str) {
    let controllers = name.to_ascii_lowercase().contains("controller");
    for address in addresses {
        address.controllers |= controllers;
    }
}

/// Addresses in a setting of a property file.
pub(crate) fn of_property(property: &Property, file: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let Property { key, value, row } = property;
    // Members of a quorum have a rule of their own.
    if value.contains(':') && key != "controller.quorum.voters" && !key.starts_with("server.") {
        let first = addresses.len();
        scan(value, is_address_key(key), file, addresses);
        for address in &mut addresses[first..] {
            address.row = Some(*row);
        }
        mark(&mut addresses[first..], key);
    }
}

/// Whether a setting of this name holds addresses that are connected to.
fn is_address_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    key.ends_with("schemaregistry")
        || [
            "bootstrapservers",
            "zookeeperconnect",
            "registryurl",
            "kafkaserver",
            "kafkaservice",
            "kafkabrokers",
            "brokerconnect",
        ]
        .iter()
        .any(|part| key.contains(part))
}

/// `host:port` in a text: a full name of a Service anywhere, a short one only where an address is expected.
fn scan(text: &str, short_too: bool, place: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    for (colon, _) in text.match_indices(':') {
        let before = &text[..colon];
        let start = before.rfind(|c: char| !is_of_host(c)).map_or(0, |index| {
            index + before[index..].chars().next().map_or(1, char::len_utf8)
        });
        let host = &before[start..];
        let digits: String = text[colon + 1..].chars().take_while(char::is_ascii_digit).collect();
        let after = text[colon + 1 + digits.len()..].chars().next();
        // What stands before is a variable, or belongs to a longer word.
        let continued = before[..start].ends_with(['}', ')', '$', '_', '{', '@']);
        let Ok(number) = digits.parse::<i64>() else { continue };
        let (full, short) = (is_full(host), short_too && is_short(host));
        let ends = after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != ':');
        if !continued && ends && (full || short) {
            let address = Address::new(host, Some(number), place.pointer());
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_text() {
        let found = |text: &str, short| {
            let mut addresses = Vec::new();
            scan(text, short, &Node::root(&serde_json::Value::Null), &mut addresses);
            addresses.into_iter().map(|address| address.shown()).collect::<Vec<_>>()
        };
        assert_eq!(found("kafka:9092,b.c:1", true), ["kafka:9092", "b.c:1"]);
        assert_eq!(found("kafka:9092", false), Vec::<String>::new());
        assert_eq!(
            found("http://a.b.svc.cluster.local:8081/x", false),
            ["a.b.svc.cluster.local:8081"]
        );
        assert_eq!(found("a-0.b.c.svc:1", false), ["a-0.b.c.svc:1"]);
        assert_eq!(
            found("${env:POD_NAME}.b.c.svc:1 localhost:1 :9092 1:2 ü:3", true),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_wait_loop_asks_as_its_tool_does() {
        let found = |container: serde_json::Value| {
            let mut addresses = Vec::new();
            of_container(&Node::root(&container), &mut addresses);
            let shown: Vec<String> = addresses.iter().map(Address::shown).collect();
            shown.join(" ")
        };
        for (script, expected) in [
            ("until nc -z kafka 9092; do sleep 1; done", "kafka:9092"),
            (
                "until nc -z -w 2 a.b.svc 9095 >/dev/null 2>&1; do :; done",
                "a.b.svc:9095",
            ),
            ("nc -zvw2 a.b 1 || exit 1", "a.b:1"),
            ("while ! nc a 2181 </dev/null; do sleep 1; done", "a:2181"),
            ("echo ruok | nc localhost 2181", ""),
            ("nc -l -p 8080 a 1; nc -lk a 8080", ""),
            ("nc -z \"$HOST\" 9092; nc -z 10.0.0.1 9092; nc -z a $PORT", ""),
            ("timeout 1 bash -c '</dev/tcp/a.b.svc/9092'", "a.b.svc:9092"),
            ("(echo > /dev/tcp/a/9094) 2>/dev/null", "a:9094"),
            ("cat < /dev/tcp/$HOST/9094; cat < /dev/tcp/127.0.0.1/1", ""),
            ("until nslookup a.b.svc; do sleep 1; done", "a.b.svc"),
            (
                "getent hosts a-0.b && getent passwd kafka; getent ahosts \"$(hostname)\"",
                "a-0.b",
            ),
        ] {
            let container = serde_json::json!({"command": ["sh", "-c", script]});
            assert_eq!(found(container), expected, "{script}");
        }
        let container = serde_json::json!({"command": ["nc", "-z", "kafka", "9092"]});
        assert_eq!(found(container), "kafka:9092");
    }
}
