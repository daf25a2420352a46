import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/http';
import { SignInFlow } from '../src/auth/flow';
import type { FlowPorts } from '../src/auth/flow';
import { explain, NOTICES } from '../src/auth/texts';

const SESSION = { access_token: 't', expires_in: 300, user: { id: 'u', email: 'a@b', groups: [] } };
const GOOD = { email: ' ada@example.com ', password: ' correct horse ' };

function refusal(status: number, code: string, more: object = {}, wait: number | null = null) {
  return new ApiError(status, { code, detail: 'what the server says', ...more }, wait);
}

describe('SignInFlow', () => {
  const post = vi.fn<FlowPorts['post']>();
  const signedIn = vi.fn<FlowPorts['signedIn']>();
  const useToken = vi.fn<FlowPorts['useToken']>();
  let flow: SignInFlow;

  const state = () => flow.store.getState();

  beforeEach(() => {
    vi.clearAllMocks();
    post.mockReset().mockResolvedValue(SESSION);
    flow = new SignInFlow({ post, signedIn, useToken }, true);
  });

  it('signs in; the address is trimmed, the password is not', async () => {
    await flow.submit(GOOD);
    expect(post).toHaveBeenCalledWith('/auth/login', {
      email: 'ada@example.com',
      password: ' correct horse ',
    });
    expect(signedIn).toHaveBeenCalledWith(SESSION);
    expect(state()).toMatchObject({ busy: false, fields: {}, problem: null });
  });

  it('asks for what is missing without asking the server', async () => {
    await flow.submit({ email: 'ada', password: '' });
    expect(Object.keys(state().fields)).toEqual(['email', 'password']);
    expect(state().refusals).toBe(1);
    expect(post).not.toHaveBeenCalled();
  });

  it('sends one request at a time, and none before the server wants one', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_000);
    post.mockRejectedValueOnce(refusal(429, 'too_many_attempts', {}, 5));
    await Promise.all([flow.submit(GOOD), flow.submit(GOOD)]);
    expect(post).toHaveBeenCalledTimes(1);
    expect(state()).toMatchObject({ problem: 'Too many tries.', retryAt: 6_000 });
    await flow.submit(GOOD);
    expect(post).toHaveBeenCalledTimes(1);
    vi.spyOn(Date, 'now').mockReturnValue(6_000);
    await flow.submit(GOOD);
    expect(signedIn).toHaveBeenCalled();
  });

  it('counts each refusal, the same one twice as two', async () => {
    post.mockRejectedValue(refusal(401, 'invalid_credentials'));
    await flow.submit(GOOD);
    await flow.submit(GOOD);
    expect(state()).toMatchObject({
      refusals: 2,
      fields: { password: 'The email address or the password is not right.' },
    });
  });

  it('registers, confirms and signs in by itself', async () => {
    flow.go('register');
    post.mockResolvedValueOnce({ status: 'confirmation_required' });
    await flow.submit(GOOD);
    expect(state()).toMatchObject({ screen: 'confirm', notice: NOTICES.registered });
    post.mockResolvedValueOnce({ status: 'confirmed' });
    await flow.submit({ code: ' 123-456 ' });
    expect(post.mock.calls.slice(1)).toEqual([
      ['/auth/confirm', { email: 'ada@example.com', code: '123456' }],
      ['/auth/login', { email: 'ada@example.com', password: ' correct horse ' }],
    ]);
    expect(signedIn).toHaveBeenCalledWith(SESSION);
  });

  it('asks for the password where the confirmed account had another one', async () => {
    flow.go('register');
    await flow.submit(GOOD);
    post.mockResolvedValueOnce({ status: 'confirmed' });
    post.mockRejectedValueOnce(refusal(401, 'invalid_credentials'));
    await flow.submit({ code: '123456' });
    expect(state()).toMatchObject({ screen: 'sign-in', notice: NOTICES.confirmed, fields: {} });
  });

  it('goes on to confirm or reset where the account needs it', async () => {
    post.mockRejectedValueOnce(refusal(403, 'user_not_confirmed'));
    await flow.submit(GOOD);
    expect(state()).toMatchObject({ screen: 'confirm', notice: NOTICES.unconfirmed });
    flow.go('sign-in');
    post.mockRejectedValueOnce(refusal(403, 'password_reset_required'));
    await flow.submit(GOOD);
    expect(state()).toMatchObject({ screen: 'reset', notice: NOTICES.mustReset });
  });

  it('resets a password and signs in with it', async () => {
    flow.go('forgot');
    await flow.submit({ email: 'ada@example.com' });
    expect(state()).toMatchObject({ screen: 'reset', notice: NOTICES.forgot });
    post.mockRejectedValueOnce(refusal(422, 'weak_password', { field: 'new_password' }));
    await flow.submit({ code: '1', new_password: 'x' });
    expect(state().fields).toEqual({
      new_password: 'This password is too weak. What the server says.',
    });
    await flow.submit({ code: '1', new_password: 'better' });
    expect(post).toHaveBeenLastCalledWith('/auth/login', {
      email: 'ada@example.com',
      password: 'better',
    });
  });

  it('answers challenges one after the other, with the session of the last', async () => {
    post.mockResolvedValueOnce({ challenge: 'NEW_PASSWORD_REQUIRED', session: 's1' });
    await flow.submit(GOOD);
    expect(state().screen).toBe('new-password');
    post.mockResolvedValueOnce({ challenge: 'SMS_MFA', session: 's2', destination: '+***12' });
    await flow.submit({ new_password: 'better' });
    expect(state().screen).toBe('mfa');
    await flow.submit({ code: '123456' });
    expect(post).toHaveBeenLastCalledWith('/auth/challenge', {
      challenge: 'SMS_MFA',
      session: 's2',
      email: 'ada@example.com',
      code: '123456',
    });
    expect(signedIn).toHaveBeenCalledWith(SESSION);
  });

  it('stays at a wrong code, and begins anew when the challenge is over', async () => {
    post.mockResolvedValueOnce({ challenge: 'SOFTWARE_TOKEN_MFA', session: 's' });
    await flow.submit(GOOD);
    post.mockRejectedValueOnce(refusal(422, 'code_mismatch', { field: 'code' }));
    await flow.submit({ code: '1' });
    expect(state()).toMatchObject({ screen: 'mfa', fields: { code: expect.any(String) } });
    post.mockRejectedValueOnce(refusal(401, 'invalid_session'));
    await flow.submit({ code: '1' });
    expect(state()).toMatchObject({
      screen: 'sign-in',
      problem: 'That took too long. Sign in again.',
    });
  });

  it('sends another code, but not every second', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_000);
    post.mockRejectedValueOnce(refusal(403, 'user_not_confirmed'));
    await flow.submit(GOOD);
    await flow.resend();
    await flow.resend();
    expect(post.mock.calls.slice(1)).toEqual([['/auth/resend', { email: 'ada@example.com' }]]);
    expect(state()).toMatchObject({ notice: NOTICES.resent, resendAt: 31_000 });
  });

  it('takes a token where somebody else signs people in', async () => {
    flow = new SignInFlow({ post, signedIn, useToken }, false);
    useToken.mockRejectedValueOnce(refusal(401, 'unauthorized'));
    await flow.submit({ token: 'bad' });
    expect(Object.keys(state().fields)).toEqual(['token']);
    await flow.submit({ token: 'Bearer good\n' });
    expect(useToken).toHaveBeenLastCalledWith('good');
  });

  it('survives an answer that is no answer', async () => {
    post.mockRejectedValue(new SyntaxError('Unexpected token <'));
    await flow.submit(GOOD);
    expect(state()).toMatchObject({ busy: false, problem: expect.stringMatching(/try again/) });
  });
});

