package CodeRemote;

# The Test::Nginx suite of Code Remote.  A block is a promise, its title a
# sentence.  What this adds to Test::Nginx::Socket:
#
#   defaults    config (coderemote on in location /), http_config (the pool's
#               socket), a request, and no alert, crit or emerg in the log
#   pool        "--- pool: none" has no pool behind its socket; otherwise one
#               real pool serves all blocks of a file
#   worker      JSON members that replace those of the pool's configuration
#   steps       Perl that talks to the running nginx after the request, with
#               what CodeRemote::HTTP and CodeRemote::Pool export and with
#               is(), ok(), like() of Test::More
#
# In every section $POOL is the socket, $SCRATCH a folder of the test file,
# $PORT_TLS and $PORT_H2 are ports for servers of its own.

use Test::Nginx::Socket -Base;

use CodeRemote::HTTP ();
use CodeRemote::Pool ();

my $defaults = <<'_EOC_';
location / {
    coderemote on;
    root html;
    index index.html;
}
_EOC_

$ENV{TEST_NGINX_SLEEP} ||= 0.002;

no_root_location();
no_shuffle();
no_long_string();

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->no_error_log) {
        $block->set_value('no_error_log', "[alert]\n[crit]\n[emerg]");
    }

    if (!defined $block->config) {
        $block->set_value('config', $defaults);
    }

    if (!defined $block->request && !defined $block->raw_request
        && !defined $block->must_die)
    {
        $block->set_value('request', 'GET /health');
        $block->set_value('error_code', 200);
    }

    my $pool = $block->pool // '';
    my $socket = ($pool =~ /none/) ? CodeRemote::Pool::nowhere()
                                   : CodeRemote::Pool::serve($block->worker);

    my $http = $block->http_config // '';
    if ($http !~ /coderemote_pool/ && !defined $block->no_pool) {
        $http = "coderemote_pool unix:$socket;\n$http";
    }

    $block->set_value('http_config', $http);

    for my $section (qw/ http_config config main_config steps /) {
        my $text = $block->$section;
        next if !defined $text;

        my $scratch = CodeRemote::Pool::scratch();
        my $port = $Test::Nginx::Util::ServerPort;

        $text =~ s/\$PORT_TLS\b/$port + 1/ge;
        $text =~ s/\$PORT_H2\b/$port + 2/ge;
        $text =~ s/\$POOL\b/$socket/g;
        $text =~ s/\$SCRATCH\b/$scratch/g;
        $block->set_value($section, $text);
    }
});

add_response_body_check(sub {
    my ($block, $body, $req_idx, $repeated, $dry_run) = @_;

    return if !defined $block->steps || $dry_run || $req_idx != 0;

    CodeRemote::HTTP::steps($block->name, $block->steps,
                            $Test::Nginx::Util::ServerPortForClient);
});

1;
