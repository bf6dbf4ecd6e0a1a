//! The dashboard of service levels: what is left of each error budget, and how fast it is spent.

use crate::{
    metrics::{Metric, record},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{Queries, budget_look, left_of_budget, panel, panel_of},
    },
};

/// The name of the dashboard.
pub(in crate::monitoring) const SERVICE_LEVELS: &str = "slo";

pub(super) fn board(queries: &Queries<'_>) -> Board {
    Board::new(SERVICE_LEVELS, "Service levels")
        .variable(Variable::new(
            "slo",
            "Service level",
            queries.sources,
            &record::MEASURED,
            "slo",
        ))
        .row("", left(queries))
        .row("Burn rate", rates(queries))
}

fn chosen(queries: &Queries<'_>, metric: &Metric) -> Option<String> {
    queries.gauge("max by (slo)", metric, &[("slo", "~$slo")])
}

fn left(queries: &Queries<'_>) -> Vec<Panel> {
    let left = left_of_budget("min by (slo)", queries, &[("slo", "~$slo")]);
    let now = Panel {
        max: None,
        ..panel_of(
            "Error budget left",
            "Share of the error budget of 30 days that is left; below 0 the objective is missed.",
            PanelUnit::Ratio,
            budget_look(),
            vec![(left.clone(), "{{slo}}")],
        )
    };
    let over_time = Panel {
        max: None,
        ..panel_of(
            "Error budget left over time",
            "Share of the error budget of 30 days that is left at each time.",
            PanelUnit::Ratio,
            View::Lines,
            vec![(left, "{{slo}}")],
        )
    };
    vec![now, over_time]
}

fn rates(queries: &Queries<'_>) -> Vec<Panel> {
    let rate = |title, metric| {
        panel(
            title,
            metric,
            PanelUnit::Number,
            View::Lines,
            (chosen(queries, metric), "{{slo}}"),
        )
        .description("How many times as fast as the objective allows the error budget is spent; the line is where an alert fires.")
    };
    vec![
        rate("Burn rate over 5 minutes", &record::BURN_5M).limit(14.4),
        rate("Burn rate over 1 hour", &record::BURN_1H).limit(14.4),
        rate("Burn rate over 6 hours", &record::BURN_6H).limit(6.0),
        rate("Burn rate over 3 days", &record::BURN_3D).limit(1.0),
    ]
}
