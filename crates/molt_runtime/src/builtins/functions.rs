//! The functions of the `builtins` module.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, str_bytes, str_char_len, tuple_items};
use crate::generator::Step;
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::int;
use crate::owned::{Owned, PyResult};
use crate::{Isolate, exc};

impl Isolate {
    /// `isinstance(obj, classinfo)`: a class, a union or a tuple of such, with `__instancecheck__`.
    pub(crate) fn isinstance(&mut self, obj: Word, class: Word) -> PyResult<bool> {
        if self.is_class(class) && self.class_of(class) == ClassId::TYPE {
            return Ok(self.is_instance(obj, self.class_id(class)) || self.claims_class(obj, class)?);
        }
        if self.is_tuple(class) {
            for &c in tuple_items(class) {
                if self.isinstance(obj, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(r) = self.try_special(class, Name::INSTANCECHECK, &[obj])? {
            return self.truth(r.word());
        }
        if self.is_class(class) {
            return Ok(self.is_instance(obj, self.class_id(class)));
        }
        // An object with a tuple of bases would do, too; asking for it may fail in its own way.
        self.getattr_opt(class, "__bases__")?;
        Err(self.type_error("isinstance() arg 2 must be a type, a tuple of types, or a union"))
    }

    /// Whether an object pretends to be an instance through `__class__`.
    fn claims_class(&mut self, obj: Word, class: Word) -> PyResult<bool> {
        let own = self.class_word(self.class_of(obj));
        match self.getattr_opt(obj, "__class__")? {
            Some(c) if c.word() != own && self.is_class(c.word()) => {
                Ok(self.is_subclass(self.class_id(c.word()), self.class_id(class)))
            }
            _ => Ok(false),
        }
    }

    /// `issubclass(cls, classinfo)`.
    pub(crate) fn issubclass(&mut self, sub: Word, class: Word) -> PyResult<bool> {
        if self.is_tuple(class) {
            for &c in tuple_items(class) {
                if self.issubclass(sub, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let plain = self.is_class(class) && self.class_of(class) == ClassId::TYPE;
        if !plain && let Some(r) = self.try_special(class, Name::SUBCLASSCHECK, &[sub])? {
            return self.truth(r.word());
        }
        if !self.is_class(sub) {
            return Err(self.type_error("issubclass() arg 1 must be a class"));
        }
        if !self.is_class(class) {
            return Err(self.type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union"));
        }
        Ok(self.is_subclass(self.class_id(sub), self.class_id(class)))
    }
}

fn given(w: Word) -> Option<Word> {
    (!w.is_unbound()).then_some(w)
}

fn print(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let [sep, end, file, flush, items] = *args else { unreachable!("bound by the signature") };
    let file = match given(file).filter(|f| !f.is_none()) {
        Some(f) => Owned::share(f),
        None => match rt.sys_get("stdout") {
            Some(f) if !f.word().is_none() => f,
            _ => return Ok(Owned::NONE),
        },
    };
    let separator = separator_text(rt, "sep", sep, " ")?;
    let ending = separator_text(rt, "end", end, "\n")?;
    let (separator, ending) = (rt.new_str_wtf8(&separator), rt.new_str_wtf8(&ending));
    for (i, &item) in tuple_items(items).iter().enumerate() {
        if i > 0 {
            write_piece(rt, file.word(), separator.word())?;
        }
        let text = rt.str(item)?;
        write_piece(rt, file.word(), text.word())?;
    }
    write_piece(rt, file.word(), ending.word())?;
    if let Some(f) = given(flush)
        && rt.truth(f)?
    {
        rt.call_method(file.word(), "flush", &[])?;
    }
    Ok(Owned::NONE)
}

/// Writes to a file object; ours without a method call.
fn write_piece(rt: &mut Isolate, file: Word, text: Word) -> PyResult<()> {
    if crate::modules::io::write_text(rt, file, text)? {
        return Ok(());
    }
    rt.call_method(file, "write", &[text]).map(drop)
}

fn separator_text(rt: &mut Isolate, what: &str, w: Word, default: &str) -> PyResult<Vec<u8>> {
    match given(w) {
        None | Some(Word::NONE) => Ok(default.as_bytes().to_vec()),
        Some(s) if rt.is_str(s) => Ok(str_bytes(s).to_vec()),
        Some(other) => {
            let kind = rt.type_name(other);
            Err(rt.type_error(format!("{what} must be None or a string, not {kind}")))
        }
    }
}

fn all(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let it = rt.iter(args[0])?;
    while let Some(v) = rt.next(it.word())? {
        if !rt.truth(v.word())? {
            return Ok(Owned::from_bool(false));
        }
    }
    Ok(Owned::from_bool(true))
}

fn any(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let it = rt.iter(args[0])?;
    while let Some(v) = rt.next(it.word())? {
        if rt.truth(v.word())? {
            return Ok(Owned::from_bool(true));
        }
    }
    Ok(Owned::from_bool(false))
}

fn abs(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match rt.try_special(args[0], Name::ABS, &[])? {
        Some(v) => Ok(v),
        None => {
            let kind = rt.type_name(args[0]);
            Err(rt.type_error(format!("bad operand type for abs(): '{kind}'")))
        }
    }
}

fn in_base(rt: &mut Isolate, w: Word, base: u8) -> PyResult {
    let n = rt.index(w)?;
    let text = crate::num::int_text::prefixed(int::of_int(n.word()), base);
    Ok(rt.new_str(&text))
}

fn chr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = rt.index(args[0])?;
    let value = int::to_i64(n.word()).filter(|v| (0..=0x10_ffff).contains(v));
    let Some(v) = value else { return Err(rt.value_error("chr() arg not in range(0x110000)")) };
    let mut bytes = Vec::with_capacity(4);
    crate::text::wtf8::push(&mut bytes, v as u32);
    Ok(rt.new_str_wtf8(&bytes))
}

fn ord(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let w = args[0];
    if rt.is_str(w) {
        if str_char_len(w) == 1 {
            let code = crate::text::wtf8::decode_first(str_bytes(w)).map_or(0, |d| d.0);
            return Ok(Owned::small(i64::from(code)));
        }
        let msg = format!("ord() expected a character, but string of length {} found", str_char_len(w));
        return Err(rt.type_error(msg));
    }
    if rt.is_bytes(w) {
        let bytes = crate::api::bytes_slice(w);
        if let [b] = *bytes {
            return Ok(Owned::small(i64::from(b)));
        }
        let msg = format!("ord() expected a character, but string of length {} found", bytes.len());
        return Err(rt.type_error(msg));
    }
    let kind = rt.type_name(w);
    Err(rt.type_error(format!("ord() expected string of length 1, but {kind} found")))
}

fn divmod(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.binary(Name::DIVMOD, args[0], args[1])
}

fn pow(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some(modulus) = given(args[2]).filter(|m| !m.is_none()) else {
        return rt.binary(Name::POW, args[0], args[1]);
    };
    if let Some(r) = rt.try_special(args[0], Name::POW, &[args[1], modulus])?
        && r.word() != Word::NOT_IMPLEMENTED
    {
        return Ok(r);
    }
    let (a, b, c) = (rt.type_name(args[0]), rt.type_name(args[1]), rt.type_name(modulus));
    Err(rt.type_error(format!("unsupported operand type(s) for ** or pow(): '{a}', '{b}', '{c}'")))
}

fn round(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let more: &[Word] = match given(args[1]) {
        Some(Word::NONE) | None => &[],
        Some(_) => &args[1..2],
    };
    match rt.try_special(args[0], Name::ROUND, more)? {
        Some(v) => Ok(v),
        None => {
            let kind = rt.type_name(args[0]);
            Err(rt.type_error(format!("type {kind} doesn't define __round__ method")))
        }
    }
}

fn sum(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let it = rt.iter(args[0])?;
    let mut total = match given(args[1]) {
        None => Owned::small(0),
        Some(start) => {
            for (bad, msg) in [
                (rt.is_str(start), "sum() can't sum strings [use ''.join(seq) instead]"),
                (rt.is_bytes(start), "sum() can't sum bytes [use b''.join(seq) instead]"),
            ] {
                if bad {
                    return Err(rt.type_error(msg));
                }
            }
            Owned::share(start)
        }
    };
    while let Some(v) = rt.next(it.word())? {
        if rt.class_of(total.word()) == ClassId::FLOAT {
            return sum_floats(rt, total, v, it.word());
        }
        total = rt.binary(Name::ADD, total.word(), v.word())?;
    }
    Ok(total)
}

/// Sums floats with Neumaier's compensation, as CPython does since 3.12; anything but floats and small ints goes on plainly.
fn sum_floats(rt: &mut Isolate, start: Owned, first: Owned, it: Word) -> PyResult {
    let (mut sum, mut lost) = (crate::num::float::of_float(start.word()), 0.0f64);
    let mut next = Some(first);
    while let Some(v) = next {
        let w = v.word();
        let x = match rt.class_of(w) {
            ClassId::FLOAT => crate::num::float::of_float(w),
            ClassId::INT if w.is_small() => w.as_small() as f64,
            _ => {
                let so_far = rt.new_float(if lost != 0.0 && lost.is_finite() { sum + lost } else { sum });
                let mut total = rt.binary(Name::ADD, so_far.word(), w)?;
                while let Some(v) = rt.next(it)? {
                    total = rt.binary(Name::ADD, total.word(), v.word())?;
                }
                return Ok(total);
            }
        };
        let t = sum + x;
        lost += if sum.abs() >= x.abs() { (sum - t) + x } else { (x - t) + sum };
        sum = t;
        next = rt.next(it)?;
    }
    if lost != 0.0 && lost.is_finite() {
        sum += lost;
    }
    Ok(rt.new_float(sum))
}

fn extreme(rt: &mut Isolate, args: &[Word], name: &str, op: CompareOp) -> PyResult {
    let [key, default, items] = *args else { unreachable!("bound by the signature") };
    let items = tuple_items(items);
    if items.is_empty() {
        return Err(rt.type_error(format!("{name} expected at least 1 argument, got 0")));
    }
    if items.len() > 1 && given(default).is_some() {
        let msg = format!("Cannot specify a default for {name}() with multiple positional arguments");
        return Err(rt.type_error(msg));
    }
    let it = rt.iter(if items.len() == 1 { items[0] } else { args[2] })?;
    let key = given(key).filter(|k| !k.is_none());
    let mut best: Option<(Owned, Owned)> = None;
    while let Some(v) = rt.next(it.word())? {
        let k = match key {
            Some(f) => rt.call(f, &[v.word()])?,
            None => v.clone(),
        };
        let better = match &best {
            None => true,
            Some((b, _)) => rt.compare_truth(op, k.word(), b.word())?,
        };
        if better {
            best = Some((k, v));
        }
    }
    match (best, given(default)) {
        (Some((_, v)), _) => Ok(v),
        (None, Some(d)) => Ok(Owned::share(d)),
        (None, None) => Err(rt.value_error(format!("{name}() iterable argument is empty"))),
    }
}

fn sorted(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let items = rt.collect(args[0])?;
    let reverse = match given(args[2]) {
        Some(r) => rt.truth(r)?,
        None => false,
    };
    let key = given(args[1]).unwrap_or(Word::NONE);
    let items = rt.sort_values(items, key, reverse)?;
    Ok(rt.new_list(items))
}

fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match given(args[1]) {
        None => rt.iter(args[0]),
        Some(sentinel) => {
            if !rt.is_callable(args[0]) {
                return Err(rt.type_error("iter(v, w): v must be callable"));
            }
            Ok(rt.new_plain(ClassId::CALLABLE_ITERATOR, [shared(args[0]), shared(sentinel)]))
        }
    }
}

fn shared(w: Word) -> Word {
    Owned::share(w).into_word()
}

fn next(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[0]) == ClassId::GENERATOR {
        // What a generator returns is the value of the StopIteration.
        return match rt.generator_step(args[0], Word::NONE, false)? {
            Step::Yielded(v) => Ok(v),
            Step::Returned(v) => match given(args[1]) {
                Some(d) => Ok(Owned::share(d)),
                None => Err(rt.stop_iteration(v.word())),
            },
        };
    }
    if rt.try_iterator_check(args[0]) {
        match rt.next(args[0]) {
            Ok(Some(v)) => return Ok(v),
            Ok(None) => {
                return match given(args[1]) {
                    Some(d) => Ok(Owned::share(d)),
                    None => Err(rt.stop_iteration(Word::NONE)),
                };
            }
            Err(e) => {
                if let Some(d) = given(args[1]).filter(|_| rt.pending_is(exc::STOP_ITERATION)) {
                    rt.clear_exception();
                    return Ok(Owned::share(d));
                }
                return Err(e);
            }
        }
    }
    let kind = rt.type_name(args[0]);
    Err(rt.type_error(format!("'{kind}' object is not an iterator")))
}

impl Isolate {
    fn try_iterator_check(&mut self, w: Word) -> bool {
        let id = self.class_of(w);
        self.class(id).next.is_some() || !self.special(id, Name::NEXT).is_unbound()
    }
}

fn attribute_name(rt: &mut Isolate, w: Word) -> PyResult<Word> {
    if rt.is_str(w) {
        return Ok(rt.intern_word(w));
    }
    let kind = rt.type_name(w);
    Err(rt.type_error(format!("attribute name must be string, not '{kind}'")))
}

fn getattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = attribute_name(rt, args[1])?;
    match given(args[2]) {
        None => rt.get_attr(args[0], name),
        Some(default) => Ok(match rt.get_attr_opt(args[0], name)? {
            Some(v) => v,
            None => Owned::share(default),
        }),
    }
}

fn hasattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = attribute_name(rt, args[1])?;
    Ok(Owned::from_bool(rt.get_attr_opt(args[0], name)?.is_some()))
}

fn setattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = attribute_name(rt, args[1])?;
    rt.set_attr(args[0], name, args[2])?;
    Ok(Owned::NONE)
}

fn delattr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = attribute_name(rt, args[1])?;
    rt.del_attr(args[0], name)?;
    Ok(Owned::NONE)
}

