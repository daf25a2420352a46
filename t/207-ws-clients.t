use lib 't/lib';
use CodeRemote 'no_plan';

# what a program says that speaks WebSocket by a library of others

sub CodeRemote::Steps::client {
    my (@program) = @_;
    my $url = "ws://localhost:$CodeRemote::HTTP::port/ws";

    open my $out, '-|', "@program $url 2>&1" or return "$program[0]: $!";
    my $text = do { local $/; <$out> } // '';
    close $out;

    return $text;
}

run_tests();

__DATA__

=== TEST 1: the client of Python's websockets, with compression and without
--- steps
wait_ready();
like(client('/usr/bin/python3 t/lib/ws_client.py'), qr/^(done|skip: .*)\n\z/,
     'python3-websockets');



=== TEST 2: the client of npm's ws, with every parameter of compression
--- steps
wait_ready();
like(client('node t/lib/ws_client.mjs'), qr/^(done|skip: .*)\n\z/, 'ws');
