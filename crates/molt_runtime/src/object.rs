//! Attribute access: the generic algorithm, descriptors, class attributes, modules and inline caches.

use alloc::format;
use alloc::string::String;
use molt_abi::context::{SlotEntry, slot_index};
use molt_abi::layout::AttrCache;
use molt_abi::{ClassId, Word};

use crate::api::{field, str_text};
use crate::class::ClassObj;
use crate::layouts::{BuiltinObj, GetSetObj};
use crate::names::Name;
use crate::native::Layout;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult, Raised, exc};

/// What a filled cache holds.
pub(crate) const CACHE_SLOT: u64 = 1;
pub(crate) const CACHE_METHOD: u64 = 2;

impl Isolate {
    /// Whether a value found on a class takes part in attribute access.
    pub(crate) fn is_descriptor(&mut self, w: Word) -> bool {
        if !w.is_object() {
            return false;
        }
        match self.class_of(w) {
            ClassId::STR | ClassId::TUPLE | ClassId::LIST | ClassId::DICT | ClassId::TYPE => false,
            ClassId::FUNCTION | ClassId::PROPERTY | ClassId::CLASSMETHOD | ClassId::STATICMETHOD => true,
            c => {
                self.is_builtin_descriptor(c)
                    || !self.special(c, Name::GET).is_unbound()
                    || !self.special(c, Name::SET).is_unbound()
                    || !self.special(c, Name::DELETE).is_unbound()
            }
        }
    }

    fn is_builtin_descriptor(&self, c: ClassId) -> bool {
        matches!(
            c,
            ClassId::METHOD_DESCRIPTOR
                | ClassId::WRAPPER_DESCRIPTOR
                | ClassId::MEMBER_DESCRIPTOR
                | ClassId::GETSET_DESCRIPTOR
        )
    }

    /// Whether a value found on a class goes before the instance's own attributes.
    pub(crate) fn is_data_descriptor(&mut self, w: Word) -> bool {
        if !w.is_object() {
            return false;
        }
        match self.class_of(w) {
            ClassId::FUNCTION
            | ClassId::METHOD_DESCRIPTOR
            | ClassId::WRAPPER_DESCRIPTOR
            | ClassId::STR
            | ClassId::CLASSMETHOD
            | ClassId::STATICMETHOD
            | ClassId::BUILTIN_FUNCTION
            | ClassId::TYPE => false,
            ClassId::PROPERTY | ClassId::GETSET_DESCRIPTOR | ClassId::MEMBER_DESCRIPTOR => true,
            c => !self.special(c, Name::SET).is_unbound() || !self.special(c, Name::DELETE).is_unbound(),
        }
    }

