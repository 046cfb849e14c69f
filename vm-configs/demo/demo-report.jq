# SPDX-License-Identifier: Apache-2.0
# Puts what vcockpit-demo measured into one report. The verdict follows from the figures beside it and the budget.
def layer(name): .layers[] | select(.name == name);
# Most shots differ from the one before, and there is a picture in each. Not all: the recorded car also stands still.
def moving: length > 0 and (map(select(.fraction > 0.0005)) | length * 2) > length and all(.distinct_colours_b > 16);

$status[0] as $s | $frames[0] as $f | $fault[0] as $w
| ($s | layer("cluster")) as $c | ($s | layer("ivi")) as $i
| ($w | layer("cluster")) as $during
| ($f | layer("cluster")) as $whole
| {
  accel: $accel,
  refresh_hz: $s.outputs[0].refresh_hz,
  output: ($s.outputs[0] | {card, driver, connector, width, height, writeback}),
  timeline: $timeline,
  cluster: {
    plane: $c.plane, rect: $c.rect, state: $c.state,
    frames_shown: $c.frames.shown, frames_due: $c.frames.due, frames_missed: $c.frames.missed,
    worst_gap_ms: $c.worst_gap_ms, latency_ms: $c.latency_ms, fallbacks: $c.fallbacks,
    draw_ms: {mean: $stats[0].mean_frame_ms, max: $stats[0].longest_frame_ms},
    moved: $cluster_moved
  },
  ivi: {
    plane: $i.plane, rect: $i.rect, state: $i.state, renderer: $renderer, guest_rate: $rate,
    frames_shown: $i.frames.shown, frames_dropped: $i.frames.dropped,
    copies: $i.copies.frames, bytes_copied: $i.copies.bytes, latency_ms: $i.latency_ms,
    gpu: $gpu[0], moved: $ivi_moved
  },
  can: {
    frames_received: $stats[0].can.frames_received, crc_errors: $stats[0].can.crc_errors,
    counter_errors: $stats[0].can.counter_errors, timeouts: $stats[0].can.timeouts
  },
  fault: {
    what: "the guest's GPU worker was killed with SIGKILL",
    window_ms: $back_ms,
    cluster: {due: $during.due, shown: $during.shown, missed: $during.missed,
      worst_gap_ms: $during.worst_gap_ms, worst_gap_periods: $during.worst_gap_periods},
    ivi_showed: $states,
    came_back: $came_back
  },
  screenshots: $shots,
  commits: ($s.outputs[0] | {commits, commits_refused, commits_late, commit_us_mean, commit_us_max, wake_us_max, captures}),
  budget: {missed_percent: $budget_missed_percent, gap_ms: $budget_gap_ms}
}
| .verdict = {
    cluster_moving: ($cluster_moved | moving),
    ivi_moving: ($ivi_moved | moving),
    ivi_virgl: ($renderer | startswith("virgl")),
    planes_differ: ($c.plane.id != $i.plane.id),
    can_received: (.can.frames_received > 0),
    cluster_within_budget: (.cluster.frames_due > 0
      and .cluster.frames_missed * 100 <= $budget_missed_percent * .cluster.frames_due
      and .cluster.worst_gap_ms <= $budget_gap_ms),
    fault_cluster_within_budget: ($during.due > 0
      and $during.missed * 100 <= $budget_missed_percent * $during.due
      and $during.worst_gap_ms <= $budget_gap_ms),
    ivi_came_back: $came_back
  }
| .passed = (.verdict | all)
