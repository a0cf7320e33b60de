<?php
// Adapter for the PHP extension gearman, which is libgearman: GearmanClient and GearmanWorker.
// A request NAME is answered by the function do_NAME, with null for unsupported.
declare(strict_types=1);

ini_set('display_errors', 'stderr');
// The extension says what went wrong in warnings.
set_error_handler(fn (int $level, string $text) => throw new ErrorException($text, 0, $level), E_WARNING);

const FEATURES = [
    'client' => [
        'several-servers', 'background', 'priorities', 'unique', 'batch', 'created', 'background-created',
        'exceptions', 'exceptions-always', 'work-data', 'progress', 'status', 'status-unique', 'echo', 'wait',
    ],
    'worker' => [
        'several-servers', 'timeout', 'unregister', 'work-data', 'progress', 'fail', 'exceptions', 'raise',
        'several-functions',
    ],
];
$open = [];  // the tasks that have not ended: name => whether it is in the background
$jobs = 0;

while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    $name = 'do_' . $request['do'];
    $answer = function_exists($name) ? $name($request) : null;
    say(['id' => $request['id']] + ($answer === null ? ['unsupported' => true] : ['done' => true] + $answer));
    if ($request['do'] === 'quit') {
        break;
    }
}

function say(array $line): void
{
    fwrite(STDOUT, json_encode($line, JSON_THROW_ON_ERROR) . "\n");
}

function event(string $name, array $rest): void
{
    say(['event' => $name] + $rest);
}

function error(Exception $problem, array $rest = []): void
{
    $text = preg_replace(['/ -> \S+ pid\(\d+\)$/', '/[^ -~]/'], ['', '?'], $problem->getMessage());
    event('error', ['text' => $text] + $rest);
}

/** Calls the library; what it throws or warns of is an event. */
function attempt(callable $call): mixed
{
    try {
        return $call();
    } catch (Exception $problem) {
        error($problem);
        return null;
    }
}

function do_hello(): array
{
    return [
        'contract' => 1,
        'name' => 'PHP extension gearman, on libgearman ' . gearman_version(),
        'version' => phpversion('gearman'),
        'roles' => ['client', 'worker'],
        'features' => FEATURES,
    ];
}

// One server after the other, since addServers ends at the first that is not there.
function do_connect(array $request): array
{
    global $client, $worker;
    $client = $request['role'] === 'client' ? new GearmanClient() : null;
    $worker = $request['role'] === 'worker' ? new GearmanWorker() : null;
    foreach ($request['servers'] as $server) {
        [$host, $port] = explode(':', $server);
        attempt(fn () => ($client ?? $worker)->addServer($host, (int) $port));
    }
    if ($client) {
        attempt(fn () => set_callbacks($client));
    }
    return [];
}

function set_callbacks(GearmanClient $client): void
{
    $data = fn (string $event) => function (GearmanTask $task, string $name) use ($event): void {
        event($event, ['task' => $name, 'data' => base64_encode($task->data())]);
    };
    $end = fn (string $event) => function (GearmanTask $task, string $name) use ($event): void {
        global $open;
        unset($open[$name]);
        event($event, ['task' => $name] + ($event === 'fail' ? [] : ['data' => base64_encode($task->data())]));
    };
    $client->setCreatedCallback(function (GearmanTask $task, string $name): void {
        event('created', ['task' => $name, 'handle' => base64_encode($task->jobHandle())]);
        global $open;
        if ($open[$name] ?? false) {
            unset($open[$name]);
        }
    });
    $client->setStatusCallback(function (GearmanTask $task, string $name): void {
        [$numerator, $denominator] = ["{$task->taskNumerator()}", "{$task->taskDenominator()}"];
        event('status', ['task' => $name] + compact('numerator', 'denominator'));
    });
    $client->setDataCallback($data('data'));
    $client->setWarningCallback($data('warning'));
    $client->setCompleteCallback($end('complete'));
    $client->setFailCallback($end('fail'));
    $client->setExceptionCallback($end('exception'));
}

