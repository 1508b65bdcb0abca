//! A debugger for ClaudeLang: a program in memory that waits at its expressions and answers questions.
//!
//! The program is the first entry of a session ([`crate::repl`]), compiled with stops ([`molt_claude::stops`]); what is
//! evaluated while it waits is a further entry, a procedure of the variables at hand. [`run`] is the whole of it: the face
//! above is asked at each pause what comes next.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use molt_base::{SourceMap, Span};
use molt_claude::stops::Stop;
use molt_claude::syntax;
use molt_runtime::claude::resident::Outcome;
use molt_runtime::claude::stops::{Here, Next, Paused, Value};

use crate::claude::Options;
use crate::repl::{Refusal, Texts, start_resident};
use crate::session::DriverError;

/// What comes after a pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Go {
    /// To the next breakpoint.
    Continue,
    /// To the next place, in whatever call.
    Step,
    /// To the next place that is not in a call made from here.
    Next,
    /// To the next place after this call has ended.
    Finish,
    /// The program is ended.
    Quit,
}

/// Why the program waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    Start,
    Step,
    Breakpoint(u32),
    /// Ctrl-C was pressed.
    Interrupt,
    /// The expression, its value before and its value now.
    Watch(String, String, String),
}

/// A place in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// None at the top of a module.
    pub procedure: Option<String>,
}

/// Where a breakpoint is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    Here,
    /// A line of a file, of that at hand if there is none.
    Line(Option<String>, u32),
    Procedure(String),
}

/// A breakpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breakpoint {
    pub number: u32,
    pub place: Place,
    /// It counts only where this is true.
    pub condition: Option<String>,
    places: HashSet<usize>,
}

/// A call under way.
struct Frame {
    address: usize,
    place: usize,
    variables: Vec<Value>,
}

/// Where the program is to wait.
#[derive(Clone, Copy, Debug)]
enum Until {
    Breakpoint,
    AnyPlace,
    /// A place that is not deeper than a call: its stack and the end of its frame; `above` if it must be higher.
    NotBelow {
        stack: usize,
        address: usize,
        above: bool,
    },
}

/// What the program is known by while it runs.
struct State {
    texts: Texts,
    stops: Vec<Stop>,
    sources: SourceMap,
    breakpoints: Vec<Breakpoint>,
    /// Breakpoints so far.
    count: u32,
    until: Until,
    /// It has not waited yet.
    is_new: bool,
    /// The stacks under way, innermost last, and the calls on each.
    stacks: Vec<usize>,
    frames: HashMap<usize, Vec<Frame>>,
    /// Expressions with their values as texts, where they have one.
    watches: Vec<(String, Option<String>)>,
    /// Procedures that were made of expressions, by place and text.
    made: BTreeMap<(usize, String), Value>,
}

/// A program that waits.
pub struct Pause<'a, 'rt> {
    state: &'a mut State,
    paused: &'a mut Paused<'rt>,
    /// Which call is looked at, 0 for the innermost.
    selected: usize,
    reason: Reason,
}

/// Runs a file in memory with these arguments, of which the first is its name, on a thread with so much stack; the status
/// that it ends with. `ask` is called whenever it waits.
pub fn run(
    path: &Path,
    options: Options,
    argv: &[String],
    stack_size: usize,
    ask: impl FnMut(&mut Pause<'_, '_>) -> Go + 'static,
) -> Result<i32, Refusal> {
    let read = |error| DriverError::Read { path: path.to_path_buf(), error };
    let text = std::fs::read_to_string(path).map_err(read)?;
    let mut texts = Texts::new(options);
    let entry = texts.entry(&text, Some(path));
    let made = texts.compile(&entry, true)?;
    let root = texts.ready(made.program)?;
    // What is evaluated later sees what this entry defines; its last value has no name.
    texts.entries.push(molt_claude::session::Entry { is_done: false, ..entry });
    let state = State {
        texts,
        stops: made.stops,
        sources: made.sources,
        breakpoints: Vec::new(),
        count: 0,
        until: Until::AnyPlace,
        is_new: true,
        stacks: Vec::new(),
        frames: HashMap::new(),
        watches: Vec::new(),
        made: BTreeMap::new(),
    };
    let state = Rc::new(RefCell::new(state));
    let mut resident = start_resident(stack_size, argv)?;
    let (shared, ask) = (state.clone(), RefCell::new(ask));
    resident
        .tell_stops(Box::new(move |paused, here| shared.borrow_mut().stopped(paused, here, &mut *ask.borrow_mut())));
    let outcome = resident.run(root);
    state.borrow_mut().forget();
    resident.tell_nobody();
    let status = match outcome {
        Outcome::Done => 0,
        Outcome::Failed => 1,
        Outcome::Exit(status) => status,
    };
    match resident.end() {
        Ok(()) => Ok(status),
        Err(leaks) => Err(DriverError::Internal(leaks).into()),
    }
}

