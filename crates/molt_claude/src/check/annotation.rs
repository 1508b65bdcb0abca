//! Types as programs write them (section 4 of the reference).

use std::collections::HashMap;

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;

use super::Checker;
use super::row::{Row, RowId, Rows};
use super::ty::{BASES, Base, CONS, FnTy, Ty, TyId, Types, VarId};
use crate::core::{DataTypeId, ModuleId};
use crate::notes::Meaning;
use crate::stx::StxId;
use crate::syntax::Kind;

/// The labels that the language has, whether or not anything performs them here.
pub const LABELS: &[&str] = &["io", "state", "error", "time", "random", "network", "async", "concurrent", "dom"];

/// Deepest nesting of aliases; one that contains itself stops there.
const DEEPEST_ALIAS: usize = 32;

/// The variables of one annotation or of all those of a procedure.
#[derive(Default)]
pub struct Scope {
    types: HashMap<Symbol, TyId>,
    rows: HashMap<Symbol, VarId>,
    /// In the table of the library: procedures without a row have one variable each, and these are collected here.
    pub passed: Option<Vec<RowId>>,
    aliases: usize,
}

impl Scope {
    /// The variables of a data type stand for given types.
    pub fn with(variables: &[Symbol], stands: &[TyId]) -> Scope {
        Scope { types: variables.iter().copied().zip(stands.iter().copied()).collect(), ..Scope::default() }
    }
}

