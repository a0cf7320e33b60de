// What the adapters of Node's libraries share: the lines of the contract, and nothing of any library.
'use strict';
const path = require('path');
const readline = require('readline');

const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr); // what a library prints is no answer

const OF_TASK = {
  background: 'background', epoch: 'epoch', priority: 'priorities', reducer: 'reduce', retries: 'retries',
  unique: 'unique',
};
const OF_STEP = {
  data: 'work-data', warning: 'work-data', status: 'progress', fail: 'fail', exception: 'exceptions',
  raise: 'raise',
};
// The features that a request needs, by what it does.
const NEEDS = {
  connect: ({servers}) => servers.length > 1 ? ['several-servers'] : [],
  option: () => ['exceptions-by-option'],
  submit: ({tasks, wait, exceptions}) => [
    ...tasks.flatMap((task) => Object.keys(task).filter((key) => OF_TASK[key]).map((key) => OF_TASK[key])),
    ...(tasks.length > 1 ? ['batch'] : []),
    ...(wait === undefined ? [] : ['wait']),
    ...(exceptions ? ['exceptions-per-task'] : []),
  ],
  status: () => ['status'],
  status_unique: () => ['status-unique'],
  echo: () => ['echo'],
  register: ({timeout, plan}) => [
    ...(timeout === undefined ? [] : ['timeout']),
    ...plan.flat().flatMap((step) => OF_STEP[Object.keys(step)[0]] || []),
  ],
  unregister: () => ['unregister'],
};

const open = new Map(); // task -> its batch: the tasks that have not ended
let loop = null; // the last `work`
let quitting = false;

const encode = (value) => Buffer.from(value).toString('base64');
const decode = (text) => Buffer.from(text, 'base64');

const plain = (text) => String(text).replace(/[^ -~]/g, '?');
const say = (message) => write(JSON.stringify(message) + '\n');

// Tell an event. One that ends a task ends its batch with the last of them, and so answers the request.
function tell(event, fields) {
  if (quitting) return; // that it closes is known
  const printable = ([key, value]) => [key, typeof value === 'string' ? plain(value) : value];
  say({event, ...Object.fromEntries(Object.entries(fields).map(printable))}); // a server may give any text as a number
  const batch = open.get(fields.task);
  const ends = ['complete', 'fail', 'exception', 'error'].includes(event);
  if (batch && (ends || event === 'created' && batch.background.has(fields.task))) end(fields.task);
}

// A task is over without an event that says so.
function end(task) {
  const batch = open.get(task);
  open.delete(task);
  batch.left -= 1;
  if (!batch.left) batch.done();
}

function failed(error, fields) {
  tell('error', {...fields, code: plain(error.code || error.name), text: plain(error.message || error)});
}

// The server has granted an option; there is one.
function granted(option) {
  if (option === 'exceptions') tell('option', {option});
}

const unfinished = () => [...open.keys()];

// What a function does with its first, second, ... job; the last list serves all further ones.
function turns(plan) {
  let turn = 0;
  return () => plan[Math.min(turn++, plan.length - 1)].map((step) => {
    const [[kind, value]] = Object.entries(step);
    return [kind, typeof value === 'string' ? decode(value) : value];
  });
}

// A job was worked on.
function worked() {
  if (loop && loop.left && !--loop.left) loop.stop();
}

// The work loop, for libraries that work whenever they are connected: wait for so many jobs, or so long.
function work({jobs, ms}) {
  return new Promise((stop) => {
    const timer = setTimeout(stop, ms);
    loop = {left: jobs, stop: () => {
      clearTimeout(timer);
      stop();
    }};
  });
}

// Serve the requests on stdin, one after the other; only what follows a submit does not wait for its tasks.
// `library` is the folder of the package, `features` are those of each role, and `actions` what to do: each may
// return a promise, or false for what turns out to be unsupported.
function serve(library, features, actions) {
  const {name, version} = require(path.join(library, 'package.json'));
  const about = {contract: 1, name, version, roles: Object.keys(features), features};
  let role = null;

  function submit(request) {
    const background = request.tasks.filter((task) => task.background || task.epoch).map(({task}) => task);
    const done = () => say({id: request.id, done: true});
    const batch = {left: request.tasks.length, background: new Set(background), done};
    request.tasks.forEach(({task}) => open.set(task, batch));
    for (const task of request.tasks) {
      try {
        actions.submit(task, request);
      } catch (error) {
        failed(error, {task: task.task});
      }
    }
  }

  async function act(request) {
    try {
      if (actions[request.do] && await actions[request.do](request) === false) return {unsupported: true};
    } catch (error) {
      failed(error);
    }
    if (request.do === 'work') await work(request);
    return {done: true};
  }

  async function answer(request) {
    role = request.role || role;
    quitting = request.do === 'quit';
    const known = actions[request.do] || request.do === 'work';
    const has = (need) => features[role].includes(need);
    if (request.do === 'hello') say({id: request.id, done: true, ...about});
    else if (!known || !(NEEDS[request.do] || (() => []))(request).every(has)) say({id: request.id, unsupported: true});
    else if (request.do === 'submit') submit(request);
    else say({id: request.id, ...await act(request)});
    if (quitting) process.exit(0);
  }

  let turn = Promise.resolve();
  const lines = readline.createInterface({input: process.stdin});
  lines.on('line', (line) => {
    const request = JSON.parse(line);
    if (request.do === 'connect' && loop) loop.stop(); // what works now gives way to another
    turn = turn.then(() => answer(request));
  });
  lines.on('close', () => process.exit(0));
}

module.exports = {decode, encode, end, failed, granted, serve, tell, turns, unfinished, worked};
