//! The right side of macro rules: reading it, and writing the tokens of an expansion.

use molt_base::Symbol;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::matcher::{Bindings, Bound, Fragment, group, group_end, repetition};
use super::{Macro, Rule, is_name};
use crate::hir::front::Front;
use crate::syntax::{Origin, SyntaxContext, SyntaxKind, Tokens, TokensBuilder};

/// One part of a rule's right side; numbers are tokens of the definition.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::hir) enum Template {
    Token(u32),
    /// `$name`; the numbers are those of `$` and of the name.
    Var(Symbol, u32, u32),
    /// `$crate`
    Crate(u32, u32),
    Repeat {
        inner: Vec<Template>,
        separator: Option<u32>,
        first: u32,
        last: u32,
    },
}

/// What an expansion has for the space and comments before a token of its definition.
pub(in crate::hir) fn gap_before(tokens: &Tokens, token: u32) -> (SyntaxKind, &'static str) {
    if tokens.line_break_before(token) { (SyntaxKind::LineBreak, "\n") } else { (SyntaxKind::Whitespace, " ") }
}

impl Front {
    /// Reads a right side; `None` if it is wrong, which has been reported.
    pub(super) fn read_template(&mut self, tokens: &Tokens, list: &[u32]) -> Option<Vec<Template>> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(&t) = list.get(at) {
            let next = list.get(at + 1).map(|&n| tokens.kind(n));
            match (tokens.kind(t), next) {
                (SyntaxKind::Dollar, Some(SyntaxKind::CrateKw)) => {
                    out.push(Template::Crate(t, list[at + 1]));
                    at += 2;
                }
                (SyntaxKind::Dollar, Some(SyntaxKind::LParen)) => {
                    let (inside, end) = group(tokens, list, at + 1);
                    let inner = self.read_template(tokens, inside)?;
                    let Some((separator, _, used)) = repetition(tokens, &list[end..]) else {
                        let message = "`*`, `+` or `?` must follow a repetition, after at most one separator";
                        self.report(&grok::BAD_FRAGMENT, tokens.span(list[end - 1]), message);
                        return None;
                    };
                    at = end + used;
                    out.push(Template::Repeat { inner, separator, first: t, last: list[at - 1] });
                }
                (SyntaxKind::Dollar, Some(kind)) if is_name(kind) || kind.is_keyword() => {
                    out.push(Template::Var(self.name_of(tokens, list[at + 1]), t, list[at + 1]));
                    at += 2;
                }
                _ => {
                    out.push(Template::Token(t));
                    at += 1;
                }
            }
        }
        Some(out)
    }

    /// Writes the tokens of one expansion; `None` if repetitions do not fit, which has been reported.
    pub(super) fn transcribe(
        &mut self,
        definition: &Macro,
        rule: &Rule,
        args: &Tokens,
        bindings: &Bindings,
        context: SyntaxContext,
        end: Origin,
    ) -> Option<Tokens> {
        let source = self.parse(definition.source);
        let mut writer = Writer {
            tokens: &source.tokens,
            args,
            plain: definition.context,
            context,
            out: TokensBuilder::default(),
            before: None,
            count: 0,
            fault: None,
        };
        writer.all(&rule.template, bindings);
        if let Some(fault) = writer.fault {
            let d = fault.label(end.span, "in this call", false);
            self.diagnostics.push(d);
            return None;
        }
        Some(writer.out.finish(end))
    }
}

/// Tokens that one expansion may write: more is a runaway macro.
const MAX_TOKENS: usize = 1 << 20;

struct Writer<'a> {
    tokens: &'a Tokens,
    args: &'a Tokens,
    /// Context of the definition's own tokens, which become the expansion's.
    plain: SyntaxContext,
    context: SyntaxContext,
    out: TokensBuilder,
    /// Token of the definition that was written last, for the space before the next.
    before: Option<u32>,
    count: usize,
    fault: Option<Diagnostic>,
}

