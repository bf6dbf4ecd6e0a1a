//! What happens to consumer groups, over hours and days.

use crate::{
    metrics::{Metric, exporter},
    observability::{
        KUBERNETES, LagLimits, LagOf, Scenario, Sources,
        scenario::{EXPORTER, Line, always, growing},
    },
};

const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;

/// Records that are produced to each partition per minute.
const RATE: f64 = 6000.0;

const PARTITIONS: [&str; 3] = ["0", "1", "2"];

/// A group and its topic, which has three partitions.
struct Group<'a> {
    sources: &'a Sources,
    name: &'static str,
    /// The topic, one without a limit of its own.
    topic: String,
    minutes: u32,
}

impl Group<'_> {
    /// The scenario with a target of each job, without which an alert fires.
    fn scenario(&self, name: &str) -> Scenario {
        Scenario::calm(name, self.minutes, self.sources)
    }

    fn partition(&self, scenario: Scenario, metric: &Metric, partition: &str, line: Line) -> Scenario {
        let labels = [("pod", EXPORTER), ("topic", &*self.topic), ("partition", partition)];
        if *metric == exporter::CURRENT_OFFSET {
            return scenario.line(metric, &labels, line);
        }
        let [pod, topic, partition] = labels;
        scenario.line(metric, &[pod, topic, partition, ("consumergroup", self.name)], line)
    }

    /// Partitions with these offsets of the end and of the group, and this lag, and a group with members.
    fn reads(&self, scenario: Scenario, end: &Line, committed: &Line, lag: &Line) -> Scenario {
        let members = [("pod", EXPORTER), ("consumergroup", self.name)];
        let scenario = scenario.line(&exporter::GROUP_MEMBERS, &members, always(3.0));
        // Not the sum of the three, but it moves when they do.
        let of_topic = [("pod", EXPORTER), ("topic", &*self.topic), ("consumergroup", self.name)];
        let scenario = scenario.line(&exporter::OFFSET_SUM, &of_topic, committed.clone());
        PARTITIONS.iter().fold(scenario, |scenario, partition| {
            let scenario = self.partition(scenario, &exporter::CURRENT_OFFSET, partition, end.clone());
            let scenario = self.partition(scenario, &exporter::COMMITTED_OFFSET, partition, committed.clone());
            self.partition(scenario, &exporter::CONSUMER_LAG, partition, lag.clone())
        })
    }

    /// It keeps up: a lag of some seconds, which goes up and down.
    fn keeps_up(&self, name: &str) -> Scenario {
        let lag = Line::noise(500.0, 450.0, self.minutes, 3);
        self.reads(self.scenario(name), &growing(RATE), &growing(RATE), &lag)
    }

    /// It commits once per this many minutes.
    fn commits_every(&self, name: &str, minutes: u32) -> Scenario {
        let step = RATE * f64::from(minutes);
        self.reads(
            self.scenario(name),
            &growing(RATE),
            &Line::steps(step, minutes, self.minutes),
            &Line::sawtooth(0.0, RATE, minutes, self.minutes),
        )
    }
}

