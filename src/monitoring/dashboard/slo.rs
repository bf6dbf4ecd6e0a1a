//! The dashboard of service levels: what is left of each error budget, and how fast it is spent.

use crate::{
    metrics::{Metric, record},
    observability::{
        Board, Panel, PanelUnit, Variable, View,
        panels::{Queries, panel, panel_of},
    },
};

/// The name of the dashboard.
pub(in crate::monitoring) const SERVICE_LEVELS: &str = "service-levels";

pub(super) fn board(queries: &Queries<'_>) -> Board {
    Board::new(SERVICE_LEVELS, "Service levels")
        .variable(Variable::new(
            "slo",
            "Service level",
            queries.0,
            &record::MEASURED,
            "slo",
        ))
        .row("", left(queries))
        .row("How fast it is spent", rates(queries))
}

fn chosen(queries: &Queries<'_>, metric: &Metric) -> Option<String> {
    queries.gauge("max by (slo)", metric, &[("slo", "~$slo")])
}

fn left(queries: &Queries<'_>) -> Vec<Panel> {
    let left = chosen(queries, &record::BURN_30D).map(|spent| format!("1 - {spent}"));
    // From a tenth on it is enough for some incident, above a third for several.
    let colours = vec![(f64::NEG_INFINITY, "red"), (0.1, "orange"), (0.33, "green")];
    let look = View::Stat(colours);
    let now = Panel {
        max: None,
        ..panel_of(
            "Error budget left",
            "Share of the error budget of 30 days that is left; below 0 the objective is missed.",
            PanelUnit::Ratio,
            look,
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
        rate("Over five minutes", &record::BURN_5M).limit(14.4),
        rate("Over one hour", &record::BURN_1H).limit(14.4),
        rate("Over six hours", &record::BURN_6H).limit(6.0),
        rate("Over three days", &record::BURN_3D).limit(1.0),
    ]
}
