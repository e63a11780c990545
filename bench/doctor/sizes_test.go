package doctor

import _ "restorebench/bench/benchmarks/sizes" // its flags: see there
