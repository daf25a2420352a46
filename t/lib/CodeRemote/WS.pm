package CodeRemote::WS;

# A WebSocket client for tests: it can break every rule on purpose, and it
# dies when the server breaks one.  Core Perl only; TLS needs IO::Socket::SSL.
#
#   my $ws = CodeRemote::WS->connect('127.0.0.1', 8080, '/ws',
#       headers   => { Origin => 'http://localhost:8080' },
#       protocols => ['coderemote.v1'],
#       deflate   => 1);
#
#   $ws->status                   101; else $ws->body and $ws->json tell more
#   $ws->header('upgrade')
#
#   $ws->send_json({ type => 'ping' });
#   my $m = $ws->recv_json(5);                  # dies after 5 s
#   my $r = $ws->recv_type('result', 5);        # skips other types
#
#   $ws->send_frame(opcode => 1, fin => 0, payload => 'Hel');
#   my $f = $ws->recv(1);                       # undef after 1 s
#
#   my ($code, $reason) = $ws->close(1000, 'bye');
#
# recv() returns { type => text|binary|ping|pong|close|eof, data, code,
# reason }.  Pings are answered and skipped unless auto_pong => 0.

use strict;
use warnings;

use Compress::Raw::Zlib;
use Digest::SHA qw/ sha1 /;
use Encode qw/ decode encode FB_CROAK LEAVE_SRC /;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw/ encode_base64 /;
use Time::HiRes qw/ time /;

use constant {
    CONTINUATION => 0, TEXT => 1, BINARY => 2,
    CLOSE => 8, PING => 9, PONG => 10,

    TIMEOUT => 5,
    GUID    => '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
};

my %type = (TEXT, 'text', BINARY, 'binary', CLOSE, 'close', PING, 'ping',
            PONG, 'pong');

my $json = JSON::PP->new->utf8->canonical->allow_nonref;


# connect(HOST, PORT, PATH, OPTIONS): opens, sends the handshake and reads the
# answer.  Options: headers { Name => value, undef (leave a default out) or
# [values] }, protocols [...], deflate (1, or the value of the offer), method,
# version (of HTTP), timeout, tls, auto_pong, early (bytes sent right behind
# the handshake).

sub connect {
    my ($class, $host, $port, $path, %o) = @_;

    my $self = bless {
        buffer    => '',
        timeout   => $o{timeout} || TIMEOUT,
        auto_pong => defined $o{auto_pong} ? $o{auto_pong} : 1,
        key       => encode_base64(join('', map { chr int rand 256 } 1 .. 16),
                                   ''),
    }, $class;

    $self->{socket} = _open($host, $port, \%o, $self->{timeout});

    my $request = ($o{method} || 'GET') . " $path HTTP/"
        . ($o{version} || '1.1') . "\r\n";

    for (@{ $self->_headers($host, $port, \%o) }) {
        $request .= "$_->[0]: $_->[1]\r\n";
    }

    $self->send_raw("$request\r\n"
                    . (defined $o{early} ? $o{early} : ''));
    $self->_read_answer;

    return $self;
}


sub _open {
    my ($host, $port, $o, $timeout) = @_;

    my @where = (PeerAddr => $host, PeerPort => $port, Timeout => $timeout);
    my $socket;

    if ($o->{tls}) {
        require IO::Socket::SSL;
        $socket = IO::Socket::SSL->new(@where,
            SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE());

    } else {
        $socket = IO::Socket::INET->new(@where, Proto => 'tcp');
    }

    die "cannot connect to $host:$port: $@ $!\n" if !$socket;

    binmode $socket;
    $socket->autoflush(1);

    return $socket;
}


