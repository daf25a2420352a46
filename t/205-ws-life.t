
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

master_on();
workers(1);
worker_connections(1024);

run_tests();

__DATA__

=== TEST 1: a silent client is pinged, and stays as long as it answers
--- pool: none
--- config
location / {
    coderemote on;
    coderemote_ws_ping_interval 200ms;
    coderemote_ws_timeout 500ms;
}
--- steps
my $ws = ws(auto_pong => 0);
my $begin = time;
for my $i (1 .. 5) {
    my $m = $ws->recv(2);
    is($m->{type}, 'ping', "ping $i");
    $ws->send_frame(opcode => 10, payload => $m->{data});
}
cmp_ok(time - $begin, '>', 0.8, 'at their interval');
$ws->send_json({ type => 'ping' });
is($ws->recv_type('pong')->{type}, 'pong', 'longer than the timeout');



=== TEST 2: a client that does not answer is closed
--- pool: none
--- config
location / {
    coderemote on;
    coderemote_ws_ping_interval 100ms;
    coderemote_ws_timeout 400ms;
}
--- steps
my $ws = ws(auto_pong => 0);
my $begin = time;
my $m = $ws->recv_close(3);
is($m->{code}, 1001, 'code');
like($m->{reason}, qr/nothing was heard/, 'reason');
cmp_ok(time - $begin, '>', 0.3, 'not before its time');
ok($ws->recv_eof(5), 'and the connection ends without an answer');



=== TEST 3: a reload closes with 1001, and the job goes on
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys\nprint('one', flush=True)\n"
                    . "sys.stdin.readline()\nprint('two')");
my $r = follow($ws, $id, until => qr/one/);
my ($old) = nginx_workers();
ok(nginx_reload(), 'reloaded');
my $m = $ws->recv_close(5);
is($m->{code}, 1001, 'code');
like($m->{reason}, qr/connect again/, 'reason');
$ws->send_frame(opcode => 8, payload => pack('n', 1001));
ok($ws->recv_eof(5), 'the connection ends');
ok(wait_for(sub { !-d "/proc/$old" }, 5), 'the old worker ends');
wait_ready();
$ws = ws();
$ws->send_json({ type => 'subscribe', job_id => $id, offset => 4 });
$ws->send_json({ type => 'stdin', job_id => $id, data => "\n" });
$r = follow($ws, $id, offset => 4);
is($r->{stdout}, "two\n", 'the rest of the output, through the new worker');
is($r->{result}{status}, 'succeeded', 'the job ended well');



=== TEST 4: a client that ignores the close frame does not hold a reload up
--- steps
wait_ready();
my @ws = map { ws() } 1 .. 3;
my ($old) = nginx_workers();
my $begin = time;
ok(nginx_reload(), 'reloaded');
ok(wait_for(sub { !-d "/proc/$old" }, 10), 'the old worker ends');
cmp_ok(time - $begin, '<', 8, 'in bounded time');



=== TEST 5: an nginx worker that is killed takes no job with it
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import time\nfor i in range(8):\n  print(i, flush=True)\n"
                    . "  time.sleep(0.1)");
my $r = follow($ws, $id, offset => 0, until => qr/1\n/);
my ($worker) = nginx_workers();
kill 'KILL', $worker;
ok($ws->recv_eof(5), 'the connection breaks');
ok(wait_for(sub { my ($w) = nginx_workers(); $w && $w != $worker }, 5),
   'another worker comes');
wait_ready();
$ws = ws();
$ws->send_json({ type => 'subscribe', job_id => $id, offset => $r->{next} });
my $rest = follow($ws, $id, offset => $r->{next});
is($r->{stdout} . $rest->{stdout}, join('', map { "$_\n" } 0 .. 7),
   'the output goes on where it was');
is($rest->{result}{status}, 'succeeded', 'the job ended well');
is($rest->{result}{attempt}, 1, 'at its first attempt');
--- no_error_log
[crit]
[emerg]



=== TEST 6: when the pool dies its jobs end as errors, and new ones work when it is back
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import time\nprint('up', flush=True)\ntime.sleep(30)");
follow($ws, $id, until => qr/up/);
pool_kill();
my $r = follow($ws, $id);
is($r->{result}{status}, 'error', 'status');
is($r->{result}{error}, 'pool restarted', 'why');
is($r->{result}{stdout}, "up\n", 'the output so far');
$ws->send_json({ type => 'execute', code => 'print(1)' });
is($ws->recv_json->{code}, 'pool_unavailable', 'meanwhile');
$ws->send_json({ type => 'subscribe', job_id => $id });
is(follow($ws, $id)->{result}{status}, 'error', 'the old job is still known');
pool_start();
wait_ready();
is(follow($ws, start($ws, 'print(2)'))->{stdout}, "2\n", 'the same connection');



=== TEST 7: a job that its worker's death starts again says so
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import time\nprint('up', flush=True)\ntime.sleep(1.5)\n"
                    . "print('end')");
