//! Heaps under a program that changes a graph at random, as compiled code does it, with a model of the graph beside it. The
//! roots are exactly known here, so what nothing leads to must go, too.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use molt_abi::Context;

use super::super::sched::tests::Program;
use super::collect::{Phase, Roots, Strategy};
use super::space::{COLLECTED, Kind};
use super::{Heap, State, end_heap};

/// Words of a node behind its head: its number, where it leads, the memory that it owns, and how many handles are there.
const EDGES: usize = 4;
const OWNED: usize = 1 + EDGES;
const SIZE: usize = 16 + 8 * (3 + EDGES);
const TURNS: usize = 20_000;

std::thread_local! {
    /// Numbers of values that have ended.
    static ENDED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn end_node(_: *mut Context, block: *mut u8) -> u64 {
    // SAFETY: the heap passes the block of a node.
    unsafe {
        block.cast::<i64>().add(1).write(-(1 << 62));
        ENDED.with_borrow_mut(|list| list.push(block.cast::<usize>().add(2).read()));
    }
    0
}

/// What a node should be.
#[derive(Clone, Default)]
struct Model {
    handle: usize,
    changes: bool,
    edges: [Option<usize>; EDGES],
    owned: Vec<Option<usize>>,
}

struct World {
    me: *mut State,
    heap: *mut Heap,
    roots: Vec<usize>,
    nodes: BTreeMap<usize, Model>,
    made: usize,
    random: u64,
    /// One in so many nodes changes behind shared borrows.
    every: usize,
    /// Nodes that are borrowed exclusively for some time.
    borrowed: Vec<usize>,
}

impl World {
    fn new(me: *mut State, strategy: Strategy) -> World {
        // SAFETY: the state refers to its program.
        let heap = unsafe { Heap::create(&raw const (*(*me).shared).space, strategy, end_heap) };
        let (roots, nodes) = (vec![0; 200], BTreeMap::new());
        World { me, heap, roots, nodes, made: 0, random: 1, every: 2, borrowed: Vec::new() }
    }

    fn next(&mut self, n: usize) -> usize {
        self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.random >> 33) as usize % n
    }

    /// Has the heap do what it does when something is due.
    fn collect(&mut self) {
        let from = self.roots.as_ptr() as usize;
        let roots = Roots { ranges: &[(from, from + self.roots.len() * 8)], words: &[] };
        // SAFETY: the heap is this one's, which uses nothing but what the roots lead to.
        unsafe { Heap::collect(self.me, self.heap, &roots) }
        let ended: Vec<usize> = ENDED.take();
        let found = if ended.is_empty() { BTreeSet::new() } else { self.in_reach() };
        for id in ended {
            assert!(!found.contains(&id), "{id} has ended and is in reach");
            assert!(self.nodes.contains_key(&id), "{id} ended twice");
            // SAFETY: nobody else gives back what an ended node has owned.
            unsafe { self.drop_owned(id) };
            self.nodes.remove(&id);
        }
    }

    /// Collects until nothing is left to be found.
    fn collect_all(&mut self) {
        // What has ended goes in the second turn. Three are enough if one is under way.
        for _ in 0..3 {
            // SAFETY: as above.
            unsafe { (*self.heap).cycle.hang(i64::MAX / 2) };
            self.collect();
            while self.phase() != Phase::Idle {
                self.collect();
            }
        }
    }

    fn phase(&self) -> Phase {
        // SAFETY: as above.
        unsafe { (*self.heap).cycle.phase }
    }

    fn word(&self, id: usize, n: usize) -> *mut usize {
        (self.nodes[&id].handle + n * 8) as *mut usize
    }

    /// Makes a node, for the first word of the roots.
    fn make(&mut self) -> usize {
        let id = self.made;
        self.made += 1;
        let changes = id.is_multiple_of(self.every);
        let kind = if changes { Kind::Changing } else { Kind::Holding };
        // SAFETY: the heap gives a zeroed block of this size.
        unsafe {
            let block = (*self.heap).take(SIZE, kind, true) as *mut usize;
            (*self.me).ctx.live_objects += 1;
            block.write(end_node as *const () as usize);
            block.add(2).write(id);
            self.nodes.insert(id, Model { handle: block as usize + 16, changes, ..Model::default() });
            self.roots[0] = block as usize + 16;
        }
        id
    }

    /// What the library does before a value changes.
    fn borrow(&mut self, id: usize) {
        if self.nodes[&id].changes || self.borrowed.contains(&id) {
            return;
        }
        let handle = self.nodes[&id].handle;
        // SAFETY: the node is in reach, so its block stays.
        unsafe {
            let borrows = (handle as *mut i64).sub(1);
            if *borrows == 1 << 62 {
                (*self.heap).remember(handle);
            } else {
                assert_eq!(*borrows, 0);
            }
            *borrows = -1;
        }
    }

    fn give_back(&mut self, id: usize) {
        if !self.nodes[&id].changes && !self.borrowed.contains(&id) {
            // SAFETY: as above.
            unsafe { *(self.nodes[&id].handle as *mut i64).sub(1) = 0 }
        }
    }

    fn handle(&self, to: Option<usize>) -> usize {
        to.map_or(0, |id| self.nodes[&id].handle)
    }

    fn set_edge(&mut self, id: usize, n: usize, to: Option<usize>) {
        self.borrow(id);
        // SAFETY: the node is in reach.
        unsafe { *self.word(id, 1 + n) = self.handle(to) }
        self.give_back(id);
        self.nodes.get_mut(&id).expect("in reach").edges[n] = to;
    }

    /// The node has other memory, or writes into what it has.
    fn set_owned(&mut self, id: usize, to: Option<usize>) {
        self.borrow(id);
        let mut list = self.nodes[&id].owned.clone();
        // SAFETY: the node is in reach, and the memory its own.
        unsafe {
            let (at, count) = (self.word(id, OWNED), self.word(id, OWNED + 1));
            if list.is_empty() || list.len() > 9 {
                self.drop_owned(id);
                list = vec![to; 3];
            } else if self.next(2) == 0 {
                list[0] = to;
            } else {
                list.push(to);
            }
            if *count < list.len() {
                let new = (*self.heap).take_owned(list.len() * 16) as *mut usize;
                (*self.me).ctx.live_objects += 1;
                self.drop_owned(id);
                (*at, *count) = (new as usize, list.len() * 2);
            }
            for (n, &to) in list.iter().enumerate() {
                *(*at as *mut usize).add(n) = self.handle(to);
            }
        }
        self.give_back(id);
        self.nodes.get_mut(&id).expect("in reach").owned = list;
    }

    /// Gives back what a node owns.
    unsafe fn drop_owned(&mut self, id: usize) {
        // SAFETY: the memory is the node's.
        unsafe {
            let (at, count) = (self.word(id, OWNED), self.word(id, OWNED + 1));
            if *at != 0 {
                Heap::give(self.heap, (*self.heap).space(), *at);
                (*self.me).ctx.live_objects -= 1;
            }
            (*at, *count) = (0, 0);
        }
    }

    fn in_reach(&self) -> BTreeSet<usize> {
        let numbers: BTreeMap<usize, usize> = self.nodes.iter().map(|(&id, m)| (m.handle, id)).collect();
        let mut todo: Vec<usize> = self.roots.iter().filter_map(|h| numbers.get(h).copied()).collect();
        let mut found = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if found.insert(id) {
                let model = &self.nodes[&id];
                todo.extend(model.edges.iter().chain(&model.owned).flatten());
            }
        }
        found
    }

    /// Compares what is in reach with what it should be.
    fn check(&self) -> BTreeSet<usize> {
        let found = self.in_reach();
        for &id in &found {
            let model = &self.nodes[&id];
            // SAFETY: the node is in reach.
            unsafe {
                assert_eq!(*((model.handle - 16) as *const usize), end_node as *const () as usize, "{id} has ended");
                assert_eq!(*self.word(id, 0), id);
                for (n, &to) in model.edges.iter().enumerate() {
                    assert_eq!(*self.word(id, 1 + n), self.handle(to));
                }
                for (n, &to) in model.owned.iter().enumerate() {
                    assert_eq!(*(*self.word(id, OWNED) as *const usize).add(n), self.handle(to));
                }
            }
        }
        found
    }

    /// Numbers of some nodes that the roots lead to directly or over one edge, or of none.
    fn some(&mut self) -> Option<usize> {
        let n = self.next(self.roots.len());
        let handle = self.roots[n];
        let id = self.nodes.iter().find(|(_, m)| m.handle == handle).map(|(&id, _)| id)?;
        let edge = self.nodes[&id].edges[n % EDGES];
        if self.next(2) == 0 { edge } else { Some(id) }
    }

    fn change(&mut self) {
        if self.next(4) == 0 {
            self.collect();
        }
        let id = self.make();
        let at = 1 + self.next(self.roots.len() - 1);
        let to = if self.next(2) == 0 { Some(id) } else { self.some() };
        match (self.next(8), self.some()) {
            (0, _) | (_, None) => self.roots[at] = self.handle(Some(id)),
            (1, Some(_)) => self.roots[at] = 0,
            (2 | 3, Some(other)) => self.set_owned(other, to),
            (4, Some(other)) if !self.nodes[&other].changes && self.borrowed.len() < 5 => {
                self.borrow(other);
                self.borrowed.push(other);
                // Who borrows a value has a handle of it.
                let place = self.borrowed.len();
                self.roots[place] = self.nodes[&other].handle;
            }
            (5, Some(other)) => {
                // An edge moves from the graph to the roots.
                let old = self.nodes[&other].edges[2];
                self.set_edge(other, 2, None);
                self.roots[at] = self.handle(old);
            }
            (6, Some(other)) => {
                // An edge moves to another node.
                let old = self.nodes[&other].edges[2];
                self.set_edge(other, 2, None);
                if let Some(another) = self.some() {
                    self.set_edge(another, 3, old);
                }
            }
            (7, Some(other)) => self.set_edge(other, 2, to),
            (n, Some(other)) => self.set_edge(other, n % EDGES, to),
        }
        if self.next(10) == 0 {
            for id in core::mem::take(&mut self.borrowed) {
                self.give_back(id);
            }
        }
    }

    /// Blocks of collected values.
    fn blocks(&self) -> usize {
        // SAFETY: descriptions of pages live until the process ends.
        COLLECTED
            .iter()
            .flat_map(|&k| unsafe { &(*self.heap).pages[k as usize] })
            .map(|&p| unsafe { (*p).used.get() })
            .sum()
    }
}

