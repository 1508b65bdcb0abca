//! The canonical text form. [`crate::parse`] reads it back to the same thing.
//!
//! ```text
//! fn @0 "fib" plain m0 {
//! b0(v0: any, v1: any):
//!     v2: any = const k0
//!     v3: i1 = py.compare_truth v1, v2 lt @3
//!     brif v3 -> b1(), b2()
//! }
//! ```
//! The head of a function may have, after its result types, the words `optimise`, `words`, `inline-always`, `inline-never`,
//! `cold` and `slots` with the sizes of its stack slots. A data item is `d0 = "name" 8 "bytes" 8:@3 16:d1:0`: alignment, initial
//! bytes, and for each address its offset and what it points to: a function, data with an offset, `native7`, or a runtime
//! function by name; `root = d0` names the root of the data. Immediates are printed by kind: operators by word, entities
//! by id, numbers in decimal, float bits in hex.

use std::fmt::{self, Write};

use crate::func::{FuncId, Function, FunctionKind, InlineHint, InstId, imm_halves};
use crate::ops::{BinaryOp, CompareOp, FloatCond, ImmKind, IntCond, UnaryOp};
use crate::program::{Const, LocId, Program, RelocTarget};

/// The whole program: tables first, then functions.
pub fn program(p: &Program) -> String {
    let mut out = String::new();
    write_tables(&mut out, p).expect("writing to a string");
    for (id, f) in p.funcs.iter() {
        out.push_str(&function(p, id, f));
        out.push('\n');
    }
    out
}

fn write_tables(out: &mut String, p: &Program) -> fmt::Result {
    for s in p.names.symbols() {
        writeln!(out, "{s} = {}", quote(p.names.text(s).as_bytes()))?;
    }
    for (id, c) in p.consts.iter() {
        writeln!(out, "{id} = {}", constant(c))?;
    }
    for (i, q) in p.positions.iter().enumerate().skip(1) {
        write!(out, "@{i} = {} {} {} {}", q.line, q.col, q.end_line, q.end_col)?;
        writeln!(out, " {} {} {} {}", q.anchor_line, q.anchor_col, q.anchor_end_line, q.anchor_end_col)?;
    }
    for (id, m) in p.modules.iter() {
        write!(out, "{id} = {} {}", m.name, m.filename)?;
        writeln!(out, " {}", m.body.map_or("none".into(), |f| format!("@{}", f.0)))?;
    }
    for (id, g) in p.globals.iter() {
        writeln!(out, "{id} = {} {}", g.module, g.name)?;
    }
    for (id, d) in p.data.iter() {
        write!(out, "{id} = {} {} {}", quote(d.name.as_bytes()), d.align, quote(&d.bytes))?;
        for r in &d.relocs {
            write!(out, " {}:", r.offset)?;
            match r.target {
                RelocTarget::Data(d) => write!(out, "{d}:{}", r.addend)?,
                RelocTarget::Func(f) => write!(out, "@{}", f.0)?,
                RelocTarget::Rt(f) => write!(out, "{}", f.sig().name)?,
                RelocTarget::NativeModule(n) => write!(out, "native{n}")?,
            }
        }
        out.push('\n');
    }
    if let Some(root) = p.root {
        writeln!(out, "root = {root}")?;
    }
    Ok(())
}

fn constant(c: &Const) -> String {
    match c {
        Const::None => "none".into(),
        Const::True => "true".into(),
        Const::False => "false".into(),
        Const::Ellipsis => "ellipsis".into(),
        Const::NotImplemented => "notimplemented".into(),
        Const::Int(v) => format!("int {v}"),
        Const::BigInt(d) => format!("big {d}"),
        Const::Float(bits) => format!("float {bits:#x}"),
        Const::Complex(re, im) => format!("complex {re:#x} {im:#x}"),
        Const::Str(s) => format!("str {}", quote(s)),
        Const::Bytes(b) => format!("bytes {}", quote(b)),
        Const::Symbol(s) => format!("symbol {}", quote(s.as_bytes())),
        Const::Keyword(s) => format!("keyword {}", quote(s.as_bytes())),
        Const::Tuple(items) => items.iter().fold(String::from("tuple"), |text, i| format!("{text} {i}")),
    }
}

/// Text in quotes; what is not printable ASCII, a quote or a backslash becomes `\xNN`.
fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &b in bytes {
        if (b == b' ' || b.is_ascii_graphic()) && b != b'"' && b != b'\\' {
            out.push(b as char);
        } else {
            write!(out, "\\x{b:02x}").expect("writing to a string");
        }
    }
    out.push('"');
    out
}

/// One function.
pub fn function(p: &Program, id: FuncId, f: &Function) -> String {
    let mut out = String::new();
    write_function(&mut out, p, id, f).expect("writing to a string");
    out
}