my $r = follow($ws, $id, until => qr/up/);
pool_kill_workers();
my ($again, $text);
while (1) {
    my $m = $ws->recv_json(10);
    if ($m->{type} eq 'status' && $m->{status} eq 'queued') {
        $again = $m;
        $text = '';
    }
    $text .= $m->{data} if $m->{type} eq 'output';
    if ($m->{type} eq 'result') {
        is($m->{status}, 'succeeded', 'the result');
        is($m->{attempt}, 2, 'its attempt');
        last;
    }
}
is($again->{attempt}, 2, 'queued again, attempt 2');
is($text, "up\nend\n", 'the output from the beginning');



=== TEST 8: a client that goes away leaves its jobs running
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import time\nprint('up', flush=True)\ntime.sleep(0.3)\n"
                    . "print('end')");
follow($ws, $id, until => qr/up/);
$ws->disconnect;
my $job = finished($id);
is($job->{status}, 'succeeded', 'status');
is($job->{stdout}, "up\nend\n", 'output');



=== TEST 9: a slow reader costs nginx no memory, and the log is whole for it later
--- config
location / {
    coderemote on;
    coderemote_ws_buffer_size 32k;
}
--- steps
wait_ready();
my ($worker) = nginx_workers();
sub anonymous {
    my ($kb) = CodeRemote::Pool::slurp("/proc/$worker/smaps_rollup")
               =~ /^Anonymous:\s+(\d+)/m;
    return $kb;
}
my $ws = ws();
my $control = ws();
my @ids = map {
    start($control, "input()\nfor i in range(150000): print('line', i)",
          limits => { output_kb => 1024 })
} 1 .. 8;
for my $id (@ids) {
    $ws->send_json({ type => 'subscribe', job_id => $id });
    $control->send_json({ type => 'unsubscribe', job_id => $id });
}
my $before = anonymous();
$control->send_json({ type => 'stdin', job_id => $_, data => "\n" }) for @ids;
is(finished($_, 20)->{status}, 'output_exceeded', 'the flood is over') for @ids;
my $after = anonymous();
SKIP: {
    skip 'an allocator that keeps what is freed', 1
        if ($ENV{ASAN_OPTIONS} // '') ne '';
    cmp_ok($after - $before, '<', 12 * 1024, 'memory stays bounded');
}
my (%text, %result);
while (keys %result < 8) {
    my $m = $ws->recv_json;
    if ($m->{type} eq 'output') {
        die "gap" if $m->{offset} != length($text{ $m->{job_id} } // '');
        $text{ $m->{job_id} } .= $m->{data};
    }
    $result{ $m->{job_id} } = $m if $m->{type} eq 'result';
}
is(length $text{$_}, 1048576, 'all of it arrives') for @ids;



=== TEST 10: a client that asks without reading is closed with 1008
--- pool: none
--- steps
my $ws = ws();
my $socket = $ws->socket;
my $ping = $ws->frame(opcode => 9, payload => 'x' x 125) x 100;
$socket->blocking(0);
my ($sent, $end) = (0, time + 2);
while (time < $end) {
    my $n = syswrite $socket, $ping, length($ping) - $sent, $sent;
    if (defined $n) {
        $sent = ($sent + $n) % length $ping;
    } else {
        select undef, undef, undef, 0.01;
    }
}
$socket->blocking(1);
my $m;
do { $m = $ws->recv(5) } while $m && $m->{type} eq 'pong';
is($m->{type}, 'close', 'close');
is($m->{code}, 1008, 'code');
is(http('GET', '/health')->{status}, 200, 'nginx is well');



=== TEST 11: an idle WebSocket costs little memory
--- pool: none
--- steps
my ($worker) = nginx_workers();
sub idle_kb {
    my ($kb) = CodeRemote::Pool::slurp("/proc/$worker/smaps_rollup")
               =~ /^Anonymous:\s+(\d+)/m;
    return $kb;
}
my @warm = map { ws(deflate => 1) } 1 .. 50;
@warm = ();
my $before = idle_kb();
my @ws = map { ws(deflate => 1) } 1 .. 400;
for my $ws (@ws) {
    $ws->send_json({ type => 'ping', ref => 'x' x 100 });
}
$_->recv_json for @ws;
my $each = (idle_kb() - $before) / 400;
SKIP: {
    skip 'an allocator that keeps what is freed', 1
        if ($ENV{ASAN_OPTIONS} // '') ne '';
    cmp_ok($each, '<', 16, sprintf('%.1f KiB each', $each));
}



=== TEST 12: open WebSockets are counted
--- pool: none
--- steps
my $open = metric('coderemote_websockets_open');
my @ws = map { ws() } 1 .. 3;
is(metric('coderemote_websockets_open') - $open, 3, 'three more');
$_->close(1000) for @ws;
ok(wait_for(sub { metric('coderemote_websockets_open') == $open }), 'and gone');



=== TEST 13: a client that talks but never reads is closed, too
--- config
location / {
    coderemote on;
    coderemote_ws_ping_interval 100ms;
    coderemote_ws_timeout 400ms;
}
--- steps
wait_ready();
my $ws = ws(auto_pong => 0);
$ws->send_json({ type => 'execute', code => "while True: print('x' * 1000)" })
    for 1 .. 16;
my $open = metric('coderemote_websockets_open');
my $gone = wait_for {
    $ws->send_frame(opcode => 10, payload => '');
    return metric('coderemote_websockets_open') == 0;
} 12;
is($open, 1, 'it was open');
ok($gone, 'it is closed');
