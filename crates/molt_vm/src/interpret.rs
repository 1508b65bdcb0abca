//! The dispatch loop.

use molt_abi::layout::Header;
use molt_abi::{Context, Ret, RtFn, Word};
use molt_base::EntityId;
use molt_ir::{FloatCond, FuncId, IntCond};

use crate::code::{Alu, Code, FloatAlu, Insn, MemoryOp, OfAlu, Unary};
use crate::{Vm, stubs};

/// Words of the register stack; memory is committed when touched. It is deep enough for the deepest recursion that
/// the runtime allows with frames of ordinary size.
pub(crate) const STACK_WORDS: usize = 1 << 28;
/// The same for the main stack of a program that looks at its stack itself, and for further stacks of one that counts
/// its calls.
pub(crate) const MAIN_WORDS: usize = 1 << 23;
/// The same for the stack of a task.
pub(crate) const TASK_WORDS: usize = 1 << 18;
/// Bytes of the register stack that calls may still use when it counts as used up.
const REGISTER_RESERVE: usize = 256 * 1024;

impl Vm {
    /// Calls a function with the raw words of its parameters.
    ///
    /// # Safety
    /// `ctx` is the context of the isolate that the program runs in, and `args` are of the function's parameter types.
    pub unsafe fn call(&self, ctx: *mut Context, f: FuncId, args: &[u64]) -> Ret {
        let code = &self.codes[f.index()];
        // SAFETY: by the caller's promise.
        let stack = unsafe { &mut *self.registers(ctx) };
        let registers = stack.memory.top;
        let count = code.registers as usize;
        if stack.limit as usize - registers as usize <= count * size_of::<u64>() {
            // SAFETY: the entry takes the context alone.
            return unsafe { self.runtime_call(RtFn::RecursionError as u16, &[ctx as u64]) };
        }
        // SAFETY: the region was just found to lie below the limit; the code was translated from verified IR whose
        // loads, stores and calls keep the contracts of the runtime.
        unsafe {
            stack.memory.top = registers.add(count);
            for (&r, &v) in code.params.iter().zip(args) {
                *registers.add(r as usize) = v;
            }
            let r = self.run(ctx, code, registers);
            (*self.registers(ctx)).memory.top = registers;
            r
        }
    }

    /// Whether the machine stack, or the registers of the context, are used up but for a reserve.
    ///
    /// # Safety
    /// As for [`call`](Vm::call).
    unsafe fn stack_is_low(&self, ctx: *mut Context) -> bool {
        let here = 0u8;
        // SAFETY: by the caller's promise.
        let (limit, registers) = unsafe { ((*ctx).stack_limit, &*self.registers(ctx)) };
        let free = (registers.limit as usize).saturating_sub(registers.memory.top as usize);
        (&raw const here).addr() < limit || free < REGISTER_RESERVE
    }

