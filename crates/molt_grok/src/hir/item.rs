//! Items: functions, data types, traits, implementations, actors, constants.

use molt_base::{Span, Symbol};

use super::{
    AdtId, AliasId, BodyId, Bound, ConstId, FnId, Generics, ImplId, ModId, PackageId, TraitId, TraitRef, TypeId,
};

/// Who may name an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Visibility {
    Public,
    /// Visible in this module and below.
    Module(ModId),
    Package(PackageId),
}

/// An attribute or decorator that later stages read, with its arguments as written.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Attr {
    pub name: Symbol,
    pub span: Span,
    pub args: Vec<AttrArg>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct AttrArg {
    /// `name = value` or `name: value`.
    pub name: Option<Symbol>,
    pub value: AttrValue,
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum AttrValue {
    Ident(Symbol),
    Text(Symbol),
    Int(i128),
    Bool(bool),
    List(Vec<AttrArg>),
}

/// What all items have.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ItemHead {
    pub name: Symbol,
    pub name_span: Span,
    pub span: Span,
    pub module: ModId,
    pub vis: Visibility,
    pub attrs: Vec<Attr>,
    /// Text of doc comments.
    pub docs: Option<Symbol>,
}

/// What a member belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Parent {
    Module,
    Trait(TraitId),
    Impl(ImplId),
    /// In an `extern` block.
    Extern,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct FnItem {
    pub head: ItemHead,
    pub parent: Parent,
    pub generics: Generics,
    pub self_param: Option<SelfParam>,
    /// Without `self`.
    pub params: Vec<ParamDecl>,
    pub ret: ReturnType,
    pub is_const: bool,
    pub is_async: bool,
    pub is_unsafe: bool,
    pub is_variadic: bool,
    /// Foreign function or exported symbol: the ABI's name.
    pub abi: Option<Symbol>,
    /// `None` without a block: required trait members, foreign functions, intrinsics.
    pub body: Option<BodyId>,
    /// Function of the library that the compiler itself implements.
    pub intrinsic: Option<Symbol>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub enum ReturnType {
    /// Inferred from the body; `()` without one.
    Omitted,
    Type(TypeId),
}

/// The receiver.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct SelfParam {
    pub kind: SelfKind,
    /// `mut self`.
    pub mutable: bool,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub enum SelfKind {
    Value,
    Ref(super::Lifetime, super::Mutability),
    /// `self: T`.
    Typed(TypeId),
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ParamDecl {
    /// Name for diagnostics and `ask` without positional trouble; absent for other patterns.
    pub name: Option<Symbol>,
    pub ty: Option<TypeId>,
    pub default: Option<BodyId>,
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Adt {
    pub head: ItemHead,
    pub generics: Generics,
    pub kind: AdtKind,
    /// A struct or an actor has one.
    pub variants: Vec<Variant>,
    pub repr: Repr,
    /// Traits to derive, in order.
    pub derives: Vec<(Symbol, Span)>,
    /// What makes an actor one.
    pub actor: Option<Box<ActorInfo>>,
}

/// Members of an actor by their role; all functions stand in `members` too.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ActorInfo {
    pub members: ImplId,
    /// Functions with a receiver that are no hooks.
    pub handlers: Vec<FnId>,
    /// `fn init`, or the function made of the loose statements.
    pub init: Option<FnId>,
    /// The `receive { .. }` member as a function of the message: `fn receive(&mut self, message: M)` with one `match`.
    pub receive: Option<FnId>,
    /// `type Message = M;`
    pub message: Option<AliasId>,
    /// `on_stop`, `on_child_failure` (or `handle_child_failure`), `on_down`, `behave`.
    pub hooks: Vec<FnId>,
    /// Some member asks for the `sender` of a message.
    pub wants_sender: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum AdtKind {
    Struct,
    Enum,
    Actor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Repr {
    pub c: bool,
    pub int: Option<super::IntKind>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Variant {
    pub name: Symbol,
    pub span: Span,
    pub form: VariantForm,
    pub fields: Vec<FieldDecl>,
    pub discriminant: Option<BodyId>,
    pub attrs: Vec<Attr>,
    pub docs: Option<Symbol>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum VariantForm {
    Unit,
    Tuple,
    Named,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct FieldDecl {
    /// `0`, `1`, … in tuple forms.
    pub name: Symbol,
    pub span: Span,
    pub ty: TypeId,
    pub vis: Visibility,
    /// Actors only.
    pub default: Option<BodyId>,
    pub attrs: Vec<Attr>,
    pub docs: Option<Symbol>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Trait {
    pub head: ItemHead,
    /// Parameter 0 is `Self`.
    pub generics: Generics,
    pub supers: Vec<Bound>,
    pub fns: Vec<FnId>,
    pub types: Vec<AliasId>,
    pub consts: Vec<ConstId>,
    pub is_unsafe: bool,
    /// `Send`, `Sync`: hold for a type when they hold for its parts.
    pub is_auto: bool,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Impl {
    pub head: ItemHead,
    pub generics: Generics,
    pub of: Option<TraitRef>,
    pub self_ty: TypeId,
    pub fns: Vec<FnId>,
    pub types: Vec<AliasId>,
    pub consts: Vec<ConstId>,
    pub is_unsafe: bool,
    /// Made from `#[derive]`: which trait, and for which type. The expansion of a derive is source like a macro's
    /// (`impl<T: Clone> Clone for A<T> { fn clone(&self) -> Self { .. } }`), so its bodies are ordinary ones; spans are the
    /// derive's.
    pub derived: Option<(Symbol, AdtId)>,
    /// The actor whose members these are.
    pub actor: Option<AdtId>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ConstItem {
    pub head: ItemHead,
    pub parent: Parent,
    /// Those of the parent.
    pub generics: Generics,
    pub kind: ConstItemKind,
    pub ty: Option<TypeId>,
    /// `None`: required trait constant.
    pub body: Option<BodyId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum ConstItemKind {
    Const,
    Static {
        mutable: bool,
    },
    /// `let` at module level: run once at start-up.
    ModuleLet,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Alias {
    pub head: ItemHead,
    pub parent: Parent,
    pub generics: Generics,
    /// `type Item: Bounds;`
    pub bounds: Vec<Bound>,
    pub ty: Option<TypeId>,
}
