/** The HTTP and WebSocket contract of the server, as the page uses it. */

export type JobStatus =
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'timed_out'
  | 'memory_exceeded'
  | 'output_exceeded'
  | 'cancelled'
  | 'error';

export type Stream = 'stdout' | 'stderr';
export type LimitName = 'wall' | 'cpu' | 'memory' | 'output' | 'processes';

/** RFC 9457 problem details; `code` is stable, `detail` is for people. */
export interface Problem {
  code: string;
  detail: string;
  title?: string;
  status?: number;
  field?: string;
  /** Of GET /auth/me: whether this server signs people in itself. */
  login?: boolean;
}

export interface Range {
  default: number;
  max: number;
}

/** Limits of one run, in the units of the names; what is left out is the default. */
export type RunLimits = Partial<Record<keyof LanguageLimits, number>>;

export interface LanguageLimits {
  timeout_ms: Range;
  cpu_ms: Range;
  memory_mb: Range;
  output_kb: Range;
  processes: Range;
}

export interface Language {
  id: string;
  name: string;
  version: string;
  aliases: string[];
  template: string;
  extension: string;
  /** Language id in Monaco. */
  monaco: string;
  limits: LanguageLimits;
}

export interface LanguagesResponse {
  languages: Language[];
}

export interface Health {
  status: string;
  version: string;
  uptime_ms: number;
  pool: 'up' | 'down';
}

export interface ExecuteRequest {
  code: string;
  language: string;
  stdin?: string;
  args?: readonly string[];
  limits?: RunLimits;
  /** true: stdin stays open after `stdin` until an `eof` message. */
  interactive?: boolean;
}

/** How a finished job ended; durations in ms, memory in KiB. */
export interface Job {
  job_id: string;
  status: JobStatus;
  language: string;
  runtime_version: string | null;
  stdout: string;
  stderr: string;
  exit_code: number | null;
  signal: string | null;
  limit: LimitName | null;
  execution_time_ms: number | null;
  cpu_time_ms: number | null;
  memory_peak_kb: number | null;
  queue_time_ms: number | null;
  truncated: boolean;
  attempt: number;
  error: string | null;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
}

export interface HelloMessage {
  type: 'hello';
  protocol: string;
  version: string;
  /** null: nobody yet, an `auth` message has to say who. */
  user: string | null;
  max_message_bytes: number;
}

export interface AcceptedMessage {
  type: 'accepted';
  ref: string;
  job_id: string;
  status: JobStatus;
}

export interface StatusMessage {
  type: 'status';
  job_id: string;
  status: JobStatus;
  /** Given from the second on: the job runs again, its output begins at 0. */
  attempt?: number;
}

export interface OutputMessage {
  type: 'output';
  job_id: string;
  stream: Stream;
  data: string;
  /** Position of the first byte of `data` in stdout and stderr together. */
  offset: number;
  encoding?: 'base64';
}

export interface ResultMessage extends Job {
  type: 'result';
}

export interface ErrorMessage extends Problem {
  type: 'error';
  ref?: string;
  job_id?: string;
  /** Seconds until another try makes sense. */
  retry_after?: number;
}

export interface PongMessage {
  type: 'pong';
}

export type ServerMessage =
  | HelloMessage
  | AcceptedMessage
  | StatusMessage
  | OutputMessage
  | ResultMessage
  | ErrorMessage
  | PongMessage;

export type ClientMessage =
  | ({ type: 'execute'; ref: string } & ExecuteRequest)
  | { type: 'subscribe'; job_id: string; offset?: number; attempt?: number }
  | { type: 'unsubscribe'; job_id: string }
  | { type: 'stdin'; job_id: string; data: string }
  | { type: 'eof'; job_id: string }
  | { type: 'signal'; job_id: string; signal: 'SIGINT' }
  | { type: 'cancel'; job_id: string }
  | { type: 'auth'; ref: string; token: string }
  | { type: 'ping' };
