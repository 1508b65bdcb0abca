//! Calls: direct, through pointers, tables and the closure traits.

use molt_base::EntityId;
use molt_ir::{FuncId, Op, Type, ValueId};

use super::func::{Addr, Val, Writer};
use super::layout::Scalar;
use super::place::At;
use super::{Entry, Instance, ReturnForm};
use crate::check::context::Env;
use crate::check::typed::FnTrait;
use crate::hir::BodyOwner;
use crate::mir::{Bb, Builtin, Callee, Operand, Place};
use crate::ty::{Args, Ty, TyKind};

/// What a call goes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Direct(FuncId),
    Address(ValueId),
}

/// A callable value by its address, with the table if it is an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnvAt {
    pub ptr: ValueId,
    pub meta: Option<ValueId>,
}

impl Writer<'_, '_> {
    pub fn call(&mut self, func: &Callee, args: &[Operand], dest: &Place, target: Option<Bb>) {
        let ret = self.place_ty(dest);
        let values = self.arguments(args, dest);
        let result = match func {
            Callee::Fn(f, list) => {
                let c = self.m.c;
                let list = c.types.subst_args(c.types.erase_args(*list), self.args);
                let list = self.revealed_args(list);
                let at = self.place(dest);
                self.call_fn(*f, list, &values, ret, Some(&at))
            }
            Callee::Pointer(op) => {
                let (p, _) = self.operand(op);
                let ptr = p.one();
                let at = self.place(dest);
                self.emit_call(Target::Address(ptr), &values, ret, Some(&at))
            }
            Callee::FnTrait { self_ty, by } => {
                let ty = self.ty(*self_ty);
                let at = self.place(dest);
                self.call_through_trait(ty, *by, &values, ret, Some(&at))
            }
            Callee::Builtin(builtin, list) => self.builtin(*builtin, *list, &values, ret, dest),
        };
        if self.ended {
            return;
        }
        match target {
            Some(bb) => {
                let at = self.place(dest);
                self.write_to(&at, &result);
                let b = self.bb(bb);
                self.jump(b);
            }
            None => self.end(Op::Unreachable, &[], &[]),
        }
    }

    pub fn revealed_args(&self, list: Args) -> Args {
        self.m.c.revealed_args(list)
    }

    /// Values of arguments. What lies in memory is copied if the callee could see the destination or a copy is asked for.
    fn arguments(&mut self, args: &[Operand], dest: &Place) -> Vec<(Val, Ty)> {
        let mut out = Vec::new();
        for a in args {
            let (mut val, ty) = self.operand(a);
            if let Val::Mem(from) = val {
                let keep = match a {
                    Operand::Move(p) => !Writer::same_slot(p, dest),
                    Operand::Copy(_) | Operand::Const(_) => false,
                };
                if !keep {
                    let size = self.layout(ty).size;
                    let temp = self.new_slot(size);
                    self.copy(temp, from, size);
                    val = Val::Mem(temp);
                }
            }
            out.push((val, ty));
        }
        out
    }

    /// Calls a function of the program without looking at anything; gives machine results and the flag.
    pub fn call_raw(&mut self, f: FuncId, args: &[ValueId], results: &[Type]) -> (Vec<ValueId>, ValueId) {
        let mut types = results.to_vec();
        types.push(Type::I64);
        let i = self.inst(Op::Call, args, f.index() as u64, &types);
        let mut all: Vec<ValueId> = self.func.results(i).collect();
        let flag = all.pop().expect("the flag is the last result");
        (all, flag)
    }

    /// A call of a known function with machine arguments only.
    pub fn call_known(&mut self, f: FuncId, args: &[(Val, Ty)], ret: Ty) -> Val {
        self.emit_call(Target::Direct(f), args, ret, None)
    }

