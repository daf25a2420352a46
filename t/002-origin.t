use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: a Host that is a loopback name is served
--- pool: none
--- steps
for my $host (qw/ localhost LOCALHOST localhost:8080 127.0.0.1 127.0.0.1:80
                  127.1.2.3 [::1] [::1]:8080 app.localhost localhost. /)
{
    is(http('GET', '/health', undef, headers => { Host => $host })->{status},
       200, $host);
}



=== TEST 2: any other Host is refused, for static files too
--- pool: none
--- user_files
>>> index.html
page
--- steps
for my $host (qw/ example.com localhost.example.com 10.0.0.1 128.0.0.1
                  127.0.0.1.example.com notlocalhost 0.0.0.0 [::2] 1270.0.0.1
                  .localhost. /)
{
    for my $path (qw{ /health / }) {
        my $r = http('GET', $path, undef, headers => { Host => $host });
        next if $r->{status} == 400;
        is($r->{status}, 403, "$host $path");
        is($r->{json}{code}, 'forbidden_host', "code for $host $path");
    }
}



=== TEST 3: the same site may ask
--- pool: none
--- steps
my @same = (['localhost:8080', 'http://localhost:8080'],
            ['localhost:8080', 'https://localhost:8080'],
            ['localhost', 'http://localhost'],
            ['localhost:80', 'http://localhost'],
            ['localhost', 'https://LOCALHOST'],
            ['[::1]:81', 'http://[::1]:81']);
for my $case (@same) {
    my ($host, $origin) = @$case;
    is(http('GET', '/health', undef,
            headers => { Host => $host, Origin => $origin })->{status},
       200, "$origin to $host");
}



=== TEST 4: a page of another site is refused
--- pool: none
--- steps
my @other = qw( http://example.com null http://localhost:8081
                http://127.0.0.1:8080 file:// http://localhost:8080.evil.com
                http://evil.com?localhost:8080 localhost:8080 http:// );
push @other, '';
for my $origin (@other) {
    my $r = http('POST', '/execute', { code => 'print(1)' },
                 headers => { Host => 'localhost:8080', Origin => $origin });
    is($r->{status}, 403, "origin '$origin'");
    is($r->{json}{code}, 'forbidden_origin', "code for '$origin'");
}



=== TEST 5: a refusal leaves the connection usable
--- pool: none
--- steps
my $c = connection();
is($c->request('POST', '/execute', 'x' x 50_000,
               headers => { Origin => 'http://example.com' })->{status},
   403, 'refused');
is($c->request('GET', '/health')->{status}, 200, 'and used again');



=== TEST 6: listed hosts and origins are allowed
--- pool: none
--- http_config
coderemote_allow_host ide.example.com *.example.org;
coderemote_allow_origin https://ide.example.com;
--- steps
is(http('GET', '/health', undef, headers => { Host => $_ })->{status}, 200, $_)
    for qw/ ide.example.com a.example.org a.b.example.org localhost /;
is(http('GET', '/health', undef, headers => { Host => $_ })->{status}, 403, $_)
    for qw/ example.com example.org ide.example.com.evil.com /;

my $r = http('GET', '/health', undef,
             headers => { Origin => 'https://ide.example.com' });
is($r->{status}, 200, 'origin');
is($r->{headers}{'access-control-allow-origin'}, 'https://ide.example.com',
   'it may read the answer');
is($r->{headers}{vary}, 'Origin', 'caches know');
is(http('GET', '/health', undef,
        headers => { Origin => 'http://ide.example.com' })->{status}, 403,
   'another scheme is another origin');



=== TEST 7: a preflight of a listed origin is answered
--- pool: none
--- http_config
coderemote_allow_origin https://ide.example.com;
--- steps
my $r = http('OPTIONS', '/execute', undef,
             headers => { Origin => 'https://ide.example.com',
                          'Access-Control-Request-Method' => 'POST' });
is($r->{status}, 204, 'status');
is($r->{headers}{'access-control-allow-methods'}, 'POST, OPTIONS', 'methods');
like($r->{headers}{'access-control-allow-headers'}, qr/Content-Type/,
     'headers');



=== TEST 8: a star allows every host
--- pool: none
--- http_config
coderemote_allow_host *;
--- more_headers
Host: anything.example.com
--- request
GET /health
--- response_body_like: "status":"ok"



=== TEST 9: a location that is off does not care
--- pool: none
--- config
location / {
    root html;
}
--- user_files
>>> index.html
page
--- more_headers
Host: example.com
Origin: http://example.net
--- request
GET /index.html
--- response_body
page
