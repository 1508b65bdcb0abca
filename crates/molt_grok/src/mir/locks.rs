//! Deadlocks that can be seen in the program: locks taken in opposite orders, locks held while somebody is waited for, actors
//! that ask each other (section 7.5).
//!
//! 1. [`facts`] reads each graph: where it locks, waits and calls, and what it holds there. A lock is held as long as its
//!    guard is: guards are followed from slot to slot.
//! 2. [`summary`] adds what calls do until nothing changes. Locks that a function was passed are those of its callers.
//! 3. [`report`] looks for cycles in the orders of locks and in the questions of actors.
//!
//! Locks are told apart by their [`origin`]: static, field of a type, variable. So two values of one type are one lock, which
//! is never reported against itself. What cannot be named takes part in no order. Calls through `dyn`, function pointers and
//! the library's traits are not followed; closures that the library is given count as called at once, unless its result keeps
//! them. An `async` body runs where its future is awaited, if that can be followed: made in the same function, or the result of
//! a call, by itself or in boxes, lists and what else the library makes of it ([`futures`]). A lock that is held in all places of a cycle keeps them apart, and readers do not keep each other waiting.

mod facts;
mod futures;
mod origin;
mod report;
mod summary;

use std::collections::BTreeMap;

use super::build::Built;
use super::queries::Queries;
use crate::check::context::{Checked, Env};
use crate::hir::{Body, BodyOwner, Expr};
use crate::ty::TyKind;
use facts::{Graph, Known};

/// Collects what the graphs of a program do with locks.
pub struct Locks {
    known: Known,
    /// Something in the program locks or waits; else graphs are not looked at.
    is_wanted: bool,
    graphs: Vec<Graph>,
}

impl Locks {
    pub fn new(c: &Checked) -> Locks {
        let known = Known::new(Queries { c, env: Env::EMPTY });
        let is_wanted =
            !c.hir.lock_orders.is_empty() || c.program_bodies().into_iter().any(|b| does_anything(c, &known, b));
        Locks { known, is_wanted, graphs: Vec::new() }
    }

    /// Takes in the graphs of a body.
    pub fn add(&mut self, q: Queries<'_>, body: &Body, built: &Built) {
        if !self.is_wanted {
            return;
        }
        for mir in built.closures.iter().chain([&built.mir]) {
            let mut names = BTreeMap::new();
            for (slot, decl) in mir.slots.iter() {
                if let Some(local) = decl.local {
                    names.insert(slot, body.locals[local].name);
                }
            }
            let id = self.graphs.len() as origin::GraphId;
            self.graphs.push(facts::read(q, &self.known, mir, id, body.module, &names));
        }
    }

    /// Reports what can be seen of all graphs together.
    pub fn report(&self, c: &Checked) {
        if !self.is_wanted {
            return;
        }
        let found = summary::summarise(&self.graphs);
        report::Reporter { q: Queries { c, env: Env::EMPTY }, graphs: &self.graphs, found: &found }.report();
    }
}

/// Whether a body of the program locks or waits.
fn does_anything(c: &Checked, known: &Known, owner: BodyOwner) -> bool {
    let (Some(body), Some(typed)) = (c.body_of(owner), c.typed(owner)) else { return false };
    body.exprs.iter().any(|(_, e)| matches!(e, Expr::Ask { .. } | Expr::Receive { .. }))
        || typed.callee.values().any(|k| known.is_event(k.func))
        || typed.expr_ty.iter().any(|&t| matches!(c.types.kind(t), TyKind::FnDef(f, _) if known.is_event(f)))
}
