
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

run_tests();

__DATA__

=== TEST 1: a fragmented message is one message, with control frames between
--- pool: none
--- steps
my $ws = ws();
$ws->send_frame(opcode => 1, fin => 0, payload => '{"type":');
$ws->send_frame(opcode => 9, payload => 'between');
$ws->send_frame(opcode => 0, fin => 0, payload => '');
$ws->send_frame(opcode => 10, payload => 'unasked');
$ws->send_frame(opcode => 0, payload => '"ping"}');
my $m = $ws->recv;
is($m->{type}, 'pong', 'the control frame is answered first');
is($m->{data}, 'between', 'with its payload');
is($ws->recv_json->{type}, 'pong', 'then the message');



=== TEST 2: a message may arrive byte by byte
--- pool: none
--- steps
my $ws = ws();
my $frame = $ws->frame(opcode => 1, payload => '{"type":"ping","ref":"' . 'x' x 120 . '"}');
for my $byte (split //, $frame) {
    $ws->send_raw($byte);
    select undef, undef, undef, 0.0005;
}
is($ws->recv_json->{ref}, 'x' x 120, 'whole');



=== TEST 3: pings of every length are answered with their payload
--- pool: none
--- steps
my $ws = ws();
for my $n (0, 1, 125) {
    $ws->send_frame(opcode => 9, payload => 'p' x $n);
    my $m = $ws->recv;
    is($m->{type}, 'pong', "$n bytes");
    is($m->{data}, 'p' x $n, 'payload');
}



=== TEST 4: a client's close is answered with its code, then the connection ends
--- pool: none
--- steps
for my $code (1000 .. 1003, 1007 .. 1014, 3000, 3999, 4000, 4999) {
    my $ws = ws();
    $ws->send_frame(opcode => 8, payload => pack('n', $code) . 'bye');
    my $m = $ws->recv;
    is($m->{type}, 'close', "$code: close");
    is($m->{code}, $code, 'code');
    ok($ws->recv_eof(2), 'the end');
}
my $ws = ws();
$ws->send_frame(opcode => 8, payload => '');
is($ws->recv->{code}, 1005, 'without a code none comes back');
ok($ws->recv_eof(2), 'the end');



=== TEST 5: what breaks the protocol is closed with 1002
--- pool: none
--- steps
my @cases = (
    ['a reserved opcode', opcode => 3, payload => ''],
    ['a reserved control opcode', opcode => 11, payload => ''],
    ['a reserved bit', opcode => 1, rsv => 4, payload => '{}'],
    ['another reserved bit', opcode => 1, rsv => 1, payload => '{}'],
    ['no mask', opcode => 1, mask => 0, payload => '{}'],
    ['a long ping', opcode => 9, payload => 'x' x 126],
    ['a fragmented ping', opcode => 9, fin => 0, payload => ''],
    ['a continuation of nothing', opcode => 0, payload => ''],
    ['half a close code', opcode => 8, payload => "\x03"],
    map({ ["close code $_", opcode => 8, payload => pack('n', $_)] }
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535),
    ['a long close', opcode => 8, payload => pack('n', 1000) . 'x' x 124],
    ['a fragmented close', opcode => 8, fin => 0,
     payload => pack('n', 1000)],
    map({ ["opcode $_", opcode => $_, payload => 'x'] } 4 .. 7, 12 .. 15),
    map({ ["reserved bits $_", opcode => 9, rsv => $_, payload => ''] } 1 .. 7),
);
for my $case (@cases) {
    my ($name, %frame) = @$case;
    my $ws = ws();
    $ws->send_frame(%frame);
    my $m = $ws->recv;
    is($m->{type}, 'close', "$name: close");
    is($m->{code}, 1002, 'code');
    ok($ws->recv_eof(2), 'the end');
}
my $ws = ws();
$ws->send_frame(opcode => 1, fin => 0, payload => 'a');
$ws->send_frame(opcode => 1, payload => 'b');
is($ws->recv->{code}, 1002, 'a message within a message');



=== TEST 6: text that is not UTF-8 is closed with 1007, as soon as it is seen
--- pool: none
--- steps
for my $bytes ("\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
               "abc\xe2\x82")
{
    my $ws = ws();
    $ws->send_frame(opcode => 1, payload => $bytes);
    is($ws->recv->{code}, 1007, unpack 'H*', $bytes);
}
my $ws = ws();
$ws->send_frame(opcode => 1, fin => 0, payload => "\xf8");
is($ws->recv->{code}, 1007, 'in the first fragment');
$ws = ws();
$ws->send_frame(opcode => 1, fin => 0, payload => "{\"type\":\"ping\",\"ref\":\"\xe2\x82");
$ws->send_frame(opcode => 0, payload => "\xac\"}");
is($ws->recv_json->{ref}, "\x{20ac}", 'a character over two fragments is fine');
$ws = ws();
$ws->send_frame(opcode => 8, payload => pack('n', 1000) . "\xff");
is($ws->recv->{code}, 1007, 'a close reason');



