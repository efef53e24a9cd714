//! `hookgate config check`: all that can be known of a configuration before it runs.

use super::super::handover::Handovers;
use super::super::serve::{check_admin, check_tiny_http};
use super::super::setup::{Origin, read_config, receivers};
use super::super::sinks;
use super::super::tls::{self, HTTPS};
use crate::config::{Certificate, Command, Config, ConfigError, Forward, FrontName, Sink, SinkKind};
use crate::minimal::Failure;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a URL may take to answer that is only asked whether it does.
const PROBE_TIME: Duration = Duration::from_secs(5);

/// What is said of the configuration at `path` where nothing is wrong with it.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn check(path: &Path, probe: bool) -> Result<String, Vec<ConfigError>> {
    let config = read_config(path)?;
    let origin = Origin(Some(path.to_path_buf()));
    let mut errors = receivers(&config, &origin, &Handovers::default()).map(drop).err().unwrap_or_default();
    errors.extend(check_tls(&config).into_iter().map(|failed| origin.failure(0, failed)));
    if config.front == FrontName::TinyHttp {
        let wrong = config.listen.iter().filter_map(|address| check_tiny_http(address).err());
        errors.extend(wrong.map(|failed| origin.failure(0, failed)));
    }
    if let Some(store) = &config.store
        && let Err(why) = check_folder(&store.dir)
    {
        errors.push(origin.error(
            0,
            &format!("the store's dir {} {why}", store.dir.display()),
            "name one that can be written to",
        ));
    }
    if let Some(Err(error)) = config.admin.as_deref().map(check_admin) {
        errors.push(origin.error(0, &error.what, error.hint));
    }
    if config.store.is_none() {
        errors.extend(sinks::lines(&config, &origin).map(drop).err().unwrap_or_default());
    }
    for sink in &config.sinks {
        let found = check_sink(sink, probe);
        errors.extend(
            found
                .into_iter()
                .map(|(what, hint)| origin.error(sink.line, &format!("the sink {:?}: {what}", sink.name), hint)),
        );
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let count = |word: &str, count: usize| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (sources, sinks) = (count("source", config.sources.len()), count("sink", config.sinks.len()));
    Ok(format!("{} is sound: {sources}, {sinks}\n", path.display()))
}

/// What is wrong with the certificates: of each, where they fit the addresses at all.
fn check_tls(config: &Config) -> Vec<Failure> {
    let read = |certificates: &[Certificate]| tls::read(&config.listen, certificates).map(drop).err();
    match config.tls.as_slice() {
        [] => read(&[]).into_iter().collect(),
        all if !config.listen.iter().any(|address| address.starts_with(HTTPS)) => read(all).into_iter().collect(),
        all => all.chunks(1).filter_map(read).collect(),
    }
}

/// What is wrong, and what to do about it.
type Wrong = (String, String);

fn check_sink(sink: &Sink, probe: bool) -> Vec<Wrong> {
    match &sink.kind {
        SinkKind::Stdout { .. } => Vec::new(),
        SinkKind::Command(command) => check_command(command),
        SinkKind::Forward(forward) => check_forward(forward, probe),
        SinkKind::File { path, .. } => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let wrong = check_folder(folder).err().map(|why| {
                (
                    format!("the folder {} {why}", folder.display()),
                    "name a file in one that can be written to".to_string(),
                )
            });
            let is_file = !path.exists() || path.is_file();
            let other = (!is_file).then(|| (format!("{} is no file", path.display()), "name a file".to_string()));
            wrong.into_iter().chain(other).collect()
        }
    }
}

fn check_command(command: &Command) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let program = command.argv.first().map(String::as_str).unwrap_or_default();
    let is_runnable =
        |path: &Path| fs::metadata(path).is_ok_and(|is| is.is_file() && is.permissions().mode() & 0o111 != 0);
    let candidates: Vec<PathBuf> = if program.contains('/') {
        vec![PathBuf::from(program)]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(program)).collect()
    };
    if !candidates.iter().any(|candidate| is_runnable(candidate)) {
        let hint = "argv begins with a program: a path with a slash in it, whose file is executable, or a name in PATH";
        wrong.push((format!("{program} is no program that can be run"), hint.to_string()));
    }
    if !command.working_dir.is_dir() {
        let what = format!("its working_dir {} is no folder", command.working_dir.display());
        wrong.push((what, "name a folder that is there".to_string()));
    }
    wrong
}

fn check_forward(settings: &Forward, probe: bool) -> Vec<Wrong> {
    let forward = match sinks::forward(settings) {
        Ok(forward) => forward,
        Err(ConfigError { what, hint }) => return vec![(what, hint)],
    };
    let reached = if probe { forward.probe(PROBE_TIME) } else { Ok(()) };
    let unreached = |why| (why, "see whether it runs, and can be reached from here".to_string());
    reached.err().map(unreached).into_iter().collect()
}

/// Whether a folder can be written to, or made.
fn check_folder(folder: &Path) -> Result<(), &'static str> {
    match fs::metadata(folder) {
        Ok(is) if !is.is_dir() => Err("is no folder"),
        Ok(_) => match rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
            Ok(()) => Ok(()),
            Err(_) => Err("cannot be written to"),
        },
        // It is made at the start, its parents too.
        Err(_) => match folder.parent() {
            Some(parent) => check_folder(parent),
            None => Err("is not there"),
        },
    }
}
