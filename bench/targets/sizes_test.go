package targets

import _ "restorebench/bench/benchmarks/sizes" // go test -bench ./bench/... -args reaches this package too
