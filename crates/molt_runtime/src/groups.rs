//! Exception groups: splitting for `except*` and what is raised afterwards.

use molt_abi::Word;

use crate::api::{field, list_items, set_field, tuple_items};
use crate::exception::{CAUSE, CONTEXT, TRACEBACK, extra};
use crate::{Isolate, Owned, PyResult, exc};

fn is_group(rt: &Isolate, e: Word) -> bool {
    rt.is_instance(e, exc::BASE_EXCEPTION_GROUP)
}

/// A group with the given members and everything else as in `model`.
fn derive(rt: &mut Isolate, model: Word, members: Vec<Owned>) -> PyResult {
    let list = rt.new_list(members);
    let made = match rt.getattr_opt(model, "derive")? {
        Some(f) => rt.call(f.word(), &[list.word()])?,
        None => {
            let class = rt.class_word(exc::EXCEPTION_GROUP);
            rt.call(class, &[extra(model, 0), list.word()])?
        }
    };
    for i in [TRACEBACK, CAUSE, CONTEXT] {
        set_field(made.word(), i, field(model, i));
    }
    Ok(made)
}

/// Parts of an exception that match and that do not.
fn split(rt: &mut Isolate, e: Word, class: Word) -> PyResult<(Option<Owned>, Option<Owned>)> {
    if rt.exception_matches(e, class)? {
        return Ok((Some(Owned::share(e)), None));
    }
    if !is_group(rt, e) {
        return Ok((None, Some(Owned::share(e))));
    }
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for &member in tuple_items(extra(e, 1)) {
        let (a, b) = split(rt, member, class)?;
        yes.extend(a);
        no.extend(b);
    }
    let yes = if yes.is_empty() { None } else { Some(derive(rt, e, yes)?) };
    let no = if no.is_empty() { None } else { Some(derive(rt, e, no)?) };
    Ok((yes, no))
}

/// `(matched or None, rest or None)` for an `except*` clause.
pub(crate) fn split_for_handler(rt: &mut Isolate, e: Word, class: Word) -> PyResult {
    if e.is_none() {
        return Ok(rt.new_tuple_of(&[Word::NONE, Word::NONE]));
    }
    if !is_group(rt, e) {
        if !rt.exception_matches(e, class)? {
            return Ok(rt.new_tuple_of(&[Word::NONE, e]));
        }
        let group = rt.class_word(exc::EXCEPTION_GROUP);
        let message = rt.new_str("");
        let members = rt.new_list(vec![Owned::share(e)]);
        let wrapped = rt.call(group, &[message.word(), members.word()])?;
        return Ok(rt.new_tuple_of(&[wrapped.word(), Word::NONE]));
    }
    let (yes, no) = split(rt, e, class)?;
    Ok(rt.new_tuple(vec![yes.unwrap_or(Owned::NONE), no.unwrap_or(Owned::NONE)]))
}

/// Exception to raise after the clauses: what they raised together with what none handled.
pub(crate) fn reraise(rt: &mut Isolate, original: Word, raised: Word) -> PyResult {
    let list: Vec<Owned> = list_items(raised).iter().filter(|w| !w.is_none()).map(|&w| Owned::share(w)).collect();
    match list.as_slice() {
        [] => return Ok(Owned::NONE),
        [one] => return Ok(one.clone()),
        _ => {}
    }
    let _ = original;
    let group = rt.class_word(exc::EXCEPTION_GROUP);
    let message = rt.new_str("");
    let members = rt.new_list(list);
    rt.call(group, &[message.word(), members.word()])
}
