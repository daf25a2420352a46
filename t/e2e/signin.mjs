// Signing in, against a stand-in server of each case's own: what the page does
// with every answer of /auth/*, with tokens that end, and with several tabs.
import { check, equal, until } from './harness.mjs';
import { FakeAuth } from './fake-auth.mjs';
import { startFake } from './fake-server.mjs';

const ADA = 'ada@example.com';
const PASSWORD = 'correct horse';

/** A page on a server of its own that wants people to sign in. */
function site({ accounts = true, knobs = {}, ...options } = {}) {
  return {
    ...options,
    before: async (ide) => {
      ide.auth = new FakeAuth(knobs);
      if (accounts) {
        ide.auth.add(ADA, PASSWORD);
      }
      const server = await startFake({ auth: ide.auth });
      ide.base = server.url;
      ide.after = () => server.stop();
    },
  };
}

const field = (ide, label) => ide.page.getByLabel(label, { exact: true });
const submit = (ide) => ide.page.locator('.auth-submit');
const screen = (ide, name) => ide.page.waitForSelector(`dialog[data-screen=${name}]`);

async function openDialog(ide) {
  await ide.page.locator('.sign-in').click();
  await screen(ide, 'sign-in');
}

async function fillIn(ide, email, password) {
  await field(ide, 'Email').fill(email);
  await field(ide, 'Password').fill(password);
  await submit(ide).click();
}

async function signIn(ide) {
  await openDialog(ide);
  await fillIn(ide, ADA, PASSWORD);
  await ide.ready();
}

/** The error beside a field, as a screen reader gets it. */
async function errorOf(ide, label) {
  const input = field(ide, label);
  await until(async () => (await input.getAttribute('aria-invalid')) === 'true', `${label} is bad`);
  const id = await input.getAttribute('aria-describedby');
  check(await input.evaluate((el) => el === document.activeElement), `${label} has the focus`);
  return ide.page.locator(`#${id}`).innerText();
}

async function stored(ide) {
  return ide.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
}

const PAINTED = ['light', 'dark'].map((colorScheme) => ({
  title: `sign-in: every screen in the ${colorScheme} theme, and axe finds nothing`,
  options: site({ colorScheme }),
  test: async (ide) => {
    const shot = async (name) => {
      equal(await ide.axe(), [], name);
      await ide.shot(`auth-${colorScheme}-${name}`);
    };
    const link = (name) => ide.page.getByRole('button', { name }).click();
    await ide.page.waitForSelector('.sign-in');
    await ide.page.waitForSelector('.monaco-editor .view-line');
    await shot('signed-out');
    await openDialog(ide);
    await shot('sign-in');
    await submit(ide).click();
    await errorOf(ide, 'Email');
    await shot('errors');
    await fillIn(ide, ADA, 'wrong');
    await errorOf(ide, 'Password');
    await shot('wrong');
    ide.auth.faults.set('/auth/login', [
      429,
      'too_many_attempts',
      'Too many.',
      {},
      { 'Retry-After': '9' },
    ]);
    await submit(ide).click();
    await ide.page.getByRole('button', { name: /^Sign in \(in \d s\)$/ }).waitFor();
    await shot('too-many');
    ide.auth.faults.clear();
    await link('Create an account');
    await shot('register');
    await fillIn(ide, 'new@example.com', 'short');
    await errorOf(ide, 'Password');
    await shot('weak');
    await field(ide, 'Password').fill('long enough');
    await submit(ide).click();
    await screen(ide, 'confirm');
    await shot('confirm');
    await link('Back to sign in');
    await link('Forgot password?');
    await shot('forgot');
    await submit(ide).click();
    await screen(ide, 'reset');
    await shot('reset');
    await link('Back to sign in');
    ide.auth.add('mfa@example.com', PASSWORD, {
      challenge: { challenge: 'SMS_MFA', destination: '+*******1234' },
    });
    await fillIn(ide, 'mfa@example.com', PASSWORD);
    await screen(ide, 'mfa');
    await shot('mfa');
    await link('Back to sign in');
    ide.auth.add('fresh@example.com', PASSWORD, {
      challenge: { challenge: 'NEW_PASSWORD_REQUIRED' },
    });
    await fillIn(ide, 'fresh@example.com', PASSWORD);
    await screen(ide, 'new-password');
    await shot('new-password');
    await field(ide, 'New password').fill('a new password');
    await submit(ide).click();
    await ide.connected();
    await ide.page.locator('.account').click();
    await ide.page.getByRole('button', { name: 'Sign out everywhere' }).waitFor();
    await shot('account');
    await ide.page.keyboard.press('Escape');
    ide.auth.revokeAll();
    await ide.page.waitForSelector('[data-banner=signed-out]');
    await shot('ended');
  },
}));

