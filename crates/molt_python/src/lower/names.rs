//! Reading, binding and deleting names wherever their variables live.

use molt_base::Symbol;
use molt_ir::func::imm_pair;
use molt_ir::{Op, ValueId, Variable};
use ruff_text_size::TextRange;

use super::Lowerer;
use crate::scope::{Owner, ScopeId};

/// Kinds of `py.check_bound`, as the runtime's `name_error` numbers them.
const KIND_GLOBAL: u32 = 0;
const KIND_LOCAL: u32 = 1;
const KIND_FREE: u32 = 2;

impl Lowerer<'_> {
    /// SSA variable of a name that is not captured.
    pub(super) fn local(&mut self, owner: ScopeId, name: Symbol) -> Variable {
        if let Some(&v) = self.f.vars.get(&(owner, name)) {
            return v;
        }
        let v = self.f.b.variable();
        self.f.vars.insert((owner, name), v);
        v
    }

    /// The cell of a captured variable: one of this frame, or one of the closure.
    pub(super) fn cell(&mut self, owner: ScopeId, name: Symbol) -> ValueId {
        if self.scopes.host(owner) == self.f.host {
            return self.f.cells[&(owner, name)];
        }
        let free = &self.scopes.scopes[self.f.host].free;
        let index = free.iter().position(|&n| n == name).expect("captured names are in the closure");
        let function = self.f.function.expect("only functions have free variables");
        self.f.b.word(Op::ClosureCell, &[function], index as u64)
    }

    fn check(&mut self, value: ValueId, name: Symbol, kind: u32) -> ValueId {
        self.f.b.word(Op::PyCheckBound, &[value], imm_pair(name.0, kind))
    }

    /// Value of a name; raises when it has none.
    pub(super) fn load_name(&mut self, name: &str, range: TextRange) -> ValueId {
        let symbol = self.symbol(name);
        self.f.b.loc = self.range_loc(range);
        self.load_symbol(symbol)
    }

    /// As [`Lowerer::load_name`] at the present position.
    pub(super) fn load_symbol(&mut self, name: Symbol) -> ValueId {
        let r = self.scopes.resolve(self.f.scope, name);
        let Some(class) = r.class else { return self.load_owned(r.owner, name) };
        let namespace = self.class_namespace(class);
        let key = self.symbol_const(name);
        let found = self.f.b.word(Op::NsGet, &[namespace, key], 0);
        self.or_else_unbound(found, |l| l.load_owned(r.owner, name))
    }

    /// Namespace of a class body: its own, or that of the class around an annotation.
    fn class_namespace(&mut self, class: ScopeId) -> ValueId {
        if self.f.host == class {
            return self.f.namespace.expect("class bodies have a namespace");
        }
        let name = self.scopes.class_dict.expect("interned by the scope pass");
        let cell = self.cell(class, name);
        self.f.b.word(Op::CellGet, &[cell], 0)
    }

    /// `value`, or what `other` gives when it is the marker.
    pub(super) fn or_else_unbound(&mut self, value: ValueId, other: impl FnOnce(&mut Self) -> ValueId) -> ValueId {
        let result = self.f.b.variable();
        let (missing, found, end) = (self.f.b.cold_block(), self.f.b.block(), self.f.b.block());
        self.branch_unbound(value, missing, found);
        self.enter(found);
        self.f.b.def_var(result, value);
        self.jump(end);
        self.enter(missing);
        let fallback = other(self);
        self.f.b.def_var(result, fallback);
        self.jump(end);
        self.enter(end);
        self.f.b.use_var(result)
    }

    fn load_owned(&mut self, owner: Owner, name: Symbol) -> ValueId {
        match owner {
            Owner::Global => self.load_global(name),
            Owner::Scope(scope) if self.scopes.is_captured(scope, name) => {
                let kind = if self.scopes.host(scope) == self.f.host { KIND_LOCAL } else { KIND_FREE };
                let cell = self.cell(scope, name);
                let value = self.f.b.word(Op::CellGet, &[cell], 0);
                self.check(value, name, kind)
            }
            Owner::Scope(scope) => {
                let variable = self.local(scope, name);
                let value = self.f.b.use_var(variable);
                if self.is_surely_bound(value) { value } else { self.check(value, name, KIND_LOCAL) }
            }
        }
    }

    /// Whether a variable's value cannot be the marker, judging by where it comes from.
    fn is_surely_bound(&self, value: ValueId) -> bool {
        match self.f.b.func.values[value].def {
            molt_ir::ValueDef::Param(block, _) => block == self.f.b.func.entry(),
            molt_ir::ValueDef::Result(inst, _) => self.f.b.func.insts[inst].op != Op::Unbound,
        }
    }

    /// A module variable, else a builtin.
    pub(super) fn load_global(&mut self, name: Symbol) -> ValueId {
        let may_be_builtin = BUILTINS.binary_search(&self.program.names.text(name)).is_ok();
        if may_be_builtin && !self.globals.contains(&name) {
            return self.f.b.word(Op::PyBuiltin, &[], u64::from(name.0));
        }
        let global = self.program.global(self.module, name);
        let value = self.f.b.word(Op::GlobalGet, &[], u64::from(global.0));
        if may_be_builtin {
            return self.or_else_unbound(value, |l| l.f.b.word(Op::PyBuiltin, &[], u64::from(name.0)));
        }
        self.check(value, name, KIND_GLOBAL)
    }

    /// Whether the name means the builtin and nothing else here.
    pub(super) fn is_builtin(&mut self, name: &str) -> bool {
        let symbol = self.symbol(name);
        let r = self.scopes.resolve(self.f.scope, symbol);
        r.owner == Owner::Global
            && !self.globals.contains(&symbol)
            && r.class.is_none_or(|c| !self.scopes.scopes[c].owns(symbol))
    }

    /// Binds a name in the scope at hand.
    pub(super) fn store_name(&mut self, name: &str, value: ValueId) {
        let symbol = self.symbol(name);
        self.store_symbol(symbol, value);
    }

    pub(super) fn store_symbol(&mut self, name: Symbol, value: ValueId) {
        let r = self.scopes.resolve(self.f.scope, name);
        if let Some(class) = r.class {
            let namespace = self.class_namespace(class);
            let key = self.symbol_const(name);
            self.f.b.effect(Op::NsSet, &[namespace, key, value], 0);
            return;
        }
        match r.owner {
            Owner::Global => {
                let global = self.program.global(self.module, name);
                self.f.b.effect(Op::GlobalSet, &[value], u64::from(global.0));
            }
            Owner::Scope(scope) if self.scopes.is_captured(scope, name) => {
                let cell = self.cell(scope, name);
                self.f.b.effect(Op::CellSet, &[cell, value], 0);
            }
            Owner::Scope(scope) => {
                let variable = self.local(scope, name);
                if self.promptly {
                    let old = self.f.b.use_var(variable);
                    self.keep(old);
                }
                self.f.b.def_var(variable, value);
            }
        }
    }

    /// `del name`.
    pub(super) fn delete_name(&mut self, name: &str, range: TextRange) {
        let symbol = self.symbol(name);
        self.f.b.loc = self.range_loc(range);
        let r = self.scopes.resolve(self.f.scope, symbol);
        if let Some(class) = r.class {
            let namespace = self.class_namespace(class);
            let key = self.symbol_const(symbol);
            self.f.b.effect(Op::NsDel, &[namespace, key], 0);
            return;
        }
        if r.owner == Owner::Global {
            let global = self.program.global(self.module, symbol);
            let value = self.f.b.word(Op::GlobalGet, &[], u64::from(global.0));
            self.check(value, symbol, KIND_GLOBAL);
        } else {
            self.load_owned(r.owner, symbol);
        }
        self.unbind_symbol(symbol);
    }

    /// Takes the value of a name away, bound or not (the end of `except … as name`).
    pub(super) fn unbind_symbol(&mut self, name: Symbol) {
        if self.scopes.resolve(self.f.scope, name).class.is_some() {
            // Namespaces may be any mapping: bind, then delete, as CPython does.
            let none = self.none();
            self.store_symbol(name, none);
            let key = self.symbol_const(name);
            let namespace = self.f.namespace.expect("class bodies have a namespace");
            self.f.b.effect(Op::NsDel, &[namespace, key], 0);
            return;
        }
        let unbound = self.unbound();
        self.store_symbol(name, unbound);
    }

    /// Makes cells and variables of a scope whose code begins here. Parameters come as `(name, value)`.
    pub(super) fn open_scope(&mut self, scope: ScopeId, params: &[(Symbol, ValueId)]) {
        let names: Vec<Symbol> = self.scopes.scopes[scope].own_names().collect();
        for name in names {
            let given = params.iter().find(|(n, _)| *n == name).map(|&(_, v)| v);
            let value = match given {
                Some(v) => v,
                None => self.unbound(),
            };
            if self.scopes.is_captured(scope, name) {
                let cell = self.f.b.word(Op::CellNew, &[value], 0);
                self.f.cells.insert((scope, name), cell);
            } else {
                let variable = self.local(scope, name);
                self.f.b.def_var(variable, value);
            }
        }
    }
}

/// Names of module `builtins` in 3.14, sorted.
const BUILTINS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Ellipsis",
    "EncodingWarning",
    "EnvironmentError",
    "Exception",
    "ExceptionGroup",
    "False",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "None",
    "NotADirectoryError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "PythonFinalizationError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "True",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
    "__build_class__",
    "__debug__",
    "__import__",
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];

#[cfg(test)]
mod tests {
    #[test]
    fn builtins_are_sorted() {
        assert!(super::BUILTINS.is_sorted());
    }
}
