//! Operators and protocols: arithmetic, comparison, truth, hash, text forms, items and iteration. Exact
//! builtin types are told apart by class id first; everything else goes through special methods.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, bytes_slice, list_items, list_obj, str_bytes, str_is_ascii, str_text, tuple_items};
use crate::names::Name;
use crate::text::format_spec;
use crate::text::str_writer::StrWriter;
use crate::{Isolate, Owned, PyResult, Raised, exc};

/// Special methods of the comparisons in operator order.
const COMPARE_NAMES: [Name; 6] = [Name::LT, Name::LE, Name::EQ, Name::NE, Name::GT, Name::GE];
const REFLECTED: u16 = Name::RADD.0 - Name::ADD.0;
const INPLACE: u16 = Name::IADD.0 - Name::ADD.0;

/// Binary operators by their number in the runtime table.
pub(crate) const BINARY_NAMES: [Name; 13] = [
    Name::ADD,
    Name::SUB,
    Name::MUL,
    Name::TRUEDIV,
    Name::FLOORDIV,
    Name::MOD,
    Name::POW,
    Name::LSHIFT,
    Name::RSHIFT,
    Name::AND,
    Name::OR,
    Name::XOR,
    Name::MATMUL,
];

fn symbol(op: Name) -> &'static str {
    match op {
        Name::ADD => "+",
        Name::SUB => "-",
        Name::MUL => "*",
        Name::TRUEDIV => "/",
        Name::FLOORDIV => "//",
        Name::MOD => "%",
        Name::POW => "** or pow()",
        Name::LSHIFT => "<<",
        Name::RSHIFT => ">>",
        Name::AND => "&",
        Name::OR => "|",
        Name::XOR => "^",
        Name::MATMUL => "@",
        _ => "divmod()",
    }
}

impl Isolate {
    /// Calls a special method of the object's class; the method must exist.
    pub(crate) fn call_special(&mut self, method: Word, obj: Word, args: &[Word]) -> PyResult {
        let method = Owned::share(method);
        match self.class_of(method.word()) {
            ClassId::FUNCTION | ClassId::METHOD_DESCRIPTOR | ClassId::WRAPPER_DESCRIPTOR => {
                self.call_prepended(method.word(), obj, args, Word::UNBOUND)
            }
            _ => {
                let owner = self.class_word(self.class_of(obj));
                let bound = self.descr_get(method.word(), obj, owner)?;
                self.call(bound.word(), args)
            }
        }
    }

    /// Calls a special method by name if the class has it.
    pub(crate) fn try_special(&mut self, obj: Word, name: Name, args: &[Word]) -> PyResult<Option<Owned>> {
        let method = self.special(self.class_of(obj), name);
        if method.is_unbound() {
            return Ok(None);
        }
        self.call_special(method, obj, args).map(Some)
    }

    pub fn add(&mut self, a: Word, b: Word) -> PyResult {
        self.binary(Name::ADD, a, b)
    }

    /// Binary operator by its special name (`Name::ADD` … `Name::MATMUL`), full semantics.
    pub fn binary(&mut self, op: Name, a: Word, b: Word) -> PyResult {
        if let Some(r) = self.fast_arithmetic(op, a, b) {
            return Ok(r);
        }
        if a.is_bool() && b.is_bool() && matches!(op, Name::AND | Name::OR | Name::XOR) {
            let (x, y) = (a == Word::TRUE, b == Word::TRUE);
            return Ok(Owned::from_bool(match op {
                Name::AND => x & y,
                Name::OR => x | y,
                _ => x ^ y,
            }));
        }
        if self.exact_numbers(a, b)
            && let Some(r) = crate::num::binary::apply(self, op, a, b)
        {
            return r;
        }
        if op == Name::ADD && self.class_of(a) == ClassId::STR && self.class_of(b) == ClassId::STR {
            return Ok(self.concat(a, b));
        }
        if op == Name::ADD && self.is_sequence(a) && !self.is_sequence(b) {
            // The reflected method comes before concatenation, which is what `+` of a sequence means last.
            if let Some(r) = self.try_special(b, Name::RADD, &[a])?
                && r.word() != Word::NOT_IMPLEMENTED
            {
                return Ok(r);
            }
        }
        if let Some(v) = self.binary_special(op, a, b)? {
            return Ok(v);
        }
        self.sequence_fallback(op, a, b, symbol(op))
    }

