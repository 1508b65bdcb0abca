//! The classes that the object model itself consists of: `object`, `type`, functions, methods,
//! descriptors, `property`, `classmethod`, `staticmethod`, `super`, cells, and the constants' classes.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::layout::FunctionObj;
use molt_abi::{ClassId, Word};

use crate::api::{field, set_field, str_text, tuple_items};
use crate::class::ClassObj;
use crate::function::code_of;
use crate::layouts::{BuiltinObj, GetSetObj, WeakrefObj};
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getset, getter};
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult, exc};

// ---- object ------------------------------------------------------------------------------------------

fn object_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let id = rt.class_id(args[0]);
    let extra = !tuple_items(args[1]).is_empty() || rt.dict_len(args[2]) > 0;
    if extra && !rt.inherits_special(id, ClassId::OBJECT, Name::NEW) {
        return Err(rt.type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
    }
    rt.new_instance(id)
}
fn object_init(_: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(Owned::NONE)
}
fn object_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_word(rt.class_of(args[0]));
    let name = full_name(rt, class)?;
    Ok(rt.new_str(&format!("<{name} object at {:#x}>", args[0].0)))
}
fn object_str(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.repr(args[0])
}
fn object_eq(_: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(if args[0] == args[1] { Owned::from_bool(true) } else { Owned::immediate(Word::NOT_IMPLEMENTED) })
}
fn object_ne(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let eq = rt.special(rt.class_of(args[0]), Name::EQ);
    let r = rt.call_special(eq, args[0], &[args[1]])?;
    if r.word() == Word::NOT_IMPLEMENTED {
        return Ok(r);
    }
    Ok(Owned::from_bool(!rt.truth(r.word())?))
}
fn object_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int((args[0].0 >> 4) as i64))
}
/// TypeError unless an attribute name is a string.
fn check_name(rt: &mut Isolate, name: Word) -> PyResult<()> {
    if rt.is_str(name) {
        return Ok(());
    }
    let kind = rt.type_name(name);
    Err(rt.type_error(format!("attribute name must be string, not '{kind}'")))
}
fn object_getattribute(rt: &mut Isolate, args: &[Word]) -> PyResult {
    check_name(rt, args[1])?;
    match rt.get_attr_plain(args[0], args[1])? {
        Some(v) => Ok(v),
        None => Err(rt.no_attribute(args[0], args[1])),
    }
}
fn object_setattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    check_name(rt, args[1])?;
    rt.set_attr_plain(args[0], args[1], args[2])?;
    Ok(Owned::NONE)
}
fn object_delattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    check_name(rt, args[1])?;
    rt.set_attr_plain(args[0], args[1], Word::UNBOUND)?;
    Ok(Owned::NONE)
}
fn object_format(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_str(args[1]) {
        let kind = rt.argument_kind(args[1]);
        return Err(rt.type_error(format!("__format__() argument must be str, not {kind}")));
    }
    if !crate::api::str_bytes(args[1]).is_empty() {
        let msg = format!("unsupported format string passed to {}.__format__", rt.type_name(args[0]));
        return Err(rt.type_error(msg));
    }
    rt.str(args[0])
}
fn object_init_subclass(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let owner = rt.class_name(rt.class_id(args[0]));
    if rt.dict_len(args[2]) > 0 {
        return Err(rt.type_error(format!("{owner}.__init_subclass__() takes no keyword arguments")));
    }
    let n = tuple_items(args[1]).len();
    if n > 0 {
        return Err(rt.type_error(format!("{owner}.__init_subclass__() takes no arguments ({n} given)")));
    }
    Ok(Owned::NONE)
}
fn not_implemented(_: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(Owned::immediate(Word::NOT_IMPLEMENTED))
}
fn object_dir(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.is_class(args[0]) {
        let names = class_names(rt, rt.class_id(args[0]));
        return Ok(rt.new_list(names));
    }
    let own = crate::namespace::own_items(rt, args[0]);
    if rt.class(rt.class_of(args[0])).layout == Layout::Module {
        // A module's own `__dir__` decides (PEP 562).
        let hook = rt.name(Name::DIR);
        if let Some((_, hook)) = own.iter().find(|(name, _)| name.word() == hook) {
            return rt.call(hook.word(), &[]);
        }
        return Ok(rt.new_list(own.into_iter().map(|p| p.0).collect()));
    }
    let mut names: Vec<Owned> = own.into_iter().map(|p| p.0).collect();
    names.extend(class_names(rt, rt.class_of(args[0])));
    Ok(rt.new_list(names))
}
fn class_names(rt: &mut Isolate, id: ClassId) -> Vec<Owned> {
    let mut names = Vec::new();
    for c in rt.class(id).mro.clone() {
        let dict = rt.class_dict(c);
        names.extend(rt.dict_keys(dict));
    }
    names
}
fn get_class(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.class_word(rt.class_of(this))))
}
fn set_class(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    if !rt.is_class(value) {
        let msg = format!("__class__ must be set to a class, not '{}' object", rt.type_name(value));
        return Err(rt.type_error(msg));
    }
    let (old, new) = (rt.class(rt.class_of(this)), rt.class_obj(value));
    let same = old.layout == new.layout
        && old.instance_size == new.instance_size
        && old.slots.iter().map(|s| s.name).eq(new.slots.iter().map(|s| s.name));
    let modules = old.layout == Layout::Module && new.layout == Layout::Module;
    let mutable = old.has(ClassObj::HEAP) && new.has(ClassObj::HEAP);
    if !modules && !mutable {
        return Err(rt.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    if !same || !old.has(ClassObj::HEAP) || !new.has(ClassObj::HEAP) {
        let msg = format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            str_text(new.name),
            str_text(old.name)
        );
        return Err(rt.type_error(msg));
    }
    // SAFETY: the layouts agree.
    unsafe { (*this.as_ptr()).class = new.id };
    Ok(())
}
fn get_dict(rt: &mut Isolate, this: Word) -> PyResult {
    let class = rt.class(rt.class_of(this));
    if !class.has(ClassSpec::HAS_DICT) && class.layout != Layout::Module {
        let name = rt.name(Name::DICT);
        return Err(rt.no_attribute(this, name));
    }
    crate::namespace::of(rt, this)
}

static OBJECT_METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", object_new),
    def("__init__", "($self, /, *args, **kwargs)", object_init),
    def("__repr__", "($self, /)", object_repr),
    def("__str__", "($self, /)", object_str),
    def("__eq__", "($self, value, /)", object_eq),
    def("__ne__", "($self, value, /)", object_ne),
    def("__lt__", "($self, value, /)", not_implemented),
    def("__le__", "($self, value, /)", not_implemented),
    def("__gt__", "($self, value, /)", not_implemented),
    def("__ge__", "($self, value, /)", not_implemented),
    def("__hash__", "($self, /)", object_hash),
    def("__getattribute__", "($self, name, /)", object_getattribute),
    def("__setattr__", "($self, name, value, /)", object_setattr),
    def("__delattr__", "($self, name, /)", object_delattr),
    def("__format__", "($self, format_spec, /)", object_format),
    def("__dir__", "($self, /)", object_dir),
    def("__init_subclass__", "($type, /, *args, **kwargs)", object_init_subclass),
    def("__subclasshook__", "($type, object, /)", not_implemented),
];
pub(crate) static OBJECT_SPEC: ClassSpec = ClassSpec::builtin(ClassId::OBJECT, Layout::Plain)
    .methods(OBJECT_METHODS)
    .getset(&[getset("__class__", get_class, set_class), getter("__dict__", get_dict)])
    .flags(ClassSpec::BASETYPE);

