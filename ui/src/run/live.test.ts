import { expect, test } from "vitest";
import type { ActionSummary } from "../api";
import { apply, RunStore, UNKNOWN, worst } from "./live";

const line = (name: string, status: string, more: Partial<ActionSummary> = {}): ActionSummary => ({
  name, type: "Compose", status, code: null, startedAt: "2026-01-01T00:00:00Z", endedAt: "2026-01-01T00:00:01Z", busyS: 1, repetitions: 1,
  failed: 0, byStatus: { [status]: 1 }, retries: 0, iterations: null, loops: [], because: null, firstFailed: null, ...more,
});
const ended = (repetition: string, status: string) => ({ action: "A", repetition, status, startedAt: "s", endedAt: "e", code: null });

test("an action runs until it ends", () => {
  const running = apply(UNKNOWN, { action: "A", repetition: "", status: "Running", startedAt: "s" });
  expect(running.status).toBe("Running");
  expect(apply(running, ended("", "Succeeded")).status).toBe("Succeeded");
});

test("a loop's action is as bad as its worst repetition once none is under way", () => {
  let state = apply(UNKNOWN, { action: "A", repetition: "000000", status: "Running", startedAt: "s" });
  state = apply(state, { action: "A", repetition: "000001", status: "Waiting", startedAt: "s" });
  expect(state.status).toBe("Running");
  state = apply(state, ended("000000", "Failed"));
  expect(state.status).toBe("Waiting");
  state = apply(state, ended("000001", "Succeeded"));
  expect(state).toMatchObject({ status: "Failed", failed: 1, settled: 2, firstFailed: "000000" });
});

test("skipped counts for less than succeeded, failed for most", () => {
  expect(worst({ Skipped: 3, Succeeded: 1 })).toBe("Succeeded");
  expect(worst({ Skipped: 3, Cancelled: 1, TimedOut: 1 })).toBe("TimedOut");
  expect(worst({})).toBe("");
});

test("only those who listen to an action hear of it", () => {
  const store = new RunStore();
  const heard: string[] = [];
  store.listen("A", () => heard.push("A"));
  store.listen("B", () => heard.push("B"));
  store.load([line("A", "Succeeded")], []);
  store.hear({ kind: "action", flow: "f", run: "r", data: { action: "B", repetition: "", status: "Running", startedAt: "s" } });
  expect(heard).toEqual(["A", "B"]);
  expect(store.get("B").status).toBe("Running");
  expect(store.get("missing")).toBe(UNKNOWN);
});

test("history and what is under way make one state", () => {
  const store = new RunStore();
  store.load([line("A", "Succeeded")], [{ action: "A", repetition: "000001", status: "Running", startedAt: "s", of: 4 }]);
  expect(store.get("A")).toMatchObject({ status: "Running", settled: 1, of: 4 });
});
