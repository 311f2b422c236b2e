import { forget, token } from "./session";

// The server's own API, as src/runafter/server/shapes.py declares it. Times are ISO 8601 in UTC.

export interface StripRun {
  id: string;
  status: string;
  startedAt: string;
  durationS: number | null;
}

export interface FlowSummary {
  name: string;
  title: string;
  state: string;
  version: string;
  owner: string | null;
  purpose: string | null;
  criticality: string | null;
  trigger: string | null;
  triggerType: string | null;
  runs: StripRun[];
  running: number;
  waiting: number;
  successRate: number | null;
  p50S: number | null;
  p95S: number | null;
  nextAt: string | null;
  errors: number;
}

export interface GraphNode {
  name: string;
  type: string;
  kind: string | null;
  container: string | null;
  branch: string | null;
  level: number;
  isContainer: boolean;
  pointer: string;
}

export interface GraphEdge {
  source: string;
  target: string;
  statuses: string[];
}

export interface Graph {
  triggers: GraphNode[];
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface Finding {
  code: string;
  severity: string;
  message: string;
  pointer?: string;
  line?: number;
  hint?: string | null;
}

export interface TriggerTold {
  name: string;
  type: string;
  nextAt: string | null;
  histories: { id: string; status: string; code: string | null; run: string | null; at: string; error: unknown }[];
}

export interface FlowDetail {
  flow: FlowSummary;
  definition: unknown;
  graph: Graph;
  findings: Finding[];
  versions: Record<string, unknown>[];
  sidecar: Record<string, unknown>;
  triggers: TriggerTold[];
  file: string;
}

export interface RunSummary {
  id: string;
  flow: string;
  status: string;
  startedAt: string;
  endedAt: string | null;
  durationS: number | null;
  code: string | null;
  message: string | null;
  clientTrackingId: string;
  parent: string | null;
}

/** An action that has begun and not ended. */
export interface LiveAction {
  action: string;
  repetition: string;
  status: string;
  startedAt: string;
  of: number | null;
}

export interface ActionSummary {
  name: string;
  type: string;
  status: string;
  code: string | null;
  startedAt: string | null;
  endedAt: string | null;
  busyS: number;
  repetitions: number;
  failed: number;
  byStatus: Record<string, number>;
  retries: number;
  iterations: number | null;
  loops: string[];
  because: { action: string; status: string; code: string | null } | null;
  firstFailed: string | null;
}

export interface RunDetail {
  run: RunSummary;
  version: string | null;
  trigger: Record<string, unknown> & { secured?: string[] };
  error: unknown;
  outputs: unknown;
  graph: Graph;
  actions: ActionSummary[];
}

export interface Attempt {
  startedAt: string;
  endedAt: string;
  code: string | null;
  statusCode: number | null;
  error: unknown;
  waitS: number | null;
}

export interface Reason {
  action: string;
  repetition?: string | number[];
  status: string;
  code: string | null;
  decidedBy?: string | null;
  error?: { code?: string; message?: string } | null;
  failure?: Failure | null;
}

export interface ActionDetail {
  name: string;
  type: string;
  status: string;
  repetition: string;
  code: string | null;
  startedAt: string | null;
  endedAt: string | null;
  inputs: unknown;
  outputs: unknown;
  hasInputs: boolean;
  hasOutputs: boolean;
  secured: string[];
  error: { code?: string; message?: string } | null;
  failure: Failure | null;
  attempts: Attempt[];
  trackingId: string;
  trackedProperties: unknown;
  why: Reason[];
}

export interface Failure {
  message?: string;
  expression?: string;
  at?: [number, number];
  values?: { expression?: string; value?: unknown; error?: string }[];
  item?: unknown;
  loops?: { loop?: string; index?: number; item?: unknown }[];
}

export interface Approval {
  id: string;
  kind: string;
  status: string;
  flow: string;
  run: string;
  action: string;
  createdAt: string;
  closedAt: string | null;
  title: string;
  details: string;
  assignedTo: string;
  options: string[];
  answer: string | null;
  comments: string | null;
  by: string | null;
}

export interface Tenant {
  calls: Record<string, number>;
  throttled: Record<string, number>;
  faults: Record<string, number>;
  rows: Record<string, Record<string, number>>;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  try {
    const headers = new Headers(init?.headers);
    const known = token();
    if (known) headers.set("Authorization", `Bearer ${known}`);
    answer = await fetch(path, { ...init, headers, credentials: "omit" });
  } catch {
    throw new ApiError(0, "Unreachable", "The server does not answer.", "Is `runafter serve` still running?");
  }
  if (answer.status === 401) {
    forget();
    window.dispatchEvent(new Event("runafter:locked"));
  }
  const text = await answer.text();
  let value;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(answer.status, "NoJson", "The server's answer is no JSON.", "Is this address Runafter's?");
  }
  if (!answer.ok) {
    const error = value?.error ?? {};
    throw new ApiError(answer.status, error.code ?? String(answer.status), error.message ?? answer.statusText, error.hint ?? null);
  }
  return value as T;
}