impl State {
    /// The program has come to a place.
    fn stopped(
        &mut self,
        paused: &mut Paused<'_>,
        here: &Here<'_>,
        ask: &mut dyn FnMut(&mut Pause<'_, '_>) -> Go,
    ) -> Next {
        self.follow(paused, here);
        let Some(reason) = self.reason(paused, here) else { return Next::GoOn };
        paused.flush();
        let go = ask(&mut Pause { state: self, paused, selected: 0, reason });
        let not_below = |above| Until::NotBelow { stack: here.stack, address: here.address, above };
        self.until = match go {
            Go::Continue => Until::Breakpoint,
            Go::Step => Until::AnyPlace,
            Go::Next => not_below(false),
            Go::Finish => not_below(true),
            Go::Quit => {
                self.forget();
                return Next::End(0);
            }
        };
        Next::GoOn
    }

    /// Takes note of where the calls are.
    fn follow(&mut self, paused: &Paused<'_>, here: &Here<'_>) {
        // A stack that is under way already goes on: those that it started wait or are gone.
        match self.stacks.iter().position(|&s| s == here.stack) {
            Some(at) => self.stacks.truncate(at + 1),
            None => self.stacks.push(here.stack),
        }
        let frames = self.frames.entry(here.stack).or_default();
        while frames.last().is_some_and(|f| f.address <= here.address) {
            frames.pop();
        }
        let variables = here.variables.iter().map(|&w| paused.keep(w)).collect();
        frames.push(Frame { address: here.address, place: here.place, variables });
    }

    fn reason(&mut self, paused: &mut Paused<'_>, here: &Here<'_>) -> Option<Reason> {
        if std::mem::take(&mut self.is_new) {
            return Some(Reason::Start);
        }
        if here.is_interrupted {
            return Some(Reason::Interrupt);
        }
        let near: Vec<(u32, Option<String>)> = self
            .breakpoints
            .iter()
            .filter(|b| b.places.contains(&here.place))
            .map(|b| (b.number, b.condition.clone()))
            .collect();
        for (number, condition) in near {
            // A condition that cannot be evaluated is looked at where it fails.
            let holds = condition.is_none_or(|c| self.value_of(paused, &c, 0).is_ok_and(|v| v.is_true()));
            if holds {
                return Some(Reason::Breakpoint(number));
            }
        }
        if let Some(changed) = self.changed_watch(paused) {
            return Some(changed);
        }
        let is_there = match self.until {
            Until::Breakpoint => false,
            Until::AnyPlace => true,
            Until::NotBelow { stack, address, above } if stack == here.stack => {
                here.address > address || !above && here.address == address
            }
            // A stack around it: the one that it was on has gone.
            Until::NotBelow { stack, .. } => !self.stacks.contains(&stack),
        };
        is_there.then_some(Reason::Step)
    }

    fn changed_watch(&mut self, paused: &mut Paused<'_>) -> Option<Reason> {
        for i in 0..self.watches.len() {
            let text = self.watches[i].0.clone();
            // Where its variables are not known it has no value, which is no change.
            let Ok(now) = self.value_of(paused, &text, 0).and_then(|v| paused.shown(&v)) else { continue };
            let before = self.watches[i].1.replace(now.clone());
            if let Some(before) = before.filter(|b| *b != now) {
                return Some(Reason::Watch(text, before, now));
            }
        }
        None
    }

