//! Diagnostics of all front ends: the registry of codes, one message type, its text and JSON forms, and the
//! pages behind `molt explain`.
//!
//! Start with [`registry`] (one row a code) and [`Diagnostic`]; show a message with [`render()`] or
//! [`to_json()`], look a page up with [`explain()`].
//!
//! Invariants: a code's id is never renamed or reused; every code has a page under `docs/diagnostics`; nothing
//! here reads files or knows a language's grammar.
#![forbid(unsafe_code)]

pub mod registry;
pub mod render;

pub use registry::{Code, Level, explain};
pub use render::{RenderOptions, render, to_json};

use molt_base::Span;

/// A place that a message points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub span: Span,
    /// May be empty: the marker alone.
    pub text: String,
    /// The place of the fault itself; other labels give its context.
    pub primary: bool,
}

/// One finding about the user's program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub code: &'static Code,
    /// That of the code, unless the program or its manifest asked for another one.
    pub level: Level,
    /// Headline: stands alone, without a full stop.
    pub message: String,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub help: Option<String>,
}

impl Diagnostic {
    /// A message without a place yet.
    #[cold]
    pub fn new(code: &'static Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            level: code.level,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// A message about one place.
    #[cold]
    pub fn at(code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).label(span, "", true)
    }

    /// Adds a label.
    #[must_use]
    #[cold]
    pub fn label(mut self, span: Span, text: impl Into<String>, primary: bool) -> Diagnostic {
        self.labels.push(Label { span, text: text.into(), primary });
        self
    }

    /// Adds an explanation.
    #[must_use]
    #[cold]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Sets the advice.
    #[must_use]
    #[cold]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// The finding's own help, else the advice of its kind.
    pub fn advice(&self) -> &str {
        self.help.as_deref().unwrap_or(self.code.advice)
    }

    /// The place of the fault.
    pub fn primary_span(&self) -> Option<Span> {
        self.labels.iter().find(|l| l.primary).or(self.labels.first()).map(|l| l.span)
    }
}
