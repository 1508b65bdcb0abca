//! `__dict__` of instances and modules: a dict that shows, and writes through to, slots, side attributes
//! and module variables.
//!
//! The object is a `dict` followed by one word, its target. Before a method reads it, its entries are
//! made anew from the target; after a change they are written back.

use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::dict::{DictObj, dict_obj};
use crate::native::{BaseRef, ClassSpec, Layout};
use crate::object::{slot_at, store_slot};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult};

static SPEC: ClassSpec = ClassSpec::new("builtins", "dict")
    .layout(Layout::Dict)
    .base(BaseRef::Id(ClassId::DICT))
    .hidden_words(1)
    .flags(ClassSpec::UNHASHABLE | ClassSpec::MAPPING);

const TARGET: usize = size_of::<DictObj>() / 8 - 1;

/// The view of an object's attributes.
pub(crate) fn of(rt: &mut Isolate, target: Word) -> PyResult {
    let class = rt.class_for(&SPEC);
    let view = rt.new_dict_of_class(class);
    inc(target);
    // SAFETY: the class has one word after the dict, unbound so far.
    unsafe { view.word().as_ptr().cast::<Word>().add(TARGET + 1).write(target) };
    rt.refresh_view(view.word());
    Ok(view)
}

/// Attributes that an object keeps itself, in order.
pub(crate) fn own_items(rt: &Isolate, obj: Word) -> Vec<(Owned, Owned)> {
    if !obj.is_object() {
        return Vec::new();
    }
    let class = rt.class(rt.class_of(obj));
    if class.layout == Layout::Module {
        return rt.module_items(obj);
    }
    let mut items: Vec<(Owned, Owned)> = Vec::new();
    for slot in &class.slots {
        let v = slot_at(obj, slot.offset);
        if !v.is_unbound() && !slot.member {
            items.push((Owned::share(slot.name), Owned::share(v)));
        }
    }
    if let Some(d) = rt.side_dict(obj) {
        items.extend(rt.dict_items(d));
    }
    items
}

impl Isolate {
    fn view_target(&self, d: Word) -> Option<Word> {
        let class = self.class_of(d);
        if class == ClassId::DICT || !core::ptr::eq(self.class(class).spec?, &SPEC) {
            return None;
        }
        // SAFETY: views have a target word.
        Some(unsafe { *d.as_ptr().cast::<Word>().add(TARGET + 1) })
    }

    /// Brings the entries of a view up to date; nothing for other dicts.
    #[inline(always)]
    pub(crate) fn refresh_view(&mut self, d: Word) {
        if self.class_of(d) != ClassId::DICT {
            self.refresh_subclass(d);
        }
    }

    #[inline(never)]
    fn refresh_subclass(&mut self, d: Word) {
        let Some(target) = self.view_target(d) else { return };
        let items = own_items(self, target);
        let old = dict_obj(d).take_all();
        for (k, v) in items {
            self.dict_set_name(d, k.word(), v.word());
        }
        old.into_iter().for_each(crate::owned::dec);
    }

    /// Writes the entries of a view to its target; nothing for other dicts.
    #[inline(always)]
    pub(crate) fn write_back_view(&mut self, d: Word) -> PyResult<()> {
        if self.class_of(d) == ClassId::DICT { Ok(()) } else { self.write_back_subclass(d) }
    }

    #[inline(never)]
    fn write_back_subclass(&mut self, d: Word) -> PyResult<()> {
        let Some(target) = self.view_target(d) else { return Ok(()) };
        for (k, _) in own_items(self, target) {
            if self.dict_get_name(d, k.word()).is_none() {
                self.remove_own(target, k.word());
            }
        }
        for (k, v) in self.dict_items(d) {
            if self.is_str(k.word()) {
                self.put_own(target, k.word(), v.word());
            }
        }
        Ok(())
    }

    fn remove_own(&mut self, target: Word, name: Word) {
        let class = self.class(self.class_of(target));
        if class.layout == Layout::Module {
            // The name was listed a moment ago, so the deletion finds it.
            let _ = self.module_store(target, name, Word::UNBOUND);
        } else if let Some(offset) = self.slot_of(class, name) {
            store_slot(target, offset, Word::UNBOUND);
        } else if let Some(dict) = self.side_dict(target) {
            drop(self.dict_remove_name(dict, name));
        }
    }

    /// Sets an attribute that the object keeps itself, past all descriptors.
    pub(crate) fn put_own(&mut self, target: Word, name: Word, value: Word) {
        let class = self.class(self.class_of(target));
        let name = self.intern_word(name);
        if class.layout == Layout::Module {
            self.module_put(target, name, value);
        } else if let Some(offset) = self.slot_of(class, name) {
            store_slot(target, offset, value);
        } else {
            let dict = self.side_dict_mut(target);
            self.dict_set_name(dict, name, value);
        }
    }
}
