#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the display fuzzer's first corpus: display_seeds.py FOLDER. Steps as display_fuzz.c reads them."""
import pathlib
import struct
import sys

FLIP, REFUSE, CLOSE, BREAK = b"\x00", b"\x40", b"\x60", b"\x70"
XR24 = 0x34325258


def wait(ms):
    return bytes([0x20, ms])


def message(client, kind, body, step=0x80):
    # The step's remainder by three picks the connection; 0x08 and 0x10 stay clear.
    while step % 3 != client:
        step += 0x20 if step < 0xE0 else 1
    return bytes([step, kind]) + body


def hello(client, layer):
    return message(client, 0, struct.pack("<II32s", 0x50445643, 1, layer))


def add(client, ident, width=64, height=48, stride=256, kind=1, offset=0):
    size = offset + stride * height
    return message(client, 1, struct.pack("<IIIIIIQQQ", ident, kind, width, height, XR24, stride, offset, size, 0))


def remove(client, ident):
    return message(client, 2, struct.pack("<II", ident, 0))


def present(client, ident, seq, width=64, height=48, x=0):
    return message(client, 3, struct.pack("<IIQIIIIqQ", ident, 0, seq, x, 0, width, height, 5, 7))


def beat(client):
    return message(client, 4, struct.pack("<Q", 1))


def declare(client, seq, size=20):
    return message(client, 5, struct.pack("<QII640s", seq, size, 0, bytes(range(20))))


SEEDS = {
    "declared": hello(0, b"cluster") + add(0, 0) + declare(0, 1) + present(0, 0, 1) + FLIP + declare(0, 3)
    + present(0, 0, 2) + FLIP + declare(0, 0, size=641),
    "declaring-guest": hello(1, b"ivi") + add(1, 0) + declare(1, 1) + present(1, 0, 1) + FLIP,
    "frames": hello(0, b"cluster") + add(0, 0) + add(0, 1) + present(0, 0, 1) + FLIP + present(0, 1, 2) + FLIP,
    "two-layers": hello(0, b"cluster") + hello(1, b"ivi") + add(0, 0) + add(1, 0) + present(0, 0, 1) + present(1, 0, 1)
    + FLIP + wait(120) + FLIP + beat(1) + wait(250) * 5 + FLIP,
    "remove-on-screen": hello(1, b"ivi") + add(1, 0) + present(1, 0, 1) + FLIP + remove(1, 0) + add(1, 0)
    + present(1, 0, 2) + remove(1, 0) + FLIP + CLOSE + FLIP,
    "replaced": hello(1, b"ivi") + b"".join(add(1, i) for i in range(8))
    + b"".join(present(1, i % 8, i + 1) for i in range(24)) + FLIP,
    "rejected": hello(1, b"ivi") + add(1, 0, width=0) + add(1, 1, stride=4) + add(1, 2, kind=2, offset=1) + REFUSE
    + add(1, 3) + REFUSE + add(1, 3) + present(1, 3, 1, width=32, height=16, x=32) + FLIP,
    "breach": hello(0, b"cluster") + add(0, 0) + present(0, 0, 1, width=9) + BREAK + hello(0, b"cluster") + add(0, 0)
    + present(0, 0, 1) + FLIP + hello(0, b"ivi"),
    "strangers": hello(2, b"nobody") + beat(2) + wait(255) * 5 + FLIP + hello(2, b"ivi") + hello(1, b"ivi"),
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, data in SEEDS.items():
    (folder / name).write_bytes(data)
