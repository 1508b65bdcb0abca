//! Names that the runtime itself looks up. Every one is interned when an isolate is made; the first
//! [`Name::SPECIAL_COUNT`] are special methods, whose lookup result each class caches.

/// A well-known name: index into the isolate's table of interned strings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name(pub u16);

macro_rules! names {
    (special { $($s:ident = $st:literal),* $(,)? } other { $($o:ident = $ot:literal),* $(,)? }) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "index table of the constants below")]
        #[repr(u16)]
        enum Index { $($s,)* SPECIAL_END, $($o),* }
        impl Name {
            $(pub const $s: Name = Name(Index::$s as u16);)*
            $(pub const $o: Name = Name(Index::$o as u16);)*
            /// Number of special methods with a per-class cache.
            pub const SPECIAL_COUNT: usize = Index::SPECIAL_END as usize;
        }
        /// Texts, indexed by `Name`.
        pub const NAME_TEXTS: &[&str] = &[$($st,)* "", $($ot),*];
    };
}

names! {
    special {
        NEW = "__new__", INIT = "__init__", DEL = "__del__", REPR = "__repr__", STR = "__str__",
        BYTES = "__bytes__", FORMAT = "__format__",
        LT = "__lt__", LE = "__le__", EQ = "__eq__", NE = "__ne__", GT = "__gt__", GE = "__ge__",
        HASH = "__hash__", BOOL = "__bool__",
        GETATTR = "__getattr__", GETATTRIBUTE = "__getattribute__", SETATTR = "__setattr__",
        DELATTR = "__delattr__", DIR = "__dir__", GET = "__get__", SET = "__set__", DELETE = "__delete__",
        SET_NAME = "__set_name__", INIT_SUBCLASS = "__init_subclass__", CLASS_GETITEM = "__class_getitem__",
        INSTANCECHECK = "__instancecheck__", SUBCLASSCHECK = "__subclasscheck__",
        CALL = "__call__", LEN = "__len__", LENGTH_HINT = "__length_hint__", GETITEM = "__getitem__",
        SETITEM = "__setitem__", DELITEM = "__delitem__", MISSING = "__missing__", ITER = "__iter__",
        NEXT = "__next__", REVERSED = "__reversed__", CONTAINS = "__contains__",
        ADD = "__add__", SUB = "__sub__", MUL = "__mul__", TRUEDIV = "__truediv__",
        FLOORDIV = "__floordiv__", MOD = "__mod__", POW = "__pow__", LSHIFT = "__lshift__",
        RSHIFT = "__rshift__", AND = "__and__", OR = "__or__", XOR = "__xor__", MATMUL = "__matmul__",
        DIVMOD = "__divmod__",
        RADD = "__radd__", RSUB = "__rsub__", RMUL = "__rmul__", RTRUEDIV = "__rtruediv__",
        RFLOORDIV = "__rfloordiv__", RMOD = "__rmod__", RPOW = "__rpow__", RLSHIFT = "__rlshift__",
        RRSHIFT = "__rrshift__", RAND = "__rand__", ROR = "__ror__", RXOR = "__rxor__",
        RMATMUL = "__rmatmul__", RDIVMOD = "__rdivmod__",
        IADD = "__iadd__", ISUB = "__isub__", IMUL = "__imul__", ITRUEDIV = "__itruediv__",
        IFLOORDIV = "__ifloordiv__", IMOD = "__imod__", IPOW = "__ipow__", ILSHIFT = "__ilshift__",
        IRSHIFT = "__irshift__", IAND = "__iand__", IOR = "__ior__", IXOR = "__ixor__",
        IMATMUL = "__imatmul__",
        NEG = "__neg__", POS = "__pos__", ABS = "__abs__", INVERT = "__invert__",
        COMPLEX = "__complex__", INT = "__int__", FLOAT = "__float__", INDEX = "__index__",
        ROUND = "__round__", TRUNC = "__trunc__", FLOOR = "__floor__", CEIL = "__ceil__",
        ENTER = "__enter__", EXIT = "__exit__", AWAIT = "__await__", AITER = "__aiter__",
        ANEXT = "__anext__", FSPATH = "__fspath__", BUFFER = "__buffer__",
        MRO_ENTRIES = "__mro_entries__", PREPARE = "__prepare__", SIZEOF = "__sizeof__",
        MATCH_ARGS = "__match_args__",
    }
    other {
        CLASS = "__class__", DICT = "__dict__", DOC = "__doc__", MODULE = "__module__", NAME = "__name__",
        QUALNAME = "__qualname__", BASES = "__bases__", BASE = "__base__", MRO = "__mro__", SLOTS = "__slots__",
        WEAKREF = "__weakref__", CLASSCELL = "__classcell__", CLASSDICTCELL = "__classdictcell__",
        ANNOTATIONS = "__annotations__", ANNOTATE = "__annotate__", ANNOTATE_FUNC = "__annotate_func__",
        ANNOTATIONS_CACHE = "__annotations_cache__",
        TYPE_PARAMS = "__type_params__", ABSTRACTMETHODS = "__abstractmethods__",
        ISABSTRACTMETHOD = "__isabstractmethod__", WRAPPED = "__wrapped__", DEFAULTS = "__defaults__",
        KWDEFAULTS = "__kwdefaults__", CODE = "__code__", CLOSURE = "__closure__", GLOBALS = "__globals__",
        BUILTINS = "__builtins__", SELF = "__self__", FUNC = "__func__", OBJCLASS = "__objclass__",
        TEXT_SIGNATURE = "__text_signature__", FILE = "__file__", PATH = "__path__", LOADER = "__loader__",
        PACKAGE = "__package__", SPEC = "__spec__", ALL = "__all__", MAIN = "__main__",
        NOTES = "__notes__", CAUSE = "__cause__", CONTEXT = "__context__", TRACEBACK = "__traceback__",
        SUPPRESS_CONTEXT = "__suppress_context__", ORIG_BASES = "__orig_bases__",
        FIRSTLINENO = "__firstlineno__", STATIC_ATTRIBUTES = "__static_attributes__",
        LAMBDA = "<lambda>", MODULE_CODE = "<module>", EMPTY = "", KEYS = "keys", ITEMS = "items",
        VALUES = "values", GET_ITEM = "get", SEND = "send", THROW = "throw", CLOSE = "close", WRITE = "write",
        FLUSH = "flush", READLINE = "readline", STDOUT = "stdout", STDERR = "stderr", STDIN = "stdin",
        SEP = "sep", END = "end", UPDATE = "update", COPY = "copy", MRO_METHOD = "mro", APPEND = "append",
        ARGS = "args", VALUE = "value", PRINT_FILE_AND_LINE = "print_file_and_line",
        ORIGIN = "__origin__", PARAMETERS = "__parameters__", ARGS_DUNDER = "__args__",
        TYPING_UNPACKED = "__typing_unpacked_tuple_args__", TYPING_SUBST = "__typing_subst__",
        TYPING_PREPARE_SUBST = "__typing_prepare_subst__",
        REDUCE = "__reduce__", REDUCE_EX = "__reduce_ex__", GETSTATE = "__getstate__", SETSTATE = "__setstate__",
        GETNEWARGS = "__getnewargs__", GETNEWARGS_EX = "__getnewargs_ex__", COPYREG = "copyreg",
        ENCODING = "encoding", ERRORS = "errors", FILENO = "fileno", LAST_EXC = "last_exc",
        BUILTINS_MODULE = "builtins", SYS = "sys", DERIVE = "derive", KEY = "key", DEFAULT = "default",
        EXTEND = "extend", SUBCLASSHOOK = "__subclasshook__", JOIN = "join", SORT = "sort", ADD_METHOD = "add",
        MSG = "msg", NAME_PLAIN = "name", OBJ = "obj", CODE_PLAIN = "code",
        EXCEPTHOOK = "excepthook", UNRAISABLEHOOK = "unraisablehook", DISPLAYHOOK = "displayhook",
        ISINSTANCE_CLASS = "__class_or_tuple__",
    }
}

impl Name {
    /// Number of well-known names.
    pub const COUNT: usize = NAME_TEXTS.len();

    /// The text.
    pub const fn text(self) -> &'static str {
        NAME_TEXTS[self.0 as usize]
    }
}
