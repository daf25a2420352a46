use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Issuer;
use CodeRemote::Jwt;

# Rows of docs/JWT.md that need more than a token and a refusal.

master_on();
workers(2);
worker_connections(2048);

CodeRemote::Issuer::start();
CodeRemote::Jwt::issuer_conf();
CodeRemote::Issuer::serve(key('a'));
CodeRemote::Jwt::directives();

{
    my $dir = CodeRemote::Pool::scratch();

    CodeRemote::Jwt::write_jwks("$dir/one.json", key('same'));
    CodeRemote::Jwt::write_jwks("$dir/two.json",
                                { %{ key('other') }, kid => 'same' });
    CodeRemote::Jwt::write_jwks("$dir/sizes.json",
        key('small', bits => 1024), key('good'), key('large', bits => 4096),
        { kty => 'RSA', kid => 'huge', e => 'AQAB',
          n => CodeRemote::Jwt::b64("\xc5" x 1024) });
    CodeRemote::Jwt::write_jwks("$dir/two-kinds.json", key('access'),
                                key('id'));
}

add_block_preprocessor(sub {
    my ($block) = @_;

    return if !defined $block->steps;

    $block->set_value('steps', $block->steps
                               . "\nCodeRemote::Issuer::serve(key('a'));\n");
});

sub CodeRemote::Steps::status {
    my ($token, $path) = @_;
    return CodeRemote::HTTP::http('GET', $path // '/metrics', undef,
                                  bearer($token))->{status};
}

run_tests();

__DATA__

=== TEST 1: J9: what is not one JSON object is refused, and nothing breaks
--- pool: none
--- http_config
large_client_header_buffers 4 64k;
JWT
--- steps
my $c = CodeRemote::Jwt::claims();
my $good = JSON::PP->new->canonical->encode($c);
my $open = $good =~ s/\}$//r;

my @payloads = ("$good x", "$good$good", "\xef\xbb\xbf$good", "/**/$good",
    "$open,\"n\":NaN}", "$open,\"n\":1e400}", "$open,\"n\":01}",
    "$open,\"n\":+1}", "$open,}", "$open,\"a\":\"\xff\"}",
    "$open,\"a\":\"\\ud800\"}", "$open,\"a\":\"\\u0000\"}",
    "$open,\"a\":" . '[' x 2500 . ']' x 2500 . '}', '[]', '""', 'null', '{}',
    "[$good]", "$open,\"exp\":1}", "$open,\"\\u0065xp\":1}", '');

for my $i (0 .. $#payloads) {
    is(status(token(-payload => $payloads[$i])), 401, "payload $i");
}

my @headers = ('{}', '[]', '"a"', 'null', '{"alg":"RS256"', "\xef\xbb\xbf{}",
    '{"alg":"RS256","kid":"a","alg":"RS256"}',
    '{"alg":"RS256","kid":"a","\u0061lg":"none"}',
    '{"alg":"RS256","kid":"a"}x', '{"alg":"RS256","kid":"a","x":"\ud800"}',
    '{"alg":"RS256","kid":"a","x":' . '[' x 2500 . ']' x 2500 . '}');

for my $i (0 .. $#headers) {
    is(status(CodeRemote::Jwt::sign(key('a'), $headers[$i], $c)), 401,
       "header $i");
}

is(status(token(-payload => "$open,\"n\":-0,\"d\":"
                            . '[' x 500 . ']' x 500 . '}')), 200,
   'what is odd but JSON');



=== TEST 2: J12: a token among a hundred cookies, and one that is in the query
--- pool: none
--- http_config
JWT
coderemote_auth_cookie session;
--- steps
my $t = token();
my $cookies = join '; ', map { "c$_=" . 'x' x 20 } 1 .. 50;

sub at {
    my ($path, $cookie) = @_;
    return http('GET', $path, undef, headers => { Cookie => $cookie })
           ->{status};
}

is(at('/metrics', "$cookies; session=$t; $cookies"), 200, 'among others');
is(at('/metrics', "$cookies; sessions=$t; $cookies"), 401, 'not by its name');
is(at("/metrics?session=$t", $cookies), 401, 'in the query');



=== TEST 3: J13: signatures of another length, number or padding
--- pool: none
--- http_config
JWT
--- steps
my $good = token();
my ($h, $p, $s) = split /\./, $good;
my $raw = CodeRemote::Jwt::unb64($s);
my $n = CodeRemote::Jwt::unb64(key('a')->{n});

my %bad = (
    short => substr($raw, 1), long => "\0$raw", longer => $raw . "\0",
    zero => "\0" x 256, one => "\0" x 255 . "\1", n => $n,
    above => "\xff" x 256, flipped => $raw ^ ("\0" x 255 . "\1"),
    first => $raw ^ ("\1" . "\0" x 255), twice => $raw x 2,
);

