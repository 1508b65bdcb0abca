//! Copies of blocks by what is known of words: whether one is a small integer, an object and of which class, a constant.
//!
//! Needs: `lower` has run on the body (`Function::words`). Establishes: what one test said of a word no later one asks on
//! the same way, counts of words that are no objects are gone, and a loop that begins with unknown words goes on, after the
//! first turn that told, in a copy of itself that knows. Keeps: everything that the function does.
//!
//! After Chevalier-Boisvert and Feeley, "Simple and Effective Type Check Removal through Lazy Basic Block Versioning"
//! (2015), ahead of time: a version of a block is the block with facts of values that are live where it begins. Versions
//! are found from the entry; an edge leads to the version with just its facts. A block that has [`MOST_VERSIONS`], a
//! function that has grown [`GROWTH`] times, and edges of cold blocks make no new one: they lead to the version that knows
//! most of what holds there. So the way through a slow path costs no code, and comes back as soon as a test tells.

mod bits;
mod emit;

use molt_base::EntityId;
use molt_base::hash::FastMap;
use molt_ir::{BlockId, Function, InstId, Op, Program, ValueId};

use crate::liveness::Liveness;
use bits::Knowledge;

/// Most versions of a block, apart from the one that knows nothing.
const MOST_VERSIONS: usize = 4;
/// How many times its size a function may grow to; small ones a little more.
const GROWTH: usize = 2;
const SPARE: usize = 200;
/// Functions with more instructions than that stay as they are.
const LARGEST: usize = 8_000;

/// Runs the pass on every body that `lower` marked.
pub fn run(program: &mut Program) {
    for func in program.funcs.iter_mut().filter(|f| f.words) {
        let is_target = |b: BlockId| func.layout.iter().any(|&at| func.successors(at).any(|(_, _, to)| to == b));
        if size(func) <= LARGEST && !is_target(func.entry()) {
            let plan = Plan::new(func);
            *func = emit::function(func, &plan);
        }
    }
}

fn size(func: &Function) -> usize {
    func.layout.iter().map(|&b| func.blocks[b].insts.len()).sum()
}

/// What holds of a value where a block begins. Of an integer only the tag is kept, for a loop would have a version for
/// each turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    Small,
    Flonum,
    Object,
    /// An object of a class whose objects never get another one.
    Class(u32),
    /// This very word, which is a reserved constant.
    Reserved(u64),
    Bit(bool),
}

type Facts = Vec<(ValueId, Fact)>;

/// A block with the facts that it may rely on, in the order of the values.
pub struct Version {
    pub block: BlockId,
    pub facts: Facts,
    /// Only slow paths lead here.
    is_cold: bool,
    /// Version that each edge of the terminator leads to; none for one that is never taken.
    pub targets: Vec<Option<usize>>,
}

/// The versions of a function. The first one is the entry's.
pub struct Plan {
    pub versions: Vec<Version>,
    /// By block of the function.
    of_block: Vec<Vec<usize>>,
    pub live: Liveness,
    /// Versions whose edges are still to be followed; cold ones come last.
    hot: Vec<usize>,
    cold: Vec<usize>,
    /// Instructions of all versions, and how many there may be.
    size: usize,
    most: usize,
}

impl Plan {
    fn new(func: &Function) -> Plan {
        let mut plan = Plan {
            versions: Vec::new(),
            of_block: vec![Vec::new(); func.blocks.len()],
            live: Liveness::new(func, |v| !is_remade(func, v)),
            hot: Vec::new(),
            cold: Vec::new(),
            size: 0,
            most: size(func) * GROWTH + SPARE,
        };
        plan.add(func, func.entry(), Facts::new(), false);
        while let Some(at) = plan.hot.pop().or_else(|| plan.cold.pop()) {
            plan.follow(func, at);
        }
        plan
    }

    fn add(&mut self, func: &Function, block: BlockId, facts: Facts, is_cold: bool) -> usize {
        let at = self.versions.len();
        self.size += func.blocks[block].insts.len();
        self.versions.push(Version { block, facts, is_cold, targets: Vec::new() });
        self.of_block[block.index()].push(at);
        if is_cold {
            self.cold.push(at)
        } else {
            self.hot.push(at)
        }
        at
    }

    fn follow(&mut self, func: &Function, at: usize) {
        let (block, facts) = (self.versions[at].block, &self.versions[at].facts);
        let mut known = Knowledge::new(func, facts);
        func.blocks[block].insts.iter().for_each(|&inst| known.learn_results(inst));
        let Some(end) = func.terminator(block) else { return };
        let only = known.way(end);
        let mut targets = Vec::new();
        for n in 0..func.edges(end).len() {
            let is_taken = only.is_none_or(|w| w == n);
            targets.push(is_taken.then(|| {
                let facts = self.facts_on(func, &known, end, n);
                self.version_for(func, at, func.edges(end)[n].block, facts)
            }));
        }
        self.versions[at].targets = targets;
    }

    /// What holds where an edge leads to, of the parameters and of what is live there.
    fn facts_on(&self, func: &Function, known: &Knowledge, end: InstId, n: usize) -> Facts {
        let edge = func.edges(end)[n];
        let after = known.after_edge(end, n);
        let params = func.blocks[edge.block].params.iter().zip(func.edge_args(edge));
        let live = self.live.live_in[edge.block.index()].iter().map(|v| (v, v));
        let all = params.map(|(&p, &v)| (p, v)).chain(live);
        let mut facts: Facts = all.filter_map(|(to, v)| Some((to, after.fact(v)?))).collect();
        facts.sort_by_key(|f| f.0);
        facts
    }

    fn version_for(&mut self, func: &Function, from: usize, block: BlockId, facts: Facts) -> usize {
        let all = &self.of_block[block.index()];
        if let Some(&same) = all.iter().find(|&&v| self.versions[v].facts == facts) {
            return same;
        }
        let is_cold = self.versions[from].is_cold || func.blocks[block].cold;
        if !is_cold && all.len() < MOST_VERSIONS && self.size < self.most {
            return self.add(func, block, facts, false);
        }
        let holds = |v: usize| self.versions[v].facts.iter().all(|f| facts.contains(f));
        let best = all.iter().copied().filter(|&v| holds(v)).max_by_key(|&v| self.versions[v].facts.len());
        best.unwrap_or_else(|| self.add(func, block, Facts::new(), is_cold))
    }

    /// The only version of a block.
    pub fn only(&self, block: BlockId) -> Option<usize> {
        match self.of_block[block.index()][..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Whether a value is made again wherever it is used.
pub fn is_remade(func: &Function, v: ValueId) -> bool {
    let molt_ir::ValueDef::Result(inst, _) = func.values[v].def else { return false };
    let op = func.insts[inst].op;
    func.args(inst).is_empty() && op.info().is_pure() && op != Op::StackLow
}

/// Block in which each value is defined.
pub fn homes(func: &Function) -> FastMap<ValueId, BlockId> {
    let mut homes = FastMap::default();
    for &b in &func.layout {
        let results = func.blocks[b].insts.iter().flat_map(|&i| func.results(i));
        homes.extend(func.blocks[b].params.iter().copied().chain(results).map(|v| (v, b)));
    }
    homes
}
