//! Writes the function that a plan describes.
//!
//! A value of a block with one version is used directly wherever the original was: that version dominates the versions of
//! all blocks that the block dominates. What a block with several versions defines comes to other blocks by parameters.

use molt_abi::layout;
use molt_base::EntityId;
use molt_base::hash::FastMap;
use molt_ir::cfg::{Walk, remove_trivial_params};
use molt_ir::{BlockId, Function, InstId, IntCond, LocId, Op, Type, ValueDef, ValueId};

use super::bits::Knowledge;
use super::{Plan, homes, is_remade};

/// The function as its versions.
pub fn function(src: &Function, plan: &Plan) -> Function {
    let mut out = Function::new(src.name, src.module, src.kind);
    (out.qualname, out.code) = (src.qualname, src.code.clone());
    (out.results, out.stack_slots) = (src.results.clone(), src.stack_slots.clone());
    (out.inline, out.cold, out.words) = (src.inline, src.cold, src.words);
    let homes = homes(src);
    let several = |&v: &ValueId| plan.only(homes[&v]).is_none();
    let passed = plan.live.live_in.iter().map(|live| live.iter().filter(several).collect()).collect();
    let mut emit = Emit { src, plan, out, homes, passed, blocks: Vec::new(), everywhere: FastMap::default() };
    emit.place_blocks();
    for at in emit.order() {
        emit.version(at);
    }
    let mut out = emit.out;
    remove_trivial_params(&mut out);
    out
}

struct Emit<'a> {
    src: &'a Function,
    plan: &'a Plan,
    out: Function,
    /// Block of the source that defines each value.
    homes: FastMap<ValueId, BlockId>,
    /// By block of the source, the values that its versions have parameters for, apart from its own.
    passed: Vec<Vec<ValueId>>,
    /// Block of each version.
    blocks: Vec<BlockId>,
    /// Values of blocks with one version.
    everywhere: FastMap<ValueId, ValueId>,
}

impl Emit<'_> {
    /// Makes the blocks with their parameters: the entry first, the others as their originals lie.
    fn place_blocks(&mut self) {
        let places: FastMap<BlockId, usize> = self.src.layout.iter().enumerate().map(|(i, &b)| (b, i)).collect();
        let mut order: Vec<usize> = (0..self.plan.versions.len()).collect();
        order.sort_by_key(|&v| (places[&self.plan.versions[v].block], v));
        self.blocks = vec![BlockId(0); order.len()];
        for at in order {
            let block = self.plan.versions[at].block;
            let made = self.out.new_block();
            self.out.blocks[made].cold = self.src.blocks[block].cold;
            self.blocks[at] = made;
            for &p in self.src.blocks[block].params.iter().chain(&self.passed[block.index()]) {
                self.out.add_param(made, self.src.ty(p));
            }
        }
    }

    /// Versions such that definitions come before uses.
    fn order(&self) -> Vec<usize> {
        let succs = |v: u32| self.plan.versions[v as usize].targets.iter().flatten().map(|&to| to as u32);
        let walk = Walk::new(self.plan.versions.len(), succs);
        walk.postorder.into_iter().rev().map(|v| v as usize).collect()
    }

    fn version(&mut self, at: usize) {
        let version = &self.plan.versions[at];
        let block = self.src.blocks[version.block].clone();
        let params = self.out.blocks[self.blocks[at]].params.clone();
        let passed = self.passed[version.block.index()].clone();
        let values: FastMap<ValueId, ValueId> = block.params.iter().copied().chain(passed).zip(params).collect();
        let known = Knowledge::new(self.src, &version.facts);
        let mut copy = Copy { emit: self, at, known, values };
        block.insts.iter().for_each(|&inst| copy.inst(inst));
        let values = copy.values;
        if self.plan.only(version.block).is_some() {
            let own = values.into_iter().filter(|(v, _)| self.homes[v] == version.block && !is_remade(self.src, *v));
            self.everywhere.extend(own);
        }
    }
}

/// A version being written.
struct Copy<'e, 'a> {
    emit: &'e mut Emit<'a>,
    at: usize,
    known: Knowledge<'a>,
    values: FastMap<ValueId, ValueId>,
}

impl Copy<'_, '_> {
    fn append(&mut self, inst: InstId) {
        let block = self.emit.blocks[self.at];
        self.emit.out.append(block, inst);
    }

    fn mapped(&mut self, v: ValueId) -> ValueId {
        if let Some(&m) = self.values.get(&v).or_else(|| self.emit.everywhere.get(&v)) {
            return m;
        }
        debug_assert!(is_remade(self.emit.src, v), "{v} is passed to all blocks that it is live in");
        let ValueDef::Result(inst, _) = self.emit.src.values[v].def else { unreachable!("parameters are not remade") };
        let data = self.emit.src.insts[inst];
        let made = self.emit.out.make_inst(data.op, &[], data.imm, &[], &[self.emit.src.ty(v)], data.loc);
        self.append(made);
        let m = self.emit.out.result(made);
        self.values.insert(v, m);
        m
    }