    /// Binds a value found on a class to an instance (`UNBOUND` for access through the class).
    pub(crate) fn descr_get(&mut self, attr: Word, obj: Word, owner: Word) -> PyResult {
        if !attr.is_object() {
            return Ok(Owned::share(attr));
        }
        let class = self.class_of(attr);
        match class {
            ClassId::STR
            | ClassId::TUPLE
            | ClassId::LIST
            | ClassId::DICT
            | ClassId::TYPE
            | ClassId::BUILTIN_FUNCTION => Ok(Owned::share(attr)),
            ClassId::FUNCTION | ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR if obj.is_unbound() => {
                Ok(Owned::share(attr))
            }
            ClassId::FUNCTION => Ok(self.new_bound_method(attr, obj)),
            ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR => {
                // SAFETY: both classes have builtin layout.
                let b = unsafe { &*attr.as_ptr().cast::<BuiltinObj>() };
                Ok(self.new_builtin_of(ClassId::BUILTIN_FUNCTION, b.def, obj, b.owner))
            }
            ClassId::STATICMETHOD => Ok(Owned::share(field(attr, 0))),
            ClassId::CLASSMETHOD => self.bind_to(field(attr, 0), owner),
            ClassId::PROPERTY if obj.is_unbound() => Ok(Owned::share(attr)),
            ClassId::PROPERTY => self.property_get(attr, obj),
            ClassId::GETSET_DESCRIPTOR if obj.is_unbound() => Ok(Owned::share(attr)),
            ClassId::GETSET_DESCRIPTOR => {
                self.check_receiver(attr, obj)?;
                // SAFETY: the class has this layout; rows are static.
                let get = unsafe { (*(*attr.as_ptr().cast::<GetSetObj>()).def).get };
                get(self, obj)
            }
            ClassId::MEMBER_DESCRIPTOR if obj.is_unbound() => Ok(Owned::share(attr)),
            ClassId::MEMBER_DESCRIPTOR => {
                self.check_receiver(attr, obj)?;
                // SAFETY: the class has this layout.
                let d = unsafe { &*attr.as_ptr().cast::<GetSetObj>() };
                let v = slot_at(obj, d.offset as u32);
                if v.is_unbound() { Err(self.attribute_error(obj, d.name)) } else { Ok(Owned::share(v)) }
            }
            _ => {
                let get = self.special(class, Name::GET);
                if get.is_unbound() {
                    return Ok(Owned::share(attr));
                }
                // Subclasses of builtin descriptors that do not override the protocol.
                for kind in [ClassId::PROPERTY, ClassId::CLASSMETHOD, ClassId::STATICMETHOD] {
                    if get == self.special(kind, Name::GET) && self.is_subclass(class, kind) {
                        return match kind {
                            ClassId::STATICMETHOD => Ok(Owned::share(field(attr, 0))),
                            ClassId::CLASSMETHOD => self.bind_to(field(attr, 0), owner),
                            _ if obj.is_unbound() => Ok(Owned::share(attr)),
                            _ => self.property_get(attr, obj),
                        };
                    }
                }
                let obj = if obj.is_unbound() { Word::NONE } else { obj };
                self.call(get, &[attr, obj, owner])
            }
        }
    }

    /// A callable bound to a receiver, as `classmethod` does.
    pub(crate) fn bind_to(&mut self, callable: Word, receiver: Word) -> PyResult {
        match self.class_of(callable) {
            ClassId::FUNCTION => Ok(self.new_bound_method(callable, receiver)),
            ClassId::BUILTIN_FUNCTION => {
                // SAFETY: the class has this layout.
                let b = unsafe { &*callable.as_ptr().cast::<BuiltinObj>() };
                if b.receiver.is_unbound() && !b.owner.is_unbound() && self.is_class(b.owner) {
                    return Ok(self.new_builtin_of(ClassId::BUILTIN_FUNCTION, b.def, receiver, b.owner));
                }
                Ok(self.new_bound_method(callable, receiver))
            }
            c => {
                let get = self.special(c, Name::GET);
                if get.is_unbound() {
                    return Ok(self.new_bound_method(callable, receiver));
                }
                let owner = self.class_word(self.class_of(receiver));
                self.descr_get(callable, receiver, owner)
            }
        }
    }

    pub(crate) fn new_bound_method(&mut self, function: Word, receiver: Word) -> Owned {
        inc(function);
        inc(receiver);
        self.new_plain(ClassId::BOUND_METHOD, [function, receiver])
    }

    fn property_get(&mut self, property: Word, obj: Word) -> PyResult {
        let getter = field(property, 0);
        if getter.is_none() {
            return Err(self.property_error(property, obj, "getter"));
        }
        self.call(getter, &[obj])
    }

    fn property_error(&mut self, property: Word, obj: Word, what: &str) -> Raised {
        let name = field(property, 4);
        let owner = crate::api::str_text(self.class(self.class_of(obj)).qualname).into_owned();
        let msg = if name.is_none() || name.is_unbound() {
            format!("property of '{owner}' object has no {what}")
        } else {
            match self.repr_text(name) {
                Ok(name) => format!("property {name} of '{owner}' object has no {what}"),
                Err(e) => return e,
            }
        };
        self.raise(exc::ATTRIBUTE_ERROR, msg)
    }

    // ---- reading -------------------------------------------------------------------------------