fn change_at_random(strategy: Strategy) {
    (2..8).for_each(|every| change_with(strategy, every));
}

fn change_with(strategy: Strategy, every: usize) {
    let program = Program::new();
    let mut world = World::new(program.outsider(), strategy);
    (world.every, world.random) = (every, every as u64);
    // SAFETY: the heap is the world's. Slices are so small that the graph changes many times while it is marked.
    unsafe { (*world.heap).cycle.slice = 1000 };
    for turn in 0..TURNS {
        // Roots of values that are borrowed stay.
        let kept: Vec<usize> = world.borrowed.iter().map(|id| world.nodes[id].handle).collect();
        world.change();
        for (n, handle) in kept.into_iter().enumerate().take(world.borrowed.len()) {
            world.roots[n + 1] = handle;
        }
        if turn % 50 == 0 {
            world.check();
        }
        if turn % 500 == 0 {
            // Old values are collected now and then, too.
            // SAFETY: the heap is the world's.
            unsafe { (*world.heap).cycle.hang(i64::MAX / 2) };
        }
    }
    let found = world.check();
    // SAFETY: the heap is the world's.
    let turns = unsafe { (*world.heap).marker.turn };
    assert!(turns > TURNS / 1000, "{turns} turns");
    assert!(world.nodes.len() < world.made / 2, "the program runs, and values end");
    world.collect_all();
    assert_eq!(world.check(), found);
    assert_eq!(world.nodes.len(), found.len(), "what nothing leads to has ended");
    assert_eq!(world.blocks(), found.len(), "and its memory was given back");
    // SAFETY: nobody uses the heap any more.
    unsafe {
        Heap::finish(world.me, world.heap);
        world.roots.fill(0);
        ENDED.take().into_iter().for_each(|id| {
            // The memory that the nodes owned is left over: the heap has forgotten its pages.
            let at = *world.word(id, OWNED);
            if at != 0 {
                Heap::give(core::ptr::null_mut(), (*world.heap).space(), at);
                (*world.me).ctx.live_objects -= 1;
            }
            world.nodes.remove(&id);
        });
        assert!(world.nodes.is_empty());
        drop(alloc::boxed::Box::from_raw(world.heap));
    }
}

