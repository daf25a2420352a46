package CodeRemote::HTTP;

# A small HTTP/1.1 client for "--- steps": it can send what no good client
# sends, and keeps its connection to prove that it stays usable.
#
#   my $r = http('POST', '/execute?wait=true', { code => 'print(1)' });
#   $r->{status}, $r->{headers}{location}, $r->{body}, $r->{json}
#
#   my $c = connection();
#   $c->send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
#   my $r = $c->response;
#   $r = $c->request('GET', '/health');
#
# A body that is a reference is sent as JSON.  Options: headers { Name =>
# value, or undef to leave a default out }, chunked => 1.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Socket qw/ SO_RCVBUF inet_aton pack_sockaddr_in /;
use Test::More;
use Time::HiRes qw/ sleep time /;

use constant TIMEOUT => $ENV{TEST_NGINX_TIMEOUT} ? 30 : 15;

our $port;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;


sub steps {
    my ($name, $code, $at) = @_;

    $port = $at;

    local $Test::Builder::Level = $Test::Builder::Level + 3;

    eval "package CodeRemote::Steps;\n#line 1 \"steps of $name\"\n$code; 1"
        or fail("$name - steps: $@");
}


# to another port than the server's; with a receive buffer of so many bytes

sub connection {
    my ($at, $buffer) = @_;

    $at ||= $port;

    my $socket = IO::Socket::INET->new(Proto => 'tcp')
        or die "no socket: $@\n";

    $socket->sockopt(SO_RCVBUF, $buffer) if $buffer;
    $socket->timeout(5);
    $socket->connect(pack_sockaddr_in($at, inet_aton('127.0.0.1')))
        or die "cannot connect to port $at: $!\n";

    $socket->autoflush(1);

    return bless { socket => $socket, buf => '' }, 'CodeRemote::HTTP';
}


sub http {
    my ($method, $path, $body, %o) = @_;

    my $c = connection();
    my $r = $c->request($method, $path, $body, %o);
    close $c->{socket};

    return $r;
}


# polls until the sub gives a true value; conditions are waited for, never
# slept for

sub wait_for(&;$) {
    my ($sub, $seconds) = @_;

    my $end = time + ($seconds || TIMEOUT);

    while (time < $end) {
        my $value = $sub->();
        return $value if $value;
        sleep 0.005;
    }

    return undef;
}


sub wait_ready {
    return wait_for { http('GET', '/ready')->{status} == 200 };
}


# runs a program and gives the finished job

sub run {
    my ($code, %body) = @_;

    wait_ready();

    return http('POST', '/execute?wait=true', { code => $code, %body })->{json};
}


# the job once it is final

sub finished {
    my ($id, $seconds) = @_;

    return wait_for {
        my $r = http('GET', "/jobs/$id");
        return $r->{json} if $r->{status} != 200
                             || $r->{json}{status} !~ /^(queued|running)$/;
        return undef;
    } $seconds;
}


sub send {
    my ($c, $bytes) = @_;

    my $socket = $c->{socket};
    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $socket, $bytes;
        return 0 if !defined $n;
        substr($bytes, 0, $n) = '';
    }

    return 1;
}


sub request {
    my ($c, $method, $path, $body, %o) = @_;

    my %h = (Host => 'localhost', 'Content-Type' => 'application/json');

    $body = $json->encode($body) if ref $body;

    if (defined $body) {
        if ($o{chunked}) {
            $h{'Transfer-Encoding'} = 'chunked';
            $body =~ s/(.{1,1000})/sprintf("%x\r\n%s\r\n", length $1, $1)/gse;
            $body .= "0\r\n\r\n";

        } else {
            $h{'Content-Length'} = length $body;
        }

    } else {
        delete $h{'Content-Type'};
    }

    %h = (%h, %{ $o{headers} || {} });

    my $head = "$method $path HTTP/1.1\r\n";
    for my $name (sort keys %h) {
        $head .= "$name: $h{$name}\r\n" if defined $h{$name};
    }

    $c->send("$head\r\n" . ($body // ''));

    return $c->response($method eq 'HEAD');
}


# undef: the connection was closed before an answer

sub response {
    my ($c, $no_body) = @_;

    my ($status, %headers);

    do {
        my $head = $c->until(qr/\A(.*?)\r\n\r\n/s);
        return undef if !defined $head;

        my @lines = split /\r\n/, $head;
        ($status) = shift(@lines) =~ m{^HTTP/1\.1 (\d+)};
        %headers = map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } @lines;
    } while ($status == 100);

    my $body = '';

    if (!$no_body && $status != 204 && $status != 304) {
        $body = ($headers{'transfer-encoding'} // '') eq 'chunked'
                ? $c->chunks : $c->bytes($headers{'content-length'});
    }

    my $value = ($headers{'content-type'} // '') =~ /json/ && length $body
                ? eval { $json->decode($body) } : undef;

    return { status => $status, headers => \%headers, body => $body,
             json => $value };
}


sub more {
    my ($c) = @_;

    return 0 if !IO::Select->new($c->{socket})->can_read(TIMEOUT);

    return sysread $c->{socket}, $c->{buf}, 65536, length $c->{buf};
}


sub until {
    my ($c, $re) = @_;

    while (1) {
        return $1 if $c->{buf} =~ s/$re//;
        return undef if !$c->more;
    }
}


sub bytes {
    my ($c, $n) = @_;

    while (!defined $n || length $c->{buf} < $n) {
        last if !$c->more;
    }

    $n = length $c->{buf} if !defined $n;

    return substr($c->{buf}, 0, $n, '');
}


sub chunks {
    my ($c) = @_;

    my $body = '';

    while (1) {
        my $n = $c->until(qr/\A([0-9a-fA-F]+)[^\n]*\r\n/);
        return $body if !defined $n;

        my $chunk = $c->bytes(hex $n);
        $c->bytes(2);

        return $body if !length $chunk;
        $body .= $chunk;
    }
}


# 1 when the server has closed the connection

sub closed {
    my ($c) = @_;

    my $n = $c->more;

    return defined $n && $n == 0 || !defined $n;
}


# what curl prints, certificates unchecked

sub curl {
    open my $out, '-|', 'curl', '-sk', '--no-progress-meter', @_ or die "curl: $!\n";
    local $/;
    my $text = <$out>;
    close $out;

    return $text // '';
}


# the value of a line of /metrics, 0 when there is none

sub metric {
    my ($name) = @_;

    my ($value) = http('GET', '/metrics')->{body} =~ /^\Q$name\E (\S+)$/m;

    return $value // 0;
}


package CodeRemote::Steps;

use Test::More;
use JSON::PP ();
use Time::HiRes qw/ sleep time /;

BEGIN {
    no strict 'refs';

    for my $name (qw/ connection http wait_for wait_ready run finished
                      metric curl /)
    {
        *$name = \&{"CodeRemote::HTTP::$name"};
    }

    require CodeRemote::Pool;

    for my $name (qw/ pool_start pool_stop pool_pid pool_kill
                      pool_kill_workers nginx_pid
                      nginx_workers nginx_reload /)
    {
        *$name = \&{"CodeRemote::Pool::$name"};
    }
}

1;
