//! Builtin iterators, `range`, `slice`, `enumerate`, `zip`, `map`, `filter` and `reversed`. All are plain
//! objects whose words are the iterated object and small integers.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{field, list_items, set_field, tuple_items};
use crate::dict::dict_obj;
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, NextFn, def, getter};
use crate::owned::inc;
use crate::set::set_obj;
use crate::{Isolate, Owned, PyResult, Raised, exc};

impl Isolate {
    pub(crate) fn new_indexed_iterator(&mut self, class: ClassId, w: Word) -> Owned {
        inc(w);
        self.new_plain(class, [w, Word::small(0)])
    }

    pub(crate) fn new_reverse_iterator(&mut self, class: ClassId, w: Word, len: usize) -> Owned {
        inc(w);
        self.new_plain(class, [w, Word::small(len as i64 - 1)])
    }

    /// Iterator over a dict or a view: object, position, number of entries at the start, number of them to come.
    pub(crate) fn new_dict_iterator(&mut self, class: ClassId, w: Word) -> Owned {
        inc(w);
        let used = Word::small(i64::from(dict_obj(w).used));
        self.new_plain(class, [w, Word::small(0), used, used])
    }

    /// Iterator over a set: object, position, number of entries at the start.
    pub(crate) fn new_set_iterator(&mut self, w: Word) -> Owned {
        inc(w);
        self.new_plain(ClassId::SET_ITERATOR, [w, Word::small(0), Word::small(set_obj(w).used as i64)])
    }
}

/// Advances the index word of an iterator; `None` once the object was given up.
fn step(this: Word) -> Option<(Word, usize)> {
    let w = field(this, 0);
    if w.is_none() {
        return None;
    }
    let i = field(this, 1).as_small();
    Some((w, i as usize))
}

#[inline(always)]
fn set_index(this: Word, i: i64) {
    debug_assert!(field(this, 1).is_small());
    // SAFETY: the second word of these iterators always holds a small integer, which is not counted.
    unsafe { *this.as_ptr().cast::<Word>().add(2) = Word::small(i) };
}

fn finish(this: Word) -> PyResult<Option<Owned>> {
    set_field(this, 0, Word::NONE);
    Ok(None)
}

fn list_next(_: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some((w, i)) = step(this) else { return Ok(None) };
    match list_items(w).get(i) {
        Some(&item) => {
            set_index(this, i as i64 + 1);
            Ok(Some(Owned::share(item)))
        }
        None => finish(this),
    }
}

fn tuple_next(_: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some((w, i)) = step(this) else { return Ok(None) };
    match tuple_items(w).get(i) {
        Some(&item) => {
            set_index(this, i as i64 + 1);
            Ok(Some(Owned::share(item)))
        }
        None => finish(this),
    }
}

fn reverse_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let w = field(this, 0);
    let i = field(this, 1).as_small();
    if w.is_none() || i < 0 {
        return finish(this);
    }
    set_index(this, i - 1);
    match rt.getitem(w, Word::small(i)) {
        Ok(v) => Ok(Some(v)),
        Err(Raised) if rt.pending_is(exc::INDEX_ERROR) || rt.pending_is(exc::STOP_ITERATION) => {
            rt.clear_exception();
            finish(this)
        }
        Err(e) => Err(e),
    }
}

fn sequence_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some((w, i)) = step(this) else { return Ok(None) };
    set_index(this, i as i64 + 1);
    match rt.getitem(w, Word::small(i as i64)) {
        Ok(v) => Ok(Some(v)),
        Err(Raised) if rt.pending_is(exc::INDEX_ERROR) || rt.pending_is(exc::STOP_ITERATION) => {
            rt.clear_exception();
            finish(this)
        }
        Err(e) => Err(e),
    }
}

fn dict_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some((w, i)) = step(this) else { return Ok(None) };
    let d = dict_obj(w);
    let class = rt.class_of(this);
    if i64::from(d.used) != field(this, 2).as_small() {
        set_field(this, 2, Word::small(-1));
        return Err(rt.runtime_error("dictionary changed size during iteration"));
    }
    let Some(at) = d.next_live(i) else { return finish(this) };
    let left = field(this, 3).as_small();
    if left == 0 {
        // As many entries as before, but others: some were seen that came later.
        return Err(rt.runtime_error("dictionary keys changed during iteration"));
    }
    set_index(this, at as i64 + 1);
    // SAFETY: the fourth word of these iterators always holds a small integer, which is not counted.
    unsafe { *this.as_ptr().cast::<Word>().add(4) = Word::small(left - 1) };
    let e = d.entries()[at];
    Ok(Some(match class {
        ClassId::DICT_VALUE_ITERATOR => Owned::share(e.value),
        ClassId::DICT_ITEM_ITERATOR => rt.new_tuple_of(&[e.key, e.value]),
        _ => Owned::share(e.key),
    }))
}