/// The scenarios; none if the stack has no exporter.
pub(super) fn scenarios(sources: &Sources) -> Vec<Scenario> {
    if !sources.by_partition() || sources.thresholds.lag.default.is_some() {
        return Vec::new();
    }
    let topic = "records-of-scenarios".to_owned();
    let group = |name, minutes| Group {
        sources,
        name,
        topic: topic.clone(),
        minutes,
    };
    let hours = group("a-group", 3 * HOUR);
    // 5,000 records per second, and a commit each five seconds.
    let fast = growing(100_000.0);
    // All of them in one, because a day takes long.
    let on = |name: &'static str| Group {
        topic: format!("{name}-{topic}"),
        ..group(name, DAY)
    };
    let quiet = [
        on("stationary").keeps_up(""),
        on("commits-every-20-minutes").commits_every("", 20),
        on("commits-every-60-minutes").commits_every("", 60),
        on("5000-records-per-second").reads(
            on("5000-records-per-second").scenario(""),
            &fast,
            &fast,
            &Line::noise(8000.0, 5000.0, DAY, 5),
        ),
        ramp(&on("morning-ramp"), 1),
        ramp(&on("batches-on-a-morning-ramp"), 20),
        markers(&on("transactional-markers")),
    ];
    let name = "a day of groups that keep up: stationary lag, commits every 20 and every 60 minutes, 5,000 records per \
        second, a load that grows in the morning, also with commits every 20 minutes, and transactional markers";
    let mut scenarios = vec![
        quiet
            .into_iter()
            .fold(group("a-group", DAY).scenario(name), Scenario::with),
        group("console-consumer-12345", 3 * HOUR)
            .stops("a console consumer that was stopped", 30)
            .change("consumergroup", "console-consumer-12345", |metric, line| {
                if metric == exporter::GROUP_MEMBERS.name {
                    line.then(30, 0.0)
                } else {
                    line
                }
            }),
        hours
            .stops("an application that is stopped", 30)
            .change("consumergroup", "a-group", |metric, line| {
                if metric == exporter::GROUP_MEMBERS.name {
                    line.then(30, 0.0)
                } else {
                    line
                }
            })
            // As long as it has committed often within ten minutes.
            .fires("KafkaConsumerLagGrowing", 33, 38, 38)
            .fires("KafkaConsumerGroupWithoutMembers", 30 + 60, 30 + 75, 179),
        hours
            .stops("an application that hangs", 30)
            .fires("KafkaConsumerLagGrowing", 33, 38, 38)
            .fires("KafkaConsumerGroupStopped", 30 + 60, 30 + 75, 179),
        stuck(&hours, "a partition is stuck, the others are read", 5.0),
        stuck(&hours, "a partition that is not read, the others are", -1.0),
        // Of the same names, and only one of them has a stuck partition.
        stuck(&hours, "two clusters of one name, one with a stuck partition", 5.0).beside(
            KUBERNETES,
            "another",
            hours.keeps_up(""),
        ),
        falls_behind(&hours, "a group processes half of what is produced", 0.5),
        falls_behind(&hours, "a group processes four fifths of what is produced", 0.8),
        loses_scrapes(&hours),
        backlog(&hours),
    ];
    // As an external label would tell the replicas of Prometheus apart.
    scenarios.push(
        hours
            .keeps_up("lag in a pair of Prometheus servers without deduplication")
            .twice("prometheus_replica", ["a", "b"]),
    );
    scenarios.push(renamed(&hours));
    scenarios.extend(between_commits(&hours));
    scenarios.extend(declared_load(sources));
    for (group, name) in [
        (&hours, "the lag of all groups vanishes while the exporter runs"),
        (
            &group("a-group", 9 * HOUR),
            "the lag of all groups is missing for longer than it is remembered",
        ),
    ] {
        scenarios.push(vanishes(group, name));
    }
    scenarios.push(
        hours
            .keeps_up("one of two groups is deleted")
            .with(
                group("another-group", 3 * HOUR)
                    .keeps_up("")
                    .change("consumergroup", "another-group", |_, line| line.gone(60, 180)),
            ),
    );
    scenarios
}

impl Group<'_> {
    /// It reads until this minute, and nothing after it.
    fn stops(&self, name: &str, minute: u32) -> Scenario {
        let read = RATE * f64::from(minute);
        let committed = growing(RATE).then(minute, read);
        let lag = always(300.0).grows(minute, RATE);
        self.reads(self.scenario(name), &growing(RATE), &committed, &lag)
    }
}

/// The lag of all groups is there for an hour, and not after it.
fn vanishes(group: &Group<'_>, name: &str) -> Scenario {
    group
        .keeps_up(name)
        .change("consumergroup", "a-group", |_, line| line.gone(60, group.minutes))
        .fires("KafkaConsumerLagMissing", 60 + 8, 60 + 12, group.minutes - 1)
}

/// A group that falls behind, of which one scrape of eight knows nothing.
fn loses_scrapes(group: &Group<'_>) -> Scenario {
    let name = "a group processes half of what is produced, and one scrape of eight is lost";
    falls_behind(group, name, 0.5).change("consumergroup", "a-group", |metric, line| {
        if metric == exporter::CONSUMER_LAG.name {
            line.loses(0.0, 180.0, 2.0)
        } else {
            line
        }
    })
}

/// From six to ten in the morning the load grows to thirty times that of the night, and the group keeps up: it is five seconds behind, or
/// commits once per this many minutes.
fn ramp(day: &Group<'_>, commits_every: u32) -> Scenario {
    let rate_in = |minute: u32| 400.0 + 240.0 * f64::from((minute.max(355) - 355).min(240) / 5);
    let mut end = growing(400.0);
    for step in 0_u32..48 {
        end = end.grows(360 + 5 * step, rate_in(360 + 5 * step));
    }
    if commits_every == 1 {
        let lag = (0_u32..48).fold(always(30.0), |lag, step| {
            lag.then(360 + 5 * step, rate_in(360 + 5 * step) / 12.0)
        });
        return day.reads(day.scenario(""), &end, &end, &lag);
    }
    // What was produced until the commit, and since the last one, per minute.
    let (mut committed, mut lag) = (Line::default(), Line::default());
    let mut produced = 0.0;
    for minute in 0..day.minutes {
        if minute % commits_every == 0 {
            (committed, lag) = (committed.then(minute, produced), lag.then(minute, 0.0));
        }
        lag = lag.grows(minute, rate_in(minute));
        produced += rate_in(minute);
    }
    day.reads(day.scenario(""), &end, &committed, &lag)
}

