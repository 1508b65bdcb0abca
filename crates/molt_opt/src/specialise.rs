//! Direct calls, variants of functions for argument types, and unboxed floats.
//!
//! Needs: front-end IR without counts. Establishes: values known to be floats are `f64`; calls of functions that
//! [`Facts`] proves constant are `call.direct` of a variant for the argument types. Keeps: SSA form, and the original
//! function with words all round, which generic entries call.
//!
//! The result type of a variant is the least fixpoint of its own returns and those of the variants it calls.

use std::collections::HashMap;

use molt_base::{EntityId, Symbol};
use molt_ir::{FuncId, Function, FunctionKind, InstId, Op, Program, Type, ValueId};

use crate::facts::Facts;
use crate::infer::{self, Calls, Class, Ty, Types};
use crate::unbox;

/// Most variants of one function; further argument types use the one for anything.
const MOST_VARIANTS: usize = 6;

/// A function for given argument types.
struct Variant {
    original: FuncId,
    /// Function object first.
    params: Vec<Ty>,
    result: Ty,
    /// Where its body is; the original itself when words go in and out.
    id: FuncId,
}

/// Runs the pass.
pub fn run(program: &mut Program) {
    let facts = Facts::new(program);
    let mut table = Table { facts, variants: Vec::new(), index: HashMap::new(), grown: false };
    let originals: Vec<FuncId> =
        program.funcs.ids().filter(|&f| program.funcs[f].kind == FunctionKind::Plain).collect();
    for &f in &originals {
        let params = vec![Ty::of(Class::Any); program.funcs[f].params().len()];
        table.add(f, params);
    }
    table.solve(program);
    table.place(program);
    table.rewrite(program);
}

struct Table {
    facts: Facts,
    variants: Vec<Variant>,
    index: HashMap<(FuncId, Vec<Ty>), usize>,
    /// Whether a variant was added or a result grew.
    grown: bool,
}

/// Argument types that variants distinguish.
fn key_type(t: Ty) -> Ty {
    match t.class {
        Class::Float | Class::Int if !t.unbound => t,
        Class::Bottom => Ty::BOTTOM,
        _ => Ty::of(Class::Any),
    }
}

impl Table {
    fn add(&mut self, original: FuncId, params: Vec<Ty>) -> usize {
        if let Some(&i) = self.index.get(&(original, params.clone())) {
            return i;
        }
        let i = self.variants.len();
        self.index.insert((original, params.clone()), i);
        self.variants.push(Variant { original, params, result: Ty::BOTTOM, id: original });
        self.grown = true;
        i
    }

    /// The variant a call reaches, if its callee is proven and the call passes plain positional arguments.
    fn of_call(&mut self, program: &Program, func: &Function, inst: InstId, args: &[Ty]) -> Option<usize> {
        let target = self.target(program, func, inst, args.len())?;
        let mut params = vec![Ty::of(Class::Any)];
        params.extend(args.iter().map(|&t| key_type(t)));
        if params.contains(&Ty::BOTTOM) {
            // Not reached yet; the generic variant's result would only lose precision.
            return Some(usize::MAX);
        }
        let known = self.index.contains_key(&(target, params.clone()));
        let siblings = self.variants.iter().filter(|v| v.original == target).count();
        if !known && siblings >= MOST_VARIANTS {
            params = vec![Ty::of(Class::Any); params.len()];
        }
        Some(self.add(target, params))
    }

    /// The function whose body a call runs with just these arguments.
    fn target(&self, program: &Program, func: &Function, inst: InstId, count: usize) -> Option<FuncId> {
        let data = func.insts[inst];
        if matches!(data.op, Op::CallDirect | Op::ClTailDirect) {
            return Some(FuncId(data.imm as u32));
        }
        if !self.facts.proven {
            return None;
        }
        let target = match data.op {
            // A module that stands in for another language's is complete when its name is there, and needs no function object.
            Op::PyCallMethod => {
                self.facts.module_call(func, inst).filter(|&f| stands_for(&program.funcs[f]).is_some())?
            }
            _ if data.imm as u32 != u32::MAX => return None,
            _ => self.facts.callee(func, func.args(inst)[0])?,
        };
        let f = &program.funcs[target];
        let code = f.code.as_ref()?;
        let plain = code.kwonly_count == 0 && !code.has_varargs && !code.has_varkeywords;
        (f.kind == FunctionKind::Plain && plain && code.arg_count as usize == count).then_some(target)
    }

