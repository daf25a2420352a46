package CodeRemote::Cognito;

# A server that answers like Amazon Cognito, also with what its emulator does
# not have.  Without being told anything every operation succeeds.
#
#   CodeRemote::Cognito::start();                   # tls => 1 for https
#   CodeRemote::Cognito::answer('SignUp', error('UsernameExistsException'));
#   CodeRemote::Cognito::answer('InitiateAuth', { mode => 'hang' });
#   CodeRemote::Cognito::well();                    # all succeed again
#   my @bodies = CodeRemote::Cognito::asked('SignUp');
#   my $n = CodeRemote::Cognito::connections();
#
# An answer has status, body (text, or a reference for JSON), headers and mode:
# hang (none), slow (300 ms), drip (a byte each 50 ms), reset, huge (100 MB),
# cut (half of it).  Further members of answer('settings'):
#
#   secret   demanded as SecretHash, SECRET_HASH or ClientSecret
#   rotate   refresh tokens are r1, r2, ...; each is good once
#   access, id       in place of the tokens that are made at the start
#
# "COGNITO DIRECTIVES" on a line of http_config stands for what goes with it.

use strict;
use warnings;

use Digest::SHA qw/ hmac_sha256_base64 /;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw/ SO_LINGER SOL_SOCKET TCP_NODELAY IPPROTO_TCP /;
use Time::HiRes qw/ sleep /;

use CodeRemote::Jwt ();
use CodeRemote::Pool ();

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my ($pid, $port, $tls);
my %answers;
my $owner = $$;

my %message = (
    NotAuthorizedException => 'Incorrect username or password.',
    UserNotFoundException => 'User does not exist.',
    UsernameExistsException => 'User already exists',
    UserNotConfirmedException => 'User is not confirmed.',
    PasswordResetRequiredException => 'Password reset required for the user',
    InvalidPasswordException =>
        'Password did not conform with policy: Password not long enough',
    CodeMismatchException =>
        'Invalid verification code provided, please try again.',
    ExpiredCodeException =>
        'Invalid code provided, please request a code again.',
    TooManyRequestsException => 'Rate exceeded',
    LimitExceededException =>
        'Attempt limit exceeded, please try after some time.',
    ResourceNotFoundException => 'User pool client nope does not exist.',
);


sub file { return CodeRemote::Pool::scratch() . "/cognito-$_[0]" }


sub put {
    my ($name, $text) = @_;

    open my $out, '>', file("$name.new") or die "$name: $!\n";
    print $out $text;
    close $out;
    rename file("$name.new"), file($name) or die "$name: $!\n";
}


sub answer {
    my ($op, $answer) = @_;

    $answers{$op} = $answer;
    put('answers', $json->encode(\%answers));
}


sub well {
    %answers = (settings => tokens());
    put('answers', $json->encode(\%answers));
    put('rotated', '1');
}


sub settings {
    my (%more) = @_;

    answer('settings', { %{ $answers{settings} }, %more });
}


