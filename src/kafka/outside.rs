//! How clients outside of Kubernetes reach a listener: names, ports, source ranges.

use std::{collections::BTreeMap, net::IpAddr};

use super::{gateway::Gateway, pool::NodePool};
use crate::{diagnostics::Location, workload::IngressRule};

/// What stands for a node's id in a name.
pub(super) const ID: &str = "{id}";

/// The ports of a listener on every machine of the Kubernetes cluster, between 30000 and 32767 unless the API server is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePorts {
    /// The port of all brokers, where clients begin.
    pub bootstrap: u16,
    /// The port of the broker with id 0. The one with id 2 has this port and 2.
    ///
    /// All ids of a pool have the same number of digits, and this port ends with as many zeros: Kafka reads one file in all pods of a
    /// pool, and can put the id into a text, but not add it to a number.
    pub first_broker: u16,
}

/// How clients outside reach a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    pub(super) way: Way,
    /// The name of each broker, with `{id}` in it.
    pub(super) names: String,
    pub(super) bootstrap: Option<String>,
    pub(super) source_ranges: Vec<String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) through_any_node: bool,
    pub(super) location: Location,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    LoadBalancer,
    NodePorts(NodePorts),
    Gateway(Gateway),
}

impl NodePorts {
    /// The port of a broker.
    pub(super) const fn of(self, id: u32) -> u32 {
        self.first_broker as u32 + id
    }

    /// The ports of a pool's brokers, with `${env:NODE_ID}` as their last digits.
    fn template(self, pool: &NodePool) -> String {
        let digits = pool.first_id.to_string().len();
        let port = self.first_broker.to_string();
        let start = port.get(..port.len().saturating_sub(digits)).unwrap_or_default();
        format!("{start}${{env:NODE_ID}}")
    }

    /// Whether that template is the port of each.
    pub(super) fn fits(self, pool: &NodePool) -> bool {
        let template = self.template(pool);
        pool.ids()
            .all(|id| template.replace("${env:NODE_ID}", &id.to_string()) == self.of(id).to_string())
    }
}

impl Outside {
    pub(super) fn name_of(&self, id: u32) -> String {
        self.names.replace(ID, &id.to_string())
    }

    pub(super) fn bootstrap_name(&self) -> String {
        let own = self.bootstrap.clone();
        own.unwrap_or_else(|| self.names.replace(ID, "bootstrap"))
    }

    /// What the brokers of a pool advertise: host and port.
    pub(super) fn advertised(&self, port: u16, pool: &NodePool) -> String {
        let host = self.names.replace(ID, "${env:NODE_ID}");
        match &self.way {
            Way::LoadBalancer => format!("{host}:{port}"),
            Way::NodePorts(ports) => format!("{host}:{}", ports.template(pool)),
            Way::Gateway(gateway) => format!("{host}:{}", gateway.dialled_port()),
        }
    }

    /// Where clients begin, of a listener with this port: host and port.
    pub(super) fn begin(&self, port: u16) -> String {
        let port = match &self.way {
            Way::LoadBalancer => port,
            Way::NodePorts(ports) => ports.bootstrap,
            Way::Gateway(gateway) => gateway.dialled_port(),
        };
        format!("{}:{port}", self.bootstrap_name())
    }

    /// The names that clients outside dial to reach the brokers of a pool.
    pub(super) fn dialled(&self, pool: &NodePool) -> Vec<String> {
        let mut names: Vec<String> = pool.ids().map(|id| self.name_of(id)).collect();
        names.push(self.bootstrap_name());
        names.dedup();
        names
    }

    /// Whose packets reach the brokers: the network policy lets them in.
    pub(super) fn admitted(&self, ports: Vec<u16>) -> IngressRule {
        match &self.way {
            Way::Gateway(gateway) => IngressRule::Clients(gateway.admitted(), ports),
            _ if self.through_any_node => IngressRule::Addresses(Vec::new(), ports),
            _ => IngressRule::Addresses(self.source_ranges.clone(), ports),
        }
    }
}

impl Outside {
    pub(super) fn problems_of_ranges(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if matches!(self.way, Way::NodePorts(_)) && self.through_any_node && !self.source_ranges.is_empty() {
            let problem = "nothing keeps its source ranges: through any machine the broker does not see the address of a client, and there is no load balancer";
            let hint = "remove `.through_any_node()`, or use `.load_balancer(…)`".to_owned();
            problems.push((problem.to_owned(), hint));
        }
        if let Some((range, why)) = self
            .source_ranges
            .iter()
            .find_map(|range| Some((range, problem_of_range(range)?)))
        {
            let hint = "write a network and its length, as `203.0.113.0/24`".to_owned();
            problems.push((format!("source range `{range}` {why}"), hint));
        }
        problems
    }
}

/// What is wrong with a range of addresses.
fn problem_of_range(range: &str) -> Option<&'static str> {
    const FORM: &str = "is not an address and a length";
    let Some((address, length)) = range.split_once('/') else {
        return Some(FORM);
    };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else {
        return Some(FORM);
    };
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    if length > width {
        return Some("has a length above that of an address");
    }
    let behind = u128::MAX.checked_shr(128 - (width - length)).unwrap_or(0);
    (bits & behind != 0).then_some("is an address in the network, and not the network")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_network_and_its_length() {
        for good in ["203.0.113.0/24", "0.0.0.0/0", "203.0.113.7/32", "2001:db8::/32", "::/0"] {
            assert_eq!(problem_of_range(good), None, "{good}");
        }
        for bad in [
            "203.0.113.0",
            "203.0.113.7/24",
            "10.0.0.0/33",
            "2001:db8::1/64",
            "office",
            "10.0.0/8",
            "10.0.0.0/-1",
        ] {
            assert!(problem_of_range(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn ports_are_the_id_at_the_end_of_a_text() {
        let ports = |first_broker| NodePorts {
            bootstrap: 31_999,
            first_broker,
        };
        let pool = |first, replicas| NodePool::brokers("kafka", replicas).first_id(first);
        assert_eq!(ports(31_000).template(&pool(0, 3)), "3100${env:NODE_ID}");
        assert_eq!(ports(31_000).template(&pool(100, 3)), "31${env:NODE_ID}");
        for (first_broker, first, replicas, fits) in [
            (31_000, 0, 10, true),
            (31_000, 0, 11, false),
            (31_000, 10, 90, true),
            (31_000, 100, 3, true),
            (31_010, 0, 3, true),
            (31_010, 10, 3, false),
            (31_005, 0, 3, false),
        ] {
            let pool = pool(first, replicas);
            assert_eq!(
                ports(first_broker).fits(&pool),
                fits,
                "{first_broker} {first} {replicas}"
            );
        }
    }
}