sub _headers {
    my ($self, $host, $port, $o) = @_;

    my %given = %{ $o->{headers} || {} };
    my %lower = map { lc $_ => 1 } keys %given;
    my @headers = (
        [Host => "$host:$port"],
        [Upgrade => 'websocket'],
        [Connection => 'Upgrade'],
        ['Sec-WebSocket-Version' => 13],
        ['Sec-WebSocket-Key' => $self->{key}],
    );

    if ($o->{protocols}) {
        push @headers, ['Sec-WebSocket-Protocol',
                        join ', ', @{ $o->{protocols} }];
    }

    if ($o->{deflate}) {
        push @headers, ['Sec-WebSocket-Extensions',
                        $o->{deflate} eq '1' ? 'permessage-deflate'
                                             : $o->{deflate}];
    }

    @headers = grep { !$lower{ lc $_->[0] } } @headers;

    for my $name (sort keys %given) {
        my $value = $given{$name};

        push @headers, map { [$name, $_] }
            ref $value ? @$value : defined $value ? ($value) : ();
    }

    return \@headers;
}


sub _read_answer {
    my ($self) = @_;
    my $deadline = time + $self->{timeout};

    while ($self->{buffer} !~ /\r\n\r\n/) {
        $self->_fill($deadline)
            or die "no answer to the handshake: "
                   . ($self->{eof} ? 'closed' : 'timeout') . "\n";
    }

    my ($head, $rest) = split /\r\n\r\n/, $self->{buffer}, 2;
    my ($line, @lines) = split /\r\n/, $head;

    $line =~ m{^HTTP/1\.[01] (\d{3})(?: (.*))?$}
        or die "not an answer of HTTP: $line\n";

    $self->{status} = $1;
    $self->{buffer} = $rest;
    $self->{headers} = {};

    for (@lines) {
        my ($name, $value) = /^([^:\s]+):\s*(.*?)\s*$/
            or die "not a header: $_\n";

        my $old = $self->{headers}{ lc $name };
        $self->{headers}{ lc $name } = defined $old ? "$old, $value" : $value;
    }

    return $self->_read_body($deadline) if $self->{status} != 101;

    $self->_check_101;
}


sub _check_101 {
    my ($self) = @_;
    my %want = (
        'sec-websocket-accept' =>
            encode_base64(sha1($self->{key} . GUID), ''),
        'upgrade' => 'websocket',
        'connection' => 'upgrade',
    );

    for my $name (sort keys %want) {
        my $got = $self->header($name);
        my $same = $name eq 'sec-websocket-accept'
            ? defined $got && $got eq $want{$name}
            : defined $got && lc $got eq $want{$name};

        die "wrong $name: " . (defined $got ? $got : 'none') . "\n" if !$same;
    }

    my $extensions = $self->header('sec-websocket-extensions');

    $self->{deflate} = defined $extensions
                       && $extensions =~ /^permessage-deflate\b/;
}


sub _read_body {
    my ($self, $deadline) = @_;
    my $length = $self->header('content-length');
    my $chunked = ($self->header('transfer-encoding') || '') =~ /chunked/i;

    while (!$self->{eof}) {
        last if defined $length && length $self->{buffer} >= $length;
        last if $chunked && $self->{buffer} =~ /(?:^|\r\n)0\r\n\r\n\z/;
        $self->_fill($deadline) or last;
    }

    my $body = $self->{buffer};

    if ($chunked) {
        my $raw = $body;
        $body = '';
        while ($raw =~ s/^([0-9a-fA-F]+)[^\r]*\r\n//) {
            last if !hex $1;
            $body .= substr $raw, 0, hex $1, '';
            $raw =~ s/^\r\n//;
        }
    }

    $self->{body} = $body;
    $self->{buffer} = '';
}


sub status  { $_[0]{status} }
sub headers { $_[0]{headers} }
sub header  { $_[0]{headers}{ lc $_[1] } }
sub body    { $_[0]{body} }
sub json    { $json->decode($_[0]{body}) }
sub socket  { $_[0]{socket} }
sub eof     { $_[0]{eof} }


# Sending.

