//! What no lint can say of the source.

use std::{fs, path::Path};

/// The files of `src` that hold a text.
fn holding(text: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (Vec::new(), vec![root.join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).unwrap().contains(text) {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn one_module_emits_yaml() {
    assert_eq!(holding("serde_saphyr::"), ["src/yaml/mod.rs"]);
}

#[test]
fn only_the_command_line_knows_files_and_anyhow() {
    for text in ["anyhow::", "fs::write", "fs::remove", "fs::rename", "fs::read"] {
        let files = holding(text);
        assert!(!files.is_empty(), "{text} is a typing error");
        assert!(
            files.iter().all(|file| file.starts_with("src/cli/")),
            "{text}: {files:?}"
        );
    }
}
