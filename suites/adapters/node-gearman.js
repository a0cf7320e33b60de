// Adapter for the npm package node-gearman: one connection, a job is a stream that ends or has an error.
'use strict';
const {decode, encode, end, failed, serve, tell, turns, unfinished, worked} = require('./node-contract');
const library = process.argv[2];
const Gearman = require(library);

let gearman;
const jobs = new Map(); // task -> job
const FEATURES = {
  client: ['background', 'priorities', 'unique', 'batch', 'concurrent', 'wait'],
  worker: ['fail', 'several-functions'],
};

serve(library, FEATURES, {
  connect({servers: [server]}) {
    const [host, port] = server.split(':');
    gearman = new Gearman(host, Number(port));
    const mine = gearman;
    const over = (error) => { // jobs that have a handle are told of it one by one
      if (mine !== gearman) return; // another has taken its place
      const lost = unfinished().filter((task) => !jobs.get(task).handle);
      lost.forEach((task) => failed(error, {task}));
      if (!lost.length) failed(error);
    };
    gearman.on('error', over);
    gearman.on('close', () => over({code: 'close', message: 'the connection is closed'}));
  },
  submit({task, function: name, workload, unique, priority, background}, {wait}) {
    const options = {priority, background};
    const job = gearman.submitJob(decode(name), decode(workload), unique && decode(unique), options);
    if (background) return end(task); // nothing more is ever told of it
    jobs.set(task, job);
    const chunks = []; // those of WORK_DATA and the one of WORK_COMPLETE look the same
    job.on('data', (chunk) => chunks.push(chunk));
    job.on('end', () => tell('complete', {task, data: encode(Buffer.concat(chunks))}));
    job.on('error', () => tell('fail', {task}));
    if (wait !== undefined) {
      job.on('timeout', (error) => tell('error', {task, code: 'timeout', text: error.message}));
      job.setTimeout(wait * 1000);
    }
  },
  register({function: name, plan}) {
    const next = turns(plan);
    gearman.registerWorker(decode(name).toString(), (payload, worker) => {
      tell('job', {
        handle: encode(worker.handle), function: encode(worker.name), workload: encode(payload || ''),
      });
      for (const [kind, value] of next()) kind === 'fail' ? worker.error() : worker.end(value);
      worked();
    });
  },
  quit: () => gearman && gearman.close(),
});
