use lib 't/lib';
use CodeRemote 'no_plan';

# The built-in client speaks HTTP/1.1 without TLS only; here curl asks.  Ports
# beside the one of Test::Nginx speak HTTP/2, TLS or both.

our $servers = <<'_EOC_';
server {
    listen 127.0.0.1:$PORT_H2 http2;
    listen 127.0.0.1:$PORT_TLS ssl http2;
    ssl_certificate $SCRATCH/tls.pem;
    ssl_certificate_key $SCRATCH/tls.key;
    location / {
        coderemote on;
    }
}
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    CodeRemote::Pool::certificate();
    $block->set_value('http_config', ($block->http_config // '') . $servers);
});

run_tests();

__DATA__

=== TEST 1: jobs run over HTTP/2 and over TLS
--- steps
wait_ready();
my %ways = ('HTTP/2' => ['--http2-prior-knowledge', 'http', $PORT_H2],
            'TLS' => ['--http1.1', 'https', $PORT_TLS],
            'HTTP/2 over TLS' => ['--http2', 'https', $PORT_TLS]);
for my $way (sort keys %ways) {
    my ($option, $scheme, $port) = @{ $ways{$way} };
    my $body = curl($option, '-d', '{"code":"print(2)"}',
                    "$scheme://127.0.0.1:$port/execute?wait=true");
    like($body, qr/"stdout":"2\\n"/, $way);
}



=== TEST 2: problems are the same over HTTP/2
--- steps
wait_ready();
my $answer = curl('-i', '--http2-prior-knowledge', '-d', '{"code":1}',
                  "http://127.0.0.1:$PORT_H2/execute");
like($answer, qr{^HTTP/2 400}, 'status');
like($answer, qr{^content-type: application/problem\+json}m, 'type');
like($answer, qr{"field":"code"}, 'field');



=== TEST 3: the same site is the same site over TLS
--- steps
my $site = "https://127.0.0.1:$PORT_TLS";
like(curl('-i', '-H', "Origin: $site", "$site/health"), qr{^HTTP/2 200},
     'ours');
like(curl('-i', '-H', 'Origin: https://127.0.0.1', "$site/health"),
     qr{^HTTP/2 403}, 'another port');
like(curl('-i', '-H', 'Host: example.com', "$site/health"),
     qr{^HTTP/2 403}, 'another host');



=== TEST 4: many jobs at once on one connection are all answered
--- steps
wait_ready();
my $url = "https://127.0.0.1:$PORT_TLS/execute?wait=true";
my $body = curl('--http2', '-Z', '-d', '{"code":"print(3)"}', ($url) x 20);
my $n = () = $body =~ /"stdout":"3\\n"/g;
is($n, 20, 'all answered');



=== TEST 5: a client that goes cancels its job
--- steps
wait_ready();
for my $url ("http://127.0.0.1:$PORT_H2", "https://127.0.0.1:$PORT_TLS") {
    my $before = metric('coderemote_jobs_abandoned_total');
    curl($url =~ /https/ ? '--http2' : '--http2-prior-knowledge', '-m', '0.5',
         '-d', '{"code":"while True: pass"}', "$url/execute?wait=true");
    ok(wait_for { metric('coderemote_jobs_abandoned_total') > $before },
       'cancelled');
}



=== TEST 6: a long program and a long output pass
--- steps
wait_ready();
my $file = CodeRemote::Pool::scratch() . '/long.json';
open my $out, '>', $file or die "$file: $!";
print $out '{"code":"#', 'x' x 60_000, '\nprint(\'y\' * 300000)"}';
close $out;
for my $url ("http://127.0.0.1:$PORT_H2", "https://127.0.0.1:$PORT_TLS") {
    my $body = curl($url =~ /https/ ? '--http2' : '--http2-prior-knowledge',
                    '--data-binary', "\@$file", "$url/execute?wait=true");
    my ($output) = $body =~ /"stdout":"(y+)\\n"/;
    is(length($output // ''), 300_000, $url);
}
