package CodeRemote::Session;

# What the blocks about /ws and /jobs/{id}/events do again and again, for
# "--- steps".
#
#   my $ws = ws(deflate => 1);              # open, hello was read
#   my $id = start($ws, 'print(1)');        # execute; accepted was read
#   my $r = follow($ws, $id);               # up to the result
#   $r->{stdout}, $r->{stderr}, $r->{order} ("o" and "e" by chunk),
#   $r->{status} [...], $r->{outputs} [messages, with {at}], $r->{result}
#
#   my $e = events("/jobs/$id/events", 'Last-Event-ID' => 4);
#   $e->{status}, $e->{headers}, $e->{events} [{ event, id, data, json, at }]

use strict;
use warnings;

use Encode qw/ encode /;
use JSON::PP;
use MIME::Base64 qw/ decode_base64 /;
use Time::HiRes qw/ time /;

use CodeRemote::HTTP ();
use CodeRemote::WS ();

use constant TIMEOUT => $ENV{TEST_NGINX_TIMEOUT} ? 30 : 10;


sub ws {
    my (%o) = @_;

    my $ws = CodeRemote::WS->connect('127.0.0.1',
                                     $o{port} || $CodeRemote::HTTP::port,
                                     '/ws', timeout => TIMEOUT, %o);

    if ($ws->status == 101 && !$o{keep_hello}) {
        my $hello = $ws->recv_json(TIMEOUT);
        die "no hello: $hello->{type}\n" if $hello->{type} ne 'hello';
    }

    return $ws;
}


sub start {
    my ($ws, $code, %body) = @_;

    $ws->send_json({ type => 'execute', code => $code, %body });

    # messages of other jobs are kept for follow()

    while (1) {
        my $m = $ws->recv_json(TIMEOUT);

        return $m->{job_id} if $m->{type} eq 'accepted';

        die "not accepted: " . encode_json($m) . "\n"
            if $m->{type} eq 'error';

        push @{ $ws->{kept} }, $m;
    }
}


# messages of one job up to its result or the first error; others are left out

sub follow {
    my ($ws, $id, %o) = @_;

    my %r = (stdout => '', stderr => '', order => '', status => [],
             outputs => [], next => $o{offset});

    while (1) {
        my $m = shift(@{ $ws->{kept} })
                || $ws->recv_json($o{timeout} || TIMEOUT);

        if ($m->{type} eq 'error') {
            $r{error} = $m;
            return \%r;
        }

        next if !defined $m->{job_id} || $m->{job_id} ne $id;

        if ($m->{type} eq 'result') {
            $r{result} = $m;
            return \%r;
        }

        if ($m->{type} eq 'status') {
            push @{ $r{status} }, $m->{status};
            next;
        }

        take($m, \%r);

        return \%r if $o{until} && ($r{stdout} . $r{stderr}) =~ $o{until};
    }
}


# one output message; its offset has to go on where the last one ended

sub take {
    my ($m, $r) = @_;

    my $bytes = ($m->{encoding} // '') eq 'base64'
                ? decode_base64($m->{data}) : encode('UTF-8', $m->{data});

    if (defined $r->{next} && $r->{next} != $m->{offset}) {
        die "offset $m->{offset}, expected $r->{next}\n";
    }

    $r->{next} = $m->{offset} + length $bytes;
    $r->{ $m->{stream} } .= $bytes;
    $r->{order} .= substr $m->{stream}, 3, 1;

    $m->{at} = time;
    push @{ $r->{outputs} }, $m;
}


# an event stream; with until => sub it ends when the sub likes an event

sub events {
    my ($path, %o) = @_;

    my $until = delete $o{until};
    my $c = CodeRemote::HTTP::connection();

    $c->send("GET $path HTTP/1.1\r\nHost: localhost\r\n"
             . join('', map { "$_: $o{$_}\r\n" } sort keys %o) . "\r\n");

    my $head = $c->until(qr/\A(.*?)\r\n\r\n/s) // return undef;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
    my %headers = map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () }
                  split /\r\n/, $head;

    my %r = (status => $status, headers => \%headers, events => [],
             comments => 0, text => '', connection => $c);

    if ($status != 200) {
        $r{json} = decode_json($c->bytes($headers{'content-length'}));
        return \%r;
    }

    read_events(\%r, $until);

    return \%r;
}


sub read_events {
    my ($r, $until) = @_;

    my $c = $r->{connection};

    while (1) {
        while ($r->{text} =~ s/\A(.*?)\n\n//s) {
            my $e = event($r, $1);
            return if $e && $until && $until->($e);
        }

        my $n = $c->until(qr/\A([0-9a-f]+)\r\n/);
        return if !defined $n;

        my $chunk = $c->bytes(hex $n);
        $c->bytes(2);

        if (!length $chunk) {
            $r->{ended} = 1;
            return;
        }

        $r->{text} .= $chunk;
    }
}


sub event {
    my ($r, $text) = @_;

    my %e = (at => time);

    for my $line (split /\n/, $text) {
        if ($line =~ /^:/) {
            $r->{comments}++;

        } elsif ($line =~ /^retry: (\d+)$/) {
            $r->{retry} = $1;

        } elsif ($line =~ /^(event|id|data): (.*)$/ && !exists $e{$1}) {
            $e{$1} = $2;

        } else {
            die "bad line in the event stream: $line\n";
        }
    }

    return undef if !exists $e{data};

    $e{json} = decode_json($e{data});
    push @{ $r->{events} }, \%e;

    return \%e;
}


{
    no strict 'refs';

    for my $name (qw/ ws start follow events read_events /) {
        *{"CodeRemote::Steps::$name"} = \&$name;
    }

    *CodeRemote::Steps::encode_json = \&JSON::PP::encode_json;
    *CodeRemote::Steps::decode_json = \&JSON::PP::decode_json;
}

1;
