//! Functions of the library that the compiler writes itself: `#[intrinsic] fn name<T>(..) -> ..;`.
//!
//! | Functions | Meaning |
//! |---|---|
//! | `size_of<T> align_of<T> needs_drop<T> handle_kind<T> type_name<T> type_number<T>` | facts about a type |
//! | `alloc<T>(size, align) realloc(p, old, align, new) free(p, size, align)` | memory, of values of the type |
//! | `ptr_read<T>(*const T) ptr_write<T>(*mut T, T) ptr_offset<T>(*const T, usize) ptr_drop<T>(*mut T)` | pointers |
//! | `copy<T>(from, to, n) copy_apart<T>(..) fill_bytes(p, byte, n) compare_bytes(a, b, n)` | memory in bulk |
//! | `slice<T>(*const T, n) slice_mut<T>(*mut T, n) slice_ptr slice_len str_from(p, n) str_ptr str_len` | views |
//! | `int_bits int_signed int_min int_max wrapping_* overflowing_* count_ones leading_zeros trailing_zeros swap_bytes mul_high int_cast` | integers of any type |
//! | `float_*` | floats of either type |
//! | `size_of_val align_of_val(*const T)` | facts about what a pointer points to |
//! | `actor_*`, `handler_*` | what the library knows of an actor's type (`actor.rs`) |
//! | `place` | where the function was called, if its panics are its caller's |
//! | `catch(f) -> bool` | calls a closure and says whether it panicked |
//! | `forget uninit transmute take_bits` | values as they are |
//! | `rt_*` | entries of the runtime |

use molt_abi::RtFn;
use molt_base::EntityId;
use molt_ir::{IntCond, Op, Type, ValueId};

use super::func::{Addr, Val, Writer};
use super::layout::Scalar;
use super::place::At;
use crate::check::context::Env;
use crate::check::typed::FnTrait;
use crate::hir::{BinaryOp, FloatKind, IntKind};
use crate::ty::{Args, Ty, TyKind};

impl Writer<'_, '_> {
    /// Type argument `n`.
    fn type_arg(&self, list: Args, n: usize) -> Ty {
        self.m.c.types.list(list).iter().filter_map(|a| a.ty()).nth(n).unwrap_or(Ty::ERROR)
    }

    fn arg(&self, values: &[(Val, Ty)], n: usize) -> ValueId {
        values[n].0.one()
    }

    fn pair(&self, values: &[(Val, Ty)], n: usize) -> (ValueId, ValueId) {
        match &values[n].0 {
            Val::Regs(r) if r.len() == 2 => (r[0], r[1]),
            _ => unreachable!("a view has two machine values"),
        }
    }

    fn one(&mut self, v: ValueId) -> Val {
        Val::Regs(vec![v])
    }

    fn number(&mut self, n: i64) -> Val {
        let v = self.iconst(n);
        self.one(v)
    }

