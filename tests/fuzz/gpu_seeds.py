#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers vhost_user and virtio_gpu into tests/fuzz/corpus: an ordinary start-up and an ordinary
session, from which a fuzzer finds its way into everything else."""
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(subject, name, data):
    os.makedirs(os.path.join(HERE, subject), exist_ok=True)
    with open(os.path.join(HERE, subject, name), "wb") as f:
        f.write(data)


def message(request, payload=b"", fds=0, flags=0):
    return struct.pack("<BBBH", request, flags, fds, len(payload)) + payload


def u64(value):
    return struct.pack("<Q", value)


def state(index, num):
    return struct.pack("<II", index, num)


UVA = 0x7000000000


def start(regions):
    out = message(1) + message(15) + message(16, u64(0x209)) + message(17) + message(3) + message(2, u64(0x10170000003))
    out += message(24, struct.pack("<III", 0, 16, 0) + bytes(16))
    table = struct.pack("<II", regions, 0)
    for i in range(regions):
        table += struct.pack("<QQQQ", i << 32, 0x80000, UVA + i * 0x80000, i * 0x80000)
    out += message(5, table, regions)
    for ring in range(2):
        at = UVA + ring * 0x8000
        out += message(8, state(ring, 256)) + message(10, state(ring, 0))
        out += message(9, struct.pack("<IIQQQQ", ring, 0, at, at + 0x4000, at + 0x2000, 0))
        out += message(12, u64(ring), 1) + message(13, u64(ring), 1) + message(18, state(ring, 1), flags=0x80)
    return out


write("vhost_user", "start", start(1))
write("vhost_user", "start-two-regions", start(2))
write("vhost_user", "start-stop", start(1) + message(18, state(0, 0)) + message(11, state(0, 0)) + message(11, state(1, 0)))
write("vhost_user", "gpu-socket", message(33, b"", 1) + message(14, u64(0x100)) + message(25, bytes(16)))

CONTROL, CURSOR, PIECES, RAW, DIE, DIE_2D, SILENT, LOUD, HOLD, LET_GO, FRESH, MOVE, REFUSE = range(13)
GPA = 0x40000000


def record(action, data=b""):
    return struct.pack("<BH", action, len(data)) + data


def command(kind, body=b"", ctx=0, fence=None, action=CONTROL):
    flags = 0 if fence is None else 1
    return record(action, struct.pack("<IIQIBxxx", kind, flags, fence or 0, ctx, 0) + body)


def words(*values):
    return struct.pack("<%dI" % len(values), *values)


def console(resource=1):
    return (
        command(0x100) + command(0x10A, words(0, 0)) + command(0x101, words(resource, 2, 64, 64))
        + command(0x106, words(resource, 1) + struct.pack("<QII", GPA + 0x100000, 16384, 0))
        + command(0x103, words(0, 0, 64, 64, 0, resource))
        + command(0x105, words(0, 0, 64, 64) + struct.pack("<QII", 0, resource, 0))
        + command(0x104, words(0, 0, 64, 64, resource, 0), fence=1)
    )


def gl(context=1, resource=2):
    return (
        command(0x108, words(0, 0)) + command(0x109, words(2, 2))
        + command(0x200, words(4, 0) + b"cube".ljust(64, b"\0"), ctx=context)
        + command(0x204, words(resource, 2, 1, 0x40002, 64, 64, 1, 1, 0, 0, 1, 0))
        + command(0x106, words(resource, 1) + struct.pack("<QII", GPA + 0x100000, 16384, 0))
        + command(0x202, words(resource, 0), ctx=context)
        + command(0x205, words(0, 0, 0, 64, 64, 1) + struct.pack("<QIIII", 0, resource, 0, 0, 0), ctx=context, fence=2)
        + command(0x206, words(0, 0, 0, 64, 64, 1) + struct.pack("<QIIII", 0, resource, 0, 0, 0), ctx=context)
        + command(0x207, words(16, 0, 1, 2, 3, 4), ctx=context, fence=3)
        + command(0x103, words(0, 0, 64, 64, 0, resource)) + command(0x104, words(0, 0, 64, 64, resource, 0))
    )


def end(context=1, resource=2):
    return (
        command(0x203, words(resource, 0), ctx=context) + command(0x201, ctx=context) + command(0x107, words(resource, 0))
        + command(0x102, words(resource, 0))
    )


write("virtio_gpu", "console", console())
write("virtio_gpu", "gl", console() + gl() + end())
write("virtio_gpu", "cursor", command(0x300, words(0, 1, 2, 0, 0, 0, 0, 0), action=CURSOR)
      + command(0x301, words(0, 1, 2, 0, 0, 0, 0, 0), action=CURSOR))
write("virtio_gpu", "death", console() + gl() + record(SILENT) + gl(2, 3) + record(DIE) + record(LOUD) + end() + gl(3, 4)
      + record(DIE_2D) + end(3, 4) + console(5))
write("virtio_gpu", "held", console() + record(HOLD) + gl() + record(LET_GO) + end())
write("virtio_gpu", "moves", console() + gl() + record(MOVE) + record(FRESH) + gl())
write("virtio_gpu", "pieces", command(0x207, words(16, 0, 1, 2, 3, 4), ctx=1, action=PIECES) + command(0x100, action=PIECES))
write("virtio_gpu", "rings", record(RAW, b"\x00\x10" + bytes(64)) + record(RAW, b"\x00\x00" + bytes(range(256))))
write("virtio_gpu", "refused", record(REFUSE) + console() + gl() + record(REFUSE) + end())
