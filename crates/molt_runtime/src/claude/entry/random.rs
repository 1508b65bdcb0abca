//! Default handlers of `Random`: the generator xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64 from a number
//! or from the system.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::sandbox::guarded;
use super::super::{Kind, list};
use super::collections::expect_list;
use super::{bad_index, expect, expect_index};
use crate::entry::{entries, words};
use crate::num::int;
use crate::{Isolate, Owned, PyResult};

struct Generator([u64; 4]);

impl Default for Generator {
    fn default() -> Generator {
        let mut seed = [0u8; 8];
        // SAFETY: the pointer and length describe the array; without the system's entropy the clock must do.
        let n = unsafe { libc::getentropy(seed.as_mut_ptr().cast(), seed.len()) };
        Generator::seeded(if n == 0 { u64::from_ne_bytes(seed) } else { crate::host::clock(libc::CLOCK_REALTIME) })
    }
}

impl Generator {
    fn seeded(mut seed: u64) -> Generator {
        Generator([(); 4].map(|()| {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// In [0, 1), with 53 random bits.
    fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number up to `most`, each as likely as any other: what lies above the last whole multiple is drawn again.
    fn up_to(&mut self, most: u64) -> u64 {
        let Some(count) = most.checked_add(1) else { return self.next() };
        let unfair = (u64::MAX - count + 1) % count;
        loop {
            let v = self.next();
            if v <= u64::MAX - unfair {
                return v % count;
            }
        }
    }
}

fn between(rt: &mut Isolate, low: Word, high: Word) -> PyResult {
    let (low, high) = (expect_index(rt, low, "random:int")?, expect_index(rt, high, "random:int")?);
    if high < low {
        return Err(bad_index(rt, format!("random:int: there is no number from {low} to {high}")));
    }
    let v = rt.state::<Generator>().up_to(high.wrapping_sub(low) as u64);
    Ok(rt.new_int(low.wrapping_add(v as i64)))
}

fn choice(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "random:choice")?;
    let Some(most) = list::len(w).checked_sub(1) else {
        return Err(bad_index(rt, "random:choice: the list is empty"));
    };
    let at = rt.state::<Generator>().up_to(most as u64) as usize;
    Ok(Owned::share(list::nth(w, at).expect("it is below the length")))
}

/// The shuffle of Fisher and Yates.
fn shuffle(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "random:shuffle")?;
    let mut all: Vec<Word> = list::iter(w).collect();
    for i in (1..all.len()).rev() {
        let j = rt.state::<Generator>().up_to(i as u64) as usize;
        all.swap(i, j);
    }
    Ok(list::from_words(rt, &all))
}

fn seed(rt: &mut Isolate, w: Word) -> PyResult {
    expect(rt, w, Kind::Int, "random:seed")?;
    let seed = int::to_i64(w).unwrap_or_else(|| int::hash(w));
    *rt.state::<Generator>() = Generator::seeded(seed as u64);
    Ok(Owned::NONE)
}

/// Calls a body with the generator seeded, and goes on with the numbers that there were before.
fn with_seed(rt: &mut Isolate, number: Word, body: Word) -> PyResult {
    let fresh = Generator(rt.state::<Generator>().0);
    seed(rt, number)?;
    let result = rt.claude_call(body, &[]);
    *rt.state::<Generator>() = fresh;
    result
}

entries! {
    cl_with_seed(rt, number: Word, body: Word) -> Ret {
        guarded(rt, "random", "random:seed", |rt| with_seed(rt, number, body))
    }
    cl_random_float(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "random", "random:float", |rt| {
            let v = rt.state::<Generator>().float();
            Ok(rt.new_float(v))
        })
    }
    cl_random_int(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "random", "random:int", |rt| between(rt, words(args, n)[0], words(args, n)[1]))
    }
    cl_random_bool(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "random", "random:bool", |rt| {
            Ok(Owned::share(Word::from_bool(rt.state::<Generator>().next() >> 63 == 1)))
        })
    }
    cl_random_choice(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "random", "random:choice", |rt| choice(rt, words(args, n)[0]))
    }
    cl_random_shuffle(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "random", "random:shuffle", |rt| shuffle(rt, words(args, n)[0]))
    }
    cl_random_seed(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "random", "random:seed", |rt| seed(rt, words(args, n)[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // From the authors' C code, with the state 1, 2, 3, 4.
        let mut g = Generator([1, 2, 3, 4]);
        let first = [(); 4].map(|()| g.next());
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn numbers_lie_in_their_range_and_reach_its_ends() {
        let mut g = Generator::seeded(7);
        let mut seen = [0; 6];
        (0..600).for_each(|_| seen[g.up_to(5) as usize] += 1);
        assert!(seen.iter().all(|&n| n > 60), "{seen:?}");
        assert!((0..1000).map(|_| g.float()).all(|v| (0.0..1.0).contains(&v)));
        assert_eq!(g.up_to(0), 0);
    }
}
