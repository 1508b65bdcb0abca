//! Whether a program can tell when its objects die.
//!
//! CPython keeps a variable's object until the variable is bound anew, deleted or its function returns. Compiled code
//! would release it after its last use. Where the program has finalisers, weak references, open files or generators
//! that clean up, lowering keeps variables alive as CPython does; elsewhere the difference cannot be seen.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt, WithItem};

use crate::program::ModuleGraph;

/// Modules whose import says that the program looks at the life of objects.
const WATCHING: &[&str] = &["weakref", "_weakref", "gc", "io", "_io", "tempfile", "socket", "mmap"];

/// Whether the user's part of a program observes the release of objects.
pub fn observes_release(graph: &ModuleGraph) -> bool {
    graph.units.iter().filter(|u| !u.is_library).any(|u| {
        let mut scan = Scan { found: false, cleanups: 0 };
        scan.visit_body(&u.tree.body);
        scan.found
    })
}

struct Scan {
    found: bool,
    /// `try … finally` and `with` statements of the function at hand that enclose the place.
    cleanups: usize,
}

impl<'a> Visitor<'a> for Scan {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let outer = self.cleanups;
        match stmt {
            Stmt::FunctionDef(f) => {
                self.found |= &*f.name == "__del__";
                self.cleanups = 0;
            }
            Stmt::Try(t) if !t.finalbody.is_empty() => self.cleanups += 1,
            Stmt::With(_) => self.cleanups += 1,
            Stmt::Import(i) => {
                self.found |= i.names.iter().any(|n| WATCHING.contains(&n.name.split('.').next().unwrap_or("")));
            }
            Stmt::ImportFrom(i) => {
                let module = i.module.as_ref().map_or("", |m| m.as_str());
                self.found |= WATCHING.contains(&module.split('.').next().unwrap_or(""));
            }
            _ => {}
        }
        walk_stmt(self, stmt);
        self.cleanups = outer;
    }

    fn visit_with_item(&mut self, item: &'a WithItem) {
        // A file that a `with` statement opens is closed by it.
        match &item.context_expr {
            Expr::Call(c) if is_open(&c.func) => self.visit_arguments(&c.arguments),
            e => self.visit_expr(e),
        }
        if let Some(target) = &item.optional_vars {
            self.visit_expr(target);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Yield(_) | Expr::YieldFrom(_) => self.found |= self.cleanups > 0,
            e if is_open(e) => self.found = true,
            Expr::Attribute(a) => self.found |= matches!(a.attr.as_str(), "fdopen" | "open"),
            _ => {}
        }
        walk_expr(self, expr);
    }
}

fn is_open(e: &Expr) -> bool {
    matches!(e, Expr::Name(n) if n.id == "open")
}
