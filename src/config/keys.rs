//! What the configuration file can say: each key, its form, and what it is unless it is said. docs/CONFIGURATION.md is written
//! from this, and the parser is tested to know these keys and no others.

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table that it is in, as [`TABLES`] names it.
    pub table: &'static str,
    /// The key.
    pub name: &'static str,
    /// Its type, its unit and its range.
    pub form: &'static str,
    /// What it is unless it is said, as TOML; nothing where there is no value like that.
    pub default: Option<&'static str>,
    /// A value that it can have, as TOML.
    pub example: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

/// The tables, in the order of the file, each with what it is.
pub const TABLES: &[(&str, &str)] = &[
    ("", "Before all tables."),
    ("limits", "`[limits]`: what strangers may take, in all."),
    ("store", "`[store]`: where events are kept, and for how long. It cannot be changed while the receiver runs."),
    (
        "tls",
        "`[[tls]]`, once for each certificate that TLS is spoken with on `https://` addresses. The name that a client asks for decides.",
    ),
    ("source", "`[[source]]`, once for each source; there is one at least."),
    (
        "sink",
        "`[[sink]]`, once for each place where events are handed on. Where there is none, they go to standard output.",
    ),
    ("sink stdout", "A sink of `type = \"stdout\"` has also"),
    ("sink command", "A sink of `type = \"command\"` has also"),
    ("sink forward", "A sink of `type = \"forward\"` has also"),
    ("sink file", "A sink of `type = \"file\"` has also"),
    (
        "sink.match",
        "`[sink.match]`: which events the sink takes. Without it, all; an event has to be on every list there is.",
    ),
];

macro_rules! keys {
    ($($table:literal { $($name:literal: $form:literal, $default:expr, $example:literal, $meaning:literal;)* })*) => {
        &[$($(Key { table: $table, name: $name, form: $form, default: $default, example: $example, meaning: $meaning },)*)*]
    };
}

