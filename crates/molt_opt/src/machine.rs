//! Optimisation of machine-level functions: what typed front ends emit straight in machine-level ops.
//!
//! A front end sets [`Function::optimise`]; the passes here leave all other functions alone. Each is one file with one
//! `run` on one function (`inline` on the program); the list with the order and its reasons is in `pipeline.rs`.
//! Start with `flow.rs` (order, dominators) and `edit.rs` (replacing values), which all passes use.
//!
//! Contracts that the passes rely on beyond the op table: addresses made from a stack slot stay within it; nothing but
//! `ctx` leads to memory of the context; a pointer and the bytes up to the last one accessed through it are one object.

use std::sync::{Mutex, PoisonError};

use molt_ir::{Function, Op, Program};

pub mod access;
pub mod alias;
pub mod call_graph;
pub mod cleanup;
pub mod cold;
pub mod compact;
pub mod dead_stores;
pub mod drop_unused;
pub mod duplicate;
pub mod edit;
pub mod facts;
pub mod flow;
pub mod fold;
pub mod forward;
pub mod gvn;
pub mod inline;
pub mod licm;
pub mod loops;
pub mod merge_tails;
pub mod promote;
pub mod ranges;
pub mod rotate;
pub mod selects;
pub mod thread;

/// Functions that a thread takes at a time.
const BATCH: usize = 64;

/// Runs a pass on every function that a front end wants optimised, on all cores. Functions do not look at one another, so
/// the number of cores does not show.
pub fn on_marked(program: &mut Program, pass: impl Fn(&mut Function) + Sync) {
    let mut marked: Vec<&mut Function> = program.funcs.iter_mut().filter(|f| f.optimise).collect();
    let workers = molt_base::processors().min(marked.len() / BATCH);
    let batches = Mutex::new(marked.chunks_mut(BATCH));
    let work = || {
        loop {
            let batch = batches.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(batch) = batch else { return };
            batch.iter_mut().for_each(|f| pass(f));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
}

/// Whether there is anything to do.
fn any_marked(program: &Program) -> bool {
    program.funcs.iter().any(|(_, f)| f.optimise)
}

/// As [`on_marked`], for a pass that asks what callees do to memory.
pub fn with_summaries(program: &mut Program, pass: impl Fn(&mut Function, &alias::Summaries) + Sync) {
    if any_marked(program) {
        let summaries = alias::Summaries::new(program);
        on_marked(program, |f| pass(f, &summaries));
    }
}

/// The passes that make a function small and plain, before callers take its body over.
fn simplify(func: &mut Function) {
    cleanup::run(func);
    promote::run(func);
    gvn::run(func);
    cleanup::run(func);
    thread::run(func);
}

/// Jump threading after a look at the branches.
pub fn cleanup_and_thread(func: &mut Function) {
    cleanup::run(func);
    thread::run(func);
}

/// What ends the work on a function.
pub fn finish(func: &mut Function) {
    // Nothing asks any more what is mapped.
    for n in 0..func.layout.len() {
        let b = func.layout[n];
        let mut insts = std::mem::take(&mut func.blocks[b].insts);
        insts.retain(|&i| func.insts[i].op != Op::MemValid);
        func.blocks[b].insts = insts;
    }
    // Blocks that only jump on once what nobody uses is gone.
    cleanup::remove_dead(func);
    cleanup::run(func);
    compact::run(func);
}
