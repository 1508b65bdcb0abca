//! The op table: every operation of the three levels with its operands, results, immediate, effects and
//! meaning. Enum, builder checks, printer, parser and verifier derive from it.
//!
//! Columns: variant, mnemonic, level (`S` semantic, `T` typed, `L` machine, `A` any), operand kinds
//! (`w` word borrowed, `c` word consumed, `b` i1, `i` i64, `f` f64, `x` anything, `k` anything, consumed if it is a word; a trailing `*` repeats the last),
//! result kinds (same letters; `-` none, `n` as many words as the immediate says, `?` as declared),
//! immediate, flags: `R` may raise, `P` pure, `E` writes memory or calls unknown code, `T` terminator,
//! `N` the result is not counted (borrowed or immortal).

use molt_abi::RtFn;

/// Levels an op may occur at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Semantic,
    Typed,
    Machine,
    Any,
}

/// Kind of the immediate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImmKind {
    None,
    Int,
    /// Bits of a double.
    Float,
    Const,
    Func,
    Global,
    ClassSite,
    Module,
    /// Interned text: names of attributes and variables, dotted module names.
    Name,
    /// Name in the low half, constant of keyword names (or none) in the high half.
    NameAndConst,
    /// Name in the low half, a number in the high half.
    NameAndInt,
    /// Number in the low half, constant in the high half.
    IntAndConst,
    /// Two 32-bit counts, low half first.
    Pair,
    /// Place in the program's table of operations.
    Operation,
    Binary,
    Unary,
    Compare,
    IntCond,
    FloatCond,
    Rt,
    Data,
    Slot,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    pub name: &'static str,
    pub level: Level,
    pub operands: &'static str,
    pub results: &'static str,
    pub imm: ImmKind,
    pub flags: &'static str,
    /// Runtime function that is the whole meaning of a semantic op on words, if there is one.
    pub rt: Option<RtFn>,
}

impl OpInfo {
    pub fn may_raise(&self) -> bool {
        self.flags.contains('R')
    }
    pub fn is_pure(&self) -> bool {
        self.flags.contains('P')
    }
    pub fn has_effect(&self) -> bool {
        self.flags.contains('E')
    }
    pub fn is_terminator(&self) -> bool {
        self.flags.contains('T')
    }
    /// Whether a word result is not counted.
    pub fn result_uncounted(&self) -> bool {
        self.flags.contains('N')
    }
    /// Whether operand `i`, if it is a word, is consumed.
    pub fn consumes(&self, i: usize) -> bool {
        matches!(self.operand(i), Some(b'c' | b'k'))
    }
    /// Letter of operand `i`.
    pub fn operand(&self, i: usize) -> Option<u8> {
        let b = self.operands.as_bytes();
        match b.last() {
            Some(b'*') => {
                let fixed = &b[..b.len() - 1];
                fixed.get(i).or(fixed.last()).copied()
            }
            _ => b.get(i).copied(),
        }
    }
    /// Fewest operands, and whether more are allowed: a trailing `x*` stands for zero or more.
    pub fn operand_count(&self) -> (usize, bool) {
        match self.operands.strip_suffix('*') {
            Some(fixed) => (fixed.len() - 1, true),
            None => (self.operands.len(), false),
        }
    }
}

macro_rules! level {
    (S) => {
        Level::Semantic
    };
    (T) => {
        Level::Typed
    };
    (L) => {
        Level::Machine
    };
    (A) => {
        Level::Any
    };
}
macro_rules! rt {
    () => {
        None
    };
    ($r:ident) => {
        Some(RtFn::$r)
    };
}

