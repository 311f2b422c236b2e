import { expect, test } from "vitest";
import { bodyOf, fieldsOf, triggerOf } from "./form";

const definition = {
  properties: {
    definition: {
      triggers: {
        manual: {
          type: "Request",
          kind: "Button",
          inputs: {
            schema: {
              type: "object",
              required: ["text", "count"],
              properties: {
                text: { type: "string", title: "Name", description: "Who" },
                count: { type: "integer" },
                sure: { type: ["boolean", "null"] },
                day: { type: "string", format: "date" },
                colour: { type: "string", enum: ["red", "blue"] },
                more: { type: "object" },
                file: { type: "object", properties: { name: { type: "string" }, contentBytes: { type: "string", format: "byte" } } },
              },
            },
          },
        },
      },
    },
  },
};

test("the trigger's schema makes typed fields", () => {
  const trigger = triggerOf(definition);
  expect(trigger).toMatchObject({ name: "manual", type: "Request", kind: "Button" });
  const fields = fieldsOf(trigger?.schema ?? null);
  expect(fields.map((field) => [field.name, field.kind, field.isRequired])).toEqual([
    ["text", "text", true],
    ["count", "integer", true],
    ["sure", "boolean", false],
    ["day", "date", false],
    ["colour", "choice", false],
    ["more", "json", false],
    ["file", "file", false],
  ]);
  expect(fields[0]).toMatchObject({ title: "Name", about: "Who" });
});

test("what was typed becomes a body of the right types, empty optional fields left out", () => {
  const fields = fieldsOf(triggerOf(definition)?.schema ?? null);
  expect(bodyOf(fields, { text: "Ada", count: "3", sure: "true", more: '{"a":1}' })).toEqual({ text: "Ada", count: 3, sure: true, more: { a: 1 } });
  expect(bodyOf(fields, { text: "Ada", count: "3" })).toEqual({ text: "Ada", count: 3, sure: false });
  expect(() => bodyOf(fields, { more: "{" })).toThrow(SyntaxError);
});

test("a definition without triggers has none", () => {
  expect(triggerOf({ actions: {} })).toBeNull();
  expect(triggerOf(null)).toBeNull();
  expect(fieldsOf(null)).toEqual([]);
});
