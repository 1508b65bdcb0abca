//! Rows of bits of one length, for dataflow.
//!
//! A row of a large function is mostly zeros or mostly ones: it is kept in chunks, and chunks of one kind of bit take no
//! memory. Rows of ordinary functions are shorter than a chunk and lie one after the other.

/// Words in a chunk of a row that is longer than that.
const CHUNK: usize = 64;

/// Entries of the index for chunks that are all zeros and all ones; larger ones are places in the data.
const ZEROS: u32 = 0;
const ONES: u32 = 1;
const STORED: u32 = 2;

/// A matrix of bits; rows are facts at one place each.
#[derive(Clone, Debug, Default)]
pub struct BitRows {
    /// Words in a row.
    words: usize,
    /// Chunks of each row; empty if a row takes no more than one.
    index: Vec<u32>,
    data: Vec<u64>,
}

/// One row by itself.
pub type Bits = Vec<u64>;

/// Words that `bits` bits take.
pub fn words_for(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// One chunk of a row.
#[derive(Clone, Copy)]
enum Chunk<'a> {
    Zeros,
    Ones,
    Mixed(&'a [u64]),
}

impl BitRows {
    pub fn new(rows: usize, bits: usize) -> BitRows {
        let words = words_for(bits);
        match words <= CHUNK {
            true => BitRows { words, index: Vec::new(), data: vec![0; words * rows] },
            false => BitRows { words, index: vec![ZEROS; words.div_ceil(CHUNK) * rows], data: Vec::new() },
        }
    }

    /// A row of zeros, apart from all others.
    pub fn empty_row(&self) -> Bits {
        vec![0; self.words]
    }

    #[inline]
    fn is_short(&self) -> bool {
        self.words <= CHUNK
    }

    /// A row that is no longer than a chunk.
    #[inline]
    fn short(&self, row: usize) -> &[u64] {
        &self.data[row * self.words..(row + 1) * self.words]
    }

    /// How many chunks a row has.
    pub fn chunks(&self) -> usize {
        self.words.div_ceil(CHUNK)
    }

    /// The chunk of a bit.
    pub fn chunk_of(bit: usize) -> usize {
        bit / (64 * CHUNK)
    }

    /// Whether a row may have bits that are set in a chunk.
    pub fn has_in_chunk(&self, row: usize, n: usize) -> bool {
        !matches!(self.chunk(row, n), Chunk::Zeros)
    }

    fn chunk(&self, row: usize, n: usize) -> Chunk<'_> {
        if self.is_short() {
            return Chunk::Mixed(self.short(row));
        }
        match self.index[row * self.chunks() + n] {
            ZEROS => Chunk::Zeros,
            ONES => Chunk::Ones,
            at => Chunk::Mixed(&self.data[(at - STORED) as usize * CHUNK..][..CHUNK]),
        }
    }

    /// A chunk to write to, which gets memory of its own.
    fn chunk_mut(&mut self, row: usize, n: usize) -> &mut [u64] {
        if self.is_short() {
            return &mut self.data[row * self.words..(row + 1) * self.words];
        }
        let chunks = self.chunks();
        let at = &mut self.index[row * chunks + n];
        if *at < STORED {
            let word = if *at == ONES { u64::MAX } else { 0 };
            *at = (self.data.len() / CHUNK) as u32 + STORED;
            self.data.resize(self.data.len() + CHUNK, word);
        }
        &mut self.data[(*at - STORED) as usize * CHUNK..][..CHUNK]
    }

    #[inline]
    pub fn set(&mut self, row: usize, bit: usize) {
        if self.is_short() {
            self.data[row * self.words + bit / 64] |= 1 << (bit % 64);
        } else {
            self.set_long(row, bit);
        }
    }

    #[inline]
    pub fn get(&self, row: usize, bit: usize) -> bool {
        if self.is_short() {
            return self.data[row * self.words + bit / 64] & (1 << (bit % 64)) != 0;
        }
        self.get_long(row, bit)
    }

    fn get_long(&self, row: usize, bit: usize) -> bool {
        match self.chunk(row, BitRows::chunk_of(bit)) {
            Chunk::Zeros => false,
            Chunk::Ones => true,
            Chunk::Mixed(words) => get(words, bit % (64 * CHUNK)),
        }
    }

    fn set_long(&mut self, row: usize, bit: usize) {
        set(self.chunk_mut(row, BitRows::chunk_of(bit)), bit % (64 * CHUNK));
    }

    /// Sets the bits of a row before one.
    pub fn set_first(&mut self, row: usize, end: usize) {
        if self.is_short() {
            return set_first(self.chunk_mut(row, 0), end);
        }
        let (whole, chunks) = (BitRows::chunk_of(end), self.chunks());
        self.index[row * chunks..][..whole].fill(ONES);
        if whole < chunks {
            set_first(self.chunk_mut(row, whole), end - whole * 64 * CHUNK);
        }
    }

    pub fn is_empty(&self, row: usize) -> bool {
        if self.is_short() {
            return self.short(row).iter().all(|&w| w == 0);
        }
        (0..self.chunks()).all(|n| match self.chunk(row, n) {
            Chunk::Zeros => true,
            Chunk::Ones => false,
            Chunk::Mixed(words) => words.iter().all(|&w| w == 0),
        })
    }

    /// Adds one row to another. True if that changed it.
    pub fn union_rows(&mut self, into: usize, from: usize) -> bool {
        let mut changed = false;
        if self.is_short() {
            for w in 0..self.words {
                let new = self.data[from * self.words + w];
                let old = &mut self.data[into * self.words + w];
                changed |= new & !*old != 0;
                *old |= new;
            }
            return changed;
        }
        for n in 0..self.chunks() {
            let chunks = self.chunks();
            match (self.index[into * chunks + n], self.index[from * chunks + n]) {
                (ONES, _) | (_, ZEROS) => {}
                (_, ONES) => {
                    self.index[into * chunks + n] = ONES;
                    changed = true;
                }
                (_, at) => {
                    let from = (at - STORED) as usize * CHUNK;
                    let mut words = [0; CHUNK];
                    words.copy_from_slice(&self.data[from..from + CHUNK]);
                    changed |= self.union_chunk(into, n, &words);
                }
            }
        }
        changed
    }

    /// Adds a row of another matrix, whose rows are no longer.
    pub fn union_from(&mut self, into: usize, other: &BitRows, row: usize) {
        if other.is_short() {
            union(self.chunk_mut(into, 0), other.short(row));
            return;
        }
        for n in 0..other.chunks() {
            match other.chunk(row, n) {
                Chunk::Zeros => {}
                Chunk::Ones => self.chunk_mut(into, n).fill(u64::MAX),
                Chunk::Mixed(words) => drop(self.union_chunk(into, n, words)),
            }
        }
    }

    /// Adds bits to a row. True if that changed it.
    pub fn union_bits(&mut self, into: usize, bits: &[u64]) -> bool {
        if self.is_short() {
            return union(self.chunk_mut(into, 0), bits);
        }
        let mut changed = false;
        for (n, words) in bits.chunks(CHUNK).enumerate() {
            changed |= self.union_chunk(into, n, words);
        }
        changed
    }

    /// Adds bits to a chunk, which gets memory only if it is then of both kinds.
    fn union_chunk(&mut self, into: usize, n: usize, words: &[u64]) -> bool {
        match self.chunk(into, n) {
            Chunk::Ones => return false,
            Chunk::Zeros if words.iter().all(|&w| w == 0) => return false,
            Chunk::Zeros if words.len() == CHUNK && words.iter().all(|&w| w == u64::MAX) => {
                let chunks = self.chunks();
                self.index[into * chunks + n] = ONES;
                return true;
            }
            Chunk::Zeros | Chunk::Mixed(_) => {}
        }
        union(self.chunk_mut(into, n), words)
    }

    /// Writes a row over bits.
    pub fn copy_to(&self, row: usize, bits: &mut [u64]) {
        if self.is_short() {
            return bits.copy_from_slice(self.short(row));
        }
        for (n, to) in bits.chunks_mut(CHUNK).enumerate() {
            match self.chunk(row, n) {
                Chunk::Zeros => to.fill(0),
                Chunk::Ones => to.fill(u64::MAX),
                Chunk::Mixed(words) => to.copy_from_slice(&words[..to.len()]),
            }
        }
    }

    /// Adds a row to bits.
    pub fn add_to(&self, row: usize, bits: &mut [u64]) {
        if self.is_short() {
            union(bits, self.short(row));
            return;
        }
        for (n, to) in bits.chunks_mut(CHUNK).enumerate() {
            match self.chunk(row, n) {
                Chunk::Zeros => {}
                Chunk::Ones => to.fill(u64::MAX),
                Chunk::Mixed(words) => drop(union(to, words)),
            }
        }
    }

    /// The bits of a row.
    pub fn to_bits(&self, row: usize) -> Bits {
        let mut bits = self.empty_row();
        self.copy_to(row, &mut bits);
        bits
    }
}

