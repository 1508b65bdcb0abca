//! Scopes: what is dropped, where, and on which way out.
//!
//! All scopes share one list of entries, innermost last; a scope is a range of it. An entry is a slot whose storage ends, or
//! whose value is dropped. A prefix of the list is named by a *node*, interned by (node below, entry), so that ways out that
//! drop the same things share their blocks: one chain of drops for all `return`s, one for all panics.

use molt_base::hash::FastMap;

use molt_base::Span;

use super::{Builder, end_of};
use crate::hir::{ExprId, ScopeId};
use crate::mir::{Bb, Block, Place, Slot, Stmt, StmtKind, Terminator};
use crate::ty::Ty;

/// Names a list of entries; 0 is the empty one.
type Node = u32;

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    /// Drop of the value, else end of the storage.
    value: bool,
    /// This entry and all below.
    node: Node,
    /// End of the scope.
    span: Span,
}

struct ScopeRange {
    start: usize,
    end_span: Span,
}

struct Saved {
    entries: Vec<Entry>,
    starts: Vec<usize>,
    value_count: usize,
}

#[derive(Default)]
pub(super) struct Scopes {
    entries: Vec<Entry>,
    ranges: Vec<ScopeRange>,
    value_count: usize,
    nodes: FastMap<(Node, Slot, bool), Node>,
    /// Chains of drops from one node down to another, then to a block.
    exits: FastMap<(Node, Node, Bb), Bb>,
    unwinds: FastMap<Node, Bb>,
    resume: Option<Bb>,
}

/// What `break` and `continue` mean for one label.
pub(super) struct Target {
    pub scope: ScopeId,
    pub break_to: Exit,
    pub continue_to: Option<Exit>,
    pub dest: Place,
}

/// A block, and how many scopes are still open there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    pub block: Bb,
    pub depth: usize,
}

impl Scopes {
    pub fn innermost(&self) -> usize {
        self.ranges.len() - 1
    }
    pub fn depth(&self) -> usize {
        self.ranges.len()
    }
    /// Whether any value waits for its drop.
    pub fn has_values(&self) -> bool {
        self.value_count > 0
    }

    fn node_below(&self, len: usize) -> Node {
        len.checked_sub(1).map_or(0, |i| self.entries[i].node)
    }

    /// Entries that are left when only `depth` scopes are.
    fn entries_at(&self, depth: usize) -> usize {
        self.ranges.get(depth).map_or(self.entries.len(), |r| r.start)
    }

    fn renumber(&mut self, from: usize) {
        for i in from..self.entries.len() {
            let below = self.node_below(i);
            let fresh = self.nodes.len() as Node + 1;
            let e = &mut self.entries[i];
            e.node = *self.nodes.entry((below, e.slot, e.value)).or_insert(fresh);
        }
    }

    fn insert(&mut self, scope: usize, slot: Slot, value: bool) {
        let at = self.entries_at(scope + 1);
        let span = self.ranges[scope].end_span;
        self.entries.insert(at, Entry { slot, value, node: 0, span });
        for range in &mut self.ranges[scope + 1..] {
            range.start += 1;
        }
        self.value_count += usize::from(value);
        self.renumber(at);
    }

    /// The list without the drops of some slots, as it was before.
    fn without(&mut self, slots: &[Slot]) -> Saved {
        let saved = Saved {
            entries: self.entries.clone(),
            starts: self.ranges.iter().map(|r| r.start).collect(),
            value_count: self.value_count,
        };
        slots.iter().for_each(|&s| self.remove(s, true));
        saved
    }

    fn restore(&mut self, saved: Saved) {
        self.entries = saved.entries;
        self.value_count = saved.value_count;
        self.ranges.iter_mut().zip(saved.starts).for_each(|(r, start)| r.start = start);
    }

    fn remove(&mut self, slot: Slot, value: bool) {
        let Some(at) = self.entries.iter().rposition(|e| e.value == value && e.slot == slot) else { return };
        self.entries.remove(at);
        for range in self.ranges.iter_mut().rev().take_while(|r| r.start > at) {
            range.start -= 1;
        }
        self.value_count -= usize::from(value);
        self.renumber(at);
    }
}

