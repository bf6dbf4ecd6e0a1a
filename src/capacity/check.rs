//! What the arithmetic forbids, in words.

use super::{
    Change, DEFAULT_MAX_MAPS, MAPS_PER_SEGMENT, PAGE_CACHE_SECONDS, REPLICAS_PER_CLUSTER,
    facts::{Cluster, Kept, PoolFacts, TopicFacts, Traffic},
    figures::{Limit, Resource},
    show::{bits, byte_rate, number, size, span},
};
use crate::diagnostics::{Location, Rule, rules::capacity};

/// A finding before the pipeline knows its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) rule: &'static Rule,
    pub(crate) construct: String,
    pub(crate) item: String,
    pub(crate) location: Location,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Something that the stack does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) construct: String,
    pub(crate) item: String,
    pub(crate) location: Location,
    /// What is unknown, and what follows from that.
    pub(crate) what: String,
    /// The call that says it; empty where the figures hold without.
    pub(crate) say: String,
}

impl Cluster {
    /// Everything that does not hold, by what is known, and what has to be known to tell.
    pub(crate) fn complaints(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for group in self.groups() {
            self.judge(&group, &mut complaints);
        }
        self.judge_replicas(&mut complaints);
        self.judge_leaders(&mut complaints);
        self.judge_topics(&mut complaints);
        if self.has_load() {
            let unknown = self.unknown().into_iter().filter(|unknown| !unknown.say.is_empty());
            complaints.extend(unknown.map(|unknown| Complaint {
                rule: &capacity::UNKNOWN,
                construct: unknown.construct,
                item: unknown.item,
                location: unknown.location,
                message: unknown.what,
                hint: format!("add {}; or acknowledge why nobody knows", unknown.say),
            }));
        }
        complaints
    }

    fn complaint(&self, rule: &'static Rule, pool: &PoolFacts, message: String, hint: String) -> Complaint {
        Complaint {
            rule,
            construct: self.name.clone(),
            item: pool.name.clone(),
            location: pool.location,
            message,
            hint,
        }
    }

    /// Pools that are alike, of which there is always one.
    fn judge(&self, group: &[usize], complaints: &mut Vec<Complaint>) {
        let pool = &self.pools[group[0]];
        let names = self.names(group);
        if pool.brokers == 0 {
            return;
        }
        for limit in self.limits(pool) {
            if limit.holds() != Some(false) {
                continue;
            }
            let (rule, message) = self.words(pool, &names, &limit);
            let hint = self.hint(group, limit.resource);
            complaints.push(self.complaint(rule, pool, message, hint));
        }
        let maps = self.needs().segments.saturating_mul(MAPS_PER_SEGMENT.into());
        if maps > DEFAULT_MAX_MAPS.into() {
            complaints.push(self.complaint(
                &capacity::MEMORY_MAPS,
                pool,
                format!(
                    "each broker of {names} maps the indexes of {} segments: {} areas, and a node allows {} unless told otherwise",
                    number(self.needs().segments),
                    number(maps),
                    number(DEFAULT_MAX_MAPS.into())
                ),
                format!(
                    "raise `vm.max_map_count` of the nodes to {} or more and acknowledge it, or close fewer segments: `.segment_size(…)`",
                    maps.saturating_mul(2).checked_next_power_of_two().unwrap_or(maps)
                ),
            ));
        }
    }

    /// What a broker would have to do, and what it can.
    fn words(&self, pool: &PoolFacts, names: &str, limit: &Limit) -> (&'static Rule, String) {
        let (needs, usable) = (limit.worst().unwrap_or_default(), limit.usable().unwrap_or_default());
        let away = match (limit.away > limit.needs, self.zones()) {
            (false, _) => "",
            (true, None) => " while one is away",
            (true, Some(_)) => " while a zone is away",
        };
        let broker = format!("each broker of {names}");
        let ceiling = limit.ceiling;
        match limit.resource {
            Resource::DiskWrite => (
                &capacity::RATE,
                format!(
                    "{broker} writes {}, and {ceiling} % of its disk are {}",
                    byte_rate(needs),
                    byte_rate(usable)
                ),
            ),
            Resource::NetworkIn => (
                &capacity::RATE,
                format!(
                    "{broker} receives {}, and {ceiling} % of its network are {}",
                    bits(needs),
                    bits(usable)
                ),
            ),
            Resource::NetworkOut => (
                &capacity::RATE,
                format!(
                    "{broker} sends {}{away}, and {ceiling} % of its network are {}",
                    bits(needs),
                    bits(usable)
                ),
            ),
            Resource::Processor => {
                let shown = |amount| {
                    if pool.counts_records() {
                        format!("{} records/s", number(amount))
                    } else {
                        byte_rate(amount)
                    }
                };
                (
                    &capacity::RATE,
                    format!(
                        "{broker} takes in {}{away}, and its {} cores are good for {}",
                        shown(needs),
                        pool.cpu,
                        shown(usable)
                    ),
                )
            }
            Resource::Volume => {
                let full = self
                    .full_after(pool)
                    .map_or_else(String::new, |time| format!(": full after {}", span(time)));
                (
                    &capacity::RETENTION,
                    format!(
                        "{broker} keeps {}, and {ceiling} % of its volume are {}{full}",
                        size(needs),
                        size(usable)
                    ),
                )
            }
            Resource::PageCache => {
                let seconds =
                    u128::from(pool.page_cache().get()).saturating_mul(PAGE_CACHE_SECONDS.into()) / needs.max(1);
                (
                    &capacity::PAGE_CACHE,
                    format!(
                        "the page cache of {broker} holds {} s of writing at most, and {PAGE_CACHE_SECONDS} s are {}",
                        number(seconds),
                        size(needs)
                    ),
                )
            }
            Resource::Replicas => (
                &capacity::REPLICAS,
                format!(
                    "{broker} has {} copies of partitions, and {} cores are good for {}",
                    number(needs),
                    pool.cpu,
                    number(usable)
                ),
            ),
        }
    }

