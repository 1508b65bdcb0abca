//! The linter: rules on how a text is written (section 13.6 of the reference).
//!
//! It looks at data as they were read, before macros are expanded, so what a macro writes is nobody's fault. Quoted data and
//! templates are left out. Four of the rules are warnings of the checker, which knows what names mean; [`RULES`] has all.

mod names;

use std::collections::HashSet;

use molt_base::Span;
use molt_diagnostics::registry::claude as code;
use molt_diagnostics::{Code, Diagnostic};

use crate::expand::foreign::exports_of;
use crate::library::{self, BUILTINS, EFFECTS};
use crate::syntax::{Data, Datum, Kind};

/// The rules; the id of the code is the name of the rule.
pub static RULES: [&Code; 9] = [
    &code::UNUSED,
    &code::SHADOWED,
    &code::NO_ELSE,
    &code::EMPTY_LET,
    &code::REDUNDANT_LAMBDA,
    &code::UNREACHABLE,
    &code::UNANNOTATED,
    &code::LONG,
    &code::NAMING,
];

/// Lines of code that a procedure may have.
pub const MOST_LINES: usize = 50;

/// What the rules on the text find, in the order of the places.
pub fn lint(data: &Data) -> Vec<Diagnostic> {
    let exported = exports_of(data).into_iter().map(|(own, _)| own).collect();
    let mut linter = Linter { data, known: Known { exported, ..Known::default() }, found: Vec::new() };
    let forms = linter.forms();
    forms.iter().for_each(|&f| linter.learn(f));
    forms.iter().for_each(|&f| linter.form(f));
    linter.found.sort_by_key(|d| d.primary_span().map(|s| s.start));
    linter.found
}

/// What a text says of its names.
#[derive(Default)]
struct Known<'d> {
    /// Procedures that it defines at its top.
    procedures: HashSet<&'d str>,
    /// What `set!` assigns.
    assigned: HashSet<&'d str>,
    exported: HashSet<String>,
}

struct Linter<'d> {
    data: &'d Data,
    known: Known<'d>,
    found: Vec<Diagnostic>,
}

/// A procedure as it is written.
struct Procedure<'d> {
    /// The name that it is defined as.
    name: Option<(&'d str, Span)>,
    params: Vec<Datum>,
    /// What follows the parameters.
    rest: Vec<Datum>,
    /// The whole form.
    form: Datum,
    /// Its type was given with its name.
    is_typed: bool,
}

impl<'d> Linter<'d> {
    /// The forms that are evaluated, in the order of the text.
    fn forms(&self) -> Vec<Datum> {
        let (mut forms, mut at) = (Vec::new(), Datum(0));
        let mut others = HashSet::new();
        while (at.0 as usize) < self.data.count() {
            let is_quoted = match self.data.kind(at) {
                Kind::Quote | Kind::Quasiquote => true,
                Kind::Form => matches!(self.head(at), Some("quote" | "quasiquote")),
                _ => false,
            };
            if is_quoted {
                at = self.data.after(at);
                continue;
            }
            if self.data.kind(at) == Kind::Form && !others.contains(&at) {
                self.no_forms(at, &mut others);
                forms.push(at);
            }
            at = Datum(at.0 + 1);
        }
        forms
    }

    /// What stands in brackets inside of a form and is none itself: bindings, parameters, clauses and patterns.
    fn no_forms(&self, form: Datum, others: &mut HashSet<Datum>) {
        let parts = self.parts(form);
        match (self.head(form), parts.get(1..).unwrap_or_default()) {
            (Some("let" | "let*" | "letrec" | "loop"), &[first, ref rest @ ..]) => {
                let bindings = if self.is_form(first) { first } else { rest.first().copied().unwrap_or(first) };
                others.insert(bindings);
                for pair in self.data.parts(bindings) {
                    others.insert(pair);
                    self.data.parts(pair).next().into_iter().for_each(|target| self.whole(target, others));
                }
            }
            (Some("lambda" | "fn" | "define" | "define-macro"), &[first, ..]) => {
                others.insert(first);
                others.extend(self.data.parts(first));
            }
            (Some("dotimes" | "doseq"), &[binding, ..]) => {
                others.insert(binding);
            }
            (Some("cond"), clauses) => others.extend(clauses),
            (Some("match" | "case"), &[_, ref clauses @ ..]) => {
                for &clause in clauses {
                    others.insert(clause);
                    self.data.parts(clause).next().into_iter().for_each(|pattern| self.whole(pattern, others));
                }
            }
            (Some("catch"), &[pattern, ..]) => self.whole(pattern, others),
            (Some("handler"), &[clauses, ..]) => {
                others.insert(clauses);
                others.extend(self.data.parts(clauses));
            }
            (Some("make-handler" | "select"), clauses) => others.extend(clauses),
            (Some("data" | "type" | "define-effect" | "export" | "import"), inside) => {
                inside.iter().for_each(|&d| self.whole(d, others));
            }
            _ => {}
        }
    }

