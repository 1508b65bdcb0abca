//! What compiled code calls: every `molt_*` function of [`molt_abi::runtime`], and the address table.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::layout::{AttrCache, CodeDesc, FunctionObj, NativeModuleDesc, ResumeFn};
use molt_abi::{ClassId, Ret, RtFn, Word};

use crate::api::{CompareOp, list_items, str_bytes, str_text, tuple_items};
use crate::names::Name;
use crate::ops::BINARY_NAMES;
use crate::owned::dec;
use crate::startup::{PENDING_COLLECTION, PENDING_INTERRUPT, PENDING_METER};
use crate::text::str_writer::StrWriter;
use crate::{Isolate, Owned, PyResult, Raised, exc};

pub(crate) fn ret(r: PyResult) -> Ret {
    match r {
        Ok(v) => Ret::ok(v.into_word()),
        Err(Raised) => Ret::ERR,
    }
}

pub(crate) fn ret_truth(r: PyResult<bool>) -> Ret {
    match r {
        Ok(b) => Ret::ok(Word(u64::from(b))),
        Err(Raised) => Ret::ERR,
    }
}

pub(crate) fn ret_done(r: PyResult<()>) -> Ret {
    ret_truth(r.map(|()| true))
}

/// Borrowed words of an argument array.
pub(crate) fn words<'a>(p: *const Word, n: u64) -> &'a [Word] {
    if n == 0 {
        return &[];
    }
    // SAFETY: compiled code passes arrays of `n` words.
    unsafe { core::slice::from_raw_parts(p, n as usize) }
}

/// Words of a call: positional arguments and keyword values.
fn call_words<'a>(p: *const Word, nargs: u64, kwnames: Word) -> &'a [Word] {
    let nkw = if kwnames.is_unbound() { 0 } else { tuple_items(kwnames).len() as u64 };
    words(p, nargs + nkw)
}

macro_rules! entries {
    ($($name:ident($rt:ident $(, $p:ident : $t:ty)*) $(-> $r:ty)? $body:block)*) => { $(
        #[unsafe(export_name = concat!("molt_", stringify!($name)))]
        pub(crate) extern "C" fn $name(ctx: *mut molt_abi::Context $(, $p: $t)*) $(-> $r)? {
            // SAFETY: compiled code passes the context of the isolate that runs it.
            let $rt = unsafe { $crate::Isolate::from_ctx(ctx) };
            $body
        }
    )* };
}
pub(crate) use entries;

/// The functions themselves, named without the prefix `molt_`.
mod exported {
    use super::*;
    pub(super) use crate::claude::entry::bytes::*;
    pub(super) use crate::claude::entry::calls::*;
    pub(super) use crate::claude::entry::collections::*;
    pub(super) use crate::claude::entry::control::*;
    pub(super) use crate::claude::entry::dates::*;
    pub(super) use crate::claude::entry::files::*;
    pub(super) use crate::claude::entry::graphs::*;
    pub(super) use crate::claude::entry::handlers::*;
    pub(super) use crate::claude::entry::json::*;
    pub(super) use crate::claude::entry::macros::*;
    pub(super) use crate::claude::entry::modules::*;
    pub(super) use crate::claude::entry::numbers::*;
    pub(super) use crate::claude::entry::observe::*;
    pub(super) use crate::claude::entry::operations::*;
    pub(super) use crate::claude::entry::random::*;
    pub(super) use crate::claude::entry::reading::*;
    pub(super) use crate::claude::entry::regex::*;
    pub(super) use crate::claude::entry::sandbox::*;
    pub(super) use crate::claude::entry::store::*;
    pub(super) use crate::claude::entry::strings::*;
    pub(super) use crate::claude::entry::tasks::*;
    pub(super) use crate::claude::entry::values::*;
    pub(super) use crate::claude::stops::*;
    pub(super) use crate::grok::across::*;
    pub(super) use crate::grok::actor::*;
    pub(super) use crate::grok::atomics::*;
    pub(super) use crate::grok::channel::*;
    pub(super) use crate::grok::files::*;
    pub(super) use crate::grok::future::*;
    pub(super) use crate::grok::gc::*;
    pub(super) use crate::grok::locals::*;
    pub(super) use crate::grok::numbers::*;
    pub(super) use crate::grok::objects::*;
    pub(super) use crate::grok::panics::*;
    pub(super) use crate::grok::receive::*;
    pub(super) use crate::grok::reply::*;
    pub(super) use crate::grok::select::*;
    pub(super) use crate::grok::supervise::*;
    pub(super) use crate::grok::sync::*;
    pub(super) use crate::grok::system::*;
    pub(super) use crate::grok::task::*;
    pub(super) use crate::grok::text::*;
    pub(super) use crate::grok::*;

