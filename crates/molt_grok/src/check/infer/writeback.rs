//! The end of a group: defaults, generalisation of what is left open in signatures, final types.

use molt_base::hash::FastMap;
use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;
use smallvec::SmallVec;

use super::Infer;
use crate::check::captures::{self, Captures, Hiding};
use crate::check::context::{Checked, InferredGenerics, Owner, ParamInfo, ParamKind, Predicate};
use crate::check::typed::{AdjustKind, CallKind, Callee, ClosureData, ClosureForm, FnTrait, TypedBody};
use crate::hir::{BodyOwner, ExprId, FnId};
use crate::ty::fold::Folder;
use crate::ty::{Arg, Args, ClosureId, Const, ConstKind, Flags, FnSig, InferVar, OpaqueId, Ty, TyKind, Types};

/// What inference of a group gives.
pub struct GroupResult {
    pub bodies: Vec<TypedBody>,
    /// Complete signatures of functions that left something out.
    pub sigs: Vec<(FnId, FnSig, InferredGenerics)>,
    pub closures: Vec<(ClosureId, ClosureData)>,
    /// Types of constants that left theirs out.
    pub consts: Vec<(crate::hir::ConstId, Ty)>,
    /// `impl Trait` results: the type behind each.
    pub opaques: Vec<(crate::ty::OpaqueId, Ty)>,
    /// What closures must be able to do by virtue of their captures.
    pub demands: Vec<crate::check::solve::ClosureDemand>,
}

/// Replaces variables by their values and open ones by what they were generalised to.
struct Final<'a, 'c> {
    infer: &'a Infer<'c>,
    /// Parameter of each generalised variable for the current function.
    params: &'a FastMap<u32, (u32, Symbol)>,
    /// Arguments that functions of the group get in addition.
    extra: &'a [Arg],
    /// Arguments of closures: the parameters of the current function.
    own: Args,
    open: Vec<InferVar>,
    /// Types that were replaced before without any variable left: most expressions share their types with others.
    done: FastMap<Ty, Ty>,
}

/// The types before this one have no parts.
const FIRST_COMPOUND: Ty = Ty(Ty::USIZE.0 + 1);

/// What the types that change have in them if the group's functions keep their signatures.
const LOCAL: u8 = Flags::INFER | Flags::CLOSURE;

impl Folder for Final<'_, '_> {
    fn types(&self) -> &Types {
        &self.infer.c.types
    }
    fn mask(&self) -> u8 {
        // Everything: functions of the group and closures change even where no variable is left.
        0xff
    }
    fn ty(&mut self, ty: Ty) -> Ty {
        self.fold_ty(ty)
    }
    fn args(&mut self, args: Args) -> Args {
        let mut list: SmallVec<[Arg; 6]> = SmallVec::from_slice(self.types().list(args));
        let mut changed = false;
        for arg in &mut list {
            let new = match *arg {
                Arg::Ty(t) => Arg::Ty(self.fold_ty(t)),
                Arg::Region(r) => Arg::Region(r),
                Arg::Const(c) => Arg::Const(self.fold_const(c)),
            };
            changed |= new != *arg;
            *arg = new;
        }
        if changed { self.types().args(&list) } else { args }
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        if ty < FIRST_COMPOUND || (self.infer.sigs.is_empty() && !self.types().flags(ty).has(LOCAL)) {
            return ty;
        }
        if let TyKind::Infer(_) = self.types().kind(ty) {
            return self.replaced(ty);
        }
        if let Some(&known) = self.done.get(&ty) {
            return known;
        }
        let open = self.open.len();
        let new = self.replaced(ty);
        if self.open.len() == open {
            self.done.insert(ty, new);
        }
        new
    }
    fn fold_const(&mut self, k: Const) -> Const {
        let k = self.infer.s.resolve_const(k);
        match self.types().const_kind(k) {
            ConstKind::Infer(_) => self.types().mk_const(ConstKind::Error),
            _ => self.const_parts(k),
        }
    }
}

