//! Writes random programs that end: loops and recursions are short, and a clause performs for its outer handlers.
//!
//! Every expression has an integer as its value unless it does not return. Names: `v` variables, `f` procedures,
//! `k` variables that may hold a continuation, `l` lists, maps and texts, `g` procedures that call themselves.

const HEADER: &str = "\
(define-effect A (get (Int) Int) (put (Int) Int))
(define-effect B (get (Int) Int) (put (Int) Int))
(define-effect S (stop (Int) Never))
(define (show name f)
  (print name (try (f 3) (catch e [:error (get e :type) (get e :message) (get e :data)]))))
";

/// Sizes: expressions of a procedure, how deep they nest, how deep clauses nest, how deep loops nest.
const BUDGET: i32 = 80;
const DEPTH: u32 = 9;
const CLAUSE: u32 = 4;
const LOOPS: u32 = 2;

/// Clauses around a whole procedure that answer whatever it performs.
const OUTER: [&str; 3] = [
    "(a (lambda (op x) (print op x) (+ x 1))) (control b (op x) (print op x) (resume (- x 1)))",
    "(control a (op x) (+ (resume (+ x 2)) 1)) (b (lambda (op x) (mod x 5))) (s:stop (lambda (x) (* 2 x)))",
    "(control a:get (x) (resume 4)) (control a:put (x) (let ((y (resume x))) (print x y) y)) \
     (control b (op x) (if (> x 8) x (resume (+ x 1))))",
];

/// A file that calls each of the procedures.
pub fn text(procedures: &[String]) -> String {
    let mut text = HEADER.to_string();
    for p in procedures {
        text.push_str(p);
        text.push('\n');
    }
    for p in procedures {
        let name = p.trim_start_matches("(define (").split(' ').next().unwrap_or_default();
        text.push_str(&format!("(show \"{name}\" {name})\n"));
    }
    text
}

/// The procedure of a seed and a number, named after the number.
pub fn procedure(seed: u64, number: u64) -> String {
    let mut writer = Writer::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
    let body = writer.expression(DEPTH);
    // One in eight has nobody who answers what its own handlers do not.
    match writer.below(8) {
        0 => format!("(define (p{number} v0) {body})"),
        n => format!("(define (p{number} v0) (handler ({}) {body}))", OUTER[n % OUTER.len()]),
    }
}

/// What may be named at a place.
#[derive(Clone)]
struct Scope {
    variables: Vec<String>,
    procedures: Vec<String>,
    continuations: Vec<String>,
    /// Whether a control clause is around.
    resume: bool,
    loops: u32,
}

struct Writer {
    state: u64,
    budget: i32,
    names: u32,
    scope: Scope,
}

