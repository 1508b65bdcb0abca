//! The table of variables with undo, and unification.

use molt_base::Span;

use super::Solver;
use crate::hir::Mutability;
use crate::ty::fold::Folder;
use crate::ty::{Arg, Args, Const, ConstKind, Flags, InferVar, Ty, TyKind, Types};

/// What a variable may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VarKind {
    General,
    /// An unsuffixed integer literal within its statement: any number type.
    Number,
    Integer,
    Float,
}

#[derive(Clone, Copy, Debug)]
struct TyVar {
    value: Option<Ty>,
    kind: VarKind,
    span: Span,
}

#[derive(Clone, Copy, Debug)]
enum Undo {
    Ty(u32, TyVar),
    Const(u32),
}

/// The variables of one call group.
#[derive(Default)]
pub struct Vars {
    tys: Vec<TyVar>,
    consts: Vec<Option<Const>>,
    log: Vec<Undo>,
    snapshots: u32,
}

/// Variables of which nothing more was known when somebody looked, each with what it might have become.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    vars: [(u32, VarKind); Open::MOST],
    count: u8,
}

impl Open {
    /// Those who wait for more variables look every time.
    const MOST: usize = 4;

    fn add(&mut self, n: u32, kind: VarKind) -> bool {
        let free = usize::from(self.count) < Open::MOST;
        if free {
            self.vars[usize::from(self.count)] = (n, kind);
            self.count += 1;
        }
        free
    }
}

/// A state to go back to.
#[must_use]
pub struct Snapshot {
    log: usize,
    tys: usize,
    consts: usize,
}

fn index(v: InferVar) -> u32 {
    match v {
        InferVar::Ty(n) | InferVar::Int(n) | InferVar::Float(n) => n,
    }
}

impl Vars {
    pub fn new_ty(&mut self, kind: VarKind, span: Span) -> InferVar {
        let n = self.tys.len() as u32;
        self.tys.push(TyVar { value: None, kind, span });
        match kind {
            VarKind::General => InferVar::Ty(n),
            VarKind::Number | VarKind::Integer => InferVar::Int(n),
            VarKind::Float => InferVar::Float(n),
        }
    }

    /// Makes room for the variables of a body with so many expressions.
    pub fn reserve(&mut self, exprs: usize) {
        self.tys.reserve(exprs);
        self.log.reserve(16);
    }

    pub fn new_const(&mut self) -> u32 {
        self.consts.push(None);
        self.consts.len() as u32 - 1
    }

    pub fn len(&self) -> usize {
        self.tys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tys.is_empty()
    }

    pub fn kind(&self, v: InferVar) -> VarKind {
        self.tys[index(v) as usize].kind
    }

    pub fn span(&self, v: InferVar) -> Span {
        self.tys[index(v) as usize].span
    }

    pub fn value(&self, v: InferVar) -> Option<Ty> {
        self.tys[index(v) as usize].value
    }

    /// The variable by number, if nothing is known of it.
    pub fn open(&self, n: u32) -> Option<(InferVar, Span)> {
        let v = self.tys[n as usize];
        let var = match v.kind {
            VarKind::General => InferVar::Ty(n),
            VarKind::Number | VarKind::Integer => InferVar::Int(n),
            VarKind::Float => InferVar::Float(n),
        };
        v.value.is_none().then_some((var, v.span))
    }

    /// Whether nothing more is known than when the variables were listed.
    pub fn is_open(&self, open: &Open) -> bool {
        open.vars[..usize::from(open.count)].iter().all(|&(n, kind)| {
            let var = &self.tys[n as usize];
            var.value.is_none() && var.kind == kind
        })
    }

    fn change(&mut self, n: u32) -> &mut TyVar {
        if self.snapshots > 0 {
            self.log.push(Undo::Ty(n, self.tys[n as usize]));
        }
        &mut self.tys[n as usize]
    }

    pub fn set(&mut self, v: InferVar, ty: Ty) {
        self.change(index(v)).value = Some(ty);
    }

    /// Ends the freedom of literals made since a number of variables existed: they are integers from now on.
    pub fn restrict_numbers(&mut self, from: usize) {
        for n in from..self.tys.len() {
            let v = self.tys[n];
            if v.kind == VarKind::Number && v.value.is_none() {
                self.change(n as u32).kind = VarKind::Integer;
            }
        }
    }

    fn set_const(&mut self, n: u32, value: Const) {
        if self.snapshots > 0 {
            self.log.push(Undo::Const(n));
        }
        self.consts[n as usize] = Some(value);
    }

    pub fn const_value(&self, n: u32) -> Option<Const> {
        self.consts[n as usize]
    }

