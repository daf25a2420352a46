
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

run_tests();

__DATA__

=== TEST 1: GET /ws becomes a WebSocket and says hello
--- pool: none
--- steps
my $ws = ws(keep_hello => 1);
is($ws->status, 101, 'status');
is(lc $ws->header('upgrade'), 'websocket', 'Upgrade');
is(lc $ws->header('connection'), 'upgrade', 'Connection');
is($ws->header('sec-websocket-protocol'), undef, 'no protocol was offered');
is($ws->header('sec-websocket-extensions'), undef, 'no extension either');
is($ws->header('content-length'), undef, 'no body');
is($ws->header('transfer-encoding'), undef, 'no coding');
my $hello = $ws->recv_json;
is($hello->{type}, 'hello', 'type');
is($hello->{protocol}, 'coderemote.v1', 'protocol');
like($hello->{version}, qr/^\d+\.\d+\.\d+$/, 'version');
is($hello->{user}, 'local', 'user');
is($hello->{max_message_bytes}, 4194304, 'max_message_bytes');
is(join(',', sort keys %$hello),
   'max_message_bytes,protocol,type,user,version', 'nothing else');



=== TEST 2: our subprotocol is chosen among those that are offered
--- pool: none
--- steps
my $ws = ws(protocols => ['soap', 'coderemote.v1', 'bearer.abc']);
is($ws->status, 101, 'status');
is($ws->header('sec-websocket-protocol'), 'coderemote.v1', 'chosen');
$ws = ws(protocols => ['soap']);
is($ws->status, 101, 'an unknown one alone');
is($ws->header('sec-websocket-protocol'), undef, 'is not taken up');



=== TEST 3: permessage-deflate is agreed on, without context takeover
--- pool: none
--- steps
my $ws = ws(deflate => 1);
like($ws->header('sec-websocket-extensions'), qr/^permessage-deflate/, 'on');
like($ws->header('sec-websocket-extensions'),
     qr/server_no_context_takeover/, 'server');
like($ws->header('sec-websocket-extensions'),
     qr/client_no_context_takeover/, 'client');
$ws = ws(deflate => 'x-webkit-deflate-frame');
is($ws->status, 101, 'an unknown extension');
is($ws->header('sec-websocket-extensions'), undef, 'is not taken up');



=== TEST 4: permessage-deflate can be switched off
--- pool: none
--- config
location / {
    coderemote on;
    coderemote_ws_deflate off;
}
--- steps
my $ws = ws(deflate => 1);
is($ws->status, 101, 'status');
is($ws->header('sec-websocket-extensions'), undef, 'not agreed on');



=== TEST 5: a plain GET is told to upgrade, and the connection stays
--- pool: none
--- steps
my $c = connection();
my $r = $c->request('GET', '/ws');
is($r->{status}, 426, 'status');
is($r->{json}{code}, 'upgrade_required', 'code');
is($r->{headers}{upgrade}, 'websocket', 'Upgrade');
like($r->{headers}{connection}, qr/Upgrade/, 'Connection');
is($r->{headers}{'sec-websocket-version'}, 13, 'version');
is($c->request('GET', '/health')->{status}, 200, 'the connection stays');



=== TEST 6: each missing or wrong part of a handshake is named
--- pool: none
--- steps
my @cases = (
    [{ Upgrade => undef }, 426, qr/Upgrade: websocket/],
    [{ Upgrade => 'h2c' }, 426, qr/Upgrade: websocket/],
    [{ Connection => 'keep-alive' }, 426, qr/Connection: Upgrade/],
    [{ 'Sec-WebSocket-Version' => undef }, 426, qr/Version: 13/],
    [{ 'Sec-WebSocket-Version' => 8 }, 426, qr/Version: 13/],
    [{ 'Sec-WebSocket-Version' => '13, 8' }, 426, qr/Version: 13/],
    [{ 'Sec-WebSocket-Key' => undef }, 400, qr/Sec-WebSocket-Key/],
    [{ 'Sec-WebSocket-Key' => 'c2hvcnQ=' }, 400, qr/16 bytes/],
    [{ 'Sec-WebSocket-Key' => ['dGhlIHNhbXBsZSBub25jZQ==',
                               'dGhlIHNhbXBsZSBub25jZQ=='] }, 400, qr/once/],
    [{ 'Sec-WebSocket-Protocol' => 'a b' }, 400, qr/malformed/],
    [{ 'Sec-WebSocket-Extensions' => 'a;;b' }, 400, qr/malformed/],
    [{ 'Content-Length' => 3 }, 400, qr/without a body/],
);
for my $case (@cases) {
    my ($headers, $status, $detail) = @$case;
    my $name = join " ", sort keys %$headers;
    my $ws = ws(headers => $headers);
    is($ws->status, $status, "$name: status");
    like($ws->json->{detail}, $detail, "$name: detail");
}



=== TEST 7: only GET over HTTP/1.1 can open a WebSocket
--- pool: none
--- steps
my $ws = ws(method => 'POST');
is($ws->status, 405, 'POST');
like($ws->header('allow'), qr/GET/, 'Allow');
is(ws(version => '1.0')->status, 426, 'HTTP/1.0');



=== TEST 8: tokens are compared without regard to case and place
--- pool: none
--- steps
is(ws(headers => { Upgrade => 'WebSocket',
                   Connection => 'keep-alive, uPGRADE' })->status, 101, 'ok');



=== TEST 9: pages of other sites are refused
--- pool: none
--- steps
for my $origin ('https://evil.example', 'null', 'http://localhost.evil.example',
                'http://127.0.0.1:1')
{
    my $ws = ws(headers => { Origin => $origin });
    is($ws->status, 403, $origin);
    is($ws->json->{code}, 'forbidden_origin', 'code');
}
my $ws = ws(headers => { Host => 'evil.example' });
is($ws->status, 403, 'a name that is not of a loopback');
is($ws->json->{code}, 'forbidden_host', 'code');
is(ws(headers => { Host => 'localhost:80', Origin => 'http://localhost' })
     ->status, 101, 'the same site');



=== TEST 10: messages sent along with the handshake are not lost
--- pool: none
--- steps
my $frame = CodeRemote::WS::frame({}, opcode => 1,
                                  payload => '{"type":"ping","ref":"early"}');
my $ws = ws(early => $frame);
my $pong = $ws->recv_json;
is($pong->{type}, 'pong', 'type');
is($pong->{ref}, 'early', 'ref');



=== TEST 11: an upgraded connection is logged once, with its status
--- pool: none
--- config
location / {
    coderemote on;
    access_log $SCRATCH/access.log;
}
--- steps
my $ws = ws();
is(($ws->close(1000))[0], 1000, 'closed');
my $log = wait_for {
    my $file = CodeRemote::Pool::scratch() . '/access.log';
    my $text = eval { CodeRemote::Pool::slurp($file) } // '';
    return $text =~ m{ /ws } ? $text : undef;
};
like($log, qr{"GET /ws HTTP/1.1" 101 \d+}, 'status');
is(scalar(() = $log =~ m{ /ws }g), 1, 'once');