sub error {
    my ($type, $text, %more) = @_;

    return { status => 400,
             body => { __type => $type,
                       message => $text // $message{$type} // 'Sorry' },
             headers => { 'x-amzn-ErrorType' => "$type:" }, %more };
}


sub tokens {
    my (%more) = @_;
    my @who = (sub => 'ada', username => 'ada-1', %more);

    return {
        access => CodeRemote::Jwt::token(@who),
        id => CodeRemote::Jwt::token(@who, token_use => 'id',
            aud => CodeRemote::Jwt::CLIENT(), client_id => undef,
            username => undef, 'cognito:username' => 'ada-1',
            email => 'ada@example.com'),
    };
}


sub asked {
    my ($op) = @_;

    return map { $json->decode($_->[1]) }
           grep { !defined $op || $_->[0] eq $op }
           map { [ split / /, $_, 2 ] }
           split /\n/, CodeRemote::Pool::slurp(file('requests'));
}


sub connections {
    return scalar(() = CodeRemote::Pool::slurp(file('connections')) =~ /\n/g);
}


sub forget { put('requests', ''); put('connections', '') }

# localhost is in the certificate, the address is not

sub where {
    return $tls ? "https://localhost:$port/" : "http://127.0.0.1:$port/";
}


sub directives {
    Test::Nginx::Util::add_block_preprocessor(sub {
        my ($block) = @_;
        my $http = $block->http_config // '';

        $http =~ s{^COGNITO(.*)\n}{
            "coderemote_cognito_endpoint " . where() . ";\n"
            . "coderemote_cognito_client_id " . CodeRemote::Jwt::CLIENT()
            . ";\n$1\n"
        }me;
        $block->set_value('http_config', $http);

        if (defined $block->steps) {
            $block->set_value('steps', "CodeRemote::Cognito::well();\n"
                . "CodeRemote::Cognito::forget();\n" . $block->steps);
        }
    });
}


sub start {
    my (%o) = @_;

    $tls = $o{tls};

    my @where = (LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 128,
                 ReuseAddr => 1);
    my $listener;

    if ($tls) {
        require IO::Socket::SSL;
        CodeRemote::Pool::certificate();
        my $dir = CodeRemote::Pool::scratch();
        $listener = IO::Socket::SSL->new(@where, SSL_server => 1,
            SSL_startHandshake => 0, SSL_cert_file => "$dir/tls.pem",
            SSL_key_file => "$dir/tls.key");

    } else {
        $listener = IO::Socket::INET->new(@where, Proto => 'tcp');
    }

    die "no fake of Cognito: $@\n" if !$listener;

    $port = $listener->sockport;
    forget();
    well();

    $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';
        accept_all($listener);
        POSIX::_exit(0);
    }

    return $port;
}


sub stop {
    return if !$pid;

    kill 'KILL', $pid;
    waitpid $pid, 0;
    $pid = undef;
}


# each connection in a process of its own, for 30 s at most

sub accept_all {
    my ($listener) = @_;

    while (1) {
        my $c = $listener->accept or next;
        my $child = fork();

        if (defined $child && $child == 0) {
            alarm 30;
            close $listener;
            setsockopt $c, IPPROTO_TCP, TCP_NODELAY, 1;
            $c->accept_SSL or POSIX::_exit(0) if $tls;
            note('connections', '');
            eval { 1 while serve($c) };
            POSIX::_exit(0);
        }

        $tls ? $c->close(SSL_no_shutdown => 1) : close $c;
    }
}


sub note {
    my ($name, $text) = @_;

    open my $out, '>>', file($name);
    syswrite $out, "$text\n";
    close $out;
}


