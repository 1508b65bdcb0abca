//! Bodies as text, for tests and for people: one line a statement, locals with their numbers.
//!
//! `l0:x` is local 0, named `x`: hygiene shows as different numbers for one name.

use std::fmt::Write;

use molt_base::Symbol;

use super::{
    Arm, Block, Body, Expr, ExprId, FieldInit, FormatKind, FormatPiece, Hir, Lit, LocalId, Message, Mutability, Pat,
    PatBound, PatId, PathRes, RangePat, SelectKind, Stmt, TraitMember, TypeExpr, TypeId, UnaryOp,
};

/// The text of a body.
pub fn print_body(hir: &Hir, body: &Body) -> String {
    let printer = Printer { hir, body };
    let params: Vec<String> = body.params.iter().map(|(p, _)| printer.pat(*p)).collect();
    format!("({}) {}", params.join(", "), printer.expr(body.value, 0))
}

struct Printer<'a> {
    hir: &'a Hir,
    body: &'a Body,
}

impl Printer<'_> {
    fn name(&self, name: Symbol) -> &str {
        self.hir.text(name)
    }

    fn local(&self, local: LocalId) -> String {
        format!("{local}:{}", self.name(self.body.locals[local].name))
    }

    fn list(&self, list: &[ExprId], depth: usize) -> String {
        list.iter().map(|&e| self.expr(e, depth)).collect::<Vec<_>>().join(", ")
    }

    fn fields(&self, fields: &[FieldInit], depth: usize) -> String {
        let one = |f: &FieldInit| format!("{}: {}", self.name(f.name), self.expr(f.value, depth));
        fields.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, id: ExprId, depth: usize) -> String {
        let e = |id: ExprId| self.expr(id, depth);
        match &self.body.exprs[id] {
            Expr::Error => "<error>".to_owned(),
            Expr::Lit(lit) => self.lit(lit),
            Expr::Path(path) => self.path(path),
            Expr::Tuple(list) => format!("tuple({})", self.list(list, depth)),
            Expr::Array(list) => format!("[{}]", self.list(list, depth)),
            Expr::Repeat { value, len } => format!("[{}; {len:?}]", e(*value)),
            Expr::Struct { path, fields, base } => {
                let base = base.map(|b| format!(", ..{}", e(b))).unwrap_or_default();
                format!("{} {{ {}{base} }}", self.path(path), self.fields(fields, depth))
            }
            Expr::Call { callee, args } => format!("{}({})", e(*callee), self.list(args, depth)),
            Expr::MethodCall { recv, name, args, .. } => {
                format!("{}.{}({})", e(*recv), self.name(*name), self.list(args, depth))
            }
            Expr::Field { base, name, .. } => format!("{}.{}", e(*base), self.name(*name)),
            Expr::Index { base, index } => format!("{}[{}]", e(*base), e(*index)),
            Expr::Unary { op, value } => {
                let op = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "!",
                    UnaryOp::BitNot => "~",
                };
                format!("{op}{}", e(*value))
            }
            Expr::Deref(value) => format!("*{}", e(*value)),
            Expr::Ref { mutability, value } => format!("&{}{}", mutable(*mutability), e(*value)),
            Expr::Binary { op, left, right, .. } => format!("({} {} {})", e(*left), op.text(), e(*right)),
            Expr::Logical { and, left, right } => {
                format!("({} {} {})", e(*left), if *and { "&&" } else { "||" }, e(*right))
            }
            Expr::Assign { place, value } => format!("{} = {}", e(*place), e(*value)),
            Expr::AssignOp { op, place, value, .. } => format!("{} {}= {}", e(*place), op.text(), e(*value)),
            Expr::Cast { value, ty } => format!("({} as {})", e(*value), self.ty(*ty)),
            Expr::Range { start, end, inclusive } => {
                let side = |x: &Option<ExprId>| x.map(e).unwrap_or_default();
                format!("({}{}{})", side(start), if *inclusive { "..=" } else { ".." }, side(end))
            }
            Expr::Closure(closure) => {
                let params: Vec<String> = closure.params.iter().map(|(p, _)| self.pat(*p)).collect();
                let moves = if closure.is_move { "move " } else { "" };
                format!("{moves}|{}| {}", params.join(", "), e(closure.body))
            }
            Expr::Try(value) => format!("{}?", e(*value)),
            Expr::Await(value) => format!("{}.await", e(*value)),
            Expr::Format(_) => self.format(id, depth),
            _ => self.control(id, depth),
        }
    }

    fn control(&self, id: ExprId, depth: usize) -> String {
        let e = |id: ExprId| self.expr(id, depth);
        match &self.body.exprs[id] {
            Expr::If { cond, then, otherwise } => {
                let otherwise = otherwise.map(|o| format!(" else {}", e(o))).unwrap_or_default();
                format!("if {} {}{otherwise}", e(*cond), e(*then))
            }
            Expr::Let { pat, value } => format!("let {} = {}", self.pat(*pat), e(*value)),
            Expr::Match { value, arms } => format!("match {} {}", e(*value), self.arms(arms, depth)),
            Expr::Loop { scope, body } => format!("{scope}: loop {}", e(*body)),
            Expr::While { scope, cond, body } => format!("{scope}: while {} {}", e(*cond), e(*body)),
            Expr::For { scope, pat, iter, body } => {
                format!("{scope}: for {} in {} {}", self.pat(*pat), e(*iter), e(*body))
            }
            Expr::Block(block) => self.block(block, depth),
            Expr::Break { scope, value } => {
                format!("break {scope}{}", value.map(|v| format!(" {}", e(v))).unwrap_or_default())
            }
            Expr::Continue { scope } => format!("continue {scope}"),
            Expr::Return(value) => format!("return{}", value.map(|v| format!(" {}", e(v))).unwrap_or_default()),
            Expr::Async { body, is_move, .. } => format!("async {}{}", if *is_move { "move " } else { "" }, e(*body)),
            Expr::SpawnTask { body } => format!("spawn {}", e(*body)),
            Expr::SpawnActor { path, fields, options, literal } => {
                let word = if *literal { "" } else { "spawn" };
                let (options, fields) = (self.fields(options, depth), self.fields(fields, depth));
                format!("{word}({options}) {} {{ {fields} }}", self.path(path))
            }
            Expr::Send { target, message } => format!("{} ! {}", e(*target), self.message(message, depth)),
            Expr::Ask { target, message, within } => {
                let within = within.map(|w| format!(" within {}", e(w))).unwrap_or_default();
                format!("ask {} {}{within}", e(*target), self.message(message, depth))
            }
            Expr::Receive { arms, after } => {
                let after = after.map(|(d, v)| format!(" after {} => {}", e(d), e(v))).unwrap_or_default();
                format!("receive {}{after}", self.arms(arms, depth))
            }
            Expr::Select { arms } => {
                let one = |a: &super::SelectArm| {
                    let head = match &a.kind {
                        SelectKind::Wait { pat, operation, guard } => {
                            let guard = guard.map(|g| format!(" if {}", e(g))).unwrap_or_default();
                            format!("{} = {}{guard}", self.pat(*pat), e(*operation))
                        }
                        SelectKind::After(limit) => format!("after {}", e(*limit)),
                        SelectKind::Default => "default".to_owned(),
                    };
                    format!("{head} => {}", e(a.body))
                };
                format!("select {{ {} }}", arms.iter().map(one).collect::<Vec<_>>().join(", "))
            }
            _ => "<expression>".to_owned(),
        }
    }

    fn block(&self, block: &Block, depth: usize) -> String {
        let indent = "  ".repeat(depth + 1);
        let mut out = String::new();
        if let Some(scope) = block.scope {
            write!(out, "{scope}: ").expect("writing to a string cannot fail");
        }
        out.push_str(if block.is_unsafe { "unsafe {" } else { "{" });
        for stmt in &block.stmts {
            let text = match stmt {
                Stmt::Expr(value) => self.expr(*value, depth + 1),
                Stmt::Let { pat, ty, init, otherwise, .. } => {
                    let ty = ty.map(|t| format!(": {}", self.ty(t))).unwrap_or_default();
                    let init = init.map(|i| format!(" = {}", self.expr(i, depth + 1))).unwrap_or_default();
                    let other = otherwise.map(|o| format!(" else {}", self.expr(o, depth + 1))).unwrap_or_default();
                    format!("let {}{ty}{init}{other}", self.pat(*pat))
                }
            };
            write!(out, "\n{indent}{text};").expect("writing to a string cannot fail");
        }
        if let Some(tail) = block.tail {
            write!(out, "\n{indent}{}", self.expr(tail, depth + 1)).expect("writing to a string cannot fail");
        }
        if block.stmts.is_empty() && block.tail.is_none() {
            return out + "}";
        }
        out + "\n" + &"  ".repeat(depth) + "}"
    }

    fn arms(&self, arms: &[Arm], depth: usize) -> String {
        let mut out = String::from("{");
        for arm in arms {
            let guard = arm.guard.map(|g| format!(" if {}", self.expr(g, depth + 1))).unwrap_or_default();
            let body = self.expr(arm.body, depth + 1);
            write!(out, "\n{}{}{guard} => {body}", "  ".repeat(depth + 1), self.pat(arm.pat))
                .expect("writing to a string cannot fail");
        }
        if arms.is_empty() {
            return out + "}";
        }
        out + "\n" + &"  ".repeat(depth) + "}"
    }

    fn message(&self, message: &Message, depth: usize) -> String {
        match message {
            Message::Handler { name, args, .. } => format!("handler {}({})", self.name(*name), self.list(args, depth)),
            Message::Raw(value) => self.expr(*value, depth),
        }
    }

    fn format(&self, id: ExprId, depth: usize) -> String {
        let Expr::Format(format) = &self.body.exprs[id] else { return String::new() };
        let kind = match format.kind {
            FormatKind::String => "format".to_owned(),
            FormatKind::Print { newline, stderr } => {
                format!("{}print{}", if stderr { "e" } else { "" }, if newline { "ln" } else { "" })
            }
            FormatKind::Write { target } => format!("write[{}]", self.expr(target, depth)),
            FormatKind::Panic => "panic".to_owned(),
        };
        let mut text = String::new();
        for piece in &format.pieces {
            match piece {
                FormatPiece::Text(t) => text.push_str(&self.name(*t).escape_debug().to_string()),
                FormatPiece::Value { arg, spec, .. } => {
                    write!(text, "{{{arg}:{:?}}}", spec.style).expect("writing to a string cannot fail");
                }
            }
        }
        format!("{kind}!(\"{text}\" {})", self.list(&format.args, depth)).replace(" )", ")")
    }

    fn lit(&self, lit: &Lit) -> String {
        match lit {
            Lit::Bool(b) => b.to_string(),
            Lit::Char(c) => format!("{c:?}"),
            Lit::Int(value, None) => value.unsigned().to_string(),
            Lit::Int(value, Some(kind)) => format!("{}:{kind:?}", value.unsigned()),
            Lit::Float(value, None) => format!("{:?}", value.double),
            Lit::Float(value, Some(kind)) => {
                let text =
                    if *kind == super::FloatKind::F32 { value.single.to_string() } else { value.double.to_string() };
                format!("{text}:{kind:?}")
            }
            Lit::Str(text) => format!("{:?}", self.name(*text)),
            Lit::Bytes(text) => format!("b{:?}", self.name(*text)),
            Lit::CStr(text) => format!("c{:?}", self.name(*text)),
        }
    }

    fn path(&self, path: &PathRes) -> String {
        let hir = self.hir;
        match path {
            PathRes::Error => "<error>".to_owned(),
            PathRes::Local(local) => self.local(*local),
            PathRes::Fn(f, _) => format!("fn {}", self.name(hir.fns[*f].head.name)),
            PathRes::Const(c) => format!("const {}", self.name(hir.consts[*c].head.name)),
            PathRes::ConstParam(_, name) => format!("param {}", self.name(*name)),
            PathRes::Struct(a, _) => format!("struct {}", self.name(hir.adts[*a].head.name)),
            PathRes::Variant(a, v, _) => {
                let adt = &hir.adts[*a];
                format!("{}::{}", self.name(adt.head.name), self.name(adt.variants[*v as usize].name))
            }
            PathRes::Alias(a, _) => format!("alias {}", self.name(hir.aliases[*a].head.name)),
            PathRes::SelfCtor => "Self".to_owned(),
            PathRes::Assoc { base, name, .. } => format!("<{}>::{}", self.ty(*base), self.name(*name)),
            PathRes::TraitMember(member) => {
                let TraitMember { of, self_ty, name, .. } = &**member;
                let ty = self_ty.map(|t| format!("{} as ", self.ty(t))).unwrap_or_default();
                format!("<{ty}{}>::{}", self.name(hir.traits[of.trait_].head.name), self.name(*name))
            }
        }
    }

    fn pat(&self, id: PatId) -> String {
        let all = |list: &[PatId]| list.iter().map(|&p| self.pat(p)).collect::<Vec<_>>();
        match &self.body.pats[id] {
            Pat::Error => "<error>".to_owned(),
            Pat::Wild => "_".to_owned(),
            Pat::Rest => "..".to_owned(),
            Pat::Bind { local, by_ref, sub } => {
                let by_ref = by_ref.map(|m| format!("ref {}", mutable(m))).unwrap_or_default();
                let is_mut = if self.body.locals[*local].mutable { "mut " } else { "" };
                let sub = sub.map(|s| format!(" @ {}", self.pat(s))).unwrap_or_default();
                format!("{by_ref}{is_mut}{}{sub}", self.local(*local))
            }
            Pat::Lit { lit, negative } => format!("{}{}", if *negative { "-" } else { "" }, self.lit(lit)),
            Pat::Range(range) => {
                let RangePat { start, end, inclusive } = &**range;
                let bound = |b: &Option<PatBound>| match b {
                    None => String::new(),
                    Some(PatBound::Lit { lit, negative, .. }) => {
                        format!("{}{}", if *negative { "-" } else { "" }, self.lit(lit))
                    }
                    Some(PatBound::Path(path, _)) => self.path(path),
                };
                format!("{}{}{}", bound(start), if *inclusive { "..=" } else { ".." }, bound(end))
            }
            Pat::Path(path) => self.path(path),
            Pat::TupleStruct { path, pats } => format!("{}({})", self.path(path), all(pats).join(", ")),
            Pat::Struct { path, fields, rest } => {
                let mut list: Vec<String> =
                    fields.iter().map(|f| format!("{}: {}", self.name(f.name), self.pat(f.pat))).collect();
                list.extend(rest.then(|| "..".to_owned()));
                format!("{} {{ {} }}", self.path(path), list.join(", "))
            }
            Pat::Tuple(pats) => format!("tuple({})", all(pats).join(", ")),
            Pat::Slice(pats) => format!("[{}]", all(pats).join(", ")),
            Pat::Ref(m, inner) => format!("&{}{}", mutable(*m), self.pat(*inner)),
            Pat::Or(pats) => all(pats).join(" | "),
        }
    }

    /// A written type, as far as its outermost name.
    fn ty(&self, ty: TypeId) -> String {
        match &self.hir.types[ty] {
            TypeExpr::Adt(a, _) => self.name(self.hir.adts[*a].head.name).to_owned(),
            TypeExpr::Alias(a, _) => self.name(self.hir.aliases[*a].head.name).to_owned(),
            TypeExpr::Param(_, name) => self.name(*name).to_owned(),
            TypeExpr::SelfOf(_) => "Self".to_owned(),
            TypeExpr::Assoc { base, name, .. } => format!("{}::{}", self.ty(*base), self.name(*name)),
            TypeExpr::Int(kind) => format!("{kind:?}").to_lowercase(),
            TypeExpr::Float(kind) => format!("{kind:?}").to_lowercase(),
            TypeExpr::Ref(_, m, inner) => format!("&{}{}", mutable(*m), self.ty(*inner)),
            TypeExpr::Tuple(parts) => {
                format!("({})", parts.iter().map(|&p| self.ty(p)).collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}").split(['(', ' ', '{']).next().unwrap_or("").to_lowercase(),
        }
    }
}

fn mutable(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::Shared => "",
        Mutability::Mut => "mut ",
    }
}
