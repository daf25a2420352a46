package CodeRemote::Jwt;

# An issuer's pen: keys, tokens and key sets that a test makes itself, good
# and forged, by the openssl program alone.
#
#   my $key = key('a');                 # RSA 2048 with kid "a"; kept
#   my $key = key('e', type => 'ec');   # P-256
#   my $t = token(sub => 'ada');        # signed by key('a'), claims() and these
#   my $t = token(-key => $key, -header => { typ => 'JWT' }, exp => undef);
#   my $t = sign($key, $header, $payload);      # texts or hashes
#   write_jwks("$SCRATCH/jwks.json", $key, ...);
#   my $text = jwks($key, ...);
#
# Options of token(): -key, -header (members, undef takes one away), -payload
# (text in place of claims).

use strict;
use warnings;

use Digest::SHA qw/ hmac_sha256 sha256 /;
use Exporter qw/ import /;
use IPC::Open2 qw/ open2 /;
use JSON::PP;
use MIME::Base64 qw/ encode_base64url decode_base64url /;

use CodeRemote::Pool ();

our @EXPORT = qw/ key token sign claims jwks jwk write_jwks bearer b64 unb64
                  counted logged error_log hmac_sha256 ISSUER CLIENT /;

use constant {
    ISSUER => 'https://issuer.example.com/pool_1',
    CLIENT => '1example23456789',
};

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my %keys;


sub b64 { return encode_base64url($_[0]) }
sub unb64 { return decode_base64url($_[0]) }


# what a program prints that reads $input

sub run_openssl {
    my ($input, @args) = @_;

    my $pid = open2(my $out, my $in, 'openssl', @args);

    binmode $_ for $in, $out;
    print {$in} $input;
    close $in;

    my $answer = do { local $/; <$out> };
    waitpid $pid, 0;
    die "openssl @args failed\n" if $?;

    return $answer;
}


sub key {
    my ($kid, %o) = @_;

    my $type = $o{type} || 'rsa';
    my $bits = $o{bits} || 2048;
    my $id = join '-', $type, $bits, $kid =~ s/[^a-z0-9]/_/gir;

    $keys{$id} ||= make_key($id, $type, $bits);

    return { %{ $keys{$id} }, kid => $kid };
}


sub make_key {
    my ($id, $type, $bits) = @_;

    my $file = CodeRemote::Pool::scratch() . "/$id.pem";
    my @how = $type eq 'rsa'
              ? ('-algorithm', 'RSA', '-pkeyopt', "rsa_keygen_bits:$bits")
              : ('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');

    system("openssl genpkey -quiet @how -out $file 2>/dev/null") == 0
        or system("openssl genpkey @how -out $file 2>/dev/null") == 0
        or die "no key\n";

    my %key = (type => $type, file => $file,
               alg => $type eq 'rsa' ? 'RS256' : 'ES256');

    if ($type eq 'rsa') {
        my $text = run_openssl('', 'rsa', '-in', $file, '-noout', '-modulus');
        my ($hex) = $text =~ /Modulus=([0-9A-F]+)/ or die "no modulus\n";
        @key{qw/ n e /} = (b64(pack 'H*', $hex), 'AQAB');

    } else {
        my $der = run_openssl('', 'pkey', '-in', $file, '-pubout',
                              '-outform', 'DER');
        @key{qw/ x y /} = (b64(substr $der, -64, 32), b64(substr $der, -32));
    }

    return \%key;
}


# public half, as a member of a set

sub jwk {
    my ($key, %more) = @_;

    my %jwk = (kid => $key->{kid}, alg => $key->{alg}, use => 'sig',
               $key->{type} eq 'rsa'
               ? (kty => 'RSA', n => $key->{n}, e => $key->{e})
               : (kty => 'EC', crv => 'P-256', x => $key->{x}, y => $key->{y}),
               %more);

    delete @jwk{ grep { !defined $jwk{$_} } keys %jwk };

    return \%jwk;
}


sub jwks {
    return $json->encode({ keys => [map { $_->{file} ? jwk($_) : $_ } @_] });
}


# in one step: who reads it sees the old set or the new one

sub write_jwks {
    my ($file, @keys) = @_;

    open my $out, '>', "$file.new" or die "$file: $!\n";
    print $out jwks(@keys);
    close $out;
    rename "$file.new", $file or die "$file: $!\n";
}


# an access token of Cognito, good for five minutes

