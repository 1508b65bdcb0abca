//! Core: what programs mean once macros are expanded and names are resolved.
//!
//! Every name has become an id; of the many forms those are left that mean something of their own. Expressions lie in one
//! arena and keep the place that they were written at.

use std::collections::{BTreeSet, HashMap};

use molt_base::{Arena, Interner, Span, Symbol, entity_id};

use crate::library::BuiltinId;
use crate::notes::Notes;
use crate::stx::StxId;

entity_id!(
    /// An expression.
    pub struct ExprId("e")
);
entity_id!(
    /// A variable of a procedure.
    pub struct LocalId("l")
);
entity_id!(
    /// A procedure.
    pub struct LambdaId("p")
);
entity_id!(
    /// A variable of a module.
    pub struct GlobalId("g")
);
entity_id!(
    /// A constructor of a data type.
    pub struct CtorId("c")
);
entity_id!(
    /// A data type.
    pub struct DataTypeId("d")
);
entity_id!(
    /// An operation of an effect.
    pub struct OpId("o")
);
entity_id!(
    /// An effect.
    pub struct EffectId("f")
);
entity_id!(
    /// A module.
    pub struct ModuleId("m")
);
entity_id!(
    /// A loop.
    pub struct LoopId("k")
);
entity_id!(
    /// A pattern.
    pub struct PatId("q")
);

/// A program after expansion.
#[derive(Default)]
pub struct Core {
    pub names: Interner,
    pub exprs: Arena<ExprId, Expr>,
    pub patterns: Arena<PatId, Pattern>,
    pub locals: Arena<LocalId, Local>,
    pub lambdas: Arena<LambdaId, Lambda>,
    pub loops: Arena<LoopId, Loop>,
    pub globals: Arena<GlobalId, Global>,
    pub ctors: Arena<CtorId, Ctor>,
    pub data_types: Arena<DataTypeId, DataType>,
    pub effects: Arena<EffectId, Effect>,
    pub ops: Arena<OpId, Operation>,
    /// What the command line grants, as `cl_restrict` reads it.
    pub restriction: Option<Symbol>,
    /// The labels, in lower case, that the package may perform, if its manifest says.
    pub package_row: Option<BTreeSet<String>>,
    pub aliases: Vec<Alias>,
    /// Values of definitions and the rows that they declare.
    pub declared_rows: Vec<(ExprId, StxId)>,
    pub notes: Notes,
    /// What values are asked before they are used, where the checker could not tell; see [`crate::check`].
    pub tests: HashMap<ExprId, TypeTest>,

    pub contracts: Vec<Contract>,
    /// Where the definitions of procedures that have names are written, as a whole.
    pub written: HashMap<LambdaId, Span>,
    /// Where the contract of a function is written.
    pub specified: HashMap<GlobalId, Span>,
    /// What the program can ask of its procedures; see [`crate::check::describe_definitions`].
    pub definitions: HashMap<LambdaId, Symbol>,
    /// Some body is observed: all operations go by the handlers in force.
    pub is_observed: bool,
    pub modules: Arena<ModuleId, Module>,
    /// Of patterns of maps with several keys: the pattern of the keys after the first.
    pub pattern_rest: HashMap<PatId, PatId>,
    /// The modules in the order in which their bodies run.
    pub order: Vec<ModuleId>,
}

/// An expression and its place.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// Stands where something was reported.
    Error,
    Nil,
    Bool(bool),
    Int(i64),
    /// Decimal digits, with `-` in front if negative.
    BigInt(Box<str>),
    Float(f64),
    Str(Symbol),
    Keyword(Symbol),
    /// Data as they are written.
    Quote(StxId),
    /// A list that a template makes of others; whether it has brackets there.
    Templated(ExprId, bool),
    Local(LocalId),
    Global(GlobalId),
    /// What a module of Python (dotted name) has under a name, as Python sees it.
    Foreign(Symbol, Symbol),
    /// A function of the library as a value.
    Builtin(BuiltinId),
    Ctor(CtorId),
    /// An operation as a procedure.
    Operation(OpId),
    /// Gives a `define`d or `letrec`-bound variable its value.
    Init(LocalId, ExprId),
    InitGlobal(GlobalId, ExprId),
    /// `set!`; the new value.
    SetLocal(LocalId, ExprId),
    SetGlobal(GlobalId, ExprId),
    If(ExprId, ExprId, ExprId),
    /// In order; the last one's value, nil when there is none.
    Do(Box<[ExprId]>),
    Let(LocalId, ExprId, ExprId),
    /// Variables that are there, without a value, before the body begins.
    Block(Box<[LocalId]>, ExprId),
    Lambda(LambdaId),
    Call(ExprId, Box<[ExprId]>),
    /// A call of a library function with a fitting number of operands.
    Prim(BuiltinId, Box<[ExprId]>),
    Loop(LoopId),
    Recur(LoopId, Box<[ExprId]>),
    /// Variable, list, body: nil.
    ForEach(LocalId, ExprId, ExprId),
    List(Box<[ExprId]>),
    /// Keys and values in turn.
    Map(Box<[ExprId]>),
    Set(Box<[ExprId]>),
    Tuple(Box<[ExprId]>),
    /// The value of the subject is in a variable.
    Match(Box<Match>),
    Try(Box<Try>),
    Perform(OpId, Box<[ExprId]>),
    Handler(Box<Handler>),
    /// The handler value of some clauses.
    MakeHandler(Box<Handler>),
    /// Handler value and body, a procedure without parameters.
    WithHandler(ExprId, ExprId),
    /// Evaluates a module, unless that was done: nil.
    Require(ModuleId),
    /// `(: e T)`: the value, which is of the type.
    Ascribe(ExprId, StxId),
}

