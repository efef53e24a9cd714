//! The configuration file and the hooks of others: any text is refused, each mistake with its line and its remedy, or is a
//! configuration that can be served by.

use hookgate::config::{Config, SinkKind, import, is_name};
use std::collections::BTreeSet;
use std::path::Path;

/// What stands for a secret that was pasted somewhere. No name and no key can be it.
const PASTED: &str = "hunter2!";

/// Checks any bytes: as a configuration, and as hooks to be imported.
pub(crate) fn check_bytes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::from_toml(text, Path::new("/folder")) {
        Ok(config) => check(&config),
        Err(problems) => {
            assert!(!problems.is_empty(), "{text:?}");
            let lines = text.split('\n').count();
            for problem in problems {
                assert!(!problem.what.is_empty() && !problem.hint.is_empty(), "{text:?}: {problem:?}");
                assert!(problem.line <= lines, "{text:?}: {problem:?}");
                // Paths are shown, and what is wrong with the fields of a scheme.
                let may_show = problem.what.starts_with("the path") || problem.what.starts_with("scheme of");
                let shows = problem.what.contains(PASTED) || problem.hint.contains(PASTED);
                assert!(may_show || !shows, "{text:?}: {problem:?}");
            }
        }
    }
    if let Ok(imported) = import(text, "hooks") {
        let (carried, all) = imported.counts;
        assert!(carried <= all && carried <= imported.secrets.len());
        if imported.secrets.is_empty() {
            return;
        }
        let config = Config::from_toml(&imported.toml, Path::new("/folder"));
        let config = config.unwrap_or_else(|problems| panic!("{problems:?} in\n{}", imported.toml));
        check(&config);
        assert_eq!((config.sources.len(), config.sinks.len()), (imported.secrets.len(), carried));
    }
}

fn check(config: &Config) {
    assert!(!config.listen.is_empty() && !config.sources.is_empty());
    let distinct = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let sources: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
    assert!(sources.iter().all(|name| is_name(name)));
    assert!(distinct(sources.clone()));
    assert!(distinct(config.sources.iter().map(|source| source.path.as_str()).collect()));
    assert!(distinct(config.sinks.iter().map(|sink| sink.name.as_str()).collect()));
    for source in &config.sources {
        assert!(source.path.starts_with('/') && !source.secrets.is_empty());
        assert!((1..=1 << 30).contains(&source.body_limit_bytes));
        assert!(distinct(source.secrets.iter().map(|secret| secret.label.as_str()).collect()));
    }
    for sink in &config.sinks {
        assert!(sink.retries.max_attempts > 0 && sink.retries.backoff <= sink.retries.backoff_limit);
        assert!(sink.filter.sources.iter().all(|name| sources.contains(&name.as_str())));
        match &sink.kind {
            SinkKind::Command(command) => {
                assert!((1..=256).contains(&command.concurrency) && !command.argv.is_empty());
                assert!(command.working_dir.is_absolute());
            }
            SinkKind::Forward(forward) => assert!((1..=256).contains(&forward.concurrency)),
            SinkKind::File { path, .. } => assert!(path.is_absolute()),
            SinkKind::Stdout { .. } => {}
        }
    }
}
