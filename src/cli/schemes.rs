//! `hookgate schemes`.

use super::input::named_scheme;
use crate::json::write_string;
use crate::minimal::Failure;
use crate::verify::{Coverage, ReplayRule, Scheme, aliases, names, preset};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Lists the signature schemes, or shows one as a file.
#[derive(Args)]
#[command(before_help = "Example: hookgate schemes show stripe > mine.toml", disable_help_subcommand = true)]
pub(super) struct Schemes {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Every scheme: name, header, algorithm, what makes a replay, whether the body is covered
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// One scheme as the TOML that --scheme-file takes
    Show {
        /// Its name
        name: String,
    },
}

impl Schemes {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let out = match self.what {
            What::List { json: false } => table(),
            What::List { json: true } => json(),
            What::Show { name } => named_scheme(&name)?.to_toml(),
        };
        match io::stdout().write_all(out.as_bytes()) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(Failure::Running(format!("cannot write to standard output: {error}"))),
        }
    }
}

fn schemes() -> impl Iterator<Item = Scheme> {
    names().filter_map(preset)
}

fn replay_key(scheme: &Scheme) -> String {
    match &scheme.replay_key {
        ReplayRule::SignedId => scheme.signed_id.clone().unwrap_or_default(),
        ReplayRule::Json(pointer) => pointer.clone(),
        ReplayRule::Mac if scheme.algorithm.has_public_key() => "what is signed".to_string(),
        ReplayRule::Mac => "the MAC".to_string(),
        ReplayRule::None => "none".to_string(),
        ReplayRule::TokenId => "jti".to_string(),
    }
}

/// A row for each scheme, its columns as wide as their widest.
fn table() -> String {
    let head = ["NAME", "HEADER", "ALGORITHM", "REPLAY KEY", "BODY"].map(str::to_string);
    let rows: Vec<[String; 5]> = std::iter::once(head)
        .chain(schemes().map(|scheme| {
            let more = match scheme.signature_headers.len() {
                0 | 1 => "",
                _ => ", …",
            };
            let in_body = || scheme.signature_in_body.as_ref().map(|in_body| format!("body {}", in_body.signature));
            let header = scheme.signature_headers.first().cloned().or_else(in_body).unwrap_or_default() + more;
            let covers = match scheme.coverage() {
                Coverage::Whole if scheme.signs_form() => "covered as a form",
                Coverage::Whole => "covered",
                Coverage::Fields => "some fields",
                Coverage::Nothing => "not covered",
            };
            let token = if scheme.signs_token() { ", in a JWT" } else { "" };
            let algorithm = format!("{}{token}", scheme.algorithm.name());
            [scheme.name.clone(), header, algorithm, replay_key(&scheme), covers.to_string()]
        }))
        .collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A list of objects, one a line.
fn json() -> String {
    let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| string(text)).collect::<Vec<_>>().join(","));
    let rows: Vec<String> = schemes()
        .map(|scheme| {
            let in_body = scheme.signature_in_body.as_ref();
            let coverage = match scheme.coverage() {
                Coverage::Whole => "whole",
                Coverage::Fields => "fields",
                Coverage::Nothing => "nothing",
            };
            let aliases: Vec<String> = aliases(&scheme.name).iter().map(ToString::to_string).collect();
            let fields = [
                ("name", string(&scheme.name)),
                ("aliases", list(&aliases)),
                ("headers", list(&scheme.signature_headers)),
                ("signature_in_body", in_body.map_or_else(|| "null".to_string(), |it| string(&it.signature))),
                ("algorithm", string(scheme.algorithm.name())),
                ("replay_key", string(&replay_key(&scheme))),
                ("replay_reason", string(&scheme.replay_reason)),
                ("covers_body", scheme.covers_body().to_string()),
                ("coverage", string(coverage)),
                ("covers_url", scheme.covers_url().to_string()),
                ("documentation", string(&scheme.documentation)),
            ];
            let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn string(text: &str) -> String {
    let mut out = Vec::new();
    write_string(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}
