//! One IR function to CLIF.

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, FuncRef, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, TrapCode, Value, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Switch};
use cranelift_module::Module;
use molt_abi::context::{CTX_ACROSS, CTX_STACK_LIMIT};
use molt_abi::{Header, RtFn, layout};
use molt_base::EntityId;
use molt_ir::{BlockId, FloatCond, FuncId, Function, InstId, IntCond, Op, ValueId};

use crate::emit::{Emitter, Linkage, machine_type};

mod memory;

pub fn translate<M: Module>(
    emitter: &mut Emitter<'_, M>,
    id: FuncId,
    out: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) {
    let src = &emitter.program.funcs[id];
    let frontend = emitter.module.target_config();
    let builder = FunctionBuilder::new(out, context);
    let mut t = Translator {
        emitter,
        src,
        b: builder,
        blocks: vec![None; src.blocks.len()],
        values: vec![None; src.values.len()],
        slots: Vec::new(),
        callees: HashMap::new(),
        entries: HashMap::new(),
        rts: HashMap::new(),
        data: HashMap::new(),
        ctx: None,
    };
    t.run();
    t.b.seal_all_blocks();
    t.b.finalize(frontend);
}

struct Translator<'a, 'e, 'b, M: Module> {
    emitter: &'e mut Emitter<'a, M>,
    src: &'a Function,
    b: FunctionBuilder<'b>,
    blocks: Vec<Option<ir::Block>>,
    values: Vec<Option<Value>>,
    slots: Vec<ir::StackSlot>,
    /// What direct calls go to, and what stands for functions as values.
    callees: HashMap<FuncId, FuncRef>,
    entries: HashMap<FuncId, FuncRef>,
    rts: HashMap<RtFn, FuncRef>,
    data: HashMap<u32, ir::GlobalValue>,
    ctx: Option<Value>,
}

/// Memory that the runtime guarantees to be mapped and aligned.
fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

