import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientMessage } from '../src/api/types';
import { OutputBuffer } from '../src/output/buffer';
import { RunController } from '../src/run/controller';
import { useRun } from '../src/run/store';
import { finishedJob, LIMITS } from './fakes';

const REQUEST = { code: 'print(1)', language: 'python', interactive: true };
const INITIAL = useRun.getInitialState();

const phase = (): string => useRun.getState().phase;

describe('RunController', () => {
  let sent: ClientMessage[];
  let up: boolean;
  let buffer: OutputBuffer;
  let controller: RunController;
  const cancelByHttp = vi.fn(() => Promise.resolve());
  const getJob = vi.fn(() => Promise.resolve(finishedJob()));
  const remember = vi.fn();

  const types = (): string[] => sent.map((message) => message.type);

  function accept(jobId = 'j1'): void {
    const execute = sent.findLast((message) => message.type === 'execute');
    const ref = execute?.type === 'execute' ? execute.ref : '';
    controller.onMessage({ type: 'accepted', ref, job_id: jobId, status: 'queued' });
  }

  function start(): void {
    controller.run(REQUEST, LIMITS);
    accept();
    controller.onMessage({ type: 'status', job_id: 'j1', status: 'running' });
  }

  function output(data: string, offset: number): void {
    controller.onMessage({ type: 'output', job_id: 'j1', stream: 'stdout', data, offset });
  }

  function lose(): void {
    up = false;
    controller.onState({ status: 'reconnecting', retryAt: 0, attempt: 1 });
  }

  function back(): void {
    up = true;
    sent = [];
    controller.onState({ status: 'open' });
  }

  beforeEach(() => {
    useRun.setState({ ...INITIAL, connection: { status: 'open' } }, true);
    vi.clearAllMocks();
    sent = [];
    up = true;
    buffer = new OutputBuffer();
    controller = new RunController(useRun, buffer, {
      send: (message) => {
        if (up) {
          sent.push(message);
        }
        return up;
      },
      cancelByHttp,
      getJob,
      remember,
    });
  });

  it('goes from sending to queued, running and finished', () => {
    controller.run(REQUEST, LIMITS);
    expect(phase()).toBe('sending');
    accept();
    expect(phase()).toBe('queued');
    controller.onMessage({ type: 'status', job_id: 'j1', status: 'running' });
    expect(phase()).toBe('running');
    output('1\n', 0);
    controller.onMessage({ type: 'result', ...finishedJob() });
    expect(phase()).toBe('finished');
    expect(useRun.getState().result?.exit_code).toBe(0);
    expect(buffer.text()).toBe('1\n');
    expect(remember.mock.calls).toEqual([['j1'], [null]]);
  });

  it('does not start without a connection', () => {
    up = false;
    expect(controller.run(REQUEST, LIMITS)).toBe(false);
    expect(phase()).toBe('idle');
  });

  it('ignores other jobs and late messages of a replaced run', () => {
    start();
    controller.run(REQUEST, LIMITS);
    expect(types().slice(-3)).toEqual(['unsubscribe', 'cancel', 'execute']);
    output('old', 0);
    accept('j2');
    controller.onMessage({ type: 'result', ...finishedJob() });
    expect(phase()).toBe('queued');
    expect(buffer.empty).toBe(true);
  });

  it('cancels a run that was accepted after it had been replaced', () => {
    controller.run(REQUEST, LIMITS);
    controller.run(REQUEST, LIMITS);
    controller.onMessage({ type: 'accepted', ref: 'run-1', job_id: 'old', status: 'queued' });
    expect(sent.at(-1)).toEqual({ type: 'cancel', job_id: 'old' });
  });

  it('resumes from the first byte that is missing', () => {
    start();
    output('äö\n', 0);
    lose();
    expect(phase()).toBe('running');
    back();
    expect(sent).toEqual([{ type: 'subscribe', job_id: 'j1', offset: 5, attempt: 1 }]);
    output('more\n', 5);
    expect(buffer.text()).toBe('äö\nmore\n');
  });

  it('drops bytes that come twice, whole chunks and parts of chunks', () => {
    start();
    output('abc\n', 0);
    output('abc\n', 0);
    output('bc\ndef\n', 1);
    expect(buffer.text()).toBe('abc\ndef\n');
  });

  it('shows a gap', () => {
    start();
    output('a\n', 0);
    output('z\n', 12);
    const notes = buffer.blocks[0]?.groups.filter(({ mark }) => mark === 'note');
    expect(notes?.[0]?.spans[0]?.text).toBe('10 bytes of output are missing here\n');
  });

  it('counts the bytes of base64 output', () => {
    start();
    controller.onMessage({
      type: 'output',
      job_id: 'j1',
      stream: 'stdout',
      data: btoa('\u00e9\u00e9'),
      encoding: 'base64',
      offset: 0,
    });
    lose();
    back();
    expect(sent).toEqual([{ type: 'subscribe', job_id: 'j1', offset: 2, attempt: 1 }]);
  });

  it('forgets the output of a first attempt', () => {
    start();
    output('first\n', 0);
    controller.onMessage({ type: 'status', job_id: 'j1', status: 'queued', attempt: 2 });
    expect(phase()).toBe('queued');
    output('second\n', 0);
    expect(buffer.text()).toBe('second\n');
  });

  it('sees after a reconnect that the job started again meanwhile', () => {
    start();
    output('first\n', 0);
    lose();
    back();
    controller.onMessage({ type: 'status', job_id: 'j1', status: 'running', attempt: 2 });
    output('second\n', 0);
    expect(buffer.text()).toBe('second\n');
    expect(phase()).toBe('running');
    lose();
    back();
    expect(sent).toEqual([{ type: 'subscribe', job_id: 'j1', offset: 7, attempt: 2 }]);
  });

  it('does not run again by itself when the connection breaks too early', () => {
    controller.run(REQUEST, LIMITS);
    lose();
    expect(phase()).toBe('refused');
    expect(useRun.getState().problem?.code).toBe('connection_lost');
    back();
    expect(sent).toEqual([]);
  });

  it('stops: cancel at once, after accepted, or over HTTP when the socket is down', () => {
    controller.run(REQUEST, LIMITS);
    controller.stop();
    expect(types()).toEqual(['execute']);
    accept();
    expect(types()).toEqual(['execute', 'cancel']);

    lose();
    controller.stop();
    expect(cancelByHttp).toHaveBeenCalledWith('j1');
    back();
    expect(types()).toEqual(['subscribe', 'cancel']);
  });

  it('waits as long as the server says when it is full', () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    controller.run(REQUEST, LIMITS);
    controller.onMessage({
      type: 'error',
      ref: 'run-1',
      code: 'queue_full',
      detail: 'full',
      retry_after: 3,
    });
    expect(phase()).toBe('refused');
    expect(useRun.getState().retryAt).toBe(1_003_000);
  });

  it('waits a little when the server does not say how long', () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    controller.run(REQUEST, LIMITS);
    controller.onMessage({ type: 'error', ref: 'run-1', code: 'queue_full', detail: 'full' });
    expect(useRun.getState().retryAt).toBe(1_002_000);
  });

  it('tells that the server forgot a run that was going on', () => {
    start();
    controller.onMessage({ type: 'error', job_id: 'j1', code: 'not_found', detail: 'no such job' });
    expect(phase()).toBe('refused');
    expect(useRun.getState().problem?.code).toBe('lost');
  });

  it('takes up a job after a reload, and sets the clock to its start', async () => {
    const started = new Date(Date.now() - 5000).toISOString();
    getJob.mockResolvedValue(finishedJob({ started_at: started }));
    controller.resume('j1', LIMITS);
    expect(sent).toEqual([{ type: 'subscribe', job_id: 'j1', offset: 0 }]);
    controller.onMessage({ type: 'status', job_id: 'j1', status: 'running' });
    await vi.waitFor(() => expect(useRun.getState().clockFrom).toBe(Date.parse(started)));
  });

  it('forgets silently a job of before that the server no longer has', () => {
    controller.resume('j1', LIMITS);
    controller.onMessage({ type: 'error', job_id: 'j1', code: 'not_found', detail: 'no such job' });
    expect(phase()).toBe('idle');
    expect(remember).toHaveBeenLastCalledWith(null);
  });

  it('sends input with an echo, then the end, then no more', () => {
    start();
    expect(controller.stdin('Ada\n')).toBe(true);
    controller.eof();
    expect(controller.stdin('late\n')).toBe(false);
    controller.interrupt();
    expect(sent.slice(1)).toEqual([
      { type: 'stdin', job_id: 'j1', data: 'Ada\n' },
      { type: 'eof', job_id: 'j1' },
      { type: 'signal', job_id: 'j1', signal: 'SIGINT' },
    ]);
    expect(buffer.lineCount).toBe(1);
  });

  it('shows other errors of the job between its lines', () => {
    start();
    controller.onMessage({
      type: 'error',
      job_id: 'j1',
      code: 'too_large',
      detail: 'The input is too large.',
    });
    expect(phase()).toBe('running');
    expect(buffer.blocks[0]?.groups[0]?.spans[0]?.text).toContain('The input is too large.');
  });
});
