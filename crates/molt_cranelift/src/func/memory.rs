//! Ops on ranges of memory: a few loads and stores where the length is a small constant, else the C library.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use cranelift_module::Module;
use molt_ir::{Function, InstId, Op, ValueDef, ValueId};

use super::Translator;

/// Most bytes that are copied or set without a call.
const INLINE_BYTES: u64 = 128;

/// Mapped, but aligned or not.
fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// The number that a value is, if it is a constant.
pub(super) fn constant(func: &Function, v: ValueId) -> Option<u64> {
    let ValueDef::Result(i, _) = func.values[v].def else { return None };
    (func.insts[i].op == Op::IConst).then_some(func.insts[i].imm)
}

impl<M: Module> Translator<'_, '_, '_, M> {
    /// Length of a range op if it is a constant worth expanding.
    fn short_length(&self, inst: InstId) -> Option<u64> {
        constant(self.src, self.src.args(inst)[2]).filter(|&n| n <= INLINE_BYTES)
    }

    pub(super) fn copy_memory(&mut self, inst: InstId, op: Op, a: &[Value]) {
        if let Some(length) = self.short_length(inst) {
            // All loads come before the stores, so ranges may overlap.
            let pieces: Vec<(Value, i32)> = pieces(length, 16)
                .map(|(ty, offset)| (self.b.ins().load(ty, unaligned(), a[1], offset), offset))
                .collect();
            for (value, offset) in pieces {
                self.b.ins().store(unaligned(), value, a[0], offset);
            }
            return;
        }
        let config = self.emitter.module.target_config();
        if op == Op::MemCopy {
            self.b.call_memcpy(config, a[0], a[1], a[2]);
        } else {
            self.b.call_memmove(config, a[0], a[1], a[2]);
        }
    }

    pub(super) fn set_memory(&mut self, inst: InstId, a: &[Value]) {
        let byte = constant(self.src, self.src.args(inst)[1]);
        if let (Some(length), Some(byte)) = (self.short_length(inst), byte) {
            let pattern = (byte & 0xff) * 0x0101_0101_0101_0101;
            for (ty, offset) in pieces(length, 8) {
                let bits = pattern >> (64 - ty.bits());
                let value = self.b.ins().iconst(ty, bits as i64);
                self.b.ins().store(unaligned(), value, a[0], offset);
            }
            return;
        }
        let config = self.emitter.module.target_config();
        let byte = self.b.ins().ireduce(types::I8, a[1]);
        self.b.call_memset(config, a[0], byte, a[2]);
    }

    /// The C library promises a sign only; the op one of three numbers.
    pub(super) fn compare_memory(&mut self, a: &[Value]) -> Value {
        let config = self.emitter.module.target_config();
        let order = self.b.call_memcmp(config, a[0], a[1], a[2]);
        let greater = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, order, 0);
        let less = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, order, 0);
        let order = self.b.ins().isub(greater, less);
        self.b.ins().sextend(types::I64, order)
    }
}

/// Splits a range into pieces of decreasing power-of-two sizes, `largest` bytes at most, with their offsets.
fn pieces(length: u64, largest: u64) -> impl Iterator<Item = (types::Type, i32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = length - at;
        let size = [16, 8, 4, 2, 1].into_iter().find(|&s| s <= rest && s <= largest)?;
        let ty = match size {
            16 => types::I8X16,
            8 => types::I64,
            4 => types::I32,
            2 => types::I16,
            _ => types::I8,
        };
        let offset = at as i32;
        at += size;
        Some((ty, offset))
    })
}
