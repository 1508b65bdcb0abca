//! `head`, `tail` and `cons` of ClaudeLang's lists, as far as they need no new chunk of memory:
//! `molt_runtime/src/claude/list.rs` says how lists are laid out.

use molt_abi::layout::{Header, ListSliceObj};
use molt_abi::{ClassId, RtFn, Word, context, layout};
use molt_ir::{BlockId, IntCond, Op, Type, ValueId};

use super::super::Lower;

/// What one item more or less does to the word of a place.
const ONE_ITEM: i64 = 2;

/// Writes the inline path: operands, where to go with what it does not do, where to go with the result.
type Inline<'a> = fn(&mut Lower<'a>, &[ValueId], BlockId, BlockId);

impl<'a> Lower<'a> {
    /// A runtime function on words.
    pub(in crate::lower) fn claude_function(&mut self, f: RtFn, args: &[ValueId]) -> ValueId {
        let inline: Inline<'a> = match f {
            _ if self.program.compact => return self.rt_checked(f, args),
            RtFn::ClHead => Lower::head,
            RtFn::ClTail => Lower::tail,
            RtFn::ClCons => Lower::push_front,
            RtFn::ClPush => Lower::push_back,
            RtFn::ClSequence => Lower::sequence,
            _ => return self.rt_checked(f, args),
        };
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        inline(self, args, slow, done);
        self.m.current = slow;
        let r = self.rt_checked(f, args);
        self.m.jump(done, &[r]);
        self.m.current = done;
        result
    }

    /// Goes to a new current block with a flat list, and to the block that is the result with a cell.
    fn by_form(&mut self, list: ValueId, slow: BlockId) -> BlockId {
        let (flat, other, cell) = (self.m.block(), self.m.block(), self.m.block());
        let class = self.object_class(list, slow);
        let is_cell = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::CONS.0));
        self.m.brif(is_cell, (cell, &[]), (other, &[]));
        self.m.current = other;
        let is_flat = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::CLAUDE_LIST.0));
        self.m.brif(is_flat, (flat, &[]), (slow, &[]));
        self.m.current = flat;
        cell
    }

    /// Goes on in a new block if the bit is set.
    fn go_on_if(&mut self, bit: ValueId, slow: BlockId) {
        let go = self.m.block();
        self.m.brif(bit, (go, &[]), (slow, &[]));
        self.m.current = go;
    }

    /// How an object's references compare with exactly one.
    fn compare_with_sole(&mut self, object: ValueId, cond: IntCond) -> ValueId {
        let refs = self.m.load32(object, layout::HEADER_REFS);
        let counted = self.m.iconst(i64::from(!Header::BUFFERED as u32));
        let refs = self.m.int(Op::IAnd, &[refs, counted]);
        self.m.icmp_imm(cond, refs, i64::from(Header::ONE))
    }

    /// Goes on only with an object that has one reference.
    fn go_on_if_sole(&mut self, object: ValueId, slow: BlockId) {
        let is_sole = self.compare_with_sole(object, IntCond::Eq);
        self.go_on_if(is_sole, slow);
    }

    /// Address of a word of a node less the offset of a tuple's items, by the small integer that is its place.
    fn item_address(&mut self, node: ValueId, place: ValueId) -> ValueId {
        let (tag, shift) = (self.m.iconst(1), self.m.iconst(2));
        let doubled = self.m.int(Op::ISub, &[place, tag]);
        let offset = self.m.int(Op::IShl, &[doubled, shift]);
        self.m.int(Op::IAdd, &[node, offset])
    }

    fn head(&mut self, args: &[ValueId], slow: BlockId, done: BlockId) {
        let list = args[0];
        let cell = self.by_form(list, slow);
        let (start, end) = (self.m.load(list, layout::SLICE_START), self.m.load(list, layout::SLICE_END));
        let has_items = self.m.icmp(IntCond::Slt, start, end);
        self.go_on_if(has_items, slow);
        let node = self.m.load(list, layout::SLICE_NODE);
        let address = self.item_address(node, start);
        let item = self.owned_load(address, layout::TUPLE_ITEMS);
        self.m.jump(done, &[item]);
        self.m.current = cell;
        let item = self.owned_load(list, layout::CONS_VALUE);
        self.m.jump(done, &[item]);
    }

    /// Of a cell that others hold too, and of a flat list: in place if nobody else holds it, and its node keeps the item if
    /// others hold the node.
    fn tail(&mut self, args: &[ValueId], slow: BlockId, done: BlockId) {
        let list = args[0];
        let cell = self.by_form(list, slow);
        let (before, end) = (self.m.load(list, layout::SLICE_START), self.m.load(list, layout::SLICE_END));
        let step = self.m.iconst(ONE_ITEM);
        let start = self.m.int(Op::IAdd, &[before, step]);
        let stays = self.m.icmp(IntCond::Slt, start, end);
        self.go_on_if(stays, slow);
        let node = self.m.load(list, layout::SLICE_NODE);
        let is_sole = self.compare_with_sole(list, IntCond::Eq);
        let (sole, shared) = (self.m.block(), self.m.block());
        self.m.brif(is_sole, (sole, &[]), (shared, &[]));
        self.m.current = shared;
        let made = self.new_slice(node, (start, end), slow);
        self.m.dec(list);
        self.m.jump(done, &[made]);
        self.m.current = sole;
        let (own, left) = (self.m.block(), self.m.block());
        let is_shared = self.compare_with_sole(node, IntCond::Ne);
        self.m.brif(is_shared, (left, &[]), (own, &[]));
        self.m.current = own;
        self.go_on_if_node(node, slow);
        let address = self.item_address(node, before);
        let item = self.m.load(address, layout::TUPLE_ITEMS);
        let none = self.m.word(Word::UNBOUND);
        self.m.store(address, layout::TUPLE_ITEMS, none);
        self.m.dec(item);
        self.m.jump(left, &[]);
        self.m.current = left;
        self.m.store(list, layout::SLICE_START, start);
        self.m.jump(done, &[list]);
        self.m.current = cell;
        let refs = self.m.value(Op::LoadS32, &[list], layout::HEADER_REFS as u64, Type::I64);
        let is_shared = self.m.icmp_imm(IntCond::Sge, refs, 2 * i64::from(Header::ONE));
        self.go_on_if(is_shared, slow);
        let next = self.owned_load(list, layout::CONS_NEXT);
        // Not the last reference, and no list is its own tail.
        let one = self.m.iconst(i64::from(Header::ONE));
        let left = self.m.int(Op::ISub, &[refs, one]);
        self.m.op(Op::Store32, &[list, left], layout::HEADER_REFS as u64, &[]);
        self.m.jump(done, &[next]);
    }

    /// A flat list of words of a node, which is shared; goes on only if there is a free cell for it.
    fn new_slice(&mut self, node: ValueId, (start, end): (ValueId, ValueId), slow: BlockId) -> ValueId {
        let made = self.new_object(ClassId::CLAUDE_LIST, size_of::<ListSliceObj>(), slow);
        self.m.inc(node);
        self.m.store(made, layout::SLICE_NODE, node);
        self.m.store(made, layout::SLICE_START, start);
        self.m.store(made, layout::SLICE_END, end);
        made
    }

    /// A free cell with the header of an object that has one reference, as the runtime's `alloc_object` makes it.
    fn new_object(&mut self, class: ClassId, size: usize, slow: BlockId) -> ValueId {
        let free = context::CTX_FREE + 8 * ((size - 1) / context::SIZE_CLASS_STEP) as i32;
        let ctx = self.m.ctx();
        let cell = self.m.load(ctx, free);
        let is_cell = self.m.icmp_imm(IntCond::Ne, cell, 0);
        self.go_on_if(is_cell, slow);
        let next = self.m.load(cell, 0);
        self.m.store(ctx, free, next);
        let (live, one) = (self.m.load(ctx, context::CTX_LIVE_OBJECTS), self.m.iconst(1));
        let live = self.m.int(Op::IAdd, &[live, one]);
        self.m.store(ctx, context::CTX_LIVE_OBJECTS, live);
        let header = self.m.iconst(i64::from(Header::ONE) | i64::from(class.0) << 32);
        self.m.store(cell, layout::HEADER_REFS, header);
        cell
    }

    /// Into the room before the first item of a flat list that nobody else holds, in a node of its own.
    fn push_front(&mut self, args: &[ValueId], slow: BlockId, done: BlockId) {
        let (list, item) = (args[0], args[1]);
        let node = self.own_node(list, slow);
        let start = self.m.load(list, layout::SLICE_START);
        let has_room = self.m.icmp_imm(IntCond::Sgt, start, 1);
        self.go_on_if(has_room, slow);
        let step = self.m.iconst(ONE_ITEM);
        let start = self.m.int(Op::ISub, &[start, step]);
        self.replace(node, start, item);
        self.m.store(list, layout::SLICE_START, start);
        self.m.jump(done, &[list]);
    }

    /// Into the room behind the last item of such a list.
    fn push_back(&mut self, args: &[ValueId], slow: BlockId, done: BlockId) {
        let (list, item) = (args[0], args[1]);
        let node = self.own_node(list, slow);
        let end = self.m.load(list, layout::SLICE_END);
        let one = self.m.iconst(1);
        let (place, length) = (self.m.int(Op::SShr, &[end, one]), self.m.load(node, layout::TUPLE_LEN));
        let has_room = self.m.icmp(IntCond::Slt, place, length);
        self.go_on_if(has_room, slow);
        self.replace(node, end, item);
        let step = self.m.iconst(ONE_ITEM);
        let end = self.m.int(Op::IAdd, &[end, step]);
        self.m.store(list, layout::SLICE_END, end);
        self.m.jump(done, &[list]);
    }

    /// The node of a flat list that nobody else holds, if it has no other list.
    fn own_node(&mut self, list: ValueId, slow: BlockId) -> ValueId {
        let class = self.object_class(list, slow);
        let is_flat = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::CLAUDE_LIST.0));
        self.go_on_if(is_flat, slow);
        self.go_on_if_sole(list, slow);
        let node = self.m.load(list, layout::SLICE_NODE);
        self.go_on_if_node(node, slow);
        self.go_on_if_sole(node, slow);
        node
    }

    /// Goes on only with a node that is no tuple.
    fn go_on_if_node(&mut self, node: ValueId, slow: BlockId) {
        let class = self.m.load32(node, layout::HEADER_CLASS);
        let is_node = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::NODE.0));
        self.go_on_if(is_node, slow);
    }

    /// Shares a value with a word of a node, and releases what was there.
    fn replace(&mut self, node: ValueId, place: ValueId, item: ValueId) {
        let address = self.item_address(node, place);
        let before = self.m.load(address, layout::TUPLE_ITEMS);
        self.m.inc(item);
        self.m.store(address, layout::TUPLE_ITEMS, item);
        self.m.dec(before);
    }

    /// The list itself.
    fn sequence(&mut self, args: &[ValueId], slow: BlockId, done: BlockId) {
        let cell = self.by_form(args[0], slow);
        self.m.jump(cell, &[]);
        self.m.current = cell;
        self.m.inc(args[0]);
        self.m.jump(done, &[args[0]]);
    }
}
