//! Loops over `range` that count in registers, and looks at variables that need no counts.
//!
//! An iterator that nothing but one `next` and counts uses is nobody else's: what it has left is taken out of it when it is made,
//! and passed around the loop as two more parameters of the block with the `next`. Where it is no iterator of `range`, or has
//! numbers that are not small, nothing is taken out, and each step is a call. The end of the loop is a call too, of an iterator
//! that is used up.

use std::collections::{HashMap, HashSet};

use molt_abi::{ClassId, RtFn, Word, layout};
use molt_base::EntityId;
use molt_ir::cfg::{Dominators, predecessors};
use molt_ir::func::ValueDef;
use molt_ir::{BlockId, Function, InstId, IntCond, Op, Type, ValueId};

use super::Lower;
use super::sequence::RANGE_LEFT;

const WORD_BYTES: u32 = 8;

/// How far words of numbers are apart that are one apart.
const WORD_STEP: i64 = 2;

/// What was found out about one function before it is lowered.
#[derive(Default)]
pub(super) struct Loops {
    headers: HashMap<BlockId, Header>,
    /// By the instruction that makes the iterator, or takes its next item: the block with the latter.
    of: HashMap<InstId, BlockId>,
    /// Variables that are only looked at: the instructions that read them, and the values that are released for them.
    idle: HashSet<InstId>,
    uncounted: HashSet<ValueId>,
    numbers: HashSet<ValueId>,
    /// Iterators of such loops: the stack slots that hold them. Only the slow path and the end of the loop use them, for which no
    /// register is to be held through all of it.
    slots: HashMap<ValueId, u64>,
}

/// The block with the `next` of a loop that counts in registers.
#[derive(Default)]
struct Header {
    /// Blocks that it is entered from for another turn.
    again: HashSet<BlockId>,
    /// Its own parameters: the value before the next one as a word, and how many are left.
    params: Option<[ValueId; 2]>,
    /// The numbers are one apart, if what is iterated is a `range`: no step was written.
    by_one: bool,
    /// What is added to a word for the next one, unless the numbers are one apart.
    by: Option<ValueId>,
    /// The stack slot that holds the iterator.
    slot: u64,
    first: Option<[ValueId; 2]>,
    later: Option<[ValueId; 2]>,
}

/// Instructions that use each value, and whether it is passed to blocks.
struct Uses {
    insts: Vec<Vec<InstId>>,
    passed: Vec<bool>,
    block_of: HashMap<InstId, BlockId>,
}

impl Uses {
    fn new(f: &Function) -> Uses {
        let n = f.values.len();
        let mut uses = Uses { insts: vec![Vec::new(); n], passed: vec![false; n], block_of: HashMap::new() };
        for &b in &f.layout {
            for &i in &f.blocks[b].insts {
                uses.block_of.insert(i, b);
                f.args(i).iter().for_each(|a| uses.insts[a.index()].push(i));
                for &e in f.edges(i) {
                    f.edge_args(e).iter().for_each(|a| uses.passed[a.index()] = true);
                }
            }
        }
        uses
    }

    /// The only instruction of a kind that uses a value; all others are counts.
    fn only(&self, f: &Function, v: ValueId, op: Op) -> Option<InstId> {
        if self.passed[v.index()] {
            return None;
        }
        let mut found = None;
        for &i in &self.insts[v.index()] {
            match f.insts[i].op {
                Op::RcDec => {}
                o if o == op && found.is_none() => found = Some(i),
                _ => return None,
            }
        }
        found
    }
}

impl Loops {
    pub fn new(f: &Function) -> Loops {
        let mut loops = Loops::default();
        let ops =
            |op: Op| f.layout.iter().flat_map(|&b| &f.blocks[b].insts).copied().filter(move |&i| f.insts[i].op == op);
        let (ranges, reads): (Vec<InstId>, Vec<InstId>) =
            (ops(Op::PyRangeIter).collect(), ops(Op::GlobalGet).collect());
        if ranges.is_empty() && reads.is_empty() {
            return loops;
        }
        let uses = Uses::new(f);
        for read in reads {
            loops.look(f, &uses, read);
        }
        if !ranges.is_empty() {
            let (dominators, preds) = (Dominators::new(f), predecessors(f));
            for range in ranges {
                loops.find(f, &uses, &dominators, &preds, range);
            }
        }
        loops
    }

