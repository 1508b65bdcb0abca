//! Codes of GrokLang: numbers and names as section 4.8 of its reference fixes them.
//!
//! Codes shared with Rust keep Rust's number. A name may also be one of another language; the number tells them apart.

use super::{Code, Level};

numbered! {
    "grok", since "0.2";
    INVALID_CHARACTER = "invalid-character", "E1001" Error,
        advice "remove the character, or write it inside a string";
    UNTERMINATED_LITERAL = "unterminated-literal", "E1002" Error,
        advice "close it with the delimiter that opened it";
    INVALID_ESCAPE = "invalid-escape", "E1003" Error,
        advice "use one of `\\n \\t \\r \\0 \\\\ \\\" \\' \\xNN \\u{N}`, or a raw string `r\"...\"`";
    LITERAL_OUT_OF_RANGE = "literal-out-of-range", "E1004" Error,
        advice "choose a wider type or a smaller number";
    INVALID_NUMBER = "invalid-number", "E1005" Error,
        advice "write digits of the base, with `_` between them if you like, and a known suffix";
    UNEXPECTED_TOKEN = "unexpected-token", "E1010" Error,
        advice "compare the place with the grammar; a delimiter or operator before it may be wrong";
    UNCLOSED_DELIMITER = "unclosed-delimiter", "E1011" Error,
        advice "add the closing delimiter";
    CHAINED_COMPARISON = "chained-comparison", "E1012" Error,
        advice "write `a < b && b < c`";
    STRUCT_LITERAL_IN_CONDITION = "struct-literal-in-condition", "E1013" Error,
        advice "put the literal in parentheses";
    INVALID_ATTRIBUTE = "invalid-attribute", "E1014" Error,
        advice "use an attribute that the language knows, in a place that takes it";
    NESTING_TOO_DEEP = "nesting-too-deep", "E1015" Error,
        advice "give the inner parts names: bind them to variables or move them to functions";
    MISSING_SEPARATOR = "missing-separator", "E1016" Error,
        advice "add `,` or `;` between the two";
    UNKNOWN_TYPE = "unknown-type", "E0412" Error,
        advice "declare the type, import it with `use`, or correct its name";
    UNKNOWN_NAME = "unknown-name", "E0425" Error,
        advice "declare it before this place, import it with `use`, or correct its name";
    UNRESOLVED_IMPORT = "unresolved-import", "E0432" Error,
        advice "correct the path, or make the imported item `pub`";
    UNRESOLVED_PATH = "unresolved-path", "E0433" Error,
        advice "correct the first part of the path, or declare the module";
    UNKNOWN_TRAIT = "unknown-trait", "E0405" Error,
        advice "declare the trait, import it with `use`, or correct its name";
    PRIVATE_ITEM = "private-item", "E0603" Error,
        advice "make the item `pub`, or use what its module offers publicly";
    PRIVATE_FIELD = "private-field", "E0616" Error,
        advice "make the field `pub`, or use a method of the type";
    PRIVATE_TYPE_IN_PUBLIC = "private-type-in-public", "E0446" Error,
        advice "make the type as public as the item that names it";
    DUPLICATE_DEFINITION = "duplicate-definition", "E0428" Error,
        advice "rename one of the two";
    DUPLICATE_PARAMETER = "duplicate-parameter", "E0415" Error,
        advice "give each parameter a name of its own";
    DUPLICATE_BINDING = "duplicate-binding", "E0416" Error,
        advice "give each binding of a pattern a name of its own";
    MODULE_FILE_MISSING = "module-file-missing", "E0583" Error,
        advice "create the file, or write the module's body in braces";
    IMPORT_CYCLE = "import-cycle", "E1020" Error,
        advice "move what both modules need into a third one";
    UNKNOWN_LABEL = "unknown-label", "E0426" Error,
        advice "write the label before a loop or block around this place";
    TYPE_MISMATCH = "type-mismatch", "E0308" Error,
        advice "convert the value, or change the type that is expected";
    TYPE_UNKNOWN = "type-unknown", "E0282" Error,
        advice "write the type, for example `let x: T = ..`";
    ARGUMENT_COUNT = "argument-count", "E0061" Error,
        advice "pass one argument for each parameter";
    GENERIC_COUNT = "generic-count", "E0107" Error,
        advice "write as many generic arguments as the item declares";
    BOUND_NOT_SATISFIED = "bound-not-satisfied", "E0277" Error,
        advice "implement the trait for the type, or add the bound";
    UNKNOWN_METHOD = "unknown-method", "E0599" Error,
        advice "correct the name, or bring the trait that declares it into scope";
    AMBIGUOUS_METHOD = "ambiguous-method", "E0034" Error,
        advice "say which one is meant: `Trait::method(value)`";
    UNKNOWN_FIELD = "unknown-field", "E0609" Error,
        advice "correct the name of the field";
    MISSING_FIELD = "missing-field", "E0063" Error,
        advice "give every field a value, or end the literal with `..other`";
    EXTRA_FIELD = "extra-field", "E0560" Error,
        advice "remove the field or correct its name";
    OPERATOR_NOT_DEFINED = "operator-not-defined", "E0369" Error,
        advice "implement the operator's trait for the type";
    INVALID_CAST = "invalid-cast", "E0605" Error,
        advice "use `From`, `TryFrom` or a method that converts";
    NOT_DEREFERENCEABLE = "not-dereferenceable", "E0614" Error,
        advice "remove the `*`";
    NOT_CALLABLE = "not-callable", "E0618" Error,
        advice "call a function or closure";
    INFINITE_SIZE = "infinite-size", "E0072" Error,
        advice "put the inner value in a `Box`, `Rc` or `Vec`";
    ASSOCIATED_TYPE_MISMATCH = "associated-type-mismatch", "E0271" Error,
        advice "make the associated type what the bound asks for";
    CYCLIC_DEFINITION = "cyclic-definition", "E0391" Error,
        advice "break the cycle by naming one of the types or values";
    ORPHAN_IMPLEMENTATION = "orphan-implementation", "E0117" Error,
        advice "implement your own trait, or implement the trait for your own type";
    OVERLAPPING_IMPLEMENTATION = "overlapping-implementation", "E0119" Error,
        advice "remove one of the two, or narrow the blanket implementation";
    UNCONSTRAINED_PARAMETER = "unconstrained-parameter", "E0207" Error,
        advice "remove the parameter, or name it in the type or in the trait's arguments";
    MISSING_MEMBER = "missing-member", "E0046" Error,
        advice "implement every required member of the trait";
    EXTRA_MEMBER = "extra-member", "E0407" Error,
        advice "remove the member, or declare it in the trait";
    MEMBER_SIGNATURE = "member-signature", "E0053" Error,
        advice "give the member the signature that the trait declares";
    NOT_OBJECT_SAFE = "not-object-safe", "E0038" Error,
        advice "use a type parameter instead of `dyn`, or make the method object safe";
    BOUND_RECURSION = "bound-recursion", "E0275" Error planned,
        advice "break the cycle of bounds";
    MATCH_NOT_EXHAUSTIVE = "match-not-exhaustive", "E0004" Error,
        advice "add arms for the cases that are missing, or a last arm `_ => ..`";
    REFUTABLE_PATTERN = "refutable-pattern", "E0005" Error,
        advice "use `let .. else`, `if let` or `match`";
    PATTERN_ARITY = "pattern-arity", "E0023" Error,
        advice "write one pattern for each field";
    PATTERN_UNKNOWN_FIELD = "pattern-unknown-field", "E0026" Error,
        advice "correct the name of the field";
    PATTERN_MISSING_FIELD = "pattern-missing-field", "E0027" Error,
        advice "name every field, or end the pattern with `..`";
    OR_PATTERN_BINDINGS = "or-pattern-bindings", "E0408" Error,
        advice "bind the same names in every alternative";
    BREAK_OUTSIDE_LOOP = "break-outside-loop", "E0267" Error,
        advice "move it into a loop";
    BREAK_WITH_VALUE = "break-with-value", "E0571" Error,
        advice "use `loop` for a value, or leave the value out";
    RETURN_OUTSIDE_FUNCTION = "return-outside-function", "E0572" Error,
        advice "move it into a function";
    AWAIT_OUTSIDE_ASYNC = "await-outside-async", "E0728" Error,
        advice "make the function `async`, or use `task::block_on`";
    UNSAFE_REQUIRED = "unsafe-required", "E0133" Error,
        advice "put the operation in an `unsafe` block";
    USED_BEFORE_INIT = "used-before-init", "E0381" Error,
        advice "give the variable a value on every path before its use";
    USE_AFTER_MOVE = "use-after-move", "E0382" Error,
        advice "borrow instead of moving, or `clone()` the value";
    ASSIGNED_TWICE = "assigned-twice", "E0384" Error,
        advice "declare the variable with `let mut`";
    TWO_EXCLUSIVE_BORROWS = "two-exclusive-borrows", "E0499" Error,
        advice "end the first borrow before the second begins";
    SHARED_AND_EXCLUSIVE_BORROW = "shared-and-exclusive-borrow", "E0502" Error,
        advice "end the one borrow before the other begins";
    USED_WHILE_BORROWED = "used-while-borrowed", "E0503" Error,
        advice "use the value after the borrow ends";
    MOVED_WHILE_BORROWED = "moved-while-borrowed", "E0505" Error,
        advice "move the value after the borrow ends";
    ASSIGNED_WHILE_BORROWED = "assigned-while-borrowed", "E0506" Error,
        advice "assign after the borrow ends";
    MOVED_OUT_OF_BORROW = "moved-out-of-borrow", "E0507" Error,
        advice "borrow, `clone()`, or take the value out with `mem::take` or `Option::take`";
    MOVED_OUT_OF_DROP_TYPE = "moved-out-of-drop-type", "E0509" Error,
        advice "borrow the field, or take it out with `mem::take`";
    ASSIGNED_TO_IMMUTABLE = "assigned-to-immutable", "E0594" Error,
        advice "declare the variable with `mut`, or the reference as `&mut`";
    BORROWED_IMMUTABLE_AS_MUTABLE = "borrowed-immutable-as-mutable", "E0596" Error,
        advice "declare the variable with `mut`, or the reference as `&mut`";
    BORROW_OUTLIVES_OWNER = "borrow-outlives-owner", "E0597" Error,
        advice "let the owner live longer, or end the borrow earlier";
    RETURNED_LOCAL_REFERENCE = "returned-local-reference", "E0515" Error,
        advice "return the value itself, or a reference to something the caller passed";
    BORROW_ESCAPES = "borrow-escapes", "E0521" Error,
        advice "let the data live as long as the place it escapes to";
    TEMPORARY_DROPPED = "temporary-dropped", "E0716" Error,
        advice "bind the temporary value to a variable";
    CLOSURE_OUTLIVES_BORROW = "closure-outlives-borrow", "E0373" Error,
        advice "add `move` so that the closure owns what it uses";
    MISSING_LIFETIME = "missing-lifetime", "E0106" Error,
        advice "name a lifetime: `fn f<'a>(x: &'a T, y: &T) -> &'a T`";
    UNDECLARED_LIFETIME = "undeclared-lifetime", "E0261" Error,
        advice "declare the lifetime: `<'a>` after the item's name";
    LIFETIME_MISMATCH = "lifetime-mismatch", "E0621" Error,
        advice "give the parameter the lifetime that the result needs";
    NOT_SEND = "not-send", "E1401" Error,
        advice "send owned data, or share it in an `Arc`";
    UNKNOWN_MESSAGE = "unknown-message", "E1402" Error,
        advice "send one of the messages that the actor handles";
    RECEIVE_OUTSIDE_ACTOR = "receive-outside-actor", "E1403" Error,
        advice "move it into an actor";
    ACTOR_STATE_ACCESS = "actor-state-access", "E1404" Error,
        advice "ask the actor through a handler";
    MESSAGE_NOT_OWNED = "message-not-owned", "E1405" Error,
        advice "send an owned value: `to_string()`, `to_vec()` or `clone()`";
    NOT_RESTARTABLE = "not-restartable", "E1406" Error,
        advice "derive `Clone` for the fields, or give the child as a closure";
    LOCK_ORDER = "lock-order", "E1407" Error,
        advice "take the locks in the declared order";
    NO_RULE_MATCHES = "no-rule-matches", "E1301" Error,
        advice "write the call as one of the macro's rules says";
    MACRO_TOO_DEEP = "macro-too-deep", "E1302" Error,
        advice "end the recursion of the macro";
    BAD_FRAGMENT = "bad-fragment", "E1303" Error,
        advice "use one of `ident expr ty pat stmt block item path literal lifetime vis meta tt`";
    REPETITION_MISMATCH = "repetition-mismatch", "E1304" Error,
        advice "repeat the variables of one repetition equally often";
    UNKNOWN_MACRO = "unknown-macro", "E1305" Error,
        advice "declare the macro before this place, or correct its name";
    CONST_EVALUATION = "const-evaluation", "E0080" Error,
        advice "change the constant so that its evaluation ends with a value";
    DECORATOR_ARGUMENT = "decorator-argument", "E1501" Error,
        advice "give the decorator the arguments that it takes";
    UNSAFE_SUGGESTION = "unsafe-suggestion", "E1502" Error planned,
        advice "keep the original, or review the suggestion by hand";
    NOT_FFI_SAFE = "not-ffi-safe", "E1601" Error planned,
        advice "use types that both languages share";
    FOREIGN_SYMBOL_MISSING = "foreign-symbol-missing", "E1602" Error planned,
        advice "link the library that defines the symbol";
    UNKNOWN_ABI = "unknown-abi", "E1603" Error,
        advice "use `\"C\"`, `\"system\"` or `\"python\"`";
    MANIFEST_INVALID = "manifest-invalid", "E1701" Error,
        advice "correct the key in the manifest";
    DEPENDENCY_UNRESOLVED = "dependency-unresolved", "E1702" Error,
        advice "correct the name, version or path of the dependency";
    LOCK_OUT_OF_DATE = "lock-out-of-date", "E1703" Error,
        advice "run the command again without `--locked`";
    UNUSED_VARIABLE = "unused-variable", "W0101" Warning,
        advice "remove it, or begin its name with `_`";
    UNUSED_IMPORT = "unused-import", "W0102" Warning,
        advice "remove the import";
    UNUSED_RESULT = "unused-result", "W0103" Warning,
        advice "use the result, or write `let _ = ..`";
    UNREACHABLE_CODE = "unreachable-code", "W0104" Warning,
        advice "remove what can never run";
    UNUSED_MUT = "unused-mut", "W0105" Warning,
        advice "remove `mut`";
    JOINED_LINES = "joined-lines", "W0106" Warning,
        advice "end the first line with `;` if two statements are meant";
    UNREACHABLE_PATTERN = "unreachable-pattern", "W0107" Warning,
        advice "remove the arm, or move it before the arms that cover it";
    DEAD_CODE = "dead-code", "W0108" Warning,
        advice "remove it, or use it";
    NAMING = "naming", "W0109" Warning,
        advice "follow the naming convention";
    MISSING_SIGNATURE = "missing-signature", "W0110" Warning planned,
        advice "write the types of the signature";
    UNUSED_LIFETIME = "unused-lifetime", "W0111" Warning planned,
        advice "remove the lifetime";
    POSSIBLE_DEADLOCK = "possible-deadlock", "W0201" Warning,
        advice "take the locks in one order, and hold none while waiting";
    RECEIVE_WITHOUT_TIMEOUT = "receive-without-timeout", "W0202" Warning,
        advice "add `within` or `after`";
    AI_TIMED_OUT = "ai-timed-out", "W0301" Warning planned,
        advice "run the build again, or raise the time-out";
    AI_UNAVAILABLE = "ai-unavailable", "W0302" Warning planned,
        advice "configure a backend, or remove the decorator";
    AI_REJECTED = "ai-rejected", "W0303" Warning planned,
        advice "see the report of the gate that failed";
    AI_NO_GAIN = "ai-no-gain", "W0304" Warning planned,
        advice "remove the decorator if no gain is expected";
    API_KEY_IN_MANIFEST = "api-key-in-manifest", "W0305" Warning,
        advice "set the environment variable instead";
    UNKNOWN_KEY = "unknown-key", "W0401" Warning,
        advice "remove the key, or correct its name";
}