sub send_raw {
    my ($self, $bytes) = @_;
    my $deadline = time + $self->{timeout};

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $left = $deadline - time;
        die "the server does not read\n"
            if $left <= 0
               || !IO::Select->new($self->{socket})->can_write($left);

        my $n = syswrite $self->{socket}, $bytes;
        return 0 if !defined $n && !$!{EAGAIN} && !$!{EINTR};

        substr $bytes, 0, $n || 0, '';
    }

    return 1;
}


# frame(OPTIONS): the bytes of one frame.  opcode, payload, fin (1), rsv (0;
# 4 is RSV1), mask (1, 0 or four bytes), length (what the header says, if not
# the truth), form (7, 16 or 64 bits of length, if not the shortest).

sub frame {
    my ($self, %o) = @_;

    my $payload = defined $o{payload} ? $o{payload} : '';
    my $length = defined $o{length} ? $o{length} : length $payload;
    my $fin = defined $o{fin} ? $o{fin} : 1;
    my $mask = defined $o{mask} ? $o{mask} : 1;
    my $form = $o{form}
               || ($length < 126 ? 7 : $length < 65536 ? 16 : 64);

    my $head = pack 'C', ($fin ? 0x80 : 0) | (($o{rsv} || 0) << 4)
                         | (defined $o{opcode} ? $o{opcode} : TEXT);
    my $bit = $mask ? 0x80 : 0;

    $head .= $form == 7  ? pack 'C', $bit | $length
           : $form == 16 ? pack 'Cn', $bit | 126, $length
           :               pack 'CQ>', $bit | 127, $length;

    return $head . $payload if !$mask;

    $mask = pack 'N', int rand 2 ** 32 if length $mask != 4;

    my $n = length $payload;
    my $pad = substr $mask x (int($n / 4) + 1), 0, $n;

    return $head . $mask . ($payload ^ $pad);
}


sub send_frame {
    my ($self, %o) = @_;

    return $self->send_raw($self->frame(%o));
}


# send_text(TEXT, OPTIONS): characters, not bytes.  fragments => N: in frames
# of N bytes; deflate => 1: compressed.

sub send_text {
    my ($self, $text, %o) = @_;

    return $self->_send_message(TEXT, encode('UTF-8', $text), \%o);
}


sub send_binary {
    my ($self, $bytes, %o) = @_;

    return $self->_send_message(BINARY, $bytes, \%o);
}


sub send_json {
    my ($self, $data, %o) = @_;

    return $self->_send_message(TEXT, $json->encode($data), \%o);
}


sub _send_message {
    my ($self, $opcode, $payload, $o) = @_;

    my $rsv = 0;

    if ($o->{deflate}) {
        $payload = deflate_message($payload);
        $rsv = 4;
    }

    my $step = $o->{fragments} || length($payload) || 1;
    my $at = 0;
    my $bytes = '';

    do {
        my $part = substr $payload, $at, $step;
        $at += $step;

        $bytes .= $self->frame(
            opcode => $opcode, rsv => $rsv, payload => $part,
            fin => $at >= length $payload);

        $opcode = CONTINUATION;
        $rsv = 0;
    } while ($at < length $payload);

    return $self->send_raw($bytes);
}


sub ping {
    my ($self, $payload) = @_;

    return $self->send_frame(opcode => PING, payload => $payload);
}


# Receiving.

# recv_frame(SECONDS): { fin, rsv, opcode, payload } as it was sent; undef
# after that time or at the end of the connection ($ws->eof tells which).

sub recv_frame {
    my ($self, $seconds) = @_;
    my $deadline = time + (defined $seconds ? $seconds : $self->{timeout});

    for ( ;; ) {
        my $frame = $self->_take_frame;
        return $frame if $frame;

        return undef if !$self->_fill($deadline);
    }
}


