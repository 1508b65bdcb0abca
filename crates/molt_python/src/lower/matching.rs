//! The `match` statement: each pattern is a chain of tests that goes on to the next case when one fails.
//!
//! Names are bound only after the whole pattern matched, as in CPython.

use std::collections::HashSet;

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{INVALID_SYNTAX, UNREACHABLE_PATTERN};
use molt_ir::func::{MAX_RESULTS, imm_pair};
use molt_ir::{BinaryOp, BlockId, CompareOp, Const, ConstId, Op, ValueId};
use ruff_python_ast::{self as ast, Pattern, Singleton};
use ruff_text_size::{Ranged, TextRange};

use super::Lowerer;

/// Names captured so far, with their values.
type Captures<'a> = Vec<(&'a ast::Identifier, ValueId)>;

impl<'a> Lowerer<'a> {
    pub(super) fn match_stmt(&mut self, m: &'a ast::StmtMatch) {
        let subject = self.expr(&m.subject);
        let end = self.f.b.block();
        let last = m.cases.len() - 1;
        for (i, case) in m.cases.iter().enumerate() {
            if self.dead() {
                break;
            }
            if i != last && case.guard.is_none() {
                self.refuse_irrefutable(&case.pattern);
            }
            let next = self.f.b.block();
            let mut captures = Vec::new();
            self.pattern(&case.pattern, subject, next, &mut captures);
            for (name, value) in captures {
                self.at_range(name);
                self.store_name(name, value);
            }
            if let Some(guard) = &case.guard {
                let passed = self.f.b.block();
                self.cond(guard, passed, next);
                self.enter(passed);
            }
            self.body(&case.body);
            self.jump(end);
            self.enter(next);
        }
        self.jump(end);
        self.enter(end);
    }

    fn refuse_irrefutable(&mut self, pattern: &Pattern) {
        let Some(irrefutable) = pattern.irrefutable_pattern() else { return };
        let message = match irrefutable.kind {
            ast::IrrefutablePatternKind::Name(name) => {
                format!("name capture '{name}' makes remaining patterns unreachable")
            }
            ast::IrrefutablePatternKind::Wildcard => "wildcard makes remaining patterns unreachable".to_owned(),
        };
        self.pattern_error(&UNREACHABLE_PATTERN, irrefutable.range, message);
    }

    fn pattern_error(&mut self, code: &'static molt_diagnostics::Code, range: TextRange, message: String) {
        let span = self.span(range);
        self.diagnostics.push(Diagnostic::at(code, span, message));
    }

    /// Goes on if the bit is set, else to `fail`.
    fn require(&mut self, bit: ValueId, fail: BlockId) {
        let passed = self.f.b.block();
        self.f.b.brif(bit, passed, fail);
        self.enter(passed);
    }

    /// Tests a pattern; control goes on where it matches.
    fn pattern(&mut self, pattern: &'a Pattern, subject: ValueId, fail: BlockId, captures: &mut Captures<'a>) {
        self.at_range(pattern);
        match pattern {
            Pattern::MatchValue(p) => {
                let value = self.expr(&p.value);
                self.at_range(pattern);
                let bit = self.f.b.bit(Op::PyCompareTruth, &[subject, value], CompareOp::Eq as u64);
                self.require(bit, fail);
            }
            Pattern::MatchSingleton(p) => {
                let value = self.constant(match p.value {
                    Singleton::None => Const::None,
                    Singleton::True => Const::True,
                    Singleton::False => Const::False,
                });
                let bit = self.f.b.bit(Op::PyIs, &[subject, value], 0);
                self.require(bit, fail);
            }
            Pattern::MatchSequence(p) => self.sequence(p, subject, fail, captures),
            Pattern::MatchMapping(p) => self.mapping(p, subject, fail, captures),
            Pattern::MatchClass(p) => self.class_pattern(p, subject, fail, captures),
            Pattern::MatchStar(p) => self.capture(p.name.as_ref(), subject, captures),
            Pattern::MatchAs(p) => {
                if let Some(inner) = &p.pattern {
                    self.pattern(inner, subject, fail, captures);
                }
                self.capture(p.name.as_ref(), subject, captures);
            }
            Pattern::MatchOr(p) => self.alternatives(p, subject, fail, captures),
        }
    }

    fn capture(&mut self, name: Option<&'a ast::Identifier>, value: ValueId, captures: &mut Captures<'a>) {
        let Some(name) = name else { return };
        if captures.iter().any(|(n, _)| n.as_str() == name.as_str()) {
            let message = format!("multiple assignments to name '{name}' in pattern");
            self.pattern_error(&INVALID_SYNTAX, name.range, message);
        }
        captures.push((name, value));
    }