    fn names(&self, group: &[usize]) -> String {
        let names: Vec<String> = group
            .iter()
            .map(|index| format!("`{}`", self.pools[*index].name))
            .collect();
        format!("pool{} {}", if names.len() > 1 { "s" } else { "" }, names.join(", "))
    }

    fn hint(&self, group: &[usize], resource: Resource) -> String {
        let changes: Vec<String> = self
            .changes(group[0], resource)
            .into_iter()
            .map(|change| {
                let brokers = |brokers| match group {
                    [index] => {
                        let pool = &self.pools[*index];
                        format!("`{}(\"{}\", {brokers})`", pool.constructor, pool.name)
                    }
                    _ => format!(
                        "`{}(…, {brokers})` for each of {}",
                        self.pools[group[0]].constructor,
                        self.names(group)
                    ),
                };
                match change {
                    Change::Brokers(number) => brokers(number),
                    Change::BrokersAndRetention(number, longest) => {
                        format!("{} with {}", brokers(number), Change::Retention(longest))
                    }
                    other => other.to_string(),
                }
            })
            .collect();
        match changes.as_slice() {
            [] => "no number of brokers up to 1,000 carries it: lower the load or what is kept, or spread it over more partitions"
                .to_owned(),
            [one] => format!("the smallest change that is enough: {one}"),
            [most @ .., last] => format!(
                "one of these is enough, and nothing smaller: {} or {last}",
                most.join(", ")
            ),
        }
    }

    fn judge_replicas(&self, complaints: &mut Vec<Complaint>) {
        let replicas: u128 = self
            .topics
            .iter()
            .map(|topic| u128::from(topic.partitions.unwrap_or_default()) * u128::from(topic.copies))
            .sum();
        if replicas > REPLICAS_PER_CLUSTER.into() {
            complaints.push(Complaint {
                rule: &capacity::CLUSTER_REPLICAS,
                construct: self.name.clone(),
                item: String::new(),
                location: self.location,
                message: format!(
                    "the cluster has {} copies of partitions, and the rule of thumb ends at {}",
                    number(replicas),
                    number(REPLICAS_PER_CLUSTER.into())
                ),
                hint: "declare fewer partitions in `Topic::new(…)`, or acknowledge it with what a test of this size has shown"
                    .to_owned(),
            });
        }
    }

    /// Kafka goes through the zones and, in each, through the brokers at once: where their numbers have a common factor it
    /// meets only some of the pairs in a round.
    fn judge_leaders(&self, complaints: &mut Vec<Complaint>) {
        let Some(zones) = self.zones().filter(|_| self.kraft) else {
            return;
        };
        let (count, brokers) = (zones.len() as u64, u64::from(zones.into_values().max().unwrap_or(1)));
        let common = common_factor(count, brokers);
        let topic = self
            .topics
            .iter()
            .filter(|topic| topic.traffic != Traffic::Internal && u64::from(topic.copies) >= count)
            .max_by_key(|topic| topic.partitions);
        let (Some(topic), true) = (topic, common > 1) else {
            return;
        };
        let all = count * brokers;
        let partitions = u64::from(topic.partitions.unwrap_or(1));
        let worst = partitions / all * common + common.min(partitions % all);
        let better = (brokers + 1..=brokers + count)
            .find(|more| common_factor(count, *more) == 1)
            .unwrap_or(brokers);
        complaints.push(Complaint {
            rule: &capacity::LEADERS,
            construct: self.name.clone(),
            item: String::new(),
            location: self.location,
            message: format!(
                "{count} zones of {brokers} brokers: Kafka leads each round of {all} partitions from {} of them, so one may lead \
                 {worst} of the {partitions} of `{}`, and {} would be even",
                all / common,
                topic.name,
                partitions.div_ceil(all)
            ),
            hint: format!(
                "give each zone {better} brokers, which have no factor in common with the zones, or acknowledge it and move \
                 leaders by hand"
            ),
        });
    }

