// Completes an install that was made by an npm running on an old Node.
//
// npm silently leaves out optional packages whose "engines" do not fit the
// Node it runs on itself (Debian 12: Node 18), and the native parts of vite
// and oxlint are such packages. The scripts here run on the pinned Node of
// node_modules/.bin, so those parts are needed: find what is missing for this
// machine and let npm add it, run by the pinned Node this time.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';

const fits = (list, value) => !list || list.includes(value);

const missing = Object.entries(lock.packages)
  .filter(([, entry]) => entry.optional && (entry.os || entry.cpu))
  .filter(([, entry]) => fits(entry.os, process.platform) && fits(entry.cpu, process.arch))
  .filter(([, entry]) => process.platform !== 'linux' || fits(entry.libc, libc))
  .map(([path]) => path)
  .filter((path) => !existsSync(join(root, path)));

if (missing.length > 0 && !process.env.CODEREMOTE_NATIVES) {
  console.log(`adding ${missing.length} native packages for node ${process.version}`);
  const done = spawnSync('npm', ['install', '--no-save', '--ignore-scripts'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CODEREMOTE_NATIVES: '1' },
  });
  process.exit(done.status ?? 1);
}
