//! The paths and URLs of runbooks, tests and dashboards.

use crate::observability::{Sources, uid};

/// The runbooks and promtool tests of a cluster: their folder in the stack's folder, and their URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Docs {
    /// The URL of the folder `runbooks`.
    pub url: Option<String>,
    /// A folder below `runbooks` and `tests`.
    pub folder: Option<String>,
}

impl Docs {
    /// The folder, with the slash behind it; empty for `runbooks` and `tests` themselves.
    pub(super) fn folder(&self) -> String {
        self.folder
            .as_ref()
            .map_or_else(String::new, |folder| format!("{folder}/"))
    }

    /// The path of an alert's runbook below the folder `runbooks`.
    pub(super) fn runbook(&self, alert: &str) -> String {
        format!("{}{alert}.md", self.folder())
    }

    /// The URL of an alert's runbook.
    pub(super) fn runbook_url(&self, alert: &str) -> Option<String> {
        Some(format!("{}/{}", self.url.as_ref()?, self.runbook(alert)))
    }
}

/// How dashboards get into Grafana, and the URL of Grafana.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grafana {
    /// The labels of the Grafana operator's instances; `None` for a sidecar that loads `ConfigMap`s.
    pub operator: Option<Vec<(String, String)>>,
    /// The URL of Grafana.
    pub url: Option<String>,
}

impl Grafana {
    /// The URL of a dashboard.
    pub(super) fn dashboard_url(&self, board: &str, sources: &Sources) -> Option<String> {
        Some(format!("{}/d/{}", self.url.as_ref()?, uid(sources, board)))
    }
}