impl Final<'_, '_> {
    fn replaced(&mut self, ty: Ty) -> Ty {
        let c = self.infer.c;
        match c.types.kind(ty) {
            TyKind::Infer(v) => match self.infer.s.vars.value(v) {
                Some(t) => self.fold_ty(t),
                None => {
                    let root = match v {
                        InferVar::Ty(n) | InferVar::Int(n) | InferVar::Float(n) => n,
                    };
                    match self.params.get(&root) {
                        Some(&(i, name)) => c.types.mk(TyKind::Param(i, name)),
                        None => {
                            self.open.push(v);
                            Ty::ERROR
                        }
                    }
                }
            },
            TyKind::FnDef(f, args) if self.infer.sigs.contains_key(&f) => {
                let args = self.args(args);
                let mut list = c.types.list(args).to_vec();
                list.extend_from_slice(self.extra);
                c.types.mk(TyKind::FnDef(f, c.types.args(&list)))
            }
            TyKind::Opaque(id, args) if self.infer.sigs.contains_key(&c.opaque(id).owner) => {
                let args = self.args(args);
                let mut list = c.types.list(args).to_vec();
                list.extend_from_slice(self.extra);
                c.types.mk(TyKind::Opaque(id, c.types.args(&list)))
            }
            TyKind::Closure(id, _) if self.infer.s.closures.contains_key(&id) => {
                c.types.mk(TyKind::Closure(id, self.own))
            }
            TyKind::Future(id, _) if self.infer.s.closures.contains_key(&id) => {
                c.types.mk(TyKind::Future(id, self.own))
            }
            TyKind::Error
            | TyKind::Never
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::Param(..) => ty,
            _ => self.parts(ty),
        }
    }
}

impl<'c> Infer<'c> {
    /// Settles everything and gives the results.
    pub(super) fn finish(mut self) -> GroupResult {
        self.settle();
        let generic = self.generalise();
        self.results(&generic)
    }

    fn settle(&mut self) {
        self.settle_deferred();
        // Literals that nothing decided.
        self.default_numbers();
        self.settle_deferred();
        // What never returns gives nothing.
        for ty in std::mem::take(&mut self.diverging) {
            if self.s.is_unknown(ty) && !self.in_signature(ty) {
                let _ = self.s.unify(ty, Ty::UNIT);
            }
        }
        self.solve();
    }

    fn in_signature(&self, ty: Ty) -> bool {
        let var = self.s.shallow(ty);
        self.sigs.values().any(|s| s.params.iter().any(|&p| self.c.mentions(self.s.resolve(p), var)))
    }

    fn default_numbers(&mut self) {
        for n in 0..self.s.vars.len() as u32 {
            let Some((v, _)) = self.s.vars.open(n) else { continue };
            let ty = self.c.types.mk(TyKind::Infer(v));
            match v {
                InferVar::Int(_) => {
                    let _ = self.s.unify(ty, Ty::I32);
                }
                InferVar::Float(_) => {
                    let _ = self.s.unify(ty, Ty::F64);
                }
                InferVar::Ty(_) => {}
            }
        }
        self.solve();
    }

