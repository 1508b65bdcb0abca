//! Places, operands, constants, drops.

use molt_abi::RtFn;
use molt_ir::{IntCond, Op, Type, ValueId};

use super::Instance;
use super::func::{Addr, Storage, Val, Writer};
use super::layout::{Meta, Scalar};
use crate::check::context::Env;
use crate::hir::{FloatKind, Mutability};
use crate::mir::{Constant, Elem, Operand, Place};
use crate::ty::{ConstKind, Ty, TyKind};

/// A place while its path is followed.
#[derive(Clone, Debug)]
pub(super) struct At {
    /// `None` for places of size 0.
    pub addr: Option<Addr>,
    /// Length or table of an unsized place.
    pub meta: Option<ValueId>,
    pub ty: Ty,
    pub variant: Option<u32>,
}

impl Writer<'_, '_> {
    pub fn place(&mut self, place: &Place) -> At {
        let ty = self.ty(self.mir.slots[place.slot].ty);
        let addr = match self.slot_storage(place.slot) {
            Storage::Empty => None,
            Storage::At(a) => Some(a),
        };
        let mut at = At { addr, meta: None, ty, variant: None };
        for elem in &place.path {
            at = self.step(at, elem);
        }
        at
    }

    fn step(&mut self, at: At, elem: &Elem) -> At {
        match *elem {
            Elem::Deref => self.deref(at),
            Elem::Variant(v) => At { variant: Some(v), ..at },
            Elem::Field(n, ty) => {
                let ty = self.ty(ty);
                let layout = self.layout(at.ty);
                let v = at.variant.unwrap_or(0) as usize;
                let offset = layout.fields.get(v).and_then(|f| f.get(n as usize)).copied().unwrap_or(0);
                let addr = at.addr.map(|a| a.plus(offset));
                At { addr, meta: None, ty, variant: None }
            }
            Elem::Index(slot) => {
                let index_place = Place::local(slot);
                let (index, _) = self.operand(&Operand::Copy(index_place));
                let index = index.one();
                self.element(at, index)
            }
            Elem::ConstIndex { offset, from_end } => {
                let index = if from_end {
                    let len = self.length(&at);
                    let n = self.iconst(i64::from(offset));
                    self.int(Op::ISub, &[len, n])
                } else {
                    self.iconst(i64::from(offset))
                };
                self.element(at, index)
            }
            Elem::Subslice { from, to } => {
                let len = self.length(&at);
                let elem = self.element_ty(at.ty);
                let cut = self.iconst(i64::from(from) + i64::from(to));
                let rest = self.int(Op::ISub, &[len, cut]);
                let layout = self.layout(elem);
                let addr = at.addr.map(|a| a.plus(u64::from(from) * layout.size));
                let (ty, meta) = match self.m.c.types.kind(at.ty) {
                    TyKind::Array(e, n) => {
                        let count = match self.m.c.types.const_kind(self.m.c.evaluated(n)) {
                            ConstKind::Value(v) => v - i128::from(from) - i128::from(to),
                            _ => 0,
                        };
                        let n = self.m.c.types.mk_const(ConstKind::Value(count));
                        (self.m.c.types.mk(TyKind::Array(e, n)), None)
                    }
                    _ => (at.ty, Some(rest)),
                };
                At { addr, meta, ty, variant: None }
            }
        }
    }

    fn element_ty(&self, ty: Ty) -> Ty {
        match self.m.c.types.kind(ty) {
            TyKind::Array(e, _) | TyKind::Slice(e) => e,
            _ => ty,
        }
    }

    fn element(&mut self, at: At, index: ValueId) -> At {
        let ty = self.element_ty(at.ty);
        let layout = self.layout(ty);
        let addr = at.addr.filter(|_| layout.size > 0).map(|a| {
            let base = self.address(a);
            let offset = self.scaled(index, layout.size);
            Addr::value(self.int(Op::IAdd, &[base, offset]))
        });
        At { addr, meta: None, ty, variant: None }
    }

    /// `index * size`.
    pub fn scaled(&mut self, index: ValueId, size: u64) -> ValueId {
        if size == 1 {
            return index;
        }
        if size.is_power_of_two() {
            let n = self.iconst(i64::from(size.trailing_zeros()));
            return self.int(Op::IShl, &[index, n]);
        }
        let n = self.iconst(size as i64);
        self.int(Op::IMul, &[index, n])
    }

    fn deref(&mut self, at: At) -> At {
        let to = match self.m.c.types.kind(at.ty) {
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => t,
            // A `str` is its own target.
            TyKind::Str(_) => return at,
            TyKind::Adt(..) => self.m.c.boxed(at.ty).unwrap_or(Ty::ERROR),
            _ => Ty::ERROR,
        };
        let Some(from) = at.addr else { return At { addr: None, meta: None, ty: to, variant: None } };
        let ptr = self.load(from, Scalar::U64);
        let meta = match self.m.meta(to) {
            Meta::None => None,
            Meta::Length | Meta::Table => Some(self.load(from.plus(8), Scalar::U64)),
        };
        At { addr: Some(Addr::value(ptr)), meta, ty: to, variant: None }
    }

