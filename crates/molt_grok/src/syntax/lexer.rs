//! Source text to tokens.
//!
//! One pass over the bytes, driven by a table of 256 classes; only characters beyond ASCII are decoded. The budget is
//! half of one microsecond a line, so nothing is allocated per token. Every byte belongs to exactly one token.

use std::sync::Arc;

use molt_base::{FileId, Span};
use molt_diagnostics::registry::grok;
use molt_diagnostics::{Code, Diagnostic};

use super::SyntaxKind::{self, *};
use super::literal::{self, LiteralFault};
use super::{SyntaxContext, Tokens};

/// Tokens and what was wrong with them.
#[derive(Clone, Debug)]
pub struct Lexed {
    pub tokens: Tokens,
    pub diagnostics: Vec<Diagnostic>,
    /// A literal or comment without end took the rest of the text: what is missing at the end needs no further word.
    pub cut_short: bool,
}

/// Lexes a whole file.
pub fn lex(file: FileId, text: &str) -> Lexed {
    let mut lexer = Lexer::new(file, 0, text);
    lexer.skip_head();
    lexer.run(SyntaxContext::ROOT)
}

/// Lexes a piece of a file that begins at byte `base` there, as the expressions of an interpolated string.
pub fn lex_piece(file: FileId, base: u32, text: &str, context: SyntaxContext) -> Lexed {
    Lexer::new(file, base, text).run(context)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Letter,
    Digit,
    Operator,
    Quote,
    DoubleQuote,
    Slash,
    Wide,
    Invalid,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Invalid; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => Class::Blank,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'\'' => Class::Quote,
            b'"' => Class::DoubleQuote,
            b'/' => Class::Slash,
            b'!' | b'#'..=b'&' | b'('..=b'.' | b':'..=b'@' | b'[' | b']' | b'^' | b'{'..=b'~' => Class::Operator,
            0x80.. => Class::Wide,
            _ => Class::Invalid,
        };
        i += 1;
    }
    table
};

/// Whether a byte continues an ASCII name.
const CONTINUES: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = (i as u8).is_ascii_alphanumeric() || i as u8 == b'_';
        i += 1;
    }
    table
};

struct Lexer<'t> {
    file: FileId,
    base: u32,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    kinds: Vec<SyntaxKind>,
    starts: Vec<u32>,
    diagnostics: Vec<Diagnostic>,
    cut_short: bool,
}