sub _take_frame {
    my ($self) = @_;
    my $b = $self->{buffer};

    return undef if length $b < 2;

    my ($first, $second) = unpack 'CC', $b;
    my $n = $second & 0x7f;
    my $head = 2;

    die "server: a frame is masked\n" if $second & 0x80;

    if ($n >= 126) {
        $head = $n == 126 ? 4 : 10;
        return undef if length $b < $head;

        my $form = $n;
        $n = unpack $form == 126 ? 'x2 n' : 'x2 Q>', $b;

        die "server: length $n is not minimal\n"
            if $n < ($form == 126 ? 126 : 65536);
    }

    my $frame = {
        fin => $first >> 7, rsv => ($first >> 4) & 7, opcode => $first & 15,
    };

    _check_frame($self, $frame, $n);

    return undef if length $b < $head + $n;

    $frame->{payload} = substr $b, $head, $n;
    substr $self->{buffer}, 0, $head + $n, '';

    return $frame;
}


sub _check_frame {
    my ($self, $f, $n) = @_;
    my $opcode = $f->{opcode};

    die "server: reserved opcode $opcode\n"
        if $opcode != CONTINUATION && !$type{$opcode};

    die "server: control frame is cut or too long\n"
        if $opcode >= 8 && (!$f->{fin} || $n > 125);

    die "server: reserved bits $f->{rsv}\n"
        if $f->{rsv} && !($f->{rsv} == 4 && $self->{deflate}
                          && ($opcode == TEXT || $opcode == BINARY));
}


# recv(SECONDS): the next whole message, or control frame; undef: none came.

sub recv {
    my ($self, $seconds) = @_;
    my $deadline = time + (defined $seconds ? $seconds : $self->{timeout});

    for ( ;; ) {
        my $left = $deadline - time;
        my $frame = $self->recv_frame($left > 0 ? $left : 0);

        if (!$frame) {
            return $self->{eof} ? { type => 'eof' } : undef;
        }

        my $m = $frame->{opcode} >= 8 ? $self->_control($frame)
                                      : $self->_data($frame);
        return $m if $m;
    }
}


sub _control {
    my ($self, $f) = @_;
    my $m = { type => $type{ $f->{opcode} }, data => $f->{payload} };

    if ($f->{opcode} == CLOSE) {
        die "server: half a close code\n" if length $f->{payload} == 1;

        ($m->{code}, $m->{reason}) = (1005, '');

        if (length $f->{payload}) {
            ($m->{code}, my $reason) = unpack 'n a*', $f->{payload};
            $m->{reason} = _characters($reason);
        }

        $self->{closed} = $m;

        return $m;
    }

    if ($f->{opcode} == PING && $self->{auto_pong}) {
        $self->send_frame(opcode => PONG, payload => $f->{payload});
        return undef;
    }

    return $m;
}


sub _data {
    my ($self, $f) = @_;

    if ($f->{opcode} == CONTINUATION) {
        die "server: continuation of nothing\n" if !$self->{message};

        $self->{message}{data} .= $f->{payload};

    } else {
        die "server: message within a message\n" if $self->{message};

        $self->{message} = {
            type => $type{ $f->{opcode} }, data => $f->{payload},
            compressed => $f->{rsv} == 4 ? 1 : 0,
        };
    }

    return undef if !$f->{fin};

    my $m = delete $self->{message};

    $m->{data} = inflate_message($m->{data}) if $m->{compressed};
    $m->{data} = _characters($m->{data}) if $m->{type} eq 'text';

    return $m;
}


sub _characters {
    my ($bytes) = @_;
    my $text = eval { decode('UTF-8', $bytes, FB_CROAK | LEAVE_SRC) };

    die "server: text is not UTF-8\n" if !defined $text;

    return $text;
}


# recv_json(SECONDS): the next text message, decoded.  Dies when none comes.