macro_rules! ops {
    ($($(#[doc = $doc:literal])* $v:ident $name:literal $lv:ident $operands:literal -> $results:literal $imm:ident $flags:literal $(= $r:ident)?;)*) => {
        /// An operation.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Op { $($(#[doc = $doc])* $v),* }
        const TABLE: &[OpInfo] = &[$(OpInfo {
            name: $name, level: level!($lv), operands: $operands, results: $results,
            imm: ImmKind::$imm, flags: $flags, rt: rt!($($r)?),
        }),*];
        /// All ops in table order.
        pub const ALL: &[Op] = &[$(Op::$v),*];
        /// Text of each op's meaning, for the reference page.
        pub const MEANING: &[&str] = &[$(concat!($($doc, "\n"),*)),*];
    };
}

impl Op {
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &TABLE[self as usize]
    }
    pub fn by_name(name: &str) -> Option<Op> {
        ALL.iter().copied().find(|o| o.info().name == name)
    }
}

ops! {
    // ---- constants ---------------------------------------------------------------------------------
    /// A constant of the pool: number, text, bytes, tuple, None, True, False, Ellipsis.
    Const "const" S "" -> "w" Const "PN";
    /// The marker of a missing value.
    Unbound "unbound" S "" -> "w" None "PN";
    /// Whether a word is the marker.
    IsUnbound "is_unbound" S "w" -> "b" None "P";
    /// `True` or `False` from a bit.
    BoolBox "bool.box" S "b" -> "w" None "PN";
    /// A function parameter's or another value's word again, as an owned reference.
    Share "share" T "w" -> "w" None "P";
    /// Uses a word and does nothing else: it is not released before.
    Keep "keep" A "w" -> "-" None "E";
    /// Takes a reference (inserted by the ownership pass only).
    RcInc "rc.inc" A "w" -> "-" None "E";
    /// Releases a reference (inserted by the ownership pass only).
    RcDec "rc.dec" A "c" -> "-" None "E";

    // ---- names ------------------------------------------------------------------------------------
    /// Value of a module variable, `unbound` when it has none.
    GlobalGet "global.get" S "" -> "w" Global "";
    /// Binds (or, given `unbound`, unbinds) a module variable.
    GlobalSet "global.set" S "c" -> "-" Global "E";
    /// A name of `builtins`; NameError when absent.
    PyBuiltin "py.builtin" S "" -> "w" Name "R";
    /// The operand, or UnboundLocalError/NameError naming the variable when it is unbound. The pair is (name, kind),
    /// kind as in the runtime's `name_error`.
    PyCheckBound "py.check_bound" S "c" -> "w" NameAndInt "R";
    /// A new cell holding the operand.
    CellNew "cell.new" S "c" -> "w" None "";
    /// The cell's value, or `unbound`.
    CellGet "cell.get" S "w" -> "w" None "";
    CellSet "cell.set" S "wc" -> "-" None "E";
    /// Cell `n` of the running function's closure (borrowed from the function).
    ClosureCell "closure.cell" S "w" -> "w" Int "";

    // ---- Python operations ----------------------------------------------------------------------------
    /// Binary operator with Python's dispatch.
    PyBinary "py.binary" S "ww" -> "w" Binary "RE";
    /// Augmented assignment's operator.
    PyInplace "py.inplace" S "ww" -> "w" Binary "RE";
    PyUnary "py.unary" S "w" -> "w" Unary "RE";
    /// Rich comparison; the result is any object.
    PyCompare "py.compare" S "ww" -> "w" Compare "RE";
    /// Rich comparison followed by the truth test, as in a condition.
    PyCompareTruth "py.compare_truth" S "ww" -> "b" Compare "RE";
    /// Identity.
    PyIs "py.is" S "ww" -> "b" None "P";
    PyTruth "py.truth" S "w" -> "b" None "RE" = Truth;
    /// `item in container`; operands (container, item).
    PyContains "py.contains" S "ww" -> "b" None "RE" = Contains;
    /// Negation of a bit.
    Not "not" A "b" -> "b" None "P";
    PyGetAttr "py.getattr" S "w" -> "w" Name "RE";
    PySetAttr "py.setattr" S "ww" -> "-" Name "RE";
    PyDelAttr "py.delattr" S "w" -> "-" Name "RE";
    PyGetItem "py.getitem" S "ww" -> "w" None "RE" = GetItem;
    PySetItem "py.setitem" S "www" -> "-" None "RE" = SetItem;
    PyDelItem "py.delitem" S "ww" -> "-" None "RE" = DelItem;
    PySlice "py.slice" S "www" -> "w" None "" = SliceNew;
    /// Call: callee, positional arguments, then keyword values; the immediate names the keywords (a tuple
    /// constant, or none).
    PyCall "py.call" S "ww*" -> "w" Const "RE";
    /// Method call: receiver, positional arguments, keyword values.
    PyCallMethod "py.call_method" S "ww*" -> "w" NameAndConst "RE";
    /// `callee(*args, **kwargs)`: args a tuple, kwargs a dict or unbound.
    PyCallEx "py.call_ex" S "www" -> "w" None "RE" = CallEx;
    PyIter "py.iter" S "w" -> "w" None "RE" = Iter;
    /// Iterator over `range(start, stop, step)`, of which any but the first may be unbound: the value of the name
    /// `range`, which may have been replaced, and the arguments.
    PyRangeIter "py.range_iter" S "wwww" -> "w" None "RE" = RangeIter;
    /// Next item, or unbound at the end.
    PyNext "py.next" S "w" -> "w" None "RE" = Next;
    /// Exactly n items of an iterable.
    PyUnpack "py.unpack" S "w" -> "n" Int "RE";
    /// `before` items, a list, `after` items.
    PyUnpackEx "py.unpack_ex" S "w" -> "n" Pair "RE";
    ListNew "list.new" S "c*" -> "w" None "";
    TupleNew "tuple.new" S "c*" -> "w" None "";
    SetNew "set.new" S "w*" -> "w" None "RE";
    /// Set of constants; with the immediate 1 a frozenset, which only a loop sees.
    SetLiteral "set.literal" S "w*" -> "w" Int "RE";
    /// Keys and values in turn.
    DictNew "dict.new" S "w*" -> "w" None "RE";
    ListAppend "list.append" S "ww" -> "-" None "E" = ListAppend;
    ListExtend "list.extend" S "ww" -> "-" None "RE" = ListExtend;
    ListToTuple "list.to_tuple" S "w" -> "w" None "" = ListToTuple;
    SetAdd "set.add" S "ww" -> "-" None "RE" = SetAdd;
    SetUpdate "set.update" S "ww" -> "-" None "RE" = SetUpdate;
    DictInsert "dict.insert" S "www" -> "-" None "RE" = DictInsert;
    DictUpdate "dict.update" S "ww" -> "-" None "RE" = DictUpdate;
    /// `f(**m)`: dict, mapping, callee.
    DictMerge "dict.merge" S "www" -> "-" None "RE" = DictMerge;
    /// `format(value, spec)` after a conversion (immediate: 0 or a character code).
    PyFormat "py.format" S "ww" -> "w" Int "RE";
    /// Concatenation of strings.
    StrJoin "str.join" S "w*" -> "w" None "";
    /// Function object: closure tuple or unbound, defaults, kwdefaults, annotate function (each may be unbound).
    PyFunction "py.function" S "cccc" -> "w" Func "";
    /// Class statement: body function, name, bases tuple, keywords dict or unbound.
    PyClass "py.class" S "wwww" -> "w" ClassSite "RE";
    /// Name in a class namespace, or unbound.
    NsGet "ns.get" S "ww" -> "w" None "RE" = NamespaceGet;
    NsSet "ns.set" S "www" -> "-" None "RE" = NamespaceSet;
    NsDel "ns.del" S "ww" -> "-" None "RE" = NamespaceDel;
    /// Module of the program; its body runs on first use.
    PyImport "py.import" S "" -> "w" Module "RE";
    /// Module of the runtime.
    PyImportNative "py.import_native" S "" -> "w" Name "RE";
    PyImportFrom "py.import_from" S "w" -> "w" Name "RE";
    /// `super()` of class and self.
    PySuper "py.super" S "ww" -> "w" None "RE" = SuperNew;

    // ---- exceptions -----------------------------------------------------------------------------------
    /// `raise e from cause` (cause may be unbound); always raises.
    PyRaise "py.raise" S "ww" -> "-" None "RE" = Raise;
    /// Bare `raise`.
    PyRaiseAgain "py.raise_again" S "" -> "-" None "RE" = RaiseAgain;
    /// Takes the pending exception; first op of a handler block.
    Catch "exc.catch" S "" -> "w" None "" = Catch;
    /// Makes the exception pending again and leaves: to the edge when there is one, else out of the function.
    Throw "exc.throw" S "c" -> "-" None "T";
    /// Leaves the function with the pending exception.
    Propagate "exc.propagate" T "" -> "-" None "T";
    HandledPush "exc.push" S "w" -> "-" None "E" = HandledPush;
    HandledPop "exc.pop" S "" -> "-" None "E" = HandledPop;
    ExcMatch "exc.match" S "ww" -> "b" None "RE" = ExceptionMatch;
    GroupSplit "exc.group_split" S "ww" -> "w" None "RE" = GroupSplit;
    GroupReraise "exc.group_reraise" S "ww" -> "w" None "RE" = GroupReraise;
    AssertFail "py.assert_fail" S "w" -> "-" None "RE" = AssertFail;
    /// Enters a context manager: results are the bound `__exit__` and the value.
    WithEnter "py.with_enter" S "w" -> "ww" None "RE";
    WithExit "py.with_exit" S "ww" -> "b" None "RE" = WithExit;

    // ---- match ----------------------------------------------------------------------------------------
    MatchSeq "match.sequence" S "w" -> "b" None "E" = MatchSequence;
    MatchMap "match.mapping" S "w" -> "b" None "E" = MatchMapping;
    /// Subject and tuple of keys: tuple of values or None.
    MatchKeys "match.keys" S "ww" -> "w" None "RE" = MatchKeys;
    /// Subject and class (immediate: number of positional patterns and the constant tuple of names): tuple or None.
    MatchClass "match.class" S "ww" -> "w" IntAndConst "RE";

    // ---- generators -----------------------------------------------------------------------------------
    /// Suspends the generator with the value; the result is what `send` gave. Raises what `throw` gave.
    Yield "gen.yield" S "w" -> "w" None "RE";
    /// `yield from iterator` of an iterator (already through `iter`): the result is its return value.
    YieldFrom "gen.yield_from" S "w" -> "w" None "RE";
    /// New generator of the resume function, its frame filled with the operands (function object, parameters).
    GenCreate "gen.create" T "ww*" -> "w" Func "";
    /// State the generator was left in.
    GenState "gen.state" T "w" -> "i" None "";
    /// Moves a value into a frame slot of the generator (operand 0).
    FramePut "gen.frame_put" T "wc" -> "-" Int "E";
    /// Moves a value out of a frame slot.
    FrameTake "gen.frame_take" T "w" -> "w" Int "E";
    /// Leaves the generator with a value, to go on at the state given.
    Suspend "gen.suspend" T "wc" -> "-" Int "T";
    /// Raises the exception that `throw` passed.
    RaiseSent "gen.raise_sent" T "w" -> "-" None "RE";
    /// Makes the operand the iterator that the generator (operand 0) delegates to.
    DelegateSet "gen.delegate_set" T "wc" -> "-" None "E";
    /// One step of the delegate: generator, sent value, mode; results are the value and whether it is final.
    Delegate "gen.delegate" T "wwi" -> "wb" None "RE";
    /// Runs pending signals and collections; in loops.
    Poll "poll" S "" -> "-" None "RE" = Poll;

    // ---- ClaudeLang operations ------------------------------------------------------------------------
    /// Arithmetic on numbers: `truediv` is `/`, `floordiv` is `quot`; `type-error` for anything else.
    ClBinary "cl.binary" S "ww" -> "w" Binary "RE";
    /// Comparison: `eq` and `ne` are structural and do not raise.
    ClCompare "cl.compare" S "ww" -> "b" Compare "RE";
    /// Whether a word is neither `false` nor `nil`.
    ClTruth "cl.truth" S "w" -> "b" None "P";
    /// Whether a value passes a predicate, by its place in the table of [`RtFn::ClTest`].
    ClTest "cl.test" S "w" -> "b" Int "RE";
    /// Call of anything that can be called: callee and operands.
    ClCall "cl.call" S "ww*" -> "w" None "RE";
    /// Leaves the function; whoever called it calls the callee with the operands in its place.
    ClTailCall "cl.tail_call" S "cc*" -> "-" None "T";
    /// Calls a function body, whose result is that of this function, and leaves. Operands as for `call.direct`.
    ClTailDirect "cl.tail_direct" S "ck*" -> "-" Func "T";
    /// Runtime function on words with a word as result.
    ClRt "cl.rt" S "w*" -> "w" Rt "RE";
    /// Runtime function that consumes its first operand, with a word as result.
    ClRtOwn "cl.rt_own" S "cw*" -> "w" Rt "RE";
    /// Runtime function on an array of words and their number, with a word as result.
    ClRtN "cl.rt_n" S "w*" -> "w" Rt "RE";
    /// Runtime function (low half) on a small integer (high half) and words, with a word as result.
    ClRtFamily "cl.rt_family" S "w*" -> "w" Pair "RE";
    /// Runtime function on the elements of a list as an array and their number.
    ClSpread "cl.spread" S "w" -> "w" Rt "RE";
    /// Performs an operation of the program's table.
    ClPerform "cl.perform" S "w*" -> "w" Operation "RE";
    /// Makes the runtime know the program's symbols and constructors.
    ClStart "cl.start" S "" -> "w" None "E";
    /// A value of a constructor.
    ClNew "cl.new" S "c*" -> "w" ClassSite "";
    /// Whether a word is a value of a constructor.
    ClIs "cl.is" S "w" -> "b" ClassSite "P";
    /// A field of a value of a known constructor.
    ClField "cl.field" S "w" -> "w" Int "";
    /// Item of a tuple that is long enough.
    ClItem "cl.item" S "w" -> "w" Int "";

    /// Calls a function of GrokLang, by its name among the program's exports. Doubles may stand where it takes them, and for
    /// what it gives.
    AcrossCall "across.call" S "x*" -> "?" Name "RE";

    // ---- typed ------------------------------------------------------------------------------------------
    /// Call of a function body with positional arguments; the first operand is the function object or unbound.
    CallDirect "call.direct" S "wx*" -> "?" Func "RE";
    /// Double of an int or bool word; OverflowError when it is too large.
    IntToFloat "int.to_float" T "w" -> "f" None "R";
    /// True division of two int words.
    IntTrueDiv "int.truediv" T "ww" -> "f" None "R";
    /// Python's `/`, `//`, `%` and `**` on doubles; the operator is one of these four.
    FloatBinary "float.binary" T "ff" -> "f" Binary "R";
    /// Double of a float word.
    FloatUnbox "float.unbox" T "w" -> "f" None "P";
    FloatBox "float.box" T "f" -> "w" None "P";
    /// Machine integer of an int word that is known to be inline.
    IntUnbox "int.unbox" T "w" -> "i" None "P";
    IntBox "int.box" T "i" -> "w" None "P";
    BoolUnbox "bool.unbox" T "w" -> "b" None "P";

    // ---- machine ----------------------------------------------------------------------------------------
    IConst "iconst" A "" -> "i" Int "P";
    FConst "fconst" A "" -> "f" Float "P";
    BConst "bconst" A "" -> "b" Int "P";
    IAdd "iadd" A "ii" -> "i" None "P";
    ISub "isub" A "ii" -> "i" None "P";
    IMul "imul" A "ii" -> "i" None "P";
    /// Sum and whether it overflowed.
    IAddOf "iadd.of" A "ii" -> "ib" None "P";
    ISubOf "isub.of" A "ii" -> "ib" None "P";
    IMulOf "imul.of" A "ii" -> "ib" None "P";
    /// Unsigned sum, difference, product and whether it left 0..2^64.
    UAddOf "uadd.of" L "ii" -> "ib" None "P";
    USubOf "usub.of" L "ii" -> "ib" None "P";
    UMulOf "umul.of" L "ii" -> "ib" None "P";
    /// High 64 bits of the signed, of the unsigned 128-bit product.
    SMulHi "smulhi" L "ii" -> "i" None "P";
    UMulHi "umulhi" L "ii" -> "i" None "P";
    /// Quotient truncated toward zero; the divisor is not zero and the pair is not (MIN, -1).
    SDiv "sdiv" A "ii" -> "i" None "P";
    SRem "srem" A "ii" -> "i" None "P";
    /// Unsigned quotient and remainder; the divisor is not zero.
    UDiv "udiv" L "ii" -> "i" None "P";
    URem "urem" L "ii" -> "i" None "P";
    IAnd "iand" A "ii" -> "i" None "P";
    IOr "ior" A "ii" -> "i" None "P";
    IXor "ixor" A "ii" -> "i" None "P";
    /// Shifts use the count's low six bits.
    IShl "ishl" A "ii" -> "i" None "P";
    UShr "ushr" A "ii" -> "i" None "P";
    SShr "sshr" A "ii" -> "i" None "P";
    RotL "rotl" A "ii" -> "i" None "P";
    /// Number of leading, of trailing zero bits (64 of zero), of one bits; the bytes in reverse order.
    Clz "clz" L "i" -> "i" None "P";
    Ctz "ctz" L "i" -> "i" None "P";
    PopCnt "popcnt" L "i" -> "i" None "P";
    BSwap "bswap" L "i" -> "i" None "P";
    ICmp "icmp" A "ii" -> "b" IntCond "P";
    BAnd "band" A "bb" -> "b" None "P";
    BOr "bor" A "bb" -> "b" None "P";
    FAdd "fadd" A "ff" -> "f" None "P";
    FSub "fsub" A "ff" -> "f" None "P";
    FMul "fmul" A "ff" -> "f" None "P";
    FDiv "fdiv" A "ff" -> "f" None "P";
    FNeg "fneg" A "f" -> "f" None "P";
    FAbs "fabs" A "f" -> "f" None "P";
    FSqrt "fsqrt" A "f" -> "f" None "P";
    /// Nearest integral double toward minus infinity, plus infinity, zero; nearest with ties to even.
    FFloor "ffloor" L "f" -> "f" None "P";
    FCeil "fceil" L "f" -> "f" None "P";
    FTrunc "ftrunc" L "f" -> "f" None "P";
    FNearest "fnearest" L "f" -> "f" None "P";
    /// Product of the first two plus the third, rounded once.
    Fma "fma" L "fff" -> "f" None "P";
    /// Magnitude of the first operand with the sign of the second.
    FCopySign "fcopysign" L "ff" -> "f" None "P";
    /// The second operand if it is less (`fmax`: greater) or the first is NaN, else the first. So a number wins over
    /// NaN, and of two zeros the first.
    FMin "fmin" L "ff" -> "f" None "P";
    FMax "fmax" L "ff" -> "f" None "P";
    /// The nearest f32 (ties to even), as a double. Arithmetic of f32 is that of doubles followed by this: for
    /// `+ - * /` and the square root that rounds as once (Figueroa, "When is double rounding innocuous?").
    FRound32 "fround32" L "f" -> "f" None "P";
    FCmp "fcmp" A "ff" -> "b" FloatCond "P";
    /// Nearest double of a machine integer.
    IntToF "i2f" A "i" -> "f" None "P";
    /// Nearest double of an unsigned integer.
    UIntToF "u2f" L "i" -> "f" None "P";
    /// Truncated toward zero into the signed, the unsigned range; the nearest end outside of it, 0 of NaN.
    FToIntSat "f2i.sat" L "f" -> "i" None "P";
    FToUIntSat "f2u.sat" L "f" -> "i" None "P";
    BitsToF "bits2f" A "i" -> "f" None "P";
    FToBits "f2bits" A "f" -> "i" None "P";
    /// 0 or 1 of a bit.
    BToI "b2i" A "b" -> "i" None "P";
    SelectI "select.i" L "bii" -> "i" None "P";
    SelectF "select.f" L "bff" -> "f" None "P";
    /// Load at address plus immediate, of so many bits; narrow ones are zero-extended, with `s` sign-extended.
    Load64 "load.64" L "i" -> "i" Int "";
    Load32 "load.32" L "i" -> "i" Int "";
    LoadS32 "load.s32" L "i" -> "i" Int "";
    Load16 "load.16" L "i" -> "i" Int "";
    LoadS16 "load.s16" L "i" -> "i" Int "";
    Load8 "load.8" L "i" -> "i" Int "";
    LoadS8 "load.s8" L "i" -> "i" Int "";
    LoadF "load.f64" L "i" -> "f" Int "";
    /// Load of an f32, as a double.
    LoadF32 "load.f32" L "i" -> "f" Int "";
    /// Store of operand 1 (its low bits) at address operand 0 plus immediate.
    Store64 "store.64" L "ii" -> "-" Int "E";
    Store32 "store.32" L "ii" -> "-" Int "E";
    Store16 "store.16" L "ii" -> "-" Int "E";
    Store8 "store.8" L "ii" -> "-" Int "E";
    StoreF "store.f64" L "if" -> "-" Int "E";
    /// Store of the nearest f32.
    StoreF32 "store.f32" L "if" -> "-" Int "E";
    /// Copies bytes: destination, source, length. The two ranges are apart or the same.
    MemCopy "mem.copy" L "iii" -> "-" None "E";
    /// Copies bytes of ranges that may overlap: destination, source, length.
    MemMove "mem.move" L "iii" -> "-" None "E";
    /// Sets bytes: destination, value (its low 8 bits), length.
    MemSet "mem.set" L "iii" -> "-" None "E";
    /// Compares bytes as unsigned numbers, in order: two addresses and a length; -1, 0 or 1.
    MemCmp "mem.cmp" L "iii" -> "i" None "";
    /// States that as many bytes as the immediate says are mapped at the address, from here on as long as the address is
    /// used. Engines do nothing; passes may load from there before the program would.
    MemValid "mem.valid" L "i" -> "-" Int "E";
    /// Address of a stack slot.
    SlotAddr "slot.addr" L "" -> "i" Slot "P";
    /// Address of a function, with the C calling convention: the context, then the parameters.
    FuncAddr "func.addr" L "" -> "i" Func "P";
    DataAddr "data.addr" L "" -> "i" Data "P";
    /// The context pointer.
    Ctx "ctx" L "" -> "i" None "P";
    /// Whether the machine stack of the code is used up but for a reserve. One answer holds for a whole call.
    StackLow "stack.low" L "" -> "b" None "P";
    /// Call of a compiled function; the context is passed implicitly.
    Call "call" L "x*" -> "?" Func "E";
    /// Call of a compiled function with the context of the other kind on this stack.
    CallAcross "call.across" L "x*" -> "?" Func "E";
    /// Call through the address of a function of the program (or of a runtime function, whose operands and results are
    /// integers) with the operands that follow; the context is passed implicitly. Types of operands and results are
    /// exactly those of the callee.
    CallIndirect "call.indirect" L "ix*" -> "?" None "E";
    /// Call of a runtime function; the context is passed implicitly. Results as its signature says.
    CallRt "call.rt" L "i*" -> "?" Rt "E";

    // ---- control ----------------------------------------------------------------------------------------
    Jump "jump" A "" -> "-" None "T";
    /// Two edges: taken when the bit is true, and when false.
    BrIf "brif" A "b" -> "-" None "T";
    /// Edge `n` for value `n`, the last edge for everything else.
    Switch "switch" A "i" -> "-" None "T";
    /// Leaves the function with the result.
    Ret "ret" S "c" -> "-" None "T";
    /// Machine-level return of all results.
    RetMany "ret.many" L "x*" -> "-" None "T";
    /// Control cannot come here.
    Unreachable "unreachable" A "" -> "-" None "T";
}

macro_rules! named_enum {
    ($(#[$m:meta])* $name:ident { $($v:ident = $text:literal),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($v),* }
        impl $name {
            pub const ALL: &[$name] = &[$($name::$v),*];
            pub fn text(self) -> &'static str {
                match self { $($name::$v => $text),* }
            }
            pub fn from_index(i: u64) -> Option<$name> {
                Self::ALL.get(i as usize).copied()
            }
            pub fn parse(text: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|v| v.text() == text)
            }
        }
    };
}

