//! One sink that takes an event at a time: what it is given, and when.
//!
//! The cursor is behind all that is under way for the first time. What fails goes into the file as owed, in the transaction that
//! lets the cursor pass it; so a crash at any moment costs a repeat at most.

mod news;

use super::crew::{Crew, Job, Made};
use super::health::{Change, Health};
use super::ledger::{Ended, Then};
use super::post::Post;
use super::schedule;
use super::{Came, Notice, SPOILT};
use crate::config::Retries;
use crate::sink::{Attempt, Each, Outcome};
use crate::store::{Event, StoreError};
use crate::time::UnixTime;
use news::{News, Next};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most bytes of bodies that are under way at once, but for a single event: eight that are as long as a body may usually be
/// would take more than everything else in the process.
const UNDER_WAY_BYTES: usize = 32 * 1024 * 1024;

/// Most events that are owed before no new ones are taken: some ten megabytes of the file. What waits in the store costs nothing.
const OWED_MOST: u64 = 100_000;

/// An event that takes its time lets the others go on, and the cursor with them, once they are so many ahead: a crash then
/// repeats no more than that.
const AHEAD_MOST: i64 = 1000;

/// Wishes to have events again that are taken up at once.
const REPLAYS_AT_ONCE: usize = 64;

/// New events that are read at once: those that a filter leaves out by their JSON take a tenth of a millisecond each, and meanwhile
/// nothing else is done.
const READ_AT_ONCE: usize = 1000;

/// How long after the moment by which all has to be over an attempt is waited for that was told so.
const GRACE: Duration = Duration::from_millis(400);

/// How long nothing is begun after a read or a write of ours failed.
const STUCK_PAUSE: Duration = Duration::from_secs(1);

/// A sink at work, on a thread of its own.
pub(super) struct Desk {
    post: Post,
    retries: Retries,
    concurrency: usize,
    crew: Crew,
    news: News,
    /// What is under way, by number.
    under_way: BTreeMap<i64, UnderWay>,
    bytes: usize,
    /// What was made and is not written down yet.
    unwritten: Vec<Ended>,
    health: Health,
    owed: u64,
    dead: u64,
    chance: RandomState,
    rolls: u64,
    /// What the clock said last.
    clock: Option<UnixTime>,
    is_stuck: bool,
}

struct UnderWay {
    bytes: usize,
    /// It stands in the file as owed.
    is_owed: bool,
}

impl Desk {
    /// A desk of the calling thread, which wakes when there is something to do.
    pub(super) fn new(post: Post, each: Arc<dyn Each>, (concurrency, retries): (u32, Retries)) -> Self {
        let crew = Crew::new(each, post.reader.id().clone(), post.control.stop.clone());
        let news = News::after(post.cursor);
        Desk {
            post,
            retries,
            concurrency: usize::try_from(concurrency).unwrap_or(1).max(1),
            crew,
            news,
            under_way: BTreeMap::new(),
            bytes: 0,
            unwritten: Vec::new(),
            health: Health::default(),
            owed: 0,
            dead: 0,
            chance: RandomState::new(),
            rolls: 0,
            clock: None,
            is_stuck: false,
        }
    }

