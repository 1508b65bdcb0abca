//! Forwards what was stored or loaded to later loads of the same bytes, and drops stores of what is there already.
//!
//! Needs: `cleanup`. Establishes: no load whose bytes a dominating instruction stored or loaded, with nothing between that
//! may change them (writes of other functions as `alias.rs` knows them). Keeps: control flow.
//!
//! A block starts with what its immediate dominator left, less what the blocks on the ways between may change. Cost: a
//! bounded list of known locations for each block.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, Op, Type, ValueId};

use super::access::{Class, SlotUses, is_load, is_store, ops_of, scalar};
use super::alias::{Aliases, Base, Location, Summaries, Written};
use super::edit::{Replacements, emit};
use super::flow::Flow;

/// Most locations known at a place.
const MOST_KNOWN: usize = 48;
/// Most blocks between a block and its dominator that are looked at.
const MOST_BETWEEN: usize = 128;
/// Most writes of one block that are told apart.
const MOST_WRITES: usize = 12;

pub fn run(func: &mut Function, summaries: &Summaries) {
    let flow = Flow::new(func);
    let uses = SlotUses::new(func, &flow, Some(summaries));
    let aliases = Aliases { uses: &uses, summaries };
    let writes = (0..func.blocks.len()).map(|b| writes_of(func, &aliases, &flow, BlockId(b as u32))).collect();
    let mut forward = Forward {
        to: Replacements::default(),
        out: Vec::new(),
        exits: vec![Vec::new(); func.blocks.len()],
        seen: vec![u32::MAX; func.blocks.len()],
        func,
        flow: &flow,
        aliases: &aliases,
        writes,
    };
    for &b in flow.dominator_order() {
        forward.block(b);
    }
    forward.to.apply(forward.func);
}

/// What the instructions of a block write. If that is much, one entry stands for all that others may know, and one for all
/// of a private slot with many writes.
fn writes_of(func: &Function, aliases: &Aliases<'_>, flow: &Flow, b: BlockId) -> Vec<Written> {
    let mut all: Vec<Written> = Vec::new();
    if !flow.is_reachable(b) {
        return all;
    }
    for &inst in &func.blocks[b].insts {
        aliases.written(func, inst, |w| all.push(w));
    }
    all.sort_unstable();
    all.dedup();
    if all.len() <= MOST_WRITES {
        return all;
    }
    let base = |w: &Written| match w {
        Written::Bytes(at) => Some(at.base),
        Written::Shared => None,
    };
    let mut few = vec![Written::Shared];
    for writes in all.chunk_by(|a, b| base(a) == base(b)) {
        match base(&writes[0]) {
            Some(base @ Base::Private(_)) if writes.len() > MOST_WRITES => {
                few.push(Written::Bytes(Location { base, span: None }));
            }
            Some(Base::Private(_)) => few.extend_from_slice(writes),
            _ => {}
        }
    }
    few
}

/// Bytes whose content is a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    base: Base,
    offset: i64,
    size: u32,
    class: Class,
    value: ValueId,
    /// The load that gives just this value; of a store, it is the value before it was narrowed.
    exactly: Option<Op>,
}

struct Forward<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    aliases: &'a Aliases<'a>,
    writes: Vec<Vec<Written>>,
    /// What is known at the end of each block.
    exits: Vec<Vec<Known>>,
    /// Mark of the last search that came by a block.
    seen: Vec<u32>,
    to: Replacements,
    /// Instructions of the block at hand; kept for its memory.
    out: Vec<InstId>,
}

