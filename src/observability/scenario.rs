//! Situations of real operation, as promtool tests: series over hours, which alerts fire, and when.
//!
//! A scenario names every alert that fires in it. All other alerts of the stack must stay silent from its first to its
//! last minute, which promtool checks with the series `ALERTS` that Prometheus keeps of every alert.

use std::fmt::Write as _;

use super::{Scrape, Sources};
use crate::metrics::{Metric, exporter, target, zookeeper};

/// Samples per minute: a scrape every 15 s.
pub(crate) const PER_MINUTE: u32 = 4;

/// The pod of the exporter in scenarios.
pub(crate) const EXPORTER: &str = "kafka-exporter-0";

/// A situation: its series, and what fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub(crate) name: String,
    /// Its length.
    pub(crate) minutes: u32,
    pub(crate) series: Vec<(Written, Line)>,
    pub(crate) fires: Vec<Firing>,
}

/// A metric and its own labels.
type Written = (&'static str, Vec<(&'static str, String)>);

/// An alert that fires in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Firing {
    pub alert: &'static str,
    /// The last minute before which it must not fire, and the first one at which it must.
    pub between: (u32, u32),
    /// Until this minute it fires without a pause.
    pub until: u32,
    /// From this minute on it does not fire; not asked if there is none.
    pub over: Option<u32>,
    /// How many series of it fire, in the whole scenario.
    pub series: u32,
}

impl Scenario {
    pub(crate) fn new(name: impl Into<String>, minutes: u32) -> Self {
        Self {
            name: name.into(),
            minutes,
            series: Vec::new(),
            fires: Vec::new(),
        }
    }

    /// Everything that is scraped is there, and nothing else is known.
    pub(crate) fn calm(name: impl Into<String>, minutes: u32, sources: &Sources) -> Self {
        let scenario = Self::new(name, minutes)
            .with_ensemble(sources)
            .with_targets(sources, "");
        let brokers = f64::from(sources.brokers.unwrap_or_default());
        scenario.line(&exporter::BROKERS, &[("pod", EXPORTER)], always(brokers))
    }

    /// Adds the pods of each job but this one.
    pub(crate) fn with_targets(self, sources: &Sources, but: &str) -> Self {
        let others = sources.targets.iter().filter(|target| target.job != but);
        others.fold(self, |scenario, target| {
            (0..target.replicas.unwrap_or(1)).fold(scenario, |scenario, number| {
                let pod = match target.scrape {
                    Scrape::Service => EXPORTER.to_owned(),
                    Scrape::Pods => format!("{}-{number}", target.job),
                };
                scenario.line(&target::UP, &[("job", &target.job), ("pod", &pod)], always(1.0))
            })
        })
    }

    /// Adds a series, or replaces the one with these labels.
    pub(crate) fn line(mut self, metric: &Metric, labels: &[(&'static str, &str)], line: Line) -> Self {
        let labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned()));
        let written = (metric.name, labels.collect());
        match self.series.iter_mut().find(|(known, _)| *known == written) {
            Some((_, known)) => *known = line,
            None => self.series.push((written, line)),
        }
        self
    }

    /// Adds the servers of an ensemble that are part of the quorum, if the stack has one.
    pub(crate) fn with_ensemble(self, sources: &Sources) -> Self {
        let jobs = sources.jobs_of(&zookeeper::SERVER_STATE);
        let ensemble = sources
            .targets
            .iter()
            .find(|target| jobs.contains(&target.job.as_str()));
        let Some(ensemble) = ensemble else { return self };
        (0..ensemble.replicas.unwrap_or(1)).fold(self, |scenario, server| {
            let pod = format!("{}-{server}", ensemble.job);
            scenario.line(
                &zookeeper::SERVER_STATE,
                &[("pod", &pod), ("state", "following")],
                always(1.0),
            )
        })
    }

    /// Changes each series that has this label and value, such as those of one pod.
    pub(crate) fn change(mut self, label: &str, value: &str, change: impl Fn(&str, Line) -> Line) -> Self {
        for ((metric, labels), line) in &mut self.series {
            if labels.iter().any(|(name, known)| *name == label && known == value) {
                *line = change(metric, std::mem::take(line));
            }
        }
        self
    }

    /// Changes all series.
    pub(crate) fn change_all(mut self, change: impl Fn(Line) -> Line) -> Self {
        for (_, line) in &mut self.series {
            *line = change(std::mem::take(line));
        }
        self
    }

    /// Whether it has a series of this metric.
    pub(crate) fn has(&self, metric: &str) -> bool {
        self.series.iter().any(|((known, _), _)| *known == metric)
    }

