//! Rows of bits of one length, for dataflow.

/// A matrix of bits; rows are facts at one place each.
#[derive(Clone, Debug, Default)]
pub struct BitRows {
    words: usize,
    data: Vec<u64>,
}

/// One row by itself.
pub type Bits = Vec<u64>;

/// Words that `bits` bits take.
pub fn words_for(bits: usize) -> usize {
    bits.div_ceil(64)
}

impl BitRows {
    pub fn new(rows: usize, bits: usize) -> BitRows {
        let words = words_for(bits);
        BitRows { words, data: vec![0; words * rows] }
    }
    pub fn words(&self) -> usize {
        self.words
    }
    pub fn row(&self, row: usize) -> &[u64] {
        &self.data[row * self.words..(row + 1) * self.words]
    }
    pub fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.data[row * self.words..(row + 1) * self.words]
    }
    pub fn set(&mut self, row: usize, bit: usize) {
        set(self.row_mut(row), bit);
    }
    pub fn get(&self, row: usize, bit: usize) -> bool {
        get(self.row(row), bit)
    }
    /// Adds one row to another. True if that changed it.
    pub fn union_rows(&mut self, into: usize, from: usize) -> bool {
        let mut changed = false;
        for w in 0..self.words {
            let new = self.data[from * self.words + w];
            let old = &mut self.data[into * self.words + w];
            changed |= new & !*old != 0;
            *old |= new;
        }
        changed
    }
}

pub fn set(bits: &mut [u64], bit: usize) {
    bits[bit / 64] |= 1 << (bit % 64);
}

/// Sets the bits before one.
pub fn set_first(bits: &mut [u64], end: usize) {
    bits[..end / 64].fill(u64::MAX);
    if !end.is_multiple_of(64) {
        bits[end / 64] |= (1 << (end % 64)) - 1;
    }
}

pub fn clear(bits: &mut [u64], bit: usize) {
    bits[bit / 64] &= !(1 << (bit % 64));
}

pub fn get(bits: &[u64], bit: usize) -> bool {
    bits[bit / 64] & (1 << (bit % 64)) != 0
}

/// Adds bits. True if that changed the first.
pub fn union(into: &mut [u64], from: &[u64]) -> bool {
    let mut changed = false;
    for (a, &b) in into.iter_mut().zip(from) {
        changed |= b & !*a != 0;
        *a |= b;
    }
    changed
}

/// Positions of set bits, ascending.
pub fn ones(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    bits.iter().enumerate().flat_map(|(n, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            Some(n * 64 + bit)
        })
    })
}
