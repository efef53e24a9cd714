//! The command of a hook, as a sink.

use super::rule::{Trigger, is_secret};
use crate::verify::{list, quoted};
use serde_json::{Map, Value};
use std::path::Path;

/// The sink called `name` that runs the command of `hook`. What it would lack is added to `missing`.
///
/// # Errors
/// Where there is no command.
pub(super) fn sink(
    hook: &Map<String, Value>,
    name: &str,
    trigger: &Trigger,
    missing: &mut Vec<String>,
) -> Result<String, String> {
    let text = |key: &str| hook.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let command = text("execute-command").ok_or("it has no execute-command")?;
    let folder = text("command-working-directory");
    // As it finds its command: in the working directory, where there is one.
    let program = match folder {
        Some(folder) if !Path::new(command).is_absolute() => {
            Path::new(folder).join(command).to_string_lossy().into_owned()
        }
        _ => command.to_string(),
    };
    let mut argv = environment(hook, missing);
    if !argv.is_empty() && program.contains('/') && !Path::new(&program).is_absolute() {
        missing.push(
            "pass-environment-to-command: execute-command is a relative path, which env would look for elsewhere"
                .into(),
        );
    }
    argv.push(program);
    for value in values(hook, "pass-arguments-to-command") {
        match constant(value) {
            Some(text) => argv.push(text.to_string()),
            None => missing.push(format!("pass-arguments-to-command: {}", instead(value))),
        }
    }
    let mut toml = format!("\n[[sink]]\nname = {}\ntype = \"command\"\nargv = {}\n", quoted(name), list(&argv));
    if let Some(folder) = folder {
        toml.push_str(&format!("working_dir = {}\n", quoted(folder)));
    }
    toml.push_str(&format!("[sink.match]\nsources = {}\n", list(&[name.to_string()])));
    if !trigger.types.is_empty() {
        toml.push_str(&format!("types = {}\n", list(&trigger.types)));
    }
    if !trigger.json.is_empty() {
        let places = trigger.json.iter().map(|(place, values)| format!("{} = [{}]", quoted(place), values.join(", ")));
        toml.push_str(&format!("json = {{ {} }}\n", places.collect::<Vec<_>>().join(", ")));
    }
    Ok(toml)
}

/// What `env` is to be given before the command for the variables that are always the same; nothing where there are none.
fn environment(hook: &Map<String, Value>, missing: &mut Vec<String>) -> Vec<String> {
    let mut argv = Vec::new();
    for value in values(hook, "pass-environment-to-command") {
        let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = text("envname").map_or_else(|| format!("HOOK_{}", text("name").unwrap_or_default()), str::to_string);
        match constant(value) {
            Some(_) if is_secret(&name) => missing.push(format!(
                "pass-environment-to-command: {} looks like a secret, and none stands in a configuration: export it for the \
                 receiver, and name it in env = [{}]",
                quoted(&name),
                quoted(&name)
            )),
            Some(_) if name.contains('=') => {
                missing.push("pass-environment-to-command: a name with a = in it".to_string());
            }
            Some(text) => argv.push(format!("{name}={text}")),
            None => missing.push(format!("pass-environment-to-command: {}", instead(value))),
        }
    }
    if !argv.is_empty() {
        argv.insert(0, "env".to_string());
    }
    argv
}

fn values<'h>(hook: &'h Map<String, Value>, key: &str) -> impl Iterator<Item = &'h Value> {
    hook.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The text of a value that is the same in all requests.
fn constant(value: &Value) -> Option<&str> {
    let is_constant = value.get("source").and_then(Value::as_str) == Some("string");
    value.get("name").and_then(Value::as_str).filter(|text| is_constant && !text.contains('\0'))
}

/// Where a command finds what it was passed before.
fn instead(value: &Value) -> String {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    match text("source") {
        "payload" => format!("{} of the payload: a command reads the payload on its standard input", quoted(name)),
        "entire-payload" => "the payload is on the command's standard input".to_string(),
        "header" => format!(
            "the header {}: a command has the event's type, source and ids in HOOKGATE_ variables",
            quoted(name)
        ),
        "entire-headers" => {
            "all headers: a command has the event's type, source and ids in HOOKGATE_ variables".to_string()
        }
        "url" | "query" | "entire-query" => "the query, which no signature covers".to_string(),
        "request" => "the request's method and address".to_string(),
        "context" => "what a pre-hook-command makes".to_string(),
        _ => "a value of a source that is unknown here".to_string(),
    }
}
