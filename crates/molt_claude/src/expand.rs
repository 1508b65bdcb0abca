//! From syntax to core: macros are expanded, names resolved, forms checked for their shape.
//!
//! One walk from the outside in. The names of a body are known before its expressions are looked at, so that procedures may
//! call later ones. A form that is wrong is reported once and becomes [`ExprKind::Error`].

mod body;
mod contracts;
mod control;
mod data;
mod derived;
mod effects;
pub(crate) mod entries;
pub mod foreign;
mod forms;
pub mod macros;
mod module;
mod pattern;
mod quote;
mod require;
mod sandbox;
mod scope;
pub mod surface;
mod tasks;
mod testing;
mod writer;

use std::collections::{HashMap, HashSet};

use molt_base::{SourceMap, Span, Symbol};
use molt_diagnostics::registry::claude as code;
use molt_diagnostics::{Code, Diagnostic};

use crate::core::{Core, ExprId, ExprKind, Local, LocalId, LoopId, ModuleId};
use crate::library::{self, BUILTINS, BuiltinId};
use crate::lookup::Places;
use crate::macros::MakeRunner;
use crate::notes::Meaning;
use crate::program::Loader;
use crate::stx::{Mark, Name, StxId, Syntax};
use crate::syntax::Kind;
use crate::syntax::literal::{Number, to_decimal};
use macros::Macros;
use module::Modules;
use molt_claude_syntax::forms::{Form, TABLE};
use scope::{Binding, ScopeId, Scopes};

/// Most levels of expressions inside one another.
const DEEPEST: usize = 10_000;

/// The walk.
pub struct Expander<'a> {
    pub core: &'a mut Core,
    pub syntax: &'a mut Syntax,
    pub diagnostics: &'a mut Vec<Diagnostic>,
    pub sources: &'a mut SourceMap,
    files: Files<'a>,
    modules: Modules,
    scopes: Scopes,
    forms: HashMap<Symbol, Form>,
    builtins: HashMap<Symbol, BuiltinId>,
    /// The scope of what every module knows.
    base: ScopeId,
    macros: Macros<'a>,
    /// The scope that symbols of templates are from: the module's, or where the macro at hand is defined.
    home: ScopeId,
    /// Marks of symbols of templates, by scope and the mark that they are written with.
    templates: HashMap<(ScopeId, Mark), Mark>,
    /// In a macro, the number of its first own variable: those before have values only when the program runs.
    floor: Option<usize>,
    module: ModuleId,
    depth: usize,
    /// Procedures around the place at hand.
    procedures: usize,
    /// Of each `resume`, the procedures around its clause and the clause itself.
    resume_depth: HashMap<LocalId, usize>,
    /// Each `resume` that is used as a value.
    escaping: HashSet<LocalId>,
    words: Words,
    /// Procedures that conditions became, and the contract of each.
    conditions: HashMap<StxId, contracts::Part>,
    invariants: contracts::Invariants,
    /// The modules that are entries of a session: each assigns variables of those before it.
    entries: HashSet<ModuleId>,
    /// How many `fn-contract` forms are around.
    argument_depth: u32,
    /// The contracts that get code.
    pub contracts: crate::options::Contracts,
    /// The tests of the program run at its end.
    pub runs_tests: bool,
}

/// Symbols that mean something beside the operator of a form.
struct Words {
    colon: Symbol,
    equals: Symbol,
    dot: Symbol,
    ampersand: Symbol,
    underscore: Symbol,
    otherwise: Symbol,
    when: Symbol,
}

/// Where modules come from.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub loader: &'a dyn Loader,
    pub places: &'a Places,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct At {
    scope: ScopeId,
    /// The loop that `recur` may go back to from here.
    tail: Option<LoopId>,
}

impl At {
    /// An operand: what is here is not the last thing that happens.
    fn operand(self) -> At {
        At { tail: None, ..self }
    }
}

