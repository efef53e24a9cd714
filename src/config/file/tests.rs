use super::super::{Exits, Format, Keeping, Pattern, Retries, SchemeReference, SinkKind};
use super::*;

/// The contract: this is a configuration as it stands.
const CONTRACT: &str = r#"listen = ["127.0.0.1:5000"]
[store]
dir = "hookgate-data"
[[source]]
name = "github"
path = "/webhook"
scheme = "github"
secrets = ["env:HOOKGATE_SECRET"]
[[sink]]
name = "deploy"
type = "command"
argv = ["./deploy.sh"]
concurrency = 4
[sink.match]
sources = ["github"]
types = ["push"]
"#;

fn problems(text: &str) -> Vec<(usize, String, String)> {
    let read = Config::from_toml(text, Path::new("/etc/hookgate"));
    let problems = read.map(drop).unwrap_err();
    problems.into_iter().map(|problem| (problem.line, problem.what, problem.hint)).collect()
}

/// The contract with one of its lines written otherwise, or more behind it.
fn with(line: &str, instead: &str) -> String {
    assert_eq!(CONTRACT.matches(line).count(), 1, "{line}");
    CONTRACT.replace(line, instead)
}

fn one_problem(text: &str) -> (usize, String, String) {
    let mut problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:#?} in\n{text}");
    problems.remove(0)
}