    /// # Safety
    /// `regs` points to `code.registers` words, with the parameters filled in.
    unsafe fn run(&self, ctx: *mut Context, code: &Code, regs: *mut u64) -> Ret {
        let insns = code.insns.as_ptr();
        let mut at = 0usize;
        macro_rules! get {
            ($r:expr) => {
                // SAFETY: register indices of translated code are below `code.registers`.
                unsafe { *regs.add($r as usize) }
            };
        }
        macro_rules! set {
            ($r:expr, $v:expr) => {{
                let value = $v;
                // SAFETY: as for `get`.
                unsafe { *regs.add($r as usize) = value }
            }};
        }
        macro_rules! address {
            ($base:expr, $offset:expr, $t:ty) => {
                (get!($base) as *mut u8).wrapping_offset($offset as isize).cast::<$t>()
            };
        }
        loop {
            // SAFETY: every path of translated code ends in a return or trap, so `at` stays inside.
            let insn = unsafe { *insns.add(at) };
            at += 1;
            match insn {
                Insn::Const { to, index } => set!(to, code.consts[index as usize]),
                Insn::Move { to, from } => set!(to, get!(from)),
                Insn::Binary { op, to, a, b } => set!(to, alu(op, get!(a), get!(b))),
                Insn::BinaryImm { op, to, a, imm } => set!(to, alu(op, get!(a), i64::from(imm) as u64)),
                Insn::Overflowing { op, to, a, b } => {
                    let (r, o) = overflowing(op, get!(a), get!(b));
                    set!(to, r);
                    set!(to + 1, u64::from(o));
                }
                Insn::Float { op, to, a, b } => {
                    set!(to, float(op, f64::from_bits(get!(a)), f64::from_bits(get!(b))).to_bits());
                }
                Insn::Unary { op, to, a } => set!(to, unary(op, get!(a))),
                Insn::Fma { to, list } => {
                    let list = &code.lists[list as usize..];
                    let x = [0, 1, 2].map(|i| f64::from_bits(get!(list[i])));
                    set!(to, x[0].mul_add(x[1], x[2]).to_bits());
                }
                Insn::Compare { cond, to, a, b } => set!(to, u64::from(compare(cond, get!(a), get!(b)))),
                Insn::CompareImm { cond, to, a, imm } => {
                    set!(to, u64::from(compare(cond, get!(a), i64::from(imm) as u64)));
                }
                Insn::FloatCompare { cond, to, a, b } => {
                    let r = float_compare(cond, f64::from_bits(get!(a)), f64::from_bits(get!(b)));
                    set!(to, u64::from(r));
                }
                Insn::Select { to, list } => {
                    let list = &code.lists[list as usize..];
                    set!(to, if get!(list[0]) != 0 { get!(list[1]) } else { get!(list[2]) });
                }
                // SAFETY (memory ops): lowering addresses only fields of live objects, the context and the
                // call's own stack slots.
                Insn::Load64 { to, base, offset } => {
                    let p = address!(base, offset, u64);
                    set!(to, unsafe { p.read_unaligned() });
                }
                Insn::Load32 { to, base, offset } => {
                    let p = address!(base, offset, u32);
                    set!(to, u64::from(unsafe { p.read_unaligned() }));
                }
                Insn::LoadS32 { to, base, offset } => {
                    let p = address!(base, offset, i32);
                    set!(to, i64::from(unsafe { p.read_unaligned() }) as u64);
                }
                Insn::Load16 { to, base, offset } => {
                    let p = address!(base, offset, u16);
                    set!(to, u64::from(unsafe { p.read_unaligned() }));
                }
                Insn::LoadS16 { to, base, offset } => {
                    let p = address!(base, offset, i16);
                    set!(to, i64::from(unsafe { p.read_unaligned() }) as u64);
                }
                Insn::Load8 { to, base, offset } => {
                    let p = address!(base, offset, u8);
                    set!(to, u64::from(unsafe { p.read_unaligned() }));
                }
                Insn::LoadS8 { to, base, offset } => {
                    let p = address!(base, offset, i8);
                    set!(to, i64::from(unsafe { p.read_unaligned() }) as u64);
                }
                Insn::LoadF32 { to, base, offset } => {
                    let p = address!(base, offset, f32);
                    set!(to, f64::from(unsafe { p.read_unaligned() }).to_bits());
                }
                // SAFETY: as for loads.
                Insn::Store64 { base, value, offset } => {
                    let (p, v) = (address!(base, offset, u64), get!(value));
                    unsafe { p.write_unaligned(v) };
                }
                Insn::Store32 { base, value, offset } => {
                    let (p, v) = (address!(base, offset, u32), get!(value));
                    unsafe { p.write_unaligned(v as u32) };
                }
                Insn::Store8 { base, value, offset } => {
                    let (p, v) = (address!(base, offset, u8), get!(value));
                    unsafe { p.write_unaligned(v as u8) };
                }
                Insn::Store16 { base, value, offset } => {
                    let (p, v) = (address!(base, offset, u16), get!(value));
                    unsafe { p.write_unaligned(v as u16) };
                }
                Insn::StoreF32 { base, value, offset } => {
                    let (p, v) = (address!(base, offset, f32), get!(value));
                    unsafe { p.write_unaligned(f64::from_bits(v) as f32) };
                }
                Insn::Memory { op, to, list } => {
                    let list = &code.lists[list as usize..];
                    let operands = [0, 1, 2].map(|i| get!(list[i]));
                    // SAFETY: as for loads, of whole ranges.
                    let order = unsafe { memory(op, operands) };
                    if op == MemoryOp::Compare {
                        set!(to, order as u64);
                    }
                }
                Insn::SlotAddr { to, words } => {
                    // SAFETY: slots are runs of the call's registers.
                    set!(to, unsafe { regs.add(words as usize) } as u64);
                }
                Insn::Context { to } => set!(to, ctx as u64),
                Insn::StackLow { to } => {
                    // SAFETY: by the caller's promise.
                    set!(to, u64::from(unsafe { self.stack_is_low(ctx) }));
                }
                Insn::RcInc { word } => rc_inc(Word(get!(word))),
                Insn::RcDec { word } => {
                    let w = Word(get!(word));
                    if rc_dec(w) {
                        // SAFETY: `dealloc` takes the context and the dead object.
                        unsafe { self.runtime_call(RtFn::Dealloc as u16, &[ctx as u64, w.0]) };
                    }
                }
                Insn::Call { to, func, list } => {
                    let callee = FuncId(func);
                    let count = self.code(callee).params.len();
                    let list = &code.lists[list as usize..list as usize + count];
                    // SAFETY: the verified call passes what the callee takes, in registers of this call.
                    let r = unsafe { self.call_listed(ctx, callee, list, regs) };
                    // SAFETY: the translation keeps as many registers as there are results, and at least two.
                    unsafe { self.take_results(ctx, r, callee, regs.add(to as usize)) };
                }
                Insn::CallAcross { to, func, list } => {
                    let callee = FuncId(func);
                    let count = self.code(callee).params.len();
                    let list = &code.lists[list as usize..list as usize + count];
                    // SAFETY: as for `Call`; where there is such a call, the context knows the other one.
                    unsafe {
                        let across = (*ctx).across;
                        let r = self.call_listed(across, callee, list, regs);
                        self.take_results(across, r, callee, regs.add(to as usize));
                    }
                }
                Insn::CallIndirect { to, list, count } => {
                    let list = &code.lists[list as usize..=(list + count) as usize];
                    let address = get!(list[0]) as usize;
                    match stubs::index_of(address) {
                        Some(stub) => {
                            // Values may lead into another program.
                            let vm = stubs::owner(stub);
                            let callee = vm.function_of(stub);
                            // SAFETY: as for `Call`; the IR promises the right types.
                            let r = unsafe { vm.call_listed(ctx, callee, &list[1..], regs) };
                            unsafe { vm.take_results(ctx, r, callee, regs.add(to as usize)) };
                        }
                        None => {
                            let args = std::iter::once(ctx as u64).chain(list[1..].iter().map(|&r| get!(r)));
                            let args: Vec<u64> = args.collect();
                            // SAFETY: what is no function of the program is one of the runtime, with the context first.
                            let r = unsafe { native_call(address as *const u8, &args) };
                            set!(to, r.value.0);
                            set!(to + 1, r.error);
                        }
                    }
                }
                Insn::CallRt { to, rt, results, count, list } => {
                    let mut args = [0u64; 8];
                    args[0] = ctx as u64;
                    let list = &code.lists[list as usize..list as usize + count as usize];
                    for (i, &r) in list.iter().enumerate() {
                        args[i + 1] = get!(r);
                    }
                    // SAFETY: the table's signature and the IR's call agree, which the verifier checked.
                    let r = unsafe { self.runtime_call(rt, &args[..=count as usize]) };
                    if results >= 1 {
                        set!(to, r.value.0);
                    }
                    if results == 2 {
                        set!(to + 1, r.error);
                    }
                }
                Insn::Jump { at: to } => at = to as usize,
                Insn::BranchUnless { cond, a, b, at: to } => {
                    if !compare(cond, get!(a), get!(b)) {
                        at = to as usize;
                    }
                }
                Insn::BranchUnlessImm { cond, a, imm, at: to } => {
                    if !compare(cond, get!(a), i64::from(imm) as u64) {
                        at = to as usize;
                    }
                }
                Insn::Switch { value, list, count } => {
                    let n = get!(value).min(u64::from(count));
                    at = code.lists[list as usize + n as usize] as usize;
                }
                Insn::Return { list, count } => {
                    let list = &code.lists[list as usize..(list + count) as usize];
                    let result = |i: usize| if let Some(&r) = list.get(i) { get!(r) } else { 0 };
                    if count > 2 {
                        // SAFETY: the code runs with this context.
                        unsafe { (*self.registers(ctx)).more_results = [result(2), result(3)] };
                    }
                    return Ret { value: Word(result(0)), error: result(1) };
                }
                Insn::Trap => unreachable!("control reached a place the compiler proved unreachable"),
            }
        }
    }