    fn is_sequence(&self, w: Word) -> bool {
        matches!(self.class_of(w), ClassId::STR | ClassId::BYTES | ClassId::BYTEARRAY | ClassId::LIST | ClassId::TUPLE)
    }

    /// The commonest operators on small integers and flonums.
    #[inline(always)]
    fn fast_arithmetic(&mut self, op: Name, a: Word, b: Word) -> Option<Owned> {
        if a.is_small() && b.is_small() {
            let (x, y) = (a.as_small(), b.as_small());
            let v = match op {
                Name::ADD => x + y,
                Name::SUB => x - y,
                Name::MUL => x.checked_mul(y)?,
                Name::AND => x & y,
                Name::MOD if y > 0 => x.rem_euclid(y),
                Name::FLOORDIV if y > 0 => x.div_euclid(y),
                _ => return None,
            };
            return Some(self.new_int(v));
        }
        if a.is_flonum() && b.is_flonum() {
            let (x, y) = (a.as_flonum(), b.as_flonum());
            let v = match op {
                Name::ADD => x + y,
                Name::SUB => x - y,
                Name::MUL => x * y,
                Name::TRUEDIV if y != 0.0 => x / y,
                _ => return None,
            };
            return Some(self.new_float(v));
        }
        None
    }

    /// Concatenation of two strings.
    pub(crate) fn concat(&mut self, a: Word, b: Word) -> Owned {
        let (x, y) = (str_bytes(a), str_bytes(b));
        if x.is_empty() {
            return Owned::share(b);
        }
        if y.is_empty() {
            return Owned::share(a);
        }
        let chars = crate::api::str_char_len(a) + crate::api::str_char_len(b);
        let mut out = StrWriter::new(self, x.len() + y.len(), chars);
        out.push(x);
        out.push(y);
        out.finish()
    }

    /// Both operands' methods in CPython's order; `None` when both decline.
    fn binary_special(&mut self, op: Name, a: Word, b: Word) -> PyResult<Option<Owned>> {
        let (ca, cb) = (self.class_of(a), self.class_of(b));
        let left = self.special(ca, op);
        let reflected = Name(op.0 + REFLECTED);
        let right = if ca == cb { Word::UNBOUND } else { self.special(cb, reflected) };
        let right_first = !right.is_unbound() && self.is_subclass(cb, ca) && self.special(ca, reflected) != right;
        let mut order = [(left, a, b), (right, b, a)];
        if right_first {
            order.swap(0, 1);
        }
        for (method, this, other) in order {
            if !method.is_unbound() {
                let r = self.call_special(method, this, &[other])?;
                if r.word() != Word::NOT_IMPLEMENTED {
                    return Ok(Some(r));
                }
            }
        }
        Ok(None)
    }

    #[cold]
    fn sequence_fallback(&mut self, op: Name, a: Word, b: Word, symbol: &str) -> PyResult {
        let (left, right) = (self.type_name(a), self.type_name(b));
        if op == Name::ADD {
            for (check, name) in [
                (Isolate::is_str as fn(&Isolate, Word) -> bool, "str"),
                (Isolate::is_list, "list"),
                (Isolate::is_tuple, "tuple"),
            ] {
                if check(self, a) {
                    let msg = format!("can only concatenate {name} (not \"{right}\") to {name}");
                    return Err(self.type_error(msg));
                }
            }
        }
        if op == Name::MUL {
            for (seq, other, name) in [(a, b, &right), (b, a, &left)] {
                if (self.is_str(seq) || self.is_list(seq) || self.is_tuple(seq) || self.is_bytes(seq))
                    && !self.is_int(other)
                {
                    return Err(self.type_error(format!("can't multiply sequence by non-int of type '{name}'")));
                }
            }
        }
        let hint = if symbol == ">>" && self.is_print(a) {
            ". Did you mean \"print(<message>, file=<output_stream>)\"?"
        } else {
            ""
        };
        Err(self.type_error(format!("unsupported operand type(s) for {symbol}: '{left}' and '{right}'{hint}")))
    }

    /// Whether a value is the builtin `print`.
    fn is_print(&mut self, w: Word) -> bool {
        let name = self.intern("print");
        let builtins = crate::startup::builtins(self);
        self.module_get(builtins.word(), name).is_some_and(|f| f.word() == w)
    }

