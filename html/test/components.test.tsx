import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FALLBACK_LANGUAGE } from '../src/api/queries';
import type { Health } from '../src/api/types';
import { Announcer } from '../src/app/Announcer';
import { Banner } from '../src/app/Banner';
import { KeySheet } from '../src/app/KeySheet';
import { RunButton } from '../src/app/RunButton';
import { useShortcuts } from '../src/app/shortcuts';
import { useDraft } from '../src/editor/draft';
import { indentAfter, PlainEditor } from '../src/editor/PlainEditor';
import { OutputPanel } from '../src/output/OutputPanel';
import { controller, output, socket, startSession } from '../src/run/session';
import { useRun } from '../src/run/store';
import { Split } from '../src/ui/Split';
import { useUi } from '../src/ui/store';
import { FakeWebSocket, finishedJob, LIMITS } from './fakes';

const HELLO = { type: 'hello', protocol: 'coderemote.v1', version: '0', user: 'local' };
const health: Health = { status: 'ok', version: '0', uptime_ms: 1, pool: 'up' };

function show(element: ReactElement): void {
  const client = new QueryClient();
  client.setQueryData(['health'], health);
  client.setQueryData(['languages'], [FALLBACK_LANGUAGE]);
  render(<QueryClientProvider client={client}>{element}</QueryClientProvider>);
}

function Shortcuts(): null {
  useShortcuts();
  return null;
}

/** A running job `j1`, as after Run. */
function running(): void {
  const socketEnd = FakeWebSocket.last();
  act(() => {
    controller.run({ code: 'x', language: 'python', interactive: true }, LIMITS);
    const ref = socketEnd.sent.at(-1)?.['ref'];
    socketEnd.receive({ type: 'accepted', ref, job_id: 'j1', status: 'queued' });
    socketEnd.receive({ type: 'status', job_id: 'j1', status: 'running' });
  });
}

function receive(message: object): void {
  act(() => FakeWebSocket.last().receive(message));
}