    fn inst(&mut self, inst: InstId) {
        let src = self.emit.src;
        let data = src.insts[inst];
        self.known.learn_results(inst);
        if data.op.info().is_terminator() {
            return self.terminator(inst);
        }
        match data.op {
            Op::RcInc | Op::RcDec if self.known.is_uncounted(src.args(inst)[0]) => return,
            // Made where they are used.
            _ if src.results(inst).any(|v| is_remade(src, v)) => return,
            _ if self.is_decided(inst) => return self.decided(inst),
            Op::ICmp => {
                if let Some(bit) = self.selecting_bit(inst) {
                    let bit = self.mapped(bit);
                    self.values.insert(src.result(inst), bit);
                    return;
                }
            }
            _ => {}
        }
        let args: Vec<ValueId> = src.args(inst).iter().map(|&v| self.mapped(v)).collect();
        let types: Vec<Type> = src.results(inst).map(|v| src.ty(v)).collect();
        let made = self.emit.out.make_inst(data.op, &args, data.imm, &[], &types, data.loc);
        self.append(made);
        self.values.extend(src.results(inst).zip(self.emit.out.results(made)));
    }

    /// Whether the only result is known and nothing else comes of the instruction.
    fn is_decided(&self, inst: InstId) -> bool {
        let src = self.emit.src;
        let data = src.insts[inst];
        let is_class = data.op == Op::Load32 && data.imm as i64 == i64::from(layout::HEADER_CLASS);
        let plain = data.result_count == 1 && (data.op.info().is_pure() || is_class);
        plain && matches!(src.ty(src.result(inst)), Type::I1 | Type::I64) && {
            self.known.bits(src.result(inst)).value().is_some()
        }
    }

    fn decided(&mut self, inst: InstId) {
        let result = self.emit.src.result(inst);
        let value = self.known.bits(result).value().expect("the caller saw that it is known");
        let ty = self.emit.src.ty(result);
        let op = if ty == Type::I1 { Op::BConst } else { Op::IConst };
        let made = self.emit.out.make_inst(op, &[], value, &[], &[ty], LocId::NONE);
        self.append(made);
        self.values.insert(result, self.emit.out.result(made));
    }

    /// The bit that chooses between two constants of which a comparison tests for one.
    fn selecting_bit(&self, inst: InstId) -> Option<ValueId> {
        let src = self.emit.src;
        let (chosen, wanted) = (src.args(inst)[0], self.known.bits(src.args(inst)[1]).value()?);
        let ValueDef::Result(select, 0) = src.values[chosen].def else { return None };
        if src.insts[select].op != Op::SelectI {
            return None;
        }
        let arm = |i: usize| self.known.bits(src.args(select)[i]).value();
        let (yes, no) = (arm(1)?, arm(2)?);
        let taken = match IntCond::from_index(src.insts[inst].imm)? {
            IntCond::Eq => yes == wanted,
            IntCond::Ne => no == wanted,
            _ => return None,
        };
        let other = match IntCond::from_index(src.insts[inst].imm)? {
            IntCond::Eq => no == wanted,
            _ => yes == wanted,
        };
        let bit = src.args(select)[0];
        let is_here = self.values.contains_key(&bit) || self.emit.everywhere.contains_key(&bit);
        (taken && !other && is_here).then_some(bit)
    }

    fn terminator(&mut self, inst: InstId) {
        let src = self.emit.src;
        let data = src.insts[inst];
        let targets = self.emit.plan.versions[self.at].targets.clone();
        let mut edges: Vec<(BlockId, Vec<ValueId>)> = Vec::new();
        for (n, to) in targets.iter().enumerate().filter_map(|(n, to)| Some((n, (*to)?))) {
            let edge = src.edges(inst)[n];
            let passed = self.emit.passed[edge.block.index()].clone();
            let values = src.edge_args(edge).iter().copied().chain(passed);
            let values: Vec<ValueId> = values.map(|v| self.mapped(v)).collect();
            edges.push((self.emit.blocks[to], values));
        }
        let is_jump = edges.len() == 1;
        let args: Vec<ValueId> = if is_jump { Vec::new() } else { src.args(inst).to_vec() };
        let args: Vec<ValueId> = args.into_iter().map(|v| self.mapped(v)).collect();
        let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let (op, imm) = if is_jump { (Op::Jump, 0) } else { (data.op, data.imm) };
        let made = self.emit.out.make_inst(op, &args, imm, &list, &[], data.loc);
        self.append(made);
    }
}
