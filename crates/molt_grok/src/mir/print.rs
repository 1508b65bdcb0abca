//! The text form of a graph: for tests and `--print-mir`.
//!
//! ```text
//! mir(_1: i32) -> i32 {
//!     let _2: bool; // x
//!   bb0:
//!     _2 = Lt(copy _1, const 3_i32);
//!     switch move _2 [0: bb1, else: bb2];
//! ```

use std::fmt::Write;

use super::{
    Aggregate, Bb, Block, BorrowKind, Builtin, Callee, Cast, Constant, Elem, Mir, Operand, Place, Rvalue, Slot,
    StmtKind, Terminator,
};
use crate::check::context::Checked;
use crate::hir::{Hir, Mutability};
use crate::ty::{Arg, Args, ConstKind, Ty, TyKind, Types};

/// Text of the whole graph.
pub fn mir_text(c: &Checked, mir: &Mir) -> String {
    let mut p = Printer { c, hir: &c.hir, types: &c.types, out: String::new() };
    p.mir(mir);
    p.out
}

struct Printer<'a> {
    c: &'a Checked,
    hir: &'a Hir,
    types: &'a Types,
    out: String,
}

impl Printer<'_> {
    fn mir(&mut self, mir: &Mir) {
        let params: Vec<String> = mir.params().map(|s| format!("{s}: {}", self.ty(mir.slots[s].ty))).collect();
        let ret = self.ty(mir.slots[Mir::RESULT].ty);
        let _ = writeln!(self.out, "mir({}) -> {ret} {{", params.join(", "));
        for (slot, decl) in mir.slots.iter() {
            if slot.0 <= mir.param_count {
                continue;
            }
            let mutable = if decl.mutable && decl.local.is_some() { "mut " } else { "" };
            let promoted = if decl.promoted { " promoted" } else { "" };
            let ty = self.ty(decl.ty);
            let _ = writeln!(self.out, "    let {mutable}{slot}: {ty}{promoted};");
        }
        for (bb, block) in mir.blocks.iter() {
            self.block(bb, block);
        }
        self.out.push_str("}\n");
    }

    fn block(&mut self, bb: Bb, block: &Block) {
        let cleanup = if block.cleanup { " cleanup" } else { "" };
        let unwind = block.unwind.map_or(String::new(), |u| format!(" unwind {u}"));
        let _ = writeln!(self.out, "  {bb}{cleanup}{unwind}:");
        for stmt in &block.stmts {
            let line = self.stmt(&stmt.kind);
            let _ = writeln!(self.out, "    {line};");
        }
        let line = block.end.as_ref().map_or("?".to_string(), |t| self.terminator(t));
        let _ = writeln!(self.out, "    {line};");
    }

    fn stmt(&self, kind: &StmtKind) -> String {
        match kind {
            StmtKind::Assign(p, r) => format!("{} = {}", self.place(p), self.rvalue(r)),
            StmtKind::Live(s) => format!("live {s}"),
            StmtKind::Dead(s) => format!("dead {s}"),
            StmtKind::CheckIndex { place, index } => {
                format!("check {} < len({})", self.operand(index), self.place(place))
            }
            StmtKind::FakeRead(p) => format!("read {}", self.place(p)),
            StmtKind::Nop => "nop".to_string(),
        }
    }

    fn terminator(&self, t: &Terminator) -> String {
        match t {
            Terminator::Goto(b) => format!("goto {b}"),
            Terminator::Switch { value, targets, otherwise } => {
                let arms: Vec<String> = targets.iter().map(|(v, b)| format!("{v}: {b}, ")).collect();
                format!("switch {} [{}else: {otherwise}]", self.operand(value), arms.concat())
            }
            Terminator::Return => "return".to_string(),
            Terminator::Resume => "resume".to_string(),
            Terminator::Unreachable => "unreachable".to_string(),
            Terminator::Drop { place, target, replace } => {
                let how = if *replace { "replace" } else { "drop" };
                format!("{how} {} -> {target}", self.place(place))
            }
            Terminator::Call { func, args, dest, target } => {
                let target = target.map_or("!".to_string(), |b| b.to_string());
                format!("{} = {}({}) -> {target}", self.place(dest), self.callee(func), self.operands(args))
            }
            Terminator::Panic(kind) => format!("panic {kind:?}"),
            Terminator::Await { future, dest, target } => {
                format!("{} = await {} -> {target}", self.place(dest), self.operand(future))
            }
        }
    }

    fn callee(&self, func: &Callee) -> String {
        match func {
            Callee::Fn(f, args) => format!("{}{}", self.hir.text(self.hir.fns[*f].head.name), self.generics(*args)),
            Callee::Pointer(o) => format!("({})", self.operand(o)),
            Callee::FnTrait { self_ty, by } => format!("{by:?}<{}>", self.ty(*self_ty)),
            Callee::Builtin(b, args) => {
                let name = match b {
                    Builtin::BoxNew => "box_new".to_string(),
                    Builtin::BoxFree => "box_free".to_string(),
                    Builtin::ParamDefault(f, n) => {
                        format!("default_{}_{n}", self.hir.text(self.hir.fns[*f].head.name))
                    }
                    Builtin::FieldDefault(a, n) => {
                        format!("default_{}_{n}", self.hir.text(self.hir.adts[*a].head.name))
                    }
                };
                format!("{name}{}", self.generics(*args))
            }
        }
    }

    fn generics(&self, args: Args) -> String {
        let shown: Vec<String> = self
            .types
            .list(args)
            .iter()
            .filter_map(|a| match a {
                Arg::Ty(t) => Some(self.ty(*t)),
                Arg::Region(_) => None,
                Arg::Const(c) => Some(self.const_text(*c)),
            })
            .collect();
        if shown.is_empty() { String::new() } else { format!("::<{}>", shown.join(", ")) }
    }

    fn const_text(&self, c: crate::ty::Const) -> String {
        match self.types.const_kind(c) {
            ConstKind::Value(v) => v.to_string(),
            ConstKind::Param(_, name) => self.hir.text(name).to_string(),
            ConstKind::Error | ConstKind::Infer(_) | ConstKind::Unevaluated(..) => "_".to_string(),
        }
    }

    fn rvalue(&self, r: &Rvalue) -> String {
        match r {
            Rvalue::Use(o) => self.operand(o),
            Rvalue::Repeat(o, n) => format!("[{}; {}]", self.operand(o), self.const_text(*n)),
            Rvalue::Ref(_, kind, p) => {
                let kind = match kind {
                    BorrowKind::Shared => "&",
                    BorrowKind::Mut => "&mut ",
                    BorrowKind::TwoPhase => "&two-phase ",
                    BorrowKind::Fake => "&fake ",
                };
                format!("{kind}{}", self.place(p))
            }
            Rvalue::RawRef(m, p) => {
                format!("&raw {} {}", if *m == Mutability::Mut { "mut" } else { "const" }, self.place(p))
            }
            Rvalue::StaticRef(id) => format!("static {}", self.hir.text(self.hir.consts[*id].head.name)),
            Rvalue::Len(p) => format!("len({})", self.place(p)),
            Rvalue::Cast(kind, o, ty) => {
                let kind = match kind {
                    Cast::Kind(k) => format!("{k:?}"),
                    other => format!("{other:?}"),
                };
                format!("{} as {} ({kind})", self.operand(o), self.ty(*ty))
            }
            Rvalue::Binary(op, a, b) => format!("{op:?}({}, {})", self.operand(a), self.operand(b)),
            Rvalue::Neg(o) => format!("Neg({})", self.operand(o)),
            Rvalue::Not(o) => format!("Not({})", self.operand(o)),
            Rvalue::Variant(p) => format!("variant({})", self.place(p)),
            Rvalue::Aggregate(kind, parts) => {
                let parts = self.operands(parts);
                match kind {
                    Aggregate::Tuple => format!("({parts})"),
                    Aggregate::Array(_) => format!("[{parts}]"),
                    Aggregate::Adt(a, v, _) => {
                        let adt = &self.hir.adts[*a];
                        let name = self.hir.text(adt.head.name);
                        let variant = self.hir.text(adt.variants[*v as usize].name);
                        let name = if adt.kind == crate::hir::AdtKind::Enum {
                            format!("{name}::{variant}")
                        } else {
                            name.to_string()
                        };
                        format!("{name} {{{parts}}}")
                    }
                    Aggregate::Closure(id, _) => format!("{id}[{parts}]"),
                }
            }
        }
    }

    fn operands(&self, list: &[Operand]) -> String {
        let list: Vec<String> = list.iter().map(|o| self.operand(o)).collect();
        list.join(", ")
    }

    fn operand(&self, o: &Operand) -> String {
        match o {
            Operand::Copy(p) => format!("copy {}", self.place(p)),
            Operand::Move(p) => format!("move {}", self.place(p)),
            Operand::Const(c) => format!("const {}", self.constant(c)),
        }
    }

    fn constant(&self, c: &Constant) -> String {
        match c {
            Constant::Unit => "()".to_string(),
            Constant::Bool(b) => b.to_string(),
            Constant::Char(c) => format!("{c:?}"),
            Constant::Int(v, ty) => format!("{}_{}", v.signed(), self.ty(*ty)),
            Constant::Float(bits, ty) => format!("{:?}_{}", f64::from_bits(*bits), self.ty(*ty)),
            Constant::Str(s) => format!("{:?}", self.hir.text(*s)),
            Constant::Bytes(s) => format!("b{:?}", self.hir.text(*s)),
            Constant::CStr(s) => format!("c{:?}", self.hir.text(*s)),
            Constant::Zst(ty) => match self.types.kind(*ty) {
                TyKind::FnDef(..) | TyKind::Ctor(..) => self.ty(*ty),
                _ => format!("{} {{}}", self.ty(*ty)),
            },
            Constant::Item(id, args, _) => {
                format!("{}{}", self.hir.text(self.hir.consts[*id].head.name), self.generics(*args))
            }
            Constant::Param(c, _) => self.const_text(*c),
        }
    }

    fn place(&self, place: &Place) -> String {
        let mut text = place.slot.to_string();
        for elem in &place.path {
            match elem {
                Elem::Deref => text = format!("(*{text})"),
                Elem::Field(n, _) => {
                    let _ = write!(text, ".{n}");
                }
                Elem::Variant(v) => text = format!("({text} as {v})"),
                Elem::Index(s) => text = index_text(text, *s),
                Elem::ConstIndex { offset, from_end } => {
                    let sign = if *from_end { "-" } else { "" };
                    let _ = write!(text, "[{sign}{offset}]");
                }
                Elem::Subslice { from, to } => {
                    let _ = write!(text, "[{from}..-{to}]");
                }
            }
        }
        text
    }

    fn ty(&self, ty: Ty) -> String {
        self.c.ty_text(ty)
    }
}

fn index_text(base: String, slot: Slot) -> String {
    format!("{base}[{slot}]")
}
