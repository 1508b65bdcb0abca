//! What a module has for modules of other languages, as far as its text says.
//!
//! Nothing is inferred: a type is what an annotation or a literal says it is. Whoever uses the description calls by Python's rules
//! and checks what comes back, so what a decorator or a later assignment makes of a name costs precision, not soundness.

use std::collections::HashMap;

use molt_base::FileId;
use molt_ir::surface::{Class, Field, Item, ItemKind, Literal, Method, Param, Signature, Surface, Ty};
use ruff_python_ast::{self as ast, Expr, Number, Stmt, UnaryOp};

use crate::dataclass::is_dataclass;
use crate::program::constant_all;
use crate::{decode, parse};

/// Decorators that leave parameters and result as they are.
const PLAIN_DECORATORS: &[&str] =
    &["staticmethod", "classmethod", "cache", "lru_cache", "override", "final", "deprecated", "abstractmethod"];

/// Describes a module; what is wrong with its text, otherwise.
pub fn surface_of(source: &[u8], filename: &str) -> Result<Surface, String> {
    let text = decode::decode(source, filename).map_err(|fault| fault.message)?;
    let tree = parse::parse(FileId(0), &text).map_err(|d| d.message)?;
    let mut reader = Reader { classes: HashMap::new(), out: Surface::default(), all: constant_all(&tree) };
    reader.know_classes(&tree.body);
    reader.statements(&tree.body);
    let missing: Vec<String> = reader.all.iter().flatten().filter(|n| !reader.has(n)).cloned().collect();
    reader.out.items.extend(missing.into_iter().map(|name| Item { name, docs: None, kind: ItemKind::Value(Ty::Any) }));
    Ok(reader.out)
}

struct Reader {
    /// Classes of the module, those that were read with their constructors and fields.
    classes: HashMap<String, Option<Class>>,
    out: Surface,
    /// `__all__`, where it is constant.
    all: Option<Vec<String>>,
}

impl Reader {
    fn has(&self, name: &str) -> bool {
        self.out.items.iter().any(|i| i.name == name) || self.out.left_out.iter().any(|(n, _)| n == name)
    }

    fn is_public(&self, name: &str) -> bool {
        match &self.all {
            Some(all) => all.iter().any(|n| n == name),
            None => !name.starts_with('_'),
        }
    }

    fn add(&mut self, name: &str, docs: Option<String>, kind: ItemKind) {
        if self.is_public(name) && !self.has(name) {
            self.out.items.push(Item { name: name.to_owned(), docs, kind });
        }
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        if self.is_public(name) && !self.has(name) {
            self.out.left_out.push((name.to_owned(), why.to_owned()));
        }
    }