    /// A datum and all that is in it.
    fn whole(&self, d: Datum, others: &mut HashSet<Datum>) {
        others.extend((d.0..self.data.after(d).0).map(Datum));
    }

    fn head(&self, form: Datum) -> Option<&'d str> {
        self.symbol(self.data.parts(form).next()?)
    }

    fn symbol(&self, d: Datum) -> Option<&'d str> {
        (self.data.kind(d) == Kind::Symbol).then(|| self.data.written(d))
    }

    fn parts(&self, d: Datum) -> Vec<Datum> {
        self.data.parts(d).collect()
    }

    fn is_form(&self, d: Datum) -> bool {
        self.data.kind(d) == Kind::Form
    }

    fn report(&mut self, code: &'static Code, span: Span, message: String) {
        self.found.push(Diagnostic::at(code, span, message));
    }

    // ---- what is known ----------------------------------------------------------------------------

    fn learn(&mut self, form: Datum) {
        let parts = self.parts(form);
        match (self.head(form), parts.get(1..).unwrap_or_default()) {
            (Some("define"), &[signature, ..]) if self.is_form(signature) => {
                self.known.procedures.extend(self.head(signature));
            }
            (Some("set!"), &[name, ..]) => self.known.assigned.extend(self.symbol(name)),
            _ => {}
        }
    }

    /// Whether a name is that of a procedure wherever it is not hidden.
    fn is_procedure(&self, name: &str) -> bool {
        if self.known.assigned.contains(name) {
            return false;
        }
        let is_operation = || {
            let (effect, op) = name.split_once(':')?;
            let effect = EFFECTS.iter().find(|e| e.name.eq_ignore_ascii_case(effect))?;
            effect.ops.iter().find(|o| o.name == op)
        };
        self.known.procedures.contains(name)
            || BUILTINS.iter().any(|b| b.name == name && b.constant().is_none())
            || is_operation().is_some()
            || library::written_names().any(|n| n == (name, true))
    }

    // ---- rules ------------------------------------------------------------------------------------

    fn form(&mut self, form: Datum) {
        let parts = self.parts(form);
        let Some(head) = self.head(form) else { return };
        match (head, parts.get(1..).unwrap_or_default()) {
            ("let" | "let*" | "letrec" | "loop", &[bindings, ..]) if self.is_form(bindings) => {
                self.bindings(bindings);
                if head != "loop" {
                    self.empty_let(head, bindings, &parts[2..]);
                }
            }
            ("let", &[name, bindings, ..]) if self.is_form(bindings) => {
                self.variable(name);
                self.bindings(bindings);
            }
            ("dotimes" | "doseq", &[binding, ..]) => self.first_variable(binding),
            ("lambda" | "fn", &[params, ref rest @ ..]) if self.is_form(params) => {
                let params = self.parts(params);
                self.redundant(form, &params, rest);
                self.params(&params);
            }
            ("define", &[target, ref rest @ ..]) => self.define(form, target, rest),
            ("define-macro", &[signature, ..]) if self.is_form(signature) => {
                let names = self.parts(signature);
                names.iter().take(1).for_each(|&d| self.variable(d));
                self.params(names.get(1..).unwrap_or_default());
            }
            ("data", &[name, ref cases @ ..]) => self.data_type(name, cases),
            ("type", &[name, ..]) => self.type_name(name, "type"),
            ("define-effect", &[name, ref ops @ ..]) => {
                self.type_name(name, "effect");
                ops.iter().for_each(|&op| self.first_variable(op));
            }
            _ => {}
        }
    }

    /// A `let` without bindings; one that opens a scope for definitions is none.
    fn empty_let(&mut self, head: &str, bindings: Datum, body: &[Datum]) {
        let defines = |d: &Datum| self.is_form(*d) && matches!(self.head(*d), Some("define" | "define-macro" | "data"));
        if self.data.parts(bindings).next().is_none() && !body.iter().any(defines) {
            self.report(&code::EMPTY_LET, self.data.span(bindings), format!("this `{head}` binds nothing"));
        }
    }

    /// `(lambda (x) (f x))` is `f`.
    fn redundant(&mut self, form: Datum, params: &[Datum], rest: &[Datum]) {
        let &[body] = rest else { return };
        let names: Option<Vec<&str>> = params.iter().map(|&p| self.symbol(p)).collect();
        let Some(names) = names.filter(|n| !n.is_empty() && !n.contains(&".") && !n.contains(&"&")) else { return };
        if !self.is_form(body) {
            return;
        }
        let call = self.parts(body);
        let operands: Option<Vec<&str>> = call.iter().skip(1).map(|&p| self.symbol(p)).collect();
        let Some(callee) = self.head(body) else { return };
        if operands.as_ref() == Some(&names) && !names.contains(&callee) && self.is_procedure(callee) {
            let message = format!("this procedure does what `{callee}` does");
            let finding = Diagnostic::at(&code::REDUNDANT_LAMBDA, self.data.span(form), message);
            self.found.push(finding.help(format!("use `{callee}` itself")));
        }
    }

    fn define(&mut self, form: Datum, target: Datum, rest: &[Datum]) {
        if self.is_form(target) {
            let signature = self.parts(target);
            let Some((&name, params)) = signature.split_first() else { return };
            self.variable(name);
            self.params(params);
            let name = self.symbol(name).map(|n| (n, self.data.span(name)));
            let (params, rest) = (params.to_vec(), rest.to_vec());
            self.procedure(&Procedure { name, params, rest, form, is_typed: false });
            return;
        }
        self.global(target);
        let Some(&value) = rest.last() else { return };
        let is_lambda = self.is_form(value) && matches!(self.head(value), Some("lambda" | "fn"));
        let lambda = if is_lambda { self.parts(value) } else { return };
        let Some(&params) = lambda.get(1).filter(|&&p| self.is_form(p)) else { return };
        let name = self.symbol(target).map(|n| (n, self.data.span(target)));
        let is_typed = rest.iter().any(|&d| self.data.kind(d) == Kind::Keyword && self.data.written(d) == ":type");
        let (params, rest) = (self.parts(params), lambda[2..].to_vec());
        self.procedure(&Procedure { name, params, rest, form, is_typed });
    }

    /// What has a name is not too long, and says its types where others see it.
    fn procedure(&mut self, p: &Procedure) {
        let Some((name, span)) = p.name else { return };
        let code_lines =
            |text: &str| text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(';')).count();
        let lines = code_lines(self.data.written(p.form));
        if lines > MOST_LINES {
            let message = format!("`{name}` has {lines} lines of code, more than {MOST_LINES}");
            self.report(&code::LONG, span, message);
        }
        if p.is_typed || !self.known.exported.contains(name) {
            return;
        }
        let is_rest = |d: &Datum| matches!(self.symbol(*d), Some("." | "&"));
        let plain = p.params.iter().take_while(|d| !is_rest(d)).filter_map(|&d| self.symbol(d));
        let mut missing: Vec<String> = plain.map(|n| format!("`{n}`")).collect();
        let has_result = p.rest.first().is_some_and(|&d| self.symbol(d) == Some(":")) && p.rest.len() > 2;
        if !has_result {
            missing.push("its result".to_owned());
        }
        if let Some((last, before)) = missing.split_last() {
            let list = if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) };
            self.report(&code::UNANNOTATED, span, format!("`{name}` is exported and does not say the type of {list}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each finding as its rule and the text that it stands at.
    fn found(text: &str) -> Vec<String> {
        let read = crate::syntax::read(molt_base::FileId(0), text);
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        let at = |s: Span| text[s.start as usize..s.end as usize].to_owned();
        lint(&read.data).iter().map(|d| format!("{} {}", d.code.id, at(d.primary_span().expect("a place")))).collect()
    }

    fn fine(text: &str) {
        assert_eq!(found(text), [""; 0], "{text}");
    }

    #[test]
    fn a_let_binds_something() {
        assert_eq!(found("(let () 1)"), ["empty-let ()"]);
        assert_eq!(found("(print (let* ( ) (f) 2))"), ["empty-let ( )"]);
        assert_eq!(found("(letrec () 1)"), ["empty-let ()"]);
        fine("(let () (define x 1) x)");
        fine("(let ((x 1)) x)");
        fine("(let again () (again))");
        fine("(loop () (recur))");
        fine("'(let () 1) `(let () ,x) (quote (let () 1))");
    }

    #[test]
    fn what_stands_in_brackets_need_not_be_a_form() {
        for text in [
            "(let ((data start) (type x-y)) data)",
            "(let again ((data start)) data)",
            "(lambda (let ()) let)",
            "(define (f (data : Int)) data)",
            "(match x ((data x-y) 1) ((cons let ()) 2) ([(type a-b)] 3))",
            "(cond (data type) (else 1))",
            "(case x ((data leaf) 1) (_ 2))",
            "(try (f) (catch (as data (type x-y)) 1))",
            "(handler ((data f)) 1)",
            "(doseq (data xs) 1)",
        ] {
            fine(text);
        }
        assert_eq!(found("(match (let () x) (_ (let () y)))").len(), 2);
        assert_eq!(found("(let ((x (let () 1))) (cond ((let () 1) (let () 2))))").len(), 3);
    }

    #[test]
    fn a_lambda_does_more_than_call() {
        let whole = |text: &str| vec![format!("redundant-lambda {text}")];
        assert_eq!(found("(map (lambda (x) (inc x)) xs)"), whole("(lambda (x) (inc x))"));
        assert_eq!(found("(fold (fn (a b) (+ a b)) 0 xs)"), whole("(fn (a b) (+ a b))"));
        assert_eq!(found("(for-each (lambda (x) (io:print x)) xs)"), whole("(lambda (x) (io:print x))"));
        assert_eq!(found("(define (f x) x) (map (lambda (y) (f y)) xs)"), whole("(lambda (y) (f y))"));
        assert_eq!(found("(map (lambda (d) (datetime:add-days d 1)) xs)"), [""; 0]);
        assert_eq!(found("(sort-with (lambda (a b) (datetime:before? a b)) xs)").len(), 1);
        for text in [
            "(map (lambda (x) (inc x x)) xs)",
            "(map (lambda (a b) (f b a)) xs ys)",
            "(map (lambda (f) (f f)) xs)",
            "(map (lambda (x) (if x)) xs)",
            "(map (lambda (x) (unknown x)) xs)",
            "(map (lambda ((x : Int)) (inc x)) xs)",
            "(map (lambda (. x) (list x)) xs)",
            "(map (lambda (x) (print x) (inc x)) xs)",
            "(spawn (lambda () (now-ms)))",
            "(define (f x) x) (set! f inc) (map (lambda (y) (f y)) xs)",
        ] {
            fine(text);
        }
    }

    #[test]
    fn procedures_are_short() {
        let body = |lines: usize| format!("(define (long x)\n{}x)", "  ; why\n\n  (print x)\n".repeat(lines));
        assert_eq!(found(&body(MOST_LINES - 1)), ["long-function long"]);
        fine(&body(MOST_LINES - 2));
        let value = body(MOST_LINES).replace("(define (long x)", "(define long (lambda (x)") + ")";
        assert_eq!(found(&value), ["long-function long"]);
    }

    #[test]
    fn what_is_exported_says_its_types() {
        let text = "(define (f a (b : Int) . c) (+ a b)) (define (g) : Int 1) (define (h x) x) (export f g)";
        assert_eq!(found(text), ["missing-type-annotation f"]);
        let read = crate::syntax::read(molt_base::FileId(0), text);
        let message = "`f` is exported and does not say the type of `a` and its result";
        assert_eq!(lint(&read.data)[0].message, message);
        assert_eq!(found("(module m [f] (define f (lambda ((x : Int)) x)))"), ["missing-type-annotation f"]);
        fine("(define f :type (Function Int Int) (lambda (x) x)) (export f)");
        fine("(define f (lambda ((x : Int)) : Int x)) (define other 1) (export (f as g) other)");
        fine("(define (f) : Int 1) (define (g x) x) (export f as g)");
    }
}
