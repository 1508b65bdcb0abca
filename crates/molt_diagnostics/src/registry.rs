//! The registry of diagnostic codes. One row makes the constant, the entry of the table and the page.

/// The codes of a language whose reference numbers them, and the list of all. `planned` marks codes that nothing reports
/// yet: they have no page.
macro_rules! numbered {
    ($language:literal, since $since:literal;
     $($name:ident = $id:literal, $number:literal $level:ident $($planned:ident)?, advice $advice:literal;)*) => {
        $(pub static $name: Code = Code {
            id: $id,
            number: Some($number),
            level: Level::$level,
            since: $since,
            exception: None,
            advice: $advice,
            page: numbered!(@page $language, $id $($planned)?),
        };)*

        /// All codes in the order of the reference.
        pub static ALL: &[&Code] = &[$(&$name),*];

        #[cfg(test)]
        mod tests {
            #[test]
            fn pages_open_with_their_id_and_number() {
                for code in super::ALL.iter().filter(|c| !c.page.is_empty()) {
                    assert!(code.page.starts_with(&format!("# {}\n", code.id)), "{}", code.id);
                    let number = code.number.expect("the codes of a reference have numbers");
                    assert!(code.page.contains(&format!("`{number}`: ")), "{}", code.id);
                }
            }
        }
    };
    (@page $language:literal, $id:literal) => {
        include_str!(concat!("../../../../docs/diagnostics/", $language, "/", $id, ".md"))
    };
    (@page $language:literal, $id:literal planned) => {
        ""
    };
}

pub mod claude;
pub mod grok;

/// How grave a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// No artefact is made.
    Error,
    Warning,
}

impl Level {
    pub fn text(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// One kind of finding.
#[derive(PartialEq, Eq, Debug)]
pub struct Code {
    /// Stable kebab-case name.
    pub id: &'static str,
    /// Code number that a language reference fixes, as `MLT2004`.
    pub number: Option<&'static str>,
    pub level: Level,
    /// Version that it came in.
    pub since: &'static str,
    /// Exception or warning class of CPython with the same meaning.
    pub exception: Option<&'static str>,
    /// What to do about it, where a finding has no better help.
    pub advice: &'static str,
    /// Text of `docs/diagnostics/<id>.md`.
    pub page: &'static str,
}

macro_rules! some {
    () => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

macro_rules! diagnostics {
    ($($name:ident = $id:literal, $($number:literal)? $level:ident, since $since:literal $(, cpython $exception:literal)?, advice $advice:literal;)*) => {
        $(pub static $name: Code = Code {
            id: $id,
            number: some!($($number)?),
            level: Level::$level,
            since: $since,
            exception: some!($($exception)?),
            advice: $advice,
            page: include_str!(concat!("../../../docs/diagnostics/", $id, ".md")),
        };)*

        /// All codes in the order of the registry.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

diagnostics! {
    INVALID_SYNTAX = "invalid-syntax", "MLT0101" Error, since "0.1", cpython "SyntaxError",
        advice "correct the marked place; `molt explain invalid-syntax` shows an example";
    INVALID_INDENTATION = "invalid-indentation", "MLT0102" Error, since "0.1", cpython "IndentationError",
        advice "indent the lines of one block alike, with blanks only";
    INVALID_ENCODING = "invalid-encoding", "MLT0103" Error, since "0.1", cpython "SyntaxError",
        advice "save the file as UTF-8, or declare its encoding in the first line: `# coding: latin-1`";
    NESTING_LIMIT = "nesting-limit", "MLT0104" Error, since "0.1", cpython "SyntaxError",
        advice "give the inner parts names: assign them to variables or move them to functions";
    SYNTAX_WARNING = "syntax-warning", "MLT0105" Warning, since "0.1", cpython "SyntaxWarning",
        advice "`molt explain syntax-warning` tells what CPython warns about";
    INVALID_SCOPE = "invalid-scope", "MLT0201" Error, since "0.1", cpython "SyntaxError",
        advice "declare the name once, before its first use, in the function that assigns it";
    MISPLACED_STATEMENT = "misplaced-statement", "MLT0202" Error, since "0.1", cpython "SyntaxError",
        advice "move it into the kind of block that it belongs to; `molt explain misplaced-statement` lists them";
    INVALID_TARGET = "invalid-target", "MLT0203" Error, since "0.1", cpython "SyntaxError",
        advice "assign to a name, an attribute, an item or a list of these; compare with `==`";
    DUPLICATE_PARAMETER = "duplicate-parameter", "MLT0204" Error, since "0.1", cpython "SyntaxError",
        advice "give each parameter and each keyword a name of its own";
    UNREACHABLE_PATTERN = "unreachable-pattern", "MLT0205" Error, since "0.1", cpython "SyntaxError",
        advice "move the pattern that matches everything to the end";
    UNSUPPORTED_CONSTRUCT = "unsupported-construct", Error, since "0.1",
        advice "write it in another way; the list of what is supported is in the user guide";
    MODULE_NOT_FOUND = "module-not-found", "MLT2004" Error, since "0.1", cpython "ModuleNotFoundError",
        advice "put the module beside the program, or catch ImportError around the import if it is optional";
    CANNOT_CROSS = "cannot-cross", Error, since "0.1",
        advice "give the module a function whose types have counterparts: the guide's page on languages lists them";
}

/// The code with this id or number. `grok/E0382` and `grok/use-after-move` are GrokLang's where a name alone is another's;
/// with `claude/` it is ClaudeLang's.
pub fn find(name: &str) -> Option<&'static Code> {
    let is = |name: &str, c: &Code| c.id == name || c.number.is_some_and(|n| n.eq_ignore_ascii_case(name));
    for (prefix, codes) in [("grok/", grok::ALL), ("claude/", claude::ALL)] {
        if let Some(name) = name.strip_prefix(prefix) {
            return codes.iter().copied().find(|c| is(name, c));
        }
    }
    ALL.iter().chain(grok::ALL).chain(claude::ALL).copied().find(|c| is(name, c))
}

/// Page of the code with this id or number: what it means, and what to do.
pub fn explain(name: &str) -> Option<String> {
    let code = find(name)?;
    if !code.page.is_empty() {
        return Some(code.page.to_string());
    }
    let number = code.number.map(|n| format!(" ({n})")).unwrap_or_default();
    Some(format!("# {}{number}\n\n{}: {}.\n", code.id, code.level.text(), code.advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_are_unique() {
        for (i, a) in ALL.iter().enumerate() {
            for b in &ALL[i + 1..] {
                assert_ne!(a.id, b.id);
                assert!(a.number.is_none() || a.number != b.number, "{} and {}", a.id, b.id);
            }
        }
    }

    #[test]
    fn pages_open_with_their_id_and_show_a_wrong_program_and_its_repair() {
        for code in ALL {
            assert!(code.page.starts_with(&format!("# {}\n", code.id)), "{}", code.id);
            assert_eq!(code.page.matches("```py\n").count(), 2, "{}", code.id);
        }
    }

    #[test]
    fn explain_takes_id_and_number() {
        assert!(explain("module-not-found").is_some());
        assert_eq!(explain("mlt2004"), explain("module-not-found"));
        assert_eq!(explain("nothing"), None);
        assert!(explain("E0382").is_some_and(|p| p.starts_with("# use-after-move\n\n`E0382`: ")));
        assert!(explain("W0110").is_some_and(|p| p.starts_with("# missing-signature (W0110)")));
        assert_eq!(find("grok/unreachable-pattern").and_then(|c| c.number), Some("W0107"));
    }
}
