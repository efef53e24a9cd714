//! A move from adnanh/webhook: its hooks, as JSON, made into a configuration of ours. What cannot be carried over is said, with
//! its reason, and nothing is carried over in part where that would run a command more often, or otherwise, than before.
//!
//! Sources: its documentation, "Hook definition", "Hook rules" and "Referencing request values".

mod command;
mod rule;

use super::ConfigError;
use super::file::is_name;
use crate::verify::{Secret, list, quoted};
use rule::Trigger;
use serde_json::{Map, Value};

/// What became of a file of hooks.
#[derive(Debug)]
pub struct Imported {
    /// The configuration.
    pub toml: String,
    /// The secrets, each with the name of the file that the configuration has it in, beside its own.
    pub secrets: Vec<(String, Secret)>,
    /// What was not carried over, and why.
    pub notes: Vec<String>,
    /// How many hooks were carried over, their commands included, and how many there are.
    pub counts: (usize, usize),
}

/// Longest file of hooks, in bytes.
pub const HOOKS_FILE_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Properties that say how a request is answered, or say what we do anyway: a hook is the same hook without them.
const HARMLESS: &[(&str, &str)] = &[
    ("response-message", "the answer is the one that the provider wants"),
    ("response-headers", "the answer is the one that the provider wants"),
    ("success-http-response-code", "the answer is the one that the provider wants"),
    ("trigger-rule-mismatch-http-response-code", "an event that no sink takes is accepted all the same"),
    ("include-command-output-in-response", "a request is answered before its command runs"),
    ("include-command-output-in-response-on-error", "a request is answered before its command runs"),
    ("trigger-signature-soft-failures", "a signature that does not match is always refused"),
];

/// Properties without which a command would get something else than before.
const NEEDED: &[(&str, &str)] = &[
    ("pass-file-to-command", "no file is written for a command: the payload is on its standard input"),
    ("parse-parameters-as-json", "a payload is read as it is"),
    ("incoming-payload-content-type", "a payload is what its Content-Type says"),
    ("pre-hook-command", "no command runs before an event is accepted"),
];

/// Makes a configuration of the hooks in `text`, whose paths begin with `/prefix/`.
///
/// # Errors
/// Where it is no file of hooks, or one that cannot be read as it stands.
pub fn import(text: &str, prefix: &str) -> Result<Imported, ConfigError> {
    if text.contains("{{") {
        return Err(ConfigError::new(
            "the hooks are a template, or have one in them: what they say is only known where it is filled in",
            "fill it in first, and import the result; a value of the source template has to be made by the command itself",
        ));
    }
    let hooks: Value = serde_json::from_str(text).map_err(|error| {
        let what = format!("the hooks are not JSON at line {}, column {}", error.line(), error.column());
        ConfigError::new(what, "give hooks.json; of hooks.yaml, yq -o=json hooks.yaml makes one")
    })?;
    let Some(hooks) = hooks.as_array() else {
        return Err(ConfigError::new("the hooks are not a list", "give the file that webhook -hooks takes"));
    };
    let mut work = Work { prefix: prefix.trim_matches('/').to_string(), ..Work::default() };
    for (at, hook) in hooks.iter().enumerate() {
        work.hook(at + 1, hook);
    }
    let Work { toml, secrets, notes, carried, .. } = work;
    let head = "# Made by hookgate config import of hooks for adnanh/webhook.\n";
    Ok(Imported { toml: format!("{head}{toml}"), secrets, notes, counts: (carried, hooks.len()) })
}

#[derive(Default)]
struct Work {
    prefix: String,
    toml: String,
    secrets: Vec<(String, Secret)>,
    notes: Vec<String>,
    names: Vec<String>,
    carried: usize,
}

impl Work {
    fn hook(&mut self, number: usize, hook: &Value) {
        let id = hook.get("id").and_then(Value::as_str).unwrap_or_default();
        let called = if is_name(id) { format!("hook {id}") } else { format!("hook number {number}") };
        if let Err(why) = self.carry(id, &called, hook) {
            self.notes.push(format!("{called} was not carried over: {why}"));
            self.toml.push_str(&format!("\n# {called} was not carried over: {why}\n"));
        }
    }