    /// The calls under way, innermost first.
    fn frames(&self) -> impl Iterator<Item = &Frame> {
        let stacks = self.stacks.iter().rev();
        stacks.flat_map(|s| self.frames.get(s).into_iter().flat_map(|frames| frames.iter().rev()))
    }

    /// The value of an expression in a call.
    fn value_of(&mut self, paused: &mut Paused<'_>, text: &str, frame: usize) -> Result<Value, String> {
        let Some(frame) = self.frames().nth(frame) else { return Err("there is no such call".to_owned()) };
        let (place, values) = (frame.place, frame.variables.clone());
        let names = &self.stops[place].locals;
        if let Some(i) = names.iter().position(|n| n == text) {
            return Ok(values[i].clone());
        }
        let key = (place, text.to_owned());
        if !self.made.contains_key(&key) {
            let made = self.procedure(paused, text, place)?;
            self.made.insert(key.clone(), made);
        }
        paused.call(&self.made[&key], &values)
    }

    /// A procedure of the variables of a place that has an expression as its body.
    fn procedure(&mut self, paused: &mut Paused<'_>, text: &str, place: usize) -> Result<Value, String> {
        one_datum(text)?;
        const NAME: &str = "evaluated";
        let parameters = self.stops[place].locals.join(" ");
        let entry = self.texts.entry(&format!("(define {NAME} (lambda ({parameters})\n{text}\n))"), None);
        let made = self.texts.compile(&entry, false).map_err(|refusal| match refusal {
            Refusal::Faults((faults, _)) => faults.first().map_or_else(String::new, |f| f.message.clone()),
            Refusal::Driver(e) => e.to_string(),
        })?;
        let root = self.texts.ready(made.program).map_err(|e| e.to_string())?;
        paused.run(root)?;
        paused.variable(&entry.path, NAME).ok_or_else(|| "it has no value".to_owned())
    }

    /// Lets go of all values of the program.
    fn forget(&mut self) {
        self.frames.clear();
        self.stacks.clear();
        self.made.clear();
        self.watches.clear();
    }

    fn place(&self, number: usize) -> Place {
        let Stop { span, procedure, .. } = &self.stops[number];
        let (line, column) = self.line_of(*span);
        let file = self.sources.file(span.file).name.to_string();
        Place { file, line, column, procedure: procedure.clone() }
    }

    fn line_of(&self, span: Span) -> (u32, u32) {
        let source = self.sources.file(span.file);
        let (line, column) = source.lines().line_col(span.start);
        let start = (span.start - column) as usize;
        (line, source.text[start..span.start as usize].chars().count() as u32 + 1)
    }

    /// The places that a target means.
    fn places(&self, target: &Target, here: usize) -> Result<Vec<usize>, String> {
        let all = self.stops.iter().enumerate();
        match target {
            Target::Here => Ok(vec![here]),
            Target::Procedure(name) => {
                let found: Vec<usize> =
                    all.filter(|(_, s)| s.is_entry && s.procedure.as_ref() == Some(name)).map(|(i, _)| i).collect();
                if found.is_empty() { Err(format!("there is no procedure `{name}`")) } else { Ok(found) }
            }
            Target::Line(file, line) => {
                let own = self.sources.file(self.stops[here].span.file).name.as_ref();
                let file = file.as_deref().unwrap_or(own);
                let is_it = |name: &str| name == file || Path::new(name).ends_with(file);
                let lines: Vec<(u32, usize)> = all
                    .filter(|(_, s)| is_it(&self.sources.file(s.span.file).name))
                    .map(|(i, s)| (self.line_of(s.span).0, i))
                    .collect();
                if lines.is_empty() {
                    return Err(format!("nothing of `{file}` runs here"));
                }
                // The line itself, or the next one that something begins on: there the first place.
                let first = lines.iter().filter(|l| l.0 >= *line).min();
                let &(_, found) = first.ok_or_else(|| format!("nothing begins at line {line} or after it"))?;
                Ok(vec![found])
            }
        }
    }
}

