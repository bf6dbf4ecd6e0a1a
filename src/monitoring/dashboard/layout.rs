//! The positions of panels on a dashboard.

use serde_json::{Value, json};

use super::panel;
use crate::observability::{Panel, View};

/// Grafana's columns.
const COLUMNS: usize = 24;

/// The position of the next panel.
#[derive(Default)]
pub(super) struct Layout {
    id: u32,
    y: u32,
}

impl Layout {
    pub(super) fn next_id(&mut self) -> u32 {
        self.id += 1;
        self.id
    }

    pub(super) fn row(&mut self) -> Value {
        let place = json!({ "x": 0, "y": self.y, "w": COLUMNS, "h": 1 });
        self.y += 1;
        place
    }

    /// Lines of panels, each as wide as the dashboard: numbers are on other lines than graphs.
    pub(super) fn panels(&mut self, panels: &[&Panel]) -> Vec<Value> {
        let mut placed = Vec::new();
        for run in panels.chunk_by(|one, next| one.view.is_stat() == next.view.is_stat()) {
            let most = if run.iter().any(|panel| panel.view.is_stat()) {
                8
            } else {
                4
            };
            let lines = run.len().div_ceil(most);
            let mut rest = run;
            for line in (1..=lines).rev() {
                let (first, others) = rest.split_at(rest.len().div_ceil(line));
                placed.extend(self.line(first));
                rest = others;
            }
        }
        placed
    }

    fn line(&mut self, panels: &[&Panel]) -> Vec<Value> {
        let height = panels.iter().map(|panel| height(&panel.view)).max().unwrap_or_default();
        let placed = panels
            .iter()
            .enumerate()
            .map(|(index, panel)| {
                let from = |index| index * COLUMNS / panels.len();
                let (x, end) = (from(index), from(index + 1));
                panel::json(
                    panel,
                    self.next_id(),
                    json!({ "x": x, "y": self.y, "w": end - x, "h": height }),
                )
            })
            .collect();
        self.y += height;
        placed
    }
}

/// The height in Grafana's units of 38 px.
const fn height(view: &View) -> u32 {
    match view {
        View::Stat(_) => 3,
        View::TopLines => 9,
        View::Table(_) => 11,
        _ => 7,
    }
}
