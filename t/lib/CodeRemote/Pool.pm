package CodeRemote::Pool;

# The real pool behind a test file: coderemote-worker with a socket, users
# and a folder of its own, started for the first block that wants it.

use strict;
use warnings;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Path qw/ make_path remove_tree /;
use IO::Socket::UNIX;
use JSON::PP;
use POSIX qw/ WNOHANG :signal_h /;
use Time::HiRes qw/ sleep time /;

my $root = $ENV{CODEREMOTE_ROOT} || abs_path(dirname(__FILE__) . '/../../..');
my $build = $ENV{CODEREMOTE_BUILD} || "$root/build";
my $binary = $ENV{CODEREMOTE_WORKER} || "$build/coderemote-worker";

my $scratch = "/tmp/coderemote-t.$$";
my $owner = $$;
my $pid;
my $members = '';


sub scratch {
    make_path($scratch) if !-d $scratch;
    return $scratch;
}


# a socket that nothing listens to

sub nowhere {
    return scratch() . '/nowhere.sock';
}


# the pool's socket; 'json' holds members of its configuration

sub serve {
    my ($json) = @_;

    $json = defined $json ? "{$json}" : '{}';

    if (!$pid || $json ne $members) {
        pool_stop();
        $members = $json;
        pool_start();
    }

    return "$scratch/pool.sock";
}


sub pool_start {
    return if $pid;

    write_config();
    unlink "$scratch/pool.sock";

    $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$scratch/pool.log";
        open STDERR, '>&', \*STDOUT;
        exec { $binary } $binary, '--config', "$scratch/worker.json"
            or POSIX::_exit(127);
    }

    my $end = time + 20;

    while (time < $end) {
        my $s = IO::Socket::UNIX->new(Type => SOCK_SEQPACKET,
                                      Peer => "$scratch/pool.sock");
        return $pid if $s;

        if (waitpid($pid, WNOHANG) == $pid) {
            $pid = undef;
            last;
        }

        sleep 0.01;
    }

    my $log = do { local (@ARGV, $/) = "$scratch/pool.log"; <> };
    die "the pool does not start:\n$log\n";
}


sub write_config {
    my $config = decode(slurp("$root/conf/worker.json"));

    scratch();

    %$config = (%$config,
                socket => "$scratch/pool.sock",
                languages_dir => "$root/conf/languages",
                workers => 2, boxes => 4,

                # host ids that no other pool of this machine has: a run of
                # the suite is alone in its thousand
                uid_base => 0x71000000 + ($$ % 16384) * 1024,
                %{ decode($members) });

    open my $out, '>', "$scratch/worker.json" or die "worker.json: $!\n";
    print $out JSON::PP->new->pretty->canonical->encode($config);
    close $out;
}


sub decode {
    return JSON::PP->new->decode($_[0]);
}


# tls.pem and tls.key in the scratch folder

sub certificate {
    my $dir = scratch();

    return if -f "$dir/tls.pem";

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
           . "-nodes -days 2 -subj /CN=localhost -keyout $dir/tls.key "
           . "-out $dir/tls.pem 2>$dir/openssl.log") == 0
        or die "no certificate: " . slurp("$dir/openssl.log");
}


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}


# signal: TERM drains, INT ends now

sub pool_stop {
    my ($signal) = @_;

    return if !$pid;

    kill $signal || 'INT', $pid;

    my $end = time + 10;

    while (waitpid($pid, WNOHANG) == 0) {
        kill 'KILL', $pid if time > $end;
        sleep 0.005;
    }

    $pid = undef;
}


# the master dies without a word; its workers follow it

sub pool_kill {
    pool_stop('KILL');
}


# all of its workers at once: the master stands still meanwhile, or it might
# give a job to one that is next

sub pool_kill_workers {
    kill 'STOP', $pid;
    kill 'KILL', split ' ', slurp("/proc/$pid/task/$pid/children");
    kill 'CONT', $pid;
}


sub pool_pid {
    return $pid;
}


sub nginx_pid {
    my $file = "$Test::Nginx::Util::ServRoot/logs/nginx.pid";
    my $text = eval { slurp($file) } // '';

    return $text =~ /(\d+)/ ? $1 : undef;
}


# pids of nginx's workers that are not shutting down

sub nginx_workers {
    my $master = nginx_pid();

    my @pids = split ' ', eval {
        slurp("/proc/$master/task/$master/children")
    } // '';

    return grep {
        (eval { slurp("/proc/$_/cmdline") } // '') =~ /worker process(?! is)/
    } @pids;
}


# reloads and waits until only new workers accept

sub nginx_reload {
    my %old = map { $_ => 1 } nginx_workers();

    kill 'HUP', nginx_pid();

    my $end = time + 10;

    while (time < $end) {
        my @now = nginx_workers();
        return 1 if @now && !grep { $old{$_} } @now;
        sleep 0.005;
    }

    return 0;
}


END {
    if ($$ == $owner) {
        local $?;
        pool_stop();

        if (!$ENV{TEST_NGINX_NO_CLEAN}) {
            remove_tree($scratch);
        }
    }
}

1;
