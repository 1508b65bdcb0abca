//! Addresses of interpreted functions that native code can call.
//!
//! A function whose address is taken gets one of a fixed number of stubs, two instructions each that name the stub and
//! go on in common code. That code saves the argument registers, has [`enter`] interpret the function of this stub, and
//! loads the result registers. So an address in static data, in a descriptor and in a register of interpreted code is the
//! same, and no memory needs to be executable. Each program has a run of stubs of its own for as long as it is there, so
//! several can be interpreted in a process, and call one another.
//!
//! ```text
//! native caller → stub n → common code → enter(n, registers, stack) → Vm::call
//! ```

use molt_abi::Context;
use molt_ir::Type;

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Vm;

/// Functions of the programs in a process whose addresses can be taken.
pub const STUBS: usize = 16384;

/// The programs that stubs belong to.
static OWNERS: [AtomicPtr<Vm>; STUBS] = [const { AtomicPtr::new(std::ptr::null_mut()) }; STUBS];

/// First stub and number of the runs that are taken, in order.
static TAKEN: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

fn taken() -> MutexGuard<'static, Vec<(usize, usize)>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of stubs, given back when it is dropped.
pub struct Stubs {
    pub first: usize,
    count: usize,
}

impl Stubs {
    /// So many stubs, if they are free in a row.
    pub fn take(count: usize) -> Option<Stubs> {
        let mut taken = taken();
        let mut first = 0;
        let gap = taken.iter().position(|&(start, length)| {
            let fits = start - first >= count;
            if !fits {
                first = start + length;
            }
            fits
        });
        if first + count > STUBS {
            return None;
        }
        let at = gap.unwrap_or(taken.len());
        taken.insert(at, (first, count));
        Some(Stubs { first, count })
    }

    /// Says whose they are. The program stays where it is until they are given back.
    pub fn belong_to(&self, vm: *const Vm) {
        for owner in &OWNERS[self.first..self.first + self.count] {
            // Release: whoever reads the pointer sees the tables that were filled before.
            owner.store(vm.cast_mut(), Ordering::Release);
        }
    }
}

impl Drop for Stubs {
    fn drop(&mut self) {
        self.belong_to(std::ptr::null());
        taken().retain(|run| *run != (self.first, self.count));
    }
}

/// The program of a stub.
pub fn owner<'a>(index: usize) -> &'a Vm {
    // SAFETY: the owner of a stub is a `Vm` that stays until the stub is given back, and a stub's address is known to the
    // code and the data of its program only, which do not outlive it.
    unsafe { OWNERS[index].load(Ordering::Acquire).as_ref().expect("a program is there while its code runs") }
}

/// Argument registers at the entry of a stub; the result registers when it returns.
#[repr(C)]
pub struct Registers {
    ints: [u64; INT_REGISTERS],
    floats: [u64; 8],
}

/// Address of a stub.
pub fn address(index: usize) -> usize {
    (&raw const molt_vm_stubs).addr() + index * STUB_SIZE
}

/// The stub at an address.
pub fn index_of(address: usize) -> Option<usize> {
    let offset = address.wrapping_sub((&raw const molt_vm_stubs).addr());
    (offset < STUBS * STUB_SIZE && offset.is_multiple_of(STUB_SIZE)).then_some(offset / STUB_SIZE)
}

unsafe extern "C" {
    /// The first stub.
    static molt_vm_stubs: u8;
}

