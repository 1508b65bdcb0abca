//! Quoted data and quasiquotes.

use molt_base::Span;

use super::{At, Expander};
use crate::core::{ExprId, ExprKind};
use crate::stx::{Mark, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    /// The data that an operator with a mark quotes. Symbols that were written together with it are as the source has them:
    /// `,'name` in a template means the name at the place of use.
    pub(super) fn quoted_by(&mut self, operator: Mark, s: StxId) -> ExprId {
        let s = if operator == Mark::SOURCE {
            s
        } else {
            self.remarked(s, &mut |_, mark| if mark == operator { Mark::SOURCE } else { mark })
        };
        self.quoted(s)
    }

    /// Data with other marks.
    fn remarked(&mut self, s: StxId, new: &mut dyn FnMut(&mut Self, Mark) -> Mark) -> StxId {
        let (kind, span, text) = (self.syntax.kind(s), self.syntax.span(s), self.syntax.text(s));
        let parts: Vec<StxId> = self.syntax.parts(s).to_vec().into_iter().map(|p| self.remarked(p, new)).collect();
        let old = self.syntax.mark(s);
        let is_named =
            matches!(kind, Kind::Symbol | Kind::Quote | Kind::Quasiquote | Kind::Unquote | Kind::Splice | Kind::Deref);
        let mark = if is_named { new(self, old) } else { old };
        if mark == old && parts == self.syntax.parts(s) {
            return s;
        }
        self.syntax.make(kind, span, text, mark, &parts)
    }

    /// The mark of symbols of templates here, until an expansion gives them one of its own.
    fn template_mark(&mut self, mark: Mark) -> Mark {
        if let Some(&known) = self.templates.get(&(self.home, mark)) {
            return known;
        }
        let made = self.scopes.new_mark(self.home, mark, self.module);
        self.templates.insert((self.home, mark), made);
        made
    }

    /// Data as they are written: atoms other than symbols are themselves.
    pub(super) fn quoted(&mut self, s: StxId) -> ExprId {
        let span = self.syntax.span(s);
        let kind = match self.syntax.kind(s) {
            Kind::Error => ExprKind::Error,
            Kind::Nil => ExprKind::Nil,
            Kind::True => ExprKind::Bool(true),
            Kind::False => ExprKind::Bool(false),
            Kind::Int | Kind::Float => self.number(s),
            Kind::Str => ExprKind::Str(self.syntax.text(s)),
            Kind::Keyword => ExprKind::Keyword(self.syntax.text(s)),
            _ => ExprKind::Quote(s),
        };
        self.core.expr(kind, span)
    }

    pub(super) fn quasiquoted(&mut self, s: StxId, at: At) -> ExprId {
        self.template(s, 1, at)
    }

    /// Whether something inside is evaluated at this level.
    fn has_unquote(&self, s: StxId, level: usize) -> bool {
        match self.template_step(s, level) {
            Step::Value(_) | Step::Splice(_) => true,
            Step::Data(level) => self.syntax.parts(s).iter().any(|&p| self.has_unquote(p, level)),
        }
    }

    /// What a part of a template is: the prefix forms and their long spellings mean the same.
    fn template_step(&self, s: StxId, level: usize) -> Step {
        let parts = self.syntax.parts(s);
        let named = |text: &str| {
            self.syntax.kind(s) == Kind::Form
                && parts.len() == 2
                && self.syntax.is_symbol(parts[0], text, &self.core.names)
        };
        let inner = || *parts.last().expect("prefixes have one part, and these forms two");
        match self.syntax.kind(s) {
            Kind::Unquote if level == 1 => Step::Value(inner()),
            Kind::Splice if level == 1 => Step::Splice(inner()),
            Kind::Unquote | Kind::Splice => Step::Data(level - 1),
            Kind::Quasiquote => Step::Data(level + 1),
            _ if named("unquote") && level == 1 => Step::Value(inner()),
            _ if named("unquote-splicing") && level == 1 => Step::Splice(inner()),
            _ if named("unquote") || named("unquote-splicing") => Step::Data(level - 1),
            _ if named("quasiquote") => Step::Data(level + 1),
            _ => Step::Data(level),
        }
    }

    fn template(&mut self, s: StxId, level: usize, at: At) -> ExprId {
        let span = self.syntax.span(s);
        if !self.has_unquote(s, level) {
            let data = self.remarked(s, &mut |e, mark| e.template_mark(mark));
            return self.quoted(data);
        }
        let level = match self.template_step(s, level) {
            Step::Value(inner) => return self.expr(inner, at.operand()),
            Step::Splice(_) => return self.malformed(s, "`,@` stands inside a list of a template"),
            Step::Data(level) => level,
        };
        match self.syntax.kind(s) {
            Kind::Form | Kind::List => {
                let list = self.template_list(s, level, at, span);
                let brackets = self.syntax.kind(s) == Kind::List;
                // A form without splices is a list of its own.
                let is_new = matches!(self.core.kind(list), ExprKind::List(_)) && !brackets;
                if is_new { list } else { self.core.expr(ExprKind::Templated(list, brackets), span) }
            }
            Kind::Map => {
                let list = self.template_list(s, level, at, span);
                self.library_call("hash-map-of", &[list], span)
            }
            Kind::Set => {
                let list = self.template_list(s, level, at, span);
                self.library_call("list->set", &[list], span)
            }
            // A prefix: the form that it stands for.
            kind => {
                let mark = self.template_mark(self.syntax.mark(s));
                let symbol = self.prefix_symbol(kind, mark, span);
                let inner = self.template(self.syntax.parts(s)[0], level, at);
                self.core.expr(ExprKind::List([symbol, inner].into()), span)
            }
        }
    }

    fn prefix_symbol(&mut self, kind: Kind, mark: Mark, span: Span) -> ExprId {
        let text = self.core.names.intern(kind.operator().expect("only prefixes are left"));
        let symbol = self.syntax.make(Kind::Symbol, span, text, mark, &[]);
        self.core.expr(ExprKind::Quote(symbol), span)
    }

    /// Parts in order; runs between splices are lists of their own.
    fn template_list(&mut self, s: StxId, level: usize, at: At, span: Span) -> ExprId {
        let parts = self.syntax.parts(s).to_vec();
        let (mut lists, mut run) = (Vec::new(), Vec::new());
        for part in parts {
            if let Step::Splice(inner) = self.template_step(part, level) {
                if !run.is_empty() {
                    lists.push(self.core.expr(ExprKind::List(std::mem::take(&mut run).into()), span));
                }
                lists.push(self.expr(inner, at.operand()));
            } else {
                run.push(self.template(part, level, at));
            }
        }
        if lists.is_empty() {
            return self.core.expr(ExprKind::List(run.into()), span);
        }
        if !run.is_empty() {
            lists.push(self.core.expr(ExprKind::List(run.into()), span));
        }
        self.library_call("append", &lists, span)
    }
}

enum Step {
    /// Evaluated.
    Value(StxId),
    /// Evaluated, and its elements put in place.
    Splice(StxId),
    /// Data, its parts at this level.
    Data(usize),
}