fn set_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some((w, i)) = step(this) else { return Ok(None) };
    let set = set_obj(w);
    if set.used as i64 != field(this, 2).as_small() {
        set_field(this, 2, Word::small(-1));
        return Err(rt.runtime_error("Set changed size during iteration"));
    }
    let Some(at) = set.next_live(i) else { return finish(this) };
    set_index(this, at as i64 + 1);
    Ok(Some(Owned::share(set.slots()[at].key)))
}

fn callable_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let f = Owned::share(field(this, 0));
    if f.word().is_none() {
        return Ok(None);
    }
    let v = match rt.call(f.word(), &[]) {
        Err(Raised) if rt.pending_is(exc::STOP_ITERATION) => {
            rt.clear_exception();
            return finish(this);
        }
        other => other?,
    };
    if rt.eq(v.word(), field(this, 1))? { finish(this) } else { Ok(Some(v)) }
}

/// `__iter__` of iterators.
pub(crate) fn self_iter(_: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::share(args[0]))
}

/// `__next__` of every class with a native one.
pub(crate) static NEXT_METHOD: NativeDef = def("__next__", "($self, /)", self_next);

/// `__next__` of builtin iterators.
pub(crate) fn self_next(rt: &mut Isolate, args: &[Word]) -> PyResult {
    // A class written in Python may have a `__next__` of its own that calls this one.
    let class = rt.class(rt.class_of(args[0]));
    let next = class.mro.iter().find_map(|c| c.next).expect("the class has a native next");
    match next(rt, args[0])? {
        Some(v) => Ok(v),
        None => Err(rt.stop_iteration(Word::NONE)),
    }
}

fn hint(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let w = field(args[0], 0);
    if w.is_none() {
        return Ok(Owned::small(0));
    }
    let i = field(args[0], 1).as_small();
    let n = match rt.class_of(args[0]) {
        ClassId::LIST_REVERSE_ITERATOR | ClassId::REVERSED => i + 1,
        ClassId::LIST_ITERATOR | ClassId::TUPLE_ITERATOR | ClassId::SEQUENCE_ITERATOR => rt.len(w)? as i64 - i,
        ClassId::DICT_KEY_ITERATOR | ClassId::DICT_VALUE_ITERATOR | ClassId::DICT_ITEM_ITERATOR => {
            let unchanged = i64::from(dict_obj(w).used) == field(args[0], 2).as_small();
            if unchanged { field(args[0], 3).as_small() } else { 0 }
        }
        _ => field(args[0], 2).as_small() - i,
    };
    Ok(rt.new_int(n.max(0)))
}

static ITERATOR_METHODS: &[NativeDef] = &[
    def("__iter__", "($self, /)", self_iter),
    def("__next__", "($self, /)", self_next),
    def("__length_hint__", "($self, /)", hint),
];
static CALLABLE_METHODS: &[NativeDef] =
    &[def("__iter__", "($self, /)", self_iter), def("__next__", "($self, /)", self_next)];

const fn iterator(id: ClassId, words: u32, next: NextFn) -> ClassSpec {
    ClassSpec::builtin(id, Layout::Plain)
        .hidden_words(words)
        .methods(ITERATOR_METHODS)
        .next(next)
        .flags(ClassSpec::NO_NEW)
}
static LIST_ITERATOR: ClassSpec = iterator(ClassId::LIST_ITERATOR, 2, list_next);
static LIST_REVERSE: ClassSpec = iterator(ClassId::LIST_REVERSE_ITERATOR, 2, reverse_next);
static TUPLE_ITERATOR: ClassSpec = iterator(ClassId::TUPLE_ITERATOR, 2, tuple_next);
static SEQUENCE_ITERATOR: ClassSpec = iterator(ClassId::SEQUENCE_ITERATOR, 2, sequence_next);
static KEY_ITERATOR: ClassSpec = iterator(ClassId::DICT_KEY_ITERATOR, 4, dict_next);
static VALUE_ITERATOR: ClassSpec = iterator(ClassId::DICT_VALUE_ITERATOR, 4, dict_next);
static ITEM_ITERATOR: ClassSpec = iterator(ClassId::DICT_ITEM_ITERATOR, 4, dict_next);
static SET_ITERATOR: ClassSpec = iterator(ClassId::SET_ITERATOR, 3, set_next);
static CALLABLE_ITERATOR: ClassSpec = iterator(ClassId::CALLABLE_ITERATOR, 2, callable_next).methods(CALLABLE_METHODS);

