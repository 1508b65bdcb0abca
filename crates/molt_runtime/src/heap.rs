//! Memory of one isolate: size-class free lists in chunks, larger blocks from the system.
//!
//! Cells of 16 to 256 bytes come from chunks of [`CHUNK_SIZE`] bytes, aligned to their size, that hold
//! cells of one size class; the heads of the free lists are in `Context::free`, where compiled code
//! pops and pushes them itself. A free cell holds the address of the next one in its first word.
//!
//! ```text
//! chunk   | ChunkHeader (64) | cell | cell | … |
//! large   | index, size (16) | object … |          registered in `Heap::large`
//! ```
//!
//! Invariant: whatever is neither in a free list nor beyond `carved` is a live object, which is how the
//! cycle collector finds all objects without a per-object link.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::ptr::null_mut;

use molt_abi::context::{SIZE_CLASS_COUNT, SIZE_CLASS_STEP};

use crate::PyResult;
use crate::isolate::Isolate;

/// Bytes and alignment of a chunk.
pub const CHUNK_SIZE: usize = 64 * 1024;
const BLOCK_CHUNKS: usize = 16;
const CHUNK_HEADER: usize = 64;
const LARGE_PREFIX: usize = 16;
const REFILL_BYTES: usize = 4096;
/// Largest cell that comes from a free list. Under AddressSanitizer none does: it watches over each object when each is
/// a block of the system's.
pub const MAX_CELL: usize = if cfg!(molt_sanitize) { 0 } else { SIZE_CLASS_COUNT * SIZE_CLASS_STEP };

/// Start of every chunk.
#[repr(C)]
pub struct ChunkHeader {
    /// Size of the cells, in bytes.
    pub cell_size: usize,
    /// Cells handed to the free list so far.
    pub carved: usize,
    /// Collector's counters, one a cell, while a collection runs; else null.
    pub marks: *mut u32,
}

impl ChunkHeader {
    /// Cells that fit.
    pub fn capacity(&self) -> usize {
        (CHUNK_SIZE - CHUNK_HEADER) / self.cell_size
    }
}

/// Address of cell `index` of a chunk.
///
/// # Safety
/// `chunk` is a chunk of this heap and `index` is below its capacity.
pub unsafe fn cell_at(chunk: *mut ChunkHeader, index: usize) -> *mut u8 {
    // SAFETY: in bounds by the caller's promise.
    unsafe { chunk.cast::<u8>().add(CHUNK_HEADER + index * (*chunk).cell_size) }
}

/// Chunk and index of a cell.
///
/// # Safety
/// `cell` was allocated from a chunk, that is, with a size of at most [`MAX_CELL`].
pub unsafe fn chunk_of(cell: *mut u8) -> (*mut ChunkHeader, usize) {
    let chunk = cell.map_addr(|a| a & !(CHUNK_SIZE - 1)).cast::<ChunkHeader>();
    // SAFETY: chunks are aligned to their size, so the masked address is the chunk's header.
    let size = unsafe { (*chunk).cell_size };
    // Both are below the size of a chunk; a short division is several times as fast.
    let index = (cell as usize - chunk as usize - CHUNK_HEADER) as u32 / size as u32;
    (chunk, index as usize)
}

/// Whether a cell is free, by its first word: the address of a free cell or null, where an object has its count, which
/// is not zero, and in the upper half its class id, which is below `classes`. Following the free lists finds the same,
/// but goes through memory in the order of releases.
///
/// # Safety
/// `cell` is carved, and [`Heap::links_differ_from_headers`] holds for `classes`.
#[inline(always)]
pub unsafe fn holds_link(cell: *mut u8, classes: usize) -> bool {
    // SAFETY: a carved cell holds an object or a link.
    let word = unsafe { cell.cast::<usize>().read() };
    word == 0 || word >> 32 >= classes
}

/// Prefix of a block that is too large for a cell.
#[repr(C)]
pub struct LargePrefix {
    /// Position in [`Heap::large`].
    pub index: u32,
    /// Collector's counter while a collection runs.
    pub mark: u32,
    /// Bytes, without the prefix.
    pub size: usize,
}

