# make help lists what there is.

GO      ?= go
TAGS    := sqlite_omit_load_extension
LDFLAGS := -s -w
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ARM_CC  := arm-linux-gnueabihf-gcc
ARM_RUN := qemu-arm-static -L /usr/arm-linux-gnueabihf
ARM_ENV := CGO_ENABLED=1 GOOS=linux GOARCH=arm GOARM=7 CC=$(ARM_CC)
# The agent is one static file and shares a small terminal with a browser: SQLite for size, no HTTP/2, and no inlining
# where a sale hardly passes through or does not notice. The kernel counts its code as its memory.
AGENT_TAGS := netgo osusergo nethttpomithttp2 $(TAGS)
AGENT_COLD := github.com/eclipse/... github.com/emmansun/... github.com/gorilla/... \
	github.com/mattn/... github.com/pelletier/... go.bug.st/... golang.org/... google.golang.org/... \
	compress/... crypto/tls/... crypto/x509/... database/... encoding/asn1/... encoding/json/... flag/... fmt/... log/... \
	math/big/... mime/... net/... os/... reflect/... regexp/... text/... vendor/... github.com/tjfoc/... \
	$(addprefix github.com/yuantill/yuantill/,agent agent/catalogue agent/checkout agent/followup agent/keyring agent/offline \
	agent/packed agent/receipt agent/shift agent/station agent/uplink agent/yuantill-agent/... drivers/... protocol/closing \
	protocol/enrolment protocol/hardwallet protocol/message protocol/plainfile protocol/tomlfile)
AGENT_BUILD := -trimpath -tags '$(AGENT_TAGS)' -ldflags '$(LDFLAGS) -linkmode external -extldflags "-static -Wl,--gc-sections"' \
	$(foreach pattern,$(AGENT_COLD),-gcflags=$(pattern)=-l)
# C that nothing calls is left out, and so is what SQLite has for JSON, full text and places on a map. The driver turns the last
# two on; only the preprocessor's own flags come behind that.
AGENT_ENV := CGO_CFLAGS='-Os -ffunction-sections -fdata-sections -DSQLITE_OMIT_JSON -Wp,-USQLITE_ENABLE_FTS3 -Wp,-USQLITE_ENABLE_RTREE'
# What the terminal's code can be broken by on ARM: alignment, word size, cgo.
ARM_TESTS := ./protocol/... ./drivers/... ./agent/journal/...

.PHONY: help demo chaos test build check generate simulate mutants setup setup-test setup-arm arm arm-test bench \
	bench-results race fuzz

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## demo       a small shop on this machine; ARGS="--once --json" to run it unattended
demo: setup build
	@bin/demo $(ARGS)

## chaos      real processes killed, cut off and filled up, and all books agree; ARGS="--kills 5000 --seed 7 --json"
chaos: setup build
	@bin/chaos $(ARGS)

## test       every test that needs no virtual machine
test: setup-test
	$(GO) test -tags '$(TAGS)' ./...

## build      bin/yuantill, bin/yuantill-agent, bin/yuantill-cloud and the simulated world around them
build:
	@mkdir -p bin
	$(AGENT_ENV) $(GO) build $(AGENT_BUILD) -o bin/ ./agent/yuantill-agent
	$(GO) build -tags '$(TAGS)' -o bin/ ./cloud/yuantill-cloud ./tools/yuantill ./tools/demo ./tools/chaos \
		./tools/fakedevice ./tools/fakeoperator ./tools/loadtest ./tools/simulate

## check      format, vet, lint, import law
check:
	@unformatted=$$(gofmt -l agent cloud drivers protocol tools); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet -tags '$(TAGS)' ./...
	$(GO) test ./tools/importlaw
	$(GO) run $(LINT) run --build-tags '$(TAGS)' ./...

## race       the tests again under the race detector
race: setup-test
	$(GO) test -race -tags '$(TAGS)' ./...

## fuzz       ten seconds of each fuzz target; FUZZTIME=1m for longer
FUZZTIME ?= 10s
fuzz:
	@tools/fuzz.sh $(FUZZTIME)

## bench      figures as JSON lines; ONLY=counter,ingest for some of them
bench: setup build
	@bin/loadtest bench --only '$(ONLY)'

## bench-results  three full runs of bench, written to tools/loadtest/RESULTS.md
bench-results: setup build
	@bin/loadtest results

## arm        bin/arm/yuantill-agent, static, for 32-bit ARM
arm: setup-arm
	@mkdir -p bin/arm
	$(AGENT_ENV) $(ARM_ENV) $(GO) build $(AGENT_BUILD) -o bin/arm/yuantill-agent ./agent/yuantill-agent

## arm-test   protocol, drivers and journal, and one whole sale, under qemu-arm
arm-test: arm build
	$(ARM_ENV) $(GO) test -tags 'netgo osusergo $(TAGS)' -ldflags '-linkmode external -extldflags "-static -Wl,--gc-sections"' \
		-exec '$(ARM_RUN)' $(ARM_TESTS)
	bin/demo --once --dir build/arm-demo --agent bin/arm/yuantill-agent --agent-runner '$(ARM_RUN)'

## simulate   the deterministic world; SEEDS=1000000 for a release, goes on where it was interrupted
SEEDS ?= 1000
simulate:
	@mkdir -p bin build
	$(GO) build -tags '$(TAGS)' -o bin/ ./tools/simulate
	@bin/simulate --seeds $(SEEDS) --state build/simulate/sweep-$(SEEDS).json $(ARGS)

## mutants    planted bugs that the simulator has to find within 1,000 seeds each
mutants:
	$(GO) run ./tools/simulate/mutate $(ARGS)

## generate   Go code from message.proto (needs protoc and protoc-gen-go)
generate:
	$(GO) generate ./protocol/message

setup:
	@tools/setup.sh demo

setup-test:
	@tools/setup.sh test

setup-arm:
	@tools/setup.sh arm
