//! What is being done, in one line of standard error that is written over; nothing when that is no terminal.

use std::io::{IsTerminal, Write};

/// The line of progress.
pub struct Progress {
    shown: bool,
    head: String,
}

impl Progress {
    /// Shows itself if standard error is a terminal.
    pub fn on_terminal() -> Progress {
        Progress { shown: std::io::stderr().is_terminal(), head: String::new() }
    }

    pub fn silent() -> Progress {
        Progress { shown: false, head: String::new() }
    }

    /// Something that happens before programs run.
    pub fn prepare(&mut self, what: &str) {
        self.head.clear();
        self.show(what);
    }

    pub(crate) fn program(&mut self, name: &str, number: usize, count: usize) {
        self.head = format!("[{number}/{count}] {name}: ");
    }

    pub(crate) fn check(&self, contestant: &str) {
        self.show(&format!("checking the answer of {contestant}"));
    }

    pub(crate) fn round(&self, contestant: &str, round: u32, rounds: u32) {
        self.show(&format!("round {round} of {rounds}, {contestant}"));
    }

    fn show(&self, text: &str) {
        if self.shown {
            let mut err = std::io::stderr().lock();
            // A lost line of progress is no reason to stop.
            let _ = write!(err, "\r\x1b[2K{}{text}", self.head);
            let _ = err.flush();
        }
    }

    /// Empties the line.
    pub fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