// ---- type --------------------------------------------------------------------------------------------

/// Module of a class.
fn module_of(rt: &mut Isolate, class: Word) -> Owned {
    let c = rt.class_obj(class);
    if c.has(ClassObj::HEAP) {
        let dict = rt.class_dict(c);
        return rt.dict_get_name(dict, rt.name(Name::MODULE)).map_or(Owned::NONE, Owned::share);
    }
    let text = c.spec.map_or("builtins", |s| s.module);
    Owned::share(rt.intern(text))
}

/// `module.qualname`, without the module for builtins.
pub(crate) fn full_name(rt: &mut Isolate, class: Word) -> PyResult<String> {
    let module = module_of(rt, class);
    let name = str_text(rt.class_obj(class).qualname).into_owned();
    if !rt.is_str(module.word()) || crate::api::str_bytes(module.word()) == b"builtins" {
        return Ok(name);
    }
    Ok(format!("{}.{name}", str_text(module.word())))
}

fn type_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let given = tuple_items(args[1]);
    let [name, bases, ns] = *given else {
        return Err(rt.type_error(if given.len() == 1 {
            "type.__new__() takes exactly 3 arguments (1 given)"
        } else {
            "type() takes 1 or 3 arguments"
        }));
    };
    crate::build_class::type_new(rt, args[0], name, bases, ns, args[2])
}
fn type_init(_: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(Owned::NONE)
}
fn type_call(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let items = rt.dict_items(args[2]);
    let names = rt.new_tuple(items.iter().map(|p| p.0.clone()).collect());
    let all: Vec<Word> = tuple_items(args[1]).iter().copied().chain(items.iter().map(|p| p.1.word())).collect();
    rt.call_class(args[0], &all, if items.is_empty() { Word::UNBOUND } else { names.word() })
}
fn type_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = full_name(rt, args[0])?;
    Ok(rt.new_str(&format!("<class '{name}'>")))
}
fn type_prepare(rt: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(rt.new_dict())
}
fn type_mro(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let c = rt.class_obj(args[0]);
    Ok(rt.new_list_of(tuple_items(c.mro_tuple)))
}
fn type_subclasses(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let words: Vec<Word> = rt.class_obj(args[0]).subclasses.iter().map(|&id| rt.class_word(id)).collect();
    Ok(rt.new_list_of(&words))
}
fn type_instancecheck(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    Ok(Owned::from_bool(rt.is_instance(args[1], class)))
}
fn type_subclasscheck(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_class(args[1]) {
        return Err(rt.type_error("issubclass() arg 1 must be a class"));
    }
    Ok(Owned::from_bool(rt.is_subclass(rt.class_id(args[1]), rt.class_id(args[0]))))
}
fn type_dir(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let names = class_names(rt, rt.class_id(args[0]));
    Ok(rt.new_list(names))
}
fn type_or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    crate::builtins::generic_alias::union(rt, args[0], args[1])
}
fn get_name(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.class_obj(this).name))
}
fn set_name(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let mut c = rt.class_obj(this);
    if c.has(ClassObj::HEAP) && !rt.is_str(value) {
        let (name, kind) = (str_text(c.name).into_owned(), rt.type_name(value));
        return Err(rt.type_error(format!("can only assign string to {name}.__name__, not '{kind}'")));
    }
    if !c.has(ClassObj::HEAP) {
        let msg = format!("cannot set '__name__' attribute of immutable type '{}'", str_text(c.name));
        return Err(rt.type_error(msg));
    }
    inc(value);
    dec(core::mem::replace(&mut c.name, value));
    Ok(())
}
fn get_qualname(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.class_obj(this).qualname))
}
fn set_qualname(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let mut c = rt.class_obj(this);
    if !c.has(ClassObj::HEAP) || !rt.is_str(value) {
        let name = str_text(c.name).into_owned();
        return Err(rt.type_error(if c.has(ClassObj::HEAP) {
            format!("can only assign string to {name}.__qualname__, not '{}'", rt.type_name(value))
        } else {
            format!("cannot set '__qualname__' attribute of immutable type '{name}'")
        }));
    }
    inc(value);
    dec(core::mem::replace(&mut c.qualname, value));
    Ok(())
}
fn get_module(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(module_of(rt, this))
}
fn set_module(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let c = rt.class_obj(this);
    let name = rt.name(Name::MODULE);
    rt.set_class_attr(c, name, value);
    Ok(())
}
fn get_bases(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.class_obj(this).bases))
}
fn get_base(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(rt.class_obj(this).base.map_or(Owned::NONE, |base| Owned::share(base.word())))
}
fn get_mro(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.class_obj(this).mro_tuple))
}
fn get_type_dict(rt: &mut Isolate, this: Word) -> PyResult {
    let dict = rt.class_dict(rt.class_obj(this));
    inc(dict);
    Ok(rt.new_plain(ClassId::MAPPING_PROXY, [dict]))
}
fn get_abstract(rt: &mut Isolate, this: Word) -> PyResult {
    let dict = rt.class_dict(rt.class_obj(this));
    let name = rt.name(Name::ABSTRACTMETHODS);
    match rt.dict_get_name(dict, name) {
        Some(v) => Ok(Owned::share(v)),
        None => Err(rt.raise(exc::ATTRIBUTE_ERROR, "__abstractmethods__")),
    }
}
fn set_abstract(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let mut c = rt.class_obj(this);
    let some = !value.is_unbound() && rt.truth(value)?;
    let name = rt.name(Name::ABSTRACTMETHODS);
    rt.set_class_attr(c, name, value);
    c.flags = if some { c.flags | ClassObj::ABSTRACT } else { c.flags & !ClassObj::ABSTRACT };
    Ok(())
}
fn get_annotations(rt: &mut Isolate, this: Word) -> PyResult {
    let c = rt.class_obj(this);
    let dict = rt.class_dict(c);
    for key in [Name::ANNOTATIONS, Name::ANNOTATIONS_CACHE] {
        if let Some(v) = rt.dict_get_name(dict, rt.name(key)) {
            return Ok(Owned::share(v));
        }
    }
    let made = match rt.dict_get_name(dict, rt.name(Name::ANNOTATE)) {
        Some(f) if !f.is_none() => rt.call(f, &[Word::small(1)])?,
        _ => rt.new_dict(),
    };
    let cache = rt.name(Name::ANNOTATIONS_CACHE);
    rt.dict_set_name(dict, cache, made.word());
    Ok(made)
}
fn set_annotations(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let c = rt.class_obj(this);
    let name = rt.name(Name::ANNOTATIONS_CACHE);
    rt.set_class_attr(c, name, value);
    Ok(())
}

