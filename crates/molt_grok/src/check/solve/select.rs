//! Which implementation, bound or built-in rule proves a predicate.

use molt_base::Span;

use super::{Goal, MAX_DEPTH, Solver};
use crate::check::context::{Env, Predicate};
use crate::hir::{ImplId, TraitId};
use crate::ty::{Arg, Args, Flags, InferVar, Ty, TyKind};

/// How a trait bound is proven.
#[derive(Clone, Debug)]
pub enum Selected {
    /// By an implementation with these arguments; its own bounds remain to be proven.
    Impl(ImplId, Args),
    /// By a bound in force.
    Bound(Args),
    /// By a rule of the language; these remain to be proven.
    Builtin(Vec<Predicate>),
}

/// What is known of a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Yes,
    No,
    /// Depends on variables.
    Maybe,
}

/// Result of the search for a proof.
pub enum Search {
    Found(Selected),
    Ambiguous,
    Nothing,
}

impl Solver<'_> {
    /// The proof of `args[0]: trait<args[1..]>`, its choices committed.
    pub fn select(&mut self, t: TraitId, args: Args, span: Span) -> Search {
        let args = self.resolve_args(args);
        let c = self.c;
        let self_ty = c.types.list(args)[0].expect_ty();
        match c.types.kind(self_ty) {
            TyKind::Error => return Search::Found(Selected::Builtin(Vec::new())),
            TyKind::Infer(InferVar::Ty(_)) => return Search::Ambiguous,
            _ => {}
        }
        self.searches = if self.depth == 0 { 0 } else { self.searches + 1 };
        if self.searches > self.max_searches {
            self.max_searches = super::FEWER_SEARCHES;
            return Search::Ambiguous;
        }
        match self.bounds_matching(t, args)[..] {
            [] => {}
            [only] => {
                let _ = self.unify_args(only, args);
                return Search::Found(Selected::Bound(only));
            }
            // Several bounds: an exact one wins; otherwise more must be known.
            ref several => {
                let exact = several.iter().find(|&&b| b == args);
                return exact.map_or(Search::Ambiguous, |&b| Search::Found(Selected::Bound(b)));
            }
        }
        if let Some(found) = self.builtin(t, self_ty, args, span) {
            return found;
        }
        self.select_impl(t, self_ty, args, span)
    }

    /// Bounds in force that may prove the predicate.
    fn bounds_matching(&mut self, t: TraitId, args: Args) -> Vec<Args> {
        let c = self.c;
        let mut out = Vec::new();
        for p in c.env(self.env) {
            if let Predicate::Trait(u, have) = *p
                && u == t
                && self.could_unify(have, args)
            {
                out.push(have);
            }
        }
        out
    }

    pub fn could_unify(&mut self, a: Args, b: Args) -> bool {
        let s = self.vars.snapshot();
        let ok = self.unify_args(a, b).is_ok();
        self.vars.rollback(s);
        ok
    }

    fn select_impl(&mut self, t: TraitId, self_ty: Ty, args: Args, span: Span) -> Search {
        let c = self.c;
        let mut list = Vec::new();
        c.impl_candidates(t, self_ty, &mut list);
        list.retain(|&i| c.impl_header(i).erased.is_some_and(|of| self.may_fit_args(of, args)));
        // What a search that is given up has demanded is of variables that are gone.
        let pending = self.pending.len();
        if let [only] = list[..] {
            let s = self.vars.snapshot();
            let found = self.match_impl(only, args, span);
            return match found {
                Some(list) => {
                    self.vars.commit(s);
                    Search::Found(Selected::Impl(only, list))
                }
                None => {
                    self.vars.rollback(s);
                    self.pending.truncate(pending);
                    Search::Nothing
                }
            };
        }
        let mut fitting: Vec<ImplId> = Vec::new();
        for i in list {
            let s = self.vars.snapshot();
            let fits = self.match_impl(i, args, span).is_some();
            self.vars.rollback(s);
            self.pending.truncate(pending);
            if fits {
                fitting.push(i);
            }
        }
        if fitting.len() > 1 {
            // Bounds of the implementations tell them apart.
            let mut left = Vec::new();
            for &i in &fitting {
                if self.impl_answer(i, args, span) != Answer::No {
                    left.push(i);
                }
            }
            fitting = left;
        }
        match fitting[..] {
            [] => Search::Nothing,
            [only] => match self.match_impl(only, args, span) {
                Some(list) => Search::Found(Selected::Impl(only, list)),
                None => Search::Nothing,
            },
            _ => Search::Ambiguous,
        }
    }

    /// Arguments with which the implementation is for these trait arguments.
    pub fn match_impl(&mut self, i: ImplId, args: Args, span: Span) -> Option<Args> {
        let c = self.c;
        let of = c.impl_header(i).erased?;
        let list = self.fresh_impl_args(i, span);
        let written = c.types.list(of)[0].expect_ty();
        let mut of = c.types.subst_args(of, list);
        if c.types.args_flags(of).has(Flags::PROJECTION) {
            if self.matching.contains(&i) {
                return None;
            }
            self.matching.push(i);
            of = self.normalize_args(of, span);
            self.matching.pop();
            // An associated type that is not known, or that there is none of, does not stand for every type.
            let is_projection = matches!(c.types.kind(written), TyKind::Projection(..));
            let self_ty = c.types.list(of)[0].expect_ty();
            if is_projection && (self_ty == Ty::ERROR || self.is_unknown(self_ty)) {
                return None;
            }
        }
        self.unify_args(of, args).ok()?;
        Some(list)
    }

    /// Whether the bounds of a fitting implementation hold.
    fn impl_answer(&mut self, i: ImplId, args: Args, span: Span) -> Answer {
        if self.depth > MAX_DEPTH {
            return Answer::Maybe;
        }
        let (s, pending) = (self.vars.snapshot(), self.pending.len());
        let answer = match self.match_impl(i, args, span) {
            None => Answer::No,
            Some(list) => {
                self.depth += 1;
                let nested = self.c.impl_predicates(i);
                let mut answer = Answer::Yes;
                for p in nested.iter() {
                    let p = self.instantiate(p, list);
                    answer = weaker(answer, self.evaluate(p, span));
                    if answer == Answer::No {
                        break;
                    }
                }
                self.depth -= 1;
                answer
            }
        };
        self.vars.rollback(s);
        self.pending.truncate(pending);
        answer
    }

    /// A predicate of an item with these arguments.
    pub fn instantiate(&self, p: &Predicate, args: Args) -> Predicate {
        let types = &self.c.types;
        match *p {
            Predicate::Trait(t, a) => Predicate::Trait(t, types.subst_args(types.erase_args(a), args)),
            Predicate::Projection(n, a, ty) => Predicate::Projection(
                n,
                types.subst_args(types.erase_args(a), args),
                types.subst(types.erase(ty), args),
            ),
        }
    }

    /// Whether a predicate holds, without changing anything.
    pub fn evaluate(&mut self, p: Predicate, span: Span) -> Answer {
        let c = self.c;
        let key = self.settled_key(p);
        if let Some(known) = key.and_then(|key| c.selections.borrow().get(&key).copied()) {
            return if known { Answer::Yes } else { Answer::No };
        }
        let answer = self.evaluate_anew(p, span);
        if let Some(key) = key
            && answer != Answer::Maybe
        {
            c.selections.borrow_mut().insert(key, answer == Answer::Yes);
        }
        answer
    }

    /// What the answer about a predicate is kept under, if it depends on nothing else.
    fn settled_key(&self, p: Predicate) -> Option<(Env, TraitId, Args)> {
        match p {
            Predicate::Trait(t, args) if !self.c.types.args_flags(args).has(Flags::UNSETTLED) => {
                Some((self.env, t, args))
            }
            _ => None,
        }
    }

    /// Whether the proof at hand has come by a type with `Send` or `Sync` before. Types that contain themselves have them when
    /// all other parts have them, and one part without ends the whole proof.
    fn is_assumed(&mut self, t: TraitId, args: Args) -> bool {
        let is_settled = !self.c.types.args_flags(args).has(Flags::UNSETTLED);
        is_settled && self.c.lang.is_auto(t) && !self.assumed.insert((t, args))
    }

    fn evaluate_anew(&mut self, p: Predicate, span: Span) -> Answer {
        if self.depth > MAX_DEPTH {
            return Answer::Maybe;
        }
        self.depth += 1;
        let s = self.vars.snapshot();
        let pending = self.pending.len();
        let demands = self.closure_demands.len();
        let outer = std::mem::take(&mut self.assumed);
        let answer = self.evaluate_in(p, span);
        self.assumed = outer;
        self.pending.truncate(pending);
        self.closure_demands.truncate(demands);
        self.vars.rollback(s);
        self.depth -= 1;
        answer
    }

    fn evaluate_in(&mut self, p: Predicate, span: Span) -> Answer {
        match p {
            Predicate::Trait(t, args) => {
                let args = self.normalize_args(args, span);
                if self.is_assumed(t, args) {
                    return Answer::Yes;
                }
                match self.select(t, args, span) {
                    Search::Ambiguous => Answer::Maybe,
                    Search::Nothing => Answer::No,
                    Search::Found(s) => {
                        let nested = self.nested(&s);
                        nested.into_iter().fold(Answer::Yes, |a, p| {
                            if a == Answer::No { a } else { weaker(a, self.evaluate_in_depth(p, span)) }
                        })
                    }
                }
            }
            Predicate::Projection(alias, args, ty) => {
                let args = self.normalize_args(args, span);
                let ty = self.normalize(ty, span);
                match self.project(alias, args, span) {
                    super::project::Projected::Known(t) => {
                        if self.unify(t, ty).is_ok() {
                            Answer::Yes
                        } else {
                            Answer::No
                        }
                    }
                    super::project::Projected::Rigid(t) => {
                        if self.unify(t, ty).is_ok() {
                            Answer::Yes
                        } else {
                            Answer::No
                        }
                    }
                    super::project::Projected::Ambiguous => Answer::Maybe,
                    super::project::Projected::Nothing => Answer::No,
                }
            }
        }
    }

    fn evaluate_in_depth(&mut self, p: Predicate, span: Span) -> Answer {
        if let Some(known) = self.settled_key(p).and_then(|key| self.c.selections.borrow().get(&key).copied()) {
            return if known { Answer::Yes } else { Answer::No };
        }
        if self.depth > MAX_DEPTH {
            return Answer::Maybe;
        }
        self.depth += 1;
        let a = self.evaluate_in(p, span);
        self.depth -= 1;
        a
    }

    /// What a proof leaves to be proven.
    pub fn nested(&self, s: &Selected) -> Vec<Predicate> {
        match s {
            Selected::Impl(i, args) => self.c.impl_predicates(*i).iter().map(|p| self.instantiate(p, *args)).collect(),
            Selected::Bound(_) => Vec::new(),
            Selected::Builtin(list) => list.clone(),
        }
    }

    /// Whether there is a bound in force on the trait, or an implementation for types like this one. False is certain for a
    /// struct or enum and a trait without a rule of the language.
    pub fn may_implement(&self, ty: Ty, t: TraitId) -> bool {
        let bound = |p: &Predicate| matches!(p, Predicate::Trait(u, _) if *u == t);
        self.c.impl_exists(t, ty) || self.c.env(self.env).iter().any(bound)
    }

    /// Whether a type implements a trait without parameters.
    pub fn implements(&mut self, ty: Ty, t: TraitId, span: Span) -> Answer {
        let args = self.c.types.args(&[Arg::Ty(ty)]);
        self.evaluate(Predicate::Trait(t, args), span)
    }

    /// Adds a goal to be proven by [`Solver::solve_pending`].
    pub fn demand(&mut self, goal: Goal) {
        self.pending.push(goal);
    }

    /// Proves what can be proven of the pending goals, until nothing changes. Failures are returned.
    pub fn solve_pending(&mut self) -> Vec<Goal> {
        let mut failed = Vec::new();
        loop {
            let mut progress = false;
            // Goals that wait move to the front; those that normalisation or a proof adds come after the ones there are.
            let count = self.pending.len();
            let mut waiting = 0;
            for n in 0..count {
                if !self.pending[n].waits_for.is_some_and(|open| self.vars.is_open(&open)) {
                    let mut goal = self.pending[n].clone();
                    match self.step(&mut goal) {
                        Step::Done(nested) => {
                            progress = true;
                            self.demand_nested(&goal, nested);
                            continue;
                        }
                        Step::Wait => self.pending[n] = goal,
                        Step::Fail => {
                            progress = true;
                            failed.push(goal);
                            continue;
                        }
                    }
                }
                self.pending.swap(waiting, n);
                waiting += 1;
            }
            self.pending.drain(waiting..count);
            if !progress || self.pending.is_empty() {
                return failed;
            }
        }
    }

    /// What the proof of a goal leaves to be proven.
    fn demand_nested(&mut self, goal: &Goal, nested: Vec<Predicate>) {
        let from = match goal.predicate {
            Predicate::Trait(t, a) => Some((t, a)),
            Predicate::Projection(..) => goal.cause.from,
        };
        let cause = super::Cause { from: goal.cause.from.or(from), ..goal.cause };
        for p in nested {
            self.demand(Goal { depth: goal.depth + 1, ..Goal::new(p, cause) });
        }
    }

    /// Tries to prove a goal. What is found out of the types of one that must wait is kept.
    fn step(&mut self, goal: &mut Goal) -> Step {
        self.deep_goals += u32::from(goal.depth > super::DEEP);
        if goal.depth > MAX_DEPTH || self.deep_goals > super::MAX_DEEP_GOALS {
            return Step::Fail;
        }
        let span = goal.cause.span;
        match goal.predicate {
            Predicate::Trait(t, args) => {
                let args = self.normalize_args(args, span);
                let args = self.resolve_args(args);
                let settled = !self.c.types.args_flags(args).has(Flags::UNSETTLED);
                let answer = if settled { self.evaluate(Predicate::Trait(t, args), span) } else { Answer::Maybe };
                let is_told = answer == Answer::No && self.c.lang.is_auto(t) && !self.refuted.insert((t, args, span));
                if answer == Answer::Yes || is_told {
                    return Step::Done(Vec::new());
                }
                match self.select(t, args, span) {
                    Search::Found(s) => Step::Done(self.nested(&s)),
                    Search::Ambiguous => {
                        goal.predicate = Predicate::Trait(t, args);
                        goal.waits_for = self.open_vars(args);
                        Step::Wait
                    }
                    Search::Nothing => Step::Fail,
                }
            }
            Predicate::Projection(alias, args, ty) => {
                let args = self.normalize_args(args, span);
                let ty = self.normalize(ty, span);
                use super::project::Projected;
                match self.project(alias, args, span) {
                    Projected::Known(t) | Projected::Rigid(t) => match self.unify(t, ty) {
                        Ok(()) => Step::Done(Vec::new()),
                        Err(_) => Step::Fail,
                    },
                    Projected::Ambiguous => {
                        let args = self.resolve_args(args);
                        goal.predicate = Predicate::Projection(alias, args, ty);
                        goal.waits_for = self.open_vars(args);
                        Step::Wait
                    }
                    Projected::Nothing => Step::Fail,
                }
            }
        }
    }
}

enum Step {
    Done(Vec<Predicate>),
    Wait,
    Fail,
}

/// The worse of two answers.
fn weaker(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::No, _) | (_, Answer::No) => Answer::No,
        (Answer::Maybe, _) | (_, Answer::Maybe) => Answer::Maybe,
        _ => Answer::Yes,
    }
}
