//! Calls: Python functions, builtin functions, methods, classes and callable objects.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::{AttrCache, CodeDesc, FunctionObj};
use molt_abi::{ClassId, Ret, Word};

use crate::api::{field, str_bytes, str_text, tuple_items};
use crate::class::ClassObj;
use crate::layouts::BuiltinObj;
use crate::names::Name;
use crate::object::CACHE_METHOD;
use crate::signature::{NativeSig, Receiver};
use crate::{Isolate, Owned, PyResult, Raised};

/// Result of a compiled function as a Rust result.
#[inline(always)]
pub(crate) fn from_ret(r: Ret) -> PyResult {
    // SAFETY: a successful result is an owned word.
    if r.error == 0 { Ok(unsafe { Owned::from_word(r.value) }) } else { Err(Raised) }
}

/// Code descriptor of a function object.
#[inline(always)]
pub(crate) fn code_of<'a>(function: Word) -> &'a CodeDesc {
    // SAFETY: the caller checked the class; descriptors are static.
    unsafe { &*(*function.as_ptr().cast::<FunctionObj>()).code }
}

impl Isolate {
    pub fn call(&mut self, f: Word, args: &[Word]) -> PyResult {
        self.vectorcall(f, args, Word::UNBOUND)
    }

    pub fn call_kw(&mut self, f: Word, args: &[Word], kw: &[(&str, Word)]) -> PyResult {
        let names: Vec<Owned> = kw.iter().map(|(n, _)| Owned::share(self.intern(n))).collect();
        let names = self.new_tuple(names);
        let all: Vec<Word> = args.iter().copied().chain(kw.iter().map(|k| k.1)).collect();
        self.vectorcall(f, &all, if kw.is_empty() { Word::UNBOUND } else { names.word() })
    }

    pub fn call_method(&mut self, obj: Word, name: &str, args: &[Word]) -> PyResult {
        let name = self.intern(name);
        self.call_method_word(obj, name, args)
    }

    /// Calls a method by its interned name.
    pub(crate) fn call_method_word(&mut self, obj: Word, name: Word, args: &[Word]) -> PyResult {
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(obj);
        all.extend_from_slice(args);
        self.call_method_in_place(obj, name, &mut all, Word::UNBOUND, core::ptr::null_mut())
    }

    /// Calls a method; `all[0]` is room for the receiver.
    #[inline]
    pub(crate) fn call_method_in_place(
        &mut self,
        obj: Word,
        name: Word,
        all: &mut [Word],
        kwnames: Word,
        cache: *mut AttrCache,
    ) -> PyResult {
        let id = self.class_of(obj);
        if !cache.is_null() {
            // SAFETY: caches are static data of the program.
            let c = unsafe { &*cache };
            if c.class == id.0 && c.kind == CACHE_METHOD && !self.shadowed(obj, name) {
                all[0] = obj;
                // The commonest of all: a method of a builtin class, without the generic call in between.
                if kwnames.is_unbound()
                    && self.class_of(c.value) == ClassId::METHOD_DESCRIPTOR
                    && let Some(r) = self.call_simple(c.value, all)
                {
                    return r;
                }
                return self.vectorcall(c.value, all, kwnames);
            }
        }
        let class = self.class(id);
        if !class.has(ClassObj::CUSTOM_GETATTRIBUTE) && class.layout != crate::native::Layout::Class {
            let attr = self.lookup(id, name);
            let direct = attr.is_object()
                && matches!(
                    self.class_of(attr),
                    ClassId::FUNCTION | ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR
                );
            if direct && self.own_attr(obj, class, name).is_none() {
                if !self.cache_is_taken(cache) {
                    self.fill_cache(cache, obj, name, true);
                }
                all[0] = obj;
                let keep = Owned::share(attr);
                return self.vectorcall(keep.word(), all, kwnames);
            }
        }
        match self.get_attr(obj, name) {
            Ok(f) => self.vectorcall(f.word(), &all[1..], kwnames),
            Err(raised) => {
                self.attribute_missing = !cache.is_null();
                Err(raised)
            }
        }
    }

