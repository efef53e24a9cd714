//! A receiver at work, with every call that it made of the system: where its answers were, and what a disk would hold at any
//! moment.

use super::disk::{Disk, Image, Loss};
use super::strace::{self, Moment, Trace};
use crate::support::dice::Dice;
use crate::support::fleet::Fleet;
use crate::support::folder::Folder;
use crate::support::ledger::{Broken, Ledger};
use crate::support::receiver::setup;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What was written down.
#[derive(Clone)]
pub(super) struct Recording {
    pub(super) trace: Trace,
    /// The deliveries that were answered with a 2xx, each with the moment from which on its answer may have been read.
    pub(super) answers: Vec<(usize, String)>,
    /// The moments at which they had come.
    pub(super) arrivals: BTreeMap<String, usize>,
    /// The disk at the start.
    start: Disk,
    data: PathBuf,
    folder: Arc<Folder>,
    /// All that was sent by its end.
    pub(super) ledger: Ledger,
}

/// The folder as it is.
pub(super) fn image_of(data: &Path) -> Image {
    let names = fs::read_dir(data).expect("it is there").map(|entry| entry.expect("it can be listed").file_name());
    let names = names.map(|name| name.into_string().expect("a plain name")).filter(|name| Disk::is_modelled(name));
    names.map(|name| (name.clone(), fs::read(data.join(&name)).expect("it can be read"))).collect()
}

/// Makes the folder `data` as it is in `image`.
pub(super) fn lay_out(image: &Image, data: &Path) {
    fs::create_dir_all(data).expect("the folder of a test is its own");
    for (name, bytes) in image {
        fs::write(data.join(name), bytes).expect("the folder of a test is its own");
    }
}

impl Recording {
    /// Has a receiver started with `arguments` take what `fleet` delivers and what `ledger` has no answer for, on a folder as in
    /// `start`; then ends it in peace. `faults` are calls that fail meanwhile, as strace has them (`inject=`).
    pub(super) fn make(
        arguments: &[&str],
        start: Option<Image>,
        ledger: Ledger,
        fleet: Fleet,
        place: &str,
        faults: &[String],
    ) -> Result<Self, Broken> {
        let folder = Arc::new(Folder::new());
        let data = folder.path().join("data");
        if let Some(image) = &start {
            lay_out(image, &data);
        }
        let disk = Disk::new(&data, start.as_ref());
        Recording::on(folder, disk, arguments, ledger, fleet, place, faults, None)
    }

    /// The same on the folder that another recording left, where what that one did not sync still may be lost.
    pub(super) fn after(self, arguments: &[&str], fleet: Fleet, place: &str) -> Result<Self, Broken> {
        let disk = self.disk_at_the_end().expect("it was held against the folder").started_anew();
        Recording::on(self.folder, disk, arguments, self.ledger, fleet, place, &[], None)
    }

    /// The same as [`Recording::make`], but it is killed once `enough` were answered.
    pub(super) fn killed(fleet: Fleet, enough: usize, faults: &[String]) -> Result<Self, Broken> {
        let folder = Arc::new(Folder::new());
        let disk = Disk::new(&folder.path().join("data"), None);
        Recording::on(folder, disk, &[], Ledger::default(), fleet, "killed", faults, Some(enough))
    }