describe('explain', () => {
  it('has plain words for each code, at the field that it is about', () => {
    const table = [
      ['invalid_credentials', 401, 'password'],
      ['code_mismatch', 422, 'code'],
      ['code_expired', 410, 'code'],
      ['weak_password', 422, 'new_password'],
      ['too_many_attempts', 429, null],
      ['auth_unavailable', 503, null],
      ['auth_misconfigured', 500, null],
      ['unreachable', 0, null],
      ['http_error', 502, null],
    ] as const;
    for (const [code, status, field] of table) {
      const told = explain(refusal(status, code), 'new_password');
      expect([code, told.field]).toEqual([code, field]);
      expect(told.text).toMatch(/\.$/);
      expect(told.text).not.toMatch(/_/);
    }
  });

  it('says of a weak password what it lacks, in few words', () => {
    const detail = 'Password did not conform with policy: Password not long enough';
    expect(explain(refusal(422, 'weak_password', { detail }), 'password').text).toBe(
      'This password is too weak. Password not long enough.',
    );
  });

  it('shows what the server says of other codes, at its field if there is one', () => {
    expect(explain(refusal(422, 'invalid_field', { field: 'email' }), 'password')).toEqual({
      field: 'email',
      text: 'What the server says.',
      wait: 0,
    });
    expect(explain(refusal(403, 'forbidden_origin', { field: 'origin' }), 'password').field).toBe(
      null,
    );
  });
});
