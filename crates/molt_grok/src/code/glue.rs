//! Functions that no source has: drops, clones of built-in types, entries of tables, constructors, the start.

use molt_abi::RtFn;
use molt_base::{Arena, FileId, Span};
use molt_ir::{FuncId, Function, IntCond, Op, Type, ValueId};
use smallvec::SmallVec;

use super::call::{EnvAt, Target};
use super::func::{Addr, Val, Writer};
use super::layout::{Scalar, Tag};
use super::place::At;
use super::{Entry, Instance, Mono, ReturnForm};
use crate::check::context::Env;
use crate::check::typed::FnTrait;
use crate::hir::{AdtId, BodyOwner, Mutability};
use crate::mir::{Mir, MirOwner, SlotDecl};
use crate::ty::{Arg, Args, Ty, TyKind};

/// A graph without blocks, for functions that are written directly.
fn no_graph() -> Mir {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let mut slots = Arena::new();
    slots.push(SlotDecl { ty: Ty::UNIT, span, local: None, mutable: false, promoted: false });
    let owner = MirOwner::Body(BodyOwner::ConstArg(crate::hir::BodyId(0)));
    Mir { owner, slots, param_count: 0, blocks: Arena::new(), span }
}

/// `drop(address[, length or table])`: ends the value and everything it owns.
pub(super) fn drop(m: &mut Mono<'_>, ty: Ty, id: FuncId) -> Function {
    if let TyKind::Future(future, args) = m.c.types.kind(ty) {
        let graph = m.layouts.graph(MirOwner::Closure(future));
        return super::future::cancel(m, &graph, future, args, id);
    }
    let mir = no_graph();
    let func = m.new_function(id);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, ReturnForm::Regs(Vec::new()));
    let ptr = w.param(Type::I64);
    if w.m.guarded.contains(&id) {
        if let TyKind::Adt(adt, _) = w.m.c.types.kind(ty) {
            w.at(w.m.c.hir.adts[adt].head.name_span);
        }
        w.check_stack();
    }
    w.drop_contents(ptr, ty);
    if !w.ended {
        w.ret_values(Vec::new());
    }
    w.finish()
}

impl Writer<'_, '_> {
    fn drop_contents(&mut self, ptr: ValueId, ty: Ty) {
        let c = self.m.c;
        let at = Addr::value(ptr);
        match c.types.kind(ty) {
            TyKind::Tuple(_) | TyKind::Closure(..) => self.drop_fields(at, ty, 0),
            TyKind::Array(elem, _) => {
                let place = At { addr: Some(at), meta: None, ty, variant: None };
                let len = self.length(&place);
                self.drop_elements(ptr, len, elem);
            }
            TyKind::Slice(elem) => {
                let len = self.param(Type::I64);
                self.drop_elements(ptr, len, elem);
            }
            TyKind::Adt(adt, args) => {
                if let Some(to) = c.boxed(ty) {
                    return self.drop_box(ptr, to);
                }
                if c.drop_impl(adt).is_some()
                    && let Some(t) = c.hir.lang_trait("drop")
                    && let Some(&f) = c.hir.traits[t].fns.first()
                {
                    let list = c.types.ty_list(&[ty]);
                    let by = c.types.reference(Mutability::Mut, ty);
                    self.call_fn(f, list, &[(Val::Regs(vec![ptr]), by)], Ty::UNIT, None);
                    if self.ended {
                        return;
                    }
                }
                self.drop_variants(at, ty, adt, args);
            }
            _ => {}
        }
    }

    fn drop_variants(&mut self, at: Addr, ty: Ty, adt: AdtId, _args: Args) {
        let c = self.m.c;
        let layout = self.layout(ty);
        if layout.tag == Tag::Single || c.hir.adts[adt].variants.len() <= 1 {
            return self.drop_fields(at, ty, 0);
        }
        let place = At { addr: Some(at), meta: None, ty, variant: None };
        let variant = self.variant_of(&place);
        let done = self.func.new_block();
        for v in 0..layout.field_tys.len() as u32 {
            let any = layout.field_tys[v as usize].iter().any(|&t| c.needs_drop(t, Env::EMPTY));
            if !any {
                continue;
            }
            let n = self.iconst(i64::from(v));
            let is = self.icmp(IntCond::Eq, variant, n);
            let (yes, no) = (self.func.new_block(), self.func.new_block());
            self.end(Op::BrIf, &[is], &[yes, no]);
            self.switch(yes);
            self.drop_fields(at, ty, v);
            if !self.ended {
                self.jump(done);
            }
            self.switch(no);
        }
        self.jump(done);
        self.switch(done);
    }