    entries! {
        alloc(rt, size: u64) -> u64 { rt.alloc(size as usize) as u64 }
        dealloc(rt, w: Word) {
            // SAFETY: compiled code found the count below one.
            unsafe { rt.dealloc(w) }
        }
        release(_rt, w: Word) { dec(w) }
        instance_new(rt, class: u64) -> Word { rt.new_plain(ClassId(class as u32), []).into_word() }
        float_bits(_rt, w: Word) -> u64 { crate::num::float::of_float(w).to_bits() }
        box_float(rt, bits: u64) -> Word { rt.new_float(f64::from_bits(bits)).into_word() }
        box_int(rt, v: i64) -> Word { rt.new_int(v).into_word() }
        big_from_digits(rt, p: *const u8, n: u64) -> Word {
            // SAFETY: compiled code passes `n` bytes.
            let digits = unsafe { core::slice::from_raw_parts(p, n as usize) };
            crate::num::int::from_digits(rt, digits).into_word()
        }

        add(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::ADD, a, b)) }
        sub(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::SUB, a, b)) }
        mul(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::MUL, a, b)) }
        truediv(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::TRUEDIV, a, b)) }
        floordiv(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::FLOORDIV, a, b)) }
        mod_(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::MOD, a, b)) }
        pow(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::POW, a, b)) }
        lshift(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::LSHIFT, a, b)) }
        rshift(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::RSHIFT, a, b)) }
        and_(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::AND, a, b)) }
        or_(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::OR, a, b)) }
        xor(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::XOR, a, b)) }
        matmul(rt, a: Word, b: Word) -> Ret { ret(rt.binary(Name::MATMUL, a, b)) }
        inplace(rt, op: u64, a: Word, b: Word) -> Ret { ret(rt.inplace(BINARY_NAMES[op as usize], a, b)) }
        neg(rt, a: Word) -> Ret { ret(rt.unary(Name::NEG, a)) }
        pos(rt, a: Word) -> Ret { ret(rt.unary(Name::POS, a)) }
        invert(rt, a: Word) -> Ret { ret(rt.unary(Name::INVERT, a)) }
        lt(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Lt, a, b)) }
        le(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Le, a, b)) }
        eq(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Eq, a, b)) }
        ne(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Ne, a, b)) }
        gt(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Gt, a, b)) }
        ge(rt, a: Word, b: Word) -> Ret { ret(rt.compare(CompareOp::Ge, a, b)) }
        compare_truth(rt, op: u64, a: Word, b: Word) -> Ret {
            ret_truth(rt.compare_truth(CompareOp::ALL[op as usize], a, b))
        }
        truth(rt, w: Word) -> Ret { ret_truth(rt.truth(w)) }
        contains(rt, container: Word, item: Word) -> Ret { ret_truth(rt.contains(container, item)) }
        float_pow(rt, a: u64, b: u64) -> Ret {
            ret(crate::num::float::pow(rt, f64::from_bits(a), f64::from_bits(b)))
        }
        float_mod(_rt, a: u64, b: u64) -> u64 {
            crate::num::float::modulo(f64::from_bits(a), f64::from_bits(b)).to_bits()
        }
        float_floordiv(_rt, a: u64, b: u64) -> u64 {
            crate::num::float::floordiv(f64::from_bits(a), f64::from_bits(b)).to_bits()
        }
        zero_division(rt, kind: u64) -> Ret {
            let text = match kind {
                0 | 2 => "division by zero",
                1 => "integer division or modulo by zero",
                3 => "float division by zero",
                4 => "float floor division by zero",
                _ => "float modulo by zero",
            };
            let text = if kind == 2 { "integer modulo by zero" } else { text };
            rt.zero_division_error(text);
            Ret::ERR
        }
        int_to_float(rt, w: Word) -> Ret {
            match crate::num::int::to_f64(rt, w) {
                Ok(v) => Ret::ok(Word(v.to_bits())),
                Err(Raised) => Ret::ERR,
            }
        }

        getattr(rt, obj: Word, name: Word, cache: *mut AttrCache) -> Ret {
            if let Some(v) = crate::object::cached_field(obj, cache) {
                return Ret::ok(Owned::share(v).into_word());
            }
            if rt.cache_is_taken(cache)
                && let Some(offset) = rt.known_slot(obj, name)
            {
                let v = crate::object::slot_at(obj, offset);
                if !v.is_unbound() {
                    return Ret::ok(Owned::share(v).into_word());
                }
            }
            rt.fill_cache(cache, obj, name, false);
            ret(rt.get_attr(obj, name))
        }
        setattr(rt, obj: Word, name: Word, value: Word, cache: *mut AttrCache) -> Ret {
            if rt.cache_is_taken(cache)
                && let Some(offset) = rt.known_slot(obj, name)
            {
                crate::object::store_slot(obj, offset, value);
                return Ret::ok(Word(1));
            }
            rt.fill_cache(cache, obj, name, false);
            ret_done(rt.set_attr(obj, name, value))
        }
        delattr(rt, obj: Word, name: Word) -> Ret { ret_done(rt.del_attr(obj, name)) }
        getitem(rt, obj: Word, key: Word) -> Ret { ret(rt.getitem(obj, key)) }
        setitem(rt, obj: Word, key: Word, value: Word) -> Ret { ret_done(rt.setitem(obj, key, value)) }
        delitem(rt, obj: Word, key: Word) -> Ret { ret_done(rt.delitem(obj, key)) }
        slice_new(rt, start: Word, stop: Word, step: Word) -> Word { rt.new_slice(start, stop, step).into_word() }
        call(rt, f: Word, args: *const Word, nargs: u64, kwnames: Word) -> Ret {
            ret(rt.vectorcall(f, call_words(args, nargs, kwnames), kwnames))
        }
        call_method(rt, obj: Word, name: Word, args: *mut Word, nargs: u64, kwnames: Word, cache: *mut AttrCache) -> Ret {
            let nkw = if kwnames.is_unbound() { 0 } else { tuple_items(kwnames).len() };
            // SAFETY: compiled code leaves room for the receiver in front of the arguments.
            let all = unsafe { core::slice::from_raw_parts_mut(args, nargs as usize + nkw + 1) };
            ret(rt.call_method_in_place(obj, name, all, kwnames, cache))
        }
        find_method(rt, obj: Word, name: Word, cache: *mut AttrCache) -> Word { rt.find_method(obj, name, cache) }
        call_ex(rt, f: Word, args: Word, kwargs: Word) -> Ret { ret(rt.call_ex(f, args, kwargs)) }
        bind_args(rt, f: Word, args: *const Word, nargs: u64, kwnames: Word, out: *mut Word) -> Ret {
            let n = crate::function::code_of(f).param_count() as usize;
            // SAFETY: compiled code passes room for all parameters.
            let out = if n == 0 { &mut [][..] } else { unsafe { core::slice::from_raw_parts_mut(out, n) } };
            ret_done(rt.bind_arguments(f, call_words(args, nargs, kwnames), kwnames, out))
        }
        iter(rt, w: Word) -> Ret { ret(rt.iter(w)) }
        range_iter(rt, callee: Word, a: Word, b: Word, c: Word) -> Ret { ret(rt.iter_range(callee, [a, b, c])) }
        next(rt, it: Word) -> Ret {
            match rt.next(it) {
                Ok(v) => Ret::ok(v.map_or(Word::UNBOUND, Owned::into_word)),
                Err(Raised) => Ret::ERR,
            }
        }
        unpack(rt, w: Word, n: u64, out: *mut Word) -> Ret { ret_done(super::unpack(rt, w, n as usize, out)) }
        unpack_ex(rt, w: Word, before: u64, after: u64, out: *mut Word) -> Ret {
            ret_done(super::unpack_ex(rt, w, before as usize, after as usize, out))
        }

        list_new(rt, items: *const Word, n: u64) -> Word { rt.new_list(take(items, n)).into_word() }
        tuple_new(rt, items: *const Word, n: u64) -> Word {
            if n == 0 {
                return Owned::share(rt.empty_tuple).into_word();
            }
            rt.alloc_tuple(ClassId::TUPLE, n as usize, words(items, n).iter().copied()).into_word()
        }
        set_new(rt, items: *const Word, n: u64) -> Ret { ret(rt.new_set(words(items, n))) }
        set_literal(rt, items: *const Word, n: u64, frozen: u64) -> Ret {
            ret(rt.set_literal(words(items, n), frozen != 0))
        }
        dict_new(rt, pairs: *const Word, n: u64) -> Ret {
            let d = rt.new_dict();
            for pair in words(pairs, 2 * n).chunks_exact(2) {
                if rt.dict_set(d.word(), pair[0], pair[1]).is_err() {
                    return Ret::ERR;
                }
            }
            Ret::ok(d.into_word())
        }
        list_append(rt, list: Word, item: Word) { rt.list_append(list, Owned::share(item)) }
        list_extend(rt, list: Word, iterable: Word) -> Ret {
            let r = match rt.list_extend(list, iterable) {
                Err(Raised) if rt.pending_is(exc::TYPE_ERROR) && rt.special(rt.class_of(iterable), Name::ITER).is_unbound()
                    && rt.special(rt.class_of(iterable), Name::GETITEM).is_unbound() => {
                    rt.clear_exception();
                    let msg = format!("Value after * must be an iterable, not {}", rt.type_name(iterable));
                    Err(rt.type_error(msg))
                }
                other => other,
            };
            ret_done(r)
        }
        list_to_tuple(rt, list: Word) -> Word { rt.new_tuple_of(list_items(list)).into_word() }
        set_add(rt, set: Word, item: Word) -> Ret { ret_done(rt.set_add(set, item)) }
        set_update(rt, set: Word, iterable: Word) -> Ret { ret_done(rt.set_update(set, iterable)) }
        dict_insert(rt, d: Word, k: Word, v: Word) -> Ret { ret_done(rt.dict_set(d, k, v)) }
        dict_update(rt, d: Word, source: Word) -> Ret {
            if !rt.is_dict(source) && !matches!(rt.getattr_opt(source, "keys"), Ok(Some(_))) {
                let msg = format!("'{}' object is not a mapping", rt.type_name(source));
                rt.type_error(msg);
                return Ret::ERR;
            }
            ret_done(crate::dict_class::update_from(rt, d, source, "update"))
        }
        dict_merge(rt, d: Word, source: Word, f: Word) -> Ret { ret_done(super::dict_merge(rt, d, source, f)) }
        format_value(rt, w: Word, conversion: u64, spec: Word) -> Ret {
            let converted = match conversion as u8 {
                b's' => rt.str(w),
                b'r' => rt.repr(w),
                b'a' => rt.ascii(w),
                _ => Ok(Owned::share(w)),
            };
            ret(converted.and_then(|v| {
                if spec.is_unbound() {
                    if rt.is_str(v.word()) && rt.class_of(v.word()) == ClassId::STR {
                        return Ok(v);
                    }
                    let empty = rt.name(Name::EMPTY);
                    return rt.format(v.word(), empty);
                }
                rt.format(v.word(), spec)
            }))
        }
        str_join(rt, parts: *const Word, n: u64) -> Word { join(rt, words(parts, n)).into_word() }

        function_new(rt, code: *const CodeDesc, closure: Word, defaults: Word, kwdefaults: Word, annotate: Word) -> Word {
            let p = rt.alloc_object(ClassId::FUNCTION, size_of::<FunctionObj>()).cast::<FunctionObj>();
            // SAFETY: freshly allocated for this layout.
            unsafe {
                (*p).code = code;
                (*p).closure = closure;
                (*p).defaults = defaults;
                (*p).kwdefaults = kwdefaults;
                (*p).annotate = annotate;
            }
            Word::from_ptr(p)
        }
        cell_new(rt, value: Word) -> Word { rt.new_cell(value).into_word() }
        build_class(rt, site: u64, body: Word, name: Word, bases: Word, kwargs: Word) -> Ret {
            ret(crate::build_class::build_class(rt, Some(site as usize), body, name, bases, kwargs))
        }
        namespace_get(rt, ns: Word, name: Word) -> Ret {
            if rt.class_of(ns) == ClassId::DICT {
                return Ret::ok(rt.dict_get_name(ns, name).map_or(Word::UNBOUND, |w| Owned::share(w).into_word()));
            }
            match rt.getitem(ns, name) {
                Ok(v) => Ret::ok(v.into_word()),
                Err(Raised) if rt.pending_is(exc::KEY_ERROR) => {
                    rt.clear_exception();
                    Ret::ok(Word::UNBOUND)
                }
                Err(Raised) => Ret::ERR,
            }
        }
        namespace_set(rt, ns: Word, name: Word, value: Word) -> Ret {
            ret_done(rt.setitem(ns, name, value))
        }
        namespace_del(rt, ns: Word, name: Word) -> Ret { ret_done(rt.delitem(ns, name)) }
        builtin_get(rt, name: Word) -> Ret {
            let builtins = crate::startup::builtins(rt);
            match rt.module_get(builtins.word(), name) {
                Some(v) => Ret::ok(v.into_word()),
                None => {
                    super::name_error(rt, name, 0);
                    Ret::ERR
                }
            }
        }
        name_error(rt, name: Word, kind: u64) -> Ret {
            super::name_error(rt, name, kind);
            Ret::ERR
        }
        import_module(rt, index: u64) -> Ret { ret(rt.import_program(index as usize)) }
        import_native(rt, desc: *const NativeModuleDesc) -> Ret {
            // SAFETY: compiled code passes the address of an exported, static descriptor.
            ret(rt.import_native(unsafe { &*desc }))
        }
        import_from(rt, module: Word, name: Word) -> Ret { ret(rt.import_from(module, name)) }
        super_new(rt, class: Word, this: Word) -> Ret { ret(crate::descriptor::new_super(rt, class, this)) }

        raise(rt, e: Word, cause: Word) -> Ret {
            rt.raise_from(e, cause);
            Ret::ERR
        }
        raise_again(rt) -> Ret {
            match rt.handled.last().cloned() {
                Some(e) if e.word().is_object() => rt.set_pending(e),
                _ => {
                    rt.runtime_error("No active exception to reraise");
                }
            }
            Ret::ERR
        }
        throw(rt, e: Word) {
            // SAFETY: the entry consumes its argument.
            rt.set_pending(unsafe { Owned::from_word(e) });
        }
        catch(rt) -> Word { rt.take_exception().into_word() }
        traceback_add(rt, code: *const CodeDesc, position: u64) { rt.add_traceback(code, position) }
        handled_push(rt, e: Word) { rt.handled.push(Owned::share(e)) }
        handled_pop(rt) { drop(rt.handled.pop()) }
        exception_match(rt, e: Word, class: Word) -> Ret { ret_truth(rt.exception_matches(e, class)) }
        group_split(rt, e: Word, class: Word) -> Ret { ret(crate::groups::split_for_handler(rt, e, class)) }
        group_reraise(rt, original: Word, raised: Word) -> Ret { ret(crate::groups::reraise(rt, original, raised)) }
        more_depth(rt) -> Ret { ret_done(rt.more_depth()) }
        recursion_error(rt) -> Ret {
            rt.too_deep("");
            Ret::ERR
        }
        poll(rt) -> Ret { ret_done(rt.poll()) }
        assert_fail(rt, message: Word) -> Ret {
            let args = [message];
            rt.raise_args(exc::ASSERTION_ERROR, if message.is_unbound() { &[] } else { &args });
            Ret::ERR
        }
        with_enter(rt, manager: Word, out: *mut Word) -> Ret {
            ret(super::with_enter(rt, manager).map(|(entered, exit)| {
                // SAFETY: compiled code passes room for one word.
                unsafe { out.write(exit.into_word()) };
                entered
            }))
        }
        with_exit(rt, exit: Word, e: Word) -> Ret {
            let r = if e.is_none() {
                rt.call(exit, &[Word::NONE; 3])
            } else {
                let class = rt.class_word(rt.class_of(e));
                let tb = Owned::share(crate::api::field(e, crate::exception::TRACEBACK));
                rt.call(exit, &[class, e, tb.word()])
            };
            ret_truth(r.and_then(|v| rt.truth(v.word())))
        }

        match_sequence(rt, w: Word) -> u64 {
            u64::from(rt.class(rt.class_of(w)).has(crate::native::ClassSpec::SEQUENCE))
        }
        match_mapping(rt, w: Word) -> u64 {
            u64::from(rt.class(rt.class_of(w)).has(crate::native::ClassSpec::MAPPING))
        }
        match_keys(rt, w: Word, keys: Word) -> Ret { ret(crate::matching::match_keys(rt, w, keys)) }
        match_class(rt, w: Word, class: Word, count: u64, names: Word) -> Ret {
            ret(crate::matching::match_class(rt, w, class, count as usize, names))
        }
        generator_new(rt, code: *const CodeDesc, resume: ResumeFn, n: u64, function: Word) -> Word {
            rt.new_generator(code, resume, n as usize, function).into_word()
        }
        delegate_step(rt, generator: Word, sent: Word, mode: u64) -> Ret { rt.delegate_step(generator, sent, mode) }
    }
}

