//! What a process listens on.

use std::borrow::Cow;

use super::Member;
use crate::lint::model::{
    container::Container,
    program::Program,
    settings::{POD_INDEX, POD_NAME},
};

/// A port that a process opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) port: i64,
    /// What opens it, as people call it: `CLIENT`, `the metrics agent`.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What opens a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Listener,
    /// The listener of the controllers.
    Controller,
    /// An agent or JMX: before the process itself.
    Jvm,
}

/// A listener as settings write it, `NAME://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listener<'s> {
    pub(super) name: &'s str,
    pub(super) host: &'s str,
    pub(super) port: Option<i64>,
}

/// The listeners of a list.
pub(super) fn listeners(value: &str) -> impl Iterator<Item = Listener<'_>> {
    value.split(',').filter_map(|text| {
        let (name, address) = text.trim().split_once("://")?;
        let address = &address[..end_of_address(address)];
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Listener {
            name,
            host,
            port: port.parse().ok(),
        })
    })
}

/// Where a path begins. A field of the pod that is to be put in may have a slash: `{metadata.labels['apps.kubernetes.io/pod-index']}`.
fn end_of_address(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether only the own pod reaches a host.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "::1"
}

/// What Kafka listens on where nothing says more.
pub(super) const DEFAULT: &str = "PLAINTEXT://:9092";

/// The settings that say what a broker or a controller is.
pub(super) const MODES: [&str; 2] = ["process.roles", "zookeeper.connect"];

impl Member<'_> {
    /// What a broker or a controller listens on: `listeners`, or what holds without it. None if the manifests do not show it.
    pub(super) fn listeners(&self) -> Option<Cow<'_, str>> {
        if let Some(setting) = self.settings.get("listeners") {
            return Some(Cow::Borrowed(&setting.value));
        }
        // A file of which nothing is seen may have all of it.
        let shown = MODES.iter().any(|key| self.settings.get(key).is_some());
        if !shown || self.writes("listeners") {
            return None;
        }
        let image = self.process.image_name();
        let roles = self.settings.get("process.roles");
        let is_controller = roles.is_some_and(|roles| roles.value.trim() == "controller");
        if !self.process.entrypoint {
            Some(Cow::Borrowed(DEFAULT))
        } else if image.contains("confluentinc/cp-") && !is_controller {
            // The entrypoint makes it of what is advertised.
            let advertised = &self.settings.get("advertised.listeners")?.value;
            let ports = listeners(advertised).map(|listener| {
                let port = listener.port.map_or_else(String::new, |port| format!(":{port}"));
                format!("{}://0.0.0.0{port}", listener.name)
            });
            Some(Cow::Owned(ports.collect::<Vec<_>>().join(",")))
        } else {
            super::is_official(image).then_some(Cow::Borrowed(DEFAULT))
        }
    }

    /// The pods of a StatefulSet, and the list of a setting as it is in each: with its name, and with its ordinal.
    pub(super) fn listed_by_pod(&self, key: &str) -> Vec<(String, String)> {
        let Some(setting) = self.settings.get(key) else {
            return Vec::new();
        };
        let first = self.workload.first;
        (first..first + self.workload.replicas)
            .map(|ordinal| {
                let pod = format!("{}-{ordinal}", self.object.identity.name);
                let value = setting.value.replace(POD_NAME, &pod);
                let value = value.replace(POD_INDEX, &ordinal.to_string());
                (pod, value)
            })
            .collect()
    }

    /// The value of a setting as a number.
    fn number(&self, key: &str) -> Option<i64> {
        self.settings.get(key)?.value.trim().parse().ok()
    }

    /// The listeners that a setting lists, each with its port. None if one is filled in later.
    fn listed(&self, key: &str) -> Option<Vec<Open>> {
        let value = &self.settings.get(key)?.value;
        let controllers = self
            .settings
            .get("controller.listener.names")
            .map_or("", |names| names.value.as_str());
        let kind = |name: &str| {
            if controllers.split(',').any(|own| own.trim() == name) {
                Kind::Controller
            } else {
                Kind::Listener
            }
        };
        listeners(value)
            .map(|listener| {
                Some(Open {
                    port: listener.port?,
                    name: listener.name.to_owned(),
                    kind: kind(listener.name),
                })
            })
            .collect()
    }

    /// What the process itself listens on, by its settings. None if they do not show it.
    fn own_ports(&self) -> Option<Vec<Open>> {
        let named = |port: i64, name: &str| Open {
            port,
            name: name.to_owned(),
            kind: Kind::Listener,
        };
        match self.process.program {
            Program::Broker => self.listed("listeners"),
            Program::ZooKeeper => {
                let client = self.number("clientPort").or(self.number("client.port"))?;
                let mut open = vec![named(client, "clients")];
                for (key, setting) in self.settings.iter() {
                    if key.starts_with("server.") || key == "servers" {
                        let ports = setting
                            .value
                            .split([':', ';', ' '])
                            .filter_map(|part| part.trim().parse().ok());
                        open.extend(ports.map(|port| named(port, "other servers")));
                    }
                }
                let optional = ["secureClientPort", "metricsProvider.httpPort"];
                open.extend(optional.iter().filter_map(|key| Some(named(self.number(key)?, key))));
                let admin = self.settings.get("admin.enableServer");
                if admin.is_none_or(|enabled| enabled.value.trim() != "false") {
                    open.push(named(self.number("admin.serverPort").unwrap_or(8080), "admin"));
                }
                Some(open)
            }
            Program::Connect => {
                // Every worker has one: without it, its settings are not known.
                self.settings.get("group.id")?;
                let mut open = match self.settings.get("listeners") {
                    Some(_) => self.listed("listeners")?,
                    None => vec![named(self.number("rest.port").unwrap_or(8083), "REST")],
                };
                if self.settings.get("admin.listeners").is_some() {
                    open.extend(self.listed("admin.listeners")?);
                }
                Some(open)
            }
            Program::Registry => match self.settings.get("listeners") {
                Some(_) => self.listed("listeners"),
                None => (!self.settings.is_empty()).then(|| vec![named(8081, "REST")]),
            },
        }
    }

    /// What agents and JMX open. None if it is not to be seen.
    fn jvm_ports(&self) -> Option<Vec<Open>> {
        let container = self.container;
        if container.open {
            return None;
        }
        let jvm = self.jvm();
        let named = |port, name: &str| Open {
            port,
            name: name.to_owned(),
            kind: Kind::Jvm,
        };
        let mut open = Vec::new();
        for (_, port) in jvm.agents() {
            open.push(named(port?, "the agent"));
        }
        if let Some((_, port)) = jvm.jmx_port() {
            open.push(named(port?, "JMX"));
        }
        for name in ["JMX_PORT", "KAFKA_JMX_PORT"] {
            if let Some(port) = container.variable(name).filter(|port| !port.is_empty()) {
                open.push(named(port.parse().ok()?, "JMX"));
            }
        }
        Some(open)
    }

    /// What the process listens on, all of it or nothing.
    pub(super) fn all_ports(&self) -> Option<Vec<Open>> {
        if !self.is_known_image() || self.process.image_name().contains("cp-server") {
            return None;
        }
        let mut open = self.own_ports()?;
        open.extend(self.jvm_ports()?);
        Some(open)
    }

    /// What is known to be open, which need not be all.
    pub(super) fn known_ports(&self) -> Vec<Open> {
        let mut open = self.own_ports().unwrap_or_default();
        open.extend(self.jvm_ports().unwrap_or_default());
        open
    }
}