    fn know_classes(&mut self, body: &[Stmt]) {
        for class in body.iter().filter_map(Stmt::as_class_def_stmt) {
            self.classes.insert(class.name.to_string(), None);
        }
    }

    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::FunctionDef(f) if is_overload(f) => {}
                Stmt::FunctionDef(f) if f.is_async => {
                    self.leave_out(
                        &f.name,
                        "an `async` function gives a coroutine, which only Python's event loop runs",
                    );
                }
                Stmt::FunctionDef(f) => {
                    let signature = self.signature(f, 0);
                    self.add(&f.name, docs(&f.body), ItemKind::Function(signature));
                }
                Stmt::ClassDef(c) => {
                    let class = self.class(c);
                    self.classes.insert(c.name.to_string(), Some(class.clone()));
                    self.add(&c.name, docs(&c.body), ItemKind::Class(class));
                }
                Stmt::AnnAssign(a) => {
                    if let Expr::Name(name) = &*a.target {
                        let ty = self.ty(&a.annotation);
                        self.add(&name.id, None, ItemKind::Value(ty));
                    }
                }
                Stmt::Assign(a) => {
                    let ty = if a.targets.len() == 1 { of_literal(&a.value) } else { Ty::Any };
                    for name in a.targets.iter().filter_map(|t| t.as_name_expr()) {
                        self.add(&name.id, None, ItemKind::Value(ty.clone()));
                    }
                }
                Stmt::If(s) => {
                    self.statements(&s.body);
                    s.elif_else_clauses.iter().for_each(|c| self.statements(&c.body));
                }
                Stmt::Try(s) => {
                    self.statements(&s.body);
                    for ast::ExceptHandler::ExceptHandler(h) in &s.handlers {
                        self.statements(&h.body);
                    }
                    self.statements(&s.orelse);
                    self.statements(&s.finalbody);
                }
                _ => {}
            }
        }
    }

    /// The signature of a function, whose first parameters are not the caller's.
    fn signature(&self, f: &ast::StmtFunctionDef, skip: usize) -> Signature {
        let is_plain = f.decorator_list.iter().all(|d| PLAIN_DECORATORS.contains(&decorator(d)));
        let result = f.returns.as_deref().filter(|_| is_plain).map_or(Ty::Any, |r| self.ty(r));
        Signature { params: self.params(f, skip), result }
    }

    fn params(&self, f: &ast::StmtFunctionDef, skip: usize) -> Vec<Param> {
        let list = &f.parameters;
        let positional = list.posonlyargs.iter().chain(&list.args).skip(skip).map(|p| (p, false));
        let named = list.kwonlyargs.iter().map(|p| (p, true));
        positional
            .chain(named)
            .map(|(p, by_name)| Param {
                name: p.parameter.name.to_string(),
                ty: p.parameter.annotation.as_deref().map_or(Ty::Any, |a| self.ty(a)),
                default: p.default.as_deref().map(default),
                by_name,
            })
            .collect()
    }

    fn class(&self, c: &ast::StmtClassDef) -> Class {
        let bases = c.arguments.iter().flat_map(|a| &a.args).collect::<Vec<_>>();
        let known = bases.iter().find_map(|b| b.as_name_expr()).map(|n| n.id.to_string());
        let base = known.filter(|n| matches!(self.classes.get(n), Some(Some(_))));
        let named = |n: &str| bases.iter().any(|b| last_name(b) == n);
        let is_enum = ["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"].iter().any(|n| named(n));
        let data = c.decorator_list.iter().find(|d| is_dataclass(&d.expression));
        let is_tuple = named("NamedTuple");
        let mut class = Class { base, ..Class::default() };
        if bases.is_empty() || named("object") || named("ABC") || named("Protocol") || named("Generic") {
            class.constructor = Some(Vec::new());
        }
        if let Some(data) = data {
            self.data_class(c, &mut class, flag(data, "kw_only"), !flag(data, "frozen"));
        } else {
            for a in c.body.iter().filter_map(Stmt::as_ann_assign_stmt) {
                if let (Expr::Name(name), false) = (&*a.target, last_name(&a.annotation) == "ClassVar") {
                    class.add_field(&name.id, self.ty(&a.annotation), !is_tuple);
                }
            }
            if is_tuple {
                class.constructor = Some(self.fields_as_params(c, false));
            }
        }
        if is_enum {
            let names = c.body.iter().filter_map(Stmt::as_assign_stmt).flat_map(|a| &a.targets);
            let names = names.filter_map(|t| t.as_name_expr()).map(|n| n.id.to_string());
            class.members = names.filter(|n| !n.starts_with('_')).collect();
            class.constructor = None;
            class.add_field("name", Ty::Str, false);
            class.add_field("value", Ty::Any, false);
        }
        for f in c.body.iter().filter_map(Stmt::as_function_def_stmt) {
            self.member(f, &mut class);
        }
        let base = class.base.as_ref().and_then(|b| self.classes.get(b)?.as_ref());
        class.constructor = class.constructor.or_else(|| base.and_then(|b| b.constructor.clone()));
        class
    }

    fn member(&self, f: &ast::StmtFunctionDef, class: &mut Class) {
        let name = f.name.as_str();
        match name {
            "__init__" => {
                class.constructor = Some(self.params(f, 1));
                self.attributes(f, class);
            }
            "__new__" if class.constructor.as_ref().is_none_or(Vec::is_empty) => {
                class.constructor = Some(self.params(f, 1));
            }
            _ if name.starts_with('_') || f.is_async || is_overload(f) => {}
            _ => {
                let decorators: Vec<&str> = f.decorator_list.iter().map(decorator).collect();
                if decorators.contains(&"setter") {
                    class.fields.iter_mut().filter(|p| p.name == name).for_each(|p| p.can_be_set = true);
                    return;
                }
                if decorators.iter().any(|d| matches!(*d, "property" | "cached_property")) {
                    class.fields.retain(|p| p.name != name);
                    let ty = f.returns.as_deref().map_or(Ty::Any, |r| self.ty(r));
                    class.fields.push(Field { name: name.to_owned(), docs: docs(&f.body), ty, can_be_set: false });
                    return;
                }
                let is_static = decorators.iter().any(|d| matches!(*d, "staticmethod" | "classmethod"));
                let skip = usize::from(!decorators.contains(&"staticmethod"));
                class.methods.retain(|m| m.name != name);
                class.methods.push(Method {
                    name: name.to_owned(),
                    docs: docs(&f.body),
                    is_static,
                    signature: self.signature(f, skip),
                });
            }
        }
    }

    /// Attributes that a constructor gives its instance.
    fn attributes(&self, init: &ast::StmtFunctionDef, class: &mut Class) {
        let params = self.params(init, 1);
        let Some(me) = init.parameters.args.first().map(|p| p.parameter.name.as_str()) else { return };
        let own = |target: &Expr| match target {
            Expr::Attribute(a) if a.value.as_name_expr().is_some_and(|n| n.id.as_str() == me) => {
                Some(a.attr.to_string())
            }
            _ => None,
        };
        for stmt in &init.body {
            match stmt {
                Stmt::AnnAssign(a) => {
                    if let Some(name) = own(&a.target) {
                        class.add_field(&name, self.ty(&a.annotation), true);
                    }
                }
                Stmt::Assign(a) => {
                    for name in a.targets.iter().filter_map(own) {
                        let param =
                            a.value.as_name_expr().and_then(|n| params.iter().find(|p| p.name == n.id.as_str()));
                        let ty = param.map_or_else(|| of_literal(&a.value), |p| p.ty.clone());
                        class.add_field(&name, ty, true);
                    }
                }
                _ => {}
            }
        }
    }

    fn data_class(&self, c: &ast::StmtClassDef, class: &mut Class, by_name: bool, can_be_set: bool) {
        let base = class.base.as_ref().and_then(|b| self.classes.get(b)?.as_ref());
        let mut params = base.and_then(|b| b.constructor.clone()).unwrap_or_default();
        for p in self.fields_as_params(c, by_name) {
            class.add_field(&p.name, p.ty.clone(), can_be_set);
            params.retain(|q| q.name != p.name);
            params.push(p);
        }
        params.retain(|p| !is_kept_out(c, &p.name));
        params.sort_by_key(|p| p.by_name);
        class.constructor = Some(params);
    }

    /// The parameters of a constructor that annotated names make.
    fn fields_as_params(&self, c: &ast::StmtClassDef, by_name: bool) -> Vec<Param> {
        let mut by_name = by_name;
        let mut out = Vec::new();
        for a in c.body.iter().filter_map(Stmt::as_ann_assign_stmt) {
            let Expr::Name(name) = &*a.target else { continue };
            match last_name(&a.annotation) {
                "ClassVar" => {}
                "KW_ONLY" => by_name = true,
                _ => out.push(Param {
                    name: name.id.to_string(),
                    ty: self.ty(&a.annotation),
                    default: a.value.as_deref().and_then(field_default),
                    by_name,
                }),
            }
        }
        out
    }

    // Types.

    /// What an annotation means; a container without the types of its items may hold anything, so no copy is made of it.
    fn ty(&self, e: &Expr) -> Ty {
        match e {
            Expr::NoneLiteral(_) => Ty::None,
            Expr::Name(n) if self.classes.contains_key(n.id.as_str()) => {
                if self.is_public(&n.id) {
                    Ty::Class(n.id.to_string())
                } else {
                    Ty::Any
                }
            }
            Expr::Name(_) | Expr::Attribute(_) => named(last_name(e)),
            Expr::StringLiteral(s) => match ruff_python_parser::parse_expression(s.value.to_str()) {
                Ok(parsed) => self.ty(&parsed.into_expr()),
                Err(_) => Ty::Any,
            },
            Expr::BinOp(b) if b.op == ast::Operator::BitOr => union([self.ty(&b.left), self.ty(&b.right)]),
            Expr::Subscript(s) => {
                let args: Vec<&Expr> = match &*s.slice {
                    Expr::Tuple(t) => t.elts.iter().collect(),
                    one => vec![one],
                };
                self.generic(last_name(&s.value), &args)
            }
            _ => Ty::Any,
        }
    }

    fn generic(&self, name: &str, args: &[&Expr]) -> Ty {
        let one = |i: usize| args.get(i).map_or(Ty::Any, |a| self.ty(a));
        match name {
            "list" | "List" => Ty::List(one(0).into()),
            "set" | "Set" | "frozenset" | "FrozenSet" | "AbstractSet" => Ty::Set(one(0).into()),
            "dict" | "Dict" | "defaultdict" | "OrderedDict" | "DefaultDict" => Ty::Dict(one(0).into(), one(1).into()),
            "tuple" | "Tuple" if matches!(args, [_, Expr::EllipsisLiteral(_)]) => Ty::Any,
            "tuple" | "Tuple" => Ty::Tuple(args.iter().map(|a| self.ty(a)).collect()),
            "Iterable" | "Iterator" | "Sequence" | "Collection" | "Generator" | "MutableSequence" => {
                Ty::Iterable(one(0).into())
            }
            "Optional" => union([one(0), Ty::None]),
            "Union" => union(args.iter().map(|a| self.ty(a))),
            "Callable" => match args {
                [Expr::List(params), result] => {
                    Ty::Callable(params.elts.iter().map(|p| self.ty(p)).collect(), self.ty(result).into())
                }
                _ => Ty::Any,
            },
            "Annotated" | "Final" | "Required" | "NotRequired" => one(0),
            _ => Ty::Any,
        }
    }
}