    fn solve(&mut self, program: &Program) {
        self.grown = true;
        while self.grown {
            self.grown = false;
            let mut i = 0;
            while i < self.variants.len() {
                let types = self.analyse(program, i);
                let joined = self.variants[i].result.join(types.result);
                if joined != self.variants[i].result {
                    self.variants[i].result = joined;
                    self.grown = true;
                }
                i += 1;
            }
        }
    }

    fn analyse(&mut self, program: &Program, i: usize) -> Types {
        let (original, params) = (self.variants[i].original, self.variants[i].params.clone());
        let trusted = self.facts.proven && !self.facts.builtins_open;
        let mut calls = VariantCalls { program, table: self };
        infer::function(program, &program.funcs[original], &params, trusted, &mut calls)
    }

    fn is_generic(&self, i: usize) -> bool {
        self.variants[i].params.iter().all(|t| t.class == Class::Any)
    }

    /// Gives ids to the bodies that differ from their originals in what goes in or out.
    fn place(&mut self, program: &mut Program) {
        for i in 0..self.variants.len() {
            let v = &self.variants[i];
            let typed = v.params.iter().any(|t| t.is_float()) || v.result.is_float();
            let ints = v.params.iter().any(|t| t.class == Class::Int);
            if typed || (ints && !self.is_generic(i)) {
                let original = v.original;
                let copy = program.funcs[original].clone();
                self.variants[i].id = program.funcs.push(copy);
            }
        }
    }

    fn rewrite(&mut self, program: &mut Program) {
        let mut bodies: Vec<(FuncId, Function)> = Vec::new();
        for i in 0..self.variants.len() {
            let own = self.variants[i].id != self.variants[i].original;
            if !own && !self.is_generic(i) {
                continue;
            }
            let types = self.analyse(program, i);
            let direct = self.direct_calls(program, i, &types);
            let v = &self.variants[i];
            let body = |result| unbox::rewrite(program, &program.funcs[v.original], &types, &direct, &v.params, result);
            if own {
                let result = if v.result.is_float() { Type::F64 } else { Type::Any };
                bodies.push((v.id, body(result)));
            }
            if self.is_generic(i) {
                // The original keeps words all round for generic entries.
                bodies.push((v.original, body(Type::Any)));
            }
        }
        for (id, f) in bodies {
            program.funcs[id] = f;
        }
    }

    fn direct_calls(&mut self, program: &Program, i: usize, types: &Types) -> HashMap<InstId, unbox::Direct> {
        let original = self.variants[i].original;
        let func = &program.funcs[original];
        let mut direct = HashMap::new();
        for &b in &func.layout {
            for &inst in &func.blocks[b].insts {
                let op = func.insts[inst].op;
                if !is_call(op) && !matches!(op, Op::CallDirect | Op::ClTailDirect) {
                    continue;
                }
                let args: Vec<Ty> = func.args(inst)[1..].iter().map(|&a: &ValueId| types.of[a.index()]).collect();
                let Some(at) = self.of_call(program, func, inst, &args) else { continue };
                let Some(v) = self.variants.get(at) else { continue };
                if let Some(name) = stands_for(&program.funcs[v.original]).filter(|_| is_call(op)) {
                    direct.insert(inst, unbox::Direct::Across(name));
                    continue;
                }
                let own = v.id != v.original;
                let float_params = v.params.iter().map(|t| own && t.is_float()).collect();
                let result = if own && v.result.is_float() { Type::F64 } else { Type::Any };
                direct.insert(inst, unbox::Direct::Body(unbox::Body { target: v.id, float_params, result }));
            }
        }
        direct
    }
}

/// Whether an operation calls as Python does.
fn is_call(op: Op) -> bool {
    matches!(op, Op::PyCall | Op::PyCallMethod)
}

/// The function of GrokLang that a function does nothing but call, with its own parameters.
fn stands_for(func: &Function) -> Option<Symbol> {
    let stands_in = func.code.as_ref().is_some_and(|c| c.stands_in);
    let &[call, ret] = &func.blocks[func.entry()].insts[..] else { return None };
    let passes_on = stands_in
        && func.insts[call].op == Op::AcrossCall
        && func.args(call) == &func.params()[1..]
        && func.edges(call).is_empty()
        && func.insts[ret].op == Op::Ret
        && func.args(ret) == [func.result(call)];
    passes_on.then(|| Symbol(func.insts[call].imm as u32))
}

struct VariantCalls<'a> {
    program: &'a Program,
    table: &'a mut Table,
}

impl Calls for VariantCalls<'_> {
    fn result(&mut self, func: &Function, inst: InstId, args: &[Ty]) -> Option<Ty> {
        let at = self.table.of_call(self.program, func, inst, args)?;
        Some(self.table.variants.get(at).map_or(Ty::BOTTOM, |v| v.result))
    }
}
