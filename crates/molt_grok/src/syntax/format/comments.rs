//! Comments and blank lines between tokens.
//!
//! A comment behind a token on its line belongs to that token and stays at the end of the line. A comment on a line of
//! its own, or one that is followed by a token on its line, belongs to the token behind it.

use super::Formatter;
use super::doc::Doc;
use crate::syntax::SyntaxKind;

impl Formatter<'_> {
    /// The trivia tokens before a token.
    fn trivia_before(&self, token: u32) -> std::ops::Range<u32> {
        let tokens = &self.parse.tokens;
        let mut first = token;
        while first > 0 && tokens.kind(first - 1).is_trivia() {
            first -= 1;
        }
        first..token
    }

    /// Whether a comment in some trivia belongs to the token before them: it begins on that token's line, and nothing
    /// but the line's end follows it there.
    fn is_trailing(&self, range: &std::ops::Range<u32>, comment: u32) -> bool {
        let tokens = &self.parse.tokens;
        let broken =
            (range.start..comment).any(|t| tokens.kind(t) == SyntaxKind::LineBreak || tokens.text(t).contains('\n'));
        if range.start == 0 || broken {
            return false;
        }
        let next = (comment + 1..range.end).find(|&t| tokens.kind(t) != SyntaxKind::Whitespace);
        match next {
            Some(t) if tokens.kind(t) == SyntaxKind::LineBreak => true,
            Some(t) => tokens.kind(t).is_comment() && self.is_trailing(range, t),
            None => range.end as usize + 1 == tokens.len(),
        }
    }

    /// Comments that belong to a token and stand before it.
    pub(super) fn comments_before(&self, token: u32) -> Doc {
        let tokens = &self.parse.tokens;
        let range = self.trivia_before(token);
        let mut parts = Vec::new();
        for t in range.clone().filter(|&t| tokens.kind(t).is_comment()) {
            if self.is_trailing(&range, t) {
                continue;
            }
            let line_break = (t + 1..range.end).find(|&n| tokens.kind(n) != SyntaxKind::Whitespace);
            let ends_line = line_break.is_some_and(|n| tokens.kind(n) == SyntaxKind::LineBreak);
            let text = tokens.text(t).trim_end().to_owned();
            if !ends_line {
                parts.push(Doc::text(text));
                parts.push(Doc::text(" "));
                continue;
            }
            parts.push(Doc::FreshLine);
            parts.push(Doc::text(text));
            parts.push(Doc::HardLine);
            let blank = line_break.is_some_and(|n| tokens.text(n).matches('\n').count() > 1);
            if blank {
                parts.push(Doc::HardLine);
            }
        }
        Doc::Concat(parts)
    }

    /// Comments that belong to a token and stand behind it on its line.
    pub(super) fn comments_after(&self, token: u32) -> Doc {
        let tokens = &self.parse.tokens;
        let mut end = token + 1;
        while (end as usize) < tokens.len() && tokens.kind(end).is_trivia() {
            end += 1;
        }
        let range = token + 1..end;
        let comments = range.clone().filter(|&t| tokens.kind(t).is_comment() && self.is_trailing(&range, t));
        comments.map(|t| Doc::Suffix(tokens.text(t).trim_end().to_owned())).collect()
    }

    /// Comments before a closing delimiter or the end of the file, on lines of their own.
    pub(super) fn closing_comments(&self, token: u32, after_something: bool) -> Doc {
        let tokens = &self.parse.tokens;
        let range = self.trivia_before(token);
        let mut parts = Vec::new();
        let mut first = !after_something;
        for t in range.clone().filter(|&t| tokens.kind(t).is_comment()) {
            if self.is_trailing(&range, t) {
                continue;
            }
            if !first {
                parts.push(Doc::HardLine);
                let breaks = (range.start..t).rev().take_while(|&b| !tokens.kind(b).is_comment());
                if breaks.map(|b| tokens.text(b).matches('\n').count()).sum::<usize>() > 1 {
                    parts.push(Doc::HardLine);
                }
            }
            first = false;
            parts.push(Doc::text(tokens.text(t).trim_end()));
        }
        if !parts.is_empty() {
            // Nothing may follow on the line of a comment.
            parts.push(Doc::Suffix(String::new()));
        }
        Doc::Concat(parts)
    }

    /// Whether comments of its own stand before a closing delimiter.
    pub(super) fn has_closing_comments(&self, token: u32) -> bool {
        let range = self.trivia_before(token);
        let tokens = &self.parse.tokens;
        range.clone().any(|t| tokens.kind(t).is_comment() && !self.is_trailing(&range, t))
    }

    /// Whether a blank line stands before a token or the first comment that belongs to it.
    pub(super) fn blank_line_before(&self, token: u32) -> bool {
        let tokens = &self.parse.tokens;
        let range = self.trivia_before(token);
        let own = range.clone().find(|&t| tokens.kind(t).is_comment() && !self.is_trailing(&range, t));
        let end = own.unwrap_or(range.end);
        (range.start..end).any(|t| tokens.kind(t) == SyntaxKind::LineBreak && tokens.text(t).matches('\n').count() > 1)
    }

    /// Whether the line ends right behind a token: its author broke the line there.
    pub(super) fn line_break_after(&self, token: u32) -> bool {
        let tokens = &self.parse.tokens;
        (token + 1..tokens.len() as u32)
            .take_while(|&t| tokens.kind(t).is_trivia())
            .any(|t| tokens.text(t).contains('\n'))
    }
}
