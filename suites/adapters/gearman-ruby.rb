# Adapter for the Ruby library gearman-ruby; its argument is a checkout of it.
# A request NAME is answered by the method NAME of the adapter, with nil for unsupported.
require 'json'
require 'yaml'
require File.join(ARGV.first, 'lib', 'gearman')

# Nothing but the lines of the contract may get to standard output.
CONTRACT = $stdout.dup
CONTRACT.sync = true
$stdout.reopen($stderr)

FEATURES = {
  client: %w[several-servers background priorities unique batch exceptions exceptions-by-option work-data progress
             retries wait],
  worker: %w[several-servers timeout unregister work-data progress fail raise several-functions]
}.freeze

# Seconds after which its client waits no more for JOB_CREATED, where the caller says nothing. Its own are 10, about
# as long as a case takes that it hangs in, which would come to a HANG in one run and to a late error in another.
PATIENCE = 60

def say(line) = CONTRACT.puts(JSON.generate(line))
def event(name, **rest) = say({event: name, **rest})
def encode(bytes) = [bytes.to_s].pack('m0')
def decode(text) = text.unpack1('m0')

def plain(text) = text.to_s.b.gsub(/[^ -~]/n, '?')

def failure(problem, **rest)
  event('error', text: plain("#{problem.class}: #{problem.message}"), **rest)
end

# The errors of the library are no StandardError.
def attempt(**task)
  yield
rescue Exception => e
  failure(e, **task)
end

class Adapter
  def hello(_)
    version = YAML.load_file(File.join(ARGV.first, 'VERSION.yml'), permitted_classes: [Symbol])
    {contract: 1, name: 'gearman-ruby', version: version.values_at(:major, :minor, :patch).join('.'),
     roles: FEATURES.keys, features: FEATURES}
  end

  def connect(request)
    attempt do
      @client = Gearman::Client.new(request['servers']) if request['role'] == 'client'
      @client&.task_create_timeout_sec = PATIENCE
      @worker = Gearman::Worker.new(request['servers'], reconnect_sec: 1) if request['role'] == 'worker'
    end
    {}
  end

  def option(request)
    attempt { @client.option_request(request['option']) }
    {}
  end

  def submit(request)
    return if request['exceptions'] || request['tasks'].any? { |task| task['reducer'] || task['epoch'] }

    @open = {}
    @client.task_create_timeout_sec = request['wait'] if request['wait']
    set = Gearman::TaskSet.new(@client)
    request['tasks'].each { |asked| attempt(task: asked['task']) { add(set, asked) } }
    begin
      set.wait(request['wait'])
      @open.each_key { |name| event('error', task: name, code: 'timeout') } if set.timed_out?
    rescue Exception => e
      @open.each_key { |name| failure(e, task: name) }
    end
    {}
  end

  def register(request)
    plan = request['plan'].dup
    return if plan.flatten.any? { |step| step.key?('exception') }

    attempt do
      @worker.add_ability(decode(request['function']), request['timeout']) do |workload, job|
        # The function is not told the handle.
        event('job', handle: '', function: request['function'], workload: encode(workload))
        run(job, plan.size > 1 ? plan.shift : plan.first)
      end
    end
    {}
  end

  def unregister(request)
    attempt { @worker.remove_ability(decode(request['function'])) }
    {}
  end

  # It returns after each job, and not before one has come.
  def work(request)
    deadline = Time.now + request['ms'] / 1000.0
    jobs = request['jobs'].zero? ? Float::INFINITY : request['jobs']
    attempt { @worker.work while (jobs -= 1) >= 0 && Time.now < deadline }
    {}
  end

  def quit(_) = {}

  private

  def add(set, asked)
    task = Gearman::Task.new(decode(asked['function']), decode(asked['workload']), options(asked))
    name = asked['task']
    listen(task, name)
    if !set.add_task(task)
      event('error', task: name, text: 'add_task returned false', code: 'timeout')
    elsif !asked['background']
      @open[name] = true
    end
  end

  def options(asked)
    {uniq: asked['unique'] && decode(asked['unique']), priority: asked['priority']&.to_sym,
     retry_count: asked['retries'], background: asked['background']}
  end

  # An exception does not end a task.
  def listen(task, name)
    task.on_data { |data| event('data', task: name, data: encode(data)) }
    task.on_warning { |data| event('warning', task: name, data: encode(data)) }
    task.on_status { |n, d| event('status', task: name, numerator: plain(n), denominator: plain(d)) }
    task.on_retry { |tries| event('retry', task: name, tries: tries.to_s) }
    task.on_exception { |data| event('exception', task: name, data: encode(data)) }
    task.on_complete do |data|
      @open.delete(name)
      event('complete', task: name, data: encode(data))
    end
    task.on_fail do
      @open.delete(name)
      event('fail', task: name)
    end
  end

  # What it returns is the result; false is a failure.
  def run(job, steps)
    steps.each do |step|
      name, value = step.first
      case name
      when 'data' then job.send_data(decode(value))
      when 'warning' then job.report_warning(decode(value))
      when 'status' then job.report_status(*value)
      when 'complete' then return decode(value)
      when 'fail' then return false
      when 'raise' then raise decode(value)
      end
    end
  end
end

requests = Queue.new
Thread.new do
  $stdin.each_line { |line| requests << JSON.parse(line) }
  exit!(0)
end
adapter = Adapter.new
loop do
  request = requests.pop
  name = request['do'].to_sym
  answer = adapter.public_send(name, request) if Adapter.public_instance_methods(false).include?(name)
  say({id: request['id'], **(answer ? {done: true, **answer} : {unsupported: true})})
  exit!(0) if name == :quit
end
