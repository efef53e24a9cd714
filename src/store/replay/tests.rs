use super::*;
use proptest::prelude::*;

const WINDOW: i64 = 100;

/// Keys that crowd: a few values of the bytes that places are made of.
fn numbered(number: u16) -> Key {
    let mut key = Key::default();
    key[0] = u8::try_from(number % 4).unwrap();
    key[8..10].copy_from_slice(&number.to_le_bytes());
    key
}

/// The same by the simplest means: a list.
struct Naive {
    entries: Vec<(Key, i64)>,
    staged: usize,
    limit: usize,
}

impl Naive {
    fn contains(&self, key: &Key, now: i64) -> bool {
        let last = self.entries.iter().rev().find(|(known, _)| known == key);
        last.is_some_and(|(_, at)| now - at <= WINDOW)
    }

    fn settle(&mut self) -> usize {
        self.staged = 0;
        let over = self.entries.len().saturating_sub(self.limit);
        self.entries.drain(..over);
        over
    }

    fn expire(&mut self, now: i64) -> usize {
        let expired = self.entries.iter().take_while(|(_, at)| now - at > WINDOW).count();
        let expired = expired.min(self.entries.len() - self.staged);
        self.entries.drain(..expired);
        expired
    }
}

#[derive(Clone, Debug)]
enum Step {
    Deliver(u16),
    Settle,
    RollBack,
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0_u16..600).prop_map(Step::Deliver),
        2 => Just(Step::Settle),
        1 => Just(Step::RollBack),
        2 => (0_i64..60).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..600)
}

proptest! {
    #[test]
    fn it_knows_what_a_list_knows(steps in steps(), limit in prop_oneof![1_usize..10, 100_usize..400]) {
        let mut seen = Seen::new(limit, WINDOW);
        let mut naive = Naive { entries: Vec::new(), staged: 0, limit };
        let mut now = 0;
        for step in steps {
            match step {
                Step::Deliver(number) => {
                    let key = numbered(number);
                    let is_repeat = seen.contains(&key, now);
                    prop_assert_eq!(is_repeat, naive.contains(&key, now), "{}", number);
                    if !is_repeat {
                        seen.stage(key, now);
                        naive.entries.push((key, now));
                        naive.staged += 1;
                    }
                }
                Step::Settle => prop_assert_eq!(seen.settle(), naive.settle()),
                Step::RollBack => {
                    // One that was past its window when the same came again is forgotten with that.
                    seen.roll_back();
                    let left = naive.entries.len() - std::mem::take(&mut naive.staged);
                    naive.entries.truncate(left);
                }
                Step::Wait(ms) => {
                    now += ms;
                    prop_assert_eq!(seen.expire(now, usize::MAX), naive.expire(now));
                }
            }
            prop_assert_eq!(seen.len(), naive.entries.len());
        }
        for number in 0..600 {
            let key = numbered(number);
            prop_assert_eq!(seen.contains(&key, now), naive.contains(&key, now), "{} at the end", number);
        }
    }
}

#[test]
fn a_key_is_of_its_source_alone() {
    assert_ne!(key("a", b"b"), key("b", b"b"));
    assert_ne!(key("a", b"bc"), key("ab", b"c"), "where the source ends is part of it");
    assert_eq!(key("a", b"b"), key("a", b"b"));
}

#[test]
fn a_key_counts_up_to_the_last_millisecond_of_its_window_and_from_a_time_that_is_not_yet() {
    let mut seen = Seen::new(10, WINDOW);
    seen.stage(numbered(1), 1000);
    seen.settle();
    for (now, expected) in [(0, true), (1000, true), (1000 + WINDOW, true), (1001 + WINDOW, false)] {
        assert_eq!(seen.contains(&numbered(1), now), expected, "at {now}");
    }
    assert_eq!(seen.expire(1000 + WINDOW, 1), 0);
    assert_eq!(seen.expire(1001 + WINDOW, 1), 1);
}

#[test]
fn numbers_of_entries_come_round() {
    let mut seen = Seen::new(3, WINDOW);
    seen.gone = VACANT - 2;
    for number in 0..10 {
        assert!(!seen.contains(&numbered(number), 0));
        seen.stage(numbered(number), 0);
        seen.settle();
        let held: Vec<u16> = (0..10).filter(|number| seen.contains(&numbered(*number), 0)).collect();
        assert_eq!(held, (number.saturating_sub(2)..=number).collect::<Vec<_>>());
    }
}

#[test]
fn a_million_keys_take_no_more_than_40_bytes_each() {
    let count: u64 = 1_000_000;
    let mut seen = Seen::new(1_000_000, WINDOW);
    for number in 0..count {
        seen.stage(key("source", &number.to_le_bytes()), 0);
        seen.settle();
    }
    assert_eq!(seen.len(), 1_000_000);
    let bytes = seen.ring.capacity() * size_of::<Entry>() + seen.index.len() * size_of::<u32>();
    assert!(bytes <= 40_000_000, "{bytes} bytes");
}