impl Writer {
    fn new(seed: u64) -> Writer {
        let mut writer = Writer {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            budget: BUDGET,
            names: 0,
            scope: Scope {
                variables: vec!["v0".into()],
                procedures: Vec::new(),
                continuations: Vec::new(),
                resume: false,
                loops: 0,
            },
        };
        // The first numbers of near seeds are alike.
        for _ in 0..8 {
            writer.below(2);
        }
        writer
    }

    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % n.max(1)
    }

    fn pick(&mut self, from: &[String]) -> String {
        from[self.below(from.len())].clone()
    }

    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    /// Writes with what `add` brings into scope, which is gone afterwards.
    fn within(&mut self, add: impl FnOnce(&mut Scope), write: impl FnOnce(&mut Writer) -> String) -> String {
        let before = self.scope.clone();
        add(&mut self.scope);
        let text = write(self);
        self.scope = before;
        text
    }

    fn leaf(&mut self) -> String {
        match self.below(3) {
            0 => self.below(10).to_string(),
            _ => self.pick(&self.scope.variables.clone()),
        }
    }

    fn expression(&mut self, depth: u32) -> String {
        self.budget -= 1;
        if depth == 0 || self.budget <= 0 {
            return self.leaf();
        }
        let d = depth - 1;
        match self.below(40) {
            0 => self.leaf(),
            1 => self.operation(d),
            2..=5 => self.arithmetic(d),
            6 | 7 => format!("(if {} {} {})", self.condition(d), self.expression(d), self.expression(d)),
            8 => self.local(d),
            9 => self.list(d),
            10 | 11 => format!("(do (print {} {}) {})", self.below(100), self.expression(d), self.expression(d)),
            12 => self.assignment(d),
            13 => self.short_loop(d),
            14 => self.recursion(d),
            15..=20 => self.operation(d),
            21..=27 => self.handler(d),
            28..=30 => self.attempt(d),
            31 => self.raise(d),
            32 | 33 => self.closure(d),
            34 => self.call(d),
            35 => self.keeper(d),
            36 => self.continuation(d),
            _ => self.resumption(d),
        }
    }

    fn arithmetic(&mut self, d: u32) -> String {
        match self.below(5) {
            0 => format!("(+ {} {})", self.expression(d), self.expression(d)),
            1 => format!("(- {} {})", self.expression(d), self.expression(d)),
            2 => format!("(mod (* {} {}) 997)", self.expression(d), self.expression(d)),
            3 => format!("(sum [{} {} {}])", self.expression(d), self.expression(d), self.expression(d)),
            _ => format!("(quot {} {})", self.expression(d), self.leaf()),
        }
    }

    fn condition(&mut self, d: u32) -> String {
        match self.below(3) {
            0 => format!("(< {} {})", self.expression(d), self.leaf()),
            1 => format!("(= (mod {} 2) 0)", self.expression(d)),
            _ => format!("(and (> {} 2) (!= {} 7))", self.leaf(), self.expression(d)),
        }
    }

    fn local(&mut self, d: u32) -> String {
        let (name, value) = (self.name("v"), self.expression(d));
        let variable = name.clone();
        let body = self.within(|s| s.variables.push(variable), |w| w.expression(d));
        format!("(let (({name} {value})) {body})")
    }

    /// A list or a text that lives while something else is computed.
    fn list(&mut self, d: u32) -> String {
        let (name, first) = (self.name("l"), self.expression(d));
        let (value, measure) = match self.below(3) {
            0 => (format!("(str {first} \"-\" {})", self.leaf()), format!("(string-length {name})")),
            1 => (format!("(map inc [{first} {}])", self.leaf()), format!("(sum {name})")),
            _ => (format!("{{:k [{first}]}}"), format!("(length (get {name} :k))")),
        };
        format!("(let (({name} {value})) (+ {} {measure}))", self.expression(d))
    }

    /// A procedure that calls itself at most three times, inside of a handler.
    fn recursion(&mut self, d: u32) -> String {
        if self.scope.loops == LOOPS {
            return self.expression(d);
        }
        let (again, left, value) = (self.name("g"), self.name("n"), self.name("v"));
        let (turns, start, variable) = (1 + self.below(3), self.expression(d), value.clone());
        let add = |s: &mut Scope| {
            s.loops += 1;
            s.variables.push(variable);
        };
        let body = self.within(add, |w| {
            let call = format!("(+ ({again} (- {left} 1) {}) {})", w.expression(d), w.expression(d));
            w.handled(&call, d)
        });
        format!("(let {again} (({left} {turns}) ({value} {start})) (if (= {left} 0) {value} {body}))")
    }

    fn assignment(&mut self, d: u32) -> String {
        let name = self.pick(&self.scope.variables.clone());
        format!("(set! {name} {})", self.expression(d))
    }

    /// At most three turns.
    fn short_loop(&mut self, d: u32) -> String {
        if self.scope.loops == LOOPS {
            return self.expression(d);
        }
        let (i, sum) = (self.name("i"), self.name("v"));
        let (turns, start) = (1 + self.below(3), self.expression(d));
        let variable = sum.clone();
        let add = |s: &mut Scope| {
            s.loops += 1;
            s.variables.push(variable);
        };
        let body = self.within(add, |w| w.expression(d));
        match self.below(3) {
            0 => format!("(let (({sum} {start})) (dotimes ({i} {turns}) (set! {sum} {body})) {sum})"),
            _ => format!("(loop (({i} 0) ({sum} {start})) (if (= {i} {turns}) {sum} (recur (+ {i} 1) {body})))"),
        }
    }

    fn operation(&mut self, d: u32) -> String {
        let argument = self.expression(d);
        match self.below(12) {
            0 | 1 => format!("(s:stop {argument})"),
            2 => format!("(perform* 'b 'get [{argument}])"),
            n => format!("({}:{} {argument})", ["a", "b"][n % 2], ["get", "put"][self.below(2)]),
        }
    }

    fn handler(&mut self, d: u32) -> String {
        // The body first: clauses are of use only to a body that performs.
        let body = self.expression(d);
        self.handled(&body, d)
    }

    /// A handler around a body.
    fn handled(&mut self, body: &str, d: u32) -> String {
        let mut clauses: Vec<String> = Vec::new();
        let mut targets: Vec<&str> = vec!["a:get", "a:put", "b:get", "b:put", "s:stop", "a", "b", "error"];
        for _ in 0..1 + self.below(3) {
            let target = targets.remove(self.below(targets.len()));
            clauses.push(self.clause(target, d.min(CLAUSE)));
        }
        if self.below(3) == 0 {
            let name = self.name("v");
            let variable = name.clone();
            let body = self.within(|s| s.variables.push(variable), |w| w.expression(d.saturating_sub(2)));
            clauses.push(format!("(return ({name}) {body})"));
        }
        let clauses = clauses.join(" ");
        match self.below(5) {
            0 => format!("(with-handler (make-handler {clauses}) {body})"),
            _ => format!("(handler ({clauses}) {body})"),
        }
    }

    fn clause(&mut self, target: &str, d: u32) -> String {
        let returns = !matches!(target, "s:stop" | "error");
        let control = self.below(5) < 3;
        let name = self.name("v");
        let variable = name.clone();
        // A loop around the handler is none around its operations: they are as many as the body performs.
        let add = |s: &mut Scope| {
            s.resume = (control && returns) || (s.resume && !control);
            if target != "error" {
                s.variables.push(variable);
            }
        };
        let body = match control && returns {
            true => self.within(add, |w| w.control_body(d)),
            false => self.within(add, |w| w.expression(d)),
        };
        let parameters = if target.len() == 1 { format!("op {name}") } else { name };
        match control {
            true => format!("(control {target} ({parameters}) {body})"),
            false => format!("({target} (lambda ({parameters}) {body}))"),
        }
    }

    /// Resumes at the end, in the middle, not at all, perhaps, later, or by an error.
    fn control_body(&mut self, d: u32) -> String {
        let (first, last) = (self.expression(d), self.leaf());
        match self.below(9) {
            0..=2 => format!("(resume {first})"),
            3 => format!("(+ (resume {first}) {last})"),
            4 => {
                let name = self.name("v");
                let variable = name.clone();
                let rest = self.within(|s| s.variables.push(variable), |w| w.expression(d));
                format!("(let (({name} (resume {first}))) {rest})")
            }
            5 if !self.scope.continuations.is_empty() => {
                let kept = self.pick(&self.scope.continuations.clone());
                format!("(do (set! {kept} resume) {first})")
            }
            6 => format!("(discontinue resume {first})"),
            7 => format!("(if {} (resume {first}) {last})", self.condition(d)),
            _ => first,
        }
    }

    fn attempt(&mut self, d: u32) -> String {
        let body = self.expression(d);
        let pattern = ["e", "e", "\"t\"", "\"divide-by-zero\""][self.below(4)];
        let catch = format!("(catch {pattern} {})", self.expression(d));
        let finally = format!("(finally (print {} {}))", self.below(100), self.expression(d.saturating_sub(2)));
        match self.below(3) {
            0 => format!("(try {body} {catch})"),
            1 => format!("(try {body} {finally})"),
            _ => format!("(try {body} {catch} {finally})"),
        }
    }

    fn raise(&mut self, d: u32) -> String {
        match self.below(2) {
            0 => format!("(throw {})", self.expression(d)),
            _ => format!("(raise \"t\" \"m\" {})", self.expression(d)),
        }
    }

    fn closure(&mut self, d: u32) -> String {
        let (f, x) = (self.name("f"), self.name("v"));
        let (parameter, procedure) = (x.clone(), f.clone());
        let body = self.within(|s| s.variables.push(parameter), |w| w.expression(d));
        let rest = self.within(|s| s.procedures.push(procedure), |w| w.call(d));
        format!("(let (({f} (lambda ({x}) {body}))) {rest})")
    }

    fn call(&mut self, d: u32) -> String {
        match self.scope.procedures.clone().as_slice() {
            [] => self.expression(d),
            some => {
                let f = self.pick(some);
                format!("(+ ({f} {}) {})", self.expression(d), self.expression(d))
            }
        }
    }

    /// A variable for a continuation around an expression.
    fn keeper(&mut self, d: u32) -> String {
        let name = self.name("k");
        let kept = name.clone();
        let body =
            self.within(|s| s.continuations.push(kept), |w| format!("(+ {} {})", w.handler(d), w.continuation(d)));
        format!("(let (({name} nil)) {body})")
    }

    /// Resumes what a variable holds, if it holds something.
    fn continuation(&mut self, d: u32) -> String {
        match self.scope.continuations.clone().as_slice() {
            [] => self.expression(d),
            some => {
                let (k, taken) = (self.pick(some), self.name("k"));
                let argument = self.expression(d);
                format!("(if (nil? {k}) 0 (let (({taken} {k})) (set! {k} nil) ({taken} {argument})))")
            }
        }
    }

    fn resumption(&mut self, d: u32) -> String {
        let argument = self.expression(d);
        match (self.scope.resume, self.below(6)) {
            (false, _) => format!("(+ {argument} 1)"),
            (true, 0) => format!("(discontinue resume {argument})"),
            (true, _) => format!("(resume {argument})"),
        }
    }
}
