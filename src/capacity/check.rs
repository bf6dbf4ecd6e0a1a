//! Reports loads that the brokers cannot carry.

use super::{
    Change, DEFAULT_MAX_MAPS, MAPS_PER_SEGMENT, PAGE_CACHE_SECONDS, REPLICAS_PER_CLUSTER,
    figures::{Limit, Resource},
    model::{Cluster, Kept, PoolCapacity, TopicDemand, Traffic},
    show::{bits, byte_rate, number, size, span},
};
use crate::diagnostics::{Diagnostic, Location, Rule, rules::capacity};

impl Cluster {
    /// Everything that exceeds what the brokers have, as far as is known, and which figures are missing.
    pub(crate) fn check(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for group in self.groups() {
            self.check_pools(&group, &mut found);
        }
        found.extend(self.check_replicas());
        found.extend(self.check_leaders());
        for topic in &self.topics {
            found.extend(self.check_topic(topic));
        }
        if self.has_load() {
            found.extend(self.unknown().into_iter().filter(|unknown| !unknown.hint.is_empty()));
        }
        found
    }

    fn about_pool(&self, rule: &'static Rule, pool: &PoolCapacity, message: String, hint: String) -> Diagnostic {
        diagnostic(rule, (&self.name, &pool.name), pool.location, message, hint)
    }

    fn about_cluster(&self, rule: &'static Rule, message: String, hint: String) -> Diagnostic {
        diagnostic(rule, (&self.name, ""), self.location, message, hint)
    }

