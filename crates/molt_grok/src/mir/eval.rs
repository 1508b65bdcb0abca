//! Evaluation of constants when the program is checked (section 4.7): an interpreter of graphs.
//!
//! Values are trees, so nothing depends on a layout; a reference is the way to a part of a variable's value, or shares a
//! value that never changes. What is evaluated is safe code: what no tree can hold (boxes, raw pointers, objects, closures)
//! ends the evaluation with [`Failure::Unsupported`], and the caller decides what that means. Calls reach `const fn`s of the
//! program, and functions of the library whatever they are; bodies of the library that were not made are asked for with
//! [`Failure::Missing`].

mod intrinsic;
mod number;

use std::rc::Rc;

use molt_base::hash::FastMap;
use molt_base::{EntityId, Span};

use super::queries::Queries;
use super::{Aggregate, Bb, BorrowKind, Callee, Cast, Constant, Elem, Mir, MirOwner, Operand, Place, Rvalue, StmtKind};
use super::{Slot, Terminator};
use crate::check::context::{Checked, Env};
use crate::code::Instance;
use crate::hir::{BodyId, BodyOwner, FnId};
use crate::ty::{Args, ConstKind, Ty, TyKind};

/// Most statements and calls of one evaluation.
const MAX_STEPS: u64 = 10_000_000;
/// Most calls inside of one another.
const MAX_FRAMES: usize = 10_000;

/// A value of any type that constants may have.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing yet.
    Uninit,
    /// Integers (of `u128` the bits), `bool` and `char`.
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    /// Fields of a struct, tuple or variant, elements of an array.
    Record(u32, Vec<Value>),
    Ref(Pointer),
}

/// The way to a value.
#[derive(Clone, Debug)]
pub struct Pointer {
    base: Base,
    path: Vec<usize>,
    /// First element and length of a slice.
    view: Option<(usize, usize)>,
}

#[derive(Clone, Debug)]
enum Base {
    /// A variable of the evaluation.
    Cell(usize),
    /// A constant.
    Shared(Rc<Value>),
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The evaluation goes wrong: message, place in the constant, and place in what it calls.
    Wrong(String, Span, Option<Span>),
    /// A call of a function that is not `const`.
    NotConst(FnId, Span),
    /// Something that is not evaluated.
    Unsupported(Span),
    /// The body of a library function is needed.
    Missing(BodyId),
    /// What is wrong was reported.
    Broken,
}

struct Frame {
    graph: Rc<Mir>,
    args: Args,
    /// The cell of its first slot.
    base: usize,
    block: Bb,
    next: usize,
    /// Where the caller wants the result, and where it goes on.
    dest: Option<(Pointer, Bb)>,
    span: Span,
}

struct Machine<'a> {
    c: &'a Checked,
    cells: Vec<Value>,
    frames: Vec<Frame>,
    graphs: FastMap<BodyOwner, Rc<Mir>>,
    steps: u64,
}

impl Checked {
    /// The value of a body without parameters: a constant, a length, a discriminant.
    pub(crate) fn evaluate(&self, owner: BodyOwner, args: Args) -> Result<Value, Failure> {
        let mut machine =
            Machine { c: self, cells: Vec::new(), frames: Vec::new(), graphs: FastMap::default(), steps: 0 };
        let graph = machine.graph(owner)?;
        machine.enter(graph, args, Vec::new(), None)?;
        machine.run().map_err(|f| machine.placed(f))
    }
}

impl Value {
    pub fn int(&self) -> Option<i128> {
        match self {
            Value::Int(v) => Some(*v),
            _ => None,
        }
    }

    fn unit() -> Value {
        Value::Record(0, Vec::new())
    }

    /// What a path leads to.
    fn part(&self, path: &[usize]) -> Option<&Value> {
        let mut at = self;
        for &n in path {
            let Value::Record(_, fields) = at else { return None };
            at = fields.get(n)?;
        }
        Some(at)
    }

    /// The same to be changed; parts that do not exist yet come into being.
    fn part_mut(&mut self, path: &[usize]) -> Option<&mut Value> {
        let mut at = self;
        for &n in path {
            if let Value::Uninit = at {
                *at = Value::unit();
            }
            let Value::Record(_, fields) = at else { return None };
            if fields.len() <= n {
                fields.resize(n + 1, Value::Uninit);
            }
            at = &mut fields[n];
        }
        Some(at)
    }
}

impl Pointer {
    fn shared(value: Value) -> Pointer {
        Pointer { base: Base::Shared(Rc::new(value)), path: Vec::new(), view: None }
    }
}

