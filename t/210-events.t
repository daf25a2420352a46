
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

our $small_port = $Test::Nginx::Util::ServerPort + 8;

$ENV{TEST_NGINX_SERVER_PORT_SMALL} = $small_port;

master_on();
workers(1);

run_tests();

__DATA__

=== TEST 1: a job's events are a stream that ends after the result
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import sys, time\nprint('a', flush=True)\n"
    . "time.sleep(0.1)\nprint('b', file=sys.stderr)" })->{json}{job_id};
my $r = events("/jobs/$id/events");
is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'text/event-stream', 'type');
is($r->{headers}{'cache-control'}, 'no-store', 'not cached');
is($r->{headers}{'content-length'}, undef, 'no length');
like($r->{retry}, qr/^\d+$/, 'retry');
ok($r->{ended}, 'it ends');
my @e = @{ $r->{events} };
is($e[0]{event}, 'status', 'status first');
is($e[-1]{event}, 'result', 'result last');
is($e[-1]{json}{status}, 'succeeded', 'result');
is($e[-1]{id}, 4, 'its id');
my @out = grep { $_->{event} eq 'output' } @e;
is(join(',', map { "$_->{json}{stream} $_->{json}{offset} $_->{id}" } @out),
   'stdout 0 2,stderr 2 4', 'ids are where the output goes on');
is($_->{json}{type}, $_->{event}, "$_->{event}: the message of the WebSocket")
    for @e;
is($r->{connection}->request('GET', '/health')->{status}, 200,
   'the connection stays usable');



=== TEST 2: events come while the program runs
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\nfor i in range(3):\n"
    . "  print(i, flush=True)\n  time.sleep(0.15)" })->{json}{job_id};
my $r = events("/jobs/$id/events");
my @at = map { $_->{at} } grep { $_->{event} eq 'output' } @{ $r->{events} };
is(scalar @at, 3, 'each line');
ok($at[$_] - $at[$_ - 1] > 0.08, "line $_ by itself") for 1, 2;



=== TEST 3: Last-Event-ID and ?offset= go on where a stream was lost
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "print('abcdef')" })
             ->{json}{job_id};
finished($id);
my @cases = (
    ['', {}, "abcdef\n"], ['?offset=0', {}, "abcdef\n"],
    ['?offset=3', {}, "def\n"], ['', { 'Last-Event-ID' => 3 }, "def\n"],
    ['?offset=1', { 'Last-Event-ID' => 5 }, "f\n"],
    ['', { 'Last-Event-ID' => 7 }, ''], ['', { 'Last-Event-ID' => 99 }, ''],
    ['', { 'Last-Event-ID' => '3.1' }, "def\n"],
    ['', { 'Last-Event-ID' => '3.2' }, "abcdef\n"],
);
for my $case (@cases) {
    my ($query, $headers, $text) = @$case;
    my $r = events("/jobs/$id/events$query", %$headers);
    my $name = "$query " . join ' ', %$headers;
    is(join('', map { $_->{json}{data} // '' } @{ $r->{events} }), $text, $name);
    is($r->{events}[-1]{event}, 'result', 'and the result');
}



=== TEST 4: a bad place and an unknown job are refused
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => '' })->{json}{job_id};
for my $bad ('x', '-1', '1.x', '1e3', '99999999999999999999') {
    my $r = events("/jobs/$id/events", 'Last-Event-ID' => $bad);
    is($r->{status}, 400, "id $bad");
    is($r->{json}{code}, 'invalid_field', 'code');
    is($r->{json}{field}, 'Last-Event-ID', 'field');
}
my $r = events("/jobs/$id/events?offset=x");
is($r->{status}, 400, '?offset=x');
is($r->{json}{field}, 'offset', 'field');
$r = events('/jobs/01a1fbf2-cfe1-7656-aff9-68f242e80046/events');
is($r->{status}, 404, 'unknown');
is($r->{json}{code}, 'not_found', 'code');
is(http('HEAD', "/jobs/$id/events")->{status}, 200, 'HEAD');



=== TEST 5: a client that goes away is noticed, and its job goes on
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\nprint('a', flush=True)\n"
    . "time.sleep(0.4)\nprint('b')" })->{json}{job_id};
my $r = events("/jobs/$id/events",
               until => sub { $_[0]{event} eq 'output' });
is(metric('coderemote_event_streams_open'), 1, 'open');
close $r->{connection}{socket};
ok(wait_for(sub { metric('coderemote_event_streams_open') == 0 }, 5), 'closed');
is(finished($id)->{stdout}, "a\nb\n", 'the job went on');



=== TEST 6: a reload ends the stream, which goes on from its last id
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\nfor i in range(6):\n"
    . "  print(i, flush=True)\n  time.sleep(0.2)" })->{json}{job_id};