    /// Pools that are alike; there is always at least one.
    fn check_pools(&self, group: &[usize], found: &mut Vec<Diagnostic>) {
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
            found.push(self.about_pool(rule, pool, message, hint));
        }
        let maps = self.needs().segments.saturating_mul(MAPS_PER_SEGMENT.into());
        if maps > DEFAULT_MAX_MAPS.into() {
            found.push(self.about_pool(
                &capacity::MEMORY_MAPS,
                pool,
                format!(
                    "each broker of {names} maps the indexes of {} segments: {} memory maps, but a node allows {} by default",
                    number(self.needs().segments),
                    number(maps),
                    number(DEFAULT_MAX_MAPS.into())
                ),
                format!(
                    "use fewer, larger segments: `.segment_size(…)` of the topics; or raise `vm.max_map_count` of the nodes to {} or more and acknowledge this",
                    maps.saturating_mul(2).checked_next_power_of_two().unwrap_or(maps)
                ),
            ));
        }
    }

    /// What a broker would have to do, and what it can do: a rule and its message.
    fn words(&self, pool: &PoolCapacity, names: &str, limit: &Limit) -> (&'static Rule, String) {
        let (needs, usable) = (limit.worst().unwrap_or_default(), limit.usable().unwrap_or_default());
        let away = match (limit.away > limit.needs, self.zones()) {
            (false, _) => "",
            (true, None) => " while one is down",
            (true, Some(_)) => " while a zone is down",
        };
        let broker = format!("each broker of {names}");
        let ceiling = limit.ceiling;
        match limit.resource {
            Resource::DiskWrite => (
                &capacity::RATE,
                format!(
                    "{broker} writes {}, but only {} ({ceiling} %) of its disk throughput are usable",
                    byte_rate(needs),
                    byte_rate(usable)
                ),
            ),
            Resource::NetworkIn => (
                &capacity::RATE,
                format!(
                    "{broker} receives {}, but only {} ({ceiling} %) of its network are usable",
                    bits(needs),
                    bits(usable)
                ),
            ),
            Resource::NetworkOut => (
                &capacity::RATE,
                format!(
                    "{broker} sends {}{away}, but only {} ({ceiling} %) of its network are usable",
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
                        "{broker} receives {} from producers{away}, but its {} cores can handle {}",
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
                        "{broker} keeps {}, but only {} ({ceiling} %) of its volume are usable{full}",
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
                        "the page cache of {broker} holds {} s of writes; {PAGE_CACHE_SECONDS} s needs {}",
                        number(seconds),
                        size(needs)
                    ),
                )
            }
            Resource::Replicas => (
                &capacity::REPLICAS,
                format!(
                    "{broker} has {} partition replicas; recommended maximum for {} cores: {}",
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
            [] => match resource {
                Resource::Replicas => {
                    "use fewer partitions in `Topic::new(…)`: more brokers (up to 1,000) are not enough"
                }
                Resource::Volume => {
                    "lower the load, the retention, or use more partitions: more brokers (up to 1,000) are not enough"
                }
                _ => "lower the load, or use more partitions: more brokers (up to 1,000) are not enough",
            }
            .to_owned(),
            [one] => format!("smallest sufficient change: {one}"),
            [most @ .., last] => format!("smallest sufficient changes, any one of: {} or {last}", most.join(", ")),
        }
    }

    fn check_replicas(&self) -> Option<Diagnostic> {
        let replicas: u128 = self
            .topics
            .iter()
            .map(|topic| u128::from(topic.partitions.unwrap_or_default()) * u128::from(topic.copies))
            .sum();
        (replicas > REPLICAS_PER_CLUSTER.into()).then(|| {
            self.about_cluster(
                &capacity::CLUSTER_REPLICAS,
                format!(
                    "the cluster has {} partition replicas, above the recommended maximum of {}",
                    number(replicas),
                    number(REPLICAS_PER_CLUSTER.into())
                ),
                "use fewer partitions in `Topic::new(…)`, or acknowledge it with the result of a test of this size"
                    .to_owned(),
            )
        })
    }

    /// Kafka places partitions in rounds over the zones and, at the same time, over the brokers of each zone. If the
    /// two numbers have a common factor, one round reaches only some of the brokers.
    fn check_leaders(&self) -> Option<Diagnostic> {
        let zones = self.zones().filter(|_| self.kraft)?;
        let (count, brokers) = (zones.len() as u64, u64::from(zones.into_values().max().unwrap_or(1)));
        let common = common_factor(count, brokers);
        let topic = self
            .topics
            .iter()
            .filter(|topic| topic.traffic != Traffic::Internal && u64::from(topic.copies) >= count)
            .max_by_key(|topic| topic.partitions)
            .filter(|_| common > 1)?;
        let all = count * brokers;
        let partitions = u64::from(topic.partitions.unwrap_or(1));
        let worst = partitions / all * common + common.min(partitions % all);
        let better = (brokers + 1..=brokers + count)
            .find(|more| common_factor(count, *more) == 1)
            .unwrap_or(brokers);
        Some(self.about_cluster(
            &capacity::LEADERS,
            format!(
                "{count} zones of {brokers} brokers: Kafka starts each round of {all} partitions on {} of the brokers only, \
                 so one broker may lead {worst} of the {partitions} partitions of `{}`; an even share is {}",
                all / common,
                topic.name,
                partitions.div_ceil(all)
            ),
            format!(
                "use {better} brokers in each zone, a number without a common factor with the number of zones; or acknowledge \
                 it and move leaders by hand"
            ),
        ))
    }

    fn check_topic(&self, topic: &TopicDemand) -> Option<Diagnostic> {
        let Traffic::Known { bytes, .. } = topic.traffic else {
            return None;
        };
        let (rule, message, hint) = if bytes == 0 {
            (
                &capacity::EMPTY_LOAD,
                "load is 0 bytes/s".to_owned(),
                "use a rate and a size above 0 in `Load::new(…)` and a share above 0 in `.compressed_to(…)`, or remove `.load(…)`",
            )
        } else if topic.is_never_deleted() {
            let alone = Self {
                topics: vec![topic.clone()],
                ..self.clone()
            };
            let full = self.pools.iter().filter_map(|pool| alone.full_after(pool)).min()?;
            (
                &capacity::NEVER_DELETED,
                format!(
                    "records are never deleted: this topic alone fills a broker's volume in {}",
                    span(full)
                ),
                "use `Cleanup::delete_after(…)`, or acknowledge it with the plan for growing the volumes",
            )
        } else {
            return None;
        };
        Some(diagnostic(
            rule,
            (&topic.construct, &topic.name),
            topic.location,
            message,
            hint.to_owned(),
        ))
    }

    /// Figures that the arithmetic needs and the stack does not give: what follows from that, and the call that gives
    /// them.
    pub(crate) fn unknown(&self) -> Vec<Diagnostic> {
        let pools = self
            .groups()
            .into_iter()
            .filter_map(|group| self.unknown_of_pools(&group));
        pools.chain(self.unknown_of_topics()).collect()
    }

    fn unknown_of_pools(&self, group: &[usize]) -> Option<Diagnostic> {
        let pool = &self.pools[group[0]];
        let missing: Vec<_> = [
            (
                pool.disk.is_none(),
                "disk throughput",
                "`.disk_throughput(125.mebibytes_per_second())`",
            ),
            (
                pool.network.is_none(),
                "network throughput",
                "`.network(10.gigabits_per_second())`",
            ),
            (
                pool.cpu_class.is_none(),
                "throughput of a core",
                "`.cpu_class(CpuClass::MSK_EXPRESS_M7G)`",
            ),
        ]
        .into_iter()
        .filter(|(missing, ..)| *missing)
        .collect();
        if missing.is_empty() {
            return None;
        }
        let what: Vec<_> = missing.iter().map(|(_, what, _)| *what).collect();
        let call: Vec<_> = missing.iter().map(|(.., call)| *call).collect();
        Some(self.about_pool(
            &capacity::UNKNOWN,
            pool,
            format!("not given for {}: {}", self.names(group), what.join(", ")),
            format!("add {}, with figures from the vendor or a measurement", call.join(", ")),
        ))
    }

    fn unknown_of_topics(&self) -> impl Iterator<Item = Diagnostic> {
        type Applies<'a> = &'a dyn Fn(&TopicDemand) -> bool;
        let known = |topic: &TopicDemand| matches!(topic.traffic, Traffic::Known { .. });
        let kinds: [(Applies<'_>, &str, &str); 5] = [
            (
                &|topic| topic.traffic == Traffic::Unknown,
                "load, which is therefore not counted",
                "add `Topic::load(Load::new(…))`, or `KafkaCluster::load(…)` for all of them together",
            ),
            (
                &|topic| matches!(topic.traffic, Traffic::Known { groups: None, .. }),
                "consumer groups, so only followers are counted as readers",
                "add `Load::consumer_groups(…)`",
            ),
            (
                &|topic| matches!(topic.traffic, Traffic::Known { compression: false, .. }),
                "compression, so records are counted at their full size",
                "",
            ),
            (
                &|topic| known(topic) && topic.kept == Kept::NewestOfEachKey,
                "number of keys, so the disk space of a compacted topic is not counted",
                "",
            ),
            (
                &|topic| topic.partitions.is_none(),
                "partitions, so the load is spread evenly and replicas are not counted",
                "",
            ),
        ];
        kinds
            .map(|(wanted, what, hint)| {
                let topics: Vec<_> = self.topics.iter().filter(|topic| wanted(topic)).collect();
                let first = topics.first()?;
                let names: Vec<String> = topics.iter().take(3).map(|topic| format!("`{}`", topic.name)).collect();
                let more = match topics.len() - names.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let item = if topics.len() == 1 { first.name.as_str() } else { "" };
                Some(diagnostic(
                    &capacity::UNKNOWN,
                    (&first.construct, item),
                    first.location,
                    format!("not given for {}{more}: {what}", names.join(", ")),
                    hint.to_owned(),
                ))
            })
            .into_iter()
            .flatten()
    }
}

fn diagnostic(
    rule: &'static Rule,
    (construct, item): (&str, &str),
    location: Location,
    message: String,
    hint: String,
) -> Diagnostic {
    let mut found = Diagnostic::new(rule, message);
    construct.clone_into(&mut found.place.construct);
    found.item(item).at(location).hint(hint);
    found
}

/// The greatest number that divides both.
fn common_factor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        common_factor(other, one % other)
    }
}
