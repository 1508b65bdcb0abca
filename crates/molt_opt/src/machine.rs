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
pub mod call_graph;
pub mod cleanup;
pub mod compact;
pub mod duplicate;
pub mod edit;
pub mod facts;
pub mod flow;
pub mod fold;
pub mod gvn;
pub mod hash;
pub mod inline;
pub mod loops;
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

/// The passes that make a function small and plain, before callers take its body over.
fn simplify(func: &mut Function) {
    cleanup::run(func);
    promote::run(func);
    cleanup::run(func);
    gvn::run(func);
    cleanup::run(func);
    thread::run(func);
}

/// What ends the work on a function.
pub fn finish(func: &mut Function) {
    cleanup::run(func);
    compact::run(func);
}
