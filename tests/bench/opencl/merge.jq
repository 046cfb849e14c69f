# SPDX-License-Identifier: Apache-2.0
# In: what the machine is, then one object for each run. Out: one object, the samples of all runs together.
.[0] as $machine
| {machine: $machine,
   platforms: ([.[1:][] | {(.side): .platform}] | add),
   measures: ([.[1:][] | .side as $side | .measures[] | . + {side: $side}]
     | group_by([.name, .size, .side])
     | map({name: .[0].name, size: .[0].size, unit: .[0].unit, side: .[0].side, samples: (map(.samples) | add)}))}
