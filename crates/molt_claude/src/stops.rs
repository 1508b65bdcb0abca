//! Places where a program can be stopped, for debuggers.
//!
//! [`add`] puts a call of the library's `%stop` before the expressions of bodies: with the number of the place and the
//! variables that can be seen there. It works on core after the checker, so types, effects and findings are those of the
//! program as it is written; the call stands before an expression in a sequence, so tail calls stay tail calls. A procedure
//! keeps the variables around it that it uses anyway, and no others: what lives how long is the program's own affair.

use std::collections::{BTreeSet, HashSet};

use molt_base::{EntityId, SourceMap, Span};

use crate::core::{Action, Core, ExprId, ExprKind, Handler, LambdaId, LocalId, Match};
use crate::library::{BuiltinId, names};
use crate::lower::analysis::{parts, pattern_locals};

/// A place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    pub span: Span,
    /// The procedure that it lies in; none at the top of a module.
    pub procedure: Option<String>,
    /// Nothing of the procedure comes before it.
    pub is_entry: bool,
    /// The variables whose values the call has, outermost first; a name occurs once.
    pub locals: Vec<String>,
}

/// Most variables of a place, the innermost ones.
const MOST_LOCALS: usize = 64;

/// Adds the calls to all modules but the library; their places by number.
pub fn add(core: &mut Core, sources: &SourceMap) -> Vec<Stop> {
    let function = names().find(|n| n.0 == "%stop").expect("the table has it").1;
    let mut walk = Walk { core, sources, function, stops: Vec::new(), seen: HashSet::new(), inside: Vec::new() };
    for m in walk.core.order.clone().into_iter().skip(1) {
        let body = walk.core.modules[m].body.clone();
        let body = body.into_iter().map(|e| walk.form(e, &mut Vec::new(), false)).collect();
        walk.core.modules[m].body = body;
    }
    walk.stops
}

struct Walk<'a> {
    core: &'a mut Core,
    sources: &'a SourceMap,
    function: BuiltinId,
    stops: Vec<Stop>,
    /// Procedures that were walked.
    seen: HashSet<LambdaId>,
    /// The procedures around the place, and whether a place of each was met.
    inside: Vec<(String, bool)>,
}