    /// The function of a method call, if it is a plain one of the receiver's class; borrowed.
    #[inline]
    pub(crate) fn find_method(&mut self, obj: Word, name: Word, cache: *mut AttrCache) -> Word {
        let id = self.class_of(obj);
        let class = self.class(id);
        if class.has(ClassObj::CUSTOM_GETATTRIBUTE) || class.layout == crate::native::Layout::Class {
            return Word::UNBOUND;
        }
        let attr = self.lookup(id, name);
        let plain = attr.is_object() && self.class_of(attr) == ClassId::FUNCTION;
        if !plain || self.own_attr(obj, class, name).is_some() {
            return Word::UNBOUND;
        }
        if !self.cache_is_taken(cache) {
            self.fill_cache(cache, obj, name, true);
        }
        attr
    }

    fn shadowed(&self, obj: Word, name: Word) -> bool {
        obj.is_object() && self.side_dict(obj).is_some_and(|d| self.dict_get_name(d, name).is_some())
    }

    /// `args` holds positional arguments then keyword values; `kwnames` a tuple of names or `UNBOUND`.
    pub fn vectorcall(&mut self, f: Word, args: &[Word], kwnames: Word) -> PyResult {
        match self.class_of(f) {
            ClassId::FUNCTION => {
                let nkw = if kwnames.is_unbound() { 0 } else { tuple_items(kwnames).len() };
                let entry = code_of(f).entry;
                // SAFETY: compiled code follows the calling convention of `EntryFn`.
                let r = unsafe { entry(&raw mut self.ctx, f, args.as_ptr(), (args.len() - nkw) as u64, kwnames) };
                if r.error == molt_abi::layout::TAIL_CALL { self.make_waiting_call() } else { from_ret(r) }
            }
            ClassId::BUILTIN_FUNCTION | ClassId::METHOD_DESCRIPTOR if kwnames.is_unbound() => {
                match self.call_simple(f, args) {
                    Some(r) => r,
                    None => self.call_builtin(f, args, kwnames),
                }
            }
            ClassId::TYPE => self.call_class(f, args, kwnames),
            _ => self.call_other(f, args, kwnames),
        }
    }

    /// Calls of everything but Python functions, and of builtin functions with keywords. Apart, so that the common
    /// calls need little room on the stack.
    #[inline(never)]
    fn call_other(&mut self, f: Word, args: &[Word], kwnames: Word) -> PyResult {
        if !f.is_object() {
            return Err(self.not_callable(f));
        }
        let class = self.class_of(f);
        match class {
            ClassId::BUILTIN_FUNCTION | ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR => {
                self.call_builtin(f, args, kwnames)
            }
            ClassId::BOUND_METHOD => self.call_prepended(field(f, 0), field(f, 1), args, kwnames),
            _ => {
                if let Some(call) = self.class(class).call {
                    self.check_stack()?;
                    return call(self, f, args, kwnames);
                }
                if self.class(class).has(ClassObj::METACLASS) && self.inherits_special(class, ClassId::TYPE, Name::CALL)
                {
                    return self.call_class(f, args, kwnames);
                }
                let hook = self.special(class, Name::CALL);
                if hook.is_unbound() {
                    return Err(self.not_callable(f));
                }
                let hook = Owned::share(hook);
                self.enter_call("")?;
                let r = match self.class_of(hook.word()) {
                    ClassId::FUNCTION | ClassId::WRAPPER_DESCRIPTOR | ClassId::METHOD_DESCRIPTOR => {
                        self.call_prepended(hook.word(), f, args, kwnames)
                    }
                    _ => {
                        let owner = self.class_word(class);
                        self.descr_get(hook.word(), f, owner).and_then(|b| self.vectorcall(b.word(), args, kwnames))
                    }
                };
                self.leave_call();
                r
            }
        }
    }

    #[cold]
    fn not_callable(&mut self, f: Word) -> Raised {
        let msg = format!("'{}' object is not callable", self.type_name(f));
        self.type_error(msg)
    }

    /// Calls with one more positional argument in front.
    pub(crate) fn call_prepended(&mut self, f: Word, first: Word, args: &[Word], kwnames: Word) -> PyResult {
        let keep = (Owned::share(f), Owned::share(first));
        if args.len() < 8 {
            let mut buffer = [Word::UNBOUND; 8];
            buffer[0] = first;
            copy_words(&mut buffer[1..], args);
            return self.vectorcall(keep.0.word(), &buffer[..=args.len()], kwnames);
        }
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(first);
        all.extend_from_slice(args);
        self.vectorcall(keep.0.word(), &all, kwnames)
    }