    /// Augmented assignment; `op` is the plain operator.
    pub(crate) fn inplace(&mut self, op: Name, a: Word, b: Word) -> PyResult {
        let class = self.class_of(a);
        if op == Name::ADD && class == ClassId::LIST {
            self.list_extend(a, b)?;
            return Ok(Owned::share(a));
        }
        if a.is_object()
            && class != ClassId::STR
            && let Some(r) = self.try_special(a, Name(op.0 + INPLACE), &[b])?
            && r.word() != Word::NOT_IMPLEMENTED
        {
            return Ok(r);
        }
        if self.exact_numbers(a, b)
            && let Some(r) = crate::num::binary::apply(self, op, a, b)
        {
            return r;
        }
        if op == Name::ADD && class == ClassId::STR && self.class_of(b) == ClassId::STR {
            return Ok(self.concat(a, b));
        }
        if let Some(v) = self.binary_special(op, a, b)? {
            return Ok(v);
        }
        let text = if op == Name::POW { "**=".to_owned() } else { format!("{}=", symbol(op)) };
        self.sequence_fallback(op, a, b, &text)
    }

    /// `-x`, `+x`, `~x`.
    pub(crate) fn unary(&mut self, op: Name, a: Word) -> PyResult {
        if op == Name::NEG {
            if a.is_small() {
                return Ok(self.new_int(-a.as_small()));
            }
            if a.is_flonum() {
                return Ok(self.new_float(-a.as_flonum()));
            }
        }
        match self.try_special(a, op, &[])? {
            Some(v) => Ok(v),
            None => {
                let sign = match op {
                    Name::NEG => "-",
                    Name::POS => "+",
                    _ => "~",
                };
                let msg = format!("bad operand type for unary {sign}: '{}'", self.type_name(a));
                Err(self.type_error(msg))
            }
        }
    }

    // ---- comparison ----------------------------------------------------------------------------

    pub fn compare(&mut self, op: CompareOp, a: Word, b: Word) -> PyResult {
        if let Some(r) = self.compare_builtin(op, a, b) {
            return Ok(Owned::from_bool(r));
        }
        let (ca, cb) = (self.class_of(a), self.class_of(b));
        let name = COMPARE_NAMES[op as usize];
        let swapped = COMPARE_NAMES[op.swapped() as usize];
        let mut order = [(name, ca, a, b), (swapped, cb, b, a)];
        if ca != cb && self.is_subclass(cb, ca) && !self.special(cb, swapped).is_unbound() {
            order.swap(0, 1);
        }
        for (name, class, this, other) in order {
            let method = self.special(class, name);
            if !method.is_unbound() {
                self.enter_call(" in comparison")?;
                let r = self.call_special(method, this, &[other]);
                self.leave_call();
                let r = r?;
                if r.word() != Word::NOT_IMPLEMENTED {
                    return Ok(r);
                }
            }
        }
        match op {
            CompareOp::Eq => Ok(Owned::from_bool(a == b)),
            CompareOp::Ne => Ok(Owned::from_bool(a != b)),
            _ => {
                let msg = format!(
                    "'{}' not supported between instances of '{}' and '{}'",
                    op.symbol(),
                    self.type_name(a),
                    self.type_name(b)
                );
                Err(self.type_error(msg))
            }
        }
    }

    /// Numbers and exact strings.
    #[inline]
    fn compare_builtin(&mut self, op: CompareOp, a: Word, b: Word) -> Option<bool> {
        if a.is_small() && b.is_small() {
            return Some(op.holds(a.as_small().cmp(&b.as_small())));
        }
        if a.is_object() && b.is_object() && self.class_of(a) == ClassId::STR && self.class_of(b) == ClassId::STR {
            if a == b {
                return Some(op.holds(core::cmp::Ordering::Equal));
            }
            return Some(op.holds(str_bytes(a).cmp(str_bytes(b))));
        }
        if !self.exact_numbers(a, b) {
            return None;
        }
        crate::num::binary::compare(self, op, a, b)
    }

    /// Whether both are numbers of builtin classes, whose operators no subclass overrides.
    #[inline(always)]
    fn exact_numbers(&self, a: Word, b: Word) -> bool {
        let exact = |w: Word| {
            !w.is_object()
                || matches!(self.class_of(w), ClassId::INT | ClassId::FLOAT | ClassId::COMPLEX | ClassId::BOOL)
        };
        exact(a) && exact(b)
    }

    /// Truth of a comparison.
    pub(crate) fn compare_truth(&mut self, op: CompareOp, a: Word, b: Word) -> PyResult<bool> {
        if let Some(r) = self.compare_builtin(op, a, b) {
            return Ok(r);
        }
        let r = self.compare(op, a, b)?;
        self.truth(r.word())
    }