impl<'a> Expander<'a> {
    pub fn new(
        core: &'a mut Core,
        syntax: &'a mut Syntax,
        diagnostics: &'a mut Vec<Diagnostic>,
        sources: &'a mut SourceMap,
        files: Files<'a>,
        machine: MakeRunner<'a>,
    ) -> Expander<'a> {
        let mut word = |text: &str| core.names.intern(text);
        let words = Words {
            colon: word(":"),
            equals: word("="),
            dot: word("."),
            ampersand: word("&"),
            underscore: word("_"),
            otherwise: word("else"),
            when: word("when"),
        };
        let forms = TABLE.iter().map(|&(name, form)| (word(name), form)).collect();
        let builtins = library::names().map(|(name, id)| (word(name), id)).collect();
        let mut scopes = Scopes::default();
        let base = scopes.outermost();
        let module = ModuleId(0);
        let modules = Modules::new(base);
        let (resume_depth, escaping) = (HashMap::new(), HashSet::new());
        let mut e = Expander {
            core,
            syntax,
            diagnostics,
            sources,
            files,
            modules,
            scopes,
            forms,
            builtins,
            base,
            macros: Macros::new(machine),
            home: base,
            templates: HashMap::new(),
            floor: None,
            module,
            depth: 0,
            procedures: 0,
            resume_depth,
            escaping,
            words,
            conditions: HashMap::new(),
            invariants: HashMap::new(),
            entries: HashSet::new(),
            argument_depth: 0,
            contracts: crate::options::Contracts::Full,
            runs_tests: false,
        };
        e.add_operations();
        e
    }

    // ---- findings -----------------------------------------------------------------------------

    fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) -> ExprId {
        self.diagnostics.push(Diagnostic::at(code, span, message));
        self.core.expr(ExprKind::Error, span)
    }

    /// A form that is not written as its grammar says.
    fn malformed(&mut self, at: StxId, message: impl Into<String>) -> ExprId {
        let span = self.syntax.span(at);
        self.report(&code::SYNTAX, span, message)
    }

    fn unbuilt(&mut self, at: StxId, what: &str) -> ExprId {
        let span = self.syntax.span(at);
        self.report(&molt_diagnostics::registry::UNSUPPORTED_CONSTRUCT, span, format!("{what} is not built yet"))
    }

    // ---- names --------------------------------------------------------------------------------

    fn text(&self, name: Symbol) -> &str {
        self.core.names.text(name)
    }

    /// What a name means in a scope.
    fn resolve(&self, name: Name, scope: ScopeId) -> Option<Binding> {
        self.scopes.resolve(name, scope).or_else(|| self.builtins.get(&name.symbol).map(|&b| Binding::Builtin(b)))
    }

    /// The form that a name is the operator of, unless it means something else here.
    fn form(&self, name: Name, scope: ScopeId) -> Option<Form> {
        let form = *self.forms.get(&name.symbol)?;
        self.scopes.resolve(name, scope).is_none().then_some(form)
    }

    fn new_local(&mut self, name: Symbol, span: Span) -> LocalId {
        self.core.locals.push(Local { name, span, is_set: false, is_late: false, ty: None, test: None, lambda: None })
    }

    /// A variable that no name of the program means.
    fn hidden_local(&mut self, name: &str, span: Span) -> LocalId {
        let name = self.core.names.intern(&format!(" {name}"));
        self.new_local(name, span)
    }

    /// A definition of a variable.
    fn init(&mut self, local: LocalId, value: ExprId, span: Span) -> ExprId {
        if let ExprKind::Lambda(lambda) = *self.core.kind(value) {
            self.core.locals[local].lambda = Some(lambda);
        }
        self.core.expr(ExprKind::Init(local, value), span)
    }

    fn bind(&mut self, scope: ScopeId, name: Name, span: Span) -> LocalId {
        let local = self.new_local(name.symbol, span);
        self.scopes.add(scope, name, Binding::Local(local));
        local
    }

    /// Reads a symbol that gives something a name.
    fn binder(&mut self, s: StxId, what: &str) -> Option<Name> {
        let name = self.syntax.name(s);
        if name.is_none() {
            let found = self.syntax.kind(s).name();
            self.malformed(s, format!("{what} is a symbol, not {found}"));
        }
        name
    }

    // ---- expressions --------------------------------------------------------------------------

    fn nil(&mut self, span: Span) -> ExprId {
        self.core.expr(ExprKind::Nil, span)
    }

    fn operands(&mut self, parts: &[StxId], at: At) -> Box<[ExprId]> {
        parts.iter().map(|&p| self.expr(p, at.operand())).collect()
    }

    /// An expression.
    fn expr(&mut self, s: StxId, at: At) -> ExprId {
        if self.depth >= DEEPEST {
            return self.malformed(s, format!("expressions are nested deeper than {DEEPEST}"));
        }
        self.depth += 1;
        let e = self.expr_inside(s, at);
        self.depth -= 1;
        e
    }

    fn expr_inside(&mut self, s: StxId, at: At) -> ExprId {
        let span = self.syntax.span(s);
        let kind = match self.syntax.kind(s) {
            Kind::Error => ExprKind::Error,
            Kind::Nil => ExprKind::Nil,
            Kind::True => ExprKind::Bool(true),
            Kind::False => ExprKind::Bool(false),
            Kind::Int | Kind::Float => self.number(s),
            Kind::Str => ExprKind::Str(self.syntax.text(s)),
            Kind::Keyword => ExprKind::Keyword(self.syntax.text(s)),
            Kind::Symbol => return self.variable(s, at),
            Kind::List => ExprKind::List(self.parts(s, at)),
            Kind::Set => ExprKind::Set(self.parts(s, at)),
            Kind::Map => return self.map(s, at),
            Kind::Quote => return self.quoted_by(self.syntax.mark(s), self.syntax.parts(s)[0]),
            Kind::Quasiquote => return self.quasiquoted(self.syntax.parts(s)[0], at),
            Kind::Unquote | Kind::Splice => {
                return self.malformed(s, "an unquote stands inside a quasiquote");
            }
            Kind::Deref => {
                let operand = self.expr(self.syntax.parts(s)[0], at.operand());
                return self.library_call("deref", &[operand], span);
            }
            Kind::Form => return self.application(s, at),
        };
        self.core.expr(kind, span)
    }

    fn parts(&mut self, s: StxId, at: At) -> Box<[ExprId]> {
        let parts = self.syntax.parts(s).to_vec();
        self.operands(&parts, at)
    }

    fn map(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s).to_vec();
        if parts.len() % 2 == 1 {
            return self.malformed(s, "the last key of the map has no value");
        }
        let operands = self.operands(&parts, at);
        self.core.expr(ExprKind::Map(operands), self.syntax.span(s))
    }

    fn number(&mut self, s: StxId) -> ExprKind {
        match self.syntax.number(s, &self.core.names).expect("the kind says so") {
            Number::Small(v) => ExprKind::Int(v),
            Number::Float(v) => ExprKind::Float(v),
            Number::Large { negative, radix, digits } => {
                let decimal = to_decimal(&digits, radix);
                ExprKind::BigInt(if negative { format!("-{decimal}") } else { decimal }.into())
            }
        }
    }

    fn variable(&mut self, s: StxId, at: At) -> ExprId {
        let name = self.syntax.name(s).expect("the kind says so");
        let span = self.syntax.span(s);
        let kind = match self.meant(s, name, at.scope) {
            Some(Binding::Local(l)) if self.is_of_run_time(l) => return self.of_run_time(s),
            Some(Binding::Local(l)) => ExprKind::Local(l),
            Some(Binding::Macro(_)) => {
                let text = self.text(name.symbol).to_owned();
                return self.malformed(s, format!("`{text}` is a macro and no value"));
            }
            Some(Binding::Global(g)) => ExprKind::Global(g),
            Some(Binding::Builtin(b)) => return self.builtin_value(b, span),
            Some(Binding::Ctor(c)) => return self.ctor_value(c, span),
            Some(Binding::Op(o)) => ExprKind::Operation(o),
            Some(Binding::Resume(_)) => ExprKind::Local(self.resume_local(name, at.scope)),
            None => return self.unbound(s, name, at.scope),
        };
        self.core.expr(kind, span)
    }

    /// What a name means, its parts before and after a colon or point looked at too.
    fn lookup(&self, name: Name, scope: ScopeId) -> Option<Binding> {
        self.resolve(name, scope).or_else(|| self.qualified(name))
    }

    /// The same of a symbol of the text, with a note.
    fn meant(&mut self, s: StxId, name: Name, scope: ScopeId) -> Option<Binding> {
        let binding = self.lookup(name, scope)?;
        self.note(s, binding);
        Some(binding)
    }

    fn note(&mut self, s: StxId, binding: Binding) {
        if let Some(meaning) = meaning(binding) {
            self.core.notes.used(self.syntax.span(s), meaning);
        }
    }

    fn unbound(&mut self, s: StxId, name: Name, scope: ScopeId) -> ExprId {
        let span = self.syntax.span(s);
        let text = self.text(name.symbol).to_owned();
        if self.form(name, scope).is_some() {
            return self.malformed(s, format!("`{text}` opens a form and is no value"));
        }
        if text == "resume" {
            return self.no_resume(span);
        }
        let mut finding = Diagnostic::at(&code::UNBOUND, span, format!("`{text}` is not bound"));
        if let Some(near) = self.nearest(&text, scope) {
            if self.core.notes.is_wanted {
                self.core.notes.misspelt.push((span, near.clone()));
            }
            finding = finding.help(format!("`{near}` is bound here"));
        }
        if let Some(writer) = self.writer(name) {
            finding = finding.note(format!("macro `{writer}` writes it; it is looked up where the macro is defined"));
        }
        self.diagnostics.push(finding);
        self.core.expr(ExprKind::Error, span)
    }

    fn no_resume(&mut self, span: Span) -> ExprId {
        let fault = "`resume` stands in a control clause of an operation that has a result";
        self.report(&code::TARGET, span, fault)
    }

    /// The bound name that a misspelt one was probably meant to be.
    fn nearest(&self, text: &str, scope: ScopeId) -> Option<String> {
        let bound = self.scopes.visible(scope).map(|n| self.text(n.symbol));
        let all = bound.chain(BUILTINS.iter().map(|b| b.name)).chain(TABLE.iter().map(|f| f.0));
        let most = text.chars().count() / 3;
        let best = all.filter(|n| *n != text).map(|n| (distance(text, n, most), n)).min_by_key(|d| d.0)?;
        (best.0 <= most).then(|| best.1.to_owned())
    }

    /// A form: an operator with operands, or one of the language's own.
    fn application(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s).to_vec();
        let span = self.syntax.span(s);
        let Some((&head, rest)) = parts.split_first() else {
            return self.core.expr(ExprKind::List(Box::new([])), span);
        };
        if let Some(name) = self.syntax.name(head) {
            if let Some(form) = self.form(name, at.scope) {
                return self.special(form, s, at);
            }
            match self.lookup(name, at.scope) {
                Some(Binding::Builtin(b)) => {
                    self.note(head, Binding::Builtin(b));
                    return self.builtin_call(b, head, rest, s, at);
                }
                Some(Binding::Op(o)) => {
                    self.note(head, Binding::Op(o));
                    let operands = self.operands(rest, at);
                    return self.perform(o, operands, s);
                }
                Some(Binding::Resume(r)) => return self.resume(r, rest, s, at),
                Some(Binding::Macro(m)) => {
                    let made = self.expand_macro(m, s);
                    return self.expr(made, at);
                }
                None if self.text(name.symbol) == "resume" => {
                    self.operands(rest, at);
                    return self.no_resume(span);
                }
                _ => {}
            }
        }
        if let Some(ctor) = self.checked_ctor(head, at) {
            self.note(head, Binding::Ctor(ctor));
            let callee = self.core.expr(ExprKind::Ctor(ctor), self.syntax.span(head));
            let operands = self.operands(rest, at);
            let made = self.core.expr(ExprKind::Call(callee, operands), span);
            return self.checked_value(ctor, made, span);
        }
        let callee = self.expr(head, at.operand());
        let operands = self.operands(rest, at);
        self.core.expr(ExprKind::Call(callee, operands), span)
    }

    // ---- the library --------------------------------------------------------------------------

    fn builtin_value(&mut self, b: BuiltinId, span: Span) -> ExprId {
        let kind = match BUILTINS[b.0 as usize].constant() {
            Some(value) => ExprKind::Float(value),
            None => ExprKind::Builtin(b),
        };
        self.core.expr(kind, span)
    }

    fn builtin_call(&mut self, b: BuiltinId, head: StxId, rest: &[StxId], s: StxId, at: At) -> ExprId {
        let span = self.syntax.span(s);
        if BUILTINS[b.0 as usize].name == "discontinue"
            && let Some(e) = self.discontinue(rest, s, at)
        {
            return e;
        }
        let operands = self.operands(rest, at);
        let builtin = &BUILTINS[b.0 as usize];
        if builtin.takes(operands.len()) {
            return self.core.expr(ExprKind::Prim(b, operands), span);
        }
        let callee = self.core.expr(ExprKind::Builtin(b), self.syntax.span(head));
        self.core.expr(ExprKind::Call(callee, operands), span)
    }

    /// A call of a library function by its name.
    fn library_call(&mut self, name: &str, operands: &[ExprId], span: Span) -> ExprId {
        let symbol = self.core.names.intern(name);
        if let Some(&b) = self.builtins.get(&symbol) {
            return self.core.expr(ExprKind::Prim(b, operands.into()), span);
        }
        let name = Name { symbol, mark: Mark::SOURCE };
        let Some(Binding::Global(g)) = self.scopes.resolve(name, self.base) else {
            unreachable!("the library has this function");
        };
        let callee = self.core.expr(ExprKind::Global(g), span);
        self.core.expr(ExprKind::Call(callee, operands.into()), span)
    }
}

/// What a name means, as notes have it; none of `resume`, which is no variable of its own.
fn meaning(binding: Binding) -> Option<Meaning> {
    Some(match binding {
        Binding::Local(l) => Meaning::Local(l),
        Binding::Global(g) => Meaning::Global(g),
        Binding::Ctor(c) => Meaning::Ctor(c),
        Binding::Op(o) => Meaning::Op(o),
        Binding::Builtin(b) => Meaning::Builtin(b),
        Binding::Macro(m) => Meaning::Macro(m.0),
        Binding::Resume(_) => return None,
    })
}

/// Edits between two words; above `most` some larger number.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("prnit", "print", 2), 2);
        assert_eq!(distance("a", "abcd", 1), 2);
    }
}
