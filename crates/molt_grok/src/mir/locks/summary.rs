//! What functions do with locks together with all that they call.

use std::collections::{BTreeMap, BTreeSet};

use molt_base::hash::FastMap;

use super::facts::{Event, Graph, Held, How, SpanKey, Wait, What};
use super::origin::{Argument, GraphId, Origin};
use crate::mir::MirOwner;

/// Facts of one kind that a summary keeps at most; what is beyond is not reported.
const MOST: usize = 256;
/// Turns until nothing changes, at most: one for each level of calls.
const TURNS: usize = 64;

/// A lock is taken, and waited for, while another one is held.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    pub to_span: SpanKey,
    pub from_span: SpanKey,
    pub from: Origin,
    pub to: Origin,
    /// The call that leads to it.
    pub via: Option<SpanKey>,
    /// Locks that are held besides.
    pub gates: BTreeSet<Origin>,
    /// Both are taken by readers.
    pub shared: bool,
}

/// A wait while a lock is held.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HeldWait {
    pub wait: Wait,
    pub held: Origin,
    pub held_span: SpanKey,
    /// The call that leads to it.
    pub via: Option<SpanKey>,
}

/// What calling a graph does.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Locks that are waited for, whether by readers only, and where.
    pub takes: BTreeMap<Origin, (bool, SpanKey)>,
    pub waits: BTreeSet<Wait>,
    /// Pairs of locks that callers give a meaning to.
    edges: BTreeSet<Edge>,
    /// What the result holds.
    returned: BTreeSet<HeldLock>,
    /// What happens when the result, a future, is awaited.
    later: Option<Box<Summary>>,
}

impl Summary {
    /// Adds what a call with these arguments takes, waits for and gives.
    fn add_passed(&mut self, of: &Summary, callee: GraphId, arguments: &[Option<Argument>]) {
        for (origin, fact) in &of.takes {
            if self.takes.len() < MOST {
                self.takes.entry(origin.passed(callee, arguments)).or_insert(*fact);
            }
        }
        self.waits.extend(of.waits.iter().take(MOST - self.waits.len().min(MOST)).cloned());
        for (origin, shared, span) in &of.returned {
            self.returned.insert((origin.passed(callee, arguments), *shared, *span));
        }
    }
}

/// A lock that is held, whether by a reader, and where it was taken.
type HeldLock = (Origin, bool, SpanKey);

/// What was found in all graphs.
#[derive(Default)]
pub struct Found {
    pub summaries: Vec<Summary>,
    /// Pairs of locks, with the graph that takes them.
    pub edges: BTreeMap<Edge, GraphId>,
    pub held_waits: BTreeSet<HeldWait>,
    /// The same lock is taken twice.
    pub twice: BTreeSet<Edge>,
}

/// Goes through all graphs until nothing new is found.
pub fn summarise(graphs: &[Graph]) -> Found {
    let numbers: FastMap<MirOwner, GraphId> = graphs.iter().zip(0..).map(|(g, n)| (g.owner, n)).collect();
    let mut all =
        All { graphs, numbers, found: Found { summaries: vec![Summary::default(); graphs.len()], ..Found::default() } };
    for _ in 0..TURNS {
        let mut changed = false;
        for id in 0..graphs.len() as GraphId {
            let new = all.summary(id);
            let old = &mut all.found.summaries[id as usize];
            changed |= new != *old;
            *old = new;
        }
        if !changed {
            break;
        }
    }
    all.found
}

struct All<'a> {
    graphs: &'a [Graph],
    numbers: FastMap<MirOwner, GraphId>,
    found: Found,
}

