use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Jwt;

workers(1);

CodeRemote::Cognito::start(tls => 1);
CodeRemote::Jwt::directives();
CodeRemote::Cognito::directives();

sub CodeRemote::Steps::login {
    return CodeRemote::HTTP::http('POST', '/auth/login',
        { email => 'ada@example.com', password => 'x' },
        headers => { Origin => 'http://localhost' });
}

run_tests();

__DATA__

=== TEST 1: over https, with an authority of its own and a name to resolve
--- pool: none
--- http_config
JWT
COGNITO coderemote_cognito_ca_file $SCRATCH/tls.pem;
coderemote_auth_limit off;
--- steps
is(login()->{status}, 200, "login $_") for 1 .. 10;
cmp_ok(CodeRemote::Cognito::connections(), '<=', 2, 'on few connections');



=== TEST 2: an unknown authority learns no password
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $r = login();
is("$r->{status} $r->{json}{code}", '503 auth_unavailable', 'told');
is(scalar(CodeRemote::Cognito::asked()), 0, 'nothing was sent');
ok(logged('error.log', qr/identity provider does not answer: SSL/), 'logged');



=== TEST 3: nor does a certificate of another name
--- pool: none
--- http_config eval
my $where = CodeRemote::Cognito::where() =~ s/localhost/127.0.0.1/r;
my $dir = CodeRemote::Pool::scratch();
"JWT
coderemote_cognito_endpoint $where;
coderemote_cognito_client_id x;
coderemote_cognito_ca_file $dir/tls.pem;
"
--- steps
is(login()->{status}, 503, 'told');
is(scalar(CodeRemote::Cognito::asked()), 0, 'nothing was sent');
