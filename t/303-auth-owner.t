use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;

master_on();

CodeRemote::Jwt::directives();

run_tests();

__DATA__

=== TEST 1: a job is its owner's; for others there is none
--- http_config
JWT
--- steps
my ($ada, $bob) = map { token(sub => $_) } qw/ ada bob /;
wait_ready();

my $r = http('POST', '/execute?wait=true', { code => 'print("secret")' },
             headers => { Authorization => "Bearer $ada" });
is($r->{status}, 200, 'run');
my $id = $r->{json}{job_id};
my $none = '00000000-0000-7000-8000-000000000000';

for (['GET', "/jobs/$id"], ['GET', "/status/$id"],
     ['GET', "/jobs/$id/events"], ['DELETE', "/jobs/$id"])
{
    my $r = http(@$_, undef, bearer($bob));
    is($r->{status}, 404, "@$_");

    my ($method, $path) = ($_->[0], $_->[1] =~ s/$id/$none/r);
    is($r->{body}, http($method, $path, undef, bearer($bob))->{body},
       'as if there were none');
}

is(http('GET', "/jobs/$id", undef, bearer($ada))->{json}{stdout}, "secret\n",
   'the owner');
is(http('GET', "/jobs/$id", undef, bearer(token(sub => 'ada', jti => 'x')))
   ->{status}, 200, 'with another token');
is(scalar @{ http('GET', '/jobs', undef, bearer($bob))->{json}{jobs} }, 0,
   'history');
is(scalar @{ http('GET', '/jobs', undef, bearer($ada))->{json}{jobs} }, 1,
   'history of the owner');



=== TEST 2: users with long names are not mixed up
--- http_config
JWT
--- steps
my ($x, $y) = map { token(sub => ('x' x 127) . $_) } 1, 2;
wait_ready();

my $id = http('POST', '/execute?wait=true', { code => '1' },
              headers => { Authorization => "Bearer $x" })->{json}{job_id};
is(http('GET', "/jobs/$id", undef, bearer($x))->{status}, 200, 'owner');
is(http('GET', "/jobs/$id", undef, bearer($y))->{status}, 404, 'neighbour');



=== TEST 3: a WebSocket has its token from a header, a cookie or a protocol
--- http_config
JWT
coderemote_auth_cookie session;
--- steps
use CodeRemote::Session;
wait_ready();

my $t = token();
my %way = (
    header => [headers => { Authorization => "Bearer $t" }],
    protocol => [protocols => ['coderemote.v1', "bearer.$t"]],
    cookie => [headers => { Cookie => "session=$t",
                            Origin => "http://127.0.0.1:$CodeRemote::HTTP::port"
                          }],
);

for my $way (sort keys %way) {
    my $ws = CodeRemote::Session::ws(@{ $way{$way} }, keep_hello => 1);
    is($ws->status, 101, $way);
    is($ws->recv_json->{user}, 'ada', "$way: who");
    unlike(join('', %{ $ws->headers }), qr/\Q$t\E|bearer/,
           "$way: the token is not repeated");

    my $id = CodeRemote::Session::start($ws, 'print(1)');
    is(CodeRemote::Session::follow($ws, $id)->{stdout}, "1\n", "$way: runs");
}



=== TEST 4: a handshake with a bad token fails
--- pool: none
--- http_config
JWT
coderemote_auth_cookie session;
--- steps
use CodeRemote::Session;
my $t = token(exp => 1);

is(CodeRemote::Session::ws(@$_)->status, 401, $_->[0])
    for [headers => { Authorization => "Bearer $t" }],
        [protocols => ['coderemote.v1', "bearer.$t"]],
        [protocols => ['bearer.x.y.z']],
        [headers => { Cookie => "session=$t" }];

