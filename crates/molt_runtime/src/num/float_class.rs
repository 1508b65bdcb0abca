//! The class `float`.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::binary::{self, not_implemented};
use super::float_text::{self, HexError};
use super::{float, int};
use crate::api::{CompareOp, str_bytes, str_is_ascii};
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::num::c_math;
use crate::{Isolate, Owned, PyResult};

pub static FLOAT_SPEC: ClassSpec = ClassSpec::builtin(ClassId::FLOAT, Layout::Float)
    .methods(METHODS)
    .getset(GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::MATCH_SELF);

/// Double of an int or float operand; `None` for other types.
fn operand(rt: &mut Isolate, w: Word) -> PyResult<Option<f64>> {
    if let Some(f) = float::of(rt, w) {
        return Ok(Some(f));
    }
    match int::of(rt, w) {
        Some(i) => int::to_f64_of(rt, i).map(Some),
        None => Ok(None),
    }
}

fn operate(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    let (Some(x), Some(y)) = (operand(rt, a)?, operand(rt, b)?) else { return not_implemented() };
    binary::float_binary(rt, op, x, y).unwrap_or_else(not_implemented)
}

fn forward(rt: &mut Isolate, op: Name, a: &[Word]) -> PyResult {
    operate(rt, op, a[0], a[1])
}

fn reflected(rt: &mut Isolate, op: Name, a: &[Word]) -> PyResult {
    operate(rt, op, a[1], a[0])
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    match binary::order(rt, a[0], a[1]) {
        Some(order) => Ok(Owned::from_bool(binary::satisfies(op, order))),
        None => not_implemented(),
    }
}

