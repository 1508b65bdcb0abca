//! Generators: steps, `send`, `throw`, `close`, delegation.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::layout::{
    CodeDesc, GeneratorObj, RESUME_SEND, RESUME_THROW, ResumeFn, STEP_RAISED, STEP_RETURNED, STEP_YIELDED,
};
use molt_abi::{ClassId, Ret, Word};

use crate::api::tuple_items;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getset, getter};
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult, Raised, exc};

fn gen_obj(w: Word) -> Place<GeneratorObj> {
    // SAFETY: callers checked the class.
    unsafe { Place::new(w.as_ptr().cast()) }
}

/// Outcome of one step.
pub(crate) enum Step {
    Yielded(Owned),
    Returned(Owned),
}

impl Isolate {
    /// A generator that has not started; its frame words are unbound.
    pub(crate) fn new_generator(
        &mut self,
        code: *const CodeDesc,
        resume: ResumeFn,
        words: usize,
        function: Word,
    ) -> Owned {
        let p = self.alloc_object(ClassId::GENERATOR, size_of::<GeneratorObj>() + 8 * words).cast::<GeneratorObj>();
        let over = |name| self.side_dict(function).and_then(|d| self.dict_get_name(d, self.name(name)));
        let (name, qualname) = if function.is_object() {
            (over(crate::names::Name::NAME), over(crate::names::Name::QUALNAME))
        } else {
            (None, None)
        };
        // SAFETY: freshly allocated for this layout and `words` words.
        unsafe {
            let g = &mut *p;
            g.code = code;
            g.resume = resume;
            g.state = 0;
            g.running = 0;
            g.frame_len = words as u64;
            g.delegate = Word::UNBOUND;
            g.name = Owned::share(name.unwrap_or(Word::UNBOUND)).into_word();
            g.qualname = Owned::share(qualname.unwrap_or(Word::UNBOUND)).into_word();
            g.handled = Word::UNBOUND;
            let frame = (&raw mut g.frame).cast::<Word>();
            for i in 0..words {
                frame.add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// One step of a generator; `thrown` tells whether `sent` is an exception to raise inside.
    pub(crate) fn generator_step(&mut self, w: Word, sent: Word, thrown: bool) -> PyResult<Step> {
        let mut g = gen_obj(w);
        if g.running != 0 {
            return Err(self.value_error("generator already executing"));
        }
        if g.state == GeneratorObj::FINISHED {
            if thrown {
                return Err(self.raise_value(Owned::share(sent)));
            }
            return Ok(Step::Returned(Owned::NONE));
        }
        if g.state == 0 && !thrown && !sent.is_none() {
            return Err(self.type_error("can't send non-None value to a just-started generator"));
        }
        let keep = Owned::share(w);
        let base = self.handled.len();
        let saved = core::mem::replace(&mut g.handled, Word::UNBOUND);
        if !saved.is_unbound() {
            for &e in tuple_items(saved) {
                self.handled.push(Owned::share(e));
            }
            dec(saved);
        }
        g.running = 1;
        let mode = if thrown { RESUME_THROW } else { RESUME_SEND };
        let resume = g.resume;
        // SAFETY: compiled code follows the convention of `ResumeFn`.
        let r = unsafe { resume(&raw mut self.ctx, g.as_ptr(), sent, mode) };
        g.running = 0;
        let own = if self.handled.len() > base { self.handled.split_off(base) } else { Vec::new() };
        if r.error == STEP_YIELDED && !own.is_empty() {
            g.handled = self.new_tuple(own).into_word();
        }
        if r.error != STEP_YIELDED {
            g.state = GeneratorObj::FINISHED;
            dec(core::mem::replace(&mut g.delegate, Word::UNBOUND));
        }
        drop(keep);
        match r.error {
            STEP_RAISED => {
                if self.pending_is(exc::STOP_ITERATION) {
                    let cause = self.take_exception();
                    self.raise(exc::RUNTIME_ERROR, "generator raised StopIteration");
                    let e = self.ctx.exception;
                    crate::api::set_field(e, crate::exception::CAUSE, cause.word());
                    crate::api::set_field(e, crate::exception::CONTEXT, cause.word());
                    crate::api::set_field(e, crate::exception::SUPPRESS, Word::TRUE);
                }
                Err(Raised)
            }
            // SAFETY: the value of a finished step is owned.
            STEP_RETURNED => Ok(Step::Returned(unsafe { Owned::from_word(r.value) })),
            // SAFETY: as above.
            _ => Ok(Step::Yielded(unsafe { Owned::from_word(r.value) })),
        }
    }

    /// One step of `yield from`; the second half is a `STEP_*`.
    pub(crate) fn delegate_step(&mut self, w: Word, sent: Word, mode: u64) -> Ret {
        let delegate = Owned::share(gen_obj(w).delegate);
        match self.delegate_once(delegate.word(), sent, mode) {
            Ok(Step::Yielded(v)) => Ret { value: v.into_word(), error: STEP_YIELDED },
            Ok(Step::Returned(v)) => {
                dec(core::mem::replace(&mut gen_obj(w).delegate, Word::UNBOUND));
                Ret { value: v.into_word(), error: STEP_RETURNED }
            }
            Err(Raised) => {
                dec(core::mem::replace(&mut gen_obj(w).delegate, Word::UNBOUND));
                Ret { value: Word::UNBOUND, error: STEP_RAISED }
            }
        }
    }

    fn delegate_once(&mut self, d: Word, sent: Word, mode: u64) -> PyResult<Step> {
        let is_generator = self.class_of(d) == ClassId::GENERATOR;
        if mode == RESUME_THROW {
            if is_generator {
                if self.is_instance(sent, exc::GENERATOR_EXIT) {
                    close(self, d)?;
                    return Err(self.raise_value(Owned::share(sent)));
                }
                return self.generator_step(d, sent, true);
            }
            let exit = self.is_instance(sent, exc::GENERATOR_EXIT);
            let Some(f) = self.getattr_opt(d, if exit { "close" } else { "throw" })? else {
                return Err(self.raise_value(Owned::share(sent)));
            };
            if exit {
                self.call(f.word(), &[])?;
                return Err(self.raise_value(Owned::share(sent)));
            }
            let r = self.call(f.word(), &[sent]);
            return self.step_of(r);
        }
        if is_generator {
            return self.generator_step(d, sent, false);
        }
        if sent.is_none() {
            let class = self.class(self.class_of(d));
            if let Some(next) = class.next {
                return Ok(next(self, d)?.map_or(Step::Returned(Owned::NONE), Step::Yielded));
            }
            let r = match self.try_special(d, crate::names::Name::NEXT, &[]) {
                Ok(Some(v)) => Ok(v),
                Ok(None) => {
                    let msg = format!("'{}' object is not an iterator", self.type_name(d));
                    Err(self.type_error(msg))
                }
                Err(e) => Err(e),
            };
            return self.step_of(r);
        }
        let r = self.call_method(d, "send", &[sent]);
        self.step_of(r)
    }

    fn step_of(&mut self, r: PyResult) -> PyResult<Step> {
        match r {
            Ok(v) => Ok(Step::Yielded(v)),
            Err(Raised) if self.pending_is(exc::STOP_ITERATION) => {
                let e = self.take_exception();
                Ok(Step::Returned(Owned::share(crate::exception::extra(e.word(), 0))))
            }
            Err(e) => Err(e),
        }
    }
}

fn finish_step(rt: &mut Isolate, step: Step) -> PyResult {
    match step {
        Step::Yielded(v) => Ok(v),
        Step::Returned(v) => Err(rt.stop_iteration(v.word())),
    }
}

fn next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    match rt.generator_step(this, Word::NONE, false)? {
        Step::Yielded(v) => Ok(Some(v)),
        Step::Returned(_) => Ok(None),
    }
}

fn next_method(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let step = rt.generator_step(args[0], Word::NONE, false)?;
    finish_step(rt, step)
}

fn send(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let step = rt.generator_step(args[0], args[1], false)?;
    finish_step(rt, step)
}

fn throw(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let e = if rt.is_exception(args[1]) {
        Owned::share(args[1])
    } else if rt.is_class(args[1]) && rt.class_obj(args[1]).has(crate::class::ClassObj::EXCEPTION) {
        if args[2].is_unbound() || args[2].is_none() {
            rt.call(args[1], &[])?
        } else if rt.is_exception(args[2]) {
            Owned::share(args[2])
        } else {
            rt.call(args[1], &[args[2]])?
        }
    } else {
        let msg = format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            rt.type_name(args[1])
        );
        return Err(rt.type_error(msg));
    };
    let mut g = gen_obj(args[0]);
    if g.state == 0 {
        g.state = GeneratorObj::FINISHED;
    }
    let step = rt.generator_step(args[0], e.word(), true)?;
    finish_step(rt, step)
}

/// `generator.close()`.
pub(crate) fn close(rt: &mut Isolate, w: Word) -> PyResult {
    let mut g = gen_obj(w);
    if g.state == GeneratorObj::FINISHED {
        return Ok(Owned::NONE);
    }
    if g.state == 0 && g.running == 0 {
        g.state = GeneratorObj::FINISHED;
        return Ok(Owned::NONE);
    }
    let e = rt.new_exception(exc::GENERATOR_EXIT, &[]);
    match rt.generator_step(w, e.word(), true) {
        Ok(Step::Yielded(_)) => Err(rt.runtime_error("generator ignored GeneratorExit")),
        Ok(Step::Returned(v)) => Ok(v),
        Err(Raised) if rt.pending_is(exc::GENERATOR_EXIT) || rt.pending_is(exc::STOP_ITERATION) => {
            rt.clear_exception();
            Ok(Owned::NONE)
        }
        Err(e) => Err(e),
    }
}

fn close_method(rt: &mut Isolate, args: &[Word]) -> PyResult {
    close(rt, args[0])
}

fn names(g: Place<GeneratorObj>) -> (Word, Word) {
    // SAFETY: code descriptors are static.
    let code = unsafe { &*g.code };
    let or = |w: Word, d: Word| if w.is_unbound() { d } else { w };
    (or(g.name, code.name), or(g.qualname, code.qualname))
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (_, qualname) = names(gen_obj(args[0]));
    let text = format!("<generator object {} at {:#x}>", crate::api::str_text(qualname), args[0].0);
    Ok(rt.new_str(&text))
}
fn get_name(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(names(gen_obj(this)).0))
}
fn set_name(_: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    inc(value);
    dec(core::mem::replace(&mut gen_obj(this).name, value));
    Ok(())
}
fn get_qualname(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(names(gen_obj(this)).1))
}
fn set_qualname(_: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    inc(value);
    dec(core::mem::replace(&mut gen_obj(this).qualname, value));
    Ok(())
}
fn get_running(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::from_bool(gen_obj(this).running != 0))
}
fn get_suspended(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::from_bool(gen_obj(this).state > 0 && gen_obj(this).running == 0))
}
fn get_yieldfrom(_: &mut Isolate, this: Word) -> PyResult {
    let d = gen_obj(this).delegate;
    Ok(Owned::share(if d.is_unbound() { Word::NONE } else { d }))
}