    /// Passes arguments, looks for a panic, gives the result. A result in memory goes to the destination or a new slot.
    pub fn emit_call(&mut self, target: Target, args: &[(Val, Ty)], ret: Ty, dest: Option<&At>) -> Val {
        let form = self.m.return_form(ret);
        let mut values = Vec::new();
        if let Target::Address(p) = target {
            values.push(p);
        }
        let mut out_addr = None;
        let mut types: Vec<Type> = Vec::new();
        match &form {
            ReturnForm::Memory => {
                let addr = match dest.and_then(|d| d.addr) {
                    Some(a) => a,
                    None => {
                        let size = self.layout(ret).size;
                        self.new_slot(size)
                    }
                };
                out_addr = Some(addr);
                let v = self.address(addr);
                values.push(v);
            }
            ReturnForm::Regs(r) => types.extend_from_slice(r),
        }
        for (val, ty) in args {
            self.pass(val, *ty, &mut values);
        }
        if let Target::Direct(f) = target
            && self.m.tracking.contains(&f)
        {
            let place = self.place_value();
            values.push(place);
        }
        types.push(Type::I64);
        let i = match target {
            Target::Direct(f) => self.inst(Op::Call, &values, f.index() as u64, &types),
            Target::Address(_) => self.inst(Op::CallIndirect, &values, 0, &types),
        };
        let mut all: Vec<ValueId> = self.func.results(i).collect();
        let flag = all.pop().expect("the flag is the last result");
        self.check_panic(flag);
        match out_addr {
            // The destination holds it already.
            Some(_) if dest.and_then(|d| d.addr).is_some() => Val::Empty,
            Some(addr) => self.load_val(addr, ret),
            None if all.is_empty() => Val::Empty,
            None => Val::Regs(all),
        }
    }

    /// Adds an argument's machine values or address.
    pub fn pass(&mut self, val: &Val, ty: Ty, out: &mut Vec<ValueId>) {
        let layout = self.layout(ty);
        if layout.is_empty() {
            return;
        }
        match val {
            Val::Empty => {}
            Val::Regs(r) => out.extend_from_slice(r),
            Val::Mem(a) => {
                let v = self.address(*a);
                out.push(v);
            }
        }
    }

    /// A function item for final arguments: an intrinsic, a method of an object, or code.
    pub fn call_fn(
        &mut self,
        f: crate::hir::FnId,
        list: Args,
        values: &[(Val, Ty)],
        ret: Ty,
        dest: Option<&At>,
    ) -> Val {
        let c = self.m.c;
        if let Some(name) = c.hir.fns[f].intrinsic {
            return self.intrinsic(c.hir.text(name), list, values, ret);
        }
        if let Some(t) = c.trait_of_fn(f) {
            let self_ty = c.types.list(list)[0].expect_ty();
            if let TyKind::Dyn(d, _) = c.types.kind(self_ty)
                && c.hir.fns[f].self_param.is_some()
                && let Some(index) = self.m.table_index(self_ty, d, f, list)
            {
                return self.call_object(index, values, ret, dest);
            }
            if let Some(by) = self.m.fn_trait(t) {
                // `Fn::call(&f, (a, b))`: the tuple is taken apart.
                let mut flat = vec![values[0].clone()];
                flat.extend(self.untuple(values.get(1)));
                return self.call_through_trait(self_ty, by, &flat, ret, dest);
            }
        }
        match c.resolve_fn(f, list) {
            Some(Instance::Body(BodyOwner::Fn(g), list)) => {
                if let Some(name) = c.hir.fns[g].intrinsic {
                    return self.intrinsic(c.hir.text(name), list, values, ret);
                }
                let id = self.m.function(Instance::Body(BodyOwner::Fn(g), list));
                self.emit_call(Target::Direct(id), values, ret, dest)
            }
            Some(other) => {
                let id = self.m.function(other);
                self.emit_call(Target::Direct(id), values, ret, dest)
            }
            None => {
                let text = format!("`{}` has no code", self.m.fn_path(f));
                self.panic_text(&text);
                Val::Empty
            }
        }
    }

    pub fn untuple(&mut self, tuple: Option<&(Val, Ty)>) -> Vec<(Val, Ty)> {
        let Some((val, ty)) = tuple else { return Vec::new() };
        let TyKind::Tuple(list) = self.m.c.types.kind(*ty) else { return Vec::new() };
        let parts: Vec<Ty> = self.m.c.types.ty_elems(list).collect();
        let layout = self.layout(*ty);
        let addr = self.spill(val, *ty);
        let mut out = Vec::new();
        for (n, &p) in parts.iter().enumerate() {
            let v = self.load_val(addr.plus(layout.fields[0][n]), p);
            out.push((v, p));
        }
        out
    }

    /// The address of a value, which is put into memory if it is not there.
    pub fn spill(&mut self, val: &Val, ty: Ty) -> Addr {
        match val {
            Val::Mem(a) => *a,
            _ => {
                let size = self.layout(ty).size.max(8);
                let slot = self.new_slot(size);
                self.store_val(slot, ty, val);
                slot
            }
        }
    }

    /// A method of an object: the receiver's address is passed on, the code comes from the table.
    fn call_object(&mut self, index: u64, values: &[(Val, Ty)], ret: Ty, dest: Option<&At>) -> Val {
        let (recv, recv_ty) = &values[0];
        let Val::Regs(regs) = recv else { return Val::Empty };
        let (ptr, table) = (regs[0], regs[1]);
        let code = self.load(Addr::value(table).plus(index * 8), Scalar::U64);
        // The concrete method takes a thin pointer.
        let thin = self.shared_ref(Ty::U8);
        let mut list = vec![(Val::Regs(vec![ptr]), thin)];
        list.extend_from_slice(&values[1..]);
        let _ = recv_ty;
        self.emit_call(Target::Address(code), &list, ret, dest)
    }

