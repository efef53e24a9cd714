//! What is wrong with sinks beside each other and beside the sources, though each alone is right.

use super::{COMMAND_VARIABLES, Sink, SinkKind};
use crate::config::reader::Document;
use crate::config::reference::Keeping;
use crate::config::source::Source;
use std::path::{Component, Path, PathBuf};

/// Tells of commands that would get a secret, and of files that two would write to.
pub(in super::super) fn tell_wrong_together(document: &Document<'_>, sources: &[Source], sinks: &[Sink]) {
    let of_sources = sources.iter().flat_map(|source| source.secrets.iter().chain(&source.handshake_token));
    let of_sinks = sinks.iter().filter_map(|sink| match &sink.kind {
        SinkKind::Forward(forward) => forward.sign_with.as_ref(),
        _ => None,
    });
    let variables: Vec<&str> = of_sources
        .chain(of_sinks)
        .filter_map(|secret| match &secret.keeping {
            Keeping::Variable(name) => name.to_str(),
            _ => None,
        })
        .collect();
    for (at, sink) in sinks.iter().enumerate() {
        match &sink.kind {
            SinkKind::Command(command) => {
                let given = command.env.iter().map(String::as_str).chain(COMMAND_VARIABLES);
                if given.into_iter().any(|name| variables.contains(&name)) {
                    let what = format!("the sink {:?} gives its command a variable that holds a secret", sink.name);
                    document.problem(sink.line, what, "leave it out of env, or keep the secret in another one");
                }
            }
            SinkKind::File { path, .. } => {
                let meet =
                    |other: &&Sink| matches!(&other.kind, SinkKind::File { path: its, .. } if do_meet(path, its));
                if let Some(first) = sinks.iter().take(at).find(meet) {
                    let what = format!("the sink {:?} writes to a file of that of line {}", sink.name, first.line);
                    document.problem(sink.line, what, "give each a file of its own");
                }
            }
            SinkKind::Stdout { .. } | SinkKind::Forward(_) => {}
        }
    }
}

/// Whether two sinks that append to these files would write to one: the same, or one that the other has ended and numbered.
fn do_meet(path: &Path, other: &Path) -> bool {
    let (path, other) = (without_detours(path), without_detours(other));
    let is_numbered = |long: &Path, short: &Path| {
        let number = long.file_name().zip(short.file_name()).and_then(|(long, short)| {
            let (long, short) = (long.to_str()?, short.to_str()?);
            long.strip_prefix(short)?.strip_prefix('.')
        });
        long.parent() == short.parent()
            && number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    path == other || is_numbered(&path, &other) || is_numbered(&other, &path)
}

/// The same place without `..`, as far as names tell: a link may lead elsewhere.
fn without_detours(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if straight.file_name().is_some() => drop(straight.pop()),
            part => straight.push(part),
        }
    }
    straight
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use std::path::Path;

    /// What is wrong with these sinks beside a source whose secrets and token are in variables.
    fn problems(sinks: &str) -> Vec<String> {
        let source = "[[source]]\nname = \"a\"\npath = \"/\"\nscheme = \"meta\"\nsecrets = [\"file:x\", \"new=env:PLANTED\"]\n\
            handshake_token = \"env:TOKEN\"\n";
        let problems = Config::from_toml(&format!("{source}{sinks}"), Path::new("/folder")).map(drop).err();
        problems.unwrap_or_default().into_iter().map(|problem| problem.to_string()).collect()
    }

    fn command(env: &str) -> String {
        format!("[[sink]]\nname = \"run\"\ntype = \"command\"\nargv = [\"true\"]\nenv = [{env}]\n")
    }

    #[test]
    fn a_command_is_given_no_variable_that_a_secret_is_read_from() {
        let wrong = "line 7: the sink \"run\" gives its command a variable that holds a secret";
        assert_eq!(problems(&command("\"OTHER\"")), Vec::<String>::new());
        for name in ["\"PLANTED\"", "\"TOKEN\"", "\"OTHER\", \"PLANTED\""] {
            assert_eq!(problems(&command(name)), [wrong], "{name}");
        }
        for kept_in in ["SIGN", "HOME"] {
            let forward = format!(
                "[[sink]]\nname = \"on\"\ntype = \"forward\"\nurl = \"http://h/\"\nsign = \"standard-webhooks\"\n\
                 secret = \"env:{kept_in}\"\n"
            );
            assert_eq!(problems(&(command("\"SIGN\"") + &forward)), [wrong], "{kept_in}");
        }
    }

    #[test]
    fn a_command_is_given_no_variable_that_hookgate_sets() {
        assert_eq!(
            problems(&command("\"HOOKGATE_SECRET\"")),
            ["line 11: env of [[sink]] \"run\" has a variable that hookgate sets itself"]
        );
    }

    #[test]
    fn two_sinks_do_not_write_to_one_file() {
        let file = |name: &str, path: &str| format!("[[sink]]\nname = {name:?}\ntype = \"file\"\npath = {path:?}\n");
        assert_eq!(problems(&(file("a", "x") + &file("b", "y"))), Vec::<String>::new());
        for (one, other) in
            [("x", "/folder/x"), ("x", "./x"), ("x", "y/../x"), ("../folder/x", "x"), ("x", "x.1"), ("y/x.12", "y/x")]
        {
            let wrong = "line 11: the sink \"b\" writes to a file of that of line 7";
            assert_eq!(problems(&(file("a", one) + &file("b", other))), [wrong], "{one} {other}");
        }
        for (one, other) in [("x", "y/x"), ("x", "y/x.1"), ("x", "x."), ("x", "x.1y"), ("x", "x1"), ("../x", "x")] {
            assert_eq!(problems(&(file("a", one) + &file("b", other))), Vec::<String>::new(), "{one} {other}");
        }
    }
}
