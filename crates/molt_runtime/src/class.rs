//! Class objects: layout of instances, method resolution order, lookups and their caches.
//!
//! Classes live as long as the isolate: their headers are immortal, they are not counted as live objects,
//! and an instance refers to its class by id. The namespace of a builtin class is filled when something
//! first looks into it, so that start-up costs little.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::Header;
use molt_abi::{ClassId, Word};

use crate::isolate::{LOOKUP_ENTRIES, LookupEntry};
use crate::layouts::{ComplexObj, GetSetObj, IntObj, NativeObj};
use crate::names::Name;
use crate::native::{BaseRef, CallFn, ClassSpec, Layout, NativeDef, NextFn};
use crate::signature::{NativeSig, Receiver};
use crate::{Isolate, Owned, Place};

/// A class object.
#[repr(C)]
pub struct ClassObj {
    pub header: Header,
    pub id: ClassId,
    pub flags: u32,
    pub layout: Layout,
    /// Bytes of the fixed part of an instance, slots included.
    pub instance_size: u32,
    /// Offset of the first word that is a slot or a hidden word.
    pub slot_base: u32,
    /// Changes whenever a lookup on the class may give another result.
    pub version: u32,
    pub name: Word,
    pub qualname: Word,
    /// Namespace, a dict.
    pub dict: Word,
    /// Tuple of bases.
    pub bases: Word,
    /// Method resolution order as a tuple.
    pub mro_tuple: Word,
    /// Base that decides the layout; absent for `object`.
    pub base: Option<Place<ClassObj>>,
    pub mro: Vec<Place<ClassObj>>,
    /// Ids of direct subclasses, not counted.
    pub subclasses: Vec<ClassId>,
    pub slots: Vec<Slot>,
    /// Lookup results of special methods (borrowed): 0 not looked up, `UNBOUND` absent.
    pub specials: Option<Box<[Word; Name::SPECIAL_COUNT]>>,
    pub spec: Option<&'static ClassSpec>,
    pub next: Option<NextFn>,
    pub call: Option<CallFn>,
    /// Names of class variables that the program keeps reassigning; lookups of them are not cached.
    pub volatile_names: Vec<Word>,
    /// Assignments to attributes of the class since it was made.
    pub assignments: u32,
}

/// A field that instances keep in the object.
#[derive(Clone, Copy)]
pub struct Slot {
    pub name: Word,
    pub offset: u32,
    /// It has a descriptor in the class, and is not an entry of `__dict__`.
    pub member: bool,
}

/// Flags beside those of [`ClassSpec`].
impl ClassObj {
    /// The namespace of a builtin class is not filled yet.
    pub const UNFILLED: u32 = 1 << 16;
    /// Made by the program.
    pub const HEAP: u32 = 1 << 17;
    /// `__getattribute__` is not `object`'s.
    pub const CUSTOM_GETATTRIBUTE: u32 = 1 << 18;
    /// `__setattr__` or `__delattr__` is not `object`'s.
    pub const CUSTOM_SETATTR: u32 = 1 << 19;
    pub const HAS_GETATTR: u32 = 1 << 20;
    pub const HAS_DEL: u32 = 1 << 21;
    pub const EXCEPTION: u32 = 1 << 22;
    /// Has abstract methods left.
    pub const ABSTRACT: u32 = 1 << 23;
    /// A metaclass.
    pub const METACLASS: u32 = 1 << 24;
    /// Constructor of a data type of ClaudeLang: its instances are values that compare by their fields.
    pub const CONSTRUCTOR: u32 = 1 << 25;
    /// Instances are handles of ClaudeLang: opaque, equal to themselves only.
    pub const HANDLE: u32 = 1 << 26;
    /// ClaudeLang calls its instances procedures.
    pub const PROCEDURE: u32 = 1 << 27;
    /// Instances of this class and of its bases may have attributes outside the layout.
    pub const DICT: u32 = ClassSpec::HAS_DICT;

