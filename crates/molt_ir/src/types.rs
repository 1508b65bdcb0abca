//! Types of values. A type says how a value is represented and, for value words, what is known of it.

/// Type of an SSA value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// One bit; false or true.
    I1,
    /// Machine integer; also a pointer or a value word in LIR.
    I64,
    /// IEEE double.
    F64,
    /// Value word of any class.
    Any,
    /// Value word that is an `int` (inline or big), never a subclass or a bool.
    Int,
    /// Value word that is a `float`.
    Float,
    /// Value word that is `True` or `False`.
    Bool,
    /// Value word that is a `str`.
    Str,
    /// Value word that is exactly a `list`, `tuple`, `dict`.
    List,
    Tuple,
    Dict,
    /// Value word that is an instance of exactly this class statement's first class.
    Obj(crate::ClassSiteId),
}

impl Type {
    /// Whether values of this type are reference-counted words.
    pub fn is_word(self) -> bool {
        !matches!(self, Type::I1 | Type::I64 | Type::F64)
    }

    /// Whether a value of type `self` may stand where `wanted` is asked for.
    pub fn fits(self, wanted: Type) -> bool {
        self == wanted || (wanted == Type::Any && self.is_word())
    }

    pub fn parse(text: &str) -> Option<Type> {
        Some(match text {
            "i1" => Type::I1,
            "i64" => Type::I64,
            "f64" => Type::F64,
            "any" => Type::Any,
            "int" => Type::Int,
            "float" => Type::Float,
            "bool" => Type::Bool,
            "str" => Type::Str,
            "list" => Type::List,
            "tuple" => Type::Tuple,
            "dict" => Type::Dict,
            _ => {
                let site = text.strip_prefix("obj<class")?.strip_suffix('>')?;
                Type::Obj(crate::ClassSiteId(site.parse().ok()?))
            }
        })
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Type::I1 => "i1",
            Type::I64 => "i64",
            Type::F64 => "f64",
            Type::Any => "any",
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Str => "str",
            Type::List => "list",
            Type::Tuple => "tuple",
            Type::Dict => "dict",
            Type::Obj(c) => return write!(f, "obj<{c}>"),
        })
    }
}
