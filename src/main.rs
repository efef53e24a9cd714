//! The hookgate program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "cli")]
    return hookgate::cli::main();
    #[cfg(not(feature = "cli"))]
    return hookgate::minimal::main();
}
