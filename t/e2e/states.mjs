// States that the user must understand: no server, no pool, no room.
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { check, equal, until } from './harness.mjs';

const SLOW =
  'import time\nfor i in range(30):\n    print("n", i, flush=True)\n    time.sleep(0.1)\n';
const SLOW_OUTPUT = Array.from({ length: 30 }, (_, i) => `n ${i}\n`).join('');

/** Stands between the page and the server's WebSocket. */
async function proxySocket(ide, onExecute) {
  ide.sockets = [];
  ide.refuse = false;
  await ide.page.routeWebSocket(/\/ws$/, (socket) => {
    if (ide.refuse) {
      socket.close({ code: 1013 });
      return;
    }
    const server = socket.connectToServer();
    ide.sockets.push(socket);
    socket.onMessage((text) => {
      const message = JSON.parse(text);
      const answer = message.type === 'execute' ? onExecute?.(message) : undefined;
      if (answer) {
        socket.send(JSON.stringify(answer));
      } else {
        server.send(text);
      }
    });
  });
}

/** The pool of the site that is tested, where its pid file is told. */
class Pool {
  constructor(pidFile) {
    this.pidFile = pidFile;
    this.pid = Number(readFileSync(pidFile, 'utf8'));
    this.argv = readFileSync(`/proc/${this.pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    this.cwd = readlinkSync(`/proc/${this.pid}/cwd`);
  }

  kill() {
    process.kill(this.pid, 'SIGKILL');
  }

  start() {
    const [command, ...args] = this.argv;
    const child = spawn(command, args, { cwd: this.cwd, detached: true, stdio: 'ignore' });
    child.unref();
    writeFileSync(this.pidFile, `${child.pid}\n`);
  }
}

const POOL_PID_FILE = process.env.CODEREMOTE_POOL_PID;

const realPool = {
  title: 'the pool dies in a run: the run ends with a sentence, and Run is back with the pool',
  test: async (ide) => {
    const pool = new Pool(POOL_PID_FILE);
    await ide.ready();
    await ide.start(SLOW);
    await ide.sees('n 2\n');
    pool.kill();
    const { job, sentence } = await ide.finished();
    equal(job, 'error', 'status');
    check(sentence.endsWith('run it again'), sentence);
    await ide.page.waitForSelector('[data-banner=pool-down]');
    await ide.shot('pool-died');
    await ide.page.keyboard.press('Control+Enter');
    await ide.page.waitForSelector('.status[data-phase=refused]');
    pool.start();
    await until(
      async () => (await ide.page.locator('[data-banner]').count()) === 0,
      'the banner goes away',
    );
    equal((await ide.run('print("back")\n')).job, 'succeeded', 'status');
    equal(await ide.output(), 'back\n', 'output');
  },
};

export default [
  ...(POOL_PID_FILE === undefined ? [] : [realPool]),
  {
    title: 'pool down: a banner and a disabled Run, and both go away by themselves',
    options: {
      before: async (ide) => {
        ide.pool = 'down';
        await ide.page.route('**/health', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), pool: ide.pool } });
        });
      },
    },
    test: async (ide) => {
      await ide.ready();
      await ide.page.waitForSelector('[data-banner=pool-down]');
      const run = ide.page.getByRole('button', { name: 'Run', exact: true });
      equal(await run.getAttribute('aria-disabled'), 'true', 'Run is disabled');
      equal(await ide.axe(), [], 'axe');
      await ide.shot('pool-down');
      ide.pool = 'up';
      await until(
        async () => (await ide.page.locator('[data-banner]').count()) === 0,
        'the banner goes away',
      );
      equal(await run.getAttribute('aria-disabled'), 'false', 'Run is enabled');
    },
  },
  {
    title: 'queue full: one sentence, a countdown on Run, then it runs',
    options: {
      before: (ide) => {
        let full = true;
        return proxySocket(ide, ({ ref }) => {
          if (!full) {
            return undefined;
          }
          full = false;
          const detail = 'The queue is full; try again in 2 s.';
          return { type: 'error', ref, code: 'queue_full', detail, retry_after: 2 };
        });
      },
    },
    test: async (ide) => {
      await ide.ready();
      const { sentence } = await ide.run('print("in")\n');
      check(
        /^All sandboxes are busy and the queue is full\. Next try in \d s/.test(sentence),
        sentence,
      );
      const run = ide.page.getByRole('button', { name: /^Run in \d s$/ });
      equal(await run.getAttribute('aria-disabled'), 'true', 'Run waits');
      await ide.shot('queue-full');
      await ide.page.getByRole('button', { name: 'Run', exact: true }).click();
      await ide.page.waitForSelector('[data-job=succeeded]');
      equal(await ide.output(), 'in\n', 'output');
    },
  },
  {
    title: 'connection lost in a run: it says so, resumes, and no byte is missing or twice',
    options: { before: (ide) => proxySocket(ide) },
    test: async (ide) => {
      await ide.ready();
      await ide.start(SLOW);
      await ide.sees('n 3\n');
      await ide.sockets.at(-1).close({ code: 1011 });
      await ide.page.waitForSelector('[data-banner=reconnecting]');
      await ide.shot('reconnecting');
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      equal(await ide.output(), SLOW_OUTPUT, 'output');
      equal(ide.sockets.length, 2, 'connections');
    },
  },
  {
    title: 'a server that restarts (close 1001) is back at once and the run goes on',
    options: { before: (ide) => proxySocket(ide) },
    test: async (ide) => {
      await ide.ready();
      await ide.start(SLOW);
      await ide.sees('n 2\n');
      const begun = Date.now();
      await ide.sockets.at(-1).close({ code: 1001 });
      await until(() => ide.sockets.length === 2, 'a new connection');
      check(Date.now() - begun < 1000, 'it came late');
      await ide.finished();
      equal(await ide.output(), SLOW_OUTPUT, 'output');
    },
  },
  {
    title: 'offline: editing goes on and is kept, Run says why it does nothing',
    options: { before: (ide) => proxySocket(ide) },
    test: async (ide) => {
      await ide.ready();
      ide.refuse = true;
      await ide.sockets.at(-1).close({ code: 1011 });
      await ide.page.waitForSelector('[data-banner=offline]');
      await ide.setCode('print("typed offline")\n');
      const run = ide.page.getByRole('button', { name: 'Run', exact: true });
      equal(await run.getAttribute('title'), 'Offline', 'reason');
      await ide.shot('offline');
      ide.refuse = false;
      await ide.page.getByRole('button', { name: 'Try now' }).click();
      await ide.connected();
      await ide.run();
      equal(await ide.output(), 'typed offline\n', 'output');
    },
  },
  {
    title: 'no languages from the server: the page works with Python and says so',
    options: {
      before: (ide) => ide.page.route('**/languages', (route) => route.fulfill({ status: 500 })),
    },
    test: async (ide) => {
      await ide.ready();
      await ide.page.waitForSelector('[data-banner=languages]');
      check((await ide.output()) === '', 'no output yet');
      const { job } = await ide.run('print(1)\n');
      equal(job, 'succeeded', 'status');
    },
  },
  {
    title: 'no Monaco: the plain editor stays and runs programs',
    options: {
      before: (ide) => ide.page.route(/assets\/monaco-.*\.js/, (route) => route.abort()),
    },
    test: async (ide) => {
      await ide.connected();
      await ide.page.locator('.plain-editor textarea').fill('');
      await ide.page.locator('.plain-editor textarea').focus();
      await ide.page.keyboard.type('for i in range(2):\nprint(i)');
      const { job } = await ide.run();
      equal(job, 'succeeded', 'status');
      equal(await ide.output(), '0\n1\n', 'output');
    },
  },
];
