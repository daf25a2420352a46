use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;

master_on();

CodeRemote::Jwt::directives();
CodeRemote::Jwt::issuer_conf();
CodeRemote::Pool::certificate();

run_tests();

__DATA__

=== TEST 1: a good token is let in, no token is not
--- pool: none
--- http_config
JWT
--- steps
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 200, 'token');

my $r = http('GET', '/metrics');
is($r->{status}, 401, 'none');
is($r->{headers}{'content-type'}, 'application/problem+json', 'type');
is($r->{json}{code}, 'unauthorized', 'code');
is($r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token"',
   'challenge');
is($r->{headers}{'cache-control'}, 'no-store', 'not kept');



=== TEST 2: whatever is wrong, the answer is the same and the log has no token
--- pool: none
--- log_level: info
--- http_config
JWT
--- steps
my $good = token();
my ($h, $p, $s) = split /\./, $good;
my $other = key('other');
my $now = int time;

my %bad = (
    malformed => [ b64('{"alg":"none","kid":"a"}') . ".$p.", 'x', 'a.b',
                   "$h.$p", "$h.$p.", "$good.x", "$h..$s", '"' ],
    alg => [ token(-header => { alg => 'none' }),
             token(-header => { alg => 'RS512' }),
             token(-header => { alg => undef }),
             hs256() ],
    unsupported => [ token(-header => { crit => ['exp'], exp => 1 }),
                     token(-header => { zip => 'DEF' }),
                     token(-header => { cty => 'JWT' }) ],
    kid => [ map { token(-header => { kid => $_ }) } undef, 7, '' ],
    unknown_kid => [ token(-key => $other),
                     token(-header => { kid => '../../etc/passwd' }) ],
    signature => [ "$h.$p.$s=", "$h.$p." . b64('x' x 256),
                   "$h.$p." . b64("\0" x 256),
                   token(-key => { %$other, kid => 'a' }),
                   "$h." . b64('{}') . ".$s",
                   token(-key => { %$other, kid => 'a' },
                         -header => { jwk => jwk($other) }) ],
    payload => [ token(-payload => '[]'), token(-payload => '{"a":1}x'),
                 token(-payload => '{"sub":"a","sub":"b"}') ],
    issuer => [ map { token(iss => $_) } undef, ISSUER . '/', uc ISSUER,
                      ISSUER . '.evil', [ISSUER] ],
    token_use => [ map { token(token_use => $_) } 'id', undef, ['access'] ],
    audience => [ token(client_id => undef), token(client_id => 'x'),
                  token(client_id => undef, aud => CLIENT),
                  token(client_id => [CLIENT]) ],
    exp => [ map { token(exp => $_) } undef, '9999999999', -1 ],
    expired => [ map { token(exp => $_, iat => 1, auth_time => 1) }
                     $now - 11, 1 ],
    time => [ token(nbf => "$now"), token(iat => $now + 0.5) ],
    not_yet => [ token(nbf => $now + 60), token(iat => $now + 60) ],
    subject => [ token(sub => undef), token(sub => 7), token(sub => ''),
                 token(sub => 'x' x 200) ],
);

sub hs256 {
    my $pem = CodeRemote::Pool::slurp(key('a')->{file});
    my $input = b64('{"alg":"HS256","kid":"a"}') . ".$p";
    return "$input." . b64(hmac_sha256($input, $pem));
}

my $want = http('GET', '/metrics');
my $c = connection();

for my $cause (sort keys %bad) {
    my $n = 0;

    for my $token (@{ $bad{$cause} }) {
        my $r = $c->request('GET', '/metrics', undef, bearer($token));
        $c = connection() if !$r;

        is($r->{status}, 401, "$cause " . ++$n);
        is($r->{body}, $want->{body}, 'the same body');
        is($r->{headers}{'www-authenticate'},
           'Bearer error="invalid_token"', 'the same challenge');
    }

    is(counted($cause), $n, "$cause is counted");
}

my $log = CodeRemote::Pool::slurp(error_log());
ok($log =~ /no access, token: $_\b/, "$_ is in the log") for sort keys %bad;

# a debug build of nginx logs every header by itself

$log = join '', grep { !/ \[debug\] / } split /^/, $log;

