//! Expressions as values and as conditions.

use molt_ir::{BinaryOp, BlockId, CompareOp, Const, Op, Type, UnaryOp, ValueId};
use ruff_python_ast::{self as ast, BoolOp, CmpOp, Expr, Operator};

use super::Lowerer;

impl<'a> Lowerer<'a> {
    /// Value of an expression.
    pub(super) fn expr(&mut self, e: &'a Expr) -> ValueId {
        if let Some(constant) = self.fold(e) {
            self.f.b.loc = self.expr_loc(e);
            return self.constant(constant);
        }
        match e {
            Expr::Name(n) => self.load_name(&n.id, n.range),
            Expr::Attribute(a) => {
                let object = self.expr(&a.value);
                let name = self.symbol(&a.attr);
                self.at(e);
                self.f.b.word(Op::PyGetAttr, &[object], u64::from(name.0))
            }
            Expr::Subscript(s) => {
                let object = self.expr(&s.value);
                let index = self.index(&s.slice);
                self.at(e);
                self.f.b.word(Op::PyGetItem, &[object, index], 0)
            }
            Expr::Call(c) => self.call(e, c),
            Expr::BinOp(b) => {
                let left = self.expr(&b.left);
                let right = self.expr(&b.right);
                self.at(e);
                self.f.b.word(Op::PyBinary, &[left, right], binary_op(b.op) as u64)
            }
            Expr::UnaryOp(u) => self.unary(e, u),
            Expr::BoolOp(b) => self.bool_op(b),
            Expr::Compare(c) => self.compare(e, c),
            Expr::If(i) => self.conditional(i),
            Expr::Named(n) => {
                let value = self.expr(&n.value);
                if let Expr::Name(target) = &*n.target {
                    self.at(e);
                    self.store_name(&target.id, value);
                }
                value
            }
            Expr::Lambda(l) => self.lambda(l),
            Expr::List(l) => self.list(&l.elts, e),
            Expr::Tuple(t) => self.tuple(&t.elts, e),
            Expr::Set(s) => self.set(&s.elts, e),
            Expr::Dict(d) => self.dict(d, e),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => self.comprehension(e),
            Expr::Generator(g) => self.generator_expression(g),
            Expr::FString(f) => self.f_string(f),
            Expr::Yield(y) => {
                let value = match &y.value {
                    Some(v) => self.expr(v),
                    None => self.none(),
                };
                self.at(e);
                self.f.b.word(Op::Yield, &[value], 0)
            }
            Expr::YieldFrom(y) => {
                let iterable = self.expr(&y.value);
                self.at(e);
                let iterator = self.f.b.word(Op::PyIter, &[iterable], 0);
                self.f.b.word(Op::YieldFrom, &[iterator], 0)
            }
            Expr::Slice(s) => self.slice(s),
            Expr::Starred(s) => {
                // Only a lone `*x` in a subscript or annotation comes here: the value is a tuple.
                let value = self.expr(&s.value);
                self.at(e);
                let list = self.f.b.word(Op::ListNew, &[], 0);
                self.f.b.effect(Op::ListExtend, &[list, value], 0);
                self.f.b.word(Op::ListToTuple, &[list], 0)
            }
            Expr::Await(a) => self.refuse(a, "`await`"),
            Expr::TString(t) => self.refuse(t, "template string"),
            Expr::IpyEscapeCommand(i) => self.refuse(i, "IPython command"),
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_) => unreachable!("literals are constants"),
        }
    }

    fn refuse(&mut self, node: &impl ruff_text_size::Ranged, what: &str) -> ValueId {
        self.unsupported(node.range(), what);
        self.none()
    }

    /// Value of what stands between the brackets of a subscript.
    pub(super) fn index(&mut self, e: &'a Expr) -> ValueId {
        match e {
            Expr::Slice(s) => self.slice(s),
            _ => self.expr(e),
        }
    }

    fn slice(&mut self, s: &'a ast::ExprSlice) -> ValueId {
        let parts = [&s.lower, &s.upper, &s.step].map(|part| match part {
            Some(e) => self.expr(e),
            None => self.none(),
        });
        self.at_range(s);
        self.f.b.word(Op::PySlice, &parts, 0)
    }

    fn unary(&mut self, e: &'a Expr, u: &'a ast::ExprUnaryOp) -> ValueId {
        let op = match u.op {
            ast::UnaryOp::Not => {
                let bit = self.truth(&u.operand);
                self.at(e);
                let negated = self.f.b.bit(Op::Not, &[bit], 0);
                return self.f.b.word(Op::BoolBox, &[negated], 0);
            }
            ast::UnaryOp::USub => UnaryOp::Neg,
            ast::UnaryOp::UAdd => UnaryOp::Pos,
            ast::UnaryOp::Invert => UnaryOp::Invert,
        };
        let operand = self.expr(&u.operand);
        self.at(e);
        self.f.b.word(Op::PyUnary, &[operand], op as u64)
    }

    /// Truth of an expression as a bit.
    fn truth(&mut self, e: &'a Expr) -> ValueId {
        match e {
            Expr::Compare(c) if c.ops.len() == 1 => {
                let left = self.expr(&c.left);
                let right = self.expr(&c.comparators[0]);
                self.at(e);
                self.compare_bit(c.ops[0], left, right)
            }
            Expr::UnaryOp(u) if u.op == ast::UnaryOp::Not => {
                let bit = self.truth(&u.operand);
                self.f.b.bit(Op::Not, &[bit], 0)
            }
            _ => {
                let value = self.expr(e);
                self.at(e);
                self.f.b.bit(Op::PyTruth, &[value], 0)
            }
        }
    }

    /// Branches on the truth of an expression.
    pub(super) fn cond(&mut self, e: &'a Expr, then: BlockId, otherwise: BlockId) {
        match e {
            Expr::UnaryOp(u) if u.op == ast::UnaryOp::Not => self.cond(&u.operand, otherwise, then),
            Expr::BoolOp(b) => {
                let (last, init) = b.values.split_last().expect("a boolean operator has operands");
                for value in init {
                    let next = self.f.b.block();
                    match b.op {
                        BoolOp::And => self.cond(value, next, otherwise),
                        BoolOp::Or => self.cond(value, then, next),
                    }
                    self.enter(next);
                    if self.dead() {
                        return;
                    }
                }
                self.cond(last, then, otherwise);
            }
            Expr::Compare(c) if c.ops.len() > 1 => self.chain_cond(e, c, then, otherwise),
            _ => match self.fold(e).as_ref().and_then(constant_truth) {
                Some(true) => self.f.b.jump(then),
                Some(false) => self.f.b.jump(otherwise),
                None => {
                    let bit = self.truth(e);
                    self.f.b.brif(bit, then, otherwise);
                }
            },
        }
    }

    /// One comparison as a bit.
    fn compare_bit(&mut self, op: CmpOp, left: ValueId, right: ValueId) -> ValueId {
        match op {
            CmpOp::Is => self.f.b.bit(Op::PyIs, &[left, right], 0),
            CmpOp::IsNot => {
                let bit = self.f.b.bit(Op::PyIs, &[left, right], 0);
                self.f.b.bit(Op::Not, &[bit], 0)
            }
            CmpOp::In => self.f.b.bit(Op::PyContains, &[right, left], 0),
            CmpOp::NotIn => {
                let bit = self.f.b.bit(Op::PyContains, &[right, left], 0);
                self.f.b.bit(Op::Not, &[bit], 0)
            }
            CmpOp::Lt | CmpOp::LtE | CmpOp::Eq | CmpOp::NotEq | CmpOp::Gt | CmpOp::GtE => {
                self.f.b.bit(Op::PyCompareTruth, &[left, right], rich(op) as u64)
            }
        }
    }

    /// One comparison as a value.
    fn compare_value(&mut self, op: CmpOp, left: ValueId, right: ValueId) -> ValueId {
        match op {
            CmpOp::Lt | CmpOp::LtE | CmpOp::Eq | CmpOp::NotEq | CmpOp::Gt | CmpOp::GtE => {
                self.f.b.word(Op::PyCompare, &[left, right], rich(op) as u64)
            }
            CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => {
                let bit = self.compare_bit(op, left, right);
                self.f.b.word(Op::BoolBox, &[bit], 0)
            }
        }
    }

    fn compare(&mut self, e: &'a Expr, c: &'a ast::ExprCompare) -> ValueId {
        let mut left = self.expr(&c.left);
        if let ([op], [comparator]) = (&*c.ops, &*c.comparators) {
            let right = self.expr(comparator);
            self.at(e);
            return self.compare_value(*op, left, right);
        }
        let result = self.f.b.variable();
        let end = self.f.b.block();
        for (i, (op, comparator)) in c.ops.iter().zip(&c.comparators).enumerate() {
            let right = self.expr(comparator);
            self.at(e);
            let value = self.compare_value(*op, left, right);
            self.f.b.def_var(result, value);
            if i + 1 == c.ops.len() {
                self.f.b.jump(end);
                break;
            }
            let bit = self.f.b.bit(Op::PyTruth, &[value], 0);
            let next = self.f.b.block();
            self.f.b.brif(bit, next, end);
            self.enter(next);
            left = right;
        }
        self.enter(end);
        self.f.b.use_var(result)
    }

    fn chain_cond(&mut self, e: &'a Expr, c: &'a ast::ExprCompare, then: BlockId, otherwise: BlockId) {
        let mut left = self.expr(&c.left);
        for (i, (op, comparator)) in c.ops.iter().zip(&c.comparators).enumerate() {
            let right = self.expr(comparator);
            self.at(e);
            let bit = self.compare_bit(*op, left, right);
            if i + 1 == c.ops.len() {
                self.f.b.brif(bit, then, otherwise);
                return;
            }
            let next = self.f.b.block();
            self.f.b.brif(bit, next, otherwise);
            self.enter(next);
            left = right;
        }
    }

    fn bool_op(&mut self, b: &'a ast::ExprBoolOp) -> ValueId {
        let result = self.f.b.variable();
        let end = self.f.b.block();
        let (last, init) = b.values.split_last().expect("a boolean operator has operands");
        for e in init {
            let value = self.expr(e);
            self.f.b.def_var(result, value);
            self.at(e);
            let bit = self.f.b.bit(Op::PyTruth, &[value], 0);
            let next = self.f.b.block();
            match b.op {
                BoolOp::And => self.f.b.brif(bit, next, end),
                BoolOp::Or => self.f.b.brif(bit, end, next),
            }
            self.enter(next);
        }
        let value = self.expr(last);
        self.f.b.def_var(result, value);
        self.f.b.jump(end);
        self.enter(end);
        self.f.b.use_var(result)
    }

    fn conditional(&mut self, i: &'a ast::ExprIf) -> ValueId {
        let result = self.f.b.variable();
        let (then, otherwise, end) = (self.f.b.block(), self.f.b.block(), self.f.b.block());
        self.cond(&i.test, then, otherwise);
        for (block, e) in [(then, &i.body), (otherwise, &i.orelse)] {
            self.enter(block);
            if self.dead() {
                continue;
            }
            let value = self.expr(e);
            self.f.b.def_var(result, value);
            self.jump(end);
        }
        self.enter(end);
        self.f.b.use_var(result)
    }

    // ---- displays ---------------------------------------------------------------------------------------

    fn list(&mut self, elements: &'a [Expr], e: &'a Expr) -> ValueId {
        if !elements.iter().any(Expr::is_starred_expr) {
            let values: Vec<ValueId> = elements.iter().map(|e| self.expr(e)).collect();
            self.at(e);
            return self.f.b.word(Op::ListNew, &values, 0);
        }
        self.starred_list(elements, e)
    }

    /// A list of elements some of which are unpacked.
    pub(super) fn starred_list(&mut self, elements: &'a [Expr], e: &'a Expr) -> ValueId {
        let plain = elements.iter().take_while(|e| !e.is_starred_expr()).count();
        let values: Vec<ValueId> = elements[..plain].iter().map(|e| self.expr(e)).collect();
        self.at(e);
        let list = self.f.b.word(Op::ListNew, &values, 0);
        for element in &elements[plain..] {
            match element {
                Expr::Starred(s) => {
                    let value = self.expr(&s.value);
                    self.at(e);
                    self.f.b.effect(Op::ListExtend, &[list, value], 0);
                }
                _ => {
                    let value = self.expr(element);
                    self.at(e);
                    self.f.b.effect(Op::ListAppend, &[list, value], 0);
                }
            }
        }
        list
    }

    fn tuple(&mut self, elements: &'a [Expr], e: &'a Expr) -> ValueId {
        if elements.iter().any(Expr::is_starred_expr) {
            let list = self.starred_list(elements, e);
            return self.f.b.word(Op::ListToTuple, &[list], 0);
        }
        let values: Vec<ValueId> = elements.iter().map(|e| self.index(e)).collect();
        self.at(e);
        self.f.b.word(Op::TupleNew, &values, 0)
    }

    /// What a loop runs over: a display of constants is a constant of its own there.
    pub(super) fn iterated(&mut self, e: &'a Expr) -> ValueId {
        if let Expr::Set(s) = e
            && let Some(constants) = self.constants(&s.elts)
        {
            self.at(e);
            return self.f.b.word(Op::SetLiteral, &constants, 1);
        }
        self.expr(e)
    }

    /// Iterator over an expression. A range that only a loop sees is never made.
    pub(super) fn iterator(&mut self, e: &'a Expr) -> ValueId {
        if let Expr::Call(c) = e
            && let Expr::Name(n) = &*c.func
            && n.id == "range"
            && matches!(c.arguments.args.len(), 1..=3)
            && c.arguments.keywords.is_empty()
            && !c.arguments.args.iter().any(Expr::is_starred_expr)
        {
            let mut args = vec![self.expr(&c.func)];
            args.extend(c.arguments.args.iter().map(|a| self.expr(a)));
            while args.len() < 4 {
                args.push(self.f.b.word(Op::Unbound, &[], 0));
            }
            self.at(e);
            return self.f.b.word(Op::PyRangeIter, &args, 0);
        }
        let iterable = self.iterated(e);
        self.at(e);
        self.f.b.word(Op::PyIter, &[iterable], 0)
    }

    /// The values of expressions that are all constants.
    fn constants(&mut self, elements: &'a [Expr]) -> Option<Vec<ValueId>> {
        let folded: Option<Vec<_>> = elements.iter().map(|e| self.fold_id(e)).collect();
        Some(folded?.into_iter().map(|id| self.const_value(id)).collect())
    }

    fn set(&mut self, elements: &'a [Expr], e: &'a Expr) -> ValueId {
        if elements.len() > 2
            && let Some(constants) = self.constants(elements)
        {
            self.at(e);
            return self.f.b.word(Op::SetLiteral, &constants, 0);
        }
        let plain = elements.iter().take_while(|e| !e.is_starred_expr()).count();
        let values: Vec<ValueId> = elements[..plain].iter().map(|e| self.expr(e)).collect();
        self.at(e);
        let set = self.f.b.word(Op::SetNew, &values, 0);
        for element in &elements[plain..] {
            let (inner, op) = match element {
                Expr::Starred(s) => (&*s.value, Op::SetUpdate),
                _ => (element, Op::SetAdd),
            };
            let value = self.expr(inner);
            self.at(e);
            self.f.b.effect(op, &[set, value], 0);
        }
        set
    }

    fn dict(&mut self, d: &'a ast::ExprDict, e: &'a Expr) -> ValueId {
        let plain = d.items.iter().take_while(|i| i.key.is_some()).count();
        let mut values = Vec::with_capacity(plain * 2);
        for item in &d.items[..plain] {
            values.extend(item.key.as_ref().map(|k| self.expr(k)));
            values.push(self.expr(&item.value));
        }
        self.at(e);
        let dict = self.f.b.word(Op::DictNew, &values, 0);
        for item in &d.items[plain..] {
            match &item.key {
                Some(key) => {
                    let key = self.expr(key);
                    let value = self.expr(&item.value);
                    self.at(e);
                    self.f.b.effect(Op::DictInsert, &[dict, key, value], 0);
                }
                None => {
                    let mapping = self.expr(&item.value);
                    self.at(e);
                    self.f.b.effect(Op::DictUpdate, &[dict, mapping], 0);
                }
            }
        }
        dict
    }

    /// Several words at once.
    pub(super) fn words(&mut self, op: Op, args: &[ValueId], imm: u64, count: usize) -> Vec<ValueId> {
        let inst = self.f.b.inst(op, args, imm, &vec![Type::Any; count]);
        self.f.b.func.results(inst).collect()
    }
}

