
use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Session;

run_tests();

__DATA__

=== TEST 1: ping is answered by pong, with its ref if it has one
--- pool: none
--- steps
my $ws = ws();
$ws->send_json({ type => 'ping' });
is_deeply($ws->recv_json, { type => 'pong' }, 'plain');
$ws->send_json({ type => 'ping', ref => 'a' });
is_deeply($ws->recv_json, { type => 'pong', ref => 'a' }, 'with a string');
$ws->send_json({ type => 'ping', ref => 12 });
is_deeply($ws->recv_json, { type => 'pong', ref => 12 }, 'with a number');



=== TEST 2: a message that breaks a rule is answered by an error, and the connection stays
--- steps
wait_ready();
my $ws = ws();
my $id = '01a1fbf2-cfe1-7656-aff9-68f242e80046';
my @cases = (
    ['{', 'invalid_json', undef],
    ['', 'invalid_json', undef],
    ['[]', 'invalid_json', undef],
    ['"ping"', 'invalid_json', undef],
    ['null', 'invalid_json', undef],
    ['{"type":"ping","type":"ping"}', 'invalid_json', undef],
    ['{"type":"ping"} x', 'invalid_json', undef],
    ['{"type":"ping","ref":"\ud800"}', 'invalid_json', undef],
    ['[' x 5000, 'invalid_json', undef],
    ['{}', 'missing_field', 'type'],
    ['{"type":5}', 'invalid_field', 'type'],
    ['{"type":null}', 'invalid_field', 'type'],
    ['{"type":"exec"}', 'invalid_field', 'type'],
    ['{"type":"PING"}', 'invalid_field', 'type'],
    ['{"type":"hello"}', 'invalid_field', 'type'],
    ['{"type":"ping","more":1}', 'unknown_field', 'more'],
    ['{"type":"ping","ref":{}}', 'invalid_field', 'ref'],
    ['{"type":"ping","ref":1.5}', 'invalid_field', 'ref'],
    ['{"type":"ping","ref":"' . 'x' x 129 . '"}', 'invalid_field', 'ref'],
    ['{"type":"subscribe"}', 'missing_field', 'job_id'],
    ['{"type":"subscribe","job_id":1}', 'invalid_field', 'job_id'],
    ['{"type":"subscribe","job_id":""}', 'not_found', undef],
    ['{"type":"subscribe","job_id":"x"}', 'not_found', undef],
    [qq({"type":"subscribe","job_id":"$id"}), 'not_found', undef],
    [qq({"type":"subscribe","job_id":"$id","offset":-1}), 'invalid_field',
     'offset'],
    [qq({"type":"subscribe","job_id":"$id","offset":1.5}), 'invalid_field',
     'offset'],
    [qq({"type":"subscribe","job_id":"$id","offset":"0"}), 'invalid_field',
     'offset'],
    [qq({"type":"subscribe","job_id":"$id","attempt":"1"}), 'invalid_field',
     'attempt'],
    [qq({"type":"unsubscribe","job_id":"$id"}), 'not_found', undef],
    [qq({"type":"stdin","job_id":"$id"}), 'missing_field', 'data'],
    [qq({"type":"stdin","job_id":"$id","data":1}), 'invalid_field', 'data'],
    [qq({"type":"stdin","job_id":"$id","data":""}), 'not_found', undef],
    ['{"type":"stdin","data":""}', 'missing_field', 'job_id'],
    [qq({"type":"eof","job_id":"$id"}), 'not_found', undef],
    [qq({"type":"eof","job_id":"$id","data":""}), 'unknown_field', 'data'],
    [qq({"type":"signal","job_id":"$id"}), 'missing_field', 'signal'],
    [qq({"type":"signal","job_id":"$id","signal":"SIGSEGV"}),
     'invalid_field', 'signal'],
    [qq({"type":"signal","job_id":"$id","signal":"sigint"}),
     'invalid_field', 'signal'],
    [qq({"type":"signal","job_id":"$id","signal":0}), 'invalid_field',
     'signal'],
    [qq({"type":"signal","job_id":"$id","signal":11}), 'invalid_field',
     'signal'],
    [qq({"type":"signal","job_id":"$id","signal":true}), 'invalid_field',
     'signal'],
    [qq({"type":"cancel","job_id":"$id"}), 'not_found', undef],
    ['{"type":"auth","token":"x"}', 'bad_request', undef],
);
for my $case (@cases) {
    my ($text, $code, $field) = @$case;
    my $name = substr $text, 0, 50;
    $ws->send_text($text);
    my $m = $ws->recv_json;
    is($m->{type}, 'error', $name);
    is($m->{code}, $code, 'code');
    is($m->{field}, $field, 'field');
    ok(length $m->{detail}, 'detail');
}
$ws->send_json({ type => 'ping' });
is($ws->recv_json->{type}, 'pong', 'the connection stays');



=== TEST 3: an error names the message and the job that it is about
--- pool: none
--- steps
my $ws = ws();
$ws->send_json({ type => 'cancel', ref => 'c', job_id => 'nothing' });
my $m = $ws->recv_json;
is($m->{ref}, 'c', 'ref');
is($m->{job_id}, 'nothing', 'job_id');



=== TEST 4: execute has the rules of POST /execute
--- steps
wait_ready();
my $ws = ws();
my @cases = (
    [{}, 'missing_field', 'code'],
    [{ code => 1 }, 'invalid_field', 'code'],
    [{ code => 'x', language => 'cobol' }, 'unknown_language', 'language'],
    [{ code => 'x', codee => 1 }, 'unknown_field', 'codee'],
    [{ code => 'x' x 70_000 }, 'too_large', 'code'],
    [{ code => 'x', limits => { timeout_ms => 0 } }, 'invalid_field',
     'limits.timeout_ms'],
    [{ code => 'x', interactive => 1 }, 'invalid_field', 'interactive'],
);
for my $case (@cases) {
    my ($body, $code, $field) = @$case;
    $ws->send_json({ type => 'execute', ref => 'e', %$body });
    my $m = $ws->recv_json;
    is($m->{type}, 'error', "$code: type");
    is($m->{code}, $code, 'code');
    is($m->{field}, $field, 'field');
    is($m->{ref}, 'e', 'ref');
}
is(follow($ws, start($ws, 'print(1)'))->{stdout}, "1\n", 'and a good one runs');



=== TEST 5: args, env, files and limits arrive in the program
--- steps
wait_ready();
my $ws = ws();
my $id = start($ws, "import sys, os\nprint(sys.argv[1:], os.environ['A'], "
                    . "open('f.txt').read())",
               args => ['x', 'y'], env => { A => 'b' },
               files => [{ name => 'f.txt', content => 'text' }]);
is(follow($ws, $id)->{stdout}, "['x', 'y'] b text\n", 'all of them');



=== TEST 6: without a pool execute is refused, and works when there is one
--- steps
wait_ready();
my $ws = ws();
pool_stop();
wait_for { http('GET', '/ready')->{status} == 503 };
$ws->send_json({ type => 'execute', ref => 1, code => 'print(1)' });
my $m = $ws->recv_json;
is($m->{type}, 'error', 'type');
is($m->{code}, 'pool_unavailable', 'code');
is($m->{ref}, 1, 'ref');
pool_start();
wait_ready();
is(follow($ws, start($ws, 'print(2)'))->{stdout}, "2\n",
   'the same connection goes on');
