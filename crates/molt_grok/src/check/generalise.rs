//! Let-polymorphism (section 4.2): a `let` of a closure, function or constructor may have several types.
//!
//! A group of bodies is inferred with one type for every variable. Only where that fails, and a variable that may be
//! polymorphic is used several times, is the group inferred again with a copy of the variable, and of its value, for each
//! use: every copy has one type, so nothing later knows of polymorphism, and the code of a copy is that of its type. The
//! copies are kept if they make the errors go away. What they share is shown once: their findings have the same places.
//!
//! The value restriction: the variable is not `mut`, its value is written as a closure or a name, and the copies of a closure
//! neither change nor consume what they capture. Number literals inside have one type in all copies.

mod copy;

use molt_base::hash::{FastMap, FastSet};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::Checked;
use super::infer::{GroupResult, infer_group};
use super::typed::{CaptureMode, TypedBody};
use crate::hir::{Body, BodyId, BodyOwner, Expr, ExprId, Lit, LocalId, Pat, PathRes, Stmt};
use copy::Copier;

/// Most expressions that the copies in one body may add.
const MAX_ADDED: usize = 20_000;

/// A `let` whose variable may be polymorphic.
struct Candidate {
    block: ExprId,
    stmt: usize,
    local: LocalId,
    init: ExprId,
}

/// A body with copies.
struct Expanded {
    body: Body,
    families: Vec<Family>,
}

/// The value of a candidate's `let` and its copies.
struct Family {
    local: LocalId,
    /// Expressions of the original and of each copy, in the same order.
    members: Vec<Vec<ExprId>>,
}

impl Checked {
    /// Infers one group; `let`s are polymorphic where that is needed.
    pub(super) fn infer_generalised(&self, owners: &[BodyOwner]) -> GroupResult {
        let before = self.diagnostics.borrow().len();
        let result = infer_group(self, owners);
        if !self.diagnostics.borrow()[before..].iter().any(Diagnostic::is_error) {
            return result;
        }
        let plain = self.diagnostics.borrow_mut().split_off(before);
        let mut excluded = FastSet::default();
        while let Some(copied) = self.infer_copied(owners, &mut excluded, &plain) {
            if let Some((again, found)) = copied {
                let mut out = self.diagnostics.borrow_mut();
                out.extend(plain.into_iter().filter(is_said_once));
                out.extend(without_repeats(found));
                return again;
            }
        }
        self.diagnostics.borrow_mut().extend(plain);
        result
    }

    /// Infers the group with copies, and gives the result if that helps. Variables that may not be polymorphic are excluded;
    /// then it is worth another try. `None` if there is nothing to try.
    #[expect(clippy::option_option, reason = "the outer one ends the tries")]
    fn infer_copied(
        &self,
        owners: &[BodyOwner],
        excluded: &mut FastSet<(BodyOwner, LocalId)>,
        plain: &[Diagnostic],
    ) -> Option<Option<(GroupResult, Vec<Diagnostic>)>> {
        let before = self.diagnostics.borrow().len();
        let expanded: Vec<(BodyId, Expanded)> = owners
            .iter()
            .filter_map(|&o| Some((self.body_id(o)?, expand(self.hir.body(self.body_id(o)?)?, excluded)?)))
            .collect();
        if expanded.is_empty() {
            return None;
        }
        let families: Vec<(BodyId, &Body, Vec<Family>)> =
            expanded.into_iter().map(|(id, e)| (id, self.replace_body(id, e.body), e.families)).collect();
        let again = infer_group(self, owners);
        let found = self.diagnostics.borrow_mut().split_off(before);
        let count = excluded.len();
        for (_, body, families) in &families {
            let wrong = self.not_generalised(&again, body, families);
            excluded.extend(wrong.into_iter().map(|l| (body.owner, l)));
        }
        if excluded.len() == count && fewer(plain, &found) {
            return Some(Some((again, found)));
        }
        for (id, ..) in families {
            self.replaced.borrow_mut().remove(&id);
        }
        (excluded.len() > count).then_some(None)
    }

    /// Lets a body stand for the one that was lowered.
    fn replace_body(&self, id: BodyId, body: Body) -> &Body {
        let at = self.copied_bodies.len();
        self.copied_bodies.push(Box::new(body));
        self.replaced.borrow_mut().insert(id, at);
        &self.copied_bodies[at]
    }

    /// Whether a finding lies in a body with copies, where it may be there once for each.
    pub(crate) fn has_copies(&self) -> bool {
        !self.replaced.borrow().is_empty()
    }

