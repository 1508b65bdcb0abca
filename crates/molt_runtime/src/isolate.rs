//! The isolate: heap, classes, modules and pending exception of one interpreter.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::any::{Any, TypeId};
use core::hash::{BuildHasherDefault, Hasher};
use core::marker::PhantomPinned;
use hashbrown::HashMap;

use molt_abi::context::{DEPTH_STEP, SIZE_CLASS_COUNT};
use molt_abi::context::{SLOT_ENTRIES, SlotEntry};
use molt_abi::layout::{AttrCache, Header, ProgramDesc};
use molt_abi::{ClassId, Context, Word};

use crate::class::ClassObj;
use crate::current::set_current;
use crate::heap::Heap;
use crate::names::{NAME_TEXTS, Name};
use crate::native::ClassSpec;
use crate::owned::Owned;
use crate::signature::NativeSig;

/// Hasher for keys that are addresses or small numbers.
#[derive(Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let rest = rest.iter().fold(0, |word, &b| word << 8 | u64::from(b));
        for word in words.iter().map(|&word| u64::from_ne_bytes(word)).chain([rest]) {
            self.write_u64(word.rotate_left(5));
        }
    }
    fn write_u64(&mut self, v: u64) {
        let h = (self.0 ^ v).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = h ^ (h >> 32);
    }
    fn write_usize(&mut self, v: usize) {
        self.write_u64(v as u64);
    }
    fn write_u32(&mut self, v: u32) {
        self.write_u64(u64::from(v));
    }
}

/// Map keyed by addresses.
pub type AddressMap<K, V> = HashMap<K, V, BuildHasherDefault<AddressHasher>>;

/// What an object has outside its layout.
#[derive(Default)]
pub(crate) struct Side {
    /// Dict of further attributes, or `None`.
    pub dict: Option<Owned>,
    /// Weak references to the object, not counted.
    pub weakrefs: Vec<Word>,
    /// `__del__` ran.
    pub finalized: bool,
    /// What the data of a macro was made from; see `claude::expansion`.
    pub origin: u32,
    /// Sandboxes that count it.
    pub within: Option<Box<crate::claude::limits::Within>>,
}

/// One entry of the lookup cache: class, interned name and the attribute found (borrowed) or `UNBOUND`.
#[derive(Clone, Copy)]
pub(crate) struct LookupEntry {
    pub class: u32,
    pub name: Word,
    pub value: Word,
}

pub(crate) const LOOKUP_ENTRIES: usize = 2048;

/// State of one interpreter. Never moved once made; every function takes it as `rt: &mut Isolate`.
///
/// The type is not `Unpin`, so that a `&mut Isolate` does not claim to be the only path to it: dropping
/// an [`Owned`] and re-entry from compiled code reach it through a raw pointer.
#[repr(C)]
pub struct Isolate {
    /// The part that compiled code touches; must be first.
    pub ctx: Context,
    pub heap: Heap,
    /// Class objects by id; null where an id is unused.
    pub classes: Vec<*mut ClassObj>,
    pub(crate) names: [Word; Name::COUNT],
    /// Key of the string hash.
    pub hash_key: (u64, u64),
    /// Exceptions being handled, innermost last.
    pub handled: Vec<Owned>,
    pub(crate) depth: crate::stack::Depth,
    pub(crate) caches: *mut AttrCache,
    pub(crate) lookups: Box<[LookupEntry; LOOKUP_ENTRIES]>,
    pub(crate) slot_lookups: Box<[SlotEntry; SLOT_ENTRIES]>,
    /// Ids of classes made from specifications, by the specification's address.
    pub(crate) spec_ids: AddressMap<usize, ClassId>,
    pub(crate) next_spec_id: u32,
    pub(crate) states: AddressMap<TypeId, Box<dyn Any>>,
    pub(crate) sides: AddressMap<u64, Side>,
    pub(crate) interned: HashMap<&'static [u8], Word, BuildHasherDefault<AddressHasher>>,
    /// Interned strings that the isolate allocated.
    pub(crate) owned_interned: Vec<Word>,
    /// Constants made at start-up, which compiled code does not count.
    pub(crate) immortals: Vec<Word>,
    pub(crate) short_strings: [Word; 129],
    pub(crate) empty_tuple: Word,
    /// Parsed signatures by the address of their row.
    pub(crate) signatures: AddressMap<usize, Box<NativeSig>>,
    /// Objects being printed, against endless `repr`.
    pub(crate) printing: Vec<Word>,
    pub(crate) native_depth: usize,
    pub(crate) dealloc_depth: usize,
    /// The pending exception says that a call site found no such method; see `add_traceback`.
    pub(crate) attribute_missing: bool,
    pub(crate) dealloc_queue: Vec<Word>,
    pub(crate) program: *const ProgramDesc,
    pub(crate) globals: Vec<Word>,
    pub(crate) modules: crate::module::Modules,
    pub(crate) argv: Vec<Vec<u8>>,
    pub(crate) gc: crate::cycles::Collector,
    pub(crate) claude: crate::claude::State,
    /// What the part in GrokLang does for this one, where there is one.
    pub(crate) across: Option<&'static crate::grok::across::Hooks>,
    pub(crate) tearing_down: bool,
    _pinned: PhantomPinned,
}

