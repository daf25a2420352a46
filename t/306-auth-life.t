use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;
use CodeRemote::Session;

master_on();

CodeRemote::Jwt::directives();

run_tests();

__DATA__

=== TEST 1: an event stream ends with its token, and a newer one goes on
--- http_config
JWT
coderemote_jwt_leeway 0;
--- steps
wait_ready();

my $new = token();
my $id = http('POST', '/execute',
              { code => "import time\nprint('one', flush=True)\n"
                        . "time.sleep(3)\nprint('two')" },
              bearer($new))->{json}{job_id};

my $exp = 2 + int time;
my $e = events("/jobs/$id/events",
               Authorization => 'Bearer ' . token(exp => $exp));

ok($e->{ended}, 'the stream ends');
cmp_ok(time, '>=', $exp, 'not before the token');

my $last = $e->{events}[-1];
is($last->{event}, 'error', 'error');
is($last->{json}{code}, 'token_expired', 'code');
is($last->{json}{job_id}, $id, 'job');
is($last->{id}, undef, 'no place of its own');
is(scalar(grep { $_->{event} eq 'result' } @{ $e->{events} }), 0,
   'and no result');

my ($output) = grep { $_->{event} eq 'output' } @{ $e->{events} };
is($output->{json}{data}, "one\n", 'output so far');

$e = events("/jobs/$id/events", Authorization => "Bearer $new",
            'Last-Event-ID' => $output->{id});
is($e->{events}[-1]{event}, 'result', 'result');
is(join('', map { $_->{json}{data} } grep { $_->{event} eq 'output' }
        @{ $e->{events} }), "two\n", 'the rest');



=== TEST 2: also while the output goes on
--- http_config
JWT
coderemote_jwt_leeway 1s;
--- steps
wait_ready();

my $id = http('POST', '/execute',
              { code => "import time\nwhile True:\n"
                        . "    print(1, flush=True); time.sleep(0.005)" },
              bearer(token()))->{json}{job_id};

my $exp = 1 + int time;
my $e = events("/jobs/$id/events",
               Authorization => 'Bearer ' . token(exp => $exp));

is($e->{events}[-1]{json}{code}, 'token_expired', 'token_expired');
cmp_ok(time, '>=', $exp + 1, 'after exp and leeway');
cmp_ok($e->{events}[-2]{at}, '<', $exp + 8, 'but soon');
is(http('DELETE', "/jobs/$id", undef, bearer(token()))->{status}, 202,
   'the job went on');



=== TEST 3: a client that does not read keeps no stream open
--- http_config
JWT
coderemote_jwt_leeway 0;
coderemote_ws_buffer_size 16k;
server {
    listen 127.0.0.1:$PORT_TLS sndbuf=8k;
    location / {
        coderemote on;
    }
}
--- steps
wait_ready();

my $id = http('POST', '/execute', { code => "print('x' * 900_000)" },
              bearer(token()))->{json}{job_id};

my $c = connection($CodeRemote::HTTP::port + 1, 4096);
my $exp = 2 + int time;
$c->send("GET /jobs/$id/events HTTP/1.1\r\nHost: localhost\r\n"
         . "Connection: close\r\n"
         . 'Authorization: Bearer ' . token(exp => $exp) . "\r\n\r\n");

ok(wait_for { time > $exp + 0.5 }, 'it has expired');
my $text = $c->bytes;
like($text, qr/event: error\ndata: .*"token_expired"/, 'it says so');
unlike($text, qr/event: result/, 'without a result');
cmp_ok(length $text, '<', 500_000, 'and without all of the output');



=== TEST 4: a request that waits has no result for an expired token
--- http_config
JWT
coderemote_jwt_leeway 0;
--- steps
wait_ready();

my $exp = 2 + int time;
my $r = http('POST', '/execute?wait=true',
             { code => "import time; time.sleep(4); print('late')" },
             bearer(token(exp => $exp)));

is($r->{status}, 202, 'accepted');
cmp_ok(time, '>=', $exp, 'when the token ends');
my $id = $r->{json}{job_id};
is($r->{headers}{location}, "/jobs/$id", 'where the result will be');

my $job;
ok(wait_for {
    my $r = http('GET', "/jobs/$id", undef, bearer(token()));
    $job = $r->{json};
    $job->{status} !~ /queued|running/;
}, 'the job goes on');
is($job->{stdout}, "late\n", 'result');



=== TEST 5: a token that is good for long shortens nothing
--- http_config
JWT
--- steps
wait_ready();

my $r = http('POST', '/execute?wait=true', { code => 'print(1)' },
             bearer(token(exp => 9007199254740991)));
is($r->{status}, 200, 'wait');

my $e = events("/jobs/$r->{json}{job_id}/events",
               Authorization => 'Bearer ' . token(exp => 1099511627776));
is($e->{events}[-1]{event}, 'result', 'events');
