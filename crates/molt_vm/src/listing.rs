//! Register code as text: what `disasm` shows.
//!
//! ```text
//! fib (app.cl): 5 registers, parameters r0 r1
//!     0  br.unless    r1 slt 4 -> 3
//!     1  move         r2, r1
//!     2  ret          r2
//! ```
//! A target of a jump is the number of an instruction; addresses are shown as the names of what lies there.

use std::collections::HashMap;
use std::fmt::Write as _;

use molt_abi::RtFn;
use molt_ir::{FuncId, Program};

use crate::code::{Alu, Code, FloatAlu, Insn, MemoryOp, OfAlu, Reg, Unary};
use crate::image::Image;
use crate::{Full, Imports, translate};

/// The code of the program's functions, without those of libraries: modules whose file is called `<..>`.
pub fn listing(program: &Program) -> Result<String, Full> {
    let image = Image::new(program, &Nowhere)?;
    let names = Names::new(program, &image);
    let mut out = String::new();
    for (id, f) in program.funcs.iter() {
        let file = program.modules.get(f.module).map_or("", |m| program.names.text(m.filename));
        if file.starts_with('<') {
            continue;
        }
        let code = translate::function(program, &image, id);
        let plural = if code.registers == 1 { "" } else { "s" };
        let _ = write!(out, "{} ({file}): {} register{plural}", names.function(id), code.registers);
        if !code.params.is_empty() {
            let params: Vec<String> = code.params.iter().map(|r| format!("r{r}")).collect();
            let _ = write!(out, ", parameters {}", params.join(" "));
        }
        out.push('\n');
        for (at, &insn) in code.insns.iter().enumerate() {
            let _ = writeln!(out, "{at:>5}  {}", names.insn(insn, &code).trim_end());
        }
        out.push('\n');
    }
    Ok(out)
}

/// Code that is not run imports nothing.
struct Nowhere;

impl Imports for Nowhere {
    fn runtime(&self, _: RtFn) -> *const u8 {
        std::ptr::null()
    }

    fn native_module(&self, _: u32) -> *const u8 {
        std::ptr::null()
    }
}

/// What functions and addresses are called.
struct Names<'a> {
    program: &'a Program,
    addresses: HashMap<u64, String>,
}

