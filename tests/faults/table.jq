# SPDX-License-Identifier: Apache-2.0
# report.json as a table for a terminal.
def pad($n): tostring | . + (" " * ($n - length) // "");
def lpad($n): tostring | (" " * ($n - length) // "") + .;
def ms: if . == null then "-" else (. | round | tostring) end;
def whole: if . == null then "-" else tostring end;
([ "FAULT" | pad(22) ] + (["DUE", "MISSED", "QUIET", "GAP MS", "TELL MS", "DETECT", "FALLBACK", "RECOVER"] | map(lpad(9))) + ["  VERDICT"] | add),
(.faults[] | .figures as $f |
  (.name | pad(22))
  + ([$f.cluster_due, $f.cluster_missed, $f.baseline_cluster_missed | whole | lpad(9)] | add)
  + ([$f.cluster_gap_ms, ($f.loss_to_glass_ms // $f.bus_to_glass_ms), $f.detect_ms, $f.fallback_ms // $f.commit_ms, $f.recover_ms // $f.frame_ms
      | ms | lpad(9)] | add)
  + "  " + (if .passed then "pass" else "FAIL: " + ([.budget[] | select(.kept | not) | "\(.figure) \(.measured) \(if .bound == ">=" then "<" else ">" end) \(.limit)"] | join(", ")) end)),
(.faults[] | .figures as $f | select($f.restart_ms) | "\n\(.name): main() of the next after \($f.main_ms | ms) ms, its first commit \($f.own_ms * 10 | round / 10) ms later. This machine itself takes \($f.restart_ms | ms) ms to bring back a killed service that does nothing, \($f.restart_confined_ms | ms) ms one confined as the compositor is, and \($f.process_ms | ms) ms to start and end a process."),
"",
(.early_cluster | "kernel to userspace \(.userspace_ms) ms, to the first cluster frame \(.first_cluster_frame_ms) ms, to the guest's start \(.guest_started_ms) ms"),
(.summary | "\(.passed) of \(.faults) faults pass; below the safety domain the cluster missed \(.below_cluster_missed) of \(.below_cluster_due) frames, quiet \(.below_baseline_missed) of \(.below_baseline_due)")