    /// The name as text.
    pub(crate) fn display_name(&self) -> String {
        crate::api::str_text(self.name).into_owned()
    }

    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

impl Isolate {
    /// The class of an id.
    #[inline(always)]
    pub fn class(&self, id: ClassId) -> Place<ClassObj> {
        // SAFETY: ids come from class objects, which live as long as the isolate.
        unsafe { Place::new(*self.classes.as_ptr().add(id.0 as usize)) }
    }

    #[inline(always)]
    pub fn class_of(&self, w: Word) -> ClassId {
        if w.is_object() {
            // SAFETY: an object word points to a live header.
            return unsafe { (*w.as_ptr()).class };
        }
        if w.is_small() {
            return ClassId::INT;
        }
        if w.is_flonum() {
            return ClassId::FLOAT;
        }
        match w {
            Word::TRUE | Word::FALSE => ClassId::BOOL,
            Word::NOT_IMPLEMENTED => ClassId::NOT_IMPLEMENTED,
            Word::ELLIPSIS => ClassId::ELLIPSIS,
            _ => ClassId::NONE,
        }
    }

    #[inline(always)]
    pub fn class_word(&self, id: ClassId) -> Word {
        Word::from_ptr(self.classes[id.0 as usize])
    }

    /// The class object of a word that is a class.
    #[inline(always)]
    pub(crate) fn class_obj(&self, w: Word) -> Place<ClassObj> {
        // SAFETY: the caller checked `is_class`.
        unsafe { Place::new(w.as_ptr().cast()) }
    }

    /// Id of a class object (precondition: `w` is a class).
    #[inline(always)]
    pub fn class_id(&self, w: Word) -> ClassId {
        self.class_obj(w).id
    }

    #[inline(always)]
    pub fn is_class(&self, w: Word) -> bool {
        if !w.is_object() {
            return false;
        }
        let class = self.class_of(w);
        class == ClassId::TYPE || self.class(class).has(ClassObj::METACLASS)
    }

    #[inline]
    pub fn is_subclass(&self, sub: ClassId, sup: ClassId) -> bool {
        if sub == sup || sup == ClassId::OBJECT {
            return true;
        }
        self.class(sub).mro.iter().any(|c| c.id == sup)
    }

    #[inline]
    pub fn is_instance(&self, w: Word, class: ClassId) -> bool {
        self.is_subclass(self.class_of(w), class)
    }

    #[inline]
    fn has_layout(&self, w: Word, exact: ClassId, layout: Layout) -> bool {
        let class = self.class_of(w);
        class == exact || (w.is_object() && self.class(class).layout == layout)
    }

    #[inline]
    pub fn is_str(&self, w: Word) -> bool {
        w.is_object() && self.has_layout(w, ClassId::STR, Layout::Str)
    }
    #[inline]
    pub fn is_int(&self, w: Word) -> bool {
        w.is_small() || w.is_bool() || self.has_layout(w, ClassId::INT, Layout::Int)
    }
    #[inline]
    pub fn is_float(&self, w: Word) -> bool {
        w.is_flonum() || self.has_layout(w, ClassId::FLOAT, Layout::Float)
    }
    #[inline]
    pub fn is_bytes(&self, w: Word) -> bool {
        w.is_object() && self.has_layout(w, ClassId::BYTES, Layout::Bytes)
    }
    #[inline]
    pub fn is_list(&self, w: Word) -> bool {
        w.is_object() && self.has_layout(w, ClassId::LIST, Layout::List)
    }
    #[inline]
    pub fn is_tuple(&self, w: Word) -> bool {
        w.is_object() && self.has_layout(w, ClassId::TUPLE, Layout::Tuple)
    }
    #[inline]
    pub fn is_dict(&self, w: Word) -> bool {
        w.is_object() && self.has_layout(w, ClassId::DICT, Layout::Dict)
    }