named_enum!(
    /// Binary operators, in the order of the runtime table.
    BinaryOp {
        Add = "add", Sub = "sub", Mul = "mul", TrueDiv = "truediv", FloorDiv = "floordiv", Mod = "mod", Pow = "pow",
        LShift = "lshift", RShift = "rshift", And = "and", Or = "or", Xor = "xor", MatMul = "matmul",
    }
);
named_enum!(
    /// Unary operators.
    UnaryOp { Neg = "neg", Pos = "pos", Invert = "invert" }
);
named_enum!(
    /// Rich comparisons, in the order of the runtime table.
    CompareOp { Lt = "lt", Le = "le", Eq = "eq", Ne = "ne", Gt = "gt", Ge = "ge" }
);
named_enum!(
    /// Integer conditions.
    IntCond { Eq = "eq", Ne = "ne", Slt = "slt", Sle = "sle", Sgt = "sgt", Sge = "sge", Ult = "ult", Ule = "ule", Ugt = "ugt", Uge = "uge" }
);
named_enum!(
    /// Float conditions; all but `ne` are false when an operand is NaN.
    FloatCond { Eq = "eq", Ne = "ne", Lt = "lt", Le = "le", Gt = "gt", Ge = "ge" }
);

impl BinaryOp {
    /// Runtime function of the operator.
    pub fn rt(self) -> RtFn {
        [
            RtFn::Add,
            RtFn::Sub,
            RtFn::Mul,
            RtFn::TrueDiv,
            RtFn::FloorDiv,
            RtFn::Mod,
            RtFn::Pow,
            RtFn::LShift,
            RtFn::RShift,
            RtFn::And,
            RtFn::Or,
            RtFn::Xor,
            RtFn::MatMul,
        ][self as usize]
    }
}

