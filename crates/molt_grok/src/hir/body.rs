//! Bodies: expressions, patterns and statements of one function or constant, closures included.

use molt_base::{Arena, Span, Symbol, entity_id};

use super::{
    AdtId, AliasId, BodyOwner, ConstArg, ConstId, FnId, GenericArg, GenericArgs, IntKind, ModId, Mutability, TraitRef,
    TypeId,
};
use crate::syntax::literal::FloatLit;

entity_id!(
    pub struct ExprId("e")
);
entity_id!(
    pub struct PatId("p")
);
entity_id!(
    /// A variable of a body. Hygiene is settled: two variables of one name are two locals.
    pub struct LocalId("l")
);
entity_id!(
    /// A loop or labelled block that `break` and `continue` leave.
    pub struct ScopeId("scope")
);

/// One body.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Body {
    pub owner: BodyOwner,
    /// Module whose names and traits it sees.
    pub module: ModId,
    /// Parameters after `self`: pattern and written type.
    pub params: Vec<(PatId, Option<TypeId>)>,
    /// The local of `self`, in methods.
    pub self_local: Option<LocalId>,
    pub value: ExprId,
    pub exprs: Arena<ExprId, Expr>,
    pub expr_spans: Vec<Span>,
    pub pats: Arena<PatId, Pat>,
    pub pat_spans: Vec<Span>,
    pub locals: Arena<LocalId, Local>,
    pub scopes: Arena<ScopeId, Scope>,
    /// Names of the items that are declared inside the body are resolved; nothing else is kept of them.
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Local {
    pub name: Symbol,
    pub mutable: bool,
    pub span: Span,
    /// Made by the compiler or by a macro: never reported as unused.
    pub synthetic: bool,
}

