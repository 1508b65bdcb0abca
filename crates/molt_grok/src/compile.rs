//! Sources to a program: all stages in their order.

use molt_base::SourceMap;
use molt_base::hash::FastSet;
use molt_diagnostics::Diagnostic;
use molt_ir::Program;

use crate::across::{self, Surface};
use crate::check::context::Checked;
use crate::check::generalise::without_repeats;
use crate::check::program::check_program;
use crate::hir::front::{Front, Loader, Options, PackageSource, Texts};
use crate::hir::tests::TestItem;
use crate::hir::{BodyId, PackageId, lints};
use crate::{code, library};

/// What a compilation gives. With an error among the diagnostics there is no program.
pub struct Compiled {
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// What the program's `main` runs if it was compiled for its tests.
    pub tests: Vec<TestItem>,
}

/// The program's files and the library's.
struct WithLibrary(Box<dyn Loader>);

impl Loader for WithLibrary {
    fn read(&mut self, path: &str) -> Option<String> {
        match library::read(path) {
            Some(text) => Some(text.to_string()),
            None => self.0.read(path),
        }
    }
    fn list(&mut self, folder: &str) -> Vec<String> {
        if folder.starts_with(library::PREFIX.trim_end_matches('/')) {
            library::list(folder)
        } else {
            self.0.list(folder)
        }
    }
}

/// Checks packages; the last one is the program. The library is added by itself; of its functions nothing but the
/// signatures is looked at.
pub fn check(packages: Vec<PackageSource>, loader: Box<dyn Loader>, options: Options) -> (Checked, Vec<Diagnostic>) {
    let mut front = load(packages, loader, options);
    check_front(&mut front)
}

/// Checks the library with all its bodies: what its own tests ask for.
pub fn check_library() -> (Checked, Vec<Diagnostic>) {
    let mut front = load(Vec::new(), Box::new(Texts::default()), Options::default());
    for n in 0..front.hir.bodies.len() {
        front.make_body(BodyId(n as u32));
    }
    let (checked, mut diagnostics) = check_front(&mut front);
    checked.check_library();
    diagnostics.extend(checked.take_diagnostics());
    (checked, diagnostics)
}

fn library_source() -> PackageSource {
    PackageSource {
        name: "grok".to_string(),
        root: format!("{}lib.grok", library::PREFIX),
        whole_folder: true,
        is_library: true,
        is_std: true,
        ..PackageSource::default()
    }
}

fn load(packages: Vec<PackageSource>, loader: Box<dyn Loader>, options: Options) -> Front {
    let mut sources = vec![library_source()];
    for mut p in packages {
        for (_, n) in &mut p.dependencies {
            *n += 1;
        }
        sources.push(p);
    }
    let mut front = Front::load(sources, Box::new(WithLibrary(loader)), options);
    front.make_values();
    front
}

/// Checks packages; what the last one offers to other languages, if there is no error.
pub fn surface(
    packages: Vec<PackageSource>,
    loader: Box<dyn Loader>,
    options: Options,
) -> (Option<Surface>, Vec<Diagnostic>, SourceMap) {
    let (checked, diagnostics) = check(packages, loader, options);
    let package = PackageId(checked.hir.packages.len() as u32 - 1);
    let surface = (!diagnostics.iter().any(Diagnostic::is_error)).then(|| across::surface(&checked, package));
    (surface, diagnostics, checked.hir.files)
}

/// The image of the library, which [`Options::library`] takes.
pub fn library_image() -> Vec<u8> {
    Front::load(vec![library_source()], Box::new(WithLibrary(Box::<Texts>::default())), Options::default()).into_image()
}

/// Whether bytes are an image that this compiler wrote and nobody changed.
pub fn is_library_image(bytes: &[u8]) -> bool {
    crate::hir::image::content(bytes).is_some()
}

/// Checks what was loaded. The program moves from the front to the result.
fn check_front(front: &mut Front) -> (Checked, Vec<Diagnostic>) {
    let mut checked = check_program(std::mem::take(&mut front.hir));
    loop {
        let mut wanted = std::mem::take(&mut *checked.wanted_bodies.borrow_mut());
        if wanted.is_empty() {
            break;
        }
        // A constant in a type calls the library: the types are what they are only when that is done.
        wanted.sort_unstable();
        wanted.dedup();
        front.hir = checked.hir;
        wanted.into_iter().for_each(|id| front.make_body(id));
        checked = check_program(std::mem::take(&mut front.hir));
    }
    if !checked.has_errors() {
        loop {
            let missing = checked.check_constants();
            if missing.is_empty() {
                break;
            }
            make_bodies(front, &mut checked, &missing);
        }
    }
    let mut diagnostics = std::mem::take(&mut front.diagnostics);
    crate::mir::borrow::check_all(&checked);
    diagnostics.extend(checked.take_diagnostics());
    if !diagnostics.iter().any(Diagnostic::is_error) {
        crate::mir::endless::check_futures(&checked);
        crate::mir::start_up::check_start_up(&checked);
        checked.check_dead();
        diagnostics.extend(checked.take_diagnostics());
    }
    if checked.has_copies() {
        diagnostics = without_repeats(diagnostics);
    }
    // What is wrong in a bound is met wherever the bound is looked at.
    let mut seen = FastSet::default();
    diagnostics.retain(|d| seen.insert((d.code.id, d.primary_span(), d.message.clone())));
    lints::apply(&checked.hir.lint_scopes, &mut diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        // What looks unused in a program with errors may be used where it was not understood.
        diagnostics.retain(Diagnostic::is_error);
    }
    (checked, diagnostics)
}

/// Makes bodies of the library while the program is with the checker.
fn make_bodies(front: &mut Front, checked: &mut Checked, bodies: &[BodyId]) {
    std::mem::swap(&mut front.hir, &mut checked.hir);
    bodies.iter().for_each(|&b| front.make_body(b));
    std::mem::swap(&mut front.hir, &mut checked.hir);
}

/// Checks packages and, if there is no error, makes the program.
pub fn compile(packages: Vec<PackageSource>, loader: Box<dyn Loader>, options: Options) -> Compiled {
    let mut front = load(packages, loader, options);
    let (mut checked, mut diagnostics) = check_front(&mut front);
    let mut program = None;
    if !diagnostics.iter().any(Diagnostic::is_error) {
        let made = code::generate(&mut checked, |checked, bodies| make_bodies(&mut front, checked, bodies));
        diagnostics.append(&mut front.diagnostics);
        diagnostics.extend(checked.take_diagnostics());
        if !diagnostics.iter().any(Diagnostic::is_error) {
            program = Some(made);
        }
    }
    Compiled { program, diagnostics, sources: checked.hir.files, tests: checked.hir.tests }
}
