#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report.py RAW OUT: makes OUT/bench.json and OUT/bench.txt of the raw figures that tests/bench/display/run left in RAW.

Both stacks are judged by the same functions, from times of CLOCK_MONOTONIC: when the cluster's frames came to the screen, when the
guest flushed its frames, when those came to the screen, and CPU time by the kernel's accounting of each unit.
"""

import json
import math
import pathlib
import re
import statistics
import sys

NS_PER_MS = 1e6
ALIVE_NS = 3 * 10**9  # a guest whose last frame is older has no picture of its own any more
PHASES = ("still", "idle", "load", "hang")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def quantile(samples, q):
    """The smallest sample that at least the fraction @q of all does not exceed."""
    ordered = sorted(samples)
    return ordered[math.ceil(len(ordered) * q) - 1] if ordered else None


def ms(ns):
    return None if ns is None else round(ns / NS_PER_MS, 3)


# ---- what each stack left: {"period_ns", "cluster": [flip_ns…], "guest": [(flush_ns, flip_ns)…], "flushes": [ns…]} ----


def read_vcockpit(raw):
    # Kept after each phase; what comes twice is the same.
    logs = [read_json(path) for path in raw.glob("frames-*.json")]
    cluster = {r["vblank_ns"] for log in logs for r in log["records"] if "cluster" in r["new"]}
    guest = {
        (f["flush_ns"], f["flip_ns"]) for path in raw.glob("guest-frames-*.json") for f in read_json(path)["frames"]
    }
    status = read_json(raw / "status.json")
    return {
        "period_ns": logs[0]["period_ms"] * NS_PER_MS,
        "cluster": sorted(cluster),
        "guest": sorted(guest),
        "flushes": None,
        "renderer": read_json(raw / "gpu.json")["renderer"],
        "paths": {layer["name"]: layer["path"] for layer in status["layers"]},
    }


def read_timeline(path):
    """Of weston's timeline: when the guest's window was committed, when repaints began, and the vblanks they came to the screen."""
    commits, begins, vblanks, window = [], [], [], None
    for line in read_lines(path):
        if not line.startswith("{"):
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the last line of a process that was ended
        if event.get("type") == "weston_surface" and "of qemu" in event.get("desc", ""):
            window = event["id"]
        if "T" not in event:
            continue
        at = event["T"][0] * 10**9 + event["T"][1]
        if event["N"] == "core_commit_damage":
            commits.append((at, event["ws"]))
        elif event["N"] == "core_repaint_begin":
            begins.append(at)
        elif event["N"] == "core_repaint_finished" and "vblank_monotonic" in event:
            vblanks.append((at, event["vblank_monotonic"][0] * 10**9 + event["vblank_monotonic"][1]))
    return [at for at, surface in commits if surface == window], begins, vblanks


def shown_commits(commits, begins, vblanks):
    """[(commit_ns, flip_ns)]: a repaint takes the last commit before it; its vblank is the next that is reported."""
    shown, finished, commit = [], 0, 0
    for begin in begins:
        newest = None
        while commit < len(commits) and commits[commit] <= begin:
            newest = commits[commit]
            commit += 1
        while finished < len(vblanks) and vblanks[finished][0] <= begin:
            finished += 1
        if newest is not None and finished < len(vblanks):
            shown.append((newest, vblanks[finished][1]))
    return shown


def match_flushes(flushes, shown):
    """[(flush_ns, flip_ns)]: a commit shows the newest flush before it. In favour of the peer: its drawing may have begun before."""
    frames, next_flush = [], 0
    for commit, flip in shown:
        newest = None
        while next_flush < len(flushes) and flushes[next_flush] <= commit:
            newest = flushes[next_flush]
            next_flush += 1
        if newest is not None:
            frames.append((newest, flip))
    return frames


def read_weston(raw):
    offset = read_json(raw / "clock")["offset_ns"]
    pattern = re.compile(r"\d+@(\d+)\.(\d+):virtio_gpu_cmd_res_flush")
    flushes = [
        int(m[1]) * 10**9 + int(m[2]) * 1000 + offset for m in map(pattern.match, read_lines(raw / "qemu.log")) if m
    ]
    commits, begins, vblanks = read_timeline(raw / "weston.log")
    pairs = [line.split() for line in read_lines(raw / "cluster-frames")]
    cluster = sorted(int(p[1]) for p in pairs if len(p) == 2 and int(p[1]) > 0)
    log = read_lines(raw / "weston.log")
    return {
        "period_ns": 10**9 * 2080 * 739 / 46114000,
        "cluster": cluster,
        "guest": match_flushes(flushes, shown_commits(commits, begins, vblanks)),
        "flushes": flushes,
        "renderer": next((re.sub(r"^.*GL renderer: *", "", x) for x in log if "GL renderer:" in x), "pixman"),
        "paths": None,
    }


# ---- figures of a phase ----


def judge_cluster(flips, begin, end, period):
    """Frames due and missed by the gaps between flips; the phase's edges count as flips' neighbours do."""
    before = [t for t in flips if t <= begin]
    inside = [t for t in flips if begin < t <= end]
    points = ([before[-1]] if before else [begin]) + inside
    gaps = [b - a for a, b in zip(points, points[1:])]
    if not inside or end - inside[-1] > period:
        gaps.append(end - points[-1])
    due = round((end - begin) / period)
    missed = sum(max(0, round(gap / period) - 1) for gap in gaps)
    worst = max(gaps, default=0)
    return {
        "due": due,
        "shown": len(inside),
        "missed": missed,
        "missed_percent": round(100 * missed / due, 2) if due else None,
        "worst_gap_ms": ms(worst),
        "worst_gap_periods": round(worst / period, 2),
    }


def judge_guest(frames, begin, end):
    inside = [(flush, flip) for flush, flip in frames if begin < flip <= end]
    samples = [flip - flush for flush, flip in inside]
    flips = sorted(flip for _, flip in inside)
    return {
        "frames": len(inside),
        "per_second": round(len(inside) / ((end - begin) / 1e9), 2),
        "worst_gap_ms": ms(max(b - a for a, b in zip([begin] + flips, flips + [end]))),
        "back_at_the_end": bool(flips) and end - flips[-1] < ALIVE_NS,
        "latency_ms": {
            "median": ms(statistics.median(samples)) if samples else None,
            "p99": ms(quantile(samples, 0.99)),
            "max": ms(max(samples, default=None)),
        },
        "latency_samples_ms": [ms(s) for s in samples],
    }


# Both stacks run in these, with all their helpers.
SLICES = ("vcockpit-guest.slice", "vcockpit-safety.slice")


def since(begin, end):
    """How much a counter went on. One that is lower at the end began anew in between; None: it is gone, or was not there."""
    if begin is None or end is None:
        return None
    return end - begin if end >= begin else end


def judge_cpu(phase, ticks, frames):
    begin, end = phase["begin"], phase["end"]
    wall_us = (end["at_ns"] - begin["at_ns"]) / 1000
    units = {u: since(begin["cpu_usec"][u], end["cpu_usec"].get(u)) for u in begin["cpu_usec"]}
    total = sum(units[u] for u in SLICES)
    vcpu = since(begin["vcpu_ticks"], end["vcpu_ticks"]) * 1000000 / ticks
    without = max(0, total - vcpu)
    return {
        "percent_of_one_cpu": {u: None if us is None else round(100 * us / wall_us, 1) for u, us in units.items()},
        "total_percent": round(100 * total / wall_us, 1),
        "vcpu_percent": round(100 * vcpu / wall_us, 1),
        "ms_per_guest_frame": round(total / 1000 / frames, 2) if frames else None,
        "ms_per_guest_frame_without_vcpu": round(without / 1000 / frames, 2) if frames else None,
    }


# What each stack copies of a guest's frame on its way from the renderer's texture to the scanned-out memory. For vcockpit the
# compositor's and the GPU device's counters say so; for the peer nothing counts, it follows from the programs' sources.
PEER_COPIES = {
    "derived": True,
    "guest": {
        "gtk": [
            "QEMU draws the guest's texture into the framebuffer of its GtkGLArea",
            "GTK draws that into the window's back buffer",
            "EGL for software GL copies the back buffer into a wl_shm buffer",
            "weston composes it into the output's buffer",
        ],
        "sdl": [
            "QEMU draws the guest's texture into the window's back buffer",
            "EGL for software GL copies the back buffer into a wl_shm buffer",
            "weston composes it into the output's buffer",
        ],
    },
    "cluster": ["weston composes the damaged parts into the output's buffer"],
}


def own_copies(phase):
    begin, end = phase["begin"]["more"], phase["end"]["more"]
    if begin is None or end is None:
        return None
    frames = since(begin["gpu"]["frames"], end["gpu"]["frames"])
    copied = since(begin["gpu"]["bytes_copied"], end["gpu"]["bytes_copied"])
    layers = {}
    for a, b in zip(begin["layers"], end["layers"]):
        layers[a["name"]] = {
            "frames": since(a["frames"]["shown"], b["frames"]["shown"]),
            "bytes_copied": since(a["copies"]["bytes"], b["copies"]["bytes"]),
            "frames_copied": since(a["copies"]["frames"], b["copies"]["frames"]),
        }
    return {
        "derived": False,
        "guest_frames": frames,
        "guest_frames_in_place": since(begin["gpu"]["frames_in_place"], end["gpu"]["frames_in_place"]),
        "guest_bytes_copied": copied,
        "layers": layers,
    }


def judge(raw, name, settings):
    folder = raw / name
    data = read_vcockpit(folder) if name == "vcockpit" else read_weston(folder)
    ticks = read_json(folder / "clock")["ticks"]
    phases = {}
    for line in read_lines(folder / "phases"):
        phase = json.loads(line)
        begin, end = phase["begin"]["at_ns"], phase["end"]["at_ns"]
        guest = judge_guest(data["guest"], begin, end)
        if data["flushes"] is not None:
            guest["flushes"] = sum(begin < t <= end for t in data["flushes"])
        result = {
            "seconds": round((end - begin) / 1e9, 1),
            "cluster": judge_cluster(data["cluster"], begin, end, data["period_ns"]),
            "guest": guest,
            "cpu": judge_cpu(phase, ticks, guest["frames"]),
        }
        if name == "vcockpit":
            result["copies"] = own_copies(phase)
            if result["copies"]:
                result["gpu"] = {
                    key: since(phase["begin"]["more"]["gpu"][key], phase["end"]["more"]["gpu"][key])
                    for key in ("worker_faults", "worker_starts")
                }
        result["samples"] = {
            "cluster_flips_ns": [t for t in data["cluster"] if begin < t <= end],
            "guest_flush_flip_ns": [f for f in data["guest"] if begin < f[1] <= end],
        }
        phases[phase["phase"]] = result
    answer = {"renderer": data["renderer"], "phases": phases}
    if name == "vcockpit":
        answer["paths"] = data["paths"]
    else:
        answer["copies"] = {
            "derived": True,
            "guest": PEER_COPIES["guest"][settings["guest_display"]],
            "cluster": PEER_COPIES["cluster"],
        }
    return answer


# ---- the table ----


def text(value, unit=""):
    return "-" if value is None else f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def copies_text(stack, phase):
    if "copies" in stack:
        return f"{len(stack['copies']['guest'])} (derived)"
    c = stack["phases"][phase]["copies"]
    frames = c["guest_frames"] if c else 0
    if not frames:
        return "-"
    return f"{c['layers']['ivi']['frames_copied'] / frames:g} ({c['guest_bytes_copied']} bytes)"


ROWS = (
    ("cluster: frames due", lambda s, p: text(s["phases"][p]["cluster"]["due"])),
    ("cluster: frames missed", lambda s, p: text(s["phases"][p]["cluster"]["missed"])),
    ("cluster: worst gap, ms", lambda s, p: text(s["phases"][p]["cluster"]["worst_gap_ms"])),
    ("cluster: worst gap, periods", lambda s, p: text(s["phases"][p]["cluster"]["worst_gap_periods"])),
    ("guest: frames shown", lambda s, p: text(s["phases"][p]["guest"]["frames"])),
    ("guest: flush to flip, median ms", lambda s, p: text(s["phases"][p]["guest"]["latency_ms"]["median"])),
    ("guest: flush to flip, p99 ms", lambda s, p: text(s["phases"][p]["guest"]["latency_ms"]["p99"])),
    ("guest: flush to flip, max ms", lambda s, p: text(s["phases"][p]["guest"]["latency_ms"]["max"])),
    ("guest: longest time without frame, ms", lambda s, p: text(s["phases"][p]["guest"]["worst_gap_ms"])),
    ("guest: draws at the end", lambda s, p: "yes" if s["phases"][p]["guest"]["back_at_the_end"] else "no"),
    ("guest: copies a frame", copies_text),
    ("CPU per guest frame, ms", lambda s, p: text(s["phases"][p]["cpu"]["ms_per_guest_frame"])),
    ("  without the guest's virtual CPU", lambda s, p: text(s["phases"][p]["cpu"]["ms_per_guest_frame_without_vcpu"])),
    ("CPU in all, % of one", lambda s, p: text(s["phases"][p]["cpu"]["total_percent"])),
    ("  without the guest's virtual CPU", lambda s, p: text(
        round(s["phases"][p]["cpu"]["total_percent"] - s["phases"][p]["cpu"]["vcpu_percent"], 1))),
)


def table(report):
    stacks = report["stacks"]
    names = [n for n in ("vcockpit", "weston") if n in stacks]
    lines = [
        f"Accelerated by {report['settings']['accel']}; weston renders with {report['settings']['renderer']}, "
        f"QEMU shows the peer's guest by {report['settings']['guest_display']}.",
        "",
    ]
    for phase in PHASES:
        measured = [n for n in names if phase in stacks[n]["phases"]]
        seconds = ", ".join(f"{n} {stacks[n]['phases'][phase]['seconds']:g} s" for n in measured)
        lines.append(f"{phase:<40}" + "".join(f"{n:>22}" for n in names) + f"    ({seconds or 'not measured'})")
        for label, cell in ROWS:
            cells = (cell(stacks[n], phase) if n in measured else "not measured" for n in names)
            lines.append(f"{label:<40}" + "".join(f"{word:>22}" for word in cells))
        lines.append("")
    return "\n".join(lines)


def has_phases(folder):
    return (folder / "phases").exists() and (folder / "phases").stat().st_size > 0


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("--help", "--version"):
        print(__doc__ if sys.argv[1] == "--help" else "report.py of vcockpit's benchmarks")
        return 0
    if len(sys.argv) != 3:
        print("usage: report.py RAW OUT", file=sys.stderr)
        return 2
    raw, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    settings = read_json(raw / "settings.json")
    stacks = {n: judge(raw, n, settings) for n in ("vcockpit", "weston") if has_phases(raw / n)}
    report = {"version": 1, "settings": settings, "stacks": stacks}
    (out / "bench.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (out / "bench.txt").write_text(table(report), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
