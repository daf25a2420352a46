use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;

my $dir = CodeRemote::Pool::scratch();

CodeRemote::Jwt::directives();

sub put {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die;
    print $out $text;
    close $out;
}

put('empty.json', '');
put('nothing.json', '{"keys":[]}');
put('html.json', '<html>');
put('big.json', ' ' x 70_000 . jwks(key('a')));
put('oct.json', '{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}');

run_tests();

__DATA__

=== TEST 1: what jwt needs is asked for: the issuer
--- pool: none
--- http_config
coderemote_auth jwt;
--- must_die
--- no_error_log
[alert]
--- error_log
"coderemote_auth jwt" needs "coderemote_jwt_issuer"



=== TEST 2: the audience
--- pool: none
--- http_config
coderemote_auth jwt;
coderemote_jwt_issuer https://issuer.example.com;
--- must_die
--- no_error_log
[alert]
--- error_log
"coderemote_auth jwt" needs "coderemote_jwt_audience"



=== TEST 3: the keys
--- pool: none
--- http_config
coderemote_auth jwt;
coderemote_jwt_issuer https://issuer.example.com;
coderemote_jwt_audience a;
--- must_die
--- no_error_log
[alert]
--- error_log
"coderemote_auth jwt" needs "coderemote_jwt_jwks



=== TEST 4: a file that is not there
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/none.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
none.json" failed (2: No such file or directory)



=== TEST 5: an empty one
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/empty.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
no usable keys in



=== TEST 6: one without keys
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/nothing.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
no usable keys in



=== TEST 7: one that is no JSON
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/html.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
no usable keys in



=== TEST 8: one that is too large
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/big.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
big.json" is over 65536 bytes



=== TEST 9: secret keys alone
--- pool: none
--- http_config
JWT
--- config
location / { coderemote on; coderemote_jwt_jwks_file $SCRATCH/oct.json; }
--- must_die
--- no_error_log
[alert]
--- error_log
no usable keys in



=== TEST 10: too much leeway
--- pool: none
--- http_config
JWT
coderemote_jwt_leeway 1h;
--- must_die
--- no_error_log
[alert]
--- error_log
"coderemote_jwt_leeway" must not be over 300s



=== TEST 11: an algorithm that there is not
--- pool: none
--- http_config
JWT
coderemote_jwt_algorithm HS256;
--- must_die
--- no_error_log
[alert]
--- error_log
invalid value "HS256"



=== TEST 12: a memory too small
--- pool: none
--- http_config
JWT
coderemote_jwt_cache 1k;
--- must_die
--- no_error_log
[alert]
--- error_log
"coderemote_jwt_cache" must not be under 64k



=== TEST 13: with auth off nothing is needed, tokens are not looked at
--- pool: none
--- http_config
coderemote_jwt_issuer https://issuer.example.com;
--- steps
is(http('GET', '/metrics', undef, headers => { Authorization => 'Bearer x' })
   ->{status}, 200, 'off');



=== TEST 14: one location may ask while the module is off everywhere
--- no_pool
--- http_config
JWT
--- config
coderemote_auth off;
location /files/ {
    coderemote_auth jwt;
    alias html/;
}
--- user_files
>>> a.txt
text
--- request
GET /files/a.txt
--- error_code: 401
--- steps
is(http('GET', '/files/a.txt', undef, bearer(token()))->{status}, 200, 'good');



=== TEST 15: http is for loopback
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri http://issuer.example.com/jwks.json;
}
--- must_die
--- no_error_log
[alert]
--- error_log
needs https, or the parameter "allow_http"



=== TEST 16: a name that only looks like loopback
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri http://127.0.0.1.example.com/jwks.json;
}
--- must_die
--- no_error_log
[alert]
--- error_log
needs https, or the parameter "allow_http"



=== TEST 17: a user in the URI
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri http://127.0.0.1@issuer.example.com/;
}
--- must_die
--- no_error_log
[alert]
--- error_log
must not have a user in its URI



=== TEST 18: another scheme
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri file:///etc/passwd;
}
--- must_die
--- no_error_log
[alert]
--- error_log
needs a URI that begins with https://



=== TEST 19: a parameter that there is not
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://issuer.example.com/ fresh=1s;
}
--- must_die
--- no_error_log
[alert]
--- error_log
invalid parameter "fresh=1s"



=== TEST 20: a time that is too short
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://issuer.example.com/ interval=1ms;
}
--- must_die
--- no_error_log
[alert]
--- error_log
invalid parameter "interval=1ms"



=== TEST 21: stale under refresh
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://issuer.example.com/ refresh=2h stale=1h;
}
--- must_die
--- no_error_log
[alert]
--- error_log
that is not under "refresh"



=== TEST 22: a URI and a file at once
--- pool: none
--- http_config
JWT
coderemote_jwt_jwks_uri https://issuer.example.com/;
--- must_die
--- no_error_log
[alert]
--- error_log
exclude each other



=== TEST 23: one URI with two sets of parameters
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_uri https://issuer.example.com/ refresh=2h;
}
location /a {
    coderemote_jwt_jwks_uri https://issuer.example.com/ refresh=3h;
}
--- must_die
--- no_error_log
[alert]
--- error_log
is used with other parameters before
