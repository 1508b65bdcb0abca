//! The module `_typing`: type variables, `Generic`, type aliases and `NoDefault`.
//!
//! What they do beyond holding their parts is written in Python in `typing`, and called there.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{field, str_text, tuple_items};
use crate::builtins::generic_alias::UNION_SPEC;
use crate::descriptor::full_name;
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_typing, "_typing", init);

const SELF: &str = "($self, /)";
const SUBST: &str = "($self, arg, /)";
const PREPARE: &str = "($self, alias, args, /)";

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for spec in
        [&TYPE_VAR, &PARAM_SPEC, &TYPE_VAR_TUPLE, &PARAM_SPEC_ARGS, &PARAM_SPEC_KWARGS, &TYPE_ALIAS_TYPE, &GENERIC]
    {
        rt.module_class(module, spec);
    }
    let union = rt.class_for(&UNION_SPEC);
    let union = Owned::share(rt.class_word(union));
    rt.module_set(module, "Union", union);
    let none = no_default(rt);
    rt.module_set(module, "NoDefault", none);
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[def("_idfunc", "($module, x, /)", |_, a| Ok(Owned::share(a[0])))];

/// The one instance of `NoDefaultType`.
#[derive(Default)]
struct NoDefault(Option<Owned>);

static NO_DEFAULT: ClassSpec = ClassSpec::new("builtins", "NoDefaultType")
    .layout(Layout::Plain)
    .methods(&[
        def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
            if tuple_items(a[1]).is_empty() && rt.dict_len(a[2]) == 0 {
                return Ok(no_default(rt));
            }
            Err(rt.type_error("NoDefaultType takes no arguments"))
        }),
        def("__repr__", SELF, |rt, _| Ok(rt.new_str("typing.NoDefault"))),
        def("__reduce__", SELF, |rt, _| Ok(rt.new_str("NoDefault"))),
    ])
    .doc("The type of the NoDefault singleton.");

fn no_default(rt: &mut Isolate) -> Owned {
    if let Some(w) = &rt.state::<NoDefault>().0 {
        return w.clone();
    }
    let class = rt.class_for(&NO_DEFAULT);
    let made = rt.new_plain(class, []);
    rt.state::<NoDefault>().0 = Some(made.clone());
    made
}

/// Calls a function of the Python module `typing`.
fn call_typing(rt: &mut Isolate, name: &str, args: &[Word]) -> PyResult {
    let typing = rt.import("typing")?;
    let f = rt.getattr(typing.word(), name)?;
    rt.call(f.word(), args)
}

fn union(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    let pair = rt.new_tuple_of(&[a, b]);
    let class = rt.class_for(&UNION_SPEC);
    let class = rt.class_word(class);
    rt.call_method(class, "__class_getitem__", &[pair.word()])
}

fn or(rt: &mut Isolate, a: &[Word]) -> PyResult {
    union(rt, a[0], a[1])
}
fn ror(rt: &mut Isolate, a: &[Word]) -> PyResult {
    union(rt, a[1], a[0])
}

fn shared(w: Word, default: Word) -> Word {
    let w = if w.is_unbound() { default } else { w };
    inc(w);
    w
}

/// Words that the three kinds of type parameters have in common, in this order.
const NAME: usize = 0;
const DEFAULT: usize = 1;
const BOUND: usize = 2;
const CONSTRAINTS: usize = 3;
const COVARIANT: usize = 4;
const CONTRAVARIANT: usize = 5;
const INFER: usize = 6;

fn name(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, NAME)))
}
fn default(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, DEFAULT)))
}
fn has_default(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let none = no_default(rt);
    Ok(Owned::from_bool(field(a[0], DEFAULT) != none.word()))
}
fn evaluate_default(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let none = no_default(rt);
    evaluator_unless(rt, field(a[0], DEFAULT), none.word())
}

/// Number of `annotationlib.Format.STRING`.
const FORMAT_STRING: i64 = 4;

/// Evaluate function (PEP 649) of a part that has its value already.
static CONST_EVALUATOR: ClassSpec = ClassSpec::new("_typing", "_ConstEvaluator")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(&[
        def("__call__", "($self, format)", |rt, a| {
            if rt.to_i64(a[1], "int")? != FORMAT_STRING {
                return Ok(Owned::share(field(a[0], 0)));
            }
            let text = annotation_text(rt, field(a[0], 0))?;
            Ok(rt.new_str(&text))
        }),
        def("__repr__", SELF, |rt, a| {
            let text = rt.repr_text(field(a[0], 0))?;
            Ok(rt.new_str(&format!("<constevaluator {text}>")))
        }),
    ])
    .flags(ClassSpec::NO_NEW);

