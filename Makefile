# SPDX-License-Identifier: GPL-2.0-or-later
# fwlog: make help

VERSION := 0.1.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
CGIDIR ?= $(PREFIX)/lib/fwlog/cgi-bin
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
DATADIR ?= $(PREFIX)/share/fwlog

CC ?= gcc
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wformat=2 -Wvla -Wno-missing-field-initializers
HARDEN := -fPIE -fstack-protector-strong
HARDEN_LD := -pie -Wl,-z,relro -Wl,-z,now -pthread

B := build
# "make asan check" builds and tests under the address and undefined-behaviour sanitizers.
ifneq ($(filter asan,$(MAKECMDGOALS))$(ASAN),)
export ASAN := 1
B := build/asan
HARDEN += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARDEN_LD += -fsanitize=address,undefined
else
HARDEN += -D_FORTIFY_SOURCE=2
endif
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif
ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2);
else
say =
endif
export BUILD := $(B)

# Expanded when a recipe needs them, after packaging/deps.sh had its chance.
pkg_cflags = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --cflags $(1)))
pkg_libs = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(1)))

# ---- rooms: the packages each may use
PKG_common := libzstd inih libsodium libpcre2-8
PKG_agent := libnetfilter_log libmnl libnfnetlink libevent_extra libevent_core libnftables jansson \
	libseccomp
PKG_collector := libevent_extra libevent_core libpq libcurl
PKG_web-cgi := libpq
# The page is a FastCGI server, too, where libfcgi is at hand; FASTCGI= leaves it out.
FASTCGI := $(shell $(PKG_CONFIG) --exists fcgi 2>/dev/null && echo yes)
ifneq ($(FASTCGI),)
PKG_web-cgi += fcgi
CPPFLAGS += -DFWLOG_FASTCGI
endif
PKG_alert := yaml-0.1
PKG_collector += $(PKG_alert)
PKG_ctl := libpq zlib $(PKG_alert)
ROOMS := common agent collector web-cgi ctl
# A room in a room: the alert engine, which collector and fwlogctl share.
DIR_alert := collector/alert
LIBS_collector := $(B)/libalert.a
LIBS_ctl := $(B)/libalert.a
ALL_PKG = $(sort $(foreach r,$(ROOMS),$(PKG_$(r))))

BIN_agent := fwlog-agent
BIN_collector := fwlog-collector
BIN_web-cgi := fwlog.cgi
BIN_ctl := fwlogctl
PROGRAMS := $(foreach r,$(filter-out common,$(ROOMS)),$(B)/bin/$(BIN_$(r)))

CPPFLAGS += -D_GNU_SOURCE -DFWLOG_VERSION='"$(VERSION)"' \
	-DFWLOG_SYSCONFDIR='"$(SYSCONFDIR)"' -I. -I$(B)/gen
# The schema's version is the number of the last migration; the collector checks for it.
SCHEMA_VERSION := $(shell ls sql | sed -n 's/^0*\([0-9]*\)_.*\.sql$$/\1/p' | sort -n | tail -n 1)
CPPFLAGS += -DFWLOG_SCHEMA_VERSION=$(SCHEMA_VERSION)

sources = $(filter-out %/main.c,$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))

.PHONY: all help check run-check demo asan clean install lint format unit fuzz-replay
all: need $(PROGRAMS)