/// Interprets the function of the stub `offset` bytes behind the first.
///
/// # Safety
/// Called by the common code of the stubs only: `registers` are the saved ones, `stack` is where the caller put the
/// arguments that found no register.
unsafe extern "C" fn enter(offset: u64, registers: &mut Registers, stack: *const u64) {
    let stub = offset as usize / STUB_SIZE;
    let vm = owner(stub);
    let f = vm.function_of(stub);
    let code = vm.code(f);
    let mut ints = registers.ints.iter().copied();
    let mut floats = registers.floats.iter().copied();
    let mut stacked = 0;
    let mut argument = |ty: Type| {
        let register = if ty == Type::F64 { floats.next() } else { ints.next() };
        register.unwrap_or_else(|| {
            stacked += 1;
            // SAFETY: the caller passes all arguments of the function's type; those without a register lie on the
            // stack in order, a word each.
            unsafe { *stack.add(stacked - 1) }
        })
    };
    let ctx = argument(Type::I64) as *mut Context;
    let mut room = [0u64; 16];
    let types = &code.param_types;
    // SAFETY: the caller called a function of this type with the context of the isolate.
    let results = if types.len() <= room.len() {
        for (to, &ty) in room.iter_mut().zip(types) {
            *to = argument(ty);
        }
        unsafe { vm.call(ctx, f, &room[..types.len()]) }
    } else {
        let many: Vec<u64> = types.iter().map(|&ty| argument(ty)).collect();
        unsafe { vm.call(ctx, f, &many) }
    };
    // SAFETY: the code ran with this context.
    let values = unsafe { vm.results(ctx, results) };
    let (mut int, mut float) = (0, 0);
    for (&ty, value) in code.result_types.iter().zip(values) {
        let (bank, next): (&mut [u64], &mut usize) =
            if ty == Type::F64 { (&mut registers.floats, &mut float) } else { (&mut registers.ints, &mut int) };
        bank[*next] = value;
        *next += 1;
    }
}

#[cfg(target_arch = "x86_64")]
mod machine {
    /// Integer argument registers of the System V convention.
    pub const INT_REGISTERS: usize = 6;
    pub const STUB_SIZE: usize = 10;

    // `mov eax, offset; jmp common` with full-size operands, so that all stubs have one size.
    core::arch::global_asm!(
        ".text",
        ".balign 16",
        "molt_vm_common:",
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 112",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "movsd [rsp + 48], xmm0",
        "movsd [rsp + 56], xmm1",
        "movsd [rsp + 64], xmm2",
        "movsd [rsp + 72], xmm3",
        "movsd [rsp + 80], xmm4",
        "movsd [rsp + 88], xmm5",
        "movsd [rsp + 96], xmm6",
        "movsd [rsp + 104], xmm7",
        "mov edi, eax",
        "mov rsi, rsp",
        "lea rdx, [rbp + 16]",
        "call {enter}",
        "mov rax, [rsp]",
        "mov rdx, [rsp + 8]",
        "movsd xmm0, [rsp + 48]",
        "movsd xmm1, [rsp + 56]",
        "leave",
        "ret",
        ".balign 16",
        ".globl molt_vm_stubs",
        ".hidden molt_vm_stubs",
        "molt_vm_stubs:",
        ".rept {stubs}",
        ".byte 0xb8",
        ".long . - 1 - molt_vm_stubs",
        ".byte 0xe9",
        ".long molt_vm_common - . - 4",
        ".endr",
        enter = sym super::enter,
        stubs = const super::STUBS,
    );
}

#[cfg(target_arch = "aarch64")]
mod machine {
    /// Integer argument registers of AAPCS64.
    pub const INT_REGISTERS: usize = 8;
    pub const STUB_SIZE: usize = 8;

    core::arch::global_asm!(
        ".text",
        ".balign 16",
        "molt_vm_common:",
        "stp x29, x30, [sp, #-16]!",
        "mov x29, sp",
        "sub sp, sp, #128",
        "stp x0, x1, [sp]",
        "stp x2, x3, [sp, #16]",
        "stp x4, x5, [sp, #32]",
        "stp x6, x7, [sp, #48]",
        "stp d0, d1, [sp, #64]",
        "stp d2, d3, [sp, #80]",
        "stp d4, d5, [sp, #96]",
        "stp d6, d7, [sp, #112]",
        "adrp x0, molt_vm_stubs",
        "add x0, x0, :lo12:molt_vm_stubs",
        "sub x0, x17, x0",
        "mov x1, sp",
        "add x2, x29, #16",
        "bl {enter}",
        "ldp x0, x1, [sp]",
        "ldp d0, d1, [sp, #64]",
        "mov sp, x29",
        "ldp x29, x30, [sp], #16",
        "ret",
        ".balign 16",
        ".globl molt_vm_stubs",
        ".hidden molt_vm_stubs",
        "molt_vm_stubs:",
        ".rept {stubs}",
        "adr x17, .",
        "b molt_vm_common",
        ".endr",
        enter = sym super::enter,
        stubs = const super::STUBS,
    );
}

use machine::{INT_REGISTERS, STUB_SIZE};