    /// A variable that is read to be checked, and for nothing else.
    fn look(&mut self, f: &Function, uses: &Uses, read: InstId) {
        let Some(check) = uses.only(f, f.result(read), Op::PyCheckBound) else { return };
        let checked = f.result(check);
        let is_released = uses.insts[checked.index()].iter().all(|&i| f.insts[i].op == Op::RcDec);
        // A count before the check would be that of the value itself.
        let counts = uses.insts[f.result(read).index()].len();
        if counts == 1 && is_released && !uses.passed[checked.index()] {
            self.idle.insert(read);
            self.uncounted.insert(checked);
        }
    }

    fn find(
        &mut self,
        f: &Function,
        uses: &Uses,
        dominators: &Dominators,
        preds: &[Vec<molt_ir::cfg::Pred>],
        range: InstId,
    ) {
        let Some(next) = uses.only(f, f.result(range), Op::PyNext) else { return };
        let (made_in, header) = (uses.block_of[&range], uses.block_of[&next]);
        if made_in == header || header == f.entry() || self.headers.contains_key(&header) {
            return;
        }
        let failing = f.edges(next).first().map(|e| e.block);
        let beyond = failing.map_or_else(HashSet::new, |b| reached(f, b, header));
        let mut again = HashSet::new();
        for &(inst, _, from) in &preds[header.index()] {
            if !f.insts[inst].op.info().is_terminator() || !dominators.is_reachable(from) {
                return;
            }
            if dominators.dominates(header, from) {
                if beyond.contains(&from) {
                    return;
                }
                again.insert(from);
            } else if !dominators.dominates(made_in, from) {
                return;
            }
        }
        self.of.insert(range, header);
        self.of.insert(next, header);
        self.numbers.insert(f.result(next));
        let by_one = f.args(range).get(3).is_some_and(|&step| is_unbound(f, step));
        self.headers.insert(header, Header { again, by_one, ..Header::default() });
    }

    pub fn is_header(&self, b: BlockId) -> bool {
        self.headers.contains_key(&b)
    }

    pub fn header_of(&self, inst: InstId) -> Option<BlockId> {
        self.of.get(&inst).copied()
    }

    /// Where a value is kept that no register is for.
    pub fn slot_of(&self, v: ValueId) -> Option<u64> {
        self.slots.get(&v).copied()
    }

    pub fn is_idle(&self, read: InstId) -> bool {
        self.idle.contains(&read)
    }

    pub fn is_uncounted(&self, v: ValueId) -> bool {
        self.uncounted.contains(&v)
    }

    /// Whether a value is an item of a loop that counts in registers: a small number, unless something is out of the ordinary.
    pub fn is_number(&self, v: ValueId) -> bool {
        self.numbers.contains(&v)
    }

    pub fn set_params(&mut self, b: BlockId, params: [ValueId; 2]) {
        if let Some(h) = self.headers.get_mut(&b) {
            h.params = Some(params);
        }
    }

    /// What an edge passes to a block beside the values of its own.
    pub fn passed(&self, from: BlockId, to: BlockId) -> Option<[ValueId; 2]> {
        let header = self.headers.get(&to)?;
        Some(if header.again.contains(&from) { header.later } else { header.first }.expect("made where it dominates"))
    }
}

fn is_unbound(f: &Function, v: ValueId) -> bool {
    matches!(f.values[v].def, ValueDef::Result(inst, _) if f.insts[inst].op == Op::Unbound)
}

/// Blocks that are reached from one without passing another.
fn reached(f: &Function, from: BlockId, without: BlockId) -> HashSet<BlockId> {
    let mut found = HashSet::from([from]);
    let mut waiting = vec![from];
    while let Some(b) = waiting.pop() {
        for &i in &f.blocks[b].insts {
            for e in f.edges(i).iter().filter(|e| e.block != without) {
                if found.insert(e.block) {
                    waiting.push(e.block);
                }
            }
        }
    }
    found
}

