// cognito-local, an emulator of Cognito by other people, with a user pool and
// a client in it.  Whoever reads a code that it would mail reads CODE.
//
//   import { startEmulator } from '../cognito/emulator.mjs';
//   const emulator = await startEmulator();     // { port } for a fixed one
//   emulator.directives                         // for nginx's http or server
//   await emulator.call('SignUp', { ... });     // as an application would
//   await emulator.stop();
//
//   node t/cognito/emulator.mjs [PORT]          // prints one line of JSON and
//                                               // runs until its stdin ends
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'node_modules', 'cognito-local', 'lib', 'bin', 'start.js');

export const CODE = '123456';

/** Whether `npm ci` was run in this folder. */
export function emulatorPresent() {
  return existsSync(program);
}

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

async function callAt(endpoint, operation, body) {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : {} };
}

async function listening(endpoint, child) {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      return await callAt(endpoint, 'ListUserPools', { MaxResults: 1 });
    } catch (error) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error('cognito-local does not start', { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @param {{ port?: number }} options */
export async function startEmulator(options = {}) {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'coderemote-cognito-'));
  const endpoint = `http://127.0.0.1:${port}/`;

  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: String(port), CODE },
    stdio: 'ignore',
  });

  const call = (operation, body) => callAt(endpoint, operation, body);

  const stop = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) {
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    await listening(endpoint, child);

    const pool = await call('CreateUserPool', {
      PoolName: 'tests',
      UsernameAttributes: ['email'],
      AutoVerifiedAttributes: ['email'],
    });
    const poolId = pool.body.UserPool.Id;

    const client = await call('CreateUserPoolClient', {
      UserPoolId: poolId,
      ClientName: 'tests',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    });
    const clientId = client.body.UserPoolClient.ClientId;
    const issuer = `http://127.0.0.1:${port}/${poolId}`;

    const directives = [
      'coderemote_auth jwt;',
      `coderemote_jwt_issuer ${issuer};`,
      `coderemote_jwt_audience ${clientId};`,
      'coderemote_jwt_token_use access;',
      `coderemote_jwt_jwks_uri ${issuer}/.well-known/jwks.json;`,
      `coderemote_cognito_endpoint ${endpoint};`,
      `coderemote_cognito_client_id ${clientId};`,
    ].join('\n');

    return { endpoint, poolId, clientId, issuer, code: CODE, directives, call, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const emulator = await startEmulator({ port: Number(process.argv[2]) || undefined });
  const { endpoint, poolId, clientId, issuer, code, directives } = emulator;

  console.log(JSON.stringify({ endpoint, poolId, clientId, issuer, code, directives }));

  const end = () => emulator.stop().then(() => process.exit(0));
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.stdin.on('end', end);
  process.stdin.resume();
}
