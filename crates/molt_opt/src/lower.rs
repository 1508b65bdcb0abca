//! From semantic or typed IR with reference counts to machine level (LIR).
//!
//! Needs: `coroutines` and `ownership` have run. Establishes: only machine-level ops; every call of the runtime that
//! may raise is followed by a test, and a failing one records the position in the traceback and goes to the unwind
//! edge's target or out of the function. Inline fast paths cover small integers, attribute slots and the forms whose
//! outcome the words alone decide; everything else is a call of the runtime.
//!
//! Conventions of machine-level functions (the context is implicit):
//! - Python body: `(function object, parameters…) -> word, error`; module body `(module) -> …`; class body
//!   `(function object, namespace) -> …`;
//! - generic entry: `(callee, args, nargs, kwnames) -> word, error`;
//! - resume function: `(generator, sent, mode) -> word, step`.

mod across;
mod claude;
mod counted;
mod data;
mod entry;
mod fast;
mod floats;
mod machine;
mod sequence;

use std::collections::{HashMap, HashSet};

use molt_abi::layout::{self, GENERATOR_DELEGATE, GENERATOR_FRAME, GENERATOR_STATE, GeneratorObj};
use molt_abi::{Predicate, RtFn, Word, context, runtime::RtResult};
use molt_base::{EntityId, Symbol};
use molt_ir::func::imm_halves;
use molt_ir::{
    BinaryOp, BlockId, CompareOp, ConstId, FuncId, Function, FunctionKind, GlobalId, InstId, IntCond, LocId, Op,
    Program, Type, UnaryOp, ValueId,
};

use crate::facts::Facts;
use counted::Loops;
use data::{ConstRef, Statics};
use floats::{Likely, Pair};
use machine::Machine;

/// Lowers the whole program in place and emits its static data. A front end that writes machine-level functions only
/// brings its data itself.
pub fn run(program: &mut Program) {
    if program.funcs.iter().all(|(_, f)| f.kind == FunctionKind::Internal) {
        return;
    }
    let mut statics = Statics::new(program);
    let facts = Facts::new(program);
    let ids: Vec<FuncId> = program.funcs.ids().collect();
    let mut entries = HashMap::new();
    let bouncing = claude::bouncing(program);
    let bodies: Vec<FuncId> = program.modules.iter().filter_map(|(_, m)| m.body).collect();
    for id in ids {
        if program.funcs[id].kind == FunctionKind::Internal {
            continue;
        }
        let source = program.funcs[id].clone();
        let lowered = Lower::new(program, &mut statics, &facts, &source, id, &bouncing).run();
        let words_only = source.results[0] != Type::F64 && source.params().iter().all(|&p| source.ty(p).is_word());
        if source.kind == FunctionKind::Plain && words_only && !bodies.contains(&id) {
            let adapter = entry::adapter(&source, id);
            entries.insert(id, program.funcs.push(adapter));
        }
        statics.code(program, id);
        lowered.install(program, id, &source);
    }
    statics.finish(program, &entries);
}

struct Lowered(Function);

impl Lowered {
    /// Puts the machine-level body in the place of the source, keeping what descriptors need.
    fn install(self, program: &mut Program, id: FuncId, source: &Function) {
        let mut func = self.0;
        func.code = source.code.clone();
        func.words = !program.compact && source.code.as_ref().is_some_and(|c| c.claude);
        program.funcs[id] = func;
    }
}

/// Where an operation that raised goes on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct FailKey {
    loc: LocId,
    target: Option<(BlockId, Vec<ValueId>)>,
    traced: bool,
}

/// Whose rules an operation follows where its operands are not the common ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Python,
    /// Python's augmented assignment.
    Inplace,
    Claude,
}

impl Family {
    fn of(op: Op) -> Family {
        match op {
            Op::PyInplace => Family::Inplace,
            Op::ClBinary | Op::ClCompare => Family::Claude,
            _ => Family::Python,
        }
    }
}

