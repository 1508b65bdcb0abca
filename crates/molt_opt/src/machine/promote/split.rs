//! Cuts stack slots into parts.
//!
//! A part is a run of bytes that loads and stores access as a whole. Copies carry the parts of one slot over to the other,
//! and are then made of loads and stores of parts. Parts that overlap others stay in memory.

use std::collections::BTreeMap;

use molt_ir::{Function, InstId, Op, Type, ValueId};

use super::super::access::{Class, Place, SlotUses, is_range, ops_of, scalar};
use super::super::edit::{constant, emit};
use super::super::flow::Flow;
use super::super::hash::FastMap;
use super::{Var, piece};

/// Longest copy, in bytes, that is made of loads and stores.
const LONGEST_COPY: i64 = 256;
/// Most parts of a slot that is split.
const MOST_PARTS: usize = 96;
/// Most rounds in which copies carry parts on.
const ROUNDS: usize = 16;

/// The parts that become values.
pub struct Parts {
    found: FastMap<(u32, i64, u32), Var>,
    classes: Vec<Class>,
}

impl Parts {
    pub fn count(&self) -> usize {
        self.classes.len()
    }
    pub fn find(&self, slot: u32, offset: i64, size: u32) -> Option<Var> {
        self.found.get(&(slot, offset, size)).copied()
    }
    pub fn class(&self, var: Var) -> Class {
        self.classes[var as usize]
    }
}

/// Size and class of the accesses at an offset; `None` where different sizes begin or classes do not go together.
type Cut = Option<(u32, Class)>;

/// The accesses of a slot by offset.
type Cuts = BTreeMap<i64, Cut>;

/// A range op with constant length that a slot takes part in.
struct Range {
    inst: InstId,
    to: Option<(u32, i64)>,
    from: Option<(u32, i64)>,
    length: i64,
}

/// Makes the copies of slots that can be split copies of parts; `None` if no slot can.
pub fn run(func: &mut Function, flow: &Flow, uses: &SlotUses<'_>) -> Option<Parts> {
    let mut splitter = Splitter { uses, cuts: Vec::new(), ranges: Vec::new() };
    splitter.collect(func, flow);
    if splitter.cuts.iter().all(Option::is_none) {
        return None;
    }
    splitter.carry();
    splitter.expand(func, flow);
    // What really accesses the slots now decides, whatever became of the copies.
    let mut accesses = Splitter { uses, cuts: Vec::new(), ranges: Vec::new() };
    accesses.collect(func, flow);
    for r in std::mem::take(&mut accesses.ranges) {
        for (slot, _) in [r.to, r.from].into_iter().flatten() {
            accesses.cuts[slot as usize] = None;
        }
    }
    Some(accesses.parts())
}

struct Splitter<'a> {
    uses: &'a SlotUses<'a>,
    /// For each slot that can be split.
    cuts: Vec<Option<Cuts>>,
    ranges: Vec<Range>,
}

