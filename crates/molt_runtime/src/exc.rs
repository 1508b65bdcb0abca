//! Ids and names of the builtin exception classes: the whole hierarchy of CPython 3.14, one row each.

use molt_abi::ClassId;

/// A row: class, base, and number of words that its instances add to those of the base.
pub struct ExcRow {
    pub id: ClassId,
    pub name: &'static str,
    pub base: ClassId,
    pub fields: &'static [&'static str],
}

macro_rules! exceptions {
    ($($id:ident = $name:literal : $base:ident [$($field:literal),*]),* $(,)?) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "index table of the constants below")]
        #[repr(u32)]
        enum Index { $($id,)* COUNT }
        $(pub const $id: ClassId = ClassId(ClassId::BUILTIN_COUNT + Index::$id as u32);)*
        /// First id after the exception classes.
        pub const END: u32 = ClassId::BUILTIN_COUNT + Index::COUNT as u32;
        /// All rows, bases before derived classes.
        pub const ROWS: &[ExcRow] = &[$(ExcRow { id: $id, name: $name, base: $base, fields: &[$($field),*] }),*];
    };
}

const BASE: ClassId = ClassId::BASE_EXCEPTION;
const EXCEPTION: ClassId = ClassId::EXCEPTION;

exceptions! {
    BASE_EXCEPTION_GROUP = "BaseExceptionGroup": BASE ["message", "exceptions"],
    GENERATOR_EXIT = "GeneratorExit": BASE [],
    KEYBOARD_INTERRUPT = "KeyboardInterrupt": BASE [],
    SYSTEM_EXIT = "SystemExit": BASE ["code"],
    ARITHMETIC_ERROR = "ArithmeticError": EXCEPTION [],
    ASSERTION_ERROR = "AssertionError": EXCEPTION [],
    ATTRIBUTE_ERROR = "AttributeError": EXCEPTION ["name", "obj"],
    BUFFER_ERROR = "BufferError": EXCEPTION [],
    EOF_ERROR = "EOFError": EXCEPTION [],
    EXCEPTION_GROUP = "ExceptionGroup": BASE_EXCEPTION_GROUP [],
    IMPORT_ERROR = "ImportError": EXCEPTION ["msg", "name", "path", "name_from"],
    LOOKUP_ERROR = "LookupError": EXCEPTION [],
    MEMORY_ERROR = "MemoryError": EXCEPTION [],
    NAME_ERROR = "NameError": EXCEPTION ["name"],
    OS_ERROR = "OSError": EXCEPTION ["errno", "strerror", "filename", "filename2", "characters_written"],
    REFERENCE_ERROR = "ReferenceError": EXCEPTION [],
    RUNTIME_ERROR = "RuntimeError": EXCEPTION [],
    STOP_ASYNC_ITERATION = "StopAsyncIteration": EXCEPTION [],
    STOP_ITERATION = "StopIteration": EXCEPTION ["value"],
    SYNTAX_ERROR = "SyntaxError": EXCEPTION
        ["msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset", "print_file_and_line"],
    SYSTEM_ERROR = "SystemError": EXCEPTION [],
    TYPE_ERROR = "TypeError": EXCEPTION [],
    VALUE_ERROR = "ValueError": EXCEPTION [],
    WARNING = "Warning": EXCEPTION [],
    FLOATING_POINT_ERROR = "FloatingPointError": ARITHMETIC_ERROR [],
    OVERFLOW_ERROR = "OverflowError": ARITHMETIC_ERROR [],
    ZERO_DIVISION_ERROR = "ZeroDivisionError": ARITHMETIC_ERROR [],
    MODULE_NOT_FOUND_ERROR = "ModuleNotFoundError": IMPORT_ERROR [],
    INDEX_ERROR = "IndexError": LOOKUP_ERROR [],
    KEY_ERROR = "KeyError": LOOKUP_ERROR [],
    UNBOUND_LOCAL_ERROR = "UnboundLocalError": NAME_ERROR [],
    BLOCKING_IO_ERROR = "BlockingIOError": OS_ERROR [],
    CHILD_PROCESS_ERROR = "ChildProcessError": OS_ERROR [],
    CONNECTION_ERROR = "ConnectionError": OS_ERROR [],
    BROKEN_PIPE_ERROR = "BrokenPipeError": CONNECTION_ERROR [],
    CONNECTION_ABORTED_ERROR = "ConnectionAbortedError": CONNECTION_ERROR [],
    CONNECTION_REFUSED_ERROR = "ConnectionRefusedError": CONNECTION_ERROR [],
    CONNECTION_RESET_ERROR = "ConnectionResetError": CONNECTION_ERROR [],
    FILE_EXISTS_ERROR = "FileExistsError": OS_ERROR [],
    FILE_NOT_FOUND_ERROR = "FileNotFoundError": OS_ERROR [],
    INTERRUPTED_ERROR = "InterruptedError": OS_ERROR [],
    IS_A_DIRECTORY_ERROR = "IsADirectoryError": OS_ERROR [],
    NOT_A_DIRECTORY_ERROR = "NotADirectoryError": OS_ERROR [],
    PERMISSION_ERROR = "PermissionError": OS_ERROR [],
    PROCESS_LOOKUP_ERROR = "ProcessLookupError": OS_ERROR [],
    TIMEOUT_ERROR = "TimeoutError": OS_ERROR [],
    NOT_IMPLEMENTED_ERROR = "NotImplementedError": RUNTIME_ERROR [],
    RECURSION_ERROR = "RecursionError": RUNTIME_ERROR [],
    PYTHON_FINALIZATION_ERROR = "PythonFinalizationError": RUNTIME_ERROR [],
    INDENTATION_ERROR = "IndentationError": SYNTAX_ERROR [],
    TAB_ERROR = "TabError": INDENTATION_ERROR [],
    INCOMPLETE_INPUT_ERROR = "_IncompleteInputError": SYNTAX_ERROR [],
    UNICODE_ERROR = "UnicodeError": VALUE_ERROR [],
    UNICODE_DECODE_ERROR = "UnicodeDecodeError": UNICODE_ERROR ["encoding", "object", "start", "end", "reason"],
    UNICODE_ENCODE_ERROR = "UnicodeEncodeError": UNICODE_ERROR ["encoding", "object", "start", "end", "reason"],
    UNICODE_TRANSLATE_ERROR = "UnicodeTranslateError": UNICODE_ERROR ["encoding", "object", "start", "end", "reason"],
    BYTES_WARNING = "BytesWarning": WARNING [],
    DEPRECATION_WARNING = "DeprecationWarning": WARNING [],
    ENCODING_WARNING = "EncodingWarning": WARNING [],
    FUTURE_WARNING = "FutureWarning": WARNING [],
    IMPORT_WARNING = "ImportWarning": WARNING [],
    PENDING_DEPRECATION_WARNING = "PendingDeprecationWarning": WARNING [],
    RESOURCE_WARNING = "ResourceWarning": WARNING [],
    RUNTIME_WARNING = "RuntimeWarning": WARNING [],
    SYNTAX_WARNING = "SyntaxWarning": WARNING [],
    UNICODE_WARNING = "UnicodeWarning": WARNING [],
    USER_WARNING = "UserWarning": WARNING [],
}
