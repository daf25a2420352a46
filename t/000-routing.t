use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: health tells version, uptime and whether the pool is there
--- pool: none
--- request
GET /health
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body_like chop
^\{"status":"ok","version":"\d+\.\d+\.\d+","uptime_ms":\d+,"pool":"down"\}$



=== TEST 2: ready answers 503 and says why while the pool is down
--- pool: none
--- request
GET /ready
--- error_code: 503
--- response_body_like chop
^\{"status":"unready","checks":\{"pool":\{"status":"down","detail":"[^"]+"\},"database":\{"status":"off"\},"identity":\{"status":"off"\},"llm":\{"status":"off"\}\}\}$



=== TEST 3: ready answers 200 when the pool is up
--- steps
ok(wait_ready(), 'ready');
my $r = http('GET', '/ready');
is($r->{json}{checks}{pool}{status}, 'up', 'the pool is up');
is(http('GET', '/health')->{json}{pool}, 'up', 'health agrees');



=== TEST 4: every other URI goes on to the static files of the location
--- pool: none
--- user_files
>>> app.js
hello
>>> jobs.html
not the route
--- steps
is(http('GET', '/app.js')->{body}, "hello\n", 'a file');
is(http('GET', '/jobs.html')->{body}, "not the route\n",
   'a name that begins like a route');
is(http('GET', '/executes')->{status}, 404, 'a longer name');
is(http('GET', '/jobs/a/b')->{status}, 404, 'a deeper path');
like(http('GET', '/jobs/a/b')->{headers}{'content-type'}, qr{text/html},
     'is not ours');



=== TEST 5: a location without the directive serves no route
--- pool: none
--- config
location / {
    root html;
}
--- request
GET /health
--- error_code: 404



=== TEST 6: a wrong method is 405 with the methods that are allowed
--- pool: none
--- steps
my %allow = ('/execute' => 'POST, OPTIONS',
             '/jobs/x' => 'GET, HEAD, DELETE, OPTIONS',
             '/status/x' => 'GET, HEAD, OPTIONS',
             '/jobs/x/events' => 'GET, HEAD, OPTIONS',
             '/jobs' => 'GET, HEAD, OPTIONS',
             '/languages' => 'GET, HEAD, OPTIONS',
             '/health' => 'GET, HEAD, OPTIONS',
             '/ready' => 'GET, HEAD, OPTIONS',
             '/metrics' => 'GET, HEAD, OPTIONS',
             '/ws' => 'GET, HEAD, OPTIONS');
for my $path (sort keys %allow) {
    my $r = http('PUT', $path, '{}');
    is($r->{status}, 405, "PUT $path");
    is($r->{headers}{allow}, $allow{$path}, "Allow of $path");
    is($r->{json}{code}, 'method_not_allowed', "code of $path");
}



=== TEST 7: OPTIONS tells the methods
--- pool: none
--- request
OPTIONS /jobs/x
--- error_code: 204
--- response_headers
Allow: GET, HEAD, DELETE, OPTIONS



=== TEST 8: HEAD has the headers of GET and no body
--- pool: none
--- steps
my $c = connection();
my $r = $c->request('HEAD', '/health');
is($r->{status}, 200, 'status');
ok($r->{headers}{'content-length'} > 10, 'length of the body that GET has');
is($c->request('GET', '/health')->{json}{status}, 'ok',
   'nothing of it was sent');



=== TEST 9: one trailing slash names the same route
--- pool: none
--- steps
is(http('GET', '/health/')->{json}{status}, 'ok', 'one');
is(http('GET', '/health//')->{json}{status}, 'ok', 'merged by nginx');



=== TEST 10: percent-encoding is decoded once
--- pool: none
--- steps
is(http('GET', '/h%65alth')->{json}{status}, 'ok', 'once');
is(http('GET', '/h%2565alth')->{status}, 404, 'not twice');



=== TEST 11: a problem says type, title, status, detail and code
--- pool: none
--- request
GET /jobs/nothing
--- error_code: 404
--- response_headers
Content-Type: application/problem+json
--- response_body_like chop
^\{"type":"about:blank","title":"Not found","status":404,"detail":"[^"]+","code":"not_found"\}$



=== TEST 12: the query string does not change the route
--- pool: none
--- request
GET /health?x=/execute
--- response_body_like: "status":"ok"



=== TEST 13: a body where none is expected is skipped, the connection stays
--- pool: none
--- steps
my $c = connection();
is($c->request('GET', '/health', 'x' x 100_000)->{status}, 200, 'first');
is($c->request('GET', '/health')->{status}, 200, 'second');