describe('the page', () => {
  let stopSession: () => void;

  beforeEach(() => {
    vi.stubGlobal('WebSocket', FakeWebSocket);
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json(health)));
    health.pool = 'up';
    useRun.setState(useRun.getInitialState(), true);
    useUi.setState(useUi.getInitialState(), true);
    useDraft.setState({ ...useDraft.getInitialState(), code: 'print(1)\n', input: '' }, true);
    output.clear();
    sessionStorage.clear();
    stopSession = startSession();
    FakeWebSocket.last().receive(HELLO);
  });

  afterEach(() => {
    cleanup();
    stopSession();
    vi.unstubAllGlobals();
  });

  it('runs on a click, on Ctrl+Enter and on F9, and Run becomes Stop', async () => {
    show(
      <>
        <Shortcuts />
        <RunButton />
      </>,
    );
    await userEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(FakeWebSocket.last().sent.at(-1)).toMatchObject({
      type: 'execute',
      code: 'print(1)\n',
      language: 'python',
      interactive: true,
    });
    running();
    expect(screen.getByRole('button', { name: 'Stop' })).toBeTruthy();
    fireEvent.keyDown(document.body, { key: '.', ctrlKey: true });
    expect(FakeWebSocket.last().sent.at(-1)).toEqual({ type: 'cancel', job_id: 'j1' });
    expect(screen.getByRole('button', { name: 'Stopping…' })).toBeTruthy();
    receive({ type: 'result', ...finishedJob({ status: 'cancelled' }) });
    for (const init of [{ key: 'Enter', metaKey: true }, { key: 'F9' }]) {
      const before = FakeWebSocket.last().sent.length;
      fireEvent.keyDown(document.body, init);
      expect(FakeWebSocket.last().sent.length).toBeGreaterThan(before);
      running();
    }
  });

  it('ends the input after a prepared text unless told otherwise', () => {
    useDraft.setState({ input: '1\n2\n' });
    show(<Shortcuts />);
    fireEvent.keyDown(document.body, { key: 'F9' });
    expect(FakeWebSocket.last().sent.at(-1)).toMatchObject({
      stdin: '1\n2\n',
      interactive: false,
    });
  });

  it('does not run nothing, and says why', () => {
    useDraft.setState({ code: ' \n' });
    show(<RunButton />);
    const button = screen.getByRole('button', { name: 'Run' });
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toBe('There is no code to run');
  });

  it('shows the end of a run with its figures', () => {
    show(
      <>
        <OutputPanel language={FALLBACK_LANGUAGE} />
        <Announcer />
      </>,
    );
    running();
    receive({ type: 'output', job_id: 'j1', stream: 'stdout', data: 'a\nb\n', offset: 0 });
    receive({ type: 'result', ...finishedJob({ status: 'failed', exit_code: 2 }) });
    expect(screen.getByText('Exited with code 2')).toBeTruthy();
    expect(screen.getByText('8.9 MB')).toBeTruthy();
    expect(screen.getByText('0.12 s')).toBeTruthy();
    expect(screen.getByRole('status').textContent).toBe(
      'Failed. Exited with code 2. 2 lines of output.',
    );
  });

  it('offers an input line while the program runs', async () => {
    show(<OutputPanel language={FALLBACK_LANGUAGE} />);
    running();
    const field = await screen.findByLabelText('Input for the running program');
    await userEvent.type(field, 'Ada{Enter}');
    expect(FakeWebSocket.last().sent.at(-1)).toEqual({
      type: 'stdin',
      job_id: 'j1',
      data: 'Ada\n',
    });
    await userEvent.type(field, '{ArrowUp}');
    expect(field).toHaveProperty('value', 'Ada');
    fireEvent.keyDown(field, { key: 'd', ctrlKey: true });
    expect(FakeWebSocket.last().sent.at(-1)).toEqual({ type: 'eof', job_id: 'j1' });
    expect(screen.queryByLabelText('Input for the running program')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('log'));
  });

  it('goes to the input line with Ctrl+Shift+Enter, and F6 goes on from there', async () => {
    show(
      <>
        <Shortcuts />
        <OutputPanel language={FALLBACK_LANGUAGE} />
      </>,
    );
    vi.spyOn(Element.prototype, 'getClientRects').mockReturnValue([new DOMRect()] as never);
    fireEvent.keyDown(document.body, { key: 'Enter', ctrlKey: true, shiftKey: true });
    running();
    const field = await screen.findByLabelText('Input for the running program');
    expect(document.activeElement).toBe(field);
    fireEvent.keyDown(field, { key: 'F6' });
    expect(document.activeElement).toBe(screen.getByRole('log'));
    fireEvent.keyDown(document.body, { key: 'F6', shiftKey: true });
    expect(document.activeElement).toBe(field);
  });

  it('counts down on Run when the queue is full', () => {
    show(
      <>
        <RunButton />
        <OutputPanel language={FALLBACK_LANGUAGE} />
      </>,
    );
    act(() => {
      controller.run({ code: 'x', language: 'python' }, LIMITS);
    });
    const ref = FakeWebSocket.last().sent.at(-1)?.['ref'];
    receive({ type: 'error', ref, code: 'queue_full', detail: 'full', retry_after: 7 });
    const button = screen.getByRole('button', { name: 'Run in 7 s' });
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByText(/the queue is full\. Next try in 7 s/)).toBeTruthy();
  });

  it('tells one state at a time: reconnecting, refused, pool down', () => {
    health.pool = 'down';
    show(<Banner />);
    expect(screen.getByRole('status').dataset['banner']).toBe('pool-down');
    running();
    act(() => FakeWebSocket.last().lose(1006));
    expect(screen.getByRole('status').dataset['banner']).toBe('reconnecting');
    act(() => socket.retryNow());
    act(() => FakeWebSocket.last().lose(4403, 'Not yours.'));
    expect(screen.getByRole('status').textContent).toContain('Not yours.');
  });

  it('has its shortcuts on a sheet, which ? opens outside of fields', () => {
    show(
      <>
        <Shortcuts />
        <KeySheet />
        <input aria-label="field" />
      </>,
    );
    fireEvent.keyDown(screen.getByLabelText('field'), { key: '?' });
    expect(useUi.getState().sheetOpen).toBe(false);
    fireEvent.keyDown(document.body, { key: '?' });
    expect(useUi.getState().sheetOpen).toBe(true);
  });

  it('moves the bar between the panels by keyboard', () => {
    const onChange = vi.fn();
    const parts = { first: <p>a</p>, second: <p>b</p>, label: 'Size' };
    show(<Split direction="right" value={50} initial={60} onChange={onChange} {...parts} />);
    const bar = screen.getByRole('separator');
    for (const key of ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'Enter', 'ArrowUp']) {
      fireEvent.keyDown(bar, { key });
    }
    expect(onChange.mock.calls.flat()).toEqual([48, 52, 20, 80, 60]);
  });

  it('indents in the plain editor as Python wants it', () => {
    expect(indentAfter('for i in x:')).toBe('    ');
    expect(indentAfter('a\n  if b:  # why')).toBe('      ');
    expect(indentAfter('    x = 1')).toBe('    ');
    expect(indentAfter('x = 1')).toBe('');
  });

  it('keeps what is typed into the plain editor', async () => {
    useDraft.setState({ code: '' });
    show(<PlainEditor label="Code" elementRef={() => {}} onComposing={() => {}} />);
    await userEvent.type(screen.getByLabelText('Code'), 'x = 1');
    expect(useDraft.getState()).toMatchObject({ code: 'x = 1', touched: true });
  });
});
