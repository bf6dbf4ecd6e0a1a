//! What a registry may do in a closed cluster.

use super::{RegistryImplementation, SchemaRegistry, SchemaRegistryHandle, apicurio};
use crate::{
    kafka::Identity,
    security::{Acl, GroupOperation, Principal, Quota, Secured, Shows, TopicOperation},
};

impl SchemaRegistry {
    pub(super) fn who(&self) -> Identity<'_> {
        Identity::Application(&self.meta.name)
    }

    /// A group that its instances may use.
    pub(super) fn a_group(&self) -> String {
        match self.implementation {
            RegistryImplementation::Confluent => self.meta.name.clone(),
            RegistryImplementation::Apicurio => format!("{}{}", apicurio::GROUPS, self.meta.name),
        }
    }

    /// It makes its topics, and reads their settings to see that no schema is ever deleted.
    pub(super) fn principal(&self) -> Principal {
        let operations = [
            TopicOperation::Create,
            TopicOperation::DescribeConfigs,
            TopicOperation::Read,
            TopicOperation::Write,
        ];
        let topics = self.topics().iter();
        let of_topics = topics.flat_map(|topic| operations.map(|operation| Acl::topic(*topic, operation)));
        let of_group = match self.implementation {
            RegistryImplementation::Confluent => Acl::group(self.a_group(), GroupOperation::Read),
            // Each start reads everything again, as a group that was never there before.
            RegistryImplementation::Apicurio => Acl::groups_beginning(apicurio::GROUPS, GroupOperation::Read),
        };
        let acls = of_topics.chain([of_group]).collect();
        self.kafka.principal(
            self.who(),
            self.subject.as_ref(),
            acls,
            Quota::new(),
            self.meta.location,
        )
    }
}

impl Secured for SchemaRegistryHandle {
    /// An external registry is a user of no cluster here.
    fn principal(&self) -> Principal {
        self.0.principal.clone().unwrap_or_else(|| Principal {
            cluster: self.0.url.clone(),
            name: self.0.name.clone(),
            shows: Shows::Certificate,
            acls: Vec::new(),
            quota: Quota::new(),
            location: self.0.location,
        })
    }
}
