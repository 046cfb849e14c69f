#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's judge: figures of made-up frames whose right answers are known."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench" / "display"))
import report  # noqa: E402

PERIOD = 33_000_000


class Cluster(unittest.TestCase):
    def judge(self, flips, periods):
        return report.judge_cluster(flips, 0, periods * PERIOD, PERIOD)

    def test_none_missed(self):
        r = self.judge([i * PERIOD for i in range(11)], 10)
        self.assertEqual((r["due"], r["shown"], r["missed"]), (10, 10, 0))
        self.assertEqual(r["worst_gap_periods"], 1)

    def test_holes_count(self):
        r = self.judge([i * PERIOD for i in range(11) if i not in (3, 6, 7)], 10)
        self.assertEqual((r["shown"], r["missed"], r["worst_gap_periods"]), (7, 3, 3))

    def test_silence_up_to_the_end_counts(self):
        r = self.judge([i * PERIOD for i in range(5)], 10)
        self.assertEqual((r["shown"], r["worst_gap_periods"]), (4, 6))
        self.assertEqual(r["missed"], 5)

    def test_nothing_at_all(self):
        r = self.judge([], 10)
        self.assertEqual((r["shown"], r["worst_gap_periods"]), (0, 10))


class Guest(unittest.TestCase):
    def test_newest_flush_before_a_commit_is_shown(self):
        self.assertEqual(report.match_flushes([10, 20, 30, 90], [(25, 40), (26, 50), (60, 70)]), [(20, 40), (30, 70)])

    def test_commit_comes_with_the_next_repaint(self):
        # The commit at 15 is replaced before the repaint at 30; the vblank at 20 belongs to an earlier repaint.
        shown = report.shown_commits([15, 25, 35], [30, 60], [(20, 19), (50, 49), (80, 79)])
        self.assertEqual(shown, [(25, 49), (35, 79)])

    def test_latency_and_longest_silence(self):
        s = 10**9
        r = report.judge_guest([(1 * s, 2 * s), (3 * s, 5 * s), (11 * s, 12 * s)], 0, 10 * s)
        self.assertEqual((r["frames"], r["worst_gap_ms"], r["back_at_the_end"]), (2, 5000, False))
        self.assertEqual((r["latency_ms"]["median"], r["latency_ms"]["max"]), (1500, 2000))

    def test_no_frames(self):
        r = report.judge_guest([], 0, 10**9)
        self.assertEqual((r["frames"], r["latency_ms"]["median"], r["latency_ms"]["p99"]), (0, None, None))

    def test_quantile(self):
        self.assertEqual(report.quantile(range(1, 101), 0.99), 99)
        self.assertEqual(report.quantile([7], 0.99), 7)


class Cpu(unittest.TestCase):
    def test_counts_what_ended(self):
        begin = {"at_ns": 0, "vcpu_ticks": 900, "cpu_usec": {s: 1000000 for s in report.SLICES} | {"vm": 5}}
        end = {"at_ns": 10**10, "vcpu_ticks": 100, "cpu_usec": {s: 3000000 for s in report.SLICES} | {"vm": None}}
        r = report.judge_cpu({"begin": begin, "end": end}, 100, 40)
        self.assertEqual((r["total_percent"], r["vcpu_percent"], r["ms_per_guest_frame"]), (40, 10, 100))
        self.assertEqual(r["ms_per_guest_frame_without_vcpu"], 75)
        self.assertIsNone(r["percent_of_one_cpu"]["vm"])


class Timeline(unittest.TestCase):
    def test_only_the_guests_window(self):
        lines = (
            '{ "id":2, "type":"weston_surface", "desc":"top-level window \'cluster\' of vcockpit-cluster" }\n'
            '{ "T":[1, 5], "N":"core_commit_damage", "ws":2 }\n'
            '{ "id":3, "type":"weston_surface", "desc":"top-level window \'QEMU\' of qemu" }\n'
            "[10:56:16.746] a line of weston's own\n"
            '{ "T":[2, 7], "N":"core_commit_damage", "ws":3 }\n'
            '{ "T":[2, 8], "N":"core_repaint_begin", "wo":1 }\n'
            '{ "T":[2, 9], "N":"core_repaint_finished", "wo":1, "vblank_monotonic":[2, 6] }\n'
            '{ "T":[3, 1'
        )
        with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            log.write(lines)
            log.flush()
            commits, begins, vblanks = report.read_timeline(log.name)
        self.assertEqual((commits, begins, vblanks), ([2000000007], [2000000008], [(2000000009, 2000000006)]))


if __name__ == "__main__":
    unittest.main()