/// Takes over the words of an array.
fn take(p: *const Word, n: u64) -> Vec<Owned> {
    // SAFETY: the entries that use this consume their items.
    words(p, n).iter().map(|&w| unsafe { Owned::from_word(w) }).collect()
}

/// Concatenation of strings.
fn join(rt: &mut Isolate, parts: &[Word]) -> Owned {
    let bytes = parts.iter().map(|&p| str_bytes(p).len()).sum();
    let chars = parts.iter().map(|&p| crate::api::str_char_len(p)).sum();
    if bytes <= 1 {
        let all: Vec<u8> = parts.iter().flat_map(|&p| str_bytes(p).iter().copied()).collect();
        return rt.new_str_counted(&all, chars);
    }
    let mut out = StrWriter::new(rt, bytes, chars);
    for &p in parts {
        out.push(str_bytes(p));
    }
    out.finish()
}

fn unpack_items(rt: &mut Isolate, w: Word, limit: usize) -> PyResult<Vec<Owned>> {
    if matches!(rt.class_of(w), ClassId::LIST | ClassId::TUPLE) {
        return rt.collect(w);
    }
    if rt.special(rt.class_of(w), Name::ITER).is_unbound() && rt.special(rt.class_of(w), Name::GETITEM).is_unbound() {
        let msg = format!("cannot unpack non-iterable {} object", rt.type_name(w));
        return Err(rt.type_error(msg));
    }
    let it = rt.iter(w)?;
    let mut items = Vec::new();
    while items.len() < limit {
        match rt.next(it.word())? {
            Some(v) => items.push(v),
            None => break,
        }
    }
    Ok(items)
}

