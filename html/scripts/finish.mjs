// Finishes a build: adds what vite's list of licences does not see (the fonts),
// and a .gz beside every text file, for nginx's gzip_static.
import { gzipSync } from 'node:zlib';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, '..', 'build', 'html');
const TEXT = /\.(html|js|css|svg|json|txt|ttf|map|webmanifest)$/;

for (const font of ['inter', 'jetbrains-mono']) {
  const name = `@fontsource-variable/${font}`;
  const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
  appendFileSync(join(out, 'licenses.txt'), `\n## ${name}\n\n${text}`);
}

let before = 0;
let after = 0;
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !TEXT.test(entry.name)) {
    continue;
  }
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  const packed = gzipSync(plain, { level: 9 });
  before += plain.length;
  after += packed.length;
  writeFileSync(`${path}.gz`, packed);
}
const kb = (bytes) => Math.round(bytes / 1024);
console.log(`compressed ${kb(before)} KB to ${kb(after)} KB`);