    /// Whether the word is an instance of `BaseException`.
    pub(crate) fn is_exception(&self, w: Word) -> bool {
        w.is_object() && self.class(self.class_of(w)).has(ClassObj::EXCEPTION)
    }

    pub fn is_callable(&mut self, w: Word) -> bool {
        let class = self.class_of(w);
        self.class(class).call.is_some() || !self.special(class, Name::CALL).is_unbound()
    }

    /// `type(w).__name__` for messages.
    pub fn type_name(&self, w: Word) -> String {
        self.class_name(self.class_of(w))
    }

    /// Name of a class for messages.
    pub(crate) fn class_name(&self, id: ClassId) -> String {
        let name = crate::api::str_text(self.class(id).name);
        match self.class(id).spec {
            Some(spec) if spec.module != "builtins" => format!("{}.{name}", spec.module),
            _ => name.into_owned(),
        }
    }

    /// What a message about a wrong argument calls it: `None`, or the name of its class.
    pub(crate) fn argument_kind(&self, w: Word) -> String {
        if w.is_none() { "None".to_owned() } else { self.type_name(w) }
    }

    /// Name of a value's class for its `repr`: without the module.
    pub(crate) fn short_type_name(&self, w: Word) -> String {
        crate::api::str_text(self.class(self.class_of(w)).name).into_owned()
    }

    // ---- making classes ------------------------------------------------------------------------

    /// A class object that nothing refers to yet. `dict` is taken over; the other words are shared.
    pub(crate) fn new_class_object(&mut self, id: ClassId, meta: ClassId, name: Word, dict: Owned) -> Place<ClassObj> {
        let class = Box::new(ClassObj {
            header: Header { refs: Header::IMMORTAL, class: meta },
            id,
            flags: 0,
            layout: Layout::Plain,
            instance_size: 8,
            slot_base: 8,
            version: 0,
            name: Owned::share(name).into_word(),
            qualname: Owned::share(name).into_word(),
            dict: dict.into_word(),
            bases: self.empty_tuple,
            mro_tuple: self.empty_tuple,
            base: None,
            mro: Vec::new(),
            subclasses: Vec::new(),
            slots: Vec::new(),
            specials: None,
            spec: None,
            next: None,
            call: None,
            volatile_names: Vec::new(),
            assignments: 0,
        });
        let class = Box::into_raw(class);
        let index = id.0 as usize;
        if index >= self.classes.len() {
            self.classes.resize(index + 64, core::ptr::null_mut());
            self.ctx.classes = self.classes.as_mut_ptr().cast::<*mut Header>();
        }
        self.classes[index] = class;
        // SAFETY: just made; classes live as long as the isolate.
        unsafe { Place::new(class) }
    }

