use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Jwt;

# The files of conf/ as they are shipped, with the ports, paths and keys of a
# test in them.

CodeRemote::Jwt::directives();

sub CodeRemote::Steps::shipped {
    my ($file) = @_;

    open my $in, '<', "conf/$file" or die "conf/$file: $!\n";
    my $text = do { local $/; <$in> };

    for ($text) {
        s{^.*listen .*\[::\].*\n}{}mg;
        s{listen .*443 ssl;}{listen 127.0.0.1:\$PORT_TLS ssl http2;};
        s{^ *http2 .*\n}{}m;
        s{/etc/ssl/coderemote/cert.pem}{\$SCRATCH/tls.pem}g;
        s{/etc/ssl/coderemote/key.pem}{\$SCRATCH/tls.key}g;
        s{/usr/share/coderemote/html}{\$SCRATCH};
        s{/var/log/nginx/}{\$SCRATCH/};
        s{^ *coderemote_pool .*\n}{}m;
        s{^ *coderemote_jwt_.*\n}{}mg;
    }

    return $text;
}

add_block_preprocessor(sub {
    my $block = shift;
    my $file = $block->shipped;

    chomp $file;
    CodeRemote::Pool::certificate();
    $block->set_value('http_config', ($block->http_config // '')
                                     . CodeRemote::Steps::shipped($file));
});

# name => value of the headers that the last answer had

sub CodeRemote::Steps::asked {
    my (@more) = @_;
    my $text = CodeRemote::Steps::curl('--http1.1', '-D', '-', @more);
    my ($status) = $text =~ m{^HTTP/\S+ (\d+)};
    my %h = map { lc } $text =~ /^([\w-]+): *(.*?)\r?$/mg;

    return { status => $status, %h, body => $text };
}

run_tests();

__DATA__

=== TEST 1: the site with TLS sends what browsers have to be told, always
--- shipped: coderemote-tls.conf
--- steps
wait_ready();
my $site = "https://127.0.0.1:$PORT_TLS";
my @name = ('-H', 'Host: code.example.com');

for (['/', 403], ['/health', 200], ['/jobs/nothing', 404], ['/none.js', 404],
     ['/assets/none.js', 404])
{
    my ($path, $status) = @$_;
    my $r = asked(@name, $site . $path);
    is($r->{status}, $status, "$path: status");
    like($r->{'strict-transport-security'}, qr/^max-age=\d{8}/, "$path: HSTS");
    is($r->{'x-content-type-options'}, 'nosniff', "$path: no sniffing");
    is($r->{'referrer-policy'}, 'no-referrer', "$path: no referrer");

    my $csp = $r->{'content-security-policy'};
    like($csp, qr/frame-ancestors 'none'/, "$path: no frames");
    like($csp, qr/script-src 'self';/, "$path: scripts of this site alone");
    unlike($csp =~ s/style-src [^;]*//r, qr/unsafe/, "$path: nothing unsafe");
}

like(asked(@name, '-d', '{"code":"print(3)"}', '-H',
           'Content-Type: application/json', "$site/execute?wait=true")
     ->{body}, qr/"stdout":"3\\n"/, 'it runs programs');
is(asked("$site/languages")->{status}, 200, 'a loopback name');
is(asked('-H', 'Host: other.example.com', "$site/languages")->{status}, 403,
   'another name');



=== TEST 2: TLS 1.2 and 1.3, and nothing older
--- shipped: coderemote-tls.conf
--- steps
wait_ready();
my $site = "https://127.0.0.1:$PORT_TLS/health";
like(asked('--tlsv1.2', '--tls-max', '1.2', $site)->{status}, qr/200/, '1.2');
like(asked('--tlsv1.3', $site)->{status}, qr/200/, '1.3');
is(asked('--ciphers', 'DEFAULT@SECLEVEL=0', '--tlsv1.0', '--tls-max', '1.1',
         $site)->{status}, undef, '1.1');



=== TEST 3: each example wants a token, and limits who has one
--- shipped: examples/keycloak.conf
--- http_config
JWT
--- steps
wait_ready();
my $site = "https://127.0.0.1:$PORT_TLS";
is(asked("$site/languages")->{status}, 401, 'no token');

my @ada = ('-H', 'Authorization: Bearer ' . token());
my @run = ('-d', '{"code":"pass"}', '-H', 'Content-Type: application/json',
           "$site/execute");
is(asked(@ada, "$site/languages")->{status}, 200, 'a token');

my %seen;
$seen{asked(@ada, @run)->{status}}++ for 1 .. 10;
is_deeply(\%seen, { 202 => 10 }, 'ten at once');

my $r = asked(@ada, @run);
is($r->{status}, 429, 'one more');
is($r->{'content-type'}, 'application/problem+json', 'a problem');
like($r->{body}, qr/"code":"too_many_executions"/, 'its code');
is($r->{'retry-after'}, 6, 'Retry-After');
is($r->{'ratelimit-limit'}, 10, 'RateLimit-Limit');

is(asked(@ada, "$site/languages")->{status}, 200, 'reading is not limited');
is(asked('-H', 'Authorization: Bearer ' . token(sub => 'bob'), @run)
   ->{status}, 202, 'another user');



=== TEST 4: the example of Cognito signs in, and takes no token of nobody
--- shipped: examples/cognito.conf
--- http_config
JWT
--- steps
wait_ready();
my $site = "https://127.0.0.1:$PORT_TLS";
is(asked("$site/auth/me")->{status}, 401, 'nobody');
like(asked("$site/auth/me")->{body}, qr/"login":true/, 'who can sign in');



=== TEST 5: the example of Auth0
--- shipped: examples/auth0.conf
--- http_config
JWT
--- steps
wait_ready();
like(asked("https://127.0.0.1:$PORT_TLS/auth/me")->{body},
     qr/"login":false/, 'tokens come from elsewhere');