/// The evaluate function of a value, or `None` when the value is `absent`.
fn evaluator_unless(rt: &mut Isolate, value: Word, absent: Word) -> PyResult {
    if value == absent {
        return Ok(Owned::NONE);
    }
    part(rt, value, &CONST_EVALUATOR)
}

/// A value as an annotation would spell it.
fn annotation_text(rt: &mut Isolate, w: Word) -> PyResult<String> {
    if rt.class_of(w) == ClassId::TUPLE {
        let items = rt.collect(w)?;
        let texts = items.iter().map(|i| annotation_text(rt, i.word())).collect::<PyResult<Vec<String>>>()?;
        return Ok(format!("({})", texts.join(", ")));
    }
    if w == Word::ELLIPSIS {
        return Ok("...".to_owned());
    }
    if rt.is_class(w) {
        return if rt.class_id(w) == ClassId::NONE { Ok("None".to_owned()) } else { full_name(rt, w) };
    }
    rt.repr_text(w)
}

fn refuse_subclass(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let name = rt.type_name(a[0]);
    Err(rt.type_error(format!("Cannot subclass an instance of {name}")))
}
fn reduce_name(_: &mut Isolate, a: &[Word]) -> PyResult {
    Ok(Owned::share(field(a[0], NAME)))
}

/// Name of a new parameter.
fn check_name(rt: &mut Isolate, class: &str, w: Word) -> PyResult<()> {
    if rt.is_str(w) {
        return Ok(());
    }
    let kind = rt.argument_kind(w);
    Err(rt.type_error(format!("{class}() argument 'name' must be str, not {kind}")))
}

/// Bound of a parameter. One that the program passed itself must be a type; one written in type parameter
/// syntax, where the variance is inferred, may be anything, and a string stays as it is.
fn check_bound(rt: &mut Isolate, bound: Word, inferred: Word) -> PyResult {
    if bound.is_unbound() || bound.is_none() {
        return Ok(Owned::NONE);
    }
    if inferred == Word::TRUE || rt.is_str(bound) {
        return Ok(Owned::share(bound));
    }
    let message = rt.new_str("Bound must be a type.");
    call_typing(rt, "_type_check", &[bound, message.word()])
}

fn flag(rt: &mut Isolate, w: Word) -> PyResult<Word> {
    Ok(Word::from_bool(!w.is_unbound() && rt.truth(w)?))
}

/// `~T`, `+T` or `-T`; the bare name where variance is inferred.
fn variance_text(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let sign = if field(a[0], INFER) == Word::TRUE {
        ""
    } else if field(a[0], COVARIANT) == Word::TRUE {
        "+"
    } else if field(a[0], CONTRAVARIANT) == Word::TRUE {
        "-"
    } else {
        "~"
    };
    let text = format!("{sign}{}", str_text(field(a[0], NAME)));
    Ok(rt.new_str(&text))
}

macro_rules! flags_getset {
    () => {
        &[
            getter("__name__", name),
            getter("__default__", default),
            getter("__bound__", |_, this| Ok(Owned::share(field(this, BOUND)))),
            getter("__constraints__", |_, this| Ok(Owned::share(field(this, CONSTRAINTS)))),
            getter("__covariant__", |_, this| Ok(Owned::share(field(this, COVARIANT)))),
            getter("__contravariant__", |_, this| Ok(Owned::share(field(this, CONTRAVARIANT)))),
            getter("__infer_variance__", |_, this| Ok(Owned::share(field(this, INFER)))),
        ]
    };
}