    pub fn drop_fields(&mut self, at: Addr, ty: Ty, variant: u32) {
        let layout = self.layout(ty);
        let Some(fields) = layout.field_tys.get(variant as usize) else { return };
        for (n, &f) in fields.iter().enumerate() {
            let addr = at.plus(layout.fields[variant as usize][n]);
            let place = At { addr: Some(addr), meta: None, ty: f, variant: None };
            self.drop_place(&place);
        }
    }

    fn drop_elements(&mut self, ptr: ValueId, len: ValueId, elem: Ty) {
        if !self.m.c.needs_drop(elem, Env::EMPTY) {
            return;
        }
        let size = self.layout(elem).size;
        self.for_each_index(len, |w, i| {
            let offset = w.scaled(i, size);
            let p = w.int(Op::IAdd, &[ptr, offset]);
            let place = At { addr: Some(Addr::value(p)), meta: None, ty: elem, variant: None };
            w.drop_place(&place);
        });
    }

    /// A loop over `0..len`.
    fn for_each_index(&mut self, len: ValueId, turn: impl FnOnce(&mut Self, ValueId)) {
        let (head, body, done) = (self.func.new_block(), self.func.new_block(), self.func.new_block());
        let i = self.func.add_param(head, Type::I64);
        let zero = self.iconst(0);
        self.jump_with(head, &[zero]);
        self.switch(head);
        let more = self.icmp(IntCond::Ult, i, len);
        self.end(Op::BrIf, &[more], &[body, done]);
        self.switch(body);
        turn(self, i);
        let one = self.iconst(1);
        let next = self.int(Op::IAdd, &[i, one]);
        self.jump_with(head, &[next]);
        self.switch(done);
    }

    fn drop_box(&mut self, slot: ValueId, to: Ty) {
        let ptr = self.load(Addr::value(slot), Scalar::U64);
        let meta = match self.m.meta(to) {
            super::Meta::None => None,
            _ => Some(self.load(Addr::value(slot).plus(8), Scalar::U64)),
        };
        let place = At { addr: Some(Addr::value(ptr)), meta, ty: to, variant: None };
        self.drop_place(&place);
        if !self.ended {
            self.free_box(EnvAt { ptr, meta }, to);
        }
    }
}

/// `clone(address)`: a new value equal to the one at the address, for tuples, arrays, closures and what is copied.
pub(super) fn clone(m: &mut Mono<'_>, ty: Ty, id: FuncId) -> Function {
    let mir = no_graph();
    let func = m.new_function(id);
    let form = m.return_form(ty);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, form.clone());
    w.result_param();
    let result = match form {
        ReturnForm::Memory => Some(Addr::value(w.func.params()[0])),
        ReturnForm::Regs(_) => None,
    };
    let layout = w.layout(ty);
    if w.m.c.is_copy(ty, Env::EMPTY) || layout.is_empty() {
        // A reference to a `str` is the `str`.
        let by_value = matches!(w.m.c.types.kind(ty), TyKind::Str(_));
        let val = if by_value {
            let (p, n) = (w.param(Type::I64), w.param(Type::I64));
            Val::Regs(vec![p, n])
        } else {
            let ptr = w.param(Type::I64);
            w.load_val(Addr::value(ptr), ty)
        };
        w.give(&val, ty, result);
        return w.finish();
    }
    let ptr = w.param(Type::I64);
    let out = match result {
        Some(r) => r,
        None => w.new_slot(layout.size),
    };
    if let TyKind::Array(elem, _) = w.m.c.types.kind(ty) {
        w.clone_elements(ptr, out, ty, elem);
    } else {
        for n in 0..layout.fields[0].len() {
            let f = layout.field_tys[0][n];
            let offset = layout.fields[0][n];
            w.clone_part(Addr::value(ptr).plus(offset), out.plus(offset), f);
        }
    }
    let val = w.load_val(out, ty);
    w.give(&val, ty, result);
    w.finish()
}

impl Writer<'_, '_> {
    /// Returns a value.
    fn give(&mut self, val: &Val, ty: Ty, result: Option<Addr>) {
        match (result, val) {
            (Some(addr), _) => {
                if !matches!(val, Val::Mem(a) if same(*a, addr)) {
                    self.store_val(addr, ty, val);
                }
                self.ret_values(Vec::new());
            }
            (None, Val::Regs(r)) => self.ret_values(r.clone()),
            (None, _) => self.ret_values(Vec::new()),
        }
    }