impl Walk<'_> {
    /// An expression of a body, perhaps with a stop before it: `always` if it has a text at all.
    fn form(&mut self, e: ExprId, seen: &mut Vec<LocalId>, always: bool) -> ExprId {
        if self.is_place(e, always) {
            let stop = self.stop(e, seen);
            self.inside(e, seen);
            let span = self.core.exprs[e].span;
            return self.core.expr(ExprKind::Do([stop, e].into()), span);
        }
        self.inside(e, seen);
        e
    }

    fn is_place(&self, e: ExprId, always: bool) -> bool {
        let expr = &self.core.exprs[e];
        let source = &self.sources.file(expr.span.file).text;
        let text = source.get(expr.span.start as usize..expr.span.end as usize).unwrap_or_default();
        if expr.span.file.index() == 0 || text.is_empty() {
            return false;
        }
        match expr.kind {
            ExprKind::Do(_)
            | ExprKind::Block(..)
            | ExprKind::Let(..)
            | ExprKind::Lambda(_)
            | ExprKind::Init(..)
            | ExprKind::InitGlobal(..)
            | ExprKind::Error => false,
            _ => always || text.starts_with(['(', '[', '{', '#', '@']),
        }
    }

    fn stop(&mut self, e: ExprId, seen: &[LocalId]) -> ExprId {
        let span = self.core.exprs[e].span;
        let mut taken = BTreeSet::new();
        let mut locals: Vec<LocalId> = Vec::new();
        for &l in seen.iter().rev() {
            let name = self.core.names.text(self.core.locals[l].name);
            // Hidden variables have names that nobody can write; `resume` is used up by being read.
            if locals.len() < MOST_LOCALS && !name.starts_with(' ') && name != "resume" && taken.insert(name.to_owned())
            {
                locals.push(l);
            }
        }
        locals.reverse();
        let named = locals.iter().map(|&l| self.core.names.text(self.core.locals[l].name).to_owned()).collect();
        let (procedure, is_entry) = match self.inside.last_mut() {
            Some((name, met)) => (Some(name.clone()), !std::mem::replace(met, true)),
            None => (None, false),
        };
        let number = self.core.expr(ExprKind::Int(self.stops.len() as i64), span);
        let mut operands = vec![number];
        operands.extend(locals.into_iter().map(|l| self.core.expr(ExprKind::Local(l), span)));
        self.stops.push(Stop { span, procedure, is_entry, locals: named });
        self.core.expr(ExprKind::Prim(self.function, operands.into()), span)
    }

    /// The parts of an expression.
    fn inside(&mut self, e: ExprId, seen: &mut Vec<LocalId>) {
        let outer = seen.len();
        let mut kind = self.core.kind(e).clone();
        match &mut kind {
            ExprKind::Lambda(l) => self.lambda(*l, seen),
            ExprKind::Do(list) => {
                for part in list.iter_mut() {
                    *part = self.form(*part, seen, false);
                    // Before its definition a variable has no value.
                    if let ExprKind::Init(l, _) = *self.core.kind(*part) {
                        seen.push(l);
                    }
                }
            }
            ExprKind::Block(_, body) => *body = self.form(*body, seen, false),
            ExprKind::Init(_, value) | ExprKind::InitGlobal(_, value) => *value = self.form(*value, seen, false),
            ExprKind::Let(l, value, body) => {
                *value = self.form(*value, seen, false);
                seen.push(*l);
                *body = self.form(*body, seen, false);
            }
            ExprKind::If(test, yes, no) => {
                self.inside(*test, seen);
                *yes = self.form(*yes, seen, false);
                *no = self.form(*no, seen, false);
            }
            ExprKind::ForEach(l, list, body) => {
                self.inside(*list, seen);
                seen.push(*l);
                *body = self.form(*body, seen, true);
            }
            ExprKind::Loop(id) => {
                let l = self.core.loops[*id].clone();
                l.locals.iter().for_each(|&(_, value)| self.inside(value, seen));
                seen.extend(l.locals.iter().map(|b| b.0));
                self.core.loops[*id].body = self.form(l.body, seen, true);
            }
            ExprKind::Match(m) => self.branches(m, seen),
            ExprKind::Try(t) => {
                t.body = self.form(t.body, seen, false);
                t.catch.iter_mut().for_each(|m| self.branches(m, seen));
                t.finally = t.finally.map(|e| self.form(e, seen, false));
            }
            ExprKind::Handler(h) | ExprKind::MakeHandler(h) => self.handler(h, seen),
            _ => {
                let mut all = Vec::new();
                parts(self.core, e, &mut |p| all.push(p));
                all.into_iter().for_each(|p| self.inside(p, seen));
            }
        }
        seen.truncate(outer);
        self.core.exprs[e].kind = kind;
    }

    fn branches(&mut self, m: &mut Match, seen: &mut Vec<LocalId>) {
        self.inside(m.value, seen);
        for branch in &mut m.branches {
            let outer = seen.len();
            pattern_locals(self.core, branch.pattern, &mut |l| seen.push(l));
            branch.guard.into_iter().for_each(|g| self.inside(g, seen));
            branch.body = self.form(branch.body, seen, false);
            seen.truncate(outer);
        }
    }

    fn handler(&mut self, h: &mut Handler, seen: &mut Vec<LocalId>) {
        for clause in &h.clauses {
            match clause.action {
                Action::Function(e) | Action::Control(e, _) => self.inside(e, seen),
            }
        }
        h.ret.into_iter().chain(h.body).for_each(|e| self.inside(e, seen));
    }

    fn lambda(&mut self, l: LambdaId, seen: &[LocalId]) {
        if !self.seen.insert(l) {
            return;
        }
        let used = self.used(l);
        let mut own: Vec<LocalId> = seen.iter().copied().filter(|l| used.contains(l)).collect();
        let lambda = self.core.lambdas[l].clone();
        for p in &lambda.params {
            p.default.into_iter().for_each(|e| self.inside(e, &mut own));
            own.push(p.local);
        }
        own.extend(lambda.rest);
        // A control clause is a procedure of what it may resume.
        let name = match self.core.names.text(lambda.name).trim() {
            "resume" => "clause",
            name => name,
        };
        self.inside.push((name.to_owned(), false));
        let body = self.form(lambda.body, &mut own, true);
        self.inside.pop();
        self.core.lambdas[l].body = body;
    }

    /// The variables that a procedure names, those of procedures in it too.
    fn used(&self, l: LambdaId) -> HashSet<LocalId> {
        let mut used = HashSet::new();
        let lambda = &self.core.lambdas[l];
        let mut open: Vec<ExprId> = lambda.params.iter().filter_map(|p| p.default).chain([lambda.body]).collect();
        while let Some(e) = open.pop() {
            match *self.core.kind(e) {
                ExprKind::Local(l) | ExprKind::SetLocal(l, _) => {
                    used.insert(l);
                }
                ExprKind::Lambda(inner) => {
                    let lambda = &self.core.lambdas[inner];
                    open.extend(lambda.params.iter().filter_map(|p| p.default).chain([lambda.body]));
                }
                _ => {}
            }
            parts(self.core, e, &mut |p| open.push(p));
        }
        used
    }
}
