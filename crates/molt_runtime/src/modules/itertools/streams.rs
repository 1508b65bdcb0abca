//! Iterators that transform streams one item at a time.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use super::{ITER, NEXT, State, constructor, finish, given, make, spec, state};
use crate::api::{native, tuple_items};
use crate::names::Name;
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::{Isolate, Owned, PyResult};

pub static SPECS: &[&ClassSpec] = &[
    &ACCUMULATE,
    &BATCHED,
    &CHAIN,
    &COMPRESS,
    &COUNT,
    &CYCLE,
    &DROPWHILE,
    &FILTERFALSE,
    &GROUPBY,
    &GROUPER,
    &ISLICE,
    &PAIRWISE,
    &REPEAT,
    &STARMAP,
    &TAKEWHILE,
    &TEE,
    &ZIP_LONGEST,
];

pub static FUNCTIONS: &[NativeDef] = &[def("tee", "(iterable, n=2, /)", tee)];

static ACCUMULATE: ClassSpec = spec(
    "accumulate",
    &[
        constructor("($type, iterable, func=None, *, initial=None)", |rt, a| {
            let it = rt.iter(a[1])?;
            let func = Owned::share(given(a[2]).unwrap_or(Word::NONE));
            let items = given(a[3]).map(Owned::share).into_iter().collect();
            make(rt, a[0], State { words: vec![it, func], items, ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let mut s = state(this);
        if s.done {
            return Ok(None);
        }
        if !s.started {
            s.started = true;
            if let Some(initial) = s.items.first() {
                return Ok(Some(initial.clone()));
            }
        }
        let (it, func) = (s.words[0].clone(), s.words[1].clone());
        let Some(item) = rt.next(it.word())? else { return Ok(None) };
        let total = match state(this).items.first().cloned() {
            None => item,
            Some(total) if func.word().is_none() => rt.binary(Name::ADD, total.word(), item.word())?,
            Some(total) => rt.call(func.word(), &[total.word(), item.word()])?,
        };
        state(this).items = vec![total.clone()];
        Ok(Some(total))
    },
);

static BATCHED: ClassSpec = spec(
    "batched",
    &[
        constructor("($type, iterable, n, *, strict=False)", |rt, a| {
            let n = rt.to_i64(a[2], "ssize_t")?;
            if n < 1 {
                return Err(rt.value_error("n must be at least one"));
            }
            let strict = !a[3].is_unbound() && rt.truth(a[3])?;
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], numbers: vec![n], started: strict, ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let s = state(this);
        if s.done {
            return Ok(None);
        }
        let (it, n, strict) = (s.words[0].clone(), s.numbers[0] as usize, s.started);
        let mut batch = Vec::new();
        while batch.len() < n {
            match rt.next(it.word())? {
                Some(item) => batch.push(item),
                None => break,
            }
        }
        if batch.is_empty() {
            return finish(state(this));
        }
        if batch.len() < n {
            finish(state(this))?;
            if strict {
                return Err(rt.value_error("batched(): incomplete batch"));
            }
        }
        Ok(Some(rt.new_tuple(batch)))
    },
);

/// Words: the iterator of iterables, then the current one.
static CHAIN: ClassSpec = spec(
    "chain",
    &[
        constructor("($type, *iterables)", |rt, a| {
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], ..State::default() })
        }),
        def("from_iterable", "($type, iterable, /)", |rt, a| {
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        loop {
            let s = state(this);
            if s.done {
                return Ok(None);
            }
            if let Some(current) = s.words.get(1).cloned() {
                if let Some(item) = rt.next(current.word())? {
                    return Ok(Some(item));
                }
                state(this).words.truncate(1);
            }
            let Some(source) = state(this).words.first().cloned() else { return Ok(None) };
            let Some(iterable) = rt.next(source.word())? else { return finish(state(this)) };
            let it = rt.iter(iterable.word())?;
            state(this).words.push(it);
        }
    },
);

static COMPRESS: ClassSpec = spec(
    "compress",
    &[
        constructor("($type, data, selectors)", |rt, a| {
            let words = vec![rt.iter(a[1])?, rt.iter(a[2])?];
            make(rt, a[0], State { words, ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let (data, selectors) = (state(this).words[0].clone(), state(this).words[1].clone());
        loop {
            let Some(item) = rt.next(data.word())? else { return Ok(None) };
            let Some(selector) = rt.next(selectors.word())? else { return Ok(None) };
            if rt.truth(selector.word())? {
                return Ok(Some(item));
            }
        }
    },
);

/// Words: next value, step.
static COUNT: ClassSpec = spec(
    "count",
    &[
        constructor("($type, start=0, step=1)", |rt, a| {
            let or = |w: Word, default| if w.is_unbound() { Owned::small(default) } else { Owned::share(w) };
            for &w in &a[1..] {
                let plain = w.is_unbound() || rt.is_int(w) || rt.is_float(w);
                // What CPython's `PyNumber_Check` asks for.
                let conversions = [Name::INDEX, Name::INT, Name::FLOAT, Name::COMPLEX];
                if !plain && conversions.iter().all(|&n| rt.lookup_special(w, n).is_none()) {
                    return Err(rt.type_error("a number is required"));
                }
            }
            make(rt, a[0], State { words: vec![or(a[1], 0), or(a[2], 1)], ..State::default() })
        }),
        ITER,
        NEXT,
        def("__repr__", "($self, /)", |rt, a| {
            let (value, step) = (state(a[0]).words[0].clone(), state(a[0]).words[1].clone());
            let mut text = format!("count({}", rt.repr_text(value.word())?);
            if step.word() != Word::small(1) {
                text += &format!(", {}", rt.repr_text(step.word())?);
            }
            Ok(rt.new_str(&(text + ")")))
        }),
    ],
    |rt, this| {
        let (value, step) = (state(this).words[0].clone(), state(this).words[1].clone());
        state(this).words[0] = rt.add(value.word(), step.word())?;
        Ok(Some(value))
    },
);

/// Items: what has been seen; numbers: position once the source is exhausted.
static CYCLE: ClassSpec = spec(
    "cycle",
    &[
        constructor("($type, iterable, /)", |rt, a| {
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], numbers: vec![0], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        if let Some(it) = state(this).words.first().cloned() {
            if let Some(item) = rt.next(it.word())? {
                state(this).items.push(item.clone());
                return Ok(Some(item));
            }
            state(this).words.clear();
        }
        let mut s = state(this);
        if s.items.is_empty() {
            return Ok(None);
        }
        let at = s.numbers[0] as usize;
        s.numbers[0] = ((at + 1) % s.items.len()) as i64;
        Ok(Some(s.items[at].clone()))
    },
);

/// Words: function, iterator.
fn new_with_function(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let it = rt.iter(a[2])?;
    make(rt, a[0], State { words: vec![Owned::share(a[1]), it], ..State::default() })
}

fn test(rt: &mut Isolate, this: Word, item: Word) -> PyResult<bool> {
    let func = state(this).words[0].clone();
    let answer = rt.call(func.word(), &[item])?;
    rt.truth(answer.word())
}

fn next_source(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let Some(it) = state(this).words.get(1).cloned() else { return Ok(None) };
    rt.next(it.word())
}

static DROPWHILE: ClassSpec =
    spec("dropwhile", &[constructor("($type, predicate, iterable, /)", new_with_function), ITER, NEXT], |rt, this| {
        loop {
            let Some(item) = next_source(rt, this)? else { return Ok(None) };
            if state(this).started || !test(rt, this, item.word())? {
                state(this).started = true;
                return Ok(Some(item));
            }
        }
    });

static TAKEWHILE: ClassSpec =
    spec("takewhile", &[constructor("($type, predicate, iterable, /)", new_with_function), ITER, NEXT], |rt, this| {
        if state(this).done {
            return Ok(None);
        }
        let Some(item) = next_source(rt, this)? else { return Ok(None) };
        if test(rt, this, item.word())? {
            return Ok(Some(item));
        }
        state(this).done = true;
        Ok(None)
    });

static FILTERFALSE: ClassSpec =
    spec("filterfalse", &[constructor("($type, function, iterable, /)", new_with_function), ITER, NEXT], |rt, this| {
        loop {
            let Some(item) = next_source(rt, this)? else { return Ok(None) };
            let func = state(this).words[0].word();
            let holds = if func.is_none() || func == rt.class_word(molt_abi::ClassId::BOOL) {
                rt.truth(item.word())?
            } else {
                test(rt, this, item.word())?
            };
            if !holds {
                return Ok(Some(item));
            }
        }
    });

static STARMAP: ClassSpec =
    spec("starmap", &[constructor("($type, function, iterable, /)", new_with_function), ITER, NEXT], |rt, this| {
        let Some(item) = next_source(rt, this)? else { return Ok(None) };
        let args = rt.collect(item.word())?;
        let words: Vec<Word> = args.iter().map(Owned::word).collect();
        let func = state(this).words[0].clone();
        rt.call(func.word(), &words).map(Some)
    });

/// Words: iterator, key function; items: current key, current value, key of the current group. The
/// number identifies the current group, so that older groups know that they are over.
static GROUPBY: ClassSpec = spec(
    "groupby",
    &[
        constructor("($type, iterable, key=None)", |rt, a| {
            let it = rt.iter(a[1])?;
            let key = Owned::share(given(a[2]).unwrap_or(Word::NONE));
            make(rt, a[0], State { words: vec![it, key], numbers: vec![0], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        state(this).numbers[0] += 1;
        loop {
            let s = state(this);
            let fresh = match (s.items.first().cloned(), s.items.get(2).cloned()) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(key), Some(target)) => !rt.eq(target.word(), key.word())?,
            };
            if fresh {
                break;
            }
            if !group_step(rt, this)? {
                return Ok(None);
            }
        }
        let mut s = state(this);
        let key = s.items[0].clone();
        s.items.truncate(2);
        s.items.push(key.clone());
        let id = s.numbers[0];
        let class = rt.class_for(&GROUPER);
        let words = vec![Owned::share(this), key.clone()];
        let group = rt.new_native(class, Box::new(State { words, numbers: vec![id], ..State::default() }));
        Ok(Some(rt.new_tuple(vec![key, group])))
    },
);

/// Fetches the next value and its key; `false` at the end.
fn group_step(rt: &mut Isolate, this: Word) -> PyResult<bool> {
    let (it, func) = (state(this).words[0].clone(), state(this).words[1].clone());
    let Some(value) = rt.next(it.word())? else { return Ok(false) };
    let key = if func.word().is_none() { value.clone() } else { rt.call(func.word(), &[value.word()])? };
    let mut s = state(this);
    let target = s.items.get(2).cloned();
    s.items = vec![key, value];
    s.items.extend(target);
    Ok(true)
}

/// Words: the groupby, key of the group; number: its identity.
static GROUPER: ClassSpec = ClassSpec::new("itertools", "_grouper")
    .methods(&[ITER, NEXT])
    .next(|rt, this| {
        let (parent, key) = (state(this).words[0].clone(), state(this).words[1].clone());
        let current = || state(parent.word()).numbers[0] == state(this).numbers[0];
        if !current() {
            return Ok(None);
        }
        if state(parent.word()).items.get(1).is_none_or(|v| v.word().is_unbound()) && !group_step(rt, parent.word())? {
            return Ok(None);
        }
        let s = state(parent.word());
        let same = rt.eq(key.word(), s.items[0].word())?;
        if !same || !current() {
            return Ok(None);
        }
        let unbound = Owned::immediate(Word::UNBOUND);
        Ok(Some(core::mem::replace(&mut state(parent.word()).items[1], unbound)))
    })
    .flags(ClassSpec::NO_NEW);

/// Numbers: next index to give, step, stop (or -1), position in the source.
static ISLICE: ClassSpec = spec(
    "islice",
    &[
        constructor("($type, iterable, start_or_stop, stop=None, step=None, /)", |rt, a| {
            let one = a[3].is_unbound();
            let (start, stop) = if one { (Word::NONE, a[2]) } else { (a[2], a[3]) };
            let message = if one {
                "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
            } else {
                "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."
            };
            let mut bound = |w: Word, default: i64, message: &str| match given(w) {
                None => Ok(default),
                Some(w) => match rt.index(w).ok().and_then(|i| crate::num::int::to_i64(i.word())) {
                    Some(v) if v >= 0 => Ok(v),
                    _ => {
                        if !rt.ctx.exception.is_unbound() {
                            rt.clear_exception();
                        }
                        Err(rt.value_error(message))
                    }
                },
            };
            let stop = bound(
                stop,
                -1,
                if one {
                    message
                } else {
                    "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
                },
            )?;
            let start = bound(start, 0, message)?;
            let step = bound(a[4], 1, "Step for islice() must be a positive integer or None.")?;
            if step == 0 {
                return Err(rt.value_error("Step for islice() must be a positive integer or None."));
            }
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], numbers: vec![start, step, stop, 0], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let s = state(this);
        let Some(it) = s.words.first().cloned() else { return Ok(None) };
        let (next, stop) = (s.numbers[0], s.numbers[2]);
        let target = if stop >= 0 { next.min(stop) } else { next };
        while state(this).numbers[3] < target {
            if rt.next(it.word())?.is_none() {
                return finish(state(this));
            }
            state(this).numbers[3] += 1;
        }
        if stop >= 0 && next >= stop {
            return finish(state(this));
        }
        let Some(item) = rt.next(it.word())? else { return finish(state(this)) };
        let mut s = state(this);
        s.numbers[3] += 1;
        s.numbers[0] = next.saturating_add(s.numbers[1]);
        Ok(Some(item))
    },
);

static PAIRWISE: ClassSpec = spec(
    "pairwise",
    &[
        constructor("($type, iterable, /)", |rt, a| {
            let it = rt.iter(a[1])?;
            make(rt, a[0], State { words: vec![it], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let Some(it) = state(this).words.first().cloned() else { return Ok(None) };
        if state(this).items.is_empty() {
            let Some(first) = rt.next(it.word())? else { return finish(state(this)) };
            state(this).items.push(first);
        }
        let old = state(this).items[0].clone();
        let Some(new) = rt.next(it.word())? else { return finish(state(this)) };
        state(this).items = vec![new.clone()];
        Ok(Some(rt.new_tuple(vec![old, new])))
    },
);

/// Number: how often still, negative for endlessly.
static REPEAT: ClassSpec = spec(
    "repeat",
    &[
        constructor("($type, object, times=None)", |rt, a| {
            let times = if a[2].is_unbound() { -1 } else { rt.to_i64(a[2], "ssize_t")?.max(0) };
            make(rt, a[0], State { words: vec![Owned::share(a[1])], numbers: vec![times], ..State::default() })
        }),
        ITER,
        NEXT,
        def("__length_hint__", "($self, /)", |rt, a| match state(a[0]).numbers[0] {
            n if n < 0 => Err(rt.type_error("len() of unsized object")),
            n => Ok(Owned::small(n)),
        }),
        def("__repr__", "($self, /)", |rt, a| {
            let (object, times) = (state(a[0]).words[0].clone(), state(a[0]).numbers[0]);
            let shown = rt.repr_text(object.word())?;
            let text = if times < 0 { format!("repeat({shown})") } else { format!("repeat({shown}, {times})") };
            Ok(rt.new_str(&text))
        }),
    ],
    |_, this| {
        let mut s = state(this);
        match s.numbers[0] {
            0 => return Ok(None),
            n if n > 0 => s.numbers[0] -= 1,
            _ => {}
        }
        Ok(Some(s.words[0].clone()))
    },
);

/// Words: fill value, then the iterators; an exhausted one is replaced by an unbound word.
static ZIP_LONGEST: ClassSpec = spec(
    "zip_longest",
    &[
        constructor("($type, *iterables, fillvalue=None)", |rt, a| {
            let (fill, iterables) = (if a[1].is_unbound() { Word::NONE } else { a[1] }, a[2]);
            let mut words = vec![Owned::share(fill)];
            for &w in tuple_items(iterables) {
                words.push(rt.iter(w)?);
            }
            let active = words.len() as i64 - 1;
            make(rt, a[0], State { words, numbers: vec![active], ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        if state(this).numbers[0] == 0 {
            return Ok(None);
        }
        let count = state(this).words.len();
        let mut row = Vec::with_capacity(count - 1);
        for i in 1..count {
            let it = state(this).words[i].clone();
            let item = if it.word().is_unbound() { None } else { rt.next(it.word())? };
            let item = match item {
                Some(item) => item,
                None => {
                    let mut s = state(this);
                    if !it.word().is_unbound() {
                        s.words[i] = Owned::immediate(Word::UNBOUND);
                        s.numbers[0] -= 1;
                        if s.numbers[0] == 0 {
                            return Ok(None);
                        }
                    }
                    s.words[0].clone()
                }
            };
            row.push(item);
        }
        Ok(Some(rt.new_tuple(row)))
    },
);

/// A link of a `tee`: empty, or one item fetched from the source and the next link.
struct TeeSource {
    iterator: Owned,
    queue: Vec<Owned>,
}

impl NativeData for TeeSource {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.iterator.word());
        self.queue.iter().for_each(|w| visit(w.word()));
    }
    fn clear(&mut self) {
        self.queue.clear();
    }
}

static TEE_SOURCE: ClassSpec = ClassSpec::new("itertools", "_tee_dataobject").flags(ClassSpec::NO_NEW);

/// Words: the link; each link holds one item and the next link, so that links nobody needs any more go.
static TEE: ClassSpec = spec(
    "_tee",
    &[
        constructor("($type, iterable, /)", |rt, a| {
            let it = rt.iter(a[1])?;
            let link = new_link(rt, it);
            make(rt, a[0], State { words: vec![link], ..State::default() })
        }),
        ITER,
        NEXT,
        def("__copy__", "($self, /)", |rt, a| {
            let link = state(a[0]).words[0].clone();
            let class = rt.class_for(&TEE);
            Ok(rt.new_native(class, Box::new(State { words: vec![link], ..State::default() })))
        }),
    ],
    |rt, this| {
        let Some(link) = state(this).words.first().cloned() else { return Ok(None) };
        if native::<TeeSource>(link.word()).queue.is_empty() {
            let it = native::<TeeSource>(link.word()).iterator.clone();
            let Some(item) = rt.next(it.word())? else { return Ok(None) };
            let next = new_link(rt, it);
            native::<TeeSource>(link.word()).queue = vec![item, next];
        }
        let queue = &native::<TeeSource>(link.word()).queue;
        let (item, next) = (queue[0].clone(), queue[1].clone());
        state(this).words[0] = next;
        Ok(Some(item))
    },
);

fn new_link(rt: &mut Isolate, iterator: Owned) -> Owned {
    let class = rt.class_for(&TEE_SOURCE);
    rt.new_native(class, Box::new(TeeSource { iterator, queue: Vec::new() }))
}

fn tee(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let n = if a[1].is_unbound() { 2 } else { rt.to_i64(a[1], "ssize_t")? };
    if n < 0 {
        return Err(rt.value_error("n must be >= 0"));
    }
    let class = rt.class_for(&TEE);
    let it = rt.iter(a[0])?;
    let link = if rt.class_of(it.word()) == class { state(it.word()).words[0].clone() } else { new_link(rt, it) };
    let items = (0..n)
        .map(|_| rt.new_native(class, Box::new(State { words: vec![link.clone()], ..State::default() })))
        .collect();
    Ok(rt.new_tuple(items))
}
