//! Tells the gate which build its counts are of: those of another one say nothing about it.

use std::env::var_os;
use std::process::Command;

fn main() {
    let of = |name: &str| var_os(name).expect("cargo sets it");
    let version = Command::new(of("RUSTC")).arg("--version").output();
    let version = version.expect("the compiler says its version").stdout;
    let version = String::from_utf8_lossy(&version);
    let [target, profile] = ["TARGET", "PROFILE"].map(|name| of(name).display().to_string());
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-env=SLUICEBOX_BUILD={}, {target}, {profile}",
        version.trim()
    );
}