/// Bookkeeping of chunks and large blocks.
pub struct Heap {
    blocks: Vec<*mut u8>,
    spare: Vec<*mut ChunkHeader>,
    /// All chunks in use.
    pub chunks: Vec<*mut ChunkHeader>,
    current: [*mut ChunkHeader; SIZE_CLASS_COUNT],
    /// Objects outside chunks, each preceded by a [`LargePrefix`].
    pub large: Vec<*mut u8>,
    /// Live objects at which a collection is asked for.
    pub collect_at: i64,
    /// Cells that were carved, their bytes, and the bytes of large blocks.
    carved_cells: usize,
    carved_bytes: usize,
    large_bytes: usize,
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

impl Heap {
    pub fn new() -> Heap {
        Heap {
            blocks: Vec::new(),
            spare: Vec::new(),
            chunks: Vec::new(),
            current: [null_mut(); SIZE_CLASS_COUNT],
            large: Vec::new(),
            collect_at: i64::MAX,
            carved_cells: 0,
            carved_bytes: 0,
            large_bytes: 0,
        }
    }

    /// Whether [`holds_link`] tells free cells from objects, with class ids below `classes`: chunks lie above all
    /// addresses whose upper half is such an id. So it is unless the system hands out low addresses.
    pub fn links_differ_from_headers(&self, classes: usize) -> bool {
        self.blocks.iter().all(|&block| (block as usize >> 32) >= classes)
    }

    fn add_block(&mut self) {
        let layout = block_layout();
        // SAFETY: the layout has a non-zero size.
        let p = unsafe { alloc(layout) };
        if p.is_null() {
            handle_alloc_error(layout);
        }
        self.blocks.push(p);
        for i in (0..BLOCK_CHUNKS).rev() {
            // SAFETY: within the block just allocated.
            self.spare.push(unsafe { p.add(i * CHUNK_SIZE) }.cast());
        }
    }

    fn new_chunk(&mut self, class: usize) -> *mut ChunkHeader {
        if self.spare.is_empty() {
            self.add_block();
        }
        let chunk = self.spare.pop().expect("a block was just added");
        // SAFETY: the spare chunk is unused memory of CHUNK_SIZE bytes.
        unsafe {
            chunk.write(ChunkHeader { cell_size: (class + 1) * SIZE_CLASS_STEP, carved: 0, marks: null_mut() });
        }
        self.chunks.push(chunk);
        self.current[class] = chunk;
        chunk
    }

    /// Carves some cells of a size class and returns them as a linked list.
    fn refill(&mut self, class: usize) -> *mut u8 {
        let mut chunk = self.current[class];
        // SAFETY: `current` holds null or a chunk of this heap.
        unsafe {
            if chunk.is_null() || (*chunk).carved == (*chunk).capacity() {
                chunk = self.new_chunk(class);
            }
            let wanted = (REFILL_BYTES / (*chunk).cell_size).max(8);
            let end = ((*chunk).carved + wanted).min((*chunk).capacity());
            let mut head = null_mut();
            for i in ((*chunk).carved..end).rev() {
                let cell = cell_at(chunk, i);
                cell.cast::<*mut u8>().write(head);
                head = cell;
            }
            self.carved_cells += end - (*chunk).carved;
            self.carved_bytes += (end - (*chunk).carved) * (*chunk).cell_size;
            (*chunk).carved = end;
            head
        }
    }

    fn alloc_large(&mut self, size: usize) -> *mut u8 {
        let layout = large_layout(size);
        // SAFETY: the layout has a non-zero size.
        unsafe {
            let p = alloc(layout);
            if p.is_null() {
                handle_alloc_error(layout);
            }
            let index = u32::try_from(self.large.len()).expect("fewer than 2^32 large blocks");
            p.cast::<LargePrefix>().write(LargePrefix { index, mark: 0, size });
            let object = p.add(LARGE_PREFIX);
            self.large.push(object);
            self.large_bytes += size;
            object
        }
    }

