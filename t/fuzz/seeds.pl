#!/usr/bin/perl

# Writes the seeds of the WebSocket targets to corpus/: one file a rule, so
# that fuzzing begins behind the front door.  Run in t/fuzz; what it writes
# is in the repository.

use strict;
use warnings;

use Compress::Raw::Zlib;
use File::Path qw/ make_path /;


sub seed {
    my ($target, $name, $bytes) = @_;

    make_path("corpus/$target");
    open my $f, '>', "corpus/$target/$name" or die "$name: $!";
    binmode $f;
    print $f $bytes;
    close $f or die "$name: $!";
}


# A client's frame; first is opcode and flags.

sub frame {
    my ($first, $payload) = @_;
    my $n = length $payload;
    my $mask = "\x37\xfa\x21\x3d";

    my $head = $n < 126 ? pack('CC', $first, 0x80 | $n)
             : $n < 65536 ? pack('CCn', $first, 0xfe, $n)
             : pack('CCQ>', $first, 0xff, $n);

    return $head . $mask . ($payload ^ substr($mask x ($n / 4 + 1), 0, $n));
}


sub deflated {
    my ($text, $bits) = @_;

    my ($d) = Compress::Raw::Zlib::Deflate->new(
        -AppendOutput => 1, -WindowBits => -($bits || 15));
    my $out = '';

    $d->deflate($text, $out);
    $d->flush($out, Z_SYNC_FLUSH);

    return substr($out, 0, -4);
}


my %wire = (
    hello        => frame(0x81, 'Hello'),
    empty        => frame(0x81, '') . frame(0x82, ''),
    fragments    => frame(0x01, 'Hel') . frame(0x89, 'ping')
                    . frame(0x00, '') . frame(0x80, 'lo'),
    utf8         => frame(0x01, "na\xc3") . frame(0x80, "\xafve")
                    . frame(0x81, "\xf0\x9f\x98\x80"),
    badutf8      => frame(0x81, "abc\xed\xa0\x80"),
    binary       => frame(0x82, pack 'C*', 0 .. 255),
    length16     => frame(0x82, 'x' x 300),
    length64     => pack('CCQ>', 0x82, 0xff, 70000) . "\0\0\0\0abc",
    notminimal   => pack('CCn', 0x82, 0xfe, 5) . "\0\0\0\0Hello",
    topbit       => "\x82\xff\x80\0\0\0\0\0\0\0",
    unmasked     => "\x81\x05Hello",
    control      => frame(0x89, '') . frame(0x8a, 'p' x 125),
    close        => frame(0x88, "\x03\xe8bye") . 'after',
    closeempty   => frame(0x88, ''),
    closecut     => frame(0x88, "\x03"),
    closecode    => frame(0x88, "\x03\xed"),
    closeprivate => frame(0x88, "\x11\x31token expired"),
    continuation => frame(0x80, 'x'),
    nested       => frame(0x01, 'x') . frame(0x01, 'y'),
    reserved     => frame(0x83, '') . frame(0x8b, ''),
    rsv2         => frame(0xa1, 'x'),
    deflate      => frame(0xc1, deflated('Hello')),
    deflatetwo   => frame(0x41, "\xf2\x48\xcd") . frame(0x89, '')
                    . frame(0x80, "\xc9\xc9\x07\x00"),
    bfinal       => frame(0xc1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
    bomb         => frame(0xc2, deflated("\0" x 60000)),
    badtext      => frame(0xc1, deflated("abc\xff")),
);

for my $name (sort keys %wire) {
    for my $config (0x0b, 0x04) {
        seed('ws_parser_fuzz', sprintf('%s-%02x', $name, $config),
             pack('CC', $config, 7) . $wire{$name});
    }
}


my $good = "Upgrade: websocket\nConnection: keep-alive, Upgrade\n"
    . "Sec-WebSocket-Version: 13\n"
    . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";
my $pd = 'permessage-deflate';
my $e = 'Sec-WebSocket-Extensions';
my $p = 'Sec-WebSocket-Protocol';

my %headers = (
    good       => $good,
    browser    => "Host: x\n$good$e: $pd; client_max_window_bits\n"
                  . "$p: coderemote.v1, bearer.eyJh.eyJz.c2ln\n",
    params     => "$good$e: foo;a=b, $pd; server_no_context_takeover; "
                  . "client_no_context_takeover; server_max_window_bits=10\n",
    quoted     => "$good$e: $pd; server_max_window_bits=\"1\\0\", $pd\n",
    unknown    => "$good$e: $pd; x=\"y\", $pd; client_max_window_bits=9\n",
    malformed  => "$good$e: $pd;\n",
    twice      => "$good$e: $pd\n$e: $pd; server_max_window_bits=9\n",
    version    => "Upgrade: h2c, websocket\nConnection: upgrade\n"
                  . "Sec-WebSocket-Version: 8\n",
    key        => "Upgrade: websocket\nConnection: upgrade\n"
                  . "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: abc\n",
    protocols  => "$good$p: a,b\n$p: c, coderemote.v1,,d\n",
    nothing    => "Host: localhost\n",
);

for my $name (sort keys %headers) {
    seed('ws_handshake_fuzz', $name, "\x01" . $headers{$name});
}

seed('ws_handshake_fuzz', 'post', "\x03$good");
seed('ws_handshake_fuzz', 'http10', "\x05$good");


my $text = join '', map { "line $_ of the output\n" } 1 .. 40;

my %streams = (
    hello   => "\xf2\x48\xcd\xc9\xc9\x07\x00",
    stored  => "\x00\x05\x00\xfa\xffHello\x00",
    bfinal  => "\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    two     => "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    empty   => "\x00",
    text    => deflated($text),
    window9 => deflated($text, 9),
    utf8    => deflated("na\xc3\xafve \xf0\x9f\x98\x80"),
    bomb    => deflated("\0" x 100000),
    type3   => "\x07",
);

for my $name (sort keys %streams) {
    seed('ws_deflate_fuzz', "in-$name", "\x10" . $streams{$name});
    seed('ws_deflate_fuzz', "in-text-$name", "\x12" . $streams{$name});
    seed('ws_deflate_fuzz', "in-full-$name", "\x1c" . $streams{$name});
}

seed('ws_deflate_fuzz', 'out-text', "\x01$text");
seed('ws_deflate_fuzz', 'out-text12', "\x07$text");
seed('ws_deflate_fuzz', 'out-repeat', "\x39" . substr($text, 0, 700));
seed('ws_deflate_fuzz', 'out-bytes', "\x05" . pack('C*', 0 .. 255));