    #[expect(clippy::too_many_arguments, reason = "its callers each give some of them")]
    fn on(
        folder: Arc<Folder>,
        start: Disk,
        arguments: &[&str],
        ledger: Ledger,
        fleet: Fleet,
        place: &str,
        faults: &[String],
        killed_after: Option<usize>,
    ) -> Result<Self, Broken> {
        let data = folder.path().join("data");
        let log = folder.path().join(format!("strace-{place}"));
        let mut command = strace::command(&log);
        command.extend(faults.iter().flat_map(|fault| ["-e".to_string(), fault.clone()]));
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let data_text = data.to_str().expect("the folders of tests have plain names");
        let mut receiver =
            setup().storing().within(&command).arguments(arguments).arguments(&["--data", data_text]).start();
        let ledger = Mutex::new(ledger);
        match killed_after {
            Some(enough) => {
                fleet.deliver(receiver.address, &ledger, place, enough, || drop(receiver.kill()))?;
            }
            None => {
                fleet.deliver(receiver.address, &ledger, place, 0, || {})?;
                receiver.signal("TERM");
                let (status, _) = receiver.wait();
                assert!(status.success(), "{status}");
            }
        }
        let trace = Trace::parse(&fs::read_to_string(&log).expect("strace has written it"));
        let (arrivals, answers) = conversations(&trace);
        let ledger = ledger.into_inner().expect("nobody panics with it");
        let recording = Recording { trace, answers, arrivals, start, data, folder, ledger };
        assert!(recording.disk_at_the_end().is_some(), "what is written down is not what was done");
        Ok(recording)
    }

    /// The disk after the last moment, as the folder is. A call that never ended, one of each thread at most, was done or not:
    /// which, the folder tells.
    fn disk_at_the_end(&self) -> Option<Disk> {
        let found = image_of(&self.data);
        let ended = |number| self.trace.moments.contains(&Moment::Ended(number));
        let unended: Vec<usize> = self
            .trace
            .moments
            .iter()
            .filter_map(|moment| match moment {
                Moment::Began(number) if !ended(*number) => Some(*number),
                _ => None,
            })
            .collect();
        assert!(unended.len() <= 8, "{unended:?} did not end");
        (0..1_u32 << unended.len()).rev().find_map(|done| {
            let was_done = |number| unended.iter().position(|it| *it == number).is_none_or(|at| done >> at & 1 == 1);
            let mut disk = self.disk();
            for at in 0..self.trace.moments.len() {
                match self.trace.moments[at] {
                    Moment::Began(number) if !was_done(number) => {}
                    _ => self.pass(&mut disk, at),
                }
            }
            (disk.cut(Loss::None, &mut Dice::new(0)).as_ref() == Some(&found)).then_some(disk)
        })
    }

    /// The disk before the first moment.
    pub(super) fn disk(&self) -> Disk {
        self.start.clone()
    }

    /// Lets `moment` pass for `disk`.
    pub(super) fn pass(&self, disk: &mut Disk, moment: usize) {
        match self.trace.moments[moment] {
            Moment::Began(number) => disk.began(&self.trace.calls[number], number),
            Moment::Ended(number) => disk.ended(&self.trace.calls[number], number),
        }
    }

    /// The moments at which something comes to the folder or goes to a client.
    pub(super) fn cuts(&self) -> Vec<usize> {
        const NAMES: [&str; 7] = ["pwrite64", "ftruncate", "fsync", "fdatasync", "unlink", "rename", "sendto"];
        let number = |moment: &Moment| match moment {
            Moment::Began(number) | Moment::Ended(number) => *number,
        };
        let moments = self.trace.moments.iter().enumerate();
        let cuts = moments.filter(|(_, moment)| NAMES.contains(&self.trace.calls[number(moment)].name.as_str()));
        cuts.map(|(at, _)| at).collect()
    }

    /// The same as if no sync had been asked for.
    pub(super) fn without_syncs(mut self) -> Self {
        for call in self.trace.calls.iter_mut().filter(|call| matches!(call.name.as_str(), "fsync" | "fdatasync")) {
            call.result = -1;
            call.name = "no sync".into();
        }
        self
    }

    /// The same as if each answer had been sent once its delivery had come.
    pub(super) fn with_hasty_answers(mut self) -> Self {
        for (moment, delivery) in &mut self.answers {
            *moment = (*moment).min(self.arrivals[delivery.as_str()]);
        }
        self.answers.sort();
        self
    }

