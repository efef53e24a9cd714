//! What hostile clients do, each kind by itself and then all side by side, while valid requests are served.

use super::plan::{End, Plan};
use super::siege::{Siege, siege, siege_with};
use super::swarm::Tally;
use crate::support::receiver::setup;
use crate::support::request::{Post, signed, signed_with};
use crate::support::signer;
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// Long enough for more than a hundred valid requests, and for each of a siege's deadlines to come due.
const A_WHILE: Duration = Duration::from_millis(5500);

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A rightly formed delivery that is signed with another secret: nothing but its whole body shows that it is forged.
fn forged(body: impl AsRef<[u8]>) -> Post {
    signed_with("somebody else's secret", body)
}

/// The head of a forged delivery whose body has `bytes`.
fn forged_head(bytes: usize) -> Vec<u8> {
    forged("").header("Content-Length", bytes.to_string()).header("Connection", "close").head()
}

fn forged_chunked_head() -> Vec<u8> {
    forged("").header("Transfer-Encoding", "chunked").head()
}

/// A byte of a head each second.
fn slow_heads() -> Plan {
    let line = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
    let head = [line.as_slice(), &[b'x'; 1000]].concat();
    Plan::of("slow heads", 400).refrain(head, 1, millis(1000))
}

/// A byte of a body each second, or a little more of it more often.
fn slow_bodies() -> [Plan; 2] {
    let slow = Plan::of("slow bodies", 400).opening(forged_head(100_000));
    [
        slow.clone().refrain("x", 1, millis(1000)),
        Plan { name: "less slow bodies", clients: 100, enough: 100, ..slow }.refrain([b'x'; 1024], 1024, millis(50)),
    ]
}

/// What is answered 405, without a look at a body.
const REFUSED_REQUEST: &[u8] = b"GET /webhook HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Requests, and no answer read: from those who stop after a while, and those who go on.
fn slow_readers() -> [Plan; 2] {
    let reader = |name, request| {
        let plan = Plan::of(name, 50).refrain(request, 16 * 1024, millis(10));
        Plan { reads: false, enough: 3 * plan.clients, ..plan }
    };
    [
        Plan { bytes: 512 * 1024, ..reader("readers that stop", REFUSED_REQUEST.repeat(400)) },
        reader("readers that go on", forged("{}").bytes().repeat(200)),
    ]
}

/// Requests without end, and every answer read: all that the receiver can do.
fn pipelining() -> [Plan; 2] {
    let plan = |name, request: &[u8]| Plan::of(name, 50).refrain(request.repeat(400), 16 * 1024, millis(10));
    [plan("pipelined requests", REFUSED_REQUEST), plan("pipelined forgeries", &forged("{}").bytes())]
}

/// A request, and then nothing.
fn idle_connections() -> Plan {
    Plan::of("idle connections", 1000).opening(signed("{}").bytes())
}

/// Not even a request.
fn mute_connections() -> Plan {
    Plan::of("mute connections", 500)
}