// ---- enumerate, zip, map, filter, reversed -----------------------------------------------------------

/// Instance of a plain class or of a subclass of it.
fn make<const N: usize>(rt: &mut Isolate, class: Word, words: [Word; N]) -> Owned {
    let id = rt.class_id(class);
    for w in words {
        inc(w);
    }
    rt.new_plain(id, words)
}

fn enumerate_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let it = rt.iter(args[1])?;
    let start = if args[2].is_unbound() { Owned::small(0) } else { rt.index(args[2])? };
    Ok(make(rt, args[0], [it.word(), start.word()]))
}

fn enumerate_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some(v) = rt.next(field(this, 0))? else { return Ok(None) };
    let i = Owned::share(field(this, 1));
    let following = rt.add(i.word(), Word::small(1))?;
    set_field(this, 1, following.word());
    Ok(Some(rt.new_pair(i, v)))
}

fn zip_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut iterators = Vec::new();
    for &w in tuple_items(args[2]) {
        iterators.push(rt.iter(w)?);
    }
    let strict = !args[1].is_unbound() && rt.truth(args[1])?;
    let tuple = rt.new_tuple(iterators);
    Ok(make(rt, args[0], [tuple.word(), Word::from_bool(strict)]))
}

fn zip_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let iterators = tuple_items(field(this, 0));
    let strict = field(this, 1) == Word::TRUE;
    if let ([first, second], false) = (iterators, strict) {
        let Some(a) = rt.next(*first)? else { return Ok(None) };
        let Some(b) = rt.next(*second)? else { return Ok(None) };
        return Ok(Some(rt.new_pair(a, b)));
    }
    let mut items = Vec::with_capacity(iterators.len());
    for (i, &it) in iterators.iter().enumerate() {
        match rt.next(it)? {
            Some(v) => items.push(v),
            None if strict && i > 0 => return Err(zip_mismatch(rt, i, "shorter")),
            None if strict => {
                for (j, &other) in iterators.iter().enumerate().skip(1) {
                    if rt.next(other)?.is_some() {
                        return Err(zip_mismatch(rt, j, "longer"));
                    }
                }
                return Ok(None);
            }
            None => return Ok(None),
        }
    }
    if items.is_empty() { Ok(None) } else { Ok(Some(rt.new_tuple(items))) }
}

fn zip_mismatch(rt: &mut Isolate, i: usize, how: &str) -> Raised {
    let others = if i == 1 { "argument 1".to_owned() } else { format!("arguments 1-{i}") };
    rt.value_error(format!("zip() argument {} is {how} than {others}", i + 1))
}

fn map_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let sources = tuple_items(args[2]);
    if sources.is_empty() {
        return Err(rt.type_error("map() must have at least two arguments."));
    }
    let mut iterators = Vec::new();
    for &w in sources {
        iterators.push(rt.iter(w)?);
    }
    let tuple = rt.new_tuple(iterators);
    Ok(make(rt, args[0], [args[1], tuple.word()]))
}

fn map_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let iterators = tuple_items(field(this, 1));
    if let [one] = *iterators {
        let Some(v) = rt.next(one)? else { return Ok(None) };
        return rt.call(field(this, 0), &[v.word()]).map(Some);
    }
    let mut items = Vec::with_capacity(iterators.len());
    for &it in iterators {
        let Some(v) = rt.next(it)? else { return Ok(None) };
        items.push(v);
    }
    let words: Vec<Word> = items.iter().map(Owned::word).collect();
    rt.call(field(this, 0), &words).map(Some)
}

fn filter_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let it = rt.iter(args[2])?;
    Ok(make(rt, args[0], [args[1], it.word()]))
}