my $r = events("/jobs/$id/events",
               until => sub { $_[0]{event} eq 'output' });
my ($old) = nginx_workers();
ok(nginx_reload(), 'reloaded');
read_events($r);
ok($r->{ended}, 'the stream has a proper end');
ok(wait_for(sub { !-d "/proc/$old" }, 5), 'the old worker ends');
isnt($r->{events}[-1]{event}, 'result', 'before the result');
my $more = events("/jobs/$id/events",
                  'Last-Event-ID' => $r->{events}[-1]{id});
is(join('', map { $_->{json}{data} // '' } @{ $r->{events} },
        @{ $more->{events} }), "0\n1\n2\n3\n4\n5\n", 'nothing lost or doubled');
is($more->{events}[-1]{json}{status}, 'succeeded', 'the result');



=== TEST 7: a large output comes through whole, to a slow reader too
--- config
location / {
    coderemote on;
    coderemote_ws_buffer_size 8k;
}
--- steps
wait_ready();
my $id = http('POST', '/execute', {
    code => "for i in range(100000): print(i)" })->{json}{job_id};
my $slow = events("/jobs/$id/events", until => sub { 1 });
finished($id);
sleep 0.5;
read_events($slow);
my $fast = events("/jobs/$id/events");
for my $r ($slow, $fast) {
    ok(join('', map { $_->{json}{data} // '' } @{ $r->{events} })
       eq join('', map { "$_\n" } 0 .. 99999), 'all of it');
    ok($r->{ended}, 'and the end');
}



=== TEST 8: when the pool dies the stream ends with an error
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\nprint('a', flush=True)\n"
    . "time.sleep(30)" })->{json}{job_id};
my $r = events("/jobs/$id/events",
               until => sub { $_[0]{event} eq 'output' });
pool_kill();
read_events($r);
is($r->{events}[-1]{json}{status}, 'error', 'status');
is($r->{events}[-1]{json}{error}, 'pool restarted', 'why');
pool_start();
wait_ready();



=== TEST 9: an output that a second attempt makes void is told by the ids
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\nprint('a', flush=True)\n"
    . "time.sleep(1)\nprint('b')" })->{json}{job_id};
my $r = events("/jobs/$id/events",
               until => sub { $_[0]{event} eq 'output' });
pool_kill_workers();
read_events($r);
my ($again) = grep { ($_->{json}{attempt} // 1) == 2 } @{ $r->{events} };
is($again->{json}{status}, 'queued', 'queued again');
is($again->{id}, '0.2', 'its id');
is($r->{events}[-1]{id}, '4.2', 'the last id');
is($r->{events}[-1]{json}{stdout}, "a\nb\n", 'the result');
my $more = events("/jobs/$id/events", 'Last-Event-ID' => '2');
is(join('', map { $_->{json}{data} // '' } @{ $more->{events} }), "a\nb\n",
   'an id of the first attempt starts at the beginning');
$more = events("/jobs/$id/events", 'Last-Event-ID' => '2.2');
is(join('', map { $_->{json}{data} // '' } @{ $more->{events} }), "b\n",
   'one of the second goes on');



=== TEST 10: pages of other sites are refused
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => '' })->{json}{job_id};
my $r = events("/jobs/$id/events", Origin => 'https://evil.example');
is($r->{status}, 403, 'status');
is($r->{json}{code}, 'forbidden_origin', 'code');



=== TEST 11: a stream without events shows that it is alive
--- config
location / {
    coderemote on;
    coderemote_ws_ping_interval 100ms;
}
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "import time\ntime.sleep(0.8)\n"
    . "print('a')" })->{json}{job_id};
my $r = events("/jobs/$id/events");
cmp_ok($r->{comments}, '>=', 3, 'comments');
is($r->{events}[-1]{json}{stdout}, "a\n", 'and the result');



=== TEST 12: a client that does not read is given up after send_timeout
--- http_config
send_timeout 500ms;
server {
    listen 127.0.0.1:$TEST_NGINX_SERVER_PORT_SMALL sndbuf=4k;
    location / {
        coderemote on;
    }
}
--- steps
wait_ready();
my $id = http('POST', '/execute', {
    code => "while True: print('x' * 1000)" })->{json}{job_id};
finished($id);
my $socket = IO::Socket::INET->new(
    PeerAddr => '127.0.0.1', PeerPort => $main::small_port) or die;
print $socket "GET /jobs/$id/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
ok(wait_for(sub { metric('coderemote_event_streams_open') == 1 }), 'open');
ok(wait_for(sub { metric('coderemote_event_streams_open') == 0 }, 10), 'closed');
