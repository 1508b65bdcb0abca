//! Values of data types: instances of a class a constructor, with the fields in slots.
//!
//! There is one class for a name and number of fields in an isolate, so that values made by `tag` are those of the
//! constructor of that name. A constructor without fields has one value.

use molt_abi::layout::InstanceObj;
use molt_abi::{ClassId, Word};

use super::keep;
use crate::class::ClassObj;
use crate::native::ClassSpec;
use crate::{Isolate, Owned};

impl Isolate {
    /// Class of the constructor of a name and number of fields; made when first asked for. Instances have the fields in
    /// order from [`molt_abi::layout::INSTANCE_SLOTS`] on.
    pub fn constructor_class(&mut self, name: &str, arity: usize) -> ClassId {
        let name = self.intern(name);
        if let Some(&known) = self.claude.constructors.get(&(name.0, arity)) {
            return known;
        }
        let id = crate::build_class::free_id(self);
        make_class(self, id, name, arity);
        self.claude.constructors.insert((name.0, arity), id);
        id
    }
}

/// Makes the class of a constructor of the program, whose id the compiler chose.
pub fn register(rt: &mut Isolate, id: ClassId, name: Word, arity: usize) {
    let name = rt.intern_word(name);
    make_class(rt, id, name, arity);
    rt.claude.constructors.insert((name.0, arity), id);
}

fn make_class(rt: &mut Isolate, id: ClassId, name: Word, arity: usize) {
    let dict = rt.new_dict();
    let mut class = rt.new_class_object(id, ClassId::TYPE, name, dict);
    let mut base = rt.class(ClassId::TAGGED);
    class.flags = ClassObj::CONSTRUCTOR | ClassSpec::NO_NEW;
    class.base = Some(base);
    class.slot_base = base.instance_size;
    class.instance_size = base.instance_size + 8 * arity as u32;
    class.mro = core::iter::once(class).chain(base.mro.iter().copied()).collect();
    base.subclasses.push(id);
    let order: alloc::vec::Vec<Word> = class.mro.iter().map(|c| c.word()).collect();
    class.mro_tuple = rt.new_tuple_of(&order).into_word();
    class.bases = rt.new_tuple_of(&[base.word()]).into_word();
}

/// Value of a constructor with its fields, as many as the class has.
pub fn new(rt: &mut Isolate, class: ClassId, fields: impl ExactSizeIterator<Item = Owned>) -> Owned {
    debug_assert_eq!(fields.len(), arity(rt, class));
    if fields.len() == 0 {
        return Owned::share(nullary(rt, class));
    }
    let p = rt.alloc_object(class, size_of::<InstanceObj>() + 8 * fields.len()).cast::<InstanceObj>();
    // SAFETY: the object has room for the header and the fields.
    unsafe {
        let slots = (&raw mut (*p).slots).cast::<Word>();
        for (i, field) in fields.enumerate() {
            slots.add(i).write(field.into_word());
        }
        Owned::from_word(Word::from_ptr(p))
    }
}

/// The value of a constructor without fields; immortal.
pub fn nullary(rt: &mut Isolate, class: ClassId) -> Word {
    if let Some(&known) = rt.claude.nullary.get(&class.0) {
        return known;
    }
    // An object has at least the room of a link between free cells, and of a word after its header.
    let p = rt.alloc_object(class, size_of::<InstanceObj>());
    // SAFETY: just made, with one reference.
    let made = unsafe { Owned::from_word(Word::from_ptr(p)) };
    let w = keep(rt, made);
    rt.claude.nullary.insert(class.0, w);
    w
}

/// Whether a class is one of a constructor.
#[inline]
pub fn is_constructor(rt: &Isolate, class: ClassId) -> bool {
    rt.class(class).has(ClassObj::CONSTRUCTOR)
}

/// Number of fields of a constructor's values.
pub fn arity(rt: &Isolate, class: ClassId) -> usize {
    (rt.class(class).instance_size as usize - size_of::<InstanceObj>()) / 8
}

/// Name of a constructor, a string; borrowed.
pub fn name(rt: &Isolate, class: ClassId) -> Word {
    rt.class(class).name
}

/// Fields of a value of a data type, borrowed.
pub fn fields<'a>(rt: &Isolate, w: Word) -> &'a [Word] {
    let count = arity(rt, rt.class_of(w));
    // SAFETY: an instance of a constructor's class holds its fields after the header.
    unsafe { core::slice::from_raw_parts((&raw const (*w.as_ptr().cast::<InstanceObj>()).slots).cast(), count) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::leaves_nothing;
    use super::super::{Kind, kind::kind_of};
    use super::*;

    #[test]
    fn a_constructor_has_one_class_for_its_name_and_arity() {
        leaves_nothing(|rt| {
            let circle = rt.constructor_class("Circle", 1);
            let dot = rt.constructor_class("Dot", 0);
            assert_eq!(circle, rt.constructor_class("Circle", 1));
            assert_ne!(circle, rt.constructor_class("Circle", 2));
            assert!(is_constructor(rt, dot) && !is_constructor(rt, ClassId::TAGGED));
            let radius = rt.new_str("two");
            let value = new(rt, circle, [radius.clone()].into_iter());
            assert_eq!(fields(rt, value.word()), [radius.word()]);
            assert_eq!(kind_of(rt, value.word()), Kind::Tagged);
            let only = new(rt, dot, core::iter::empty());
            assert_eq!(only.word(), nullary(rt, dot));
            assert!(fields(rt, only.word()).is_empty());
            assert_eq!(crate::api::str_text(name(rt, circle)), "Circle");
        });
    }

    #[test]
    fn long_chains_of_values_are_released() {
        leaves_nothing(|rt| {
            let link = rt.constructor_class("Link", 2);
            let end = rt.constructor_class("End", 0);
            let mut chain = Owned::share(nullary(rt, end));
            for i in 0..1_000_000 {
                chain = new(rt, link, [Owned::small(i), chain].into_iter());
            }
        });
    }
}