impl BinaryOp {
    /// Runtime function of the operator in ClaudeLang; those that it has no operator for are Python's.
    pub fn claude_rt(self) -> RtFn {
        match self {
            BinaryOp::Add => RtFn::ClAdd,
            BinaryOp::Sub => RtFn::ClSub,
            BinaryOp::Mul => RtFn::ClMul,
            BinaryOp::TrueDiv => RtFn::ClDiv,
            BinaryOp::FloorDiv => RtFn::ClQuot,
            BinaryOp::Mod => RtFn::ClMod,
            other => other.rt(),
        }
    }
}

impl CompareOp {
    /// The comparison of doubles.
    pub fn on_floats(self) -> FloatCond {
        match self {
            CompareOp::Lt => FloatCond::Lt,
            CompareOp::Le => FloatCond::Le,
            CompareOp::Eq => FloatCond::Eq,
            CompareOp::Ne => FloatCond::Ne,
            CompareOp::Gt => FloatCond::Gt,
            CompareOp::Ge => FloatCond::Ge,
        }
    }

    /// Runtime function of the comparison.
    pub fn rt(self) -> RtFn {
        [RtFn::Lt, RtFn::Le, RtFn::Eq, RtFn::Ne, RtFn::Gt, RtFn::Ge][self as usize]
    }
}
