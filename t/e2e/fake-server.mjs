// A stand-in for nginx and the pool, for work on the page alone. NOT A SANDBOX:
// it runs the program as a plain python3 of the user who started it. It binds
// to 127.0.0.1 and refuses foreign hosts and origins, and it is never shipped.
//
//   node t/e2e/fake-server.mjs [port]           serves build/html
//   node t/e2e/fake-server.mjs [port] --auth    and wants people to sign in, as
//                                               ada@example.com, "correct horse"
//
// It speaks the same protocol as the product (HTTP and /ws), so that the same
// browser test runs against both.
import { createHash, randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeAuth } from './fake-auth.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build', 'html');
const STARTED = Date.now();
const OUTPUT_MAX = 1024 * 1024;
const TIMEOUT_MS = 10_000;

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; " +
  "font-src 'self' data:; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; " +
  "frame-ancestors 'none'; form-action 'self'";

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
};

const TEMPLATE = `# Press Ctrl+Enter to run.
import time

name = "Ada"

for step in range(1, 4):
    print(f"Hello {name}, this is line {step}", flush=True)
    time.sleep(0.3)
`;

const range = (value, max) => ({ default: value, max });
const LANGUAGES = {
  languages: [
    {
      id: 'python',
      name: 'Python',
      version: '3.11.2',
      aliases: ['py', 'python3'],
      template: TEMPLATE,
      extension: 'py',
      monaco: 'python',
      limits: {
        timeout_ms: range(TIMEOUT_MS, 30_000),
        cpu_ms: range(10_000, 30_000),
        memory_mb: range(256, 256),
        output_kb: range(1024, 1024),
        processes: range(64, 64),
      },
    },
  ],
};

const HELLO = {
  type: 'hello',
  protocol: 'coderemote.v1',
  version: 'fake',
  max_message_bytes: 1_114_112,
};
const AUTH_WITHIN_MS = 10_000;

const jobs = new Map();

/* Jobs */

class Job {
  constructor(request) {
    this.id = randomUUID();
    this.log = [];
    this.offset = 0;
    this.watchers = new Set();
    this.status = 'queued';
    this.limit = null;
    this.createdAt = Date.now();
    this.result = null;
    this.request = request;
  }

  start() {
    this.dir = mkdtempSync(join(tmpdir(), 'coderemote-fake-'));
    writeFileSync(join(this.dir, 'main.py'), this.request.code);
    this.startedAt = Date.now();
    // A new process group, so that what the program starts ends with it.
    this.child = spawn('/usr/bin/python3', ['-u', 'main.py', ...(this.request.args ?? [])], {
      cwd: this.dir,
      detached: true,
    });
    this.setStatus('running');
    const timeout = this.request.limits?.timeout_ms ?? TIMEOUT_MS;
    this.timer = setTimeout(() => this.end('timed_out', 'wall'), timeout);
    this.child.stdout.setEncoding('utf8').on('data', (data) => this.output('stdout', data));
    this.child.stderr.setEncoding('utf8').on('data', (data) => this.output('stderr', data));
    this.child.stdin.on('error', () => {});
    this.child.stdin.write(this.request.stdin ?? '');
    if (!this.request.interactive) {
      this.child.stdin.end();
    }
    this.child.on('close', (code, signal) => this.finish(code, signal));
  }

  output(stream, data) {
    const room = OUTPUT_MAX - this.offset;
    if (room <= 0) {
      return;
    }
    const chunk = { stream, data: data.slice(0, room), offset: this.offset };
    this.offset += Buffer.byteLength(chunk.data);
    this.log.push(chunk);
    this.tell({ type: 'output', job_id: this.id, ...chunk });
    if (data.length > room) {
      this.end('output_exceeded', 'output');
    }
  }

