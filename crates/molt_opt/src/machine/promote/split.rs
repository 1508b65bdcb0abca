//! Cuts stack slots into parts.
//!
//! A part is a run of bytes that loads and stores access as a whole, or, where accesses overlap as those of an enum's
//! variants do, up to eight bytes around them. Copies carry the parts of one slot over to the other, and are then made of
//! loads and stores of parts. Larger overlaps, and those of an f32 with others, stay in memory.

use std::collections::BTreeMap;

use molt_ir::{Function, InstId, Op, Type, ValueId};

use super::super::access::{Class, Place, SlotUses, is_range, ops_of, scalar};
use super::super::edit::{constant, emit};
use super::super::flow::Flow;
use super::{Var, piece};
use molt_base::hash::FastMap;

/// Longest copy, in bytes, that is made of loads and stores.
const LONGEST_COPY: i64 = 256;
/// Most parts of a slot that is split.
const MOST_PARTS: usize = 96;
/// Most rounds in which copies carry parts on.
const ROUNDS: usize = 16;

/// The parts that become values.
pub struct Parts {
    /// For each slot: end and number of each part by its start.
    found: Vec<BTreeMap<i64, (i64, Var)>>,
    classes: Vec<Class>,
}

/// Which bytes of a part an access is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    pub var: Var,
    /// Distance from the start of the part, in bytes.
    pub at: u32,
    /// All of the part.
    pub whole: bool,
}

impl Parts {
    pub fn count(&self) -> usize {
        self.classes.len()
    }
    pub fn find(&self, slot: u32, offset: i64, size: u32) -> Option<Access> {
        let (&start, &(end, var)) = self.found[slot as usize].range(..=offset).next_back()?;
        let last = offset + i64::from(size);
        let at = (offset - start) as u32;
        (last <= end).then_some(Access { var, at, whole: offset == start && last == end })
    }
    pub fn class(&self, var: Var) -> Class {
        self.classes[var as usize]
    }
}

/// A run of bytes of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cut {
    end: i64,
    class: Class,
    /// Some access is of fewer bytes.
    in_pieces: bool,
    /// It stays in memory.
    blocked: bool,
}

/// Runs of a slot by their start; they do not overlap.
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
        let end = offset + i64::from(size);
        if let Some((&start, cut)) = cuts.range_mut(..=offset).next_back()
            && end <= cut.end
        {
            let before = *cut;
            cut.access(class, start == offset && cut.end == end);
            return *cut != before;
        }
        join(cuts, offset, end, class);
        true
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
        let inside = cuts.range(start..start + length).filter(|(_, cut)| !cut.blocked && cut.end <= start + length);
        inside.map(|(&o, cut)| (o - start, (cut.end - o) as u32, cut.class)).collect()
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
        // The parts of both sides are the same unless some stay in memory; then either will do.
        let (slot, start) = to.filter(|_| self.can_split(to)).or(from).expect("one side is a slot");
        let mut pieces = self.cuts_within(slot, start, length);
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

    /// The parts that do not stay in memory.
    fn parts(&self) -> Parts {
        let mut parts = Parts { found: Vec::new(), classes: Vec::new() };
        for cuts in &self.cuts {
            let mut found = BTreeMap::new();
            for (&start, cut) in cuts.iter().flatten().filter(|(_, cut)| !cut.blocked) {
                found.insert(start, (cut.end, parts.classes.len() as Var));
                parts.classes.push(cut.class);
            }
            parts.found.push(found);
        }
        parts
    }
}

impl Cut {
    /// Takes an access of some or all of its bytes in.
    fn access(&mut self, class: Class, whole: bool) {
        match (self.class, class) {
            _ if self.blocked => {}
            (Class::Single, Class::Single) => {}
            (Class::Single, _) | (_, Class::Single) => self.blocked = true,
            (Class::Int | Class::Double, Class::Int | Class::Double) => {
                self.in_pieces |= !whole;
                // Bits are taken apart as an integer.
                let double = !self.in_pieces && (self.class == Class::Double || class == Class::Double);
                self.class = if double { Class::Double } else { Class::Int };
            }
        }
    }
}

/// Makes one run of the runs that overlap a new access, as large and aligned as loads and stores are.
fn join(cuts: &mut Cuts, offset: i64, end: i64, class: Class) {
    let (mut low, mut high) = (offset, end);
    let mut cut = Cut { end, class, in_pieces: false, blocked: false };
    let mut joined = false;
    loop {
        let overlapping: Vec<i64> = cuts.range(..high).filter(|(_, c)| c.end > low).map(|(&start, _)| start).collect();
        if overlapping.is_empty() {
            break;
        }
        joined = true;
        for start in overlapping {
            let other = cuts.remove(&start).expect("it was just found");
            cut.blocked |= other.blocked || other.class == Class::Single || class == Class::Single;
            cut.access(other.class, false);
            (low, high) = (low.min(start), high.max(other.end));
        }
        let mut size = (high - low).unsigned_abs().next_power_of_two() as i64;
        while low.rem_euclid(size) + (high - low) > size {
            size *= 2;
        }
        if size > 8 {
            cut.blocked = true;
        } else {
            low -= low.rem_euclid(size);
            high = low + size;
        }
    }
    cut.in_pieces |= joined;
    cut.end = high;
    cuts.insert(low, cut);
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
