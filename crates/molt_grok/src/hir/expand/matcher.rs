//! The left side of macro rules: reading it, and matching a call against it.

use molt_base::hash::FastMap;
use std::rc::Rc;

use molt_base::Symbol;
use molt_diagnostics::registry::grok;

use super::is_name;
use crate::hir::front::Front;
use crate::syntax::{Entry, SyntaxKind, Tokens, fragment_end};

/// One part of a rule's left side.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::hir) enum Matcher {
    Token(SyntaxKind, Box<str>),
    Var(Symbol, Fragment),
    Repeat { inner: Vec<Matcher>, separator: Option<(SyntaxKind, Box<str>)>, times: Times },
    Group(SyntaxKind, Vec<Matcher>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::hir) enum Times {
    Any,
    AtLeastOne,
    AtMostOne,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::hir) enum Fragment {
    Ident,
    Expr,
    Ty,
    Pat,
    Stmt,
    Block,
    Item,
    Path,
    Literal,
    Lifetime,
    Vis,
    Meta,
    Tt,
}

impl Fragment {
    fn named(text: &str) -> Option<Fragment> {
        Some(match text {
            "ident" => Fragment::Ident,
            "expr" => Fragment::Expr,
            "ty" => Fragment::Ty,
            "pat" => Fragment::Pat,
            "stmt" => Fragment::Stmt,
            "block" => Fragment::Block,
            "item" => Fragment::Item,
            "path" => Fragment::Path,
            "literal" => Fragment::Literal,
            "lifetime" => Fragment::Lifetime,
            "vis" => Fragment::Vis,
            "meta" => Fragment::Meta,
            "tt" => Fragment::Tt,
            _ => return None,
        })
    }
}

/// What a variable stands for: a run of the call's tokens, or one for each repetition.
#[derive(Clone, Debug)]
pub(in crate::hir) enum Bound {
    Run { fragment: Fragment, first: u32, end: u32 },
    Each(Rc<[Bound]>),
}

pub(in crate::hir) type Bindings = FastMap<Symbol, Bound>;

impl Front {
    /// Reads a left side; `None` if it is wrong, which has been reported.
    pub(super) fn read_matcher(&mut self, tokens: &Tokens, list: &[u32]) -> Option<Vec<Matcher>> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(&t) = list.get(at) {
            let kind = tokens.kind(t);
            if kind == SyntaxKind::Dollar {
                let (matcher, used) = self.read_dollar(tokens, &list[at..])?;
                out.push(matcher);
                at += used;
            } else if kind.closer().is_some() {
                let (inside, end) = group(tokens, list, at);
                let inner = self.read_matcher(tokens, inside)?;
                out.push(Matcher::Group(kind, inner));
                at = end;
            } else {
                out.push(Matcher::Token(kind, tokens.text(t).into()));
                at += 1;
            }
        }
        Some(out)
    }

    /// `$name:fragment` or `$( .. ) separator *`.
    fn read_dollar(&mut self, tokens: &Tokens, list: &[u32]) -> Option<(Matcher, usize)> {
        let bad = |f: &mut Front, at: usize, message: &str| {
            let token = list.get(at).or(list.last()).copied().unwrap_or(0);
            f.report(&grok::BAD_FRAGMENT, tokens.span(token), message);
            None
        };
        let Some(&next) = list.get(1) else { return bad(self, 0, "a name or `(` must follow `$`") };
        let kind = tokens.kind(next);
        if kind == SyntaxKind::LParen {
            let (inside, end) = group(tokens, list, 1);
            let inner = self.read_matcher(tokens, inside)?;
            let Some((separator, times, used)) = repetition(tokens, &list[end..]) else {
                return bad(self, end, "`*`, `+` or `?` must follow a repetition, after at most one separator");
            };
            if inner.is_empty() {
                return bad(self, 1, "a repetition of nothing never ends");
            }
            let separator = separator.map(|t| (tokens.kind(t), tokens.text(t).into()));
            return Some((Matcher::Repeat { inner, separator, times }, end + used));
        }
        if !is_name(kind) && !kind.is_keyword() {
            return bad(self, 1, "a name or `(` must follow `$`");
        }
        let name = self.name_of(tokens, next);
        let colon = list.get(2).is_some_and(|&t| tokens.kind(t) == SyntaxKind::Colon && t == next + 1);
        let spaced = list.get(2).is_some_and(|&t| tokens.kind(t) == SyntaxKind::Colon);
        let fragment = list.get(3).map(|&t| tokens.text(t)).filter(|_| colon || spaced);
        match fragment {
            Some(text) => match Fragment::named(text) {
                Some(fragment) => Some((Matcher::Var(name, fragment), 4)),
                None => {
                    let message = format!("`{text}` is no kind of fragment");
                    bad(self, 3, &message)
                }
            },
            None if colon => bad(self, 2, "a kind of fragment must follow `:`"),
            // Without a kind it is an expression.
            None => Some((Matcher::Var(name, Fragment::Expr), 2)),
        }
    }

    /// Matches all tokens of a call.
    pub(super) fn match_rule(&mut self, matcher: &[Matcher], args: &Tokens) -> Option<Bindings> {
        let list: Vec<u32> = (0..args.len() as u32 - 1).filter(|&t| !args.kind(t).is_trivia()).collect();
        let mut bindings = Bindings::default();
        let input = Input { tokens: args, list: &list };
        let end = input.sequence(matcher, 0, list.len(), &mut bindings)?;
        (end == list.len()).then_some(bindings)
    }
}

