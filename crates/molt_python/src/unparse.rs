//! Expressions back to text, as `ast.unparse` writes them; for annotations that are not evaluated.

use ruff_python_ast::{BoolOp, Expr, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;

/// Text of an expression. Constants and f-strings are taken from `source`.
pub fn unparse(e: &Expr, source: &str) -> String {
    let mut u = Unparser { source, out: String::new() };
    u.expr(e, Level::Test);
    u.out
}

/// Binding strength, weakest first (`_Precedence` in CPython's `Lib/_ast_unparse.py`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Test,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Term,
    Factor,
    Power,
    Atom,
}

impl Level {
    fn next(self) -> Level {
        match self {
            Level::Test => Level::Or,
            Level::Or => Level::And,
            Level::And => Level::Not,
            Level::Not => Level::Compare,
            Level::Compare => Level::BitOr,
            Level::BitOr => Level::BitXor,
            Level::BitXor => Level::BitAnd,
            Level::BitAnd => Level::Shift,
            Level::Shift => Level::Sum,
            Level::Sum => Level::Term,
            Level::Term => Level::Factor,
            Level::Factor => Level::Power,
            Level::Power | Level::Atom => Level::Atom,
        }
    }
}

struct Unparser<'a> {
    source: &'a str,
    out: String,
}

impl Unparser<'_> {
    fn within(&mut self, own: Level, wanted: Level, body: impl FnOnce(&mut Self)) {
        let parenthesized = own < wanted;
        if parenthesized {
            self.out.push('(');
        }
        body(self);
        if parenthesized {
            self.out.push(')');
        }
    }

    fn list(&mut self, elements: &[Expr]) {
        for (i, e) in elements.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            self.expr(e, Level::Test);
        }
    }

    fn expr(&mut self, e: &Expr, wanted: Level) {
        match e {
            Expr::Name(n) => self.out.push_str(&n.id),
            Expr::Attribute(a) => {
                self.expr(&a.value, Level::Atom);
                if matches!(&*a.value, Expr::NumberLiteral(n) if matches!(n.value, Number::Int(_))) {
                    self.out.push(' ');
                }
                self.out.push('.');
                self.out.push_str(&a.attr);
            }
            Expr::Subscript(s) => {
                self.expr(&s.value, Level::Atom);
                self.out.push('[');
                match &*s.slice {
                    Expr::Tuple(t) if !t.elts.is_empty() => {
                        self.list(&t.elts);
                        if t.elts.len() == 1 {
                            self.out.push(',');
                        }
                    }
                    index => self.expr(index, Level::Test),
                }
                self.out.push(']');
            }
            Expr::Slice(s) => {
                for (i, part) in [&s.lower, &s.upper, &s.step].into_iter().enumerate() {
                    if i == 1 || i == 2 && part.is_some() {
                        self.out.push(':');
                    }
                    if let Some(part) = part {
                        self.expr(part, Level::Test);
                    }
                }
            }
            Expr::BinOp(b) => {
                let (level, right_associative) = binary_level(b.op);
                self.within(level, wanted, |u| {
                    let (left, right) = if right_associative { (level.next(), level) } else { (level, level.next()) };
                    u.expr(&b.left, left);
                    u.out.push_str(&format!(" {} ", b.op.as_str()));
                    u.expr(&b.right, right);
                });
            }
            Expr::UnaryOp(op) => self.unary(op.op, &op.operand, wanted),
            Expr::BoolOp(b) => {
                let (level, word) = match b.op {
                    BoolOp::And => (Level::And, " and "),
                    BoolOp::Or => (Level::Or, " or "),
                };
                self.within(level, wanted, |u| {
                    for (i, value) in b.values.iter().enumerate() {
                        if i > 0 {
                            u.out.push_str(word);
                        }
                        u.expr(value, level.next());
                    }
                });
            }
            Expr::Compare(c) => self.within(Level::Compare, wanted, |u| {
                u.expr(&c.left, Level::BitOr);
                for (op, right) in c.ops.iter().zip(&c.comparators) {
                    u.out.push_str(&format!(" {} ", op.as_str()));
                    u.expr(right, Level::BitOr);
                }
            }),
            Expr::If(i) => self.within(Level::Test, wanted, |u| {
                u.expr(&i.body, Level::Or);
                u.out.push_str(" if ");
                u.expr(&i.test, Level::Or);
                u.out.push_str(" else ");
                u.expr(&i.orelse, Level::Test);
            }),
            Expr::Call(c) => {
                self.expr(&c.func, Level::Atom);
                self.out.push('(');
                self.list(&c.arguments.args);
                for (i, k) in c.arguments.keywords.iter().enumerate() {
                    if i > 0 || !c.arguments.args.is_empty() {
                        self.out.push_str(", ");
                    }
                    match &k.arg {
                        Some(name) => self.out.push_str(&format!("{name}=")),
                        None => self.out.push_str("**"),
                    }
                    self.expr(&k.value, Level::Test);
                }
                self.out.push(')');
            }
            Expr::Starred(s) => {
                self.out.push('*');
                self.expr(&s.value, Level::BitOr);
            }
            Expr::Tuple(t) => {
                self.out.push('(');
                self.list(&t.elts);
                if t.elts.len() == 1 {
                    self.out.push(',');
                }
                self.out.push(')');
            }
            Expr::List(l) => {
                self.out.push('[');
                self.list(&l.elts);
                self.out.push(']');
            }
            Expr::Set(s) => {
                self.out.push('{');
                self.list(&s.elts);
                self.out.push('}');
            }
            Expr::Dict(d) => self.dict(d),
            Expr::StringLiteral(s) => {
                let text = s.value.to_str();
                self.out.push_str(&quote(text));
            }
            Expr::BooleanLiteral(b) => self.out.push_str(if b.value { "True" } else { "False" }),
            Expr::NoneLiteral(_) => self.out.push_str("None"),
            Expr::EllipsisLiteral(_) => self.out.push_str("..."),
            // Rare in annotations: as written.
            other => {
                let text = &self.source[other.range()];
                self.out.push_str(text);
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, wanted: Level) {
        let (level, text) = match op {
            UnaryOp::Not => (Level::Not, "not "),
            UnaryOp::Invert => (Level::Factor, "~"),
            UnaryOp::UAdd => (Level::Factor, "+"),
            UnaryOp::USub => (Level::Factor, "-"),
        };
        self.within(level, wanted, |u| {
            u.out.push_str(text);
            u.expr(operand, level);
        });
    }

    fn dict(&mut self, d: &ruff_python_ast::ExprDict) {
        self.out.push('{');
        for (i, item) in d.items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            match &item.key {
                Some(key) => {
                    self.expr(key, Level::Test);
                    self.out.push_str(": ");
                    self.expr(&item.value, Level::Test);
                }
                None => {
                    self.out.push_str("**");
                    self.expr(&item.value, Level::BitOr);
                }
            }
        }
        self.out.push('}');
    }
}

