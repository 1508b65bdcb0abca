//! Macros: their definitions and their uses (section 3.4 of the reference).
//!
//! A macro is a procedure from data to data. It runs in a program of its own, [`machine`], that has the definitions before
//! it and no others; [`data`] says what its operands and results are. A symbol of a template gets the mark of the
//! expansion, so it binds nothing of the user's, and where the expansion does not bind it, it means what it means where
//! the template is written. Symbols of the operands keep their marks.
//!
//! Syntax knows how many expansions it came out of, so an endless one ends at [`DEEPEST_EXPANSION`].

mod data;
mod machine;

use molt_base::{EntityId, Symbol, entity_id};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;

use super::scope::{Binding, ScopeId};
use super::{At, Expander};
use crate::core::{ExprId, LambdaId, LocalId, ModuleId};
use crate::macros::Failure;
use crate::notes::MacroNote;
use crate::stx::{Mark, Name, StxId};
use crate::syntax::Kind;
pub(super) use machine::Macros;

entity_id!(
    /// A macro.
    pub struct MacroId("macro")
);

/// Most expansions inside one another.
pub const DEEPEST_EXPANSION: u8 = 100;

/// Most expansions of which each is the use that the one before gave.
const MOST_TURNS: usize = 10_000;

/// A macro.
pub(super) struct Macro {
    name: Symbol,
    lambda: LambdaId,
    module: ModuleId,
    /// How many forms of the module come before it.
    before: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    /// Program and place in its list.
    Loaded(u32, usize),
    /// The program that it was in is gone.
    Unloaded,
    /// Something that was reported is wrong with it.
    Broken,
}

/// Something is wrong, and a finding says what.
struct Reported;