    /// Variables of a body that the value restriction keeps from being polymorphic.
    fn not_generalised(&self, result: &GroupResult, body: &Body, families: &[Family]) -> Vec<LocalId> {
        let Some(typed) = result.bodies.iter().find(|b| b.owner == body.owner) else { return Vec::new() };
        for (id, data) in result.closures.iter().filter(|(_, d)| d.owner == body.owner) {
            let _ = self.closures[id.0 as usize].draft.set(data.clone());
        }
        let env = self.env_of(body.owner);
        let found = match typed.failed {
            true => FastMap::default(),
            false => super::captures::captures(self, env, body, typed),
        };
        // Copies of a closure may only look at what they capture.
        let shares = |init: ExprId| {
            let closure = typed.closures.get(&init).and_then(|id| found.get(id));
            closure.is_none_or(|closure| {
                closure.captures.iter().all(|c| match c.mode {
                    CaptureMode::Shared => true,
                    CaptureMode::Mut => false,
                    CaptureMode::Value => self.is_copy(self.types.erase(c.ty), env),
                })
            })
        };
        let may = |f: &Family| same_literals(body, typed, &f.members) && f.members.iter().all(|m| shares(m[0]));
        families.iter().filter(|f| !may(f)).map(|f| f.local).collect()
    }
}

/// Whether number literals without suffix have one type in all copies.
fn same_literals(body: &Body, typed: &TypedBody, family: &[Vec<ExprId>]) -> bool {
    let Some((first, rest)) = family.split_first() else { return true };
    first.iter().enumerate().all(|(n, &e)| match body.exprs[e] {
        Expr::Lit(Lit::Int(_, None) | Lit::Float(_, None)) => {
            rest.iter().all(|copy| typed.expr(copy[n]) == typed.expr(e))
        }
        _ => true,
    })
}

fn place(d: &Diagnostic) -> (&'static str, Option<molt_base::Span>) {
    (d.code.id, d.primary_span())
}

/// What is reported where it is first met and remembered, so that it is not reported again.
fn is_said_once(d: &Diagnostic) -> bool {
    d.code.id == code::CONST_EVALUATION.id
}

/// Whether the second list has no error that the first lacks, and lacks one.
fn fewer(first: &[Diagnostic], second: &[Diagnostic]) -> bool {
    let places = |list: &[Diagnostic]| -> FastSet<_> {
        list.iter().filter(|d| d.is_error() && !is_said_once(d)).map(place).collect()
    };
    let (first, second) = (places(first), places(second));
    second.len() < first.len() && second.iter().all(|d| first.contains(d))
}

/// Each finding once, however many copies have it.
pub(crate) fn without_repeats(list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = FastSet::default();
    list.into_iter().filter(|d| d.primary_span().is_none() || seen.insert(place(d))).collect()
}

/// The body with a copy of each candidate's `let` for each use but the first; `None` if there is nothing to copy.
fn expand(body: &Body, excluded: &FastSet<(BodyOwner, LocalId)>) -> Option<Expanded> {
    let mut candidates = candidates(body);
    candidates.retain(|c| !excluded.contains(&(body.owner, c.local)));
    if candidates.is_empty() {
        return None;
    }
    let mut copier = Copier::new(body);
    let mut families = Vec::new();
    // What is declared later or further inside comes first: its copies use what was declared before it.
    candidates.sort_by_key(|c| std::cmp::Reverse(body.locals[c.local].span.start));
    for candidate in candidates {
        let uses = copier.uses(candidate.local);
        let mut members = vec![copier.parts(candidate.init)];
        let mut added = Vec::new();
        for &use_ in uses.iter().skip(1) {
            let (stmt, parts) = copier.copy_let(candidate.local, candidate.init, use_);
            added.push(stmt);
            members.push(parts);
            if copier.body.exprs.len() > body.exprs.len() + MAX_ADDED {
                return None;
            }
        }
        copier.insert(candidate.block, candidate.stmt + 1, added);
        if members.len() > 1 {
            families.push(Family { local: candidate.local, members });
        }
    }
    (!families.is_empty()).then_some(Expanded { body: copier.body, families })
}

/// Immutable variables that a `let` binds to a closure with a parameter of no written type, or to a function or constructor.
fn candidates(body: &Body) -> Vec<Candidate> {
    let mut out = Vec::new();
    for (block, expr) in body.exprs.iter() {
        let Expr::Block(b) = expr else { continue };
        for (n, stmt) in b.stmts.iter().enumerate() {
            let &Stmt::Let { pat, ty: None, init: Some(init), otherwise: None, .. } = stmt else { continue };
            let Pat::Bind { local, by_ref: None, sub: None } = body.pats[pat] else { continue };
            if !body.locals[local].mutable && is_value(&body.exprs[init]) {
                out.push(Candidate { block, stmt: n, local, init });
            }
        }
    }
    out
}

fn is_value(init: &Expr) -> bool {
    match init {
        Expr::Closure(c) => c.params.iter().any(|p| p.1.is_none()),
        Expr::Path(path) => matches!(
            path,
            PathRes::Fn(..)
                | PathRes::Struct(..)
                | PathRes::Variant(..)
                | PathRes::Alias(..)
                | PathRes::Assoc { .. }
                | PathRes::TraitMember { .. }
        ),
        _ => false,
    }
}
