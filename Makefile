# Two commands do all set-up on a fresh Debian machine with Go and make:
#
#   make demo     a whole site that is not there, around the real daemon
#   make test     everything that must be true, with nothing skipped (as root)
#
# As root, make reliability breaks all that can break, at length, and prints what
# became of it as a table (fifteen minutes); make reliability-long does much more,
# for hours. JSON=FILE writes the table there too, MARKDOWN=FILE as the README has it.
#
# make deb makes Debian packages of the last commit into bin/.
#
# The others: make build, make bench, make fuzz.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SUDO        := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
FUZZTIME    ?= 30s

.PHONY: build deb demo test reliability reliability-long bench fuzz needs lint

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

# For amd64, arm64 and armhf: static, stripped, and the same bytes for the same commit.
deb:
	@CGO_ENABLED=0 $(GO) run ./cmd/sitepost/package --out bin

demo:
	$(GO) run ./cmd/virtualsite --for 30s

# SITEPOST_ALL=1 turns every skip into a failure.
test: needs lint
	SITEPOST_ALL=1 $(GO) test -race -shuffle=on -skip '^Test(Reliable|ThousandReloads)' ./...
	SITEPOST_ALL=1 $(GO) test -count=1 -run '^TestSegment$$' ./devices/camera/find # its limits of time, which hold without -race
	SITEPOST_ALL=1 $(GO) test -count=1 -run '^TestF17' ./devices/camera/stream # see the head of its file
	SITEPOST_ALL=1 $(GO) test -count=1 -p 1 -run '^Test(Reliable|ThousandReloads)' ./ingest/store ./uplink ./uplink/mqtt ./cmd/sitepost/daemon # one after the other: they measure

# The short forms of the same tests run in make test.
reliability: needs
	@$(GO) run ./cmd/reliability $(if $(JSON),--json $(JSON)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

reliability-long: needs
	@$(GO) run ./cmd/reliability --long $(if $(JSON),--json $(JSON)) $(if $(MARKDOWN),--markdown $(MARKDOWN))

lint:
	@out=$$(gofmt -l cmd config devices ingest uplink firmware-notes); \
	  if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -C cmd/sitepost/package/nfpm ./...
	$(GO) run $(STATICCHECK) ./...

# What the tests need beside Go: Debian's mosquitto as a foreign broker, mbpoll
# and libmodbus as foreign ends of a Modbus line, lighttpd as a foreign camera's
# digest and https, GStreamer's RTSP server (told what to do by python3-gi) as a
# foreign camera's stream, ffmpeg for the films it plays and ffprobe for the truth
# about them, iproute2 for a network of a hundred cameras, and a C compiler for
# the race detector and the libmodbus slave. For faults: e2fsprogs and mount for a
# disk that loses its power, nftables for a network that is cut. A disk that
# misbehaves needs /dev/fuse, and no program. For the package: systemd's own word about
# the unit, a Debian to install it on (debootstrap), its inspector (lintian), groff for
# the manual, strace for what the unit must allow, qemu for a machine of 32 bits.
needs:
	@missing=; \
	  [ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null || missing="$$missing mosquitto"; \
	  command -v gcc >/dev/null || missing="$$missing gcc libc6-dev"; \
	  command -v ip >/dev/null || missing="$$missing iproute2"; \
	  command -v nft >/dev/null || [ -x /usr/sbin/nft ] || missing="$$missing nftables"; \
	  command -v mkfs.ext4 >/dev/null || [ -x /usr/sbin/mkfs.ext4 ] || missing="$$missing e2fsprogs"; \
	  command -v mount >/dev/null || missing="$$missing mount"; \
	  command -v mbpoll >/dev/null || missing="$$missing mbpoll"; \
	  [ -e /usr/include/modbus/modbus.h ] || missing="$$missing libmodbus-dev"; \
	  [ -x /usr/sbin/lighttpd ] || missing="$$missing lighttpd"; \
	  [ -e /usr/lib/lighttpd/mod_openssl.so ] || missing="$$missing lighttpd-mod-openssl"; \
	  command -v ffprobe >/dev/null && command -v ffmpeg >/dev/null || missing="$$missing ffmpeg"; \
	  [ -d /usr/lib/python3/dist-packages/gi ] || missing="$$missing python3-gi"; \
	  ls /usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib >/dev/null 2>&1 || missing="$$missing gir1.2-gst-rtsp-server-1.0"; \
	  command -v systemd-analyze >/dev/null || missing="$$missing systemd"; \
	  command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || missing="$$missing debootstrap"; \
	  command -v lintian >/dev/null || missing="$$missing lintian"; \
	  command -v groff >/dev/null || missing="$$missing groff"; \
	  command -v strace >/dev/null || missing="$$missing strace"; \
	  command -v qemu-arm-static >/dev/null || missing="$$missing qemu-user-static"; \
	  [ -z "$$missing" ] && exit 0; \
	  command -v apt-get >/dev/null || { echo "the tests need, please install:$$missing"; exit 1; }; \
	  echo "installing for the tests:$$missing"; \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

# Three tables: what is fast and what is frugal, what lines cost, and what it costs
# to watch streams, each beside its floor. They take eight minutes, and as root
# they also measure bytes at a block device of their own.
bench: needs
	@$(GO) test -run '^$$' -bench '^Benchmark(Table|Lines)$$' -benchtime 1x -timeout 20m ./cmd/sitepost/daemon
	@$(GO) test -run '^$$' -bench '^BenchmarkStreams$$' -benchtime 1x -timeout 20m ./devices/camera

fuzz:
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
	  done; \
	done
