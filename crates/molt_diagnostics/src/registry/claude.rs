//! Codes of ClaudeLang: numbers as section 4 of its reference fixes them.

use super::{Code, Level};

numbered! {
    "claude", since "0.3";
    SYNTAX = "malformed-syntax", "E0101" Error,
        advice "compare the place with the table of section 2 of the reference";
}