    /// Hands on events until it is to stop.
    pub(super) fn run(mut self) {
        // It is counted in a first turn that works.
        let mut is_counted = false;
        loop {
            let turn = if is_counted { Ok(()) } else { self.count() };
            let turn = turn.and_then(|()| {
                is_counted = true;
                self.turn()
            });
            let wait = match turn {
                Ok(wait) => {
                    self.is_stuck = false;
                    wait
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.is_stuck, true) {
                        self.post.tell(Notice::Stuck { sink: self.post.name.clone(), error });
                    }
                    Some(STUCK_PAUSE)
                }
            };
            let Some(until) = self.post.control.stop.until() else {
                match wait {
                    Some(wait) => std::thread::park_timeout(wait),
                    None => std::thread::park(),
                }
                continue;
            };
            let left = (until + GRACE).saturating_duration_since(Instant::now());
            if (self.under_way.is_empty() && self.unwritten.is_empty()) || left.is_zero() {
                return;
            }
            std::thread::park_timeout(wait.map_or(left, |wait| wait.min(left)));
        }
    }

    /// One turn: takes what was made, begins what is due, writes down what has changed. Gives when something is due that
    /// nobody wakes it for.
    fn turn(&mut self) -> Result<Option<Duration>, StoreError> {
        while let Some(made) = self.crew.take() {
            self.made(made);
        }
        self.write_down()?;
        if self.post.control.stop.is_asked() {
            return Ok(None);
        }
        self.mind_the_clock()?;
        let is_any_taken = self.take_replays()?;
        let wait = self.begin_owed()?;
        let is_more = self.begin_new()?;
        self.write_down()?;
        // There may be more wishes, and nobody wakes it for them.
        let is_more = is_more || (is_any_taken && self.under_way.is_empty());
        Ok(if is_more { Some(Duration::ZERO) } else { wait })
    }

    /// Sees to it that nothing waits for a moment that the clock, which was set back, is long before. Until the first look, it may
    /// have been set back while nobody ran.
    fn mind_the_clock(&mut self) -> Result<(), StoreError> {
        let (now, limit) = (UnixTime::now(), self.retries.backoff_limit);
        let longest = match self.clock {
            None => limit.max(schedule::AFTER_LIMIT),
            // A small step puts off nothing by more than itself.
            Some(before) if before.as_ms().saturating_sub(now.as_ms()) > ms(limit) => limit,
            Some(_) => Duration::MAX,
        };
        if longest < Duration::MAX {
            let latest = UnixTime::from_ms(now.as_ms().saturating_add(ms(longest)));
            self.post.shared.ledger.hurry(&self.post.name, now, latest)?;
        }
        self.clock = Some(now);
        Ok(())
    }

    /// How many more can be begun now.
    fn room(&self) -> usize {
        if self.bytes >= UNDER_WAY_BYTES {
            return 0;
        }
        let most = if self.health.is_paused() { 1 } else { self.concurrency };
        most.saturating_sub(self.under_way.len())
    }

    /// Makes owed what it is to be given again; whether there was anything.
    fn take_replays(&mut self) -> Result<bool, StoreError> {
        if self.owed < OWED_MOST && self.post.wishes() {
            let busy = self.under_way.keys().copied().collect();
            let taken = self.post.take_replays(REPLAYS_AT_ONCE, (&busy, self.news.looked()))?;
            if taken > 0 {
                self.count()?;
                self.post.came_to(self.post.cursor, true)?;
            }
            return Ok(taken > 0);
        }
        Ok(false)
    }

    /// Begins what is owed and due. Gives when the next of it will be, if there is room for it.
    fn begin_owed(&mut self) -> Result<Option<Duration>, StoreError> {
        if self.owed == 0 || self.room() == 0 {
            return Ok(None);
        }
        let soonest = self.post.shared.ledger.soonest(&self.post.name, self.under_way.len() + self.room())?;
        if soonest.is_empty() {
            self.count()?;
            return Ok(None);
        }
        let now_ms = UnixTime::now().as_ms();
        for owed in soonest {
            if self.under_way.contains_key(&owed.event) {
                continue;
            }
            if self.room() == 0 {
                return Ok(None);
            }
            if owed.next_at > now_ms {
                return Ok(Some(Duration::from_millis(owed.next_at.abs_diff(now_ms))));
            }
            let event = match self.post.reader.whole(owed.event) {
                Err(StoreError::Spoilt { event }) => {
                    self.give_up(event, true);
                    continue;
                }
                event => event?,
            };
            match event {
                Some(event) if self.post.takes(&event) => self.begin(event, owed.attempts.saturating_add(1), true),
                // It is gone, or not for this sink any more.
                _ => {
                    self.post.shared.ledger.forget(&self.post.name, &[owed.event])?;
                    self.count()?;
                }
            }
        }
        // What could not be begun because it is gone made room for what comes after it.
        Ok(if self.under_way.is_empty() && self.owed > 0 { Some(Duration::ZERO) } else { None })
    }

    /// Begins new events. While the sink is paused there is none, unless nothing is owed that could be the probe. Whether there
    /// may be more, which it did not come to.
    fn begin_new(&mut self) -> Result<bool, StoreError> {
        let mut read = 0;
        let mut is_more = false;
        while !is_more && self.room() > 0 && self.owed < OWED_MOST && !(self.health.is_paused() && self.owed > 0) {
            let number = match self.news.next(&self.post)? {
                Next::Event(number) => number,
                Next::OfOthers => {
                    is_more = true;
                    continue;
                }
                Next::Nothing => break,
            };
            match self.post.reader.whole(number) {
                Ok(Some(event)) if self.post.takes(&event) => self.begin(event, 1, false),
                Ok(_) => {}
                Err(StoreError::Spoilt { event }) => self.give_up(event, false),
                Err(error) => {
                    self.news.put_back(number);
                    return Err(error);
                }
            }
            read += 1;
            is_more = read == READ_AT_ONCE;
        }
        self.pass_slow()?;
        Ok(is_more)
    }

    fn begin(&mut self, event: Event, number: u32, is_owed: bool) {
        let bytes = event.body.len();
        self.bytes += bytes;
        self.under_way.insert(event.number, UnderWay { bytes, is_owed });
        self.post.control.set_busy(true);
        self.crew.give(Job { event, number });
    }

    /// Gives up on an event that is not what was written: nobody can have it as it was, and the others go on.
    fn give_up(&mut self, event: i64, is_owed: bool) {
        self.under_way.insert(event, UnderWay { bytes: 0, is_owed });
        let (at, now) = (UnixTime::now(), Instant::now());
        let attempt = Outcome::Dead { why: SPOILT.to_string() }.into();
        self.made(Made { event, number: 1, at, began: now, ended: now, attempt });
    }

    /// Lets the cursor pass an event that others are far ahead of.
    fn pass_slow(&mut self) -> Result<(), StoreError> {
        while let Some(slow) = self.first_new().filter(|slow| self.news.looked() - slow > AHEAD_MOST) {
            self.post.shared.ledger.owe(&self.post.name, slow, UnixTime::now())?;
            if let Some(under_way) = self.under_way.get_mut(&slow) {
                under_way.is_owed = true;
            }
            self.owed += 1;
            self.tell_counts();
        }
        Ok(())
    }

    /// The first event under way that the cursor has not passed.
    fn first_new(&self) -> Option<i64> {
        self.under_way.iter().find(|(_, under_way)| !under_way.is_owed).map(|(number, _)| *number)
    }

    /// Takes what came of an attempt.
    fn made(&mut self, Made { event, number, at, began, ended, attempt }: Made) {
        let Attempt { outcome, output } = attempt;
        let Some(UnderWay { bytes, is_owed: was_owed }) = self.under_way.remove(&event) else { return };
        self.bytes = self.bytes.saturating_sub(bytes);
        self.post.control.set_busy(!self.under_way.is_empty());
        self.post.watched.count(Came::from(&outcome), 1, UnixTime::now());
        let is_cut_off = self.post.control.stop.is_asked();
        let (name, then, why, counted) = match outcome {
            Outcome::Done => ("done", Then::Done, String::new(), number),
            // It may have been ended with the receiver: that is no attempt of the sink's. One that names a time has answered.
            Outcome::Retry { why, after: None } if is_cut_off => ("retry", Then::Again(at.as_ms()), why, number - 1),
            Outcome::Retry { why, .. } if schedule::is_last(&self.retries, number) => {
                ("retry", Then::Dead, why, number)
            }
            Outcome::Retry { why, after } => {
                let seed = self.roll();
                let pause = schedule::pause(&self.retries, number, after, seed);
                let next_at = UnixTime::now().as_ms().saturating_add(ms(pause));
                ("retry", Then::Again(next_at), why, number)
            }
            Outcome::Dead { why } => ("dead", Then::Dead, why, number),
        };
        let change = match (name, is_cut_off) {
            ("done", _) => self.health.succeeded(),
            ("retry", false) => self.health.failed((began, ended)),
            // What says that it takes none of this event says nothing of the others.
            _ => None,
        };
        self.tell_change(change, &why);
        let id = self.post.id(event);
        if then == Then::Dead {
            let dead = Notice::Dead { sink: self.post.name.clone(), id, attempts: number, why: why.clone() };
            self.post.tell(dead);
        }
        let was_due = u64::from(was_owed);
        self.owed = self.owed.saturating_sub(was_due) + u64::from(matches!(then, Then::Again(_)));
        self.dead += u64::from(then == Then::Dead);
        self.tell_counts();
        let took_ms = ms(ended.saturating_duration_since(began));
        self.unwritten.push(Ended { event, number, counted, at, took_ms, outcome: name, why, output, then, was_owed });
    }

    fn tell_change(&mut self, change: Option<Change>, why: &str) {
        self.post.watched.set_paused(self.health.is_paused());
        let (sink, why) = (self.post.name.clone(), why.to_string());
        match change {
            Some(Change::Fails) => self.post.tell(Notice::Fails { sink, why }),
            Some(Change::Paused) => self.post.tell(Notice::Paused { sink, why }),
            Some(Change::Resumed) => self.post.tell(Notice::Resumed { sink }),
            None => {}
        }
    }

    /// Writes down how far it has come, and what came of attempts.
    fn write_down(&mut self) -> Result<(), StoreError> {
        let cursor = self.news.cursor(self.first_new());
        if self.unwritten.is_empty() && cursor == self.post.cursor {
            return Ok(());
        }
        self.post.shared.ledger.settle(&self.post.name, cursor, &self.unwritten)?;
        let is_owed_changed = self.unwritten.iter().any(|ended| ended.was_owed || ended.then != Then::Done);
        self.unwritten.clear();
        if self.post.came_to(cursor, is_owed_changed || self.owed > 0)? {
            self.count()?;
        }
        Ok(())
    }

    /// Counts anew what is owed.
    fn count(&mut self) -> Result<(), StoreError> {
        (self.owed, self.dead) = self.post.shared.ledger.counts(&self.post.name)?;
        self.tell_counts();
        Ok(())
    }

    fn tell_counts(&self) {
        self.post.watched.set_owed(self.owed, self.dead);
    }

    /// A number that nobody can tell beforehand.
    fn roll(&mut self) -> u64 {
        self.rolls = self.rolls.wrapping_add(1);
        self.chance.hash_one(self.rolls)
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