    // ---- builtin functions ---------------------------------------------------------------------

    #[inline(never)]
    fn call_builtin(&mut self, f: Word, args: &[Word], kwnames: Word) -> PyResult {
        // SAFETY: the caller checked the class.
        let b = unsafe { &mut *f.as_ptr().cast::<BuiltinObj>() };
        if b.sig.is_null() {
            b.sig = self.signature(b.def);
        }
        // SAFETY: rows are static and parsed signatures live as long as the isolate.
        let (def, sig) = unsafe { (&*b.def, &*b.sig) };
        let mut room = [Word::UNBOUND; 12];
        let takes_receiver = matches!(sig.receiver, Receiver::Instance | Receiver::Class);
        if !takes_receiver {
            return self.call_native(b, sig, def.func, None, args, kwnames, &mut room);
        }
        if !b.receiver.is_unbound() {
            let receiver = b.receiver;
            return self.call_native(b, sig, def.func, Some(receiver), args, kwnames, &mut room);
        }
        let nkw = if kwnames.is_unbound() { 0 } else { tuple_items(kwnames).len() };
        if args.len() == nkw {
            return Err(self.missing_receiver(b, def.name));
        }
        let receiver = args[0];
        if def.name == "__new__" {
            self.check_new(b, receiver)?;
        }
        if sig.receiver == Receiver::Instance && !b.owner.is_unbound() {
            let owner = self.class_id(b.owner);
            if !self.is_instance(receiver, owner) {
                return Err(self.wrong_receiver(b, def.name, receiver));
            }
        }
        self.call_native(b, sig, def.func, Some(receiver), &args[1..], kwnames, &mut room)
    }

    /// The commonest calls, without binding: positional arguments for a signature without `*`, `**` and required
    /// keywords, on a receiver of exactly the owner's class. `None` if this is another, or the first of this function.
    #[inline(always)]
    fn call_simple(&mut self, f: Word, args: &[Word]) -> Option<PyResult> {
        const ROOM: usize = 6;
        // A constant is copied in a few moves, where an array expression becomes a loop.
        const UNSET: [Word; ROOM] = [Word::UNBOUND; ROOM];
        // SAFETY: the caller checked the class; rows are static and parsed signatures live as long as the isolate.
        let (b, sig, func) = unsafe {
            let b = &*f.as_ptr().cast::<BuiltinObj>();
            (b, b.sig.as_ref()?, (*b.def).func)
        };
        if args.len() < sig.least || args.len() > sig.most {
            return None;
        }
        if sig.receiver == Receiver::Instance {
            let exact = b.receiver.is_unbound()
                && !b.owner.is_unbound()
                && args.first().is_some_and(|&first| self.class_of(first) == self.class_id(b.owner));
            if !exact {
                return None;
            }
        }
        let total = sig.total;
        if args.len() == total {
            return Some(func(self, args));
        }
        if total > ROOM {
            return None;
        }
        let mut room = UNSET;
        copy_words(&mut room, args);
        Some(func(self, &room[..total]))
    }

    /// Checks the class that a call of a native `__new__` names: instances must have the layout it makes.
    fn check_new(&mut self, b: &BuiltinObj, class: Word) -> PyResult<()> {
        let owner = self.class_obj(b.owner);
        let name = owner.display_name();
        if !self.is_class(class) {
            let kind = self.type_name(class);
            return Err(self.type_error(format!("{name}.__new__(X): X is not a type object ({kind})")));
        }
        let made = self.class_obj(class);
        let text = made.display_name();
        if !self.is_subclass(made.id, owner.id) {
            return Err(self.type_error(format!("{name}.__new__({text}): {text} is not a subtype of {name}")));
        }
        let mut solid = self.class_obj(class);
        while let Some(base) = solid.base.filter(|_| solid.has(ClassObj::HEAP)) {
            solid = base;
        }
        let exception = solid.has(ClassObj::EXCEPTION) && !owner.has(ClassObj::EXCEPTION);
        if solid.layout != owner.layout || exception {
            let safe = solid.display_name();
            return Err(self.type_error(format!("{name}.__new__({text}) is not safe, use {safe}.__new__()")));
        }
        Ok(())
    }

