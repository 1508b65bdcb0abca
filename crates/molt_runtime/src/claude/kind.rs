//! Kinds of values: what `type-of` tells, by one table of classes.

use molt_abi::{ClassId, Word};

use crate::Isolate;
use crate::class::ClassObj;
use crate::native::Layout;

macro_rules! kinds {
    ($($kind:ident = $name:literal),* $(,)?) => {
        /// Kind of a value.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        #[repr(u8)]
        pub enum Kind { $($kind),* }
        impl Kind {
            /// All kinds, in the order in which `compare` puts values of different kinds.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];
            /// Name as `type-of` gives it, without the colon.
            pub const fn name(self) -> &'static str {
                [$($name),*][self as usize]
            }
        }
    };
}

kinds! {
    Nil = "nil", Bool = "bool", Int = "int", Float = "float", String = "string", Symbol = "symbol",
    Keyword = "keyword", Bytes = "bytes", List = "list", Tuple = "tuple", Map = "map", Set = "set", Tagged = "tagged",
    Procedure = "procedure", Ref = "ref", Promise = "promise", Channel = "channel", Actor = "actor", Error = "error",
    VNode = "vnode", Handle = "handle", Module = "module", Type = "type",
    // A value of another language that is none of the others.
    Foreign = "foreign",
}

/// Kinds of the classes with an id; a class that is not here is told by its layout or flags.
const CLASSES: &[(ClassId, Kind)] = &[
    (ClassId::NONE, Kind::Nil),
    (ClassId::BOOL, Kind::Bool),
    (ClassId::INT, Kind::Int),
    (ClassId::FLOAT, Kind::Float),
    (ClassId::STR, Kind::String),
    (ClassId::SYMBOL, Kind::Symbol),
    (ClassId::KEYWORD, Kind::Keyword),
    (ClassId::BYTES, Kind::Bytes),
    (ClassId::CLAUDE_LIST, Kind::List),
    (ClassId::CONS, Kind::List),
    (ClassId::TUPLE, Kind::Tuple),
    (ClassId::CLAUDE_MAP, Kind::Map),
    (ClassId::TRIE_MAP, Kind::Map),
    (ClassId::CLAUDE_SET, Kind::Set),
    (ClassId::TRIE_SET, Kind::Set),
    (ClassId::FUNCTION, Kind::Procedure),
    (ClassId::BUILTIN_FUNCTION, Kind::Procedure),
    (ClassId::BOUND_METHOD, Kind::Procedure),
    (ClassId::METHOD_DESCRIPTOR, Kind::Procedure),
    (ClassId::WRAPPER_DESCRIPTOR, Kind::Procedure),
    (ClassId::REF, Kind::Ref),
    (ClassId::CLAUDE_ERROR, Kind::Error),
    (ClassId::MODULE, Kind::Module),
    (ClassId::TYPE, Kind::Type),
];

/// The table by class id.
const BY_ID: [Kind; ClassId::BUILTIN_COUNT as usize] = {
    let mut kinds = [Kind::Foreign; ClassId::BUILTIN_COUNT as usize];
    let mut i = 0;
    while i < CLASSES.len() {
        kinds[CLASSES[i].0.0 as usize] = CLASSES[i].1;
        i += 1;
    }
    kinds
};

/// Kind of a value. An instance of a subclass, such as a named tuple, is of the kind of its base.
#[inline]
pub fn kind_of(rt: &Isolate, w: Word) -> Kind {
    if w.is_small() {
        return Kind::Int;
    }
    let class = rt.class_of(w);
    match BY_ID.get(class.0 as usize) {
        Some(&kind) if kind != Kind::Foreign => kind,
        _ => kind_of_class(rt, class),
    }
}

#[inline(never)]
fn kind_of_class(rt: &Isolate, class: ClassId) -> Kind {
    if let Some(kind) = rt.claude.tasks.kind(class) {
        return kind;
    }
    let class = rt.class(class);
    if class.has(ClassObj::CONSTRUCTOR) {
        return Kind::Tagged;
    }
    if class.has(ClassObj::EXCEPTION) {
        return Kind::Error;
    }
    if class.has(ClassObj::HANDLE) {
        return Kind::Handle;
    }
    if class.has(ClassObj::PROCEDURE) {
        return Kind::Procedure;
    }
    if class.has(ClassObj::METACLASS) {
        return Kind::Type;
    }
    match class.layout {
        Layout::Int => Kind::Int,
        Layout::Float => Kind::Float,
        Layout::Str => Kind::String,
        Layout::Bytes => Kind::Bytes,
        Layout::Tuple => Kind::Tuple,
        _ => Kind::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::leaves_nothing;
    use super::*;
    use crate::{Owned, exc};

    #[test]
    fn kinds_are_told_by_class() {
        leaves_nothing(|rt| {
            let of = |rt: &Isolate, w: Word| kind_of(rt, w).name();
            assert_eq!(of(rt, Word::NONE), "nil");
            assert_eq!(of(rt, Word::TRUE), "bool");
            assert_eq!(of(rt, Word::small(3)), "int");
            let made: [(Owned, &str); 5] = [
                (rt.new_int(i64::MAX), "int"),
                (rt.new_float(f64::NAN), "float"),
                (rt.new_str("ab"), "string"),
                (rt.new_bytes(b"ab"), "bytes"),
                (rt.new_tuple(alloc::vec![Owned::NONE]), "tuple"),
            ];
            for (w, name) in &made {
                assert_eq!(of(rt, w.word()), *name);
            }
            let (s, k) = (rt.symbol("a"), rt.keyword("a"));
            assert_eq!((of(rt, s), of(rt, k)), ("symbol", "keyword"));
            assert_eq!(of(rt, rt.class_word(ClassId::INT)), "type");
            let dict = rt.new_dict();
            assert_eq!(of(rt, dict.word()), "foreign");
            rt.raise(exc::VALUE_ERROR, "no");
            let e = rt.take_exception();
            assert_eq!(of(rt, e.word()), "error");
        });
    }
}