static TYPE_METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", type_new),
    def("__init__", "($self, /, *args, **kwargs)", type_init),
    def("__call__", "($self, /, *args, **kwargs)", type_call),
    def("__repr__", "($self, /)", type_repr),
    def("__prepare__", "($type, /, *args, **kwargs)", type_prepare),
    def("__getattribute__", "($self, name, /)", object_getattribute),
    def("__setattr__", "($self, name, value, /)", object_setattr),
    def("__delattr__", "($self, name, /)", object_delattr),
    def("__instancecheck__", "($self, instance, /)", type_instancecheck),
    def("__subclasscheck__", "($self, subclass, /)", type_subclasscheck),
    def("__subclasses__", "($self, /)", type_subclasses),
    def("__dir__", "($self, /)", type_dir),
    def("__or__", "($self, value, /)", type_or),
    def("mro", "($self, /)", type_mro),
];
pub(crate) static TYPE_SPEC: ClassSpec = ClassSpec::builtin(ClassId::TYPE, Layout::Class)
    .methods(TYPE_METHODS)
    .getset(&[
        getset("__name__", get_name, set_name),
        getset("__qualname__", get_qualname, set_qualname),
        getset("__module__", get_module, set_module),
        getset("__bases__", get_bases, crate::build_class::set_bases),
        getter("__base__", get_base),
        getter("__mro__", get_mro),
        getter("__dict__", get_type_dict),
        getset("__abstractmethods__", get_abstract, set_abstract),
        getset("__annotations__", get_annotations, set_annotations),
    ])
    .flags(ClassSpec::BASETYPE | ClassSpec::GENERIC);

// ---- functions and methods -----------------------------------------------------------------------------

