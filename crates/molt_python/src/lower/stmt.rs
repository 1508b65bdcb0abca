//! Statements and assignment targets.

use molt_ir::func::{MAX_RESULTS, imm_pair};
use molt_ir::{Op, ValueId};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::Lowerer;
use super::expr::binary_op;

impl<'a> Lowerer<'a> {
    pub(super) fn stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Expr(e) => {
                if self.fold(&e.value).is_none() {
                    self.expr(&e.value);
                }
            }
            Stmt::Assign(a) => self.assign_stmt(a),
            Stmt::AugAssign(a) => self.augmented(a),
            Stmt::AnnAssign(a) => self.annotated(a),
            Stmt::Return(r) => self.return_stmt(r),
            Stmt::If(i) => self.if_stmt(i),
            Stmt::For(f) if f.is_async => self.unsupported(f.range, "`async for`"),
            Stmt::For(f) => self.for_stmt(f),
            Stmt::While(w) => self.while_stmt(w),
            Stmt::Break(_) => self.break_or_continue(true),
            Stmt::Continue(_) => self.break_or_continue(false),
            Stmt::Try(t) => self.try_stmt(t),
            Stmt::With(w) => self.with_stmt(w),
            Stmt::Raise(r) => self.raise_stmt(r),
            Stmt::Assert(a) => self.assert_stmt(a),
            Stmt::FunctionDef(f) => self.function_def(f),
            Stmt::ClassDef(c) => self.class_def(c),
            Stmt::Delete(d) => {
                for target in &d.targets {
                    self.delete(target);
                }
            }
            Stmt::Import(i) => self.import_stmt(i),
            Stmt::ImportFrom(i) => self.import_from_stmt(i),
            Stmt::Match(m) => self.match_stmt(m),
            Stmt::TypeAlias(t) => self.type_alias(t),
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {}
            Stmt::IpyEscapeCommand(i) => self.unsupported(i.range, "IPython command"),
        }
    }

    fn assign_stmt(&mut self, a: &'a ast::StmtAssign) {
        if let ([Expr::Tuple(targets)], Expr::Tuple(values)) = (a.targets.as_slice(), &*a.value)
            && targets.elts.len() == values.elts.len()
            && !targets.elts.iter().chain(&values.elts).any(Expr::is_starred_expr)
        {
            let values: Vec<ValueId> = values.elts.iter().map(|e| self.expr(e)).collect();
            for (target, value) in targets.elts.iter().zip(values) {
                self.assign(target, value);
            }
            return;
        }
        let value = self.expr(&a.value);
        for target in &a.targets {
            self.assign(target, value);
        }
    }

    /// Binds a target to a value.
    pub(super) fn assign(&mut self, target: &'a Expr, value: ValueId) {
        match target {
            Expr::Name(n) => {
                self.at(target);
                self.store_name(&n.id, value);
            }
            Expr::Attribute(a) => {
                let object = self.expr(&a.value);
                let name = self.symbol(&a.attr);
                self.at(target);
                self.f.b.effect(Op::PySetAttr, &[object, value], u64::from(name.0));
            }
            Expr::Subscript(s) => {
                let object = self.expr(&s.value);
                let index = self.index(&s.slice);
                self.at(target);
                self.f.b.effect(Op::PySetItem, &[object, index, value], 0);
            }
            Expr::Tuple(t) => self.unpack(target, &t.elts, value),
            Expr::List(l) => self.unpack(target, &l.elts, value),
            // The parser refuses every other target.
            other => self.unsupported(other.range(), "assignment target"),
        }
    }

    fn unpack(&mut self, target: &'a Expr, elements: &'a [Expr], value: ValueId) {
        self.at(target);
        if elements.len() > MAX_RESULTS {
            return self.unsupported(target.range(), "an assignment to more than 65,535 targets");
        }
        let star = elements.iter().position(Expr::is_starred_expr);
        let parts = match star {
            None => self.words(Op::PyUnpack, &[value], elements.len() as u64, elements.len()),
            Some(at) => {
                let after = elements.len() - at - 1;
                self.words(Op::PyUnpackEx, &[value], imm_pair(at as u32, after as u32), elements.len())
            }
        };
        for (element, part) in elements.iter().zip(parts) {
            match element {
                Expr::Starred(s) => self.assign(&s.value, part),
                _ => self.assign(element, part),
            }
        }
    }

    fn augmented(&mut self, a: &'a ast::StmtAugAssign) {
        let op = binary_op(a.op) as u64;
        match &*a.target {
            Expr::Name(n) => {
                let old = self.load_name(&n.id, n.range);
                let operand = self.expr(&a.value);
                self.at_range(a);
                let new = self.f.b.word(Op::PyInplace, &[old, operand], op);
                self.store_name(&n.id, new);
            }
            Expr::Attribute(t) => {
                let object = self.expr(&t.value);
                let name = u64::from(self.symbol(&t.attr).0);
                self.at(&a.target);
                let old = self.f.b.word(Op::PyGetAttr, &[object], name);
                let operand = self.expr(&a.value);
                self.at_range(a);
                let new = self.f.b.word(Op::PyInplace, &[old, operand], op);
                self.at(&a.target);
                self.f.b.effect(Op::PySetAttr, &[object, new], name);
            }
            Expr::Subscript(t) => {
                let object = self.expr(&t.value);
                let index = self.index(&t.slice);
                self.at(&a.target);
                let old = self.f.b.word(Op::PyGetItem, &[object, index], 0);
                let operand = self.expr(&a.value);
                self.at_range(a);
                let new = self.f.b.word(Op::PyInplace, &[old, operand], op);
                self.at(&a.target);
                self.f.b.effect(Op::PySetItem, &[object, index, new], 0);
            }
            other => self.unsupported(other.range(), "assignment target"),
        }
    }

    fn annotated(&mut self, a: &'a ast::StmtAnnAssign) {
        if let Some(value) = &a.value {
            let value = self.expr(value);
            self.assign(&a.target, value);
        }
        if a.simple {
            self.note_annotation(a);
        }
    }

    fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(n) => self.delete_name(&n.id, n.range),
            Expr::Attribute(a) => {
                let object = self.expr(&a.value);
                let name = self.symbol(&a.attr);
                self.at(target);
                self.f.b.effect(Op::PyDelAttr, &[object], u64::from(name.0));
            }
            Expr::Subscript(s) => {
                let object = self.expr(&s.value);
                let index = self.index(&s.slice);
                self.at(target);
                self.f.b.effect(Op::PyDelItem, &[object, index], 0);
            }
            Expr::Tuple(t) => t.elts.iter().for_each(|e| self.delete(e)),
            Expr::List(l) => l.elts.iter().for_each(|e| self.delete(e)),
            other => self.unsupported(other.range(), "target of `del`"),
        }
    }
}
