//! Loop rotation: `while c { … }` becomes `if c { do { … } while c }`.
//!
//! Needs: `cleanup`. Establishes: the header of a loop with a short test is its body, so that what the body does at the
//! start happens in every loop that is entered, and a turn has one branch. Keeps: loops with one entry.

use super::duplicate::{self, Copy};
use super::flow::Flow;
use super::loops::Loops;
use super::{cleanup, thread};
use molt_ir::Function;

pub fn run(func: &mut Function) {
    let flow = Flow::new(func);
    let loops = Loops::new(func, &flow);
    let mut copies = Vec::new();
    for l in 0..loops.all.len() as u32 {
        let header = loops.all[l as usize].header;
        if !loops.tests_first(func, &flow, l) || !thread::is_short(func, header) {
            continue;
        }
        let outside = flow.preds(header).iter().filter(|p| !loops.contains(l, p.2));
        let edges: Vec<_> = outside.map(|&(inst, edge, _)| (inst, edge)).collect();
        copies.push(Copy { block: header, edges, leaves_along: None });
    }
    if !copies.is_empty() {
        duplicate::run(func, &copies);
        cleanup::run(func);
    }
}