pub fn set(bits: &mut [u64], bit: usize) {
    bits[bit / 64] |= 1 << (bit % 64);
}

/// Sets the bits before one.
fn set_first(bits: &mut [u64], end: usize) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What rows of bits do, bit by bit.
    struct Model(Vec<Vec<bool>>);

    impl Model {
        fn words(&self, row: usize) -> Bits {
            let mut bits = vec![0; words_for(self.0[row].len())];
            (0..self.0[row].len()).filter(|&b| self.0[row][b]).for_each(|b| set(&mut bits, b));
            bits
        }
    }

    #[test]
    fn rows_of_every_length_behave_alike() {
        let mut state = 7u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        for bits in [1, 64, 200, 64 * CHUNK, 64 * CHUNK + 1, 64 * CHUNK * 3, 64 * CHUNK * 3 + 77] {
            let (mut rows, mut model) = (BitRows::new(5, bits), Model(vec![vec![false; bits]; 5]));
            for _ in 0..400 {
                let (a, b) = (below(5), below(5));
                match below(8) {
                    0..4 => {
                        let bit = below(bits);
                        rows.set(a, bit);
                        model.0[a][bit] = true;
                    }
                    4 if below(20) == 0 => {
                        let end = below(bits + 1);
                        rows.set_first(a, end);
                        model.0[a][..end].fill(true);
                    }
                    5 => {
                        let new = (0..bits).any(|n| model.0[b][n] && !model.0[a][n]);
                        assert_eq!(rows.union_rows(a, b), new);
                        for n in 0..bits {
                            model.0[a][n] |= model.0[b][n];
                        }
                    }
                    6 => {
                        let other = rows.to_bits(b);
                        let new = (0..bits).any(|n| model.0[b][n] && !model.0[a][n]);
                        assert_eq!(rows.union_bits(a, &other), new);
                        for n in 0..bits {
                            model.0[a][n] |= model.0[b][n];
                        }
                    }
                    7 => {
                        let other = rows.clone();
                        rows.union_from(a, &other, b);
                        for n in 0..bits {
                            model.0[a][n] |= model.0[b][n];
                        }
                    }
                    _ => {}
                }
                let bit = below(bits);
                assert_eq!(rows.get(a, bit), model.0[a][bit]);
            }
            for row in 0..5 {
                assert_eq!(rows.to_bits(row), model.words(row), "row {row} of {bits} bits");
                assert_eq!(rows.is_empty(row), !model.0[row].contains(&true));
                let mut both = model.words(0);
                rows.add_to(row, &mut both);
                assert!((0..bits).all(|n| get(&both, n) == (model.0[0][n] || model.0[row][n])));
            }
        }
    }

    #[test]
    fn long_rows_of_one_kind_take_little_memory() {
        let mut rows = BitRows::new(1000, 1_000_000);
        for row in 0..1000 {
            rows.set(row, 999 * row);
            rows.set_first(row, 4096 * (row / 10));
        }
        assert!(rows.data.len() <= 2000 * CHUNK);
    }
}
