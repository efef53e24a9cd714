//! In the place of the TLS layer, where the program is built without it: there is never a session.

use super::socket::Stream;
use crate::http1::{Limits, Want};
use crate::time::UnixTime;
use std::io;
use std::time::Duration;

/// What a listener would speak TLS with.
#[derive(Clone, Debug)]
pub(crate) enum Tls {}

/// What a TLS connection would have.
#[derive(Debug)]
pub(super) enum Session {}

impl Tls {
    pub(super) fn session(&self) -> io::Result<Box<Session>> {
        match *self {}
    }
}

impl Session {
    pub(super) fn want(&self, _: Want) -> Want {
        match *self {}
    }

    pub(super) fn is_handshaking(&self) -> bool {
        match *self {}
    }

    pub(super) fn has_failed(&self) -> bool {
        match *self {}
    }

    pub(super) fn has_ended(&self) -> bool {
        match *self {}
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match *self {}
    }

    pub(super) fn give_up(&mut self) {
        match *self {}
    }

    pub(super) fn held_bytes(&self) -> usize {
        match *self {}
    }

    pub(super) fn lay_out(&self, _: &mut [u8]) -> usize {
        match *self {}
    }

    pub(super) fn open(&mut self, _: &mut [u8], _: &mut Vec<u8>, _: bool, _: &Limits, _: Duration, _: UnixTime) {
        match *self {}
    }

    pub(super) fn write(&mut self, _: &mut Stream, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn say_goodbye(&mut self) -> bool {
        match *self {}
    }

    pub(super) fn flush(&mut self, _: &mut Stream) -> io::Result<()> {
        match *self {}
    }
}
