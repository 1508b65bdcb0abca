//! Programs, contestants and rounds.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::measure::{self, Peak, Run};
use crate::progress::Progress;
use crate::stats::{self, Summary};

/// One way to run a program.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Shown in tables and legends; the same name means the same thing in every program.
    pub name: String,
    /// Executable and arguments, or why the program could not be prepared for this contestant.
    pub command: Result<Vec<OsString>, String>,
}

/// A program with the contestants that run it; the first contestant is the baseline.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub folder: PathBuf,
    pub contestants: Vec<Contestant>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Samples of each contestant.
    pub rounds: u32,
    /// Least seconds of work in a sample; shorter programs run several times.
    pub sample_s: f64,
}

/// Most runs in one sample, so that a program that does nothing ends too.
const MOST_RUNS: f64 = 50.0;

/// Samples of a contestant that gave the right answer.
#[derive(Clone, Debug)]
pub struct Results {
    pub runs_per_sample: u32,
    /// Seconds of one run, by round.
    pub wall_s: Vec<f64>,
    pub cpu_s: Vec<f64>,
    pub peak: Peak,
    /// Baseline's seconds divided by ours, by round: how many times as fast this contestant is.
    pub ratios: Vec<f64>,
}

impl Results {
    pub fn time(&self) -> Summary {
        Summary::of(&self.wall_s)
    }

    pub fn ratio(&self) -> Summary {
        Summary::of(&self.ratios)
    }
}

/// A contestant's part in a program: results, or why there are none.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub contestant: String,
    pub results: Result<Results, String>,
}

/// What came out of a whole contest.
#[derive(Clone, Debug)]
pub struct Report {
    pub options: Options,
    /// Program name and outcomes in the order of its contestants.
    pub programs: Vec<(String, Vec<Outcome>)>,
}

impl Report {
    /// Names of all contestants in order of appearance; the first is the baseline.
    pub fn contestants(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for outcome in self.programs.iter().flat_map(|(_, outcomes)| outcomes) {
            if !names.contains(&outcome.contestant.as_str()) {
                names.push(&outcome.contestant);
            }
        }
        names
    }

    /// Geometric mean over the programs of a contestant's median ratio, and over how many programs it is.
    pub fn mean_ratio(&self, contestant: &str) -> Option<(f64, usize)> {
        let ratios: Vec<f64> = self
            .programs
            .iter()
            .flat_map(|(_, outcomes)| outcomes)
            .filter(|o| o.contestant == contestant)
            .filter_map(|o| o.results.as_ref().ok())
            .map(|r| r.ratio().median)
            .collect();
        let count = ratios.len();
        stats::geometric_mean(ratios).map(|mean| (mean, count))
    }

    /// Whether some contestant has no result.
    pub fn has_failures(&self) -> bool {
        self.programs.iter().flat_map(|(_, outcomes)| outcomes).any(|o| o.results.is_err())
    }
}

/// Runs all programs, one after the other.
pub fn run(programs: &[Program], options: Options, progress: &mut Progress) -> Report {
    let mut report = Report { options, programs: Vec::new() };
    for (i, program) in programs.iter().enumerate() {
        progress.program(&program.name, i + 1, programs.len());
        report.programs.push((program.name.clone(), contest(program, options, progress)));
    }
    progress.clear();
    report
}

/// What a program prints and how it ends.
#[derive(Default)]
struct Answer {
    stdout: Vec<u8>,
    code: i32,
}

/// A contestant that takes part in the rounds of a program.
struct Runner<'a> {
    index: usize,
    command: &'a [OsString],
    results: Results,
    failure: Option<String>,
}

fn contest(program: &Program, options: Options, progress: &mut Progress) -> Vec<Outcome> {
    let mut failures: Vec<Option<String>> = vec![None; program.contestants.len()];
    let (mut runners, answer) = qualify(program, options, &mut failures, progress);
    for round in 0..options.rounds {
        let mut times = vec![None; runners.len()];
        for turn in 0..runners.len() {
            let i = (turn + round as usize) % runners.len();
            progress.round(&program.contestants[runners[i].index].name, round + 1, options.rounds);
            times[i] = sample(&mut runners[i], program, &answer);
        }
        add_ratios(&mut runners, &times);
    }
    let mut results: Vec<Option<Results>> = vec![None; program.contestants.len()];
    for r in runners {
        match r.failure {
            None => results[r.index] = Some(r.results),
            why => failures[r.index] = why,
        }
    }
    let outcome = |i: usize, c: &Contestant| Outcome {
        contestant: c.name.clone(),
        results: results[i].take().ok_or_else(|| failures[i].take().unwrap_or_else(|| "no baseline".into())),
    };
    let mut outcome = outcome;
    program.contestants.iter().enumerate().map(|(i, c)| outcome(i, c)).collect()
}

/// Runs each contestant once, compares the answers with the baseline's, and decides how often it runs in a sample.
/// Without a baseline nobody takes part.
fn qualify<'a>(
    program: &'a Program,
    options: Options,
    failures: &mut [Option<String>],
    progress: &mut Progress,
) -> (Vec<Runner<'a>>, Answer) {
    let mut runners = Vec::new();
    let mut expected: Option<Answer> = None;
    for (index, contestant) in program.contestants.iter().enumerate() {
        progress.check(&contestant.name);
        match first_run(contestant, program) {
            Err(why) => failures[index] = Some(why),
            Ok((command, run)) => {
                let answer = expected.get_or_insert_with(|| Answer { stdout: run.stdout.clone(), code: run.code() });
                match difference(answer, &run) {
                    Some(why) => failures[index] = Some(why),
                    None => {
                        runners.push(Runner { index, command, results: start_results(&run, options), failure: None })
                    }
                }
            }
        }
        if expected.is_none() {
            break;
        }
    }
    (runners, expected.unwrap_or_default())
}

