//! The machine that code is for, and the way of a function there.

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable, Flags};

use crate::{CodeOptions, EngineError, remat};

/// The machine this runs on.
pub struct Target {
    /// Takes functions as they are.
    pub isa: OwnedTargetIsa,
    /// Optimises them before, if that is asked for.
    optimising: Option<OwnedTargetIsa>,
}

impl Target {
    pub fn new(options: CodeOptions, pic: bool) -> Result<Target, EngineError> {
        let isa = |level: &str| {
            let builder = cranelift_native::builder().map_err(|e| EngineError::Host(e.to_string()))?;
            builder.finish(flags(options, pic, level)).map_err(|e| EngineError::Host(e.to_string()))
        };
        let optimising = if options.optimise { Some(isa("speed")?) } else { None };
        Ok(Target { isa: isa("none")?, optimising })
    }

    /// Machine code of a function; the text of the error if it is refused.
    pub fn compile(&self, context: &mut Context, plane: &mut ControlPlane) -> Result<(), String> {
        if let Some(optimising) = &self.optimising {
            context.optimize(&**optimising, plane).map_err(|e| format!("{e:?}"))?;
            remat::run(&mut context.func);
        }
        context.compile(&*self.isa, plane).map(drop).map_err(|e| format!("{:?}", e.inner))
    }
}

fn flags(options: CodeOptions, pic: bool, level: &str) -> Flags {
    let mut b = settings::builder();
    let mut set = |k: &str, v: &str| b.set(k, v).expect("a setting of this Cranelift version");
    set("opt_level", level);
    set("is_pic", if pic { "true" } else { "false" });
    set("enable_verifier", if options.verify { "true" } else { "false" });
    set("unwind_info", "false");
    set("enable_probestack", "false");
    Flags::new(b)
}