fn unpack(rt: &mut Isolate, w: Word, n: usize, out: *mut Word) -> PyResult<()> {
    let held = match rt.class_of(w) {
        ClassId::TUPLE => tuple_items(w),
        ClassId::LIST => list_items(w),
        _ => &[],
    };
    if held.len() == n && n > 0 {
        for (i, &item) in held.iter().enumerate() {
            // SAFETY: compiled code passes room for `n` words.
            unsafe { out.add(i).write(Owned::share(item).into_word()) };
        }
        return Ok(());
    }
    let items = unpack_items(rt, w, n + 1)?;
    let got = items.len();
    if got < n {
        return Err(rt.value_error(format!("not enough values to unpack (expected {n}, got {got})")));
    }
    if got > n {
        return Err(rt.value_error(format!("too many values to unpack (expected {n})")));
    }
    write_out(items, out);
    Ok(())
}

fn write_out(items: Vec<Owned>, out: *mut Word) {
    for (i, item) in items.into_iter().enumerate() {
        // SAFETY: compiled code passes room for the words it asked for.
        unsafe { out.add(i).write(item.into_word()) };
    }
}

fn unpack_ex(rt: &mut Isolate, w: Word, before: usize, after: usize, out: *mut Word) -> PyResult<()> {
    let mut items = unpack_items(rt, w, usize::MAX)?;
    let got = items.len();
    if got < before + after {
        let wanted = before + after;
        return Err(rt.value_error(format!("not enough values to unpack (expected at least {wanted}, got {got})")));
    }
    let tail = items.split_off(got - after);
    let middle = items.split_off(before);
    items.push(rt.new_list(middle));
    items.extend(tail);
    write_out(items, out);
    Ok(())
}

