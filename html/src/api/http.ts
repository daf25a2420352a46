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

export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch {
    throw new ApiError(0, { code: 'unreachable', detail: 'The server cannot be reached.' }, null);
  }
  if (!response.ok) {
    throw new ApiError(response.status, await problemOf(response), retryAfterOf(response.headers));
  }
  return (await response.json()) as T;
}
