//! The class `complex`.

use alloc::format;
use alloc::vec;
use molt_abi::{ClassId, Word};

use super::binary::{self, not_implemented};
use super::complex::{self, Pair};
use super::{float, float_class, int, int_text};
use crate::api::{str_bytes, str_is_ascii};
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

pub static COMPLEX_SPEC: ClassSpec =
    ClassSpec::builtin(ClassId::COMPLEX, Layout::Complex).methods(METHODS).getset(GETSET).flags(ClassSpec::BASETYPE);

fn operand(rt: &mut Isolate, w: Word) -> PyResult<Option<Pair>> {
    if let Some(c) = complex::of(rt, w) {
        return Ok(Some(c));
    }
    if let Some(f) = float::of(rt, w) {
        return Ok(Some((f, 0.0)));
    }
    match int::of(rt, w) {
        Some(i) => int::to_f64_of(rt, i).map(|f| Some((f, 0.0))),
        None => Ok(None),
    }
}

fn operate(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    let (Some(x), Some(y)) = (operand(rt, a)?, operand(rt, b)?) else { return not_implemented() };
    binary::complex_binary(rt, op, x, y).unwrap_or_else(not_implemented)
}

fn equality(rt: &mut Isolate, a: &[Word], want: bool) -> PyResult {
    match complex::equal(rt, a[0], a[1]) {
        Some(equal) => Ok(Owned::from_bool(equal == want)),
        None => not_implemented(),
    }
}

const OTHER: &str = "($self, value, /)";
const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[
    getter("real", |rt, w| Ok(rt.new_float(complex::of_complex(w).0))),
    getter("imag", |rt, w| Ok(rt.new_float(complex::of_complex(w).1))),
];

fn power(rt: &mut Isolate, a: Word, b: Word, modulus: Word) -> PyResult {
    if !modulus.is_unbound() && !modulus.is_none() {
        return Err(rt.value_error("complex modulo"));
    }
    operate(rt, Name::POW, a, b)
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, real=0, imag=0)", complex_new),
    def("__add__", OTHER, |rt, a| operate(rt, Name::ADD, a[0], a[1])),
    def("__radd__", OTHER, |rt, a| operate(rt, Name::ADD, a[1], a[0])),
    def("__sub__", OTHER, |rt, a| operate(rt, Name::SUB, a[0], a[1])),
    def("__rsub__", OTHER, |rt, a| operate(rt, Name::SUB, a[1], a[0])),
    def("__mul__", OTHER, |rt, a| operate(rt, Name::MUL, a[0], a[1])),
    def("__rmul__", OTHER, |rt, a| operate(rt, Name::MUL, a[1], a[0])),
    def("__truediv__", OTHER, |rt, a| operate(rt, Name::TRUEDIV, a[0], a[1])),
    def("__rtruediv__", OTHER, |rt, a| operate(rt, Name::TRUEDIV, a[1], a[0])),
    def("__pow__", "($self, value, mod=None, /)", |rt, a| power(rt, a[0], a[1], a[2])),
    def("__rpow__", "($self, value, mod=None, /)", |rt, a| power(rt, a[1], a[0], a[2])),
    def("__eq__", OTHER, |rt, a| equality(rt, a, true)),
    def("__ne__", OTHER, |rt, a| equality(rt, a, false)),
    def("__lt__", OTHER, |_, _| not_implemented()),
    def("__le__", OTHER, |_, _| not_implemented()),
    def("__gt__", OTHER, |_, _| not_implemented()),
    def("__ge__", OTHER, |_, _| not_implemented()),
    def("__neg__", SELF, |rt, a| {
        let (re, im) = complex::of_complex(a[0]);
        Ok(complex::new(rt, (-re, -im)))
    }),
    def("__pos__", SELF, |rt, a| Ok(complex::new(rt, complex::of_complex(a[0])))),
    def("__abs__", SELF, |rt, a| complex::abs(rt, complex::of_complex(a[0]))),
    def("__bool__", SELF, |_, a| Ok(Owned::from_bool(complex::of_complex(a[0]) != (0.0, 0.0)))),
    def("__complex__", SELF, |rt, a| Ok(complex::new(rt, complex::of_complex(a[0])))),
    def("__hash__", SELF, |rt, a| Ok(rt.new_int(complex::hash(complex::of_complex(a[0]))))),
    def("__repr__", SELF, |rt, a| Ok(rt.new_str(&complex::repr(complex::of_complex(a[0]))))),
    def("__format__", "($self, format_spec, /)", crate::text::format_spec::complex_format),
    def("__getnewargs__", SELF, |rt, a| {
        let (re, im) = complex::of_complex(a[0]);
        let items = vec![rt.new_float(re), rt.new_float(im)];
        Ok(rt.new_tuple(items))
    }),
    def("conjugate", SELF, |rt, a| {
        let (re, im) = complex::of_complex(a[0]);
        Ok(complex::new(rt, (re, -im)))
    }),
];

