//! `with-sandbox`, what the command line grants, and the capability of `require`.

use molt_abi::{Ret, Word};

use super::super::sandbox::{denied, restrict, within};
use crate::Owned;
use crate::api::str_text;
use crate::entry::{entries, ret};

entries! {
    cl_with_sandbox(rt, options: Word, body: Word) -> Ret { ret(within(rt, options, body)) }
    cl_restrict(rt, rules: Word) -> Ret { ret(restrict(rt, &str_text(rules)).map(|()| Owned::NONE)) }
    cl_may_import(rt, _path: Word) -> Ret {
        if denied(rt, "module.import", "require") { Ret::ERR } else { Ret::ok(Word::NONE) }
    }
}
