//! The certifier: proves that a function gives up every reference it takes exactly once, on every path.
//!
//! It knows nothing of how `ownership` decided; it replays each block with the number of references held for every
//! value. Results and block parameters arrive with one; `rc.inc` adds one; `rc.dec`, consuming operands and values
//! passed along an edge take one away; a borrowing use needs a reference that is held (or a parameter of the function,
//! which the caller holds). Paths that meet must agree, and whoever leaves must hold nothing.

use std::collections::BTreeMap;

use molt_base::EntityId;
use molt_ir::cfg::reverse_postorder;
use molt_ir::{BlockId, Function, InstId, Op, ValueId};

use crate::ownership::{Holding, holding};

type Held = BTreeMap<ValueId, i32>;

/// Checks a function after the `ownership` pass; the error names block, instruction and value.
pub fn certify(func: &Function) -> Result<(), String> {
    let mut entry: Vec<Option<Held>> = vec![None; func.blocks.len()];
    entry[func.entry().index()] = Some(Held::new());
    let mut c = Certifier { func, entry };
    for b in reverse_postorder(func) {
        c.block(b)?;
    }
    Ok(())
}

struct Certifier<'a> {
    func: &'a Function,
    /// References held at the start of a block, its own parameters left out.
    entry: Vec<Option<Held>>,
}