    /// A call by `Fn`, `FnMut` (the first value is a reference to the callable) or `FnOnce` (the callable itself).
    pub fn call_through_trait(&mut self, ty: Ty, by: FnTrait, values: &[(Val, Ty)], ret: Ty, dest: Option<&At>) -> Val {
        let (first, first_ty) = &values[0];
        let env = if by == FnTrait::FnOnce {
            let addr = self.spill(first, *first_ty);
            EnvAt { ptr: self.address(addr), meta: None }
        } else {
            match first {
                Val::Regs(r) => EnvAt { ptr: r[0], meta: r.get(1).copied() },
                _ => EnvAt { ptr: self.iconst(16), meta: None },
            }
        };
        self.call_env(ty, env, by == FnTrait::FnOnce, &values[1..], ret, dest)
    }

    /// Calls what lies at an address; `consume`: it is used up by the call.
    pub fn call_env(
        &mut self,
        ty: Ty,
        env: EnvAt,
        consume: bool,
        values: &[(Val, Ty)],
        ret: Ty,
        dest: Option<&At>,
    ) -> Val {
        let c = self.m.c;
        match c.types.kind(ty) {
            TyKind::Closure(id, args) => {
                let kind = c.closure(id).kind;
                let f = self.m.function(Instance::Closure(id, args));
                let mut list = Vec::new();
                if kind == FnTrait::FnOnce {
                    let v = self.load_val(Addr::value(env.ptr), ty);
                    list.push((v, ty));
                    list.extend_from_slice(values);
                    return self.emit_call(Target::Direct(f), &list, ret, dest);
                }
                list.push((Val::Regs(vec![env.ptr]), self.shared_ref(Ty::U8)));
                list.extend_from_slice(values);
                if !consume || !c.needs_drop(ty, Env::EMPTY) {
                    return self.emit_call(Target::Direct(f), &list, ret, dest);
                }
                // The captures end with the call, also when it panics.
                let at = At { addr: Some(Addr::value(env.ptr)), meta: None, ty, variant: None };
                let leave = self.unwind_block();
                let cleanup = self.func.new_block();
                self.func.blocks[cleanup].cold = true;
                let result = self.with_unwind(cleanup, |w| w.emit_call(Target::Direct(f), &list, ret, dest));
                let (block, ended) = (self.block, self.ended);
                self.switch(cleanup);
                self.with_unwind(leave, |w| w.drop_place(&at));
                if !self.ended {
                    self.jump(leave);
                }
                (self.block, self.ended) = (block, ended);
                self.drop_place(&at);
                result
            }
            TyKind::FnDef(f, list) => self.call_fn(f, list, values, ret, dest),
            TyKind::Ctor(adt, v, list) => {
                let f = self.m.function(Instance::Ctor(adt, v, list));
                self.emit_call(Target::Direct(f), values, ret, dest)
            }
            TyKind::FnPtr(_) => {
                let code = self.load(Addr::value(env.ptr), Scalar::U64);
                self.emit_call(Target::Address(code), values, ret, dest)
            }
            TyKind::Ref(_, _, to) => {
                let inner = self.follow(env, to);
                self.call_env(to, inner, false, values, ret, dest)
            }
            TyKind::Dyn(d, _) => {
                let by = if consume { FnTrait::FnOnce } else { self.weakest(d) };
                let index = self.m.call_index(ty, d, by);
                let (Some(index), Some(table)) = (index, env.meta) else { return Val::Empty };
                let code = self.load(Addr::value(table).plus(index * 8), Scalar::U64);
                let mut list = vec![(Val::Regs(vec![env.ptr]), self.shared_ref(Ty::U8))];
                list.extend_from_slice(values);
                self.emit_call(Target::Address(code), &list, ret, dest)
            }
            _ => match c.boxed(ty) {
                Some(to) => {
                    let inner = self.follow(env, to);
                    let result = self.call_env(to, inner, consume, values, ret, dest);
                    if consume && !self.ended {
                        self.free_box(inner, to);
                    }
                    result
                }
                None => {
                    self.panic_text("this value cannot be called");
                    Val::Empty
                }
            },
        }
    }