my @leaks = grep { length > 8 && index($log, $_) >= 0 }
            map { split /\./ } map { @$_ } values %bad;
is("@leaks", '', 'no part of any token is');



=== TEST 3: where a token may be
--- pool: none
--- http_config
JWT
--- steps
my $t = token();

sub at {
    my ($path, %headers) = @_;
    return http('GET', $path, undef, headers => \%headers)->{status};
}

is(at('/metrics', Authorization => $_ . $t), 200, "'$_'")
    for 'Bearer ', 'bearer ', 'BEARER ', 'Bearer   ';

is(at('/metrics', Authorization => $_), 401, $_)
    for "Bearer\t$t", "Bearer", "Bearer ", "Bearer$t", "Basic $t", $t,
        "Bearer $t x", "Bearer $t,$t", "Bearer x $t", "Bearer \xc3\xa9";

is(at("/metrics?$_=$t"), 401, "query $_")
    for qw/ access_token token authorization /;
is(at('/metrics', Cookie => "token=$t"), 401, 'no cookie is configured');
is(at('/metrics', 'Sec-WebSocket-Protocol' => "bearer.$t"), 401,
   'no upgrade');

my $c = connection();
$c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
         . "Authorization: Bearer $t\r\nAuthorization: Bearer $t\r\n\r\n");
is($c->response->{status}, 400, 'two headers');

$c = connection();
$c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
         . "Authorization: Bearer\r\n $t\r\n\r\n");
my $r = $c->response;
ok(!$r || $r->{status} == 400 || $r->{status} == 401, 'folded header');



=== TEST 4: a token in a cookie, if one is configured
--- pool: none
--- http_config
JWT
coderemote_auth_cookie session;
--- steps
my $t = token();

sub status {
    my ($method, %headers) = @_;
    return http($method, '/jobs/0', undef, headers => \%headers)->{status};
}

is(status('GET', Cookie => $_), 404, substr $_, 0, 12)
    for "session=$t", "a=b; session=$t", "session=$t;x=y", "a;session=$t; b";

is(status('GET', Cookie => $_), 401, substr $_, 0, 30)
    for "Session=$t", "xsession=$t", "session=", "session", "sessions=$t",
        "a=\"session=$t\"";

is(status('GET', Cookie => $_), 400, 'which of two cannot be told')
    for "session=$t; session=$t", "session=x; session=$t";

my $c = connection();
$c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nCookie: session=$t\r\n"
         . "Cookie: session=$t\r\n\r\n");
is($c->response->{status}, 400, 'two headers with that cookie');

is(status('GET', Cookie => "session=$t", Authorization => 'Bearer x'), 401,
   'the header decides');
is(status('GET', Cookie => "session=x", Authorization => "Bearer $t"), 404,
   'also when it is good');



=== TEST 5: a cookie alone does nothing for pages of other sites
--- pool: none
--- http_config
JWT
coderemote_auth_cookie session;
coderemote_allow_origin https://ide.example.com;
--- steps
my $t = token();

sub code {
    my ($method, %headers) = @_;
    my $r = http($method, '/jobs/0', undef,
                 headers => { Cookie => "session=$t", %headers });
    return $r->{json}{code};
}

is(code('GET'), 'not_found', 'a safe method');
is(code('DELETE'), 'forbidden_origin', 'an unsafe one');
is(code('DELETE', Origin => 'http://localhost'), 'not_found', 'our page');
is(code('DELETE', Origin => 'https://ide.example.com'), 'not_found',
   'a listed one');
is(code('DELETE', 'Sec-Fetch-Site' => 'same-origin'), 'not_found',
   'the browser says that it is ours');
is(code('DELETE', 'Sec-Fetch-Site' => $_), 'forbidden_origin', $_)
    for qw/ same-site cross-site none /;

for my $method (qw/ GET DELETE /) {
    is(code($method, Origin => $_), 'forbidden_origin', "$method of $_")
        for 'https://evil.example.com', 'null', '';
}

is(code('DELETE', Origin => 'https://evil.example.com',
        Authorization => "Bearer $t"), 'not_found',
   'a token in the header is no cookie');



