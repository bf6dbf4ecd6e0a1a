//! Where replicas go when brokers are emptied or added: with as few moves as possible, and the copies of a partition in different racks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::answers::{Held, PartitionName};

/// The brokers of each partition; the first of them is its preferred leader.
pub(crate) type Assignment = BTreeMap<PartitionName, Vec<u64>>;

/// The brokers that may hold replicas, each with its rack; an empty rack is none.
pub(crate) type Racks = BTreeMap<u64, String>;

/// How many replicas and how many preferred leaders each broker has.
#[derive(Default)]
struct Load {
    replicas: BTreeMap<u64, usize>,
    leaders: BTreeMap<u64, usize>,
}

impl Load {
    fn of(assignment: &Assignment, racks: &Racks) -> Self {
        let mut load = Self::default();
        for id in racks.keys() {
            load.replicas.insert(*id, 0);
            load.leaders.insert(*id, 0);
        }
        for brokers in assignment.values() {
            for (at, id) in brokers.iter().enumerate() {
                load.add(*id, at);
            }
        }
        load
    }

    fn add(&mut self, id: u64, at: usize) {
        *self.replicas.entry(id).or_default() += 1;
        if at == 0 {
            *self.leaders.entry(id).or_default() += 1;
        }
    }

    fn remove(&mut self, id: u64, at: usize) {
        let less = |count: &mut usize| *count = count.saturating_sub(1);
        less(self.replicas.entry(id).or_default());
        if at == 0 {
            less(self.leaders.entry(id).or_default());
        }
    }

    fn replicas(&self, id: u64) -> usize {
        self.replicas.get(&id).copied().unwrap_or_default()
    }

    fn leaders(&self, id: u64) -> usize {
        self.leaders.get(&id).copied().unwrap_or_default()
    }
}

/// How many of the other brokers are in the rack of this one.
fn shared(racks: &Racks, id: u64, others: impl Iterator<Item = u64>) -> usize {
    let rack = racks.get(&id).filter(|rack| !rack.is_empty());
    rack.map_or(0, |rack| others.filter(|other| racks.get(other) == Some(rack)).count())
}

/// The brokers of a partition but for that at one place.
fn others(brokers: &[u64], at: usize) -> impl Iterator<Item = u64> {
    let others = brokers.iter().enumerate().filter(move |(place, _)| *place != at);
    others.map(|(_, id)| *id)
}

/// The partitions that change so that these brokers hold nothing: one move for each replica that they hold. Every other replica stays where it
/// is, and a new one has the place in the order of the old one.
///
/// # Errors
///
/// A partition with more replicas than there are brokers left, in words.
pub(crate) fn drain(assignment: &Assignment, racks: &Racks, drained: &BTreeSet<u64>) -> Result<Assignment, String> {
    let mut left = racks.clone();
    left.retain(|id, _| !drained.contains(id));
    let mut load = Load::of(assignment, racks);
    let mut changed = Assignment::new();
    for (name, brokers) in assignment {
        let mut next = brokers.clone();
        for at in 0..next.len() {
            if !drained.contains(&next[at]) {
                continue;
            }
            let best = left.keys().copied().filter(|id| !next.contains(id)).min_by_key(|id| {
                let leads = if at == 0 { load.leaders(*id) } else { 0 };
                (shared(racks, *id, others(&next, at)), leads, load.replicas(*id), *id)
            });
            let Some(best) = best else {
                let (topic, partition) = name;
                return Err(format!(
                    "`{topic}-{partition}` has {} replicas, and {} brokers would be left",
                    brokers.len(),
                    left.len()
                ));
            };
            load.remove(next[at], at);
            load.add(best, at);
            next[at] = best;
        }
        if next != *brokers {
            changed.insert(name.clone(), next);
        }
    }
    Ok(changed)
}

/// The partitions that change so that every broker holds as many replicas as the others, as far as racks let it: one more or one less at
/// most. Each move goes from a broker with more to a broker with fewer, so there are no more moves than that takes.
pub(crate) fn rebalance(assignment: &Assignment, racks: &Racks) -> Assignment {
    let mut next = assignment.clone();
    let mut load = Load::of(assignment, racks);
    while let Some((name, at, to)) = best_move(&next, racks, &load) {
        let Some(brokers) = next.get_mut(&name) else { break };
        load.remove(brokers[at], at);
        load.add(to, at);
        brokers[at] = to;
    }
    next.retain(|name, brokers| assignment.get(name) != Some(brokers));
    next
}

