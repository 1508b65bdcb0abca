//! The table of forms that have a body, and how many operands stand before it.

/// How the parts of a datum are meant, as far as it matters for their layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A form is a call or one of the table.
    Code,
    /// The first name of a form is that of something new, not of a form: parameters, a binding, a constructor.
    Plain,
    /// A test or pattern and its body.
    Clause,
    /// Bindings, one a line.
    Bindings,
    /// Clauses of a handler, one a line.
    Handlers,
    /// Nothing but data.
    Data,
}

/// How the body of a form is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Indented by two, behind operands that stay with the operator.
    Body { operands: usize, role: Role, body: Role },
    /// The same; pairs of a keyword and a datum may stand before the body, or be all there is.
    Options { operands: usize, role: Role },
    /// Aligned operands, one a line if it is broken.
    Aligned,
}

/// The shape of a form that is called so; what else is called is a procedure.
pub(super) fn shape(name: &str) -> Option<Shape> {
    let body = |operands, role| Shape::Body { operands, role, body: Role::Code };
    let clauses = |operands, role| Shape::Body { operands, role, body: Role::Clause };
    Some(match name {
        "define" | "spec:contract" | "fn-contract" => Shape::Options { operands: 1, role: Role::Plain },
        "lambda" | "fn" | "async" | "async-lambda" => body(1, Role::Plain),
        "let" | "let*" | "letrec" | "loop" => body(1, Role::Bindings),
        "do" | "begin" | "try" | "finally" | "spawn" | "go" | "parallel" | "make-handler" => body(0, Role::Code),
        "when" | "unless" | "type" | "module" | "deftest" => body(1, Role::Code),
        "dotimes" | "doseq" | "catch" | "return" | "with-open-file" => body(1, Role::Plain),
        "cond" | "select" => clauses(0, Role::Code),
        "case" | "match" => clauses(1, Role::Code),
        "uncertain" => Shape::Body { operands: 0, role: Role::Code, body: Role::Plain },
        "handler" => body(1, Role::Handlers),
        "control" | "spec:invariant" | "dom:h" | "ui:component" | "define-component" => body(2, Role::Plain),
        "data" | "define-effect" => Shape::Body { operands: 1, role: Role::Plain, body: Role::Plain },
        "if" | "and" | "or" | "->" | "->>" => Shape::Aligned,
        // What programs define of this kind is as what the language has.
        _ if name.starts_with("define-") || name.starts_with("with-") => body(1, Role::Plain),
        _ => return None,
    })
}