    fn sequence(
        &mut self,
        p: &'a ast::PatternMatchSequence,
        subject: ValueId,
        fail: BlockId,
        captures: &mut Captures<'a>,
    ) {
        let stars = p.patterns.iter().filter(|p| p.is_match_star()).count();
        if stars > 1 {
            self.pattern_error(&INVALID_SYNTAX, p.range, "multiple starred names in sequence pattern".to_owned());
            return;
        }
        let bit = self.f.b.bit(Op::MatchSeq, &[subject], 0);
        self.require(bit, fail);
        let count = p.patterns.len() - stars;
        if !(stars == 1 && count == 0) {
            self.at_range(p);
            let op = if stars == 1 { CompareOp::Ge } else { CompareOp::Eq };
            self.require_length(subject, count, op, fail);
        }
        if p.patterns.iter().all(binds_nothing) {
            return;
        }
        self.at_range(p);
        if p.patterns.len() > MAX_RESULTS {
            return self.unsupported(p.range, "a pattern of more than 65,535 items");
        }
        let star = p.patterns.iter().position(|p| p.is_match_star());
        let total = p.patterns.len();
        let parts = match star {
            None => self.words(Op::PyUnpack, &[subject], total as u64, total),
            Some(at) if binds_nothing(&p.patterns[at]) => {
                self.items_around(p, at, subject, fail, captures);
                return;
            }
            Some(at) => {
                let after = total - at - 1;
                self.words(Op::PyUnpackEx, &[subject], imm_pair(at as u32, after as u32), total)
            }
        };
        for (pattern, part) in p.patterns.iter().zip(parts) {
            self.pattern(pattern, part, fail, captures);
        }
    }

    /// Items before and after `*_` are taken by their index: what lies between may be very long.
    fn items_around(
        &mut self,
        p: &'a ast::PatternMatchSequence,
        star: usize,
        subject: ValueId,
        fail: BlockId,
        captures: &mut Captures<'a>,
    ) {
        let total = p.patterns.len();
        for (i, pattern) in p.patterns.iter().enumerate().filter(|&(i, _)| i != star) {
            if binds_nothing(pattern) {
                continue;
            }
            self.at_range(pattern);
            let index = if i < star {
                self.constant(Const::Int(i as i64))
            } else {
                let length = self.length(subject);
                let back = self.constant(Const::Int((total - i) as i64));
                self.f.b.word(Op::PyBinary, &[length, back], BinaryOp::Sub as u64)
            };
            let part = self.f.b.word(Op::PyGetItem, &[subject, index], 0);
            self.pattern(pattern, part, fail, captures);
        }
    }

    fn length(&mut self, subject: ValueId) -> ValueId {
        let len = self.program.names.intern("len");
        let len = self.f.b.word(Op::PyBuiltin, &[], u64::from(len.0));
        self.f.b.word(Op::PyCall, &[len, subject], u64::from(ConstId::NONE.0))
    }

    fn require_length(&mut self, subject: ValueId, count: usize, op: CompareOp, fail: BlockId) {
        let length = self.length(subject);
        let count = self.constant(Const::Int(count as i64));
        let bit = self.f.b.bit(Op::PyCompareTruth, &[length, count], op as u64);
        self.require(bit, fail);
    }

    fn mapping(
        &mut self,
        p: &'a ast::PatternMatchMapping,
        subject: ValueId,
        fail: BlockId,
        captures: &mut Captures<'a>,
    ) {
        self.refuse_duplicate_keys(p);
        let bit = self.f.b.bit(Op::MatchMap, &[subject], 0);
        self.require(bit, fail);
        if !p.keys.is_empty() {
            self.at_range(p);
            self.require_length(subject, p.keys.len(), CompareOp::Ge, fail);
        }
        let keys: Vec<ValueId> = p.keys.iter().map(|k| self.expr(k)).collect();
        if !keys.is_empty() {
            self.at_range(p);
            let tuple = self.f.b.word(Op::TupleNew, &keys, 0);
            let values = self.f.b.word(Op::MatchKeys, &[subject, tuple], 0);
            self.require_not_none(values, fail);
            let parts = self.words(Op::PyUnpack, &[values], keys.len() as u64, keys.len());
            for (pattern, part) in p.patterns.iter().zip(parts) {
                self.pattern(pattern, part, fail, captures);
            }
        }
        if let Some(rest) = &p.rest {
            self.at_range(p);
            let dict = self.f.b.word(Op::DictNew, &[], 0);
            self.f.b.effect(Op::DictUpdate, &[dict, subject], 0);
            for &key in &keys {
                self.f.b.effect(Op::PyDelItem, &[dict, key], 0);
            }
            self.capture(Some(rest), dict, captures);
        }
    }