    unsafe fn free_large(&mut self, object: *mut u8) {
        // SAFETY: the caller frees a block made by `alloc_large`, so the prefix is there.
        unsafe {
            let prefix = large_prefix(object);
            let (index, size) = ((*prefix).index as usize, (*prefix).size);
            self.large.swap_remove(index);
            self.large_bytes -= size;
            if let Some(&moved) = self.large.get(index) {
                (*large_prefix(moved)).index = index as u32;
            }
            dealloc(prefix.cast(), large_layout(size));
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for object in core::mem::take(&mut self.large) {
            // SAFETY: every registered block has its prefix and is freed once.
            unsafe {
                let prefix = large_prefix(object);
                let size = (*prefix).size;
                dealloc(prefix.cast(), large_layout(size));
            }
        }
        for &p in &self.blocks {
            // SAFETY: allocated with the same layout in `add_block`.
            unsafe { dealloc(p, block_layout()) }
        }
    }
}

fn block_layout() -> Layout {
    Layout::from_size_align(BLOCK_CHUNKS * CHUNK_SIZE, CHUNK_SIZE).expect("constant layout is valid")
}

fn large_layout(size: usize) -> Layout {
    Layout::from_size_align(size + LARGE_PREFIX, 16).expect("object size fits the address space")
}

/// Prefix of a large block.
///
/// # Safety
/// `object` was allocated with a size above [`MAX_CELL`].
pub unsafe fn large_prefix(object: *mut u8) -> *mut LargePrefix {
    // SAFETY: the prefix precedes the object by the caller's promise.
    unsafe { object.sub(LARGE_PREFIX).cast() }
}

const fn class_of_size(size: usize) -> usize {
    (size - 1) / SIZE_CLASS_STEP
}

impl Isolate {
    /// Uninitialised memory for one object, counted as live.
    #[inline(always)]
    pub fn alloc(&mut self, size: usize) -> *mut u8 {
        self.ctx.live_objects += 1;
        if size > MAX_CELL {
            return self.heap.alloc_large(size);
        }
        let class = class_of_size(size);
        let cell = self.ctx.free[class];
        if cell.is_null() {
            return self.alloc_refill(class);
        }
        // SAFETY: a cell in the free list holds the next cell's address.
        self.ctx.free[class] = unsafe { cell.cast::<*mut u8>().read() };
        cell
    }

    #[cold]
    #[inline(never)]
    fn alloc_refill(&mut self, class: usize) -> *mut u8 {
        if self.ctx.live_objects > self.heap.collect_at {
            self.request_collection();
        }
        let cell = self.heap.refill(class);
        // SAFETY: `refill` returned a list of at least one cell.
        self.ctx.free[class] = unsafe { cell.cast::<*mut u8>().read() };
        cell
    }

    /// Bytes that live objects take, without what they own beside; those in cells by the mean size of all cells.
    pub(crate) fn bytes_of_objects(&self) -> i64 {
        let heap = &self.heap;
        let cells = (self.ctx.live_objects.max(0) as u128).saturating_sub(heap.large.len() as u128);
        let in_cells = cells * heap.carved_bytes as u128 / heap.carved_cells.max(1) as u128;
        i64::try_from(in_cells + heap.large_bytes as u128).unwrap_or(i64::MAX)
    }

    /// Returns an object's memory.
    ///
    /// # Safety
    /// `p` came from [`Isolate::alloc`] with the same size and is not used again.
    #[inline(always)]
    pub unsafe fn free_cell(&mut self, p: *mut u8, size: usize) {
        self.ctx.live_objects -= 1;
        if size > MAX_CELL {
            // SAFETY: sizes above the limit come from `alloc_large`.
            unsafe { self.heap.free_large(p) };
            return;
        }
        let class = class_of_size(size);
        // SAFETY: the cell is ours again, and is at least 16 bytes.
        unsafe { p.cast::<*mut u8>().write(self.ctx.free[class]) };
        self.ctx.free[class] = p;
    }
}

impl Isolate {
    /// MemoryError for a request that the system would not grant (`None`: more than any). Every size that a program
    /// chooses passes here before memory is asked for, since a failed allocation of Rust ends the process.
    pub fn check_room(&mut self, bytes: Option<usize>) -> PyResult<()> {
        const UNEXAMINED: usize = 64 << 20;
        let granted = |n: usize| {
            let mut probe: Vec<u8> = Vec::new();
            // Seen by the black box, the request is really made.
            core::hint::black_box(&mut probe).try_reserve_exact(n).is_ok()
        };
        if self.claude.meter_runs() {
            crate::claude::limits::may_take(self, bytes)?;
        }
        if bytes.is_some_and(|n| n <= UNEXAMINED || granted(n)) {
            return Ok(());
        }
        Err(self.raise_args(crate::exc::MEMORY_ERROR, &[]))
    }
}
