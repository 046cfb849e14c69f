# SPDX-License-Identifier: Apache-2.0
# Prints opencl.json as a table of medians: native, remoted with what it adds, peer with what it adds.
def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def digits: if . >= 100 then round elif . >= 10 then (. * 10 | round) / 10 else (. * 100 | round) / 100 end;
def amount($unit): if $unit == "1/s" then "\(round)/s"
  elif . >= 1e9 then "\(. / 1e9 | digits) s" elif . >= 1e6 then "\(. / 1e6 | digits) ms" elif . >= 1e3 then "\(. / 1e3 | digits) us"
  else "\(digits) ns" end;
def size: if . == 0 then "" elif . < 4096 then " \(.)" elif . >= 1073741824 then " \(. / 1073741824) GiB"
  elif . >= 1048576 then " \(. / 1048576) MiB" else " \(. / 1024) KiB" end;
# Of heavy programs it is no bytes.
def size($name): if $name | startswith("heavy") then " \(.)" else size end;
def pad($n): . + (" " * ([$n - length, 1] | max));
# What a side adds to native, and native's share of it: as a factor.
def against($native; $unit): if . == null then "" elif $native == null then amount($unit)
  else "\(amount($unit)) (x\(. / $native * 100 | round / 100))" end;
def order: {"start": 0, "finish, idle queue": 1, "read 4 bytes, blocking": 2, "write 4 bytes, blocking": 3, "kernel, enqueue and finish": 4,
  "enqueue a kernel, client's cost": 5, "set an argument and enqueue, client's cost": 6, "chain of 2000 kernels in order, each": 7,
  "chain of 2000 kernels by events, each": 8, "clients at once, kernels a second each": 9, "map and unmap": 10,
  "map and unmap, ALLOC_HOST_PTR": 11, "memcpy": 12, "write": 13, "read": 14}[.] // 20;
(["median", "native", "remoted", "peer"] | (.[0] | pad(44)) + (.[1] | pad(12)) + (.[2] | pad(22)) + .[3]),
(.measures | group_by([.name, .size]) | sort_by([(.[0].name | order), .[0].name, .[0].size])[]
 | .[0].unit as $unit
 | (map({(.side): (.samples | median)}) | add) as $at
 | (.[0].name as $name | ($name + (.[0].size | size($name))) | pad(44))
   + ((if $at.native then ($at.native | amount($unit)) else "" end) | pad(12))
   + (($at.remoted | against($at.native; $unit)) | pad(22)) + ($at.peer | against($at.native; $unit)))