    /// Number of elements of an array or slice place.
    pub fn length(&mut self, at: &At) -> ValueId {
        match self.m.c.types.kind(at.ty) {
            TyKind::Array(_, n) => {
                let n = match self.m.c.types.const_kind(self.m.c.evaluated(n)) {
                    ConstKind::Value(v) => v as i64,
                    _ => 0,
                };
                self.iconst(n)
            }
            _ => match at.meta {
                Some(m) => m,
                None => self.iconst(0),
            },
        }
    }

    /// The address of a place as a pointer value; places of size 0 have a made-up one.
    pub fn pointer_to(&mut self, at: &At) -> Val {
        let ptr = match at.addr {
            Some(a) => self.address(a),
            None => self.iconst(16),
        };
        match at.meta {
            Some(m) => Val::Regs(vec![ptr, m]),
            None => Val::Regs(vec![ptr]),
        }
    }

    pub fn read(&mut self, at: &At) -> Val {
        match at.addr {
            Some(a) => self.load_val(a, at.ty),
            None => Val::Empty,
        }
    }

    pub fn write_to(&mut self, at: &At, val: &Val) {
        if let Some(a) = at.addr {
            self.store_val(a, at.ty, val);
        }
    }

    /// Value and type of an operand. A value in memory is given by the place it lies at.
    pub fn operand(&mut self, operand: &Operand) -> (Val, Ty) {
        match operand {
            Operand::Copy(p) | Operand::Move(p) => {
                let at = self.place(p);
                (self.read(&at), at.ty)
            }
            Operand::Const(c) => self.constant(c),
        }
    }

    pub fn operand_ty(&mut self, operand: &Operand) -> Ty {
        match operand {
            Operand::Copy(p) | Operand::Move(p) => self.place_ty(p),
            Operand::Const(c) => match c {
                Constant::Unit => Ty::UNIT,
                Constant::Bool(_) => Ty::BOOL,
                Constant::Char(_) => Ty::CHAR,
                Constant::Int(_, t) | Constant::Float(_, t) | Constant::Zst(t) | Constant::Param(_, t) => self.ty(*t),
                Constant::Item(_, _, t) => self.ty(*t),
                Constant::Str(_) => Ty::STR,
                Constant::Bytes(s) => {
                    let c = self.m.c;
                    let n = c.types.mk_const(ConstKind::Value(c.hir.text(*s).chars().count() as i128));
                    c.types.reference(Mutability::Shared, c.types.mk(TyKind::Array(Ty::U8, n)))
                }
                Constant::CStr(_) => Ty::ERROR,
            },
        }
    }

    /// Type of a place without making code for it.
    pub fn place_ty(&self, place: &Place) -> Ty {
        let c = self.m.c;
        let mut ty = self.ty(self.mir.slots[place.slot].ty);
        for elem in &place.path {
            ty = match *elem {
                Elem::Deref => match c.types.kind(ty) {
                    TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => t,
                    TyKind::Str(_) => ty,
                    _ => c.boxed(ty).unwrap_or(Ty::ERROR),
                },
                Elem::Field(_, t) => self.ty(t),
                Elem::Variant(_) => ty,
                Elem::Index(_) | Elem::ConstIndex { .. } => self.element_ty(ty),
                Elem::Subslice { from, to } => match c.types.kind(ty) {
                    TyKind::Array(e, n) => {
                        let count = match c.types.const_kind(c.evaluated(n)) {
                            ConstKind::Value(v) => v - i128::from(from) - i128::from(to),
                            _ => 0,
                        };
                        c.types.mk(TyKind::Array(e, c.types.mk_const(ConstKind::Value(count))))
                    }
                    _ => ty,
                },
            };
        }
        ty
    }

    /// Machine values of an integer of a type.
    pub fn int_regs(&mut self, v: i128, ty: Ty) -> Val {
        match self.m.c.types.kind(ty) {
            TyKind::Int(k) if k.bits() == 128 => {
                let low = self.iconst(v as u64 as i64);
                let high = self.iconst((v >> 64) as i64);
                Val::Regs(vec![low, high])
            }
            TyKind::Float(kind) => {
                let x = if kind == FloatKind::F32 { f64::from(v as f32) } else { v as f64 };
                let bits = x.to_bits();
                Val::Regs(vec![self.op(Op::FConst, &[], bits, Type::F64)])
            }
            _ => Val::Regs(vec![self.iconst(v as i64)]),
        }
    }