    pub fn snapshot(&mut self) -> Snapshot {
        self.snapshots += 1;
        Snapshot { log: self.log.len(), tys: self.tys.len(), consts: self.consts.len() }
    }

    pub fn commit(&mut self, _: Snapshot) {
        self.snapshots -= 1;
        if self.snapshots == 0 {
            self.log.clear();
        }
    }

    pub fn rollback(&mut self, s: Snapshot) {
        while self.log.len() > s.log {
            match self.log.pop() {
                Some(Undo::Ty(n, old)) => self.tys[n as usize] = old,
                Some(Undo::Const(n)) => self.consts[n as usize] = None,
                None => break,
            }
        }
        self.tys.truncate(s.tys);
        self.consts.truncate(s.consts);
        self.snapshots -= 1;
    }
}

struct Resolver<'a> {
    types: &'a Types,
    vars: &'a Vars,
}

impl Folder for Resolver<'_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::INFER
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::Infer(v) => match self.vars.value(v) {
                Some(t) => self.ty(t),
                None => ty,
            },
            _ => self.parts(ty),
        }
    }
    fn fold_const(&mut self, c: Const) -> Const {
        match self.types.const_kind(c) {
            ConstKind::Infer(n) => match self.vars.const_value(n) {
                Some(k) => self.fold_const(k),
                None => c,
            },
            _ => self.const_parts(c),
        }
    }
}

/// The types do not agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch;