fn binary_level(op: Operator) -> (Level, bool) {
    match op {
        Operator::Add | Operator::Sub => (Level::Sum, false),
        Operator::Mult | Operator::MatMult | Operator::Div | Operator::Mod | Operator::FloorDiv => (Level::Term, false),
        Operator::Pow => (Level::Power, true),
        Operator::LShift | Operator::RShift => (Level::Shift, false),
        Operator::BitOr => (Level::BitOr, false),
        Operator::BitXor => (Level::BitXor, false),
        Operator::BitAnd => (Level::BitAnd, false),
    }
}

/// `repr` of a string without control or special characters beyond the usual escapes.
fn quote(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    fn round(text: &str) -> String {
        let parsed = ruff_python_parser::parse_expression(text).expect("valid");
        super::unparse(&parsed.syntax().body, text)
    }

    #[test]
    fn text_is_normalised() {
        assert_eq!(round("dict[str,int]|None"), "dict[str, int] | None");
        assert_eq!(round("\"a\""), "'a'");
        assert_eq!(round("(a+b)*c"), "(a + b) * c");
        assert_eq!(round("Callable[[int],str]"), "Callable[[int], str]");
        assert_eq!(round("tuple[()]"), "tuple[()]");
        assert_eq!(round("tuple[int, ...]"), "tuple[int, ...]");
    }
}
