//! The threads that make the attempts of one sink.

use crate::sink::{Attempt, Each, Outcome, Stopping};
use crate::store::{Event, StoreId};
use crate::time::UnixTime;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

/// An attempt to be made.
pub(super) struct Job {
    pub(super) event: Event,
    /// Its number, from 1.
    pub(super) number: u32,
}

/// An attempt that was made.
pub(super) struct Made {
    pub(super) event: i64,
    pub(super) number: u32,
    pub(super) at: UnixTime,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) attempt: Attempt,
}

/// The threads: as many as were ever needed at once. Those that are left behind in an attempt end after it.
pub(super) struct Crew {
    jobs: Sender<Job>,
    queue: Arc<Mutex<Receiver<Job>>>,
    made: Receiver<Made>,
    makes: Sender<Made>,
    members: usize,
    busy: usize,
    each: Arc<dyn Each>,
    store: StoreId,
    stop: Stopping,
    /// Who is woken when an attempt was made.
    chief: Thread,
}

impl Crew {
    /// A crew of nobody yet, which wakes this thread.
    pub(super) fn new(each: Arc<dyn Each>, store: StoreId, stop: Stopping) -> Self {
        let (jobs, queue) = mpsc::channel();
        let (makes, made) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        Crew { jobs, queue, made, makes, members: 0, busy: 0, each, store, stop, chief: thread::current() }
    }

    /// Has somebody make this attempt; where there is nobody free, by somebody new.
    pub(super) fn give(&mut self, job: Job) {
        if self.busy >= self.members && self.hire().is_ok() {
            self.members += 1;
        }
        self.busy += 1;
        let (event, number) = (job.event.number, job.number);
        let is_given = self.members > 0 && self.jobs.send(job).is_ok();
        if !is_given {
            let why = "the system has no thread for it".to_string();
            let now = Instant::now();
            let attempt = Outcome::Retry { why, after: None }.into();
            let _ = self.makes.send(Made { event, number, at: UnixTime::now(), began: now, ended: now, attempt });
            // It would rest without having looked.
            self.chief.unpark();
        }
    }

    /// An attempt that was made, if there is one.
    pub(super) fn take(&mut self) -> Option<Made> {
        let made = self.made.try_recv().ok()?;
        self.busy = self.busy.saturating_sub(1);
        Some(made)
    }

    fn hire(&self) -> std::io::Result<()> {
        let (queue, makes, chief) = (Arc::clone(&self.queue), self.makes.clone(), self.chief.clone());
        let (each, store, stop) = (Arc::clone(&self.each), self.store.clone(), self.stop.clone());
        let work = move || {
            loop {
                // Whoever is free waits here, one of them for a job and the others for his place.
                let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(job) = job else { return };
                let made = make(&*each, &store, &stop, &job);
                drop(job);
                let is_wanted = makes.send(made).is_ok();
                chief.unpark();
                if !is_wanted {
                    return;
                }
            }
        };
        thread::Builder::new().name("attempt".into()).spawn(work).map(drop)
    }
}

fn make(each: &dyn Each, store: &StoreId, stop: &Stopping, job: &Job) -> Made {
    let id = job.event.id(store).to_string();
    let (at, began) = (UnixTime::now(), Instant::now());
    // A sink that panics is a mistake of ours, and costs this attempt alone.
    let attempt = catch_unwind(AssertUnwindSafe(|| each.attempt(&job.event, &id, job.number, stop)));
    let attempt =
        attempt.unwrap_or_else(|_| Outcome::Retry { why: "a mistake in hookgate itself".into(), after: None }.into());
    Made { event: job.event.number, number: job.number, at, began, ended: Instant::now(), attempt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct Never;

    impl Each for Never {
        fn attempt(&self, _: &Event, _: &str, _: u32, _: &Stopping) -> Attempt {
            Outcome::Done.into()
        }
    }

    #[test]
    fn whoever_gave_what_nobody_could_take_looks_at_it_before_he_rests() {
        const LONG: Duration = Duration::from_secs(3600);
        let mut crew = Crew::new(Arc::new(Never), StoreId::new("a".into()), Stopping::new());
        // As where the system has no thread: nobody is at the other end.
        crew.jobs = mpsc::channel().0;
        let began = Instant::now();
        crew.give(Job { event: Event::sample(7, b"{}".to_vec()), number: 1 });
        thread::park_timeout(LONG);
        assert!(began.elapsed() < LONG);
        let made = crew.take().unwrap();
        let why = "the system has no thread for it".to_string();
        assert_eq!((made.event, made.attempt.outcome), (7, Outcome::Retry { why, after: None }));
    }
}
