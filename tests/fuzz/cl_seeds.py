#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes first inputs for the fuzzers of OpenCL's wire formats: cl_seeds.py API CORPUS_DIR. A request of each operation with arguments
as they should be, made from opencl.api, and answers of different lengths."""
import os
import struct
import sys


def functions(path):
    name, args, found = None, [], []
    for line in open(path):
        words = line.split("#")[0].split()
        if not words:
            continue
        if line[0] == "\t":
            args.append(words)
        else:
            if name:
                found.append((name, args))
            name, args = words[0], []
    found.append((name, args))
    return found


def val(n):
    return struct.pack("<Q", n & (2**64 - 1))


def array(data):
    return val(len(data)) + data + bytes(-len(data) % 8) + bytes(16)


def encode(arg):
    kind = arg[0]
    if kind in ("val", "obj", "cookie", "address", "shared", "sharedin", "out", "outs", "found"):
        return val(1)
    if kind in ("objs", "made", "vals"):
        return array(val(1) * 4 + val(0))
    if kind in ("bytes", "str"):
        return array(b"text")
    if kind == "late":
        return val(1) + array(b"12345678")
    if kind in ("strs", "blobs"):
        return val(1) + array(b"piece")
    if kind == "info":
        return val(64) + val(1)
    if kind == "wait":
        return array(b"") + val(5)
    return val(7)  # new


def main():
    api, out = sys.argv[1:]
    for folder in ("cl_request", "cl_answer"):
        os.makedirs(f"{out}/{folder}", exist_ok=True)
    everything = b""
    for op, (name, args) in enumerate(functions(api), 1):
        body = b"".join(encode(a) for a in args)
        record = struct.pack("<HBH", op, 1, len(body)) + body
        everything += record
        with open(f"{out}/cl_request/{name}", "wb") as f:
            f.write(record)
    with open(f"{out}/cl_request/all", "wb") as f:
        f.write(everything)
    for length in (0, 8, 16, 64, 8192, 65535):
        with open(f"{out}/cl_answer/{length}", "wb") as f:
            f.write((struct.pack("<H", length) + val(0) + val(16) + val(16) + val(1) * 5) * 12)


main()
