//! Variables of inference, unification, and the search for implementations.
//!
//! A [`Solver`] serves one call group during inference; with no variables and the empty environment it answers the questions
//! of code generation as well. Everything is region-free: types must be erased before they come here.

mod builtin;
mod project;
mod select;
mod vars;

use molt_base::hash::{FastMap, FastSet};

use molt_base::Span;
use smallvec::SmallVec;

use super::context::{Checked, Env, Predicate};
use crate::hir::{ImplId, TraitId};
use crate::ty::{Arg, Args, ClosureId, Const, ConstKind, InferVar, Ty, TyKind};

pub use select::{Answer, Search, Selected};
pub use vars::{VarKind, Vars};

/// How deep implementations may depend on one another.
pub(super) const MAX_DEPTH: u32 = 64;

/// How deep a goal of a program that is meant may lie, and how many deeper ones may be tried all the same.
const DEEP: u32 = 16;
const MAX_DEEP_GOALS: u32 = 4_000;

/// How many implementations may be looked for to prove one predicate: those that need themselves in several ways would be
/// looked for without end within [`MAX_DEPTH`].
const MAX_SEARCHES: u32 = 2_000;
/// The same after a predicate for which that was not enough.
const FEWER_SEARCHES: u32 = 50;

pub struct Solver<'c> {
    pub c: &'c Checked,
    pub env: Env,
    pub vars: Vars,
    /// Parameters and results of closures whose body is being inferred.
    pub closures: FastMap<ClosureId, ClosureSig>,
    /// Whether `impl Trait` results stand for their hidden types (after checking).
    pub reveal: bool,
    /// Demands on closures of this group, settled when captures are known.
    pub closure_demands: Vec<ClosureDemand>,
    /// Goals that wait for more to be known.
    pub pending: Vec<Goal>,
    depth: u32,
    /// Traits of parts that the proof at hand has looked at or is looking at.
    assumed: FastSet<(TraitId, Args)>,
    /// Types without `Send` or `Sync` whose parts were looked at for the reason, by the place that demands it.
    refuted: FastSet<(TraitId, Args, Span)>,
    /// Implementations whose header is being normalised: one that needs itself for that fits nothing.
    matching: Vec<ImplId>,
    /// Searches for implementations since the depth was 0.
    searches: u32,
    max_searches: u32,
    deep_goals: u32,
}

#[derive(Clone, Debug)]
pub struct ClosureSig {
    pub params: SmallVec<[Ty; 4]>,
    pub ret: Ty,
}

/// A trait that a closure must implement by virtue of its captures.
#[derive(Clone, Copy, Debug)]
pub struct ClosureDemand {
    pub closure: ClosureId,
    pub trait_: TraitId,
    pub span: Span,
}

/// A predicate to be proven and why.
#[derive(Clone, Debug)]
pub struct Goal {
    pub predicate: Predicate,
    pub cause: Cause,
    pub depth: u32,
    /// What more must be known, if that is known.
    pub waits_for: Option<vars::Open>,
}

impl Goal {
    pub fn new(predicate: Predicate, cause: Cause) -> Goal {
        Goal { predicate, cause, depth: 0, waits_for: None }
    }
}

/// Where a goal comes from.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    pub span: Span,
    /// The bound that a nested goal serves, for notes.
    pub from: Option<(TraitId, Args)>,
}

impl<'c> Solver<'c> {
    pub fn new(c: &'c Checked, env: Env) -> Solver<'c> {
        Solver {
            c,
            env,
            vars: Vars::default(),
            closures: FastMap::default(),
            reveal: false,
            closure_demands: Vec::new(),
            pending: Vec::new(),
            depth: 0,
            assumed: FastSet::default(),
            refuted: FastSet::default(),
            matching: Vec::new(),
            searches: 0,
            max_searches: MAX_SEARCHES,
            deep_goals: 0,
        }
    }

    /// Fresh variables for all parameters of an implementation.
    pub fn fresh_impl_args(&mut self, i: ImplId, span: Span) -> Args {
        let params = self.c.params_of(super::context::Owner::Impl(i));
        self.fresh_args(&params, span)
    }

    pub fn fresh_args(&mut self, params: &[super::context::ParamInfo], span: Span) -> Args {
        let list: SmallVec<[Arg; 6]> = params.iter().map(|p| self.fresh_arg(p, span)).collect();
        self.c.types.args(&list)
    }

    pub fn fresh_arg(&mut self, p: &super::context::ParamInfo, span: Span) -> Arg {
        use super::context::ParamKind;
        match p.kind {
            ParamKind::Lifetime => Arg::Region(crate::ty::Region::Erased),
            ParamKind::Type { .. } => Arg::Ty(self.fresh(span)),
            ParamKind::Const => Arg::Const(self.fresh_const()),
        }
    }

    pub fn fresh(&mut self, span: Span) -> Ty {
        let n = self.vars.len();
        self.vars.new_ty(VarKind::General, span);
        // Each group numbers its variables anew.
        let mut known = self.c.variables.borrow_mut();
        for number in known.len()..=n {
            known.push(self.c.types.mk(TyKind::Infer(InferVar::Ty(number as u32))));
        }
        known[n]
    }

    pub fn fresh_kind(&mut self, kind: VarKind, span: Span) -> Ty {
        let v = self.vars.new_ty(kind, span);
        self.c.types.mk(TyKind::Infer(v))
    }

    pub fn fresh_const(&mut self) -> Const {
        let v = self.vars.new_const();
        self.c.types.mk_const(ConstKind::Infer(v))
    }
}
