//! What tiny_http 0.12 gets wrong of the table, and why it cannot be mended from outside.

use super::verdict::Fault;

/// Cases that fail for the same reason.
#[derive(Debug)]
pub(crate) struct Known {
    /// In one of these ways.
    pub(crate) faults: &'static [Fault],
    pub(crate) names: &'static [&'static str],
}

impl Known {
    /// Whether what fails is that nothing comes.
    pub(crate) fn is_silent(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::StaysSilent | Fault::StaysOpen))
    }
}

pub(crate) const KNOWN: &[Known] = &[];
