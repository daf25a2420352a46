use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Issuer;
use CodeRemote::Jwt;

master_on();
workers(2);
worker_connections(512);

CodeRemote::Issuer::start();
CodeRemote::Issuer::serve(key('a'));
CodeRemote::Jwt::directives();

add_block_preprocessor(sub {
    my ($block) = @_;

    return if !defined $block->steps;

    # the next block begins with an issuer that is well

    $block->set_value('steps', $block->steps
                               . "\nCodeRemote::Issuer::serve(key('a'));\n");
});

sub CodeRemote::Steps::status {
    my ($token) = @_;
    return CodeRemote::HTTP::http('GET', '/metrics', undef,
                                  bearer($token))->{status};
}

# what $n requests at a time answer, each with the next token: { status => n }

sub CodeRemote::Steps::flood {
    my ($n, @tokens) = @_;
    my %seen;

    while (my @some = splice @tokens, 0, $n) {
        my $c = CodeRemote::HTTP::connection();

        $c->send(join '', map {
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
            . "Authorization: Bearer $_\r\n\r\n"
        } @some);

        for (@some) {
            my $r = $c->response;
            $seen{ $r ? $r->{status} : 'closed' }++;
        }
    }

    return \%seen;
}

run_tests();

__DATA__

=== TEST 1: keys of a URI, fetched once for all workers
--- pool: none
--- http_config
JWT ok
--- steps
my $t = token();
is(status($t), 200, 'good') for 1 .. 20;
is(status('x'), 401, 'bad');
is(CodeRemote::Issuer::requests(), 1, 'fetched once');
is(http('GET', '/ready')->{json}{checks}{identity}{status}, 'up', 'ready');



=== TEST 2: a reload keeps them
--- pool: none
--- http_config
JWT ok
--- steps
my $t = token();
is(status($t), 200, 'before');
CodeRemote::Issuer::mode('500');
nginx_reload();
is(status($t), 200, 'after') for 1 .. 10;
is(CodeRemote::Issuer::requests(), 1, 'fetched once');



=== TEST 3: a new key is fetched when a token names it
--- pool: none
--- http_config
JWT ok
--- steps
my ($a, $b) = map { token(-key => key($_)) } 'a', 'b';
is(status($a), 200, 'old key');
CodeRemote::Issuer::serve(key('b'), key('a'));
is(status($b), 200, 'new key') for 1 .. 10;
is(status($a), 200, 'old key still');
is(CodeRemote::Issuer::requests(), 2, 'one fetch more');



=== TEST 4: a key that the issuer takes back takes its tokens along
--- pool: none
--- http_config
JWT ok refresh=1s interval=500ms
--- steps
my ($a, $b) = map { token(-key => key($_)) } 'a', 'b';
is(status($a), 200, 'before');
CodeRemote::Issuer::serve(key('b'));
ok(wait_for { status($a) == 401 }, 'after a refresh');
is(status($b), 200, 'the new one');



=== TEST 5: rotation under load without one refusal
--- pool: none
--- http_config
keepalive_requests 100000;
JWT ok
--- steps
# each token is new to the cache once, old to it later

my %tokens = map {
    my $key = key($_);
    $_ => [map { token(-key => $key, sub => "u$_") } 1 .. 30];
} qw/ a b /;

my $flag = CodeRemote::Pool::scratch() . '/rotated';
unlink $flag;
is(status($tokens{a}[0]), 200, 'before');

my @children = map {
    my $pid = fork();
    if ($pid == 0) {
        my $end = time + 15;
        my ($bad, $after) = (0, 0);
        my $c = connection();
        for (my $n = 0; $after < 500 && time < $end; $n++) {
            my $rotated = -f $flag;
            my $some = $tokens{ $rotated && $n % 3 ? 'b' : 'a' };
            my $r = $c->request('GET', '/metrics', undef,
                                bearer($some->[$n % 30]));
            $after++ if $rotated;
            $bad++ if !$r || $r->{status} != 200;
            $c = connection() if !$r;
        }
        require POSIX;
        POSIX::_exit($after < 500 ? 200 : $bad > 100 ? 100 : $bad);
    }
    $pid;
} 1 .. 3;