trait AddField {
    fn add_field(&mut self, name: &str, ty: Ty, can_be_set: bool);
}

impl AddField for Class {
    /// Adds a public attribute unless it is there.
    fn add_field(&mut self, name: &str, ty: Ty, can_be_set: bool) {
        if !name.starts_with('_') && !self.fields.iter().any(|f| f.name == name) {
            self.fields.push(Field { name: name.to_owned(), docs: None, ty, can_be_set });
        }
    }
}

/// A type by the name of its class.
fn named(name: &str) -> Ty {
    match name {
        "int" => Ty::Int,
        "float" => Ty::Float,
        "bool" => Ty::Bool,
        "str" => Ty::Str,
        "bytes" => Ty::Bytes,
        _ => Ty::Any,
    }
}

/// What is one of several types: nothing is known but whether it may be `None`.
fn union(types: impl IntoIterator<Item = Ty>) -> Ty {
    let (mut may_be_none, mut rest) = (false, Vec::new());
    for ty in types {
        match ty {
            Ty::None => may_be_none = true,
            Ty::Optional(inner) => {
                may_be_none = true;
                rest.push(*inner);
            }
            ty => rest.push(ty),
        }
    }
    rest.dedup();
    match (rest.len(), may_be_none) {
        (0, _) => Ty::None,
        (1, false) => rest.remove(0),
        (1, true) if rest[0] != Ty::Any => Ty::Optional(rest.remove(0).into()),
        _ => Ty::Any,
    }
}

