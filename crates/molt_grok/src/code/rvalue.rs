//! Right-hand sides: arithmetic with its checks, casts, aggregates, references.

use molt_base::EntityId;
use molt_ir::{FloatCond, IntCond, Op, Type, ValueId};

use super::func::{Addr, Val, Writer};
use super::layout::{Meta, Scalar, Tag};
use super::objects::Upcast;
use super::place::At;
use crate::check::typed::CastKind;
use crate::hir::{BinaryOp, FloatKind, IntKind, Mutability};
use crate::mir::{Aggregate, Cast, Operand, Place, Rvalue};
use crate::ty::{Const, ConstKind, Ty, TyKind};

impl Writer<'_, '_> {
    pub fn assign(&mut self, place: &Place, rvalue: &Rvalue) {
        match rvalue {
            Rvalue::Aggregate(kind, operands) => return self.aggregate(place, kind, operands),
            Rvalue::Repeat(operand, n) => return self.repeat(place, operand, *n),
            _ => {}
        }
        let val = self.rvalue(rvalue);
        if self.ended {
            return;
        }
        let at = self.place(place);
        self.write_to(&at, &val);
    }

    fn rvalue(&mut self, rvalue: &Rvalue) -> Val {
        match rvalue {
            Rvalue::Use(op) => self.operand(op).0,
            Rvalue::Ref(_, _, place) | Rvalue::RawRef(_, place) => {
                let at = self.place(place);
                // A shared reference to a `str` is the `str`.
                if let (TyKind::Str(_), Rvalue::Ref(_, kind, _)) = (self.m.c.types.kind(at.ty), rvalue)
                    && matches!(kind, crate::mir::BorrowKind::Shared | crate::mir::BorrowKind::Fake)
                {
                    return self.read(&at);
                }
                self.pointer_to(&at)
            }
            Rvalue::StaticRef(k) => {
                let d = self.m.static_data(*k);
                let addr = self.data_addr(d);
                let c = self.m.c;
                let ty = c.revealed(c.types.erase(c.const_type(*k)));
                // A reference to a `str` is the `str`.
                if matches!(c.types.kind(ty), TyKind::Str(_)) {
                    return self.load_val(Addr::value(addr), ty);
                }
                Val::Regs(vec![addr])
            }
            Rvalue::Len(place) => {
                let at = self.place(place);
                Val::Regs(vec![self.length(&at)])
            }
            Rvalue::Cast(cast, op, to) => self.cast(*cast, op, *to),
            Rvalue::Binary(op, a, b) => {
                let (x, ty) = self.operand(a);
                let (y, _) = self.operand(b);
                self.binary(*op, &x, &y, ty)
            }
            Rvalue::Neg(op) => {
                let (x, ty) = self.operand(op);
                self.negate(&x, ty)
            }
            Rvalue::Not(op) => {
                let (x, ty) = self.operand(op);
                self.not(&x, ty)
            }
            Rvalue::Variant(place) => {
                let at = self.place(place);
                Val::Regs(vec![self.variant_of(&at)])
            }
            Rvalue::Aggregate(..) | Rvalue::Repeat(..) => unreachable!("written in place by the caller"),
        }
    }

    /// Number of the variant at a place.
    pub fn variant_of(&mut self, at: &At) -> ValueId {
        let layout = self.layout(at.ty);
        let Some(addr) = at.addr else { return self.iconst(0) };
        match &layout.tag {
            Tag::Single => self.iconst(0),
            Tag::Direct(s) => self.load(addr, *s),
            Tag::Niche { niche, dataful } => {
                let (niche, dataful) = (*niche, *dataful);
                let raw = self.load(addr.plus(niche.offset), niche.scalar);
                let raw = self.unsigned(raw, niche.scalar);
                let first = self.iconst(niche.first as i64);
                if niche.count == 1 {
                    // One other variant: it is before or after the one with data.
                    let other = i64::from(dataful == 0);
                    let is_other = self.icmp(IntCond::Eq, raw, first);
                    let (a, b) = (self.iconst(other), self.iconst(i64::from(dataful)));
                    return self.int(Op::SelectI, &[is_other, a, b]);
                }
                let n = self.int(Op::ISub, &[raw, first]);
                let count = self.iconst(niche.count as i64);
                let inside = self.icmp(IntCond::Ult, n, count);
                // The n-th other variant comes after the one with data if n has reached it.
                let d = self.iconst(i64::from(dataful));
                let past = self.icmp(IntCond::Uge, n, d);
                let past = self.bool_of(past);
                let number = self.int(Op::IAdd, &[n, past]);
                self.int(Op::SelectI, &[inside, number, d])
            }
        }
    }

