//! `hookgate man` and `hookgate completions`: both know all that the arguments are.

use crate::support::command::{installed, run};
use crate::support::folder::Folder;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// What `--help` says behind these words.
fn help(words: &[String]) -> String {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let outcome = run(Folder::new().path(), &arguments, b"");
    assert_eq!(outcome.code(), Some(0), "{words:?}");
    outcome.out()
}

/// The commands under these words, by their help, and under those.
fn commands(words: &[String], found: &mut Vec<Vec<String>>) {
    found.push(words.to_vec());
    let text = help(words);
    let Some((_, list)) = text.split_once("Commands:\n") else { return };
    for line in list.lines().take_while(|line| !line.is_empty()) {
        // Lines that go on with what a command does are indented further.
        let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else { continue };
        let name = name.split(' ').next().unwrap().to_string();
        commands(&[words, &[name]].concat(), found);
    }
}

fn all_commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    commands(&[], &mut found);
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The long options that a help text lists.
fn options(help: &str) -> BTreeSet<String> {
    let listed = |line: &str| {
        // What is said of them is indented further.
        let (indent, line) = line.split_at(line.len() - line.trim_start().len());
        if indent.len() > 6 {
            return None;
        }
        let long = line.strip_prefix("--").or_else(|| line.split_once(", --").map(|(_, long)| long))?;
        line.starts_with('-').then(|| format!("--{}", long.split([' ', '[', '=']).next().unwrap_or_default()))
    };
    help.lines().filter_map(listed).collect()
}

fn file_name(words: &[String]) -> String {
    format!("{}.1", [&["hookgate".to_string()], words].concat().join("-"))
}

#[test]
fn each_command_has_a_page_with_all_its_options_and_its_exit_codes() {
    let folder = Folder::new();
    let outcome = run(folder.path(), &["man", "pages"], b"");
    assert_eq!((outcome.code(), outcome.stdout.is_empty()), (Some(0), true), "{outcome:?}");
    let pages = folder.path().join("pages");
    let mut written: BTreeSet<String> =
        fs::read_dir(&pages).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    for words in all_commands() {
        let name = file_name(&words);
        assert!(written.remove(&name), "no page {name}");
        // Without what only roff reads.
        let page = fs::read_to_string(pages.join(&name)).unwrap().replace("\\-", "-");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\""] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{name} has no section {section}:\n{page}");
        }
        let (_, status) = page.split_once("EXIT STATUS").unwrap();
        for code in ["0", "1", "2"] {
            assert!(
                status.contains(&format!("\n\\fB{code}\\fR\n")),
                "{name} says nothing of exit code {code}: {status}"
            );
        }
        for option in options(&help(&words)) {
            assert!(page.contains(&format!("\\fB{option}\\fR")), "{name} says nothing of {option}");
        }
    }
    assert!(written.is_empty(), "pages of no command: {written:?}");

    if installed("man") {
        for page in fs::read_dir(&pages).unwrap() {
            let path = page.unwrap().path();
            let set =
                Command::new("man").args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"]).arg(&path).output().unwrap();
            assert!(set.status.success() && set.stderr.is_empty() && set.stdout.len() > 500, "{path:?}: {set:?}");
        }
    }
}

#[test]
fn without_a_folder_the_first_page_is_printed() {
    let outcome = run(Folder::new().path(), &["man"], b"");
    assert_eq!(outcome.code(), Some(0));
    assert!(outcome.out().contains("\n.SH NAME\n") && outcome.stderr.is_empty(), "{outcome:?}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_exit_1() {
    let folder = Folder::new();
    folder.file("taken", b"");
    let outcome = run(folder.path(), &["man", "taken"], b"");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("hookgate: error: cannot write the manual"), "{outcome:?}");
}

/// What `shell` says to `script` when it only reads it.
fn read_by(shell: &str, script: &[u8]) {
    let mut child = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
}

#[test]
fn completions_are_read_by_their_shells_and_name_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = run(Folder::new().path(), &["completions", shell], b"");
        assert_eq!((outcome.code(), outcome.stderr.as_str()), (Some(0), ""), "{shell}");
        let script = outcome.out();
        for words in all_commands() {
            let Some(command) = words.last() else { continue };
            assert!(script.contains(command.as_str()), "{shell} knows no {words:?}");
            for option in options(&help(&words)) {
                // fish writes them without their hyphens.
                assert!(script.contains(option.trim_start_matches('-')), "{shell} knows no {option} of {words:?}");
            }
        }
    }
    read_by("bash", &run(Folder::new().path(), &["completions", "bash"], b"").stdout);
    for shell in ["zsh", "fish"] {
        // Few systems have these, and none needs them.
        if installed(shell) {
            read_by(shell, &run(Folder::new().path(), &["completions", shell], b"").stdout);
        }
    }
    assert_eq!(run(Folder::new().path(), &["completions", "nosuch"], b"").code(), Some(2));
}

#[test]
fn bash_completes_a_command_and_an_option() {
    let folder = Folder::new();
    folder.file("completions", &run(folder.path(), &["completions", "bash"], b"").stdout);
    for (line, expected) in [("hookgate ser", "serve"), ("hookgate serve --secret-cr", "--secret-credential")] {
        let words: Vec<_> = line.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let script = format!(
            "source ./completions; COMP_WORDS=({line}); COMP_CWORD={}; _hookgate hookgate {last} {before}; echo \"${{COMPREPLY[*]}}\"",
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "{output:?}");
    }
}