    pub fn intrinsic(&mut self, name: &str, list: Args, values: &[(Val, Ty)], ret: Ty) -> Val {
        if let Some(rest) = name.strip_prefix("rt_") {
            return self.runtime_entry(rest, values, ret);
        }
        if let Some(rest) = name.strip_prefix("actor_") {
            return self.actor_intrinsic(rest, list, values, ret);
        }
        if let Some(rest) = name.strip_prefix("handler_") {
            return self.handler_intrinsic(rest, list, values, ret);
        }
        if let Some(rest) = name.strip_prefix("float_") {
            return self.float_intrinsic(rest, values, ret);
        }
        let t = self.type_arg(list, 0);
        match name {
            "size_of" => {
                let n = self.layout(t).size;
                self.number(n as i64)
            }
            "align_of" => {
                let n = self.layout(t).align;
                self.number(n as i64)
            }
            "needs_drop" => {
                let n = self.m.c.needs_drop(t, Env::EMPTY);
                self.number(i64::from(n))
            }
            "handle_kind" => {
                let n = self.m.handle_kind(t);
                self.number(n)
            }
            "type_name" => {
                let text = self.m.c.ty_text(t);
                let d = self.m.bytes(text.as_bytes());
                let (p, n) = (self.data_addr(d), self.iconst(text.len() as i64));
                Val::Regs(vec![p, n])
            }
            "type_number" => self.number(t.index() as i64),
            "alloc" => {
                let (size, align) = (self.arg(values, 0), self.arg(values, 1));
                let p = self.allocate(t, size, align);
                self.one(p)
            }
            "realloc" => {
                let args: Vec<ValueId> = (0..4).map(|n| self.arg(values, n)).collect();
                let f = if self.m.collects { RtFn::GrokGcRealloc } else { RtFn::GrokRealloc };
                let p = self.call_rt(f, &args).unwrap_or(args[0]);
                self.one(p)
            }
            "free" => {
                let args: Vec<ValueId> = (0..3).map(|n| self.arg(values, n)).collect();
                self.free(args[0], args[1], args[2]);
                Val::Empty
            }
            "ptr_read" => {
                let p = self.arg(values, 0);
                let val = self.load_val(Addr::value(p), t);
                // The caller owns a copy: the memory may change before it is used.
                match val {
                    Val::Mem(from) => {
                        let size = self.layout(t).size;
                        let temp = self.new_slot(size);
                        self.copy(temp, from, size);
                        Val::Mem(temp)
                    }
                    other => other,
                }
            }
            "ptr_write" => {
                let p = self.arg(values, 0);
                let val = values[1].0.clone();
                self.store_val(Addr::value(p), t, &val);
                Val::Empty
            }
            "ptr_offset" => {
                let (p, n) = (self.arg(values, 0), self.arg(values, 1));
                let size = self.layout(t).size;
                if size == 0 {
                    return self.one(p);
                }
                let offset = self.scaled(n, size);
                let v = self.int(Op::IAdd, &[p, offset]);
                self.one(v)
            }
            "ptr_drop" => {
                let (ptr, meta) = match &values[0].0 {
                    Val::Regs(r) => (r[0], r.get(1).copied()),
                    _ => return Val::Empty,
                };
                let at = At { addr: Some(Addr::value(ptr)), meta, ty: t, variant: None };
                self.drop_place(&at);
                Val::Empty
            }
            "copy" | "copy_apart" => {
                let (from, to, n) = (self.arg(values, 0), self.arg(values, 1), self.arg(values, 2));
                let size = self.layout(t).size;
                let bytes = self.scaled(n, size);
                let op = if name == "copy" { Op::MemMove } else { Op::MemCopy };
                if size > 0 {
                    self.inst(op, &[to, from, bytes], 0, &[]);
                }
                Val::Empty
            }
            "fill_bytes" => {
                let (p, b, n) = (self.arg(values, 0), self.arg(values, 1), self.arg(values, 2));
                self.inst(Op::MemSet, &[p, b, n], 0, &[]);
                Val::Empty
            }
            "compare_bytes" => {
                let (a, b, n) = (self.arg(values, 0), self.arg(values, 1), self.arg(values, 2));
                let v = self.int(Op::MemCmp, &[a, b, n]);
                self.one(v)
            }
            "slice" | "slice_mut" | "str_from" => Val::Regs(vec![self.arg(values, 0), self.arg(values, 1)]),
            "slice_ptr" | "str_ptr" => {
                let p = self.pair(values, 0).0;
                self.one(p)
            }
            "slice_len" | "str_len" => {
                let n = self.pair(values, 0).1;
                self.one(n)
            }
            "size_of_val" | "align_of_val" => {
                let Val::Regs(regs) = values[0].0.clone() else { return Val::Empty };
                let (size, align) = self.size_of_pointee(t, regs.get(1).copied());
                self.one(if name == "size_of_val" { size } else { align })
            }
            "catch" => self.catch(t, values),
            "clone_fields" => {
                let id = self.m.function(super::Instance::Clone(t));
                self.call_known(id, values, t)
            }
            "uninit" => self.uninitialised(t),
            "place" => {
                let place = self.place_value();
                self.one(place)
            }
            "forget" => Val::Empty,
            "transmute" => self.transmute(&values[0].0, values[0].1, ret),
            _ => self.int_intrinsic(name, list, values, ret),
        }
    }

    /// Calls a closure without parameters; 1 if it panicked.
    /// Any bits as a value.
    fn uninitialised(&mut self, ty: Ty) -> Val {
        let layout = self.layout(ty);
        if layout.is_empty() {
            return Val::Empty;
        }
        if layout.in_memory() {
            return Val::Mem(self.new_slot(layout.size));
        }
        let zero = self.iconst(0);
        let regs = layout.scalars().iter().map(|&(_, s)| match super::machine(s) {
            Type::F64 => self.float(Op::BitsToF, &[zero]),
            _ => zero,
        });
        Val::Regs(regs.collect())
    }

