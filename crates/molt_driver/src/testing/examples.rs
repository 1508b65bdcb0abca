//! Examples in documentation comments: fences without a language, or of the language itself.

use molt_base::{FileId, LineIndex};
use molt_grok::syntax::{SyntaxKind, lexer};

/// A fenced program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// Line of the fence, from 1.
    pub line: u32,
    pub text: String,
    pub expectation: Expectation,
    pub ignored: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// Ends with status 0.
    Ends,
    /// `should_panic`.
    Panics,
    /// `no_run`: only compiles.
    Compiles,
    /// `compile_fail`: is refused.
    Refused,
}

/// The examples in the documentation comments of a source file.
pub fn examples(source: &str) -> Vec<Example> {
    let tokens = lexer::lex(FileId(0), source).tokens;
    let lines = LineIndex::new(source);
    let mut out = Vec::new();
    let mut open: Option<Option<Example>> = None;
    let mut last = 0;
    for t in (0..tokens.len() as u32).filter(|&t| matches!(tokens.kind(t), SyntaxKind::OuterDoc | SyntaxKind::InnerDoc))
    {
        let (first, _) = lines.line_col(tokens.start(t));
        if first != last + 1 {
            // A fence does not go on in the next comment.
            open = None;
        }
        let (text, count) = (tokens.text(t), tokens.text(t).lines().count() as u32);
        let is_block = text.starts_with("/*");
        for (n, line) in text.lines().enumerate() {
            take_line(stripped(line, is_block), first + n as u32, &mut open, &mut out);
        }
        last = first + count.max(1) - 1;
    }
    out
}

/// A line of a comment without the comment's marks.
fn stripped(line: &str, is_block: bool) -> &str {
    if !is_block {
        let text = line.trim_start().get(3..).unwrap_or("");
        return text.strip_prefix(' ').unwrap_or(text);
    }
    let text = line.trim_start_matches(['/', '*', '!']).trim_end_matches("*/");
    let bare = text.trim_start();
    bare.strip_prefix("* ").unwrap_or(text)
}

fn take_line(line: &str, number: u32, open: &mut Option<Option<Example>>, out: &mut Vec<Example>) {
    match (line.trim_start().strip_prefix("```"), open.take()) {
        (Some(_), Some(done)) => out.extend(done),
        (Some(info), None) => *open = Some(opened(info, number)),
        (None, Some(Some(mut example))) => {
            // A line that begins with `# ` belongs to the program, but not to what readers see.
            let hidden = line.trim_start().strip_prefix("# ");
            example.text.push_str(hidden.unwrap_or(line));
            example.text.push('\n');
            *open = Some(Some(example));
        }
        (None, other) => *open = other,
    }
}

/// The example that a fence begins; none for fences of other languages.
fn opened(info: &str, line: u32) -> Option<Example> {
    let mut example = Example { line, text: String::new(), expectation: Expectation::Ends, ignored: false };
    for word in info.split([',', ' ']).map(str::trim).filter(|w| !w.is_empty()) {
        match word {
            "grok" | "groklang" => {}
            "ignore" => example.ignored = true,
            "no_run" => example.expectation = Expectation::Compiles,
            "should_panic" => example.expectation = Expectation::Panics,
            "compile_fail" => example.expectation = Expectation::Refused,
            _ => return None,
        }
    }
    Some(example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_programs_unless_they_say_otherwise() {
        let source = "/// Adds.\n///\n/// ```\n/// # use a::add;\n/// add(1);\n/// ```\n/// ```text\n/// no\n/// ```\nfn add() {}\n\
                      //! ```should_panic\n//! panic!();\n//! ```\n";
        let found = examples(source);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].text.as_str()), (3, "use a::add;\nadd(1);\n"));
        assert_eq!((found[1].line, found[1].expectation), (11, Expectation::Panics));
    }

    #[test]
    fn a_comment_ends_its_fence() {
        assert!(examples("/// ```\n/// a\nfn f() {}\n/// b\nfn g() {}\n").is_empty());
    }
}
