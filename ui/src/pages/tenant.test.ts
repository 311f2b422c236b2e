import { expect, test } from "vitest";
import { cell, columnsOf, widthOf } from "./TenantPage";

test("a value stands in one line", () => {
  expect(cell("2026-11-21T12:04:17.5Z")).toBe("2026-11-21 12:04:17");
  expect(cell("<p>Dear <b>Ada</b>,</p>\n<p>welcome")).toBe("Dear Ada , welcome");
  expect(cell(["a@contoso.example", "b@contoso.example"])).toBe("a@contoso.example, b@contoso.example");
  expect([cell(null), cell(3), cell(false), cell({ Value: "Open" }), cell({ a: 1 })]).toEqual(["", "3", "false", "Open", '{"a":1}']);
});

test("columns that tell something come first, ids that only machines know last", () => {
  expect(columnsOf([{ id: "AAMkad80180e", from: "x", subject: "Hello", folder: "Inbox" }])).toEqual(["subject", "from", "id", "folder"]);
  expect(columnsOf([{ ID: 4, Modified: "now", Title: "Lamp", Price: 12, Empty: null }])).toEqual(["ID", "Title", "Price", "Empty", "Modified"]);
  expect(columnsOf([{ "@odata.etag": "x" }])).toEqual([]);
});

test("a column is as wide as its values, within bounds", () => {
  expect(widthOf("n", [{ n: 1 }])).toBe(70);
  expect(widthOf("n", [{ n: "x".repeat(20) }])).toBe(160);
  expect(widthOf("n", [{ n: "x".repeat(400) }])).toBe(260);
});
