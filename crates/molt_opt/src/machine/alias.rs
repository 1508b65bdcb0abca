//! Which memory an access reaches, and which other accesses may change it.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, InstId, Op, Program, ValueId};

use super::access::{SlotUses, is_load, is_range, is_store, scalar};
use super::call_graph::CallGraph;
use super::edit::{constant, definition};
use super::flow::Flow;

/// Where an address starts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Base {
    /// A stack slot whose address stays in the function.
    Private(u32),
    /// A stack slot that others may know.
    Slot(u32),
    Data(u32),
    Context,
    /// Any other pointer.
    Pointer(ValueId),
}

/// Bytes of memory: from a base, at an offset that is known or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Location {
    pub base: Base,
    /// First byte and number of bytes.
    pub span: Option<(i64, i64)>,
}

/// What a function may do to memory that it finds by itself, not through its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    pub reads: bool,
    pub writes: bool,
}

/// What a function may do with an address that it is called with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ParamUse {
    /// Keeps, returns or passes it on to where it may be kept.
    pub leaves: bool,
    pub reads: bool,
    pub writes: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Summary {
    effects: Effects,
    params: Vec<ParamUse>,
}

/// What every function of a program does to memory.
pub struct Summaries(Vec<Summary>);

impl Summaries {
    pub fn new(program: &Program) -> Summaries {
        let unknown = Effects { reads: true, writes: true };
        let all_params = |f: &Function| vec![ParamUse { leaves: true, reads: true, writes: true }; f.params().len()];
        let worst = |f: &Function| Summary { effects: unknown, params: all_params(f) };
        let mut all = Summaries(program.funcs.iter().map(|(_, f)| worst(f)).collect());
        let graph = CallGraph::new(program);
        // A circle starts as harmless and is looked at until it does not get worse.
        for members in graph.bottom_up.chunk_by(|a, b| graph.component[a.index()] == graph.component[b.index()]) {
            for &f in members {
                let params = vec![ParamUse::default(); program.funcs[f].params().len()];
                all.0[f.index()] = Summary { effects: Effects::default(), params };
            }
            loop {
                let mut changed = false;
                for &f in members {
                    let now = all.of_body(&program.funcs[f]);
                    changed |= now != all.0[f.index()];
                    all.0[f.index()] = now;
                }
                if !changed {
                    break;
                }
            }
        }
        all
    }

    pub fn effects(&self, f: FuncId) -> Effects {
        self.0[f.index()].effects
    }

    pub fn param(&self, f: FuncId, i: usize) -> ParamUse {
        self.0[f.index()].params[i]
    }

    fn of_body(&self, func: &Function) -> Summary {
        let flow = Flow::new(func);
        let uses = SlotUses::with_params(func, &flow, self);
        let slots = func.stack_slots.len();
        let leaks = uses.leaked[slots..].iter();
        let params = leaks.map(|&leaves| ParamUse { leaves, reads: leaves, writes: leaves }).collect();
        let mut summary = Summary { effects: Effects::default(), params };
        let access = |summary: &mut Summary, v: ValueId, read: bool, write: bool| match uses.place(v) {
            // What a function does to its own slots is nobody else's business.
            Some(place) if (place.slot as usize) < slots => {}
            Some(place) => {
                let param = &mut summary.params[place.slot as usize - slots];
                param.reads |= read;
                param.writes |= write;
            }
            None => {
                summary.effects.reads |= read;
                summary.effects.writes |= write;
            }
        };
        for &inst in flow.order.iter().flat_map(|&b| &func.blocks[b].insts) {
            let data = func.insts[inst];
            let args = func.args(inst);
            match data.op {
                Op::Call => {
                    let callee = FuncId(data.imm as u32);
                    let effects = self.effects(callee);
                    summary.effects.reads |= effects.reads;
                    summary.effects.writes |= effects.writes;
                    for (i, &v) in args.iter().enumerate() {
                        let of_param = self.param(callee, i);
                        access(&mut summary, v, of_param.reads, of_param.writes);
                    }
                }
                op if is_load(op) => access(&mut summary, args[0], true, false),
                op if is_store(op) || op == Op::MemSet => access(&mut summary, args[0], false, true),
                Op::MemCopy | Op::MemMove => {
                    access(&mut summary, args[0], false, true);
                    access(&mut summary, args[1], true, false);
                }
                Op::MemCmp => args[..2].iter().for_each(|&v| access(&mut summary, v, true, false)),
                Op::MemValid => {}
                op if op.info().has_effect() => summary.effects = Effects { reads: true, writes: true },
                _ => {}
            }
        }
        summary
    }
}

/// Aliasing in one function.
pub struct Aliases<'a> {
    pub uses: &'a SlotUses<'a>,
    pub summaries: &'a Summaries,
}

