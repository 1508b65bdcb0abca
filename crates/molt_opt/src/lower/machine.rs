//! A small builder for machine-level code.

use molt_abi::runtime::RtResult;
use molt_abi::{RtFn, Word};
use molt_ir::{BlockId, Function, IntCond, LocId, Op, Type, ValueId};

/// Appends machine-level instructions to the current block of a function.
pub struct Machine {
    pub func: Function,
    pub current: BlockId,
}

impl Machine {
    pub fn op(&mut self, op: Op, args: &[ValueId], imm: u64, results: &[Type]) -> Vec<ValueId> {
        let i = self.func.make_inst(op, args, imm, &[], results, LocId::NONE);
        self.func.append(self.current, i);
        self.func.results(i).collect()
    }

    pub fn value(&mut self, op: Op, args: &[ValueId], imm: u64, ty: Type) -> ValueId {
        let i = self.func.make_inst(op, args, imm, &[], &[ty], LocId::NONE);
        self.func.append(self.current, i);
        self.func.result(i)
    }

    pub fn int(&mut self, op: Op, args: &[ValueId]) -> ValueId {
        self.value(op, args, 0, Type::I64)
    }

    pub fn iconst(&mut self, v: i64) -> ValueId {
        self.value(Op::IConst, &[], v as u64, Type::I64)
    }

    pub fn word(&mut self, w: Word) -> ValueId {
        self.iconst(w.0 as i64)
    }

    pub fn icmp(&mut self, cond: IntCond, a: ValueId, b: ValueId) -> ValueId {
        self.value(Op::ICmp, &[a, b], cond as u64, Type::I1)
    }

    pub fn icmp_imm(&mut self, cond: IntCond, a: ValueId, b: i64) -> ValueId {
        let b = self.iconst(b);
        self.icmp(cond, a, b)
    }

    pub fn load(&mut self, address: ValueId, offset: i32) -> ValueId {
        self.value(Op::Load64, &[address], offset as i64 as u64, Type::I64)
    }

    pub fn load32(&mut self, address: ValueId, offset: i32) -> ValueId {
        self.value(Op::Load32, &[address], offset as i64 as u64, Type::I64)
    }

    pub fn store(&mut self, address: ValueId, offset: i32, value: ValueId) {
        self.op(Op::Store64, &[address, value], offset as i64 as u64, &[]);
    }

    pub fn ctx(&mut self) -> ValueId {
        self.value(Op::Ctx, &[], 0, Type::I64)
    }

    /// A new block, which is as cold as the current one: what only a slow path goes on with is part of it.
    pub fn block(&mut self) -> BlockId {
        let cold = self.func.blocks[self.current].cold;
        let b = self.func.new_block();
        self.func.blocks[b].cold = cold;
        b
    }

    pub fn cold_block(&mut self) -> BlockId {
        let b = self.func.new_block();
        self.func.blocks[b].cold = true;
        b
    }

    pub fn jump(&mut self, to: BlockId, args: &[ValueId]) {
        let i = self.func.make_inst(Op::Jump, &[], 0, &[(to, args)], &[], LocId::NONE);
        self.func.append(self.current, i);
    }

    pub fn brif(&mut self, cond: ValueId, then: (BlockId, &[ValueId]), otherwise: (BlockId, &[ValueId])) {
        let i = self.func.make_inst(Op::BrIf, &[cond], 0, &[then, otherwise], &[], LocId::NONE);
        self.func.append(self.current, i);
    }

    pub fn ret(&mut self, values: &[ValueId]) {
        let i = self.func.make_inst(Op::RetMany, values, 0, &[], &[], LocId::NONE);
        self.func.append(self.current, i);
    }

    pub fn rt(&mut self, f: RtFn, args: &[ValueId]) -> Vec<ValueId> {
        debug_assert_eq!(f.sig().params.len(), args.len(), "{f:?}");
        let results: &[Type] = match f.sig().result {
            RtResult::Raise | RtResult::RaiseInt => &[Type::I64, Type::I64],
            RtResult::Word | RtResult::Int => &[Type::I64],
            RtResult::Nothing => &[],
        };
        self.op(Op::CallRt, args, f as u64, results)
    }

    pub fn rt1(&mut self, f: RtFn, args: &[ValueId]) -> ValueId {
        self.rt(f, args)[0]
    }

    pub fn inc(&mut self, v: ValueId) {
        self.op(Op::RcInc, &[v], 0, &[]);
    }

    pub fn dec(&mut self, v: ValueId) {
        self.op(Op::RcDec, &[v], 0, &[]);
    }
}
