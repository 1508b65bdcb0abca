//! Types of values by abstract interpretation, within a function and across direct calls.
//!
//! The lattice is flat but for "may be unbound": a value is of one class for sure, or of any. Functions are analysed
//! for the argument types they are called with; result types of calls come from the fixpoint over variants in
//! [`crate::specialise`].

use molt_base::{EntityId, Symbol};
use molt_ir::cfg::reverse_postorder;
use molt_ir::{
    BinaryOp, BlockId, Const, ConstId, Function, InstId, Number, Op, Program, Type, UnaryOp, ValueDef, ValueId,
};

/// Class of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// No value reaches here yet.
    Bottom,
    Int,
    Float,
    Bool,
    Str,
    List,
    Tuple,
    Dict,
    /// `range` object, and its iterator.
    Range,
    RangeIterator,
    Any,
}

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ty {
    pub class: Class,
    /// It may be the missing-value marker instead.
    pub unbound: bool,
}

impl Ty {
    pub const BOTTOM: Ty = Ty { class: Class::Bottom, unbound: false };
    pub const ANY: Ty = Ty { class: Class::Any, unbound: true };

    pub const fn of(class: Class) -> Ty {
        Ty { class, unbound: false }
    }

    pub fn join(self, other: Ty) -> Ty {
        let class = match (self.class, other.class) {
            (Class::Bottom, c) | (c, Class::Bottom) => c,
            (a, b) if a == b => a,
            _ => Class::Any,
        };
        Ty { class, unbound: self.unbound || other.unbound }
    }

    /// Whether the value is a double that need not be boxed.
    pub fn is_float(self) -> bool {
        self.class == Class::Float && !self.unbound
    }

    /// IR type of a value so known.
    pub fn repr(self) -> Type {
        match self.class {
            _ if self.unbound => Type::Any,
            Class::Float => Type::F64,
            Class::Int => Type::Int,
            Class::Bool => Type::Bool,
            Class::Str => Type::Str,
            Class::List => Type::List,
            Class::Tuple => Type::Tuple,
            Class::Dict => Type::Dict,
            _ => Type::Any,
        }
    }
}

/// Answers for calls inside a function under analysis.
pub trait Calls {
    /// Result type of a `py.call`, given the types of its arguments; `None` when the callee is not known.
    fn result(&mut self, func: &Function, inst: InstId, args: &[Ty]) -> Option<Ty>;
}

/// Types of all values of one function.
pub struct Types {
    pub of: Vec<Ty>,
    /// Join of everything returned.
    pub result: Ty,
}

/// Analyses a function for given parameter types (function object first). `trusted` says that nobody can replace a
/// builtin.
pub fn function(program: &Program, func: &Function, params: &[Ty], trusted: bool, calls: &mut dyn Calls) -> Types {
    let mut types = Types { of: vec![Ty::BOTTOM; func.values.len()], result: Ty::BOTTOM };
    for (&p, &t) in func.params().iter().zip(params) {
        types.of[p.index()] = t;
    }
    let order = reverse_postorder(func);
    let mut a = Analysis { program, func, types, calls, trusted, changed: true };
    while a.changed {
        a.changed = false;
        for &b in &order {
            a.block(b);
        }
    }
    a.types
}

struct Analysis<'a> {
    program: &'a Program,
    func: &'a Function,
    types: Types,
    calls: &'a mut dyn Calls,
    trusted: bool,
    changed: bool,
}

