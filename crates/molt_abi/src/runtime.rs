//! The one table of runtime functions that compiled code may call.
//!
//! Every entry is an `extern "C"` function named `molt_<name>` that takes the context first. The
//! parameter letters say class and ownership:
//!
//! | letter | parameter | | letter | result |
//! |---|---|---|---|---|
//! | `w` | borrowed word | | `r` | [`crate::Ret`] with an owned word; may raise |
//! | `o` | owned word, consumed even on error | | `t` | [`crate::Ret`] with an integer (0/1 for truth); may raise |
//! | `p` | pointer to words or a descriptor | | `w` | owned word; never raises |
//! | `i` | integer | | `i` | integer; never raises |
//! | `f` | bits of a double | | `v` | nothing |
//!
//! Pointers to argument arrays (`p` followed by a count) hold borrowed words unless the entry's text
//! says that it consumes them.

/// What a runtime function returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtResult {
    /// `Ret` with an owned word; may raise.
    Raise,
    /// `Ret` with an integer; may raise.
    RaiseInt,
    /// Owned word.
    Word,
    /// Integer.
    Int,
    Nothing,
}

/// Signature of one entry.
#[derive(Clone, Copy, Debug)]
pub struct RtSig {
    pub name: &'static str,
    pub symbol: &'static str,
    /// Parameter letters after the context.
    pub params: &'static [u8],
    pub result: RtResult,
}

macro_rules! rt_result {
    (r) => {
        RtResult::Raise
    };
    (t) => {
        RtResult::RaiseInt
    };
    (w) => {
        RtResult::Word
    };
    (i) => {
        RtResult::Int
    };
    (v) => {
        RtResult::Nothing
    };
}

macro_rules! rt_table {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:ident ($($p:ident)*) -> $r:ident;)*) => {
        /// A runtime function.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum RtFn { $($(#[doc = $doc])* $variant),* }

        /// Signatures, indexed by `RtFn as usize`.
        pub const RT_TABLE: &[RtSig] = &[$(RtSig {
            name: stringify!($name),
            symbol: concat!("molt_", stringify!($name)),
            params: concat!($(stringify!($p)),*).as_bytes(),
            result: rt_result!($r),
        }),*];

        /// All entries in table order.
        pub const RT_ALL: &[RtFn] = &[$(RtFn::$variant),*];

        /// Calls macro `$m` with every row as `(Variant, name, (params), result)`, so that the runtime can
        /// build its address table from this list and cannot forget an entry.
        #[macro_export]
        macro_rules! for_each_runtime_function {
            ($m:ident) => { $m! { $(($variant, $name, ($($p)*), $r))* } };
        }
    };
}

impl RtFn {
    pub fn sig(self) -> &'static RtSig {
        &RT_TABLE[self as usize]
    }
    pub fn from_index(i: u16) -> Option<RtFn> {
        RT_ALL.get(i as usize).copied()
    }
    pub fn by_name(name: &str) -> Option<RtFn> {
        RT_ALL.iter().copied().find(|f| f.sig().name == name)
    }
}

