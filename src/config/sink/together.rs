//! What is wrong with sinks beside each other and beside the sources, though each alone is right.

use super::{COMMAND_VARIABLES, Sink, SinkKind};
use crate::config::reader::Document;
use crate::config::reference::Keeping;
use crate::config::source::Source;

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
                let is_same = |other: &&Sink| matches!(&other.kind, SinkKind::File { path: its, .. } if its == path);
                if let Some(first) = sinks.iter().take(at).find(is_same) {
                    let what = format!("the sink {:?} writes to the file of that of line {}", sink.name, first.line);
                    document.problem(sink.line, what, "give each a file of its own");
                }
            }
            SinkKind::Stdout { .. } | SinkKind::Forward(_) => {}
        }
    }
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
        assert_eq!(
            problems(&(file("a", "x") + &file("b", "/folder/x"))),
            ["line 11: the sink \"b\" writes to the file of that of line 7"]
        );
    }
}
