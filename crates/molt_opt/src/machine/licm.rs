//! Loop-invariant code motion.
//!
//! Needs: `rotate`, so that what a loop does at the start of a turn happens whenever it is entered. Establishes: pure
//! instructions and loads whose operands come from outside of a loop, and whose memory the loop does not change, stand
//! before it. Keeps: everything that is not safe to do too often; cold blocks.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, LocId, Op, ValueDef, ValueId};

use super::access::{SlotUses, is_load, is_store};
use super::alias::{Aliases, Base, Location, Summaries, Written};
use super::edit::constant;
use super::flow::Flow;
use super::loops::{LoopId, Loops};

/// Most writes of a loop that are told apart.
const MOST_WRITES: usize = 24;

pub fn run(func: &mut Function, summaries: &Summaries) {
    let flow = Flow::new(func);
    let loops = Loops::new(func, &flow);
    if loops.all.is_empty() {
        return;
    }
    let flow = if make_preheaders(func, &flow, &loops) { Flow::new(func) } else { flow };
    let loops = Loops::new(func, &flow);
    let uses = SlotUses::new(func, &flow, Some(summaries));
    let aliases = Aliases { uses: &uses, summaries };
    let mut homes = vec![func.entry(); func.insts.len()];
    for &b in &flow.order {
        func.blocks[b].insts.iter().for_each(|i| homes[i.index()] = b);
    }
    let mut motion = Motion { func, flow: &flow, loops: &loops, aliases: &aliases, homes };
    // Inner loops come first, so that what leaves one may leave the next.
    for l in 0..loops.all.len() as LoopId {
        motion.one_loop(l);
    }
}

/// The block before a loop that leads nowhere else.
fn preheader(func: &Function, flow: &Flow, loops: &Loops, l: LoopId) -> Option<BlockId> {
    let header = loops.all[l as usize].header;
    let mut outside = flow.preds(header).iter().filter(|p| !loops.contains(l, p.2));
    let &(inst, _, b) = outside.next()?;
    (outside.next().is_none() && func.insts[inst].op == Op::Jump).then_some(b)
}

/// Gives every loop a block before it; whether there was one without.
fn make_preheaders(func: &mut Function, flow: &Flow, loops: &Loops) -> bool {
    let mut changed = false;
    for l in 0..loops.all.len() as LoopId {
        let header = loops.all[l as usize].header;
        if header == func.entry() || preheader(func, flow, loops, l).is_some() {
            continue;
        }
        changed = true;
        let before = func.new_block();
        func.blocks[before].cold = func.blocks[header].cold;
        let params: Vec<ValueId> = func.blocks[header].params.clone();
        let params: Vec<ValueId> = params.into_iter().map(|p| func.add_param(before, func.ty(p))).collect();
        let jump = func.make_inst(Op::Jump, &[], 0, &[(header, &params)], &[], LocId::NONE);
        func.append(before, jump);
        for &(inst, edge, _) in flow.preds(header).iter().filter(|p| !loops.contains(l, p.2)) {
            let values = func.edge_args(func.edges(inst)[edge]).to_vec();
            func.set_edge(inst, edge, before, &values);
        }
    }
    changed
}

struct Motion<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    loops: &'a Loops,
    aliases: &'a Aliases<'a>,
    /// Block of each instruction.
    homes: Vec<BlockId>,
}

