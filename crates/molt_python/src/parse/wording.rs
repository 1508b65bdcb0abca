//! CPython's words for the parser's errors.

use molt_diagnostics::Code;
use molt_diagnostics::registry::{INVALID_INDENTATION, INVALID_SYNTAX, INVALID_TARGET};
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, ParseErrorType, UnsupportedSyntaxError, UnsupportedSyntaxErrorKind,
};
use ruff_text_size::TextRange;

use crate::nesting::{bracket_level, string_start};

/// CPython's words for a parse error, where it has any.
pub fn wording(error: &ParseErrorType, text: &str, range: TextRange) -> (&'static Code, String) {
    use ParseErrorType as E;
    let syntax = |m: &str| (&INVALID_SYNTAX, m.to_owned());
    let source = &text[range];
    match error {
        E::Lexical(lexical) => lexical_wording(lexical, text, range),
        E::UnexpectedIndentation => (&INVALID_INDENTATION, "unexpected indent".to_owned()),
        E::ExpectedToken { expected, found } => expected_token(*expected, *found, text, range),
        E::OtherError(m)
            if m.starts_with("Expected an indented block") || m.starts_with("expected an indented block") =>
        {
            (&INVALID_INDENTATION, expected_block(text, range))
        }
        E::OtherError(m) if m == "Missing closing bracket `]`" => syntax("'[' was never closed"),
        E::OtherError(m) if m == "Missing closing brace `}`" => syntax("'{' was never closed"),
        E::OtherError(m) if m == "Missing closing parenthesis `)`" => syntax("'(' was never closed"),
        E::OtherError(m) if m.contains("`except` or `finally`") => syntax("expected 'except' or 'finally' block"),
        E::OtherError(m) if m.starts_with("Bytes literal cannot be mixed") => {
            syntax("cannot mix bytes and nonbytes literals")
        }
        E::OtherError(m) if m.starts_with("Multiple exception types must be parenthesized") => {
            syntax("multiple exception types must be parenthesized")
        }
        E::OtherError(m) if m == "Trailing comma not allowed" => {
            syntax("trailing comma not allowed without surrounding parentheses")
        }
        E::OtherError(m) if m == "Positional patterns cannot follow keyword patterns" => {
            syntax("positional patterns follow keyword patterns")
        }
        E::EmptyGlobalNames | E::EmptyNonlocalNames | E::EmptyDeleteTargets | E::EmptySlice => syntax("invalid syntax"),
        E::EmptyImportNames => syntax("Expected one or more names after 'import'"),
        E::EmptyTypeParams => syntax("Type parameter list cannot be empty"),
        E::UnparenthesizedGeneratorExpression => syntax("Generator expression must be parenthesized"),
        E::InvalidStarredExpressionUsage => syntax("can't use starred expression here"),
        E::InvalidMatchPatternTarget => syntax("cannot use '_' as a target"),
        E::ParamAfterVarKeywordParam => syntax("arguments cannot follow var-keyword argument"),
        E::NonDefaultParamAfterDefaultParam => syntax("parameter without a default follows parameter with a default"),
        E::VarParameterWithDefault => syntax("var-positional argument cannot have default value"),
        E::InvalidAssignmentTarget => assignment_target(source, text, range),
        E::InvalidNamedAssignmentTarget => target(source, "use assignment expressions with", ""),
        E::InvalidAnnotatedAssignmentTarget => (&INVALID_TARGET, "illegal target for annotation".to_owned()),
        E::InvalidAugmentedAssignmentTarget => {
            (&INVALID_TARGET, format!("'{}' is an illegal expression for augmented assignment", describe(source)))
        }
        E::InvalidDeleteTarget => target(source, "delete", ""),
        E::PositionalAfterKeywordArgument => syntax("positional argument follows keyword argument"),
        E::PositionalAfterKeywordUnpacking => syntax("positional argument follows keyword argument unpacking"),
        E::InvalidArgumentUnpackingOrder => syntax("iterable argument unpacking follows keyword argument unpacking"),
        E::IterableUnpackingInComprehension => syntax("iterable unpacking cannot be used in comprehension"),
        E::ExpectedKeywordParam => syntax("named arguments must follow bare *"),
        E::ExpectedRealNumber => syntax("real number required in complex literal"),
        E::ExpectedImaginaryNumber => syntax("imaginary number required in complex literal"),
        E::FStringError(e) => (&INVALID_SYNTAX, format!("f-string: {}", interpolation_wording(e))),
        E::TStringError(e) => (&INVALID_SYNTAX, format!("t-string: {}", interpolation_wording(e))),
        E::StringAnnotationError(_)
        | E::UnparenthesizedNamedExpression
        | E::UnparenthesizedTupleExpression
        | E::InvalidLambdaExpressionUsage
        | E::InvalidYieldExpressionUsage
        | E::InvalidStarPatternUsage
        | E::SimpleStatementsOnSameLine
        | E::SimpleAndCompoundStatementOnSameLine
        | E::ExpectedExpression
        | E::UnexpectedTokenAfterAsync(_)
        | E::UnexpectedIpythonEscapeCommand
        | E::UnexpectedExpressionToken
        | E::OtherError(_) => syntax("invalid syntax"),
    }
}

