use super::{Application, ApplicationHandle, DeadLetters};
use crate::{
    construct::Check,
    observability::{Monitored, Owned, OwnedKind},
};

impl Application {
    /// Its groups, with the topics that each reads, those for retries too.
    pub(super) fn readers(&self) -> Vec<(String, Vec<String>)> {
        let again = self.tries_again();
        let groups = self.groups().into_iter().map(|(group, topics)| {
            let again = again.iter().filter(|(_, other)| other.name == group.name);
            let topics = topics
                .iter()
                .map(|topic| topic.name())
                .chain(again.map(|(topic, _)| topic.name()));
            (group.name.clone(), topics.map(str::to_owned).collect())
        });
        groups.collect()
    }

    /// Its groups and the topics of its dead letters, for the alerts on them.
    pub(super) fn owned(&self) -> Vec<Owned> {
        let owned = |kind, name: &str, lag| Owned {
            kind,
            name: name.to_owned(),
            lag,
            owner: self.owner.clone(),
            on_call: self.on_call.clone(),
        };
        let groups = self
            .groups()
            .into_iter()
            .map(|(group, topics)| owned(OwnedKind::Group, &group.name, group.limit(&topics)));
        // What is written to one topic for all may be anyone's.
        let failed = match self.dead_letters {
            Some(DeadLetters::OfEach(_)) => self.writes_failed(),
            _ => Vec::new(),
        };
        let topics = failed.iter().map(|topic| owned(OwnedKind::Topic, topic.name(), None));
        groups.chain(topics).collect()
    }
}

impl Monitored for ApplicationHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn cluster(&self) -> Option<(&str, &str)> {
        Some((self.kafka.name(), self.kafka.bootstrap_servers()))
    }

    fn owned(&self) -> Vec<Owned> {
        self.owned.clone()
    }

    fn readers(&self) -> Vec<(String, Vec<String>)> {
        self.readers.clone()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
    }
}
