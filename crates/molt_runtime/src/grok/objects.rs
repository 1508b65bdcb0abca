//! Objects of an isolate, as the code of GrokLang on its stack makes and reads them.
//!
//! The entries are what the library's `across.grok` is written in. An exception that one of them raises waits in the
//! state, and the code panics without a report; the call across that it belongs to raises it again.
//!
//! An object of a class that stands for a type of GrokLang holds a value ([`Held`]) and lends it: to any number of readers, or
//! to one that changes it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use molt_abi::{ClassId, Context, Word};

use super::panics::LastPanic;
use super::{SourcePlace, State, across, bytes};
use crate::api::{CompareOp, bytes_slice, list_items, native, str_bytes, try_native, tuple_items};
use crate::native::{ClassSpec, NativeData};
use crate::text::wtf8;
use crate::{Isolate, Owned, PyResult, exc};

/// Where variables of modules are that were looked up last.
#[derive(Default)]
pub struct Found(Vec<Option<Variable>>);

/// A variable of a module, and its slot.
struct Variable {
    module: Box<str>,
    name: Box<str>,
    slot: usize,
}

/// Most variables whose places are kept; a power of two.
const KEPT: usize = 256;

impl Found {
    /// The place for a pair of texts. It follows from where they are, so that texts of the program, which stay there, are
    /// found without a look at each byte; what is at the place is compared.
    fn place(module: &str, name: &str) -> usize {
        let word = |text: &str| text.as_ptr() as usize ^ text.len();
        (word(module) ^ word(name).rotate_left(7)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (KEPT - 1)
    }

    fn slot(&self, module: &str, name: &str) -> Option<usize> {
        let known = self.0.get(Found::place(module, name))?.as_ref()?;
        (*known.name == *name && *known.module == *module).then_some(known.slot)
    }

    fn keep(&mut self, module: &str, name: &str, slot: usize) {
        if self.0.is_empty() {
            self.0.resize_with(KEPT, || None);
        }
        self.0[Found::place(module, name)] = Some(Variable { module: module.into(), name: name.into(), slot });
    }
}

/// The base of the classes that stand for types of GrokLang.
pub(super) static VALUE: ClassSpec = ClassSpec::new("grok", "Value").flags(ClassSpec::BASETYPE | ClassSpec::NO_NEW);

/// A value of GrokLang.
struct Held {
    state: *mut State,
    of: u64,
    /// Null when it was taken out.
    address: *mut u8,
    /// Drops the value and frees its memory.
    end: unsafe extern "C" fn(*mut Context, *mut u8) -> u64,
    /// Readers, or -1 for one that changes it.
    lent: i64,
}

impl NativeData for Held {
    fn traverse(&self, _: &mut dyn FnMut(Word)) {}
    fn clear(&mut self) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.address.is_null() {
            // SAFETY: the object owned the value, and nobody has it lent: loans keep the object alive.
            unsafe {
                if (self.end)(self.state.cast(), self.address) != 0 {
                    let report = (*self.state).last_panic.report();
                    (*self.state).eprint(&report);
                }
            }
        }
    }
}

/// The classes that stand for types, by type and variant; the object itself for a variant that has just one.
#[derive(Default)]
struct Known(BTreeMap<(u64, u64), Owned>);

/// The isolate on the stack of a state.
///
/// # Safety
/// The state is that of an isolate's stack.
unsafe fn isolate<'a>(me: *mut State) -> &'a mut Isolate {
    // SAFETY: by the caller's promise, the other context is the isolate's.
    unsafe { Isolate::from_ctx((*me).ctx.across) }
}

