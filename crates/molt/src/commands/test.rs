//! `molt test`: tests of packages and of GrokLang files; Python and ClaudeLang programs go to `diff.rs`.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use molt_driver::grok::{self, Job};
use molt_driver::package::keys;
use molt_driver::session::can_link;
use molt_driver::testing::{self, Case, Example, Expectation, Failure, Kind, Options, Outcome};
use molt_driver::{DriverError, Entry, cache};

use super::{diff, finish, packages, session};
use crate::args::{Common, EngineChoice, TestArgs};
use crate::report::say;
use crate::report::{self, Once};

/// Runs what the arguments name; status 1 if a test failed.
pub fn test(common: &Common, args: &TestArgs) -> u8 {
    let is_python = |f: &PathBuf| f.extension().is_some_and(|e| e == "py");
    let is_claude = |f: &PathBuf| molt_driver::claude::is_claude(f);
    if args.diff && args.files.iter().any(is_claude) {
        eprintln!("error: `--diff` is for Python programs");
        return 2;
    }
    if args.diff || args.files.iter().any(|f| is_python(f) || is_claude(f)) {
        return diff::test(common, &args.files, args.diff, &args.reference, args.exit_first);
    }
    if args.files.iter().any(|f| grok::is_grok(f))
        && let Err(status) = super::no_package(&args.package, None)
    {
        return status;
    }
    if args.files.is_empty() && packages::folder().is_none() {
        eprintln!("error: `test` needs files or a package around this folder");
        return 2;
    }
    let scratch = cache::folder().join("test").join(std::process::id().to_string());
    let status = tested(common, args, &scratch).unwrap_or_else(|status| status);
    // What is left behind lies in the cache, where `clean` finds it.
    let _ = std::fs::remove_dir_all(&scratch);
    status
}

/// A program with tests, or an example.
struct Unit {
    label: String,
    job: Job,
    example: Option<Example>,
    timeout: Option<Duration>,
}

/// What the arguments name.
struct Units {
    all: Vec<Unit>,
    /// Parts of the names of tests to run; all if there are none.
    filters: Vec<String>,
    /// As the manifest says.
    threads: Option<usize>,
}

/// What to compile, in a fixed order: a child that interprets finds its unit by the number.
fn units(common: &Common, args: &TestArgs) -> Result<Units, u8> {
    let (files, filters): (Vec<&PathBuf>, Vec<&PathBuf>) = args.files.iter().partition(|f| grok::is_grok(f));
    let filters = filters.into_iter().map(|f| f.display().to_string()).collect();
    if !files.is_empty() {
        let unit = |f: &PathBuf| Unit {
            label: f.display().to_string(),
            job: packages::job(&args.package, Job::file(f, true)),
            example: None,
            timeout: None,
        };
        return Ok(Units { all: files.into_iter().map(unit).collect(), filters, threads: None });
    }
    let workspace = packages::load(common, &args.package)?;
    let mut units = Vec::new();
    let mut threads = None;
    for (n, member) in workspace.selected() {
        let timeout = member.manifest.test.timeout;
        threads = threads.or(member.manifest.test.threads);
        for target in &member.targets {
            let job = packages::job(&args.package, Job::target(&workspace, n, target, args.release, true));
            units.push(Unit { label: target.path.display().to_string(), job, example: None, timeout });
        }
        if member.library().is_none() {
            continue;
        }
        for file in grok::listing(&member.manifest.path("src")).lines() {
            let text = std::fs::read_to_string(file)
                .map_err(|error| report::error(&DriverError::Read { path: file.into(), error }, common))?;
            for example in testing::examples::examples(&text) {
                let label = format!("{file}:{}", example.line);
                let job = Job::example(&workspace, n, &label, &example.text, args.release);
                let job = packages::job(&args.package, job);
                units.push(Unit { label, job, example: Some(example), timeout });
            }
        }
    }
    Ok(Units { all: units, filters, threads })
}