# RSA with the private key of what is no DigestInfo of the input

my $input = "$h.$p";
my $hash = CodeRemote::Jwt::sha256($input);
my $info = pack 'H*', '3031300d060960864801650304020105000420';
my $noparam = pack 'H*', '302f300b0609608648016503040201' . '0420';

# "decrypt" takes what is longer than a hash, and is the same power

sub raw_rsa {
    my ($em) = @_;
    return CodeRemote::Jwt::run_openssl($em, 'pkeyutl', '-decrypt', '-inkey',
        key('a')->{file}, '-pkeyopt', 'rsa_padding_mode:none');
}

sub padded {
    my ($info, $after) = @_;
    my $t = $info . $hash . $after;
    return "\0\1" . "\xff" x (256 - 3 - length $t) . "\0$t";
}

is(status("$input." . b64(raw_rsa(padded($info, '')))), 200,
   'the one encoding');
$bad{noparam} = raw_rsa(padded($noparam, ''));
$bad{garbage} = raw_rsa("\0\1" . "\xff" x 8 . "\0$info$hash" . 'x' x 194);
$bad{nopadding} = raw_rsa("\0\1\0$info$hash" . "\0" x 202);
$bad{type2} = raw_rsa("\0\2" . "\xff" x 202 . "\0$info$hash");
$bad{barehash} = raw_rsa(padded('', ''));

is(status("$input." . b64($bad{$_})), 401, $_) for sort keys %bad;
is(status($good), 200, 'good');



=== TEST 4: J22: a token that its issuer revoked is good until it expires
--- pool: none
--- http_config
JWT ok
coderemote_jwt_leeway 0;
--- steps
my $t = token(exp => 3 + int time);
is(status($t), 200, 'before');

# whatever the issuer thinks of the user now, nobody asks it

CodeRemote::Issuer::mode('404');
is(status($t), 200, 'revoked') for 1 .. 20;
is(CodeRemote::Issuer::requests(), 1, 'the issuer was asked for keys only');
ok(wait_for { status($t) == 401 }, 'until its exp');



=== TEST 5: J25: a thousand requests at a cold start cause one fetch
--- pool: none
--- http_config
JWT slow timeout=8s
--- steps
my $t = token();

my @children = map {
    my $pid = fork();
    if ($pid == 0) {
        my @c = map { connection() } 1 .. 250;
        $_->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                 . "Authorization: Bearer $t\r\n\r\n") for @c;
        my $bad = grep { (($_->response // {})->{status} // 0) != 200 } @c;
        require POSIX;
        POSIX::_exit($bad > 100 ? 100 : $bad);
    }
    $pid;
} 1 .. 4;

for my $pid (@children) {
    waitpid $pid, 0;
    is($? >> 8, 0, 'all of 250 are let in');
}

is(CodeRemote::Issuer::requests(), 1, 'fetched once');
my ($fetches) = http('GET', '/metrics', undef, bearer($t))->{body}
    =~ /^coderemote_jwks_fetches_total (\d+)$/m;
# counters live on where blocks are reloads
cmp_ok($fetches, $ENV{TEST_NGINX_USE_HUP} ? '>=' : '==', 1, 'counted');



=== TEST 6: J28: plain requests do not wait for keys
--- pool: none
--- http_config
JWT hang timeout=5s
--- steps
sub p99 {
    my $c = connection();
    my @ms;
    for (1 .. 300) {
        my $from = time;
        $c->request('GET', '/health');
        push @ms, 1000 * (time - $from);
    }
    return (sort { $a <=> $b } @ms)[297];
}

my $t = token();
my @held = map { connection() } 1 .. 200;
$_->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
         . "Authorization: Bearer $t\r\n\r\n") for @held;
ok(wait_for { CodeRemote::Issuer::requests() >= 1 }, 'keys are asked for');

my $busy = p99();
is($_->response->{status}, 503, 'held until then') for $held[0];
my $idle = p99();
cmp_ok($busy, '<', 5 * $idle + 20, sprintf 'p99 %.2f ms, idle %.2f', $busy,
       $idle);



=== TEST 7: J31: either key of a set signs either kind of token
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_file $SCRATCH/two-kinds.json;
    coderemote_jwt_token_use access;
}
location /id/ {
    coderemote_jwt_jwks_file $SCRATCH/two-kinds.json;
    coderemote_jwt_token_use id;
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
for my $kid (qw/ access id /) {
    my %id = (-key => key($kid), token_use => 'id', client_id => undef,
              aud => CLIENT);

    is(status(token(-key => key($kid))), 200, "access by $kid");
    is(status(token(%id), '/id/a.txt'), 200, "id by $kid");
    is(status(token(%id)), 401, "id for access by $kid");
    is(status(token(-key => key($kid)), '/id/a.txt'), 401,
       "access for id by $kid");
}



=== TEST 8: J32: two issuers with the same kid: the key is the issuer's own
--- pool: none
--- http_config
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_issuer https://one.example.com;
    coderemote_jwt_jwks_file $SCRATCH/one.json;
}
location /two/ {
    coderemote_jwt_issuer https://two.example.com;
    coderemote_jwt_jwks_file $SCRATCH/two.json;
    alias html/;
}
--- user_files
>>> a.txt
text
--- steps
my %key = (one => key('same'), two => { %{ key('other') }, kid => 'same' });

