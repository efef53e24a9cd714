//! Servers that events are posted to, and that misbehave.

use super::place::{QUICK, post, wait_for_standing, with};
use crate::support::PATIENCE;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn forward(address: &str, more: &str) -> String {
    format!("[[sink]]\nname = \"post\"\ntype = \"forward\"\nurl = \"http://{address}/in\"\n{more}\n")
}

/// A server that answers each request with what `answer` says to its number, and tells the bodies that came.
fn server(answer: impl Fn(usize) -> u16 + Send + 'static) -> (String, mpsc::Receiver<String>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_string();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for number in 1.. {
            let Ok(mut request) = server.recv() else { return };
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            let _ = request.respond(tiny_http::Response::empty(answer(number)));
            let _ = tell.send(body);
        }
    });
    (address, told)
}

#[test]
fn what_is_answered_500_for_a_while_comes_until_it_is_not() {
    let (address, bodies) = server(|number| if number <= 3 { 500 } else { 204 });
    let receiver = with(&[forward(&address, QUICK)]).start();
    post(&receiver, [1]);
    for _ in 0..4 {
        assert_eq!(bodies.recv_timeout(PATIENCE).unwrap(), r#"{"n":1}"#);
    }
    let fate = wait_for_standing(&receiver.folder, 1, "post", "done");
    let outcomes: Vec<_> = fate["tried"].as_array().unwrap().iter().map(|tried| tried["outcome"].as_str()).collect();
    assert_eq!(outcomes, [Some("retry"), Some("retry"), Some("retry"), Some("done")], "{fate}");
}

#[test]
fn a_server_that_asks_to_be_left_alone_is() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_string();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(request) = server.recv() {
            let _ = tell.send(Instant::now());
            let after: tiny_http::Header = "Retry-After: 1".parse().unwrap();
            let _ = request.respond(tiny_http::Response::empty(503).with_header(after));
        }
    });
    // Else it would be 200 ms at most.
    let receiver = with(&[forward(&address, QUICK)]).start();
    post(&receiver, [1]);
    let came: Vec<Instant> = (0..3).map(|_| told.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(came.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1)), "{came:?}");
}

#[test]
fn what_is_answered_410_is_not_sent_again() {
    let (address, bodies) = server(|number| if number == 1 { 410 } else { 200 });
    let receiver = with(&[forward(&address, QUICK)]).start();
    post(&receiver, [1, 2]);
    assert_eq!(bodies.recv_timeout(PATIENCE).unwrap(), r#"{"n":1}"#);
    assert_eq!(bodies.recv_timeout(PATIENCE).unwrap(), r#"{"n":2}"#);
    wait_for_standing(&receiver.folder, 1, "post", "dead");
    wait_for_standing(&receiver.folder, 2, "post", "done");
}

#[test]
fn a_server_that_closes_in_the_middle_of_a_body_or_of_its_answer_gets_it_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = [0; 16];
            stream.read_exact(&mut head).unwrap();
            let _ = tell.send(number);
            match number {
                // Before the body was read.
                0 => {}
                // In the middle of an answer's head, and of its body.
                1 => stream.write_all(b"HTTP/1.1 20").unwrap(),
                2 => stream.write_all(b"HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\nabc").unwrap(),
                _ => {
                    let mut bytes = vec![0; 64 * 1024];
                    let _ = stream.read(&mut bytes);
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
                }
            }
        }
    });
    let receiver = with(&[forward(&address, QUICK)]).start();
    post(&receiver, [1]);
    let fate = wait_for_standing(&receiver.folder, 1, "post", "done");
    assert!(told.try_iter().count() >= 4, "{fate}");
}

#[test]
fn where_nobody_listens_the_event_waits() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let receiver = with(&[forward(&address, QUICK)]).start();
    post(&receiver, [1]);
    let owed = wait_for_standing(&receiver.folder, 1, "post", "owed");
    assert_eq!(owed["tried"][0]["outcome"], "retry", "{owed}");
    receiver.expect_talk("the sink post fails");
}
