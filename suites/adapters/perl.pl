# Adapter for the Perl library: Gearman::Client and Gearman::Worker.
use strict;
use warnings;

use Gearman::Client;
use Gearman::Worker;
use JSON::PP;
use MIME::Base64;
use Time::HiRes qw(time);

# Nothing but the lines of the contract may get to standard output.
open(my $contract, '>&', \*STDOUT) or die "stdout: $!";
open(STDOUT, '>&', \*STDERR) or die "stdout: $!";
$contract->autoflush(1);

my %features = (
    client => [
        qw(several-servers picks-at-random background priorities unique batch created background-created
           exceptions exceptions-by-option work-data progress status retries wait)
    ],
    worker => [
        qw(several-servers timeout unregister work-data progress fail exceptions raise several-functions)
    ],
);
my %requests = (
    hello      => \&hello,
    connect    => \&connect_to,
    option     => \&option,
    submit     => \&submit,
    status     => \&status,
    register   => \&register,
    unregister => \&unregister,
    work       => \&work,
    quit       => sub { {} },
);
my ($client, $worker, @servers);
my $jobs = 0;
my @long;       # what is too long for the parser
my %name_of;    # job handle => the library's name for it, which begins with the server

while (defined(my $line = <STDIN>)) {
    # JSON::PP takes seconds for long strings.
    $line =~ s{"([\w+/=]{1000,})"}{ push @long, $1; qq("$#long long") }ge;
    my $request = decode_json($line);
    my $method  = $requests{ $request->{do} };
    my $answer  = $method ? $method->($request) : undef;
    $answer = $answer ? { done => JSON::PP::true, %$answer } : { unsupported => JSON::PP::true };
    say_line({ %$answer, id => $request->{id} });
    last if $request->{do} eq 'quit';
}

sub say_line { print {$contract} JSON::PP->new->canonical->encode($_[0]), "\n" }

sub event { my ($name, %rest) = @_; say_line({ event => $name, %rest }) }

sub base64 { encode_base64($_[0], '') }

sub bytes { decode_base64($_[0] =~ /^(\d+) long$/ ? $long[$1] : $_[0]) }

