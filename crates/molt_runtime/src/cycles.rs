//! The cycle collector: trial deletion over the whole heap (Bacon and Rajan 2001; the counting scheme is
//! that of CPython's `gc` module).
//!
//! ```text
//! count    copy every object's reference count into its mark
//! subtract take one from the mark of each child of each object: what is left are outside references
//! reach    everything reachable from an object with outside references stays
//! finalize `__del__` and suspended generators run once; then everything is counted anew
//! clear    the rest gives up its references, and dies by reference counting
//! ```
//!
//! Objects that refer to nothing (strings, numbers) take no part: they die with what refers to them.
//!
//! Marks live beside the objects only while a collection runs: one `u32` a cell in a table of the chunk,
//! one in the prefix of each large block. Class objects are immortal and outside the heap, so what they
//! refer to has outside references.
//!
//! Invariant: a collection starts only when no object is half released (`dealloc_depth` is zero).

use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::{FunctionObj, GeneratorObj, Header};
use molt_abi::{ClassId, Word};

use crate::api::list_obj;
use crate::class::ClassObj;
use crate::dict::dict_obj;
use crate::heap::{ChunkHeader, MAX_CELL, cell_at, chunk_of, holds_link, large_prefix};
use crate::layouts::{BuiltinObj, NativeObj, TracebackObj, WeakrefObj};
use crate::lifetime::{children, is_attribute_descriptor, object_size};
use crate::native::Layout;
use crate::owned::dec;
use crate::set::set_obj;
use crate::{Isolate, Owned};

/// Mark of a cell that holds no object.
const FREE: u32 = u32::MAX;
/// Mark of an object that stays.
const REACHED: u32 = u32::MAX - 1;
/// Live objects beyond twice those that the last collection left, before the next one.
const GROWTH_FLOOR: i64 = 50_000;

/// State of the collector.
pub struct Collector {
    /// Automatic collection is on.
    pub enabled: bool,
    /// Thresholds as the program set them; only the first being zero has an effect (no automatic runs).
    pub threshold: [usize; 3],
    /// Finished collections.
    pub collections: u64,
    /// Objects found unreachable in all collections.
    pub collected: u64,
    running: bool,
}

impl Collector {
    /// A collector that has not run.
    pub fn new() -> Collector {
        Collector { enabled: true, threshold: [2000, 10, 0], collections: 0, collected: 0, running: false }
    }
}

impl Default for Collector {
    fn default() -> Collector {
        Collector::new()
    }
}

/// Marks of one collection; gives the tables back when dropped.
struct Marks {
    tables: Vec<(*mut ChunkHeader, Vec<u32>)>,
}

impl Drop for Marks {
    fn drop(&mut self) {
        for (chunk, _) in &self.tables {
            // SAFETY: chunks live as long as the heap.
            unsafe { (**chunk).marks = core::ptr::null_mut() };
        }
    }
}

/// Whether an object refers to nothing, so that it can be part of no cycle and dies with what refers to it.
fn is_leaf(header: &Header) -> bool {
    matches!(header.class, ClassId::STR | ClassId::BYTES | ClassId::FLOAT | ClassId::INT)
        && header.refs & Header::HAS_SIDE == 0
}

/// Mark of an object of this heap; `None` for immediates, immortal objects and leaves.
fn mark_of<'a>(rt: &Isolate, w: Word) -> Option<&'a mut u32> {
    if !w.is_object() {
        return None;
    }
    // SAFETY: an object word points to a live header; counted objects lie in chunks with a table or are
    // large blocks, because a collection is running.
    unsafe {
        if (*w.as_ptr()).refs < 0 || is_leaf(&*w.as_ptr()) {
            return None;
        }
        if object_size(w, rt.class(rt.class_of(w))) > MAX_CELL {
            return Some(&mut (*large_prefix(w.as_ptr().cast())).mark);
        }
        let (chunk, index) = chunk_of(w.as_ptr().cast());
        Some(&mut *(*chunk).marks.add(index))
    }
}

impl Isolate {
    /// Asks for a collection at the next safepoint, if automatic collection is on.
    pub(crate) fn request_collection(&mut self) {
        if self.gc.enabled && self.gc.threshold[0] != 0 {
            self.set_pending_work(crate::startup::PENDING_COLLECTION);
        }
    }