fn filter_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let f = field(this, 0);
    while let Some(v) = rt.next(field(this, 1))? {
        let keep = if f.is_none() {
            rt.truth(v.word())?
        } else {
            let r = rt.call(f, &[v.word()])?;
            rt.truth(r.word())?
        };
        if keep {
            return Ok(Some(v));
        }
    }
    Ok(None)
}

fn reversed_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_of(args[1]);
    let method = rt.special(class, Name::REVERSED);
    if method.is_none() || (method.is_unbound() && rt.special(class, Name::GETITEM).is_unbound()) || rt.is_set(args[1])
    {
        let msg = format!("'{}' object is not reversible", rt.type_name(args[1]));
        return Err(rt.type_error(msg));
    }
    if !method.is_unbound() {
        return rt.call_special(method, args[1], &[]);
    }
    let n = rt.len(args[1])?;
    Ok(make(rt, args[0], [args[1], Word::small(n as i64 - 1)]))
}

macro_rules! adaptors {
    ($($spec:ident $id:ident $words:literal $next:ident $new:ident $signature:literal;)*) => { $(
        static $spec: ClassSpec = ClassSpec::builtin(ClassId::$id, Layout::Plain)
            .hidden_words($words)
            .methods(&[
                def("__new__", $signature, $new),
                def("__iter__", "($self, /)", self_iter),
                def("__next__", "($self, /)", self_next),
            ])
            .next($next)
            .flags(ClassSpec::BASETYPE);
    )* };
}
adaptors! {
    ENUMERATE ENUMERATE 2 enumerate_next enumerate_new "($type, iterable, start=0)";
    ZIP ZIP 2 zip_next zip_new "($type, *iterables, strict=False)";
    MAP MAP 2 map_next map_new "($type, function, /, *iterables)";
    FILTER FILTER 2 filter_next filter_new "($type, function, iterable, /)";
    REVERSED REVERSED 2 reverse_next reversed_new "($type, object, /)";
}

// ---- range -------------------------------------------------------------------------------------------
// Words: start, stop, step, length; a range iterator keeps the next value, the step and the count left.

/// A bound as a plain integer, whatever class of integer it was.
fn range_bound(rt: &mut Isolate, w: Word) -> PyResult {
    let i = rt.index(w)?;
    if rt.class_of(i.word()) == ClassId::INT {
        return Ok(i);
    }
    rt.binary(Name::ADD, i.word(), Word::small(0))
}

fn range_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (start, stop) = if args[2].is_unbound() {
        (Owned::small(0), range_bound(rt, args[1])?)
    } else {
        (range_bound(rt, args[1])?, range_bound(rt, args[2])?)
    };
    let step = if args[3].is_unbound() { Owned::small(1) } else { range_bound(rt, args[3])? };
    if step.word() == Word::small(0) {
        return Err(rt.value_error("range() arg 3 must not be zero"));
    }
    rt.new_range(&start, &stop, &step)
}

impl Isolate {
    /// `range(...)` of one to three small integers with a step other than zero.
    pub(crate) fn range_of_small(&mut self, args: &[Word]) -> Option<Owned> {
        let [start, stop, step, len] = small_range(args)?;
        Some(self.new_plain(ClassId::RANGE, [start, stop, step, len]))
    }

    /// Iterator over what a call of `callee` makes, which is nearly always a range that nobody else sees.
    pub(crate) fn iter_range(&mut self, callee: Word, args: [Word; 3]) -> PyResult {
        let given = &args[..args.iter().take_while(|a| !a.is_unbound()).count()];
        if callee == self.class_word(ClassId::RANGE)
            && let Some([start, _, step, len]) = small_range(given)
        {
            return Ok(self.new_plain(ClassId::RANGE_ITERATOR, [start, step, len]));
        }
        let iterable = self.call(callee, given)?;
        self.iter(iterable.word())
    }