    pub(crate) fn make_spec_class(&mut self, spec: &'static ClassSpec) -> ClassId {
        let base = match spec.base {
            BaseRef::Id(id) => id,
            BaseRef::Spec(s) => self.class_for(s),
        };
        let id = spec.id.unwrap_or_else(|| {
            self.next_spec_id += 1;
            ClassId(self.next_spec_id - 1)
        });
        debug_assert!(id.0 < ClassId::FIRST_SITE);
        self.spec_ids.insert(core::ptr::from_ref(spec) as usize, id);
        let name = self.intern(spec.name);
        let dict = self.new_dict();
        let mut class = self.new_class_object(id, ClassId::TYPE, name, dict);
        class.spec = Some(spec);
        class.flags = spec.flags | ClassObj::UNFILLED;
        class.layout = spec.layout;
        class.next = spec.next;
        class.call = spec.call;
        let own_base = if id == ClassId::OBJECT { None } else { Some(base) };
        let mut size = base_size(spec.layout);
        if let Some(b) = own_base {
            let mut b = self.class(b);
            class.base = Some(b);
            class.flags |= b.flags
                & (ClassObj::CUSTOM_GETATTRIBUTE
                    | ClassObj::CUSTOM_SETATTR
                    | ClassObj::HAS_GETATTR
                    | ClassObj::HAS_DEL
                    | ClassObj::EXCEPTION
                    | ClassSpec::HAS_DICT
                    | ClassSpec::WEAKREFABLE
                    | ClassSpec::SEQUENCE
                    | ClassSpec::MAPPING);
            if class.next.is_none() {
                class.next = b.next;
            }
            if class.call.is_none() {
                class.call = b.call;
            }
            size = size.max(b.instance_size);
            class.mro = core::iter::once(class).chain(b.mro.iter().copied()).collect();
            b.subclasses.push(id);
            let base_word = b.word();
            class.bases = self.alloc_tuple(ClassId::TUPLE, 1, core::iter::once(base_word)).into_word();
        } else {
            class.mro = vec![class];
        }
        if id != ClassId::OBJECT && id != ClassId::TYPE {
            class.flags |= hook_flags(spec);
        }
        class.slot_base = size;
        class.instance_size = size + 8 * spec.hidden_words;
        let words: Vec<Word> = class.mro.iter().map(|c| c.word()).collect();
        class.mro_tuple = self.new_tuple_of(&words).into_word();
        id
    }

    /// Fills the namespace of a builtin class from its specification.
    #[cold]
    fn fill_class(&mut self, mut class: Place<ClassObj>) {
        class.flags &= !ClassObj::UNFILLED;
        let Some(spec) = class.spec else { return };
        for def in spec.methods {
            self.add_native_method(class, def);
        }
        if spec.next.is_some() && !spec.methods.iter().any(|m| m.name == "__next__") {
            self.add_native_method(class, &crate::iter::NEXT_METHOD);
        }
        if spec.id == Some(ClassId::OBJECT) {
            for def in &crate::reduce::METHODS {
                self.add_native_method(class, def);
            }
        }
        for def in spec.getset {
            let name = self.intern(def.name);
            let p = self.alloc_object(ClassId::GETSET_DESCRIPTOR, size_of::<GetSetObj>()).cast::<GetSetObj>();
            // SAFETY: freshly allocated for this layout.
            let w = unsafe {
                (*p).def = def;
                (*p).name = name;
                (*p).owner = class.word();
                (*p).offset = 0;
                Owned::from_word(Word::from_ptr(p))
            };
            self.dict_set_name(class.dict, name, w.word());
        }
        if self.dict_get_name(class.dict, self.name(Name::DOC)).is_none() {
            let doc = if spec.doc.is_empty() { Owned::NONE } else { self.new_str(spec.doc) };
            self.dict_set_name(class.dict, self.name(Name::DOC), doc.word());
        }
        if spec.flags & ClassSpec::UNHASHABLE != 0 {
            self.dict_set_name(class.dict, self.name(Name::HASH), Word::NONE);
        }
        if spec.flags & ClassSpec::GENERIC != 0 {
            let def = &crate::builtins::generic_alias::CLASS_GETITEM;
            self.add_native_method(class, def);
        }
    }

    /// Adds a row of a method table to a class as the kind of descriptor that its signature says.
    pub(crate) fn add_native_method(&mut self, class: Place<ClassObj>, def: &'static NativeDef) {
        let name = self.intern(def.name);
        let owner = class.word();
        let first = def.signature.trim_start_matches('(').split([',', ')']).next().unwrap_or("").trim();
        let made = match first {
            "$self" => {
                let kind =
                    if is_slot_name(def.name) { ClassId::WRAPPER_DESCRIPTOR } else { ClassId::METHOD_DESCRIPTOR };
                self.new_builtin_of(kind, def, Word::UNBOUND, owner)
            }
            _ if def.name == "__new__" => self.new_builtin_of(ClassId::BUILTIN_FUNCTION, def, Word::UNBOUND, owner),
            "$type" | "$cls" => {
                let f = self.new_builtin_of(ClassId::BUILTIN_FUNCTION, def, Word::UNBOUND, owner);
                self.new_plain(ClassId::CLASSMETHOD, [f.into_word()])
            }
            _ => {
                let f = self.new_builtin_of(ClassId::BUILTIN_FUNCTION, def, Word::UNBOUND, owner);
                self.new_plain(ClassId::STATICMETHOD, [f.into_word()])
            }
        };
        self.dict_set_name(class.dict, name, made.word());
    }