    fn catch(&mut self, ty: Ty, values: &[(Val, Ty)]) -> Val {
        let (caught, done) = (self.func.new_block(), self.func.new_block());
        let panicked = self.func.add_param(done, Type::I64);
        self.with_unwind(caught, |w| w.call_through_trait(ty, FnTrait::FnOnce, values, Ty::UNIT, None));
        if !self.ended {
            let no = self.iconst(0);
            self.jump_with(done, &[no]);
        }
        self.switch(caught);
        let yes = self.iconst(1);
        self.jump_with(done, &[yes]);
        self.switch(done);
        self.one(panicked)
    }

    /// The bytes of a value as a value of another type of the same size.
    fn transmute(&mut self, val: &Val, from: Ty, to: Ty) -> Val {
        let size = self.layout(from).size.max(self.layout(to).size);
        let slot = self.new_slot(size.max(8));
        self.store_val(slot, from, val);
        self.load_val(slot, to)
    }

    fn kind_of(&self, ty: Ty) -> IntKind {
        match self.m.c.types.kind(ty) {
            TyKind::Int(k) => k,
            _ => IntKind::I64,
        }
    }

    fn int_intrinsic(&mut self, name: &str, list: Args, values: &[(Val, Ty)], ret: Ty) -> Val {
        let t = self.type_arg(list, 0);
        let k = self.kind_of(t);
        let wide = k.bits() == 128;
        match name {
            "int_bits" => return self.number(i64::from(k.bits())),
            "int_signed" => return self.number(i64::from(k.is_signed())),
            "int_min" => {
                let v = if k.is_signed() { -1i128 << (k.bits() - 1) } else { 0 };
                return self.int_regs(v, t);
            }
            "int_max" => {
                let v = match (k.is_signed(), k.bits()) {
                    (true, n) => ((1u128 << (n - 1)) - 1) as i128,
                    (false, 128) => -1,
                    (false, n) => ((1u128 << n) - 1) as i128,
                };
                return self.int_regs(v, t);
            }
            "int_cast" => {
                let Val::Regs(regs) = values[0].0.clone() else { return Val::Empty };
                return self.resize_int(&regs, k.is_signed(), ret);
            }
            _ => {}
        }
        if let Some(op) = name.strip_prefix("overflowing_") {
            return self.overflowing_intrinsic(op, values, t, k, ret);
        }
        if let Some(op) = name.strip_prefix("wrapping_") {
            return self.wrapping(op, values, t, k);
        }
        if wide {
            return self.wide_bits(name, values, k);
        }
        let x = self.arg(values, 0);
        let bits = i64::from(k.bits());
        // As an unsigned number of its own width.
        let u = self.as_unsigned(x, k);
        let v = match name {
            "count_ones" => self.int(Op::PopCnt, &[u]),
            "leading_zeros" => {
                let n = self.int(Op::Clz, &[u]);
                let extra = self.iconst(64 - bits);
                self.int(Op::ISub, &[n, extra])
            }
            "trailing_zeros" => {
                let n = self.int(Op::Ctz, &[u]);
                let most = self.iconst(bits);
                let more = self.icmp(IntCond::Ugt, n, most);
                self.int(Op::SelectI, &[more, most, n])
            }
            "swap_bytes" => {
                let s = self.int(Op::BSwap, &[u]);
                let n = self.iconst(64 - bits);
                let s = self.int(Op::UShr, &[s, n]);
                self.extend(s, k)
            }
            "mul_high" => {
                let y = self.arg(values, 1);
                self.int(Op::UMulHi, &[x, y])
            }
            "unsigned_lt" => {
                let y = self.arg(values, 1);
                let b = self.icmp(IntCond::Ult, x, y);
                self.bool_of(b)
            }
            _ => {
                unreachable!("the intrinsic `{name}` does not exist")
            }
        };
        self.one(v)
    }

    fn as_unsigned(&mut self, v: ValueId, k: IntKind) -> ValueId {
        if k.bits() >= 64 || !k.is_signed() {
            return v;
        }
        let m = self.iconst((1i64 << k.bits()) - 1);
        self.int(Op::IAnd, &[v, m])
    }

    fn binary_op(name: &str) -> BinaryOp {
        match name {
            "add" => BinaryOp::Add,
            "sub" => BinaryOp::Sub,
            "mul" => BinaryOp::Mul,
            "shl" => BinaryOp::Shl,
            _ => BinaryOp::Shr,
        }
    }

