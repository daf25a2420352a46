use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: every metric has help, a type and a number
--- steps
run('print(1)');
my $r = http('GET', '/metrics');
is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8',
   'content type');
my (%help, %type, @bad);
for my $line (split /\n/, $r->{body}) {
    if ($line =~ /^# HELP (\S+) \S/) {
        $help{$1}++;
    } elsif ($line =~ /^# TYPE (\S+) (counter|gauge)$/) {
        $type{$1} = $2;
    } elsif ($line =~ /^(coderemote_[a-z_]+)(\{[a-z]+="[a-z_0-9]+"\})? \d+(\.\d+)?$/) {
        push @bad, $line if !$help{$1} || !$type{$1}
                            || $type{$1} eq 'counter' && $1 !~ /_total$/;
    } else {
        push @bad, $line;
    }
}
is_deeply(\@bad, [], 'no line is wrong');
is(scalar(grep { $_ > 1 } values %help), 0, 'nothing twice');



=== TEST 2: jobs, problems and slots are counted
--- steps
wait_ready();
my @names = ('coderemote_jobs_submitted_total',
             'coderemote_jobs_finished_total{status="succeeded"}',
             'coderemote_problems_total{code="invalid_json"}',
             'coderemote_requests_total');
my %before = map { $_ => metric($_) } @names;
run('print(1)');
http('POST', '/execute', '{');
wait_for { metric($names[1]) > $before{$names[1]} };
is(metric($names[$_]) - $before{$names[$_]}, 1, $names[$_]) for 0 .. 2;
ok(metric($names[3]) > $before{$names[3]}, $names[3]);
is(metric('coderemote_pool_up'), 1, 'pool_up');
ok(metric('coderemote_slots{state="free"}') > 0, 'slots');



=== TEST 3: without a pool the rest is there
--- pool: none
--- request
GET /metrics
--- response_body_like: coderemote_pool_up 0