impl<'a> Names<'a> {
    fn new(program: &'a Program, image: &Image) -> Names<'a> {
        let mut names = Names { program, addresses: HashMap::new() };
        for (id, d) in program.data.iter() {
            let name = if d.name.is_empty() { id.to_string() } else { format!("{id} {}", d.name) };
            names.addresses.insert(image.data_address(id) as u64, format!("&{name}"));
        }
        for &f in image.taken() {
            names.addresses.insert(image.function_address(f), format!("&{}", names.function(f)));
        }
        names
    }

    /// The name and the number, as names need not be unique.
    fn function(&self, f: FuncId) -> String {
        format!("{}@{}", self.program.names.text(self.program.funcs[f].qualname), f.0)
    }

    fn constant(&self, value: u64) -> String {
        match self.addresses.get(&value) {
            Some(name) => name.clone(),
            None => (value as i64).to_string(),
        }
    }

    fn insn(&self, insn: Insn, code: &Code) -> String {
        let row = |name: &str, operands: String| format!("{name:<12} {operands}");
        let list = |from: u32, count: usize| {
            let listed = &code.lists[from as usize..from as usize + count];
            listed.iter().map(|r| format!("r{r}")).collect::<Vec<_>>().join(", ")
        };
        let load = |name: &str, to: Reg, base: Reg, offset: i32| row(name, format!("r{to}, [r{base}{offset:+}]"));
        let store =
            |name: &str, base: Reg, value: Reg, offset: i32| row(name, format!("[r{base}{offset:+}], r{value}"));
        let called = |name: &str, to: Reg, func: u32, from: u32| {
            let f = FuncId(func);
            let count = self.program.funcs[f].params().len();
            row(name, format!("r{to}.. = {}({})", self.function(f), list(from, count)))
        };
        match insn {
            Insn::Const { to, index } => row("const", format!("r{to}, {}", self.constant(code.consts[index as usize]))),
            Insn::Move { to, from } => row("move", format!("r{to}, r{from}")),
            Insn::Binary { op, to, a, b } => row(alu(op), format!("r{to}, r{a}, r{b}")),
            Insn::BinaryImm { op, to, a, imm } => row(alu(op), format!("r{to}, r{a}, {imm}")),
            Insn::Overflowing { op, to, a, b } => row(overflowing(op), format!("r{to}.., r{a}, r{b}")),
            Insn::Float { op, to, a, b } => row(float(op), format!("r{to}, r{a}, r{b}")),
            Insn::Unary { op, to, a } => row(unary(op), format!("r{to}, r{a}")),
            Insn::Fma { to, list: from } => row("fma", format!("r{to}, {}", list(from, 3))),
            Insn::Compare { cond, to, a, b } => row("cmp", format!("r{to}, r{a} {} r{b}", cond.text())),
            Insn::CompareImm { cond, to, a, imm } => row("cmp", format!("r{to}, r{a} {} {imm}", cond.text())),
            Insn::FloatCompare { cond, to, a, b } => row("fcmp", format!("r{to}, r{a} {} r{b}", cond.text())),
            Insn::Select { to, list: from } => row("select", format!("r{to}, {}", list(from, 3))),
            Insn::Load64 { to, base, offset } => load("load.64", to, base, offset),
            Insn::Load32 { to, base, offset } => load("load.u32", to, base, offset),
            Insn::LoadS32 { to, base, offset } => load("load.s32", to, base, offset),
            Insn::Load16 { to, base, offset } => load("load.u16", to, base, offset),
            Insn::LoadS16 { to, base, offset } => load("load.s16", to, base, offset),
            Insn::Load8 { to, base, offset } => load("load.u8", to, base, offset),
            Insn::LoadS8 { to, base, offset } => load("load.s8", to, base, offset),
            Insn::LoadF32 { to, base, offset } => load("load.f32", to, base, offset),
            Insn::Store64 { base, value, offset } => store("store.64", base, value, offset),
            Insn::Store32 { base, value, offset } => store("store.32", base, value, offset),
            Insn::Store16 { base, value, offset } => store("store.16", base, value, offset),
            Insn::Store8 { base, value, offset } => store("store.8", base, value, offset),
            Insn::StoreF32 { base, value, offset } => store("store.f32", base, value, offset),
            Insn::Memory { op: MemoryOp::Compare, to, list: from } => {
                row("mem.cmp", format!("r{to}, {}", list(from, 3)))
            }
            Insn::Memory { op: MemoryOp::Copy, list: from, .. } => row("mem.copy", list(from, 3)),
            Insn::Memory { op: MemoryOp::Move, list: from, .. } => row("mem.move", list(from, 3)),
            Insn::Memory { op: MemoryOp::Set, list: from, .. } => row("mem.set", list(from, 3)),
            Insn::SlotAddr { to, words } => row("slot.addr", format!("r{to}, r{words}")),
            Insn::Context { to } => row("context", format!("r{to}")),
            Insn::StackLow { to } => row("stack.low", format!("r{to}")),
            Insn::RcInc { word } => row("rc.inc", format!("r{word}")),
            Insn::RcDec { word } => row("rc.dec", format!("r{word}")),
            Insn::Call { to, func, list: from } => called("call", to, func, from),
            Insn::CallAcross { to, func, list: from } => called("call.across", to, func, from),
            Insn::CallIndirect { to, list: from, count } => {
                let callee = code.lists[from as usize];
                row("call.at", format!("r{to}.. = r{callee}({})", list(from + 1, count as usize)))
            }
            Insn::CallRt { to, rt, results, count, list: from } => {
                let name = molt_abi::runtime::RT_ALL[usize::from(rt)].sig().name;
                let to = if results == 0 { String::new() } else { format!("r{to}.. = ") };
                row("call.rt", format!("{to}{name}({})", list(from, usize::from(count))))
            }
            Insn::Jump { at } => row("jump", format!("-> {at}")),
            Insn::BranchUnless { cond, a, b, at } => row("br.unless", format!("r{a} {} r{b} -> {at}", cond.text())),
            Insn::BranchUnlessImm { cond, a, imm, at } => {
                row("br.unless", format!("r{a} {} {imm} -> {at}", cond.text()))
            }
            Insn::Switch { value, list: from, count } => {
                let (from, count) = (from as usize, count as usize);
                let cases = code.lists[from..from + count].iter().enumerate();
                let cases: Vec<String> = cases.map(|(n, at)| format!("{n} -> {at}")).collect();
                row("switch", format!("r{value}: {}, else -> {}", cases.join(", "), code.lists[from + count]))
            }
            Insn::Return { list: from, count } => row("ret", list(from, count as usize)),
            Insn::Trap => row("trap", String::new()),
        }
    }
}

fn alu(op: Alu) -> &'static str {
    match op {
        Alu::Add => "add",
        Alu::Sub => "sub",
        Alu::Mul => "mul",
        Alu::SDiv => "sdiv",
        Alu::SRem => "srem",
        Alu::UDiv => "udiv",
        Alu::URem => "urem",
        Alu::SMulHi => "smulhi",
        Alu::UMulHi => "umulhi",
        Alu::And => "and",
        Alu::Or => "or",
        Alu::Xor => "xor",
        Alu::Shl => "shl",
        Alu::UShr => "ushr",
        Alu::SShr => "sshr",
        Alu::RotL => "rotl",
    }
}

