//! Generic entries: from the calling convention of everything callable to a body's own parameters.

use molt_abi::{RtFn, Word};
use molt_ir::{FuncId, Function, FunctionKind, IntCond, Op, Type, ValueId};

use super::machine::Machine;

/// `(callee, args, nargs, kwnames) -> word, error` for one body. The plain form (as many positional arguments as
/// parameters, no keywords) is passed on at once; every other form is bound by the runtime.
pub fn adapter(body: &Function, id: FuncId) -> Function {
    let mut func = Function::new(body.name, body.module, FunctionKind::Internal);
    func.qualname = body.qualname;
    func.results = vec![Type::I64, Type::I64];
    let entry = func.new_block();
    let p: Vec<ValueId> = (0..4).map(|_| func.add_param(entry, Type::I64)).collect();
    let (callee, args, nargs, kwnames) = (p[0], p[1], p[2], p[3]);
    let params = body.params().len() - 1;
    let plain = body.code.as_ref().is_none_or(|c| c.kwonly_count == 0 && !c.has_varargs && !c.has_varkeywords);
    func.stack_slots.push(params.max(1) as u32 * 8);
    let mut m = Machine { func, current: entry };
    let bind = m.cold_block();
    if plain {
        let same = m.icmp_imm(IntCond::Eq, nargs, params as i64);
        let no_keywords = m.icmp_imm(IntCond::Eq, kwnames, Word::UNBOUND.0 as i64);
        let both = m.value(Op::BAnd, &[same, no_keywords], 0, Type::I1);
        let direct = m.block();
        m.brif(both, (direct, &[]), (bind, &[]));
        m.current = direct;
        let result = call_body(&mut m, id, callee, args, params);
        m.ret(&result);
    } else {
        m.jump(bind, &[]);
    }

    m.current = bind;
    let out = m.value(Op::SlotAddr, &[], 0, Type::I64);
    let bound = m.rt(RtFn::BindArgs, &[callee, args, nargs, kwnames, out]);
    let (fail, ok) = (m.cold_block(), m.block());
    m.func.blocks[ok].cold = plain;
    let failed = m.icmp_imm(IntCond::Ne, bound[1], 0);
    m.brif(failed, (fail, &[]), (ok, &[]));
    m.current = fail;
    let unbound = m.word(Word::UNBOUND);
    let one = m.iconst(1);
    m.ret(&[unbound, one]);
    m.current = ok;
    let result = call_body(&mut m, id, callee, out, params);
    for i in 0..params {
        let v = m.load(out, i as i32 * 8);
        m.dec(v);
    }
    m.ret(&result);
    m.func
}

fn call_body(m: &mut Machine, id: FuncId, callee: ValueId, args: ValueId, params: usize) -> Vec<ValueId> {
    let mut list = vec![callee];
    for i in 0..params {
        list.push(m.load(args, i as i32 * 8));
    }
    m.op(Op::Call, &list, u64::from(id.0), &[Type::I64, Type::I64])
}
