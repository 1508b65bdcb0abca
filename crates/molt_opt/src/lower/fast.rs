//! Operations with an inline fast path.

use molt_abi::word::FLONUM_ZERO;
use molt_abi::{ClassId, Header, RtFn, Word};
use molt_abi::{context, layout};
use molt_base::Symbol;
use molt_ir::{BinaryOp, CompareOp, FloatCond, FuncId, InstId, IntCond, Op, Type, ValueId};

use super::{Family, Lower};

/// Comparison of the words of small integers.
pub(super) fn small_condition(op: CompareOp) -> IntCond {
    match op {
        CompareOp::Lt => IntCond::Slt,
        CompareOp::Le => IntCond::Sle,
        CompareOp::Eq => IntCond::Eq,
        CompareOp::Ne => IntCond::Ne,
        CompareOp::Gt => IntCond::Sgt,
        CompareOp::Ge => IntCond::Sge,
    }
}

impl Lower<'_> {
    /// The word if it is bound, else NameError or UnboundLocalError.
    pub(super) fn check_bound(&mut self, v: ValueId, name: Symbol, kind: u32) -> ValueId {
        let missing = self.m.icmp_imm(IntCond::Eq, v, Word::UNBOUND.0 as i64);
        let (bad, ok) = (self.m.cold_block(), self.m.block());
        self.m.brif(missing, (bad, &[]), (ok, &[]));
        self.m.current = bad;
        let name = self.name(name);
        let kind = self.m.iconst(i64::from(kind));
        self.m.rt(RtFn::NameError, &[name, kind]);
        let fail = self.fail_block(true);
        self.m.jump(fail, &[]);
        self.m.current = ok;
        v
    }

    /// Branches to a new current block when both words are small integers; returns the block taken otherwise.
    fn both_small(&mut self, a: ValueId, b: ValueId) -> molt_ir::BlockId {
        let both = self.m.int(Op::IAnd, &[a, b]);
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[both, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        let (fast, slow) = (self.m.block(), self.m.cold_block());
        self.m.brif(small, (fast, &[]), (slow, &[]));
        self.m.current = fast;
        slow
    }

    pub(super) fn binary(&mut self, inst: InstId, op: BinaryOp, args: &[ValueId], family: Family) -> ValueId {
        let (a, b) = (args[0], args[1]);
        let inline =
            matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if self.program.compact && !matches!(op, BinaryOp::Add | BinaryOp::Sub) {
            return self.generic_binary(op, args, family);
        }
        if matches!(op, BinaryOp::FloorDiv | BinaryOp::Mod) && self.may_be_ints(inst) {
            return self.small_division(op, args, family);
        }
        if op == BinaryOp::RShift && self.may_be_ints(inst) {
            return self.small_shift(op, args, family);
        }
        if family == Family::Claude && op == BinaryOp::TrueDiv && self.may_be_floats(inst) {
            return self.flonum_division(args);
        }
        if !inline {
            return self.generic_binary(op, args, family);
        }
        let slow = self.both_small(a, b);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I64);
        let floats = matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul) && self.may_be_floats(inst);
        let other = if floats { self.m.cold_block() } else { slow };
        self.small_binary(op, a, b, other, done);
        self.m.current = slow;
        if floats {
            self.flonum_binary(op, a, b, other, done);
            self.m.current = other;
        }
        let r = self.generic_binary(op, args, family);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Arithmetic on two small words, in place of their tags: with `a = 2x+1` and `b = 2y+1`, `a + (b-1)` is
    /// `2(x+y)+1`, and so on. Overflow goes to `slow`.
    pub(super) fn small_binary(
        &mut self,
        op: BinaryOp,
        a: ValueId,
        b: ValueId,
        slow: molt_ir::BlockId,
        done: molt_ir::BlockId,
    ) {
        let one = self.m.iconst(1);
        let overflowing = match op {
            BinaryOp::Add => {
                let b = self.m.int(Op::ISub, &[b, one]);
                Some(self.m.op(Op::IAddOf, &[a, b], 0, &[Type::I64, Type::I1]))
            }
            BinaryOp::Sub => {
                let b = self.m.int(Op::ISub, &[b, one]);
                Some(self.m.op(Op::ISubOf, &[a, b], 0, &[Type::I64, Type::I1]))
            }
            BinaryOp::Mul => {
                let a = self.m.int(Op::ISub, &[a, one]);
                let y = self.m.int(Op::SShr, &[b, one]);
                let mut r = self.m.op(Op::IMulOf, &[a, y], 0, &[Type::I64, Type::I1]);
                r[0] = self.m.int(Op::IOr, &[r[0], one]);
                Some(r)
            }
            _ => None,
        };
        match overflowing {
            Some(r) => self.m.brif(r[1], (slow, &[]), (done, &[r[0]])),
            None => {
                let r = match op {
                    BinaryOp::And => self.m.int(Op::IAnd, &[a, b]),
                    BinaryOp::Or => self.m.int(Op::IOr, &[a, b]),
                    _ => {
                        let x = self.m.int(Op::IXor, &[a, b]);
                        self.m.int(Op::IOr, &[x, one])
                    }
                };
                self.m.jump(done, &[r]);
            }
        }
    }

    /// Whether both operands may be integers, going by their types.
    fn may_be_ints(&self, inst: InstId) -> bool {
        self.src.args(inst).iter().all(|&v| matches!(self.src.ty(v), Type::Any | Type::Int))
    }

    /// `/` of two flonums.
    fn flonum_division(&mut self, args: &[ValueId]) -> ValueId {
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        self.flonum_binary(BinaryOp::TrueDiv, args[0], args[1], slow, done);
        self.m.current = slow;
        let r = self.rt_checked(BinaryOp::TrueDiv.claude_rt(), args);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// `//` and `%` of small integers with a positive divisor, rounded down; `quot` rounds toward zero.
    fn small_division(&mut self, op: BinaryOp, args: &[ValueId], family: Family) -> ValueId {
        let slow = self.both_small(args[0], args[1]);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I64);
        let one = self.m.iconst(1);
        let (a, b) = (self.m.int(Op::SShr, &[args[0], one]), self.m.int(Op::SShr, &[args[1], one]));
        let positive = self.m.icmp_imm(IntCond::Sgt, b, 0);
        let divide = self.m.block();
        self.m.brif(positive, (divide, &[]), (slow, &[]));
        self.m.current = divide;
        let sixty_three = self.m.iconst(63);
        let value = if op == BinaryOp::Mod {
            let r = self.m.int(Op::SRem, &[a, b]);
            // A negative remainder moves up by the divisor.
            let sign = self.m.int(Op::SShr, &[r, sixty_three]);
            let shift = self.m.int(Op::IAnd, &[sign, b]);
            self.m.int(Op::IAdd, &[r, shift])
        } else if family == Family::Claude {
            self.m.int(Op::SDiv, &[a, b])
        } else {
            let q = self.m.int(Op::SDiv, &[a, b]);
            let back = self.m.int(Op::IMul, &[q, b]);
            let r = self.m.int(Op::ISub, &[a, back]);
            let sign = self.m.int(Op::SShr, &[r, sixty_three]);
            self.m.int(Op::IAdd, &[q, sign])
        };
        let doubled = self.m.int(Op::IShl, &[value, one]);
        let word = self.m.int(Op::IOr, &[doubled, one]);
        self.m.jump(done, &[word]);
        self.m.current = slow;
        let r = self.generic_binary(op, args, family);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// `>>` of small integers by less than the width of a word.
    fn small_shift(&mut self, op: BinaryOp, args: &[ValueId], family: Family) -> ValueId {
        let slow = self.both_small(args[0], args[1]);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I64);
        let one = self.m.iconst(1);
        let by = self.m.int(Op::SShr, &[args[1], one]);
        let limit = self.m.iconst(64);
        let narrow = self.m.icmp(IntCond::Ult, by, limit);
        let shift = self.m.block();
        self.m.brif(narrow, (shift, &[]), (slow, &[]));
        self.m.current = shift;
        let moved = self.m.int(Op::SShr, &[args[0], by]);
        let word = self.m.int(Op::IOr, &[moved, one]);
        self.m.jump(done, &[word]);
        self.m.current = slow;
        let r = self.generic_binary(op, args, family);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Whether both operands may be floats, going by their types.
    fn may_be_floats(&self, inst: InstId) -> bool {
        !self.program.compact && self.src.args(inst).iter().all(|&v| matches!(self.src.ty(v), Type::Any | Type::Float))
    }

    /// Branches to a new current block when both words are flonums, else to `slow`.
    fn both_flonum(&mut self, a: ValueId, b: ValueId, slow: molt_ir::BlockId) {
        let two = self.m.iconst(2);
        let (x, y) = (self.m.int(Op::IXor, &[a, two]), self.m.int(Op::IXor, &[b, two]));
        let either = self.m.int(Op::IOr, &[x, y]);
        let three = self.m.iconst(3);
        let tag = self.m.int(Op::IAnd, &[either, three]);
        let both = self.m.icmp_imm(IntCond::Eq, tag, 0);
        let fast = self.m.block();
        self.m.brif(both, (fast, &[]), (slow, &[]));
        self.m.current = fast;
    }

    /// Arithmetic on two flonum words.
    fn flonum_binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId, slow: molt_ir::BlockId, done: molt_ir::BlockId) {
        self.both_flonum(a, b, slow);
        let (x, y) = (self.flonum_value(a), self.flonum_value(b));
        let op = match op {
            BinaryOp::Add => Op::FAdd,
            BinaryOp::Sub => Op::FSub,
            BinaryOp::TrueDiv => Op::FDiv,
            _ => Op::FMul,
        };
        let f = self.m.value(op, &[x, y], 0, Type::F64);
        let w = self.float_box(f);
        self.m.jump(done, &[w]);
    }

    pub(super) fn generic_binary(&mut self, op: BinaryOp, args: &[ValueId], family: Family) -> ValueId {
        if family == Family::Claude {
            return self.rt_checked(op.claude_rt(), args);
        }
        if family == Family::Inplace {
            let index = self.m.iconst(op as i64);
            self.rt_checked(RtFn::Inplace, &[index, args[0], args[1]])
        } else {
            self.rt_checked(op.rt(), args)
        }
    }

    pub(super) fn compare(&mut self, inst: InstId, op: CompareOp, args: &[ValueId]) -> ValueId {
        let slow = self.both_small(args[0], args[1]);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I64);
        let bit = self.m.icmp(small_condition(op), args[0], args[1]);
        let (t, f) = (self.m.word(Word::TRUE), self.m.word(Word::FALSE));
        let boxed = self.m.value(Op::SelectI, &[bit, t, f], 0, Type::I64);
        self.m.jump(done, &[boxed]);
        self.m.current = slow;
        if self.may_be_floats(inst) {
            let other = self.m.cold_block();
            let bit = self.flonum_compare(op, args, other);
            let (t, f) = (self.m.word(Word::TRUE), self.m.word(Word::FALSE));
            let boxed = self.m.value(Op::SelectI, &[bit, t, f], 0, Type::I64);
            self.m.jump(done, &[boxed]);
            self.m.current = other;
        }
        let r = self.rt_checked(op.rt(), args);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Comparison of two flonum words.
    fn flonum_compare(&mut self, op: CompareOp, args: &[ValueId], slow: molt_ir::BlockId) -> ValueId {
        self.both_flonum(args[0], args[1], slow);
        let (x, y) = (self.flonum_value(args[0]), self.flonum_value(args[1]));
        self.m.value(Op::FCmp, &[x, y], op.on_floats() as u64, Type::I1)
    }

    pub(super) fn compare_truth(&mut self, inst: InstId, op: CompareOp, args: &[ValueId], family: Family) -> ValueId {
        if family == Family::Claude
            && let Some(bit) = self.compare_with_name(inst, op, args)
        {
            return bit;
        }
        let slow = self.both_small(args[0], args[1]);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I1);
        let bit = self.m.icmp(small_condition(op), args[0], args[1]);
        self.m.jump(done, &[bit]);
        self.m.current = slow;
        if self.may_be_floats(inst) {
            let other = self.m.cold_block();
            let bit = self.flonum_compare(op, args, other);
            self.m.jump(done, &[bit]);
            self.m.current = other;
        }
        let index = self.m.iconst(op as i64);
        let generic = if family == Family::Claude { RtFn::ClCompare } else { RtFn::CompareTruth };
        let r = self.rt_checked(generic, &[index, args[0], args[1]]);
        let bit = self.truth_bit(r);
        self.m.jump(done, &[bit]);
        self.m.current = done;
        result
    }

    pub(super) fn truth(&mut self, v: ValueId) -> ValueId {
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I1);
        let yes = self.m.icmp_imm(IntCond::Eq, v, Word::TRUE.0 as i64);
        let no = self.m.icmp_imm(IntCond::Eq, v, Word::FALSE.0 as i64);
        let either = self.m.value(Op::BOr, &[yes, no], 0, Type::I1);
        let other = self.m.block();
        self.m.brif(either, (done, &[yes]), (other, &[]));
        self.m.current = other;
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[v, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        let (number, slow) = (self.m.block(), self.m.block());
        self.m.brif(small, (number, &[]), (slow, &[]));
        self.m.current = number;
        let nonzero = self.m.icmp_imm(IntCond::Ne, v, Word::small(0).0 as i64);
        self.m.jump(done, &[nonzero]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::Truth, &[v]);
        let bit = self.truth_bit(r);
        self.m.jump(done, &[bit]);
        self.m.current = done;
        result
    }

    /// Class id of an object, in a new current block; immediate words go to `slow`.
    pub(super) fn object_class(&mut self, w: ValueId, slow: molt_ir::BlockId) -> ValueId {
        let seven = self.m.iconst(7);
        let tag = self.m.int(Op::IAnd, &[w, seven]);
        let is_object = self.m.icmp_imm(IntCond::Eq, tag, 0);
        let test = self.m.block();
        self.m.brif(is_object, (test, &[]), (slow, &[]));
        self.m.current = test;
        self.m.load32(w, layout::HEADER_CLASS)
    }

    /// Branches to a new current block with the slot's address when the cache of the site or the table of all sites
    /// knows the receiver's class.
    fn cached_slot(&mut self, object: ValueId, name: ValueId, cache: ValueId, slow: molt_ir::BlockId) -> ValueId {
        let in_slot = self.m.block();
        let offset = self.m.func.add_param(in_slot, Type::I64);
        let class = self.object_class(object, slow);
        let known = self.m.load32(cache, layout::CACHE_CLASS);
        let same = self.m.icmp(IntCond::Eq, class, known);
        let (hit, other) = (self.m.block(), self.m.cold_block());
        self.m.brif(same, (hit, &[]), (other, &[]));
        self.m.current = hit;
        let cached = self.m.load32(cache, layout::CACHE_OFFSET);
        let has_slot = self.m.icmp_imm(IntCond::Ne, cached, 0);
        self.m.brif(has_slot, (in_slot, &[cached]), (slow, &[]));
        self.m.current = other;
        let found = self.table_slot(class, name, slow);
        self.m.jump(in_slot, &[found]);
        self.m.current = in_slot;
        self.m.int(Op::IAdd, &[object, offset])
    }

    /// Offset that the table of slots has for a class and a name.
    fn table_slot(&mut self, class: ValueId, name: ValueId, slow: molt_ir::BlockId) -> ValueId {
        let factor = self.m.iconst(context::SLOT_CLASS_FACTOR as i64);
        let shift = self.m.iconst(i64::from(context::SLOT_NAME_SHIFT));
        let (spread, moved) = (self.m.int(Op::IMul, &[class, factor]), self.m.int(Op::UShr, &[name, shift]));
        let mixed = self.m.int(Op::IXor, &[moved, spread]);
        let mask = self.m.iconst(context::SLOT_ENTRIES as i64 - 1);
        let index = self.m.int(Op::IAnd, &[mixed, mask]);
        let size = self.m.iconst(size_of::<context::SlotEntry>().trailing_zeros().into());
        let offset = self.m.int(Op::IShl, &[index, size]);
        let ctx = self.m.ctx();
        let table = self.m.load(ctx, context::CTX_SLOTS);
        let entry = self.m.int(Op::IAdd, &[table, offset]);
        let entry_class = self.m.load32(entry, context::SLOT_CLASS);
        let entry_name = self.m.load(entry, context::SLOT_NAME);
        let same_class = self.m.icmp(IntCond::Eq, entry_class, class);
        let same_name = self.m.icmp(IntCond::Eq, entry_name, name);
        let both = self.m.value(Op::BAnd, &[same_class, same_name], 0, Type::I1);
        let known = self.m.block();
        self.m.brif(both, (known, &[]), (slow, &[]));
        self.m.current = known;
        self.m.load32(entry, context::SLOT_OFFSET)
    }

    pub(super) fn getattr(&mut self, object: ValueId, name: Symbol) -> ValueId {
        let cache = self.statics.cache(self.program);
        let cache = self.data_address(cache);
        let name = self.name(name);
        if self.program.compact {
            return self.rt_checked(RtFn::GetAttr, &[object, name, cache]);
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let address = self.cached_slot(object, name, cache, slow);
        let v = self.m.load(address, 0);
        let unset = self.m.icmp_imm(IntCond::Eq, v, Word::UNBOUND.0 as i64);
        let found = self.m.block();
        self.m.brif(unset, (slow, &[]), (found, &[]));
        self.m.current = found;
        self.m.inc(v);
        self.m.jump(done, &[v]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::GetAttr, &[object, name, cache]);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    pub(super) fn setattr(&mut self, object: ValueId, value: ValueId, name: Symbol) {
        let cache = self.statics.cache(self.program);
        let cache = self.data_address(cache);
        let name = self.name(name);
        if self.program.compact {
            self.rt_checked(RtFn::SetAttr, &[object, name, value, cache]);
            return;
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let address = self.cached_slot(object, name, cache, slow);
        let old = self.m.load(address, 0);
        self.m.inc(value);
        self.m.store(address, 0, value);
        self.m.dec(old);
        self.m.jump(done, &[]);
        self.m.current = slow;
        self.rt_checked(RtFn::SetAttr, &[object, name, value, cache]);
        self.m.jump(done, &[]);
        self.m.current = done;
    }

    pub(super) fn call(&mut self, inst: InstId, args: &[ValueId], keywords: u32) -> ValueId {
        let known = self.known_callee(inst, args.len() - 1, keywords);
        let Some(target) = known else { return self.generic_call(args, keywords) };
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let callee = args[0];
        self.guard_code(callee, target, slow);
        let r = self.call_direct(target, args, Type::I64);
        self.m.jump(done, &[r]);
        self.m.current = slow;
        let r = self.generic_call(args, keywords);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// The function that a call most likely reaches: the only one ever bound to the module variable it names, if the
    /// call passes exactly its parameters.
    fn known_callee(&self, inst: InstId, count: usize, keywords: u32) -> Option<FuncId> {
        if keywords != u32::MAX {
            return None;
        }
        let target = self.facts.callee(self.src, self.src.args(inst)[0])?;
        self.takes_exactly(target, count).then_some(target)
    }

    /// Whether a call with so many positional arguments fills just the parameters of a function.
    fn takes_exactly(&self, target: FuncId, count: usize) -> bool {
        let Some(code) = self.program.funcs[target].code.as_ref() else { return false };
        let plain = code.kwonly_count == 0 && !code.has_varargs && !code.has_varkeywords;
        plain && code.arg_count as usize == count
    }

    /// Calls a method. Where the program defines functions of that name, the one that is found is compared with them
    /// and called directly.
    pub(super) fn method_call(&mut self, args: &[ValueId], imm: u64) -> ValueId {
        let (symbol, keywords) = molt_ir::func::imm_halves(imm);
        let targets: Vec<FuncId> = match self.facts.defined.get(&Symbol(symbol)) {
            Some(list) if keywords == u32::MAX && !self.program.compact => {
                list.iter().copied().filter(|&f| self.takes_exactly(f, args.len())).collect()
            }
            _ => Vec::new(),
        };
        let cache = self.statics.cache(self.program);
        let cache = self.data_address(cache);
        if targets.is_empty() {
            return self.generic_method_call(args, imm, cache);
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let function = self.find_method(args[0], Symbol(symbol), cache, slow);
        let code = self.m.load(function, layout::FUNCTION_CODE);
        for target in targets {
            let d = self.statics.code(self.program, target);
            let wanted = self.data_address(d);
            let same = self.m.icmp(IntCond::Eq, code, wanted);
            let (go, other) = (self.m.block(), self.m.block());
            self.m.brif(same, (go, &[]), (other, &[]));
            self.m.current = go;
            let all: Vec<ValueId> = std::iter::once(function).chain(args.iter().copied()).collect();
            // The class may lose the method while it runs.
            self.m.inc(function);
            let r = self.m.op(Op::Call, &all, u64::from(target.0), &[Type::I64, Type::I64]);
            self.m.dec(function);
            self.check(r[1]);
            self.m.jump(done, &[r[0]]);
            self.m.current = other;
        }
        self.m.jump(slow, &[]);
        self.m.current = slow;
        let r = self.generic_method_call(args, imm, cache);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// The function object, borrowed, that is the method of an object: from the cache of the site or by a look-up.
    /// Goes to `slow` for methods of other kinds and attributes of the object itself.
    fn find_method(&mut self, object: ValueId, name: Symbol, cache: ValueId, slow: molt_ir::BlockId) -> ValueId {
        let (known, look, found) = (self.m.block(), self.m.block(), self.m.block());
        let function = self.m.func.add_param(found, Type::I64);
        let class = self.object_class(object, slow);
        let cached = self.m.load32(cache, layout::CACHE_CLASS);
        let same = self.m.icmp(IntCond::Eq, class, cached);
        // Class 0 marks an empty cache.
        let filled = self.m.icmp_imm(IntCond::Ne, cached, 0);
        let hit = self.m.value(Op::BAnd, &[same, filled], 0, Type::I1);
        self.m.brif(hit, (known, &[]), (look, &[]));
        self.m.current = known;
        let refs = self.m.load32(object, layout::HEADER_REFS);
        let mask = self.m.iconst(i64::from(Header::HAS_SIDE | Header::IMMORTAL) & 0xffff_ffff);
        let marks = self.m.int(Op::IAnd, &[refs, mask]);
        let alone = self.m.icmp_imm(IntCond::Eq, marks, 0);
        let fetch = self.m.block();
        self.m.brif(alone, (fetch, &[]), (look, &[]));
        self.m.current = fetch;
        let value = self.m.load(cache, layout::CACHE_VALUE);
        let class = self.m.load32(value, layout::HEADER_CLASS);
        let is_function = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::FUNCTION.0));
        self.m.brif(is_function, (found, &[value]), (slow, &[]));
        self.m.current = look;
        let name = self.name(name);
        let value = self.m.rt1(RtFn::FindMethod, &[object, name, cache]);
        let missing = self.m.icmp_imm(IntCond::Eq, value, Word::UNBOUND.0 as i64);
        self.m.brif(missing, (slow, &[]), (found, &[value]));
        self.m.current = found;
        function
    }

    fn generic_method_call(&mut self, args: &[ValueId], imm: u64, cache: ValueId) -> ValueId {
        let (symbol, keywords) = molt_ir::func::imm_halves(imm);
        let name = self.name(Symbol(symbol));
        let kw = self.kwnames(keywords);
        let count = args.len() - 1 - self.keyword_count(keywords);
        let array = self.fill_array(1, &args[1..]);
        let count = self.m.iconst(count as i64);
        self.rt_checked(RtFn::CallMethod, &[args[0], name, array, count, kw, cache])
    }

    /// Goes on only if the callee is a function object with the code of `target`.
    fn guard_code(&mut self, callee: ValueId, target: FuncId, slow: molt_ir::BlockId) {
        let class = self.object_class(callee, slow);
        let is_function = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::FUNCTION.0));
        let test = self.m.block();
        self.m.brif(is_function, (test, &[]), (slow, &[]));
        self.m.current = test;
        let code = self.m.load(callee, layout::FUNCTION_CODE);
        let d = self.statics.code(self.program, target);
        let wanted = self.data_address(d);
        let same = self.m.icmp(IntCond::Eq, code, wanted);
        let go = self.m.block();
        self.m.brif(same, (go, &[]), (slow, &[]));
        self.m.current = go;
    }

    pub(super) fn call_direct(&mut self, target: FuncId, args: &[ValueId], result: Type) -> ValueId {
        let r = self.m.op(Op::Call, args, u64::from(target.0), &[result, Type::I64]);
        if self.bouncing.contains(&target) {
            return self.bounced(r[0], r[1]);
        }
        self.check(r[1]);
        r[0]
    }

    fn generic_call(&mut self, args: &[ValueId], keywords: u32) -> ValueId {
        let kw = self.kwnames(keywords);
        let count = args.len() - 1 - self.keyword_count(keywords);
        let array = self.fill_array(0, &args[1..]);
        let count = self.m.iconst(count as i64);
        self.rt_checked(RtFn::Call, &[args[0], array, count, kw])
    }

    /// Double of a float word: a flonum is rotated back, anything else is a boxed float.
    pub(super) fn float_unbox(&mut self, w: ValueId) -> ValueId {
        if self.program.compact {
            let bits = self.m.rt1(RtFn::FloatBits, &[w]);
            return self.m.value(Op::BitsToF, &[bits], 0, Type::F64);
        }
        let (three, two) = (self.m.iconst(3), self.m.iconst(2));
        let tag = self.m.int(Op::IAnd, &[w, three]);
        let is_flonum = self.m.icmp(IntCond::Eq, tag, two);
        let (flonum, boxed, done) = (self.m.block(), self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::F64);
        self.m.brif(is_flonum, (flonum, &[]), (boxed, &[]));
        self.m.current = flonum;
        let f = self.flonum_value(w);
        self.m.jump(done, &[f]);
        self.m.current = boxed;
        let f = self.m.value(Op::LoadF, &[w], layout::FLOAT_VALUE as u64, Type::F64);
        self.m.jump(done, &[f]);
        self.m.current = done;
        result
    }

    /// Double of a flonum word.
    pub(super) fn flonum_value(&mut self, w: ValueId) -> ValueId {
        let two = self.m.iconst(2);
        let sixty_three = self.m.iconst(63);
        let sign = self.m.int(Op::UShr, &[w, sixty_three]);
        let low = self.m.int(Op::ISub, &[two, sign]);
        let mask = self.m.iconst(!3);
        let high = self.m.int(Op::IAnd, &[w, mask]);
        let joined = self.m.int(Op::IOr, &[low, high]);
        let turn = self.m.iconst(61);
        let bits = self.m.int(Op::RotL, &[joined, turn]);
        let zero_word = self.m.iconst(FLONUM_ZERO as i64);
        let is_zero = self.m.icmp(IntCond::Eq, w, zero_word);
        let zero = self.m.iconst(0);
        let bits = self.m.value(Op::SelectI, &[is_zero, zero, bits], 0, Type::I64);
        self.m.value(Op::BitsToF, &[bits], 0, Type::F64)
    }

    /// Word of a double: exponents of the common range inline, the rest by the runtime.
    pub(super) fn float_box(&mut self, f: ValueId) -> ValueId {
        let bits = self.m.int(Op::FToBits, &[f]);
        if self.program.compact {
            return self.m.rt1(RtFn::BoxFloat, &[bits]);
        }
        let turn = self.m.iconst(3);
        let rotated = self.m.int(Op::RotL, &[bits, turn]);
        let (three, one) = (self.m.iconst(3), self.m.iconst(1));
        let (sixty, seven) = (self.m.iconst(60), self.m.iconst(7));
        let top = self.m.int(Op::UShr, &[bits, sixty]);
        let low = self.m.int(Op::IAnd, &[top, seven]);
        let shifted = self.m.int(Op::ISub, &[low, three]);
        let in_range = self.m.icmp(IntCond::Ule, shifted, one);
        let special = self.m.iconst(0x3000_0000_0000_0000);
        let plain = self.m.icmp(IntCond::Ne, bits, special);
        let both = self.m.value(Op::BAnd, &[in_range, plain], 0, Type::I1);
        let (fast, slow, done) = (self.m.block(), self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        self.m.brif(both, (fast, &[]), (slow, &[]));
        self.m.current = fast;
        let mask = self.m.iconst(!3);
        let cleared = self.m.int(Op::IAnd, &[rotated, mask]);
        let two = self.m.iconst(2);
        let word = self.m.int(Op::IOr, &[cleared, two]);
        self.m.jump(done, &[word]);
        self.m.current = slow;
        let word = self.m.rt1(RtFn::BoxFloat, &[bits]);
        self.m.jump(done, &[word]);
        self.m.current = done;
        result
    }

    /// Double of an int or bool word.
    pub(super) fn int_to_float(&mut self, w: ValueId) -> ValueId {
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[w, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        let (fast, slow, done) = (self.m.block(), self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::F64);
        self.m.brif(small, (fast, &[]), (slow, &[]));
        self.m.current = fast;
        let n = self.m.int(Op::SShr, &[w, one]);
        let f = self.m.value(Op::IntToF, &[n], 0, Type::F64);
        self.m.jump(done, &[f]);
        self.m.current = slow;
        let bits = self.rt_checked(RtFn::IntToFloat, &[w]);
        let f = self.m.value(Op::BitsToF, &[bits], 0, Type::F64);
        self.m.jump(done, &[f]);
        self.m.current = done;
        result
    }

    /// Quotient of two int words. Small ints below 2^53 are exact doubles, so one rounding is the right one.
    pub(super) fn int_truediv(&mut self, args: &[ValueId]) -> ValueId {
        let slow = self.both_small(args[0], args[1]);
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::F64);
        let one = self.m.iconst(1);
        let (a, b) = (self.m.int(Op::SShr, &[args[0], one]), self.m.int(Op::SShr, &[args[1], one]));
        // |n| < 2^53 for both: n + 2^53 as an unsigned number is below 2^54.
        let offset = self.m.iconst(1 << 53);
        let limit = self.m.iconst(1 << 54);
        let (x, y) = (self.m.int(Op::IAdd, &[a, offset]), self.m.int(Op::IAdd, &[b, offset]));
        let (x, y) = (self.m.icmp(IntCond::Ult, x, limit), self.m.icmp(IntCond::Ult, y, limit));
        let exact = self.m.value(Op::BAnd, &[x, y], 0, Type::I1);
        let nonzero = self.m.icmp_imm(IntCond::Ne, b, 0);
        let good = self.m.value(Op::BAnd, &[exact, nonzero], 0, Type::I1);
        let divide = self.m.block();
        self.m.brif(good, (divide, &[]), (slow, &[]));
        self.m.current = divide;
        let (x, y) = (self.m.value(Op::IntToF, &[a], 0, Type::F64), self.m.value(Op::IntToF, &[b], 0, Type::F64));
        let q = self.m.value(Op::FDiv, &[x, y], 0, Type::F64);
        self.m.jump(done, &[q]);
        self.m.current = slow;
        let w = self.rt_checked(RtFn::TrueDiv, args);
        let q = self.float_unbox(w);
        self.m.dec(w);
        self.m.jump(done, &[q]);
        self.m.current = done;
        result
    }

    /// `/`, `//`, `%` and `**` on doubles.
    pub(super) fn float_binary(&mut self, op: BinaryOp, args: &[ValueId]) -> ValueId {
        let bits = |s: &mut Self, v: ValueId| s.m.int(Op::FToBits, &[v]);
        if op == BinaryOp::Pow {
            let (x, y) = (bits(self, args[0]), bits(self, args[1]));
            let w = self.rt_checked(RtFn::FloatPow, &[x, y]);
            let f = self.float_unbox(w);
            self.m.dec(w);
            return f;
        }
        let zero = self.m.value(Op::FConst, &[], 0, Type::F64);
        let is_zero = self.m.value(Op::FCmp, &[args[1], zero], FloatCond::Eq as u64, Type::I1);
        let (bad, ok) = (self.m.cold_block(), self.m.block());
        self.m.brif(is_zero, (bad, &[]), (ok, &[]));
        self.m.current = bad;
        let kind = match op {
            BinaryOp::TrueDiv => 3,
            BinaryOp::FloorDiv => 4,
            _ => 5,
        };
        let kind = self.m.iconst(kind);
        self.m.rt(RtFn::ZeroDivision, &[kind]);
        let fail = self.fail_block(true);
        self.m.jump(fail, &[]);
        self.m.current = ok;
        let f = match op {
            BinaryOp::TrueDiv => return self.m.value(Op::FDiv, args, 0, Type::F64),
            BinaryOp::FloorDiv => RtFn::FloatFloorDiv,
            _ => RtFn::FloatMod,
        };
        let (x, y) = (bits(self, args[0]), bits(self, args[1]));
        let r = self.m.rt1(f, &[x, y]);
        self.m.value(Op::BitsToF, &[r], 0, Type::F64)
    }
}
