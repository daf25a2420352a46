use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;

CodeRemote::Jwt::directives();

run_tests();

__DATA__

=== TEST 1: variables say who asks, in the log and to a server behind
--- http_config
JWT
log_format who '$coderemote_user|$coderemote_email|$coderemote_groups|'
               '$coderemote_claim_tenant|$coderemote_claim_cognito_username|'
               '$coderemote_claim_iat|$coderemote_claim_none|$status';
--- config
access_log logs/who.log who;
location / {
    coderemote on;
}
location /back/ {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo/;
    proxy_set_header X-User $coderemote_user;
}
location /echo/ {
    coderemote_auth off;
    return 200 "user $http_x_user\n";
}
--- steps
my $t = token(sub => 'ada', email => 'ada@example.com', iat => 1234,
              'cognito:groups' => ['a', 'b'], tenant => 'blue',
              'cognito:username' => 'Ada Lovelace');

is(http('GET', '/back/', undef, bearer($t))->{body}, "user ada\n", 'proxied');
is(http('GET', '/metrics', undef, bearer($t))->{status}, 200, 'served');
is(http('GET', '/metrics', undef, bearer('x'))->{status}, 401, 'refused');
is(http('GET', '/health', undef, bearer($t))->{status}, 200, 'open');

my $ada = 'ada|ada@example.com|a,b|blue|Ada Lovelace|1234|-|200';

ok(logged('who.log', qr/(?:^\Q$ada\E\n.*){3}/ms), 'with a token');
ok(logged('who.log', qr/^-\|-\|-\|-\|-\|-\|-\|401$/m), 'refused');



=== TEST 2: nothing is in them that could break a header or a log
--- pool: none
--- http_config
JWT
--- config
location / {
    return 200 "$coderemote_user|$coderemote_email|$coderemote_groups|$coderemote_claim_list|$coderemote_claim_text|$coderemote_claim_a_b|$coderemote_claim_flag\n";
}
--- steps
sub body { return http('GET', '/', undef, bearer(token(@_)))->{body} }

is(body(email => "a\r\nX: y", text => "a\nb", list => ['x']),
   "ada||||||\n", 'control characters and lists');
is(body('cognito:groups' => ['a,b', "c\n", 'd', 7], flag => JSON::PP::true),
   "ada||d||||true\n", 'odd groups, a flag');
is(body('a:b' => 1, 'a-b' => 2), "ada||||||\n", 'two of one name');
is(body('a:b' => 1), "ada|||||1|\n", 'one');
is(body('a:b' => 1, 'a_b' => 2), "ada|||||2|\n", 'the exact one');



=== TEST 3: they are there before the access phase: map and limit_req
--- pool: none
--- http_config
JWT
limit_req_zone $coderemote_user zone=user:1m rate=1r/m;
map $coderemote_claim_plan $plan {
    default free;
    gold gold;
}
--- config
location / {
    coderemote on;
}
location = /languages {
    coderemote on;
    limit_req zone=user burst=1 nodelay;
    add_header X-Plan $plan always;
}
--- steps
my ($ada, $bob) = map { token(sub => $_, plan => 'gold') } qw/ ada bob /;

sub get {
    my ($token) = @_;
    return http('GET', '/languages', undef,
                $token ? bearer($token) : ())->{status};
}


my @ada = map { http('GET', '/languages', undef, bearer($ada)) } 1 .. 3;
is($ada[0]{json}{code}, 'pool_unavailable', 'first');
is($ada[1]{json}{code}, 'pool_unavailable', 'burst');
is($ada[2]{json}, undef, 'too many');
is($ada[0]{headers}{'x-plan'}, 'gold', 'map');
is(http('GET', '/languages', undef, bearer($bob))->{json}{code},
   'pool_unavailable', 'another user has a rate of his own');
is(get(), 401, 'who is nobody is not counted') for 1 .. 3;



=== TEST 4: the id of a job
--- http_config
log_format job '$request_method $uri: $coderemote_job_id';
--- config
access_log logs/job.log job;
location / {
    coderemote on;
}
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => 'print(1)' })->{json}{job_id};
finished($id);
http('GET', '/jobs');
http('GET', '/jobs/%0d%0aX');
http('DELETE', "/jobs/$id");

my %line = (accepted => "POST /execute: $id",
            'asked for' => "GET /jobs/$id: $id",
            cancelled => "DELETE /jobs/$id: $id", none => 'GET /jobs: -',
            'not an id' => 'GET /jobs/\\x0D\\x0AX: -');

ok(logged('job.log', qr/^\Q$line{$_}\E$/m), $_) for sort keys %line;



=== TEST 5: with auth off there is nobody
--- pool: none
--- config
location / {
    return 200 "[$coderemote_user]\n";
}
--- steps
is(http('GET', '/', undef, headers => { Authorization => 'Bearer x' })
   ->{body}, "[]\n", 'empty');