    /// Result and flag as a tuple `(T, bool)`.
    fn overflowing_intrinsic(&mut self, op: &str, values: &[(Val, Ty)], t: Ty, k: IntKind, ret: Ty) -> Val {
        let layout = self.layout(ret);
        let slot = self.new_slot(layout.size);
        let (a, b) = (layout.fields[0][0], layout.fields[0][1]);
        if k.bits() == 128 {
            let (Val::Regs(x), Val::Regs(y)) = (values[0].0.clone(), values[1].0.clone()) else { return Val::Empty };
            let out = self.new_slot(16);
            let addr = self.address(out);
            let code = self.iconst((Self::binary_op(op) as i64) << 1 | i64::from(k.is_signed()));
            let bad = self.call_rt(RtFn::GrokWide, &[addr, code, x[0], x[1], y[0], y[1]]);
            self.copy(slot.plus(a), out, 16);
            if let Some(bad) = bad {
                self.store(slot.plus(b), Scalar::U8, bad);
            }
            return self.load_val(slot, ret);
        }
        let (x, y) = (self.arg(values, 0), self.arg(values, 1));
        let (v, bad) = self.overflowing(Self::binary_op(op), x, y, k);
        let v = self.extend(v, k);
        let bad = self.bool_of(bad);
        self.store_val(slot.plus(a), t, &Val::Regs(vec![v]));
        self.store(slot.plus(b), Scalar::U8, bad);
        self.load_val(slot, ret)
    }

    /// Two's complement arithmetic; shift counts are taken modulo the width.
    fn wrapping(&mut self, op: &str, values: &[(Val, Ty)], t: Ty, k: IntKind) -> Val {
        if k.bits() == 128 {
            let Val::Regs(x) = values[0].0.clone() else { return Val::Empty };
            let y = match values.get(1).map(|v| v.0.clone()) {
                Some(Val::Regs(y)) => y,
                _ => return Val::Empty,
            };
            let high = match y.get(1) {
                Some(&h) => h,
                None => self.iconst(0),
            };
            let _ = t;
            return self.wide_call(Self::binary_op(op), &[x[0], x[1], y[0], high], k, false);
        }
        let x = self.arg(values, 0);
        let y = self.arg(values, 1);
        let v = match op {
            "add" => self.int(Op::IAdd, &[x, y]),
            "sub" => self.int(Op::ISub, &[x, y]),
            "mul" => self.int(Op::IMul, &[x, y]),
            _ => {
                let m = self.iconst(i64::from(k.bits()) - 1);
                let n = self.int(Op::IAnd, &[y, m]);
                match (op, k.is_signed()) {
                    ("shl", _) => self.int(Op::IShl, &[x, n]),
                    (_, true) => self.int(Op::SShr, &[x, n]),
                    (_, false) => self.int(Op::UShr, &[x, n]),
                }
            }
        };
        let v = self.extend(v, k);
        self.one(v)
    }

    fn wide_bits(&mut self, name: &str, values: &[(Val, Ty)], k: IntKind) -> Val {
        let _ = k;
        let Val::Regs(r) = values[0].0.clone() else { return Val::Empty };
        let (l, h) = (r[0], r[1]);
        let zero = self.iconst(0);
        let v = match name {
            "count_ones" => {
                let (a, b) = (self.int(Op::PopCnt, &[l]), self.int(Op::PopCnt, &[h]));
                self.int(Op::IAdd, &[a, b])
            }
            "leading_zeros" => {
                let (a, b) = (self.int(Op::Clz, &[h]), self.int(Op::Clz, &[l]));
                let n = self.iconst(64);
                let low = self.int(Op::IAdd, &[b, n]);
                let empty = self.icmp(IntCond::Eq, h, zero);
                self.int(Op::SelectI, &[empty, low, a])
            }
            "trailing_zeros" => {
                let (a, b) = (self.int(Op::Ctz, &[l]), self.int(Op::Ctz, &[h]));
                let n = self.iconst(64);
                let high = self.int(Op::IAdd, &[b, n]);
                let empty = self.icmp(IntCond::Eq, l, zero);
                self.int(Op::SelectI, &[empty, high, a])
            }
            "swap_bytes" => {
                let (a, b) = (self.int(Op::BSwap, &[h]), self.int(Op::BSwap, &[l]));
                return Val::Regs(vec![a, b]);
            }
            _ => {
                unreachable!("the intrinsic `{name}` does not exist for 128 bits")
            }
        };
        self.one(v)
    }