    fn new_range(&mut self, start: &Owned, stop: &Owned, step: &Owned) -> PyResult {
        let (a, b, s) = (start.word(), stop.word(), step.word());
        let len = if a.is_small() && b.is_small() && s.is_small() {
            let n = range_len(a.as_small().into(), b.as_small().into(), s.as_small().into());
            crate::num::int::from_i128(self, n)
        } else {
            let up = self.lt(Word::small(0), s)?;
            let (low, high) = if up { (a, b) } else { (b, a) };
            if self.lt(low, high)? {
                let span = self.binary(Name::SUB, high, low)?;
                let span = self.binary(Name::SUB, span.word(), Word::small(1))?;
                let size = if up { step.clone() } else { self.unary(Name::NEG, s)? };
                let n = self.binary(Name::FLOORDIV, span.word(), size.word())?;
                self.add(n.word(), Word::small(1))?
            } else {
                Owned::small(0)
            }
        };
        let words = [start.clone(), stop.clone(), step.clone(), len].map(Owned::into_word);
        Ok(self.new_plain(ClassId::RANGE, words))
    }
}

fn range_len(start: i128, stop: i128, step: i128) -> i128 {
    if step > 0 && start < stop {
        (stop - start - 1) / step + 1
    } else if step < 0 && start > stop {
        (start - stop - 1) / -step + 1
    } else {
        0
    }
}

/// Start, stop, step and length of a range whose numbers, length included, are small integers.
fn small_range(args: &[Word]) -> Option<[Word; 4]> {
    let (start, stop, step) = match *args {
        [stop] => (Word::small(0), stop, Word::small(1)),
        [start, stop] => (start, stop, Word::small(1)),
        [start, stop, step] => (start, stop, step),
        _ => return None,
    };
    if !start.is_small() || !stop.is_small() || !step.is_small() || step == Word::small(0) {
        return None;
    }
    let (a, b, s) = (start.as_small(), stop.as_small(), step.as_small());
    // Small integers have 63 bits: differences fit into 64.
    let len = match s {
        1 => (b - a).max(0),
        s if s > 0 && a < b => (b - a - 1) / s + 1,
        s if s < 0 && b < a => (a - b - 1) / -s + 1,
        _ => 0,
    };
    Some([start, stop, step, Word::try_small(len)?])
}

fn range_item(rt: &mut Isolate, r: Word, i: Word) -> PyResult {
    let offset = rt.binary(Name::MUL, i, field(r, 2))?;
    rt.add(field(r, 0), offset.word())
}

fn range_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let r = args[0];
    if rt.class_of(args[1]) == ClassId::SLICE {
        let n = rt.to_i64(field(r, 3), "ssize_t")?;
        let (start, stop, step, _) = rt.slice_indices(args[1], n as usize)?;
        let start = range_item(rt, r, Word::small(start))?;
        let stop = range_item(rt, r, Word::small(stop))?;
        let step = rt.binary(Name::MUL, Word::small(step), field(r, 2))?;
        return rt.new_range(&start, &stop, &step);
    }
    if !rt.is_int(args[1]) && rt.special(rt.class_of(args[1]), Name::INDEX).is_unbound() {
        let msg = format!("range indices must be integers or slices, not {}", rt.type_name(args[1]));
        return Err(rt.type_error(msg));
    }
    let mut i = rt.index(args[1])?;
    if rt.lt(i.word(), Word::small(0))? {
        i = rt.add(i.word(), field(r, 3))?;
    }
    if rt.lt(i.word(), Word::small(0))? || !rt.lt(i.word(), field(r, 3))? {
        return Err(rt.index_error("range object index out of range"));
    }
    range_item(rt, r, i.word())
}

fn range_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let words = [field(args[0], 0), field(args[0], 2), field(args[0], 3)].map(|w| Owned::share(w).into_word());
    Ok(rt.new_plain(ClassId::RANGE_ITERATOR, words))
}

fn range_reversed(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let last = rt.binary(Name::SUB, field(args[0], 3), Word::small(1))?;
    let start = range_item(rt, args[0], last.word())?;
    let step = rt.unary(Name::NEG, field(args[0], 2))?;
    let n = Owned::share(field(args[0], 3));
    Ok(rt.new_plain(ClassId::RANGE_ITERATOR, [start.into_word(), step.into_word(), n.into_word()]))
}

fn range_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let [v, step, left] = [0, 1, 2].map(|i| field(this, i));
    if left == Word::small(0) {
        return Ok(None);
    }
    if v.is_small()
        && step.is_small()
        && left.is_small()
        && let Some(next) = v.as_small().checked_add(step.as_small()).and_then(Word::try_small)
    {
        // SAFETY: a range iterator has three words, all small integers here, which are not counted.
        unsafe {
            let words = this.as_ptr().cast::<Word>();
            *words.add(1) = next;
            *words.add(3) = Word::small(left.as_small() - 1);
        }
        return Ok(Some(Owned::immediate(v)));
    }
    let result = Owned::share(v);
    let next = rt.add(v, step)?;
    set_field(this, 0, next.word());
    let left = rt.binary(Name::SUB, left, Word::small(1))?;
    set_field(this, 2, left.word());
    Ok(Some(result))
}