fn callee_text(rt: &mut Isolate, f: Word) -> String {
    match rt.getattr_opt(f, "__qualname__") {
        Ok(Some(q)) if rt.is_str(q.word()) => {
            let module = match rt.getattr_opt(f, "__module__") {
                Ok(Some(m)) if rt.is_str(m.word()) && str_bytes(m.word()) != b"builtins" => {
                    format!("{}.", str_text(m.word()))
                }
                _ => String::new(),
            };
            format!("{module}{}()", str_text(q.word()))
        }
        _ => rt.repr_text(f).unwrap_or_default(),
    }
}

fn dict_merge(rt: &mut Isolate, d: Word, source: Word, f: Word) -> PyResult<()> {
    let mapping = if rt.is_dict(source) {
        Owned::share(source)
    } else {
        if rt.getattr_opt(source, "keys")?.is_none() {
            let msg =
                format!("{} argument after ** must be a mapping, not {}", callee_text(rt, f), rt.type_name(source));
            return Err(rt.type_error(msg));
        }
        let copy = rt.new_dict();
        crate::dict_class::update_from(rt, copy.word(), source, "update")?;
        copy
    };
    for (k, v) in rt.dict_items(mapping.word()) {
        if !rt.is_str(k.word()) {
            return Err(rt.type_error("keywords must be strings"));
        }
        if rt.dict_get(d, k.word())?.is_some() {
            let msg =
                format!("{} got multiple values for keyword argument '{}'", callee_text(rt, f), str_text(k.word()));
            return Err(rt.type_error(msg));
        }
        rt.dict_set(d, k.word(), v.word())?;
    }
    Ok(())
}

