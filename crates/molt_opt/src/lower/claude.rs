//! Operations of ClaudeLang: truth, calls of anything, tail calls, values of constructors.
//!
//! A tail call that is not known to end soon leaves the function: callee and operands wait in the isolate, and the error
//! flag is [`layout::TAIL_CALL`]. Whoever gets this flag from a call makes the waiting one in its place, unless it is in a
//! tail position itself and passes the flag on. So no frame of a tail call stays, on any engine.

mod equality;
mod lists;
mod predicates;

use std::collections::HashSet;

use molt_abi::{ClassId, RtFn, Word, context, layout};
use molt_ir::{FuncId, InstId, IntCond, Op, Program, Type, ValueId};

use super::Lower;

/// Functions whose calls may come back with a call to make.
pub fn bouncing(program: &Program) -> HashSet<FuncId> {
    let mut found: HashSet<FuncId> = HashSet::new();
    let mut callers: Vec<(FuncId, FuncId)> = Vec::new();
    for (id, f) in program.funcs.iter() {
        for &i in f.layout.iter().flat_map(|&b| &f.blocks[b].insts) {
            match f.insts[i].op {
                Op::ClTailCall => {
                    found.insert(id);
                }
                Op::ClTailDirect => callers.push((FuncId(f.insts[i].imm as u32), id)),
                _ => {}
            }
        }
    }
    loop {
        let before = found.len();
        let more: Vec<FuncId> = callers.iter().filter(|(callee, _)| found.contains(callee)).map(|c| c.1).collect();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

impl Lower<'_> {
    /// Neither `false` nor `nil`.
    pub(super) fn claude_truth(&mut self, inst: InstId, v: ValueId) -> ValueId {
        if self.src.ty(self.src.args(inst)[0]) == Type::Bool {
            return self.m.icmp_imm(IntCond::Eq, v, Word::TRUE.0 as i64);
        }
        let not_false = self.m.icmp_imm(IntCond::Ne, v, Word::FALSE.0 as i64);
        let not_nil = self.m.icmp_imm(IntCond::Ne, v, Word::NONE.0 as i64);
        self.m.value(Op::BAnd, &[not_false, not_nil], 0, Type::I1)
    }

    /// A procedure's entry is called at once, whatever else can be called by the runtime.
    pub(super) fn claude_call(&mut self, args: &[ValueId]) -> ValueId {
        let callee = args[0];
        let array = self.fill_array(0, &args[1..]);
        let count = self.m.iconst(args.len() as i64 - 1);
        if self.program.compact {
            return self.rt_checked(RtFn::ClCall, &[callee, array, count]);
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        self.function_class(callee, slow);
        let code = self.m.load(callee, layout::FUNCTION_CODE);
        let entry = self.m.load(code, layout::CODE_ENTRY);
        let none = self.m.word(Word::UNBOUND);
        let list = [entry, callee, array, count, none];
        let r = self.m.op(Op::CallIndirect, &list, 0, &[Type::I64, Type::I64]);
        let value = self.bounced(r[0], r[1]);
        self.m.jump(done, &[value]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::ClCall, &[callee, array, count]);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Goes on only with a function object.
    fn function_class(&mut self, callee: ValueId, slow: molt_ir::BlockId) {
        let class = self.object_class(callee, slow);
        let is_function = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::FUNCTION.0));
        let go = self.m.block();
        self.m.brif(is_function, (go, &[]), (slow, &[]));
        self.m.current = go;
    }

    /// The value of a call that may have left another one to make.
    pub(super) fn bounced(&mut self, value: ValueId, flag: ValueId) -> ValueId {
        let (other, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let failed = self.m.icmp_imm(IntCond::Ne, flag, 0);
        self.m.brif(failed, (other, &[]), (done, &[value]));
        self.m.current = other;
        let r = self.m.rt(RtFn::ClBounce, &[flag]);
        self.check(r[1]);
        self.m.jump(done, &[r[0]]);
        self.m.current = done;
        result
    }

    /// What answered the operation last is called at once while the same handlers are in force.
    pub(super) fn claude_perform(&mut self, index: usize, args: &[ValueId]) -> ValueId {
        let d = self.statics.operation(self.program, index);
        let array = self.fill_array(0, args);
        let (op, count) = (self.data_address(d), self.m.iconst(args.len() as i64));
        if self.program.compact || self.program.operations[index].is_never {
            return self.rt_checked(RtFn::ClPerform, &[op, array, count]);
        }
        let (known, slow, done) = (self.m.block(), self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let ctx = self.m.ctx();
        let top = self.m.load(ctx, context::CTX_HANDLERS);
        let (turn, seen) = (self.m.load(ctx, context::CTX_HANDLER_TURN), self.m.load(op, layout::OP_TURN));
        let seen_top = self.m.load(op, layout::OP_TOP);
        let (same_turn, same_top) = (self.m.icmp(IntCond::Eq, turn, seen), self.m.icmp(IntCond::Eq, top, seen_top));
        let both = self.m.value(Op::BAnd, &[same_turn, same_top], 0, Type::I1);
        self.m.brif(both, (known, &[]), (slow, &[]));
        self.m.current = known;
        let value = self.claude_clause(op, top, array, count);
        self.m.jump(done, &[value]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::ClPerform, &[op, array, count]);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Calls the function clause that an operation remembers, with the handlers outside of its own in force.
    fn claude_clause(&mut self, op: ValueId, top: ValueId, array: ValueId, count: ValueId) -> ValueId {
        let ctx = self.m.ctx();
        let (frame, outer) = (self.m.load(op, layout::OP_FRAME), self.m.load(op, layout::OP_OUTER));
        let procedure = self.m.load(op, layout::OP_PROCEDURE);
        self.m.store(ctx, context::CTX_HANDLERS, outer);
        let code = self.m.load(procedure, layout::FUNCTION_CODE);
        let entry = self.m.load(code, layout::CODE_ENTRY);
        let none = self.m.word(Word::UNBOUND);
        let r = self.m.op(Op::CallIndirect, &[entry, procedure, array, count, none], 0, &[Type::I64, Type::I64]);
        let (other, plain, done) = (self.m.cold_block(), self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let failed = self.m.icmp_imm(IntCond::Ne, r[1], 0);
        self.m.brif(failed, (other, &[]), (plain, &[]));
        self.m.current = plain;
        self.m.store(ctx, context::CTX_HANDLERS, top);
        self.m.jump(done, &[r[0]]);
        self.m.current = other;
        let value = self.rt_checked(RtFn::ClPerformed, &[r[1], frame, top]);
        self.m.jump(done, &[value]);
        self.m.current = done;
        result
    }

    pub(super) fn claude_tail_call(&mut self, args: &[ValueId]) {
        let array = self.fill_array(0, &args[1..]);
        let count = self.m.iconst(args.len() as i64 - 1);
        self.m.rt(RtFn::ClTailCall, &[args[0], array, count]);
        self.restore_depth();
        let value = self.m.word(Word::UNBOUND);
        let flag = self.m.iconst(layout::TAIL_CALL as i64);
        self.m.ret(&[value, flag]);
    }

    /// The callee's flag is passed on as it is.
    pub(super) fn claude_tail_direct(&mut self, target: FuncId, args: &[ValueId]) {
        let result = self.m.func.results[0];
        let words: Vec<bool> = args.iter().map(|&v| self.m.func.ty(v) == Type::I64).collect();
        let r = self.m.op(Op::Call, args, u64::from(target.0), &[result, Type::I64]);
        for (&v, is_word) in args.iter().zip(words) {
            if is_word {
                self.m.dec(v);
            }
        }
        self.restore_depth();
        self.m.ret(&r);
    }

    /// The elements of a list as the operands of a runtime function.
    pub(super) fn claude_spread(&mut self, f: RtFn, list: ValueId) -> ValueId {
        let tuple = self.rt_checked(RtFn::ClToTuple, &[list]);
        let count = self.m.load(tuple, layout::TUPLE_LEN);
        let offset = self.m.iconst(i64::from(layout::TUPLE_ITEMS));
        let items = self.m.int(Op::IAdd, &[tuple, offset]);
        let r = self.m.rt(f, &[items, count]);
        self.m.dec(tuple);
        self.check(r[1]);
        r[0]
    }

    pub(super) fn claude_new(&mut self, site: u32, args: &[ValueId]) -> ValueId {
        let class = self.m.iconst(i64::from(ClassId::FIRST_SITE + site));
        if args.is_empty() {
            return self.m.rt1(RtFn::ClNullary, &[class]);
        }
        let made = self.m.rt1(RtFn::InstanceNew, &[class]);
        for (i, &v) in args.iter().enumerate() {
            self.m.store(made, layout::INSTANCE_SLOTS + i as i32 * 8, v);
        }
        made
    }

    pub(super) fn claude_is(&mut self, site: u32, v: ValueId) -> ValueId {
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I1);
        let no = self.m.block();
        let class = self.object_class(v, no);
        let same = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::FIRST_SITE + site));
        self.m.jump(done, &[same]);
        self.m.current = no;
        let never = self.m.value(Op::BConst, &[], 0, Type::I1);
        self.m.jump(done, &[never]);
        self.m.current = done;
        result
    }

    pub(super) fn owned_load(&mut self, object: ValueId, offset: i32) -> ValueId {
        let v = self.m.load(object, offset);
        self.m.inc(v);
        v
    }
}