    /// Open variables of the group's signatures, which become parameters.
    fn generalise(&mut self) -> Vec<u32> {
        let mut open: Vec<u32> = Vec::new();
        let mut sigs: Vec<(FnId, FnSig)> = self.sigs.iter().map(|(&f, s)| (f, s.clone())).collect();
        sigs.sort_by_key(|&(f, _)| f);
        for (_, sig) in &sigs {
            for &ty in sig.params.iter().chain([&sig.ret]) {
                self.open_vars(self.s.resolve(ty), &mut open);
            }
        }
        // A result that nothing decides is the result of a function that never returns one.
        let in_params: Vec<u32> = {
            let mut list = Vec::new();
            for (_, sig) in &sigs {
                for &ty in &sig.params {
                    self.open_vars(self.s.resolve(ty), &mut list);
                }
            }
            list
        };
        let constrained = |v: u32, infer: &Infer<'c>| {
            infer.s.pending.iter().any(|g| {
                let args = match g.predicate {
                    Predicate::Trait(_, a) | Predicate::Projection(_, a, _) => a,
                };
                let mut list = Vec::new();
                for a in infer.c.types.list(infer.s.resolve_args(args)) {
                    if let Arg::Ty(t) = a {
                        infer.open_vars(*t, &mut list);
                    }
                }
                if let Predicate::Projection(_, _, t) = g.predicate {
                    infer.open_vars(infer.s.resolve(t), &mut list);
                }
                list.contains(&v)
            })
        };
        let mut kept = Vec::new();
        for v in open {
            if in_params.contains(&v) || constrained(v, self) {
                kept.push(v);
            } else {
                let ty = self.c.types.mk(TyKind::Infer(InferVar::Ty(v)));
                let _ = self.s.unify(ty, Ty::UNIT);
            }
        }
        // Variables that only bounds connect with the signature (`F: Fn(A) -> R`) are parameters too.
        let mut next = 0;
        while next < kept.len() {
            let goals: Vec<Predicate> = self.s.pending.iter().map(|g| g.predicate).collect();
            for p in goals {
                let mut list = Vec::new();
                let (args, ty) = match p {
                    Predicate::Trait(_, a) => (a, None),
                    Predicate::Projection(_, a, t) => (a, Some(t)),
                };
                for a in self.c.types.list(self.s.resolve_args(args)) {
                    if let Arg::Ty(t) = a {
                        self.open_vars(*t, &mut list);
                    }
                }
                if let Some(t) = ty {
                    self.open_vars(self.s.resolve(t), &mut list);
                }
                if list.contains(&kept[next]) {
                    for v in list {
                        if !kept.contains(&v) {
                            kept.push(v);
                        }
                    }
                }
            }
            next += 1;
        }
        kept
    }

    fn open_vars(&self, ty: Ty, out: &mut Vec<u32>) {
        let types = &self.c.types;
        if !types.flags(ty).has(Flags::INFER) {
            return;
        }
        struct Collect<'a>(&'a Types, &'a mut Vec<u32>);
        impl Folder for Collect<'_> {
            fn types(&self) -> &Types {
                self.0
            }
            fn mask(&self) -> u8 {
                Flags::INFER
            }
            fn fold_ty(&mut self, ty: Ty) -> Ty {
                match self.0.kind(ty) {
                    TyKind::Infer(InferVar::Ty(n)) => {
                        if !self.1.contains(&n) {
                            self.1.push(n);
                        }
                        ty
                    }
                    _ => self.parts(ty),
                }
            }
        }
        Collect(types, out).ty(ty);
    }

    fn results(mut self, generic: &[u32]) -> GroupResult {
        let c = self.c;
        let names: Vec<Symbol> = generic_names(c, generic.len());
        let mut out = GroupResult {
            bodies: Vec::new(),
            sigs: Vec::new(),
            closures: Vec::new(),
            consts: Vec::new(),
            opaques: Vec::new(),
            demands: std::mem::take(&mut self.s.closure_demands),
        };
        let pending: Vec<crate::check::solve::Goal> = std::mem::take(&mut self.s.pending);
        let mut leftovers = Vec::new();
        for (n, state) in std::mem::take(&mut self.bodies).into_iter().enumerate() {
            let mut typed = state.typed;
            let owner = typed.owner;
            let grows = matches!(owner, BodyOwner::Fn(f) if self.sigs.contains_key(&f));
            let mut params = FastMap::default();
            let mut extra = Vec::new();
            let mut infos = Vec::new();
            if grows {
                let owner_params = c.generics_owner(owner).map_or(0, |o| c.params_of(o).len() as u32);
                for (k, &v) in generic.iter().enumerate() {
                    let index = owner_params + k as u32;
                    params.insert(v, (index, names[k]));
                    extra.push(Arg::Ty(c.types.mk(TyKind::Param(index, names[k]))));
                    let span = self.s.vars.span(InferVar::Ty(v));
                    infos.push(ParamInfo { name: names[k], kind: ParamKind::Type { anonymous: true }, span });
                }
            }
            let own = if self.closures.is_empty() { Args::EMPTY } else { self.args_of_closures(owner, &extra) };
            let mut fin =
                Final { infer: &self, params: &params, extra: &extra, own, open: Vec::new(), done: FastMap::default() };
            if let BodyOwner::Fn(f) = owner
                && let Some(sig) = self.sigs.get(&f)
            {
                let sig = FnSig {
                    params: sig.params.iter().map(|&p| fin.keep_regions(p)).collect(),
                    ret: fin.keep_regions(sig.ret),
                    ..sig.clone()
                };
                let predicates = pending.iter().filter_map(|g| fin.predicate(g.predicate, generic)).collect();
                out.sigs.push((f, sig, InferredGenerics { params: infos, predicates }));
            }
            if let BodyOwner::Const(k) = owner
                && c.hir.consts[k].ty.is_none()
            {
                out.consts.push((k, fin.fold_ty(state.ret)));
            }
            for &(at, id, var) in &self.opaques {
                if at == n {
                    out.opaques.push((id, fin.fold_ty(var)));
                }
            }
            fin.open.clear();
            fin.body(&mut typed);
            for v in fin.open.drain(..) {
                leftovers.push((n, v));
            }
            for closure in self.closures.iter().filter(|k| k.body == n) {
                let data = ClosureData {
                    owner,
                    expr: closure.expr,
                    form: closure.form,
                    params: closure.sig.params.iter().map(|&p| fin.fold_ty(p)).collect(),
                    ret: fin.fold_ty(closure.sig.ret),
                    kind: closure.kind.unwrap_or(FnTrait::Fn),
                    captures: Vec::new(),
                };
                out.closures.push((closure.id, data));
            }
            for v in fin.open.drain(..) {
                leftovers.push((n, v));
            }
            out.bodies.push(typed);
        }
        self.report_open(&leftovers, &mut out);
        self.report_ambiguous(&pending, generic, &mut out);
        out
    }

    /// Arguments of the closures of a body: the parameters of the function around them.
    fn args_of_closures(&self, owner: BodyOwner, extra: &[Arg]) -> Args {
        let types = &self.c.types;
        let own = self.c.generics_owner(owner).map_or(Args::EMPTY, |o| self.c.identity_args(o));
        types.erase_args(types.args(&[types.list(own), extra].concat()))
    }

    /// Variables that nothing decided: each once, at the place that made it.
    fn report_open(&mut self, leftovers: &[(usize, InferVar)], out: &mut GroupResult) {
        let mut seen: Vec<Span> = Vec::new();
        for &(n, v) in leftovers {
            let span = self.s.vars.span(v);
            if out.bodies[n].failed || seen.contains(&span) {
                out.bodies[n].failed = true;
                continue;
            }
            seen.push(span);
            let d = Diagnostic::at(&code::TYPE_UNKNOWN, span, "the type of this is not known");
            self.c.report(d);
            out.bodies[n].failed = true;
        }
    }

    /// Bounds on variables that nothing decided.
    fn report_ambiguous(&mut self, pending: &[crate::check::solve::Goal], generic: &[u32], out: &mut GroupResult) {
        if out.bodies.iter().any(|b| b.failed) {
            return;
        }
        for g in pending {
            let args = match g.predicate {
                Predicate::Trait(_, a) | Predicate::Projection(_, a, _) => self.s.resolve_args(a),
            };
            if self.c.types.args_flags(args).has(Flags::ERROR) {
                continue;
            }
            let mut open = Vec::new();
            for a in self.c.types.list(args) {
                if let Arg::Ty(t) = a {
                    self.open_vars(*t, &mut open);
                }
            }
            if open.is_empty() || open.iter().any(|v| generic.contains(v)) {
                continue;
            }
            let d = Diagnostic::at(&code::TYPE_UNKNOWN, g.cause.span, "the type of this is not known");
            self.c.report(d);
            for b in &mut out.bodies {
                b.failed = true;
            }
            return;
        }
    }
}

