use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: coderemote on without a pool is refused
--- no_pool
--- http_config
# no pool
--- config
location / {
    coderemote on;
}
--- must_die
--- error_log
"coderemote" is on but there is no "coderemote_pool"
--- no_error_log
[alert]



=== TEST 2: a pool that is no unix socket is refused
--- http_config
coderemote_pool 127.0.0.1:9000;
--- must_die
--- error_log
invalid pool "127.0.0.1:9000": must be unix:PATH
--- no_error_log
[alert]



=== TEST 3: a pool named twice in one block is refused
--- http_config
coderemote_pool unix:/tmp/a.sock;
coderemote_pool unix:/tmp/b.sock;
--- must_die
--- error_log
"coderemote_pool" directive is duplicate
--- no_error_log
[alert]



=== TEST 4: a path that does not fit a socket address is refused
--- http_config eval
"coderemote_pool unix:/tmp/" . 'x' x 120 . ";"
--- must_die
--- error_log
is too long
--- no_error_log
[alert]



=== TEST 5: code cannot be allowed to be over 1 MiB
--- http_config
coderemote_max_code_size 2m;
--- must_die
--- error_log
"coderemote_max_code_size" directive must be from 1 byte to 1m
--- no_error_log
[alert]



=== TEST 6: the default timeout cannot be over the maximum
--- http_config
coderemote_default_timeout 20s;
coderemote_max_timeout 10s;
--- must_die
--- error_log
"coderemote_default_timeout" must not be over "coderemote_max_timeout"
--- no_error_log
[alert]



=== TEST 7: a WebSocket must be pinged before it is given up
--- http_config
coderemote_ws_ping_interval 60s;
coderemote_ws_timeout 60s;
--- must_die
--- error_log
"coderemote_ws_timeout" must be over "coderemote_ws_ping_interval"
--- no_error_log
[alert]



=== TEST 8: a body must have room for the code
--- http_config
coderemote_max_body_size 1k;
--- must_die
--- error_log
"coderemote_max_body_size" must not be less than "coderemote_max_code_size"
--- no_error_log
[alert]



=== TEST 9: authentication that does not exist is refused
--- http_config
coderemote_auth maybe;
--- must_die
--- error_log
invalid value "maybe"
--- no_error_log
[alert]



=== TEST 10: a wildcard in the middle of a host is refused
--- http_config
coderemote_allow_host a*b;
--- must_die
--- error_log
invalid value "a*b"
--- no_error_log
[alert]



=== TEST 11: every directive is taken at every level
--- pool: none
--- http_config
coderemote off;
coderemote_auth off;
coderemote_max_code_size 64k;
coderemote_max_stdin_size 1m;
coderemote_max_body_size 4m;
coderemote_default_timeout 10s;
coderemote_max_timeout 30s;
coderemote_wait_timeout 60s;
coderemote_max_jobs_per_user 10;
coderemote_allow_host example.com *.example.org;
coderemote_allow_origin https://example.com;
coderemote_ws_max_message_size 1m;
coderemote_ws_buffer_size 64k;
coderemote_ws_max_jobs 8;
coderemote_ws_ping_interval 20s;
coderemote_ws_timeout 60s;
coderemote_ws_deflate off;
--- config
coderemote on;
coderemote_max_code_size 1k;
location / {
    coderemote_max_timeout 20s;
    root html;
}
location /off {
    coderemote off;
}
--- request
GET /health
--- response_body_like: "status":"ok"



=== TEST 12: locations that name one pool share its connection
--- config
location / {
    coderemote on;
}
location /other/ {
    coderemote on;
    coderemote_pool unix:$POOL;
}
--- steps
ok(wait_ready(), 'ready');
is(metric('coderemote_pool_up'), 1, 'one gauge');