    /// A narrow value zero-extended.
    fn unsigned(&mut self, v: ValueId, s: Scalar) -> ValueId {
        let mask = match s {
            Scalar::I8 => 0xff,
            Scalar::I16 => 0xffff,
            Scalar::I32 => 0xffff_ffff,
            _ => return v,
        };
        let m = self.iconst(mask);
        self.int(Op::IAnd, &[v, m])
    }

    /// Marks a place as holding a variant; its fields are written separately, before for niches.
    pub fn set_variant(&mut self, at: &At, variant: u32) {
        let layout = self.layout(at.ty);
        let Some(addr) = at.addr else { return };
        match &layout.tag {
            Tag::Single => {}
            Tag::Direct(s) => {
                let v = self.iconst(i64::from(variant));
                self.store(addr, *s, v);
            }
            Tag::Niche { niche, dataful } => {
                if variant != *dataful {
                    let n = if variant > *dataful { variant - 1 } else { variant };
                    let v = self.iconst((niche.first + u64::from(n)) as i64);
                    let scalar = niche.scalar;
                    self.store(addr.plus(niche.offset), scalar, v);
                }
            }
        }
    }

    fn aggregate(&mut self, place: &Place, kind: &Aggregate, operands: &[Operand]) {
        // Values first: the place may be one of them.
        let mut vals = Vec::new();
        for op in operands {
            let (mut val, ty) = self.operand(op);
            if let (Val::Mem(from), Operand::Copy(p) | Operand::Move(p)) = (&val, op)
                && Writer::same_slot(p, place)
            {
                let layout = self.layout(ty);
                let temp = self.new_slot(layout.size);
                self.copy(temp, *from, layout.size);
                val = Val::Mem(temp);
            }
            vals.push((val, ty));
        }
        let at = self.place(place);
        let variant = match kind {
            Aggregate::Adt(_, v, _) => *v,
            _ => 0,
        };
        if let Aggregate::Array(_) = kind {
            for (n, (val, ty)) in vals.iter().enumerate() {
                let size = self.layout(*ty).size;
                if let Some(a) = at.addr {
                    self.store_val(a.plus(size * n as u64), *ty, val);
                }
            }
            return;
        }
        let layout = self.layout(at.ty);
        for (n, (val, ty)) in vals.iter().enumerate() {
            let offset = layout.fields.get(variant as usize).and_then(|f| f.get(n)).copied().unwrap_or(0);
            if let Some(a) = at.addr {
                self.store_val(a.plus(offset), *ty, val);
            }
        }
        if let Aggregate::Adt(..) = kind {
            self.set_variant(&at, variant);
        }
        if let (TyKind::Future(..), Some(a)) = (self.m.c.types.kind(at.ty), at.addr) {
            self.store_state(a, &layout, super::future::UNSTARTED);
        }
    }

    fn repeat(&mut self, place: &Place, operand: &Operand, n: Const) {
        let c = self.m.c;
        let n = c.evaluated(c.types.subst_const(n, self.args));
        let ConstKind::Value(count) = c.types.const_kind(n) else { return };
        let (val, ty) = self.operand(operand);
        let at = self.place(place);
        let Some(base) = at.addr else { return };
        let size = self.layout(ty).size;
        if count <= 8 {
            for i in 0..count as u64 {
                self.store_val(base.plus(i * size), ty, &val);
            }
            return;
        }
        let start = self.address(base);
        if let (Val::Regs(regs), 1) = (&val, size) {
            let len = self.iconst(count as i64);
            self.inst(Op::MemSet, &[start, regs[0], len], 0, &[]);
            return;
        }
        // A loop over addresses.
        let bytes = self.iconst((count as u64 * size) as i64);
        let end = self.int(Op::IAdd, &[start, bytes]);
        let (head, next) = (self.func.new_block(), self.func.new_block());
        let p = self.func.add_param(head, Type::I64);
        self.jump_with(head, &[start]);
        self.switch(head);
        self.store_val(Addr::value(p), ty, &val);
        let step = self.iconst(size as i64);
        let q = self.int(Op::IAdd, &[p, step]);
        let more = self.icmp(IntCond::Ult, q, end);
        let edges: [(molt_ir::BlockId, &[ValueId]); 2] = [(head, &[q]), (next, &[])];
        let i = self.func.make_inst(Op::BrIf, &[more], 0, &edges, &[], self.loc);
        self.func.append(self.block, i);
        self.switch(next);
    }

    /// A jump that passes values to the target's parameters.
    pub fn jump_with(&mut self, to: molt_ir::BlockId, values: &[ValueId]) {
        let i = self.func.make_inst(Op::Jump, &[], 0, &[(to, values)], &[], self.loc);
        self.func.append(self.block, i);
        self.ended = true;
    }

