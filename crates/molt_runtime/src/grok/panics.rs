//! What a panic leaves behind for those who catch it.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::Context;

use super::{SourcePlace, state};

/// Frames of a backtrace that are kept from its inner end; of the others the outermost is.
const FRAMES: usize = 32;

/// The last panic: its text and its place as `FILE:LINE:COL`.
#[derive(Default)]
pub struct LastPanic {
    pub text: Vec<u8>,
    pub place: Vec<u8>,
    pub frames: Frames,
    /// The frames as they were printed.
    pub backtrace: Vec<u8>,
}

/// Functions that a panic has left, as far as their code tells, the innermost first: name and place.
#[derive(Default)]
pub struct Frames {
    inner: Vec<(&'static [u8], &'static SourcePlace)>,
    outermost: Option<(&'static [u8], &'static SourcePlace)>,
    count: usize,
}

impl Frames {
    pub fn push(&mut self, name: &'static [u8], place: &'static SourcePlace) {
        self.count += 1;
        if self.inner.len() < FRAMES {
            self.inner.push((name, place));
        } else {
            self.outermost = Some((name, place));
        }
    }

    /// A line for each frame.
    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |n: usize, (name, place): &(&[u8], &SourcePlace)| {
            out.extend_from_slice(format!("{n:4}: ").as_bytes());
            out.extend_from_slice(name);
            out.extend_from_slice(b" at ");
            out.extend_from_slice(place.text().as_bytes());
            out.push(b'\n');
        };
        self.inner.iter().enumerate().for_each(|(n, frame)| line(n, frame));
        if let Some(frame) = &self.outermost {
            line(self.count - 1, frame);
            let left_out = self.count - 1 - self.inner.len();
            if left_out > 0 {
                let note = format!("      {left_out} frames before the last one are not shown\n");
                out.extend_from_slice(note.as_bytes());
            }
        }
        out
    }
}

/// Whether the surroundings ask for backtraces.
pub fn wants_frames() -> bool {
    crate::host::env_var(c"GROK_BACKTRACE").is_some_and(|v| v == b"1")
}

impl super::State {
    /// Prints the frames that the last panic has left, when somebody has caught it or nobody is left to.
    pub fn tell_frames(&mut self) {
        let frames = core::mem::take(&mut self.last_panic.frames);
        if frames.count > 0 && !self.cancelling {
            self.last_panic.backtrace = frames.text();
            let text = self.last_panic.backtrace.clone();
            self.eprint(&text);
        }
    }
}

impl LastPanic {
    pub fn new(text: &[u8], place: &SourcePlace) -> LastPanic {
        LastPanic { text: text.to_vec(), place: place.text().into_bytes(), ..LastPanic::default() }
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
        let me = state(ctx);
        if let Some(isolate) = me.isolate {
            (isolate.tell)(me);
        }
        me.tell_frames();
        let last = &me.last_panic;
        let part = match which {
            0 => &last.text,
            1 => &last.place,
            _ => &last.backtrace,
        };
        *(out as *mut u64) = part.as_ptr() as u64;
        part.len() as u64
    }
}
