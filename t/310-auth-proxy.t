use lib 't/lib';
use CodeRemote 'no_plan';
use CodeRemote::Cognito;
use CodeRemote::Jwt;

workers(1);

CodeRemote::Cognito::start();
CodeRemote::Jwt::directives();
CodeRemote::Cognito::directives();

{
    no strict 'refs';
    *{"CodeRemote::Steps::$_"} = \&{"CodeRemote::Cognito::$_"}
        for qw/ answer error asked settings tokens /;
}

# a question of a page of this site; $h may take a header away

sub CodeRemote::Steps::auth {
    my ($what, $body, %h) = @_;
    return CodeRemote::HTTP::http('POST', "/auth/$what", $body // '',
        headers => { Origin => 'http://localhost', %h });
}

sub CodeRemote::Steps::cookie {
    my ($r) = @_;
    my ($pair) = ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/;
    return $pair;
}

# status and code

sub CodeRemote::Steps::told {
    my $r = CodeRemote::Steps::auth(@_);
    return join ' ', $r->{status},
                     $r->{json}{code} // $r->{json}{status} // '-';
}

our @ada = (email => 'ada@example.com');

{
    no warnings 'once';
    *CodeRemote::Steps::ada = \@ada;
}

run_tests();

__DATA__

=== TEST 1: a login is a session
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $r = auth('login', { @ada, password => 'Passw0rd!' });
is($r->{status}, 200, 'status');
my $j = $r->{json};
is($j->{token_type}, 'Bearer', 'type');
ok($j->{expires_in} > 250 && $j->{expires_in} <= 300, 'from the token');
is_deeply($j->{user}, { id => 'ada', email => 'ada@example.com',
                        groups => [] }, 'user');
is(http('GET', '/auth/me', undef, bearer($j->{access_token}))->{status}, 200,
   'the token is good here');
is($r->{headers}{'set-cookie'}, 'coderemote_refresh=' . b64('ada-1') . '.r1'
   . '; HttpOnly; Secure; SameSite=Strict; Path=/auth', 'cookie');
is($r->{headers}{'cache-control'}, 'no-store', 'not stored');

is_deeply([asked()], [{
    AuthFlow => 'USER_PASSWORD_AUTH', ClientId => CLIENT,
    AuthParameters => { USERNAME => 'ada@example.com',
                        PASSWORD => 'Passw0rd!' },
}], 'what was sent');



=== TEST 2: text is taken as it is: quotes, backslashes, other alphabets
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $password = "\"\\\n\t\x7f\x{e4}\x{20ac}\x{1f600}";
is(told('login', { email => "\x{e4}da\@example.com",
                   password => $password }), '200 -', 'in');
my ($in) = asked();
is($in->{AuthParameters}{PASSWORD}, $password, 'password');
is($in->{AuthParameters}{USERNAME}, "\x{e4}da\@example.com", 'address');



=== TEST 3: groups, and a token without an address
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
settings(%{ tokens('cognito:groups' => ['coders', 'admins']) },
         id => token(token_use => 'id', aud => CLIENT, sub => 'eve',
                     email => 'eve@example.com'));
my $r = auth('login', { @ada, password => 'x' });
is_deeply($r->{json}{user}, { id => 'ada', email => undef,
                              groups => ['coders', 'admins'] },
          'an id token of somebody else says nothing');
settings(id => 'garbage');
is(auth('login', { @ada, password => 'x' })->{json}{user}{email}, undef,
   'nor does garbage');



=== TEST 4: errors of a login
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my %want = (
    NotAuthorizedException => '401 invalid_credentials',
    UserNotFoundException => '401 invalid_credentials',
    InvalidPasswordException => '401 invalid_credentials',
    InvalidParameterException => '401 invalid_credentials',
    UserLambdaValidationException => '401 invalid_credentials',
    UserNotConfirmedException => '403 user_not_confirmed',
    PasswordResetRequiredException => '403 password_reset_required',
    TooManyRequestsException => '429 too_many_attempts',
    LimitExceededException => '429 too_many_attempts',
    ResourceNotFoundException => '500 auth_misconfigured',
    InternalErrorException => '503 auth_unavailable',
    NeverHeardOfException => '503 auth_unavailable',
);

for my $type (sort keys %want) {
    answer('InitiateAuth', error($type));
    is(told('login', { @ada, password => 'x' }), $want{$type}, $type);
}

