//! What is suspicious and not wrong: unused and shadowing variables, branches, missing `else`, a `resume` that escapes.

use std::collections::{HashMap, HashSet};

use molt_base::{EntityId, Span, Symbol};
use molt_diagnostics::registry::claude as code;
use molt_diagnostics::{Code, Diagnostic};

use super::Checker;
use crate::core::{Action, ExprId, ExprKind, Handler, LambdaId, LocalId, Match, Otherwise};
use crate::lower::analysis::{parts, pattern_locals};

/// The walk through the program as it was written.
#[derive(Default)]
struct Walk {
    /// Variables that can be seen, by name.
    visible: HashMap<Symbol, Vec<LocalId>>,
    /// What `let` and inner definitions bind.
    bound: Vec<LocalId>,
    used: HashSet<LocalId>,
    /// The `resume` of each clause around the place, and the procedure that it may be called in.
    resumes: Vec<(LocalId, LambdaId)>,
    owner: Option<LambdaId>,
}

/// How a variable is bound.
#[derive(Clone, Copy)]
struct Binding {
    /// Its value is made of that of another variable of the name.
    rebinds: bool,
    must_be_read: bool,
}

impl Checker<'_> {
    pub fn warn(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.warned.push(Diagnostic::at(code, span, message));
    }

    pub fn warnings(&mut self) {
        let core = self.core;
        let mut walk = Walk::default();
        for &m in core.order.iter().skip(1) {
            core.modules[m].body.iter().for_each(|&e| self.look(e, &mut walk));
        }
        for l in std::mem::take(&mut walk.bound) {
            let name = core.names.text(core.locals[l].name);
            if !walk.used.contains(&l) && !name.starts_with('_') {
                self.warn(&code::UNUSED, core.locals[l].span, format!("`{name}` is not used"));
            }
        }
        for finding in std::mem::take(&mut self.warned) {
            self.once(finding);
        }
    }

    /// Whether a place has a text: what macros write and what forms stand for has none of its own.
    fn is_written(&self, span: Span, text: &str) -> bool {
        let source = &self.sources.file(span.file).text;
        source.get(span.start as usize..span.end as usize).is_some_and(|t| t.starts_with(text))
    }

    fn is_named(&self, l: LocalId) -> bool {
        let local = &self.core.locals[l];
        let name = self.core.names.text(local.name);
        (local.span.end - local.span.start) as usize == name.len() && self.is_written(local.span, name)
    }

    fn look(&mut self, e: ExprId, walk: &mut Walk) {
        let core = self.core;
        self.look_for_shared(e);
        match core.kind(e) {
            ExprKind::Local(l) => {
                walk.used.insert(*l);
                self.resume_used(*l, e, walk);
            }
            ExprKind::Lambda(l) => self.look_lambda(*l, walk),
            ExprKind::Let(l, v, body) => {
                self.look(*v, walk);
                let rebinds = self.mentions(*v, core.locals[*l].name);
                // The number that `dotimes` counts with need not be read.
                let counts = matches!(*core.kind(*v), ExprKind::Local(c) if !self.is_named(c));
                self.binds(*l, Binding { rebinds, must_be_read: !counts }, walk);
                self.inside(&[*l], walk, |s, walk| s.look(*body, walk));
            }
            ExprKind::Block(locals, body) => {
                let as_what = Binding { rebinds: false, must_be_read: true };
                locals.iter().for_each(|&l| self.binds(l, as_what, walk));
                self.inside(locals, walk, |s, walk| s.look(*body, walk));
            }
            ExprKind::If(test, then, other) => {
                if *core.kind(*other) == ExprKind::Nil && self.span(*other) == self.span(e) && self.is_if(e) {
                    self.warn(&code::NO_ELSE, self.span(e), "this `if` says nothing of the other case");
                }
                [*test, *then, *other].into_iter().for_each(|e| self.look(e, walk));
            }
            ExprKind::Call(callee, list) => {
                match *core.kind(*callee) {
                    ExprKind::Local(l) if self.may_resume(l, walk) => {}
                    _ => self.look(*callee, walk),
                }
                list.iter().for_each(|&e| self.look(e, walk));
            }
            ExprKind::Prim(b, list) => {
                let resumes = crate::library::BUILTINS[b.0 as usize].name == "discontinue";
                for (i, &e) in list.iter().enumerate() {
                    match *core.kind(e) {
                        ExprKind::Local(l) if resumes && i == 0 && self.may_resume(l, walk) => {}
                        _ => self.look(e, walk),
                    }
                }
            }
            ExprKind::Match(m) => {
                self.look_match(m, walk);
                parts(core, e, &mut |e| self.look(e, walk));
            }
            ExprKind::Handler(h) | ExprKind::MakeHandler(h) => self.look_handler(h, e, walk),
            _ => parts(core, e, &mut |e| self.look(e, walk)),
        }
    }

    fn is_if(&self, e: ExprId) -> bool {
        let span = self.span(e);
        self.is_written(span, "(if ") || self.is_written(span, "(if\n")
    }

    // ---- variables ------------------------------------------------------------------------------

    /// A variable comes into sight; one of the same name may be there already.
    fn binds(&mut self, l: LocalId, as_what: Binding, walk: &mut Walk) {
        if !self.is_named(l) {
            return;
        }
        if as_what.must_be_read {
            walk.bound.push(l);
        }
        let local = &self.core.locals[l];
        let name = self.core.names.text(local.name);
        let outer = walk.visible.get(&local.name).and_then(|list| list.last());
        if let Some(&outer) = outer
            && !as_what.rebinds
            && !name.starts_with('_')
        {
            let finding = Diagnostic::at(&code::SHADOWED, local.span, format!("`{name}` hides another variable"));
            self.warned.push(finding.label(self.core.locals[outer].span, "the variable that is hidden", false));
        }
    }

    fn inside(&mut self, locals: &[LocalId], walk: &mut Walk, f: impl FnOnce(&mut Self, &mut Walk)) {
        let named: Vec<LocalId> = locals.iter().copied().filter(|&l| self.is_named(l)).collect();
        for &l in &named {
            walk.visible.entry(self.core.locals[l].name).or_default().push(l);
        }
        f(self, walk);
        for &l in &named {
            walk.visible.get_mut(&self.core.locals[l].name).and_then(Vec::pop);
        }
    }

    /// Whether an expression reads a variable of a name: a new variable is then another value of the old one.
    fn mentions(&self, e: ExprId, name: Symbol) -> bool {
        let mut found = matches!(*self.core.kind(e), ExprKind::Local(l) if self.core.locals[l].name == name);
        parts(self.core, e, &mut |e| found = found || self.mentions(e, name));
        found
    }

    fn look_lambda(&mut self, l: LambdaId, walk: &mut Walk) {
        let lambda = &self.core.lambdas[l];
        let locals: Vec<LocalId> = lambda.params.iter().map(|p| p.local).chain(lambda.rest).collect();
        let outer = walk.owner.replace(l);
        self.inside(&locals, walk, |s, walk| {
            lambda.params.iter().filter_map(|p| p.default).for_each(|d| s.look(d, walk));
            s.look(lambda.body, walk);
        });
        walk.owner = outer;
    }

    // ---- branches -------------------------------------------------------------------------------

    fn look_match(&mut self, m: &Match, walk: &mut Walk) {
        let core = self.core;
        for b in &m.branches {
            pattern_locals(core, b.pattern, &mut |l| {
                walk.used.insert(l);
            });
        }
        // What forms and destructuring stand for has no branches of its own.
        let is_written = m.branches.iter().all(|b| b.span != core.patterns[b.pattern].span);
        if m.branches.is_empty() || !is_written {
            return;
        }
        let subject = match m.otherwise {
            Otherwise::Reraise => super::ty::Types::ANY,
            Otherwise::Fail | Otherwise::Nil => self.exprs[m.value.index()],
        };
        for at in self.unreachable(m, subject) {
            let fault = "the branches before take everything that this one could";
            self.warn(&code::UNREACHABLE, m.branches[at].span, fault);
        }
        if m.otherwise == Otherwise::Fail
            && let Some(missing) = self.missing(m)
        {
            let fault = format!("no branch takes `{missing}`");
            self.warn(&code::NOT_EXHAUSTIVE, self.span(m.value), fault);
        }
    }

    // ---- resume ---------------------------------------------------------------------------------

    fn look_handler(&mut self, h: &Handler, e: ExprId, walk: &mut Walk) {
        for c in &h.clauses {
            if let Action::Control(f, true) = c.action
                && let ExprKind::Lambda(l) = *self.core.kind(f)
            {
                let resume = self.core.lambdas[l].params.first().map(|p| p.local);
                walk.resumes.extend(resume.map(|r| (r, l)));
            }
        }
        parts(self.core, e, &mut |e| self.look(e, walk));
    }

    fn may_resume(&self, l: LocalId, walk: &Walk) -> bool {
        walk.resumes.iter().any(|&(r, lambda)| r == l && walk.owner == Some(lambda))
    }

    fn resume_used(&mut self, l: LocalId, e: ExprId, walk: &Walk) {
        if walk.resumes.iter().any(|r| r.0 == l) {
            self.warn(&code::ESCAPING, self.span(e), "`resume` leaves its clause as a value");
        }
    }
}
