package CodeRemote::Issuer;

# An issuer's server that does what it is told: by the name of a mode in a
# file that every request reads, or, if that is "ok", in the path, which is
# /BLOCK/MODE/jwks.json.  It answers with the text of the file "body" and
# notes each request.
#
#   my $port = CodeRemote::Issuer::start();         # tls => 1 for https
#   CodeRemote::Issuer::serve(key('a'), ...);       # the set from now on
#   CodeRemote::Issuer::body($text);
#   CodeRemote::Issuer::mode('500');
#   CodeRemote::Issuer::block(3);                   # which is looked at now
#   CodeRemote::Issuer::requests();                 # how many came for it
#
# Modes: ok; a status; hang (no answer), slow (1 s), drip (a byte each 50 ms),
# reset, redirect (to where it would be ok), huge (100 MB), gzip
# (compressed without being asked), html.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Socket qw/ SO_LINGER SOL_SOCKET /;
use Time::HiRes qw/ sleep /;

use CodeRemote::Jwt ();
use CodeRemote::Pool ();

my ($pid, $port, $tls);
my $block = 0;
my $owner = $$;


sub file { return CodeRemote::Pool::scratch() . "/issuer-$_[0]" }


sub put {
    my ($name, $text) = @_;

    open my $out, '>', file("$name.new") or die "$name: $!\n";
    print $out $text;
    close $out;
    rename file("$name.new"), file($name) or die "$name: $!\n";
}


sub mode { put('mode', $_[0]) }
sub body { put('body', $_[0]) }
sub serve { body(CodeRemote::Jwt::jwks(@_)); mode('ok') }
sub block { $block = $_[0] }

sub requests {
    my $text = CodeRemote::Pool::slurp(file('requests'));
    return scalar(() = $text =~ m{^/\Q$block\E/}mg);
}


# localhost is in the certificate, the address is not

sub where {
    return $tls ? "https://localhost:$port" : "http://127.0.0.1:$port";
}



sub start {
    my (%o) = @_;

    stop();
    $tls = $o{tls};

    my @where = (LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 128,
                 ReuseAddr => 1);
    my $listener;

    if ($o{tls}) {
        require IO::Socket::SSL;
        CodeRemote::Pool::certificate();
        my $dir = CodeRemote::Pool::scratch();
        $listener = IO::Socket::SSL->new(@where, SSL_server => 1,
            SSL_startHandshake => 0, SSL_cert_file => "$dir/tls.pem",
            SSL_key_file => "$dir/tls.key");

    } else {
        $listener = IO::Socket::INET->new(@where, Proto => 'tcp');
    }

    die "no issuer: $@\n" if !$listener;

    $port = $listener->sockport;
    put('requests', '');
    mode('ok');

    $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';
        accept_all($listener, $o{tls});
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


# each connection in a process of its own, for 20 s at most

sub accept_all {
    my ($listener, $tls) = @_;

    while (1) {
        my $c = $listener->accept or next;
        my $child = fork();

        if (defined $child && $child == 0) {
            alarm 20;
            close $listener;
            $c->accept_SSL or POSIX::_exit(0) if $tls;
            eval { answer($c) };
            POSIX::_exit(0);
        }

        $tls ? $c->close(SSL_no_shutdown => 1) : close $c;
    }
}


sub answer {
    my ($c) = @_;

    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        my $n = sysread $c, $head, 4096, length $head;
        return if !$n;
    }

    my ($path) = $head =~ /^GET (\S+)/;

    open my $out, '>>', file('requests');
    syswrite $out, "$path\n";
    close $out;

    my $mode = CodeRemote::Pool::slurp(file('mode'));
    ($mode) = $path =~ m{^/[^/]*/(\w+)/} if $mode eq 'ok';
    $mode //= 'ok';
    my $body = CodeRemote::Pool::slurp(file('body'));

    if ($mode eq 'reset') {
        setsockopt $c, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
        return;
    }

    sleep 30 if $mode eq 'hang';
    sleep 1 if $mode eq 'slow';

    my $status = $mode =~ /^(\d+)$/ ? $1
                 : $mode eq 'redirect' ? 302 : 200;
    my %h = ('Content-Type' => 'application/json',
             'Content-Length' => length $body);

    $h{Location} = $path =~ s/redirect/ok/r if $mode eq 'redirect';
    $h{'Content-Encoding'} = 'gzip' if $mode eq 'gzip';
    $body = "\x1f\x8b\x08" . ("\0" x 1000) if $mode eq 'gzip';
    $body = '<html>' if $mode eq 'html';
    $h{'Content-Length'} = length $body;
    delete $h{'Content-Length'} if $mode eq 'huge';

    print {$c} "HTTP/1.1 $status X\r\nConnection: close\r\n",
               (map { "$_: $h{$_}\r\n" } sort keys %h), "\r\n";

    if ($mode eq 'huge') {
        my $spaces = ' ' x 65536;
        for (1 .. 1600) {
            last if !print {$c} $spaces;
        }

    } elsif ($mode eq 'drip') {
        for my $byte (split //, $body) {
            last if !print {$c} $byte;
            $c->flush;
            sleep 0.05;
        }

    } else {
        print {$c} $body;
    }

    close $c;
}


END {
    if ($$ == $owner) {
        local $?;
        stop();
    }
}

1;
