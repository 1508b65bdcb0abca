//! Empties functions that the program cannot reach any more, such as those whose calls were all replaced by their bodies.
//!
//! Needs: a program with a root, from which everything is entered through addresses in data; others are left alone.
//! Establishes: a marked function that neither data nor a reachable function names has an empty body. Keeps: numbers and
//! signatures of all functions.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, LocId, Op, Program, RelocTarget};

pub fn run(program: &mut Program) {
    if program.root.is_none() || !super::any_marked(program) {
        return;
    }
    let mut reached = vec![false; program.funcs.len()];
    let mut work: Vec<FuncId> = Vec::new();
    let mut reach = |f: FuncId, work: &mut Vec<FuncId>| {
        if !std::mem::replace(&mut reached[f.index()], true) {
            work.push(f);
        }
    };
    let in_data = program.data.iter().flat_map(|(_, d)| &d.relocs).filter_map(|r| match r.target {
        RelocTarget::Func(f) => Some(f),
        RelocTarget::Data(_) | RelocTarget::Rt(_) | RelocTarget::NativeModule(_) => None,
    });
    in_data.for_each(|f| reach(f, &mut work));
    program.modules.iter().filter_map(|(_, m)| m.body).for_each(|f| reach(f, &mut work));
    program.funcs.iter().filter(|(_, f)| !f.optimise).for_each(|(id, _)| reach(id, &mut work));
    while let Some(id) = work.pop() {
        let func = &program.funcs[id];
        for &inst in func.layout.iter().flat_map(|&b| &func.blocks[b].insts) {
            if matches!(func.insts[inst].op, Op::Call | Op::CallAcross | Op::FuncAddr) {
                reach(FuncId(func.insts[inst].imm as u32), &mut work);
            }
        }
    }
    for (func, reached) in program.funcs.iter_mut().zip(reached) {
        if !reached {
            empty(func);
        }
    }
}

fn empty(func: &mut Function) {
    let entry = func.entry();
    func.layout = vec![entry];
    func.stack_slots.clear();
    let end = func.make_inst(Op::Unreachable, &[], 0, &[], &[], LocId::NONE);
    func.blocks[entry].insts = vec![end];
    super::compact::run(func);
}
