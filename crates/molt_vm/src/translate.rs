//! Machine-level IR to register code. Values map to registers one to one; constants fold into immediate forms where
//! they fit; a comparison used only by the branch that follows it becomes a compare-and-branch.

use std::collections::HashMap;

use molt_base::EntityId;
use molt_ir::cfg::reverse_postorder;
use molt_ir::{BlockId, DataId, Edge, FloatCond, FuncId, Function, InstId, IntCond, Op, Program, ValueDef, ValueId};

use crate::code::{Alu, Code, FloatAlu, Insn, MemoryOp, OfAlu, Reg, Unary};
use crate::image::Image;

pub fn function(program: &Program, image: &Image, id: FuncId) -> Code {
    let func = &program.funcs[id];
    let mut t = Translator {
        func,
        image,
        code: Code::default(),
        starts: vec![u32::MAX; func.blocks.len()],
        patches: Vec::new(),
        regs: HashMap::new(),
        uses: vec![0; func.values.len()],
        slot_offsets: Vec::new(),
    };
    t.run();
    t.code
}

enum Patch {
    Insn(usize),
    List(usize),
}

struct Translator<'a> {
    func: &'a Function,
    image: &'a Image,
    code: Code,
    starts: Vec<u32>,
    patches: Vec<(Patch, BlockId)>,
    regs: HashMap<ValueId, Reg>,
    uses: Vec<u32>,
    /// First register of each stack slot.
    slot_offsets: Vec<u32>,
}