fn first_run<'a>(contestant: &'a Contestant, program: &Program) -> Result<(&'a [OsString], Run), String> {
    let command = contestant.command.as_ref().map_err(Clone::clone)?;
    let run = start(command, program).map_err(|e| format!("does not start: {e}"))?;
    Ok((command, run))
}

fn start(command: &[OsString], program: &Program) -> std::io::Result<Run> {
    let mut c = Command::new(&command[0]);
    c.args(&command[1..]).current_dir(&program.folder);
    measure::run(c)
}

/// How a run differs from the expected answer.
fn difference(expected: &Answer, run: &Run) -> Option<String> {
    let last = String::from_utf8_lossy(&run.stderr).lines().last().map(str::to_string).unwrap_or_default();
    if run.code() != expected.code {
        return Some(format!("status {} in place of {}: {last}", run.code(), expected.code));
    }
    (run.stdout != expected.stdout).then(|| "wrong answer: prints something else than the baseline".to_string())
}

fn start_results(run: &Run, options: Options) -> Results {
    let runs = (options.sample_s / run.wall_s.max(1e-6)).ceil().clamp(1.0, MOST_RUNS);
    Results { runs_per_sample: runs as u32, wall_s: Vec::new(), cpu_s: Vec::new(), peak: run.peak, ratios: Vec::new() }
}

/// One sample: seconds of one run, the mean of the sample's runs. A run that fails ends the contestant's part.
fn sample(runner: &mut Runner, program: &Program, answer: &Answer) -> Option<f64> {
    if runner.failure.is_some() {
        return None;
    }
    let (mut wall, mut cpu) = (0.0, 0.0);
    let runs = runner.results.runs_per_sample;
    for _ in 0..runs {
        let result = start(runner.command, program).map_err(|e| format!("does not start any more: {e}"));
        match result.and_then(|run| difference(answer, &run).map_or(Ok(run), Err)) {
            Ok(run) => {
                wall += run.wall_s;
                cpu += run.cpu_s;
                if run.peak.bytes() > runner.results.peak.bytes() {
                    runner.results.peak = run.peak;
                }
            }
            Err(why) => {
                runner.failure = Some(why);
                return None;
            }
        }
    }
    runner.results.wall_s.push(wall / f64::from(runs));
    runner.results.cpu_s.push(cpu / f64::from(runs));
    runner.results.wall_s.last().copied()
}

fn add_ratios(runners: &mut [Runner], times: &[Option<f64>]) {
    let Some(baseline) = times.first().copied().flatten() else { return };
    for (runner, time) in runners.iter_mut().zip(times) {
        if let Some(t) = time {
            runner.results.ratios.push(baseline / t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(name: &str, script: &str) -> Contestant {
        Contestant { name: name.into(), command: Ok(["sh", "-c", script].map(OsString::from).to_vec()) }
    }

    fn contest_of(contestants: Vec<Contestant>) -> Report {
        let program = Program { name: "p".into(), folder: ".".into(), contestants };
        run(&[program], Options { rounds: 3, sample_s: 0.0 }, &mut Progress::silent())
    }

    #[test]
    fn a_slower_contestant_has_a_ratio_below_one() {
        let report = contest_of(vec![shell("base", "echo 1"), shell("slow", "sleep 0.1; echo 1")]);
        let slow = report.programs[0].1[1].results.as_ref().expect("right answer");
        assert_eq!(slow.ratios.len(), 3);
        assert!(slow.ratio().max < 1.0 && slow.time().min >= 0.1, "{slow:?}");
        assert_eq!(report.programs[0].1[0].results.as_ref().expect("baseline").ratio().median, 1.0);
    }

    #[test]
    fn a_wrong_answer_is_not_timed() {
        let report =
            contest_of(vec![shell("base", "echo 1"), shell("wrong", "echo 2"), shell("status", "echo 1; exit 4")]);
        let why = |i: usize| report.programs[0].1[i].results.as_ref().expect_err("differs").clone();
        assert!(why(1).starts_with("wrong answer"), "{}", why(1));
        assert!(why(2).starts_with("status 4 in place of 0"), "{}", why(2));
        assert!(report.has_failures() && report.mean_ratio("wrong").is_none());
    }

    #[test]
    fn without_a_baseline_nobody_runs() {
        let absent = Contestant { name: "base".into(), command: Err("not built".into()) };
        let report = contest_of(vec![absent, shell("other", "echo 1")]);
        assert_eq!(report.programs[0].1[0].results.as_ref().expect_err("absent"), "not built");
        assert_eq!(report.programs[0].1[1].results.as_ref().expect_err("no baseline"), "no baseline");
    }

    #[test]
    fn short_programs_run_several_times_in_a_sample() {
        let program = Program { name: "p".into(), folder: ".".into(), contestants: vec![shell("base", "sleep 0.05")] };
        let report = run(&[program], Options { rounds: 1, sample_s: 0.2 }, &mut Progress::silent());
        let r = report.programs[0].1[0].results.as_ref().expect("runs");
        assert!((2..=4).contains(&r.runs_per_sample), "{}", r.runs_per_sample);
        assert!(r.wall_s[0] < 0.2, "seconds are of one run: {}", r.wall_s[0]);
    }
}
