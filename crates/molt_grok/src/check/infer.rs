//! Inference of one call group: bodies that need one another's types are inferred together.
//!
//! Start with [`infer_group`]. The tree is walked once, with the type that a place expects as a hint; operators, methods and
//! calls whose meaning depends on a type that is not known yet are put off ([`deferred`]) and taken up again when more is
//! known.

mod call;
mod coerce;
mod concurrency;
mod deferred;
mod expr;
mod method;
mod op;
mod pat;
mod path;
mod writeback;

use molt_base::hash::FastMap;
use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;
use smallvec::SmallVec;

use super::context::{Checked, Env, Predicate};
use super::convert::{Converter, Elision, Holes};
use super::solve::{Cause, ClosureSig, Goal, Solver, VarKind};
use super::typed::{Adjust, AdjustKind, Callee, CalleeRole, ClosureForm, FnTrait, TypedBody};
use crate::hir::{Body, BodyOwner, ExprId, FnId, ScopeId, TraitId, TypeId};
use crate::ty::fold::Folder;
use crate::ty::{Arg, Args, ClosureId, Const, ConstKind, Flags, FnSig, Ty, TyKind};

pub use writeback::GroupResult;

/// A closure, task or `async` block that is being inferred.
pub(super) struct OpenClosure {
    pub id: ClosureId,
    pub expr: ExprId,
    pub body: usize,
    pub form: ClosureForm,
    pub sig: ClosureSig,
    /// Demanded by the place where it is written, if that says one.
    pub kind: Option<FnTrait>,
}

/// Result types of the closures around an expression: bodies rarely have more than two levels.
pub(super) type Returns = SmallVec<[Ty; 4]>;

/// One body of the group.
pub(super) struct BodyState<'c> {
    pub body: &'c Body,
    pub typed: TypedBody,
    pub ret: Ty,
    /// Types of `break` values, by scope.
    pub breaks: FastMap<ScopeId, BreakState>,
    /// Result types of the closures around the current expression, innermost last.
    pub returns: Returns,
    pub unsafe_depth: u32,
}

#[derive(Clone, Copy)]
pub(super) struct BreakState {
    pub ty: Option<Ty>,
    pub expected: Option<Ty>,
    pub broken: bool,
}

pub struct Infer<'c> {
    pub(super) c: &'c Checked,
    pub(super) s: Solver<'c>,
    pub(super) bodies: Vec<BodyState<'c>>,
    pub(super) at: usize,
    /// Signatures of the group's functions, with variables.
    pub(super) sigs: FastMap<FnId, FnSig>,
    pub(super) closures: Vec<OpenClosure>,
    pub(super) deferred: Vec<deferred::Deferred>,
    /// Variables that become `()` if nothing else is known: results of what never returns.
    pub(super) diverging: Vec<Ty>,
    /// Bounds that were reported and where: what follows from one of them is not reported again.
    unmet: Vec<(TraitId, Args, Span)>,
    /// `impl Trait` results of the group's functions: what stands for each inside its body.
    pub(super) opaques: Vec<(usize, crate::ty::OpaqueId, Ty)>,
    /// The expression walked last does not return.
    pub(super) diverges: bool,
    pub(super) errors: bool,
}

/// Makes variables for what is left out.
pub(super) struct VarHoles<'a, 'c>(pub &'a mut Solver<'c>);

impl Holes for VarHoles<'_, '_> {
    fn ty(&mut self, span: Span) -> Option<Ty> {
        Some(self.0.fresh(span))
    }
    fn constant(&mut self, _: Span) -> Option<Const> {
        Some(self.0.fresh_const())
    }
}

/// Infers the bodies together. Functions whose signature is incomplete get one; the results are stored by the caller.
pub fn infer_group(c: &Checked, owners: &[BodyOwner]) -> GroupResult {
    let env = owners.first().map_or(Env::EMPTY, |&o| c.env_of(o));
    let mut infer = Infer {
        c,
        s: Solver::new(c, env),
        bodies: Vec::new(),
        at: 0,
        sigs: FastMap::default(),
        closures: Vec::new(),
        deferred: Vec::new(),
        diverging: Vec::new(),
        unmet: Vec::new(),
        opaques: Vec::new(),
        diverges: false,
        errors: false,
    };
    for &owner in owners {
        infer.open(owner);
    }
    for n in 0..infer.bodies.len() {
        infer.at = n;
        infer.s.env = c.env_of(infer.bodies[n].body.owner);
        infer.body();
    }
    infer.finish()
}

