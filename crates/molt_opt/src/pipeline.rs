//! The pass list. The order is the order of the array; each row says why it stands there. The verifier runs between
//! any two passes when [`Options::verify`] is set.

use std::time::{Duration, Instant};

use molt_ir::verify::{Stage, verify_calls, verify_function};
use molt_ir::{FunctionKind, Program, print};

use crate::machine::{
    cleanup, cleanup_and_thread, cold, dead_stores, drop_unused, finish, forward, gvn, inline, licm, merge_tails,
    on_marked, promote, ranges, rotate, selects, with_summaries,
};
use crate::{certify, coroutines, lower, ownership, specialise, versions};

/// One pass over the whole program.
pub struct Pass {
    pub name: &'static str,
    pub run: fn(&mut Program),
    /// Levels of ops allowed after it.
    pub stage: Stage,
    /// Works on value words: programs that are at machine level from the start have none.
    pub for_words: bool,
}

/// All passes, in order.
pub const PASSES: &[Pass] = &[
    // First: types decide what every later pass sees.
    Pass { name: "specialise", run: specialise::run, stage: Stage::Typed, for_words: true },
    // Before counts exist, so that values crossing a suspension are plain moves.
    Pass { name: "coroutines", run: coroutines::run, stage: Stage::Typed, for_words: true },
    // After every pass that creates or removes uses of words.
    Pass { name: "ownership", run: run_ownership, stage: Stage::Typed, for_words: true },
    // From here on there is nothing but what engines understand.
    Pass { name: "lower", run: lower::run, stage: Stage::Machine, for_words: true },
    // Right after it: what the inline paths test of a word is known once on each way.
    Pass { name: "versions", run: versions::run, stage: Stage::Machine, for_words: true },
    // Functions that front ends wrote at machine level themselves. First, so that the others see short functions.
    Pass { name: "cleanup", run: |p| on_marked(p, cleanup::run), stage: Stage::Machine, for_words: false },
    // Before `inline`, which leaves cold calls alone.
    Pass { name: "cold", run: cold::run, stage: Stage::Machine, for_words: false },
    // Before all that look at values: locals of front ends are slots.
    Pass { name: "promote", run: |p| on_marked(p, promote::run), stage: Stage::Machine, for_words: false },
    // Callees are as small as they get by themselves; it simplifies what it grows.
    Pass { name: "inline", run: inline::run, stage: Stage::Machine, for_words: false },
    // Most functions of libraries have become parts of others; the passes that follow need not look at them.
    Pass { name: "drop-unused", run: drop_unused::run, stage: Stage::Machine, for_words: false },
    // With bodies in place, what one wrote to memory another reads.
    Pass { name: "forward", run: |p| with_summaries(p, forward::run), stage: Stage::Machine, for_words: false },
    // Equal values are one value now, and most checks are behind others that imply them.
    Pass { name: "gvn", run: |p| on_marked(p, gvn::run), stage: Stage::Machine, for_words: false },
    // With equal values known as such; what cannot fail is not looked at any more.
    Pass { name: "ranges", run: |p| on_marked(p, ranges::run), stage: Stage::Machine, for_words: false },
    // The branches that became constant go; what callers test of their callees' results is known on most ways.
    Pass { name: "thread", run: |p| on_marked(p, cleanup_and_thread), stage: Stage::Machine, for_words: false },
    // What a loop does at the start of each turn then happens whenever it is entered.
    Pass { name: "rotate", run: |p| on_marked(p, rotate::run), stage: Stage::Machine, for_words: false },
    // Needs that.
    Pass { name: "licm", run: |p| with_summaries(p, licm::run), stage: Stage::Machine, for_words: false },
    // Once more, for loads and comparisons that left loops.
    Pass { name: "forward-again", run: |p| with_summaries(p, forward::run), stage: Stage::Machine, for_words: false },
    Pass { name: "gvn-again", run: |p| on_marked(p, gvn::run), stage: Stage::Machine, for_words: false },
    // After the last pass that removes loads.
    Pass { name: "dead-stores", run: |p| with_summaries(p, dead_stores::run), stage: Stage::Machine, for_words: false },
    // After all that learn from branches.
    Pass { name: "selects", run: |p| on_marked(p, selects::run), stage: Stage::Machine, for_words: false },
    // After the last pass that finds facts: a merged block has none of its own.
    Pass { name: "merge-tails", run: |p| on_marked(p, merge_tails::run), stage: Stage::Machine, for_words: false },
    // Last: leaves no trace of what was taken away.
    Pass { name: "compact", run: |p| on_marked(p, finish), stage: Stage::Machine, for_words: false },
];

/// The pass of this name.
pub fn find(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|p| p.name == name)
}

fn run_ownership(program: &mut Program) {
    for id in program.funcs.ids() {
        if program.funcs[id].kind != FunctionKind::Internal {
            ownership::run(&mut program.funcs[id]);
        }
    }
}

/// How the pipeline is run and observed.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub verify: bool,
    /// Name of the pass after which the IR is wanted as text.
    pub print_after: Option<String>,
    /// Name of the pass after which to stop.
    pub stop_after: Option<String>,
}

/// What a run of the pipeline tells.
#[derive(Debug, Default)]
pub struct Report {
    pub times: Vec<(&'static str, Duration)>,
    pub printed: Option<String>,
}

/// Runs the passes. A verifier failure is a defect of the pass named in the error.
pub fn run(program: &mut Program, options: &Options) -> Result<Report, String> {
    let mut report = Report::default();
    if options.verify {
        check(program, "front end", Stage::Semantic)?;
    }
    for pass in PASSES {
        let start = Instant::now();
        if !(program.native && pass.for_words) {
            (pass.run)(program);
        }
        report.times.push((pass.name, start.elapsed()));
        if options.print_after.as_deref() == Some(pass.name) {
            report.printed = Some(print::program(program));
        }
        if options.verify {
            check(program, pass.name, pass.stage)?;
            if pass.name == "ownership" {
                certify_all(program)?;
            }
        }
        if options.stop_after.as_deref() == Some(pass.name) {
            break;
        }
    }
    Ok(report)
}

fn certify_all(program: &Program) -> Result<(), String> {
    for (id, f) in program.funcs.iter() {
        certify::certify(f).map_err(|e| {
            let name = program.names.text(f.qualname);
            format!("references of {name} ({id}) do not balance: {e}\n{}", print::function(program, id, f))
        })?;
    }
    Ok(())
}

fn check(program: &Program, after: &str, stage: Stage) -> Result<(), String> {
    for (id, f) in program.funcs.iter() {
        let stage = if f.kind == FunctionKind::Internal { Stage::Machine } else { stage };
        let checked = verify_function(f, stage).and_then(|()| verify_calls(program, f));
        checked.map_err(|e| {
            let name = program.names.text(f.qualname);
            format!("after {after}: function {name} ({id}): {e}\n{}", print::function(program, id, f))
        })?;
    }
    Ok(())
}
