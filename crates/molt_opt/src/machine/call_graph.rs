//! Who calls whom, and in which order functions are seen callees first.

use molt_base::EntityId;
use molt_ir::{FuncId, Function, InstId, Op, Program, RelocTarget};

/// Direct calls of a function, in layout order.
pub fn calls(func: &Function) -> impl Iterator<Item = (InstId, FuncId)> + '_ {
    let insts = func.layout.iter().flat_map(|&b| &func.blocks[b].insts);
    insts.filter(|&&i| func.insts[i].op == Op::Call).map(|&i| (i, FuncId(func.insts[i].imm as u32)))
}

/// The call graph of a program.
pub struct CallGraph {
    /// Strongly connected component of each function: functions of one call each other in circles.
    pub component: Vec<u32>,
    /// Functions, callees before callers but for circles.
    pub bottom_up: Vec<FuncId>,
    /// Direct calls of each function.
    pub call_count: Vec<u32>,
    /// The function's address is taken, so that it may be called from anywhere.
    pub address_taken: Vec<bool>,
}

impl CallGraph {
    pub fn new(program: &Program) -> CallGraph {
        let count = program.funcs.len();
        let mut graph = CallGraph {
            component: vec![u32::MAX; count],
            bottom_up: Vec::with_capacity(count),
            call_count: vec![0; count],
            address_taken: vec![false; count],
        };
        let callees: Vec<Vec<FuncId>> = program.funcs.iter().map(|(_, f)| graph.scan(f)).collect();
        for (_, item) in program.data.iter() {
            for r in &item.relocs {
                if let RelocTarget::Func(f) = r.target {
                    graph.address_taken[f.index()] = true;
                }
            }
        }
        graph.find_components(&callees);
        graph
    }

    fn scan(&mut self, func: &Function) -> Vec<FuncId> {
        let mut callees: Vec<FuncId> = Vec::new();
        for (_, callee) in calls(func) {
            self.call_count[callee.index()] += 1;
            callees.push(callee);
        }
        callees.sort_unstable();
        callees.dedup();
        for &inst in func.layout.iter().flat_map(|&b| &func.blocks[b].insts) {
            if func.insts[inst].op == Op::FuncAddr {
                self.address_taken[func.insts[inst].imm as usize] = true;
            }
        }
        callees
    }

    /// Tarjan, "Depth-first search and linear graph algorithms"; with a stack of its own, as call chains are long.
    fn find_components(&mut self, callees: &[Vec<FuncId>]) {
        const UNSEEN: u32 = u32::MAX;
        let mut number = vec![UNSEEN; callees.len()];
        let mut low = vec![0u32; callees.len()];
        let mut next = 0;
        let mut open: Vec<usize> = Vec::new();
        for root in 0..callees.len() {
            if number[root] != UNSEEN {
                continue;
            }
            let mut walk: Vec<(usize, usize)> = vec![(root, 0)];
            while let Some(&(f, at)) = walk.last() {
                if at == 0 {
                    (number[f], low[f]) = (next, next);
                    next += 1;
                    open.push(f);
                }
                if let Some(callee) = callees[f].get(at).map(|c| c.index()) {
                    walk.last_mut().expect("the walk is at a function").1 += 1;
                    if number[callee] == UNSEEN {
                        walk.push((callee, 0));
                    } else if self.component[callee] == u32::MAX {
                        low[f] = low[f].min(number[callee]);
                    }
                    continue;
                }
                walk.pop();
                if let Some(&(caller, _)) = walk.last() {
                    low[caller] = low[caller].min(low[f]);
                }
                if low[f] == number[f] {
                    let id = number[f];
                    loop {
                        let member = open.pop().expect("the component ends at its root");
                        self.component[member] = id;
                        self.bottom_up.push(FuncId(member as u32));
                        if member == f {
                            break;
                        }
                    }
                }
            }
        }
    }
}
