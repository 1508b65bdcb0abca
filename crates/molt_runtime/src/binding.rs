//! Binding of calls to the parameters of Python functions, with CPython's errors.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use molt_abi::Word;
use molt_abi::layout::{CodeDesc, FunctionObj};

use crate::api::{str_bytes, str_text, tuple_items};
use crate::function::plural;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, PyResult, Raised};

/// Names of the parameters and locals of a body.
pub(crate) fn var_names<'a>(code: &CodeDesc) -> &'a [Word] {
    if code.var_count == 0 {
        return &[];
    }
    // SAFETY: the compiler emits `var_count` words.
    unsafe { core::slice::from_raw_parts(code.var_names, code.var_count as usize) }
}

impl Isolate {
    /// Writes all parameters as owned words to `out`, which holds `UNBOUND` words at first.
    pub(crate) fn bind_arguments(&mut self, f: Word, args: &[Word], kwnames: Word, out: &mut [Word]) -> PyResult<()> {
        out.fill(Word::UNBOUND);
        let claude = crate::function::code_of(f).flags & CodeDesc::CLAUDE != 0;
        let bind = if claude { Isolate::bind_claude } else { Isolate::bind_into };
        let r = bind(self, f, args, kwnames, out);
        if r.is_err() {
            for w in out {
                dec(core::mem::replace(w, Word::UNBOUND));
            }
        }
        r
    }

    fn bind_into(&mut self, f: Word, args: &[Word], kwnames: Word, out: &mut [Word]) -> PyResult<()> {
        // SAFETY: the callee of `bind_args` is a function object.
        let function = unsafe { &*f.as_ptr().cast::<FunctionObj>() };
        let code = crate::function::code_of(f);
        let names = var_names(code);
        let arg_count = code.arg_count as usize;
        let named = arg_count + code.kwonly_count as usize;
        let varargs = code.flags & CodeDesc::VARARGS != 0;
        let varkw = code.flags & CodeDesc::VARKEYWORDS != 0;
        let keys = if kwnames.is_unbound() { &[][..] } else { tuple_items(kwnames) };
        let (pos, values) = args.split_at(args.len() - keys.len());
        let taken = pos.len().min(arg_count);
        for i in 0..taken {
            inc(pos[i]);
            out[i] = pos[i];
        }
        if varargs {
            out[named] = self.new_tuple_of(&pos[taken..]).into_word();
        }
        if varkw {
            out[named + usize::from(varargs)] = self.new_dict().into_word();
        }
        for (&key, &value) in keys.iter().zip(values) {
            self.bind_keyword(f, key, value, keys, out)?;
        }
        if !varargs && pos.len() > arg_count {
            return Err(self.too_many_positional(f, pos.len(), out));
        }
        let defaults = if function.defaults.is_unbound() { &[][..] } else { tuple_items(function.defaults) };
        let first_default = arg_count - defaults.len().min(arg_count);
        for i in taken..arg_count {
            if out[i].is_unbound() && i >= first_default {
                out[i] = defaults[i - first_default];
                inc(out[i]);
            }
        }
        let missing: Vec<Word> = (0..arg_count).filter(|&i| out[i].is_unbound()).map(|i| names[i]).collect();
        if !missing.is_empty() {
            return Err(self.missing_arguments(f, "positional", &missing));
        }
        for i in arg_count..named {
            if out[i].is_unbound()
                && !function.kwdefaults.is_unbound()
                && let Some(v) = self.dict_get_name(function.kwdefaults, names[i])
            {
                inc(v);
                out[i] = v;
            }
        }
        let missing: Vec<Word> = (arg_count..named).filter(|&i| out[i].is_unbound()).map(|i| names[i]).collect();
        if missing.is_empty() { Ok(()) } else { Err(self.missing_arguments(f, "keyword-only", &missing)) }
    }