impl Analysis<'_> {
    fn ty(&self, v: ValueId) -> Ty {
        self.types.of[v.index()]
    }

    fn raise_to(&mut self, v: ValueId, t: Ty) {
        let new = self.ty(v).join(t);
        if new != self.ty(v) {
            self.types.of[v.index()] = new;
            self.changed = true;
        }
    }

    fn block(&mut self, b: BlockId) {
        for &inst in &self.func.blocks[b].insts {
            let op = self.func.insts[inst].op;
            for &e in self.func.edges(inst) {
                let params = &self.func.blocks[e.block].params;
                for (&p, &v) in params.iter().zip(self.func.edge_args(e)) {
                    let t = self.ty(v);
                    self.raise_to(p, t);
                }
            }
            match op {
                Op::Ret => self.types.result = self.types.result.join(self.ty(self.func.args(inst)[0])),
                Op::ClTailCall => self.types.result = self.types.result.join(Ty::of(Class::Any)),
                Op::ClTailDirect => {
                    let args: Vec<Ty> = self.func.args(inst).iter().map(|&v| self.ty(v)).collect();
                    let result = self.call(inst, &args);
                    self.types.result = self.types.result.join(result);
                }
                _ => {}
            }
            let results: Vec<ValueId> = self.func.results(inst).collect();
            if let [only] = results[..] {
                if self.func.ty(only).is_word() {
                    let t = self.transfer(inst, op);
                    self.raise_to(only, t);
                }
            } else {
                for r in results {
                    self.raise_to(r, Ty::of(Class::Any));
                }
            }
        }
    }

    fn transfer(&mut self, inst: InstId, op: Op) -> Ty {
        let imm = self.func.insts[inst].imm;
        let args: Vec<Ty> = self.func.args(inst).iter().map(|&v| self.ty(v)).collect();
        let class = match op {
            Op::Const => constant_class(self.program, ConstId(imm as u32)),
            Op::Unbound => return Ty { class: Class::Bottom, unbound: true },
            Op::GlobalGet | Op::CellGet | Op::FrameTake => return Ty::ANY,
            Op::PyCheckBound => return Ty { unbound: false, ..args[0] },
            Op::Share => return args[0],
            Op::BoolBox => Class::Bool,
            Op::PyBinary | Op::PyInplace => {
                let op = BinaryOp::from_index(imm).expect("verified");
                return self.binary(inst, op, args[0], args[1]);
            }
            Op::PyUnary => match (UnaryOp::from_index(imm).expect("verified"), args[0].class) {
                (_, Class::Bottom) => return Ty::BOTTOM,
                (UnaryOp::Neg | UnaryOp::Pos, Class::Float) => Class::Float,
                (_, Class::Int | Class::Bool) => Class::Int,
                _ => Class::Any,
            },
            Op::PyCompare => match (args[0].class, args[1].class) {
                (Class::Bottom, _) | (_, Class::Bottom) => return Ty::BOTTOM,
                (a, b) if is_plain(a) && is_plain(b) => Class::Bool,
                _ => Class::Any,
            },
            Op::ListNew => Class::List,
            Op::TupleNew | Op::ListToTuple => Class::Tuple,
            Op::DictNew => Class::Dict,
            Op::PyFormat => Class::Any,
            Op::StrJoin => Class::Str,
            Op::PyIter => match args[0].class {
                Class::Bottom => return Ty::BOTTOM,
                Class::Range => Class::RangeIterator,
                _ => Class::Any,
            },
            Op::PyRangeIter if args.contains(&Ty::BOTTOM) => return Ty::BOTTOM,
            Op::PyRangeIter if self.trusted && calls_builtin(self.func, inst) => Class::RangeIterator,
            Op::PyGetItem if args.contains(&Ty::BOTTOM) => return Ty::BOTTOM,
            Op::PyGetItem if args[0].class == Class::List && !args[0].unbound && self.is_slice(inst) => Class::List,
            Op::PyNext => match args[0].class {
                Class::Bottom => return Ty::BOTTOM,
                Class::RangeIterator => return Ty { class: Class::Int, unbound: true },
                _ => return Ty::ANY,
            },
            Op::PyCall | Op::PyCallMethod | Op::CallDirect => return self.call(inst, &args),
            Op::AcrossCall => return across(self.program, imm, &args),
            Op::ClBinary => return claude_binary(BinaryOp::from_index(imm).expect("verified"), args[0], args[1]),
            _ => Class::Any,
        };
        Ty::of(class)
    }

    fn binary(&self, inst: InstId, op: BinaryOp, a: Ty, b: Ty) -> Ty {
        let number = |c| matches!(c, Class::Int | Class::Bool | Class::Float);
        let class = match (a.class, b.class) {
            (Class::Bottom, _) | (_, Class::Bottom) => return Ty::BOTTOM,
            (Class::Str, Class::Str) if op == BinaryOp::Add => Class::Str,
            (Class::List, Class::List) if op == BinaryOp::Add => Class::List,
            (Class::List, Class::Int) | (Class::Int, Class::List) if op == BinaryOp::Mul => Class::List,
            (x, y) if !number(x) || !number(y) => Class::Any,
            (x, y) if x == Class::Float || y == Class::Float => match op {
                BinaryOp::Add
                | BinaryOp::Sub
                | BinaryOp::Mul
                | BinaryOp::TrueDiv
                | BinaryOp::FloorDiv
                | BinaryOp::Mod => Class::Float,
                // A negative base with a fractional exponent gives a complex number.
                BinaryOp::Pow if x == Class::Float && self.is_int_constant(self.func.args(inst)[1]) => Class::Float,
                _ => Class::Any,
            },
            _ => match op {
                BinaryOp::TrueDiv => Class::Float,
                BinaryOp::Pow | BinaryOp::MatMul => Class::Any,
                // `True & True` is a bool.
                BinaryOp::And | BinaryOp::Or | BinaryOp::Xor if a.class == Class::Bool && b.class == Class::Bool => {
                    Class::Bool
                }
                _ => Class::Int,
            },
        };
        Ty::of(class)
    }

    /// Whether the key of an item access is a slice.
    fn is_slice(&self, inst: InstId) -> bool {
        let key = self.func.values[self.func.args(inst)[1]].def;
        matches!(key, ValueDef::Result(i, _) if self.func.insts[i].op == Op::PySlice)
    }

    fn is_int_constant(&self, v: ValueId) -> bool {
        let ValueDef::Result(i, _) = self.func.values[v].def else { return false };
        let inst = self.func.insts[i];
        inst.op == Op::Const && matches!(self.program.consts[ConstId(inst.imm as u32)], Const::Int(_))
    }

    fn call(&mut self, inst: InstId, args: &[Ty]) -> Ty {
        if let Some(t) = self.calls.result(self.func, inst, &args[1..]) {
            return t;
        }
        let name = builtin_callee(self.program, self.func, inst).filter(|_| self.trusted);
        let Some(name) = name else { return Ty::of(Class::Any) };
        Ty::of(match (name, args.len() - 1) {
            ("len" | "ord" | "id" | "hash", 1) => Class::Int,
            ("float", 1) => Class::Float,
            ("int", 1) => Class::Int,
            ("chr", 1) => Class::Str,
            ("bool" | "callable", 1) | ("isinstance" | "issubclass", 2) => Class::Bool,
            ("range", 1..=3) => Class::Range,
            ("list", 0 | 1) | ("sorted", 1) => Class::List,
            ("abs", 1) if matches!(args[1].class, Class::Int | Class::Float) => args[1].class,
            _ => Class::Any,
        })
    }
}

