# The whole way of a user with cognito-local, an emulator of Cognito that is
# not ours: what it answers is what we have to live with.

my ($emulator, $command);

BEGIN {
    $command = 't/cognito/emulator.mjs';

    if (!-d 't/cognito/node_modules/cognito-local') {
        print "1..0 # SKIP no cognito-local: npm ci in t/cognito\n";
        exit 0;
    }
}

use lib 't/lib';
use CodeRemote 'no_plan';
use IPC::Open2 qw/ open2 /;
use JSON::PP ();

# it ends when its input does, whatever becomes of us

our $input;
my $pid = open2(my $output, $input, 'node', $command);
my $line = <$output> // die "cognito-local does not start\n";
$emulator = JSON::PP::decode_json($line);

END {
    local $?;
    close $input if $input;
    waitpid $pid, 0 if $pid;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value('http_config', $emulator->{directives} . "\n");
});

sub CodeRemote::Steps::auth {
    my ($what, $body, %h) = @_;
    return CodeRemote::HTTP::http('POST', "/auth/$what", $body // '',
        headers => { Origin => 'http://localhost', %h });
}

# status and code

sub CodeRemote::Steps::told {
    my $r = CodeRemote::Steps::auth(@_);
    return join ' ', $r->{status},
                     $r->{json}{code} // $r->{json}{status} // '-';
}

# a user of cognito-local's, who is confirmed

sub CodeRemote::Steps::member {
    my ($email) = @_;
    my $in = { email => $email, password => 'Passw0rd!' };
    CodeRemote::Steps::told('register', $in) =~ /^202/ or die 'register';
    CodeRemote::Steps::told('confirm',
        { email => $email, code => $emulator->{code} }) =~ /^200/
        or die 'confirm';
    return $in;
}

sub CodeRemote::Steps::cookie {
    my ($r) = @_;
    my ($pair) = ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/;
    return $pair;
}

# what only a pool's owner may do

sub CodeRemote::Steps::admin {
    my ($op, $body) = @_;
    my ($port) = $emulator->{endpoint} =~ /:(\d+)/;
    local $CodeRemote::HTTP::port = $port;
    my $r = CodeRemote::HTTP::http('POST', '/',
        { UserPoolId => $emulator->{poolId}, %$body }, headers => {
            'Content-Type' => 'application/x-amz-json-1.1',
            'X-Amz-Target' => "AWSCognitoIdentityProviderService.$op" });
    return $r->{json};
}

run_tests();

__DATA__

=== TEST 1: sign up, code, login, run, refresh, leave
--- steps
my $in = { email => 'ada@example.com', password => 'Passw0rd!' };

is(told('register', $in), '202 confirmation_required', 'register');
is(told('register', $in), '202 confirmation_required', 'twice');
is(told('login', $in), '403 user_not_confirmed', 'too early');
is(told('confirm', { email => $in->{email}, code => '000000' }),
   '422 code_mismatch', 'wrong code');
is(told('confirm', { email => $in->{email}, code => '123456' }),
   '200 confirmed', 'right code');

my $r = auth('login', $in);
is($r->{status}, 200, 'login');
is($r->{json}{user}{email}, 'ada@example.com', 'as whom');
my $id = $r->{json}{user}{id};
my %bearer = (headers => { Authorization =>
                           "Bearer $r->{json}{access_token}" });
my $cookie = cookie($r);

is(http('GET', '/auth/me', undef, %bearer)->{json}{user}{id}, $id, 'me');

my $job = wait_for {
    my $j = http('POST', '/execute?wait=true', { code => 'print(6 * 7)' },
                 headers => { %{ $bearer{headers} } });
    $j->{status} == 200 ? $j->{json} : undef;
};
is($job->{stdout}, "42\n", 'run');
is(http('GET', "/jobs/$job->{job_id}")->{status}, 401, 'a token is needed');

$r = auth('refresh', '', Cookie => $cookie);
is($r->{status}, 200, 'refresh');
is($r->{json}{user}{id}, $id, 'the same user');
is($r->{json}{user}{email}, 'ada@example.com', 'the same address');
is(http('GET', "/jobs/$job->{job_id}", undef, headers => { Authorization =>
        "Bearer $r->{json}{access_token}" })->{status}, 200,
   'the job is still ours');

is(auth('logout', '', Cookie => $cookie)->{status}, 204, 'logout');
is(told('refresh', '', Cookie => $cookie), '401 no_session', 'revoked');
is(auth('logout', '', Cookie => $cookie)->{status}, 204, 'once more');



=== TEST 2: nobody learns who has an account
--- pool: none
--- steps
my $in = member('eve@example.com');
is(told('login', { %$in, password => 'wrong' }), '401 invalid_credentials',
   'a wrong password');
is(told('login', { email => 'nobody@example.com', password => 'wrong' }),
   '401 invalid_credentials', 'an unknown account');
is(told('confirm', { email => 'nobody@example.com', code => '123456' }),
   '422 code_mismatch', 'confirm');
is(told('forgot', { email => $_ }), '202 sent', "forgot: $_")
    for 'eve@example.com', 'nobody@example.com';
is(told('reset', { email => 'nobody@example.com', code => '123456',
                   new_password => 'x' }), '422 code_mismatch', 'reset');



=== TEST 3: a forgotten password
--- pool: none
--- steps
my $in = member('tom@example.com');
my %new = (email => $in->{email}, new_password => 'N3wPassw0rd!');
is(told('forgot', { email => $in->{email} }), '202 sent', 'forgot');
is(told('reset', { %new, code => '999999' }), '422 code_mismatch', 'wrong');
is(told('reset', { %new, code => '123456' }), '200 reset', 'right');
is(told('login', $in), '401 invalid_credentials', 'the old password');
is(auth('login', { %$in, password => $new{new_password} })->{status}, 200,
   'the new one');



=== TEST 4: a password that has to be changed
--- pool: none
--- steps
admin('AdminCreateUser', { Username => 'tmp@example.com',
    TemporaryPassword => 'Temp1234!', DesiredDeliveryMediums => ['EMAIL'],
    UserAttributes => [{ Name => 'email', Value => 'tmp@example.com' }] });
my $r = auth('login', { email => 'tmp@example.com',
                        password => 'Temp1234!' });
is($r->{json}{challenge}, 'NEW_PASSWORD_REQUIRED', 'challenge');
$r = auth('challenge', { %{ $r->{json} }, email => 'tmp@example.com',
                         new_password => 'Fresh1234!' });
is($r->{status}, 200, 'answered');
is($r->{json}{user}{email}, 'tmp@example.com', 'a session');
is(auth('login', { email => 'tmp@example.com', password => 'Fresh1234!' })
   ->{status}, 200, 'and from now on');



=== TEST 5: the provider's holes are not ours
--- pool: none
--- steps
my $in = member('max@example.com');
is(told('reset', { email => $in->{email}, new_password => 'Stolen1!' }),
   '400 missing_field', 'a reset without a code');
is(told('login', { email => $in->{email} }), '400 missing_field',
   'a login without a password');
is(http('GET', '/auth/me', undef, headers => { Authorization => 'Bearer '
    . 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYXgifQ.' })->{status}, 401,
   'a forged token');
