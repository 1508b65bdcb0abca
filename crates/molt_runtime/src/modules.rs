//! Native modules of the standard library, one file each.
//!
//! Every file exports its module with [`native_module!`](crate::native_module) under the symbol listed
//! in [`molt_abi::modules`].

use alloc::format;

pub mod abc;
pub mod atexit;
pub mod bisect;
pub mod collections;
pub mod errno;
pub mod functools;
pub mod gc;
pub mod heapq;
pub mod io;
pub mod itertools;
pub mod json;
pub mod math;
pub mod operator;
pub mod posix;
pub mod random;
pub mod string;
pub mod time;
pub mod types;
pub mod typing;
pub mod weakref;

use molt_abi::Word;

use crate::names::Name;
use crate::{Isolate, PyResult};

/// The descriptors of all native modules, for the address table.
pub(crate) mod exports {
    pub(crate) use crate::builtins::molt_module_builtins;
    pub(crate) use crate::grok::across::molt_module_grok;
    pub(crate) use crate::modules::abc::molt_module_abc;
    pub(crate) use crate::modules::atexit::molt_module_atexit;
    pub(crate) use crate::modules::bisect::molt_module_bisect;
    pub(crate) use crate::modules::collections::molt_module_collections;
    pub(crate) use crate::modules::errno::molt_module_errno;
    pub(crate) use crate::modules::functools::molt_module_functools;
    pub(crate) use crate::modules::gc::molt_module_gc;
    pub(crate) use crate::modules::heapq::molt_module_heapq;
    pub(crate) use crate::modules::io::molt_module_io;
    pub(crate) use crate::modules::itertools::molt_module_itertools;
    pub(crate) use crate::modules::json::molt_module_json;
    pub(crate) use crate::modules::math::molt_module_math;
    pub(crate) use crate::modules::operator::molt_module_operator;
    pub(crate) use crate::modules::posix::molt_module_posix;
    pub(crate) use crate::modules::random::molt_module_random;
    pub(crate) use crate::modules::string::molt_module_string;
    pub(crate) use crate::modules::time::molt_module_time;
    pub(crate) use crate::modules::types::molt_module_types;
    pub(crate) use crate::modules::typing::molt_module_typing;
    pub(crate) use crate::modules::weakref::molt_module_weakref;
    pub(crate) use crate::sys::molt_module_sys;
}

impl Isolate {
    /// Special method of an object's class, borrowed; `None` when absent.
    #[inline]
    pub(crate) fn lookup_special(&mut self, w: Word, name: Name) -> Option<Word> {
        let method = self.special(self.class_of(w), name);
        (!method.is_unbound()).then_some(method)
    }

    /// Whether `iter(w)` can work: the class has `__iter__` or `__getitem__`.
    pub(crate) fn is_iterable(&mut self, w: Word) -> bool {
        self.lookup_special(w, Name::ITER).is_some_and(|m| !m.is_none())
            || self.lookup_special(w, Name::GETITEM).is_some()
    }

    /// An index: IndexError "cannot fit 'X' into an index-sized integer" when it is too large.
    pub(crate) fn sized_index(&mut self, w: Word) -> PyResult<i64> {
        if let Some(i) = w.to_small() {
            return Ok(i);
        }
        let i = self.index(w)?;
        match crate::num::int::to_i64(i.word()) {
            Some(v) => Ok(v),
            None => {
                let name = self.type_name(w);
                Err(self.index_error(format!("cannot fit '{name}' into an index-sized integer")))
            }
        }
    }
}
