//! Ids of the classes that the runtime creates at start-up. A class test in compiled code is one
//! 32-bit compare against such an id; classes of the program get ids from [`ClassId::FIRST_SITE`] on.

/// Identity of a class within one program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(transparent)]
pub struct ClassId(pub u32);

macro_rules! class_ids {
    ($($id:ident = $name:literal),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u32)]
        enum Index { $($id),* , COUNT }
        impl ClassId {
            $(pub const $id: ClassId = ClassId(Index::$id as u32);)*
            /// Number of ids in this table.
            pub const BUILTIN_COUNT: u32 = Index::COUNT as u32;
        }
        /// Python-visible names, indexed by id.
        pub const BUILTIN_NAMES: &[&str] = &[$($name),*];
    };
}

class_ids! {
    OBJECT = "object", TYPE = "type",
    NONE = "NoneType", BOOL = "bool", INT = "int", FLOAT = "float", COMPLEX = "complex",
    STR = "str", BYTES = "bytes", BYTEARRAY = "bytearray", MEMORYVIEW = "memoryview",
    LIST = "list", TUPLE = "tuple", DICT = "dict", SET = "set", FROZENSET = "frozenset",
    RANGE = "range", SLICE = "slice", ELLIPSIS = "ellipsis", NOT_IMPLEMENTED = "NotImplementedType",
    FUNCTION = "function", BUILTIN_FUNCTION = "builtin_function_or_method",
    BOUND_METHOD = "method", METHOD_DESCRIPTOR = "method_descriptor",
    MEMBER_DESCRIPTOR = "member_descriptor", GETSET_DESCRIPTOR = "getset_descriptor",
    WRAPPER_DESCRIPTOR = "wrapper_descriptor",
    PROPERTY = "property", CLASSMETHOD = "classmethod", STATICMETHOD = "staticmethod", SUPER = "super",
    CELL = "cell", CODE = "code", FRAME = "frame", TRACEBACK = "traceback", MODULE = "module",
    GENERATOR = "generator", COROUTINE = "coroutine", ASYNC_GENERATOR = "async_generator",
    LIST_ITERATOR = "list_iterator", LIST_REVERSE_ITERATOR = "list_reverseiterator",
    TUPLE_ITERATOR = "tuple_iterator", STR_ITERATOR = "str_ascii_iterator",
    BYTES_ITERATOR = "bytes_iterator", RANGE_ITERATOR = "range_iterator",
    DICT_KEY_ITERATOR = "dict_keyiterator", DICT_VALUE_ITERATOR = "dict_valueiterator",
    DICT_ITEM_ITERATOR = "dict_itemiterator", SET_ITERATOR = "set_iterator",
    CALLABLE_ITERATOR = "callable_iterator", SEQUENCE_ITERATOR = "iterator",
    DICT_KEYS = "dict_keys", DICT_VALUES = "dict_values", DICT_ITEMS = "dict_items",
    ENUMERATE = "enumerate", ZIP = "zip", MAP = "map", FILTER = "filter", REVERSED = "reversed",
    MAPPING_PROXY = "mappingproxy", WEAKREF = "ReferenceType",
    BASE_EXCEPTION = "BaseException", EXCEPTION = "Exception",
    SYMBOL = "Symbol", KEYWORD = "Keyword", CLAUDE_LIST = "List", CONS = "List", NODE = "node",
    CLAUDE_MAP = "Map", TRIE_MAP = "Map", CLAUDE_SET = "Set", TRIE_SET = "Set", BUCKET = "bucket",
    TAGGED = "Tagged", REF = "Ref", CLAUDE_ERROR = "ClaudeError",
}

impl ClassId {
    /// First id given to a class statement of the program: statement `n` (in module order) that runs
    /// for the first time creates the class with id `FIRST_SITE + n`. A statement that runs again,
    /// and a class made by a call of `type`, get ids after all sites.
    pub const FIRST_SITE: u32 = 1024;
}

const _: () = assert!(ClassId::BUILTIN_COUNT < ClassId::FIRST_SITE);
