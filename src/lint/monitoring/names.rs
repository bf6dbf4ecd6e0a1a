//! Names of metrics that the platform exports: those of kube-state-metrics, of the kubelet and of cAdvisor.
//!
//! Which of them a cluster has depends on versions and flags, so a name that is not here may exist all the same. Only one that is a
//! typing error away from a known one is taken for a mistake.

/// Each kind in its exporter's order, by what its names begin with: pods, workloads, Jobs, claims and budgets of kube-state-metrics
/// 2.x; volumes of the kubelet; containers of cAdvisor.
const KNOWN: &[(&str, &str)] = &[
    (
        "kube_pod_",
        "annotations completion_time container_info container_resource_limits container_resource_requests \
         container_state_started container_status_last_terminated_exitcode container_status_last_terminated_reason \
         container_status_last_terminated_timestamp container_status_ready container_status_restarts_total \
         container_status_running container_status_terminated container_status_terminated_reason container_status_waiting \
         container_status_waiting_reason created deletion_timestamp info init_container_info \
         init_container_resource_limits init_container_resource_requests init_container_status_last_terminated_reason \
         init_container_status_ready init_container_status_restarts_total init_container_status_running \
         init_container_status_terminated init_container_status_terminated_reason init_container_status_waiting \
         init_container_status_waiting_reason ips labels nodeselectors overhead_cpu_cores overhead_memory_bytes owner \
         restart_policy runtimeclass_name_info scheduler service_account spec_volumes_persistentvolumeclaims_info \
         spec_volumes_persistentvolumeclaims_readonly start_time status_container_ready_time status_initialized_time \
         status_phase status_qos_class status_ready status_ready_time status_reason status_scheduled \
         status_scheduled_time status_unschedulable status_unscheduled_time tolerations",
    ),
    (
        "kube_statefulset_",
        "annotations created deletion_timestamp labels metadata_generation ordinals_start \
         persistentvolumeclaim_retention_policy replicas status_current_revision status_observed_generation \
         status_replicas status_replicas_available status_replicas_current status_replicas_ready status_replicas_updated \
         status_update_revision",
    ),
    (
        "kube_deployment_",
        "annotations created deletion_timestamp labels metadata_generation owner spec_paused spec_replicas \
         spec_strategy_rollingupdate_max_surge spec_strategy_rollingupdate_max_unavailable \
         spec_topology_spread_constraint spec_topology_spread_constraints status_condition status_observed_generation \
         status_replicas status_replicas_available status_replicas_ready status_replicas_unavailable \
         status_replicas_updated",
    ),
    (
        "kube_job_",
        "annotations complete created failed info labels owner spec_active_deadline_seconds spec_completions \
         spec_parallelism status_active status_completion_time status_failed status_start_time status_succeeded \
         status_suspended",
    ),
    (
        "kube_persistentvolumeclaim_",
        "access_mode annotations created deletion_timestamp info labels resource_requests_storage_bytes status_condition \
         status_condition_last_transition_timestamp_seconds status_current_volume_attributes_class \
         status_modify_volume_status status_phase volume_attributes_class",
    ),
    (
        "kube_poddisruptionbudget_",
        "annotations created deletion_timestamp labels status_current_healthy status_desired_healthy \
         status_expected_pods status_observed_generation status_pod_disruptions_allowed",
    ),
    (
        "kubelet_volume_",
        "metric_collection_duration_seconds stats_available_bytes stats_capacity_bytes stats_health_status_abnormal \
         stats_inodes stats_inodes_free stats_inodes_used stats_used_bytes",
    ),
    (
        "container_",
        "blkio_device_usage_total cpu_cfs_burst_periods_total cpu_cfs_burst_seconds_total cpu_cfs_periods_total \
         cpu_cfs_throttled_periods_total cpu_cfs_throttled_seconds_total cpu_kernel_seconds cpu_load_average_10s \
         cpu_load_d_average_10s cpu_system_seconds_total cpu_usage_seconds_total cpu_user_seconds cpu_user_seconds_total \
         file_descriptors fs_inodes_free fs_inodes_total fs_io_current fs_io_time_seconds_total \
         fs_io_time_weighted_seconds_total fs_limit_bytes fs_read_seconds_total fs_reads_bytes_total \
         fs_reads_merged_total fs_reads_total fs_sector_reads_total fs_sector_writes_total fs_usage_bytes \
         fs_write_seconds_total fs_writes_bytes_total fs_writes_merged_total fs_writes_total last_seen memory_cache \
         memory_failcnt memory_failures_total memory_kernel_usage memory_mapped_file memory_max_usage_bytes memory_rss \
         memory_swap memory_total_active_file_bytes memory_total_inactive_file_bytes memory_usage_bytes \
         memory_working_set_bytes network_receive_bytes_total network_receive_errors_total \
         network_receive_packets_dropped_total network_receive_packets_total network_transmit_bytes_total \
         network_transmit_errors_total network_transmit_packets_dropped_total network_transmit_packets_total \
         oom_events_total pressure_cpu_stalled_seconds_total pressure_cpu_waiting_seconds_total \
         pressure_io_stalled_seconds_total pressure_io_waiting_seconds_total pressure_memory_stalled_seconds_total \
         pressure_memory_waiting_seconds_total processes scrape_error sockets spec_cpu_period spec_cpu_quota \
         spec_cpu_shares spec_memory_limit_bytes spec_memory_reservation_limit_bytes spec_memory_swap_limit_bytes \
         start_time_seconds tasks_state threads threads_max ulimits_soft",
    ),
];

/// The known name that was probably meant by one that nothing exports; `None` for a known name, and for one that is like none.
pub(super) fn mistyped(name: &str) -> Option<String> {
    /// Letters that are wrong, missing or too many.
    const WRONG: usize = 2;
    let (begins, known) = KNOWN.iter().find(|(begins, _)| name.starts_with(begins))?;
    let rest = &name[begins.len()..];
    let known = || known.split_ascii_whitespace();
    if known().any(|one| one == rest) {
        return None;
    }
    // A short name is near to many.
    let near = known().filter(|one| one.len() > 3 * WRONG && strsim::levenshtein(one, rest) <= WRONG);
    let nearest = near.min_by_key(|one| strsim::levenshtein(one, rest))?;
    Some(format!("{begins}{nearest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_typing_error_is_a_mistake() {
        assert_eq!(
            mistyped("kube_pod_container_status_restart_total").as_deref(),
            Some("kube_pod_container_status_restarts_total")
        );
        assert_eq!(
            mistyped("kubelet_volume_stats_availible_bytes").as_deref(),
            Some("kubelet_volume_stats_available_bytes")
        );
        for name in [
            "kube_pod_container_status_restarts_total",
            "kube_pod_container_resource_requests_memory_bytes",
            "kube_customresource_kafka_info",
            "kube_job_own",
            "container_memory_working_set",
            "node_filesystem_avail_byte",
            "kafka_brokers",
        ] {
            assert_eq!(mistyped(name), None, "{name}");
        }
    }
}
