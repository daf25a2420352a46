#!/usr/bin/perl

# Writes the seeds of the targets that read JSON to corpus/: one file a rule,
# good ones first, then what the tests refuse.  Run in t/fuzz; what it writes
# is in the repository.

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


sub slurp {
    open my $f, '<', $_[0] or die "$_[0]: $!";
    local $/;
    return <$f>;
}


# what every reader of an object has to refuse

my %broken = (
    empty => '', open => '{', array => '[]', string => '"x"', null => 'null',
    comma => '{"code":"x",}', after => '{"code":"x"} x',
    quotes => "{\"code\":\n'x'}", twice => '{"code":"x","code":"y"}',
    escaped => '{"code":"x","c\u006fde":"y"}', nul => '{"code":"\u0000"}',
    surrogate => '{"code":"\ud800"}', nan => '{"code":NaN}',
    bom => "\xef\xbb\xbf{}", deep => ('{"a":' x 40) . '1' . ('}' x 40),
    brackets => '[' x 3000, huge => '{"offset":1e400}', ff => "{\"\xff\":1}",
    overlong => "{\"code\":\"\xc0\x80\"}", wide => '{"ref":' . '9' x 40 . '}',
);


my %body = (
    simple => '{"code":"print(1)"}',
    all => '{"code":"import sys\nprint(sys.argv)","language":"py",'
        . '"stdin":"a\nb","args":["-x","\u00e9"],"env":{"A":"1","_B2":""},'
        . '"files":[{"name":"data/in.txt","content":"text"},'
        . '{"name":"b.bin","content":"AAEC","encoding":"base64"}],'
        . '"limits":{"timeout_ms":1000,"cpu_ms":500,"memory_mb":64,'
        . '"output_kb":16,"processes":4},"interactive":true}',
    nulls => '{"code":"x","language":null,"stdin":null,"args":null,'
        . '"env":null,"files":null,"limits":null,"interactive":null}',
    number => '{"code":1}', language => '{"code":"x","language":"cobol"}',
    known => '{"code":"x","language":"c"}',
    args => '{"code":"x","args":["a",2]}',
    many => '{"code":"x","args":[' . join(',', ('""') x 257) . ']}',
    env => '{"code":"x","env":{"A":1}}',
    envname => '{"code":"x","env":{"1A":"x"}}',
    envequal => '{"code":"x","env":{"A=B":"x"}}',
    filekind => '{"code":"x","files":["a"]}',
    base64 => '{"code":"x","files":[{"name":"a","content":"*",'
        . '"encoding":"base64"}]}',
    hex => '{"code":"x","files":[{"name":"a","content":"","encoding":"hex"}]}',
    same => '{"code":"x","files":[{"name":"a","content":""},'
        . '{"name":"a","content":""}]}',
    folder => '{"code":"x","files":[{"name":"a","content":""},'
        . '{"name":"a/b","content":""}]}',
    up => '{"code":"x","files":[{"name":"a/../../x","content":""}]}',
    root => '{"code":"x","files":[{"name":"/etc/passwd","content":""}]}',
    dot => '{"code":"x","files":[{"name":"./a","content":""}]}',
    mode => '{"code":"x","files":[{"name":"a","content":"","mode":1}]}',
    zero => '{"code":"x","limits":{"timeout_ms":0}}',
    float => '{"code":"x","limits":{"timeout_ms":1.5}}',
    text => '{"code":"x","limits":{"timeout_ms":"5"}}',
    minus => '{"code":"x","limits":{"memory_mb":-1}}',
    above => '{"code":"x","limits":{"processes":1000000000000000}}',
    ram => '{"code":"x","limits":{"ram":1}}',
    yes => '{"code":"x","interactive":"yes"}',
    unknown => '{"code":"x","cod":1}',
    long => '{"code":"x","' . "\xc3\xa4" x 300 . '":1}',
    big => '{"code":"' . 'x' x 1500 . '"}',
    stdin => '{"code":"x","stdin":"' . 'y' x 600 . '"}',
);

for my $name (keys %broken) {
    seed('execute_fuzz', "broken-$name", "0$broken{$name}");
    seed('ws_message_fuzz', "broken-$name", "0\x00$broken{$name}");
    seed('worker_config_fuzz', "broken-$name", "0$broken{$name}");
    seed('worker_config_fuzz', "language-broken-$name", "1$broken{$name}");
}

