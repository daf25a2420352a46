// Drives the page in Chromium against a running server.
//
//   CODEREMOTE_URL=http://127.0.0.1:8080 node t/e2e/run.mjs [words of a title]
//   node t/e2e/run.mjs --fake            against the stand-in server
//
// Prints one line per case and `N passed, N failed` at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2).filter((word) => word !== '--fake');
let fake = null;

if (process.argv.includes('--fake')) {
  const port = process.env.PORT ?? '18290';
  fake = spawn(process.execPath, [join(here, 'fake-server.mjs'), port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(fake.stdout, 'data');
  process.env.CODEREMOTE_URL = `http://127.0.0.1:${port}`;
}

const { launch, Ide } = await import('./harness.mjs');
const files = ['runs', 'states', 'looks', 'signin', ...(fake === null ? ['cognito'] : [])];
const cases = [];
for (const file of files) {
  const { default: list } = await import(`./${file}.mjs`);
  cases.push(...list);
}

const filter = words.join(' ').toLowerCase();
const chosen = cases.filter(({ title }) => title.toLowerCase().includes(filter));
const browser = await launch();
let failed = 0;

for (const { title, options, test } of chosen) {
  const begun = Date.now();
  let ide = null;
  try {
    ide = await Ide.open(browser, options);
    const note = await test(ide);
    await ide.close();
    console.log(`ok      ${title} (${Date.now() - begun} ms)${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title}\n        ${error.message.split('\n').join('\n        ')}`);
    await ide?.shot(`failed-${failed}`).catch(() => {});
    await ide?.context.close().catch(() => {});
    await ide?.after?.();
  }
}

await browser.close();
fake?.kill();
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
