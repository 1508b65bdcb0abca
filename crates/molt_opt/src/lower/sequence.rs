//! Items of lists and steps of the commonest iterators, inline.

use molt_abi::layout;
use molt_abi::{ClassId, RtFn, Word};
use molt_ir::{BlockId, InstId, IntCond, Op, Type, ValueId};

use super::Lower;

/// Words of a range iterator: next value, step, values left.
const RANGE_NEXT: i32 = 8;
const RANGE_STEP: i32 = 16;
pub(super) const RANGE_LEFT: i32 = 24;
/// Words of a list iterator: the list (or `None` when it is used up) and the next index.
const LIST_ITERATOR_LIST: i32 = 8;
const LIST_ITERATOR_INDEX: i32 = 16;

impl Lower<'_> {
    /// Goes on in a new current block only if `condition` holds.
    pub(super) fn go_if(&mut self, condition: ValueId, otherwise: BlockId) {
        let on = self.m.block();
        self.m.brif(condition, (on, &[]), (otherwise, &[]));
        self.m.current = on;
    }

    /// Goes on only if the word is an object of exactly this class.
    fn expect_class(&mut self, w: ValueId, class: ClassId, otherwise: BlockId) {
        let seven = self.m.iconst(7);
        let tag = self.m.int(Op::IAnd, &[w, seven]);
        let is_object = self.m.icmp_imm(IntCond::Eq, tag, 0);
        self.go_if(is_object, otherwise);
        let id = self.m.load32(w, layout::HEADER_CLASS);
        let same = self.m.icmp_imm(IntCond::Eq, id, i64::from(class.0));
        self.go_if(same, otherwise);
    }

    /// Address of the item of a list at a small, non-negative index in bounds.
    fn list_slot(&mut self, list: ValueId, is_list: bool, key: ValueId, slow: BlockId) -> ValueId {
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[key, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        self.go_if(small, slow);
        if !is_list {
            self.expect_class(list, ClassId::LIST, slow);
        }
        let index = self.m.int(Op::SShr, &[key, one]);
        let len = self.m.load(list, layout::LIST_LEN);
        // A negative index is a large unsigned number.
        let inside = self.m.icmp(IntCond::Ult, index, len);
        self.go_if(inside, slow);
        let items = self.m.load(list, layout::LIST_ITEMS);
        let three = self.m.iconst(3);
        let offset = self.m.int(Op::IShl, &[index, three]);
        self.m.int(Op::IAdd, &[items, offset])
    }

    /// Whether the first operand is a list for sure.
    fn on_list(&self, inst: InstId) -> bool {
        self.src.ty(self.src.args(inst)[0]) == Type::List
    }

    pub(super) fn getitem(&mut self, inst: InstId, args: &[ValueId]) -> ValueId {
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let slot = self.list_slot(args[0], self.on_list(inst), args[1], slow);
        let item = self.m.load(slot, 0);
        self.m.inc(item);
        self.m.jump(done, &[item]);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::GetItem, args);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    pub(super) fn setitem(&mut self, inst: InstId, args: &[ValueId]) {
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let slot = self.list_slot(args[0], self.on_list(inst), args[1], slow);
        let old = self.m.load(slot, 0);
        self.m.inc(args[2]);
        self.m.store(slot, 0, args[2]);
        self.m.dec(old);
        self.m.jump(done, &[]);
        self.m.current = slow;
        self.rt_checked(RtFn::SetItem, args);
        self.m.jump(done, &[]);
        self.m.current = done;
    }

    /// The next item, or `UNBOUND` at the end. What `iter` returns is always an object.
    pub(super) fn next(&mut self, it: ValueId) -> ValueId {
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let class = self.m.load32(it, layout::HEADER_CLASS);
        let is_range = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::RANGE_ITERATOR.0));
        let (range, other) = (self.m.block(), self.m.block());
        self.m.brif(is_range, (range, &[]), (other, &[]));
        self.m.current = range;
        self.range_next(it, slow, done);
        self.m.current = other;
        let is_list = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::LIST_ITERATOR.0));
        self.go_if(is_list, slow);
        self.list_next(it, slow, done);
        self.m.current = slow;
        let r = self.rt_checked(RtFn::Next, &[it]);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// The next value of an iterator of `range`, its step and how many values are left; goes on only if all of them are small.
    pub(super) fn small_range(&mut self, it: ValueId, otherwise: BlockId) -> [ValueId; 3] {
        let value = self.m.load(it, RANGE_NEXT);
        let step = self.m.load(it, RANGE_STEP);
        let left = self.m.load(it, RANGE_LEFT);
        let one = self.m.iconst(1);
        let both = self.m.int(Op::IAnd, &[value, step]);
        let all = self.m.int(Op::IAnd, &[both, left]);
        let tag = self.m.int(Op::IAnd, &[all, one]);
        let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
        self.go_if(small, otherwise);
        [value, step, left]
    }

    fn range_next(&mut self, it: ValueId, slow: BlockId, done: BlockId) {
        let [value, step, left] = self.small_range(it, slow);
        let some = self.m.icmp_imm(IntCond::Ne, left, Word::small(0).0 as i64);
        let end = self.m.word(Word::UNBOUND);
        let on = self.m.block();
        self.m.brif(some, (on, &[]), (done, &[end]));
        self.m.current = on;
        let one = self.m.iconst(1);
        let by = self.m.int(Op::ISub, &[step, one]);
        let next = self.m.op(Op::IAddOf, &[value, by], 0, &[Type::I64, Type::I1]);
        let fits = self.m.block();
        self.m.brif(next[1], (slow, &[]), (fits, &[]));
        self.m.current = fits;
        let two = self.m.iconst(2);
        let fewer = self.m.int(Op::ISub, &[left, two]);
        self.m.store(it, RANGE_NEXT, next[0]);
        self.m.store(it, RANGE_LEFT, fewer);
        self.m.jump(done, &[value]);
    }

    fn list_next(&mut self, it: ValueId, slow: BlockId, done: BlockId) {
        let list = self.m.load(it, LIST_ITERATOR_LIST);
        let live = self.m.icmp_imm(IntCond::Ne, list, Word::NONE.0 as i64);
        self.go_if(live, slow);
        let word = self.m.load(it, LIST_ITERATOR_INDEX);
        let one = self.m.iconst(1);
        let index = self.m.int(Op::SShr, &[word, one]);
        let len = self.m.load(list, layout::LIST_LEN);
        let inside = self.m.icmp(IntCond::Ult, index, len);
        self.go_if(inside, slow);
        let items = self.m.load(list, layout::LIST_ITEMS);
        let three = self.m.iconst(3);
        let offset = self.m.int(Op::IShl, &[index, three]);
        let slot = self.m.int(Op::IAdd, &[items, offset]);
        let item = self.m.load(slot, 0);
        self.m.inc(item);
        let two = self.m.iconst(2);
        let later = self.m.int(Op::IAdd, &[word, two]);
        self.m.store(it, LIST_ITERATOR_INDEX, later);
        self.m.jump(done, &[item]);
    }
}
