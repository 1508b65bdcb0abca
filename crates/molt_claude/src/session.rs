//! Sessions: programs that are entered bit by bit, and run so.
//!
//! An entry is a module that sees what the entries before it define; a name that is defined again means the new definition
//! from there on, and procedures that are there already keep the old one. For each entry the texts of all are expanded anew,
//! which takes no state from one compilation to the next; code is made of what is new only. Variables keep their
//! places, see [`Settled`].
//!
//! Later entries may assign any variable and call any procedure, so nothing is known of them: their types are `Any`
//! unless written, parameters are asked for their types, every operation looks for a handler.

use std::path::PathBuf;

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_ir::Program;

use crate::check;
use crate::core::{Core, ExprId, ExprKind};
use crate::expand::entries::Expanded;
use crate::expand::{Expander, Files};
use crate::library::{self, BUILTINS, EFFECTS};
use crate::lookup::Places;
use crate::lower::{self, Settled};
use crate::macros::MakeRunner;
use crate::options::Options;
use crate::program::{Loader, STACK_SIZE_BYTES, refuses};
use crate::stops::{self, Stop};
use crate::stx::Syntax;
use molt_claude_syntax::forms::TABLE;

/// A text that was entered, under the path that messages show; modules are looked up from there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub path: String,
    pub text: String,
    /// It was run and gave its last value.
    pub is_done: bool,
}

/// What is compiled.
pub struct Request<'a> {
    /// The entries that were run.
    pub before: &'a [Entry],
    pub entry: &'a Entry,
    pub settled: &'a Settled,
    pub places: &'a Places,
    pub options: &'a Options,
    /// The entry is a program under a debugger: it has what its options grant, and can be stopped at its expressions.
    pub is_debugged: bool,
}

/// A variable as it can be seen after an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    pub name: String,
    /// The file of its module, and what it is called there.
    pub module: PathBuf,
    pub own_name: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Compiled {
    /// None if it cannot run as it is.
    pub program: Option<Program>,
    /// Those of the new entry and of the modules that it is the first to import.
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    pub variables: Vec<Variable>,
    /// Where it can be stopped, by the numbers that its code tells.
    pub stops: Vec<Stop>,
}

/// The type and the effect row of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    pub ty: String,
    pub row: String,
}

/// Compiles an entry. Macros are run by what `runner` makes, on the compiling thread.
pub fn compile(request: &Request, loader: &dyn Loader, runner: MakeRunner) -> Compiled {
    apart(|| {
        let mut work = Work::new(request, loader, runner);
        work.check();
        work.diagnostics.retain(refuses);
        let is_wrong = work.diagnostics.iter().any(refuses);
        let Work { core, syntax, sources, .. } = &mut work;
        let mut stops = Vec::new();
        let program = (!is_wrong).then(|| {
            assume_little(core);
            check::check(core, syntax, sources, false);
            // A later entry may ask.
            check::describe_definitions(core, syntax, sources);
            if request.is_debugged {
                stops = stops::add(core, sources);
                core.restriction = request.options.capabilities.rules().map(|rules| core.names.intern(&rules));
            }
            lower::next_program(core, syntax, sources, request.settled)
        });
        let variables = std::mem::take(&mut work.variables);
        Compiled { program, diagnostics: work.diagnostics, sources: work.sources, variables, stops }
    })
}

/// The type and the row of the last expression of an entry, or what is wrong with it.
pub fn describe(
    request: &Request,
    loader: &dyn Loader,
    runner: MakeRunner,
) -> Result<Description, (Vec<Diagnostic>, SourceMap)> {
    apart(|| {
        let mut work = Work::new(request, loader, runner);
        work.check();
        let Work { core, syntax, sources, diagnostics, entry, .. } = &mut work;
        let last = core.modules[entry.module].body.last().copied();
        diagnostics.retain(Diagnostic::is_error);
        match last.filter(|_| diagnostics.is_empty()) {
            Some(e) => {
                let (ty, row) = check::describe(core, syntax, sources, value_of(core, e));
                Ok(Description { ty, row })
            }
            None => Err((work.diagnostics, work.sources)),
        }
    })
}

/// What a definition gives its variable.
fn value_of(core: &Core, e: ExprId) -> ExprId {
    match *core.kind(e) {
        ExprKind::InitGlobal(_, value) => value,
        _ => e,
    }
}

/// Whether a text ends inside of a datum, so that more belongs to it.
pub fn wants_more(text: &str) -> bool {
    crate::syntax::read(molt_base::FileId(0), text).is_open
}

/// The names that every program knows: forms, functions of the library and operations, in order.
pub fn known_names() -> Vec<String> {
    let forms = TABLE.iter().map(|row| row.0);
    let native = BUILTINS.iter().map(|b| b.name).filter(|n| !n.starts_with('%'));
    let plain = forms.chain(native).chain(library::written_names().map(|n| n.0)).map(str::to_owned);
    let ops = EFFECTS.iter().flat_map(|e| e.ops.iter().map(|o| format!("{}:{}", e.name.to_lowercase(), o.name)));
    let mut all: Vec<String> = plain.chain(ops).collect();
    all.sort();
    all.dedup();
    all
}

/// Runs work on a thread with the stack that the front end may need.
pub(crate) fn apart<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_SIZE_BYTES);
        let work = builder.spawn_scoped(scope, work).expect("the system has threads");
        work.join().unwrap_or_else(|defect| std::panic::resume_unwind(defect))
    })
}

/// The entries after expansion.
struct Work {
    core: Core,
    syntax: Syntax,
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
    entry: Expanded,
    variables: Vec<Variable>,
}

impl Work {
    fn new(request: &Request, loader: &dyn Loader, runner: MakeRunner) -> Work {
        let (mut core, mut syntax, mut sources) = (Core::default(), Syntax::default(), SourceMap::default());
        let mut diagnostics = Vec::new();
        let files = Files { loader, places: request.places };
        let mut expander = Expander::new(&mut core, &mut syntax, &mut diagnostics, &mut sources, files, runner);
        expander.contracts = request.options.contracts;
        expander.library();
        let mut last = None;
        for before in request.before {
            last = Some((before.path.as_str(), expander.entry(before, last)));
        }
        // What was wrong with them was said when they were entered.
        expander.diagnostics.clear();
        let entry = expander.entry(request.entry, last);
        let visible = expander.variables(entry);
        let variables = visible
            .into_iter()
            .map(|(name, module, own_name)| Variable {
                name: core.names.text(name).to_owned(),
                module: core.names.text(core.modules[module].file).into(),
                own_name: core.names.text(own_name).to_owned(),
            })
            .collect();
        Work { core, syntax, sources, diagnostics, entry, variables }
    }

    /// Adds what the checker finds in the new texts.
    fn check(&mut self) {
        let found = check::check(&mut self.core, &mut self.syntax, &self.sources, false);
        let first = self.entry.file;
        self.diagnostics.extend(found.into_iter().filter(|d| d.primary_span().is_some_and(|s| s.file >= first)));
    }
}

/// Forgets what holds only if the program at hand is all there is.
fn assume_little(core: &mut Core) {
    core.is_observed = true;
    let library = core.order[0];
    let ids: Vec<_> = core.globals.ids().filter(|&g| core.globals[g].module != library).collect();
    for g in ids {
        core.globals[g].is_set = true;
    }
}
