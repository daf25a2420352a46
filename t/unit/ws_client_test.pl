#!/usr/bin/perl

# The Perl WebSocket client of the Test::Nginx suite against the codec: each
# side is the other's independent reader of the RFCs.
#
#   ws_client_test.pl DIRECTORY      that has ws_echo
#
# programs: ws_echo

use strict;
use warnings;

use FindBin;
use IPC::Open2;
use lib "$FindBin::Bin/../lib";

use CodeRemote::WS;

my $dir = shift || die "usage: $0 DIRECTORY\n";
my ($passed, $failed, $bad) = (0, 0, 0);

my $pid = open2(my $out, my $in, "$dir/ws_echo", 0, 1024 * 1024);
my ($port) = <$out> =~ /(\d+)/ or die "no echo server\n";


sub test {
    my ($title, $code) = @_;

    $bad = 0;
    eval { $code->(); 1 } or do { $bad = 1; print "  died: $@" };
    $bad ? $failed++ : $passed++;
    print "failed: $title\n" if $bad;
}


sub is {
    my ($got, $want) = @_;

    $got = 'undef' if !defined $got;
    return if $got eq $want;

    my (undef, undef, $line) = caller;
    $bad = 1;
    print "  line $line: got \"$got\", not \"$want\"\n";
}


sub ws { CodeRemote::WS->connect('127.0.0.1', $port, '/', @_) }


# What the server closes with after these bytes.

sub code_for {
    my ($ws, @frames) = @_;

    $ws->send_raw(join '', map { ref $_ ? $ws->frame(%$_) : $_ } @frames);

    my $m = $ws->recv_close(5);

    is($ws->recv_eof(5), 1);

    return $m ? $m->{code} : 'none';
}


test 'RFC 6455 section 1.3: the handshake is accepted', sub {
    my $ws = ws(protocols => ['chat', 'coderemote.v1']);

    is($ws->status, 101);
    is($ws->header('Sec-WebSocket-Protocol'), 'coderemote.v1');
    is($ws->header('Sec-WebSocket-Extensions'), 'undef');
    is(join(' ', $ws->close(1000, 'bye')), '1000 ');
};


test 'RFC 6455 section 4.4: another version is 426 and names ours', sub {
    my $ws = ws(headers => { 'Sec-WebSocket-Version' => 8 });

    is($ws->status, 426);
    is($ws->header('sec-websocket-version'), 13);
    is($ws->body =~ /Sec-WebSocket-Version/ ? 1 : 0, 1);
};


test 'RFC 6455 section 4.2.1: a request without upgrade is refused', sub {
    is(ws(headers => { Upgrade => undef })->status, 426);
    is(ws(headers => { 'Sec-WebSocket-Key' => 'abc' })->status, 400);
    is(ws(method => 'POST')->status, 405);
};


test 'text, binary and JSON come back', sub {
    my $ws = ws();

    $ws->send_text("na\x{ef}ve \x{1f600}");
    is($ws->recv(5)->{data}, "na\x{ef}ve \x{1f600}");

    $ws->send_binary(join '', map chr, 0 .. 255);
    my $m = $ws->recv(5);
    is($m->{type}, 'binary');
    is($m->{data}, join '', map chr, 0 .. 255);

    $ws->send_json({ type => 'x', text => "\x{20ac}" });
    is($ws->recv_json(5)->{text}, "\x{20ac}");

    $ws->send_json({ type => 'a' });
    $ws->send_json({ type => 'b' });
    my @seen;
    is($ws->recv_type('b', 5, \@seen)->{type}, 'b');
    is($seen[0]{type}, 'a');
    $ws->close;
};


test 'messages of every size, fragmented and sent in one with the rest', sub {
    my $ws = ws();

    for my $size (0, 1, 125, 126, 65535, 65536, 1024 * 1024) {
        my $text = 'x' x $size;

        $ws->send_text($text, fragments => 10000);
        my $m = $ws->recv(10);
        is(length $m->{data}, $size);
        is($m->{data} eq $text, 1);
    }

    $ws->close;
};