impl<M: Module> Translator<'_, '_, '_, M> {
    fn run(&mut self) {
        for &size in &self.src.stack_slots {
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size.max(8), 3);
            self.slots.push(self.b.create_sized_stack_slot(data));
        }
        // A loop back to the entry is not possible in CLIF, so the entry only carries the parameters.
        let entry = self.b.create_block();
        self.b.append_block_params_for_function_params(entry);
        for &b in &self.src.layout {
            let block = self.b.create_block();
            self.blocks[b.index()] = Some(block);
            if self.src.blocks[b].cold {
                self.b.set_cold_block(block);
            }
            for &p in &self.src.blocks[b].params {
                let v = self.b.append_block_param(block, machine_type(self.src.ty(p)));
                self.values[p.index()] = Some(v);
            }
        }
        self.b.switch_to_block(entry);
        let params: Vec<Value> = self.b.block_params(entry).to_vec();
        self.ctx = Some(params[0]);
        let args: Vec<BlockArg> = params[1..].iter().map(|&v| v.into()).collect();
        let first = self.block(self.src.entry());
        self.b.ins().jump(first, &args);
        for b in molt_ir::cfg::reverse_postorder(self.src) {
            let block = self.block(b);
            self.b.switch_to_block(block);
            for &inst in &self.src.blocks[b].insts {
                self.inst(inst);
            }
        }
        // Blocks that nothing reaches still need a body.
        let reached = molt_ir::cfg::reverse_postorder(self.src);
        for &b in &self.src.layout {
            if !reached.contains(&b) {
                let block = self.block(b);
                self.b.switch_to_block(block);
                self.b.ins().trap(TrapCode::unwrap_user(1));
            }
        }
    }

    fn block(&self, b: BlockId) -> ir::Block {
        self.blocks[b.index()].expect("blocks of the layout were created")
    }

    fn v(&self, v: ValueId) -> Value {
        self.values[v.index()].expect("definitions come before uses in reverse postorder")
    }

    fn context(&self) -> Value {
        self.ctx.expect("set at the entry")
    }

    fn define(&mut self, inst: InstId, values: &[Value]) {
        for (r, &v) in self.src.results(inst).zip(values) {
            self.values[r.index()] = Some(v);
        }
    }

    fn rt(&mut self, f: RtFn) -> FuncRef {
        if let Some(&r) = self.rts.get(&f) {
            return r;
        }
        let id = self.emitter.rts[f as usize];
        let r = self.emitter.module.declare_func_in_func(id, self.b.func);
        if self.emitter.linkage == Linkage::Object {
            // The runtime is linked statically, so a direct call reaches it.
            self.b.func.dfg.ext_funcs[r].colocated = true;
        }
        self.rts.insert(f, r);
        r
    }

    fn callee(&mut self, id: FuncId) -> FuncRef {
        let (emitter, b) = (&mut *self.emitter, &mut self.b);
        let declare = || emitter.module.declare_func_in_func(emitter.callee(id), b.func);
        *self.callees.entry(id).or_insert_with(declare)
    }

    fn entry(&mut self, id: FuncId) -> FuncRef {
        let (emitter, b) = (&mut *self.emitter, &mut self.b);
        let declare = || emitter.module.declare_func_in_func(emitter.funcs[id.index()], b.func);
        *self.entries.entry(id).or_insert_with(declare)
    }

    fn data_address(&mut self, d: u32) -> Value {
        let gv = match self.data.get(&d) {
            Some(&gv) => gv,
            None => {
                let gv = self.emitter.module.declare_data_in_func(self.emitter.data[d as usize], self.b.func);
                self.data.insert(d, gv);
                gv
            }
        };
        self.b.ins().symbol_value(types::I64, gv)
    }

    fn inst(&mut self, inst: InstId) {
        let data = self.src.insts[inst];
        let a: Vec<Value> = self.src.args(inst).iter().map(|&v| self.v(v)).collect();
        if data.op.info().is_terminator() {
            return self.terminator(inst, data.op, &a);
        }
        let imm = data.imm;
        let offset = imm as i64 as i32;
        let one = match data.op {
            Op::IConst => self.b.ins().iconst(types::I64, imm as i64),
            Op::FConst => self.b.ins().f64const(f64::from_bits(imm)),
            Op::BConst => self.b.ins().iconst(types::I8, imm as i64),
            Op::IAdd => self.b.ins().iadd(a[0], a[1]),
            Op::ISub => self.b.ins().isub(a[0], a[1]),
            Op::IMul => self.b.ins().imul(a[0], a[1]),
            Op::SDiv => self.b.ins().sdiv(a[0], a[1]),
            Op::SRem => self.b.ins().srem(a[0], a[1]),
            Op::UDiv => self.b.ins().udiv(a[0], a[1]),
            Op::URem => self.b.ins().urem(a[0], a[1]),
            Op::SMulHi => self.b.ins().smulhi(a[0], a[1]),
            Op::UMulHi => self.b.ins().umulhi(a[0], a[1]),
            Op::Clz => self.b.ins().clz(a[0]),
            Op::Ctz => self.b.ins().ctz(a[0]),
            Op::PopCnt => self.b.ins().popcnt(a[0]),
            Op::BSwap => self.b.ins().bswap(a[0]),
            Op::IAnd | Op::BAnd => self.b.ins().band(a[0], a[1]),
            Op::IOr | Op::BOr => self.b.ins().bor(a[0], a[1]),
            Op::IXor => self.b.ins().bxor(a[0], a[1]),
            Op::IShl => self.b.ins().ishl(a[0], a[1]),
            Op::UShr => self.b.ins().ushr(a[0], a[1]),
            Op::SShr => self.b.ins().sshr(a[0], a[1]),
            Op::RotL => self.b.ins().rotl(a[0], a[1]),
            Op::ICmp => self.b.ins().icmp(int_condition(imm), a[0], a[1]),
            Op::FCmp => self.b.ins().fcmp(float_condition(imm), a[0], a[1]),
            Op::Not => self.b.ins().bxor_imm_u(a[0], 1),
            Op::FAdd => self.b.ins().fadd(a[0], a[1]),
            Op::FSub => self.b.ins().fsub(a[0], a[1]),
            Op::FMul => self.b.ins().fmul(a[0], a[1]),
            Op::FDiv => self.b.ins().fdiv(a[0], a[1]),
            Op::FNeg => self.b.ins().fneg(a[0]),
            Op::FAbs => self.b.ins().fabs(a[0]),
            Op::FSqrt => self.b.ins().sqrt(a[0]),
            Op::FFloor => self.b.ins().floor(a[0]),
            Op::FCeil => self.b.ins().ceil(a[0]),
            Op::FTrunc => self.b.ins().trunc(a[0]),
            Op::FNearest => self.b.ins().nearest(a[0]),
            Op::Fma => self.b.ins().fma(a[0], a[1], a[2]),
            Op::FCopySign => self.b.ins().fcopysign(a[0], a[1]),
            Op::FMin => self.extreme(FloatCC::LessThan, &a),
            Op::FMax => self.extreme(FloatCC::GreaterThan, &a),
            Op::FRound32 => {
                let narrow = self.b.ins().fdemote(types::F32, a[0]);
                self.b.ins().fpromote(types::F64, narrow)
            }
            Op::IntToF => self.b.ins().fcvt_from_sint(types::F64, a[0]),
            Op::UIntToF => self.unsigned_to_float(a[0]),
            Op::FToIntSat => self.b.ins().fcvt_to_sint_sat(types::I64, a[0]),
            Op::FToUIntSat => self.b.ins().fcvt_to_uint_sat(types::I64, a[0]),
            Op::BitsToF => self.b.ins().bitcast(types::F64, MemFlagsData::new(), a[0]),
            Op::FToBits => self.b.ins().bitcast(types::I64, MemFlagsData::new(), a[0]),
            Op::BToI => self.b.ins().uextend(types::I64, a[0]),
            Op::SelectI | Op::SelectF => self.b.ins().select(a[0], a[1], a[2]),
            Op::Load64 => self.b.ins().load(types::I64, trusted(), a[0], offset),
            Op::Load32 => self.b.ins().uload32(trusted(), a[0], offset),
            Op::LoadS32 => self.b.ins().sload32(trusted(), a[0], offset),
            Op::Load16 => self.b.ins().uload16(types::I64, trusted(), a[0], offset),
            Op::LoadS16 => self.b.ins().sload16(types::I64, trusted(), a[0], offset),
            Op::Load8 => self.b.ins().uload8(types::I64, trusted(), a[0], offset),
            Op::LoadS8 => self.b.ins().sload8(types::I64, trusted(), a[0], offset),
            Op::LoadF => self.b.ins().load(types::F64, trusted(), a[0], offset),
            Op::LoadF32 => {
                let narrow = self.b.ins().load(types::F32, trusted(), a[0], offset);
                self.b.ins().fpromote(types::F64, narrow)
            }
            Op::MemCmp => self.compare_memory(&a),
            Op::SlotAddr => self.b.ins().stack_addr(types::I64, self.slots[imm as usize], 0),
            Op::FuncAddr => {
                let f = self.entry(FuncId(imm as u32));
                self.b.ins().func_addr(types::I64, f)
            }
            Op::DataAddr => self.data_address(imm as u32),
            Op::Ctx => self.context(),
            Op::StackLow => {
                let ctx = self.context();
                let limit = self.b.ins().load(types::I64, trusted(), ctx, CTX_STACK_LIMIT);
                let here = self.b.ins().get_stack_pointer(types::I64);
                self.b.ins().icmp(IntCC::UnsignedLessThan, here, limit)
            }
            _ => return self.effect(inst, data.op, imm, &a),
        };
        self.define(inst, &[one]);
    }

    /// Ops without exactly one result.
    fn effect(&mut self, inst: InstId, op: Op, imm: u64, a: &[Value]) {
        let offset = imm as i64 as i32;
        match op {
            Op::Store64 | Op::StoreF => {
                self.b.ins().store(trusted(), a[1], a[0], offset);
            }
            Op::Store32 => {
                self.b.ins().istore32(trusted(), a[1], a[0], offset);
            }
            Op::Store16 => {
                self.b.ins().istore16(trusted(), a[1], a[0], offset);
            }
            Op::Store8 => {
                self.b.ins().istore8(trusted(), a[1], a[0], offset);
            }
            Op::StoreF32 => {
                let narrow = self.b.ins().fdemote(types::F32, a[1]);
                self.b.ins().store(trusted(), narrow, a[0], offset);
            }
            Op::MemCopy | Op::MemMove => self.copy_memory(inst, op, a),
            Op::MemSet => self.set_memory(inst, a),
            Op::IAddOf | Op::ISubOf | Op::IMulOf | Op::UAddOf | Op::USubOf | Op::UMulOf => {
                let (r, o) = self.overflowing(inst, op, a[0], a[1]);
                self.define(inst, &[r, o]);
            }
            Op::MemValid => {}
            Op::RcInc => self.rc_inc(a[0]),
            Op::RcDec => self.rc_dec(a[0]),
            Op::Call => {
                let f = self.callee(FuncId(imm as u32));
                let context = self.context();
                self.call(inst, f, context, a);
            }
            Op::CallAcross => {
                let f = self.callee(FuncId(imm as u32));
                let context = self.context();
                let across = self.b.ins().load(types::I64, trusted(), context, CTX_ACROSS);
                self.call(inst, f, across, a);
            }
            Op::CallIndirect => self.call_indirect(inst, a),
            Op::CallRt => {
                let f = self.rt(RtFn::from_index(imm as u16).expect("verified"));
                let context = self.context();
                self.call(inst, f, context, a);
            }
            other => unreachable!("{other:?} is not a machine-level op"),
        }
    }

    fn call(&mut self, inst: InstId, f: FuncRef, context: Value, a: &[Value]) {
        let mut args = vec![context];
        args.extend_from_slice(a);
        let call = self.b.ins().call(f, &args);
        let results: Vec<Value> = self.b.inst_results(call).to_vec();
        self.define(inst, &results);
    }

    /// Result and overflow. Where a comparison with an operand tells, it is that: a branch takes it as it is, while the
    /// flag of an addition would be made a number first.
    fn overflowing(&mut self, inst: InstId, op: Op, x: Value, y: Value) -> (Value, Value) {
        let constant = memory::constant(self.src, self.src.args(inst)[1]).map(|c| c as i64);
        match (op, constant) {
            (Op::UAddOf, _) => {
                let r = self.b.ins().iadd(x, y);
                (r, self.b.ins().icmp(IntCC::UnsignedLessThan, r, x))
            }
            (Op::USubOf, _) => (self.b.ins().isub(x, y), self.b.ins().icmp(IntCC::UnsignedLessThan, x, y)),
            (Op::IAddOf | Op::ISubOf, Some(c)) => {
                let r = if op == Op::IAddOf { self.b.ins().iadd(x, y) } else { self.b.ins().isub(x, y) };
                let grows = (op == Op::IAddOf) == (c >= 0);
                let wrong = if grows { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
                (r, self.b.ins().icmp(wrong, r, x))
            }
            (Op::IAddOf, None) => self.b.ins().sadd_overflow(x, y),
            (Op::ISubOf, None) => self.b.ins().ssub_overflow(x, y),
            (Op::IMulOf, _) => self.b.ins().smul_overflow(x, y),
            _ => self.b.ins().umul_overflow(x, y),
        }
    }

    fn call_indirect(&mut self, inst: InstId, a: &[Value]) {
        let mut signature = self.emitter.module.make_signature();
        signature.params.push(AbiParam::new(types::I64));
        let params = self.src.args(inst)[1..].iter().map(|&v| AbiParam::new(machine_type(self.src.ty(v))));
        signature.params.extend(params);
        signature.returns.extend(self.src.results(inst).map(|v| AbiParam::new(machine_type(self.src.ty(v)))));
        let signature = self.b.import_signature(signature);
        let args: Vec<Value> = std::iter::once(self.context()).chain(a[1..].iter().copied()).collect();
        let call = self.b.ins().call_indirect(signature, a[0], &args);
        let results: Vec<Value> = self.b.inst_results(call).to_vec();
        self.define(inst, &results);
    }

    /// The nearest float of an unsigned number. Cranelift's own sequence converts into a register without clearing it, so
    /// that each conversion in a loop waits for what the register held before.
    fn unsigned_to_float(&mut self, a: Value) -> Value {
        let (large, done) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(large);
        let result = self.b.append_block_param(done, types::F64);
        let direct = self.b.ins().fcvt_from_sint(types::F64, a);
        let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, a, 0);
        self.b.ins().brif(negative, large, &[], done, &[direct.into()]);
        // Half of it, with the bit that is lost kept for the rounding.
        self.b.switch_to_block(large);
        let half = self.b.ins().ushr_imm_u(a, 1);
        let odd = self.b.ins().band_imm_u(a, 1);
        let half = self.b.ins().bor(half, odd);
        let half = self.b.ins().fcvt_from_sint(types::F64, half);
        let whole = self.b.ins().fadd(half, half);
        self.b.ins().jump(done, &[whole.into()]);
        self.b.switch_to_block(done);
        result
    }

    /// The second value if it compares with the first, or the first is NaN; else the first.
    fn extreme(&mut self, cond: FloatCC, a: &[Value]) -> Value {
        let beats = self.b.ins().fcmp(cond, a[1], a[0]);
        let chosen = self.b.ins().select(beats, a[1], a[0]);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, a[0], a[0]);
        self.b.ins().select(nan, a[1], chosen)
    }

    /// Branches to a new block with the count when the word points to a counted object; returns the count and the block
    /// where everything joins.
    fn counted(&mut self, w: Value) -> (Value, ir::Block) {
        let (object, counted, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let tag = self.b.ins().band_imm_u(w, 7);
        self.b.ins().brif(tag, done, &[], object, &[]);
        self.b.switch_to_block(object);
        let count = self.b.ins().load(types::I32, trusted(), w, layout::HEADER_REFS);
        let immortal = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, count, 0);
        self.b.ins().brif(immortal, done, &[], counted, &[]);
        self.b.switch_to_block(counted);
        (count, done)
    }

    fn rc_inc(&mut self, w: Value) {
        let (count, done) = self.counted(w);
        let more = self.b.ins().iadd_imm_s(count, i64::from(Header::ONE));
        self.b.ins().store(trusted(), more, w, layout::HEADER_REFS);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    fn rc_dec(&mut self, w: Value) {
        if self.in_cold_block() {
            let f = self.rt(RtFn::Release);
            let ctx = self.context();
            self.b.ins().call(f, &[ctx, w]);
            return;
        }
        let (count, done) = self.counted(w);
        let less = self.b.ins().iadd_imm_s(count, -i64::from(Header::ONE));
        self.b.ins().store(trusted(), less, w, layout::HEADER_REFS);
        let last = self.b.create_block();
        self.b.set_cold_block(last);
        let dead = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, less, i64::from(Header::ONE));
        self.b.ins().brif(dead, last, &[], done, &[]);
        self.b.switch_to_block(last);
        let f = self.rt(RtFn::Dealloc);
        let ctx = self.context();
        self.b.ins().call(f, &[ctx, w]);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    fn in_cold_block(&self) -> bool {
        self.b.current_block().is_some_and(|b| self.b.func.layout.is_cold(b))
    }

    fn terminator(&mut self, inst: InstId, op: Op, a: &[Value]) {
        let edges: Vec<(ir::Block, Vec<BlockArg>)> = self
            .src
            .edges(inst)
            .iter()
            .map(|&e| (self.block(e.block), self.src.edge_args(e).iter().map(|&v| self.v(v).into()).collect()))
            .collect();
        match op {
            Op::Jump => {
                self.b.ins().jump(edges[0].0, &edges[0].1);
            }
            Op::BrIf => {
                self.b.ins().brif(a[0], edges[0].0, &edges[0].1, edges[1].0, &edges[1].1);
            }
            Op::Switch => {
                let mut s = Switch::new();
                let (default, cases) = edges.split_last().expect("a switch has a last edge");
                let mut on_the_way = Vec::new();
                let mut target = |(block, args): &(ir::Block, Vec<BlockArg>)| {
                    if args.is_empty() {
                        return *block;
                    }
                    // Jump tables pass no values, so a block of its own does.
                    let between = self.b.create_block();
                    on_the_way.push((between, *block, args.clone()));
                    between
                };
                for (n, case) in cases.iter().enumerate() {
                    s.set_entry(n as u128, target(case));
                }
                let default = target(default);
                s.emit(&mut self.b, a[0], default);
                for (between, block, args) in on_the_way {
                    self.b.switch_to_block(between);
                    self.b.ins().jump(block, &args);
                }
            }
            Op::RetMany => {
                self.b.ins().return_(a);
            }
            Op::Unreachable => {
                self.b.ins().trap(TrapCode::unwrap_user(1));
            }
            other => unreachable!("{other:?} is not a machine-level terminator"),
        }
    }
}