    /// Identity, then `==`.
    pub fn eq(&mut self, a: Word, b: Word) -> PyResult<bool> {
        if a == b {
            return Ok(true);
        }
        self.compare_truth(CompareOp::Eq, a, b)
    }

    pub fn lt(&mut self, a: Word, b: Word) -> PyResult<bool> {
        self.compare_truth(CompareOp::Lt, a, b)
    }

    /// Lexicographic comparison of two sequences whose items are read anew at every step.
    pub(crate) fn compare_sequences(
        &mut self,
        op: CompareOp,
        a: Word,
        b: Word,
        items: fn(Word) -> &'static [Word],
    ) -> PyResult {
        let (la, lb) = (items(a).len(), items(b).len());
        if la != lb && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Owned::from_bool(op == CompareOp::Ne));
        }
        let mut i = 0;
        while i < items(a).len() && i < items(b).len() {
            let (x, y) = (Owned::share(items(a)[i]), Owned::share(items(b)[i]));
            if !self.eq(x.word(), y.word())? {
                return match op {
                    CompareOp::Eq => Ok(Owned::from_bool(false)),
                    CompareOp::Ne => Ok(Owned::from_bool(true)),
                    _ => self.compare(op, x.word(), y.word()),
                };
            }
            i += 1;
        }
        Ok(Owned::from_bool(op.holds(items(a).len().cmp(&items(b).len()))))
    }

    // ---- truth, hash, length -------------------------------------------------------------------

    pub fn truth(&mut self, w: Word) -> PyResult<bool> {
        if w.is_bool() {
            return Ok(w == Word::TRUE);
        }
        if w.is_small() {
            return Ok(w.as_small() != 0);
        }
        let class = self.class_of(w);
        match class {
            ClassId::NONE => return Ok(false),
            ClassId::STR => return Ok(!str_bytes(w).is_empty()),
            ClassId::LIST => return Ok(list_obj(w).len != 0),
            ClassId::TUPLE => return Ok(!tuple_items(w).is_empty()),
            ClassId::DICT => return Ok(self.dict_len(w) != 0),
            ClassId::FLOAT => return Ok(crate::num::float::of_float(w) != 0.0),
            _ => {}
        }
        if let Some(r) = self.try_special(w, Name::BOOL, &[])? {
            if !r.word().is_bool() {
                let msg = format!("__bool__ should return bool, returned {}", self.type_name(r.word()));
                return Err(self.type_error(msg));
            }
            return Ok(r.word() == Word::TRUE);
        }
        if self.special(class, Name::LEN).is_unbound() {
            return Ok(true);
        }
        Ok(self.len(w)? != 0)
    }

    #[inline]
    pub fn hash(&mut self, w: Word) -> PyResult<i64> {
        if self.class_of(w) == ClassId::STR { Ok(self.str_hash(w)) } else { self.hash_other(w) }
    }

    #[inline(never)]
    fn hash_other(&mut self, w: Word) -> PyResult<i64> {
        if w.is_small() {
            return Ok(crate::num::int::hash(w));
        }
        let class = self.class_of(w);
        let method = self.special(class, Name::HASH);
        if method.is_unbound() || method.is_none() {
            let msg = format!("unhashable type: '{}'", self.type_name(w));
            return Err(self.type_error(msg));
        }
        self.check_stack()?;
        let r = self.call_special(method, w, &[])?;
        if !self.is_int(r.word()) {
            return Err(self.type_error("__hash__ method should return an integer"));
        }
        let h = match crate::num::int::to_i64(r.word()) {
            Some(v) => v,
            None => crate::num::int::hash(r.word()),
        };
        Ok(if h == -1 { -2 } else { h })
    }

    pub fn len(&mut self, w: Word) -> PyResult<usize> {
        match self.class_of(w) {
            ClassId::STR => return Ok(crate::api::str_char_len(w)),
            ClassId::LIST => return Ok(list_obj(w).len as usize),
            ClassId::TUPLE => return Ok(tuple_items(w).len()),
            ClassId::DICT => return Ok(self.dict_len(w)),
            ClassId::BYTES => return Ok(bytes_slice(w).len()),
            _ => {}
        }
        let Some(r) = self.try_special(w, Name::LEN, &[])? else {
            let msg = format!("object of type '{}' has no len()", self.type_name(w));
            return Err(self.type_error(msg));
        };
        let n = self.index(r.word())?;
        let Some(n) = crate::num::int::to_i64(n.word()) else {
            return Err(self.overflow_error("cannot fit 'int' into an index-sized integer"));
        };
        usize::try_from(n).map_err(|_| self.value_error("__len__() should return >= 0"))
    }

    pub fn length_hint(&mut self, w: Word, default: usize) -> PyResult<usize> {
        let class = self.class_of(w);
        if !self.special(class, Name::LEN).is_unbound() {
            return self.len(w);
        }
        let Some(r) = self.try_special(w, Name::LENGTH_HINT, &[])? else { return Ok(default) };
        if r.word() == Word::NOT_IMPLEMENTED {
            return Ok(default);
        }
        if !self.is_int(r.word()) {
            let msg = format!("__length_hint__ must be an integer, not {}", self.type_name(r.word()));
            return Err(self.type_error(msg));
        }
        let n = self.to_i64(r.word(), "ssize_t")?;
        usize::try_from(n).map_err(|_| self.value_error("__length_hint__() should return >= 0"))
    }

    // ---- text forms ----------------------------------------------------------------------------

    pub fn repr(&mut self, w: Word) -> PyResult {
        let method = self.special(self.class_of(w), Name::REPR);
        self.enter_call(" while getting the repr of an object")?;
        let r = self.call_special(method, w, &[]);
        self.leave_call();
        let r = r?;
        if self.is_str(r.word()) {
            return Ok(r);
        }
        let msg = format!("__repr__ returned non-string (type {})", self.type_name(r.word()));
        Err(self.type_error(msg))
    }

    pub fn str(&mut self, w: Word) -> PyResult {
        let class = self.class_of(w);
        if class == ClassId::STR {
            return Ok(Owned::share(w));
        }
        if class == ClassId::INT {
            return crate::num::int_text::repr(self, w);
        }
        if class == ClassId::FLOAT {
            return Ok(crate::num::float_class::repr(self, w));
        }
        let method = self.special(class, Name::STR);
        if method == self.special(ClassId::OBJECT, Name::STR) {
            return self.repr(w);
        }
        self.enter_call(" while getting the str of an object")?;
        let r = self.call_special(method, w, &[]);
        self.leave_call();
        let r = r?;
        if self.is_str(r.word()) {
            return Ok(r);
        }
        let msg = format!("__str__ returned non-string (type {})", self.type_name(r.word()));
        Err(self.type_error(msg))
    }

    /// `repr` with everything but ASCII escaped.
    pub fn ascii(&mut self, w: Word) -> PyResult {
        let r = self.repr(w)?;
        if str_is_ascii(r.word()) {
            return Ok(r);
        }
        let mut out = String::new();
        for c in str_text(r.word()).chars() {
            match c as u32 {
                0..=0x7f => out.push(c),
                v @ 0x80..=0xff => out.push_str(&format!("\\x{v:02x}")),
                v @ 0x100..=0xffff => out.push_str(&format!("\\u{v:04x}")),
                v => out.push_str(&format!("\\U{v:08x}")),
            }
        }
        Ok(self.new_str(&out))
    }

    /// `repr` as Rust text, for messages.
    pub fn repr_text(&mut self, w: Word) -> PyResult<String> {
        Ok(str_text(self.repr(w)?.word()).into_owned())
    }

    /// `str` as Rust text, for messages.
    pub fn str_text(&mut self, w: Word) -> PyResult<String> {
        Ok(str_text(self.str(w)?.word()).into_owned())
    }

    pub fn format(&mut self, w: Word, spec: Word) -> PyResult {
        let class = self.class_of(w);
        match class {
            ClassId::STR | ClassId::INT | ClassId::FLOAT if str_bytes(spec).is_empty() => return self.str(w),
            ClassId::STR => return format_spec::str_format(self, &[w, spec]),
            ClassId::INT => return format_spec::int_format(self, &[w, spec]),
            ClassId::FLOAT => return format_spec::float_format(self, &[w, spec]),
            _ => {}
        }
        let method = self.special(class, Name::FORMAT);
        let r = self.call_special(method, w, &[spec])?;
        if self.is_str(r.word()) {
            return Ok(r);
        }
        let msg = format!("__format__ must return a str, not {}", self.type_name(r.word()));
        Err(self.type_error(msg))
    }

    /// Guards `repr` of self-containing objects: `false` when `w` is already being printed.
    pub fn repr_enter(&mut self, w: Word) -> bool {
        if self.printing.contains(&w) {
            return false;
        }
        self.printing.push(w);
        true
    }

    pub fn repr_leave(&mut self, w: Word) {
        if let Some(i) = self.printing.iter().rposition(|&p| p == w) {
            self.printing.remove(i);
        }
    }

    // ---- items ---------------------------------------------------------------------------------

    pub fn getitem(&mut self, obj: Word, key: Word) -> PyResult {
        match self.class_of(obj) {
            ClassId::LIST if key.is_small() => {
                let items = list_items(obj);
                return match wrap_index(key.as_small(), items.len()) {
                    Some(i) => Ok(Owned::share(items[i])),
                    None => Err(self.index_error("list index out of range")),
                };
            }
            ClassId::TUPLE if key.is_small() => {
                let items = tuple_items(obj);
                return match wrap_index(key.as_small(), items.len()) {
                    Some(i) => Ok(Owned::share(items[i])),
                    None => Err(self.index_error("tuple index out of range")),
                };
            }
            ClassId::STR if key.is_small() && str_is_ascii(obj) => {
                let bytes = str_bytes(obj);
                return match wrap_index(key.as_small(), bytes.len()) {
                    Some(i) => Ok(self.new_str_counted(&bytes[i..=i], 1)),
                    None => Err(self.index_error("string index out of range")),
                };
            }
            ClassId::DICT => {
                let hash = self.hash(key)?;
                return match self.dict_find(obj, key, hash)? {
                    Some(i) => Ok(Owned::share(crate::dict::dict_obj(obj).entries()[i].value)),
                    None => Err(self.key_error(key)),
                };
            }
            _ => {}
        }
        if let Some(r) = self.try_special(obj, Name::GETITEM, &[key])? {
            return Ok(r);
        }
        if self.is_class(obj) {
            let class = self.class_obj(obj).id;
            let found = self.special(class, Name::CLASS_GETITEM);
            if !found.is_unbound() {
                let found = Owned::share(found);
                let f = self.descr_get(found.word(), Word::UNBOUND, obj)?;
                return self.call(f.word(), &[key]);
            }
            let msg = format!("type '{}' is not subscriptable", str_text(self.class_obj(obj).name));
            return Err(self.type_error(msg));
        }
        let msg = format!("'{}' object is not subscriptable", self.type_name(obj));
        Err(self.type_error(msg))
    }

    pub fn setitem(&mut self, obj: Word, key: Word, value: Word) -> PyResult<()> {
        match self.class_of(obj) {
            ClassId::LIST if key.is_small() => {
                let l = list_obj(obj);
                let Some(i) = wrap_index(key.as_small(), l.len as usize) else {
                    return Err(self.index_error("list assignment index out of range"));
                };
                crate::owned::inc(value);
                // SAFETY: the index is below the length.
                let old = unsafe { core::mem::replace(&mut *l.items.add(i), value) };
                crate::owned::dec(old);
                return Ok(());
            }
            ClassId::DICT => {
                let hash = self.hash(key)?;
                return self.dict_set_hashed(obj, key, hash, value);
            }
            _ => {}
        }
        if self.try_special(obj, Name::SETITEM, &[key, value])?.is_some() {
            return Ok(());
        }
        let msg = format!("'{}' object does not support item assignment", self.type_name(obj));
        Err(self.type_error(msg))
    }

    pub fn delitem(&mut self, obj: Word, key: Word) -> PyResult<()> {
        if self.class_of(obj) == ClassId::DICT {
            return match self.dict_remove(obj, key)? {
                Some(_) => Ok(()),
                None => Err(self.key_error(key)),
            };
        }
        if self.try_special(obj, Name::DELITEM, &[key])?.is_some() {
            return Ok(());
        }
        let msg = format!("'{}' object doesn't support item deletion", self.type_name(obj));
        Err(self.type_error(msg))
    }

    pub fn contains(&mut self, container: Word, item: Word) -> PyResult<bool> {
        match self.class_of(container) {
            ClassId::DICT => {
                let hash = self.hash(item)?;
                return Ok(self.dict_find(container, item, hash)?.is_some());
            }
            ClassId::SET | ClassId::FROZENSET => return self.set_has(container, item),
            ClassId::LIST => return self.sequence_contains(container, item, list_items),
            ClassId::TUPLE => return self.sequence_contains(container, item, tuple_items),
            ClassId::STR if self.class_of(item) == ClassId::STR => {
                return Ok(memchr::memmem::find(str_bytes(container), str_bytes(item)).is_some());
            }
            _ => {}
        }
        let method = self.special(self.class_of(container), Name::CONTAINS);
        if method.is_none() {
            let msg = format!("'{}' object is not a container", self.type_name(container));
            return Err(self.type_error(msg));
        }
        if !method.is_unbound() {
            let r = self.call_special(method, container, &[item])?;
            return self.truth(r.word());
        }
        let class = self.class_of(container);
        if self.special(class, Name::ITER).is_unbound() && self.special(class, Name::GETITEM).is_unbound() {
            let msg = format!("argument of type '{}' is not iterable", self.type_name(container));
            return Err(self.type_error(msg));
        }
        let it = self.iter(container)?;
        while let Some(v) = self.next(it.word())? {
            if self.eq(v.word(), item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sequence_contains(&mut self, seq: Word, item: Word, items: fn(Word) -> &'static [Word]) -> PyResult<bool> {
        let mut i = 0;
        while i < items(seq).len() {
            let v = Owned::share(items(seq)[i]);
            if self.eq(v.word(), item)? {
                return Ok(true);
            }
            i += 1;
        }
        Ok(false)
    }

    // ---- iteration -----------------------------------------------------------------------------

    pub fn iter(&mut self, w: Word) -> PyResult {
        match self.class_of(w) {
            ClassId::LIST => return Ok(self.new_indexed_iterator(ClassId::LIST_ITERATOR, w)),
            ClassId::TUPLE => return Ok(self.new_indexed_iterator(ClassId::TUPLE_ITERATOR, w)),
            ClassId::DICT => return Ok(self.new_dict_iterator(ClassId::DICT_KEY_ITERATOR, w)),
            ClassId::SET | ClassId::FROZENSET => return Ok(self.new_set_iterator(w)),
            ClassId::GENERATOR => return Ok(Owned::share(w)),
            _ => {}
        }
        let method = self.special(self.class_of(w), Name::ITER);
        if method.is_unbound() || method.is_none() {
            if method.is_unbound() && !self.special(self.class_of(w), Name::GETITEM).is_unbound() && !self.is_dict(w) {
                return Ok(self.new_indexed_iterator(ClassId::SEQUENCE_ITERATOR, w));
            }
            let msg = format!("'{}' object is not iterable", self.type_name(w));
            return Err(self.type_error(msg));
        }
        let it = self.call_special(method, w, &[])?;
        let class = self.class_of(it.word());
        if self.class(class).next.is_none() && self.special(class, Name::NEXT).is_unbound() {
            let msg = format!("iter() returned non-iterator of type '{}'", self.type_name(it.word()));
            return Err(self.type_error(msg));
        }
        Ok(it)
    }

    pub fn next(&mut self, it: Word) -> PyResult<Option<Owned>> {
        let class = self.class_of(it);
        if let Some(next) = self.class(class).next {
            self.check_stack()?;
            return next(self, it);
        }
        let method = self.special(class, Name::NEXT);
        if method.is_unbound() {
            let msg = format!("'{}' object is not an iterator", self.type_name(it));
            return Err(self.type_error(msg));
        }
        match self.call_special(method, it, &[]) {
            Ok(v) => Ok(Some(v)),
            Err(Raised) if self.pending_is(exc::STOP_ITERATION) => {
                self.clear_exception();
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// MemoryError for a range whose items cannot be held at once.
    pub(crate) fn check_range_room(&mut self, w: Word) -> PyResult<()> {
        if self.class_of(w) != ClassId::RANGE {
            return Ok(());
        }
        let count = self.len(w)?;
        self.check_room(count.checked_mul(8))
    }

    pub fn collect(&mut self, w: Word) -> PyResult<Vec<Owned>> {
        match self.class_of(w) {
            ClassId::LIST => return Ok(list_items(w).iter().map(|&i| Owned::share(i)).collect()),
            ClassId::TUPLE => return Ok(tuple_items(w).iter().map(|&i| Owned::share(i)).collect()),
            _ => {}
        }
        self.check_range_room(w)?;
        let it = self.iter(w)?;
        let mut items = Vec::new();
        while let Some(v) = self.next(it.word())? {
            items.push(v);
        }
        Ok(items)
    }

    // ---- conversions ---------------------------------------------------------------------------

    /// `int` through `__index__`: "'X' object cannot be interpreted as an integer".
    pub fn index(&mut self, w: Word) -> PyResult {
        if self.is_int(w) {
            return Ok(Owned::share(w));
        }
        match self.try_special(w, Name::INDEX, &[])? {
            Some(r) if self.is_int(r.word()) => Ok(r),
            Some(r) => {
                let msg = format!("__index__ returned non-int (type {})", self.type_name(r.word()));
                Err(self.type_error(msg))
            }
            None => {
                let msg = format!("'{}' object cannot be interpreted as an integer", self.type_name(w));
                Err(self.type_error(msg))
            }
        }
    }

    /// Through `__index__`; OverflowError "Python int too large to convert to C {what}" when it does not fit.
    pub fn to_i64(&mut self, w: Word, what: &str) -> PyResult<i64> {
        if w.is_small() {
            return Ok(w.as_small());
        }
        let i = self.index(w)?;
        match crate::num::int::to_i64(i.word()) {
            Some(v) => Ok(v),
            None => Err(self.overflow_error(format!("Python int too large to convert to C {what}"))),
        }
    }

    /// Through `__index__`, clamped to the i64 range (slice semantics).
    pub fn to_i64_clamped(&mut self, w: Word) -> PyResult<i64> {
        if w.is_small() {
            return Ok(w.as_small());
        }
        let i = self.index(w)?;
        Ok(crate::num::int::to_i64(i.word())
            .unwrap_or_else(|| if crate::num::int::of_int(i.word()).is_negative() { i64::MIN } else { i64::MAX }))
    }

    /// Through `__float__` or `__index__`: "must be real number, not X".
    pub fn to_f64(&mut self, w: Word) -> PyResult<f64> {
        if w.is_flonum() {
            return Ok(w.as_flonum());
        }
        if self.is_float(w) {
            return Ok(crate::num::float::of_float(w));
        }
        if self.is_int(w) {
            return crate::num::int::to_f64(self, w);
        }
        if let Some(r) = self.try_special(w, Name::FLOAT, &[])? {
            if self.is_float(r.word()) {
                return Ok(crate::num::float::of_float(r.word()));
            }
            let msg = format!("{}.__float__ returned non-float (type {})", self.type_name(w), self.type_name(r.word()));
            return Err(self.type_error(msg));
        }
        if !self.special(self.class_of(w), Name::INDEX).is_unbound() {
            let i = self.index(w)?;
            return crate::num::int::to_f64(self, i.word());
        }
        let msg = format!("must be real number, not {}", self.type_name(w));
        Err(self.type_error(msg))
    }

    /// Text of an argument that must be a str.
    pub fn expect_str<'a>(&mut self, w: Word, what: &str) -> PyResult<&'a [u8]> {
        if self.is_str(w) {
            return Ok(str_bytes(w));
        }
        let msg = format!("{what} must be str, not {}", self.type_name(w));
        Err(self.type_error(msg))
    }

    /// Start, stop, step and count of a slice object over `len` items.
    pub fn slice_indices(&mut self, slice: Word, len: usize) -> PyResult<(i64, i64, i64, usize)> {
        let [start, stop, step] = [0, 1, 2].map(|i| crate::api::field(slice, i));
        let n = len as i64;
        let step = if step.is_none() { 1 } else { self.slice_bound(step)? };
        if step == 0 {
            return Err(self.value_error("slice step cannot be zero"));
        }
        let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
        let clamp = |rt: &mut Isolate, w: Word, default: i64| -> PyResult<i64> {
            if w.is_none() {
                return Ok(default);
            }
            let v = rt.slice_bound(w)?;
            Ok(if v < 0 { v.saturating_add(n).max(low) } else { v.min(high) })
        };
        let start = clamp(self, start, if step < 0 { high } else { low })?;
        let stop = clamp(self, stop, if step < 0 { low } else { high })?;
        let count = if step < 0 && stop < start {
            (start - stop - 1) / step.saturating_neg() + 1
        } else if step > 0 && start < stop {
            (stop - start - 1) / step + 1
        } else {
            0
        };
        Ok((start, stop, step, count as usize))
    }

    fn slice_bound(&mut self, w: Word) -> PyResult<i64> {
        if !self.is_int(w) && self.special(self.class_of(w), Name::INDEX).is_unbound() {
            return Err(self.type_error("slice indices must be integers or None or have an __index__ method"));
        }
        self.to_i64_clamped(w)
    }
}

/// Position of a possibly negative index.
#[inline(always)]
pub(crate) fn wrap_index(i: i64, len: usize) -> Option<usize> {
    let i = if i < 0 { i + len as i64 } else { i };
    usize::try_from(i).ok().filter(|&i| i < len)
}
