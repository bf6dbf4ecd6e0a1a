//! What monitoring needs of connectors: who answers for their groups and their dead letters.

use super::{Connectors, ConnectorsHandle};
use crate::{
    construct::Check,
    observability::{Monitored, Owned, OwnedKind},
};

impl Connectors {
    /// The groups of its sinks and the topics of their dead letters, for the alerts on them.
    pub(super) fn owned(&self) -> Vec<Owned> {
        let sinks = self.connectors.iter().filter(|one| one.is_sink());
        let owned = sinks.flat_map(|one| {
            let owned = |kind, name: String| Owned {
                kind,
                name,
                lag: None,
                owner: one.owner.clone(),
                on_call: one.on_call.clone(),
            };
            let failed = one.dead_letters.iter().map(|topic| topic.name().to_owned());
            let failed = failed.map(move |name| owned(OwnedKind::Topic, name));
            std::iter::once(owned(OwnedKind::Group, one.group_name())).chain(failed)
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
