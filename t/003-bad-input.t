use lib 't/lib';
use CodeRemote 'no_plan';

run_tests();

__DATA__

=== TEST 1: a body that is not a JSON object says where it stops being one
--- steps
wait_ready();
my %bad = ('' => 'empty', '{' => '', '[]' => 'object', '"x"' => '',
           'null' => '', '{"code":"x",}' => 'line 1', '{"code":"x"} x' => '',
           "{\"code\":\n'x'}" => 'line 2', '{"code":"x","code":"y"}' => 'code',
           '{"code":"\u0000"}' => 'u0000', '{"code":"\ud800"}' => '',
           '{"code":NaN}' => '', ('[' x 5000) => '');
for my $body (sort keys %bad) {
    my $r = http('POST', '/execute', $body);
    is($r->{status}, 400, substr($body, 0, 20));
    is($r->{json}{code}, 'invalid_json', 'code');
    like($r->{json}{detail}, qr/$bad{$body}/, 'detail') if $bad{$body};
}



=== TEST 2: bytes that are not UTF-8 are refused as that
--- steps
wait_ready();
for my $bytes ("\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80")
{
    my $r = http('POST', '/execute', "{\"code\":\"$bytes\"}");
    is($r->{status}, 400, unpack('H*', $bytes));
    is($r->{json}{code}, 'invalid_utf8', 'code');
}



=== TEST 3: a field of the wrong type is named with its rule
--- steps
wait_ready();
my @bad = (
    [{ code => 1 }, 'code', 'string'],
    [{ code => [] }, 'code', 'string'],
    [{ code => 'x', language => 5 }, 'language', 'string'],
    [{ code => 'x', stdin => {} }, 'stdin', 'string'],
    [{ code => 'x', args => 'a' }, 'args', 'array'],
    [{ code => 'x', args => ['a', 2] }, 'args[1]', 'string'],
    [{ code => 'x', args => [('a') x 257] }, 'args', '256'],
    [{ code => 'x', env => [] }, 'env', 'object'],
    [{ code => 'x', env => { A => 1 } }, 'env.A', 'string'],
    [{ code => 'x', env => { '1A' => 'x' } }, 'env.1A', 'letters'],
    [{ code => 'x', env => { 'A=B' => 'x' } }, 'env.A=B', 'letters'],
    [{ code => 'x', files => {} }, 'files', 'array'],
    [{ code => 'x', files => ['a'] }, 'files[0]', 'object'],
    [{ code => 'x', files => [{ name => 'a', content => 1 }] },
     'files[0].content', 'string'],
    [{ code => 'x', files => [{ name => 'a', content => '*',
                                encoding => 'base64' }] },
     'files[0].content', 'base64'],
    [{ code => 'x', files => [{ name => 'a', content => '',
                                encoding => 'hex' }] },
     'files[0].encoding', 'utf8'],
    [{ code => 'x', files => [({ name => 'a', content => '' }) x 2] },
     'files[1].name', 'another'],
    [{ code => 'x', limits => [] }, 'limits', 'object'],
    [{ code => 'x', limits => { timeout_ms => '5' } }, 'limits.timeout_ms',
     'whole number'],
    [{ code => 'x', limits => { timeout_ms => 1.5 } }, 'limits.timeout_ms',
     'whole number'],
    [{ code => 'x', limits => { timeout_ms => 0 } }, 'limits.timeout_ms',
     'from 1'],
    [{ code => 'x', limits => { memory_mb => -1 } }, 'limits.memory_mb',
     'from 1'],
    [{ code => 'x', limits => { processes => 10**15 } }, 'limits.processes',
     'from 1 to'],
    [{ code => 'x', interactive => 'yes' }, 'interactive', 'true or false'],
);
for my $case (@bad) {
    my ($body, $field, $rule) = @$case;
    my $r = http('POST', '/execute', $body);
    is($r->{status}, 400, "$field: status");
    is($r->{json}{code}, 'invalid_field', "$field: code");
    is($r->{json}{field}, $field, "$field: field");
    like($r->{json}{detail}, qr/\Q$rule\E/, "$field: rule");
}