fn name_error(rt: &mut Isolate, name: Word, kind: u64) -> Raised {
    let text = str_text(name).into_owned();
    let (class, msg) = match kind {
        1 => {
            let msg = format!("cannot access local variable '{text}' where it is not associated with a value");
            (exc::UNBOUND_LOCAL_ERROR, msg)
        }
        2 => {
            let msg = format!(
                "cannot access free variable '{text}' where it is not associated with a value in enclosing scope"
            );
            (exc::NAME_ERROR, msg)
        }
        _ => (exc::NAME_ERROR, format!("name '{text}' is not defined")),
    };
    let r = rt.raise(class, msg);
    if kind == 0 {
        crate::exception::set_extra(rt.ctx.exception, 0, name);
    }
    r
}

fn with_enter(rt: &mut Isolate, manager: Word) -> PyResult<(Owned, Owned)> {
    let class = rt.class_of(manager);
    let (enter, exit) = (rt.special(class, Name::ENTER), rt.special(class, Name::EXIT));
    if enter.is_unbound() || exit.is_unbound() {
        let name = rt.type_name(manager);
        let tail = if enter.is_unbound() { "" } else { " (missed __exit__ method)" };
        return Err(rt.type_error(format!("'{name}' object does not support the context manager protocol{tail}")));
    }
    let owner = rt.class_word(class);
    let exit = rt.descr_get(exit, manager, owner)?;
    let entered = rt.call_special(enter, manager, &[])?;
    Ok((entered, exit))
}

