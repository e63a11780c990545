package kafkastreams_test

import _ "restorebench/bench/benchmarks/sizes" // its flags: see there