impl Expander<'_> {
    // ---- definitions ----------------------------------------------------------------------------

    /// `(define-macro (name p .. . rest) body ..)`, which is known from here on.
    pub(super) fn define_macro(&mut self, form: StxId, at: At) {
        let Ok(parts) = self.at_least(form, 2) else { return };
        let signature = self.syntax.parts(parts[0]).to_vec();
        let target = (self.syntax.kind(parts[0]) == Kind::Form).then(|| signature.first()).flatten();
        let Some(&target) = target else {
            self.malformed(parts[0], "a macro is defined as `(name parameter ..)`");
            return;
        };
        let Some(name) = self.binder(target, "the name of a macro") else { return };
        if self.scopes.own(at.scope, name).is_some() {
            let (text, span) = (self.text(name.symbol).to_owned(), self.syntax.span(target));
            self.report(&code::DUPLICATE, span, format!("`{text}` is defined twice here"));
            return;
        }
        let findings = self.diagnostics.len();
        let lambda = self.macro_body(name.symbol, &signature[1..], &parts[1..], form, at.scope);
        let is_wrong = self.diagnostics[findings..].iter().any(Diagnostic::is_error);
        let state = if is_wrong { State::Broken } else { State::Fresh };
        let (module, before) = (self.module, self.form_count());
        if self.core.notes.is_wanted {
            let (span, signature) = (self.syntax.span(target), self.syntax.span(parts[0]));
            self.core.notes.macros.push(MacroNote { name: name.symbol, span, signature });
        }
        let id = self.macros.all.push(Macro { name: name.symbol, lambda, module, before, state });
        self.bind_in_module(at.scope, name, Binding::Macro(id));
    }

    fn macro_body(&mut self, name: Symbol, params: &[StxId], body: &[StxId], form: StxId, scope: ScopeId) -> LambdaId {
        let home = std::mem::replace(&mut self.home, scope);
        let floor = self.floor.replace(self.core.locals.len());
        let procedures = std::mem::take(&mut self.procedures);
        let lambda = self.lambda(name, params, None, body, self.syntax.span(form), scope);
        (self.home, self.floor, self.procedures) = (home, floor, procedures);
        lambda
    }

    /// Whether a variable has no value yet while the macro at hand runs.
    pub(super) fn is_of_run_time(&self, local: LocalId) -> bool {
        self.floor.is_some_and(|floor| local.index() < floor)
    }

    /// Reports the use of such a variable.
    pub(super) fn of_run_time(&mut self, s: StxId) -> ExprId {
        let (text, span) = (self.text(self.syntax.text(s)).to_owned(), self.syntax.span(s));
        self.report(
            &code::UNBOUND,
            span,
            format!("`{text}` has a value only when the program runs, and macros run before"),
        )
    }

    // ---- uses -----------------------------------------------------------------------------------

    /// The macro that a form is a use of.
    fn macro_of(&self, s: StxId, scope: ScopeId) -> Option<MacroId> {
        if self.syntax.kind(s) != Kind::Form {
            return None;
        }
        let name = self.syntax.name(*self.syntax.parts(s).first()?)?;
        if self.form(name, scope).is_some() {
            return None;
        }
        match self.lookup(name, scope) {
            Some(Binding::Macro(m)) => Some(m),
            _ => None,
        }
    }

    /// What is left of a form when it is no use of a macro any more.
    pub(super) fn unfolded(&mut self, form: StxId, at: At) -> StxId {
        let mut s = form;
        // Macro code that keeps data can give a form again and again that was not made deeper.
        for _ in 0..MOST_TURNS {
            match self.macro_of(s, at.scope) {
                Some(m) => s = self.expand_macro(m, s),
                None => return s,
            }
        }
        self.malformed(form, format!("its expansion is a use of a macro again, {MOST_TURNS} times"));
        self.syntax.make(Kind::Error, self.syntax.span(form), Symbol(0), Mark::SOURCE, &[])
    }

    /// One expansion of a use; an error node where that fails.
    pub(super) fn expand_macro(&mut self, m: MacroId, s: StxId) -> StxId {
        self.note(self.syntax.parts(s)[0], Binding::Macro(m));
        match self.expansion(m, s) {
            Ok(made) => made,
            Err(Reported) => self.syntax.make(Kind::Error, self.syntax.span(s), Symbol(0), Mark::SOURCE, &[]),
        }
    }

    fn expansion(&mut self, m: MacroId, s: StxId) -> Result<StxId, Reported> {
        self.check_depth(m, s)?;
        let lambda = &self.core.lambdas[self.macros.all[m].lambda];
        let (least, most) = (lambda.least(), lambda.most().unwrap_or(usize::MAX));
        let operands = self.syntax.parts(s)[1..].to_vec();
        if !(least..=most).contains(&operands.len()) {
            self.wrong_count(s, least, most);
            return Err(Reported);
        }
        let operands: Vec<_> = operands.into_iter().map(|p| self.datum(p)).collect::<Result<_, _>>()?;
        let (program, index) = self.ready(m, s)?;
        match self.macros.runner().call(program, index, &operands) {
            Ok(datum) => Ok(self.syntax_of(m, &datum, s, program)),
            Err(failure) => Err(self.failed(m, s, &failure)),
        }
    }

    /// One use that is too deep is reported; then nothing that an expansion made is expanded, which might never end.
    fn check_depth(&mut self, m: MacroId, s: StxId) -> Result<(), Reported> {
        let depth = self.syntax.depth(s);
        if depth < DEEPEST_EXPANSION && !(self.macros.too_deep && depth > 0) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.macros.too_deep, true) {
            let name = self.text(self.macros.all[m].name).to_owned();
            self.malformed(s, format!("expansions are nested deeper than {DEEPEST_EXPANSION} here, in macro `{name}`"));
        }
        Err(Reported)
    }

    /// Reports that a macro gave no data.
    fn failed(&mut self, m: MacroId, s: StxId, failure: &Failure) -> Reported {
        let (name, span) = (self.text(self.macros.all[m].name), self.syntax.span(s));
        let finding = match failure {
            Failure::Raised { kind, message, place } => {
                let finding = Diagnostic::at(&code::SYNTAX, span, format!("macro `{name}` raised {kind}: {message}"));
                let finding = finding.help(advice(kind));
                match place.as_ref().and_then(|p| self.span_of(p)).filter(|&at| at != span) {
                    Some(at) => finding.label(at, "raised here", false),
                    None => finding,
                }
            }
            Failure::NoData(kind) => {
                let text = format!("macro `{name}` gave a value of kind {kind}, which is no data");
                Diagnostic::at(&code::SYNTAX, span, text)
            }
            Failure::TooDeep => {
                Diagnostic::at(&code::SYNTAX, span, format!("macro `{name}` gave data that are nested too deeply"))
            }
        };
        self.diagnostics.push(finding);
        Reported
    }

    /// The macro that wrote a name.
    pub(super) fn writer(&self, name: Name) -> Option<&str> {
        let m = self.macros.writers.get(&name.mark)?;
        Some(self.text(self.macros.all[*m].name))
    }

    /// `(macroexpand 'form)`: the data that one expansion gives.
    pub(super) fn macroexpand(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.exactly(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let Some(form) = self.quoted_part(parts[0]) else {
            return self
                .malformed(parts[0], "`macroexpand` takes a quoted form: there are no macros when the program runs");
        };
        let made = match self.macro_of(form, at.scope) {
            Some(m) => self.expand_macro(m, form),
            None => form,
        };
        self.quoted(made)
    }

    /// The datum of `'d` or `(quote d)`.
    fn quoted_part(&self, s: StxId) -> Option<StxId> {
        let parts = self.syntax.parts(s);
        match (self.syntax.kind(s), parts) {
            (Kind::Quote, &[d]) => Some(d),
            (Kind::Form, &[head, d]) if self.syntax.is_symbol(head, "quote", &self.core.names) => Some(d),
            _ => None,
        }
    }
}

/// What to do about an error of macro code, by its type.
fn advice(kind: &str) -> &'static str {
    match kind {
        "capability-denied" => "let the expansion do this, when the program runs",
        "uninitialized" => "macro code may use what is defined before the macro",
        _ => "macro code runs while the program is compiled",
    }
}