/// `T`, `U`, …: names of parameters that inference makes. They need not differ from written ones, being told apart by number.
fn generic_names(c: &Checked, count: usize) -> Vec<Symbol> {
    let known = ["T", "U", "V", "W", "X", "Y", "Z", "A", "B", "C", "D", "E", "F", "G", "H"];
    (0..count)
        .map(|n| {
            let wanted = known[n % known.len()];
            c.hir.names.lookup(wanted).or_else(|| c.hir.names.lookup("Self")).unwrap_or(Symbol(0))
        })
        .collect()
}

impl Final<'_, '_> {
    /// A signature's type: only variables change, regions stay.
    fn keep_regions(&mut self, ty: Ty) -> Ty {
        self.fold_ty(ty)
    }

    /// A bound on generalised variables as a bound of the function.
    fn predicate(&mut self, p: Predicate, generic: &[u32]) -> Option<Predicate> {
        let infer = self.infer;
        let (args, ty) = match p {
            Predicate::Trait(_, a) => (a, None),
            Predicate::Projection(_, a, t) => (a, Some(t)),
        };
        let mut open = Vec::new();
        for a in infer.c.types.list(infer.s.resolve_args(args)) {
            if let Arg::Ty(t) = a {
                infer.open_vars(*t, &mut open);
            }
        }
        if !open.iter().any(|v| generic.contains(v)) {
            return None;
        }
        let args = self.args(args);
        Some(match (p, ty) {
            (Predicate::Trait(t, _), _) => Predicate::Trait(t, args),
            (Predicate::Projection(a, _, t), _) => Predicate::Projection(a, args, self.fold_ty(t)),
        })
    }

