//! The classes `int` and `bool`.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use dashu_int::{IBig, UBig};
use molt_abi::{ClassId, Word};

use super::binary::{self, not_implemented};
use super::int::{self, IntRef};
use super::{float, int_text};
use crate::api::{CompareOp, str_bytes, str_is_ascii};
use crate::names::Name;
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

pub static INT_SPEC: ClassSpec = ClassSpec::builtin(ClassId::INT, Layout::Int)
    .methods(INT_METHODS)
    .getset(INT_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::MATCH_SELF);

pub static BOOL_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BOOL, Layout::Immediate)
    .base(BaseRef::Id(ClassId::INT))
    .methods(BOOL_METHODS)
    .flags(ClassSpec::MATCH_SELF);

fn forward(rt: &mut Isolate, op: Name, a: &[Word]) -> PyResult {
    operate(rt, op, a[0], a[1])
}

fn reflected(rt: &mut Isolate, op: Name, a: &[Word]) -> PyResult {
    operate(rt, op, a[1], a[0])
}

fn operate(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    match (int::of(rt, a), int::of(rt, b)) {
        (Some(x), Some(y)) => binary::int_binary(rt, op, x, y).unwrap_or_else(not_implemented),
        _ => not_implemented(),
    }
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    match (int::of(rt, a[0]), int::of(rt, a[1])) {
        (Some(x), Some(y)) => Ok(Owned::from_bool(binary::satisfies(op, Some(int::compare(x, y))))),
        _ => not_implemented(),
    }
}

const OTHER: &str = "($self, value, /)";
const SELF: &str = "($self, /)";

static INT_GETSET: &[GetSetDef] = &[
    getter("real", |rt, w| Ok(int::plain(rt, w))),
    getter("imag", |_, _| Ok(Owned::small(0))),
    getter("numerator", |rt, w| Ok(int::plain(rt, w))),
    getter("denominator", |_, _| Ok(Owned::small(1))),
];

