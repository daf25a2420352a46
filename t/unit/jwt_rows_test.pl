#!/usr/bin/perl

# docs/JWT.md against the tests: every row from J1 to J40 is there, once, and
# has a test; every test that it names exists; every test whose title begins
# with the number of a row is named in that row.
#
# programs:

use strict;
use warnings;

use FindBin;

my $root = "$FindBin::Bin/../..";
my $last = 40;

my ($passed, $failed) = (0, 0);


sub check {
    my ($ok, $what) = @_;

    $ok ? $passed++ : $failed++;
    print "failed: $what\n" if !$ok;
}


sub slurp {
    open my $f, '<', $_[0] or die "$_[0]: $!\n";
    local $/;
    return <$f>;
}


# { name => { title => 1 } }, and { J1 => { "name title" => 1 } }

my (%titles, %said);

for my $file (glob("$root/t/*.t"), glob("$root/t/unit/*_test.c")) {
    my $text = slurp($file);
    my ($name) = $file =~ m{([^/]+?)(?:_test\.c)?$};

    for my $title ($text =~ /^(?:=== TEST \d+: |TEST\(")(.*?)(?:"\))?$/mg) {
        my @rows = $title =~ s/^((?:J\d+(?:, )?)+): // ? $1 =~ /J\d+/g : ();

        $titles{$name}{$title} = 1;
        $said{$_}{"$name $title"} = 1 for @rows;
    }
}

my %rows;

for (slurp("$root/docs/JWT.md") =~ /^\| (J\d+ \|.*) \|$/mg) {
    my ($row, undef, $tests) = split / (?<!\\)\| /;

    check(!exists $rows{$row}, "$row is there once");
    $rows{$row} = {};

    for my $test (split /<br>/, $tests // '') {
        my ($name, $title) = $test =~ /^`(\S+)` (.*)$/;

        check(defined $title && $titles{$name}{$title},
              "$row: there is no such test: $test");
        $rows{$row}{"$name $title"} = 1 if defined $title;
    }

    check(scalar(keys %{ $rows{$row} }), "$row has a test");
}

check($rows{"J$_"}, "J$_ is a row") for 1 .. $last;
check(keys %rows == $last, "there are $last rows");

for my $row (sort keys %said) {
    check($rows{$row}{$_}, "$row does not name: $_")
        for sort keys %{ $said{$row} };
}

print "$passed passed, $failed failed\n";
exit($failed != 0);