answer('InitiateAuth', error('NotAuthorizedException',
                             'Password attempts exceeded'));
my $r = auth('login', { @ada, password => 'x' });
is($r->{json}{code}, 'too_many_attempts', 'locked');
cmp_ok($r->{headers}{'retry-after'}, '>', 1, 'retry later');

answer('InitiateAuth', error('InvalidParameterException',
    'USER_PASSWORD_AUTH flow not enabled for this client'));
is(told('login', { @ada, password => 'x' }), '500 auth_misconfigured', 'flow');
ok(logged('error.log', qr/ALLOW_USER_PASSWORD_AUTH/), 'the log says what');
is(http('GET', '/health')->{status}, 200, 'alive');



=== TEST 5: names of errors as front ends spell them
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my @named = (
    { body => { __type => 'com.amazonaws.x#UserNotConfirmedException',
                Message => 'x' } },
    { body => { __type => 'UserNotConfirmedException:http://x/y' } },
    { body => '', headers => { 'X-Amzn-ErrorType' =>
                               'UserNotConfirmedException:http://x' } },
    { body => '<html>', headers => { 'x-amzn-errortype' =>
                                     'UserNotConfirmedException' } },
);
for (@named) {
    answer('InitiateAuth', { status => 400, %$_ });
    is(told('login', { @ada, password => 'x' }), '403 user_not_confirmed',
       'found');
}



=== TEST 6: who registers learns nothing of who has
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $in = { @ada, password => 'Passw0rd!' };
my $new = auth('register', $in);
is($new->{status}, 202, 'new');
is($new->{json}{status}, 'confirmation_required', 'what next');

for my $type (qw/ UsernameExistsException AliasExistsException
                  CodeDeliveryFailureException /)
{
    answer('SignUp', error($type));
    my $old = auth('register', $in);
    is($old->{status}, 202, $type);
    is($old->{body}, $new->{body}, 'the same words');
    is(join(',', sort keys %{ $old->{headers} }),
       join(',', sort keys %{ $new->{headers} }), 'the same headers');
}

is_deeply((asked('SignUp'))[0], {
    ClientId => CLIENT, Username => 'ada@example.com',
    Password => 'Passw0rd!',
    UserAttributes => [{ Name => 'email', Value => 'ada@example.com' }],
}, 'what was sent');



=== TEST 7: and not by the time that it takes
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
sub took {
    my $from = time;
    told(@_);
    return time - $from;
}

for ([ 'SignUp', 'register', { @ada, password => 'x' } ],
     [ 'ForgotPassword', 'forgot', { @ada } ],
     [ 'ResendConfirmationCode', 'resend', { @ada } ])
{
    my ($op, $path, $in) = @$_;
    my $fast = took($path, $in);
    answer($op, { mode => 'slow', %{ error('UserNotFoundException') } });
    my $slow = took($path, $in);
    cmp_ok($fast, '>=', 0.48, "$path: not at once");
    cmp_ok($slow, '>=', 0.48, "$path: nor when it is slow");
}



=== TEST 8: a password that the policy refuses
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
answer('SignUp', error('InvalidPasswordException'));
my $r = auth('register', { @ada, password => 'a' });
is($r->{status}, 422, 'status');
is($r->{json}{code}, 'weak_password', 'code');
is($r->{json}{field}, 'password', 'field');
is($r->{json}{detail}, 'Password did not conform with policy: '
   . 'Password not long enough', 'the policy says why');

answer('SignUp', error('InvalidPasswordException', "\x01<\x{e4}>"));
unlike(auth('register', { @ada, password => 'a' })->{body}, qr/</,
       'only words');

answer('SignUp', error('InvalidParameterException'));
$r = auth('register', { @ada, password => 'a' });
is("$r->{status} $r->{json}{code}", '422 invalid_field', 'address');

answer('SignUp', error('NotAuthorizedException',
                       'SignUp is not permitted for this user pool'));
is(told('register', { @ada, password => 'a' }), '500 auth_misconfigured',
   'closed');
--- timeout: 20



=== TEST 9: codes: unknown accounts have wrong ones
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
is(told('confirm', { @ada, code => '123456' }), '200 confirmed', 'right');

for my $type (qw/ CodeMismatchException UserNotFoundException
                  NotAuthorizedException AliasExistsException /)
{
    answer('ConfirmSignUp', error($type));
    is(told('confirm', { @ada, code => '1' }), '422 code_mismatch', $type);
}