    /// Descriptor of a word at a byte offset of the instances of a class.
    pub(crate) fn new_member(&mut self, name: Word, class: ClassId, offset: usize) -> Owned {
        let owner = self.class_word(class);
        let p = self.alloc_object(ClassId::MEMBER_DESCRIPTOR, size_of::<GetSetObj>()).cast::<GetSetObj>();
        // SAFETY: freshly allocated for this layout.
        unsafe {
            (*p).def = core::ptr::null();
            (*p).name = name;
            (*p).owner = owner;
            (*p).offset = offset as u64;
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// Parsed signature of a row; shared.
    pub(crate) fn signature(&mut self, def: *const NativeDef) -> *const NativeSig {
        // SAFETY: rows are static.
        let row = unsafe { &*def };
        let entry = self.signatures.entry(def as usize).or_insert_with(|| {
            let mut sig = NativeSig::parse(row);
            if row.name == "__new__" {
                sig.receiver = Receiver::Class;
            }
            Box::new(sig)
        });
        core::ptr::from_ref(&**entry)
    }

    /// Namespace of a class, filled.
    pub(crate) fn class_dict(&mut self, class: Place<ClassObj>) -> Word {
        if class.has(ClassObj::UNFILLED) {
            self.fill_class(class);
        }
        class.dict
    }

    // ---- lookup --------------------------------------------------------------------------------

    /// Attribute found along the method resolution order, borrowed; `UNBOUND` when absent.
    #[inline]
    pub(crate) fn lookup(&mut self, id: ClassId, name: Word) -> Word {
        let index = (name.0 >> 4 ^ u64::from(id.0).wrapping_mul(0x9e37_79b9)) as usize % LOOKUP_ENTRIES;
        let e = &self.lookups[index];
        if e.class == id.0 && e.name == name {
            return e.value;
        }
        let value = self.lookup_uncached(id, name);
        // SAFETY: a name is a live string object.
        if unsafe { (*name.as_ptr()).refs } < 0 && !self.is_volatile(id, name) {
            self.lookups[index] = LookupEntry { class: id.0, name, value };
        }
        value
    }

    fn is_volatile(&self, id: ClassId, name: Word) -> bool {
        self.class(id).mro.iter().any(|c| c.volatile_names.contains(&name))
    }

    fn lookup_uncached(&mut self, id: ClassId, name: Word) -> Word {
        let count = self.class(id).mro.len();
        for i in 0..count {
            let dict = self.class_dict(self.class(id).mro[i]);
            if let Some(v) = self.dict_get_name(dict, name) {
                return v;
            }
        }
        Word::UNBOUND
    }

    /// Special method of a class, borrowed; `UNBOUND` when absent.
    #[inline]
    pub(crate) fn special(&mut self, id: ClassId, name: Name) -> Word {
        let class = self.class(id);
        if let Some(table) = &class.specials {
            let w = table[name.0 as usize];
            if w.0 != 0 {
                return w;
            }
        }
        self.special_slow(id, name)
    }

    fn special_slow(&mut self, id: ClassId, name: Name) -> Word {
        let w = self.lookup_uncached(id, self.name(name));
        let mut class = self.class(id);
        let table = class.specials.get_or_insert_with(|| Box::new([Word(0); Name::SPECIAL_COUNT]));
        table[name.0 as usize] = w;
        w
    }

    /// Whether the class's special method is the given builtin class's own.
    pub(crate) fn inherits_special(&mut self, id: ClassId, from: ClassId, name: Name) -> bool {
        self.special(id, name) == self.special(from, name)
    }

    /// Field of the instance layout with this name.
    #[inline]
    pub(crate) fn slot_of(&self, class: Place<ClassObj>, name: Word) -> Option<u32> {
        for slot in &class.slots {
            if slot.name == name {
                return Some(slot.offset);
            }
        }
        // SAFETY: a name is a live string; interned ones were compared by address above.
        if unsafe { (*name.as_ptr()).refs } < 0 {
            return None;
        }
        let text = crate::api::str_bytes(name);
        class.slots.iter().find(|s| crate::api::str_bytes(s.name) == text).map(|s| s.offset)
    }

    // ---- changes -------------------------------------------------------------------------------

    /// Forgets everything that was remembered about lookups on a class and its subclasses.
    pub(crate) fn class_changed(&mut self, class: Place<ClassObj>) {
        self.forget_specials(class);
        for e in self.lookups.iter_mut() {
            e.class = u32::MAX;
        }
        for e in self.slot_lookups.iter_mut() {
            e.class = u32::MAX;
        }
        self.empty_caches();
    }

    fn forget_specials(&mut self, mut class: Place<ClassObj>) {
        class.version += 1;
        class.specials = None;
        for id in class.subclasses.clone() {
            let sub = self.class(id);
            self.forget_specials(sub);
        }
        self.update_hooks(class);
    }

    /// Empties all inline caches.
    pub(crate) fn empty_caches(&mut self) {
        let mut cache = core::mem::replace(&mut self.caches, core::ptr::null_mut());
        while !cache.is_null() {
            // SAFETY: only caches that were filled are in the list; they are static data.
            unsafe {
                (*cache).class = u32::MAX;
                (*cache).offset = 0;
                (*cache).kind = 0;
                (*cache).value = Word::UNBOUND;
                cache = core::mem::replace(&mut (*cache).next, core::ptr::null_mut());
            }
        }
    }

    /// Sets the flags that say which attribute hooks a class has.
    pub(crate) fn update_hooks(&mut self, mut class: Place<ClassObj>) {
        if self.classes[ClassId::OBJECT.0 as usize].is_null() {
            return;
        }
        let id = class.id;
        let mut flags = class.flags
            & !(ClassObj::CUSTOM_GETATTRIBUTE | ClassObj::CUSTOM_SETATTR | ClassObj::HAS_GETATTR | ClassObj::HAS_DEL);
        let plain = if class.has(ClassObj::METACLASS) { ClassId::TYPE } else { ClassId::OBJECT };
        let get = self.lookup_uncached(id, self.name(Name::GETATTRIBUTE));
        if get != self.lookup_uncached(plain, self.name(Name::GETATTRIBUTE)) {
            flags |= ClassObj::CUSTOM_GETATTRIBUTE;
        }
        for name in [Name::SETATTR, Name::DELATTR] {
            if self.lookup_uncached(id, self.name(name)) != self.lookup_uncached(plain, self.name(name)) {
                flags |= ClassObj::CUSTOM_SETATTR;
            }
        }
        if !self.lookup_uncached(id, self.name(Name::GETATTR)).is_unbound() {
            flags |= ClassObj::HAS_GETATTR;
        }
        if !self.lookup_uncached(id, self.name(Name::DEL)).is_unbound() {
            flags |= ClassObj::HAS_DEL;
        }
        class.flags = flags;
    }

    /// Stores (or with `UNBOUND` removes) an attribute in a class namespace and keeps the caches right.
    /// `false` when there was nothing to remove.
    pub(crate) fn set_class_attr(&mut self, mut class: Place<ClassObj>, name: Word, value: Word) -> bool {
        let dict = self.class_dict(class);
        let name = self.intern_word(name);
        let old = self.dict_get_name(dict, name).map(Owned::share);
        let known_volatile = class.volatile_names.contains(&name);
        let plain = |rt: &mut Isolate, w: Word| w.is_unbound() || !rt.is_descriptor(w);
        let quiet = known_volatile && old.is_some() && !value.is_unbound() && plain(self, value);
        if value.is_unbound() {
            if old.is_none() {
                return false;
            }
            self.dict_remove_name(dict, name);
        } else {
            self.dict_set_name(dict, name, value);
        }
        if !quiet {
            class.assignments += 1;
            if class.assignments > 8 && !known_volatile && !crate::api::str_bytes(name).starts_with(b"__") {
                class.volatile_names.push(name);
            }
            self.class_changed(class);
        }
        true
    }
}

/// Flags of the attribute hooks that a specification defines.
fn hook_flags(spec: &ClassSpec) -> u32 {
    spec.methods.iter().fold(0, |flags, m| {
        flags
            | match m.name {
                "__getattribute__" => ClassObj::CUSTOM_GETATTRIBUTE,
                "__setattr__" | "__delattr__" => ClassObj::CUSTOM_SETATTR,
                "__getattr__" => ClassObj::HAS_GETATTR,
                "__del__" => ClassObj::HAS_DEL,
                _ => 0,
            }
    })
}

/// Bytes of an instance before slots.
pub(crate) fn base_size(layout: Layout) -> u32 {
    use molt_abi::layout as abi;
    let size = match layout {
        Layout::Plain | Layout::Immediate => size_of::<Header>(),
        Layout::Float => size_of::<abi::FloatObj>(),
        Layout::Int => size_of::<IntObj>(),
        Layout::Complex => size_of::<ComplexObj>(),
        Layout::Str => size_of::<abi::StrObj>(),
        Layout::Bytes => size_of::<abi::BytesObj>(),
        Layout::Tuple | Layout::Words => size_of::<abi::TupleObj>(),
        Layout::List => size_of::<abi::ListObj>(),
        Layout::Dict => size_of::<crate::dict::DictObj>(),
        Layout::Set => size_of::<crate::set::SetObj>(),
        Layout::Native => size_of::<NativeObj>(),
        Layout::Class => size_of::<ClassObj>(),
        Layout::Function => size_of::<abi::FunctionObj>(),
        Layout::Builtin => size_of::<crate::layouts::BuiltinObj>(),
        Layout::Generator => size_of::<abi::GeneratorObj>(),
        Layout::Traceback => size_of::<crate::layouts::TracebackObj>(),
        Layout::Code => size_of::<crate::layouts::CodeObj>(),
        Layout::Weakref => size_of::<crate::layouts::WeakrefObj>(),
        Layout::Module => size_of::<crate::layouts::ModuleObj>(),
    };
    size as u32
}

/// Whether instances with this layout have room for slots of subclasses.
pub(crate) fn layout_takes_slots(layout: Layout) -> bool {
    !matches!(layout, Layout::Str | Layout::Bytes | Layout::Tuple | Layout::Words | Layout::Class | Layout::Immediate)
}

/// Special methods that CPython shows as slot wrappers.
fn is_slot_name(name: &str) -> bool {
    let index = crate::names::NAME_TEXTS.iter().take(Name::SPECIAL_COUNT).position(|t| *t == name);
    index.is_some()
        && !matches!(
            name,
            "__format__"
                | "__bytes__"
                | "__dir__"
                | "__length_hint__"
                | "__reversed__"
                | "__complex__"
                | "__round__"
                | "__trunc__"
                | "__floor__"
                | "__ceil__"
                | "__enter__"
                | "__exit__"
                | "__fspath__"
                | "__missing__"
                | "__sizeof__"
                | "__instancecheck__"
                | "__subclasscheck__"
                | "__prepare__"
                | "__mro_entries__"
        )
}
