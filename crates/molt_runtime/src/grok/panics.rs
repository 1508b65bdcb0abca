//! What a panic leaves behind for those who catch it.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::Context;

use super::{SourcePlace, state};

/// The last panic: its text and its place as `FILE:LINE:COL`.
#[derive(Default)]
pub struct LastPanic {
    pub text: Vec<u8>,
    pub place: Vec<u8>,
}

impl LastPanic {
    pub fn new(text: &[u8], place: &SourcePlace) -> LastPanic {
        // SAFETY: places are static data of the compiler: a file name and its length.
        let file = unsafe { core::slice::from_raw_parts(place.file, place.file_len) };
        let mut at = file.to_vec();
        at.extend_from_slice(format!(":{}:{}", place.line, place.column).as_bytes());
        LastPanic { text: text.to_vec(), place: at }
    }

    /// Another text, of the same place.
    pub fn set(&mut self, text: &[u8]) {
        self.text = text.to_vec();
    }

    /// What ended an actor.
    pub fn failure(&self) -> super::actor::Failure {
        super::actor::Failure { text: self.text.clone(), place: self.place.clone() }
    }

    /// The line that reports it.
    pub fn report(&self) -> Vec<u8> {
        [b"panic at ", &self.place[..], b": ", &self.text[..], b"\n"].concat()
    }
}

#[unsafe(export_name = "molt_grok_panic_part")]
pub(crate) extern "C" fn grok_panic_part(ctx: *mut Context, which: u64, out: u64) -> u64 {
    // SAFETY: compiled code passes the context that it was started with, and a variable for an address.
    unsafe {
        let last = &state(ctx).last_panic;
        let part = if which == 0 { &last.text } else { &last.place };
        *(out as *mut u64) = part.as_ptr() as u64;
        part.len() as u64
    }
}
