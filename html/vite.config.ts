import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/**
 * Puts src/boot.js before everything else as a classic script, so that the
 * chosen theme is there at the first paint. It cannot be inline (the page
 * runs under script-src 'self') and a module would come too late.
 */
function bootScript(): Plugin {
  const path = fileURLToPath(new URL('src/boot.js', import.meta.url));
  let src = '/src/boot.js';

  return {
    name: 'coderemote-boot-script',
    configResolved(config) {
      if (config.command === 'build') {
        const hash = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 8);
        src = `/assets/boot-${hash}.js`;
      }
    },
    generateBundle() {
      const fileName = src.slice(1);
      this.emitFile({ type: 'asset', fileName, source: readFileSync(path) });
    },
    transformIndexHtml() {
      return [{ tag: 'script', attrs: { src }, injectTo: 'head-prepend' }];
    },
  };
}

/** The server that `npm run dev` passes API calls and the WebSocket on to. */
const backend = process.env['CODEREMOTE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), bootScript()],
  build: {
    outDir: '../build/html',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    license: { fileName: 'licenses.txt' },
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    port: 18280,
    proxy: {
      // The server wants a Host that fits the Origin: both stay this one's.
      '^/(health|ready|languages|execute|jobs|status|auth)': {
        target: backend,
        changeOrigin: false,
      },
      '/ws': { target: backend, ws: true, changeOrigin: false },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['test/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
