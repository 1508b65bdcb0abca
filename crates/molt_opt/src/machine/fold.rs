//! Local rules: constants, identities, and what one instruction knows of the one that made its operand. [`fold`] looks
//! at one instruction whose operands are final; `cleanup` and the passes that find new constants call it.

use molt_ir::{FloatCond, Function, InstId, IntCond, Op, Type, ValueId};

use super::edit::{constant, definition, emit};

mod arith;
mod compare;
mod float;

pub use arith::{evaluate, overflow_of};
pub use compare::{holds, inverse, swapped};

/// What became of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It stays, perhaps as another op.
    Keep,
    /// Its result is this value.
    Value(ValueId),
    /// Its two results are these values.
    Pair(ValueId, ValueId),
    /// It does nothing.
    Remove,
}

/// Most times that one instruction is rewritten.
const REWRITES: usize = 8;

/// Applies rules to an instruction until none fits. New instructions are added to `out`, before it.
pub fn fold(func: &mut Function, inst: InstId, out: &mut Vec<InstId>) -> Outcome {
    let mut rule = Rule { func, inst, out };
    for _ in 0..REWRITES {
        match rule.apply() {
            Step::Done(outcome) => return outcome,
            Step::Again => {}
        }
    }
    Outcome::Keep
}

enum Step {
    Done(Outcome),
    /// The instruction was rewritten.
    Again,
}

const KEEP: Step = Step::Done(Outcome::Keep);

fn value(v: ValueId) -> Step {
    Step::Done(Outcome::Value(v))
}

struct Rule<'a> {
    func: &'a mut Function,
    inst: InstId,
    out: &'a mut Vec<InstId>,
}