fn write_function(out: &mut String, p: &Program, id: FuncId, f: &Function) -> fmt::Result {
    let kind = match f.kind {
        FunctionKind::Plain => "plain",
        FunctionKind::Generator => "generator",
        FunctionKind::Resume => "resume",
        FunctionKind::Internal => "internal",
    };
    write!(out, "fn @{} {} {kind} {}", id.0, quote(p.names.text(f.qualname).as_bytes()), f.module)?;
    if f.kind == FunctionKind::Internal {
        out.push_str(" ->");
        for t in &f.results {
            write!(out, " {t}")?;
        }
    }
    for flag in flags(f) {
        write!(out, " {flag}")?;
    }
    if !f.stack_slots.is_empty() {
        out.push_str(" slots");
        for s in &f.stack_slots {
            write!(out, " {s}")?;
        }
    }
    out.push_str(" {\n");
    for &b in &f.layout {
        write!(out, "{b}")?;
        let params: Vec<String> = f.blocks[b].params.iter().map(|&v| format!("{v}: {}", f.ty(v))).collect();
        writeln!(out, "({}){}:", params.join(", "), if f.blocks[b].cold { " cold" } else { "" })?;
        for &i in &f.blocks[b].insts {
            write_inst(out, f, i)?;
        }
    }
    out.push_str("}\n");
    Ok(())
}

/// Words of the head for what a front end says of a function.
fn flags(f: &Function) -> impl Iterator<Item = &'static str> + use<> {
    let inline = match f.inline {
        InlineHint::Auto => None,
        InlineHint::Always => Some("inline-always"),
        InlineHint::Never => Some("inline-never"),
    };
    [f.optimise.then_some("optimise"), f.words.then_some("words"), inline, f.cold.then_some("cold")]
        .into_iter()
        .flatten()
}

fn write_inst(out: &mut String, f: &Function, inst: InstId) -> fmt::Result {
    let data = &f.insts[inst];
    out.push_str("    ");
    let results: Vec<String> = f.results(inst).map(|v| format!("{v}: {}", f.ty(v))).collect();
    if !results.is_empty() {
        write!(out, "{} = ", results.join(", "))?;
    }
    out.push_str(data.op.info().name);
    for (i, v) in f.args(inst).iter().enumerate() {
        write!(out, "{}{v}", if i == 0 { " " } else { ", " })?;
    }
    write_imm(out, data.op.info().imm, data.imm)?;
    let edges: Vec<String> = f
        .edges(inst)
        .iter()
        .map(|&e| {
            let values: Vec<String> = f.edge_args(e).iter().map(|v| v.to_string()).collect();
            format!("{}({})", e.block, values.join(", "))
        })
        .collect();
    if !edges.is_empty() {
        write!(out, " -> {}", edges.join(", "))?;
    }
    if data.loc != LocId::NONE {
        write!(out, " {}", data.loc)?;
    }
    out.push('\n');
    Ok(())
}

fn write_imm(out: &mut String, kind: ImmKind, imm: u64) -> fmt::Result {
    let (low, high) = imm_halves(imm);
    match kind {
        ImmKind::None => Ok(()),
        ImmKind::Int | ImmKind::Operation => write!(out, " {}", imm as i64),
        ImmKind::Float => write!(out, " {imm:#x}"),
        ImmKind::Const if low == u32::MAX => write!(out, " none"),
        ImmKind::Const => write!(out, " k{low}"),
        ImmKind::Func => write!(out, " @{low}"),
        ImmKind::Global => write!(out, " g{low}"),
        ImmKind::ClassSite => write!(out, " class{low}"),
        ImmKind::Module => write!(out, " m{low}"),
        ImmKind::Name => write!(out, " s{low}"),
        ImmKind::NameAndConst | ImmKind::NameAndInt | ImmKind::IntAndConst | ImmKind::Pair => {
            write!(out, " {low}:{high}")
        }
        ImmKind::Binary => write!(out, " {}", BinaryOp::from_index(imm).map_or("?", BinaryOp::text)),
        ImmKind::Unary => write!(out, " {}", UnaryOp::from_index(imm).map_or("?", UnaryOp::text)),
        ImmKind::Compare => write!(out, " {}", CompareOp::from_index(imm).map_or("?", CompareOp::text)),
        ImmKind::IntCond => write!(out, " {}", IntCond::from_index(imm).map_or("?", IntCond::text)),
        ImmKind::FloatCond => write!(out, " {}", FloatCond::from_index(imm).map_or("?", FloatCond::text)),
        ImmKind::Rt => write!(out, " {}", molt_abi::RtFn::from_index(imm as u16).map_or("?", |r| r.sig().name)),
        ImmKind::Data => write!(out, " d{low}"),
        ImmKind::Slot => write!(out, " slot{low}"),
    }
}
