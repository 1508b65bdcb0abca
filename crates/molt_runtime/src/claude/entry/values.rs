//! What a program asks of values by name while it runs: tagged values, fresh symbols, the parameters of procedures.

use molt_abi::layout::CodeDesc;
use molt_abi::{ClassId, Ret, Word};

use super::super::kind::kind_of;
use super::super::{Kind, list, seam, symbol, tagged};
use super::{expect, wrong_type};
use crate::entry::{entries, ret, words};
use crate::function::code_of;
use crate::{Isolate, Owned, PyResult};

/// `(tag name x ..)`: the value that the constructor of this name and number of fields makes.
fn tag(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = symbol::text_of(expect(rt, args[0], Kind::Symbol, "tag")?).into_owned();
    let class = rt.constructor_class(&name, args.len() - 1);
    Ok(tagged::new(rt, class, args[1..].iter().map(|&w| Owned::share(w))))
}

fn tagged_tag(rt: &mut Isolate, w: Word) -> PyResult {
    expect(rt, w, Kind::Tagged, "tagged-tag")?;
    let name = tagged::name(rt, rt.class_of(w));
    Ok(Owned::share(rt.symbol_of(ClassId::SYMBOL, name)))
}

fn tagged_values(rt: &mut Isolate, w: Word) -> PyResult {
    expect(rt, w, Kind::Tagged, "tagged-values")?;
    let fields = tagged::fields(rt, w);
    Ok(list::from_words(rt, fields))
}

/// How many operands `curry` waits for: those that a procedure must have, and two where it takes any number, as the
/// arithmetic functions do.
fn parameters(rt: &mut Isolate, f: Word) -> PyResult {
    let count = match (kind_of(rt, f), rt.class_of(f)) {
        (Kind::Procedure, ClassId::FUNCTION) => {
            let code = code_of(f);
            let least = (code.arg_count - code.optional) as i64;
            if code.flags & CodeDesc::VARARGS != 0 { least.max(2) } else { least }
        }
        (Kind::Procedure | Kind::Keyword, _) => 1,
        _ => return Err(wrong_type(rt, "curry", "a procedure", f)),
    };
    Ok(Owned::small(count))
}

entries! {
    cl_tag(rt, args: *const Word, n: u64) -> Ret { ret(tag(rt, words(args, n))) }
    cl_tagged_tag(rt, w: Word) -> Ret { ret(tagged_tag(rt, w)) }
    cl_tagged_values(rt, w: Word) -> Ret { ret(tagged_values(rt, w)) }
    cl_parameters(rt, f: Word) -> Ret { ret(parameters(rt, f)) }
    cl_from_python(rt, w: Word) -> Ret {
        rt.claude.attribute = Some(seam::attribute);
        ret(seam::to_claude(rt, w))
    }
    cl_to_python(rt, w: Word) -> Ret {
        rt.claude.attribute = Some(seam::attribute);
        ret(seam::to_python(rt, w))
    }
}