fn complex_new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let (x, y) = (a[1], a[2]);
    if y.is_unbound() && class == ClassId::COMPLEX && !x.is_unbound() && rt.class_of(x) == ClassId::COMPLEX {
        return Ok(Owned::share(x));
    }
    let value = if !x.is_unbound() && rt.is_str(x) {
        if !y.is_unbound() {
            return Err(rt.type_error("complex() can't take second arg if first is a string"));
        }
        parse(rt, x)?
    } else {
        from_parts(rt, x, y)?
    };
    Ok(complex::new_of_class(rt, class, value))
}

fn parse(rt: &mut Isolate, x: Word) -> PyResult<Pair> {
    let parsed = if str_is_ascii(x) {
        complex::parse(str_bytes(x))
    } else {
        complex::parse(&int_text::to_ascii_digits(str_bytes(x)))
    };
    match parsed {
        Some(value) => Ok(value),
        None if str_bytes(x).contains(&b'_') => {
            let text = rt.repr_text(x)?;
            Err(rt.value_error(format!("could not convert string to complex: {text}")))
        }
        None => Err(rt.value_error("complex() arg is a malformed string")),
    }
}

fn from_parts(rt: &mut Isolate, x: Word, y: Word) -> PyResult<Pair> {
    if !y.is_unbound() && rt.is_str(y) {
        return Err(rt.type_error("complex() second arg can't be a string"));
    }
    let mut value = if x.is_unbound() {
        (0.0, 0.0)
    } else {
        match number(rt, x)? {
            Some(v) => v,
            None => {
                let name = rt.type_name(x);
                return Err(
                    rt.type_error(format!("complex() first argument must be a string or a number, not '{name}'"))
                );
            }
        }
    };
    if !y.is_unbound() {
        let im = match (complex::of(rt, y), float_class::real_number(rt, y)?) {
            (Some(c), _) => c,
            (None, Some(f)) => (f, 0.0),
            (None, None) => {
                let name = rt.type_name(y);
                return Err(rt.type_error(format!("complex() second argument must be a number, not '{name}'")));
            }
        };
        // A part that is not there must not turn the sign of a zero.
        let (whole_x, whole_y) = (complex::of(rt, x).is_some(), complex::of(rt, y).is_some());
        let re = if whole_y { value.0 - im.1 } else { value.0 };
        value = (re, if whole_x { value.1 + im.0 } else { im.0 });
    }
    Ok(value)
}

/// Value of an object with `__complex__`, `__float__` or `__index__`.
pub fn number(rt: &mut Isolate, x: Word) -> PyResult<Option<Pair>> {
    if let Some(c) = complex::of(rt, x) {
        return Ok(Some(c));
    }
    if let Some(method) = rt.lookup_special(x, Name::COMPLEX) {
        let v = rt.call_special(method, x, &[])?;
        if let Some(c) = complex::of(rt, v.word()) {
            return Ok(Some(c));
        }
        let got = rt.type_name(v.word());
        return Err(rt.type_error(format!("__complex__ returned non-complex (type {got})")));
    }
    Ok(float_class::real_number(rt, x)?.map(|f| (f, 0.0)))
}
