//! `hookgate man`: pages in the form of man(7), written from the arguments' own words.

use super::exit::codes_of;
use super::out::write_all;
use crate::minimal::{Failure, say};
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Writes the manual: a page for each command to a folder, or the first page to standard output.
#[derive(Args)]
#[command(before_help = "Example: hookgate man /usr/local/share/man/man1")]
pub(super) struct Manual {
    /// Folder for the pages; made where it is not there
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Manual {
    pub(super) fn run(self, mut command: Command) -> Result<ExitCode, Failure> {
        command.build();
        let failed = |error: io::Error| Failure::Running(format!("cannot write the manual: {error}"));
        match self.folder {
            None => write_all(&page(&command).map_err(failed)?)?,
            Some(folder) => {
                fs::create_dir_all(&folder).map_err(failed)?;
                let count = write_pages(&command, &folder).map_err(failed)?;
                say(&format!("hookgate: wrote {count} pages to {}", folder.display()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the page of `command` and those of its commands; gives how many.
fn write_pages(command: &Command, folder: &Path) -> io::Result<usize> {
    fs::write(folder.join(format!("{}.1", full_name(command))), page(command)?)?;
    let below = command.get_subcommands().map(|command| write_pages(command, folder));
    below.sum::<io::Result<usize>>().map(|below| below + 1)
}

/// What its page is called: `hookgate-store-check`.
fn full_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let name = full_name(command);
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("hookgate ", env!("CARGO_PKG_VERSION")))
        .manual("hookgate");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    if let Some(example) = command.get_before_help() {
        let example = example.to_string();
        rest.control("SH", ["EXAMPLES"]);
        rest.text([roman(example.strip_prefix("Example: ").unwrap_or(&example))]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    // Behind the program's own name.
    let words = name.split('-').skip(1).collect::<Vec<_>>().join(" ");
    for code in codes_of(&words) {
        rest.control("TP", []);
        rest.text([bold(code.code.to_string())]);
        rest.text([roman(code.meaning)]);
    }
    if name != "hookgate" {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold("hookgate"), roman("(1)")]);
    }
    rest.to_writer(&mut page)?;
    Ok(page)
}