for my $issuer (qw/ one two /) {
    for my $key (qw/ one two /) {
        my $t = token(-key => $key{$key}, iss => "https://$issuer.example.com");
        my $good = $issuer eq $key;

        is(status($t), $good && $issuer eq 'one' ? 200 : 401,
           "$issuer by $key at one");
        is(status($t, '/two/a.txt'), $good && $issuer eq 'two' ? 200 : 401,
           "$issuer by $key at two");
    }
}



=== TEST 9: J14, J36: keys that are too small or too large are not used
--- pool: none
--- http_config
large_client_header_buffers 4 64k;
JWT
--- config
location / {
    coderemote on;
    coderemote_jwt_jwks_file $SCRATCH/sizes.json;
}
--- steps
sub refused {
    my $body = http('GET', '/metrics', undef,
                    bearer(token(-key => key('good'))))->{body};
    return map { $body =~ /outcome="$_"\} (\d+)$/m ? $1 : undef }
           'unknown_kid', 'signature';
}
my @before = refused();
is(status(token(-key => key('good'))), 200, '2048 bits');
is(status(token(-key => key('large', bits => 4096))), 200, '4096 bits');
is(status(token(-key => key('small', bits => 1024))), 401, '1024 bits');
is(status(token(-key => { %{ key('good') }, kid => 'huge' })), 401,
   '8192 bits');
my @after = refused();
is($after[0] - $before[0], 2, 'neither is in the set');
is($after[1] - $before[1], 0, 'nor was tried');



=== TEST 10: J35: the time of an answer does not tell its cause
--- pool: none
--- http_config
keepalive_requests 10000;
JWT
--- steps
my $now = int time;
my ($h, $p, $s) = split /\./, token();

my %bad = (
    kid => token(-header => { kid => 'unknown' }),
    signature => "$h.$p." . b64('x' x 256),
    expired => token(exp => $now - 100, iat => 1, auth_time => 1),
    issuer => token(iss => 'https://other.example.com'),
);

my $c = connection();
my %us;

for (1 .. 200) {
    for my $cause (sort keys %bad) {
        my $from = time;
        $c->request('GET', '/metrics', undef, bearer($bad{$cause}));
        push @{ $us{$cause} }, 1e6 * (time - $from);
    }
}

my @medians = sort { $a <=> $b }
              map { (sort { $a <=> $b } @$_)[100] } values %us;

cmp_ok($medians[-1] - $medians[0], '<', 500,
       sprintf 'medians within %.0f us of each other',
       $medians[-1] - $medians[0]);



=== TEST 11: J38: a reload keeps requests that wait, and judges new ones anew
--- pool: none
--- http_config
include $SCRATCH/issuer.conf;
--- steps
my $old = token();
my $new = token(iss => 'https://other.example.com');
is(status($old), 200, 'before');

my $c = connection();
is($c->request('GET', '/metrics', undef, bearer($old))->{status}, 200,
   'a kept connection');

my @workers = nginx_workers();
CodeRemote::Jwt::issuer_conf('https://other.example.com');
nginx_reload();
ok(wait_for { !grep { kill 0, $_ } @workers }, 'the old workers end');
is(status($old), 401, 'the old issuer');
is(status($new), 200, 'the new one');
CodeRemote::Jwt::issuer_conf();



=== TEST 12: J37: twenty reloads take no memory
--- pool: none
--- http_config
include $SCRATCH/issuer.conf;
--- steps
sub master_kb {
    my $text = CodeRemote::Pool::slurp('/proc/' . nginx_pid() . '/status');
    return $text =~ /^RssAnon:\s+(\d+)/m ? $1 : die 'no RssAnon';
}

my $t = token();
nginx_reload() for 1 .. 4;
my $before = master_kb();
nginx_reload() for 1 .. 20;
my $after = master_kb();
is(status($t), 200, 'tokens are verified');
# ASan keeps what was freed
cmp_ok($after - $before, '<', $ENV{ASAN_OPTIONS} ? 65536 : 512,
       "$before kB, then $after kB");