struct Lower<'a> {
    program: &'a mut Program,
    statics: &'a mut Statics,
    facts: &'a Facts,
    src: &'a Function,
    id: FuncId,
    m: Machine,
    blocks: Vec<Option<BlockId>>,
    values: Vec<Option<ValueId>>,
    /// By value of the source: the two parts of those that are kept so.
    pairs: Vec<Option<Pair>>,
    likely: Likely,
    loops: Loops,
    /// The source's block that is being lowered.
    from: BlockId,
    fails: HashMap<FailKey, BlockId>,
    /// Functions that may leave with a call for their caller to make.
    bouncing: &'a HashSet<FuncId>,
    /// Stack slot for argument and result arrays, and how many words it must hold.
    array_words: u32,
    /// Block that restores the depth and returns the error.
    leave: Option<BlockId>,
    /// Whether the operation being lowered is in the source's unwind form.
    unwind: Option<(BlockId, Vec<ValueId>)>,
    loc: LocId,
}

impl<'a> Lower<'a> {
    fn new(
        program: &'a mut Program,
        statics: &'a mut Statics,
        facts: &'a Facts,
        src: &'a Function,
        id: FuncId,
        bouncing: &'a HashSet<FuncId>,
    ) -> Self {
        let mut func = Function::new(src.name, src.module, FunctionKind::Internal);
        func.qualname = src.qualname;
        func.results = src.results.iter().map(|&t| machine_type(t)).collect();
        let entry = func.new_block();
        let likely = Likely::new(program, facts, src);
        // Code for the interpreter calls the runtime for every step.
        let loops = if program.compact { Loops::default() } else { Loops::new(src) };
        Lower {
            program,
            statics,
            facts,
            src,
            id,
            m: Machine { func, current: entry },
            blocks: vec![None; src.blocks.len()],
            values: vec![None; src.values.len()],
            pairs: vec![None; src.values.len()],
            likely,
            loops,
            from: src.entry(),
            fails: HashMap::new(),
            bouncing,
            array_words: 0,
            leave: None,
            unwind: None,
            loc: LocId::NONE,
        }
    }

    fn run(mut self) -> Lowered {
        // Slot 0 is the array slot; its size is known at the end.
        self.m.func.stack_slots.push(0);
        for &b in &self.src.layout {
            let copy = if b == self.src.entry() { self.m.func.entry() } else { self.m.func.new_block() };
            self.m.func.blocks[copy].cold = self.src.blocks[b].cold;
            self.blocks[b.index()] = Some(copy);
            for &p in &self.src.blocks[b].params {
                let ty = machine_type(self.src.ty(p));
                self.values[p.index()] = Some(self.m.func.add_param(copy, ty));
            }
            if self.loops.is_header(b) {
                let params = [(); 2].map(|()| self.m.func.add_param(copy, Type::I64));
                self.loops.set_params(b, params);
            }
        }
        if self.program.modules.iter().any(|(_, m)| m.body == Some(self.id)) {
            // The runtime passes the module's descriptor too, which compiled bodies have no use for.
            let entry = self.m.func.entry();
            self.m.func.add_param(entry, Type::I64);
        }
        for b in molt_ir::cfg::reverse_postorder(self.src) {
            self.m.current = self.block(b);
            self.from = b;
            if b == self.src.entry() {
                self.prologue();
            }
            for &inst in &self.src.blocks[b].insts {
                self.inst(inst);
            }
        }
        self.m.func.stack_slots[0] = self.array_words * 8;
        Lowered(self.m.func)
    }

    fn block(&self, b: BlockId) -> BlockId {
        self.blocks[b.index()].expect("every block of the layout has its copy")
    }

    fn v(&self, v: ValueId) -> ValueId {
        self.values[v.index()].expect("definitions come before uses in reverse postorder")
    }

    /// A value as the operand of an instruction: those that are kept in the frame are read from there.
    fn arg(&mut self, v: ValueId) -> ValueId {
        match self.loops.slot_of(v) {
            Some(slot) => self.in_slot(slot),
            None => self.v(v),
        }
    }

    fn in_slot(&mut self, slot: u64) -> ValueId {
        let address = self.m.value(Op::SlotAddr, &[], slot, Type::I64);
        self.m.load(address, 0)
    }

    fn define(&mut self, inst: InstId, index: usize, value: ValueId) {
        let r = self.src.results(inst).nth(index).expect("the op has this result");
        self.values[r.index()] = Some(value);
    }

