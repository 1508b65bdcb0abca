//! Integers, characters and truth values as unsigned numbers in their order.

use crate::ty::{Ty, TyKind, Types};

/// Signed numbers are shifted so that the least one is 0.
const SIGN: u128 = 1 << 127;

fn is_signed(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Int(k) if k.is_signed())
}

/// A value of the type as a number whose order is the values' order.
pub fn to_bits(types: &Types, ty: Ty, value: i128) -> u128 {
    if is_signed(types, ty) { (value as u128) ^ SIGN } else { value as u128 }
}

/// The value that [`to_bits`] was given.
pub fn from_bits(types: &Types, ty: Ty, bits: u128) -> i128 {
    if is_signed(types, ty) { (bits ^ SIGN) as i128 } else { bits as i128 }
}

/// Least and greatest value of an integer type, `char` or `bool`, both included; everything for other types.
pub fn int_range_of(types: &Types, ty: Ty) -> (u128, u128) {
    match types.kind(ty) {
        TyKind::Bool => (0, 1),
        TyKind::Char => (0, u128::from(u32::from(char::MAX))),
        TyKind::Int(k) if k.is_signed() => {
            let half = 1u128 << (k.bits() - 1);
            (SIGN - half, SIGN + (half - 1))
        }
        TyKind::Int(k) if k.bits() < 128 => (0, (1u128 << k.bits()) - 1),
        _ => (0, u128::MAX),
    }
}
