use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Issuer;
use CodeRemote::Jwt;

master_on();
workers(1);
worker_connections(512);

CodeRemote::Cognito::start();
CodeRemote::Issuer::start();
CodeRemote::Issuer::serve(key('a'));
CodeRemote::Jwt::directives();
CodeRemote::Cognito::directives();

{
    no strict 'refs';
    *{"CodeRemote::Steps::$_"} = \&{"CodeRemote::Cognito::$_"}
        for qw/ answer error asked settings tokens /;
}

sub CodeRemote::Steps::login {
    return CodeRemote::HTTP::http('POST', '/auth/login',
        { email => 'ada@example.com', password => 'x' },
        headers => { Origin => 'http://localhost' });
}

# a login on a connection of its own, whose answer is not waited for

sub CodeRemote::Steps::ask {
    my ($path, $body) = @_;
    my $c = CodeRemote::HTTP::connection();
    $path //= 'login';
    $body //= '{"email":"ada@example.com","password":"x"}';
    $c->send("POST /auth/$path HTTP/1.1\r\nHost: localhost\r\n"
             . "Origin: http://localhost\r\nContent-Type: application/json\r\n"
             . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
    return $c;
}

run_tests();

__DATA__

=== TEST 1: a provider out of order: 503, try again
--- pool: none
--- http_config
JWT
COGNITO coderemote_cognito_timeout 5s;
coderemote_auth_limit off;
--- steps
my %broken = (
    500 => { status => 500, body => {} },
    503 => { status => 503, body => 'no' },
    404 => { status => 404, body => '<html>' },
    301 => { status => 301, headers => { Location => '/' }, body => '' },
    204 => { status => 204, body => '' },
    html => { body => '<html>' },
    empty => { body => '' },
    'no tokens' => { body => {} },
    'an array' => { body => '[]' },
    'two members of a name' => { body => '{"a":1,"a":2}' },
    deep => { body => '{"a":' . '[' x 3000 },
    numbers => { body => { AuthenticationResult => { AccessToken => 1 } } },
    'no refresh token' => { body => { AuthenticationResult =>
                                      { AccessToken => 'x' } } },
    'a text' => { body => { AuthenticationResult => 'x' } },
    'not UTF-8' => { body => "{\"a\":\"\xff\"}" },
    huge => { mode => 'huge' },
    cut => { mode => 'cut' },
    reset => { mode => 'reset' },
    unsupported => { status => 500, body => {
                         __type => 'CognitoLocal#Unsupported' } },
    'a long type' => { status => 400, body => { __type => 'x' x 50_000 } },
    'a type that is none' => { status => 400, body => { __type => [] } },
);
for my $how (sort keys %broken) {
    answer('InitiateAuth', $broken{$how});
    my $r = login();
    is("$r->{status} $r->{json}{code}", '503 auth_unavailable', "answer: $how");
    like($r->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'when');
}
CodeRemote::Cognito::well();
is(login()->{status}, 200, 'and well again');



=== TEST 2: one that is not there at all
--- pool: none
--- http_config
JWT
coderemote_cognito_endpoint http://127.0.0.1:1/;
coderemote_cognito_client_id x;
--- steps
my $r = login();
is("$r->{status} $r->{json}{code}", '503 auth_unavailable', 'told');
ok(logged('error.log', qr/identity provider does not answer: /), 'logged');



=== TEST 3: one that does not answer: the deadline
--- pool: none
--- http_config
JWT
COGNITO coderemote_cognito_timeout 500ms;
coderemote_auth_limit off;
--- steps
for my $mode (qw/ hang drip /) {
    answer('InitiateAuth', { mode => $mode, body => { a => 'x' x 1000 } });
    my $from = time;
    my $r = login();
    is("$r->{status} $r->{json}{code}", '503 auth_unavailable', $mode);
    cmp_ok(time - $from, '>', 0.4, 'not before');
    cmp_ok(time - $from, '<', 5, 'not long after');
}
ok(logged('error.log', qr/coderemote_cognito_timeout is 500 ms/), 'logged');



=== TEST 4: others are served while it does not answer
--- pool: none
--- http_config
JWT
COGNITO coderemote_cognito_timeout 4s;
coderemote_auth_limit off;
--- steps
answer('InitiateAuth', { mode => 'hang' });
my @c = map { ask() } 1 .. 20;
ok(wait_for { asked() == 20 }, 'all are asked at once');
my $from = time;
is(http('GET', '/health')->{status}, 200, 'health') for 1 .. 20;
cmp_ok(time - $from, '<', 3, 'meanwhile');
my %seen;
$seen{ $_->response->{status} }++ for @c;
is_deeply(\%seen, { 503 => 20 }, 'each has its answer');



=== TEST 5: a client that goes takes its question along
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
answer('InitiateAuth', { mode => 'hang' });
answer('ForgotPassword', { mode => 'slow', body => {} });
for (1 .. 10) {
    my $c = ask();
    my $d = ask('forgot', '{"email":"ada@example.com"}');
    wait_for { asked() >= 2 * $_ };
    close $c->{socket};
    close $d->{socket};
}

# the transfers are gone: no connection to the fake is left that hangs
my ($port) = CodeRemote::Cognito::where() =~ /:(\d+)/;
my ($worker) = nginx_workers();
sub open_ones {
    my $n = () = `ss -tnpH state established dst 127.0.0.1:$port 2>/dev/null`
                 =~ /pid=$worker\b/g;
    return $n;
}
CodeRemote::Cognito::well();
ok(wait_for { open_ones() <= 11 }, 'closed');
is(login()->{status}, 200, 'nothing broke');



=== TEST 6: a reload while a question is under way
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
answer('InitiateAuth', { mode => 'slow', %{ error('NotAuthorizedException') },
                         mode => 'slow' });
my @c = map { ask() } 1 .. 5;
push @c, ask('register', '{"email":"ada@example.com","password":"x"}');
ok(wait_for { asked() == 6 }, 'asked');
my @old = nginx_workers();
nginx_reload();
is($_->response->{status}, 401, 'its answer') for @c[0 .. 4];
is($c[5]->response->{status}, 202, 'also one that waits');
ok(wait_for { !grep { kill 0, $_ } @old }, 'and the worker ends');



=== TEST 7: a stop does not wait for it
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
answer('InitiateAuth', { mode => 'hang' });
ask() for 1 .. 3;
my @c = map { ask() } 1 .. 3;
ok(wait_for { asked() >= 3 }, 'asked');
my $from = time;
my $pid = nginx_pid();
kill 'TERM', nginx_workers();
ok($_->closed, 'closed') for @c;
cmp_ok(time - $from, '<', 5, 'at once');
ok(wait_for { http_alive() }, 'a new worker serves');
sub http_alive { my $r = eval { http('GET', '/health') }; $r && $r->{status} }



=== TEST 8: keys that come late: the login waits for them
--- pool: none
--- http_config
JWT slow
COGNITO
coderemote_auth_limit off;
--- steps
my $r = login();
is($r->{status}, 200, 'in');
is(CodeRemote::Issuer::requests(), 1, 'fetched once');



=== TEST 9: a new key, named first by a token of a login
--- pool: none
--- http_config
JWT ok
COGNITO
coderemote_auth_limit off;
--- steps
CodeRemote::Issuer::serve(key('a'));
is(login()->{status}, 200, 'a known key');
CodeRemote::Issuer::serve(key('n'), key('a'));
settings(access => token(-key => key('n')));
is(login()->{status}, 200, 'a new one');
is(CodeRemote::Issuer::requests(), 2, 'fetched for it');



=== TEST 10: no keys: nobody is let in
--- pool: none
--- http_config
JWT hang timeout=500ms
COGNITO coderemote_cognito_timeout 3s;
coderemote_auth_limit off;
--- steps
my $r = login();
is("$r->{status} $r->{json}{code}", '503 auth_unavailable', 'told');
unlike($r->{body}, qr/access_token/, 'no token');
ok(!$r->{headers}{'set-cookie'}, 'no cookie');



=== TEST 11: a client that goes while keys are fetched
--- pool: none
--- http_config
JWT hang timeout=1s
COGNITO
coderemote_auth_limit off;
--- steps
my @c = map { ask() } 1 .. 5;
ok(wait_for { asked() == 5 }, 'asked');
close $_->{socket} for @c;
is(http('GET', '/health')->{status}, 200, 'nothing broke');
is(login()->{status}, 503, 'others have their answer');



=== TEST 12: a refresh token that is no cookie is not kept
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $set = tokens();
for my $token ("a;b", "a b", "a\r\nX: y", 'x' x 5000, "\x{e4}") {
    answer('InitiateAuth', { body => { AuthenticationResult => {
        AccessToken => $set->{access}, IdToken => $set->{id},
        RefreshToken => $token } } });
    my $r = login();
    is($r->{status}, 200, 'a session all the same');
    ok(!$r->{headers}{'set-cookie'}, 'without a cookie');
    ok(!exists $r->{headers}{x}, 'no header of somebody else');
}
ok(logged('error.log', qr/does not fit into a cookie/), 'logged');



=== TEST 13: a secret that others can read is warned of
--- pool: none
--- http_config eval
my $file = CodeRemote::Pool::scratch() . '/open';
open my $out, '>', $file;
print $out "s3cr3t\n";
close $out;
chmod 0644, $file;
"JWT\nCOGNITO coderemote_cognito_client_secret_file $file;\n"
--- steps
ok(logged('error.log', qr/open to others than its owner/), 'warned');
unlike(CodeRemote::Pool::slurp(error_log()), qr/s3cr3t/, 'not logged');



=== TEST 14: a secret that is none
--- pool: none
--- http_config eval
my $file = CodeRemote::Pool::scratch() . '/none';
open my $out, '>', $file;
print $out "two words\n";
close $out;
chmod 0600, $file;
"JWT\nCOGNITO coderemote_cognito_client_secret_file $file;\n"
--- must_die
--- error_log
must have the client secret, on one line
--- no_error_log
two words



=== TEST 15: a provider is asked by https, or on this machine
--- pool: none
--- http_config
JWT
coderemote_cognito_endpoint http://cognito.example.com/;
coderemote_cognito_client_id x;
--- must_die
--- error_log
needs https
--- no_error_log
[alert]



=== TEST 16: and as whom has to be said
--- pool: none
--- http_config
JWT
coderemote_cognito_endpoint https://cognito.example.com/;
--- must_die
--- error_log
"coderemote_cognito_client_id"
--- no_error_log
[alert]



=== TEST 17: without authentication there is nothing to sign in to
--- pool: none
--- http_config
coderemote_cognito_endpoint https://cognito.example.com/;
--- steps
my $r = login();
is($r->{status}, 404, 'told');
like($r->{json}{detail}, qr/"coderemote_auth jwt"/, 'what is missing');



=== TEST 18: of those who wait for it there are 64; more are told at once
--- pool: none
--- http_config
JWT
COGNITO coderemote_cognito_timeout 25s;
coderemote_auth_limit off;
coderemote_audit_log $SCRATCH/full.log;
--- steps
answer('InitiateAuth', { mode => 'hang' });
my @c = map { ask() } 1 .. 64;
ok(wait_for { asked() == 64 }, 'all of them ask');

my $from = time;
for (1 .. 30) {
    my $r = login();
    is("$r->{status} $r->{json}{code}", '503 auth_unavailable', 'told');
    like($r->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'when');
}
is(ask('refresh', '')->response->{status}, 401, 'who asks nothing goes on');
cmp_ok(time - $from, '<', 10, 'at once');
is(scalar asked(), 64, 'without asking');
ok(logged('error.log', qr/asked by 64 requests at once, more are refused/),
   'logged');

# 31 lines that cost who asks nothing, of which some are only counted
sub left_out {
    my $text = CodeRemote::Pool::slurp('$SCRATCH/full.log');
    my $lines = () = $text =~ /"event":"auth"/g;
    $lines += $_ for $text =~ /"count":(\d+)/g;
    return $lines;
}
ok(wait_for { left_out() == 31 }, 'in the audit log');

CodeRemote::Cognito::well();
close $_->{socket} for @c;
ok(wait_for { login()->{status} == 200 }, 'who goes makes room');
is(login()->{status}, 200, 'as does who has an answer') for 1 .. 65;
