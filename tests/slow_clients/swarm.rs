//! Many clients on one thread, each of which sends bytes at a pace, reads answers or doesn't, and comes again.

use super::plan::{End, Plan};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What became of the clients of one plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) connected: usize,
    /// Ended by the receiver, in whatever way.
    pub(super) ended: usize,
    pub(super) sent_bytes: usize,
    /// The status of the first answer on each connection.
    pub(super) statuses: BTreeMap<u16, usize>,
    /// Most connections at once.
    pub(super) most_at_once: usize,
    at_once: usize,
}

/// Pieces of this many bytes want more of the socket than its buffer holds at first.
const BULK: usize = 64 * 1024;

/// Nothing more is sent, and nothing closed.
const HOLD: u8 = 1;
const LEAVE: u8 = 2;

/// Clients at work on a thread of their own.
pub(super) struct Swarm {
    order: Arc<AtomicU8>,
    answered: Arc<AtomicUsize>,
    lacking: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<Tally>>,
}

impl Swarm {
    /// Sends the clients of `plans` to `address`.
    pub(super) fn start(address: SocketAddr, plans: Vec<Plan>) -> Self {
        let order = Arc::<AtomicU8>::default();
        let answered = Arc::<AtomicUsize>::default();
        let lacking = Arc::new(AtomicUsize::new(plans.iter().map(|plan| plan.enough).sum()));
        let mut clients = Clients::new(address, plans, Arc::clone(&answered), Arc::clone(&lacking));
        let most_at_once = Arc::clone(&clients.most_at_once);
        let thread = thread::Builder::new().name("swarm".into());
        let thread = thread.spawn({
            let order = Arc::clone(&order);
            move || clients.run(&order)
        });
        Swarm { order, answered, lacking, most_at_once, thread: thread.expect("a thread can be had") }
    }

    /// On how many connections an answer came.
    pub(super) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether each plan has had the connections that make it an attack.
    pub(super) fn is_enough(&self) -> bool {
        self.lacking.load(Ordering::Relaxed) == 0
    }

    /// The most connections that one plan has had at once.
    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::Relaxed)
    }

    /// Has them send nothing more, read nothing more, and close nothing: what becomes of their connections is up to the
    /// receiver.
    pub(super) fn hold(&self) {
        self.order.store(HOLD, Ordering::Relaxed);
    }

    /// Closes what is left; gives what became of each plan.
    pub(super) fn leave(self) -> Vec<Tally> {
        self.order.store(LEAVE, Ordering::Relaxed);
        self.thread.join().expect("a swarm goes to its end")
    }
}

struct Client {
    plan: usize,
    from: u8,
    stream: Option<TcpStream>,
    sent: usize,
    /// The start of the first answer.
    answer: Vec<u8>,
    /// It is in the list of what is due.
    scheduled: bool,
    rests_until: Instant,
}

struct Clients {
    poll: Poll,
    address: SocketAddr,
    plans: Vec<Plan>,
    tallies: Vec<Tally>,
    clients: Vec<Client>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    answered: Arc<AtomicUsize>,
    lacking: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    buffer: Vec<u8>,
}

impl Clients {
    /// All begin within this time, so that they are a swarm and not a bang.
    const ARRIVAL: Duration = Duration::from_secs(1);

    fn new(address: SocketAddr, plans: Vec<Plan>, answered: Arc<AtomicUsize>, lacking: Arc<AtomicUsize>) -> Self {
        let start = Instant::now();
        let mut clients = Vec::new();
        let mut due = BinaryHeap::new();
        for (number, plan) in plans.iter().enumerate() {
            for (turn, from) in plan.from.clone().cycle().take(plan.clients).enumerate() {
                let arrives =
                    start + Self::ARRIVAL * u32::try_from(turn).unwrap() / u32::try_from(plan.clients).unwrap();
                due.push(Reverse((arrives, clients.len())));
                clients.push(Client {
                    plan: number,
                    from,
                    stream: None,
                    sent: 0,
                    answer: Vec::new(),
                    scheduled: true,
                    rests_until: arrives,
                });
            }
        }
        let tallies = vec![Tally::default(); plans.len()];
        let poll = Poll::new().expect("readiness can be had");
        Clients {
            poll,
            address,
            plans,
            tallies,
            clients,
            due,
            answered,
            lacking,
            most_at_once: Arc::default(),
            buffer: vec![0; 64 * 1024],
        }
    }