sub recv_json {
    my ($self, $seconds) = @_;
    my $m = $self->recv($seconds);

    die "no message came\n" if !$m;
    die "a $m->{type} came instead of a message"
        . ($m->{type} eq 'close' ? " ($m->{code} $m->{reason})" : '') . "\n"
        if $m->{type} ne 'text';

    return $json->decode(encode('UTF-8', $m->{data}));
}


# recv_type(TYPE, SECONDS, SEEN): the next JSON message of that type; those
# before it are pushed to @$SEEN.

sub recv_type {
    my ($self, $type, $seconds, $seen) = @_;
    my $deadline = time + (defined $seconds ? $seconds : $self->{timeout});

    for ( ;; ) {
        my $left = $deadline - time;
        my $m = $self->recv_json($left > 0 ? $left : 0);

        return $m if $m->{type} eq $type;

        push @$seen, $m if $seen;
    }
}


# close(CODE, REASON, SECONDS): the closing handshake; returns the code and
# reason of the server, nothing if it did not answer.  Messages that were
# under way are dropped.  Without CODE the frame has no payload.

sub close {
    my ($self, $code, $reason, $seconds) = @_;

    my $payload = defined $code
        ? pack('n', $code)
          . encode('UTF-8', defined $reason ? $reason : '')
        : '';

    $self->send_frame(opcode => CLOSE, payload => $payload);

    my $m = $self->recv_close($seconds);

    $self->disconnect;

    return $m ? ($m->{code}, $m->{reason}) : ();
}


# recv_close(SECONDS): waits for the server's close frame, skips the rest.

sub recv_close {
    my ($self, $seconds) = @_;
    my $deadline = time + (defined $seconds ? $seconds : $self->{timeout});

    while (!$self->{closed}) {
        my $left = $deadline - time;
        my $m = $self->recv($left > 0 ? $left : 0);

        last if !$m || $m->{type} eq 'eof';
    }

    return $self->{closed};
}


# recv_eof(SECONDS): true when the server ends the connection in time.

sub recv_eof {
    my ($self, $seconds) = @_;
    my $deadline = time + (defined $seconds ? $seconds : $self->{timeout});

    while (!$self->{eof}) {
        $self->_fill($deadline) or last;
    }

    return $self->{eof};
}


sub disconnect {
    my ($self) = @_;

    CORE::close($self->{socket}) if $self->{socket};
    $self->{socket} = undef;
    $self->{eof} = 1;
}


# Reads what is there, or waits for it until the deadline.  False: nothing.

sub _fill {
    my ($self, $deadline) = @_;
    my $socket = $self->{socket};

    return 0 if $self->{eof};

    for ( ;; ) {
        my $pending = $socket->can('pending') && $socket->pending;

        if (!$pending) {
            my $left = $deadline - time;
            return 0 if !IO::Select->new($socket)
                             ->can_read($left > 0 ? $left : 0);
        }

        my $n = sysread $socket, $self->{buffer}, 65536,
                        length $self->{buffer};

        return 1 if $n;
        next if !defined $n && ($!{EAGAIN} || $!{EINTR});

        $self->{eof} = 1;

        return 0;
    }
}


# RFC 7692 without context takeover, both ways.

sub deflate_message {
    my ($bytes) = @_;
    my ($d) = Compress::Raw::Zlib::Deflate->new(
        -AppendOutput => 1, -WindowBits => -15);
    my $out = '';

    $d->deflate($bytes, $out);
    $d->flush($out, Z_SYNC_FLUSH);

    return substr $out, 0, -4;
}


sub inflate_message {
    my ($bytes) = @_;
    my ($i) = Compress::Raw::Zlib::Inflate->new(
        -AppendOutput => 1, -WindowBits => -15);
    my $out = '';
    my $in = $bytes . "\x00\x00\xff\xff";
    my $rc = $i->inflate($in, $out);

    die "server: compressed message is not valid: $rc\n"
        if $rc != Z_OK && $rc != Z_BUF_ERROR;

    return $out;
}


1;
