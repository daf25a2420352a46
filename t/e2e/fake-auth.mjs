// The /auth/* half of the stand-in server: accounts in memory, codes that a
// test can read, tokens that are no JWTs, and knobs for what goes wrong.
import { randomUUID } from 'node:crypto';

const COOKIE = 'coderemote_refresh';
const ATTRIBUTES = 'HttpOnly; Secure; SameSite=Strict; Path=/auth';

/** An answer that is not 200. */
class Refusal extends Error {
  constructor(status, code, detail, more = {}, headers = {}) {
    super(detail);
    this.status = status;
    this.body = { type: 'about:blank', title: code, status, code, detail, ...more };
    this.headers = headers;
  }
}

const refuse = (...args) => {
  throw new Refusal(...args);
};

export class FakeAuth {
  constructor({ login = true, lifeS = 300, graceS = 0 } = {}) {
    this.login = login;
    /** Life of the tokens that are given from now on. */
    this.lifeS = lifeS;
    /** How much longer they are good than the page is told. */
    this.graceS = graceS;
    this.accounts = new Map();
    this.tokens = new Map();
    this.refreshTokens = new Map();
    this.sessions = new Map();
    /** Paths of the calls so far, to count them. */
    this.calls = [];
    /** Path → a Refusal's arguments: what the next calls there are told. */
    this.faults = new Map();
    this.sockets = new Set();
  }

  add(email, password, more = {}) {
    this.accounts.set(email, {
      id: randomUUID(),
      email,
      password,
      confirmed: true,
      code: '424242',
      ...more,
    });
  }

  count(path) {
    return this.calls.filter((call) => call === path).length;
  }

  /** The user of a token; null for one that is not good. */
  userOf(token) {
    const found = this.tokens.get(token);
    return found !== undefined && found.until > Date.now() ? found : null;
  }

  userOfRequest({ headers }) {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    return token === undefined ? null : this.userOf(token);
  }

  /** Everything that was given is worth nothing now, as after "everywhere". */
  revokeAll() {
    this.tokens.clear();
    this.refreshTokens.clear();
    this.sockets.forEach((socket) => socket.expire());
  }

  async handle(request, response, path) {
    this.calls.push(path);
    let body = '';
    for await (const chunk of request) {
      body += chunk;
    }
    const reply = (status, value, headers = {}) => {
      const type = status < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(status, {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        ...headers,
      });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    try {
      const fault = this.faults.get(path);
      if (fault !== undefined) {
        refuse(...fault);
      }
      if (path === '/auth/me') {
        reply(200, this.me(request));
        return;
      }
      if (!this.login) {
        refuse(404, 'not_found', 'coderemote_cognito_endpoint is not set.');
      }
      if (!request.headers['content-type']?.startsWith('application/json')) {
        refuse(415, 'unsupported_media_type', 'Send application/json.');
      }
      const [status, value, headers] = this.post(path, JSON.parse(body || '{}'), request);
      reply(status, value, headers);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      reply(error.status, error.body, error.headers);
    }
  }

  me(request) {
    const user = this.userOfRequest(request);
    if (user === null) {
      refuse(401, 'unauthorized', 'Send a valid access token.', { login: this.login });
    }
    const { id, email, until } = user;
    return {
      auth: 'jwt',
      user: { id, email, groups: [] },
      expires_at: new Date(until).toISOString(),
    };
  }

  post(path, body, request) {
    const account = this.accounts.get(body.email);
    switch (path) {
      case '/auth/login':
        return this.#login(account, body);
      case '/auth/challenge':
        return this.#challenge(account, body);
      case '/auth/register':
        this.#strong(body.password, 'password');
        if (account === undefined) {
          this.add(body.email, body.password, { confirmed: false });
        }
        return [202, { status: 'confirmation_required' }];
      case '/auth/confirm':
        this.#code(account, body.code);
        account.confirmed = true;
        return [200, { status: 'confirmed' }];
      case '/auth/resend':
      case '/auth/forgot':
        return [202, { status: 'sent' }];
      case '/auth/reset':
        this.#strong(body.new_password, 'new_password');
        this.#code(account, body.code);
        account.password = body.new_password;
        account.mustReset = false;
        return [200, { status: 'reset' }];
      case '/auth/refresh':
        return this.#refresh(request);
      case '/auth/logout':
        return this.#logout(body, request);
      default:
        return refuse(404, 'not_found', 'There is no such page.');
    }
  }

  #login(account, { password }) {
    if (account === undefined || account.password !== password) {
      refuse(401, 'invalid_credentials', 'The email or the password is wrong.');
    }
    if (!account.confirmed) {
      refuse(403, 'user_not_confirmed', 'Confirm the address first.');
    }
    if (account.mustReset) {
      refuse(403, 'password_reset_required', 'Set a new password.');
    }
    if (account.challenge !== undefined) {
      const session = randomUUID();
      this.sessions.set(session, account);
      return [200, { ...account.challenge, session }];
    }
    return this.#session(account);
  }

  #challenge(account, { session, code, new_password: password }) {
    if (account === undefined || this.sessions.get(session) !== account) {
      refuse(401, 'invalid_session', 'Sign in again.');
    }
    if (password === undefined) {
      this.#code(account, code);
    } else {
      this.#strong(password, 'new_password');
      account.password = password;
    }
    this.sessions.delete(session);
    account.challenge = undefined;
    return this.#session(account);
  }

  #refresh({ headers }) {
    const token = new RegExp(`${COOKIE}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
    const account = this.refreshTokens.get(token);
    if (account === undefined) {
      refuse(401, 'no_session', 'Sign in.', {}, { 'Set-Cookie': this.#clear() });
    }
    // It rotates: the old one is worth nothing from now on.
    this.refreshTokens.delete(token);
    return this.#session(account);
  }

  #logout({ everywhere }, request) {
    const user = this.userOfRequest(request);
    const token = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
    this.refreshTokens.delete(token);
    if (everywhere) {
      if (user === null) {
        refuse(401, 'unauthorized', 'Send a valid access token.');
      }
      this.revokeAll();
    }
    return [204, undefined, { 'Set-Cookie': this.#clear() }];
  }

  #session({ id, email }) {
    const token = `access-${randomUUID()}`;
    const refresh = randomUUID();
    this.tokens.set(token, { id, email, until: Date.now() + (this.lifeS + this.graceS) * 1000 });
    this.refreshTokens.set(refresh, this.accounts.get(email));
    const answer = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: this.lifeS,
      user: { id, email, groups: [] },
    };
    return [200, answer, { 'Set-Cookie': `${COOKIE}=${refresh}; ${ATTRIBUTES}; Max-Age=86400` }];
  }

  #clear() {
    return `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
  }

  #strong(password, field) {
    if (String(password).length < 8) {
      refuse(422, 'weak_password', 'It needs at least 8 characters.', { field });
    }
  }

  #code(account, code) {
    if (account?.expiredCode) {
      refuse(410, 'code_expired', 'The code has expired.', { field: 'code' });
    }
    if (account?.code !== code) {
      refuse(422, 'code_mismatch', 'The code is wrong.', { field: 'code' });
    }
  }
}
