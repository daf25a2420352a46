use lib 't/lib';
use CodeRemote 'no_plan';

master_on();
workers(2);

run_tests();

__DATA__

=== TEST 1: every worker of nginx has a channel of its own
--- steps
wait_ready();
my %seen;
for my $i (1 .. 200) {
    my $id = http('POST', '/execute', { code => 'print(1)' })->{json}{job_id};
    is(http('GET', "/jobs/$id")->{status}, 200, 'seen by all') if $id;
    last if $i > 20;
}



=== TEST 2: a job survives a reload, and is found after it
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
import time
print('begin', flush=True)
time.sleep(1)
print('end')
PY
wait_for { http('GET', "/jobs/$id")->{json}{stdout} };
ok(nginx_reload(), 'reloaded');
wait_ready();
is(finished($id)->{stdout}, "begin\nend\n", 'it went on');



=== TEST 3: a request that waits is answered by the worker that drains
--- steps
wait_ready();
my $c = connection();
my $body = '{"code":"import time; time.sleep(0.8); print(1)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
wait_for { http('GET', '/jobs?status=running')->{json}{jobs}[0] };
kill 'HUP', nginx_pid();
is($c->response->{json}{stdout}, "1\n", 'answered');



=== TEST 4: an idle nginx ends at once when it is told to
--- steps
wait_ready();
my @old = nginx_workers();
my $start = time;
ok(nginx_reload(), 'reloaded');
ok(wait_for { !grep { kill 0, $_ } @old } , 'the old workers are gone');
ok(time - $start < 3, 'soon');



=== TEST 5: channels come back with every reload
--- worker: "channels": 8
--- steps
wait_ready();
for (1 .. 6) {
    my @old = nginx_workers();
    nginx_reload();
    wait_for { !grep { kill 0, $_ } @old };
}
ok(wait_ready(), 'ready');
is(run('print(1)')->{stdout}, "1\n", 'and running');



=== TEST 6: a job of a worker that was killed goes on and is found
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
import time
print('begin', flush=True)
time.sleep(0.7)
print('end')
PY
wait_for { http('GET', "/jobs/$id")->{json}{stdout} };
kill 'KILL', nginx_workers();
my $job = wait_for {
    my $r = eval { http('GET', "/jobs/$id") } or return;
    return $r->{status} && $r->{status} == 200
           && $r->{json}{status} !~ /queued|running/ ? $r->{json} : undef;
};
is($job->{stdout}, "begin\nend\n", 'it went on');
--- no_error_log
[crit]
[emerg]



=== TEST 7: a waited job of a worker that was killed is cancelled
--- steps
wait_ready();
my $c = connection();
my $body = '{"code":"while True: pass"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
my $job = wait_for {
    http('GET', '/jobs?status=running')->{json}{jobs}[0];
};
kill 'KILL', nginx_workers();
my $end = wait_for {
    my $r = eval { http('GET', "/jobs/$job->{job_id}") } or return;
    return $r->{status} && $r->{status} == 200
           && $r->{json}{status} ne 'running' ? $r->{json} : undef;
};
is($end->{status}, 'cancelled', 'status');
--- no_error_log
[crit]
[emerg]



=== TEST 8: counters survive a reload
--- steps
run('print(1)');
my $before = metric('coderemote_jobs_submitted_total');
ok($before > 0, 'counted');
nginx_reload();
wait_ready();
is(metric('coderemote_jobs_submitted_total'), $before, 'kept');



=== TEST 9: a binary upgrade takes over: jobs go on and are found, waits answered
--- steps
wait_ready();
my $old = nginx_pid();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
import time
print('begin', flush=True)
time.sleep(2)
print('end')
PY
my $c = connection();
my $body = '{"code":"import time; time.sleep(1.5); print(1)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
wait_for { @{ http('GET', '/jobs?status=running')->{json}{jobs} } == 2 };
kill 'USR2', $old;
ok(wait_for { nginx_pid() != $old }, 'a new master has started');
ok(wait_for { nginx_workers() }, 'with workers');
kill 'QUIT', $old;
is($c->response->{json}{stdout}, "1\n", 'the old worker answered');
is(finished($id)->{stdout}, "begin\nend\n", 'the new ones know the job');
ok(wait_for { !kill 0, $old } , 'the old master is gone');
is(run('print(2)')->{stdout}, "2\n", 'and new jobs run');
