//! Work on several threads.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// What `work` makes of each item, in their order, on as many threads as there are processors, if each has at least `share` items. The
/// last item is taken first.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], share: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(items.len() / share.max(1));
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let taken = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some(index) = items.len().checked_sub(taken.fetch_add(1, Ordering::Relaxed) + 1) {
            done.push((index, work(&items[index])));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_items_on_any_number_of_threads() {
        for length in [0, 1, 2, 100] {
            let items: Vec<usize> = (0..length).collect();
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            for share in [0, 1, 7, 1_000] {
                assert_eq!(
                    map(&items, share, |item| item * 2),
                    doubled,
                    "{length} items, {share} a thread"
                );
            }
        }
    }
}