fn function_obj(w: Word) -> Place<FunctionObj> {
    // SAFETY: the getters run on function objects only.
    unsafe { Place::new(w.as_ptr().cast()) }
}
/// Value kept for an attribute beside the code's own, or the latter.
fn over(rt: &Isolate, this: Word, name: Name, default: Word) -> PyResult {
    let found = rt.side_dict(this).and_then(|d| rt.dict_get_name(d, rt.name(name)));
    Ok(Owned::share(found.unwrap_or(default)))
}
fn keep(rt: &mut Isolate, this: Word, name: Name, value: Word) -> PyResult<()> {
    let dict = rt.side_dict_mut(this);
    let name = rt.name(name);
    rt.dict_set_name(dict, name, value);
    Ok(())
}
macro_rules! code_attributes {
    ($($get:ident $set:ident $name:ident $field:ident $text:literal;)*) => { $(
        fn $get(rt: &mut Isolate, this: Word) -> PyResult {
            over(rt, this, Name::$name, code_of(this).$field)
        }
        fn $set(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
            if $text && !rt.is_str(value) {
                let name = crate::names::NAME_TEXTS[Name::$name.0 as usize];
                return Err(rt.type_error(format!("{name} must be set to a string object")));
            }
            keep(rt, this, Name::$name, if value.is_unbound() { Word::NONE } else { value })
        }
    )* };
}
code_attributes! {
    function_name set_function_name NAME name true;
    function_qualname set_function_qualname QUALNAME qualname true;
    function_doc set_function_doc DOC doc false;
}
fn function_module(rt: &mut Isolate, this: Word) -> PyResult {
    let index = code_of(this).module as usize;
    let default = match rt.modules.program.get(index).cloned() {
        Some(m) => rt.module_get(m.word(), rt.name(Name::NAME)).unwrap_or(Owned::NONE),
        None => Owned::NONE,
    };
    over(rt, this, Name::MODULE, default.word())
}
fn set_function_module(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    keep(rt, this, Name::MODULE, value)
}
fn bound_or_none(w: Word) -> PyResult {
    Ok(Owned::share(if w.is_unbound() { Word::NONE } else { w }))
}
macro_rules! function_words {
    ($($get:ident $set:ident $field:ident $fits:expr, $wrong:literal;)*) => { $(
        fn $get(_: &mut Isolate, this: Word) -> PyResult {
            bound_or_none(function_obj(this).$field)
        }
        fn $set(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
            let value = if value.is_none() { Word::UNBOUND } else { value };
            let fits: fn(&mut Isolate, Word) -> bool = $fits;
            if !value.is_unbound() && !fits(rt, value) {
                return Err(rt.type_error($wrong));
            }
            inc(value);
            dec(core::mem::replace(&mut function_obj(this).$field, value));
            Ok(())
        }
    )* };
}
function_words! {
    function_defaults set_function_defaults defaults
        |rt, w| rt.is_tuple(w), "__defaults__ must be set to a tuple object";
    function_kwdefaults set_function_kwdefaults kwdefaults
        |rt, w| rt.is_dict(w), "__kwdefaults__ must be set to a dict object";
    function_annotate set_function_annotate annotate
        |rt, w| rt.is_callable(w), "__annotate__ must be callable or None";
}
fn function_closure(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(function_obj(this).closure)
}
fn function_annotations(rt: &mut Isolate, this: Word) -> PyResult {
    let known = over(rt, this, Name::ANNOTATIONS, Word::UNBOUND)?;
    if !known.word().is_unbound() {
        return Ok(known);
    }
    let f = function_obj(this).annotate;
    let made = if f.is_unbound() { rt.new_dict() } else { rt.call(f, &[Word::small(1)])? };
    keep(rt, this, Name::ANNOTATIONS, made.word())?;
    Ok(made)
}
fn set_function_annotations(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    keep(rt, this, Name::ANNOTATIONS, value)
}
fn function_globals(rt: &mut Isolate, this: Word) -> PyResult {
    match rt.modules.program.get(code_of(this).module as usize).cloned() {
        Some(m) => crate::namespace::of(rt, m.word()),
        None => Ok(rt.new_dict()),
    }
}
fn function_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = format!("<function {} at {:#x}>", rt.function_qualname(args[0]), args[0].0);
    Ok(rt.new_str(&text))
}
fn descr_get_method(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let obj = if args[1].is_none() { Word::UNBOUND } else { args[1] };
    let owner = match args[2] {
        w if w.is_unbound() || w.is_none() => rt.class_word(rt.class_of(args[1])),
        w => w,
    };
    rt.descr_get(args[0], obj, owner)
}
fn call_again(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.call_ex(args[0], args[1], args[2])
}
fn type_params(rt: &mut Isolate, this: Word) -> PyResult {
    let name = rt.name(Name::TYPE_PARAMS);
    let own = rt.side_dict(this).and_then(|d| rt.dict_get_name(d, name)).map(Owned::share);
    Ok(own.unwrap_or_else(|| rt.new_tuple(Vec::new())))
}
fn set_type_params(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    if !rt.is_tuple(value) {
        return Err(rt.type_error("__type_params__ must be set to a tuple"));
    }
    let (name, dict) = (rt.name(Name::TYPE_PARAMS), rt.side_dict_mut(this));
    rt.dict_set_name(dict, name, value);
    Ok(())
}
static FUNCTION_SPEC: ClassSpec = ClassSpec::builtin(ClassId::FUNCTION, Layout::Function)
    .methods(&[
        def("__repr__", "($self, /)", function_repr),
        def("__get__", "($self, instance, owner=None, /)", descr_get_method),
        def("__call__", "($self, /, *args, **kwargs)", call_again),
    ])
    .getset(&[
        getset("__name__", function_name, set_function_name),
        getset("__qualname__", function_qualname, set_function_qualname),
        getset("__doc__", function_doc, set_function_doc),
        getset("__module__", function_module, set_function_module),
        getset("__defaults__", function_defaults, set_function_defaults),
        getset("__kwdefaults__", function_kwdefaults, set_function_kwdefaults),
        getset("__annotate__", function_annotate, set_function_annotate),
        getset("__annotations__", function_annotations, set_function_annotations),
        getter("__code__", crate::code::of_function),
        getset("__type_params__", type_params, set_type_params),
        getter("__closure__", function_closure),
        getter("__globals__", function_globals),
        getter("__dict__", get_dict),
    ])
    .flags(ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE | ClassSpec::NO_NEW);