sub claims {
    my (%more) = @_;

    my $now = time;
    my %claims = (sub => 'ada', iss => ISSUER, client_id => CLIENT,
                  token_use => 'access', scope => 'openid', iat => $now,
                  auth_time => $now, exp => $now + 300, jti => "j$now$$",
                  username => 'ada', %more);

    delete @claims{ grep { !defined $claims{$_} } keys %claims };

    return \%claims;
}


sub token {
    my (%o) = @_;

    my $key = delete $o{-key} || key('a');
    my $extra = delete $o{-header} || {};
    my $payload = delete $o{-payload};

    my %header = (alg => $key->{alg}, kid => $key->{kid}, %$extra);
    delete @header{ grep { !defined $header{$_} } keys %header };

    return sign($key, \%header, $payload // claims(%o));
}


sub sign {
    my ($key, $header, $payload) = @_;

    my $input = join '.', map { b64(ref $_ ? $json->encode($_) : $_) }
                          $header, $payload;
    my $signature = run_openssl($input, 'dgst', '-sha256', '-sign',
                                $key->{file});

    $signature = raw_ecdsa($signature) if $key->{type} eq 'ec';

    return "$input." . b64($signature);
}


# DER of r and s as two numbers of 32 bytes, RFC 7518 section 3.4

sub raw_ecdsa {
    my ($der) = @_;

    my ($r, $s) = unpack 'x2 xC/a xC/a', $der;

    return join '', map { substr(("\0" x 32) . $_, -32) } $r, $s;
}


# "JWT" on a line of http_config stands for the directives that go with
# claims() and the keys a, b and e, "JWT MODE PARAMETERS" for keys from
# CodeRemote::Issuer; steps may use this package.

sub directives {
    my $dir = CodeRemote::Pool::scratch();

    write_jwks("$dir/jwks.json", key('a'), key('b'), key('e', type => 'ec'));

    Test::Nginx::Util::add_block_preprocessor(sub {
        my ($block) = @_;

        my $http = $block->http_config // '';
        my $n = $block->seq_num;

        $http =~ s/^JWT(?: (\w+)(.*))?\n/conf_text(ISSUER, $1, $2, $n)/me;
        $block->set_value('http_config', $http);

        if (defined $block->steps) {
            $block->set_value('steps', "use CodeRemote::Jwt;\n"
                . (defined $1 ? "CodeRemote::Issuer::block($n);\n" : '')
                . $block->steps);
        }
    });
}


sub conf_text {
    my ($issuer, $mode, $parameters, $n) = @_;
    my $dir = CodeRemote::Pool::scratch();
    my $keys = "coderemote_jwt_jwks_file $dir/jwks.json";

    if (defined $mode) {
        my $where = CodeRemote::Issuer::where();
        $keys = "coderemote_jwt_jwks_uri $where/$n/$mode/jwks.json"
                . $parameters;
    }

    return "coderemote_auth jwt;\n"
           . "coderemote_jwt_issuer $issuer;\n"
           . 'coderemote_jwt_audience ' . CLIENT . ";\n"
           . "coderemote_jwt_token_use access;\n"
           . "$keys;\n";
}


# the same as a file that a reload reads again

sub issuer_conf {
    my ($issuer) = @_;
    my $file = CodeRemote::Pool::scratch() . '/issuer.conf';

    open my $out, '>', $file or die "$file: $!\n";
    print $out conf_text($issuer || ISSUER);
    close $out;
}


# how many tokens ended so; /metrics asks for one itself

sub counted {
    my ($outcome) = @_;

    my $r = CodeRemote::HTTP::http('GET', '/metrics', undef, bearer(token()));
    my ($n) = $r->{body}
              =~ /^coderemote_auth_total\{outcome="\Q$outcome\E"\} (\d+)$/m;

    return $n // "no such outcome: $r->{status}";
}


# whether a file of logs/ comes to match: a line is written after its answer

sub logged {
    my ($name, $re) = @_;
    my $file = "$Test::Nginx::Util::ServRoot/logs/$name";

    return CodeRemote::HTTP::wait_for(sub {
        CodeRemote::Pool::slurp($file) =~ $re
    });
}


sub error_log {
    return "$Test::Nginx::Util::ServRoot/logs/error.log";
}


# headers for http()

sub bearer {
    my ($token, %more) = @_;

    return (headers => { Authorization => "Bearer $token", %more });
}

1;
