use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: an id that is unknown or no id is 404
--- steps
wait_ready();
for my $id ('x', '-', '00000000-0000-0000-0000-000000000000',
            '01a1fbeb-bdfd-7398-9105-be8775c20000',
            '01a1fbeb-bdfd-7398-9105-be8775c2ffff', 'x' x 2000)
{
    for my $method ('GET', 'DELETE') {
        my $r = http($method, "/jobs/$id");
        is($r->{status}, 404, "$method " . substr($id, 0, 36));
        is($r->{json}{code}, 'not_found', 'code');
    }
}



=== TEST 2: the id is found in either case
--- steps
my $id = run('print(1)')->{job_id};
is(http('GET', '/jobs/' . uc $id)->{json}{job_id}, $id, 'upper');



=== TEST 3: a running job is told as it is now
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
import time
print('begin', flush=True)
time.sleep(20)
PY
my $job = wait_for {
    my $job = http('GET', "/jobs/$id")->{json};
    return $job->{status} eq 'running' && $job->{stdout} ? $job : undef;
};
is($job->{stdout}, "begin\n", 'output so far');
is($job->{exit_code}, undef, 'exit_code');
is($job->{finished_at}, undef, 'finished_at');
like($job->{started_at}, qr/^20/, 'started_at');
http('DELETE', "/jobs/$id");



=== TEST 4: DELETE cancels a running job within 100 ms, its output is kept
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => <<'PY' })->{json}{job_id};
print('begin', flush=True)
while True: pass
PY
wait_for { http('GET', "/jobs/$id")->{json}{stdout} };
my $start = time;
my $r = http('DELETE', "/jobs/$id");
ok($r->{status} == 200 || $r->{status} == 202, 'accepted');
is($r->{json}{job_id}, $id, 'with the job');
my $job = finished($id);
ok(time - $start < 0.5, 'soon');
is($job->{status}, 'cancelled', 'status');
is($job->{stdout}, "begin\n", 'output');
like($job->{finished_at}, qr/^20/, 'finished_at');



=== TEST 5: DELETE of a queued job ends it at once
--- worker: "workers": 1, "boxes": 1
--- steps
wait_ready();
my $first = http('POST', '/execute', { code => 'while True: pass' });
my $id = $first->{json}{job_id};
wait_for { http('GET', "/jobs/$id")->{json}{status} eq 'running' };
my $queued = http('POST', '/execute', { code => 'print(1)' })->{json}{job_id};
is(http('GET', "/jobs/$queued")->{json}{status}, 'queued', 'it is queued');
my $r = http('DELETE', "/jobs/$queued");
is($r->{status}, 200, 'status');
is($r->{json}{status}, 'cancelled', 'cancelled');
is($r->{json}{started_at}, undef, 'it never started');
http('DELETE', "/jobs/$id");
is(finished($id)->{status}, 'cancelled', 'the other one too');
is(run('print(2)')->{stdout}, "2\n", 'the next one runs');



=== TEST 6: DELETE of a finished job answers the job as it ended
--- steps
my $job = run('print(1)');
my $r = http('DELETE', "/jobs/$job->{job_id}");
is($r->{status}, 200, 'status');
is($r->{json}{status}, 'succeeded', 'still succeeded');



=== TEST 7: a result is read as often as one likes
--- steps
my $job = run('print(1)');
is_deeply(http('GET', "/jobs/$job->{job_id}")->{json}, $job, "time $_")
    for 1 .. 3;



=== TEST 8: the list has the newest first, in pages
--- steps
wait_ready();
my @ids = map { run("print($_)")->{job_id} } 1 .. 5;
my $r = http('GET', '/jobs?limit=2');
is($r->{status}, 200, 'status');
is_deeply([map { $_->{job_id} } @{ $r->{json}{jobs} }], [@ids[4, 3]],
          'the first page');
ok(!exists $r->{json}{jobs}[0]{stdout}, 'without output');
$r = http('GET', "/jobs?limit=2&cursor=$r->{json}{next_cursor}");
is_deeply([map { $_->{job_id} } @{ $r->{json}{jobs} }], [@ids[2, 1]],
          'the second');