    fn clone_part(&mut self, from: Addr, to: Addr, ty: Ty) {
        let c = self.m.c;
        if c.is_copy(ty, Env::EMPTY) {
            let v = self.load_val(from, ty);
            return self.store_val(to, ty, &v);
        }
        let Some(t) = c.hir.lang_trait("clone") else { return };
        let Some(&f) = c.hir.traits[t].fns.first() else { return };
        let by = self.shared_ref(ty);
        let ptr = self.address(from);
        let list = c.types.ty_list(&[ty]);
        let v = self.call_fn(f, list, &[(Val::Regs(vec![ptr]), by)], ty, None);
        self.store_val(to, ty, &v);
    }

    fn clone_elements(&mut self, ptr: ValueId, out: Addr, ty: Ty, elem: Ty) {
        let place = At { addr: Some(out), meta: None, ty, variant: None };
        let len = self.length(&place);
        let base = self.address(out);
        let size = self.layout(elem).size;
        self.for_each_index(len, |w, i| {
            let offset = w.scaled(i, size);
            let (a, b) = (w.int(Op::IAdd, &[ptr, offset]), w.int(Op::IAdd, &[base, offset]));
            w.clone_part(Addr::value(a), Addr::value(b), elem);
        });
    }
}

fn same(a: Addr, b: Addr) -> bool {
    use super::func::Base;
    a.offset == b.offset
        && match (a.base, b.base) {
            (Base::Slot(x), Base::Slot(y)) => x == y,
            (Base::Value(x), Base::Value(y)) => x == y,
            _ => false,
        }
}

/// The code of a callable type as an entry of tables and pointers.
pub(super) fn shim(m: &mut Mono<'_>, ty: Ty, entry: Entry, id: FuncId) -> Function {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let mut solver = crate::check::solve::Solver::new(m.c, Env::EMPTY);
    solver.reveal = true;
    let sig = solver.callable_sig(ty, span);
    let (params, ret) = sig.map_or((SmallVec::new(), Ty::UNIT), |(s, _)| (s.params, s.ret));
    let params: Vec<Ty> = params.into_iter().map(|p| m.c.revealed(p)).collect();
    let ret = m.c.revealed(ret);
    let mir = no_graph();
    let func = m.new_function(id);
    let form = m.return_form(ret);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, form.clone());
    w.result_param();
    let result = match form {
        ReturnForm::Memory => Some(Addr::value(w.func.params()[0])),
        ReturnForm::Regs(_) => None,
    };
    let env = if entry == Entry::Bare { None } else { Some(w.param(Type::I64)) };
    let values = match (entry, env) {
        (Entry::Text, Some(address)) => {
            let mut values = vec![(w.load_val(Addr::value(address), params[0]), params[0])];
            values.extend(w.params_as_values(&params[1..]));
            values
        }
        _ => w.params_as_values(&params),
    };
    let ptr = match env {
        Some(e) => e,
        None => w.iconst(16),
    };
    let dest = result.map(|addr| At { addr: Some(addr), meta: None, ty: ret, variant: None });
    let env = EnvAt { ptr, meta: None };
    let val = w.call_env(ty, env, entry == Entry::By(FnTrait::FnOnce), &values, ret, dest.as_ref());
    if !w.ended {
        match (&val, result) {
            (Val::Empty, _) => w.ret_values(Vec::new()),
            _ => w.give(&val, ret, result),
        }
    }
    w.finish()
}

impl Writer<'_, '_> {
    /// Parameters of these types, as values to be passed on.
    fn params_as_values(&mut self, params: &[Ty]) -> Vec<(Val, Ty)> {
        let mut out = Vec::new();
        for &p in params {
            let layout = self.layout(p);
            let val = if layout.is_empty() {
                Val::Empty
            } else if layout.in_memory() {
                Val::Mem(Addr::value(self.param(Type::I64)))
            } else {
                let types = self.m.reg_types(p);
                Val::Regs(types.into_iter().map(|t| self.param(t)).collect())
            };
            out.push((val, p));
        }
        out
    }
}

