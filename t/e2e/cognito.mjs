// The whole way: the page, nginx with the proxy of /auth/*, the pool, and
// cognito-local as the identity service, all of them real and of this case.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emulatorPresent, startEmulator } from '../cognito/emulator.mjs';
import { check, equal, until } from './harness.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const EMAIL = 'ada@example.com';
const PASSWORD = 'Correct-Horse-7';
const NEW_PASSWORD = 'Battery-Staple-8';

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A replacement that has to find what it replaces. */
function swap(text, from, to) {
  check(text.includes(from), `conf/nginx.conf has ${from}`);
  return text.replaceAll(from, to);
}

class Site {
  static async start() {
    const site = new Site();
    site.folder = mkdtempSync(join(tmpdir(), 'coderemote-site-'));
    site.children = [];
    try {
      site.emulator = await startEmulator();
      await site.#serve();
    } catch (error) {
      await site.stop();
      throw error;
    }
    return site;
  }

  async #serve() {
    const { folder } = this;
    const socket = join(folder, 'pool.sock');
    // nginx's workers are of another user.
    chmodSync(folder, 0o755);
    const port = await freePort();
    for (const name of ['var/run', 'var/log']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const pool = JSON.parse(readFileSync(join(ROOT, 'conf', 'worker.json'), 'utf8'));
    writeFileSync(
      join(folder, 'worker.json'),
      JSON.stringify({
        ...pool,
        socket,
        languages_dir: join(ROOT, 'conf', 'languages'),
        workers: 1,
        boxes: 2,
      }),
    );
    let conf = readFileSync(join(ROOT, 'conf', 'nginx.conf'), 'utf8');
    conf = swap(conf, '127.0.0.1:8080', `127.0.0.1:${port}`);
    conf = swap(conf, 'build/html', join(ROOT, 'build', 'html'));
    conf = swap(conf, 'unix:var/run/pool.sock', `unix:${socket}`);
    conf = swap(conf, 'coderemote_auth  off;', this.emulator.directives);
    writeFileSync(join(folder, 'nginx.conf'), `daemon off;\n${conf}`);
    this.#run('coderemote-worker', ['-c', join(folder, 'worker.json')]);
    this.#run('nginx/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
    this.url = `http://127.0.0.1:${port}`;
    await until(() => this.#ready(), 'the site is ready', 30_000);
  }

  #run(name, args) {
    const child = spawn(join(ROOT, 'build', name), args, { stdio: 'ignore' });
    this.children.push(child);
    process.once('exit', () => child.kill('SIGTERM'));
  }

  async #ready() {
    check(
      this.children.every(({ exitCode }) => exitCode === null),
      `nginx or the pool ended: see ${this.folder}/var/log`,
    );
    return fetch(`${this.url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async stop() {
    await Promise.all(
      this.children.map(
        (child) =>
          new Promise((resolve) => {
            child.once('exit', resolve);
            if (child.exitCode !== null || !child.kill('SIGTERM')) {
              resolve();
            }
          }),
      ),
    );
    await this.emulator?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const options = {
  before: async (ide) => {
    const site = await Site.start();
    ide.base = site.url;
    ide.after = () => site.stop();
    ide.emulator = site.emulator;
  },
};

const field = (ide, label) => ide.page.getByLabel(label, { exact: true });
const submit = (ide) => ide.page.locator('.auth-submit').click();
const screen = (ide, name) => ide.page.waitForSelector(`dialog[data-screen=${name}]`);

async function signUp(ide) {
  await ide.page.locator('.sign-in').click();
  await ide.page.getByRole('button', { name: 'Create an account' }).click();
  await screen(ide, 'register');
  await field(ide, 'Email').fill(EMAIL);
  await field(ide, 'Password').fill(PASSWORD);
  await submit(ide);
  await screen(ide, 'confirm');
  await field(ide, 'Code').fill('000000');
  await submit(ide);
  await ide.page.getByText('This code is not right.').waitFor();
  await field(ide, 'Code').fill(ide.emulator.code);
  await submit(ide);
  await ide.ready();
}

async function signOut(ide) {
  await ide.page.locator('.account').click();
  equal(await ide.page.locator('.account-menu strong').innerText(), EMAIL, 'who is signed in');
  await ide.page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await ide.page.waitForSelector('.sign-in');
}

async function signIn(ide, password) {
  await ide.page.locator('.sign-in').click();
  await field(ide, 'Email').fill(EMAIL);
  await field(ide, 'Password').fill(password);
  await submit(ide);
}

async function refreshCookies(ide) {
  const cookies = await ide.context.cookies(`${ide.base}/auth/refresh`);
  return cookies.filter(({ name }) => name === 'coderemote_refresh');
}

const cases = [
  {
    title: 'cognito: sign up, code, run, reload, sign out, sign in, all of it real',
    options,
    test: async (ide) => {
      await ide.page.waitForSelector('.monaco-editor .view-line');
      await ide.setCode('print("signed in")\n');
      await signUp(ide);
      equal((await ide.run()).job, 'succeeded', 'status');
      equal(await ide.output(), 'signed in\n', 'output');

      const [cookie, ...more] = await refreshCookies(ide);
      equal(more, [], 'other cookies');
      const { httpOnly, secure, sameSite, path } = cookie;
      equal(
        { httpOnly, secure, sameSite, path },
        { httpOnly: true, secure: true, sameSite: 'Strict', path: '/auth' },
        'cookie',
      );
      const stored = await ide.page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
      check(!stored.includes('eyJ'), 'no token in storage');

      await ide.page.reload();
      await ide.ready();
      equal((await ide.run()).job, 'succeeded', 'status after a reload');

      await signOut(ide);
      equal(await refreshCookies(ide), [], 'cookies after the sign-out');
      await ide.page.reload();
      await ide.page.waitForSelector('.sign-in');
      await signIn(ide, 'Not-My-Password-9');
      await ide.page.getByText('The email address or the password is not right.').waitFor();
      await field(ide, 'Password').fill(PASSWORD);
      await submit(ide);
      await ide.ready();
      equal((await ide.run()).job, 'succeeded', 'status after the second sign-in');
    },
  },
  {
    title: 'cognito: a forgotten password is set anew, and the old one is worth nothing',
    options,
    test: async (ide) => {
      await signUp(ide);
      await signOut(ide);
      await ide.page.locator('.sign-in').click();
      await field(ide, 'Email').fill(EMAIL);
      await ide.page.getByRole('button', { name: 'Forgot password?' }).click();
      await submit(ide);
      await screen(ide, 'reset');
      await field(ide, 'Code').fill(ide.emulator.code);
      await field(ide, 'New password').fill(NEW_PASSWORD);
      await submit(ide);
      await ide.ready();
      await signOut(ide);
      await signIn(ide, PASSWORD);
      await ide.page.getByText('The email address or the password is not right.').waitFor();
      await field(ide, 'Password').fill(NEW_PASSWORD);
      await submit(ide);
      await ide.ready();
      equal((await ide.run('print(1)\n')).job, 'succeeded', 'status');
    },
  },
];

export default emulatorPresent() ? cases : [];
