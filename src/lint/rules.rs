//! The rules of this room by family. Each is declared beside the check that applies it.

use crate::diagnostics::Rule;

/// What the API server refuses, or takes and a cluster then breaks on.
pub mod api {
    pub use crate::lint::{
        file::{AMBIGUOUS, DUPLICATE_KEY, KUSTOMIZATION, TRANSFORMED, UNREADABLE},
        kafka::autoscaling::AUTOSCALED,
        kafka::flows::CUT,
        kafka::memory_request::MEMORY_REQUEST,
        kafka::ownership::TRANSACTIONAL_ID,
        kafka::placement::{PLACEMENT, SHARED_NODE},
        kafka::pools::{FORGOTTEN_POOL, ROLL_TOGETHER},
        object::disruption_budget::NO_EVICTION,
        object::environment::UNDEFINED,
        object::fields::{EXCLUDES, INNER_NAME, LISTED_TWICE, ONE_OF, QUANTITY, RANGE, REQUIRED, WORD},
        object::metadata::{LABEL, NO_OBJECT, TOO_LARGE, TOO_LARGE_TO_APPLY},
        object::pod::VOLUME,
        object::prometheus_rule::ALERT_RULES,
        object::schema::SCHEMA,
        object::workload::OWN_PODS,
        set::deployers::{INSTANCE_LABEL, OWN_CLAIMS, PRUNED_NAMESPACE, RELABELED, SUBSTITUTED, VANISHING_JOB},
        set::disruptions::TWO_BUDGETS,
        set::governing_service::GOVERNING_SERVICE,
        set::references::{MISSING_KEY, REFERENCE, SECRET_REFERENCE},
        set::selectors::{PORT_NAME, PORT_NUMBER, SELECTS_NOTHING},
        set::shared_pods::SHARED_PODS,
    };
}

/// Pods, and the sets that they form.
pub(crate) mod pod {
    pub use crate::lint::{
        kafka::addresses::{ADDRESS_PORT, ADVERTISED_ELSEWHERE, IPV6, VOTER_PORT},
        kafka::advertised_host::UNRESOLVED,
        kafka::advertised_listeners::ADVERTISED,
        kafka::cluster_id::{CLUSTER_ID_MADE, CLUSTER_ID_OF_IMAGE, CLUSTER_IDS},
        kafka::command::{NO_SCRIPT, NO_TOOL},
        kafka::early_kill::{GRACE, RECOVERY},
        kafka::entrypoint::ENTRYPOINT_WRITES,
        kafka::environment::{MISSING_LABEL, UNDEFINED_VARIABLE},
        kafka::files::MISSING_FILE,
        kafka::guards::{BUDGET, OPEN},
        kafka::inside_names::INSIDE_NAMES,
        kafka::jvm_flags::JVM_FLAG,
        kafka::log_directories::{EPHEMERAL_DATA, VOLUME_ROOT},
        kafka::node_ids::{ID_ELSEWHERE, ID_NOT_A_NUMBER, ID_SHARED},
        kafka::options::{FORMATTED_ONCE, UNKNOWN_OPTION},
        kafka::ports::{NO_HTTP, NOT_LISTENING, PORT_TAKEN},
        kafka::quorum::{ENSEMBLE, QUORUM_START, VOTERS},
        kafka::service_links::SERVICE_LINKS,
        kafka::temporary::TEMPORARY_FILES,
        kafka::tools::{COLLECTORS, OTHER_RELEASE, OVERRIDDEN_VARIABLE, PROBE_INHERITS, PROBE_TIMEOUT},
        kafka::topic_creation::TOPICS,
        kafka::user::{NAMED_USER, VOLUME_OWNER},
        object::claim::CLAIMS_DELETED,
        set::addresses::ADDRESS,
        set::pod_security::RESTRICTED,
    };
}

/// The settings of brokers, controllers and workers, against each other.
pub mod cluster {
    pub use crate::lint::kafka::{
        extremes::EXTREME,
        limits::CONTRADICTION,
        listeners::{
            CONTROLLER_LISTENER, EARLY_LISTENER, INTER_BROKER_LISTENER, ONLY_OWN_POD, SAME_LISTENER, UNMAPPED_LISTENER,
        },
        mode::{MISSING_FOR_MODE, OTHER_MODE},
        plugins::NO_CLASS,
        providers::CONFIG_PROVIDER,
        required::NOT_SET,
        rest::{ADVERTISED_SCHEME, NO_LOGIN_MODULE, OPEN_ADMIN, PLAINTEXT_PASSWORD},
        security::{ANONYMOUS, NO_CERTIFICATE, NO_SASL_LISTENER, SASL_WITHOUT_JAAS, WORKER_SECURITY},
        settings::TWICE,
        shutdown::UNCONTROLLED,
        zookeeper::ZOOKEEPER_SETTING,
    };
}