    fn carry(&mut self, id: &str, called: &str, hook: &Value) -> Result<(), String> {
        let hook = hook.as_object().ok_or("it is no object")?;
        let name = is_name(id).then(|| id.to_string()).ok_or("its id is no name of letters, digits, dots, - and _")?;
        if self.names.contains(&name) {
            return Err("another hook has its id".to_string());
        }
        check_methods(hook)?;
        let trigger = Trigger::read(hook.get("trigger-rule"))?;
        let secret = Secret::new(trigger.secret.clone().into_bytes())
            .map_err(|_| "its secret is empty: anybody could sign with that")?;
        let mut missing = Vec::new();
        for key in hook.keys() {
            let reason = |list: &[(&str, &'static str)]| list.iter().find(|(name, _)| name == key).map(|(_, why)| *why);
            if let Some(why) = reason(HARMLESS) {
                self.notes.push(format!("{called}: {key} was not carried over: {why}"));
            } else if let Some(why) = reason(NEEDED) {
                missing.push(format!("{key}: {why}"));
            } else if !KNOWN.contains(&key.as_str()) {
                missing.push(format!("{}: it is unknown here", quoted(key)));
            }
        }
        let sink = command::sink(hook, &name, &trigger, &mut missing)?;
        let bare = trigger.secret.trim_end();
        let escaped = quoted(bare);
        let stands = [bare, escaped.trim_matches('"')].iter().any(|secret| sink.contains(secret));
        // A short one may be a part of anything.
        if trigger.secret.len() >= 8 && stands {
            return Err(
                "its secret stands in its command or its rule too, and none stands in a configuration".to_string()
            );
        }
        let file = format!("{name}.secret");
        let path = if self.prefix.is_empty() { format!("/{name}") } else { format!("/{}/{name}", self.prefix) };
        // A newline at the end of such a secret is part of it.
        let kind = if trigger.secret.ends_with('\n') { "file-raw" } else { "file" };
        self.toml.push_str(&format!("\n[[source]]\nname = {}\npath = {}\n", quoted(&name), quoted(&path)));
        self.toml.push_str(&format!("secrets = [{}]\n", quoted(&format!("{kind}:{file}"))));
        if !trigger.allow_from.is_empty() {
            self.toml.push_str(&format!("allow_from = {}\n", list(&trigger.allow_from)));
        }
        if trigger.is_token() {
            self.toml.push_str("accept_uncovered_body = true\n");
        }
        self.toml.push_str(&trigger.scheme());
        self.notes.extend(trigger.scheme_note().map(|note| format!("{called}: {note}")));
        if missing.is_empty() {
            self.toml.push_str(&sink);
            self.carried += 1;
        } else {
            let why = missing.join("; ");
            self.notes.push(format!(
                "{called}: its command was left out, for it would get something else than before: {why}"
            ));
            self.toml.push_str(&format!("\n# This command would get something else than before: {}\n", one_line(&why)));
            for line in sink.lines().filter(|line| !line.is_empty()) {
                self.toml.push_str(&format!("# {line}\n"));
            }
        }
        self.secrets.push((file, secret));
        self.names.push(name);
        Ok(())
    }
}

/// Properties that are carried over, in full or with a word about it.
const KNOWN: &[&str] = &[
    "id",
    "execute-command",
    "command-working-directory",
    "pass-arguments-to-command",
    "pass-environment-to-command",
    "trigger-rule",
    "http-methods",
];

fn check_methods(hook: &Map<String, Value>) -> Result<(), String> {
    let Some(methods) = hook.get("http-methods").and_then(Value::as_array).filter(|methods| !methods.is_empty()) else {
        return Ok(());
    };
    let is_post = |method: &Value| method.as_str().is_some_and(|method| method.trim().eq_ignore_ascii_case("POST"));
    if methods.iter().all(is_post) { Ok(()) } else { Err("its http-methods are others than POST".to_string()) }
}

/// Text as it can stand in a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests;
