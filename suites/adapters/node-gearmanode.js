// Adapter for the npm package gearmanode: a job is an emitter of events, a job server too.
'use strict';
const {decode, encode, failed, granted, serve, tell, turns, worked} = require('./node-contract');
const library = process.argv[2];
const gearmanode = require(library);
// With the logger that is installed beside it, each message would be a complaint that nothing is set up for it.
const {loggers} = require(require.resolve('winston', {paths: [library]}));
for (const name of ['Client', 'Worker', 'JobServer', 'Job', 'LBStrategy', 'protocol']) {
  loggers.get(name).silent = true;
}

let peer; // the client or the worker
const jobs = new Map(); // handle -> job, of those in the background
const FEATURES = {
  client: [
    'several-servers', 'background', 'priorities', 'unique', 'batch', 'concurrent', 'created',
    'background-created', 'exceptions', 'exceptions-by-option', 'work-data', 'progress', 'status', 'echo',
  ],
  worker: [
    'several-servers', 'timeout', 'unregister', 'work-data', 'progress', 'fail', 'exceptions',
    'several-functions',
  ],
};

// Errors that are found at once are returned, not thrown.
function checked(result) {
  if (result instanceof Error) throw result;
  return result;
}

const STEPS = {
  data: (job, value) => job.sendWorkData(value),
  warning: (job, value) => job.reportWarning(value),
  status: (job, [numerator, denominator]) => job.reportStatus(numerator, denominator),
  complete: (job, value) => job.workComplete(value),
  fail: (job) => job.reportError(),
  exception: (job, value) => job.reportException(value),
};

serve(library, FEATURES, {
  connect({role, servers}) {
    peer = checked(gearmanode[role]({
      servers: servers.map((server) => ({host: server.split(':')[0], port: Number(server.split(':')[1])})),
    }));
    peer.on('error', (error) => failed(error));
    peer.on('socketError', (uid, error) => failed(error));
    peer.on('socketDisconnect', (uid) => failed({code: 'socketDisconnect', message: uid}));
    peer.on('jobServerError', (uid, code, message) => failed({code, message}));
    for (const server of peer.jobServers) {
      server.on('option', granted);
      server.on('echo', (data) => tell('echo', {data: encode(data)}));
    }
  },
  option: ({option}) => peer.jobServers.forEach((server) => checked(server.setOption(option))),
  submit({task, function: name, workload, unique, priority, background = false}) {
    const options = {background};
    if (unique !== undefined) options.unique = decode(unique).toString();
    if (priority !== undefined) options.priority = priority.toUpperCase();
    const job = checked(peer.submitJob(decode(name).toString(), decode(workload), options));
    job.on('created', () => {
      if (background) jobs.set(job.handle, job);
      tell('created', {task, handle: encode(job.handle)});
    });
    job.on('workData', (data) => tell('data', {task, data: encode(data)}));
    job.on('warning', (data) => tell('warning', {task, data: encode(data)}));
    job.on('status', (told) => tell('status', {
      ...(background ? {handle: encode(job.handle)} : {task}),
      ...(background ? {known: String(Number(told.known)), running: String(Number(told.running))} : {}),
      numerator: told.percent_done_num, denominator: told.percent_done_den,
    }));
    job.on('complete', () => tell('complete', {task, data: encode(job.response)}));
    job.on('failed', () => tell('fail', {task}));
    job.on('exception', (data) => tell('exception', {task, data: encode(data)}));
    job.on('error', (error) => failed(error, {task}));
    job.on('close', () => failed({code: 'close', message: 'the job is closed'}, {task}));
  },
  status({handle}) {
    const job = jobs.get(decode(handle).toString());
    if (!job) return false; // only a job in the background that this client has submitted can be asked for
    checked(job.getStatus());
  },
  echo: ({data}) => checked(peer.jobServers[0].echo(decode(data).toString())),
  register({function: name, timeout, plan}) {
    const next = turns(plan);
    checked(peer.addFunction(decode(name).toString(), (job) => {
      tell('job', {handle: encode(job.handle), function: encode(job.name), workload: encode(job.payload)});
      for (const [kind, value] of next()) checked(STEPS[kind](job, value));
      worked();
    }, timeout === undefined ? {} : {timeout}));
  },
  unregister: ({function: name}) => checked(peer.removeFunction(decode(name).toString())),
  quit: () => peer && peer.close(),
});