=== TEST 4: names of files stay below the work directory
--- steps
wait_ready();
for my $name ('', '.', '..', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/',
              './a', 'a/.')
{
    my $r = http('POST', '/execute',
                 { code => 'x', files => [{ name => $name, content => '' }] });
    is($r->{status}, 400, "'$name'");
    is($r->{json}{field}, 'files[0].name', "field of '$name'");
}



=== TEST 5: no file takes the place of the code
--- steps
wait_ready();
for my $name ('main.py', 'main.py/x') {
    my $r = http('POST', '/execute?wait=true',
                 { code => 'x', files => [{ name => 'a', content => '' },
                                          { name => $name, content => '' }] });
    is($r->{status}, 400, "'$name'");
    is($r->{json}{code}, 'invalid_field', "code of '$name'");
    is($r->{json}{field}, 'files[1].name', "field of '$name'");
    like($r->{json}{detail}, qr/the code itself/, "rule of '$name'");
}
for my $name ('main.pyc', 'main.p', 'x/main.py') {
    my $r = http('POST', '/execute?wait=true',
                 { code => 'pass', files => [{ name => $name,
                                               content => '' }] });
    is($r->{json}{status}, 'succeeded', "'$name'");
}



=== TEST 6: what is missing is named
--- steps
wait_ready();
my $r = http('POST', '/execute', {});
is($r->{status}, 400, 'status');
is($r->{json}{code}, 'missing_field', 'code');
is($r->{json}{field}, 'code', 'field');

$r = http('POST', '/execute', { code => 'x', files => [{ name => 'a' }] });
is($r->{json}{code}, 'missing_field', 'a member of a file');
is($r->{json}{field}, 'files[0].content', 'its name');



=== TEST 7: what is unknown is named, with what is known
--- steps
wait_ready();
my @bad = ([{ code => 'x', cod => 1 }, 'cod'],
           [{ code => 'x', Code => 'x' }, 'Code'],
           [{ code => 'x', limits => { ram => 1 } }, 'limits.ram'],
           [{ code => 'x', files => [{ name => 'a', content => '',
                                       mode => 1 }] }, 'files[0].mode'],
           [{ code => 'x', 'x' x 1000 => 1 }, undef],
           [{ code => 'x', "\x{e4}" x 300 => 1 }, undef]);
for my $case (@bad) {
    my ($body, $field) = @$case;
    my $r = http('POST', '/execute', $body);
    is($r->{status}, 400, 'status');
    is($r->{json}{code}, 'unknown_field', 'code');
    is($r->{json}{field}, $field, 'field') if defined $field;
}



=== TEST 8: an unknown language comes with the list of known ones
--- steps
wait_ready();
my $r = http('POST', '/execute', { code => 'x', language => 'cobol' });
is($r->{status}, 400, 'status');
is($r->{json}{code}, 'unknown_language', 'code');
is($r->{json}{field}, 'language', 'field');
like($r->{json}{detail}, qr/python/, 'detail');



=== TEST 9: null is the same as absent
--- steps
wait_ready();
is(run('print(1)', language => undef, stdin => undef, args => undef,
       env => undef, files => undef, limits => { timeout_ms => undef },
       interactive => undef)->{status}, 'succeeded', 'status');



=== TEST 10: another content type is 415, what curl says without one is not
--- steps
wait_ready();
my %types = ('text/plain' => 415, 'application/xml' => 415,
             'application/jsonx' => 415, 'multipart/form-data' => 415,
             'application/json; charset=iso-8859-1' => 415,
             'application/json' => 202,
             'Application/JSON; charset=UTF-8' => 202,
             'application/json;charset="utf-8"' => 202,
             'application/x-www-form-urlencoded' => 202);
