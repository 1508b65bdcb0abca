//! Futures that would be larger than themselves: a body that awaits its own kind without a box in between.

use molt_base::hash::{FastMap, FastSet};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::frame::frame;
use super::{Mir, MirOwner};
use crate::check::context::Checked;
use crate::check::typed::{CaptureMode, ClosureForm};
use crate::hir::{BodyOwner, Expr};
use crate::ty::{Args, ClosureId, Ty, TyKind};

/// Depth at which the search through types that hold one another is given up: layouts notice what is deeper.
const DEEPEST: u32 = 64;

/// Reports them for all bodies of the program, which have no error.
pub fn check_futures(c: &Checked) {
    let mut search = Search { c, saved: FastMap::default(), seen: FastSet::default() };
    let mut futures = Vec::new();
    for body in c.program_bodies().into_iter().filter_map(|owner| c.body_of(owner)) {
        if !body.exprs.iter().any(|(_, e)| matches!(e, Expr::Async { .. })) {
            continue;
        }
        for (owner, mir) in c.graphs(body.owner) {
            if let MirOwner::Closure(id) = owner
                && c.closure(id).form == ClosureForm::Async
            {
                search.saved.insert(id, saved(&mir));
                let args = c.generics_owner(body.owner).map_or(Args::EMPTY, |o| c.types.erase_args(c.identity_args(o)));
                futures.push((id, c.types.mk(TyKind::Future(id, args))));
            }
        }
    }
    futures.sort_by_key(|f| f.0);
    for (id, ty) in futures {
        if search.holds_itself(ty) {
            c.report_endless(id);
        }
    }
}

/// Types of the slots that a future keeps.
fn saved(mir: &Mir) -> Vec<Ty> {
    let mut types: Vec<Ty> = frame(mir).saved.iter().map(|&s| mir.slots[s].ty).collect();
    types.sort();
    types.dedup();
    types
}

struct Search<'c> {
    c: &'c Checked,
    saved: FastMap<ClosureId, Vec<Ty>>,
    /// Types that were looked into.
    seen: FastSet<Ty>,
}

impl Search<'_> {
    fn holds_itself(&mut self, future: Ty) -> bool {
        self.seen.clear();
        self.parts(future).into_iter().any(|t| self.holds(t, future, 0))
    }

    fn holds(&mut self, ty: Ty, wanted: Ty, depth: u32) -> bool {
        let ty = self.c.revealed(ty);
        ty == wanted
            || (depth < DEEPEST
                && self.seen.insert(ty)
                && self.parts(ty).into_iter().any(|t| self.holds(t, wanted, depth + 1)))
    }

    /// Types of what a value holds in its own memory.
    fn parts(&self, ty: Ty) -> Vec<Ty> {
        let c = self.c;
        let concrete = |t: Ty, args: Args| c.types.subst(c.types.erase(t), args);
        match c.types.kind(ty) {
            TyKind::Tuple(parts) => c.types.ty_elems(parts).collect(),
            TyKind::Array(elem, _) => vec![elem],
            TyKind::Closure(id, args) | TyKind::Future(id, args) => {
                let held = c.closure(id).captures.iter().filter(|k| k.mode == CaptureMode::Value).map(|k| k.ty);
                let saved = self.saved.get(&id).into_iter().flatten().copied();
                held.chain(saved).map(|t| concrete(t, args)).collect()
            }
            TyKind::Adt(adt, args) if c.boxed(ty).is_none() => {
                let variants = c.hir.adts[adt].variants.len() as u32;
                (0..variants)
                    .flat_map(|v| c.field_types(adt, v).iter().map(|&f| concrete(f, args)).collect::<Vec<_>>())
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Checked {
    pub(crate) fn report_endless(&self, id: ClosureId) {
        let data = self.closure(id);
        let Some(body) = self.body_of(data.owner) else { return };
        let span = match (data.owner, data.expr == body.value) {
            (BodyOwner::Fn(f), true) => self.hir.fns[f].head.name_span,
            _ => body.expr_span(data.expr),
        };
        let text = "this future holds itself: it awaits its own kind";
        let d = Diagnostic::at(&code::INFINITE_SIZE, span, text)
            .help("put the inner one into a box: `Box::new(f(..)).await`");
        self.report(d);
    }
}
