
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

run_tests();

__DATA__

=== TEST 1: a program can be talked to, and eof ends its input
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print(input('? '))\nimport sys\nprint(sys.stdin.read())");
my $r = follow($ws, $id, until => qr/\? /);
is($r->{stdout}, '? ', 'the prompt, before anything was sent');
$ws->send_json({ type => 'stdin', job_id => $id, data => "h\x{e9}llo\n" });
$r = follow($ws, $id, until => qr/h\xc3\xa9llo\n/);
like($r->{stdout}, qr/^h\xc3\xa9llo\n/, 'the echo');
$ws->send_json({ type => 'stdin', job_id => $id, data => 'a' });
$ws->send_json({ type => 'stdin', job_id => $id, data => '' });
$ws->send_json({ type => 'stdin', job_id => $id, data => 'b' });
$ws->send_json({ type => 'eof', job_id => $id });
$r = follow($ws, $id);
is($r->{stdout}, "ab\n", 'the rest in order');
is($r->{result}{status}, 'succeeded', 'the end');



=== TEST 2: over a WebSocket stdin stays open after the given text, unless told not to
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print(input())\nprint(input())", stdin => "one\n");
my $r = follow($ws, $id, until => qr/one/);
$ws->send_json({ type => 'stdin', job_id => $id, data => "two\n" });
is(follow($ws, $id)->{stdout}, "two\n", 'more came');
$id = start($ws, "import sys\nprint(sys.stdin.read())", stdin => 'all',
            interactive => JSON::PP::false);
is(follow($ws, $id)->{stdout}, "all\n", 'interactive: false');



=== TEST 3: what is sent at once after execute waits for the job to start
--- worker: "boxes": 1, "workers": 1
--- steps
wait_ready();
my $ws = ws();
my $first = start($ws, "input()");
my $id = start($ws, "import sys\nprint(sys.stdin.read())");
is(http('GET', "/jobs/$id")->{json}{status}, 'queued', 'it waits');
$ws->send_json({ type => 'stdin', job_id => $id, data => "$_ " }) for 1 .. 50;
$ws->send_json({ type => 'eof', job_id => $id });
$ws->send_json({ type => 'ping' });
is($ws->recv_type('pong')->{type}, 'pong', 'no errors');
$ws->send_json({ type => 'stdin', job_id => $first, data => "\n" });
is(follow($ws, $id)->{stdout}, join('', map { "$_ " } 1 .. 50) . "\n",
   'all of it, in order');



=== TEST 4: a signal for a job that waits arrives when it starts
--- worker: "boxes": 1, "workers": 1
--- steps
wait_ready();
my $ws = ws();
my $first = start($ws, "input()");
my $id = start($ws, "import time\ntime.sleep(30)");
$ws->send_json({ type => 'signal', job_id => $id, signal => 'TERM' });
$ws->send_json({ type => 'stdin', job_id => $first, data => "\n" });
my $r = follow($ws, $id);
is($r->{result}{status}, 'failed', 'status');
is($r->{result}{signal}, 'SIGTERM', 'signal');



=== TEST 5: signals by name, with and without SIG, and by number
--- steps
wait_ready();
my $ws = ws();
for my $signal ('SIGINT', 'INT', 2) {
    # short sleeps: a signal that comes just before a sleep does not end it
    my $id = start($ws, "import time\ntry:\n  print('up', flush=True)\n"
                        . "  for i in range(3000): time.sleep(0.01)\n"
                        . "except KeyboardInterrupt:\n"
                        . "  print('stopped')");
    follow($ws, $id, until => qr/up/);
    $ws->send_json({ type => 'signal', job_id => $id, signal => $signal });
    my $r = follow($ws, $id);
    is($r->{stdout}, "stopped\n", "signal $signal");
    is($r->{result}{status}, 'succeeded', 'the program went on');
}
my $id = start($ws, "import time\nprint('up', flush=True)\ntime.sleep(30)");
follow($ws, $id, until => qr/up/);
$ws->send_json({ type => 'signal', job_id => $id, signal => 'KILL' });
my $r = follow($ws, $id);
is($r->{result}{status}, 'failed', 'KILL');
is($r->{result}{signal}, 'SIGKILL', 'its name');



