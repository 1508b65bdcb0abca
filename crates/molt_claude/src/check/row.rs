//! Effect rows: what a procedure may perform.
//!
//! While expressions are looked at, rows are terms that name the procedures called; when all procedures were seen, the
//! terms have values: the least ones that hold for all procedures together.

use std::collections::{BTreeSet, HashSet};

use molt_base::{Arena, EntityId, Span, entity_id};

use super::ty::VarId;
use crate::core::{Core, EffectId, LambdaId, OpId};

entity_id!(
    /// A row.
    pub struct RowId("r")
);

entity_id!(
    /// A handler around some expression.
    pub struct HandlerId("h")
);

entity_id!(
    /// The name of a label, in lower case.
    pub struct LabelId("n")
);

/// Something that can be in a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Label {
    /// One operation.
    Op(OpId),
    /// Anything of a label.
    Named(LabelId),
}

/// A row as a term.
#[derive(Clone, Debug)]
pub enum Row {
    /// All of several.
    All(Vec<RowId>),
    Label(Label),
    /// What nothing is known of.
    Unknown,
    Var(VarId),
    /// That of a procedure.
    Of(LambdaId),
    /// A row whose variables stand for others.
    With(RowId, Vec<(VarId, RowId)>),
    /// What a function of the library may perform, if it calls its operand at all.
    Perhaps(RowId),
    /// What is left under a handler.
    Handled(RowId, HandlerId),
}

/// What a handler answers.
#[derive(Clone, Default, Debug)]
pub struct Handled {
    pub ops: Vec<OpId>,
    pub effects: Vec<EffectId>,
    /// Some, nobody knows which.
    pub unknown: bool,
}

/// A row's value.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RowSet {
    pub labels: BTreeSet<Label>,
    /// Variables, each with the handlers that are around what it stands for.
    pub vars: BTreeSet<(VarId, BTreeSet<HandlerId>)>,
    pub unknown: bool,
}

/// Something that is performed, and where.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub span: Span,
    pub row: RowId,
    /// Whether it is performed whenever the procedure or form is evaluated to its end.
    pub certain: bool,
}

/// Which of what is performed is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All that may be.
    All,
    /// What certainly is.
    Certain,
}

/// All rows of a program.
pub struct Rows {
    arena: Arena<RowId, Row>,
    handlers: Arena<HandlerId, Handled>,
    labels: Arena<LabelId, Box<str>>,
    /// By procedure.
    pub entries: Vec<Vec<Entry>>,
    values: Vec<RowSet>,
    certain: Vec<RowSet>,
}

impl Rows {
    pub const PURE: RowId = RowId(0);
    pub const UNKNOWN: RowId = RowId(1);

    pub fn new(lambdas: usize) -> Rows {
        let mut arena = Arena::new();
        arena.push(Row::All(Vec::new()));
        arena.push(Row::Unknown);
        let (values, certain) = (vec![RowSet::default(); lambdas], vec![RowSet::default(); lambdas]);
        let entries = vec![Vec::new(); lambdas];
        Rows { arena, handlers: Arena::new(), labels: Arena::new(), entries, values, certain }
    }

    pub fn add(&mut self, row: Row) -> RowId {
        self.arena.push(row)
    }

    /// The variable that a row is.
    pub fn as_var(&self, row: RowId) -> Option<VarId> {
        match self.arena[row] {
            Row::Var(v) => Some(v),
            _ => None,
        }
    }

    /// A label by its name.
    pub fn label(&mut self, name: &str) -> RowId {
        let name = name.to_ascii_lowercase().into_boxed_str();
        let known = self.labels.iter().find(|(_, l)| **l == name).map(|(id, _)| id);
        let id = known.unwrap_or_else(|| self.labels.push(name));
        self.add(Row::Label(Label::Named(id)))
    }

    /// The name of the effect of a label, in lower case.
    pub fn effect_of(&self, label: Label, core: &Core) -> String {
        match label {
            Label::Op(op) => core.names.text(core.effects[core.ops[op].effect].name).to_ascii_lowercase(),
            Label::Named(name) => self.labels[name].to_string(),
        }
    }

    /// A label as messages show it.
    pub fn show(&self, label: Label, core: &Core) -> String {
        match label {
            Label::Op(op) => format!("{}:{}", self.effect_of(label, core), core.names.text(core.ops[op].name)),
            Label::Named(name) => self.labels[name].to_string(),
        }
    }

    /// A row as the language writes it.
    pub fn show_all(&self, row: &RowSet, core: &Core) -> String {
        let mut names: Vec<String> = row.labels.iter().map(|&l| self.show(l, core)).collect();
        names.sort();
        names.dedup();
        if row.unknown {
            names.push("?".to_owned());
        }
        format!("{{{}}}", names.join(" "))
    }

