//! Delimiters, lists, and how the parser finds its place again after a fault.

use molt_diagnostics::registry::grok;

use super::{Mark, Parser};
use crate::syntax::SyntaxKind::{self, *};

/// The partner of each delimiter, as positions among the tokens that are no trivia.
pub(super) struct Partners {
    partner: Vec<u32>,
    /// Opening delimiters without a partner that have not been reported.
    unclosed: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Parser<'_> {
    /// Works out the partners at the first fault. If a brace stays open, the layout tells which one: the last whose
    /// line is indented deeper than the closing brace that would have ended it.
    fn partners(&mut self) -> &Partners {
        if self.partners.is_none() {
            let plain = self.match_delimiters(false);
            let braces = plain.unclosed.iter().any(|&p| self.kinds[p as usize] == LBrace);
            self.partners = Some(if braces { self.match_delimiters(true) } else { plain });
        }
        self.partners.as_ref().expect("was just computed")
    }

    fn match_delimiters(&self, by_layout: bool) -> Partners {
        let mut partner = vec![NONE; self.kinds.len()];
        let mut open: Vec<u32> = Vec::new();
        let mut unclosed = Vec::new();
        for (at, &kind) in self.kinds.iter().enumerate() {
            if kind.closer().is_some() {
                open.push(at as u32);
            } else if kind.is_closer() {
                if by_layout && kind == RBrace {
                    while open.last().is_some_and(|&top| self.closes_outer(top as usize, at)) {
                        unclosed.extend(open.pop());
                    }
                }
                let Some(depth) = self.opener_depth(&open, kind) else { continue };
                unclosed.extend(open.drain(depth + 1..));
                if let Some(top) = open.pop() {
                    partner[top as usize] = at as u32;
                    partner[at] = top;
                }
            }
        }
        unclosed.extend(open);
        unclosed.sort_unstable();
        Partners { partner, unclosed }
    }

    /// Which of the open delimiters a closing one ends: parentheses may be left open inside braces, but a stray
    /// parenthesis never closes one beyond a brace.
    fn opener_depth(&self, open: &[u32], closer: SyntaxKind) -> Option<usize> {
        for (depth, &at) in open.iter().enumerate().rev() {
            let kind = self.kinds[at as usize];
            if kind.closer() == Some(closer) {
                return Some(depth);
            }
            if kind == LBrace || kind == GroupOpen {
                return None;
            }
        }
        None
    }

    /// Whether a `}` that begins its line stands left of the line that the brace `open` is on.
    fn closes_outer(&self, open: usize, close: usize) -> bool {
        let begins_line = close > 0 && self.tokens.line_break_before(self.raw[close]);
        self.kinds[open] == LBrace && begins_line && self.indent(close) < self.indent(open)
    }

    /// Bytes of white space before the line of a token.
    fn indent(&self, at: usize) -> usize {
        let source = self.tokens.source();
        let start = self.tokens.start(self.raw[at]) as usize;
        let line = source[..start].rfind('\n').map_or(0, |n| n + 1);
        source[line..start].len() - source[line..start].trim_start().len()
    }

    pub(super) fn partner(&mut self, at: usize) -> Option<usize> {
        let partner = self.partners().partner[at];
        (partner != NONE).then_some(partner as usize)
    }

    /// Reports an unclosed delimiter instead of the current token if that explains the fault.
    pub(super) fn blame_delimiter(&mut self) -> bool {
        let at_end = self.at(Eof);
        if at_end && self.end_is_silent {
            return true;
        }
        let Some(&open) = self.open.last() else { return false };
        if at_end {
            self.report_unclosed();
            return true;
        }
        let kind = self.kinds[open as usize];
        let closed = self.partner(open as usize).is_some();
        if closed || (kind == LBrace && !self.current().is_closer()) {
            return false;
        }
        self.blame(open);
        true
    }

    /// Reports one opening delimiter as unclosed.
    pub(super) fn blame(&mut self, open: u32) {
        self.partners();
        let Some(partners) = &mut self.partners else { return };
        let Some(index) = partners.unclosed.iter().position(|&p| p == open) else { return };
        partners.unclosed.remove(index);
        let kind = self.kinds[open as usize];
        let span = self.tokens.span(self.raw[open as usize]);
        self.recovering = false;
        self.error_at(&grok::UNCLOSED_DELIMITER, span, format!("this {} is never closed", kind.describe()));
    }

