//! Calls and tail calls.
//!
//! A procedure may leave a call for its caller to make: callee and operands wait in the isolate while the flag
//! [`TAIL_CALL`] goes up. They are taken out before anything else runs.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::layout::{CodeDesc, FunctionObj, TAIL_CALL};
use molt_abi::{ClassId, Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, list, map, symbol};
use super::wrong_type;
use crate::api::str_text;
use crate::entry::{entries, ret, words};
use crate::function::code_of;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, PyResult, Raised};

entries! {
    cl_call(rt, callee: Word, args: *const Word, n: u64) -> Ret { ret(rt.claude_call(callee, words(args, n))) }
    cl_tail_call(rt, callee: Word, args: *const Word, n: u64) {
        debug_assert!(rt.claude.waiting.is_empty(), "one call waits at a time");
        rt.claude.waiting.push(callee);
        rt.claude.waiting.extend_from_slice(words(args, n));
    }
    cl_bounce(rt, flag: u64) -> Ret {
        if flag != TAIL_CALL { Ret::ERR } else { ret(rt.make_waiting_call()) }
    }
    cl_apply(rt, callee: Word, operands: Word) -> Ret {
        if !list::is_list(rt, operands) {
            wrong_type(rt, "apply", "a list", operands);
            return Ret::ERR;
        }
        let all: Vec<Owned> = list::iter(operands).map(Owned::share).collect();
        let words: Vec<Word> = all.iter().map(Owned::word).collect();
        ret(rt.claude_call(callee, &words))
    }
}

impl Isolate {
    /// Calls anything that can be called; calls that it leaves are made.
    pub(crate) fn claude_call(&mut self, callee: Word, args: &[Word]) -> PyResult {
        match self.class_of(callee) {
            ClassId::FUNCTION => self.vectorcall(callee, args, Word::UNBOUND),
            ClassId::KEYWORD => self.keyword_call(callee, args),
            _ if kind_of(self, callee) == Kind::Foreign || callable_kind(kind_of(self, callee)) => {
                self.vectorcall(callee, args, Word::UNBOUND)
            }
            _ => {
                let kind = kind_of(self, callee).name();
                let text = format!("a value of kind {kind} was called, which is no procedure");
                Err(self.raise_claude(ErrorKind::TypeError, text, Word::NONE))
            }
        }
    }

    /// `(:k m)`.
    fn keyword_call(&mut self, key: Word, args: &[Word]) -> PyResult {
        match *args {
            [m] | [m, _] if map::is_map(self, m) => {
                let found = map::get(self, m, key)?;
                Ok(Owned::share(found.unwrap_or(args.get(1).copied().unwrap_or(Word::NONE))))
            }
            [m] | [m, _] => Err(wrong_type(self, &format!(":{}", symbol::text_of(key)), "a map", m)),
            _ => {
                let text = format!(":{} takes 1 to 2 operands, not {}", symbol::text_of(key), args.len());
                Err(self.raise_claude(ErrorKind::Arity, text, Word::NONE))
            }
        }
    }

    /// Makes the call that waits, and those that it leaves in turn.
    #[cold]
    pub(crate) fn make_waiting_call(&mut self) -> PyResult {
        loop {
            let waiting = core::mem::take(&mut self.claude.waiting);
            let (callee, args) = (waiting[0], &waiting[1..]);
            let r = if self.class_of(callee) == ClassId::FUNCTION {
                let entry = code_of(callee).entry;
                // SAFETY: compiled code follows the calling convention of `EntryFn`.
                unsafe { entry(&raw mut self.ctx, callee, args.as_ptr(), args.len() as u64, Word::UNBOUND) }
            } else {
                ret(self.claude_call(callee, args))
            };
            for &w in &waiting {
                dec(w);
            }
            if r.error != TAIL_CALL {
                return crate::function::from_ret(r);
            }
        }
    }

    /// Binds the operands of a procedure: absent ones stay unbound, further ones are a list.
    pub(crate) fn bind_claude(&mut self, f: Word, args: &[Word], kwnames: Word, out: &mut [Word]) -> PyResult<()> {
        // SAFETY: the callee of `bind_args` is a function object.
        let code = unsafe { &*(*f.as_ptr().cast::<FunctionObj>()).code };
        let (most, optional) = (code.arg_count as usize, code.optional as usize);
        let varargs = code.flags & CodeDesc::VARARGS != 0;
        let fits = args.len() >= most - optional && (varargs || args.len() <= most);
        if !fits || !kwnames.is_unbound() {
            return Err(self.wrong_count(code, args.len()));
        }
        for (slot, &w) in out.iter_mut().zip(&args[..args.len().min(most)]) {
            inc(w);
            *slot = w;
        }
        if varargs {
            out[most] = list::from_words(self, &args[args.len().min(most)..]).into_word();
        }
        Ok(())
    }

    #[cold]
    fn wrong_count(&mut self, code: &CodeDesc, found: usize) -> Raised {
        let most = code.arg_count as usize;
        let least = most - code.optional as usize;
        let varargs = code.flags & CodeDesc::VARARGS != 0;
        let plural = if most == 1 { "operand" } else { "operands" };
        let wanted = match (varargs, least == most) {
            (true, _) => format!("at least {least} {}", if least == 1 { "operand" } else { "operands" }),
            (false, true) => format!("{most} {plural}"),
            (false, false) => format!("{least} to {most} operands"),
        };
        let text = format!("{} takes {wanted}, not {found}", str_text(code.name));
        self.raise_claude(ErrorKind::Arity, text, Word::NONE)
    }
}

fn callable_kind(kind: Kind) -> bool {
    matches!(kind, Kind::Procedure | Kind::Type)
}
