#!/usr/bin/perl

# Writes the seeds of the ipc targets to corpus/.  Run in t/fuzz; what it
# writes is in the repository.

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


sub record {
    my ($kind, $data) = @_;

    return pack('VV', $kind, length $data) . $data
           . "\0" x (8 - length($data) % 8);
}


my ($code, $stdin, $arg, $env, $name, $data) = (1 .. 6);

my %request = (
    nothing => '',
    code    => record($code, 'print(1)'),
    all     => record($code, 'print(1)') . record($arg, 'a')
               . record($arg, '') . record($env, 'A=b')
               . record($name, 'd/f.txt') . record($data, "x\0y")
               . record($stdin, "in\n"),
    last    => record($arg, 'a') . record($code, 'x'),
    two     => record($code, 'x') . record($code, 'x'),
    alone   => record($code, 'x') . record($name, 'f'),
    dots    => record($code, 'x') . record($name, 'a/../b')
               . record($data, ''),
    noname  => record($code, 'x') . record($env, '=b'),
    cut     => substr(record($code, 'print(1)'), 0, 12),
    long    => pack('VV', $code, 0xffffffff) . 'x' x 8,
);

seed('ipc_request_fuzz', $_, $request{$_}) for keys %request;


sub patch {
    my ($area, $offset, $bytes) = @_;

    return pack('CvC', $area, $offset, length $bytes) . $bytes;
}


my $ones = "\xff" x 8;

my %segment = (
    nothing  => '',
    nfree    => patch(0, 4, $ones),
    info     => patch(0, 8, pack('VV', 2, 0xffffffff)),
    summary  => patch(1, 192 + 64, $ones),
    armed    => patch(1, 192, pack('V', 1)),
    ready    => patch(2, 0, pack('VV', 1, 1)),
    control  => patch(2, 64, $ones),
    tail     => patch(3, 64, pack('V', 9)),
    entry    => patch(3, 64, pack('V', 3))
                . patch(3, 128 + 16, pack('VV', 3, 1)),
    message  => patch(4, 64, pack('V', 24))
                . patch(4, 128, pack('VVVVQ', 0, 4, 0, 1, 0)),
    toolong  => patch(4, 64, pack('V', 65536))
                . patch(4, 128, pack('V', 16385)),
    dirty    => patch(1, 192 + 64, pack('Q', 1)) . patch(5, 64, $ones),
    word     => patch(6, 0, pack('Q', 6 | 1 << 8 | 1 << 16 | 1 << 32)),
    watchers => patch(6, 8, $ones),
    logtail  => patch(6, 64, $ones),
    chunk    => patch(9, 0, pack('VvvQ', 0xffffffff, 1, 0, 0)),
    stream   => patch(9, 0, pack('VvvQ', 20, 9, 0, 0)),
    request  => patch(8, 0, pack('VV', 1, 0xffffffff)),
);

seed('ipc_segment_fuzz', $_, $segment{$_}) for keys %segment;