    /// Counts the call against the recursion limit. Unsigned, the compare also catches what is negative; a signal that
    /// waits has lowered the bound, so a recursion without a loop is interrupted as well. Not so where a generator goes
    /// on: its body is not entered yet, and what it has to do at its end would not be done.
    fn prologue(&mut self) {
        let ctx = self.m.ctx();
        let depth = self.m.load(ctx, context::CTX_DEPTH_LEFT);
        let one = self.m.iconst(1);
        let less = self.m.int(Op::ISub, &[depth, one]);
        self.m.store(ctx, context::CTX_DEPTH_LEFT, less);
        let most = match self.src.kind {
            FunctionKind::Resume => self.m.iconst(context::DEPTH_STEP),
            _ => self.m.load(ctx, context::CTX_DEPTH_MOST),
        };
        let over = self.m.icmp(IntCond::Ugt, less, most);
        let (bad, ok) = (self.m.cold_block(), self.m.block());
        self.m.brif(over, (bad, &[]), (ok, &[]));
        self.m.current = bad;
        let r = self.m.rt(RtFn::MoreDepth, &[]);
        let refused = self.m.icmp_imm(IntCond::Ne, r[1], 0);
        let leave = self.leave_block();
        self.m.brif(refused, (leave, &[]), (ok, &[]));
        self.m.current = ok;
    }

    fn restore_depth(&mut self) {
        let ctx = self.m.ctx();
        let depth = self.m.load(ctx, context::CTX_DEPTH_LEFT);
        let one = self.m.iconst(1);
        let more = self.m.int(Op::IAdd, &[depth, one]);
        self.m.store(ctx, context::CTX_DEPTH_LEFT, more);
    }

    fn leave_block(&mut self) -> BlockId {
        if let Some(b) = self.leave {
            return b;
        }
        let b = self.m.cold_block();
        self.leave = Some(b);
        let back = std::mem::replace(&mut self.m.current, b);
        self.restore_depth();
        if self.src.kind == FunctionKind::Resume {
            let generator = self.v(self.src.params()[0]);
            let finished = self.m.iconst(i64::from(GeneratorObj::FINISHED));
            self.m.op(Op::Store32, &[generator, finished], GENERATOR_STATE as u64, &[]);
        }
        let none = match self.m.func.results[0] {
            Type::F64 => self.m.value(Op::FConst, &[], 0, Type::F64),
            _ => self.m.word(Word::UNBOUND),
        };
        let error = self.m.iconst(layout::STEP_RAISED as i64);
        self.m.ret(&[none, error]);
        self.m.current = back;
        b
    }

    fn code_address(&mut self) -> ValueId {
        let d = self.statics.code(self.program, self.id);
        self.data_address(d)
    }

    fn data_address(&mut self, d: molt_ir::DataId) -> ValueId {
        self.m.value(Op::DataAddr, &[], u64::from(d.0), Type::I64)
    }

    /// Block that a failing operation of the current instruction goes to.
    fn fail_block(&mut self, traced: bool) -> BlockId {
        let key = FailKey { loc: self.loc, target: self.unwind.clone(), traced };
        if let Some(&b) = self.fails.get(&key) {
            return b;
        }
        let b = self.m.cold_block();
        let back = std::mem::replace(&mut self.m.current, b);
        if traced {
            let position = self.program.positions[self.loc.index()];
            let index = self.statics.position(self.id, position);
            let code = self.code_address();
            let index = self.m.iconst(i64::from(index));
            self.m.rt(RtFn::TracebackAdd, &[code, index]);
        }
        match &self.unwind {
            Some((target, args)) => {
                let (target, args) = (*target, args.clone());
                self.m.jump(target, &args);
            }
            None => {
                let leave = self.leave_block();
                self.m.jump(leave, &[]);
            }
        }
        self.m.current = back;
        self.fails.insert(key, b);
        b
    }

    /// Goes on only if `error` is zero.
    fn check(&mut self, error: ValueId) {
        self.check_traced(error, true);
    }

    fn check_traced(&mut self, error: ValueId, traced: bool) {
        let fail = self.fail_block(traced);
        let ok = self.m.block();
        let failed = self.m.icmp_imm(IntCond::Ne, error, 0);
        self.m.brif(failed, (fail, &[]), (ok, &[]));
        self.m.current = ok;
    }

    /// Call of a runtime function that may raise; the value on success.
    fn rt_checked(&mut self, f: RtFn, args: &[ValueId]) -> ValueId {
        let r = self.m.rt(f, args);
        self.check(r[1]);
        r[0]
    }