/// Position after the group that opens at `at`.
pub(super) fn group_end(tokens: &Tokens, list: &[u32], at: usize) -> usize {
    let mut depth = 0usize;
    for (i, &t) in list.iter().enumerate().skip(at) {
        let kind = tokens.kind(t);
        if kind.closer().is_some() {
            depth += 1;
        } else if kind.is_closer() {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return i + 1;
            }
        }
    }
    list.len()
}

/// What stands in the group that opens at `at`, and the position after it. A group that is not closed, which was reported,
/// goes to the end.
pub(super) fn group<'l>(tokens: &Tokens, list: &'l [u32], at: usize) -> (&'l [u32], usize) {
    let end = group_end(tokens, list, at);
    let is_closed = end > at + 1 && tokens.kind(list[end - 1]).is_closer();
    (&list[at + 1..end - usize::from(is_closed)], end)
}

/// `[separator] (* | + | ?)`: the separator's token, the operator, and how many tokens they are.
pub(super) fn repetition(tokens: &Tokens, list: &[u32]) -> Option<(Option<u32>, Times, usize)> {
    let times = |at: usize| match tokens.kind(*list.get(at)?) {
        SyntaxKind::Star => Some(Times::Any),
        SyntaxKind::Plus => Some(Times::AtLeastOne),
        SyntaxKind::Question => Some(Times::AtMostOne),
        _ => None,
    };
    if let Some(t) = times(0) {
        return Some((None, t, 1));
    }
    let first = *list.first()?;
    let kind = tokens.kind(first);
    if kind.closer().is_some() || kind.is_closer() || kind == SyntaxKind::Dollar {
        return None;
    }
    times(1).map(|t| (Some(first), t, 2))
}

/// The tokens of a call, without trivia, during matching.
struct Input<'a> {
    tokens: &'a Tokens,
    list: &'a [u32],
}