impl All<'_> {
    fn summary(&mut self, id: GraphId) -> Summary {
        let graphs = self.graphs;
        let graph = &graphs[id as usize];
        let mut s = Summary::default();
        for event in &graph.events {
            let held = self.expanded(graph, &event.held);
            match &event.what {
                What::Lock { origin, shared } => {
                    s.takes.entry(origin.clone()).or_insert((*shared, event.span));
                    self.taken(id, &mut s, &held, origin, *shared, event.span, None);
                }
                What::Wait(wait) => self.waited(&mut s, &held, wait, None),
                What::Call { callee, arguments, how } => {
                    let Some(&callee) = self.numbers.get(callee) else { continue };
                    self.called(id, &mut s, &held, event, callee, arguments, *how);
                }
            }
        }
        s.returned = self.expanded(graph, &graph.returned).into_iter().collect();
        s
    }

    /// Takes over what a call does.
    #[expect(clippy::too_many_arguments, reason = "the parts of one event, taken apart by its only caller")]
    fn called(
        &mut self,
        id: GraphId,
        s: &mut Summary,
        held: &[HeldLock],
        event: &Event,
        callee: GraphId,
        arguments: &[Option<Argument>],
        how: How,
    ) {
        let of = self.found.summaries[callee as usize].clone();
        if how == How::Awaited {
            return self.takes_and_waits(id, s, held, event, callee, arguments, &of.later.unwrap_or_default());
        }
        let apart = how == How::Apart;
        // The future that is made here, or that the call gave, may be the result.
        let later = match apart {
            true if self.graphs[callee as usize].is_future => Some(&of),
            true => None,
            false => of.later.as_deref(),
        };
        if let Some(later) = later {
            s.later.get_or_insert_default().add_passed(later, callee, arguments);
        }
        for edge in &of.edges {
            let from = edge.from.passed(callee, arguments);
            let to = edge.to.passed(callee, arguments);
            let gates = edge.gates.iter().map(|g| g.passed(callee, arguments)).collect();
            let via = if apart { edge.via } else { Some(event.span) };
            self.edge(id, s, Edge { from, to, gates, via, ..edge.clone() });
        }
        if !apart {
            self.takes_and_waits(id, s, held, event, callee, arguments, &of);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event, and what it leads to")]
    fn takes_and_waits(
        &mut self,
        id: GraphId,
        s: &mut Summary,
        held: &[HeldLock],
        event: &Event,
        callee: GraphId,
        arguments: &[Option<Argument>],
        of: &Summary,
    ) {
        for (origin, (shared, span)) in &of.takes {
            let origin = origin.passed(callee, arguments);
            if s.takes.len() < MOST {
                s.takes.entry(origin.clone()).or_insert((*shared, *span));
            }
            self.taken(id, s, held, &origin, *shared, *span, Some(event.span));
        }
        for wait in &of.waits {
            self.waited(s, held, wait, Some(event.span));
        }
    }

    /// The locks that are held, those that results of calls hold included.
    fn expanded(&self, graph: &Graph, held: &[Held]) -> Vec<HeldLock> {
        let mut all = Vec::new();
        for h in held {
            match h {
                Held::Lock { origin, shared, span } => all.push((origin.clone(), *shared, *span)),
                Held::Result { call } => {
                    let Some(Event { what: What::Call { callee, arguments, how }, span, .. }) = graph.events.get(*call)
                    else {
                        continue;
                    };
                    let Some(&callee) = self.numbers.get(callee) else { continue };
                    let of = &self.found.summaries[callee as usize];
                    let returned = match how {
                        How::Awaited => of.later.as_ref().map(|l| &l.returned),
                        How::AtOnce | How::Apart => Some(&of.returned),
                    };
                    for (origin, shared, _) in returned.into_iter().flatten() {
                        all.push((origin.passed(callee, arguments), *shared, *span));
                    }
                }
            }
        }
        all.truncate(MOST);
        all
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of one lock that is taken")]
    fn taken(
        &mut self,
        id: GraphId,
        s: &mut Summary,
        held: &[HeldLock],
        to: &Origin,
        shared: bool,
        to_span: SpanKey,
        via: Option<SpanKey>,
    ) {
        for (from, from_shared, from_span) in held {
            let gates = held.iter().filter(|h| h.0 != *from).map(|h| h.0.lock()).collect();
            let shared = shared && *from_shared;
            let (from, to, from_span) = (from.clone(), to.clone(), *from_span);
            self.edge(id, s, Edge { to_span, from_span, from, to, via, gates, shared });
        }
    }

    fn waited(&mut self, s: &mut Summary, held: &[HeldLock], wait: &Wait, via: Option<SpanKey>) {
        if s.waits.len() < MOST {
            s.waits.insert(wait.clone());
        }
        for (held, _, held_span) in held {
            let (wait, held, held_span) = (wait.clone(), held.lock(), *held_span);
            self.found.held_waits.insert(HeldWait { wait, held, held_span, via });
        }
    }

    /// Notes a pair, for all and for the callers that give it a meaning.
    fn edge(&mut self, id: GraphId, s: &mut Summary, edge: Edge) {
        let param_count = self.graphs[id as usize].param_count;
        let is_free = |o: &Origin| o.is_free(id, param_count);
        // What is one lock here is reported here.
        if edge.from != edge.to && (is_free(&edge.from) || is_free(&edge.to)) && s.edges.len() < MOST {
            s.edges.insert(edge.clone());
        }
        if edge.from == edge.to {
            if edge.from.is_one() && !edge.shared {
                self.found.twice.insert(edge);
            }
            return;
        }
        let edge = Edge { from: edge.from.lock(), to: edge.to.lock(), ..edge };
        if edge.from != edge.to {
            self.found.edges.entry(edge).or_insert(id);
        }
    }
}