# the new key is there first, then tokens of it, of the old one as well

CodeRemote::Issuer::serve(key('b'), key('a'));
open my $out, '>', $flag;
close $out;

for my $pid (@children) {
    waitpid $pid, 0;
    is($? >> 8, 0, 'no refusal');
}

is(CodeRemote::Issuer::requests(), 2, 'one fetch more');



=== TEST 6: ten thousand unknown kids cause one fetch
--- pool: none
--- http_config
keepalive_requests 10000;
JWT ok
--- steps
my $good = token();
is(status($good), 200, 'known');

my @bad = map {
    join '.', b64("{\"alg\":\"RS256\",\"kid\":\"k$_\"}"), b64('{}'),
              b64('x' x 256)
} 1 .. 10_000;

my $from = time;
is_deeply(flood(500, @bad), { 401 => 10_000 }, 'all refused');
cmp_ok(CodeRemote::Issuer::requests(), '<=',
       2 + int((time - $from) / 10), 'one fetch more in an interval');
is(status($good), 200, 'known keys still serve');



=== TEST 7: while the issuer is down keys go on serving
--- pool: none
--- http_config
JWT ok refresh=1s interval=500ms timeout=500ms
--- steps
my ($a, $b) = map { token(-key => key($_)) } 'a', 'b';
is(status($a), 200, 'before');
my $before = CodeRemote::Issuer::requests();
CodeRemote::Issuer::mode('503');
ok(wait_for { CodeRemote::Issuer::requests() >= $before + 2 }, 'it is asked');
is(status($a), 200, 'a key that is known');
is(status($b), 401, 'one that is not');
CodeRemote::Issuer::serve(key('b'));
ok(wait_for { status($b) == 200 }, 'up again');
--- error_log
answers 503



=== TEST 8: but not for ever: then 503, not 401
--- pool: none
--- http_config
JWT ok refresh=1s stale=2s interval=500ms timeout=500ms
--- steps
my $t = token();
is(status($t), 200, 'before');
CodeRemote::Issuer::mode('500');
ok(wait_for { status($t) == 503 }, 'too old');

my $r = http('GET', '/metrics', undef, bearer($t));
is($r->{json}{code}, 'auth_unavailable', 'code');
like($r->{headers}{'retry-after'}, qr/^\d+$/, 'try again');
is(http('GET', '/metrics')->{status}, 401, 'no token is no token');
is(http('GET', '/health')->{status}, 200, 'health');

CodeRemote::Issuer::mode('ok');
ok(wait_for { status($t) == 200 }, 'and back');



=== TEST 9: requests of a cold start wait for the one fetch
--- pool: none
--- http_config
JWT slow
--- steps
my $t = token();
my @c = map { connection() } 1 .. 100;
my $from = time;

$_->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
         . "Authorization: Bearer $t\r\n\r\n") for @c;

my $plain = time;
is(http('GET', '/health')->{status}, 200, 'others are served') for 1 .. 20;
cmp_ok(time - $plain, '<', 0.5, 'meanwhile');

my %seen;
$seen{ $_->response->{status} }++ for @c;
is_deeply(\%seen, { 200 => 100 }, 'all are let in');
cmp_ok(time - $from, '<', 4, 'in time');
is(CodeRemote::Issuer::requests(), 1, 'fetched once');



=== TEST 10: the wait for an issuer that does not answer ends
--- pool: none
--- http_config
JWT hang timeout=500ms
--- steps
my $t = token();
my $from = time;
is(status($t), 503, 'no keys');
cmp_ok(time - $from, '<', 3, 'soon');
is(http('GET', '/ready')->{json}{checks}{identity}{status}, 'down',
   'not ready');
$from = time;
is(status($t), 503, 'again') for 1 .. 10;
cmp_ok(time - $from, '<', 1, 'at once until the next try');
cmp_ok(CodeRemote::Issuer::requests(), '<=', 2, 'not asked each time');
--- error_log
keys not fetched