/// The move from the fullest broker to the emptiest that some partition allows: which replica of which partition, and where to.
fn best_move(assignment: &Assignment, racks: &Racks, load: &Load) -> Option<(PartitionName, usize, u64)> {
    let mut by_load: Vec<u64> = racks.keys().copied().collect();
    by_load.sort_by_key(|id| (load.replicas(*id), *id));
    for from in by_load.iter().rev().copied() {
        for to in by_load.iter().copied() {
            if load.replicas(from) <= load.replicas(to) + 1 {
                break;
            }
            // Leaders go along where the broker has more of them, too.
            let leads = load.leaders(from) > load.leaders(to) + 1;
            let possible = assignment.iter().filter_map(|(name, brokers)| {
                let at = brokers.iter().position(|id| *id == from)?;
                let is_free = !brokers.contains(&to);
                let keeps_apart = shared(racks, to, others(brokers, at)) <= shared(racks, from, others(brokers, at));
                (is_free && keeps_apart).then_some((name, at))
            });
            let best = possible.min_by_key(|(_, at)| (*at == 0) != leads);
            if let Some((name, at)) = best {
                return Some((name.clone(), at, to));
            }
        }
    }
    None
}

/// The file that `kafka-reassign-partitions` reads.
pub(crate) fn file(assignment: &Assignment) -> String {
    let partitions: Vec<_> = assignment
        .iter()
        .map(|((topic, partition), brokers)| json!({ "topic": topic, "partition": partition, "replicas": brokers }))
        .collect();
    json!({ "version": 1, "partitions": partitions }).to_string()
}

