//! Requests rendered ahead of need, on all cores.
//!
//! A scheduler asks for one request after the other, and quick servers wait for them: on one core about 9,000 a second
//! are rendered. So whenever one is asked for that was not rendered yet, those that come after it are rendered with it, and
//! wait here.

use std::cell::RefCell;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// How many are rendered together.
const TOGETHER: u32 = 64;
/// How many may wait, of 3.5 kB each: where one of several servers is slow, its requests pile up.
const MOST_WAITING: usize = 512;

/// Makes the items of a list on demand, some ahead.
pub(super) struct Ahead<'a, T> {
    count: u32,
    make: &'a (dyn Fn(u32) -> T + Sync),
    made: RefCell<Made<T>>,
}

struct Made<T> {
    /// Those that were not asked for yet.
    waiting: FxHashMap<u32, T>,
    /// All before this were made, or are made singly.
    next: u32,
}

impl<'a, T: Send> Ahead<'a, T> {
    /// A list of `count` items, of which none is made yet.
    pub(super) fn new(count: u32, make: &'a (dyn Fn(u32) -> T + Sync)) -> Self {
        Self { count, make, made: RefCell::new(Made { waiting: FxHashMap::default(), next: 0 }) }
    }

    /// The item of that number, which is made anew if it was taken before.
    pub(super) fn take(&self, number: u32) -> T {
        let mut made = self.made.borrow_mut();
        if number >= made.next && made.waiting.len() < MOST_WAITING {
            let first = if number < made.next + TOGETHER { made.next } else { number };
            let together = first..self.count.min(first + TOGETHER);
            made.next = together.end;
            made.waiting.par_extend(together.into_par_iter().map(|number| (number, (self.make)(number))));
        }
        made.waiting.remove(&number).unwrap_or_else(|| (self.make)(number))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Takes these numbers of a list of 1000, and holds how many were made against `expected`.
    fn check(numbers: impl Iterator<Item = u32>, expected: usize) {
        let count = AtomicUsize::new(0);
        let make = |number: u32| {
            count.fetch_add(1, Ordering::Relaxed);
            2 * number
        };
        let ahead = Ahead::new(1000, &make);
        for number in numbers {
            assert_eq!(ahead.take(number), 2 * number);
            assert!(ahead.made.borrow().waiting.len() < MOST_WAITING + TOGETHER as usize);
        }
        assert_eq!(count.into_inner(), expected);
    }

    #[test]
    fn each_is_made_once_unless_it_is_taken_again() {
        check(0..1000, 1000);
        check((0..1000).chain([999, 3]), 1002);
        check(0..1, TOGETHER as usize);
        // Two servers, one ahead of the other.
        check((0..300).flat_map(|n| [(2 * n + 41) % 600, 2 * n]), 640);
    }

    #[test]
    fn those_of_a_slow_server_do_not_pile_up() {
        // Every other one is asked for at the end alone: 512 of them wait, the others are made then.
        check((0..500).map(|n| 2 * n).chain((0..500).map(|n| 2 * n + 1)), 1000);
        check((0..1).chain([999]).chain(1..999), 1000);
    }
}