answer('ConfirmSignUp', error('ExpiredCodeException'));
is(told('confirm', { @ada, code => '1' }), '410 code_expired', 'expired');
answer('ConfirmSignUp', error('TooManyFailedAttemptsException'));
is(told('confirm', { @ada, code => '1' }), '429 too_many_attempts', 'too many');
is_deeply((asked('ConfirmSignUp'))[0], { ClientId => CLIENT,
    Username => 'ada@example.com', ConfirmationCode => '123456' }, 'sent');
--- timeout: 20



=== TEST 10: asking for codes tells the same always
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
for ([ 'resend', 'ResendConfirmationCode' ], [ 'forgot', 'ForgotPassword' ]) {
    my ($path, $op) = @$_;
    my $first = auth($path, { @ada });
    is($first->{status}, 202, "$path: status");
    is($first->{body}, '{"status":"sent"}', "$path: body");

    for my $type (qw/ UserNotFoundException InvalidParameterException
                      LimitExceededException CodeDeliveryFailureException /)
    {
        answer($op, error($type));
        my $r = auth($path, { @ada });
        is("$r->{status} $r->{body}", "202 $first->{body}", "$path: $type");
    }

    is_deeply((asked($op))[0], { ClientId => CLIENT,
                                 Username => 'ada@example.com' }, 'sent');
}
--- timeout: 30



=== TEST 11: a new password by a code
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $in = { @ada, code => '123456', new_password => 'N3w!' };
is(told('reset', $in), '200 reset', 'right');
is_deeply([asked()], [{ ClientId => CLIENT, Username => 'ada@example.com',
    ConfirmationCode => '123456', Password => 'N3w!' }], 'sent');

my %want = (
    CodeMismatchException => '422 code_mismatch',
    UserNotFoundException => '422 code_mismatch',
    InvalidParameterException => '422 code_mismatch',
    ExpiredCodeException => '410 code_expired',
    InvalidPasswordException => '422 weak_password',
    LimitExceededException => '429 too_many_attempts',
);
for my $type (sort keys %want) {
    answer('ConfirmForgotPassword', error($type));
    is(told('reset', $in), $want{$type}, $type);
}
--- timeout: 20



=== TEST 12: challenges: a code of an app, of a message, a new password
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my %answer = (SOFTWARE_TOKEN_MFA => [ code => 'SOFTWARE_TOKEN_MFA_CODE' ],
              SMS_MFA => [ code => 'SMS_MFA_CODE' ],
              NEW_PASSWORD_REQUIRED => [ new_password => 'NEW_PASSWORD' ]);

for my $name (sort keys %answer) {
    my ($field, $param) = @{ $answer{$name} };
    answer('InitiateAuth', { body => { ChallengeName => $name,
        Session => 'S' x 1200, ChallengeParameters =>
        { USER_ID_FOR_SRP => 'ada-1',
          CODE_DELIVERY_DESTINATION => '+491701234567' } } });
    CodeRemote::Cognito::forget();

    my $r = auth('login', { @ada, password => 'x' });
    is($r->{status}, 200, "$name: status");
    is($r->{json}{challenge}, $name, 'name');
    is($r->{json}{destination}, '+*******67', 'masked');
    ok(!$r->{headers}{'set-cookie'}, 'no session yet');

    $r = auth('challenge', { challenge => $name, @ada,
        session => $r->{json}{session}, $field => 'answer' });
    is($r->{status}, 200, 'answered');
    is($r->{json}{user}{email}, 'ada@example.com', 'a session');
    like($r->{headers}{'set-cookie'}, qr/\.r1;/, 'with its cookie');

    is_deeply((asked('RespondToAuthChallenge'))[0], {
        ChallengeName => $name, ClientId => CLIENT, Session => 'S' x 1200,
        ChallengeResponses => { USERNAME => 'ada-1', $param => 'answer' },
    }, "under the provider's own name");
}



=== TEST 13: a challenge after a challenge, and what goes wrong with them
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $session = b64('ada-1') . '.s';
my $in = { @ada, challenge => 'SMS_MFA', session => $session, code => '1' };

answer('RespondToAuthChallenge', { body => { Session => 's2',
    ChallengeName => 'NEW_PASSWORD_REQUIRED', ChallengeParameters => {} } });
