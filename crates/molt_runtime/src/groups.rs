//! Exception groups: splitting for `except*` and what is raised afterwards.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{field, list_items, set_field, tuple_items};
use crate::exception::{CAUSE, CONTEXT, TRACEBACK, extra};
use crate::names::Name;
use crate::native::{NativeDef, def};
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

/// Methods of `BaseExceptionGroup`.
pub(crate) static METHODS: [NativeDef; 4] = [
    def("__new__", "($type, message, exceptions, /)", |rt, a| {
        let (class, message, members) = checked_arguments(rt, a)?;
        let items = rt.new_tuple(members);
        let e = rt.new_exception(class, &[message, a[2]]);
        crate::exception::set_extra(e.word(), 0, message);
        crate::exception::set_extra(e.word(), 1, items.word());
        Ok(e)
    }),
    def("derive", "($self, excs, /)", |rt, a| {
        let class = rt.class_word(exc::BASE_EXCEPTION_GROUP);
        rt.call(class, &[extra(a[0], 0), a[1]])
    }),
    def("split", "($self, matcher_value, /)", |rt, a| {
        let (yes, no) = split_by(rt, a[0], a[1])?;
        Ok(rt.new_tuple(vec![yes.unwrap_or(Owned::NONE), no.unwrap_or(Owned::NONE)]))
    }),
    def("subgroup", "($self, matcher_value, /)", |rt, a| {
        let (yes, _) = split_by(rt, a[0], a[1])?;
        Ok(yes.unwrap_or(Owned::NONE))
    }),
];

/// Class, message and members of a new group; a base group of ordinary exceptions is an `ExceptionGroup`.
fn checked_arguments(rt: &mut Isolate, a: &[Word]) -> PyResult<(ClassId, Word, Vec<Owned>)> {
    let mut class = rt.class_id(a[0]);
    if !rt.is_str(a[1]) {
        let kind = rt.argument_kind(a[1]);
        return Err(rt.type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {kind}")));
    }
    if rt.special(rt.class_of(a[2]), Name::GETITEM).is_unbound() {
        return Err(rt.type_error("second argument (exceptions) must be a sequence"));
    }
    let members = rt.collect(a[2])?;
    if members.is_empty() {
        return Err(rt.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let mut ordinary = true;
    for (i, m) in members.iter().enumerate() {
        if !rt.is_instance(m.word(), ClassId::BASE_EXCEPTION) {
            return Err(rt.value_error(format!("Item {i} of second argument (exceptions) is not an exception")));
        }
        ordinary &= rt.is_instance(m.word(), ClassId::EXCEPTION);
    }
    if class == exc::BASE_EXCEPTION_GROUP && ordinary {
        class = exc::EXCEPTION_GROUP;
    } else if !ordinary && rt.is_subclass(class, ClassId::EXCEPTION) {
        let name = rt.class(class).display_name();
        let text = if class == exc::EXCEPTION_GROUP { "an ExceptionGroup".to_owned() } else { format!("'{name}'") };
        return Err(rt.type_error(format!("Cannot nest BaseExceptions in {text}")));
    }
    Ok((class, a[1], members))
}

/// Splits by a class, a tuple of classes or a predicate.
fn split_by(rt: &mut Isolate, e: Word, matcher: Word) -> PyResult<(Option<Owned>, Option<Owned>)> {
    if rt.is_class(matcher) || rt.is_tuple(matcher) {
        return split(rt, e, matcher);
    }
    if !rt.is_callable(matcher) {
        return Err(
            rt.type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)")
        );
    }
    let verdict = rt.call(matcher, &[e])?;
    if rt.truth(verdict.word())? {
        return Ok((Some(Owned::share(e)), None));
    }
    if !is_group(rt, e) {
        return Ok((None, Some(Owned::share(e))));
    }
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for &member in tuple_items(extra(e, 1)) {
        let (a, b) = split_by(rt, member, matcher)?;
        yes.extend(a);
        no.extend(b);
    }
    let yes = if yes.is_empty() { None } else { Some(derive(rt, e, yes)?) };
    let no = if no.is_empty() { None } else { Some(derive(rt, e, no)?) };
    Ok((yes, no))
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
    let classes = if rt.is_tuple(class) { tuple_items(class) } else { core::slice::from_ref(&class) };
    if classes.iter().any(|&c| rt.is_class(c) && rt.is_subclass(rt.class_id(c), exc::BASE_EXCEPTION_GROUP)) {
        return Err(rt.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    if !is_group(rt, e) {
        if !rt.exception_matches(e, class)? {
            return Ok(rt.new_tuple_of(&[Word::NONE, e]));
        }
        let group = rt.class_word(exc::EXCEPTION_GROUP);
        let message = rt.new_str("");
        let members = rt.new_tuple_of(&[e]);
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