fn format(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match given(args[1]) {
        Some(spec) if rt.is_str(spec) => rt.format(args[0], spec),
        Some(other) => {
            let kind = rt.argument_kind(other);
            Err(rt.type_error(format!("format() argument 2 must be str, not {kind}")))
        }
        None => {
            let empty = rt.new_str("");
            rt.format(args[0], empty.word())
        }
    }
}

fn hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let h = rt.hash(args[0])?;
    Ok(rt.new_int(h))
}

fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::small(rt.len(args[0])? as i64))
}

fn input(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let [stdin, out] = ["stdin", "stdout"].map(|name| rt.sys_get(name).filter(|s| !s.word().is_none()));
    let Some(stdin) = stdin else { return Err(rt.runtime_error("input(): lost sys.stdin")) };
    let Some(out) = out else { return Err(rt.runtime_error("input(): lost sys.stdout")) };
    if let Some(prompt) = given(args[0]) {
        let text = rt.str(prompt)?;
        rt.call_method(out.word(), "write", &[text.word()])?;
    }
    rt.call_method(out.word(), "flush", &[])?;
    let line = rt.call_method(stdin.word(), "readline", &[])?;
    let bytes = str_bytes(line.word());
    if bytes.is_empty() {
        return Err(rt.raise(exc::EOF_ERROR, "EOF when reading a line"));
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    Ok(rt.new_str_wtf8(text))
}

fn vars(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some(obj) = given(args[0]) else { return Err(rt.type_error("vars() without arguments is not supported")) };
    match rt.getattr_opt(obj, "__dict__")? {
        Some(d) => Ok(d),
        None => Err(rt.type_error("vars() argument must have __dict__ attribute")),
    }
}

fn dir(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some(obj) = given(args[0]) else { return Err(rt.type_error("dir() without arguments is not supported")) };
    let method = rt.special(rt.class_of(obj), Name::DIR);
    let method = Owned::share(method);
    let names = rt.call_special(method.word(), obj, &[])?;
    let mut names = rt.collect(names.word())?;
    let mut seen = alloc::collections::BTreeSet::new();
    names.retain(|n| !rt.is_str(n.word()) || seen.insert(str_bytes(n.word()).to_vec()));
    let names = rt.sort_values(names, Word::NONE, false)?;
    Ok(rt.new_list(names))
}

/// `__import__`: the top module, or with a `fromlist` the named one. Only modules of the program exist.
fn import(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_str(args[0]) {
        let kind = rt.type_name(args[0]);
        return Err(rt.type_error(format!("__import__() argument 1 must be str, not {kind}")));
    }
    let name = crate::api::str_text(args[0]).into_owned();
    let module = rt.import(&name)?;
    let whole = match given(args[3]) {
        Some(list) => rt.truth(list)?,
        None => false,
    };
    if whole { Ok(module) } else { rt.import(name.split('.').next().unwrap_or(&name)) }
}

/// Rows of the `builtins` module.
pub(crate) static FUNCTIONS: &[NativeDef] = &[
    def("__import__", "($module, /, name, globals=None, locals=None, fromlist=(), level=0)", import),
    def("abs", "($module, x, /)", abs),
    def("all", "($module, iterable, /)", all),
    def("any", "($module, iterable, /)", any),
    def("ascii", "($module, obj, /)", |rt, a| rt.ascii(a[0])),
    def("bin", "($module, number, /)", |rt, a| in_base(rt, a[0], 2)),
    def("callable", "($module, obj, /)", |rt, a| Ok(Owned::from_bool(rt.is_callable(a[0])))),
    def("chr", "($module, i, /)", chr),
    def("delattr", "($module, obj, name, /)", delattr),
    def("dir", "($module, object=<unrepresentable>, /)", dir),
    def("divmod", "($module, x, y, /)", divmod),
    def("exit", "($module, code=None, /)", crate::sys::exit),
    def("format", "($module, value, format_spec='', /)", format),
    def("getattr", "($module, object, name, default=<unrepresentable>, /)", getattr),
    def("hasattr", "($module, obj, name, /)", hasattr),
    def("hash", "($module, obj, /)", hash),
    def("hex", "($module, number, /)", |rt, a| in_base(rt, a[0], 16)),
    def("id", "($module, obj, /)", |rt, a| Ok(rt.new_int(a[0].0 as i64 & i64::MAX))),
    def("input", "($module, prompt='', /)", input),
    def("isinstance", "($module, obj, class_or_tuple, /)", |rt, a| Ok(Owned::from_bool(rt.isinstance(a[0], a[1])?))),
    def("issubclass", "($module, cls, class_or_tuple, /)", |rt, a| Ok(Owned::from_bool(rt.issubclass(a[0], a[1])?))),
    def("iter", "($module, object, sentinel=<unrepresentable>, /)", iter),
    def("len", "($module, obj, /)", len),
    def("max", "($module, /, *args, key=None, default=<unrepresentable>)", |rt, a| {
        extreme(rt, a, "max", CompareOp::Gt)
    }),
    def("min", "($module, /, *args, key=None, default=<unrepresentable>)", |rt, a| {
        extreme(rt, a, "min", CompareOp::Lt)
    }),
    def("next", "($module, iterator, default=<unrepresentable>, /)", next),
    def("oct", "($module, number, /)", |rt, a| in_base(rt, a[0], 8)),
    def(
        "open",
        "($module, /, file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
        crate::modules::io::open,
    ),
    def("ord", "($module, c, /)", ord),
    def("pow", "($module, base, exp, mod=None)", pow),
    def("print", "($module, /, *args, sep=' ', end='\\n', file=None, flush=False)", print),
    def("quit", "($module, code=None, /)", crate::sys::exit),
    def("repr", "($module, obj, /)", |rt, a| rt.repr(a[0])),
    def("round", "($module, number, ndigits=None)", round),
    def("setattr", "($module, obj, name, value, /)", setattr),
    def("sorted", "($module, iterable, /, *, key=None, reverse=False)", sorted),
    def("sum", "($module, iterable, /, start=0)", sum),
    def("vars", "($module, object=<unrepresentable>, /)", vars),
];