    pub fn get_attr(&mut self, obj: Word, name: Word) -> PyResult {
        match self.get_attr_found(obj, name)? {
            Some(v) => Ok(v),
            None => Err(self.no_attribute(obj, name)),
        }
    }

    pub fn get_attr_opt(&mut self, obj: Word, name: Word) -> PyResult<Option<Owned>> {
        match self.get_attr_found(obj, name) {
            Err(Raised) if self.pending_is(exc::ATTRIBUTE_ERROR) => {
                self.clear_exception();
                Ok(None)
            }
            other => other,
        }
    }

    pub fn getattr(&mut self, obj: Word, name: &str) -> PyResult {
        let name = self.intern(name);
        self.get_attr(obj, name)
    }

    /// `None` instead of AttributeError.
    pub fn getattr_opt(&mut self, obj: Word, name: &str) -> PyResult<Option<Owned>> {
        let name = self.intern(name);
        self.get_attr_opt(obj, name)
    }

    /// The attribute with all hooks; `None` when it is absent and no hook raised.
    pub(crate) fn get_attr_found(&mut self, obj: Word, name: Word) -> PyResult<Option<Owned>> {
        let id = self.class_of(obj);
        let class = self.class(id);
        if !class.has(ClassObj::CUSTOM_GETATTRIBUTE | ClassObj::HAS_GETATTR) {
            return self.get_attr_plain(obj, name);
        }
        let found = if class.has(ClassObj::CUSTOM_GETATTRIBUTE) {
            let hook = self.special(id, Name::GETATTRIBUTE);
            self.call(hook, &[obj, name]).map(Some)
        } else {
            self.get_attr_plain(obj, name)
        };
        if !class.has(ClassObj::HAS_GETATTR) {
            return found;
        }
        match found {
            Ok(Some(v)) => return Ok(Some(v)),
            Ok(None) => {}
            Err(Raised) if self.pending_is(exc::ATTRIBUTE_ERROR) => self.clear_exception(),
            Err(e) => return Err(e),
        }
        let hook = self.special(id, Name::GETATTR);
        self.call(hook, &[obj, name]).map(Some)
    }

    /// `object.__getattribute__`, `type.__getattribute__` or the module's, without hooks.
    pub(crate) fn get_attr_plain(&mut self, obj: Word, name: Word) -> PyResult<Option<Owned>> {
        let id = self.class_of(obj);
        let class = self.class(id);
        if class.layout == Layout::Class {
            return self.get_class_attr(obj, name);
        }
        let attr = self.lookup(id, name);
        let owner = class.word();
        if !attr.is_unbound() && self.is_data_descriptor(attr) {
            let attr = Owned::share(attr);
            return self.descr_get(attr.word(), obj, owner).map(Some);
        }
        if let Some(v) = self.own_attr(obj, class, name) {
            return Ok(Some(v));
        }
        if attr.is_unbound() {
            return self.module_hook(obj, class, name);
        }
        let attr = Owned::share(attr);
        self.descr_get(attr.word(), obj, owner).map(Some)
    }

    /// What a module's own `__getattr__` answers for a name that it does not have (PEP 562).
    fn module_hook(&mut self, obj: Word, class: Place<ClassObj>, name: Word) -> PyResult<Option<Owned>> {
        if class.layout != Layout::Module {
            return Ok(None);
        }
        let hook = self.name(Name::GETATTR);
        match self.own_attr(obj, class, hook) {
            Some(hook) => self.call(hook.word(), &[name]).map(Some),
            None => Ok(None),
        }
    }

    /// Attribute kept by the object itself.
    #[inline]
    pub(crate) fn own_attr(&mut self, obj: Word, class: Place<ClassObj>, name: Word) -> Option<Owned> {
        if !obj.is_object() {
            return None;
        }
        if let Some(offset) = self.slot_of(class, name) {
            let v = slot_at(obj, offset);
            if !v.is_unbound() {
                return Some(Owned::share(v));
            }
        }
        if class.layout == Layout::Module {
            return self.module_get(obj, name);
        }
        let dict = self.side_dict(obj)?;
        self.dict_get_name(dict, name).map(Owned::share)
    }

