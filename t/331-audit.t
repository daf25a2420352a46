use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Jwt;
use CodeRemote::Session;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw/ SOCK_DGRAM /;

master_on();
workers(1);

# a syslog server by UDP, whose port the configuration has to have

our $udp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
    or die "no socket: $@\n";

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
           map { JSON::PP::decode_json($_) } grep { /\n\z/ } <$fh>;
}

sub CodeRemote::Steps::text {
    my ($file) = @_;
    local $/;
    open my $fh, '<', $file or return '';
    return <$fh>;
}

# a syslog server on a unix socket, and what it receives

sub CodeRemote::Steps::syslog {
    my ($name) = @_;
    my $file = CodeRemote::Pool::scratch() . "/$name";

    unlink $file;

    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $file)
        or die "no socket: $!\n";
    chmod 0666, $file;

    return $socket;
}

# a datagram of an audit line: priority, header, object

sub CodeRemote::Steps::received {
    my ($socket) = @_;

    return undef if !IO::Select->new($socket)->can_read(15);

    $socket->recv(my $text, 65536);

    my ($pri, $header, $line) = $text =~ /^<(\d+)>(.*?): (\{.*\})\z/s
        or die "not a line of syslog: $text\n";

    return { pri => $pri, header => $header, length => length $text,
             %{ JSON::PP::decode_json($line) } };
}

# a request that leaves one line

sub CodeRemote::Steps::bad_login {
    my ($email, %h) = @_;

    return CodeRemote::HTTP::http('POST', '/auth/login',
                                  { email => $email, password => 'x' },
                                  headers => { Origin => 'http://localhost',
                                               %h });
}

# a request of /auth/ by a page of this site

sub CodeRemote::Steps::auth {
    my ($path, $body, %h) = @_;

    return CodeRemote::HTTP::http('POST', "/auth/$path", $body,
                                  headers => { Origin => 'http://localhost',
                                               %h });
}

# the one line of an event that there has to be, and no other

