//! Class creation: the `class` statement and `type(name, bases, namespace)`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::ClassSiteDesc;
use molt_abi::{ClassId, Word};

use crate::api::{field, str_bytes, str_text, tuple_items};
use crate::class::{ClassObj, Slot, layout_takes_slots};
use crate::names::Name;
use crate::native::{ClassSpec, Layout};
use crate::{Isolate, Owned, Place, PyResult, Raised};

/// State kept between the statement and `type.__new__`: the class statement that is running.
#[derive(Default)]
struct CurrentSite(Vec<Option<usize>>);

/// The `class` statement.
pub(crate) fn build_class(
    rt: &mut Isolate,
    site: Option<usize>,
    body: Word,
    name: Word,
    bases: Word,
    kwargs: Word,
) -> PyResult {
    let resolved = resolve_bases(rt, bases)?;
    let keywords = rt.new_dict();
    if !kwargs.is_unbound() {
        rt.dict_merge_from(keywords.word(), kwargs)?;
    }
    let meta_name = rt.intern("metaclass");
    let given = rt.dict_remove_name(keywords.word(), meta_name);
    let meta = match given {
        Some(m) if !rt.is_class(m.word()) => m,
        other => {
            let start = other.map_or(ClassId::TYPE, |m| rt.class_id(m.word()));
            let meta = best_metaclass(rt, start, tuple_items(resolved.word()))?;
            Owned::share(rt.class_word(meta))
        }
    };
    let names: Vec<(Owned, Owned)> = rt.dict_items(keywords.word());
    let kwnames = if names.is_empty() {
        Owned::immediate(Word::UNBOUND)
    } else {
        rt.new_tuple(names.iter().map(|p| p.0.clone()).collect())
    };
    let values: Vec<Word> = names.iter().map(|p| p.1.word()).collect();
    let ns = match rt.getattr_opt(meta.word(), "__prepare__")? {
        Some(prepare) => {
            let mut args = vec![name, resolved.word()];
            args.extend(&values);
            rt.vectorcall(prepare.word(), &args, kwnames.word())?
        }
        None => rt.new_dict(),
    };
    let cell = rt.call(body, &[ns.word()])?;
    if resolved.word() != bases {
        let key = rt.name(Name::ORIG_BASES);
        rt.setitem(ns.word(), key, bases)?;
    }
    rt.state::<CurrentSite>().0.push(site);
    let mut args = vec![name, resolved.word(), ns.word()];
    args.extend(&values);
    let made = rt.vectorcall(meta.word(), &args, kwnames.word());
    rt.state::<CurrentSite>().0.pop();
    let made = made?;
    if cell.word().is_object() && rt.class_of(cell.word()) == ClassId::CELL && field(cell.word(), 0).is_unbound() {
        crate::api::set_field(cell.word(), 0, made.word());
    }
    Ok(made)
}

/// Bases with `__mro_entries__` applied.
fn resolve_bases(rt: &mut Isolate, bases: Word) -> PyResult {
    let mut items = Vec::new();
    let mut changed = false;
    for &b in tuple_items(bases) {
        if rt.is_class(b) {
            items.push(Owned::share(b));
            continue;
        }
        match rt.getattr_opt(b, "__mro_entries__")? {
            Some(f) => {
                let more = rt.call(f.word(), &[bases])?;
                items.extend(rt.collect(more.word())?);
                changed = true;
            }
            None => items.push(Owned::share(b)),
        }
    }
    if changed { Ok(rt.new_tuple(items)) } else { Ok(Owned::share(bases)) }
}