/// Class of what a function of GrokLang gives.
fn across(program: &Program, imm: u64, args: &[Ty]) -> Ty {
    if args.contains(&Ty::BOTTOM) {
        return Ty::BOTTOM;
    }
    let direct = program.exports.get(&Symbol(imm as u32)).and_then(|e| e.direct.as_ref());
    Ty::of(match direct.map(|d| d.result) {
        Some(Number::F64) => Class::Float,
        Some(Number::Int { .. }) => Class::Int,
        Some(Number::Bool) => Class::Bool,
        Some(Number::Unit) | None => Class::Any,
    })
}

/// Class of what ClaudeLang's arithmetic gives: numbers, or it raises.
fn claude_binary(op: BinaryOp, a: Ty, b: Ty) -> Ty {
    let class = match (a.class, b.class) {
        (Class::Bottom, _) | (_, Class::Bottom) => return Ty::BOTTOM,
        (Class::Int, Class::Int) if op != BinaryOp::TrueDiv => Class::Int,
        // A float operand makes a float of any number; what is no number raises.
        (Class::Float, _) | (_, Class::Float)
            if matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::TrueDiv) =>
        {
            Class::Float
        }
        _ => Class::Any,
    };
    Ty::of(class)
}

/// Name of the builtin that a `py.call` without keywords calls.
pub fn builtin_callee<'a>(program: &'a Program, func: &Function, inst: InstId) -> Option<&'a str> {
    if func.insts[inst].op != Op::PyCall || func.insts[inst].imm as u32 != ConstId::NONE.0 {
        return None;
    }
    let ValueDef::Result(def, _) = func.values[func.args(inst)[0]].def else { return None };
    calls_builtin(func, inst).then(|| program.names.text(molt_base::Symbol(func.insts[def].imm as u32)))
}

/// Whether the callee of an instruction is a builtin.
fn calls_builtin(func: &Function, inst: InstId) -> bool {
    matches!(func.values[func.args(inst)[0]].def, ValueDef::Result(def, _) if func.insts[def].op == Op::PyBuiltin)
}

fn is_plain(c: Class) -> bool {
    matches!(c, Class::Int | Class::Float | Class::Bool | Class::Str)
}

fn constant_class(program: &Program, id: ConstId) -> Class {
    match program.consts[id] {
        Const::Int(_) | Const::BigInt(_) => Class::Int,
        Const::Float(_) => Class::Float,
        Const::True | Const::False => Class::Bool,
        Const::Str(_) => Class::Str,
        Const::Tuple(_) => Class::Tuple,
        _ => Class::Any,
    }
}