impl Splitter<'_> {
    fn collect(&mut self, func: &Function, flow: &Flow) {
        self.cuts = self.uses.leaked.iter().map(|&leaked| (!leaked).then(Cuts::new)).collect();
        for &b in &flow.order {
            for &inst in &func.blocks[b].insts {
                let data = func.insts[inst];
                if let Some((size, class)) = scalar(data.op) {
                    if let Some(place) = self.uses.place(func.args(inst)[0]) {
                        self.scalar(func, place, data.imm as i64, size, class);
                    }
                } else if is_range(data.op) {
                    self.range(func, inst);
                }
            }
        }
    }

    fn scalar(&mut self, func: &Function, place: Place, imm: i64, size: u32, class: Class) {
        let offset = place.offset.and_then(|o| o.checked_add(imm));
        let inside = |o: &i64| *o >= 0 && o + i64::from(size) <= i64::from(func.stack_slots[place.slot as usize]);
        match offset.filter(inside) {
            Some(offset) => {
                self.cut(place.slot, offset, size, class);
            }
            None => self.cuts[place.slot as usize] = None,
        }
    }

    /// Notes an access; whether that is news.
    fn cut(&mut self, slot: u32, offset: i64, size: u32, class: Class) -> bool {
        let Some(cuts) = &mut self.cuts[slot as usize] else { return false };
        if cuts.len() >= MOST_PARTS {
            self.cuts[slot as usize] = None;
            return true;
        }
        let cut = cuts.entry(offset);
        let std::collections::btree_map::Entry::Occupied(mut known) = cut else {
            cut.or_insert(Some((size, class)));
            return true;
        };
        let Some((had_size, had_class)) = *known.get() else { return false };
        let both = match (had_class, class) {
            (a, b) if a == b => Some(a),
            (Class::Int | Class::Double, Class::Int | Class::Double) => Some(Class::Double),
            _ => None,
        };
        let new = both.filter(|_| had_size == size).map(|c| (size, c));
        let changed = *known.get() != new;
        known.insert(new);
        changed
    }

    fn range(&mut self, func: &Function, inst: InstId) {
        let op = func.insts[inst].op;
        let args = func.args(inst);
        let length = constant(func, args[2]).filter(|n| (0..=LONGEST_COPY).contains(n));
        let both = op != Op::MemSet;
        let places = [self.uses.place(args[0]), self.uses.place(args[1]).filter(|_| both)];
        let fits = |p: &Place| {
            let size = i64::from(func.stack_slots[p.slot as usize]);
            p.offset.zip(length).is_some_and(|(o, n)| o >= 0 && o + n <= size)
        };
        let known = op != Op::MemCmp && places.iter().flatten().all(fits);
        let Some(length) = length.filter(|_| known) else {
            for place in places.into_iter().flatten() {
                self.cuts[place.slot as usize] = None;
            }
            return;
        };
        let at = |p: Option<Place>| p.and_then(|p| Some((p.slot, p.offset?)));
        let (to, from) = (at(places[0]), at(places[1]));
        if to.is_some() || from.is_some() {
            self.ranges.push(Range { inst, to, from, length });
        }
    }

    fn can_split(&self, at: Option<(u32, i64)>) -> bool {
        at.is_some_and(|(slot, _)| self.cuts[slot as usize].is_some())
    }

    /// Lets copies carry the parts of each slot to the other, and cuts what is only copied into words.
    fn carry(&mut self) {
        for filled in [false, true] {
            for _ in 0..ROUNDS {
                let mut changed = false;
                for i in 0..self.ranges.len() {
                    changed |= self.carry_one(i, filled);
                }
                if !changed {
                    break;
                }
            }
        }
    }

    fn carry_one(&mut self, index: usize, fill: bool) -> bool {
        let Range { to, from, length, .. } = self.ranges[index];
        let mut changed = false;
        for (here, there) in [(to, from), (from, to)] {
            if !self.can_split(here) {
                continue;
            }
            let Some((slot, start)) = here else { continue };
            let mut pieces = self.cuts_within(slot, start, length);
            if fill {
                let gaps = gaps(start, length, &pieces);
                pieces.extend(gaps);
            }
            for (offset, size, class) in pieces {
                changed |= self.cut(slot, start + offset, size, class);
                if let Some((other, other_start)) = there.filter(|_| self.can_split(there)) {
                    changed |= self.cut(other, other_start + offset, size, class);
                }
            }
        }
        changed
    }

    /// Accesses inside a range of a slot: offset from its start, size, class.
    fn cuts_within(&self, slot: u32, start: i64, length: i64) -> Vec<(i64, u32, Class)> {
        let Some(cuts) = &self.cuts[slot as usize] else { return Vec::new() };
        let inside = cuts.range(start..start + length);
        let known = inside.filter_map(|(&o, cut)| cut.map(|(size, class)| (o - start, size, class)));
        known.filter(|&(o, size, _)| o + i64::from(size) <= length).collect()
    }

    /// Replaces range ops by loads and stores.
    fn expand(&mut self, func: &mut Function, flow: &Flow) {
        let mut expanded: FastMap<InstId, usize> = FastMap::default();
        for (i, r) in self.ranges.iter().enumerate() {
            if self.can_split(r.to) || self.can_split(r.from) {
                expanded.insert(r.inst, i);
            }
        }
        if expanded.is_empty() {
            return;
        }
        for &b in &flow.order {
            if !func.blocks[b].insts.iter().any(|i| expanded.contains_key(i)) {
                continue;
            }
            let mut out = Vec::new();
            for inst in std::mem::take(&mut func.blocks[b].insts) {
                match expanded.get(&inst) {
                    Some(&i) => self.expand_one(func, i, &mut out),
                    None => out.push(inst),
                }
            }
            func.blocks[b].insts = out;
        }
    }

    fn expand_one(&self, func: &mut Function, index: usize, out: &mut Vec<InstId>) {
        let Range { inst, to, from, length } = self.ranges[index];
        // The parts of both sides are the same unless they overlap others; then either will do.
        let (slot, start) = to.filter(|_| self.can_split(to)).or(from).expect("one side is a slot");
        let mut pieces = self.cuts_within(slot, start, length);
        let mut end = 0;
        pieces.retain(|&(offset, size, _)| {
            let free = offset >= end;
            if free {
                end = offset + i64::from(size);
            }
            free
        });
        let gaps = gaps(start, length, &pieces);
        pieces.extend(gaps);
        pieces.sort_unstable();
        let loc = func.insts[inst].loc;
        let [base, source] = [func.args(inst)[0], func.args(inst)[1]];
        if func.insts[inst].op == Op::MemSet {
            for (offset, size, class) in pieces {
                let (v, class) = filled(func, out, source, size, class, loc);
                piece(func, out, ops_of(size, class).1, &[base, v], offset, loc);
            }
            return;
        }
        let loaded: Vec<Option<ValueId>> = pieces
            .iter()
            .map(|&(offset, size, class)| piece(func, out, ops_of(size, class).0, &[source], offset, loc))
            .collect();
        for (&(offset, size, class), v) in pieces.iter().zip(loaded) {
            let v = v.expect("a load has a result");
            piece(func, out, ops_of(size, class).1, &[base, v], offset, loc);
        }
    }

    /// The parts that overlap no other.
    fn parts(&self) -> Parts {
        let mut parts = Parts { found: FastMap::default(), classes: Vec::new() };
        for (slot, cuts) in self.cuts.iter().enumerate() {
            let Some(cuts) = cuts else { continue };
            // Where sizes or classes clash, the end is not known; assume the largest access.
            let spans: Vec<(i64, i64, Cut)> =
                cuts.iter().map(|(&o, &cut)| (o, o + cut.map_or(8, |(size, _)| i64::from(size)), cut)).collect();
            let mut reached = i64::MIN;
            for (i, &(start, end, cut)) in spans.iter().enumerate() {
                let next = spans.get(i + 1).map_or(i64::MAX, |s| s.0);
                if let Some((size, class)) = cut.filter(|_| start >= reached && end <= next) {
                    parts.found.insert((slot as u32, start, size), parts.classes.len() as u32);
                    parts.classes.push(class);
                }
                reached = reached.max(end);
            }
        }
        parts
    }
}

