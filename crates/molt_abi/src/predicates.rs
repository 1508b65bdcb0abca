//! Predicates on the kind of a value: one numbering for ClaudeLang's checker, for compiled code and for the runtime.

macro_rules! predicates {
    ($($name:ident),* $(,)?) => {
        /// A predicate of ClaudeLang; its number is the immediate of `cl.test` and the first operand of `cl_test`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Predicate { $($name),* }

        impl Predicate {
            /// All predicates, in the order of their numbers.
            pub const ALL: &[Predicate] = &[$(Predicate::$name),*];
        }
    };
}

predicates! {
    Int, Float, Number,
    // Of numbers; others raise `type-error`.
    Nan, Infinite, Zero, Positive, Negative, Even, Odd,
    Bool, Nil,
    // `nil` or a list without items.
    Null,
    String, Symbol, Keyword, Bytes, List, Map, Set, Tuple, Procedure, Ref, Promise, Channel, Actor, Error, Tagged,
    // Of lists, texts, maps and sets; others raise `type-error`.
    Empty,
}

impl Predicate {
    pub fn from_index(index: u64) -> Option<Predicate> {
        Predicate::ALL.get(usize::try_from(index).ok()?).copied()
    }

    /// The predicate as a member of a set of bits.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

const _: () = assert!(Predicate::ALL.len() <= u32::BITS as usize);
