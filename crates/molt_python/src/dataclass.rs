//! Methods of data classes, written by the compiler where it sees the whole class.
//!
//! For a class decorated with `dataclass` this adds to its body, under hidden names, the `__init__`, `__repr__` and
//! `__eq__` that the annotated names call for, and the names themselves. The library's `dataclasses` takes the methods
//! when the fields that it finds are those, and drops them otherwise, so a wrong guess here costs nothing but space.
//!
//! The text of the methods is appended to the module's text, so that their positions are valid and lie behind the
//! user's last line.

use ruff_python_ast::{ExceptHandler, Expr, ModModule, PythonVersion, Stmt, StmtClassDef};
use ruff_python_parser::{Mode, ParseOptions, parse_cells_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// Adds the methods to all data classes of a module.
pub fn synthesize(tree: &mut ModModule, text: &mut String) {
    if !text.contains("dataclasses") {
        return;
    }
    let mut bodies = Vec::new();
    for_each_class(&mut tree.body, &mut |class| bodies.push(body_text(class, text)));
    if bodies.iter().all(Option::is_none) {
        return;
    }
    let start = text.len() + 1;
    text.push('\n');
    let mut counts = Vec::new();
    for body in &bodies {
        counts.push(body.as_ref().map_or(0, |b| b.statements));
        text.push_str(body.as_ref().map_or("", |b| &b.text));
    }
    let offset = |n: usize| TextSize::try_from(n).expect("source files are smaller than 4 GiB");
    let range = TextRange::new(offset(start), offset(text.len()));
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY314);
    let parsed = parse_cells_unchecked(text, [range], &options);
    debug_assert!(parsed.errors().is_empty(), "{:?}", parsed.errors());
    let mut statements = parsed.into_syntax().body.into_iter();
    let mut counts = counts.into_iter();
    for_each_class(&mut tree.body, &mut |class| {
        let count = counts.next().expect("one count a class");
        class.body.extend(statements.by_ref().take(count));
    });
}

struct Body {
    text: String,
    statements: usize,
}

struct FieldText<'a> {
    name: &'a str,
    annotation: &'a str,
    has_default: bool,
}

/// What is added to a class; `None` when it is no data class.
fn body_text(class: &StmtClassDef, text: &str) -> Option<Body> {
    if !class.decorator_list.iter().any(|d| is_dataclass(&d.expression)) {
        return None;
    }
    let mut fields = Vec::new();
    let mut methods = class.arguments.as_ref().is_none_or(|a| a.is_empty());
    for a in class.body.iter().filter_map(|s| s.as_ann_assign_stmt()) {
        let Expr::Name(name) = &*a.target else { continue };
        let annotation = &text[a.annotation.range()];
        if annotation.contains("ClassVar") {
            continue;
        }
        methods &= !annotation.contains("InitVar") && !annotation.contains("KW_ONLY");
        methods &= !a.value.as_ref().is_some_and(|v| v.is_call_expr()) && name.id.as_str() != "self";
        if name.id.starts_with("__") {
            return None;
        }
        fields.push(FieldText { name: &name.id, annotation, has_default: a.value.is_some() });
    }
    let ordered = fields.is_sorted_by_key(|f| f.has_default);
    let mut names: Vec<&str> = fields.iter().map(|f| f.name).collect();
    names.sort_unstable();
    let distinct = names.windows(2).all(|w| w[0] != w[1]);
    let items: String = fields.iter().map(|f| format!("({:?}, {:?}), ", f.name, f.annotation)).collect();
    let mut out = format!("__dataclass_static__ = ({items})\n");
    let methods = methods && ordered && distinct;
    if methods {
        out.push_str(&method_text(&fields));
    }
    Some(Body { text: out, statements: if methods { 4 } else { 1 } })
}

fn method_text(fields: &[FieldText]) -> String {
    let parameter = |f: &FieldText| {
        if f.has_default { format!(", {0}={0}", f.name) } else { format!(", {}", f.name) }
    };
    let parameters: String = fields.iter().map(parameter).collect();
    let stores: String = fields.iter().map(|f| format!("    self.{0} = {0}\n", f.name)).collect();
    let shown: Vec<String> = fields.iter().map(|f| format!("{0}={{self.{0}!r}}", f.name)).collect();
    let compared: Vec<String> = fields.iter().map(|f| format!("self.{0} == other.{0}", f.name)).collect();
    let compared = if compared.is_empty() { "True".to_owned() } else { compared.join(" and ") };
    format!(
        "def __dataclass_init__(self{parameters}):\n{stores}    return None\n\
         def __dataclass_repr__(self):\n    return self.__class__.__qualname__ + f\"({})\"\n\
         def __dataclass_eq__(self, other):\n    if self is other:\n        return True\n    \
         if other.__class__ is self.__class__:\n        return {compared}\n    return NotImplemented\n",
        shown.join(", ")
    )
}

/// Whether a decorator is `dataclass`, called or not, under its own name.
pub fn is_dataclass(decorator: &Expr) -> bool {
    match decorator {
        Expr::Name(n) => n.id.as_str() == "dataclass",
        Expr::Attribute(a) => a.attr.as_str() == "dataclass",
        Expr::Call(c) => is_dataclass(&c.func),
        _ => false,
    }
}

/// Calls `f` with every class statement, outer ones first.
fn for_each_class(body: &mut [Stmt], f: &mut dyn FnMut(&mut StmtClassDef)) {
    for stmt in body {
        match stmt {
            Stmt::ClassDef(c) => {
                f(c);
                for_each_class(&mut c.body, f);
            }
            Stmt::FunctionDef(d) => for_each_class(&mut d.body, f),
            Stmt::If(s) => {
                for_each_class(&mut s.body, f);
                for clause in &mut s.elif_else_clauses {
                    for_each_class(&mut clause.body, f);
                }
            }
            Stmt::For(s) => for_each_class(&mut s.body, f),
            Stmt::While(s) => for_each_class(&mut s.body, f),
            Stmt::With(s) => for_each_class(&mut s.body, f),
            Stmt::Try(s) => {
                for_each_class(&mut s.body, f);
                for ExceptHandler::ExceptHandler(h) in &mut s.handlers {
                    for_each_class(&mut h.body, f);
                }
                for_each_class(&mut s.orelse, f);
                for_each_class(&mut s.finalbody, f);
            }
            _ => {}
        }
    }
}