    fn float_intrinsic(&mut self, name: &str, values: &[(Val, Ty)], ret: Ty) -> Val {
        let is_f32 = |ty: Ty, w: &Self| matches!(w.m.c.types.kind(ty), TyKind::Float(FloatKind::F32));
        match name {
            "to_bits" => {
                let x = self.arg(values, 0);
                if is_f32(values[0].1, self) {
                    let slot = self.new_slot(8);
                    self.store(slot, Scalar::F32, x);
                    let v = self.load(slot, Scalar::U32);
                    return self.one(v);
                }
                let v = self.int(Op::FToBits, &[x]);
                return self.one(v);
            }
            "from_bits" => {
                let x = self.arg(values, 0);
                if ret == Ty::F32 {
                    let slot = self.new_slot(8);
                    self.store(slot, Scalar::U32, x);
                    let v = self.load(slot, Scalar::F32);
                    return self.one(v);
                }
                let v = self.float(Op::BitsToF, &[x]);
                return self.one(v);
            }
            _ => {}
        }
        let x = self.arg(values, 0);
        let direct = match name {
            "sqrt" => Some(Op::FSqrt),
            "abs" => Some(Op::FAbs),
            "floor" => Some(Op::FFloor),
            "ceil" => Some(Op::FCeil),
            "trunc" => Some(Op::FTrunc),
            "nearest" => Some(Op::FNearest),
            "copysign" => Some(Op::FCopySign),
            "fma" => Some(Op::Fma),
            _ => None,
        };
        let v = match direct {
            Some(op) => {
                let regs: Vec<ValueId> = values.iter().map(|v| v.0.one()).collect();
                self.float(op, &regs)
            }
            None => {
                // One of the library's functions by number; the order is the runtime's.
                const NAMES: &[&str] = &[
                    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "exp2", "ln", "log2",
                    "log10", "cbrt", "atan2", "pow", "hypot",
                ];
                let Some(code) = NAMES.iter().position(|&n| n == name) else {
                    unreachable!("the intrinsic `float_{name}` does not exist")
                };
                let a = self.int(Op::FToBits, &[x]);
                let b = match values.get(1) {
                    Some(y) => {
                        let y = y.0.one();
                        self.int(Op::FToBits, &[y])
                    }
                    None => a,
                };
                let code = self.iconst(code as i64);
                let bits = self.call_rt(RtFn::GrokFloatFn, &[code, a, b]).unwrap_or(a);
                self.float(Op::BitsToF, &[bits])
            }
        };
        let v = if ret == Ty::F32 { self.float(Op::FRound32, &[v]) } else { v };
        self.one(v)
    }

    /// An entry of the runtime by name; views pass as address and length, floats as bits.
    fn runtime_entry(&mut self, name: &str, values: &[(Val, Ty)], ret: Ty) -> Val {
        let full = format!("grok_{name}");
        let Some(f) = RtFn::by_name(&full) else { unreachable!("the runtime has no entry `{full}`") };
        self.m.makes_handles |= f == RtFn::GrokGcNew;
        let mut args = Vec::new();
        for (v, _) in values {
            match v {
                Val::Regs(r) => {
                    for &x in r {
                        let x = if self.func.ty(x) == Type::F64 { self.int(Op::FToBits, &[x]) } else { x };
                        args.push(x);
                    }
                }
                Val::Mem(a) => {
                    let p = self.address(*a);
                    args.push(p);
                }
                Val::Empty => {}
            }
        }
        if matches!(name, "panic_cancel" | "panic_resume") {
            self.call_rt(f, &args);
            let unwind = self.unwind_block();
            self.jump(unwind);
            return Val::Empty;
        }
        if matches!(name, "panic" | "panic_index") {
            let place = self.place_value();
            args.push(place);
            self.call_rt(f, &args);
            let unwind = self.unwind_block();
            self.jump(unwind);
            return Val::Empty;
        }
        let result = self.call_rt(f, &args);
        match result {
            Some(v) if matches!(self.m.c.types.kind(ret), TyKind::Float(_)) => {
                let x = self.float(Op::BitsToF, &[v]);
                self.one(x)
            }
            Some(v) if !self.layout(ret).is_empty() => self.one(v),
            _ => Val::Empty,
        }
    }
}
