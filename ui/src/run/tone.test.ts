import { expect, test } from "vitest";
import { linkTone } from "./context";
import { type State, UNKNOWN } from "./live";

const state = (status: string): State => ({ ...UNKNOWN, status, byStatus: { [status]: 1 }, settled: 1 });

test("an arrow out of a failure that its target waited for is the error path", () => {
  expect(linkTone(state("Failed"), state("Succeeded"), ["Failed", "TimedOut"], true)).toBe("error");
});

test("the way not gone is dead", () => {
  expect(linkTone(state("Failed"), state("Skipped"), ["Succeeded"], true)).toBe("dead");
  expect(linkTone(state("Succeeded"), state("Skipped"), ["Failed"], true)).toBe("dead");
});

test("success leads on; what is not decided is open", () => {
  expect(linkTone(state("Succeeded"), state("Running"), ["Succeeded"], true)).toBe("taken");
  expect(linkTone(state("Running"), UNKNOWN, ["Succeeded"], true)).toBe("open");
});

test("without a run only what waits for failure alone stands out", () => {
  expect(linkTone(UNKNOWN, UNKNOWN, ["Succeeded", "Failed"], false)).toBe("plain");
  expect(linkTone(UNKNOWN, UNKNOWN, ["Failed"], false)).toBe("error");
});