/// The type of a constant.
fn of_literal(value: &Expr) -> Ty {
    match value {
        Expr::NumberLiteral(n) => match n.value {
            Number::Int(_) => Ty::Int,
            Number::Float(_) => Ty::Float,
            Number::Complex { .. } => Ty::Any,
        },
        Expr::UnaryOp(u) if u.op == UnaryOp::USub => of_literal(&u.operand),
        Expr::StringLiteral(_) => Ty::Str,
        Expr::BytesLiteral(_) => Ty::Bytes,
        Expr::BooleanLiteral(_) => Ty::Bool,
        _ => Ty::Any,
    }
}

fn default(value: &Expr) -> Literal {
    match value {
        Expr::NoneLiteral(_) => Literal::None,
        Expr::BooleanLiteral(b) => Literal::Bool(b.value),
        Expr::StringLiteral(s) => Literal::Str(s.value.to_str().to_owned()),
        Expr::NumberLiteral(n) => match &n.value {
            Number::Int(i) => i.as_i64().map_or(Literal::Other, Literal::Int),
            Number::Float(f) if f.is_finite() => Literal::Float(*f),
            Number::Float(_) | Number::Complex { .. } => Literal::Other,
        },
        Expr::UnaryOp(u) if u.op == UnaryOp::USub => match default(&u.operand) {
            Literal::Int(i) => i.checked_neg().map_or(Literal::Other, Literal::Int),
            Literal::Float(f) => Literal::Float(-f),
            _ => Literal::Other,
        },
        _ => Literal::Other,
    }
}

