//! What a body performs and changes, for contracts and for `record-effects` (sections 5.3 and 9 of the reference).
//!
//! A frame of handlers keeps notes of the operations that no clause inside of it answers, and of the cells, variables
//! and keys of the store that are changed. Operations come by here only in programs that observe some body: in others
//! they go to their default handlers at once. Tasks that a body starts are not observed.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ptr::NonNull;

use molt_abi::Word;
use molt_abi::layout::OpDesc;

use super::effects::{Frame, empty_frame};
use super::list;
use crate::api::str_text;
use crate::{Isolate, Owned, PyResult};

/// The notes of a frame.
#[derive(Default)]
pub(super) struct Notes {
    /// Labels in lower case, each once.
    labels: Vec<Word>,
    /// What was changed: the cell, or a list of one of the words of [`Place`] and the name or key.
    changes: Vec<Owned>,
    /// All operations, where they are wanted.
    log: Option<Vec<Entry>>,
}

struct Entry {
    label: Word,
    op: Word,
    args: Owned,
    result: Owned,
}

/// Where an operation was noted: the frame and how many its log had then.
pub(super) type Noted = Vec<(NonNull<Frame>, usize)>;

/// What has a name and changes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Variable,
    Key,
}

/// Calls a body: its value, the labels performed, what was changed, and a list for each operation if they are wanted.
pub(super) fn observed(rt: &mut Isolate, body: Word, keeps_log: bool) -> PyResult {
    rt.check_stack()?;
    let mut frame = empty_frame(rt);
    frame.notes = Some(Box::new(Notes { log: keeps_log.then(Vec::new), ..Notes::default() }));
    frame.outer = rt.handlers();
    rt.change_handlers(NonNull::new(&raw mut frame));
    rt.claude.observers += 1;
    let result = rt.claude_call(body, &[]);
    rt.claude.observers -= 1;
    rt.change_handlers(frame.outer);
    let value = result?;
    let notes = frame.notes.take().expect("it was given some");
    let labels = notes.labels.into_iter().map(Owned::share).collect();
    let labels = list::from_vec(rt, labels);
    let changes = list::from_vec(rt, notes.changes);
    let log = notes.log.unwrap_or_default().into_iter();
    let log = log.map(|e| list::from_vec(rt, vec![Owned::share(e.label), Owned::share(e.op), e.args, e.result]));
    let log = log.collect();
    let log = list::from_vec(rt, log);
    Ok(list::from_vec(rt, vec![value, labels, changes, log]))
}

/// The frames in force that keep notes, up to the one that answers an operation.
fn observing(rt: &Isolate, op: Option<&OpDesc>) -> Vec<NonNull<Frame>> {
    let (mut found, mut at) = (Vec::new(), rt.handlers());
    while let Some(frame) = at {
        // SAFETY: frames in force are alive.
        let f = unsafe { frame.as_ref() };
        if op.is_some_and(|op| f.answers(op)) {
            break;
        }
        if f.notes.is_some() {
            found.push(frame);
        }
        at = f.outer;
    }
    found
}

fn notes<'a>(mut frame: NonNull<Frame>) -> &'a mut Notes {
    // SAFETY: frames in force are alive, one stack at a time looks at their notes, and no caller keeps them.
    unsafe { frame.as_mut() }.notes.as_mut().expect("it was chosen for them")
}

/// Takes note of an operation that is about to be performed.
pub(super) fn performing(rt: &mut Isolate, op: &OpDesc, args: &[Word]) -> Noted {
    let mut noted = Noted::new();
    for frame in observing(rt, Some(op)) {
        // Nothing is allocated while the notes are looked at.
        let all = args.iter().map(|&a| Owned::share(a)).collect();
        let args = list::from_vec(rt, all);
        let notes = notes(frame);
        if !notes.labels.contains(&op.effect) {
            notes.labels.push(op.effect);
        }
        if let Some(log) = &mut notes.log {
            log.push(Entry { label: op.effect, op: op.name, args, result: Owned::NONE });
        }
        noted.push((frame, notes.log.as_ref().map_or(0, Vec::len)));
    }
    noted
}

/// Takes note of the result of an operation.
pub(super) fn performed(noted: Noted, result: &PyResult) {
    let Ok(value) = result else { return };
    for (frame, index) in noted {
        let Some(index) = index.checked_sub(1) else { continue };
        if let Some(entry) = notes(frame).log.as_mut().and_then(|log| log.get_mut(index)) {
            entry.result = value.clone();
        }
    }
}

/// Takes note of a default handler of the store that runs with some operands.
pub(super) fn store_changed(rt: &mut Isolate, op: &OpDesc, args: &[Word]) {
    let changes = ["set", "update", "delete"].contains(&&*str_text(op.name));
    if let Some(&key) = args.first().filter(|_| changes && &*str_text(op.effect) == "state") {
        changed_place(rt, Place::Key, key);
    }
}

/// Takes note of a change of a cell, which counts as performing `State`.
#[cold]
pub(super) fn cell_changed(rt: &mut Isolate, cell: Word) {
    let state = rt.intern("state");
    for frame in observing(rt, None) {
        let notes = notes(frame);
        if !notes.labels.contains(&state) {
            notes.labels.push(state);
        }
        notes.changes.push(Owned::share(cell));
    }
}

/// Takes note of a change of what has a name.
#[cold]
pub(super) fn changed_place(rt: &mut Isolate, place: Place, name: Word) {
    for frame in observing(rt, None) {
        let kind = match place {
            Place::Variable => rt.intern("variable"),
            Place::Key => rt.intern("key"),
        };
        let change = list::from_vec(rt, vec![Owned::share(kind), Owned::share(name)]);
        notes(frame).changes.push(change);
    }
}