static METHODS: &[NativeDef] = &[
    def("__iter__", "($self, /)", crate::iter::self_iter),
    def("__next__", "($self, /)", next_method),
    def("__repr__", "($self, /)", repr),
    def("send", "($self, arg, /)", send),
    def("throw", "($self, type, value=None, traceback=None, /)", throw),
    def("close", "($self, /)", close_method),
];
static GETSET: &[GetSetDef] = &[
    getset("__name__", get_name, set_name),
    getset("__qualname__", get_qualname, set_qualname),
    getter("gi_code", |rt, this| Ok(rt.new_code(gen_obj(this).code))),
    getter("gi_frame", |rt, this| {
        let g = gen_obj(this);
        if g.state == GeneratorObj::FINISHED {
            return Ok(Owned::NONE);
        }
        // SAFETY: code descriptors are static.
        let line = unsafe { (*g.code).first_line };
        Ok(rt.new_frame(g.code, line))
    }),
    getter("gi_running", get_running),
    getter("gi_suspended", get_suspended),
    getter("gi_yieldfrom", get_yieldfrom),
];
pub(crate) static SPEC: ClassSpec = ClassSpec::builtin(ClassId::GENERATOR, Layout::Generator)
    .methods(METHODS)
    .getset(GETSET)
    .next(next)
    .flags(ClassSpec::NO_NEW | ClassSpec::WEAKREFABLE);
