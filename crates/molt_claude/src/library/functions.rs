//! The native functions of section 12 of the reference.

use molt_abi::{Predicate, RtFn};
use molt_ir::{BinaryOp, CompareOp};

use super::{Builtin, Code};

const fn row(name: &'static str, least: u8, most: Option<u8>, code: Code) -> Builtin {
    Builtin { name, least, most, code, value: None }
}

/// A function of so many operands.
const fn exact(name: &'static str, count: u8, code: Code) -> Builtin {
    row(name, count, Some(count), code)
}

const fn rt(name: &'static str, count: u8, function: RtFn) -> Builtin {
    exact(name, count, Code::Rt(function))
}

/// A function of which the last operands may be absent.
const fn optional(name: &'static str, least: u8, most: u8, function: RtFn) -> Builtin {
    row(name, least, Some(most), Code::Rt(function))
}

const fn many(name: &'static str, least: u8, function: RtFn) -> Builtin {
    row(name, least, None, Code::Many(function))
}

/// A function whose value is another function, written in the language itself.
const fn folded(name: &'static str, least: u8, code: Code, value: &'static str) -> Builtin {
    Builtin { name, least, most: None, code, value: Some(value) }
}

const fn math(name: &'static str, index: u8) -> Builtin {
    exact(name, 1, Code::Family(RtFn::ClMath, index))
}

const fn test(name: &'static str, predicate: Predicate) -> Builtin {
    exact(name, 1, Code::Family(RtFn::ClTest, predicate as u8))
}

use BinaryOp::{Add, FloorDiv, Mod, Mul};
use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};