/// The default that the value of a field means; `field(..)` has one only if it says so.
fn field_default(value: &Expr) -> Option<Literal> {
    let Expr::Call(call) = value else { return Some(default(value)) };
    if last_name(&call.func) != "field" {
        return Some(Literal::Other);
    }
    let word = |name: &str| call.arguments.keywords.iter().find(|k| k.arg.as_ref().is_some_and(|a| a.as_str() == name));
    match word("default") {
        Some(k) => Some(default(&k.value)),
        None => word("default_factory").map(|_| Literal::Other),
    }
}

/// Whether a field of a data class is no parameter of its constructor.
fn is_kept_out(c: &ast::StmtClassDef, name: &str) -> bool {
    let fields = c.body.iter().filter_map(Stmt::as_ann_assign_stmt);
    let mut values = fields.filter(|a| a.target.as_name_expr().is_some_and(|n| n.id.as_str() == name));
    let Some(Expr::Call(call)) = values.next().and_then(|a| a.value.as_deref()) else { return false };
    call.arguments.keywords.iter().any(|k| {
        k.arg.as_ref().is_some_and(|a| a.as_str() == "init")
            && k.value.as_boolean_literal_expr().is_some_and(|b| !b.value)
    })
}

/// Whether a decorator is called with a word that is true.
fn flag(d: &ast::Decorator, name: &str) -> bool {
    let Expr::Call(call) = &d.expression else { return false };
    call.arguments.keywords.iter().any(|k| {
        k.arg.as_ref().is_some_and(|a| a.as_str() == name) && k.value.as_boolean_literal_expr().is_some_and(|b| b.value)
    })
}

/// The last part of a dotted name; of something else, nothing.
fn last_name(e: &Expr) -> &str {
    match e {
        Expr::Name(n) => &n.id,
        Expr::Attribute(a) => &a.attr,
        Expr::Subscript(s) => last_name(&s.value),
        Expr::Call(c) => last_name(&c.func),
        _ => "",
    }
}

fn decorator(d: &ast::Decorator) -> &str {
    last_name(&d.expression)
}

fn is_overload(f: &ast::StmtFunctionDef) -> bool {
    f.decorator_list.iter().any(|d| decorator(d) == "overload")
}

/// The documentation of a body.
fn docs(body: &[Stmt]) -> Option<String> {
    let text = body.first()?.as_expr_stmt()?.value.as_string_literal_expr()?.value.to_str();
    Some(text.trim().to_owned())
}