/// Operator of the op table.
pub(super) fn binary_op(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mul,
        Operator::MatMult => BinaryOp::MatMul,
        Operator::Div => BinaryOp::TrueDiv,
        Operator::Mod => BinaryOp::Mod,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::LShift,
        Operator::RShift => BinaryOp::RShift,
        Operator::BitOr => BinaryOp::Or,
        Operator::BitXor => BinaryOp::Xor,
        Operator::BitAnd => BinaryOp::And,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn rich(op: CmpOp) -> CompareOp {
    match op {
        CmpOp::Lt => CompareOp::Lt,
        CmpOp::LtE => CompareOp::Le,
        CmpOp::Eq => CompareOp::Eq,
        CmpOp::NotEq => CompareOp::Ne,
        CmpOp::Gt => CompareOp::Gt,
        CmpOp::GtE => CompareOp::Ge,
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => unreachable!("not a rich comparison"),
    }
}

/// Truth of a constant.
fn constant_truth(c: &Const) -> Option<bool> {
    Some(match c {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis => true,
        Const::NotImplemented => return None,
        Const::Int(v) => *v != 0,
        Const::BigInt(_) => true,
        Const::Float(bits) => f64::from_bits(*bits) != 0.0,
        Const::Complex(re, im) => f64::from_bits(*re) != 0.0 || f64::from_bits(*im) != 0.0,
        Const::Str(s) => !s.is_empty(),
        Const::Bytes(b) => !b.is_empty(),
        Const::Tuple(t) => !t.is_empty(),
        Const::Symbol(_) | Const::Keyword(_) => true,
    })
}