impl<'t> Lexer<'t> {
    fn new(file: FileId, base: u32, text: &'t str) -> Lexer<'t> {
        // Ordinary text has a token for each three bytes, dense text more; to grow would copy all of them.
        let guess = text.len() / 2 + 1;
        Lexer {
            file,
            base,
            text,
            bytes: text.as_bytes(),
            at: 0,
            kinds: Vec::with_capacity(guess),
            starts: Vec::with_capacity(guess),
            diagnostics: Vec::new(),
            cut_short: false,
        }
    }

    fn run(mut self, context: SyntaxContext) -> Lexed {
        while self.at < self.bytes.len() {
            let start = self.at;
            let kind = self.token();
            debug_assert!(self.at > start);
            self.push(kind, start);
        }
        self.push(Eof, self.at);
        let tokens = Tokens::of_file(Arc::from(self.text), self.kinds, self.starts, (self.file, self.base, context));
        Lexed { tokens, diagnostics: self.diagnostics, cut_short: self.cut_short }
    }

    #[inline]
    fn push(&mut self, kind: SyntaxKind, start: usize) {
        self.kinds.push(kind);
        self.starts.push(start as u32);
    }

    #[inline]
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn report(&mut self, code: &'static Code, start: usize, end: usize, message: impl Into<String>) {
        let span = Span { file: self.file, start: self.base + start as u32, end: self.base + end as u32 };
        self.diagnostics.push(Diagnostic::at(code, span, message));
    }

    /// A byte-order mark and a first line `#!`, which is not the beginning of `#![..]`.
    fn skip_head(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.push(ByteOrderMark, 0);
            self.at = '\u{feff}'.len_utf8();
        }
        let rest = &self.text[self.at..];
        if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
            let start = self.at;
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.push(Shebang, start);
        }
    }

    #[inline]
    fn token(&mut self) -> SyntaxKind {
        let start = self.at;
        let first = self.bytes[start];
        self.at += 1;
        match CLASSES[first as usize] {
            Class::Blank => self.blank(first),
            Class::Letter => self.word(start, first),
            Class::Digit => self.number(start),
            Class::Operator => self.operator(first),
            Class::DoubleQuote => self.quoted(Str, start),
            Class::Quote => self.quote(start),
            Class::Slash => self.slash(start),
            Class::Wide => self.wide(start),
            Class::Invalid => self.invalid(start),
        }
    }

    #[inline]
    fn blank(&mut self, first: u8) -> SyntaxKind {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|&b| CLASSES[b as usize] != Class::Blank).unwrap_or(rest.len());
        let breaks = first == b'\n' || rest[..len].contains(&b'\n');
        self.at += len;
        if breaks { LineBreak } else { Whitespace }
    }

    #[inline]
    fn word(&mut self, start: usize, first: u8) -> SyntaxKind {
        self.skip_name();
        let text = &self.bytes[start..self.at];
        let next = self.peek(0);
        if text.len() <= 2
            && (next == b'"' || next == b'\'' || next == b'#')
            && let Some(kind) = self.prefixed(start, next)
        {
            return kind;
        }
        if first == b'_' && self.at == start + 1 {
            return Underscore;
        }
        SyntaxKind::keyword(&self.bytes[start..self.at]).unwrap_or(Ident)
    }

    /// Moves past the characters that continue a name.
    #[inline]
    fn skip_name(&mut self) {
        loop {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|&b| !CONTINUES[b as usize]).unwrap_or(rest.len());
            if self.peek(0) < 0x80 {
                return;
            }
            match self.text[self.at..].chars().next() {
                Some(c) if unicode_ident::is_xid_continue(c) => self.at += c.len_utf8(),
                _ => return,
            }
        }
    }

    /// A literal or raw name that begins with one or two letters.
    fn prefixed(&mut self, start: usize, next: u8) -> Option<SyntaxKind> {
        match (&self.bytes[start..self.at], next) {
            (b"f", b'"') => Some(self.prefixed_quoted(FStr, start)),
            (b"b", b'"') => Some(self.prefixed_quoted(ByteStr, start)),
            (b"c", b'"') => Some(self.prefixed_quoted(CStr, start)),
            (b"b", b'\'') => {
                self.at += 1;
                Some(self.character(Byte, start))
            }
            (b"r", b'"' | b'#') => self.raw(RawStr, start),
            (b"br", b'"' | b'#') => self.raw(RawByteStr, start),
            _ => None,
        }
    }

    fn prefixed_quoted(&mut self, kind: SyntaxKind, start: usize) -> SyntaxKind {
        self.at += 1;
        self.quoted(kind, start)
    }

    /// The rest of a string whose opening quote has been read.
    fn quoted(&mut self, kind: SyntaxKind, start: usize) -> SyntaxKind {
        let mut special = kind == ByteStr;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => {
                    special = true;
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                Some(_) => self.at += 1,
                None => {
                    self.unterminated(start, "string");
                    return kind;
                }
            }
        }
        if special {
            self.check_quoted(kind, start);
        }
        kind
    }

    /// A raw string after its prefix, or a raw name. `None` if it is neither.
    fn raw(&mut self, kind: SyntaxKind, start: usize) -> Option<SyntaxKind> {
        let hashes = self.bytes[self.at..].iter().take_while(|&&b| b == b'#').count();
        if self.peek(hashes) != b'"' {
            if kind == RawStr && hashes == 1 && self.starts_name(self.at + 1) {
                self.at += 1;
                self.skip_name();
                return Some(RawIdent);
            }
            return None;
        }
        self.at += hashes + 1;
        loop {
            match self.bytes[self.at..].iter().position(|&b| b == b'"') {
                None => {
                    self.at = self.bytes.len();
                    self.unterminated(start, "raw string");
                    return Some(kind);
                }
                Some(quote) => {
                    self.at += quote + 1;
                    if self.bytes[self.at..].iter().take(hashes).filter(|&&b| b == b'#').count() == hashes {
                        self.at += hashes;
                        break;
                    }
                }
            }
        }
        if kind == RawByteStr {
            self.check_quoted(kind, start);
        }
        Some(kind)
    }

    fn starts_name(&self, at: usize) -> bool {
        let c = self.text.get(at..).and_then(|t| t.chars().next());
        c.is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
    }

    fn check_quoted(&mut self, kind: SyntaxKind, start: usize) {
        let text = &self.text[start..self.at];
        let mut faults = Vec::new();
        literal::check_quoted(kind, text, &mut |fault| faults.push(fault));
        for fault in faults {
            self.fault(start, fault);
        }
    }

    fn fault(&mut self, start: usize, fault: LiteralFault) {
        self.report(fault.code, start + fault.range.start, start + fault.range.end, fault.message);
    }

    /// A literal or comment that the end of the text cuts off; the message points at its first line.
    fn unterminated(&mut self, start: usize, what: &str) {
        self.cut_short = true;
        let line = self.text[start..].find('\n').map_or(self.text.len(), |n| start + n);
        self.report(&grok::UNTERMINATED_LITERAL, start, line, format!("this {what} has no end"));
    }

    /// A lifetime or a character.
    fn quote(&mut self, start: usize) -> SyntaxKind {
        let mut chars = self.text[self.at..].chars();
        let (first, second) = (chars.next(), chars.next());
        let names = first.is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
        if names && second != Some('\'') {
            self.skip_name();
            if self.peek(0) != b'\'' {
                return Lifetime;
            }
            self.at += 1;
            self.check_quoted(Char, start);
            return Char;
        }
        self.character(Char, start)
    }

    /// The rest of a character whose opening quote has been read. It ends in its line.
    fn character(&mut self, kind: SyntaxKind, start: usize) -> SyntaxKind {
        let open = self.at;
        let mut at = open;
        loop {
            match self.bytes.get(at) {
                // `'''` is a quote in quotes that lacks its backslash.
                Some(b'\'') if at == open && self.bytes.get(at + 1) == Some(&b'\'') => at += 1,
                Some(b'\'') => break,
                Some(b'\\') if at + 1 < self.bytes.len() => at += 2,
                None | Some(b'\n' | b'\\') => {
                    // Take one character, so that a stray quote spoils as little as possible.
                    let c = self.text[open..].chars().next().filter(|&c| c != '\n' && c != '\r');
                    self.at = open + c.map_or(0, char::len_utf8);
                    self.report(&grok::UNTERMINATED_LITERAL, start, self.at, "this character literal has no end");
                    return kind;
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        let plain = self.at - open == 2 && self.bytes[open] != b'\\';
        if !plain {
            self.check_quoted(kind, start);
        }
        kind
    }

    fn number(&mut self, start: usize) -> SyntaxKind {
        let bytes = self.bytes;
        let after_dot = self.kinds.last() == Some(&Dot);
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(|b| b.is_ascii_digit() || *b == b'_') {
                at += 1;
            }
            at
        };
        let based = bytes[start] == b'0' && matches!(self.peek(0), b'x' | b'o' | b'b');
        let faults = self.diagnostics.len();
        let (mut fraction, mut exponent) = (false, false);
        if !based {
            self.at = digits(self.at);
            // `pair.0.1` is two indices.
            if !after_dot {
                fraction = self.fraction(digits);
                exponent = self.exponent(digits);
            }
        }
        let suffix = self.at;
        self.skip_name();
        let kind = if fraction || exponent || (!based && matches!(&bytes[suffix..self.at], b"f32" | b"f64")) {
            Float
        } else {
            Int
        };
        let simple = suffix == self.at && self.at - start <= 30 && !based && !exponent;
        if !simple && self.diagnostics.len() == faults {
            let text = &self.text[start..self.at];
            let fault = if kind == Int { literal::integer(text).err() } else { literal::float(text).err() };
            if let Some(fault) = fault {
                self.fault(start, fault);
            }
        }
        kind
    }

    /// `.5` of `1.5`, or `.` of `1.`; not the dots of `1..2` and not the dot of `1.max(2)`.
    fn fraction(&mut self, digits: impl Fn(usize) -> usize) -> bool {
        let next = self.peek(1);
        if self.peek(0) != b'.' || next == b'.' || next == b'_' || self.starts_name(self.at + 1) {
            return false;
        }
        self.at = digits(self.at + 1);
        true
    }

    fn exponent(&mut self, digits: impl Fn(usize) -> usize) -> bool {
        if !matches!(self.peek(0), b'e' | b'E') {
            return false;
        }
        let sign = matches!(self.peek(1), b'+' | b'-') as usize;
        let end = digits(self.at + 1 + sign);
        let any = self.bytes[self.at + 1 + sign..end].iter().any(u8::is_ascii_digit);
        if any {
            self.at = end;
        } else if sign == 1 {
            // `1e+` is a number that was broken off, not a sum.
            self.at += 2;
            self.report(&grok::INVALID_NUMBER, self.at - 2, self.at, "the exponent has no digits");
        }
        any || sign == 1
    }

    /// Moves on if the next byte is the given one.
    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        if self.peek(0) != byte {
            return false;
        }
        self.at += 1;
        true
    }

    #[inline]
    fn operator(&mut self, first: u8) -> SyntaxKind {
        match first {
            b'(' => LParen,
            b')' => RParen,
            b'{' => LBrace,
            b'}' => RBrace,
            b'[' => LBracket,
            b']' => RBracket,
            b',' => Comma,
            b';' => Semicolon,
            b':' if self.eat(b':') => ColonColon,
            b':' => Colon,
            b'.' => self.dots(),
            b'=' if self.eat(b'=') => EqEq,
            b'=' if self.eat(b'>') => FatArrow,
            b'=' => Equals,
            b'-' if self.eat(b'>') => Arrow,
            b'-' if self.eat(b'=') => MinusEq,
            b'-' => Minus,
            b'&' if self.eat(b'&') => AmpAmp,
            b'&' if self.eat(b'=') => AmpEq,
            b'&' => Amp,
            b'|' if self.eat(b'|') => PipePipe,
            b'|' if self.eat(b'=') => PipeEq,
            b'|' => Pipe,
            b'!' if self.eat(b'=') => NotEq,
            b'!' => Bang,
            b'<' if self.eat(b'=') => LtEq,
            b'<' => Lt,
            b'>' => Gt,
            b'+' if self.eat(b'=') => PlusEq,
            b'+' => Plus,
            b'*' if self.eat(b'=') => StarEq,
            b'*' => Star,
            b'%' if self.eat(b'=') => PercentEq,
            b'%' => Percent,
            b'^' if self.eat(b'=') => CaretEq,
            b'^' => Caret,
            b'~' => Tilde,
            b'?' => Question,
            b'@' => At,
            b'#' => Hash,
            _ => Dollar,
        }
    }

    fn dots(&mut self) -> SyntaxKind {
        if !self.eat(b'.') {
            Dot
        } else if self.eat(b'.') {
            Ellipsis
        } else if self.eat(b'=') {
            DotDotEq
        } else {
            DotDot
        }
    }

    fn slash(&mut self, start: usize) -> SyntaxKind {
        match self.peek(0) {
            b'/' => self.line_comment(),
            b'*' => self.block_comment(start),
            b'=' => {
                self.at += 1;
                SlashEq
            }
            _ => Slash,
        }
    }

    fn line_comment(&mut self) -> SyntaxKind {
        let kind = match (self.peek(1), self.peek(2)) {
            (b'/', b'/') => LineComment,
            (b'/', _) => OuterDoc,
            (b'!', _) => InnerDoc,
            _ => LineComment,
        };
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        self.at += len - (len > 0 && rest[len - 1] == b'\r') as usize;
        kind
    }

    fn block_comment(&mut self, start: usize) -> SyntaxKind {
        let kind = match (self.peek(1), self.peek(2)) {
            (b'*', b'*' | b'/') => BlockComment,
            (b'*', _) => OuterDoc,
            (b'!', _) => InnerDoc,
            _ => BlockComment,
        };
        self.at += 1;
        let mut depth = 1;
        while depth > 0 {
            match (self.bytes.get(self.at), self.peek(1)) {
                (Some(b'*'), b'/') => {
                    depth -= 1;
                    self.at += 2;
                }
                (Some(b'/'), b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(_), _) => self.at += 1,
                (None, _) => {
                    self.unterminated(start, "comment");
                    break;
                }
            }
        }
        kind
    }

    /// A character beyond ASCII: a name, white space or a fault.
    fn wide(&mut self, start: usize) -> SyntaxKind {
        let Some(c) = self.text[start..].chars().next() else {
            return Unknown;
        };
        self.at = start + c.len_utf8();
        if unicode_ident::is_xid_start(c) {
            self.skip_name();
            return Ident;
        }
        if matches!(c, '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}') {
            return Whitespace;
        }
        self.unknown(start, c)
    }

    fn invalid(&mut self, start: usize) -> SyntaxKind {
        let c = self.bytes[start] as char;
        self.unknown(start, c)
    }

    /// One message for a run of invalid characters, so that a binary file does not give thousands.
    fn unknown(&mut self, start: usize, c: char) -> SyntaxKind {
        if self.kinds.last() != Some(&Unknown) {
            self.report(
                &grok::INVALID_CHARACTER,
                start,
                self.at,
                format!("unexpected character `{}`", c.escape_debug()),
            );
        }
        Unknown
    }
}
