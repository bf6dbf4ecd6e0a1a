//! What monitoring needs of connectors: who answers for them, for their groups and for their dead letters.

use super::{Connectors, ConnectorsHandle};
use crate::{
    construct::Check,
    observability::{Monitored, Owned, OwnedKind},
};

impl Connectors {
    /// The connectors, the groups of sinks and the topics of their dead letters, for the alerts on them.
    pub(super) fn owned(&self) -> Vec<Owned> {
        let owned = self.connectors.iter().flat_map(|one| {
            let owned = |kind, name: &str| Owned {
                kind,
                name: name.to_owned(),
                lag: None,
                owner: one.owner.clone(),
                on_call: one.on_call.clone(),
            };
            let mut all = vec![owned(OwnedKind::Connector, &one.name)];
            if one.is_sink() {
                all.push(owned(OwnedKind::Group, &one.group_name()));
                all.extend(
                    one.dead_letters
                        .iter()
                        .map(|topic| owned(OwnedKind::Topic, topic.name())),
                );
            }
            all
        });
        owned.collect()
    }
}

impl Monitored for ConnectorsHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn cluster(&self) -> Option<(&str, &str)> {
        let kafka = self.connect.cluster();
        Some((kafka.name(), kafka.bootstrap_servers()))
    }

    fn owned(&self) -> Vec<Owned> {
        self.owned.clone()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.connect.check(check);
    }
}