/// Closed clusters: who is let in, and who is kept out.
pub(crate) mod security {
    pub use crate::lint::kafka::{
        certificates::{DIALLED_NAME, KEY_FORMAT, RENEWAL},
        client_security::PROTOCOL,
        exposure::{EVERYONE, NO_AUTHORIZATION, NOBODY, PLAINTEXT, SUPER_USER, WEAK},
        oauth::{ANY_TOKEN, NOT_ALLOWED, OPEN_PROVIDER, UNCHECKED},
        outside::{OUTSIDE_ELSEWHERE, PLAINTEXT_OUTSIDE},
        zookeeper_exposure::{ZOOKEEPER_ASKED, ZOOKEEPER_OPEN},
    };
}

/// What Prometheus and Grafana are told.
pub(crate) mod observability {
    pub use crate::lint::{
        monitoring::alerts::{NO_TEXT, SAME_ALERT},
        monitoring::dashboards::{PANEL_EXPRESSION, PANEL_METRIC},
        object::contents::{APPENDER, BROKEN_FILE, PATTERN},
        object::monitor::SCRAPE_TIMES,
    };
}

/// Images, and what a service mesh makes of a pod.
pub mod identity {
    pub use crate::lint::{
        object::image::{FLOATING_IMAGE, IMAGE},
        set::fixed_user::FIXED_USER,
        set::mesh::{MESH_JOB, MESH_PORT, MESH_UNDECIDED, MESH_USER},
    };
}

/// All of them, file by file.
pub(crate) const FAMILIES: &[&[&Rule]] = &[
    super::file::RULES,
    super::object::metadata::RULES,
    super::object::schema::RULES,
    super::object::fields::RULES,
    super::object::workload::RULES,
    super::object::claim::RULES,
    super::object::pod::RULES,
    super::object::environment::RULES,
    super::object::image::RULES,
    super::object::prometheus_rule::RULES,
    super::object::disruption_budget::RULES,
    super::set::references::RULES,
    super::set::selectors::RULES,
    super::set::governing_service::RULES,
    super::set::disruptions::RULES,
    super::set::shared_pods::RULES,
    super::set::addresses::RULES,
    super::object::contents::RULES,
    super::object::monitor::RULES,
    super::monitoring::alerts::RULES,
    super::monitoring::dashboards::RULES,
    super::set::pod_security::RULES,
    super::set::mesh::RULES,
    super::kafka::service_links::RULES,
    super::kafka::log_directories::RULES,
    super::kafka::early_kill::RULES,
    super::kafka::quorum::RULES,
    super::kafka::listeners::RULES,
    super::kafka::rest::RULES,
    super::kafka::limits::RULES,
    super::kafka::extremes::RULES,
    super::kafka::jvm_flags::RULES,
    super::kafka::zookeeper::RULES,
    super::kafka::providers::RULES,
    super::kafka::plugins::RULES,
    super::kafka::required::RULES,
    super::kafka::shutdown::RULES,
    super::kafka::settings::RULES,
    super::kafka::security::RULES,
    super::kafka::exposure::RULES,
    super::kafka::certificates::RULES,
    super::kafka::client_security::RULES,
    super::kafka::zookeeper_exposure::RULES,
    super::kafka::inside_names::RULES,
    super::kafka::mode::RULES,
    super::kafka::user::RULES,
    super::kafka::entrypoint::RULES,
    super::kafka::guards::RULES,
    super::kafka::node_ids::RULES,
    super::kafka::cluster_id::RULES,
    super::kafka::advertised_host::RULES,
    super::kafka::advertised_listeners::RULES,
    super::kafka::topic_creation::RULES,
    super::kafka::files::RULES,
    super::kafka::command::RULES,
    super::kafka::oauth::RULES,
    super::kafka::options::RULES,
    super::kafka::environment::RULES,
    super::kafka::tools::RULES,
    super::kafka::temporary::RULES,
    super::kafka::ports::RULES,
    super::kafka::addresses::RULES,
    super::kafka::outside::RULES,
    super::kafka::autoscaling::RULES,
    super::kafka::flows::RULES,
    super::kafka::memory_request::RULES,
    super::kafka::ownership::RULES,
    super::kafka::placement::RULES,
    super::kafka::pools::RULES,
    super::set::fixed_user::RULES,
    super::set::deployers::RULES,
];