impl Aliases<'_> {
    /// Where an address plus an offset leads, for so many bytes.
    pub fn location(&self, func: &Function, address: ValueId, offset: i64, size: Option<i64>) -> Location {
        let span = |at: Option<i64>| Some((at?.checked_add(offset)?, size?));
        if let Some(place) = self.uses.place(address) {
            let leaked = self.uses.leaked[place.slot as usize];
            let base = if leaked { Base::Slot(place.slot) } else { Base::Private(place.slot) };
            return Location { base, span: span(place.offset) };
        }
        let (root, at) = root(func, address);
        let base = match definition(func, root).map(|i| (func.insts[i].op, func.insts[i].imm)) {
            Some((Op::DataAddr, d)) => Base::Data(d as u32),
            Some((Op::Ctx, _)) => Base::Context,
            _ => Base::Pointer(root),
        };
        Location { base, span: span(at) }
    }

    /// The bytes that a load or store accesses.
    pub fn of_scalar(&self, func: &Function, inst: InstId) -> Option<Location> {
        let data = func.insts[inst];
        let (size, _) = scalar(data.op)?;
        Some(self.location(func, func.args(inst)[0], data.imm as i64, Some(i64::from(size))))
    }

    /// Calls `each` with everything that an instruction may write.
    pub fn written(&self, func: &Function, inst: InstId, mut each: impl FnMut(Written)) {
        let data = func.insts[inst];
        if !data.op.info().has_effect() {
            return;
        }
        let args = func.args(inst);
        match data.op {
            op if is_store(op) => each(self.of_scalar(func, inst).map_or(Written::Shared, Written::Bytes)),
            Op::MemCopy | Op::MemMove | Op::MemSet => {
                each(Written::Bytes(self.location(func, args[0], 0, constant(func, args[2]))));
            }
            Op::Call => {
                if self.summaries.effects(FuncId(data.imm as u32)).writes {
                    each(Written::Shared);
                }
                self.passed(func, inst, |p| p.writes).map(Written::Bytes).for_each(each);
            }
            Op::MemValid => {}
            _ => each(Written::Shared),
        }
    }

    /// Locations that a call gets the addresses of and uses in a way.
    fn passed(&self, func: &Function, inst: InstId, way: impl Fn(ParamUse) -> bool) -> impl Iterator<Item = Location> {
        let callee = FuncId(func.insts[inst].imm as u32);
        let used = func.args(inst).iter().enumerate().filter(move |(i, _)| way(self.summaries.param(callee, *i)));
        used.map(|(_, &v)| self.location(func, v, 0, None))
    }

    /// What a load, range op or call reads of known places.
    pub fn reads(&self, func: &Function, inst: InstId) -> Vec<Location> {
        let args = func.args(inst);
        let range = |i: usize| self.location(func, args[i], 0, constant(func, args[2]));
        match func.insts[inst].op {
            op if is_load(op) => self.of_scalar(func, inst).into_iter().collect(),
            Op::MemCopy | Op::MemMove => vec![range(1)],
            Op::MemCmp => vec![range(0), range(1)],
            Op::Call => self.passed(func, inst, |p| p.reads || p.writes).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether an instruction may read memory other than private slots and what it [`Aliases::reads`].
    pub fn reads_shared(&self, func: &Function, inst: InstId) -> bool {
        let data = func.insts[inst];
        match data.op {
            Op::Call => self.summaries.effects(FuncId(data.imm as u32)).reads,
            Op::MemValid => false,
            op => !is_store(op) && !is_load(op) && !is_range(op) && op.info().has_effect(),
        }
    }
}

/// What an instruction writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Written {
    Bytes(Location),
    /// Anything but private slots.
    Shared,
}

impl Written {
    /// Whether it may change the bytes at a location.
    pub fn may_change(self, at: Location) -> bool {
        match self {
            Written::Bytes(other) => may_overlap(other, at),
            Written::Shared => !matches!(at.base, Base::Private(_)),
        }
    }
}

/// Whether two locations may have a byte in common.
pub fn may_overlap(a: Location, b: Location) -> bool {
    if a.base == b.base {
        let (Some((x, n)), Some((y, m))) = (a.span, b.span) else { return true };
        return x < y + m && y < x + n;
    }
    match (a.base, b.base) {
        // Only pointers from elsewhere lead to slots that others know and to data; nothing else meets.
        (Base::Pointer(_), other) | (other, Base::Pointer(_)) => {
            matches!(other, Base::Slot(_) | Base::Data(_) | Base::Pointer(_))
        }
        _ => false,
    }
}

/// The value that constants were added to, and their sum; no sum if other things were added too.
fn root(func: &Function, address: ValueId) -> (ValueId, Option<i64>) {
    let (mut v, mut sum) = (address, Some(0i64));
    // Fields of fields: chains are short, and cleanup makes them shorter.
    for _ in 0..8 {
        let Some(inst) = definition(func, v).filter(|&i| func.insts[i].op == Op::IAdd) else { break };
        let [base, added] = [func.args(inst)[0], func.args(inst)[1]];
        match constant(func, added) {
            Some(c) => sum = sum.and_then(|s| s.checked_add(c)),
            None => {
                // An address and an index; only bases with a name are looked for.
                let named = |v: ValueId| {
                    definition(func, v).is_some_and(|i| matches!(func.insts[i].op, Op::DataAddr | Op::Ctx))
                };
                return match (named(base), named(added)) {
                    (true, false) => (base, None),
                    (false, true) => (added, None),
                    _ => (v, sum),
                };
            }
        }
        v = base;
    }
    (v, sum)
}