    pub fn check_index(&mut self, place: &Place, index: &Operand) {
        let (i, _) = self.operand(index);
        let i = i.one();
        let at = self.place(place);
        let len = self.length(&at);
        let bad = self.icmp(IntCond::Uge, i, len);
        let next = self.func.new_block();
        let cold = self.func.new_block();
        self.func.blocks[cold].cold = true;
        self.end(Op::BrIf, &[bad], &[cold, next]);
        self.switch(cold);
        let place = self.place_value();
        self.call_rt(molt_abi::RtFn::GrokPanicIndex, &[i, len, place]);
        self.tell_frame();
        let unwind = self.unwind_block();
        self.jump(unwind);
        self.switch(next);
    }

    // Arithmetic.

    fn int_kind(&self, ty: Ty) -> Option<IntKind> {
        match self.m.c.types.kind(ty) {
            TyKind::Int(k) => Some(k),
            _ => None,
        }
    }

    fn binary(&mut self, op: BinaryOp, x: &Val, y: &Val, ty: Ty) -> Val {
        let c = self.m.c;
        match c.types.kind(ty) {
            TyKind::Float(kind) => self.float_binary(op, x.one(), y.one(), kind),
            TyKind::Int(k) if k.bits() == 128 => self.wide_binary(op, x, y, k),
            TyKind::Int(k) => Val::Regs(vec![self.int_binary(op, x.one(), y.one(), k)]),
            TyKind::Str(_) => self.text_compare(op, x, y),
            TyKind::Ref(_, _, to) if matches!(c.types.kind(to), TyKind::Slice(_)) => self.text_compare(op, x, y),
            _ => match (x, y) {
                // `bool`, `char`, pointers and functions: as unsigned numbers.
                (Val::Regs(a), Val::Regs(b)) => {
                    let (a, b) = (a[0], b[0]);
                    Val::Regs(vec![self.int_binary(op, a, b, IntKind::U64)])
                }
                _ => Val::Regs(vec![self.iconst(i64::from(matches!(op, BinaryOp::Eq | BinaryOp::Le | BinaryOp::Ge)))]),
            },
        }
    }