my $r = auth('challenge', $in);
is($r->{json}{challenge}, 'NEW_PASSWORD_REQUIRED', 'next');
is($r->{json}{session}, '.s2', 'no name for it');
ok(!exists $r->{json}{destination}, 'nothing was sent');

my %want = (
    CodeMismatchException => '422 code_mismatch',
    ExpiredCodeException => '422 code_mismatch',
    InvalidPasswordException => '422 weak_password',
    NotAuthorizedException => '401 invalid_session',
    UserNotFoundException => '401 invalid_session',
);
for my $type (sort keys %want) {
    answer('RespondToAuthChallenge', error($type));
    is(told('challenge', $in), $want{$type}, $type);
}

is(told('challenge', { %$in, session => $_ }), '401 invalid_session', $_)
    for 's', 'a.', '!.s', b64("\xff") . '.s';
is(told('challenge', { @ada, challenge => 'SMS_MFA', session => $session }),
   '400 missing_field', 'no code');
is(told('challenge', { %$in, new_password => 'x' }), '400 unknown_field',
   'both');
is(told('challenge', { %$in, challenge => 'CUSTOM' }), '400 invalid_field',
   'unknown');

answer('InitiateAuth', { body => { ChallengeName => 'MFA_SETUP',
    Session => 's', ChallengeParameters => {} } });
is(told('login', { @ada, password => 'x' }), '500 auth_misconfigured',
   'one that no page can answer');



=== TEST 14: a refresh, by the cookie alone
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $cookie = cookie(auth('login', { @ada, password => 'x' }));
my $r = auth('refresh', '', Cookie => "a=b; $cookie; c=d");
is($r->{status}, 200, 'status');
is($r->{json}{user}{id}, 'ada', 'session');
ok(!$r->{headers}{'set-cookie'}, 'the cookie stays as it is');
is_deeply((asked('GetTokensFromRefreshToken'))[0],
          { ClientId => CLIENT, RefreshToken => 'r1' }, 'sent');
is(auth('refresh', {}, Cookie => $cookie)->{status}, 200, '{} will do');
is(told('refresh', { token => 'r1' }, Cookie => $cookie), '400 unknown_field',
   'not from the body');



=== TEST 15: no session: 401, and the cookie goes
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $good = 'coderemote_refresh=' . b64('ada-1') . '.r1';
my $gone = 'coderemote_refresh=; Max-Age=0; HttpOnly; Secure; '
           . 'SameSite=Strict; Path=/auth';

