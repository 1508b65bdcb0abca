//! Random machine-level programs: loops, branches, switches, calls, memory, integers, doubles and bits, in the shapes that
//! front ends write: locals in stack slots, pointers to them as arguments, checks that lead to cold blocks.
//!
//! What is made always verifies, ends, and has one right answer: divisors are made positive, memory is set before it is
//! read, addresses do not become numbers, and the bits and the sign of a NaN, which no engine promises, stay doubles.

use std::fmt::Write as _;

/// Where decisions come from.
pub trait Choices {
    /// A number below `n`, which is not zero.
    fn below(&mut self, n: u64) -> u64;

    /// Any word; the interesting ones often.
    fn word(&mut self) -> i64 {
        const EDGES: [i64; 8] = [0, 1, -1, i64::MAX, i64::MIN, 63, 1 << 32, -(1 << 31)];
        match self.below(4) {
            0 => EDGES[self.below(8) as usize],
            1 => self.below(256) as i64 - 128,
            _ => (self.below(1 << 32) << 32 | self.below(1 << 32)) as i64,
        }
    }
}

/// Decisions of a small deterministic generator, so that a failure names the seed that repeats it.
pub struct Seeded(pub u64);

impl Choices for Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) % n
    }
}

/// Decisions from bytes, as fuzzers give them; zero at the end.
pub struct Bytes<'a>(pub &'a [u8]);

impl Choices for Bytes<'_> {
    fn below(&mut self, n: u64) -> u64 {
        let wanted = if n > 256 { 4 } else { 1 };
        let (taken, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        taken.iter().fold(0, |all, &b| all << 8 | u64::from(b)) % n
    }
}

mod shape;

/// Bytes of the regions of memory that hold integers: two stack slots, shared data, and what the pointer of a method
/// leads to.
const REGION: u64 = 32;
/// Slot of the doubles, with room for two, and slot of the array, with room for eight integers.
const DOUBLES: u32 = 2;
const ARRAY: u32 = 3;

const OVERFLOWING: &[&str] = &["iadd.of", "isub.of", "imul.of", "uadd.of", "usub.of", "umul.of"];
const FLOAT_OPS: &[&str] = &["fadd", "fsub", "fmul", "fdiv", "fmin", "fmax"];
const FLOAT_UNARY: &[&str] = &["fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fnearest", "fround32"];
const LOADS: &[&str] = &["load.64", "load.32", "load.s32", "load.16", "load.s16", "load.8", "load.s8"];

/// What a function takes and gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signature {
    /// Two integers, and two again.
    Plain,
    /// A pointer to a region and an integer; an integer.
    Method,
    /// An integer and a double; a double and an integer.
    Mixed,
}

struct Callee {
    signature: Signature,
    /// Estimate of the instructions that a call runs.
    cost: u64,
}

/// Text of a program whose last function takes two integers and calls the others; and that function's number.
pub fn program(choices: &mut dyn Choices) -> (String, u32) {
    let count = 1 + choices.below(5) as u32;
    let mut out = String::from("s0 = \"f\"\nm0 = s0 s0 none\n");
    // Data that all functions share; it is zero at the first call.
    let zeros = "\\x00".repeat(REGION as usize);
    writeln!(out, "d0 = \"shared\" 8 \"{zeros}\"").expect("writing to a string");
    let mut callees = Vec::new();
    for id in 0..count {
        let signature = match choices.below(3) {
            _ if id + 1 == count => Signature::Plain,
            0 => Signature::Plain,
            1 => Signature::Method,
            _ => Signature::Mixed,
        };
        let hint = ["", "", " inline-always", " inline-never"][choices.below(4) as usize];
        let mut f = Function {
            choices,
            id,
            signature,
            callees: &callees,
            next: 2,
            next_block: 1,
            ints: vec![],
            floats: vec![],
            bits: vec![],
            regions: vec![],
            doubles: 0,
            array: 0,
            loop_depth: 0,
            cost: 0,
            body: String::new(),
        };
        f.build();
        let (body, cost) = (f.body, f.cost);
        let results = match signature {
            Signature::Plain => "i64 i64",
            Signature::Method => "i64",
            Signature::Mixed => "f64 i64",
        };
        writeln!(
            out,
            "fn @{id} \"f\" internal m0 -> {results} optimise{hint} slots {REGION} {REGION} 16 64 {{\n{body}}}"
        )
        .expect("writing to a string");
        callees.push(Callee { signature, cost });
    }
    (out, count - 1)
}