function do_submit(array $request): ?array
{
    global $client, $open;
    $asked = array_merge($request, ...$request['tasks']);
    if (array_intersect_key($asked, array_flip(['exceptions', 'retries', 'reducer', 'epoch']))) {
        return null;
    }
    $client->setTimeout(isset($request['wait']) ? (int) ($request['wait'] * 1000) : -1);
    $open = [];
    foreach ($request['tasks'] as $asked) {
        add_task($client, $asked);
    }
    try {
        $client->runTasks();
    } catch (ErrorException $problem) {
        $code = $client->returnCode() === GEARMAN_TIMEOUT ? ['code' => 'timeout'] : [];
        foreach (array_keys($open) as $name) {
            error($problem, ['task' => $name] + $code);
        }
    }
    return [];
}

function add_task(GearmanClient $client, array $asked): void
{
    global $open;
    $background = $asked['background'] ?? false;
    $add = 'addTask' . ucfirst($asked['priority'] ?? '') . ($background ? 'Background' : '');
    $function = base64_decode($asked['function']);
    $workload = base64_decode($asked['workload']);
    $unique = base64_decode($asked['unique'] ?? '');
    try {
        $client->$add($function, $workload, $asked['task'], $unique);
        $open[$asked['task']] = $background;
    } catch (ErrorException $problem) {
        error($problem, ['task' => $asked['task']]);
    }
}

function do_status(array $request): array
{
    global $client;
    $status = attempt(fn () => $client->jobStatus(base64_decode($request['handle'])));
    return tell_status($status, ['handle' => $request['handle']]);
}

function do_status_unique(array $request): array
{
    global $client;
    return tell_status(attempt(fn () => $client->jobStatusByUniqueKey(base64_decode($request['unique']))));
}

function tell_status(?array $status, array $handle = []): array
{
    if ($status) {
        [$known, $running, $numerator, $denominator] = array_map(fn ($value) => (string) (int) $value, $status);
        event('status', $handle + compact('known', 'running', 'numerator', 'denominator'));
    }
    return [];
}

// What comes back is compared by the library, and not handed out.
function do_echo(array $request): array
{
    global $client;
    if (attempt(fn () => $client->ping(base64_decode($request['data'])))) {
        event('echo', ['data' => $request['data']]);
    }
    return [];
}

function do_register(array $request): array
{
    global $worker;
    $plan = $request['plan'];
    $handler = function (GearmanJob $job) use (&$plan): ?string {
        global $jobs;
        $jobs++;
        [$handle, $function] = [$job->handle(), $job->functionName()];
        [$workload, $unique] = [$job->workload(), $job->unique()];
        event('job', array_map(base64_encode(...), compact('handle', 'function', 'workload', 'unique')));
        return run($job, count($plan) > 1 ? array_shift($plan) : $plan[0]);
    };
    $function = base64_decode($request['function']);
    attempt(fn () => $worker->addFunction($function, $handler, null, $request['timeout'] ?? 0));
    return [];
}

function run(GearmanJob $job, array $steps): ?string
{
    foreach ($steps as $step) {
        $value = reset($step);
        $bytes = is_string($value) ? base64_decode($value) : '';
        match (key($step)) {
            'data' => $job->sendData($bytes),
            'warning' => $job->sendWarning($bytes),
            'status' => $job->sendStatus(...$value),
            'fail' => $job->sendFail(),
            'exception' => $job->sendException($bytes),
            'raise' => throw new RuntimeException($bytes),
            'complete' => null,
        };
    }
    return key($step) === 'complete' ? $bytes : null;
}

function do_unregister(array $request): array
{
    global $worker;
    attempt(fn () => $worker->unregister(base64_decode($request['function'])));
    return [];
}

// The loop is the caller's: work() does one job, or returns when something went wrong.
function do_work(array $request): array
{
    global $worker, $jobs;
    $last = $request['jobs'] ? $jobs + $request['jobs'] : INF;
    $until = isset($request['ms']) ? microtime(true) + $request['ms'] / 1000 : INF;
    while ($jobs < $last && ($left = $until - microtime(true)) > 0) {
        $worker->setTimeout(is_finite($left) ? (int) ceil($left * 1000) : -1);
        attempt(fn () => $worker->work());
        if ($worker->returnCode() === GEARMAN_COULD_NOT_CONNECT) {
            usleep(100_000);
        }
    }
    return [];
}

function do_quit(): array
{
    global $client, $worker;
    $client = $worker = null;
    return [];
}
