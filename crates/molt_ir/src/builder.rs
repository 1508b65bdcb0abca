//! Builds functions in SSA form straight from a tree walk, after Braun et al., "Simple and Efficient
//! Construction of Static Single Assignment Form" (2013).
//!
//! A block is *sealed* when all its predecessors are known. Reading a variable in an unsealed block makes
//! an incomplete parameter that sealing fills.

use std::collections::HashMap;

use molt_base::{EntityId, SideTable, entity_id};

use crate::func::{BlockId, Function, InstId, ValueDef, ValueId};
use crate::ops::Op;
use crate::program::LocId;
use crate::types::Type;

entity_id!(
    /// A source-level variable being turned into SSA values.
    pub struct Variable("var")
);

#[derive(Clone, Default)]
struct BlockState {
    sealed: bool,
    preds: Vec<(InstId, usize, BlockId)>,
    incomplete: Vec<(Variable, ValueId)>,
    terminated: bool,
}

/// Builder of one function.
pub struct FunctionBuilder {
    pub func: Function,
    current: BlockId,
    states: SideTable<BlockId, BlockState>,
    defs: HashMap<(Variable, BlockId), ValueId>,
    next_variable: u32,
    /// Position given to the instructions that follow.
    pub loc: LocId,
    /// Where a raising instruction goes; `None` propagates to the caller.
    pub handler: Option<BlockId>,
}

impl FunctionBuilder {
    /// Starts with a sealed entry block as the current one.
    pub fn new(func: Function) -> FunctionBuilder {
        let mut b = FunctionBuilder {
            func,
            current: BlockId(0),
            states: SideTable::new(BlockState::default()),
            defs: HashMap::new(),
            next_variable: 0,
            loc: LocId::NONE,
            handler: None,
        };
        let entry = b.func.new_block();
        b.states[entry].sealed = true;
        b.current = entry;
        b
    }

    pub fn param(&mut self, ty: Type) -> ValueId {
        self.func.add_param(BlockId(0), ty)
    }

    pub fn variable(&mut self) -> Variable {
        self.next_variable += 1;
        Variable(self.next_variable - 1)
    }

    pub fn block(&mut self) -> BlockId {
        self.func.new_block()
    }

    pub fn cold_block(&mut self) -> BlockId {
        let b = self.func.new_block();
        self.func.blocks[b].cold = true;
        b
    }

    pub fn current(&self) -> BlockId {
        self.current
    }

    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Whether the current block already ended.
    pub fn is_terminated(&self) -> bool {
        self.states[self.current].terminated
    }

    /// Whether any edge leads to the block so far.
    pub fn is_reached(&self, block: BlockId) -> bool {
        block.index() == 0 || !self.states[block].preds.is_empty()
    }

    /// Declares that no more edges will lead to the block.
    pub fn seal(&mut self, block: BlockId) {
        let incomplete = std::mem::take(&mut self.states[block].incomplete);
        self.states[block].sealed = true;
        for (variable, param) in incomplete {
            self.fill(variable, block, param);
        }
    }

    pub fn seal_and_switch(&mut self, block: BlockId) {
        self.seal(block);
        self.switch_to(block);
    }

    pub fn def_var(&mut self, variable: Variable, value: ValueId) {
        self.defs.insert((variable, self.current), value);
    }

    pub fn use_var(&mut self, variable: Variable) -> ValueId {
        self.read(variable, self.current)
    }

    fn read(&mut self, variable: Variable, block: BlockId) -> ValueId {
        // Chains of single predecessors are walked in a loop, so that long functions cannot overflow the stack.
        let mut at = block;
        let mut path = Vec::new();
        let value = loop {
            if let Some(&v) = self.defs.get(&(variable, at)) {
                break v;
            }
            if !self.states[at].sealed {
                let p = self.func.add_param(at, Type::Any);
                self.states[at].incomplete.push((variable, p));
                self.defs.insert((variable, at), p);
                break p;
            }
            match self.states[at].preds.len() {
                0 => {
                    // Unreached block, or a variable never assigned: the missing-value marker.
                    break self.unbound_at_start(variable, at);
                }
                1 => {
                    path.push(at);
                    at = self.states[at].preds[0].2;
                }
                _ => {
                    let p = self.func.add_param(at, Type::Any);
                    self.defs.insert((variable, at), p);
                    break self.fill(variable, at, p);
                }
            }
        };
        for b in path {
            self.defs.insert((variable, b), value);
        }
        value
    }

    fn unbound_at_start(&mut self, variable: Variable, block: BlockId) -> ValueId {
        let i = self.func.make_inst(Op::Unbound, &[], 0, &[], &[Type::Any], LocId::NONE);
        self.func.blocks[block].insts.insert(0, i);
        let v = self.func.result(i);
        self.defs.insert((variable, block), v);
        v
    }