impl Input<'_> {
    fn kind(&self, at: usize, end: usize) -> SyntaxKind {
        if at < end { self.tokens.kind(self.list[at]) } else { SyntaxKind::Eof }
    }

    fn is_token(&self, at: usize, end: usize, kind: SyntaxKind, text: &str) -> bool {
        self.kind(at, end) == kind && self.tokens.text(self.list[at]) == text
    }

    /// Matches a sequence from `at` on and gives the position after it.
    fn sequence(&self, matchers: &[Matcher], mut at: usize, end: usize, bindings: &mut Bindings) -> Option<usize> {
        for matcher in matchers {
            at = self.one(matcher, at, end, bindings)?;
        }
        Some(at)
    }

    fn one(&self, matcher: &Matcher, at: usize, end: usize, bindings: &mut Bindings) -> Option<usize> {
        match matcher {
            Matcher::Token(kind, text) => self.is_token(at, end, *kind, text).then_some(at + 1),
            Matcher::Group(kind, inner) => {
                if self.kind(at, end) != *kind {
                    return None;
                }
                let close = group_end(self.tokens, self.list, at);
                let inside = self.sequence(inner, at + 1, close - 1, bindings)?;
                (inside == close - 1).then_some(close)
            }
            Matcher::Var(name, fragment) => {
                let to = self.fragment(*fragment, at, end)?;
                let first = self.list.get(at).copied().unwrap_or(self.tokens.len() as u32 - 1);
                let last = if to > at { self.list[to - 1] + 1 } else { first };
                bindings.insert(*name, Bound::Run { fragment: *fragment, first, end: last });
                Some(to)
            }
            Matcher::Repeat { inner, separator, times } => {
                self.repeat(inner, separator.as_ref(), *times, at, end, bindings)
            }
        }
    }

    /// Takes as many repetitions as match. A separator that no repetition follows is left to what comes next.
    fn repeat(
        &self,
        inner: &[Matcher],
        separator: Option<&(SyntaxKind, Box<str>)>,
        times: Times,
        mut at: usize,
        end: usize,
        bindings: &mut Bindings,
    ) -> Option<usize> {
        let mut rounds: Vec<Bindings> = Vec::new();
        loop {
            let mut from = at;
            if let (Some((kind, text)), false) = (separator, rounds.is_empty()) {
                if !self.is_token(at, end, *kind, text) {
                    break;
                }
                from += 1;
            }
            let mut round = Bindings::default();
            match self.sequence(inner, from, end, &mut round) {
                Some(to) if to > at => {
                    at = to;
                    rounds.push(round);
                }
                _ => break,
            }
            if times == Times::AtMostOne {
                break;
            }
        }
        if rounds.is_empty() && times == Times::AtLeastOne {
            return None;
        }
        let mut names = Vec::new();
        variables(inner, &mut names);
        for name in names {
            let each = rounds.iter().filter_map(|r| r.get(&name).cloned()).collect();
            bindings.insert(name, Bound::Each(each));
        }
        Some(at)
    }

    /// The position after one fragment.
    fn fragment(&self, fragment: Fragment, at: usize, end: usize) -> Option<usize> {
        let kind = self.kind(at, end);
        let entry = match fragment {
            Fragment::Ident => return (is_name(kind) || kind == SyntaxKind::SelfKw).then_some(at + 1),
            Fragment::Lifetime => return (kind == SyntaxKind::Lifetime).then_some(at + 1),
            Fragment::Tt => return self.token_tree(at, end),
            Fragment::Block => return (kind == SyntaxKind::LBrace).then(|| group_end(self.tokens, self.list, at)),
            Fragment::Literal => {
                let number = at + (kind == SyntaxKind::Minus) as usize;
                return self.kind(number, end).is_literal().then_some(number + 1);
            }
            Fragment::Vis if kind != SyntaxKind::PubKw => return Some(at),
            Fragment::Vis => Entry::Visibility,
            Fragment::Expr => Entry::Expr,
            Fragment::Ty => Entry::Type,
            Fragment::Pat => Entry::Pattern,
            Fragment::Stmt => Entry::Statement,
            Fragment::Item => Entry::Item,
            Fragment::Path => Entry::TypePath,
            Fragment::Meta => Entry::Meta,
        };
        let first = *self.list.get(at).filter(|_| at < end)?;
        let after = fragment_end(self.tokens, first, entry)?;
        let mut to = self.list.partition_point(|&t| t < after);
        if fragment == Fragment::Stmt && to > at && self.kind(to - 1, end) == SyntaxKind::Semicolon {
            to -= 1;
        }
        (to > at && to <= end).then_some(to)
    }

    /// One token, an operator of several, or a group.
    fn token_tree(&self, at: usize, end: usize) -> Option<usize> {
        let kind = self.kind(at, end);
        if kind.closer().is_some() {
            return Some(group_end(self.tokens, self.list, at));
        }
        if kind == SyntaxKind::Eof || kind.is_closer() {
            return None;
        }
        let next = |n: usize, wanted: SyntaxKind| {
            self.kind(at + n, end) == wanted && self.list[at + n] == self.list[at + n - 1] + 1
        };
        let more = match kind {
            SyntaxKind::Gt if next(1, SyntaxKind::Gt) => 1 + next(2, SyntaxKind::Equals) as usize,
            SyntaxKind::Gt => next(1, SyntaxKind::Equals) as usize,
            SyntaxKind::Lt => (next(1, SyntaxKind::Lt) || next(1, SyntaxKind::LtEq)) as usize,
            _ => 0,
        };
        Some(at + 1 + more)
    }
}

/// The variables of a left side.
fn variables(matchers: &[Matcher], out: &mut Vec<Symbol>) {
    for matcher in matchers {
        match matcher {
            Matcher::Var(name, _) => out.push(*name),
            Matcher::Repeat { inner, .. } | Matcher::Group(_, inner) => variables(inner, out),
            Matcher::Token(..) => {}
        }
    }
}
