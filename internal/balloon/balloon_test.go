package balloon

import (
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReports(t *testing.T) {
	const features = "sys/bus/virtio/drivers/virtio_balloon/virtio0/features"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"reports":            {"01100101" + strings.Repeat("0", 56) + "\n", true},
		"a balloon that not": {"01100001" + strings.Repeat("0", 56) + "\n", false},
	} {
		got, err := Reports(fstest.MapFS{features: {Data: []byte(c.text)}})
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := Reports(fstest.MapFS{}); got || err != nil {
		t.Errorf("a machine without a balloon: %v, %v", got, err)
	}
	for _, text := range []string{"", "0110", "0x25 is no bits"} {
		if _, err := Reports(fstest.MapFS{features: {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), features) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRefill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has the balloon")
	}
	const bytes = 3<<20 + 1
	if got, err := Refill(bytes); err != nil || got != bytes {
		t.Errorf("%d bytes, %v", got, err)
	}
	if got, err := Refill(0); err != nil || got != 0 {
		t.Errorf("nothing: %d bytes, %v", got, err)
	}
}