impl Lower<'_> {
    /// Takes what an iterator has left out of it, where it is one of small numbers, and puts it away.
    pub(super) fn begin_range(&mut self, header: BlockId, range: InstId, it: ValueId) {
        let slot = self.m.func.stack_slots.len() as u64;
        self.m.func.stack_slots.push(WORD_BYTES);
        let address = self.m.value(Op::SlotAddr, &[], slot, Type::I64);
        self.m.store(address, 0, it);
        self.loops.slots.insert(self.src.result(range), slot);
        self.loops.headers.entry(header).and_modify(|h| h.slot = slot);
        let (plain, ready) = (self.m.cold_block(), self.m.block());
        let params = [(); 3].map(|()| self.m.func.add_param(ready, Type::I64));
        let class = self.m.load32(it, layout::HEADER_CLASS);
        let is_range = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::RANGE_ITERATOR.0));
        self.go_if(is_range, plain);
        let [value, step, left] = self.small_range(it, plain);
        let one = self.m.iconst(1);
        let by_one = self.loops.headers.get(&header).is_some_and(|h| h.by_one);
        let by = match by_one {
            true => {
                let is_one = self.m.icmp_imm(IntCond::Eq, step, Word::small(1).0 as i64);
                self.go_if(is_one, plain);
                self.m.iconst(WORD_STEP)
            }
            false => self.m.int(Op::ISub, &[step, one]),
        };
        let count = self.m.int(Op::SShr, &[left, one]);
        // Every value up to one beyond the last is small.
        let way = self.m.op(Op::IMulOf, &[by, count], 0, &[Type::I64, Type::I1]);
        let short = self.m.block();
        self.m.brif(way[1], (plain, &[]), (short, &[]));
        self.m.current = short;
        let end = self.m.op(Op::IAddOf, &[value, way[0]], 0, &[Type::I64, Type::I1]);
        let fits = self.m.block();
        self.m.brif(end[1], (plain, &[]), (fits, &[]));
        self.m.current = fits;
        let none = self.m.word(Word::small(0));
        self.m.store(it, RANGE_LEFT, none);
        let before = self.m.int(Op::ISub, &[value, by]);
        self.m.jump(ready, &[before, by, count]);
        self.m.current = plain;
        let zero = self.m.iconst(0);
        self.m.jump(ready, &[zero, zero, zero]);
        self.m.current = ready;
        if let Some(h) = self.loops.headers.get_mut(&header) {
            (h.by, h.first) = ((!by_one).then_some(params[1]), Some([params[0], params[2]]));
        }
    }

    /// The next item in a loop that counts in registers, or `UNBOUND` at the end.
    pub(super) fn counted_next(&mut self, header: BlockId) -> ValueId {
        let h = &self.loops.headers[&header];
        let ([value, left], by, slot) = (h.params.expect("made with the block"), h.by, h.slot);
        let (fast, slow, done) = (self.m.block(), self.m.cold_block(), self.m.block());
        let params = [(); 2].map(|()| self.m.func.add_param(done, Type::I64));
        let some = self.m.icmp_imm(IntCond::Ne, left, 0);
        self.m.brif(some, (fast, &[]), (slow, &[]));
        self.m.current = fast;
        let by = by.unwrap_or_else(|| self.m.iconst(WORD_STEP));
        let item = self.m.int(Op::IAdd, &[value, by]);
        let one = self.m.iconst(1);
        let fewer = self.m.int(Op::ISub, &[left, one]);
        self.m.jump(done, &[item, fewer]);
        self.m.current = slow;
        let it = self.in_slot(slot);
        let r = self.rt_checked(RtFn::Next, &[it]);
        let zero = self.m.iconst(0);
        self.m.jump(done, &[r, zero]);
        self.m.current = done;
        // An item that a call gave is no number to count on from, but then nothing is left.
        if let Some(h) = self.loops.headers.get_mut(&header) {
            h.later = Some(params);
        }
        params[0]
    }

    /// Releases what is most likely a small number.
    pub(super) fn drop_number(&mut self, v: ValueId) {
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[v, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        let (other, on) = (self.m.cold_block(), self.m.block());
        self.m.brif(small, (on, &[]), (other, &[]));
        self.m.current = other;
        self.m.dec(v);
        self.m.jump(on, &[]);
        self.m.current = on;
    }
}