    /// `__new__` of a native class, which gets the class without being bound.
    fn call_native_new(&mut self, new: Word, class: Word, args: &[Word], kwnames: Word) -> PyResult {
        // SAFETY: the caller checked the class.
        let b = unsafe { &mut *new.as_ptr().cast::<BuiltinObj>() };
        if b.sig.is_null() {
            b.sig = self.signature(b.def);
        }
        // SAFETY: rows are static and parsed signatures live as long as the isolate.
        let (def, sig) = unsafe { (&*b.def, &*b.sig) };
        let mut room = [Word::UNBOUND; 12];
        self.call_native(b, sig, def.func, Some(class), args, kwnames, &mut room)
    }

    #[cold]
    fn missing_receiver(&mut self, b: &BuiltinObj, name: &str) -> Raised {
        let owner =
            if b.owner.is_unbound() { String::new() } else { str_text(self.class_obj(b.owner).name).into_owned() };
        let msg = match (name, b.header.class) {
            ("__new__", _) => format!("{owner}.__new__(): not enough arguments"),
            (_, ClassId::METHOD_DESCRIPTOR) => format!("unbound method {owner}.{name}() needs an argument"),
            _ => format!("descriptor '{name}' of '{owner}' object needs an argument"),
        };
        self.type_error(msg)
    }

    #[cold]
    fn wrong_receiver(&mut self, b: &BuiltinObj, name: &str, receiver: Word) -> Raised {
        let owner = str_text(self.class_obj(b.owner).name).into_owned();
        let got = self.type_name(receiver);
        let msg = if b.header.class == ClassId::METHOD_DESCRIPTOR {
            format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{got}' object")
        } else {
            format!("descriptor '{name}' requires a '{owner}' object but received a '{got}'")
        };
        self.type_error(msg)
    }

    #[expect(clippy::too_many_arguments, reason = "one call site family; a struct would be built a call")]
    fn call_native(
        &mut self,
        b: &BuiltinObj,
        sig: &NativeSig,
        func: crate::native::NativeFn,
        receiver: Option<Word>,
        args: &[Word],
        kwnames: Word,
        room: &mut [Word; 12],
    ) -> PyResult {
        let offset = usize::from(receiver.is_some());
        room[0] = receiver.unwrap_or(Word::UNBOUND);
        let plain = kwnames.is_unbound() && !sig.varargs && !sig.varkw && sig.required_keywords == 0;
        let total = sig.word_count() + offset;
        if plain && args.len() >= sig.required && args.len() <= sig.positional && total <= room.len() {
            copy_words(&mut room[offset..], args);
            return func(self, &room[..total]);
        }
        let mut bound = vec![Word::UNBOUND; total];
        if offset == 1 {
            bound[0] = room[0];
        }
        let keep = self.bind_native(b, sig, args, kwnames, &mut bound[offset..])?;
        let r = func(self, &bound);
        drop(keep);
        r
    }