static TYPE_VAR: ClassSpec = ClassSpec::new("typing", "TypeVar")
    .layout(Layout::Plain)
    .hidden_words(7)
    .methods(TYPE_VAR_METHODS)
    .getset(TYPE_VAR_GETSET)
    .flags(ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

static TYPE_VAR_GETSET: &[GetSetDef] = flags_getset!();

static TYPE_VAR_METHODS: &[NativeDef] = &[
    def(
        "__new__",
        "($type, name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)",
        |rt, a| {
            let [class, name, bound, default, covariant, contravariant, infer, constraints] = *a else {
                unreachable!("bound by the signature")
            };
            check_name(rt, "typevar", name)?;
            let (co, contra, infer) = (flag(rt, covariant)?, flag(rt, contravariant)?, flag(rt, infer)?);
            if co == Word::TRUE && contra == Word::TRUE {
                return Err(rt.value_error("Bivariant types are not supported."));
            }
            if infer == Word::TRUE && (co == Word::TRUE || contra == Word::TRUE) {
                return Err(rt.value_error("Variance cannot be specified with infer_variance."));
            }
            if tuple_items(constraints).len() == 1 {
                return Err(rt.type_error("A single constraint is not allowed"));
            }
            if !tuple_items(constraints).is_empty() && !bound.is_unbound() && !bound.is_none() {
                return Err(rt.type_error("Constraints cannot be combined with bound=..."));
            }
            let bound = check_bound(rt, bound, infer)?;
            let none = no_default(rt);
            let id = rt.class_id(class);
            let words = [
                shared(name, Word::NONE),
                shared(default, none.word()),
                bound.into_word(),
                shared(constraints, Word::NONE),
                co,
                contra,
                infer,
            ];
            Ok(rt.new_plain(id, words))
        },
    ),
    def("__repr__", SELF, variance_text),
    def("__reduce__", SELF, reduce_name),
    def("__mro_entries__", "($self, bases, /)", refuse_subclass),
    def("__or__", "($self, value, /)", or),
    def("__ror__", "($self, value, /)", ror),
    def("has_default", SELF, has_default),
    def("__typing_subst__", SUBST, |rt, a| call_typing(rt, "_typevar_subst", a)),
    def("__typing_prepare_subst__", PREPARE, prepare_type_var),
    def("evaluate_bound", SELF, |rt, a| evaluator_unless(rt, field(a[0], BOUND), Word::NONE)),
    def("evaluate_constraints", SELF, |rt, a| match tuple_items(field(a[0], CONSTRAINTS)) {
        [] => Ok(Owned::NONE),
        _ => evaluator_unless(rt, field(a[0], CONSTRAINTS), Word::NONE),
    }),
    def("evaluate_default", SELF, evaluate_default),
];

/// Arguments for the parameters of `alias`, with this parameter's default when they end just before it.
fn prepare_type_var(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let params = rt.getattr(a[1], "__parameters__")?;
    let given = rt.len(a[2])? as i64;
    let at = rt.call_method(params.word(), "index", &[a[0]])?;
    let at = rt.sized_index(at.word())?;
    if at < given {
        return Ok(Owned::share(a[2]));
    }
    let none = no_default(rt);
    if at == given && field(a[0], DEFAULT) != none.word() {
        let last = rt.new_tuple_of(&[field(a[0], DEFAULT)]);
        return rt.binary(Name::ADD, a[2], last.word());
    }
    let text = rt.str_text(a[1])?;
    Err(rt.type_error(format!("Too few arguments for {text}; actual {given}, expected at least {}", at + 1)))
}

static PARAM_SPEC: ClassSpec = ClassSpec::new("typing", "ParamSpec")
    .layout(Layout::Plain)
    .hidden_words(7)
    .methods(PARAM_SPEC_METHODS)
    .getset(PARAM_SPEC_GETSET)
    .flags(ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

static PARAM_SPEC_GETSET: &[GetSetDef] = &[
    getter("__name__", name),
    getter("__default__", default),
    getter("__bound__", |_, this| Ok(Owned::share(field(this, BOUND)))),
    getter("__covariant__", |_, this| Ok(Owned::share(field(this, COVARIANT)))),
    getter("__contravariant__", |_, this| Ok(Owned::share(field(this, CONTRAVARIANT)))),
    getter("__infer_variance__", |_, this| Ok(Owned::share(field(this, INFER)))),
    getter("args", |rt, this| part(rt, this, &PARAM_SPEC_ARGS)),
    getter("kwargs", |rt, this| part(rt, this, &PARAM_SPEC_KWARGS)),
];

fn part(rt: &mut Isolate, this: Word, spec: &'static ClassSpec) -> PyResult {
    let class = rt.class_for(spec);
    inc(this);
    Ok(rt.new_plain(class, [this]))
}

static PARAM_SPEC_METHODS: &[NativeDef] = &[
    def(
        "__new__",
        "($type, name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)",
        |rt, a| {
            check_name(rt, "paramspec", a[1])?;
            let (co, contra, infer) = (flag(rt, a[4])?, flag(rt, a[5])?, flag(rt, a[6])?);
            if co == Word::TRUE && contra == Word::TRUE {
                return Err(rt.value_error("Bivariant types are not supported."));
            }
            let bound = check_bound(rt, a[2], infer)?;
            let none = no_default(rt);
            let id = rt.class_id(a[0]);
            let words =
                [shared(a[1], Word::NONE), shared(a[3], none.word()), bound.into_word(), Word::NONE, co, contra, infer];
            Ok(rt.new_plain(id, words))
        },
    ),
    def("__repr__", SELF, variance_text),
    def("__reduce__", SELF, reduce_name),
    def("__mro_entries__", "($self, bases, /)", refuse_subclass),
    def("__or__", "($self, value, /)", or),
    def("__ror__", "($self, value, /)", ror),
    def("has_default", SELF, has_default),
    def("__typing_subst__", SUBST, |rt, a| call_typing(rt, "_paramspec_subst", a)),
    def("__typing_prepare_subst__", PREPARE, |rt, a| call_typing(rt, "_paramspec_prepare_subst", a)),
    def("evaluate_default", SELF, evaluate_default),
];

static PARAM_SPEC_ARGS: ClassSpec = ClassSpec::new("typing", "ParamSpecArgs")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(PART_METHODS)
    .getset(PART_GETSET)
    .flags(ClassSpec::UNHASHABLE | ClassSpec::WEAKREFABLE);
static PARAM_SPEC_KWARGS: ClassSpec = ClassSpec::new("typing", "ParamSpecKwargs")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(PART_METHODS)
    .getset(PART_GETSET)
    .flags(ClassSpec::UNHASHABLE | ClassSpec::WEAKREFABLE);

static PART_GETSET: &[GetSetDef] = &[getter("__origin__", |_, this| Ok(Owned::share(field(this, 0))))];

static PART_METHODS: &[NativeDef] = &[
    def("__new__", "($type, origin, /)", |rt, a| {
        let class = rt.class_id(a[0]);
        inc(a[1]);
        Ok(rt.new_plain(class, [a[1]]))
    }),
    def("__repr__", SELF, |rt, a| {
        let suffix = if rt.class_of(a[0]) == rt.class_for(&PARAM_SPEC_ARGS) { "args" } else { "kwargs" };
        let origin = field(a[0], 0);
        let text = if rt.class_of(origin) == rt.class_for(&PARAM_SPEC) {
            str_text(field(origin, NAME)).into_owned()
        } else {
            rt.repr_text(origin)?
        };
        Ok(rt.new_str(&format!("{text}.{suffix}")))
    }),
    def("__eq__", "($self, value, /)", |rt, a| {
        if rt.class_of(a[0]) != rt.class_of(a[1]) {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        rt.compare(crate::api::CompareOp::Eq, field(a[0], 0), field(a[1], 0))
    }),
    def("__mro_entries__", "($self, bases, /)", refuse_subclass),
];

/// `typing.Unpack[w]`.
fn unpacked(rt: &mut Isolate, w: Word) -> PyResult {
    let typing = rt.import("typing")?;
    let unpack = rt.getattr(typing.word(), "Unpack")?;
    rt.getitem(unpack.word(), w)
}

/// Iterator over the one item `Unpack[self]`, for `*self` among type arguments.
fn iter_unpacked(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let one = unpacked(rt, a[0])?;
    let one = rt.new_tuple(vec![one]);
    rt.iter(one.word())
}

static TYPE_VAR_TUPLE: ClassSpec = ClassSpec::new("typing", "TypeVarTuple")
    .layout(Layout::Plain)
    .hidden_words(2)
    .methods(TYPE_VAR_TUPLE_METHODS)
    .getset(TYPE_VAR_TUPLE_GETSET)
    .flags(ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

static TYPE_VAR_TUPLE_GETSET: &[GetSetDef] = &[getter("__name__", name), getter("__default__", default)];

static TYPE_VAR_TUPLE_METHODS: &[NativeDef] = &[
    def("__new__", "($type, name, *, default=typing.NoDefault)", |rt, a| {
        check_name(rt, "typevartuple", a[1])?;
        let none = no_default(rt);
        let id = rt.class_id(a[0]);
        Ok(rt.new_plain(id, [shared(a[1], Word::NONE), shared(a[2], none.word())]))
    }),
    def("__repr__", SELF, reduce_name),
    def("__reduce__", SELF, reduce_name),
    def("__mro_entries__", "($self, bases, /)", refuse_subclass),
    def("has_default", SELF, has_default),
    def("__iter__", SELF, iter_unpacked),
    def("__typing_subst__", SUBST, |rt, _| Err(rt.type_error("Substitution of bare TypeVarTuple is not supported"))),
    def("__typing_prepare_subst__", PREPARE, |rt, a| call_typing(rt, "_typevartuple_prepare_subst", a)),
    def("evaluate_default", SELF, evaluate_default),
];

static TYPE_ALIAS_TYPE: ClassSpec = ClassSpec::new("typing", "TypeAliasType")
    .layout(Layout::Plain)
    .hidden_words(4)
    .methods(TYPE_ALIAS_METHODS)
    .getset(TYPE_ALIAS_GETSET);

static TYPE_ALIAS_GETSET: &[GetSetDef] = &[
    getter("__name__", name),
    getter("__value__", |_, this| Ok(Owned::share(field(this, 1)))),
    getter("__type_params__", |_, this| Ok(Owned::share(field(this, 2)))),
    getter("__parameters__", alias_parameters),
    getter("__module__", |_, this| Ok(Owned::share(field(this, 3)))),
];

/// The type parameters, tuples of type variables unpacked.
fn alias_parameters(rt: &mut Isolate, this: Word) -> PyResult {
    let tuples = rt.class_for(&TYPE_VAR_TUPLE);
    let params = Owned::share(field(this, 2));
    let mut made = Vec::new();
    for &p in tuple_items(params.word()) {
        made.push(if rt.class_of(p) == tuples { unpacked(rt, p)? } else { Owned::share(p) });
    }
    Ok(rt.new_tuple(made))
}

static TYPE_ALIAS_METHODS: &[NativeDef] = &[
    def("__new__", "($type, name, value, *, type_params=())", |rt, a| {
        check_name(rt, "typealias", a[1])?;
        let empty = rt.new_tuple(Vec::new());
        if !a[3].is_unbound() && !rt.is_tuple(a[3]) {
            return Err(rt.type_error("type_params must be a tuple"));
        }
        let id = rt.class_id(a[0]);
        let module = rt.name(Name::MAIN);
        let words = [
            shared(a[1], Word::NONE),
            shared(a[2], Word::NONE),
            shared(a[3], empty.word()),
            shared(module, Word::NONE),
        ];
        Ok(rt.new_plain(id, words))
    }),
    def("__repr__", SELF, reduce_name),
    def("__reduce__", SELF, reduce_name),
    def("__or__", "($self, value, /)", or),
    def("__ror__", "($self, value, /)", ror),
    def("__iter__", SELF, iter_unpacked),
    def("evaluate_value", SELF, |rt, a| part(rt, field(a[0], 1), &CONST_EVALUATOR)),
    def("__getitem__", "($self, key, /)", |rt, a| {
        if tuple_items(field(a[0], 2)).is_empty() {
            return Err(rt.type_error("Only generic type aliases are subscriptable"));
        }
        let class = rt.class_for(&crate::builtins::generic_alias::ALIAS_SPEC);
        rt.call(rt.class_word(class), &[a[0], a[1]])
    }),
];

static GENERIC: ClassSpec = ClassSpec::new("typing", "Generic")
    .layout(Layout::Plain)
    .methods(&[
        def("__class_getitem__", "($type, /, args)", |rt, a| call_typing(rt, "_generic_class_getitem", a)),
        def("__init_subclass__", "($type, /, *args, **kwargs)", |rt, a| {
            let typing = rt.import("typing")?;
            let f = rt.getattr(typing.word(), "_generic_init_subclass")?;
            let all: Vec<Word> = [a[0]].into_iter().chain(tuple_items(a[1]).iter().copied()).collect();
            let all = rt.new_tuple_of(&all);
            rt.call_ex(f.word(), all.word(), a[2])
        }),
    ])
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);