/// All rows; a name occurs once.
pub const BUILTINS: &[Builtin] = &[
    // Arithmetic.
    folded("+", 0, Code::Binary(Add), "%add"),
    folded("*", 0, Code::Binary(Mul), "%multiply"),
    folded("-", 1, Code::Minus, "%subtract"),
    folded("/", 1, Code::Divide, "%divide"),
    exact("quot", 2, Code::Binary(FloorDiv)),
    rt("rem", 2, RtFn::ClRem),
    exact("mod", 2, Code::Binary(Mod)),
    exact("%", 2, Code::Binary(Mod)),
    rt("abs", 1, RtFn::ClAbs),
    rt("sign", 1, RtFn::ClSign),
    many("min", 1, RtFn::ClMin),
    many("max", 1, RtFn::ClMax),
    // Comparison.
    folded("=", 1, Code::Compare(Eq), "%equal"),
    folded("==", 1, Code::Compare(Eq), "%equal"),
    folded("equal?", 1, Code::Compare(Eq), "%equal"),
    exact("!=", 2, Code::Compare(Ne)),
    exact("not=", 2, Code::Compare(Ne)),
    folded("<", 1, Code::Compare(Lt), "%less"),
    folded(">", 1, Code::Compare(Gt), "%greater"),
    folded("<=", 1, Code::Compare(Le), "%at-most"),
    folded(">=", 1, Code::Compare(Ge), "%at-least"),
    rt("compare", 2, RtFn::ClOrder),
    rt("identical?", 2, RtFn::ClIdentical),
    rt("hash", 1, RtFn::ClHash),
    exact("not", 1, Code::Not),
    // Rounding and conversion.
    exact("floor", 1, Code::Family(RtFn::ClRound, 0)),
    exact("ceil", 1, Code::Family(RtFn::ClRound, 1)),
    exact("round", 1, Code::Family(RtFn::ClRound, 2)),
    exact("trunc", 1, Code::Family(RtFn::ClRound, 3)),
    rt("round-to", 2, RtFn::ClRoundTo),
    rt("to-int", 1, RtFn::ClToInt),
    rt("to-float", 1, RtFn::ClToFloat),
    optional("string->number", 1, 2, RtFn::ClStringToNumber),
    optional("number->string", 1, 2, RtFn::ClNumberToString),
    // Bits.
    many("bit-and", 1, RtFn::ClBitAnd),
    many("bit-or", 1, RtFn::ClBitOr),
    many("bit-xor", 1, RtFn::ClBitXor),
    rt("bit-not", 1, RtFn::ClBitNot),
    rt("bit-shift-left", 2, RtFn::ClShiftLeft),
    rt("bit-shift-right", 2, RtFn::ClShiftRight),
    // Mathematics; the order is that of the runtime's table.
    math("sin", 0),
    math("cos", 1),
    math("tan", 2),
    math("asin", 3),
    math("acos", 4),
    math("atan", 5),
    math("sinh", 6),
    math("cosh", 7),
    math("tanh", 8),
    math("exp", 9),
    math("ln", 10),
    math("log10", 11),
    math("log2", 12),
    math("sqrt", 13),
    math("cbrt", 14),
    math("degrees", 15),
    math("radians", 16),
    optional("log", 1, 2, RtFn::ClLog),
    exact("atan2", 2, Code::Family(RtFn::ClMath2, 0)),
    exact("pow", 2, Code::Family(RtFn::ClMath2, 1)),
    exact("hypot", 2, Code::Family(RtFn::ClMath2, 2)),
    exact("pi", 0, Code::Constant(std::f64::consts::PI)),
    exact("e", 0, Code::Constant(std::f64::consts::E)),
    exact("tau", 0, Code::Constant(std::f64::consts::TAU)),
    rt("gcd", 2, RtFn::ClGcd),
    rt("factorial", 1, RtFn::ClFactorial),
    // Predicates.
    test("int?", Predicate::Int),
    test("float?", Predicate::Float),
    test("number?", Predicate::Number),
    test("nan?", Predicate::Nan),
    test("infinite?", Predicate::Infinite),
    test("zero?", Predicate::Zero),
    test("positive?", Predicate::Positive),
    test("negative?", Predicate::Negative),
    test("even?", Predicate::Even),
    test("odd?", Predicate::Odd),
    test("bool?", Predicate::Bool),
    test("nil?", Predicate::Nil),
    test("null?", Predicate::Null),
    test("string?", Predicate::String),
    test("symbol?", Predicate::Symbol),
    test("keyword?", Predicate::Keyword),
    test("bytes?", Predicate::Bytes),
    test("list?", Predicate::List),
    test("vector?", Predicate::List),
    test("map?", Predicate::Map),
    test("set?", Predicate::Set),
    test("tuple?", Predicate::Tuple),
    test("function?", Predicate::Procedure),
    test("procedure?", Predicate::Procedure),
    test("ref?", Predicate::Ref),
    test("promise?", Predicate::Promise),
    test("channel?", Predicate::Channel),
    test("actor?", Predicate::Actor),
    test("error?", Predicate::Error),
    test("tagged?", Predicate::Tagged),
    test("empty?", Predicate::Empty),
    rt("type-of", 1, RtFn::ClTypeOf),
    // Text.
    rt("string-length", 1, RtFn::ClStringLength),
    many("string-concat", 0, RtFn::ClStringConcat),
    many("string-append", 0, RtFn::ClStringConcat),
    many("concat", 0, RtFn::ClStringConcat),
    many("str", 0, RtFn::ClStr),
    rt("to-string", 1, RtFn::ClToString),
    rt("pr-str", 1, RtFn::ClPrStr),
    optional("substring", 2, 3, RtFn::ClSubstring),
    optional("string-slice", 2, 3, RtFn::ClSubstring),
    rt("string-ref", 2, RtFn::ClStringRef),
    rt("char-at", 2, RtFn::ClStringRef),
    optional("string-index-of", 2, 3, RtFn::ClStringIndexOf),
    rt("string-split", 2, RtFn::ClStringSplit),
    rt("string-join", 2, RtFn::ClStringJoin),
    exact("string-lines", 1, Code::Family(RtFn::ClText, 0)),
    exact("string-trim", 1, Code::Family(RtFn::ClText, 1)),
    exact("string-trim-start", 1, Code::Family(RtFn::ClText, 2)),
    exact("string-trim-end", 1, Code::Family(RtFn::ClText, 3)),
    exact("string-upcase", 1, Code::Family(RtFn::ClText, 4)),
    exact("string-upper", 1, Code::Family(RtFn::ClText, 4)),
    exact("string-downcase", 1, Code::Family(RtFn::ClText, 5)),
    exact("string-lower", 1, Code::Family(RtFn::ClText, 5)),
    exact("string-capitalize", 1, Code::Family(RtFn::ClText, 6)),
    exact("string-reverse", 1, Code::Family(RtFn::ClText, 7)),
    exact("string->list", 1, Code::Family(RtFn::ClText, 8)),
    rt("string-replace", 3, RtFn::ClStringReplace),
    rt("string-repeat", 2, RtFn::ClStringRepeat),
    row("string-pad-left", 2, Some(3), Code::Family(RtFn::ClPad, 0)),
    row("string-pad-right", 2, Some(3), Code::Family(RtFn::ClPad, 1)),
    exact("string-contains?", 2, Code::Family(RtFn::ClTextTest, 0)),
    exact("string-starts-with?", 2, Code::Family(RtFn::ClTextTest, 1)),
    exact("string-ends-with?", 2, Code::Family(RtFn::ClTextTest, 2)),
    rt("string-empty?", 1, RtFn::ClStringEmpty),
    rt("list->string", 1, RtFn::ClListToString),
    rt("char->int", 1, RtFn::ClCharToInt),
    rt("int->char", 1, RtFn::ClIntToChar),
    many("format", 1, RtFn::ClFormat),
    exact("symbol->string", 1, Code::Family(RtFn::ClNamed, 0)),
    exact("string->symbol", 1, Code::Family(RtFn::ClNamed, 1)),
    exact("keyword->string", 1, Code::Family(RtFn::ClNamed, 2)),
    exact("string->keyword", 1, Code::Family(RtFn::ClNamed, 3)),
    optional("gensym", 0, 1, RtFn::ClGensym),
    rt("read-string", 1, RtFn::ClReadString),
    rt("%definition", 1, RtFn::ClDefinition),
    rt("%graph-parse", 1, RtFn::ClGraphParse),
    rt("%graph-source", 1, RtFn::ClGraphSource),
    rt("%graph-hash", 1, RtFn::ClGraphHash),
    rt("%graph-query", 2, RtFn::ClGraphQuery),
    rt("%graph-rewrite", 2, RtFn::ClGraphRewrite),
    rt("%graph-effects", 2, RtFn::ClGraphEffects),
    exact("%rows", 0, Code::Rows),
    rt("string->bytes", 1, RtFn::ClStringToBytes),
    rt("bytes->string", 1, RtFn::ClBytesToString),
    rt("base64-encode", 1, RtFn::ClBase64Encode),
    rt("base64-decode", 1, RtFn::ClBase64Decode),
    // Lists.
    row("list", 0, None, Code::List),
    row("vector", 0, None, Code::List),
    exact("cons", 2, Code::Onto(RtFn::ClCons)),
    rt("head", 1, RtFn::ClHead),
    rt("car", 1, RtFn::ClHead),
    rt("first", 1, RtFn::ClHead),
    exact("tail", 1, Code::Own(RtFn::ClTail)),
    exact("cdr", 1, Code::Own(RtFn::ClTail)),
    exact("rest", 1, Code::Own(RtFn::ClTail)),
    exact("second", 1, Code::Family(RtFn::ClNthOf, 1)),
    exact("third", 1, Code::Family(RtFn::ClNthOf, 2)),
    exact("last", 1, Code::Family(RtFn::ClListEnd, 0)),
    exact("init", 1, Code::Family(RtFn::ClListEnd, 1)),
    optional("nth", 2, 3, RtFn::ClNth),
    optional("list-ref", 2, 3, RtFn::ClNth),
    rt("length", 1, RtFn::ClLength),
    exact("take", 2, Code::Family(RtFn::ClPart, 0)),
    exact("drop", 2, Code::Family(RtFn::ClPart, 1)),
    optional("list-slice", 2, 3, RtFn::ClListSlice),
    many("append", 0, RtFn::ClAppend),
    rt("reverse", 1, RtFn::ClReverse),
    rt("list-reverse", 1, RtFn::ClReverse),
    many("range", 1, RtFn::ClRange),
    rt("flatten", 1, RtFn::ClFlatten),
    rt("list-flatten", 1, RtFn::ClFlatten),
    rt("sort", 1, RtFn::ClSort),
    rt("list-sort", 1, RtFn::ClSort),
    rt("unique", 1, RtFn::ClUnique),
    rt("list-unique", 1, RtFn::ClUnique),
    // Tuples and tagged values.
    row("tuple", 0, None, Code::Tuple),
    rt("tuple-ref", 2, RtFn::ClTupleRef),
    exact("fst", 1, Code::Family(RtFn::ClTuplePart, 0)),
    exact("snd", 1, Code::Family(RtFn::ClTuplePart, 1)),
    exact("tuple->list", 1, Code::Family(RtFn::ClTuplePart, 2)),
    many("tag", 1, RtFn::ClTag),
    many("make-tagged", 1, RtFn::ClTag),
    rt("tagged-tag", 1, RtFn::ClTaggedTag),
    rt("tagged-values", 1, RtFn::ClTaggedValues),
    // Maps.
    many("hash-map", 0, RtFn::ClMapOf),
    many("dict-new", 0, RtFn::ClMapOf),
    many("make-map", 0, RtFn::ClMapOf),
    rt("hash-map-of", 1, RtFn::ClMapOfList),
    optional("get", 2, 3, RtFn::ClGet),
    rt("module-exports", 1, RtFn::ClModuleExports),
    optional("dict-get", 2, 3, RtFn::ClGet),
    optional("dict-get-or", 2, 3, RtFn::ClGet),
    optional("map-get", 2, 3, RtFn::ClGet),
    many("set", 3, RtFn::ClSet),
    many("assoc", 3, RtFn::ClSet),
    many("dict-set", 3, RtFn::ClSet),
    many("map-set", 3, RtFn::ClSet),
    many("dissoc", 1, RtFn::ClDissoc),
    many("dict-remove", 1, RtFn::ClDissoc),
    many("map-remove", 1, RtFn::ClDissoc),
    rt("has-key?", 2, RtFn::ClHasKey),
    rt("dict-has?", 2, RtFn::ClHasKey),
    rt("dict-contains?", 2, RtFn::ClHasKey),
    rt("map-has?", 2, RtFn::ClHasKey),
    exact("keys", 1, Code::Family(RtFn::ClMapParts, 0)),
    exact("dict-keys", 1, Code::Family(RtFn::ClMapParts, 0)),
    exact("map-keys", 1, Code::Family(RtFn::ClMapParts, 0)),
    exact("vals", 1, Code::Family(RtFn::ClMapParts, 1)),
    exact("dict-values", 1, Code::Family(RtFn::ClMapParts, 1)),
    exact("map-values", 1, Code::Family(RtFn::ClMapParts, 1)),
    exact("entries", 1, Code::Family(RtFn::ClMapParts, 2)),
    exact("dict-items", 1, Code::Family(RtFn::ClMapParts, 2)),
    exact("dict->list", 1, Code::Family(RtFn::ClMapParts, 2)),
    rt("size", 1, RtFn::ClSize),
    rt("dict-size", 1, RtFn::ClSize),
    many("merge", 0, RtFn::ClMerge),
    many("dict-merge", 0, RtFn::ClMerge),
    many("map-merge", 0, RtFn::ClMerge),
    // Sets.
    many("set-new", 0, RtFn::ClSetOf),
    rt("list->set", 1, RtFn::ClSetOfList),
    rt("set-from-list", 1, RtFn::ClSetOfList),
    exact("set-add", 2, Code::Own(RtFn::ClSetAdd)),
    exact("set-remove", 2, Code::Own(RtFn::ClSetRemove)),
    rt("set-has?", 2, RtFn::ClSetHas),
    rt("set-contains?", 2, RtFn::ClSetHas),
    many("set-union", 0, RtFn::ClSetUnion),
    many("set-intersection", 1, RtFn::ClSetIntersection),
    rt("set-difference", 2, RtFn::ClSetDifference),
    rt("set-subset?", 2, RtFn::ClSetSubset),
    rt("set-size", 1, RtFn::ClSize),
    rt("set-to-list", 1, RtFn::ClSetToList),
    rt("set->list", 1, RtFn::ClSetToList),
    // References.
    rt("ref", 1, RtFn::ClRefNew),
    rt("atom", 1, RtFn::ClRefNew),
    rt("deref", 1, RtFn::ClDeref),
    rt("ref-set!", 2, RtFn::ClRefSet),
    rt("reset!", 2, RtFn::ClRefSet),
    // Effects.
    rt("discontinue", 2, RtFn::ClDiscontinue),
    rt("perform*", 3, RtFn::ClPerformNamed),
    // JSON.
    optional("json-parse", 1, 2, RtFn::ClJsonParse),
    optional("json-stringify", 1, 2, RtFn::ClJsonStringify),
    // Regular expressions.
    optional("regex", 1, 2, RtFn::ClRegex),
    rt("regex-match?", 2, RtFn::ClRegexMatch),
    rt("regex-find", 2, RtFn::ClRegexFind),
    rt("regex-find-all", 2, RtFn::ClRegexFindAll),
    rt("regex-split", 2, RtFn::ClRegexSplit),
    rt("regex-escape", 1, RtFn::ClRegexEscape),
    // Dates; the order of the parts is that of the runtime's table.
    exact("datetime:from-timestamp", 1, Code::Family(RtFn::ClDateFromTimestamp, 0)),
    rt("datetime:to-timestamp", 1, RtFn::ClDateToTimestamp),
    rt("datetime:to-utc", 1, RtFn::ClDateToUtc),
    rt("datetime:add-seconds", 2, RtFn::ClDateShift),
    rt("datetime:add-months", 2, RtFn::ClDateAddMonths),
    rt("datetime:format", 2, RtFn::ClDateFormat),
    rt("datetime:iso-format", 1, RtFn::ClDateIsoFormat),
    rt("datetime:parse", 2, RtFn::ClDateParse),
    rt("time->string", 1, RtFn::ClTimeToString),
    exact("datetime:year", 1, Code::Family(RtFn::ClDatePart, 0)),
    exact("datetime:month", 1, Code::Family(RtFn::ClDatePart, 1)),
    exact("datetime:day", 1, Code::Family(RtFn::ClDatePart, 2)),
    exact("datetime:hour", 1, Code::Family(RtFn::ClDatePart, 3)),
    exact("datetime:minute", 1, Code::Family(RtFn::ClDatePart, 4)),
    exact("datetime:second", 1, Code::Family(RtFn::ClDatePart, 5)),
    exact("datetime:weekday", 1, Code::Family(RtFn::ClDatePart, 6)),
    exact("time-year", 1, Code::Family(RtFn::ClDatePart, 7)),
    exact("time-month", 1, Code::Family(RtFn::ClDatePart, 8)),
    exact("time-day", 1, Code::Family(RtFn::ClDatePart, 9)),
    exact("time-hour", 1, Code::Family(RtFn::ClDatePart, 10)),
    exact("time-minute", 1, Code::Family(RtFn::ClDatePart, 11)),
    exact("time-second", 1, Code::Family(RtFn::ClDatePart, 12)),
    exact("time-weekday", 1, Code::Family(RtFn::ClDatePart, 13)),
    // Tasks, channels, actors.
    many("promise-all", 0, RtFn::ClPromiseAll),
    many("promise-race", 0, RtFn::ClPromiseRace),
    optional("timeout", 2, 3, RtFn::ClTimeout),
    rt("send!", 2, RtFn::ClSendTo),
    optional("recv!", 1, 2, RtFn::ClRecv),
    rt("receive!", 1, RtFn::ClReceiveFrom),
    rt("try-send!", 2, RtFn::ClTrySend),
    rt("try-recv!", 1, RtFn::ClTryRecv),
    rt("closed?", 1, RtFn::ClIsClosed),
    optional("actor", 2, 3, RtFn::ClActor),
    rt("!", 2, RtFn::ClTell),
    optional("ask", 2, 3, RtFn::ClAsk),
    rt("become", 1, RtFn::ClBecome),
    rt("self", 0, RtFn::ClSelf),
    rt("stop!", 1, RtFn::ClStopActor),
    // Inside.
    rt("%async", 1, RtFn::ClStartTask),
    many("%parallel", 0, RtFn::ClParallel),
    many("%select", 2, RtFn::ClSelect),
    rt("%selected", 0, RtFn::ClSelected),
    rt("%take", 3, RtFn::ClTake),
    rt("%date-of", 1, RtFn::ClDateOf),
    exact("%utc-of", 1, Code::Family(RtFn::ClDateFromTimestamp, 1)),
    optional("%parse-iso", 1, 2, RtFn::ClDateParse),
    rt("%regex-expand", 3, RtFn::ClRegexReplace),
    rt("%apply", 2, RtFn::ClApply),
    exact("%push", 2, Code::Own(RtFn::ClPush)),
    rt("%parameters", 1, RtFn::ClParameters),
    rt("%from-python", 1, RtFn::ClFromPython),
    rt("%to-python", 1, RtFn::ClToPython),
    rt("%wrong-operand", 2, RtFn::ClWrongOperand),
    rt("%sort-keyed", 2, RtFn::ClSortKeyed),
    rt("%module", 3, RtFn::ClModule),
    many("%stop", 1, RtFn::ClStop),
    rt("%with-sandbox", 2, RtFn::ClWithSandbox),
    rt("%observe", 2, RtFn::ClObserve),
    rt("%with-seed", 2, RtFn::ClWithSeed),
    rt("%may-import", 1, RtFn::ClMayImport),
];

/// The function that consumes its first operand and does the same as one of any number of operands does for this number.
pub fn owning(function: RtFn, count: usize) -> Option<RtFn> {
    match (function, count) {
        (RtFn::ClSet, 3) => Some(RtFn::ClPut),
        (RtFn::ClDissoc, 2) => Some(RtFn::ClTakeOut),
        (RtFn::ClAppend, 2) => Some(RtFn::ClAppendTo),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_occurs_once_and_runtime_functions_take_the_operands() {
        let mut seen = HashSet::new();
        for b in BUILTINS {
            assert!(seen.insert(b.name), "{}", b.name);
            let taken = match b.code {
                Code::Rt(f) | Code::Own(f) | Code::Onto(f) => Some((f, b.most.map(usize::from))),
                Code::Family(f, _) => Some((f, b.most.map(|m| usize::from(m) + 1))),
                Code::Many(f) => Some((f, Some(2))),
                _ => None,
            };
            if let Some((f, count)) = taken {
                assert_eq!(Some(f.sig().params.len()), count, "{}", b.name);
            }
        }
    }
}