export default [
  {
    title: 'sign-in: with auth off nothing is shown, and nothing of it is loaded',
    test: async (ide) => {
      const loaded = [];
      ide.page.on('request', (request) => loaded.push(request.url()));
      await ide.page.reload();
      await ide.ready();
      await ide.run('print(1)\n');
      equal(await ide.page.locator('.sign-in, .account, dialog.auth').count(), 0, 'elements');
      const more = loaded.filter((url) => /(SignIn|Account|keeper|signin)-/.test(url));
      equal(more, [], 'requests');
    },
  },
  {
    title: 'sign-in: run asks for it, the code stays, and the run is offered again',
    options: site(),
    test: async (ide) => {
      await ide.page.waitForSelector('.monaco-editor .view-line');
      await ide.setCode('print("kept")\n');
      await ide.page.waitForSelector('.sign-in');
      await ide.page.keyboard.press('Control+Enter');
      await screen(ide, 'sign-in');
      await ide.page.keyboard.type(ADA);
      await ide.page.keyboard.press('Tab');
      await ide.page.keyboard.type(PASSWORD);
      await ide.page.keyboard.press('Enter');
      await ide.page.waitForSelector('[data-banner=offer-run]');
      await ide.shot('auth-offer-run');
      equal(await ide.page.locator('dialog[open]').count(), 0, 'open dialogs');
      await ide.page.getByRole('button', { name: 'Run it now' }).click();
      equal((await ide.finished()).job, 'succeeded', 'status');
      equal(await ide.output(), 'kept\n', 'output');
      equal(await ide.page.locator('[data-banner]').count(), 0, 'banners');
    },
  },
  {
    title: 'sign-in: the token is in no storage; a reload signs in silently and takes up the run',
    options: site(),
    test: async (ide) => {
      await signIn(ide);
      check(!(await stored(ide)).includes('access-'), 'no token in storage');
      await ide.start(
        'import time\nfor i in range(20):\n    print(i, flush=True)\n    time.sleep(0.1)\n',
      );
      await ide.sees('2\n');
      await ide.page.reload();
      await ide.ready();
      equal((await ide.finished()).job, 'succeeded', 'status of the run before');
      equal((await ide.output()).split('\n').length - 1, 20, 'lines');
      equal(await ide.page.locator('.sign-in').count(), 0, 'no way in is shown');
      equal((await ide.run('print(2)\n')).job, 'succeeded', 'status');
      equal(ide.auth.count('/auth/refresh'), 2, 'refreshes: before and after');
    },
  },
  {
    title: 'sign-in: a new account, a wrong code, another code, and it is signed in',
    options: site({ accounts: false }),
    test: async (ide) => {
      await openDialog(ide);
      await field(ide, 'Email').fill(ADA);
      await ide.page.getByRole('button', { name: 'Create an account' }).click();
      await screen(ide, 'register');
      equal(await field(ide, 'Email').inputValue(), ADA, 'the address is kept');
      await field(ide, 'Password').fill('short');
      await submit(ide).click();
      equal(
        await errorOf(ide, 'Password'),
        'This password is too weak. It needs at least 8 characters.',
        'weak',
      );
      await field(ide, 'Password').fill(PASSWORD);
      await submit(ide).click();
      await screen(ide, 'confirm');
      await field(ide, 'Code').fill('000 000');
      await submit(ide).click();
      equal(await errorOf(ide, 'Code'), 'This code is not right. Check it and try again.', 'code');
      await ide.page.getByRole('button', { name: /^Send a new code \(in \d+ s\)$/ }).waitFor();
      await field(ide, 'Code').fill('424 242');
      await submit(ide).click();
      await ide.ready();
      equal((await ide.run('print(3)\n')).job, 'succeeded', 'status');
    },
  },
  {
    title: 'sign-in: an address that is not confirmed goes on with the code',
    options: site({ accounts: false }),
    test: async (ide) => {
      ide.auth.add(ADA, PASSWORD, { confirmed: false });
      await openDialog(ide);
      await fillIn(ide, ADA, PASSWORD);
      await screen(ide, 'confirm');
      await ide.page.getByRole('button', { name: 'Send a new code' }).click();
      await until(() => ide.auth.count('/auth/resend') === 1, 'it is sent');
      await field(ide, 'Code').fill('424242');
      await submit(ide).click();
      await ide.ready();
    },
  },
  {
    title: 'sign-in: a forgotten password is set anew, and password managers can follow',
    options: site(),
    test: async (ide) => {
      await openDialog(ide);
      const hints = (names) =>
        Promise.all(names.map((name) => field(ide, name).getAttribute('autocomplete')));
      equal(await hints(['Email', 'Password']), ['username', 'current-password'], 'sign in');
      await field(ide, 'Email').fill(ADA);
      await ide.page.getByRole('button', { name: 'Forgot password?' }).click();
      await submit(ide).click();
      await screen(ide, 'reset');
      equal(await hints(['Code', 'New password']), ['one-time-code', 'new-password'], 'reset');
      const account = ide.page.locator('dialog input[autocomplete=username]');
      equal(await account.inputValue(), ADA, 'the account of the new password');
      await field(ide, 'Code').fill('424242');
      await field(ide, 'New password').fill('battery staple');
      await submit(ide).click();
      await ide.ready();
      equal(ide.auth.accounts.get(ADA).password, 'battery staple', 'password');
    },
  },
  {
    title: 'sign-in: a second factor and a demanded new password, one after the other',
    options: site({ accounts: false }),
    test: async (ide) => {
      ide.auth.add(ADA, PASSWORD, { challenge: { challenge: 'SOFTWARE_TOKEN_MFA' } });
      await openDialog(ide);
      await fillIn(ide, ADA, PASSWORD);
      await screen(ide, 'mfa');
      await field(ide, 'Code').fill('111111');
      await submit(ide).click();
      await errorOf(ide, 'Code');
      await field(ide, 'Code').fill('424242');
      await submit(ide).click();
      await ide.ready();
    },
  },
  {
    title: 'sign-in: refused, throttled, down and unreachable are told apart, with a countdown',
    options: site(),
    test: async (ide) => {
      const message = ide.page.locator('.auth-message.bad');
      await openDialog(ide);
      await fillIn(ide, ADA, 'wrong');
      equal(
        await errorOf(ide, 'Password'),
        'The email address or the password is not right.',
        'wrong',
      );
      await field(ide, 'Password').fill(PASSWORD);
      ide.auth.faults.set('/auth/login', [
        429,
        'too_many_attempts',
        'Too many.',
        {},
        { 'Retry-After': '2' },
      ]);
      await submit(ide).click();
      await ide.page.getByRole('button', { name: /^Sign in \(in \d s\)$/ }).waitFor();
      equal(await message.innerText(), 'Too many tries. You can try again in a moment.', '429');
      ide.auth.faults.set('/auth/login', [503, 'auth_unavailable', 'Down.']);
      await until(async () => (await submit(ide).innerText()) === 'Sign in', 'the wait is over');
      await submit(ide).click();
      await until(async () => (await message.innerText()).startsWith('Signing in does not'), '503');
      await ide.page.route('**/auth/login', (route) => route.abort());
      await submit(ide).click();
      await until(
        async () => (await message.innerText()).startsWith('The server cannot be reached'),
        'unreachable',
      );
      await ide.page.unroute('**/auth/login');
      ide.auth.faults.clear();
      await submit(ide).click();
      await ide.ready();
    },
  },
  {
    title: 'sign-in: a token is renewed before it ends, and a run goes through it',
    options: site({ knobs: { lifeS: 2, graceS: 20 } }),
    test: async (ide) => {
      await signIn(ide);
      const [socket] = ide.auth.sockets;
      const first = socket.user.until;
      const states = [];
      await ide.page.exposeFunction('sawState', (state) => states.push(state));
      await ide.page.evaluate(() => {
        const lamp = document.querySelector('[data-connection]');
        new MutationObserver(() => globalThis.sawState(lamp.dataset.connection)).observe(lamp, {
          attributes: true,
        });
      });
      const code =
        'import time\nfor i in range(40):\n    print(i, flush=True)\n    time.sleep(0.1)\n';
      const { job } = await ide.run(code);
      equal(job, 'succeeded', 'status');
      equal((await ide.output()).split('\n').length - 1, 40, 'lines');
      check(ide.auth.count('/auth/refresh') >= 3, 'it was renewed');
      check(socket.user.until > first, 'the connection has the newer token');
      equal(states, [], 'changes of the connection');
    },
  },
  {
    title: 'sign-in: the server closes with 4401, and the page comes back with a new token',
    options: site(),
    test: async (ide) => {
      await signIn(ide);
      await ide.start(
        'import time\nfor i in range(20):\n    print(i, flush=True)\n    time.sleep(0.1)\n',
      );
      await ide.sees('2\n');
      ide.auth.tokens.clear();
      ide.auth.sockets.forEach((socket) => socket.expire());
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      equal((await ide.output()).split('\n').length - 1, 20, 'lines');
      equal(ide.auth.count('/auth/refresh'), 2, 'refreshes');
    },
  },
  {
    title: 'sign-in: a session that is over keeps code, output and the running program',
    options: site(),
    test: async (ide) => {
      await signIn(ide);
      const code =
        'import time\nfor i in range(40):\n    print(i, flush=True)\n    time.sleep(0.1)\n';
      await ide.start(code);
      await ide.sees('2\n');
      ide.auth.revokeAll();
      await ide.page.waitForSelector('[data-banner=signed-out]');
      check((await ide.output()).includes('2\n'), 'the output is still there');
      equal((await ide.draft()).code, code, 'code');
      await ide.page.locator('[data-banner=signed-out] button').click();
      await fillIn(ide, ADA, PASSWORD);
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      equal((await ide.output()).split('\n').length - 1, 40, 'lines');
    },
  },
  {
    title: 'sign-in: the identity service being down ends no session',
    options: site({ knobs: { lifeS: 2 } }),
    test: async (ide) => {
      await signIn(ide);
      ide.auth.faults.set('/auth/refresh', [
        503,
        'auth_unavailable',
        'Down.',
        {},
        { 'Retry-After': '1' },
      ]);
      await until(() => ide.auth.count('/auth/refresh') >= 4, 'it tries again');
      equal(await ide.page.locator('.account').count(), 1, 'still signed in');
      ide.auth.lifeS = 300;
      ide.auth.faults.clear();
      await ide.connected();
      equal((await ide.run('print(4)\n')).job, 'succeeded', 'status');
    },
  },
  {
    title: 'sign-in: two tabs refresh once, and sign out together',
    options: site(),
    test: async (ide) => {
      await signIn(ide);
      const first = ide.page;
      const second = await ide.context.newPage();
      await second.goto(ide.base);
      await second.waitForSelector('[data-connection=open]');
      equal(ide.auth.count('/auth/refresh'), 1, 'refreshes: of the first tab before its sign-in');
      ide.auth.tokens.clear();
      ide.auth.sockets.forEach((socket) => socket.expire());
      await until(() => ide.auth.sockets.size === 2, 'both are back');
      await first.waitForSelector('[data-connection=open]');
      await second.waitForSelector('[data-connection=open]');
      equal(ide.auth.count('/auth/refresh'), 2, 'refreshes');
      await second.locator('.account').click();
      await second.getByRole('button', { name: 'Sign out', exact: true }).click();
      await first.waitForSelector('.sign-in');
      equal(ide.auth.refreshTokens.size, 0, 'refresh tokens that are left');
      await first.reload();
      await first.waitForSelector('.sign-in');
    },
  },
  {
    title: 'sign-in: a sign-out that does not reach the server says so',
    options: site(),
    test: async (ide) => {
      await signIn(ide);
      await ide.run('print("mine")\n');
      await ide.page.route('**/auth/logout', (route) => route.abort());
      await ide.page.locator('.account').click();
      const everywhere = ide.page.getByRole('button', { name: 'Sign out everywhere' });
      await everywhere.click();
      await ide.page.getByText('you are still signed in').waitFor();
      await ide.page.unroute('**/auth/logout');
      await everywhere.click();
      await ide.page.waitForSelector('.sign-in');
      check(
        await ide.page.locator('.sign-in').evaluate((el) => el === document.activeElement),
        'the focus is at the way in',
      );
      equal(ide.auth.tokens.size, 0, 'tokens that are left');
      equal(await ide.page.locator('[data-banner]').count(), 0, 'banners');
      equal(await ide.output(), '', 'output for who comes next');
      equal((await ide.draft()).code, 'print("mine")\n', 'code');
    },
  },
  {
    title: 'sign-in: where somebody else signs people in, the page says what to do',
    options: site({ knobs: { login: false } }),
    test: async (ide) => {
      await ide.page.locator('.sign-in').click();
      await screen(ide, 'external');
      equal(await ide.axe(), [], 'axe');
      await ide.shot('auth-external');
      await field(ide, 'Access token').fill('nonsense');
      await submit(ide).click();
      check((await errorOf(ide, 'Access token')).startsWith('The server does not take'), 'text');
      ide.auth.tokens.set('brought', { id: 'x', email: null, until: Date.now() + 60_000 });
      await field(ide, 'Access token').fill('Bearer brought');
      await submit(ide).click();
      await ide.ready();
      equal((await ide.run('print(5)\n')).job, 'succeeded', 'status');
      check(!(await stored(ide)).includes('brought'), 'no token in storage');
    },
  },
  {
    title: 'sign-in: on a phone, 320 px wide, nothing is cut off',
    options: site({ viewport: { width: 320, height: 560 } }),
    test: async (ide) => {
      await openDialog(ide);
      await submit(ide).click();
      await errorOf(ide, 'Email');
      await ide.shot('auth-phone');
      await fillIn(ide, ADA, PASSWORD);
      await ide.connected();
      await ide.page.locator('.account').click();
      await ide.shot('auth-phone-account');
      const wide = await ide.page.evaluate(() => document.documentElement.scrollWidth);
      check(wide <= 320, `the page is ${wide} px wide`);
    },
  },
  ...PAINTED,
];