help:
	@printf '%s\n' \
	'make            build the programs into build/bin' \
	'make demo       three hosts in network namespaces, PostgreSQL, collector, web page;' \
	'                DEMO_SECONDS=20 ends it by itself, DEMO_PORT=8080 chooses the port' \
	'make check      all tests: lint, unit, fuzz replay, integration (T=name: only these)' \
	'make check-web  the tests of the page alone, in a browser and behind web servers' \
	'make check-alerts    the tests of alert rules, engine and actions alone' \
	'make asan check the same under sanitizers' \
	'make torture    faults, again and again; T=short or T=smoke for less, T=03 for one' \
	'make check-planted   the torture tests must notice each planted fault' \
	'make bench-filter    how fast filters run in memory, beside BPF' \
	'make bench-import    how fast kernel LOG lines are imported, N=1000000 of them' \
	'make bench-alerts    how fast the alert engine is, and what it takes from the collector' \
	'make bench-store     load with roll-ups, sizes and query times of N=5000000 events' \
	'make bench-web       how fast pages are with N=5000000 events, in parallel, in bytes' \
	'make screenshots     docs/screenshots/ anew' \
	'make fuzz T=packet S=60   fuzz one target for so many seconds (clang)' \
	'make install    PREFIX=/usr/local DESTDIR=' \
	'make format     clang-format over all sources' \
	'make clean      remove build/' \
	'V=1 shows the commands; WERROR=1 makes warnings errors (so does CI=1)'

# Everything is built anew when compiler or flags change.
FLAGS = $(CC) $(CPPFLAGS) $(WARN) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
	printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@
FORCE:

.PHONY: need FORCE
need:
	@for p in $(ALL_PKG); do $(PKG_CONFIG) --exists $$p || { \
	echo "fwlog: the library $$p is missing: packaging/deps.sh build installs it" >&2; \
	missing=1; }; done; test -z "$$missing"

# ---- libraries and programs
define room
$(B)/lib$(1).a: $(call objects,$(or $(DIR_$(1)),$(1))) $(EXTRA_$(1))
	$$(call say,AR,$$@)rm -f $$@ && $(AR) rcs $$@ $$^
$(B)/$(or $(DIR_$(1)),$(1))/%.o: $(or $(DIR_$(1)),$(1))/%.c $(B)/flags | need
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)$(CC) $(CPPFLAGS) $$(call pkg_cflags,$(PKG_common) $(PKG_$(1))) \
	-std=c11 $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
EXTRA_ctl := $(B)/gen/migrations.o
EXTRA_web-cgi := $(B)/gen/assets.o
$(foreach r,alert $(ROOMS),$(eval $(call room,$(r))))
$(B)/collector/sink_check.o: $(wildcard sql/[0-9]*.sql)

