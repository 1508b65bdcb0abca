//! Types as diagnostics show them.

use std::fmt::Write;

use super::{Arg, Args, ConstKind, InferVar, OpaqueId, Region, Ty, TyKind, Types};
use crate::hir::{Bound, Hir, Mutability, TypeExpr, TypeId};

/// Text of a type; variables of inference are `_`, `{integer}` and `{float}`.
pub fn ty_text(hir: &Hir, types: &Types, opaque: Opaques<'_>, ty: Ty) -> String {
    let mut p = Printer { hir, types, opaque, out: String::new() };
    p.ty(ty);
    p.out
}

/// `Trait<A, B>` with the arguments after Self.
pub fn trait_text(hir: &Hir, types: &Types, opaque: Opaques<'_>, trait_: crate::hir::TraitId, args: Args) -> String {
    let mut p = Printer { hir, types, opaque, out: hir.text(hir.traits[trait_].head.name).to_string() };
    p.angle(types.list(args).get(1..).unwrap_or(&[]));
    p.out
}

/// Says where an `impl Trait` is written.
pub type Opaques<'a> = &'a dyn Fn(OpaqueId) -> TypeId;

struct Printer<'a> {
    hir: &'a Hir,
    types: &'a Types,
    opaque: Opaques<'a>,
    out: String,
}

impl Printer<'_> {
    fn name(&mut self, symbol: molt_base::Symbol) {
        self.out.push_str(self.hir.text(symbol));
    }

    fn region(&mut self, r: Region) {
        match r {
            Region::Static => self.out.push_str("'static "),
            Region::Param(_, name) => {
                let text = self.hir.text(name).trim_start_matches('\'').to_string();
                let _ = write!(self.out, "'{text} ");
            }
            Region::Erased | Region::Bound(_) | Region::Var(_) => {}
        }
    }

    fn list(&mut self, parts: &[Arg]) {
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            self.arg(*part);
        }
    }

    fn arg(&mut self, arg: Arg) {
        match arg {
            Arg::Ty(t) => self.ty(t),
            Arg::Region(Region::Erased | Region::Bound(_) | Region::Var(_)) => self.out.push_str("'_"),
            Arg::Region(r) => {
                self.region(r);
                self.out.truncate(self.out.trim_end().len());
            }
            Arg::Const(c) => match self.types.const_kind(c) {
                ConstKind::Value(v) => {
                    let _ = write!(self.out, "{v}");
                }
                ConstKind::Param(_, name) => self.name(name),
                ConstKind::Error | ConstKind::Infer(_) | ConstKind::Unevaluated(..) => self.out.push('_'),
            },
        }
    }

    /// Arguments in angle brackets, without lifetimes that say nothing.
    fn angle(&mut self, args: &[Arg]) {
        let shown: Vec<Arg> = args
            .iter()
            .copied()
            .filter(|a| !matches!(a, Arg::Region(Region::Erased | Region::Bound(_) | Region::Var(_))))
            .collect();
        if !shown.is_empty() {
            self.out.push('<');
            self.list(&shown);
            self.out.push('>');
        }
    }

    fn signature(&mut self, args: Args) {
        let list = self.types.list(args);
        let (ret, params) = list.split_last().expect("a function type ends with its result");
        self.out.push('(');
        self.list(params);
        self.out.push(')');
        if *ret != Arg::Ty(Ty::UNIT) {
            self.out.push_str(" -> ");
            self.arg(*ret);
        }
    }

    /// `impl A + B` as written, without arguments.
    fn bounds(&mut self, written: TypeId) {
        self.out.push_str("impl ");
        let TypeExpr::Impl(bounds) = &self.hir.types[written] else { return };
        let mut first = true;
        for bound in bounds {
            let Bound::Trait(of) = bound else { continue };
            if !std::mem::replace(&mut first, false) {
                self.out.push_str(" + ");
            }
            self.name(self.hir.traits[of.trait_].head.name);
        }
    }

    fn ty(&mut self, ty: Ty) {
        match self.types.kind(ty) {
            TyKind::Error => self.out.push_str("{unknown}"),
            TyKind::Never => self.out.push('!'),
            TyKind::Bool => self.out.push_str("bool"),
            TyKind::Char => self.out.push_str("char"),
            TyKind::Int(k) => self.out.push_str(k.text()),
            TyKind::Float(crate::hir::FloatKind::F32) => self.out.push_str("f32"),
            TyKind::Float(crate::hir::FloatKind::F64) => self.out.push_str("f64"),
            TyKind::Str(_) => self.out.push_str("str"),
            TyKind::Tuple(a) => {
                let list = self.types.list(a);
                self.out.push('(');
                self.list(list);
                self.out.push_str(if list.len() == 1 { ",)" } else { ")" });
            }
            TyKind::Array(t, c) => {
                self.out.push('[');
                self.ty(t);
                self.out.push_str("; ");
                self.arg(Arg::Const(c));
                self.out.push(']');
            }
            TyKind::Slice(t) => {
                self.out.push('[');
                self.ty(t);
                self.out.push(']');
            }
            TyKind::Ref(r, m, t) => {
                self.out.push('&');
                self.region(r);
                if m == Mutability::Mut {
                    self.out.push_str("mut ");
                }
                self.ty(t);
            }
            TyKind::Ptr(m, t) => {
                self.out.push_str(if m == Mutability::Mut { "*mut " } else { "*const " });
                self.ty(t);
            }
            TyKind::Adt(id, a) => {
                self.name(self.hir.adts[id].head.name);
                let list = self.types.list(a);
                self.angle(list);
            }
            TyKind::FnDef(id, a) => {
                self.out.push_str("fn ");
                self.name(self.hir.fns[id].head.name);
                let list = self.types.list(a);
                self.angle(list);
            }
            TyKind::Ctor(id, v, _) => {
                self.out.push_str("constructor ");
                self.name(self.hir.adts[id].variants[v as usize].name);
            }
            TyKind::FnPtr(a) => {
                self.out.push_str("fn");
                self.signature(a);
            }
            TyKind::Closure(..) => self.out.push_str("{closure}"),
            TyKind::Future(..) => self.out.push_str("{future}"),
            TyKind::Dyn(d, _) => {
                self.out.push_str("dyn ");
                for (i, (t, a)) in self.types.dyn_kind(d).traits.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(" + ");
                    }
                    self.name(self.hir.traits[*t].head.name);
                    self.angle(self.types.list(*a));
                }
            }
            TyKind::Param(_, name) => self.name(name),
            TyKind::Projection(id, a) => {
                let list = self.types.list(a);
                match self.hir.aliases[id].parent {
                    crate::hir::Parent::Trait(t) => {
                        self.out.push('<');
                        self.arg(list[0]);
                        self.out.push_str(" as ");
                        self.name(self.hir.traits[t].head.name);
                        self.out.push_str(">::");
                    }
                    _ => {
                        self.arg(list[0]);
                        self.out.push_str("::");
                    }
                }
                self.name(self.hir.aliases[id].head.name);
            }
            TyKind::Opaque(id, _) => self.bounds((self.opaque)(id)),
            TyKind::Infer(InferVar::Ty(_)) => self.out.push('_'),
            TyKind::Infer(InferVar::Int(_)) => self.out.push_str("{integer}"),
            TyKind::Infer(InferVar::Float(_)) => self.out.push_str("{float}"),
        }
    }
}