=== TEST 6: what is open without a token
--- pool: none
--- http_config
JWT
--- user_files
>>> index.html
page
--- steps
is(http('GET', '/health')->{status}, 200, 'health');
is(http('GET', '/ready')->{json}{code}, undef, 'ready');
is(http('GET', '/')->{body}, "page\n", 'the page');
is(http('OPTIONS', '/execute')->{status}, 204, 'a preflight');
is(http('GET', '/health', undef, headers => { Host => 'ide.example.com',
        Origin => 'https://other.example.com' })->{status}, 200,
   'any host and origin');

for (['POST', '/execute'], ['GET', '/jobs'], ['GET', '/jobs/'],
     ['GET', '/jobs/0'], ['DELETE', '/jobs/0'], ['GET', '/jobs/0/events'],
     ['GET', '/status/0'], ['GET', '/languages'], ['GET', '/metrics'],
     ['PUT', '/execute'], ['HEAD', '/jobs'], ['POST', '/jobs/%30'])
{
    is(http(@$_)->{status}, 401, "@$_");
}



=== TEST 7: a big body without a token is refused, the connection stays
--- pool: none
--- http_config
JWT
--- steps
my $c = connection();
is($c->request('POST', '/execute', 'x' x 50_000)->{status}, 401, 'refused');
is($c->request('GET', '/health')->{status}, 200, 'and used again');



=== TEST 8: locations of other modules may ask for a token too
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
}
location /files/ {
    alias html/;
}
location /open/ {
    coderemote_auth off;
    alias html/;
}
location /either/ {
    satisfy any;
    deny all;
    alias html/;
}
location /near/ {
    satisfy any;
    allow 127.0.0.1;
    deny all;
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
my $t = token();

is(http('GET', '/files/a.txt')->{status}, 401, 'none');
is(http('GET', '/files/a.txt', undef, bearer($t))->{body}, "text\n", 'good');
is(http('GET', '/files/a.txt', undef, bearer('x'))->{json}{code},
   'unauthorized', 'bad');
is(http('OPTIONS', '/files/a.txt')->{status}, 401, 'options');
is(http('GET', '/open/a.txt')->{status}, 200, 'off');
is(http('GET', '/near/a.txt')->{status}, 200, 'or by address');

my $r = http('GET', '/either/a.txt');
is($r->{status}, 401, 'any');
like($r->{headers}{'www-authenticate'}, qr/^Bearer/, 'with a challenge');
is(http('GET', '/either/a.txt', undef, bearer($t))->{status}, 200,
   'any, good');



=== TEST 9: no way round the access phase leads to a route
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
}
location /try {
    coderemote on;
    root html;
    try_files /languages =404;
}
location /near {
    coderemote on;
    satisfy any;
    allow 127.0.0.1;
    deny all;
    rewrite ^ /metrics break;
}
--- user_files
>>> languages
a file of that name
--- steps
is(http('GET', '/try')->{status}, 401, 'try_files');
is(http('GET', '/near')->{status}, 401, 'satisfy any');
is(http('GET', '/near', undef, bearer(token()))->{status}, 200,
   'with a token');



=== TEST 10: sizes
--- pool: none
--- http_config
JWT
large_client_header_buffers 4 64k;
--- steps
is(http('GET', '/metrics', undef, bearer(token(x => 'x' x 4000)))->{status}, 200,
   '5 kB');
is(http('GET', '/metrics', undef, bearer(token(x => 'x' x 7000)))->{status}, 401,
   '9 kB');
is(http('GET', '/metrics', undef, bearer('x' x 16_000))->{status}, 401, '16 kB');
is(http('GET', '/metrics', undef, bearer('x' x 1_000_000))->{status}, 400, '1 MB');



=== TEST 11: what else a token must have
--- pool: none
--- http_config
JWT
coderemote_jwt_required_claim email_verified true;
coderemote_jwt_required_claim tenant blue;
coderemote_jwt_required_group coders;
coderemote_jwt_required_scope run;
--- steps
my %all = (email_verified => JSON::PP::true, tenant => 'blue',
           'cognito:groups' => ['x', 'coders'], scope => 'openid run');

sub with {
    return http('GET', '/metrics', undef, bearer(token(%all, @_)))->{status};
}

is(with(), 200, 'all');
is(with(@$_), 401, $_->[0])
    for [email_verified => JSON::PP::false], [tenant => 'red'],
        [tenant => undef], ['cognito:groups' => ['coder']],
        ['cognito:groups' => 'coders'], ['cognito:groups' => undef],
        [scope => 'runs'], [scope => undef];