    fn float_binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId, kind: FloatKind) -> Val {
        let cond = match op {
            BinaryOp::Eq => Some(FloatCond::Eq),
            BinaryOp::Ne => Some(FloatCond::Ne),
            BinaryOp::Lt => Some(FloatCond::Lt),
            BinaryOp::Le => Some(FloatCond::Le),
            BinaryOp::Gt => Some(FloatCond::Gt),
            BinaryOp::Ge => Some(FloatCond::Ge),
            _ => None,
        };
        if let Some(cond) = cond {
            let bit = self.bit(Op::FCmp, &[a, b], cond as u64);
            return Val::Regs(vec![self.bool_of(bit)]);
        }
        let v = match op {
            BinaryOp::Add => self.float(Op::FAdd, &[a, b]),
            BinaryOp::Sub => self.float(Op::FSub, &[a, b]),
            BinaryOp::Mul => self.float(Op::FMul, &[a, b]),
            BinaryOp::Div => self.float(Op::FDiv, &[a, b]),
            _ => {
                let (x, y) = (self.int(Op::FToBits, &[a]), self.int(Op::FToBits, &[b]));
                let bits = self.call_rt(molt_abi::RtFn::GrokFloatRem, &[x, y]);
                let bits = bits.unwrap_or(x);
                self.float(Op::BitsToF, &[bits])
            }
        };
        let v = if kind == FloatKind::F32 { self.float(Op::FRound32, &[v]) } else { v };
        Val::Regs(vec![v])
    }

    /// Whether a 64-bit result has left the range of a narrower type.
    fn out_of_range(&mut self, v: ValueId, k: IntKind) -> ValueId {
        let back = self.extend(v, k);
        self.icmp(IntCond::Ne, back, v)
    }

    /// The low bits of a value as the type holds them.
    pub fn extend(&mut self, v: ValueId, k: IntKind) -> ValueId {
        let bits = k.bits();
        if bits >= 64 {
            return v;
        }
        if k.is_signed() {
            let n = self.iconst(i64::from(64 - bits));
            let up = self.int(Op::IShl, &[v, n]);
            self.int(Op::SShr, &[up, n])
        } else {
            let m = self.iconst((1i64 << bits) - 1);
            self.int(Op::IAnd, &[v, m])
        }
    }

    fn int_binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId, k: IntKind) -> ValueId {
        let signed = k.is_signed();
        let cond = match (op, signed) {
            (BinaryOp::Eq, _) => Some(IntCond::Eq),
            (BinaryOp::Ne, _) => Some(IntCond::Ne),
            (BinaryOp::Lt, true) => Some(IntCond::Slt),
            (BinaryOp::Le, true) => Some(IntCond::Sle),
            (BinaryOp::Gt, true) => Some(IntCond::Sgt),
            (BinaryOp::Ge, true) => Some(IntCond::Sge),
            (BinaryOp::Lt, false) => Some(IntCond::Ult),
            (BinaryOp::Le, false) => Some(IntCond::Ule),
            (BinaryOp::Gt, false) => Some(IntCond::Ugt),
            (BinaryOp::Ge, false) => Some(IntCond::Uge),
            _ => None,
        };
        if let Some(cond) = cond {
            let bit = self.icmp(cond, a, b);
            return self.bool_of(bit);
        }
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => self.checked(op, a, b, k),
            BinaryOp::Div | BinaryOp::Rem => self.divide(op, a, b, k),
            BinaryOp::BitAnd => self.int(Op::IAnd, &[a, b]),
            BinaryOp::BitOr => self.int(Op::IOr, &[a, b]),
            BinaryOp::BitXor => self.int(Op::IXor, &[a, b]),
            _ => self.shift(op, a, b, k),
        }
    }

    /// Whether arithmetic wraps around where it would panic: `overflow = "wrap"` in the manifest.
    fn wraps(&self) -> bool {
        self.m.c.hir.overflow_wraps
    }

    fn checked(&mut self, op: BinaryOp, a: ValueId, b: ValueId, k: IntKind) -> ValueId {
        if self.wraps() {
            let plain = match op {
                BinaryOp::Add => Op::IAdd,
                BinaryOp::Sub => Op::ISub,
                _ => Op::IMul,
            };
            let v = self.int(plain, &[a, b]);
            return if k.bits() < 64 { self.extend(v, k) } else { v };
        }
        let (value, bad) = self.overflowing(op, a, b, k);
        let text = match op {
            BinaryOp::Add => "the sum overflows",
            BinaryOp::Sub => "the difference overflows",
            _ => "the product overflows",
        };
        self.panic_if(bad, text);
        value
    }

    /// Sum, difference or product in 64 bits and whether it leaves the type's range.
    pub fn overflowing(&mut self, op: BinaryOp, a: ValueId, b: ValueId, k: IntKind) -> (ValueId, ValueId) {
        let narrow = k.bits() < 64;
        if narrow {
            // Products of 32-bit numbers fit in 64 bits.
            let plain = match op {
                BinaryOp::Add => Op::IAdd,
                BinaryOp::Sub => Op::ISub,
                _ => Op::IMul,
            };
            let v = self.int(plain, &[a, b]);
            let bad = self.out_of_range(v, k);
            return (v, bad);
        }
        let op = match (op, k.is_signed()) {
            (BinaryOp::Add, true) => Op::IAddOf,
            (BinaryOp::Sub, true) => Op::ISubOf,
            (_, true) => Op::IMulOf,
            (BinaryOp::Add, false) => Op::UAddOf,
            (BinaryOp::Sub, false) => Op::USubOf,
            (_, false) => Op::UMulOf,
        };
        let i = self.inst(op, &[a, b], 0, &[Type::I64, Type::I1]);
        let mut r = self.func.results(i);
        match (r.next(), r.next()) {
            (Some(v), Some(o)) => (v, o),
            _ => unreachable!("the op has two results"),
        }
    }

    fn divide(&mut self, op: BinaryOp, a: ValueId, b: ValueId, k: IntKind) -> ValueId {
        let zero = self.iconst(0);
        let bad = self.icmp(IntCond::Eq, b, zero);
        let text = if op == BinaryOp::Div { "division by zero" } else { "remainder of a division by zero" };
        self.panic_if(bad, text);
        if !k.is_signed() {
            return self.int(if op == BinaryOp::Div { Op::UDiv } else { Op::URem }, &[a, b]);
        }
        let min = self.iconst(if k.bits() >= 64 { i64::MIN } else { -1i64 << (k.bits() - 1) });
        let minus = self.iconst(-1);
        let is_min = self.icmp(IntCond::Eq, a, min);
        let is_minus = self.icmp(IntCond::Eq, b, minus);
        let bad = self.bit(Op::BAnd, &[is_min, is_minus], 0);
        let b = if self.wraps() {
            // The quotient by -1 is the number itself again, as that by 1 is.
            let one = self.iconst(1);
            self.int(Op::SelectI, &[bad, one, b])
        } else {
            self.panic_if(bad, "the quotient overflows");
            b
        };
        self.int(if op == BinaryOp::Div { Op::SDiv } else { Op::SRem }, &[a, b])
    }

    fn shift(&mut self, op: BinaryOp, a: ValueId, b: ValueId, k: IntKind) -> ValueId {
        // A negative count is a large unsigned one.
        let b = if self.wraps() {
            let mask = self.iconst(i64::from(k.bits()) - 1);
            self.int(Op::IAnd, &[b, mask])
        } else {
            let width = self.iconst(i64::from(k.bits()));
            let bad = self.icmp(IntCond::Uge, b, width);
            self.panic_if(bad, "the shift is as wide as the number or wider");
            b
        };
        match op {
            BinaryOp::Shl => {
                let v = self.int(Op::IShl, &[a, b]);
                self.extend(v, k)
            }
            _ if k.is_signed() => self.int(Op::SShr, &[a, b]),
            _ => self.int(Op::UShr, &[a, b]),
        }
    }

    fn negate(&mut self, x: &Val, ty: Ty) -> Val {
        if let TyKind::Float(_) = self.m.c.types.kind(ty) {
            let v = x.one();
            return Val::Regs(vec![self.float(Op::FNeg, &[v])]);
        }
        let Some(k) = self.int_kind(ty) else { return x.clone() };
        let zero = self.int_regs(0, ty);
        if k.bits() == 128 {
            return self.wide_binary(BinaryOp::Sub, &zero, x, k);
        }
        if self.wraps() {
            return Val::Regs(vec![self.checked(BinaryOp::Sub, zero.one(), x.one(), k)]);
        }
        let (v, bad) = self.overflowing(BinaryOp::Sub, zero.one(), x.one(), k);
        self.panic_if(bad, "the negation overflows");
        Val::Regs(vec![v])
    }

    fn not(&mut self, x: &Val, ty: Ty) -> Val {
        let Val::Regs(regs) = x else { return x.clone() };
        if ty == Ty::BOOL {
            let one = self.iconst(1);
            return Val::Regs(vec![self.int(Op::IXor, &[regs[0], one])]);
        }
        let k = self.int_kind(ty).unwrap_or(IntKind::I64);
        let ones = self.iconst(-1);
        let mut out = Vec::new();
        for &r in regs {
            let v = self.int(Op::IXor, &[r, ones]);
            out.push(if k.bits() < 64 { self.extend(v, k) } else { v });
        }
        Val::Regs(out)
    }

    /// `str` and byte slices: lexicographic by bytes.
    fn text_compare(&mut self, op: BinaryOp, x: &Val, y: &Val) -> Val {
        let (Val::Regs(a), Val::Regs(b)) = (x, y) else { return Val::Empty };
        let (pa, la, pb, lb) = (a[0], a[1], b[0], b[1]);
        if matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
            // Different lengths need no look at the text.
            let (full, done) = (self.func.new_block(), self.func.new_block());
            let result = self.func.add_param(done, Type::I64);
            let same_len = self.icmp(IntCond::Eq, la, lb);
            let no = self.iconst(i64::from(op == BinaryOp::Ne));
            let edges: [(molt_ir::BlockId, &[ValueId]); 2] = [(full, &[]), (done, &[no])];
            let i = self.func.make_inst(Op::BrIf, &[same_len], 0, &edges, &[], self.loc);
            self.func.append(self.block, i);
            self.switch(full);
            let order = self.int(Op::MemCmp, &[pa, pb, la]);
            let zero = self.iconst(0);
            let cond = if op == BinaryOp::Eq { IntCond::Eq } else { IntCond::Ne };
            let bit = self.icmp(cond, order, zero);
            let v = self.bool_of(bit);
            self.jump_with(done, &[v]);
            self.switch(done);
            return Val::Regs(vec![result]);
        }
        let shorter = self.icmp(IntCond::Ult, la, lb);
        let n = self.int(Op::SelectI, &[shorter, la, lb]);
        let order = self.int(Op::MemCmp, &[pa, pb, n]);
        let zero = self.iconst(0);
        let equal = self.icmp(IntCond::Eq, order, zero);
        let by_len = self.int(Op::ISub, &[la, lb]);
        let order = self.int(Op::SelectI, &[equal, by_len, order]);
        Val::Regs(vec![self.int_binary(op, order, zero, IntKind::I64)])
    }

    /// 128-bit arithmetic: halves, and the runtime for what takes long.
    fn wide_binary(&mut self, op: BinaryOp, x: &Val, y: &Val, k: IntKind) -> Val {
        let (Val::Regs(a), Val::Regs(b)) = (x, y) else { return Val::Empty };
        let (al, ah, bl) = (a[0], a[1], b[0]);
        let bh = b.get(1).copied();
        let signed = k.is_signed();
        let both = |w: &mut Self, op: Op, bh: ValueId| {
            let (l, h) = (w.int(op, &[al, bl]), w.int(op, &[ah, bh]));
            Val::Regs(vec![l, h])
        };
        match op {
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => {
                let o = match op {
                    BinaryOp::BitAnd => Op::IAnd,
                    BinaryOp::BitOr => Op::IOr,
                    _ => Op::IXor,
                };
                both(self, o, bh.unwrap_or(ah))
            }
            BinaryOp::Eq | BinaryOp::Ne => {
                let l = self.int(Op::IXor, &[al, bl]);
                let h = self.int(Op::IXor, &[ah, bh.unwrap_or(ah)]);
                let any = self.int(Op::IOr, &[l, h]);
                let zero = self.iconst(0);
                Val::Regs(vec![self.int_binary(op, any, zero, IntKind::I64)])
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let bh = bh.unwrap_or(ah);
                let strict = if matches!(op, BinaryOp::Lt | BinaryOp::Le) { BinaryOp::Lt } else { BinaryOp::Gt };
                let half = if signed { IntKind::I64 } else { IntKind::U64 };
                let high = self.int_binary(strict, ah, bh, half);
                let same = self.icmp(IntCond::Eq, ah, bh);
                let low = self.int_binary(op, al, bl, IntKind::U64);
                Val::Regs(vec![self.int(Op::SelectI, &[same, low, high])])
            }
            BinaryOp::Shl | BinaryOp::Shr if self.wraps() => {
                let (mask, zero) = (self.iconst(127), self.iconst(0));
                let count = self.int(Op::IAnd, &[bl, mask]);
                self.wide_call(op, &[al, ah, count, zero], k, false)
            }
            BinaryOp::Shl | BinaryOp::Shr => {
                // A negative count is a large unsigned one.
                let high = match bh {
                    Some(h) => h,
                    None => self.iconst(0),
                };
                self.wide_call(op, &[al, ah, bl, high], k, true)
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                let check = !self.wraps();
                self.wide_call(op, &[al, ah, bl, bh.unwrap_or(ah)], k, check)
            }
            _ => {
                let mut divisor = [bl, bh.unwrap_or(ah)];
                if self.wraps() && signed {
                    divisor = self.wrapping_divisor([al, ah], divisor);
                }
                self.wide_call(op, &[al, ah, divisor[0], divisor[1]], k, true)
            }
        }
    }

    /// The divisor of a 128-bit division that wraps: the least number by -1 is itself again, as it is by 1.
    fn wrapping_divisor(&mut self, a: [ValueId; 2], b: [ValueId; 2]) -> [ValueId; 2] {
        let (zero, one, minus, min) = (self.iconst(0), self.iconst(1), self.iconst(-1), self.iconst(i64::MIN));
        let pairs = [(a[0], zero), (a[1], min), (b[0], minus), (b[1], minus)];
        let mut differs = zero;
        for (x, y) in pairs {
            let bits = self.int(Op::IXor, &[x, y]);
            differs = self.int(Op::IOr, &[differs, bits]);
        }
        let bad = self.icmp(IntCond::Eq, differs, zero);
        [self.int(Op::SelectI, &[bad, one, b[0]]), self.int(Op::SelectI, &[bad, zero, b[1]])]
    }

    /// A 128-bit operation of the runtime: the result lies in memory, the flag says what went wrong.
    pub fn wide_call(&mut self, op: BinaryOp, regs: &[ValueId], k: IntKind, check: bool) -> Val {
        let out = self.new_slot(16);
        let addr = self.address(out);
        let code = (op as i64) << 1 | i64::from(k.is_signed());
        let code = self.iconst(code);
        let mut args = vec![addr, code];
        args.extend_from_slice(regs);
        let bad = self.call_rt(molt_abi::RtFn::GrokWide, &args);
        if check && let Some(bad) = bad {
            let bit = self.bit_of(bad);
            self.panic_if(bit, "128-bit arithmetic overflows or divides by zero");
        }
        let l = self.load(out, Scalar::U64);
        let h = self.load(out.plus(8), Scalar::U64);
        Val::Regs(vec![l, h])
    }

    // Casts.

    fn cast(&mut self, cast: Cast, op: &Operand, to: Ty) -> Val {
        let to = self.ty(to);
        match cast {
            Cast::Kind(kind) => {
                let (x, from) = self.operand(op);
                self.cast_value(kind, &x, from, to)
            }
            Cast::ReifyFn => {
                let ty = self.operand_ty(op);
                let f = self.reified(ty);
                Val::Regs(vec![self.op(Op::FuncAddr, &[], f.index() as u64, Type::I64)])
            }
            Cast::ClosureToFn => {
                let ty = self.operand_ty(op);
                let f = self.m.function(super::Instance::Shim(ty, super::Entry::Bare));
                Val::Regs(vec![self.op(Op::FuncAddr, &[], f.index() as u64, Type::I64)])
            }
            Cast::ToPointer => self.operand(op).0,
            Cast::Unsize => {
                let (x, from) = self.operand(op);
                self.unsize(&x, from, to)
            }
        }
    }

    /// What a pointer type points to.
    pub fn pointee(&self, ty: Ty) -> Option<Ty> {
        let c = self.m.c;
        match c.types.kind(ty) {
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => Some(t),
            TyKind::Adt(adt, args) if c.holds_unsized(adt) => c.types.list(args)[0].ty(),
            _ => None,
        }
    }

    fn unsize(&mut self, x: &Val, from: Ty, to: Ty) -> Val {
        let c = self.m.c;
        let (Some(a), Some(b)) = (self.pointee(from).or(Some(from)), self.pointee(to)) else { return x.clone() };
        let Val::Regs(regs) = x else { return x.clone() };
        match (c.types.kind(a), c.types.kind(b)) {
            (TyKind::Array(_, n), TyKind::Slice(_)) => {
                let n = match c.types.const_kind(c.evaluated(n)) {
                    ConstKind::Value(v) => v as i64,
                    _ => 0,
                };
                let len = self.iconst(n);
                Val::Regs(vec![regs[0], len])
            }
            (TyKind::Dyn(x, _), TyKind::Dyn(y, _)) => match self.m.upcast(a, x, y) {
                Upcast::Prefix => Val::Regs(regs.clone()),
                Upcast::Word(index) => {
                    let table = self.load(Addr::value(regs[1]).plus(index * 8), Scalar::U64);
                    Val::Regs(vec![regs[0], table])
                }
            },
            (_, TyKind::Dyn(d, _)) => {
                let table = self.m.table(a, d);
                let table = self.data_addr(table);
                // A `&T` with `T = str` is the text, and the object may live as long: its address and length lie in
                // memory that stays. What is a `str` as written comes with the address of a variable.
                if let &[text, len] = &regs[..]
                    && let TyKind::Str(_) = c.types.kind(a)
                {
                    let ptr = self.call_rt(molt_abi::RtFn::GrokTextCell, &[text, len]).unwrap_or(text);
                    return Val::Regs(vec![ptr, table]);
                }
                Val::Regs(vec![regs[0], table])
            }
            _ => x.clone(),
        }
    }

    pub fn cast_value(&mut self, kind: CastKind, x: &Val, from: Ty, to: Ty) -> Val {
        let types = &self.m.c.types;
        let Val::Regs(regs) = x else {
            return if let CastKind::EnumToInt = kind { self.int_regs(0, to) } else { x.clone() };
        };
        let regs = regs.clone();
        match kind {
            CastKind::Identity | CastKind::PtrToPtr => {
                // A fat pointer may become a thin one.
                let thin = self.pointee(to).is_some_and(|t| self.m.meta(t) == Meta::None);
                if thin { Val::Regs(vec![regs[0]]) } else { Val::Regs(regs) }
            }
            CastKind::PtrToInt | CastKind::IntToPtr | CastKind::FnToInt | CastKind::FnToPtr => Val::Regs(vec![regs[0]]),
            CastKind::IntToInt | CastKind::BoolToInt | CastKind::CharToInt | CastKind::U8ToChar => {
                let signed = matches!(types.kind(from), TyKind::Int(k) if k.is_signed());
                self.resize_int(&regs, signed, to)
            }
            CastKind::EnumToInt => self.discriminant(regs[0], from, to),
            CastKind::IntToFloat => Val::Regs(vec![self.int_to_float(&regs, from, to)]),
            CastKind::FloatToFloat => Val::Regs(vec![self.rounded_to(regs[0], to)]),
            CastKind::FloatToInt => self.float_to_int(regs[0], to),
        }
    }

    /// The nearest float, rounded once.
    fn int_to_float(&mut self, regs: &[ValueId], from: Ty, to: Ty) -> ValueId {
        let k = self.int_kind(from).unwrap_or(IntKind::I64);
        let narrow = to == Ty::F32;
        if k.bits() == 128 {
            let form = self.iconst(i64::from(k.is_signed()) | i64::from(narrow) << 1);
            let bits = self.call_rt(molt_abi::RtFn::GrokWideToFloat, &[regs[0], regs[1], form]);
            return self.float(Op::BitsToF, &[bits.unwrap_or(regs[0])]);
        }
        let exact = if narrow && k.bits() == 64 { self.rounded_to_odd(regs[0], k.is_signed()) } else { regs[0] };
        let op = if k.is_signed() || k.bits() < 64 { Op::IntToF } else { Op::UIntToF };
        let v = self.float(op, &[exact]);
        self.rounded_to(v, to)
    }

    /// A number that a double holds and that is the same `f32` as this one: where there are more than 53 bits, the lowest
    /// that is left says whether one below it was set (Boldo and Melquiond, "When double rounding is odd").
    fn rounded_to_odd(&mut self, v: ValueId, signed: bool) -> ValueId {
        const LOST: i64 = (1 << 11) - 1;
        const EXACT: i64 = 1 << 53;
        let (lost, kept) = (self.iconst(LOST), self.iconst(!LOST));
        let low = self.int(Op::IAnd, &[v, lost]);
        let carried = self.int(Op::IAdd, &[low, lost]);
        let sticky = self.int(Op::IOr, &[carried, v]);
        let odd = self.int(Op::IAnd, &[sticky, kept]);
        let exact = self.iconst(EXACT);
        let large = if signed {
            let (shifted, most) = (self.int(Op::IAdd, &[v, exact]), self.iconst(2 * EXACT));
            self.icmp(IntCond::Ugt, shifted, most)
        } else {
            self.icmp(IntCond::Ugt, v, exact)
        };
        self.int(Op::SelectI, &[large, odd, v])
    }

    fn rounded_to(&mut self, v: ValueId, to: Ty) -> ValueId {
        if to == Ty::F32 { self.float(Op::FRound32, &[v]) } else { v }
    }

    /// Truncation or extension to an integer type.
    pub fn resize_int(&mut self, regs: &[ValueId], from_signed: bool, to: Ty) -> Val {
        let Some(k) = self.int_kind(to) else { return Val::Regs(vec![regs[0]]) };
        if k.bits() == 128 {
            let high = match regs.get(1) {
                Some(&h) => h,
                None if from_signed => {
                    let n = self.iconst(63);
                    self.int(Op::SShr, &[regs[0], n])
                }
                None => self.iconst(0),
            };
            return Val::Regs(vec![regs[0], high]);
        }
        Val::Regs(vec![self.extend(regs[0], k)])
    }

    fn float_to_int(&mut self, v: ValueId, to: Ty) -> Val {
        let k = self.int_kind(to).unwrap_or(IntKind::I64);
        if k.bits() == 128 {
            let bits = self.int(Op::FToBits, &[v]);
            let out = self.new_slot(16);
            let addr = self.address(out);
            let signed = self.iconst(i64::from(k.is_signed()));
            self.call_rt(molt_abi::RtFn::GrokFloatToWide, &[addr, bits, signed]);
            let (l, h) = (self.load(out, Scalar::U64), self.load(out.plus(8), Scalar::U64));
            return Val::Regs(vec![l, h]);
        }
        if k.bits() == 64 {
            return Val::Regs(vec![self.int(if k.is_signed() { Op::FToIntSat } else { Op::FToUIntSat }, &[v])]);
        }
        let wide = self.int(Op::FToIntSat, &[v]);
        let (min, max) = if k.is_signed() {
            (-1i64 << (k.bits() - 1), (1i64 << (k.bits() - 1)) - 1)
        } else {
            (0, (1i64 << k.bits()) - 1)
        };
        let (min, max) = (self.iconst(min), self.iconst(max));
        let low = self.icmp(IntCond::Slt, wide, min);
        let v = self.int(Op::SelectI, &[low, min, wide]);
        let high = self.icmp(IntCond::Sgt, v, max);
        Val::Regs(vec![self.int(Op::SelectI, &[high, max, v])])
    }

    /// The declared number of a field-less variant.
    fn discriminant(&mut self, variant: ValueId, from: Ty, to: Ty) -> Val {
        let c = self.m.c;
        let TyKind::Adt(adt, _) = c.types.kind(from) else { return Val::Regs(vec![variant]) };
        let values = c.discriminants(adt);
        let plain = values.iter().enumerate().all(|(i, &v)| v == i as i128);
        if plain {
            return self.resize_int(&[variant], false, to);
        }
        let mut out = self.iconst(values.last().copied().unwrap_or(0) as i64);
        for (i, &v) in values.iter().enumerate().rev().skip(1) {
            let n = self.iconst(i as i64);
            let is = self.icmp(IntCond::Eq, variant, n);
            let v = self.iconst(v as i64);
            out = self.int(Op::SelectI, &[is, v, out]);
        }
        self.resize_int(&[out], true, to)
    }

    /// A shared reference type to a type.
    pub fn shared_ref(&self, ty: Ty) -> Ty {
        self.m.c.types.reference(Mutability::Shared, ty)
    }
}
