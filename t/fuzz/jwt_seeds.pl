#!/usr/bin/perl

# Writes the seeds of the JWT and JWK targets to corpus/: one file a rule.
# Run in t/fuzz; what it writes is in the repository.

use strict;
use warnings;

use File::Path qw/ make_path /;


sub seed {
    my ($target, $name, $bytes) = @_;

    make_path("corpus/$target");
    open my $f, '>', "corpus/$target/$name" or die "$name: $!";
    binmode $f;
    print $f $bytes;
    close $f or die "$name: $!";
}


my $ec = '"kty":"EC","crv":"P-256",'
    . '"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
    . '"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"';

my $rsa = '"kty":"RSA","e":"AQAB","n":"'
    . 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp'
    . '-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW'
    . 'vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs'
    . 'LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k'
    . 'G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2'
    . 'PAcDTW9gb54h4FRWyuXpoQ"';

(my $e3 = $rsa) =~ s/AQAB/Aw/;
(my $small = $rsa) =~ s/"n":".{200}/"n":"/;
(my $even = $rsa) =~ s/XpoQ"/Xpog"/;
(my $zero = $rsa) =~ s/"n":"/"n":"AAAA/;
(my $wide = $rsa) =~ s/"n":"(.*?)"/"n":"$1AAAA$1"/;
(my $off = $ec) =~ s/"y":"x/"y":"y/;

my %keys = (
    ec       => "{$ec,\"kid\":\"a\"}",
    rsa      => "{$rsa,\"kid\":\"b\",\"use\":\"sig\",\"alg\":\"RS256\"}",
    two      => "{$ec,\"kid\":\"a\"},{$rsa,\"kid\":\"b\"}",
    twice    => "{$ec,\"kid\":\"a\"},{$rsa,\"kid\":\"a\"}",
    nokid    => "{$ec},{$rsa}",
    e3       => "{$e3}",
    small    => "{$small}",
    even     => "{$even}",
    zero     => "{$zero}",
    wide     => "{$wide}",
    off      => "{$off}",
    enc      => "{$rsa,\"use\":\"enc\"}",
    ops      => "{$ec,\"key_ops\":[\"sign\",\"verify\"]}",
    badops   => "{$ec,\"key_ops\":[\"encrypt\"]}",
    private  => "{$ec,\"d\":\"jpsQ\"}",
    oct      => '{"kty":"oct","k":"AAAA"},' . "{$ec}",
    okp      => '{"kty":"OKP","crv":"Ed25519","x":"AAAA"}',
    others   => 'null,1,"x",[],{},' . "{$ec}",
    kid      => "{$ec,\"kid\":7},{$ec,\"kid\":\"\"},{$ec,\"kid\":\"\\u00e9\"}",
    empty    => '',
);

seed('jwk_fuzz', $_, "\x01$keys{$_}") for sort keys %keys;

seed('jwk_fuzz', 'document', "\x00{\"keys\":[{$ec},{$rsa}],\"x\":1}");
seed('jwk_fuzz', 'duplicate', "\x00{\"keys\":[{$ec}],\"keys\":[]}");
seed('jwk_fuzz', 'nokeys', "\x00{}");
seed('jwk_fuzz', 'deep', "\x00" . '[' x 3000);


my $header = '{"alg":"ES256","kid":"e"}';
my $claims = '"iss":"joe","sub":"u","aud":["a"],"client_id":"a",'
    . '"token_use":"access","exp":1800000100,"iat":1799999999,'
    . '"scope":"x run","cognito:groups":["g"],"email":"u@x"';

my %signed = (
    good      => "$header\n{$claims}",
    typ       => '{"alg":"ES256","kid":"e","typ":"at+jwt"}' . "\n{$claims}",
    rs256     => '{"alg":"RS256","kid":"r"}' . "\n{$claims}",
    none      => '{"alg":"none","kid":"e"}' . "\n{$claims}",
    kid       => '{"alg":"ES256","kid":"x"}' . "\n{$claims}",
    nokid     => '{"alg":"ES256"}' . "\n{$claims}",
    crit      => '{"alg":"ES256","kid":"e","crit":["b64"],"b64":false}'
                 . "\n{$claims}",
    jwk       => "{\"alg\":\"ES256\",\"kid\":\"e\",\"jwk\":{$ec}}\n{$claims}",
    times     => "$header\n{$claims,\"nbf\":1,\"auth_time\":1800000009}",
    float     => "$header\n" . "{$claims}" =~ s/1800000100/1.8e9/r,
    control   => "$header\n" . "{$claims}" =~ s/"u"/"u\\u0085"/r,
    groups    => "$header\n" . "{$claims}" =~ s/\["g"\]/["g","a,b","\\n"]/r,
    id        => "$header\n" . "{$claims}" =~ s/"access"/"id"/r,
    duplicate => "$header\n{$claims,\"\\u0065xp\":1}",
    notjson   => "$header\nIt's a dangerous business",
    empty     => "$header\n",
);

seed('jwt_fuzz', "signed-$_", "\x01$signed{$_}") for sort keys %signed;

my %raw = (
    empty  => '',
    dots   => '..',
    none   => 'eyJhbGciOiJub25lIn0.e30.',
    hs256  => 'eyJraWQiOiJlIiwiYWxnIjoiSFMyNTYifQ.e30.AAAA',
    four   => 'e30.e30.e30.e30',
    odd    => 'e30.e30.A',
    zeros  => 'eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.e30.' . 'A' x 86,
    json   => '{"payload":"e30","protected":"e30","signature":"e30"}',
);

seed('jwt_fuzz', "raw-$_", "\x00$raw{$_}") for sort keys %raw;

my %changes = (
    none    => '',
    set     => pack('CnC', 0, 300, ord 'A'),
    flip    => pack('CnC', 1, 100, 3),
    remove  => pack('CnC', 2, 50, 0),
    insert  => pack('CnC', 3, 0xffff, ord '='),
    cut     => pack('CnC', 4, 200, 0),
    undo    => pack('CnCCnC', 1, 7, 2, 1, 7, 2),
    dot     => pack('CnC', 3, 20, ord '.'),
);

for my $name (sort keys %changes) {
    seed('jwt_fuzz', "es256-$name", "\x02$changes{$name}");
    seed('jwt_fuzz', "rs256-$name", "\x03$changes{$name}");
}
