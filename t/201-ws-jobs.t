
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

run_tests();

__DATA__

=== TEST 1: execute is accepted, runs, prints and ends with the whole job
--- steps
wait_ready();
my $ws = ws();
$ws->send_json({ type => 'execute', ref => 'r1',
                 code => "import sys\nprint('out')\nprint('err', file=sys.stderr)" });
my $m = $ws->recv_json;
is($m->{type}, 'accepted', 'accepted comes first');
is($m->{ref}, 'r1', 'ref');
is($m->{status}, 'queued', 'status');
like($m->{job_id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
     'job_id is a UUIDv7');
is(join(',', sort keys %$m), 'job_id,ref,status,type', 'nothing else');
my $r = follow($ws, $m->{job_id}, offset => 0);
is("@{ $r->{status} }", 'running', 'status once');
is($r->{stdout}, "out\n", 'stdout');
is($r->{stderr}, "err\n", 'stderr');
is($r->{result}{status}, 'succeeded', 'result');
is($r->{result}{exit_code}, 0, 'exit_code');
my $job = http('GET', "/jobs/$m->{job_id}")->{json};
delete $r->{result}{type};
is_deeply($r->{result}, $job, 'the result is the job object');



=== TEST 2: lines arrive one by one while the program runs
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "for i in range(4): print(i); input()");
# it goes on when its line is here: no clock decides
for my $i (0 .. 3) {
    my $r = follow($ws, $id, offset => 2 * $i, until => qr/\n/);
    is($r->{stdout}, "$i\n", "line $i");
    is($r->{result}, undef, 'the program runs');
    $ws->send_json({ type => 'stdin', job_id => $id, data => "\n" });
}
is(follow($ws, $id)->{result}{status}, 'succeeded', 'the result');



=== TEST 3: stdout and stderr keep their order
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import os, time\nfor i in range(10):\n  os.write(1, b'o')\n"
                    . "  time.sleep(0.01)\n  os.write(2, b'e')\n  time.sleep(0.01)");
my $r = follow($ws, $id, offset => 0);
is($r->{stdout}, 'o' x 10, 'stdout');
is($r->{stderr}, 'e' x 10, 'stderr');
is($r->{order}, 'oe' x 10, 'order');



=== TEST 4: offsets count the bytes of both streams, of UTF-8 and of base64
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import os, time\nos.write(1, '\\u20ac\\n'.encode())\n"
                    . "time.sleep(0.05)\nos.write(2, b'\\xff\\xfe')\n"
                    . "time.sleep(0.05)\nos.write(1, b'end')");
my $r = follow($ws, $id, offset => 0);
is(join(',', map { $_->{offset} } @{ $r->{outputs} }), '0,4,6', 'offsets');
is($r->{outputs}[1]{encoding}, 'base64', 'bytes that are not UTF-8');
is($r->{outputs}[0]{encoding}, undef, 'text has no encoding');
is($r->{stderr}, "\xff\xfe", 'the bytes');
is($r->{next}, 9, 'the next offset');



=== TEST 5: a character that is written in two halves is never split
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import os, time\nfor b in '\\u20ac\\U0001f600'.encode():\n"
                    . "  os.write(1, bytes([b]))\n  time.sleep(0.03)");
my $r = follow($ws, $id, offset => 0);
is($r->{stdout}, "\xe2\x82\xac\xf0\x9f\x98\x80", 'bytes');
is(scalar(grep { $_->{encoding} } @{ $r->{outputs} }), 0, 'as text');
is(join(',', map { $_->{data} } @{ $r->{outputs} }), "\x{20ac},\x{1f600}",
   'a character each');



=== TEST 6: half a character at the end is sent as bytes
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import os\nos.write(1, b'ok\\xe2\\x82')");
my $r = follow($ws, $id, offset => 0);
is($r->{stdout}, "ok\xe2\x82", 'bytes');
is($r->{outputs}[-1]{encoding}, 'base64', 'the last as base64');
is($r->{result}{stdout_encoding}, 'base64', 'and so in the result');



=== TEST 7: a second watcher gets the log from its beginning, then goes along
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys\nprint('first', flush=True)\n"
                    . "sys.stdin.readline()\nprint('second')");
