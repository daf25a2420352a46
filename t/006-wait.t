use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: a waited job is cancelled when its client goes
--- steps
wait_ready();
my $gone = metric('coderemote_jobs_abandoned_total');
my $c = connection();
my $body = '{"code":"while True: pass"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
my $job = wait_for {
    return http('GET', '/jobs?status=running')->{json}{jobs}[0];
};
close $c->{socket};
is(finished($job->{job_id})->{status}, 'cancelled', 'status');
is(metric('coderemote_jobs_abandoned_total'), $gone + 1, 'counted');



=== TEST 2: a waited job that is queued is cancelled too
--- worker: "workers": 1, "boxes": 1
--- steps
wait_ready();
my $busy = http('POST', '/execute', { code => 'while True: pass' })
               ->{json}{job_id};
my $c = connection();
my $body = '{"code":"print(1)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
my $job = wait_for {
    my ($job) = grep { $_->{job_id} ne $busy }
                @{ http('GET', '/jobs?status=queued')->{json}{jobs} };
    return $job;
};
close $c->{socket};
is(finished($job->{job_id}, 2)->{status}, 'cancelled', 'status');
http('DELETE', "/jobs/$busy");
finished($busy);



=== TEST 3: a job accepted with 202 goes on when its client goes
--- steps
wait_ready();
my $r = http('POST', '/execute',
             { code => "import time\ntime.sleep(0.3)\nprint('end')" });
is(finished($r->{json}{job_id})->{stdout}, "end\n", 'it ended by itself');



=== TEST 4: a client that goes after 202 came late does not cancel
--- http_config
coderemote_wait_timeout 100ms;
--- steps
wait_ready();
my $r = http('POST', '/execute?wait=true',
             { code => "import time\ntime.sleep(0.5)\nprint('end')" });
is($r->{status}, 202, 'status');
is(finished($r->{json}{job_id})->{stdout}, "end\n", 'it ended by itself');



=== TEST 5: a client that goes while it sends its body submits nothing
--- steps
wait_ready();
my $before = metric('coderemote_jobs_submitted_total');
my $c = connection();
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: 1000\r\n\r\n{\"code\":");
close $c->{socket};
is(run('print(1)')->{stdout}, "1\n", 'others are served');
is(metric('coderemote_jobs_submitted_total'), $before + 1, 'one job');



=== TEST 6: many waits at once are answered each
--- steps
wait_ready();
my @c = map { connection() } 1 .. 40;
for my $i (0 .. $#c) {
    my $body = "{\"code\":\"print($i)\"}";
    $c[$i]->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
                 . "Content-Length: " . length($body) . "\r\n\r\n$body");
}
my $good = grep { ($c[$_]->response->{json}{stdout} // '') eq "$_\n" } 0 .. $#c;
is($good, 40, 'all of them');



=== TEST 7: a client that waits and sends another request is answered twice
--- steps
wait_ready();
my $c = connection();
my $body = '{"code":"import time; time.sleep(0.2); print(1)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n$body");
sleep 0.05;
$c->send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
is($c->response->{json}{stdout}, "1\n", 'the job');
is($c->response->{json}{status}, 'ok', 'then the other');