    fn judge_topics(&self, complaints: &mut Vec<Complaint>) {
        for topic in &self.topics {
            let Traffic::Known { bytes, .. } = topic.traffic else {
                continue;
            };
            let mut report = |rule, message, hint: &str| {
                complaints.push(Complaint {
                    rule,
                    construct: topic.construct.clone(),
                    item: topic.name.clone(),
                    location: topic.location,
                    message,
                    hint: hint.to_owned(),
                });
            };
            if bytes == 0 {
                report(
                    &capacity::EMPTY_LOAD,
                    "a load of no bytes per second".to_owned(),
                    "give `Load::new(…)` records and a size above 0, and `.compressed_to(…)` a share, or remove `.load(…)`",
                );
            } else if topic.is_kept_for_ever() {
                let alone = Self {
                    topics: vec![topic.clone()],
                    ..self.clone()
                };
                let full = self.pools.iter().filter_map(|pool| alone.full_after(pool)).min();
                if let Some(full) = full {
                    report(
                        &capacity::FOR_EVER,
                        format!(
                            "nothing is ever deleted: it alone fills a broker's volume in {}",
                            span(full)
                        ),
                        "give it a `Cleanup::delete_after(…)`, or acknowledge it with the plan by which the volumes grow",
                    );
                }
            }
        }
    }

    /// Everything that the figures would need and the stack does not say.
    pub(crate) fn unknown(&self) -> Vec<Unknown> {
        let mut all = Vec::new();
        for group in self.groups() {
            let pool = &self.pools[group[0]];
            let missing = [
                (
                    pool.disk.is_none(),
                    "the throughput of its disk",
                    "`.disk_throughput(125.mebibytes_per_second())`",
                ),
                (
                    pool.network.is_none(),
                    "the throughput of its network",
                    "`.network(10.gigabits_per_second())`",
                ),
                (
                    pool.cpu_class.is_none(),
                    "what a core takes in",
                    "`.cpu_class(CpuClass::MSK_EXPRESS_M7G)`",
                ),
            ];
            let missing: Vec<_> = missing.into_iter().filter(|(missing, ..)| *missing).collect();
            if !missing.is_empty() {
                let what: Vec<_> = missing.iter().map(|(_, what, _)| *what).collect();
                let say: Vec<_> = missing.iter().map(|(.., say)| *say).collect();
                all.push(Unknown {
                    construct: self.name.clone(),
                    item: pool.name.clone(),
                    location: pool.location,
                    what: format!("unknown of {}: {}", self.names(&group), what.join(", ")),
                    say: format!("{}, with what a vendor promises or a measurement shows", say.join(", ")),
                });
            }
        }
        let topics = |wanted: &dyn Fn(&TopicFacts) -> bool| -> Vec<&TopicFacts> {
            self.topics.iter().filter(|topic| wanted(topic)).collect()
        };
        let known = |topic: &TopicFacts| matches!(topic.traffic, Traffic::Known { .. });
        let kinds: [(Vec<&TopicFacts>, &str, &str); 5] = [
            (
                topics(&|topic| topic.traffic == Traffic::Unknown),
                "the load, which is not counted",
                "`Topic::load(Load::new(…))`, or `KafkaCluster::load(…)` for all of them together",
            ),
            (
                topics(&|topic| matches!(topic.traffic, Traffic::Known { groups: None, .. })),
                "the consumer groups, so that only followers are counted as readers",
                "`Load::consumer_groups(…)`",
            ),
            (
                topics(&|topic| matches!(topic.traffic, Traffic::Known { compression: false, .. })),
                "the compression, so that records are counted at their full size",
                "",
            ),
            (
                topics(&|topic| known(topic) && topic.kept == Kept::NewestOfEachKey),
                "the number of keys, and so the room that a compacted topic takes, which is not counted",
                "",
            ),
            (
                topics(&|topic| topic.partitions.is_none()),
                "the partitions, so that the load is spread evenly and the copies are not counted",
                "",
            ),
        ];
        for (topics, what, say) in kinds {
            let Some(first) = topics.first() else { continue };
            let names: Vec<String> = topics.iter().take(3).map(|topic| format!("`{}`", topic.name)).collect();
            let more = topics.len() - names.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            all.push(Unknown {
                construct: first.construct.clone(),
                item: if topics.len() == 1 {
                    first.name.clone()
                } else {
                    String::new()
                },
                location: first.location,
                what: format!("unknown of {}{more}: {what}", names.join(", ")),
                say: say.to_owned(),
            });
        }
        all
    }
}

/// The greatest number that divides both.
fn common_factor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        common_factor(other, one % other)
    }
}
