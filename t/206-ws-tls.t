
use lib 't/lib';

use Test::Nginx::Socket;

BEGIN {
    if (!eval { require IO::Socket::SSL; 1 }) {
        plan(skip_all => 'IO::Socket::SSL is not installed');
    }
}

use CodeRemote 'no_plan';
use CodeRemote::Session;

our $tls_port = $Test::Nginx::Util::ServerPort + 7;

add_block_preprocessor(sub {
    my $block = shift;
    my $dir = CodeRemote::Pool::scratch();

    if (!-f "$dir/cert.pem") {
        system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
               . " -subj /CN=localhost -keyout $dir/key.pem"
               . " -out $dir/cert.pem >$dir/openssl.log 2>&1") == 0
            or die "openssl failed\n";
    }

    $block->set_value('http_config', ($block->http_config // '') . <<"_EOC_");
server {
    listen 127.0.0.1:$tls_port ssl http2;
    server_name localhost;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    location / {
        coderemote on;
    }
}
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a WebSocket over TLS runs a job
--- steps
wait_ready();
my $ws = ws(port => $main::tls_port, tls => 1);
my $id = start($ws, "print(input())");
$ws->send_json({ type => 'stdin', job_id => $id, data => "hello\n" });
my $r = follow($ws, $id, offset => 0);
is($r->{stdout}, "hello\n", 'output');
is($r->{result}{status}, 'succeeded', 'result');
is(($ws->close(1000))[0], 1000, 'close');



=== TEST 2: a large output over TLS comes whole to a client that was slow
--- steps
wait_ready();
my $ws = ws(port => $main::tls_port, tls => 1);
my $id = start($ws, "for i in range(100000): print(i)");
finished($id);
sleep 0.5;
my $r = follow($ws, $id, offset => 0);
ok($r->{stdout} eq join('', map { "$_\n" } 0 .. 99999), 'all lines');
ok($r->{result}{stdout} eq $r->{stdout}, 'the result');



=== TEST 3: frames that arrive with the end of the TLS record are read at once
--- pool: none
--- steps
my $ws = ws(port => $main::tls_port, tls => 1);
$ws->send_raw(join '', map {
    $ws->frame(opcode => 1, payload => qq({"type":"ping","ref":$_}))
} 1 .. 2000);
my $bad = grep { $ws->recv_json->{ref} != $_ } 1 .. 2000;
is($bad, 0, 'all answered in order');



=== TEST 4: over HTTP/2 a WebSocket is refused by 426, without headers of the connection
--- pool: none
--- steps
SKIP: {
    my $curl = `curl -sk --http2 -i -m 5 https://127.0.0.1:$main::tls_port/ws 2>&1`;
    skip 'curl with HTTP/2 is not installed', 3 if $curl !~ m{^HTTP/2};
    like($curl, qr{^HTTP/2 426}, 'status');
    like($curl, qr/"code":"upgrade_required"/, 'code');
    unlike($curl, qr/^(upgrade|connection):/mi, 'no such header');
}



=== TEST 5: events over HTTP/2
--- steps
wait_ready();
my $id = http('POST', '/execute', { code => "for i in range(50000): print(i)" })
             ->{json}{job_id};
my $curl = `curl -sk --http2 -m 20 https://127.0.0.1:$main::tls_port/jobs/$id/events 2>&1`;
my $text = join '', map { decode_json($_)->{data} // '' }
           $curl =~ /^data: (.*)$/mg;
ok($text eq join('', map { "$_\n" } 0 .. 49999), 'all of it');
like($curl, qr/event: result\nid: 288890\ndata: .*\n\n\z/, 'the result is last');