follow($ws, $id, until => qr/first/);
my $other = ws();
$other->send_json({ type => 'subscribe', job_id => $id });
my $m = $other->recv_json;
is($m->{type}, 'status', 'its state first');
is($m->{status}, 'running', 'running');
$m = $other->recv_json;
is($m->{data}, "first\n", 'what it missed');
is($m->{offset}, 0, 'from the beginning');
$ws->send_json({ type => 'stdin', job_id => $id, data => "\n" });
for my $w ($ws, $other) {
    my $r = follow($w, $id);
    is($r->{stdout}, "second\n", 'what came then');
    is($r->{result}{stdout}, "first\nsecond\n", 'the whole');
}



=== TEST 8: a subscriber after the end gets the log from its offset, and the result
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print('abcdef')");
follow($ws, $id);
for my $case ([undef, "abcdef\n", 0], [0, "abcdef\n", 0], [3, "def\n", 3],
              [7, '', undef], [100, '', undef])
{
    my ($offset, $text, $first) = @$case;
    my %offset = defined $offset ? (offset => $offset) : ();
    $ws->send_json({ type => 'subscribe', job_id => $id, %offset });
    my $r = follow($ws, $id);
    my $name = 'from ' . ($offset // 'nowhere');
    is("@{ $r->{status} }", 'succeeded', "$name: status");
    is($r->{stdout}, $text, "$name: text");
    is($r->{outputs}[0] && $r->{outputs}[0]{offset}, $first, "$name: offset");
    is($r->{result}{status}, 'succeeded', "$name: result");
}



=== TEST 9: a client that comes back goes on where it was
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys\nprint('one', flush=True)\n"
                    . "sys.stdin.readline()\nprint('two')");
my $r = follow($ws, $id, offset => 0, until => qr/one/);
my $next = $r->{next};
$ws->disconnect;
$ws = ws();
$ws->send_json({ type => 'subscribe', job_id => $id, offset => $next });
$ws->send_json({ type => 'stdin', job_id => $id, data => "\n" });
$r = follow($ws, $id, offset => $next);
is($r->{stdout}, "two\n", 'only what is new');
is($r->{result}{stdout}, "one\ntwo\n", 'the result is whole');



=== TEST 10: an offset of another attempt starts at the beginning
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print('abc')");
follow($ws, $id);
$ws->send_json({ type => 'subscribe', job_id => $id, offset => 2, attempt => 2 });
is(follow($ws, $id)->{stdout}, "abc\n", 'another attempt');
$ws->send_json({ type => 'subscribe', job_id => $id, offset => 2, attempt => 1 });
is(follow($ws, $id)->{stdout}, "c\n", 'this one');



=== TEST 11: unsubscribe ends the messages, and subscribe twice moves the place
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys\nprint('abc', flush=True)\n"
                    . "sys.stdin.readline()\nprint('def')");
follow($ws, $id, until => qr/abc/);
$ws->send_json({ type => 'subscribe', job_id => $id, offset => 1 });
my $r = follow($ws, $id, offset => 1, until => qr/bc/);
is($r->{stdout}, "bc\n", 'again, from its offset');
$ws->send_json({ type => 'unsubscribe', job_id => $id });
$ws->send_json({ type => 'stdin', job_id => $id, data => "\n" });
is(finished($id)->{status}, 'succeeded', 'the job ends');
$ws->send_json({ type => 'ping' });
is($ws->recv_json->{type}, 'pong', 'and nothing was said of it');



=== TEST 12: many jobs run at a time, and none waits for another's output
--- steps
wait_ready();
my $ws = ws();
my %out;
$ws->send_json({ type => 'execute', ref => $_, interactive => JSON::PP::false,
                 code => "for i in range(3): print($_)" }) for 1 .. 12;
my (%ref, %result);
while (keys %result < 12) {
    my $m = $ws->recv_json;
    $ref{ $m->{job_id} } = $m->{ref} if $m->{type} eq 'accepted';
    $out{ $ref{ $m->{job_id} } } .= $m->{data} if $m->{type} eq 'output';
    $result{ $ref{ $m->{job_id} } } = $m if $m->{type} eq 'result';
}
is($out{$_}, "$_\n" x 3, "job $_") for 1 .. 12;