=== TEST 7: binary messages are answered by an error, and the connection stays
--- pool: none
--- steps
my $ws = ws(deflate => 1);
$ws->send_binary($_) for '{"type":"ping"}', '', "\xff\0" x 1000;
for (1 .. 3) {
    my $m = $ws->recv_json;
    is($m->{type}, 'error', 'error');
    is($m->{code}, 'unsupported_media_type', 'code');
}
$ws->send_frame(opcode => 2, fin => 0, payload => "\xff");
$ws->send_frame(opcode => 9, payload => 'between');
$ws->send_frame(opcode => 0, payload => "\xfe");
is($ws->recv->{type}, 'pong', 'a ping between its fragments');
is($ws->recv_json->{code}, 'unsupported_media_type', 'in fragments');
$ws->send_json({ type => 'ping' });
is($ws->recv_json->{type}, 'pong', 'still there');



=== TEST 8: a message over the limit is closed with 1009, before it has come
--- config
location / {
    coderemote on;
    coderemote_ws_max_message_size 1k;
}
--- pool: none
--- steps
my $ws = ws(keep_hello => 1, deflate => 1);
is($ws->recv_json->{max_message_bytes}, 1024, 'hello tells the limit');
my $ok = '{"type":"ping","x":"' . 'x' x (1024 - 22) . '"}';
is(length $ok, 1024, 'just below');
$ws->send_text($ok);
is($ws->recv_json->{code}, 'unknown_field', 'is read');
$ws->send_raw($ws->frame(opcode => 1, payload => 'x' x 1025));
is($ws->recv->{code}, 1009, 'one more is not');
$ws = ws();
$ws->send_frame(opcode => 1, fin => 0, payload => 'x' x 1000);
$ws->send_frame(opcode => 0, payload => 'x' x 25);
is($ws->recv->{code}, 1009, 'nor in fragments');
$ws = ws(deflate => 1);
$ws->send_text('x' x 100_000);
my $m = $ws->recv;
is($m->{code}, 1009, 'nor compressed');



=== TEST 9: compressed messages are read; broken ones are closed with 1007
--- pool: none
--- steps
my $ws = ws(deflate => 1);
$ws->send_json({ type => 'ping', ref => 'z' x 100 });
is($ws->recv_json->{ref}, 'z' x 100, 'read');
$ws->send_frame(opcode => 1, rsv => 4, payload => "\xff\xff\xff\xff");
is($ws->recv->{code}, 1007, 'no deflate data');
$ws = ws(deflate => 1);
$ws->send_frame(opcode => 0, rsv => 4, payload => '');
is($ws->recv->{code}, 1002, 'the bit on a continuation');



=== TEST 10: what follows a close frame is not looked at
--- pool: none
--- steps
my $ws = ws();
$ws->send_raw($ws->frame(opcode => 8, payload => pack('n', 1000))
              . $ws->frame(opcode => 1, payload => '{"type":"ping"}')
              . "\xff" x 1000);
my $m = $ws->recv;
is($m->{type}, 'close', 'close');
is($m->{code}, 1000, 'code');
ok($ws->recv_eof(2), 'the end');



=== TEST 11: many thousand small frames are read in their order
--- pool: none
--- steps
my $ws = ws();
my $n = 20_000;
if ((my $pid = fork) == 0) {
    $ws->send_raw(join '', map {
        $ws->frame(opcode => 1, payload => qq({"type":"ping","ref":$_}))
    } 1 .. $n);
    POSIX::_exit(0);
}
my $bad = 0;
for my $i (1 .. $n) {
    $bad++ if $ws->recv_json->{ref} != $i;
}
wait;
is($bad, 0, 'all of them');



=== TEST 12: what came before a broken frame was read
--- pool: none
--- steps
my $ws = ws();
$ws->send_raw($ws->frame(opcode => 1, payload => '{"type":"ping","ref":1}')
              . $ws->frame(opcode => 9, payload => 'p')
              . $ws->frame(opcode => 5, payload => ''));
is($ws->recv_json->{ref}, 1, 'a message');
is($ws->recv->{data}, 'p', 'a ping');
is($ws->recv->{code}, 1002, 'then the end');



