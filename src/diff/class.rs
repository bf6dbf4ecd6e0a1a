//! How much a change does to a running cluster.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::Serialize;

/// What applying a change does, from the least to the worst. The class of an object is that of its worst change, and the class of a
/// run that of its worst object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nothing.
    #[default]
    None,
    /// Objects change, and no process notices.
    Metadata,
    /// Settings change while the processes run.
    DynamicConfig,
    /// Pods are replaced.
    RollingRestart,
    /// Commands must be run, before or after the change is applied.
    ManualSteps,
    /// The API server refuses the object, and it stays as it was.
    RefusedByApiServer,
    /// Records, offsets or volumes are lost.
    DataLoss,
}

impl Class {
    /// All classes, from the least to the worst.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Metadata,
        Self::DynamicConfig,
        Self::RollingRestart,
        Self::ManualSteps,
        Self::RefusedByApiServer,
        Self::DataLoss,
    ];

    /// The name, as reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::DynamicConfig => "dynamic-config",
            Self::RollingRestart => "rolling-restart",
            Self::ManualSteps => "manual-steps",
            Self::RefusedByApiServer => "refused-by-api-server",
            Self::DataLoss => "data-loss",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.name() == text)
            .ok_or_else(|| format!("not one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What else a change means, beside its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Something cannot be reached, or tolerates fewer failures, during the change or after it.
    Availability,
    /// Clients must change, or fail.
    ClientBreaking,
    /// Partitions must be moved between brokers.
    ReassignmentNeeded,
    /// It cannot be undone by applying the old manifests.
    Irreversible,
    /// What it does is not known here.
    Unknown,
}

impl Flag {
    /// All flags.
    pub const ALL: [Self; 5] = [
        Self::Availability,
        Self::ClientBreaking,
        Self::ReassignmentNeeded,
        Self::Irreversible,
        Self::Unknown,
    ];

    /// The name, as reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::ClientBreaking => "client-breaking",
            Self::ReassignmentNeeded => "reassignment-needed",
            Self::Irreversible => "irreversible",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ordered_and_spelt_alike_everywhere() {
        assert!(Class::ALL.is_sorted());
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
            assert_eq!(class.name().parse(), Ok(class));
        }
        for flag in Flag::ALL {
            assert_eq!(serde_json::to_value(flag).unwrap(), flag.name());
        }
        assert!("worse".parse::<Class>().is_err());
    }
}
