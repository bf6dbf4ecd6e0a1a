//! Prints what a YAML reader for Rust reads: one JSON array with the value of each file. `tests/manifests/run` compares it with
//! what kubectl and `PyYAML` read in the same files.
#![expect(clippy::disallowed_methods, reason = "a test tool that reads files")]

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
};

fn main() -> Result<(), Box<dyn Error>> {
    let read = |file: String| -> Result<serde_json::Value, Box<dyn Error>> {
        let text = fs::read_to_string(&file)?;
        serde_yaml::from_str(&text).map_err(|error| format!("{file}: {error}").into())
    };
    let values = env::args().skip(1).map(read).collect::<Result<Vec<_>, _>>()?;
    writeln!(io::stdout(), "{}", serde_json::Value::from(values))?;
    Ok(())
}
