//! Predicates of ClaudeLang on the kind of a value: decided by the tag of the word and the class of the object. Only
//! objects of other languages are looked at by the runtime.

use molt_abi::{ClassId, Predicate, RtFn, Word, layout};
use molt_ir::{BlockId, IntCond, Op, Type, ValueId};

use super::super::Lower;

/// What is known of the values that pass a predicate.
struct Test {
    /// Words whose lowest bits are these pass: (mask, bits).
    tags: &'static [(i64, i64)],
    /// Objects of these classes pass.
    classes: &'static [ClassId],
    /// Whether objects of further classes may pass.
    is_open: bool,
}

const SMALL: (i64, i64) = (1, 1);
const FLONUM: (i64, i64) = (3, 2);

fn test_of(which: Predicate) -> Option<Test> {
    let open = |tags, classes| Some(Test { tags, classes, is_open: true });
    let closed = |classes| Some(Test { tags: &[], classes, is_open: false });
    match which {
        Predicate::Int => open(&[SMALL], &[ClassId::INT]),
        Predicate::Float => open(&[FLONUM], &[ClassId::FLOAT]),
        Predicate::Number => open(&[SMALL, FLONUM], &[ClassId::INT, ClassId::FLOAT]),
        Predicate::String => open(&[], &[ClassId::STR]),
        Predicate::Symbol => closed(&[ClassId::SYMBOL]),
        Predicate::Keyword => closed(&[ClassId::KEYWORD]),
        Predicate::List => closed(&[ClassId::CLAUDE_LIST, ClassId::CONS]),
        Predicate::Map => closed(&[ClassId::CLAUDE_MAP, ClassId::TRIE_MAP]),
        Predicate::Set => closed(&[ClassId::CLAUDE_SET, ClassId::TRIE_SET]),
        Predicate::Tuple => open(&[], &[ClassId::TUPLE]),
        Predicate::Procedure => open(&[], &[ClassId::FUNCTION]),
        _ => None,
    }
}

impl Lower<'_> {
    pub(in crate::lower) fn claude_test(&mut self, which: Predicate, v: ValueId) -> ValueId {
        if self.program.compact {
            return self.tested_by_runtime(which, v);
        }
        match which {
            Predicate::Nil => self.m.icmp_imm(IntCond::Eq, v, Word::NONE.0 as i64),
            Predicate::Bool => {
                let is_true = self.m.icmp_imm(IntCond::Eq, v, Word::TRUE.0 as i64);
                let is_false = self.m.icmp_imm(IntCond::Eq, v, Word::FALSE.0 as i64);
                self.m.value(Op::BOr, &[is_true, is_false], 0, Type::I1)
            }
            Predicate::Null | Predicate::Empty => self.list_is_empty(which, v),
            _ => match test_of(which) {
                Some(test) => self.test_kind(which, &test, v),
                None => self.tested_by_runtime(which, v),
            },
        }
    }

    fn tested_by_runtime(&mut self, which: Predicate, v: ValueId) -> ValueId {
        let which = self.m.iconst(which as i64);
        let word = self.rt_checked(RtFn::ClTest, &[which, v]);
        self.m.icmp_imm(IntCond::Eq, word, Word::TRUE.0 as i64)
    }

    fn test_kind(&mut self, which: Predicate, test: &Test, v: ValueId) -> ValueId {
        let done = self.m.block();
        let result = self.m.func.add_param(done, Type::I1);
        for &(mask, bits) in test.tags {
            let mask = self.m.iconst(mask);
            let tag = self.m.int(Op::IAnd, &[v, mask]);
            let fits = self.m.icmp_imm(IntCond::Eq, tag, bits);
            self.leave_if(fits, done);
        }
        let no_object = self.m.block();
        let class = self.object_class(v, no_object);
        for &c in test.classes {
            let fits = self.m.icmp_imm(IntCond::Eq, class, i64::from(c.0));
            self.leave_if(fits, done);
        }
        if test.is_open {
            // Those of the language itself are told by their classes alone.
            let first = self.m.iconst(i64::from(ClassId::SYMBOL.0));
            let place = self.m.int(Op::ISub, &[class, first]);
            let limit = self.m.iconst(i64::from(ClassId::REF.0 - ClassId::SYMBOL.0) + 1);
            let own = self.m.icmp(IntCond::Ult, place, limit);
            let slow = self.m.cold_block();
            self.m.brif(own, (no_object, &[]), (slow, &[]));
            self.m.current = slow;
            let answer = self.tested_by_runtime(which, v);
            self.m.jump(done, &[answer]);
        } else {
            self.m.jump(no_object, &[]);
        }
        self.m.current = no_object;
        let no = self.m.value(Op::BConst, &[], 0, Type::I1);
        self.m.jump(done, &[no]);
        self.m.current = done;
        result
    }

    /// Goes to a block with `true` if the bit is set.
    fn leave_if(&mut self, bit: ValueId, done: BlockId) {
        let (yes, next) = (self.m.value(Op::BConst, &[], 1, Type::I1), self.m.block());
        self.m.brif(bit, (done, &[yes]), (next, &[]));
        self.m.current = next;
    }

    fn list_is_empty(&mut self, which: Predicate, v: ValueId) -> ValueId {
        let (slow, flat, other, done) = (self.m.cold_block(), self.m.block(), self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I1);
        let class = self.object_class(v, slow);
        let is_flat = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::CLAUDE_LIST.0));
        self.m.brif(is_flat, (flat, &[]), (other, &[]));
        self.m.current = flat;
        let (start, end) = (self.m.load(v, layout::SLICE_START), self.m.load(v, layout::SLICE_END));
        let is_empty = self.m.icmp(IntCond::Eq, start, end);
        self.m.jump(done, &[is_empty]);
        self.m.current = other;
        let is_cell = self.m.icmp_imm(IntCond::Eq, class, i64::from(ClassId::CONS.0));
        let no = self.m.value(Op::BConst, &[], 0, Type::I1);
        self.m.brif(is_cell, (done, &[no]), (slow, &[]));
        self.m.current = slow;
        let answer = self.tested_by_runtime(which, v);
        self.m.jump(done, &[answer]);
        self.m.current = done;
        result
    }
}
