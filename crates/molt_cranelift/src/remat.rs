//! Constants where they are used.
//!
//! Cranelift's optimiser hoists constants out of loops, and makes them again in the blocks that use them unless they were copied
//! before. One that was copied stays in a register through the whole loop, even if only a slow path has a use for it. Here every
//! block gets constants of its own: to make one takes no longer than to move it from another register.

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, Opcode, Value, ValueDef};

/// Gives every block constants of its own.
pub fn run(func: &mut Function) {
    let mut cursor = FuncCursor::new(func);
    let mut own: HashMap<Value, Value> = HashMap::new();
    while cursor.next_block().is_some() {
        own.clear();
        while let Some(inst) = cursor.next_inst() {
            let constants: Vec<Value> =
                cursor.func.dfg.inst_values(inst).filter(|&v| is_from_elsewhere(cursor.func, inst, v)).collect();
            if constants.is_empty() {
                continue;
            }
            for v in constants {
                own.entry(v).or_insert_with(|| {
                    let made = cursor.func.dfg.value_def(v).unwrap_inst();
                    let copy = cursor.func.dfg.clone_inst(made);
                    cursor.insert_inst(copy);
                    cursor.func.dfg.first_result(copy)
                });
            }
            cursor.func.dfg.map_inst_values(inst, |v| own.get(&v).copied().unwrap_or(v));
        }
    }
}

/// Whether a value is a constant that another block than that of an instruction makes.
fn is_from_elsewhere(func: &Function, inst: Inst, v: Value) -> bool {
    let ValueDef::Result(made, _) = func.dfg.value_def(v) else { return false };
    func.dfg.insts[made].opcode() == Opcode::Iconst && func.layout.inst_block(made) != func.layout.inst_block(inst)
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::ir::{InstBuilder, types};
    use cranelift_codegen::settings::{self, Flags};
    use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

    use super::*;

    #[test]
    fn every_block_has_its_own() {
        let mut func = Function::new();
        let mut context = FunctionBuilderContext::new();
        let mut b = FunctionBuilder::new(&mut func, &mut context);
        let (first, second) = (b.create_block(), b.create_block());
        b.switch_to_block(first);
        let seven = b.ins().iconst(types::I64, 7);
        let sum = b.ins().iadd(seven, seven);
        b.ins().jump(second, &[]);
        b.switch_to_block(second);
        let product = b.ins().imul(sum, seven);
        let difference = b.ins().isub(product, seven);
        b.ins().return_(&[difference]);
        b.seal_all_blocks();
        b.finalize(
            cranelift_native::builder().unwrap().finish(Flags::new(settings::builder())).unwrap().frontend_config(),
        );
        run(&mut func);
        let constants = |block| {
            func.layout.block_insts(block).filter(|&i| func.dfg.insts[i].opcode() == Opcode::Iconst).collect::<Vec<_>>()
        };
        assert_eq!((constants(first).len(), constants(second).len()), (1, 1));
        let own = func.dfg.first_result(constants(second)[0]);
        let uses = func.layout.block_insts(second).filter(|&i| func.dfg.inst_args(i).contains(&own));
        assert_eq!(uses.count(), 2, "one copy is for the whole block");
        assert!(func.layout.block_insts(second).all(|i| !func.dfg.inst_args(i).contains(&seven)));
    }
}
