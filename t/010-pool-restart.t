use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: without a pool execute is 503 with Retry-After
--- pool: none
--- steps
my $c = connection();
for my $body ('{"code":"print(1)"}', '{"code":"print(2)"}') {
    my $r = $c->request('POST', '/execute?wait=true', $body);
    is($r->{status}, 503, 'status');
    is($r->{json}{code}, 'pool_unavailable', 'code');
    is($r->{headers}{'retry-after'}, 1, 'retry-after');
}
is($c->request('GET', '/languages')->{status}, 503, 'languages');
is($c->request('GET', '/health')->{status}, 200, 'health');



=== TEST 2: it works within a second of the pool's start, nginx untouched
--- steps
wait_ready();
pool_stop();
ok(wait_for { http('GET', '/health')->{json}{pool} eq 'down' }, 'down');
is(http('POST', '/execute', { code => '' })->{status}, 503, 'no jobs');
sleep 1;
pool_start();
my $start = time;
ok(wait_ready(), 'up');
ok(time - $start < 1, 'within a second');
is(run('print(1)')->{stdout}, "1\n", 'and runs');



=== TEST 3: a waiting request is answered when the pool is killed
--- steps
wait_ready();
my $c = connection();
my $body = '{"code":"while True: pass"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
wait_for { http('GET', '/jobs?status=running')->{json}{jobs}[0] };
pool_kill();
my $r = $c->response;
is($r->{status}, 200, 'status');
is($r->{json}{status}, 'error', 'status of the job');
is($r->{json}{error}, 'pool restarted', 'error');
like($r->{json}{finished_at}, qr/^20/, 'finished_at');
is($c->request('GET', '/health')->{status}, 200, 'the connection stays');
pool_start();
is(run('print(1)')->{stdout}, "1\n", 'the next pool works');



=== TEST 4: jobs of the pool before are still answered
--- steps
my $done = run('print("done")');
my $running = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
print('so far', flush=True)
while True: pass
PY
wait_for { http('GET', "/jobs/$running")->{json}{stdout} };
pool_kill();
wait_for { http('GET', '/health')->{json}{pool} eq 'down' };

is_deeply(http('GET', "/jobs/$done->{job_id}")->{json}, $done,
          'a finished one as it was');
my $job = http('GET', "/jobs/$running")->{json};
is($job->{status}, 'error', 'an unfinished one is an error');
is($job->{error}, 'pool restarted', 'that says why');
is($job->{stdout}, "so far\n", 'with its output so far');
is(http('DELETE', "/jobs/$running")->{status}, 200, 'nothing to cancel');

pool_start();
wait_ready();
is_deeply(http('GET', "/jobs/$done->{job_id}")->{json}, $done,
          'also when the next pool is there');
is(http('GET', "/jobs/$running")->{json}{status}, 'error', 'both');
my %listed = map { $_->{job_id} => 1 }
             @{ http('GET', '/jobs?limit=100')->{json}{jobs} };
ok($listed{$done->{job_id}} && $listed{$running}, 'and in the list');



=== TEST 5: of many restarts the last four are remembered
--- steps
my @ids;
for my $i (1 .. 6) {
    push @ids, run("print($i)")->{job_id};
    pool_kill();
    wait_for { http('GET', '/health')->{json}{pool} eq 'down' };
    pool_start();
}
wait_ready();
is(http('GET', "/jobs/$ids[$_]")->{status}, 404, "job $_") for 0 .. 1;
is(http('GET', "/jobs/$ids[$_]")->{json}{status}, 'succeeded', "job $_")
    for 2 .. 5;



=== TEST 6: a pool that is draining takes no new jobs, running ones finish
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
import time
print('begin', flush=True)
time.sleep(0.7)
print('end')
PY
wait_for { http('GET', "/jobs/$id")->{json}{stdout} };
kill 'TERM', pool_pid();
ok(wait_for { http('GET', '/ready')->{status} == 503 }, 'not ready');
my $r = http('POST', '/execute', { code => 'print(1)' });
is($r->{status}, 503, 'status');
is($r->{json}{code}, 'pool_unavailable', 'code');
is(finished($id)->{stdout}, "begin\nend\n", 'the running one finished');
pool_stop();
pool_start();
wait_ready();



=== TEST 7: a pool of another version is told apart in the log, once
--- main_config
# the socket of this block is answered by a stand-in
--- http_config
coderemote_pool unix:$SCRATCH/other.sock;
--- steps
use IO::Socket::UNIX;
my ($path) = eval { CodeRemote::Pool::scratch() . '/other.sock' };
unlink $path;
my $server = IO::Socket::UNIX->new(Type => SOCK_SEQPACKET, Local => $path,
                                   Listen => 5) or die "listen: $@";
for (1 .. 3) {
    my $s = $server->accept;
    sysread $s, my $hello, 4096;
    my ($magic, $abi) = unpack 'Q< L<', $hello;
    my $welcome = pack('Q< L< L<3 Z32 L<4', $magic, $abi + 41, 1, 1, 1,
                       '9.9.9', 0, 1, 1, 0);
    syswrite $s, $welcome;
    sysread $s, my $end, 1;
}
is(http('GET', '/health')->{json}{pool}, 'down', 'down');
like(http('GET', '/ready')->{json}{checks}{pool}{detail}, qr/version/, 'why');
my $log = CodeRemote::Pool::slurp("$Test::Nginx::Util::ServRoot/logs/error.log");
my @lines = $log =~ /does not fit: the nginx module is (\S+) with ABI \d+, the pool is (\S+) with ABI \d+/g;
is(scalar @lines, 2, 'one line');
is($lines[1], '9.9.9', 'that names both');
