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
    SHAPE = "pattern-shape", "E0304" Error,
        advice "write the pattern as the data type declares its constructors";
    NO_MODULE = "module-not-found", "E0601" Error,
        advice "put the module beside the program or into one of the folders that section 8 of the reference lists";
    NO_EXPORT = "name-not-exported", "E0602" Error,
        advice "add the name to the `export` form of the module";
    CYCLE = "import-cycle", "E0603" Error,
        advice "move what both modules need into a third one";
}
