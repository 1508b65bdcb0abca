//! Helpers of the `match` statement.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::{str_text, tuple_items};
use crate::native::ClassSpec;
use crate::{Isolate, Owned, PyResult};

/// Values of the keys in a mapping as a tuple, or `None` when one is missing.
pub(crate) fn match_keys(rt: &mut Isolate, subject: Word, keys: Word) -> PyResult {
    let get = rt.getattr(subject, "get")?;
    let missing = rt.new_list(Vec::new());
    let mut values = Vec::new();
    for &key in tuple_items(keys) {
        let v = rt.call(get.word(), &[key, missing.word()])?;
        if v == missing {
            return Ok(Owned::NONE);
        }
        values.push(v);
    }
    Ok(rt.new_tuple(values))
}

/// Attributes for the sub-patterns of a class pattern, or `None` when it does not match.
pub(crate) fn match_class(rt: &mut Isolate, subject: Word, class: Word, count: usize, names: Word) -> PyResult {
    if !rt.is_class(class) {
        return Err(rt.type_error("called match pattern must be a class"));
    }
    if !rt.isinstance(subject, class)? {
        return Ok(Owned::NONE);
    }
    let mut values = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    if count > 0 {
        match rt.getattr_opt(class, "__match_args__")? {
            None if count == 1 && match_self(rt, class) => values.push(Owned::share(subject)),
            None => {
                let msg = format!(
                    "{}() accepts 0 positional sub-patterns ({count} given)",
                    str_text(rt.class_obj(class).name)
                );
                let msg = if match_self(rt, class) {
                    msg.replace("accepts 0 positional sub-patterns", "accepts 1 positional sub-pattern")
                } else {
                    msg
                };
                return Err(rt.type_error(msg));
            }
            Some(args) => {
                if !rt.is_tuple(args.word()) {
                    let msg = format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        str_text(rt.class_obj(class).name),
                        rt.type_name(args.word())
                    );
                    return Err(rt.type_error(msg));
                }
                let known = tuple_items(args.word());
                if known.len() < count {
                    let n = known.len();
                    let msg = format!(
                        "{}() accepts {n} positional sub-pattern{} ({count} given)",
                        str_text(rt.class_obj(class).name),
                        crate::function::plural(n)
                    );
                    return Err(rt.type_error(msg));
                }
                for &name in &known[..count] {
                    if !rt.is_str(name) {
                        let msg = format!("__match_args__ elements must be strings (got {})", rt.type_name(name));
                        return Err(rt.type_error(msg));
                    }
                    seen.push(str_text(name).into_owned());
                    let Some(v) = rt.get_attr_opt(subject, name)? else { return Ok(Owned::NONE) };
                    values.push(v);
                }
            }
        }
    }
    for &name in tuple_items(names) {
        if seen.iter().any(|s| *s == str_text(name)) {
            let msg = format!(
                "{}() got multiple sub-patterns for attribute '{}'",
                str_text(rt.class_obj(class).name),
                str_text(name)
            );
            return Err(rt.type_error(msg));
        }
        let Some(v) = rt.get_attr_opt(subject, name)? else { return Ok(Owned::NONE) };
        values.push(v);
    }
    Ok(rt.new_tuple(values))
}

fn match_self(rt: &Isolate, class: Word) -> bool {
    rt.class_obj(class).mro.iter().any(|c| c.has(ClassSpec::MATCH_SELF))
}