impl Isolate {
    /// Runs pending signal handlers and collections (after EINTR, in long loops).
    pub fn poll(&mut self) -> PyResult<()> {
        let pending = self.take_pending_work(u64::MAX);
        if pending & PENDING_COLLECTION != 0 {
            self.collect_cycles();
        }
        if pending & PENDING_INTERRUPT != 0 {
            self.keyboard_interrupt()?;
        }
        self.metered()
    }

    /// One more call or turn of a loop, where there are budgets.
    #[inline]
    fn metered(&mut self) -> PyResult<()> {
        if !self.claude.meter_runs() {
            return Ok(());
        }
        self.ask_for_calls(PENDING_METER);
        crate::claude::limits::step(self)
    }

    /// KeyboardInterrupt if one waits, and what budgets say; unlike [`Isolate::poll`] it collects nothing.
    pub(crate) fn interrupted(&mut self) -> PyResult<()> {
        if self.take_pending_work(PENDING_INTERRUPT) != 0 {
            self.keyboard_interrupt()?;
        }
        self.metered()
    }

    /// What Ctrl-C does: a debugger stops the program, otherwise it is raised.
    #[cold]
    fn keyboard_interrupt(&mut self) -> PyResult<()> {
        if self.claude.takes_interrupt() { Ok(()) } else { Err(self.raise_args(exc::KEYBOARD_INTERRUPT, &[])) }
    }
}

macro_rules! address_table {
    ($(($variant:ident, $name:ident, ($($p:ident)*), $r:ident))*) => {
        /// Address of a runtime function.
        pub fn runtime_address(f: RtFn) -> *const u8 {
            match f {
                $(RtFn::$variant => exported::$name as *const u8),*
            }
        }
    };
}
molt_abi::for_each_runtime_function!(address_table);

macro_rules! native_table {
    ($(($name:literal, $symbol:ident))*) => {
        /// Address of the descriptor of a native module, by its index in
        /// [`molt_abi::modules::NATIVE_MODULES`].
        pub fn native_module_address(index: usize) -> *const u8 {
            let table: &[*const NativeModuleDesc] = &[$(&raw const crate::modules::exports::$symbol),*];
            table[index].cast()
        }
    };
}
molt_abi::for_each_native_module!(native_table);