    fn callee(&mut self, k: Callee) -> Callee {
        let mut args = self.args(k.args);
        if self.infer.sigs.contains_key(&k.func) {
            let mut list = self.types().list(args).to_vec();
            list.extend_from_slice(self.extra);
            args = self.types().args(&list);
        }
        Callee { func: k.func, args }
    }

    fn all(&mut self, list: &mut [Ty]) {
        for ty in list {
            *ty = self.fold_ty(*ty);
        }
    }

    /// Makes the results of a body final, where they are.
    fn body(&mut self, t: &mut TypedBody) {
        for a in t.adjust.values_mut().flatten() {
            if let AdjustKind::OverloadedDeref(k, _) = &mut a.kind {
                *k = self.callee(*k);
            }
            a.to = self.fold_ty(a.to);
        }
        self.all(&mut t.expr_ty);
        self.all(&mut t.pat_ty);
        t.pat_derefs.values_mut().for_each(|list| self.all(list));
        self.all(&mut t.local_ty);
        for k in t.callee.values_mut() {
            *k = self.callee(*k);
        }
        for (_, args) in t.consts.values_mut().chain(t.pat_consts.values_mut()) {
            *args = self.args(*args);
        }
        t.ret = self.fold_ty(t.ret);
        self.all(&mut t.params);
        t.failed |= matches!(t.owner, BodyOwner::Fn(f) if self.infer.c.broken.borrow().contains(&Owner::Fn(f)));
    }
}

impl Checked {
    /// Stores the results of a group.
    pub fn store(&self, result: GroupResult) {
        for (f, sig, generics) in result.sigs {
            self.params.remove(Owner::Fn(f));
            self.predicates.remove(Owner::Fn(f));
            self.env_ids.remove(Owner::Fn(f));
            self.inferred.borrow_mut().insert(f, generics);
            self.erased_sigs.remove(f);
            self.sigs.insert(f, std::rc::Rc::new(sig));
        }
        for (k, ty) in result.consts {
            self.const_types.borrow_mut().insert(k, ty);
        }
        for (id, data) in &result.closures {
            let _ = self.closures[id.0 as usize].draft.set(data.clone());
        }
        let mut closures: FastMap<ClosureId, ClosureData> = result.closures.into_iter().collect();
        let mut bodies = result.bodies;
        let mut found = self.found_captures(&bodies);
        let mut hidden: FastMap<OpaqueId, Ty> = result.opaques.into_iter().collect();
        let endless = captures::endless(self, &found, &hidden);
        // What a body with errors makes needs no second one; the closures behind an `impl Trait` are said with it.
        let mut said: SmallVec<[BodyOwner; 2]> = bodies.iter().filter(|b| b.failed).map(|b| b.owner).collect();
        for hiding in endless {
            let owner = match hiding {
                Hiding::Closure(id) => closures[&id].owner,
                Hiding::Opaque(id) => {
                    hidden.insert(id, Ty::ERROR);
                    BodyOwner::Fn(self.opaque(id).owner)
                }
            };
            if !said.contains(&owner) {
                self.report_hidden_itself(hiding, &closures);
            }
            if matches!(hiding, Hiding::Opaque(_)) {
                said.push(owner);
            }
            for body in bodies.iter_mut().filter(|b| b.owner == owner) {
                body.failed = true;
                body.closures.values().for_each(|id| drop(found.remove(id)));
            }
        }
        for (id, ty) in hidden {
            let _ = self.opaque(id).hidden.set(ty);
        }
        for mut body in bodies {
            self.close(&mut body, &mut closures, &found);
            self.typed.insert(body.owner, Box::new(body));
        }
        for demand in result.demands {
            self.closure_demand(demand);
        }
    }

    /// Captures of the closures in bodies without errors.
    fn found_captures(&self, bodies: &[TypedBody]) -> FastMap<ClosureId, Captures> {
        let mut found = FastMap::default();
        for typed in bodies.iter().filter(|b| !b.failed && !b.closures.is_empty()) {
            if let Some(body) = self.body_of(typed.owner) {
                found.extend(captures::captures(self, self.env_of(typed.owner), body, typed));
            }
        }
        found
    }

