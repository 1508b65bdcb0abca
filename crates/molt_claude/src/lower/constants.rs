//! Quoted data, made when they are first asked for and kept.

use molt_abi::RtFn;
use molt_ir::func::imm_pair;
use molt_ir::{Const, GlobalId as IrGlobal, Op, ValueId};

use super::body::Body;
use super::{Lower, Purpose};
use crate::core::CtorId;
use crate::macros::Origin;
use crate::stx::{Mark, StxId};
use crate::syntax::Kind;
use crate::syntax::literal::{Number, to_decimal};

/// What `cl_named` makes of a text.
const SYMBOL: u32 = 1;
const KEYWORD: u32 = 3;

impl Lower<'_> {
    /// A variable that no name of the program means.
    fn hidden_global(&mut self, name: &str) -> IrGlobal {
        let name = self.program.names.intern(name);
        let library = self.ir_module(self.core.order[0]);
        self.program.global(library, name)
    }

    pub(super) fn nullary_slot(&mut self, c: CtorId, site: molt_ir::ClassSiteId) -> IrGlobal {
        if let Some(&slot) = self.nullary.get(&site) {
            return slot;
        }
        let name = format!(" value of {}", self.core.names.text(self.core.ctors[c].name));
        let slot = self.hidden_global(&name);
        self.nullary.insert(site, slot);
        slot
    }

    fn name_slot(&mut self, value: &Const) -> IrGlobal {
        if let Some(&slot) = self.names.get(value) {
            return slot;
        }
        let slot = self.hidden_global(&format!(" name {}", self.names.len()));
        self.names.insert(value.clone(), slot);
        slot
    }

    fn quote_slot(&mut self, s: StxId) -> IrGlobal {
        if let Some(&slot) = self.quotes.get(&s) {
            return slot;
        }
        let slot = self.hidden_global(&format!(" datum {}", s.0));
        self.quotes.insert(s, slot);
        slot
    }
}

impl Body<'_, '_> {
    /// The value of a hidden variable, made the first time.
    pub fn made_once(&mut self, slot: IrGlobal, make: impl FnOnce(&mut Self) -> ValueId) -> ValueId {
        let known = self.b.word(Op::GlobalGet, &[], u64::from(slot.0));
        let missing = self.b.bit(Op::IsUnbound, &[known], 0);
        let (first, again, done) = (self.b.cold_block(), self.b.block(), self.b.block());
        let variable = self.b.variable();
        self.b.brif(missing, first, again);
        self.b.seal_and_switch(again);
        self.b.def_var(variable, known);
        self.b.jump(done);
        self.b.seal_and_switch(first);
        let made = make(self);
        self.b.effect(Op::GlobalSet, &[made], u64::from(slot.0));
        self.b.def_var(variable, made);
        self.b.jump(done);
        self.b.seal_and_switch(done);
        self.b.use_var(variable)
    }

    /// A symbol or keyword. There is one of a name in an isolate, so it is the runtime's where several programs share one.
    pub fn named(&mut self, value: Const) -> ValueId {
        let (text, which) = match &value {
            Const::Symbol(text) => (text, SYMBOL),
            Const::Keyword(text) => (text, KEYWORD),
            _ => unreachable!("others have no names"),
        };
        if self.lower.modules.state.is_none() {
            return self.literal(value);
        }
        let text = Const::Str(text.as_bytes().into());
        let slot = self.lower.name_slot(&value);
        self.made_once(slot, |b| {
            let text = b.literal(text);
            b.b.word(Op::ClRtFamily, &[text], imm_pair(RtFn::ClNamed as u32, which))
        })
    }

    pub fn quote(&mut self, s: StxId) -> ValueId {
        if let Some(value) = self.atom(s) {
            return value;
        }
        let slot = self.lower.quote_slot(s);
        self.made_once(slot, |b| b.datum(s))
    }

    fn atom(&mut self, s: StxId) -> Option<ValueId> {
        let (syntax, names) = (self.lower.syntax, &self.lower.core.names);
        let text = syntax.text(s);
        let value = match syntax.kind(s) {
            Kind::Symbol => return Some(self.symbol(names.text(text), syntax.mark(s))),
            Kind::Keyword => return Some(self.named(Const::Keyword(names.text(text).into()))),
            Kind::Str => Const::Str(names.text(text).as_bytes().into()),
            Kind::True => Const::True,
            Kind::False => Const::False,
            Kind::Nil => Const::None,
            Kind::Int | Kind::Float => match syntax.number(s, names).expect("the kind says so") {
                Number::Small(v) => Const::Int(v),
                Number::Float(v) => Const::Float(v.to_bits()),
                Number::Large { negative, radix, digits } => {
                    let digits = to_decimal(&digits, radix);
                    Const::BigInt(if negative { format!("-{digits}") } else { digits }.into())
                }
            },
            _ => return None,
        };
        Some(self.literal(value))
    }

    /// A symbol; while macros run, one that remembers its mark.
    fn symbol(&mut self, name: &str, mark: Mark) -> ValueId {
        let symbol = self.named(Const::Symbol(name.into()));
        if mark == Mark::SOURCE { symbol } else { self.with_origin(symbol, Origin::mark(mark)) }
    }

    /// A list of a template, which remembers its brackets while macros run.
    pub fn templated(&mut self, list: ValueId, brackets: bool) -> ValueId {
        self.with_origin(list, if brackets { Origin::BRACKETS } else { Origin::NONE })
    }

    fn with_origin(&mut self, value: ValueId, origin: Origin) -> ValueId {
        if self.lower.purpose == Purpose::Run {
            return value;
        }
        self.b.word(Op::ClRtFamily, &[value], imm_pair(RtFn::ClFrom as u32, origin.0))
    }

    fn datum(&mut self, s: StxId) -> ValueId {
        if let Some(value) = self.atom(s) {
            return value;
        }
        let syntax = self.lower.syntax;
        let values: Vec<ValueId> = syntax.parts(s).iter().map(|&p| self.datum(p)).collect();
        let f = match syntax.kind(s) {
            Kind::Map => RtFn::ClMapOf,
            Kind::Set => RtFn::ClSetOf,
            Kind::List => {
                let list = self.b.word(Op::ClRtN, &values, RtFn::ClListOf as u64);
                return self.templated(list, true);
            }
            Kind::Form => RtFn::ClListOf,
            prefix => {
                let mark = if syntax.mark(s) == Mark::SOURCE { Mark::READER } else { syntax.mark(s) };
                let symbol = self.symbol(prefix.operator().expect("only prefixes are left"), mark);
                return self.b.word(Op::ClRtN, &[symbol, values[0]], RtFn::ClListOf as u64);
            }
        };
        self.b.word(Op::ClRtN, &values, f as u64)
    }
}
