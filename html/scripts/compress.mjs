// Writes a .gz beside every text file of the build, for nginx's gzip_static.
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, '..', 'build', 'html');
const TEXT = /\.(html|js|css|svg|json|txt|ttf|map|webmanifest)$/;

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
