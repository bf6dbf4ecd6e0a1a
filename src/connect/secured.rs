//! What the workers and their connectors may do in a closed cluster: they share one user.

use super::{Connect, ConnectHandle, ExactlyOnceSource, INTERNAL_TOPICS};
use crate::{
    construct::{Edge, Flow, User},
    kafka::{Identity, TopicHandle},
    security::{Acl, GroupOperation, Principal, Secured, TopicOperation, TransactionalIdOperation},
};

/// The group of a sink connector.
fn group_of(connector: &str) -> String {
    format!("connect-{connector}")
}

impl Connect {
    pub(super) fn who(&self) -> Identity<'_> {
        Identity::Application(&self.meta.name)
    }

    /// Each entry is needed: without it the workers run and their REST interface answers 404, or a task fails, or runs and moves nothing.
    pub(super) fn principal(&self) -> Principal {
        let mut acls = self.acls.clone();
        acls.push(Acl::group(&self.group, GroupOperation::Read));
        for (_, end) in INTERNAL_TOPICS {
            let topic = format!("{}-{end}", self.topics);
            let operations = [TopicOperation::Create, TopicOperation::Read, TopicOperation::Write];
            acls.extend(operations.map(|operation| Acl::topic(&topic, operation)));
        }
        if self.exactly_once != ExactlyOnceSource::Disabled {
            // The leader writes the configurations, and each task its records, in transactions: `<group>-<connector>-<task>`.
            let write = TransactionalIdOperation::Write;
            acls.push(Acl::transactional_id(format!("connect-cluster-{}", self.group), write));
            acls.push(Acl::transactional_ids_beginning(format!("{}-", self.group), write));
        }
        for topic in &self.produces {
            acls.push(Acl::topic(topic.name(), TopicOperation::Write));
        }
        for (topic, connector) in &self.consumes {
            acls.push(Acl::topic(topic.name(), TopicOperation::Read));
            acls.push(Acl::group(group_of(connector), GroupOperation::Read));
        }
        self.kafka
            .principal(self.who(), self.subject.as_ref(), acls, self.quota, self.meta.location)
    }

    /// What its declared topics are used for.
    pub(super) fn all_edges(&self) -> Vec<Edge> {
        let transactional = self.exactly_once == ExactlyOnceSource::Enabled;
        let edge = |topic: &TopicHandle, flow| {
            let cluster = topic.cluster().bootstrap_servers();
            Edge::new(cluster, topic.name(), flow, topic.location())
        };
        let writes = self
            .produces
            .iter()
            .map(|topic| edge(topic, Flow::Writes { transactional }));
        let reads = self.consumes.iter().map(|(topic, connector)| {
            let flow = Flow::Reads {
                group: group_of(connector),
                uncommitted: self.exactly_once == ExactlyOnceSource::Disabled,
            };
            edge(topic, flow)
        });
        writes.chain(reads).collect()
    }
}

impl ConnectHandle {
    /// The user of the workers, who needs this for their connectors too; none where everyone may do everything.
    pub(crate) fn user(&self, acls: Vec<Acl>) -> Option<User> {
        self.cluster().user(&self.0.principal.name, None, acls)
    }
}

impl Secured for ConnectHandle {
    fn principal(&self) -> Principal {
        self.0.principal.clone()
    }
}