/// How many replicas go to another broker, and how many bytes these are by the sizes of partitions.
pub(crate) fn cost(before: &Assignment, after: &Assignment, sizes: &Held) -> (usize, u64) {
    let mut cost = (0, 0);
    for (name, brokers) in after {
        let old = before.get(name).map_or(&[][..], Vec::as_slice);
        let new = brokers.iter().filter(|id| !old.contains(id)).count();
        cost.0 += new;
        cost.1 += new as u64 * sizes.get(name).copied().unwrap_or_default();
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brokers 0 to `count`, in three racks in turn, or in none.
    fn brokers(count: u64, with_racks: bool) -> Racks {
        let rack = |id: u64| {
            if with_racks {
                format!("zone-{}", id % 3)
            } else {
                String::new()
            }
        };
        (0..count).map(|id| (id, rack(id))).collect()
    }

    /// Partitions with as many replicas on brokers 0 to `count`, one broker after the other.
    fn topic(partitions: u64, replicas: u64, count: u64) -> Assignment {
        (0..partitions)
            .map(|partition| {
                let brokers = (0..replicas).map(|at| (partition + at) % count).collect();
                (("orders".to_owned(), partition), brokers)
            })
            .collect()
    }

    fn with(before: &Assignment, changed: Assignment) -> Assignment {
        let mut after = before.clone();
        after.extend(changed);
        after
    }

    fn counts(assignment: &Assignment, racks: &Racks) -> Vec<usize> {
        Load::of(assignment, racks).replicas.into_values().collect()
    }

    /// Every way in which a plan can be wrong.
    fn is_sound(before: &Assignment, after: &Assignment, racks: &Racks) {
        for (name, brokers) in after {
            assert_eq!(brokers.len(), before[name].len(), "{name:?}");
            assert_eq!(
                brokers.iter().collect::<BTreeSet<_>>().len(),
                brokers.len(),
                "{name:?} {brokers:?}"
            );
            assert!(brokers.iter().all(|id| racks.contains_key(id)), "{name:?} {brokers:?}");
        }
    }

    #[test]
    fn a_drain_moves_exactly_what_is_there_and_nothing_else() {
        for with_racks in [false, true] {
            for count in 4..9 {
                for (partitions, replicas) in [(1, 3), (12, 3), (50, 2), (7, 1)] {
                    let (before, racks) = (topic(partitions, replicas, count), brokers(count, with_racks));
                    for gone in 0..count {
                        let changed = drain(&before, &racks, &BTreeSet::from([gone])).unwrap();
                        let after = with(&before, changed.clone());
                        is_sound(&before, &after, &racks);
                        let held = before.values().flatten().filter(|id| **id == gone).count();
                        assert_eq!(cost(&before, &changed, &BTreeMap::new()).0, held);
                        assert!(!after.values().flatten().any(|id| *id == gone));
                        for (name, brokers) in &before {
                            for (at, id) in brokers.iter().enumerate().filter(|(_, id)| **id != gone) {
                                assert_eq!(after[name][at], *id);
                            }
                        }
                        // What was drained is empty: a second run has nothing to do.
                        assert!(drain(&after, &racks, &BTreeSet::from([gone])).unwrap().is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn copies_stay_in_different_racks_where_there_are_enough() {
        let (before, racks) = (topic(30, 3, 6), brokers(6, true));
        let after = with(&before, drain(&before, &racks, &BTreeSet::from([1])).unwrap());
        for brokers in after.values() {
            assert_eq!(
                brokers.iter().map(|id| &racks[id]).collect::<BTreeSet<_>>().len(),
                3,
                "{brokers:?}"
            );
        }
        // The rack of broker 2 is gone with it: two copies share one, and the partitions still have all their copies.
        let (before, racks) = (topic(30, 3, 3), brokers(5, true));
        let after = with(&before, drain(&before, &racks, &BTreeSet::from([2])).unwrap());
        is_sound(&before, &after, &racks);
    }

    #[test]
    fn too_few_brokers_are_told() {
        let (before, racks) = (topic(3, 3, 3), brokers(3, false));
        assert_eq!(
            drain(&before, &racks, &BTreeSet::from([1])).unwrap_err(),
            "`orders-0` has 3 replicas, and 2 brokers would be left"
        );
    }

    #[test]
    fn a_new_broker_gets_its_share_with_the_fewest_moves() {
        for count in 3..8 {
            for (partitions, replicas) in [(12, 3), (60, 2), (31, 1)] {
                let (before, racks) = (topic(partitions, replicas, count), brokers(count + 1, false));
                let changed = rebalance(&before, &racks);
                let after = with(&before, changed.clone());
                is_sound(&before, &after, &racks);
                let held = counts(&after, &racks);
                let (most, least) = (held.iter().max().unwrap(), held.iter().min().unwrap());
                assert!(most - least <= 1, "{held:?}");
                // Every move goes to the new broker: no replica is moved for nothing.
                assert_eq!(
                    cost(&before, &changed, &BTreeMap::new()).0,
                    *held.last().unwrap(),
                    "{held:?}"
                );
                assert!(rebalance(&after, &racks).is_empty());
            }
        }
    }

    #[test]
    fn a_new_broker_gets_leaders_too_and_no_rack_twice() {
        let (before, racks) = (topic(30, 3, 5), brokers(6, true));
        let in_one_rack = |assignment: &Assignment| {
            let twice = |brokers: &&Vec<u64>| brokers.iter().map(|id| &racks[id]).collect::<BTreeSet<_>>().len() < 3;
            assignment.values().filter(twice).count()
        };
        let after = with(&before, rebalance(&before, &racks));
        assert!(Load::of(&after, &racks).leaders(5) > 0);
        assert!(in_one_rack(&after) <= in_one_rack(&before));
    }

    #[test]
    fn the_file_is_what_the_tool_reads_and_the_cost_is_in_bytes() {
        let before = topic(1, 2, 2);
        let after = Assignment::from([(("orders".to_owned(), 0), vec![0, 2])]);
        assert_eq!(
            file(&after),
            r#"{"partitions":[{"partition":0,"replicas":[0,2],"topic":"orders"}],"version":1}"#
        );
        let sizes = BTreeMap::from([(("orders".to_owned(), 0), 7)]);
        assert_eq!(cost(&before, &after, &sizes), (1, 7));
    }
}