fn builtin_obj<'a>(w: Word) -> &'a BuiltinObj {
    // SAFETY: the getters run on builtin functions and descriptors only.
    unsafe { &*w.as_ptr().cast::<BuiltinObj>() }
}
fn builtin_text(w: Word) -> &'static str {
    // SAFETY: rows are static.
    unsafe { (*builtin_obj(w).def).name }
}
fn builtin_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let b = builtin_obj(args[0]);
    let name = builtin_text(args[0]);
    let owner = if rt.is_class(b.owner) { str_text(rt.class_obj(b.owner).name).into_owned() } else { String::new() };
    let text = match b.header.class {
        ClassId::METHOD_DESCRIPTOR => format!("<method '{name}' of '{owner}' objects>"),
        ClassId::WRAPPER_DESCRIPTOR => format!("<slot wrapper '{name}' of '{owner}' objects>"),
        _ if b.receiver.is_unbound() => format!("<built-in function {name}>"),
        _ => format!("<built-in method {name} of {} object at {:#x}>", rt.type_name(b.receiver), b.receiver.0),
    };
    Ok(rt.new_str(&text))
}
fn builtin_name(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(rt.intern(builtin_text(this))))
}
fn builtin_qualname(rt: &mut Isolate, this: Word) -> PyResult {
    let b = builtin_obj(this);
    if !rt.is_class(b.owner) {
        return builtin_name(rt, this);
    }
    let text = format!("{}.{}", str_text(rt.class_obj(b.owner).name), builtin_text(this));
    Ok(rt.new_str(&text))
}
fn builtin_doc(rt: &mut Isolate, this: Word) -> PyResult {
    // SAFETY: rows are static.
    let doc = unsafe { (*builtin_obj(this).def).doc };
    Ok(if doc.is_empty() { Owned::NONE } else { rt.new_str(doc) })
}
fn builtin_self(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(builtin_obj(this).receiver)
}
fn builtin_module(rt: &mut Isolate, this: Word) -> PyResult {
    let b = builtin_obj(this);
    if b.owner.is_unbound() {
        return Ok(Owned::share(rt.intern("builtins")));
    }
    Ok(if rt.is_str(b.owner) { Owned::share(b.owner) } else { Owned::NONE })
}
const BUILTIN_GETSET: &[GetSetDef] = &[
    getter("__name__", builtin_name),
    getter("__qualname__", builtin_qualname),
    getter("__doc__", builtin_doc),
    getter("__self__", builtin_self),
    getter("__module__", builtin_module),
];
static BUILTIN_METHODS: &[NativeDef] =
    &[def("__repr__", "($self, /)", builtin_repr), def("__call__", "($self, /, *args, **kwargs)", call_again)];
static DESCRIPTOR_METHODS: &[NativeDef] = &[
    def("__repr__", "($self, /)", builtin_repr),
    def("__get__", "($self, instance, owner=None, /)", descr_get_method),
    def("__call__", "($self, /, *args, **kwargs)", call_again),
];
const fn builtin(id: ClassId, methods: &'static [NativeDef]) -> ClassSpec {
    ClassSpec::builtin(id, Layout::Builtin).methods(methods).getset(BUILTIN_GETSET).flags(ClassSpec::NO_NEW)
}
static BUILTIN_SPEC: ClassSpec = builtin(ClassId::BUILTIN_FUNCTION, BUILTIN_METHODS);
static METHOD_DESCRIPTOR_SPEC: ClassSpec = builtin(ClassId::METHOD_DESCRIPTOR, DESCRIPTOR_METHODS);
static WRAPPER_SPEC: ClassSpec = builtin(ClassId::WRAPPER_DESCRIPTOR, DESCRIPTOR_METHODS);

fn method_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_callable(args[1]) {
        return Err(rt.type_error("first argument must be callable"));
    }
    if args[2].is_none() {
        return Err(rt.type_error("instance must not be None"));
    }
    Ok(rt.new_bound_method(args[1], args[2]))
}
fn method_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = match rt.getattr_opt(field(args[0], 0), "__qualname__")? {
        Some(n) if rt.is_str(n.word()) => str_text(n.word()).into_owned(),
        _ => "?".into(),
    };
    let text = format!("<bound method {name} of {}>", rt.repr_text(field(args[0], 1))?);
    Ok(rt.new_str(&text))
}
fn method_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) != ClassId::BOUND_METHOD {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let same = field(args[0], 1) == field(args[1], 1) && rt.eq(field(args[0], 0), field(args[1], 0))?;
    Ok(Owned::from_bool(same))
}
fn method_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let h = rt.hash(field(args[0], 0))? ^ (field(args[0], 1).0 >> 4) as i64;
    Ok(rt.new_int(h))
}
fn method_getattribute(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match rt.get_attr_plain(args[0], args[1])? {
        Some(v) => Ok(v),
        None => rt.get_attr(field(args[0], 0), args[1]),
    }
}
fn word0(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(field(this, 0))
}
fn word1(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(field(this, 1))
}
fn word2(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(field(this, 2))
}
fn method_doc(rt: &mut Isolate, this: Word) -> PyResult {
    rt.getattr(field(this, 0), "__doc__")
}
static METHOD_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BOUND_METHOD, Layout::Plain)
    .hidden_words(2)
    .methods(&[
        def("__new__", "($type, function, instance, /)", method_new),
        def("__repr__", "($self, /)", method_repr),
        def("__eq__", "($self, value, /)", method_eq),
        def("__hash__", "($self, /)", method_hash),
        def("__getattribute__", "($self, name, /)", method_getattribute),
        def("__call__", "($self, /, *args, **kwargs)", call_again),
    ])
    .getset(&[getter("__func__", word0), getter("__self__", word1), getter("__doc__", method_doc)])
    .flags(ClassSpec::WEAKREFABLE);

// ---- attribute descriptors -----------------------------------------------------------------------------