    /// Collects unreachable cycles; returns the number of objects found.
    pub fn collect_cycles(&mut self) -> usize {
        if self.gc.running || self.dealloc_depth > 0 {
            return 0;
        }
        self.gc.running = true;
        let mut found = 0;
        loop {
            let garbage = self.find_garbage();
            if garbage.is_empty() {
                break;
            }
            let held: Vec<Owned> = garbage.iter().map(|&w| Owned::share(w)).collect();
            if self.finalize_all(&garbage) {
                continue;
            }
            found += held.len();
            for &w in &garbage {
                self.clear_references(w);
            }
            drop(held);
            break;
        }
        self.gc.running = false;
        self.gc.collections += 1;
        self.gc.collected += found as u64;
        self.heap.collect_at = self.ctx.live_objects * 3 + GROWTH_FLOOR;
        found
    }

    /// Every live, counted object of the heap that may refer to others, with its mark set to its reference count.
    fn count_all(&mut self) -> (Marks, Vec<Word>) {
        let mut marks = Marks { tables: Vec::new() };
        for &chunk in &self.heap.chunks {
            // SAFETY: chunks live as long as the heap.
            let capacity = unsafe { (*chunk).capacity() };
            marks.tables.push((chunk, vec![0; capacity]));
        }
        for (chunk, table) in &mut marks.tables {
            // SAFETY: as above; the table outlives the collection.
            unsafe { (**chunk).marks = table.as_mut_ptr() };
        }
        let told_apart = self.heap.links_differ_from_headers(self.classes.len());
        if !told_apart {
            self.mark_free_cells();
        }
        let mut objects = Vec::new();
        let count = |p: *mut u8, mark: &mut u32, objects: &mut Vec<Word>| {
            // SAFETY: not free, so an object.
            let header = unsafe { &*p.cast::<Header>() };
            if header.refs >= 0 && !is_leaf(header) {
                *mark = (header.refs / Header::ONE) as u32;
                objects.push(Word::from_ptr(p.cast::<Header>()));
            }
        };
        for (chunk, table) in &mut marks.tables {
            // SAFETY: the chunk is this heap's, and only carved cells are looked at.
            unsafe {
                for (i, mark) in table.iter_mut().enumerate().take((**chunk).carved) {
                    let cell = cell_at(*chunk, i);
                    let free = if told_apart { holds_link(cell, self.classes.len()) } else { *mark == FREE };
                    if !free {
                        count(cell, mark, &mut objects);
                    }
                }
            }
        }
        for &p in &self.heap.large {
            // SAFETY: registered blocks have their prefix.
            count(p, unsafe { &mut (*large_prefix(p)).mark }, &mut objects);
        }
        (marks, objects)
    }

    /// Marks the cells in the free lists; the tables of marks are in place.
    fn mark_free_cells(&mut self) {
        for head in self.ctx.free {
            let mut cell = head;
            while !cell.is_null() {
                // SAFETY: free cells lie in chunks and hold the address of the next one.
                unsafe {
                    let (chunk, index) = chunk_of(cell);
                    *(*chunk).marks.add(index) = FREE;
                    cell = cell.cast::<*mut u8>().read();
                }
            }
        }
    }

    /// Objects that only unreachable objects refer to.
    fn find_garbage(&mut self) -> Vec<Word> {
        let (marks, objects) = self.count_all();
        for &w in &objects {
            self.traverse(w, &mut |child| {
                if let Some(mark) = mark_of(self, child) {
                    debug_assert!(*mark > 0, "more references than the count says");
                    *mark = mark.saturating_sub(1);
                }
            });
        }
        let mut pending = Vec::new();
        for &w in &objects {
            let mark = mark_of(self, w).expect("listed objects have marks");
            if *mark > 0 && *mark != REACHED {
                *mark = REACHED;
                pending.push(w);
            }
            while let Some(next) = pending.pop() {
                self.traverse(next, &mut |child| {
                    if let Some(mark) = mark_of(self, child)
                        && *mark != REACHED
                    {
                        *mark = REACHED;
                        pending.push(child);
                    }
                });
            }
        }
        let garbage = objects.into_iter().filter(|&w| mark_of(self, w).is_some_and(|m| *m == 0)).collect();
        drop(marks);
        garbage
    }

