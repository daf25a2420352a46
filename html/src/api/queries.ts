import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError, request } from './http';
import type { Health, Job, Language, LanguagesResponse } from './types';

const HEALTHY_POLL_MS = 15_000;
const UNHEALTHY_POLL_MS = 1_000;

/** Shown until GET /languages answers, and in its place when it cannot. */
export const FALLBACK_LANGUAGE: Language = {
  id: 'python',
  name: 'Python',
  version: '3',
  aliases: ['py'],
  template: 'print("Hello, world!")\n',
  extension: 'py',
  monaco: 'python',
  limits: {
    timeout_ms: { default: 10_000, max: 30_000 },
    cpu_ms: { default: 10_000, max: 30_000 },
    memory_mb: { default: 256, max: 256 },
    output_kb: { default: 1024, max: 1024 },
    processes: { default: 64, max: 64 },
  },
};

/** Nobody is signed in: asking again helps only after somebody is. */
export function isUnauthorized(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 401;
}

export function useLanguages(): UseQueryResult<Language[]> {
  return useQuery({
    queryKey: ['languages'],
    queryFn: async ({ signal }) =>
      (await request<LanguagesResponse>('/languages', { signal })).languages,
    staleTime: Infinity,
    retry: (failures, error) => failures < 2 && !isUnauthorized(error),
    retryDelay: 500,
    refetchInterval: (query) =>
      query.state.status === 'error' && !isUnauthorized(query.state.error) ? 5_000 : false,
  });
}

export function useHealth(): UseQueryResult<Health> {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => request<Health>('/health', { signal, cache: 'no-store' }),
    retry: false,
    refetchOnWindowFocus: true,
    refetchInterval: (query) =>
      query.state.status === 'error' || query.state.data?.pool === 'down'
        ? UNHEALTHY_POLL_MS
        : HEALTHY_POLL_MS,
  });
}

export function getJob(jobId: string): Promise<Job> {
  return request<Job>(`/jobs/${encodeURIComponent(jobId)}`);
}

export async function deleteJob(jobId: string): Promise<void> {
  await request(`/jobs/${encodeURIComponent(jobId)}`, { method: 'DELETE' });
}