/// A variable of a procedure.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: Symbol,
    pub span: Span,
    /// `set!` occurs.
    pub is_set: bool,
    /// Has a value from [`ExprKind::Init`] only: it may be read too early.
    pub is_late: bool,
    /// The type, if one was written.
    pub ty: Option<StxId>,
    /// What the value of a parameter is asked at the start of the procedure.
    pub test: Option<TypeTest>,
    /// The procedure that it is defined as.
    pub lambda: Option<LambdaId>,
}

/// What is asked of a value at run time: its kind, or that it is of one of some constructors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeTest {
    /// Numbers of the runtime's kind tests as a set of bits.
    pub kinds: u32,
    pub ctors: Vec<CtorId>,
    /// The type as messages show it.
    pub shown: Symbol,
}

/// A procedure.
#[derive(Clone, Debug)]
pub struct Lambda {
    /// Name for messages.
    pub name: Symbol,
    pub span: Span,
    pub params: Vec<Param>,
    pub rest: Option<LocalId>,
    pub result: Option<StxId>,
    pub doc: Option<Symbol>,
    pub body: ExprId,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub local: LocalId,
    pub default: Option<ExprId>,
}

impl Lambda {
    /// How many operands a call has at least.
    pub fn least(&self) -> usize {
        self.params.iter().filter(|p| p.default.is_none()).count()
    }

    /// How many operands a call has at most.
    pub fn most(&self) -> Option<usize> {
        self.rest.is_none().then_some(self.params.len())
    }
}

/// A loop that `recur` goes back to.
#[derive(Clone, Debug)]
pub struct Loop {
    pub locals: Vec<(LocalId, ExprId)>,
    pub body: ExprId,
}

/// `match`, `case` and the clauses of `try`.
#[derive(Clone, PartialEq, Debug)]
pub struct Match {
    pub subject: LocalId,
    pub value: ExprId,
    pub branches: Vec<Branch>,
    /// What happens when nothing fits.
    pub otherwise: Otherwise,
}

/// What a `match` without a fitting branch does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Otherwise {
    /// Raises `match-failure`.
    Fail,
    Nil,
    /// Raises the subject, an error, again.
    Reraise,
}

/// One branch.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch {
    pub pattern: PatId,
    pub guard: Option<ExprId>,
    pub body: ExprId,
    pub span: Span,
}

/// A pattern and its place.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

/// What a pattern asks.
#[derive(Clone, PartialEq, Debug)]
pub enum PatternKind {
    Wild,
    Bind(LocalId),
    /// A constant that is compared with `=`.
    Literal(ExprId),
    /// So many elements, and what the others are, if there may be others.
    List(Box<[PatId]>, Option<PatId>),
    Tuple(Box<[PatId]>),
    Ctor(CtorId, Box<[PatId]>),
    /// Keys and patterns of their values.
    Map(Box<[(ExprId, PatId)]>),
    /// The same of the fields of an error.
    ErrorFields(Box<[(ExprId, PatId)]>),
    Or(Box<[PatId]>),
    As(LocalId, PatId),
    Guard(PatId, ExprId),
    /// Procedure, pattern of its value.
    View(ExprId, PatId),
    /// Least and greatest integer, included.
    Range(ExprId, ExprId, bool),
    /// Fits nothing: it was reported, and the program may run all the same.
    Never,
}

/// `try`.
#[derive(Clone, PartialEq, Debug)]
pub struct Try {
    pub body: ExprId,
    /// The clauses; the subject is the error.
    pub catch: Option<Match>,
    pub finally: Option<ExprId>,
}