    fn answers(&self, handler: HandlerId, label: Label, core: &Core) -> bool {
        let handled = &self.handlers[handler];
        let is_op = matches!(label, Label::Op(op) if handled.ops.contains(&op));
        let name = || self.effect_of(label, core);
        let same = |e: &EffectId| core.names.text(core.effects[*e].name).eq_ignore_ascii_case(&name());
        handled.unknown || is_op || handled.effects.iter().any(same)
    }

    /// What a handler leaves of what was performed under it.
    pub fn handle(&mut self, entries: &[Entry], handled: Handled) -> Vec<Entry> {
        let handler = self.handlers.push(handled);
        let inside = |e: &Entry| Entry { row: self.arena.push(Row::Handled(e.row, handler)), ..*e };
        entries.iter().map(inside).collect()
    }

    /// Finds the rows of all procedures.
    pub fn solve(&mut self, core: &Core) {
        for mode in [Mode::All, Mode::Certain] {
            // Chains of calls go both ways.
            while self.grow(core, mode, true) | self.grow(core, mode, false) {}
        }
    }

    /// One round; whether it found anything.
    fn grow(&mut self, core: &Core, mode: Mode, forward: bool) -> bool {
        let (mut grown, count) = (false, self.entries.len());
        for at in (0..count).map(|i| if forward { i } else { count - 1 - i }) {
            let mut row = RowSet::default();
            for entry in self.entries[at].iter().filter(|e| mode == Mode::All || e.certain) {
                self.collect(entry.row, mode, core, &mut row);
            }
            let known = if mode == Mode::All { &mut self.values[at] } else { &mut self.certain[at] };
            grown |= *known != row;
            *known = row;
        }
        grown
    }

    /// Whether a row is that of calls of some procedures, and nothing else.
    pub fn is_call_among(&self, row: RowId, procedures: &HashSet<LambdaId>) -> bool {
        match &self.arena[row] {
            Row::All(rows) => rows.iter().all(|&r| self.is_call_among(r, procedures)),
            Row::Label(_) => false,
            Row::Unknown | Row::Var(_) => true,
            Row::Of(l) => procedures.contains(l),
            Row::With(inner, pairs) => {
                self.is_call_among(*inner, procedures) && pairs.iter().all(|p| self.is_call_among(p.1, procedures))
            }
            Row::Perhaps(inner) | Row::Handled(inner, _) => self.is_call_among(*inner, procedures),
        }
    }

    pub fn value(&self, row: RowId, mode: Mode, core: &Core) -> RowSet {
        let mut set = RowSet::default();
        self.collect(row, mode, core, &mut set);
        set
    }

    fn collect(&self, row: RowId, mode: Mode, core: &Core, into: &mut RowSet) {
        match &self.arena[row] {
            Row::All(rows) => rows.iter().for_each(|&r| self.collect(r, mode, core, into)),
            Row::Label(l) => {
                into.labels.insert(*l);
            }
            Row::Unknown => into.unknown = true,
            Row::Var(v) => {
                into.vars.insert((*v, BTreeSet::new()));
            }
            Row::Of(l) if mode == Mode::All => into.add(&self.values[l.index()]),
            Row::Of(l) => into.add(&self.certain[l.index()]),
            Row::Perhaps(inner) if mode == Mode::All => self.collect(*inner, mode, core, into),
            Row::Perhaps(_) => {}
            Row::With(inner, pairs) => {
                let mut set = self.value(*inner, mode, core);
                let vars = std::mem::take(&mut set.vars);
                into.add(&set);
                for (v, handlers) in vars {
                    let mut stands = pairs.iter().filter(|p| p.0 == v).peekable();
                    if stands.peek().is_none() {
                        into.vars.insert((v, handlers));
                        continue;
                    }
                    for p in stands {
                        into.add(&self.under(self.value(p.1, mode, core), &handlers, core));
                    }
                }
            }
            Row::Handled(inner, handler) => {
                let set = self.value(*inner, mode, core);
                into.add(&self.under(set, &BTreeSet::from([*handler]), core));
            }
        }
    }

    /// What is left of a row under some handlers.
    fn under(&self, mut row: RowSet, handlers: &BTreeSet<HandlerId>, core: &Core) -> RowSet {
        row.labels.retain(|&l| !handlers.iter().any(|&h| self.answers(h, l, core)));
        row.vars = row.vars.into_iter().map(|(v, around)| (v, &around | handlers)).collect();
        row
    }
}

impl RowSet {
    pub fn add(&mut self, other: &RowSet) {
        self.labels.extend(&other.labels);
        self.vars.extend(other.vars.iter().cloned());
        self.unknown |= other.unknown;
    }
}