fn power(rt: &mut Isolate, a: Word, b: Word, modulus: Word) -> PyResult {
    if !modulus.is_unbound() && !modulus.is_none() {
        return Err(rt.type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    operate(rt, Name::POW, a, b)
}

const OTHER: &str = "($self, value, /)";
const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[getter("real", plain), getter("imag", |rt, _| Ok(rt.new_float(0.0)))];

fn plain(rt: &mut Isolate, w: Word) -> PyResult {
    Ok(rt.new_float(float::of_float(w)))
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, x=0, /)", float_new),
    def("__add__", OTHER, |rt, a| forward(rt, Name::ADD, a)),
    def("__radd__", OTHER, |rt, a| reflected(rt, Name::ADD, a)),
    def("__sub__", OTHER, |rt, a| forward(rt, Name::SUB, a)),
    def("__rsub__", OTHER, |rt, a| reflected(rt, Name::SUB, a)),
    def("__mul__", OTHER, |rt, a| forward(rt, Name::MUL, a)),
    def("__rmul__", OTHER, |rt, a| reflected(rt, Name::MUL, a)),
    def("__truediv__", OTHER, |rt, a| forward(rt, Name::TRUEDIV, a)),
    def("__rtruediv__", OTHER, |rt, a| reflected(rt, Name::TRUEDIV, a)),
    def("__floordiv__", OTHER, |rt, a| forward(rt, Name::FLOORDIV, a)),
    def("__rfloordiv__", OTHER, |rt, a| reflected(rt, Name::FLOORDIV, a)),
    def("__mod__", OTHER, |rt, a| forward(rt, Name::MOD, a)),
    def("__rmod__", OTHER, |rt, a| reflected(rt, Name::MOD, a)),
    def("__divmod__", OTHER, |rt, a| forward(rt, Name::DIVMOD, a)),
    def("__rdivmod__", OTHER, |rt, a| reflected(rt, Name::DIVMOD, a)),
    def("__pow__", "($self, value, mod=None, /)", |rt, a| power(rt, a[0], a[1], a[2])),
    def("__rpow__", "($self, value, mod=None, /)", |rt, a| power(rt, a[1], a[0], a[2])),
    def("__lt__", OTHER, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", OTHER, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__eq__", OTHER, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", OTHER, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__gt__", OTHER, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", OTHER, |rt, a| compare(rt, CompareOp::Ge, a)),
    def("__neg__", SELF, |rt, a| Ok(rt.new_float(-float::of_float(a[0])))),
    def("__pos__", SELF, |rt, a| plain(rt, a[0])),
    def("__abs__", SELF, |rt, a| Ok(rt.new_float(float::of_float(a[0]).abs()))),
    def("__bool__", SELF, |_, a| Ok(Owned::from_bool(float::of_float(a[0]) != 0.0))),
    def("__int__", SELF, |rt, a| float::to_int(rt, float::of_float(a[0]))),
    def("__trunc__", SELF, |rt, a| float::to_int(rt, float::of_float(a[0]))),
    def("__floor__", SELF, |rt, a| float::to_int(rt, c_math::floor(float::of_float(a[0])))),
    def("__ceil__", SELF, |rt, a| float::to_int(rt, c_math::ceil(float::of_float(a[0])))),
    def("__float__", SELF, |rt, a| plain(rt, a[0])),
    def("__round__", "($self, ndigits=None, /)", float_round),
    def("__hash__", SELF, |rt, a| {
        let v = float::of_float(a[0]);
        // Like any object with identity: NaNs would otherwise all collide in dicts.
        let h = if v.is_nan() { (a[0].0 >> 4) as i64 } else { float::hash(v) };
        Ok(rt.new_int(h))
    }),
    def("__repr__", SELF, |rt, a| Ok(repr(rt, a[0]))),
    def("__format__", "($self, format_spec, /)", crate::text::format_spec::float_format),
    def("__getnewargs__", SELF, |rt, a| {
        let v = plain(rt, a[0])?;
        Ok(rt.new_tuple(vec![v]))
    }),
    def("__getformat__", "($type, typestr, /)", |rt, _| Ok(rt.new_str("IEEE, little-endian"))),
    def("conjugate", SELF, |rt, a| plain(rt, a[0])),
    def("is_integer", SELF, |_, a| {
        let v = float::of_float(a[0]);
        Ok(Owned::from_bool(v.is_finite() && c_math::fract(v) == 0.0))
    }),
    def("as_integer_ratio", SELF, |rt, a| {
        let v = float::of_float(a[0]);
        if v.is_nan() {
            return Err(rt.value_error("cannot convert NaN to integer ratio"));
        }
        if v.is_infinite() {
            return Err(rt.overflow_error("cannot convert Infinity to integer ratio"));
        }
        let (n, d) = float::integer_ratio(v);
        let items = vec![int::new(rt, n), int::new(rt, d)];
        Ok(rt.new_tuple(items))
    }),
    def("hex", SELF, |rt, a| Ok(rt.new_str(&float_text::to_hex(float::of_float(a[0]))))),
    def("fromhex", "($type, string, /)", from_hex),
];

/// `repr(w)` of a float object.
pub fn repr(rt: &mut Isolate, w: Word) -> Owned {
    let mut out = Vec::with_capacity(24);
    float_text::write_repr(&mut out, float::of_float(w));
    rt.new_str_counted(&out, out.len())
}

fn float_round(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let v = float::of_float(a[0]);
    if a[1].is_unbound() || a[1].is_none() {
        return float::to_int(rt, c_math::round_ties_even(v));
    }
    let digits = rt.to_i64_clamped(a[1])?;
    match float::round_digits(v, digits) {
        Some(r) => Ok(rt.new_float(r)),
        None => Err(rt.overflow_error("rounded value too large to represent")),
    }
}

fn from_hex(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_str(a[1]) {
        let name = rt.type_name(a[1]);
        return Err(rt.type_error(format!("bad argument type for built-in operation: {name}")));
    }
    let v = match float_text::parse_hex(str_bytes(a[1])) {
        Ok(v) => rt.new_float(v),
        Err(HexError::Invalid) => return Err(rt.value_error("invalid hexadecimal floating-point string")),
        Err(HexError::TooLarge) => {
            return Err(rt.overflow_error("hexadecimal value too large to represent as a float"));
        }
    };
    if rt.class_id(a[0]) == ClassId::FLOAT { Ok(v) } else { rt.call(a[0], &[v.word()]) }
}

fn float_new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let v = if a[1].is_unbound() { 0.0 } else { from_object(rt, a[1])? };
    if class == ClassId::FLOAT { Ok(rt.new_float(v)) } else { Ok(float::new_of_class(rt, class, v)) }
}

/// `float(x)`.
pub fn from_object(rt: &mut Isolate, x: Word) -> PyResult<f64> {
    if rt.is_str(x) {
        return float::parse(rt, str_bytes(x), str_is_ascii(x), x);
    }
    if let Some(v) = real_number(rt, x)? {
        return Ok(v);
    }
    if let Some(b) = crate::text::buffer::of_object(rt, x)? {
        return float::parse(rt, &b, true, x);
    }
    let name = rt.type_name(x);
    Err(rt.type_error(format!("float() argument must be a string or a real number, not '{name}'")))
}

/// Value of an object with `__float__` or `__index__`; `None` for others.
pub fn real_number(rt: &mut Isolate, x: Word) -> PyResult<Option<f64>> {
    let class = rt.class_of(x);
    if class == ClassId::FLOAT {
        return Ok(Some(float::of_float(x)));
    }
    if class == ClassId::INT || class == ClassId::BOOL {
        return int::to_f64(rt, x).map(Some);
    }
    if let Some(method) = rt.lookup_special(x, Name::FLOAT) {
        let v = rt.call_special(method, x, &[])?;
        if let Some(f) = float::of(rt, v.word()) {
            return Ok(Some(f));
        }
        let (of, got) = (rt.type_name(x), rt.type_name(v.word()));
        return Err(rt.type_error(format!("{of}.__float__ returned non-float (type {got})")));
    }
    if rt.lookup_special(x, Name::INDEX).is_some() {
        let v = rt.index(x)?;
        return int::to_f64(rt, v.word()).map(Some);
    }
    Ok(None)
}
