//! Optimisation of machine-level functions: what typed front ends emit straight in machine-level ops.
//!
//! A front end sets [`Function::optimise`]; the passes here leave all other functions alone. Each is one file with one
//! `run` on one function (`inline` on the program); the list with the order and its reasons is in `pipeline.rs`.
//! Start with `flow.rs` (order, dominators) and `edit.rs` (replacing values), which all passes use.
//!
//! Contracts that the passes rely on beyond the op table: addresses made from a stack slot stay within it, and nothing
//! but `ctx` leads to memory of the context.

use molt_ir::{Function, Program};

pub mod access;
pub mod alias;
pub mod call_graph;
pub mod cleanup;
pub mod compact;
pub mod dead_stores;
pub mod duplicate;
pub mod edit;
pub mod facts;
pub mod flow;
pub mod fold;
pub mod forward;
pub mod gvn;
pub mod hash;
pub mod inline;
pub mod licm;
pub mod loops;
pub mod merge_tails;
pub mod promote;
pub mod ranges;
pub mod rotate;
pub mod thread;

/// Runs a pass on every function that a front end wants optimised.
pub fn on_marked(program: &mut Program, pass: impl Fn(&mut Function)) {
    for id in program.funcs.ids() {
        if program.funcs[id].optimise {
            pass(&mut program.funcs[id]);
        }
    }
}

/// As [`on_marked`], for a pass that asks what callees do to memory.
pub fn with_summaries(program: &mut Program, pass: impl Fn(&mut Function, &alias::Summaries)) {
    if program.funcs.iter().any(|(_, f)| f.optimise) {
        let summaries = alias::Summaries::new(program);
        on_marked(program, |f| pass(f, &summaries));
    }
}

/// The passes that make a function small and plain, before callers take its body over.
fn simplify(func: &mut Function) {
    cleanup::run(func);
    promote::run(func);
    cleanup::run(func);
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
    // Blocks that only jump on once what nobody uses is gone.
    cleanup::remove_dead(func);
    cleanup::run(func);
    compact::run(func);
}