=== TEST 13: a message in a thousand fragments, with pings between them
--- pool: none
--- steps
my $ws = ws();
my $text = '{"type":"ping","ref":"' . "\xe2\x82\xac" x 40 . '"}';
my @bytes = split //, $text;
for my $i (0 .. $#bytes) {
    $ws->send_frame(opcode => $i ? 0 : 1, fin => 0, payload => $bytes[$i]);
    $ws->send_frame(opcode => 0, fin => 0, payload => '') for 1 .. 6;
    $ws->send_frame(opcode => 9, payload => "$i") if $i % 16 == 0;
}
$ws->send_frame(opcode => 0, payload => '');
for (my $i = 0; $i < @bytes; $i += 16) {
    is($ws->recv->{data}, $i, "pong $i");
}
is($ws->recv_json->{ref}, "\x{20ac}" x 40, 'whole');



=== TEST 14: bad text fails in its first byte, whatever is still to come
--- pool: none
--- steps
for my $bytes ("\xf8", "\xc1", "\xe0\x80", "\xed\xa0", "\xf4\x90",
               "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90")
{
    my $ws = ws();
    $ws->send_frame(opcode => 1, fin => 0, payload => '');
    # the head of a long frame and the first of its bytes
    my $frame = $ws->frame(opcode => 0, payload => $bytes . 'x' x 1000);
    $ws->send_raw(substr $frame, 0, 8 + length $bytes);
    is($ws->recv->{code}, 1007, unpack 'H*', $bytes);
}



=== TEST 15: a compressed message in fragments, cut anywhere
--- pool: none
--- steps
my $ws = ws(deflate => 1);
my $text = '{"type":"ping","ref":"' . join('', 'a' .. 'z') x 4 . '"}';
my $data = CodeRemote::WS::deflate_message($text);
for my $cut (0, 1, int(length($data) / 2), length($data) - 1, length $data) {
    $ws->send_frame(opcode => 1, rsv => 4, fin => 0,
                    payload => substr $data, 0, $cut);
    $ws->send_frame(opcode => 9, payload => "$cut");
    $ws->send_frame(opcode => 0, fin => 0, payload => '');
    $ws->send_frame(opcode => 0, payload => substr $data, $cut);
    is($ws->recv->{data}, $cut, 'pong');
    is($ws->recv_json->{type}, 'pong', "cut at $cut");
}
$ws->send_frame(opcode => 1, rsv => 4,
                payload => CodeRemote::WS::deflate_message("\"\xff\""));
is($ws->recv->{code}, 1007, 'compressed text that is not UTF-8');



=== TEST 16: a bomb is closed with 1009 and takes no memory
--- config
location / {
    coderemote on;
    coderemote_ws_max_message_size 64k;
}
--- pool: none
--- steps
my $bomb = CodeRemote::WS::deflate_message("\0" x (32 * 1024 * 1024));
cmp_ok(length $bomb, '<', 64 * 1024, 'it is small');
my $pid = nginx_pid();
sub peak {
    return CodeRemote::Pool::slurp("/proc/$pid/status")
           =~ /^VmHWM:\s+(\d+)/m ? $1 : 0;
}
my $before = peak();
for (1 .. 20) {
    my $ws = ws(deflate => 1);
    $ws->send_frame(opcode => 1, rsv => 4, payload => $bomb);
    is($ws->recv->{code}, 1009, 'code');
}
# ASan keeps what was freed
cmp_ok(peak() - $before, '<', $ENV{ASAN_OPTIONS} ? 65536 : 2048, 'kB');



=== TEST 17: offers of compression that have a bad parameter are declined
--- pool: none
--- steps
my $pd = 'permessage-deflate';
for my $bad ('server_max_window_bits=7', 'server_max_window_bits=16',
             'server_max_window_bits=08', 'server_max_window_bits',
             'client_max_window_bits=0', 'client_max_window_bits=16',
             'server_no_context_takeover=1', 'x', 'x=1',
             'client_no_context_takeover; client_no_context_takeover')
{
    my $ws = ws(deflate => "$pd; $bad");
    is($ws->header('Sec-WebSocket-Extensions'), undef, $bad);
    $ws->send_json({ type => 'ping' });
    is($ws->recv_json->{type}, 'pong', 'works without');

    $ws = ws(deflate => "$pd; $bad, $pd");
    like($ws->header('Sec-WebSocket-Extensions'), qr/^$pd/, 'the next one');
}
for my $bits (9 .. 15) {
    my $ws = ws(deflate => "$pd; server_max_window_bits=$bits;"
                           . ' client_max_window_bits');
    my ($n) = $ws->header('Sec-WebSocket-Extensions')
              =~ /server_max_window_bits=(\d+)/;
    is($n, $bits < 12 ? $bits : 12, "$bits bits, 12 at most");
}