/// The clauses of a handler.
#[derive(Clone, PartialEq, Debug)]
pub struct Handler {
    pub clauses: Vec<Clause>,
    /// A procedure of the body's value.
    pub ret: Option<ExprId>,
    /// A procedure without parameters; absent in a handler value.
    pub body: Option<ExprId>,
}

/// One clause.
#[derive(Clone, PartialEq, Debug)]
pub struct Clause {
    pub effect: EffectId,
    /// All operations of the effect when absent.
    pub op: Option<OpId>,
    pub action: Action,
    pub span: Span,
}

/// What a clause does.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// A procedure whose value is that of the operation.
    Function(ExprId),
    /// A procedure of `resume` and the operands, whose value is that of the handler form; whether `resume` escapes.
    Control(ExprId, bool),
}

/// A variable of a module.
#[derive(Clone, Debug)]
pub struct Global {
    pub module: ModuleId,
    pub name: Symbol,
    pub span: Span,
    pub is_set: bool,
    /// The type, if one was written.
    pub ty: Option<StxId>,
    /// The procedure that it is from its definition on.
    pub lambda: Option<LambdaId>,
    /// The function of GrokLang that it is, and how many operands that takes.
    pub across: Option<(Symbol, usize)>,
    pub doc: Option<Symbol>,
}

impl Global {
    /// A variable of which nothing more is known.
    pub fn new(module: ModuleId, name: Symbol, span: Span) -> Global {
        Global { module, name, span, is_set: false, ty: None, lambda: None, across: None, doc: None }
    }
}

/// The contract of a function, of a data type or of an operand.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What it is of; for a data type the procedure that checks its values. None of operands.
    pub function: Option<GlobalId>,
    /// The labels that the function may perform, in lower case, if the contract says; none where it is pure.
    pub row: Option<BTreeSet<String>>,
    /// The body as a procedure without parameters, where what it performs or changes is bounded.
    pub body: Option<ExprId>,
    /// Its conditions as procedures without parameters, each at the place of its condition. Parameters of the function are
    /// their free variables.
    pub conditions: Vec<ExprId>,
}

/// A data type.
#[derive(Clone, Debug)]
pub struct DataType {
    pub name: Symbol,
    pub module: ModuleId,
    pub span: Span,
    pub variables: Vec<Symbol>,
    pub ctors: Vec<CtorId>,
}

/// A constructor.
#[derive(Clone, Debug)]
pub struct Ctor {
    pub name: Symbol,
    pub data: DataTypeId,
    pub span: Span,
    pub fields: Vec<Field>,
}

/// A field of a constructor.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: Option<Symbol>,
    pub ty: Option<StxId>,
    /// What is asked of it when the constructor is called as a value.
    pub test: Option<TypeTest>,
}

/// `(type Name T)`.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    pub name: Symbol,
    pub span: Span,
    pub module: ModuleId,
    pub ty: StxId,
}

/// An effect.
#[derive(Clone, Debug)]
pub struct Effect {
    pub name: Symbol,
    /// Where it is declared; none of those that the language has.
    pub span: Option<Span>,
    pub ops: Vec<OpId>,
    /// Has a default handler.
    pub is_builtin: bool,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub effect: EffectId,
    pub name: Symbol,
    /// Where it is declared; none of those that the language has.
    pub span: Option<Span>,
    /// Fewest and most operands.
    pub arity: (usize, Option<usize>),
    pub is_never: bool,
    /// The types of its operands and of its result, if the program declares it.
    pub ty: Option<(Vec<StxId>, StxId)>,
}

/// A module.
#[derive(Clone, Debug)]
pub struct Module {
    pub name: Symbol,
    /// The file that messages show.
    pub file: Symbol,
    /// The form that it is, of one of several in a file.
    pub whole: Option<Span>,
    /// Its body: top-level forms in order.
    pub body: Vec<ExprId>,
    /// The modules that are evaluated before it, in order.
    pub imports: Vec<ModuleId>,
    pub doc: Option<Symbol>,
    /// What Python sees of a module: the program's module of that name.
    pub is_surface: bool,
}

impl Module {
    /// A module of which nothing more is known.
    pub fn new(name: Symbol, file: Symbol) -> Module {
        Module { name, file, whole: None, body: Vec::new(), imports: Vec::new(), doc: None, is_surface: false }
    }
}

impl Core {
    pub fn expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.exprs.push(Expr { kind, span })
    }

    /// The procedure that the only definition of a variable binds; variables know it once they are defined.
    pub fn lambda_of(&self, local: LocalId) -> Option<LambdaId> {
        self.locals[local].lambda
    }

    pub fn kind(&self, e: ExprId) -> &ExprKind {
        &self.exprs[e].kind
    }
}