fn int_condition(imm: u64) -> IntCC {
    match IntCond::from_index(imm).expect("verified") {
        IntCond::Eq => IntCC::Equal,
        IntCond::Ne => IntCC::NotEqual,
        IntCond::Slt => IntCC::SignedLessThan,
        IntCond::Sle => IntCC::SignedLessThanOrEqual,
        IntCond::Sgt => IntCC::SignedGreaterThan,
        IntCond::Sge => IntCC::SignedGreaterThanOrEqual,
        IntCond::Ult => IntCC::UnsignedLessThan,
        IntCond::Ule => IntCC::UnsignedLessThanOrEqual,
        IntCond::Ugt => IntCC::UnsignedGreaterThan,
        IntCond::Uge => IntCC::UnsignedGreaterThanOrEqual,
    }
}

fn float_condition(imm: u64) -> FloatCC {
    match FloatCond::from_index(imm).expect("verified") {
        FloatCond::Eq => FloatCC::Equal,
        FloatCond::Ne => FloatCC::NotEqual,
        FloatCond::Lt => FloatCC::LessThan,
        FloatCond::Le => FloatCC::LessThanOrEqual,
        FloatCond::Gt => FloatCC::GreaterThan,
        FloatCond::Ge => FloatCC::GreaterThanOrEqual,
    }
}
