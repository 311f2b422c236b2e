import { expect, test } from "vitest";
import { baseOf, isWithin, type Line, lineOf, lines, within } from "./lines";

const value = { actions: { "a/b": { type: "Compose", inputs: "@triggerBody()" } }, list: [1, null, true, "x"], none: {}, empty: [] };
const text = (line: Line) => "  ".repeat(line.indent) + (line.key === null ? "" : `${JSON.stringify(line.key)}: `) + line.text;

test("the lines are the value's JSON", () => {
  const whole = lines(value).map(text).join("\n");
  expect(JSON.parse(whole)).toEqual(value);
  expect(whole.replace("{}", "{}").replace("[]", "[]")).toBe(JSON.stringify(value, null, 2));
});

test("a pointer finds its line, an unknown one the nearest around", () => {
  const made = lines(value);
  const at = lineOf(made, "/actions/a~1b");
  expect(made[at]?.key).toBe("a/b");
  expect(lineOf(made, "/actions/a~1b/runAfter")).toBe(at);
  expect(lineOf(made, "/nothing")).toBe(0);
});

test("a thing's lines are those from its opening to its closing bracket", () => {
  const made = lines(value);
  expect(made.filter((line) => isWithin(line, "/actions/a~1b")).map((line) => line.text)).toEqual(["{", '"Compose",', '"@triggerBody()"', "}"]);
});

test("expressions are told from texts", () => {
  expect(lines(["a@b.example", "@x()", "to @{x()}"]).map((line) => line.kind)).toEqual(["punctuation", "string", "expression", "expression", "punctuation"]);
});

test("pointers into an export become pointers into its definition", () => {
  const node = { name: "A", type: "Compose", kind: null, container: null, branch: null, level: 0, isContainer: false, pointer: "/properties/definition/actions/A" };
  const base = baseOf({ triggers: [], nodes: [node], edges: [] });
  expect(base).toBe("/properties/definition");
  expect(within(base, "/properties/definition/actions/A/inputs")).toBe("/actions/A/inputs");
  expect(within(base, undefined)).toBe("");
  expect(baseOf({ triggers: [], nodes: [{ ...node, pointer: "/actions/A" }], edges: [] })).toBe("");
});