fn range_len_method(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = rt.to_i64(field(args[0], 3), "ssize_t")?;
    Ok(rt.new_int(n))
}

/// Position of a value, when it is an integer in the range.
fn range_position(rt: &mut Isolate, r: Word, w: Word) -> PyResult<Option<Owned>> {
    if !rt.is_int(w) {
        let all = rt.collect(r)?;
        for (i, v) in all.iter().enumerate() {
            if rt.eq(v.word(), w)? {
                return Ok(Some(rt.new_int(i as i64)));
            }
        }
        return Ok(None);
    }
    let d = rt.binary(Name::SUB, w, field(r, 0))?;
    let rest = rt.binary(Name::MOD, d.word(), field(r, 2))?;
    if rest.word() != Word::small(0) {
        return Ok(None);
    }
    let i = rt.binary(Name::FLOORDIV, d.word(), field(r, 2))?;
    let inside = !rt.lt(i.word(), Word::small(0))? && rt.lt(i.word(), field(r, 3))?;
    Ok(inside.then_some(i))
}

fn range_contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(range_position(rt, args[0], args[1])?.is_some()))
}
fn range_index(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match range_position(rt, args[0], args[1])? {
        Some(i) => Ok(i),
        None if !matches!(rt.class_of(args[1]), ClassId::INT | ClassId::BOOL) => {
            Err(rt.value_error("sequence.index(x): x not in sequence"))
        }
        None => {
            let msg = format!("{} is not in range", rt.repr_text(args[1])?);
            Err(rt.value_error(msg))
        }
    }
}
fn range_count(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let found = range_position(rt, args[0], args[1])?.is_some();
    Ok(Owned::small(i64::from(found)))
}

fn range_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut text = format!("range({}, {}", rt.repr_text(field(args[0], 0))?, rt.repr_text(field(args[0], 1))?);
    if field(args[0], 2) != Word::small(1) {
        text.push_str(&format!(", {}", rt.repr_text(field(args[0], 2))?));
    }
    text.push(')');
    Ok(rt.new_str(&text))
}

/// What decides equality: length, then start, then step, as far as they matter.
fn range_key(rt: &mut Isolate, r: Word) -> Owned {
    let n = field(r, 3);
    let start = if n == Word::small(0) { Word::NONE } else { field(r, 0) };
    let step = if n == Word::small(0) || n == Word::small(1) { Word::NONE } else { field(r, 2) };
    rt.new_tuple_of(&[n, start, step])
}
fn range_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) != ClassId::RANGE {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let (a, b) = (range_key(rt, args[0]), range_key(rt, args[1]));
    Ok(Owned::from_bool(rt.eq(a.word(), b.word())?))
}
fn range_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let key = range_key(rt, args[0]);
    let h = rt.hash(key.word())?;
    Ok(rt.new_int(h))
}
fn range_bool(_: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(field(args[0], 3) != Word::small(0)))
}

fn word0(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 0)))
}
fn word1(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 1)))
}
fn word2(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 2)))
}
static BOUNDS: &[GetSetDef] = &[getter("start", word0), getter("stop", word1), getter("step", word2)];

static RANGE: ClassSpec = ClassSpec::builtin(ClassId::RANGE, Layout::Plain)
    .hidden_words(4)
    .getset(BOUNDS)
    .flags(ClassSpec::SEQUENCE)
    .methods(&[
        def("__new__", "($type, start, stop=<unrepresentable>, step=1, /)", range_new),
        def("__repr__", "($self, /)", range_repr),
        def("__len__", "($self, /)", range_len_method),
        def("__bool__", "($self, /)", range_bool),
        def("__getitem__", "($self, key, /)", range_getitem),
        def("__contains__", "($self, key, /)", range_contains),
        def("__iter__", "($self, /)", range_iter),
        def("__reversed__", "($self, /)", range_reversed),
        def("__eq__", "($self, value, /)", range_eq),
        def("__reduce__", "($self, /)", range_reduce),
        def("__hash__", "($self, /)", range_hash),
        def("index", "($self, value, /)", range_index),
        def("count", "($self, value, /)", range_count),
    ]);