    /// The dict of attributes outside the layout, borrowed.
    #[inline(always)]
    pub(crate) fn side_dict(&self, obj: Word) -> Option<Word> {
        // SAFETY: an object word points to a live header.
        let refs = unsafe { (*obj.as_ptr()).refs };
        if refs >= 0 && refs & molt_abi::Header::HAS_SIDE == 0 { None } else { self.side_dict_listed(obj) }
    }

    /// Same of an object that may be listed in the side table.
    #[inline(never)]
    fn side_dict_listed(&self, obj: Word) -> Option<Word> {
        self.sides.get(&obj.0)?.dict.as_ref().map(Owned::word)
    }

    #[inline(always)]
    pub(crate) fn is_immortal(&self, obj: Word) -> bool {
        // SAFETY: an object word points to a live header.
        unsafe { (*obj.as_ptr()).refs < 0 }
    }

    /// The side entry of an object, made when absent.
    pub(crate) fn side_mut(&mut self, obj: Word) -> &mut crate::isolate::Side {
        if !self.is_immortal(obj) {
            // SAFETY: an object word points to a live, counted header.
            unsafe { (*obj.as_ptr()).refs |= molt_abi::Header::HAS_SIDE };
        }
        self.sides.entry(obj.0).or_default()
    }

    /// The dict of attributes outside the layout, made when absent; borrowed.
    pub(crate) fn side_dict_mut(&mut self, obj: Word) -> Word {
        if let Some(d) = self.side_dict(obj) {
            return d;
        }
        let d = self.new_dict();
        let w = d.word();
        self.side_mut(obj).dict = Some(d);
        w
    }

    fn get_class_attr(&mut self, obj: Word, name: Word) -> PyResult<Option<Owned>> {
        let class = self.class_obj(obj);
        let meta = class.header.class;
        let on_meta = self.lookup(meta, name);
        let meta_word = self.class_word(meta);
        if !on_meta.is_unbound() && self.is_data_descriptor(on_meta) {
            return self.descr_get(on_meta, obj, meta_word).map(Some);
        }
        let found = self.lookup(class.id, name);
        if !found.is_unbound() {
            let found = Owned::share(found);
            return self.descr_get(found.word(), Word::UNBOUND, obj).map(Some);
        }
        if on_meta.is_unbound() {
            return Ok(None);
        }
        let on_meta = Owned::share(on_meta);
        self.descr_get(on_meta.word(), obj, meta_word).map(Some)
    }

    /// Raises the AttributeError of a failed lookup.
    #[cold]
    pub(crate) fn no_attribute(&mut self, obj: Word, name: Word) -> Raised {
        let text = str_text(name);
        let msg = if self.is_class(obj) {
            format!("type object '{}' has no attribute '{text}'", self.class_name(self.class_id(obj)))
        } else if self.class_of(obj) == ClassId::MODULE {
            let module = self.module_get(obj, self.name(Name::NAME)).unwrap_or(Owned::NONE);
            if self.is_str(module.word()) {
                format!("module '{}' has no attribute '{text}'", str_text(module.word()))
            } else {
                format!("module has no attribute '{text}'")
            }
        } else {
            format!("'{}' object has no attribute '{text}'", self.type_name(obj))
        };
        self.raise_attribute_error(msg, obj, name)
    }

    /// `'T' object has no attribute 'name'`.
    pub fn attribute_error(&mut self, obj: Word, name: Word) -> Raised {
        self.no_attribute(obj, name)
    }

    /// AttributeError with its `name` and `obj` fields.
    pub(crate) fn raise_attribute_error(&mut self, msg: String, obj: Word, name: Word) -> Raised {
        let r = self.raise(exc::ATTRIBUTE_ERROR, msg);
        let e = self.ctx.exception;
        crate::exception::set_extra(e, 0, name);
        crate::exception::set_extra(e, 1, obj);
        r
    }

