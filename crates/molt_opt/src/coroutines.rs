//! Generators become state machines.
//!
//! Needs: semantic or typed IR without reference counts. Establishes: no `gen.yield`, `gen.yield_from` and no
//! function of kind `Generator`: each becomes a plain function that creates the generator object, and a
//! resume function of kind `Resume`. Keeps: SSA form.
//!
//! Every value live across a suspension has a slot in the generator's frame. It is moved there right before
//! `gen.suspend` and moved back in the block that the dispatch at the entry leads to; SSA repair then joins the
//! moved-back values with those of paths without a suspension.

use std::collections::HashMap;

use molt_base::EntityId;
use molt_ir::{BlockId, Const, ConstId, FuncId, Function, FunctionKind, InstId, LocId, Op, Program, Type, ValueId};

use crate::liveness::Liveness;
use crate::ssa_repair::{Redefinitions, repair};

/// Transforms every generator of the program.
pub fn run(program: &mut Program) {
    for id in program.funcs.ids() {
        if program.funcs[id].kind == FunctionKind::Generator {
            split_function(program, id);
        }
    }
}

fn split_function(program: &mut Program, id: FuncId) {
    let body = program.funcs[id].clone();
    let param_count = body.params().len();
    let mut creator = Function::new(body.name, body.module, FunctionKind::Plain);
    creator.qualname = body.qualname;
    creator.code = body.code.clone();
    if let Some(code) = &mut creator.code {
        code.is_generator = true;
    }
    creator.results = body.results.clone();
    let entry = creator.new_block();
    let params: Vec<ValueId> = (0..param_count).map(|_| creator.add_param(entry, Type::Any)).collect();
    let resume_id = program.funcs.next_id();
    let make = creator.make_inst(Op::GenCreate, &params, u64::from(resume_id.0), &[], &[Type::Any], LocId::NONE);
    creator.append(entry, make);
    let made = creator.result(make);
    let ret = creator.make_inst(Op::Ret, &[made], 0, &[], &[], LocId::NONE);
    creator.append(entry, ret);

    let none = program.constant(Const::None);
    let resume = Splitter::new(body, none).run();
    let pushed = program.funcs.push(resume);
    debug_assert_eq!(pushed, resume_id);
    program.funcs[id] = creator;
}

struct Splitter {
    func: Function,
    generator: ValueId,
    sent: ValueId,
    mode: ValueId,
    slots: HashMap<ValueId, i64>,
    redefined: Redefinitions,
    none: ConstId,
    /// Resume blocks in order of their states, state 0 first.
    states: Vec<BlockId>,
}

impl Splitter {
    /// Puts a new entry block with the resume parameters in front; the old parameters become values taken from the
    /// frame.
    fn new(body: Function, none: ConstId) -> Splitter {
        let mut func = Function::new(body.name, body.module, FunctionKind::Resume);
        func.qualname = body.qualname;
        func.code = body.code.clone();
        let entry = func.new_block();
        let generator = func.add_param(entry, Type::Any);
        let sent = func.add_param(entry, Type::Any);
        let mode = func.add_param(entry, Type::I64);
        let start = crate::clone::append_body(&mut func, &body);
        let mut s = Splitter {
            func,
            generator,
            sent,
            mode,
            slots: HashMap::new(),
            redefined: HashMap::new(),
            none,
            states: Vec::new(),
        };
        s.take_params(start);
        s
    }

    /// State 0: parameters come out of the frame, then an early `throw` raises before anything ran.
    fn take_params(&mut self, start: BlockId) {
        let first = self.func.new_block();
        let params = self.func.blocks[start].params.clone();
        let mut taken = Vec::new();
        for (i, _) in params.iter().enumerate() {
            let inst = self.func.make_inst(Op::FrameTake, &[self.generator], i as u64, &[], &[Type::Any], LocId::NONE);
            self.func.append(first, inst);
            taken.push(self.func.result(inst));
        }
        self.states.push(first);
        let sent_check = self.throw_check(first, None, LocId::NONE);
        let jump = self.func.make_inst(Op::Jump, &[], 0, &[(start, &taken)], &[], LocId::NONE);
        self.func.append(sent_check, jump);
    }

