use super::super::{Config, Keeping, SchemeReference, SinkKind};
use super::*;
use std::path::Path;

fn read(imported: &Imported) -> Config {
    Config::from_toml(&imported.toml, Path::new("/f"))
        .unwrap_or_else(|problems| panic!("{problems:?} in\n{}", imported.toml))
}

/// The import of one hook: its own members, and a rule beside the signature of GitHub.
fn hook(members: &str, rule: &str) -> Imported {
    let signature = r#"{"match":{"type":"payload-hmac-sha256","secret":"hunter2_of_16_or_more","parameter":{"source":"header","name":"X-Hub-Signature-256"}}}"#;
    let rule = if rule.is_empty() { String::new() } else { format!(",{rule}") };
    let members = if members.is_empty() { String::new() } else { format!(",{members}") };
    import(&format!(r#"[{{"id":"deploy","execute-command":"/srv/deploy.sh"{members},"trigger-rule":{{"and":[{signature}{rule}]}}}}]"#), "hooks").unwrap()
}

fn command(config: &Config) -> &crate::config::Command {
    match config.sinks.first().map(|sink| &sink.kind) {
        Some(SinkKind::Command(command)) => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hook_becomes_a_source_and_a_command() {
    let imported = hook(
        r#""command-working-directory":"/srv/app","pass-arguments-to-command":[{"source":"string","name":"--now"}],
           "pass-environment-to-command":[{"source":"string","envname":"STAGE","name":"live"},{"source":"string","name":"x"}]"#,
        r#"{"match":{"type":"value","value":"refs/heads/main","parameter":{"source":"payload","name":"ref"}}},
           {"match":{"type":"value","value":"push","parameter":{"source":"header","name":"X-GitHub-Event"}}},
           {"match":{"type":"ip-whitelist","ip-range":"192.0.2.1/24 2001:db8::1"}}"#,
    );
    assert_eq!((imported.counts, &imported.notes[..]), ((1, 1), &[][..]));
    let config = read(&imported);
    let source = &config.sources[0];
    assert_eq!((source.name.as_str(), source.path.as_str()), ("deploy", "/hooks/deploy"));
    assert_eq!(source.scheme, SchemeReference::Named("github".into()));
    assert_eq!(source.secrets[0].keeping, Keeping::File("/f/deploy.secret".into()));
    assert_eq!(source.access.allow_from, ["192.0.2.0/24", "2001:db8::1"].map(|network| network.parse().unwrap()));
    assert_eq!(command(&config).argv, ["env", "STAGE=live", "HOOK_x=x", "/srv/deploy.sh", "--now"]);
    assert_eq!(command(&config).working_dir, Path::new("/srv/app"));
    let takes = |event_type, payload| config.sinks[0].filter.takes("deploy", Some(event_type), Some(payload));
    assert!(takes("push", r#"{"ref":"refs/heads/main"}"#));
    assert!(!takes("ping", r#"{"ref":"refs/heads/main"}"#) && !takes("push", r#"{"ref":"refs/heads/x"}"#));
    let [(file, secret)] = &imported.secrets[..] else { panic!("one secret") };
    assert_eq!((file.as_str(), secret.as_bytes()), ("deploy.secret", &b"hunter2_of_16_or_more"[..]));
}

#[test]
fn no_secret_stands_in_the_configuration_nor_in_what_is_said() {
    for rule in ["", r#"{"not":{"match":{}}}"#, r#"{"match":{"type":"regex","regex":".","parameter":{}}}"#] {
        let imported = hook("", rule);
        assert!(!format!("{imported:?}").contains("hunter2"), "{imported:?}");
    }
}

#[test]
fn a_secret_is_found_in_a_command_also_where_it_is_escaped_there() {
    let hooks = r#"[{"id":"deploy","execute-command":"/srv/deploy.sh",
        "pass-arguments-to-command":[{"source":"string","name":"--key=hunt\"er2\\of_16"}],
        "trigger-rule":{"match":{"type":"payload-hmac-sha256","secret":"hunt\"er2\\of_16",
                                 "parameter":{"source":"header","name":"X-Hub-Signature-256"}}}}]"#;
    let imported = import(hooks, "hooks").unwrap();
    assert_eq!((imported.counts, imported.secrets.len()), ((0, 1), 0), "{imported:?}");
    assert!(imported.notes[0].contains("none stands in a configuration"), "{imported:?}");
}

#[test]
fn values_are_compared_as_they_are_printed_and_several_of_one_place_are_a_list() {
    let imported = hook(
        "",
        r#"{"match":{"type":"value","value":"1","parameter":{"source":"payload","name":"a.0.b/c"}}},
        {"or":[{"match":{"type":"value","value":"x","parameter":{"source":"payload","name":"s"}}},
               {"match":{"type":"value","value":"true","parameter":{"source":"payload","name":"s"}}}]}"#,
    );
    let config = read(&imported);
    for (payload, is_taken) in [
        (r#"{"a":[{"b/c":1}],"s":"x"}"#, true),
        (r#"{"a":[{"b/c":"1"}],"s":true}"#, true),
        (r#"{"a":[{"b/c":"1"}],"s":"true"}"#, true),
        (r#"{"a":[{"b/c":2}],"s":"x"}"#, false),
        (r#"{"a":[{"b/c":1}],"s":"y"}"#, false),
    ] {
        assert_eq!(config.sinks[0].filter.takes("deploy", None, Some(payload)), is_taken, "{payload}");
    }
}

#[test]
fn a_hook_whose_rule_cannot_be_asked_is_not_carried_over() {
    let value = |source: &str, name: &str| {
        format!(r#"{{"match":{{"type":"value","value":"x","parameter":{{"source":"{source}","name":"{name}"}}}}}}"#)
    };
    for (rule, why) in [
        (format!(r#"{{"not":{}}}"#, value("payload", "ref")), "has a not"),
        (
            r#"{"match":{"type":"regex","regex":".*","parameter":{"source":"payload","name":"ref"}}}"#.to_string(),
            "regex",
        ),
        (
            format!(r#"{{"or":[{},{}]}}"#, value("payload", "a"), value("payload", "b")),
            "an or of more than the values of one place",
        ),
        (format!(r#"{{"or":[{},{}]}}"#, value("payload", "a"), value("header", "X-GitHub-Event")), "an or of more"),
        (value("header", "X-Other"), "looks at a header"),
        (value("url", "token"), "the query"),
        (format!("{},{}", value("payload", "a"), value("payload", "a")), "two things of one place"),
        (r#"{"match":{"type":"scalr-signature","secret":"x"}}"#.to_string(), "Scalr"),
        (r#"{"match":{"type":"ip-whitelist","ip-range":"x"}}"#.to_string(), "an ip-range that is none"),
        (
            r#"{"match":{"type":"payload-hmac-sha1","secret":"x","parameter":{"source":"header","name":"X"}}}"#
                .to_string(),
            "two signatures",
        ),
        (r#"{"xor":[]}"#.to_string(), "unknown here"),
        ("{}".to_string(), "not one rule"),
        (format!(r#"{{"and":[],{}"#, &value("payload", "a")[1..]), "not one rule"),
        (format!(r#"{{"or":[{{"not":{{}},{}]}}"#, &value("payload", "a")[1..]), "unknown here"),
        (r#"{"match":{"type":"ip-whitelist","ip-range":" "}}"#.to_string(), "an ip-range that is none"),
        (value("payload", "hook.secret"), "\"hook.secret\" of the payload, which looks like a secret"),
        (value("payload", "access_token"), "looks like a secret"),
        ("7".to_string(), "no object"),
    ] {
        let imported = hook("", &rule);
        assert_eq!((imported.counts, imported.secrets.len()), ((0, 1), 0), "{rule}");
        assert!(imported.notes[0].contains(why), "{rule}: {:?}", imported.notes);
        assert!(imported.toml.contains("was not carried over: ") && !imported.toml.contains("[["), "{}", imported.toml);
    }
    for (hooks, why) in [
        (r#"[{"id":"a","execute-command":"x"}]"#, "nothing proves who sends it"),
        (r#"[{"id":"a b","execute-command":"x"}]"#, "its id is no name"),
        (r#"[{}]"#, "its id is no name"),
        (r#"[7]"#, "no object"),
        (r#"[{"id":"a","http-methods":["GET"]}]"#, "others than POST"),
    ] {
        let imported = import(hooks, "hooks").unwrap();
        assert!(imported.notes[0].contains(why), "{:?}", imported.notes);
    }
}

#[test]
fn a_command_that_would_get_something_else_is_left_out_and_its_source_is_not() {
    for (members, why) in [
        (
            r#""pass-arguments-to-command":[{"source":"payload","name":"head_commit.id"}]"#,
            "\"head_commit.id\" of the payload",
        ),
        (r#""pass-arguments-to-command":[{"source":"entire-payload"}]"#, "standard input"),
        (
            r#""pass-environment-to-command":[{"source":"header","name":"X-GitHub-Event"}]"#,
            "the header \"X-GitHub-Event\"",
        ),
        (r#""pass-environment-to-command":[{"source":"url","name":"q"}]"#, "the query"),
        (
            r#""pass-environment-to-command":[{"source":"string","envname":"API_TOKEN","name":"hunter2"}]"#,
            "\"API_TOKEN\" looks like a secret",
        ),
        (
            r#""pass-environment-to-command":[{"source":"string","envname":"db-password","name":"hunter2"}]"#,
            "looks like a secret",
        ),
        (r#""pass-file-to-command":[{"source":"entire-payload"}]"#, "no file is written"),
        (r#""pre-hook-command":"x""#, "before an event is accepted"),
        (r#""something-new":1"#, "\"something-new\": it is unknown here"),
    ] {
        let imported = hook(members, "");
        assert_eq!(imported.counts, (0, 1), "{members}");
        assert!(!imported.toml.contains("hunter2"), "{}", imported.toml);
        assert!(imported.notes.iter().any(|note| note.contains(why)), "{members}: {:?}", imported.notes);
        let config = read(&imported);
        assert_eq!((config.sources.len(), config.sinks.len()), (1, 0), "{}", imported.toml);
        let uncommented = imported.toml.replace("\n# ", "\n").replace("This command", "# This command");
        assert_eq!(Config::from_toml(&uncommented, Path::new("/f")).unwrap().sinks.len(), 1, "{uncommented}");
    }
}

#[test]
fn what_makes_no_difference_to_the_command_is_said_and_left_out() {
    let imported = hook(r#""response-message":"ok","include-command-output-in-response":true"#, "");
    assert_eq!((imported.counts, imported.notes.len(), read(&imported).sinks.len()), ((1, 1), 2, 1), "{imported:?}");
}

#[test]
fn a_signature_of_no_preset_becomes_a_scheme() {
    let rule = |kind: &str, name: &str| {
        let hooks = format!(
            r#"[{{"id":"a","execute-command":"x","trigger-rule":{{"match":{{"type":"{kind}","secret":"s\n","parameter":{{"source":"header","name":"{name}"}}}}}}}}]"#
        );
        import(&hooks, "").unwrap()
    };
    for (kind, name, preset) in [
        ("payload-hmac-sha1", "x-hub-signature", "github-sha1"),
        ("payload-hash-sha256", "X-Gitea-Signature", "gitea"),
        ("payload-hmac-sha256", "X-Gogs-Signature", "gogs"),
    ] {
        assert_eq!(read(&rule(kind, name)).sources[0].scheme, SchemeReference::Named(preset.into()));
    }
    let imported = rule("payload-hmac-sha512", "X-Signature");
    let config = read(&imported);
    let SchemeReference::Inline(scheme) = &config.sources[0].scheme else { panic!("{config:?}") };
    assert_eq!(
        (scheme.signature_headers.as_slice(), scheme.algorithm.name()),
        (&["X-Signature".to_string()][..], "hmac-sha512")
    );
    assert!(imported.notes[0].contains("grammar = { prefix = \"sha512=\" }"), "{:?}", imported.notes);
    assert_eq!(config.sources[0].path, "/a");
    assert_eq!(
        config.sources[0].secrets[0].keeping,
        Keeping::RawFile("/f/a.secret".into()),
        "its newline is part of it"
    );
}

#[test]
fn gitlabs_token_is_a_secret_and_stands_in_no_configuration() {
    let token = r#"{"match":{"type":"value","value":"hunter2_of_16_or_more","parameter":{"source":"header","name":"X-Gitlab-Token"}}}"#;
    let kind =
        r#"{"match":{"type":"value","value":"Push Hook","parameter":{"source":"header","name":"X-Gitlab-Event"}}}"#;
    let hooks =
        |rule: &str| format!(r#"[{{"id":"redeploy","execute-command":"/srv/deploy.sh","trigger-rule":{rule}}}]"#);
    let imported = import(&hooks(&format!(r#"{{"and":[{token},{kind}]}}"#)), "hooks").unwrap();
    assert_eq!((imported.counts, imported.secrets[0].1.as_bytes()), ((1, 1), &b"hunter2_of_16_or_more"[..]));
    assert!(!format!("{imported:?}").contains("hunter2"), "{imported:?}");
    assert!(imported.notes[0].contains("nothing signs the body"), "{:?}", imported.notes);
    let config = read(&imported);
    assert_eq!(config.sources[0].scheme, SchemeReference::Named("gitlab-token".into()));
    assert!(config.sources[0].accept_uncovered_body);
    assert!(config.sinks[0].filter.takes("redeploy", Some("Push Hook"), None));
    let signature = r#"{"match":{"type":"payload-hmac-sha1","secret":"x","parameter":{"source":"header","name":"X"}}}"#;
    for rule in [format!(r#"{{"and":[{signature},{token}]}}"#), format!(r#"{{"or":[{token},{kind}]}}"#)] {
        let imported = import(&hooks(&rule), "hooks").unwrap();
        assert_eq!((imported.counts, imported.secrets.len()), ((0, 1), 0), "{rule}");
    }
}

#[test]
fn what_is_no_file_of_hooks_is_refused_with_the_reason() {
    for (text, what) in
        [("- id: a", "not JSON at line 1"), ("{}", "not a list"), (r#"[{"id":"{{ getenv \"ID\" }}"}]"#, "template")]
    {
        let error = import(text, "hooks").map(drop).unwrap_err();
        assert!(error.what.contains(what), "{error:?}");
    }
}