    /// Calls a function with the values of the listed registers.
    ///
    /// # Safety
    /// As for [`Vm::call`]; `regs` are the registers of the calling function.
    unsafe fn call_listed(&self, ctx: *mut Context, callee: FuncId, list: &[u32], regs: *mut u64) -> Ret {
        let mut room = [0u64; 16];
        // SAFETY: register indices of translated code are below the calling function's number of registers.
        let value = |&r: &u32| unsafe { *regs.add(r as usize) };
        if list.len() > room.len() {
            let many: Vec<u64> = list.iter().map(value).collect();
            // SAFETY: as the caller promises.
            return unsafe { self.call(ctx, callee, &many) };
        }
        for (to, r) in room.iter_mut().zip(list) {
            *to = value(r);
        }
        // SAFETY: as the caller promises.
        unsafe { self.call(ctx, callee, &room[..list.len()]) }
    }

    /// Writes the results of a call that just returned.
    ///
    /// # Safety
    /// `to` has room for as many words as the callee has results, and for two.
    #[inline(always)]
    unsafe fn take_results(&self, ctx: *mut Context, r: Ret, callee: FuncId, to: *mut u64) {
        let count = self.code(callee).result_types.len();
        // SAFETY: as the caller promises.
        unsafe {
            *to = r.value.0;
            *to.add(1) = r.error;
            if count > 2 {
                for (i, &value) in self.results(ctx, r).iter().enumerate().take(count).skip(2) {
                    *to.add(i) = value;
                }
            }
        }
    }