/// Targets of assignments; where the whole left side could be a comparison, CPython asks whether it should be one.
fn assignment_target(source: &str, text: &str, range: TextRange) -> (&'static Code, String) {
    let kind = describe(source);
    let before = text[..range.start().to_usize()].trim_end();
    if kind == "yield expression" && !before.ends_with('(') {
        return (&INVALID_TARGET, "assignment to yield expression not possible".to_owned());
    }
    if kind == "starred" {
        return (&INVALID_TARGET, "starred assignment target must be in a list or tuple".to_owned());
    }
    let loose = ["lambda", "conditional expression", "comparison", "generator expression", "True", "False", "None"];
    let after = text[range.end().to_usize()..].trim_start_matches([' ', '\t', ')']);
    let whole = after.starts_with('=') && !after.starts_with("==") && !before.ends_with([',', '[', '=']);
    let tail = if whole && !loose.contains(&kind) { "here. Maybe you meant '==' instead of '='?" } else { "" };
    target(source, "assign to", tail)
}

fn target(source: &str, verb: &str, tail: &str) -> (&'static Code, String) {
    let gap = if tail.is_empty() { "" } else { " " };
    (&INVALID_TARGET, format!("cannot {verb} {}{gap}{tail}", describe(source)))
}

/// CPython's name of the kind of expression.
fn describe(source: &str) -> &'static str {
    use ruff_python_ast::Expr;
    if source.starts_with("yield") {
        return "yield expression";
    }
    if source.starts_with('*') {
        return "starred";
    }
    let Ok(parsed) = ruff_python_parser::parse_parenthesized_expression_range(
        source,
        TextRange::up_to(ruff_text_size::TextSize::of(source)),
    ) else {
        return "expression";
    };
    match &*parsed.syntax().body {
        Expr::Call(_) => "function call",
        Expr::BinOp(_) | Expr::UnaryOp(_) | Expr::BoolOp(_) => "expression",
        Expr::Compare(_) => "comparison",
        Expr::Lambda(_) => "lambda",
        Expr::If(_) => "conditional expression",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Generator(_) => "generator expression",
        Expr::Await(_) => "await expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::FString(_) => "f-string expression",
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => "literal",
        Expr::BooleanLiteral(b) => {
            if b.value {
                "True"
            } else {
                "False"
            }
        }
        Expr::NoneLiteral(_) => "None",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::Named(_) => "named expression",
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Tuple(_) => "tuple",
        Expr::List(_) => "list",
        _ => "expression",
    }
}

fn expected_token(expected: TokenKind, found: TokenKind, text: &str, range: TextRange) -> (&'static Code, String) {
    let syntax = |m: &str| (&INVALID_SYNTAX, m.to_owned());
    match (expected, found) {
        (TokenKind::Colon, TokenKind::Rbrace | TokenKind::Comma) => syntax("':' expected after dictionary key"),
        (TokenKind::Colon, TokenKind::Equal) if ends_with_name(&text[..range.start().to_usize()]) => {
            syntax("invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
        }
        (TokenKind::Colon, TokenKind::Newline | TokenKind::EndOfFile) => syntax("expected ':'"),
        (TokenKind::Colon, _) if forces_colon(text, range) => syntax("expected ':'"),
        (TokenKind::Indent, _) => (&INVALID_INDENTATION, expected_block(text, range)),
        (TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace, TokenKind::EndOfFile) => syntax(match expected {
            TokenKind::Rpar => "'(' was never closed",
            TokenKind::Rsqb => "'[' was never closed",
            _ => "'{' was never closed",
        }),
        _ => syntax("invalid syntax"),
    }
}

/// Whether the statement's header must go on with a colon whatever follows.
fn forces_colon(text: &str, range: TextRange) -> bool {
    let before = &text[..range.start().to_usize()];
    let line = before[before.rfind('\n').map_or(0, |i| i + 1)..].trim_start();
    let word: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
    matches!(word.as_str(), "def" | "else" | "try" | "finally") || word == "for" && !line.contains(" in ")
}

fn ends_with_name(text: &str) -> bool {
    let word = last_word(text);
    !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) && !is_keyword(word)
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t']);
    let start = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
        "raise", "return", "try", "while", "with", "yield",
    ];
    KEYWORDS.binary_search(&word).is_ok()
}

