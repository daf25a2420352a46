use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Issuer;
use CodeRemote::Jwt;

master_on();

our $port = CodeRemote::Issuer::start(tls => 1);
CodeRemote::Issuer::serve(key('a'));
CodeRemote::Jwt::directives();

add_block_preprocessor(sub {
    my ($block) = @_;
    my $config = $block->config;

    return if !defined $config;

    $config =~ s/\$ISSUER_PORT/$port/;
    $block->set_value('config', $config);
});

run_tests();

__DATA__

=== TEST 1: over https, with an authority of its own and a name to resolve
--- pool: none
--- http_config
JWT ok ca=$SCRATCH/tls.pem
--- steps
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 200, 'good');



=== TEST 2: an unknown authority
--- pool: none
--- http_config
JWT ok
--- steps
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 503, 'no keys');
is(CodeRemote::Issuer::requests(), 0, 'nothing was asked');
--- error_log
keys not fetched



=== TEST 3: a certificate of another name
--- pool: none
--- http_config
JWT ok ca=$SCRATCH/tls.pem
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://127.0.0.1:$ISSUER_PORT/3/ok/x.json
                            ca=$SCRATCH/tls.pem;
}
--- steps
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 503, 'no keys');
--- error_log
keys not fetched



=== TEST 4: a name that is not there does not stop anything
--- pool: none
--- http_config
JWT ok
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://issuer.invalid/jwks.json timeout=1s;
}
--- steps
my $from = time;
is(http('GET', '/health')->{status}, 200, 'others are served') for 1 .. 20;
cmp_ok(time - $from, '<', 0.5, 'at once');
is(http('GET', '/metrics', undef, bearer(token()))->{status}, 503, 'no keys');
nginx_reload();