/// Within a quarter of an hour the load grows to five times of what it was, and the group is 90 s behind all the time.
fn steep(hours: &Group<'_>) -> Scenario {
    const BEHIND: u32 = 3;
    let rate = |half_minutes: u32| 1200.0 + 320.0 * f64::from(half_minutes.div_ceil(2).min(15));
    // It begins 90 s behind.
    let mut end = always(1800.0).grows(0, 1200.0);
    let mut committed = growing(1200.0);
    let mut lag = always(1800.0);
    for half in 0..=30 + BEHIND {
        let minute = 60.0 + f64::from(half) / 2.0;
        let (produced, read) = (rate(half + 1), rate((half + 1).saturating_sub(BEHIND)));
        end = end.grows(minute, produced);
        committed = committed.grows(minute, read);
        lag = lag.grows(minute, produced - read);
    }
    let name = "the load grows within a quarter of an hour, and a group stays 90 seconds behind";
    hours.reads(hours.scenario(name), &end, &committed, &lag)
}

/// Groups that commit seldom, and one at a constant delay.
fn between_commits(hours: &Group<'_>) -> Vec<Scenario> {
    let longer = |hours_long: u32| Group {
        sources: hours.sources,
        name: hours.name,
        topic: hours.topic.clone(),
        minutes: hours_long * HOUR,
    };
    let behind = [5, 20, 60].map(|every| seldom(&longer(8), every));
    behind.into_iter().chain([later(&longer(6)), steep(hours)]).collect()
}

/// A group that commits once per this many minutes processes half of what is produced, from minute 60 on.
fn seldom(hours: &Group<'_>, every: u32) -> Scenario {
    let name = format!("a group that commits every {every} minutes processes half of what is produced");
    let (mut committed, mut lag) = (Line::default(), Line::default());
    let mut read = 0.0;
    for minute in (0..hours.minutes).step_by(every as usize) {
        let produced = RATE * f64::from(minute);
        read = if minute > 60 {
            read + RATE * f64::from(every) / 2.0
        } else {
            produced
        };
        committed = committed.then(minute, read);
        lag = lag.then(minute, produced - read).grows(minute, RATE);
    }
    hours
        .reads(hours.scenario(&name), &growing(RATE), &committed, &lag)
        .fires("KafkaConsumerLagGrowing", 60 + 210, 60 + 230 + every, hours.minutes - 1)
}

/// A job that reads all at once and commits once per hour starts half an hour later than before, from minute 180 on.
fn later(hours: &Group<'_>) -> Scenario {
    let name = "an hourly job takes half an hour longer, from one hour on";
    let (mut committed, mut lag) = (Line::default(), Line::default());
    for hour in 0..hours.minutes / HOUR {
        let minute = hour * HOUR;
        let behind = if hour < 3 { 5 } else { 35 };
        // An hour's records are there before.
        let read = RATE * f64::from(HOUR + minute - behind);
        committed = committed.then(minute, read);
        lag = lag.then(minute, RATE * f64::from(behind)).grows(minute, RATE);
    }
    let end = always(RATE * f64::from(HOUR)).grows(0, RATE);
    hours.reads(hours.scenario(name), &end, &committed, &lag)
}

/// Nothing is produced, and a marker of a transaction is the last record of each partition.
fn markers(day: &Group<'_>) -> Scenario {
    let members = [("pod", EXPORTER), ("consumergroup", day.name)];
    day.reads(day.scenario(""), &always(5000.0), &always(4999.0), &always(1.0))
        .line(&exporter::GROUP_MEMBERS, &members, always(0.0))
}