    /// Adds the series of another scenario that it does not have yet.
    pub(crate) fn with(mut self, other: Self) -> Self {
        for (written, line) in other.series {
            if self.series.iter().all(|(known, _)| *known != written) {
                self.series.push((written, line));
            }
        }
        self
    }

    /// The same series again with another value of a label, as the second replica of Prometheus writes them.
    pub(crate) fn twice(mut self, label: &'static str, values: [&str; 2]) -> Self {
        let series = std::mem::take(&mut self.series);
        for value in values {
            self.series
                .extend(series.iter().cloned().map(|((metric, mut labels), line)| {
                    labels.push((label, value.to_owned()));
                    ((metric, labels), line)
                }));
        }
        self
    }

    /// Adds the series of another scenario with another value of a label.
    pub(crate) fn beside(mut self, label: &'static str, value: &str, other: Self) -> Self {
        self.series
            .extend(other.series.into_iter().map(|((metric, mut labels), line)| {
                labels.push((label, value.to_owned()));
                ((metric, labels), line)
            }));
        self
    }

    /// The alert does not fire before the first minute, fires from the second one at the latest, and until the third
    /// one without a pause.
    pub(crate) fn fires(mut self, alert: &'static str, after: u32, by: u32, until: u32) -> Self {
        self.fires.push(Firing {
            alert,
            between: (after, by),
            until,
            over: None,
            series: 1,
        });
        self
    }

    /// From this minute on the last alert is silent.
    pub(crate) fn over(mut self, minute: u32) -> Self {
        if let Some(last) = self.fires.last_mut() {
            last.over = Some(minute);
        }
        self
    }

    /// How many series of the last alert fire, if it is more than one.
    pub(crate) fn several(mut self, series: u32) -> Self {
        if let Some(last) = self.fires.last_mut() {
            last.series = series;
        }
        self
    }
}

impl Scenario {
    /// The same for an alert that was named before.
    pub(crate) fn several_of(mut self, alert: &str, series: u32) -> Self {
        if let Some(firing) = self.fires.iter_mut().find(|firing| firing.alert == alert) {
            firing.series = series;
        }
        self
    }
}

/// The values of a series: events at minutes, each until the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line(Vec<(f64, Event)>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// From here on it has this value.
    Value(f64),
    /// From its present value it grows by this number per minute.
    Growth(f64),
    /// It has no samples.
    Gone,
    /// It has what it would have without the event before: ends a `Gone`.
    Back,
}

/// The value of a line since its last event.
#[derive(Clone, Copy, Default)]
struct Course {
    since: f64,
    value: f64,
    /// How much it grows per minute.
    slope: f64,
}

impl Course {
    fn at(self, minute: f64) -> f64 {
        self.value + self.slope * (minute - self.since)
    }

    fn after(self, minute: f64, event: Event) -> Self {
        let (value, slope) = match event {
            Event::Value(new) => (new, 0.0),
            Event::Growth(new) => (self.at(minute), new),
            Event::Gone | Event::Back => (self.at(minute), self.slope),
        };
        Self {
            since: minute,
            value,
            slope,
        }
    }
}

/// A series with this value.
pub(crate) fn always(value: f64) -> Line {
    Line(vec![(0.0, Event::Value(value))])
}

/// A counter from 0 that grows by this number per minute.
pub(crate) fn growing(per_minute: f64) -> Line {
    always(0.0).grows(0.0, per_minute)
}

impl Line {
    fn event(mut self, minute: impl Into<f64>, event: Event) -> Self {
        self.0.push((minute.into(), event));
        self.0.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        self
    }

    /// From this minute on it has this value.
    pub(crate) fn then(self, minute: impl Into<f64>, value: f64) -> Self {
        self.event(minute, Event::Value(value))
    }

    /// From this minute on it grows by this number per minute.
    pub(crate) fn grows(self, minute: impl Into<f64>, per_minute: f64) -> Self {
        self.event(minute, Event::Growth(per_minute))
    }

    /// Between these minutes it is not scraped; afterwards it has the value that it would have had.
    pub(crate) fn gone(self, from: impl Into<f64>, to: impl Into<f64>) -> Self {
        self.event(from, Event::Gone).event(to, Event::Back)
    }

    /// Between these minutes it has this value; events in between are lost.
    pub(crate) fn between(self, from: f64, to: f64, value: f64) -> Self {
        let after = self.at(to);
        let mut line = Self(
            self.0
                .into_iter()
                .filter(|(minute, _)| *minute < from || *minute > to)
                .collect(),
        );
        line = line.then(from, value);
        line.then(to, after)
    }

    /// Between these minutes one scrape is lost each so many minutes.
    pub(crate) fn loses(self, from: f64, to: f64, every: f64) -> Self {
        let mut line = self;
        let mut minute = from;
        while minute < to {
            line = line.gone(minute, minute + 1.0 / f64::from(PER_MINUTE));
            minute += every;
        }
        line
    }

