//! Which values are live at block boundaries. Dense bit sets, one backward fixpoint.

use molt_base::EntityId;
use molt_ir::cfg::reverse_postorder;
use molt_ir::{BlockId, Function, ValueId};

/// A set of values of one function.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ValueSet {
    words: Vec<u64>,
}

impl ValueSet {
    pub fn new(values: usize) -> ValueSet {
        ValueSet { words: vec![0; values.div_ceil(64)] }
    }
    pub fn contains(&self, v: ValueId) -> bool {
        self.words.get(v.index() / 64).is_some_and(|w| w >> (v.index() % 64) & 1 == 1)
    }
    /// Whether the value was absent.
    pub fn insert(&mut self, v: ValueId) -> bool {
        let at = v.index() / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        let w = &mut self.words[at];
        let old = *w;
        *w |= 1 << (v.index() % 64);
        *w != old
    }
    pub fn remove(&mut self, v: ValueId) {
        if let Some(w) = self.words.get_mut(v.index() / 64) {
            *w &= !(1 << (v.index() % 64));
        }
    }
    /// Whether anything was added.
    pub fn union(&mut self, other: &ValueSet) -> bool {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        let mut changed = false;
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            let new = *a | b;
            changed |= new != *a;
            *a = new;
        }
        changed
    }
    pub fn iter(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(i, &w)| (0..64).filter(move |b| w >> b & 1 == 1).map(move |b| ValueId((i * 64 + b) as u32)))
    }
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&w| w == 0)
    }
}

/// Live-in sets by block. Values for which `tracked` is false are left out.
pub struct Liveness {
    pub live_in: Vec<ValueSet>,
}

impl Liveness {
    pub fn new(func: &Function, tracked: impl Fn(ValueId) -> bool) -> Liveness {
        let n = func.values.len();
        let mut live_in = vec![ValueSet::new(n); func.blocks.len()];
        let mut order = reverse_postorder(func);
        order.reverse();
        let mut changed = true;
        while changed {
            changed = false;
            for &b in &order {
                let live = live_before(func, b, &live_in, &tracked, 0);
                if live_in[b.index()] != live {
                    live_in[b.index()] = live;
                    changed = true;
                }
            }
        }
        Liveness { live_in }
    }

    /// Values live just before instruction `at` of the block.
    pub fn before(&self, func: &Function, b: BlockId, at: usize, tracked: impl Fn(ValueId) -> bool) -> ValueSet {
        live_before(func, b, &self.live_in, &tracked, at)
    }
}

fn live_before(
    func: &Function,
    b: BlockId,
    live_in: &[ValueSet],
    tracked: &impl Fn(ValueId) -> bool,
    stop: usize,
) -> ValueSet {
    let mut live = ValueSet::new(func.values.len());
    for (i, &inst) in func.blocks[b].insts.iter().enumerate().rev() {
        if i < stop {
            break;
        }
        for r in func.results(inst) {
            live.remove(r);
        }
        for &e in func.edges(inst) {
            live.union(&live_in[e.block.index()]);
            for &v in func.edge_args(e) {
                if tracked(v) {
                    live.insert(v);
                }
            }
        }
        // The results of an instruction with an unwind edge are live after it only; removed again here in case
        // the union above brought them in through a loop.
        for r in func.results(inst) {
            live.remove(r);
        }
        for &v in func.args(inst) {
            if tracked(v) {
                live.insert(v);
            }
        }
    }
    if stop == 0 {
        for &p in &func.blocks[b].params {
            live.remove(p);
        }
    }
    live
}