static INT_METHODS: &[NativeDef] = &[
    def("__new__", "($type, x=0, /, base=10)", int_new),
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
    def("__pow__", "($self, value, mod=None, /)", int_pow),
    def("__rpow__", "($self, value, mod=None, /)", |rt, a| int_pow(rt, &[a[1], a[0], a[2]])),
    def("__lshift__", OTHER, |rt, a| forward(rt, Name::LSHIFT, a)),
    def("__rlshift__", OTHER, |rt, a| reflected(rt, Name::LSHIFT, a)),
    def("__rshift__", OTHER, |rt, a| forward(rt, Name::RSHIFT, a)),
    def("__rrshift__", OTHER, |rt, a| reflected(rt, Name::RSHIFT, a)),
    def("__and__", OTHER, |rt, a| forward(rt, Name::AND, a)),
    def("__rand__", OTHER, |rt, a| reflected(rt, Name::AND, a)),
    def("__or__", OTHER, |rt, a| forward(rt, Name::OR, a)),
    def("__ror__", OTHER, |rt, a| reflected(rt, Name::OR, a)),
    def("__xor__", OTHER, |rt, a| forward(rt, Name::XOR, a)),
    def("__rxor__", OTHER, |rt, a| reflected(rt, Name::XOR, a)),
    def("__lt__", OTHER, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", OTHER, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__eq__", OTHER, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", OTHER, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__gt__", OTHER, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", OTHER, |rt, a| compare(rt, CompareOp::Ge, a)),
    def("__neg__", SELF, |rt, a| Ok(int::neg(rt, int::of_int(a[0])))),
    def("__pos__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__abs__", SELF, |rt, a| Ok(int::abs(rt, int::of_int(a[0])))),
    def("__invert__", SELF, |rt, a| Ok(int::invert(rt, int::of_int(a[0])))),
    def("__bool__", SELF, |_, a| Ok(Owned::from_bool(!int::of_int(a[0]).is_zero()))),
    def("__int__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__index__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__trunc__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__floor__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__ceil__", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("__float__", SELF, |rt, a| {
        let v = int::to_f64(rt, a[0])?;
        Ok(rt.new_float(v))
    }),
    def("__round__", "($self, ndigits=None, /)", int_round),
    def("__hash__", SELF, |rt, a| Ok(rt.new_int(int::hash(a[0])))),
    def("__repr__", SELF, |rt, a| int_text::repr(rt, a[0])),
    def("__format__", "($self, format_spec, /)", crate::text::format_spec::int_format),
    def("__getnewargs__", SELF, |rt, a| {
        let v = int::plain(rt, a[0]);
        Ok(rt.new_tuple(vec![v]))
    }),
    def("__sizeof__", SELF, |_, a| {
        Ok(Owned::small(28 + 4 * (int::bit_length(int::of_int(a[0])).saturating_sub(1) / 30) as i64))
    }),
    def("bit_length", SELF, |_, a| Ok(Owned::small(int::bit_length(int::of_int(a[0])) as i64))),
    def("bit_count", SELF, |_, a| Ok(Owned::small(int::bit_count(int::of_int(a[0])) as i64))),
    def("conjugate", SELF, |rt, a| Ok(int::plain(rt, a[0]))),
    def("is_integer", SELF, |_, _| Ok(Owned::from_bool(true))),
    def("as_integer_ratio", SELF, |rt, a| {
        let v = int::plain(rt, a[0]);
        Ok(rt.new_tuple(vec![v, Owned::small(1)]))
    }),
    def("to_bytes", "($self, /, length=1, byteorder='big', *, signed=False)", to_bytes),
    def("from_bytes", "($type, /, bytes, byteorder='big', *, signed=False)", from_bytes),
];

fn int_pow(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (Some(x), Some(y)) = (int::of(rt, a[0]), int::of(rt, a[1])) else { return not_implemented() };
    if a[2].is_unbound() || a[2].is_none() {
        return int::pow(rt, x, y);
    }
    match int::of(rt, a[2]) {
        Some(m) => int::pow_mod(rt, x, y, m),
        None => not_implemented(),
    }
}

fn int_round(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if a[1].is_unbound() || a[1].is_none() {
        return Ok(int::plain(rt, a[0]));
    }
    let digits = rt.index(a[1])?;
    match int::to_i64(digits.word()) {
        Some(n) if n < 0 => {
            let value = int::of_int(a[0]);
            // Beyond its own length a number rounds to zero.
            if n.unsigned_abs() as usize > int::bit_length(value) + 1 {
                return Ok(Owned::small(0));
            }
            Ok(int::round_to_power(rt, value, n.unsigned_abs() as usize))
        }
        None if int::of_int(digits.word()).is_negative() => Ok(Owned::small(0)),
        _ => Ok(int::plain(rt, a[0])),
    }
}

fn int_new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let value = int_value(rt, a[1], a[2])?;
    if class == ClassId::INT { Ok(value) } else { Ok(int::new_of_class(rt, class, value.word())) }
}

fn int_value(rt: &mut Isolate, x: Word, base: Word) -> PyResult {
    if base.is_unbound() {
        return if x.is_unbound() { Ok(Owned::small(0)) } else { from_object(rt, x) };
    }
    if x.is_unbound() {
        return Err(rt.type_error("int() missing string argument"));
    }
    let base = rt.to_i64_clamped(base)?;
    if base != 0 && !(2..=36).contains(&base) {
        return Err(rt.value_error("int() base must be >= 2 and <= 36, or 0"));
    }
    if rt.is_str(x) {
        return int_text::parse(rt, str_bytes(x), str_is_ascii(x), base as u32, x);
    }
    match crate::text::buffer::bytes_or_bytearray(rt, x) {
        Some(b) => int_text::parse(rt, &b, true, base as u32, x),
        None => Err(rt.type_error("int() can't convert non-string with explicit base")),
    }
}

/// `int(x)`.
pub fn from_object(rt: &mut Isolate, x: Word) -> PyResult {
    if x.is_small() || rt.class_of(x) == ClassId::INT {
        return Ok(Owned::share(x));
    }
    if rt.class_of(x) == ClassId::FLOAT {
        return float::to_int(rt, float::of_float(x));
    }
    if rt.class_of(x) == ClassId::STR {
        if let Some(v) = int_text::parse_short_decimal(str_bytes(x)) {
            return Ok(int::from_i64(rt, v));
        }
        return int_text::parse(rt, str_bytes(x), str_is_ascii(x), 10, x);
    }
    if let Some(method) = rt.lookup_special(x, Name::INT) {
        let v = rt.call_special(method, x, &[])?;
        return checked_int(rt, v, "__int__");
    }
    if rt.lookup_special(x, Name::INDEX).is_some() {
        let v = rt.index(x)?;
        return Ok(int::plain(rt, v.word()));
    }
    if let Some(method) = rt.lookup_special(x, Name::TRUNC) {
        let v = rt.call_special(method, x, &[])?;
        if rt.is_int(v.word()) {
            return Ok(int::plain(rt, v.word()));
        }
        if rt.lookup_special(v.word(), Name::INDEX).is_none() {
            let name = rt.type_name(v.word());
            return Err(rt.type_error(format!("__trunc__ returned non-Integral (type {name})")));
        }
        let v = rt.index(v.word())?;
        return Ok(int::plain(rt, v.word()));
    }
    if rt.is_str(x) {
        return int_text::parse(rt, str_bytes(x), str_is_ascii(x), 10, x);
    }
    if let Some(b) = crate::text::buffer::of_object(rt, x)? {
        return int_text::parse(rt, &b, true, 10, x);
    }
    let name = rt.type_name(x);
    Err(rt.type_error(format!("int() argument must be a string, a bytes-like object or a real number, not '{name}'")))
}

fn checked_int(rt: &mut Isolate, v: Owned, method: &str) -> PyResult {
    if rt.is_int(v.word()) {
        return Ok(int::plain(rt, v.word()));
    }
    let name = rt.type_name(v.word());
    Err(rt.type_error(format!("{method} returned non-int (type {name})")))
}

/// `true` for big endian.
fn byte_order(rt: &mut Isolate, w: Word, function: &str) -> PyResult<bool> {
    if w.is_unbound() {
        return Ok(true);
    }
    if !rt.is_str(w) {
        let name = rt.argument_kind(w);
        return Err(rt.type_error(format!("{function}() argument 'byteorder' must be str, not {name}")));
    }
    match str_bytes(w) {
        b"big" => Ok(true),
        b"little" => Ok(false),
        _ => Err(rt.value_error("byteorder must be either 'little' or 'big'")),
    }
}

fn to_bytes(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let length = if a[1].is_unbound() { 1 } else { rt.to_i64(a[1], "ssize_t")? };
    let big_endian = byte_order(rt, a[2], "to_bytes")?;
    let signed = !a[3].is_unbound() && rt.truth(a[3])?;
    if length < 0 {
        return Err(rt.value_error("length argument must be non-negative"));
    }
    let (value, length) = (int::of_int(a[0]), length as usize);
    if value.is_negative() && !signed {
        return Err(rt.overflow_error("can't convert negative int to unsigned"));
    }
    rt.check_room(Some(length))?;
    let little = little_endian_bytes(value, length, signed);
    let Some(mut bytes) = little else { return Err(rt.overflow_error("int too big to convert")) };
    if big_endian {
        bytes.reverse();
    }
    Ok(rt.new_bytes(&bytes))
}

fn little_endian_bytes(value: IntRef, length: usize, signed: bool) -> Option<Vec<u8>> {
    let fill = if value.is_negative() { 0xff } else { 0 };
    let mut bytes = match value {
        IntRef::Small(v) => v.to_le_bytes().to_vec(),
        IntRef::Big(b) => b.to_le_bytes().to_vec(),
    };
    // The representation may carry more or fewer sign bytes than asked for.
    while bytes.len() > length && bytes.last() == Some(&fill) {
        bytes.pop();
    }
    if bytes.len() > length {
        return None;
    }
    bytes.resize(length, fill);
    if signed && !value.is_zero() {
        let top = bytes.last().copied()?;
        if (top & 0x80 != 0) != value.is_negative() {
            return None;
        }
    }
    Some(bytes)
}

fn from_bytes(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let big_endian = byte_order(rt, a[2], "from_bytes")?;
    let signed = !a[3].is_unbound() && rt.truth(a[3])?;
    let mut bytes = crate::text::bytes_class::bytes_from_object(rt, a[1])?;
    if big_endian {
        bytes.reverse();
    }
    let value = if bytes.len() <= 8 {
        let negative = signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
        let mut word = [if negative { 0xff } else { 0 }; 8];
        word[..bytes.len()].copy_from_slice(&bytes);
        if signed { int::from_i64(rt, i64::from_le_bytes(word)) } else { int::from_u64(rt, u64::from_le_bytes(word)) }
    } else {
        let negative = signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
        let v = IBig::from(UBig::from_le_bytes(&bytes));
        let v = if negative { v - (IBig::from(1) << (bytes.len() * 8)) } else { v };
        int::new(rt, v)
    };
    if class == ClassId::INT { Ok(value) } else { rt.call(a[0], &[value.word()]) }
}

static BOOL_METHODS: &[NativeDef] = &[
    def("__new__", "($type, object=False, /)", |rt, a| {
        let truth = !a[1].is_unbound() && rt.truth(a[1])?;
        Ok(Owned::from_bool(truth))
    }),
    def("__repr__", SELF, |rt, a| Ok(rt.new_str(if a[0] == Word::TRUE { "True" } else { "False" }))),
    def("__and__", OTHER, |rt, a| bool_op(rt, Name::AND, a[0], a[1])),
    def("__rand__", OTHER, |rt, a| bool_op(rt, Name::AND, a[1], a[0])),
    def("__or__", OTHER, |rt, a| bool_op(rt, Name::OR, a[0], a[1])),
    def("__ror__", OTHER, |rt, a| bool_op(rt, Name::OR, a[1], a[0])),
    def("__xor__", OTHER, |rt, a| bool_op(rt, Name::XOR, a[0], a[1])),
    def("__rxor__", OTHER, |rt, a| bool_op(rt, Name::XOR, a[1], a[0])),
];

/// `&`, `|`, `^`: a bool when both operands are bools.
fn bool_op(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    if !(a.is_bool() && b.is_bool()) {
        return operate(rt, op, a, b);
    }
    let (x, y) = (a == Word::TRUE, b == Word::TRUE);
    Ok(Owned::from_bool(match op {
        Name::AND => x & y,
        Name::OR => x | y,
        _ => x ^ y,
    }))
}