impl Isolate {
    /// A new isolate for a program (or none), entered by this thread.
    pub fn new(program: Option<&'static ProgramDesc>, argv: &[Vec<u8>]) -> Box<Isolate> {
        let ctx = Context {
            exception: Word::UNBOUND,
            depth_left: crate::stack::Depth::DEFAULT_LIMIT,
            globals: core::ptr::null_mut(),
            classes: core::ptr::null_mut(),
            pending: 0,
            live_objects: 0,
            slots: core::ptr::null_mut(),
            depth_most: DEPTH_STEP,
            free: [core::ptr::null_mut(); SIZE_CLASS_COUNT],
            engine: core::ptr::null_mut(),
            stack_limit: 0,
            handlers: core::ptr::null_mut(),
            handler_turn: 1,
            across: core::ptr::null_mut(),
        };
        let none = LookupEntry { class: u32::MAX, name: Word::UNBOUND, value: Word::UNBOUND };
        let mut rt = Box::new(Isolate {
            ctx,
            heap: Heap::new(),
            classes: vec![core::ptr::null_mut(); ClassId::FIRST_SITE as usize],
            names: [Word::UNBOUND; Name::COUNT],
            hash_key: crate::startup::hash_key(),
            handled: Vec::new(),
            depth: crate::stack::Depth::new(),
            caches: core::ptr::null_mut(),
            lookups: Box::new([none; LOOKUP_ENTRIES]),
            slot_lookups: Box::new([SlotEntry { class: u32::MAX, offset: 0, name: Word::UNBOUND }; SLOT_ENTRIES]),
            spec_ids: AddressMap::default(),
            next_spec_id: crate::exc::END,
            states: AddressMap::default(),
            sides: AddressMap::default(),
            interned: HashMap::default(),
            owned_interned: Vec::new(),
            immortals: Vec::new(),
            short_strings: [Word::UNBOUND; 129],
            empty_tuple: Word::UNBOUND,
            signatures: AddressMap::default(),
            printing: Vec::new(),
            native_depth: 0,
            dealloc_depth: 0,
            attribute_missing: false,
            dealloc_queue: Vec::new(),
            program: program.map_or(core::ptr::null(), |p| p),
            globals: Vec::new(),
            modules: crate::module::Modules::default(),
            argv: argv.to_vec(),
            gc: crate::cycles::Collector::new(),
            claude: crate::claude::State::default(),
            across: None,
            tearing_down: false,
            _pinned: PhantomPinned,
        });
        set_current(&raw mut *rt);
        rt.ctx.slots = rt.slot_lookups.as_mut_ptr();
        rt.heap.collect_at = 100_000;
        rt.start(program);
        rt
    }

    fn start(&mut self, program: Option<&'static ProgramDesc>) {
        if let Some(p) = program {
            for i in 0..p.string_count as usize {
                // SAFETY: the compiler emits `string_count` addresses of string objects.
                self.intern_static(unsafe { *p.strings.add(i) });
            }
        }
        for (i, text) in NAME_TEXTS.iter().enumerate() {
            self.names[i] = self.intern(text);
        }
        let sites = program.map_or(0, |p| p.class_site_count as usize);
        self.classes.resize(ClassId::FIRST_SITE as usize + sites, core::ptr::null_mut());
        self.ctx.classes = self.classes.as_mut_ptr().cast::<*mut Header>();
        let empty = self.alloc_tuple(ClassId::TUPLE, 0, core::iter::empty()).into_word();
        // SAFETY: just made; the empty tuple lives as long as the isolate.
        unsafe { (*empty.as_ptr()).refs = Header::IMMORTAL };
        self.ctx.live_objects -= 1;
        self.empty_tuple = empty;
        crate::startup::create_builtin_classes(self);
        self.start_modules(program);
    }