/// A more helpful message for "invalid syntax" at an offset, as CPython guesses.
pub fn better_guess(text: &str, at: usize) -> String {
    let (before, after) = (&text[..at], &text[at..]);
    if let Some(message) = bad_number(before, after) {
        return message;
    }
    let trimmed = before.trim_end_matches([' ', '\t']);
    let previous = last_word(before);
    let statement = trimmed.len() == previous.len()
        || trimmed[..trimmed.len() - previous.len()].trim_end_matches([' ', '\t']).ends_with(['\n', ';']);
    if statement && matches!(previous, "print" | "exec") && !after.starts_with(['\n', '=', '.', ')']) {
        return format!("Missing parentheses in call to '{previous}'. Did you mean {previous}(...)?");
    }
    if after.starts_with('}') && trimmed.ends_with('{') {
        return "f-string: valid expression required before '}'".to_owned();
    }
    let level = bracket_level(text, at);
    let begins = after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '(' | '[' | '{'))
        && !is_keyword(first_word(after));
    let ends = trimmed.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | ')' | ']' | '}'))
        && !is_keyword(previous);
    let prefix = !previous.is_empty() && after.starts_with(['"', '\'']);
    if level > 0 && begins && ends && !prefix {
        return "invalid syntax. Perhaps you forgot a comma?".to_owned();
    }
    if level > 0 && after.starts_with('=') && trimmed.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return match previous {
            "True" | "False" | "None" => format!("cannot assign to {previous}"),
            _ => "expression cannot contain assignment, perhaps you meant \"==\"?".to_owned(),
        };
    }
    "invalid syntax".to_owned()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Message for a name that follows a number without a blank, or for digits that the base does not have.
fn bad_number(before: &str, after: &str) -> Option<String> {
    let word = before.len() - last_word(before).len();
    if before.ends_with([' ', '\t', '\n']) || word == before.len() {
        return None;
    }
    let number = &before[word..];
    if !number.starts_with(|c: char| c.is_ascii_digit())
        || !after.starts_with(|c: char| c.is_alphanumeric() || c == '_') && !number.ends_with('_')
    {
        return None;
    }
    let digit = after.chars().next().filter(char::is_ascii_digit);
    let (name, plain) = match number.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => ("hexadecimal", true),
        Some("0o") => ("octal", false),
        Some("0b") => ("binary", false),
        _ => ("decimal", true),
    };
    Some(match digit {
        Some(d) if !plain => format!("invalid digit '{d}' in {name} literal"),
        _ => format!("invalid {name} literal"),
    })
}