=== TEST 13: jobs that flood take turns
--- http_config
server {
    listen 127.0.0.1:$PORT_TLS sndbuf=8k;
    location / {
        coderemote on;
    }
}
--- steps
wait_ready();
my $ws = ws(port => $CodeRemote::HTTP::port + 1);
my @ids = map { start($ws, "while True: print('x' * 100)") } 1 .. 3;
is(finished($_)->{status}, 'output_exceeded', "$_ has ended") for @ids;
# nothing was read yet, and the sockets hold the beginnings: of the rest it is
# known who is next
my (@sent, %ended);
while (keys %ended < 3) {
    my $m = $ws->recv_json;
    push @sent, $m->{job_id} if $m->{type} eq 'output' && !%ended;
    $ended{ $m->{job_id} } = 1 if $m->{type} eq 'result';
}
my @rest = splice(@sent, -30);
is(scalar grep({ $rest[$_] eq $rest[$_ - 1] || $rest[$_] eq $rest[$_ - 2] }
               2 .. $#rest), 0, 'one message of each in turn');



=== TEST 14: every limit ends in its own status, with the output so far
--- steps
wait_ready();
my $ws = ws();
my %case = (
    timed_out => ["print('a', flush=True)\nwhile True: pass",
                  { timeout_ms => 300 }],
    memory_exceeded => ["print('a', flush=True)\nx = 'a' * 10**10", {}],
    output_exceeded => ["print('a', flush=True)\nwhile True: print('x' * 999)",
                        { output_kb => 64 }],
    failed => ["print('a', flush=True)\nraise SystemExit(3)", {}],
);
for my $status (sort keys %case) {
    my ($code, $limits) = @{ $case{$status} };
    my $id = start($ws, $code, limits => $limits);
    my $r = follow($ws, $id, offset => 0);
    is($r->{result}{status}, $status, $status);
    like($r->{stdout}, qr/^a\n/, "$status: output");
    is($r->{stdout}, $r->{result}{stdout}, "$status: the same in the result");
}



=== TEST 15: a large output arrives whole and in order
--- steps
wait_ready();
my $ws = ws(deflate => 1);
my $id = start($ws, "for i in range(100000): print(i)");
my $r = follow($ws, $id, offset => 0);
ok($r->{stdout} eq join('', map { "$_\n" } 0 .. 99999), 'all lines');
ok($r->{result}{stdout} eq $r->{stdout}, 'in the result too');
is($r->{next}, length $r->{stdout}, 'offsets');



=== TEST 16: messages over a kilobyte are compressed, shorter ones are not
--- steps
wait_ready();
my $ws = ws(deflate => 1);
my $id = start($ws, "print('x' * 5000)");
my (%seen, $m);
do {
    my $frame = $ws->recv(10);
    $m = decode_json(Encode::encode('UTF-8', $frame->{data}));
    $seen{ $m->{type} } = $frame->{compressed};
} while ($m->{type} ne 'result');
is($seen{status}, 0, 'a status');
is($seen{output}, 1, 'much output');
is($seen{result}, 1, 'its result');



=== TEST 17: a connection follows only so many jobs at a time
--- config
location / {
    coderemote on;
    coderemote_ws_max_jobs 2;
}
--- steps
wait_ready();
my $ws = ws();
my @ids = map { start($ws, "input()") } 1 .. 2;
$ws->send_json({ type => 'execute', ref => 'x', code => "print(1)" });
my $m = $ws->recv_type('error');
is($m->{code}, 'too_many_jobs', 'execute');
is($m->{ref}, 'x', 'ref');
like($m->{detail}, qr/coderemote_ws_max_jobs/, 'what to do');
my $job = http('POST', '/execute', { code => 'print(2)' })->{json}{job_id};
$ws->send_json({ type => 'subscribe', job_id => $job });
$m = $ws->recv_type('error');
is($m->{code}, 'too_many_jobs', 'subscribe');
is($m->{job_id}, $job, 'job_id');
$ws->send_json({ type => 'stdin', job_id => $ids[0], data => "\n" });
is(follow($ws, $ids[0])->{result}{status}, 'succeeded', 'one ends');
is(follow($ws, start($ws, "print(3)"))->{stdout}, "3\n", 'then there is room');
$ws->send_json({ type => 'cancel', job_id => $ids[1] });
is(follow($ws, $ids[1])->{result}{status}, 'cancelled', 'clean up');
