// Typed inputs of a manual or Request trigger: which fields its schema asks for, and the body they make.

export interface Field {
  name: string;
  title: string;
  about: string;
  kind: "text" | "number" | "integer" | "boolean" | "choice" | "date" | "file" | "json";
  choices: string[];
  isRequired: boolean;
}

interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** The trigger of a definition (clientdata or plain), and its schema. */
export function triggerOf(definition: unknown): { name: string; type: string; kind: string; schema: Schema | null } | null {
  const triggers = inner(definition)?.triggers as Record<string, Record<string, unknown>> | undefined;
  const first = Object.entries(triggers ?? {})[0];
  if (!first) return null;
  const [name, trigger] = first;
  const inputs = trigger.inputs as { schema?: Schema } | undefined;
  return { name, type: String(trigger.type ?? ""), kind: String(trigger.kind ?? ""), schema: inputs?.schema ?? null };
}

/** The part with `triggers` and `actions`, wherever the file keeps it. */
export function inner(value: unknown): Record<string, unknown> | null {
  let at = value;
  for (let depth = 0; depth < 4 && at && typeof at === "object"; depth += 1) {
    const record = at as Record<string, unknown>;
    if ("triggers" in record || "actions" in record) return record;
    at = record.definition ?? record.properties;
  }
  return null;
}

export function fieldsOf(schema: Schema | null): Field[] {
  return Object.entries(schema?.properties ?? {}).map(([name, about]) => {
    const type = Array.isArray(about.type) ? about.type.find((each) => each !== "null") : about.type;
    let kind: Field["kind"] = "json";
    if (about.enum) kind = "choice";
    else if (type === "string") kind = about.format === "date" ? "date" : "text";
    else if (about.properties?.contentBytes) kind = "file";
    else if (type === "number" || type === "integer" || type === "boolean") kind = type;
    return {
      name,
      title: about.title ?? name,
      about: about.description ?? "",
      kind,
      choices: (about.enum ?? []).map(String),
      isRequired: schema?.required?.includes(name) ?? false,
    };
  });
}

/** Turn what was typed into the trigger's body; empty optional fields are left out. Throws on JSON that is none. */
export function bodyOf(fields: Field[], typed: Record<string, string>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const text = typed[field.name] ?? "";
    if (field.kind === "boolean") body[field.name] = text === "true";
    else if (text === "") continue;
    else if (field.kind === "number" || field.kind === "integer") body[field.name] = Number(text);
    else if (field.kind === "json" || field.kind === "file") body[field.name] = JSON.parse(text);
    else body[field.name] = text;
  }
  return body;
}
