use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: a waited job answers 200 with all of the job
--- steps
wait_ready();
my $r = http('POST', '/execute?wait=true', { code => 'print(1)' });
is($r->{status}, 200, 'status');
my $job = $r->{json};
my %expected = (status => 'succeeded', language => 'python', stdout => "1\n",
                stderr => '', exit_code => 0, signal => undef, limit => undef,
                error => undef, attempt => 1);
is($job->{$_}, $expected{$_}, $_) for sort keys %expected;
ok(!$job->{truncated}, 'truncated');
like($job->{job_id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
     'job_id is a UUIDv7');
like($job->{runtime_version}, qr/^3\.\d+\.\d+/, 'runtime_version');
like($job->{$_}, qr/^\d+(\.\d{1,3})?$/, $_)
    for qw/ execution_time_ms cpu_time_ms memory_peak_kb queue_time_ms /;
like($job->{$_}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, $_)
    for qw/ created_at started_at finished_at /;
ok($job->{created_at} le $job->{started_at}
   && $job->{started_at} le $job->{finished_at}, 'times are in order');



=== TEST 2: without wait the answer is 202 with the place of the job
--- steps
wait_ready();
my $r = http('POST', '/execute', { code => 'print(1)' });
is($r->{status}, 202, 'status');
is($r->{json}{status}, 'queued', 'queued');
is($r->{headers}{location}, "/jobs/$r->{json}{job_id}", 'location');
my $job = finished($r->{json}{job_id});
is($job->{status}, 'succeeded', 'it runs');
is($job->{stdout}, "1\n", 'and its output is there');
is_deeply(http('GET', "/status/$r->{json}{job_id}")->{json}, $job,
          'under the other name too');



=== TEST 3: Prefer waits and says so
--- steps
wait_ready();
my $r = http('POST', '/execute', { code => 'print(1)' },
             headers => { Prefer => 'respond-async, wait=10' });
is($r->{status}, 200, 'status');
is($r->{headers}{'preference-applied'}, 'wait=10', 'applied');

for my $prefer ('wait=x', 'wait', 'await=5', 'return=minimal') {
    $r = http('POST', '/execute', { code => '' },
              headers => { Prefer => $prefer });
    is($r->{status}, 202, "'$prefer' is ignored");
    is($r->{headers}{'preference-applied'}, undef, 'and not applied');
}



=== TEST 4: a wait that is over answers 202, and the job goes on
--- steps
wait_ready();
my $r = http('POST', '/execute',
             { code => "import time\ntime.sleep(1.3)\nprint('end')" },
             headers => { Prefer => 'wait=1' });
is($r->{status}, 202, 'status');
is($r->{headers}{location}, "/jobs/$r->{json}{job_id}", 'location');
is(finished($r->{json}{job_id})->{stdout}, "end\n", 'it ended by itself');



=== TEST 5: coderemote_wait_timeout is the longest wait
--- http_config
coderemote_wait_timeout 200ms;
--- steps
wait_ready();
my $r = http('POST', '/execute?wait=true',
             { code => "import time\ntime.sleep(5)" });
is($r->{status}, 202, 'status');
http('DELETE', "/jobs/$r->{json}{job_id}");



=== TEST 6: stdin, args, env and files reach the program
--- steps
my $job = run(<<'PY', stdin => "one\ntwo\n", args => ['a', 'b c', ''],
import os, sys
print(sys.argv[1:])
print(input(), sys.stdin.read())
print(os.environ['NAME'])
print(open('data/in.txt').read(), open('raw', 'rb').read())
PY
    env => { NAME => 'va=lue' },
    files => [{ name => 'data/in.txt', content => "\x{20ac}" },
              { name => 'raw', content => 'AP8=', encoding => 'base64' }]);
is($job->{stderr}, '', 'stderr');
is($job->{stdout}, "['a', 'b c', '']\none two\n\nva=lue\n\x{20ac} "
                   . "b'\\x00\\xff'\n", 'stdout');



=== TEST 7: an exit code, a traceback and a signal are told
--- steps
my $job = run("import sys\nprint('x', file=sys.stderr)\nsys.exit(3)");
is($job->{status}, 'failed', 'status');
is($job->{exit_code}, 3, 'exit_code');
is($job->{stderr}, "x\n", 'stderr');
like(run("1/0")->{stderr}, qr/ZeroDivisionError/, 'traceback');
$job = run("import os\nos.kill(os.getpid(), 9)");
is($job->{status}, 'failed', 'killed');
is($job->{signal}, 'SIGKILL', 'signal');
is($job->{exit_code}, undef, 'no exit code');



=== TEST 8: characters survive, other bytes come as base64
--- steps
my $job = run("print('\\u00e4\\u20ac\\U0001f600\\t\"\\\\\\x01\\x7f')");
is($job->{stdout}, "\x{e4}\x{20ac}\x{1f600}\t\"\\\x01\x7f\n", 'text');
is($job->{stdout_encoding}, undef, 'no encoding');
$job = run("import os\nos.write(1, b'ok\\xff')\nos.write(2, b'err')");
is($job->{stdout}, 'b2v/', 'bytes');
is($job->{stdout_encoding}, 'base64', 'encoding');
is($job->{stderr}, 'err', 'the other stream is text');



=== TEST 9: a character that is written in pieces is whole
--- steps
my $job = run(<<'PY');
import os, time
for byte in '\u20ac\U0001f600'.encode():
    os.write(1, bytes([byte]))
    os.write(2, b'.')
    time.sleep(0.002)
PY
is($job->{stdout}, "\x{20ac}\x{1f600}", 'stdout');
is($job->{stderr}, '.......', 'stderr');



=== TEST 10: a large output is answered whole
--- steps
my $job = run("for i in range(100000): print(i)");
is($job->{status}, 'succeeded', 'status');
is($job->{stdout}, join('', map { "$_\n" } 0 .. 99_999), 'output');



=== TEST 11: limits of the request hold
--- steps
my $job = run("while True: pass", limits => { timeout_ms => 200 });
is($job->{status}, 'timed_out', 'status');
is($job->{limit}, 'wall', 'limit');
ok($job->{execution_time_ms} >= 200 && $job->{execution_time_ms} < 1000,
   'in time');
$job = run("print('x' * 10000)", limits => { output_kb => 1 });
is($job->{status}, 'output_exceeded', 'output');
ok($job->{truncated}, 'is cut');
is(length $job->{stdout}, 1024, 'where it says');



=== TEST 12: the location's timeouts bound those of requests
--- http_config
coderemote_default_timeout 200ms;
coderemote_max_timeout 300ms;
--- steps
is(run("while True: pass")->{status}, 'timed_out', 'the default');
my $r = http('POST', '/execute',
             { code => '', limits => { timeout_ms => 301 } });
is($r->{status}, 400, 'over the maximum');
like($r->{json}{detail}, qr/from 1 to 300 /, 'which is told');



=== TEST 13: an alias names its language
--- steps
is(run('print(1)', language => 'python3')->{language}, 'python', 'python3');



=== TEST 14: stdin of a job that is not interactive ends
--- steps
is(run("import sys\nprint(repr(sys.stdin.read()))")->{stdout}, "''\n",
   'at once without a text');
is(run("import sys\nprint(repr(sys.stdin.read()))", stdin => "a\n")->{stdout},
   "'a\\n'\n", 'after the text');



=== TEST 15: jobs on one connection do not mix
--- steps
wait_ready();
my $c = connection();
for my $i (1 .. 30) {
    my $job = $c->request('POST', '/execute?wait=true',
                          { code => "print($i)" })->{json};
    is($job->{stdout}, "$i\n", "job $i");
}



=== TEST 16: pipelined requests are answered in order
--- steps
wait_ready();
my $c = connection();
my $bytes = '';
for my $i (1 .. 5) {
    my $body = "{\"code\":\"print($i)\"}";
    $bytes .= "POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
              . "Content-Length: " . length($body) . "\r\n\r\n$body";
}
$c->send($bytes);
for my $i (1 .. 5) {
    my $r = $c->response or last;
    is($r->{json}{stdout}, "$i\n", "answer $i");
}



=== TEST 17: languages are those of the pool
--- steps
wait_ready();
my $r = http('GET', '/languages');
is($r->{status}, 200, 'status');
my ($python) = grep { $_->{id} eq 'python' } @{ $r->{json}{languages} };
ok($python, 'python');
ok(exists $python->{$_}, $_)
    for qw/ id name version aliases template extension monaco code_file
            limits /;
ok($python->{limits}{$_}{default} <= $python->{limits}{$_}{max}, $_)
    for qw/ timeout_ms cpu_ms memory_mb output_kb processes /;
