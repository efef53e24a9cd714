//! What became of an event at each sink, as `hookgate events show` shows it.

use super::line::Object;
use super::stored::write_base64;
use crate::deliver::{Fate, Standing, Tried};
use crate::json::write_string;
use crate::sink::event::printable;

/// Adds `fates` to `object`.
pub(super) fn write_member(fates: &[Fate], object: &mut Object<'_>) {
    let out = object.member("sinks");
    write_list(fates, out, |fate, object| {
        object.text("sink", &fate.sink);
        object.text("standing", fate.standing.name());
        match fate.standing {
            Standing::Owed { attempts, next_at } => {
                object.number("attempts", u64::from(attempts));
                object.text("next_at", &next_at.to_string());
            }
            Standing::Dead { attempts } => object.number("attempts", u64::from(attempts)),
            Standing::Waiting | Standing::Done => {}
        }
        write_list(&fate.attempts, object.member("tried"), |tried, object| {
            object.number("number", u64::from(tried.number));
            object.text("at", &tried.at.to_string());
            object.number("took_ms", tried.took_ms);
            object.text("outcome", &tried.outcome);
            object.text("why", &tried.why);
            let out = object.member("output");
            match std::str::from_utf8(&tried.output) {
                Ok(output) => write_string(output, out),
                Err(_) => {
                    out.extend_from_slice(b"{\"base64\":");
                    write_base64(&tried.output, out);
                    out.push(b'}');
                }
            }
        });
    });
}

fn write_list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Object<'_>)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut object = Object::new(out);
        write(item, &mut object);
        object.end();
    }
    out.push(b']');
}

/// Appends `fates` to `out` for people.
pub(super) fn write(fates: &[Fate], out: &mut Vec<u8>) {
    if fates.is_empty() {
        return;
    }
    out.extend_from_slice(b"\nsinks\n");
    for Fate { sink, standing, attempts } in fates {
        let standing = match standing {
            Standing::Waiting => "waiting for its turn".to_string(),
            Standing::Done if attempts.last().is_some_and(|last| last.outcome == "done") => "done".to_string(),
            Standing::Done => "done, or not for it".to_string(),
            Standing::Owed { attempts: 0, .. } => "to be handed on".to_string(),
            Standing::Owed { attempts, next_at } => format!("tried {attempts} times, again at {next_at}"),
            Standing::Dead { attempts } => format!("given up on after {attempts} attempts"),
        };
        out.extend_from_slice(format!("  {sink:10} {standing}\n").as_bytes());
        attempts.iter().for_each(|tried| write_tried(tried, out));
    }
}

fn write_tried(tried: &Tried, out: &mut Vec<u8>) {
    let Tried { number, at, took_ms, outcome, why, output } = tried;
    let why = if why.is_empty() { String::new() } else { format!(": {}", printable(why).replace('\n', " ")) };
    out.extend_from_slice(format!("    {number:>3}  {at}  {took_ms} ms  {outcome}{why}\n").as_bytes());
    let output = printable(&String::from_utf8_lossy(output));
    output.lines().for_each(|line| out.extend_from_slice(format!("         | {line}\n").as_bytes()));
}