fn half_heads() -> Plan {
    Plan::of("half heads", 500).opening("POST /webhook HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
}

fn endless_header() -> Plan {
    let head = "POST /webhook HTTP/1.1\r\nHost: localhost\r\nX-Endless: ";
    Plan::of("endless header", 20).opening(head).refrain([b'x'; 8192], 8192, millis(2))
}

/// Chunks, all of them right, until the body is over its limit.
fn endless_chunks(clients: usize) -> Plan {
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    Plan::of("endless chunks", clients).opening(forged_chunked_head()).refrain(chunk.repeat(16), 64 * 1024, millis(5))
}

/// Chunks of one byte, one at a time; and a size line that does not end.
fn dribbling_chunks() -> [Plan; 2] {
    let dribble =
        Plan::of("dribbling chunks", 200).opening(forged_chunked_head()).refrain("1\r\nx\r\n", 6, millis(100));
    let extension = Plan::of("endless extension", 20).opening([forged_chunked_head(), b"1;".to_vec()].concat());
    [dribble, extension.refrain([b'x'; 8], 8, millis(10))]
}

/// Connections that end at once, half of them with a reset, some with something sent.
fn connects_and_closes(connections: usize) -> [Plan; 4] {
    let plan = |name, end, opening: &[u8]| {
        let plan = Plan::of(name, 25).opening(opening);
        Plan {
            end,
            connections: connections / 4,
            enough: connections / 4,
            rest: millis(16),
            reads: false,
            from: 2..=9,
            ..plan
        }
    };
    let request = signed("{}").bytes();
    [
        plan("connect, close", End::Close, b""),
        plan("connect, reset", End::Reset, b""),
        plan("half a head, close", End::Close, &request[..40]),
        plan("a request, reset", End::Reset, &request),
    ]
}

/// Bodies of the longest allowed, side by side: each is verified, and is no delivery.
fn forged_uploads() -> Plan {
    let upload = Plan::of("forged uploads", 12).opening(forged_head(25 * MIB));
    Plan {
        bytes: forged_head(25 * MIB).len() + 25 * MIB,
        enough: 40,
        ..upload.refrain([b'x'; 65536], 65536, millis(10))
    }
}

/// Resets in the middle of a body.
fn resets() -> Plan {
    let plan = Plan::of("resets", 50).opening(forged_head(100_000)).refrain([b'x'; 1000], 1000, millis(10));
    Plan { bytes: 50_000, enough: 200, end: End::Reset, ..plan }
}

/// With a body's deadline that a whole one can keep.
fn siege_with_time_for_bodies() -> Siege {
    Siege::of(setup().arguments(&["--body-timeout", "10"]), 10)
}

/// That they were there at once, all but a few, or came again and again since each was done with so soon; and that each
/// connection on which an answer came got this one.
fn expect_answers(tally: &Tally, clients: usize, status: u16) {
    assert!(tally.most_at_once >= clients * 3 / 4 || tally.connected >= clients * 20, "{tally:?}");
    assert!(tally.statuses.keys().eq([&status]), "{tally:?}");
}

#[test]
fn slow_heads_are_cut_off() {
    let Some([tally]) = siege().endure([slow_heads()], A_WHILE) else { return };
    expect_answers(&tally, 400, 408);
}

#[test]
fn slow_bodies_are_cut_off() {
    let Some([slow, less_slow]) = siege().endure(slow_bodies(), A_WHILE) else { return };
    expect_answers(&slow, 400, 408);
    expect_answers(&less_slow, 100, 408);
}

#[test]
fn who_does_not_read_answers_is_cut_off() {
    let Some(tallies) = siege().endure(slow_readers(), A_WHILE) else { return };
    for tally in tallies {
        // An answer could not be written for a second, again and again.
        assert!(tally.most_at_once >= 37 && tally.ended > 50, "{tally:?}");
    }
}

#[test]
fn who_pipelines_gets_what_the_others_leave() {
    // What has come by the end is worked through even so, up to the requests that a connection may have.
    let siege = siege_with(&["--request-limit", "1000"]);
    let Some([refused, forged]) = siege.endure(pipelining(), A_WHILE) else { return };
    expect_answers(&refused, 50, 405);
    expect_answers(&forged, 50, 401);
}

#[test]
fn idle_connections_are_closed_in_time() {
    // More than there are clients, so that some have come again.
    let again = |plan: Plan| Plan { enough: plan.clients * 3 / 2, ..plan };
    let plans = [idle_connections(), mute_connections()].map(again);
    let Some([idle, mute]) = siege().endure(plans, A_WHILE) else { return };
    expect_answers(&idle, 1000, 200);
    assert!(idle.ended > 0, "{idle:?}");
    assert!(mute.most_at_once >= 375 && mute.statuses.is_empty() && mute.ended > 0, "{mute:?}");
}

#[test]
fn half_heads_are_cut_off() {
    let Some([tally]) = siege().endure([half_heads()], A_WHILE) else { return };
    expect_answers(&tally, 500, 408);
}

#[test]
fn an_endless_header_is_refused_at_its_limit() {
    let Some([tally]) = siege().endure([endless_header()], A_WHILE) else { return };
    expect_answers(&tally, 20, 431);
    // The head's 32 KiB, the 256 KiB that are thrown away so that the answer gets through, and the sockets' buffers.
    assert!(tally.sent_bytes / tally.connected < MIB, "{tally:?}");
}

#[test]
fn endless_chunks_are_refused_at_the_bodys_limit() {
    let chunks = Plan { enough: 4, pace: (64 * 1024, millis(1)), ..endless_chunks(1) };
    let Some([tally]) = siege_with_time_for_bodies().endure([chunks], A_WHILE) else { return };
    expect_answers(&tally, 1, 413);
    assert!(tally.sent_bytes > tally.statuses[&413] * 25 * MIB, "{tally:?}");
}

#[test]
fn endless_chunks_side_by_side_stay_within_memory() {
    let Some([tally]) = siege().endure([Plan { enough: 30, ..endless_chunks(8) }], A_WHILE) else { return };
    assert_eq!(tally.most_at_once, 8, "{tally:?}");
    assert!(tally.sent_bytes > 100 * MIB, "{tally:?}");
}

#[test]
fn chunks_that_dribble_are_cut_off() {
    let Some([dribble, extension]) = siege().endure(dribbling_chunks(), A_WHILE) else { return };
    expect_answers(&dribble, 200, 408);
    expect_answers(&extension, 20, 400);
}

#[test]
fn twenty_thousand_connects_and_closes_are_borne() {
    let Some(tallies) = siege().endure(connects_and_closes(20_000), A_WHILE) else { return };
    assert_eq!(tallies.each_ref().map(|tally| tally.connected), [5000; 4]);
}

#[test]
fn a_forged_upload_of_25_mib_is_refused_for_its_signature() {
    let upload = Plan { clients: 1, enough: 4, pace: (64 * 1024, millis(1)), ..forged_uploads() };
    // It verifies a body in one go: 13 ms for this one where the processor has SHA instructions, and longer where not.
    let start = Instant::now();
    signer::digits(b"a secret", &vec![b'x'; 25 * MIB]);
    let siege = siege_with_time_for_bodies().with_pauses_of(start.elapsed() * 3 / 2);
    let Some([tally]) = siege.endure([upload], A_WHILE) else { return };
    expect_answers(&tally, 1, 401);
    assert!(tally.statuses[&401] >= 3, "{tally:?}");
}

#[test]
fn forged_uploads_side_by_side_stay_within_memory() {
    let Some([tally]) = siege().endure([forged_uploads()], A_WHILE) else { return };
    assert_eq!(tally.most_at_once, 12, "{tally:?}");
    assert!(tally.sent_bytes > 100 * MIB, "{tally:?}");
}

#[test]
fn connections_that_reset_are_forgotten() {
    let Some([tally]) = siege().endure([resets()], A_WHILE) else { return };
    assert!(tally.most_at_once == 50, "{tally:?}");
}

#[test]
fn a_full_house_still_lets_newcomers_in() {
    let house = Plan { from: 2..=9, clients: 5000, rest: millis(500), ..half_heads() };
    let [a, b, c, d] = connects_and_closes(20_000);
    // Who is idle has to go, by rule: the probe's kept connection, too. Half heads may stay long enough to fill the house.
    let siege = Siege::of(setup().arguments(&["--head-timeout", "4"]), 4).without_kept_connection();
    let Some([house, _, _, c, d]) = siege.endure([house, a, b, c, d], A_WHILE * 2) else { return };
    assert!(house.most_at_once >= 4096, "{house:?}");
    let in_time = house.statuses.get(&408).copied().unwrap_or(0);
    assert!(house.ended > in_time, "some had to go before their time: {house:?}");
    assert_eq!((c.connected, d.connected), (5000, 5000));
}

#[test]
fn all_of_it_side_by_side_is_borne() {
    // Who sends more than a dribble does so at a tenth of the pace, or comes at a quarter of it: the attackers share the
    // machine with the receiver, and all together would need it for themselves.
    let tenth = |plan: Plan| Plan { pace: (plan.pace.0, plan.pace.1 * 10), ..plan };
    let quarter = |plan: Plan| Plan { rest: plan.rest * 4, ..plan };
    let [slow_bodies, less_slow_bodies] = slow_bodies();
    let [readers_that_stop, readers_that_go_on] = slow_readers().map(|plan| tenth(Plan { clients: 20, ..plan }));
    let [pipelined_requests, pipelined_forgeries] = pipelining().map(|plan| Plan { pace: (1024, millis(100)), ..plan });
    let [dribbling_chunks, endless_extension] = dribbling_chunks();
    let [connects, connects_resets, half_head_closes, request_resets] = connects_and_closes(20_000).map(quarter);
    let all = [
        slow_heads(),
        slow_bodies,
        less_slow_bodies,
        readers_that_stop,
        readers_that_go_on,
        pipelined_requests,
        pipelined_forgeries,
        idle_connections(),
        mute_connections(),
        half_heads(),
        tenth(endless_header()),
        tenth(endless_chunks(8)),
        dribbling_chunks,
        endless_extension,
        connects,
        connects_resets,
        half_head_closes,
        request_resets,
        tenth(forged_uploads()),
        tenth(resets()),
    ];
    siege().endure(all.map(|plan| Plan { enough: plan.clients, ..plan }), A_WHILE * 3);
}