fn getset_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    // SAFETY: both descriptor classes have this layout.
    let d = unsafe { &*args[0].as_ptr().cast::<GetSetObj>() };
    let kind = if d.def.is_null() { "member" } else { "attribute" };
    let text = format!("<{kind} '{}' of '{}' objects>", str_text(d.name), str_text(rt.class_obj(d.owner).name));
    Ok(rt.new_str(&text))
}
fn getset_name(_: &mut Isolate, this: Word) -> PyResult {
    // SAFETY: as above.
    Ok(Owned::share(unsafe { (*this.as_ptr().cast::<GetSetObj>()).name }))
}
fn getset_objclass(_: &mut Isolate, this: Word) -> PyResult {
    // SAFETY: as above.
    Ok(Owned::share(unsafe { (*this.as_ptr().cast::<GetSetObj>()).owner }))
}
fn getset_set(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.descr_set(args[0], args[1], args[2])?;
    Ok(Owned::NONE)
}
fn getset_delete(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.descr_set(args[0], args[1], Word::UNBOUND)?;
    Ok(Owned::NONE)
}
static GETSET_METHODS: &[NativeDef] = &[
    def("__repr__", "($self, /)", getset_repr),
    def("__get__", "($self, instance, owner=None, /)", descr_get_method),
    def("__set__", "($self, instance, value, /)", getset_set),
    def("__delete__", "($self, instance, /)", getset_delete),
];
static ATTRIBUTE_GETSET: &[GetSetDef] = &[getter("__name__", getset_name), getter("__objclass__", getset_objclass)];
const fn attribute(id: ClassId) -> ClassSpec {
    ClassSpec::builtin(id, Layout::Plain)
        .hidden_words(4)
        .methods(GETSET_METHODS)
        .getset(ATTRIBUTE_GETSET)
        .flags(ClassSpec::NO_NEW)
}
static GETSET_SPEC: ClassSpec = attribute(ClassId::GETSET_DESCRIPTOR);
static MEMBER_SPEC: ClassSpec = attribute(ClassId::MEMBER_DESCRIPTOR);

/// Takes a shared reference into an object's word.
fn shared(w: Word) -> Word {
    let w = if w.is_unbound() { Word::NONE } else { w };
    inc(w);
    w
}

fn property_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let id = rt.class_id(args[0]);
    Ok(rt.new_plain(id, [Word::NONE; 5]))
}
fn property_init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    for i in 0..4 {
        set_field(args[0], i, if args[1 + i].is_unbound() { Word::NONE } else { args[1 + i] });
    }
    if field(args[0], 3).is_none()
        && !field(args[0], 0).is_none()
        && let Some(doc) = rt.getattr_opt(field(args[0], 0), "__doc__")?
    {
        set_field(args[0], 3, doc.word());
    }
    Ok(Owned::NONE)
}
fn property_with(rt: &mut Isolate, this: Word, index: usize, f: Word) -> PyResult {
    let mut words = [0, 1, 2, 3, 4].map(|i| shared(field(this, i)));
    dec(core::mem::replace(&mut words[index], shared(f)));
    let id = rt.class_of(this);
    Ok(rt.new_plain(id, words))
}
fn property_getter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    property_with(rt, args[0], 0, args[1])
}
fn property_setter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    property_with(rt, args[0], 1, args[1])
}
fn property_deleter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    property_with(rt, args[0], 2, args[1])
}
fn property_set_name(_: &mut Isolate, args: &[Word]) -> PyResult {
    set_field(args[0], 4, args[2]);
    Ok(Owned::NONE)
}
fn property_doc(_: &mut Isolate, this: Word) -> PyResult {
    bound_or_none(field(this, 3))
}
fn set_property_doc(_: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    set_field(this, 3, value);
    Ok(())
}
fn property_abstract(rt: &mut Isolate, this: Word) -> PyResult {
    for i in 0..3 {
        if let Some(v) = rt.getattr_opt(field(this, i), "__isabstractmethod__")?
            && rt.truth(v.word())?
        {
            return Ok(Owned::from_bool(true));
        }
    }
    Ok(Owned::from_bool(false))
}
static PROPERTY_SPEC: ClassSpec = ClassSpec::builtin(ClassId::PROPERTY, Layout::Plain)
    .hidden_words(5)
    .methods(&[
        def("__new__", "($type, /, *args, **kwargs)", property_new),
        def("__init__", "($self, fget=None, fset=None, fdel=None, doc=None)", property_init),
        def("__get__", "($self, instance, owner=None, /)", descr_get_method),
        def("__set__", "($self, instance, value, /)", getset_set),
        def("__delete__", "($self, instance, /)", getset_delete),
        def("__set_name__", "($self, owner, name, /)", property_set_name),
        def("getter", "($self, fget, /)", property_getter),
        def("setter", "($self, fset, /)", property_setter),
        def("deleter", "($self, fdel, /)", property_deleter),
    ])
    .getset(&[
        getter("fget", word0),
        getter("fset", word1),
        getter("fdel", word2),
        getset("__doc__", property_doc, set_property_doc),
        getter("__isabstractmethod__", property_abstract),
    ])
    .flags(ClassSpec::BASETYPE);

fn wrapper_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let id = rt.class_id(args[0]);
    Ok(rt.new_plain(id, [shared(args[1])]))
}
fn wrapper_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = format!("<{}({})>", rt.type_name(args[0]), rt.repr_text(field(args[0], 0))?);
    Ok(rt.new_str(&text))
}
fn wrapper_abstract(rt: &mut Isolate, this: Word) -> PyResult {
    let found = rt.getattr_opt(field(this, 0), "__isabstractmethod__")?;
    Ok(Owned::from_bool(match found {
        Some(v) => rt.truth(v.word())?,
        None => false,
    }))
}
fn wrapper_getattribute(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if let Some(v) = rt.get_attr_plain(args[0], args[1])? {
        return Ok(v);
    }
    let text = str_text(args[1]).into_owned();
    let passed = ["__name__", "__qualname__", "__module__", "__annotations__", "__wrapped__"].contains(&text.as_str());
    if passed && text != "__wrapped__" {
        rt.get_attr(field(args[0], 0), args[1])
    } else {
        Err(rt.no_attribute(args[0], args[1]))
    }
}
fn static_call(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.call_ex(field(args[0], 0), args[1], args[2])
}
const WRAPPER_GETSET: &[GetSetDef] =
    &[getter("__func__", word0), getter("__wrapped__", word0), getter("__isabstractmethod__", wrapper_abstract)];
