//! Isolates in which macros run while a program is compiled.
//!
//! The data of a macro are ordinary values. What an object was made from is a number that the compiler chose, its
//! *origin*: it belongs to the object and not to its value, so it stays when a macro passes the object on, and is lost when
//! the macro makes another object. Nothing that the language has can tell objects apart by it. An object with an origin
//! has an entry in the side table, hence is never [sole](super::node::is_sole) and changed in place.
//!
//! Symbols of one name and different origins are different objects. They are equal, have one hash and print alike.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use molt_abi::Word;
use molt_abi::layout::ProgramDesc;

use super::error::error_field;
use super::{keep, limits, list, print, symbol};
use crate::api::str_text;
use crate::current::set_current;
use crate::{Isolate, Owned, PyResult, Raised};

/// Gives an object an origin, which is not 0. Immortal objects, which have many places, stay without.
pub fn set_origin(rt: &mut Isolate, w: Word, origin: u32) {
    if w.is_object() && !rt.is_immortal(w) {
        rt.side_mut(w).origin = origin;
    }
}

/// The origin of a value, 0 if it has none.
pub fn origin(rt: &Isolate, w: Word) -> u32 {
    if w.is_object() { rt.sides.get(&w.0).map_or(0, |s| s.origin) } else { 0 }
}

/// A symbol with an origin, an object of its own.
pub fn symbol(rt: &mut Isolate, name: &str, origin: u32) -> Owned {
    let name = rt.intern(name);
    let made = symbol::apart(rt, name);
    set_origin(rt, made.word(), origin);
    made
}

/// A symbol or list of a template: the symbol of this name and origin, which there is one of, or a copy of the list with
/// the origin.
pub(super) fn of_template(rt: &mut Isolate, w: Word, origin: u32) -> Owned {
    if symbol::is_symbol(rt, w) {
        return Owned::share(template_symbol(rt, symbol::name_of(w), origin));
    }
    debug_assert!(list::is_list(rt, w));
    if origin == 0 && list::len(w) == 0 {
        return list::empty(rt);
    }
    let items: Vec<Word> = list::iter(w).collect();
    let made = if items.is_empty() { list::make_empty(rt) } else { list::from_words(rt, &items) };
    if origin != 0 {
        set_origin(rt, made.word(), origin);
    }
    made
}

fn template_symbol(rt: &mut Isolate, name: Word, origin: u32) -> Word {
    let key = (name.0, origin as usize);
    if let Some(&known) = rt.claude.templates.get(&key) {
        return known;
    }
    let made = symbol::apart(rt, name);
    set_origin(rt, made.word(), origin);
    let w = keep(rt, made);
    rt.claude.templates.insert(key, w);
    w
}

/// What went wrong while macros ran: the type and the message of the error, and where it was raised.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: String,
    pub message: String,
    pub place: Option<Place>,
}

/// A range of a file: lines count from 1, columns in characters from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub file: String,
    pub start: (u32, u32),
    pub end: (u32, u32),
}

/// A program of macros: its entry module has a variable that is the list of their procedures.
pub struct Expansion {
    rt: Box<Isolate>,
    macros: Vec<Owned>,
    stack_size: usize,
}

impl Expansion {
    /// Starts the program whose root lies at an address, which stays as long as the result, on a thread with so much stack
    /// left. The error of a module's body ends it. All of it together may use so many milliseconds of the processor, if a
    /// number is given.
    pub fn start(
        root: *const u8,
        variable: &str,
        stack_size: usize,
        most_ms: Option<i64>,
    ) -> Result<Expansion, Failure> {
        let program: *const ProgramDesc = root.cast();
        // SAFETY: the caller passes the root of a loaded program, which stays.
        let program: &'static ProgramDesc = unsafe { &*program };
        let mut rt = Isolate::new(Some(program), &[]);
        rt.start_claude();
        rt.claude.expands = true;
        let mut made = Expansion { rt, macros: Vec::new(), stack_size };
        let entry = program.entry_module as usize;
        made.enter(|rt, _| {
            most_ms.into_iter().for_each(|ms| {
                limits::set_of_program(rt, "max-cpu-ms", ms);
            });
            let module = rt.import_program(entry)?;
            let name = rt.intern(variable);
            let all = rt.module_get(module.word(), name).unwrap_or_else(|| list::empty(rt));
            Ok(list::iter(all.word()).map(Owned::share).collect())
        })
        .map(|macros| {
            made.macros = macros;
            made
        })
    }

