//! Functions of the C mathematics library on doubles, and what follows from them.
//!
//! CPython calls the same functions, so that results agree to the last bit on the same system.

/// Declares a C function and its safe wrapper.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $c:literal ($($p:ident),+);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name($($p: f64),+) -> f64 {
            unsafe extern "C" {
                #[link_name = $c]
                safe fn call($($p: f64),+) -> f64;
            }
            call($($p),+)
        }
    )*};
}

functions! {
    /// Square root.
    sqrt = "sqrt"(x);
    /// Largest integer not above.
    floor = "floor"(x);
    /// Smallest integer not below.
    ceil = "ceil"(x);
    /// Integer towards zero.
    trunc = "trunc"(x);
    /// Nearest integer, halves away from zero.
    round = "round"(x);
    /// Nearest integer, halves to even.
    round_ties_even = "rint"(x);
    /// `x` to the power `y`.
    powf = "pow"(x, y);
    /// e to the power `x`.
    exp = "exp"(x);
    /// 2 to the power `x`.
    exp2 = "exp2"(x);
    /// exp(x) - 1.
    exp_m1 = "expm1"(x);
    /// Natural logarithm.
    ln = "log"(x);
    /// Natural logarithm of 1 + x.
    ln_1p = "log1p"(x);
    /// Logarithm to base 2.
    log2 = "log2"(x);
    /// Logarithm to base 10.
    log10 = "log10"(x);
    /// Sine.
    sin = "sin"(x);
    /// Cosine.
    cos = "cos"(x);
    /// Tangent.
    tan = "tan"(x);
    /// Inverse sine.
    asin = "asin"(x);
    /// Inverse cosine.
    acos = "acos"(x);
    /// Inverse tangent.
    atan = "atan"(x);
    /// Angle of the point (x, y).
    atan2 = "atan2"(y, x);
    /// Hyperbolic sine.
    sinh = "sinh"(x);
    /// Hyperbolic cosine.
    cosh = "cosh"(x);
    /// Hyperbolic tangent.
    tanh = "tanh"(x);
    /// Length of the vector (x, y).
    hypot = "hypot"(x, y);
    /// Cube root.
    cbrt = "cbrt"(x);
    /// x * y + z, rounded once.
    mul_add = "fma"(x, y, z);
}

/// What is left after the integer part, with the sign of `x`.
#[inline]
pub fn fract(x: f64) -> f64 {
    x - trunc(x)
}
