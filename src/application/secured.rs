//! What an application may do in a closed cluster: what it declares, and nothing else.

use super::{Application, ApplicationHandle};
use crate::{
    construct::Flow,
    kafka::Identity,
    security::{Acl, GroupOperation, Principal, Secured, TopicOperation, TransactionalIdOperation},
};

impl Application {
    pub(super) fn who(&self) -> Identity<'_> {
        let name = &self.meta.name;
        match &self.outside {
            Some((listener, _)) => Identity::Outside { name, listener },
            None => Identity::Application(name),
        }
    }

    /// Each entry is needed: without it the application gets an error, or silently no records.
    pub(super) fn principal(&self) -> Principal {
        let mut acls = self.acls.clone();
        for (topic, flow) in self.flows() {
            match flow {
                Flow::Writes { .. } => acls.push(Acl::topic(topic.name(), TopicOperation::Write)),
                Flow::Reads { group, .. } => {
                    acls.push(Acl::topic(topic.name(), TopicOperation::Read));
                    acls.push(Acl::group(group, GroupOperation::Read));
                }
                Flow::Declares => {}
            }
        }
        if let Some((prefix, _)) = &self.transactional {
            // The id is `<prefix>-${env:POD_NAME}`.
            let ids = format!("{prefix}-");
            acls.push(Acl::transactional_ids_beginning(ids, TransactionalIdOperation::Write));
        }
        self.kafka
            .principal(self.who(), self.subject.as_ref(), acls, self.quota, self.meta.location)
    }
}

impl Secured for ApplicationHandle {
    fn principal(&self) -> Principal {
        self.principal.clone()
    }
}
