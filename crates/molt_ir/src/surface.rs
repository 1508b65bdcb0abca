//! What a module has for modules of other languages: names, and types as far as its text says.
//!
//! A front end describes a module of its language, another one makes of the description what its own checker reads.

/// A module's public items, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surface {
    pub items: Vec<Item>,
    /// Items that others cannot use, with the reasons.
    pub left_out: Vec<(String, String)>,
}

/// A name of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub name: String,
    pub docs: Option<String>,
    pub kind: ItemKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    Function(Signature),
    Class(Class),
    /// A variable or constant.
    Value(Ty),
}

/// What a callable takes and gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    pub params: Vec<Param>,
    pub result: Ty,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub name: String,
    pub ty: Ty,
    pub default: Option<Literal>,
    /// Passed by its name only.
    pub by_name: bool,
}

/// The value of a parameter that is not given.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// What only the callable itself can say.
    Other,
}

/// A class of objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// The class of the same module that it extends.
    pub base: Option<String>,
    /// What its constructor takes, where that is known.
    pub constructor: Option<Vec<Param>>,
    pub fields: Vec<Field>,
    pub methods: Vec<Method>,
    /// Names of its members that are its own instances, if it is an enumeration.
    pub members: Vec<String>,
}

/// An attribute of instances.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub docs: Option<String>,
    pub ty: Ty,
    pub can_be_set: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    pub name: String,
    pub docs: Option<String>,
    /// Called on the class.
    pub is_static: bool,
    pub signature: Signature,
}

/// A type as annotations have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ty {
    /// Nothing is said, or nothing that others understand.
    #[default]
    Any,
    None,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    List(Box<Ty>),
    Set(Box<Ty>),
    Dict(Box<Ty>, Box<Ty>),
    Tuple(Vec<Ty>),
    Optional(Box<Ty>),
    /// Something that gives its items one after the other.
    Iterable(Box<Ty>),
    Callable(Vec<Ty>, Box<Ty>),
    /// A class of the module.
    Class(String),
}