impl Translator<'_> {
    fn run(&mut self) {
        for &size in &self.func.stack_slots {
            self.slot_offsets.push(self.code.registers);
            self.code.registers += size.div_ceil(8).max(1);
        }
        self.count_uses();
        let order = reverse_postorder(self.func);
        for &p in self.func.params() {
            let r = self.reg(p);
            self.code.params.push(r);
            self.code.param_types.push(self.func.ty(p));
        }
        self.code.result_types.clone_from(&self.func.results);
        for (n, &b) in order.iter().enumerate() {
            self.starts[b.index()] = self.code.insns.len() as u32;
            self.block(b, order.get(n + 1).copied());
        }
        for (patch, block) in std::mem::take(&mut self.patches) {
            let to = self.starts[block.index()];
            match patch {
                Patch::List(i) => self.code.lists[i] = to,
                Patch::Insn(i) => match &mut self.code.insns[i] {
                    Insn::Jump { at } | Insn::BranchUnless { at, .. } | Insn::BranchUnlessImm { at, .. } => *at = to,
                    other => unreachable!("{other:?} has no target"),
                },
            }
        }
    }

    fn count_uses(&mut self) {
        for &b in &self.func.layout {
            for &i in &self.func.blocks[b].insts {
                for &v in self.func.args(i) {
                    self.uses[v.index()] += 1;
                }
                for &e in self.func.edges(i) {
                    for &v in self.func.edge_args(e) {
                        self.uses[v.index()] += 1;
                    }
                }
            }
        }
    }

    fn reg(&mut self, v: ValueId) -> Reg {
        let next = &mut self.code.registers;
        *self.regs.entry(v).or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }

    fn emit(&mut self, insn: Insn) {
        self.code.insns.push(insn);
    }

    fn constant_of(&self, v: ValueId) -> Option<i64> {
        let ValueDef::Result(i, _) = self.func.values[v].def else { return None };
        (self.func.insts[i].op == Op::IConst).then_some(self.func.insts[i].imm as i64)
    }

    fn small_constant(&self, v: ValueId) -> Option<i32> {
        i32::try_from(self.constant_of(v)?).ok()
    }

    fn load_const(&mut self, to: Reg, value: u64) {
        let index = self.code.consts.len() as u32;
        self.code.consts.push(value);
        self.emit(Insn::Const { to, index });
    }

    /// Register of an operand; constants are loaded where they are used.
    fn operand(&mut self, v: ValueId) -> Reg {
        if let Some(c) = self.constant_of(v) {
            let r = self.reg(v);
            self.load_const(r, c as u64);
            return r;
        }
        self.reg(v)
    }

    fn block(&mut self, b: BlockId, next: Option<BlockId>) {
        let insts = &self.func.blocks[b].insts;
        let mut fused = None;
        for (n, &inst) in insts.iter().enumerate() {
            let data = self.func.insts[inst];
            if data.op == Op::ICmp && self.feeds_branch(inst, insts.get(n + 1).copied()) {
                fused = Some(inst);
                continue;
            }
            if data.op.info().is_terminator() {
                self.terminator(inst, fused, next);
            } else {
                self.inst(inst);
            }
        }
    }

    fn feeds_branch(&self, inst: InstId, next: Option<InstId>) -> bool {
        let r = self.func.result(inst);
        next.is_some_and(|n| self.func.insts[n].op == Op::BrIf && self.func.args(n)[0] == r)
            && self.uses[r.index()] == 1
    }

    fn inst(&mut self, inst: InstId) {
        let data = self.func.insts[inst];
        let args = self.func.args(inst).to_vec();
        let imm = data.imm;
        let offset = imm as i64 as i32;
        if matches!(data.op, Op::IConst | Op::MemValid) {
            return;
        }
        if let Some(op) = unary(data.op) {
            let (to, a) = (self.reg(self.func.result(inst)), self.operand(args[0]));
            return self.emit(Insn::Unary { op, to, a });
        }
        if let Some(op) = float_alu(data.op) {
            let (to, a, b) = (self.reg(self.func.result(inst)), self.operand(args[0]), self.operand(args[1]));
            return self.emit(Insn::Float { op, to, a, b });
        }
        if let Some(op) = alu(data.op) {
            let to = self.reg(self.func.result(inst));
            if let Some(imm) = self.small_constant(args[1]) {
                let a = self.operand(args[0]);
                return self.emit(Insn::BinaryImm { op, to, a, imm });
            }
            let (a, b) = (self.operand(args[0]), self.operand(args[1]));
            return self.emit(Insn::Binary { op, to, a, b });
        }
        let results: Vec<ValueId> = self.func.results(inst).collect();
        match data.op {
            Op::FConst | Op::BConst => {
                let to = self.reg(results[0]);
                self.load_const(to, imm);
            }
            Op::ICmp => {
                let cond = IntCond::from_index(imm).expect("verified");
                let to = self.reg(results[0]);
                match self.small_constant(args[1]) {
                    Some(imm) => {
                        let a = self.operand(args[0]);
                        self.emit(Insn::CompareImm { cond, to, a, imm });
                    }
                    None => {
                        let (a, b) = (self.operand(args[0]), self.operand(args[1]));
                        self.emit(Insn::Compare { cond, to, a, b });
                    }
                }
            }
            Op::FCmp => {
                let cond = FloatCond::from_index(imm).expect("verified");
                let (to, a, b) = (self.reg(results[0]), self.operand(args[0]), self.operand(args[1]));
                self.emit(Insn::FloatCompare { cond, to, a, b });
            }
            Op::IAddOf | Op::ISubOf | Op::IMulOf | Op::UAddOf | Op::USubOf | Op::UMulOf => {
                self.overflowing(data.op, &args, &results);
            }
            Op::Fma => {
                let list = self.list(&args);
                let to = self.reg(results[0]);
                self.emit(Insn::Fma { to, list });
            }
            // A double and its bits, a bit and 0 or 1 are the same register content.
            Op::BitsToF | Op::FToBits | Op::BToI => {
                let (to, from) = (self.reg(results[0]), self.operand(args[0]));
                self.emit(Insn::Move { to, from });
            }
            Op::Not => {
                let (to, a) = (self.reg(results[0]), self.operand(args[0]));
                self.emit(Insn::BinaryImm { op: Alu::Xor, to, a, imm: 1 });
            }
            Op::SelectI | Op::SelectF => {
                let list = self.list(&args);
                let to = self.reg(results[0]);
                self.emit(Insn::Select { to, list });
            }
            Op::Load64
            | Op::LoadF
            | Op::Load32
            | Op::LoadS32
            | Op::Load16
            | Op::LoadS16
            | Op::Load8
            | Op::LoadS8
            | Op::LoadF32 => {
                let (to, base) = (self.reg(results[0]), self.operand(args[0]));
                self.emit(match data.op {
                    Op::Load32 => Insn::Load32 { to, base, offset },
                    Op::LoadS32 => Insn::LoadS32 { to, base, offset },
                    Op::Load16 => Insn::Load16 { to, base, offset },
                    Op::LoadS16 => Insn::LoadS16 { to, base, offset },
                    Op::Load8 => Insn::Load8 { to, base, offset },
                    Op::LoadS8 => Insn::LoadS8 { to, base, offset },
                    Op::LoadF32 => Insn::LoadF32 { to, base, offset },
                    _ => Insn::Load64 { to, base, offset },
                });
            }
            Op::Store64 | Op::StoreF | Op::Store32 | Op::Store16 | Op::Store8 | Op::StoreF32 => {
                let (base, value) = (self.operand(args[0]), self.operand(args[1]));
                self.emit(match data.op {
                    Op::Store32 => Insn::Store32 { base, value, offset },
                    Op::Store16 => Insn::Store16 { base, value, offset },
                    Op::Store8 => Insn::Store8 { base, value, offset },
                    Op::StoreF32 => Insn::StoreF32 { base, value, offset },
                    _ => Insn::Store64 { base, value, offset },
                });
            }
            Op::MemCopy => self.memory(MemoryOp::Copy, &args, &results),
            Op::MemMove => self.memory(MemoryOp::Move, &args, &results),
            Op::MemSet => self.memory(MemoryOp::Set, &args, &results),
            Op::MemCmp => self.memory(MemoryOp::Compare, &args, &results),
            Op::SlotAddr => {
                let to = self.reg(results[0]);
                let words = self.slot_offsets[imm as usize];
                self.emit(Insn::SlotAddr { to, words });
            }
            Op::FuncAddr => {
                let to = self.reg(results[0]);
                let address = self.image.function_address(FuncId(imm as u32));
                self.load_const(to, address);
            }
            Op::DataAddr => {
                let to = self.reg(results[0]);
                let address = self.image.data_address(DataId(imm as u32)) as u64;
                self.load_const(to, address);
            }
            Op::Ctx => {
                let to = self.reg(results[0]);
                self.emit(Insn::Context { to });
            }
            Op::StackLow => {
                let to = self.reg(results[0]);
                self.emit(Insn::StackLow { to });
            }
            Op::RcInc | Op::RcDec => {
                let word = self.operand(args[0]);
                self.emit(if data.op == Op::RcInc { Insn::RcInc { word } } else { Insn::RcDec { word } });
            }
            Op::Call | Op::CallAcross | Op::CallIndirect | Op::CallRt => self.call(data.op, imm, &args, &results),
            other => unreachable!("{other:?} is not a machine-level op"),
        }
    }

    fn overflowing(&mut self, op: Op, args: &[ValueId], results: &[ValueId]) {
        let (a, b) = (self.operand(args[0]), self.operand(args[1]));
        let to = self.pair(results);
        let op = match op {
            Op::IAddOf => OfAlu::Add,
            Op::ISubOf => OfAlu::Sub,
            Op::UAddOf => OfAlu::UAdd,
            Op::USubOf => OfAlu::USub,
            Op::UMulOf => OfAlu::UMul,
            _ => OfAlu::Mul,
        };
        self.emit(Insn::Overflowing { op, to, a, b });
    }

    fn memory(&mut self, op: MemoryOp, args: &[ValueId], results: &[ValueId]) {
        let list = self.list(args);
        let to = results.first().map_or(0, |&r| self.reg(r));
        self.emit(Insn::Memory { op, to, list });
    }

    /// Gives consecutive registers, two at least, to the results of one instruction.
    fn pair(&mut self, results: &[ValueId]) -> Reg {
        let first = self.code.registers;
        for (i, &r) in results.iter().enumerate() {
            let old = self.regs.insert(r, first + i as u32);
            debug_assert!(old.is_none(), "a result is defined once, before its uses");
        }
        self.code.registers += results.len().max(2) as u32;
        first
    }

    fn list(&mut self, values: &[ValueId]) -> u32 {
        let regs: Vec<Reg> = values.iter().map(|&v| self.operand(v)).collect();
        let start = self.code.lists.len() as u32;
        self.code.lists.extend(regs);
        start
    }

    fn call(&mut self, op: Op, imm: u64, args: &[ValueId], results: &[ValueId]) {
        let list = self.list(args);
        let to = self.pair(results);
        match op {
            Op::Call => self.emit(Insn::Call { to, func: imm as u32, list }),
            Op::CallAcross => self.emit(Insn::CallAcross { to, func: imm as u32, list }),
            Op::CallIndirect => self.emit(Insn::CallIndirect { to, list, count: args.len() as u32 - 1 }),
            _ => {
                let (results, count) = (results.len() as u8, args.len() as u8);
                self.emit(Insn::CallRt { to, rt: imm as u16, results, count, list });
            }
        }
    }

    fn terminator(&mut self, inst: InstId, fused: Option<InstId>, next: Option<BlockId>) {
        let data = self.func.insts[inst];
        let edges: Vec<Edge> = self.func.edges(inst).to_vec();
        match data.op {
            Op::Jump => {
                self.moves(edges[0]);
                self.goto(edges[0].block, next);
            }
            Op::BrIf => self.branch(inst, fused, &edges, next),
            Op::Switch => {
                let value = self.operand(self.func.args(inst)[0]);
                let list = self.code.lists.len();
                self.code.lists.extend(edges.iter().map(|_| 0));
                self.emit(Insn::Switch { value, list: list as u32, count: edges.len() as u32 - 1 });
                for (i, &e) in edges.iter().enumerate() {
                    if self.func.edge_args(e).is_empty() {
                        self.patches.push((Patch::List(list + i), e.block));
                        continue;
                    }
                    self.code.lists[list + i] = self.code.insns.len() as u32;
                    self.moves(e);
                    self.goto(e.block, None);
                }
            }
            Op::RetMany => {
                let args = self.func.args(inst).to_vec();
                let list = self.list(&args);
                self.emit(Insn::Return { list, count: args.len() as u32 });
            }
            Op::Unreachable => self.emit(Insn::Trap),
            other => unreachable!("{other:?} is not a machine-level terminator"),
        }
    }

    fn goto(&mut self, block: BlockId, next: Option<BlockId>) {
        if next != Some(block) {
            self.patches.push((Patch::Insn(self.code.insns.len()), block));
            self.emit(Insn::Jump { at: 0 });
        }
    }

    fn branch(&mut self, inst: InstId, fused: Option<InstId>, edges: &[Edge], next: Option<BlockId>) {
        // Code after the test is the taken edge; the test itself leaves for the other edge.
        let test = match fused {
            Some(compare) => self.compare_test(compare),
            None => {
                let a = self.operand(self.func.args(inst)[0]);
                Insn::BranchUnlessImm { cond: IntCond::Ne, a, imm: 0, at: 0 }
            }
        };
        let at = self.code.insns.len();
        self.emit(test);
        let (then, otherwise) = (edges[0], edges[1]);
        let plain = self.func.edge_args(otherwise).is_empty();
        if plain {
            self.patches.push((Patch::Insn(at), otherwise.block));
            self.moves(then);
            self.goto(then.block, next);
            return;
        }
        self.moves(then);
        self.goto(then.block, None);
        let here = self.code.insns.len() as u32;
        match &mut self.code.insns[at] {
            Insn::BranchUnless { at, .. } | Insn::BranchUnlessImm { at, .. } => *at = here,
            other => unreachable!("{other:?} was emitted as the test"),
        }
        self.moves(otherwise);
        self.goto(otherwise.block, next);
    }

    fn compare_test(&mut self, compare: InstId) -> Insn {
        let cond = IntCond::from_index(self.func.insts[compare].imm).expect("verified");
        let args = self.func.args(compare).to_vec();
        let small = self.constant_of(args[1]).and_then(|c| i16::try_from(c).ok());
        match small {
            Some(imm) => {
                let a = self.operand(args[0]);
                Insn::BranchUnlessImm { cond, a, imm, at: 0 }
            }
            None => {
                let (a, b) = (self.operand(args[0]), self.operand(args[1]));
                Insn::BranchUnless { cond, a, b, at: 0 }
            }
        }
    }

    /// Parallel assignment of an edge's values to its target's parameters.
    fn moves(&mut self, edge: Edge) {
        let params = self.func.blocks[edge.block].params.clone();
        let values = self.func.edge_args(edge).to_vec();
        let mut pending: Vec<(Reg, Reg)> = Vec::new();
        let mut consts: Vec<(Reg, i64)> = Vec::new();
        for (&p, &v) in params.iter().zip(&values) {
            let to = self.reg(p);
            match self.constant_of(v) {
                Some(c) => consts.push((to, c)),
                None => {
                    let from = self.reg(v);
                    if from != to {
                        pending.push((to, from));
                    }
                }
            }
        }
        while !pending.is_empty() {
            // A target that no other move still reads can be written.
            match pending.iter().position(|&(to, _)| !pending.iter().any(|&(_, from)| from == to)) {
                Some(i) => {
                    let (to, from) = pending.swap_remove(i);
                    self.emit(Insn::Move { to, from });
                }
                None => {
                    let temp = self.code.registers;
                    self.code.registers += 1;
                    let (_, from) = pending[0];
                    self.emit(Insn::Move { to: temp, from });
                    for m in pending.iter_mut().filter(|m| m.1 == from) {
                        m.1 = temp;
                    }
                }
            }
        }
        for (to, c) in consts {
            self.load_const(to, c as u64);
        }
    }
}

