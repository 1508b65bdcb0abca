//! The end of objects: finalisers, weak references, children, memory; and what each layout refers to.

use alloc::boxed::Box;
use molt_abi::layout::{CellObj, ConsObj, FloatObj, FunctionObj, GeneratorObj, Header, ListSliceObj, StrObj, TupleObj};
use molt_abi::{ClassId, Word};

use crate::api::{bytes_slice, list_obj, str_bytes, tuple_items};
use crate::class::ClassObj;
use crate::dict::dict_obj;
use crate::layouts::{
    BuiltinObj, CodeObj, ComplexObj, GetSetObj, IntObj, ModuleObj, NativeObj, TracebackObj, WeakrefObj,
};
use crate::names::Name;
use crate::native::Layout;
use crate::owned::{dec, inc, was_last};
use crate::set::set_obj;
use crate::{Isolate, Owned, Place};

/// Releases nested deeper than this wait in a queue, so that long chains do not exhaust the stack.
const MAX_DEPTH: usize = 100;

impl Isolate {
    /// The last reference to the object is gone.
    ///
    /// # Safety
    /// `w` is an object of this isolate with a count below one that nothing uses any more.
    #[inline(always)]
    pub(crate) unsafe fn dealloc(&mut self, w: Word) {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.free_leaf(w) {
                self.dealloc_nested(w);
            }
        }
    }

    /// Frees a plain string or float, which have nothing to release; `false` for anything else.
    ///
    /// # Safety
    /// As for [`Isolate::dealloc`].
    #[inline(always)]
    unsafe fn free_leaf(&mut self, w: Word) -> bool {
        // SAFETY: the object is dead but its memory is still ours.
        let header = unsafe { &*w.as_ptr() };
        let size = match header.class {
            ClassId::STR => size_of::<StrObj>() + str_bytes(w).len() + 1,
            ClassId::FLOAT => size_of::<FloatObj>(),
            _ => return false,
        };
        if header.refs & Header::HAS_SIDE != 0 {
            return false;
        }
        // SAFETY: as above; the size is the one it was allocated with.
        unsafe { self.free_cell(w.as_ptr().cast(), size) };
        true
    }

    #[inline(never)]
    unsafe fn dealloc_nested(&mut self, w: Word) {
        if self.dealloc_depth >= MAX_DEPTH {
            self.dealloc_queue.push(w);
            return;
        }
        self.dealloc_depth += 1;
        // SAFETY: the caller's promise.
        unsafe { self.dealloc_one(w) };
        self.dealloc_depth -= 1;
        if self.dealloc_depth == 0 && !self.dealloc_queue.is_empty() {
            self.dealloc_waiting();
        }
    }

    #[cold]
    #[inline(never)]
    fn dealloc_waiting(&mut self) {
        while let Some(next) = self.dealloc_queue.pop() {
            self.dealloc_depth += 1;
            // SAFETY: queued objects have no reference left.
            unsafe { self.dealloc_one(next) };
            self.dealloc_depth -= 1;
        }
    }

    #[inline(always)]
    unsafe fn dealloc_one(&mut self, w: Word) {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.free_plain(w) {
                self.dealloc_any(w);
            }
        }
    }

    /// Releases a reference that a dead object holds.
    #[inline(always)]
    fn release_part(&mut self, w: Word) {
        if was_last(w) {
            // SAFETY: that was the last reference.
            unsafe { self.dealloc_part(w) };
        }
    }

    #[inline(never)]
    unsafe fn dealloc_part(&mut self, w: Word) {
        // SAFETY: the caller's promise.
        unsafe { self.dealloc(w) };
    }

    /// Frees what consists of words and has no more to it, of the commonest classes; `false` for anything else.
    ///
    /// # Safety
    /// As for [`Isolate::dealloc`].
    #[inline(always)]
    unsafe fn free_plain(&mut self, w: Word) -> bool {
        // SAFETY: the object is dead but its memory is still ours; the items are released once.
        unsafe {
            let p = w.as_ptr();
            if (*p).refs & Header::HAS_SIDE != 0 {
                return false;
            }
            let size = match (*p).class {
                ClassId::TUPLE | ClassId::NODE => {
                    let items = tuple_items(w);
                    for &item in items {
                        self.release_part(item);
                    }
                    size_of::<TupleObj>() + 8 * items.len()
                }
                ClassId::CONS => {
                    let cell = p.cast::<ConsObj>();
                    self.release_part((*cell).value);
                    self.release_part((*cell).next);
                    size_of::<ConsObj>()
                }
                ClassId::CLAUDE_LIST => {
                    self.release_part((*p.cast::<ListSliceObj>()).node);
                    size_of::<ListSliceObj>()
                }
                ClassId::FUNCTION => {
                    let f = p.cast::<FunctionObj>();
                    self.release_part((*f).closure);
                    self.release_part((*f).defaults);
                    self.release_part((*f).kwdefaults);
                    self.release_part((*f).annotate);
                    size_of::<FunctionObj>()
                }
                ClassId::CELL => {
                    self.release_part((*p.cast::<CellObj>()).value);
                    size_of::<CellObj>()
                }
                _ => return false,
            };
            self.free_cell(p.cast(), size);
        }
        true
    }

    #[inline(never)]
    unsafe fn dealloc_any(&mut self, w: Word) {
        let class = self.class(self.class_of(w));
        if (class.has(ClassObj::HAS_DEL) || class.layout == Layout::Generator) && !self.finalize(w, class) {
            return;
        }
        // SAFETY: the object is dead but its memory is still ours.
        if unsafe { (*w.as_ptr()).refs } & Header::HAS_SIDE != 0
            && let Some(side) = self.sides.remove(&w.0)
        {
            self.clear_weakrefs(&side.weakrefs);
            drop(side);
        }
        if class.layout == Layout::Weakref {
            self.unlink_weakref(w);
        }
        // SAFETY: as above; the children are released once.
        unsafe {
            let size = self.release_children(w, class);
            self.free_cell(w.as_ptr().cast(), size);
        }
    }

    /// Runs `__del__` or closes a generator; `false` when the object was brought back to life.
    fn finalize(&mut self, w: Word, class: Place<ClassObj>) -> bool {
        // SAFETY: dead objects keep their memory until freed.
        let refs = |w: Word| unsafe { &mut (*w.as_ptr()).refs };
        if class.layout == Layout::Generator {
            // SAFETY: the layout says so.
            let g = unsafe { &*w.as_ptr().cast::<GeneratorObj>() };
            if g.state <= 0 {
                return true;
            }
        } else if self.sides.get(&w.0).is_some_and(|s| s.finalized) {
            return true;
        }
        *refs(w) += Header::ONE;
        self.run_finalizer(w, class);
        *refs(w) -= Header::ONE;
        *refs(w) < Header::ONE
    }

    /// Runs `__del__` or closes a generator; errors go to `sys.unraisablehook`.
    pub(crate) fn run_finalizer(&mut self, w: Word, class: Place<ClassObj>) {
        let pending = core::mem::replace(&mut self.ctx.exception, Word::UNBOUND);
        let mut culprit = w;
        let mut method = Owned::NONE;
        let result = if class.layout == Layout::Generator {
            crate::generator::close(self, w).map(drop)
        } else {
            self.side_mut(w).finalized = true;
            method = Owned::share(self.special(class.id, Name::DEL));
            culprit = method.word();
            self.call_special(method.word(), w, &[]).map(drop)
        };
        if result.is_err() {
            self.write_unraisable(culprit);
        }
        drop(method);
        self.ctx.exception = pending;
    }

    /// Releases what an object refers to; returns its size.
    unsafe fn release_children(&mut self, w: Word, class: Place<ClassObj>) -> usize {
        let p = w.as_ptr();
        let size = object_size(w, class);
        // SAFETY: the class's layout says what the object holds; it is dead, so nothing else sees its words.
        unsafe {
            match class.layout {
                Layout::Plain if is_attribute_descriptor(class.id) => return size_of::<GetSetObj>(),
                Layout::Plain => {
                    for i in 1..class.instance_size as usize / 8 {
                        dec(*p.cast::<Word>().add(i));
                    }
                    if class.id == ClassId::REF {
                        crate::claude::limits::cell_ended(self);
                    }
                    return size;
                }
                Layout::Tuple | Layout::Words => {
                    for &item in tuple_items(w) {
                        dec(item);
                    }
                    return size;
                }
                Layout::Str | Layout::Bytes => return size,
                Layout::List => {
                    crate::list::release_items(list_obj(w));
                    if class.id == ClassId::LIST {
                        return size;
                    }
                }
                Layout::Dict => {
                    dict_obj(w).release_all();
                    if class.id == ClassId::DICT {
                        return size;
                    }
                }
                Layout::Set => set_obj(w).release_all(),
                Layout::Int => core::ptr::drop_in_place(&raw mut (*p.cast::<IntObj>()).value),
                Layout::Native => {
                    let data = (*p.cast::<NativeObj>()).data;
                    drop(Box::from_raw(data));
                }
                _ => {}
            }
            children(w, class, &mut |c| dec(c));
        }
        size
    }

    // ---- weak references -----------------------------------------------------------------------

    /// The referent is gone: its references go dead, then their callbacks run.
    pub(crate) fn clear_weakrefs(&mut self, refs: &[Word]) {
        for &r in refs {
            // SAFETY: a weak reference unlinks itself when it dies, so those listed are alive.
            unsafe { (*r.as_ptr().cast::<WeakrefObj>()).target = Word::UNBOUND };
        }
        for &r in refs.iter().rev() {
            // SAFETY: as above.
            let callback = unsafe { (*r.as_ptr().cast::<WeakrefObj>()).callback };
            if !callback.is_none() {
                let keep = (Owned::share(r), Owned::share(callback));
                let pending = core::mem::replace(&mut self.ctx.exception, Word::UNBOUND);
                if self.call(callback, &[r]).is_err() {
                    self.write_unraisable(keep.1.word());
                }
                self.ctx.exception = pending;
            }
        }
    }

    fn unlink_weakref(&mut self, r: Word) {
        // SAFETY: the layout says so.
        let target = unsafe { (*r.as_ptr().cast::<WeakrefObj>()).target };
        if !target.is_unbound()
            && let Some(side) = self.sides.get_mut(&target.0)
        {
            side.weakrefs.retain(|&x| x != r);
        }
    }
}

