//! Messages about locks and waits: W0201, W0202, E1407.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::facts::{Graph, SpanKey, Wait, WaitFor, span_of};
use super::origin::{GraphId, Origin, name};
use super::summary::{Edge, Found};
use crate::hir::{AdtId, AdtKind, BodyOwner, FnId, LockOrder, ModId};
use crate::mir::MirOwner;
use crate::mir::queries::Queries;

pub struct Reporter<'a> {
    pub q: Queries<'a>,
    pub graphs: &'a [Graph],
    pub found: &'a Found,
}

impl Reporter<'_> {
    pub fn report(&self) {
        self.twice();
        self.opposite_orders();
        self.held_waits();
        self.questions();
        self.bound_orders();
    }

    fn name(&self, lock: &Origin) -> Option<(String, String)> {
        name(self.q, lock, |g, slot| self.graphs[g as usize].names.get(&slot).copied())
    }

    /// How a message speaks of a lock.
    fn text(&self, lock: &Origin) -> String {
        self.name(lock).map_or_else(|| "a lock".to_string(), |n| n.1)
    }

    fn twice(&self) {
        let mut told = BTreeSet::new();
        for e in &self.found.twice {
            if !told.insert(at(e)) {
                continue;
            }
            let lock = self.text(&e.from.lock());
            let d =
                Diagnostic::at(&code::POSSIBLE_DEADLOCK, span_of(at(e)), format!("{lock} is locked while it is held"));
            let d = self.with_via(d.label(span_of(e.from_span), "it is locked here", false), e);
            self.q.c.report(d.help("end the first guard before: `drop(guard)`, or a block of its own"));
        }
    }

    /// The place that a call leads to.
    fn with_via(&self, d: Diagnostic, e: &Edge) -> Diagnostic {
        let there = span_of(e.to_span);
        let is_told = d.labels.iter().any(|l| l.span == there && !l.primary);
        if e.via.is_none() || is_told { d } else { d.label(there, "the call leads here", false) }
    }

    fn opposite_orders(&self) {
        let edges: Vec<&Edge> =
            self.found.edges.keys().filter(|e| self.name(&e.from).is_some() && self.name(&e.to).is_some()).collect();
        let mut next: BTreeMap<&Origin, Vec<&Edge>> = BTreeMap::new();
        for e in &edges {
            next.entry(&e.from).or_default().push(e);
        }
        let mut told: BTreeSet<BTreeSet<&Origin>> = BTreeSet::new();
        for e in &edges {
            let Some(way) = way_back(&next, e) else { continue };
            let locks: BTreeSet<&Origin> = way.iter().map(|e| &e.from).collect();
            if told.insert(locks) {
                self.cycle(&way);
            }
        }
    }

    fn cycle(&self, way: &[&Edge]) {
        let names: Vec<String> = way.iter().map(|e| self.text(&e.from)).collect();
        let orders = if way.len() == 2 { "opposite orders" } else { "orders that form a cycle" };
        let text = format!("{} are locked in {orders}", listed(&names));
        let mut d = Diagnostic::new(&code::POSSIBLE_DEADLOCK, text);
        for (n, e) in way.iter().enumerate() {
            let (from, to) = (self.text(&e.from), self.text(&e.to));
            d = d.label(span_of(at(e)), format!("{to} is locked here while {from} is held"), n == 0);
            d = self.with_via(d.label(span_of(e.from_span), format!("{from} is locked here"), false), e);
        }
        self.q.c.report(d.help("lock them in the same order everywhere, or one after the other"));
    }

    fn held_waits(&self) {
        let mut told = BTreeSet::new();
        for w in &self.found.held_waits {
            let here = w.via.unwrap_or(w.wait.span);
            if !told.insert((here, w.held_span)) {
                continue;
            }
            let lock = self.text(&w.held);
            let what = match w.wait.for_what {
                WaitFor::Answer(..) => "the answer of an actor",
                WaitFor::Message => "a message",
            };
            let text = format!("{lock} is held while {what} is waited for");
            let mut d = Diagnostic::at(&code::POSSIBLE_DEADLOCK, span_of(here), text).label(
                span_of(w.held_span),
                format!("{lock} is locked here"),
                false,
            );
            if w.via.is_some() {
                d = d.label(span_of(w.wait.span), "the call leads to this wait", false);
            }
            self.q.c.report(d.help("end the guard before the wait: whoever is to end it may need the lock"));
        }
    }

    /// Which types of actors ask which, and where first.
    fn asked(&self) -> BTreeMap<AdtId, BTreeMap<AdtId, &Wait>> {
        let mut all: BTreeMap<AdtId, BTreeMap<AdtId, &Wait>> = BTreeMap::new();
        for (actor, graph) in self.actors_code() {
            for w in &self.found.summaries[graph as usize].waits {
                let WaitFor::Answer(to, own) = w.for_what else { continue };
                // Actors of one type may well ask each other in one direction.
                if to != actor || own {
                    let first = all.entry(actor).or_default().entry(to).or_insert(w);
                    if w.span < first.span {
                        *first = w;
                    }
                }
            }
        }
        all
    }

    /// The graphs of what actors do with messages.
    fn actors_code(&self) -> Vec<(AdtId, GraphId)> {
        let hir = self.q.hir();
        let mut all = Vec::new();
        for (n, graph) in self.graphs.iter().enumerate() {
            let MirOwner::Body(BodyOwner::Fn(f)) = graph.owner else { continue };
            if let Some(actor) = self.actor_of(f)
                && let Some(info) = &hir.adts[actor].actor
                && (info.handlers.contains(&f)
                    || info.hooks.contains(&f)
                    || [info.init, info.receive].contains(&Some(f)))
            {
                all.push((actor, n as GraphId));
            }
        }
        all
    }

    fn actor_of(&self, f: FnId) -> Option<AdtId> {
        match self.q.hir().fns[f].parent {
            crate::hir::Parent::Impl(i) => self.q.hir().impls[i].actor,
            _ => None,
        }
    }

    fn questions(&self) {
        let asked = self.asked();
        let mut told: BTreeSet<BTreeSet<AdtId>> = BTreeSet::new();
        let mut in_cycle: BTreeSet<AdtId> = BTreeSet::new();
        for &from in asked.keys() {
            let Some(way) = shortest(from, |a, f| asked.get(&a).into_iter().flat_map(|m| m.keys()).for_each(|&b| f(b)))
            else {
                continue;
            };
            let actors: BTreeSet<AdtId> = way.iter().copied().collect();
            in_cycle.extend(&actors);
            if !told.insert(actors) {
                continue;
            }
            let names: Vec<String> =
                way.iter().map(|&a| format!("`{}`", self.q.hir().text(self.q.hir().adts[a].head.name))).collect();
            let text = match &names[..] {
                [one] => format!("{one} asks itself and waits for the answer"),
                _ => format!("the actors {} ask each other", listed(&names)),
            };
            let mut d = Diagnostic::new(&code::POSSIBLE_DEADLOCK, text);
            for (n, &a) in way.iter().enumerate() {
                let b = way[(n + 1) % way.len()];
                let label = format!("{} asks {} here", names[n], names[(n + 1) % way.len()]);
                d = d.label(span_of(asked[&a][&b].span), label, n == 0);
            }
            self.q.c.report(d.help("have one side send (`!`) its answer, or take a `ReplyTo` and answer later"));
        }
        self.unlimited(&in_cycle);
    }

    /// W0202: waits without a limit in what the actors of a cycle do.
    fn unlimited(&self, actors: &BTreeSet<AdtId>) {
        let waits: BTreeSet<&Wait> = (self.actors_code().into_iter())
            .filter(|(a, _)| actors.contains(a))
            .flat_map(|(_, g)| &self.found.summaries[g as usize].waits)
            .filter(|w| !w.limited)
            .filter(|w| !matches!(w.for_what, WaitFor::Answer(to, _) if !actors.contains(&to)))
            .collect();
        let mut told = BTreeSet::new();
        for w in waits {
            if !told.insert(w.span) {
                continue;
            }
            let (text, help) = match w.for_what {
                WaitFor::Answer(..) => ("this question has no limit of its own", "write `within` and a time"),
                WaitFor::Message => {
                    ("this wait has no limit", "use `recv_timeout`, or `after` and a time in a `receive`")
                }
            };
            let text = format!("{text}, and the actor is part of a cycle of questions");
            self.q.c.report(Diagnostic::at(&code::RECEIVE_WITHOUT_TIMEOUT, span_of(w.span), text).help(help));
        }
    }

    /// E1407: `#[lock_order]` of modules.
    fn bound_orders(&self) {
        for order in &self.q.hir().lock_orders {
            let names = [order.first, order.then].map(|n| self.q.hir().text(n));
            for n in names {
                if !self.is_lock(n, order.module) {
                    let text = format!("no lock of this module is named `{n}`");
                    let d = Diagnostic::at(&code::DECORATOR_ARGUMENT, order.span, text);
                    self.q.c.report(d.help("name a `static`, a field or a variable that is locked in the module"));
                }
            }
            self.bound_order(order, names);
        }
    }

    fn bound_order(&self, order: &LockOrder, [first, then]: [&str; 2]) {
        let mut told = BTreeSet::new();
        for (e, &graph) in &self.found.edges {
            let is = |o: &Origin, n: &str| self.name(o).is_some_and(|(name, _)| name == n);
            if !is(&e.from, then)
                || !is(&e.to, first)
                || !self.is_within(self.graphs[graph as usize].module, order.module)
            {
                continue;
            }
            if told.insert((at(e), e.from_span)) {
                let text = format!("`{first}` is locked while `{then}` is held");
                let d = Diagnostic::at(&code::LOCK_ORDER, span_of(at(e)), text)
                    .label(span_of(e.from_span), format!("`{then}` is locked here"), false)
                    .label(order.span, format!("`{first}` comes before `{then}`"), false);
                self.q.c.report(self.with_via(d, e));
            }
        }
    }

    fn is_within(&self, mut module: ModId, outer: ModId) -> bool {
        loop {
            if module == outer {
                return true;
            }
            let m = &self.q.hir().modules[module];
            match m.around.or(m.parent) {
                Some(up) => module = up,
                None => return false,
            }
        }
    }

    /// Whether a module has a `static`, a field or a locked variable of this name.
    fn is_lock(&self, name: &str, module: ModId) -> bool {
        let hir = self.q.hir();
        let within = |m| self.is_within(m, module);
        hir.consts.iter().any(|(_, k)| within(k.head.module) && hir.text(k.head.name) == name)
            || hir.adts.iter().any(|(_, a)| {
                let has = || a.variants.iter().flat_map(|v| &v.fields).any(|f| hir.text(f.name) == name);
                a.kind != AdtKind::Enum && within(a.head.module) && has()
            })
            || self.graphs.iter().any(|g| within(g.module) && g.names.values().any(|&n| hir.text(n) == name))
    }
}