impl Forward<'_> {
    fn block(&mut self, b: BlockId) {
        let mut known = self.at_start(b);
        let mut insts = std::mem::take(&mut self.func.blocks[b].insts);
        let mut out = std::mem::take(&mut self.out);
        for inst in insts.drain(..) {
            self.to.apply_to(self.func, inst);
            let op = self.func.insts[inst].op;
            if is_load(op) {
                if let Some(v) = self.loaded(inst, &known, &mut out) {
                    self.to.set(self.func.result(inst), v);
                    continue;
                }
                self.note(&mut known, inst, self.func.result(inst), Some(op));
            } else if is_store(op) {
                if self.is_there(inst, &known) {
                    continue;
                }
                self.forget(&mut known, inst);
                self.note(&mut known, inst, self.func.args(inst)[1], None);
            } else {
                self.forget(&mut known, inst);
            }
            out.push(inst);
        }
        insts.append(&mut out);
        (self.func.blocks[b].insts, self.out) = (insts, out);
        self.exits[b.index()] = known;
    }

    fn forget(&self, known: &mut Vec<Known>, inst: InstId) {
        self.aliases.written(self.func, inst, |w| known.retain(|k| !w.may_change(k.location())));
    }

    fn note(&self, known: &mut Vec<Known>, inst: InstId, value: ValueId, exactly: Option<Op>) {
        let Some((size, class)) = scalar(self.func.insts[inst].op) else { return };
        let at = self.aliases.of_scalar(self.func, inst);
        let Some((base, offset)) = at.and_then(|at| Some((at.base, at.span?.0))) else { return };
        if known.len() >= MOST_KNOWN {
            known.remove(0);
        }
        known.push(Known { base, offset, size, class, value, exactly });
    }

    fn find<'k>(&self, inst: InstId, known: &'k [Known]) -> Option<&'k Known> {
        let (size, _) = scalar(self.func.insts[inst].op)?;
        let at = self.aliases.of_scalar(self.func, inst)?;
        let (offset, _) = at.span?;
        known.iter().rev().find(|k| k.base == at.base && k.offset == offset && k.size == size)
    }

    /// Whether a store writes what its bytes hold already.
    fn is_there(&self, inst: InstId, known: &[Known]) -> bool {
        let op = self.func.insts[inst].op;
        let class = scalar(op).map(|(_, class)| class);
        self.find(inst, known).is_some_and(|k| k.value == self.func.args(inst)[1] && Some(k.class) == class)
    }

    /// The value that a load would give.
    fn loaded(&mut self, inst: InstId, known: &[Known], out: &mut Vec<InstId>) -> Option<ValueId> {
        let (op, loc) = (self.func.insts[inst].op, self.func.insts[inst].loc);
        let k = *self.find(inst, known)?;
        if k.exactly == Some(op) {
            return Some(k.value);
        }
        let (_, class) = scalar(op)?;
        let mut make = |op: Op, args: &[ValueId], ty: Type| emit(self.func, out, op, args, 0, ty, loc);
        match (k.class, class) {
            (Class::Double, Class::Double) => Some(k.value),
            (Class::Single, Class::Single) => Some(make(Op::FRound32, &[k.value], Type::F64)),
            (Class::Int, Class::Double) => Some(make(Op::BitsToF, &[k.value], Type::F64)),
            (Class::Double, Class::Int) => Some(make(Op::FToBits, &[k.value], Type::I64)),
            (Class::Int, Class::Int) if k.size == 8 => Some(k.value),
            (Class::Int, Class::Int) => {
                let bits = u64::from(8 * k.size);
                let zero_extends = op == ops_of(k.size, Class::Int).0;
                let imm = if zero_extends { (1 << bits) - 1 } else { 64 - bits };
                let c = emit(self.func, out, Op::IConst, &[], imm, Type::I64, loc);
                let mut make = |op: Op, args: &[ValueId]| emit(self.func, out, op, args, 0, Type::I64, loc);
                if zero_extends {
                    return Some(make(Op::IAnd, &[k.value, c]));
                }
                let high = make(Op::IShl, &[k.value, c]);
                Some(make(Op::SShr, &[high, c]))
            }
            _ => None,
        }
    }

    /// What is known at the start of a block.
    fn at_start(&mut self, b: BlockId) -> Vec<Known> {
        if b == self.func.entry() {
            return Vec::new();
        }
        let above = self.flow.idom(b);
        let mut known = self.exits[above.index()].clone();
        if known.is_empty() || self.flow.preds(b).iter().all(|p| p.2 == above) {
            return known;
        }
        let mut work: Vec<BlockId> = self.flow.preds(b).iter().map(|p| p.2).collect();
        let mut visited = 0;
        while let Some(x) = work.pop() {
            if x == above || std::mem::replace(&mut self.seen[x.index()], b.0) == b.0 {
                continue;
            }
            visited += 1;
            if visited > MOST_BETWEEN {
                return Vec::new();
            }
            for &w in &self.writes[x.index()] {
                known.retain(|k| !w.may_change(k.location()));
            }
            if known.is_empty() {
                return known;
            }
            work.extend(self.flow.preds(x).iter().map(|p| p.2));
        }
        known
    }
}

impl Known {
    fn location(&self) -> Location {
        Location { base: self.base, span: Some((self.offset, i64::from(self.size))) }
    }
}