/// The last partition is not read from minute 60 on; with a lag of -1 never.
fn stuck(hours: &Group<'_>, name: &str, lag: f64) -> Scenario {
    let never = lag < 0.0;
    let scenario = hours.keeps_up(name);
    let (committed, lag) = if never {
        (always(-1.0), always(-1.0))
    } else {
        (growing(RATE).then(60, RATE * 60.0), always(lag).grows(60, RATE))
    };
    let scenario = hours.partition(scenario, &exporter::COMMITTED_OFFSET, "2", committed);
    let scenario = hours.partition(scenario, &exporter::CONSUMER_LAG, "2", lag);
    if never {
        return scenario.fires("KafkaConsumerPartitionStuck", 1, 15, 179);
    }
    scenario
        .fires("KafkaConsumerPartitionStuck", 60 + 10, 60 + 15, 179)
        // The lag of this partition grows as it is produced: it is more than ten minutes behind after ten minutes.
        .fires("KafkaConsumerLagTime", 60 + 15, 60 + 25, 179)
        .fires("KafkaConsumerLagGrowing", 60 + 3, 60 + 15, 179)
        .fires("KafkaConsumerLagHigh", 60 + 30, 60 + 45, 179)
}

/// From minute 60 on the group processes only a part of what is produced.
fn falls_behind(hours: &Group<'_>, name: &str, part: f64) -> Scenario {
    let growth = RATE * (1.0 - part);
    let committed = growing(RATE).grows(60, RATE * part);
    let lag = always(500.0).grows(60, growth);
    // Ten minutes of what is produced.
    let behind = if part < 0.6 { 80 } else { 110 };
    hours
        .reads(hours.scenario(name), &growing(RATE), &committed, &lag)
        .fires("KafkaConsumerLagGrowing", 60 + 3, 60 + 15, 179)
        .fires("KafkaConsumerLagTime", behind, behind + 15, 179)
        .fires("KafkaConsumerLagHigh", behind, behind + 15, 179)
}

/// The group was stopped for a minute, and reads what it missed.
fn backlog(hours: &Group<'_>) -> Scenario {
    let committed = growing(RATE)
        .then(60, RATE * 60.0)
        .grows(61, RATE * 1.5)
        .grows(63, RATE);
    let lag = always(300.0).grows(60, RATE).grows(61, -RATE / 2.0).then(63, 300.0);
    hours.reads(
        hours.scenario("a deployment of a minute"),
        &growing(RATE),
        &committed,
        &lag,
    )
}

/// Groups on a topic with a declared load, at that load: one minute of it is the limit. None without such a topic.
fn declared_load(sources: &Sources) -> Vec<Scenario> {
    let limits = &sources.thresholds.lag;
    let has_own = |topic: &str| {
        limits
            .special
            .iter()
            .any(|(of, _)| *of == LagOf::Topic(topic.to_owned()))
    };
    let mut loads = limits.loads.iter().filter(|(topic, _)| !has_own(topic));
    // So that the limit is that of the load.
    let Some((topic, limit)) = loads.find(|(_, limit)| *limit > 10 * LagLimits::LEAST) else {
        return Vec::new();
    };
    let group = Group {
        sources,
        name: "a-group",
        topic: topic.clone(),
        minutes: 3 * HOUR,
    };
    #[expect(clippy::cast_precision_loss, reason = "records of a scenario")]
    let per_minute = (*limit as f64 / 3.0).ceil();
    let reads = |name, lag: Line| group.reads(group.scenario(name), &growing(per_minute), &growing(per_minute), &lag);
    vec![
        reads(
            "a group is 50 seconds behind on a topic with a declared load",
            always((per_minute * 0.8).floor()),
        ),
        reads(
            "a group is two minutes behind on a topic with a declared load",
            always((per_minute * 0.1).floor()).then(60, (per_minute * 2.0).floor()),
        )
        .fires("KafkaConsumerLagHigh", 60 + 9, 60 + 13, 179),
    ]
}

/// The exporter moves to another pod.
fn renamed(hours: &Group<'_>) -> Scenario {
    let before = hours.keeps_up("the exporter moves to another pod");
    let mut scenario = Scenario::new(before.name, before.minutes);
    for ((metric, labels), line) in before.series {
        let moved = |labels: Vec<(&'static str, String)>| -> Vec<(&'static str, String)> {
            let other = |(label, value): (&'static str, String)| match &*value {
                EXPORTER => (label, "kafka-exporter-1".to_owned()),
                _ => (label, value),
            };
            labels.into_iter().map(other).collect()
        };
        if labels.iter().any(|(_, value)| value == EXPORTER) {
            scenario
                .series
                .push(((metric, labels.clone()), line.clone().gone(60, hours.minutes)));
            scenario.series.push(((metric, moved(labels)), line.gone(0, 61)));
        } else {
            scenario.series.push(((metric, labels), line));
        }
    }
    scenario
}
