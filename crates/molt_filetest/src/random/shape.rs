//! Control flow, memory and calls of random functions.

use std::fmt::Write as _;

use super::{ARRAY, DOUBLES, Function, REGION, Signature};

/// Lengths of the lists of values, to go back to at the end of a block.
struct Scope([usize; 4]);

/// Instructions that a program may run, about.
const MOST_COST: u64 = 20_000;

impl Function<'_> {
    pub(super) fn build(&mut self) {
        match self.signature {
            Signature::Plain => {
                self.body.push_str("b0(v0: i64, v1: i64):\n");
                self.ints.extend([0, 1]);
            }
            Signature::Method => {
                self.body.push_str("b0(v0: i64, v1: i64):\n");
                self.ints.push(1);
                self.regions.push(0);
            }
            Signature::Mixed => {
                self.body.push_str("b0(v0: i64, v1: f64):\n");
                self.ints.push(0);
                self.floats.push(1);
            }
        }
        let first = self.ints[0];
        self.memory();
        self.value("f64", format_args!("i2f v{first}"));
        self.value("f64", format_args!("fconst 0x3ff8000000000000"));
        self.value("i1", format_args!("icmp v{first}, v{first} slt"));
        self.statements(2);
        if self.choices.below(3) == 0 && self.cost < MOST_COST / 16 {
            self.call_itself(first);
            self.statements(1);
            self.cost *= 8;
        }
        let region = self.regions[0];
        let kept = self.value("i64", format_args!("load.64 v{region} 8"));
        let x = self.float();
        let number = self.known_bits(x);
        let (a, b) = (self.int(), self.int());
        let mixed = self.value("i64", format_args!("ixor v{a}, v{number}"));
        let sum = self.value("i64", format_args!("iadd v{b}, v{kept}"));
        match self.signature {
            Signature::Plain => self.line(format_args!("ret.many v{mixed}, v{sum}")),
            Signature::Method => self.line(format_args!("ret.many v{mixed}")),
            Signature::Mixed => self.line(format_args!("ret.many v{x}, v{sum}")),
        }
    }

    fn address(&mut self, text: &str) -> u32 {
        let v = self.fresh();
        self.line(format_args!("v{v}: i64 = {text}"));
        v
    }

    /// Sets all memory of the function.
    fn memory(&mut self) {
        let zero = self.constant(0);
        for (slot, size) in [(0, REGION), (1, REGION), (DOUBLES, 16), (ARRAY, 64)] {
            let at = self.address(&format!("slot.addr slot{slot}"));
            if self.choices.below(2) == 0 {
                let length = self.constant(size as i64);
                self.line(format_args!("mem.set v{at}, v{zero}, v{length}"));
            } else {
                (0..size).step_by(8).for_each(|offset| self.line(format_args!("store.64 v{at}, v{zero} {offset}")));
            }
            match slot {
                DOUBLES => self.doubles = at,
                ARRAY => self.array = at,
                _ => self.regions.push(at),
            }
        }
        let shared = self.address("data.addr d0");
        self.regions.push(shared);
    }

    fn new_block(&mut self) -> u32 {
        self.next_block += 1;
        self.next_block - 1
    }

    fn open(&mut self, block: u32, params: &str) {
        writeln!(self.body, "b{block}({params}):").expect("writing to a string");
    }

    fn scope(&self) -> Scope {
        Scope([self.ints.len(), self.floats.len(), self.bits.len(), self.regions.len()])
    }

    fn leave(&mut self, scope: &Scope) {
        let Scope([ints, floats, bits, regions]) = *scope;
        self.ints.truncate(ints);
        self.floats.truncate(floats);
        self.bits.truncate(bits);
        self.regions.truncate(regions);
    }

    fn statements(&mut self, depth: u32) {
        for _ in 0..2 + self.choices.below(8) {
            match self.choices.below(12) {
                0 | 1 if depth > 0 => self.choice(depth - 1),
                2 if depth > 0 => self.loop_below(depth - 1),
                3 if depth > 0 => self.loop_until(depth - 1),
                4 => self.checked_access(),
                5 => self.checked_sum(),
                6 => self.field_pointer(),
                _ => self.step(),
            }
        }
    }

    /// Two ways that meet, or three by a switch, with values for the block where they meet.
    fn choice(&mut self, depth: u32) {
        let [then, otherwise, join] = [(); 3].map(|()| self.new_block());
        if self.choices.below(3) == 0 {
            let on = self.int();
            self.line(format_args!("switch v{on} -> b{then}(), b{otherwise}(), b{then}()"));
        } else {
            let on = self.bit();
            self.line(format_args!("brif v{on} -> b{then}(), b{otherwise}()"));
        }
        for block in [then, otherwise] {
            let scope = self.scope();
            self.open(block, "");
            if self.choices.below(3) > 0 {
                self.statements(depth);
            }
            // A tag that the block after the join may look at.
            let tag = i64::from(block == then);
            let a = if self.choices.below(2) == 0 { self.constant(tag) } else { self.int() };
            let (b, x) = (self.int(), self.float());
            self.line(format_args!("jump -> b{join}(v{a}, v{b}, v{x})"));
            self.leave(&scope);
        }
        let [a, b, x] = [(); 3].map(|()| self.fresh());
        self.open(join, &format!("v{a}: i64, v{b}: i64, v{x}: f64"));
        self.ints.extend([a, b]);
        self.floats.push(x);
        if self.choices.below(2) == 0 {
            let zero = self.constant(0);
            self.value("i1", format_args!("icmp v{a}, v{zero} eq"));
        }
    }

    /// `for i in 0..n`: the test stands first.
    fn loop_below(&mut self, depth: u32) {
        let [head, body, end] = [(); 3].map(|()| self.new_block());
        let (zero, start) = (self.constant(0), self.int());
        let rounds = self.rounds();
        self.line(format_args!("jump -> b{head}(v{zero}, v{start})"));
        let [i, a] = [(); 2].map(|()| self.fresh());
        self.open(head, &format!("v{i}: i64, v{a}: i64"));
        let scope = self.scope();
        self.ints.extend([i, a]);
        let cond = ["slt", "ult", "ne"][self.choices.below(3) as usize];
        let more = self.value("i1", format_args!("icmp v{i}, v{rounds} {cond}"));
        self.line(format_args!("brif v{more} -> b{body}(), b{end}()"));
        self.open(body, "");
        self.loop_depth += 1;
        self.statements(depth);
        self.loop_depth -= 1;
        let one = self.constant(1);
        let (next, over) = (self.fresh(), self.fresh());
        self.line(format_args!("v{next}: i64, v{over}: i1 = iadd.of v{i}, v{one}"));
        let kept = self.int();
        self.fail_if(over);
        self.line(format_args!("jump -> b{head}(v{next}, v{kept})"));
        self.leave(&scope);
        self.open(end, "");
        self.ints.extend([i, a]);
    }

    /// The test stands last.
    fn loop_until(&mut self, depth: u32) {
        let [head, end] = [(); 2].map(|()| self.new_block());
        let (zero, start) = (self.constant(0), self.float());
        let rounds = self.rounds();
        self.line(format_args!("jump -> b{head}(v{zero}, v{start})"));
        let [i, x] = [(); 2].map(|()| self.fresh());
        self.open(head, &format!("v{i}: i64, v{x}: f64"));
        let scope = self.scope();
        self.ints.push(i);
        self.floats.push(x);
        self.loop_depth += 1;
        self.statements(depth);
        self.loop_depth -= 1;
        let one = self.constant(1);
        let next = self.value("i64", format_args!("iadd v{i}, v{one}"));
        let again = self.value("i1", format_args!("icmp v{next}, v{rounds} slt"));
        let kept = self.float();
        self.line(format_args!("brif v{again} -> b{head}(v{next}, v{kept}), b{end}()"));
        self.leave(&scope);
        self.open(end, "");
    }

    /// A number below eight that is known or not.
    fn rounds(&mut self) -> u32 {
        if self.choices.below(2) == 0 {
            let n = self.choices.below(8) as i64;
            return self.constant(n);
        }
        let (n, mask) = (self.int(), self.constant(7));
        self.value("i64", format_args!("iand v{n}, v{mask}"))
    }

    /// Leaves the function from a cold block if the bit is set.
    fn fail_if(&mut self, bit: u32) {
        let [cold, next] = [(); 2].map(|()| self.new_block());
        self.line(format_args!("brif v{bit} -> b{cold}(), b{next}()"));
        self.open(cold, "");
        self.body.truncate(self.body.len() - 2);
        self.body.push_str(" cold:\n");
        let scope = self.scope();
        let code = self.choices.below(3) as i64;
        let code = self.constant(code);
        match self.signature {
            Signature::Plain => self.line(format_args!("ret.many v{code}, v{code}")),
            Signature::Method => self.line(format_args!("ret.many v{code}")),
            Signature::Mixed => {
                let x = self.value("f64", format_args!("i2f v{code}"));
                self.line(format_args!("ret.many v{x}, v{code}"));
            }
        }
        self.leave(&scope);
        self.open(next, "");
    }

    /// Load or store of the array at an index that is checked, or masked.
    fn checked_access(&mut self) {
        let (array, length) = (self.array, self.constant(8));
        let mut index = self.int();
        if self.choices.below(2) == 0 {
            let inside = self.value("i1", format_args!("icmp v{index}, v{length} ult"));
            let outside = self.value("i1", format_args!("not v{inside}"));
            self.fail_if(outside);
        } else {
            let mask = self.constant(7);
            index = self.value("i64", format_args!("iand v{index}, v{mask}"));
            let outside = self.value("i1", format_args!("icmp v{index}, v{length} uge"));
            self.fail_if(outside);
        }
        let three = self.constant(3);
        let offset = self.value("i64", format_args!("ishl v{index}, v{three}"));
        let at = self.address(&format!("iadd v{array}, v{offset}"));
        if self.choices.below(2) == 0 {
            let v = self.int();
            self.line(format_args!("store.64 v{at}, v{v} 0"));
        } else {
            self.value("i64", format_args!("load.64 v{at} 0"));
        }
    }

    /// Sum of narrow integers with a check of its range.
    fn checked_sum(&mut self) {
        let bits = [32, 48, 56][self.choices.below(3) as usize];
        let (a, b, bits) = (self.int(), self.int(), self.constant(bits));
        let [a, b] = [a, b].map(|v| {
            let high = self.value("i64", format_args!("ishl v{v}, v{bits}"));
            self.value("i64", format_args!("sshr v{high}, v{bits}"))
        });
        let op = self.one_of(&["iadd", "isub", "imul"]);
        let sum = self.value("i64", format_args!("{op} v{a}, v{b}"));
        let high = self.value("i64", format_args!("ishl v{sum}, v{bits}"));
        let narrow = self.value("i64", format_args!("sshr v{high}, v{bits}"));
        let over = self.value("i1", format_args!("icmp v{narrow}, v{sum} ne"));
        self.fail_if(over);
    }

    /// An address inside of a region is another region, of which only the start is used.
    fn field_pointer(&mut self) {
        let region = self.pick(|f| &f.regions);
        let (slot, zero) = (self.choices.below(2), self.constant(0));
        let again = match self.choices.below(2) {
            0 => self.address(&format!("slot.addr slot{slot}")),
            _ => self.address(&format!("iadd v{region}, v{zero}")),
        };
        self.regions.push(again);
    }

    pub(super) fn double_in_memory(&mut self) {
        let (at, offset) = (self.doubles, self.choices.below(2) * 8);
        match self.choices.below(4) {
            0 => {
                self.value("f64", format_args!("load.f64 v{at} {offset}"));
            }
            1 => {
                let x = self.float();
                self.line(format_args!("store.f64 v{at}, v{x} {offset}"));
            }
            2 => {
                self.value("f64", format_args!("load.f32 v{at} {}", offset + 4));
            }
            _ => {
                let x = self.float();
                self.line(format_args!("store.f32 v{at}, v{x} {offset}"));
            }
        }
    }

    /// Copies a part of one region to the same place of another.
    pub(super) fn copy(&mut self) {
        let (to, from) = (self.pick(|f| &f.regions), self.pick(|f| &f.regions));
        let first = self.choices.below(REGION / 4) * 4;
        let length = self.choices.below(REGION - first + 1);
        let [first, length] = [first as i64, length as i64].map(|n| self.constant(n));
        let [to, from] = [to, from].map(|r| self.address(&format!("iadd v{r}, v{first}")));
        self.line(format_args!("mem.move v{to}, v{from}, v{length}"));
        if self.choices.below(4) == 0 {
            self.value("i64", format_args!("mem.cmp v{to}, v{from}, v{length}"));
        }
    }

    /// Calls the function itself with a smaller number, unless that was zero.
    fn call_itself(&mut self, counter: u32) {
        let [again, next] = [(); 2].map(|()| self.new_block());
        let (mask, zero) = (self.constant(7), self.constant(0));
        let rest = self.value("i64", format_args!("iand v{counter}, v{mask}"));
        let last = self.value("i1", format_args!("icmp v{rest}, v{zero} eq"));
        let other = self.int();
        self.line(format_args!("brif v{last} -> b{next}(v{other}), b{again}()"));
        let scope = self.scope();
        self.open(again, "");
        let one = self.constant(1);
        let less = self.value("i64", format_args!("isub v{rest}, v{one}"));
        let (b, x, region, id) = (self.int(), self.float(), self.pick(|f| &f.regions), self.id);
        let (r, s) = (self.fresh(), self.fresh());
        let result = match self.signature {
            Signature::Plain => {
                self.line(format_args!("v{r}: i64, v{s}: i64 = call v{less}, v{b} @{id}"));
                r
            }
            Signature::Method => {
                self.line(format_args!("v{r}: i64 = call v{region}, v{less} @{id}"));
                r
            }
            Signature::Mixed => {
                self.line(format_args!("v{r}: f64, v{s}: i64 = call v{less}, v{x} @{id}"));
                s
            }
        };
        self.line(format_args!("jump -> b{next}(v{result})"));
        self.leave(&scope);
        let v = self.fresh();
        self.open(next, &format!("v{v}: i64"));
        self.ints.push(v);
    }

    pub(super) fn call(&mut self) {
        if self.id == 0 {
            return;
        }
        let callee = self.choices.below(u64::from(self.id)) as usize;
        let cost = (self.callees[callee].cost + 1) << (3 * self.loop_depth);
        if self.cost + cost > MOST_COST {
            return;
        }
        self.cost += cost;
        let (mut how, mut target) = (String::from("call "), format!(" @{callee}"));
        if self.choices.below(3) == 0 {
            let address = self.address(&format!("func.addr @{callee}"));
            (how, target) = (format!("call.indirect v{address}, "), String::new());
        }
        let (a, b, x) = (self.int(), self.int(), self.float());
        let (r, s) = (self.fresh(), self.fresh());
        match self.callees[callee].signature {
            Signature::Plain => {
                self.line(format_args!("v{r}: i64, v{s}: i64 = {how}v{a}, v{b}{target}"));
                self.ints.extend([r, s]);
            }
            Signature::Method => {
                let region = self.pick(|f| &f.regions);
                self.line(format_args!("v{r}: i64 = {how}v{region}, v{a}{target}"));
                self.ints.push(r);
            }
            Signature::Mixed => {
                self.line(format_args!("v{r}: f64, v{s}: i64 = {how}v{a}, v{x}{target}"));
                self.floats.push(r);
                self.ints.push(s);
            }
        }
    }
}