for my $name (keys %body) {
    (my $message = $body{$name}) =~ s/^\{/{"type":"execute","ref":"r",/;

    seed('execute_fuzz', $name, "3$body{$name}");
    seed('ws_message_fuzz', "execute-$name", "0\x00$message");
}


my $id = '"job_id":"01a1fbf7-04f2-7250-8c11-eeab5978000';

my %message = (
    ping => '{"type":"ping","ref":7}',
    longref => '{"type":"ping","ref":"' . 'x' x 129 . '"}',
    badref => '{"type":"ping","ref":[]}',
    notype => '{"ref":"x"}', type => '{"type":"pong"}', typenum => '{"type":1}',
    member => '{"type":"ping","x":1}',
    stdin => "{\"type\":\"stdin\",${id}1\",\"data\":\"Ada\\n\"}",
    stdinnum => "{\"type\":\"stdin\",${id}1\",\"data\":5}",
    ended => "{\"type\":\"stdin\",${id}7\",\"data\":\"x\"}",
    eof => "{\"type\":\"eof\",${id}2\"}",
    signal => "{\"type\":\"signal\",${id}3\",\"signal\":\"SIGINT\"}",
    signum => "{\"type\":\"signal\",${id}3\",\"signal\":9}",
    badsig => "{\"type\":\"signal\",${id}3\",\"signal\":\"SIGSEGV\"}",
    cancel => "{\"type\":\"cancel\",${id}1\"}",
    subscribe => "{\"type\":\"subscribe\",${id}1\",\"offset\":5,\"attempt\":2}",
    negative => "{\"type\":\"subscribe\",${id}1\",\"offset\":-1}",
    unsubscribe => "{\"type\":\"unsubscribe\",${id}1\"}",
    nojob => '{"type":"eof"}', numjob => '{"type":"eof","job_id":1}',
    emptyjob => '{"type":"eof","job_id":""}',
    longjob => '{"type":"eof","job_id":"' . '1' x 200 . '"}',
    auth => '{"type":"auth","token":"a.b.c"}',
    badauth => '{"type":"auth","token":"a.b.b"}',
    noauth => '{"type":"auth"}',
);

for my $name (keys %message) {
    seed('ws_message_fuzz', $name, "0\x00$message{$name}");
    seed('ws_message_fuzz', "jwt-$name", "3\x55$message{$name}");
}

seed('ws_message_fuzz', 'kept',
     "4\xff" . join("\0", @message{qw/ stdin stdin eof stdin signal cancel /}));
seed('ws_message_fuzz', 'many', "4\x5a" . join("\0", map {
     "{\"type\":\"subscribe\",$id$_\"}" } 0 .. 7));
seed('ws_message_fuzz', 'several', "0\x01"
     . join("\0", @message{qw/ stdin subscribe unsubscribe eof ping /}));


my $worker = slurp('../../conf/worker.json');
my $language = slurp('../../conf/languages/python.json');
$language =~ s/"python-zygote"/"\/bin\/sh"/;

seed('worker_config_fuzz', 'worker', "0$worker");
seed('worker_config_fuzz', 'language', "1$language");

my %worker = (
    boxen => '{"boxen":3}', zero => '{"boxes":0}', large => '{"boxes":1000}',
    minus => '{"boxes":-1}', float => '{"boxes":1.5}', text => '{"boxes":"3"}',
    wide => '{"job_slots":4294967297}', null => '{"result_ttl_s":null}',
    level => '{"log_level":"loud"}', mode => '{"socket_mode":660}',
    octal => '{"socket_mode":"0999"}', users => '{"allowed_users":"root"}',
    user => '{"allowed_users":[true,"nobody",12,-1]}',
    many => '{"allowed_users":[' . join(',', 1 .. 40) . ']}',
    group => '{"cgroup_parent":5}', nowhere => '{"languages_dir":"nowhere"}',
    longsocket => '{"socket":"' . 's' x 200 . '"}',
    longdir => '{"languages_dir":"' . 'd' x 5000 . '"}',
    kilobytes => '{"output_kb":1}',
);

seed('worker_config_fuzz', "worker-$_", "0$worker{$_}") for keys %worker;

my %language = (
    limits => ['"limits": \{.*\}', '"limits": { "timeout_ms": 7 }'],
    nolimits => ['"limits": \{.*\}', '"limits": {}'],
    small => ['"max": 30000', '"max": 9'],
    maxx => ['"max": 30000', '"maxx": 900'],
    kind => ['"kind": "python"', '"kind": "perl"'],
    zygote => ['/bin/sh', '../../../x'],
    beside => ['/bin/sh', 'sh'],
    id => ['"id": "python"', '"id": "' . 'p' x 40 . '"'],
    empty => ['"id": "python"', '"id": ""'],
    aliases => ['"py", ', '1, '],
    template => ['"name = ', '"' . 'x' x 4200],
    preload => ['"preload": \[\]', '"preload": [' . ('"a",' x 64) . '"a"]'],
    binds => ['"binds": \[\]', '"binds": ["/usr/lib"], "boxes": 3'],
    output => ['"output_kb": \{[^}]*\}', '"output_kb": '
               . '{ "default": 1024, "max": 65536 }'],
);

for my $name (keys %language) {
    my ($from, $to) = @{ $language{$name} };
    (my $text = $language) =~ s/$from/$to/s or die "$name: $from";

    seed('worker_config_fuzz', "language-$name", "1$text");
}