struct Function<'a> {
    choices: &'a mut dyn Choices,
    id: u32,
    signature: Signature,
    callees: &'a [Callee],
    next: u32,
    next_block: u32,
    ints: Vec<u32>,
    floats: Vec<u32>,
    bits: Vec<u32>,
    /// Addresses of regions of integers.
    regions: Vec<u32>,
    doubles: u32,
    array: u32,
    loop_depth: u32,
    cost: u64,
    body: String,
}

impl Function<'_> {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.body, "    {text}").expect("writing to a string");
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn pick(&mut self, from: fn(&Self) -> &Vec<u32>) -> u32 {
        let n = from(self).len() as u64;
        let at = self.choices.below(n) as usize;
        from(self)[at]
    }

    fn int(&mut self) -> u32 {
        self.pick(|f| &f.ints)
    }

    fn float(&mut self) -> u32 {
        self.pick(|f| &f.floats)
    }

    fn bit(&mut self) -> u32 {
        self.pick(|f| &f.bits)
    }

    fn one_of(&mut self, names: &[&'static str]) -> &'static str {
        names[self.choices.below(names.len() as u64) as usize]
    }

    /// Adds an instruction with one result and gives the result.
    fn value(&mut self, ty: &str, text: std::fmt::Arguments<'_>) -> u32 {
        let v = self.fresh();
        self.line(format_args!("v{v}: {ty} = {text}"));
        match ty {
            "i64" => self.ints.push(v),
            "f64" => self.floats.push(v),
            _ => self.bits.push(v),
        }
        v
    }

    fn constant(&mut self, n: i64) -> u32 {
        self.value("i64", format_args!("iconst {n}"))
    }

    /// Bits of a double that is a number; zero of a NaN.
    fn known_bits(&mut self, x: u32) -> u32 {
        let is_number = self.value("i1", format_args!("fcmp v{x}, v{x} eq"));
        let bits = self.fresh();
        self.line(format_args!("v{bits}: i64 = f2bits v{x}"));
        let zero = self.constant(0);
        self.value("i64", format_args!("select.i v{is_number}, v{bits}, v{zero}"))
    }

    fn step(&mut self) {
        self.cost += 1 << (3 * self.loop_depth);
        let slot = self.pick(|f| &f.regions);
        let place = self.choices.below(REGION);
        // Memory is accessed at multiples of the size.
        let offset = |op: &str| match op.split_once('.') {
            Some((_, "64")) => place & !7,
            Some((_, "16" | "s16")) => place & !1,
            Some((_, "8" | "s8")) => place,
            _ => place & !3,
        };
        match self.choices.below(20) {
            0 => {
                let n = self.choices.word();
                self.constant(n);
            }
            1 => {
                let bits = self.choices.word();
                self.value("f64", format_args!("fconst {bits:#018x}"));
            }
            2..=4 => {
                const OPS: &[&str] = &[
                    "iadd", "isub", "imul", "iand", "ior", "ixor", "ishl", "ushr", "sshr", "rotl", "umulhi", "smulhi",
                ];
                let (op, a, b) = (self.one_of(OPS), self.int(), self.int());
                self.value("i64", format_args!("{op} v{a}, v{b}"));
            }
            5 => {
                let (op, a, b) = (self.one_of(OVERFLOWING), self.int(), self.int());
                let (v, o) = (self.fresh(), self.fresh());
                self.line(format_args!("v{v}: i64, v{o}: i1 = {op} v{a}, v{b}"));
                self.ints.push(v);
                self.bits.push(o);
            }
            6 => {
                let (op, a, b) = (self.one_of(&["sdiv", "srem", "udiv", "urem"]), self.int(), self.int());
                let (one, mask) = (self.constant(1), self.constant(i64::MAX));
                let odd = self.value("i64", format_args!("ior v{b}, v{one}"));
                let positive = self.value("i64", format_args!("iand v{odd}, v{mask}"));
                self.value("i64", format_args!("{op} v{a}, v{positive}"));
            }
            7 => {
                const CONDS: &[&str] = &["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"];
                let (c, a, b) = (self.one_of(CONDS), self.int(), self.int());
                self.value("i1", format_args!("icmp v{a}, v{b} {c}"));
            }
            8 => {
                let (c, a, b) = (self.one_of(&["eq", "ne", "lt", "le", "gt", "ge"]), self.float(), self.float());
                self.value("i1", format_args!("fcmp v{a}, v{b} {c}"));
            }
            9 => {
                let (op, a, b) = (self.one_of(FLOAT_OPS), self.float(), self.float());
                self.value("f64", format_args!("{op} v{a}, v{b}"));
            }
            10 => match self.choices.below(6) {
                0 => {
                    let (op, a) = (self.one_of(FLOAT_UNARY), self.float());
                    self.value("f64", format_args!("{op} v{a}"));
                }
                1 => {
                    let a = self.int();
                    let op = self.one_of(&["i2f", "u2f", "bits2f"]);
                    self.value("f64", format_args!("{op} v{a}"));
                }
                2 => {
                    let (op, a) = (self.one_of(&["clz", "ctz", "popcnt", "bswap"]), self.int());
                    self.value("i64", format_args!("{op} v{a}"));
                }
                3 => {
                    let (op, a) = (self.one_of(&["f2i.sat", "f2u.sat"]), self.float());
                    self.value("i64", format_args!("{op} v{a}"));
                }
                4 => {
                    let [a, b, c] = [(); 3].map(|()| self.float());
                    self.value("f64", format_args!("fma v{a}, v{b}, v{c}"));
                }
                _ => {
                    let a = self.float();
                    self.known_bits(a);
                }
            },
            11 => match self.choices.below(3) {
                0 => {
                    let (op, a, b) = (self.one_of(&["band", "bor"]), self.bit(), self.bit());
                    self.value("i1", format_args!("{op} v{a}, v{b}"));
                }
                1 => {
                    let a = self.bit();
                    self.value("i64", format_args!("b2i v{a}"));
                }
                _ => {
                    let n = self.choices.below(2);
                    self.value("i1", format_args!("bconst {n}"));
                }
            },
            12 => {
                let (c, a, b) = (self.bit(), self.int(), self.int());
                let (x, y) = (self.float(), self.float());
                self.value("i64", format_args!("select.i v{c}, v{a}, v{b}"));
                self.value("f64", format_args!("select.f v{c}, v{x}, v{y}"));
            }
            13 => {
                let (op, a) = (self.one_of(&["store.64", "store.32", "store.16", "store.8"]), self.int());
                self.line(format_args!("{op} v{slot}, v{a} {}", offset(op)));
            }
            14 => {
                let op = self.one_of(LOADS);
                self.value("i64", format_args!("{op} v{slot} {}", offset(op)));
            }
            15 => self.double_in_memory(),
            16 => self.copy(),
            17 => self.call(),
            18 => {
                let (a, sign) = (self.float(), self.int());
                let sign = self.value("f64", format_args!("i2f v{sign}"));
                self.value("f64", format_args!("fcopysign v{a}, v{sign}"));
            }
            _ => {
                let x = self.float();
                let number = self.known_bits(x);
                self.line(format_args!("store.64 v{slot}, v{number} {}", place & !7));
            }
        }
    }
}