/// All keys, by table.
pub const KEYS: &[Key] = keys! {
    "" {
        "listen": "list of addresses with ports, `https://` before one for TLS, of `unix:PATH`, and of `systemd` or `systemd:NAME`", Some(r#"["127.0.0.1:5000"]"#), r#"["0.0.0.0:80", "unix:/run/hookgate.sock"]"#,
            "Where it listens. Port 0 takes a free one.";
        "listen_mode": "text, octal, to `777`", Some(r#""660""#), r#""666""#, "The mode of Unix sockets. It cannot be changed while the receiver runs.";
        "front": "`evented` or `tiny_http`", Some(r#""evented""#), r#""evented""#,
            "What speaks HTTP. `tiny_http` listens on one address, of loopback or a Unix socket. It cannot be changed while the receiver runs.";
        "admin": "address of loopback with a port, or `unix:PATH`", None, r#""127.0.0.1:9000""#,
            "Where `/healthz`, `/readyz` and `/metrics` are answered: [WATCHING.md](WATCHING.md). Nowhere unless it is said. It cannot be changed while the receiver runs.";
        "log_format": "`human` or `json`", None, r#""json""#,
            "How the log's lines on standard error are written. On a terminal it is `human`, elsewhere `json`, unless it is said. It cannot be changed while the receiver runs.";
        "log_level": "`off`, `error`, `warn` or `info`", Some(r#""info""#), r#""warn""#,
            "Which lines the log has; `info` has one for each request. It cannot be changed while the receiver runs.";
        "trusted_proxies": "list of networks (CIDR) and `unix`", Some("[]"), r#"["10.0.0.0/8", "unix"]"#,
            "Proxies that are believed about whom a request came from; `unix` is whoever connects to a Unix socket.";
        "client_address_from": "`x-forwarded-for` or `forwarded`", Some(r#""x-forwarded-for""#), r#""forwarded""#,
            "The header in which they say it. The other one is not looked at: they pass it on as the client wrote it.";
        "limits": "table", None, "{}", "See `[limits]`.";
        "store": "table", None, "{}", "See `[store]`.";
        "tls": "tables", Some("[]"), "[]", "See `[[tls]]`.";
        "source": "tables", None, "", "See `[[source]]`.";
        "sink": "tables", None, "[]", "See `[[sink]]`.";
    }
    "limits" {
        "head_limit": "size, 64B to 1MiB", Some(r#""32KiB""#), "16384", "Longest head of a request.";
        "field_limit": "number, 1 to 128", Some("128"), "64", "Most header fields.";
        "target_limit": "size, 64B to 1MiB", Some(r#""8KiB""#), r#""4KiB""#, "Longest request target.";
        "head_timeout": "time, 1s to 1d", Some(r#""10s""#), "5", "From a request's first byte to the end of its head.";
        "body_timeout": "time, 1s to 1d", Some(r#""30s""#), r#""1m""#, "From the head to the end of the body, in all.";
        "write_timeout": "time, 1s to 1d", Some(r#""10s""#), "10", "For an answer to be taken.";
        "idle_timeout": "time, 1s to 1d", Some(r#""1m""#), "60", "Between two requests.";
        "request_limit": "number, 1 to 1000000", Some("10000"), "100", "Most requests on a connection.";
        "connection_limit": "number, 1 to 1000000", Some("4096"), "1000",
            "Most connections at once; fewer where the system allows fewer descriptors.";
        "address_connection_limit": "number, 1 to 1000000", None, "100",
            "Most connections at once from one address. Not limited unless it is said: behind a proxy all look the same.";
        "buffer_limit": "size, 64B to 1024GiB", Some(r#""40MiB""#), r#""100MiB""#,
            "Most memory for what is being received, of all connections together. Where a `body_limit` is longer than usual, it is that much more unless it is said.";
    }
    "store" {
        "dir": "path", Some(r#""hookgate-data""#), r#""/var/lib/hookgate""#, "The folder.";
        "enabled": "`true` or `false`", Some("true"), "false",
            "`false`: nothing is kept. An event is answered once it was printed, and one that comes again is printed again.";
        "replay_days": "number, 1 to 36500", Some("7"), "3", "Days for which a delivery that comes again is known.";
        "replay_keys": "number, 1 to 1073741824", Some("1000000"), "100000",
            "Deliveries that are known at most; each takes some 32 bytes of memory.";
        "keep_days": "number, 1 to 36500", None, "90", "Delete events that are older; kept for ever unless it is said.";
        "keep_bytes": "size, 1MiB to 1048576GiB", None, r#""10GiB""#,
            "Delete the oldest events when the file has more bytes in use; no limit unless it is said.";
    }
    "tls" {
        "certificate": "path", None, r#""tls/cert.pem""#, "The certificate and those that issued it, PEM. Required.";
        "key": "path", None, r#""tls/key.pem""#, "Its key, PEM. Required.";
    }
    "source" {
        "name": "text, 1 to 64 letters, digits, `.`, `-` and `_`", None, r#""github""#, "What it is called, in events too. Required; no other source has it.";
        "path": "text, begins with `/`", Some(r#""/webhook""#), r#""/hooks/github""#,
            "The path that it posts to, byte for byte. No other source has it.";
        "scheme": "text, or a table with the fields of a scheme", None, r#""github""#,
            "How it signs: the name of a preset, or a scheme of your own as `[source.scheme]`, with the fields that [SCHEMES.md](SCHEMES.md) lists. This or `scheme_file` is required.";
        "scheme_file": "path", None, r#""mine.toml""#, "The same in a file of its own.";
        "issuer": "text", None, r#""my-api-key""#, "What the claim `iss` of a token has to say, where the scheme leaves that open: LiveKit's API key.";
        "url": "text", None, r#""https://example.com/webhook""#, "The URL that the provider posts to, without its query. Only schemes that sign it need it.";
        "secrets": "list of references to secrets", None, r#"["new=file:secret", "env:OLD_SECRET"]"#,
            "What it signs with; any of them may match. Required.";
        "body_limit": "size, 1B to 1GiB", Some(r#""25MiB""#), r#""1MiB""#, "Longest body.";
        "tolerance": "time, 1s to 7d", None, r#""10m""#,
            "How far a signed time may be from now, before or after. The scheme says it unless this does.";
        "handshake_token": "reference to a secret", None, r#""env:VERIFY_TOKEN""#, "The token agreed on with the provider, where its handshake asks for one.";
        "accept_handshake": "`true` or `false`", Some("false"), "true",
            "Take the secret from the provider's first handshake (Asana's) in the first ten minutes, and write it to the file that `secrets` names, which holds none yet. See [SCHEMES.md](SCHEMES.md#handshakes).";
        "accept_uncovered_body": "`true` or `false`", Some("false"), "true",
            "Take deliveries of which nothing signs the body: who has seen one can send any other.";
        "allow_from": "list of networks (CIDR)", Some("[]"), r#"["192.0.2.0/24", "2001:db8::/32"]"#,
            "The only networks that may send; all may where the list is empty. Others are answered 403.";
        "rate_limit": "count `/s`, `/min` or `/h`, to 1000000", None, r#""600/min""#,
            "Most deliveries; as many may come at once. Only proven ones count. What is over it is answered 429.";
        "rate_limit_per_address": "count `/s`, `/min` or `/h`, to 1000000", None, r#""10/s""#,
            "Most requests of one address (of IPv6: of one /64), proven or not.";
    }
    "sink" {
        "name": "text, 1 to 64 letters, digits, `.`, `-` and `_`", None, r#""deploy""#, "What it is called. Required; no other sink has it.";
        "type": "`stdout`, `command`, `forward` or `file`", None, r#""stdout""#, "What becomes of an event there. Required.";
        "max_attempts": "number, 1 to 1000", Some("12"), "3", "How often it is tried, the first time included; then the event is a dead letter.";
        "backoff": "time, 100ms to 1d", Some(r#""5s""#), r#""1s""#, "The first pause at most. Each is as long as chance has it, and the most doubles.";
        "backoff_limit": "time, 100ms to 1d", Some(r#""1h""#), r#""10m""#, "What it doubles up to.";
        "match": "table", None, "{}", "See `[sink.match]`.";
    }
    "sink stdout" {
        "format": "`json`, `cloudevents` or `pretty`", Some(r#""json""#), r#""pretty""#, "A line of JSON for each event, as hookgate has it or as CloudEvents 1.0 have it; or indented for people.";
    }
    "sink command" {
        "argv": "list of texts", None, r#"["./deploy.sh"]"#,
            "The program and its arguments, without a shell. A program with a slash in it is a path; another is looked for in PATH. Required.";
        "working_dir": "path", None, r#""/srv/app""#, "The folder that it runs in; that of the configuration file unless it is said.";
        "env": "list of names", Some("[]"), r#"["SSH_AUTH_SOCK"]"#, "Variables of the receiver that it also gets, beside PATH, HOME, LANG and TZ. One that a secret is read from, or that begins with HOOKGATE_, is refused.";
        "concurrency": "number, 1 to 256", Some("1"), "4", "How many run at once. One begins them in order; one that failed comes again later.";
        "timeout": "time, 1s to 1d", Some(r#""5m""#), "30", "How long one may run; then it is killed, with all that it started.";
        "exit_done": "list of exit codes, 0 to 255", Some("[0]"), "[0, 3]", "Codes that say that it is done.";
        "exit_retry": "list of exit codes, 0 to 255", Some("[75]"), "[75, 111]", "Codes that say that it is to be tried again.";
        "exit_other": "`retry` or `dead`", Some(r#""retry""#), r#""dead""#, "What any other code means, and a signal.";
    }
    "sink forward" {
        "url": "text", None, r#""http://127.0.0.1:8080/events""#, "Where events are posted to, `http://` or `https://`. Required.";
        "sign": "`standard-webhooks`", None, r#""standard-webhooks""#, "Sign anew, by the scheme of Standard Webhooks. It takes a `secret`.";
        "secret": "reference to a secret", None, r#""file:forward.secret""#, "What is signed with.";
        "ca": "path", None, r#""internal-ca.pem""#,
            "Certificates, PEM, of who may issue the server's; no others are trusted then. Those of Mozilla's list, built in, unless it is said.";
        "concurrency": "number, 1 to 256", Some("1"), "8", "How many are under way at once. One begins them in order; one that failed comes again later.";
        "timeout": "time, 1s to 1d", Some(r#""15s""#), "30", "How long one may take.";
    }
    "sink file" {
        "path": "path", None, r#""events.jsonl""#, "The file, to which a line is appended for each event. Required.";
        "format": "`json` or `cloudevents`", Some(r#""json""#), r#""cloudevents""#, "As of a sink of type `stdout`.";
        "rotate_at": "size, 1KiB to 1024GiB", Some(r#""100MiB""#), r#""1GiB""#, "How long it grows before another is begun.";
        "rotate_keep": "number, 0 to 10000", Some("10"), "3", "How many of those that were ended are kept.";
    }
    "sink.match" {
        "sources": "list of names of sources", Some("[]"), r#"["github"]"#, "Of which one has to be the event's.";
        "types": "list of patterns, 1 to 256 bytes each", Some("[]"), r#"["push", "issues.*"]"#,
            "Of which one has to match the event's type: `*` stands for any characters, or none, everything else for itself. An event without a type has the empty one, which `*` takes.";
        "json": "table of JSON pointers and values", None, r#"{ "/ref" = ["refs/heads/main", "refs/heads/next"], "/forced" = false }"#,
            "Places in the payload and what has to stand there: text, a whole number, `true` or `false`, or a list of which one has to.";
    }
};

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::file;
    use super::super::reader::Document;
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// A file in which `stated` is said in the table of `of`, beside the least that it takes.
    fn file(of: &str, name: &str, stated: &str) -> String {
        let line = |table: &str, key: &str, value: &str| match (table == of || table.split(' ').next() == Some(of), key)
        {
            (true, key) if key == name => String::new(),
            _ => format!("{key} = {value}\n"),
        };
        let source = line("source", "name", r#""github""#)
            + &line("source", "path", r#""/webhook""#)
            + &if name == "scheme_file" { String::new() } else { line("source", "scheme", r#""github""#) }
            + &line("source", "secrets", r#"["env:S"]"#);
        let tls = line("tls", "certificate", r#""c""#) + &line("tls", "key", r#""k""#);
        let kind = of.strip_prefix("sink ").unwrap_or("stdout");
        let beside = match kind {
            "command" => line(of, "argv", r#"["true"]"#),
            "file" => line(of, "path", r#""events""#),
            "forward" => {
                let signs = if name == "sign" || name == "secret" {
                    line(of, "sign", r#""standard-webhooks""#) + &line(of, "secret", r#""env:S""#)
                } else {
                    String::new()
                };
                line(of, "url", r#""http://localhost/""#) + &signs
            }
            _ => String::new(),
        };
        let sink = line("sink", "name", r#""s""#) + &line("sink", "type", &format!("{kind:?}")) + &beside;
        let stated = if stated.is_empty() { String::new() } else { format!("{name} = {stated}\n") };
        let of_sink = of == "sink" || of.starts_with("sink ");
        let part = |is_here: bool| if is_here { stated.as_str() } else { "" };
        format!(
            "{}[limits]\n{}[store]\n{}[[tls]]\n{tls}{}[[source]]\n{source}{}{}[[sink]]\n{sink}{}{}{}",
            part(of.is_empty()),
            part(of == "limits"),
            part(of == "store"),
            part(of == "tls"),
            part(of == "source"),
            "",
            part(of_sink),
            if name == "match" { "" } else { "[sink.match]\n" },
            part(of == "sink.match"),
        )
    }

    fn read(text: &str) -> Config {
        Config::from_toml(text, Path::new("/folder")).unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"))
    }

    /// The same without the lines, which are no part of what is meant.
    fn meaning(text: &str) -> String {
        let mut config = read(text);
        for source in &mut config.sources {
            source.line = 0;
            source.secrets.iter_mut().for_each(|secret| secret.line = 0);
        }
        config.sinks.iter_mut().for_each(|sink| sink.line = 0);
        format!("{config:?}")
    }

    /// Whether a key stands for whole tables, which [`file`] has anyway.
    fn is_table(key: &Key) -> bool {
        key.table.is_empty() && ["limits", "store", "source", "sink", "tls"].contains(&key.name)
    }

    #[test]
    fn every_example_is_a_value_that_the_key_can_have() {
        for key in KEYS.iter().filter(|key| !is_table(key)) {
            read(&file(key.table, key.name, key.example));
        }
    }

    #[test]
    fn every_default_is_what_is_meant_where_the_key_is_not_there() {
        for key in KEYS.iter().filter(|key| !is_table(key)) {
            let Some(default) = key.default else { continue };
            let stated = file(key.table, key.name, default);
            assert_eq!(meaning(&stated), meaning(&file(key.table, "", "")), "{} {}", key.table, key.name);
        }
    }

    #[test]
    fn the_keys_that_are_read_are_those_that_are_listed() {
        let mut asked = BTreeSet::new();
        for (table, _) in TABLES {
            let text = file(table, "", "").replace("[sink.match]\n", "[sink.match]\njson = {}\n");
            let document = Document::new(&text);
            assert!(file::read(&document, Path::new("")).is_some());
            let kinds = document.asked();
            let type_of_sink = table.strip_prefix("sink ").unwrap_or("stdout");
            let common = |key: &str| KEYS.iter().any(|known| known.table == "sink" && known.name == key);
            asked.extend(kinds.into_iter().map(|(kind, key)| match kind {
                "sink" if !common(key) => (format!("sink {type_of_sink}"), key),
                kind => (kind.to_string(), key),
            }));
        }
        let listed: BTreeSet<_> = KEYS.iter().map(|key| (key.table.to_string(), key.name)).collect();
        assert_eq!(listed.len(), KEYS.len(), "a key is listed twice");
        assert_eq!(asked, listed);
        assert!(KEYS.iter().all(|key| TABLES.iter().any(|(table, _)| *table == key.table)));
    }

    #[test]
    fn what_is_a_text_is_no_number_and_the_other_way_round() {
        for key in KEYS.iter().filter(|key| !is_table(key)) {
            for wrong in ["1979-05-27", "1.5", "[[[]]]"] {
                let text = file(key.table, key.name, wrong);
                let problems = Config::from_toml(&text, Path::new("")).map(drop).unwrap_err();
                let line = 1 + text.lines().position(|line| line == format!("{} = {wrong}", key.name)).unwrap();
                let told = problems.iter().find(|problem| problem.line == line);
                let told = told.unwrap_or_else(|| panic!("{problems:?} in\n{text}"));
                assert!(told.what.starts_with(key.name) && !told.hint.is_empty(), "{told:?}");
            }
        }
    }
}
