import { expect, test } from "vitest";
import { split } from "./events";

test("complete events are told from the unfinished rest", () => {
  const found = split('retry: 1000\n\nevent: run\ndata: {"kind":"run"}\n\n: still here\n\nevent: action\ndata: {"ki');
  expect(found.data).toEqual(['{"kind":"run"}']);
  expect(found.rest).toBe('event: action\ndata: {"ki');
});

test("nothing complete gives nothing", () => {
  expect(split("data: {")).toEqual({ data: [], rest: "data: {" });
});
