//! Turns stack slots into values.
//!
//! Needs: constant offsets folded (`cleanup`). Establishes: a part of a slot that is always accessed as the same bytes,
//! and whose address does not leave the function, is a value; copies between such parts are gone. Keeps: everything else.
//! A part that was never set reads as zero.
//!
//! `late.rs` gives what happens before an address leaves a slot of its own; `split.rs` cuts slots into parts and makes copies of slots copies of parts; here parts become values, with the
//! on-demand construction of Braun et al. (2013).

use molt_ir::{BlockId, Function, InstId, LocId, Op, Type, ValueId};

use super::access::{Class, SlotUses, is_store, scalar};
use super::cleanup::remove_trivial_params;
use super::edit::{Replacements, emit, emit_zero};
use super::flow::Flow;
use molt_base::hash::FastMap;

mod late;
mod split;

use split::{Access, Parts};

pub fn run(func: &mut Function) {
    if func.stack_slots.is_empty() {
        return;
    }
    let flow = Flow::new(func);
    if !flow.preds(func.entry()).is_empty() {
        return;
    }
    let uses = SlotUses::new(func, &flow, None);
    let (flow, uses) = if late::run(func, &flow, &uses) {
        let flow = Flow::new(func);
        let uses = SlotUses::new(func, &flow, None);
        (flow, uses)
    } else {
        (flow, uses)
    };
    let Some(parts) = split::run(func, &flow, &uses) else { return };
    let promotion = Promotion {
        to: Replacements::default(),
        at_entry: FastMap::default(),
        at_exit: FastMap::default(),
        pending: Vec::new(),
        zeros: [None; 2],
        zero_insts: Vec::new(),
        func,
        flow: &flow,
        uses: &uses,
        parts: &parts,
    };
    promotion.run();
    remove_trivial_params(func);
}

/// A part with a number of its own: what a value is followed for.
type Var = u32;

struct Promotion<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    uses: &'a SlotUses<'a>,
    parts: &'a Parts,
    to: Replacements,
    at_entry: FastMap<(BlockId, Var), ValueId>,
    at_exit: FastMap<(BlockId, Var), ValueId>,
    /// New parameters, in the order they were made.
    pending: Vec<(BlockId, Var)>,
    /// Zero as integer and as double, for parts that were not set.
    zeros: [Option<ValueId>; 2],
    zero_insts: Vec<InstId>,
}

