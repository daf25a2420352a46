use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Jwt;

master_on();
workers(2);

CodeRemote::Cognito::start();
CodeRemote::Jwt::directives();
CodeRemote::Cognito::directives();

{
    no strict 'refs';
    *{"CodeRemote::Steps::$_"} = \&{"CodeRemote::Cognito::$_"}
        for qw/ answer error asked well forget /;
}

sub CodeRemote::Steps::auth {
    my ($what, $body, %h) = @_;
    return CodeRemote::HTTP::http('POST', "/auth/$what", $body,
        headers => { Origin => 'http://localhost', %h });
}

sub CodeRemote::Steps::run_as {
    my ($user) = @_;
    return CodeRemote::HTTP::http('POST', '/execute', { code => 'pass' },
        headers => { Authorization => 'Bearer '
                                      . CodeRemote::Jwt::token(sub => $user) });
}

# a zone of another size is a new one, also where blocks are reloads

run_tests();

__DATA__

=== TEST 1: a password can be guessed five times, then not before a second
--- pool: none
--- http_config
JWT
coderemote_limit_zone 520k;
COGNITO
--- steps
my %in = (email => 'grace@example.com', password => 'wrong');
answer('InitiateAuth', error('NotAuthorizedException'));
for my $i (1 .. 5) {
    is(auth('login', \%in)->{status}, 401, "guess $i");
}
forget();
my $r = auth('login', { %in, email => 'GRACE@Example.com' });
is($r->{status}, 429, 'one too many, however the address is written');
is($r->{json}{code}, 'too_many_attempts', 'code');
is($r->{headers}{'retry-after'}, 1, 'Retry-After');
is_deeply([asked()], [], 'the provider was not asked');

well();
is(auth('login', { %in, email => 'other@example.com' })->{status}, 200,
   'another account from here');
sleep 1.1;
is(auth('login', { %in, password => 'right' })->{status}, 200,
   'after the wait');

answer('InitiateAuth', error('NotAuthorizedException'));
for my $i (1 .. 4) {
    is(auth('login', \%in)->{status}, 401, "a right one cleared them: $i");
}
well();



=== TEST 2: codes count like passwords; what is no guess does not
--- pool: none
--- http_config
JWT
coderemote_limit_zone 528k;
COGNITO
coderemote_auth_limit account=2 address=100;
--- steps
my %in = (email => 'edsger@example.com', code => '123456');
answer($_, error('CodeMismatchException'))
    for 'ConfirmSignUp', 'ConfirmForgotPassword';
is(auth('confirm', \%in)->{status}, 422, 'a wrong code');
is(auth('reset', { %in, new_password => 'Passw0rd!' })->{status}, 422,
   'another');
is(auth('confirm', \%in)->{status}, 429, 'too many');
is(auth('resend', { email => $in{email} })->{status}, 202, 'a new code');

%in = (email => 'barbara@example.com', password => 'x');
answer('InitiateAuth', error('InternalErrorException', 'down',
                             status => 500));
for (1 .. 6) {
    is(auth('login', \%in)->{status}, 503, 'nobody was there to say');
}
well();
is(auth('login', \%in)->{status}, 200, 'not counted');



=== TEST 3: an address that tries many accounts has to wait
--- pool: none
--- http_config
JWT
coderemote_limit_zone 536k;
COGNITO
coderemote_auth_limit address=3;
--- steps
answer('InitiateAuth', error('NotAuthorizedException'));
for my $i (1 .. 4) {
    my $r = auth('login', { email => "u$i\@example.com", password => 'x' });
    is($r->{status}, $i < 4 ? 401 : 429, "account $i");
}
well();



=== TEST 4: off is off
--- pool: none
--- http_config
JWT
coderemote_limit_zone 544k;
COGNITO
coderemote_auth_limit off;
--- steps
answer('InitiateAuth', error('NotAuthorizedException'));
for my $i (1 .. 30) {
    is(auth('login', { email => 'x@example.com', password => 'x' })->{status},
       401, "guess $i");
}
well();



=== TEST 5: executions of a user, over HTTP and WebSocket together
--- http_config
JWT
coderemote_limit_zone 552k;
coderemote_execute_rate 10r/m burst=3;
--- steps
use CodeRemote::Session;
wait_ready();

is(run_as('ada')->{status}, 202, 'first');
is(run_as('ada')->{status}, 202, 'second');