    // ---- writing -------------------------------------------------------------------------------

    pub fn setattr(&mut self, obj: Word, name: &str, value: Word) -> PyResult<()> {
        let name = self.intern(name);
        self.set_attr(obj, name, value)
    }

    pub fn set_attr(&mut self, obj: Word, name: Word, value: Word) -> PyResult<()> {
        let id = self.class_of(obj);
        if self.class(id).has(ClassObj::CUSTOM_SETATTR) {
            let hook = self.special(id, Name::SETATTR);
            return self.call(hook, &[obj, name, value]).map(drop);
        }
        self.set_attr_plain(obj, name, value)
    }

    pub fn del_attr(&mut self, obj: Word, name: Word) -> PyResult<()> {
        let id = self.class_of(obj);
        if self.class(id).has(ClassObj::CUSTOM_SETATTR) {
            let hook = self.special(id, Name::DELATTR);
            return self.call(hook, &[obj, name]).map(drop);
        }
        self.set_attr_plain(obj, name, Word::UNBOUND)
    }

    /// `object.__setattr__`; `UNBOUND` deletes.
    pub(crate) fn set_attr_plain(&mut self, obj: Word, name: Word, value: Word) -> PyResult<()> {
        let id = self.class_of(obj);
        let class = self.class(id);
        if class.layout == Layout::Class {
            return self.set_attr_of_class(obj, name, value);
        }
        let attr = self.lookup(id, name);
        if !attr.is_unbound() && self.is_data_descriptor(attr) {
            let attr = Owned::share(attr);
            return self.descr_set(attr.word(), obj, value);
        }
        if let Some(offset) = self.slot_of(class, name) {
            return self.set_slot(obj, offset, name, value);
        }
        if class.layout == Layout::Module {
            return self.module_store(obj, name, value);
        }
        if !class.has(ClassObj::DICT) || !obj.is_object() {
            return Err(self.readonly_attribute(obj, name, !attr.is_unbound()));
        }
        let name = self.intern_word(name);
        if value.is_unbound() {
            let removed = self.side_dict(obj).and_then(|d| self.dict_remove_name(d, name));
            return if removed.is_some() { Ok(()) } else { Err(self.no_attribute(obj, name)) };
        }
        let dict = self.side_dict_mut(obj);
        self.dict_set_name(dict, name, value);
        Ok(())
    }

    fn readonly_attribute(&mut self, obj: Word, name: Word, on_class: bool) -> Raised {
        let text = str_text(name);
        let class = self.type_name(obj);
        let msg = if on_class {
            format!("'{class}' object attribute '{text}' is read-only")
        } else {
            format!("'{class}' object has no attribute '{text}' and no __dict__ for setting new attributes")
        };
        self.raise_attribute_error(msg, obj, name)
    }

    fn set_slot(&mut self, obj: Word, offset: u32, name: Word, value: Word) -> PyResult<()> {
        if value.is_unbound() && slot_at(obj, offset).is_unbound() {
            return Err(self.no_attribute(obj, name));
        }
        store_slot(obj, offset, value);
        Ok(())
    }

