//! Functions that recurse, or whose frames are large, look whether the stack is used up when they begin (section 6.3).
//!
//! A chain of calls can be longer than the program only if it comes back to a function. So one test in each function of a
//! cycle is enough; what others need fits into the reserve that every stack has. A call through an address may lead
//! anywhere: who makes one counts as recursive. What is on a cycle is known when all functions are written, so these
//! functions are written again.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, InlineHint, Op};

use super::func::Writer;
use super::{Instance, Mono};
use crate::check::program::components;

/// Bytes of variables from which a frame counts as large: less than what is never accessible below a stack.
const LARGE_FRAME: u64 = 8 * 1024;

impl Mono<'_> {
    /// Writes the functions again that are to look at the stack and do not yet. True if there were some.
    pub(super) fn guard_recursion(&mut self) -> bool {
        let mut edges = Vec::with_capacity(self.program.funcs.len());
        let mut wanted = Vec::with_capacity(edges.capacity());
        for (id, func) in self.program.funcs.iter() {
            let (calls, indirect) = callees(func);
            wanted.push(indirect || calls.contains(&id.index()) || frame_size(func) >= LARGE_FRAME);
            edges.push(calls);
        }
        for group in components(&edges) {
            if group.len() > 1 {
                group.into_iter().for_each(|n| wanted[n] = true);
            }
        }
        let mut again: Vec<(FuncId, Instance)> = self
            .functions
            .iter()
            .filter(|&(_, id)| wanted[id.index()] && !self.guarded.contains(id))
            .map(|(&instance, &id)| (id, instance))
            .collect();
        again.sort_unstable_by_key(|&(id, _)| id.index());
        for &(id, instance) in &again {
            self.guarded.insert(id);
            let mut func = self.write(instance, id);
            if frame_size(&func) >= LARGE_FRAME {
                // In another function's frame it would be touched before the test.
                func.inline = InlineHint::Never;
            }
            self.program.funcs[id] = func;
        }
        !again.is_empty()
    }
}

/// Bytes of a function's variables.
fn frame_size(func: &Function) -> u64 {
    func.stack_slots.iter().map(|&n| u64::from(n)).sum()
}

/// Functions that a function calls, and whether it calls through addresses.
fn callees(func: &Function) -> (Vec<usize>, bool) {
    let (mut calls, mut indirect) = (Vec::new(), false);
    for (_, block) in func.blocks.iter() {
        for &i in &block.insts {
            let data = &func.insts[i];
            match data.op {
                Op::Call => calls.push(data.imm as usize),
                Op::CallIndirect => indirect = true,
                _ => {}
            }
        }
    }
    calls.sort_unstable();
    calls.dedup();
    (calls, indirect)
}

impl Writer<'_, '_> {
    /// Panics if the stack is used up. The function has not begun: it drops its parameters and leaves.
    pub fn check_stack(&mut self) {
        let low = self.inst(Op::StackLow, &[], 0, &[molt_ir::Type::I1]);
        let low = self.func.result(low);
        let (next, cold) = (self.func.new_block(), self.func.new_block());
        self.func.blocks[cold].cold = true;
        self.end(Op::BrIf, &[low], &[cold, next]);
        self.switch(cold);
        let leave = self.func.new_block();
        self.func.blocks[leave].cold = true;
        self.with_unwind(leave, |w| {
            w.report_panic("stack overflow");
            for n in (1..=w.mir.param_count).rev() {
                let slot = crate::mir::Slot(n);
                if w.m.c.needs_drop(w.ty(w.mir.slots[slot].ty), crate::check::context::Env::EMPTY) {
                    let place = w.place(&crate::mir::Place::local(slot));
                    w.drop_place(&place);
                }
            }
            w.jump(leave);
        });
        self.switch(leave);
        self.leave_panicking();
        self.switch(next);
    }
}
