//! Changes that passes collect and make in one sweep.

use molt_base::EntityId;
use molt_ir::{Function, InstId, LocId, Op, Type, ValueDef, ValueId};

/// Values that others take the place of.
#[derive(Default)]
pub struct Replacements {
    /// As long as the highest number that was replaced; a value that stands for itself stays.
    to: Vec<ValueId>,
}

impl Replacements {
    pub fn set(&mut self, old: ValueId, new: ValueId) {
        let known = self.to.len() as u32;
        self.to.extend((known..=old.0).map(ValueId));
        debug_assert_ne!(self.resolve(new), old, "a value does not replace itself");
        self.to[old.index()] = new;
    }

    /// The value that stands for `v` now.
    pub fn resolve(&self, mut v: ValueId) -> ValueId {
        while let Some(&to) = self.to.get(v.index()) {
            if to == v {
                break;
            }
            v = to;
        }
        v
    }

    /// Rewrites the operands and edge values of one instruction.
    pub fn apply_to(&self, func: &mut Function, inst: InstId) {
        for v in func.args_mut(inst) {
            *v = self.resolve(*v);
        }
        for e in 0..func.edges(inst).len() {
            for v in func.edge_args_mut(inst, e) {
                *v = self.resolve(*v);
            }
        }
    }

    /// Rewrites every use.
    pub fn apply(&self, func: &mut Function) {
        if self.to.is_empty() {
            return;
        }
        for n in 0..func.layout.len() {
            let b = func.layout[n];
            for i in 0..func.blocks[b].insts.len() {
                let inst = func.blocks[b].insts[i];
                self.apply_to(func, inst);
            }
        }
    }
}

/// The instruction that defines a value.
pub fn definition(func: &Function, v: ValueId) -> Option<InstId> {
    match func.values[v].def {
        ValueDef::Result(inst, _) => Some(inst),
        ValueDef::Param(..) => None,
    }
}

/// The value of an integer or bit constant.
pub fn constant(func: &Function, v: ValueId) -> Option<i64> {
    let inst = definition(func, v)?;
    matches!(func.insts[inst].op, Op::IConst | Op::BConst).then(|| func.insts[inst].imm as i64)
}

/// An instruction with one result, placed at the end of `into`.
pub fn emit(
    func: &mut Function,
    into: &mut Vec<InstId>,
    op: Op,
    args: &[ValueId],
    imm: u64,
    ty: Type,
    loc: LocId,
) -> ValueId {
    let inst = func.make_inst(op, args, imm, &[], &[ty], loc);
    into.push(inst);
    func.result(inst)
}

/// A constant of a type that has zero, placed at the end of `into`.
pub fn emit_zero(func: &mut Function, into: &mut Vec<InstId>, ty: Type) -> ValueId {
    let op = match ty {
        Type::F64 => Op::FConst,
        Type::I1 => Op::BConst,
        _ => Op::IConst,
    };
    emit(func, into, op, &[], 0, ty, LocId::NONE)
}