    fn fill(&mut self, variable: Variable, block: BlockId, param: ValueId) -> ValueId {
        let preds = self.states[block].preds.clone();
        for (inst, edge, pred) in preds {
            let v = self.read(variable, pred);
            self.func.push_edge_arg(inst, edge, v);
        }
        param
    }

    /// Adds an instruction to the current block and returns its id. With a handler set, an op that may raise ends
    /// the block and the builder goes on in a new one.
    pub fn inst(&mut self, op: Op, args: &[ValueId], imm: u64, results: &[Type]) -> InstId {
        debug_assert!(!self.is_terminated(), "{op:?} after a terminator");
        let unwind = if op.info().may_raise() { self.handler } else { None };
        let Some(handler) = unwind else {
            let i = self.func.make_inst(op, args, imm, &[], results, self.loc);
            self.func.append(self.current, i);
            return i;
        };
        let i = self.func.make_inst(op, args, imm, &[(handler, &[])], results, self.loc);
        self.func.append(self.current, i);
        self.edge_added(handler, i, 0);
        let next = self.block();
        self.jump(next);
        self.seal_and_switch(next);
        i
    }

    /// As [`FunctionBuilder::inst`] for an op with one word result.
    pub fn word(&mut self, op: Op, args: &[ValueId], imm: u64) -> ValueId {
        let i = self.inst(op, args, imm, &[Type::Any]);
        self.func.result(i)
    }

    /// As [`FunctionBuilder::inst`] for an op with one bit as result.
    pub fn bit(&mut self, op: Op, args: &[ValueId], imm: u64) -> ValueId {
        let i = self.inst(op, args, imm, &[Type::I1]);
        self.func.result(i)
    }

    /// As [`FunctionBuilder::inst`] for an op without result.
    pub fn effect(&mut self, op: Op, args: &[ValueId], imm: u64) {
        self.inst(op, args, imm, &[]);
    }

    fn edge_added(&mut self, block: BlockId, inst: InstId, edge: usize) {
        let from = self.current;
        debug_assert!(!self.states[block].sealed, "edge to the sealed block {block}");
        // Parameters already made for variables of an unsealed block get their values when it is sealed.
        self.states[block].preds.push((inst, edge, from));
    }

    fn terminate(&mut self, op: Op, args: &[ValueId], edges: &[BlockId]) {
        debug_assert!(!self.is_terminated());
        let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|&b| (b, &[][..])).collect();
        let i = self.func.make_inst(op, args, 0, &list, &[], self.loc);
        self.func.append(self.current, i);
        for (n, &b) in edges.iter().enumerate() {
            self.edge_added(b, i, n);
        }
        self.states[self.current].terminated = true;
    }

    pub fn jump(&mut self, target: BlockId) {
        self.terminate(Op::Jump, &[], &[target]);
    }

    pub fn brif(&mut self, cond: ValueId, then: BlockId, otherwise: BlockId) {
        self.terminate(Op::BrIf, &[cond], &[then, otherwise]);
    }

    pub fn switch(&mut self, value: ValueId, targets: &[BlockId]) {
        self.terminate(Op::Switch, &[value], targets);
    }

    pub fn ret(&mut self, value: ValueId) {
        self.terminate(Op::Ret, &[value], &[]);
    }

    /// Leaves the function by an op that says how, with its operands and immediate.
    pub fn leave(&mut self, op: Op, values: &[ValueId], imm: u64) {
        self.terminate(op, values, &[]);
        let last = self.func.blocks[self.current].insts.last().expect("the terminator was just appended");
        self.func.insts[*last].imm = imm;
    }

    pub fn unreachable(&mut self) {
        self.terminate(Op::Unreachable, &[], &[]);
    }

    /// Re-raises an exception to the handler in force, or out of the function.
    pub fn throw(&mut self, exception: ValueId) {
        match self.handler {
            Some(h) => self.terminate(Op::Throw, &[exception], &[h]),
            None => self.terminate(Op::Throw, &[exception], &[]),
        }
    }

    /// Closes the function: drops blocks that nothing leads to and parameters that only forward one value.
    pub fn finish(mut self) -> Function {
        for b in self.func.blocks.ids() {
            if !self.states[b].sealed {
                self.seal(b);
            }
        }
        crate::cfg::remove_unreached(&mut self.func);
        crate::cfg::remove_trivial_params(&mut self.func);
        self.func
    }

    /// Whether a value is the missing-value marker, so that a check can be left out or decided.
    pub fn defining_op(&self, v: ValueId) -> Option<Op> {
        match self.func.values[v].def {
            ValueDef::Result(i, _) => Some(self.func.insts[i].op),
            ValueDef::Param(..) => None,
        }
    }
}