    /// Appends to `block`: raise what was thrown, else go on in the returned block.
    fn throw_check(&mut self, block: BlockId, unwind: Option<(BlockId, Vec<ValueId>)>, loc: LocId) -> BlockId {
        let zero = self.iconst(block, 0);
        let cond = self.func.make_inst(
            Op::ICmp,
            &[self.mode, zero],
            molt_ir::IntCond::Eq as u64,
            &[],
            &[Type::I1],
            LocId::NONE,
        );
        self.func.append(block, cond);
        let is_send = self.func.result(cond);
        let thrown = self.func.new_block();
        self.func.blocks[thrown].cold = true;
        let next = self.func.new_block();
        let br = self.func.make_inst(Op::BrIf, &[is_send], 0, &[(next, &[]), (thrown, &[])], &[], LocId::NONE);
        self.func.append(block, br);
        let edges: Vec<(BlockId, &[ValueId])> = unwind.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let raise = self.func.make_inst(Op::RaiseSent, &[self.sent], 0, &edges, &[], loc);
        self.func.append(thrown, raise);
        if unwind.is_some() {
            let dead = self.func.new_block();
            self.func.blocks[dead].cold = true;
            let jump = self.func.make_inst(Op::Jump, &[], 0, &[(dead, &[])], &[], LocId::NONE);
            self.func.append(thrown, jump);
            let end = self.func.make_inst(Op::Unreachable, &[], 0, &[], &[], LocId::NONE);
            self.func.append(dead, end);
        } else {
            let end = self.func.make_inst(Op::Unreachable, &[], 0, &[], &[], LocId::NONE);
            self.func.append(thrown, end);
        }
        next
    }

    fn iconst(&mut self, block: BlockId, value: u64) -> ValueId {
        let i = self.func.make_inst(Op::IConst, &[], value, &[], &[Type::I64], LocId::NONE);
        self.func.append(block, i);
        self.func.result(i)
    }

    fn run(mut self) -> Function {
        while let Some((block, at)) = self.next_suspension() {
            match self.func.insts[self.func.blocks[block].insts[at]].op {
                Op::Yield => self.split_yield(block, at),
                _ => self.split_yield_from(block, at),
            }
        }
        // The dispatch makes every state reachable, which liveness needs.
        self.dispatch();
        self.save_and_restore();
        repair(&mut self.func, &self.redefined);
        self.close_suspensions();
        molt_ir::cfg::remove_unreached(&mut self.func);
        self.func
    }

    fn next_suspension(&self) -> Option<(BlockId, usize)> {
        self.func.layout.iter().find_map(|&b| {
            let insts = &self.func.blocks[b].insts;
            insts.iter().position(|&i| matches!(self.func.insts[i].op, Op::Yield | Op::YieldFrom)).map(|at| (b, at))
        })
    }

    /// Cuts a block after instruction `at`, which is removed; returns the instruction, its unwind edge and the block
    /// that goes on after it.
    fn cut(&mut self, block: BlockId, at: usize) -> (InstId, Option<(BlockId, Vec<ValueId>)>, BlockId) {
        let insts = std::mem::take(&mut self.func.blocks[block].insts);
        let inst = insts[at];
        let unwind = self.func.edges(inst).first().map(|&e| (e.block, self.func.edge_args(e).to_vec()));
        let rest = self.func.new_block();
        self.func.blocks[rest].cold = self.func.blocks[block].cold;
        self.func.blocks[rest].insts = insts[at + 1..].to_vec();
        self.func.blocks[block].insts = insts[..at].to_vec();
        (inst, unwind, rest)
    }

