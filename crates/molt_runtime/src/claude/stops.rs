//! Stops: what a program that is compiled for a debugger tells at its expressions.
//!
//! The compiler puts a call of `cl_stop` before the expressions of bodies, with a number of its own and the values of the
//! variables that can be seen. Whoever started the program is told by a hook, and the program waits in it.
//!
//! Calls are told apart by where their frames lie. A stack grows downwards, so of two stops on one stack the one at the
//! lower address is in a call that the other one's call made; at the same address it is the same call, or one that took
//! its place as a tail call does.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use molt_abi::layout::ProgramDesc;
use molt_abi::{Ret, Word};

use super::{print, report};
use crate::api::str_text;
use crate::current::set_current;
use crate::entry::{entries, ret};
use crate::{Isolate, Owned, PyResult, Raised, exc};

/// What is told of each stop; an error ends the program as if the expression had raised it.
pub type Hook = Box<dyn FnMut(&mut Paused<'_>, &Here<'_>) -> Next>;

/// Where a program is.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The compiler's number of the place.
    pub place: usize,
    /// Tells one stack from others.
    pub stack: usize,
    /// The end of the call's frame.
    pub address: usize,
    /// Ctrl-C was pressed since the last stop.
    pub is_interrupted: bool,
    /// The values of the variables, borrowed.
    pub variables: &'a [Word],
}

/// What the program does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    GoOn,
    /// It asks for the end with this status; what is to be done on the way out is done.
    End(i32),
}

/// A program that waits, in its isolate.
pub struct Paused<'a> {
    rt: &'a mut Isolate,
}

/// Why something gave no value: the text of the error.
pub type Failure = String;

impl Paused<'_> {
    /// Keeps a value for as long as the result lives.
    pub fn keep(&self, value: Word) -> Value {
        Value(Owned::share(value))
    }

    /// A value as text that reads back to it.
    pub fn shown(&mut self, value: &Value) -> Result<String, Failure> {
        let text = self.apart(|rt| print::pr_str(rt, value.0.word()));
        text.map(|text| str_text(text.word()).into_owned())
    }

    /// Runs the entry module of a program that goes on where the last one begun in this isolate has its tables. It
    /// stays until the isolate is gone. No stop is told meanwhile.
    pub fn run(&mut self, root: *const u8) -> Result<(), Failure> {
        let program: *const ProgramDesc = root.cast();
        // SAFETY: the caller passes the root of a loaded program, which stays.
        let program: &'static ProgramDesc = unsafe { &*program };
        if !self.rt.has_room(program) {
            return Err("there is no room for more expressions; end the program and begin anew".to_string());
        }
        self.rt.continue_with(program);
        self.apart(|rt| rt.import_program(program.entry_module as usize)).map(drop)
    }

    /// The value of a variable of the module of a file.
    pub fn variable(&mut self, file: &str, name: &str) -> Option<Value> {
        let module = self.rt.module_of_file(file)?;
        let name = self.rt.intern(name);
        self.rt.module_get(module.word(), name).map(Value)
    }

    /// Calls a procedure. No stop is told meanwhile.
    pub fn call(&mut self, procedure: &Value, operands: &[Value]) -> Result<Value, Failure> {
        let words: Vec<Word> = operands.iter().map(|v| v.0.word()).collect();
        self.apart(|rt| rt.claude_call(procedure.0.word(), &words)).map(Value)
    }

    /// Puts out what the program has printed so far.
    pub fn flush(&mut self) {
        if self.rt.flush_stdout().is_err() {
            self.rt.clear_exception();
        }
    }

    /// Does something that the handlers in force know nothing of: none of them may take the program elsewhere from here.
    fn apart<T>(&mut self, work: impl FnOnce(&mut Isolate) -> PyResult<T>) -> Result<T, Failure> {
        let rt = &mut *self.rt;
        let handlers = core::mem::replace(&mut rt.ctx.handlers, core::ptr::null_mut());
        rt.ctx.handler_turn += 1;
        let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
        let result = work(rt).map_err(|Raised| {
            let e = rt.take_exception();
            report::head_line(rt, e.word())
        });
        (rt.ctx.exception, rt.ctx.handlers) = (pending, handlers);
        rt.ctx.handler_turn += 1;
        result
    }
}

/// A value that is kept.
#[derive(Clone)]
pub struct Value(Owned);

impl Value {
    /// Whether it counts as true.
    pub fn is_true(&self) -> bool {
        let w = self.0.word();
        w != Word::FALSE && !w.is_none()
    }
}

fn stop(rt: &mut Isolate, operands: &[Word], address: usize) -> PyResult {
    // Without a hook while it runs: what it runs is not stopped.
    let Some(mut hook) = rt.claude.at_stop.take() else { return Ok(Owned::NONE) };
    let place = crate::num::int::to_i64(operands[0]).unwrap_or(0) as usize;
    let is_interrupted = core::mem::take(&mut rt.claude.is_interrupted);
    let here = Here { place, stack: rt.stack_floor(), address, is_interrupted, variables: &operands[1..] };
    let next = hook(&mut Paused { rt }, &here);
    match next {
        Next::GoOn => {
            rt.claude.at_stop = Some(hook);
            Ok(Owned::NONE)
        }
        Next::End(status) => {
            let status = rt.new_int(i64::from(status));
            let class = rt.class_word(exc::SYSTEM_EXIT);
            let e = rt.call(class, &[status.word()])?;
            Err(rt.raise_value(e))
        }
    }
}

entries! {
    cl_stop(rt, operands: *const Word, n: u64) -> Ret {
        let mark = 0u8;
        // SAFETY: compiled code passes an array of so many live words.
        let operands = unsafe { core::slice::from_raw_parts(operands, n as usize) };
        ret(stop(rt, operands, (&raw const mark).addr()))
    }
}

impl super::resident::Resident {
    /// From now on the programs of the isolate tell their stops.
    pub fn tell_stops(&mut self, hook: Hook) {
        let rt = self.isolate();
        set_current(rt);
        rt.keep_globals_in_place();
        rt.claude.at_stop = Some(hook);
    }

    /// Forgets the hook and what it keeps.
    pub fn tell_nobody(&mut self) {
        let rt = self.isolate();
        set_current(rt);
        rt.claude.at_stop = None;
    }
}