    /// Reports every opening delimiter without a partner that has not been reported.
    pub(super) fn report_unclosed(&mut self) {
        self.partners();
        let unclosed = self.partners.as_mut().map(|p| std::mem::take(&mut p.unclosed)).unwrap_or_default();
        if self.end_is_silent {
            return;
        }
        for open in unclosed {
            let kind = self.kinds[open as usize];
            let span = self.tokens.span(self.raw[open as usize]);
            let message = format!("this {} is never closed", kind.describe());
            self.diagnostics.push(molt_diagnostics::Diagnostic::at(&grok::UNCLOSED_DELIMITER, span, message));
        }
    }

    /// Reads an opening delimiter, what `body` takes, and the closing one; recovers at both.
    pub(super) fn delimited(&mut self, opener: SyntaxKind, body: impl FnOnce(&mut Self, usize)) {
        let open = self.pos;
        if !self.expect(opener) {
            return;
        }
        let closer = opener.closer().expect("only called with opening delimiters");
        self.recovering = false;
        self.open.push(open as u32);
        let limits = std::mem::take(&mut self.limits);
        body(self, open);
        self.limits = limits;
        if !self.at(closer) && !self.recovering {
            self.unexpected(closer.describe());
        }
        if self.recovering {
            self.skip_to_close(open);
        }
        self.open.pop();
        if self.eat(closer) {
            self.recovering = false;
        }
    }

    /// Skips to the partner of `open`; if there is none, nothing is skipped: what surrounds goes on here.
    fn skip_to_close(&mut self, open: usize) {
        let Some(close) = self.partner(open) else { return };
        if self.pos < close {
            let mark = self.mark();
            self.pos = close;
            self.complete(mark, ErrorNode);
        }
    }

    /// `x {"," x} [","]` up to the closing delimiter. `starts` tells whether an element can begin at a token.
    pub(super) fn list(
        &mut self,
        opener: SyntaxKind,
        starts: impl Fn(&Self) -> bool + Copy,
        mut element: impl FnMut(&mut Self),
    ) {
        self.delimited(opener, |p, open| {
            let closer = opener.closer().expect("only called with opening delimiters");
            while !p.at(closer) && !p.at(Eof) {
                let before = p.pos;
                if starts(p) {
                    element(p);
                } else {
                    p.unexpected("another element or the closing delimiter");
                }
                if !p.separate(open, closer, before, starts) {
                    break;
                }
            }
        });
    }

    /// Reads the comma after an element, or finds the next element after a fault. False ends the list.
    fn separate(&mut self, open: usize, closer: SyntaxKind, before: usize, starts: impl Fn(&Self) -> bool) -> bool {
        if !self.recovering {
            if self.eat(Comma) {
                return true;
            }
            if self.at(closer) {
                return false;
            }
            if self.pos > before && starts(self) && self.partner(open).is_some() {
                let message = "expected `,` between two elements";
                self.report(&grok::MISSING_SEPARATOR, self.span_after(), message);
                return true;
            }
            self.unexpected("`,` or the closing delimiter");
        }
        let Some(close) = self.partner(open) else { return false };
        self.skip_until(|p| p.at(Comma) || p.pos >= close);
        if self.pos >= close {
            return false;
        }
        self.recovering = false;
        self.eat(Comma)
    }

    /// Skips whole groups until `stop`, a closing delimiter or the end; what was skipped is an error node.
    pub(super) fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        let mark = self.mark();
        let from = self.pos;
        while !self.at(Eof) && !stop(self) {
            if self.current().is_closer() {
                break;
            }
            match self.current().closer().and_then(|_| self.partner(self.pos)) {
                Some(close) => self.pos = close + 1,
                None => self.pos += 1,
            }
        }
        if self.pos > from {
            self.complete(mark, ErrorNode);
        }
    }

    /// A closing delimiter that nothing opened.
    pub(super) fn stray_closer(&mut self) {
        let mark: Mark = self.mark();
        let message = format!("nothing opens this {}", self.current().describe());
        self.report(&grok::UNEXPECTED_TOKEN, self.span_here(), message);
        self.bump();
        self.complete(mark, ErrorNode);
    }

    /// Position after the group that opens some tokens ahead, found by counting; `None` if it does not close.
    pub(super) fn after_group(&self, ahead: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (at, kind) in self.kinds.iter().enumerate().skip(self.pos + ahead) {
            if kind.closer().is_some() {
                depth += 1;
            } else if kind.is_closer() {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1 - self.pos);
                }
            }
        }
        None
    }
}
