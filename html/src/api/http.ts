import type { Problem } from './types';

/** A request that the server refused, or that never reached it (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem, retryAfter: number | null) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** Who says for whom requests are made. */
export interface Authorizer {
  /** The access token, null without one. */
  token(): string | null;
  /** After a 401 to `token`: whether another try makes sense. */
  renew(token: string | null): Promise<boolean>;
}

let authorizer: Authorizer = {
  token: () => null,
  renew: () => Promise.resolve(false),
};

export function authorizeBy(next: Authorizer): void {
  authorizer = next;
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (isProblem(body)) {
    return body;
  }
  return {
    code: 'http_error',
    detail: `The server answered ${response.status} ${response.statusText}`.trim(),
    status: response.status,
  };
}

/** Seconds of a Retry-After header, null without a usable one. */
export function retryAfterOf(headers: Headers): number | null {
  const text = headers.get('Retry-After');
  if (text === null || !/^\d+$/.test(text.trim())) {
    return null;
  }
  return Number(text);
}

/** One request as it is, with `token` if there is one. */
export async function send(
  path: string,
  init: RequestInit,
  token: string | null,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== null) {
    headers.set('Authorization', `Bearer ${token}`);
  }
  try {
    return await fetch(path, { credentials: 'same-origin', ...init, headers });
  } catch {
    throw new ApiError(0, { code: 'unreachable', detail: 'The server cannot be reached.' }, null);
  }
}

/** The JSON of an answer, undefined for one without a body. */
export async function read<T>(response: Response): Promise<T> {
  if (!response.ok) {
    throw new ApiError(response.status, await problemOf(response), retryAfterOf(response.headers));
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** A request for the user; a token that is too old is renewed once. */
export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const token = authorizer.token();
  let response = await send(path, init, token);
  if (response.status === 401 && (await authorizer.renew(token))) {
    response = await send(path, init, authorizer.token());
  }
  return read<T>(response);
}