impl Machine<'_> {
    fn frame(&self) -> &Frame {
        self.frames.last().expect("an evaluation ends with its first frame")
    }

    fn span(&self) -> Span {
        self.frame().span
    }

    fn unsupported<T>(&self) -> Result<T, Failure> {
        Err(Failure::Unsupported(self.span()))
    }

    fn wrong<T>(&self, text: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::Wrong(text.into(), self.span(), None))
    }

    /// What went wrong, shown in the constant itself, and in what it calls as far as that is the program's.
    fn placed(&self, failure: Failure) -> Failure {
        let Some(root) = self.frames.first() else { return failure };
        match failure {
            Failure::Wrong(text, ..) => {
                let own = self.frames.iter().rev().find(|f| !self.is_std(f.graph.owner)).unwrap_or(root);
                let inner = (own.span != root.span).then_some(own.span);
                Failure::Wrong(text, root.span, inner)
            }
            Failure::Unsupported(_) => Failure::Unsupported(root.span),
            other => other,
        }
    }

    fn is_std(&self, owner: MirOwner) -> bool {
        matches!(owner, MirOwner::Body(BodyOwner::Fn(f)) if self.c.is_std_fn(f))
    }

    fn graph(&mut self, owner: BodyOwner) -> Result<Rc<Mir>, Failure> {
        if let Some(known) = self.graphs.get(&owner) {
            return Ok(known.clone());
        }
        let id = self.c.body_id(owner).ok_or(Failure::Broken)?;
        if self.c.hir.body(id).is_none() {
            return Err(Failure::Missing(id));
        }
        let graph = Rc::new(self.c.checked_graph(owner)?);
        self.graphs.insert(owner, graph.clone());
        Ok(graph)
    }

    fn enter(
        &mut self,
        graph: Rc<Mir>,
        args: Args,
        values: Vec<Value>,
        dest: Option<(Pointer, Bb)>,
    ) -> Result<(), Failure> {
        if self.frames.len() >= MAX_FRAMES {
            return self.wrong("the calls of this evaluation do not end");
        }
        let base = self.cells.len();
        self.cells.resize(base + graph.slots.len(), Value::Uninit);
        for (n, value) in values.into_iter().enumerate() {
            self.cells[base + 1 + n] = value;
        }
        let span = graph.span;
        self.frames.push(Frame { graph, args, base, block: Mir::ENTRY, next: 0, dest, span });
        Ok(())
    }

    fn run(&mut self) -> Result<Value, Failure> {
        loop {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return self.wrong("the evaluation takes more than 10 million steps");
            }
            let frame = self.frames.last_mut().expect("an evaluation ends with its first frame");
            let graph = frame.graph.clone();
            let block = &graph.blocks[frame.block];
            if let Some(stmt) = block.stmts.get(frame.next) {
                frame.next += 1;
                frame.span = stmt.span;
                self.statement(&stmt.kind)?;
                continue;
            }
            if let Some(span) = block.end_span {
                frame.span = span;
            }
            if let Some(value) = self.terminator(block.terminator())? {
                return Ok(value);
            }
        }
    }

    fn statement(&mut self, stmt: &StmtKind) -> Result<(), Failure> {
        match stmt {
            StmtKind::Assign(place, value) => {
                let value = self.rvalue(value)?;
                let to = self.place(place)?;
                self.write(&to, value)
            }
            StmtKind::CheckIndex { place, index } => {
                let at = self.place(place)?;
                let len = self.len(&at)?;
                let Some(index) = self.operand(index)?.int() else { return self.unsupported() };
                if usize::try_from(index).is_ok_and(|i| i < len) {
                    return Ok(());
                }
                self.wrong(format!("the index {index} is not below the length {len}"))
            }
            StmtKind::Live(_) | StmtKind::Dead(_) | StmtKind::FakeRead(_) | StmtKind::Nop => Ok(()),
        }
    }

    fn goto(&mut self, block: Bb) {
        let frame = self.frames.last_mut().expect("an evaluation ends with its first frame");
        frame.block = block;
        frame.next = 0;
    }

    /// The result of the whole evaluation, if this is its end.
    fn terminator(&mut self, end: &Terminator) -> Result<Option<Value>, Failure> {
        match end {
            Terminator::Goto(to) => self.goto(*to),
            Terminator::Switch { value, targets, otherwise } => {
                let Some(value) = self.operand(value)?.int() else { return self.unsupported() };
                let to = targets.iter().find(|t| t.0 == value).map_or(*otherwise, |t| t.1);
                self.goto(to);
            }
            Terminator::Return => return self.leave(),
            Terminator::Drop { place, target, .. } => {
                let ty = self.place_ty(place);
                if self.c.needs_drop(ty, Env::EMPTY) {
                    return self.unsupported();
                }
                self.goto(*target);
            }
            Terminator::Call { func, args, dest, target } => {
                let values = args.iter().map(|a| self.operand(a)).collect::<Result<Vec<_>, _>>()?;
                self.call(func, values, dest, *target)?;
            }
            Terminator::Unreachable | Terminator::Panic(_) | Terminator::Resume => {
                return self.wrong("the evaluation panics");
            }
            Terminator::Await { .. } => return self.unsupported(),
        }
        Ok(None)
    }

    fn leave(&mut self) -> Result<Option<Value>, Failure> {
        let frame = self.frame();
        let (base, dest) = (frame.base, frame.dest.clone());
        let value = std::mem::replace(&mut self.cells[base], Value::Uninit);
        let Some((to, next)) = dest else { return Ok(Some(value)) };
        self.frames.pop();
        self.cells.truncate(base);
        self.write(&to, value)?;
        self.goto(next);
        Ok(None)
    }

    fn call(&mut self, func: &Callee, values: Vec<Value>, dest: &Place, target: Option<Bb>) -> Result<(), Failure> {
        let Callee::Fn(f, args) = *func else { return self.unsupported() };
        let c = self.c;
        if c.hir.lang_fn("fmt_new") == Some(f) {
            return self.formatting();
        }
        let args = c.types.subst_args(c.types.erase_args(args), self.frame().args);
        let args = c.revealed_args(args);
        let (f, args) = match c.trait_of_fn(f) {
            None => (f, args),
            Some(_) => match c.resolve_fn(f, args) {
                Some(Instance::Body(BodyOwner::Fn(g), list)) => (g, list),
                _ => return self.unsupported(),
            },
        };
        let Some(target) = target else { return self.wrong("the evaluation panics") };
        if let Some(name) = c.hir.fns[f].intrinsic {
            let value = self.intrinsic(c.hir.text(name), args, &values)?;
            let to = self.place(dest)?;
            self.write(&to, value)?;
            self.goto(target);
            return Ok(());
        }
        let item = &c.hir.fns[f];
        let derived = c.impl_of_fn(f).is_some_and(|i| c.hir.impls[i].derived.is_some());
        if !item.is_const && !derived && !c.is_std_fn(f) {
            return Err(Failure::NotConst(f, self.span()));
        }
        if item.body.is_none() || !c.has_known_types(f) {
            return self.unsupported();
        }
        let to = self.place(dest)?;
        let graph = self.graph(BodyOwner::Fn(f))?;
        self.enter(graph, args, values, Some((to, target)))
    }

    /// Text is made to panic with it, or to be a `String`, which has no place in constants.
    fn formatting(&self) -> Result<(), Failure> {
        let panic = self.c.hir.lang_fn("fmt_panic");
        let panics =
            self.frame().graph.blocks.iter().any(
                |(_, b)| matches!(&b.end, Some(Terminator::Call { func: Callee::Fn(f, _), .. }) if Some(*f) == panic),
            );
        if panics { self.wrong("the evaluation panics") } else { self.unsupported() }
    }

    /// The way to a place.
    fn place(&self, place: &Place) -> Result<Pointer, Failure> {
        let mut at = self.slot(place.slot);
        for elem in &place.path {
            match *elem {
                Elem::Variant(_) => {}
                Elem::Field(n, _) => at.path.push(n as usize),
                Elem::Deref => match self.look(&at) {
                    Some(Value::Ref(p)) => at = p.clone(),
                    Some(Value::Text(_)) => {}
                    _ => return self.unsupported(),
                },
                Elem::Index(slot) => {
                    let index = self.look(&self.slot(slot)).and_then(Value::int);
                    let Some(index) = index.and_then(|i| usize::try_from(i).ok()) else { return self.unsupported() };
                    at.path.push(at.view.take().map_or(0, |v| v.0) + index);
                }
                Elem::ConstIndex { offset, from_end } => {
                    let len = self.len(&at)?;
                    let index = if from_end { len.wrapping_sub(offset as usize) } else { offset as usize };
                    at.path.push(at.view.take().map_or(0, |v| v.0).wrapping_add(index));
                }
                Elem::Subslice { from, to } => {
                    let len = self.len(&at)?;
                    let first = at.view.map_or(0, |v| v.0) + from as usize;
                    at.view = Some((first, len.saturating_sub(from as usize + to as usize)));
                }
            }
        }
        Ok(at)
    }

    fn slot(&self, slot: Slot) -> Pointer {
        Pointer { base: Base::Cell(self.frame().base + slot.index()), path: Vec::new(), view: None }
    }

    fn look<'v>(&'v self, at: &'v Pointer) -> Option<&'v Value> {
        let base = match &at.base {
            Base::Cell(n) => self.cells.get(*n)?,
            Base::Shared(value) => value,
        };
        base.part(&at.path)
    }

    fn read(&self, at: &Pointer) -> Result<Value, Failure> {
        match self.look(at) {
            Some(Value::Uninit) | None => self.unsupported(),
            Some(_) if at.view.is_some() => self.unsupported(),
            Some(value) => Ok(value.clone()),
        }
    }

    fn write(&mut self, at: &Pointer, value: Value) -> Result<(), Failure> {
        let target = match at.base {
            Base::Cell(n) => self.cells.get_mut(n).and_then(|c| c.part_mut(&at.path)),
            Base::Shared(_) => None,
        };
        match target {
            Some(place) => {
                *place = value;
                Ok(())
            }
            None => self.unsupported(),
        }
    }

    fn len(&self, at: &Pointer) -> Result<usize, Failure> {
        match (at.view, self.look(at)) {
            (Some((_, len)), _) => Ok(len),
            (None, Some(Value::Record(_, fields))) => Ok(fields.len()),
            (None, Some(Value::Text(text))) => Ok(text.len()),
            _ => self.unsupported(),
        }
    }

    fn operand(&self, operand: &Operand) -> Result<Value, Failure> {
        match operand {
            Operand::Copy(place) | Operand::Move(place) => self.read(&self.place(place)?),
            Operand::Const(constant) => self.constant(constant),
        }
    }

    fn constant(&self, constant: &Constant) -> Result<Value, Failure> {
        let c = self.c;
        Ok(match constant {
            Constant::Unit | Constant::Zst(_) => Value::unit(),
            Constant::Bool(b) => Value::Int(i128::from(*b)),
            Constant::Char(ch) => Value::Int(i128::from(u32::from(*ch))),
            Constant::Int(v, _) => Value::Int(v.signed()),
            Constant::Float(bits, _) => Value::Float(f64::from_bits(*bits)),
            Constant::Str(text) => Value::Text(c.hir.text(*text).into()),
            Constant::Bytes(text) => {
                let bytes = c.hir.text(*text).chars().map(|b| Value::Int(i128::from(u32::from(b)))).collect();
                Value::Ref(Pointer::shared(Value::Record(0, bytes)))
            }
            Constant::CStr(_) => return self.unsupported(),
            Constant::Item(k, args, _) => {
                let args = c.types.subst_args(c.types.erase_args(*args), self.frame().args);
                let (k, args) = c.resolve_const(*k, c.revealed_args(args));
                return c.item_value(k, args, self.span());
            }
            Constant::Param(n, _) => {
                let n = c.evaluated(c.types.subst_const(*n, self.frame().args));
                match c.types.const_kind(n) {
                    ConstKind::Value(v) => Value::Int(v),
                    ConstKind::Error => return Err(Failure::Broken),
                    _ => return self.unsupported(),
                }
            }
        })
    }

    fn rvalue(&mut self, value: &Rvalue) -> Result<Value, Failure> {
        match value {
            Rvalue::Use(operand) => self.operand(operand),
            Rvalue::Repeat(operand, n) => {
                let n = self.c.evaluated(self.c.types.subst_const(*n, self.frame().args));
                let n = match self.c.types.const_kind(n) {
                    ConstKind::Value(n) => n,
                    ConstKind::Error => return Err(Failure::Broken),
                    _ => return self.unsupported(),
                };
                let Some(n) = usize::try_from(n).ok().filter(|&n| n as u64 <= MAX_STEPS) else {
                    return self.unsupported();
                };
                self.steps += n as u64;
                Ok(Value::Record(0, vec![self.operand(operand)?; n]))
            }
            Rvalue::Ref(_, kind, place) => self.reference(*kind, place),
            Rvalue::Len(place) => Ok(Value::Int(self.len(&self.place(place)?)? as i128)),
            Rvalue::Cast(cast, operand, to) => self.cast(*cast, operand, *to),
            Rvalue::Binary(op, a, b) => {
                let (x, y) = (self.operand(a)?, self.operand(b)?);
                let ty = self.operand_ty(a);
                self.binary(*op, &x, &y, ty)
            }
            Rvalue::Neg(operand) => {
                let ty = self.operand_ty(operand);
                match self.operand(operand)? {
                    Value::Int(v) => self.negate(v, ty),
                    Value::Float(x) => Ok(Value::Float(-x)),
                    _ => self.unsupported(),
                }
            }
            Rvalue::Not(operand) => {
                let ty = self.operand_ty(operand);
                match self.operand(operand)? {
                    Value::Int(v) => Ok(Value::Int(number::inverted(&self.c.types, v, ty))),
                    _ => self.unsupported(),
                }
            }
            Rvalue::Variant(place) => match self.look(&self.place(place)?) {
                Some(Value::Record(variant, _)) => Ok(Value::Int(i128::from(*variant))),
                _ => self.unsupported(),
            },
            Rvalue::Aggregate(kind, parts) => {
                let parts = parts.iter().map(|p| self.operand(p)).collect::<Result<Vec<_>, _>>()?;
                match *kind {
                    Aggregate::Tuple | Aggregate::Array(_) => Ok(Value::Record(0, parts)),
                    Aggregate::Adt(_, variant, _) => Ok(Value::Record(variant, parts)),
                    Aggregate::Closure(..) => self.unsupported(),
                }
            }
            Rvalue::RawRef(..) | Rvalue::StaticRef(_) => self.unsupported(),
        }
    }

    fn reference(&mut self, kind: BorrowKind, place: &Place) -> Result<Value, Failure> {
        let at = self.place(place)?;
        if let (Some(Value::Text(text)), BorrowKind::Shared | BorrowKind::Fake) = (self.look(&at), kind) {
            // A shared reference to a `str` is the `str`.
            return Ok(Value::Text(text.clone()));
        }
        // What was promoted outlives its frame, and never changes.
        if self.frame().graph.slots[place.slot].promoted
            && let Base::Cell(_) = at.base
        {
            let whole = self.slot(place.slot);
            let base = Base::Shared(Rc::new(self.read(&whole)?));
            return Ok(Value::Ref(Pointer { base, ..at }));
        }
        Ok(Value::Ref(at))
    }

    fn cast(&mut self, cast: Cast, operand: &Operand, to: Ty) -> Result<Value, Failure> {
        let value = self.operand(operand)?;
        let (from, to) = (self.operand_ty(operand), self.ty(to));
        match cast {
            Cast::Kind(kind) => self.converted(kind, value, from, to),
            // An array's elements are the slice's.
            Cast::Unsize => match self.c.types.kind(self.pointee(to)) {
                TyKind::Slice(_) => Ok(value),
                _ => self.unsupported(),
            },
            Cast::ReifyFn | Cast::ClosureToFn | Cast::ToPointer => self.unsupported(),
        }
    }

    fn pointee(&self, ty: Ty) -> Ty {
        Queries { c: self.c, env: Env::EMPTY }.pointee(ty).unwrap_or(Ty::ERROR)
    }

    /// A type of the current function as it is in this call.
    fn ty(&self, ty: Ty) -> Ty {
        let types = &self.c.types;
        self.c.revealed(types.subst(types.erase(ty), self.frame().args))
    }

    fn place_ty(&self, place: &Place) -> Ty {
        let mut ty = self.ty(self.frame().graph.slots[place.slot].ty);
        for elem in &place.path {
            ty = match *elem {
                Elem::Deref => self.pointee(ty),
                Elem::Field(_, field) => self.ty(field),
                Elem::Variant(_) | Elem::Subslice { .. } => ty,
                Elem::Index(_) | Elem::ConstIndex { .. } => match self.c.types.kind(ty) {
                    TyKind::Array(elem, _) | TyKind::Slice(elem) => elem,
                    _ => Ty::ERROR,
                },
            };
        }
        ty
    }

    fn operand_ty(&self, operand: &Operand) -> Ty {
        match operand {
            Operand::Copy(place) | Operand::Move(place) => self.place_ty(place),
            Operand::Const(constant) => match constant {
                Constant::Bool(_) => Ty::BOOL,
                Constant::Char(_) => Ty::CHAR,
                Constant::Unit => Ty::UNIT,
                Constant::Str(_) => Ty::STR,
                Constant::Int(_, ty)
                | Constant::Float(_, ty)
                | Constant::Zst(ty)
                | Constant::Item(_, _, ty)
                | Constant::Param(_, ty) => self.ty(*ty),
                Constant::Bytes(_) | Constant::CStr(_) => Ty::ERROR,
            },
        }
    }
}