sub serve {
    my ($c) = @_;

    my $in = '';
    while ($in !~ /\r\n\r\n/) {
        return 0 if !sysread $c, $in, 4096, length $in;
    }

    my ($head, $body) = split /\r\n\r\n/, $in, 2;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;
    while (length $body < ($length // 0)) {
        return 0 if !sysread $c, $body, 4096, length $body;
    }

    my ($op) = $head
        =~ /^X-Amz-Target: AWSCognitoIdentityProviderService\.(\w+)\r?$/mi;
    my $ok = $head =~ m{^POST / HTTP/1.1\r\n}
             && $head =~ m{^Content-Type: application/x-amz-json-1.1\r?$}mi;

    note('requests', ($op // '-') . ' ' . $body);

    my $all = $json->decode(CodeRemote::Pool::slurp(file('answers')));

    return reply($c, !defined $op || !$ok
                     ? { status => 400, body => { message => 'what?' } }
                     : result($op, $json->decode($body), $all));
}


sub result {
    my ($op, $in, $all) = @_;
    my $set = $all->{settings};

    if (defined $set->{secret}) {
        my $refused = proof($op, $in, $set->{secret});
        return $refused if $refused;
    }

    return $all->{$op} if $all->{$op};

    my %both = (AccessToken => $set->{access}, IdToken => $set->{id},
                ExpiresIn => 300, TokenType => 'Bearer');

    if ($op eq 'GetTokensFromRefreshToken') {
        return { body => { AuthenticationResult => \%both } }
            if !$set->{rotate};

        my $now = CodeRemote::Pool::slurp(file('rotated'));
        return error('NotAuthorizedException',
                     'Refresh Token has been revoked')
            if $in->{RefreshToken} ne "r$now";

        put('rotated', ++$now);
        return { body => { AuthenticationResult =>
                           { %both, RefreshToken => "r$now" } } };
    }

    if ($op eq 'InitiateAuth' || $op eq 'RespondToAuthChallenge') {
        if (($in->{AuthFlow} // '') eq 'REFRESH_TOKEN_AUTH') {
            return error('NotAuthorizedException', 'Refresh token rotation is'
                         . ' enabled') if $set->{rotate};
        } else {
            $both{RefreshToken} = 'r1';
        }

        return { body => { AuthenticationResult => \%both,
                           ChallengeParameters => {} } };
    }

    # these two answer with nothing at all

    return { body => $op =~ /^(?:RevokeToken|GlobalSignOut)$/ ? '' : {} };
}


# as the service does; which operation wants which proof

sub proof {
    my ($op, $in, $secret) = @_;

    return undef if $op eq 'GlobalSignOut';

    if ($op =~ /^(?:RevokeToken|GetTokensFromRefreshToken)$/) {
        return ($in->{ClientSecret} // '') eq $secret ? undef
               : error('NotAuthorizedException', 'Invalid client secret');
    }

    my $params = $in->{AuthParameters} || $in->{ChallengeResponses};
    my $name = $params ? $params->{USERNAME} // 'ada-1' : $in->{Username};
    my $hash = $params ? $params->{SECRET_HASH} : $in->{SecretHash};

    return error('NotAuthorizedException', "Client $in->{ClientId} is"
                 . ' configured with secret but SECRET_HASH was not received')
        if !defined $hash;

    my $want = hmac_sha256_base64($name . $in->{ClientId}, $secret);
    $want .= '=' while length($want) % 4;

    return $hash eq $want ? undef
           : error('NotAuthorizedException', 'Unable to verify secret hash'
                   . " for client $in->{ClientId}");
}


# true: the connection goes on

sub reply {
    my ($c, $a) = @_;

    my $mode = $a->{mode} // '';
    my $body = $a->{body} // {};
    $body = $json->encode($body) if ref $body;

    if ($mode eq 'reset') {
        setsockopt $c, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
        return 0;
    }

    sleep 30 if $mode eq 'hang';
    sleep 0.3 if $mode eq 'slow';

    my %h = ('Content-Type' => 'application/x-amz-json-1.1',
             'Content-Length' => length $body, %{ $a->{headers} || {} });

    delete $h{'Content-Length'} if $mode eq 'huge';

    my $head = 'HTTP/1.1 ' . ($a->{status} // 200) . " X\r\n"
               . join('', map { "$_: $h{$_}\r\n" } sort keys %h) . "\r\n";

    if ($mode eq 'huge') {
        syswrite $c, $head;
        my $spaces = ' ' x 65536;
        for (1 .. 1600) {
            last if !syswrite $c, $spaces;
        }
        return 0;
    }

    if ($mode eq 'drip') {
        syswrite $c, $head;
        for my $byte (split //, $body) {
            last if !syswrite $c, $byte;
            sleep 0.05;
        }
        return 0;
    }

    if ($mode eq 'cut') {
        syswrite $c, $head . substr $body, 0, length($body) / 2;
        return 0;
    }

    return syswrite $c, $head . $body;
}


END {
    if ($$ == $owner) {
        local $?;
        stop();
    }
}

1;