fn range_hint(_: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::share(field(args[0], 2)))
}
static RANGE_ITERATOR: ClassSpec =
    ClassSpec::builtin(ClassId::RANGE_ITERATOR, Layout::Plain).hidden_words(3).next(range_next).methods(&[
        def("__iter__", "($self, /)", self_iter),
        def("__next__", "($self, /)", self_next),
        def("__length_hint__", "($self, /)", range_hint),
    ]);

// ---- slice -------------------------------------------------------------------------------------------

fn slice_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let or_none = |w: Word| if w.is_unbound() { Word::NONE } else { w };
    if args[2].is_unbound() {
        return Ok(rt.new_slice(Word::NONE, args[1], Word::NONE));
    }
    Ok(rt.new_slice(args[1], args[2], or_none(args[3])))
}
fn slice_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let [a, b, c] = [0, 1, 2].map(|i| field(args[0], i));
    let text = format!("slice({}, {}, {})", rt.repr_text(a)?, rt.repr_text(b)?, rt.repr_text(c)?);
    Ok(rt.new_str(&text))
}
fn slice_key(rt: &mut Isolate, s: Word) -> Owned {
    rt.new_tuple_of(&[field(s, 0), field(s, 1), field(s, 2)])
}
fn slice_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) != ClassId::SLICE {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let (a, b) = (slice_key(rt, args[0]), slice_key(rt, args[1]));
    Ok(Owned::from_bool(rt.eq(a.word(), b.word())?))
}
macro_rules! slice_order {
    ($($f:ident $op:ident),*) => { $(fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
        if rt.class_of(args[1]) != ClassId::SLICE {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        let (a, b) = (slice_key(rt, args[0]), slice_key(rt, args[1]));
        rt.compare(crate::api::CompareOp::$op, a.word(), b.word())
    })* };
}
slice_order!(slice_lt Lt, slice_le Le, slice_gt Gt, slice_ge Ge);
fn slice_reduce(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = Owned::share(rt.class_word(ClassId::SLICE));
    let words = slice_key(rt, args[0]);
    Ok(rt.new_tuple(vec![class, words]))
}
fn range_reduce(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = Owned::share(rt.class_word(ClassId::RANGE));
    let words = slice_key(rt, args[0]);
    Ok(rt.new_tuple(vec![class, words]))
}
fn slice_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let key = slice_key(rt, args[0]);
    let h = rt.hash(key.word())?;
    Ok(rt.new_int(h))
}
fn slice_indices(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = rt.to_i64(args[1], "ssize_t")?;
    if n < 0 {
        return Err(rt.value_error("length should not be negative"));
    }
    let (start, stop, step, _) = rt.slice_indices(args[0], n as usize)?;
    let items = [start, stop, step].map(|v| rt.new_int(v)).into();
    Ok(rt.new_tuple(items))
}
static SLICE: ClassSpec = ClassSpec::builtin(ClassId::SLICE, Layout::Plain).hidden_words(3).getset(BOUNDS).methods(&[
    def("__new__", "($type, start, stop=<unrepresentable>, step=None, /)", slice_new),
    def("__repr__", "($self, /)", slice_repr),
    def("__eq__", "($self, value, /)", slice_eq),
    def("__lt__", "($self, value, /)", slice_lt),
    def("__le__", "($self, value, /)", slice_le),
    def("__gt__", "($self, value, /)", slice_gt),
    def("__ge__", "($self, value, /)", slice_ge),
    def("__reduce__", "($self, /)", slice_reduce),
    def("__hash__", "($self, /)", slice_hash),
    def("indices", "($self, object, /)", slice_indices),
]);

pub(crate) static SPECS: &[&ClassSpec] = &[
    &LIST_ITERATOR,
    &LIST_REVERSE,
    &TUPLE_ITERATOR,
    &SEQUENCE_ITERATOR,
    &KEY_ITERATOR,
    &VALUE_ITERATOR,
    &ITEM_ITERATOR,
    &SET_ITERATOR,
    &CALLABLE_ITERATOR,
    &ENUMERATE,
    &ZIP,
    &MAP,
    &FILTER,
    &REVERSED,
    &RANGE,
    &RANGE_ITERATOR,
    &SLICE,
];