/// What an operation of the isolate gave; on failure 0, and the exception waits in the state.
fn outcome(me: *mut State, work: impl FnOnce(&mut Isolate) -> PyResult<u64>) -> u64 {
    // SAFETY: only code on an isolate's stack has objects.
    let rt = unsafe { isolate(me) };
    match work(rt) {
        Ok(value) => value,
        Err(crate::Raised) => {
            let exception = rt.take_exception().into_word();
            // SAFETY: the state is this stack's own. What waited before is given up for the later one.
            let before = unsafe {
                let place = (*me).operated_at.as_ref().map(|p| p.text().into_bytes()).unwrap_or_default();
                (*me).last_panic = LastPanic { place, ..LastPanic::default() };
                core::mem::replace(&mut (*me).waiting, exception)
            };
            if !before.is_unbound() {
                // SAFETY: the state owned the reference.
                drop(unsafe { Owned::from_word(before) });
            }
            0
        }
    }
}

fn made(w: Owned) -> PyResult<u64> {
    Ok(w.into_word().0)
}

/// An object that is not what is wanted.
fn mismatch<T>(rt: &mut Isolate, w: Word, wanted: &str) -> PyResult<T> {
    let name = rt.type_name(w);
    Err(rt.type_error(format!("expected {wanted}, not {name}")))
}

const LIST: u64 = 0;
const TUPLE: u64 = 1;
const SET: u64 = 2;

/// A tuple of the items of a collection.
fn items(rt: &mut Isolate, w: Word, kind: u64) -> PyResult {
    let class = rt.class_of(w);
    let found: Vec<Owned> = match (kind, class) {
        (LIST, ClassId::LIST) => list_items(w).iter().map(|&i| Owned::share(i)).collect(),
        (LIST | TUPLE, ClassId::TUPLE) => return Ok(Owned::share(w)),
        (SET, ClassId::SET | ClassId::FROZENSET) => rt.set_items(w),
        (LIST, _) => return mismatch(rt, w, "a list"),
        (TUPLE, _) => return mismatch(rt, w, "a tuple"),
        (SET, _) => return mismatch(rt, w, "a set"),
        _ if rt.is_dict(w) => rt.dict_items(w).into_iter().flat_map(|(k, v)| [k, v]).collect(),
        _ => return mismatch(rt, w, "a dict"),
    };
    Ok(rt.new_tuple(found))
}

fn build(rt: &mut Isolate, kind: u64, words: Vec<Owned>) -> PyResult {
    match kind {
        LIST => Ok(rt.new_list(words)),
        TUPLE => Ok(rt.new_tuple(words)),
        SET => {
            let list = rt.new_tuple(words);
            let class = rt.class_word(ClassId::SET);
            rt.call(class, &[list.word()])
        }
        _ => {
            let dict = rt.new_dict();
            for pair in words.chunks(2) {
                rt.dict_set(dict.word(), pair[0].word(), pair[1].word())?;
            }
            Ok(dict)
        }
    }
}

/// Lends the value of an object.
fn held(rt: &mut Isolate, w: Word, of: u64, how: u64) -> PyResult<u64> {
    let Some(mut held) = try_native::<Held>(rt, w).filter(|h| h.of == of) else {
        let wanted = rt.state::<Known>().0.get(&(of, 0)).cloned();
        let wanted = wanted.map_or_else(|| "another class".into(), |c| rt.class_name(rt.class_id(c.word())));
        return mismatch(rt, w, &wanted);
    };
    if held.address.is_null() {
        let name = rt.type_name(w);
        return Err(rt.value_error(format!("the value of this {name} was moved to a function that took it")));
    }
    let free = if how == 0 { held.lent >= 0 } else { held.lent == 0 };
    if !free {
        let name = rt.type_name(w);
        let what = if held.lent < 0 { "being changed" } else { "in use" };
        return Err(rt.runtime_error(format!("this {name} is {what} by a call that has not ended")));
    }
    let address = held.address as u64;
    match how {
        0 => held.lent += 1,
        1 => held.lent = -1,
        _ => held.address = core::ptr::null_mut(),
    }
    Ok(address)
}

/// A callable of GrokLang: its value, and what calls it with the words of its operands.
struct Callable {
    state: *mut State,
    address: *mut u8,
    entry: CallEntry,
    end: End,
}