fn best_metaclass(rt: &mut Isolate, start: ClassId, bases: &[Word]) -> PyResult<ClassId> {
    let mut best = start;
    for &b in bases {
        let meta = rt.class_of(b);
        if rt.is_subclass(best, meta) {
            continue;
        }
        if rt.is_subclass(meta, best) {
            best = meta;
            continue;
        }
        return Err(rt.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(best)
}

/// `type.__new__(meta, name, bases, namespace, **kwargs)`.
pub(crate) fn type_new(rt: &mut Isolate, meta: Word, name: Word, bases: Word, ns: Word, kwargs: Word) -> PyResult {
    if !rt.is_str(name) || !rt.is_tuple(bases) || !rt.is_dict(ns) {
        let msg = if !rt.is_str(name) {
            format!("type.__new__() argument 1 must be str, not {}", rt.argument_kind(name))
        } else if !rt.is_tuple(bases) {
            format!("type.__new__() argument 2 must be tuple, not {}", rt.argument_kind(bases))
        } else {
            format!("type.__new__() argument 3 must be dict, not {}", rt.argument_kind(ns))
        };
        return Err(rt.type_error(msg));
    }
    let object = rt.class_word(ClassId::OBJECT);
    let bases = if tuple_items(bases).is_empty() { rt.new_tuple_of(&[object]) } else { Owned::share(bases) };
    let base = layout_base(rt, tuple_items(bases.word()))?;
    let start = rt.class_id(meta);
    let meta = best_metaclass(rt, start, tuple_items(bases.word()))?;
    if meta != start && !rt.inherits_special(meta, ClassId::TYPE, Name::NEW) {
        // A base has a metaclass of its own, which makes the class.
        let new = rt.special(meta, Name::NEW);
        let meta_word = rt.class_word(meta);
        let new = rt.descr_get(new, Word::UNBOUND, meta_word)?;
        let args = rt.new_tuple_of(&[meta_word, name, bases.word(), ns]);
        return rt.call_ex(new.word(), args.word(), kwargs);
    }
    let dict = rt.dict_copy(ns)?;
    let id = new_id(rt);
    let name = rt.intern_word(name);
    let mut class = rt.new_class_object(id, meta, name, dict);
    class.flags = ClassObj::HEAP | ClassSpec::BASETYPE | ClassSpec::WEAKREFABLE;
    let base = rt.class(base);
    class.base = Some(base);
    class.layout = base.layout;
    class.next = None;
    class.flags |= base.flags & (ClassObj::EXCEPTION | ClassObj::METACLASS);
    class.bases = bases.clone().into_word();
    for &b in tuple_items(bases.word()) {
        let b = rt.class_obj(b);
        class.flags |= b.flags & (ClassSpec::HAS_DICT | ClassSpec::SEQUENCE | ClassSpec::MAPPING);
    }
    let mro = c3(rt, class, tuple_items(bases.word()))?;
    class.mro = mro;
    let words: Vec<Word> = class.mro.iter().map(|c| c.word()).collect();
    class.mro_tuple = rt.new_tuple_of(&words).into_word();
    inherit_native(rt, class);
    lay_out(rt, class, base)?;
    finish_namespace(rt, class)?;
    for &b in tuple_items(bases.word()) {
        rt.class_obj(b).subclasses.push(id);
    }
    rt.update_hooks(class);
    call_hooks(rt, class, kwargs)?;
    Ok(Owned::share(class.word()))
}

/// Assignment to `__bases__`: classes with the same layout of instances.
pub(crate) fn set_bases(rt: &mut Isolate, this: Word, bases: Word) -> PyResult<()> {
    let mut class = rt.class_obj(this);
    let name = class.display_name();
    if !class.has(ClassObj::HEAP) {
        return Err(rt.type_error(format!("cannot set '__bases__' attribute of immutable type '{name}'")));
    }
    if bases.is_unbound() || !rt.is_tuple(bases) {
        let kind = rt.type_name(bases);
        return Err(rt.type_error(format!("can only assign tuple to {name}.__bases__, not {kind}")));
    }
    if tuple_items(bases).is_empty() {
        return Err(rt.type_error(format!("can only assign non-empty tuple to {name}.__bases__, not ()")));
    }
    let new = layout_base(rt, tuple_items(bases))?;
    let (new, old) = (rt.class(new), class.base.expect("a class of the program has a base"));
    if new.layout != old.layout || new.instance_size != old.instance_size {
        let (a, b) = (new.display_name(), old.display_name());
        return Err(rt.type_error(format!("__bases__ assignment: '{a}' object layout differs from '{b}'")));
    }
    if tuple_items(bases).iter().any(|&b| rt.is_subclass(rt.class_id(b), class.id)) {
        return Err(rt.type_error("a __bases__ item causes an inheritance cycle"));
    }
    let mro = c3(rt, class, tuple_items(bases))?;
    for &b in tuple_items(class.bases) {
        let id = class.id;
        rt.class_obj(b).subclasses.retain(|&s| s != id);
    }
    for &b in tuple_items(bases) {
        rt.class_obj(b).subclasses.push(class.id);
    }
    class.base = Some(new);
    class.mro = mro;
    let words: Vec<Word> = class.mro.iter().map(|c| c.word()).collect();
    let order = rt.new_tuple_of(&words).into_word();
    let old_words = [core::mem::replace(&mut class.mro_tuple, order), core::mem::replace(&mut class.bases, bases)];
    crate::owned::inc(bases);
    old_words.into_iter().for_each(crate::owned::dec);
    rt.class_changed(class);
    Ok(())
}

/// The native `next` and `call` hold while the class does not override the methods they stand for.
fn inherit_native(rt: &mut Isolate, mut class: Place<ClassObj>) {
    let find = |f: fn(&ClassObj) -> bool| class.mro[1..].iter().copied().find(|c| f(c));
    let (next, call) = (find(|c| c.next.is_some()), find(|c| c.call.is_some()));
    if let Some(c) = next
        && rt.inherits_special(class.id, c.id, Name::NEXT)
    {
        class.next = c.next;
    }
    if let Some(c) = call
        && rt.inherits_special(class.id, c.id, Name::CALL)
    {
        class.call = c.call;
    }
    class.specials = None;
}

/// The base whose instances' layout the class extends.
fn layout_base(rt: &mut Isolate, bases: &[Word]) -> PyResult<ClassId> {
    let mut winner: Option<ClassId> = None;
    for &b in bases {
        if !rt.is_class(b) {
            return Err(rt.type_error("bases must be types"));
        }
        let c = rt.class_obj(b);
        if !c.has(ClassSpec::BASETYPE) {
            let msg = format!("type '{}' is not an acceptable base type", str_text(c.name));
            return Err(rt.type_error(msg));
        }
        let fixed = |c: &ClassObj| c.layout != Layout::Plain || c.instance_size > 8;
        winner = match winner {
            None => Some(c.id),
            Some(w) if rt.is_subclass(c.id, w) && fixed(&c) => Some(c.id),
            Some(w) if !fixed(&c) || rt.is_subclass(w, c.id) => Some(w),
            Some(w) if !fixed(&rt.class(w)) => Some(c.id),
            Some(w) => {
                let solid = |rt: &Isolate, id: ClassId| {
                    let mut c = rt.class(id);
                    while let Some(base) = c.base {
                        let declared =
                            !c.has(ClassObj::HEAP) || c.slots.iter().skip(base.slots.len()).any(|s| s.member);
                        if declared && (c.instance_size != base.instance_size || c.layout != base.layout) {
                            break;
                        }
                        c = base;
                    }
                    c.id
                };
                let (a, b) = (solid(rt, w), solid(rt, c.id));
                if rt.is_subclass(a, b) {
                    Some(w)
                } else if rt.is_subclass(b, a) {
                    Some(c.id)
                } else {
                    return Err(rt.type_error("multiple bases have instance lay-out conflict"));
                }
            }
        };
    }
    Ok(winner.unwrap_or(ClassId::OBJECT))
}

fn new_id(rt: &mut Isolate) -> ClassId {
    let site = rt.state::<CurrentSite>().0.last().copied().flatten();
    if let Some(n) = site {
        let id = ClassId(ClassId::FIRST_SITE + n as u32);
        if rt.classes.get(id.0 as usize).is_some_and(|c| c.is_null()) {
            return id;
        }
    }
    free_id(rt)
}

/// First id that no class has, beyond those of the program's class statements.
pub(crate) fn free_id(rt: &mut Isolate) -> ClassId {
    let reserved = if rt.program.is_null() {
        0
    } else {
        // SAFETY: the program's root is static data.
        unsafe { (*rt.program).class_site_count }
    };
    let reserved = reserved.max(rt.claude.reserved_classes);
    let first = (ClassId::FIRST_SITE + reserved) as usize;
    let used = rt.classes[first.min(rt.classes.len())..].iter().take_while(|c| !c.is_null()).count();
    ClassId((first + used) as u32)
}

/// C3 linearisation.
fn c3(rt: &mut Isolate, class: Place<ClassObj>, bases: &[Word]) -> PyResult<Vec<Place<ClassObj>>> {
    for (i, b) in bases.iter().enumerate() {
        if bases[..i].contains(b) {
            let msg = format!("duplicate base class {}", str_text(rt.class_obj(*b).name));
            return Err(rt.type_error(msg));
        }
    }
    let mut lists: Vec<Vec<Place<ClassObj>>> = bases.iter().map(|&b| rt.class_obj(b).mro.clone()).collect();
    lists.push(bases.iter().map(|&b| rt.class_obj(b)).collect());
    let mut mro = vec![class];
    loop {
        lists.retain(|l| !l.is_empty());
        if lists.is_empty() {
            return Ok(mro);
        }
        let head = lists.iter().map(|l| l[0]).find(|c| !lists.iter().any(|l| l[1..].contains(c)));
        let Some(head) = head else {
            let names: Vec<String> = bases.iter().map(|&b| str_text(rt.class_obj(b).name).into_owned()).collect();
            let msg =
                format!("Cannot create a consistent method resolution order (MRO) for bases {}", names.join(", "));
            return Err(rt.type_error(msg));
        };
        mro.push(head);
        for l in &mut lists {
            if l[0] == head {
                l.remove(0);
            }
        }
    }
}

/// Gives instances their slots: inherited ones, then the site's or `__slots__`.
fn lay_out(rt: &mut Isolate, mut class: Place<ClassObj>, base: Place<ClassObj>) -> PyResult<()> {
    class.slots = base.slots.clone();
    class.slot_base = base.instance_size;
    class.instance_size = base.instance_size;
    let explicit = rt.dict_get_name(class.dict, rt.name(Name::SLOTS)).map(Owned::share);
    let mut names: Vec<Word> = Vec::new();
    if let Some(slots) = &explicit {
        let list = if rt.is_str(slots.word()) { vec![slots.clone()] } else { rt.collect(slots.word())? };
        if !list.is_empty() && matches!(base.layout, Layout::Int | Layout::Bytes | Layout::Tuple | Layout::Class) {
            let msg = format!("nonempty __slots__ not supported for subtype of '{}'", rt.class_name(base.id));
            return Err(rt.type_error(msg));
        }
        // Whether `__dict__` and `__weakref__` were among the names.
        let mut seen = (false, false);
        for s in list {
            if !rt.is_str(s.word()) {
                let msg = format!("__slots__ items must be strings, not '{}'", rt.type_name(s.word()));
                return Err(rt.type_error(msg));
            }
            let identifier = rt.call_method(s.word(), "isidentifier", &[])?;
            if identifier.word() != Word::TRUE {
                return Err(rt.type_error("__slots__ must be identifiers"));
            }
            match str_bytes(s.word()) {
                b"__dict__" if base.has(ClassSpec::HAS_DICT) || seen.0 => {
                    return Err(rt.type_error("__dict__ slot disallowed: we already got one"));
                }
                b"__weakref__" if base.has(ClassSpec::WEAKREFABLE) && base.id != ClassId::OBJECT || seen.1 => {
                    return Err(rt.type_error("__weakref__ slot disallowed: we already got one"));
                }
                b"__dict__" => {
                    seen.0 = true;
                    class.flags |= ClassSpec::HAS_DICT;
                }
                b"__weakref__" => seen.1 = true,
                _ => names.push(mangled(rt, class.name, s.word())),
            }
        }
        for &n in &names {
            if rt.dict_get_name(class.dict, n).is_some() {
                let msg = format!("'{}' in __slots__ conflicts with class variable", str_text(n));
                return Err(rt.value_error(msg));
            }
        }
    } else {
        class.flags |= ClassSpec::HAS_DICT;
        if layout_takes_slots(class.layout) {
            names = site_slots(rt);
        }
    }
    for name in names {
        if explicit.is_none() && class.slots.iter().any(|s| s.name == name) {
            continue;
        }
        let name = rt.intern_word(name);
        let offset = class.instance_size;
        if explicit.is_some() && !layout_takes_slots(class.layout) {
            // Text has no room for words behind it; its attributes are kept beside the object.
            class.flags |= ClassSpec::HAS_DICT;
        } else if explicit.is_some() {
            let member = rt.new_member(name, class.id, offset as usize);
            rt.dict_set_name(class.dict, name, member.word());
        }
        if layout_takes_slots(class.layout) {
            class.slots.push(Slot { name, offset, member: explicit.is_some() });
            class.instance_size += 8;
        }
    }
    Ok(())
}

fn mangled(rt: &mut Isolate, class: Word, name: Word) -> Word {
    let text = str_text(name).into_owned();
    if text.starts_with("__") && !text.ends_with("__") {
        let owner = str_text(class).trim_start_matches('_').to_owned();
        return rt.intern(&format!("_{owner}{text}"));
    }
    rt.intern_word(name)
}

/// Field names that the compiler found for the class statement that is running.
fn site_slots(rt: &mut Isolate) -> Vec<Word> {
    let site = rt.state::<CurrentSite>().0.last_mut().and_then(Option::take);
    let Some(n) = site else { return Vec::new() };
    if rt.program.is_null() {
        return Vec::new();
    }
    // SAFETY: the program's root and its class sites are static data.
    unsafe {
        if n >= (*rt.program).class_site_count as usize {
            return Vec::new();
        }
        let desc: &ClassSiteDesc = &*(*rt.program).class_sites.add(n);
        (0..desc.slot_count as usize).map(|i| *desc.slot_names.add(i)).collect()
    }
}

/// Entries that `type.__new__` takes out of, adds to or wraps in the namespace.
fn finish_namespace(rt: &mut Isolate, mut class: Place<ClassObj>) -> PyResult<()> {
    let dict = class.dict;
    if let Some(q) = rt.dict_remove_name(dict, rt.name(Name::QUALNAME)) {
        if !rt.is_str(q.word()) {
            let msg = format!("type __qualname__ must be a str, not {}", rt.type_name(q.word()));
            return Err(rt.type_error(msg));
        }
        crate::owned::dec(core::mem::replace(&mut class.qualname, q.into_word()));
    }
    if let Some(cell) = rt.dict_remove_name(dict, rt.name(Name::CLASSCELL)) {
        crate::api::set_field(cell.word(), 0, class.word());
    }
    for (name, wrapper) in [
        (Name::NEW, ClassId::STATICMETHOD),
        (Name::INIT_SUBCLASS, ClassId::CLASSMETHOD),
        (Name::CLASS_GETITEM, ClassId::CLASSMETHOD),
    ] {
        if let Some(f) = rt.dict_get_name(dict, rt.name(name))
            && rt.class_of(f) == ClassId::FUNCTION
        {
            let f = Owned::share(f).into_word();
            let wrapped = rt.new_plain(wrapper, [f]);
            rt.dict_set_name(dict, rt.name(name), wrapped.word());
        }
    }
    if rt.dict_get_name(dict, rt.name(Name::DOC)).is_none() {
        rt.dict_set_name(dict, rt.name(Name::DOC), Word::NONE);
    }
    let defines_eq = rt.dict_get_name(dict, rt.name(Name::EQ)).is_some();
    if defines_eq && rt.dict_get_name(dict, rt.name(Name::HASH)).is_none() {
        rt.dict_set_name(dict, rt.name(Name::HASH), Word::NONE);
    }
    Ok(())
}

/// `__set_name__` of the attributes, then `__init_subclass__` of the base.
fn call_hooks(rt: &mut Isolate, class: Place<ClassObj>, kwargs: Word) -> PyResult<()> {
    let this = class.word();
    for (name, value) in rt.dict_items(class.dict) {
        if !value.word().is_object() {
            continue;
        }
        if let Err(Raised) = rt.try_special(value.word(), Name::SET_NAME, &[this, name.word()]) {
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                rt.type_name(value.word()),
                rt.repr_text(name.word()).unwrap_or_default(),
                str_text(class.name)
            );
            let e = rt.take_exception();
            let note = rt.new_str(&note);
            rt.call_method(e.word(), "add_note", &[note.word()])?;
            rt.set_pending(e);
            return Err(Raised);
        }
    }
    let parent = crate::descriptor::new_super(rt, this, this)?;
    let hook = rt.getattr(parent.word(), "__init_subclass__")?;
    let empty = rt.empty_tuple;
    rt.call_ex(hook.word(), empty, kwargs).map(drop)
}