    #[cold]
    fn report_hidden_itself(&self, hiding: Hiding, closures: &FastMap<ClosureId, ClosureData>) {
        let (span, text) = match hiding {
            Hiding::Closure(id) => {
                let data = &closures[&id];
                let Some(body) = self.body_of(data.owner) else { return };
                let text = match data.form {
                    ClosureForm::Closure => {
                        "this closure captures a variable whose type is made from the closure's own"
                    }
                    ClosureForm::Async | ClosureForm::Task => {
                        "this future captures a variable whose type is made from the future's own"
                    }
                };
                (body.expr_span(data.expr), text)
            }
            Hiding::Opaque(id) => {
                let f = &self.hir.fns[self.opaque(id).owner];
                (f.head.name_span, "the type behind the `impl` of this function's result is made from itself")
            }
        };
        let d = Diagnostic::at(&code::INFINITE_SIZE, span, text)
            .help("use a type that does not name the inner one, such as `Box<dyn Fn()>`");
        self.report(d);
    }

    /// Stores the closures of a body with their captures, and with them how each closure is called.
    fn close(
        &self,
        typed: &mut TypedBody,
        closures: &mut FastMap<ClosureId, ClosureData>,
        found: &FastMap<ClosureId, Captures>,
    ) {
        let owner = typed.owner;
        let Some(body) = self.body_of(owner) else { return };
        let mut mine: Vec<ClosureId> = closures.iter().filter(|(_, d)| d.owner == owner).map(|(&id, _)| id).collect();
        mine.sort();
        for id in mine {
            let Some(mut data) = closures.remove(&id) else { continue };
            if let Some(known) = found.get(&id) {
                data.captures.clone_from(&known.captures);
                data.kind = known.kind;
            }
            let _ = self.closures[id.0 as usize].done.set(data);
        }
        let by_trait = |(e, kind): (ExprId, &CallKind)| matches!(kind, CallKind::Trait(_)).then_some(e);
        let calls: SmallVec<[ExprId; 8]> = typed.call.iter().filter_map(by_trait).collect();
        for e in calls {
            let crate::hir::Expr::Call { callee, .. } = &body.exprs[e] else { continue };
            if let TyKind::Closure(id, _) = self.types.kind(typed.adjusted(*callee)) {
                typed.call.insert(e, CallKind::Trait(self.closure(id).kind));
            }
        }
    }

    /// A closure must have a trait that its captures may deny it.
    fn closure_demand(&self, demand: crate::check::solve::ClosureDemand) {
        let crate::check::solve::ClosureDemand { closure, trait_, span } = demand;
        let Some(data) = self.closures[closure.0 as usize].done.get() else { return };
        if self.typed(data.owner).is_none_or(|t| t.failed) {
            return;
        }
        let args =
            self.generics_owner(data.owner).map_or(Args::EMPTY, |o| self.types.erase_args(self.identity_args(o)));
        let ty = self.types.mk(TyKind::Closure(closure, args));
        let mut solver = crate::check::solve::Solver::new(self, self.env_of(data.owner));
        let hir = &self.hir;
        let name = hir.text(hir.traits[trait_].head.name);
        if let Some(wanted) = self.lang.fn_kind(trait_) {
            if data.kind > wanted {
                let what = if data.kind == FnTrait::FnOnce {
                    "moves out of what it captures"
                } else {
                    "changes what it captures"
                };
                let text = format!("this closure {what}, so it does not implement `{name}`");
                self.report(Diagnostic::at(&code::BOUND_NOT_SATISFIED, span, text));
            }
            return;
        }
        if solver.implements(ty, trait_, span) == crate::check::solve::Answer::No {
            let is_send = self.lang.send == Some(trait_);
            let kind = if is_send { &code::NOT_SEND } else { &code::BOUND_NOT_SATISFIED };
            let mut d = Diagnostic::at(kind, span, format!("this closure does not implement `{name}`"));
            let body = self.body_of(data.owner);
            for cap in &data.captures {
                let ty = self.types.erase(cap.ty);
                if solver.implements(ty, trait_, span) != crate::check::solve::Answer::Yes
                    && let Some(body) = body
                {
                    let local = &body.locals[cap.local];
                    let text = format!("`{}` is a `{}`", hir.text(local.name), self.ty_text(ty));
                    d = d.label(body.expr_span(cap.because), text, false);
                }
            }
            self.report(d);
        }
    }
}
