//! What may not stand at a place: expressions that suspend or bind in lazily evaluated parts, `__debug__` as a
//! target, too many open blocks, format specifications nested too deeply.

use molt_diagnostics::registry::{INVALID_SYNTAX, INVALID_TARGET, MISPLACED_STATEMENT, NESTING_LIMIT};
use ruff_python_ast::{self as ast, Expr, ExprContext, Pattern};
use ruff_text_size::{Ranged, TextRange};

use super::{Collector, ScopeKind};

/// Most blocks that may be open in one function (CPython's `CO_MAXBLOCKS`).
const MAX_BLOCKS: u32 = 21;
/// Most digits of a decimal literal.
const MAX_DIGITS: usize = 4_300;
/// Deepest nesting of format specifications in an f-string.
const MAX_SPECS: usize = 2;

impl Collector<'_> {
    /// Name of the place whose evaluation has no frame to suspend and no scope to bind in, if this is one.
    pub(super) fn closed_place(&self, kind: ScopeKind) -> Option<&'static str> {
        match kind {
            ScopeKind::Annotations => Some(self.lazy_place),
            ScopeKind::TypeParams => Some("the definition of a generic"),
            ScopeKind::Module | ScopeKind::Class | ScopeKind::Function | ScopeKind::Comprehension => None,
        }
    }

    /// Refuses an expression at a closed place; whether it did.
    pub(super) fn refuse_at_closed_place(&mut self, range: TextRange, what: &str) -> bool {
        let kind = self.here().kind;
        let Some(place) = self.closed_place(kind) else { return false };
        self.error(&MISPLACED_STATEMENT, range, format!("{what} expression cannot be used within {place}"));
        true
    }

    /// Opens `count` blocks around a part of a statement.
    pub(super) fn blocks(&mut self, count: usize, range: TextRange, body: impl FnOnce(&mut Self)) {
        let before = self.blocks;
        self.blocks += u32::try_from(count).unwrap_or(MAX_BLOCKS);
        if before <= MAX_BLOCKS && self.blocks > MAX_BLOCKS {
            self.error(&NESTING_LIMIT, range, "too many statically nested blocks");
        }
        body(self);
        self.blocks = before;
    }

    pub(super) fn refuse_debug(&mut self, name: &str, ctx: ExprContext, range: TextRange) {
        let verb = match ctx {
            ExprContext::Del => "delete",
            ExprContext::Store => "assign to",
            ExprContext::Load | ExprContext::Invalid => return,
        };
        if name == "__debug__" {
            self.error(&INVALID_TARGET, range, format!("cannot {verb} __debug__"));
        }
    }

    pub(super) fn check_async(&mut self, what: &str, range: TextRange) {
        if !self.is_async {
            self.error(&MISPLACED_STATEMENT, range, format!("{what} outside async function"));
        }
    }

    /// Whether this is a generator expression, which may suspend wherever it is run.
    pub(super) fn in_generator_expression(&self) -> bool {
        self.is_generator_expression(self.scopes.host(self.current))
    }

    pub(super) fn check_stars(&mut self, elements: &[Expr], ctx: ExprContext, range: TextRange) {
        if ctx == ExprContext::Store && elements.iter().filter(|e| e.is_starred_expr()).count() > 1 {
            self.error(&INVALID_TARGET, range, "multiple starred expressions in assignment");
        }
    }

    pub(super) fn check_loop_target(&mut self, target: &Expr) {
        if target.is_starred_expr() {
            self.error(&INVALID_TARGET, target.range(), "starred assignment target must be in a list or tuple");
        }
    }

    pub(super) fn check_format_specs(&mut self, value: &ast::FStringValue) {
        let fields = value.f_strings().flat_map(|part| part.elements.interpolations());
        for field in fields.filter(|field| field.expression.is_starred_expr()) {
            self.error(&INVALID_SYNTAX, field.expression.range(), "can't use starred expression here");
        }
        let deep = value.f_strings().any(|part| nests_beyond(&part.elements, MAX_SPECS));
        if deep {
            let range = value.iter().next().map_or_else(TextRange::default, Ranged::range);
            self.error(&NESTING_LIMIT, range, "f-string: expressions nested too deeply");
        }
    }

    /// A decimal literal is converted as `int` converts text, with the same limit.
    pub(super) fn check_digits(&mut self, n: &ast::ExprNumberLiteral) {
        let ast::Number::Int(value) = &n.value else { return };
        if value.as_i64().is_some() || n.range.len().to_usize() <= MAX_DIGITS {
            return;
        }
        let literal = value.to_string();
        let is_decimal = !literal.bytes().any(|b| matches!(b, b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        let digits = literal.bytes().filter(u8::is_ascii_digit).count();
        if is_decimal && digits > MAX_DIGITS {
            let message = format!(
                "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion: value has {digits} digits; use \
                 sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to \
                 avoid decimal conversion limits."
            );
            self.error(&INVALID_SYNTAX, n.range, message);
        }
    }

    pub(super) fn check_value_pattern(&mut self, pattern: &Pattern) {
        if let Pattern::MatchValue(p) = pattern
            && matches!(&*p.value, Expr::FString(_) | Expr::TString(_))
        {
            let message = "patterns may only match literals and attribute lookups";
            self.error(&INVALID_SYNTAX, p.range, message);
        }
    }

    /// A parameter with a default is followed by such parameters only.
    pub(super) fn check_type_defaults(&mut self, params: &ast::TypeParams) {
        let first = params.type_params.iter().position(|p| p.default().is_some()).unwrap_or(params.type_params.len());
        for p in params.type_params[first..].iter().filter(|p| p.default().is_none()) {
            let message = format!("non-default type parameter '{}' follows default type parameter", p.name());
            self.error(&INVALID_SYNTAX, p.range(), message);
        }
    }
}

/// Whether replacement fields stand in format specifications nested deeper than `left`.
fn nests_beyond(elements: &ast::InterpolatedStringElements, left: usize) -> bool {
    elements.interpolations().any(|field| match &field.format_spec {
        Some(spec) if spec.elements.interpolations().next().is_none() => false,
        Some(spec) => left == 0 || nests_beyond(&spec.elements, left - 1),
        None => false,
    })
}

/// Kind and part of a type parameter, as messages name them.
pub(super) fn type_param_places(param: &ast::TypeParam) -> (&'static str, &'static str) {
    match param {
        ast::TypeParam::TypeVar(v) => {
            let is_tuple = v.bound.as_deref().is_some_and(Expr::is_tuple_expr);
            (if is_tuple { "a TypeVar constraint" } else { "a TypeVar bound" }, "a TypeVar default")
        }
        ast::TypeParam::TypeVarTuple(_) => ("", "a TypeVarTuple default"),
        ast::TypeParam::ParamSpec(_) => ("", "a ParamSpec default"),
    }
}
