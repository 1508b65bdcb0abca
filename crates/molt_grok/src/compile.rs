//! Sources to a program: all stages in their order.

use molt_base::SourceMap;
use molt_base::hash::FastSet;
use molt_diagnostics::Diagnostic;
use molt_ir::Program;

use crate::across::{self, Surface};
use crate::check::context::Checked;
use crate::check::generalise::without_repeats;
use crate::check::program::check_program;
use crate::hir::front::{Foreign, Front, Loader, Options, PackageSource, StandIn, Texts};
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
    fn foreign(&mut self, root: &str, name: &str) -> Option<Foreign> {
        if root.starts_with(library::PREFIX) { None } else { self.0.foreign(root, name) }
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
    let mut loader: Box<dyn Loader> = Box::new(WithLibrary(loader));
    let mut options = options;
    loop {
        let mut front = Front::load(sources.clone(), loader, options.clone());
        let foreign = front.foreign();
        if foreign.is_empty() {
            front.make_values();
            return front;
        }
        add_foreign(&mut sources, foreign);
        options.is_across = true;
        loader = front.into_loader();
    }
}

/// Puts modules of other languages before all packages but the library, each once.
fn add_foreign(sources: &mut Vec<PackageSource>, foreign: Vec<(usize, String, Foreign)>) {
    let mut new: Vec<PackageSource> = Vec::new();
    let mut users = Vec::new();
    for (user, name, Foreign { path, left_out }) in foreign {
        let known = sources.iter().chain(&new).position(|p| p.root == path);
        let number = known.unwrap_or_else(|| {
            new.push(PackageSource {
                name: name.clone(),
                root: path,
                is_library: true,
                stands_in: Some(StandIn { is_wrong: left_out.is_none(), left_out: left_out.unwrap_or_default() }),
                ..PackageSource::default()
            });
            sources.len() + new.len() - 1
        });
        users.push((user, name, number));
    }
    let (before, count) = (sources.len(), new.len());
    let moved = |n: usize| match n {
        0 => 0,
        n if n < before => n + count,
        n => n - before + 1,
    };
    sources.extend(new);
    for (user, name, number) in users {
        sources[user].dependencies.push((name, number));
    }
    sources.iter_mut().flat_map(|p| &mut p.dependencies).for_each(|(_, n)| *n = moved(*n));
    sources[1..].rotate_right(count);
}

/// Checks packages; what the last one offers to other languages, if there is no error.
pub fn surface(
    packages: Vec<PackageSource>,
    loader: Box<dyn Loader>,
    options: Options,
) -> (Option<Surface>, Vec<Diagnostic>, SourceMap) {
    let mut front = load(packages, loader, options);
    let (checked, diagnostics) = check_front(&mut front);
    let package = PackageId(checked.hir.packages.len() as u32 - 1);
    let is_wrong = front.has_wrong_stand_in() || diagnostics.iter().any(Diagnostic::is_error);
    let surface = (!is_wrong).then(|| across::surface(&checked, package));
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
    let ours = front.stand_ins();
    diagnostics.retain(|d| {
        let Some(span) = d.primary_span().filter(|s| ours.contains(&s.file)) else { return true };
        let file = checked.hir.files.file(span.file);
        let at = &file.text[span.start as usize..span.end as usize];
        assert!(!d.is_error(), "`{}` is wrong: {} at `{at}`", file.name, d.message);
        false
    });
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
    if !diagnostics.iter().any(Diagnostic::is_error) && !front.has_wrong_stand_in() {
        let made = code::generate(&mut checked, |checked, bodies| make_bodies(&mut front, checked, bodies));
        diagnostics.append(&mut front.diagnostics);
        diagnostics.extend(checked.take_diagnostics());
        if !diagnostics.iter().any(Diagnostic::is_error) {
            program = Some(made);
        }
    }
    Compiled { program, diagnostics, sources: checked.hir.files, tests: checked.hir.tests }
}
