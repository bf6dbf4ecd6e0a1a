//! The panels of firing alerts and of scrapes.

use crate::{
    metrics::target,
    observability::{
        Panel, PanelUnit, View, firing,
        panels::{Queries, panel, panel_of},
    },
};

/// The firing alerts, each with a link to its runbook if its URL is known.
pub(super) fn panels(runbook: Option<String>, queries: &Queries<'_>) -> Vec<Panel> {
    let mut alerts = panel_of(
        "Firing alerts",
        "Each bar is an alert while it fires, red if it is critical.",
        PanelUnit::Count,
        View::Alerts,
        vec![(
            Some(firing("max", queries.sources, &[])),
            "{{alertname}} ({{severity}})",
        )],
    )
    .no_value("No alert fires");
    if let Some(url) = runbook {
        alerts = alerts.link("Runbook", url);
    }
    let up = (queries.gauge("min by (job, pod)", &target::UP, &[]), "{{pod}}");
    let look = View::States(vec![(1, "up", "green"), (0, "down", "red")]);
    vec![
        alerts,
        panel("Scrapes", &target::UP, PanelUnit::Count, look, up)
            .description("Whether a pod's metrics can be read; no bar while the pod does not exist."),
    ]
}
