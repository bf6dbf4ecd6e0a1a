//! Monitoring among its objects: alerts that cannot fire or never stop, and panels that stay empty.

pub(crate) mod alerts;
pub(crate) mod dashboards;
mod exported;
mod names;

use self::exported::Exported;
use super::model::{
    ObjectDetail,
    set::{ObjectSet, SetFindings},
};

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let asks = set.objects.iter().any(|object| match &object.detail {
        ObjectDetail::Rules(_) => true,
        ObjectDetail::Config(config) => !config.rules.is_empty() || !config.dashboards.is_empty(),
        _ => false,
    });
    if asks {
        let exported = Exported::of(set);
        alerts::check(set, &exported, findings);
        dashboards::check(set, &exported, findings);
    }
}