/// That a text is one expression.
fn one_datum(text: &str) -> Result<(), String> {
    let read = syntax::read(molt_base::FileId(0), text);
    match (read.diagnostics.first(), read.data.top().count()) {
        (Some(fault), _) => Err(fault.message.clone()),
        (None, 1) => Ok(()),
        (None, _) => Err("this is not one expression".to_owned()),
    }
}

impl Pause<'_, '_> {
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Where the calls under way are, innermost first.
    pub fn calls(&self) -> Vec<Place> {
        self.state.frames().map(|f| self.state.place(f.place)).collect()
    }

    /// Which of the calls is looked at.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Looks at another call; whether there is one of the number.
    pub fn select(&mut self, call: usize) -> bool {
        let is_there = call < self.state.frames().count();
        if is_there {
            self.selected = call;
        }
        is_there
    }

    fn frame(&self) -> &Frame {
        self.state.frames().nth(self.selected).expect("the selected call is there")
    }

    pub fn place(&self) -> Place {
        self.state.place(self.frame().place)
    }

    /// The lines around the place, with their numbers: so many before and after it.
    pub fn lines(&self, around: u32) -> Vec<(u32, String)> {
        let span = self.state.stops[self.frame().place].span;
        let (at, _) = self.state.line_of(span);
        let text = &self.state.sources.file(span.file).text;
        let numbered = (1u32..).zip(text.lines());
        let near = numbered.filter(|(n, _)| n.abs_diff(at) <= around);
        near.map(|(n, line)| (n, line.to_owned())).collect()
    }

    /// The variables of the call, outermost first, as texts.
    pub fn variables(&mut self) -> Vec<(String, String)> {
        let frame = self.frame();
        let (place, values) = (frame.place, frame.variables.clone());
        let names = self.state.stops[place].locals.clone();
        let shown = values.iter().map(|v| self.paused.shown(v).unwrap_or_else(|e| format!("<{e}>")));
        names.into_iter().zip(shown).collect()
    }

    /// The value of an expression in the call, as text. The variables of bodies are copies in it.
    pub fn evaluate(&mut self, text: &str) -> Result<String, String> {
        let value = self.state.value_of(self.paused, text.trim(), self.selected)?;
        let shown = self.paused.shown(&value);
        self.paused.flush();
        shown
    }

    /// Sets a breakpoint.
    pub fn set(&mut self, target: &Target, condition: Option<&str>) -> Result<Breakpoint, String> {
        condition.map_or(Ok(()), one_datum)?;
        let places = self.state.places(target, self.frame().place)?;
        self.state.count += 1;
        let made = Breakpoint {
            number: self.state.count,
            place: self.state.place(places[0]),
            condition: condition.map(str::to_owned),
            places: places.into_iter().collect(),
        };
        self.state.breakpoints.push(made.clone());
        Ok(made)
    }

    pub fn breakpoints(&self) -> &[Breakpoint] {
        &self.state.breakpoints
    }

    /// Takes breakpoints away, those of a line of the file at hand or all; how many there were.
    pub fn clear(&mut self, line: Option<u32>) -> usize {
        let file = self.place().file;
        let before = self.state.breakpoints.len();
        self.state.breakpoints.retain(|b| line.is_some_and(|l| b.place.line != l || b.place.file != file));
        before - self.state.breakpoints.len()
    }

    /// Waits from now on where the value of an expression becomes another one.
    pub fn watch(&mut self, text: &str) -> Result<(), String> {
        one_datum(text)?;
        let now = self.evaluate(text).ok();
        self.state.watches.push((text.to_owned(), now));
        Ok(())
    }

    pub fn watches(&self) -> impl Iterator<Item = &str> {
        self.state.watches.iter().map(|w| w.0.as_str())
    }

    pub fn unwatch(&mut self, text: &str) -> bool {
        let before = self.state.watches.len();
        self.state.watches.retain(|w| w.0 != text);
        self.state.watches.len() < before
    }

    /// The names that can be used here.
    pub fn names(&self) -> Vec<String> {
        let locals = self.state.stops[self.frame().place].locals.iter().cloned();
        let procedures = self.state.stops.iter().filter_map(|s| s.procedure.clone());
        let all: std::collections::BTreeSet<String> = locals.chain(procedures).collect();
        all.into_iter().collect()
    }
}