    fn name(&mut self, s: Symbol) -> ValueId {
        let d = self.statics.symbol(self.program, s);
        self.data_address(d)
    }

    fn constant(&mut self, id: ConstId) -> ValueId {
        match self.statics.constant(self.program, id) {
            ConstRef::Word(w) => self.m.iconst(w as i64),
            ConstRef::Object(d) => self.data_address(d),
            ConstRef::Lazy(slot) => {
                let ctx = self.m.ctx();
                let globals = self.m.load(ctx, context::CTX_GLOBALS);
                self.m.load(globals, slot as i32 * 8)
            }
        }
    }

    /// A builtin: from its slot, unless the program can change the module of builtins.
    fn builtin(&mut self, symbol: Symbol) -> ValueId {
        let name = self.name(symbol);
        if self.facts.builtins_open {
            return self.rt_checked(RtFn::BuiltinGet, &[name]);
        }
        let slot = self.statics.builtin(self.program, symbol);
        let ctx = self.m.ctx();
        let globals = self.m.load(ctx, context::CTX_GLOBALS);
        let v = self.m.load(globals, slot as i32 * 8);
        let missing = self.m.icmp_imm(IntCond::Eq, v, Word::UNBOUND.0 as i64);
        let (slow, fast, done) = (self.m.cold_block(), self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        self.m.brif(missing, (slow, &[]), (fast, &[]));
        self.m.current = fast;
        self.m.inc(v);
        self.m.jump(done, &[v]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::BuiltinGet, &[name]);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    fn kwnames(&mut self, id: u32) -> ValueId {
        if id == u32::MAX { self.m.word(Word::UNBOUND) } else { self.constant(ConstId(id)) }
    }

    /// Address of the array slot holding at least `words` words.
    fn array(&mut self, words: usize) -> ValueId {
        self.array_words = self.array_words.max(words as u32);
        self.m.value(Op::SlotAddr, &[], 0, Type::I64)
    }

    fn fill_array(&mut self, skip: usize, values: &[ValueId]) -> ValueId {
        let a = self.array(skip + values.len());
        for (i, &v) in values.iter().enumerate() {
            self.m.store(a, (skip + i) as i32 * 8, v);
        }
        a
    }

    fn truth_bit(&mut self, v: ValueId) -> ValueId {
        self.m.icmp_imm(IntCond::Ne, v, 0)
    }

    fn inst(&mut self, inst: InstId) {
        let data = self.src.insts[inst];
        self.loc = data.loc;
        self.unwind = None;
        if !data.op.info().is_terminator()
            && let Some(&e) = self.src.edges(inst).first()
        {
            let values = self.src.edge_args(e).iter().map(|&v| self.v(v)).collect();
            self.unwind = Some((self.block(e.block), values));
        }
        if let (Op::PyNext, Some(header)) = (data.op, self.loops.header_of(inst)) {
            let item = self.counted_next(header);
            return self.define(inst, 0, item);
        }
        if self.likely_float_op(inst) {
            return;
        }
        let source = self.src;
        let args: Vec<ValueId> = source.args(inst).iter().map(|&v| self.arg(v)).collect();
        if self.has_pairs(inst) {
            self.with_words(inst, |s, args| s.plain_inst(inst, args));
        } else {
            self.plain_inst(inst, &args);
        }
    }

    fn plain_inst(&mut self, inst: InstId, args: &[ValueId]) {
        let data = self.src.insts[inst];
        if data.op.info().is_terminator() {
            self.terminator(inst, data.op, data.imm, args);
        } else if let Some(rt) = data.op.info().rt {
            self.whole_runtime_op(inst, rt, args);
        } else {
            self.operation(inst, data.op, data.imm, args);
        }
    }

    /// An op whose meaning is one runtime call on its operands.
    fn whole_runtime_op(&mut self, inst: InstId, rt: RtFn, args: &[ValueId]) {
        let inline = !self.program.compact;
        if rt == RtFn::Truth && inline {
            let bit = self.truth(args[0]);
            self.define(inst, 0, bit);
            return;
        }
        if rt == RtFn::RaiseAgain {
            let r = self.m.rt(rt, args);
            self.check_traced(r[1], false);
            return;
        }
        if (rt == RtFn::GetItem || rt == RtFn::Next) && inline {
            let value = if rt == RtFn::Next { self.next(args[0]) } else { self.getitem(inst, args) };
            return self.define(inst, 0, value);
        }
        if rt == RtFn::SetItem && inline {
            return self.setitem(inst, args);
        }
        if rt == RtFn::Poll {
            self.poll();
            return;
        }
        let r = self.m.rt(rt, args);
        if matches!(rt.sig().result, RtResult::Raise | RtResult::RaiseInt) {
            self.check(r[1]);
        }
        if let Some(result) = self.src.results(inst).next() {
            let bit = self.src.ty(result) == Type::I1;
            let value = if bit { self.truth_bit(r[0]) } else { r[0] };
            self.define(inst, 0, value);
        }
        if let (RtFn::RangeIter, Some(header)) = (rt, self.loops.header_of(inst)) {
            self.begin_range(header, inst, r[0]);
        }
    }

    fn poll(&mut self) {
        let ctx = self.m.ctx();
        let pending = self.m.load(ctx, context::CTX_PENDING);
        let waiting = self.m.icmp_imm(IntCond::Ne, pending, 0);
        let (slow, on) = (self.m.cold_block(), self.m.block());
        self.m.brif(waiting, (slow, &[]), (on, &[]));
        self.m.current = slow;
        self.rt_checked(RtFn::Poll, &[]);
        self.m.jump(on, &[]);
        self.m.current = on;
    }

    fn operation(&mut self, inst: InstId, op: Op, imm: u64, args: &[ValueId]) {
        let (low, high) = imm_halves(imm);
        let symbol = Symbol(low);
        let result = match op {
            Op::Const => self.constant(ConstId(low)),
            Op::Unbound => self.m.word(Word::UNBOUND),
            Op::IsUnbound => self.m.icmp_imm(IntCond::Eq, args[0], Word::UNBOUND.0 as i64),
            Op::BoolBox => {
                let (t, f) = (self.m.word(Word::TRUE), self.m.word(Word::FALSE));
                self.m.value(Op::SelectI, &[args[0], t, f], 0, Type::I64)
            }
            Op::BoolUnbox => self.m.icmp_imm(IntCond::Eq, args[0], Word::TRUE.0 as i64),
            Op::Share => {
                self.m.inc(args[0]);
                args[0]
            }
            Op::Keep => return,
            Op::RcInc => return self.m.inc(args[0]),
            Op::RcDec if self.loops.is_uncounted(self.src.args(inst)[0]) => return,
            Op::RcDec if self.loops.is_number(self.src.args(inst)[0]) => return self.drop_number(args[0]),
            Op::RcDec => return self.m.dec(args[0]),
            Op::Not => {
                let b = self.m.int(Op::BToI, &[args[0]]);
                self.m.icmp_imm(IntCond::Eq, b, 0)
            }
            Op::GlobalGet => {
                let slot = self.statics.global_slot(GlobalId(low));
                let ctx = self.m.ctx();
                let globals = self.m.load(ctx, context::CTX_GLOBALS);
                let v = self.m.load(globals, slot as i32 * 8);
                if !self.loops.is_idle(inst) {
                    self.m.inc(v);
                }
                v
            }
            Op::GlobalSet => {
                let slot = self.statics.global_slot(GlobalId(low));
                let ctx = self.m.ctx();
                let globals = self.m.load(ctx, context::CTX_GLOBALS);
                let old = self.m.load(globals, slot as i32 * 8);
                self.m.store(globals, slot as i32 * 8, args[0]);
                return self.m.dec(old);
            }
            Op::PyBuiltin => self.builtin(symbol),
            Op::PyCheckBound => self.check_bound(args[0], symbol, high),
            Op::CellNew => self.m.rt1(RtFn::CellNew, args),
            Op::CellGet => {
                let v = self.m.load(args[0], layout::CELL_VALUE);
                self.m.inc(v);
                v
            }
            Op::CellSet => {
                let old = self.m.load(args[0], layout::CELL_VALUE);
                self.m.store(args[0], layout::CELL_VALUE, args[1]);
                return self.m.dec(old);
            }
            Op::ClosureCell => {
                let closure = self.m.load(args[0], layout::FUNCTION_CLOSURE);
                let v = self.m.load(closure, layout::TUPLE_ITEMS + imm as i32 * 8);
                self.m.inc(v);
                v
            }
            Op::PyBinary | Op::PyInplace | Op::ClBinary => {
                self.binary(inst, BinaryOp::from_index(imm).expect("verified"), args, Family::of(op))
            }
            Op::PyUnary => {
                let f = match UnaryOp::from_index(imm).expect("verified") {
                    UnaryOp::Neg => RtFn::Neg,
                    UnaryOp::Pos => RtFn::Pos,
                    UnaryOp::Invert => RtFn::Invert,
                };
                self.rt_checked(f, args)
            }
            Op::PyCompare => self.compare(inst, CompareOp::from_index(imm).expect("verified"), args),
            Op::PyCompareTruth | Op::ClCompare => {
                self.compare_truth(inst, CompareOp::from_index(imm).expect("verified"), args, Family::of(op))
            }
            Op::PyIs => self.m.icmp(IntCond::Eq, args[0], args[1]),
            Op::PyGetAttr => self.getattr(args[0], symbol),
            Op::PySetAttr => return self.setattr(args[0], args[1], symbol),
            Op::PyDelAttr => {
                let name = self.name(symbol);
                self.rt_checked(RtFn::DelAttr, &[args[0], name]);
                return;
            }
            Op::PyCall => self.call(inst, args, low),
            Op::PyCallMethod => self.method_call(args, imm),
            Op::PyUnpack => {
                let n = imm as usize;
                let out = self.array(n);
                let count = self.m.iconst(n as i64);
                self.rt_checked(RtFn::Unpack, &[args[0], count, out]);
                return self.define_array(inst, n, out);
            }
            Op::PyUnpackEx => {
                let n = (low + high) as usize + 1;
                let out = self.array(n);
                let (before, after) = (self.m.iconst(i64::from(low)), self.m.iconst(i64::from(high)));
                self.rt_checked(RtFn::UnpackEx, &[args[0], before, after, out]);
                return self.define_array(inst, n, out);
            }
            Op::ListNew => self.display(RtFn::ListNew, args),
            Op::TupleNew => self.display(RtFn::TupleNew, args),
            Op::StrJoin => self.display(RtFn::StrJoin, args),
            Op::SetNew => self.checked_display(RtFn::SetNew, args, args.len()),
            Op::SetLiteral => {
                let array = self.fill_array(0, args);
                let count = self.m.iconst(args.len() as i64);
                let frozen = self.m.iconst(imm as i64);
                self.rt_checked(RtFn::SetLiteral, &[array, count, frozen])
            }
            Op::DictNew => self.checked_display(RtFn::DictNew, args, args.len() / 2),
            Op::PyFormat => {
                let conversion = self.m.iconst(imm as i64);
                self.rt_checked(RtFn::FormatValue, &[args[0], conversion, args[1]])
            }
            Op::PyFunction => {
                let d = self.statics.code(self.program, FuncId(low));
                let code = self.data_address(d);
                self.m.rt1(RtFn::FunctionNew, &[code, args[0], args[1], args[2], args[3]])
            }
            Op::PyClass => {
                let site = self.m.iconst(i64::from(low));
                self.rt_checked(RtFn::BuildClass, &[site, args[0], args[1], args[2], args[3]])
            }
            Op::PyImport => {
                let index = self.m.iconst(i64::from(low));
                self.rt_checked(RtFn::ImportModule, &[index])
            }
            Op::PyImportNative => {
                let name = self.program.names.text(symbol).to_string();
                let index = molt_abi::modules::NATIVE_MODULES
                    .iter()
                    .position(|(n, _)| *n == name)
                    .expect("front ends import only native modules of the registry");
                let d = self.statics.native_module(self.program, index as u32);
                let holder = self.data_address(d);
                let descriptor = self.m.load(holder, 0);
                self.rt_checked(RtFn::ImportNative, &[descriptor])
            }
            Op::PyImportFrom => {
                let name = self.name(symbol);
                self.rt_checked(RtFn::ImportFrom, &[args[0], name])
            }
            Op::WithEnter => {
                let out = self.array(1);
                let value = self.rt_checked(RtFn::WithEnter, &[args[0], out]);
                let exit = self.m.load(out, 0);
                self.define(inst, 0, exit);
                self.define(inst, 1, value);
                return;
            }
            Op::MatchClass => {
                let (count, names) = (self.m.iconst(i64::from(low)), self.constant(ConstId(high)));
                self.rt_checked(RtFn::MatchClass, &[args[0], args[1], count, names])
            }
            Op::GenCreate => self.gen_create(FuncId(low), args),
            Op::GenState => self.m.value(Op::LoadS32, &[args[0]], GENERATOR_STATE as u64, Type::I64),
            Op::FramePut => return self.m.store(args[0], GENERATOR_FRAME + imm as i32 * 8, args[1]),
            Op::FrameTake => {
                let v = self.m.load(args[0], GENERATOR_FRAME + imm as i32 * 8);
                let empty = self.m.word(Word::UNBOUND);
                self.m.store(args[0], GENERATOR_FRAME + imm as i32 * 8, empty);
                v
            }
            Op::RaiseSent => {
                self.m.inc(args[0]);
                self.m.rt(RtFn::Throw, args);
                let fail = self.fail_block(true);
                self.m.jump(fail, &[]);
                self.m.current = self.m.cold_block();
                return;
            }
            Op::DelegateSet => {
                let old = self.m.load(args[0], GENERATOR_DELEGATE);
                self.m.store(args[0], GENERATOR_DELEGATE, args[1]);
                return self.m.dec(old);
            }
            Op::Delegate => {
                let r = self.m.rt(RtFn::DelegateStep, args);
                let raised = self.m.icmp_imm(IntCond::Eq, r[1], layout::STEP_RAISED as i64);
                let flag = self.m.int(Op::BToI, &[raised]);
                self.check(flag);
                let done = self.m.icmp_imm(IntCond::Eq, r[1], layout::STEP_RETURNED as i64);
                self.define(inst, 0, r[0]);
                self.define(inst, 1, done);
                return;
            }
            Op::CallDirect => {
                let result = machine_type(self.src.ty(self.src.result(inst)));
                self.call_direct(FuncId(low), args, result)
            }
            Op::ClTruth => self.claude_truth(inst, args[0]),
            Op::ClCall => self.claude_call(args),
            Op::ClRt | Op::ClRtOwn => self.claude_function(RtFn::from_index(low as u16).expect("verified"), args),
            Op::ClTest => {
                self.claude_test(Predicate::from_index(imm).expect("front ends write numbers of predicates"), args[0])
            }
            Op::ClRtN => self.checked_display(RtFn::from_index(low as u16).expect("verified"), args, args.len()),
            Op::ClRtFamily => {
                let which = self.m.iconst(i64::from(high));
                let all: Vec<ValueId> = std::iter::once(which).chain(args.iter().copied()).collect();
                self.rt_checked(RtFn::from_index(low as u16).expect("verified"), &all)
            }
            Op::ClSpread => self.claude_spread(RtFn::from_index(low as u16).expect("verified"), args[0]),
            Op::AcrossCall => self.across_call(inst, symbol, args),
            Op::ClPerform => self.claude_perform(imm as usize, args),
            Op::ClStart => {
                let d = self.statics.claude(self.program);
                let descriptor = self.data_address(d);
                self.m.rt1(RtFn::ClStart, &[descriptor])
            }
            Op::ClNew => self.claude_new(low, args),
            Op::ClIs => self.claude_is(low, args[0]),
            Op::ClField => self.owned_load(args[0], layout::INSTANCE_SLOTS + imm as i32 * 8),
            Op::ClItem => self.owned_load(args[0], layout::TUPLE_ITEMS + imm as i32 * 8),
            Op::IntToFloat => self.int_to_float(args[0]),
            Op::IntTrueDiv => self.int_truediv(args),
            Op::FloatBinary => self.float_binary(BinaryOp::from_index(imm).expect("verified"), args),
            Op::FloatUnbox => self.float_unbox(args[0]),
            Op::FloatBox => self.float_box(args[0]),
            Op::IntUnbox => {
                let one = self.m.iconst(1);
                self.m.int(Op::SShr, &[args[0], one])
            }
            Op::IntBox => self.int_word(args[0], 64, true),
            _ => {
                // Machine-level ops that a pass placed earlier go through unchanged.
                let types: Vec<Type> = self.src.results(inst).map(|r| machine_type(self.src.ty(r))).collect();
                let results = self.m.op(op, args, imm, &types);
                for (i, r) in results.into_iter().enumerate() {
                    self.define(inst, i, r);
                }
                return;
            }
        };
        self.define(inst, 0, result);
    }

    fn display(&mut self, f: RtFn, args: &[ValueId]) -> ValueId {
        let array = self.fill_array(0, args);
        let count = self.m.iconst(args.len() as i64);
        self.m.rt1(f, &[array, count])
    }

    fn checked_display(&mut self, f: RtFn, args: &[ValueId], count: usize) -> ValueId {
        let array = self.fill_array(0, args);
        let count = self.m.iconst(count as i64);
        self.rt_checked(f, &[array, count])
    }

    fn define_array(&mut self, inst: InstId, n: usize, out: ValueId) {
        for i in 0..n {
            let v = self.m.load(out, i as i32 * 8);
            self.define(inst, i, v);
        }
    }

    fn keyword_count(&self, id: u32) -> usize {
        match self.program.consts.get(ConstId(id)) {
            Some(molt_ir::Const::Tuple(names)) => names.len(),
            _ => 0,
        }
    }

    fn gen_create(&mut self, resume: FuncId, args: &[ValueId]) -> ValueId {
        let code = self.code_address();
        let address = self.m.value(Op::FuncAddr, &[], u64::from(resume.0), Type::I64);
        let words = self.frame_words(resume, args.len());
        let words = self.m.iconst(words);
        let g = self.m.rt1(RtFn::GeneratorNew, &[code, address, words, args[0]]);
        for (i, &v) in args.iter().enumerate() {
            self.m.inc(v);
            self.m.store(g, GENERATOR_FRAME + i as i32 * 8, v);
        }
        g
    }

    fn frame_words(&self, resume: FuncId, at_least: usize) -> i64 {
        let f = &self.program.funcs[resume];
        let used = f
            .insts
            .iter()
            .filter(|(_, i)| matches!(i.op, Op::FramePut | Op::FrameTake))
            .map(|(_, i)| i.imm as i64 + 1)
            .max();
        used.unwrap_or(0).max(at_least as i64)
    }

    fn terminator(&mut self, inst: InstId, op: Op, imm: u64, args: &[ValueId]) {
        let edges: Vec<(BlockId, Vec<ValueId>)> = self
            .src
            .edges(inst)
            .iter()
            .map(|&e| {
                let own = self.src.edge_args(e).iter().map(|&v| self.v(v));
                (self.block(e.block), own.chain(self.loops.passed(self.from, e.block).into_iter().flatten()).collect())
            })
            .collect();
        match op {
            Op::Ret => {
                self.restore_depth();
                let resume = self.src.kind == FunctionKind::Resume;
                if resume {
                    let generator = self.v(self.src.params()[0]);
                    let finished = self.m.iconst(i64::from(GeneratorObj::FINISHED));
                    self.m.op(Op::Store32, &[generator, finished], GENERATOR_STATE as u64, &[]);
                }
                let step = self.m.iconst(if resume { layout::STEP_RETURNED as i64 } else { 0 });
                self.m.ret(&[args[0], step]);
            }
            Op::Suspend => {
                self.restore_depth();
                let state = self.m.iconst(imm as i64);
                self.m.op(Op::Store32, &[args[0], state], GENERATOR_STATE as u64, &[]);
                let step = self.m.iconst(layout::STEP_YIELDED as i64);
                self.m.ret(&[args[1], step]);
            }
            Op::Throw => {
                self.m.rt(RtFn::Throw, args);
                match edges.first() {
                    Some((b, values)) => self.m.jump(*b, values),
                    None => {
                        let leave = self.leave_block();
                        self.m.jump(leave, &[]);
                    }
                }
            }
            Op::Propagate => {
                let leave = self.leave_block();
                self.m.jump(leave, &[]);
            }
            Op::ClTailCall => self.claude_tail_call(args),
            Op::ClTailDirect => self.claude_tail_direct(FuncId(imm as u32), args),
            _ => {
                let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|(b, v)| (*b, v.as_slice())).collect();
                let i = self.m.func.make_inst(op, args, imm, &list, &[], LocId::NONE);
                self.m.func.append(self.m.current, i);
            }
        }
    }
}

/// Representation at machine level.
fn machine_type(ty: Type) -> Type {
    match ty {
        Type::I1 => Type::I1,
        Type::F64 => Type::F64,
        _ => Type::I64,
    }
}