    /// # Safety
    /// `args` are the context and the arguments of the entry, in number and kind as the table says.
    unsafe fn runtime_call(&self, rt: u16, args: &[u64]) -> Ret {
        // SAFETY: as the caller promises.
        unsafe { native_call(self.runtime[rt as usize], args) }
    }
}

/// Calls a runtime function.
///
/// # Safety
/// `args` are the context and the arguments of the function, in number and kind as it expects.
unsafe fn native_call(f: *const u8, args: &[u64]) -> Ret {
    type F1 = unsafe extern "C" fn(u64) -> Ret;
    type F2 = unsafe extern "C" fn(u64, u64) -> Ret;
    type F3 = unsafe extern "C" fn(u64, u64, u64) -> Ret;
    type F4 = unsafe extern "C" fn(u64, u64, u64, u64) -> Ret;
    type F5 = unsafe extern "C" fn(u64, u64, u64, u64, u64) -> Ret;
    type F6 = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64) -> Ret;
    type F7 = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64) -> Ret;
    // SAFETY: every entry takes integer-class parameters only and returns at most two registers, so a call through
    // the type of its arity passes the same registers; unused result registers are ignored by the caller.
    unsafe {
        match *args {
            [a] => std::mem::transmute::<*const u8, F1>(f)(a),
            [a, b] => std::mem::transmute::<*const u8, F2>(f)(a, b),
            [a, b, c] => std::mem::transmute::<*const u8, F3>(f)(a, b, c),
            [a, b, c, d] => std::mem::transmute::<*const u8, F4>(f)(a, b, c, d),
            [a, b, c, d, e] => std::mem::transmute::<*const u8, F5>(f)(a, b, c, d, e),
            [a, b, c, d, e, g] => std::mem::transmute::<*const u8, F6>(f)(a, b, c, d, e, g),
            [a, b, c, d, e, g, h] => std::mem::transmute::<*const u8, F7>(f)(a, b, c, d, e, g, h),
            _ => unreachable!("no runtime function takes {} arguments", args.len()),
        }
    }
}

#[inline(always)]
fn alu(op: Alu, a: u64, b: u64) -> u64 {
    match op {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::Mul => a.wrapping_mul(b),
        Alu::SDiv => (a as i64).wrapping_div(b as i64) as u64,
        Alu::SRem => (a as i64).wrapping_rem(b as i64) as u64,
        Alu::UDiv => a / b,
        Alu::URem => a % b,
        Alu::SMulHi => ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64,
        Alu::UMulHi => ((u128::from(a) * u128::from(b)) >> 64) as u64,
        Alu::And => a & b,
        Alu::Or => a | b,
        Alu::Xor => a ^ b,
        Alu::Shl => a << (b & 63),
        Alu::UShr => a >> (b & 63),
        Alu::SShr => ((a as i64) >> (b & 63)) as u64,
        Alu::RotL => a.rotate_left((b & 63) as u32),
    }
}

