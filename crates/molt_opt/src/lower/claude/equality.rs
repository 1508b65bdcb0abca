//! `=` and `!=` with a constant that is equal to nothing of another kind and has no parts: symbols, keywords, `nil`, `true`,
//! `false`. What is compared with it may be anything; nothing is called.

use molt_abi::{ClassId, layout};
use molt_ir::{CompareOp, Const, ConstId, InstId, IntCond, Op, Type, ValueDef, ValueId};

use super::super::Lower;

impl Lower<'_> {
    /// The comparison, if one operand is such a constant.
    pub(in crate::lower) fn compare_with_name(
        &mut self,
        inst: InstId,
        op: CompareOp,
        args: &[ValueId],
    ) -> Option<ValueId> {
        let cond = match op {
            CompareOp::Eq => IntCond::Eq,
            CompareOp::Ne => IntCond::Ne,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return None,
        };
        let at = (0..2).find(|&i| self.constant_operand(inst, i).is_some_and(is_name))?;
        match self.constant_operand(inst, at)? {
            Const::Symbol(_) if self.program.compact => None,
            Const::Symbol(_) => Some(self.compare_with_symbol(cond, args[1 - at], args[at])),
            _ => Some(self.m.icmp(cond, args[0], args[1])),
        }
    }

    fn constant_operand(&self, inst: InstId, i: usize) -> Option<&Const> {
        let ValueDef::Result(def, _) = self.src.values[self.src.args(inst)[i]].def else { return None };
        (self.src.insts[def].op == Op::Const).then(|| &self.program.consts[ConstId(self.src.insts[def].imm as u32)])
    }

    /// By name: data of macros have symbols that are not the interned ones.
    fn compare_with_symbol(&mut self, cond: IntCond, v: ValueId, symbol: ValueId) -> ValueId {
        let (own, other, done) = (self.m.block(), self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I1);
        let class = self.object_class(v, other);
        let is_symbol = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::SYMBOL.0));
        self.m.brif(is_symbol, (own, &[]), (other, &[]));
        self.m.current = own;
        let (name, wanted) = (self.m.load(v, layout::SYMBOL_NAME), self.m.load(symbol, layout::SYMBOL_NAME));
        let bit = self.m.icmp(cond, name, wanted);
        self.m.jump(done, &[bit]);
        self.m.current = other;
        let differs = self.m.value(Op::BConst, &[], u64::from(cond == IntCond::Ne), Type::I1);
        self.m.jump(done, &[differs]);
        self.m.current = done;
        result
    }
}

/// Whether a constant is equal to nothing but itself.
fn is_name(c: &Const) -> bool {
    matches!(c, Const::Symbol(_) | Const::Keyword(_) | Const::None | Const::True | Const::False)
}
