import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { api } from "../api";
import { titled } from "../format";
import { Dialog } from "../parts/Dialog";
import { Icon } from "../parts/Icon";
import { Loading, Refused } from "../parts/states";
import { bodyOf, type Field, fieldsOf, triggerOf } from "./form";

/** Start a run: typed fields where the trigger declares them, else the body as JSON, with samples and the last run's body to begin from. */
export function RunDialog({ flow, close }: { flow: string; close: () => void }) {
  const [, go] = useLocation();
  const detail = useQuery({ queryKey: ["flow", flow], queryFn: () => api.flow(flow) });
  const samples = useQuery({ queryKey: ["samples", flow], queryFn: () => api.samples(flow) });
  const [text, setText] = useState("");
  const [asJson, setAsJson] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const trigger = triggerOf(detail.data?.definition);
  const fields = fieldsOf(trigger?.schema ?? null);
  const typed = fields.length > 0 && !asJson;
  const given = samples.data?.samples ?? [];
  useEffect(() => {
    if (given[0] && text === "") setText(JSON.stringify(given[0].value, null, 2));
  }, [given, text]);

  const start = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setRefused(null);
    try {
      const form = new FormData(event.currentTarget);
      const body = typed
        ? bodyOf(fields, await typedIn(fields, form))
        : text.trim()
          ? JSON.parse(text)
          : null;
      const { fired } = await api.runFlow(flow, body);
      const first = fired.find((each) => each.run) ?? fired[0];
      if (!first?.run) throw new Error(`The trigger did not start a run: ${first?.status ?? "nothing happened"}.`);
      close();
      go(fired.filter((each) => each.run).length > 1 ? `/runs?flow=${encodeURIComponent(flow)}` : `/runs/${first.run}`);
    } catch (fault) {
      setRefused(fault instanceof SyntaxError ? new Error(`The body is no JSON: ${fault.message}`) : fault);
      setBusy(false);
    }
  };

  return (
    <Dialog title={`Run ${titled(detail.data?.flow.title ?? flow)}`} close={close}>
      {detail.isPending || samples.isPending ? (
        <Loading />
      ) : (
        <form onSubmit={start}>
          <p className="dim">
            Trigger <code>{trigger?.name}</code>, {trigger?.type}
            {trigger?.kind ? ` (${trigger.kind})` : ""}. The run starts at once, on the emulated tenant where one is set up.
          </p>
          {typed ? (
            fields.map((field) => <Input key={field.name} field={field} />)
          ) : (
            <div className="field">
              <label htmlFor="run-body">Trigger body (JSON)</label>
              {given.length > 0 && (
                <select aria-label="Begin from a sample" onChange={(event) => setText(JSON.stringify(given[Number(event.target.value)]?.value ?? null, null, 2))}>
                  {given.map((sample, index) => (
                    <option key={sample.name} value={index}>
                      {sample.name}
                    </option>
                  ))}
                </select>
              )}
              <textarea id="run-body" className="code" rows={14} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} placeholder="Empty: a trigger without a body" />
            </div>
          )}
          <Refused error={refused} />
          <div className="row">
            <button type="submit" className="button main" disabled={busy} autoFocus={!typed}>
              <Icon name="start" /> Start the run
            </button>
            {fields.length > 0 && (
              <button type="button" className="quiet" onClick={() => setAsJson(!asJson)}>
                {asJson ? "Typed fields" : "As JSON"}
              </button>
            )}
          </div>
        </form>
      )}
    </Dialog>
  );
}

function Input({ field }: { field: Field }) {
  const id = `run-${field.name}`;
  const common = { id, name: field.name, required: field.isRequired };
  if (field.kind === "boolean")
    return (
      <div className="field">
        <label className="check">
          <input type="checkbox" name={field.name} value="true" /> {field.title}
        </label>
        {field.about && <small>{field.about}</small>}
      </div>
    );
  return (
    <div className="field">
      <label htmlFor={id}>
        {field.title} {!field.isRequired && <span className="dim">(optional)</span>}
      </label>
      {field.kind === "choice" ? (
        <select {...common}>
          {!field.isRequired && <option value="" />}
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : field.kind === "file" ? (
        <input {...common} type="file" />
      ) : field.kind === "json" ? (
        <textarea {...common} className="code" rows={4} spellCheck={false} placeholder="JSON" />
      ) : (
        <input {...common} type={field.kind === "integer" ? "number" : field.kind} step={field.kind === "integer" ? 1 : field.kind === "number" ? "any" : undefined} />
      )}
      {field.about && <small>{field.about}</small>}
    </div>
  );
}

/** What stands in the form, as text; a file as the JSON that the platform makes of it. */
async function typedIn(fields: Field[], form: FormData): Promise<Record<string, string>> {
  const typed: Record<string, string> = {};
  for (const { name } of fields) {
    const given = form.get(name);
    if (!(given instanceof File)) typed[name] = given ?? "";
    else if (given.name) typed[name] = JSON.stringify({ name: given.name, contentBytes: base64(new Uint8Array(await given.arrayBuffer())) });
  }
  return typed;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