    /// Values around a mean, another one each minute, the same ones in each run.
    pub(crate) fn noise(mean: f64, spread: f64, minutes: u32, seed: u32) -> Self {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
        let events = (0..minutes).map(|minute| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let share = f64::from(state >> 16) / 32768.0 - 1.0;
            (f64::from(minute), Event::Value((mean + spread * share).round()))
        });
        Self(events.collect())
    }

    /// A value that starts at `from` and grows, again and again: the lag of a group that commits once per `period`.
    pub(crate) fn sawtooth(from: f64, per_minute: f64, period: u32, minutes: u32) -> Self {
        let step = usize::try_from(period).unwrap_or(1);
        (0..minutes).step_by(step).fold(Self::default(), |line, minute| {
            line.then(f64::from(minute), from).grows(f64::from(minute), per_minute)
        })
    }

    /// A counter that steps by what grew in each `period`: the committed offset of such a group.
    pub(crate) fn steps(step: f64, period: u32, minutes: u32) -> Self {
        let every = usize::try_from(period).unwrap_or(1);
        (0..minutes)
            .step_by(every)
            .zip(0_u32..)
            .fold(Self::default(), |line, (minute, number)| {
                line.then(f64::from(minute), step * f64::from(number))
            })
    }

    /// Its value at a minute, whether it is scraped or not.
    fn at(&self, minute: f64) -> f64 {
        let before = self.0.iter().take_while(|(at, _)| *at <= minute);
        let course = before.fold(Course::default(), |course, (at, event)| course.after(*at, *event));
        course.at(minute)
    }

    /// Its samples in promtool's notation, for so many minutes.
    pub(crate) fn values(&self, minutes: u32) -> String {
        let mut text = String::new();
        let samples = minutes * PER_MINUTE;
        let sample_of = |minute: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a minute of a scenario"
            )]
            let sample = (minute * f64::from(PER_MINUTE)).ceil() as u32;
            sample.min(samples)
        };
        let (mut course, mut gone, mut starts) = (Course::default(), false, true);
        for (index, (minute, event)) in self.0.iter().enumerate() {
            course = course.after(*minute, *event);
            match event {
                Event::Gone => gone = true,
                Event::Back => gone = false,
                Event::Value(_) | Event::Growth(_) => {}
            }
            let first = sample_of(*minute);
            let last = self.0.get(index + 1).map_or(samples, |(next, _)| sample_of(*next));
            if last <= first {
                continue;
            }
            let count = last - first;
            let separator = if text.is_empty() { "" } else { " " };
            if gone {
                // A scrape that fails marks the series as stale.
                let mark = if starts { "_" } else { "stale" };
                let _ = write!(text, "{separator}{mark}");
                if count > 1 {
                    let _ = write!(text, " _x{}", count - 1);
                }
            } else {
                let value = course.at(f64::from(first) / f64::from(PER_MINUTE));
                let step = course.slope / f64::from(PER_MINUTE);
                let _ = match (count, step == 0.0) {
                    (1, _) => write!(text, "{separator}{value}"),
                    (_, true) => write!(text, "{separator}{value}x{}", count - 1),
                    _ => write!(text, "{separator}{value}{step:+}x{}", count - 1),
                };
            }
            starts = false;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_the_series_notation_of_promtool() {
        assert_eq!(always(3.0).values(2), "3x7");
        assert_eq!(always(3.0).then(1, 2.0).values(2), "3x3 2x3");
        assert_eq!(growing(60.0).values(1), "0+15x3");
        assert_eq!(growing(60.0).gone(1, 2).values(3), "0+15x3 stale _x3 120+15x3");
        assert_eq!(growing(60.0).then(1, 0.0).grows(1, 4.0).values(2), "0+15x3 0+1x3");
        assert_eq!(always(1.0).gone(0, 1).values(2), "_ _x3 1x3");
        assert_eq!(Line::sawtooth(1.0, 4.0, 1, 2).values(2), "1+1x3 1+1x3");
        assert_eq!(Line::steps(5.0, 1, 2).values(2), "0x3 5x3");
        assert_eq!(always(1.0).between(0.5, 1.0, 0.0).values(1), "1x1 0x1");
    }

    #[test]
    fn noise_is_the_same_in_each_run_and_within_its_spread() {
        let line = Line::noise(100.0, 50.0, 1000, 7);
        assert_eq!(line, Line::noise(100.0, 50.0, 1000, 7));
        let values: Vec<f64> = (0..1000).map(|minute| line.at(f64::from(minute))).collect();
        assert!(values.iter().all(|value| (50.0..=150.0).contains(value)));
        assert!(values.iter().any(|value| *value < 60.0) && values.iter().any(|value| *value > 140.0));
    }
}