    /// How many answers were sent after a write that holds their event and then a sync of the file that it went to; or the first
    /// delivery that was answered without.
    pub(super) fn synced_answers(&self) -> Result<usize, String> {
        let mut disk = self.disk();
        // By delivery: whether it was written, and whether that was synced since. By sync: what it covers.
        let (mut written, mut covered) = (BTreeMap::new(), BTreeMap::new());
        let mut answers = self.answers.iter().peekable();
        for moment in 0..self.trace.moments.len() {
            while let Some((_, delivery)) = answers.next_if(|(at, _)| *at == moment) {
                if written.get(delivery) != Some(&true) {
                    return Err(delivery.clone());
                }
            }
            self.pass(&mut disk, moment);
            let (Moment::Began(number) | Moment::Ended(number)) = self.trace.moments[moment];
            let (call, ended) = (&self.trace.calls[number], matches!(self.trace.moments[moment], Moment::Ended(_)));
            match call.name.as_str() {
                "pwrite64" if ended && disk.file(call, 0).is_some() => {
                    for delivery in deliveries_in(&call.bytes(1)) {
                        written.entry(delivery).or_insert(false);
                    }
                }
                "fsync" | "fdatasync" if !ended && disk.file(call, 0).is_some() => {
                    covered.insert(number, written.keys().cloned().collect::<Vec<String>>());
                }
                "fsync" | "fdatasync" if ended && call.result == 0 => {
                    for delivery in covered.remove(&number).unwrap_or_default() {
                        written.insert(delivery, true);
                    }
                }
                _ => {}
            }
        }
        Ok(self.answers.len())
    }
}

/// The names of the deliveries whose header fields stand in `bytes`, as the store writes them.
fn deliveries_in(bytes: &[u8]) -> Vec<String> {
    const BEFORE: &[u8] = b"\"X-GitHub-Delivery\",\"";
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(BEFORE.len()).position(|window| window == BEFORE) {
        rest = &rest[at + BEFORE.len()..];
        if let Some(end) = rest.iter().position(|byte| *byte == b'"') {
            found.extend(String::from_utf8(rest[..end].to_vec()));
        }
    }
    found
}

/// When each delivery had come, and when each was answered with a 2xx.
fn conversations(trace: &Trace) -> (BTreeMap<String, usize>, Vec<(usize, String)>) {
    let (mut arrivals, mut answers) = (BTreeMap::new(), Vec::new());
    // By connection: what came since the last answer.
    let mut heard: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (at, moment) in trace.moments.iter().enumerate() {
        let (Moment::Began(number) | Moment::Ended(number)) = moment;
        let call = &trace.calls[*number];
        let Some(connection) = call.descriptor(0).filter(|it| it.starts_with("TCP:")) else { continue };
        match (moment, call.name.as_str()) {
            (Moment::Ended(_), "recvfrom" | "read") if call.result > 0 => {
                let heard = heard.entry(connection).or_default();
                heard.extend_from_slice(&call.bytes(1));
                if let Some(delivery) = delivery_in(heard) {
                    arrivals.insert(delivery, at);
                }
            }
            (Moment::Began(_), "sendto" | "write") => {
                let answer = call.bytes(1);
                let heard = heard.remove(&connection).expect("an answer follows a request");
                if answer.starts_with(b"HTTP/1.1 2") {
                    answers.push((at, delivery_in(&heard).expect("every delivery has a name")));
                }
                let is_one = answer.windows(9).filter(|window| *window == b"HTTP/1.1 ").count() == 1;
                assert!(is_one && answer.ends_with(b"}"), "not one answer: {call:?}");
            }
            (_, "readv" | "recvmsg" | "writev" | "sendmsg") => panic!("not known here: {call:?}"),
            _ => {}
        }
    }
    (arrivals, answers)
}

/// The name of the delivery of which the head stands in `bytes`.
fn delivery_in(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("\r\nX-GitHub-Delivery: ")?;
    Some(rest.split_once("\r\n")?.0.to_string())
}