#[test]
fn a_changing_graph_stays_as_it_is_when_young_values_are_collected() {
    change_at_random(Strategy::Generational);
}

#[test]
fn a_changing_graph_stays_as_it_is_when_it_is_collected_in_slices() {
    change_at_random(Strategy::Incremental);
}

#[test]
fn young_values_that_have_ended_are_given_back_before_all_is_collected() {
    let program = Program::new();
    let mut world = World::new(program.outsider(), Strategy::Generational);
    for _ in 0..1000 {
        world.make();
    }
    world.roots.fill(0);
    world.collect();
    world.collect();
    assert!(world.nodes.is_empty());
    assert_eq!(world.blocks(), 0);
    // SAFETY: nobody uses the heap any more.
    unsafe {
        Heap::finish(world.me, world.heap);
        drop(alloc::boxed::Box::from_raw(world.heap));
    }
}

/// However many values there are, a slice of marking looks at a bounded number.
#[test]
fn a_slice_is_a_small_part_of_a_large_heap() {
    const LENGTH: usize = 100_000;
    /// `SLICE` twice, as the roots may be looked at in the same slice, in values of this size.
    const MOST: usize = 2 * 8 * 32 * 1024 / SIZE;
    let program = Program::new();
    let mut world = World::new(program.outsider(), Strategy::Incremental);
    // SAFETY: the nodes are made as in `make`, and used by this test alone.
    unsafe {
        let mut last = 0;
        for id in 0..LENGTH {
            let block = (*world.heap).take(SIZE, Kind::Holding, false) as *mut usize;
            (*world.me).ctx.live_objects += 1;
            block.add(2).write(id);
            block.add(3).write(last);
            last = block as usize + 16;
        }
        world.roots[0] = last;
        let marked = |world: &World| -> usize {
            let turn = (*world.heap).marker.turn;
            let pages = (*world.heap).pages[Kind::Holding as usize].iter().filter(|&&p| (*p).turn.get() == turn);
            pages.map(|&p| (*p).words().map(|w| (*p).marks.word(w).count_ones() as usize).sum::<usize>()).sum()
        };
        world.collect();
        let (mut slices, mut before) = (0, marked(&world));
        while world.phase() == Phase::Marking {
            world.collect();
            let after = marked(&world);
            assert!(after - before <= MOST, "{} values in a slice", after - before);
            (slices, before) = (slices + 1, after);
        }
        assert_eq!(before, LENGTH);
        assert!(slices >= LENGTH / MOST);
        world.collect_all();
        assert_eq!(world.blocks(), LENGTH);
        Heap::finish(world.me, world.heap);
        drop(alloc::boxed::Box::from_raw(world.heap));
    }
}