    /// Calls a macro with the operands that `give` makes of data; what `take` makes of the result.
    pub fn call<T>(
        &mut self,
        index: usize,
        give: impl FnOnce(&mut Isolate) -> PyResult<Vec<Owned>>,
        take: impl FnOnce(&mut Isolate, Word) -> T,
    ) -> Result<T, Failure> {
        self.enter(|rt, macros| {
            let operands = give(rt)?;
            let words: Vec<Word> = operands.iter().map(Owned::word).collect();
            let result = rt.claude_call(macros[index].word(), &words)?;
            Ok(take(rt, result.word()))
        })
    }

    /// Runs something in the isolate, which is this thread's meanwhile.
    fn enter<T>(&mut self, body: impl FnOnce(&mut Isolate, &[Owned]) -> PyResult<T>) -> Result<T, Failure> {
        let rt: *mut Isolate = &raw mut *self.rt;
        let outer = set_current(rt);
        // SAFETY: the isolate is this one's own, and nothing else looks at it meanwhile.
        let rt = unsafe { &mut *rt };
        rt.set_stack_size(self.stack_size);
        let result = body(rt, &self.macros).map_err(|Raised| failure(rt));
        set_current(outer);
        result
    }
}

impl Drop for Expansion {
    fn drop(&mut self) {
        // Words are released into it; the thread has no isolate when it is gone.
        set_current(&raw mut *self.rt);
        self.macros.clear();
    }
}

fn failure(rt: &mut Isolate) -> Failure {
    let e = rt.take_exception();
    let place =
        rt.raised_at(e.word()).map(|(file, p)| Place { file, start: (p.line, p.col), end: (p.end_line, p.end_col) });
    let mut field = |name: &str| {
        let text = error_field(rt, e.word(), name).and_then(|w| print::to_string(rt, w.word()));
        match text {
            Ok(text) => str_text(text.word()).into_owned(),
            Err(Raised) => {
                rt.clear_exception();
                String::new()
            }
        }
    };
    Failure { kind: field("type"), message: field("message"), place }
}

#[cfg(test)]
mod tests {
    use super::super::equal::equal;
    use super::super::hash::hash;
    use super::super::tests::leaves_nothing;
    use super::super::{map, set};
    use super::*;

    #[test]
    fn symbols_of_one_name_are_equal_whatever_their_origin() {
        leaves_nothing(|rt| {
            rt.claude.expands = true;
            let plain = Owned::share(rt.symbol("x"));
            let (given, other) = (symbol(rt, "x", 5), symbol(rt, "y", 5));
            let made = of_template(rt, plain.word(), 9);
            assert!(given != plain && made != plain && made != given);
            for w in [&given, &made] {
                assert_eq!(equal(rt, plain.word(), w.word()), Ok(true));
                assert_eq!(hash(rt, plain.word()), hash(rt, w.word()));
                assert_eq!(rt.repr_text(w.word()).as_deref(), Ok("x"));
            }
            assert_eq!(equal(rt, other.word(), given.word()), Ok(false));
            assert_eq!([&plain, &given, &made].map(|w| origin(rt, w.word())), [0, 5, 9]);
            assert_eq!(of_template(rt, given.word(), 9).word(), made.word());
            let key = map::from_words(rt, &[plain.word(), Word::TRUE]).expect("symbols are keys");
            assert_eq!(map::get(rt, key.word(), given.word()), Ok(Some(Word::TRUE)));
            let set = set::from_words(rt, &[made.word(), given.word(), plain.word()]).expect("symbols are elements");
            assert_eq!(set::len(set.word()), 1);
        });
    }

    #[test]
    fn the_origin_of_a_list_belongs_to_the_object() {
        leaves_nothing(|rt| {
            let items = [1, 2, 3].map(Word::small);
            let list = list::from_words(rt, &items);
            let list = of_template(rt, list.word(), 3);
            assert_eq!(origin(rt, list.word()), 3);
            let same = list::from_words(rt, &items);
            assert_eq!(equal(rt, list.word(), same.word()), Ok(true));
            let longer = list::cons(rt, Owned::small(0), list.clone());
            assert_eq!(origin(rt, longer.word()), 0);
            // The only reference is given up, and still the object does not change.
            let rest = list::tail(rt, list).expect("it has items");
            assert_eq!((origin(rt, rest.word()), list::len(rest.word())), (0, 2));
            let none = list::empty(rt);
            let none = of_template(rt, none.word(), 3);
            assert_eq!((origin(rt, none.word()), list::len(none.word())), (3, 0));
            let empty = list::empty(rt);
            assert_eq!(origin(rt, empty.word()), 0);
            assert_eq!(equal(rt, none.word(), empty.word()), Ok(true));
        });
    }
}
