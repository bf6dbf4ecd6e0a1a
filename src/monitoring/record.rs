//! The recording rules: each is a metric of [`record`], so that alerts and panels ask for it like for any other.

use super::{
    Monitoring,
    alert::BY,
    resource::RecordingRule,
    scrape::{CLUSTER, Sources},
};
use crate::metrics::{Metric, exporter, kubelet, record};

impl Monitoring {
    /// Those whose metrics exist here.
    pub(super) fn records(&self, sources: &Sources) -> Vec<RecordingRule> {
        record::ALL
            .iter()
            .filter_map(|metric| {
                Some(RecordingRule {
                    record: metric.name.to_owned(),
                    expr: self.recorded(metric, sources)?,
                    // The kubelet knows no cluster.
                    labels: if *metric == record::VOLUME_USED {
                        [(CLUSTER.to_owned(), sources.cluster.clone())].into()
                    } else {
                        [].into()
                    },
                })
            })
            .collect()
    }

    fn recorded(&self, metric: &Metric, sources: &Sources) -> Option<String> {
        let of = |metric| sources.series(metric, &[]);
        Some(if *metric == record::GROUP_LAG {
            // Of a partition that the group never committed the exporter says -1.
            let lag = of(&exporter::CONSUMER_LAG)?;
            format!("sum by ({BY}, consumergroup, topic) ({lag} >= 0)")
        } else if *metric == record::TOPIC_RATE {
            // The exporter declares offsets as gauges, so it is `deriv` that asks for their growth.
            let offset = of(&exporter::CURRENT_OFFSET)?;
            format!("sum by ({BY}, topic) (deriv({offset}[10m]))")
        } else {
            let claims = self.volume_claims()?;
            let claims = [("persistentvolumeclaim", claims.as_str())];
            let available = sources.series(&kubelet::VOLUME_AVAILABLE, &claims)?;
            let capacity = sources.series(&kubelet::VOLUME_CAPACITY, &claims)?;
            let by = "max by (namespace, persistentvolumeclaim)";
            format!("1 - {by} ({available}) / {by} ({capacity})")
        })
    }
}