/// Drops a value and frees its memory.
type End = unsafe extern "C" fn(*mut Context, *mut u8) -> u64;
/// Calls a callable at an address with so many words; the word that it gives, and whether it panicked.
type CallEntry = unsafe extern "C" fn(*mut Context, *mut u8, *const Word, u64) -> Called;

#[repr(C)]
struct Called {
    word: u64,
    panicked: u64,
}

impl NativeData for Callable {}

impl Drop for Callable {
    fn drop(&mut self) {
        // SAFETY: the object owned the value.
        unsafe {
            if (self.end)(self.state.cast(), self.address) != 0 {
                let report = (*self.state).last_panic.report();
                (*self.state).eprint(&report);
            }
        }
    }
}

/// The class of closures of GrokLang that others call.
static FUNCTION: ClassSpec =
    ClassSpec::new("grok", "Function").flags(ClassSpec::NO_NEW).call(|rt, this, args, names| {
        if !names.is_unbound() && !tuple_items(names).is_empty() {
            return Err(rt.type_error("a function of GrokLang takes no keyword arguments here"));
        }
        let _keep = Owned::share(this);
        let called = {
            let me = native::<Callable>(this);
            let (state, address, entry) = (me.state, me.address, me.entry);
            // SAFETY: the object owns the value, and is kept during the call.
            unsafe { entry(state.cast(), address, args.as_ptr(), args.len() as u64) }
        };
        if called.panicked != 0 {
            return Err(across::panicked(rt));
        }
        // SAFETY: the code gives a word of its own.
        Ok(unsafe { Owned::from_word(Word(called.word)) })
    });

/// Work of code on objects: what panics below is an exception to it.
fn without_reports(me: *mut State, work: impl FnOnce(&mut Isolate) -> PyResult<u64>) -> u64 {
    // SAFETY: the state is this stack's own.
    let before = unsafe { core::mem::replace(&mut (*me).reports, false) };
    let result = outcome(me, work);
    // SAFETY: as above.
    unsafe { (*me).reports = before };
    result
}

/// A call with operands some of which may be absent. `names` are those of the parameters, with commas between; from the one
/// with `*` before it on, they are passed by name. No names: all by position.
fn invoke(rt: &mut Isolate, callee: Word, args: &[Word], names: &str) -> PyResult {
    if names.is_empty() {
        return rt.call(callee, args);
    }
    let mut positional = Vec::new();
    let mut by_name = Vec::new();
    let mut is_named = false;
    for (&arg, name) in args.iter().zip(names.split(',')) {
        is_named |= arg.is_unbound() || name.starts_with('*');
        match is_named {
            false => positional.push(arg),
            true if arg.is_unbound() => {}
            true => by_name.push((name.trim_start_matches('*'), arg)),
        }
    }
    rt.call_kw(callee, &positional, &by_name)
}

/// Operations on objects, by their numbers in the library.
fn apply(rt: &mut Isolate, what: u64, a: Word, b: Word) -> PyResult<u64> {
    match what {
        0 => rt.str(a).and_then(made),
        1 => rt.repr(a).and_then(made),
        2 => rt.getitem(a, b).and_then(made),
        3 => rt.iter(a).and_then(made),
        4 => made(rt.next(a)?.unwrap_or_else(|| Owned::share(Word::UNBOUND))),
        5 => made(Owned::share(Word::from_bool(rt.compare_truth(CompareOp::Eq, a, b)?))),
        6 => made(Owned::share(Word::from_bool(rt.compare_truth(CompareOp::Lt, a, b)?))),
        7 => {
            let n = rt.len(a)?;
            made(rt.new_int(n as i64))
        }
        8 => made(Owned::share(Word::from_bool(rt.truth(a)?))),
        9 => {
            let hash = rt.hash(a)?;
            made(rt.new_int(hash))
        }
        _ => {
            let class = rt.class_id(b);
            if rt.is_instance(a, class) {
                return Ok(1);
            }
            let wanted = rt.class_name(class);
            mismatch(rt, a, &wanted)
        }
    }
}