/// A tuple struct or variant as a function of its fields.
pub(super) fn constructor(m: &mut Mono<'_>, adt: AdtId, variant: u32, args: Args, id: FuncId) -> Function {
    let ty = m.c.types.mk(TyKind::Adt(adt, args));
    let mir = no_graph();
    let func = m.new_function(id);
    let form = m.return_form(ty);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, form.clone());
    w.result_param();
    let result = match form {
        ReturnForm::Memory => Some(Addr::value(w.func.params()[0])),
        ReturnForm::Regs(_) => None,
    };
    let layout = w.layout(ty);
    let fields = layout.field_tys.get(variant as usize).cloned().unwrap_or_default();
    let values = w.params_as_values(&fields);
    let out = match result {
        Some(r) => r,
        None => w.new_slot(layout.size.max(8)),
    };
    for (n, (val, f)) in values.iter().enumerate() {
        let offset = layout.fields[variant as usize][n];
        w.store_val(out.plus(offset), *f, val);
    }
    let at = At { addr: Some(out), meta: None, ty, variant: None };
    w.set_variant(&at, variant);
    let val = w.load_val(out, ty);
    w.give(&val, ty, result);
    w.finish()
}

/// The program's start: module-level values in order, then `main` and what its result means for the exit status.
pub(super) fn start(m: &mut Mono<'_>, id: FuncId) -> Function {
    let mir = no_graph();
    let func = m.new_function(id);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, ReturnForm::Regs(vec![Type::I64]));
    let c = w.m.c;
    for &k in &c.hir.start_up {
        let ty = c.revealed(c.types.erase(c.const_type(k)));
        let f = w.m.function(Instance::Const(k, Args::EMPTY));
        let v = w.call_known(f, &[], ty);
        let d = w.m.static_data(k);
        let addr = w.data_addr(d);
        w.store_val(Addr::value(addr), ty, &v);
    }
    if c.hir.is_across {
        if !w.ended {
            let none = w.iconst(0);
            w.ret_values(vec![none]);
        }
        return w.finish();
    }
    let status = w.run_main();
    if !w.ended {
        w.call_rt(RtFn::GrokMainEnded, &[]);
    }
    w.drop_values();
    if !w.ended {
        w.ret_values(vec![status]);
    }
    w.finish()
}

/// `main` by itself, and what its result means for the exit status.
pub(super) fn main(m: &mut Mono<'_>, id: FuncId) -> Function {
    let mir = no_graph();
    let func = m.new_function(id);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, ReturnForm::Regs(vec![Type::I64]));
    let status = w.run_main();
    if !w.ended {
        w.ret_values(vec![status]);
    }
    w.finish()
}

/// The end of a part that other languages use.
pub(super) fn finish(m: &mut Mono<'_>, id: FuncId) -> Function {
    let mir = no_graph();
    let func = m.new_function(id);
    let mut w = Writer::new(m, &mir, Args::EMPTY, func, ReturnForm::Regs(Vec::new()));
    w.drop_values();
    if !w.ended {
        w.ret_values(Vec::new());
    }
    w.finish()
}

impl Writer<'_, '_> {
    /// Drops the values of modules: what was made first is dropped last.
    fn drop_values(&mut self) {
        let c = self.m.c;
        for &k in c.hir.start_up.iter().rev() {
            let ty = c.revealed(c.types.erase(c.const_type(k)));
            if !self.ended && c.needs_drop(ty, Env::EMPTY) {
                let d = self.m.static_data(k);
                let addr = self.data_addr(d);
                self.drop_place(&At { addr: Some(Addr::value(addr)), meta: None, ty, variant: None });
            }
        }
    }

    fn run_main(&mut self) -> ValueId {
        let c = self.m.c;
        let Some(main) = c.hir.main else { return self.iconst(0) };
        let sig = c.fn_sig(main);
        let ret = c.revealed(c.types.erase(sig.ret));
        let f = self.m.function(Instance::Body(BodyOwner::Fn(main), Args::EMPTY));
        let val = self.emit_call(Target::Direct(f), &[], ret, None);
        match c.types.kind(ret) {
            TyKind::Int(_) => val.one(),
            TyKind::Adt(adt, args) if c.hir.lang_adt("Result") == Some(adt) => {
                // The library prints an `Err` and says which status it means.
                let list = c.types.list(args);
                match c.hir.lang_fn("main_result") {
                    Some(report) => {
                        let list = c.types.args(&[list[0], list[1]].map(|a| match a {
                            Arg::Ty(t) => Arg::Ty(t),
                            other => other,
                        }));
                        self.call_fn(report, list, &[(val, ret)], Ty::I32, None).one()
                    }
                    None => self.iconst(0),
                }
            }
            _ => self.iconst(0),
        }
    }
}