#[test]
fn the_contracts_file_is_read_as_it_stands() {
    let config = Config::from_toml(CONTRACT, Path::new("/etc/hookgate")).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:5000"]);
    assert_eq!(config.store, Some(Store { dir: "/etc/hookgate/hookgate-data".into(), ..Store::default() }));
    let [source] = &config.sources[..] else { panic!("{config:?}") };
    assert_eq!((source.name.as_str(), source.path.as_str()), ("github", "/webhook"));
    assert_eq!(source.scheme, SchemeReference::Named("github".into()));
    let [secret] = &source.secrets[..] else { panic!("{source:?}") };
    assert_eq!(
        (secret.label.as_str(), &secret.keeping),
        ("HOOKGATE_SECRET", &Keeping::Variable("HOOKGATE_SECRET".into()))
    );
    let [sink] = &config.sinks[..] else { panic!("{config:?}") };
    let SinkKind::Command(command) = &sink.kind else { panic!("{sink:?}") };
    assert_eq!(command.argv, ["/etc/hookgate/./deploy.sh"]);
    assert_eq!((command.concurrency, command.working_dir.as_path()), (4, Path::new("/etc/hookgate")));
    assert_eq!(command.exits, Exits { done: vec![0], retry: vec![75], retry_others: true });
    assert_eq!(
        (sink.filter.sources.as_slice(), sink.filter.types.as_slice()),
        (&["github".to_string()][..], &["push".parse::<Pattern>().unwrap()][..])
    );
    assert_eq!(sink.retries, Retries::default());
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_one() {
    for (text, line, what, hint) in [
        (with("path =", "pth ="), 6, r#"there is no key "pth" in [[source]] "github""#, "did you mean path?"),
        (
            with("secrets =", "secret ="),
            8,
            r#"there is no key "secret" in [[source]] "github""#,
            "did you mean secrets?",
        ),
        (with("listen =", "listens ="), 1, r#"there is no key "listens""#, "did you mean listen?"),
        (with("[[sink]]", "[[sinks]]"), 9, r#"there is no key "sinks""#, "did you mean sink?"),
        (
            with("types =", "events ="),
            16,
            r#"there is no key "events" in [sink.match]"#,
            "the keys there are: json, sources, types",
        ),
        (
            with("dir =", "folder ="),
            3,
            r#"there is no key "folder" in [store]"#,
            "the keys there are: dir, enabled, keep_bytes, keep_days, replay_days, replay_keys",
        ),
        (
            with("argv =", "url = 'x'\nargv ="),
            12,
            r#"there is no key "url" in [[sink]] "deploy""#,
            "the keys there are: ",
        ),
    ] {
        let problems = problems(&text);
        let told = problems.iter().find(|(_, told, _)| told == what);
        let told = told.unwrap_or_else(|| panic!("{problems:#?}"));
        assert_eq!(told.0, line, "{told:?}");
        assert!(told.2.starts_with(hint), "{told:?}");
    }
}

#[test]
fn each_mistake_names_its_line_its_key_and_the_remedy() {
    for (text, line, what) in [
        (with("name = \"github\"", "name = \"git hub\""), 5, "name of [[source]] is no name"),
        (with("path = \"/webhook\"", "path = \"webhook\""), 6, "path of [[source]] \"github\" is no path of a request"),
        (
            with("scheme = \"github\"", "scheme = \"githb\""),
            7,
            "scheme of [[source]] \"github\" is no scheme that there is",
        ),
        (
            with("scheme = \"github\"", "scheme_file = \"x\"\nscheme = \"github\""),
            7,
            "scheme_file of [[source]] \"github\" stands beside scheme",
        ),
        (with("scheme = \"github\"\n", ""), 4, "[[source]] \"github\" has no scheme"),
        (with("[\"env:HOOKGATE_SECRET\"]", "[]"), 8, "secrets of [[source]] \"github\" is empty: nobody could sign"),
        (
            with("[\"env:HOOKGATE_SECRET\"]", "[\"a=env:A\",\n\"a=env:B\"]"),
            9,
            "secrets of [[source]] \"github\" has two of one label",
        ),
        (
            with("concurrency = 4", "concurrency = 0"),
            13,
            "concurrency of [[sink]] \"deploy\" is a number that it cannot be",
        ),
        (
            with("concurrency = 4", "concurrency = \"4\""),
            13,
            "concurrency of [[sink]] \"deploy\" is text that it cannot be",
        ),
        (with("type = \"command\"", "type = \"comand\""), 11, "type of [[sink]] \"deploy\" is no type of sink"),
        (
            with("argv = [\"./deploy.sh\"]", "argv = \"./deploy.sh\""),
            12,
            "argv of [[sink]] \"deploy\" is text that it cannot be",
        ),
        (with("argv = [\"./deploy.sh\"]", "argv = []"), 12, "argv of [[sink]] \"deploy\" names no program"),
        (
            with("sources = [\"github\"]", "sources = [\"gitlab\"]"),
            15,
            "sources of [sink.match] names a source that there is not",
        ),
        (with("listen = [\"127.0.0.1:5000\"]", "listen = []"), 1, "listen is empty"),
        (
            with("[\"127.0.0.1:5000\"]", "[\"127.0.0.1:5000\",\n\"0.0.0.0:5000\"]"),
            2,
            "listen has what nobody can listen on: it is listened on already",
        ),
        (with("127.0.0.1:5000", "nonsense"), 1, "listen has what nobody can listen on: it has no port"),
        (with("[store]", "admin = \"127.0.0.1:5000\"\n[store]"), 0, "admin is an address that listen has too"),
        (
            with("scheme = \"github\"", "scheme = \"github\"\nallow_from = [\"192.0.2.1/24\"]"),
            8,
            "allow_from of [[source]] \"github\" has a network that is none: it has bits set behind those of the network; the network is 192.0.2.0/24",
        ),
        (
            with("scheme = \"github\"", "scheme = \"github\"\nrate_limit = \"10\""),
            8,
            "rate_limit of [[source]] \"github\" is text that it cannot be",
        ),
        (
            with("concurrency = 4", "backoff = 60\nbackoff_limit = 10"),
            14,
            "backoff_limit of [[sink]] \"deploy\" is less than backoff",
        ),
        (
            with("concurrency = 4", "exit_retry = [0]"),
            13,
            "exit_retry of [[sink]] \"deploy\" has a code that exit_done has too",
        ),
        (
            with("scheme = \"github\"", "scheme = { algorithm = \"md5\" }"),
            7,
            "scheme of [[source]] \"github\" cannot be used: ",
        ),
        (CONTRACT.to_string() + "json = { ref = \"x\" }", 17, "json of [sink.match] has a key that is no JSON pointer"),
        (
            CONTRACT.to_string() + "json = { \"/ref\" = 1.5 }",
            17,
            "json of [sink.match] has a value that nothing in JSON is equal to",
        ),
    ] {
        let problems = problems(&text);
        let told = problems.iter().find(|(_, told, _)| told.starts_with(what));
        let told = told.unwrap_or_else(|| panic!("no {what:?} in {problems:#?}"));
        assert_eq!(told.0, line, "{told:?}");
        assert!(!told.2.is_empty(), "{told:?}");
    }
}

#[test]
fn a_slip_that_is_found_many_times_is_told_once() {
    let told = problems(&format!("listen = {}", "[".repeat(10_000)));
    assert!(
        told.len() <= 3 && told.iter().all(|(line, what, _)| *line == 1 && what.starts_with("not TOML")),
        "{told:?}"
    );
}

/// Else the connection of a longest body is closed before it is whole.
#[test]
fn there_is_room_for_a_body_of_the_longest_that_is_asked_for() {
    let buffer = |limits: &str| {
        let text = with("scheme = \"github\"", "scheme = \"github\"\nbody_limit = \"100MiB\"") + limits;
        Config::from_toml(&text, Path::new("/")).unwrap().settings.buffered_bytes
    };
    let usual = Config::from_toml(CONTRACT, Path::new("/")).unwrap().settings.buffered_bytes;
    assert_eq!((usual, buffer("")), (40 << 20, 115 << 20));
    assert_eq!(buffer("[limits]\nidle_timeout = 5\n"), 115 << 20);
    assert_eq!(buffer("[limits]\nbuffer_limit = \"50MiB\"\n"), 50 << 20);
}

#[test]
fn all_mistakes_are_told_and_in_order() {
    let text = CONTRACT
        .replace("path =", "pth =")
        .replace("concurrency = 4", "concurrency = -1")
        .replace("[\"push\"]", "[\"\"]");
    let lines: Vec<usize> = problems(&text).iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [6, 13, 16]);
}

#[test]
fn what_is_repeated_is_told_with_the_first() {
    let source = "[[source]]\nname = \"github\"\npath = \"/webhook\"\nscheme = \"gitea\"\nsecrets = [\"env:S\"]\n";
    let told: Vec<_> =
        problems(&(CONTRACT.to_string() + source)).into_iter().map(|(line, what, _)| (line, what)).collect();
    let what = |of: &str| format!("the {of} of a [[source]] is that of line 4 too");
    assert_eq!(told, [(17, what("name \"github\"")), (17, what("path \"/webhook\""))]);
    let sink = "[[sink]]\nname = \"deploy\"\ntype = \"stdout\"\n";
    assert_eq!(
        one_problem(&(CONTRACT.to_string() + sink)).1,
        "the name \"deploy\" of a [[sink]] is that of line 9 too"
    );
    let (line, what, _) = one_problem(&with("path =", "name = \"x\"\npath ="));
    assert_eq!((line, what.starts_with("not TOML: ")), (6, true), "{what}");
}

#[test]
fn a_file_without_a_source_is_none() {
    assert_eq!(one_problem("").1, "the file has no source");
    assert_eq!(one_problem("[store]\n").1, "the file has no source");
}

#[test]
fn a_secret_that_was_pasted_is_refused_and_shown_nowhere() {
    let pasted = "hunter2_of_16_or_more";
    for secrets in [
        format!("secrets = [\"{pasted}\"]"),
        format!("secrets = \"{pasted}\""),
        format!("secrets = [\"new={pasted}\"]"),
        format!("secrets = [\"env:{pasted}-x\"]"),
        format!("secrets = [{{ label = \"new\", secret = \"{pasted}\" }}]"),
        format!("secrets = [{{ \"{pasted}\" = 1 }}]"),
        format!("secrets = {{ new = \"{pasted}\" }}"),
        format!("secrets.{pasted} = 1"),
        format!("secrets = [{pasted}]"),
        format!("secrets = {pasted}"),
        format!("secrets = [\"{pasted}]"),
        format!("secrets = ['{pasted}\n']"),
        format!("secrets = [\"\\{pasted}\"]"),
        format!("secrets = [\"{pasted}\" \"{pasted}\"]"),
        format!("secret = \"{pasted}\""),
        format!("secrets = [\"env:S\"]\nhandshake_token = \"{pasted}\""),
        format!("secrets = [\"env:S\"]\nhandshake_token = [\"{pasted}\"]"),
        format!("secrets = [\"https://{pasted}\"]"),
    ] {
        let text = with("secrets = [\"env:HOOKGATE_SECRET\"]", &secrets);
        let told = problems(&text);
        assert!(told.iter().any(|(line, ..)| *line >= 8), "{told:?}");
        assert!(!format!("{told:?}").contains("hunter2"), "{secrets}: {told:?}");
    }
    let sink = format!(
        "[[sink]]\nname = \"f\"\ntype = \"forward\"\nurl = \"https://user:{pasted}@h/\"\nsign = \"standard-webhooks\"\nsecret = \"{pasted}\"\n"
    );
    let told = problems(&(CONTRACT.to_string() + &sink));
    assert_eq!(told.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [20, 22], "{told:?}");
    assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
}

#[test]
fn every_sink_is_read_with_all_its_keys() {
    let text = r#"
        [[source]]
        name = "stripe"
        secrets = ["new=file:secret", "credential:old"]
        body_limit = "1MiB"
        tolerance = "10m"
        [source.scheme]
        signature_headers = ["X-Sig"]
        algorithm = "hmac-sha256"
        encoding = "hex"
        template = "{body}"
        replay_key = "mac"
        [[sink]]
        name = "out"
        type = "stdout"
        format = "cloudevents"
        [[sink]]
        name = "on"
        type = "forward"
        url = "https://internal.example/hooks"
        sign = "standard-webhooks"
        secret = "env:FORWARD"
        max_attempts = 3
        backoff = "500ms"
        [[sink]]
        name = "kept"
        type = "file"
        path = "log/events.jsonl"
        rotate_at = "1MiB"
        rotate_keep = 2
        [sink.match]
        types = ["invoice.*"]
        json = { "/data/object/paid" = true }
    "#;
    let config = Config::from_toml(text, Path::new("/etc/h")).unwrap();
    let SchemeReference::Inline(scheme) = &config.sources[0].scheme else { panic!("{config:?}") };
    assert_eq!((scheme.name.as_str(), config.sources[0].path.as_str()), ("stripe", "/webhook"));
    assert_eq!(config.sources[0].secrets[0].keeping, Keeping::File("/etc/h/secret".into()));
    assert_eq!(
        (config.sources[0].body_limit_bytes, config.sources[0].tolerance),
        (1 << 20, Some(Duration::from_secs(600)))
    );
    assert_eq!(config.sinks[0].kind, SinkKind::Stdout { format: Format::CloudEvents });
    let SinkKind::Forward(forward) = &config.sinks[1].kind else { panic!("{config:?}") };
    assert_eq!(
        (forward.url.as_str(), forward.sign_with.as_ref().map(|secret| secret.label.as_str())),
        ("https://internal.example/hooks", Some("FORWARD"))
    );
    assert_eq!(
        config.sinks[1].retries,
        Retries { max_attempts: 3, backoff: Duration::from_millis(500), ..Retries::default() }
    );
    let kept = SinkKind::File {
        path: "/etc/h/log/events.jsonl".into(),
        format: Format::Json,
        rotate_at_bytes: 1 << 20,
        rotate_keep: 2,
    };
    assert_eq!(config.sinks[2].kind, kept);
    assert!(config.sinks[2].filter.takes("stripe", Some("invoice.paid"), Some(r#"{"data":{"object":{"paid":true}}}"#)));
}

#[test]
fn a_scheme_of_its_own_is_called_like_its_source_as_far_as_schemes_can_be() {
    let scheme = "[source.scheme]\nsignature_headers = [\"X-Sig\"]\nalgorithm = \"hmac-sha256\"\nencoding = \"hex\"\n\
                  template = \"{body}\"\nreplay_key = \"mac\"\n";
    for (source, scheme_name) in [("mine", "mine"), ("My_Hook.2", "my-hook-2"), ("...", "---")] {
        let text = format!("[[source]]\nname = \"{source}\"\nsecrets = [\"env:S\"]\n{scheme}");
        let config = Config::from_toml(&text, Path::new("/")).unwrap();
        let SchemeReference::Inline(scheme) = &config.sources[0].scheme else { panic!("{config:?}") };
        assert_eq!(scheme.name, scheme_name);
    }
}
