# mxtls: everything a developer calls. Each target says what it needs.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 30s

.PHONY: all build demo test test-mta test-parity test-mox check fuzz bench golden vuln clean

all: check test

build: ## the binary, as ./mxtls
	go build -o mxtls ./cmd/mxtls

demo: build ## the report of a false internet: no network, no root
	./mxtls demo

test: ## all tests that need nothing but Go and openssl, and each benchmark once
	go test -race -shuffle=on ./...
	go test -run '^$$' -bench . -benchtime 1x ./... >/dev/null

test-mta: ## scan real Postfix, Exim, Sendmail, Courier and OpenSMTPD behind unbound, and read of mail between them (Debian, root)
	go test -count=1 -p 1 -tags mta -run TestMTA -v -timeout 12m ./cmd/mxtls ./scanner/pkix ./scanner/dane

test-parity: ## mxtls plan against two releases of Postfix that send mail to some 300 domains, and 3.7 under 201 main.cfs (Debian 12, root)
	go test -count=1 -tags parity -run TestParity -v -timeout 12m ./cmd/mxtls

test-mox: ## what mox's parsers of MTA-STS and TLSRPT make of the texts in testdata/published
	cd testdata/mox && go vet . && go test -count=1 -v .

check: ## format, vet, lint, tidiness; changes nothing
	@test -z "$$(gofmt -s -l .)" || { echo "not gofmt'ed:"; gofmt -s -l .; exit 1; }
	go vet ./... && go vet -tags mta,parity ./... && GOARCH=386 go vet ./...
	go run $(STATICCHECK) -checks all -tags mta,parity ./...
	go fix -diff ./... && go mod tidy -diff
	go test -run TestImportDirections ./cmd/mxtls

fuzz: ## each fuzz target for FUZZTIME
	@set -e; for f in $$(grep -rlE '^func Fuzz' --include=*_test.go .); do \
	  for t in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' $$f); do \
	    echo "== $$t"; go test -run '^$$' -fuzz "^$$t\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s ./$$(dirname $$f); done; done

bench: ## speed and memory as ratios within one run
	go run ./scanner/scannertest/bench

golden: ## rewrite the golden reports and scripts, to be read before they are committed
	go test ./report ./cmd/mxtls -update

vuln: ## known vulnerabilities (needs the network)
	go run golang.org/x/vuln/cmd/govulncheck@v1.2.0 ./...

clean:
	rm -f mxtls
