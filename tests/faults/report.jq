# SPDX-License-Identifier: Apache-2.0
# One report of all faults' verdicts.
{
  version: 1,
  machine: {column: $column, kernel: $kernel, cpus: ($cpus | tonumber)},
  without: (if $without == "" then null else $without end),
  early_cluster: {
    userspace_ms: $userspace_ms,
    compositor_started_ms: $compositor_ms,
    first_cluster_frame_ms: (if $first_frame_ns > 0 then $first_frame_ns / 1e6 | floor else null end),
    guest_started_ms: $guest_ms,
    before_guest: (if $first_frame_ns > 0 then $first_frame_ns / 1e6 < $guest_ms else null end)
  },
  faults: .,
}
| .summary = {
    faults: (.faults | length), passed: (.faults | map(select(.passed)) | length),
    below_cluster_due: ([.faults[] | select(.class == "below") | .figures.cluster_due // 0] | add),
    below_cluster_missed: ([.faults[] | select(.class == "below") | .figures.cluster_missed // 0] | add),
    below_baseline_due: ([.faults[] | select(.class == "below") | .figures.baseline_cluster_due // 0] | add),
    below_baseline_missed: ([.faults[] | select(.class == "below") | .figures.baseline_cluster_missed // 0] | add)
  }
| .passed = (all(.faults[]; .passed) and .early_cluster.before_guest != false)
