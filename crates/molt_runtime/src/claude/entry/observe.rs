//! Observed bodies.

use molt_abi::{Ret, Word};

use super::super::observe::{self, Place};
use crate::Owned;
use crate::entry::{entries, ret, words};

entries! {
    cl_observe(rt, body: Word, keeps_log: Word) -> Ret { ret(observe::observed(rt, body, keeps_log == Word::TRUE)) }
    cl_assigned(rt, args: *const Word, n: u64) -> Ret {
        if rt.claude.observers != 0 {
            observe::changed_place(rt, Place::Variable, words(args, n)[0]);
        }
        Ret::ok(Owned::NONE.into_word())
    }
}