fn tested(common: &Common, args: &TestArgs, scratch: &std::path::Path) -> Result<u8, u8> {
    let begin = Instant::now();
    let Units { all: units, filters, threads } = units(common, args)?;
    if let Some((unit, rest)) = args.child.split_first() {
        return child(common, args, &units, unit, rest);
    }
    let mut plan =
        Plan { common, args, filters, scratch, cases: Vec::new(), labels: Vec::new(), once: Once::default() };
    let mut refused = None;
    for (n, unit) in units.iter().enumerate() {
        if let Err(status) = plan.add(n, unit) {
            refused = refused.max(Some(status));
        }
    }
    if let Some(status) = refused {
        return Err(status);
    }
    let Plan { cases, labels, .. } = plan;
    if args.list {
        for case in &cases {
            say!("{}", case.name);
        }
        return Ok(0);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        jobs: args.jobs.map(usize::from).or(threads).unwrap_or(processors),
        seed: args.seed.unwrap_or_else(seed_of_now),
        nocapture: args.nocapture,
        exit_first: args.exit_first,
    };
    if args.seed.is_none()
        && cases.iter().any(|c| matches!(&c.kind, Kind::Test(_, item) if item.property.is_some()))
        && !common.quiet
    {
        say!("seed {}", options.seed);
    }
    let mut tally = Tally::default();
    let mut label = None;
    testing::run(&cases, options, |n, outcome| {
        if label != Some(labels[n]) && !common.quiet && !common.json {
            say!("{}", units[labels[n]].label);
        }
        label = Some(labels[n]);
        tally.add(common, &cases[n].name, outcome);
    });
    tally.finish(common, begin.elapsed());
    Ok(u8::from(!tally.failed.is_empty()))
}

/// A seed that differs from run to run and can be typed.
fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (u64::from(now.subsec_nanos()) ^ (now.as_secs() % 100_000)) | 1
}

/// One test of an engine that runs in this process.
fn child(common: &Common, args: &TestArgs, units: &[Unit], unit: &str, rest: &[String]) -> Result<u8, u8> {
    let Some(unit) = unit.parse().ok().and_then(|n: usize| units.get(n)) else { return Err(2) };
    let entry = Entry::Grok(Box::new(unit.job.clone()));
    let argv: Vec<String> = std::iter::once(unit.label.clone()).chain(rest.iter().cloned()).collect();
    let mut s = session(common, false);
    s.options.limit = args.limit_ms.map(Duration::from_millis);
    let status = match args.engine {
        EngineChoice::Vm => s.run_interpreted(&entry, &argv),
        EngineChoice::Jit | EngineChoice::Native => s.run_in_memory(&entry, &argv),
    };
    status.map(|status| status as u8).map_err(|e| report::error(&e, common))
}

/// The tests found so far.
struct Plan<'a> {
    common: &'a Common,
    args: &'a TestArgs,
    filters: Vec<String>,
    scratch: &'a std::path::Path,
    cases: Vec<Case>,
    /// The unit of each.
    labels: Vec<usize>,
    once: Once,
}