define program
$(B)/bin/$(BIN_$(1)): $(B)/$(1)/main.o $(B)/lib$(1).a $(LIBS_$(1)) $(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$(CC) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ \
	$$(call pkg_libs,$(PKG_$(1)) $(PKG_common))
endef
$(foreach r,$(filter-out common,$(ROOMS)),$(eval $(call program,$(r))))

# ---- generated: migrations into fwlogctl, assets into the CGI
$(B)/gen/migrations.c: $(sort $(wildcard sql/[0-9]*.sql)) sql/embed.sh
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh sql/embed.sh migrations $(filter %.sql,$^) > $@.tmp && mv $@.tmp $@
$(B)/gen/assets.c: $(sort $(wildcard web-cgi/assets/*)) sql/embed.sh
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh sql/embed.sh assets $(filter web-cgi/assets/%,$^) > $@.tmp && mv $@.tmp $@
$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags common/embedded.h
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(HARDEN) $(CFLAGS) -c -o $@ $<

# ---- tests: tests/unit/<room>/check_*.c, tests/fuzz/fuzz_*.c, tests/tools/*.c, tests/load/
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*/check_*.c))
FUZZ := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(B)/bin/%,$(wildcard tests/tools/*.c)) $(B)/bin/fwlog-load
FUZZ_ROOMS := agent web-cgi ctl alert common
FUZZ_LIBS := $(FUZZ_ROOMS:%=$(B)/lib%.a)
FUZZ_PKG := $(foreach r,$(FUZZ_ROOMS),$(PKG_$(r)))

define unit_room
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(B)/lib$(1).a $(LIBS_$(1)) $(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)$(CC) $(CPPFLAGS) $$(call pkg_cflags,check $(PKG_common) $(PKG_$(1))) \
	-std=c11 $(WARN) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $$@.d -o $$@ $$< \
	$(B)/lib$(1).a $(LIBS_$(1)) $(B)/libcommon.a \
	$$(call pkg_libs,check $(PKG_$(1)) $(PKG_common))
endef
$(foreach r,alert $(ROOMS),$(eval $(call unit_room,$(r))))

$(B)/tests/fuzz/replay.o: tests/fuzz/replay.c tests/fuzz/fuzz.h $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(HARDEN) $(CFLAGS) -c -o $@ $<
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/tests/fuzz/replay.o $(FUZZ_LIBS)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(call pkg_cflags,$(FUZZ_PKG)) -std=c11 \
	$(WARN) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
	$(B)/tests/fuzz/replay.o $(FUZZ_LIBS) $(call pkg_libs,$(FUZZ_PKG))

PKG_tool_filter-equiv := libpq
$(B)/bin/%: tests/tools/%.c $(B)/libcommon.a
	@mkdir -p $(@D) $(B)/tests
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) \
	$(call pkg_cflags,$(PKG_tool_$*)) -MMD -MP -MF $(B)/tests/tools-$*.d -o $@ $< \
	$(B)/libcommon.a $(call pkg_libs,$(PKG_common) $(PKG_tool_$*))

# The synthetic agents, a program of several files.
$(B)/tests/load/%.o: tests/load/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/bin/fwlog-load: $(call objects,tests/load) $(B)/tests/load/main.o $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) -o $@ $^ \
	$(call pkg_libs,$(PKG_common))

# What torture tests load into a program: tests/torture/preload_*.c, not under sanitizers.
PRELOADS := $(patsubst tests/torture/%.c,$(B)/lib/%.so,$(wildcard tests/torture/preload_*.c))
$(B)/lib/preload_%.so: tests/torture/preload_%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -D_GNU_SOURCE -I. $(call pkg_cflags,libpq) -std=c11 $(WARN) $(CFLAGS) \
	-shared -fPIC -o $@ $< -ldl

unit: $(UNIT)
fuzz-replay: $(FUZZ)

# As many jobs as processors, unless -j was given.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))
# What only tests of the page need is missed by those alone.
check:
	@packaging/deps.sh build test
	@packaging/deps.sh web || :
	@$(MAKE) $(JOBS) --no-print-directory run-check
run-check: all $(UNIT) $(FUZZ) $(TOOLS) $(PRELOADS)
	@tests/run.sh $(T)

# The page alone: behind each web server, and in a browser. The alert rules alone.
.PHONY: check-web check-alerts
check-web:
	@$(MAKE) --no-print-directory check T="integration/browser integration/web"
check-alerts:
	@$(MAKE) --no-print-directory check T="unit/alert check_notify fuzz/sigma \
	integration/alerts integration/notify integration/pack integration/rules"

.PHONY: torture run-torture
torture:
	@packaging/deps.sh build test
	@$(MAKE) $(JOBS) --no-print-directory run-torture
run-torture: all $(TOOLS) $(PRELOADS)
	@tests/torture/run.sh $(T)
ifeq ($(MAKECMDGOALS),asan)
asan: all
else
asan:
	@:
endif
demo:
	@packaging/deps.sh build demo
	@$(MAKE) $(JOBS) --no-print-directory all $(TOOLS)
	@tests/demo/demo.sh

# The same tests must fail with each planted fault (common/planted.h) and pass without.
.PHONY: check-planted planted-programs
planted-programs: all $(TOOLS) $(PRELOADS)
check-planted:
	@packaging/deps.sh build test
	@env CPPFLAGS=-DFWLOG_PLANTED $(MAKE) $(JOBS) --no-print-directory B=build/planted \
	planted-programs
	@BUILD=build/planted tests/torture/planted.sh $(T)

# Only this links libpcap.
.PHONY: bench-filter
$(B)/tests/bench/filter: tests/bench/filter.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(call pkg_cflags,libpcap) -std=c11 $(WARN) $(HARDEN) \
	$(HARDEN_LD) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/libcommon.a \
	$(call pkg_libs,$(PKG_common) libpcap)
bench-filter:
	@packaging/deps.sh build bench
	@$(MAKE) $(JOBS) --no-print-directory $(B)/tests/bench/filter
	@$(B)/tests/bench/filter

.PHONY: bench-import
bench-import:
	@packaging/deps.sh build test
	@$(MAKE) $(JOBS) --no-print-directory all
	@tests/bench/import.sh

.PHONY: bench-alerts
$(B)/tests/bench/alerts: tests/bench/alerts.c $(B)/libalert.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -std=c11 $(WARN) $(HARDEN) $(HARDEN_LD) $(CFLAGS) $(LDFLAGS) \
	-MMD -MP -MF $@.d -o $@ $< $(B)/libalert.a $(B)/libcommon.a $(call pkg_libs,$(PKG_alert) $(PKG_common))
bench-alerts:
	@packaging/deps.sh build test
	@$(MAKE) $(JOBS) --no-print-directory all $(TOOLS) $(B)/tests/bench/alerts
	@$(B)/tests/bench/alerts
	@tests/bench/alerts.sh

.PHONY: bench-store
bench-store:
	@packaging/deps.sh build test
	@$(MAKE) $(JOBS) --no-print-directory all $(TOOLS)
	@tests/bench/store.sh

.PHONY: bench-web
bench-web:
	@packaging/deps.sh build test
	@$(MAKE) $(JOBS) --no-print-directory all
	@tests/bench/web.sh

.PHONY: screenshots
screenshots:
	@packaging/deps.sh build test web
	@$(MAKE) $(JOBS) --no-print-directory all
	@tests/web/screenshots.sh

.PHONY: fuzz
fuzz:
	@packaging/deps.sh build fuzz
	@tests/fuzz/fuzz.sh "$(T)" "$(S)"

format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(ROOMS) $(DIR_alert)) tests/*/*.[ch] tests/unit/*/*.[ch])

clean:
	rm -rf build

install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(CGIDIR) \
	$(DESTDIR)$(SYSCONFDIR)/fwlog $(DESTDIR)$(DATADIR)/rules
	install -m 755 $(B)/bin/fwlog-agent $(B)/bin/fwlog-collector $(DESTDIR)$(SBINDIR)
	install -m 755 $(B)/bin/fwlogctl $(DESTDIR)$(BINDIR)
	install -m 755 $(B)/bin/fwlog.cgi $(DESTDIR)$(CGIDIR)
	install -m 644 packaging/conf/*.conf packaging/web/*.conf $(DESTDIR)$(DATADIR)
	install -m 644 packaging/sigma/*.yml $(DESTDIR)$(DATADIR)/rules
	install -m 644 packaging/prometheus/*.yml packaging/grafana/*.json $(DESTDIR)$(DATADIR)
	for m in docs/man/*.[1-8]; do s=$${m##*.}; install -d $(DESTDIR)$(MANDIR)/man$$s && \
	install -m 644 $$m $(DESTDIR)$(MANDIR)/man$$s || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	$(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 packaging/completion/fwlogctl.bash \
	$(DESTDIR)$(PREFIX)/share/bash-completion/completions/fwlogctl
	install -m 644 packaging/completion/_fwlogctl \
	$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_fwlogctl

# A tool's only while its source is there: what it says of a moved one no longer holds.
-include $(foreach r,$(ROOMS) $(DIR_alert),$(wildcard $(B)/$(r)/*.d)) \
	$(wildcard $(B)/tests/*/*/*.d $(B)/tests/*/*.d) \
	$(patsubst tests/tools/%.c,$(B)/tests/tools-%.d,$(wildcard tests/tools/*.c))