impl Motion<'_> {
    fn one_loop(&mut self, l: LoopId) {
        let header = self.loops.all[l as usize].header;
        let Some(before) = preheader(self.func, self.flow, self.loops, l) else { return };
        let (first, last) = self.flow.span(header);
        let inside: Vec<BlockId> =
            self.flow.dominator_order()[first..=last].iter().copied().filter(|&b| self.loops.contains(l, b)).collect();
        let writes = self.writes(&inside);
        let must = self.always_entered(l, &inside);
        let mut moved: Vec<InstId> = Vec::new();
        for &b in &inside {
            if self.func.blocks[b].cold {
                continue;
            }
            let mut kept = Vec::new();
            for inst in std::mem::take(&mut self.func.blocks[b].insts) {
                if self.may_move(inst, l, before, must[b.index()], &writes) {
                    self.homes[inst.index()] = before;
                    moved.push(inst);
                } else {
                    kept.push(inst);
                }
            }
            self.func.blocks[b].insts = kept;
        }
        let insts = &mut self.func.blocks[before].insts;
        let end = insts.len() - 1;
        insts.splice(end..end, moved);
    }

    fn writes(&self, inside: &[BlockId]) -> Vec<Written> {
        let mut all = Vec::new();
        for &inst in inside.iter().flat_map(|&b| &self.func.blocks[b].insts) {
            self.aliases.written(self.func, inst, |w| {
                if !all.contains(&w) {
                    all.push(w);
                }
            });
        }
        if all.len() > MOST_WRITES {
            all.retain(|w| matches!(w, Written::Bytes(Location { base: Base::Private(_), .. })));
            all.push(Written::Shared);
        }
        all
    }

    /// Blocks that every run of the loop comes by: those that dominate all blocks it can be left or started again from.
    fn always_entered(&self, l: LoopId, inside: &[BlockId]) -> Vec<bool> {
        let header = self.loops.all[l as usize].header;
        let ends: Vec<BlockId> = inside
            .iter()
            .copied()
            .filter(|&b| {
                let mut next = self.func.successors(b);
                let returns = matches!(self.func.terminator(b), Some(t) if self.func.edges(t).is_empty());
                returns || next.any(|(_, _, to)| to == header || !self.loops.contains(l, to))
            })
            .collect();
        let mut always = vec![false; self.func.blocks.len()];
        for &b in inside {
            always[b.index()] = ends.iter().all(|&e| self.flow.dominates(b, e));
        }
        always
    }

    fn may_move(&self, inst: InstId, l: LoopId, before: BlockId, must: bool, writes: &[Written]) -> bool {
        let op = self.func.insts[inst].op;
        let args = self.func.args(inst);
        if !args.iter().all(|&v| !self.loops.contains(l, self.home(v))) {
            return false;
        }
        if is_load(op) {
            let Some(at) = self.aliases.of_scalar(self.func, inst) else { return false };
            return !writes.iter().any(|w| w.may_change(at)) && (must || self.is_mapped(at, before));
        }
        match op {
            // Next to its branch a comparison costs nothing.
            Op::ICmp | Op::FCmp => false,
            Op::SDiv | Op::SRem => matches!(constant(self.func, args[1]), Some(c) if c != 0 && c != -1),
            Op::UDiv | Op::URem => matches!(constant(self.func, args[1]), Some(c) if c != 0),
            _ => op.info().is_pure(),
        }
    }

    fn home(&self, v: ValueId) -> BlockId {
        match self.func.values[v].def {
            ValueDef::Param(b, _) => b,
            ValueDef::Result(inst, _) => self.homes[inst.index()],
        }
    }

    /// Whether a location may be read before the loop even if the loop would not: it is of the function's own memory or
    /// the context, or it lies in an object of which a byte behind it is accessed on every way to the loop, or said to be
    /// mapped.
    fn is_mapped(&self, at: Location, before: BlockId) -> bool {
        if !matches!(at.base, Base::Pointer(_)) {
            return at.span.is_some();
        }
        let Some((offset, size)) = at.span.filter(|s| s.0 >= 0) else { return false };
        let covers = |inst: InstId| {
            let op = self.func.insts[inst].op;
            let other = match op {
                Op::MemValid => {
                    let size = self.func.insts[inst].imm as i64;
                    Some(self.aliases.location(self.func, self.func.args(inst)[0], 0, Some(size)))
                }
                op if is_load(op) || is_store(op) => self.aliases.of_scalar(self.func, inst),
                _ => None,
            };
            other.is_some_and(|o| o.base == at.base && o.span.is_some_and(|(x, n)| x + n >= offset + size))
        };
        // The dominators of the block before the loop, a few of them.
        let mut b = before;
        for _ in 0..LOOK_BACK {
            if self.func.blocks[b].insts.iter().any(|&i| covers(i)) {
                return true;
            }
            if b == self.func.entry() {
                return false;
            }
            b = self.flow.idom(b);
        }
        false
    }
}

/// How many dominators of a loop are searched for an access of the same object.
const LOOK_BACK: usize = 12;