/// A target of `break` and `continue`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Scope {
    pub label: Option<Symbol>,
    pub kind: ScopeKind,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum ScopeKind {
    Loop,
    While,
    For,
    Block,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Expr {
    /// Reported already.
    Error,
    Lit(Lit),
    Path(PathRes),
    Tuple(Vec<ExprId>),
    Array(Vec<ExprId>),
    Repeat {
        value: ExprId,
        len: ConstArg,
    },
    /// `Path { field: value, ..base }`; the path is a struct, a variant, an alias or `Self`.
    Struct {
        path: Box<PathRes>,
        fields: Box<[FieldInit]>,
        base: Option<ExprId>,
    },
    Call {
        callee: ExprId,
        args: Vec<ExprId>,
    },
    MethodCall {
        recv: ExprId,
        name: Symbol,
        name_span: Span,
        generics: GenericArgs,
        args: Vec<ExprId>,
    },
    /// Also tuple fields: the name is the digits.
    Field {
        base: ExprId,
        name: Symbol,
        name_span: Span,
    },
    Index {
        base: ExprId,
        index: ExprId,
    },
    Unary {
        op: UnaryOp,
        value: ExprId,
    },
    Deref(ExprId),
    Ref {
        mutability: Mutability,
        value: ExprId,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: ExprId,
        right: ExprId,
    },
    Logical {
        and: bool,
        left: ExprId,
        right: ExprId,
    },
    /// Destructuring assignments are blocks with a `let` and plain assignments.
    Assign {
        place: ExprId,
        value: ExprId,
    },
    AssignOp {
        op: BinaryOp,
        op_span: Span,
        place: ExprId,
        value: ExprId,
    },
    Cast {
        value: ExprId,
        ty: TypeId,
    },
    Range {
        start: Option<ExprId>,
        end: Option<ExprId>,
        inclusive: bool,
    },
    If {
        cond: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
    },
    /// `let pattern = value`: only inside conditions of `if`, `while` and guards, alone or in a chain of `&&`.
    Let {
        pat: PatId,
        value: ExprId,
    },
    Match {
        value: ExprId,
        arms: Vec<Arm>,
    },
    Loop {
        scope: ScopeId,
        body: ExprId,
    },
    While {
        scope: ScopeId,
        cond: ExprId,
        body: ExprId,
    },
    For {
        scope: ScopeId,
        pat: PatId,
        iter: ExprId,
        body: ExprId,
    },
    Block(Block),
    Break {
        scope: ScopeId,
        value: Option<ExprId>,
    },
    Continue {
        scope: ScopeId,
    },
    Return(Option<ExprId>),
    Closure(Box<Closure>),
    /// `value?`
    Try(ExprId),
    Await(ExprId),
    /// A future of the body. `own`: parameters of an `async` function or closure, by their numbers; the future holds all of
    /// them by value, whether the body uses them or not.
    Async {
        body: ExprId,
        is_move: bool,
        own: std::ops::Range<u32>,
        /// What it yields, as an `async` closure says.
        ret: Option<TypeId>,
    },
    /// Formatting macros and f-strings.
    Format(Box<Format>),
    /// `spawn { body }`
    SpawnTask {
        body: ExprId,
    },
    /// `spawn(options) Actor { fields }`; `literal`: written without `spawn`.
    SpawnActor {
        path: Box<PathRes>,
        fields: Box<[FieldInit]>,
        options: Box<[FieldInit]>,
        literal: bool,
    },
    /// `target ! message`; for a handler call the message is [`Message::Handler`].
    Send {
        target: ExprId,
        message: Message,
    },
    /// `ask target.handler(args) within limit`
    Ask {
        target: ExprId,
        message: Message,
        within: Option<ExprId>,
    },
    /// `A::handler(args)` outside of the actor is an ordinary call of a path; see the checker.
    /// `receive { arms after d => e }`; no arms and no `after`: the next message.
    Receive {
        arms: Vec<Arm>,
        after: Option<(ExprId, ExprId)>,
    },
    Select {
        arms: Vec<SelectArm>,
    },
}

// A program of a million lines has ten million of them.
const _: () = assert!(size_of::<Expr>() == 56 && size_of::<Pat>() == 64);

/// What `!` and `ask` carry.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Message {
    /// `handler(args)`: the name is looked up in the actor.
    Handler { name: Symbol, name_span: Span, args: Box<[ExprId]> },
    /// Any other value.
    Raw(ExprId),
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SelectArm {
    pub kind: SelectKind,
    pub body: ExprId,
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum SelectKind {
    /// `pattern = operation if guard`
    Wait {
        pat: PatId,
        operation: ExprId,
        guard: Option<ExprId>,
    },
    After(ExprId),
    Default,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct FieldInit {
    pub name: Symbol,
    pub span: Span,
    pub value: ExprId,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Arm {
    pub pat: PatId,
    pub guard: Option<ExprId>,
    pub body: ExprId,
    pub span: Span,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub tail: Option<ExprId>,
    /// Labelled block.
    pub scope: Option<ScopeId>,
    pub is_unsafe: bool,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Stmt {
    Let {
        pat: PatId,
        ty: Option<TypeId>,
        init: Option<ExprId>,
        otherwise: Option<ExprId>,
        span: Span,
    },
    /// The value is dropped.
    Expr(ExprId),
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Closure {
    pub params: Vec<(PatId, Option<TypeId>)>,
    pub ret: Option<TypeId>,
    pub body: ExprId,
    pub is_move: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum UnaryOp {
    Neg,
    /// `!`: logical on `bool`, bitwise on integers.
    Not,
    /// `~`
    BitNot,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl BinaryOp {
    pub fn is_comparison(self) -> bool {
        matches!(self, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge)
    }
    pub fn is_shift(self) -> bool {
        matches!(self, BinaryOp::Shl | BinaryOp::Shr)
    }
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitOr => "|",
            BinaryOp::BitXor => "^",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
        }
    }
}

/// A literal's value.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Lit {
    Bool(bool),
    Char(char),
    /// Value without sign (a `-` is a unary operator) and suffix.
    Int(Wide, Option<NumKind>),
    Float(FloatLit, Option<super::FloatKind>),
    Str(Symbol),
    /// `b"..."`: index into the interner of the bytes as Latin-1 text (each character is one byte).
    Bytes(Symbol),
    CStr(Symbol),
}

impl Lit {
    /// A number as it is in a float type.
    pub fn as_float(self, kind: super::FloatKind) -> Option<f64> {
        match (self, kind) {
            (Lit::Int(v, _), super::FloatKind::F32) => Some(f64::from(v.unsigned() as f32)),
            (Lit::Int(v, _), super::FloatKind::F64) => Some(v.unsigned() as f64),
            (Lit::Float(v, _), super::FloatKind::F32) => Some(f64::from(v.single)),
            (Lit::Float(v, _), super::FloatKind::F64) => Some(v.double),
            _ => None,
        }
    }
}

/// An integer of 128 bits that is aligned as a word, so that what holds it stays small.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Wide {
    low: u64,
    high: u64,
}

impl Wide {
    pub fn unsigned(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
    pub fn signed(self) -> i128 {
        self.unsigned() as i128
    }
}

impl From<u128> for Wide {
    fn from(value: u128) -> Wide {
        Wide { low: value as u64, high: (value >> 64) as u64 }
    }
}

impl From<i128> for Wide {
    fn from(value: i128) -> Wide {
        Wide::from(value as u128)
    }
}

impl std::fmt::Debug for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.signed().fmt(f)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum NumKind {
    Int(IntKind),
    Float(super::FloatKind),
}

/// What a path in an expression or pattern means.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum PathRes {
    Error,
    Local(LocalId),
    /// A function that is named without its type: free functions. `args` are those of the last segment.
    Fn(FnId, GenericArgs),
    Const(ConstId),
    /// Parameter `const N`.
    ConstParam(u32, Symbol),
    /// A struct or actor by name (also through an alias, [`PathRes::Alias`], or `Self`, [`PathRes::SelfCtor`]).
    Struct(AdtId, GenericArgs),
    /// A variant by number; the arguments are those of the enum, wherever they were written.
    Variant(AdtId, u32, GenericArgs),
    Alias(AliasId, GenericArgs),
    /// `Self(..)`, `Self { .. }`, `Self`.
    SelfCtor,
    /// `Type::name`: an associated function or constant, or a variant through an alias or `Self`. The base is a written type.
    Assoc {
        base: TypeId,
        name: Symbol,
        name_span: Span,
        args: GenericArgs,
    },
    /// `Trait::name` or `<T as Trait>::name`; without a Self type it is inferred.
    TraitMember(Box<TraitMember>),
}

/// A member of a trait by name.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct TraitMember {
    pub of: TraitRef,
    pub self_ty: Option<TypeId>,
    pub name: Symbol,
    pub name_span: Span,
    pub args: Vec<GenericArg>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Pat {
    Error,
    Wild,
    /// `..` inside of tuple, tuple-struct and slice patterns.
    Rest,
    /// In an or-pattern every alternative binds the same locals.
    Bind {
        local: LocalId,
        by_ref: Option<Mutability>,
        sub: Option<PatId>,
    },
    /// Literal, negated if the sign was written.
    Lit {
        lit: Lit,
        negative: bool,
    },
    Range(Box<RangePat>),
    /// Constant, unit struct or unit variant.
    Path(PathRes),
    TupleStruct {
        path: PathRes,
        pats: Vec<PatId>,
    },
    Struct {
        path: PathRes,
        fields: Vec<FieldPat>,
        rest: bool,
    },
    Tuple(Vec<PatId>),
    Slice(Vec<PatId>),
    Ref(Mutability, PatId),
    Or(Vec<PatId>),
}

/// `a..b`, `a..=b`, `a..`, `..=b` in a pattern.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct RangePat {
    pub start: Option<PatBound>,
    pub end: Option<PatBound>,
    pub inclusive: bool,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum PatBound {
    Lit { lit: Lit, negative: bool, span: Span },
    Path(PathRes, Span),
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct FieldPat {
    pub name: Symbol,
    pub span: Span,
    pub pat: PatId,
}

/// Formatting: `println!("{x:>5} {}", y)` and the like.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Format {
    pub kind: FormatKind,
    pub pieces: Vec<FormatPiece>,
    /// Arguments in the order of first mention; each is evaluated once, by reference.
    pub args: Vec<ExprId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum FormatKind {
    /// Gives a `String`: `format!`, f-strings.
    String,
    Print {
        newline: bool,
        stderr: bool,
    },
    /// `write!(target, ..)`, `writeln!`: a `Result`.
    Write {
        target: ExprId,
    },
    /// `panic!` and the macros made of it; the text is the message.
    Panic,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum FormatPiece {
    Text(Symbol),
    Value { arg: u32, spec: FormatSpec, span: Span },
}

/// `[[fill]align][sign][#][0][width][.precision][x X o b e ?]`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct FormatSpec {
    pub fill: char,
    pub align: Option<Align>,
    pub plus: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<FormatCount>,
    pub precision: Option<FormatCount>,
    pub style: FormatStyle,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Align {
    Left,
    Center,
    Right,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum FormatCount {
    Value(u32),
    /// `width$`: an argument of type `usize`.
    Arg(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum FormatStyle {
    Display,
    Debug,
    LowerHex,
    UpperHex,
    Octal,
    Binary,
    Exp,
}

impl Body {
    pub fn expr_span(&self, e: ExprId) -> Span {
        self.expr_spans[e.0 as usize]
    }
    pub fn pat_span(&self, p: PatId) -> Span {
        self.pat_spans[p.0 as usize]
    }
}