  end(status, limit) {
    this.final ??= status;
    this.limit ??= limit;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  finish(code, signal) {
    clearTimeout(this.timer);
    rmSync(this.dir, { recursive: true, force: true });
    this.status = this.final ?? (code === 0 ? 'succeeded' : 'failed');
    this.finishedAt = Date.now();
    const text = (stream) =>
      this.log
        .filter((chunk) => chunk.stream === stream)
        .map((chunk) => chunk.data)
        .join('');
    const wall = this.finishedAt - this.startedAt;
    this.result = {
      job_id: this.id,
      status: this.status,
      language: 'python',
      runtime_version: '3.11.2',
      stdout: text('stdout'),
      stderr: text('stderr'),
      exit_code: code,
      signal,
      limit: this.limit,
      execution_time_ms: wall,
      cpu_time_ms: Math.round(wall * 0.3),
      memory_peak_kb: 9120,
      queue_time_ms: this.startedAt - this.createdAt,
      truncated: this.limit === 'output',
      attempt: 1,
      error: null,
      created_at: new Date(this.createdAt).toISOString(),
      started_at: new Date(this.startedAt).toISOString(),
      finished_at: new Date(this.finishedAt).toISOString(),
    };
    this.tell({ type: 'result', ...this.result });
    this.watchers.clear();
  }

  setStatus(status) {
    this.status = status;
    this.tell({ type: 'status', job_id: this.id, status });
  }

  tell(message) {
    for (const watcher of this.watchers) {
      watcher(message);
    }
  }

  subscribe(send, offset) {
    send({ type: 'status', job_id: this.id, status: this.status });
    for (const chunk of this.log) {
      if (chunk.offset + Buffer.byteLength(chunk.data) > offset) {
        send({ type: 'output', job_id: this.id, ...chunk });
      }
    }
    if (this.result !== null) {
      send({ type: 'result', ...this.result });
    } else {
      this.watchers.add(send);
    }
  }
}

/* WebSocket: text frames only, as small as RFC 6455 allows */

function frame(opcode, payload) {
  const { length } = payload;
  let head;
  if (length < 126) {
    head = Buffer.from([0x80 | opcode, length]);
  } else if (length < 65_536) {
    head = Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
  } else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** Takes one masked frame off the start of `data`; null when it is not all there. */
function takeFrame(data) {
  if (data.length < 2) {
    return null;
  }
  let length = data[1] & 127;
  let at = 2;
  if (length === 126) {
    length = data.length < 4 ? Infinity : data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    length = data.length < 10 ? Infinity : Number(data.readBigUInt64BE(2));
    at = 10;
  }
  if (data.length < at + 4 + length) {
    return null;
  }
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i += 1) {
    payload[i] ^= mask[i & 3];
  }
  return { opcode: data[0] & 15, payload, used: at + 4 + length };
}

function handle(message, send) {
  const job = jobs.get(message.job_id);
  switch (message.type) {
    case 'execute': {
      const created = new Job({ interactive: true, ...message });
      jobs.set(created.id, created);
      send({
        type: 'accepted',
        ref: message.ref,
        job_id: created.id,
        status: 'queued',
      });
      created.watchers.add(send);
      created.start();
      return;
    }
    case 'ping':
      send({ type: 'pong' });
      return;
    default:
  }
  if (job === undefined) {
    send({
      type: 'error',
      job_id: message.job_id,
      code: 'not_found',
      detail: 'There is no such job.',
    });
    return;
  }
  const alive = job.result === null;
  switch (message.type) {
    case 'subscribe':
      job.subscribe(send, message.offset ?? 0);
      break;
    case 'unsubscribe':
      job.watchers.delete(send);
      break;
    case 'stdin':
      if (alive) {
        job.child.stdin.write(message.data);
      }
      break;
    case 'eof':
      job.child.stdin.end();
      break;
    case 'signal':
      if (alive) {
        process.kill(job.child.pid, 'SIGINT');
      }
      break;
    case 'cancel':
      if (alive) {
        job.end('cancelled', null);
      }
      break;
    default:
      send({
        type: 'error',
        code: 'invalid_field',
        detail: `Unknown type ${message.type}.`,
      });
  }
}

/** As the product: a loopback name, and no page of another site. */
function allowed(request) {
  const { host = '', origin } = request.headers;
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) && (!origin || origin === `http://${host}`);
}

/** Who a connection belongs to, where the server wants people to sign in. */
class Watch {
  constructor(auth, close, send) {
    this.auth = auth;
    this.close = close;
    this.send = send;
    this.user = null;
    this.timer = setTimeout(() => this.expire(), AUTH_WITHIN_MS);
    auth.sockets.add(this);
  }

  /** Whether the message was about the token, or may go on. */
  takes(message) {
    if (message.type !== 'auth') {
      if (this.user === null) {
        this.expire();
      }
      return this.user === null;
    }
    const user = this.auth.userOf(message.token);
    if (user === null || (this.user !== null && this.user.id !== user.id)) {
      this.send({
        type: 'error',
        ref: message.ref,
        code: 'unauthorized',
        detail: 'Send a valid token of the user whose session this is.',
      });
      if (this.user === null) {
        this.expire();
      }
      return true;
    }
    this.user = user;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.expire(), user.until - Date.now());
    this.send({ ...HELLO, ref: message.ref, user: user.id });
    return true;
  }

  expire() {
    this.close(4401);
    this.over();
  }

  over() {
    clearTimeout(this.timer);
    this.auth.sockets.delete(this);
  }
}