=== TEST 12: ES256 by configuration, never by the token
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_algorithm ES256;
}
location /rs/ {
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
my $es = token(-key => key('e', type => 'ec'));

is(http('GET', '/metrics', undef, bearer($es))->{status}, 200, 'ES256');
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 401, 'RS256');
is(http('GET', '/rs/a.txt', undef, bearer($es))->{status}, 401, 'ES256 there');
is(http('GET', '/rs/a.txt', undef, bearer(token()))->{status}, 200, 'RS256');



=== TEST 13: audience and token_use of an id token, several and any
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_token_use id;
    coderemote_jwt_audience one two;
}
location /any/ {
    coderemote_jwt_token_use off;
    coderemote_jwt_audience *;
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
sub id {
    return bearer(token(token_use => 'id', client_id => undef, @_));
}

is(http('GET', '/metrics', undef, id(aud => 'two'))->{status}, 200, 'two');
is(http('GET', '/metrics', undef, id(aud => 'three'))->{status}, 401, 'three');
is(http('GET', '/metrics', undef, id(client_id => 'two'))->{status}, 401,
   'not by client_id');
is(http('GET', '/any/a.txt', undef, id(token_use => undef))->{status}, 200,
   'any');



=== TEST 14: leeway
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_leeway 60s;
}
location /none/ {
    coderemote_jwt_leeway 0;
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
is(http('GET', '/metrics', undef, bearer(token(iat => 1, auth_time => 1,
                                       exp => -30 + int time)))->{status},
   200, 'within');
is(http('GET', '/metrics', undef, bearer(token(iat => 1, auth_time => 1,
                                       exp => -61 + int time)))->{status},
   401, 'beyond');
is(http('GET', '/none/a.txt', undef, bearer(token(iat => 1,
                                       auth_time => 1, exp => -1 + int time)))
   ->{status}, 401, 'none');



=== TEST 15: a token is good until it expires, also from memory
--- pool: none
--- http_config
JWT
coderemote_jwt_leeway 0;
--- steps
my $t = token(exp => 2 + int time);
is(http('GET', '/metrics', undef, bearer($t))->{status}, 200, 'good') for 1 .. 3;
ok(wait_for { http('GET', '/metrics', undef, bearer($t))->{status} == 401 },
   'then not');



=== TEST 16: a reload with another issuer refuses tokens of the old one
--- pool: none
--- http_config
include $SCRATCH/issuer.conf;
--- steps
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 200, 'before');
my @workers = nginx_workers();
CodeRemote::Jwt::issuer_conf('https://other.example.com');
nginx_reload();
ok(wait_for { !grep { kill 0, $_ } @workers }, 'the old workers end');
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 401, 'old issuer');
is(http('GET', '/metrics', undef,
        bearer(token(iss => 'https://other.example.com')))->{status}, 200,
   'new issuer');



=== TEST 17: tokens of many users stay in bounds
--- pool: none
--- http_config
JWT
coderemote_jwt_cache 64k;
--- steps
my %seen;
for my $n (1 .. 60) {
    my $r = http('GET', '/metrics', undef, bearer(token(sub => "u$n")));
    $seen{ $r->{status} }++;
}
is($seen{200}, 60, 'all are let in');



=== TEST 18: over HTTP/2
--- pool: none
--- http_config
JWT
server {
    listen 127.0.0.1:$PORT_H2 ssl http2;
    ssl_certificate $SCRATCH/tls.pem;
    ssl_certificate_key $SCRATCH/tls.key;
    location / {
        coderemote on;
    }
}
--- steps
my $url = 'https://127.0.0.1:' . ($CodeRemote::HTTP::port + 2) . '/metrics';
my $t = token();

like(curl('--http2', '-i', $url, '-H', "Authorization: Bearer $t"),
     qr{^HTTP/2 200}, 'good');
like(curl('--http2', '-i', $url), qr{^HTTP/2 401.*www-authenticate: Bearer}s,
     'none');
like(curl('--http2', '-i', $url, '-H', "Authorization: Bearer $t", '-H',
          "Authorization: Bearer $t"), qr{^HTTP/2 400}, 'two');
