// Holds the page to its size budget (brotli, quality 11) and fails above it.
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, '..', 'build', 'html');

if (!existsSync(join(out, 'index.html'))) {
  const built = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) {
    process.exit(1);
  }
}

const html = readFileSync(join(out, 'index.html'), 'utf8');
const assets = readdirSync(join(out, 'assets')).filter((name) => !name.endsWith('.gz'));
const inHtml = (name) => html.includes(`assets/${name}`);

// The first kind that takes a file wins.
const kinds = [
  { name: 'html', budget: 8, takes: (name) => name === 'index.html' },
  { name: 'fonts', budget: 96, takes: (name) => name.endsWith('.woff2') },
  { name: 'shell', budget: 110, takes: (name) => inHtml(name) },
  { name: 'editor worker', budget: 90, takes: (name) => /worker/.test(name) },
  { name: 'sign-in', budget: 12, takes: (name) => /^(SignIn|Account|keeper|signin)/i.test(name) },
  { name: 'editor', budget: 760, takes: () => true },
].map((kind) => ({ ...kind, raw: 0, gzip: 0, brotli: 0 }));

const files = ['index.html', ...assets.map((name) => join('assets', name))];
for (const file of files) {
  const name = file.replace(/^assets\//, '');
  const kind = kinds.find((candidate) => candidate.takes(name));
  const bytes = readFileSync(join(out, file));
  kind.raw += bytes.length;
  kind.gzip += gzipSync(bytes, { level: 9 }).length;
  kind.brotli += brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length;
}

const kb = (bytes) => (bytes / 1024).toFixed(1).padStart(8);
console.log('KB                  raw    gzip  brotli  budget');
let over = 0;
for (const kind of kinds) {
  const bad = kind.brotli > kind.budget * 1024;
  over += bad ? 1 : 0;
  const cells = `${kb(kind.raw)}${kb(kind.gzip)}${kb(kind.brotli)}${String(kind.budget).padStart(8)}`;
  console.log(`${kind.name.padEnd(15)}${cells}${bad ? '  OVER' : ''}`);
}
process.exit(over > 0 ? 1 : 0);
