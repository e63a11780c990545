package page

import _ "restorebench/bench/benchmarks/sizes" // its flags: see there