impl Builder<'_> {
    pub(super) fn push_scope(&mut self, end_span: Span) -> usize {
        let start = self.scopes.entries.len();
        self.scopes.ranges.push(ScopeRange { start, end_span });
        self.scopes.innermost()
    }

    /// Leaves the innermost scope at its end.
    pub(super) fn pop_scope(&mut self) {
        let range = self.scopes.ranges.pop().expect("a scope is popped by who pushed it");
        while self.scopes.entries.len() > range.start {
            let entry = self.scopes.entries.pop().expect("the loop checks the length");
            if entry.value {
                self.scopes.value_count -= 1;
                self.drop_now(Place::local(entry.slot), false, entry.span);
            } else {
                self.push(StmtKind::Dead(entry.slot), entry.span);
            }
        }
    }

    /// Drops a place and goes on after it.
    pub(super) fn drop_now(&mut self, place: Place, replace: bool, span: Span) {
        let target = self.new_block();
        self.end_panicking(Terminator::Drop { place, target, replace }, span);
        self.enter(target);
    }

    /// The storage of a slot ends with a scope; it begins here.
    pub(super) fn schedule_storage(&mut self, scope: usize, slot: Slot, span: Span) {
        self.push(StmtKind::Live(slot), span);
        self.scopes.insert(scope, slot, false);
    }

    /// The storage of a slot that is in use already ends with a scope.
    pub(super) fn schedule_dead(&mut self, scope: usize, slot: Slot) {
        self.scopes.insert(scope, slot, false);
    }

    /// The storage of a slot outlives the scope that was to end it.
    pub(super) fn keep_storage(&mut self, slot: Slot) {
        self.scopes.remove(slot, false);
    }

    /// The value of a slot is dropped at the end of the innermost scope.
    pub(super) fn schedule_value(&mut self, slot: Slot, ty: Ty) {
        self.schedule_value_in(self.scopes.innermost(), slot, ty);
    }

    pub(super) fn schedule_value_in(&mut self, scope: usize, slot: Slot, ty: Ty) {
        if self.needs_drop(ty) {
            self.scopes.insert(scope, slot, true);
            // The value was made in this block: a panic from now on finds another state than at its start.
            self.moved = true;
        }
    }

    /// The value was moved out of a temporary for good.
    pub(super) fn unschedule(&mut self, slot: Slot) {
        if self.scopes.has_values() {
            self.scopes.remove(slot, true);
        }
    }

    /// Runs `f` while some slots, whose values a call takes, are not dropped by a panic.
    pub(super) fn while_moved(&mut self, slots: &[Slot], f: impl FnOnce(&mut Self)) {
        if slots.is_empty() || !self.scopes.has_values() {
            return f(self);
        }
        let saved = self.scopes.without(slots);
        f(self);
        self.scopes.restore(saved);
    }

    /// Where a panic goes from here.
    pub(super) fn unwind_target(&mut self) -> Option<Bb> {
        self.unwind_below(self.scopes.entries.len())
    }

    fn unwind_below(&mut self, len: usize) -> Option<Bb> {
        if !self.scopes.has_values() {
            return None;
        }
        let top = self.scopes.entries[..len].iter().rposition(|e| e.value)?;
        let Entry { slot, node, span, .. } = self.scopes.entries[top];
        if let Some(&bb) = self.scopes.unwinds.get(&node) {
            return Some(bb);
        }
        let target = match self.unwind_below(top) {
            Some(bb) => bb,
            None => self.resume_block(span),
        };
        let end = Terminator::Drop { place: Place::local(slot), target, replace: false };
        let bb = self.cleanup_block(end, span);
        self.scopes.unwinds.insert(node, bb);
        Some(bb)
    }

    fn resume_block(&mut self, span: Span) -> Bb {
        if let Some(bb) = self.scopes.resume {
            return bb;
        }
        let bb = self.cleanup_block(Terminator::Resume, span);
        self.scopes.resume = Some(bb);
        bb
    }

    fn cleanup_block(&mut self, end: Terminator, span: Span) -> Bb {
        self.mir.blocks.push(Block { end: Some(end), end_span: Some(span), cleanup: true, ..Block::default() })
    }

    /// Leaves scopes and goes to a block; what follows is unreachable.
    pub(super) fn exit(&mut self, exit: Exit, span: Span) {
        let to = self.exit_chain(exit);
        self.goto(to, span);
        self.diverge();
    }

    /// A block that drops what the exit leaves and goes to its target.
    pub(super) fn exit_chain(&mut self, exit: Exit) -> Bb {
        let bottom = self.scopes.entries_at(exit.depth);
        let bottom_node = self.scopes.node_below(bottom);
        self.exit_from(self.scopes.entries.len(), bottom, bottom_node, exit.block)
    }

    fn exit_from(&mut self, top: usize, bottom: usize, bottom_node: Node, target: Bb) -> Bb {
        if top == bottom {
            return target;
        }
        let key = (self.scopes.node_below(top), bottom_node, target);
        if let Some(&bb) = self.scopes.exits.get(&key) {
            return bb;
        }
        let mut block = Block::default();
        let mut at = top;
        loop {
            if at == bottom {
                block.end = Some(Terminator::Goto(target));
                block.end_span = Some(self.scopes.entries[bottom].span);
                break;
            }
            at -= 1;
            let Entry { slot, value, span, .. } = self.scopes.entries[at];
            if value {
                block.unwind = self.unwind_below(at);
                let next = self.exit_from(at, bottom, bottom_node, target);
                block.end = Some(Terminator::Drop { place: Place::local(slot), target: next, replace: false });
                block.end_span = Some(span);
                break;
            }
            block.stmts.push(Stmt { kind: StmtKind::Dead(slot), span });
        }
        let bb = self.mir.blocks.push(block);
        self.scopes.exits.insert(key, bb);
        bb
    }

    /// Runs `f` in a scope at whose end the temporary values of the expression are dropped.
    pub(super) fn terminating<R>(&mut self, expr: ExprId, f: impl FnOnce(&mut Self) -> R) -> R {
        self.temp_scope(end_of(self.span(expr)), f)
    }

    /// Runs `f` in a scope of its own, which takes the temporary values that `f` makes.
    pub(super) fn temp_scope<R>(&mut self, end_span: Span, f: impl FnOnce(&mut Self) -> R) -> R {
        let scope = self.push_scope(end_span);
        let outer = std::mem::replace(&mut self.temp_scope, scope);
        let result = f(self);
        self.temp_scope = outer;
        self.pop_scope();
        result
    }
}
