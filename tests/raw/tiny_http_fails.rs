//! The list of what tiny_http 0.12 gets wrong (`tiny_http_fails.txt`): under each reason the names of the cases.

use super::verdict::Fault;
use std::collections::BTreeMap;

const LIST: &str = include_str!("tiny_http_fails.txt");

/// The faults that a case is listed with, by its name.
pub(crate) fn listed() -> BTreeMap<&'static str, Vec<Fault>> {
    let mut listed = BTreeMap::new();
    let mut faults = Vec::new();
    for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('[') {
            let (names, reason) = heading.split_once("] ").expect("a heading is [Fault, Fault] reason");
            assert!(!reason.is_empty(), "{line}");
            faults = names.split(", ").map(|name| fault(name).unwrap_or_else(|| panic!("no fault {name}"))).collect();
        } else {
            assert!(!faults.is_empty(), "{line} stands under no heading");
            assert!(listed.insert(line, faults.clone()).is_none(), "{line} is listed twice");
        }
    }
    listed
}

fn fault(name: &str) -> Option<Fault> {
    let all = [
        Fault::Dies,
        Fault::Accepts,
        Fault::ReadsOn,
        Fault::AnswersOtherwise,
        Fault::HangsUp,
        Fault::StaysSilent,
        Fault::StaysOpen,
        Fault::Miscounts,
    ];
    all.into_iter().find(|fault| format!("{fault:?}") == name)
}

/// Whether what fails is that nothing comes.
pub(crate) fn is_silence(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| matches!(fault, Fault::StaysSilent | Fault::StaysOpen))
}