/// Whether instances are descriptors of a computed attribute or slot, whose words are not references.
pub(crate) fn is_attribute_descriptor(class: ClassId) -> bool {
    class == ClassId::GETSET_DESCRIPTOR || class == ClassId::MEMBER_DESCRIPTOR
}

/// Bytes of an object.
pub(crate) fn object_size(w: Word, class: Place<ClassObj>) -> usize {
    let fixed = class.instance_size as usize;
    match class.layout {
        Layout::Str => size_of::<StrObj>() + str_bytes(w).len() + 1,
        Layout::Bytes => size_of::<molt_abi::layout::BytesObj>() + bytes_slice(w).len() + 1,
        Layout::Tuple | Layout::Words => size_of::<TupleObj>() + 8 * tuple_items(w).len(),
        // SAFETY: the layout says that the word is a generator.
        Layout::Generator => unsafe {
            size_of::<GeneratorObj>() + 8 * (*w.as_ptr().cast::<GeneratorObj>()).frame_len as usize
        },
        _ => fixed.max(8),
    }
}

/// Reports every word that an object owns, except what `take_items`, `take_all` and boxed state hold
/// when those were emptied before.
///
/// # Safety
/// `w` is an object of `class`.
pub(crate) unsafe fn children(w: Word, class: Place<ClassObj>, visit: &mut dyn FnMut(Word)) {
    let p = w.as_ptr();
    let fixed = crate::class::base_size(class.layout) as usize / 8;
    // SAFETY: the class's layout says what the object holds.
    unsafe {
        match class.layout {
            Layout::List => crate::api::list_items(w).iter().for_each(|&c| visit(c)),
            Layout::Set => set_obj(w).keys().for_each(&mut *visit),
            Layout::Dict => {
                for e in dict_obj(w).entries() {
                    visit(e.key);
                    visit(e.value);
                }
            }
            Layout::Tuple | Layout::Words => return tuple_items(w).iter().for_each(|&c| visit(c)),
            Layout::Function => {
                let f = &*p.cast::<FunctionObj>();
                [f.closure, f.defaults, f.kwdefaults, f.annotate].into_iter().for_each(&mut *visit);
            }
            Layout::Builtin => {
                let b = &*p.cast::<BuiltinObj>();
                visit(b.receiver);
                visit(b.owner);
            }
            Layout::Generator => {
                let g = &*p.cast::<GeneratorObj>();
                [g.delegate, g.name, g.qualname, g.handled].into_iter().for_each(&mut *visit);
                let frame = (&raw const g.frame).cast::<Word>();
                for i in 0..g.frame_len as usize {
                    visit(*frame.add(i));
                }
                return;
            }
            Layout::Traceback => visit((*p.cast::<TracebackObj>()).next),
            Layout::Weakref => visit((*p.cast::<WeakrefObj>()).callback),
            Layout::Module => {
                let m = &*p.cast::<ModuleObj>();
                visit(m.dict);
                visit(m.slot_index);
            }
            Layout::Str | Layout::Bytes | Layout::Class => return,
            Layout::Plain | Layout::Float | Layout::Int | Layout::Complex | Layout::Native => {}
            Layout::Code | Layout::Immediate => {}
        }
        if is_attribute_descriptor(class.id) {
            return;
        }
        for i in fixed..class.instance_size as usize / 8 {
            visit(*p.cast::<Word>().add(i));
        }
    }
}

const _: () = assert!(size_of::<FloatObj>() == 16 && size_of::<ComplexObj>() == 24 && size_of::<CodeObj>() == 16);
const _: () = assert!(size_of::<GetSetObj>() == 40);

/// Makes a weak reference object and registers it.
pub(crate) fn new_weakref(rt: &mut Isolate, class: ClassId, target: Word, callback: Word) -> Owned {
    let size = rt.class(class).instance_size as usize;
    let p = rt.alloc_object(class, size).cast::<WeakrefObj>();
    inc(callback);
    // SAFETY: the object starts with a `WeakrefObj`; words after it are slots.
    let r = unsafe {
        (*p).target = target;
        (*p).callback = callback;
        (*p).hash = -1;
        for i in size_of::<WeakrefObj>() / 8..size / 8 {
            p.cast::<Word>().add(i).write(Word::UNBOUND);
        }
        Owned::from_word(Word::from_ptr(p))
    };
    rt.side_mut(target).weakrefs.push(r.word());
    r
}