for my $cookie (undef, 'x=y', 'coderemote_refresh=', 'coderemote_refresh=r1',
                'coderemote_refresh=.r1', 'coderemote_refresh=a!.r1',
                'coderemote_refresh=' . b64("\xff") . '.r1',
                'coderemote_refresh=' . b64('ada') . '.', "$good; $good",
                'coderemote_refresh=' . b64('ada') . '.' . 'x' x 4100)
{
    my $r = auth('refresh', '', Cookie => $cookie);
    is("$r->{status} $r->{json}{code}", '401 no_session',
       substr $cookie // 'none', 0, 40);
    is($r->{headers}{'set-cookie'}, $gone, 'cleared');
}
is_deeply([asked()], [], 'nobody was asked');

answer('GetTokensFromRefreshToken', error('NotAuthorizedException',
                                          'Refresh Token has expired'));
my $r = auth('refresh', '', Cookie => $good);
is("$r->{status} $r->{json}{code}", '401 no_session', 'expired');
is($r->{headers}{'set-cookie'}, $gone, 'cleared');

answer('GetTokensFromRefreshToken', { status => 500, body => {} });
$r = auth('refresh', '', Cookie => $good);
is($r->{status}, 503, 'down');
ok(!$r->{headers}{'set-cookie'}, 'that is no reason to sign out');



=== TEST 16: rotated refresh tokens
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
settings(rotate => 1);
my $first = my $cookie = cookie(auth('login', { @ada, password => 'x' }));
for my $n (2 .. 4) {
    my $r = auth('refresh', '', Cookie => $cookie);
    is($r->{status}, 200, "refresh $n");
    $cookie = cookie($r);
    like($cookie, qr/\.r$n$/, 'the new one is kept');
}
is(told('refresh', '', Cookie => $first), '401 no_session', 'not the old one');



=== TEST 17: a provider with the older operation alone
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $cookie = cookie(auth('login', { @ada, password => 'x' }));
answer('GetTokensFromRefreshToken', { status => 500,
    body => { __type => 'CognitoLocal#Unsupported', message => 'x' } });
is(auth('refresh', '', Cookie => $cookie)->{status}, 200, "refresh $_")
    for 1 .. 3;
is(scalar(asked('GetTokensFromRefreshToken')), 1, 'asked once');
is_deeply((asked('InitiateAuth'))[1], { AuthFlow => 'REFRESH_TOKEN_AUTH',
    ClientId => CLIENT, AuthParameters => { REFRESH_TOKEN => 'r1' } }, 'sent');



=== TEST 18: leaving: the token is revoked, the cookie cleared
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $gone = qr/^coderemote_refresh=; Max-Age=0; .*Path=\/auth$/;
my $cookie = cookie(auth('login', { @ada, password => 'x' }));

my $r = auth('logout', '', Cookie => $cookie);
is($r->{status}, 204, 'status');
like($r->{headers}{'set-cookie'}, $gone, 'cleared');
is_deeply([asked('RevokeToken')], [{ ClientId => CLIENT, Token => 'r1' }],
          'revoked');

is(auth('logout')->{status}, 204, 'without a session');
is(scalar(asked('RevokeToken')), 1, 'nobody was asked');

answer('RevokeToken', error('NotAuthorizedException'));
is(auth('logout', '', Cookie => $cookie)->{status}, 204, 'revoked before');

answer('RevokeToken', { status => 500, body => {} });
$r = auth('logout', '', Cookie => $cookie);
is($r->{status}, 503, 'down');
like($r->{headers}{'set-cookie'}, $gone, 'here the session has ended');



=== TEST 19: leaving everywhere
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $cookie = cookie(auth('login', { @ada, password => 'x' }));
my $t = token();

for my $h ([], [ Authorization => 'Bearer x' ],
           [ Authorization => 'Bearer ' . token(exp => time - 60) ])
{
    my $r = auth('logout', { everywhere => JSON::PP::true }, @$h,
                 Cookie => $cookie);
    is("$r->{status} $r->{json}{code}", '401 unauthorized', 'a token first');
}
is(scalar(asked('GlobalSignOut')), 0, 'not asked');

my $r = auth('logout', { everywhere => JSON::PP::true }, Cookie => $cookie,
             Authorization => "Bearer $t");
is($r->{status}, 204, 'left');
is_deeply([asked('GlobalSignOut')], [{ AccessToken => $t }], 'everywhere');
is_deeply([asked('RevokeToken')], [{ ClientId => CLIENT, Token => 'r1' }],
          'and here');

is(auth('logout', { everywhere => JSON::PP::false })->{status}, 204, 'false');
is(told('logout', { everywhere => 1 }), '400 invalid_field', 'a number');
is(told('logout', { all => JSON::PP::true }), '400 unknown_field', 'unknown');



=== TEST 20: who am I
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $exp = time + 200;
my $r = http('GET', '/auth/me', undef, bearer(token(exp => int $exp,
    'cognito:groups' => ['a', 'b'])));
is($r->{status}, 200, 'status');
is($r->{json}{auth}, 'jwt', 'auth');
is_deeply($r->{json}{user}, { id => 'ada', email => undef,
                              groups => ['a', 'b'] }, 'user');
like($r->{json}{expires_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/,
     'until');

$r = http('GET', '/auth/me');
is("$r->{status} $r->{json}{code}", '401 unauthorized', 'nobody');
is($r->{json}{login}, JSON::PP::true, 'one can sign in');



=== TEST 21: a server that signs nobody in
--- pool: none
--- http_config
JWT
--- steps
my $r = http('GET', '/auth/me');
is("$r->{status} $r->{json}{login}", '401 0', 'nor says so');

for my $path (qw/ login challenge register confirm resend refresh logout
                  forgot reset /)
{
    is(told($path, {}), '404 not_found', $path);
}
like(auth('login', {})->{json}{detail}, qr/coderemote_cognito_endpoint/,
     'how to switch it on');



=== TEST 22: nor does one without authentication
--- pool: none
--- steps
my $r = http('GET', '/auth/me');
is($r->{body}, '{"auth":"off","user":{"id":"local","email":null,'
   . '"groups":[]}}', 'everybody is one');
is(told('login', {}), '404 not_found', 'login');



=== TEST 23: only pages of this site, and only JSON
--- pool: none
--- http_config
JWT
COGNITO coderemote_allow_origin https://page.example.com;
--- steps
my $in = { @ada, password => 'x' };
is(told('login', $in, Origin => undef), '403 forbidden_origin', 'no origin');
is(told('login', $in, Origin => 'https://evil.example.com'),
   '403 forbidden_origin', 'another');
is(told('login', $in, Origin => 'null'), '403 forbidden_origin', 'null');
is(told('refresh', '', Origin => undef, Cookie => 'coderemote_refresh=YQ.r1'),
   '403 forbidden_origin', 'a cookie alone');
is(told('login', $in, Origin => undef, 'Sec-Fetch-Site' => 'cross-site'),
   '403 forbidden_origin', 'fetched from elsewhere');
is_deeply([asked()], [], 'nobody was asked');

is(told('login', $in, Origin => undef, 'Sec-Fetch-Site' => 'same-origin'),
   '200 -', 'fetched from here');
is(told('login', $in, Origin => 'https://page.example.com'), '200 -',
   'a listed one');
is(told('login', $in, 'Content-Type' => $_), '415 unsupported_media_type',
   $_ // 'no type')
    for undef, 'text/plain', 'application/x-www-form-urlencoded';
is(http('GET', '/auth/login', undef, bearer(token()))->{status}, 405,
   'POST only');



=== TEST 24: fields are checked before anybody is asked
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my %wrong = (
    '[]' => '400 invalid_json',
    '{' => '400 invalid_json',
    '' => '400 missing_field',
    '{"email":"a@b"}' => '400 missing_field',
    '{"password":"x"}' => '400 missing_field',
    '{"email":null,"password":"x"}' => '400 invalid_field',
    '{"email":["a@b"],"password":"x"}' => '400 invalid_field',
    '{"email":"a@b","password":1}' => '400 invalid_field',
    '{"email":"a@b","password":"x","email":"c@d"}' => '400 invalid_json',
    '{"email":"a@b","password":"x","code":"1"}' => '400 unknown_field',
    '{"email":"a@b","password":""}' => '422 invalid_field',
    '{"email":"","password":"x"}' => '422 invalid_field',
    '{"email":"ab","password":"x"}' => '422 invalid_field',
    '{"email":"@b","password":"x"}' => '422 invalid_field',
    '{"email":"a@","password":"x"}' => '422 invalid_field',
    '{"email":"a@b@c","password":"x"}' => '422 invalid_field',
    '{"email":"a @b","password":"x"}' => '422 invalid_field',
    '{"email":"a@b\\n","password":"x"}' => '422 invalid_field',
    '{"email":"a@b","password":"' . 'x' x 257 . '"}' => '422 invalid_field',
    '{"email":"' . 'a' x 127 . '@b","password":"x"}' => '422 invalid_field',
    "{\"email\":\"a\@b\",\"password\":\"\xff\"}" => '400 invalid_utf8',
    '{"email":"a@b","password":"' . 'x' x 20000 . '"}' => '413 too_large',
);
is(told('login', $_), $wrong{$_}, substr $_, 0, 50) for sort keys %wrong;
is(told('confirm', { @ada, code => $_ }), '422 invalid_field', "code $_")
    for '', '1 2', "\x{e4}", '1' x 65;
is_deeply([asked()], [], 'nobody was asked');



=== TEST 25: a client with a secret proves itself
--- pool: none
--- main_config
--- http_config eval
my $file = CodeRemote::Pool::scratch() . '/secret';
open my $out, '>', $file;
print $out "s3cr3t-of-the-client\n";
close $out;
chmod 0600, $file;
"JWT\nCOGNITO coderemote_cognito_client_secret_file $file;\n"
--- steps
settings(secret => 's3cr3t-of-the-client');
my $r = auth('login', { @ada, password => 'x' });
is($r->{status}, 200, 'login');
my $cookie = cookie($r);
is(told('register', { @ada, password => 'x' }), '202 confirmation_required',
   'register');
is(told('confirm', { @ada, code => '1' }), '200 confirmed', 'confirm');
is(told('resend', { @ada }), '202 sent', 'resend');
is(told('forgot', { @ada }), '202 sent', 'forgot');
is(told('reset', { @ada, code => '1', new_password => 'x' }), '200 reset',
   'reset');
is(told('challenge', { @ada, session => b64('ada-1') . '.s', code => '1',
                       challenge => 'SMS_MFA' }), '200 -', 'challenge');
is(auth('refresh', '', Cookie => $cookie)->{status}, 200, 'refresh');
is(auth('logout', '', Cookie => $cookie)->{status}, 204, 'logout');

answer('GetTokensFromRefreshToken', error('UnknownOperationException'));
is(auth('refresh', '', Cookie => $cookie)->{status}, 200, 'the older refresh');

settings(secret => 'another');
is(told('login', { @ada, password => 'x' }), '500 auth_misconfigured',
   'the wrong one');
ok(logged('error.log', qr/coderemote_cognito_client_secret_file/), 'log');
unlike(CodeRemote::Pool::slurp(error_log()), qr/s3cr3t/, 'never logged');
--- timeout: 20



=== TEST 26: a client that should have had one
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
settings(secret => 'x');
is(told($_, { @ada, password => 'x' }), '500 auth_misconfigured', $_)
    for 'login', 'register';
ok(logged('error.log', qr/SECRET_HASH was not received/), 'the log says so');



=== TEST 27: a token that is not good here is not handed out
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my %bad = (
    issuer => tokens(iss => 'https://issuer.example.com/other'),
    audience => tokens(client_id => 'somebody'),
    token_use => { access => token(token_use => 'id', aud => CLIENT) },
    unknown_kid => { access => token(-key => key('other')) },
    expired => tokens(map { $_ => int(time) - 60 } qw{ exp iat auth_time }),
    malformed => { access => 'garbage' },
);
for my $why (sort keys %bad) {
    settings(%{ $bad{$why} });
    my $r = auth('login', { @ada, password => 'x' });
    is("$r->{status} $r->{json}{code}", '500 auth_misconfigured', $why);
    ok(!$r->{headers}{'set-cookie'}, 'no cookie');
    unlike($r->{body}, qr/access_token/, 'no token');
    ok(logged('error.log', qr/not good here \($why\)/), 'logged');
}
my $log = CodeRemote::Pool::slurp(error_log());
like($log, qr/coderemote_jwt_issuer is not the user pool/, 'what to mend');
like($log, qr/coderemote_jwt_audience has not/, 'and where');



=== TEST 28: nothing secret is in the log, not even that for debugging
--- pool: none
--- log_level: debug
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
my $r = auth('login', { @ada, password => 'V3rySecret' });
auth('register', { @ada, password => 'V3rySecret' });
auth('challenge', { @ada, session => 'YQ.Sess10n', challenge => 'SMS_MFA',
                    code => 'C0deC0de' });
answer('InitiateAuth', error('InvalidParameterException',
                             "Value 'V3rySecret' at 'password' failed"));
auth('login', { @ada, password => 'V3rySecret' });
my $log = join '', grep { !/http header|http args|fill request|^\d.*http (?:script|header)/ }
          split /^/, CodeRemote::Pool::slurp(error_log());
unlike($log, qr/V3rySecret|Sess10n|C0deC0de/, 'nothing typed');
my ($sig) = $r->{json}{access_token} =~ /\.([^.]+)$/;
unlike($log, qr/\Q$sig\E/, 'no token');



=== TEST 29: connections to the provider are kept
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
is(told('login', { @ada, password => 'x' }), '200 -', 'in') for 1 .. 20;
cmp_ok(CodeRemote::Cognito::connections(), '<=', 2, 'few');



=== TEST 30: counted by route and outcome
--- pool: none
--- http_config
JWT
COGNITO
coderemote_auth_limit off;
--- steps
sub count {
    my ($route, $outcome) = @_;
    my $text = http('GET', '/metrics', undef, bearer(token()))->{body};
    my ($n) = $text =~ /^coderemote_sign_in_total\{route="$route",outcome="$outcome"\} (\d+)$/m;
    return $n // 0;
}
my @before = (count('login', 'ok'), count('login', 'invalid_credentials'));
told('login', { @ada, password => 'x' });
answer('InitiateAuth', error('NotAuthorizedException'));
told('login', { @ada, password => 'x' }) for 1 .. 2;
is(count('login', 'ok'), $before[0] + 1, 'ok');
is(count('login', 'invalid_credentials'), $before[1] + 2, 'refused');
