use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Jwt;
use JSON::PP ();

workers(1);

CodeRemote::Cognito::start();
CodeRemote::Jwt::directives();
CodeRemote::Cognito::directives();

{
    no strict 'refs';
    *{"CodeRemote::Steps::$_"} = \&{"CodeRemote::Cognito::$_"}
        for qw/ answer error /;
}

# the lines of a file so far, those of one event

sub CodeRemote::Steps::lines {
    my ($file, $event) = @_;
    open my $fh, '<', $file or return;
    return grep { !defined $event || $_->{event} eq $event }
           map { JSON::PP::decode_json($_) } <$fh>;
}

sub CodeRemote::Steps::text {
    my ($file) = @_;
    local $/;
    open my $fh, '<', $file or return '';
    return <$fh>;
}

run_tests();

__DATA__

=== TEST 1: a job is two lines, with its client gone too, and without its text
--- http_config
coderemote_audit_log $SCRATCH/jobs.log;
--- steps
wait_ready();
my $file = '$SCRATCH/jobs.log';
my $r = http('POST', '/execute', { code => 'print("s3cret" * 2)' });
is($r->{status}, 202, 'accepted');
ok(wait_for { lines($file, 'finished') }, 'finished, and nobody asked');

my ($first, $last) = lines($file);
is($first->{event}, 'accepted', 'first');
is($last->{event}, 'finished', 'last');
for ($first, $last) {
    is($_->{job_id}, $r->{json}{job_id}, 'job');
    is($_->{sub}, 'local', 'who');
    is($_->{address}, '127.0.0.1', 'from where');
    is($_->{language}, 'python', 'language');
    like($_->{request_id}, qr/^[0-9a-f]{32}$/, 'request');
    like($_->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'when');
}
is($first->{request_id}, $last->{request_id}, 'the same request');
is($last->{status}, 'succeeded', 'status');
is($last->{output_bytes}, 13, 'output');
ok($last->{memory_peak_kb} > 0, 'memory');
ok($last->{cpu_time_ms} > 0, 'processor');
unlike(text($file), qr/s3cret/, 'no program, no output');
is(scalar lines($file), 2, 'once');



=== TEST 2: answers of sign-in and refused tokens; a flood is bounded
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log $SCRATCH/auth.log;
--- steps
my $file = '$SCRATCH/auth.log';
my %h = (headers => { Origin => 'http://localhost' });
answer('InitiateAuth', error('NotAuthorizedException'));
http('POST', '/auth/login', { email => 'ada@example.com',
                              password => 'hunter2hunter2' }, %h);
my ($l) = lines($file);
is($l->{event}, 'auth', 'event');
is($l->{action}, 'login', 'action');
like($l->{outcome}, qr/credentials/, 'outcome');
is($l->{email}, 'ada@example.com', 'who');

my $c = connection();
is($c->request('GET', '/languages', undef, bearer('no.token.here'))->{status},
   401, 'refused') for 1 .. 200;
ok(wait_for { lines($file, 'left_out') }, 'said how many');

my $n = lines($file, 'token_refused');
$n += $_->{count} for lines($file, 'left_out');
ok(lines($file, 'token_refused') < 200, 'not all are lines');
ok(wait_for {
    my $all = lines($file, 'token_refused');
    $all += $_->{count} for lines($file, 'left_out');
    $all == 200;
}, 'none is forgotten');
unlike(text($file), qr/hunter2|no\.token/, 'no secret');
