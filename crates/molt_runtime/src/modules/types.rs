//! The module `_types`: names of builtin classes, and `SimpleNamespace`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, str_text, tuple_items};
use crate::builtins::generic_alias::{ALIAS_SPEC, UNION_SPEC};
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_types, "_types", init);

const SELF: &str = "($self, /)";
const VALUE: &str = "($self, value, /)";

/// Names of classes that exist from the start.
const NAMES: &[(&str, ClassId)] = &[
    ("FunctionType", ClassId::FUNCTION),
    ("LambdaType", ClassId::FUNCTION),
    ("CodeType", ClassId::CODE),
    ("MappingProxyType", ClassId::MAPPING_PROXY),
    ("CellType", ClassId::CELL),
    ("FrameType", ClassId::FRAME),
    ("GeneratorType", ClassId::GENERATOR),
    ("MethodType", ClassId::BOUND_METHOD),
    ("BuiltinFunctionType", ClassId::BUILTIN_FUNCTION),
    ("BuiltinMethodType", ClassId::BUILTIN_FUNCTION),
    ("WrapperDescriptorType", ClassId::WRAPPER_DESCRIPTOR),
    ("MethodWrapperType", ClassId::BUILTIN_FUNCTION),
    ("MethodDescriptorType", ClassId::METHOD_DESCRIPTOR),
    ("ClassMethodDescriptorType", ClassId::CLASSMETHOD),
    ("ModuleType", ClassId::MODULE),
    ("TracebackType", ClassId::TRACEBACK),
    ("GetSetDescriptorType", ClassId::GETSET_DESCRIPTOR),
    ("MemberDescriptorType", ClassId::MEMBER_DESCRIPTOR),
    ("EllipsisType", ClassId::ELLIPSIS),
    ("NoneType", ClassId::NONE),
    ("NotImplementedType", ClassId::NOT_IMPLEMENTED),
];

/// Classes of which programs have no instances yet, but which they name.
static COROUTINE: ClassSpec = ClassSpec::builtin(ClassId::COROUTINE, Layout::Generator).flags(ClassSpec::NO_NEW);
static ASYNC_GENERATOR: ClassSpec =
    ClassSpec::builtin(ClassId::ASYNC_GENERATOR, Layout::Generator).flags(ClassSpec::NO_NEW | ClassSpec::GENERIC);
static CAPSULE: ClassSpec = ClassSpec::new("builtins", "PyCapsule").layout(Layout::Plain).flags(ClassSpec::NO_NEW);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    for &(name, id) in NAMES {
        let class = Owned::share(rt.class_word(id));
        rt.module_set(module, name, class);
    }
    for (name, spec) in [
        ("CoroutineType", &COROUTINE),
        ("AsyncGeneratorType", &ASYNC_GENERATOR),
        ("CapsuleType", &CAPSULE),
        ("GenericAlias", &ALIAS_SPEC),
        ("UnionType", &UNION_SPEC),
        ("SimpleNamespace", &NAMESPACE),
    ] {
        let id = rt.class_for(spec);
        let class = Owned::share(rt.class_word(id));
        rt.module_set(module, name, class);
    }
    Ok(())
}

pub(crate) static NAMESPACE: ClassSpec = ClassSpec::new("types", "SimpleNamespace")
    .layout(Layout::Plain)
    .methods(METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::UNHASHABLE);

/// An empty `SimpleNamespace`.
pub(crate) fn new_namespace(rt: &mut Isolate) -> Owned {
    let class = rt.class_for(&NAMESPACE);
    rt.new_plain(class, [])
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_plain(class, []))
    }),
    def("__init__", "($self, /, *args, **kwargs)", |rt, a| {
        let given = tuple_items(a[1]);
        if given.len() > 1 {
            let name = str_text(rt.class(rt.class_of(a[0])).name).into_owned();
            return Err(rt.type_error(format!("{name} expected at most 1 argument, got {}", given.len())));
        }
        if let Some(&start) = given.first() {
            let items = rt.call(rt.class_word(ClassId::DICT), &[start])?;
            for (k, v) in rt.dict_items(items.word()) {
                if !rt.is_str(k.word()) {
                    return Err(rt.type_error("keywords must be strings"));
                }
                rt.put_own(a[0], k.word(), v.word());
            }
        }
        for (k, v) in rt.dict_items(a[2]) {
            rt.put_own(a[0], k.word(), v.word());
        }
        Ok(Owned::NONE)
    }),
    def("__repr__", SELF, |rt, a| {
        let class = rt.class_of(a[0]);
        let name = if class == rt.class_for(&NAMESPACE) { "namespace".to_owned() } else { rt.type_name(a[0]) };
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str(&format!("{name}(...)")));
        }
        let mut parts = Vec::new();
        let mut failed = None;
        for (k, v) in crate::namespace::own_items(rt, a[0]) {
            match rt.repr_text(v.word()) {
                Ok(text) => parts.push(format!("{}={text}", str_text(k.word()))),
                Err(e) => failed = Some(e),
            }
        }
        rt.repr_leave(a[0]);
        match failed {
            Some(e) => Err(e),
            None => Ok(rt.new_str(&format!("{name}({})", parts.join(", ")))),
        }
    }),
    def("__eq__", VALUE, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", VALUE, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let (args, state) = (rt.new_tuple(Vec::new()), rt.getattr(a[0], "__dict__")?);
        Ok(rt.new_tuple(vec![class, args, state]))
    }),
    def("__replace__", "($self, /, **changes)", |rt, a| {
        let class = rt.class_word(rt.class_of(a[0]));
        let made = rt.call(class, &[])?;
        for (k, v) in crate::namespace::own_items(rt, a[0]).into_iter().chain(rt.dict_items(a[1])) {
            rt.put_own(made.word(), k.word(), v.word());
        }
        Ok(made)
    }),
];

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    let class = rt.class_for(&NAMESPACE);
    if !rt.is_instance(a[1], class) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let (x, y) = (rt.getattr(a[0], "__dict__")?, rt.getattr(a[1], "__dict__")?);
    rt.compare(op, x.word(), y.word())
}