impl<'c> Infer<'c> {
    /// Makes the state of a body and, for a function with an incomplete signature, variables for what is left out.
    fn open(&mut self, owner: BodyOwner) {
        let Some(body) = self.c.body_of(owner) else { return };
        if let BodyOwner::Fn(f) = owner
            && self.c.known_sig(f).is_none()
        {
            let sig = self.c.convert_sig(f, &mut VarHoles(&mut self.s));
            self.sigs.insert(f, sig);
        }
        let (params, ret) = self.signature_of(owner);
        self.s.vars.reserve(body.exprs.len());
        let typed = TypedBody::new(owner, body, params, ret);
        self.bodies.push(BodyState {
            body,
            typed,
            ret,
            breaks: FastMap::default(),
            returns: Returns::new(),
            unsafe_depth: 0,
        });
    }

    /// Erased types of parameters (`self` first) and result of a body.
    fn signature_of(&mut self, owner: BodyOwner) -> (Vec<Ty>, Ty) {
        let c = self.c;
        let erase = |ty| c.types.erase(ty);
        match owner {
            BodyOwner::Fn(f) => {
                if let Some(sig) = self.sigs.get(&f) {
                    return (sig.params.iter().map(|&p| erase(p)).collect(), erase(sig.ret));
                }
                let sig = c.known_erased_sig(f).expect("who leaves something out is in the table of the group");
                (sig.params.clone(), sig.ret)
            }
            BodyOwner::Const(k) => {
                let ty = erase(c.const_type(k));
                let ty = if ty == Ty::ERROR && c.hir.consts[k].ty.is_none() {
                    self.s.fresh(c.hir.consts[k].head.name_span)
                } else {
                    ty
                };
                (Vec::new(), ty)
            }
            BodyOwner::ParamDefault(f, n) => {
                let sig = c.fn_sig(f);
                let skip = usize::from(c.hir.fns[f].self_param.is_some());
                let ret = sig.params.get(n as usize + skip).copied().unwrap_or(Ty::ERROR);
                let params = sig.params.iter().take(n as usize + skip).map(|&p| erase(p)).collect();
                (params, erase(ret))
            }
            BodyOwner::FieldDefault(adt, n) => {
                (Vec::new(), erase(c.field_types(adt, 0).get(n as usize).copied().unwrap_or(Ty::ERROR)))
            }
            BodyOwner::Discriminant(adt, _) => (Vec::new(), c.hir.adts[adt].repr.int.map_or(Ty::ISIZE, Ty::int)),
            BodyOwner::ConstArg(b) => (Vec::new(), c.const_arg_types.borrow().get(&b).copied().unwrap_or(Ty::USIZE)),
        }
    }