sub CodeRemote::Steps::only {
    my ($file, $event, $title) = @_;

    CodeRemote::HTTP::wait_for(sub {
        CodeRemote::Steps::lines($file, $event);
    });
    my @l = CodeRemote::Steps::lines($file, $event);
    Test::More::is(scalar @l, 1, "one line: $title");

    return $l[0] // {};
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



=== TEST 3: syslog: a line is a datagram, by the header that was asked for
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log syslog:server=unix:$SCRATCH/log.sock,facility=auth,severity=notice,tag=coderemote,nohostname;
--- steps
my $log = syslog('log.sock');
is(bad_login('ada')->{status}, 422, 'answered');
my $l = received($log);
is($l->{pri}, 4 * 8 + 5, 'facility and severity');
like($l->{header}, qr/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d coderemote$/,
     'when and what');
is($l->{event}, 'auth', 'event');
is($l->{email}, 'ada', 'who');

is(http('GET', '/languages', undef, bearer('no.token.here'))->{status}, 401,
   'refused');
is(received($log)->{event}, 'token_refused', 'the next one');
ok(!IO::Select->new($log)->can_read(0), 'and no more');



=== TEST 4: syslog: by UDP, with the name of the machine
--- pool: none
--- http_config eval
"JWT\nCOGNITO\n"
. 'coderemote_audit_log syslog:server=127.0.0.1:' . $main::udp->sockport . ';'
--- steps
bad_login('bob');
my $l = received($main::udp);
is($l->{pri}, 23 * 8 + 6, 'local7, info');
like($l->{header}, qr/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ nginx$/,
     'header');
is($l->{email}, 'bob', 'who');
is($l->{address}, '127.0.0.1', 'from where');



=== TEST 5: syslog: jobs too, and no line of a file
--- http_config
coderemote_audit_log syslog:server=unix:$SCRATCH/jobs.sock;
--- steps
my $log = syslog('jobs.sock');
my $job = run('print(1)');
is($job->{status}, 'succeeded', 'it ran');
my ($first, $last) = map { received($log) } 1, 2;
is("$first->{event} $last->{event}", 'accepted finished', 'both lines');
is($_->{job_id}, $job->{job_id}, 'job') for $first, $last;



=== TEST 6: syslog: the longest lines arrive whole
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log syslog:server=unix:$SCRATCH/long.sock;
--- config
location / {
    set $known $coderemote_user;
    coderemote on;
}
--- steps
my $log = syslog('long.sock');
my $who = '"' x 120;
my $t = token(sub => $who);
is(bad_login("\x01" x 1000, Authorization => "Bearer $t")->{status}, 422,
   'answered');
my $l = received($log);
is($l->{sub}, $who, 'who');
is($l->{email}, "\x01" x 256, 'as much of it as a line takes');
cmp_ok($l->{length}, '>', 1800, 'longer than RFC 3164 has it');
like($l->{request_id}, qr/^[0-9a-f]{32}$/, 'to the end');



=== TEST 7: syslog: a server that is not there stops nobody, and may come later
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log syslog:server=unix:$SCRATCH/late.sock;
--- steps
is(bad_login('one')->{status}, 422, 'served without') for 1, 2;
ok(logged('error.log', qr/writing to the audit log "unix:.*late.sock" failed/),
   'logged');
my $log = syslog('late.sock');
is(bad_login('two')->{status}, 422, 'served');
is(received($log)->{email}, 'two', 'its line is there');

close $log;
$log = syslog('late.sock');
is(bad_login('three')->{status}, 422, 'served when it starts anew');
is(bad_login('four')->{status}, 422, 'again');
my $l = received($log);
$l = received($log) if $l->{email} eq 'three';
is($l->{email}, 'four', 'it is found again');
--- no_error_log
[crit]
[emerg]



=== TEST 8: syslog: a server that does not read stops nobody either
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log syslog:server=unix:$SCRATCH/full.sock;
--- steps
my $log = syslog('full.sock');
my $filler = IO::Socket::UNIX->new(Type => Socket::SOCK_DGRAM(),
                                   Peer => $log->hostpath)
    or die "no socket: $!\n";
$filler->blocking(0);
my $n = 0;
$n++ while defined $filler->send('x') && $n < 100_000;
cmp_ok($n, '<', 100_000, 'it is full');
is(bad_login('one')->{status}, 422, 'served');
ok(logged('error.log', qr/writing to the audit log "unix:.*full.sock" failed/),
   'logged');
$log->recv(my $x, 10) for 1 .. $n;
is(bad_login('two')->{status}, 422, 'served');
is(received($log)->{email}, 'two', 'and written again');



=== TEST 9: who signs in, comes again and leaves is named
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log $SCRATCH/who.log;
--- steps
my $file = '$SCRATCH/who.log';
my $r = auth('login', { email => 'Ada@example.com', password => 'x' });
is($r->{status}, 200, 'in');
my ($cookie) = $r->{headers}{'set-cookie'} =~ /^([^;]+)/;
is(auth('refresh', '', Cookie => $cookie)->{status}, 200, 'again');
my %who = (Cookie => $cookie,
           Authorization => "Bearer $r->{json}{access_token}");
is(auth('logout', '', %who)->{status}, 204, 'out');
is(auth('logout', { everywhere => JSON::PP::true }, %who)->{status}, 204,
   'out everywhere');
answer('RevokeToken', { status => 500 });
is(auth('logout', '', %who)->{status}, 503, 'not out');

ok(wait_for { lines($file) == 5 }, 'a line each');
my @l = lines($file);
is(join(' ', map { "$_->{action}:$_->{outcome}" } @l),
   'login:ok refresh:ok logout:ok logout:ok logout:auth_unavailable',
   'what');
is($_->{sub}, 'ada', "$_->{action}: who") for @l;
is($l[0]{email}, 'Ada@example.com', 'as it was sent');
is($l[1]{email}, 'ada@example.com', 'as the provider has it');
my $text = text($file);
my (undef, $token) = split /\./, $cookie, 2;
unlike($text, qr/\Q$r->{json}{access_token}\E|"\Q$token\E"|coderemote_refresh/,
       'no token');



=== TEST 10: who cannot be told is nobody
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log $SCRATCH/nobody.log;
--- steps
my $file = '$SCRATCH/nobody.log';
my $cookie = 'coderemote_refresh=' . b64('eve-1') . '.r1';
is(auth('logout', '', Cookie => $cookie)->{status}, 204, 'by a cookie alone');
is(auth('logout', '', Authorization => 'Bearer ' . token(exp => 1))->{status},
   204, 'with a token of the past');
is(auth('refresh', '')->{status}, 401, 'without a session');
answer('InitiateAuth', error('NotAuthorizedException'));
is(auth('login', { email => 'ada@example.com', password => 'x' })->{status},
   401, 'with a wrong password');
CodeRemote::Cognito::well();

# an ID token of somebody else names nobody
CodeRemote::Cognito::settings(access => token(sub => 'bob'));
is(auth('refresh', '', Cookie => $cookie)->{status}, 200, 'a session');

ok(wait_for { lines($file) == 5 }, 'a line each');
my @l = lines($file);
is($_->{sub}, undef, "$_->{action}: nobody") for @l[0 .. 3];
is($l[4]{sub}, 'bob', 'of the token that is handed out');
ok(!exists $l[4]{email}, 'and not the address of another');



=== TEST 11: a token of a WebSocket message is refused by a line
--- pool: none
--- http_config
JWT
coderemote_audit_log $SCRATCH/message.log;
--- steps
my $file = '$SCRATCH/message.log';
my $ws = ws();
$ws->send_json({ type => 'auth', token => token(exp => 1) });
is($ws->recv(10)->{code}, 4401, 'refused');
my $l = only($file, 'token_refused', 'expired');
is($l->{outcome}, 'expired', 'why');
is($l->{sub}, undef, 'nobody yet');
is($l->{address}, '127.0.0.1', 'from where');

$ws = ws();
$ws->send_json({ type => 'auth', token => token(sub => 'eve') });
is($ws->recv_json->{type}, 'hello', 'a good one');
$ws->send_json({ type => 'auth', token => token(sub => 'bob') });
is($ws->recv_json->{code}, 'unauthorized', 'one of somebody else');
$ws->send_json({ type => 'auth', token => 's3cret' });
is($ws->recv_json->{code}, 'unauthorized', 'none');
ok(wait_for { lines($file) == 3 }, 'a line each');
my @l = lines($file);
is($l[1]{outcome}, 'other_user', 'why');
is($l[1]{sub}, 'eve', 'whose session it is');
is($l[2]{outcome}, 'malformed', 'why');
is($l[2]{sub}, 'eve', 'whose session it is');
unlike(text($file), qr/s3cret|"bob"/, 'no token, and nobody it may name');



=== TEST 12: a flood of such messages is bounded
--- pool: none
--- http_config
JWT
coderemote_audit_log $SCRATCH/flood.log;
--- steps
my $file = '$SCRATCH/flood.log';
my $ws = ws();
$ws->send_json({ type => 'auth', token => token(sub => 'eve') });
is($ws->recv_json->{type}, 'hello', 'a good one');
for (1 .. 200) {
    $ws->send_json({ type => 'auth', token => 'x' });
    $ws->recv_json;
}
ok(wait_for {
    my $all = lines($file, 'token_refused');
    $all += $_->{count} for lines($file, 'left_out');
    $all == 200;
}, 'none is forgotten');
ok(lines($file, 'token_refused') < 200, 'not all are lines');



=== TEST 13: a WebSocket that ends with its token leaves a line
--- pool: none
--- http_config
JWT
coderemote_jwt_leeway 0;
coderemote_audit_log $SCRATCH/end.log;
--- steps
my $file = '$SCRATCH/end.log';
my $ws = ws();
$ws->send_json({ type => 'auth', token => token(exp => 3 + int time) });
is($ws->recv_json->{type}, 'hello', 'a session');
is($ws->recv(15)->{code}, 4401, 'ended');
my $l = only($file, 'token_refused', 'ended');
is($l->{outcome}, 'session_expired', 'why');
is($l->{sub}, 'ada', 'whose');
is(scalar lines($file), 1, 'nothing else');



=== TEST 14: GET /auth/me with a bad token leaves a line, without one none
--- pool: none
--- http_config
JWT
COGNITO
coderemote_audit_log $SCRATCH/me.log;
--- steps
my $file = '$SCRATCH/me.log';
is(http('GET', '/auth/me')->{status}, 401, 'without');
is(http('GET', '/auth/me', undef, bearer(token()))->{status}, 200, 'good');
is(http('GET', '/auth/me', undef, bearer(token(exp => 1)))->{status}, 401,
   'bad');
my $l = only($file, 'token_refused', 'bad');
is($l->{outcome}, 'expired', 'why');
is($l->{sub}, undef, 'nobody');
is(scalar lines($file), 1, 'nothing else');



=== TEST 15: a refused token is one line, though two modules may let it in
--- pool: none
--- http_config
JWT
coderemote_audit_log $SCRATCH/any.log;
--- config
satisfy any;
allow all;
location / {
    coderemote on;
}
--- steps
my $file = '$SCRATCH/any.log';
is(http('GET', '/jobs', undef, bearer(token(exp => 1)))->{status}, 401,
   'refused');
is(http('GET', '/auth/me', undef, bearer('x'))->{status}, 401, 'refused');
ok(wait_for { lines($file) >= 2 }, 'lines');
is(join(' ', map { "$_->{event}:$_->{outcome}" } lines($file)),
   'token_refused:expired token_refused:malformed', 'one each');



=== TEST 16: a reload while a job runs: it has its one end
--- http_config
coderemote_audit_log $SCRATCH/reload.log;
--- steps
my $file = '$SCRATCH/reload.log';
wait_ready();
my $r = http('POST', '/execute', { code =>
             "import time\nprint('on', flush=True)\ntime.sleep(60)" });
my $id = $r->{json}{job_id};
ok(wait_for { http('GET', "/jobs/$id")->{json}{stdout} }, 'it runs');
my @old = nginx_workers();
ok(nginx_reload(), 'reloaded');
ok(kill(0, @old), 'the old worker waits');
ok(nginx_reload(), 'and again');
wait_ready();
is(scalar(lines($file)), 1, 'so far one line');
http('DELETE', "/jobs/$id");
is(finished($id)->{status}, 'cancelled', 'it went on until now');
ok(wait_for { !grep { kill 0, $_ } @old }, 'the old worker ends');
my @l = grep { ($_->{job_id} // '') eq $id } lines($file);
is(join(' ', map { $_->{event} } @l), 'accepted finished', 'once');
is($l[1]{status}, 'cancelled', 'status');
is($l[1]{output_bytes}, 3, 'output');
is($l[1]{request_id}, $l[0]{request_id}, 'request');



=== TEST 17: a worker that has to end at once says what it has not seen
--- http_config
coderemote_audit_log $SCRATCH/unseen.log;
--- steps
my $file = '$SCRATCH/unseen.log';
wait_ready();
my @id = map {
    http('POST', '/execute', { code => "print('on', flush=True)\n"
                                       . "import time\ntime.sleep(60)" })
        ->{json}{job_id}
} 1, 2;
ok(wait_for { http('GET', "/jobs/$id[0]")->{json}{stdout} }, 'they run');
my @old = nginx_workers();
kill 'TERM', @old;
ok(wait_for { !grep { kill 0, $_ } @old }, 'it ends');
my @l = lines($file, 'unseen');
is(join(' ', sort map { $_->{job_id} } @l), join(' ', sort @id), 'both');
is($_->{sub}, 'local', 'who') for @l;
is($_->{language}, 'python', 'language') for @l;
like($_->{request_id}, qr/^[0-9a-f]{32}$/, 'request') for @l;
is(scalar(lines($file, 'finished')), 0, 'no end');
wait_ready();
for my $id (@id) {
    http('DELETE', "/jobs/$id");
    is(finished($id)->{status}, 'cancelled', 'it went on until now');
}
is(scalar(lines($file)), 4, 'of which the next worker says nothing');



=== TEST 18: a pool that goes with a job leaves its end to no one
--- http_config
coderemote_audit_log $SCRATCH/died.log;
--- steps
my $file = '$SCRATCH/died.log';
wait_ready();
my $id = http('POST', '/execute', { code => "print('on', flush=True)\n"
                                            . "import time\ntime.sleep(60)" })
             ->{json}{job_id};
ok(wait_for { http('GET', "/jobs/$id")->{json}{stdout} }, 'it runs');
pool_kill();
pool_start();
ok(wait_for { lines($file) == 2 }, 'a second line');
my @l = lines($file);
is($l[1]{job_id}, $id, 'of that job');
is("$l[1]{event} " . ($l[1]{status} // ''), 'finished error', 'what it says');
ok(wait_ready(), 'and others run');
is(run('print(1)')->{stdout}, "1\n", 'like this');
ok(wait_for { lines($file) == 4 }, 'with their lines');
is(scalar(grep { ($_->{job_id} // '') eq $id } lines($file)), 2, 'once');
