//! The module `_random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as CPython does.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::{native, tuple_items};
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::num::int;
use crate::{Isolate, Owned, Place, PyResult, native_module};

native_module!(molt_module_random, "_random", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_class(module, &RANDOM);
    Ok(())
}

const N: usize = 624;
const M: usize = 397;

/// State of a generator.
struct Twister {
    state: [u32; N],
    /// Next word to give out; `N` when the state must be renewed.
    index: usize,
}

impl NativeData for Twister {}

impl Twister {
    /// State of an object whose `__init__` has not run.
    fn unseeded() -> Twister {
        Twister { state: [0; N], index: 0 }
    }

    fn from_word(seed: u32) -> Twister {
        let mut state = [0u32; N];
        state[0] = seed;
        for i in 1..N {
            state[i] = 1_812_433_253u32.wrapping_mul(state[i - 1] ^ (state[i - 1] >> 30)).wrapping_add(i as u32);
        }
        Twister { state, index: N }
    }

    /// `init_by_array` of the reference implementation.
    fn from_key(key: &[u32]) -> Twister {
        let mut t = Twister::from_word(19_650_218);
        let s = &mut t.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let mixed = (s[i - 1] ^ (s[i - 1] >> 30)).wrapping_mul(1_664_525);
            s[i] = (s[i] ^ mixed).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j = (j + 1) % key.len();
            if i >= N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        for _ in 0..N - 1 {
            let mixed = (s[i - 1] ^ (s[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            s[i] = (s[i] ^ mixed).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        s[0] = 0x8000_0000;
        t
    }

    /// Seeded from the system's entropy.
    fn from_system() -> Twister {
        let mut key = [0u32; N];
        for part in key.chunks_mut(64) {
            // SAFETY: the pointer and length describe the chunk; on failure the words stay as they are.
            unsafe { libc::getrandom(part.as_mut_ptr().cast(), core::mem::size_of_val(part), 0) };
        }
        Twister::from_key(&key)
    }

    fn renew(&mut self) {
        let s = &mut self.state;
        for k in 0..N {
            let y = (s[k] & 0x8000_0000) | (s[(k + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            s[k] = s[(k + M) % N] ^ (y >> 1) ^ odd;
        }
        self.index = 0;
    }

    fn next_u32(&mut self) -> u32 {
        if self.index >= N {
            self.renew();
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A double in [0, 1) with 53 random bits.
    fn next_f64(&mut self) -> f64 {
        let (a, b) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }
}

fn twister(w: Word) -> Place<Twister> {
    native::<Twister>(w)
}

/// Seed from an argument: the magnitude of an integer, else of the hash; entropy for `None`.
fn seeded(rt: &mut Isolate, w: Word) -> PyResult<Twister> {
    if w.is_unbound() || w.is_none() {
        return Ok(Twister::from_system());
    }
    let mut words = if rt.is_int(w) {
        int::to_u32_digits(w).1
    } else {
        // The hash counts as unsigned.
        let hash = rt.hash(w)? as u64;
        if hash >> 32 == 0 { vec![hash as u32] } else { vec![hash as u32, (hash >> 32) as u32] }
    };
    if words.is_empty() {
        words.push(0);
    }
    Ok(Twister::from_key(&words))
}

/// Word of a saved state; bits above the lowest 32 are ignored, as long as the number fits in 64.
fn state_word(rt: &mut Isolate, w: Word) -> PyResult<u32> {
    if !rt.is_int(w) {
        return Err(rt.type_error("an integer is required"));
    }
    let (negative, digits) = int::to_u32_digits(w);
    if negative {
        return Err(rt.overflow_error("can't convert negative value to unsigned int"));
    }
    if digits.len() > 2 {
        return Err(rt.overflow_error("Python int too large to convert to C unsigned long"));
    }
    Ok(digits.first().copied().unwrap_or(0))
}

static RANDOM: ClassSpec = ClassSpec::new("_random", "Random")
    .methods(METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT)
    .doc("Random() -> create a random number generator with its own internal state.");

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::new(Twister::unseeded())))
    }),
    def("__init__", "($self, /, *args, **kwargs)", |rt, a| {
        if rt.dict_len(a[2]) > 0 {
            return Err(rt.type_error("Random() takes no keyword arguments"));
        }
        let seed = match tuple_items(a[1]) {
            [] => Word::NONE,
            [seed] => *seed,
            _ => return Err(rt.type_error("Random() requires 0 or 1 argument")),
        };
        let t = seeded(rt, seed)?;
        *twister(a[0]) = t;
        Ok(Owned::NONE)
    }),
    def("seed", "($self, n=None, /)", |rt, a| {
        let t = seeded(rt, a[1])?;
        *twister(a[0]) = t;
        Ok(Owned::NONE)
    }),
    def("random", "($self, /)", |rt, a| Ok(rt.new_float(twister(a[0]).next_f64()))),
    def("getrandbits", "($self, k, /)", |rt, a| {
        let k = rt.to_i64(a[1], "int")?;
        if i32::try_from(k).is_err() {
            return Err(rt.overflow_error("Python int too large to convert to C int"));
        }
        if k < 0 {
            return Err(rt.value_error("number of bits must be non-negative"));
        }
        let mut t = twister(a[0]);
        if k == 0 {
            return Ok(Owned::small(0));
        }
        if k <= 32 {
            return Ok(Owned::small(i64::from(t.next_u32() >> (32 - k))));
        }
        let count = (k as usize).div_ceil(32);
        rt.check_room(count.checked_mul(4))?;
        let mut words = Vec::with_capacity(count);
        let mut left = k;
        for _ in 0..count {
            let r = t.next_u32();
            words.push(if left < 32 { r >> (32 - left) } else { r });
            left -= 32;
        }
        Ok(int::from_u32_digits(rt, false, &words))
    }),
    def("getstate", "($self, /)", |rt, a| {
        let t = twister(a[0]);
        let mut items: Vec<Owned> = t.state.iter().map(|&w| Owned::small(i64::from(w))).collect();
        items.push(Owned::small(t.index as i64));
        Ok(rt.new_tuple(items))
    }),
    def("setstate", "($self, state, /)", |rt, a| {
        if !rt.is_tuple(a[1]) {
            return Err(rt.type_error("state vector must be a tuple"));
        }
        let items = tuple_items(a[1]);
        if items.len() != N + 1 {
            return Err(rt.value_error("state vector is the wrong size"));
        }
        let mut state = [0u32; N];
        for (slot, &w) in state.iter_mut().zip(items) {
            *slot = state_word(rt, w)?;
        }
        let index = rt.to_i64(items[N], "long")?;
        if !(0..=N as i64).contains(&index) {
            return Err(rt.value_error("invalid state"));
        }
        *twister(a[0]) = Twister { state, index: index as usize };
        Ok(Owned::NONE)
    }),
];
