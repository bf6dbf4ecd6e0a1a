//! What a probe may do in a closed cluster.

use super::{Probe, ProbeHandle};
use crate::{
    kafka::Identity,
    security::{Acl, GroupOperation, Principal, Quota, Secured, TopicOperation},
};

impl Probe {
    pub(super) fn identity(&self) -> Identity<'_> {
        Identity::Application(&self.meta.name)
    }

    /// What the names of its groups begin with.
    fn groups(&self) -> String {
        format!("{}-", self.topic())
    }

    /// A group that it may use.
    pub(super) fn a_group(&self) -> String {
        format!("{}0", self.groups())
    }

    /// It creates its topic and adds partitions, writes and reads, and deletes the groups of its earlier starts, which it finds because it
    /// may describe them. Of other topics and groups it sees nothing.
    pub(super) fn principal(&self) -> Principal {
        let of_topic = [
            TopicOperation::Create,
            TopicOperation::Alter,
            TopicOperation::Read,
            TopicOperation::Write,
        ]
        .map(|operation| Acl::topic(self.topic(), operation));
        let of_groups = [GroupOperation::Read, GroupOperation::Describe, GroupOperation::Delete]
            .map(|operation| Acl::groups_beginning(self.groups(), operation));
        let acls = of_topic.into_iter().chain(of_groups).collect();
        self.kafka
            .principal(self.identity(), None, acls, Quota::new(), self.meta.location)
    }
}

impl Secured for ProbeHandle {
    fn principal(&self) -> Principal {
        self.0.principal.clone()
    }
}
