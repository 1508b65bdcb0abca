//! Variables stay alive as long as CPython keeps them, where the program can tell ([`crate::release`]).

use molt_ir::{Op, ValueDef, ValueId};

use super::Lowerer;

impl Lowerer<'_> {
    /// Marks a use of a value, so that it is not released before this place.
    pub(super) fn keep(&mut self, value: ValueId) {
        let known = match self.f.b.func.values[value].def {
            ValueDef::Result(inst, _) => matches!(self.f.b.func.insts[inst].op, Op::Unbound | Op::Const),
            ValueDef::Param(..) => false,
        };
        if self.promptly && !known {
            self.f.b.effect(Op::Keep, &[value], 0);
        }
    }

    /// Keeps the variables of the function until here, where it returns.
    pub(super) fn keep_variables(&mut self) {
        if !self.promptly || self.dead() {
            return;
        }
        let mut variables: Vec<_> = self.f.vars.iter().map(|(&(_, name), &v)| (name, v)).collect();
        variables.sort_by_key(|&(name, _)| name.0);
        for (_, variable) in variables {
            let value = self.f.b.use_var(variable);
            self.keep(value);
        }
        let mut cells: Vec<_> = self.f.cells.iter().map(|(&(_, name), &cell)| (name, cell)).collect();
        cells.sort_by_key(|&(name, _)| name.0);
        for (_, cell) in cells {
            self.keep(cell);
        }
    }
}