    /// The isolate whose first field is `ctx`.
    ///
    /// # Safety
    /// `ctx` is the context of a live isolate that this thread has entered.
    #[inline(always)]
    pub unsafe fn from_ctx<'a>(ctx: *mut Context) -> &'a mut Isolate {
        // SAFETY: the context is the first field of a repr(C) isolate.
        unsafe { &mut *ctx.cast::<Isolate>() }
    }

    /// The interned string of a well-known name; immortal.
    #[inline(always)]
    pub fn name(&self, name: Name) -> Word {
        self.names[name.0 as usize]
    }

    /// Per-isolate state of a native module, made by `Default` on first use.
    pub fn state<T: Default + 'static>(&mut self) -> &mut T {
        let entry = self.states.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        entry.downcast_mut().expect("the map is keyed by the type")
    }

    /// Id of the class of a specification; makes the class on first use.
    pub fn class_for(&mut self, spec: &'static ClassSpec) -> ClassId {
        if let Some(&id) = self.spec_ids.get(&(core::ptr::from_ref(spec) as usize)) {
            return id;
        }
        self.make_spec_class(spec)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use molt_abi::Word;

    use crate::{Isolate, Owned, exc};

    /// Calls a method and drops what it returns.
    fn call(rt: &mut Isolate, w: Word, method: &str, args: &[Word]) {
        assert!(rt.call_method(w, method, args).is_ok(), "{method}");
    }

    fn text(rt: &mut Isolate, w: Word) -> alloc::string::String {
        rt.repr_text(w).expect("the repr of builtin objects does not fail")
    }

    #[test]
    fn containers_keep_and_give_up_what_they_hold() {
        let mut rt = Isolate::new(None, &[]);
        let list = rt.new_list(vec![Owned::small(3), Owned::small(1)]);
        let key = rt.new_str("key");
        let dict = rt.new_dict();
        rt.setitem(dict.word(), key.word(), list.word()).expect("a text is hashable");
        for n in 0..40 {
            let item = rt.new_str(&alloc::format!("item {n}"));
            call(&mut rt, list.word(), "append", &[item.word()]);
            rt.setitem(dict.word(), Word::small(n), item.word()).expect("a number is hashable");
        }
        call(&mut rt, list.word(), "reverse", &[]);
        for n in 0..30 {
            call(&mut rt, dict.word(), "pop", &[Word::small(n)]);
            call(&mut rt, list.word(), "pop", &[]);
        }
        assert_eq!(rt.dict_len(dict.word()), 11);
        let copy = rt.call_method(dict.word(), "copy", &[]).expect("dictionaries are copied");
        call(&mut rt, dict.word(), "clear", &[]);
        let kept = rt.getitem(copy.word(), key.word()).expect("the copy has the key");
        assert_eq!(rt.repr_text(kept.word()).ok().map(|t| t.len()), Some(12 * 11));
        drop((list, dict, key, copy, kept));
        assert_eq!(rt.tear_down(true), Ok(()));
    }

    #[test]
    fn cycles_are_collected_and_large_numbers_freed() {
        let mut rt = Isolate::new(None, &[]);
        let mut live = 0;
        // The first round also makes what classes make when they are first used.
        for round in 0..2 {
            for _ in 0..20 {
                let (list, dict) = (rt.new_list(vec![]), rt.new_dict());
                rt.setitem(dict.word(), Word::small(1), list.word()).expect("a number is hashable");
                call(&mut rt, list.word(), "append", &[dict.word()]);
                call(&mut rt, list.word(), "append", &[list.word()]);
            }
            assert!(rt.ctx.live_objects >= live + 40);
            rt.collect_cycles();
            assert!(round == 0 || rt.ctx.live_objects == live);
            live = rt.ctx.live_objects;
        }
        let mut n = Owned::small(7);
        for _ in 0..8 {
            n = rt.binary(crate::names::Name::MUL, n.word(), n.word()).expect("numbers multiply");
        }
        assert_eq!(text(&mut rt, n.word()).len(), 217);
        drop(n);
        assert_eq!(rt.tear_down(true), Ok(()));
    }

    #[test]
    fn errors_belong_to_the_isolate_until_they_are_taken() {
        let mut rt = Isolate::new(None, &[]);
        let tuple = rt.new_tuple(vec![Owned::small(1), Owned::NONE]);
        assert!(rt.getitem(tuple.word(), Word::small(5)).is_err());
        let e = rt.take_exception();
        assert!(rt.is_instance(e.word(), exc::INDEX_ERROR));
        assert_eq!(text(&mut rt, e.word()), "IndexError('tuple index out of range')");
        assert_eq!(text(&mut rt, tuple.word()), "(1, None)");
        drop((e, tuple));
        assert_eq!(rt.tear_down(true), Ok(()));
    }
}
