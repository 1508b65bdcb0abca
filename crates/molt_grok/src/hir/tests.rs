//! Tests: functions marked `#[test]` or `#[property]`, and the `main` that runs one of them.
//!
//! A test runs in a process of its own, so panics, exits, time-outs and output are exact without any help from the
//! program. [`TestItem`]s tell the runner what there is; the number of a test is the program's first argument, and
//! `library/test.grok` says what the others are.

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::grok;

use super::collect::Around;
use super::front::{Front, MacroScope};
use super::{Attr, AttrArg, AttrValue, FnId, ModId, PackageId};
use crate::syntax::{Entry, NodeId, Syntax, SyntaxKind};

/// Most parameters of a property; `library/test.grok` has one function for each number.
const MOST_PARAMETERS: usize = 4;
const ITERATIONS: u64 = 100;

/// One test of the program.
#[derive(Clone, Debug)]
pub struct TestItem {
    /// Its path below the package, as `tests::two_and_two`.
    pub name: String,
    pub span: Span,
    /// Run only when asked for.
    pub ignored: bool,
    pub should_panic: Option<ShouldPanic>,
    /// As written: `2s`.
    pub timeout: Option<(String, Span)>,
    pub property: Option<Property>,
}

/// The test must panic.
#[derive(Clone, Debug)]
pub struct ShouldPanic {
    /// What the message must contain.
    pub expected: Option<String>,
}

/// The test holds for any arguments; these are made from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    pub iterations: u64,
    /// 0: that of the run.
    pub seed: u64,
}

/// A test with what calls it.
#[derive(Clone, Debug)]
pub(super) struct FoundTest {
    parameters: usize,
    item: TestItem,
}

impl Front {
    /// Whether a function is a test that is not part of the program.
    pub(super) fn is_left_out(&self, attrs: &[Attr], module: ModId) -> bool {
        self.is_test(attrs) && !self.packages[self.package_of(module).0 as usize].source.test
    }

    fn is_test(&self, attrs: &[Attr]) -> bool {
        ["test", "property"].iter().any(|n| self.find_attr(attrs, n).is_some())
    }

    /// Remembers a function if it is a test.
    pub(super) fn note_test(&mut self, syntax: Syntax<'_>, node: NodeId, func: FnId) {
        let head = self.hir.fns[func].head.clone();
        if let Some(bench) = self.find_attr(&head.attrs, "bench") {
            let span = bench.span;
            self.report(&grok::INVALID_ATTRIBUTE, span, "benchmarks (`bench`) are not built yet");
        }
        if !self.is_test(&head.attrs) {
            return;
        }
        let list = syntax.child(node, SyntaxKind::ParamList);
        let parameters =
            list.map_or(0, |l| syntax.children(l).filter(|&c| syntax.kind(c) == SyntaxKind::Param).count());
        let property = self.find_attr(&head.attrs, "property").cloned();
        let fault = match (&property, parameters) {
            (None, 1..) => Some("a test takes no arguments: only `#[property]` makes them"),
            (Some(_), 0) => Some("a property takes the arguments that it holds for"),
            (Some(_), n) if n > MOST_PARAMETERS => Some("a property takes at most four arguments: put some in a tuple"),
            _ => None,
        };
        if let Some(message) = fault {
            self.report(&grok::INVALID_ATTRIBUTE, head.name_span, message);
            return;
        }
        let number = |attr: &Attr, key: &str, default: u64| {
            let found = attr.args.iter().find(|a| self.arg_is(a, key));
            match found.map(|a| &a.value) {
                Some(AttrValue::Int(n)) => u64::try_from(*n).unwrap_or(default),
                _ => default,
            }
        };
        let item = TestItem {
            name: self.test_name(head.module, head.name),
            span: head.name_span,
            ignored: self.find_attr(&head.attrs, "ignore").is_some(),
            should_panic: self
                .find_attr(&head.attrs, "should_panic")
                .map(|a| ShouldPanic { expected: self.text_of(a) }),
            timeout: self.find_attr(&head.attrs, "timeout").map(|a| (self.text_of(a).unwrap_or_default(), a.span)),
            property: property
                .map(|a| Property { iterations: number(&a, "iterations", ITERATIONS), seed: number(&a, "seed", 0) }),
        };
        self.tests.push(FoundTest { parameters, item });
    }

    fn arg_is(&self, arg: &AttrArg, key: &str) -> bool {
        arg.name.is_some_and(|n| self.hir.names.text(n) == key)
    }

    /// The first text among the arguments, named or not.
    fn text_of(&self, attr: &Attr) -> Option<String> {
        attr.args.iter().find_map(|a| match a.value {
            AttrValue::Text(t) => Some(self.hir.names.text(t).to_owned()),
            _ => None,
        })
    }

    /// Modules below the package's root, and the name.
    fn test_name(&self, module: ModId, name: Symbol) -> String {
        let mut parts = vec![self.hir.names.text(name)];
        let mut at = module;
        while let Some(parent) = self.hir.modules[at].parent {
            parts.push(self.hir.names.text(self.hir.modules[at].name));
            at = parent;
        }
        parts.reverse();
        parts.join("::")
    }

    /// `main` of a program that runs one of its tests, in a module that sees everything.
    pub(super) fn add_test_main(&mut self, package: PackageId) {
        let root = self.hir.packages[package].root;
        let span = self.hir.modules[root].span;
        let name = self.intern("main");
        let module = self.add_module(name, package, Some(root), span, String::new());
        self.test_module = Some(module);
        let mut arms = String::new();
        for (n, t) in self.tests.clone().into_iter().enumerate() {
            let path: String = t.item.name.split("::").map(|part| format!("::r#{part}")).collect();
            let run = if t.parameters == 0 { "run".to_owned() } else { format!("property{}", t.parameters) };
            // What is wrong with the type of a test is reported at the test.
            let text = format!("fn run_{n}() -> i32 {{ $crate::test::{run}(crate{path}) }}");
            self.collect_text(&text, t.item.span, module);
            arms.push_str(&format!("{n} => run_{n}(),\n"));
        }
        let text = format!("fn main() -> i32 {{ match $crate::test::selected() {{ {arms} _ => 2 }} }}");
        self.collect_text(&text, span, module);
        self.hir.main = self.hir.fns.iter().next_back().map(|(id, _)| id);
        self.hir.tests = self.tests.iter().map(|t| t.item.clone()).collect();
    }

    fn collect_text(&mut self, text: &str, span: Span, module: ModId) {
        let source = self.parse_text(text, span, Entry::Items);
        let parse = self.parse(source);
        let nodes: Vec<NodeId> = parse.syntax().children(parse.root()).collect();
        self.collect_nodes(source, &nodes, module, &mut MacroScope::default(), Around::Module);
    }
}