test 'frames right behind the handshake are not lost', sub {
    my $early = CodeRemote::WS->frame(opcode => 1, payload => 'early');
    my $ws = ws(early => $early);

    is($ws->recv(5)->{data}, 'early');
    $ws->close;
};


test 'RFC 6455 section 5.5.3: a ping is answered between fragments', sub {
    my $ws = ws();

    $ws->send_frame(opcode => 1, fin => 0, payload => 'Hel');
    $ws->ping('now');
    my $m = $ws->recv(5);
    is("$m->{type} $m->{data}", 'pong now');
    $ws->send_frame(opcode => 0, payload => 'lo');
    is($ws->recv(5)->{data}, 'Hello');
    $ws->close;
};


test 'RFC 6455 section 5: what breaks a rule is closed with its code', sub {
    is(code_for(ws(), { mask => 0, payload => 'x' }), 1002);
    is(code_for(ws(), { rsv => 4, payload => 'x' }), 1002);
    is(code_for(ws(), { opcode => 3 }), 1002);
    is(code_for(ws(), { opcode => 0 }), 1002);
    is(code_for(ws(), { opcode => 9, fin => 0 }), 1002);
    is(code_for(ws(), { opcode => 9, payload => 'x' x 126 }), 1002);
    is(code_for(ws(), { payload => 'x', form => 16 }), 1002);
    is(code_for(ws(), { fin => 0 }, { payload => 'x' }), 1002);
    is(code_for(ws(), { payload => "\xff" }), 1007);
    is(code_for(ws(), { length => 1024 * 1024 + 1, opcode => 2 }), 1009);
    is(code_for(ws(), { opcode => 8, payload => "\x03" }), 1002);
    is(code_for(ws(), { opcode => 8, payload => pack 'n', 1005 }), 1002);
    is(code_for(ws(), { opcode => 8, payload => pack 'n', 4000 }), 4000);
    is(code_for(ws(), { opcode => 8 }), 1005);
};


test 'RFC 7692: compression is agreed on and works both ways', sub {
    my $ws = ws(deflate => 'permessage-deflate; server_max_window_bits=10');
    my $text = join '', map { "line $_\n" } 1 .. 20000;

    is($ws->header('Sec-WebSocket-Extensions'),
       'permessage-deflate; server_no_context_takeover; '
       . 'client_no_context_takeover; server_max_window_bits=10');

    for my $size (0, 1, 16, 63, 64, 1000, 4096, 65536, length $text) {
        my $part = substr $text, 0, $size;

        for my $deflate (0, 1) {
            $ws->send_text($part, deflate => $deflate, fragments => 1000);
            my $m = $ws->recv(10);
            is($m->{data} eq $part, 1);
            is($m->{compressed}, $size >= 1000 ? 1 : 0) if $size != 64;
        }
    }

    $ws->close;
};


test 'RFC 7692 section 8: a bomb is closed with 1009, noise with 1007', sub {
    my $bomb = CodeRemote::WS::deflate_message("\0" x (8 * 1024 * 1024));

    is(code_for(ws(deflate => 1), { rsv => 4, payload => $bomb }), 1009);
    is(code_for(ws(deflate => 1), { rsv => 4, payload => "\x07" }), 1007);
    is(code_for(ws(deflate => 1), { rsv => 4, opcode => 9 }), 1002);
};


test 'recv() gives up at its deadline, and tells the end', sub {
    my $ws = ws();

    is($ws->recv(0.05), 'undef');
    is($ws->eof, 'undef');

    $ws->send_frame(opcode => 8);
    is($ws->recv(5)->{type}, 'close');
    is($ws->recv(5)->{type}, 'eof');
};


CORE::close($in);
waitpid $pid, 0;

print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