for my $type (sort keys %types) {
    my $r = http('POST', '/execute', { code => '' },
                 headers => { 'Content-Type' => $type });
    is($r->{status}, $types{$type}, $type);
    is($r->{json}{code}, 'unsupported_media_type', "code for $type")
        if $types{$type} == 415;
}
is(http('POST', '/execute', { code => '' },
        headers => { 'Content-Type' => undef })->{status}, 202, 'none at all');



=== TEST 11: code over its limit is 413 with the limit
--- http_config
coderemote_max_code_size 1k;
coderemote_max_stdin_size 2k;
--- steps
wait_ready();
is(http('POST', '/execute', { code => '#' x 1024 })->{status}, 202, 'at it');
my $r = http('POST', '/execute', { code => '#' x 1025 });
is($r->{status}, 413, 'over it');
is($r->{json}{code}, 'too_large', 'code');
is($r->{json}{field}, 'code', 'field');
like($r->{json}{detail}, qr/1024.*coderemote_max_code_size/, 'detail');
$r = http('POST', '/execute', { code => '', stdin => '#' x 2049 });
is($r->{json}{field}, 'stdin', 'stdin has its own');



=== TEST 12: a body over its limit is 413, however it is framed
--- http_config
coderemote_max_body_size 100k;
--- steps
my $c = connection();
my $r = $c->request('POST', '/execute', 'x' x 2_000_000);
is($r->{status}, 413, 'by its length');
is($r->{json}{code}, 'too_large', 'code');
is($c->request('GET', '/health')->{status}, 200, 'the connection stays');

$r = http('POST', '/execute', 'x' x 200_000, chunked => 1);
is($r->{status}, 413, 'in chunks');
is($r->{json}{code}, 'too_large', 'code');



=== TEST 13: every error leaves the connection usable
--- steps
wait_ready();
my $c = connection();
my @bodies = ('{', '{"code":1}', '{"cod":1}', "{\"code\":\"\xff\"}",
              '{"code":"x","language":"cobol"}', '[' x 70_000);
for my $body (@bodies) {
    is($c->request('POST', '/execute', $body)->{status}, 400,
       substr($body, 0, 20));
}
is($c->request('POST', '/execute', 'x',
               headers => { 'Content-Type' => 'a/b' })->{status}, 415, 'a wrong type');
is($c->request('PATCH', '/execute', 'x' x 70_000)->{status}, 405, 'a wrong method');
is($c->request('POST', '/execute?wait=true', { code => 'print(1)' })
     ->{json}{stdout}, "1\n", 'a good one on the same connection');



=== TEST 14: bodies in chunks and in pieces are read whole
--- steps
wait_ready();
my $code = '#' . 'x' x 60_000 . "\nprint('end')";
is(http('POST', '/execute?wait=true', { code => $code }, chunked => 1)
     ->{json}{stdout}, "end\n", 'chunks');

my $c = connection();
my $body = '{"code":"print(2)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Content-Length: " . length($body) . "\r\n\r\n");
for my $byte (split //, $body) {
    $c->send($byte);
    sleep 0.001;
}
is($c->response->{json}{stdout}, "2\n", 'byte by byte');



=== TEST 15: a client that expects 100 gets it
--- steps
wait_ready();
my $c = connection();
my $body = '{"code":"print(3)"}';
$c->send("POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
         . "Expect: 100-continue\r\nContent-Length: " . length($body)
         . "\r\n\r\n");
like($c->until(qr/\A(HTTP.*?\r\n\r\n)/s), qr/ 100 Continue/, 'first');
$c->send($body);
is($c->response->{json}{stdout}, "3\n", 'then the answer');



=== TEST 16: wait is true or false
--- steps
wait_ready();
my %wait = (true => 200, 1 => 200, false => 202, 0 => 202, yes => 400,
            '' => 400);
for my $value (sort keys %wait) {
    is(http('POST', "/execute?wait=$value", { code => '' })->{status},
       $wait{$value}, "wait=$value");
}