    /// Binds arguments of a native function by its signature; returns the tuple and dict made for `*` and `**`.
    fn bind_native(
        &mut self,
        b: &BuiltinObj,
        sig: &NativeSig,
        args: &[Word],
        kwnames: Word,
        out: &mut [Word],
    ) -> PyResult<(Owned, Owned)> {
        let names = if kwnames.is_unbound() { &[][..] } else { tuple_items(kwnames) };
        let (pos, kwvalues) = args.split_at(args.len() - names.len());
        let taken = pos.len().min(sig.positional);
        out[..taken].copy_from_slice(&pos[..taken]);
        let mut keep = (Owned::NONE, Owned::NONE);
        if sig.varargs {
            keep.0 = self.new_tuple_of(&pos[taken..]);
            out[sig.positional + sig.keyword_only] = keep.0.word();
        } else if pos.len() > sig.positional {
            return Err(self.too_many_native(b, sig, pos.len()));
        }
        if sig.varkw {
            keep.1 = self.new_dict();
            out[sig.word_count() - 1] = keep.1.word();
        }
        for (&key, &value) in names.iter().zip(kwvalues) {
            let text = str_bytes(key);
            let index = sig.names[..sig.positional + sig.keyword_only]
                .iter()
                .position(|n| n.as_bytes() == text)
                .filter(|&i| i >= sig.positional_only || i >= sig.positional);
            match index {
                Some(i) if !out[i].is_unbound() => {
                    let (name, key) = (native_names(b).0, str_text(key));
                    let msg = format!("argument for {name}() given by name ('{key}') and position ({})", i + 1);
                    return Err(self.type_error(msg));
                }
                Some(i) => out[i] = value,
                None if sig.varkw => self.dict_set_name(keep.1.word(), key, value),
                None if sig.positional_only == sig.positional && sig.keyword_only == 0 => {
                    return Err(self.type_error(format!("{}() takes no keyword arguments", native_names(b).0)));
                }
                None => {
                    let known = sig.names[..sig.positional + sig.keyword_only].iter().map(|n| &**n);
                    let hint = crate::suggest::closest(&str_text(key), known)
                        .map_or_else(String::new, |s| format!(". Did you mean '{s}'?"));
                    let msg =
                        format!("{}() got an unexpected keyword argument '{}'{hint}", native_names(b).0, str_text(key));
                    return Err(self.type_error(msg));
                }
            }
        }
        if let Some(i) = out[..sig.required].iter().position(|w| w.is_unbound()) {
            return Err(self.too_few_native(b, sig, pos.len(), i));
        }
        for i in 0..sig.keyword_only {
            if sig.required_keywords >> i & 1 == 1 && out[sig.positional + i].is_unbound() {
                let missing = sig.names[sig.positional + i];
                return Err(self.type_error(format!("{}() missing required argument '{missing}'", native_names(b).0)));
            }
        }
        Ok(keep)
    }

    #[cold]
    fn too_many_native(&mut self, b: &BuiltinObj, sig: &NativeSig, given: usize) -> Raised {
        let only = sig.positional_only == sig.positional && sig.keyword_only == 0;
        let (name, full) = native_names(b);
        let msg = match (sig.positional, sig.required) {
            (0, _) if only => format!("{full}() takes no arguments ({given} given)"),
            (1, 1) if only => format!("{full}() takes exactly one argument ({given} given)"),
            (0, _) => format!("{name}() takes no positional arguments"),
            (n, r) if only && n == r => format!("{name} expected {n} arguments, got {given}"),
            (n, _) if only => format!("{name} expected at most {n} argument{}, got {given}", plural(n)),
            (n, r) if n == r => {
                format!("{name}() takes exactly {n} positional argument{} ({given} given)", plural(n))
            }
            (n, _) => format!("{name}() takes at most {n} argument{} ({given} given)", plural(n)),
        };
        self.type_error(msg)
    }

    #[cold]
    fn too_few_native(&mut self, b: &BuiltinObj, sig: &NativeSig, given: usize, missing: usize) -> Raised {
        let only = sig.positional_only == sig.positional && sig.keyword_only == 0;
        let (name, full) = native_names(b);
        let msg = match (sig.positional, sig.required) {
            (1, 1) if only && !sig.varargs => format!("{full}() takes exactly one argument ({given} given)"),
            (n, r) if only && n == r && !sig.varargs => {
                format!("{name} expected {n} argument{}, got {given}", plural(n))
            }
            (_, r) if only => format!("{name} expected at least {r} argument{}, got {given}", plural(r)),
            _ => format!("{name}() missing required argument '{}' (pos {})", sig.names[missing], missing + 1),
        };
        self.type_error(msg)
    }

    // ---- classes -------------------------------------------------------------------------------

    /// `type.__call__`.
    pub(crate) fn call_class(&mut self, class_word: Word, args: &[Word], kwnames: Word) -> PyResult {
        if let [only] = *args
            && kwnames.is_unbound()
        {
            match self.class_id(class_word) {
                ClassId::INT => return crate::num::int_class::from_object(self, only),
                ClassId::FLOAT => {
                    let v = crate::num::float_class::from_object(self, only)?;
                    return Ok(self.new_float(v));
                }
                ClassId::STR => return self.str(only),
                ClassId::TYPE => return Ok(Owned::share(self.class_word(self.class_of(only)))),
                _ => {}
            }
        }
        self.construct(class_word, args, kwnames)
    }