static CLASSMETHOD_SPEC: ClassSpec = ClassSpec::builtin(ClassId::CLASSMETHOD, Layout::Plain)
    .hidden_words(1)
    .methods(&[
        def("__new__", "($type, function, /)", wrapper_new),
        def("__repr__", "($self, /)", wrapper_repr),
        def("__get__", "($self, instance, owner=None, /)", descr_get_method),
        def("__getattribute__", "($self, name, /)", wrapper_getattribute),
    ])
    .getset(WRAPPER_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT);
static STATICMETHOD_SPEC: ClassSpec = ClassSpec::builtin(ClassId::STATICMETHOD, Layout::Plain)
    .hidden_words(1)
    .methods(&[
        def("__new__", "($type, function, /)", wrapper_new),
        def("__repr__", "($self, /)", wrapper_repr),
        def("__get__", "($self, instance, owner=None, /)", descr_get_method),
        def("__call__", "($self, /, *args, **kwargs)", static_call),
        def("__getattribute__", "($self, name, /)", wrapper_getattribute),
    ])
    .getset(WRAPPER_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT);

// ---- super ---------------------------------------------------------------------------------------------

/// `super(class, this)`: words class, object, object's class.
pub(crate) fn new_super(rt: &mut Isolate, class: Word, this: Word) -> PyResult {
    if !rt.is_class(class) {
        let msg = format!("super() argument 1 must be a type, not {}", rt.type_name(class));
        return Err(rt.type_error(msg));
    }
    let id = rt.class_id(class);
    let start = if rt.is_class(this) && rt.is_subclass(rt.class_id(this), id) {
        this
    } else if rt.is_instance(this, id) {
        rt.class_word(rt.class_of(this))
    } else {
        let (what, name) = if rt.is_class(this) {
            ("type", rt.class_name(rt.class_id(this)))
        } else {
            ("instance of", rt.type_name(this))
        };
        let owner = rt.class_name(id);
        return Err(rt.type_error(format!(
            "super(type, obj): obj ({what} {name}) is not an instance or subtype of type ({owner})."
        )));
    };
    inc(this);
    Ok(rt.new_plain(ClassId::SUPER, [class, this, start]))
}
fn super_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if args[1].is_unbound() {
        return Err(rt.runtime_error("super(): no arguments"));
    }
    if args[2].is_unbound() {
        if !rt.is_class(args[1]) {
            let msg = format!("super() argument 1 must be a type, not {}", rt.type_name(args[1]));
            return Err(rt.type_error(msg));
        }
        return Ok(rt.new_plain(ClassId::SUPER, [args[1], Word::NONE, Word::NONE]));
    }
    new_super(rt, args[1], args[2])
}
fn super_getattribute(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let [class, this, start] = [0, 1, 2].map(|i| field(args[0], i));
    if crate::api::str_bytes(args[1]) != b"__class__" && !start.is_none() {
        let order = rt.class_obj(start).mro.clone();
        let after = order.iter().skip_while(|c| c.word() != class).skip(1);
        for &c in after {
            let dict = rt.class_dict(c);
            if let Some(v) = rt.dict_get_name(dict, args[1]) {
                let v = Owned::share(v);
                let obj = if this == start { Word::UNBOUND } else { this };
                return rt.descr_get(v.word(), obj, start);
            }
        }
    }
    match rt.get_attr_plain(args[0], args[1])? {
        Some(v) => Ok(v),
        None => {
            let msg = format!("'super' object has no attribute '{}'", str_text(args[1]));
            Err(rt.raise_attribute_error(msg, args[0], args[1]))
        }
    }
}
fn super_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = str_text(rt.class_obj(field(args[0], 0)).name).into_owned();
    let what = if field(args[0], 2).is_none() {
        "NULL".to_owned()
    } else {
        format!("<{} object>", str_text(rt.class_obj(field(args[0], 2)).name))
    };
    Ok(rt.new_str(&format!("<super: <class '{class}'>, {what}>")))
}
static SUPER_SPEC: ClassSpec = ClassSpec::builtin(ClassId::SUPER, Layout::Plain)
    .hidden_words(3)
    .methods(&[
        def("__new__", "($type, type=<unrepresentable>, object=None, /)", super_new),
        def("__getattribute__", "($self, name, /)", super_getattribute),
        def("__repr__", "($self, /)", super_repr),
    ])
    .getset(&[getter("__thisclass__", word0), getter("__self__", word1), getter("__self_class__", word2)])
    .flags(ClassSpec::BASETYPE);

// ---- cells, constants, weak references -------------------------------------------------------------------

fn cell_get(rt: &mut Isolate, this: Word) -> PyResult {
    let v = field(this, 0);
    if v.is_unbound() { Err(rt.value_error("cell is empty")) } else { Ok(Owned::share(v)) }
}
fn cell_set(_: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    set_field(this, 0, value);
    Ok(())
}
static CELL_SPEC: ClassSpec = ClassSpec::builtin(ClassId::CELL, Layout::Plain)
    .hidden_words(1)
    .getset(&[getset("cell_contents", cell_get, cell_set)])
    .flags(ClassSpec::NO_NEW);