impl Checker<'_> {
    /// The type that is written at a place; what is none was reported and fits everywhere.
    pub fn annotation(&mut self, s: StxId, scope: &mut Scope) -> TyId {
        match self.syntax.kind(s) {
            Kind::Symbol => self.named_type(s, scope),
            Kind::Form => self.type_form(s, scope),
            _ => self.no_type(s, "this is no type"),
        }
    }

    fn no_type(&mut self, s: StxId, message: &str) -> TyId {
        self.once(Diagnostic::at(&code::SYNTAX, self.syntax.span(s), message));
        Types::ANY
    }

    fn named_type(&mut self, s: StxId, scope: &mut Scope) -> TyId {
        let symbol = self.syntax.text(s);
        let text = self.core.names.text(symbol).to_owned();
        if let Some(row) = BASES.iter().find(|b| b.0 == text) {
            return Types::base(row.1);
        }
        if let Some(&(_, con, count, _)) = CONS.iter().find(|c| c.0 == text) {
            return self.types.app(con, &vec![Types::ANY; count.unwrap_or(0)]);
        }
        match text.as_str() {
            "Any" | "VNode" => return Types::ANY,
            "Never" => return Types::NEVER,
            "Function" | "->" => return self.any_procedure(scope),
            "Record" => return self.types.app(super::ty::Con::Map, &[Types::ANY, Types::ANY]),
            _ => {}
        }
        if text.starts_with(char::is_lowercase) {
            let fresh = self.types.fresh();
            return *scope.types.entry(symbol).or_insert(fresh);
        }
        let span = self.syntax.span(s);
        if let Some(data) = self.data_named(symbol, span) {
            self.type_used(span, Meaning::Data(data));
            let count = self.core.data_types[data].variables.len();
            return self.types.add(Ty::Data(data, vec![Types::ANY; count].into()));
        }
        if let Some(place) = self.alias_named(symbol, span) {
            self.type_used(span, Meaning::Alias(place as u32));
            return self.alias(self.core.aliases[place].ty, scope);
        }
        self.once(Diagnostic::at(&code::UNBOUND, span, format!("there is no type `{text}`")));
        Types::ANY
    }

    /// What an alias stands for; its variables are its own.
    fn alias(&mut self, s: StxId, scope: &Scope) -> TyId {
        if scope.aliases >= DEEPEST_ALIAS {
            return Types::ANY;
        }
        let mut inner = Scope { aliases: scope.aliases + 1, ..Scope::default() };
        self.annotation(s, &mut inner)
    }

    fn any_procedure(&mut self, scope: &mut Scope) -> TyId {
        let row = self.open_row(scope);
        let f = FnTy { params: Vec::new(), least: 0, rest: Some(Types::ANY), result: Types::ANY, row };
        self.types.add(Ty::Fn(Box::new(f)))
    }

    /// The data type of a name: that of the module at hand, else any.
    fn data_named(&self, name: Symbol, at: Span) -> Option<DataTypeId> {
        let all = self.core.data_types.iter().filter(|(_, d)| d.name == name);
        let here = self.module_at(at);
        all.max_by_key(|(_, d)| Some(d.module) == here).map(|(id, _)| id)
    }

    /// The alias of a name by its place: that of the module at hand, else any.
    fn alias_named(&self, name: Symbol, at: Span) -> Option<usize> {
        let all = self.core.aliases.iter().enumerate().filter(|(_, a)| a.name == name);
        let here = self.module_at(at);
        all.max_by_key(|(_, a)| Some(a.module) == here).map(|(place, _)| place)
    }

    fn type_used(&mut self, span: Span, meaning: Meaning) {
        if self.core.notes.is_wanted {
            self.type_uses.push((span, meaning));
        }
    }

    fn module_at(&self, at: Span) -> Option<ModuleId> {
        let name = self.sources.file(at.file).name.as_ref();
        let of_file = self.core.modules.iter().filter(|(_, m)| self.core.names.text(m.file) == name);
        let holds = |whole: Span| whole.file == at.file && whole.start <= at.start && at.end <= whole.end;
        // Of a file with several modules the form around the place, else the rest of the file.
        of_file.filter(|(_, m)| m.whole.is_none_or(holds)).max_by_key(|(_, m)| m.whole.is_some()).map(|(id, _)| id)
    }

    // ---- types with parts -----------------------------------------------------------------------

    fn type_form(&mut self, s: StxId, scope: &mut Scope) -> TyId {
        let parts = self.syntax.parts(s).to_vec();
        let Some((&head, rest)) = parts.split_first().filter(|(h, _)| self.syntax.kind(**h) == Kind::Symbol) else {
            return self.no_type(s, "a type with parts is `(Name T ..)`");
        };
        let text = self.core.names.text(self.syntax.text(head)).to_owned();
        if let Some(&(_, con, count, _)) = CONS.iter().find(|c| c.0 == text) {
            if count.is_some_and(|c| c != rest.len()) {
                let count = count.unwrap_or(0);
                return self.no_type(s, &format!("`{text}` has {count} parts, and there are {}", rest.len()));
            }
            let parts = self.annotations(rest, scope);
            return self.types.app(con, &parts);
        }
        match (text.as_str(), rest) {
            ("Function" | "->", _) => self.function_type(s, rest, scope),
            ("Union", [_, ..]) => {
                let parts = self.annotations(rest, scope);
                self.types.union(&parts)
            }
            ("Uncertain", &[inner]) => self.annotation(inner, scope),
            ("Temporal", &[inner, constraint]) if self.syntax.kind(constraint) == Kind::Str => {
                self.annotation(inner, scope)
            }
            ("Record", fields) => self.record(s, fields, scope),
            ("Union" | "Uncertain" | "Temporal", _) => self.no_type(s, &format!("`{text}` has other parts")),
            _ => self.applied(s, head, rest, scope),
        }
    }

    fn annotations(&mut self, list: &[StxId], scope: &mut Scope) -> Vec<TyId> {
        list.iter().map(|&p| self.annotation(p, scope)).collect()
    }

    fn record(&mut self, s: StxId, fields: &[StxId], scope: &mut Scope) -> TyId {
        let mut list = Vec::new();
        for pair in fields.chunks(2) {
            let &[key, ty] = pair else { return self.no_type(s, "the fields of a record are `:key T ..`") };
            if self.syntax.kind(key) != Kind::Keyword {
                return self.no_type(key, "the field of a record is a keyword");
            }
            list.push((self.syntax.text(key), self.annotation(ty, scope)));
        }
        self.types.add(Ty::Record(list.into()))
    }

    /// `(Name T ..)` of a declared data type.
    fn applied(&mut self, s: StxId, head: StxId, rest: &[StxId], scope: &mut Scope) -> TyId {
        let name = self.syntax.text(head);
        let text = self.core.names.text(name).to_owned();
        let span = self.syntax.span(head);
        let parts = self.annotations(rest, scope);
        if let Some(data) = self.data_named(name, span) {
            self.type_used(span, Meaning::Data(data));
            let wanted = self.core.data_types[data].variables.len();
            if wanted != parts.len() {
                return self.no_type(s, &format!("`{text}` has {wanted} parts, and there are {}", parts.len()));
            }
            return self.types.add(Ty::Data(data, parts.into()));
        }
        if rest.is_empty() || BASES.iter().any(|b| b.0 == text) || self.alias_named(name, span).is_some() {
            return self.no_type(s, &format!("`{text}` has no parts"));
        }
        self.once(Diagnostic::at(&code::UNBOUND, span, format!("there is no type `{text}`")));
        Types::ANY
    }

    /// The type of a function of the library. What its operands may perform is performed by it, or by the procedure that it
    /// gives.
    pub fn signature(&mut self, s: StxId) -> TyId {
        let mut scope = Scope { passed: Some(Vec::new()), ..Scope::default() };
        let t = self.annotation(s, &mut scope);
        let passed = scope.passed.unwrap_or_default();
        let Some(f) = self.types.as_fn(t) else { return t };
        let mut f = f.clone();
        let own = passed.iter().position(|&r| r == f.row);
        let operands = self.rows.add(Row::All(passed[..own.unwrap_or(passed.len())].to_vec()));
        let operands = self.rows.add(Row::Perhaps(operands));
        let gives = self.types.as_fn(f.result).cloned();
        match (own, gives) {
            (Some(_), Some(mut inner)) => {
                f.row = Rows::PURE;
                if passed.contains(&inner.row) {
                    inner.row = operands;
                    f.result = self.types.add(Ty::Fn(Box::new(inner)));
                }
            }
            (Some(_), None) => f.row = operands,
            (None, _) => f.row = self.rows.add(Row::All(vec![f.row, operands])),
        }
        self.types.add(Ty::Fn(Box::new(f)))
    }

    // ---- procedures -----------------------------------------------------------------------------

    fn function_type(&mut self, s: StxId, parts: &[StxId], scope: &mut Scope) -> TyId {
        let (row, types) = match parts.split_last() {
            Some((&last, before)) if self.syntax.kind(last) == Kind::Map => (Some(last), before),
            _ => (None, parts),
        };
        let Some((&result, params)) = types.split_last() else {
            return self.no_type(s, "the type of a procedure names that of its result");
        };
        let outer = scope.passed.is_some();
        let (mut list, mut least, mut rest) = (Vec::new(), None, None);
        for &p in params {
            // The table of the library: `T ?` may be absent, `T ...` is there any number of times.
            if outer && self.syntax.is_symbol(p, "?", &self.core.names) {
                least = least.or(Some(list.len() - 1));
            } else if outer && self.syntax.is_symbol(p, "...", &self.core.names) {
                rest = list.pop();
            } else {
                list.push(self.annotation(p, scope));
            }
        }
        let row = match row {
            Some(row) => self.row(row, scope),
            None => self.open_row(scope),
        };
        let result = self.annotation(result, scope);
        let least = least.unwrap_or(list.len());
        let f = FnTy { params: list, least, rest, result, row };
        self.types.add(Ty::Fn(Box::new(f)))
    }

    /// The row of a procedure's type that does not say it.
    fn open_row(&mut self, scope: &mut Scope) -> RowId {
        let var = self.types.var();
        let row = self.rows.add(Row::Var(var));
        scope.passed.iter_mut().for_each(|p| p.push(row));
        row
    }

    /// `{Label .. | e}`.
    pub fn row(&mut self, s: StxId, scope: &mut Scope) -> RowId {
        if self.syntax.kind(s) != Kind::Map {
            self.no_type(s, "a row is `{Label ..}`");
            return Rows::UNKNOWN;
        }
        let parts = self.syntax.parts(s).to_vec();
        let (labels, var) = match parts[..] {
            [ref labels @ .., bar, var] if self.syntax.is_symbol(bar, "|", &self.core.names) => (labels, Some(var)),
            ref labels => (labels, None),
        };
        let mut all: Vec<RowId> = labels.iter().filter_map(|&l| self.label(l)).collect();
        if let Some(var) = var {
            let fresh = self.types.var();
            let var = *scope.rows.entry(self.syntax.text(var)).or_insert(fresh);
            all.push(self.rows.add(Row::Var(var)));
        }
        self.rows.add(Row::All(all))
    }

    fn label(&mut self, s: StxId) -> Option<RowId> {
        if self.syntax.kind(s) != Kind::Symbol {
            self.no_type(s, "a label of a row is a name");
            return None;
        }
        let text = self.core.names.text(self.syntax.text(s)).to_ascii_lowercase();
        if text == "?" {
            return Some(Rows::UNKNOWN);
        }
        let mut effects = self.core.effects.iter();
        let declared = effects.find(|(_, e)| self.core.names.text(e.name).eq_ignore_ascii_case(&text));
        if let Some((effect, _)) = declared {
            self.type_used(self.syntax.span(s), Meaning::Effect(effect));
        }
        if declared.is_none() && !LABELS.contains(&text.as_str()) {
            let shown = self.core.names.text(self.syntax.text(s));
            let fault = Diagnostic::at(&code::UNBOUND, self.syntax.span(s), format!("there is no effect `{shown}`"));
            self.once(fault);
            return None;
        }
        Some(self.rows.label(&text))
    }

    /// The type of what a predicate of the library tells from other values.
    pub fn told_apart(&mut self, predicate: &str) -> Option<TyId> {
        let base = match predicate {
            "int?" => Base::Int,
            "float?" => Base::Float,
            "number?" => Base::Number,
            "bool?" => Base::Bool,
            "nil?" => Base::Nil,
            "string?" => Base::String,
            "symbol?" => Base::Symbol,
            "keyword?" => Base::Keyword,
            "bytes?" => Base::Bytes,
            "error?" => Base::Error,
            _ => return self.told_apart_con(predicate),
        };
        Some(Types::base(base))
    }

    fn told_apart_con(&mut self, predicate: &str) -> Option<TyId> {
        let name = predicate.strip_suffix('?')?;
        let name = if name == "vector" { "list" } else { name };
        let &(_, con, count, _) = CONS.iter().find(|c| c.0.eq_ignore_ascii_case(name))?;
        Some(self.types.app(con, &vec![Types::ANY; count.unwrap_or(0)]))
    }
}