    /// `descriptor.__set__(obj, value)`, or `__delete__` for `UNBOUND`.
    pub(crate) fn descr_set(&mut self, attr: Word, obj: Word, value: Word) -> PyResult<()> {
        let class = self.class_of(attr);
        let hook = if value.is_unbound() { Name::DELETE } else { Name::SET };
        let is_property = class == ClassId::PROPERTY
            || self.is_subclass(class, ClassId::PROPERTY) && self.inherits_special(class, ClassId::PROPERTY, hook);
        match class {
            _ if is_property => {
                let (index, what) = if value.is_unbound() { (2, "deleter") } else { (1, "setter") };
                let f = field(attr, index);
                if f.is_none() {
                    return Err(self.property_error(attr, obj, what));
                }
                let args = [obj, value];
                self.call(f, &args[..if value.is_unbound() { 1 } else { 2 }]).map(drop)
            }
            ClassId::GETSET_DESCRIPTOR => {
                self.check_receiver(attr, obj)?;
                // SAFETY: the class has this layout; rows are static.
                let d = unsafe { &*attr.as_ptr().cast::<GetSetObj>() };
                // SAFETY: as above.
                match unsafe { (*d.def).set } {
                    Some(set) => set(self, obj, value),
                    None => {
                        let owner = str_text(self.class_obj(d.owner).name).into_owned();
                        let msg = format!("attribute '{}' of '{owner}' objects is not writable", str_text(d.name));
                        Err(self.raise(exc::ATTRIBUTE_ERROR, msg))
                    }
                }
            }
            ClassId::MEMBER_DESCRIPTOR => {
                self.check_receiver(attr, obj)?;
                // SAFETY: the class has this layout.
                let d = unsafe { &*attr.as_ptr().cast::<GetSetObj>() };
                if value.is_unbound() && slot_at(obj, d.offset as u32).is_unbound() {
                    let text = str_text(d.name).into_owned();
                    return Err(self.raise(exc::ATTRIBUTE_ERROR, text));
                }
                self.set_slot(obj, d.offset as u32, d.name, value)
            }
            _ => {
                let (hook, name) = if value.is_unbound() {
                    (self.special(class, Name::DELETE), "__delete__")
                } else {
                    (self.special(class, Name::SET), "__set__")
                };
                if hook.is_unbound() {
                    return Err(self.raise(exc::ATTRIBUTE_ERROR, name));
                }
                let args = [attr, obj, value];
                self.call(hook, &args[..if value.is_unbound() { 2 } else { 3 }]).map(drop)
            }
        }
    }

    fn set_attr_of_class(&mut self, obj: Word, name: Word, value: Word) -> PyResult<()> {
        let class = self.class_obj(obj);
        if !class.has(ClassObj::HEAP) {
            let msg = format!("cannot set '{}' attribute of immutable type '{}'", str_text(name), str_text(class.name));
            return Err(self.type_error(msg));
        }
        let on_meta = self.lookup(class.header.class, name);
        if !on_meta.is_unbound() && self.is_data_descriptor(on_meta) {
            return self.descr_set(on_meta, obj, value);
        }
        if self.set_class_attr(class, name, value) { Ok(()) } else { Err(self.no_attribute(obj, name)) }
    }

    /// Where instances of a class keep an attribute, for sites that see many classes: the offset of a slot that
    /// nothing on the class shadows.
    #[inline]
    pub(crate) fn known_slot(&mut self, obj: Word, name: Word) -> Option<u32> {
        if !obj.is_object() {
            return None;
        }
        let class = self.class_of(obj);
        let index = slot_index(class.0, name);
        let e = self.slot_lookups[index];
        if e.class == class.0 && e.name == name {
            return Some(e.offset);
        }
        let found = self.plain_slot(class, name)?;
        if self.is_immortal(name) {
            self.slot_lookups[index] = SlotEntry { class: class.0, offset: found, name };
        }
        Some(found)
    }

    fn plain_slot(&mut self, id: ClassId, name: Word) -> Option<u32> {
        let class = self.class(id);
        if class.has(ClassObj::CUSTOM_GETATTRIBUTE | ClassObj::CUSTOM_SETATTR) || class.layout == Layout::Class {
            return None;
        }
        let attr = self.lookup(id, name);
        let member = self.member_offset(attr, id);
        if !attr.is_unbound() && self.is_data_descriptor(attr) && member.is_none() {
            return None;
        }
        self.slot_of(class, name).or(member)
    }

    // ---- inline caches -------------------------------------------------------------------------

    /// Whether an inline cache holds another class already; it then stays as it is.
    #[inline]
    pub(crate) fn cache_is_taken(&self, cache: *mut AttrCache) -> bool {
        // SAFETY: caches are static data of the program.
        !cache.is_null() && unsafe { (*cache).class } != u32::MAX && unsafe { (*cache).kind } != 0
    }

