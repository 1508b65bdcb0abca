//! Codes of ClaudeLang: numbers as section 4 of its reference fixes them.

use super::{Code, Level};

numbered! {
    "claude", since "0.3";
    SYNTAX = "malformed-syntax", "E0101" Error,
        advice "compare the place with the tables of sections 2 and 3 of the reference";
    UNBOUND = "unbound-name", "E0201" Error,
        advice "define the name, import it, or correct its spelling";
    DUPLICATE = "duplicate-binding", "E0202" Error,
        advice "give each of the two a name of its own";
    TARGET = "misplaced-target", "E0203" Error,
        advice "`recur` ends a turn of a loop, `resume` stands in a control clause, `set!` assigns a variable of this module";
    TYPE = "type-mismatch", "E0301" Error,
        advice "give it a value of the type that is expected, or correct the annotation";
    COUNT = "wrong-argument-count", "E0302" Error,
        advice "call it with as many operands as it has parameters";
    NO_PROCEDURE = "not-a-procedure", "E0303" Error,
        advice "what stands first in a form is called: leave the brackets out, or quote the list";
    SHAPE = "pattern-shape", "E0304" Error,
        advice "write the pattern as the data type declares its constructors";
    UNDECLARED = "undeclared-effect", "E0401" Error,
        advice "add the label to the declared row, or handle the operation inside";
    IMPURE = "impure-procedure", "E0402" Error,
        advice "give it a procedure that performs nothing";
    UNHANDLED = "unhandled-effect", "E0403" Error,
        advice "put a `handler` with a clause for the operation around it";
    DENIED = "denied-capability", "E0404" Error,
        advice "grant the capability, or handle the operation inside of the sandbox";
    IMPURE_CONDITION = "impure-condition", "E0502" Error,
        advice "leave out what performs or assigns: a condition only says what is so";
    NO_MODULE = "module-not-found", "E0601" Error,
        advice "put the module beside the program or into one of the folders that section 8 of the reference lists";
    NO_EXPORT = "name-not-exported", "E0602" Error,
        advice "add the name to the `export` form of the module";
    CYCLE = "import-cycle", "E0603" Error,
        advice "move what both modules need into a third one";
    DEPENDENCY = "dependency-unresolved", "E0604" Error,
        advice "correct the range, or publish a version that fits";
    LOCK = "lock-out-of-date", "E0605" Error,
        advice "`claudelang package update` settles the versions anew";
    UNUSED = "unused-variable", "W0101" Warning,
        advice "leave it out, or begin its name with `_`";
    SHADOWED = "shadowed-variable", "W0102" Warning,
        advice "give the inner variable another name";
    SHARED = "shared-variable", "W0103" Warning,
        advice "keep the value in a Ref and change it with `swap!`, or send it through a channel";
    NOT_EXHAUSTIVE = "non-exhaustive-match", "W0201" Warning,
        advice "add branches for what is missing, or a last one with `_`";
    UNREACHABLE = "unreachable-match-branch", "W0202" Warning,
        advice "leave the branch out, or move it before the one that takes its values";
    NO_ELSE = "missing-else", "W0301" Warning,
        advice "say what the value is otherwise, or use `when`";
    EMPTY_LET = "empty-let", "W0302" Warning,
        advice "leave the `let` out";
    REDUNDANT_LAMBDA = "redundant-lambda", "W0303" Warning,
        advice "use the procedure that it calls";
    LONG = "long-function", "W0304" Warning,
        advice "give parts of it names of their own";
    NAMING = "naming-convention", "W0305" Warning,
        advice "variables are `kebab-case`, types and constructors are `CamelCase`";
    UNANNOTATED = "missing-type-annotation", "W0306" Warning,
        advice "write `(name : T)` for parameters, and `: T` after them for the result";
    UNKNOWN_ROW = "unknown-row", "W0401" Warning,
        advice "annotate what is called with its type and row";
    ESCAPING = "escaping-resume", "W0402" Warning,
        advice "call `resume` in the clause, or see to it that whoever gets it resumes or discontinues once";
}