$t = token();
is(CodeRemote::Session::ws(headers => { Cookie => "session=$t", %$_ })->status,
   403, 'a cookie and ' . ($_->{Origin} // 'no origin'))
    for {}, { Origin => 'http://evil.example.com' };

is(CodeRemote::Session::ws(protocols => ["bearer.$t", "bearer.${t}x"])->status,
   400, 'two tokens');



=== TEST 5: a message may bring it
--- http_config
JWT
--- steps
use CodeRemote::Session;
wait_ready();

my $ws = CodeRemote::Session::ws(keep_hello => 1);
is($ws->status, 101, 'open');
is($ws->recv_json->{user}, undef, 'nobody yet');

$ws->send_json({ type => 'auth', ref => 7, token => token(sub => 'eve') });
my $m = $ws->recv_json;
is($m->{type}, 'hello', 'answer');
is($m->{user}, 'eve', 'who');
is($m->{ref}, 7, 'ref');

my $id = CodeRemote::Session::start($ws, 'print(1)');
is(CodeRemote::Session::follow($ws, $id)->{stdout}, "1\n", 'runs');
is(http('GET', "/jobs/$id", undef, bearer(token(sub => 'eve')))->{status},
   200, 'as that user');

$ws->send_json({ type => 'execute', code => '#' x 50_000 });
is($ws->recv_type('accepted')->{type}, 'accepted', 'large messages now');



=== TEST 6: nothing else is taken before
--- pool: none
--- http_config
JWT
--- steps
use CodeRemote::Session;

for my $m ({ type => 'ping' }, { type => 'execute', code => '1' },
           { type => 'auth', token => 'x' },
           { type => 'auth', token => token(exp => 1) })
{
    my $ws = CodeRemote::Session::ws();
    $ws->send_json($m);
    my $f = $ws->recv(5);
    $f = $ws->recv(5) if $f->{type} eq 'text';
    is($f->{code}, 4401, $m->{type});
}

my $ws = CodeRemote::Session::ws();
$ws->send_json({ type => 'auth', token => 'x' x 100_000 });
is($ws->recv(5)->{code}, 1009, 'a large message');

$ws = CodeRemote::Session::ws();
my $f = $ws->recv(15);
is($f->{code}, 4401, 'silence');



=== TEST 7: a session ends with its token
--- http_config
JWT
coderemote_jwt_leeway 1s;
--- steps
use CodeRemote::Session;
wait_ready();

my $ws = CodeRemote::Session::ws(
    bearer(token(exp => 2 + int time)));
my $id = CodeRemote::Session::start($ws, 'import time; time.sleep(30)');
my $f;
do { $f = $ws->recv(10) } while $f && $f->{type} eq 'text';
is($f->{code}, 4401, 'closed');
like($f->{reason}, qr/expired/, 'why');



=== TEST 8: a newer token of the same user keeps it open
--- pool: none
--- http_config
JWT
coderemote_jwt_leeway 0;
--- steps
use CodeRemote::Session;

my $exp = 2 + int time;
my $ws = CodeRemote::Session::ws(bearer(token(exp => $exp)));

$ws->send_json({ type => 'auth', ref => 1, token => token(sub => 'bob') });
my $m = $ws->recv_json;
is($m->{code}, 'unauthorized', 'not one of another user');
is($m->{ref}, 1, 'ref');

$ws->send_json({ type => 'auth', token => 'x' });
is($ws->recv_json->{code}, 'unauthorized', 'not a bad one');
$ws->send_json({ type => 'auth' });
is($ws->recv_json->{code}, 'missing_field', 'not none');

$ws->send_json({ type => 'auth', token => token() });
is($ws->recv_json->{type}, 'hello', 'a good one');

ok(wait_for { time > $exp + 1.2 }, 'later');
$ws->send_json({ type => 'ping' });
is($ws->recv_json->{type}, 'pong', 'still open');



=== TEST 9: a reload ends sessions as ever
--- pool: none
--- http_config
JWT
--- steps
use CodeRemote::Session;

my $ws = CodeRemote::Session::ws(bearer(token()));
nginx_reload();
my $f = $ws->recv(10);
is($f->{code}, 1001, 'going away');