/// The place that a message about an edge points at.
fn at(e: &Edge) -> SpanKey {
    e.via.unwrap_or(e.to_span)
}

/// `a and b`; `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.join(""),
    }
}

/// The shortest cycle through a node, beginning with it.
fn shortest<T: Copy + Ord>(from: T, next: impl Fn(T, &mut dyn FnMut(T))) -> Option<Vec<T>> {
    let mut before: BTreeMap<T, T> = BTreeMap::new();
    let mut todo = VecDeque::from([from]);
    while let Some(at) = todo.pop_front() {
        let mut found = false;
        next(at, &mut |to| {
            if to == from {
                found = true;
            } else if let Entry::Vacant(e) = before.entry(to) {
                e.insert(at);
                todo.push_back(to);
            }
        });
        if found {
            let mut way = vec![at];
            while let Some(&b) = way.last().and_then(|l| before.get(l)) {
                way.push(b);
            }
            way.reverse();
            return Some(way);
        }
    }
    None
}

/// The shortest way from the end of an edge back to its beginning, the edge first, on which nothing keeps two tasks apart.
fn way_back<'e>(next: &BTreeMap<&'e Origin, Vec<&'e Edge>>, first: &'e Edge) -> Option<Vec<&'e Edge>> {
    let mut seen = BTreeSet::from([&first.to]);
    let mut todo = VecDeque::from([vec![first]]);
    while let Some(way) = todo.pop_front() {
        let end = &way[way.len() - 1].to;
        for &e in next.get(end).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(e);
            if e.to == first.from {
                if may_meet(&longer) {
                    return Some(longer);
                }
            } else if seen.insert(&e.to) {
                todo.push_back(longer);
            }
        }
    }
    None
}

/// Whether tasks can be in all places of a cycle at once: no lock is held in two of them, and not all are readers.
fn may_meet(way: &[&Edge]) -> bool {
    if way.iter().all(|e| e.shared) {
        return false;
    }
    let mut held: BTreeSet<&Origin> = BTreeSet::new();
    way.iter().all(|e| e.gates.iter().all(|g| held.insert(g)))
}
