# Hikae: what there is to do, one word each. On a fresh Debian 12 with Swift 6.1 or newer: make deps build test.

PREFIX ?= /usr/local
DESTDIR ?=
# What `make bench` and `make demo` pass on, for example: make bench ARGS=--quick
ARGS ?=

SWIFT_FLAGS = -c release -Xswiftc -enable-testing
HIKAE = .build/release/hikae

.PHONY: help deps build lint test scale demo bench fuzz install uninstall deb package-test clean

help:
	@echo 'make deps      install the Debian packages that are missing (root or sudo)'
	@echo 'make build     build $(HIKAE)'
	@echo 'make test      deps, build, lint and every test'
	@echo 'make scale     several hosts, one repository on Ceph and on OpenStack Swift (installs them)'
	@echo 'make lint      formatting and house rules'
	@echo 'make demo      a whole company captured, lost, and brought back elsewhere, in under five minutes'
	@echo 'make bench     measure beside restic and borg (ARGS=--quick to try)'
	@echo 'make fuzz      fuzz every decoder'
	@echo 'make install   install under PREFIX=$(PREFIX), with completions and manual pages'
	@echo 'make deb       make a Debian package, for machines without Swift'
	@echo 'make package-test   install that package in a fresh Debian and use it (root)'
	@echo 'make clean     remove what was built'

deps:
	@tools/install-deps.sh

build: deps
	swift build $(SWIFT_FLAGS) --product hikae

lint:
	@tools/lint.sh

test: deps
	@tools/test.sh

scale: build
	@tools/install-deps.sh scale
	@python3 -B practice/scenarios/scale.py --hikae $(HIKAE) --store ceph
	@python3 -B practice/scenarios/scale.py --hikae $(HIKAE) --store swift

demo: build
	@python3 -B demo/run.py --hikae $(HIKAE) $(ARGS)

bench: build
	@tools/install-deps.sh bench
	@python3 -B Benchmarks/run.py --hikae $(HIKAE) $(ARGS)

fuzz: deps
	@tools/fuzz.sh $(ARGS)

install: build
	@tools/install.sh '$(dir $(HIKAE))' '$(DESTDIR)$(PREFIX)'

uninstall:
	@tools/install.sh --remove '$(DESTDIR)$(PREFIX)'

deb: build
	@tools/install-deps.sh deb
	@tools/package.sh '$(dir $(HIKAE))' .build

package-test: deb
	@tools/install-deps.sh package-test
	@tools/test-package.sh .build

clean:
	rm -rf .build .build-*
