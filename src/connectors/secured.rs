//! What connectors may do in a closed cluster, as the user of their workers.

use super::{Connector, Connectors, ConnectorsHandle};
use crate::security::{Acl, GroupOperation, Principal, Secured, TopicOperation};

impl Connector {
    /// What it needs of the cluster beside what its workers have: without it a task fails, or runs and moves nothing.
    fn acls(&self) -> Vec<Acl> {
        let mut acls = Vec::new();
        for topic in &self.reads {
            acls.push(Acl::topic(topic.name(), TopicOperation::Read));
        }
        if self.is_sink() {
            acls.push(Acl::group(self.group_name(), GroupOperation::Read));
        }
        for topic in self.writes.iter().chain(&self.dead_letters) {
            acls.push(Acl::topic(topic.name(), TopicOperation::Write));
        }
        acls
    }
}

impl Connectors {
    pub(super) fn acls(&self) -> Vec<Acl> {
        self.connectors.iter().flat_map(Connector::acls).collect()
    }
}

/// The user of the workers, with what the connectors need too.
impl Secured for ConnectorsHandle {
    fn principal(&self) -> Principal {
        let mut principal = self.connect.principal();
        principal.acls.extend(self.acls.clone());
        principal
    }
}
