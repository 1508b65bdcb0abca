//! Numbers: `int`, `bool`, `float`, `complex`.
//!
//! An `int` is an inline word when it fits 63 bits and an [`IntObj`](crate::layouts::IntObj) otherwise;
//! instances of subclasses are always objects. Every operation here gives the inline form back when the
//! result fits it, so two equal exact integers never differ in form.

pub mod binary;
pub mod c_math;
pub mod complex;
pub mod complex_class;
pub mod float;
pub mod float_class;
pub mod float_decimal;
pub mod float_text;
pub mod int;
pub mod int_class;
pub mod int_text;

use crate::native::ClassSpec;

/// Specifications of the number classes.
pub static SPECS: &[&ClassSpec] =
    &[&int_class::INT_SPEC, &int_class::BOOL_SPEC, &float_class::FLOAT_SPEC, &complex_class::COMPLEX_SPEC];
