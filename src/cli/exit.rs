//! The exit codes, in one place: the man pages and docs/OPERATION.md are written from here, and a test has the program end with
//! each.

/// What a command says by ending so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The command, `store check`; empty for every command that does not say otherwise.
    pub command: &'static str,
    /// The exit code.
    pub code: u8,
    /// What it says.
    pub meaning: &'static str,
}

const fn code(command: &'static str, code: u8, meaning: &'static str) -> Code {
    Code { command, code, meaning }
}

/// All of them. 143 and 130 are what a shell makes of an end by SIGTERM (15) and SIGINT (2): 128 and the signal.
pub const CODES: &[Code] = &[
    code("", 0, "It did what it was asked to."),
    code("", 1, "It failed while it ran: what it needs of the system was not there, or not any more."),
    code("", 2, "The arguments or the configuration are wrong. Nothing was done."),
    code("serve", 0, "It was asked to stop, by SIGTERM or SIGINT, and has: within 9 s."),
    code("serve", 1, "It could not begin (an address is taken, the store cannot be opened), or could not go on."),
    code(
        "serve",
        130,
        "A second signal came before it had stopped, and this was SIGINT. What was answered 2xx is kept.",
    ),
    code(
        "serve",
        143,
        "A second signal came before it had stopped, and this was SIGTERM. What was answered 2xx is kept.",
    ),
    code("verify", 0, "The signature is valid."),
    code("verify", 1, "The signature is refused."),
    code("verify", 2, "It cannot be judged: the arguments, the scheme or a secret are wrong."),
    code("send", 0, "It was answered with a 2xx; of several, all were."),
    code("send", 1, "It was answered with something else, or not at all."),
    code("events tail", 0, "It printed what there is; with -f, SIGINT or SIGTERM ended it."),
    code("store check", 0, "The store is sound."),
    code("store check", 1, "The store is damaged."),
    code("store check", 2, "There is no store."),
    code("config check", 0, "Nothing is wrong with the configuration."),
    code("config check", 2, "Something is wrong with it; all of it is said."),
    code("reload", 0, "The receiver was asked; it says itself what came of it."),
    code("reload", 1, "No receiver runs there."),
];

/// Those of `command`: its own, and those of every command.
pub(super) fn codes_of(command: &str) -> Vec<Code> {
    let own = CODES.iter().filter(|code| code.command == command);
    let is_own = |code: u8| own.clone().any(|own| own.code == code);
    let general = CODES.iter().filter(|code| code.command.is_empty() && !is_own(code.code));
    let mut codes: Vec<Code> = own.clone().chain(general).copied().collect();
    codes.sort_by_key(|code| code.code);
    codes
}

#[cfg(test)]
mod tests {
    use super::{CODES, codes_of};

    #[test]
    fn a_commands_own_word_on_a_code_replaces_the_general_one() {
        let of = |command| codes_of(command).iter().map(|code| (code.command, code.code)).collect::<Vec<_>>();
        assert_eq!(of("store check"), [("store check", 0), ("store check", 1), ("store check", 2)]);
        assert_eq!(of("serve"), [("serve", 0), ("serve", 1), ("", 2), ("serve", 130), ("serve", 143)]);
        assert_eq!(of("sign"), [("", 0), ("", 1), ("", 2)]);
        assert_eq!(of(""), of("sign"));
    }

    #[test]
    fn no_command_has_two_words_on_a_code() {
        for (index, one) in CODES.iter().enumerate() {
            let others = &CODES[index + 1..];
            assert!(!others.iter().any(|other| (other.command, other.code) == (one.command, one.code)), "{one:?}");
        }
    }
}