impl Promotion<'_> {
    fn run(mut self) {
        let mut local: Vec<Option<ValueId>> = vec![None; self.parts.count()];
        let mut touched: Vec<Var> = Vec::new();
        let mut out = Vec::new();
        for &b in &self.flow.order {
            let mut insts = std::mem::take(&mut self.func.blocks[b].insts);
            for inst in insts.drain(..) {
                let Some(access) = self.access(inst) else {
                    out.push(inst);
                    continue;
                };
                let var = access.var as usize;
                let is_store = is_store(self.func.insts[inst].op);
                let before = match local[var] {
                    Some(v) => Some(v),
                    // A store of all bytes does not ask what was there.
                    None if is_store && access.whole => None,
                    None => Some(self.entry_value(b, access.var)),
                };
                if is_store {
                    if local[var].is_none() {
                        touched.push(access.var);
                    }
                    local[var] = Some(self.stored(inst, access, before, &mut out));
                } else {
                    let v = before.expect("a load takes a value");
                    let v = self.loaded(inst, access, v, &mut out);
                    self.to.set(self.func.result(inst), v);
                }
            }
            insts.append(&mut out);
            self.func.blocks[b].insts = insts;
            for var in touched.drain(..) {
                let last = local[var as usize].take().expect("a touched part has a value");
                self.at_exit.insert((b, var), last);
            }
        }
        self.fill();
        let entry = self.func.entry();
        self.func.blocks[entry].insts.splice(0..0, self.zero_insts);
        self.to.apply(self.func);
    }

    /// The part that a load or store accesses.
    fn access(&self, inst: InstId) -> Option<Access> {
        let data = self.func.insts[inst];
        let (size, _) = scalar(data.op)?;
        let place = self.uses.place(self.func.args(inst)[0])?;
        self.parts.find(place.slot, place.offset? + data.imm as i64, size)
    }

    /// The value of a part after a store.
    fn stored(&mut self, inst: InstId, access: Access, before: Option<ValueId>, out: &mut Vec<InstId>) -> ValueId {
        let (v, loc) = (self.func.args(inst)[1], self.func.insts[inst].loc);
        let (size, stored) = scalar(self.func.insts[inst].op).expect("a store");
        match (stored, self.parts.class(access.var)) {
            (Class::Single, _) => emit(self.func, out, Op::FRound32, &[v], 0, Type::F64, loc),
            (Class::Int, Class::Double) => emit(self.func, out, Op::BitsToF, &[v], 0, Type::F64, loc),
            (Class::Double, Class::Int) => emit(self.func, out, Op::FToBits, &[v], 0, Type::I64, loc),
            (Class::Int, Class::Int) if !access.whole => {
                let before = before.expect("a store of some bytes keeps the others");
                self.inserted(before, v, size, access.at, loc, out)
            }
            _ => v,
        }
    }

    /// `before` with some of its bytes those of `v`.
    fn inserted(
        &mut self,
        before: ValueId,
        v: ValueId,
        size: u32,
        at: u32,
        loc: LocId,
        out: &mut Vec<InstId>,
    ) -> ValueId {
        let mask = u64::MAX >> (64 - 8 * size);
        let mut op = |func: &mut Function, op: Op, a: ValueId, imm: u64| {
            let c = emit(func, out, Op::IConst, &[], imm, Type::I64, loc);
            emit(func, out, op, &[a, c], 0, Type::I64, loc)
        };
        let low = op(self.func, Op::IAnd, v, mask);
        let placed = if at == 0 { low } else { op(self.func, Op::IShl, low, 8 * u64::from(at)) };
        let others = op(self.func, Op::IAnd, before, !(mask << (8 * at)));
        emit(self.func, out, Op::IOr, &[others, placed], 0, Type::I64, loc)
    }

    /// What a load gives when its part has the value `v`. Narrow parts hold any higher bits.
    fn loaded(&mut self, inst: InstId, access: Access, v: ValueId, out: &mut Vec<InstId>) -> ValueId {
        let (op, loc) = (self.func.insts[inst].op, self.func.insts[inst].loc);
        let is_double = self.func.ty(v) == Type::F64;
        let (size, _) = scalar(op).expect("a load");
        let mut with = |func: &mut Function, op: Op, a: ValueId, imm: u64| {
            let c = emit(func, out, Op::IConst, &[], imm, Type::I64, loc);
            emit(func, out, op, &[a, c], 0, Type::I64, loc)
        };
        let v = if access.at == 0 { v } else { with(self.func, Op::UShr, v, 8 * u64::from(access.at)) };
        match op {
            Op::Load32 | Op::Load16 | Op::Load8 => with(self.func, Op::IAnd, v, (1u64 << (8 * size)) - 1),
            Op::LoadS32 | Op::LoadS16 | Op::LoadS8 => {
                let count = 64 - 8 * u64::from(size);
                let high = with(self.func, Op::IShl, v, count);
                with(self.func, Op::SShr, high, count)
            }
            Op::Load64 if is_double => emit(self.func, out, Op::FToBits, &[v], 0, Type::I64, loc),
            Op::LoadF if !is_double => emit(self.func, out, Op::BitsToF, &[v], 0, Type::F64, loc),
            _ => v,
        }
    }

    fn var_type(&self, var: Var) -> Type {
        if self.parts.class(var) == Class::Int { Type::I64 } else { Type::F64 }
    }

    fn zero(&mut self, ty: Type) -> ValueId {
        let place = &mut self.zeros[usize::from(ty == Type::F64)];
        *place.get_or_insert_with(|| emit_zero(self.func, &mut self.zero_insts, ty))
    }

    /// Value of a part at the start of a block.
    fn entry_value(&mut self, block: BlockId, var: Var) -> ValueId {
        let mut at = block;
        let mut path = Vec::new();
        let value = loop {
            if let Some(&v) = self.at_entry.get(&(at, var)) {
                break v;
            }
            path.push(at);
            let ty = self.var_type(var);
            match *self.flow.preds(at) {
                [] => break self.zero(ty),
                [(_, _, p)] => match self.at_exit.get(&(p, var)) {
                    Some(&v) => break v,
                    None => at = p,
                },
                _ => {
                    let param = self.func.add_param(at, ty);
                    self.pending.push((at, var));
                    break param;
                }
            }
        };
        for b in path {
            self.at_entry.insert((b, var), value);
        }
        value
    }

    fn exit_value(&mut self, block: BlockId, var: Var) -> ValueId {
        match self.at_exit.get(&(block, var)) {
            Some(&v) => v,
            None => self.entry_value(block, var),
        }
    }

    /// Passes values for the new parameters; that may make more of them.
    fn fill(&mut self) {
        let mut values: Vec<Vec<ValueId>> = Vec::new();
        while let Some(&(b, var)) = self.pending.get(values.len()) {
            let preds = self.flow.preds(b).to_vec();
            values.push(preds.iter().map(|&(_, _, p)| self.exit_value(p, var)).collect());
        }
        let mut by_block: FastMap<BlockId, Vec<usize>> = FastMap::default();
        for (i, &(b, _)) in self.pending.iter().enumerate() {
            by_block.entry(b).or_default().push(i);
        }
        for &b in &self.flow.order {
            let Some(params) = by_block.get(&b) else { continue };
            for (n, &(inst, edge, _)) in self.flow.preds(b).iter().enumerate() {
                let mut passed = self.func.edge_args(self.func.edges(inst)[edge]).to_vec();
                passed.extend(params.iter().map(|&i| values[i][n]));
                self.func.set_edge(inst, edge, b, &passed);
            }
        }
    }
}

/// A load or store of a piece of memory at an address plus an offset.
fn piece(
    func: &mut Function,
    out: &mut Vec<InstId>,
    op: Op,
    args: &[ValueId],
    offset: i64,
    loc: LocId,
) -> Option<ValueId> {
    let results: &[Type] = match op {
        Op::LoadF | Op::LoadF32 => &[Type::F64],
        op if is_store(op) => &[],
        _ => &[Type::I64],
    };
    let inst = func.make_inst(op, args, offset as u64, &[], results, loc);
    out.push(inst);
    func.results(inst).next()
}