/// A text that the library passes.
///
/// # Safety
/// `n` bytes of UTF-8 lie at `p`, for longer than the text is used.
unsafe fn text<'a>(p: u64, n: u64) -> &'a str {
    // SAFETY: by the caller's promise.
    unsafe { core::str::from_utf8_unchecked(bytes(p, n)) }
}

/// Words that a call consumes.
///
/// # Safety
/// `n` owned words lie at `p`.
unsafe fn taken(p: u64, n: u64) -> Vec<Owned> {
    // SAFETY: by the caller's promise.
    (0..n as usize).map(|i| unsafe { Owned::from_word((p as *const Word).add(i).read()) }).collect()
}

/// Writes what a conversion gave, for code that passes a variable of its own.
fn put<T>(out: u64, value: T) -> PyResult<u64> {
    // SAFETY: the library passes the address of a variable of the right type.
    unsafe { (out as *mut T).write(value) };
    Ok(1)
}

entries! {
    grok_object_share(_me, w) { core::mem::forget(Owned::share(Word(w))) }
    grok_object_release(_me, w) {
        // SAFETY: the library gives up a reference of its own.
        drop(unsafe { Owned::from_word(Word(w)) })
    }
    grok_object_call(me, callee, words, n) -> u64 {
        // SAFETY: the library passes words that it gives away.
        let args = unsafe { taken(words, n) };
        outcome(me, |rt| {
            let args: Vec<Word> = args.iter().map(Owned::word).collect();
            rt.call(Word(callee), &args).and_then(made)
        })
    }
    grok_object_here(me) -> u64 {
        // SAFETY: the state is this stack's own.
        u64::from(unsafe { (*me).isolate.is_some() })
    }
    grok_object_elsewhere(me, environment, entry, place) -> u64 {
        // SAFETY: the library passes a function of its own that takes what is passed with it; the stack has no isolate.
        unsafe {
            let entry = core::mem::transmute::<u64, unsafe extern "C" fn(*mut Context, u64) -> u64>(entry);
            across::have_done(me, entry, environment, place)
        }
    }
    grok_object_find(me, module, m, name, n) -> u64 {
        // SAFETY: the library passes texts.
        let (path, name) = unsafe { (text(module, m), text(name, n)) };
        // SAFETY: the state is this stack's own, beside an isolate.
        let (rt, found) = unsafe { (isolate(me), &mut (*me).found) };
        let known = found.slot(path, name).map_or(Word::UNBOUND, |slot| rt.globals[slot]);
        if !known.is_unbound() {
            return Owned::share(known).into_word().0;
        }
        outcome(me, |rt| {
            let module = rt.import(path)?;
            if name.is_empty() {
                return made(module);
            }
            let value = rt.getattr(module.word(), name)?;
            let interned = rt.intern(name);
            if let Some(slot) = rt.module_slot(module.word(), interned) {
                // SAFETY: as above.
                unsafe { (*me).found.keep(path, name, slot) }
            }
            made(value)
        })
    }
    grok_object_invoke(me, callee, words, n, names, len) -> u64 {
        // SAFETY: the library passes words that it keeps, and a text.
        let (args, names) = unsafe { (core::slice::from_raw_parts(words as *const Word, n as usize), text(names, len)) };
        without_reports(me, |rt| invoke(rt, Word(callee), args, names).and_then(made))
    }
    grok_object_apply(me, what, a, b) -> u64 {
        without_reports(me, |rt| apply(rt, what, Word(a), Word(b)))
    }
    grok_object_attribute(me, w, name, n) -> u64 {
        // SAFETY: the library passes a text.
        let name = unsafe { text(name, n) };
        without_reports(me, |rt| rt.getattr(Word(w), name).and_then(made))
    }
    grok_object_set_attribute(me, w, name, n, value) -> u64 {
        // SAFETY: as above.
        let name = unsafe { text(name, n) };
        without_reports(me, |rt| rt.setattr(Word(w), name, Word(value)).map(|()| 1))
    }
    grok_object_absent(_me) -> u64 { Word::UNBOUND.0 }
    grok_object_at(me, place) {
        // SAFETY: the state is this stack's own; the place is static data of the compiler.
        unsafe { (*me).operated_at = place as *const SourcePlace }
    }
    grok_object_failure(me, which, out) -> u64 {
        // SAFETY: the state is this stack's own; the library passes a variable for an address.
        unsafe {
            let waiting = (*me).waiting;
            if waiting.is_unbound() {
                return 0;
            }
            (*me).answer = across::part(isolate(me), waiting, which).into_bytes();
            (out as *mut u64).write((*me).answer.as_ptr() as u64);
            (*me).answer.len() as u64 + 1
        }
    }
    grok_object_forget(me) {
        // SAFETY: the state is this stack's own, and knows how.
        unsafe {
            if let Some(beside) = (*me).isolate {
                (beside.forget)(&mut *me);
            }
        }
    }
    grok_object_callable(me, address, entry, end) -> u64 {
        outcome(me, |rt| {
            // SAFETY: the library passes functions of its own: one takes an address and words, the other an address.
            let (entry, end) = unsafe { (core::mem::transmute::<u64, CallEntry>(entry), core::mem::transmute::<u64, End>(end)) };
            let class = rt.class_for(&FUNCTION);
            made(rt.new_native(class, Box::new(Callable { state: me, address: address as *mut u8, entry, end })))
        })
    }
    grok_object_items(me, w, kind) -> u64 { outcome(me, |rt| items(rt, Word(w), kind).and_then(made)) }
    grok_object_len(_me, w) -> u64 { tuple_items(Word(w)).len() as u64 }
    grok_object_item(_me, w, i) -> u64 { tuple_items(Word(w))[i as usize].0 }
    grok_object_build(me, kind, words, n) -> u64 {
        // SAFETY: as for the call.
        let words = unsafe { taken(words, n) };
        outcome(me, |rt| build(rt, kind, words).and_then(made))
    }
    grok_object_error(me, p, n) {
        outcome(me, |rt| {
            // SAFETY: the library passes a text.
            let text = unsafe { text(p, n) };
            let class = across::error_class(rt);
            Err(across::raise_with_text(rt, class, text))
        });
    }
    grok_object_mismatch(me, w, p, n) {
        // SAFETY: as above.
        let wanted = unsafe { text(p, n) };
        outcome(me, |rt| mismatch(rt, Word(w), wanted));
    }
    grok_object_int(me, w, bits, signed, out) -> u64 {
        outcome(me, |rt| across::integer(rt, Word(w), bits, signed != 0).and_then(|v| put(out, v)))
    }
    grok_object_wide(me, w, signed, out) -> u64 {
        outcome(me, |rt| {
            let i = rt.index(Word(w))?;
            let (i128, u128) = (crate::num::int::to_i128(i.word()), crate::num::int::to_u128(i.word()));
            match (signed != 0, i128, u128) {
                (true, Some(v), _) => put(out, v),
                (false, _, Some(v)) => put(out, v),
                _ => {
                    let prefix = if signed != 0 { 'i' } else { 'u' };
                    let text = rt.str_text(i.word()).unwrap_or_default();
                    Err(rt.raise(exc::OVERFLOW_ERROR, format!("{text} does not fit in `{prefix}128`")))
                }
            }
        })
    }
    grok_object_float(me, w, out) -> u64 { outcome(me, |rt| rt.to_f64(Word(w)).and_then(|v| put(out, v))) }
    grok_object_bool(me, w, out) -> u64 {
        outcome(me, |rt| match Word(w) {
            Word::TRUE => put(out, 1u64),
            Word::FALSE => put(out, 0u64),
            w => mismatch(rt, w, "a bool"),
        })
    }
    grok_object_text(me, w, p, n) -> u64 {
        outcome(me, |rt| {
            let w = Word(w);
            if !rt.is_str(w) {
                return mismatch(rt, w, "a str");
            }
            let text = str_bytes(w);
            if wtf8::has_surrogate(text) {
                return Err(rt.value_error("a str with surrogates is no text of GrokLang"));
            }
            put(p, text.as_ptr())?;
            put(n, text.len())
        })
    }
    grok_object_bytes(me, w, p, n) -> u64 {
        outcome(me, |rt| {
            let w = Word(w);
            if rt.class_of(w) != ClassId::BYTES {
                return mismatch(rt, w, "bytes");
            }
            let data = bytes_slice(w);
            put(p, data.as_ptr())?;
            put(n, data.len())
        })
    }
    grok_object_is_bytes(me, w) -> u64 {
        // SAFETY: only code on an isolate's stack has objects.
        u64::from(unsafe { isolate(me) }.class_of(Word(w)) == ClassId::BYTES)
    }
    grok_object_none(_me) -> u64 { Word::NONE.0 }
    grok_object_of_int(me, n) -> u64 { outcome(me, |rt| made(rt.new_int(n as i64))) }
    grok_object_of_unsigned(me, n) -> u64 { outcome(me, |rt| made(crate::num::int::from_u64(rt, n))) }
    grok_object_of_wide(me, signed, p) -> u64 {
        outcome(me, |rt| {
            // SAFETY: the library passes the address of a variable of the right type.
            made(match signed != 0 {
                true => crate::num::int::from_i128(rt, unsafe { (p as *const i128).read() }),
                false => crate::num::int::from_u128(rt, unsafe { (p as *const u128).read() }),
            })
        })
    }
    grok_object_of_float(me, bits) -> u64 { outcome(me, |rt| made(rt.new_float(f64::from_bits(bits)))) }
    grok_object_of_bool(_me, bit) -> u64 { if bit != 0 { Word::TRUE.0 } else { Word::FALSE.0 } }
    grok_object_of_text(me, p, n) -> u64 {
        outcome(me, |rt| {
            // SAFETY: the library passes a text.
            let text = unsafe { text(p, n) };
            made(rt.new_str(text))
        })
    }
    grok_object_of_bytes(me, p, n) -> u64 {
        // SAFETY: the library passes a view.
        outcome(me, |rt| made(rt.new_bytes(unsafe { bytes(p, n) })))
    }
    grok_object_held(me, w, of, how) -> u64 { outcome(me, |rt| held(rt, Word(w), of, how)) }
    grok_object_return(_me, w) {
        let mut held = native::<Held>(Word(w));
        held.lent = if held.lent < 0 { 0 } else { held.lent - 1 };
    }
    grok_object_hold(me, of, variant, address, end) -> u64 {
        outcome(me, |rt| {
            // SAFETY: the library passes a function of its own, which takes an address.
            let end = unsafe { core::mem::transmute::<u64, unsafe extern "C" fn(*mut Context, *mut u8) -> u64>(end) };
            let value = Held { state: me, of, address: address as *mut u8, end, lent: 0 };
            let known = rt.state::<Known>().0.get(&(of, variant)).cloned();
            let known = known.expect("modules make their classes known before their functions are called");
            if try_native::<Held>(rt, known.word()).is_some() {
                // One object stands for all such values.
                return made(known);
            }
            let class = rt.class_id(known.word());
            made(rt.new_native(class, Box::new(value)))
        })
    }
    grok_object_member(me, of, number) -> u64 {
        outcome(me, |rt| {
            let class = rt.state::<Known>().0.get(&(of, 0)).cloned();
            let class = class.expect("modules make their classes known before their functions are called");
            let number = rt.new_int(number as i64);
            rt.call(class.word(), &[number.word()]).and_then(made)
        })
    }
    grok_object_register(me, of, variant, class) {
        // SAFETY: as above.
        let rt = unsafe { isolate(me) };
        rt.state::<Known>().0.insert((of, variant), Owned::share(Word(class)));
    }
}