const post = <T>(path: string, body: unknown = {}) =>
  call<T>(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const part = encodeURIComponent;

export const api = {
  session: () => post<{ done: boolean }>("/api/session"),
  flows: () => call<{ flows: FlowSummary[] }>("/api/flows"),
  flow: (name: string) => call<FlowDetail>(`/api/flows/${part(name)}`),
  switchFlow: (name: string, on: boolean) => post<FlowSummary>(`/api/flows/${part(name)}/${on ? "enable" : "disable"}`),
  runFlow: (name: string, body: unknown) =>
    post<{ fired: { status: string; run: string | null; error: unknown }[] }>(`/api/flows/${part(name)}/run`, { body }),
  samples: (name: string) => call<{ samples: { name: string; value: unknown }[] }>(`/api/flows/${part(name)}/samples`),
  runs: (query: Record<string, string>) =>
    call<{ runs: RunSummary[]; cursor: string | null }>(`/api/runs?${new URLSearchParams(query)}`),
  live: (id: string) => call<{ live: LiveAction[] }>(`/api/runs/${part(id)}/live`),
  run: (id: string) => call<RunDetail>(`/api/runs/${part(id)}`),
  cancel: (id: string) => post<{ done: boolean }>(`/api/runs/${part(id)}/cancel`),
  resubmit: (id: string, actions: string[] = []) => post<{ run: string | null }>(`/api/runs/${part(id)}/resubmit`, { actions }),
  action: (run: string, action: string, repetition: string) =>
    call<ActionDetail>(`/api/runs/${part(run)}/actions/${part(action)}?${new URLSearchParams({ repetition })}`),
  repetitions: (run: string, action: string, query: Record<string, string>) =>
    call<{ repetitions: ActionDetail[]; cursor: string | null }>(
      `/api/runs/${part(run)}/actions/${part(action)}/repetitions?${new URLSearchParams(query)}`,
    ),
  iteration: (run: string, iteration: string) => call<{ actions: (ActionSummary & { repetition: string })[] }>(`/api/runs/${part(run)}/iterations/${iteration}`),
  findings: (name: string) => call<{ findings: Finding[] }>(`/api/flows/${part(name)}/findings`),
  approvals: (status: string) => call<{ approvals: Approval[] }>(`/api/approvals${status ? `?status=${status}` : ""}`),
  answer: (id: string, answer: string, comments: string) =>
    post<Approval>(`/api/approvals/${id.split("/").map(part).join("/")}`, { answer, comments }),
  tenant: () => call<Tenant>("/api/tenant"),
  tenantRows: (service: string, table: string) =>
    call<{ rows: Record<string, unknown>[] }>(`/api/tenant/${part(service)}?${new URLSearchParams({ table })}`),
};