my %seen;
my $cursor = '';
do {
    $r = http('GET', "/jobs?limit=3$cursor")->{json};
    $seen{$_->{job_id}}++ for @{ $r->{jobs} };
    $cursor = '&cursor=' . ($r->{next_cursor} // '');
} while ($r->{next_cursor});
is($seen{$_}, 1, 'each once') for @ids;



=== TEST 9: the list is filtered by status and language
--- steps
wait_ready();
run('print(1)');
run('1/0');
for my $status (qw/ succeeded failed cancelled /) {
    my $r = http('GET', "/jobs?limit=100&status=$status")->{json};
    is(scalar(grep { $_->{status} ne $status } @{ $r->{jobs} }), 0,
       "only $status");
}
ok(@{ http('GET', '/jobs?status=failed')->{json}{jobs} } > 0, 'failed ones');
ok(@{ http('GET', '/jobs?language=python')->{json}{jobs} } > 0, 'python');
is(@{ http('GET', '/jobs?language=cobol')->{json}{jobs} }, 0, 'cobol');



=== TEST 10: wrong arguments of the list are named
--- pool: none
--- steps
my %bad = ('limit=0' => 'limit', 'limit=101' => 'limit', 'limit=x' => 'limit',
           'limit=' => 'limit', 'status=done' => 'status',
           'status=%22' => 'status', 'cursor=x' => 'cursor');
for my $args (sort keys %bad) {
    my $r = http('GET', "/jobs?$args");
    is($r->{status}, 400, $args);
    is($r->{json}{field}, $bad{$args}, "field of $args");
}



=== TEST 11: a user has no more unfinished jobs than allowed
--- http_config
coderemote_max_jobs_per_user 2;
--- steps
wait_ready();
my @ids = map { http('POST', '/execute', { code => 'while True: pass' })
                ->{json}{job_id} } 1 .. 2;
my $r = http('POST', '/execute', { code => 'print(1)' });
is($r->{status}, 429, 'the third');
is($r->{json}{code}, 'too_many_jobs', 'code');
is($r->{headers}{'retry-after'}, 1, 'retry-after');
http('DELETE', "/jobs/$_") for @ids;
finished($_) for @ids;
is(run('print(1)')->{stdout}, "1\n", 'when they are done');



=== TEST 12: a full table is 503 with Retry-After
--- worker: "workers": 1, "boxes": 1, "job_slots": 4
--- steps
wait_ready();
my @ids;
my $r;
for (1 .. 10) {
    $r = http('POST', '/execute', { code => 'while True: pass' });
    last if $r->{status} != 202;
    push @ids, $r->{json}{job_id};
}
is(scalar @ids, 4, 'as many as there are slots');
is($r->{status}, 503, 'then no more');
is($r->{json}{code}, 'queue_full', 'code');
is($r->{headers}{'retry-after'}, 1, 'retry-after');
is(http('GET', '/health')->{status}, 200, 'all else answers');
http('DELETE', "/jobs/$_") for @ids;
finished($_) for @ids;
is(run('print(1)')->{stdout}, "1\n", 'places are given again');



=== TEST 13: places are used again without end
--- worker: "workers": 1, "boxes": 2, "job_slots": 4
--- steps
wait_ready();
my $c = connection();
my $good = 0;
for my $i (1 .. 50) {
    my $r = $c->request('POST', '/execute?wait=true',
                        { code => "print($i)" });
    $good++ if $r->{status} == 200 && $r->{json}{stdout} eq "$i\n";
}
is($good, 50, 'fifty in four');



=== TEST 14: a slot that was used again does not answer for its old job
--- worker: "workers": 1, "boxes": 2, "job_slots": 2
--- steps
my $old = run('print("old")')->{job_id};
run("print($_)") for 1 .. 4;
is(http('GET', "/jobs/$old")->{status}, 404, 'it is gone');