/// Pieces of a range that no part covers, as large as their position allows.
fn gaps(start: i64, length: i64, pieces: &[(i64, u32, Class)]) -> Vec<(i64, u32, Class)> {
    let mut covered: Vec<(i64, i64)> = pieces.iter().map(|&(o, size, _)| (o, o + i64::from(size))).collect();
    covered.sort_unstable();
    covered.push((length, length));
    let mut out = Vec::new();
    let mut at = 0;
    for (from, to) in covered {
        while at < from {
            let fits = |&size: &u32| (start + at) % i64::from(size) == 0 && at + i64::from(size) <= from;
            let size = [8, 4, 2, 1].into_iter().find(fits).expect("a byte fits");
            out.push((at, size, Class::Int));
            at += i64::from(size);
        }
        at = at.max(to);
    }
    out
}

/// A value of `size` bytes that are all `byte`, and its class.
fn filled(
    func: &mut Function,
    out: &mut Vec<InstId>,
    byte: ValueId,
    size: u32,
    class: Class,
    loc: molt_ir::LocId,
) -> (ValueId, Class) {
    let Some(c) = constant(func, byte) else {
        let mask = emit(func, out, Op::IConst, &[], 0xff, Type::I64, loc);
        let low = emit(func, out, Op::IAnd, &[byte, mask], 0, Type::I64, loc);
        let ones = emit(func, out, Op::IConst, &[], 0x0101_0101_0101_0101, Type::I64, loc);
        return (emit(func, out, Op::IMul, &[low, ones], 0, Type::I64, loc), Class::Int);
    };
    let pattern = (c as u64 & 0xff) * 0x0101_0101_0101_0101;
    let single = f32::from_bits(pattern as u32);
    match class {
        Class::Single if !single.is_nan() => {
            let bits = f64::from(single).to_bits();
            (emit(func, out, Op::FConst, &[], bits, Type::F64, loc), Class::Single)
        }
        Class::Double => (emit(func, out, Op::FConst, &[], pattern, Type::F64, loc), Class::Double),
        Class::Single | Class::Int => {
            let bits = pattern >> (64 - 8 * size);
            (emit(func, out, Op::IConst, &[], bits, Type::I64, loc), Class::Int)
        }
    }
}