    /// Makes and initialises an instance.
    #[inline(never)]
    fn construct(&mut self, class_word: Word, args: &[Word], kwnames: Word) -> PyResult {
        let id = self.class_id(class_word);
        if id == ClassId::RANGE
            && kwnames.is_unbound()
            && let Some(range) = self.range_of_small(args)
        {
            return Ok(range);
        }
        let new = self.special(id, Name::NEW);
        let object_new = self.special(ClassId::OBJECT, Name::NEW);
        let init = self.special(id, Name::INIT);
        let object_init = self.special(ClassId::OBJECT, Name::INIT);
        let made = if new == object_new {
            if (!args.is_empty() || !kwnames.is_unbound()) && init == object_init {
                return Err(self.type_error(format!("{}() takes no arguments", self.class_name(id))));
            }
            self.new_instance(id)?
        } else if new.is_object() && self.class_of(new) == ClassId::BUILTIN_FUNCTION {
            self.call_native_new(new, class_word, args, kwnames)?
        } else {
            let new = Owned::share(new);
            let f = self.descr_get(new.word(), Word::UNBOUND, class_word)?;
            self.call_prepended(f.word(), class_word, args, kwnames)?
        };
        if init == object_init || !self.is_instance(made.word(), id) {
            return Ok(made);
        }
        let init =
            if self.class_of(made.word()) == id { init } else { self.special(self.class_of(made.word()), Name::INIT) };
        let init = Owned::share(init);
        let r = match self.class_of(init.word()) {
            ClassId::FUNCTION | ClassId::WRAPPER_DESCRIPTOR | ClassId::METHOD_DESCRIPTOR => {
                self.call_prepended(init.word(), made.word(), args, kwnames)?
            }
            _ => {
                let f = self.descr_get(init.word(), made.word(), class_word)?;
                self.vectorcall(f.word(), args, kwnames)?
            }
        };
        if !r.word().is_none() {
            let msg = format!("__init__() should return None, not '{}'", self.type_name(r.word()));
            return Err(self.type_error(msg));
        }
        Ok(made)
    }

    /// `object.__new__`: an instance of a class with plain layout.
    pub(crate) fn new_instance(&mut self, id: ClassId) -> PyResult {
        let class = self.class(id);
        if class.has(ClassObj::ABSTRACT) {
            return Err(self.abstract_error(id));
        }
        if class.layout != crate::native::Layout::Plain || class.has(crate::native::ClassSpec::NO_NEW) {
            let msg = format!("cannot create '{}' instances", self.class_name(id));
            return Err(self.type_error(msg));
        }
        Ok(self.new_plain(id, []))
    }

    #[cold]
    fn abstract_error(&mut self, id: ClassId) -> Raised {
        let name = self.class_name(id);
        let class = self.class_word(id);
        let Ok(methods) = self.getattr(class, "__abstractmethods__").and_then(|m| self.collect(m.word())) else {
            return Raised;
        };
        let mut names: Vec<String> = methods.iter().map(|m| str_text(m.word()).into_owned()).collect();
        names.sort();
        let list = names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
        let msg = format!(
            "Can't instantiate abstract class {name} without an implementation for abstract method{} {list}",
            plural(names.len())
        );
        self.type_error(msg)
    }
}

/// Copies a few words; for so little a call of the C library's copy takes longer than the copying.
#[inline(always)]
fn copy_words(to: &mut [Word], from: &[Word]) {
    match *from {
        [] => {}
        [a] => to[0] = a,
        [a, b] => to[..2].copy_from_slice(&[a, b]),
        [a, b, c] => to[..3].copy_from_slice(&[a, b, c]),
        _ => to[..from.len()].copy_from_slice(from),
    }
}

/// How errors name a native function: alone, and with its class or module. A constructor goes by its class.
fn native_names(b: &BuiltinObj) -> (String, String) {
    // SAFETY: rows are static; an owner is a class or the name of a module.
    let (name, owner) = unsafe {
        let name = (*b.def).name;
        let owner = if b.owner.is_unbound() {
            String::new()
        } else if (*b.owner.as_ptr()).class == ClassId::STR {
            str_text(b.owner).into_owned()
        } else {
            (*b.owner.as_ptr().cast::<ClassObj>()).display_name()
        };
        (name, owner)
    };
    match name {
        "__new__" | "__init__" => (owner.clone(), owner),
        _ if owner.is_empty() || owner == "builtins" => (name.to_owned(), name.to_owned()),
        _ => (name.to_owned(), format!("{owner}.{name}")),
    }
}

pub(crate) fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