=== TEST 6: cancel ends a running job at once
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print('up', flush=True)\nwhile True: pass");
follow($ws, $id, until => qr/up/);
my $begin = time;
$ws->send_json({ type => 'cancel', job_id => $id });
my $r = follow($ws, $id);
is($r->{result}{status}, 'cancelled', 'status');
is($r->{result}{stdout}, "up\n", 'the output so far');
cmp_ok(time - $begin, '<', 2, 'soon');



=== TEST 7: cancel ends a job that waits, for every watcher
--- worker: "boxes": 1, "workers": 1
--- steps
wait_ready();
my $ws = ws();
my $first = start($ws, "input()");
my $id = start($ws, "print('never')");
my $other = ws();
$other->send_json({ type => 'subscribe', job_id => $id });
is($other->recv_json->{status}, 'queued', 'the other one waits too');
$ws->send_json({ type => 'cancel', job_id => $id });
for my $w ($ws, $other) {
    my $r = follow($w, $id);
    is($r->{result}{status}, 'cancelled', 'status');
    is($r->{result}{started_at}, undef, 'never started');
    is("@{ $r->{status} }", '', 'no status in between');
}
$ws->send_json({ type => 'stdin', job_id => $first, data => "\n" });
is(follow($ws, $first)->{result}{status}, 'succeeded', 'the first goes on');



=== TEST 8: another connection of the same user may talk to a job
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print(input())");
my $other = ws();
$other->send_json({ type => 'stdin', job_id => $id, data => "from afar\n" });
is(follow($ws, $id)->{stdout}, "from afar\n", 'stdin');



=== TEST 9: a job that has ended takes nothing more
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "print(1)");
follow($ws, $id);
for my $m ({ type => 'stdin', data => 'x' }, { type => 'eof' },
           { type => 'signal', signal => 'INT' }, { type => 'cancel' })
{
    $ws->send_json({ %$m, job_id => $id, ref => 7 });
    my $e = $ws->recv_json;
    is($e->{type}, 'error', $m->{type});
    is($e->{code}, 'job_finished', 'code');
    is($e->{job_id}, $id, 'job_id');
    is($e->{ref}, 7, 'ref');
}



=== TEST 10: a megabyte of stdin gets through to a program that reads slowly
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys, time, hashlib\nprint('up', flush=True)\n"
                    . "time.sleep(0.3)\nd = sys.stdin.read()\n"
                    . "print(len(d), hashlib.md5(d.encode()).hexdigest())");
follow($ws, $id, until => qr/up/);
my $all = '';
for my $i (1 .. 20) {
    my $data = "$i " x 12000;
    $all .= $data;
    $ws->send_json({ type => 'stdin', job_id => $id, data => $data });
}
$ws->send_json({ type => 'eof', job_id => $id });
my $r = follow($ws, $id);
require Digest::MD5;
is($r->{error}, undef, 'no error');
is($r->{stdout}, length($all) . ' ' . Digest::MD5::md5_hex($all) . "\n", 'all');



=== TEST 11: stdin that nobody reads is refused when it becomes too much
--- config
location / {
    coderemote on;
    coderemote_max_stdin_size 200k;
}
--- worker: "boxes": 1, "workers": 1
--- steps
wait_ready();
my $ws = ws();
my $first = start($ws, "input()");
my $id = start($ws, "import sys\nprint(len(sys.stdin.read()))");
$ws->send_json({ type => 'stdin', job_id => $id, data => 'x' x 50_000 }) for 1 .. 4;
$ws->send_json({ type => 'stdin', job_id => $id, data => 'x' x 50_000, ref => 5 });
my $e = $ws->recv_type('error');
is($e->{code}, 'too_large', 'code');
is($e->{ref}, 5, 'the message that was too much');
is($e->{field}, 'data', 'field');
$ws->send_json({ type => 'eof', job_id => $id });
$ws->send_json({ type => 'stdin', job_id => $id, data => 'x', ref => 6 });
$e = $ws->recv_type('error');
is($e->{code}, 'bad_request', 'nothing after eof');
$ws->send_json({ type => 'stdin', job_id => $first, data => "\n" });
is(follow($ws, $id)->{stdout}, "200000\n", 'what was taken arrives');