#[inline(always)]
fn overflowing(op: OfAlu, a: u64, b: u64) -> (u64, bool) {
    let signed = |(r, o): (i64, bool)| (r as u64, o);
    match op {
        OfAlu::Add => signed((a as i64).overflowing_add(b as i64)),
        OfAlu::Sub => signed((a as i64).overflowing_sub(b as i64)),
        OfAlu::Mul => signed((a as i64).overflowing_mul(b as i64)),
        OfAlu::UAdd => a.overflowing_add(b),
        OfAlu::USub => a.overflowing_sub(b),
        OfAlu::UMul => a.overflowing_mul(b),
    }
}

#[inline(always)]
fn float(op: FloatAlu, x: f64, y: f64) -> f64 {
    match op {
        FloatAlu::Add => x + y,
        FloatAlu::Sub => x - y,
        FloatAlu::Mul => x * y,
        FloatAlu::Div => x / y,
        FloatAlu::CopySign => x.copysign(y),
        FloatAlu::Min if y < x || x.is_nan() => y,
        FloatAlu::Max if y > x || x.is_nan() => y,
        FloatAlu::Min | FloatAlu::Max => x,
    }
}

#[inline(always)]
fn unary(op: Unary, word: u64) -> u64 {
    let x = f64::from_bits(word);
    let double = match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sqrt => x.sqrt(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Trunc => x.trunc(),
        Unary::Nearest => x.round_ties_even(),
        Unary::Round32 => f64::from(x as f32),
        Unary::FromInt => word as i64 as f64,
        Unary::FromUInt => word as f64,
        Unary::ToInt => return x as i64 as u64,
        Unary::ToUInt => return x as u64,
        Unary::Clz => return u64::from(word.leading_zeros()),
        Unary::Ctz => return u64::from(word.trailing_zeros()),
        Unary::PopCnt => return u64::from(word.count_ones()),
        Unary::BSwap => return word.swap_bytes(),
    };
    double.to_bits()
}

/// The order of a comparison, else zero.
///
/// # Safety
/// The addresses are of ranges as long as the last operand says, and as the op wants them.
unsafe fn memory(op: MemoryOp, [first, second, length]: [u64; 3]) -> i64 {
    let (to, from, length) = (first as *mut u8, second as *const u8, length as usize);
    // Empty ranges have any address.
    if length == 0 {
        return 0;
    }
    // SAFETY: as the caller promises; `copy` allows that the ranges of `Copy` are the same.
    unsafe {
        match op {
            MemoryOp::Copy | MemoryOp::Move => to.copy_from(from, length),
            MemoryOp::Set => to.write_bytes(second as u8, length),
            MemoryOp::Compare => {
                let bytes = |p: *const u8| std::slice::from_raw_parts(p, length);
                return bytes(to).cmp(bytes(from)) as i64;
            }
        }
    }
    0
}

#[inline(always)]
fn compare(cond: IntCond, a: u64, b: u64) -> bool {
    let (x, y) = (a as i64, b as i64);
    match cond {
        IntCond::Eq => a == b,
        IntCond::Ne => a != b,
        IntCond::Slt => x < y,
        IntCond::Sle => x <= y,
        IntCond::Sgt => x > y,
        IntCond::Sge => x >= y,
        IntCond::Ult => a < b,
        IntCond::Ule => a <= b,
        IntCond::Ugt => a > b,
        IntCond::Uge => a >= b,
    }
}

fn float_compare(cond: FloatCond, a: f64, b: f64) -> bool {
    match cond {
        FloatCond::Eq => a == b,
        FloatCond::Ne => a != b,
        FloatCond::Lt => a < b,
        FloatCond::Le => a <= b,
        FloatCond::Gt => a > b,
        FloatCond::Ge => a >= b,
    }
}

#[inline(always)]
fn rc_inc(w: Word) {
    if !w.is_object() {
        return;
    }
    let header = w.as_ptr();
    // SAFETY: the word is held by the running code, so its object is live.
    unsafe {
        if (*header).refs >= 0 {
            (*header).refs += Header::ONE;
        }
    }
}

/// Whether the last reference went.
#[inline(always)]
fn rc_dec(w: Word) -> bool {
    if !w.is_object() {
        return false;
    }
    let header = w.as_ptr();
    // SAFETY: the running code owns the reference it gives up, so the object is live until here.
    unsafe {
        if (*header).refs < 0 {
            return false;
        }
        (*header).refs -= Header::ONE;
        (*header).refs < Header::ONE
    }
}
