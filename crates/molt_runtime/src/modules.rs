//! Native modules of the standard library, one file each.
//!
//! Every file exports its module with [`native_module!`](crate::native_module) under the symbol listed
//! in [`molt_abi::modules`].

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
    pub(crate) fn to_index(&mut self, w: Word) -> PyResult<i64> {
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