fn constant_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_str(match args[0] {
        Word::NONE => "None",
        Word::ELLIPSIS => "Ellipsis",
        _ => "NotImplemented",
    }))
}
fn none_bool(_: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(Owned::from_bool(false))
}
fn constant_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(if args[0].is_none() { 0xfca8_6420 } else { args[0].0 as i64 }))
}
const fn constant(id: ClassId, methods: &'static [NativeDef]) -> ClassSpec {
    ClassSpec::builtin(id, Layout::Immediate).methods(methods)
}
fn constant_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    if !tuple_items(args[1]).is_empty() || rt.dict_len(args[2]) > 0 {
        let msg = format!("{} takes no arguments", rt.class_name(class));
        return Err(rt.type_error(msg));
    }
    Ok(Owned::immediate(match class {
        ClassId::NONE => Word::NONE,
        ClassId::ELLIPSIS => Word::ELLIPSIS,
        _ => Word::NOT_IMPLEMENTED,
    }))
}
fn constant_reduce(rt: &mut Isolate, args: &[Word]) -> PyResult {
    constant_repr(rt, args)
}
const CONSTANT_NEW: NativeDef = def("__new__", "($type, /, *args, **kwargs)", constant_new);
static NONE_METHODS: &[NativeDef] = &[
    CONSTANT_NEW,
    def("__repr__", "($self, /)", constant_repr),
    def("__bool__", "($self, /)", none_bool),
    def("__hash__", "($self, /)", constant_hash),
];
static CONSTANT_METHODS: &[NativeDef] = &[
    CONSTANT_NEW,
    def("__repr__", "($self, /)", constant_repr),
    def("__reduce__", "($self, /)", constant_reduce),
    def("__hash__", "($self, /)", constant_hash),
];
static NONE_SPEC: ClassSpec = constant(ClassId::NONE, NONE_METHODS);
static ELLIPSIS_SPEC: ClassSpec = constant(ClassId::ELLIPSIS, CONSTANT_METHODS);
static NOT_IMPLEMENTED_SPEC: ClassSpec = constant(ClassId::NOT_IMPLEMENTED, CONSTANT_METHODS);

fn weakref_obj(w: Word) -> Place<WeakrefObj> {
    // SAFETY: the methods run on weak references only.
    unsafe { Place::new(w.as_ptr().cast()) }
}
fn weakref_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let target = args[1];
    let weakrefable = target.is_object() && {
        let c = rt.class(rt.class_of(target));
        c.has(ClassSpec::WEAKREFABLE | ClassObj::METACLASS) || c.layout == Layout::Class
    };
    if !weakrefable {
        let msg = format!("cannot create weak reference to '{}' object", rt.type_name(target));
        return Err(rt.type_error(msg));
    }
    let callback = if args[2].is_unbound() { Word::NONE } else { args[2] };
    let class = rt.class_id(args[0]);
    if callback.is_none() && class == ClassId::WEAKREF {
        let known = rt.sides.get(&target.0).map(|s| s.weakrefs.clone()).unwrap_or_default();
        for r in known {
            if rt.class_of(r) == class && weakref_obj(r).callback.is_none() {
                return Ok(Owned::share(r));
            }
        }
    }
    Ok(crate::lifetime::new_weakref(rt, class, target, callback))
}
fn weakref_call(_: &mut Isolate, args: &[Word]) -> PyResult {
    bound_or_none(weakref_obj(args[0]).target)
}
fn weakref_init(_: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(Owned::NONE)
}
fn weakref_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut r = weakref_obj(args[0]);
    if r.hash == -1 {
        if r.target.is_unbound() {
            return Err(rt.type_error("weak object has gone away"));
        }
        r.hash = rt.hash(r.target)?;
    }
    Ok(rt.new_int(r.hash))
}
fn weakref_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_instance(args[1], ClassId::WEAKREF) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let (a, b) = (weakref_obj(args[0]).target, weakref_obj(args[1]).target);
    if a.is_unbound() || b.is_unbound() {
        return Ok(Owned::from_bool(args[0] == args[1]));
    }
    rt.compare(crate::api::CompareOp::Eq, a, b)
}
fn weakref_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let t = weakref_obj(args[0]).target;
    let text = if t.is_unbound() {
        format!("<weakref at {:#x}; dead>", args[0].0)
    } else {
        format!("<weakref at {:#x}; to '{}' at {:#x}>", args[0].0, rt.type_name(t), t.0)
    };
    Ok(rt.new_str(&text))
}
fn weakref_callback(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(weakref_obj(this).callback))
}
pub(crate) static WEAKREF_SPEC: ClassSpec = ClassSpec::builtin(ClassId::WEAKREF, Layout::Weakref)
    .module("weakref")
    .methods(&[
        def("__new__", "($type, object, callback=None, /)", weakref_new),
        def("__init__", "($self, /, *args, **kwargs)", weakref_init),
        def("__call__", "($self, /)", weakref_call),
        def("__hash__", "($self, /)", weakref_hash),
        def("__eq__", "($self, value, /)", weakref_eq),
        def("__repr__", "($self, /)", weakref_repr),
    ])
    .getset(&[getter("__callback__", weakref_callback)])
    .flags(ClassSpec::BASETYPE | ClassSpec::GENERIC);

pub(crate) static SPECS: &[&ClassSpec] = &[
    &FUNCTION_SPEC,
    &BUILTIN_SPEC,
    &METHOD_DESCRIPTOR_SPEC,
    &WRAPPER_SPEC,
    &METHOD_SPEC,
    &GETSET_SPEC,
    &MEMBER_SPEC,
    &PROPERTY_SPEC,
    &CLASSMETHOD_SPEC,
    &STATICMETHOD_SPEC,
    &SUPER_SPEC,
    &CELL_SPEC,
    &NONE_SPEC,
    &ELLIPSIS_SPEC,
    &NOT_IMPLEMENTED_SPEC,
    &WEAKREF_SPEC,
];