=== TEST 11: a client that goes while it waits
--- pool: none
--- http_config
JWT hang timeout=1s
--- steps
my $t = token();
for (1 .. 20) {
    my $c = connection();
    $c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
             . "Authorization: Bearer $t\r\n\r\n");
    close $c->{socket};
}
is(http('GET', '/health')->{status}, 200, 'nothing broke');
is(status($t), 503, 'and the wait goes on for others');



=== TEST 12: a reload while requests wait
--- pool: none
--- http_config
JWT hang timeout=1s
--- steps
my $c = connection();
$c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
         . token() . "\r\n\r\n");
my @old = nginx_workers();
nginx_reload();
is($c->response->{status}, 503, 'it has its answer');
ok(wait_for { !grep { kill 0, $_ } @old }, 'and the worker ends');



=== TEST 13: an issuer that lies or stalls changes nothing
--- pool: none
--- http_config
JWT ok interval=500ms timeout=500ms
--- steps
my ($a, $b) = map { token(-key => key($_)) } 'a', 'b';
is(status($a), 200, 'before');

sub asked {
    my $n = CodeRemote::Issuer::requests();
    return wait_for {
        die "accepted\n" if status($b) != 401;
        CodeRemote::Issuer::requests() > $n;
    };
}

CodeRemote::Issuer::body(CodeRemote::Jwt::jwks(key('b')));

for my $mode (qw/ 500 404 204 301 hang drip reset redirect huge gzip html /) {
    CodeRemote::Issuer::mode($mode);
    ok(asked(), "$mode: asked");
    is(status($a), 200, "$mode: as before");
}

CodeRemote::Issuer::mode('ok');

for my $body ('', '{}', '[]', '{"keys":[]}', '{"keys":{}}', '{"keys":[1]}',
              '{"keys":[' . '[' x 3000, ' ' x 70_000
              . CodeRemote::Jwt::jwks(key('b')),
              CodeRemote::Jwt::jwks(key('b')) . 'x',
              '{"keys":[{"kty":"oct","kid":"b","k":"AAAA"}]}')
{
    CodeRemote::Issuer::body($body);
    my $name = substr $body, 0, 20;
    ok(asked(), "$name: asked");
    is(status($a), 200, "$name: as before");
}



=== TEST 14: a WebSocket's message waits for a new key too
--- pool: none
--- http_config
JWT ok
--- steps
use CodeRemote::Session;

my $ws = CodeRemote::Session::ws(bearer(token()));
CodeRemote::Issuer::serve(key('a'), key('b'));
$ws->send_json({ type => 'auth', ref => 'r',
                 token => token(-key => key('b')) });
my $m = $ws->recv_json;
is($m->{type}, 'hello', 'answered');
is($m->{ref}, 'r', 'ref');

$ws->send_json({ type => 'auth', token => token(-key => key('other')) });
is($ws->recv_json->{code}, 'unauthorized', 'too early to ask again');



=== TEST 15: a session of nobody waits for the first keys
--- pool: none
--- http_config
JWT slow
--- steps
use CodeRemote::Session;

my $ws = CodeRemote::Session::ws();
$ws->send_json({ type => 'auth', token => token() });
is($ws->recv_json->{user}, 'ada', 'hello');

$ws = CodeRemote::Session::ws();
$ws->send_json({ type => 'auth', token => token(-key => key('other')) });
my $f = $ws->recv(5);
$f = $ws->recv(5) if $f->{type} eq 'text';
is($f->{code}, 4401, 'a key that never comes');

$ws = CodeRemote::Session::ws(bearer(token()));
$ws->send_json({ type => 'auth', token => token(-key => key('other')) });
close $ws->socket;
is(http('GET', '/health')->{status}, 200, 'gone while waiting');



=== TEST 16: variables of a request that waited
--- pool: none
--- http_config
JWT slow
log_format who '$coderemote_user $status';
--- config
access_log logs/who.log who;
location / {
    coderemote on;
}
--- steps
is(status(token(sub => 'eve')), 200, 'good');
ok(logged('who.log', qr/^eve 200$/m), 'logged');