    fn constant(&mut self, constant: &Constant) -> (Val, Ty) {
        let c = self.m.c;
        match constant {
            Constant::Unit => (Val::Empty, Ty::UNIT),
            Constant::Bool(b) => (Val::Regs(vec![self.iconst(i64::from(*b))]), Ty::BOOL),
            Constant::Char(ch) => (Val::Regs(vec![self.iconst(i64::from(u32::from(*ch)))]), Ty::CHAR),
            Constant::Int(v, ty) => {
                let ty = self.ty(*ty);
                (self.int_regs(v.signed(), ty), ty)
            }
            Constant::Float(bits, ty) => {
                let ty = self.ty(*ty);
                (Val::Regs(vec![self.op(Op::FConst, &[], *bits, Type::F64)]), ty)
            }
            Constant::Str(s) => {
                let text = c.hir.text(*s);
                let data = self.m.bytes(text.as_bytes());
                let ptr = self.data_addr(data);
                let len = self.iconst(text.len() as i64);
                (Val::Regs(vec![ptr, len]), Ty::STR)
            }
            Constant::Bytes(s) => {
                let bytes: Vec<u8> = c.hir.text(*s).chars().map(|ch| ch as u32 as u8).collect();
                let n = c.types.mk_const(ConstKind::Value(bytes.len() as i128));
                let ty = c.types.reference(Mutability::Shared, c.types.mk(TyKind::Array(Ty::U8, n)));
                let data = self.m.bytes(&bytes);
                (Val::Regs(vec![self.data_addr(data)]), ty)
            }
            Constant::CStr(s) => {
                let mut bytes: Vec<u8> = c.hir.text(*s).chars().map(|ch| ch as u32 as u8).collect();
                bytes.push(0);
                let data = self.m.bytes(&bytes);
                (Val::Regs(vec![self.data_addr(data)]), Ty::ERROR)
            }
            Constant::Zst(ty) => (Val::Empty, self.ty(*ty)),
            Constant::Param(k, ty) => {
                let ty = self.ty(*ty);
                let k = c.evaluated(c.types.subst_const(*k, self.args));
                let v = match c.types.const_kind(k) {
                    ConstKind::Value(v) => v,
                    _ => 0,
                };
                (self.int_regs(v, ty), ty)
            }
            Constant::Item(k, args, ty) => {
                let ty = self.ty(*ty);
                let args = c.types.subst_args(c.types.erase_args(*args), self.args);
                let (k, args) = c.resolve_const(k.to_owned(), args);
                let f = self.m.function(Instance::Const(k, args));
                (self.call_known(f, &[], ty), ty)
            }
        }
    }

    /// Drops the value at a place.
    pub fn drop_place(&mut self, at: &At) {
        let ty = at.ty;
        if !self.m.c.needs_drop(ty, Env::EMPTY) {
            return;
        }
        let ptr = match at.addr {
            Some(a) => self.address(a),
            None => self.iconst(16),
        };
        if let TyKind::Dyn(..) = self.m.c.types.kind(ty) {
            if let Some(table) = at.meta {
                self.drop_object(ptr, table);
            }
            return;
        }
        let f = self.m.function(Instance::Drop(ty));
        let mut args = vec![ptr];
        args.extend(at.meta);
        let flag = self.call_raw(f, &args, &[]).1;
        self.check_panic(flag);
    }

    /// Drops an object through its table; types without drop have none there.
    pub fn drop_object(&mut self, ptr: ValueId, table: ValueId) {
        let code = self.load(Addr::value(table), Scalar::U64);
        let zero = self.iconst(0);
        let some = self.icmp(IntCond::Ne, code, zero);
        let (call, done) = (self.func.new_block(), self.func.new_block());
        self.end(Op::BrIf, &[some], &[call, done]);
        self.switch(call);
        let i = self.inst(Op::CallIndirect, &[code, ptr], 0, &[Type::I64]);
        let flag = self.func.result(i);
        self.check_panic(flag);
        self.jump(done);
        self.switch(done);
    }

    /// Goes to the way of panics if the flag of a call is set.
    pub fn check_panic(&mut self, flag: ValueId) {
        let next = self.func.new_block();
        let bad = self.bit_of(flag);
        let unwind = self.told_unwind();
        self.end(Op::BrIf, &[bad], &[unwind, next]);
        self.switch(next);
    }

    /// Memory from the runtime, for values of a type.
    pub fn allocate(&mut self, ty: Ty, size: ValueId, align: ValueId) -> ValueId {
        let p = if self.m.collects {
            let holds = i64::from(self.m.holds_handles(ty));
            let holds = self.iconst(holds);
            self.call_rt(RtFn::GrokGcAlloc, &[size, align, holds])
        } else {
            self.call_rt(RtFn::GrokAlloc, &[size, align])
        };
        match p {
            Some(v) => v,
            None => self.iconst(0),
        }
    }

    /// Gives memory back.
    pub fn free(&mut self, p: ValueId, size: ValueId, align: ValueId) {
        let f = if self.m.collects { RtFn::GrokGcFree } else { RtFn::GrokFree };
        self.call_rt(f, &[p, size, align]);
    }
}
