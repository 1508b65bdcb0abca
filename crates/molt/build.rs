//! How the executable is linked.

fn main() {
    // At a fixed address the tables of pointers need no changes when the program starts, which saves the time and the
    // memory of a megabyte of them. What it loads at run time, it still loads anywhere.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