impl Writer<'_> {
    fn all(&mut self, template: &[Template], bindings: &Bindings) {
        for part in template {
            if self.fault.is_some() {
                return;
            }
            self.one(part, bindings);
        }
    }

    fn one(&mut self, part: &Template, bindings: &Bindings) {
        match part {
            Template::Token(t) => self.token(*t),
            Template::Crate(dollar, name) => {
                self.gap(*dollar);
                let origin = Origin { span: self.tokens.span(*name), context: self.context };
                self.push(SyntaxKind::CrateKw, "$crate", origin);
                self.before = Some(*name);
            }
            Template::Var(name, dollar, token) => match bindings.get(name) {
                Some(Bound::Run { fragment, first, end }) => {
                    self.gap(*dollar);
                    self.run(*fragment, *first, *end);
                    self.before = Some(*token);
                }
                Some(Bound::Each(_)) => {
                    self.mismatch(*token, "this variable is repeated, but stands outside of `$(..)`")
                }
                // Not of this macro: part of a definition inside the template.
                None => {
                    self.token(*dollar);
                    self.token(*token);
                }
            },
            Template::Repeat { inner, separator, first, last } => {
                self.repeat(inner, *separator, *first, *last, bindings);
            }
        }
    }

    fn repeat(&mut self, inner: &[Template], separator: Option<u32>, first: u32, last: u32, bindings: &Bindings) {
        let mut names = Vec::new();
        variables(inner, &mut names);
        let mut count: Option<usize> = None;
        for name in &names {
            let Some(Bound::Each(each)) = bindings.get(name) else { continue };
            if count.is_some_and(|c| c != each.len()) {
                self.mismatch(first, "the variables of this repetition were repeated differently often");
                return;
            }
            count = Some(each.len());
        }
        let Some(count) = count else {
            if names.iter().any(|n| bindings.contains_key(n)) || names.is_empty() {
                self.mismatch(first, "nothing in this repetition says how often it repeats");
            } else {
                // Of a definition inside the template.
                (first..=last)
                    .filter(|&t| !self.tokens.kind(t).is_trivia())
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|t| self.token(t));
            }
            return;
        };
        for round in 0..count {
            if let Some(separator) = separator.filter(|_| round > 0) {
                self.token(separator);
            }
            let mut inside = bindings.clone();
            for name in &names {
                if let Some(Bound::Each(each)) = bindings.get(name) {
                    inside.insert(*name, each[round].clone());
                }
            }
            self.before = if round > 0 || self.before.is_some() { Some(u32::MAX) } else { None };
            self.all(inner, &inside);
        }
        if count > 0 {
            self.before = Some(last);
        }
    }

    fn mismatch(&mut self, token: u32, message: &str) {
        self.fault = Some(Diagnostic::at(&grok::REPETITION_MISMATCH, self.tokens.span(token), message));
    }

    fn push(&mut self, kind: SyntaxKind, text: &str, origin: Origin) {
        self.count += 1;
        if self.count > MAX_TOKENS && self.fault.is_none() {
            let message = format!("the expansion is longer than {MAX_TOKENS} tokens");
            self.fault = Some(Diagnostic::at(&grok::MACRO_TOO_DEEP, origin.span, message));
        }
        if self.fault.is_none() {
            self.out.push(kind, text, origin);
        }
    }

    /// The space before a token of the definition.
    fn gap(&mut self, token: u32) {
        let origin = Origin { span: self.tokens.span(token), context: self.context };
        match self.before {
            None => {}
            Some(b) if b.wrapping_add(1) == token => {}
            Some(_) => {
                let (kind, text) = gap_before(self.tokens, token);
                self.push(kind, text, origin);
            }
        }
    }

    fn token(&mut self, token: u32) {
        self.gap(token);
        let written = self.tokens.context(token);
        let context = if written == self.plain { self.context } else { written };
        let origin = Origin { span: self.tokens.span(token), context };
        let tokens = self.tokens;
        self.push(tokens.kind(token), tokens.text(token), origin);
        self.before = Some(token);
    }

    /// What a variable stands for. An expression stays one operand whatever its operators, so does a type with `+` and
    /// a pattern with alternatives.
    fn run(&mut self, fragment: Fragment, first: u32, end: u32) {
        let args = self.args;
        let list: Vec<u32> = (first..end).filter(|&t| !args.kind(t).is_trivia()).collect();
        let has = |kind: SyntaxKind| list.iter().any(|&t| args.kind(t) == kind);
        let grouped = list.len() > 1
            && match fragment {
                Fragment::Expr => {
                    args.kind(list[0]) != SyntaxKind::GroupOpen || group_end(args, &list, 0) != list.len()
                }
                Fragment::Ty => has(SyntaxKind::Plus),
                Fragment::Pat => has(SyntaxKind::Pipe),
                _ => false,
            };
        let place = |t: Option<&u32>| t.map(|&t| args.origin(t));
        if let (true, Some(origin)) = (grouped, place(list.first())) {
            self.push(SyntaxKind::GroupOpen, "", origin);
        }
        let mut before: Option<u32> = None;
        for &t in &list {
            match before {
                Some(b) if b + 1 == t => {}
                Some(_) if args.line_break_before(t) => self.push(SyntaxKind::LineBreak, "\n", args.origin(t)),
                Some(_) => self.push(SyntaxKind::Whitespace, " ", args.origin(t)),
                None => {}
            }
            self.push(args.kind(t), args.text(t), args.origin(t));
            before = Some(t);
        }
        if let (true, Some(origin)) = (grouped, place(list.last())) {
            self.push(SyntaxKind::GroupClose, "", origin);
        }
    }
}

/// The variables of a right side.
fn variables(template: &[Template], out: &mut Vec<Symbol>) {
    for part in template {
        match part {
            Template::Var(name, ..) => out.push(*name),
            Template::Repeat { inner, .. } => variables(inner, out),
            Template::Token(_) | Template::Crate(..) => {}
        }
    }
}
