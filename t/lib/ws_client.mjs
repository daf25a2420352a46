// npm's ws against /ws: ws_client.mjs URL.  Prints `done` at the end, or what
// is wrong; or `skip: why` when the page's packages are not installed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { once } from 'node:events';

const require = createRequire(new URL('../../html/', import.meta.url));
let WebSocket;

try {
  WebSocket = require('ws');
} catch {
  console.log('skip: html/node_modules has no ws');
  process.exit(0);
}

setTimeout(() => {
  console.log('no end within 60 s');
  process.exit(1);
}, 60_000).unref();

async function session(url, perMessageDeflate) {
  const ws = new WebSocket(url, ['coderemote.v1'], { perMessageDeflate });
  const messages = [];
  let wake = () => {};

  ws.on('message', (data, binary) => {
    assert.equal(binary, false);
    messages.push(JSON.parse(data.toString()));
    wake();
  });

  const next = async () => {
    while (messages.length === 0) {
      await new Promise((resolve) => (wake = resolve));
    }
    return messages.shift();
  };

  const run = async (code) => {
    ws.send(JSON.stringify({ type: 'execute', code }));
    for (let output = ''; ; ) {
      const m = await next();
      if (m.type === 'output') output += m.data;
      if (m.type === 'result' || m.type === 'error') return { output, m };
    }
  };

  await once(ws, 'open');
  assert.equal(ws.protocol, 'coderemote.v1');
  assert.equal(/permessage-deflate/.test(ws.extensions), perMessageDeflate !== false);
  assert.equal((await next()).type, 'hello');

  ws.send('{"type":"ping","ref":"€😀"}');
  assert.equal((await next()).ref, '€😀');

  ws.send('{"type":', { fin: false });
  ws.send('"ping","ref"', { fin: false });
  ws.send(':7}', { fin: true });
  assert.equal((await next()).ref, 7);

  const pong = once(ws, 'pong');
  ws.ping('x'.repeat(125));
  assert.equal((await pong)[0].toString(), 'x'.repeat(125));

  ws.send(Buffer.from([0, 255]));
  assert.equal((await next()).code, 'unsupported_media_type');
  ws.send('[1,');
  assert.equal((await next()).code, 'invalid_json');

  const text = '0123456789abcdefé'.repeat(3000);
  assert.equal((await run(`print(len("${text}"))`)).output, `${text.length}\n`);

  const { output, m } = await run("print('\\u20acuro ' * 40000)");
  assert.equal(output, '€uro '.repeat(40000) + '\n');
  assert.equal(m.status, 'succeeded');

  const closed = once(ws, 'close');
  ws.close(3000, 'bye');
  assert.equal((await closed)[0], 3000);
}

for (const deflate of [
  false,
  true,
  { serverMaxWindowBits: 10, clientMaxWindowBits: 9, threshold: 0 },
  { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
]) {
  await session(process.argv[2], deflate);
}

console.log('done');
