// Adapter for the npm package gearman, a thin layer over the packets: the caller pairs handles with tasks.
'use strict';
const {decode, encode, failed, granted, serve, tell, turns, unfinished, worked} = require('./node-contract');
const library = process.argv[2];
const gearman = require(library);

let connection;
const awaiting = []; // what waits for JOB_CREATED or OPTION_RES, in the order in which it was sent
const tasks = new Map(); // handle -> tasks; a server may give one job to several
const functions = new Map();

const FEATURES = {
  client: [
    'background', 'priorities', 'unique', 'batch', 'concurrent', 'created', 'background-created', 'exceptions',
    'exceptions-by-option', 'work-data', 'progress', 'status', 'status-unique', 'echo',
  ],
  worker: ['timeout', 'unregister', 'work-data', 'progress', 'fail', 'exceptions', 'several-functions'],
};

function listenAsClient() {
  const of = (event, fields) => ({handle, ...told}) => {
    for (const task of tasks.get(handle) || []) tell(event, {task, ...fields(told)});
    if (['complete', 'exception', 'fail'].includes(event)) tasks.delete(handle);
  };
  const status = (told, names) => tell('status', {
    ...names, known: told.known, running: told.running,
    numerator: String(told.percent_done_num), denominator: String(told.percent_done_den),
  });
  connection.on('JOB_CREATED', (handle) => {
    const {task, background} = awaiting.shift() || {};
    if (task === undefined) return;
    if (!background) tasks.set(handle, [...tasks.get(handle) || [], task]);
    tell('created', {task, handle: encode(handle)});
  });
  connection.on('ERROR', (code, message) => {
    const {task, answered} = awaiting.shift() || {};
    failed({code, message}, {task});
    if (answered) answered();
  });
  connection.on('OPTION_RES', ({option_name: option}) => {
    granted(option);
    const {answered} = awaiting.shift() || {};
    if (answered) answered();
  });
  connection.on('WORK_DATA', of('data', ({payload}) => ({data: encode(payload)})));
  connection.on('WORK_WARNING', of('warning', ({warning}) => ({data: encode(warning)})));
  connection.on('WORK_STATUS', of('status', ({percent_num: numerator, percent_den: denominator}) => (
    {numerator, denominator})));
  connection.on('WORK_COMPLETE', of('complete', ({payload}) => ({data: encode(payload)})));
  connection.on('WORK_EXCEPTION', of('exception', ({exception}) => ({data: encode(exception)})));
  connection.on('WORK_FAIL', of('fail', () => ({})));
  connection.on('STATUS_RES', (told) => status(told, {handle: encode(told.handle)}));
  connection.on('STATUS_RES_UNIQUE', (told) => status(told, {}));
  connection.on('ECHO_RES', (data) => tell('echo', {data: encode(data)}));
}

function listenAsWorker() {
  connection.on('ERROR', (code, message) => failed({code, message}));
  connection.on('NOOP', () => connection.grabJob());
  connection.on('NO_JOB', () => connection.preSleep());
  connection.on('JOB_ASSIGN', ({handle, func_name: name, payload}) => {
    if (functions.has(name)) {
      tell('job', {handle: encode(handle), function: encode(name), workload: encode(payload)});
      for (const [kind, value] of functions.get(name)()) STEPS[kind](handle, value);
      worked();
    } else {
      connection.sendWorkFail(handle); // it is up to the caller to look for the function
    }
    connection.preSleep();
  });
}

const STEPS = {
  data: (handle, value) => connection.sendWorkData(handle, value),
  warning: (handle, value) => connection.sendWorkWarning(handle, value),
  status: (handle, value) => connection.sendWorkStatus(handle, ...value.map(String)),
  complete: (handle, value) => connection.sendWorkComplete(handle, value),
  fail: (handle) => connection.sendWorkFail(handle),
  exception: (handle, value) => connection.sendWorkException(handle, value),
};

serve(library, FEATURES, {
  connect({role, servers: [server]}) {
    const [host, port] = server.split(':');
    connection = gearman(host, Number(port));
    if (role === 'client') listenAsClient();
    else listenAsWorker();
    const mine = connection;
    const over = (error) => {
      if (mine !== connection) return; // another has taken its place
      const lost = unfinished();
      lost.forEach((task) => failed(error, {task}));
      if (!lost.length) failed(error);
      awaiting.splice(0).forEach(({answered}) => answered && answered());
    };
    connection.on('close', () => over({code: 'close', message: 'the connection is closed'}));
    return new Promise((connected) => {
      connection.on('error', (error) => {
        over(error);
        connected();
      });
      connection.connect(connected);
    });
  },
  option: ({option}) => new Promise((answered) => {
    connection.setOption(option);
    awaiting.push({answered});
  }),
  submit({task, function: name, workload, unique, priority, background}) {
    awaiting.push({task, background});
    connection.submitJob(decode(name).toString(), decode(workload), {
      background, priority, unique_id: unique && decode(unique).toString(),
    });
  },
  status: ({handle}) => connection.getJobStatus(decode(handle).toString()),
  status_unique: ({unique}) => connection.getJobStatusUnique(decode(unique).toString()),
  echo: ({data}) => connection.echo(decode(data)),
  register({function: name, timeout, plan}) {
    functions.set(decode(name).toString(), turns(plan));
    connection.addFunction(decode(name).toString(), timeout);
  },
  unregister: ({function: name}) => connection.removeFunction(decode(name).toString()),
  work: () => connection.preSleep(),
  quit: () => connection && connection.close(),
});