    /// Reports everything that an object owns a reference to.
    pub(crate) fn traverse(&self, w: Word, visit: &mut dyn FnMut(Word)) {
        let class = self.class(self.class_of(w));
        // SAFETY: a live object and its class.
        unsafe {
            children(w, class, visit);
            if class.layout == Layout::Native {
                (*(*w.as_ptr().cast::<NativeObj>()).data).traverse(visit);
            }
            if (*w.as_ptr()).refs & Header::HAS_SIDE != 0
                && let Some(d) = self.side_dict(w)
            {
                visit(d);
            }
        }
    }

    /// Clears weak references to garbage and runs finalisers that have not run; whether any ran.
    fn finalize_all(&mut self, garbage: &[Word]) -> bool {
        let mut ran = false;
        for &w in garbage {
            let class = self.class(self.class_of(w));
            let suspended = class.layout == Layout::Generator && {
                // SAFETY: the layout says so.
                unsafe { (*w.as_ptr().cast::<GeneratorObj>()).state > 0 }
            };
            if (suspended || class.has(ClassObj::HAS_DEL)) && !self.is_finalized(w) {
                ran = true;
                self.run_finalizer(w, class);
                self.side_mut(w).finalized = true;
            }
        }
        if !ran {
            for &w in garbage {
                if let Some(side) = self.sides.get_mut(&w.0) {
                    let refs = core::mem::take(&mut side.weakrefs);
                    self.clear_weakrefs(&refs);
                }
            }
        }
        ran
    }

    /// Makes an unreachable object give up its references.
    fn clear_references(&mut self, w: Word) {
        let class = self.class(self.class_of(w));
        let p = w.as_ptr();
        let take = |slot: &mut Word| dec(core::mem::replace(slot, Word::UNBOUND));
        // SAFETY: the class's layout says what the object holds; the collector holds a reference to it.
        unsafe {
            match class.layout {
                Layout::List => drop(crate::list::take_items(list_obj(w))),
                Layout::Dict => dict_obj(w).take_all().into_iter().for_each(dec),
                Layout::Set => set_obj(w).take_all().into_iter().for_each(dec),
                Layout::Native => (*(*p.cast::<NativeObj>()).data).clear(),
                Layout::Function => {
                    let f = &mut *p.cast::<FunctionObj>();
                    for slot in [&mut f.closure, &mut f.defaults, &mut f.kwdefaults, &mut f.annotate] {
                        take(slot);
                    }
                }
                Layout::Builtin => take(&mut (*p.cast::<BuiltinObj>()).receiver),
                Layout::Traceback => dec(core::mem::replace(&mut (*p.cast::<TracebackObj>()).next, Word::NONE)),
                Layout::Weakref => dec(core::mem::replace(&mut (*p.cast::<WeakrefObj>()).callback, Word::NONE)),
                _ => {}
            }
            if is_attribute_descriptor(class.id)
                || matches!(class.layout, Layout::Tuple | Layout::Words | Layout::Str | Layout::Bytes | Layout::Class)
            {
                return;
            }
            if class.layout != Layout::Generator {
                let fixed = crate::class::base_size(class.layout) as usize / 8;
                for i in fixed..class.instance_size as usize / 8 {
                    take(&mut *p.cast::<Word>().add(i));
                }
            }
        }
        if let Some(side) = self.sides.get_mut(&w.0) {
            drop(side.dict.take());
        }
    }

    /// Reports every counted object of the heap that may refer to others (`gc.get_objects`).
    pub(crate) fn all_objects(&mut self) -> Vec<Owned> {
        let (marks, objects) = self.count_all();
        drop(marks);
        objects.into_iter().map(Owned::share).collect()
    }

    /// Whether `__del__` of an object has run.
    pub(crate) fn is_finalized(&self, w: Word) -> bool {
        w.is_object() && self.sides.get(&w.0).is_some_and(|s| s.finalized)
    }
}
