//! Single changes after which everything is still well. They are in `sound.yaml`, so that a row is added without a build.

use std::{fs, path::Path, sync::LazyLock};

use serde::Deserialize;

use super::{Edit, edits, hold, sound};

/// The changes of one file of a layout.
#[derive(Deserialize)]
struct Changes {
    layout: String,
    #[serde(default)]
    file: String,
    edits: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    from: String,
    to: String,
}

static TABLE: LazyLock<Vec<Changes>> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/sound.yaml");
    serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap()
});

/// All changes of the table, of the layouts that are asked for.
fn changes(layouts: fn(&str) -> bool) -> Vec<Edit> {
    let files = TABLE.iter().filter(|file| layouts(&file.layout));
    let rows = files.flat_map(|file| file.edits.iter().map(move |edit| (file, edit)));
    rows.map(|(file, edit)| sound(&file.layout, &file.file, &edit.from, &edit.to))
        .collect()
}

/// A change that changes nothing, or that is there twice, proves nothing.
#[test]
fn each_sound_change_is_another() {
    let rows = changes(|_| true);
    for (index, row) in rows.iter().enumerate() {
        let same = |other: &&Edit| other.made_of() == row.made_of();
        assert_ne!(row.from, row.to, "{:?}", row.made_of());
        assert_eq!(rows[..index].iter().find(same).map(Edit::made_of), None);
    }
}

#[test]
fn sound_changes_of_what_the_stacks_render_stay_quiet() {
    hold(&changes(|layout| layout.starts_with("prod")));
}

#[test]
fn sound_changes_of_other_layouts_stay_quiet() {
    hold(&changes(|layout| !layout.starts_with("prod")));
}

/// As much is shown of what is no fault as of faults.
#[test]
fn both_tables_are_long() {
    let rows: Vec<Edit> = edits().chain(changes(|_| true)).collect();
    let foreign = rows.iter().filter(|edit| !edit.layout.starts_with("prod"));
    let of = |sound: bool| rows.iter().filter(move |edit| edit.expected.is_none() == sound).count();
    assert!(
        of(true) >= 400 && of(false) >= 400,
        "{} sound, {} not",
        of(true),
        of(false)
    );
    assert!(foreign.count() >= 200);
}