    fn bind_keyword(&mut self, f: Word, key: Word, value: Word, keys: &[Word], out: &mut [Word]) -> PyResult<()> {
        let code = crate::function::code_of(f);
        let names = var_names(code);
        let named = (code.arg_count + code.kwonly_count) as usize;
        let posonly = code.posonly_count as usize;
        if !self.is_str(key) {
            let name = self.function_qualname(f);
            return Err(self.type_error(format!("{name}() keywords must be strings")));
        }
        let text = str_bytes(key);
        let index = (posonly..named).find(|&i| names[i] == key || str_bytes(names[i]) == text);
        if let Some(i) = index {
            if !out[i].is_unbound() {
                let name = self.function_qualname(f);
                return Err(self.type_error(format!("{name}() got multiple values for argument '{}'", str_text(key))));
            }
            inc(value);
            out[i] = value;
            return Ok(());
        }
        if code.flags & CodeDesc::VARKEYWORDS != 0 {
            let dict = *out.last().expect("a function with ** has a parameter");
            self.dict_set_name(dict, key, value);
            return Ok(());
        }
        let name = self.function_qualname(f);
        let passed = |i: &usize| keys.iter().any(|&k| self.is_str(k) && str_bytes(k) == str_bytes(names[*i]));
        let as_keyword: Vec<String> = (0..posonly).filter(passed).map(|i| str_text(names[i]).into_owned()).collect();
        if !as_keyword.is_empty() {
            let msg = format!(
                "{name}() got some positional-only arguments passed as keyword arguments: '{}'",
                as_keyword.join(", ")
            );
            return Err(self.type_error(msg));
        }
        let candidates: Vec<String> = names[posonly..named].iter().map(|&n| str_text(n).into_owned()).collect();
        let hint = crate::suggest::closest(&str_text(key), candidates.iter().map(String::as_str))
            .map_or_else(String::new, |s| format!(". Did you mean '{s}'?"));
        Err(self.type_error(format!("{name}() got an unexpected keyword argument '{}'{hint}", str_text(key))))
    }

    /// Qualified name of a function for messages.
    pub(crate) fn function_qualname(&self, f: Word) -> String {
        let over = self.side_dict(f).and_then(|d| self.dict_get_name(d, self.name(crate::names::Name::QUALNAME)));
        str_text(over.unwrap_or(crate::function::code_of(f).qualname)).into_owned()
    }

    #[cold]
    fn missing_arguments(&mut self, f: Word, kind: &str, missing: &[Word]) -> Raised {
        let quoted: Vec<String> = missing.iter().map(|&n| format!("'{}'", str_text(n))).collect();
        let list = match quoted.as_slice() {
            [one] => one.clone(),
            [a, b] => format!("{a} and {b}"),
            many => {
                let (last, rest) = many.split_last().expect("at least three names");
                format!("{}, and {last}", rest.join(", "))
            }
        };
        let name = self.function_qualname(f);
        let n = missing.len();
        self.type_error(format!("{name}() missing {n} required {kind} argument{}: {list}", plural(n)))
    }

    #[cold]
    fn too_many_positional(&mut self, f: Word, given: usize, out: &[Word]) -> Raised {
        // SAFETY: as in `bind_into`.
        let function = unsafe { &*f.as_ptr().cast::<FunctionObj>() };
        let code = crate::function::code_of(f);
        let name = self.function_qualname(f);
        let n = code.arg_count as usize;
        let defaults = if function.defaults.is_unbound() { 0 } else { tuple_items(function.defaults).len() };
        let kwonly_given = out[n..n + code.kwonly_count as usize].iter().filter(|w| !w.is_unbound()).count();
        let (takes, many) =
            if defaults > 0 { (format!("from {} to {n}", n - defaults), true) } else { (n.to_string(), n != 1) };
        let given_text = if kwonly_given > 0 {
            format!(
                "{given} positional argument{} (and {kwonly_given} keyword-only argument{}) were",
                plural(given),
                plural(kwonly_given)
            )
        } else {
            format!("{given} {}", if given == 1 { "was" } else { "were" })
        };
        let s = if many { "s" } else { "" };
        self.type_error(format!("{name}() takes {takes} positional argument{s} but {given_text} given"))
    }

    /// `callee(*args, **kwargs)` with a tuple and a dict.
    pub(crate) fn call_ex(&mut self, f: Word, args: Word, kwargs: Word) -> PyResult {
        let pos = tuple_items(args);
        if kwargs.is_unbound() || self.dict_len(kwargs) == 0 {
            return self.vectorcall(f, pos, Word::UNBOUND);
        }
        let items = self.dict_items(kwargs);
        let names = self.new_tuple(items.iter().map(|(k, _)| k.clone()).collect());
        let mut all: Vec<Word> = pos.to_vec();
        all.extend(items.iter().map(|(_, v)| v.word()));
        let _keep: &[(Owned, Owned)] = &items;
        self.vectorcall(f, &all, names.word())
    }
}