fn unterminated(text: &str, range: TextRange) -> String {
    let start = string_start(text, range.start().to_usize()).unwrap_or(range.start().to_usize());
    let literal = text[start..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let triple = literal.starts_with("\"\"\"") || literal.starts_with("'''");
    let end = if triple { text.trim_end_matches('\n').len() } else { start };
    let line = text[..end].matches('\n').count() + 1;
    let kind = if triple { "triple-quoted string" } else { "string" };
    format!("unterminated {kind} literal (detected at line {line})")
}

/// The message of the codec that decodes escapes, with the range in the literal's bytes.
fn bad_escape(text: &str, range: TextRange) -> String {
    let at = range.start().to_usize().min(text.len());
    let start = string_start(text, at).unwrap_or(at);
    let quotes = text[start..].find(['"', '\'']).unwrap_or(0);
    let triple = text[start + quotes..].starts_with("\"\"\"") || text[start + quotes..].starts_with("'''");
    let content = start + quotes + if triple { 3 } else { 1 };
    let Some(back) = text[content.min(at)..at].rfind('\\') else { return "invalid syntax".to_owned() };
    let escape = &text[content + back..];
    // The codec sees characters outside ASCII as ten-byte escapes.
    let width = |s: &str| s.chars().map(|c| if c.is_ascii() { 1 } else { 10 }).sum::<usize>();
    let from = width(&text[content..content + back]);
    let hex = |n: usize| escape[2..].chars().take(n).take_while(char::is_ascii_hexdigit).count();
    let (length, reason) = match escape[1..].chars().next() {
        Some('x') => (2 + hex(2), "truncated \\xXX escape"),
        Some('u') => (2 + hex(4), "truncated \\uXXXX escape"),
        Some('U') if hex(8) == 8 => (10, "illegal Unicode character"),
        Some('U') => (2 + hex(8), "truncated \\UXXXXXXXX escape"),
        _ => match (escape[2..].starts_with('{'), escape.find('}')) {
            (true, Some(end)) if end > 3 => (end + 1, "unknown Unicode character name"),
            _ => (2, "malformed \\N character escape"),
        },
    };
    format!(
        "(unicode error) 'unicodeescape' codec can't decode bytes in position {from}-{}: {reason}",
        from + length - 1
    )
}

/// Syntax of versions after the one compiled.
pub fn unsupported(error: &UnsupportedSyntaxError) -> String {
    match error.kind {
        UnsupportedSyntaxErrorKind::UnpackingInComprehension(_) => {
            let dict = error.to_string().contains("dict");
            let what = if dict {
                "dict unpacking cannot be used in dict comprehension"
            } else {
                "iterable unpacking cannot be used in comprehension"
            };
            what.to_owned()
        }
        _ => error.to_string(),
    }
}

/// "expected an indented block after 'if' statement on line 1".
fn expected_block(text: &str, range: TextRange) -> String {
    let before = text[..range.start().to_usize()].trim_end();
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let header = before[start..].trim_start();
    let line = before[..start].matches('\n').count() + 1;
    let word: String = header.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let what = match word.as_str() {
        "def" => "function definition".to_owned(),
        "class" => "class definition".to_owned(),
        "if" | "elif" | "for" | "while" | "with" | "try" | "else" | "except" | "finally" | "match" | "case" => {
            format!("'{word}' statement")
        }
        _ => return "expected an indented block".to_owned(),
    };
    format!("expected an indented block after {what} on line {line}")
}

fn lexical_wording(error: &LexicalErrorType, text: &str, range: TextRange) -> (&'static Code, String) {
    use LexicalErrorType as L;
    let message = match error {
        L::IndentationError => {
            return (&INVALID_INDENTATION, "unindent does not match any outer indentation level".to_owned());
        }
        L::UnclosedStringError => unterminated(text, range),
        L::UnicodeError | L::MissingUnicodeLbrace | L::MissingUnicodeRbrace => bad_escape(text, range),
        L::UnrecognizedToken { tok } if tok.is_ascii() => "invalid syntax".to_owned(),
        L::UnrecognizedToken { tok } => format!("invalid character '{tok}' (U+{:04X})", u32::from(*tok)),
        L::FStringError(e) => format!("f-string: {}", interpolation_wording(e)),
        L::TStringError(e) => format!("t-string: {}", interpolation_wording(e)),
        L::InvalidByteLiteral => "bytes can only contain ASCII literal characters".to_owned(),
        L::LineContinuationError => "unexpected character after line continuation character".to_owned(),
        L::Eof => "unexpected EOF while parsing".to_owned(),
        L::OtherError(m) => number_wording(m),
        L::StringError => "invalid syntax".to_owned(),
    };
    (&INVALID_SYNTAX, message)
}

fn number_wording(message: &str) -> String {
    match message {
        m if m.starts_with("ParseIntError") => "invalid number literal".to_owned(),
        "Invalid decimal integer literal" => {
            "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"
                .to_owned()
        }
        m if m.starts_with("Invalid") || m.starts_with("Got") => format!("{}{}", m[..1].to_lowercase(), &m[1..]),
        m => m.to_owned(),
    }
}

fn interpolation_wording(error: &InterpolatedStringErrorType) -> &'static str {
    use InterpolatedStringErrorType as I;
    match error {
        I::UnclosedLbrace => "expecting '}'",
        I::InvalidConversionFlag => "invalid conversion character: expected 's', 'r', or 'a'",
        I::SingleRbrace => "single '}' is not allowed",
        I::UnterminatedString => "unterminated string",
        I::UnterminatedTripleQuotedString => "unterminated triple-quoted f-string literal",
        I::LambdaWithoutParentheses => "lambda expressions are not allowed without parentheses",
        I::ConversionFlagNotImmediatelyAfterExclamation => "conversion type must come right after the exclamation mark",
        I::NewlineInFormatSpec => "newlines are not allowed in format specifiers for single quoted f-strings",
    }
}