impl Certifier<'_> {
    fn block(&mut self, b: BlockId) -> Result<(), String> {
        let mut held = self.entry[b.index()].clone().unwrap_or_default();
        if b != self.func.entry() {
            for &p in &self.func.blocks[b].params {
                if holding(self.func, p) == Holding::Owned {
                    held.insert(p, 1);
                }
            }
        }
        for &inst in &self.func.blocks[b].insts {
            self.inst(inst, &mut held).map_err(|e| format!("{b}: {}: {e}", self.func.insts[inst].op.info().name))?;
        }
        Ok(())
    }

    fn inst(&mut self, inst: InstId, held: &mut Held) -> Result<(), String> {
        let func = self.func;
        let op = func.insts[inst].op;
        let info = op.info();
        for &v in func.args(inst) {
            self.alive(v, held)?;
        }
        for (i, &v) in func.args(inst).iter().enumerate() {
            if op == Op::RcInc {
                *held.entry(v).or_insert(0) += 1;
            } else if info.consumes(i) {
                self.give_up(v, held)?;
            }
        }
        for e in 0..func.edges(inst).len() {
            let mut after = held.clone();
            self.edge(inst, e, &mut after)?;
        }
        for r in func.results(inst) {
            if holding(func, r) == Holding::Owned {
                held.insert(r, 1);
            }
        }
        let leaves = info.is_terminator() && func.edges(inst).is_empty() && op != Op::Unreachable;
        let propagates = info.may_raise() && func.edges(inst).is_empty();
        if leaves || propagates {
            let mut rest = held.clone();
            for r in func.results(inst) {
                rest.remove(&r);
            }
            if let Some((v, n)) = rest.iter().find(|(_, n)| **n != 0) {
                return Err(format!("leaves with {n} references to {v}"));
            }
        }
        Ok(())
    }

    fn alive(&self, v: ValueId, held: &Held) -> Result<(), String> {
        match holding(self.func, v) {
            Holding::Owned if held.get(&v).copied().unwrap_or(0) <= 0 => Err(format!("{v} is used after its release")),
            _ => Ok(()),
        }
    }

    fn give_up(&self, v: ValueId, held: &mut Held) -> Result<(), String> {
        if holding(self.func, v) == Holding::Uncounted {
            return Ok(());
        }
        let n = held.entry(v).or_insert(0);
        *n -= 1;
        if *n < 0 { Err(format!("{v} is released more often than it is held")) } else { Ok(()) }
    }

    fn edge(&mut self, inst: InstId, e: usize, held: &mut Held) -> Result<(), String> {
        let edge = self.func.edges(inst)[e];
        for &v in self.func.edge_args(edge) {
            self.alive(v, held)?;
            self.give_up(v, held)?;
        }
        held.retain(|_, n| *n != 0);
        match &self.entry[edge.block.index()] {
            None => {
                self.entry[edge.block.index()] = Some(std::mem::take(held));
                Ok(())
            }
            Some(known) if known == held => Ok(()),
            Some(known) => {
                let differs = known
                    .iter()
                    .find(|(v, n)| held.get(v) != Some(n))
                    .or_else(|| held.iter().find(|(v, n)| known.get(v) != Some(n)));
                Err(format!("paths into {} disagree on {:?}", edge.block, differs))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use molt_ir::parse;

    fn owned(text: &str) -> (molt_ir::Program, Result<(), String>) {
        let mut p = parse::program(text).expect("the text parses");
        let f = &mut p.funcs[molt_ir::FuncId(0)];
        crate::ownership::run(f);
        let result = certify(f);
        molt_ir::verify::verify_function(f, molt_ir::verify::Stage::Typed).expect("well formed after the pass");
        (p, result)
    }

    const HEAD: &str = "s0 = \"f\"\nk0 = int 5\nm0 = s0 s0 none\n";

    #[test]
    fn straight_code_with_a_raising_op_is_balanced() {
        let (_, r) = owned(&format!(
            "{HEAD}fn @0 \"f\" plain m0 {{\nb0(v0: any, v1: any):\n    v2: any = py.binary v1, v1 add\n    \
             v3: any = py.binary v2, v1 mul\n    v4: any = list.new v2, v3\n    ret v4\n}}\n"
        ));
        r.expect("balanced");
    }

    #[test]
    fn loops_and_handlers_are_balanced() {
        let (_, r) = owned(&format!(
            "{HEAD}fn @0 \"f\" plain m0 {{\nb0(v0: any, v1: any):\n    v2: any = py.iter v1\n    jump -> b1(v1)\n\
             b1(v3: any):\n    v4: any = py.next v2 -> b4()\n    jump -> b2()\n\
             b2():\n    v5: i1 = is_unbound v4\n    brif v5 -> b5(), b3()\n\
             b3():\n    jump -> b1(v4)\n\
             b4() cold:\n    v6: any = exc.catch\n    v7: any = tuple.new v6, v3\n    ret v7\n\
             b5():\n    ret v3\n}}\n"
        ));
        r.expect("balanced");
    }

    #[test]
    fn a_dropped_release_is_found() {
        let (mut p, _) = owned(&format!(
            "{HEAD}fn @0 \"f\" plain m0 {{\nb0(v0: any, v1: any):\n    v2: any = list.new v1\n    \
             v3: any = list.new v1\n    ret v3\n}}\n"
        ));
        let f = &mut p.funcs[molt_ir::FuncId(0)];
        let block = f.entry();
        let before = f.blocks[block].insts.len();
        let ops: Vec<Op> = f.insts.iter().map(|(_, i)| i.op).collect();
        f.blocks[block].insts.retain(|i| ops[i.index()] != Op::RcDec);
        assert!(f.blocks[block].insts.len() < before, "there was a release to drop");
        let e = certify(f).expect_err("one reference is left");
        assert!(e.contains("leaves with"), "{e}");
    }

    #[test]
    fn a_use_after_the_release_is_found() {
        let text = format!(
            "{HEAD}fn @0 \"f\" plain m0 {{\nb0(v0: any, v1: any):\n    rc.inc v1\n    v2: any = list.new v1\n    \
             rc.dec v2\n    v3: any = py.binary v2, v2 add\n    ret v3\n}}\n"
        );
        let p = parse::program(&text).expect("the text parses");
        let e = certify(&p.funcs[molt_ir::FuncId(0)]).expect_err("the list is gone");
        assert!(e.contains("used after its release"), "{e}");
    }

    #[test]
    fn a_block_parameter_that_nothing_uses_is_released() {
        let (_, r) = owned(&format!(
            "{HEAD}fn @0 \"f\" plain m0 {{\nb0(v0: any, v1: any):\n    v2: any = list.new v1\n    jump -> b1(v2)\n\
             b1(v3: any):\n    v4: any = list.new v1\n    ret v4\n}}\n"
        ));
        r.expect("balanced");
    }
}
