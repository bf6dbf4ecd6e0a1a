//! What applying one set of manifests over another does to a running cluster. Pure functions over text: no cluster is asked.
//!
//! ```
//! use kafka_stacks::diff::{Class, Side, Source, diff};
//!
//! let side = |replicas: u32| {
//!     let text = format!("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: kafka}}\nspec: {{replicas: {replicas}}}\n");
//!     Side::read([Source { file: "kafka.yaml".to_owned(), text }])
//! };
//! assert_eq!(diff(&side(3), &side(3)).class, Class::None);
//! assert_eq!(diff(&side(3), &side(2)).changes[0].path, "spec.replicas");
//! ```
//!
//! | File | Holds |
//! |---|---|
//! | `accept` | changes that a stack accepts |
//! | `class` | classes and flags |
//! | `row` | a row of the classification, and how its texts get this cluster's names |
//! | `change` | the report: changes, and the restarts that they cause |
//! | `side` | a set of objects, read from texts; what cannot be read |
//! | `normal` | objects without what the API server fills in |
//! | `pairs` | which object is which of the other side; renames |
//! | `walk` | the fields in which two objects differ, items of lists by their key |
//! | `sets` | both sides together: who reads a file, whose pods a selector selects |
//! | `rows` | the classification: a file for each family of changes, with its rows and how they are recognized |
//!
//! To add a kind of change: a [`Row`] in its family's file under `rows`, listed in that file's `ROWS`, and the place that finds it, which
//! calls `Found::add(&ROW, place)` and gives the words of the row's texts their values: `.word("claim", …)`. A change that is of two
//! kinds is one change: `.also(&OTHER)`. What is in a file gets its restart from `FileChange::effect`.

pub mod accept;
mod change;
mod class;
mod normal;
mod pairs;
mod row;
pub(crate) mod rows;
mod sets;
mod side;
mod walk;

pub(crate) use change::shown_both;
pub use change::{Change, ObjectName, Report, Restart, Stale};
pub use class::{Class, Flag};
pub use row::Row;
pub use rows::all as rows;
pub use side::{Problem, Side, Source};

use self::{change::Found, pairs::pairs, sets::Sets};

/// What applying `after` over `before` does.
pub fn diff(before: &Side, after: &Side) -> Report {
    let sets = Sets::new(before, after);
    let mut found = Found::default();
    let (pairs, unchanged) = pairs(before, after);
    found.unchanged = unchanged;
    rows::judge(&sets, &pairs, &mut found);
    found.finish()
}