fn unary(op: Op) -> Option<Unary> {
    Some(match op {
        Op::FNeg => Unary::Neg,
        Op::FAbs => Unary::Abs,
        Op::FSqrt => Unary::Sqrt,
        Op::FFloor => Unary::Floor,
        Op::FCeil => Unary::Ceil,
        Op::FTrunc => Unary::Trunc,
        Op::FNearest => Unary::Nearest,
        Op::FRound32 => Unary::Round32,
        Op::IntToF => Unary::FromInt,
        Op::UIntToF => Unary::FromUInt,
        Op::FToIntSat => Unary::ToInt,
        Op::FToUIntSat => Unary::ToUInt,
        Op::Clz => Unary::Clz,
        Op::Ctz => Unary::Ctz,
        Op::PopCnt => Unary::PopCnt,
        Op::BSwap => Unary::BSwap,
        _ => return None,
    })
}

fn float_alu(op: Op) -> Option<FloatAlu> {
    Some(match op {
        Op::FAdd => FloatAlu::Add,
        Op::FSub => FloatAlu::Sub,
        Op::FMul => FloatAlu::Mul,
        Op::FDiv => FloatAlu::Div,
        Op::FCopySign => FloatAlu::CopySign,
        Op::FMin => FloatAlu::Min,
        Op::FMax => FloatAlu::Max,
        _ => return None,
    })
}

fn alu(op: Op) -> Option<Alu> {
    Some(match op {
        Op::IAdd => Alu::Add,
        Op::ISub => Alu::Sub,
        Op::IMul => Alu::Mul,
        Op::SDiv => Alu::SDiv,
        Op::SRem => Alu::SRem,
        Op::UDiv => Alu::UDiv,
        Op::URem => Alu::URem,
        Op::SMulHi => Alu::SMulHi,
        Op::UMulHi => Alu::UMulHi,
        Op::IAnd | Op::BAnd => Alu::And,
        Op::IOr | Op::BOr => Alu::Or,
        Op::IXor => Alu::Xor,
        Op::IShl => Alu::Shl,
        Op::UShr => Alu::UShr,
        Op::SShr => Alu::SShr,
        Op::RotL => Alu::RotL,
        _ => return None,
    })
}