    fn run(&mut self, order: &AtomicU8) -> Vec<Tally> {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            let next = self.due.peek().map_or(Duration::MAX, |Reverse((due, _))| due.saturating_duration_since(now));
            match self.poll.poll(&mut events, Some(next.min(Duration::from_millis(20)))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
                _ => {}
            }
            let order = order.load(Ordering::Relaxed);
            if order == LEAVE {
                return std::mem::take(&mut self.tallies);
            }
            if order == HOLD {
                continue;
            }
            for event in &events {
                self.heed(event);
            }
            let now = Instant::now();
            while let Some(&Reverse((due, index))) = self.due.peek() {
                if due > now {
                    break;
                }
                self.due.pop();
                self.clients[index].scheduled = false;
                self.act(index, now);
            }
        }
    }

    fn schedule(&mut self, index: usize, due: Instant) {
        if !std::mem::replace(&mut self.clients[index].scheduled, true) {
            self.due.push(Reverse((due, index)));
        }
    }

    fn act(&mut self, index: usize, now: Instant) {
        let client = &mut self.clients[index];
        let plan = &self.plans[client.plan];
        let Some(stream) = &mut client.stream else {
            if self.tallies[client.plan].connected < plan.connections {
                match client.rests_until > now {
                    true => {
                        let due = client.rests_until;
                        self.schedule(index, due);
                    }
                    false => self.connect(index, now),
                }
            }
            return;
        };
        let next = plan.next(client.sent);
        if next.is_empty() {
            return match plan.end {
                End::Stay => {}
                End::Close => self.close(index, false, now),
                End::Reset => {
                    let _ = SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
                    self.close(index, false, now);
                }
            };
        }
        let in_opening = client.sent < plan.opening.len();
        match stream.write(next) {
            Ok(count) => {
                client.sent += count;
                self.tallies[client.plan].sent_bytes += count;
                let wait = if in_opening { Duration::ZERO } else { plan.pace.1 };
                self.schedule(index, now + wait);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                let wait = if in_opening { Duration::from_millis(5) } else { plan.pace.1 };
                self.schedule(index, now + wait);
            }
            // What the receiver answered before it closed is told by an event of its own.
            Err(_) => {
                self.read(index);
                self.close(index, true, now);
            }
        }
    }

    fn connect(&mut self, index: usize, now: Instant) {
        let client = &mut self.clients[index];
        let mut stream = connect_from(client.from, self.address).expect("it can be connected");
        if !self.plans[client.plan].reads {
            SockRef::from(&stream).set_recv_buffer_size(4096).expect("a smaller buffer can be had");
        }
        if self.plans[client.plan].pace.0 >= BULK {
            SockRef::from(&stream).set_send_buffer_size(4 * BULK).expect("a larger buffer can be had");
        }
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(index), interest).expect("it can be waited for");
        client.stream = Some(stream);
        client.sent = 0;
        client.answer.clear();
        let tally = &mut self.tallies[client.plan];
        tally.connected += 1;
        if tally.connected <= self.plans[client.plan].enough {
            self.lacking.fetch_sub(1, Ordering::Relaxed);
        }
        tally.at_once += 1;
        tally.most_at_once = tally.most_at_once.max(tally.at_once);
        self.most_at_once.fetch_max(tally.at_once, Ordering::Relaxed);
        self.schedule(index, now);
    }

    fn heed(&mut self, event: &Event) {
        let index = event.token().0;
        let client = &self.clients[index];
        if client.stream.is_none() {
            return;
        }
        let over = event.is_error() || event.is_write_closed();
        let ended = self.plans[client.plan].reads && event.is_readable() && self.read(index);
        if over || ended {
            self.close(index, true, Instant::now());
        }
    }

    /// Reads what there is. Whether the end came.
    fn read(&mut self, index: usize) -> bool {
        let client = &mut self.clients[index];
        let Some(stream) = &mut client.stream else { return false };
        loop {
            match stream.read(&mut self.buffer) {
                Ok(0) => return true,
                Ok(count) => {
                    const STATUS_LINE: usize = "HTTP/1.1 200".len();
                    let unknown = client.answer.len() < STATUS_LINE;
                    if unknown {
                        client.answer.extend_from_slice(&self.buffer[..count]);
                    }
                    if unknown && let Some(line) = client.answer.get(..STATUS_LINE) {
                        let status = String::from_utf8_lossy(&line[STATUS_LINE - 3..]).parse().expect("a status");
                        *self.tallies[client.plan].statuses.entry(status).or_default() += 1;
                        self.answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return true,
            }
        }
    }

    fn close(&mut self, index: usize, by_receiver: bool, now: Instant) {
        let client = &mut self.clients[index];
        client.stream = None;
        client.rests_until = now + self.plans[client.plan].rest;
        let tally = &mut self.tallies[client.plan];
        tally.at_once -= 1;
        tally.ended += usize::from(by_receiver);
        let due = client.rests_until;
        self.schedule(index, due);
    }
}

/// A connection, perhaps still under way, from 127.0.0.`from` to `address`.
pub(super) fn connect_from(from: u8, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if from != 1 {
        socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0))))?;
    }
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if error.raw_os_error() != Some(EINPROGRESS) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// It is on its way (errno.h of Linux).
const EINPROGRESS: i32 = 115;
