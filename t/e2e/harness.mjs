// The browser, the page in it, and the few verbs that the cases speak.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const html = join(here, '..', '..', 'html', 'package.json');
const { chromium } = createRequire(html)('playwright-core');

const AXE = readFileSync(createRequire(html).resolve('axe-core/axe.min.js'), 'utf8');
export const SHOTS = join(here, '..', '..', 'build', 'e2e');
export const BASE = (process.env.CODEREMOTE_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
export const WAIT_MS = 10_000;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function check(condition, text) {
  if (!condition) {
    throw new Error(text);
  }
}

export function equal(actual, expected, text) {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(left === right, `${text}: ${left} is not ${right}`);
}

/** Waits for `probe` to give something truthy, and gives that. */
export async function until(probe, text, timeout = WAIT_MS) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) {
      return value;
    }
    check(Date.now() < end, `waited ${timeout} ms for: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function launch() {
  mkdirSync(SHOTS, { recursive: true });
  // Each launch makes a fresh user data directory and removes it at the end.
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
}

/** One page in a context of its own; what goes wrong in it is collected. */
export class Ide {
  static async open(browser, options = {}) {
    const { before, path = '/', base = BASE, ...context } = options;
    const ide = new Ide();
    ide.base = base;
    ide.context = await browser.newContext({
      viewport: { width: 1280, height: 760 },
      colorScheme: 'light',
      permissions: ['clipboard-read', 'clipboard-write'],
      ...context,
    });
    ide.page = await ide.context.newPage();
    ide.page.setDefaultTimeout(WAIT_MS);
    ide.faults = [];
    ide.page.on('pageerror', (error) => ide.faults.push(`exception: ${error.message}`));
    ide.page.on('console', (message) => {
      if (message.type() === 'error' && /Content.Security.Policy/i.test(message.text())) {
        ide.faults.push(`policy: ${message.text()}`);
      }
    });
    ide.page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(ide.base) && !/^(data|blob):/.test(url)) {
        ide.faults.push(`foreign request: ${url}`);
      }
    });
    if (before) {
      await before(ide);
    }
    await ide.page.goto(`${ide.base}${path}`);
    return ide;
  }

  async close() {
    await this.context.close();
    await this.after?.();
    equal(this.faults, [], 'faults on the page');
  }

  async connected() {
    await this.page.waitForSelector('[data-connection=open]');
  }

  async ready() {
    await this.page.waitForSelector('.monaco-editor .view-line');
    await this.connected();
  }

  /** Replaces the program, as a paste does. */
  async setCode(code) {
    const plain = this.page.locator('.plain-editor textarea');
    if ((await plain.count()) > 0) {
      await plain.fill(code);
      return;
    }
    await this.page
      .locator('.monaco-editor')
      .first()
      .click({ position: { x: 200, y: 20 } });
    await this.page.keyboard.press('Control+A');
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), code);
    await this.page.keyboard.press('Control+V');
    await until(async () => (await this.draft()).code === code, 'the code is in the editor');
  }

  /** Runs the program and waits for its end. */
  async run(code) {
    if (code !== undefined) {
      await this.setCode(code);
    }
    await this.page.keyboard.press('Control+Enter');
    return this.finished();
  }

  async start(code) {
    await this.setCode(code);
    await this.page.keyboard.press('Control+Enter');
    await this.page.waitForSelector('[data-phase=running]');
  }

  /** Status, sentence and figures of the run that has ended. */
  async finished(timeout = 15_000) {
    const status = this.page.locator('.status[data-job], .status[data-phase=refused]');
    await status.waitFor({ timeout });
    return {
      job: await status.getAttribute('data-job'),
      sentence: await status.locator('.sentence').innerText(),
      text: await status.innerText(),
    };
  }

  /** All text of the log. */
  output() {
    return this.page.evaluate(async () => {
      // What has arrived is drawn in the next frame.
      await new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      });
      return document.querySelector('.log').textContent;
    });
  }

  async sees(text) {
    await until(async () => (await this.output()).includes(text), `output shows ${text}`);
  }

  /** The draft as the browser keeps it, read without the page's help. */
  async draft() {
    return (
      (await this.page.evaluate(() => JSON.parse(localStorage.getItem('coderemote.draft')))) ?? {}
    );
  }

  async shot(name) {
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }

  /** Violations of WCAG 2.0 to 2.2, A and AA, as short texts. */
  async axe() {
    // By the debugger: the page's policy forbids inline scripts.
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      });
      return violations.map(
        (item) => `${item.id}: ${item.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`,
      );
    });
    return found;
  }
}