    /// Memory of a box whose contents are gone.
    pub fn free_box(&mut self, at: EnvAt, to: Ty) {
        if at.meta.is_none() && self.layout(to).size == 0 {
            return;
        }
        let (size, align) = self.size_of_pointee(to, at.meta);
        if at.meta.is_none() {
            self.free(at.ptr, size, align);
            return;
        }
        // Values of size 0 behind an object have no memory.
        let zero = self.iconst(0);
        let some = self.icmp(molt_ir::IntCond::Ne, size, zero);
        let (free, done) = (self.func.new_block(), self.func.new_block());
        self.end(Op::BrIf, &[some], &[free, done]);
        self.switch(free);
        self.free(at.ptr, size, align);
        self.jump(done);
        self.switch(done);
    }

    /// Size and alignment of a value behind a pointer with this length or table.
    pub fn size_of_pointee(&mut self, to: Ty, meta: Option<ValueId>) -> (ValueId, ValueId) {
        match (self.m.c.types.kind(to), meta) {
            (TyKind::Dyn(..), Some(table)) => {
                let size = self.load(Addr::value(table).plus(8), Scalar::U64);
                let align = self.load(Addr::value(table).plus(16), Scalar::U64);
                (size, align)
            }
            (TyKind::Slice(elem), Some(len)) => {
                let layout = self.layout(elem);
                let size = self.scaled(len, layout.size);
                (size, self.iconst(layout.align as i64))
            }
            _ => {
                let layout = self.layout(to);
                (self.iconst(layout.size as i64), self.iconst(layout.align as i64))
            }
        }
    }

    /// The strongest closure trait that an object promises.
    fn weakest(&self, d: crate::ty::DynId) -> FnTrait {
        let c = self.m.c;
        for (name, by) in [("fn", FnTrait::Fn), ("fn_mut", FnTrait::FnMut)] {
            if let Some(t) = c.hir.lang_trait(name)
                && c.types.dyn_kind(d).traits.iter().any(|&(u, _)| u == t || c.supertrait_ids(u).contains(&t))
            {
                return by;
            }
        }
        FnTrait::FnOnce
    }

    /// Where a pointer lying at an address points to.
    fn follow(&mut self, env: EnvAt, to: Ty) -> EnvAt {
        let ptr = self.load(Addr::value(env.ptr), Scalar::U64);
        let meta = match self.m.meta(to) {
            super::Meta::None => None,
            _ => Some(self.load(Addr::value(env.ptr).plus(8), Scalar::U64)),
        };
        EnvAt { ptr, meta }
    }

    /// The function that a function item or constructor becomes as a pointer.
    pub fn reified(&mut self, ty: Ty) -> FuncId {
        let c = self.m.c;
        match c.types.kind(ty) {
            TyKind::FnDef(f, list) if c.hir.fns[f].intrinsic.is_none() && c.trait_of_fn(f).is_none() => {
                self.m.addressable(Instance::Body(BodyOwner::Fn(f), list))
            }
            _ => self.m.function(Instance::Shim(ty, Entry::Bare)),
        }
    }

    fn builtin(&mut self, builtin: Builtin, list: Args, values: &[(Val, Ty)], ret: Ty, dest: &Place) -> Val {
        let c = self.m.c;
        let list = c.types.subst_args(c.types.erase_args(list), self.args);
        let list = self.revealed_args(list);
        match builtin {
            Builtin::BoxNew => {
                let (val, ty) = &values[0];
                let layout = self.layout(*ty);
                if layout.size == 0 {
                    return Val::Regs(vec![self.iconst(layout.align.max(1) as i64)]);
                }
                let (size, align) = (self.iconst(layout.size as i64), self.iconst(layout.align as i64));
                let ptr = self.allocate(*ty, size, align);
                self.store_val(Addr::value(ptr), *ty, val);
                Val::Regs(vec![ptr])
            }
            Builtin::BoxFree => {
                let to = c.types.list(list)[0].expect_ty();
                if let Val::Regs(r) = &values[0].0 {
                    let at = EnvAt { ptr: r[0], meta: r.get(1).copied() };
                    self.free_box(at, to);
                }
                Val::Empty
            }
            Builtin::ParamDefault(f, n) => {
                let owner = BodyOwner::ParamDefault(f, n);
                let id = self.m.function(Instance::Body(owner, list));
                let at = self.place(dest);
                self.emit_call(Target::Direct(id), values, ret, Some(&at))
            }
            Builtin::FieldDefault(adt, n) => {
                let owner = BodyOwner::FieldDefault(adt, n);
                let id = self.m.function(Instance::Body(owner, list));
                let at = self.place(dest);
                self.emit_call(Target::Direct(id), values, ret, Some(&at))
            }
        }
    }
}