fn overflowing(op: OfAlu) -> &'static str {
    match op {
        OfAlu::Add => "add.of",
        OfAlu::Sub => "sub.of",
        OfAlu::Mul => "mul.of",
        OfAlu::UAdd => "uadd.of",
        OfAlu::USub => "usub.of",
        OfAlu::UMul => "umul.of",
    }
}

fn float(op: FloatAlu) -> &'static str {
    match op {
        FloatAlu::Add => "fadd",
        FloatAlu::Sub => "fsub",
        FloatAlu::Mul => "fmul",
        FloatAlu::Div => "fdiv",
        FloatAlu::CopySign => "fcopysign",
        FloatAlu::Min => "fmin",
        FloatAlu::Max => "fmax",
    }
}

fn unary(op: Unary) -> &'static str {
    match op {
        Unary::Neg => "fneg",
        Unary::Abs => "fabs",
        Unary::Sqrt => "fsqrt",
        Unary::Floor => "ffloor",
        Unary::Ceil => "fceil",
        Unary::Trunc => "ftrunc",
        Unary::Nearest => "fnearest",
        Unary::Round32 => "fround32",
        Unary::FromInt => "int.to.f",
        Unary::FromUInt => "uint.to.f",
        Unary::ToInt => "f.to.int",
        Unary::ToUInt => "f.to.uint",
        Unary::Clz => "clz",
        Unary::Ctz => "ctz",
        Unary::PopCnt => "popcnt",
        Unary::BSwap => "bswap",
    }
}

#[cfg(test)]
mod tests {
    use super::listing;

    #[test]
    fn instructions_have_a_line_each() {
        let text = r#"s0 = "main.cl"
s1 = "<library>"
s2 = "f"
m0 = s0 s0 none
m1 = s1 s1 none
d0 = "texts" 8 "\x00\x00\x00\x00\x00\x00\x00\x00"
fn @0 "f" internal m0 -> i64 {
b0(v0: i64, v1: i64):
    v2: i64 = iconst 7
    v3: i1 = icmp v0, v2 slt
    brif v3 -> b1(), b2()
b1():
    v4: i64 = data.addr d0
    v5: i64 = load.64 v4 8
    v6: i64 = isub v5, v1
    ret.many v6
b2():
    v7: i64 = func.addr @0
    v8: i64 = call.indirect v7, v0, v1
    v9: i64 = call @1, v8
    ret.many v9
}
fn @1 "hidden" internal m1 -> i64 {
b0(v0: i64):
    ret.many v0
}
"#;
        let program = molt_ir::parse::program(text).expect("the program parses");
        let wanted = [
            "f@0 (main.cl): 10 registers, parameters r0 r1",
            "    0  br.unless    r0 slt 7 -> 2",
            "    1  jump         -> 6",
            "    2  const        r2, &f@0",
            "    3  call.at      r3.. = r2(r0, r1)",
            "    4  call         r5.. = hidden@1(r3)",
            "    5  ret          r5",
            "    6  const        r7, &d0 texts",
            "    7  load.64      r8, [r7+8]",
            "    8  sub          r9, r8, r1",
            "    9  ret          r9",
            "",
            "",
        ];
        assert_eq!(listing(&program), Ok(wanted.join("\n")));
    }
}
