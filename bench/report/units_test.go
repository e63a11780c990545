package report

import "testing"

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{About(627e6), "630 ms"},
		{About(5.18e9), "5.2 s"},
		{About(9.96e9), "10 s"},
		{About(38.6e9), "39 s"},
		{About(111e9), "110 s"},
		{About(784e9), "13 min"},
		{About(4 * 3600e9), "4.0 h"},
		{Duration(0), "0.00 ns"},
		{Duration(999.4), "999 ns"},
		{Duration(999.6), "1.00 µs"},
		{Duration(1_500_000), "1.50 ms"},
		{Duration(99_960_000), "100 ms"},
		{Duration(999_400_000), "999 ms"},
		{Duration(999_600_000), "1.00 s"},
		{Duration(12_340_000_000), "12.3 s"},
		{Duration(3_600_000_000_000), "3600 s"},
		{DurationRange(980_000_000, 1_040_000_000), "0.98–1.04 s"},
		{DurationRange(9_800_000, 10_400_000), "9.80–10.4 ms"},
		{Amount(7), "7"},
		{Amount(7.25), "7.25"},
		{Amount(412_345), "412k"},
		{Amount(1_200_000), "1.20M"},
		{Keys(999), "999"},
		{Keys(10_000), "10k"},
		{Keys(1_000_000), "1M"},
		{Keys(1_250_000), "1.25M"},
		{Keys(1_234_567), "1234567"},
		{Keys(80_000_000), "80M"},
		{Bytes(240_000_000), "240 MB"},
		{Bytes(12), "12.0 B"},
		{percent(0.9375), "93.75 %"},
		{percent(0.1), "10 %"},
		{percent(1), "100 %"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
