//! Memory accesses: which op reads or writes how many bytes of what kind, and where addresses lead that are made from
//! stack slots.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, InstId, Op, Type, ValueId};

use super::alias::Summaries;
use super::edit::constant;
use super::flow::Flow;

/// What the bytes of a load or store are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Class {
    Int,
    Double,
    Single,
}

/// Size in bytes and class of a load or store.
pub fn scalar(op: Op) -> Option<(u32, Class)> {
    Some(match op {
        Op::Load64 | Op::Store64 => (8, Class::Int),
        Op::Load32 | Op::LoadS32 | Op::Store32 => (4, Class::Int),
        Op::Load16 | Op::LoadS16 | Op::Store16 => (2, Class::Int),
        Op::Load8 | Op::LoadS8 | Op::Store8 => (1, Class::Int),
        Op::LoadF | Op::StoreF => (8, Class::Double),
        Op::LoadF32 | Op::StoreF32 => (4, Class::Single),
        _ => return None,
    })
}

pub fn is_store(op: Op) -> bool {
    matches!(op, Op::Store64 | Op::Store32 | Op::Store16 | Op::Store8 | Op::StoreF | Op::StoreF32)
}

pub fn is_load(op: Op) -> bool {
    scalar(op).is_some() && !is_store(op)
}

pub fn is_range(op: Op) -> bool {
    matches!(op, Op::MemCopy | Op::MemMove | Op::MemSet | Op::MemCmp)
}

/// The plain load and store of so many bytes.
pub fn ops_of(size: u32, class: Class) -> (Op, Op, Type) {
    match (size, class) {
        (_, Class::Double) => (Op::LoadF, Op::StoreF, Type::F64),
        (_, Class::Single) => (Op::LoadF32, Op::StoreF32, Type::F64),
        (8, Class::Int) => (Op::Load64, Op::Store64, Type::I64),
        (4, Class::Int) => (Op::Load32, Op::Store32, Type::I64),
        (2, Class::Int) => (Op::Load16, Op::Store16, Type::I64),
        (_, Class::Int) => (Op::Load8, Op::Store8, Type::I64),
    }
}

/// An address in a stack slot; no offset where it is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub slot: u32,
    pub offset: Option<i64>,
}

/// What becomes of the addresses of stack slots in a function, and of those that it is called with: parameter `i` counts
/// as slot `i` behind the real ones.
pub struct SlotUses<'a> {
    places: Vec<Option<Place>>,
    /// The address is kept, passed or mixed with others, so that any memory op may reach the slot.
    pub leaked: Vec<bool>,
    leaks: Vec<Leak>,
    /// What callees do with addresses; without it, passing one is to let it leave.
    summaries: Option<&'a Summaries>,
}

/// An instruction that lets the address of a slot leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    pub inst: InstId,
    pub slot: u32,
}

impl<'a> SlotUses<'a> {
    pub fn new(func: &Function, flow: &Flow, summaries: Option<&'a Summaries>) -> SlotUses<'a> {
        let slots = func.stack_slots.len();
        let mut uses = SlotUses {
            places: vec![None; func.values.len()],
            leaked: vec![false; slots],
            leaks: Vec::new(),
            summaries,
        };
        if slots > 0 {
            uses.scan(func, flow);
        }
        uses
    }

    /// Follows addresses that a function is called with, too.
    pub fn with_params(func: &Function, flow: &Flow, summaries: &'a Summaries) -> SlotUses<'a> {
        let slots = func.stack_slots.len();
        let leaked = vec![false; slots + func.params().len()];
        let mut uses =
            SlotUses { places: vec![None; func.values.len()], leaked, leaks: Vec::new(), summaries: Some(summaries) };
        for (i, &p) in func.params().iter().enumerate() {
            uses.places[p.index()] = Some(Place { slot: (slots + i) as u32, offset: Some(0) });
        }
        uses.scan(func, flow);
        uses
    }

    fn scan(&mut self, func: &Function, flow: &Flow) {
        for &b in &flow.order {
            for &inst in &func.blocks[b].insts {
                self.inst(func, inst);
            }
        }
    }

    /// Where an address leads.
    pub fn place(&self, v: ValueId) -> Option<Place> {
        self.places.get(v.index()).copied().flatten()
    }

    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    fn inst(&mut self, func: &Function, inst: InstId) {
        let data = func.insts[inst];
        let args = func.args(inst);
        match data.op {
            Op::SlotAddr => {
                let place = Place { slot: data.imm as u32, offset: Some(0) };
                self.places[func.result(inst).index()] = Some(place);
            }
            Op::IAdd => self.sum(func, inst),
            op if is_store(op) => self.leak(inst, &args[1..]),
            op if is_load(op) || op == Op::MemValid => {}
            Op::MemSet => self.leak(inst, &args[1..]),
            Op::MemCopy | Op::MemMove | Op::MemCmp => self.leak(inst, &args[2..]),
            Op::ICmp => {}
            Op::Call => {
                let callee = FuncId(data.imm as u32);
                for (i, &v) in args.iter().enumerate() {
                    if self.summaries.is_none_or(|s| s.param(callee, i).leaves) {
                        self.leak(inst, &[v]);
                    }
                }
            }
            _ => self.leak(inst, args),
        }
        for &e in func.edges(inst) {
            self.leak(inst, func.edge_args(e));
        }
    }

    fn sum(&mut self, func: &Function, inst: InstId) {
        let [a, b] = [func.args(inst)[0], func.args(inst)[1]];
        let (base, added) = match (self.place(a), self.place(b)) {
            (Some(base), None) => (base, b),
            (None, Some(base)) => (base, a),
            (None, None) => return,
            (Some(_), Some(_)) => return self.leak(inst, &[a, b]),
        };
        let offset = match (base.offset, constant(func, added)) {
            (Some(at), Some(c)) => at.checked_add(c),
            _ => None,
        };
        self.places[func.result(inst).index()] = Some(Place { slot: base.slot, offset });
    }

    fn leak(&mut self, inst: InstId, values: &[ValueId]) {
        for &v in values {
            if let Some(place) = self.place(v) {
                self.leaked[place.slot as usize] = true;
                self.leaks.push(Leak { inst, slot: place.slot });
            }
        }
    }
}
