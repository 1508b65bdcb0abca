//! Which memory an access reaches, and which other accesses may change it.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, InstId, Op, Program, ValueId};

use super::access::{SlotUses, is_load, is_range, is_store, scalar};
use super::call_graph::CallGraph;
use super::edit::{constant, definition};

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    pub base: Base,
    /// First byte and number of bytes.
    pub span: Option<(i64, i64)>,
}

/// What a function may do to memory of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    pub reads: bool,
    pub writes: bool,
}

/// Effects of every function of a program; `None` of one that is not known stands for all effects.
pub struct Summaries(Vec<Effects>);

impl Summaries {
    pub fn new(program: &Program) -> Summaries {
        let unknown = Effects { reads: true, writes: true };
        let mut all = Summaries(vec![unknown; program.funcs.len()]);
        let graph = CallGraph::new(program);
        // A circle starts as harmless and is looked at until it does not get worse.
        let mut at = 0;
        while at < graph.bottom_up.len() {
            let component = |f: FuncId| graph.component[f.index()];
            let end = (at..graph.bottom_up.len())
                .find(|&i| component(graph.bottom_up[i]) != component(graph.bottom_up[at]))
                .unwrap_or(graph.bottom_up.len());
            let members = &graph.bottom_up[at..end];
            members.iter().for_each(|f| all.0[f.index()] = Effects::default());
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
            at = end;
        }
        all
    }

    pub fn of(&self, f: FuncId) -> Effects {
        self.0[f.index()]
    }

    fn of_body(&self, func: &Function) -> Effects {
        let flow = super::flow::Flow::new(func);
        let uses = SlotUses::new(func, &flow);
        let mut effects = Effects::default();
        for &inst in flow.order.iter().flat_map(|&b| &func.blocks[b].insts) {
            let data = func.insts[inst];
            // What a function does to its own slots is nobody else's business.
            let own = |v: ValueId| uses.place(v).is_some();
            let args = func.args(inst);
            match data.op {
                Op::Call => {
                    let callee = self.of(FuncId(data.imm as u32));
                    effects.reads |= callee.reads;
                    effects.writes |= callee.writes;
                }
                op if is_load(op) => effects.reads |= !own(args[0]),
                op if is_store(op) || op == Op::MemSet => effects.writes |= !own(args[0]),
                Op::MemCopy | Op::MemMove => {
                    effects.writes |= !own(args[0]);
                    effects.reads |= !own(args[1]);
                }
                Op::MemCmp => effects.reads = true,
                Op::MemValid => {}
                op if op.info().has_effect() => effects = Effects { reads: true, writes: true },
                _ => {}
            }
        }
        effects
    }
}

/// Aliasing in one function.
pub struct Aliases<'a> {
    pub uses: &'a SlotUses,
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

    /// What an instruction may write.
    pub fn written(&self, func: &Function, inst: InstId) -> Written {
        let data = func.insts[inst];
        match data.op {
            op if is_store(op) => self.of_scalar(func, inst).map_or(Written::Shared, Written::Bytes),
            Op::MemCopy | Op::MemMove | Op::MemSet => {
                let args = func.args(inst);
                Written::Bytes(self.location(func, args[0], 0, constant(func, args[2])))
            }
            Op::MemValid => Written::Nothing,
            Op::Call if !self.summaries.of(FuncId(data.imm as u32)).writes => Written::Nothing,
            op if op.info().has_effect() => Written::Shared,
            _ => Written::Nothing,
        }
    }

    /// Whether an instruction may read memory other than private slots.
    pub fn reads_shared(&self, func: &Function, inst: InstId) -> bool {
        let data = func.insts[inst];
        match data.op {
            Op::Call => self.summaries.of(FuncId(data.imm as u32)).reads,
            Op::MemValid => false,
            op => !is_store(op) && !is_load(op) && !is_range(op) && op.info().has_effect(),
        }
    }
}

/// What an instruction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    Nothing,
    Bytes(Location),
    /// Anything but private slots.
    Shared,
}

impl Written {
    /// Whether it may change the bytes at a location.
    pub fn may_change(self, at: Location) -> bool {
        match self {
            Written::Nothing => false,
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