    /// `block: …; suspend value` and `resume: throw check; sent -> rest`.
    fn split_yield(&mut self, block: BlockId, at: usize) {
        let (inst, unwind, rest) = self.cut(block, at);
        let loc = self.func.insts[inst].loc;
        let value = self.func.args(inst)[0];
        let old = self.func.result(inst);
        let resume = self.suspend(block, value);
        let next = self.throw_check(resume, unwind, loc);
        let share = self.func.make_inst(Op::Share, &[self.sent], 0, &[], &[Type::Any], LocId::NONE);
        self.func.append(next, share);
        let got = self.func.result(share);
        self.pass_on(next, rest, old, got);
    }

    /// Ends `next` with a jump to `rest`, where `old` (defined by a removed instruction) becomes a parameter.
    fn pass_on(&mut self, next: BlockId, rest: BlockId, old: ValueId, value: ValueId) {
        let param = self.func.add_param(rest, self.func.ty(old));
        let jump = self.func.make_inst(Op::Jump, &[], 0, &[(rest, &[value])], &[], LocId::NONE);
        self.func.append(next, jump);
        crate::clone::replace_uses(&mut self.func, old, param);
    }

    /// Ends `block` with a suspension and returns the block of the new state.
    fn suspend(&mut self, block: BlockId, value: ValueId) -> BlockId {
        let resume = self.func.new_block();
        let state = self.states.len() as u64;
        self.states.push(resume);
        // For the time of the pass a suspension has an edge to where it goes on, so that liveness sees through it.
        let edges: [(BlockId, &[ValueId]); 1] = [(resume, &[])];
        let s = self.func.make_inst(Op::Suspend, &[self.generator, value], state, &edges, &[], LocId::NONE);
        self.func.append(block, s);
        resume
    }

    /// `block: set delegate; jump step(None, send)`, `step(s, m): delegate; done ? rest(value) : suspend`,
    /// `resume: jump step(sent, mode)`.
    fn split_yield_from(&mut self, block: BlockId, at: usize) {
        let (inst, unwind, rest) = self.cut(block, at);
        let loc = self.func.insts[inst].loc;
        let iterator = self.func.args(inst)[0];
        let old = self.func.result(inst);
        let set = self.func.make_inst(Op::DelegateSet, &[self.generator, iterator], 0, &[], &[], LocId::NONE);
        self.func.append(block, set);
        let step = self.func.new_block();
        let sent = self.func.add_param(step, Type::Any);
        let mode = self.func.add_param(step, Type::I64);
        let none = self.func.make_inst(Op::Const, &[], u64::from(self.none.0), &[], &[Type::Any], LocId::NONE);
        self.func.append(block, none);
        let none = self.func.result(none);
        let zero = self.iconst(block, 0);
        let enter = self.func.make_inst(Op::Jump, &[], 0, &[(step, &[none, zero])], &[], LocId::NONE);
        self.func.append(block, enter);

        let edges: Vec<(BlockId, &[ValueId])> = unwind.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let d =
            self.func.make_inst(Op::Delegate, &[self.generator, sent, mode], 0, &edges, &[Type::Any, Type::I1], loc);
        self.func.append(step, d);
        let results: Vec<ValueId> = self.func.results(d).collect();
        let mut test = step;
        if unwind.is_some() {
            test = self.func.new_block();
            let jump = self.func.make_inst(Op::Jump, &[], 0, &[(test, &[])], &[], LocId::NONE);
            self.func.append(step, jump);
        }
        let yielded = self.func.new_block();
        let done = self.func.new_block();
        let br = self.func.make_inst(Op::BrIf, &[results[1]], 0, &[(done, &[]), (yielded, &[])], &[], LocId::NONE);
        self.func.append(test, br);
        self.pass_on(done, rest, old, results[0]);
        let resume = self.suspend(yielded, results[0]);
        let share = self.func.make_inst(Op::Share, &[self.sent], 0, &[], &[Type::Any], LocId::NONE);
        self.func.append(resume, share);
        let again = self.func.result(share);
        let jump = self.func.make_inst(Op::Jump, &[], 0, &[(step, &[again, self.mode])], &[], LocId::NONE);
        self.func.append(resume, jump);
    }