    fn refuse_duplicate_keys(&mut self, p: &'a ast::PatternMatchMapping) {
        let mut seen = HashSet::new();
        for key in &p.keys {
            if let Some(id) = self.fold_id(key)
                && !seen.insert(numeric_key(self.program.consts.get(id), id))
            {
                let text = self.text[key.range()].to_owned();
                let message = format!("mapping pattern checks duplicate key ({text})");
                self.pattern_error(&INVALID_SYNTAX, p.range, message);
            }
        }
    }

    fn require_not_none(&mut self, value: ValueId, fail: BlockId) {
        let none = self.none();
        let bit = self.f.b.bit(Op::PyIs, &[value, none], 0);
        let passed = self.f.b.block();
        self.f.b.brif(bit, fail, passed);
        self.enter(passed);
    }

    fn class_pattern(
        &mut self,
        p: &'a ast::PatternMatchClass,
        subject: ValueId,
        fail: BlockId,
        captures: &mut Captures<'a>,
    ) {
        let class = self.expr(&p.cls);
        let mut names: Vec<ConstId> = Vec::new();
        for keyword in &p.arguments.keywords {
            let name = self.symbol(&keyword.attr);
            let id = self.program.const_symbol(name);
            if names.contains(&id) {
                let message = format!("attribute name repeated in class pattern: {}", keyword.attr);
                self.pattern_error(&INVALID_SYNTAX, keyword.range, message);
            }
            names.push(id);
        }
        let positional = p.arguments.patterns.len();
        let names = self.program.constant(Const::Tuple(names.into()));
        self.at_range(p);
        let values = self.f.b.word(Op::MatchClass, &[subject, class], imm_pair(positional as u32, names.0));
        self.require_not_none(values, fail);
        let inner = p.arguments.patterns.iter().chain(p.arguments.keywords.iter().map(|k| &k.pattern));
        let count = positional + p.arguments.keywords.len();
        if count == 0 {
            return;
        }
        let parts = self.words(Op::PyUnpack, &[values], count as u64, count);
        for (pattern, part) in inner.zip(parts) {
            self.pattern(pattern, part, fail, captures);
        }
    }

    /// Alternatives bind the same names; each leaves their values in variables that the paths share.
    fn alternatives(
        &mut self,
        p: &'a ast::PatternMatchOr,
        subject: ValueId,
        fail: BlockId,
        captures: &mut Captures<'a>,
    ) {
        let matched = self.f.b.block();
        let mut shared: Vec<(&'a ast::Identifier, molt_ir::Variable)> = Vec::new();
        let last = p.patterns.len() - 1;
        for (i, alternative) in p.patterns.iter().enumerate() {
            if i != last {
                self.refuse_irrefutable(alternative);
            }
            let next = if i == last { fail } else { self.f.b.block() };
            let mut inner = Vec::new();
            self.pattern(alternative, subject, next, &mut inner);
            if i == 0 {
                shared = inner.iter().map(|&(name, _)| (name, self.f.b.variable())).collect();
            }
            let same = inner.len() == shared.len()
                && shared.iter().all(|(n, _)| inner.iter().any(|(m, _)| m.as_str() == n.as_str()));
            if !same {
                self.pattern_error(&INVALID_SYNTAX, p.range, "alternative patterns bind different names".to_owned());
            }
            for (name, value) in inner {
                if let Some(&(_, variable)) = shared.iter().find(|(n, _)| n.as_str() == name.as_str()) {
                    self.f.b.def_var(variable, value);
                }
            }
            self.f.b.jump(matched);
            if i != last {
                self.enter(next);
                if self.dead() {
                    break;
                }
            }
        }
        self.enter(matched);
        for (name, variable) in shared {
            let value = self.f.b.use_var(variable);
            self.capture(Some(name), value, captures);
        }
    }
}

/// Whether the pattern is `_` or `*_`, which takes anything and keeps nothing.
fn binds_nothing(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchAs(p) => p.pattern.is_none() && p.name.is_none(),
        Pattern::MatchStar(p) => p.name.is_none(),
        _ => false,
    }
}

/// What a constant is equal to as a key: numbers of all kinds are compared by value.
fn numeric_key(value: Option<&Const>, id: ConstId) -> (ConstId, Option<u64>) {
    let number = match value {
        Some(Const::True) => 1.0,
        Some(Const::False) => 0.0,
        Some(Const::Int(n)) if n.unsigned_abs() < 1 << 53 => *n as f64,
        Some(Const::Float(bits)) => f64::from_bits(*bits),
        Some(Const::Complex(real, imaginary)) if f64::from_bits(*imaginary) == 0.0 => f64::from_bits(*real),
        _ => return (id, None),
    };
    // Both zeros are one key.
    (ConstId::NONE, Some((number + 0.0).to_bits()))
}
