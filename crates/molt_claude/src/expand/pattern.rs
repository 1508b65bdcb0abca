//! `match`, `case`, the clauses of `catch`, and what patterns are (section 3.1 of the reference).

use molt_base::Span;
use molt_diagnostics::registry::claude as code;

use super::scope::{Binding, ScopeId};
use super::{At, Expander};
use crate::core::{Branch, CtorId, ExprId, ExprKind, LocalId, Match, Otherwise, PatId, Pattern, PatternKind};
use crate::stx::{Name, StxId};
use crate::syntax::Kind;

/// What a pattern has bound so far.
struct Bound {
    scope: ScopeId,
    names: Vec<(Name, LocalId)>,
    /// In a further alternative of an `or`.
    shared: Option<Shared>,
    /// The subject is an error: strings and keywords mean its type, maps its fields.
    of_error: bool,
}

/// The variables that an alternative must bind, and those that it has.
struct Shared {
    wanted: Vec<(Name, LocalId)>,
    seen: Vec<Name>,
    /// One was bound that is not wanted.
    unequal: bool,
}

impl Expander<'_> {
    pub(super) fn match_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let value = self.expr(parts[0], at.operand());
        let mut branches = Vec::new();
        for &clause in &parts[1..] {
            if self.syntax.kind(clause) != Kind::Form || self.syntax.parts(clause).len() < 2 {
                return self.malformed(clause, "a branch is `(pattern body ..)`");
            }
            branches.push(self.branch(clause, self.syntax.parts(clause).to_vec(), at, false));
        }
        self.matching(value, branches, Otherwise::Fail, self.syntax.span(s))
    }

    /// `pattern body ..` or `pattern when guard body ..`.
    pub(super) fn branch(&mut self, clause: StxId, parts: Vec<StxId>, at: At, of_error: bool) -> Branch {
        let span = self.syntax.span(clause);
        let scope = self.scopes.inside(at.scope);
        let mut bound = Bound { scope, names: Vec::new(), shared: None, of_error };
        let pattern = self.pattern(parts[0], &mut bound);
        let inner = At { scope, ..at };
        let has_guard = parts.len() >= 4 && self.is_word(parts[1], self.words.when);
        let guard = has_guard.then(|| self.expr(parts[2], inner.operand()));
        let body = self.body(&parts[if has_guard { 3 } else { 1 }..], inner, span);
        Branch { pattern, guard, body, span }
    }

    /// A branch of a pattern whose body is made by itself. It is none that the program has written.
    pub(super) fn branch_with(&mut self, pattern: StxId, at: At, body: impl FnOnce(&mut Self, At) -> ExprId) -> Branch {
        let scope = self.scopes.inside(at.scope);
        let mut bound = Bound { scope, names: Vec::new(), shared: None, of_error: false };
        let found = self.pattern(pattern, &mut bound);
        let body = body(self, At { scope, ..at });
        Branch { pattern: found, guard: None, body, span: self.syntax.span(pattern) }
    }

    /// A branch that fits everything.
    pub(super) fn last_branch(&mut self, body: ExprId, span: Span) -> Branch {
        let pattern = self.pat(PatternKind::Wild, span);
        Branch { pattern, guard: None, body, span }
    }

    pub(super) fn matching(
        &mut self,
        value: ExprId,
        branches: Vec<Branch>,
        otherwise: Otherwise,
        span: Span,
    ) -> ExprId {
        let subject = self.hidden_local("subject", span);
        self.core.expr(ExprKind::Match(Box::new(Match { subject, value, branches, otherwise })), span)
    }

    /// A value taken apart by one pattern, and what follows with its variables.
    pub(super) fn destructure(
        &mut self,
        target: StxId,
        value: ExprId,
        at: At,
        span: Span,
        rest: impl FnOnce(&mut Self, At) -> ExprId,
    ) -> ExprId {
        let mut bound = Bound { scope: at.scope, names: Vec::new(), shared: None, of_error: false };
        let pattern = self.pattern(target, &mut bound);
        let body = rest(self, at);
        let branch = Branch { pattern, guard: None, body, span: self.syntax.span(target) };
        self.matching(value, vec![branch], Otherwise::Fail, span)
    }

    /// Whether a value is of a constructor.
    pub(super) fn test_ctor(&mut self, ctor: CtorId, value: ExprId, _: ScopeId, span: Span) -> ExprId {
        let count = self.core.ctors[ctor].fields.len();
        let wild: Vec<PatId> = (0..count).map(|_| self.pat(PatternKind::Wild, span)).collect();
        let is = self.pat(PatternKind::Ctor(ctor, wild.into()), span);
        let any = self.pat(PatternKind::Wild, span);
        let mut branch = |pattern, holds| {
            let body = self.core.expr(ExprKind::Bool(holds), span);
            Branch { pattern, guard: None, body, span }
        };
        let branches = vec![branch(is, true), branch(any, false)];
        self.matching(value, branches, Otherwise::Fail, span)
    }

    pub(super) fn case_branch(&mut self, clause: StxId, at: At) -> Result<Branch, ExprId> {
        let parts = self.syntax.parts(clause).to_vec();
        if self.syntax.kind(clause) != Kind::Form || parts.len() < 2 {
            return Err(self.malformed(clause, "a branch of `case` is `(literal body ..)` or `((literal ..) body ..)`"));
        }
        let span = self.syntax.span(clause);
        let head = parts[0];
        let any = self.is_word(head, self.words.underscore) || self.is_word(head, self.words.otherwise);
        let pattern = if any {
            self.pat(PatternKind::Wild, span)
        } else if self.syntax.kind(head) == Kind::Form && !self.is_quote(head) {
            let alternatives: Vec<StxId> = self.syntax.parts(head).to_vec();
            let literals: Vec<PatId> = alternatives.iter().map(|&l| self.literal_pattern(l)).collect();
            self.pat(PatternKind::Or(literals.into()), self.syntax.span(head))
        } else {
            self.literal_pattern(head)
        };
        let body = self.body(&parts[1..], at, span);
        Ok(Branch { pattern, guard: None, body, span })
    }

    /// Whether this is `(quote d)`.
    fn is_quote(&self, s: StxId) -> bool {
        self.syntax.parts(s).len() == 2 && self.syntax.is_symbol(self.syntax.parts(s)[0], "quote", &self.core.names)
    }

    fn pat(&mut self, kind: PatternKind, span: Span) -> PatId {
        let rest = match &kind {
            PatternKind::Map(entries) if entries.len() > 1 => Some(PatternKind::Map(entries[1..].into())),
            PatternKind::ErrorFields(entries) if entries.len() > 1 => {
                Some(PatternKind::ErrorFields(entries[1..].into()))
            }
            _ => None,
        };
        let rest = rest.map(|kind| self.pat(kind, span));
        let id = self.core.patterns.push(Pattern { kind, span });
        if let Some(rest) = rest {
            self.core.pattern_rest.insert(id, rest);
        }
        id
    }

    fn wrong_pattern(&mut self, s: StxId, message: &str) -> PatId {
        self.malformed(s, message);
        self.pat(PatternKind::Wild, self.syntax.span(s))
    }

    fn literal_pattern(&mut self, s: StxId) -> PatId {
        match self.literal(s) {
            Some(literal) => self.pat(PatternKind::Literal(literal), self.syntax.span(s)),
            None => self.wrong_pattern(s, "a literal stands here: a number, string, boolean, nil, keyword or `'datum`"),
        }
    }

    /// A constant of a pattern.
    fn literal(&mut self, s: StxId) -> Option<ExprId> {
        let scope = self.base;
        match self.syntax.kind(s) {
            Kind::Int
            | Kind::Float
            | Kind::Str
            | Kind::True
            | Kind::False
            | Kind::Nil
            | Kind::Keyword
            | Kind::Error
            | Kind::Quote => Some(self.expr(s, At { scope, tail: None })),
            Kind::Form if self.is_quote(s) => Some(self.quoted(self.syntax.parts(s)[1])),
            _ => None,
        }
    }

    fn patterns(&mut self, parts: &[StxId], bound: &mut Bound) -> Box<[PatId]> {
        parts.iter().map(|&p| self.pattern(p, bound)).collect()
    }

    fn pattern(&mut self, s: StxId, bound: &mut Bound) -> PatId {
        let span = self.syntax.span(s);
        let kind = match self.syntax.kind(s) {
            Kind::Symbol => return self.symbol_pattern(s, bound),
            Kind::List => self.list_pattern(s, bound),
            Kind::Map => self.map_pattern(s, bound),
            Kind::Form if !self.is_quote(s) => return self.form_pattern(s, bound),
            Kind::Str | Kind::Keyword if bound.of_error => self.error_type(s),
            _ => return self.literal_pattern(s),
        };
        self.pat(kind, span)
    }

    /// A string or keyword that names the type of an error.
    fn error_type(&mut self, s: StxId) -> PatternKind {
        let span = self.syntax.span(s);
        let field = self.core.names.intern("type");
        let key = self.core.expr(ExprKind::Keyword(field), span);
        let name = self.core.expr(ExprKind::Str(self.syntax.text(s)), span);
        let literal = self.pat(PatternKind::Literal(name), span);
        PatternKind::ErrorFields([(key, literal)].into())
    }

    fn symbol_pattern(&mut self, s: StxId, bound: &mut Bound) -> PatId {
        let span = self.syntax.span(s);
        let name = self.syntax.name(s).expect("the kind says so");
        if name.symbol == self.words.underscore {
            return self.pat(PatternKind::Wild, span);
        }
        if let Some(Binding::Ctor(ctor)) = self.lookup(name, bound.scope) {
            self.note(s, Binding::Ctor(ctor));
            return self.ctor_pattern(s, ctor, &[], bound);
        }
        if self.text(name.symbol) == "Nil" {
            return self.pat(PatternKind::List([].into(), None), span);
        }
        if self.text(name.symbol).starts_with(char::is_uppercase) {
            return self.unknown_ctor(s, name);
        }
        let local = self.bind_variable(s, name, bound);
        self.pat(PatternKind::Bind(local), span)
    }

    fn unknown_ctor(&mut self, s: StxId, name: Name) -> PatId {
        let span = self.syntax.span(s);
        let text = self.text(name.symbol).to_owned();
        self.report(&code::SHAPE, span, format!("there is no constructor `{text}`"));
        self.pat(PatternKind::Never, span)
    }

    fn bind_variable(&mut self, s: StxId, name: Name, bound: &mut Bound) -> LocalId {
        let span = self.syntax.span(s);
        let text = self.text(name.symbol).to_owned();
        if let Some(Shared { wanted, seen, unequal }) = &mut bound.shared {
            if seen.contains(&name) {
                self.report(&code::DUPLICATE, span, format!("`{text}` is there twice in one pattern"));
            }
            seen.push(name);
            if let Some(&(_, local)) = wanted.iter().find(|w| w.0 == name) {
                return local;
            }
            *unequal = true;
        } else if bound.names.iter().any(|b| b.0 == name) {
            self.report(&code::DUPLICATE, span, format!("`{text}` is there twice in one pattern"));
        }
        let local = self.bind(bound.scope, name, span);
        bound.names.push((name, local));
        local
    }

    fn ctor_pattern(&mut self, s: StxId, ctor: CtorId, parts: &[StxId], bound: &mut Bound) -> PatId {
        let span = self.syntax.span(s);
        let fields = self.patterns(parts, bound);
        let wanted = self.core.ctors[ctor].fields.len();
        if wanted != fields.len() {
            let name = self.text(self.core.ctors[ctor].name).to_owned();
            let fault = format!("`{name}` has {wanted} fields, and the pattern names {}", fields.len());
            self.report(&code::SHAPE, span, fault);
            return self.pat(PatternKind::Never, span);
        }
        self.pat(PatternKind::Ctor(ctor, fields), span)
    }

    /// `[p q]`, `[p ...rest]`, `[p ... rest]`.
    fn list_pattern(&mut self, s: StxId, bound: &mut Bound) -> PatternKind {
        let parts = self.syntax.parts(s).to_vec();
        let dots =
            |e: &Self, p: StxId| e.syntax.name(p).map(|n| e.text(n.symbol)).is_some_and(|t| t.starts_with("..."));
        let Some(at) = parts.iter().position(|&p| dots(self, p)) else {
            return PatternKind::List(self.patterns(&parts, bound), None);
        };
        let first = self.patterns(&parts[..at], bound);
        let spelt = self.text(self.syntax.text(parts[at])).to_owned();
        let rest = match (&spelt[3..], &parts[at + 1..]) {
            ("", &[rest]) => self.pattern(rest, bound),
            (name, []) if !name.is_empty() => {
                let (symbol, mark) = (self.core.names.intern(name), self.syntax.mark(parts[at]));
                let span = self.syntax.span(parts[at]);
                let rest = self.syntax.make(Kind::Symbol, span, symbol, mark, &[]);
                self.pattern(rest, bound)
            }
            _ => self.wrong_pattern(parts[at], "`...rest` ends the pattern of a list"),
        };
        PatternKind::List(first, Some(rest))
    }

    fn map_pattern(&mut self, s: StxId, bound: &mut Bound) -> PatternKind {
        let parts = self.syntax.parts(s).to_vec();
        if parts.len() % 2 == 1 {
            self.malformed(s, "the last key of the pattern has no pattern of its value");
        }
        let of_error = std::mem::replace(&mut bound.of_error, false);
        let mut entries = Vec::new();
        for pair in parts.chunks_exact(2) {
            let Some(key) = self.literal(pair[0]) else {
                self.malformed(pair[0], "a key of a pattern is a literal");
                continue;
            };
            entries.push((key, self.pattern(pair[1], bound)));
        }
        bound.of_error = of_error;
        if of_error { PatternKind::ErrorFields(entries.into()) } else { PatternKind::Map(entries.into()) }
    }

    fn form_pattern(&mut self, s: StxId, bound: &mut Bound) -> PatId {
        let span = self.syntax.span(s);
        let parts = self.syntax.parts(s).to_vec();
        let Some(name) = parts.first().and_then(|&h| self.syntax.name(h)) else {
            // `(nil)` is the empty list, and `()` as well.
            if parts.is_empty() || parts.len() == 1 && self.syntax.kind(parts[0]) == Kind::Nil {
                return self.pat(PatternKind::List([].into(), None), span);
            }
            return self.wrong_pattern(s, "this is no pattern");
        };
        if let Some(Binding::Ctor(ctor)) = self.lookup(name, bound.scope) {
            self.note(parts[0], Binding::Ctor(ctor));
            return self.ctor_pattern(s, ctor, &parts[1..], bound);
        }
        let text = self.text(name.symbol).to_owned();
        let kind = match (text.as_str(), &parts[1..]) {
            ("cons" | "Cons", &[first, rest]) => {
                let first = self.pattern(first, bound);
                PatternKind::List([first].into(), Some(self.pattern(rest, bound)))
            }
            ("Nil", []) => PatternKind::List([].into(), None),
            ("tuple", parts) => PatternKind::Tuple(self.patterns(parts, bound)),
            ("or", alternatives @ [_, ..]) => return self.alternatives(s, alternatives, bound),
            ("as", &[target, inner]) => match self.binder(target, "the name in `as`") {
                Some(name) => {
                    let local = self.bind_variable(target, name, bound);
                    PatternKind::As(local, self.pattern(inner, bound))
                }
                None => PatternKind::Wild,
            },
            ("when", &[inner, guard]) => {
                let inner = self.pattern(inner, bound);
                PatternKind::Guard(inner, self.expr(guard, At { scope: bound.scope, tail: None }))
            }
            ("view", &[f, inner]) => {
                let f = self.expr(f, At { scope: bound.scope, tail: None });
                PatternKind::View(f, self.pattern(inner, bound))
            }
            (".." | "..=", &[low, high]) => match (self.literal(low), self.literal(high)) {
                (Some(low), Some(high)) => PatternKind::Range(low, high, text == "..="),
                _ => return self.wrong_pattern(s, "the ends of a range are integers"),
            },
            _ if text.starts_with(char::is_uppercase) => {
                self.patterns(&parts[1..], bound);
                return self.unknown_ctor(parts[0], name);
            }
            _ => return self.wrong_pattern(s, "this is no pattern"),
        };
        self.pat(kind, span)
    }

    /// Alternatives bind the same variables.
    fn alternatives(&mut self, s: StxId, alternatives: &[StxId], bound: &mut Bound) -> PatId {
        let before = bound.names.len();
        let mut list = vec![self.pattern(alternatives[0], bound)];
        let own: Vec<(Name, LocalId)> = match &bound.shared {
            Some(shared) => shared.wanted.clone(),
            None => bound.names[before..].to_vec(),
        };
        let span = self.syntax.span(s);
        for &alternative in &alternatives[1..] {
            let shared = Shared { wanted: own.clone(), seen: Vec::new(), unequal: false };
            let outer = bound.shared.replace(shared);
            list.push(self.pattern(alternative, bound));
            let Some(inner) = std::mem::replace(&mut bound.shared, outer) else { continue };
            let is_missing = bound.shared.is_none() && own.iter().any(|w| !inner.seen.contains(&w.0));
            if inner.unequal || is_missing {
                self.report(&code::SHAPE, span, "the alternatives do not bind the same variables");
                return self.pat(PatternKind::Never, span);
            }
        }
        self.pat(PatternKind::Or(list.into()), span)
    }

    /// Whether a name that stands where a variable is bound is a pattern of another kind.
    pub(super) fn is_wild_or_ctor(&self, name: Name) -> bool {
        name.symbol == self.words.underscore || matches!(self.lookup(name, self.module_scope()), Some(Binding::Ctor(_)))
    }
}
