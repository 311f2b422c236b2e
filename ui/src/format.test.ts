import { expect, test } from "vitest";
import { ago, duration, percent, repetitionText, spent } from "./format";

test("durations read as people say them", () => {
  expect([0.0421, 4.25, 42.4, 125, 7_500, 200_000].map(duration)).toEqual(["42 ms", "4.3 s", "42 s", "2 m 05 s", "2 h 05 m", "2 d 7 h"]);
  expect(duration(null)).toBe("");
  expect(duration(0)).toBe("< 1 ms");
});

test("a share is never rounded up to all", () => {
  expect(percent(0.9999)).toBe("99.9%");
  expect([percent(1), percent(null)]).toEqual(["100%", "–"]);
});

test("times are told from now", () => {
  expect(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:02:05Z"))).toBe("2 min ago");
  expect(ago("2026-01-01T00:02:05Z", Date.parse("2026-01-01T00:00:00Z"))).toBe("in 2 min");
  expect(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-03T01:00:00Z"))).toBe("2 days ago");
  expect(spent("2026-01-01T00:00:00Z", "2026-01-01T00:00:01.5Z")).toBe(1.5);
});

test("repetitions count from one", () => {
  expect(repetitionText("000003-000001")).toBe("item 4, 2");
});
