//! Bringing the log into the file beside the loop, on a thread and by a connection of its own.

use rusqlite::Connection;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, JoinHandle};

/// Does one checkpoint after another, as it is asked to. It ends with this value, after the one that it is at.
#[derive(Debug)]
pub(super) struct Checkpointer {
    asks: Option<Sender<()>>,
    ends: Receiver<rusqlite::Result<()>>,
    thread: Option<JoinHandle<()>>,
    is_at_it: bool,
}

impl Checkpointer {
    /// One that works by `connection`.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel();
        let (end, ends) = mpsc::channel();
        let work = move || {
            while asked.recv().is_ok() {
                // A passive one waits for nobody.
                if end.send(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("checkpoint".into()).spawn(work)?;
        Ok(Checkpointer { asks: Some(asks), ends, thread: Some(thread), is_at_it: false })
    }

    /// Has it do a checkpoint, if it is not at one.
    pub(super) fn ask(&mut self) {
        let asked = self.asks.as_ref().is_some_and(|asks| self.is_at_it || asks.send(()).is_ok());
        self.is_at_it = asked;
    }

    /// Whether it is at one.
    pub(super) fn is_at_it(&self) -> bool {
        self.is_at_it
    }

    /// What came of one that has ended, once.
    pub(super) fn ended(&mut self) -> Option<rusqlite::Result<()>> {
        let ended = self.ends.try_recv().ok();
        self.is_at_it &= ended.is_none();
        ended
    }

    /// Waits for the one that it is at, and gives what came of it.
    pub(super) fn wait(&mut self) -> rusqlite::Result<()> {
        self.is_at_it = false;
        // Where its thread is gone, the loop has to do without.
        self.ends.recv().unwrap_or(Ok(()))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
