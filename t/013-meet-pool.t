use lib 't/lib';
use CodeRemote 'no_plan';

# A worker of nginx that has just started: the pool's socket takes its
# connection, the welcome is still to come.  The pool's master is stopped, so
# that this takes as long as a block wants.

master_on();
workers(2);

run_tests();

__DATA__

=== TEST 1: requests wait for a worker of nginx that is meeting the pool
--- steps
wait_ready();
my $done = run('print("done")');
kill 'STOP', pool_pid();
ok(nginx_reload(), 'new workers of nginx');
my @wait = (
    ['POST /execute?wait=true', '{"code":"print(1)"}', 200, qr/"1\\n"/],
    ['POST /execute', '{"code":"print(2)"}', 202, qr/queued/],
    ['GET /jobs', '', 200, qr/$done->{job_id}/],
    ["GET /jobs/$done->{job_id}", '', 200, qr/done\\n/],
    ["GET /jobs/$done->{job_id}/events", '', 200, qr/done\\n/],
    ["DELETE /jobs/$done->{job_id}", '', 200, qr/succeeded/],
    ['GET /languages', '', 200, qr/python/],
);
for my $w (@wait) {
    my $c = $w->[4] = connection();
    $c->send("$w->[0] HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
             . length($w->[1]) . "\r\n\r\n$w->[1]");
}
is(http('GET', '/health')->{json}{pool}, 'down', 'health does not wait');
is(http('GET', '/ready')->{status}, 503, 'nor does ready');
ok(!IO::Select->new(map { $_->[4]{socket} } @wait)->can_read(0.2),
   'nobody has an answer');
kill 'CONT', pool_pid();
for my $w (@wait) {
    my $r = $w->[4]->response;
    is($r->{status}, $w->[2], "$w->[0]: status");
    like($r->{body}, $w->[3], "$w->[0]: body");
}
is($wait[0][4]->request('GET', '/health')->{status}, 200, 'kept alive');



=== TEST 2: a body that comes while the pool is met is read afterwards
--- steps
wait_ready();
my $body = '{"code":"print(3)"}';
kill 'STOP', pool_pid();
nginx_reload();
my $c = connection();
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n"
         . substr($body, 0, 5));
ok(!IO::Select->new($c->{socket})->can_read(0.1), 'no answer');
$c->send(substr($body, 5, 5));
ok(!IO::Select->new($c->{socket})->can_read(0.1), 'still none');
kill 'CONT', pool_pid();
wait_ready();
$c->send(substr($body, 10));
is($c->response->{json}{stdout}, "3\n", 'it ran');



=== TEST 3: a WebSocket opened meanwhile finds its jobs
--- steps
wait_ready();
my $done = run('print("done")');
kill 'STOP', pool_pid();
nginx_reload();
my $c = connection();
$c->send("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         . "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         . "Sec-WebSocket-Protocol: coderemote.v1\r\n"
         . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
ok(!IO::Select->new($c->{socket})->can_read(0.1), 'no answer');
kill 'CONT', pool_pid();
like($c->until(qr/\A(.*?)\r\n\r\n/s), qr{^HTTP/1\.1 101 }, 'upgraded');
my $text = qq({"type":"subscribe","job_id":"$done->{job_id}"});
$c->send(pack('CCN', 0x81, 0x80 | length $text, 0) . $text);
$c->more while $c->{buf} !~ /"result"|"error"/;
like($c->{buf}, qr/"status":"succeeded"/, 'the job is known');



=== TEST 4: after a second the answer is 503, not that the job is unknown
--- steps
wait_ready();
my $id = run('print(1)')->{job_id};
kill 'STOP', pool_pid();
nginx_reload();
my $start = time;
my $r = http('POST', '/execute', '{"code":"print(1)"}');
my $took = time - $start;
is($r->{status}, 503, 'execute');
is($r->{json}{code}, 'pool_unavailable', 'code');
ok($took > 0.9, "after a second: $took");
for my $path ("/jobs/$id", "/status/$id", "/jobs/$id/events", '/jobs') {
    $r = http('GET', $path);
    is($r->{status}, 503, $path);
    is($r->{json}{code}, 'pool_unavailable', "$path: code");
    is($r->{headers}{'retry-after'}, 1, "$path: Retry-After");
}
is(http('DELETE', "/jobs/$id")->{status}, 503, 'cancel');
is(http('GET', '/jobs/nonsense')->{status}, 404, 'what is no id is unknown');
kill 'CONT', pool_pid();
wait_ready();
my $there;
for (1 .. 50) {
    # the worker that was ready need not be the one that answers now
    $there = http('GET', "/jobs/$id")->{json}{stdout};
    last if defined $there;
    sleep 0.1;
}
is($there, "1\n", 'it was there');



=== TEST 5: a client that goes meanwhile leaves nothing behind
--- steps
wait_ready();
kill 'STOP', pool_pid();
nginx_reload();
my $body = '{"code":"print(1)"}';
for (1 .. 3) {
    my $c = connection();
    $c->send("POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
             . length($body) . "\r\n\r\n$body");
    shutdown $c->{socket}, 2;
    close $c->{socket};
}
is(http('GET', '/health')->{status}, 200, 'nginx has seen them go');
kill 'CONT', pool_pid();
wait_ready();
is(run('print(4)')->{stdout}, "4\n", 'the next job');



=== TEST 6: a worker that shuts down meanwhile still answers
--- steps
wait_ready();
kill 'STOP', pool_pid();
nginx_reload();
my @old = nginx_workers();
my $body = '{"code":"print(5)"}';
my @c = map { connection() } 1 .. 4;
$_->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body") for @c;
ok(!IO::Select->new(map { $_->{socket} } @c)->can_read(0.05), 'they wait');
ok(nginx_reload(), 'reloaded again');
kill 'CONT', pool_pid();
is($_->response->{json}{stdout}, "5\n", 'answered') for @c;
ok(wait_for { !grep { kill 0, $_ } @old }, 'and ended');



=== TEST 7: a pool that refuses meanwhile is told at once
--- steps
wait_ready();
kill 'STOP', pool_pid();
nginx_reload();
my $body = '{"code":"print(1)"}';
my $c = connection();
$c->send("POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
         . length($body) . "\r\n\r\n$body");
ok(!IO::Select->new($c->{socket})->can_read(0.05), 'it waits');
my $start = time;
pool_kill();
is($c->response->{status}, 503, 'status');
ok(time - $start < 0.8, 'at once');
pool_start();
wait_ready();
is(run('print(6)')->{stdout}, "6\n", 'the next pool works');



=== TEST 8: who hands a job on has short time slices, where there are such
--- steps
wait_ready();
my ($major, $minor) = (POSIX::uname())[2] =~ /^(\d+)\.(\d+)/;
my $there = $major > 6 || ($major == 6 && $minor >= 12);
for my $pid (nginx_workers(), pool_pid()) {
    my ($slice) = (eval { CodeRemote::Pool::slurp("/proc/$pid/sched") } // '')
                  =~ /^se\.slice\s*:\s*(\d+)/m;
    is($slice, 100000, 'ns') if $there && defined $slice;
}
ok(1, 'looked');