sub plain { ($_[0] // '') =~ s/[^ -~]/?/gr }

sub failure { my ($text, @task) = @_; event('error', @task, cause($text)) }

sub cause {
    my ($text) = @_;
    $text =~ s/ at \S+ line \d+(, <STDIN> line \d+)?\.?\n?//g;
    return (text => plain($text), $text =~ /elapsed timeout/ ? (code => 'timeout') : ());
}

sub hello {
    return {
        contract => 1,
        name     => 'Gearman::Client and Gearman::Worker',
        version  => "$Gearman::Client::VERSION",
        roles    => ['client', 'worker'],
        features => \%features,
    };
}

sub connect_to {
    my ($request) = @_;
    @servers = @{ $request->{servers} };
    if ($request->{role} eq 'client') { $client = Gearman::Client->new(job_servers => [@servers]) }
    else                              { $worker = Gearman::Worker->new(job_servers => [@servers]) }
    return {};
}

# It is an argument of the constructor; the connections are made later.
sub option {
    my ($request) = @_;
    return unless $client && $request->{option} eq 'exceptions';
    $client = Gearman::Client->new(job_servers => [@servers], exceptions => 1);
    return {};
}

sub submit {
    my ($request) = @_;
    my @tasks = @{ $request->{tasks} };
    return if !$client || $request->{exceptions} || grep { exists $_->{reducer} || exists $_->{epoch} } @tasks;
    my $set = $client->new_task_set;
    my %open;
    for my $asked (@tasks) {
        my @task     = (task => $asked->{task});
        my $function = bytes($asked->{function});
        my $workload = bytes($asked->{workload});
        my %options  = callbacks(\%open, @task);
        $options{uniq}        = bytes($asked->{unique}) if exists $asked->{unique};
        $options{priority}    = $asked->{priority}              if exists $asked->{priority};
        $options{retry_count} = $asked->{retries}               if exists $asked->{retries};
        $open{ $asked->{task} } = 1;
        eval {
            my $name
                = $asked->{background}
                ? $client->dispatch_background($function, \$workload, \%options)
                : $set->add_task($function, \$workload, \%options);
            created($name, @task) if defined $name;
            1;
        } or failure($@, @task);
        delete $open{ $asked->{task} } if $@ || $asked->{background};
    }
    eval { $set->wait(exists $request->{wait} ? (timeout => $request->{wait}) : ()); 1 } and return {};
    failure($@, task => $_) for sort keys %open;
    return {};
}

sub callbacks {
    my ($open, @task) = @_;
    my $end = sub { delete $open->{ $task[1] }; event(@_, @task) };
    return (
        on_data      => sub { event('data',    @task, data => base64(${ $_[0] })) },
        on_warning   => sub { event('warning', @task, data => base64(${ $_[0] })) },
        on_status    => sub { event('status',  @task, numerator => plain($_[0]), denominator => plain($_[1])) },
        on_retry     => sub { event('retry',   @task, tries => "$_[0]") },
        on_complete  => sub { $end->('complete',  data => base64(${ $_[0] })) },
        on_exception => sub { $end->('exception', data => base64($_[0])) },
        # For WORK_FAIL the reason is always the same two words; all else went wrong elsewhere.
        on_fail => sub { $_[0] eq 'jshandle fail' ? $end->('fail') : $end->('error', cause($_[0])) },
    );
}

sub created {
    my ($name, @task) = @_;
    my $handle = (split m{//}, $name, 2)[1];
    $name_of{$handle} = $name;
    event('created', @task, handle => base64($handle));
}

sub status {
    my ($request) = @_;
    return unless $client;
    my $handle = bytes($request->{handle});
    my $status = eval { $client->get_status($name_of{$handle} // "$servers[0]//$handle") };
    if (!$status) {
        failure($@ || 'get_status returned nothing');
        return {};
    }
    my %told = (known => $status->known, running => $status->running);
    @told{qw(numerator denominator)} = @{ $status->progress // ['', ''] };
    event('status', handle => base64($handle), map { $_ => plain($told{$_}) } keys %told);
    return {};
}

sub register {
    my ($request) = @_;
    return unless $worker;
    my $function = bytes($request->{function});
    my $next     = 0;
    my $handler  = sub {
        my ($job) = @_;
        $jobs++;
        event('job', function => base64($function), handle => base64($job->handle), workload => base64($job->arg));
        my @plan = @{ $request->{plan} };
        my $steps = $plan[$next < $#plan ? $next : $#plan];
        $next++;
        return run($job, @$steps);
    };
    my @timeout = exists $request->{timeout} ? $request->{timeout} : ();
    eval { $worker->register_function($function, @timeout, $handler) }
        or failure($@ || 'register_function returned false');
    return {};
}

sub run {
    my ($job, @steps) = @_;
    for (@steps) {
        my ($step, $value) = %$_;
        # Not send_work_status of the worker, which forgets the denominator.
        if ($step eq 'status') { $job->set_status(@$value); next }
        return undef if $step eq 'fail';
        my $bytes = bytes($value);
        if    ($step eq 'data')      { $worker->send_work_data($job, $bytes) }
        elsif ($step eq 'warning')   { $worker->send_work_warning($job, $bytes) }
        elsif ($step eq 'exception') { $worker->send_work_exception($job, $bytes) }
        elsif ($step eq 'raise')     { die "$bytes\n" }
        elsif ($step eq 'complete')  { return $bytes }
    }
    return undef;
}

sub unregister {
    my ($request) = @_;
    return unless $worker;
    eval { $worker->unregister_function(bytes($request->{function})) }
        or failure($@ || 'unregister_function returned false');
    return {};
}

# The loop asks between two jobs, and whenever it has slept for ten seconds or more.
sub work {
    my ($request) = @_;
    return unless $worker;
    my $until = exists $request->{ms} ? time + $request->{ms} / 1000 : 'inf';
    my $last  = $request->{jobs} ? $jobs + $request->{jobs} : 'inf';
    eval { $worker->work(stop_if => sub { $jobs >= $last || time >= $until }); 1 } or failure($@);
    return {};
}