rt_table! {
    // ---- memory -------------------------------------------------------------------------------
    /// `alloc(size)`: uninitialised cell of `size` bytes (header included); counts it as live.
    Alloc = alloc(i) -> i;
    /// `dealloc(object)`: the last reference to the object is gone (count below one): run finalisers,
    /// release children, free.
    Dealloc = dealloc(w) -> v;
    /// `release(word)`: drops one reference; what compiled code does inline on hot paths, for cold ones.
    Release = release(o) -> v;
    /// `instance_new(class_id)`: instance of a fixed-layout class with all slots unbound.
    InstanceNew = instance_new(i) -> w;
    /// `box_float(bits)`: word of any double; boxes it when it is not a flonum.
    BoxFloat = box_float(f) -> w;
    /// `float_bits(word)`: bits of the double that a float word stands for.
    FloatBits = float_bits(w) -> i;
    /// `box_int(value)`: word of any 64-bit integer; becomes a big integer when it needs 64 bits.
    BoxInt = box_int(i) -> w;
    /// `big_from_digits(bytes pointer, length)`: integer from decimal digits (literals).
    BigFromDigits = big_from_digits(p i) -> w;

    // ---- arithmetic (full Python semantics: reflected methods, subclasses, errors) -------------------
    Add = add(w w) -> r;
    Sub = sub(w w) -> r;
    Mul = mul(w w) -> r;
    TrueDiv = truediv(w w) -> r;
    FloorDiv = floordiv(w w) -> r;
    Mod = mod_(w w) -> r;
    Pow = pow(w w) -> r;
    LShift = lshift(w w) -> r;
    RShift = rshift(w w) -> r;
    And = and_(w w) -> r;
    Or = or_(w w) -> r;
    Xor = xor(w w) -> r;
    MatMul = matmul(w w) -> r;
    /// `inplace(op, a, b)`: augmented assignment; `op` numbers the binary operators in the order above from 0.
    Inplace = inplace(i w w) -> r;
    Neg = neg(w) -> r;
    Pos = pos(w) -> r;
    Invert = invert(w) -> r;
    Lt = lt(w w) -> r;
    Le = le(w w) -> r;
    Eq = eq(w w) -> r;
    Ne = ne(w w) -> r;
    Gt = gt(w w) -> r;
    Ge = ge(w w) -> r;
    /// `compare_truth(op, a, b)`: truth of a comparison, `op` 0..5 as in the order above; saves the box.
    CompareTruth = compare_truth(i w w) -> t;
    Truth = truth(w) -> t;
    /// `contains(container, item)`: `item in container`.
    Contains = contains(w w) -> t;
    /// `float_pow(bits, bits)`: `**` on two floats; raises on zero to a negative power; a negative base
    /// with a fractional exponent gives a complex.
    FloatPow = float_pow(f f) -> r;
    /// `float_mod(bits, bits)`: bits of Python's `%`; the divisor is not zero.
    FloatMod = float_mod(f f) -> i;
    /// `float_floordiv(bits, bits)`: bits of Python's `//`; the divisor is not zero.
    FloatFloorDiv = float_floordiv(f f) -> i;
    /// `zero_division(kind)`: raises ZeroDivisionError; kind 0 `/`, 1 `//`, 2 `%`, with floats +3.
    ZeroDivision = zero_division(i) -> r;
    /// `int_to_float_bits(int)`: bits of `float(int)`; OverflowError when too large.
    IntToFloat = int_to_float(w) -> t;

    // ---- attributes, items, calls --------------------------------------------------------------
    /// `getattr(object, name, cache)`: full attribute lookup; `cache` may be null.
    GetAttr = getattr(w w p) -> r;
    SetAttr = setattr(w w w p) -> t;
    DelAttr = delattr(w w) -> t;
    GetItem = getitem(w w) -> r;
    SetItem = setitem(w w w) -> t;
    DelItem = delitem(w w) -> t;
    SliceNew = slice_new(w w w) -> w;
    /// `call(callee, args, nargs, kwnames)`: as [`crate::layout::EntryFn`].
    Call = call(w p i w) -> r;
    /// `call_method(receiver, name, args, nargs, kwnames, cache)`: looks the method up and calls it without
    /// making a bound method. `args[0]` is room for the receiver, the arguments follow from `args[1]`;
    /// `nargs` does not count the receiver.
    CallMethod = call_method(w w p i w p) -> r;
    /// `find_method(receiver, name, cache)`: the function object, borrowed, that a method call reaches; `UNBOUND` if it
    /// reaches anything else.
    FindMethod = find_method(w w p) -> w;
    /// `call_ex(callee, args, kwargs)`: `callee(*args, **kwargs)`; `args` a tuple, `kwargs` a dict or `UNBOUND`.
    CallEx = call_ex(w w w) -> r;
    /// `bind_args(function, args, nargs, kwnames, out)`: binds a call to the function's parameters and writes
    /// `CodeDesc::param_count` owned words to `out`; TypeError as CPython words it.
    BindArgs = bind_args(w p i w p) -> t;
    Iter = iter(w) -> r;
    /// `range_iter(callee, a, b, c)`: iterator over `callee(a, b, c)`; missing arguments are `UNBOUND`.
    RangeIter = range_iter(w w w w) -> r;
    /// `next(iterator)`: next item, or `UNBOUND` (without an exception) at the end.
    Next = next(w) -> r;
    /// `unpack(iterable, n, out)`: exactly `n` owned words to `out`.
    Unpack = unpack(w i p) -> t;
    /// `unpack_ex(iterable, before, after, out)`: `before` words, a list, `after` words.
    UnpackEx = unpack_ex(w i i p) -> t;

    // ---- displays --------------------------------------------------------------------------------
    /// `list_new(items, n)`: consumes the items.
    ListNew = list_new(p i) -> w;
    /// `tuple_new(items, n)`: consumes the items.
    TupleNew = tuple_new(p i) -> w;
    /// `set_new(items, n)`: borrows the items; hashing may raise.
    SetNew = set_new(p i) -> r;
    /// `set_literal(items, n, frozen)`: set or frozenset of constants, in the order of a constant of CPython.
    SetLiteral = set_literal(p i i) -> r;
    /// `dict_new(pairs, n)`: `n` key/value pairs, borrowed.
    DictNew = dict_new(p i) -> r;
    ListAppend = list_append(w w) -> v;
    ListExtend = list_extend(w w) -> t;
    ListToTuple = list_to_tuple(w) -> w;
    SetAdd = set_add(w w) -> t;
    SetUpdate = set_update(w w) -> t;
    DictInsert = dict_insert(w w w) -> t;
    /// `dict_update(dict, mapping)`: `{**mapping}`.
    DictUpdate = dict_update(w w) -> t;
    /// `dict_merge(dict, mapping, callee)`: `f(**mapping)`; refuses duplicates and non-string keys.
    DictMerge = dict_merge(w w w) -> t;
    /// `format_value(value, conversion, spec)`: conversion 0, `s`, `r` or `a` as a character code; spec a str or `UNBOUND`.
    FormatValue = format_value(w i w) -> r;
    /// `str_join(parts, n)`: concatenation of strings.
    StrJoin = str_join(p i) -> w;

    // ---- functions, classes, modules -----------------------------------------------------------------
    /// `function_new(code, closure tuple or UNBOUND, defaults or UNBOUND, kwdefaults or UNBOUND, annotate or UNBOUND)`;
    /// words are consumed.
    FunctionNew = function_new(p o o o o) -> w;
    CellNew = cell_new(o) -> w;
    /// `build_class(site, body, name, bases, kwargs)`: `body` is called with the namespace and returns the
    /// `__class__` cell or `None`; `bases` a tuple, `kwargs` a dict or `UNBOUND`.
    BuildClass = build_class(i w w w w) -> r;
    /// `namespace_get(namespace, name)`: value or `UNBOUND`.
    NamespaceGet = namespace_get(w w) -> r;
    NamespaceSet = namespace_set(w w w) -> t;
    NamespaceDel = namespace_del(w w) -> t;
    /// `builtin_get(name)`: attribute of `builtins`, NameError when absent.
    BuiltinGet = builtin_get(w) -> r;
    /// `name_error(name, kind)`: raises; kind 0 global, 1 local before assignment, 2 free variable.
    NameError = name_error(w i) -> r;
    /// `import_module(index)`: program module by index; runs its body on first use. Parents first.
    ImportModule = import_module(i) -> r;
    /// `import_native(descriptor)`: module that the runtime provides, by its
    /// [`crate::layout::NativeModuleDesc`]; generated code names the symbol, so that the linker drops the
    /// modules that no program text imports.
    ImportNative = import_native(p) -> r;
    /// `import_from(module, name)`: attribute, else submodule, else ImportError.
    ImportFrom = import_from(w w) -> r;
    /// `super_new(class, self)`: `super()` with its two implicit arguments.
    SuperNew = super_new(w w) -> r;

    // ---- exceptions ------------------------------------------------------------------------------
    /// `raise(exception or class, cause or UNBOUND)`: always raises; sets context from the handled exception.
    Raise = raise(w w) -> r;
    /// `raise_again()`: bare `raise`.
    RaiseAgain = raise_again() -> r;
    /// `throw(exception)`: makes the exception pending again as it is; nothing is added to it.
    Throw = throw(o) -> v;
    /// `catch()`: takes the pending exception.
    Catch = catch() -> w;
    /// `traceback_add(code, position)`: the pending exception passes through this frame.
    TracebackAdd = traceback_add(p i) -> v;
    /// `handled_push(exception)`: the exception becomes the one being handled.
    HandledPush = handled_push(w) -> v;
    /// `handled_pop()`: back to the previous one.
    HandledPop = handled_pop() -> v;
    /// `exception_match(exception, class or tuple)`: TypeError for what is no exception class.
    ExceptionMatch = exception_match(w w) -> t;
    /// `group_split(exception or None, class or tuple)`: tuple (matched or None, rest or None) for `except*`.
    GroupSplit = group_split(w w) -> r;
    /// `group_reraise(original, list of raised)`: exception to raise after `except*` clauses, or `None`.
    GroupReraise = group_reraise(w w) -> r;
    /// `more_depth()`: a call left `depth_left` outside `0..=depth_most`: evens it out, or raises RecursionError or what
    /// a signal asks for.
    MoreDepth = more_depth() -> t;
    /// `recursion_error()`: raises RecursionError.
    RecursionError = recursion_error() -> r;
    /// `poll()`: a safepoint found work pending: signals, collection.
    Poll = poll() -> t;
    /// `assert_fail(message or UNBOUND)`: raises AssertionError.
    AssertFail = assert_fail(w) -> r;
    /// `with_enter(manager, out)`: calls `__enter__`; writes the bound `__exit__` (owned) to `out`.
    WithEnter = with_enter(w p) -> r;
    /// `with_exit(exit, exception or None)`: calls it; truth of the result.
    WithExit = with_exit(w w) -> t;

    // ---- match statement -------------------------------------------------------------------------
    MatchSequence = match_sequence(w) -> i;
    MatchMapping = match_mapping(w) -> i;
    /// `match_keys(subject, keys tuple)`: tuple of values or `None`.
    MatchKeys = match_keys(w w) -> r;
    /// `match_class(subject, class, positional count, names tuple)`: tuple of attributes or `None`.
    MatchClass = match_class(w w i w) -> r;

    // ---- generators ------------------------------------------------------------------------------
    /// `generator_new(code, resume function, frame words, function)`: not started; frame words are unbound.
    GeneratorNew = generator_new(p p i w) -> w;
    /// `delegate_step(generator, sent, mode)`: one step of `yield from` in the delegate kept in the
    /// generator; `Ret::error` is a `STEP_*`.
    DelegateStep = delegate_step(w w i) -> r;

    // ---- GrokLang -----------------------------------------------------------------------------
    /// `grok_alloc(size, align)`: memory of at least one byte; ends the program when there is none.
    GrokAlloc = grok_alloc(i i) -> i;
    /// `grok_realloc(address, old size, align, new size)`: the block with another size, perhaps elsewhere.
    GrokRealloc = grok_realloc(i i i i) -> i;
    /// `grok_free(address, size, align)`: gives a block back.
    GrokFree = grok_free(i i i) -> v;
    /// `grok_gc_new(size, end, kind)`: zeroed memory for a collected value, 8 bytes of it for the runtime in front; `end` ends the
    /// value, if it is not 0; the kind is 0 if it holds no handles, 1 if they change under exclusive borrows only, 2 for others.
    GrokGcNew = grok_gc_new(i i i) -> i;
    /// `grok_gc_remember(handle)`: the value is borrowed exclusively, and the collector wants to know.
    GrokGcRemember = grok_gc_remember(i) -> v;
    /// `grok_gc_alloc(size, align, holds)`, `grok_gc_realloc` and `grok_gc_free`: as those above, in a program with handles.
    GrokGcAlloc = grok_gc_alloc(i i i) -> i;
    GrokGcRealloc = grok_gc_realloc(i i i i) -> i;
    GrokGcFree = grok_gc_free(i i i) -> v;
    /// `grok_mailbox_reserve(actor)`: whether a message may be sent to it without a wait, and then has room.
    GrokMailboxReserve = grok_mailbox_reserve(i) -> i;
    /// `grok_receive_try(cursor)`: as `grok_receive_next`, without a wait.
    GrokReceiveTry = grok_receive_try(i) -> i;
    /// `grok_panic(text, length, place)`: remembers a panic; the caller leaves.
    GrokPanic = grok_panic(i i i) -> v;
    /// `grok_panic_index(index, length, place)`: remembers the panic of an index that is too large.
    GrokPanicIndex = grok_panic_index(i i i) -> v;
    /// `grok_panic_frame(name, length, place)`: adds a function that a panic leaves to the backtrace.
    GrokPanicFrame = grok_panic_frame(i i i) -> v;
    /// `grok_panic_part(which, out)`: the text (0), place (1) or backtrace (2) of the last panic: its length, its address
    /// at `out`.
    GrokPanicPart = grok_panic_part(i i) -> i;
    /// `grok_atomic(width << 4 | operation, address, value, expected)`: what was there before; operations: 0 load, 1 swap, 2 add,
    /// 3 subtract, 4 and, 5 or, 6 exclusive or, 7 replace what is expected.
    GrokAtomic = grok_atomic(i i i i) -> i;
    /// `grok_text_cell(text, length)`: address of memory that holds both, the same for the same ones, until the program ends.
    GrokTextCell = grok_text_cell(i i) -> i;
    /// `grok_float_rem(x, y)`: bits of the remainder of a division truncated toward zero.
    GrokFloatRem = grok_float_rem(f f) -> i;
    /// `grok_float_fn(number, x, y)`: bits of one of the functions of `grok::math`.
    GrokFloatFn = grok_float_fn(i f f) -> i;
    /// `grok_wide(out, operator << 1 | signed, low, high, low, high)`: 128-bit arithmetic; 1 if it overflows, is a division
    /// by zero or a shift by the width or more (the wrapped result is written all the same).
    GrokWide = grok_wide(i i i i i i) -> i;
    /// `grok_wide_to_float(low, high, signed | narrow << 1)`: bits of the nearest double, or of the nearest `f32` as a double.
    GrokWideToFloat = grok_wide_to_float(i i i) -> i;
    /// `grok_float_to_wide(out, x, signed)`: saturating; 0 of NaN.
    GrokFloatToWide = grok_float_to_wide(i f i) -> v;
    /// `grok_write(descriptor, bytes, length)`: writes through the buffer of standard output, or at once; 0 or an error number.
    GrokWrite = grok_write(i i i) -> i;
    /// `grok_format_float(x, precision or -1, style, out)`: text of a double (style 0 plain, 1 with an exponent, +16 for `f32`, +32 debug)
    /// at `out`, which has room for 1,100 bytes; its length.
    GrokFormatFloat = grok_format_float(f i i i) -> i;
    /// `grok_parse_float(text, length, out, narrow)`: at `out` the nearest double, or the nearest `f32` as a double; 0 if the text
    /// is no number.
    GrokParseFloat = grok_parse_float(i i i i) -> i;
    /// `grok_attach(root)`: makes what the modules of GrokLang in a program of another language need, and runs their start. The
    /// context is the isolate's.
    GrokAttach = grok_attach(p) -> v;
    /// `across_int(word, bits, signed)`: an integer that GrokLang takes; OverflowError where it does not fit.
    AcrossInt = across_int(w i i) -> t;
    /// `across_float(word)`: bits of a double that GrokLang takes.
    AcrossFloat = across_float(w) -> t;
    /// `across_bool(word)`: a truth value that GrokLang takes.
    AcrossBool = across_bool(w) -> t;
    /// `across_unsigned(bits)`: word of an unsigned integer of 64 bits.
    AcrossUnsigned = across_unsigned(i) -> w;
    /// `across_panicked()`: the panic that ended a call across becomes the pending exception, unless one waits already.
    AcrossPanicked = across_panicked() -> v;
    // Objects as code of GrokLang sees them (`grok/objects.rs`); the context is the state. Words that go in stay the caller's,
    // words that come out are its own; 0 says that an exception waits in the state.
    GrokObjectShare = grok_object_share(i) -> v;
    GrokObjectRelease = grok_object_release(i) -> v;
    /// `grok_object_here()`: whether code on objects can run on this stack.
    GrokObjectHere = grok_object_here() -> i;
    /// `grok_object_elsewhere(environment, entry, place)`: has the entry called on the isolate's stack; how the wait for that ended.
    GrokObjectElsewhere = grok_object_elsewhere(i i i) -> i;
    /// `grok_object_find(module, n, name, n)`: what a module has under a name; the module itself where the name is empty.
    GrokObjectFind = grok_object_find(i i i i) -> i;
    /// `grok_object_invoke(callee, words, n, names, n)`: a call with borrowed operands, which may be absent.
    GrokObjectInvoke = grok_object_invoke(i i i i i) -> i;
    /// `grok_object_apply(operation, a, b)`: an operation by its number in the library.
    GrokObjectApply = grok_object_apply(i i i) -> i;
    GrokObjectAttribute = grok_object_attribute(i i i) -> i;
    GrokObjectSetAttribute = grok_object_set_attribute(i i i i) -> i;
    /// `grok_object_absent()`: the word of an operand that is not passed.
    GrokObjectAbsent = grok_object_absent() -> i;
    /// `grok_object_at(place)`: where the operations that follow stand, for what reports their failure.
    GrokObjectAt = grok_object_at(i) -> v;
    /// `grok_object_failure(which, out)`: a part of the exception that waits, its length and one; 0 where none waits.
    GrokObjectFailure = grok_object_failure(i i) -> i;
    /// `grok_object_forget()`: the exception that waits was caught.
    GrokObjectForget = grok_object_forget() -> v;
    /// `grok_object_callable(address, entry, end)`: an object that calls a value of the program.
    GrokObjectCallable = grok_object_callable(i i i) -> i;
    /// `grok_object_call(callee, words, n)`: consumes the words.
    GrokObjectCall = grok_object_call(i i i) -> i;
    /// `grok_object_items(word, kind)`: a tuple of what is in a list (0), tuple (1), set (2) or dict (3: keys and values in turn).
    GrokObjectItems = grok_object_items(i i) -> i;
    GrokObjectLen = grok_object_len(i) -> i;
    /// The word stays the tuple's.
    GrokObjectItem = grok_object_item(i i) -> i;
    /// `grok_object_build(kind, words, n)`: consumes the words.
    GrokObjectBuild = grok_object_build(i i i) -> i;
    /// `grok_object_error(text, length)`, `grok_object_mismatch(word, text, length)`: an exception waits.
    GrokObjectError = grok_object_error(i i) -> v;
    GrokObjectMismatch = grok_object_mismatch(i i i) -> v;
    /// `grok_object_int(word, bits, signed, out)`, and so on: whether the value is at `out`.
    GrokObjectInt = grok_object_int(i i i i) -> i;
    GrokObjectWide = grok_object_wide(i i i) -> i;
    GrokObjectFloat = grok_object_float(i i) -> i;
    GrokObjectBool = grok_object_bool(i i) -> i;
    /// `grok_object_text(word, address, length)`: whether they are there; the bytes stay the object's.
    GrokObjectText = grok_object_text(i i i) -> i;
    GrokObjectBytes = grok_object_bytes(i i i) -> i;
    GrokObjectIsBytes = grok_object_is_bytes(i) -> i;
    GrokObjectNone = grok_object_none() -> i;
    GrokObjectOfInt = grok_object_of_int(i) -> i;
    GrokObjectOfUnsigned = grok_object_of_unsigned(i) -> i;
    GrokObjectOfWide = grok_object_of_wide(i i) -> i;
    GrokObjectOfFloat = grok_object_of_float(f) -> i;
    GrokObjectOfBool = grok_object_of_bool(i) -> i;
    GrokObjectOfText = grok_object_of_text(i i) -> i;
    GrokObjectOfBytes = grok_object_of_bytes(i i) -> i;
    /// `grok_object_held(word, type, how)`: address of the value that an object holds, until it is given back by `return`: 0 to be
    /// looked at, 1 to be changed; 2 takes it out for good.
    GrokObjectHeld = grok_object_held(i i i) -> i;
    GrokObjectReturn = grok_object_return(i) -> v;
    /// `grok_object_hold(type, variant, address, end)`: an object of the class that is known for the variant of the type.
    GrokObjectHold = grok_object_hold(i i i i) -> i;
    /// `grok_object_member(type, number)`: what the class that is known for a type makes of a number.
    GrokObjectMember = grok_object_member(i i) -> i;
    GrokObjectRegister = grok_object_register(i i i) -> v;
    /// `grok_main_ended()`: tasks and actors end before values of modules are dropped.
    GrokMainEnded = grok_main_ended() -> v;
    /// `grok_exit(status)`: flushes and ends the process.
    GrokExit = grok_exit(i) -> v;
    /// `grok_hash_key()`: the key of hashing of this process.
    GrokHashKey = grok_hash_key() -> i;
    /// `grok_char_class(character, question)`: facts of Unicode; `grok_char_case(character, upper, out)`: up to three characters.
    GrokCharClass = grok_char_class(i i) -> i;
    GrokCharCase = grok_char_case(i i i) -> i;
    /// `grok_clock(which)`: nanoseconds of the monotonic (0) or the system's clock (1).
    GrokClock = grok_clock(i) -> i;
    /// `grok_arg(n, out)`: the n-th argument: its length, its address at `out`; -1 beyond the last.
    GrokArg = grok_arg(i i) -> i;
    /// `grok_env(name, length, out)`: as `grok_arg` for a variable of the environment.
    GrokEnv = grok_env(i i i) -> i;
    /// `grok_read_line(out)`: a line of standard input with its end: its length, its address at `out`; -1 at the end.
    GrokReadLine = grok_read_line(i) -> i;
    /// Tasks, by the room for closure and result (`molt_runtime::grok::task`). A `place` is that of the call in the source; waits
    /// answer 0 when it has come, 1 when the time is up, 2 of a deadlock, 3 when cancelled, 4 when there is no other end.
    /// `grok_task_new(size, body, drop_result)`.
    GrokTaskNew = grok_task_new(i i i) -> i;
    GrokTaskCurrent = grok_task_current() -> i;
    GrokTaskRetain = grok_task_retain(i) -> v;
    /// `grok_task_fail(room)`: the task panicked; `grok_task_failed`: whether it did, and nobody took the result.
    GrokTaskFail = grok_task_fail(i) -> v;
    GrokTaskFailed = grok_task_failed(i) -> i;
    /// `grok_setting(which)`: 0 nanoseconds that an answer may take, 1 room of mailboxes, 2 what is done about a deadlock.
    GrokSetting = grok_setting(i) -> i;
    /// `grok_task_start(room)`.
    GrokTaskStart = grok_task_start(i) -> v;
    /// `grok_task_start_apart(room)`: on a thread of its own; 0 if there is none.
    GrokTaskStartApart = grok_task_start_apart(i) -> i;
    /// `grok_task_join(room, place)`.
    GrokTaskJoin = grok_task_join(i i) -> i;
    /// `grok_task_took(room)`.
    GrokTaskTook = grok_task_took(i) -> v;
    /// `grok_task_release(room)`.
    GrokTaskRelease = grok_task_release(i) -> v;
    /// `grok_task_finished(room)`.
    GrokTaskFinished = grok_task_finished(i) -> i;
    /// `grok_task_cancel(room)`.
    GrokTaskCancel = grok_task_cancel(i) -> v;
    GrokTaskYield = grok_task_yield() -> v;
    /// `grok_sleep(nanoseconds, place)`.
    GrokSleep = grok_sleep(i i) -> i;
    /// `grok_deadlock_text(out)`.
    GrokDeadlockText = grok_deadlock_text(i) -> i;
    /// `grok_panic_cancel()`: the caller leaves without a message, its task being cancelled.
    GrokPanicCancel = grok_panic_cancel() -> v;
    /// `grok_panic_resume()`: a panic that was caught goes on.
    GrokPanicResume = grok_panic_resume() -> v;
    /// Channels of values of one size, and `select` (`molt_runtime::grok::channel`).
    /// `grok_channel_new(size, capacity)`.
    GrokChannelNew = grok_channel_new(i i) -> i;
    /// `grok_channel_clone(c, sends)`.
    GrokChannelClone = grok_channel_clone(i i) -> v;
    /// `grok_channel_close(c, sends)`.
    GrokChannelClose = grok_channel_close(i i) -> i;
    /// `grok_channel_release(c)`.
    GrokChannelRelease = grok_channel_release(i) -> v;
    /// `grok_channel_send(c, value, limit, place)`.
    GrokChannelSend = grok_channel_send(i i i i) -> i;
    /// `grok_channel_receive(c, out, limit, place)`.
    GrokChannelReceive = grok_channel_receive(i i i i) -> i;
    /// `grok_channel_len(c)`.
    GrokChannelLen = grok_channel_len(i) -> i;
    GrokSelectNew = grok_select_new() -> i;
    /// `grok_select_add(select, number, kind, object, slot)`: kinds: 0 receive, 1 send, 2 end of a task, 3 answer, 4 lock,
    /// 5 permit, 6 place in a mailbox, 7 message of the own actor, 8 signal of a condition.
    GrokSelectAdd = grok_select_add(i i i i i) -> v;
    /// `grok_select_after(s, limit)`.
    GrokSelectAfter = grok_select_after(i i) -> v;
    /// `grok_select_wait(s, poll, place)`.
    GrokSelectWait = grok_select_wait(i i i) -> i;
    /// `grok_select_closed(s, number)`.
    GrokSelectClosed = grok_select_closed(i i) -> i;
    /// `grok_select_disable(s, number)`.
    GrokSelectDisable = grok_select_disable(i i) -> v;
    /// `grok_select_poll(s, poll)`: as `grok_select_wait` for a future; -6: it is polled again.
    GrokSelectPoll = grok_select_poll(i i) -> i;
    /// `grok_select_end(s)`: the arm whose value was sent though nobody learns of it; -1: none.
    GrokSelectEnd = grok_select_end(i) -> i;
    /// Futures (`molt_runtime::grok::future`).
    /// A wait for a future begins; what it gives goes to `grok_future_leave`.
    GrokFutureEnter = grok_future_enter() -> i;
    GrokFutureLeave = grok_future_leave(i) -> v;
    /// `grok_future_wait(place)`: parks until a future of this task may go on.
    GrokFutureWait = grok_future_wait(i) -> i;
    /// What is polled lets others run, and is polled again.
    GrokFutureAgain = grok_future_again() -> v;
    /// `grok_timer_set(nanoseconds, who)` gives the time, which goes to `grok_timer_clear(time, who)`.
    GrokTimerSet = grok_timer_set(i i) -> i;
    GrokTimerDue = grok_timer_due(i) -> i;
    GrokTimerClear = grok_timer_clear(i i) -> v;
    /// A random bit.
    GrokCoin = grok_coin() -> i;
    /// `grok_group_new(count, shuffled)`.
    GrokGroupNew = grok_group_new(i i) -> i;
    /// `grok_group_next(group, begins)`: the next one to be polled, which what follows is below; -1: none.
    GrokGroupNext = grok_group_next(i i) -> i;
    GrokGroupLeave = grok_group_leave(i) -> v;
    GrokGroupEnd = grok_group_end(i) -> v;
    /// Locks and permits (`molt_runtime::grok::sync`).
    GrokMutexNew = grok_mutex_new() -> i;
    /// `grok_mutex_lock(m, place)`.
    GrokMutexLock = grok_mutex_lock(i i) -> i;
    /// `grok_mutex_try(m)`.
    GrokMutexTry = grok_mutex_try(i) -> i;
    /// `grok_mutex_unlock(m)`.
    GrokMutexUnlock = grok_mutex_unlock(i) -> v;
    /// `grok_mutex_drop(m)`.
    GrokMutexDrop = grok_mutex_drop(i) -> v;
    /// `grok_semaphore_new(count)`.
    GrokSemaphoreNew = grok_semaphore_new(i) -> i;
    /// `grok_semaphore_acquire(s, limit, place)`.
    GrokSemaphoreAcquire = grok_semaphore_acquire(i i i) -> i;
    /// `grok_semaphore_release(s, count, wanting)`.
    GrokSemaphoreRelease = grok_semaphore_release(i i i) -> v;
    /// `grok_condvar_wait(condition, mutex, limit, place)`: gives the lock away while it waits for a permit.
    GrokCondvarWait = grok_condvar_wait(i i i i) -> i;
    /// `grok_semaphore_drop(s)`.
    GrokSemaphoreDrop = grok_semaphore_drop(i) -> v;
    /// Actors, their messages and what they wait for (`molt_runtime::grok::actor`).
    /// `grok_actor_new(table)`.
    GrokActorNew = grok_actor_new(i) -> i;
    /// `grok_actor_state(a)`.
    GrokActorState = grok_actor_state(i) -> i;
    /// `grok_actor_option(a, option, value, len)`.
    GrokActorOption = grok_actor_option(i i i i) -> i;
    /// `grok_actor_settings(a, strategy, max_restarts, within)`: how it supervises its children.
    GrokActorSettings = grok_actor_settings(i i i i) -> v;
    /// `grok_maker_begin()`: a closure that makes a child of a supervisor is about to be called.
    GrokMakerBegin = grok_maker_begin() -> v;
    /// `grok_maker_end(child, room, policy)`: it was. The arguments in the room hold the closure; no child after a panic.
    GrokMakerEnd = grok_maker_end(i i i) -> v;
    /// `grok_actor_start(a, linked)`.
    GrokActorStart = grok_actor_start(i i) -> i;
    /// `grok_actor_retain(a)`.
    GrokActorRetain = grok_actor_retain(i) -> v;
    /// `grok_actor_release(a)`.
    GrokActorRelease = grok_actor_release(i) -> v;
    /// `grok_message_new(size, deliver, drop)`.
    GrokMessageNew = grok_message_new(i i i) -> i;
    /// `grok_message_free(room)`: the arguments were moved out.
    GrokMessageFree = grok_message_free(i) -> v;
    /// `grok_message_send(actor, room, how, place)`: how: 1 raw, 2 a message that is not taken stays the caller's,
    /// 4 its place was reserved.
    GrokMessageSend = grok_message_send(i i i i) -> i;
    /// `grok_actor_stop(a, kill)`.
    GrokActorStop = grok_actor_stop(i i) -> v;
    /// `grok_actor_fact(a, which, out)`.
    GrokActorFact = grok_actor_fact(i i i) -> i;
    GrokActorCurrent = grok_actor_current() -> i;
    GrokActorSender = grok_actor_sender() -> i;
    /// `grok_actor_child(a, n)`.
    GrokActorChild = grok_actor_child(i i) -> i;
    /// `grok_actor_join(a, place)`.
    GrokActorJoin = grok_actor_join(i i) -> i;
    /// `grok_actor_failure(a, which, out)`.
    GrokActorFailure = grok_actor_failure(i i i) -> i;
    /// `grok_failure_part(failure, which, out)`.
    GrokFailurePart = grok_failure_part(i i i) -> i;
    /// `grok_actor_link(a, b, on)`.
    GrokActorLink = grok_actor_link(i i i) -> v;
    /// `grok_actor_monitor(a, watcher)`.
    GrokActorMonitor = grok_actor_monitor(i i) -> i;
    /// `grok_actor_lookup(name, len, table)`.
    GrokActorLookup = grok_actor_lookup(i i i) -> i;
    /// `grok_actor_later(actor, room, delay, raw)`: the timer.
    GrokActorLater = grok_actor_later(i i i i) -> i;
    /// `grok_later_cancel(later)`.
    GrokLaterCancel = grok_later_cancel(i) -> v;
    /// `grok_later_release(later)`.
    GrokLaterRelease = grok_later_release(i) -> v;
    /// `grok_receive_next(cursor, place)`.
    GrokReceiveNext = grok_receive_next(i i) -> i;
    /// `grok_receive_skip(cursor)`.
    GrokReceiveSkip = grok_receive_skip(i) -> v;
    /// `grok_receive_end(cursor)`.
    GrokReceiveEnd = grok_receive_end(i) -> v;
    /// Values of which each task has its own (`molt_runtime::grok::locals`).
    GrokLocalKey = grok_local_key() -> i;
    /// `grok_local_get(key)`: the value's address; 0 none, 1 it was dropped already.
    GrokLocalGet = grok_local_get(i) -> i;
    /// `grok_local_set(key, value, end)`.
    GrokLocalSet = grok_local_set(i i i) -> v;
    /// Room for one answer (`molt_runtime::grok::reply`).
    /// `grok_reply_new(size)`.
    GrokReplyNew = grok_reply_new(i) -> i;
    /// `grok_reply_wait(room, actor, limit, deferred, place)`.
    GrokReplyWait = grok_reply_wait(i i i i i) -> i;
    /// `grok_reply_set(room)`.
    GrokReplySet = grok_reply_set(i) -> i;
    /// `grok_reply_close(room)`.
    GrokReplyClose = grok_reply_close(i) -> v;
    /// `grok_reply_status(room)`: 0 waits, 1 answered, 2 closed, 3 abandoned, 4 refused.
    GrokReplyStatus = grok_reply_status(i) -> i;
    /// `grok_reply_abandon(room)`: waits no more; the status before.
    GrokReplyAbandon = grok_reply_abandon(i) -> i;
    /// `grok_reply_full(room)`: the mailbox was full.
    GrokReplyFull = grok_reply_full(i) -> v;
    /// `grok_reply_release(room)`.
    GrokReplyRelease = grok_reply_release(i) -> v;
    // Results below zero are error numbers of the system with the sign turned; texts are given as `grok_arg` does.
    /// `grok_open(path, length, flags)`: a descriptor; flags 1 read, 2 write, 4 append, 8 truncate, 16 create, 32 create anew.
    GrokOpen = grok_open(i i i) -> i;
    GrokClose = grok_close(i) -> i;
    /// `grok_read(descriptor, address, length)`: how many bytes; 0 at the end.
    GrokRead = grok_read(i i i) -> i;
    /// `grok_write_some(descriptor, address, length)`: how many bytes were taken.
    GrokWriteSome = grok_write_some(i i i) -> i;
    /// `grok_flush()`: writes what is kept of standard output.
    GrokFlush = grok_flush() -> v;
    /// `grok_seek(descriptor, offset, from)`: the new place; from 0 the start, 1 here, 2 the end.
    GrokSeek = grok_seek(i i i) -> i;
    GrokSetLen = grok_set_len(i i) -> i;
    /// `grok_stat(path, length, descriptor, out)`: kind (1 file, 2 folder, 0 other), bytes, nanoseconds of the last change.
    GrokStat = grok_stat(i i i i) -> i;
    /// `grok_path_op(operation, path, length, path, length)`: 0 make a folder, 1 remove one, 2 remove a file, 3 rename, 4 go there.
    GrokPathOp = grok_path_op(i i i i i) -> i;
    /// `grok_list_dir(path, length, out)`: names, each with a zero byte after it.
    GrokListDir = grok_list_dir(i i i) -> i;
    GrokErrorText = grok_error_text(i i) -> i;
    /// `grok_system(which)`: 0 the process's number, 1 processors, 2 bytes of memory.
    GrokSystem = grok_system(i) -> i;
    /// `grok_system_text(which, out)`: 0 the current folder, 1 the environment, 2 the system's release.
    GrokSystemText = grok_system_text(i i) -> i;
    GrokSetEnv = grok_set_env(i i i i) -> i;
    /// `grok_spawn(request)`: starts a child process; its number.
    GrokSpawn = grok_spawn(i) -> i;
    /// `grok_wait(process)`: exit status, or 256 and the signal.
    GrokWait = grok_wait(i) -> i;
    GrokKill = grok_kill(i) -> i;
    /// `grok_poll_two(descriptor, descriptor)`: which can be read: 1, 2 or 3.
    GrokPollTwo = grok_poll_two(i i) -> i;
    // ---- ClaudeLang ---------------------------------------------------------------------------
    ClAdd = cl_add(w w) -> r;
    ClSub = cl_sub(w w) -> r;
    ClMul = cl_mul(w w) -> r;
    ClDiv = cl_div(w w) -> r;
    ClQuot = cl_quot(w w) -> r;
    ClNegate = cl_negate(w) -> r;
    ClRem = cl_rem(w w) -> r;
    ClMod = cl_mod(w w) -> r;
    /// `cl_compare(operator, a, b)`: whether it holds.
    ClCompare = cl_compare(i w w) -> t;
    /// `cl_call(callee, args, count)`: calls that the callee leaves are made here.
    ClCall = cl_call(w p i) -> r;
    /// `cl_tail_call(callee, args, count)`: leaves a call to the caller; consumes callee and operands.
    ClTailCall = cl_tail_call(o p i) -> v;
    /// `cl_bounce(flag)`: makes the call that waits; with another flag the error goes on.
    ClBounce = cl_bounce(i) -> r;
    /// `cl_apply(callee, list)`.
    ClApply = cl_apply(w w) -> r;
    /// `cl_start(descriptor)`: symbols and constructors of the program, as [`crate::layout::ClaudeDesc`] lists them.
    ClStart = cl_start(p) -> w;
    /// `cl_to_tuple(list)`.
    ClToTuple = cl_to_tuple(w) -> r;
    /// Values made of arrays of words.
    ClListOf = cl_list_of(p i) -> r;
    ClMapOf = cl_map_of(p i) -> r;
    ClSetOf = cl_set_of(p i) -> r;
    ClTupleOf = cl_tuple_of(p i) -> r;
    ClMapOfList = cl_map_of_list(w) -> r;
    ClSetOfList = cl_set_of_list(w) -> r;
    /// `cl_nullary(class_id)`: the value of a constructor without fields.
    ClNullary = cl_nullary(i) -> w;
    /// `cl_list_length(word)`: its length as a small integer, -1 when it is no list.
    ClListLength = cl_list_length(w) -> r;
    /// `cl_sequence(list)`: the list; `type-error` for anything else.
    ClSequence = cl_sequence(w) -> r;
    /// `cl_match_fail(value)`: raises `match-failure`.
    ClMatchFail = cl_match_fail(w) -> r;
    /// `cl_uninitialized(name)`: raises.
    ClUninitialized = cl_uninitialized(w) -> r;
    /// `cl_error_lookup(error, key)`: a field; unbound when there is none or the word is no error.
    ClErrorLookup = cl_error_lookup(w w) -> r;
    /// `cl_map_lookup(map, key)`: a value; unbound when there is none or the word is no map.
    ClMapLookup = cl_map_lookup(w w) -> r;
    /// `cl_tuple_length(word)`: -1 when it is no tuple.
    ClTupleLength = cl_tuple_length(w) -> r;
    /// `cl_in_range(value, low, high)`: whether it is an integer within both, the ends included.
    ClInRange = cl_in_range(w w w) -> r;
    /// `cl_catchable(exception)`: whether `catch` may take it.
    ClCatchable = cl_catchable(w) -> r;
    /// `cl_finally_raised(raised, in flight)`: an error of `finally` replaces one in flight, which becomes its cause.
    ClReplace = cl_replace(w w) -> r;
    /// `cl_perform(operation, args, count)`: by the innermost handler, else by default; see [`crate::layout::OpDesc`].
    ClPerform = cl_perform(p p i) -> r;
    /// `cl_performed(flag, frame, top)`: after a function clause that compiled code called itself did not just return: makes
    /// the call that it left; an error goes up to outside of the frame. Puts the handlers back.
    ClPerformed = cl_performed(i p p) -> r;
    /// `cl_perform_named(label, operation, list)`.
    ClPerformNamed = cl_perform_named(w w w) -> r;
    /// `cl_make_handler(array, count)`: the `return` procedure or nil, then four words a clause: label, operation or nil,
    /// 1 for a control clause, procedure.
    ClMakeHandler = cl_make_handler(p i) -> r;
    /// `cl_handle(handler, body)`: calls the body with the handler installed.
    ClHandle = cl_handle(w w) -> r;
    /// `cl_discontinue(continuation, error)`.
    ClDiscontinue = cl_discontinue(w w) -> r;
    // Default handlers of operations.
    ClPrint = cl_print(p i) -> r;
    ClWrite = cl_write(p i) -> r;
    ClPrintErr = cl_print_err(p i) -> r;
    ClReadLine = cl_read_line(p i) -> r;
    ClEnv = cl_env(p i) -> r;
    ClArgs = cl_args(p i) -> r;
    ClExit = cl_exit(p i) -> r;
    ClRaise = cl_raise(p i) -> r;
    ClNow = cl_now(p i) -> r;
    ClNowMs = cl_now_ms(p i) -> r;
    ClMonotonic = cl_monotonic(p i) -> r;
    ClElapsed = cl_elapsed(p i) -> r;
    // Functions of the library; a first integer says which of a family.
    ClAbs = cl_abs(w) -> r;
    ClSign = cl_sign(w) -> r;
    ClMin = cl_min(p i) -> r;
    ClMax = cl_max(p i) -> r;
    ClOrder = cl_order(w w) -> r;
    ClIdentical = cl_identical(w w) -> r;
    ClHash = cl_hash(w) -> r;
    ClRound = cl_round(i w) -> r;
    ClRoundTo = cl_round_to(w w) -> r;
    ClToInt = cl_to_int(w) -> r;
    ClToFloat = cl_to_float(w) -> r;
    ClStringToNumber = cl_string_to_number(w w) -> r;
    ClNumberToString = cl_number_to_string(w w) -> r;
    ClBitAnd = cl_bit_and(p i) -> r;
    ClBitOr = cl_bit_or(p i) -> r;
    ClBitXor = cl_bit_xor(p i) -> r;
    ClBitNot = cl_bit_not(w) -> r;
    ClShiftLeft = cl_shift_left(w w) -> r;
    ClShiftRight = cl_shift_right(w w) -> r;
    ClMath = cl_math(i w) -> r;
    ClMath2 = cl_math2(i w w) -> r;
    ClLog = cl_log(w w) -> r;
    ClGcd = cl_gcd(w w) -> r;
    ClFactorial = cl_factorial(w) -> r;
    ClTest = cl_test(i w) -> r;
    ClTypeOf = cl_type_of(w) -> r;
    ClStringLength = cl_string_length(w) -> r;
    ClStringConcat = cl_string_concat(p i) -> r;
    ClStr = cl_str(p i) -> r;
    ClToString = cl_to_string(w) -> r;
    ClPrStr = cl_pr_str(w) -> r;
    ClSubstring = cl_substring(w w w) -> r;
    ClStringRef = cl_string_ref(w w) -> r;
    ClStringIndexOf = cl_string_index_of(w w w) -> r;
    ClStringSplit = cl_string_split(w w) -> r;
    ClStringJoin = cl_string_join(w w) -> r;
    ClText = cl_text(i w) -> r;
    ClStringReplace = cl_string_replace(w w w) -> r;
    ClStringRepeat = cl_string_repeat(w w) -> r;
    ClPad = cl_pad(i w w w) -> r;
    ClTextTest = cl_text_test(i w w) -> r;
    ClStringEmpty = cl_string_empty(w) -> r;
    ClListToString = cl_list_to_string(w) -> r;
    ClCharToInt = cl_char_to_int(w) -> r;
    ClIntToChar = cl_int_to_char(w) -> r;
    ClFormat = cl_format(p i) -> r;
    ClNamed = cl_named(i w) -> r;
    /// `cl_cons(list, value)`: what nobody else holds is changed in place, here and where else an operand is consumed.
    ClCons = cl_cons(o w) -> r;
    /// `cl_cons_bound(value, list)`: the list alone if there is no value.
    ClConsBound = cl_cons_bound(w w) -> r;
    ClHead = cl_head(w) -> r;
    ClTail = cl_tail(o) -> r;
    /// `cl_push(list, value)`: the list with an item behind.
    ClPush = cl_push(o w) -> r;
    ClNthOf = cl_nth_of(i w) -> r;
    ClListEnd = cl_list_end(i w) -> r;
    ClNth = cl_nth(w w w) -> r;
    ClLength = cl_length(w) -> r;
    ClPart = cl_part(i w w) -> r;
    ClListSlice = cl_list_slice(w w w) -> r;
    ClAppend = cl_append(p i) -> r;
    ClReverse = cl_reverse(w) -> r;
    ClRange = cl_range(p i) -> r;
    ClFlatten = cl_flatten(w) -> r;
    ClSort = cl_sort(w) -> r;
    ClSortKeyed = cl_sort_keyed(w w) -> r;
    /// `cl_module(number, name, exports)`: the Module value of a module, whose exports are procedures that read them.
    ClModule = cl_module(w w w) -> r;
    ClModuleExports = cl_module_exports(w) -> r;
    /// `cl_with_sandbox(options, body)`: calls the body in a sandbox.
    ClWithSandbox = cl_with_sandbox(w w) -> r;
    /// `cl_observe(body, keeps_log)`: the value of the body, the labels that it performs, what it changes, its operations.
    ClObserve = cl_observe(w w) -> r;
    /// `cl_assigned([name], 1)`: takes note of a change of a variable.
    ClAssigned = cl_assigned(p i) -> r;
    /// `cl_with_seed(n, body)`: calls the body with the generator of random numbers seeded.
    ClWithSeed = cl_with_seed(w w) -> r;
    /// `cl_restrict(rules)`: what the command line grants, a rule a line.
    ClRestrict = cl_restrict(w) -> r;
    /// `cl_stop([number, variable ..], n)`: a place where a debugger may stop the program.
    ClStop = cl_stop(p i) -> r;
    /// `cl_may_import(path)`: `capability-denied` where no module may be required.
    ClMayImport = cl_may_import(w) -> r;
    ClUnique = cl_unique(w) -> r;
    ClTupleRef = cl_tuple_ref(w w) -> r;
    ClTuplePart = cl_tuple_part(i w) -> r;
    ClGet = cl_get(w w w) -> r;
    ClSet = cl_set(p i) -> r;
    ClDissoc = cl_dissoc(p i) -> r;
    ClHasKey = cl_has_key(w w) -> r;
    ClMapParts = cl_map_parts(i w) -> r;
    ClSize = cl_size(w) -> r;
    ClMerge = cl_merge(p i) -> r;
    ClSetAdd = cl_set_add(o w) -> r;
    ClSetRemove = cl_set_remove(o w) -> r;
    /// `cl_put(map, key, value)`, `cl_take_out(map, key)`, `cl_append_to(front, back)`: the functions of one entry, key and
    /// list.
    ClPut = cl_put(o w w) -> r;
    ClTakeOut = cl_take_out(o w) -> r;
    ClAppendTo = cl_append_to(o w) -> r;
    ClSetHas = cl_set_has(w w) -> r;
    ClSetUnion = cl_set_union(p i) -> r;
    ClSetIntersection = cl_set_intersection(p i) -> r;
    ClSetDifference = cl_set_difference(w w) -> r;
    ClSetSubset = cl_set_subset(w w) -> r;
    ClSetToList = cl_set_to_list(w) -> r;
    ClRefNew = cl_ref_new(w) -> r;
    ClDeref = cl_deref(w) -> r;
    ClRefSet = cl_ref_set(w w) -> r;
    ClWrongOperand = cl_wrong_operand(w w) -> r;
    ClTag = cl_tag(p i) -> r;
    ClTaggedTag = cl_tagged_tag(w) -> r;
    ClTaggedValues = cl_tagged_values(w) -> r;
    ClGensym = cl_gensym(w) -> r;
    /// `cl_parameters(procedure)`: operands that `curry` waits for.
    ClParameters = cl_parameters(w) -> r;
    ClReadString = cl_read_string(w) -> r;
    /// `cl_definition(procedure)`: what the compiler says of its definition, a text.
    ClDefinition = cl_definition(w) -> r;
    // Program graphs, in JSON.
    /// `cl_graph_parse(text)`.
    ClGraphParse = cl_graph_parse(w) -> r;
    ClGraphSource = cl_graph_source(w) -> r;
    ClGraphHash = cl_graph_hash(w) -> r;
    /// `cl_graph_query(graph, pattern)`.
    ClGraphQuery = cl_graph_query(w w) -> r;
    /// `cl_graph_rewrite(graph, rules)`: pairs of texts, in JSON too.
    ClGraphRewrite = cl_graph_rewrite(w w) -> r;
    /// `cl_graph_effects(graph, rows)`: rows of functions of the library by their names, in JSON too.
    ClGraphEffects = cl_graph_effects(w w) -> r;
    ClStringToBytes = cl_string_to_bytes(w) -> r;
    ClBytesToString = cl_bytes_to_string(w) -> r;
    ClBase64Encode = cl_base64_encode(w) -> r;
    ClBase64Decode = cl_base64_decode(w) -> r;
    ClGetErrors = cl_get_errors(p i) -> r;
    ClClearErrors = cl_clear_errors(p i) -> r;
    ClOpenFile = cl_open_file(p i) -> r;
    ClCloseFile = cl_close_file(p i) -> r;
    ClReadFile = cl_read_file(p i) -> r;
    ClWriteFile = cl_write_file(p i) -> r;
    ClAppendFile = cl_append_file(p i) -> r;
    ClFileExists = cl_file_exists(p i) -> r;
    ClDeleteFile = cl_delete_file(p i) -> r;
    ClListDir = cl_list_dir(p i) -> r;
    ClMakeDir = cl_make_dir(p i) -> r;
    ClCwd = cl_cwd(p i) -> r;
    ClStateGet = cl_state_get(p i) -> r;
    ClStateSet = cl_state_set(p i) -> r;
    ClStateUpdate = cl_state_update(p i) -> r;
    ClStateDelete = cl_state_delete(p i) -> r;
    ClStateHas = cl_state_has(p i) -> r;
    ClStateClear = cl_state_clear(p i) -> r;
    ClStateBegin = cl_state_begin(p i) -> r;
    ClStateCommit = cl_state_commit(p i) -> r;
    ClStateRollback = cl_state_rollback(p i) -> r;
    ClStateTransaction = cl_state_transaction(p i) -> r;
    ClSleep = cl_sleep(p i) -> r;
    ClRandomFloat = cl_random_float(p i) -> r;
    ClRandomInt = cl_random_int(p i) -> r;
    ClRandomBool = cl_random_bool(p i) -> r;
    ClRandomChoice = cl_random_choice(p i) -> r;
    ClRandomShuffle = cl_random_shuffle(p i) -> r;
    ClRandomSeed = cl_random_seed(p i) -> r;
    ClLogLine = cl_log_line(p i) -> r;
    ClJsonParse = cl_json_parse(w w) -> r;
    ClJsonStringify = cl_json_stringify(w w) -> r;
    ClRegex = cl_regex(w w) -> r;
    ClRegexMatch = cl_regex_match(w w) -> r;
    ClRegexFind = cl_regex_find(w w) -> r;
    ClRegexFindAll = cl_regex_find_all(w w) -> r;
    ClRegexReplace = cl_regex_replace(w w w) -> r;
    ClRegexSplit = cl_regex_split(w w) -> r;
    ClRegexEscape = cl_regex_escape(w) -> r;
    ClDateOf = cl_date_of(w) -> r;
    ClDateFromTimestamp = cl_date_from_timestamp(i w) -> r;
    ClDateToTimestamp = cl_date_to_timestamp(w) -> r;
    ClDateToUtc = cl_date_to_utc(w) -> r;
    ClDatePart = cl_date_part(i w) -> r;
    ClDateShift = cl_date_shift(w w) -> r;
    ClDateAddMonths = cl_date_add_months(w w) -> r;
    ClDateFormat = cl_date_format(w w) -> r;
    ClDateIsoFormat = cl_date_iso_format(w) -> r;
    ClDateParse = cl_date_parse(w w) -> r;
    ClTimeToString = cl_time_to_string(w) -> r;
    // Tasks, promises, channels, actors.
    ClAsyncPromise = cl_async_promise(p i) -> r;
    ClAsyncResolve = cl_async_resolve(p i) -> r;
    ClAsyncReject = cl_async_reject(p i) -> r;
    ClAwait = cl_await(p i) -> r;
    ClAsyncThen = cl_async_then(p i) -> r;
    ClAsyncAll = cl_async_all(p i) -> r;
    ClAsyncRace = cl_async_race(p i) -> r;
    ClAsyncAny = cl_async_any(p i) -> r;
    ClAsyncDelay = cl_async_delay(p i) -> r;
    ClAsyncState = cl_async_state(p i) -> r;
    ClCancel = cl_cancel(p i) -> r;
    ClYield = cl_yield(p i) -> r;
    ClChannel = cl_channel(p i) -> r;
    ClChannelSend = cl_channel_send(p i) -> r;
    ClChannelReceive = cl_channel_receive(p i) -> r;
    ClClose = cl_close(p i) -> r;
    ClGo = cl_go(p i) -> r;
    ClJoin = cl_join(p i) -> r;
    ClChannelSelect = cl_channel_select(p i) -> r;
    ClMutex = cl_mutex(p i) -> r;
    ClSemaphore = cl_semaphore(p i) -> r;
    ClBarrier = cl_barrier(p i) -> r;
    ClLock = cl_lock(p i) -> r;
    ClAcquire = cl_acquire(p i) -> r;
    ClUnlock = cl_unlock(p i) -> r;
    ClRelease = cl_release(p i) -> r;
    ClArrive = cl_arrive(p i) -> r;
    ClPool = cl_pool(p i) -> r;
    ClSubmit = cl_submit(p i) -> r;
    ClParallel = cl_parallel(p i) -> r;
    ClPromiseAll = cl_promise_all(p i) -> r;
    ClPromiseRace = cl_promise_race(p i) -> r;
    ClSelect = cl_select(p i) -> r;
    /// `cl_start_task(procedure)`: the promise of its value.
    ClStartTask = cl_start_task(w) -> r;
    /// `cl_timeout(milliseconds, promise, default)`.
    ClTimeout = cl_timeout(w w w) -> r;
    ClSendTo = cl_send_to(w w) -> r;
    ClRecv = cl_recv(w w) -> r;
    ClReceiveFrom = cl_receive_from(w) -> r;
    ClTrySend = cl_try_send(w w) -> r;
    ClTryRecv = cl_try_recv(w) -> r;
    ClIsClosed = cl_is_closed(w) -> r;
    /// What the last `cl_select` of the task received.
    ClSelected = cl_selected() -> r;
    /// `cl_actor(state, procedure, options)`.
    ClActor = cl_actor(w w w) -> r;
    ClTell = cl_tell(w w) -> r;
    /// `cl_ask(actor, message, seconds)`.
    ClAsk = cl_ask(w w w) -> r;
    ClBecome = cl_become(w) -> r;
    ClSelf = cl_self() -> r;
    ClStopActor = cl_stop_actor(w) -> r;
    /// `cl_take(procedure, milliseconds, late)`: what the procedure makes of the first message that it does not answer with
    /// false.
    ClTake = cl_take(w w w) -> r;
    // While macros run.
    /// `cl_from(origin, value)`: the symbol or list as one that is known to come from a template.
    ClFrom = cl_from(i w) -> r;
    /// In the place of default handlers and assignments of variables of modules.
    ClRefuse = cl_refuse(p i) -> r;
    /// `cl_expect(kinds, value, type)`: raises `type-error` unless the value passes one of the tests of [`RtFn::ClTest`]
    /// whose bits are set.
    ClExpect = cl_expect(i w w) -> r;
    // Between languages.
    /// `cl_from_python(value)`: a value of Python as ClaudeLang sees it.
    ClFromPython = cl_from_python(w) -> r;
    /// `cl_to_python(value)`: a value of ClaudeLang as Python sees it.
    ClToPython = cl_to_python(w) -> r;
}