function upgrade(request, connection, auth) {
  const key = request.headers['sec-websocket-key'];
  if (request.url !== '/ws' || !key || !allowed(request)) {
    connection.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  connection.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const send = (message) => {
    if (!connection.destroyed) {
      connection.write(frame(1, Buffer.from(JSON.stringify(message))));
    }
  };
  const close = (code) => connection.end(frame(8, Buffer.from([code >> 8, code & 255])));
  const watch = auth === null ? null : new Watch(auth, close, send);
  let data = Buffer.alloc(0);
  connection.on('error', () => {});
  connection.on('close', () => {
    watch?.over();
    jobs.forEach((job) => job.watchers.delete(send));
  });
  connection.on('data', (chunk) => {
    data = Buffer.concat([data, chunk]);
    for (let next = takeFrame(data); next !== null; next = takeFrame(data)) {
      data = data.subarray(next.used);
      if (next.opcode === 8) {
        connection.end(frame(8, next.payload));
      } else if (next.opcode === 1) {
        const message = JSON.parse(next.payload.toString());
        if (!watch?.takes(message)) {
          handle(message, send);
        }
      }
    }
  });
  send({ ...HELLO, user: auth === null ? 'local' : null });
}

/* HTTP */

function json(response, status, body, headers = {}) {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

function serveFile(request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
  const file = join(ROOT, path === '/' ? 'index.html' : path);
  if (!file.startsWith(ROOT) || !existsSync(file) || !statSync(file).isFile()) {
    json(response, 404, {
      code: 'not_found',
      detail: 'There is no such page.',
    });
    return;
  }
  const gzip = existsSync(`${file}.gz`) && /gzip/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
    'Cache-Control': path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
    'Content-Security-Policy': CSP,
    'X-Content-Type-Options': 'nosniff',
    ...(gzip ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
  });
  createReadStream(gzip ? `${file}.gz` : file).pipe(response);
}

function route(request, response, auth) {
  const { pathname } = new URL(request.url, 'http://x');
  const jobId = /^\/jobs\/([\w-]+)$/.exec(pathname)?.[1];
  if (!allowed(request)) {
    json(response, 403, {
      code: 'forbidden_host',
      detail: 'Use 127.0.0.1 or localhost.',
    });
  } else if (auth !== null && pathname.startsWith('/auth/')) {
    void auth.handle(request, response, pathname);
  } else if (pathname === '/health') {
    json(response, 200, {
      status: 'ok',
      version: 'fake',
      uptime_ms: Date.now() - STARTED,
      pool: 'up',
    });
  } else if (
    auth !== null &&
    (pathname === '/languages' || jobId !== undefined) &&
    auth.userOfRequest(request) === null
  ) {
    json(response, 401, { code: 'unauthorized', detail: 'Send a valid access token.' });
  } else if (pathname === '/languages') {
    json(response, 200, LANGUAGES);
  } else if (jobId !== undefined && request.method === 'DELETE') {
    jobs.get(jobId)?.end('cancelled', null);
    json(response, jobs.has(jobId) ? 200 : 404, {});
  } else if (jobId !== undefined) {
    const job = jobs.get(jobId);
    const body = job?.result ?? {
      job_id: jobId,
      status: job?.status,
      started_at: job ? new Date(job.startedAt).toISOString() : null,
    };
    json(response, job ? 200 : 404, body);
  } else {
    serveFile(request, response);
  }
}

/** Starts one on 127.0.0.1; port 0 takes any. `auth` is a FakeAuth or null. */
export async function startFake({ port = 0, auth = null } = {}) {
  const server = createServer((request, response) => route(request, response, auth));
  const connections = new Set();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  server.on('upgrade', (request, connection) => upgrade(request, connection, auth));
  await new Promise((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      connections.forEach((connection) => connection.destroy());
      server.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const auth = process.argv.includes('--auth') ? new FakeAuth() : null;
  auth?.add('ada@example.com', 'correct horse');
  const word = process.argv.slice(2).find((arg) => /^\d+$/.test(arg));
  const { url } = await startFake({ port: Number(word ?? process.env.PORT ?? 18281), auth });
  console.log(`fake server on ${url}/`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      jobs.forEach((job) => job.result ?? job.end('cancelled', null));
      process.exit(0);
    });
  }
}
