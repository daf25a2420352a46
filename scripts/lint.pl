#!/usr/bin/perl
# The rules of the code that a program can hold: layers, sizes, banned calls,
# white space.  Prints `file:line: rule` and fails if there is any.

use strict;
use warnings;

my ($FILE_MAX, $FUNCTION_MAX, $COLUMNS) = (800, 100, 80);

my $module = 'ngx_http_coderemote_module';

# Who may include what: the arrows between the folders only point down.
my @layers = (
    [ qr{^ipc/},           qr{^ngx_|^crw_|^jansson|^curl/|^libpq} ],
    [ qr{^worker/},        qr{^ngx_} ],
    [ qr{^$module/core/},  qr{^ngx_http|^crw_} ],
    [ qr{^$module/ws/},    qr{^ngx_http|^ngx_event|^crw_|^cr_} ],
    [ qr{^$module/http/},  qr{^crw_|^ngx_http_coderemote_api_} ],
    [ qr{^$module/api/},   qr{^crw_} ],
    [ qr{^$module/[^/]*$}, qr{^crw_} ],
);

my $never = join '|', qw(strcpy strcat sprintf vsprintf strtok gets system
    popen alloca tmpnam mktemp);
my $never_ipc = join '|', qw(malloc calloc realloc free strdup printf fprintf
    exit);
my $never_nginx = join '|', qw(getaddrinfo gethostbyname fopen sleep usleep
    assert fork PQexec PQexecParams PQconnectdb
    curl_easy_perform exit abort);

my @banned = (
    [ qr{},          qr/(?<![\w>.])($never)\s*\(/ ],
    [ qr{^ipc/},     qr/(?<![\w>.])($never_ipc)\s*\(/ ],
    [ qr{^$module/}, qr/(?<![\w>.])($never_nginx|pthread_\w+)\s*\(/ ],
);

my $found = 0;


sub complain
{
    my ($file, $line, $text) = @_;

    print "$file:$line: $text\n";
    $found++;
}


# The same number of lines, without comments and the insides of strings
sub code_only
{
    my ($text) = @_;

    $text =~ s{
        (/\*.*?\*/) | ("(?:\\.|[^"\\\n])*") | ('(?:\\.|[^'\\\n])*')
    }{
        defined $1 ? "\n" x ($1 =~ tr/\n//) : defined $2 ? '""' : "' '"
    }gsex;

    return $text;
}


sub check_space
{
    my ($file, $text, $tabs) = @_;
    my $n = 0;

    for my $line (split /\n/, $text, -1) {
        $n++;
        complain($file, $n, 'a carriage return') if $line =~ /\r/;
        complain($file, $n, 'white space at the end') if $line =~ /[ \t]$/;
        complain($file, $n, 'a tab') if !$tabs && $line =~ /\t/;
        complain($file, $n, 'a task left undone in a comment')
            if $line =~ /\b(?:TODO|FIXME|XXX)\b/ && $file !~ /lint/;
    }

    complain($file, $n, 'no line feed at the end') if $text !~ /\n\z/;
    complain($file, $n, 'empty lines at the end') if $text =~ /\n\n\z/;
}


sub check_columns
{
    my ($file, $text, $max) = @_;
    my $n = 0;

    for my $line (split /\n/, $text) {
        $n++;
        utf8::decode(my $chars = $line);
        complain($file, $n, "more than $max columns") if length($chars) > $max;
    }
}


sub check_includes
{
    my ($file, $text) = @_;
    my $n = 0;

    my ($own) = $file =~ m{api/(\w+)\.[ch]$};

    for my $line (split /\n/, $text) {
        $n++;
        my ($header) = $line =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/;
        next unless defined $header;
        $header =~ s{^.*/(?=\w+\.h$)}{} if $header !~ m{^(?:sys|linux|curl)/};

        for my $layer (@layers) {
            complain($file, $n, "this layer may not include $header")
                if $file =~ $layer->[0] && $header =~ $layer->[1];
        }

        complain($file, $n, "resources do not include each other: $header")
            if defined $own
               && $header =~ /^(ngx_http_coderemote_api_\w+)\.h$/
               && "${own}_" !~ /^\Q$1\E_/;
    }
}


sub check_calls
{
    my ($file, $code) = @_;
    my $n = 0;

    for my $line (split /\n/, $code) {
        $n++;
        for my $rule (@banned) {
            complain($file, $n, "a banned call: $1")
                if $file =~ $rule->[0] && $line =~ $rule->[1];
        }
        complain($file, $n, 'code that is switched off')
            if $line =~ /^\s*#\s*if\s+0\b/;
    }
}


# House style makes this easy: a function's braces are at column 0, and so is
# its name; a table's opening brace is not alone on its line.
sub check_functions
{
    my ($file, $code) = @_;
    my ($n, $start, $name) = (0, 0, '');

    for my $line (split /\n/, $code) {
        $n++;
        if ($line =~ /^(\w+)\s*\(/) {
            $name = $1;
        }
        if ($line eq '{') {
            $start = $n;
        }
        if ($line =~ /^\}/ && $start) {
            my $length = $n - $start - 1;
            complain($file, $start, "$name has $length lines, the limit is "
                . $FUNCTION_MAX) if $length > $FUNCTION_MAX;
            $start = 0;
        }
    }
}


sub check_c
{
    my ($file, $text) = @_;
    my $code = code_only($text);
    my $lines = ($text =~ tr/\n//);

    complain($file, 1, "$lines lines, the limit is $FILE_MAX")
        if $lines > $FILE_MAX;
    complain($file, 1, 'a header without its guard')
        if $file =~ /\.h$/ && $code !~ /^#ifndef \w+_H_?(?:INCLUDED_)?$/m;

    check_columns($file, $text, $COLUMNS);
    check_includes($file, $text);
    check_functions($file, $code);
    check_calls($file, $code) if $file !~ m{^(?:t|bench)/};
}


# Lock files name no registry: whoever installs uses the one he trusts.
sub check_lock
{
    my ($file, $text) = @_;
    my $n = 0;

    for my $line (split /\n/, $text) {
        $n++;
        complain($file, $n, 'a lock file that names a registry')
            if $line =~ /"resolved": "https?:/;
    }
}


my @files = split /\0/, `git ls-files -z -co --exclude-standard 2>/dev/null`;
@files = split /\0/, `find . -name node_modules -prune -o -name build -prune \\
    -o -type f -printf '%P\\0'` unless @files;

for my $file (sort @files) {
    next if -l $file || !-f $file || $file =~ m{^(?:build|var|\.cache)/};

    my $lock = $file =~ m{(?:^|/)package-lock\.json$};
    my $c = $file =~ /\.[ch]$/;
    my $other = $file =~ m{(?:\.(?:sh|pl|t|pm|py|mjs|json|conf|md|ya?ml|css)
        |(?:^|/)(?:config|Makefile|VERSION|LICENSE|\.ci/run|bench/run))$}x;
    next unless $c || $other;

    open my $in, '<:raw', $file or next;
    my $text = do { local $/; <$in> };
    close $in;
    next if !defined $text || $text eq '';

    if ($lock) {
        check_lock($file, $text);
        next;
    }

    check_space($file, $text, $file =~ m{Makefile$|\.t$}) if $file !~ /\.md$/;
    check_c($file, $text) if $c;
    check_columns($file, $text, 100) if $file =~ /\.(?:sh|pl|pm)$|^config$/;
}

print $found ? "$found breaches of the rules\n" : "the rules hold\n";
exit($found ? 1 : 0);
