// How it looks and whom it serves: themes, keyboard, axe, phones, speed.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, equal, SHOTS, until } from './harness.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const SHOWCASE = `import sys, time

GREEN, PLAIN = "\\033[32m", "\\033[0m"
PLANETS = {"Mercury": 0.387, "Venus": 0.723,
           "Earth": 1.0, "Mars": 1.524}


def year(distance: float) -> float:
    """Kepler's third law: days of one orbit."""
    return 365.25 * distance ** 1.5


for name, distance in PLANETS.items():
    days = year(distance)
    bar = GREEN + "█" * round(days / 24) + PLAIN
    print(f"{name:<8} {days:6.1f} d  {bar}", flush=True)
    time.sleep(0.15)

print("Pluto is no longer listed", file=sys.stderr, flush=True)
time.sleep(0.05)
print(f"{len(PLANETS)} planets")
`;

const STATES = {
  idle: async () => {},
  'running with input': async (ide) => {
    await ide.start('print("Name?", flush=True)\ninput()\n');
    await ide.page.waitForSelector('.stdin');
  },
  failed: async (ide) => {
    await ide.run('import sys\nprint("one")\nprint("\\033[33mtwo\\033[0m")\n1 / 0\n');
  },
  'prepared input': async (ide) => {
    await ide.page.getByRole('tab', { name: 'Input' }).click();
  },
  'keyboard sheet': async (ide) => {
    await ide.page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await ide.page.waitForSelector('dialog[open]');
  },
};

const axeCases = ['light', 'dark'].map((colorScheme) => ({
  title: `axe finds nothing in the ${colorScheme} theme, in ${Object.keys(STATES).length} states`,
  options: { colorScheme },
  test: async (ide) => {
    for (const [name, enter] of Object.entries(STATES)) {
      await ide.page.reload();
      await ide.ready();
      await enter(ide);
      equal(await ide.axe(), [], name);
      await ide.shot(`${colorScheme}-${name.replaceAll(' ', '-')}`);
    }
  },
}));

export default [
  {
    title: 'the theme follows the system, the toggle turns it, and a reload keeps it',
    test: async (ide) => {
      const theme = () => ide.page.evaluate(() => document.documentElement.dataset.theme);
      await ide.ready();
      equal(await theme(), 'light', 'system');
      await ide.page.getByRole('button', { name: 'Dark theme' }).click();
      await until(async () => (await theme()) === 'dark', 'dark');
      const background = () =>
        ide.page.evaluate(
          () => getComputedStyle(document.querySelector('.monaco-editor')).backgroundColor,
        );
      equal(await background(), 'rgb(19, 23, 22)', 'the editor is dark too');
      await ide.page.addInitScript(() => {
        document.addEventListener('DOMContentLoaded', () => {
          globalThis.firstTheme = document.documentElement.dataset.theme;
        });
      });
      await ide.page.reload();
      await ide.ready();
      equal(await ide.page.evaluate(() => globalThis.firstTheme), 'dark', 'before the first paint');
      await ide.page.getByRole('button', { name: 'Light theme' }).click();
      await ide.page.emulateMedia({ colorScheme: 'dark' });
      await until(async () => (await theme()) === 'dark', 'it follows the system again');
    },
  },
  ...axeCases,
  {
    title: 'by keyboard alone: F6 goes through the regions, Ctrl+M frees Tab, arrows resize',
    test: async (ide) => {
      const at = () =>
        ide.page.evaluate(
          () => document.activeElement.closest('[data-region]')?.dataset.region ?? 'none',
        );
      await ide.ready();
      equal(await at(), 'editor', 'focus at the start');
      await ide.page.keyboard.press('F6');
      equal(await at(), 'panel', 'after F6');
      await ide.page.keyboard.press('F6');
      equal(await at(), 'toolbar', 'after two');
      await ide.page.keyboard.press('F6');
      equal(await at(), 'editor', 'after three');
      await ide.page.keyboard.press('Shift+F6');
      equal(await at(), 'toolbar', 'backwards');
      await ide.page.keyboard.press('F6');
      await ide.page.keyboard.press('Control+M');
      await ide.page.keyboard.press('Tab');
      const separator = ide.page.getByRole('separator', { name: 'Size of the editor' });
      check(
        await separator.evaluate((element) => document.activeElement === element),
        'Tab leaves the editor for the separator',
      );
      const before = Number(await separator.getAttribute('aria-valuenow'));
      await ide.page.keyboard.press('ArrowLeft');
      const after = Number(await separator.getAttribute('aria-valuenow'));
      equal(after, before - 2, 'size');
      await ide.page.keyboard.press('?');
      await ide.page.waitForSelector('dialog[open]');
      await ide.page.keyboard.press('Escape');
      await until(async () => (await ide.page.locator('dialog[open]').count()) === 0, 'closed');
    },
  },
  {
    title: 'screen readers are told once how it ended; the log itself stays silent',
    test: async (ide) => {
      await ide.ready();
      await ide.run('print(1)\nprint(2)\n');
      equal(
        await ide.page.locator('#announcer').innerText(),
        'Finished. Exited with code 0. 2 lines of output.',
        'announcement',
      );
      equal(await ide.page.getByRole('log').getAttribute('aria-live'), 'off', 'aria-live');
    },
  },
  {
    title: 'a phone gets one pane at a time and the plain editor, and runs programs',
    options: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
    test: async (ide) => {
      await ide.connected();
      await ide.setCode('print("small")\n');
      equal(await ide.axe(), [], 'axe, code');
      await ide.shot('phone-code');
      await ide.page.getByRole('button', { name: 'Run', exact: true }).click();
      await ide.finished();
      equal(await ide.output(), 'small\n', 'output');
      equal(await ide.axe(), [], 'axe, output');
      await ide.shot('phone-output');
      equal(await ide.page.locator('.monaco-editor').count(), 0, 'Monaco is not loaded');
      const wide = await ide.page.evaluate(() => document.documentElement.scrollWidth);
      check(wide <= 390, `the page is ${wide} px wide`);
    },
  },
  {
    title: 'a window 320 px wide shows everything without scrolling sideways',
    options: { viewport: { width: 320, height: 560 } },
    test: async (ide) => {
      await ide.connected();
      const wide = await ide.page.evaluate(() => document.documentElement.scrollWidth);
      check(wide <= 320, `the page is ${wide} px wide`);
      await ide.shot('narrow');
    },
  },
  {
    title: 'the shell paints early, and the editor follows',
    test: async (ide) => {
      await ide.ready();
      const times = await ide.page.evaluate(() => ({
        paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
        monaco: performance
          .getEntriesByType('resource')
          .find(({ name }) => /monaco-.*\.js/.test(name))?.responseEnd,
      }));
      check(times.paint > 0 && times.paint < 2000, `first paint after ${times.paint} ms`);
      check(times.paint < times.monaco, 'the shell painted before Monaco had come');
      return `first paint ${Math.round(times.paint)} ms, Monaco there ${Math.round(times.monaco)} ms`;
    },
  },
  {
    title: 'the picture for the README',
    options: { viewport: { width: 1200, height: 640 }, colorScheme: 'dark' },
    test: async (ide) => {
      await ide.ready();
      await ide.run(SHOWCASE);
      await ide.page.mouse.move(0, 0);
      await ide.page.waitForTimeout(300);
      await ide.shot('screenshot');
      if (process.env.CODEREMOTE_SCREENSHOT) {
        mkdirSync(join(ROOT, 'docs'), { recursive: true });
        copyFileSync(join(SHOTS, 'screenshot.png'), join(ROOT, 'docs', 'screenshot.png'));
      }
    },
  },
];