    /// Moves what is live at each resume block through the frame.
    fn save_and_restore(&mut self) {
        let resume_params = [self.generator, self.sent, self.mode];
        let live = Liveness::new(&self.func, |v| !resume_params.contains(&v));
        let param_slots = self.func.code.as_ref().map_or(1, |c| c.var_names.len() + 1) as i64;
        for state in 1..self.states.len() {
            let resume = self.states[state];
            let crossing: Vec<ValueId> = live.live_in[resume.index()].iter().collect();
            let suspend_block = self.suspension_of(state);
            for v in crossing {
                let next_slot = param_slots + self.slots.len() as i64;
                let slot = *self.slots.entry(v).or_insert(next_slot);
                self.move_through_frame(v, slot as u64, suspend_block, resume);
            }
        }
    }

    fn suspension_of(&self, state: usize) -> BlockId {
        self.func
            .layout
            .iter()
            .copied()
            .find(|&b| {
                self.func.blocks[b]
                    .insts
                    .last()
                    .is_some_and(|&i| self.func.insts[i].op == Op::Suspend && self.func.insts[i].imm == state as u64)
            })
            .expect("every state has its suspension")
    }

    fn move_through_frame(&mut self, v: ValueId, slot: u64, from: BlockId, resume: BlockId) {
        let ty = self.func.ty(v);
        let mut saved = v;
        if ty == Type::I1 {
            let boxed = self.func.make_inst(Op::BoolBox, &[v], 0, &[], &[Type::Any], LocId::NONE);
            self.insert_before_terminator(from, boxed);
            saved = self.func.result(boxed);
        }
        debug_assert!(ty.is_word() || ty == Type::I1, "machine values do not cross a suspension before `unbox`");
        let put = self.func.make_inst(Op::FramePut, &[self.generator, saved], slot, &[], &[], LocId::NONE);
        self.insert_before_terminator(from, put);
        let word = if ty == Type::I1 { Type::Any } else { ty };
        let take = self.func.make_inst(Op::FrameTake, &[self.generator], slot, &[], &[word], LocId::NONE);
        let mut back = self.func.result(take);
        let mut front = vec![take];
        if ty == Type::I1 {
            let unbox = self.func.make_inst(Op::BoolUnbox, &[back], 0, &[], &[Type::I1], LocId::NONE);
            front.push(unbox);
            back = self.func.result(unbox);
        }
        self.func.blocks[resume].insts.splice(0..0, front);
        self.redefined.insert((v, resume), back);
    }

    fn insert_before_terminator(&mut self, block: BlockId, inst: InstId) {
        let at = self.func.blocks[block].insts.len() - 1;
        self.func.blocks[block].insts.insert(at, inst);
    }

    /// Takes the edges of suspensions away: control comes back through the dispatch only.
    fn close_suspensions(&mut self) {
        for b in self.func.layout.clone() {
            if let Some(&last) = self.func.blocks[b].insts.last()
                && self.func.insts[last].op == Op::Suspend
            {
                self.func.clear_edges(last);
            }
        }
    }

    /// Fills the entry block with the switch over the states.
    fn dispatch(&mut self) {
        let entry = self.func.entry();
        let state = self.func.make_inst(Op::GenState, &[self.generator], 0, &[], &[Type::I64], LocId::NONE);
        self.func.append(entry, state);
        let state = self.func.result(state);
        let end = self.func.new_block();
        let stop = self.func.make_inst(Op::Unreachable, &[], 0, &[], &[], LocId::NONE);
        self.func.append(end, stop);
        let mut edges: Vec<(BlockId, &[ValueId])> = self.states.iter().map(|&b| (b, &[][..])).collect();
        edges.push((end, &[]));
        let switch = self.func.make_inst(Op::Switch, &[state], 0, &edges, &[], LocId::NONE);
        self.func.append(entry, switch);
    }
}
