# nginx's core types and functions, for unit tests and fuzz targets.
#
# Wants ROOT, BUILD, OUT, OPT and CC; gives NGX_INC, the rule of NGX_LIB, and
# NEED, the flags of an object that includes nginx's headers.  The source is
# copied and configured once, without HTTP, see nginx.sh; NGX_SRC is a folder,
# its configure script or a tarball.

NGX     := $(BUILD)/unit/nginx
NGX_SRC ?= $(firstword $(wildcard $(BUILD)/src/nginx-*/configure \
	$(ROOT)/build/src/nginx-*/configure $(ROOT)/.cache/nginx-*.tar.gz))

NGX_INC := -isystem $(NGX)/src/core -isystem $(NGX)/src/event \
	-isystem $(NGX)/src/event/modules -isystem $(NGX)/src/os/unix \
	-isystem $(NGX)/src/http -isystem $(NGX)/src/http/modules \
	-isystem $(NGX)/objs

NGX_CORE := core/ngx_array core/ngx_buf core/ngx_crc32 core/ngx_hash \
	core/ngx_list core/ngx_md5 core/ngx_murmurhash core/ngx_palloc \
	core/ngx_parse core/ngx_parse_time core/ngx_queue core/ngx_rbtree \
	core/ngx_sha1 core/ngx_string core/ngx_times os/unix/ngx_alloc \
	os/unix/ngx_errno os/unix/ngx_time
NGX_LIB  := $(OUT)/ngxcore.a


.DEFAULT_GOAL := check

$(OUT)/obj/ngx_http_coderemote_module/%.o: NEED := $(NGX_INC)

$(OUT)/obj/t/unit/ngx_stub.o: NEED := $(NGX_INC)
$(OUT)/obj/t/unit/ngx_stub.o: | $(NGX)/objs/ngx_auto_config.h

$(NGX_LIB): $(patsubst %,$(OUT)/ngx/%.o,$(NGX_CORE)) \
		$(OUT)/obj/t/unit/ngx_stub.o
	rm -f $@
	$(AR) rc $@ $^

$(OUT)/ngx/%.o: $(NGX)/objs/ngx_auto_config.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(OPT) $(NGX_INC) -w -c -o $@ $(NGX)/src/$*.c

$(NGX)/objs/ngx_auto_config.h:
	@sh $(ROOT)/t/unit/nginx.sh $(NGX) "$(NGX_SRC)"
