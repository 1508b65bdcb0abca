//! An isolate that outlives programs: each one goes on where those before it ended.
//!
//! A program begins with the tables of the one before it, so its numbers mean the same modules, variables and classes; what is
//! new in it is added here. Values keep the code of the program that made them, which therefore stays until the isolate
//! is gone. The static texts of a program are interned only where no earlier one has them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use molt_abi::layout::ProgramDesc;
use molt_abi::{ClassId, Header};

use super::{print, report};
use crate::api::str_text;
use crate::current::set_current;
use crate::startup::Ending;
use crate::{Isolate, Owned, PyResult, Raised};

/// Constructors that the programs of an isolate may declare together: their classes have numbers from the compiler.
pub const MOST_CONSTRUCTORS: u32 = 4096;

/// The isolate of a session, on the thread that made it.
pub struct Resident {
    rt: Box<Isolate>,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Done,
    /// An error that nobody caught, which was printed.
    Failed,
    /// It asked for the end of the process with this status.
    Exit(i32),
}

/// How many constants the runtime makes for the program whose root lies at an address.
pub fn constants(root: *const u8) -> usize {
    // SAFETY: the caller passes the root of a loaded program.
    unsafe { (*root.cast::<ProgramDesc>()).lazy_count as usize }
}

/// Runs work on a thread with a large stack, of which it gets the size in bytes; none if there is no such thread.
pub fn on_large_stack<R>(work: impl FnOnce(usize) -> R) -> Option<R> {
    crate::signals::block();
    crate::startup::on_stack_of_program(work)
}

impl Resident {
    /// An isolate without a program, on a thread with so much stack; its programs have these arguments.
    pub fn start(stack_size: usize, argv: &[Vec<u8>]) -> PyResult<Resident> {
        let mut rt = Isolate::new(None, argv);
        rt.set_stack_size(stack_size);
        crate::signals::install(&mut rt);
        rt.claude.reserved_classes = MOST_CONSTRUCTORS;
        let classes = (ClassId::FIRST_SITE + MOST_CONSTRUCTORS) as usize;
        rt.classes.resize(classes, core::ptr::null_mut());
        rt.ctx.classes = rt.classes.as_mut_ptr().cast::<*mut Header>();
        rt.start_claude();
        rt.claude.report = Some(report::text);
        rt.import_native(&crate::sys::molt_module_sys)?;
        Ok(Resident { rt })
    }

    /// Runs the entry module of the program whose root lies at an address, which begins with the tables of the one before
    /// it and stays until this value is gone.
    pub fn run(&mut self, root: *const u8) -> Outcome {
        let program: *const ProgramDesc = root.cast();
        // SAFETY: the caller passes the root of a loaded program, which stays.
        let program: &'static ProgramDesc = unsafe { &*program };
        let rt = &mut *self.rt;
        set_current(rt);
        // What was pressed while nothing ran means nothing.
        crate::signals::forget(rt);
        rt.continue_with(program);
        let outcome = match rt.import_program(program.entry_module as usize) {
            Ok(_) => Outcome::Done,
            Err(Raised) => {
                let e = rt.take_exception();
                let is_exit = rt.is_instance(e.word(), crate::exc::SYSTEM_EXIT);
                match rt.report_uncaught(e.word()) {
                    Ending::Status(status) if is_exit => Outcome::Exit(status),
                    Ending::Status(_) | Ending::Interrupted => Outcome::Failed,
                }
            }
        };
        if rt.flush_stdout().is_err() {
            rt.clear_exception();
        }
        outcome
    }

    pub(super) fn isolate(&mut self) -> &mut Isolate {
        &mut self.rt
    }

    /// The value of a variable of a module of a file, as text that reads back to it; none where it has none yet.
    pub fn shown(&mut self, file: &str, name: &str) -> Option<String> {
        let rt = &mut *self.rt;
        set_current(rt);
        let module = rt.module_of_file(file)?;
        let name = rt.intern(name);
        let value = rt.module_get(module.word(), name)?;
        match print::pr_str(rt, value.word()) {
            Ok(text) => Some(str_text(text.word()).into_owned()),
            Err(Raised) => {
                rt.clear_exception();
                None
            }
        }
    }

    /// Ends the tasks that are left; under `MOLT_LEAK_CHECK=1` an error says what is alive after that.
    pub fn end(mut self) -> Result<(), String> {
        let rt = &mut *self.rt;
        set_current(rt);
        if let Some(finish) = rt.claude.at_end.take() {
            finish(rt);
        }
        if rt.flush_stdout().is_err() {
            rt.clear_exception();
        }
        crate::signals::withdraw();
        rt.tear_down(crate::startup::checks_leaks())
    }
}

impl Isolate {
    /// Adds what a program has beyond those before it.
    pub(super) fn continue_with(&mut self, program: &'static ProgramDesc) {
        self.program = program;
        for i in 0..program.string_count as usize {
            // SAFETY: the compiler emits `string_count` addresses of string objects.
            self.intern_static(unsafe { *program.strings.add(i) });
        }
        self.continue_modules(program);
    }

    pub(super) fn module_of_file(&self, file: &str) -> Option<Owned> {
        let all: Vec<&Owned> = self.modules.program.iter().collect();
        all.into_iter().rev().find(|m| self.module_file(m.word()) == Some(file)).cloned()
    }
}