impl Solver<'_> {
    /// The type with its outermost variable looked through.
    pub fn shallow(&self, ty: Ty) -> Ty {
        let mut ty = ty;
        while let TyKind::Infer(v) = self.c.types.kind(ty) {
            match self.vars.value(v) {
                Some(t) => ty = t,
                None => break,
            }
        }
        ty
    }

    /// Kind of the type with its outermost variable looked through.
    pub fn kind(&self, ty: Ty) -> TyKind {
        let mut kind = self.c.types.kind(ty);
        while let TyKind::Infer(v) = kind
            && let Some(value) = self.vars.value(v)
        {
            kind = self.c.types.kind(value);
        }
        kind
    }

    /// The type with all known variables replaced.
    pub fn resolve(&self, ty: Ty) -> Ty {
        Resolver { types: &self.c.types, vars: &self.vars }.ty(ty)
    }

    pub fn resolve_args(&self, args: Args) -> Args {
        Resolver { types: &self.c.types, vars: &self.vars }.args(args)
    }

    pub fn resolve_const(&self, c: Const) -> Const {
        Resolver { types: &self.c.types, vars: &self.vars }.fold_const(c)
    }

    /// The variables of resolved arguments on which alone an answer about them depends; `None` if it depends on more, or on
    /// too many.
    pub fn open_vars(&self, args: Args) -> Option<Open> {
        let mut open = Open { vars: [(0, VarKind::General); Open::MOST], count: 0 };
        (self.add_open(args, &mut open) && open.count > 0).then_some(open)
    }

    fn add_open(&self, args: Args, open: &mut Open) -> bool {
        let types = &self.c.types;
        // What is known of closures and hidden types grows too.
        const MORE: u8 = Flags::CLOSURE | Flags::OPAQUE | Flags::PROJECTION;
        if types.args_flags(args).has(MORE) {
            return false;
        }
        types.list(args).iter().all(|&arg| match arg {
            Arg::Ty(ty) => self.add_open_in(ty, open),
            Arg::Region(_) => true,
            Arg::Const(c) => !matches!(types.const_kind(c), ConstKind::Infer(_)),
        })
    }

    fn add_open_in(&self, ty: Ty, open: &mut Open) -> bool {
        let types = &self.c.types;
        if !types.flags(ty).has(Flags::INFER) {
            return true;
        }
        match types.kind(ty) {
            TyKind::Infer(v) => open.add(index(v), self.vars.kind(v)),
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) | TyKind::Slice(t) => self.add_open_in(t, open),
            TyKind::Tuple(a) | TyKind::Adt(_, a) | TyKind::FnPtr(a) => self.add_open(a, open),
            _ => false,
        }
    }

    /// Whether nothing at all is known of a type.
    pub fn is_unknown(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Infer(InferVar::Ty(_)))
    }

    /// Makes two types equal or changes nothing.
    pub fn unify(&mut self, a: Ty, b: Ty) -> Result<(), Mismatch> {
        if a == b { Ok(()) } else { self.attempt(|s| s.unify_in(a, b)) }
    }

    /// As [`Solver::unify`] for two lists of arguments.
    pub fn unify_args(&mut self, a: Args, b: Args) -> Result<(), Mismatch> {
        if a == b { Ok(()) } else { self.attempt(|s| s.unify_lists(a, b)) }
    }

    /// Keeps what the work did to the variables only if it succeeds.
    fn attempt(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Mismatch>) -> Result<(), Mismatch> {
        let s = self.vars.snapshot();
        let result = work(self);
        match result {
            Ok(()) => self.vars.commit(s),
            Err(Mismatch) => self.vars.rollback(s),
        }
        result
    }

    fn unify_lists(&mut self, a: Args, b: Args) -> Result<(), Mismatch> {
        let c = self.c;
        let (a, b) = (c.types.list(a), c.types.list(b));
        if a.len() != b.len() {
            return Err(Mismatch);
        }
        for (&x, &y) in a.iter().zip(b) {
            match (x, y) {
                (Arg::Ty(x), Arg::Ty(y)) => self.unify_in(x, y)?,
                (Arg::Const(x), Arg::Const(y)) => self.unify_consts(x, y)?,
                (Arg::Region(_), Arg::Region(_)) => {}
                _ => return Err(Mismatch),
            }
        }
        Ok(())
    }

    fn unify_consts(&mut self, a: Const, b: Const) -> Result<(), Mismatch> {
        let (a, b) = (self.resolve_const(a), self.resolve_const(b));
        let (a, b) = (self.c.evaluated(a), self.c.evaluated(b));
        if a == b {
            return Ok(());
        }
        match (self.c.types.const_kind(a), self.c.types.const_kind(b)) {
            (ConstKind::Infer(n), _) => self.vars.set_const(n, b),
            (_, ConstKind::Infer(n)) => self.vars.set_const(n, a),
            (ConstKind::Error, _) | (_, ConstKind::Error) => {}
            _ => return Err(Mismatch),
        }
        Ok(())
    }

    fn unify_in(&mut self, a: Ty, b: Ty) -> Result<(), Mismatch> {
        let (a, b) = (self.shallow(a), self.shallow(b));
        if a == b {
            return Ok(());
        }
        let (ka, kb) = (self.c.types.kind(a), self.c.types.kind(b));
        match (ka, kb) {
            (TyKind::Infer(v), _) => self.bind(v, a, b, kb),
            (_, TyKind::Infer(v)) => self.bind(v, b, a, ka),
            (TyKind::Error, _) | (_, TyKind::Error) => Ok(()),
            (TyKind::Str(_), TyKind::Str(_)) => Ok(()),
            // `&T` with `str` for T is a `str`.
            (TyKind::Ref(_, Mutability::Shared, t), TyKind::Str(_)) if self.may_be_str(t) => self.unify_in(t, b),
            (TyKind::Str(_), TyKind::Ref(_, Mutability::Shared, t)) if self.may_be_str(t) => self.unify_in(t, a),
            (TyKind::Ref(_, m, x), TyKind::Ref(_, n, y)) if m == n => self.unify_in(x, y),
            (TyKind::Ptr(m, x), TyKind::Ptr(n, y)) if m == n => self.unify_in(x, y),
            (TyKind::Slice(x), TyKind::Slice(y)) => self.unify_in(x, y),
            (TyKind::Array(x, n), TyKind::Array(y, m)) => {
                self.unify_in(x, y)?;
                self.unify_consts(n, m)
            }
            (TyKind::Tuple(x), TyKind::Tuple(y)) | (TyKind::FnPtr(x), TyKind::FnPtr(y)) => self.unify_lists(x, y),
            (TyKind::Adt(i, x), TyKind::Adt(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::FnDef(i, x), TyKind::FnDef(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::Ctor(i, v, x), TyKind::Ctor(j, w, y)) if i == j && v == w => self.unify_lists(x, y),
            (TyKind::Closure(i, x), TyKind::Closure(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::Future(i, x), TyKind::Future(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::Projection(i, x), TyKind::Projection(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::Opaque(i, x), TyKind::Opaque(j, y)) if i == j => self.unify_lists(x, y),
            (TyKind::Dyn(x, _), TyKind::Dyn(y, _)) => self.unify_dyn(x, y),
            _ => Err(Mismatch),
        }
    }

    /// Whether a type of an item, in terms of its parameters, may become this one; false is certain. This looks at far more
    /// implementations than unification then has to.
    pub fn may_fit(&self, written: Ty, ty: Ty) -> bool {
        let unknown = |k| {
            matches!(k, TyKind::Infer(InferVar::Ty(_)) | TyKind::Projection(..) | TyKind::Opaque(..) | TyKind::Error)
        };
        let (wanted, kind) = (self.kind(written), self.kind(ty));
        match (wanted, kind) {
            _ if unknown(wanted) || unknown(kind) => true,
            (TyKind::Param(..), _) => true,
            (TyKind::Infer(_), _) | (_, TyKind::Infer(_)) => {
                let number = |k| matches!(k, TyKind::Infer(_) | TyKind::Int(_) | TyKind::Float(_));
                number(wanted) && number(kind)
            }
            // `&T` with `str` for T is a `str`.
            (TyKind::Str(_), TyKind::Str(_) | TyKind::Ref(..)) | (TyKind::Ref(..), TyKind::Str(_)) => true,
            (TyKind::Ref(_, m, x), TyKind::Ref(_, n, y)) => m == n && self.may_fit(x, y),
            (TyKind::Ptr(m, x), TyKind::Ptr(n, y)) => m == n && self.may_fit(x, y),
            (TyKind::Slice(x), TyKind::Slice(y)) | (TyKind::Array(x, _), TyKind::Array(y, _)) => self.may_fit(x, y),
            (TyKind::Tuple(x), TyKind::Tuple(y)) | (TyKind::FnPtr(x), TyKind::FnPtr(y)) => self.may_fit_args(x, y),
            (TyKind::Adt(i, x), TyKind::Adt(j, y)) => i == j && self.may_fit_args(x, y),
            (TyKind::Int(a), TyKind::Int(b)) => a == b,
            (TyKind::Float(a), TyKind::Float(b)) => a == b,
            _ => std::mem::discriminant(&wanted) == std::mem::discriminant(&kind),
        }
    }

    /// As [`Solver::may_fit`] for lists of arguments.
    pub fn may_fit_args(&self, written: Args, args: Args) -> bool {
        let types = &self.c.types;
        let (written, args) = (types.list(written), types.list(args));
        let fits = |(x, y): (&Arg, &Arg)| match (x, y) {
            (Arg::Ty(x), Arg::Ty(y)) => self.may_fit(*x, *y),
            _ => true,
        };
        written.len() == args.len() && written.iter().zip(args).all(fits)
    }

    fn may_be_str(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Infer(InferVar::Ty(_)) | TyKind::Str(_))
    }

    fn unify_dyn(&mut self, x: crate::ty::DynId, y: crate::ty::DynId) -> Result<(), Mismatch> {
        if x == y {
            return Ok(());
        }
        let (x, y) = (self.c.types.dyn_kind(x).clone(), self.c.types.dyn_kind(y).clone());
        if x.traits.len() != y.traits.len() || x.assoc.len() != y.assoc.len() {
            return Err(Mismatch);
        }
        for ((t, a), (u, b)) in x.traits.into_iter().zip(y.traits) {
            if t != u {
                return Err(Mismatch);
            }
            self.unify_lists(a, b)?;
        }
        for ((n, a), (m, b)) in x.assoc.into_iter().zip(y.assoc) {
            if n != m {
                return Err(Mismatch);
            }
            self.unify_in(a, b)?;
        }
        Ok(())
    }

    /// Gives a variable a value.
    fn bind(&mut self, v: InferVar, var: Ty, to: Ty, kind: TyKind) -> Result<(), Mismatch> {
        let my = self.vars.kind(v);
        if let TyKind::Infer(w) = kind {
            // Two variables: the freer one follows the other.
            let other = self.vars.kind(w);
            let rank = |k| match k {
                VarKind::General => 0,
                VarKind::Number => 1,
                VarKind::Integer | VarKind::Float => 2,
            };
            return match (my, other) {
                (VarKind::Integer, VarKind::Float) | (VarKind::Float, VarKind::Integer) => Err(Mismatch),
                _ if rank(my) <= rank(other) => {
                    self.vars.set(v, to);
                    Ok(())
                }
                _ => {
                    self.vars.set(w, var);
                    Ok(())
                }
            };
        }
        let fits = match my {
            VarKind::General => !self.occurs(var, to),
            VarKind::Number => matches!(kind, TyKind::Int(_) | TyKind::Float(_) | TyKind::Error),
            VarKind::Integer => matches!(kind, TyKind::Int(_) | TyKind::Error),
            VarKind::Float => matches!(kind, TyKind::Float(_) | TyKind::Error),
        };
        if !fits {
            return Err(Mismatch);
        }
        self.vars.set(v, to);
        Ok(())
    }

    /// Whether a variable occurs in a type: a type that contained itself would be infinite.
    fn occurs(&self, var: Ty, ty: Ty) -> bool {
        if !self.c.types.flags(ty).has(Flags::INFER) {
            return false;
        }
        let ty = self.resolve(ty);
        self.c.mentions(ty, var)
    }
}
