// Programs that run: streaming, streams, input, stop, floods, reloads.
import { check, equal, until } from './harness.mjs';

const ENDLESS = 'while True:\n    pass\n';

/* What a person would call hung.  The machine may be busy with other things,
   so smoother than that is a figure that is printed, not a verdict. */
const HANG_MS = 2000;

/** Counts frames in the page and remembers the longest gap between two. */
function watchFrames() {
  let last = performance.now();
  globalThis.gaps = { worst: 0, count: 0, at: 0 };
  const tick = (now) => {
    if (now - last > globalThis.gaps.worst) {
      globalThis.gaps.worst = now - last;
      globalThis.gaps.at = globalThis.gaps.count;
    }
    globalThis.gaps.count += 1;
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

/** The text of Monaco as it is on screen. */
function shown(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.view-line')]
      .map((line) => line.textContent.replaceAll('\u00a0', ' '))
      .join('\n'),
  );
}

export default [
  {
    title: 'the shell can be edited before Monaco is there, and loses no text or caret',
    options: {
      before: async (ide) => {
        ide.gate = new Promise((resolve) => {
          ide.release = resolve;
        });
        await ide.page.route(/assets\/monaco-.*\.js/, async (route) => {
          await ide.gate;
          await route.continue();
        });
      },
    },
    test: async (ide) => {
      const area = ide.page.locator('.plain-editor textarea');
      await until(async () => (await area.inputValue()).includes('\n'), 'the template is shown');
      check(
        await area.evaluate((element) => document.activeElement === element),
        'the editor has the focus',
      );
      await ide.page.keyboard.press('Control+Home');
      await ide.page.keyboard.type('# one\n# two');
      const text = await area.inputValue();
      ide.release();
      await ide.page.waitForSelector('.monaco-editor .view-line');
      await until(async () => (await area.count()) === 0, 'the plain editor is gone');
      await ide.page.keyboard.type(' three');
      const expected = text.replace('# two', '# two three');
      await until(async () => (await ide.draft()).code === expected, 'text and caret are kept');
    },
  },
  {
    title: 'a program typed key by key runs on Ctrl+Enter and its lines come one by one',
    test: async (ide) => {
      await ide.ready();
      await ide.page
        .locator('.monaco-editor')
        .first()
        .click({ position: { x: 200, y: 20 } });
      await ide.page.keyboard.press('Control+A');
      // Monaco indents by what it has had time to read: no faster than people.
      const lines = ['import time', 'for i in range(4):', 'print("row", i, flush=True)'];
      for (const line of [...lines, 'time.sleep(0.4)']) {
        await ide.page.keyboard.type(line, { delay: 5 });
        await ide.page.waitForTimeout(100);
        await ide.page.keyboard.press('Enter');
      }
      await ide.page.keyboard.press('Control+Enter');
      const counts = new Set();
      await until(async () => {
        const text = await ide.output();
        counts.add(text.split('row').length - 1);
        return text.includes('row 3');
      }, 'the last line');
      const { job, text } = await ide.finished();
      equal(job, 'succeeded', 'status');
      check(
        [1, 2, 3].every((n) => counts.has(n)),
        `lines came together: ${[...counts]}`,
      );
      check(/Time[\s\S]*CPU[\s\S]*Memory/.test(text), `figures are missing in: ${text}`);
      equal(await ide.output(), 'row 0\nrow 1\nrow 2\nrow 3\n', 'output');
    },
  },
  {
    title: 'the editor suggests words of the program',
    test: async (ide) => {
      await ide.ready();
      await ide.setCode('planetary_years = 3\n');
      await ide.page.keyboard.type('plan', { delay: 30 });
      await ide.page.keyboard.press('Control+Space');
      const list = ide.page.locator('.suggest-widget.visible');
      await list.getByText('planetary_years').first().waitFor();
      await ide.page.keyboard.press('Enter');
      await until(
        async () => (await ide.draft()).code?.endsWith('\nplanetary_years'),
        'the word is completed',
      );
    },
  },
  {
    title: 'Run turns into Stop, the clock ticks, and a click on Run starts again',
    test: async (ide) => {
      await ide.ready();
      await ide.setCode('import time\ntime.sleep(1.2)\nprint("end")\n');
      await ide.page.getByRole('button', { name: 'Run', exact: true }).click();
      await ide.page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
      const clock = ide.page.locator('.status .clock');
      const first = await clock.innerText();
      await until(async () => (await clock.innerText()) !== first, 'the clock ticks');
      await ide.shot('running');
      await ide.finished();
      await ide.page.getByRole('button', { name: 'Run', exact: true }).waitFor();
      check((await ide.output()).includes('end'), 'output');
    },
  },
  {
    title: 'stderr keeps its place between stdout and is marked by a bar and a word',
    test: async (ide) => {
      await ide.ready();
      await ide.run(
        'import sys, time\n' +
          'for i in range(3):\n' +
          '    print("out", i, flush=True); time.sleep(0.1)\n' +
          '    print("bad", i, file=sys.stderr, flush=True); time.sleep(0.1)\n',
      );
      equal(await ide.output(), 'out 0\nbad 0\nout 1\nbad 1\nout 2\nbad 2\n', 'order');
      const marks = await ide.page.evaluate(() =>
        [...document.querySelectorAll('.log .block > *')].map((group) => {
          const style = getComputedStyle(group);
          const word = getComputedStyle(group, '::before').content;
          return `${group.className} ${Number.parseInt(style.borderLeftWidth, 10)} ${word}`;
        }),
      );
      const [out, err] = ['out 0 none', 'err 3 "err"'];
      equal(marks, [out, err, out, err, out, err], 'marks');
    },
  },
  {
    title: 'input can be typed while the program runs, and ended with Ctrl+D',
    test: async (ide) => {
      await ide.ready();
      await ide.start(
        'import sys\nname = input("Name? ")\nprint("Hello", name, flush=True)\n' +
          'print("rest", len(sys.stdin.readlines()))\n',
      );
      const field = ide.page.getByLabel('Input for the running program');
      await ide.sees('Name? ');
      await field.fill('Ada');
      await ide.shot('stdin');
      await field.press('Enter');
      await ide.sees('Hello Ada');
      await field.fill('two');
      await field.press('Enter');
      await field.press('Control+d');
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      await ide.sees('rest 1');
      equal(await ide.page.locator('.stdin').count(), 0, 'input lines after the end');
    },
  },
  {
    title: 'prepared input is read, and ends with its text',
    test: async (ide) => {
      await ide.ready();
      await ide.setCode('import sys\nprint(sum(int(line) for line in sys.stdin))\n');
      await ide.page.getByRole('tab', { name: 'Input' }).click();
      await ide.page.getByLabel('Prepared input').fill('4\n38\n');
      await ide.page.keyboard.press('Control+Enter');
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      equal(await ide.output(), '42\n', 'output');
    },
  },
  {
    title: 'two tabs: one edits, the other follows and can take over, and no text is lost',
    test: async (ide) => {
      await ide.ready();
      await ide.setCode('print("first tab")\n');
      const first = ide.page;
      const second = await ide.context.newPage();
      await second.goto(ide.base);
      await second.waitForSelector('.monaco-editor .view-line');
      await second.waitForSelector('[data-banner=other-tab]');
      equal(await first.locator('[data-banner]').count(), 0, 'banners of the first tab');
      await first.bringToFront();
      await ide.setCode('print("typed later")\n');
      await until(async () => (await shown(second)).includes('typed later'), 'it follows');
      await second.bringToFront();
      await second.keyboard.type('not taken');
      check(!(await shown(second)).includes('not taken'), 'the second tab is read-only');
      await second.getByRole('button', { name: 'Edit here' }).click();
      await first.waitForSelector('[data-banner=other-tab]');
      await until(
        async () => (await second.locator('[data-banner]').count()) === 0,
        'it is the second tab\u2019s now',
      );
      await second.locator('.monaco-editor').first().click();
      await second.keyboard.press('Control+Home');
      await second.keyboard.type('# second');
      await until(async () => (await ide.draft()).code?.startsWith('# second'), 'it is saved');
      await second.close();
      await until(
        async () => (await first.locator('[data-banner]').count()) === 0,
        'the first tab edits again',
      );
      await until(async () => (await shown(first)).startsWith('# second'), 'with the last text');
    },
  },
  {
    title: 'arguments and limits reach the program, are kept, and are told apart when wrong',
    test: async (ide) => {
      const open = () => ide.page.getByRole('button', { name: 'Arguments and limits' }).click();
      await ide.ready();
      await ide.setCode('import sys\nprint(sys.argv[1:], flush=True)\nwhile True:\n    pass\n');
      await ide.page.getByRole('tab', { name: 'Input' }).click();
      await open();
      const args = ide.page.getByLabel('Arguments', { exact: true });
      await args.fill(`one 'two three`);
      equal(await args.getAttribute('aria-invalid'), 'true', 'open quote');
      await args.fill(`one 'two three'`);
      const time = ide.page.getByLabel('Time (s)', { exact: true });
      await time.fill('99');
      equal(await time.getAttribute('aria-invalid'), 'true', 'above the maximum');
      await time.fill('1');
      equal(await ide.axe(), [], 'axe');
      await ide.shot('options');
      await ide.page.keyboard.press('Escape');
      const { job, sentence } = await ide.run();
      equal(await ide.output(), "['one', 'two three']\n", 'output');
      equal([job, sentence], ['timed_out', 'Stopped after 1 s (time limit)'], 'end');
      await ide.page.reload();
      await ide.ready();
      await ide.page.getByRole('tab', { name: 'Input' }).click();
      await open();
      equal([await args.inputValue(), await time.inputValue()], [`one 'two three'`, '1'], 'kept');
    },
  },
  {
    title: 'an endless loop is stopped by Ctrl+. and the next run is well',
    test: async (ide) => {
      await ide.ready();
      await ide.start(ENDLESS);
      const begun = Date.now();
      await ide.page.keyboard.press('Control+.');
      const { job, sentence } = await ide.finished();
      const took = Date.now() - begun;
      equal(job, 'cancelled', 'status');
      check(sentence.startsWith('Stopped by you after'), sentence);
      check(took < 1000, `stop took ${took} ms`);
      equal((await ide.run('print("next")\n')).job, 'succeeded', 'next run');
      equal(await ide.output(), 'next\n', 'output');
      return `stopped in ${took} ms`;
    },
  },
  {
    title: 'Ctrl+Enter in a running program stops it and runs the new text',
    test: async (ide) => {
      await ide.ready();
      await ide.start(ENDLESS);
      const { job } = await ide.run('print("second")\n');
      equal(job, 'succeeded', 'status');
      equal(await ide.output(), 'second\n', 'output');
    },
  },
  {
    title: 'an uncaught error says its exit code, links its line and marks it in the editor',
    test: async (ide) => {
      await ide.ready();
      const { job, sentence } = await ide.run('def half(n):\n    return n / 0\n\n\nhalf(4)\n');
      equal(job, 'failed', 'status');
      equal(sentence, 'Exited with code 1', 'sentence');
      await ide.page.waitForSelector('.squiggly-error');
      await ide.page.getByRole('button', { name: /line 2$/ }).click();
      await until(
        async () => /Ln 2/.test(await ide.page.locator('.status-bar').innerText()),
        'the editor is at line 2',
      );
      await ide.shot('traceback');
    },
  },
  {
    title: 'a program that prints for ever ends at its output limit, with the page alive',
    test: async (ide) => {
      await ide.ready();
      await ide.page.evaluate(watchFrames);
      const { job, sentence } = await ide.run('while True:\n    print("x" * 60)\n');
      const { worst } = await ide.page.evaluate(() => globalThis.gaps);
      equal(job, 'output_exceeded', 'status');
      check(sentence.startsWith('Stopped: printed more than 1 MB'), sentence);
      check((await ide.output()).length > 900_000, 'the output so far is kept');
      check(worst < HANG_MS, `a frame took ${Math.round(worst)} ms`);
      return `worst frame gap ${Math.round(worst)} ms`;
    },
  },
  {
    title: '100,000 lines stay smooth, are all there, and can be scrolled',
    test: async (ide) => {
      await ide.ready();
      await ide.setCode('for i in range(100000):\n    print(i)\n');
      await ide.page.evaluate(watchFrames);
      await ide.page.keyboard.press('Control+Enter');
      const { job } = await ide.finished(30_000);
      equal(job, 'succeeded', 'status');
      await ide.sees('99999\n');
      const { worst, count } = await ide.page.evaluate(() => globalThis.gaps);
      const text = await ide.output();
      equal(text.split('\n').length - 1, 100_000, 'lines');
      const nodes = await ide.page.evaluate(() => document.querySelectorAll('.log *').length);
      check(nodes < 1000, `${nodes} elements in the log`);
      check(worst < HANG_MS, `worst frame gap ${Math.round(worst)} ms`);
      await ide.page.evaluate(() => {
        document.querySelector('.log').scrollTop -= 4000;
      });
      await ide.page.getByRole('button', { name: 'Jump to end' }).click();
      await until(
        () =>
          ide.page.evaluate(() => {
            const log = document.querySelector('.log');
            return log.scrollTop + log.clientHeight > log.scrollHeight - 30;
          }),
        'the end is in sight',
      );
      await ide.shot('lines');
      return `worst frame gap ${Math.round(worst)} ms in ${count} frames, ${nodes} elements`;
    },
  },
  {
    title: 'scrolling up stops following, and a chip counts the new lines',
    test: async (ide) => {
      await ide.ready();
      await ide.start(
        'import time\nfor i in range(200):\n    print(i, flush=True)\n    time.sleep(0.01)\n',
      );
      await until(
        () => ide.page.evaluate(() => document.querySelector('.log').scrollTop > 400),
        'it follows',
      );
      await ide.page.mouse.move(1000, 400);
      await ide.page.mouse.wheel(0, -300);
      await ide.page.getByRole('button', { name: /Jump to end · \d+ new lines/ }).waitFor();
      const top = await ide.page.evaluate(() => document.querySelector('.log').scrollTop);
      await ide.finished();
      equal(
        await ide.page.evaluate(() => document.querySelector('.log').scrollTop),
        top,
        'scroll position',
      );
    },
  },
  {
    title: 'colours, carriage returns and bytes that are not text are shown as they should be',
    test: async (ide) => {
      await ide.ready();
      const { job } = await ide.run(
        'import sys\nprint("\\033[31mred\\033[0m \\033[1;38;5;208morange\\033[0m")\n' +
          'for i in range(3):\n    print(f"\\r{i}0 %", end="")\nprint()\nsys.stdout.flush()\n' +
          'sys.stdout.buffer.write(b"caf\\xe9\\n")\n',
      );
      equal(job, 'succeeded', 'status');
      equal(await ide.output(), 'red orange\n20 %\ncaf\ufffd\n', 'output');
      equal(await ide.page.locator('.log .f1').innerText(), 'red', 'red text');
    },
  },
  {
    title: 'copy and download give the output as it was printed',
    test: async (ide) => {
      await ide.ready();
      await ide.run('print("a\\tb")\nprint("\\033[32mgreen\\033[0m")\n');
      const expected = 'a\tb\n\u001b[32mgreen\u001b[0m\n';
      await ide.page.getByRole('button', { name: 'Copy output' }).click();
      await ide.page.getByRole('button', { name: 'Copied' }).waitFor();
      equal(await ide.page.evaluate(() => navigator.clipboard.readText()), expected, 'copied');
      const waiting = ide.page.waitForEvent('download');
      await ide.page.getByRole('button', { name: 'Download output' }).click();
      const stream = await (await waiting).createReadStream();
      const chunks = await stream.toArray();
      equal(Buffer.concat(chunks).toString(), expected, 'downloaded');
      await ide.page.getByRole('button', { name: 'Clear output' }).click();
      await until(async () => (await ide.output()) === '', 'it is cleared');
    },
  },
  {
    title: 'a reload keeps the code, the input and a running program',
    test: async (ide) => {
      await ide.ready();
      const code =
        'import time\nfor i in range(30):\n    print("n", i, flush=True)\n    time.sleep(0.1)\n';
      await ide.start(code);
      await ide.sees('n 3\n');
      await ide.page.reload();
      await ide.ready();
      equal((await ide.draft()).code, code, 'code');
      const { job } = await ide.finished();
      equal(job, 'succeeded', 'status');
      const lines = Array.from({ length: 30 }, (_, i) => `n ${i}\n`).join('');
      equal(await ide.output(), lines, 'output from its first byte');
    },
  },
];