impl Rule<'_> {
    fn apply(&mut self) -> Step {
        use Op::*;
        let data = self.func.insts[self.inst];
        match data.op {
            IAdd | ISub | IMul | IAnd | IOr | IXor | IShl | UShr | SShr | RotL | SDiv | SRem | UDiv | URem | SMulHi
            | UMulHi => self.binary(data.op),
            IAddOf | ISubOf | IMulOf | UAddOf | USubOf | UMulOf => self.overflowing(data.op),
            Clz | Ctz | PopCnt | BSwap => self.bit_count(data.op),
            ICmp => self.compare(),
            Not => self.not(),
            BAnd | BOr => self.bits(data.op),
            BToI => match constant(self.func, self.arg(0)) {
                Some(c) => self.int(c & 1),
                None => KEEP,
            },
            SelectI | SelectF => self.select(data.op),
            FAdd | FSub | FMul | FDiv | FNeg | FAbs | FSqrt | FFloor | FCeil | FTrunc | FNearest | FRound32 | FCmp
            | FMin | FMax | IntToF | UIntToF | FToIntSat | FToUIntSat | BitsToF | FToBits => self.float(data.op),
            Load64 | Load32 | LoadS32 | Load16 | LoadS16 | Load8 | LoadS8 | LoadF | LoadF32 => self.address(data.op),
            Store64 | Store32 | Store16 | Store8 => {
                let narrowed = self.stored_bits(data.op);
                if narrowed { Step::Again } else { self.address(data.op) }
            }
            StoreF | StoreF32 => self.address(data.op),
            MemCopy | MemMove | MemSet => self.range(data.op),
            CallIndirect => self.indirect(),
            _ => KEEP,
        }
    }

    fn arg(&self, i: usize) -> ValueId {
        self.func.args(self.inst)[i]
    }

    /// Op, operands and immediate of what defines a value.
    fn made_by(&self, v: ValueId, op: Op) -> Option<InstId> {
        definition(self.func, v).filter(|&i| self.func.insts[i].op == op)
    }

    /// Operand and constant of a binary op with a constant on the right.
    fn with_constant(&self, v: ValueId, op: Op) -> Option<(ValueId, i64)> {
        let inst = self.made_by(v, op)?;
        let [a, b] = *self.func.args(inst) else { return None };
        Some((a, constant(self.func, b)?))
    }

    fn rewrite(&mut self, op: Op, args: &[ValueId], imm: u64) -> Step {
        self.func.rewrite(self.inst, op, args, imm);
        Step::Again
    }

    fn new_value(&mut self, op: Op, args: &[ValueId], imm: u64, ty: Type) -> ValueId {
        let loc = self.func.insts[self.inst].loc;
        emit(self.func, self.out, op, args, imm, ty, loc)
    }

    fn new_int(&mut self, c: i64) -> ValueId {
        self.new_value(Op::IConst, &[], c as u64, Type::I64)
    }

    fn new_bit(&mut self, b: bool) -> ValueId {
        self.new_value(Op::BConst, &[], u64::from(b), Type::I1)
    }

    fn int(&mut self, c: i64) -> Step {
        value(self.new_int(c))
    }

    fn bit(&mut self, b: bool) -> Step {
        value(self.new_bit(b))
    }

    fn double(&mut self, x: f64) -> Step {
        value(self.new_value(Op::FConst, &[], x.to_bits(), Type::F64))
    }

    fn not(&mut self) -> Step {
        let a = self.arg(0);
        if let Some(c) = constant(self.func, a) {
            return self.bit(c == 0);
        }
        let Some(inst) = definition(self.func, a) else { return KEEP };
        match self.func.insts[inst].op {
            Op::Not => value(self.func.args(inst)[0]),
            Op::ICmp => {
                let cond = IntCond::from_index(self.func.insts[inst].imm).expect("verified");
                let args = self.func.args(inst).to_vec();
                self.rewrite(Op::ICmp, &args, inverse(cond) as u64)
            }
            Op::FCmp => {
                // Only these two are each other's opposite when an operand is NaN.
                let opposite = match FloatCond::from_index(self.func.insts[inst].imm).expect("verified") {
                    FloatCond::Eq => FloatCond::Ne,
                    FloatCond::Ne => FloatCond::Eq,
                    FloatCond::Lt | FloatCond::Le | FloatCond::Gt | FloatCond::Ge => return KEEP,
                };
                let args = self.func.args(inst).to_vec();
                self.rewrite(Op::FCmp, &args, opposite as u64)
            }
            _ => KEEP,
        }
    }

    fn bits(&mut self, op: Op) -> Step {
        let [a, b] = [self.arg(0), self.arg(1)];
        if a == b {
            return value(a);
        }
        // The operand that decides the result, and the one that leaves it to the other.
        let decides = i64::from(op == Op::BOr);
        for (x, other) in [(a, b), (b, a)] {
            match constant(self.func, x) {
                Some(c) if c == decides => return value(x),
                Some(_) => return value(other),
                None => {}
            }
        }
        KEEP
    }

    fn select(&mut self, op: Op) -> Step {
        let [c, a, b] = [self.arg(0), self.arg(1), self.arg(2)];
        if a == b {
            return value(a);
        }
        if let Some(c) = constant(self.func, c) {
            return value(if c != 0 { a } else { b });
        }
        if let Some(inst) = self.made_by(c, Op::Not) {
            let c = self.func.args(inst)[0];
            return self.rewrite(op, &[c, b, a], 0);
        }
        match (constant(self.func, a), constant(self.func, b)) {
            (Some(1), Some(0)) if op == Op::SelectI => value(self.new_value(Op::BToI, &[c], 0, Type::I64)),
            (Some(0), Some(1)) if op == Op::SelectI => {
                let c = self.new_value(Op::Not, &[c], 0, Type::I1);
                value(self.new_value(Op::BToI, &[c], 0, Type::I64))
            }
            _ => KEEP,
        }
    }

    /// A constant added to the base of a load or store goes into the immediate.
    fn address(&mut self, op: Op) -> Step {
        let base = self.arg(0);
        let Some((inner, c)) = self.with_constant(base, Op::IAdd) else { return KEEP };
        let offset = (self.func.insts[self.inst].imm as i64).checked_add(c);
        match offset.filter(|&o| i32::try_from(o).is_ok()) {
            Some(offset) => {
                let mut args = self.func.args(self.inst).to_vec();
                args[0] = inner;
                self.rewrite(op, &args, offset as u64)
            }
            None => KEEP,
        }
    }

    /// What only changes bits that a narrow store does not write is not needed.
    fn stored_bits(&mut self, op: Op) -> bool {
        let bits = match op {
            Op::Store32 => 32,
            Op::Store16 => 16,
            Op::Store8 => 8,
            _ => return false,
        };
        let v = self.arg(1);
        let masked =
            self.with_constant(v, Op::IAnd).filter(|&(_, m)| m & arith::low_mask(bits) == arith::low_mask(bits));
        let source = masked.map(|(x, _)| x).or_else(|| {
            let (x, extended) = self.sign_extension(v)?;
            (extended >= bits).then_some(x)
        });
        let Some(x) = source else { return false };
        let (base, imm) = (self.arg(0), self.func.insts[self.inst].imm);
        self.func.rewrite(self.inst, op, &[base, x], imm);
        true
    }

    fn range(&mut self, op: Op) -> Step {
        let same = op != Op::MemSet && self.arg(0) == self.arg(1);
        if same || constant(self.func, self.arg(2)) == Some(0) { Step::Done(Outcome::Remove) } else { KEEP }
    }

    fn indirect(&mut self) -> Step {
        let Some(target) = self.made_by(self.arg(0), Op::FuncAddr) else { return KEEP };
        let (args, f) = (self.func.args(self.inst)[1..].to_vec(), self.func.insts[target].imm);
        self.rewrite(Op::Call, &args, f)
    }
}