impl Plan<'_> {
    /// Compiles a unit and adds its tests.
    fn add(&mut self, n: usize, unit: &Unit) -> Result<(), u8> {
        if let Some(example) = &unit.example {
            if self.wanted(&unit.label) {
                let kind = self.example(n, unit, example)?;
                self.push(n, unit.label.clone(), kind, unit.timeout);
            }
            return Ok(());
        }
        let entry = Entry::Grok(Box::new(unit.job.clone()));
        let mut s = session(self.common, true);
        let compiled = s.compile(&entry, false);
        self.once.retain_new(&mut s);
        finish(&s, self.common, compiled)?;
        let items = std::mem::take(&mut s.tests);
        if items.iter().any(|i| self.wanted(&i.name)) {
            self.build(n, &entry, unit.job.optimise)?;
        }
        for (number, item) in items.into_iter().enumerate() {
            if !self.wanted(&item.name) {
                continue;
            }
            let mut timeout = unit.timeout;
            if let Some((text, span)) = &item.timeout {
                let Some(limit) = keys::duration(text) else {
                    report::invalid_timeout(&s, *span, self.common);
                    return Err(report::error(&DriverError::Refused, self.common));
                };
                timeout = Some(limit);
            }
            let name = item.name.clone();
            let kind =
                if item.ignored && !self.args.include_ignored { Kind::Ignored } else { Kind::Test(number, item) };
            self.push(n, name, kind, timeout);
        }
        Ok(())
    }

    fn wanted(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|f| name.contains(f.as_str()))
    }

    fn push(&mut self, n: usize, name: String, kind: Kind, timeout: Option<Duration>) {
        let start = self.starter(n, timeout);
        self.cases.push(Case { name, kind, start, timeout, watches_itself: !self.native() });
        self.labels.push(n);
    }

    fn example(&mut self, n: usize, unit: &Unit, example: &Example) -> Result<Kind, u8> {
        if example.ignored && !self.args.include_ignored {
            return Ok(Kind::Ignored);
        }
        let entry = Entry::Grok(Box::new(unit.job.clone()));
        let mut s = session(self.common, true);
        let compiled = s.compile(&entry, false);
        // What an example does not use is its own business.
        s.diagnostics.retain(molt_driver::Diagnostic::is_error);
        Ok(match (compiled, example.expectation) {
            (Ok(_), Expectation::Refused) => Kind::Broken("compiles, although it says `compile_fail`".into()),
            (Err(DriverError::Refused), Expectation::Refused) | (Ok(_), Expectation::Compiles) => {
                Kind::Example(Expectation::Compiles)
            }
            (Ok(_), Expectation::Ends | Expectation::Panics) => {
                self.build(n, &entry, unit.job.optimise)?;
                Kind::Example(example.expectation)
            }
            (Err(e), _) => {
                let result: Result<(), u8> = finish(&s, self.common, Err(e));
                debug_assert!(result.is_err());
                Kind::Broken("does not compile".into())
            }
        })
    }

    /// The executable of a unit, where the engine has one.
    fn build(&self, n: usize, entry: &Entry, optimise: bool) -> Result<(), u8> {
        if !self.native() {
            return Ok(());
        }
        let mut s = session(self.common, false);
        s.options.keep_symbols = true;
        let built = s.build(entry, &self.executable(n), optimise);
        built.map_err(|e| report::error(&e, self.common))
    }

    fn native(&self) -> bool {
        self.args.engine == EngineChoice::Native && can_link()
    }

    fn executable(&self, n: usize) -> PathBuf {
        self.scratch.join(n.to_string())
    }

    /// What starts the program of a unit: the executable, or this program with the same arguments once more.
    fn starter(&self, n: usize, timeout: Option<Duration>) -> Box<dyn Fn() -> Command + Send + Sync> {
        if self.native() {
            let path = self.executable(n);
            return Box::new(move || Command::new(&path));
        }
        let own = self.common.line.clone();
        let here = std::env::current_exe().unwrap_or_default();
        Box::new(move || {
            let mut command = Command::new(&here);
            command.args(&own);
            if let Some(limit) = timeout {
                command.arg("--limit-ms").arg(limit.as_millis().to_string());
            }
            command.arg("--child").arg(n.to_string());
            command
        })
    }
}

/// What came of the tests.
#[derive(Default)]
struct Tally {
    passed: usize,
    ignored: usize,
    failed: Vec<(String, Failure)>,
}

impl Tally {
    fn add(&mut self, common: &Common, name: &str, outcome: &Outcome) {
        let (word, why) = match outcome {
            Outcome::Passed => {
                self.passed += 1;
                ("ok", "")
            }
            Outcome::Ignored => {
                self.ignored += 1;
                ("ignored", "")
            }
            Outcome::Failed(failure) => {
                self.failed.push((name.to_owned(), failure.clone()));
                ("failed", failure.why.as_str())
            }
        };
        if common.json {
            say!("{}", serde_json::json!({ "test": name, "outcome": word, "why": why }));
        } else if word == "failed" {
            say!("  FAILED  {name}: {why}");
        } else if !common.quiet {
            say!("  {word:7} {name}");
        }
    }

    fn finish(&self, common: &Common, time: Duration) {
        if common.json {
            let all =
                serde_json::json!({ "passed": self.passed, "failed": self.failed.len(), "ignored": self.ignored });
            say!("{all}");
            return;
        }
        for (name, failure) in &self.failed {
            let printed = format!("{}{}", ended(&failure.stdout), ended(&failure.stderr));
            if !printed.is_empty() {
                say!("\n---- {name}\n{}", printed.trim_end_matches('\n'));
            }
        }
        let ignored = if self.ignored > 0 { format!(", {} ignored", self.ignored) } else { String::new() };
        if !self.failed.is_empty() {
            say!("");
        }
        say!("{} passed, {} failed{ignored} in {:.2} s", self.passed, self.failed.len(), time.as_secs_f64());
    }
}

/// The text with a line break at its end, unless it is empty.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}
