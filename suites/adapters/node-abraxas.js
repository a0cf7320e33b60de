// Adapter for the npm package abraxas, client and worker: a task is a stream, a promise, and takes a callback.
'use strict';
const {decode, encode, failed, serve, tell, turns, worked} = require('./node-contract');
const library = process.argv[2];
const {Client} = require(library);

let client;
const FEATURES = {
  client: [
    'several-servers', 'background', 'priorities', 'unique', 'batch', 'concurrent', 'created',
    'background-created', 'exceptions', 'exceptions-always', 'status', 'echo', 'wait', 'epoch',
  ],
  worker: ['several-servers', 'timeout', 'unregister', 'exceptions', 'raise', 'several-functions'],
};

function failure(error, task) {
  if (error.name === 'JobException') return tell('exception', {task, data: encode(error.message)});
  if (error.name === 'JobFail') return tell('fail', {task});
  if (error.name === 'ResponseTimeout') return tell('error', {task, code: 'timeout', text: error.message});
  failed(error, {task});
}

serve(library, FEATURES, {
  connect({servers}) {
    client = Client.connect({servers});
    client.on('connection-error', (error) => failed(error));
    client.on('disconnect', () => failed({code: 'disconnect', message: 'a connection is closed'}));
    client.on('warn', (error) => failed(error));
  },
  submit({task, function: name, workload, unique, priority, background, epoch}, {wait}) {
    const options = {priority, uniqueid: unique && decode(unique)};
    if (wait !== undefined) options.responseTimeout = wait * 1000;
    const [call, ...times] = epoch ? ['submitJobAt', epoch] : [background ? 'submitJobBg' : 'submitJob'];
    const job = client[call](decode(name), ...times, options, decode(workload), (error, result) => {
      if (error) return failure(error, task);
      if (call === 'submitJob') tell('complete', {task, data: encode(result)});
      else tell('created', {task, handle: encode(result)});
    });
    job.on('created', () => tell('created', {task, handle: encode(job.jobid)}));
    job.on('warn', (text) => tell('warning', {task, data: encode(text)}));
  },
  status: ({handle}) => new Promise((answered, refused) => {
    client.getStatus(decode(handle).toString(), (error, told) => {
      if (error) return refused(error);
      tell('status', {handle, known: String(told.known), running: String(told.running)});
      answered();
    });
  }),
  echo: ({data}) => client.echo({}, decode(data)).then((told) => tell('echo', {data: encode(told)})),
  register({function: name, timeout, plan}) {
    const next = turns(plan);
    client.registerWorker(decode(name).toString(), {timeout}, (task) => {
      tell('job', {
        handle: encode(task.jobid), function: name, workload: encode(task.payload), unique: encode(task.uniqueid),
      });
      setImmediate(worked); // once the result is on its way
      const [[kind, value]] = next();
      if (kind === 'raise') throw new Error(value.toString());
      if (kind === 'exception') return task.error(value);
      return value;
    });
  },
  unregister: ({function: name}) => client.unregisterWorker(decode(name).toString()),
  quit: () => client && client.disconnect(),
});