    pub(super) fn b(&mut self) -> &mut BodyState<'c> {
        &mut self.bodies[self.at]
    }

    pub(super) fn body_ref(&self) -> &'c Body {
        self.bodies[self.at].body
    }

    pub(super) fn typed(&mut self) -> &mut TypedBody {
        &mut self.bodies[self.at].typed
    }

    fn body(&mut self) {
        let body = self.body_ref();
        let count = body.locals.len();
        for n in 0..count {
            let span = body.locals[crate::hir::LocalId(n as u32)].span;
            let var = self.s.fresh(span);
            self.typed().local_ty.push(var);
        }
        let has_self = body.self_local.is_some();
        if let Some(l) = body.self_local
            && let Some(&ty) = self.typed().params.first()
        {
            let ty = self.s.normalize(ty, body.locals[l].span);
            self.typed().local_ty[l.0 as usize] = ty;
        }
        for (n, &(pat, _)) in body.params.iter().enumerate() {
            let Some(&ty) = self.typed().params.get(n + usize::from(has_self)) else { break };
            let span = body.pat_span(pat);
            let ty = self.s.normalize(ty, span);
            self.check_pat_top(pat, ty);
        }
        let ret = self.b().ret;
        let ret = self.s.normalize(ret, body.span);
        let ret = self.open_opaques(ret, body.span);
        self.b().ret = ret;
        self.b().returns.push(ret);
        let from = self.s.vars.len();
        self.diverges = false;
        self.check_coerce(body.value, ret);
        self.solve();
        self.s.vars.restrict_numbers(from);
        self.b().returns.pop();
        self.retry_deferred();
    }

    /// The result type with the function's own `impl Trait` replaced by variables that must satisfy the bounds.
    fn open_opaques(&mut self, ty: Ty, span: Span) -> Ty {
        struct Open<'a, 'c> {
            infer: &'a mut Infer<'c>,
            owner: FnId,
            span: Span,
        }
        impl Folder for Open<'_, '_> {
            fn types(&self) -> &crate::ty::Types {
                &self.infer.c.types
            }
            fn mask(&self) -> u8 {
                Flags::OPAQUE
            }
            fn fold_ty(&mut self, ty: Ty) -> Ty {
                let c = self.infer.c;
                match c.types.kind(ty) {
                    TyKind::Opaque(id, _) if c.opaque(id).owner == self.owner => {
                        let at = self.infer.at;
                        if let Some(&(_, _, var)) = self.infer.opaques.iter().find(|&&(n, o, _)| n == at && o == id) {
                            return var;
                        }
                        let var = self.infer.s.fresh(self.span);
                        self.infer.opaques.push((at, id, var));
                        for predicate in c.opaque_bounds(id, var) {
                            let predicate = match predicate {
                                Predicate::Projection(alias, args, ty) => {
                                    Predicate::Projection(alias, args, self.fold_ty(ty))
                                }
                                Predicate::Trait(..) => predicate,
                            };
                            let cause = Cause { span: c.hir.type_span(c.opaque(id).bounds), from: None };
                            self.infer.s.demand(Goal::new(predicate, cause));
                        }
                        var
                    }
                    _ => self.parts(ty),
                }
            }
        }
        match self.body_ref().owner {
            BodyOwner::Fn(owner) => Open { infer: self, owner, span }.ty(ty),
            _ => ty,
        }
    }

    pub(super) fn span(&self, e: ExprId) -> Span {
        self.body_ref().expr_span(e)
    }

    pub(super) fn text(&self, name: Symbol) -> &'c str {
        self.c.hir.text(name)
    }

    pub(super) fn show(&self, ty: Ty) -> String {
        self.c.ty_text(self.s.resolve(ty))
    }

    pub(super) fn report(&mut self, d: Diagnostic) {
        self.errors = true;
        self.typed().failed = true;
        self.c.report(d);
    }

    pub(super) fn error(&mut self, code: &'static molt_diagnostics::Code, span: Span, text: impl Into<String>) -> Ty {
        self.report(Diagnostic::at(code, span, text));
        Ty::ERROR
    }

    pub(super) fn record(&mut self, e: ExprId, ty: Ty) -> Ty {
        self.typed().expr_ty[e.0 as usize] = ty;
        ty
    }

    pub(super) fn adjust(&mut self, e: ExprId, kind: AdjustKind, to: Ty) {
        self.typed().adjust.or_default(e).push(Adjust { kind, to });
    }

    pub(super) fn set_callee(&mut self, e: ExprId, role: CalleeRole, callee: Callee) {
        self.typed().callee.insert((e, role), callee);
    }

    /// Converts a written type of the body; what is left out becomes a variable.
    pub(super) fn convert(&mut self, id: TypeId) -> Ty {
        let owner = self.c.generics_owner(self.body_ref().owner);
        let mut holes = VarHoles(&mut self.s);
        let ty = Converter::new(self.c, owner, Elision::Erased, &mut holes).ty(id);
        let span = self.c.hir.type_span(id);
        let ty = self.c.types.erase(ty);
        self.s.normalize(ty, span)
    }

    pub(super) fn convert_unsized(&mut self, id: TypeId) -> Ty {
        let owner = self.c.generics_owner(self.body_ref().owner);
        let mut holes = VarHoles(&mut self.s);
        let ty = Converter::new(self.c, owner, Elision::Erased, &mut holes).unsized_ty(id);
        let span = self.c.hir.type_span(id);
        let ty = self.c.types.erase(ty);
        self.s.normalize(ty, span)
    }

    /// Demands all bounds of an item that is used with these arguments.
    pub(super) fn demand_bounds(&mut self, owner: super::context::Owner, args: crate::ty::Args, span: Span) {
        let list = self.c.predicates_of(owner);
        for p in list.iter() {
            let predicate = self.s.instantiate(p, args);
            self.s.demand(Goal::new(predicate, Cause { span, from: None }));
        }
    }

    pub(super) fn demand_trait(&mut self, t: crate::hir::TraitId, args: &[Ty], span: Span) {
        let list = self.c.types.ty_list(args);
        let predicate = super::context::Predicate::Trait(t, list);
        self.s.demand(Goal::new(predicate, Cause { span, from: None }));
    }

    /// Proves what can be proven now and reports what cannot be.
    pub(super) fn solve(&mut self) {
        let failed = self.s.solve_pending();
        for goal in failed {
            self.report_goal(&goal);
        }
    }

    /// The type with its outermost variable known, after proving what waits if that helps.
    pub(super) fn structurally(&mut self, ty: Ty) -> Ty {
        let ty = self.s.shallow(ty);
        if self.s.is_unknown(ty) && !self.s.pending.is_empty() {
            self.solve();
            return self.s.shallow(ty);
        }
        ty
    }

    /// A bound that does not hold.
    fn report_goal(&mut self, goal: &Goal) {
        use super::context::Predicate;
        let span = goal.cause.span;
        if goal.depth > super::solve::MAX_DEPTH
            && let Some((from, list)) = goal.cause.from
        {
            let list = self.s.resolve_args(list);
            let ty = self.c.ty_text(self.c.types.list(list)[0].expect_ty());
            let text = format!("the proof of `{ty}: {}` does not end", self.c.trait_text(from, list));
            return self.report(Diagnostic::at(&code::BOUND_RECURSION, span, text));
        }
        match goal.predicate {
            Predicate::Trait(t, args) => {
                let args = self.s.resolve_args(args);
                if self.c.types.args_flags(args).has(Flags::ERROR) {
                    return;
                }
                let list = self.c.types.list(args);
                let self_ty = list[0].expect_ty();
                let within = |a: Span, b: Span| a.file == b.file && b.start <= a.start && a.end <= b.end;
                if self.unmet.iter().any(|&(u, a, s)| u == t && a == args && (within(s, span) || within(span, s))) {
                    return;
                }
                self.unmet.push((t, args, span));
                let text = format!(
                    "the trait `{}` is not implemented for `{}`",
                    self.c.trait_text(t, args),
                    self.c.ty_text(self_ty)
                );
                let is_send = ["send", "sync"].iter().any(|n| self.c.hir.lang_trait(n) == Some(t));
                let kind = if is_send { &code::NOT_SEND } else { &code::BOUND_NOT_SATISFIED };
                let mut d = Diagnostic::at(kind, span, text);
                if let Some((from, list)) = goal.cause.from
                    && from != t
                {
                    let list = self.s.resolve_args(list);
                    let ty = self.c.ty_text(self.c.types.list(list)[0].expect_ty());
                    d = d.note(format!("needed for `{ty}: {}`", self.c.trait_text(from, list)));
                }
                let name = self.text(self.c.hir.traits[t].head.name);
                d = d.help(match is_send {
                    true => "send owned data, or share it in an `Arc`".to_string(),
                    false => format!("implement `{name}` for `{}`, or add the bound", self.c.ty_text(self_ty)),
                });
                self.report(d);
            }
            Predicate::Projection(alias, args, ty) => {
                let args = self.s.resolve_args(args);
                let want = self.s.resolve(ty);
                if self.c.types.args_flags(args).has(Flags::ERROR) || self.c.types.flags(want).has(Flags::ERROR) {
                    return;
                }
                let known = self.s.normalize(self.c.types.mk(TyKind::Projection(alias, args)), span);
                let known = self.s.resolve(known);
                if self.c.types.flags(known).has(Flags::ERROR) {
                    return;
                }
                let name = self.text(self.c.hir.aliases[alias].head.name);
                let self_ty = self.c.types.list(args)[0].expect_ty();
                let text = format!(
                    "`{name}` of `{}` is `{}`, but `{}` is expected",
                    self.c.ty_text(self_ty),
                    self.c.ty_text(known),
                    self.c.ty_text(want)
                );
                self.report(Diagnostic::at(&code::ASSOCIATED_TYPE_MISMATCH, span, text));
            }
        }
    }

    /// `expected X, found Y`.
    pub(super) fn mismatch(&mut self, span: Span, expected: Ty, found: Ty) {
        let (expected, found) = (self.s.resolve(expected), self.s.resolve(found));
        let types = &self.c.types;
        if types.flags(expected).has(Flags::ERROR) || types.flags(found).has(Flags::ERROR) {
            self.typed().failed = true;
            self.errors = true;
            return;
        }
        let (e, f) = (self.c.ty_text(expected), self.c.ty_text(found));
        let mut d = Diagnostic::new(&code::TYPE_MISMATCH, format!("expected `{e}`, found `{f}`")).label(
            span,
            format!("this is `{f}`"),
            true,
        );
        if let Some(help) = self.conversion_help(expected, found) {
            d = d.help(help);
        }
        self.report(d);
    }

    /// A safe way from one type to another.
    fn conversion_help(&self, expected: Ty, found: Ty) -> Option<String> {
        let types = &self.c.types;
        let number = |t| matches!(types.kind(t), TyKind::Int(_) | TyKind::Float(_) | TyKind::Infer(_));
        let e = self.c.ty_text(expected);
        if number(expected) && number(found) && !e.contains(['{', '_']) {
            return Some(format!("convert it: `as {e}`"));
        }
        match (types.kind(expected), types.kind(found)) {
            (TyKind::Closure(..), TyKind::Closure(..)) => {
                Some("each closure has a type of its own: let both be a `Box<dyn Fn(..)>`".into())
            }
            (TyKind::Future(..), TyKind::Future(..)) => {
                Some("each future has a type of its own: let both be a `Box<dyn Future<..>>`".into())
            }
            (TyKind::Ref(_, m, t), _) if t == found => {
                let text = if m == crate::hir::Mutability::Mut { "&mut " } else { "&" };
                Some(format!("borrow it: put `{text}` before it"))
            }
            (_, TyKind::Ref(_, _, t)) if t == expected => {
                Some("follow the reference: put `*` before it, or `clone()` the value".into())
            }
            (_, TyKind::Str(_)) if self.c.is_lang_adt(expected, "String") => {
                Some("make a `String` of it: `.to_string()`".into())
            }
            (TyKind::Str(_), _) if self.c.is_lang_adt(found, "String") => Some("borrow it: put `&` before it".into()),
            (TyKind::Tuple(a), _) if types.list(a).is_empty() => {
                Some("end the expression with `;` if its value is not wanted".into())
            }
            (TyKind::Adt(adt, a), _)
                if self.c.hir.lang_adt("Option") == Some(adt) && types.list(a)[0] == Arg::Ty(found) =>
            {
                Some("wrap it: `Some(..)`".into())
            }
            (TyKind::Adt(adt, a), _)
                if self.c.hir.lang_adt("Result") == Some(adt) && types.list(a)[0] == Arg::Ty(found) =>
            {
                Some("wrap it: `Ok(..)`".into())
            }
            _ => None,
        }
    }

    pub(super) fn number_var(&mut self, span: Span) -> Ty {
        self.s.fresh_kind(VarKind::Number, span)
    }

    /// A type that must be known here and is not.
    pub(super) fn unknown_type(&mut self, span: Span, what: &str) -> Ty {
        let text = format!("the type of {what} is not known here");
        self.error(&code::TYPE_UNKNOWN, span, text)
    }

    pub(super) fn const_usize(&self, n: u64) -> Const {
        self.c.types.mk_const(ConstKind::Value(i128::from(n)))
    }
}