    /// Remembers where instances of the receiver's class keep an attribute or find a method.
    pub(crate) fn fill_cache(&mut self, cache: *mut AttrCache, obj: Word, name: Word, method: bool) {
        let id = self.class_of(obj);
        let class = self.class(id);
        if cache.is_null() || class.has(ClassObj::CUSTOM_GETATTRIBUTE) || class.layout == Layout::Class {
            return;
        }
        let attr = self.lookup(id, name);
        let slot = self.slot_of(class, name);
        let (offset, value, kind) = if method {
            let function = matches!(
                self.class_of(attr),
                ClassId::FUNCTION | ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR
            );
            // SAFETY: a name is a live string object.
            if attr.is_unbound() || !function || slot.is_some() || class.layout == Layout::Module {
                return;
            }
            (0, attr, CACHE_METHOD)
        } else {
            let Some(offset) = slot.or_else(|| self.member_offset(attr, id)) else { return };
            if class.has(ClassObj::CUSTOM_SETATTR)
                || (!attr.is_unbound() && self.is_data_descriptor(attr) && self.member_offset(attr, id).is_none())
            {
                return;
            }
            (offset, Word::UNBOUND, CACHE_SLOT)
        };
        // SAFETY: caches are static data of the program.
        unsafe {
            if (*cache).kind == 0 {
                (*cache).next = self.caches;
                self.caches = cache;
            }
            (*cache).class = id.0;
            (*cache).offset = offset;
            (*cache).value = value;
            (*cache).kind = kind;
        }
    }

    /// Offset of a slot that a member descriptor names, if instances of the class have it.
    fn member_offset(&self, attr: Word, class: ClassId) -> Option<u32> {
        if !attr.is_object() || self.class_of(attr) != ClassId::MEMBER_DESCRIPTOR {
            return None;
        }
        // SAFETY: member descriptors have this layout.
        let d = unsafe { &*attr.as_ptr().cast::<GetSetObj>() };
        self.is_subclass(class, self.class_obj(d.owner).id).then_some(d.offset as u32)
    }

    /// A descriptor may be called on anything; only instances of its class have the field it stands for.
    #[inline]
    fn check_receiver(&mut self, attr: Word, obj: Word) -> PyResult<()> {
        // SAFETY: both kinds of descriptor have this layout.
        let d = unsafe { &*attr.as_ptr().cast::<GetSetObj>() };
        if self.is_instance(obj, self.class_obj(d.owner).id) {
            return Ok(());
        }
        let (name, owner) = (str_text(d.name).into_owned(), self.class_name(self.class_obj(d.owner).id));
        let kind = self.type_name(obj);
        Err(self.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{kind}' object")))
    }
}

/// Value of the slot that an inline cache knows for the class of an object, if it is bound.
#[inline(always)]
pub(crate) fn cached_field(obj: Word, cache: *const AttrCache) -> Option<Word> {
    if !obj.is_object() || cache.is_null() {
        return None;
    }
    // SAFETY: caches are static data of the program, and an object word points to a live header.
    let (known, offset, class) = unsafe { ((*cache).class, (*cache).offset, (*obj.as_ptr()).class) };
    if known != class.0 || offset == 0 {
        return None;
    }
    let v = slot_at(obj, offset);
    (!v.is_unbound()).then_some(v)
}

/// The word at a byte offset of an instance.
#[inline(always)]
pub(crate) fn slot_at(obj: Word, offset: u32) -> Word {
    // SAFETY: the offset comes from the layout of the object's class.
    unsafe { *obj.as_ptr().byte_add(offset as usize).cast::<Word>() }
}

/// Stores a shared value at a byte offset of an instance.
#[inline(always)]
pub(crate) fn store_slot(obj: Word, offset: u32, value: Word) {
    inc(value);
    // SAFETY: as for `slot_at`.
    let old = unsafe { core::mem::replace(&mut *obj.as_ptr().byte_add(offset as usize).cast::<Word>(), value) };
    dec(old);
}
