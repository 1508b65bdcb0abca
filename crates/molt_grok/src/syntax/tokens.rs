//! Token sequences: a lexed file or what a macro produced.
//!
//! Kinds and start offsets are two parallel arrays over one text, white space and comments included, so the texts of
//! all tokens joined are the text itself. A token costs five bytes and no allocation.

use std::ops::Range;
use std::sync::Arc;

use molt_base::{FileId, Span};

use super::SyntaxKind;

/// Hygiene of a token: which macro expansion wrote it. The root context is text that a person wrote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct SyntaxContext(pub u32);

impl SyntaxContext {
    pub const ROOT: SyntaxContext = SyntaxContext(0);
}

/// Where a token of a macro's result was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    pub span: Span,
    pub context: SyntaxContext,
}

#[derive(Clone, Debug)]
enum Origins {
    /// The text is a piece of a file that begins at byte `base` there.
    File { file: FileId, base: u32, context: SyntaxContext },
    /// All tokens have one place: the compiler wrote them.
    One(Origin),
    /// Each token has its own place.
    Each(Vec<Origin>),
}

/// A sequence of tokens with the places they come from. The last token is an empty [`SyntaxKind::Eof`].
#[derive(Clone, Debug)]
pub struct Tokens {
    text: Arc<str>,
    kinds: Vec<SyntaxKind>,
    starts: Vec<u32>,
    origins: Origins,
}

impl Tokens {
    /// A lexed piece of a file; the arrays come from the lexer and end with `Eof`.
    pub(super) fn of_file(
        text: Arc<str>,
        kinds: Vec<SyntaxKind>,
        starts: Vec<u32>,
        (file, base, context): (FileId, u32, SyntaxContext),
    ) -> Tokens {
        debug_assert_eq!(kinds.len(), starts.len());
        debug_assert_eq!(kinds.last(), Some(&SyntaxKind::Eof));
        Tokens { text, kinds, starts, origins: Origins::File { file, base, context } }
    }

    /// The tokens of a text that the compiler itself wrote: all are in one place, and `$crate` is one token.
    pub(crate) fn of_compiler(mut self, origin: Origin) -> Tokens {
        let mut kept = 0;
        for t in 0..self.kinds.len() {
            let kind = self.kinds[t];
            if kind == SyntaxKind::CrateKw && kept > 0 && self.kinds[kept - 1] == SyntaxKind::Dollar {
                self.kinds[kept - 1] = kind;
                continue;
            }
            self.kinds[kept] = kind;
            self.starts[kept] = self.starts[t];
            kept += 1;
        }
        self.kinds.truncate(kept);
        self.starts.truncate(kept);
        self.origins = Origins::One(origin);
        self
    }

    /// Number of tokens, `Eof` included.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether nothing but `Eof` is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }

    #[inline]
    pub fn kind(&self, token: u32) -> SyntaxKind {
        self.kinds[token as usize]
    }

    pub fn kinds(&self) -> &[SyntaxKind] {
        &self.kinds
    }

    /// The whole text.
    pub fn source(&self) -> &str {
        &self.text
    }

    /// Byte offset of the token in [`Tokens::source`].
    #[inline]
    pub fn start(&self, token: u32) -> u32 {
        self.starts[token as usize]
    }

    /// Byte offset of the token's end in [`Tokens::source`].
    #[inline]
    pub fn end(&self, token: u32) -> u32 {
        self.starts.get(token as usize + 1).copied().unwrap_or(self.text.len() as u32)
    }

    /// The first token of a kind among some tokens.
    #[inline]
    pub(super) fn find(&self, among: Range<u32>, kind: SyntaxKind) -> Option<u32> {
        let kinds = &self.kinds[among.start as usize..among.end as usize];
        kinds.iter().position(|&k| k == kind).map(|n| among.start + n as u32)
    }

    /// The token that begins at a byte of [`Tokens::source`].
    pub fn number_at(&self, start: u32) -> Option<u32> {
        self.starts.binary_search(&start).ok().map(|n| n as u32)
    }

    #[inline]
    pub fn text(&self, token: u32) -> &str {
        &self.text[self.start(token) as usize..self.end(token) as usize]
    }

    /// Where the token was written.
    pub fn span(&self, token: u32) -> Span {
        match &self.origins {
            Origins::File { file, base, .. } => {
                Span { file: *file, start: base + self.start(token), end: base + self.end(token) }
            }
            Origins::One(origin) => origin.span,
            Origins::Each(origins) => origins[token as usize].span,
        }
    }

    /// Which macro expansion wrote the token.
    pub fn context(&self, token: u32) -> SyntaxContext {
        match &self.origins {
            Origins::File { context, .. } => *context,
            Origins::One(origin) => origin.context,
            Origins::Each(origins) => origins[token as usize].context,
        }
    }

    pub fn origin(&self, token: u32) -> Origin {
        Origin { span: self.span(token), context: self.context(token) }
    }

    /// From the first token's start to the last one's end. In the result of a macro the two may lie in different
    /// texts: then the first token's place stands for all.
    pub fn range_span(&self, first: u32, end: u32) -> Span {
        if end <= first {
            let span = self.span(first);
            return Span { end: span.start, ..span };
        }
        if let Origins::File { file, base, .. } = self.origins {
            return Span { file, start: base + self.start(first), end: base + self.end(end - 1) };
        }
        let (a, b) = (self.span(first), self.span(end - 1));
        let joined = a.file == b.file && a.start <= b.end && self.context(first) == self.context(end - 1);
        if joined { Span { end: b.end.max(a.end), ..a } } else { a }
    }

    /// Whether a line ends in the white space and comments just before the token.
    pub fn line_break_before(&self, token: u32) -> bool {
        let before = (0..token).rev().take_while(|&t| self.kind(t).is_trivia());
        before.into_iter().any(|t| match self.kind(t) {
            SyntaxKind::LineBreak => true,
            SyntaxKind::BlockComment => self.text(t).contains('\n'),
            _ => false,
        })
    }
}

/// Puts a token sequence together, token by token.
#[derive(Debug, Default)]
pub struct TokensBuilder {
    text: String,
    kinds: Vec<SyntaxKind>,
    starts: Vec<u32>,
    origins: Vec<Origin>,
}

impl TokensBuilder {
    pub fn with_capacity(tokens: usize) -> TokensBuilder {
        TokensBuilder {
            text: String::with_capacity(4 * tokens),
            kinds: Vec::with_capacity(tokens),
            starts: Vec::with_capacity(tokens),
            origins: Vec::with_capacity(tokens),
        }
    }

    pub fn push(&mut self, kind: SyntaxKind, text: &str, origin: Origin) {
        self.kinds.push(kind);
        self.starts.push(self.text.len() as u32);
        self.origins.push(origin);
        self.text.push_str(text);
    }

    /// The tokens so far; `end` is where faults at the end are shown.
    pub fn finish(mut self, end: Origin) -> Tokens {
        self.push(SyntaxKind::Eof, "", end);
        let TokensBuilder { text, kinds, starts, origins } = self;
        Tokens { text: text.into(), kinds, starts, origins: Origins::Each(origins) }
    }
}