my $ws = CodeRemote::Session::ws(
    headers => { Authorization => 'Bearer ' . token(sub => 'ada') });
my $id = CodeRemote::Session::start($ws, 'print(1)');
is(CodeRemote::Session::follow($ws, $id)->{stdout}, "1\n", 'third');

my $r = run_as('ada');
is($r->{status}, 429, 'fourth');
is($r->{json}{code}, 'too_many_executions', 'code');
like($r->{headers}{'retry-after'}, qr/^[3-6]$/, 'Retry-After');
is($r->{headers}{'ratelimit-limit'}, 3, 'RateLimit-Limit');
is($r->{headers}{'ratelimit-remaining'}, 0, 'RateLimit-Remaining');
is($r->{headers}{'ratelimit-reset'}, $r->{headers}{'retry-after'},
   'RateLimit-Reset');

$ws->send_json({ type => 'execute', ref => 'x', code => 'print(2)' });
my $m = $ws->recv_json;
is($m->{type}, 'error', 'nor by the WebSocket');
is($m->{code}, 'too_many_executions', 'its code');

is(run_as('bob')->{status}, 202, 'another user');



=== TEST 6: a bad request and a full pool of jobs spend nothing
--- http_config
JWT
coderemote_limit_zone 560k;
coderemote_execute_rate 1r/m burst=1;
--- steps
wait_ready();
my $ada = 'Bearer ' . token();
for (1 .. 5) {
    is(http('POST', '/execute', { code => 1 },
            headers => { Authorization => $ada })->{status}, 400, 'bad');
}
is(run_as('ada')->{status}, 202, 'the one');
is(run_as('ada')->{status}, 429, 'no more');



=== TEST 7: unfinished jobs of a user say what the limit is
--- http_config
JWT
coderemote_limit_zone 568k;
coderemote_max_jobs_per_user 1;
--- steps
wait_ready();
my $ada = 'Bearer ' . token();
my $id = http('POST', '/execute', { code => 'import time; time.sleep(9)' },
              headers => { Authorization => $ada })->{json}{job_id};
my $r = run_as('ada');
is($r->{status}, 429, 'status');
is($r->{json}{code}, 'too_many_jobs', 'code');
is($r->{headers}{'ratelimit-limit'}, 1, 'RateLimit-Limit');
is(run_as('bob')->{status}, 202, 'per user');
http('DELETE', "/jobs/$id", undef, headers => { Authorization => $ada });



=== TEST 8: WebSockets of a user, over all nginx workers
--- http_config
JWT
coderemote_limit_zone 576k;
coderemote_max_sockets_per_user 3;
--- steps
use CodeRemote::Session;
wait_ready();
my %ada = (headers => { Authorization => 'Bearer ' . token() });

my @ws = map { CodeRemote::Session::ws(%ada) } 1 .. 3;
my $r = http('GET', '/ws', undef, headers => {
    %{ $ada{headers} }, Upgrade => 'websocket', Connection => 'Upgrade',
    'Sec-WebSocket-Version' => 13,
    'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==' });
is($r->{status}, 429, 'a fourth');
is($r->{json}{code}, 'too_many_sockets', 'code');

my $late = CodeRemote::Session::ws();
$late->send_json({ type => 'auth', token => token() });
is($late->recv_close->{code}, 4429, 'who says later who it is');

is(CodeRemote::Session::ws(headers => {
       Authorization => 'Bearer ' . token(sub => 'bob') })->status, 101,
   'another user');

(pop @ws)->close;
my $open;
for (1 .. 50) {
    $open = eval { CodeRemote::Session::ws(%ada) };
    last if $open && $open->status == 101;
    sleep 0.1;
}
is($open && $open->status, 101, 'one that was closed makes room');



=== TEST 9: a rate that is none
--- must_die
--- http_config
coderemote_execute_rate 10;
--- error_log
invalid rate "10": for example 10r/m or 5r/s, or off
--- no_error_log
[alert]



=== TEST 10: a limit of attempts that is none
--- must_die
--- http_config
coderemote_auth_limit account=0;
--- error_log
invalid parameter "account=0"
--- no_error_log
[alert]



=== TEST 11: a zone that is too small
--- must_die
--- http_config
coderemote_limit_zone 8k;
--- error_log
"coderemote_limit_zone" must be 256k or more
--- no_error_log
[alert]