/// What the JMX exporter listens on as a process of its own: `java -jar jmx_prometheus_standalone.jar PORT FILE`.
fn of_jmx_exporter(container: &Container) -> Option<Open> {
    let mut words = container.words.iter().flat_map(|word| word.split_whitespace());
    words.find(|word| word.contains("jmx_prometheus_") && word.contains(".jar") && !word.starts_with('-'))?;
    let address = words.next()?;
    let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
    Some(Open {
        port: port.parse().ok()?,
        name: "the exporter".to_owned(),
        kind: Kind::Listener,
    })
}

/// What an exporter listens on, if a container is one.
pub(super) fn of_exporter(container: &Container) -> Option<Vec<Open>> {
    let image = container.image_name();
    if let Some(open) = of_jmx_exporter(container) {
        return Some(vec![open]);
    }
    if container.open || !image.ends_with("danielqsj/kafka-exporter") {
        return None;
    }
    let flag = container
        .words
        .iter()
        .find_map(|word| word.split_once("web.listen-address=").map(|(_, address)| address));
    let port = match flag {
        Some(address) => address.rsplit_once(':')?.1.parse().ok()?,
        None => 9308,
    };
    Some(vec![Open {
        port,
        name: "the exporter".to_owned(),
        kind: Kind::Listener,
    }])
}

/// Ports as a hint shows them: `9092 (CLIENT), 9404 (the agent)`.
pub(super) fn shown(open: &[Open]) -> String {
    let mut all: Vec<String> = Vec::new();
    for Open { port, name, .. } in open {
        let one = format!("{port} ({name})");
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_read_with_name_host_and_port() {
        let read = |text: &'static str| {
            let list = listeners(text).map(|one| (one.name, one.host, one.port));
            list.collect::<Vec<_>>()
        };
        assert_eq!(
            read(
                "CLIENT://:9092, http://0.0.0.0:8081/path,A://[::1]:1,B://{status.podIP}:2,C://host,odd,D://k-{labels['a/b']}.x:3"
            ),
            [
                ("CLIENT", "", Some(9092)),
                ("http", "0.0.0.0", Some(8081)),
                ("A", "::1", Some(1)),
                ("B", "{status.podIP}", Some(2)),
                ("C", "host", None),
                ("D", "k-{labels['a/b']}.x", Some(3)),
            ]
        );
    }
}
