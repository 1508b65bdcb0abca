//! Restores SSA form after a pass gave a value further definitions.
//!
//! The caller says, for each original value, in which blocks it is defined again and by which new value; every use
//! is then rewritten to the definition that reaches it, with block parameters where several meet.

use std::collections::HashMap;

use molt_base::EntityId;
use molt_ir::cfg::{Pred, predecessors};
use molt_ir::{BlockId, Function, Type, ValueDef, ValueId};

/// New definitions: `(original, block) -> value defined at the start of that block`.
pub type Redefinitions = HashMap<(ValueId, BlockId), ValueId>;

/// Rewrites the uses of every original value in `redefined`. A redefinition holds from the instruction after its
/// defining one to the end of its block.
pub fn repair(func: &mut Function, redefined: &Redefinitions) {
    let mut originals: Vec<ValueId> = redefined.keys().map(|&(v, _)| v).collect();
    originals.sort();
    originals.dedup();
    let preds = predecessors(func);
    let mut repairer = Repair { func, redefined, preds, at_entry: HashMap::new() };
    for v in originals {
        repairer.value(v);
    }
    molt_ir::cfg::remove_trivial_params(func);
}

struct Repair<'a> {
    func: &'a mut Function,
    redefined: &'a Redefinitions,
    preds: Vec<Vec<Pred>>,
    /// Value of an original at the start of a block.
    at_entry: HashMap<(ValueId, BlockId), ValueId>,
}

impl Repair<'_> {
    fn value(&mut self, v: ValueId) {
        let home = self.home(v);
        let layout = self.func.layout.clone();
        for b in layout {
            let insts = self.func.blocks[b].insts.clone();
            for inst in insts {
                let is_use = self.func.args(inst).contains(&v)
                    || self.func.edges(inst).iter().any(|&e| self.func.edge_args(e).contains(&v));
                if !is_use {
                    continue;
                }
                // Within its home block, and where a redefinition stands in the block itself, the value is there.
                let now = match self.redefined.get(&(v, b)) {
                    Some(&again) => again,
                    None if b == home => v,
                    None => self.entry_value(v, b, home),
                };
                for a in self.func.args_mut(inst) {
                    if *a == v {
                        *a = now;
                    }
                }
                for e in 0..self.func.edges(inst).len() {
                    for a in self.func.edge_args_mut(inst, e) {
                        if *a == v {
                            *a = now;
                        }
                    }
                }
            }
        }
    }

    fn home(&self, v: ValueId) -> BlockId {
        match self.func.values[v].def {
            ValueDef::Param(b, _) => b,
            ValueDef::Result(inst, _) => self
                .func
                .layout
                .iter()
                .copied()
                .find(|&b| self.func.blocks[b].insts.contains(&inst))
                .expect("a defined value has a placed instruction"),
        }
    }

    fn exit_value(&mut self, v: ValueId, b: BlockId, home: BlockId) -> ValueId {
        match self.redefined.get(&(v, b)) {
            Some(&again) => again,
            None if b == home => v,
            None => self.entry_value(v, b, home),
        }
    }

    fn entry_value(&mut self, v: ValueId, b: BlockId, home: BlockId) -> ValueId {
        let mut at = b;
        let mut path = Vec::new();
        let value = loop {
            if let Some(&known) = self.at_entry.get(&(v, at)) {
                break known;
            }
            path.push(at);
            let preds = self.preds[at.index()].clone();
            match preds[..] {
                [] => break v,
                [(_, _, p)] => {
                    if self.redefined.contains_key(&(v, p)) || p == home {
                        break self.exit_value(v, p, home);
                    }
                    at = p;
                }
                _ => {
                    path.pop();
                    let ty: Type = self.func.ty(v);
                    let param = self.func.add_param(at, ty);
                    self.at_entry.insert((v, at), param);
                    for (inst, edge, p) in preds {
                        let from = self.exit_value(v, p, home);
                        self.func.push_edge_arg(inst, edge, from);
                    }
                    break param;
                }
            }
        };
        for b in path {
            self.at_entry.insert((v, b), value);
        }
        value
    }
}
